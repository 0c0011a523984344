//! Where are the rows of a delivery while they are judged, and what is remembered of each? Of many rows the
//! values wait on the disk, and a line a row stays: which key, which values, how new. So memory goes with
//! the number of keys and not with what the rows say.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::mem;
use std::path::PathBuf;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::ModelError;
use super::delta::delta;
use super::judge::Judge;
use super::judge::Judged;
use super::judge::Kept;
use super::judged::Correction;
use super::lake::Delivery;
use super::lake::Places;
use super::lake::hash_of;
use super::lake::key_of;
use super::lake::places;
use super::landing::clear;
use super::slot;
use crate::base::cell::Cell;
use crate::base::durable::create_folders;
use crate::base::pseudonym::print;
use crate::frame::parquet;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// So many rows wait in memory; with more, all that came wait on the disk.
const MOST_ROWS: usize = 100_000;

/// What is remembered of a row that keeps its contract.
#[derive(Debug)]
pub(super) struct Line {
    /// The print of its key.
    pub(super) key: u128,
    /// The print of its slot: of a snapshot that, else the key.
    pub(super) slot: u128,
    /// The hash of its values.
    pub(super) hash: u64,
    /// When its source changed it.
    pub(super) updated: Option<Cell>,
    /// What it corrects.
    pub(super) corrects: Option<Box<Correction>>,
    /// Whether it says that its key is deleted.
    pub(super) is_deleted: bool,
    /// Whether a slice of the past brought it.
    pub(super) is_past: bool,
    /// Where its values are: which table, and which row of it.
    pub(super) at: (u32, u32),
}

impl Line {
    /// Whether its own delivery brought it, and no correction.
    pub(super) fn is_delivered(&self) -> bool {
        self.corrects.is_none()
    }
}

/// The values of some rows, as they stand in a delta.
enum Rows {
    Held(DataFrame),
    Put(PathBuf),
}

/// The rows of a delivery.
pub struct Pile<'p> {
    pub(super) delivery: Delivery<'p>,
    pub(super) schema: &'p Schema,
    pub(super) write: &'p Write,
    /// Everything but the rows that keep their contract.
    pub judged: Judged,
    pub(super) lines: Vec<Line>,
    /// The prints of the keys of rows that break their contract.
    pub(super) spared: Vec<u128>,
    /// Of a snapshot, the slots of each source.
    slots: BTreeMap<String, BTreeSet<String>>,
    rows: Vec<Rows>,
    folder: Option<PathBuf>,
    most: usize,
}

/// What one part brings to a pile.
struct Part {
    judged: Judged,
    lines: Vec<Line>,
    rows: DataFrame,
}

impl<'p> Pile<'p> {
    /// Of a delivery, in memory as long as its rows are few, else in a folder.
    pub fn of(
        (delivery, schema, write): (Delivery<'p>, &'p Schema, &'p Write),
        folder: Option<PathBuf>,
    ) -> Pile<'p> {
        Pile {
            delivery,
            schema,
            write,
            judged: Judged::default(),
            lines: Vec::new(),
            spared: Vec::new(),
            slots: BTreeMap::new(),
            rows: Vec::new(),
            folder,
            most: MOST_ROWS,
        }
    }

    /// The same that holds no more rows than so many in memory.
    #[must_use]
    pub fn holding(mut self, most: usize) -> Pile<'p> {
        self.most = most;
        self
    }

    /// How many rows its own delivery brought that keep their contract.
    pub fn delivered(&self) -> u64 {
        self.lines.iter().filter(|line| line.is_delivered()).count() as u64
    }

    /// Judges the parts of a landing one a core, so that a large stream is no slower than several small ones.
    ///
    /// # Errors
    /// A part that can't be read, an expression that polars refuses, or the disk's.
    pub fn parts(
        &mut self,
        judge: &Judge<'_>,
        mut parts: impl Iterator<Item = Result<DataFrame, ModelError>>,
        is_past: bool,
    ) -> Result<(), ModelError> {
        loop {
            let some = parts.by_ref().take(rayon::current_num_threads());
            let some = some.collect::<Result<Vec<_>, _>>()?;
            if some.is_empty() {
                return Ok(());
            }
            let each = some.into_par_iter().map(|part| {
                let own = judged(judge, &part, is_past)?;
                drop(part);
                self.part(own)
            });
            for part in each.collect::<Result<Vec<_>, _>>()? {
                self.take(part)?;
            }
        }
    }

    /// Adds what became of some rows.
    ///
    /// # Errors
    /// The disk's.
    pub fn add(&mut self, judged: Judged) -> Result<(), ModelError> {
        self.take(self.part(judged)?)
    }

    fn part(&self, mut judged: Judged) -> Result<Part, ModelError> {
        let (kept, places) = (mem::take(&mut judged.kept), places(self.schema));
        let slots = slot::columns(self.write, self.schema);
        let hashes: Vec<String> = kept.iter().map(|kept| hash_of(&kept.cells)).collect();
        let line = |(kept, hash): (&Kept, &String)| self.line(kept, hash, (&places, &slots));
        let lines: Vec<Line> = kept.iter().zip(&hashes).map(line).collect();
        let rows: Vec<(&Kept, &str)> = kept.iter().zip(hashes.iter().map(String::as_str)).collect();
        let rows = delta(self.schema, self.delivery, &rows)?;
        if self.is_snapshot() {
            let mut of_source: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for kept in kept {
                of_source.entry(kept.source).or_default().insert(key_of(&kept.cells, &slots));
            }
            judged.slots = of_source;
        }
        Ok(Part { judged, lines, rows })
    }

    fn line(&self, kept: &Kept, hash: &str, (places, slots): (&Places, &[usize])) -> Line {
        let key = print(&key_of(&kept.cells, &places.key));
        let slot = if self.is_snapshot() { print(&key_of(&kept.cells, slots)) } else { key };
        Line {
            key,
            slot,
            hash: u64::from_str_radix(hash, 16).unwrap_or_default(),
            updated: places.updated.and_then(|at| kept.cells.get(at)?.clone()),
            corrects: kept.corrects.clone().map(Box::new),
            is_deleted: kept.is_deleted,
            is_past: kept.is_past,
            at: (0, 0),
        }
    }

    fn is_snapshot(&self) -> bool {
        matches!(self.write, Write::Snapshot { .. })
    }

    fn take(&mut self, part: Part) -> Result<(), ModelError> {
        let table = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let Part { mut judged, lines, rows } = part;
        let at = |(line, row): (Line, u32)| Line { at: (table, row), ..line };
        self.lines.extend(lines.into_iter().zip(0..).map(at));
        let key = places(self.schema).key;
        self.spared.extend(judged.spared.drain(..).map(|cells| print(&key_of(&cells, &key))));
        for (source, slots) in mem::take(&mut judged.slots) {
            self.slots.entry(source).or_default().extend(slots);
        }
        self.judged.append(judged);
        self.rows.push(Rows::Held(rows));
        if self.lines.len() > self.most { self.put() } else { Ok(()) }
    }

    /// Puts on the disk what is held.
    fn put(&mut self) -> Result<(), ModelError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        create_folders(folder)
            .map_err(|cause| ModelError::File { path: folder.display().to_string(), cause })?;
        for (at, rows) in self.rows.iter_mut().enumerate() {
            if let Rows::Held(held) = rows {
                let path = folder.join(format!("{at}.parquet"));
                parquet::put(held, &path)?;
                *rows = Rows::Put(path);
            }
        }
        Ok(())
    }

    /// The values of one table of rows.
    pub(super) fn table(&self, at: u32) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Held(rows)) => Ok(rows.clone()),
            Some(Rows::Put(path)) => Ok(parquet::read(path)?),
            None => super::delta::empty(self.schema),
        }
    }

    /// The same of the columns of the key alone.
    pub(super) fn keys(&self, at: u32) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => Ok(parquet::read_columns(path, &self.schema.primary_key)?),
            Some(Rows::Held(_)) | None => self.table(at),
        }
    }

    /// A row of a snapshot whose own slot can't be read belongs to some snapshot that its source holds.
    pub fn settle(&mut self) {
        if self.is_snapshot() {
            slot::settle(&mut self.judged.quarantined, &self.slots);
        }
    }
}

/// What became of the rows of a part.
fn judged(judge: &Judge<'_>, part: &DataFrame, is_past: bool) -> Result<Judged, ModelError> {
    let mut own = Judged::default();
    if is_past {
        judge.past(part, &mut own)?;
    } else {
        judge.part(part, &mut own)?;
    }
    Ok(own)
}

impl Drop for Pile<'_> {
    fn drop(&mut self) {
        // What is left is taken away when the stream is asked next.
        if let Some(folder) = self.folder.as_deref().filter(|folder| folder.is_dir()) {
            drop(clear(folder));
        }
    }
}
