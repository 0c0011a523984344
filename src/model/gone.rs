//! Which known rows does a delivery end? Those that it says are deleted, and those that it no longer
//! holds though it could.

use std::collections::HashSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::delta::columns;
use super::keyed::key_of;
use super::keyed::places;
use super::pile::Pile;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::pseudonym::print;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// Which known rows a delivery no longer holds, though it could.
pub(super) struct Absent {
    stream: Option<Cell>,
    of_stream: Option<usize>,
    scope: Vec<usize>,
    scopes: HashSet<u128>,
    keys: HashSet<u128>,
}

impl Absent {
    /// What a delivery holds, and what it was quarantined with; none where it can say nothing of the rest.
    pub(super) fn of(pile: &Pile<'_>) -> Option<Absent> {
        let within: &[String] = match pile.write {
            Write::Snapshot { within } => within,
            Write::Upsert if pile.delivery.is_full => &[],
            Write::Upsert | Write::Append => return None,
        };
        let names: Vec<&str> = columns(pile.schema).into_iter().map(|(name, _)| name).collect();
        let at = |name: &str| names.iter().position(|known| *known == name);
        let keys = pile.lines().map(|(_, line)| line.key).chain(pile.spared.iter().copied());
        // A row that came back corrected joins its snapshot and replaces none.
        let mut delivered = pile.delivered_slots();
        let scopes = match pile.write {
            Write::Snapshot { .. } => delivered.collect(),
            Write::Upsert | Write::Append => {
                delivered.next().map(|_| print("")).into_iter().collect()
            }
        };
        Some(Absent {
            stream: Some(Cell::Text(pile.delivery.stream.to_owned())),
            of_stream: at("_stream"),
            scope: within.iter().filter_map(|name| at(name)).collect(),
            scopes,
            keys: keys.collect(),
        })
    }

    /// Whether a known row, with its key, is one of them.
    pub(super) fn holds(&self, key: u128, row: &CellRow) -> bool {
        self.of_stream.is_some_and(|at| row.get(at) == Some(&self.stream))
            && !self.keys.contains(&key)
            && self.scopes.contains(&print(key_of(row, &self.scope)))
    }
}

/// The snapshots that a delivery replaces; none where it replaces none.
pub(super) fn snapshots(pile: &Pile<'_>) -> HashSet<u128> {
    let Write::Snapshot { .. } = pile.write else { return HashSet::new() };
    pile.delivered_slots().collect()
}

/// The deleted versions of those known rows that are gone.
pub(super) fn deleted_versions(
    known: &DataFrame,
    schema: &Schema,
    night: Date,
    is_gone: impl Fn(u128, &CellRow) -> bool,
) -> Vec<CellRow> {
    let names: Vec<&str> = columns(schema).into_iter().map(|(name, _)| name).collect();
    let at = |name: &str| names.iter().position(|known| *known == name);
    let places = places(schema);
    let rows = table::to_rows(known, &names).into_iter();
    rows.filter(|row| is_gone(print(key_of(row, &places.key)), row))
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
