//! A home with one table of things and a pipeline of its own, and rows of that table.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use polars::prelude::DataFrame;
use shuping::base::cell::CellRow;
use shuping::base::diagnostic::Diagnostic;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::measure::MeasureError;
use shuping::measure::cube;
use shuping::measure::cube::Cube;
use shuping::measure::cube::Keeping;
use shuping::measure::evaluate::Reason;
use shuping::measure::evaluate::Telling;
use shuping::measure::evaluate::Told;
use shuping::measure::evaluate::Unit;
use shuping::measure::fact::Ground;
use shuping::measure::fact::Tables;
use shuping::measure::peers::Peers;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::home::Home;
use shuping::spec::schema::FieldKind;

/// Columns with their types, as a contract writes them.
pub(super) type Fields = [(&'static str, &'static str)];

/// The shipped home with no pipeline but `pipelines/things.toml`, and the contract of its table.
pub(super) fn read(fields: &Fields, pipeline: &str) -> Result<Catalog, Vec<Diagnostic>> {
    let mut home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    home.files.retain(|path, _| !path.starts_with("pipelines/"));
    home.files.insert("pipelines/things.toml".to_owned(), pipeline.to_owned());
    let field = |(name, kind): &(&str, &str)| {
        let kind = match kind.split_once(' ') {
            Some((kind, scale)) => format!("\"{kind}\", \"x:scale\": {scale}"),
            None => format!("\"{kind}\""),
        };
        format!("{{\"name\": \"{name}\", \"type\": {kind}}}")
    };
    let fields = fields.iter().map(field).collect::<Vec<_>>().join(",\n    ");
    let contract = format!(
        "{{\n  \"$schema\": \"https://datapackage.org/profiles/2.0/tableschema.json\",\n  \
         \"title\": \"Things\",\n  \"fields\": [\n    {fields}\n  ],\n  \"primaryKey\": [\"thing_id\"]\n}}"
    );
    home.files.insert("schemas/thing.json".to_owned(), contract);
    home.catalog()
}

/// Rows of the table.
pub(super) fn rows(catalog: &Catalog, rows: &[CellRow]) -> Tables {
    let schema = &catalog.schemas["thing"];
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    Tables::from([("thing".to_owned(), table::from_rows(&columns, rows).unwrap())])
}

/// Metric, unit, section, period.
type Key = (String, String, String, String);

/// What is told of each metric: its status, the reason, and the exact value.
pub(super) type Figures = BTreeMap<Key, (&'static str, String, Option<Exact>)>;

/// Every figure of units that have always been there.
pub(super) fn told(catalog: &Catalog, tables: &Tables, units: &[&str], as_of: Date) -> Figures {
    try_told(catalog, tables, units, as_of).unwrap()
}

/// The same where it may fail.
pub(super) fn try_told(
    catalog: &Catalog,
    tables: &Tables,
    units: &[&str],
    as_of: Date,
) -> Result<Figures, MeasureError> {
    let (cube, _) = count(catalog, tables, as_of);
    let unit = |id: &&str| Unit { unit_id: (*id).to_owned(), from: Date::MIN, to: None };
    let units: Vec<Unit> = units.iter().map(unit).collect();
    let telling = Telling {
        cube: &cube,
        metrics: catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect(),
        units: &units,
        as_of,
        fed: &BTreeSet::from(["thing"]),
        stale: &BTreeSet::new(),
        peers: Peers::of(catalog, None, as_of),
        calendar: &catalog.calendar,
    };
    let figure = |told: Told<'_>| {
        let (unit, section) = told.place;
        let period = told.period.to_string();
        let key = (told.metric.name.clone(), unit, section.unwrap_or_default(), period);
        let reason = told.reason.map(Reason::words).unwrap_or_default();
        (key, (told.status.name(), reason, told.value))
    };
    Ok(telling.all()?.into_iter().map(figure).collect())
}

/// The measures, and the rows that were counted for each fact.
pub(super) fn count(
    catalog: &Catalog,
    tables: &Tables,
    as_of: Date,
) -> (Cube, BTreeMap<String, DataFrame>) {
    try_count(catalog, tables, as_of).unwrap()
}

/// The same where it may fail.
pub(super) fn try_count(
    catalog: &Catalog,
    tables: &Tables,
    as_of: Date,
) -> Result<(Cube, BTreeMap<String, DataFrame>), MeasureError> {
    let days = days(catalog);
    let mut kept = BTreeMap::new();
    let ground = Ground { catalog, tables, days, as_of, night: as_of };
    let keep: &mut cube::Keep<'_> = &mut |fact, rows, _| {
        kept.insert(fact.name.clone(), rows.clone());
        Ok(())
    };
    let counted = cube::count_and(&ground, Some(Keeping { keep, months: None }))?;
    Ok((counted, kept))
}

/// What days mean in a home.
pub(super) fn days(catalog: &Catalog) -> Days {
    Days { calendar: Arc::new(catalog.calendar.clone()), zone: catalog.settings.zone.clone() }
}
