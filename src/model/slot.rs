//! What does a later delivery bring in the place of a row that is held back? Of a snapshot all that its
//! columns `within` say together, of any other stream the key.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::judged::Quarantined;
use super::keyed::key_of;
use super::keyed::places;
use crate::base::cell::CellRow;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// Stands between the snapshots to which a row may belong.
pub(super) const OR: char = '\u{1e}';

/// Where the columns stand that tell a row's slot.
pub(super) fn columns(write: &Write, schema: &Schema) -> Vec<usize> {
    match write {
        Write::Snapshot { within } => {
            let at = |name: &String| schema.fields.iter().position(|field| field.name == *name);
            within.iter().filter_map(at).collect()
        }
        Write::Append | Write::Upsert => places(schema).key,
    }
}

/// The slot of a row.
pub(super) fn of(cells: &CellRow, columns: &[usize]) -> String {
    key_of(cells, columns)
}

/// A row of a snapshot whose own slot can't be read belongs to some snapshot that its source holds.
pub(super) fn settle(quarantined: &mut [Quarantined], slots: &BTreeMap<String, BTreeSet<String>>) {
    for held in quarantined.iter_mut().filter(|held| held.slot.is_none()) {
        let slots = slots.get(&held.source).into_iter().flatten();
        let slots: Vec<&str> = slots.map(String::as_str).collect();
        held.slot = (!slots.is_empty()).then(|| slots.join(&OR.to_string()));
    }
}
