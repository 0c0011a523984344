//! Which units are there, and since when?

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use crate::base::cell::Cell;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::frame::table;

/// A unit and when it is there.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its key.
    pub unit_id: String,
    /// Its first day.
    pub from: Date,
    /// The first day on which it is gone.
    pub to: Option<Date>,
}

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

/// The units of every category on a day.
pub fn members(units: Option<&DataFrame>, day: Date) -> BTreeMap<String, Vec<String>> {
    let columns = ["unit_id", "category", "valid_from", "valid_to"];
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in units.into_iter().flat_map(|units| table::to_rows(units, &columns)) {
        let [Some(Cell::Text(unit_id)), Some(Cell::Text(category)), from, to] = row.as_slice()
        else {
            continue;
        };
        let is_there = !matches!(from, Some(Cell::Day(from)) if *from > day)
            && !matches!(to, Some(Cell::Day(to)) if *to <= day);
        if is_there {
            members.entry(category.clone()).or_default().push(unit_id.clone());
        }
    }
    for units in members.values_mut() {
        units.sort();
        units.dedup();
    }
    members
}
