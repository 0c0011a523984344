//! Where did rows come from? Streams, their nights, and the files or pages that brought them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::base::cell::Cell;
use crate::frame::DataFrame;
use crate::frame::table;

/// What a stream brought of some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `system.stream`
    pub stream: String,
    /// The first and the last night that brought any.
    pub nights: (Date, Date),
    /// How many rows of the source.
    pub rows: u64,
    /// Files or pages with how many rows of each, most first.
    pub places: Vec<(String, u64)>,
}

/// The sources of rows; a row that counts in many months came once.
pub(super) fn of(rows: &DataFrame) -> Vec<Source> {
    let mut nights: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
    let mut places: BTreeMap<String, BTreeMap<String, BTreeSet<i64>>> = BTreeMap::new();
    for row in table::to_rows(rows, &["_system", "_stream", "_night", "_source", "_row"]) {
        let [
            Some(Cell::Text(system)),
            Some(Cell::Text(stream)),
            Some(Cell::Day(night)),
            source,
            Some(Cell::Whole(number)),
        ] = row.as_slice()
        else {
            continue;
        };
        let stream = format!("{system}.{stream}");
        let source = source.as_ref().map(Cell::written).unwrap_or_default();
        nights.entry(stream.clone()).or_default().insert(*night);
        // Pages are counted anew every night.
        let place = format!("{source}\u{1f}{night}");
        places.entry(stream).or_default().entry(place).or_default().insert(*number);
    }
    let source = |(stream, of_stream): (String, BTreeMap<String, BTreeSet<i64>>)| {
        let nights = nights.get(&stream)?;
        let mut places: BTreeMap<String, u64> = BTreeMap::new();
        for (place, rows) in of_stream {
            let source = place.split('\u{1f}').next().unwrap_or_default().to_owned();
            *places.entry(source).or_default() += rows.len() as u64;
        }
        let rows = places.values().sum();
        let mut places: Vec<(String, u64)> = places.into_iter().collect();
        places.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        let nights = (*nights.first()?, *nights.last()?);
        Some(Source { stream, nights, rows, places })
    };
    let mut sources: Vec<Source> = places.into_iter().filter_map(source).collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.rows));
    sources
}
