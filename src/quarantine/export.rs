//! What goes back to the sender? Rows that are held back, as the sender wrote them, each with the reason and
//! with what tells it when it comes back.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;

use super::Waiting;
use crate::base::finding;
use crate::base::messages::Lang;
use crate::extract::correction::OURS;
use crate::extract::reopen::DropFolder;
use crate::extract::reopen::Lost;
use crate::frame::table;
use crate::model::held::Held;
use crate::model::landing::Landing;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;
use crate::spec::template::Secrets;

/// The last of our columns where a row can't come back: the night.
const NIGHT: &str = "数据夜";

/// Everything that goes back.
#[derive(Debug, Default)]
pub struct Export {
    /// One sheet a source file or sheet, and one a stream of what is no file.
    pub(super) sheets: Vec<Sheet>,
    /// What is listed only or left out.
    pub missing: Vec<Missing>,
}

/// A sheet of an export.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) headers: Vec<String>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// Rows whose payload is not exported.
#[derive(Debug)]
pub struct Missing {
    /// The source, or the stream of what is no file.
    pub source: String,
    /// How many rows.
    pub rows: usize,
    /// Why.
    pub why: Why,
}

/// Why a payload is not exported.
#[derive(Debug)]
pub enum Why {
    /// Nobody keeps it; the row is listed.
    AtSource,
    /// The sender's file is lost; its rows are left out.
    File(Lost),
    /// The file has no such row for the connector as it is now.
    Row,
}

impl Export {
    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.sheets.iter().map(|sheet| sheet.rows.len()).sum()
    }
}

/// Gathers what goes back of some rows.
///
/// # Errors
/// A drop folder or a landing that can't be read.
pub fn export(
    (catalog, home): (&Catalog, &Path),
    lake: &Path,
    secrets: &dyn Secrets,
    waiting: &[Waiting],
) -> anyhow::Result<Export> {
    let mut export = Export::default();
    for (connector, stream) in catalog.streams() {
        let held = waiting.iter().map(|waiting| &waiting.held);
        let ours = held.filter(|h| h.system == connector.name && h.stream == stream.name);
        let ours: Vec<&Held> = ours.collect();
        if ours.is_empty() {
            continue;
        }
        match DropFolder::of(connector, secrets, home)? {
            Some(folder) => from_files(&folder, (connector, stream), &ours, &mut export),
            None => listed(lake, (connector, stream, catalog), &ours, &mut export)?,
        }
    }
    Ok(export)
}

/// The rows of files, one sheet each of theirs.
fn from_files(folder: &DropFolder, of: (&Connector, &Stream), held: &[&Held], export: &mut Export) {
    let mut sources: BTreeMap<(&str, &str), Vec<&Held>> = BTreeMap::new();
    for held in held {
        sources.entry((&held.source, &held.file)).or_default().push(held);
    }
    for ((source, file), held) in sources {
        let missing = |rows, why| Missing { source: source.to_owned(), rows, why };
        let mut found = match folder.open(of.1, file, source) {
            Ok(found) => found,
            Err(lost) => {
                export.missing.push(missing(held.len(), Why::File(lost)));
                continue;
            }
        };
        let mut rows = Vec::new();
        for held in &held {
            let theirs = u32::try_from(held.row).ok().and_then(|row| found.rows.remove(&row));
            rows.extend(theirs.map(|theirs| {
                let mut cells = ours(of, held, &held.file);
                cells.extend(theirs);
                cells
            }));
        }
        if rows.len() < held.len() {
            export.missing.push(missing(held.len() - rows.len(), Why::Row));
        }
        let headers = OURS.map(str::to_owned).into_iter().chain(found.headers).collect();
        export.push(&of.1.name, headers, rows);
    }
}

/// The rows of what is no file: by their keys, as far as those may be kept.
fn listed(
    lake: &Path,
    (connector, stream, catalog): (&Connector, &Stream, &Catalog),
    held: &[&Held],
    export: &mut Export,
) -> anyhow::Result<()> {
    let schema = catalog.schemas.get(&stream.into.value).context("its table has no schema")?;
    let is_key = |name: &String| schema.primary_key.contains(name);
    let keys = stream.columns.iter().filter(|column| is_key(&column.name) && !column.is_hidden());
    let keys: Vec<&str> = keys.flat_map(|column| &column.from).map(String::as_str).collect();
    let landing = Landing::of(lake, &connector.name, &stream.name);
    let mut found: HashMap<_, Vec<Option<String>>> = HashMap::new();
    for (night, attempt) in landing.attempts()? {
        if !held.iter().any(|held| held.night == night) {
            continue;
        }
        for part in landing.parts((night, attempt))? {
            let part = part?;
            let places = table::to_batch(&part).rows.into_iter().map(|row| (row.source, row.row));
            for ((source, row), cells) in places.zip(table::to_rows(&part, &keys)) {
                let cells = cells.into_iter().map(|cell| cell.map(|cell| cell.written()));
                found.insert((night, source.to_string(), i64::from(row)), cells.collect());
            }
        }
    }
    let rows = held.iter().map(|held| {
        let mut cells = ours((connector, stream), held, &held.night.to_string());
        let place = (held.night, held.source.clone(), held.row);
        cells.extend(found.get(&place).cloned().unwrap_or_else(|| vec![None; keys.len()]));
        cells
    });
    let rows = rows.collect();
    let [why, source, row, name, _] = OURS;
    let headers = [why, source, row, name, NIGHT].into_iter().chain(keys);
    export.push(&stream.name, headers.map(str::to_owned).collect(), rows);
    let source = format!("{}.{}", connector.name, stream.name);
    export.missing.push(Missing { source, rows: held.len(), why: Why::AtSource });
    Ok(())
}

impl Export {
    fn push(&mut self, stream: &str, headers: Vec<String>, rows: Vec<Vec<Option<String>>>) {
        if !rows.is_empty() {
            // Excel allows 31 letters; a stream's name has none that it forbids.
            let name = format!("{} {stream}", self.sheets.len() + 1).chars().take(31).collect();
            self.sheets.push(Sheet { name, headers, rows });
        }
    }
}

/// What stands before the sender's cells.
fn ours(
    (connector, stream): (&Connector, &Stream),
    held: &Held,
    last: &str,
) -> Vec<Option<String>> {
    let mapped = stream.columns.iter().find(|column| column.name == held.column);
    let theirs = mapped.map(|column| column.from.join(" / ")).filter(|theirs| !theirs.is_empty());
    let column = theirs.unwrap_or_else(|| held.column.clone());
    let words = finding::reason(&held.reason, Lang::Zh);
    let why = if column.is_empty() { words } else { format!("{column}:{words}") };
    let cells = [
        why,
        held.source.clone(),
        held.row.to_string(),
        format!("{}.{}", connector.name, stream.name),
        last.to_owned(),
    ];
    cells.into_iter().map(Some).collect()
}
