//! How much of each measure is there, by unit, section and month, and by the dimensions of its fact?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use super::fact::time_of;
use super::quantile::quantile;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
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

/// A dimension and one of its values, such as one duty.
pub type Part = (String, String);

/// The amounts of one measure.
#[derive(Clone, Debug)]
pub struct Amounts {
    /// Its fact.
    pub fact: String,
    /// Whether the last month of a period counts, not the sum.
    is_stock: bool,
    /// Only quarters that end by this day count, if it counts at their ends.
    quarters_until: Option<Date>,
    /// One of it is so many parts, and its digits stand so far behind the point.
    divisor: i128,
    /// Which quantile, in thousandths.
    quantile: Option<u32>,
    whole: Series,
    parts: BTreeMap<Part, Series>,
}

/// Amounts by place and month.
#[derive(Clone, Debug, Default)]
struct Series {
    sums: BTreeMap<Place, BTreeMap<Month, i128>>,
    counts: BTreeMap<Place, BTreeMap<Month, BTreeMap<i128, u64>>>,
}

/// What is known of a fact.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its first month with rows.
    pub first: Option<Month>,
    /// Whether it tells what holds, perhaps for long, not what happens.
    pub is_stock: bool,
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
    /// The value at a place, or of one part there, in a period that ends no later than `told`; `None`
    /// is no value.
    pub fn at(
        &self,
        place: &Place,
        part: Option<&Part>,
        period: Period,
        told: Month,
    ) -> Option<Exact> {
        let nothing = Series::default();
        let series = part.map_or(&self.whole, |part| self.parts.get(part).unwrap_or(&nothing));
        let last = period.last().min(told);
        if let Some(thousandths) = self.quantile {
            let mut all: BTreeMap<i128, u64> = BTreeMap::new();
            for (value, count) in within(&series.counts, place, period).flat_map(|(_, dist)| dist) {
                *all.entry(*value).or_default() += count;
            }
            return quantile(&all, thousandths).map(|value| value / Exact::from(self.divisor));
        }
        let sum = if self.is_stock {
            series.sums.get(place).and_then(|months| months.get(&last)).copied().unwrap_or(0)
        } else {
            within(&series.sums, place, period).map(|(_, sum)| *sum).sum()
        };
        Some(Exact::new(sum, self.divisor))
    }

    /// The sections of a unit that have any amount.
    pub fn sections<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a str> {
        let sums = self.whole.sums.keys().chain(self.whole.counts.keys());
        sums.filter(move |(of, _)| of == unit).filter_map(|(_, section)| section.as_deref())
    }

    /// The values of a dimension that have any amount at a place.
    pub fn values<'a>(&'a self, by: &'a str, place: &'a Place) -> impl Iterator<Item = &'a str> {
        let parts = self.parts.range((by.to_owned(), String::new())..);
        parts
            .take_while(move |((of, _), _)| of == by)
            .filter(move |(_, series)| {
                series.sums.contains_key(place) || series.counts.contains_key(place)
            })
            .map(|((_, value), _)| value.as_str())
    }

    /// Adds to the section, the unit, and both again by each dimension.
    fn add(&mut self, spot: Spot, add: impl Fn(&mut Series, Place)) {
        let Spot { unit, section, month, parts } = spot;
        if self.quarters_until.is_some_and(|day| month.month() % 3 != 0 || month.last() > day) {
            return;
        }
        let whole = (unit.clone(), None);
        let places = section.map(|section| (unit, Some(section))).into_iter().chain([whole]);
        for place in places {
            for part in &parts {
                add(self.parts.entry(part.clone()).or_default(), place.clone());
            }
            add(&mut self.whole, place);
        }
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

/// Counts every measure.
///
/// # Errors
/// An expression that polars refuses, a sum of what is no number.
pub fn count(ground: &Ground<'_>) -> Result<Cube, MeasureError> {
    let mut cube = Cube::default();
    for fact in ground.catalog.facts() {
        let rows = ground.rows(fact)?;
        let mut known = Known {
            first: None,
            is_stock: matches!(fact.kind, FactKind::Stock { .. }),
            covered_from: None,
            tables: ground.rests_on(fact),
        };
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
            let placed = placed(ground, fact, &rows, time)?;
            for (name, amounts) in amounts(ground, fact, &of_time, &placed)? {
                let months = amounts.whole.sums.values().flat_map(BTreeMap::keys);
                known.first = known.first.into_iter().chain(months.copied()).min();
                cube.measures.insert(name, amounts);
            }
        }
        cube.facts.insert(fact.name.clone(), known);
    }
    Ok(cube)
}

/// The column of a dimension: of its name, or else the key to what it names.
fn dimension(rows: &DataFrame, by: &str) -> String {
    if rows.column(by).is_ok() { by.to_owned() } else { format!("{by}_id") }
}

/// The rows with `_unit`, `_section`, `_month` and the dimensions; those without a unit or month are
/// left out.
fn placed(
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
    let mut keys = vec![
        col(fact.unit.value.as_str()).alias("_unit"),
        section.cast(DataType::String).alias("_section"),
    ];
    for by in &fact.by {
        let column = col(dimension(&rows, &by.value));
        keys.push(column.cast(DataType::String).alias(format!("_by_{}", by.value)));
    }
    let kept = rows
        .lazy()
        .with_columns(keys)
        .filter(col("_unit").is_not_null().and(col("_month").is_not_null()));
    Ok(kept.collect().map_err(doing())?)
}

fn amounts(
    ground: &Ground<'_>,
    fact: &Fact,
    measures: &[&Measure],
    placed: &DataFrame,
) -> Result<Vec<(String, Amounts)>, MeasureError> {
    let keys = keys(fact);
    let doing = || FrameError::polars(format!("measures of fact `{}`", fact.name));
    let mut counted = Vec::new();
    for measure in measures {
        let built = expr::counted(&measure.aggregate, &ground.days).map_err(doing())?;
        counted.push(built.alias(measure.name.as_str()));
    }
    let mut found: Vec<(String, Amounts)> =
        measures.iter().map(|m| (m.name.clone(), nothing(ground, fact, m))).collect();
    if placed.width() == 0 {
        return Ok(found);
    }
    let selected: Vec<Expr> = keys.iter().map(col).chain(counted).collect();
    let rows = placed.clone().lazy().select(selected).collect().map_err(doing())?;
    let is_sum = |measure: &Measure| !matches!(measure.aggregate.kind, AggregateKind::Quantile(..));
    let summed: Vec<Expr> = measures
        .iter()
        .filter(|measure| is_sum(measure))
        .map(|measure| col(measure.name.as_str()).sum())
        .collect();
    let by: Vec<Expr> = keys.iter().map(col).collect();
    let sums = rows.clone().lazy().group_by(&by).agg(summed);
    let sums = sums.collect().map_err(doing())?;
    for (measure, (_, amounts)) in measures.iter().zip(&mut found) {
        if is_sum(measure) {
            add_sums(fact, &sums, measure, amounts)?;
            continue;
        }
        let value = col(measure.name.as_str());
        let dist = rows
            .clone()
            .lazy()
            .filter(value.clone().is_not_null())
            .group_by(by.iter().cloned().chain([value]).collect::<Vec<_>>())
            .agg([len().cast(DataType::Int64).alias("_rows")]);
        add_counts(fact, &dist.collect().map_err(doing())?, measure, amounts)?;
    }
    Ok(found)
}

/// What rows are counted by.
fn keys(fact: &Fact) -> Vec<String> {
    let dimensions = fact.by.iter().map(|by| format!("_by_{}", by.value));
    ["_unit", "_section", "_month"].map(str::to_owned).into_iter().chain(dimensions).collect()
}

fn nothing(ground: &Ground<'_>, fact: &Fact, measure: &Measure) -> Amounts {
    Amounts {
        fact: fact.name.clone(),
        is_stock: matches!(fact.kind, FactKind::Stock { .. }) && !measure.at_quarter_ends,
        quarters_until: measure.at_quarter_ends.then_some(ground.as_of),
        divisor: measure.per,
        quantile: match measure.aggregate.kind {
            AggregateKind::Quantile(_, thousandths) => Some(thousandths),
            _ => None,
        },
        whole: Series::default(),
        parts: BTreeMap::new(),
    }
}

/// Where and when a counted row counts.
struct Spot {
    unit: String,
    section: Option<String>,
    month: Month,
    parts: Vec<Part>,
}

/// The spots of a counted table with the columns after their keys.
fn spots(fact: &Fact, counted: &DataFrame, more: &[&str]) -> Vec<(Spot, CellRow)> {
    let keys = keys(fact);
    let names: Vec<&str> = keys.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let spot = |mut row: CellRow| {
        let rest = row.split_off(keys.len());
        let mut cells = row.into_iter();
        let (Some(Some(Cell::Text(unit))), Some(section), Some(Some(Cell::Whole(month)))) =
            (cells.next(), cells.next(), cells.next())
        else {
            return None;
        };
        let section = text(section);
        let month = Month::at(i32::try_from(month).ok()?)?;
        let values = fact.by.iter().zip(cells);
        let parts = values.filter_map(|(by, cell)| Some((by.value.clone(), text(cell)?)));
        Some((Spot { unit, section, month, parts: parts.collect() }, rest))
    };
    table::to_rows(counted, &names).into_iter().filter_map(spot).collect()
}

fn text(cell: Option<Cell>) -> Option<String> {
    match cell {
        Some(Cell::Text(text)) => Some(text),
        _ => None,
    }
}

fn add_sums(
    fact: &Fact,
    sums: &DataFrame,
    measure: &Measure,
    into: &mut Amounts,
) -> Result<(), MeasureError> {
    for (spot, rest) in spots(fact, sums, &[&measure.name]) {
        let amount = match rest.as_slice() {
            [Some(Cell::Whole(number))] => i128::from(*number),
            [Some(Cell::Decimal(digits, scale))] => {
                into.divisor = measure.per * 10_i128.pow(u32::from(*scale));
                *digits
            }
            [Some(_)] => {
                return Err(MeasureError::NotANumber { measure: measure.name.clone() });
            }
            _ => continue,
        };
        let month = spot.month;
        into.add(spot, |series, place| {
            *series.sums.entry(place).or_default().entry(month).or_default() += amount;
        });
    }
    Ok(())
}

fn add_counts(
    fact: &Fact,
    dist: &DataFrame,
    measure: &Measure,
    into: &mut Amounts,
) -> Result<(), MeasureError> {
    for (spot, rest) in spots(fact, dist, &[&measure.name, "_rows"]) {
        let [Some(Cell::Whole(value)), Some(Cell::Whole(count))] = rest.as_slice() else {
            return Err(MeasureError::NotANumber { measure: measure.name.clone() });
        };
        let (month, value) = (spot.month, i128::from(*value));
        let count = u64::try_from(*count).unwrap_or(0);
        into.add(spot, |series, place| {
            let months = series.counts.entry(place).or_default();
            *months.entry(month).or_default().entry(value).or_default() += count;
        });
    }
    Ok(())
}
