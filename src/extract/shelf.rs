//! Where do pages wait until their slice is whole? In a file a slice, a line a page, shielded like all
//! that is stored. A pull that broke off finds them there and goes on.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::ExtractError;
use super::ledger::Seen;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::base::durable::at;
use crate::base::durable::create_folders;
use crate::base::durable::write_then_rename;

/// The file that says what the pages are answers to.
const HEAD: &str = "head";

/// The pages of one pull.
pub(super) struct Shelf {
    folder: PathBuf,
}

/// The pages of one slice.
pub(super) struct Slot {
    path: PathBuf,
    file: Option<File>,
    /// The job that makes what follows, where it is one.
    job: Option<String>,
}

/// A page of a slice.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Page {
    /// What it looked like.
    pub(super) seen: Seen,
    /// Where it said that the next one is.
    pub(super) next: Option<String>,
    /// What may be stored of it.
    headers: Vec<String>,
    rows: Vec<(u32, Vec<Option<String>>)>,
    /// Headers that no column names, and how many rows filled them.
    pub(super) unread: BTreeMap<String, u64>,
    /// Every header.
    pub(super) all: BTreeSet<String>,
}

/// What is left to ask behind the pages of a slice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// More pages.
    More,
    /// Nothing; and the source's own total.
    Nothing { total: Option<u64> },
}

/// A line of a slice's file.
#[derive(Serialize, Deserialize)]
enum Line {
    Page(Page),
    /// The job that makes the rows.
    Job(String),
    /// Nothing follows.
    End {
        total: Option<u64>,
    },
}

impl Page {
    /// A page whose rows have passed the shield.
    pub(super) fn new(
        (seen, next): (Seen, Option<String>),
        batch: Batch,
        (unread, all): (BTreeMap<String, u64>, BTreeSet<String>),
    ) -> Page {
        let rows = batch.rows.into_iter().map(|row| (row.row, row.cells)).collect();
        Page { seen, next, headers: batch.headers, rows, unread, all }
    }

    /// Its rows, each at its place.
    pub(super) fn batch(&mut self, source: &Arc<str>) -> Batch {
        let rows = std::mem::take(&mut self.rows).into_iter();
        let row = |(row, cells)| Row { source: Arc::clone(source), row, cells };
        Batch { headers: std::mem::take(&mut self.headers), rows: rows.map(row).collect() }
    }
}

/// A file whose owner alone may read it, open behind its last byte.
fn appended(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

impl Shelf {
    /// Opens a shelf; what answers other questions than these is cleared.
    pub(super) fn open(folder: &Path, questions: &str) -> Result<Shelf, ExtractError> {
        let open = || {
            let head = folder.join(HEAD);
            if fs::read_to_string(&head).is_ok_and(|known| known == questions) {
                return Ok(());
            }
            if folder.is_dir() {
                fs::remove_dir_all(folder)?;
            }
            create_folders(folder)?;
            write_then_rename(&head, questions.as_bytes())
        };
        open().map_err(at(folder)).map_err(ExtractError::Landing)?;
        Ok(Shelf { folder: folder.to_owned() })
    }

    /// The pages of a slice.
    pub(super) fn slot(&self, name: &str) -> Slot {
        Slot { path: self.folder.join(name), file: None, job: None }
    }
}

impl Slot {
    /// Calls `see` with every page that is here, in order; tells what is left to ask. A line that was cut short is no page, and is cut off.
    pub(super) fn each<E: From<ExtractError>>(
        &mut self,
        mut see: impl FnMut(Page) -> Result<(), E>,
    ) -> Result<Left, E> {
        let path = self.path.clone();
        let lost = |fault| E::from(ExtractError::Landing(at(&path)(fault)));
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Left::More),
            Err(fault) => return Err(lost(fault)),
        };
        let (mut lines, mut text, mut good) = (BufReader::new(file), Vec::new(), 0);
        loop {
            text.clear();
            let length = lines.read_until(b'\n', &mut text).map_err(lost)? as u64;
            match serde_json::from_slice(&text) {
                Ok(Line::Page(page)) if text.ends_with(b"\n") => see(page)?,
                Ok(Line::Job(job)) if text.ends_with(b"\n") => self.job = Some(job),
                Ok(Line::End { total }) => return Ok(Left::Nothing { total }),
                Ok(Line::Page(_) | Line::Job(_)) | Err(_) if length > 0 => {
                    let file = File::options().write(true).open(&self.path).map_err(lost)?;
                    file.set_len(good).map_err(lost)?;
                    return Ok(Left::More);
                }
                Ok(Line::Page(_) | Line::Job(_)) | Err(_) => return Ok(Left::More),
            }
            good += length;
        }
    }

    /// The job that was begun, as [`Slot::each`] found it.
    pub(super) fn job(&self) -> Option<String> {
        self.job.clone()
    }

    /// Notes the job that was begun.
    pub(super) fn begin(&mut self, job: &str) -> Result<(), ExtractError> {
        self.write(&Line::Job(job.to_owned()))
    }

    /// Puts a page behind the others.
    pub(super) fn put(&mut self, page: Page) -> Result<(), ExtractError> {
        self.write(&Line::Page(page))
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, total: Option<u64>) -> Result<(), ExtractError> {
        self.write(&Line::End { total })?;
        self.file = None;
        Ok(())
    }

    /// Takes all pages away.
    pub(super) fn clear(&mut self) -> Result<(), ExtractError> {
        (self.file, self.job) = (None, None);
        match fs::remove_file(&self.path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                Err(ExtractError::Landing(at(&self.path)(fault)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn write(&mut self, line: &Line) -> Result<(), ExtractError> {
        let mut write = || {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(appended(&self.path)?),
            };
            file.write_all(&text)
        };
        write().map_err(at(&self.path)).map_err(ExtractError::Landing)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::base::durable::is_full;

    #[test]
    fn a_page_that_finds_no_room_is_a_full_disk_that_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("shelf"), "which rows?").unwrap();
        let mut slot = shelf.slot("slice");
        // What is written there never finds room.
        symlink("/dev/full", &slot.path).unwrap();
        let full = slot.begin("a job").unwrap_err();
        assert!(matches!(full, ExtractError::Landing(_)) && is_full(&full));
        let told = format!("rows cannot be landed: `{}`: No space left", slot.path.display());
        assert!(full.told().starts_with(&told), "{}", full.told());
    }
}
