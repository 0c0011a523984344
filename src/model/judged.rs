//! What became of the rows of a stream, and how is one of them known again? Kept, or held back with the
//! column, the reason and the place, never with the payload.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use polars::prelude::DataFrame;
use polars::prelude::StringChunked;

use crate::base::cell::CellRow;

/// A row that came back corrected stands at the place of the row it corrects; this says of which file,
/// and since when that was held back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correction {
    /// The SHA-256 of the file that it corrects.
    pub file: String,
    /// The night in which the row was held back first.
    pub since: Date,
}

/// A row that keeps its contract, and where it came from.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its values, in the order of the schema.
    pub cells: CellRow,
    /// The page, file or sheet.
    pub source: Arc<str>,
    /// The row in it.
    pub row: i64,
    /// Whether it says that its key is deleted; then only its key is read.
    pub is_deleted: bool,
    /// What it corrects.
    pub corrects: Option<Correction>,
    /// Whether a slice of the past brought it, which may be older than what is known.
    pub is_past: bool,
}

/// A row that breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarantined {
    /// The page, file or sheet.
    pub source: String,
    /// The row in it.
    pub row: i64,
    /// The column.
    pub column: String,
    /// The reason.
    pub reason: String,
    /// What a later delivery brings in its place: the values of `within` of a snapshot, else the key;
    /// none where it can't be read.
    pub slot: Option<String>,
    /// What it corrects.
    pub corrects: Option<Correction>,
}

/// The file, the source in it and the row of what was corrected.
pub type Place = (String, String, i64);

/// What became of the rows of a stream.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Rows that keep their contract, in the order of the source.
    pub kept: Vec<Kept>,
    /// Rows that do not.
    pub quarantined: Vec<Quarantined>,
    /// Quarantined rows whose key can be read: the last good version of that key stays.
    pub spared: Vec<CellRow>,
    /// Rows that were made by taking rows of the source apart, beyond their number.
    pub exploded: u64,
    /// Rows that the manifest leaves out.
    pub filtered: u64,
    /// What was noticed, without harm: kind and subject, with how many rows.
    pub noticed: BTreeMap<(String, String), u64>,
    /// Where something of it was seen first: the same kind and subject, and the place.
    pub first: BTreeMap<(String, String), String>,
    /// The places of the rows that came back corrected, kept or not: one row came for each.
    pub corrected: BTreeSet<Place>,
    /// The contents of the files of the same delivery: a correction of one of them is as new as it is.
    pub files: BTreeSet<String>,
    /// Of a snapshot, the slots of each source, when its rows have gone to a pile.
    pub(super) slots: BTreeMap<String, BTreeSet<String>>,
}

impl Judged {
    /// Puts what became of other rows, which stand behind these, beside it.
    pub fn append(&mut self, other: Judged) {
        self.kept.extend(other.kept);
        self.quarantined.extend(other.quarantined);
        self.spared.extend(other.spared);
        self.exploded += other.exploded;
        self.filtered += other.filtered;
        for (about, rows) in other.noticed {
            *self.noticed.entry(about).or_default() += rows;
        }
        for (about, place) in other.first {
            self.first.entry(about).or_insert(place);
        }
        self.corrected.extend(other.corrected);
        self.files.extend(other.files);
    }
}

impl Kept {
    /// Whether its own delivery brought it, and no correction.
    pub fn is_delivered(&self) -> bool {
        self.corrects.is_none()
    }
}

impl Quarantined {
    /// The place of what it corrects.
    pub fn place(&self) -> Option<Place> {
        let correction = self.corrects.as_ref()?;
        Some((correction.file.clone(), self.source.clone(), self.row))
    }
}

/// Where a row stands.
pub(super) struct At {
    pub(super) source: Arc<str>,
    pub(super) row: i64,
    pub(super) is_malformed: bool,
    pub(super) corrects: Option<Correction>,
}

impl At {
    /// Of every row of a part.
    pub(super) fn of(part: &DataFrame) -> impl Iterator<Item = At> {
        let text =
            |name: &str| part.column(name).ok().and_then(|column| column.str().ok()).cloned();
        let [sources, malformed, corrects, held] =
            ["_source", "_malformed", "_corrects", "_held_since"].map(text);
        let rows = part.column("_row").ok().and_then(|column| column.i64().ok()).cloned();
        let of = |texts: &Option<StringChunked>, at: usize| {
            texts.as_ref().and_then(|texts| texts.get(at)).map(str::to_owned)
        };
        // Rows of one page stand together.
        let mut page: Arc<str> = Arc::default();
        (0..part.height()).map(move |at| {
            let source = sources.as_ref().and_then(|texts| texts.get(at)).unwrap_or_default();
            if *page != *source {
                page = source.into();
            }
            let since = of(&held, at).and_then(|text| text.parse().ok());
            At {
                source: Arc::clone(&page),
                row: rows.as_ref().and_then(|rows| rows.get(at)).unwrap_or_default(),
                is_malformed: malformed.as_ref().is_some_and(|texts| texts.get(at).is_some()),
                corrects: of(&corrects, at)
                    .zip(since)
                    .map(|(file, since)| Correction { file, since }),
            }
        })
    }

    /// The place of what it corrects.
    pub(super) fn corrected(&self) -> Option<Place> {
        let correction = self.corrects.as_ref()?;
        Some((correction.file.clone(), self.source.to_string(), self.row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cell::Cell;

    #[test]
    fn rows_that_were_judged_apart_stand_in_their_order_and_are_noticed_together() {
        let about = ("wrong_code".to_owned(), "uscc".to_owned());
        let part = |row: i64| Judged {
            kept: vec![Kept {
                cells: vec![Some(Cell::Whole(row))],
                source: "page 1".into(),
                row,
                is_deleted: false,
                corrects: None,
                is_past: false,
            }],
            exploded: 1,
            noticed: [(about.clone(), 2)].into(),
            first: [(about.clone(), format!("page 1 row {row}"))].into(),
            ..Judged::default()
        };
        let mut whole = part(1);
        whole.append(part(2));
        whole.append(part(3));
        assert_eq!(whole.kept.iter().map(|kept| kept.row).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((whole.exploded, whole.noticed[&about]), (3, 6));
        assert_eq!(whole.first[&about], "page 1 row 1");
    }
}
