//! How much of each measure is there, by unit, section and month?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use super::fact::time_of;
use crate::base::cell::Cell;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::table;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;
use crate::spec::sql::AggregateKind;

/// A unit, or one of its sections.
pub type Place = (String, Option<String>);

/// The amounts of one measure.
#[derive(Clone, Debug)]
pub struct Amounts {
    /// Its fact.
    pub fact: String,
    /// Whether the last month of a period counts, not the sum.
    is_stock: bool,
    /// One of it is so many parts, and its digits stand so far behind the point.
    divisor: i128,
    /// Which quantile, in thousandths.
    quantile: Option<u32>,
    sums: BTreeMap<Place, BTreeMap<Month, i128>>,
    counts: BTreeMap<Place, BTreeMap<Month, BTreeMap<i128, u64>>>,
}

/// What is known of a fact.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its first month with rows.
    pub first: Option<Month>,
    /// For spans, the first day covered.
    pub covered_from: Option<Date>,
    /// The tables it rests on.
    pub tables: BTreeSet<String>,
}

/// Every measure of a home.
#[derive(Clone, Debug, Default)]
pub struct Cube {
    /// By name.
    pub measures: BTreeMap<String, Amounts>,
    /// By name.
    pub facts: BTreeMap<String, Known>,
}

impl Amounts {
    /// The value at a place in a period that ends no later than `told`; `None` is no value.
    pub fn at(&self, place: &Place, period: Period, told: Month) -> Option<Exact> {
        let last = period.last().min(told);
        if let Some(thousandths) = self.quantile {
            let mut all: BTreeMap<i128, u64> = BTreeMap::new();
            for (value, count) in within(&self.counts, place, period).flat_map(|(_, dist)| dist) {
                *all.entry(*value).or_default() += count;
            }
            return quantile(&all, thousandths).map(|value| value / Exact::from(self.divisor));
        }
        let sum = if self.is_stock {
            self.sums.get(place).and_then(|months| months.get(&last)).copied().unwrap_or(0)
        } else {
            within(&self.sums, place, period).map(|(_, sum)| *sum).sum()
        };
        Some(Exact::new(sum, self.divisor))
    }

    /// The sections of a unit that have any amount.
    pub fn sections<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a str> {
        let sums = self.sums.keys().chain(self.counts.keys());
        sums.filter(move |(of, _)| of == unit).filter_map(|(_, section)| section.as_deref())
    }
}

fn within<'a, T>(
    amounts: &'a BTreeMap<Place, BTreeMap<Month, T>>,
    place: &Place,
    period: Period,
) -> impl Iterator<Item = (&'a Month, &'a T)> {
    let months = amounts.get(place).into_iter();
    months.flat_map(move |months| months.range(period.first()..=period.last()))
}

/// Type 7: linear between the two neighbours, exact.
fn quantile(values: &BTreeMap<i128, u64>, thousandths: u32) -> Option<Exact> {
    let count: u64 = values.values().sum();
    if count == 0 {
        return None;
    }
    let position = Exact::new(i128::from(count - 1) * i128::from(thousandths), 1000);
    let below = position.trunc();
    let (low, high) =
        (nth(values, below.to_integer())?, nth(values, position.ceil().to_integer())?);
    Some(Exact::from(low) + (position - below) * Exact::from(high - low))
}

fn nth(values: &BTreeMap<i128, u64>, at: i128) -> Option<i128> {
    let mut seen = 0_i128;
    values.iter().find_map(|(value, count)| {
        seen += i128::from(*count);
        (at < seen).then_some(*value)
    })
}

/// Counts every measure.
///
/// # Errors
/// An expression that polars refuses, a sum of what is no number.
pub fn count(ground: &Ground<'_>) -> Result<Cube, MeasureError> {
    let mut cube = Cube::default();
    for fact in ground.catalog.facts() {
        let rows = ground.rows(fact)?;
        let mut known = Known { first: None, covered_from: None, tables: ground.rests_on(fact) };
        if let FactKind::Span { from, .. } = &fact.kind
            && rows.width() > 0
        {
            let doing = FrameError::polars(format!("the days of `{}`", from.value));
            let days = rows.column(&from.value).and_then(|column| ground.days.of_column(column));
            known.covered_from = days.map_err(doing)?.into_iter().flatten().min();
        }
        let measures: Vec<&Measure> =
            ground.catalog.measures().filter(|measure| measure.fact.value == fact.name).collect();
        let times: BTreeSet<Option<&str>> =
            measures.iter().map(|measure| time_of(fact, measure)).collect();
        for time in times {
            let of_time: Vec<&Measure> =
                measures.iter().copied().filter(|m| time_of(fact, m) == time).collect();
            let timed = timed(ground, fact, &rows, time)?;
            for (name, amounts) in amounts(ground, fact, &of_time, &timed)? {
                let months = amounts.sums.values().flat_map(BTreeMap::keys);
                known.first = known.first.into_iter().chain(months.copied()).min();
                cube.measures.insert(name, amounts);
            }
        }
        cube.facts.insert(fact.name.clone(), known);
    }
    Ok(cube)
}

/// The rows with `_unit`, `_section` and `_month`; those without a unit or month are left out.
fn timed(
    ground: &Ground<'_>,
    fact: &Fact,
    rows: &DataFrame,
    time: Option<&str>,
) -> Result<DataFrame, MeasureError> {
    if rows.width() == 0 {
        return Ok(DataFrame::empty());
    }
    let doing = || FrameError::polars(format!("fact `{}`", fact.name));
    let mut rows = rows.clone();
    if let Some(time) = time {
        let month = ground.month_of(&rows, time)?;
        rows.with_column(month).map_err(doing())?;
    }
    let section = match &fact.section {
        Some(section) => col(section.value.as_str()),
        None => lit(NULL),
    };
    let placed = rows
        .lazy()
        .with_columns([
            col(fact.unit.value.as_str()).alias("_unit"),
            section.cast(DataType::String).alias("_section"),
        ])
        .filter(col("_unit").is_not_null().and(col("_month").is_not_null()));
    Ok(placed.collect().map_err(doing())?)
}

fn amounts(
    ground: &Ground<'_>,
    fact: &Fact,
    measures: &[&Measure],
    timed: &DataFrame,
) -> Result<Vec<(String, Amounts)>, MeasureError> {
    let keys = ["_unit", "_section", "_month"];
    let doing = || FrameError::polars(format!("measures of fact `{}`", fact.name));
    let mut counted = Vec::new();
    for measure in measures {
        let built = expr::counted(&measure.aggregate, &ground.days).map_err(doing())?;
        counted.push(built.alias(measure.name.as_str()));
    }
    let mut found: Vec<(String, Amounts)> =
        measures.iter().map(|measure| (measure.name.clone(), nothing(fact, measure))).collect();
    if timed.width() == 0 {
        return Ok(found);
    }
    let selected: Vec<Expr> = keys.iter().map(|key| col(*key)).chain(counted).collect();
    let rows = timed.clone().lazy().select(selected).collect().map_err(doing())?;
    let is_sum = |measure: &Measure| !matches!(measure.aggregate.kind, AggregateKind::Quantile(..));
    let summed: Vec<Expr> = measures
        .iter()
        .filter(|measure| is_sum(measure))
        .map(|measure| col(measure.name.as_str()).sum())
        .collect();
    let sums = rows.clone().lazy().group_by(keys.map(col)).agg(summed);
    let sums = sums.collect().map_err(doing())?;
    for (measure, (_, amounts)) in measures.iter().zip(&mut found) {
        if is_sum(measure) {
            add_sums(&sums, measure, amounts)?;
            continue;
        }
        let value = col(measure.name.as_str());
        let dist = rows
            .clone()
            .lazy()
            .filter(value.clone().is_not_null())
            .group_by(keys.map(col).into_iter().chain([value]).collect::<Vec<_>>())
            .agg([len().cast(DataType::Int64).alias("_rows")]);
        add_counts(&dist.collect().map_err(doing())?, measure, amounts)?;
    }
    Ok(found)
}

fn nothing(fact: &Fact, measure: &Measure) -> Amounts {
    Amounts {
        fact: fact.name.clone(),
        is_stock: matches!(fact.kind, FactKind::Stock { .. }),
        divisor: measure.per,
        quantile: match measure.aggregate.kind {
            AggregateKind::Quantile(_, thousandths) => Some(thousandths),
            _ => None,
        },
        sums: BTreeMap::new(),
        counts: BTreeMap::new(),
    }
}

/// The unit, the section and the month of a counted row.
fn place_of(row: &[Option<Cell>]) -> Option<(String, Option<String>, Month)> {
    let [Some(Cell::Text(unit)), section, Some(Cell::Whole(month)), ..] = row else { return None };
    let section = match section {
        Some(Cell::Text(section)) => Some(section.clone()),
        _ => None,
    };
    Some((unit.clone(), section, Month::at(i32::try_from(*month).ok()?)?))
}

/// The places that a row counts for: its section, and its unit as a whole.
fn places(unit: String, section: Option<String>) -> impl Iterator<Item = Place> {
    let whole = (unit.clone(), None);
    section.map(|section| (unit, Some(section))).into_iter().chain([whole])
}

fn add_sums(sums: &DataFrame, measure: &Measure, into: &mut Amounts) -> Result<(), MeasureError> {
    for row in table::to_rows(sums, &["_unit", "_section", "_month", &measure.name]) {
        let Some((unit, section, month)) = place_of(&row) else { continue };
        let amount = match row.get(3) {
            Some(Some(Cell::Whole(number))) => i128::from(*number),
            Some(Some(Cell::Decimal(digits, scale))) => {
                into.divisor = measure.per * 10_i128.pow(u32::from(*scale));
                *digits
            }
            Some(None) | None => continue,
            Some(Some(_)) => {
                return Err(MeasureError::NotANumber { measure: measure.name.clone() });
            }
        };
        for place in places(unit, section) {
            *into.sums.entry(place).or_default().entry(month).or_default() += amount;
        }
    }
    Ok(())
}

fn add_counts(dist: &DataFrame, measure: &Measure, into: &mut Amounts) -> Result<(), MeasureError> {
    let names = ["_unit", "_section", "_month", &measure.name, "_rows"];
    for row in table::to_rows(dist, &names) {
        let Some((unit, section, month)) = place_of(&row) else { continue };
        let (Some(Some(Cell::Whole(value))), Some(Some(Cell::Whole(count)))) =
            (row.get(3), row.get(4))
        else {
            return Err(MeasureError::NotANumber { measure: measure.name.clone() });
        };
        let count = u64::try_from(*count).unwrap_or(0);
        for place in places(unit, section) {
            let months = into.counts.entry(place).or_default();
            *months.entry(month).or_default().entry(i128::from(*value)).or_default() += count;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_type_7_and_exact() {
        let values = BTreeMap::from([(1, 2), (4, 1), (10, 1)]);
        assert_eq!(quantile(&values, 500), Some(Exact::new(5, 2)));
        assert_eq!(quantile(&values, 900), Some(Exact::new(41, 5)));
        assert_eq!(quantile(&BTreeMap::new(), 500), None);
    }
}
