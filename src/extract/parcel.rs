//! Which files are in a parcel? A ZIP of a drop folder is a folder of its own: its files are unpacked in
//! memory, one at a time, and only as far as the limits go.

use std::io::Cursor;
use std::io::Read as _;

use encoding_rs::GB18030;
use zip::ZipArchive;

use super::ExtractError;

/// What is done with a file: its name and its bytes.
pub(super) type Take<'t> = dyn FnMut(&str, &[u8]) -> Result<(), ExtractError> + 't;

/// The most files of a parcel, and the most bytes that those which are read may have.
const FILES: usize = 10_000;
const BYTES: u64 = 1 << 30;
/// So deep one parcel may lie in another.
const DEEPEST: u32 = 1;

/// Whether a name is that of a parcel.
pub(super) fn is_one(name: &str) -> bool {
    name.to_lowercase().ends_with(".zip")
}

/// Hands on the wanted files of a parcel, in the order of names, as `parcel.zip/name`; those of a parcel in it
/// too.
///
/// # Errors
/// No archive, one beyond the limits, or a wanted file that is locked or damaged.
pub(super) fn each(
    parcel: &str,
    bytes: &[u8],
    is_wanted: &dyn Fn(&str) -> bool,
    take: &mut Take<'_>,
) -> Result<(), ExtractError> {
    inside(parcel, bytes, (is_wanted, take), (&mut 0, DEEPEST))
}

/// The same, of a parcel so deep at most, with what the parcels around it have unpacked.
fn inside(
    parcel: &str,
    bytes: &[u8],
    (is_wanted, take): (&dyn Fn(&str) -> bool, &mut Take<'_>),
    (total, deep): (&mut u64, u32),
) -> Result<(), ExtractError> {
    let refused = |what: &str, why: String| {
        let what = format!("file `{what}`");
        ExtractError::Unreadable { what, why }
    };
    let damaged = |fault: &dyn std::fmt::Display| format!("no archive, or a damaged one: {fault}");
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|fault| refused(parcel, damaged(&fault)))?;
    if archive.len() > FILES {
        let why = format!("it holds {} files, and at most {FILES} are read", archive.len());
        return Err(refused(parcel, why));
    }
    let mut wanted = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index_raw(at).map_err(|fault| refused(parcel, damaged(&fault)))?;
        let own = name(file.name_raw());
        let full = format!("{parcel}/{own}");
        if file.is_dir() || is_aside(&own) || !(is_one(&own) || is_wanted(&full)) {
            continue;
        }
        if file.encrypted() {
            return Err(refused(&full, "it is locked with a password".to_owned()));
        }
        if is_one(&own) && deep == 0 {
            return Err(refused(&full, "it is a parcel in a parcel in a parcel".to_owned()));
        }
        *total = total.saturating_add(file.size());
        wanted.push((full, at, file.size()));
    }
    if *total > BYTES {
        let why = format!("its files unpack to {total} bytes, and at most {BYTES} are read");
        return Err(refused(parcel, why));
    }
    wanted.sort();
    for (full, at, size) in wanted {
        let mut unpacked = Vec::new();
        let file = archive.by_index(at).map_err(|fault| refused(&full, damaged(&fault)))?;
        // One byte more than it says of itself, so that more is noticed and not unpacked.
        let read = file.take(size.saturating_add(1)).read_to_end(&mut unpacked);
        read.map_err(|fault| refused(&full, damaged(&fault)))?;
        if unpacked.len() as u64 != size {
            return Err(refused(&full, "it is not as long as the archive says".to_owned()));
        }
        if is_one(&full) {
            inside(&full, &unpacked, (is_wanted, take), (total, deep.saturating_sub(1)))?;
        } else {
            take(&full, &unpacked)?;
        }
    }
    Ok(())
}

/// Why a workbook, which is an archive too, is not opened; one that is none is told of by who opens it.
pub(super) fn beyond(book: &[u8]) -> Option<String> {
    let mut archive = ZipArchive::new(Cursor::new(book)).ok()?;
    let sizes = (0..archive.len()).map(|at| archive.by_index_raw(at).map_or(0, |part| part.size()));
    let unpacked = sizes.fold(0, u64::saturating_add);
    (unpacked > BYTES)
        .then(|| format!("it unpacks to {unpacked} bytes, and at most {BYTES} are read"))
}

/// Whether an archive has a part of this name.
pub(super) fn holds(archive: &[u8], part: &str) -> bool {
    ZipArchive::new(Cursor::new(archive))
        .is_ok_and(|archive| archive.index_for_name(part).is_some())
}

/// The text of a part of an archive, if it is there and can be read.
pub(super) fn part(archive: &[u8], name: &str) -> Option<String> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).ok()?;
    let mut text = String::new();
    archive.by_name(name).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// A name as whoever wrote it spelled it: Windows packs and copies in the code page of its machine and does
/// not say so.
pub(super) fn spelled(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

fn name(raw: &[u8]) -> String {
    let text = spelled(raw);
    let parts = text.split(['/', '\\']).filter(|part| !["", ".", ".."].contains(part));
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a file belongs to a program and not to the office.
fn is_aside(inside: &str) -> bool {
    inside.split('/').any(|part| part.starts_with(['~', '.']) || part == "__MACOSX")
}
