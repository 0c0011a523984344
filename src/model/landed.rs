//! What did one pull bring?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// What one pull brought; written last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// Rows that landed.
    pub received: u64,
    /// The source's own total.
    pub told: Option<u64>,
    /// Where the next pull begins.
    pub until: Option<Timestamp>,
    /// Whether everything was asked for, from the start on.
    #[serde(default)]
    pub is_full: bool,
    /// What a tap said of where it had come to, as JSON.
    #[serde(default)]
    pub state: Option<String>,
    /// Which version of its table a tap brought.
    #[serde(default)]
    pub version: Option<i64>,
    /// Files that were read: name, content hash.
    pub files: BTreeMap<String, String>,
    /// Files that were not read: of which a later revision was, so that they do not come back where that one
    /// leaves the folder, or whose content came under another name.
    #[serde(default)]
    pub outdone: BTreeMap<String, String>,
    /// Whether a file is known by what its name says too, and not by its content alone.
    #[serde(default)]
    pub by_name: bool,
    /// Files that were not whole yet, and how that is known.
    #[serde(default)]
    pub not_whole: BTreeMap<String, String>,
    /// How much lies in the drop folder that no stream of the home reads.
    #[serde(default)]
    pub unclaimed: u64,
    /// Where rows stand below the end of a table, and how many.
    #[serde(default)]
    pub below: BTreeMap<String, u64>,
    /// How many sheets of a workbook no stream reads, by its name.
    #[serde(default)]
    pub unread_sheets: BTreeMap<String, u64>,
    /// Workbooks with corrected rows that were read: name, content hash.
    #[serde(default)]
    pub corrections: BTreeMap<String, String>,
    /// How many rows of those match nothing that is held back, by what is said of their workbooks.
    #[serde(default)]
    pub strays: BTreeMap<String, u64>,
    /// Files among the corrections that can't be read, and why.
    #[serde(default)]
    pub unread_corrections: BTreeMap<String, String>,
    /// Headers that nobody maps, with how many rows filled them.
    pub unread: BTreeMap<String, u64>,
    /// All headers.
    pub headers: BTreeSet<String>,
    /// The slices of the past that are merged with it.
    #[serde(default)]
    pub past: Vec<String>,
    /// What was asked again, and why.
    pub asked_again: Vec<String>,
    /// Whether rows moved while their pages were read: one that did not come may be there.
    #[serde(default)]
    pub is_moving: bool,
    /// The fingerprint of the key of its pseudonyms.
    pub key: String,
    /// The hash of each part.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
}

impl Landed {
    /// The same with what a slice of the past brought beside it.
    pub fn with(&mut self, past: Landed) {
        self.received += past.received;
        self.told = self.told.map(|told| told + past.received);
        self.headers.extend(past.headers);
        for (header, rows) in past.unread {
            *self.unread.entry(header).or_default() += rows;
        }
    }

    /// The content of the file that a source stands in; empty for what is no file.
    pub fn file_of(&self, source: &str) -> &str {
        self.file(source).map_or("", |(_, sha256)| sha256)
    }

    /// The name of that file; of what is no file, what it is called.
    pub fn name_of<'n>(&'n self, source: &'n str) -> &'n str {
        self.file(source).map_or(source, |(name, _)| name)
    }

    fn file(&self, source: &str) -> Option<(&String, &String)> {
        let is_of = |name: &str| {
            let rest = source.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" sheet "))
        };
        self.files.iter().find(|(name, _)| is_of(name))
    }
}
