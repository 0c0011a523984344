//! How much of each measure is there, by unit, section and month, and by the dimensions of its fact?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;
use rayon::prelude::*;

use super::MeasureError;
pub use super::amounts::Amounts;
pub use super::amounts::AmountsAt;
use super::amounts::Way;
use super::asked::by_month;
use super::asked::kept_by;
use super::asked::rows_of;
use super::asked::unanswered_of;
use super::counts::Counts;
use super::counts::Summed;
use super::counts::Valued;
use super::fact::Ground;
use super::fact::Shared;
use super::fact::TOLD;
use super::made::made;
use super::often::Distribution;
use super::placed::placed;
use super::recount::KeptMonths;
use super::recount::Recount;
use super::series::Series;
pub use super::slices::Rows;
pub use super::spot::Part;
pub use super::spot::Place;
pub use super::spot::Spot;
use super::spots::Standing;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::mix::Mixed;
use crate::spec::catalog::Catalog;
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
    /// How much of each fact was counted, where what was counted before is kept.
    pub recounts: Vec<Recount>,
    /// Columns that facts make for tables, by the table.
    pub made: Vec<(String, DataFrame)>,
}

/// Counts every measure.
///
/// # Errors
/// An expression that polars refuses, a sum of what is no number.
pub fn count(ground: &Ground<'_>) -> Result<Cube, MeasureError> {
    count_and(ground, None)
}

/// Counts again what was kept of some facts, such as the rows of one unit; `facts` is what is known of them.
///
/// # Errors
/// As [`count`].
pub fn count_again(
    ground: &Ground<'_>,
    facts: BTreeMap<String, Known>,
    rows: &BTreeMap<String, Rows<'_>>,
) -> Result<Cube, MeasureError> {
    let mut cube = Cube { facts, ..Cube::default() };
    for fact in ground.catalog.facts() {
        if let Some(rows) = rows.get(&fact.name) {
            let counts = Counts::of(ground, fact, *rows, &|_, _| true)?;
            add(ground, fact, &counts, &mut cube.measures);
        }
    }
    Ok(cube)
}

/// What is kept from night to night.
pub struct Keeping<'k> {
    /// Keeps the rows of a fact that have been placed, each with one number for all that it says.
    pub keep: &'k mut Keep<'k>,
    /// What was counted of months, where that is kept.
    pub months: Option<&'k KeptMonths>,
}

/// What is done with the rows of a fact.
pub type Keep<'k> = dyn FnMut(&Fact, &DataFrame, &Mixed) -> Result<(), MeasureError> + 'k;

/// Counts every measure, and keeps what it is counted from. Months that are kept from before and have the same
/// rows are not counted again.
///
/// # Errors
/// As [`count`], and what keeping fails with.
pub fn count_and(
    ground: &Ground<'_>,
    mut keeping: Option<Keeping<'_>>,
) -> Result<Cube, MeasureError> {
    let mut cube = Cube::default();
    let mut shared = Shared::of(keeping.is_some());
    for fact in ground.catalog.facts() {
        let rows = match shared.rows.remove(&fact.name) {
            Some(rows) => rows,
            None => ground.rows_beside(fact, &mut shared)?,
        };
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
        let mut placed = placed(ground, fact, rows)?;
        forget_the_day(ground.catalog, fact, &mut placed);
        if let Some(Keeping { keep, .. }) = &mut keeping {
            let doing = FrameError::polars(format!("mixing rows of fact `{}`", fact.name));
            let mixed = ground.mixed(fact, &mut placed).map_err(doing)?;
            keep(fact, &placed, &mixed)?;
        }
        let (counts, recount) = match keeping.as_ref().and_then(|keeping| keeping.months) {
            Some(months) => months.counts(ground, fact, &placed)?,
            None => (Counts::of(ground, fact, Rows::Table(&placed), &|_, _| true)?, None),
        };
        cube.recounts.extend(recount);
        known.first = add(ground, fact, &counts, &mut cube.measures);
        cube.facts.insert(fact.name.clone(), known);
        tracing::debug!(fact = fact.name, "fact was counted");
    }
    Ok(cube)
}

/// Leaves the told day and the night out of rows whose measures do not look at them: so they stay the same when a day has
/// passed.
fn forget_the_day(catalog: &Catalog, fact: &Fact, rows: &mut DataFrame) {
    let mut asked = BTreeSet::new();
    for measure in catalog.measures().filter(|measure| measure.fact.value == fact.name) {
        measure.aggregate.each_column(&mut |name| _ = asked.insert(name.to_owned()));
    }
    *rows = rows.drop_many(TOLD.into_iter().filter(|name| !asked.contains(*name)));
}

/// The measures of a fact, from what was counted of it; the first month in which any counted something.
fn add(
    ground: &Ground<'_>,
    fact: &Fact,
    counts: &Counts,
    into: &mut BTreeMap<String, Amounts>,
) -> Option<Month> {
    let mut first = None;
    let cells = counts.in_order();
    for (time, of_time) in &by_month(ground, fact) {
        // Those that count at the ends of quarters stand apart, for they count in fewer months.
        let (at_ends, always): (Vec<&Measure>, Vec<&Measure>) =
            of_time.iter().partition(|measure| measure.at_quarter_ends);
        for measures in [at_ends, always].iter().filter(|measures| !measures.is_empty()) {
            let kept = |measure: &&Measure| kept_by(of_time, measure).to_owned();
            let kept: Vec<String> = measures.iter().map(kept).collect();
            for (name, amounts) in amounts(ground, (fact, measures), &kept, (time, counts, &cells))
            {
                let firsts = [amounts.sums.first(), amounts.rows.first(), first];
                first = firsts.into_iter().flatten().min();
                into.insert(name, amounts);
            }
        }
    }
    first
}

fn amounts(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    kept: &[String],
    (time, counts, cells): (&str, &Counts, &[usize]),
) -> Vec<(String, Amounts)> {
    let mut found: Vec<(String, Amounts)> =
        measures.iter().map(|m| (m.name.clone(), nothing(ground, fact, m))).collect();
    let Some(((_, first), of_time)) = found.first().zip(counts.times.get(time)) else {
        return found;
    };
    let cells = cells.iter().copied().filter(|cell| of_time.is_there.get(*cell) == Some(&true));
    let standing = Standing::of(fact, (counts, cells), |month| first.counts_in(month));
    // Only what never waits for others runs beside others of its kind.
    found.par_iter_mut().for_each(|(name, amounts)| {
        if let Some(Summed { scale, sums }) = of_time.sums.get(name) {
            amounts.sums = standing.sums(sums);
            amounts.divisor *= power(scale.unwrap_or(0));
        }
        if let Some(Summed { sums, .. }) = of_time.sums.get(&rows_of(name)) {
            amounts.rows = standing.sums(sums);
        }
        for (of, rows) in unanswered_of(name).iter().zip(&mut amounts.unanswered) {
            if let Some(Summed { sums, .. }) = of_time.sums.get(of) {
                *rows = standing.sums(sums);
            }
        }
    });
    for (at, name) in kept.iter().enumerate() {
        let (before, rest) = found.split_at_mut(at);
        let (Some(valued), Some((_, amounts))) = (counts.values.get(name), rest.first_mut()) else {
            continue;
        };
        amounts.divisor *= power(valued.scale);
        let same = kept.iter().position(|other| other == name).and_then(|same| before.get(same));
        amounts.counts =
            same.map_or_else(|| values(&standing, valued), |(_, same)| same.counts.clone());
    }
    found
}

/// Ten to the power of the digits behind the point.
fn power(scale: usize) -> i128 {
    10_i128.pow(u32::try_from(scale).unwrap_or(0))
}

/// How often each value of a measure comes. How many values there are can be told of values of any kind.
fn values(standing: &Standing, valued: &Valued) -> Series<Distribution> {
    let (digits, of_digits) = valued.digits.in_order();
    let (texts, of_texts) = valued.texts.in_order();
    if texts.is_empty() {
        let digits = digits.into_iter().copied().collect();
        return standing.values(&valued.often, (digits, &of_digits));
    }
    standing.values(&valued.often, ((0..).take(texts.len()).collect(), &of_texts))
}

fn nothing(ground: &Ground<'_>, fact: &Fact, measure: &Measure) -> Amounts {
    Amounts {
        fact: fact.name.clone(),
        asks_calendar: fact.asks_calendar(measure),
        lists: fact.lists_of(measure),
        tables: ground.tables_of(fact, measure),
        is_stock: matches!(fact.kind, FactKind::Stock { .. }) && !measure.at_quarter_ends,
        quarters_until: measure.at_quarter_ends.then_some(ground.as_of),
        divisor: measure.per,
        way: Way::of(&measure.aggregate.kind),
        sums: Series::default(),
        rows: Series::default(),
        unanswered: Default::default(),
        counts: Series::default(),
    }
}
