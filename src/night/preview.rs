//! What would the next night make of the first rows of a stream? Asked of the live source and judged as a
//! night judges; nothing is landed, merged or noted.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;

use super::Ground;
use super::known_key;
use super::parents;
use super::proof::judged;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::redact::without_people;
use crate::extract;
use crate::extract::ExtractError;
use crate::extract::System;
use crate::extract::preview::Preview;
use crate::extract::preview::impatient;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;
use crate::spec::connector::source_header;
use crate::spec::schema::Schema;
use crate::spec::sniff;

/// What came and what was made of it.
#[derive(Debug)]
pub struct Previewed {
    /// What came, as it would land.
    pub came: Preview,
    /// What the model made of each row, in the order of the source.
    pub made: Vec<Made>,
    /// Our columns that have a source.
    pub mapped: BTreeSet<String>,
    /// Rows that the manifest leaves out.
    pub filtered: u64,
    /// What was noticed without harm: kind and subject, with how many rows.
    pub noticed: BTreeMap<(String, String), u64>,
}

/// What the model made of a row.
#[derive(Debug)]
pub struct Made {
    /// The page, file or sheet.
    pub source: String,
    /// The row in it.
    pub row: i64,
    /// Its values, or the column and the reason that hold it back.
    pub cells: Result<CellRow, (String, String)>,
}

impl Previewed {
    /// The columns of a table that the stream fills: where they stand, and their names.
    pub fn columns<'s>(&'s self, schema: &'s Schema) -> impl Iterator<Item = (usize, &'s str)> {
        let fields = schema.fields.iter().map(|field| field.name.as_str()).enumerate();
        fields.filter(|(_, name)| self.mapped.contains(*name))
    }
}

/// How often a source is asked for a page by somebody who waits.
const ATTEMPTS: u32 = 4;

/// Asks for the first rows of a stream and judges them.
///
/// # Errors
/// A key that is missing or not that of the lake; what the source answers stands inside.
pub async fn preview(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    night: Date,
    rows: u32,
) -> anyhow::Result<Result<Previewed, ExtractError>> {
    let key = known_key(ground)?;
    let connector = impatient(connector, ATTEMPTS);
    let lake = ground.lake();
    let parents = |names: &[String], see: &mut dyn FnMut(Vec<Option<String>>)| {
        parents::rows(&lake, (&connector.name, stream), (night, None), (names, see))
    };
    let request = extract::Request {
        connector: &connector,
        stream,
        since: None,
        until: ground.cutoff(night)?,
        state: None,
        earliest: None,
        past: None,
        known_files: &extract::KnownFiles::default(),
        held_back: &|| Ok(Vec::new()),
        row_key: &[],
        // Nothing is kept.
        shelf: Path::new(""),
        parents: &parents,
        secrets: ground.secrets,
        key: &key,
        home: &ground.home.root,
    };
    let system = match System::open(&connector, ground.secrets, &ground.home.root) {
        Ok(system) => system,
        Err(error) => return Ok(Err(error)),
    };
    let came = match extract::preview::preview(&system, &request, rows).await {
        Ok(came) => came,
        Err(error) => return Ok(Err(error)),
    };
    let judged = judged(ground, (&connector, stream), night, &came.rows)?;
    let kept = judged.kept.rows().map(|(cells, origin)| Made {
        source: origin.source.to_string(),
        row: origin.row,
        cells: Ok(cells),
    });
    let held = judged.quarantined.into_iter().map(|held| Made {
        source: held.source,
        row: held.row,
        cells: Err((held.column, held.reason)),
    });
    let mut made: Vec<Made> = kept.chain(held).collect();
    let order: BTreeMap<(&str, i64), usize> = came
        .rows
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| ((&*row.source, i64::from(row.row)), at))
        .collect();
    made.sort_by_key(|made| order.get(&(made.source.as_str(), made.row)).copied());
    let (filtered, noticed) = (judged.filtered, judged.noticed);
    let mapped = stream.columns.iter().map(|column| column.name.clone()).collect();
    let mut seen = Previewed { came, made, mapped, filtered, noticed };
    if let Some(schema) = ground.catalog.schemas.get(&stream.into.value) {
        mask(&mut seen, stream, schema);
    }
    Ok(Ok(seen))
}

/// What stands in the place of what tells of a person.
const MASK: &str = "…";

/// Hides what lands as it came and tells of persons all the same: columns by their headers or by most of
/// their values, and single values. What is pseudonymised or reduced as it lands is hidden already.
fn mask(seen: &mut Previewed, stream: &Stream, schema: &Schema) {
    let rows = &mut seen.came.rows;
    let mut personal: BTreeSet<String> = BTreeSet::new();
    for (at, header) in rows.headers.iter().enumerate() {
        if stream.hidden(source_header(header)).is_some() {
            continue;
        }
        let texts: Vec<String> =
            rows.rows.iter().filter_map(|row| row.cells.get(at)?.clone()).collect();
        let is_personal = sniff::personal(header, &texts).is_some();
        for cell in rows.rows.iter_mut().filter_map(|row| row.cells.get_mut(at)?.as_mut()) {
            if is_personal || sniff::told(cell).is_some() {
                MASK.clone_into(cell);
            } else {
                *cell = without_people(cell);
            }
        }
        personal.extend(is_personal.then(|| header.clone()));
    }
    let hides = |name: &str| {
        let Some(column) = stream.columns.iter().find(|column| column.name == name) else {
            return false;
        };
        let mut is_personal = column.from.iter().any(|header| personal.contains(header));
        if let Some((_, expr)) = &column.sql {
            expr.each_column(&mut |header| is_personal |= personal.contains(header));
        }
        is_personal
    };
    let hidden: Vec<bool> = schema.fields.iter().map(|field| hides(&field.name)).collect();
    for cells in seen.made.iter_mut().filter_map(|made| made.cells.as_mut().ok()) {
        for (cell, is_hidden) in cells.iter_mut().zip(&hidden) {
            let tells = |cell: &Cell| *is_hidden || sniff::told(&cell.written()).is_some();
            if cell.as_ref().is_some_and(tells) {
                *cell = Some(Cell::Text(MASK.to_owned()));
            } else if let Some(Cell::Text(text)) = cell {
                *text = without_people(text);
            }
        }
    }
    // A word that no code knows is quoted where it is noticed; of such a column it is a person's.
    let of_person = |subject: &str| {
        let (column, word) = subject.split_once('=').unwrap_or((subject, ""));
        sniff::told(word).is_some() || hides(column) && !word.is_empty()
    };
    let noticed = std::mem::take(&mut seen.noticed).into_iter();
    for ((kind, subject), rows) in noticed {
        let subject = match subject.split_once('=') {
            Some((column, _)) if of_person(&subject) => format!("{column}={MASK}"),
            _ => subject,
        };
        *seen.noticed.entry((kind, subject)).or_default() += rows;
    }
}
