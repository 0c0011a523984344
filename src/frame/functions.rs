//! What do the functions of the measure language do with values? Days, working days and ages.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::*;

use super::table::day_number;
use super::table::day_of;
use crate::base::calendar::Calendar;
use crate::base::period::Month;
use crate::base::retirement::Kind;
use crate::base::retirement::retirement_month;
use crate::spec::catalog::Catalog;
use crate::spec::kinds::PLACES;

/// What days mean in a home.
#[derive(Clone, Debug)]
pub struct Days {
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// In which zone days begin.
    pub zone: TimeZone,
}

impl Days {
    /// Of a home.
    pub fn of(catalog: &Catalog) -> Days {
        let calendar = Arc::new(catalog.calendar.clone());
        Days { calendar, zone: catalog.settings.zone.clone() }
    }

    /// The local day of an instant.
    pub fn local(&self, microseconds: i64) -> Option<Date> {
        let instant = Timestamp::from_microsecond(microseconds).ok()?;
        Some(self.zone.to_datetime(instant).date())
    }

    /// The local days of a column of days or instants.
    ///
    /// # Errors
    /// A column of another type.
    pub fn of_column(&self, column: &Column) -> PolarsResult<Vec<Option<Date>>> {
        let series = column.as_materialized_series();
        Ok(match series.dtype() {
            DataType::Date => series.date()?.phys.iter().map(|n| day_of(n?)).collect(),
            DataType::Datetime(..) => {
                series.datetime()?.phys.iter().map(|n| self.local(n?)).collect()
            }
            DataType::Null => vec![None; series.len()],
            other => polars_bail!(ComputeError: "`{}` is no day: {other}", series.name()),
        })
    }
}

/// Days as a polars column.
pub fn day_column(name: &str, days: impl Iterator<Item = Option<Date>>) -> Column {
    let numbers = days.map(|day| day.map(day_number));
    Int32Chunked::from_iter_options(name.into(), numbers).into_date().into_series().into()
}

/// Completed years; born on 29 February: on 1 March (rules.md 5).
pub fn age(birth: Date, day: Date) -> i64 {
    let had = (day.month(), day.day()) >= (birth.month(), birth.day());
    i64::from(day.year() - birth.year()) - i64::from(!had)
}

/// The working days of `ELAPSED_WORKDAYS(from, to, suspended)`; none beyond the calendar.
pub fn elapsed_workdays(days: &Days, from: Date, to: Date, suspended: i64) -> Option<i64> {
    days.calendar.elapsed_less(from, to, suspended).ok()
}

/// `ON_TIME(closed, due, suspended)`: closed date ≤ due date moved by the suspended working days.
pub fn on_time(days: &Days, closed: Date, due: Date, suspended: i64) -> Option<bool> {
    match days.calendar.moved(due, suspended) {
        Ok(due) => Some(closed <= due),
        // A limit that ends in a year to come is kept by what was closed in one that is known.
        Err(beyond) => {
            (days.calendar.day(closed).is_ok() && beyond.year > closed.year()).then_some(true)
        }
    }
}

/// `MONTHS_BETWEEN(from, to)`: months from the month of the one day to the month of the other.
pub fn months_between(from: Date, to: Date) -> i64 {
    i64::from(Month::of(to).index() - Month::of(from).index())
}

/// `RETIREMENT_MONTH(birth, kind)`: the first day of the month; none for an unknown kind.
pub fn retirement(birth: Date, kind: &str) -> Option<Date> {
    Kind::named(kind).map(|kind| retirement_month(birth, kind).first())
}

/// `NUMBER(text)`: the digits of a plain decimal, with twelve behind the point; none of any other text.
pub fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.trim().split_at_checked(1)? {
        ("-", digits) => (-1, digits),
        ("+", digits) => (1, digits),
        _ => (1, text.trim()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(part) || part.len() > usize::from(PLACES) {
        return None;
    }
    let digits = format!("{whole}{part:0<places$}", places = usize::from(PLACES));
    digits.parse::<i128>().ok().map(|digits| sign * digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_where_it_is_a_plain_decimal() {
        let one = 1_000_000_000_000;
        for (text, digits) in [
            ("7", Some(7 * one)),
            (" -0.25 ", Some(-one / 4)),
            ("+3", Some(3 * one)),
            ("0.0000000000001", None),
            ("1e3", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("七", None),
        ] {
            assert_eq!(number(text), digits, "{text}");
        }
    }

    #[test]
    fn a_leapling_has_a_birthday_on_the_first_of_march() {
        let birth = jiff::civil::date(2000, 2, 29);
        assert_eq!(age(birth, jiff::civil::date(2025, 2, 28)), 24);
        assert_eq!(age(birth, jiff::civil::date(2025, 3, 1)), 25);
    }
}
