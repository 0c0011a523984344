//! What is the latest version of every row? `lake/model/<table>/` holds a small delta a night and
//! stream; a read joins them, newest last.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::base;
use super::delta::conform;
use super::delta::empty;
use crate::base::cell::CellRow;
use crate::base::durable::write_then_rename;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::schema::Schema;

/// The model floor of a lake.
#[derive(Clone, Debug)]
pub struct Lake {
    pub(super) root: PathBuf,
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

    /// Where a night notes something in a table.
    fn note_of(&self, schema: &Schema, night: Date, about: &str) -> PathBuf {
        self.notes_of(&schema.name).join(format!("{night}.{about}.parquet"))
    }

    /// The latest version of every row that is not deleted, sorted by key, with its lineage.
    ///
    /// # Errors
    /// A delta that can't be read.
    pub fn read(&self, schema: &Schema, night: Date) -> Result<DataFrame, ModelError> {
        let rows = alive(self.versions(schema, night, None, |_| true)?, schema)?;
        for field in schema.fields.iter().filter(|field| field.is_required) {
            let empty = rows.column(&field.name).map_or(0, Column::null_count);
            if empty > 0 {
                return Err(ModelError::History {
                    table: schema.name.clone(),
                    column: field.name.clone(),
                    rows: empty,
                    wanted: "required".to_owned(),
                });
            }
        }
        Ok(rows)
    }

    /// The latest version of every row, those that are deleted among them; of their columns those that are wanted. Before a
    /// delta, by its name: as it stood for that one.
    pub(super) fn versions(
        &self,
        schema: &Schema,
        night: Date,
        before: Option<&str>,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<DataFrame, ModelError> {
        let mut deltas = self.deltas(&schema.name, night)?;
        if let Some(name) = before {
            let (turns, own) = (self.turns(&schema.name), self.folder(&schema.name).join(name));
            deltas.retain(|path| turn(&turns, path) < turn(&turns, &own));
        }
        self.merged(schema, &deltas, is_wanted)
    }

    /// What some deltas, oldest first, come to.
    fn merged(
        &self,
        schema: &Schema,
        deltas: &[PathBuf],
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<DataFrame, ModelError> {
        let folder = base::folder(&self.root, &schema.name);
        let base = base::read(&folder, (schema, deltas), &is_wanted)?;
        let (base, count) = base.unzip();
        let mut parts: Vec<DataFrame> = base.into_iter().collect();
        for path in deltas.iter().skip(count.unwrap_or(0)) {
            let delta = parquet::read_wanted(path, &is_wanted);
            let delta = delta
                .map_err(|cause| ModelError::Delta { path: path.display().to_string(), cause })?;
            parts.push(conform(&delta, schema, &is_wanted)?);
        }
        let Some(first) = parts.first() else { return conform(&empty(schema)?, schema, is_wanted) };
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
}

impl Lake {
    /// Merges the deltas of the nights before one, where many have come since it was done.
    ///
    /// # Errors
    /// The disk's, and a delta that can't be read.
    pub fn keep_base(&self, schema: &Schema, before: Date) -> Result<(), ModelError> {
        let mut deltas = self.deltas(&schema.name, before)?;
        deltas.retain(|path| turn(&[], path).0 != before.to_string());
        let folder = base::folder(&self.root, &schema.name);
        let kept = base::read(&folder, (schema, &deltas), |_| false)?;
        if deltas.len() - kept.map_or(0, |(_, count)| count) < base::MANY {
            return Ok(());
        }
        let merged = self.merged(schema, &deltas, |_| true)?;
        base::keep(&folder, (schema, &deltas), merged)
    }

    /// The deltas of a table up to a night, oldest first; those of one night in the turn of their streams.
    pub(super) fn deltas(&self, table: &str, night: Date) -> Result<Vec<PathBuf>, ModelError> {
        let mut deltas = dated(&self.folder(table), night)?;
        let turns = self.turns(table);
        deltas.sort_by_cached_key(|path| turn(&turns, path));
        Ok(deltas)
    }

    /// Whether a stream, as `system.stream`, has brought anything into a table in a night.
    pub fn has(&self, table: &str, night: Date, stream: &str) -> bool {
        self.folder(table).join(format!("{night}.{stream}.parquet")).is_file()
    }

    /// Keeps in which turn the streams of each table are merged, by `system.stream`: their deltas are read in it.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_turns(&self, turns: &BTreeMap<&str, Vec<String>>) -> Result<(), ModelError> {
        let path = self.root.join(TURNS);
        let named = |cause| ModelError::File { path: path.display().to_string(), cause };
        let bytes =
            serde_json::to_vec_pretty(turns).map_err(|fault| named(io::Error::other(fault)))?;
        if fs::read(&path).ok().as_deref() != Some(&bytes) {
            write_then_rename(&path, &bytes).map_err(named)?;
        }
        Ok(())
    }

    /// The streams of a table in their turn; none where nobody has kept it.
    fn turns(&self, table: &str) -> Vec<String> {
        let bytes = fs::read(self.root.join(TURNS)).unwrap_or_default();
        let turns: BTreeMap<String, Vec<String>> =
            serde_json::from_slice(&bytes).unwrap_or_default();
        turns.get(table).cloned().unwrap_or_default()
    }
}

/// Where the turns of streams are kept.
const TURNS: &str = "turns.json";

/// The place of a delta among those of its table: its night, the turn of its stream, and its name. A stream that has no turn any more
/// comes before those that have.
fn turn(turns: &[String], path: &Path) -> (String, Option<usize>, String) {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (night, stream) = name.split_once('.').unwrap_or((&name, ""));
    let turn = turns.iter().position(|known| known == stream);
    (night.to_owned(), turn, stream.to_owned())
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
pub(super) fn alive(versions: DataFrame, schema: &Schema) -> Result<DataFrame, ModelError> {
    let doing = || FrameError::polars(format!("merging `{}`", schema.name));
    let alive = versions.lazy().filter(col("_deleted").not()).collect().map_err(doing())?;
    let keys = schema.primary_key.clone();
    Ok(alive.sort(keys, SortMultipleOptions::default()).map_err(doing())?)
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
        let path = self.note_of(schema, night, about);
        Ok(parquet::write(&mut notes, &path)?)
    }

    /// What a night noted of something in such a table; nothing where it has not run.
    ///
    /// # Errors
    /// A note that can't be read.
    pub fn noted(
        &self,
        schema: &Schema,
        night: Date,
        about: &str,
    ) -> Result<Vec<CellRow>, ModelError> {
        let path = self.note_of(schema, night, about);
        let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        if !path.exists() {
            return Ok(Vec::new());
        }
        Ok(table::to_rows(&parquet::read(&path)?, &names))
    }

    /// Takes back what a night noted in such a table.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget_note(&self, schema: &Schema, night: Date, about: &str) -> Result<(), ModelError> {
        let path = self.note_of(schema, night, about);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(ModelError::File { path: path.display().to_string(), cause })
            }
            _ => Ok(()),
        }
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
