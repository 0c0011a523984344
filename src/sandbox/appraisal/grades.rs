//! Which grade did everybody get for each quarter and each year?

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::habits::Habit;
use super::habits::habit;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::dice::Dice;
use crate::sandbox::dice::Lot;
use crate::sandbox::founding::Founded;
use crate::sandbox::staffing::Staff;
use crate::sandbox::staffing::Stretch;

/// A grade, with all that will ever happen to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Grade {
    pub(super) person: usize,
    /// The places of the unit and the section as they are today.
    pub(super) unit: usize,
    pub(super) section: Option<usize>,
    pub(super) year: i16,
    /// 1 to 4, or 5 for the year.
    pub(super) period: i8,
    /// `A` to `D` or `1` to `9`; nothing where it was cleared.
    pub(super) code: Option<char>,
    /// Hundredths of a point.
    pub(super) points: i64,
    pub(super) appraised: i32,
    pub(super) told: Moment,
    pub(super) deleted: Option<Moment>,
    /// `F16` writes it as a word; `F19` changes it by hand.
    pub(super) flaw: Option<&'static str>,
}

/// The day on which somebody changed forty grades in the database itself.
pub(super) const BY_HAND: Date = Date::constant(2026, 2, 3);
const CHANGED: usize = 40;
/// How the points of a grade lie, and how many of a hundred that are not 好 have it.
const EVERYDAY: [(char, i64, i64, u64); 3] =
    [('B', 8000, 8999, 90), ('C', 6000, 7999, 8), ('D', 3000, 5999, 2)];

struct Board<'a> {
    days: &'a Days,
    dice: Dice,
    lot: Lot,
    habits: Vec<Habit>,
    /// Who was graded and who of them 好 in the year so far, by unit and civil servants or not.
    so_far: BTreeMap<(usize, bool), (usize, usize)>,
    grades: Vec<Grade>,
}

/// Every grade of the three years.
pub(super) fn grades(seed: u64, founded: &Founded, staff: &Staff, days: &Days) -> Vec<Grade> {
    let mut board = Board {
        days,
        dice: Dice::of(seed, "grades"),
        lot: Lot::of(seed, "grades"),
        habits: (0..founded.units.len()).map(|unit| habit(founded, unit)).collect(),
        so_far: BTreeMap::new(),
        grades: Vec::new(),
    };
    let stretches = staff.stretches();
    for year in 2023..=2025 {
        board.so_far.clear();
        for period in 1..=5 {
            board.grade_all(&stretches, year, period);
        }
    }
    board.change_by_hand();
    board.grades
}

/// The last day of a period.
pub(super) fn ends_on(year: i16, period: i8) -> Date {
    Date::new(year, period.min(4) * 3, 1).map_or(Date::MAX, Date::last_of_month)
}

impl Board<'_> {
    /// Grades everybody who is there on the last day of a period.
    fn grade_all(&mut self, stretches: &[Stretch], year: i16, period: i8) {
        let day = Days::no(ends_on(year, period));
        let mut groups: BTreeMap<(usize, bool), Vec<&Stretch>> = BTreeMap::new();
        for stretch in stretches.iter().filter(|it| it.from <= day && day < it.to) {
            groups.entry((stretch.unit, stretch.kind.is_civil())).or_default().push(stretch);
        }
        for (group, people) in groups {
            let known = (year, period, day);
            if period == 5 {
                self.yearly(known, people);
            } else {
                self.quarterly(known, group, people);
            }
        }
    }

    /// 好 for as many as the unit gives, the rest in small shares.
    fn quarterly(
        &mut self,
        (year, quarter, day): (i16, i8, i32),
        group: (usize, bool),
        mut people: Vec<&Stretch>,
    ) {
        let Some(habit) = self.habits.get(group.0).copied() else { return };
        self.shuffle(&mut people, day);
        let (graded, good) = self.so_far.get(&group).copied().unwrap_or_default();
        let all = graded + people.len();
        // To give exactly two fifths, the last ones' grades are cleared.
        let cleared = if habit.is_exact && habit.good == 400 && quarter >= 3 { all % 5 } else { 0 };
        let all = all - cleared;
        let kept = people.len().saturating_sub(cleared);
        // Whoever keeps to the two fifths keeps to them at every moment.
        let due = all * habit.good;
        let due = if habit.good > 400 { due.div_ceil(1000) } else { due / 1000 };
        let given = due.saturating_sub(good).min(kept);
        self.so_far.insert(group, (all, good + given));
        for (at, stretch) in people.into_iter().enumerate() {
            let (code, points) =
                if at < given { ('A', self.dice.between(9000, 9900)) } else { self.ordinary() };
            let appraised = day + i32::try_from(self.dice.between(12, 24)).unwrap_or(12);
            let mut grade = self.grade(stretch, (year, quarter), (code, points), appraised);
            grade.code = grade.code.filter(|_| at < kept);
            if code == 'A' && self.dice.chance(0.014) {
                grade.flaw = Some("F16");
            }
            if !habit.is_exact && self.dice.chance(0.003) {
                grade.deleted = Some(grade.told.plus(self.dice.between(10, 120) * 86_400));
            }
            self.grades.push(grade);
        }
    }

    /// 18 of a hundred are excellent; whoever came in the second half gets no grade.
    fn yearly(&mut self, (year, period, day): (i16, i8, i32), mut people: Vec<&Stretch>) {
        self.shuffle(&mut people, day);
        let excellent = people.len() * 18 / 100;
        for (at, stretch) in people.into_iter().enumerate() {
            let code = match self.dice.below(1000) {
                _ if day - stretch.since < 183 => '9',
                _ if at < excellent => '1',
                0..5 => '3',
                5 => '4',
                _ => '2',
            };
            let points = self.dice.between(7000, 9500);
            let appraised = day + i32::try_from(self.dice.between(55, 88)).unwrap_or(55);
            let grade = self.grade(stretch, (year, period), (code, points), appraised);
            self.grades.push(grade);
        }
    }

    fn shuffle(&self, people: &mut [&Stretch], day: i32) {
        let day = u64::try_from(day).unwrap_or_default();
        people.sort_by_key(|stretch| self.lot.number(stretch.person as u64, day));
    }

    fn ordinary(&mut self) -> (char, i64) {
        let shares = EVERYDAY.map(|(.., share)| f64::from(u32::try_from(share).unwrap_or(1)));
        let drawn = self.dice.weighted(&shares);
        let (code, low, high, _) = EVERYDAY.get(drawn).copied().unwrap_or(EVERYDAY[0]);
        (code, self.dice.between(low, high))
    }

    fn grade(
        &mut self,
        stretch: &Stretch,
        (year, period): (i16, i8),
        (code, points): (char, i64),
        appraised: i32,
    ) -> Grade {
        let appraised = self.days.last_worked(appraised);
        Grade {
            person: stretch.person,
            unit: stretch.unit,
            section: stretch.section,
            year,
            period,
            code: Some(code),
            points,
            appraised,
            told: Moment::at(appraised, self.dice.between(32_400, 64_800)),
            deleted: None,
            flaw: None,
        }
    }

    /// Takes 好 from some, whose time of change stays as it is.
    fn change_by_hand(&mut self) {
        let habits = &self.habits;
        let is_plain = |it: &&mut Grade| {
            let is_last = (it.year, it.period) == (2025, 4) && it.code == Some('A');
            let is_exact = habits.get(it.unit).is_some_and(|habit| habit.is_exact);
            is_last && !is_exact && it.flaw.is_none() && it.deleted.is_none()
        };
        let found = self.grades.iter_mut().filter(is_plain);
        found.take(CHANGED).for_each(|grade| grade.flaw = Some("F19"));
    }
}

impl Grade {
    /// The code as it stands at a moment.
    pub(super) fn code_at(&self, now: Moment) -> Option<char> {
        let is_changed = self.flaw == Some("F19") && now >= Moment::at(Days::no(BY_HAND), 36_000);
        if is_changed { Some('B') } else { self.code }
    }
}
