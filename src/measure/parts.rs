//! The rows of a fact on the disk: a file a month, beside a list of what stands in each. A month whose rows are
//! those of the night before is not written again; its file gets a second name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;

use super::reach::Inputs;
use super::reach::NOWHERE;
use super::reach::Remade;
use crate::base::durable::create_private_folder;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::frame::codes::number;
use crate::frame::mix::Mixed;
use crate::frame::parquet;

/// Goes up whenever the same rows would be written in another way.
const WAY: u32 = 3;

const LIST: &str = "parts.json";

/// The file of rows that count in the month of another time alone, or of a fact without a row.
const OTHERS: &str = "others";

/// What stands in each file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    /// What the rows are made from.
    inputs: Inputs,
    parts: BTreeMap<String, Part>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    /// How many rows stand in it.
    count: usize,
    /// What they come to, in their order.
    rows: String,
    /// The content of the file.
    file: String,
}

/// Where the rows of facts stand, below a lake.
pub(super) fn folder(lake: &Path) -> PathBuf {
    lake.join("fact")
}

/// The months whose rows would be made from the same as those that stand in a folder, and do stand there.
pub(super) fn standing(folder: &Path, inputs: &Inputs) -> BTreeSet<i32> {
    let list = read_list(folder);
    let same: Vec<i32> = inputs.same(&list.inputs).into_iter().collect();
    let stands = |month: &i32| match list.parts.get(&name_of(*month)) {
        Some(part) => is_whole(&folder.join(file_of(&name_of(*month))), part),
        None => true,
    };
    same.into_par_iter().filter(stands).collect()
}

fn is_whole(path: &Path, part: &Part) -> bool {
    fs::read(path).is_ok_and(|bytes| sha256(&bytes) == part.file)
}

/// The name of the part with the rows of a month.
fn name_of(month: i32) -> String {
    if month == NOWHERE { OTHERS.to_owned() } else { month.to_string() }
}

fn file_of(name: &str) -> String {
    format!("{name}.parquet")
}

/// Writes the rows of a fact into a folder. A file of the folder `before` is taken over where the same rows stand
/// in it, unless everything `is_full`.
///
/// # Errors
/// The disk's.
pub(super) fn write(
    folder: &Path,
    remade: &Remade<'_>,
    (before, is_full): (&Path, bool),
) -> Result<(), FrameError> {
    create_private_folder(folder).map_err(FrameError::file(folder))?;
    let doing = || FrameError::polars("parting rows");
    let known = if is_full { List::default() } else { read_list(before) };
    let same: BTreeSet<String> = remade.same.iter().map(|month| name_of(*month)).collect();
    let mut parts = by_month(remade.rows, remade.mixed).map_err(doing())?;
    parts.retain(|(name, ..)| !same.contains(name));
    let write = |(name, say, at): &(String, String, Vec<IdxSize>)| {
        let (path, stood) = (folder.join(file_of(name)), before.join(file_of(name)));
        let same = known.parts.get(name).filter(|part| part.rows == *say);
        // Where a file can have no second name it is written anew.
        if let Some(part) = same.filter(|part| is_whole(&stood, part))
            && fs::hard_link(&stood, &path).is_ok()
        {
            return Ok((name.clone(), part.clone()));
        }
        let own = remade.rows.take(&IdxCa::from_slice("_at".into(), at));
        let bytes = parquet::bytes(&mut own.map_err(doing())?)?;
        write_then_rename(&path, &bytes).map_err(FrameError::file(&path))?;
        let part = Part { count: at.len(), rows: say.clone(), file: sha256(&bytes) };
        Ok((name.clone(), part))
    };
    let taken = known.parts.iter().filter(|(name, part)| same.contains(*name) && part.count > 0);
    let taken = taken.map(|(name, part)| {
        let (path, stood) = (folder.join(file_of(name)), before.join(file_of(name)));
        fs::hard_link(&stood, &path)
            .or_else(|_| fs::read(&stood).and_then(|bytes| write_then_rename(&path, &bytes)))
            .map_err(FrameError::file(&path))?;
        Ok((name.clone(), part.clone()))
    });
    let mut list = taken.collect::<Result<BTreeMap<String, Part>, FrameError>>()?;
    list.extend(parts.par_iter().map(write).collect::<Result<Vec<_>, FrameError>>()?);
    if list.is_empty() {
        let nothing = say(remade.rows, 0);
        list.extend([write(&(OTHERS.to_owned(), nothing, Vec::new()))?]);
    }
    let path = folder.join(LIST);
    let list = List { inputs: remade.inputs.clone(), parts: list };
    let bytes = serde_json::to_vec_pretty(&list)
        .map_err(|f| FrameError::file(&path)(io::Error::other(f)))?;
    write_then_rename(&path, &bytes).map_err(FrameError::file(&path))
}

/// What rows of these columns come to, of which one after the other makes a chain.
fn say(rows: &DataFrame, chain: u128) -> String {
    let kinds = rows.columns().iter().map(|column| format!("{} {}", column.name(), column.dtype()));
    let kinds = kinds.collect::<Vec<_>>().join("\n");
    sha256(format!("{WAY} {chain:032x} {kinds}").as_bytes())
}

/// The rows of each file: its name, what they come to, and where they stand.
fn by_month(rows: &DataFrame, mixed: &Mixed) -> PolarsResult<Vec<(String, String, Vec<IdxSize>)>> {
    let mut months = Codes::of_values(rows.column("_month")?.i32()?.iter());
    let others = number(months.values.len());
    months.of_rows.iter_mut().filter(|code| **code == NONE).for_each(|code| *code = others);
    let codes = months.of_rows.iter().map(|code| *code..=*code);
    let chains = mixed.chains(codes, months.values.len() + 1);
    let mut at: Vec<Vec<IdxSize>> = vec![Vec::new(); months.values.len() + 1];
    for (row, code) in months.of_rows.iter().enumerate() {
        at[*code as usize].push(number(row));
    }
    let names = months.values.iter().copied().chain([NOWHERE]).map(name_of);
    let parts = names.zip(chains).zip(at);
    let parts = parts.filter(|(_, at)| !at.is_empty());
    Ok(parts.map(|((name, chain), at)| (name, say(rows, chain), at)).collect())
}

/// The files of a fact, in the order of their names.
///
/// # Errors
/// The disk's.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, FrameError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(FrameError::file(folder))? {
        let path = entry.map_err(FrameError::file(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A list that can be read.
fn read_list(folder: &Path) -> List {
    let bytes = fs::read(folder.join(LIST)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
