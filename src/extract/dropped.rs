//! Where are a system's files dropped, and is one whole? A file that is still being written is not read.

use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::ExtractError;
use crate::spec::connector::Files;
use crate::spec::template::Secrets;

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

/// The files of a folder, in the order of names.
pub(super) fn regular(folder: &Path) -> Result<Vec<(String, PathBuf)>, ExtractError> {
    let closed =
        |source: io::Error| ExtractError::Closed { file: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(closed)? {
        let path = entry.map_err(closed)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if !path.is_dir() {
            found.push((name.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}

/// The bytes of a file that stayed the same while it was read.
pub(super) fn whole(name: &str, path: &Path) -> Result<Vec<u8>, ExtractError> {
    let closed = |source| ExtractError::Closed { file: name.to_owned(), source };
    let before = fs::metadata(path).map_err(closed)?;
    let bytes = fs::read(path).map_err(closed)?;
    let after = fs::metadata(path).map_err(closed)?;
    if !is_same(&before, &after) || after.len() != bytes.len() as u64 {
        return Err(ExtractError::Changing { file: name.to_owned() });
    }
    if bytes.is_empty() {
        let (what, why) = (format!("file `{name}`"), "it is empty".to_owned());
        return Err(ExtractError::Unreadable { what, why });
    }
    Ok(bytes)
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}
