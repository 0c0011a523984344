//! Which day and second is it in the city? Local time as small numbers, and its working days.

use jiff::civil::Date;

use crate::base::calendar::Calendar;
use crate::spec::home::Home;

/// The first day that is counted.
const FIRST: Date = Date::constant(2020, 1, 1);
/// 2020-01-01 00:00 in Asia/Shanghai, which has no summer time.
const FIRST_MS: i64 = 1_577_808_000_000;

/// The second of the day at which a night is taken.
const CUTOFF: i64 = 2 * 3600;

/// Seconds of local time since the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i32);

impl Moment {
    /// A second of a day.
    pub(super) fn at(day: i32, second: i64) -> Moment {
        Moment(day * 86_400 + i32::try_from(second).unwrap_or_default())
    }

    /// When a night is taken.
    pub(super) fn cutoff(night: Date) -> Moment {
        Moment::at(Days::no(night), CUTOFF)
    }

    /// Its day.
    pub(super) fn day(self) -> i32 {
        self.0.div_euclid(86_400)
    }

    /// So many seconds later.
    pub(super) fn plus(self, seconds: i64) -> Moment {
        Moment(self.0 + i32::try_from(seconds).unwrap_or_default())
    }

    /// Milliseconds since 1970 UTC.
    pub(super) fn epoch_ms(self) -> i64 {
        FIRST_MS + i64::from(self.0) * 1000
    }
}

/// Every day of the published years.
#[derive(Debug)]
pub(super) struct Days {
    shown: Vec<String>,
    /// How many were worked through each day.
    worked: Vec<i32>,
    workdays: Vec<i32>,
}

impl Days {
    pub(super) fn new() -> Days {
        let known = Home::embedded().calendar("cn");
        let known = known.as_ref().map(Calendar::days).unwrap_or_default();
        let mut days = Days { shown: Vec::new(), worked: Vec::new(), workdays: Vec::new() };
        for (day, no) in known.iter().zip(0..) {
            if day.is_workday {
                days.workdays.push(no);
            }
            days.shown.push(day.date.to_string());
            days.worked.push(i32::try_from(days.workdays.len()).unwrap_or_default());
        }
        days
    }

    /// The number of a day.
    pub(super) fn no(date: Date) -> i32 {
        i32::try_from(date.duration_since(FIRST).as_hours() / 24).unwrap_or_default()
    }

    /// The day of a number, also one before the first.
    pub(super) fn date(no: i32) -> Date {
        FIRST.checked_add(jiff::Span::new().days(no)).unwrap_or(FIRST)
    }

    pub(super) fn is_workday(&self, no: i32) -> bool {
        self.worked(no) > self.worked(no - 1)
    }

    fn worked(&self, no: i32) -> i32 {
        get(&self.worked, no).copied().unwrap_or_default()
    }

    /// The day on which so many working days have run; with 0 the day itself or the next worked.
    pub(super) fn after(&self, no: i32, workdays: i32) -> i32 {
        if workdays <= 0 && self.is_workday(no) {
            return no;
        }
        let place = self.worked(no) + workdays.max(1) - 1;
        get(&self.workdays, place).or(self.workdays.last()).copied().unwrap_or(no)
    }

    /// The last working day up to a day.
    pub(super) fn last_worked(&self, no: i32) -> i32 {
        get(&self.workdays, self.worked(no) - 1).copied().unwrap_or(no)
    }

    /// `2025-07-14`.
    pub(super) fn shown(&self, no: i32) -> &str {
        get(&self.shown, no).map_or("2026-12-31", String::as_str)
    }

    /// `2025-07-14 09:30:00`.
    pub(super) fn told(&self, moment: Moment) -> String {
        let second = moment.0.rem_euclid(86_400);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("{} {hour:02}:{minute:02}:{:02}", self.shown(moment.day()), second % 60)
    }
}

fn get<T>(of: &[T], at: i32) -> Option<&T> {
    of.get(usize::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn limits_run_over_holidays() {
        let days = Days::new();
        let no = Days::no;
        assert_eq!(days.after(no(date(2025, 9, 30)), 1), no(date(2025, 10, 9)));
        assert_eq!(days.after(no(date(2025, 10, 1)), 0), no(date(2025, 10, 9)));
        assert_eq!(days.after(no(date(2025, 7, 14)), 0), no(date(2025, 7, 14)));
        assert_eq!(days.last_worked(no(date(2025, 10, 5))), no(date(2025, 9, 30)));
        let moment = Moment::at(no(date(2025, 1, 6)), 43_200);
        assert_eq!(days.told(moment), "2025-01-06 12:00:00");
        assert_eq!(moment.epoch_ms(), 1_736_136_000_000);
        assert_eq!(Days::date(moment.day()), date(2025, 1, 6));
    }
}
