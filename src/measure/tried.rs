//! What do the metrics of a home tell of an example? Counted and told as a night does, from rows that
//! somebody wrote down.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::MeasureError;
use super::cube;
use super::cube::Place;
use super::evaluate::Reason;
use super::evaluate::Telling;
use super::evaluate::Told;
use super::evaluate::rounded;
use super::fact::Ground;
use super::fact::Tables;
use super::peers::Peers;
use super::units::units;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::decimal_text;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::example::Example;
use crate::spec::example::Rows;
use crate::spec::example::Test;
use crate::spec::example::UNIT;
use crate::spec::formula::Exact;
use crate::spec::list::List;
use crate::spec::reference::Reference;
use crate::spec::schema::Schema;

/// The category of the unit of an example that says none.
const CATEGORY: &str = "government_department";

/// What is told at one place of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    metric: String,
    place: Place,
    part: Option<String>,
    period: String,
    /// The value as it is shown.
    pub value: Option<String>,
    /// Above and below the line, where the formula divides.
    pub parts: Option<(Exact, Exact)>,
    /// Its status.
    pub status: &'static str,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// Everything that the home tells of an example whose tables have been typed. What the example says of
/// peers and lists takes the place of what the home says.
///
/// # Errors
/// An expression that polars refuses, a formula that leaves 128 bits.
pub fn told(
    catalog: &Catalog,
    example: &Example,
    rows: Vec<Rows>,
) -> Result<Vec<Answer>, MeasureError> {
    let as_of = example.as_of;
    let mut catalog = catalog.clone();
    for (name, values) in &example.lists {
        catalog.lists.insert(name.clone(), List::of_unit(UNIT, values));
    }
    if !example.peers.is_empty() {
        let means = Reference::of_means(CATEGORY, &example.peers);
        catalog.references.insert(as_of.year(), means);
    }
    let mut tables = Tables::new();
    for (name, rows) in rows {
        if let Some(schema) = catalog.schemas.get(&name) {
            tables.insert(name, table_of(schema, &rows)?);
        }
    }
    if let Some(schema) = catalog.schemas.get("unit").filter(|_| !tables.contains_key("unit")) {
        tables.insert("unit".to_owned(), table_of(schema, &[unit(schema)])?);
    }
    let calendar = Arc::new(catalog.calendar.clone());
    let days = Days { calendar, zone: catalog.settings.zone.clone() };
    let cube =
        cube::count(&Ground { catalog: &catalog, tables: &tables, days, as_of, night: as_of })?;
    let telling = Telling {
        cube: &cube,
        metrics: catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect(),
        units: &units(tables.get("unit")),
        as_of,
        // A table that the example leaves out has no rows.
        fed: &catalog.schemas.keys().map(String::as_str).collect(),
        stale: &BTreeSet::new(),
        peers: Peers::of(&catalog, tables.get("unit"), as_of),
        calendar: &catalog.calendar,
    };
    Ok(telling.all()?.into_iter().map(answer).collect())
}

fn answer(told: Told<'_>) -> Answer {
    let decimals = told.metric.decimals;
    Answer {
        metric: told.metric.name.clone(),
        part: told.part.map(|(_, value)| value),
        period: told.period.to_string(),
        value: told.value.map(|value| decimal_text(rounded(value, decimals), decimals)),
        parts: told.numerator.zip(told.denominator),
        status: told.status.name(),
        reason: told.reason.map(Reason::words),
        place: told.place,
    }
}

/// What a test asks for; none where nothing is told there.
pub fn asked<'t>(metric: &str, test: &Test, told: &'t [Answer]) -> Option<&'t Answer> {
    let place = (test.unit.clone(), test.section.clone());
    told.iter().find(|told| {
        let is_place = told.place == place && told.part == test.part;
        is_place && told.metric == metric && told.period == test.period.value
    })
}

fn table_of(schema: &Schema, rows: &[CellRow]) -> Result<DataFrame, MeasureError> {
    let columns: Vec<_> = schema.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    Ok(table::from_rows(&columns, rows)?)
}

/// The unit that is meant where an example has no table of units.
fn unit(schema: &Schema) -> CellRow {
    let known: BTreeMap<&str, Cell> = BTreeMap::from([
        ("unit_id", Cell::Text(UNIT.to_owned())),
        ("name", Cell::Text(UNIT.to_owned())),
        ("category", Cell::Text(CATEGORY.to_owned())),
        ("valid_from", Cell::Day(jiff::civil::date(2000, 1, 1))),
    ]);
    schema.fields.iter().map(|field| known.get(field.name.as_str()).cloned()).collect()
}
