//! Which files of a drop folder are new, and which rows do they hold? A file is known by its content and its name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::ToSpan as _;

use super::DeliveredFile;
use super::ExtractError;
use super::Request;
use super::correction;
use super::dropped;
use super::dropped::is_of;
use super::dropped::named;
use super::dropped::regular;
use super::grid;
use super::grid::Layout;
use super::known;
use super::known::Known;
use super::known::Says;
use super::landing::Landing;
use super::parcel;
use super::revision;
use super::sheet::Sheet;
use super::text::Text;
use super::unclaimed;
use super::workbook;
use crate::base::clock;
use crate::base::pseudonym::sha256;
use crate::base::redact::without_people;
use crate::spec::connector::FileStream;
use crate::spec::connector::Files;
use crate::spec::connector::Which;

/// How long the last line of a text may still come to its end, where nobody says how long a file lies still.
const MAY_END: Duration = Duration::from_hours(1);

/// Why a file waits whose time `still` sets.
const MOVES: &str = "it changed a moment ago; `still` in [files] says for how long it waits";
const STOPS: &str = "its last line has no end; `still` in [files] says for how long it waits";

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
    let mut pile = Pile {
        ask,
        request,
        known: Known::of(ask, request.known_files),
        outdone: revision::outdone(ask, &all),
        here: BTreeMap::new(),
        landed: BTreeSet::new(),
        passed: Vec::new(),
    };
    for dropped in all.iter().filter(|it| parcel::is_one(&it.name) || is_of(ask, &it.name)) {
        let changed = dropped.changed()?;
        // What is amiss with a file that changed on the day before the cutoff, or since, may still be mended.
        let is_fresh = request.until.checked_sub(24.hours()).is_ok_and(|day| day < changed);
        let lain = clock::now().duration_since(changed).unsigned_abs();
        let waits = if still.is_some_and(|still| lain < still) {
            Some(MOVES)
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
        let waits = waits.or(is_cut.then_some(STOPS));
        if is_fresh && dropped::lacks_end(&bytes) {
            landing.not_whole(&dropped.name, "its end is missing");
            continue;
        }
        dropped.each(&bytes, &|name| is_of(ask, name), &mut |name, bytes| {
            pile.take((name, bytes), waits, landing)
        })?;
    }
    // A file is known once a later revision landed, this night or before, even where that one leaves the folder.
    let Pile { outdone, landed, passed, .. } = pile;
    let is_settled =
        |file: &DeliveredFile| outdone.get(&file.name).is_some_and(|last| landed.contains(last));
    landing.so_far.outdone.extend(passed.into_iter().filter(is_settled));
    correction::pull(&folder, request, landing)
}

/// The files of a folder as they are taken up, one after the other.
struct Pile<'p> {
    ask: &'p FileStream,
    request: &'p Request<'p>,
    known: Known<'p>,
    /// The names that a later revision takes the place of, each with that one's name.
    outdone: BTreeMap<String, String>,
    /// What was taken up tonight, and whether it was read.
    here: BTreeMap<(String, Says), bool>,
    /// The names of what was read, this night or before.
    landed: BTreeSet<String>,
    /// What was passed by for a later revision.
    passed: Vec<DeliveredFile>,
}

impl Pile<'_> {
    /// Reads a file, unless it has landed, or waits, or a later revision is there.
    fn take(
        &mut self,
        (name, bytes): (&str, &[u8]),
        waits: Option<&str>,
        landing: &mut Landing<'_>,
    ) -> Result<(), ExtractError> {
        let (sha256, name) = (sha256(bytes), name.to_owned());
        let mut file = DeliveredFile { name: name.clone(), sha256, rows: 0 };
        if self.known.holds(&name, &file.sha256) {
            if !self.known.names(&name, &file.sha256) {
                landing.so_far.outdone.push(file);
            }
            self.landed.insert(name);
            return Ok(());
        }
        // The same content under two names that say the same is one file; the last revision is read.
        let print = (file.sha256.clone(), known::says(self.ask, &name));
        let is_last = || self.outdone.values().any(|last| *last == name);
        if self.here.get(&print).is_some_and(|is_read| *is_read || !is_last()) {
            self.landed.insert(name);
            return Ok(());
        }
        if let Some(why) = waits {
            landing.not_whole(&name, why);
            return Ok(());
        }
        let is_outdone = self.outdone.contains_key(&name);
        self.here.insert(print, !is_outdone);
        if is_outdone {
            self.passed.push(file);
            return Ok(());
        }
        file.rows = self::file(&name, bytes, self.ask, landing)?;
        let of = (self.request.connector, self.request.stream);
        let unread = unclaimed::sheets(of, (&name, bytes)).map_err(unreadable(&name))?;
        landing.unread_sheets(&name, unread);
        tracing::debug!(file = without_people(&name), rows = file.rows, "file was read");
        self.landed.insert(name);
        landing.so_far.files.push(file);
        Ok(())
    }
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
        is_for_sender: false,
        parts: named(ask, name),
        note: ask.note.as_ref(),
        grid: &ask.grid,
    };
    let mut rows = 0;
    let mut take = |sheet: Sheet| {
        let table = grid::table(&sheet, &layout).map_err(unreadable(&sheet.source))?;
        landing.check(&table.batch, ask.grid.header_from).map_err(unreadable(&sheet.source))?;
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
    let what = format!("file `{}`", without_people(what));
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
    let looks_back = !grid.fill_blank.is_empty() || text.has_ditto();
    let needs_all = grid.total.is_some() || !grid.end.is_empty() || looks_back;
    let lines = if needs_all { usize::MAX } else { lines };
    for piece in text.pieces((grid.header_from, grid.header_to), lines) {
        take(piece.map_err(unreadable(name))?)?;
    }
    Ok(())
}
