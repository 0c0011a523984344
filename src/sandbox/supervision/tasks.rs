//! Which tasks are there, who carries them, and how do they end?

use jiff::civil::Date;

use crate::sandbox::days::Days;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;
use crate::sandbox::units::Category;

/// What one unit has to do for a task, with all that will ever happen to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Task {
    pub(super) year: i16,
    pub(super) serial: usize,
    /// 1 leads, the others help.
    pub(super) rank: usize,
    pub(super) unit: usize,
    /// A second unit in the same cell.
    pub(super) other: Option<usize>,
    pub(super) section: usize,
    /// The duty it belongs to, if it is the unit's own business.
    pub(super) duty: Option<usize>,
    pub(super) kind: Kind,
    pub(super) source: usize,
    pub(super) topic: usize,
    /// Tenths.
    pub(super) weight: i64,
    pub(super) assigned: i32,
    pub(super) due: i32,
    pub(super) done: Option<i32>,
    pub(super) is_stopped: bool,
    /// When it is scored, in tenths of a point, and again after an appeal.
    pub(super) scored: (i32, i64),
    pub(super) appealed: Option<(i32, i64)>,
    pub(super) flaw: Option<Flaw>,
}

/// 任务类别.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Target,
    Supervision,
    Key,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Its name has a comma and stands unquoted.
    Comma,
    /// Its name has a letter of four bytes.
    Rare,
    /// It was done before it was given.
    Early,
    /// It was done on no day.
    Undated,
}

/// The years that the lists of the city's nights tell of.
const YEARS: [i16; 2] = [2025, 2026];
/// How many rows a year has at scale 1; a small city has a list all the same.
const ROWS: f64 = 4_800.0;
const SMALLEST: f64 = 0.1;
/// The unit that is asked for next to nothing: a task for five people.
const IDLE: &str = "jxzx";
const COMMAS: f64 = 3.0;
const RARE: usize = 5;

/// How many tasks come of a number at a scale.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
fn scaled(number: f64, scale: f64) -> usize {
    (number * scale.max(SMALLEST)).round().max(1.0) as usize
}

struct Desk<'a> {
    founded: &'a Founded,
    days: &'a Days,
    dice: Dice,
    /// How likely each unit is to lead.
    shares: Vec<f64>,
}

/// Every task of both years in the order of its number.
pub(super) fn tasks((seed, scale): (u64, f64), founded: &Founded, days: &Days) -> Vec<Task> {
    let shares = founded.units.iter().map(|unit| {
        let of = match unit.category {
            Category::PartyDepartment | Category::GovernmentDepartment => 1.2,
            Category::Institution | Category::Park => 0.7,
            Category::Township | Category::Subdistrict => 0.9,
        };
        if unit.key == IDLE { 0.0 } else { of * f64::from(unit.people) }
    });
    let dice = Dice::of(seed, "tasks");
    let mut desk = Desk { founded, days, dice, shares: shares.collect() };
    let idle = founded.place(IDLE);
    let people = founded.unit_at(idle).map_or(0, |unit| unit.people);
    let mut all = Vec::new();
    for year in YEARS {
        let mut groups: Vec<Vec<Task>> = (0..scaled(f64::from(people) * 0.2, scale))
            .map(|_| vec![Task { weight: 10, ..desk.task(year, idle) }])
            .collect();
        let mut rows = groups.len();
        while rows < scaled(ROWS, scale) {
            let group = desk.group(year);
            rows += group.len();
            groups.push(group);
        }
        groups.sort_by_key(|group| group.first().map(|task| task.assigned));
        for (group, serial) in groups.into_iter().zip(1..) {
            let numbered = group.into_iter().zip(1..);
            all.extend(numbered.map(|(task, rank)| Task { serial, rank, ..task }));
        }
    }
    desk.spoil(&mut all, scaled(COMMAS, scale));
    all
}

impl Desk<'_> {
    /// A task with those that help.
    fn group(&mut self, year: i16) -> Vec<Task> {
        let unit = self.dice.weighted(&self.shares);
        let lead = self.task(year, unit);
        let helpers = self.dice.weighted(&[66.0, 20.0, 10.0, 4.0]);
        let mut group = vec![lead];
        for _ in 0..helpers {
            let unit = self.dice.weighted(&self.shares);
            if group.iter().all(|task| task.unit != unit) {
                let (section, _) = self.section(unit);
                group.push(Task { unit, section, duty: None, ..lead });
            }
        }
        if self.dice.chance(0.02) {
            let other = self.dice.weighted(&self.shares);
            if let [task] = group.as_mut_slice() {
                task.other = Some(other).filter(|other| *other != task.unit);
            }
        }
        group
    }

    /// A section that does the unit's own business, and one of its duties.
    fn section(&mut self, unit: usize) -> (usize, Option<usize>) {
        let founded = self.founded;
        let inside = founded.inside.get(unit).map_or(&[][..], Vec::as_slice);
        let own: Vec<usize> = inside
            .iter()
            .copied()
            .filter(|at| founded.sections.get(*at).is_some_and(|it| it.core && it.to.is_none()))
            .collect();
        let section = self.dice.pick(&own).or(inside.first()).copied().unwrap_or_default();
        let duty = founded.duties.partition_point(|duty| duty.section < section);
        (section, Some(duty).filter(|_| !own.is_empty()))
    }

    fn task(&mut self, year: i16, unit: usize) -> Task {
        let (section, duty) = self.section(unit);
        let kinds = [Kind::Target, Kind::Supervision, Kind::Key];
        let drawn = self.dice.weighted(&[35.0, 45.0, 20.0]);
        let kind = kinds.get(drawn).copied().unwrap_or(Kind::Target);
        let (assigned, due) = self.time(year, kind);
        let dice = &mut self.dice;
        let length = i64::from(due - assigned);
        let done = match dice.weighted(&[92.0, 6.0, 2.0]) {
            0 => Some(due - day(dice.between(0, length * 4 / 10))),
            1 => Some(due + day(dice.between(1, 40))),
            _ => None,
        };
        let points = if done.is_some_and(|done| done <= due) { 820 } else { 550 };
        let points = dice.between(points, points + 180);
        let scoring = Days::no(Date::constant(2025, 1, 15)) + 365 * i32::from(year - 2024);
        let scored = scoring + day(dice.between(0, 59));
        let appealed = dice.chance(0.03).then(|| {
            let again = scored + day(dice.between(10, 20));
            (again, (points + dice.between(5, 40)).min(1000))
        });
        Task {
            year,
            serial: 0,
            rank: 1,
            unit,
            other: None,
            section,
            duty: duty.filter(|_| dice.chance(0.75)),
            kind,
            source: place(dice.below(4)),
            topic: place(dice.below(6)),
            weight: dice.pick(&[5, 10, 10, 15]).copied().unwrap_or(10),
            assigned,
            due,
            done,
            is_stopped: dice.chance(0.015),
            scored: (scored, points),
            appealed,
            flaw: None,
        }
    }

    /// When it is given and when it is due: targets in spring for the year, what is pressed for at any
    /// time for some weeks, key work until the end of a quarter.
    fn time(&mut self, year: i16, kind: Kind) -> (i32, i32) {
        let first = Date::new(year, 1, 1).map_or(0, Days::no);
        let dice = &mut self.dice;
        let (assigned, due) = match kind {
            Kind::Target => {
                let ends = [272, 333, 353, 364];
                (dice.between(40, 80), dice.pick(&ends).copied().unwrap_or(364))
            }
            Kind::Supervision => {
                let assigned = dice.between(0, 350);
                (assigned, assigned + dice.between(10, 60))
            }
            Kind::Key => {
                let assigned = dice.between(2, 240);
                (assigned, (assigned / 91 + dice.between(2, 3)).min(4) * 91)
            }
        };
        (self.days.after(first + day(assigned), 0), first + day(due))
    }

    fn spoil(&mut self, tasks: &mut [Task], commas: usize) {
        for task in tasks.iter_mut() {
            let is_done = task.done.is_some_and(|done| done <= task.due) && !task.is_stopped;
            match self.dice.below(1000) {
                0..6 if is_done => {
                    task.flaw = Some(Flaw::Early);
                    task.done = Some(task.assigned - day(self.dice.between(1, 20)));
                }
                6..14 if is_done => task.flaw = Some(Flaw::Undated),
                _ => {}
            }
        }
        let plain = tasks.iter_mut().filter(|it| it.flaw.is_none() && it.rank == 1);
        let kinds = std::iter::repeat_n(Flaw::Comma, commas);
        let kinds = kinds.chain(std::iter::repeat_n(Flaw::Rare, RARE));
        // Scattered, and all of them there from the first night on.
        for (task, flaw) in plain.skip(20).step_by(7).zip(kinds) {
            task.flaw = Some(flaw);
        }
    }
}

fn day(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
