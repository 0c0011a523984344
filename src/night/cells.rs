//! Things of the night as rows and tables of a contract.

use anyhow::Context as _;

use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// The contract of a table.
pub(super) fn schema<'c>(catalog: &'c Catalog, name: &str) -> anyhow::Result<&'c Schema> {
    catalog.schemas.get(name).with_context(|| format!("no schema describes `{name}`"))
}

/// Rows in the order of a contract, each cell told by the name of its column.
pub(super) fn rows<'t, T: 't>(
    schema: &Schema,
    things: impl Iterator<Item = &'t T>,
    cell: impl Fn(&'t T, &str) -> Option<Cell>,
) -> Vec<CellRow> {
    let row = |thing| schema.fields.iter().map(|field| cell(thing, &field.name)).collect();
    things.map(row).collect()
}

/// A count as a cell.
pub(super) fn whole(number: u64) -> Option<Cell> {
    i64::try_from(number).ok().map(Cell::Whole)
}

/// A text as a cell; an empty one is none.
pub(super) fn text(text: &str) -> Option<Cell> {
    (!text.is_empty()).then(|| Cell::Text(text.to_owned()))
}

/// The number of a cell; none where it has another value or none.
pub(super) fn exact(cell: Option<&Option<Cell>>) -> Option<Exact> {
    match cell {
        Some(Some(Cell::Decimal(digits, scale))) => {
            Some(Exact::new(*digits, 10_i128.pow(u32::from(*scale))))
        }
        Some(Some(Cell::Whole(number))) => Some(Exact::from(i128::from(*number))),
        _ => None,
    }
}

/// Rows as the table of a contract.
pub(super) fn framed(schema: &Schema, rows: &[CellRow]) -> anyhow::Result<DataFrame> {
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    Ok(table::from_rows(&columns, rows)?)
}
