//! How does a version of a row stand on the disk? Under the columns of its schema, with those that say
//! where it came from behind them.

use polars::prelude::*;

use super::ModelError;
use super::judge::Kept;
use super::lake::Delivery;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// The columns that say where a row came from, beside `_deleted` and `_hash`.
const LINEAGE: [(&str, FieldKind); 7] = [
    ("_deleted", FieldKind::Flag),
    ("_hash", FieldKind::Text),
    ("_system", FieldKind::Text),
    ("_stream", FieldKind::Text),
    ("_night", FieldKind::Day),
    ("_source", FieldKind::Text),
    ("_row", FieldKind::Whole),
];

/// A delta as the present contract wants it: columns added since are empty, removed ones are gone.
pub(super) fn conform(delta: &DataFrame, schema: &Schema) -> Result<DataFrame, ModelError> {
    let columns = columns(schema).into_iter().map(|(name, kind)| match delta.column(name) {
        Ok(column) => column.cast(&table::data_type(kind)),
        Err(_) => Ok(Column::full_null(name.into(), delta.height(), &table::data_type(kind))),
    });
    let doing = || FrameError::polars(format!("reading a delta of `{}`", schema.name));
    let columns = columns.collect::<PolarsResult<Vec<_>>>().map_err(doing())?;
    Ok(DataFrame::new(delta.height(), columns).map_err(doing())?)
}

/// A table without rows.
pub(super) fn empty(schema: &Schema) -> Result<DataFrame, ModelError> {
    Ok(table::from_rows(&columns(schema), &[])?)
}

pub(super) fn columns(schema: &Schema) -> Vec<(&str, FieldKind)> {
    let own = schema.fields.iter().map(|field| (field.name.as_str(), field.kind));
    own.chain(LINEAGE).collect()
}

/// The new versions of rows, each with its hash and its lineage, and behind them the rows that are gone.
/// Made a column at a time, for rows are many and their cells stand already.
pub(super) fn delta(
    schema: &Schema,
    delivery: Delivery<'_>,
    rows: &[(&Kept, String)],
    gone: &[CellRow],
) -> Result<DataFrame, ModelError> {
    let column = |(at, (name, kind)): (usize, (&str, FieldKind))| {
        let gone = gone.iter().map(|row| row.get(at).and_then(Option::as_ref));
        let Some(of) = at.checked_sub(schema.fields.len()) else {
            let own = rows.iter().map(|(kept, _)| kept.cells.get(at).and_then(Option::as_ref));
            return table::column(name, kind, own.chain(gone));
        };
        let own = rows.iter().map(|(kept, hash)| lineage(of, kept, hash, delivery));
        let own: Vec<Option<Cell>> = own.collect();
        table::column(name, kind, own.iter().map(Option::as_ref).chain(gone))
    };
    let columns = columns(schema).into_iter().enumerate().map(column);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let doing = FrameError::polars("building a delta");
    Ok(DataFrame::new(rows.len() + gone.len(), columns).map_err(doing)?)
}

/// What the lineage says of a row in the column at a place of [`LINEAGE`].
fn lineage(at: usize, kept: &Kept, hash: &str, delivery: Delivery<'_>) -> Option<Cell> {
    let (name, _) = LINEAGE.get(at)?;
    match *name {
        "_deleted" => Some(Cell::Flag(false)),
        "_hash" => Some(Cell::Text(hash.to_owned())),
        "_system" => Some(Cell::Text(delivery.system.to_owned())),
        "_stream" => Some(Cell::Text(delivery.stream.to_owned())),
        "_night" => Some(Cell::Day(delivery.night)),
        "_source" => Some(Cell::Text(kept.source.clone())),
        "_row" => Some(Cell::Whole(kept.row)),
        _ => None,
    }
}
