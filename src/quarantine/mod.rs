//! Floor 5: what is held back, and how does it go back to who sent it? Listed by place and reason, and
//! exported in the sender's own words, which are read from the sender's own file.

mod book;
mod export;

pub use self::book::Refused;
pub use self::book::write;
pub use self::export::Export;
pub use self::export::Missing;
pub use self::export::Why;
pub use self::export::export;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use crate::base::redact::without_people;
use crate::model::held;
use crate::model::held::Closed;
use crate::model::held::Held;
use crate::model::lake::Lake;
use crate::spec::catalog::Catalog;

/// A row that is, or was, held back.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// How it was held back last.
    pub held: Held,
    /// The night in which it was held back first.
    pub since: Date,
}

impl Waiting {
    /// `system.stream`
    pub fn stream(&self) -> String {
        format!("{}.{}", self.held.system, self.held.stream)
    }

    /// Why nobody waits for it any more, if nobody does.
    pub fn closed(&self) -> Option<Closed> {
        self.held.closed.map(|(_, why)| why)
    }

    /// It as a program reads it.
    pub fn json(&self) -> Value {
        let Held { system, stream, source, row, column, reason, file, .. } = &self.held;
        json!({
            "system": system,
            "stream": stream,
            "source": without_people(source),
            "row": row,
            "column": column,
            "reason": reason,
            "file": file,
            "since": self.since.to_string(),
            "night": self.held.night.to_string(),
            "closed": self.held.closed.map(|(night, _)| night.to_string()),
            "closed_by": self.closed().map(Closed::name),
        })
    }
}

/// Which rows are asked for: of every system, of one, or of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'w> {
    /// All.
    Every,
    /// Of a system.
    System(&'w str),
    /// Of a stream of it.
    Stream(&'w str, &'w str),
}

impl<'w> Which<'w> {
    /// Reads `system` or `system.stream`; none where the home has no such thing.
    pub fn read(text: &'w str, catalog: &Catalog) -> Option<Which<'w>> {
        let which = match text.split_once('.') {
            Some((system, stream)) => Which::Stream(system, stream),
            None => Which::System(text),
        };
        let mut streams = catalog.streams().into_iter();
        streams.any(|(of, stream)| which.holds(&of.name, &stream.name)).then_some(which)
    }

    fn holds(self, system: &str, stream: &str) -> bool {
        match self {
            Which::Every => true,
            Which::System(own) => own == system,
            Which::Stream(own, of) => own == system && of == stream,
        }
    }
}

/// Every row that was ever held back, by system, stream and place. A row of a file is one row however
/// often it was held back.
///
/// # Errors
/// A note that can't be read.
pub fn list(lake: &Path, catalog: &Catalog, which: Which<'_>) -> anyhow::Result<Vec<Waiting>> {
    let schema = catalog.schemas.get("quarantine").context("no schema describes `quarantine`")?;
    let mut rows: BTreeMap<_, Waiting> = BTreeMap::new();
    for held in held::standing(&Lake::at(lake), schema, Date::MAX)? {
        if !which.holds(&held.system, &held.stream) {
            continue;
        }
        // Row 7 of page 3 is another row every night.
        let night = held.file.is_empty().then_some(held.night);
        let key = (held.system.clone(), held.stream.clone(), held.place(), night);
        match rows.get_mut(&key) {
            None => {
                let since = held.night;
                rows.insert(key, Waiting { held, since });
            }
            // An open note stands before one that is closed.
            Some(known) if known.held.closed.is_none() && held.closed.is_some() => {}
            Some(known) => known.held = held,
        }
    }
    let mut rows: Vec<Waiting> = rows.into_values().collect();
    let place = |row: &Waiting| {
        let held = &row.held;
        (held.system.clone(), held.stream.clone(), held.source.clone(), held.row)
    };
    rows.sort_by_key(place);
    Ok(rows)
}
