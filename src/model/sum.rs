//! Does a file of the model hold what was written? Its hash stands beside it; while it is written none does, and
//! a file without one is believed.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::ModelError;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256_of;

/// How the name of a hash ends.
pub(super) const SUM: &str = "sha256";

fn beside(path: &Path) -> PathBuf {
    path.with_extension(SUM)
}

fn named(path: &Path) -> impl Fn(io::Error) -> ModelError + '_ {
    |cause| ModelError::File { path: path.display().to_string(), cause }
}

/// Writes a file by `write`, and its hash when it stands.
pub(super) fn written<E>(
    path: &Path,
    write: impl FnOnce() -> Result<(), E>,
) -> Result<(), ModelError>
where
    ModelError: From<E>,
{
    let sum = beside(path);
    match fs::remove_file(&sum) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(named(&sum)(fault)),
        _ => {}
    }
    write()?;
    let hash = sha256_of(path).map_err(named(path))?;
    write_then_rename(&sum, hash.as_bytes()).map_err(named(&sum))
}

/// Whether a file is there and, where its hash stands beside it, holds what was written.
pub(super) fn holds(path: &Path) -> bool {
    let Ok(hash) = sha256_of(path) else { return false };
    fs::read_to_string(beside(path)).map_or(true, |known| known == hash)
}
