//! How much of each measure is there, by unit, section and month, and by the dimensions of its fact?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::fact::Ground;
use super::made::made;
use super::placed::month_of_measure;
use super::placed::placed;
use super::quantile::quantile;
use super::spots::Counted;
pub use super::spots::Part;
pub use super::spots::Place;
pub use super::spots::Spot;
use super::spots::keys;
use crate::base::cell::Cell;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::table;
use crate::spec::formula::Exact;
use crate::spec::function::AsksCalendar;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;
use crate::spec::sql::AggregateKind;

/// The amounts of one measure.
#[derive(Clone, Debug)]
pub struct Amounts {
    /// Its fact.
    pub fact: String,
    /// The days without whose calendar it has no value.
    pub asks_calendar: AsksCalendar,
    /// Whether the last month of a period counts, not the sum.
    is_stock: bool,
    /// Only quarters that end by this day count, if it counts at their ends.
    quarters_until: Option<Date>,
    /// One of it is so many parts, and its digits stand so far behind the point.
    divisor: i128,
    /// The lists of the home that its columns are made from.
    pub(super) lists: BTreeSet<String>,
    /// Which quantile, in thousandths.
    quantile: Option<u32>,
    pub(super) sums: BTreeMap<Spot, BTreeMap<Month, i128>>,
    pub(super) counts: BTreeMap<Spot, BTreeMap<Month, BTreeMap<i128, u64>>>,
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
    /// Columns that facts make for tables, by the table.
    pub made: Vec<(String, DataFrame)>,
}

impl Amounts {
    /// What there is of it at a spot.
    pub fn on(&self, spot: &Spot) -> AmountsAt<'_> {
        AmountsAt { amounts: self, sums: self.sums.get(spot), counts: self.counts.get(spot) }
    }

    /// The sections of a unit that have any amount.
    pub fn sections<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a str> {
        let first = ((unit.to_owned(), None), None);
        let of_unit = self.spots_from(first).take_while(move |((of, _), _)| of == unit);
        of_unit.filter_map(|((_, section), _)| section.as_deref())
    }

    /// The values of a dimension that have any amount at a place.
    pub fn values<'a>(&'a self, by: &'a str, place: &'a Place) -> impl Iterator<Item = &'a str> {
        let first = (place.clone(), Some((by.to_owned(), String::new())));
        let parts = self.spots_from(first).map_while(move |(of, part)| {
            part.as_ref().filter(|(dimension, _)| of == place && dimension == by)
        });
        parts.map(|(_, value)| value.as_str())
    }

    /// Every spot with an amount from one on, in order: a measure has sums or counts, never both.
    fn spots_from(&self, first: Spot) -> impl Iterator<Item = &Spot> {
        let sums = self.sums.range(first.clone()..).map(|(spot, _)| spot);
        sums.chain(self.counts.range(first..).map(|(spot, _)| spot))
    }

    /// The months in which there is any amount of a whole unit.
    pub(super) fn months_of(&self, unit: &str) -> impl Iterator<Item = Month> {
        let spot = ((unit.to_owned(), None), None);
        let sums = self.sums.get(&spot).into_iter().flat_map(BTreeMap::keys);
        sums.chain(self.counts.get(&spot).into_iter().flat_map(BTreeMap::keys)).copied()
    }

    /// The same measure, of which there is nothing yet.
    pub(super) fn without_amounts(&self) -> Amounts {
        Amounts {
            fact: self.fact.clone(),
            asks_calendar: self.asks_calendar,
            is_stock: self.is_stock,
            quarters_until: self.quarters_until,
            divisor: self.divisor,
            lists: self.lists.clone(),
            quantile: self.quantile,
            sums: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Whether a month counts.
    fn counts_in(&self, month: Month) -> bool {
        self.quarters_until.is_none_or(|day| month.month() % 3 == 0 && month.last() <= day)
    }
}

/// The amounts of one measure at a spot.
#[derive(Clone, Copy, Debug)]
pub struct AmountsAt<'a> {
    amounts: &'a Amounts,
    sums: Option<&'a BTreeMap<Month, i128>>,
    counts: Option<&'a BTreeMap<Month, BTreeMap<i128, u64>>>,
}

impl AmountsAt<'_> {
    /// The value in a period that ends no later than `told`; `None` is no value.
    pub fn within(&self, period: Period, told: Month) -> Option<Exact> {
        let Amounts { quantile: thousandths, is_stock, divisor, .. } = *self.amounts;
        let months = || period.first()..=period.last();
        if let Some(thousandths) = thousandths {
            let mut all: BTreeMap<i128, u64> = BTreeMap::new();
            let counts = self.counts.into_iter().flat_map(|counts| counts.range(months()));
            for (value, count) in counts.flat_map(|(_, counts)| counts) {
                *all.entry(*value).or_default() += count;
            }
            return quantile(&all, thousandths).map(|value| value / Exact::from(divisor));
        }
        let sum = self.sums.map_or(0, |sums| {
            if is_stock {
                let last = period.last().min(told);
                return sums.get(&last).copied().unwrap_or(0);
            }
            sums.range(months()).map(|(_, amount)| amount).sum()
        });
        Some(Exact::new(sum, divisor))
    }
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
            let months = amounts.sums.values().flat_map(BTreeMap::keys);
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
    let is_sum = |measure: &Measure| !matches!(measure.aggregate.kind, AggregateKind::Quantile(..));
    let summed: Vec<Expr> = measures
        .iter()
        .filter(|measure| is_sum(measure))
        .map(|measure| col(measure.name.as_str()).sum())
        .collect();
    let by: Vec<Expr> = keys.iter().map(col).collect();
    let sums = rows.clone().lazy().group_by(&by).agg(summed);
    let sums = sums.collect().map_err(doing())?;
    let counted = Counted::of(fact, &sums);
    for (measure, (_, amounts)) in measures.iter().zip(&mut found) {
        if is_sum(measure) {
            add_sums(&counted, &sums, measure, amounts)?;
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

fn nothing(ground: &Ground<'_>, fact: &Fact, measure: &Measure) -> Amounts {
    Amounts {
        fact: fact.name.clone(),
        asks_calendar: asks_calendar(fact, measure),
        lists: fact.lists_of(measure),
        is_stock: matches!(fact.kind, FactKind::Stock { .. }) && !measure.at_quarter_ends,
        quarters_until: measure.at_quarter_ends.then_some(ground.as_of),
        divisor: measure.per,
        quantile: match measure.aggregate.kind {
            AggregateKind::Quantile(_, thousandths) => Some(thousandths),
            _ => None,
        },
        sums: BTreeMap::new(),
        counts: BTreeMap::new(),
    }
}

/// For which days a measure, its columns or those they are made of ask the calendar.
fn asks_calendar(fact: &Fact, measure: &Measure) -> AsksCalendar {
    let mut asking: BTreeMap<&str, AsksCalendar> = BTreeMap::new();
    if matches!(fact.kind, FactKind::Span { .. }) {
        asking.extend(["workdays", "month_workdays"].map(|name| (name, AsksCalendar::Within)));
    }
    for derived in &fact.derive {
        let Make::Sql(_, tree) = &derived.make else { continue };
        let mut asks = AsksCalendar::Never;
        tree.each_call(&mut |function| asks = asks.max(function.asks_calendar()));
        tree.each_column(&mut |name| asks = asking.get(name).map_or(asks, |of| asks.max(*of)));
        asking.insert(&derived.name, asks);
    }
    let (mut asks, aggregate) = (AsksCalendar::Never, &measure.aggregate);
    aggregate.each_call(&mut |function| asks = asks.max(function.asks_calendar()));
    aggregate.each_column(&mut |name| asks = asking.get(name).map_or(asks, |of| asks.max(*of)));
    asks
}

/// Adds up a column of sums.
fn add_sums(
    counted: &Counted,
    sums: &DataFrame,
    measure: &Measure,
    into: &mut Amounts,
) -> Result<(), MeasureError> {
    let mut amounts = Vec::with_capacity(sums.height());
    for cell in cells(sums, &measure.name) {
        amounts.push(match cell {
            None => None,
            Some(Cell::Whole(number)) => Some(i128::from(number)),
            Some(Cell::Decimal(digits, scale)) => {
                into.divisor = measure.per * 10_i128.pow(u32::from(scale));
                Some(digits)
            }
            Some(_) => {
                return Err(MeasureError::NotANumber { measure: measure.name.clone() });
            }
        });
    }
    let add = |sum: &mut i128, amount: &i128| *sum += amount;
    into.sums = counted.add(amounts.into_iter(), |month| into.counts_in(month), add);
    Ok(())
}

/// Adds up how often each value comes.
fn add_counts(
    counted: &Counted,
    dist: &DataFrame,
    measure: &Measure,
    into: &mut Amounts,
) -> Result<(), MeasureError> {
    let mut brought = Vec::with_capacity(dist.height());
    for pair in cells(dist, &measure.name).into_iter().zip(cells(dist, "_rows")) {
        let (Some(Cell::Whole(value)), Some(Cell::Whole(count))) = pair else {
            return Err(MeasureError::NotANumber { measure: measure.name.clone() });
        };
        brought.push(Some((i128::from(value), u64::try_from(count).unwrap_or(0))));
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
