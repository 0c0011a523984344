//! Who applied for what, when was it promised and when was it done?

use jiff::civil::Date;

use super::items::FEW;
use super::items::Item;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;

/// How a case ends, by the platform's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum End {
    Closed = 3,
    Returned = 4,
    Withdrawn = 5,
    Rejected = 6,
}

/// A case, with all that will ever happen to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Case {
    /// Counted within its day.
    pub(super) serial: u32,
    pub(super) item: u32,
    pub(super) handler: u8,
    pub(super) channel: u8,
    pub(super) applied: Moment,
    pub(super) accepted: Moment,
    pub(super) due: i32,
    pub(super) ended: Moment,
    pub(super) end: End,
    pub(super) is_granted: bool,
    /// When the special procedure began, and its working days.
    pub(super) special: Option<(Moment, i32)>,
    /// When the platform learns of the end.
    pub(super) told: Moment,
    /// When something is changed without a new time of change, or the case deleted.
    pub(super) touched: Option<Moment>,
    pub(super) flaw: Option<&'static str>,
}

/// The first and the last day on which anything happens.
const FIRST: Date = Date::constant(2023, 1, 1);
const LAST: Date = Date::constant(2026, 3, 31);
const HISTORY: i32 = 1096;
pub(in crate::sandbox) const MONTHS: [f64; 12] =
    [0.92, 0.58, 1.24, 1.06, 1.0, 1.06, 1.1, 1.1, 1.14, 0.86, 1.0, 0.94];
const WEEK: [f64; 7] = [1.19, 1.1, 1.03, 1.0, 0.92, 0.1, 0.06];
/// Shares of the promised time, per mille, each as likely: log-normal with a median of 0.38.
const PACE: [i32; 24] = [
    153, 192, 217, 237, 256, 273, 289, 306, 322, 338, 354, 371, 389, 408, 428, 449, 473, 499, 529,
    564, 608, 666, 753, 943,
];
/// Units that report what is settled at once at its closing only.
const AT_CLOSING: [&str; 3] = ["gongan", "shijian", "ziran"];

impl Case {
    /// `projectNo`.
    pub(in crate::sandbox) fn number(&self, days: &Days) -> String {
        let day = days.shown(self.accepted.day()).replace('-', "");
        format!("9900{}{:05}", day.trim_start_matches("20"), self.serial)
    }
}

/// How many things happen on each day from the first to the last, when so many happen by the end of
/// 2025.
pub(in crate::sandbox) fn daily(
    total: f64,
    days: &Days,
    months: &[f64; 12],
    week: &[f64; 7],
    more: impl Fn(i32) -> f64,
) -> Vec<(i32, u32)> {
    let (first, last) = (Days::no(FIRST), Days::no(LAST));
    let weight = |day: i32| {
        let date = Days::date(day);
        let month = usize::try_from(date.month() - 1).unwrap_or_default();
        let of_week = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        let of_week = match (days.is_workday(day), of_week) {
            (true, 5 | 6) => 3,
            (false, 0..5) => 6,
            (_, of_week) => of_week,
        };
        let (month, of_week) = (months.get(month), week.get(of_week));
        month.copied().unwrap_or(1.0) * of_week.copied().unwrap_or(1.0) * more(day)
    };
    let all: f64 = (first..first + HISTORY).map(weight).sum();
    let (mut due, mut done) = (0.0, 0.0);
    let mut counts = Vec::new();
    for day in first..=last {
        due += weight(day) / all * total;
        let mut count = 0;
        while done + 0.5 <= due {
            done += 1.0;
            count += 1;
        }
        counts.push((day, count));
    }
    counts
}

struct Desk<'a> {
    founded: &'a Founded,
    items: &'a [Item],
    days: &'a Days,
    dice: Dice,
}

/// Every case in the order of its number.
pub(super) fn cases(
    (seed, scale): (u64, f64),
    founded: &Founded,
    items: &[Item],
    days: &Days,
) -> Vec<Case> {
    let mut desk = Desk { founded, items, days, dice: Dice::of(seed, "cases") };
    let mut reached = 0.0;
    let reach: Vec<f64> = items
        .iter()
        .map(|item| {
            reached += item.weight;
            reached
        })
        .collect();
    let counts = daily(300_000.0 * scale, days, &MONTHS, &WEEK, |_| 1.0);
    let planted = desk.planted();
    let mut cases = Vec::new();
    for (day, count) in counts {
        let mut serial = 0;
        for _ in 0..count {
            let drawn = desk.dice.fraction() * reached;
            let item = reach.partition_point(|reach| *reach <= drawn).min(items.len() - 1);
            serial += 1;
            cases.push(desk.case(day, serial, item));
        }
        for (_, item) in planted.iter().filter(|(on, _)| *on == day) {
            serial += 1;
            let case = desk.case(day, serial, *item);
            let closed = Moment::at(day, 60_000).max(case.accepted.plus(600));
            let plain = Case { flaw: None, touched: None, end: End::Closed, ..case };
            cases.push(Case { ended: closed, told: closed.plus(90), special: None, ..plain });
        }
    }
    cases
}

impl Desk<'_> {
    /// The cases of units that have few at any scale: 44 of the archives in 2025, 8 a year of the idle
    /// centre.
    fn planted(&self) -> Vec<(i32, usize)> {
        let mut planted = Vec::new();
        for (key, from, apart, number) in [
            (FEW[0], Date::constant(2025, 1, 6), 7, 44),
            (FEW[1], Date::constant(2023, 1, 9), 42, 26),
        ] {
            let unit = self.founded.place(key);
            let Some(item) = self.items.iter().position(|item| item.unit == unit) else { continue };
            planted.extend((0..number).map(|at| {
                (
                    self.days.last_worked(Days::no(from) + at * apart),
                    item + usize::from(at % 3 == 1),
                )
            }));
        }
        planted
    }

    fn case(&mut self, day: i32, serial: u32, item: usize) -> Case {
        let known = self.items.get(item);
        let promised = known.map_or(0, |item| item.promised);
        let key = known.and_then(|item| self.founded.unit_at(item.unit)).map_or("", |it| &it.key);
        let key = key.to_owned();
        let dice = &mut self.dice;
        let accepted = Moment::at(day, dice.between(8 * 3600 + 1800, 17 * 3600));
        let waited = if promised == 0 { dice.between(60, 900) } else { dice.between(600, 7200) };
        let end = match dice.weighted(&[96.0, 2.1, 1.3, 0.6]) {
            0 => End::Closed,
            1 => End::Returned,
            2 => End::Withdrawn,
            _ => End::Rejected,
        };
        let mut case = Case {
            serial,
            item: u32::try_from(item).unwrap_or_default(),
            handler: u8::try_from(dice.below(8)).unwrap_or_default(),
            channel: [10, 20, 30, 40, 50]
                .get(dice.weighted(&[57.0, 31.0, 4.0, 6.0, 2.0]))
                .copied()
                .unwrap_or(10),
            applied: accepted.plus(-waited),
            accepted,
            due: self.days.after(day, promised),
            ended: accepted.plus(dice.between(300, 5400)),
            end,
            is_granted: !dice.chance(0.03),
            special: None,
            told: accepted,
            touched: None,
            flaw: None,
        };
        if promised > 0 && end != End::Rejected {
            self.work(&mut case, promised, &key);
        }
        case.told = case.ended.plus(self.dice.between(30, 600));
        self.flaws(&mut case, promised, &key);
        case
    }

    /// When a case that takes time ends.
    fn work(&mut self, case: &mut Case, promised: i32, key: &str) {
        let day = case.accepted.day();
        let drawn = self.dice.pick(&PACE).copied().unwrap_or(380);
        let (late, longest) = match key {
            "renshe" => (0.05, 1300),
            "yqzhifa" => (0.31, 2800),
            _ => (0.015, 1700),
        };
        let is_late = self.dice.chance(late);
        let share = if is_late {
            i32::try_from(self.dice.between(1080, longest)).unwrap_or(1080)
        } else {
            (drawn * strain(key, day) / 1000).min(1000)
        };
        let mut workdays = (promised * share).div_euclid(1000).max(0);
        if is_late {
            workdays = workdays.max(promised + 1);
        }
        if self.dice.chance(0.12) && case.end == End::Closed {
            let stopped = i32::try_from(self.dice.between(3, 15)).unwrap_or(3);
            case.special = Some((Moment::at(self.days.after(day, 1), 36_000), stopped));
            workdays += stopped;
        }
        let mut ended = self.days.after(day, workdays);
        if key == "yqzhifa" && is_late {
            ended = self.heaped(ended);
        }
        case.ended = Moment::at(ended, self.dice.between(9 * 3600, 17 * 3600 + 1800));
        if case.ended < case.accepted.plus(300) {
            case.ended = case.accepted.plus(3600);
        }
    }

    /// What ends in the last weeks of a quarter ends on one of its last three working days.
    fn heaped(&mut self, day: i32) -> i32 {
        let date = Days::date(day);
        let months = (3 - (date.month() - 1) % 3) - 1;
        let last = date.checked_add(jiff::Span::new().months(months)).unwrap_or(date);
        let last = self.days.last_worked(Days::no(last.last_of_month()));
        let back = i32::try_from(self.dice.below(3)).unwrap_or_default();
        let near = self.days.last_worked(last - back);
        if near >= day && near - day <= 20 { near } else { day }
    }

    fn flaws(&mut self, case: &mut Case, promised: i32, key: &str) {
        let drawn = self.dice.fraction();
        let day = |dice: &mut Dice, low, high| dice.between(low, high) * 86_400;
        let is_ended = case.end == End::Closed;
        if drawn < 0.0015 && is_ended && promised == 0 {
            // The terminal's clock runs eight hours behind.
            case.flaw = Some("F25");
            case.ended = case.accepted.plus(-8 * 3600 + 600);
        } else if drawn < 0.0315 && is_ended {
            case.flaw = Some("F27");
            case.told = case.ended.plus(day(&mut self.dice, 3, 20));
        } else if drawn < 0.0325 && is_ended {
            case.flaw = Some("F28");
            case.touched = Some(case.told.plus(day(&mut self.dice, 30, 90)));
        } else if drawn < 0.0345 && is_ended {
            case.flaw = Some("F29");
            case.touched = Some(case.told.plus(day(&mut self.dice, 5, 60)));
        } else if drawn < 0.0405 {
            case.flaw = Some("F33");
        } else if drawn < 0.0655 && promised > 0 {
            case.flaw = Some("F36");
            let mut due = case.due;
            while self.days.is_workday(due) {
                due += 1;
            }
            case.due = due;
        } else if promised == 0 && is_ended && AT_CLOSING.contains(&key) && drawn > 0.8 {
            case.flaw = Some("F26");
        }
    }
}

/// How much slower than usual a unit is, per mille. The overloaded one slows down through 2025.
fn strain(key: &str, day: i32) -> i32 {
    if key != "renshe" {
        return 1000;
    }
    let since = day - Days::no(Date::constant(2025, 1, 1));
    530 + (since.clamp(0, 300) * 950) / 300
}
