//! Where are the rows of a delivery while they are judged? Many of them wait on the disk, their values and what is
//! remembered of each, so that memory goes with neither.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::mem;
use std::ops::Range;
use std::path::PathBuf;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::ModelError;
use super::delivery::Delivery;
use super::delta;
use super::judge::Judge;
use super::judged::Correction;
use super::judged::Judged;
use super::keyed::key_of;
use super::keyed::places;
use super::landing::clear;
use super::lines::At;
use super::lines::Line;
use super::lines::Lines;
use super::lines::SHARES;
use super::part::Making;
use super::part::Part;
use super::slot;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::durable::create_folders;
use crate::base::pseudonym::print;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// So many rows wait in memory; with more, all that came wait on the disk.
const MOST_ROWS: usize = 20_000;

/// So many bytes of them do, for rows may be long.
const MOST_BYTES: usize = 8 << 20;

/// So many wait in memory until others are judged.
const FEW_ROWS: usize = 10_000;

/// The values of some rows, without what is the same in all of them.
enum Rows {
    Held(DataFrame),
    Put(PathBuf),
}

/// The rows of a delivery.
pub struct Pile<'p> {
    /// Which delivery it is.
    pub delivery: Delivery<'p>,
    pub(super) schema: &'p Schema,
    pub(super) write: &'p Write,
    /// Everything but the rows that keep their contract.
    pub judged: Judged,
    pub(super) lines: Lines,
    /// How many lines there are, and how many of them its own delivery brought.
    pub(super) height: usize,
    delivered: u64,
    /// Whether a slice of the past brought some.
    pub(super) has_past: bool,
    /// Whether the source says that it has no row.
    pub(super) is_empty: bool,
    /// Whether a row that did not come may be there.
    pub(super) is_moving: bool,
    /// What rows correct, and of a snapshot the slot of each.
    corrections: HashMap<At, (Correction, Option<u128>)>,
    /// How many keys have rows that say something else, and nothing of when: by the source of the row that was
    /// left and that of the one that stands.
    pub disagreed: BTreeMap<(String, String), u64>,
    /// The prints of the keys of rows that break their contract.
    pub(super) spared: Vec<u128>,
    /// The prints of the keys of rows that the manifest leaves out.
    pub(super) left: HashSet<u128>,
    /// Of a snapshot, the prints of the slots of what its own delivery brought.
    pub(super) snapshots: HashSet<u128>,
    /// Of it, the slots of each source.
    slots: BTreeMap<String, BTreeSet<String>>,
    rows: Vec<Rows>,
    /// How many bytes of rows are in memory.
    held: usize,
    folder: Option<PathBuf>,
    most: usize,
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
            lines: Lines::default(),
            height: 0,
            delivered: 0,
            has_past: false,
            is_empty: false,
            is_moving: false,
            corrections: HashMap::new(),
            disagreed: BTreeMap::new(),
            spared: Vec::new(),
            left: HashSet::new(),
            snapshots: HashSet::new(),
            slots: BTreeMap::new(),
            rows: Vec::new(),
            held: 0,
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

    /// How many keys its own delivery brought of which it does not say that they are deleted. A slice of the past is no
    /// part of it, and what comes twice is there once.
    ///
    /// # Errors
    /// The disk's.
    pub fn brought(&self) -> Result<u64, ModelError> {
        let is_own = |line: &Line| !line.is_correction && !line.is_past && !line.is_deleted;
        let mut brought = 0;
        for share in 0..SHARES {
            let lines = self.lines.share(share)?.into_iter().filter(is_own);
            brought += lines.map(|line| line.key).collect::<HashSet<u128>>().len() as u64;
        }
        Ok(brought)
    }

    /// How many rows its own delivery brought that keep their contract.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// What a row corrects.
    pub(super) fn correction(&self, at: At) -> Option<&Correction> {
        self.corrections.get(&at).map(|(correction, _)| correction)
    }

    /// Whether the delivery brought anew the snapshot of a row that corrects another delivery.
    pub(super) fn is_replaced(&self, at: At) -> bool {
        self.corrections.get(&at).is_some_and(|(correction, slot)| {
            !self.judged.files.contains(&correction.file)
                && slot.is_some_and(|slot| self.snapshots.contains(&slot))
        })
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
            let making = self.making();
            let each = some.into_par_iter().map(|part| making.judged(judge, part, is_past));
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
        self.take(self.making().part(judged)?)
    }

    /// How parts of it are made.
    pub(super) fn making(&self) -> Making<'p> {
        Making { schema: self.schema, write: self.write }
    }

    /// Whether a column tells, of a snapshot, to which one a row belongs.
    pub(super) fn is_within(&self, name: &str) -> bool {
        matches!(self.write, Write::Snapshot { within } if within.iter().any(|own| own == name))
    }

    fn is_snapshot(&self) -> bool {
        matches!(self.write, Write::Snapshot { .. })
    }

    /// Adds a part.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn take(&mut self, part: Part) -> Result<(), ModelError> {
        let table = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let Part { mut judged, mut lines, slots, corrections, rows } = part;
        for line in &mut lines {
            line.at.0 = table;
            self.delivered += u64::from(!line.is_correction);
            self.has_past |= line.is_past;
        }
        let own = lines.iter().zip(&slots).filter(|(line, _)| !line.is_correction);
        self.snapshots.extend(own.map(|(_, slot)| *slot));
        self.snapshots.extend(judged.emptied.iter().flatten().map(print));
        for (row, correction) in corrections {
            let slot = usize::try_from(row).ok().and_then(|row| slots.get(row).copied());
            self.corrections.insert((table, row), (correction, slot));
        }
        self.height += lines.len();
        self.lines.add(lines);
        let key = places(self.schema).key;
        let printed = |cells: CellRow| print(key_of(&cells, &key));
        self.spared.extend(judged.spared.drain(..).map(printed));
        self.left.extend(judged.left.drain(..).map(printed));
        for (source, slots) in mem::take(&mut judged.slots) {
            self.slots.entry(source).or_default().extend(slots);
        }
        self.judged.append(judged);
        self.held += rows.estimated_size();
        self.rows.push(Rows::Held(rows));
        if let Some(folder) = self.folder.as_deref().filter(|_| self.lines.held() > self.most) {
            self.lines.put(folder)?;
        }
        if self.height > self.most || self.held > MOST_BYTES { self.put() } else { Ok(()) }
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
        self.held = 0;
        Ok(())
    }

    /// The values of some rows of one table that stand together, as they stand in a delta.
    pub(super) fn rows(&self, at: u32, rows: &Range<usize>) -> Result<DataFrame, ModelError> {
        let rows = match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => parquet::read_rows(path, rows)?,
            Some(Rows::Held(held)) => sliced(held, rows),
            None => DataFrame::empty(),
        };
        delta::whole(&rows, self.schema, self.delivery)
    }

    /// Forgets what is remembered of each row: which of them won is known.
    pub(super) fn forget(&mut self) {
        (self.lines, self.corrections) = (Lines::default(), HashMap::new());
    }

    /// The keys of all rows of one table.
    pub(super) fn keys(&self, at: u32) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => Ok(parquet::read_columns(path, &self.schema.primary_key)?),
            Some(Rows::Held(held)) => Ok(held.clone()),
            None => delta::empty(self.schema),
        }
    }

    /// The sources of all rows of one table.
    pub(super) fn sources(&self, at: u32) -> Result<Vec<String>, ModelError> {
        let name = "_source".to_owned();
        let rows = match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => &parquet::read_columns(path, &[name])?,
            Some(Rows::Held(held)) => held,
            None => return Ok(Vec::new()),
        };
        let source = |row: CellRow| match row.into_iter().next().flatten() {
            Some(Cell::Text(source)) => source,
            _ => String::new(),
        };
        Ok(table::to_rows(rows, &["_source"]).into_iter().map(source).collect())
    }

    /// Puts on the disk what is held, unless it is little: others may have much to hold.
    ///
    /// # Errors
    /// The disk's.
    pub fn put_away(&mut self) -> Result<(), ModelError> {
        if self.height > FEW_ROWS { self.put() } else { Ok(()) }
    }

    /// All rows have come, and maybe every key that still stands in the source, unless rows moved on the way. A row
    /// of a snapshot whose own slot can't be read belongs to some snapshot that its source holds.
    pub fn whole(&mut self, is_full: bool, is_empty: bool, is_moving: bool) {
        self.delivery.is_full = is_full && !is_moving;
        (self.is_empty, self.is_moving) = (is_empty, is_moving);
        if self.is_snapshot() {
            slot::settle(&mut self.judged.quarantined, &self.slots);
        }
    }
}

/// Some rows of a table.
pub(super) fn sliced(table: &DataFrame, rows: &Range<usize>) -> DataFrame {
    table.slice(i64::try_from(rows.start).unwrap_or(i64::MAX), rows.len())
}

impl Drop for Pile<'_> {
    fn drop(&mut self) {
        // What is left is taken away when the stream is asked next.
        if let Some(folder) = self.folder.as_deref().filter(|folder| folder.is_dir()) {
            drop(clear(folder));
        }
    }
}
