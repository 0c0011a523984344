//! What does a later delivery bring in the place of a row that is held back? Of a snapshot all that its
//! columns `within` say together, of any other stream the key.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

use super::judged::Judged;
use super::lake::key_of;
use super::lake::places;
use crate::base::cell::CellRow;
use crate::spec::connector::Stream;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// Stands between the snapshots to which a row may belong.
const OR: char = '\u{1e}';

/// Where the columns stand that tell a row's slot.
pub(super) fn columns(stream: &Stream, schema: &Schema) -> Vec<usize> {
    match &stream.write {
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
pub fn settle(stream: &Stream, schema: &Schema, judged: &mut Judged) {
    if !matches!(stream.write, Write::Snapshot { .. }) {
        return;
    }
    let columns = columns(stream, schema);
    let lost = |slot: &Option<String>| slot.is_none();
    let sources: HashSet<String> = judged
        .quarantined
        .iter()
        .filter(|held| lost(&held.slot))
        .map(|held| held.source.clone())
        .collect();
    let mut slots: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kept in judged.kept.iter().filter(|kept| sources.contains(&kept.source)) {
        slots.entry(kept.source.clone()).or_default().insert(of(&kept.cells, &columns));
    }
    for held in judged.quarantined.iter_mut().filter(|held| lost(&held.slot)) {
        let slots = slots.get(&held.source).into_iter().flatten();
        let slots: Vec<&str> = slots.map(String::as_str).collect();
        held.slot = (!slots.is_empty()).then(|| slots.join(&OR.to_string()));
    }
}

/// What a delivery holds, corrections aside.
#[derive(Debug)]
pub struct Delivered(HashSet<String>);

impl Delivered {
    /// Of the rows that a stream brought.
    pub fn of(stream: &Stream, schema: &Schema, judged: &Judged) -> Delivered {
        let columns = columns(stream, schema);
        let kept = judged.kept.iter().filter(|kept| kept.is_delivered());
        let kept = kept.map(|kept| of(&kept.cells, &columns));
        let held = judged.quarantined.iter().filter(|held| held.corrects.is_none());
        Delivered(kept.chain(held.filter_map(|held| held.slot.clone())).collect())
    }

    /// Whether it brings all that may stand in the place of a row.
    pub fn replaces(&self, slot: &str) -> bool {
        slot.split(OR).all(|slot| self.0.contains(slot))
    }
}
