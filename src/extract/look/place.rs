//! Where does the table stand in a sheet? Below its notes, under a header of one or several rows, above its
//! totals and signatures.

use std::collections::BTreeSet;

use crate::base::text::clean;
use crate::base::text::squeeze;
use crate::extract::sheet::Cell;
use crate::extract::sheet::Line;
use crate::extract::sheet::Sheet;
use crate::spec::connector::Grid;
use crate::spec::schema::FieldKind;
use crate::spec::sniff;

/// The header is sought in so many rows.
const ABOVE: u32 = 30;

/// A header has no more rows than this.
const DEEPEST: u32 = 5;

/// A text of a header is no longer than this.
const LONGEST: usize = 40;

/// What a row that ends a table begins with.
const ENDS: [&str; 13] = [
    "合计",
    "总计",
    "填表人",
    "制表人",
    "审核人",
    "填报人",
    "负责人",
    "注:",
    "备注:",
    "说明:",
    "Total",
    "Note",
    "共 ",
];

/// Those of them that are sums.
const SUMS: [&str; 3] = ["合计", "总计", "Total"];

/// What a row within a table begins with that is none of its own.
const BETWEEN: [&str; 3] = ["小计", "合计", "Subtotal"];

/// Where the table stands; none where no row looks like a header.
pub(super) fn of(sheet: &Sheet) -> Option<Grid> {
    let width = sheet.lines.iter().map(|line| filled_to(&line.cells)).max().filter(|it| *it > 0)?;
    let from = (1..=ABOVE).find(|row| is_header(sheet, *row, width))?;
    let to = last_row(sheet, from, width);
    let (skip, end) = marks(sheet, to);
    let fill_down = covered_below(sheet, from, to);
    Some(Grid { header_from: from, header_to: to, skip, end, total: None, fill_down })
}

fn filled_to(cells: &[Cell]) -> usize {
    cells.iter().rposition(Option::is_some).map_or(0, |at| at + 1)
}

/// Whether a row names most columns, and names them apart.
fn is_header(sheet: &Sheet, row: u32, width: usize) -> bool {
    let texts: Vec<&String> = (0..width).filter_map(|at| sheet.covered(row, at)).collect();
    let distinct: BTreeSet<&String> = texts.iter().copied().collect();
    let is_word = |text: &&&String| {
        let text = clean(text);
        // What stands in brackets says how it is counted: (单位:件).
        let name = text.split('(').next().unwrap_or_default();
        text.chars().count() <= LONGEST
            && !name.contains(':')
            && sniff::kind(&[text]) == FieldKind::Text
    };
    let words = distinct.iter().filter(is_word).count();
    // A row that tells of a person is one of the table's own.
    let is_person = texts.iter().any(|text| sniff::told(text).is_some());
    let is_wide = texts.len() * 10 >= width * 6;
    let is_apart = distinct.len() * 10 >= texts.len() * 6 || spans(sheet, row).next().is_some();
    let least = if width == 1 { 1 } else { 2 };
    !is_person && is_wide && is_apart && distinct.len() >= least && words * 10 >= distinct.len() * 9
}

/// The merged cells that begin in a row and cover several columns, but not a title's.
fn spans(sheet: &Sheet, row: u32) -> impl Iterator<Item = &calamine::Dimensions> {
    sheet
        .merged
        .iter()
        .flatten()
        .filter(move |cells| cells.start.0 + 1 == row && cells.end.1 > cells.start.1)
}

/// The last row of the header: below merged cells stand the names of their parts.
fn last_row(sheet: &Sheet, from: u32, width: usize) -> u32 {
    let mut to = from;
    let mut row = from;
    while row <= to && row < from + DEEPEST {
        for cells in sheet.merged.iter().flatten().filter(|cells| cells.start.0 + 1 == row) {
            to = to.max(cells.end.0 + 1);
        }
        if spans(sheet, row).next().is_some() && is_words(sheet, row + 1, width) {
            to = to.max(row + 1);
        }
        row += 1;
    }
    to.min(from + DEEPEST - 1)
}

/// Whether a row says only words, as the lower row of a header does.
fn is_words(sheet: &Sheet, row: u32, width: usize) -> bool {
    let texts: Vec<String> =
        (0..width).filter_map(|at| sheet.covered(row, at)).map(|text| clean(text)).collect();
    let is_word = |text: &String| sniff::kind(std::slice::from_ref(text)) == FieldKind::Text;
    !texts.is_empty() && texts.iter().all(is_word)
}

fn first(line: &Line) -> Option<String> {
    line.cells.iter().flatten().next().map(|text| clean(text))
}

/// The words by which rows between, and the row that ends the table, are known.
fn marks(sheet: &Sheet, to: u32) -> (Vec<String>, Vec<String>) {
    let rows: Vec<String> =
        sheet.lines.iter().filter(|line| line.number > to).filter_map(first).collect();
    let begins = |text: &str, words: &[&str]| {
        // Offices write `合　计`. A word with a blank in it means that blank, as every night reads it.
        let squeezed = squeeze(text);
        let is_one = |word: &&&str| {
            let text = if word.contains(' ') { text } else { &squeezed };
            text.starts_with(**word)
        };
        let word = words.iter().find(is_one);
        word.map(|word| (*word).to_owned())
    };
    // What ends a table stands among its last rows.
    let last = rows.len().saturating_sub(6);
    let ends = rows.iter().enumerate().filter(|(at, _)| *at >= last);
    let end: BTreeSet<String> = ends.filter_map(|(_, text)| begins(text, &ENDS)).collect();
    // A sum that stands first ends nothing: the rows that it sums up stand below.
    let over = rows.first().filter(|_| rows.len() > 1).and_then(|text| begins(text, &SUMS));
    let end: BTreeSet<String> =
        end.into_iter().filter(|word| over.as_ref() != Some(word)).collect();
    let between = rows.iter().take(last).filter_map(|text| begins(text, &BETWEEN));
    let between = between.chain(rows.iter().filter_map(|text| begins(text, &BETWEEN[..1])));
    let between = between.chain(over);
    let skip: BTreeSet<String> = between.filter(|word| !end.contains(word)).collect();
    (skip.into_iter().collect(), end.into_iter().collect())
}

/// The columns whose merged cells hold for every row they cover.
fn covered_below(sheet: &Sheet, from: u32, to: u32) -> Vec<String> {
    let below = sheet.merged.iter().flatten().filter(|cells| {
        cells.start.0 + 1 > to && cells.end.0 > cells.start.0 && cells.start.1 == cells.end.1
    });
    let columns: BTreeSet<u32> = below.map(|cells| cells.start.1).collect();
    let name = |column: &u32| {
        let at = usize::try_from(*column).ok()?;
        let mut parts: Vec<String> = Vec::new();
        for part in (from..=to).filter_map(|row| sheet.covered(row, at)) {
            let part = squeeze(part);
            if !part.is_empty() && parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        (!parts.is_empty()).then(|| parts.join("/"))
    };
    columns.iter().filter_map(name).collect()
}
