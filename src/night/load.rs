//! What do analysts get of the night? The tables of the warehouse, whole or not at all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::Timestamp;

use super::Ground;
use super::Refusal;
use super::cells;
use super::cells::schema;
use super::cells::text;
use super::cells::whole;
use super::close;
use super::close::Settled;
use super::compute::Computed;
use super::listed::codes;
use super::listed::days;
use super::notes;
use super::reconcile;
use super::report::NightReport;
use super::score;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::base::pseudonym::sha256;
use crate::base::redact::without_people;
use crate::frame::DataFrame;
use crate::frame::FrameError;
use crate::frame::mix::Mixed;
use crate::frame::table;
use crate::model::held;
use crate::model::held::Held;
use crate::model::lake::Lake;
use crate::spec::catalog::Catalog;
use crate::spec::schema::Schema;
use crate::warehouse;
use crate::warehouse::Place;
use crate::warehouse::Replaces;
use crate::warehouse::Rows;
use crate::warehouse::Table;

/// When a night ran, and when each of its steps began.
pub(super) struct Run {
    pub(super) steps: Vec<(&'static str, Timestamp)>,
    pub(super) ended: Timestamp,
    /// The release that tells what the night tells, and whether it is published.
    pub(super) release: (String, bool),
}

impl Ground<'_> {
    /// Where the warehouse is.
    ///
    /// # Errors
    /// A secret that is not there.
    pub fn warehouse(&self) -> anyhow::Result<Place> {
        Ok(match &self.catalog.settings.warehouse.url {
            None => Place::File(self.var.join("warehouse.db")),
            Some(url) => Place::Server(
                url.fill(self.secrets, &[])
                    .map_err(|unset| Refusal::NoWarehouse(unset.to_string()))?,
            ),
        })
    }
}

/// The tables of the warehouse, as the night leaves them.
pub(super) fn tables<'t>(
    ground: &Ground<'t>,
    (computed, settled): (&'t Computed<'_>, &'t Settled),
    report: &NightReport,
    run: &Run,
) -> anyhow::Result<Vec<Table<'t>>> {
    let (catalog, said) = (ground.catalog, &settled.said);
    let lake = Lake::at(&ground.lake());
    let mut tables = Vec::new();
    for (name, rows) in &computed.tables {
        let schema = schema(catalog, name)?;
        tables.push(Table { name, rows: rows_of(schema, rows), replaces: Replaces::All });
    }
    let told = rows_of(schema(catalog, "metric_value")?, &said.metrics);
    tables.push(Table { name: "metric_value", rows: told, replaces: Replaces::All });
    let all = |name, rows| Table { name, rows: Rows::few(rows), replaces: Replaces::All };
    let defined = rows_of(schema(catalog, "metric_definition")?, &said.definitions);
    tables.push(Table { name: "metric_definition", rows: defined, replaces: Replaces::All });
    for (name, rows) in score::TABLES.into_iter().zip([&said.scores, &said.lines]) {
        let rows = rows.as_ref().context("a night without scores")?;
        let rows = rows_of(schema(catalog, name)?, rows);
        tables.push(Table { name, rows, replaces: Replaces::All });
    }
    let corrections = schema(catalog, close::TABLE)?;
    let corrections = close::rows(corrections, &settled.corrections, report.night);
    tables.push(all(close::TABLE, corrections));
    let figures = schema(catalog, reconcile::TABLE)?;
    let figures = reconcile::rows(figures, &computed.figures, report.night);
    tables.push(all(reconcile::TABLE, figures));
    for name in notes::NOTES {
        let schema = schema(catalog, name)?;
        let rows = match name {
            "quarantine" => in_warehouse(schema, &held::standing(&lake, schema, report.night)?),
            _ => lake.notes(schema, report.night)?,
        };
        if name == "stream_night" {
            let freshness = freshness(catalog, schema, &rows)?;
            tables.push(all("freshness", freshness));
        }
        tables.push(all(name, rows));
    }
    tables.push(all("calendar_day", days(catalog)?));
    tables.push(all("code", codes(catalog)?));
    let tonight = || Replaces::Where("night".to_owned(), report.night.to_string());
    let (runs, steps) = (runs(catalog, report, run)?, steps(catalog, report, run)?);
    tables.push(Table { replaces: tonight(), ..all("run", runs) });
    tables.push(Table { replaces: tonight(), ..all("run_step", steps) });
    Ok(tables)
}

/// The rows of a table as the warehouse wants them.
fn rows_of<'t>(schema: &'t Schema, rows: &'t DataFrame) -> Rows<'t> {
    let names: Vec<&str> = warehouse::columns(schema).map(|field| field.name.as_str()).collect();
    let at = move |places: &[usize]| Ok(table::to_rows(&table::at(rows, places)?, &names));
    let prints = move || numbers(schema, rows);
    Rows { count: rows.height(), at: Box::new(at), prints: Some(Box::new(prints)) }
}

/// A number for each row, of what it says in the warehouse.
fn numbers(schema: &Schema, rows: &DataFrame) -> Result<Vec<u128>, FrameError> {
    let said = warehouse::said(schema).map(|field| field.name.as_str());
    let said: Vec<&str> = said.filter(|name| rows.column(name).is_ok()).collect();
    let mixed = Mixed::of(rows, &said).map_err(FrameError::polars("mixing rows"))?;
    Ok(mixed.numbers())
}

/// What the model's tables say in the warehouse of a release, as a fingerprint; the order of their rows says nothing.
pub(super) fn fingerprint(catalog: &Catalog, computed: &Computed<'_>) -> anyhow::Result<String> {
    let mut told = Vec::new();
    for (name, rows) in &computed.tables {
        let schema = schema(catalog, name)?;
        if !schema.is_about_persons {
            let sum = numbers(schema, rows)?.into_iter().fold(0, u128::wrapping_add);
            told.push(format!("{name} {} {sum}", rows.height()));
        }
    }
    Ok(sha256(told.join("\n").as_bytes()))
}

fn runs(catalog: &Catalog, report: &NightReport, run: &Run) -> anyhow::Result<Vec<CellRow>> {
    let schema = schema(catalog, "run")?;
    let began = run.steps.first().map(|(_, began)| *began);
    Ok(cells::rows(schema, std::iter::once(report), |report, name| match name {
        "night" => Some(Cell::Day(report.night)),
        "as_of" => Some(Cell::Day(report.as_of)),
        "started" => began.map(Cell::Instant),
        "ended" => Some(Cell::Instant(run.ended)),
        "home" => text(&catalog.fingerprint),
        "exit_code" => whole(u64::from(report.exit_code())),
        "release" => text(&run.release.0),
        "is_published" => Some(Cell::Flag(run.release.1)),
        _ => None,
    }))
}

/// How long each step took, up to the beginning of the next.
fn steps(catalog: &Catalog, report: &NightReport, run: &Run) -> anyhow::Result<Vec<CellRow>> {
    let schema = schema(catalog, "run_step")?;
    let ends = run.steps.iter().skip(1).map(|(_, began)| *began).chain([run.ended]);
    let steps: Vec<_> = run.steps.iter().zip(ends).collect();
    Ok(cells::rows(schema, steps.iter(), |((step, began), end), name| match name {
        "night" => Some(Cell::Day(report.night)),
        "step" => text(step),
        "started" => Some(Cell::Instant(*began)),
        "seconds" => {
            Some(Cell::Decimal(i128::from(end.as_millisecond() - began.as_millisecond()), 3))
        }
        _ => None,
    }))
}

/// What nights told of a stream.
#[derive(Default)]
struct Seen {
    done: Option<Cell>,
    failed: Option<Cell>,
    rows: i64,
}

/// Of every stream, the last night in which it brought something and the last in which it failed.
fn freshness(catalog: &Catalog, nights: &Schema, rows: &[CellRow]) -> anyhow::Result<Vec<CellRow>> {
    let at = |name: &str| nights.fields.iter().position(|field| field.name == name);
    let cell = |row: &CellRow, name: &str| at(name).and_then(|at| row.get(at).cloned()).flatten();
    let mut seen: BTreeMap<(String, String), Seen> = BTreeMap::new();
    for row in rows {
        let name = |column| text_of(Some(&cell(row, column))).unwrap_or_default();
        let entry = seen.entry((name("system"), name("stream"))).or_default();
        let night = day_of(Some(&cell(row, "night"))).map(Cell::Day);
        match name("state").as_str() {
            "done" => entry.done = night.max(entry.done.take()),
            "failed" => entry.failed = night.max(entry.failed.take()),
            _ => {}
        }
        for column in ["added", "changed"] {
            if let Some(Cell::Whole(rows)) = cell(row, column) {
                entry.rows += rows;
            }
        }
    }
    let streams = catalog.streams();
    Ok(cells::rows(schema(catalog, "freshness")?, streams.iter(), |(connector, stream), name| {
        let seen = seen.get(&(connector.name.clone(), stream.name.clone()));
        match name {
            "system" => text(&connector.name),
            "stream" => text(&stream.name),
            "title" => text(&stream.title),
            "table" => text(&stream.into.value),
            "owner" => text(&connector.owner),
            "last_done" => seen?.done.clone(),
            "last_failed" => seen?.failed.clone(),
            "rows" => Some(Cell::Whole(seen.map_or(0, |seen| seen.rows))),
            _ => None,
        }
    }))
}

/// What stands in quarantine, without what only the lake may know.
fn in_warehouse(schema: &Schema, held: &[Held]) -> Vec<CellRow> {
    let seen: Vec<bool> = schema.fields.iter().map(|field| field.pii.is_none()).collect();
    let sources = sources(held);
    let row = |held: &Held| {
        let source = sources.get(&*held.source).cloned().unwrap_or_default();
        let told = Held { source, ..held.clone() };
        let cells = told.cells(schema).into_iter().zip(&seen);
        cells.filter_map(|(cell, is_seen)| is_seen.then_some(cell)).collect()
    };
    held.iter().map(row).collect()
}

/// What the files that rows are held back of are called without the numbers of people in their names; two are still two.
fn sources(held: &[Held]) -> BTreeMap<&str, String> {
    let mut named: BTreeMap<String, u32> = BTreeMap::new();
    let own: BTreeSet<&str> = held.iter().map(|held| held.source.as_str()).collect();
    let told = |source| {
        let name = without_people(source);
        let nth = named.entry(name.clone()).or_default();
        *nth += 1;
        (source, if *nth == 1 { name } else { format!("{name} ({nth})") })
    };
    own.into_iter().map(told).collect()
}
