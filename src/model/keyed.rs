//! How is a row known again? By the print of its key, and by what it says.

use crate::base::cell::CellRow;
use crate::base::cell::joined;
use crate::base::pseudonym::sha256;
use crate::spec::schema::Schema;

/// The column that says when the source changed a row.
pub(super) const UPDATED: &str = "updated_at";

/// Stands between the cells of a key, or of a row whose hash is reckoned.
pub(super) const UNIT: u8 = 0x1f;

/// Where the columns of the key stand, and that of the source's own order.
pub(super) struct Places {
    pub(super) key: Vec<usize>,
    pub(super) updated: Option<usize>,
}

pub(super) fn places(schema: &Schema) -> Places {
    let at = |name: &str| schema.fields.iter().position(|field| field.name == name);
    let key = schema.primary_key.iter().filter_map(|name| at(name)).collect();
    Places { key, updated: at(UPDATED) }
}

pub(super) fn key_of(cells: &CellRow, places: &[usize]) -> String {
    joined(places.iter().map(|at| cells.get(*at).and_then(Option::as_ref)), UNIT.into())
}

/// What a row says, as 16 hexadecimal digits.
pub(super) fn hash_of(cells: &CellRow) -> String {
    let mut hash = sha256(joined(cells.iter().map(Option::as_ref), UNIT.into()).as_bytes());
    hash.truncate(16);
    hash
}

/// The first half of a key's print.
pub(super) fn half(key: u128) -> u64 {
    u64::try_from(key >> 64).unwrap_or_default()
}
