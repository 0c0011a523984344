//! Which known rows does a delivery end? Those that it says are deleted, those that the manifest leaves out by
//! now, and those that it no longer holds though it could.

use std::collections::HashSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::delta::columns;
use super::keyed::UNIT;
use super::pile::Pile;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::pseudonym::print;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// What a delivery ends where it does not bring it.
pub(super) struct AtStake<'p> {
    /// Of each known row, whether the stream brought it, and whether it is in what was brought whole.
    rows: Vec<(bool, bool)>,
    /// The prints of the keys of rows that the manifest leaves out by now.
    left: &'p HashSet<u128>,
    /// The prints of the keys of rows that broke their contract: their last good versions stay.
    spared: HashSet<u128>,
}

impl<'p> AtStake<'p> {
    /// Of the known rows; none where a delivery can say nothing of what it does not bring.
    pub(super) fn of(pile: &'p Pile<'_>, known: &DataFrame) -> Result<AtStake<'p>, ModelError> {
        let within: Option<&[String]> = match pile.write {
            Write::Snapshot { within } if pile.is_empty => Some(within),
            Write::Upsert if pile.is_empty && pile.delivery.is_full => Some(&[]),
            // A row that came back corrected joins its snapshot and replaces none.
            _ if pile.delivered() == 0 && pile.left.is_empty() && pile.snapshots.is_empty() => None,
            Write::Snapshot { .. } if pile.is_moving => None,
            Write::Snapshot { within } => Some(within),
            Write::Upsert if pile.delivery.is_full => Some(&[]),
            Write::Upsert | Write::Append => None,
        };
        let (left, spared) = (&pile.left, pile.spared.iter().copied().collect());
        if within.is_none() && left.is_empty() {
            return Ok(AtStake { rows: Vec::new(), left, spared });
        }
        let doing =
            || FrameError::polars(format!("reading what is known of `{}`", pile.schema.name));
        let columns = within.unwrap_or_default().iter().map(|name| known.column(name));
        let columns = columns.collect::<PolarsResult<Vec<_>>>().map_err(doing())?;
        let is_whole = |words: &[u8]| {
            let is_here =
                |within: &[String]| within.is_empty() || pile.snapshots.contains(&print(words));
            within.is_some_and(is_here)
        };
        let whole = table::of_each(&columns, known.height(), UNIT, is_whole);
        // Streams of two systems may have one name and fill one table.
        let names = |column| known.column(column).and_then(|column| column.str()).map_err(doing());
        let (systems, streams) = (names("_system")?, names("_stream")?);
        let own = systems.iter().zip(streams.iter());
        let own = own.map(|(system, stream)| pile.delivery.is_own(system, stream));
        Ok(AtStake { rows: own.zip(whole).collect(), left, spared })
    }

    /// Whether a known row, with its key, is at stake.
    pub(super) fn holds(&self, key: u128, row: usize) -> bool {
        let (is_own, is_whole) = self.rows.get(row).copied().unwrap_or_default();
        is_own && (is_whole || self.left.contains(&key)) && !self.spared.contains(&key)
    }
}

/// The deleted versions of those known rows that are gone.
pub(super) fn deleted_versions(
    known: &DataFrame,
    schema: &Schema,
    night: Date,
    gone: Vec<IdxSize>,
) -> Result<Vec<CellRow>, ModelError> {
    let names: Vec<&str> = columns(schema).into_iter().map(|(name, _)| name).collect();
    let at = |name: &str| names.iter().position(|known| *known == name);
    let gone = IdxCa::from_vec("_rows".into(), gone);
    let gone = known.take(&gone).map_err(FrameError::polars("taking rows that are gone"))?;
    let mut rows = table::to_rows(&gone, &names);
    for row in &mut rows {
        for (name, cell) in [
            ("_deleted", Cell::Flag(true)),
            ("_hash", Cell::Text(String::new())),
            ("_night", Cell::Day(night)),
        ] {
            if let Some(slot) = at(name).and_then(|at| row.get_mut(at)) {
                *slot = Some(cell);
            }
        }
    }
    Ok(rows)
}
