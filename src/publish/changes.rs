//! What does a reader of the release before have to take note of? Every key that came, went or is told
//! otherwise, with its cause.

use std::io;

use polars::prelude::DataFrame;

use super::PublishError;
use super::moved::Moved;
use super::moved::Point;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::table;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;
use crate::spec::schema::read_schema;

/// The name of its files.
pub(super) const FILE: &str = "changes";

/// Its contract's text.
pub(super) const CONTRACT: &str = include_str!("change.json");

/// Its contract.
pub(super) fn schema() -> Result<Schema, PublishError> {
    read_schema("change.json", "change", CONTRACT).map_err(|faults| PublishError::File {
        path: "change.json".to_owned(),
        cause: io::Error::other(format!("{faults:?}")),
    })
}

/// What moved, as a table.
pub(super) fn told(moved: &[Moved], schema: &Schema) -> Result<DataFrame, PublishError> {
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    let rows: Vec<CellRow> = moved.iter().map(row).collect();
    Ok(table::from_rows(&columns, &rows)?)
}

fn row(moved: &Moved) -> CellRow {
    let change = match (&moved.before, &moved.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    let words = [change, moved.cause.name()].map(|word| text(Some(word)));
    let key = moved.key.iter().map(|part| text(part.as_deref()));
    let points = [&moved.before, &moved.after].into_iter().flat_map(|told| point(told.as_ref()));
    words.into_iter().chain(key).chain(points).collect()
}

fn point(told: Option<&Point>) -> [Option<Cell>; 3] {
    let Some(told) = told else { return [None, None, None] };
    [text(Some(told.status.as_str())), told.value.clone(), text(told.shown.as_deref())]
}

fn text(text: Option<&str>) -> Option<Cell> {
    Some(Cell::Text(text?.to_owned()))
}
