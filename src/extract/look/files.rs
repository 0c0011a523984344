//! Which tables stand in the files of a folder? Files of one form are one table, whatever their names count.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::ROWS;
use super::period;
use super::place;
use crate::base::batch::Batch;
use crate::base::pseudonym::sha256;
use crate::base::redact::numbers_of_people;
use crate::base::redact::without_people;
use crate::base::text::quoted;
use crate::extract::ExtractError;
use crate::extract::dropped::regular;
use crate::extract::grid;
use crate::extract::grid::Layout;
use crate::extract::sheet::Sheet;
use crate::extract::text;
use crate::extract::workbook;
use crate::spec::begin::SHEET;
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
    /// The filled sheets that its file shows.
    sheets: Vec<String>,
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
        return Ok(vec![found((name, None, &[]), &sheet, left_out)?]);
    }
    let mut book = workbook::open(name, bytes)?;
    let reads = book.pick(&Which::Seen)?.into_iter().map(|sheet| (book.sheet(&sheet), sheet));
    // Programs put empty sheets behind the first.
    let is_filled =
        |(read, _): &(Result<Sheet, String>, String)| !read.as_ref().is_ok_and(Sheet::is_empty);
    let reads: Vec<_> = reads.filter(is_filled).collect();
    if reads.is_empty() {
        return Err("no sheet of it that is seen has a cell that is filled".to_owned());
    }
    let names: Vec<String> = reads.iter().map(|(_, sheet)| sheet.clone()).collect();
    let mut tables = Vec::new();
    for (read, sheet) in reads {
        let place = (name, Some(&sheet), names.as_slice());
        match read.and_then(|cells| found(place, &cells, left_out)) {
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
    (name, sheet, sheets): (&str, Option<&String>, &[String]),
    cells: &Sheet,
    left_out: &mut Vec<(String, String)>,
) -> Result<Found, String> {
    let grid = place::of(cells).ok_or("no row of it looks like a header")?;
    let layout = Layout {
        needed: Vec::new(),
        is_for_sender: false,
        parts: Vec::new(),
        note: None,
        grid: &grid,
    };
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
    Ok(Found { file: name.to_owned(), sheet: sheet.cloned(), sheets: sheets.to_vec(), grid, batch })
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
    let mut headers = form.first().map_or_else(Vec::new, |found| headers(&found.batch));
    let width = headers.len();
    let files: BTreeSet<&str> = form.iter().map(|found| found.file.as_str()).collect();
    let told = period::told(&files, others);
    let sheets: BTreeSet<&str> = form.iter().filter_map(|found| found.sheet.as_deref()).collect();
    let asked = sheets_line(form, &sheets);
    let rest = format!("{asked}{}", grid_line(form));
    let ask = |file: &str| format!("file   = {}\n{rest}", pattern(file));
    let period = told.as_ref().map(|told| SeenPeriod {
        tells: told.tells,
        ask: ask(&told.pattern),
        sql: told.sql,
        // Files of one name may come in several parcels, each with a part.
        is_alone: told.is_alone && places(form) == form.len(),
    });
    let ask = ask(&file_pattern(&files, others));
    let stem = files.first().map_or("", |file| file.rsplit_once('.').map_or(*file, |it| it.0));
    let stem = stem.trim_matches(|c: char| c.is_ascii_digit() || " -_.()".contains(c));
    // Beside the number of a person stands a name.
    let is_a_person = files.iter().any(|file| !numbers_of_people(file).is_empty());
    let stem = if is_a_person { "" } else { stem };
    let title = match sheets.first() {
        Some(sheet) if !asked.is_empty() => format!("{stem} {sheet}").trim().to_owned(),
        _ if stem.is_empty() => sheets.first().map_or("table", |sheet| *sheet).to_owned(),
        _ => stem.to_owned(),
    };
    let some: Vec<&str> = files.iter().rev().take(SHOWN).copied().collect();
    let more = if files.len() > SHOWN { ", …" } else { "" };
    let some = without_people(&some.join(", "));
    let notes = vec![format!("{} files: {some}{more}", files.len())];
    let has_sheet = says_by_sheet(form, (files.len(), &sheets), told.is_some());
    if has_sheet {
        headers.push(SHEET.to_owned());
    }
    // Some of each file: what tells rows apart has to do so in all of them.
    let some = (ROWS / form.len().max(1)).max(1);
    let rows = form.iter().flat_map(|found| {
        let sheet = has_sheet.then(|| found.sheet.clone());
        let said = told.as_ref().map(|told| period::said(&found.file, told));
        found.batch.rows.iter().take(some).map(move |row| {
            let cells = row.cells.iter().take(width).cloned();
            cells.chain(sheet.clone()).chain(said.clone()).collect()
        })
    });
    let rows = rows.collect();
    SeenTable { title, ask, notes, headers, rows, period, ..SeenTable::default() }
}

/// In how many sheets of files of other names a table stands.
fn places(form: &[Found]) -> usize {
    let places = form.iter().map(|found| (&found.file, &found.sheet));
    places.collect::<BTreeSet<_>>().len()
}

/// Whether the names of its sheets say something of the rows: it stands in several of a file, or the names of
/// files tell nothing and that of its sheet tells a time, so that further sheets will come.
fn says_by_sheet(form: &[Found], (files, sheets): (usize, &BTreeSet<&str>), is_told: bool) -> bool {
    let tells_time = |sheet: &&str| sheet.contains(['年', '季', '月', '旬', '周', '日']);
    form.iter().all(|found| found.sheet.is_some())
        && (places(form) > files || (!is_told && sheets.iter().any(tells_time)))
}

/// Which sheets are read: all where the table stands in all of them, so that no further one is passed by; else
/// those of its names, which go on counting unless they meet another one.
fn sheets_line(form: &[Found], own: &BTreeSet<&str>) -> String {
    let all = form.iter().flat_map(|found| &found.sheets);
    let others: BTreeSet<&String> = all.filter(|name| !own.contains(name.as_str())).collect();
    if others.is_empty() {
        return String::new();
    }
    let counting = period::counting(own);
    let held = Regex::new(&format!("^(?:{counting})$"));
    let is_free = held.is_ok_and(|held| !others.iter().any(|other| held.is_match(other)));
    let counts = own.iter().any(|name| name.contains(|c: char| c.is_ascii_digit()));
    let named = if counts && is_free { pattern(&counting) } else { list(own.iter().copied()) };
    format!("sheets = {named}\n")
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
    let all = |words: &dyn Fn(&Grid) -> Vec<String>| {
        form.iter().flat_map(|found| words(&found.grid)).collect::<BTreeSet<String>>()
    };
    let skip = all(&|grid| grid.skip.clone());
    let mut end = all(&|grid| grid.end.clone());
    // A sum that stands above the rows of one file ends the table of none.
    end.retain(|word| !skip.contains(word));
    let fill_down = all(&|grid| grid.fill_down.clone());
    let fill_blank = all(&|grid| grid.fill_blank.clone());
    let keys_of =
        [("skip", skip), ("end", end), ("fill_down", fill_down), ("fill_blank", fill_blank)];
    for (key, all) in keys_of {
        if !all.is_empty() {
            keys.push(format!("{key} = {}", list(all.iter().map(String::as_str))));
        }
    }
    format!("grid   = {{ {} }}\n", keys.join(", "))
}

/// A pattern of names: what they count may go on counting, unless the files of another table would be among them.
fn file_pattern(files: &BTreeSet<&str>, others: &BTreeSet<String>) -> String {
    let pattern = period::counting(files);
    let held = Regex::new(&format!("^(?:{pattern})$"));
    if held.is_ok_and(|held| others.iter().any(|other| held.is_match(other))) {
        let names: BTreeSet<String> = files.iter().map(|name| period::nameless(name)).collect();
        return names.into_iter().collect::<Vec<_>>().join("|");
    }
    pattern
}
