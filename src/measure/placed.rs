//! Where and when does a row of a fact count? Beside the fact's own columns stand `_unit`, `_section`,
//! `_by_…` for each dimension, and its month as people read it: 202507.

use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use super::fact::time_of;
use super::units::in_force;
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
        FactKind::Stock { passes_on, .. } => while_there(ground, kept, *passes_on),
        FactKind::Event { .. } | FactKind::Span { .. } => Ok(kept),
    }
}

/// The rows of a stock at those ends of months at which their unit was there. What passes on counts for what had followed
/// the unit by then, in none of its sections.
fn while_there(
    ground: &Ground<'_>,
    mut rows: DataFrame,
    passes_on: bool,
) -> Result<DataFrame, MeasureError> {
    let doing = || FrameError::polars("looking whether units were there");
    let known = lines(ground.tables.get("unit"));
    let ends = ground.days_of(&rows, "period_end")?;
    let units = rows.column("_unit").and_then(|units| Ok(units.str()?.clone())).map_err(doing())?;
    let on = |(unit, end): (Option<&str>, Option<Date>)| {
        let next = end.map_or(unit, |end| in_force(&known, unit?, end));
        next.filter(|next| passes_on || Some(*next) == unit).map(str::to_owned)
    };
    let on: Vec<Option<String>> = units.iter().zip(ends).map(on).collect();
    let stays = || units.iter().zip(&on).map(|(unit, on)| unit == on.as_deref());
    if stays().all(|stays| stays) {
        return Ok(rows);
    }
    let stays = BooleanChunked::from_iter_values("".into(), stays());
    let on = on.iter().map(Option::as_deref);
    rows.with_column(StringChunked::from_iter_options("_unit".into(), on).into_column())
        .map_err(doing())?;
    let section = when(lit(stays.into_series())).then(col("_section")).otherwise(lit(NULL));
    let rows = rows.lazy().with_column(section.alias("_section"));
    Ok(rows.filter(col("_unit").is_not_null()).collect().map_err(doing())?)
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
