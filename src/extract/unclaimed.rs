//! What lies in a drop folder that no stream reads? A correction under a name that its sender invented would
//! never count, and nobody would hear of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use regex::Regex;

use super::correction;
use super::dropped;
use super::dropped::Dropped;
use super::dropped::is_of;
use super::parcel;
use super::workbook;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::FileStream;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;
use crate::spec::connector::Which;
use crate::spec::template::Secrets;

/// What Windows puts into every folder that somebody looked at.
const OF_WINDOWS: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// The files of a connector's drop folder that no stream of the home reads and no `ignore` names, and the folders in it. Where
/// several connectors share the folder, the first tells; what cannot be read is told by who reads it. A name that no pattern
/// knows may be a person's: nobody keeps it.
pub fn unclaimed(
    connector: &Connector,
    all: &[Connector],
    secrets: &dyn Secrets,
    home: &Path,
) -> Vec<String> {
    let place = |of: &Connector| {
        let Source::Files(files) = &of.source else { return None };
        let folder = dropped::folder(files, &of.name, secrets, home).ok()?;
        fs::canonicalize(folder).ok()
    };
    let Some(folder) = place(connector) else { return Vec::new() };
    let places: Vec<(&Connector, PathBuf)> =
        all.iter().filter_map(|of| Some((of, place(of)?))).collect();
    let sharing = || places.iter().filter(|(_, at)| *at == folder).map(|(of, _)| *of);
    if sharing().next().is_none_or(|first| first.name != connector.name) {
        return Vec::new();
    }
    let asks = sharing().flat_map(|of| &of.streams).filter_map(|stream| match &stream.ask {
        Ask::Files(ask) => Some(ask.as_ref()),
        _ => None,
    });
    let asks: Vec<&FileStream> = asks.collect();
    let folders_of = sharing().filter_map(|of| match &of.source {
        Source::Files(files) => Some(&files.ignore),
        _ => None,
    });
    let ignored: Vec<&Regex> = folders_of.flatten().collect();
    let is_ignored = |name: &str| {
        let own = name.rsplit('/').next().unwrap_or(name);
        ignored.iter().any(|pattern| pattern.is_match(own) || pattern.is_match(name))
    };
    let is_asked = |name: &str| is_ignored(name) || asks.iter().any(|ask| is_of(ask, name));
    let files = dropped::regular(&folder).unwrap_or_default();
    let files = files.iter().filter(|dropped| !is_ignored(&dropped.name));
    let files = files.filter_map(|dropped| of_file(dropped, &is_asked));
    let is_other = |path: &Path| !places.iter().any(|(_, at)| at.starts_with(path));
    let is_strange = |name: &String| !is_ignored(name.trim_end_matches('/'));
    files.chain(folders(&folder, &is_other).into_iter().filter(is_strange)).collect()
}

/// What a workbook that `template` writes says of itself.
const NOTES: &str = "说明";

/// How many sheets of a workbook no stream of its system reads: those that a person sees, that are filled, and that no
/// `ignore` names. They are counted for the first stream that reads the workbook. A new sheet bears any name, perhaps
/// a person's: nobody keeps it.
pub(super) fn sheets(
    (connector, stream): (&Connector, &Stream),
    (name, bytes): (&str, &[u8]),
) -> Result<u64, String> {
    let Source::Files(files) = &connector.source else { return Ok(0) };
    let asks = connector.streams.iter().filter_map(|stream| match &stream.ask {
        Ask::Files(ask) if is_of(ask, name) => Some((&stream.name, ask.as_ref())),
        _ => None,
    });
    let asks: Vec<(&String, &FileStream)> = asks.collect();
    let is_first = asks.first().is_some_and(|(first, _)| **first == stream.name);
    let reads_all = asks.iter().any(|(_, ask)| matches!(ask.sheets, Which::Seen));
    if !is_first || reads_all || !workbook::is_one(bytes) {
        return Ok(0);
    }
    let mut book = workbook::open(name, bytes)?;
    let read: BTreeSet<String> =
        asks.iter().flat_map(|(_, ask)| book.pick(&ask.sheets).unwrap_or_default()).collect();
    let is_meant = |sheet: &String| {
        read.contains(sheet)
            || sheet == NOTES
            || files.ignore.iter().any(|pattern| pattern.is_match(sheet))
    };
    let mut others = book.pick(&Which::Seen)?;
    others.retain(|sheet| !is_meant(sheet));
    others.retain(|sheet| !book.sheet(sheet).is_ok_and(|cells| cells.is_empty()));
    Ok(others.len() as u64)
}

/// The name of a file that nobody asks for; of those in a parcel the first.
fn of_file(dropped: &Dropped, is_asked: &dyn Fn(&str) -> bool) -> Option<String> {
    let name = &dropped.name;
    if !parcel::is_one(name) {
        let is_told = !is_asked(name) && !OF_WINDOWS.contains(&&*name.to_lowercase());
        return is_told.then(|| name.clone());
    }
    let others = RefCell::new(Vec::new());
    let is_wanted = |inside: &str| {
        if !is_asked(inside) {
            others.borrow_mut().push(inside.to_owned());
        }
        false
    };
    dropped.each(&dropped.whole().ok()?, &is_wanted, &mut |_, _| Ok(())).ok()?;
    let others = others.into_inner();
    let first = others.iter().min()?;
    match others.len() - 1 {
        0 => Some(first.clone()),
        more => Some(format!("{first} and {more} more")),
    }
}

/// The folders in a drop folder that are nobody's.
fn folders(folder: &Path, is_other: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = paths
        .filter(|path| path.is_dir() && is_other(path))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| name != correction::FOLDER && !name.starts_with(['~', '.']))
        .map(|name| format!("{name}/"))
        .collect();
    names.sort();
    names
}
