//! What the night tells, as tables: every value, and what the metrics mean.

use anyhow::Context as _;
use rayon::iter::ParallelIterator as _;
use rayon::slice::ParallelSlice as _;

use super::Choice;
use super::cells;
use super::cells::framed;
use super::cells::schema;
use super::cells::text;
use super::cells::whole;
use super::compute::Computed;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::meaning::meanings;
use crate::spec::pipeline::Metric;
use crate::spec::schema::FieldKind;

/// How many rows are held as values at a time.
pub(super) const PART: usize = 10_000;

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
        let rows = cells::rows(schema, part.iter(), |told, name| match name {
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
    Ok(cells::rows(schema, metrics.iter(), |(pipeline, metric), name| match name {
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
