//! Which file has the last word? Of files whose names differ in the pattern's group `rev` alone, the one of the
//! last revision is read, in whatever order they come.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::dropped::Dropped;
use super::files::captures;
use super::files::is_of;
use super::parcel;
use crate::spec::connector::FileStream;

/// A file's place among those of its kind: one without a revision is the first, `v10` comes after `v9`.
type Rank = (bool, u64, String);

/// The names of files that a later revision in the folder takes the place of.
pub(super) fn outdone(ask: &FileStream, all: &[Dropped]) -> BTreeSet<String> {
    if !ask.file.capture_names().flatten().any(|name| name == "rev") {
        return BTreeSet::new();
    }
    let mut names = Vec::new();
    for dropped in all {
        let is_parcel = parcel::is_one(&dropped.name);
        // What cannot be opened is told where it is read.
        let bytes = if is_parcel { dropped.whole().unwrap_or_default() } else { Vec::new() };
        let _damaged = dropped.each(&bytes, &|name| is_of(ask, name), &mut |name, _| {
            names.push(name.to_owned());
            Ok(())
        });
    }
    let mut last: BTreeMap<String, (Rank, String)> = BTreeMap::new();
    let mut outdone = BTreeSet::new();
    for name in names {
        let Some((kind, rank)) = placed(ask, &name) else { continue };
        let mut loser = (rank, name);
        let winner = last.entry(kind).or_insert_with(|| loser.clone());
        if *winner < loser {
            std::mem::swap(winner, &mut loser);
        }
        if winner.1 != loser.1 {
            outdone.insert(loser.1);
        }
    }
    outdone
}

/// A name without its revision, and the revision.
fn placed(ask: &FileStream, name: &str) -> Option<(String, Rank)> {
    let found = captures(ask, name)?;
    let whole = found.get(0)?.as_str();
    let Some(revision) = found.name("rev").filter(|it| !it.is_empty()) else {
        return Some((whole.to_owned(), (false, 0, String::new())));
    };
    let (before, after) = (whole.get(..revision.start())?, whole.get(revision.end()..)?);
    let digits: String = revision.as_str().chars().filter(char::is_ascii_digit).collect();
    let rank = (true, digits.parse().unwrap_or(0), revision.as_str().to_owned());
    Some((format!("{before}{after}"), rank))
}
