//! What does a night note of itself? How each stream ended, what was quarantined and what should be
//! looked at: in the lake, so that the warehouse can be told again.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Choice;
use super::Ground;
use super::cells::rows;
use super::cells::text;
use super::cells::whole;
use super::report::NightReport;
use super::stream::Noticed;
use super::stream::State;
use super::stream::StreamNight;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::model::lake::Lake;
use crate::spec::catalog::Catalog;

/// The tables of notes; that a stream went well is said last.
pub(super) const NOTES: [&str; 3] = ["quarantine", "finding", "stream_night"];

/// What a night noted of its streams when it was run before.
pub(super) struct Before {
    /// By the file of the notes.
    notes: BTreeMap<(&'static str, &'static str), Vec<CellRow>>,
    /// Whether it asks again: what lands then and is refused has been read by nobody.
    again: bool,
}

/// What a night noted when it was run before.
pub(super) fn before(ground: &Ground<'_>, choice: Choice) -> anyhow::Result<Before> {
    let lake = Lake::at(&ground.lake());
    let mut notes = BTreeMap::new();
    for of @ (table, about) in OF_STREAMS {
        if let Some(schema) = ground.catalog.schemas.get(table) {
            notes.insert(of, lake.noted(schema, choice.night, about)?);
        }
    }
    Ok(Before { notes, again: choice.again })
}

/// The notes that tell of streams.
const OF_STREAMS: [(&str, &str); 3] =
    [("quarantine", "closed"), ("quarantine", "notes"), ("stream_night", "notes")];

impl Before {
    /// Puts what was noted of streams that went well then, and fail now, into the place of what is noted now: what they had
    /// brought stands.
    fn stands(
        &self,
        catalog: &Catalog,
        of: (&str, &str),
        report: &NightReport,
        rows: &mut Vec<CellRow>,
    ) {
        let columns = |table: &str, names: [&str; 3]| {
            let fields = catalog.schemas.get(table).map_or(&[][..], |schema| &schema.fields);
            names.map(|name| fields.iter().position(|field| field.name == name))
        };
        let text = |row: &CellRow, at: Option<usize>| at.and_then(|at| text_of(row.get(at)));
        let noted = |of: (&str, &str)| {
            let found = self.notes.iter().find(|(known, _)| **known == of);
            found.map(|(_, rows)| rows.as_slice()).unwrap_or_default()
        };
        let places = columns("stream_night", ["system", "stream", "state"]);
        let went_well = |stream: &StreamNight| {
            let is_good = |row: &CellRow| {
                let [system, name, state] = places.map(|at| text(row, at));
                system.as_ref() == Some(&stream.system)
                    && name.as_ref() == Some(&stream.stream)
                    && state.as_deref() != Some(State::Failed.name())
            };
            noted(("stream_night", "notes")).iter().any(is_good)
        };
        let has_failed = |stream: &&StreamNight| {
            stream.state == State::Failed && !(self.again && stream.received > 0)
        };
        let failed = report.streams.iter().filter(has_failed);
        let stand: Vec<&StreamNight> = failed.filter(|stream| went_well(stream)).collect();
        let [system, name, _] = columns(of.0, ["system", "stream", ""]);
        let is_of = |row: &CellRow| {
            let own = (text(row, system), text(row, name));
            stand.iter().any(|of| own == (Some(of.system.clone()), Some(of.stream.clone())))
        };
        rows.retain(|row| !is_of(row));
        rows.extend(noted(of).iter().filter(|row| is_of(row)).cloned());
    }
}

/// Keeps what the night noted; a night that is run again notes it anew.
pub(super) fn keep(
    lake: &Lake,
    catalog: &Catalog,
    (report, before): (&NightReport, &Before),
) -> anyhow::Result<()> {
    let NightReport { night, streams, .. } = report;
    for name in NOTES {
        let Some(schema) = catalog.schemas.get(name) else { continue };
        let note = |about: &'static str, mut rows: Vec<CellRow>| {
            if OF_STREAMS.contains(&(name, about)) {
                before.stands(catalog, (name, about), report, &mut rows);
            }
            lake.note(schema, *night, about, &rows)
        };
        let rows = match name {
            "stream_night" => rows(schema, streams.iter(), stream_night),
            "quarantine" => {
                let closed = streams.iter().flat_map(|s| &s.closed);
                note("closed", closed.map(|held| held.cells(schema)).collect())?;
                streams.iter().flat_map(StreamNight::held).map(|held| held.cells(schema)).collect()
            }
            _ => rows(schema, report.noticed.iter(), |seen, name| match name {
                "night" => Some(Cell::Day(*night)),
                _ => finding(seen, name),
            }),
        };
        note("notes", rows)?;
    }
    Ok(())
}

/// Forgets how the streams of a night ended that is asked again: until it has ended anew, nothing of it is taken for done.
pub(super) fn forget(lake: &Lake, catalog: &Catalog, night: Date) -> anyhow::Result<()> {
    let schema = catalog.schemas.get("stream_night");
    Ok(schema.map_or(Ok(()), |schema| lake.forget_note(schema, night, "notes"))?)
}

fn stream_night(stream: &StreamNight, column: &str) -> Option<Cell> {
    let equation = stream.equation;
    match column {
        "night" => Some(Cell::Day(stream.night)),
        "system" => text(&stream.system),
        "stream" => text(&stream.stream),
        "state" => text(stream.state.name()),
        "told" => whole(stream.told?),
        "received" => whole(stream.received),
        "exploded" => whole(equation.exploded),
        "added" => whole(equation.added),
        "changed" => whole(equation.changed),
        "unchanged" => whole(equation.unchanged),
        "duplicate" => whole(equation.duplicate),
        "filtered" => whole(equation.filtered),
        "quarantined" => whole(equation.quarantined),
        "deleted" => whole(equation.deleted),
        "asked_again" => whole(stream.asked_again),
        "note" => text(&stream.note),
        _ => None,
    }
}

fn finding(seen: &Noticed, column: &str) -> Option<Cell> {
    match column {
        "system" => text(&seen.system),
        "stream" => text(&seen.stream),
        "kind" => text(&seen.kind),
        "subject" => text(&seen.subject),
        "rows" => whole(seen.rows),
        _ => None,
    }
}
