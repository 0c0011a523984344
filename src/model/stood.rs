//! What stood before a delivery came? Of each key that is known a line, in the order of their prints, so that
//! those of a share stand together.

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::keyed::UNIT;
use super::lines::share_of;
use crate::base::pseudonym::print;
use crate::frame::FrameError;
use crate::frame::table;
use crate::frame::table::day_of;
use crate::spec::schema::Schema;

/// A row that is known.
#[derive(Debug)]
pub(super) struct Known {
    /// The print of its key.
    pub(super) key: u128,
    /// The hash of its values.
    pub(super) hash: Option<u64>,
    /// The night that told it.
    pub(super) told: Option<Date>,
    /// Which row it is.
    pub(super) row: IdxSize,
    /// Whether it is gone where the delivery does not bring its key.
    pub(super) is_at_stake: bool,
}

/// All that are known, and which of them are at stake.
pub(super) fn stood(
    known: &DataFrame,
    schema: &Schema,
    is_at_stake: impl Fn(u128, usize) -> bool,
) -> Result<Vec<Known>, ModelError> {
    let doing = || FrameError::polars(format!("reading what is known of `{}`", schema.name));
    let columns = schema.primary_key.iter().map(|name| known.column(name));
    let columns = columns.collect::<PolarsResult<Vec<_>>>().map_err(doing())?;
    let keys = table::of_each(&columns, known.height(), UNIT, |words| print(words));
    let hashes = known.column("_hash").and_then(|column| column.str()).map_err(doing())?;
    let nights = known.column("_night").and_then(|column| column.date()).map_err(doing())?;
    let lines = keys.into_iter().zip(hashes.iter()).zip(nights.physical().iter()).zip(0..);
    let known = lines.enumerate().map(|(at, (((key, hash), night), row))| Known {
        key,
        hash: hash.and_then(|hash| u64::from_str_radix(hash, 16).ok()),
        told: night.and_then(day_of),
        row,
        is_at_stake: is_at_stake(key, at),
    });
    let mut known: Vec<Known> = known.collect();
    known.sort_unstable_by_key(|known| known.key);
    Ok(known)
}

/// Those of a share.
pub(super) fn of_share(known: &[Known], share: u8) -> &[Known] {
    let first = known.partition_point(|known| share_of(known.key) < share);
    let end = known.partition_point(|known| share_of(known.key) <= share);
    known.get(first..end).unwrap_or_default()
}

/// That of a key.
pub(super) fn of_key(known: &[Known], key: u128) -> Option<&Known> {
    known.get(known.binary_search_by_key(&key, |known| known.key).ok()?)
}
