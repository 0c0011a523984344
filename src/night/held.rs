//! Which rows wait to come back corrected, and which of them need not wait any more after tonight?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Ground;
use super::stream::StreamNight;
use crate::extract::correction::HeldBack;
use crate::frame::table;
use crate::model::delivered::Delivered;
use crate::model::held;
use crate::model::held::Closed;
use crate::model::held::Held;
use crate::model::judge::Judged;
use crate::model::judge::Quarantined;
use crate::model::judged::Place;
use crate::model::lake::Lake;
use crate::model::landing::Landing;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;

/// What the nights up to one held back.
fn standing(ground: &Ground<'_>, night: Date) -> anyhow::Result<Vec<Held>> {
    let schema = ground.catalog.schemas.get("quarantine");
    let schema = schema.context("no schema describes `quarantine`")?;
    Ok(held::standing(&Lake::at(&ground.lake()), schema, night)?)
}

/// What the nights before one held back. What this one closed when it was run before it may close again, though the note
/// of the night that held it back may be forgotten by now.
pub(super) fn before(ground: &Ground<'_>, night: Date) -> anyhow::Result<Vec<Held>> {
    let mut before = standing(ground, night)?;
    before.retain(|held| held.night < night);
    for held in &mut before {
        held.closed = held.closed.filter(|(closed, _)| *closed < night);
    }
    Ok(before)
}

/// The rows of a stream that may come back tonight, with what the landing knows of them.
pub(super) fn held_back(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    night: Date,
) -> anyhow::Result<Vec<HeldBack>> {
    let mut waiting: BTreeMap<Place, (Date, Date, bool)> = BTreeMap::new();
    let is_ours = |held: &Held| {
        let is_refused = held.closed.is_some_and(|(_, why)| why == Closed::Refused);
        let name = (held.system.as_str(), held.stream.as_str());
        name == (&connector.name, &stream.name) && !held.file.is_empty() && !is_refused
    };
    for held in standing(ground, night)?.into_iter().filter(is_ours) {
        // A night that is run again may close again what it closed.
        let is_open = held.closed.is_none_or(|(closed, _)| closed == night);
        let known = waiting.entry(held.place()).or_insert((held.night, held.night, false));
        *known = (known.0, held.night, known.2 || is_open);
    }
    waiting.retain(|_, (.., is_open)| *is_open);
    let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
    let mut fixed = BTreeMap::new();
    for night in waiting.values().map(|(_, night, _)| *night).collect::<BTreeSet<_>>() {
        fixed.extend(said_once(&landing, night)?);
    }
    let back = waiting.into_iter().filter_map(|((file, source, row), (since, ..))| {
        let fixed = fixed.get(&(source.clone(), row)).cloned().unwrap_or_default();
        Some(HeldBack { file, source, row: u32::try_from(row).ok()?, since, fixed })
    });
    Ok(back.collect())
}

/// What is said once for all rows of a sheet.
type SaidOnce = Vec<(String, Option<String>)>;

/// What stood in the names of the files of a night and above their headers, for each of their rows.
fn said_once(landing: &Landing, night: Date) -> anyhow::Result<BTreeMap<(String, i64), SaidOnce>> {
    let attempts = landing.attempts()?.into_iter();
    let Some(attempt) = attempts.filter(|(of, _)| *of == night).max() else {
        return Ok(BTreeMap::new());
    };
    let mut said = BTreeMap::new();
    for part in landing.parts(attempt)? {
        let batch = table::to_batch(&part?);
        let is_once = |name: &String| {
            let own = ["_malformed", "_filtered", "_corrects", "_held_since"];
            name.starts_with('_') && !name.starts_with("_field_") && !own.contains(&name.as_str())
        };
        let headers: Vec<(usize, &String)> =
            batch.headers.iter().enumerate().filter(|(_, name)| is_once(name)).collect();
        for row in &batch.rows {
            let cell = |(at, name): &(usize, &String)| {
                ((*name).clone(), row.cells.get(*at).cloned().flatten())
            };
            let place = (row.source.to_string(), i64::from(row.row));
            said.insert(place, headers.iter().map(cell).collect());
        }
    }
    Ok(said)
}

/// Which rows of a stream wait to come back, those that it held back tonight among them: where everything is
/// asked for again, a file and its correction come in one night.
pub(super) fn waiting(before: &[Held], told: &StreamNight) -> Vec<Held> {
    let is_ours = |held: &&Held| {
        held.closed.is_none() && held.system == told.system && held.stream == told.stream
    };
    before.iter().filter(is_ours).cloned().chain(told.held()).collect()
}

/// What a stream that went well closes: rows that came back and keep their contract, rows that are held
/// back anew, and rows in whose place something else was delivered.
pub(super) fn closed(
    waiting: &[Held],
    told: &StreamNight,
    (judged, delivered): (&Judged, &Delivered),
) -> Vec<Held> {
    let tonight: Vec<Held> = told.held();
    let still: BTreeSet<Place> = judged.quarantined.iter().filter_map(Quarantined::place).collect();
    let anew: BTreeSet<Place> = tonight.iter().map(Held::place).collect();
    let why = |held: &Held| {
        let (place, is_older) = (held.place(), held.night < told.night);
        if judged.corrected.contains(&place) && !still.contains(&place) {
            Some(Closed::Corrected)
        } else if is_older && anew.contains(&place) && !held.file.is_empty() {
            Some(Closed::Again)
        } else if is_older && held.slot.as_ref().is_some_and(|slot| delivered.replaces(slot)) {
            Some(Closed::Resent)
        } else {
            None
        }
    };
    let mut closed = Vec::new();
    for held in waiting {
        if let Some(why) = why(held) {
            closed.push(Held { closed: Some((told.night, why)), ..held.clone() });
        }
    }
    closed
}
