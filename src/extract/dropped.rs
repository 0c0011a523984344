//! Where are a system's files dropped, and is one whole? A file that is still being written is not read.

use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use regex::Captures;

use super::ExtractError;
use super::compound;
use super::header;
use super::parcel;
use super::parcel::Take;
use crate::base::clock;
use crate::base::pseudonym::sha256;
use crate::spec::connector::FileStream;
use crate::spec::connector::Files;
use crate::spec::template::Secrets;

/// Names that a file has while a program copies it.
const COPIES: [&str; 5] = [".part", ".partial", ".filepart", ".crdownload", ".tmp"];
/// How an archive begins, and the record that ends one, perhaps with a comment behind it.
const ZIP: &[u8] = b"PK\x03\x04";
const END: &[u8] = b"PK\x05\x06";
const LONGEST_END: usize = 22 + 65_535;
/// So long an archive may lack its end.
const DAY: Duration = Duration::from_hours(24);
/// The most bytes of a file, which is in memory while it is read.
const MOST: u64 = 4 << 30;

/// A file of a drop folder.
pub(super) struct Dropped {
    /// Its name.
    pub(super) name: String,
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Whether somebody has it open.
    pub(super) is_open: bool,
}

/// The drop folder of a system.
pub(super) fn folder(
    folder: &Files,
    system: &str,
    secrets: &dyn Secrets,
    home: &Path,
) -> Result<PathBuf, ExtractError> {
    let unset = |source| ExtractError::Unset { system: system.to_owned(), source };
    Ok(home.join(folder.at.fill(secrets, &[]).map_err(unset)?))
}

/// The files of a folder, in the order of names; without those that programs keep beside a file that is
/// open, and those that are on their way.
pub(super) fn regular(folder: &Path) -> Result<Vec<Dropped>, ExtractError> {
    let closed =
        |source: io::Error| ExtractError::Closed { file: folder.display().to_string(), source };
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(closed)? {
        let path = entry.map_err(closed)?.path();
        // A pipe would be waited for; what leads nowhere is told where it is read.
        if fs::metadata(&path).is_ok_and(|it| !it.is_file()) {
            continue;
        }
        let name = path.file_name().map(|name| parcel::spelled(name.as_bytes()));
        all.extend(name.map(|name| (name, path)));
    }
    all.sort();
    let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    let is_aside = |name: &str| {
        let lower = name.to_lowercase();
        name.starts_with(['~', '.']) || COPIES.iter().any(|end| lower.ends_with(end))
    };
    let found = all.into_iter().filter(|(name, _)| !is_aside(name)).map(|(name, path)| {
        let marks = [format!("~${name}"), format!(".~lock.{name}#")];
        let is_open = marks.iter().any(|mark| names.contains(mark));
        Dropped { name, path, is_open }
    });
    Ok(found.collect())
}

impl Dropped {
    /// Its bytes, if it stayed the same while it was read.
    pub(super) fn whole(&self) -> Result<Vec<u8>, ExtractError> {
        whole(&self.name, &self.path)
    }

    /// When it changed last.
    pub(super) fn changed(&self) -> Result<Timestamp, ExtractError> {
        let closed = |source| ExtractError::Closed { file: self.name.clone(), source };
        let changed = fs::metadata(&self.path).and_then(|it| it.modified()).map_err(closed)?;
        Ok(Timestamp::try_from(changed).unwrap_or(Timestamp::MAX))
    }

    /// The names of the wanted files that it holds; what cannot be opened is told where it is read.
    pub(super) fn names(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let bytes =
            if parcel::is_one(&self.name) { self.whole().unwrap_or_default() } else { Vec::new() };
        let mut names = Vec::new();
        let _damaged = self.each(&bytes, is_wanted, &mut |name, _| {
            names.push(name.to_owned());
            Ok(())
        });
        names
    }

    /// Why it would not be read, as far as its size, its permissions and, of a parcel, its list of files tell.
    pub(super) fn fault(&self, still: Option<Duration>) -> Option<ExtractError> {
        let closed = |source| ExtractError::Closed { file: self.name.clone(), source };
        let opened = File::open(&self.path).and_then(|file| file.metadata());
        let found = match opened {
            Ok(found) => found,
            Err(source) => return Some(closed(source)),
        };
        // A night waits for one that lacks its end for a day.
        let changed = self.changed().ok()?;
        let lain = clock::now().duration_since(changed).unsigned_abs();
        if still.is_some_and(|still| lain < still) {
            return None;
        }
        if found.len() == 0 {
            return Some(empty(&self.name));
        }
        let bytes = if parcel::is_one(&self.name) { self.whole() } else { return None };
        let waits = |bytes: &[u8]| lain < DAY && lacks_end(bytes);
        let each = |bytes: Vec<u8>| match self.each(&bytes, &|_| false, &mut |_, _| Ok(())) {
            Err(fault) if !waits(&bytes) => Err(fault),
            _ => Ok(()),
        };
        bytes.and_then(each).err()
    }

    /// The SHA-256 of a file that it holds, if that can be opened.
    pub(super) fn content(&self, file: &str) -> Option<String> {
        let (bytes, mut found) = (self.whole().ok()?, None);
        let mut take = |_: &str, bytes: &[u8]| {
            found = Some(sha256(bytes));
            Ok(())
        };
        self.each(&bytes, &|name| name == file, &mut take).ok()?;
        found
    }

    /// Hands on the wanted files of what it holds: itself, or those in a parcel.
    pub(super) fn each(
        &self,
        bytes: &[u8],
        is_wanted: &dyn Fn(&str) -> bool,
        take: &mut Take<'_>,
    ) -> Result<(), ExtractError> {
        if parcel::is_one(&self.name) {
            parcel::each(&self.name, bytes, is_wanted, take)
        } else if is_wanted(&self.name) {
            take(&self.name, bytes)
        } else {
            Ok(())
        }
    }
}

/// Whether an archive or a workbook lacks the record that ends one, or is shorter than it says.
pub(super) fn lacks_end(bytes: &[u8]) -> bool {
    if bytes.starts_with(compound::BEGINS) {
        return compound::is_cut(bytes);
    }
    let tail = bytes.get(bytes.len().saturating_sub(LONGEST_END)..).unwrap_or_default();
    bytes.starts_with(ZIP) && !tail.windows(END.len()).any(|record| record == END)
}

/// Whether a text stops within a line; what knows its own end is none.
pub(super) fn lacks_line_end(bytes: &[u8]) -> bool {
    // In UTF-16 an empty byte stands beside that of the line's end.
    let end = bytes.strip_suffix(b"\0").unwrap_or(bytes).last();
    let knows_end = bytes.starts_with(compound::BEGINS) || bytes.starts_with(ZIP);
    // Ctrl-Z is how old programs end a text.
    !knows_end && !matches!(end, Some(b'\n' | b'\r' | 0x1a))
}

/// The bytes of a file that stayed the same while it was read.
pub(super) fn whole(name: &str, path: &Path) -> Result<Vec<u8>, ExtractError> {
    let closed = |source| ExtractError::Closed { file: name.to_owned(), source };
    let before = fs::metadata(path).map_err(closed)?;
    let refused = |why| Err(ExtractError::Unreadable { what: format!("file `{name}`"), why });
    if !before.is_file() {
        return refused("it is no file, and a pipe would be waited for".to_owned());
    }
    let bytes = before.len();
    if bytes > MOST {
        return refused(format!(
            "it has {bytes} bytes, and at most {MOST} are read: ask for it in parts"
        ));
    }
    let bytes = fs::read(path).map_err(closed)?;
    let after = fs::metadata(path).map_err(closed)?;
    if !is_same(&before, &after) || after.len() != bytes.len() as u64 {
        return Err(ExtractError::Changing { file: name.to_owned() });
    }
    if bytes.is_empty() {
        return Err(empty(name));
    }
    Ok(bytes)
}

fn empty(name: &str) -> ExtractError {
    let why = "it is empty; take it away, or ask for it again".to_owned();
    ExtractError::Unreadable { what: format!("file `{name}`"), why }
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

/// Whether a stream reads a file of this name.
pub(super) fn is_of(ask: &FileStream, name: &str) -> bool {
    captures(ask, name).is_some()
}

/// What the pattern finds in a name: a file's own, or else that with its parcel before it.
pub(super) fn captures<'n>(ask: &FileStream, name: &'n str) -> Option<Captures<'n>> {
    let own = name.rsplit('/').next().unwrap_or(name);
    ask.file.captures(own).or_else(|| ask.file.captures(name))
}

/// The named groups of the file pattern, as columns.
pub(super) fn named(ask: &FileStream, name: &str) -> Vec<(String, Option<String>)> {
    captures(ask, name).map_or_else(Vec::new, |found| header::groups(&ask.file, &found))
}
