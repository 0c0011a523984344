//! Which rows are held back, and which of them are closed? Every night notes the rows it quarantined, and
//! those of nights before that it closed; read together they tell.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::ModelError;
use super::judged::Place;
use super::lake::Lake;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::spec::schema::Schema;

/// Why nobody waits for a row any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closed {
    /// It came back corrected and kept its contract.
    Corrected,
    /// Its key, or its whole snapshot, was delivered anew.
    Resent,
    /// It was held back anew; the later note stands for it.
    Again,
    /// The whole delivery was refused that night.
    Refused,
}

impl Closed {
    /// Every way.
    pub const ALL: [Closed; 4] =
        [Closed::Corrected, Closed::Resent, Closed::Again, Closed::Refused];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Closed::Corrected => "corrected",
            Closed::Resent => "resent",
            Closed::Again => "again",
            Closed::Refused => "refused",
        }
    }
}

/// A row that a night held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The night.
    pub night: Date,
    /// The system.
    pub system: String,
    /// The stream.
    pub stream: String,
    /// The page, file or sheet.
    pub source: String,
    /// The row in it.
    pub row: i64,
    /// The column.
    pub column: String,
    /// The reason.
    pub reason: String,
    /// The SHA-256 of the file; empty for what is no file.
    pub file: String,
    /// What a later delivery brings in its place.
    pub slot: Option<String>,
    /// In which night and why nobody waits for it any more.
    pub closed: Option<(Date, Closed)>,
}

impl Held {
    /// Where it stands.
    pub fn place(&self) -> Place {
        (self.file.clone(), self.source.clone(), self.row)
    }

    /// It as a row of the table `quarantine`.
    pub fn cells(&self, schema: &Schema) -> CellRow {
        let text = |text: &str| Some(Cell::Text(text.to_owned())).filter(|_| !text.is_empty());
        let cell = |name: &str| match name {
            "night" => Some(Cell::Day(self.night)),
            "system" => text(&self.system),
            "stream" => text(&self.stream),
            "source" => text(&self.source),
            "row" => Some(Cell::Whole(self.row)),
            "column" => text(&self.column),
            "reason" => text(&self.reason),
            "file" => text(&self.file),
            // The slot of a table that is one snapshot is the empty text.
            "slot" => self.slot.clone().map(Cell::Text),
            "closed" => self.closed.map(|(night, _)| Cell::Day(night)),
            "closed_by" => self.closed.and_then(|(_, why)| text(why.name())),
            _ => None,
        };
        schema.fields.iter().map(|field| cell(&field.name)).collect()
    }

    fn of(schema: &Schema, row: &CellRow) -> Option<Held> {
        let cell = |name: &str| {
            let at = schema.fields.iter().position(|field| field.name == name)?;
            row.get(at)?.clone()
        };
        let text = |name: &str| cell(name).map_or_else(String::new, |cell| cell.written());
        let day = |name: &str| match cell(name) {
            Some(Cell::Day(day)) => Some(day),
            _ => None,
        };
        let Some(Cell::Whole(row)) = cell("row") else { return None };
        let why = Closed::ALL.into_iter().find(|why| why.name() == text("closed_by"));
        Some(Held {
            night: day("night")?,
            system: text("system"),
            stream: text("stream"),
            source: text("source"),
            row,
            column: text("column"),
            reason: text("reason"),
            file: text("file"),
            slot: cell("slot").map(|cell| cell.written()),
            closed: day("closed").zip(why),
        })
    }
}

/// Every row that the nights up to one held back, in the order of nights, systems, streams and places; one
/// that was closed since says so.
///
/// # Errors
/// A note that can't be read.
pub fn standing(lake: &Lake, schema: &Schema, night: Date) -> Result<Vec<Held>, ModelError> {
    let mut rows: BTreeMap<(Date, String, String, String, i64), Held> = BTreeMap::new();
    for held in lake.notes(schema, night)?.iter().filter_map(|row| Held::of(schema, row)) {
        let key =
            (held.night, held.system.clone(), held.stream.clone(), held.source.clone(), held.row);
        let known = rows.get(&key);
        if held.closed.is_some() || known.is_none_or(|known| known.closed.is_none()) {
            rows.insert(key, held);
        }
    }
    Ok(rows.into_values().collect())
}
