//! What had the oldest deltas of a table come to? They stand merged in `lake/base/`, so that a night reads those that came
//! since and not all that ever were. The file is named after what it was made of: nothing there must be believed, and
//! without it all deltas are read.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use polars::prelude::DataFrame;

use super::ModelError;
use super::delta::columns;
use super::sum;
use crate::base::durable::create_private_folder;
use crate::base::durable::entries;
use crate::base::pseudonym::sha256;
use crate::frame::parquet;
use crate::spec::schema::Schema;

/// So many deltas of a table are read by themselves before they are merged.
pub(super) const MANY: usize = 32;

/// Where it stands, below a lake.
pub(super) fn folder(lake: &Path, table: &str) -> PathBuf {
    lake.join(BASE).join(table)
}

/// Below a lake.
pub(super) const BASE: &str = "base";

fn named(folder: &Path) -> impl Fn(io::Error) -> ModelError + '_ {
    |cause| ModelError::File { path: folder.display().to_string(), cause }
}

/// What the first of some deltas, oldest first, had come to, and how many they are; none where that is not kept.
pub(super) fn read(
    folder: &Path,
    (schema, deltas): (&Schema, &[PathBuf]),
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Option<(DataFrame, usize)>, ModelError> {
    for path in entries(folder).map_err(named(folder))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let count = name.split('.').next().and_then(|count| count.parse().ok());
        let Some(of) = count.and_then(|count: usize| deltas.get(..count)) else { continue };
        // Another process may take it away meanwhile.
        if name == name_of(schema, of)
            && sum::holds(&path)
            && let Ok(merged) = parquet::read_wanted(&path, &is_wanted)
        {
            return Ok(Some((merged, of.len())));
        }
    }
    Ok(None)
}

/// Keeps what some deltas have come to, in the place of what was kept before.
pub(super) fn keep(
    folder: &Path,
    (schema, deltas): (&Schema, &[PathBuf]),
    mut merged: DataFrame,
) -> Result<(), ModelError> {
    create_private_folder(folder).map_err(named(folder))?;
    for stood in entries(folder).map_err(named(folder))? {
        fs::remove_file(stood).map_err(named(folder))?;
    }
    let path = folder.join(name_of(schema, deltas));
    sum::written(&path, || parquet::write(&mut merged, &path))
}

/// How many deltas, and a print of them and of the contract: each by its name, its length and when it was written.
fn name_of(schema: &Schema, deltas: &[PathBuf]) -> String {
    let mut said = vec![format!("{:?} {:?}", columns(schema), schema.primary_key)];
    for path in deltas {
        let file = fs::metadata(path).ok();
        let since = file.as_ref().and_then(|file| file.modified().ok());
        let since = since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
        let length = file.map(|file| file.len());
        said.push(format!("{:?} {length:?} {since:?}", path.file_name()));
    }
    let mut print = sha256(said.join("\n").as_bytes());
    print.truncate(32);
    format!("{}.{print}.parquet", deltas.len())
}
