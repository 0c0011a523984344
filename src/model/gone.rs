//! Which known rows does a delivery end? Those that it says are deleted, and those that it no longer
//! holds though it could.

use std::collections::HashSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::delta::columns;
use super::judge::Judged;
use super::lake::Delivery;
use super::lake::key_of;
use super::lake::places;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// Which known rows a delivery no longer holds, though it could.
pub(super) struct Absent {
    stream: Option<Cell>,
    of_stream: Option<usize>,
    scope: Vec<usize>,
    scopes: HashSet<String>,
    keys: HashSet<String>,
}

impl Absent {
    /// What a delivery holds, and what it was quarantined with.
    pub(super) fn of(
        schema: &Schema,
        delivery: Delivery<'_>,
        within: &[String],
        judged: &Judged,
    ) -> Absent {
        let names: Vec<&str> = columns(schema).into_iter().map(|(name, _)| name).collect();
        let at = |name: &str| names.iter().position(|known| *known == name);
        let scope: Vec<usize> = within.iter().filter_map(|name| at(name)).collect();
        let places = places(schema);
        let held = judged.kept.iter().map(|kept| &kept.cells);
        let keys = held.chain(&judged.spared).map(|cells| key_of(cells, &places.key));
        // A row that came back corrected joins its snapshot and replaces none.
        let delivered = judged.kept.iter().filter(|kept| kept.is_delivered());
        let scopes = delivered.map(|kept| key_of(&kept.cells, &scope));
        Absent {
            stream: Some(Cell::Text(delivery.stream.to_owned())),
            of_stream: at("_stream"),
            keys: keys.collect(),
            scopes: scopes.collect(),
            scope,
        }
    }

    /// Whether a known row, with its key, is one of them.
    pub(super) fn holds(&self, key: &str, row: &CellRow) -> bool {
        self.of_stream.is_some_and(|at| row.get(at) == Some(&self.stream))
            && self.scopes.contains(&key_of(row, &self.scope))
            && !self.keys.contains(key)
    }
}

/// Where the columns stand that tell to which snapshot a row belongs, and the snapshots that a delivery
/// replaces; none where it replaces none.
pub(super) fn snapshots(
    schema: &Schema,
    write: &Write,
    judged: &Judged,
) -> (Vec<usize>, HashSet<String>) {
    let Write::Snapshot { within } = write else { return (Vec::new(), HashSet::new()) };
    let at = |name: &String| schema.fields.iter().position(|field| field.name == *name);
    let scope: Vec<usize> = within.iter().filter_map(at).collect();
    let delivered = judged.kept.iter().filter(|kept| kept.is_delivered());
    let scopes = delivered.map(|kept| key_of(&kept.cells, &scope)).collect();
    (scope, scopes)
}

/// The deleted versions of those known rows that are gone.
pub(super) fn deleted_versions(
    known: &DataFrame,
    schema: &Schema,
    night: Date,
    is_gone: impl Fn(&str, &CellRow) -> bool,
) -> Vec<CellRow> {
    let names: Vec<&str> = columns(schema).into_iter().map(|(name, _)| name).collect();
    let at = |name: &str| names.iter().position(|known| *known == name);
    let places = places(schema);
    let rows = table::to_rows(known, &names).into_iter();
    rows.filter(|row| is_gone(&key_of(row, &places.key), row))
        .map(|mut row| {
            for (name, cell) in [
                ("_deleted", Cell::Flag(true)),
                ("_hash", Cell::Text(String::new())),
                ("_night", Cell::Day(night)),
            ] {
                if let Some(slot) = at(name).and_then(|at| row.get_mut(at)) {
                    *slot = Some(cell);
                }
            }
            row
        })
        .collect()
}
