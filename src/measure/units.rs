//! Which units are there, and since when?

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::evaluate::Unit;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::frame::table;

/// The units of the table `unit`, each from its first day to its last.
pub fn units(table: Option<&DataFrame>) -> Vec<Unit> {
    let Some(table) = table else { return Vec::new() };
    let rows = table::to_rows(table, &["unit_id", "valid_from", "valid_to"]);
    let mut spans: BTreeMap<String, Unit> = BTreeMap::new();
    for row in rows {
        let Some(unit_id) = text_of(row.first()) else { continue };
        let (from, to) = (day_of(row.get(1)).unwrap_or(Date::MIN), day_of(row.get(2)));
        let known = spans.entry(unit_id.clone()).or_insert_with(|| Unit {
            unit_id: unit_id.clone(),
            from,
            to,
        });
        known.from = known.from.min(from);
        known.to = known.to.zip(to).map(|(known, to)| known.max(to));
    }
    spans.into_values().collect()
}
