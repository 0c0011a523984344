//! Where are the rows of a delivery while they are judged, and what is remembered of each? Of many rows the
//! values wait on the disk, and a line a row stays: which key, which values, how new. So memory goes with
//! the number of keys and not with what the rows say.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::mem;
use std::ops::Range;
use std::path::PathBuf;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::ModelError;
use super::delivery::Delivery;
use super::delta::delta;
use super::judge::Judge;
use super::judged::Correction;
use super::judged::Judged;
use super::judged::Kept;
use super::judged::Origin;
use super::keyed::UNIT;
use super::keyed::half;
use super::keyed::key_of;
use super::keyed::places;
use super::landing::clear;
use super::slot;
use crate::base::cell::Cell;
use crate::base::durable::create_folders;
use crate::base::pseudonym::print;
use crate::frame::parquet;
use crate::frame::table;
use crate::frame::table::day_number;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// So many rows wait in memory; with more, all that came wait on the disk.
const MOST_ROWS: usize = 50_000;

/// So many bytes of them do, for rows may be long.
const MOST_BYTES: usize = 24 << 20;

/// So many wait in memory until others are judged.
const FEW_ROWS: usize = 10_000;

/// What is remembered of a row that keeps its contract. There is one a row, so it is small.
#[derive(Debug)]
pub(super) struct Line {
    /// The print of its key.
    pub(super) key: u128,
    /// The hash of its values.
    pub(super) hash: u64,
    /// When its source changed it.
    pub(super) updated: When,
    /// Whether it corrects a row of another delivery, or of this one.
    pub(super) is_correction: bool,
    /// Whether it says that its key is deleted.
    pub(super) is_deleted: bool,
    /// Whether a slice of the past brought it.
    pub(super) is_past: bool,
}

/// When a source changed a row: by a number where that is one, which takes less room.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    Unknown,
    Number(i64),
    Told(Box<Cell>),
}

impl From<Option<&Cell>> for When {
    fn from(cell: Option<&Cell>) -> When {
        match cell {
            None => When::Unknown,
            Some(Cell::Instant(instant)) => When::Number(instant.as_microsecond()),
            Some(Cell::Day(day)) => When::Number(day_number(*day).into()),
            Some(cell) => When::Told(Box::new(cell.clone())),
        }
    }
}

/// Where the values of a row are: which table, and which row of it.
pub(super) type At = (u32, u32);

/// The lines of a table, and of a snapshot the print of the slot of each.
#[derive(Debug)]
struct Lines {
    own: Vec<Line>,
    slots: Vec<u128>,
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
    lines: Vec<Lines>,
    corrections: HashMap<At, Correction>,
    /// The prints of the keys of rows that break their contract.
    pub(super) spared: Vec<u128>,
    /// Of a snapshot, the slots of each source.
    slots: BTreeMap<String, BTreeSet<String>>,
    rows: Vec<Rows>,
    /// How many bytes of rows are in memory.
    held: usize,
    folder: Option<PathBuf>,
    most: usize,
}

/// What one part brings to a pile.
struct Part {
    judged: Judged,
    lines: Lines,
    corrections: Vec<(u32, Correction)>,
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
            corrections: HashMap::new(),
            spared: Vec::new(),
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

    /// How many rows its own delivery brought that keep their contract.
    pub fn delivered(&self) -> u64 {
        self.lines().filter(|(_, line)| !line.is_correction).count() as u64
    }

    /// The rows that keep their contract, part by part, each in the order of its keys and rows of one key in the order in which they
    /// came, and where their values are.
    pub(super) fn lines(&self) -> impl Iterator<Item = (At, &Line)> {
        let tables = self.lines.iter().zip(0..);
        tables.flat_map(|(lines, table)| {
            lines.own.iter().zip(0..).map(move |(line, row)| ((table, row), line))
        })
    }

    /// How many they are.
    pub(super) fn height(&self) -> usize {
        self.lines.iter().map(|lines| lines.own.len()).sum()
    }

    /// The line of a row.
    pub(super) fn line_at(&self, (table, row): At) -> Option<&Line> {
        self.lines_of(table)?.own.get(usize::try_from(row).ok()?)
    }

    fn lines_of(&self, table: u32) -> Option<&Lines> {
        self.lines.get(usize::try_from(table).ok()?)
    }

    /// The print of the slot of a row: of a snapshot that, else the key.
    pub(super) fn slot(&self, at: At, line: &Line) -> u128 {
        let of = |lines: &Lines| lines.slots.get(usize::try_from(at.1).ok()?).copied();
        self.lines_of(at.0).and_then(of).unwrap_or(line.key)
    }

    /// The slots of the rows that its own delivery brought.
    pub(super) fn delivered_slots(&self) -> impl Iterator<Item = u128> {
        let own = self.lines().filter(|(_, line)| !line.is_correction);
        own.map(|(at, line)| self.slot(at, line))
    }

    /// What a row corrects.
    pub(super) fn correction(&self, at: At) -> Option<&Correction> {
        self.corrections.get(&at)
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
        let (kept, places) =
            (mem::take(&mut judged.kept).by(&self.schema.primary_key)?, places(self.schema));
        let Kept { values, origins } = &kept;
        let words = |places: &[usize]| {
            let columns = places.iter().filter_map(|at| values.columns().get(*at));
            table::joined(&columns.collect::<Vec<_>>(), values.height(), UNIT)
        };
        let prints = |places: &[usize]| {
            words(places).into_iter().map(|words| print(&words)).collect::<Vec<_>>()
        };
        let all: Vec<usize> = (0..values.width()).collect();
        let hashes: Vec<u64> = prints(&all).into_iter().map(half).collect();
        let updated = places.updated.and_then(|at| values.columns().get(at)).map(table::cells);
        let mut updated = updated.unwrap_or_default().into_iter();
        let line = |((key, hash), origin): ((u128, &u64), &Origin)| Line {
            key,
            hash: *hash,
            updated: updated.next().flatten().as_ref().into(),
            is_correction: origin.corrects.is_some(),
            is_deleted: origin.is_deleted,
            is_past: origin.is_past,
        };
        let own = prints(&places.key).into_iter().zip(&hashes).zip(origins).map(line).collect();
        let mut slots = Vec::new();
        if self.is_snapshot() {
            let words = words(&slot::columns(self.write, self.schema));
            slots.extend(words.iter().map(|words| print(words)));
            for (words, origin) in words.into_iter().zip(origins) {
                judged.slots.entry(origin.source.to_string()).or_default().insert(words);
            }
        }
        let corrects = |(origin, row): (&Origin, u32)| Some((row, origin.corrects.clone()?));
        let corrections = origins.iter().zip(0..).filter_map(corrects).collect();
        let rows = delta(self.schema, self.delivery, (kept, &hashes))?;
        Ok(Part { judged, lines: Lines { own, slots }, corrections, rows })
    }

    fn is_snapshot(&self) -> bool {
        matches!(self.write, Write::Snapshot { .. })
    }

    fn take(&mut self, part: Part) -> Result<(), ModelError> {
        let table = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let Part { mut judged, lines, corrections, rows } = part;
        self.lines.push(lines);
        let corrections = corrections.into_iter();
        self.corrections.extend(corrections.map(|(row, correction)| ((table, row), correction)));
        let key = places(self.schema).key;
        self.spared.extend(judged.spared.drain(..).map(|cells| print(&key_of(&cells, &key))));
        for (source, slots) in mem::take(&mut judged.slots) {
            self.slots.entry(source).or_default().extend(slots);
        }
        self.judged.append(judged);
        self.held += rows.estimated_size();
        self.rows.push(Rows::Held(rows));
        if self.height() > self.most || self.held > MOST_BYTES { self.put() } else { Ok(()) }
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

    /// The values of one table of rows.
    fn table(&self, at: u32) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Held(rows)) => Ok(rows.clone()),
            Some(Rows::Put(path)) => Ok(parquet::read(path)?),
            None => super::delta::empty(self.schema),
        }
    }

    /// The values of some rows of one table that stand together.
    pub(super) fn rows(&self, at: u32, rows: &Range<usize>) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => Ok(parquet::read_rows(path, rows)?),
            Some(Rows::Held(_)) | None => Ok(sliced(&self.table(at)?, rows)),
        }
    }

    /// Forgets what is remembered of each row: which of them won is known.
    pub(super) fn forget(&mut self) {
        (self.lines, self.corrections) = (Vec::new(), HashMap::new());
    }

    /// The same of the columns of the key alone.
    pub(super) fn keys(&self, at: u32) -> Result<DataFrame, ModelError> {
        match self.rows.get(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Rows::Put(path)) => Ok(parquet::read_columns(path, &self.schema.primary_key)?),
            Some(Rows::Held(_)) | None => self.table(at),
        }
    }

    /// Puts on the disk what is held, unless it is little: others may have much to hold.
    ///
    /// # Errors
    /// The disk's.
    pub fn put_away(&mut self) -> Result<(), ModelError> {
        if self.height() > FEW_ROWS { self.put() } else { Ok(()) }
    }

    /// All rows have come, and maybe every key that still stands in the source. A row of a snapshot whose own
    /// slot can't be read belongs to some snapshot that its source holds.
    pub fn whole(&mut self, is_full: bool) {
        self.delivery.is_full = is_full;
        if self.is_snapshot() {
            slot::settle(&mut self.judged.quarantined, &self.slots);
        }
    }
}

/// Some rows of a table.
pub(super) fn sliced(table: &DataFrame, rows: &Range<usize>) -> DataFrame {
    table.slice(i64::try_from(rows.start).unwrap_or(i64::MAX), rows.len())
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
