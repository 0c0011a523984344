//! What do scoring tools get of the night? The files of a release.

use anyhow::Context as _;
use jiff::Timestamp;
use rayon::iter::ParallelIterator as _;
use rayon::slice::ParallelSlice as _;

use super::Choice;
use super::Ground;
use super::close;
use super::close::Settled;
use super::compute::Computed;
use super::listed;
use super::notes;
use super::notes::text;
use super::notes::whole;
use super::reconcile;
use super::score;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::publish;
use crate::publish::Draft;
use crate::publish::Label;
use crate::publish::Resource;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::meaning::meanings;
use crate::spec::pipeline::Metric;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// How many rows are held as values at a time.
pub(super) const PART: usize = 10_000;

/// The dimensions that systems fill.
const DIMENSIONS: [&str; 4] = ["unit", "section", "service_item", "duty"];

/// Decimals of an exact value in a file or table.
const PLACES: u8 = 12;

/// Every value of the night as the table `metric_value`.
pub(super) fn values(
    catalog: &Catalog,
    computed: &Computed<'_>,
    choice: Choice,
) -> anyhow::Result<DataFrame> {
    let schema = schema(catalog, "metric_value")?;
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    let parts = computed.values.par_chunks(PART).map(|part| {
        let rows = notes::rows(schema, part.iter(), |told, name| match name {
            "night" => Some(Cell::Day(choice.night)),
            _ => value(told, name),
        });
        table::from_rows(&columns, &rows)
    });
    let mut values = table::from_rows(&columns, &[])?;
    for part in parts.collect::<Result<Vec<DataFrame>, _>>()? {
        values.vstack_mut(&part).context("gathering the metrics")?;
    }
    Ok(values)
}

fn value(told: &Told<'_>, column: &str) -> Option<Cell> {
    let exact = |number: Option<Exact>| Some(Cell::Decimal(rounded(number?, PLACES), PLACES));
    match column {
        "metric" => text(&told.metric.name),
        "version" => Some(Cell::Whole(told.metric.version)),
        "level" => text(told.level.name()),
        "unit_id" => text(Some(told.place.0.as_str()).filter(|_| !told.level.is_above())?),
        "section_id" => text(told.place.1.as_deref()?),
        "dim" => text(&told.part.as_ref()?.0),
        "dim_value" => text(&told.part.as_ref()?.1),
        "period_kind" => text(told.period.kind().name()),
        "period" => text(&told.period.to_string()),
        "value" => exact(told.value),
        "shown" => {
            let decimals = told.metric.decimals;
            text(&Cell::Decimal(rounded(told.value?, decimals), decimals).written())
        }
        "numerator" => exact(told.numerator),
        "denominator" => exact(told.denominator),
        "base" => exact(told.base),
        "status" => text(told.status.name()),
        "reason" => text(&told.reason?.words()),
        "stale" => Some(Cell::Flag(told.is_stale)),
        "evidence" => text(&told.metric.evidence),
        _ => None,
    }
}

/// The rows of the table `metric_definition`.
fn definitions(catalog: &Catalog) -> anyhow::Result<Vec<CellRow>> {
    let schema = schema(catalog, "metric_definition")?;
    let meanings = meanings(catalog);
    let metrics = catalog.pipelines.iter().flat_map(|pipeline| {
        let title = pipeline.title.as_str();
        pipeline.metrics.iter().flat_map(Metric::versions).map(move |metric| (title, metric))
    });
    let metrics: Vec<(&str, &Metric)> = metrics.collect();
    Ok(notes::rows(schema, metrics.iter(), |(pipeline, metric), name| match name {
        "metric" => text(&metric.name),
        "version" => Some(Cell::Whole(metric.version)),
        "pipeline" => text(pipeline),
        "title" => text(&metric.title),
        "formula" => text(&metric.text.value),
        "measured_in" => text(&metric.measured_in),
        "decimals" => whole(u64::from(metric.decimals)),
        "direction" => text(&metric.direction),
        "additive" => Some(Cell::Flag(metric.is_additive)),
        "evidence" => text(&metric.evidence),
        "basis" => text(&metric.basis),
        "means" => text(&metric.means),
        "meaning" => text(meanings.get(&(metric.name.as_str(), metric.version))?),
        "since" => text(&metric.life.since?.to_string()),
        "deprecated" => text(&metric.life.deprecated?.to_string()),
        "replaced_by" => text(&metric.life.replaced_by.as_ref()?.value),
        _ => None,
    }))
}

/// What the metrics mean, as the table `metric_definition`.
pub(super) fn meaning_table(catalog: &Catalog) -> anyhow::Result<DataFrame> {
    framed(schema(catalog, "metric_definition")?, &definitions(catalog)?)
}

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
    settled: &'l Settled,
    (choice, created): (Choice, Timestamp),
) -> Label<'l> {
    let settings = &ground.catalog.settings;
    Label {
        name: &settings.name,
        title: &settings.title,
        night: choice.night,
        as_of: choice.as_of,
        created,
        home: &ground.catalog.fingerprint,
        csv: settings.release.csv,
        closed: &settled.closed,
        limits: settings.release.limits,
    }
}

/// Rows as the table of a contract.
fn framed(schema: &Schema, rows: &[CellRow]) -> anyhow::Result<DataFrame> {
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    Ok(table::from_rows(&columns, rows)?)
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

pub(super) fn schema<'c>(catalog: &'c Catalog, name: &str) -> anyhow::Result<&'c Schema> {
    catalog.schemas.get(name).with_context(|| format!("no schema describes `{name}`"))
}
