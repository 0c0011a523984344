//! Which names of units stand where, and on which days? A small table of distinct names and days, so that
//! a decision can be tried before it is taken.

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::ModelError;
use super::resolve::Resolver;
use super::resolve::looked_up;
use super::resolve::texts_of;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Lookup;
use crate::spec::schema::Schema;

/// A name in the rows of one day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// The cell.
    pub text: String,
    /// The day of the rows; none in a table without days.
    pub day: Option<Date>,
    /// Where the rows came from.
    pub place: Place,
}

/// A column of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The system.
    pub system: String,
    /// The stream.
    pub stream: String,
    /// The table that it fills.
    pub table: String,
    /// The column of the table.
    pub column: String,
}

/// Adds the names of a merged table, before they are resolved, with their rows.
///
/// # Errors
/// A table without the column of its days.
pub fn written(
    resolver: &Resolver,
    catalog: &Catalog,
    schema: &Schema,
    table: &DataFrame,
    into: &mut BTreeMap<Written, u64>,
) -> Result<(), ModelError> {
    let days = resolver.days_of(schema, table)?;
    let [systems, streams] = ["_system", "_stream"].map(|name| texts_of(table, name));
    for column in looked_up(catalog, schema, Lookup::Unit) {
        for (at, text) in texts_of(table, &column).into_iter().enumerate() {
            let Some(text) = text else { continue };
            let from = |texts: &[Option<String>]| texts.get(at).cloned().flatten();
            let place = Place {
                system: from(&systems).unwrap_or_default(),
                stream: from(&streams).unwrap_or_default(),
                table: schema.name.clone(),
                column: column.clone(),
            };
            let day = days.get(at).copied().flatten();
            *into.entry(Written { text, day, place }).or_default() += 1;
        }
    }
    Ok(())
}
