//! What became of the rows of a stream, and how is one of them known again? Kept, or held back with the
//! column, the reason and the place, never with the payload.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use crate::base::cell::CellRow;
use crate::frame::FrameError;
use crate::frame::table;

/// A row that came back corrected stands at the place of the row it corrects; this says of which file,
/// and since when that was held back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correction {
    /// The SHA-256 of the file that it corrects.
    pub file: String,
    /// The night in which the row was held back first.
    pub since: Date,
}

/// Rows that keep their contract, in the order of the source.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Their values, in the order of the schema.
    pub values: DataFrame,
    /// Where each of them came from.
    pub origins: Vec<Origin>,
}

/// Where a row that keeps its contract came from.
#[derive(Clone, Debug)]
pub struct Origin {
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
    /// Rows that keep their contract.
    pub kept: Kept,
    /// Rows that do not.
    pub quarantined: Vec<Quarantined>,
    /// Quarantined rows whose key can be read: the last good version of that key stays.
    pub spared: Vec<CellRow>,
    /// The keys of rows that the manifest leaves out: what stands of them is no longer meant.
    pub left: Vec<CellRow>,
    /// Of a snapshot the slots of which a row says no more than that nothing is in them, as far as they are known.
    pub emptied: Vec<Option<String>>,
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
    /// Puts what became of other rows, which stand behind these, beside it; those that keep their contract
    /// have gone to a pile.
    pub(super) fn append(&mut self, other: Judged) {
        self.quarantined.extend(other.quarantined);
        self.spared.extend(other.spared);
        self.emptied.extend(other.emptied);
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

/// The column that says which row it was.
const ROW: &str = "_place";

impl Kept {
    /// The rows one by one, for who takes them as values.
    pub fn rows(&self) -> impl Iterator<Item = (CellRow, &Origin)> {
        let names: Vec<&str> =
            self.values.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
        table::to_rows(&self.values, &names).into_iter().zip(&self.origins)
    }

    /// The same in the order of their keys, so that what lies between two keys stands together; rows of one
    /// key stay in their order.
    pub(super) fn by(self, keys: &[String]) -> Result<Kept, ModelError> {
        if self.origins.len() < 2 {
            return Ok(self);
        }
        let doing = || FrameError::polars("sorting rows by their keys");
        let order = SortMultipleOptions::default().with_maintain_order(true);
        let rows = self.values.select(keys).and_then(|own| own.with_row_index(ROW.into(), None));
        let sorted = rows.and_then(|rows| rows.sort(keys, order)).map_err(doing())?;
        let order = sorted.column(ROW).and_then(|rows| rows.idx()).map_err(doing())?;
        if order.iter().flatten().zip(0..).all(|(row, at)| row == at) {
            return Ok(self);
        }
        let mut origins: Vec<Option<Origin>> = self.origins.into_iter().map(Some).collect();
        let place = |at: IdxSize| usize::try_from(at).ok();
        let places = order.iter().flatten().filter_map(place);
        let origins = places.filter_map(|at| origins.get_mut(at)?.take()).collect();
        Ok(Kept { values: self.values.take(order).map_err(doing())?, origins })
    }

    /// The rows that are meant by their place, and the others.
    pub(super) fn parted(
        self,
        is_meant: impl Fn(usize) -> bool,
    ) -> Result<(Kept, Kept), ModelError> {
        let Kept { values, origins } = self;
        let mask: BooleanChunked = (0..origins.len()).map(&is_meant).collect();
        if !mask.any() {
            return Ok((Kept::default(), Kept { values, origins }));
        }
        let taken =
            |mask: &BooleanChunked| values.filter(mask).map_err(FrameError::polars("parting rows"));
        let (meant, others): (Vec<_>, Vec<_>) =
            origins.into_iter().enumerate().partition(|(at, _)| is_meant(*at));
        let of = |origins: Vec<(usize, Origin)>| origins.into_iter().map(|(_, own)| own).collect();
        let meant = Kept { values: taken(&mask)?, origins: of(meant) };
        Ok((meant, Kept { values: taken(&!&mask)?, origins: of(others) }))
    }

    /// Puts other rows behind these.
    pub(super) fn append(&mut self, other: Kept) -> Result<(), ModelError> {
        if self.values.width() == 0 {
            *self = other;
            return Ok(());
        }
        let doing = FrameError::polars("putting rows behind others");
        self.values.vstack_mut_owned(other.values).map_err(doing)?;
        self.origins.extend(other.origins);
        Ok(())
    }
}

impl Origin {
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
    use crate::base::cell::joined;

    fn kept(ids: &[&str]) -> Kept {
        let origin = |row: i64| Origin {
            source: "page 1".into(),
            row,
            is_deleted: false,
            corrects: None,
            is_past: false,
        };
        let values = df!("id" => ids).unwrap();
        Kept { values, origins: (1..).take(ids.len()).map(origin).collect() }
    }

    fn told(kept: &Kept) -> Vec<(String, i64)> {
        let told = |(cells, origin): (CellRow, &Origin)| {
            (joined(cells.iter().map(Option::as_ref), ' '), origin.row)
        };
        kept.rows().map(told).collect()
    }

    #[test]
    fn rows_go_with_their_places_where_they_are_sorted_and_parted() {
        let sorted = kept(&["b", "a", "b", "a"]).by(&["id".to_owned()]).unwrap();
        let by_key = ["a", "a", "b", "b"].map(str::to_owned).into_iter().zip([2, 4, 1, 3]);
        assert_eq!(told(&sorted), by_key.collect::<Vec<_>>());
        let (meant, mut others) = sorted.parted(|at| at == 1).unwrap();
        assert_eq!(told(&meant), [("a".to_owned(), 4)]);
        others.append(meant).unwrap();
        assert_eq!(
            others.origins.iter().map(|origin| origin.row).collect::<Vec<_>>(),
            [2, 1, 3, 4]
        );
        assert_eq!(others.values.height(), 4);
    }

    #[test]
    fn rows_that_were_judged_apart_are_noticed_together() {
        let about = ("wrong_code".to_owned(), "uscc".to_owned());
        let part = |row: i64| Judged {
            exploded: 1,
            noticed: [(about.clone(), 2)].into(),
            first: [(about.clone(), format!("page 1 row {row}"))].into(),
            ..Judged::default()
        };
        let mut whole = part(1);
        whole.append(part(2));
        whole.append(part(3));
        assert_eq!((whole.exploded, whole.noticed[&about]), (3, 6));
        assert_eq!(whole.first[&about], "page 1 row 1");
    }
}
