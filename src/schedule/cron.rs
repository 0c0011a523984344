//! What does a cron line say? Five fields, read as Unix cron reads them: the only place that names
//! the crate `cron`.
//!
//! The crate reads six fields with its own idea of weekdays (1 is Sunday), days (both day fields must
//! hold) and zones (a time that a clock skips is lost, a repeated one fires twice). So it is asked for
//! one field at a time, and only for what the field's numbers, lists, ranges and steps mean; days and
//! zones are decided here and in [`super::next_after`], with crontab(5):
//!
//! - weekdays are 0–7, Sunday is 0 and 7; months and weekdays may be named by three letters;
//! - where both the day of the month and the weekday are restricted, a day fires when either holds; a
//!   field that begins with `*`, so also `*/2`, does not restrict, and then both hold;
//! - a step needs a range or `*` before it.

use cron::Schedule;
use cron::TimeUnitSpec as _;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;

use crate::base::messages::Code;
use crate::spec::reader::Nouns;

/// A line that fires at all fires within 40 years: the 29th of February on a given weekday, across
/// 2100.
const HORIZON_DAYS: usize = 40 * 366;

/// A cron line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    times: Vec<Time>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    is_either_day_enough: bool,
    /// Whether hour and minute are both told, so that a time which a clock skips is made up for.
    pub is_fixed: bool,
}

struct Field {
    name: &'static str,
    range: &'static str,
    /// The words for the numbers from `first` on.
    names: &'static [&'static str],
    first: usize,
    slot: Slot,
}

/// Where the crate reads a field with the same numbers.
#[derive(Clone, Copy)]
enum Slot {
    Minutes,
    Hours,
    Days,
    Months,
    /// The crate's weekdays begin with 1, its hours with 0.
    WeekdaysAsHours,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", range: "0-59", names: &[], first: 0, slot: Slot::Minutes },
    Field { name: "hour", range: "0-23", names: &[], first: 0, slot: Slot::Hours },
    Field { name: "day of month", range: "1-31", names: &[], first: 0, slot: Slot::Days },
    Field { name: "month", range: "1-12, jan-dec", names: &MONTHS, first: 1, slot: Slot::Months },
    Field {
        name: "day of week",
        range: "0-7, sun-sat",
        names: &WEEKDAYS,
        first: 0,
        slot: Slot::WeekdaysAsHours,
    },
];

impl Line {
    /// Reads a line such as `0 2 * * *`.
    ///
    /// # Errors
    /// What is wrong with it, and the nouns of the message.
    pub fn read(text: &str) -> Result<Line, (Code, Nouns)> {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        let Ok([minute, hour, day, _, weekday]) = <[&str; 5]>::try_from(parts.as_slice()) else {
            let nouns = vec![("found", text.to_owned()), ("count", parts.len().to_string())];
            return Err((Code::CronFields, nouns));
        };
        let mut values = Vec::new();
        for (field, part) in FIELDS.iter().zip(&parts) {
            values.push(field.values(part).ok_or_else(|| {
                let nouns = vec![
                    ("found", (*part).to_owned()),
                    ("field", field.name.to_owned()),
                    ("range", field.range.to_owned()),
                ];
                (Code::CronField, nouns)
            })?);
        }
        let never = || (Code::CronNever, vec![("found", text.to_owned())]);
        let [minutes, hours, days, months, weekdays] =
            <[Vec<i8>; 5]>::try_from(values).map_err(|_| never())?;
        let at = |hour: &i8| minutes.iter().map(|m| Time::constant(*hour, *m, 0, 0)).collect();
        let times: Vec<Vec<Time>> = hours.iter().map(at).collect();
        let is_free = |field: &str| field.starts_with('*');
        let line = Line {
            times: times.concat(),
            days,
            months,
            weekdays,
            is_either_day_enough: !is_free(day) && !is_free(weekday),
            is_fixed: !is_free(minute) && !is_free(hour),
        };
        let fires = line.after(DateTime::constant(2000, 1, 1, 0, 0, 0, 0));
        fires.map(|_| line).ok_or_else(never)
    }

    /// The first time on the clock after `local` at which this line fires, whether or not a zone has
    /// that time.
    pub fn after(&self, local: DateTime) -> Option<DateTime> {
        let passed = self.times.partition_point(|time| *time <= local.time());
        if let Some(time) = self.times.get(passed).filter(|_| self.fires_on(local.date())) {
            return Some(local.date().to_datetime(*time));
        }
        let mut days = local.date().series(jiff::Span::new().days(1)).skip(1).take(HORIZON_DAYS);
        let day = days.find(|day| self.fires_on(*day))?;
        Some(day.to_datetime(*self.times.first()?))
    }

    fn fires_on(&self, day: Date) -> bool {
        let of_month = self.days.contains(&day.day());
        let of_week = self.weekdays.contains(&day.weekday().to_sunday_zero_offset());
        let is_day =
            if self.is_either_day_enough { of_month || of_week } else { of_month && of_week };
        is_day && self.months.contains(&day.month())
    }
}

impl Field {
    /// The numbers that a field means, in order.
    fn values(&self, text: &str) -> Option<Vec<i8>> {
        let items: Option<Vec<String>> =
            text.split(',').map(|item| self.in_numbers(item)).collect();
        let numbers = items?.join(",");
        let line = match self.slot {
            Slot::Minutes => format!("0 {numbers} * * * *"),
            Slot::Hours | Slot::WeekdaysAsHours => format!("0 * {numbers} * * *"),
            Slot::Days => format!("0 * * {numbers} * *"),
            Slot::Months => format!("0 * * * {numbers} *"),
        };
        let schedule: Schedule = line.parse().ok()?;
        let ordinals = match self.slot {
            Slot::Minutes => schedule.minutes().iter(),
            Slot::Hours | Slot::WeekdaysAsHours => schedule.hours().iter(),
            Slot::Days => schedule.days_of_month().iter(),
            Slot::Months => schedule.months().iter(),
        };
        let values: Vec<i8> = ordinals.map(i8::try_from).collect::<Result<_, _>>().ok()?;
        match self.slot {
            Slot::WeekdaysAsHours if values.iter().any(|day| *day > 7) => None,
            Slot::WeekdaysAsHours => Some(values.into_iter().map(|day| day % 7).collect()),
            Slot::Minutes | Slot::Hours | Slot::Days | Slot::Months => Some(values),
        }
    }

    /// An item of a list without names; `None` where Unix cron would not read it.
    fn in_numbers(&self, item: &str) -> Option<String> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(step)),
            None => (item, None),
        };
        // Whether `5/2` means one value or all from 5 on, crons disagree.
        if step.is_some() && span != "*" && !span.contains('-') {
            return None;
        }
        let ends: Option<Vec<String>> = span.split('-').map(|word| self.number(word)).collect();
        let span = ends?.join("-");
        Some(step.map_or(span.clone(), |step| format!("{span}/{step}")))
    }

    fn number(&self, word: &str) -> Option<String> {
        match (word, self.slot) {
            ("*", Slot::WeekdaysAsHours) => Some("0-7".to_owned()),
            ("*", _) => Some("*".to_owned()),
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => Some(word.to_owned()),
            _ => {
                let at = self.names.iter().position(|name| name.eq_ignore_ascii_case(word))?;
                Some((self.first + at).to_string())
            }
        }
    }
}
