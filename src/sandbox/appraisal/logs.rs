//! Who wrote which hours into the log? An entry tells what the last days went into, dated on the last
//! of them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::habits;
use super::habits::Habit;
use super::habits::habit;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;
use crate::sandbox::staffing::Staff;
use crate::sandbox::staffing::Stretch;

/// An entry, with all that will ever happen to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Log {
    pub(super) person: usize,
    /// The places of the unit and the section as they are today.
    pub(super) unit: usize,
    pub(super) section: Option<usize>,
    pub(super) duty: Option<usize>,
    pub(super) day: i32,
    /// The day as it was written down.
    pub(super) written_day: i32,
    /// Tenths of an hour.
    pub(super) tenths: i64,
    pub(super) pieces: i64,
    pub(super) is_temporary: bool,
    pub(super) submitted: Moment,
    /// When it is confirmed or withdrawn.
    pub(super) settled: Moment,
    pub(super) is_withdrawn: bool,
    pub(super) flaw: Option<&'static str>,
}

/// Nobody wrote logs before.
pub(super) const SINCE: Date = Date::constant(2025, 1, 1);
const MONTHS: i64 = 15;
/// The fewest and the most tenths of an hour of an entry; the last of a month has what is left.
const ENTRY: [i64; 2] = [140, 240];

/// A month that logs are kept in.
struct Month {
    first: i32,
    next: i32,
    workdays: i64,
}

struct Desk<'a> {
    days: &'a Days,
    staff: &'a Staff,
    dice: Dice,
    /// The duties that are carried out: of a unit's core, of its rest, and of each section.
    core: Vec<Vec<usize>>,
    rest: Vec<Vec<usize>>,
    own: Vec<Vec<usize>>,
}

/// Every entry until the last day of the city.
pub(super) fn logs(seed: u64, founded: &Founded, staff: &Staff, days: &Days) -> Vec<Log> {
    let mut desk = Desk {
        days,
        staff,
        dice: Dice::of(seed, "logs"),
        core: vec![Vec::new(); founded.units.len()],
        rest: vec![Vec::new(); founded.units.len()],
        own: vec![Vec::new(); founded.sections.len()],
    };
    desk.hear(founded);
    let months: Vec<Month> = (0..MONTHS).filter_map(|month| known(days, month)).collect();
    let stretches = staff.stretches();
    let load = load(founded, &stretches);
    let habits: Vec<Habit> = (0..founded.units.len()).map(|unit| habit(founded, unit)).collect();
    let mut logs = Vec::new();
    for stretch in &stretches {
        let Some(habit) = habits.get(stretch.unit) else { continue };
        let planted = stretch.section.and_then(|section| load.get(&section));
        let place = i64::try_from(stretch.section.unwrap_or_default()).unwrap_or_default();
        let usual = 1000 - habit.apart + place * 67 % (2 * habit.apart + 1);
        let share = habit.saturation * planted.copied().unwrap_or(usual) / 1000;
        for month in &months {
            desk.month(stretch, month, (share, habit), &mut logs);
        }
    }
    logs
}

fn known(days: &Days, month: i64) -> Option<Month> {
    let first = SINCE.checked_add(jiff::Span::new().months(month)).ok()?;
    let (first, next) = (Days::no(first), Days::no(first.last_of_month()) + 1);
    let workdays = (first..next).filter(|day| days.is_workday(*day)).count();
    Some(Month { first, next, workdays: i64::try_from(workdays).ok()? })
}

/// How many times its unit's mean each section of the uneven unit works, per mille, so that two have
/// far more of the hours than of the people.
fn load(founded: &Founded, stretches: &[Stretch]) -> BTreeMap<usize, i64> {
    let unit = founded.place(habits::UNEVEN);
    let is_busy = |section: usize| {
        let name = founded.sections.get(section).map_or("", |section| section.name.as_str());
        habits::BUSY.contains(&name)
    };
    let (from, to) = (Days::no(SINCE), Days::no(SINCE) + 365);
    let (mut busy, mut all) = (0, 0);
    for stretch in stretches.iter().filter(|stretch| stretch.unit == unit) {
        let Some(section) = stretch.section else { continue };
        let days = i64::from(stretch.covers(from, to));
        all += days;
        busy += if is_busy(section) { days } else { 0 };
    }
    let share = (busy * 1000).checked_div(all).unwrap_or_default();
    // With a single section there is nobody to have less.
    if share == 0 || share + habits::ABOVE > 950 {
        return BTreeMap::new();
    }
    let more = (share + habits::ABOVE) * 1000 / share;
    let less = (1000 - share - habits::ABOVE) * 1000 / (1000 - share);
    let inside = founded.inside.get(unit).map_or(&[][..], Vec::as_slice);
    inside.iter().map(|at| (*at, if is_busy(*at) { more } else { less })).collect()
}

impl Desk<'_> {
    /// Learns which duties there are.
    fn hear(&mut self, founded: &Founded) {
        for (place, duty) in founded.duties.iter().enumerate().filter(|(_, duty)| !duty.is_idle) {
            let of_unit = if duty.is_core { &mut self.core } else { &mut self.rest };
            let lists = [of_unit.get_mut(duty.unit), self.own.get_mut(duty.section)];
            for list in lists.into_iter().flatten() {
                list.push(place);
            }
        }
    }

    /// What somebody writes in one month. What is withdrawn or flawed comes on top, so that what is
    /// left adds up.
    fn month(
        &mut self,
        stretch: &Stretch,
        month: &Month,
        (share, habit): (i64, &Habit),
        logs: &mut Vec<Log>,
    ) {
        let covered = i64::from(stretch.covers(month.first, month.next));
        if covered == 0 {
            return;
        }
        let available = covered * month.workdays * 80 / i64::from(month.next - month.first);
        let mut left = available * share * self.dice.between(920, 1080) / 1_000_000;
        while left > 0 {
            let log = self.entry(stretch, month, habit, left);
            if log.flaw != Some("F18") && !log.is_withdrawn {
                left -= log.tenths;
            }
            logs.push(log);
        }
    }

    fn entry(&mut self, stretch: &Stretch, month: &Month, habit: &Habit, left: i64) -> Log {
        let (from, to) = (stretch.from.max(month.first), stretch.to.min(month.next) - 1);
        let drawn = self.dice.between(i64::from(from), i64::from(to));
        let drawn = i32::try_from(drawn).unwrap_or(from);
        let worked = self.days.last_worked(drawn);
        let day = if worked < from { drawn } else { worked };
        let dice = &mut self.dice;
        // 60 % are there when the day is over, 98 % a week later.
        let late = match dice.below(1000) {
            0..600 => 0,
            600..980 => dice.between(1, 7),
            _ => dice.between(8, 25),
        };
        let submitted = Moment::at(day, dice.between(61_200, 86_000) + late * 86_400);
        let is_withdrawn = dice.chance(0.01);
        let settled = if is_withdrawn { dice.between(1, 20) } else { dice.between(5, 30) };
        let mut log = Log {
            person: stretch.person,
            unit: stretch.unit,
            section: stretch.section,
            duty: self.duty(stretch, habit),
            day,
            written_day: day,
            tenths: self.dice.between(ENTRY[0], ENTRY[1]).min(left),
            pieces: self.dice.between(1, habit.pieces),
            is_temporary: self.dice.below(1000) < u64::from(habit.temporary),
            submitted,
            settled: submitted.plus(settled * 86_400),
            is_withdrawn,
            flaw: None,
        };
        self.spoil(&mut log);
        log
    }

    /// 12 % are put to no duty; the rest to the unit's own business or to what keeps it running.
    fn duty(&mut self, stretch: &Stretch, habit: &Habit) -> Option<usize> {
        if self.dice.chance(0.12) {
            return None;
        }
        let is_core = self.dice.below(1000) < u64::from(habit.core);
        let of_unit = if is_core { &self.core } else { &self.rest };
        let own = stretch.section.and_then(|section| self.own.get(section));
        let own = own.filter(|own| is_core && !own.is_empty() && self.dice.chance(0.75));
        let list = own.or(of_unit.get(stretch.unit))?;
        self.dice.pick(list).copied()
    }

    fn spoil(&mut self, log: &mut Log) {
        let dice = &mut self.dice;
        match dice.below(1000) {
            0 => log.tenths = -dice.between(0, 80),
            1 => log.tenths = dice.between(245, 990),
            // The year after.
            2 => log.written_day += 365,
            3..7 => {
                let strangers = self.staff.people.len() - self.staff.strangers;
                let one = usize::try_from(dice.below(strangers as u64)).unwrap_or_default();
                log.person = self.staff.strangers + one;
                log.flaw = Some("F20");
                return;
            }
            _ => return,
        }
        log.flaw = Some("F18");
    }
}
