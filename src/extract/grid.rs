//! Which rows does a sheet have? Those under its header, until a row that ends the table; subtotals
//! and rows in disorder are kept and marked, so that every row is accounted for.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::header;
use super::sheet::Cell;
use super::sheet::DITTO;
use super::sheet::Line;
use super::sheet::Sheet;
use super::shield::set_apart;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::base::text::clean;
use crate::base::text::squeeze;
use crate::spec::connector::Grid;

/// The header under which the name of a sheet stands, where a column asks for it.
const SHEET: &str = "_sheet";

/// The header under which stands why a row is none of the table's own.
const FILTERED: &str = "_filtered";

/// What is known about the sheets of a stream.
pub(super) struct Layout<'a> {
    /// The headers that columns name.
    pub(super) needed: Vec<String>,
    /// Whether a row in disorder could show what is to be hidden.
    pub(super) hides: bool,
    /// Columns from the file's name.
    pub(super) parts: Vec<(String, Cell)>,
    /// The pattern looked for above the header.
    pub(super) note: Option<&'a Regex>,
    /// Where the table stands.
    pub(super) grid: &'a Grid,
}

/// A row and the columns that only it has.
struct Found {
    number: u32,
    cells: Vec<Cell>,
    own: Vec<(String, String)>,
}

/// What a sheet holds.
pub(super) struct Table {
    /// The rows.
    pub(super) batch: Batch,
    /// How many it says it has.
    pub(super) total: Option<u64>,
    /// The first row below its end that looks like one of the table, and how many there are.
    pub(super) below: Option<(u32, u64)>,
}

/// The rows of a sheet.
///
/// # Errors
/// Why the table is not where it should be.
pub(super) fn table(sheet: &Sheet, layout: &Layout<'_>) -> Result<Table, String> {
    if sheet.merged.is_none() && !layout.grid.fill_down.is_empty() {
        return Err(
            "`fill_down` needs its merged cells, and an XLSB is read without them: save it as XLSX"
                .to_owned(),
        );
    }
    let mut names = header::names(sheet, layout.grid, &layout.needed)?;
    set_apart(&mut names, |header| layout.needed.iter().any(|name| name == header));
    let mut fixed = layout.parts.clone();
    fixed.extend(header::note(sheet, layout.grid, layout.note)?);
    if layout.needed.iter().any(|name| name == SHEET) {
        fixed.push((SHEET.to_owned(), sheet.name.clone()));
    }
    let fill: Vec<String> = layout.grid.fill_down.iter().map(|name| squeeze(name)).collect();
    let fill: Vec<usize> =
        (0..names.len()).filter(|at| fill.contains(&squeeze(&names[*at]))).collect();
    let rows_of_header = layout.grid.header_from..=layout.grid.header_to;
    let heads: Vec<&Line> =
        sheet.lines.iter().filter(|line| rows_of_header.contains(&line.number)).collect();
    let mut rows: Vec<Found> = Vec::new();
    let mut last = None;
    for line in sheet.lines.iter().filter(|line| line.number > layout.grid.header_to) {
        let Some(first) = line.cells.iter().flatten().next() else { continue };
        if mark(&layout.grid.end, first).is_some() {
            last = Some(line);
            break;
        }
        let mut found = match mark(&layout.grid.skip, first) {
            Some(word) => filtered(line, &names, word),
            // Programs that print begin every page with it.
            None if heads.iter().any(|head| says_same(head, line)) => {
                filtered(line, &names, "header")
            }
            None => row(sheet, line, &names, layout.hides),
        };
        if let Some(above) = rows.iter().rev().find(|row| row.own.is_empty()) {
            let cells = found.cells.iter_mut().zip(&above.cells);
            cells.filter(|(cell, _)| is_ditto(cell)).for_each(|(cell, text)| cell.clone_from(text));
        }
        for at in &fill {
            if let (Some(cell @ None), Some(text)) =
                (found.cells.get_mut(*at), sheet.covered(line.number, *at))
            {
                *cell = Some(text.clone());
            }
        }
        rows.push(found);
    }
    let total = layout.grid.total.as_ref().map(|pattern| total(pattern, last)).transpose()?;
    // Subtotals and headers of further pages are received too, and the total counts none of them.
    let others = rows.iter().filter(|row| row.own.iter().any(|(name, _)| name == FILTERED)).count();
    let total = total.map(|total| total + others as u64);
    let below = last.and_then(|last| below(sheet, last, layout.grid, &rows));
    let batch = assembled(&Arc::from(sheet.source.as_str()), names, &fixed, rows);
    Ok(Table { batch, total, below })
}

/// The rows below the end of a table that are filled as those above are: a total may stand in its middle, or
/// another table below. Who signed, and notes, fill less or say whose they are.
fn below(sheet: &Sheet, end: &Line, grid: &Grid, rows: &[Found]) -> Option<(u32, u64)> {
    let filled = |cells: &[Cell]| cells.iter().flatten().count();
    let above = rows.iter().filter(|row| row.own.is_empty()).map(|row| filled(&row.cells));
    let least = above.min()?.max(2);
    let tells = |text: &String| clean(text).contains(':') || mark(&grid.end, text).is_some();
    let lines = sheet.lines.iter().filter(|line| line.number > end.number);
    let lines = lines.filter(|line| !line.cells.iter().flatten().any(tells));
    let found = |least: usize| {
        let found = lines.clone().filter(|line| filled(&line.cells) >= least);
        let found: Vec<u32> = found.map(|line| line.number).collect();
        Some((*found.first()?, found.len() as u64))
    };
    // Another table may be narrower, and has more rows than signatures have.
    let narrow = || found(least.div_ceil(2).max(2)).filter(|(_, rows)| *rows > 2);
    found(least).or_else(narrow)
}

/// Whether a cell says what the one above it says.
fn is_ditto(cell: &Cell) -> bool {
    cell.as_ref().is_some_and(|text| DITTO.contains(&text.as_str()))
}

/// Whether a row says what a row of the header says, in all of at least two columns.
fn says_same(head: &Line, line: &Line) -> bool {
    let width = head.cells.len().max(line.cells.len());
    let text = |line: &Line, at: usize| {
        line.cells.get(at).and_then(Option::as_ref).map(|text| squeeze(text))
    };
    head.cells.iter().flatten().count() > 1 && (0..width).all(|at| text(head, at) == text(line, at))
}

/// What the row that ends the table says of its rows; a table that ends without it was cut short.
fn total(pattern: &Regex, last: Option<&Line>) -> Result<u64, String> {
    let line = last.ok_or("the row with its total is missing")?;
    let texts: Vec<&str> = line.cells.iter().flatten().map(String::as_str).collect();
    let found = pattern.captures(&clean(&texts.join(" "))).and_then(|groups| {
        let digits = groups.get(1)?.as_str().replace(',', "");
        digits.parse().ok()
    });
    found.ok_or_else(|| format!("the row {} that ends it tells no total", line.number))
}

/// The word of the list that a cell begins with. A word with a blank in it means that blank.
fn mark<'g>(words: &'g [String], cell: &str) -> Option<&'g str> {
    let (cleaned, squeezed) = (clean(cell), squeeze(cell));
    let begins = |word: &&String| {
        if word.contains(char::is_whitespace) {
            cleaned.starts_with(word.as_str())
        } else {
            squeezed.starts_with(&squeeze(word))
        }
    };
    words.iter().find(begins).map(String::as_str)
}

fn filtered(line: &Line, names: &[String], word: &str) -> Found {
    let mut cells = line.cells.clone();
    cells.resize(names.len(), None);
    Found { number: line.number, cells, own: vec![(FILTERED.to_owned(), word.to_owned())] }
}

/// A row; one in disorder says why and keeps its further fields, unless a field in the wrong column
/// could show what is to be hidden.
fn row(sheet: &Sheet, line: &Line, names: &[String], hides: bool) -> Found {
    let mut found = Found { number: line.number, cells: line.cells.clone(), own: Vec::new() };
    if let Some(why) = disorder(sheet, line, names.len()) {
        found.own.push(("_malformed".to_owned(), why));
        let further = found.cells.split_off(names.len().min(found.cells.len()));
        let further = further.into_iter().zip(names.len() + 1..);
        if hides {
            found.cells.clear();
        } else {
            let further = further.filter_map(|(cell, at)| Some((format!("_field_{at}"), cell?)));
            found.own.extend(further);
        }
    }
    found.cells.resize(names.len(), None);
    found
}

fn disorder(sheet: &Sheet, line: &Line, width: usize) -> Option<String> {
    if !sheet.is_text {
        return None;
    }
    // Commas at the end of a line are no fields.
    let last = line.cells.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
    let fields = line.cells.len().min(last.max(width));
    if fields != width {
        return Some(format!("{fields} fields under a header of {width}"));
    }
    let is_broken = |text: &String| text.contains(char::REPLACEMENT_CHARACTER);
    let is_damaged = sheet.is_damaged && line.cells.iter().flatten().any(is_broken);
    is_damaged.then(|| "bytes of no known encoding".to_owned())
}

fn assembled(
    source: &Arc<str>,
    names: Vec<String>,
    fixed: &[(String, Cell)],
    rows: Vec<Found>,
) -> Batch {
    let own: BTreeSet<&String> =
        rows.iter().flat_map(|row| &row.own).map(|(name, _)| name).collect();
    let own: Vec<String> = own.into_iter().cloned().collect();
    let rows = rows.into_iter().map(|found| {
        let mut cells = found.cells;
        cells.extend(fixed.iter().map(|(_, text)| text.clone()));
        let mine = |name: &String| {
            found.own.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
        };
        cells.extend(own.iter().map(mine));
        Row { source: Arc::clone(source), row: found.number, cells }
    });
    let rows = rows.collect();
    let mut headers = names;
    headers.extend(fixed.iter().map(|(name, _)| name.clone()));
    headers.extend(own);
    Batch { headers, rows }
}
