//! Which files of a drop folder are new, and which rows do they hold? A file is known by its content.

use std::path::Path;
use std::path::PathBuf;

use super::DeliveredFile;
use super::ExtractError;
use super::Request;
use super::correction;
use super::dropped;
use super::dropped::regular;
use super::dropped::whole;
use super::grid;
use super::grid::Layout;
use super::grid::Sheet;
use super::header;
use super::landing::Landing;
use super::text;
use super::workbook;
use crate::base::pseudonym::sha256;
use crate::spec::connector::FileStream;
use crate::spec::connector::Files;

/// Reads every file that has not landed yet, in the order of names. Blocks while it reads.
pub(super) fn pull(
    folder: &Files,
    ask: &FileStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let folder = dropped::folder(folder, &request.connector.name, request.secrets, request.home)?;
    let mut here: Vec<String> = Vec::new();
    for (name, path) in matching(&folder, ask)? {
        let bytes = whole(&name, &path)?;
        let sha256 = sha256(&bytes);
        // The same content under two names is one file.
        if request.known_files.contains(&sha256) || here.contains(&sha256) {
            continue;
        }
        let rows = file(&name, &bytes, ask, landing)?;
        tracing::debug!(file = name, rows, "file was read");
        here.push(sha256.clone());
        landing.so_far.files.push(DeliveredFile { name, sha256, rows });
    }
    correction::pull(&folder, request, landing)
}

/// Reads files from the last name on, whether they have landed or not.
pub(super) fn first(
    folder: &Files,
    ask: &FileStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let folder = dropped::folder(folder, &request.connector.name, request.secrets, request.home)?;
    for (name, path) in matching(&folder, ask)?.iter().rev() {
        file(name, &whole(name, path)?, ask, landing)?;
    }
    Ok(())
}

/// The files of a folder whose whole name matches, in the order of names.
fn matching(folder: &Path, ask: &FileStream) -> Result<Vec<(String, PathBuf)>, ExtractError> {
    let mut found = regular(folder)?;
    found.retain(|(name, _)| ask.file.is_match(name));
    Ok(found)
}

/// The rows of one file; its form is told by its first bytes, not by its name.
fn file(
    name: &str,
    bytes: &[u8],
    ask: &FileStream,
    landing: &mut Landing<'_>,
) -> Result<u64, ExtractError> {
    let layout = Layout {
        needed: landing.needed(),
        hides: landing.hides(),
        parts: named(ask, name),
        note: ask.note.as_ref(),
        grid: &ask.grid,
    };
    let mut rows = 0;
    let mut take = |sheet: Sheet| {
        let (batch, total) = grid::batch(&sheet, &layout).map_err(unreadable(&sheet.source))?;
        landing.told(total);
        rows += landing.take(batch)?;
        Ok(())
    };
    each_sheet(name, bytes, ask, &mut take)?;
    Ok(rows)
}

fn unreadable(what: &str) -> impl FnOnce(String) -> ExtractError + use<> {
    let what = format!("file `{what}`");
    move |why: String| ExtractError::Unreadable { what, why }
}

/// The sheets of a file that a stream reads.
pub(super) fn each_sheet(
    name: &str,
    bytes: &[u8],
    ask: &FileStream,
    take: &mut dyn FnMut(Sheet) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    if workbook::is_one(bytes) {
        let mut book = workbook::open(name, bytes).map_err(unreadable(name))?;
        for sheet in book.pick(&ask.sheets).map_err(unreadable(name))? {
            take(book.sheet(&sheet).map_err(unreadable(name))?)?;
        }
        return Ok(());
    }
    take(text::sheet(name, bytes, ask.grid.header_from).map_err(unreadable(name))?)
}

/// The named groups of the file pattern, as columns.
pub(super) fn named(ask: &FileStream, name: &str) -> Vec<(String, Option<String>)> {
    ask.file.captures(name).map_or_else(Vec::new, |found| header::groups(&ask.file, &found))
}
