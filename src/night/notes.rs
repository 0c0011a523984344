//! What does a night note of itself? How each stream ended, what was quarantined and what should be
//! looked at: in the lake, so that the warehouse can be told again.

use jiff::civil::Date;

use super::cells::rows;
use super::cells::text;
use super::cells::whole;
use super::report::NightReport;
use super::stream::Noticed;
use super::stream::StreamNight;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::model::lake::Lake;
use crate::spec::catalog::Catalog;

/// The tables of notes.
pub(super) const NOTES: [&str; 3] = ["stream_night", "quarantine", "finding"];

/// Keeps what the night noted; a night that is run again notes it anew.
pub(super) fn keep(lake: &Lake, catalog: &Catalog, report: &NightReport) -> anyhow::Result<()> {
    let NightReport { night, streams, .. } = report;
    for name in NOTES {
        let Some(schema) = catalog.schemas.get(name) else { continue };
        let rows = match name {
            "stream_night" => rows(schema, streams.iter(), stream_night),
            "quarantine" => {
                let closed: Vec<CellRow> =
                    streams.iter().flat_map(|s| &s.closed).map(|held| held.cells(schema)).collect();
                lake.note(schema, *night, "closed", &closed)?;
                streams.iter().flat_map(StreamNight::held).map(|held| held.cells(schema)).collect()
            }
            _ => rows(schema, report.noticed.iter(), |seen, name| match name {
                "night" => Some(Cell::Day(*night)),
                _ => finding(seen, name),
            }),
        };
        lake.note(schema, *night, "notes", &rows)?;
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
