//! What did the sender write in a row that is held back? Nothing of it was kept: the sender's file is
//! opened again, found by its content, and its cells go nowhere but back to the sender.

use std::collections::BTreeMap;
use std::path::Path;

use super::ExtractError;
use super::dropped::Dropped;
use super::dropped::folder;
use super::dropped::is_of;
use super::dropped::named;
use super::dropped::regular;
use super::files::each_sheet;
use super::grid;
use super::grid::Layout;
use super::sheet::Sheet;
use super::shield;
use crate::base::pseudonym::sha256;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::FileStream;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;
use crate::spec::template::Secrets;

/// The files of a drop folder by their content.
pub struct DropFolder {
    dropped: Vec<Dropped>,
    /// The name of each, and which file of the folder holds it: a parcel holds several.
    files: BTreeMap<String, (String, usize)>,
}

/// A sheet of the sender's, or a text file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reopened {
    /// The sender's headers, those of several rows joined with `/`.
    pub headers: Vec<String>,
    /// Its rows by their number, as many cells as there are headers.
    pub rows: BTreeMap<u32, Vec<Option<String>>>,
}

/// Why a file can't be opened again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No file in the folder has its content.
    Gone,
    /// A file of its name is there, with other content.
    Changed,
    /// It is no table any more for the connector as it is now.
    Unreadable(String),
}

impl DropFolder {
    /// Looks at every file of a system's drop folder; nothing for a system of another kind.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn of(
        connector: &Connector,
        secrets: &dyn Secrets,
        home: &Path,
    ) -> Result<Option<DropFolder>, ExtractError> {
        let Source::Files(files) = &connector.source else { return Ok(None) };
        let folder = folder(files, &connector.name, secrets, home)?;
        let dropped = regular(&folder)?;
        let mut files = BTreeMap::new();
        let asks = connector.streams.iter().filter_map(|stream| match &stream.ask {
            Ask::Files(ask) => Some(ask.as_ref()),
            _ => None,
        });
        let asks: Vec<&FileStream> = asks.collect();
        // A file may have been renamed since; what else is in a parcel is nobody's business.
        let is_ours = |name: &str| !name.contains('/') || asks.iter().any(|ask| is_of(ask, name));
        for (at, dropped) in dropped.iter().enumerate() {
            // One that is empty or damaged, or changes while it is read, is none that has landed.
            let Ok(bytes) = dropped.whole() else { continue };
            let _damaged = dropped.each(&bytes, &is_ours, &mut |name, bytes| {
                files.insert(sha256(bytes), (name.to_owned(), at));
                Ok(())
            });
        }
        Ok(Some(DropFolder { dropped, files }))
    }

    /// What stands in one source of a file, such as `roster.xlsx sheet 在编`.
    ///
    /// # Errors
    /// Why the file is lost.
    pub fn open(&self, stream: &Stream, file: &str, source: &str) -> Result<Reopened, Lost> {
        let of = self.files.get(file).map(|(name, at)| (name, self.dropped.get(*at)));
        let Some((name, Some(dropped))) = of else {
            let is_of = |name: &String| source == name || source.starts_with(&format!("{name} "));
            let is_there = self.files.values().any(|(name, _)| is_of(name));
            return Err(if is_there { Lost::Changed } else { Lost::Gone });
        };
        let unreadable = |fault: ExtractError| Lost::Unreadable(fault.to_string());
        let Ask::Files(ask) = &stream.ask else { return Err(Lost::Gone) };
        let bytes = dropped.whole().map_err(unreadable)?;
        let layout = Layout {
            needed: shield::fates(stream).into_keys().collect(),
            is_for_sender: true,
            parts: named(ask, name),
            note: ask.note.as_ref(),
            grid: &ask.grid,
        };
        let mut found = Reopened::default();
        let mut take = |sheet: Sheet| {
            // The file may have been renamed since; its sheet has not.
            let own = sheet.source.strip_prefix(name.as_str()).unwrap_or_default();
            if source.ends_with(own) {
                let what = format!("file `{}`", sheet.source);
                let table = grid::table(&sheet, &layout);
                let table = table.map_err(|why| ExtractError::Unreadable { what, why })?;
                found = reopened(table.batch);
            }
            Ok(())
        };
        let mut each =
            |name: &str, bytes: &[u8]| each_sheet(name, bytes, ask, usize::MAX, &mut take);
        dropped.each(&bytes, &|other| other == name, &mut each).map_err(unreadable)?;
        Ok(found)
    }
}

/// The sender's columns of a sheet: what was made of its name and its note stays here.
fn reopened(batch: crate::base::batch::Batch) -> Reopened {
    let is_theirs = |header: &String| !header.starts_with('_') || header.starts_with("_field_");
    let theirs: Vec<usize> = (0..batch.headers.len())
        .filter(|at| batch.headers.get(*at).is_some_and(is_theirs))
        .collect();
    let surplus = |header: &String| match header.strip_prefix("_field_") {
        Some(number) => format!("{}{number}", super::correction::SURPLUS),
        None => header.clone(),
    };
    let headers = theirs.iter().filter_map(|at| batch.headers.get(*at)).map(surplus).collect();
    let rows = batch.rows.into_iter().map(|row| {
        let cells = theirs.iter().map(|at| row.cells.get(*at).cloned().flatten()).collect();
        (row.row, cells)
    });
    Reopened { headers, rows: rows.collect() }
}
