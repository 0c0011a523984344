//! Which files have landed? A file is known by its content and by what its name says, its revision apart:
//! the roster of February may have the bytes of January's.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::dropped::named;
use super::revision;
use super::revision::Rank;
use crate::spec::connector::FileStream;

/// The files of a stream that have landed.
#[derive(Clone, Debug, Default)]
pub struct KnownFiles {
    /// In the order in which they landed.
    pub files: Vec<KnownFile>,
    /// Whether names were told apart when they landed; what lay there before that is known by its content.
    pub by_name: bool,
}

/// A file that has landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its name; where that is none of the stream's, it is known by its content alone.
    pub name: String,
    /// Its content's SHA-256.
    pub sha256: String,
    /// Whether its rows came, or it was passed by for a later revision.
    pub is_read: bool,
}

impl KnownFiles {
    /// Whether a content has landed, under whatever name.
    pub fn has(&self, sha256: &str) -> bool {
        self.files.iter().any(|file| file.sha256 == sha256)
    }
}

/// What a name says: the named groups of the pattern, without the revision.
pub(super) type Says = Vec<(String, Option<String>)>;

/// What the name of a file says.
pub(super) fn says(ask: &FileStream, name: &str) -> Says {
    named(ask, name).into_iter().filter(|(group, _)| group != "_rev").collect()
}

/// The same files, by what is asked of them.
pub(super) struct Known<'k> {
    ask: &'k FileStream,
    by_name: bool,
    /// What the names said under which a content came.
    contents: BTreeMap<&'k str, BTreeSet<Says>>,
    /// What stood last under each name.
    names: BTreeMap<&'k str, &'k str>,
    /// What was read last of files that differ in their revision alone.
    last: BTreeMap<String, (Rank, &'k str)>,
}

impl<'k> Known<'k> {
    pub(super) fn of(ask: &'k FileStream, known: &'k KnownFiles) -> Known<'k> {
        let mut all = Known {
            ask,
            by_name: known.by_name,
            contents: BTreeMap::new(),
            names: BTreeMap::new(),
            last: BTreeMap::new(),
        };
        for KnownFile { name, sha256, is_read } in &known.files {
            all.contents.entry(sha256).or_default().insert(says(ask, name));
            all.names.insert(name, sha256);
            let placed = revision::placed(ask, name).filter(|_| *is_read);
            all.last.extend(placed.map(|placed| (placed.series(ask), (placed.rank, &**sha256))));
        }
        all
    }

    /// Whether a file has landed and stands.
    pub(super) fn holds(&self, name: &str, sha256: &str) -> bool {
        let Some(said) = self.contents.get(sha256) else { return false };
        let is_same = said.contains(&says(self.ask, name)) || said.contains(&Says::new());
        (is_same || !self.by_name) && !self.is_back(name, sha256)
    }

    /// Whether it stands under this name in what has landed.
    pub(super) fn names(&self, name: &str, sha256: &str) -> bool {
        self.names.get(name).is_some_and(|last| *last == sha256)
    }

    /// Whether a content came back after another one took its place: under its own name, or under one of a later
    /// revision. Under any other name it may be the first file, renamed or late.
    fn is_back(&self, name: &str, sha256: &str) -> bool {
        let Some(placed) = revision::placed(self.ask, name) else { return false };
        let Some((rank, last)) = self.last.get(&placed.series(self.ask)) else { return false };
        let is_later = match self.names.get(name) {
            Some(stood) => *stood != sha256 && *rank <= placed.rank,
            None => *rank < placed.rank,
        };
        is_later && *last != sha256
    }
}
