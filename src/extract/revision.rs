//! Which file has the last word? Of files whose names differ in the pattern's group `rev` alone, the one of the
//! last revision is read, in whatever order they come.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::dropped::Dropped;
use super::dropped::captures;
use super::dropped::is_of;
use crate::spec::connector::FileStream;

/// A file's place among those of its kind: one without a revision is the first, `v10` comes after `v9`.
pub(super) type Rank = (bool, u64, String);

/// Where a name stands among those that differ in their revision.
pub(super) struct Placed {
    /// The parcel that it is in, with a `/`; none in the folder itself.
    parcel: String,
    /// The name without its revision.
    kind: String,
    /// The revision.
    pub(super) rank: Rank,
}

impl Placed {
    /// What is the same of files that may take each other's place.
    pub(super) fn series(&self, ask: &FileStream) -> String {
        // Two parcels are two folders where a name says nothing else of whose it is.
        let parcel = if tells_apart(ask) { "" } else { &self.parcel };
        format!("{parcel}{}", self.kind)
    }
}

/// The names of files that a later revision in the folder takes the place of, each with that one's name.
pub(super) fn outdone(ask: &FileStream, all: &[Dropped]) -> BTreeMap<String, String> {
    if !ask.file.capture_names().flatten().any(|name| name == "rev") {
        return BTreeMap::new();
    }
    let mut kinds: BTreeMap<String, Vec<(Placed, String, &Dropped)>> = BTreeMap::new();
    for dropped in all {
        for name in dropped.names(&|name| is_of(ask, name)) {
            if let Some(placed) = placed(ask, &name) {
                kinds.entry(placed.series(ask)).or_default().push((placed, name, dropped));
            }
        }
    }
    kinds.into_values().flat_map(parted).flat_map(outdone_of).collect()
}

/// Parcels whose first files are not the same are each corrected by what is in it; one of corrections alone
/// corrects the only first file there is.
fn parted(of_kind: Vec<(Placed, String, &Dropped)>) -> Vec<Vec<(Rank, String)>> {
    let is_first = |placed: &Placed| !placed.rank.0;
    let firsts = || of_kind.iter().filter(|(placed, ..)| is_first(placed));
    let has_others = firsts().nth(1).is_some() && !of_kind.iter().all(|(it, ..)| is_first(it));
    let content = |(_, name, dropped): &(Placed, String, &Dropped)| {
        dropped.content(name).unwrap_or_else(|| name.clone())
    };
    let is_apart = has_others && firsts().map(content).collect::<BTreeSet<_>>().len() > 1;
    let mut parcels: BTreeMap<String, Vec<(Rank, String)>> = BTreeMap::new();
    for (Placed { parcel, rank, .. }, name, _) in of_kind {
        let of = if is_apart { parcel } else { String::new() };
        parcels.entry(of).or_default().push((rank, name));
    }
    parcels.into_values().collect()
}

/// The files of a series before its last one, each with that one's name.
fn outdone_of(series: Vec<(Rank, String)>) -> Vec<(String, String)> {
    let Some((last, winner)) = series.iter().max().cloned() else { return Vec::new() };
    let losers = series.into_iter().filter(|(rank, _)| *rank < last);
    losers.map(|(_, name)| (name, winner.clone())).collect()
}

/// Whether a name says more of a file than its revision.
fn tells_apart(ask: &FileStream) -> bool {
    ask.file.capture_names().flatten().any(|name| name != "rev")
}

/// A name without its revision, and the revision.
pub(super) fn placed(ask: &FileStream, name: &str) -> Option<Placed> {
    let found = captures(ask, name)?;
    let whole = found.get(0)?.as_str();
    let parcel = name.strip_suffix(whole).unwrap_or_default().to_owned();
    let Some(revision) = found.name("rev").filter(|it| !it.is_empty()) else {
        return Some(Placed { parcel, kind: whole.to_owned(), rank: (false, 0, String::new()) });
    };
    let (before, after) = (whole.get(..revision.start())?, whole.get(revision.end()..)?);
    let digits: String = revision.as_str().chars().filter(char::is_ascii_digit).collect();
    let rank = (true, digits.parse().unwrap_or(0), revision.as_str().to_owned());
    Some(Placed { parcel, kind: format!("{before}{after}"), rank })
}
