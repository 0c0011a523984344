//! How does a version of a row stand on the disk? Under the columns of its schema, with those that say
//! where it came from behind them.

use polars::prelude::*;

use super::ModelError;
use super::delivery::Delivery;
use super::judged::Kept;
use super::keyed::UPDATED;
use crate::base::cell::CellRow;
use crate::base::pseudonym::hex;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::kinds;
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

/// A delta as the present contract wants it: columns added since are empty, removed ones are gone; of its
/// columns those that are wanted.
pub(super) fn conform(
    delta: &DataFrame,
    schema: &Schema,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<DataFrame, ModelError> {
    let columns = columns(schema).into_iter().filter(|(name, _)| is_wanted(name));
    let doing = || FrameError::polars(format!("reading a delta of `{}`", schema.name));
    let columns = columns.map(|(name, kind)| {
        let wanted = table::data_type(kind);
        let Ok(column) = delta.column(name) else {
            return Ok(Column::full_null(name.into(), delta.height(), &wanted));
        };
        // polars knows no way between some types.
        let none = || Column::full_null(name.into(), delta.height(), &wanted);
        let fitted = column.cast(&wanted).unwrap_or_else(|_| none());
        match lost(column, &fitted) {
            0 => Ok(fitted),
            rows => Err(ModelError::History {
                table: schema.name.clone(),
                column: name.to_owned(),
                rows,
                wanted: kinds::word(kind).to_owned(),
            }),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, ModelError>>()?;
    Ok(DataFrame::new(delta.height(), columns).map_err(doing())?)
}

/// How many values of a column are others, or none, once they fit another type.
fn lost(column: &Column, fitted: &Column) -> usize {
    if column.dtype() == fitted.dtype() {
        return 0;
    }
    let none = fitted.null_count().saturating_sub(column.null_count());
    let back = fitted.cast(column.dtype()).and_then(|back| back.not_equal_missing(column));
    back.map_or(none, |others| others.sum().map_or(0, |others| others as usize).max(none))
}

/// A table without rows.
pub(super) fn empty(schema: &Schema) -> Result<DataFrame, ModelError> {
    Ok(table::from_rows(&columns(schema), &[])?)
}

pub(super) fn columns(schema: &Schema) -> Vec<(&str, FieldKind)> {
    let own = schema.fields.iter().map(|field| (field.name.as_str(), field.kind));
    own.chain(LINEAGE).collect()
}

/// Whether a column tells which row it is of, how new that is and what became of it.
pub(super) fn is_needed(schema: &Schema, name: &str) -> bool {
    let of_rows = ["_deleted", "_hash", "_night", "_system", "_stream", UPDATED];
    of_rows.contains(&name) || schema.primary_key.iter().any(|key| key == name)
}

/// The versions of rows that are gone.
pub(super) fn gone(schema: &Schema, rows: &[CellRow]) -> Result<DataFrame, ModelError> {
    Ok(table::from_rows(&columns(schema), rows)?)
}

/// What the lineage says of every row in its own way; all else of it is the same in all rows of a delivery.
const OWN: [&str; 3] = ["_hash", "_source", "_row"];

/// The new versions of rows, each with its hash and its place; [`whole`] says the rest of their lineage.
pub(super) fn delta(kept: &Kept, hashes: &[u64]) -> Result<DataFrame, ModelError> {
    let own = OWN.map(|name| {
        let (name, origins) = (PlSmallStr::from_str(name), &kept.origins);
        let series = match name.as_str() {
            "_hash" => {
                let hashes = hashes.iter().map(|hash| hex(&hash.to_be_bytes()));
                StringChunked::from_iter_values(name, hashes).into_series()
            }
            "_source" => {
                let sources = origins.iter().map(|origin| &*origin.source);
                StringChunked::from_iter_values(name, sources).into_series()
            }
            _ => {
                let rows = origins.iter().map(|origin| origin.row);
                Int64Chunked::from_iter_values(name, rows).into_series()
            }
        };
        series.into()
    });
    Ok(kept.values.hstack(&own).map_err(FrameError::polars("building a delta"))?)
}

/// The same as they stand in a delta.
pub(super) fn whole(
    rows: &DataFrame,
    schema: &Schema,
    delivery: Delivery<'_>,
) -> Result<DataFrame, ModelError> {
    let height = rows.height();
    if height == 0 {
        return empty(schema);
    }
    let same = |name: &str| {
        let value = match name {
            "_system" => Scalar::from(PlSmallStr::from_str(delivery.system)),
            "_stream" => Scalar::from(PlSmallStr::from_str(delivery.stream)),
            "_night" => Scalar::new_date(table::day_number(delivery.night)),
            _ => Scalar::from(false),
        };
        Column::new_scalar(name.into(), value, height)
    };
    let own = |name: &str| rows.column(name).cloned().unwrap_or_else(|_| same(name));
    let columns = columns(schema).into_iter().map(|(name, _)| own(name)).collect();
    Ok(DataFrame::new(height, columns).map_err(FrameError::polars("building a delta"))?)
}
