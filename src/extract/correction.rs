//! Which rows came back corrected? Workbooks in `corrections/` of a drop folder, as the export wrote them:
//! every row says which row of which file it corrects, and takes that row's place.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use super::DeliveredFile;
use super::ExtractError;
use super::Request;
use super::dropped::whole;
use super::landing::Landing;
use super::sheet::Cell;
use super::sheet::Line;
use super::workbook;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::base::pseudonym::sha256;
use crate::base::text::clean;
use crate::base::text::squeeze;
use crate::spec::connector::Which;

/// The folder in a drop folder into which corrected workbooks are put.
pub const FOLDER: &str = "corrections";

/// What stands before the sender's own headers: why, where, and what tells the row when it comes back.
pub const OURS: [&str; 5] = ["原因", "来源", "行", "数据流", "文件指纹"];

/// How a header begins under which a field stands that the sender's header has no room for.
pub const SURPLUS: &str = "多余字段";

/// A row that is held back and may come back corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// The SHA-256 of its file.
    pub file: String,
    /// The file, or the sheet of it.
    pub source: String,
    /// The row in it.
    pub row: u32,
    /// The night in which it was held back first.
    pub since: Date,
    /// What its file's name and the text above its header said.
    pub fixed: Vec<(String, Option<String>)>,
}

/// A row that came back: what stands before it, and its cells by the sender's headers.
struct Returned {
    stream: String,
    place: (String, String, u32),
    cells: BTreeMap<String, String>,
}

/// Lands the rows that correct what is held back of the stream; of two corrections of one row the later
/// file's counts. What matches nothing is told and not landed.
pub(super) fn pull(
    folder: &Path,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let files = new(&folder.join(FOLDER), request, landing)?;
    if files.is_empty() {
        return Ok(());
    }
    let needed = landing.needed();
    let held = (request.held_back)().map_err(ExtractError::Landing)?;
    let place = |held: &HeldBack| (held.file.clone(), held.source.clone(), held.row);
    let held: BTreeMap<_, _> = held.iter().map(|held| (place(held), held)).collect();
    let mut matched = BTreeMap::new();
    for (name, bytes) in files {
        let returned = match read(&name, &bytes, &needed) {
            Ok(returned) => returned,
            Err(why) => {
                unread(name, why, request, landing);
                continue;
            }
        };
        let (mut rows, sha256) = (0, sha256(&bytes));
        for row in returned.into_iter().filter(|row| is_ours(row, request)) {
            rows += 1;
            let is_stray = match held.get(&row.place) {
                Some(held) if row.stream == request.name() => {
                    matched.insert(row.place, (*held, row.cells)).is_some()
                }
                _ => true,
            };
            if is_stray {
                *landing.so_far.strays.entry(stray(&sha256)).or_default() += 1;
            }
        }
        landing.so_far.corrections.push(DeliveredFile { name, sha256, rows });
    }
    landing.take(batch(matched.into_values()))?;
    Ok(())
}

/// What is said of a workbook with rows that nobody waits for: how its fingerprint begins, for it bears any name, perhaps a
/// person's, and what is found is published.
fn stray(sha256: &str) -> String {
    format!("{FOLDER}/ SHA-256 {}…", sha256.get(..12).unwrap_or(sha256))
}

/// The workbooks that this stream has not read yet, in the order of names.
fn new(
    folder: &Path,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<Vec<(String, Vec<u8>)>, ExtractError> {
    let mut found = Vec::new();
    for (name, path) in named(folder)? {
        match whole(&name, &path) {
            Ok(bytes) if request.known_files.has(&sha256(&bytes)) => {}
            Ok(bytes) if found.iter().any(|(_, known)| *known == bytes) => {}
            Ok(bytes) => found.push((name, bytes)),
            // One that is still being written is read another night.
            Err(fault) => unread(name, fault.to_string(), request, landing),
        }
    }
    Ok(found)
}

/// The files of the folder, if there is one, without those that Excel keeps beside an open workbook.
pub(super) fn named(folder: &Path) -> Result<Vec<(String, PathBuf)>, ExtractError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let closed =
        |source: io::Error| ExtractError::Closed { file: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(closed)? {
        let path = entry.map_err(closed)?.path();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        if !path.is_dir() && !name.starts_with(['~', '.']) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Tells of what is no stream's once, and not once a stream.
fn is_first(request: &Request<'_>) -> bool {
    let mut streams = request.connector.streams.iter();
    streams.next().is_some_and(|first| first.name == request.stream.name)
}

fn unread(name: String, why: String, request: &Request<'_>, landing: &mut Landing<'_>) {
    if is_first(request) {
        landing.so_far.unread_corrections.insert(name, why);
    }
}

/// Whether a row is this stream's to judge, or the first's to tell of because it names none of the system.
fn is_ours(row: &Returned, request: &Request<'_>) -> bool {
    let system = &request.connector.name;
    let mut streams = request.connector.streams.iter();
    let mut is_known = || streams.any(|known| row.stream == format!("{system}.{}", known.name));
    row.stream == request.name() || (is_first(request) && !is_known())
}

/// The rows of a corrected workbook.
///
/// # Errors
/// Why it is none.
fn read(name: &str, bytes: &[u8], needed: &[String]) -> Result<Vec<Returned>, String> {
    if !workbook::is_one(bytes) {
        return Err("it is no workbook".to_owned());
    }
    let known: BTreeMap<String, &String> =
        needed.iter().map(|name| (squeeze(name), name)).collect();
    let mut book = workbook::open(name, bytes)?;
    let mut rows = Vec::new();
    for sheet in book.pick(&Which::Seen)? {
        let lines = book.sheet(&sheet)?.lines;
        let Some((head, lines)) = lines.split_first() else { continue };
        let headers = headers(head, &known).map_err(|why| format!("sheet {sheet}: {why}"))?;
        let filled = lines.iter().filter(|line| line.cells.iter().any(Option::is_some));
        rows.extend(filled.map(|line| returned(line, &headers)));
    }
    if rows.is_empty() {
        return Err("no row stands below its header: it corrects nothing".to_owned());
    }
    Ok(rows)
}

/// The sender's headers, as the connector writes them.
fn headers(head: &Line, known: &BTreeMap<String, &String>) -> Result<Vec<String>, String> {
    let squeezed = head.cells.iter().map(|cell| squeeze(cell.as_deref().unwrap_or_default()));
    let mut squeezed: Vec<String> = squeezed.collect();
    if !squeezed.starts_with(&OURS.map(str::to_owned)) {
        return Err(format!("its first columns are not {}", OURS.join(", ")));
    }
    let theirs = squeezed.split_off(OURS.len());
    for (at, name) in theirs.iter().enumerate() {
        if !name.is_empty() && theirs.iter().take(at).any(|before| before == name) {
            return Err(format!("two columns are named `{name}`"));
        }
    }
    Ok(theirs.iter().map(|name| known.get(name).map_or(name, |name| *name).clone()).collect())
}

fn returned(line: &Line, headers: &[String]) -> Returned {
    let text = |at: usize| line.cells.get(at).and_then(Option::as_deref).unwrap_or_default();
    let mut cells = BTreeMap::new();
    let mut is_left_over = false;
    for (header, cell) in headers.iter().zip(line.cells.iter().skip(OURS.len())) {
        let Some(text) = cell.as_ref().filter(|_| !header.is_empty()) else { continue };
        is_left_over |= header.starts_with(SURPLUS);
        if !header.starts_with('_') {
            cells.insert(header.clone(), text.clone());
        }
    }
    if is_left_over {
        // Its cells may stand under other headers than their own, and show there what is to be hidden.
        cells = BTreeMap::from([("_malformed".to_owned(), "a field is left over".to_owned())]);
    }
    // A row number that is none matches nothing.
    let row = clean(text(2)).parse().unwrap_or(0);
    Returned { stream: clean(text(3)), place: (clean(text(4)), text(1).to_owned(), row), cells }
}

/// The rows at the places that they correct.
fn batch<'h>(matched: impl Iterator<Item = (&'h HeldBack, BTreeMap<String, String>)>) -> Batch {
    let mut headers: Vec<String> = Vec::new();
    let mut rows: Vec<(&HeldBack, BTreeMap<String, String>)> = Vec::new();
    for (held, mut cells) in matched {
        let fixed =
            held.fixed.iter().filter_map(|(name, text)| Some((name.clone(), text.clone()?)));
        cells.extend(fixed);
        cells.insert("_corrects".to_owned(), held.file.clone());
        cells.insert("_held_since".to_owned(), held.since.to_string());
        let unseen: Vec<String> =
            cells.keys().filter(|name| !headers.contains(name)).cloned().collect();
        headers.extend(unseen);
        rows.push((held, cells));
    }
    let rows = rows.into_iter().map(|(held, mut cells)| {
        let cells: Vec<Cell> = headers.iter().map(|header| cells.remove(header)).collect();
        Row { source: Arc::from(held.source.as_str()), row: held.row, cells }
    });
    Batch { rows: rows.collect(), headers: headers.clone() }
}
