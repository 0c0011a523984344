//! Which columns of a table are made by a fact? Derived ones, under a name that the contract of the table
//! has and no stream fills, such as `machine` of a rating.

use polars::prelude::DataFrame;

use super::MeasureError;
use crate::frame::FrameError;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;

/// The columns that a fact makes for its table; none where it makes none. Only an event has the rows of its
/// table, each once and in their order.
///
/// # Errors
/// Rows that polars refuses.
pub fn made(
    catalog: &Catalog,
    fact: &Fact,
    rows: &DataFrame,
) -> Result<Option<DataFrame>, MeasureError> {
    let is_whole = matches!(fact.kind, FactKind::Event { .. }) && fact.keep.is_none();
    let schema = catalog.schemas.get(&fact.table.value);
    let Some(schema) = schema.filter(|_| is_whole && rows.width() > 0) else { return Ok(None) };
    let is_filled = |name: &str| {
        let streams = catalog.streams().into_iter();
        let mut streams = streams.filter(|(_, stream)| stream.into.value == schema.name);
        streams.any(|(_, stream)| stream.columns.iter().any(|column| column.name == name))
    };
    let derived = fact.derive.iter().map(|derived| derived.name.as_str());
    let names: Vec<&str> =
        derived.filter(|name| schema.field(name).is_some() && !is_filled(name)).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let doing = FrameError::polars(format!("what fact `{}` makes", fact.name));
    Ok(Some(rows.select(names).map_err(doing)?))
}

/// Puts columns that were made into their table.
///
/// # Errors
/// Columns that polars refuses.
pub fn put(table: &mut DataFrame, made: &DataFrame) -> Result<(), MeasureError> {
    for column in made.columns() {
        let doing = FrameError::polars(format!("keeping `{}`", column.name()));
        table.with_column(column.clone()).map_err(doing)?;
    }
    Ok(())
}
