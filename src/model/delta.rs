//! How does a version of a row stand on the disk? Under the columns of its schema, with those that say
//! where it came from behind them.

use polars::prelude::*;

use super::ModelError;
use super::delivery::Delivery;
use super::judged::Kept;
use super::judged::Origin;
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

/// The versions of rows that are gone.
pub(super) fn gone(schema: &Schema, rows: &[CellRow]) -> Result<DataFrame, ModelError> {
    Ok(table::from_rows(&columns(schema), rows)?)
}

/// The new versions of rows, each with its hash and its lineage.
pub(super) fn delta(
    schema: &Schema,
    delivery: Delivery<'_>,
    (kept, hashes): (Kept, &[u64]),
) -> Result<DataFrame, ModelError> {
    if kept.origins.is_empty() {
        return empty(schema);
    }
    let lineage = LINEAGE.map(|(name, _)| lineage(name, (&kept.origins, hashes), delivery));
    Ok(kept.values.hstack(&lineage).map_err(FrameError::polars("building a delta"))?)
}

/// What the lineage says of rows in one of its columns.
fn lineage(name: &str, (origins, hashes): (&[Origin], &[u64]), delivery: Delivery<'_>) -> Column {
    let (name, height) = (PlSmallStr::from_str(name), origins.len());
    let series = match name.as_str() {
        "_hash" => {
            let hashes = hashes.iter().map(|hash| format!("{hash:016x}"));
            StringChunked::from_iter_values(name, hashes).into_series()
        }
        "_system" => StringChunked::full(name, delivery.system, height).into_series(),
        "_stream" => StringChunked::full(name, delivery.stream, height).into_series(),
        "_night" => {
            let day = table::day_number(delivery.night);
            Int32Chunked::full(name, day, height).into_date().into_series()
        }
        "_source" => {
            let sources = origins.iter().map(|origin| &*origin.source);
            StringChunked::from_iter_values(name, sources).into_series()
        }
        "_row" => {
            let rows = origins.iter().map(|origin| origin.row);
            Int64Chunked::from_iter_values(name, rows).into_series()
        }
        _ => BooleanChunked::full(name, false, height).into_series(),
    };
    series.into()
}
