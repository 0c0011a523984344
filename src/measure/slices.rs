//! Rows of a fact a slice at a time, each core at its own: what is counted of slices is added up, so that
//! memory holds slices and amounts, and never what was worked out for every row at once.

use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use polars::prelude::*;

use super::MeasureError;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::parquet::Grouped;

/// So many rows of a table are counted at a time: they stay near the core.
const SLICE: usize = 1 << 17;

/// Where the rows of a fact are.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'r> {
    /// In memory.
    Table(&'r DataFrame),
    /// In a file, of which a slice is read at a time.
    File(&'r Path),
}

impl Rows<'_> {
    /// All of them.
    pub(super) fn whole(&self) -> Result<DataFrame, FrameError> {
        match self {
            Rows::Table(table) => Ok((*table).clone()),
            Rows::File(path) => parquet::read(path),
        }
    }

    /// Does some work for every slice, and hands on what each came to, one at a time.
    pub(super) fn each<T>(
        &self,
        columns: &[String],
        work: &(dyn Fn(&DataFrame) -> Result<T, MeasureError> + Sync),
        take: &mut (dyn FnMut(T) + Send),
    ) -> Result<(), MeasureError> {
        let rows = match self {
            Rows::Table(table) => Slices::Table(table),
            Rows::File(path) => Slices::File(Grouped::open(path)?),
        };
        let slices = rows.ranges();
        let (next, take) = (AtomicUsize::new(0), Mutex::new(take));
        let of_core = || {
            while let Some(range) = slices.get(next.fetch_add(1, Ordering::Relaxed)) {
                let done = work(&rows.read(range, columns)?)?;
                (take.lock().unwrap_or_else(PoisonError::into_inner))(done);
            }
            Ok::<(), MeasureError>(())
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get).min(slices.len());
        thread::scope(|scope| {
            let others: Vec<_> = (1..cores).map(|_| scope.spawn(of_core)).collect();
            let own = of_core();
            let joined = others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            joined.fold(own, Result::and)
        })
    }
}

/// Rows that are read a slice at a time.
enum Slices<'r> {
    Table(&'r DataFrame),
    File(Grouped<'r>),
}

impl Slices<'_> {
    fn ranges(&self) -> Vec<Range<usize>> {
        match self {
            Slices::Table(table) => {
                let height = table.height();
                let starts = (0..height).step_by(SLICE);
                starts.map(|start| start..height.min(start + SLICE)).collect()
            }
            Slices::File(file) => file.groups(),
        }
    }

    /// Some of the rows, with some columns at least.
    fn read(&self, rows: &Range<usize>, columns: &[String]) -> Result<DataFrame, FrameError> {
        match self {
            Slices::Table(table) => {
                let start = i64::try_from(rows.start).unwrap_or(i64::MAX);
                Ok(table.slice(start, rows.len()))
            }
            Slices::File(file) => file.read(rows, columns),
        }
    }
}
