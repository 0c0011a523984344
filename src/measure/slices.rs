//! Rows of a fact a slice at a time, each core at its own: what is counted of slices is added up, so that
//! memory holds slices and amounts, and never what was worked out for every row at once.

use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use polars::prelude::*;

use super::MeasureError;
use super::counts::Counts;
use crate::frame::FrameError;
use crate::frame::codes::Bundles;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::frame::parquet;

/// So many rows of a table are counted at a time: they stay near the core.
const SLICE: usize = 1 << 17;

/// So many rows of amounts may wait until they are added up.
const WAITING: usize = 1 << 19;

/// Where the rows of a fact are.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'r> {
    /// In memory.
    Table(&'r DataFrame),
    /// In a file, of which a slice is read at a time.
    File(&'r Path),
}

impl Rows<'_> {
    /// The slices that they are counted in.
    fn slices(&self) -> Result<Vec<Range<usize>>, FrameError> {
        match self {
            Rows::Table(table) => {
                let height = table.height();
                let starts = (0..height).step_by(SLICE);
                Ok(starts.map(|start| start..height.min(start + SLICE)).collect())
            }
            Rows::File(path) => parquet::row_groups(path),
        }
    }

    /// Some of the rows, with some columns at least.
    fn slice(&self, rows: &Range<usize>, columns: &[String]) -> Result<DataFrame, FrameError> {
        match self {
            Rows::Table(table) => {
                let start = i64::try_from(rows.start).unwrap_or(i64::MAX);
                Ok(table.slice(start, rows.len()))
            }
            Rows::File(path) => parquet::read_slice(path, rows, columns),
        }
    }

    /// All of them.
    pub(super) fn whole(&self) -> Result<DataFrame, FrameError> {
        match self {
            Rows::Table(table) => Ok((*table).clone()),
            Rows::File(path) => parquet::read(path),
        }
    }

    /// What all of them come to, where `count` says it of a slice.
    pub(super) fn count_each(
        &self,
        columns: &[String],
        count: &(dyn Fn(&DataFrame) -> Result<Counts, MeasureError> + Sync),
    ) -> Result<Counts, MeasureError> {
        let slices = self.slices()?;
        let next = AtomicUsize::new(0);
        let work = || {
            let mut own = Waiting::default();
            while let Some(rows) = slices.get(next.fetch_add(1, Ordering::Relaxed)) {
                own.add(count(&self.slice(rows, columns)?)?)?;
            }
            own.added_up()
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get).min(slices.len());
        let mut all = Waiting::default();
        thread::scope(|scope| {
            let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
            all.add(work()?)?;
            for other in others {
                let counted = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                all.add(counted?)?;
            }
            all.added_up()
        })
    }
}

/// Counts of slices that have not been added up yet.
#[derive(Default)]
struct Waiting {
    counts: Counts,
    added_up: usize,
}

impl Waiting {
    fn height(&self) -> usize {
        self.counts.sums.height() + self.counts.values.height()
    }

    fn add(&mut self, more: Counts) -> Result<(), MeasureError> {
        let counts = std::mem::take(&mut self.counts).and(more);
        self.counts = counts.map_err(FrameError::polars("adding up what was counted"))?;
        if self.height() > 2 * self.added_up + WAITING {
            self.counts = added_up(&self.counts)?;
            self.added_up = self.height();
        }
        Ok(())
    }

    fn added_up(&self) -> Result<Counts, MeasureError> {
        added_up(&self.counts)
    }
}

fn added_up(counts: &Counts) -> Result<Counts, MeasureError> {
    let each = |table: &DataFrame, is_amount: fn(&str) -> bool| {
        together(table, is_amount).map_err(FrameError::polars("adding up what was counted"))
    };
    Ok(Counts {
        sums: each(&counts.sums, |name| !name.starts_with('_'))?,
        values: each(&counts.values, |name| name == "_rows")?,
    })
}

/// Rows that differ in nothing but amounts as one, in the order of the other columns.
fn together(table: &DataFrame, is_amount: fn(&str) -> bool) -> PolarsResult<DataFrame> {
    let mut groups = Bundles::one(table.height());
    for key in table.columns().iter().filter(|column| !is_amount(column.name())) {
        let (of_rows, values) = codes(key)?;
        groups = groups.by(&of_rows, values, false);
    }
    if groups.count() == 0 {
        return Ok(table.clone());
    }
    let first = IdxCa::from_vec("_at".into(), groups.first.clone());
    let columns = table.columns().iter().map(|column| {
        if is_amount(column.name()) { sum(column, &groups) } else { column.take(&first) }
    });
    DataFrame::new(groups.count(), columns.collect::<PolarsResult<_>>()?)
}

/// The values of a key as numbers, and how many there are.
fn codes(key: &Column) -> PolarsResult<(Vec<u32>, usize)> {
    fn coded<V>(codes: Codes<V>) -> (Vec<u32>, usize) {
        (codes.of_rows, codes.values.len())
    }
    Ok(match key.dtype() {
        DataType::String => coded(Codes::of_texts(key)?),
        DataType::Decimal(..) => {
            let digits = key.as_materialized_series().decimal()?.physical().clone();
            coded(Codes::of_values(digits.iter()))
        }
        _ => {
            let numbers = key.cast(&DataType::Int64)?;
            coded(Codes::of_values(numbers.i64()?.iter().map(|number| number.map(i128::from))))
        }
    })
}

/// An amount of each group; none where no row has any.
fn sum(column: &Column, groups: &Bundles) -> PolarsResult<Column> {
    fn add<N: Copy + std::ops::Add<Output = N>>(
        amounts: impl Iterator<Item = Option<N>>,
        groups: &Bundles,
    ) -> Vec<Option<N>> {
        let mut sums = vec![None; groups.count()];
        for (group, amount) in groups.of_rows.iter().zip(amounts).filter(|(at, _)| **at != NONE) {
            let sum: &mut Option<N> = &mut sums[*group as usize];
            *sum = match (*sum, amount) {
                (Some(sum), Some(amount)) => Some(sum + amount),
                (sum, amount) => sum.or(amount),
            };
        }
        sums
    }
    let name = column.name().clone();
    if let DataType::Decimal(digits, scale) = column.dtype() {
        let amounts = column.as_materialized_series().decimal()?.physical().clone();
        let sums = Int128Chunked::from_iter_options(name, add(amounts.iter(), groups).into_iter());
        return Ok(sums.into_decimal(*digits, *scale)?.into_column());
    }
    let sums = add(column.i64()?.iter(), groups);
    Ok(Int64Chunked::from_iter_options(name, sums.into_iter()).into_column())
}
