//! What does a night note of itself? How each stream ended, what was quarantined and what should be
//! looked at: in the lake, so that the warehouse can be told again.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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
use crate::spec::schema::Schema;

/// The tables of notes; that a stream went well is said last.
pub(super) const NOTES: [&str; 3] = ["quarantine", "finding", "stream_night"];

/// The notes that tell of streams.
const OF_STREAMS: [(&str, &str); 3] =
    [("quarantine", "closed"), ("quarantine", "notes"), ("stream_night", "notes")];

/// What a night noted of its streams when it was run before.
pub(super) struct Before {
    /// By the table and what the notes are about.
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

impl Before {
    /// The streams, by system and name, that went well then and fail now: what they had brought stands.
    fn standing(&self, catalog: &Catalog, streams: &[StreamNight]) -> BTreeSet<[String; 2]> {
        let schema = catalog.schemas.get("stream_night");
        let failed = streams
            .iter()
            .filter(|stream| stream.state == State::Failed && !(self.again && stream.received > 0));
        let mut standing: BTreeSet<[String; 2]> =
            failed.map(|stream| [stream.system.clone(), stream.stream.clone()]).collect();
        let rows = self.notes.get(&("stream_night", "notes")).into_iter().flatten();
        let well = rows.filter_map(|row| {
            let [system, stream, state] = texts(schema?, ["system", "stream", "state"], row)?;
            (state != State::Failed.name()).then_some([system, stream])
        });
        let well: BTreeSet<[String; 2]> = well.collect();
        standing.retain(|stream| well.contains(stream));
        standing
    }
}

/// Some columns of a note, if it has a text in each.
fn texts<const N: usize>(
    schema: &Schema,
    columns: [&str; N],
    row: &CellRow,
) -> Option<[String; N]> {
    let at = |name| schema.fields.iter().position(|field| field.name == name);
    let text = |name| text_of(row.get(at(name)?));
    let found: Vec<String> = columns.into_iter().map(text).collect::<Option<_>>()?;
    found.try_into().ok()
}

/// Keeps what the night noted; a night that is run again notes it anew.
pub(super) fn keep(
    lake: &Lake,
    catalog: &Catalog,
    (report, before): (&NightReport, &Before),
) -> anyhow::Result<()> {
    let NightReport { night, streams, .. } = report;
    let standing = before.standing(catalog, streams);
    for name in NOTES {
        let Some(schema) = catalog.schemas.get(name) else { continue };
        let own = |row: &CellRow| texts(schema, ["system", "stream"], row);
        let stands = |row: &CellRow| own(row).is_some_and(|of| standing.contains(&of));
        let note = |about: &'static str, mut rows: Vec<CellRow>| {
            if let Some(before) = before.notes.get(&(name, about)) {
                rows.retain(|row| !stands(row));
                rows.extend(before.iter().filter(|row| stands(row)).cloned());
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
