//! What do scoring tools get of the night? The files of a release.

use anyhow::Context as _;
use jiff::Timestamp;

use super::Choice;
use super::Ground;
use super::cells::framed;
use super::cells::schema;
use super::close;
use super::close::Settled;
use super::compute::Computed;
use super::listed;
use super::load;
use super::reconcile;
use super::score;
use crate::frame::DataFrame;
use crate::publish;
use crate::publish::Beyond;
use crate::publish::Draft;
use crate::publish::Label;
use crate::publish::Resource;

/// The dimensions that systems fill.
const DIMENSIONS: [&str; 4] = ["unit", "section", "service_item", "duty"];

/// Writes the release of the night, which does not stand yet.
pub(super) fn draft<'l>(
    ground: &Ground<'_>,
    (computed, settled): (&Computed<'_>, &Settled),
    label: &'l Label<'l>,
) -> anyhow::Result<Draft<'l>> {
    let catalog = ground.catalog;
    let (said, night) = (&settled.said, label.night);
    let mut resources = vec![
        resource(ground, "metric_value", &said.metrics)?,
        resource(ground, "metric_definition", &said.definitions)?,
    ];
    for name in DIMENSIONS {
        if let Some(rows) = computed.tables.get(name) {
            resources.push(resource(ground, name, rows)?);
        }
    }
    for (name, rows) in
        [("code", listed::codes(catalog)?), ("calendar_day", listed::days(catalog)?)]
    {
        resources.push(resource(ground, name, &framed(schema(catalog, name)?, &rows)?)?);
    }
    for (name, rows) in score::TABLES.into_iter().zip([&said.scores, &said.lines]) {
        let rows = rows.as_ref().context("a night without scores")?;
        resources.push(resource(ground, name, rows)?);
    }
    if computed.tables.contains_key("self_report") {
        let figures = schema(catalog, reconcile::TABLE)?;
        let rows = reconcile::rows(figures, &computed.figures, night);
        let rows = framed(figures, &rows)?;
        resources.push(resource(ground, reconcile::TABLE, &rows)?);
    }
    let corrections = schema(catalog, close::TABLE)?;
    let rows = framed(corrections, &close::rows(corrections, &settled.corrections, night))?;
    resources.push(resource(ground, close::TABLE, &rows)?);
    Ok(publish::draft(&ground.var.join("release"), label, resources)?)
}

/// What the release of the night says of itself.
pub(super) fn label<'l>(
    ground: &Ground<'l>,
    (computed, settled, broken): (&Computed<'_>, &'l Settled, &'l [Beyond]),
    (choice, created): (Choice, Timestamp),
) -> anyhow::Result<Label<'l>> {
    let settings = &ground.catalog.settings;
    let has_rows = settings.release.has_sqlite;
    let rows = has_rows.then(|| load::fingerprint(ground.catalog, computed)).transpose()?;
    Ok(Label {
        name: &settings.name,
        title: &settings.title,
        night: choice.night,
        as_of: choice.as_of,
        created,
        home: &ground.catalog.fingerprint,
        csv: settings.release.csv,
        rows,
        closed: &settled.closed,
        limits: settings.release.limits,
        broken,
    })
}

/// A table of the release as its contract has it.
fn resource<'r>(ground: &Ground<'r>, name: &str, rows: &DataFrame) -> anyhow::Result<Resource<'r>> {
    let schema = schema(ground.catalog, name)?;
    let file = publish::file(name).with_context(|| format!("no file of a release has `{name}`"))?;
    let contract = ground.home.files.get(&format!("schemas/{name}.json"));
    let own: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let table = rows.select(own).context("leaving lineage out")?;
    Ok(Resource { file, schema, contract: contract.map_or("{}", String::as_str), table })
}
