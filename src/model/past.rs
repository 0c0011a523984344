//! May a row of the past stand where its key is known? Only if the source itself says that it is newer.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use super::keyed::UPDATED;
use super::keyed::key_of;
use super::lines::Line;
use super::lines::When;
use super::pile::Pile;
use crate::base::cell::CellRow;
use crate::base::pseudonym::print;
use crate::frame::table;

/// When the source changed every key that was ever known, by its own time; nothing where no row is past.
pub(super) fn updates(versions: &DataFrame, pile: &Pile<'_>) -> HashMap<u128, When> {
    if !pile.has_past {
        return HashMap::new();
    }
    let schema = pile.schema;
    let mut names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
    let places: Vec<usize> = (0..names.len()).collect();
    names.extend(schema.fields.iter().map(|f| f.name.as_str()).filter(|name| *name == UPDATED));
    let updated = |row: &CellRow| row.get(places.len()).and_then(Option::as_ref).into();
    let rows = table::to_rows(versions, &names).into_iter();
    rows.map(|row| (print(key_of(&row, &places)), updated(&row))).collect()
}

/// Whether a row of the past is no newer than what is known of its key, if that is known.
pub(super) fn is_older(line: &Line, known: Option<&When>) -> bool {
    let Some(known) = known.filter(|_| line.is_past) else { return false };
    line.is_deleted || *known == When::Unknown || line.updated <= *known
}
