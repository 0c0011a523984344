//! Which file has the last word? Of files whose names differ in the pattern's group `rev` alone, the one of the
//! last revision is read, in whatever order they come.

use std::collections::BTreeMap;

use super::dropped::Dropped;
use super::dropped::captures;
use super::dropped::is_of;
use crate::spec::connector::FileStream;

/// A file's place among those of its kind: one without a revision is the first, `v10` comes after `v9`.
type Rank = (bool, u64, String);

/// The names of files that a later revision in the folder takes the place of, each with that one's name.
pub(super) fn outdone(ask: &FileStream, all: &[Dropped]) -> BTreeMap<String, String> {
    if !ask.file.capture_names().flatten().any(|name| name == "rev") {
        return BTreeMap::new();
    }
    let names = all.iter().flat_map(|dropped| dropped.names(&|name| is_of(ask, name)));
    let mut kinds: BTreeMap<String, Vec<(Rank, String)>> = BTreeMap::new();
    for name in names {
        if let Some((kind, rank)) = placed(ask, &name) {
            kinds.entry(kind).or_default().push((rank, name));
        }
    }
    let mut outdone = BTreeMap::new();
    for of_kind in kinds.into_values() {
        let Some((last, winner)) = of_kind.iter().max().cloned() else { continue };
        let losers = of_kind.into_iter().filter(|(rank, _)| *rank < last);
        outdone.extend(losers.map(|(_, name)| (name, winner.clone())));
    }
    outdone
}

/// A name without its revision, and the revision.
fn placed(ask: &FileStream, name: &str) -> Option<(String, Rank)> {
    let found = captures(ask, name)?;
    let whole = found.get(0)?.as_str();
    // Two parcels are two folders.
    let parcel = name.strip_suffix(whole).unwrap_or_default();
    let Some(revision) = found.name("rev").filter(|it| !it.is_empty()) else {
        return Some((format!("{parcel}{whole}"), (false, 0, String::new())));
    };
    let (before, after) = (whole.get(..revision.start())?, whole.get(revision.end()..)?);
    let digits: String = revision.as_str().chars().filter(char::is_ascii_digit).collect();
    let rank = (true, digits.parse().unwrap_or(0), revision.as_str().to_owned());
    Some((format!("{parcel}{before}{after}"), rank))
}
