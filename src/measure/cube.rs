//! How much of each measure is there, by unit, section and month, and by the dimensions of its fact?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
pub use super::amounts::Amounts;
pub use super::amounts::AmountsAt;
use super::amounts::Way;
use super::fact::Ground;
use super::made::made;
use super::placed::month_of_measure;
use super::placed::placed;
use super::spots::Counted;
pub use super::spots::Part;
pub use super::spots::Place;
pub use super::spots::Spot;
use super::spots::keys;
use crate::base::cell::Cell;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;

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
    /// Columns that facts make for tables, by the table.
    pub made: Vec<(String, DataFrame)>,
}

/// Counts every measure.
///
/// # Errors
/// An expression that polars refuses, a sum of what is no number.
pub fn count(ground: &Ground<'_>) -> Result<Cube, MeasureError> {
    count_and(ground, &mut |_, _| Ok(()))
}

/// Counts again what was kept of some facts, such as the rows of one unit; `facts` is what is known of them.
///
/// # Errors
/// As [`count`].
pub fn count_again(
    ground: &Ground<'_>,
    facts: BTreeMap<String, Known>,
    rows: &BTreeMap<String, DataFrame>,
) -> Result<Cube, MeasureError> {
    let mut cube = Cube { facts, ..Cube::default() };
    for fact in ground.catalog.facts() {
        if let Some(placed) = rows.get(&fact.name) {
            add(ground, fact, placed, &mut cube.measures)?;
        }
    }
    Ok(cube)
}

/// What is done with the rows of a fact that have been placed.
pub type Keep<'k> = dyn FnMut(&Fact, &DataFrame) -> Result<(), MeasureError> + 'k;

/// Counts every measure, and hands the rows that are counted to `keep`.
///
/// # Errors
/// As [`count`], and what `keep` fails with.
pub fn count_and(ground: &Ground<'_>, keep: &mut Keep<'_>) -> Result<Cube, MeasureError> {
    let mut cube = Cube::default();
    for fact in ground.catalog.facts() {
        let rows = ground.rows(fact)?;
        let columns = made(ground.catalog, fact, &rows)?;
        cube.made.extend(columns.map(|columns| (fact.table.value.clone(), columns)));
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
        let placed = placed(ground, fact, rows)?;
        keep(fact, &placed)?;
        known.first = add(ground, fact, &placed, &mut cube.measures)?;
        cube.facts.insert(fact.name.clone(), known);
    }
    Ok(cube)
}

/// Adds the measures of a fact; the first month in which any counted something.
fn add(
    ground: &Ground<'_>,
    fact: &Fact,
    placed: &DataFrame,
    into: &mut BTreeMap<String, Amounts>,
) -> Result<Option<Month>, MeasureError> {
    let mut first = None;
    let mut by_month: BTreeMap<String, Vec<&Measure>> = BTreeMap::new();
    for measure in ground.catalog.measures().filter(|measure| measure.fact.value == fact.name) {
        by_month.entry(month_of_measure(fact, measure)).or_default().push(measure);
    }
    for (month, measures) in by_month {
        for (name, amounts) in amounts(ground, fact, &measures, (placed, &month))? {
            let months = amounts.sums.values().chain(amounts.rows.values());
            let months = months.flat_map(BTreeMap::keys);
            first = first.into_iter().chain(months.copied()).min();
            into.insert(name, amounts);
        }
    }
    Ok(first)
}

fn amounts(
    ground: &Ground<'_>,
    fact: &Fact,
    measures: &[&Measure],
    (placed, month): (&DataFrame, &str),
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
    let mut placed = placed.clone().lazy().filter(col(month).is_not_null());
    if month != "_month" {
        placed = placed.with_column(col(month).alias("_month"));
    }
    let selected: Vec<Expr> = keys.iter().map(col).chain(counted).collect();
    let rows = placed.select(selected).collect().map_err(doing())?;
    let mut summed: Vec<Expr> = Vec::new();
    for (measure, (name, amounts)) in measures.iter().zip(&found) {
        if amounts.way.is_summed() {
            summed.push(col(name.as_str()).sum());
        }
        if !measure.aggregate.kind.is_additive() {
            summed.push(col(name.as_str()).count().cast(DataType::Int64).alias(rows_of(name)));
        }
    }
    let by: Vec<Expr> = keys.iter().map(col).collect();
    let sums = rows.clone().lazy().group_by(&by).agg(summed);
    let sums = sums.collect().map_err(doing())?;
    let counted = Counted::of(fact, &sums);
    for (measure, (name, amounts)) in measures.iter().zip(&mut found) {
        if amounts.way.is_summed() {
            amounts.sums = added(&counted, &sums, (measure, name), amounts)?;
        }
        if !measure.aggregate.kind.is_additive() {
            amounts.rows = added(&counted, &sums, (measure, &rows_of(name)), amounts)?;
        }
        if amounts.way.is_summed() {
            continue;
        }
        let value = col(measure.name.as_str());
        let dist = rows
            .clone()
            .lazy()
            .filter(value.clone().is_not_null())
            .group_by(by.iter().cloned().chain([value]).collect::<Vec<_>>())
            .agg([len().cast(DataType::Int64).alias("_rows")]);
        let dist = dist.collect().map_err(doing())?;
        add_counts(&Counted::of(fact, &dist), &dist, measure, amounts)?;
    }
    Ok(found)
}

/// The column with how many rows of a measure have a value.
fn rows_of(measure: &str) -> String {
    format!("{measure}#rows")
}

fn nothing(ground: &Ground<'_>, fact: &Fact, measure: &Measure) -> Amounts {
    Amounts {
        fact: fact.name.clone(),
        asks_calendar: fact.asks_calendar(measure),
        lists: fact.lists_of(measure),
        is_stock: matches!(fact.kind, FactKind::Stock { .. }) && !measure.at_quarter_ends,
        quarters_until: measure.at_quarter_ends.then_some(ground.as_of),
        divisor: measure.per,
        way: Way::of(&measure.aggregate.kind),
        sums: BTreeMap::new(),
        rows: BTreeMap::new(),
        counts: BTreeMap::new(),
    }
}

/// Adds up a column of whole numbers, or of the digits of decimals.
fn added(
    counted: &Counted,
    sums: &DataFrame,
    (measure, column): (&Measure, &str),
    into: &mut Amounts,
) -> Result<BTreeMap<Spot, BTreeMap<Month, i128>>, MeasureError> {
    let mut amounts = Vec::with_capacity(sums.height());
    for cell in cells(sums, column) {
        amounts.push(cell.map(|cell| digits(&cell, measure, into)).transpose()?);
    }
    let add = |sum: &mut i128, amount: &i128| *sum += amount;
    Ok(counted.add(amounts.into_iter(), |month| into.counts_in(month), add))
}

/// The digits of a number; how many stand behind the point is kept once for all.
fn digits(cell: &Cell, measure: &Measure, into: &mut Amounts) -> Result<i128, MeasureError> {
    match cell {
        Cell::Whole(number) => Ok(i128::from(*number)),
        Cell::Decimal(digits, scale) => {
            into.divisor = measure.per * 10_i128.pow(u32::from(*scale));
            Ok(*digits)
        }
        _ => Err(MeasureError::NotANumber { measure: measure.name.clone() }),
    }
}

/// Adds up how often each value comes.
fn add_counts(
    counted: &Counted,
    dist: &DataFrame,
    measure: &Measure,
    into: &mut Amounts,
) -> Result<(), MeasureError> {
    let mut brought = Vec::with_capacity(dist.height());
    let mut known: BTreeMap<Cell, i128> = BTreeMap::new();
    for pair in cells(dist, &measure.name).into_iter().zip(cells(dist, "_rows")) {
        let (Some(value), Some(Cell::Whole(count))) = pair else {
            return Err(MeasureError::NotANumber { measure: measure.name.clone() });
        };
        // How many values there are can be told of values of any kind.
        let value = if into.way == Way::Distinct {
            let next = known.len() as i128;
            *known.entry(value).or_insert(next)
        } else {
            digits(&value, measure, into)?
        };
        brought.push(Some((value, u64::try_from(count).unwrap_or(0))));
    }
    let add = |counts: &mut BTreeMap<i128, u64>, (value, count): &(i128, u64)| {
        *counts.entry(*value).or_default() += count;
    };
    into.counts = counted.add(brought.into_iter(), |month| into.counts_in(month), add);
    Ok(())
}

fn cells(table: &DataFrame, column: &str) -> Vec<Option<Cell>> {
    table.column(column).map(table::cells).unwrap_or_default()
}
