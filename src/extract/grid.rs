//! Which rows does a sheet have? Those under its header, until a row that ends the table; subtotals
//! and rows in disorder are kept and marked, so that every row is accounted for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::LazyLock;

use regex::Regex;

use super::header;
use super::sheet::Cell;
use super::sheet::DITTO;
use super::sheet::Line;
use super::sheet::Sheet;
use super::shield::set_apart;
use crate::base::batch::Batch;
use crate::base::batch::FILTERED;
use crate::base::batch::Row;
use crate::base::text::clean;
use crate::base::text::squeeze;
use crate::spec::connector::Grid;

/// The header under which the name of a sheet stands, where a column asks for it.
const SHEET: &str = "_sheet";

/// What stands at the foot or the head of a printed page. It cannot fail to be a pattern.
static PAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:第\d+页[,/]?(?:[共总]\d+页)?|[共总]\d+页[,/]?第\d+页)$").ok()
});

/// What is known about the sheets of a stream.
pub(super) struct Layout<'a> {
    /// The headers that columns name.
    pub(super) needed: Vec<String>,
    /// Whether rows go back to their sender and nowhere else: then those in disorder keep their cells.
    pub(super) is_for_sender: bool,
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
    let places = |columns: &[String]| {
        let columns: Vec<String> = columns.iter().map(|name| squeeze(name)).collect();
        let is_one = |at: &usize| names.get(*at).is_some_and(|it| columns.contains(&squeeze(it)));
        (0..names.len()).filter(is_one).collect::<Vec<usize>>()
    };
    let (fill, blank) = (places(&layout.grid.fill_down), places(&layout.grid.fill_blank));
    let again = again(sheet, layout.grid);
    let mut rows: Vec<Found> = Vec::new();
    let mut last = None;
    for line in sheet.lines.iter().filter(|line| line.number > layout.grid.header_to) {
        let Some(first) = line.cells.iter().flatten().next() else { continue };
        if mark(&layout.grid.end, first).is_some() {
            last = Some(line);
            break;
        }
        let mut found = match mark(&layout.grid.skip, first) {
            Some(word) => skipped(sheet, line, &names, word),
            None if again.contains(&line.number) => filtered(line, &names, "header"),
            None if is_page(line) => filtered(line, &names, "page"),
            None => row(sheet, line, &names, layout.is_for_sender),
        };
        if let Some(above) = rows.iter().rev().find(|row| row.own.is_empty()) {
            let cells = found.cells.iter_mut().zip(&above.cells).enumerate();
            let is_said_above =
                |at: usize, cell: &Cell| is_ditto(cell) || (cell.is_none() && blank.contains(&at));
            cells
                .filter(|(at, (cell, _))| is_said_above(*at, cell))
                .for_each(|(_, (cell, text))| cell.clone_from(text));
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
    let above = rows.iter().filter(|row| row.own.is_empty()).map(|row| filled(&row.cells)).min();
    // Where no row stands above the end, all of them may stand below: as wide as the header is.
    let is_head = |line: &&Line| (grid.header_from..=grid.header_to).contains(&line.number);
    let heads = sheet.lines.iter().filter(is_head).map(|line| filled(&line.cells));
    let least = above.or(heads.max())?.max(2);
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

/// The lines below the header that say again what it says, and above them what stands above it: programs that print
/// begin every page so.
pub(super) fn again(sheet: &Sheet, grid: &Grid) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let begin = sheet.lines.partition_point(|line| line.number < grid.header_from);
    let end = sheet.lines.partition_point(|line| line.number <= grid.header_to);
    let (Some(titles), Some(heads), Some(below)) =
        (sheet.lines.get(..begin), sheet.lines.get(begin..end), sheet.lines.get(end..))
    else {
        return found;
    };
    let says = |lines: &[Line], line: &Line| lines.iter().any(|it| says_same(it, line));
    let mut is_above = false;
    for line in below.iter().rev() {
        // A header of one column says what a row may say.
        let is_head = line.cells.iter().flatten().count() > 1 && says(heads, line);
        is_above = is_head || (is_above && (says(titles, line) || is_page(line)));
        if is_above {
            found.insert(line.number);
        }
    }
    found
}

/// Whether a line says what another one says, in every column.
fn says_same(one: &Line, line: &Line) -> bool {
    let width = one.cells.len().max(line.cells.len());
    let text = |line: &Line, at: usize| {
        line.cells.get(at).and_then(Option::as_ref).map(|text| squeeze(text))
    };
    (0..width).all(|at| text(one, at) == text(line, at))
}

/// Whether a line says which page it stands on, and nothing else.
pub(super) fn is_page(line: &Line) -> bool {
    let cells = || line.cells.iter().flatten();
    cells().any(|text| text.contains('页')) && {
        let text: String = cells().map(|text| squeeze(text)).collect();
        PAGE.as_ref().is_some_and(|page| page.is_match(&text))
    }
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

/// A row that is left out; of one in disorder only why it is.
fn skipped(sheet: &Sheet, line: &Line, names: &[String], word: &str) -> Found {
    let mut found = filtered(line, names, word);
    if disorder(sheet, line, names.len()).is_some() {
        found.cells.fill(None);
    }
    found
}

/// A row; one in disorder says why and leaves its cells behind: one in the wrong column could show what is to be
/// hidden, or what nobody reads.
fn row(sheet: &Sheet, line: &Line, names: &[String], is_for_sender: bool) -> Found {
    let mut found = Found { number: line.number, cells: line.cells.clone(), own: Vec::new() };
    if let Some(why) = disorder(sheet, line, names.len()) {
        found.own.push(("_malformed".to_owned(), why));
        let further = found.cells.split_off(names.len().min(found.cells.len()));
        if is_for_sender {
            let further = further.into_iter().zip(names.len() + 1..);
            let further = further.filter_map(|(cell, at)| Some((format!("_field_{at}"), cell?)));
            found.own.extend(further);
        } else {
            found.cells.clear();
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
