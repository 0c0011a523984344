//! Where do pages wait until their slice is whole? In a file a slice, a line a page and its cells behind it,
//! shielded like all that is stored. A pull that broke off finds them there and goes on.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::ExtractError;
use super::ledger::Seen;
use crate::base::durable::append;
use crate::base::durable::at;
use crate::base::durable::create_folders;
use crate::base::durable::write_then_rename;
use crate::base::sheet::Sheet;
use crate::base::sheet::Texts;

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
    /// How many pages are here, once they were counted.
    pages: usize,
    /// The job that makes what follows, where it is one.
    job: Option<String>,
}

/// A page of a slice.
#[derive(Debug)]
pub(super) struct Page {
    /// What it looked like.
    pub(super) seen: Seen,
    /// Where it said that the next one is.
    pub(super) next: Option<String>,
    /// What may be stored of it.
    pub(super) sheet: Sheet,
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
    /// Nothing; the source's own total, and whether rows moved whenever they were asked for.
    Nothing { total: Option<u64>, is_moving: bool },
}

/// A line of a slice's file.
#[derive(Serialize, Deserialize)]
enum Line {
    /// A page; so many bytes behind it are its cells.
    Page {
        seen: Seen,
        next: Option<String>,
        headers: Vec<String>,
        unread: BTreeMap<String, u64>,
        all: BTreeSet<String>,
        rows: usize,
        bytes: usize,
    },
    /// The job that makes the rows.
    Job(String),
    /// Nothing follows.
    End { total: Option<u64>, is_moving: bool },
}

impl Page {
    /// A page whose rows have passed the shield.
    pub(super) fn new(
        (seen, next): (Seen, Option<String>),
        sheet: Sheet,
        (unread, all): (BTreeMap<String, u64>, BTreeSet<String>),
    ) -> Page {
        Page { seen, next, sheet, unread, all }
    }
}

/// Puts a number behind some bytes: six bits each and a seventh that says that more follow, so that all is text.
fn put(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= MORE {
        bytes.extend(u8::try_from(MORE | (number & (MORE - 1))));
        number >>= 6;
    }
    bytes.extend(u8::try_from(number));
}

/// The bit that says that more of a number follow.
const MORE: u32 = 64;

/// Takes a number off some bytes; none where none stands there.
fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..u32::BITS).step_by(6) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let byte = u32::from(*byte);
        number |= (byte & (MORE - 1)).checked_shl(shift)?;
        if byte & MORE == 0 {
            return Some(number);
        }
    }
    None
}

/// The cells of a page: the number of each row, and of each column how long its texts are, and they.
fn cells(sheet: &Sheet) -> Vec<u8> {
    let numbers = (sheet.columns.len() + 2) * sheet.height();
    let mut bytes = Vec::with_capacity(numbers + sheet.bytes());
    for (_, row) in &sheet.places {
        put(&mut bytes, *row);
    }
    for column in &sheet.columns {
        let (text, lengths) = column.parts();
        for length in lengths {
            // The length of what is absent is the largest number.
            put(&mut bytes, length.wrapping_add(1));
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// The page whose cells those are; none if they are of no page.
fn sheet(headers: Vec<String>, rows: usize, mut bytes: &[u8]) -> Option<Sheet> {
    let source = Arc::from("");
    let place = |bytes: &mut &[u8]| Some((Arc::clone(&source), take(bytes)?));
    let places = (0..rows).map(|_| place(&mut bytes)).collect::<Option<_>>()?;
    let mut columns = Vec::with_capacity(headers.len());
    for _ in &headers {
        let length = |bytes: &mut &[u8]| Some(take(bytes)?.wrapping_sub(1));
        let lengths = (0..rows).map(|_| length(&mut bytes)).collect::<Option<Vec<_>>>()?;
        let (text, rest) = bytes.split_at_checked(Texts::bytes(&lengths)?)?;
        bytes = rest;
        columns.push(Texts::of(std::str::from_utf8(text).ok()?.to_owned(), lengths)?);
    }
    bytes.is_empty().then_some(Sheet { headers, columns, places })
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
        Slot { path: self.folder.join(name), file: None, pages: 0, job: None }
    }
}

impl Slot {
    /// Calls `see` with every page that is here, in order; tells what is left to ask. A line that was cut short is no page, and is cut off.
    pub(super) fn each<E: From<ExtractError>>(
        &mut self,
        mut see: impl FnMut(Page) -> Result<(), E>,
    ) -> Result<Left, E> {
        self.pages = 0;
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
            let mut length = lines.read_until(b'\n', &mut text).map_err(lost)? as u64;
            let line = serde_json::from_slice(&text).ok().filter(|_| text.ends_with(b"\n"));
            match line {
                Some(Line::End { total, is_moving }) => {
                    return Ok(Left::Nothing { total, is_moving });
                }
                Some(Line::Job(job)) => self.job = Some(job),
                Some(Line::Page { seen, next, headers, unread, all, rows, bytes }) => {
                    text.clear();
                    let most = bytes as u64;
                    length +=
                        lines.by_ref().take(most).read_to_end(&mut text).map_err(lost)? as u64;
                    let found = sheet(headers, rows, &text).filter(|_| text.len() == bytes);
                    self.pages += usize::from(found.is_some());
                    match found {
                        Some(sheet) => see(Page { seen, next, sheet, unread, all })?,
                        None => return self.cut(good).map_err(lost),
                    }
                }
                None if length > 0 => return self.cut(good).map_err(lost),
                None => return Ok(Left::More),
            }
            good += length;
        }
    }

    /// Cuts off what is no page.
    fn cut(&self, good: u64) -> io::Result<Left> {
        File::options().write(true).open(&self.path)?.set_len(good)?;
        Ok(Left::More)
    }

    /// The job that was begun, as [`Slot::each`] found it.
    pub(super) fn job(&self) -> Option<String> {
        self.job.clone()
    }

    /// Notes the job that was begun.
    pub(super) fn begin(&mut self, job: &str) -> Result<(), ExtractError> {
        self.write(&Line::Job(job.to_owned()), &[])
    }

    /// Puts a page behind the others.
    pub(super) fn put(&mut self, page: &Page) -> Result<(), ExtractError> {
        let Page { seen, next, sheet, unread, all } = page;
        let cells = cells(sheet);
        let line = Line::Page {
            seen: *seen,
            next: next.clone(),
            headers: sheet.headers.clone(),
            unread: unread.clone(),
            all: all.clone(),
            rows: sheet.places.len(),
            bytes: cells.len(),
        };
        self.pages += 1;
        self.write(&line, &cells)
    }

    /// How many pages are here, as [`Slot::each`] found them and as they were put behind.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, total: Option<u64>, is_moving: bool) -> Result<(), ExtractError> {
        self.write(&Line::End { total, is_moving }, &[])?;
        self.file = None;
        Ok(())
    }

    /// Takes all pages away.
    pub(super) fn clear(&mut self) -> Result<(), ExtractError> {
        (self.file, self.job, self.pages) = (None, None, 0);
        match fs::remove_file(&self.path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                Err(ExtractError::Landing(at(&self.path)(fault)))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn write(&mut self, line: &Line, cells: &[u8]) -> Result<(), ExtractError> {
        let mut write = || {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(append(&self.path)?),
            };
            file.write_all(&text)?;
            file.write_all(cells)
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
    fn a_page_is_what_its_cells_say_or_none() {
        let column: Texts =
            [Some("ab"), None, Some(""), Some(&*"一".repeat(30))].into_iter().collect();
        let places = [1, 63, 64, u32::MAX].map(|row| (Arc::from(""), row)).to_vec();
        let headers = vec!["a".to_owned(), "b".to_owned()];
        let page = Sheet { headers: headers.clone(), columns: vec![column; 2], places };
        let bytes = cells(&page);
        assert_eq!(sheet(headers.clone(), 4, &bytes), Some(page));
        for length in 0..bytes.len() {
            assert_eq!(sheet(headers.clone(), 4, &bytes[..length]), None, "{length}");
        }
        assert_eq!(sheet(headers.clone(), 5, &bytes), None);
        assert_eq!(sheet(headers, usize::MAX, &bytes), None);
    }

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
