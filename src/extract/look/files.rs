//! Which tables stand in the files of a folder? Files of one form are one table, whatever their names count.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::ROWS;
use super::period;
use super::period::Told;
use super::place;
use crate::base::batch::Batch;
use crate::base::pseudonym::sha256;
use crate::base::text::quoted;
use crate::extract::ExtractError;
use crate::extract::dropped::regular;
use crate::extract::grid;
use crate::extract::grid::Layout;
use crate::extract::sheet::Sheet;
use crate::extract::text;
use crate::extract::workbook;
use crate::spec::begin::Seen;
use crate::spec::begin::SeenPeriod;
use crate::spec::begin::SeenTable;
use crate::spec::begin::list;
use crate::spec::begin::pattern;
use crate::spec::begin::text as quote;
use crate::spec::connector::Grid;
use crate::spec::connector::Which;
use crate::spec::sniff;
use crate::spec::sniff::Personal;

/// So many files are named in a comment.
const SHOWN: usize = 3;

/// A sheet in which a table was found.
struct Found {
    file: String,
    sheet: Option<String>,
    /// How many sheets its file shows.
    sheets: usize,
    grid: Grid,
    batch: Batch,
}

/// Looks at a folder; `at` is how the connector names it.
///
/// # Errors
/// A folder that can't be read.
pub fn folder(path: &Path, at: &str) -> Result<Seen, ExtractError> {
    let mut seen =
        Seen { kind: "files", reach: format!("[files]\nat = {}\n", quote(at)), ..Seen::default() };
    let (mut found, mut known): (Vec<Found>, BTreeSet<String>) = Default::default();
    for dropped in regular(path)? {
        let name = &dropped.name;
        // What an open workbook leaves beside itself, and what is hidden.
        if name.starts_with(['.', '~']) {
            continue;
        }
        let bytes = match dropped.whole() {
            Ok(bytes) => bytes,
            Err(error) => {
                seen.left_out.push((quoted(name), error.told()));
                continue;
            }
        };
        let mut left_out = Vec::new();
        let read = dropped.each(&bytes, &|_| true, &mut |full, bytes| {
            // The same content under two names is one file.
            if known.insert(sha256(bytes)) {
                // The pattern of a stream is held against a file's own name, whatever parcel it is in.
                let own = full.rsplit('/').next().unwrap_or(full);
                match file(own, bytes, &mut left_out) {
                    Ok(tables) => found.extend(tables),
                    Err(why) => left_out.push((quoted(full), why)),
                }
            }
            Ok(())
        });
        seen.left_out.extend(left_out);
        if let Err(error) = read {
            seen.left_out.push((quoted(name), error.told()));
        }
    }
    let mut forms: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for table in found {
        let Grid { header_from, header_to, .. } = table.grid;
        let form = format!("{} {header_from} {header_to}", headers(&table.batch).join("\u{1f}"));
        forms.entry(form).or_default().push(table);
    }
    let mut forms: Vec<Vec<Found>> = forms.into_values().collect();
    // In the order of names, so that the same folder is begun the same way.
    forms.sort_by_key(|form| first(form));
    let whose: Vec<BTreeSet<String>> = forms.iter().map(|form| files(form)).collect();
    let table = |form: Vec<Found>| {
        let others = whose.iter().flatten().filter(|file| !files(&form).contains(*file));
        let others = others.cloned().collect();
        table(&form, &others)
    };
    seen.tables = forms.into_iter().map(table).collect();
    Ok(seen)
}

fn first(form: &[Found]) -> (String, Option<String>) {
    let first = form.first();
    first.map_or_else(Default::default, |found| (found.file.clone(), found.sheet.clone()))
}

/// The tables of one file.
fn file(
    name: &str,
    bytes: &[u8],
    left_out: &mut Vec<(String, String)>,
) -> Result<Vec<Found>, String> {
    if !workbook::is_one(bytes) {
        let sheet = text_sheet(name, bytes)?;
        if let Some(why) = unparted(&sheet) {
            return Err(why);
        }
        return Ok(vec![found((name, None, 1), &sheet, left_out)?]);
    }
    let mut book = workbook::open(name, bytes)?;
    let names = book.pick(&Which::Seen)?;
    let mut tables = Vec::new();
    for sheet in &names {
        let read = book.sheet(sheet);
        let place = (name, Some(sheet.clone()), names.len());
        match read.and_then(|read| found(place, &read, left_out)) {
            Ok(table) => tables.push(table),
            Err(why) => left_out.push((quoted(&format!("{name} sheet {sheet}")), why)),
        }
    }
    Ok(tables)
}

/// A text, whose fields stand apart as its header says, wherever that is.
fn text_sheet(name: &str, bytes: &[u8]) -> Result<Sheet, String> {
    let mut widest = text::sheet(name, bytes, None, 1)?;
    let width = |sheet: &Sheet| sheet.lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    for header in 2..=10 {
        let sheet = text::sheet(name, bytes, None, header)?;
        if width(&sheet) > width(&widest) {
            widest = sheet;
        }
    }
    Ok(widest)
}

/// Why a text has but one column where its header looks like several.
fn unparted(sheet: &Sheet) -> Option<String> {
    let is_one = sheet.lines.iter().all(|line| line.cells.len() <= 1);
    let header = sheet.lines.iter().find_map(|line| line.cells.first()?.as_ref())?;
    let is_parted = ["\u{ff0c}", "  ", "\u{3000}"].iter().any(|mark| header.contains(mark));
    (is_one && is_parted).then(|| {
        "no comma, tab, semicolon or bar parts its fields: save it with one of them".to_owned()
    })
}

/// The table of a sheet; rows below its end, which may be another one, are told.
fn found(
    (name, sheet, sheets): (&str, Option<String>, usize),
    cells: &Sheet,
    left_out: &mut Vec<(String, String)>,
) -> Result<Found, String> {
    let grid = place::of(cells).ok_or("no row of it looks like a header")?;
    let layout =
        Layout { needed: Vec::new(), hides: false, parts: Vec::new(), note: None, grid: &grid };
    let table = grid::table(cells, &layout)?;
    if let Some((first, rows)) = table.below {
        let why = format!("{rows} rows below the row that ends the table: are they another one?");
        left_out.push((quoted(&format!("{} row {first}", cells.source)), why));
    }
    let mut batch = table.batch;
    // What is a subtotal, or in disorder, says nothing of the columns.
    let marks = ["_filtered", "_malformed"].map(|mark| batch.column(mark));
    let is_row = |row: &crate::base::batch::Row| {
        let filled = |at: &usize| row.cells.get(*at).is_some_and(Option::is_some);
        !marks.iter().flatten().any(filled)
    };
    batch.rows.retain(is_row);
    batch.rows.truncate(ROWS);
    if names_somebody(&batch) {
        return Err("where its header should be stands what may be a person's name".to_owned());
    }
    Ok(Found { file: name.to_owned(), sheet, sheets, grid, batch })
}

/// Whether what was taken for a header is a row like those below it, which name persons.
fn names_somebody(batch: &Batch) -> bool {
    batch.headers.iter().enumerate().any(|(at, header)| {
        let texts = batch.rows.iter().filter_map(|row| row.cells.get(at)?.clone());
        let texts: Vec<String> = texts.collect();
        sniff::is_a_name(header) && sniff::personal("", &texts) == Some(Personal::Name)
    })
}

/// The headers of a batch that are the source's own.
fn headers(batch: &Batch) -> Vec<String> {
    batch.headers.iter().filter(|header| !header.starts_with('_')).cloned().collect()
}

/// The files of a table.
fn files(form: &[Found]) -> BTreeSet<String> {
    form.iter().map(|found| found.file.clone()).collect()
}

/// A table, beside the files of others.
fn table(form: &[Found], others: &BTreeSet<String>) -> SeenTable {
    let headers = &form.first().map_or_else(Vec::new, |found| headers(&found.batch));
    let files: BTreeSet<&str> = form.iter().map(|found| found.file.as_str()).collect();
    let own = file_pattern(&files, others);
    let told = period::told(&files);
    let dated = told.as_ref().and_then(|told| dated_pattern(told, (&files, others)));
    let is_part = form.iter().any(|found| found.sheets > 1);
    let sheets: BTreeSet<&str> = form.iter().filter_map(|found| found.sheet.as_deref()).collect();
    let mut rest = String::new();
    if is_part {
        rest.extend([format!("sheets = {}\n", list(sheets.iter().copied()))]);
    }
    rest.push_str(&grid_line(form));
    let ask = |file: &str| format!("file   = {}\n{rest}", pattern(file));
    let told = told.filter(|_| dated.is_some());
    let period = told.as_ref().zip(dated).map(|(told, dated)| SeenPeriod {
        tells: told.tells,
        ask: ask(&dated),
        sql: told.sql,
    });
    let ask = ask(&own);
    let stem = files.first().map_or("", |file| file.rsplit_once('.').map_or(*file, |it| it.0));
    let stem = stem.trim_matches(|c: char| c.is_ascii_digit() || " -_.()".contains(c));
    let title = match sheets.first() {
        Some(sheet) if is_part => format!("{stem} {sheet}"),
        _ if stem.is_empty() => sheets.first().map_or("table", |sheet| *sheet).to_owned(),
        _ => stem.to_owned(),
    };
    let some: Vec<&str> = files.iter().rev().take(SHOWN).copied().collect();
    let more = if files.len() > SHOWN { ", …" } else { "" };
    let notes = vec![format!("{} files: {}{more}", files.len(), some.join(", "))];
    // Some of each file: what tells rows apart has to do so in all of them.
    let some = (ROWS / form.len().max(1)).max(1);
    let rows = form.iter().flat_map(|found| {
        let said = told.as_ref().map(|told| period::said(&found.file, told));
        found.batch.rows.iter().take(some).map(move |row| {
            let cells = row.cells.iter().take(headers.len()).cloned();
            cells.chain(said.clone()).collect()
        })
    });
    let rows = rows.collect();
    SeenTable { title, ask, notes, headers: headers.clone(), rows, period, ..SeenTable::default() }
}

/// Where the table stands, with the words of all files.
fn grid_line(form: &[Found]) -> String {
    let Some(Grid { header_from, header_to, .. }) = form.first().map(|found| &found.grid) else {
        return String::new();
    };
    let mut keys = vec![format!("header = {header_from}")];
    if header_to > header_from {
        keys.push(format!("header_rows = {}", header_to - header_from + 1));
    }
    for key in ["skip", "end", "fill_down"] {
        let words = |found: &Found| match key {
            "skip" => found.grid.skip.clone(),
            "end" => found.grid.end.clone(),
            _ => found.grid.fill_down.clone(),
        };
        let all: BTreeSet<String> = form.iter().flat_map(words).collect();
        if !all.is_empty() {
            keys.push(format!("{key} = {}", list(all.iter().map(String::as_str))));
        }
    }
    format!("grid   = {{ {} }}\n", keys.join(", "))
}

/// A pattern of names: what they count may go on counting, unless the files of another table would be among them.
fn file_pattern(files: &BTreeSet<&str>, others: &BTreeSet<String>) -> String {
    let pattern = counting(files);
    let held = Regex::new(&format!("^(?:{pattern})$"));
    if held.is_ok_and(|held| others.iter().any(|other| held.is_match(other))) {
        return files.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
    }
    pattern
}

/// The same with the groups of what the names tell; none where files of another table would be among them.
fn dated_pattern(
    told: &Told<'_>,
    (files, others): (&BTreeSet<&str>, &BTreeSet<String>),
) -> Option<String> {
    let part = |names: &BTreeSet<&str>| {
        let pattern = counting(names);
        if names.len() > 1 { format!("(?:{pattern})") } else { pattern }
    };
    let [before, behind] = &told.around;
    let pattern = format!("{}{}{}", part(before), told.pattern, part(behind));
    let held = Regex::new(&format!("^(?:{pattern})$")).ok()?;
    let is_other = others.iter().any(|other| held.is_match(other));
    (!is_other && files.iter().all(|name| held.is_match(name))).then_some(pattern)
}

/// A pattern of names in which what they count goes on counting.
fn counting(files: &BTreeSet<&str>) -> String {
    let Ok(digits) = Regex::new(r"\d+") else { return String::new() };
    let counted = |name: &str| {
        let runs = digits.find_iter(name).map(|run| run.len());
        let between = digits.split(name).map(regex::escape).collect::<Vec<_>>();
        (between, runs.collect::<Vec<_>>())
    };
    let mut forms: BTreeMap<Vec<String>, Vec<Vec<usize>>> = BTreeMap::new();
    for name in files {
        let (between, runs) = counted(name);
        forms.entry(between).or_default().push(runs);
    }
    let one = |(between, all): (&Vec<String>, &Vec<Vec<usize>>)| {
        let mut pattern = String::new();
        for (at, part) in between.iter().enumerate() {
            pattern.push_str(part);
            let lengths: BTreeSet<usize> =
                all.iter().filter_map(|runs| runs.get(at)).copied().collect();
            match lengths.iter().collect::<Vec<_>>().as_slice() {
                [] => {}
                // The digits of a day or a month are as many next time; a mere count may grow.
                [length] if **length >= 4 => pattern.extend([format!("\\d{{{length}}}")]),
                _ => pattern.push_str("\\d+"),
            }
        }
        pattern
    };
    forms.iter().map(one).collect::<Vec<_>>().join("|")
}
