//! What is the latest version of every row? `lake/model/<table>/` holds a small delta a night and
//! stream; a read joins them, newest last.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::delta::conform;
use super::delta::delta;
use super::delta::empty;
use super::gone::Absent;
use super::gone::deleted_versions;
use super::gone::snapshots;
use super::judge::Judged;
use super::judge::Kept;
use super::judged::Correction;
use super::past;
use super::past::UPDATED;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::joined;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// Stands between the cells of a key, or of a row whose hash is reckoned.
const UNIT: char = '\u{1f}';

/// The model floor of a lake.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

/// Which delivery is merged.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'d> {
    /// The system.
    pub system: &'d str,
    /// The stream.
    pub stream: &'d str,
    /// The night.
    pub night: Date,
    /// Whether every key came that still stands in the source.
    pub is_full: bool,
}

/// The closing equation of a stream's night: received + exploded = added + changed + unchanged +
/// duplicate + filtered + quarantined. A row that says its key is deleted has changed it, or left it
/// unchanged where it was not known. Deleted versions come on top: no row brought them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equation {
    /// Rows that were made by taking rows of the source apart, beyond their number.
    pub exploded: u64,
    /// Rows whose key is new.
    pub added: u64,
    /// Rows whose key is known with other values.
    pub changed: u64,
    /// Rows that are known as they are.
    pub unchanged: u64,
    /// Rows whose key came again in the same delivery.
    pub duplicate: u64,
    /// Rows that the manifest leaves out.
    pub filtered: u64,
    /// Rows that break their contract.
    pub quarantined: u64,
    /// Keys that a snapshot or a full delivery no longer holds.
    pub deleted: u64,
}

impl Equation {
    /// Whether it closes over the rows of the source that were received.
    pub fn closes(&self, received: u64) -> bool {
        let went = self.added + self.changed + self.unchanged + self.duplicate;
        received + self.exploded == went + self.filtered + self.quarantined
    }

    /// How many new versions the table has got.
    pub fn versions(&self) -> u64 {
        self.added + self.changed + self.deleted
    }
}

impl Lake {
    /// The lake below a folder.
    pub fn at(root: &Path) -> Lake {
        Lake { root: root.to_owned() }
    }

    pub(super) fn folder(&self, table: &str) -> PathBuf {
        self.root.join("model").join(table)
    }

    pub(super) fn notes_of(&self, table: &str) -> PathBuf {
        self.root.join("notes").join(table)
    }

    /// The latest version of every row that is not deleted, sorted by key, with its lineage.
    ///
    /// # Errors
    /// A delta that can't be read.
    pub fn read(&self, schema: &Schema, night: Date) -> Result<DataFrame, ModelError> {
        alive(self.versions(schema, night, None)?, schema)
    }

    /// The latest version of every row, those that are deleted among them.
    fn versions(
        &self,
        schema: &Schema,
        night: Date,
        without: Option<&str>,
    ) -> Result<DataFrame, ModelError> {
        let mut deltas = dated(&self.folder(&schema.name), night)?;
        deltas.retain(|path| !without.is_some_and(|name| path.ends_with(name)));
        let mut parts = Vec::new();
        for path in &deltas {
            parts.push(conform(&parquet::read(path)?, schema)?);
        }
        let Some(first) = parts.first() else { return empty(schema) };
        let doing = || FrameError::polars(format!("merging `{}`", schema.name));
        let mut all = first.clone();
        for part in parts.get(1..).unwrap_or_default() {
            all.vstack_mut(part).map_err(doing())?;
        }
        if parts.len() > 1 {
            let keys = schema.primary_key.clone();
            all = all.unique_stable(Some(&keys), UniqueKeepStrategy::Last, None).map_err(doing())?;
        }
        Ok(all)
    }

    /// Merges what a delivery brought, and writes its delta: only rows that changed.
    ///
    /// # Errors
    /// The disk's.
    pub fn merge(
        &self,
        delivery: Delivery<'_>,
        schema: &Schema,
        write: &Write,
        judged: &Judged,
    ) -> Result<Equation, ModelError> {
        let Delivery { system, stream, night, is_full } = delivery;
        let file = format!("{night}.{system}.{stream}.parquet");
        let versions = self.versions(schema, night, Some(&file))?;
        let places = places(schema);
        let told = past::updates(&versions, schema, judged);
        let known = alive(versions, schema)?;
        let mut equation = Equation {
            exploded: judged.exploded,
            filtered: judged.filtered,
            quarantined: judged.quarantined.len() as u64,
            ..Equation::default()
        };
        let delivered = snapshots(schema, write, judged);
        let newest = newest((schema, judged), &places, &delivered, &mut equation.duplicate);
        let hashes = hashes(&known, schema);
        let mut rows: Vec<(&Kept, String)> = Vec::new();
        let mut ended: HashSet<&str> = HashSet::new();
        for (key, kept) in &newest {
            if past::is_older(kept, &places, told.get(key.as_ref())) {
                equation.unchanged += 1;
                continue;
            }
            let key = key.as_ref();
            if kept.is_deleted {
                let is_known = hashes.contains_key(key);
                equation.changed += u64::from(is_known);
                equation.unchanged += u64::from(!is_known);
                ended.insert(key);
                continue;
            }
            let hash = hash_of(&kept.cells);
            match hashes.get(key) {
                Some((known, told)) if *known == hash || is_overtaken(kept, *told) => {
                    equation.unchanged += 1;
                    continue;
                }
                Some(_) => equation.changed += 1,
                None => equation.added += 1,
            }
            rows.push((kept, hash));
        }
        let of_key = |key: &str, _: &CellRow| ended.contains(key);
        let mut gone = Vec::new();
        if !ended.is_empty() {
            gone.extend(deleted_versions(&known, schema, night, of_key));
        }
        let absent = match write {
            Write::Snapshot { within } => Some(Absent::of(schema, delivery, within, judged)),
            Write::Upsert if is_full => Some(Absent::of(schema, delivery, &[], judged)),
            Write::Upsert | Write::Append => None,
        };
        if let Some(absent) = absent {
            let absent = deleted_versions(&known, schema, night, |key, row| absent.holds(key, row));
            equation.deleted = absent.len() as u64;
            gone.extend(absent);
        }
        let mut delta = delta(schema, delivery, &rows, &gone)?;
        let keys = schema.primary_key.clone();
        delta = delta
            .sort(keys, SortMultipleOptions::default())
            .map_err(FrameError::polars("sorting a delta"))?;
        parquet::write(&mut delta, &self.folder(&schema.name).join(file))?;
        Ok(equation)
    }
}

/// The Parquet files of a folder that begin with a night up to one, oldest first.
pub(super) fn dated(folder: &Path, night: Date) -> Result<Vec<PathBuf>, ModelError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let named = |cause| ModelError::File { path: folder.display().to_string(), cause };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(named)? {
        let name = entry.map_err(named)?.file_name().to_string_lossy().into_owned();
        let of = name.split('.').next().and_then(|text| text.parse::<Date>().ok());
        if name.ends_with(".parquet") && of.is_some_and(|of| of <= night) {
            found.push(folder.join(name));
        }
    }
    found.sort();
    Ok(found)
}

/// The rows that are not deleted, sorted by key.
fn alive(versions: DataFrame, schema: &Schema) -> Result<DataFrame, ModelError> {
    let doing = || FrameError::polars(format!("merging `{}`", schema.name));
    let alive = versions.lazy().filter(col("_deleted").not()).collect().map_err(doing())?;
    let keys = schema.primary_key.clone();
    Ok(alive.sort(keys, SortMultipleOptions::default()).map_err(doing())?)
}

/// Where the columns of the key stand, and that of the source's own order.
pub(super) struct Places {
    pub(super) key: Vec<usize>,
    pub(super) updated: Option<usize>,
}

pub(super) fn places(schema: &Schema) -> Places {
    let at = |name: &str| schema.fields.iter().position(|field| field.name == name);
    let key = schema.primary_key.iter().filter_map(|name| at(name)).collect();
    Places { key, updated: at(UPDATED) }
}

pub(super) fn key_of(cells: &CellRow, places: &[usize]) -> String {
    joined(places.iter().map(|at| cells.get(*at).and_then(Option::as_ref)), UNIT)
}

/// What a row says, as 16 hexadecimal digits.
pub(super) fn hash_of(cells: &CellRow) -> String {
    let mut hash = sha256(joined(cells.iter().map(Option::as_ref), UNIT).as_bytes());
    hash.truncate(16);
    hash
}

/// Whether a row that came back corrected is older than what the lake has been told since.
fn is_overtaken(kept: &Kept, told: Option<Date>) -> bool {
    kept.corrects.as_ref().is_some_and(|correction| Some(correction.since) < told)
}

/// The newest row of every key of a delivery, by the source's own time and then by place. What a delivery
/// itself brings is newer than a correction of an older one.
fn newest<'j>(
    (schema, judged): (&Schema, &'j Judged),
    places: &Places,
    (scope, delivered): &(Vec<usize>, HashSet<String>),
    duplicates: &mut u64,
) -> Vec<(Rc<str>, &'j Kept)> {
    debug_assert!(!schema.primary_key.is_empty());
    let mut at: HashMap<Rc<str>, usize> = HashMap::new();
    let mut newest: Vec<(Rc<str>, &Kept)> = Vec::new();
    let updated = |kept: &'j Kept| places.updated.and_then(|at| kept.cells.get(at)?.as_ref());
    for kept in &judged.kept {
        let is_old = |of: &Correction| !judged.files.contains(&of.file);
        let is_replaced = || delivered.contains(&key_of(&kept.cells, scope));
        if kept.corrects.as_ref().is_some_and(is_old) && is_replaced() {
            *duplicates += 1;
            continue;
        }
        let key = key_of(&kept.cells, &places.key);
        let Some(known) = at.get(key.as_str()).and_then(|at| newest.get_mut(*at)) else {
            let key: Rc<str> = key.into();
            at.insert(Rc::clone(&key), newest.len());
            newest.push((key, kept));
            continue;
        };
        *duplicates += 1;
        let is_older = !kept.is_delivered() && known.1.is_delivered();
        // What the night itself brings was asked for after a slice of the past.
        let is_later = known.1.is_past && !kept.is_past;
        if is_later || (!is_older && updated(kept) >= updated(known.1)) {
            known.1 = kept;
        }
    }
    newest
}

/// What the lake knows of every key: its hash, and the night that told it.
fn hashes(known: &DataFrame, schema: &Schema) -> HashMap<String, (String, Option<Date>)> {
    let mut names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
    let places: Vec<usize> = (0..names.len()).collect();
    names.extend(["_night", "_hash"]);
    let rows = table::to_rows(known, &names).into_iter();
    rows.filter_map(|row| match row.as_slice() {
        [.., night, Some(Cell::Text(hash))] => {
            let night = if let Some(Cell::Day(night)) = night { Some(*night) } else { None };
            Some((key_of(&row, &places), (hash.clone(), night)))
        }
        _ => None,
    })
    .collect()
}

impl Lake {
    /// Writes what a night noted in a table of the product's own, such as `quarantine`.
    ///
    /// # Errors
    /// The disk's.
    pub fn note(
        &self,
        schema: &Schema,
        night: Date,
        about: &str,
        rows: &[CellRow],
    ) -> Result<(), ModelError> {
        let columns: Vec<_> = schema.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
        let mut notes = table::from_rows(&columns, rows)?;
        let path = self.notes_of(&schema.name).join(format!("{night}.{about}.parquet"));
        Ok(parquet::write(&mut notes, &path)?)
    }

    /// What all nights up to one have noted, oldest first.
    ///
    /// # Errors
    /// A note that can't be read.
    pub fn notes(&self, schema: &Schema, night: Date) -> Result<Vec<CellRow>, ModelError> {
        let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        let mut rows = Vec::new();
        for path in dated(&self.notes_of(&schema.name), night)? {
            rows.extend(table::to_rows(&parquet::read(&path)?, &names));
        }
        Ok(rows)
    }
}
