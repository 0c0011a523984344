//! The rows of a fact on the disk: a file a month, beside a list of what stands in each. A month whose rows are
//! those of the night before is not written again; its file gets a second name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;

use crate::base::durable::create_private_folder;
use crate::base::durable::entries;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::frame::codes::number;
use crate::frame::mix::Mixed;
use crate::frame::parquet;

/// Goes up whenever the same rows would be written in another way.
const WAY: u32 = 2;

const LIST: &str = "parts.json";

/// The file of rows that count in the month of another time alone, or of a fact without a row.
const OTHERS: &str = "others";

/// What stands in each file.
type List = BTreeMap<String, Part>;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    /// What its rows come to, in their order.
    rows: String,
    /// The content of the file.
    file: String,
}

/// Writes the rows of a fact into a folder. A file of the folder `before` is taken over where the same rows stand
/// in it, unless everything `is_full`.
///
/// # Errors
/// The disk's.
pub(super) fn write(
    folder: &Path,
    (rows, mixed): (&DataFrame, &Mixed),
    (before, is_full): (&Path, bool),
) -> Result<(), FrameError> {
    create_private_folder(folder).map_err(FrameError::file(folder))?;
    let known = if is_full { List::new() } else { read_list(before) };
    let parts = by_month(rows, mixed).map_err(FrameError::polars("parting rows"))?;
    let write = |(name, say, at): &(String, String, Vec<IdxSize>)| {
        let file = format!("{name}.parquet");
        let (path, stood) = (folder.join(&file), before.join(&file));
        let same = known.get(name).filter(|part| part.rows == *say);
        let is_whole = |part: &&Part| fs::read(&stood).is_ok_and(|b| sha256(&b) == part.file);
        // Where a file can have no second name it is written anew.
        if let Some(part) = same.filter(is_whole)
            && fs::hard_link(&stood, &path).is_ok()
        {
            return Ok((name.clone(), part.clone()));
        }
        let own = rows.take(&IdxCa::from_slice("_at".into(), at));
        let bytes = parquet::bytes(&mut own.map_err(FrameError::polars("parting rows"))?)?;
        write_then_rename(&path, &bytes).map_err(FrameError::file(&path))?;
        Ok((name.clone(), Part { rows: say.clone(), file: sha256(&bytes) }))
    };
    let list = parts.par_iter().map(write).collect::<Result<List, FrameError>>()?;
    let path = folder.join(LIST);
    let bytes = serde_json::to_vec_pretty(&list)
        .map_err(|f| FrameError::file(&path)(io::Error::other(f)))?;
    write_then_rename(&path, &bytes).map_err(FrameError::file(&path))
}

/// The rows of each file: its name, what they come to, and where they stand.
fn by_month(rows: &DataFrame, mixed: &Mixed) -> PolarsResult<Vec<(String, String, Vec<IdxSize>)>> {
    let kinds = rows.columns().iter().map(|column| format!("{} {}", column.name(), column.dtype()));
    let kinds = kinds.collect::<Vec<_>>().join("\n");
    let mut months = Codes::of_values(rows.column("_month")?.i32()?.iter());
    let others = number(months.values.len());
    months.of_rows.iter_mut().filter(|code| **code == NONE).for_each(|code| *code = others);
    let chains = mixed.chains(&months.of_rows, months.values.len() + 1);
    let mut at: Vec<Vec<IdxSize>> = vec![Vec::new(); months.values.len() + 1];
    for (row, code) in months.of_rows.iter().enumerate() {
        at[*code as usize].push(number(row));
    }
    let is_empty = rows.height() == 0;
    let names = months.values.iter().map(ToString::to_string).chain([OTHERS.to_owned()]);
    let parts = names.zip(chains).zip(at).map(|((name, chain), at)| {
        (name, sha256(format!("{WAY} {chain:032x} {kinds}").as_bytes()), at)
    });
    Ok(parts.filter(|(.., at)| is_empty || !at.is_empty()).collect())
}

/// The files of a fact, in the order of their names.
///
/// # Errors
/// The disk's.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, FrameError> {
    let mut files = entries(folder).map_err(FrameError::file(folder))?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    Ok(files)
}

/// A list that can be read.
fn read_list(folder: &Path) -> List {
    let bytes = fs::read(folder.join(LIST)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
