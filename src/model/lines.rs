//! What is remembered of each row that keeps its contract? Which key, which values, how new. Of many rows the lines
//! wait on the disk, as their values do: in shares by the prints of the keys, so that all rows of a key stand
//! in one share, and a share is looked at by itself.

use std::io;
use std::io::Write as _;
use std::mem;
use std::path::Path;
use std::path::PathBuf;

use super::ModelError;
use crate::base::cell::Cell;
use crate::base::durable::append;
use crate::base::durable::create;
use crate::base::durable::create_folders;
use crate::frame::table::day_number;

/// Where the values of a row are: which table, and which row of it.
pub(super) type At = (u32, u32);

/// So many shares there are.
pub(super) const SHARES: u8 = 64;

/// What is remembered of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The print of its key.
    pub(super) key: u128,
    /// The hash of its values.
    pub(super) hash: u64,
    /// Where they are.
    pub(super) at: At,
    /// When its source changed it.
    pub(super) updated: When,
    /// Whether it corrects a row of another delivery, or of this one.
    pub(super) is_correction: bool,
    /// Whether it says that its key is deleted.
    pub(super) is_deleted: bool,
    /// Whether a slice of the past brought it.
    pub(super) is_past: bool,
}

/// When a source changed a row: by a number where that is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum When {
    Unknown,
    Number(i128),
    Told(Box<str>),
}

impl From<Option<&Cell>> for When {
    fn from(cell: Option<&Cell>) -> When {
        match cell {
            None => When::Unknown,
            Some(Cell::Instant(instant)) => When::Number(instant.as_microsecond().into()),
            Some(Cell::Day(day)) => When::Number(day_number(*day).into()),
            Some(Cell::Whole(number)) => When::Number((*number).into()),
            // All of a column have the same scale.
            Some(Cell::Decimal(digits, _)) => When::Number(*digits),
            Some(Cell::Flag(flag)) => When::Number((*flag).into()),
            Some(Cell::Text(text)) => When::Told(text.as_str().into()),
        }
    }
}

/// In which share the rows of a key are; those of a smaller one are in no later share.
pub(super) fn share_of(key: u128) -> u8 {
    u8::try_from(key >> 122).unwrap_or_default()
}

impl Line {
    /// Puts it behind some bytes.
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.key.to_be_bytes());
        bytes.extend_from_slice(&self.hash.to_be_bytes());
        bytes.extend_from_slice(&self.at.0.to_be_bytes());
        bytes.extend_from_slice(&self.at.1.to_be_bytes());
        let flags = [self.is_correction, self.is_deleted, self.is_past];
        bytes.extend(flags.map(u8::from));
        match &self.updated {
            When::Unknown => bytes.push(0),
            When::Number(number) => {
                bytes.push(1);
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            When::Told(text) => {
                bytes.push(2);
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Takes one off some bytes; none where none stands there.
    fn take(bytes: &mut &[u8]) -> Option<Line> {
        let key = u128::from_be_bytes(taken(bytes)?);
        let hash = u64::from_be_bytes(taken(bytes)?);
        let at = (u32::from_be_bytes(taken(bytes)?), u32::from_be_bytes(taken(bytes)?));
        let [is_correction, is_deleted, is_past] = taken::<3>(bytes)?.map(|flag| flag > 0);
        let updated = match taken(bytes)? {
            [0] => When::Unknown,
            [1] => When::Number(i128::from_be_bytes(taken(bytes)?)),
            _ => {
                let length = usize::try_from(u64::from_be_bytes(taken(bytes)?)).ok()?;
                let (text, rest) = bytes.split_at_checked(length)?;
                *bytes = rest;
                When::Told(str::from_utf8(text).ok()?.into())
            }
        };
        Some(Line { key, hash, at, updated, is_correction, is_deleted, is_past })
    }
}

fn taken<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

/// The lines of a pile.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<Line>,
    /// Where the others are, if there are others.
    folder: Option<PathBuf>,
}

impl Lines {
    /// Adds some.
    pub(super) fn add(&mut self, lines: Vec<Line>) {
        self.held.extend(lines);
    }

    /// How many are in memory.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Puts those in memory on the disk; what another pile left there is gone.
    pub(super) fn put(&mut self, folder: &Path) -> Result<(), ModelError> {
        let mut shares = vec![Vec::new(); usize::from(SHARES)];
        for line in mem::take(&mut self.held) {
            if let Some(bytes) = shares.get_mut(usize::from(share_of(line.key))) {
                line.put(bytes);
            }
        }
        let open = if self.folder.is_some() { append } else { create };
        create_folders(folder).map_err(named(folder))?;
        for (share, bytes) in (0..SHARES).zip(shares) {
            let path = path(folder, share);
            open(&path).and_then(|mut file| file.write_all(&bytes)).map_err(named(&path))?;
        }
        self.folder = Some(folder.to_owned());
        Ok(())
    }

    /// Those of a share, in no order.
    pub(super) fn share(&self, share: u8) -> Result<Vec<Line>, ModelError> {
        let mut lines = Vec::new();
        if let Some(folder) = &self.folder {
            let path = path(folder, share);
            let bytes = std::fs::read(&path).map_err(named(&path))?;
            let mut bytes = bytes.as_slice();
            while !bytes.is_empty() {
                let line = Line::take(&mut bytes).ok_or(io::ErrorKind::InvalidData.into());
                lines.push(line.map_err(named(&path))?);
            }
        }
        lines.extend(self.held.iter().filter(|line| share_of(line.key) == share).cloned());
        Ok(lines)
    }
}

fn path(folder: &Path, share: u8) -> PathBuf {
    folder.join(format!("{share}.lines"))
}

fn named(path: &Path) -> impl FnOnce(io::Error) -> ModelError + '_ {
    |cause| ModelError::File { path: path.display().to_string(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32) -> Line {
        let updated = match number % 3 {
            0 => When::Unknown,
            1 => When::Number(-i128::from(number)),
            _ => When::Told(format!("第{number}版").into()),
        };
        Line {
            key: u128::from(number) << 120,
            hash: u64::from(number),
            at: (number / 10, number),
            updated,
            is_correction: number.is_multiple_of(2),
            is_deleted: number.is_multiple_of(5),
            is_past: number.is_multiple_of(7),
        }
    }

    #[test]
    fn lines_come_back_in_their_shares_wherever_they_were() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("rows.shelf");
        // Another pile has left its own.
        let mut other = Lines::default();
        other.add(vec![line(1)]);
        other.put(&folder).unwrap();
        let mut lines = Lines::default();
        for from in [0, 100, 200] {
            lines.add((from..from + 100).map(line).collect());
            if from < 200 {
                lines.put(&folder).unwrap();
            }
        }
        assert_eq!(lines.held(), 100);
        let mut all = Vec::new();
        for share in 0..SHARES {
            let own = lines.share(share).unwrap();
            assert!(own.iter().all(|line| share_of(line.key) == share));
            all.extend(own);
        }
        all.sort_by_key(|line| line.at);
        let expected: Vec<Line> = (0..300).map(line).collect();
        assert_eq!(all, expected);
        // A file that ends within a line is none.
        std::fs::write(folder.join("0.lines"), [1]).unwrap();
        assert!(lines.share(0).is_err());
    }
}
