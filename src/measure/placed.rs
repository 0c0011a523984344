//! Where and when does a row of a fact count? Beside the fact's own columns stand `_unit`, `_section`,
//! `_by_…` for each dimension, and its month as people read it: 202507.

use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use super::fact::time_of;
use super::units::lines;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;

/// The column with the month of a time: `_month` for the fact's own, `_month_accepted_at` for another.
pub fn month_column(fact: &Fact, time: Option<&str>) -> String {
    match (&fact.kind, time) {
        (FactKind::Event { time: own }, Some(time)) if own.value != time => {
            format!("_month_{time}")
        }
        _ => "_month".to_owned(),
    }
}

/// The column with the month in which a measure counts a row.
pub fn month_of_measure(fact: &Fact, measure: &Measure) -> String {
    month_column(fact, time_of(fact, measure))
}

/// A month as it stands in the rows of a fact.
pub fn month_number(month: Month) -> i32 {
    i32::from(month.year()) * 100 + i32::from(month.month())
}

/// The month of a number.
pub(super) fn month_at(number: i64) -> Option<Month> {
    let year = i16::try_from(number.div_euclid(100)).ok()?;
    Month::new(year, i8::try_from(number.rem_euclid(100)).ok()?)
}

/// The rows with their places and months; those without a unit or any month are left out.
pub(super) fn placed(
    ground: &Ground<'_>,
    fact: &Fact,
    mut rows: DataFrame,
) -> Result<DataFrame, MeasureError> {
    if rows.width() == 0 {
        return Ok(rows);
    }
    let doing = || FrameError::polars(format!("fact `{}`", fact.name));
    let mut months = BTreeSet::from(["_month".to_owned()]);
    if let FactKind::Event { time } = &fact.kind {
        let measures = ground.catalog.measures().filter(|m| m.fact.value == fact.name);
        let times: BTreeSet<Option<&str>> =
            measures.map(|m| time_of(fact, m)).chain([Some(time.value.as_str())]).collect();
        for time in times.into_iter().flatten() {
            let name = month_column(fact, Some(time));
            let month = ground.month_of(&rows, time)?.with_name(name.as_str().into());
            rows.with_column(month).map_err(doing())?;
            months.insert(name);
        }
    }
    let section = match &fact.section {
        Some(section) => col(section.value.as_str()),
        None => lit(NULL),
    };
    let mut keys = vec![
        col(fact.unit.value.as_str()).alias("_unit"),
        section.cast(DataType::String).alias("_section"),
    ];
    for by in &fact.by {
        let column = col(dimension(&rows, &by.value));
        keys.push(column.cast(DataType::String).alias(format!("_by_{}", by.value)));
    }
    keys.extend(months.iter().map(|name| {
        let index = col(name.as_str());
        let number = index.clone().floor_div(lit(12)) * lit(100) + index % lit(12) + lit(1);
        number.cast(DataType::Int32).alias(name.as_str())
    }));
    let is_placed =
        months.iter().fold(lit(false), |any, name| any.or(col(name.as_str()).is_not_null()));
    let kept = rows.lazy().with_columns(keys).filter(col("_unit").is_not_null().and(is_placed));
    let kept = kept.collect().map_err(doing())?;
    match &fact.kind {
        FactKind::Stock { .. } => while_there(ground, kept),
        FactKind::Event { .. } | FactKind::Span { .. } => Ok(kept),
    }
}

/// The rows of a stock at those ends of months at which their unit was there; what the list of units does not know may
/// always be there.
fn while_there(ground: &Ground<'_>, rows: DataFrame) -> Result<DataFrame, MeasureError> {
    let doing = || FrameError::polars("looking whether units were there");
    let units_there = lines(ground.tables.get("unit"));
    let ends = ground.days_of(&rows, "period_end")?;
    let is_there = |(unit, end): (Option<&str>, Option<Date>)| {
        let Some((lines, end)) = unit.and_then(|unit| units_there.get(unit)).zip(end) else {
            return true;
        };
        lines.iter().any(|line| line.holds(end))
    };
    let units = rows.column("_unit").and_then(|units| units.str()).map_err(doing())?;
    let is_there: Vec<bool> = units.iter().zip(ends).map(is_there).collect();
    if is_there.iter().all(|is| *is) {
        return Ok(rows);
    }
    let is_there = BooleanChunked::from_slice("".into(), &is_there);
    Ok(rows.filter(&is_there).map_err(doing())?)
}

/// The column of a dimension: of its name, or else the key to what it names.
fn dimension(rows: &DataFrame, by: &str) -> String {
    if rows.column(by).is_ok() { by.to_owned() } else { format!("{by}_id") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_again_from_its_number() {
        for (year, month) in [(2025, 1), (2025, 12), (1999, 7)] {
            let month = Month::new(year, month).unwrap();
            assert_eq!(month_at(i64::from(month_number(month))), Some(month));
        }
        assert_eq!(month_at(202_513), None);
    }
}
