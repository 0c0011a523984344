//! Which files of a drop folder are new, and which rows do they hold? A file is known by its content.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan as _;

use super::DeliveredFile;
use super::ExtractError;
use super::Request;
use super::correction;
use super::dropped;
use super::dropped::captures;
use super::dropped::is_of;
use super::dropped::regular;
use super::grid;
use super::grid::Layout;
use super::header;
use super::landing::Landing;
use super::parcel;
use super::revision;
use super::sheet::Sheet;
use super::text::Text;
use super::workbook;
use crate::base::clock;
use crate::base::pseudonym::sha256;
use crate::spec::connector::FileStream;
use crate::spec::connector::Files;
use crate::spec::connector::Which;

/// How long the last line of a text may still come to its end, where nobody says how long a file lies still.
const MAY_END: Duration = Duration::from_hours(1);

/// So many lines of a text are in memory at once.
const LINES: usize = 20_000;

/// Reads every file that has not landed yet, in the order of names. Blocks while it reads.
pub(super) fn pull(
    folder: &Files,
    ask: &FileStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let still = folder.still;
    let folder = dropped::folder(folder, &request.connector.name, request.secrets, request.home)?;
    let all = regular(&folder)?;
    let outdone = revision::outdone(ask, &all);
    let mut passed: Vec<(DeliveredFile, &String)> = Vec::new();
    let (mut here, mut landed): (Vec<String>, BTreeSet<String>) = Default::default();
    for dropped in all.iter().filter(|it| parcel::is_one(&it.name) || is_of(ask, &it.name)) {
        let changed = dropped.changed()?;
        // What is amiss with a file that changed on the day before the cutoff, or since, may still be mended.
        let is_fresh = request.until.checked_sub(24.hours()).is_ok_and(|day| day < changed);
        let lain = clock::now().duration_since(changed).unsigned_abs();
        let waits = if still.is_some_and(|still| lain < still) {
            Some("it changed a moment ago")
        } else {
            (is_fresh && dropped.is_open).then_some("somebody has it open")
        };
        let bytes = match (dropped.whole(), waits) {
            (Err(ExtractError::Changing { .. }), _) => {
                landing.not_whole(&dropped.name, "it changed while it was read");
                continue;
            }
            // An empty file may be the first moment of a copy.
            (Err(ExtractError::Unreadable { .. }), Some(why)) => {
                landing.not_whole(&dropped.name, why);
                continue;
            }
            (read, _) => read?,
        };
        let is_cut = still.is_none() && lain < MAY_END && dropped::lacks_line_end(&bytes);
        let waits = waits.or(is_cut.then_some("its last line has no end"));
        if is_fresh && dropped::lacks_end(&bytes) {
            landing.not_whole(&dropped.name, "its end is missing");
            continue;
        }
        dropped.each(&bytes, &|name| is_of(ask, name), &mut |name, bytes| {
            let sha256 = sha256(bytes);
            // The same content under two names is one file.
            if request.known_files.contains(&sha256) || here.contains(&sha256) {
                landed.insert(name.to_owned());
                return Ok(());
            }
            if let Some(why) = waits {
                landing.not_whole(name, why);
                return Ok(());
            }
            here.push(sha256.clone());
            let name = name.to_owned();
            if let Some(winner) = outdone.get(&name) {
                passed.push((DeliveredFile { name, sha256, rows: 0 }, winner));
                return Ok(());
            }
            let rows = file(&name, bytes, ask, landing)?;
            landed.insert(name.clone());
            tracing::debug!(file = name, rows, "file was read");
            landing.so_far.files.push(DeliveredFile { name, sha256, rows });
            Ok(())
        })?;
    }
    // A file is known once a later revision landed, this night or before, even where that one leaves the folder.
    let settled = passed.into_iter().filter(|(_, winner)| landed.contains(*winner));
    landing.so_far.outdone.extend(settled.map(|(file, _)| file));
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
    let all = regular(&folder)?;
    for dropped in all.iter().rev().filter(|it| parcel::is_one(&it.name) || is_of(ask, &it.name)) {
        dropped.each(&dropped.whole()?, &|name| is_of(ask, name), &mut |name, bytes| {
            file(name, bytes, ask, landing).map(|_| ())
        })?;
    }
    Ok(())
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
        let table = grid::table(&sheet, &layout).map_err(unreadable(&sheet.source))?;
        landing.check(&table.batch).map_err(unreadable(&sheet.source))?;
        landing.told(table.total);
        if let Some((first, rows)) = table.below {
            landing.below(format!("{} row {first}", sheet.source), rows);
        }
        rows += landing.take(table.batch)?;
        Ok(())
    };
    each_sheet(name, bytes, ask, LINES, &mut take)?;
    Ok(rows)
}

fn unreadable(what: &str) -> impl FnOnce(String) -> ExtractError + use<> {
    let what = format!("file `{what}`");
    move |why: String| ExtractError::Unreadable { what, why }
}

/// The sheets of a file that a stream reads; of a text so many lines at a time, where no row needs another.
pub(super) fn each_sheet(
    name: &str,
    bytes: &[u8],
    ask: &FileStream,
    lines: usize,
    take: &mut dyn FnMut(Sheet) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    if workbook::is_one(bytes) {
        let mut book = workbook::open(name, bytes).map_err(unreadable(name))?;
        let is_named = matches!(ask.sheets, Which::Named(_));
        let (mut empty, mut has_some) = (None, false);
        for sheet in book.pick(&ask.sheets).map_err(unreadable(name))? {
            let sheet = book.sheet(&sheet).map_err(unreadable(name))?;
            // Programs put empty sheets behind the first; one that is asked for by its name should have a table.
            if !is_named && sheet.is_empty() {
                empty.get_or_insert(sheet);
                continue;
            }
            has_some = true;
            take(sheet)?;
        }
        return empty.filter(|_| !has_some).map_or(Ok(()), take);
    }
    let text = Text::read(name, bytes, ask.encoding).map_err(unreadable(name))?;
    let grid = &ask.grid;
    let needs_all = grid.total.is_some() || !grid.end.is_empty() || text.has_ditto();
    let lines = if needs_all { usize::MAX } else { lines };
    for piece in text.pieces((grid.header_from, grid.header_to), lines) {
        take(piece.map_err(unreadable(name))?)?;
    }
    Ok(())
}

/// The named groups of the file pattern, as columns.
pub(super) fn named(ask: &FileStream, name: &str) -> Vec<(String, Option<String>)> {
    captures(ask, name).map_or_else(Vec::new, |found| header::groups(&ask.file, &found))
}
