//! What does a lake look like under another key? The same, each pseudonym replaced by the pseudonym of it,
//! wherever it stands: it is known by its value, so that no name of a column hides one.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use polars::prelude::Column;
use polars::prelude::DataFrame;
use polars::prelude::DataType;
use polars::prelude::IntoColumn as _;
use polars::prelude::StringChunked;

use super::ModelError;
use super::base::BASE;
use super::keyed::hash_of;
use super::landed::Landed;
use super::landing::SHELF;
use super::sum;
use super::sum::SUM;
use crate::base::cell::Cell;
use crate::base::durable::create_folders;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::Key;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::schema::Schema;

/// A change of the key.
pub struct Rekeying<'r> {
    /// The contracts and streams that say where pseudonyms stand.
    pub catalog: &'r Catalog,
    /// The key that makes a pseudonym of a pseudonym.
    pub key: Key,
    /// What stood in manifests and stands there now.
    pub fingerprints: (String, String),
    known: HashMap<String, String>,
}

fn named(path: &Path) -> impl Fn(io::Error) -> ModelError + '_ {
    |cause| ModelError::File { path: path.display().to_string(), cause }
}

/// Calls `see` with every file below a folder.
fn each_file(
    folder: &Path,
    see: &mut dyn FnMut(&Path) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    for entry in fs::read_dir(folder).map_err(named(folder))? {
        let path = entry.map_err(named(folder))?.path();
        if path.is_dir() { each_file(&path, see)? } else { see(&path)? }
    }
    Ok(())
}

/// Writes a table; one of the model is held to its hash.
fn lay(mut rows: DataFrame, inside: &Path, target: &Path) -> Result<(), ModelError> {
    let mut write = || parquet::write(&mut rows, target);
    if inside.starts_with("model") { sum::written(target, write) } else { Ok(write()?) }
}

/// A manifest that says nothing of the content of its parts, which is another under another key.
fn without_parts(manifest: &str) -> serde_json::Result<String> {
    let landed: Landed = serde_json::from_str(manifest)?;
    serde_json::to_string_pretty(&Landed { parts: BTreeMap::new(), ..landed })
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "parquet")
}

impl<'r> Rekeying<'r> {
    /// Learns every pseudonym of a lake: from the columns that identify a person by contract, and from
    /// those that were hidden as they landed.
    ///
    /// # Errors
    /// A table that can't be read.
    pub fn of(
        catalog: &'r Catalog,
        lake: &Path,
        key: Key,
        fingerprints: (String, String),
    ) -> Result<Rekeying<'r>, ModelError> {
        let fields = catalog.schemas.values().flat_map(|schema| &schema.fields);
        let fields = fields.filter(|field| field.pii.is_some()).map(|field| field.name.as_str());
        let streams = catalog.streams().into_iter().flat_map(|(_, stream)| &stream.columns);
        let hidden = streams.filter(|column| column.identity.is_some());
        let headers = hidden.flat_map(|column| column.from.iter().map(String::as_str));
        let names: Vec<&str> = fields.chain(headers).collect();
        let mut known = HashMap::new();
        each_file(lake, &mut |path| {
            if !is_table(path) {
                return Ok(());
            }
            let rows = parquet::read(path)?;
            let columns = names.iter().filter_map(|name| rows.column(name).ok());
            let texts = columns.filter_map(|column| column.str().ok());
            for text in texts.flat_map(|texts| texts.iter().flatten()).filter(|of| is_pseudonym(of))
            {
                known.entry(text.to_owned()).or_insert_with(|| key.pseudonym(text));
            }
            Ok(())
        })?;
        Ok(Rekeying { catalog, key, fingerprints, known })
    }

    /// How many people and other identities are known.
    pub fn known(&self) -> u64 {
        self.known.len() as u64
    }

    /// Writes a lake under the new key into a folder of its own; its `key` is left to be written last.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, lake: &Path, into: &Path) -> Result<(), ModelError> {
        each_file(lake, &mut |path| {
            let inside = path.strip_prefix(lake).unwrap_or(path);
            let target = into.join(inside);
            // Pages that wait are asked for again.
            let is_waiting =
                inside.parent().is_some_and(|of| of.extension() == Some(SHELF.as_ref()));
            // What is made of others is made again.
            if is_waiting
                || inside.starts_with(BASE)
                || inside == Path::new("key")
                || path.extension().is_some_and(|end| end == SUM)
                || path.extension().is_some_and(|end| end == "tmp")
            {
                return Ok(());
            }
            if let Some(folder) = target.parent() {
                create_folders(folder).map_err(named(folder))?;
            }
            if is_table(path) {
                let rows = self.table(parquet::read(path)?, self.contract(inside))?;
                return lay(rows, inside, &target);
            }
            let text = fs::read_to_string(path).map_err(named(path))?;
            let mut text = text.replace(&self.fingerprints.0, &self.fingerprints.1);
            if inside.file_name() == Some("manifest.json".as_ref()) {
                text =
                    without_parts(&text).map_err(|fault| named(path)(io::Error::other(fault)))?;
            }
            write_then_rename(&target, text.as_bytes()).map_err(named(&target))
        })
    }

    /// The contract of a table of the model.
    fn contract(&self, inside: &Path) -> Option<&Schema> {
        let mut parts = inside.iter().filter_map(|part| part.to_str());
        (parts.next() == Some("model")).then_some(())?;
        self.catalog.schemas.get(parts.next()?)
    }

    fn table(
        &self,
        mut rows: DataFrame,
        contract: Option<&Schema>,
    ) -> Result<DataFrame, ModelError> {
        let texts: Vec<Column> = rows
            .columns()
            .iter()
            .filter(|column| *column.dtype() == DataType::String)
            .filter_map(|column| self.column(column))
            .collect();
        let is_changed = !texts.is_empty();
        let doing = || FrameError::polars("writing pseudonyms");
        for column in texts {
            rows.with_column(column).map_err(doing())?;
        }
        if let Some(schema) = contract.filter(|_| is_changed) {
            rows.with_column(hashes(&rows, schema)).map_err(doing())?;
        }
        Ok(rows)
    }

    /// A column with its pseudonyms replaced; none where it has none.
    fn column(&self, column: &Column) -> Option<Column> {
        let texts = column.str().ok()?;
        if !texts.iter().flatten().any(|text| self.again(text).is_some()) {
            return None;
        }
        let again = |text: Option<&str>| {
            text.map(|text| self.again(text).unwrap_or_else(|| text.to_owned()))
        };
        let texts: StringChunked = texts.iter().map(again).collect();
        Some(texts.with_name(column.name().clone()).into_column())
    }

    /// A text with its pseudonyms replaced, also those that stand in it among others, as in a key; none
    /// where it has none.
    fn again(&self, text: &str) -> Option<String> {
        let mut is_changed = false;
        let words = text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
        let word = |word: &str| {
            let plain = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            self.known.get(plain).map(|new| word.replacen(plain, new, 1))
        };
        let whole: String = words
            .map(|old| {
                let new = word(old);
                is_changed |= new.is_some();
                new.unwrap_or_else(|| old.to_owned())
            })
            .collect();
        is_changed.then_some(whole)
    }
}

/// Whether a text has the form of a pseudonym: a column may have held something else in an older home.
fn is_pseudonym(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What each row says, told anew; a deleted version says nothing.
fn hashes(rows: &DataFrame, schema: &Schema) -> Column {
    let mut names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    names.push("_hash");
    let hash = |mut row: Vec<Option<Cell>>| match row.pop() {
        Some(Some(Cell::Text(old))) if !old.is_empty() => Some(hash_of(&row)),
        Some(Some(Cell::Text(old))) => Some(old),
        _ => None,
    };
    let hashes: StringChunked = table::to_rows(rows, &names).into_iter().map(hash).collect();
    hashes.with_name("_hash".into()).into_column()
}
