//! What are the rows of a month made from? A row of a fact comes from a row of its table, from what that row points
//! at and from the month it stands in. Where all of that is what it was on the night before, so are the rows
//! of the month, and they need not be made to know it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::iter;
use std::ops::RangeInclusive;
use std::time::SystemTime;

use jiff::civil::Date;
use polars::prelude::*;
use serde::Deserialize;
use serde::Serialize;

use super::MeasureError;
use super::asked::looks_around;
use super::fact::Ground;
use super::fact::Shared;
use super::fact::TOLD_ON;
use super::fact::mixed_base;
use super::fact::time_of;
use super::made::made_names;
use super::placed::month_number;
use crate::base::period::Month;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::functions::day_column;
use crate::frame::mix::Mixed;
use crate::spec::function::Function;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;
use crate::spec::sql::Expr as Tree;

/// What the rows of a fact are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// What all of them are made with; empty where it is not known.
    with: String,
    /// What the rows of the table come to, by the month; those in no month of the fact's own time at [`NOWHERE`].
    months: BTreeMap<i32, String>,
}

/// Stands for the month of rows that have none of the fact's own time.
pub(super) const NOWHERE: i32 = 0;

impl Inputs {
    /// The months whose rows are made from what they were made from before.
    pub(super) fn same(&self, before: &Inputs) -> BTreeSet<i32> {
        if self.with.is_empty() || self.with != before.with {
            return BTreeSet::new();
        }
        let same = self.months.iter().filter(|(month, of)| before.months.get(month) == Some(of));
        same.map(|(month, _)| *month).collect()
    }
}

/// The rows of a fact that have been made and placed.
#[derive(Clone, Copy, Debug)]
pub struct Remade<'r> {
    /// They.
    pub rows: &'r DataFrame,
    /// One number for all that each of them says.
    pub mixed: &'r Mixed,
    /// What they are made from.
    pub inputs: &'r Inputs,
    /// The months of which none were made, for they would be those of the night before.
    pub same: &'r BTreeSet<i32>,
}

/// The months that the rows of a table reach.
pub(super) struct Reach {
    pub(super) inputs: Inputs,
    /// For spans, the first day that any row covers.
    pub(super) covered_from: Option<Date>,
    /// The months by their number, the first of them [`NOWHERE`].
    months: Vec<i32>,
    times: Places,
}

/// The months of each row, by the time, as places in a list of months.
type Places = Vec<(String, Vec<RangeInclusive<u32>>)>;

impl Reach {
    /// Of the rows of a fact's table; none where what becomes of a row hangs on more than itself, what it points at
    /// and its month.
    ///
    /// # Errors
    /// A column that is no day.
    pub(super) fn of(
        ground: &Ground<'_>,
        fact: &Fact,
        (base, shared): (&DataFrame, &mut Shared),
    ) -> Result<Option<Reach>, MeasureError> {
        let doing = || FrameError::polars(format!("what fact `{}` is made from", fact.name));
        let own = ground.catalog.measures().filter(|measure| measure.fact.value == fact.name);
        let measures: Vec<&Measure> = own.collect();
        let (Some(program), true) = (program(), is_alone(ground, (fact, &measures), base)) else {
            return Ok(None);
        };
        let spans = spans(ground, (fact, &measures), base)?;
        let (months, times) = numbered(spans);
        let known = months.iter().copied().map(Month::at).collect::<Vec<_>>();
        let Some(of_months) = of_months(ground, (fact, &measures), &known).map_err(doing())? else {
            return Ok(None);
        };
        let numbers = known.iter().map(|month| month.map_or(NOWHERE, month_number));
        let months: Vec<i32> = numbers.collect();
        let mixed = mixed_base(fact, base).map_err(doing())?;
        let mut found: BTreeMap<i32, String> = BTreeMap::new();
        for (time, of_rows) in &times {
            let chains = mixed.chains(of_rows.iter().cloned(), months.len());
            let all = months.iter().zip(chains).zip(&of_months);
            for ((month, chain), of_month) in all.filter(|((_, chain), _)| *chain != 0) {
                let said = format!("{time}:{chain:032x}:{of_month:032x} ");
                found.entry(*month).or_default().push_str(&said);
            }
        }
        let with = [program, ground.made_with(fact, shared)?];
        let with = sha256(with.join("\n").as_bytes());
        let inputs = Inputs { with, months: found };
        let mut reach = Reach { inputs, covered_from: None, months, times };
        if let FactKind::Span { .. } = &fact.kind {
            let covering = ground.that_keep(fact, reach.beyond(base, &BTreeSet::new())?)?;
            reach.covered_from = ground.covered_from(fact, &covering)?;
        }
        Ok(Some(reach))
    }

    /// The rows that reach any month but these.
    ///
    /// # Errors
    /// Other rows than those whose reach this is.
    pub(super) fn beyond(
        &self,
        base: &DataFrame,
        same: &BTreeSet<i32>,
    ) -> Result<DataFrame, MeasureError> {
        let is_same: Vec<bool> = self.months.iter().map(|month| same.contains(month)).collect();
        let mut is_beyond = vec![false; base.height()];
        for (_, of_rows) in &self.times {
            for (is_beyond, months) in is_beyond.iter_mut().zip(of_rows) {
                *is_beyond |= months.clone().any(|month| !is_same[month as usize]);
            }
        }
        let is_beyond = BooleanChunked::from_slice("".into(), &is_beyond);
        Ok(base.filter(&is_beyond).map_err(FrameError::polars("rows of other months"))?)
    }
}

/// The program that makes the rows, as the system knows its file: another may make them in another way.
fn program() -> Option<String> {
    let file = fs::metadata(env::current_exe().ok()?).ok()?;
    let since = file.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("{} {}", file.len(), since.as_nanos()))
}

/// Whether what becomes of a row hangs on no other row of its table, and its months can be told from its own columns.
fn is_alone(ground: &Ground<'_>, (fact, measures): (&Fact, &[&Measure]), base: &DataFrame) -> bool {
    let is_own = |name: &str| {
        base.column(name).is_ok() && fact.derive.iter().all(|derived| derived.name != name)
    };
    let times = measures.iter().filter_map(|measure| time_of(fact, measure));
    let days = fact.kind.days();
    let mut times = days.iter().map(|found| found.value.as_str()).chain(times);
    let is_event = matches!(fact.kind, FactKind::Event { .. });
    let mut looks_around = measures.iter().any(|measure| looks_around(measure));
    each_tree(fact, &mut |tree| {
        tree.each_call(&mut |call| {
            looks_around |= matches!(call, Function::Ordinal | Function::Repeats);
        });
    });
    // The list of an event without a day is that of the told day.
    let lists = fact.derive.iter().any(|of| matches!(of.make, Make::Listed { .. }));
    // Since when a span is covered is asked of its table.
    let mut keeps_own = true;
    if let (Some((_, keep)), FactKind::Span { .. }) = (&fact.keep, &fact.kind) {
        keep.each_column(&mut |name| keeps_own &= is_own(name));
    }
    let is_made = !made_names(ground.catalog, fact).is_empty();
    times.all(is_own) && !looks_around && !(lists && is_event) && keeps_own && !is_made
}

/// The expressions by which rows are made and kept.
fn each_tree<'f>(fact: &'f Fact, see: &mut impl FnMut(&'f Tree)) {
    for derived in &fact.derive {
        if let Make::Sql(_, tree) | Make::Spell { on: (_, tree) } = &derived.make {
            see(tree);
        }
    }
    fact.keep.iter().for_each(|(_, tree)| see(tree));
}

/// The first and last month of each row, by the time: of no month [`NOWHERE`] where the fact's own time has none.
type Spans = Vec<(String, Vec<Option<(i32, i32)>>)>;

fn spans(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    base: &DataFrame,
) -> Result<Spans, MeasureError> {
    let FactKind::Event { time: own } = &fact.kind else {
        let spans = ground.reached(fact, base)?.into_iter();
        let spans = spans.map(|span| span.map(|(first, last)| (first.index(), last.index())));
        return Ok(vec![("_month".to_owned(), spans.collect())]);
    };
    let times = measures.iter().filter_map(|measure| time_of(fact, measure));
    let times: BTreeSet<&str> = times.chain([own.value.as_str()]).collect();
    let doing = || FrameError::polars(format!("the months of fact `{}`", fact.name));
    let mut spans = Spans::new();
    for time in times {
        let months = ground.month_of(base, time)?;
        let otherwise = (time == own.value).then_some((NOWHERE, NOWHERE));
        let months = months.i32().map_err(doing())?.iter();
        let months = months.map(|month| month.map(|month| (month, month)).or(otherwise));
        spans.push((time.to_owned(), months.collect()));
    }
    Ok(spans)
}

/// The months as numbers since the year 0, the first of them none, and the place of each row's months among them.
#[expect(clippy::reversed_empty_ranges, reason = "no month at all")]
fn numbered(spans: Spans) -> (Vec<i32>, Places) {
    let all = spans.iter().flat_map(|(_, of_rows)| of_rows.iter().flatten());
    let all = all.flat_map(|(first, last)| [*first, *last]).filter(|month| *month != NOWHERE);
    let (least, most) = all.fold((i32::MAX, i32::MIN), |(l, m), at| (l.min(at), m.max(at)));
    let place = |month: i32| match month {
        NOWHERE => 0,
        month => u32::try_from(month - least + 1).unwrap_or(0),
    };
    let range =
        |span: Option<(i32, i32)>| span.map_or(1..=0, |(first, last)| place(first)..=place(last));
    let times =
        spans.into_iter().map(|(time, of_rows)| (time, of_rows.into_iter().map(range).collect()));
    (iter::once(i32::MIN).chain(least..=most).collect(), times.collect())
}

/// What the months themselves bring to the rows that stand in them: where they end, and what is made of that and the told day
/// alone. None where the told day is asked of rows.
fn of_months(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    months: &[Option<Month>],
) -> PolarsResult<Option<Vec<u128>>> {
    let told = iter::repeat_n(Some(ground.as_of), months.len());
    let mut frame = DataFrame::new(months.len(), vec![day_column(TOLD_ON, told)])?;
    let ends = months.iter().map(|month| month.map(|month| month.last().min(ground.as_of)));
    match fact.kind {
        FactKind::Event { .. } => {}
        FactKind::Span { .. } => drop(frame.with_column(day_column("_end", ends))?),
        FactKind::Stock { .. } => drop(frame.with_column(day_column("period_end", ends))?),
    }
    let mut asks_the_day = false;
    let mut see = |name: &str| asks_the_day |= name == TOLD_ON;
    for derived in &fact.derive {
        match &derived.make {
            Make::Sql(_, tree) => {
                let (mut names, whose) =
                    (BTreeSet::<&str>::new(), format!("column `{}`", derived.name));
                tree.each_column(&mut |name| names.extend([name]));
                if names.iter().all(|name| frame.column(name).is_ok()) {
                    let made = expr::exact(tree, &ground.days, &whose)?.alias(&*derived.name);
                    frame = frame.lazy().with_column(made).collect()?;
                } else {
                    tree.each_column(&mut see);
                }
            }
            Make::Spell { on: (_, tree) } => tree.each_column(&mut see),
            Make::Listed { value, .. } => see(&value.value),
            Make::Exists { .. } => {}
        }
    }
    fact.keep.iter().for_each(|(_, tree)| tree.each_column(&mut see));
    for measure in measures {
        measure.aggregate.each_column(&mut see);
    }
    if asks_the_day {
        return Ok(None);
    }
    let names = frame.columns().iter().map(|column| column.name().as_str());
    let names: Vec<&str> = names.filter(|name| *name != TOLD_ON).collect();
    Ok(Some(Mixed::of(&frame, &names)?.numbers()))
}
