//! How do the nights of a home stand, as they noted themselves?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use crate::base::cell::Cell;
use crate::model::lake::Lake;
use crate::model::landing::Landing;
use crate::spec::catalog::Catalog;

/// The nights and streams of a home.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Every night, oldest first.
    pub nights: Vec<NightStanding>,
    /// Every stream, in the order of a night.
    pub streams: Vec<StreamStanding>,
    /// The oldest night that has landed.
    pub landed_from: Option<Date>,
}

/// How a night ended.
#[derive(Clone, Debug)]
pub struct NightStanding {
    /// The night.
    pub night: Date,
    /// Rows that came.
    pub received: u64,
    /// Rows that broke their contract.
    pub quarantined: u64,
    /// The streams that failed.
    pub failed: Vec<String>,
}

/// How a stream stands.
#[derive(Clone, Debug)]
pub struct StreamStanding {
    /// `system.stream`
    pub name: String,
    /// The last night in which it did not fail.
    pub last_good: Option<Date>,
    /// Why it failed the last time, if it did.
    pub note: String,
}

/// Reads how the nights below a lake stand.
///
/// # Errors
/// A note that can't be read.
pub fn standing(lake: &Path, catalog: &Catalog) -> anyhow::Result<Standing> {
    let mut nights: BTreeMap<Date, NightStanding> = BTreeMap::new();
    let mut last: BTreeMap<String, (Option<Date>, String)> = BTreeMap::new();
    for [night, system, stream, state, received, quarantined, note] in noted(lake, catalog)? {
        let Some(Cell::Day(night)) = night else { continue };
        let name = format!("{}.{}", words(system), words(stream));
        let standing = nights.entry(night).or_insert_with(|| NightStanding {
            night,
            received: 0,
            quarantined: 0,
            failed: Vec::new(),
        });
        standing.received += count(received.as_ref());
        standing.quarantined += count(quarantined.as_ref());
        let of_stream = last.entry(name.clone()).or_default();
        of_stream.1 = words(note);
        if words(state) == "failed" {
            standing.failed.push(name);
        } else {
            of_stream.0 = Some(night);
        }
    }
    let mut standing = Standing { nights: nights.into_values().collect(), ..Standing::default() };
    for (connector, stream) in catalog.streams() {
        let landing = Landing::of(lake, &connector.name, &stream.name);
        for attempt in landing.attempts()? {
            if landing.holds(attempt, &landing.manifest(attempt)?)? {
                standing.landed_from = standing.landed_from.into_iter().chain([attempt.0]).min();
                break;
            }
        }
        let name = format!("{}.{}", connector.name, stream.name);
        let (last_good, note) = last.remove(&name).unwrap_or_default();
        standing.streams.push(StreamStanding { name, last_good, note });
    }
    Ok(standing)
}

/// Which streams went well in which nights.
///
/// # Errors
/// A note that can't be read.
pub(super) fn well(lake: &Path, catalog: &Catalog) -> anyhow::Result<BTreeSet<(String, Date)>> {
    let mut well = BTreeSet::new();
    for [night, system, stream, state, ..] in noted(lake, catalog)? {
        if let (Some(Cell::Day(night)), false) = (night, words(state) == "failed") {
            well.insert((format!("{}.{}", words(system), words(stream)), night));
        }
    }
    Ok(well)
}

/// What every night noted of every stream: night, system, stream, state, received, quarantined, note.
fn noted(lake: &Path, catalog: &Catalog) -> anyhow::Result<Vec<[Option<Cell>; 7]>> {
    let schema =
        catalog.schemas.get("stream_night").context("no schema describes `stream_night`")?;
    let at = |name: &str| schema.fields.iter().position(|field| field.name == name);
    let places = ["night", "system", "stream", "state", "received", "quarantined", "note"].map(at);
    let rows = Lake::at(lake).notes(schema, Date::MAX)?.into_iter();
    Ok(rows.map(|row| places.map(|at| at.and_then(|at| row.get(at).cloned().flatten()))).collect())
}

fn words(cell: Option<Cell>) -> String {
    cell.map_or_else(String::new, |cell| cell.written())
}

fn count(cell: Option<&Cell>) -> u64 {
    match cell {
        Some(Cell::Whole(count)) => u64::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}
