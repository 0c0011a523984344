//! May a row of the past stand where its key is known? Only if the source itself says that it is newer.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use super::judge::Judged;
use super::judge::Kept;
use super::lake::Places;
use super::lake::key_of;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::table;
use crate::spec::schema::Schema;

/// The column that says when the source changed a row.
pub(super) const UPDATED: &str = "updated_at";

/// When the source changed every key that was ever known, by its own time; nothing where no row is past.
pub(super) fn updates(
    versions: &DataFrame,
    schema: &Schema,
    judged: &Judged,
) -> HashMap<String, Option<Cell>> {
    if !judged.kept.iter().any(|kept| kept.is_past) {
        return HashMap::new();
    }
    let mut names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
    let places: Vec<usize> = (0..names.len()).collect();
    names.extend(schema.fields.iter().map(|f| f.name.as_str()).filter(|name| *name == UPDATED));
    let updated = |row: &CellRow| row.get(places.len()).cloned().flatten();
    let rows = table::to_rows(versions, &names).into_iter();
    rows.map(|row| (key_of(&row, &places), updated(&row))).collect()
}

/// Whether a row of the past is no newer than what is known of its key, if that is known.
pub(super) fn is_older(kept: &Kept, places: &Places, known: Option<&Option<Cell>>) -> bool {
    let Some(known) = known.filter(|_| kept.is_past) else { return false };
    let updated = places.updated.and_then(|at| kept.cells.get(at)?.as_ref());
    kept.is_deleted || known.is_none() || updated <= known.as_ref()
}
