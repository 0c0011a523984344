//! What are the columns of a sheet called, and what does it say above them? Names of several rows are
//! joined, and written as the connector writes them.

use std::collections::BTreeMap;

use regex::Captures;
use regex::Regex;

use super::sheet::Cell;
use super::sheet::Sheet;
use crate::base::text::clean;
use crate::base::text::quoted;
use crate::base::text::squeeze;
use crate::spec::connector::Grid;
use crate::spec::schema::FieldKind;
use crate::spec::sniff;

/// What a column is called that has no name, with its number behind.
const UNNAMED: &str = "column ";

/// The names of the columns; one without a name is `column 7`.
///
/// # Errors
/// No header where it should be, or two columns of one name.
pub(super) fn names(sheet: &Sheet, grid: &Grid, needed: &[String]) -> Result<Vec<String>, String> {
    let rows = grid.header_from..=grid.header_to;
    let lines = sheet.lines.iter().filter(|line| rows.contains(&line.number));
    let width = lines.map(|line| line.cells.len()).max().unwrap_or(0);
    let known: BTreeMap<String, &String> =
        needed.iter().map(|name| (squeeze(name), name)).collect();
    let mut names: Vec<String> = Vec::with_capacity(width);
    let mut is_named = false;
    let is_merged = is_merged(sheet, (grid.header_from, grid.header_to));
    for column in 0..width {
        let own = joined(rows.clone().map(|row| sheet.covered(row, column)));
        let has_groups = |row: u32| !is_merged && row < grid.header_to;
        let whole = joined(rows.clone().map(|row| {
            let own = sheet.covered(row, column);
            own.or_else(|| over(sheet, row, column).filter(|_| has_groups(row)))
        }));
        is_named |= !whole.is_empty();
        let name = match known.get(&whole).or_else(|| known.get(&own)) {
            Some(name) => (*name).clone(),
            None if whole.is_empty() => format!("{UNNAMED}{}", column + 1),
            None => whole,
        };
        if let Some(other) = names.iter().position(|before| *before == name) {
            let is_first = names.iter().take(other).all(|before| before.starts_with(UNNAMED));
            let more = if is_first { ": are two tables side by side?" } else { "" };
            let what = if is_told(&name, needed) { quoted(&name) } else { "…".to_owned() };
            let (one, two) = (other + 1, column + 1);
            return Err(format!("columns {one} and {two} are both named `{what}`{more}"));
        }
        names.push(name);
    }
    if is_named {
        Ok(names)
    } else {
        Err(format!("there is no header in row {}", grid.header_from))
    }
}

/// The names that stand one above the other, each once, as one.
pub(super) fn joined<'s>(texts: impl Iterator<Item = Option<&'s String>>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in texts.flatten().map(|text| squeeze(text)) {
        if !part.is_empty() && parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// Whether a cell of a header is merged with others.
fn is_merged(sheet: &Sheet, (from, to): (u32, u32)) -> bool {
    let rows = from..=to;
    sheet.merged.iter().flatten().any(|cells| rows.contains(&(cells.start.0 + 1)))
}

/// The group that a column is of, where its title stands in the first cell of its row alone: the nearest one to the
/// left, if each column from there on has a name of its own below.
fn over(sheet: &Sheet, row: u32, column: usize) -> Option<&String> {
    let mut named = (0..=column).rev().take_while(|at| sheet.covered(row + 1, *at).is_some());
    named.find_map(|at| sheet.covered(row, at))
}

/// Whether two rows are one header of groups without merged cells: each column has a name or a group, some have no
/// group, and figures stand below some whose group stands further left.
pub(super) fn is_grouped(sheet: &Sheet, upper: u32) -> bool {
    let has = |row: u32, at: usize| sheet.covered(row, at).is_some();
    let is_figure = |at: usize| {
        let text = sheet.covered(upper + 2, at).map(|text| clean(text));
        text.is_some_and(|text| sniff::kind(&[text]) != FieldKind::Text)
    };
    let heads = sheet.lines.iter().filter(|line| (upper..=upper + 1).contains(&line.number));
    let width = heads.map(|line| line.cells.len()).max().unwrap_or(0);
    let used: Vec<usize> = (0..width).filter(|at| has(upper, *at) || has(upper + 1, *at)).collect();
    let (grouped, others): (Vec<usize>, Vec<usize>) =
        used.into_iter().partition(|at| has(upper + 1, *at));
    !is_merged(sheet, (upper, upper + 1))
        && !others.is_empty()
        && grouped.iter().all(|at| over(sheet, upper, *at).is_some())
        && grouped.iter().any(|at| !has(upper, *at) && is_figure(*at))
}

/// Whether a header may be told: one that nobody asks for may be of a row of people, taken for one.
fn is_told(name: &str, needed: &[String]) -> bool {
    let is_nobody = || !sniff::is_a_name(name) && sniff::told(name).is_none();
    needed.iter().any(|asked| asked == name) || (needed.is_empty() && is_nobody())
}

/// The named groups of the pattern that is looked for above the header.
///
/// # Errors
/// A pattern that no cell there matches.
pub(super) fn note(
    sheet: &Sheet,
    grid: &Grid,
    pattern: Option<&Regex>,
) -> Result<Vec<(String, Cell)>, String> {
    let Some(pattern) = pattern else { return Ok(Vec::new()) };
    let above = sheet.lines.iter().filter(|line| line.number < grid.header_from);
    for text in above.flat_map(|line| line.cells.iter().flatten()) {
        let cleaned = clean(text);
        if let Some(found) = pattern.captures(text).or_else(|| pattern.captures(&cleaned)) {
            return Ok(groups(pattern, &found));
        }
    }
    Err("no cell above the header matches `note`".to_owned())
}

/// The named groups of a match, as columns `_name`.
pub(super) fn groups(pattern: &Regex, found: &Captures<'_>) -> Vec<(String, Cell)> {
    let text = |name| found.name(name).map(|part| part.as_str().trim().to_owned());
    let names = pattern.capture_names().flatten();
    names.map(|name| (format!("_{name}"), text(name).filter(|text| !text.is_empty()))).collect()
}
