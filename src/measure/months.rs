//! In which months do the rows of a fact lie? Spans and stocks are spread over them.

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use crate::base::cell::Cell;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::functions::day_column;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::reader::Found;

/// Whole parts of a month: lcm(28, 29, 30, 31), so that every day of every month is a whole number.
const PARTS: i64 = 377_580;

impl Ground<'_> {
    /// Rows spread over the months that they meet; events stay as they are.
    pub(super) fn in_time(
        &self,
        fact: &Fact,
        frame: &DataFrame,
    ) -> Result<DataFrame, MeasureError> {
        match &fact.kind {
            FactKind::Event { .. } => Ok(frame.clone()),
            FactKind::Span { from, to, share } => {
                let share = share.as_ref().map(|found| found.value.as_str());
                self.spanned(frame, (&from.value, &to.value), share)
            }
            FactKind::Stock { from, to, .. } => self.stocked(frame, (from.as_ref(), to.as_ref())),
        }
    }

    /// The days of a column.
    pub(super) fn days_of(
        &self,
        frame: &DataFrame,
        name: &str,
    ) -> Result<Vec<Option<Date>>, MeasureError> {
        let days = frame.column(name).and_then(|column| self.days.of_column(column));
        Ok(days.map_err(FrameError::polars(format!("the days of `{name}`")))?)
    }

    /// One row a month that the span covers up to the told day, with its days and parts.
    fn spanned(
        &self,
        frame: &DataFrame,
        (from, to): (&str, &str),
        share: Option<&str>,
    ) -> Result<DataFrame, MeasureError> {
        let mut spread = Spread::default();
        let end = self.as_of.tomorrow().unwrap_or(self.as_of);
        let shares = shares(frame, share)?;
        let [mut days, mut month_days, mut parts] = [const { Vec::new() }; 3];
        let [mut workdays, mut month_workdays] = [const { Vec::new() }; 2];
        let [mut first_days, mut last_days] = [const { Vec::new() }; 2];
        let (froms, tos) = (self.days_of(frame, from)?, self.days_of(frame, to)?);
        for (at, (from, to)) in froms.into_iter().zip(tos).enumerate() {
            let Some(from) = from else { continue };
            let to = to.unwrap_or(end).min(end);
            if from >= to {
                continue;
            }
            let last = to.yesterday().unwrap_or(to);
            for month in Month::of(from).through(Month::of(last)) {
                let (first, last) = (from.max(month.first()), last.min(month.last()));
                let covered = i64::from((last - first).get_days()) + 1;
                spread.row(at, month);
                first_days.push(Some(first));
                last_days.push(Some(last));
                days.push(Some(covered));
                month_days.push(Some(month.days()));
                workdays.push(self.workdays(first, last));
                month_workdays.push(self.workdays(month.first(), month.last()));
                let share = shares.get(at).copied().unwrap_or(SHARE);
                parts.push(Some(shared_parts(covered * (PARTS / month.days()), share)));
            }
        }
        let mut frame = spread.of(frame)?;
        let doing = || FrameError::polars("spreading a span over months");
        for (name, days) in [("first_day", first_days), ("last_day", last_days)] {
            frame.with_column(day_column(name, days.into_iter())).map_err(doing())?;
        }
        for (name, numbers) in [
            ("days", days),
            ("month_days", month_days),
            ("workdays", workdays),
            ("month_workdays", month_workdays),
            ("parts", parts),
        ] {
            let column = Int64Chunked::from_iter_options(name.into(), numbers.into_iter());
            frame.with_column(column.into_series().into()).map_err(doing())?;
        }
        Ok(frame)
    }

    /// The working days from a day through another; none beyond the calendar.
    fn workdays(&self, first: Date, last: Date) -> Option<i64> {
        self.days.calendar.workdays_between(first.yesterday().ok()?, last).ok()
    }

    /// One row a month at whose end the row holds; the told day ends its month. What holds since no day
    /// holds as far back as the calendar goes.
    fn stocked(
        &self,
        frame: &DataFrame,
        names: (Option<&Found<String>>, Option<&Found<String>>),
    ) -> Result<DataFrame, MeasureError> {
        let mut spread = Spread::default();
        let mut ends = Vec::new();
        let earliest = self.days.calendar.days().first().map_or(self.as_of, |day| day.date);
        let days = |name: Option<&Found<String>>| match name {
            Some(name) => self.days_of(frame, &name.value),
            None => Ok(vec![None; frame.height()]),
        };
        let (froms, tos) = (days(names.0)?, days(names.1)?);
        for (at, (from, to)) in froms.into_iter().zip(tos).enumerate() {
            let from = from.unwrap_or(earliest).max(earliest);
            for (month, end) in ends_held(from, to, self.as_of) {
                spread.row(at, month);
                ends.push(Some(end));
            }
        }
        let mut frame = spread.of(frame)?;
        frame
            .with_column(day_column("period_end", ends.into_iter()))
            .map_err(FrameError::polars("spreading a stock over months"))?;
        Ok(frame)
    }
}

/// The months at whose end something holds, and that end: the told day ends its month.
fn ends_held(
    from: Date,
    to: Option<Date>,
    as_of: Date,
) -> impl Iterator<Item = (Month, Date)> + Clone {
    let told = Month::of(as_of);
    let last = to.map_or(told, |to| Month::of(to).min(told));
    let ends = Month::of(from).through(last).map(move |month| (month, month.last().min(as_of)));
    ends.filter(move |(_, end)| from <= *end && to.is_none_or(|to| to > *end))
}

/// A whole share, in millionths.
const SHARE: i64 = 1_000_000;

fn shares(frame: &DataFrame, share: Option<&str>) -> Result<Vec<i64>, MeasureError> {
    let Some(name) = share else { return Ok(Vec::new()) };
    let doing = || FrameError::polars(format!("the shares of `{name}`"));
    let cells = table::cells(frame.column(name).map_err(doing())?);
    Ok(cells.iter().map(|cell| cell.as_ref().and_then(millionths).unwrap_or(SHARE)).collect())
}

/// A number in millionths, rounded half up; none where it is no number or does not fit.
fn millionths(cell: &Cell) -> Option<i64> {
    let (digits, scale) = match cell {
        Cell::Whole(whole) => (i128::from(*whole), 0),
        Cell::Decimal(digits, scale) => (*digits, u32::from(*scale)),
        _ => return None,
    };
    let doubled = digits.checked_mul(2 * i128::from(SHARE))?;
    let one = 10_i128.checked_pow(scale)?;
    i64::try_from(doubled.checked_add(one)?.div_euclid(one.checked_mul(2)?)).ok()
}

/// Whole parts times a share in millionths, rounded half up.
fn shared_parts(parts: i64, share: i64) -> i64 {
    let doubled = 2 * i128::from(parts) * i128::from(share) + i128::from(SHARE);
    i64::try_from(doubled.div_euclid(2 * i128::from(SHARE))).unwrap_or(i64::MAX)
}

/// Rows repeated once a month.
#[derive(Default)]
struct Spread {
    rows: Vec<IdxSize>,
    months: Vec<i32>,
}

impl Spread {
    fn row(&mut self, at: usize, month: Month) {
        self.rows.push(IdxSize::try_from(at).unwrap_or(IdxSize::MAX));
        self.months.push(month.index());
    }

    fn of(self, frame: &DataFrame) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars("spreading rows over months");
        let rows = IdxCa::from_vec("_at".into(), self.rows);
        let mut spread = frame.take(&rows).map_err(doing())?;
        let months = Int32Chunked::from_vec("_month".into(), self.months);
        spread.with_column(months.into_series().into()).map_err(doing())?;
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stock_counts_at_the_ends_that_it_sees_and_without_an_end_at_all_of_them() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let held = |from: &str, to: Option<&str>| {
            let ends = ends_held(day(from), to.map(day), day("2025-03-10"));
            ends.map(|(_, end)| end.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(held("2025-01-31", None), ["2025-01-31", "2025-02-28", "2025-03-10"]);
        assert_eq!(held("2025-01-31", Some("2025-02-28")), ["2025-01-31"]);
        assert_eq!(held("2025-01-31", Some("2025-03-11")).len(), 3);
        assert_eq!(held("2025-02-01", Some("2025-02-01")), Vec::<String>::new());
        assert_eq!(held("2025-03-11", None), Vec::<String>::new());
    }

    #[test]
    fn a_share_is_what_it_says_with_any_number_of_decimals() {
        let half = [(5, 1), (50, 2), (500_000, 6), (500_000_000_000, 12)];
        for (digits, scale) in half {
            assert_eq!(millionths(&Cell::Decimal(digits, scale)), Some(500_000), "{scale}");
        }
        assert_eq!(millionths(&Cell::Decimal(3_333_335, 7)), Some(333_334));
        assert_eq!([0, 1].map(|whole| millionths(&Cell::Whole(whole))), [Some(0), Some(SHARE)]);
        assert_eq!(millionths(&Cell::Text("1".to_owned())), None);
        assert_eq!(millionths(&Cell::Decimal(i128::MAX, 6)), None);
    }

    #[test]
    fn a_third_of_a_month_is_a_whole_number_of_parts() {
        assert_eq!(shared_parts(PARTS, 333_333), 125_860);
        for days in [28, 29, 30, 31] {
            assert_eq!(PARTS % days, 0);
        }
    }
}
