//! How are the files of a drop folder read?

use std::time::Duration;

use regex::Regex;

use super::super::reader::Table;
use super::super::template::Template;
use super::super::tree::Value;
use super::values::span_of;

/// A drop folder.
#[derive(Clone, Debug)]
pub struct Files {
    /// The folder; a relative one starts at the home.
    pub at: Template,
    /// How long a file has lain still before it is read; none is not at all, but for a text that stops within a line.
    pub still: Option<Duration>,
    /// What lies there on purpose and is read by no stream, a sheet of a workbook too: whole names.
    pub ignore: Vec<Regex>,
}

/// How the files of one stream are read.
#[derive(Clone, Debug)]
pub struct FileStream {
    /// Which files: their whole name. Named groups become columns `_name`.
    pub file: Regex,
    /// A pattern looked for in the cells above the header. Named groups become columns `_name`.
    pub note: Option<Regex>,
    /// Which sheets of a workbook.
    pub sheets: Which,
    /// How a text file is written; none is found out.
    pub encoding: Option<Script>,
    /// Where the table stands in a sheet or a text file.
    pub grid: Grid,
}

/// Which sheets of a workbook are read.
#[derive(Clone, Debug)]
pub enum Which {
    /// Every one that is not hidden.
    Seen,
    /// These, hidden or not, in this order.
    Named(Vec<String>),
    /// Of those that are not hidden the ones whose whole name matches.
    Matching(Regex),
}

/// How a text file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// `utf-8`
    Utf8,
    /// `gb18030`, and so GBK and GB 2312
    Gb18030,
    /// `utf-16le`
    Utf16Le,
    /// `utf-16be`
    Utf16Be,
}

/// Where the table stands.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The first row of the header, from 1.
    pub header_from: u32,
    /// The last row of the header; merged cells above are joined to a name with `/`.
    pub header_to: u32,
    /// A first filled cell that begins with one of these is a subtotal: counted as filtered.
    pub skip: Vec<String>,
    /// A first filled cell that begins with one of these ends the table.
    pub end: Vec<String>,
    /// What the row that ends the table says of its rows: the first group is their number.
    pub total: Option<Regex>,
    /// Columns whose merged cells hold for every row they cover.
    pub fill_down: Vec<String>,
    /// Columns in which an empty cell says what the one above it says.
    pub fill_blank: Vec<String>,
}

pub(super) fn read(root: &Table<'_>) -> Option<Files> {
    let Some(files) = root.table("files") else {
        root.missing("files", "{ at = \"…\" }");
        return None;
    };
    let still = span_of(&files, "still");
    let patterns = files.patterns("ignore");
    let ignore = patterns.iter().filter_map(whole).collect();
    Some(Files { at: Template::read(&files, "at", &[])?, still, ignore })
}

pub(super) fn stream(table: &Table<'_>) -> Option<FileStream> {
    let file = table.pattern("file");
    if file.is_none() && table.node("file").is_none() {
        table.missing("file", "'roster_(?<as_of>\\d{8})\\.xlsx'");
    }
    let note = table.pattern("note");
    let sheets = sheets(table);
    let encodings = [
        ("utf-8", Script::Utf8),
        ("gb18030", Script::Gb18030),
        ("utf-16le", Script::Utf16Le),
        ("utf-16be", Script::Utf16Be),
    ];
    let encoding = table.word("encoding", &encodings);
    let grid = grid(table.table("grid"));
    Some(FileStream { file: whole(&file?)?, note, sheets, encoding, grid })
}

/// A pattern of a whole name.
fn whole(pattern: &Regex) -> Option<Regex> {
    Regex::new(&format!("^(?:{})$", pattern.as_str())).ok()
}

/// A list names sheets, a single text is a pattern.
fn sheets(table: &Table<'_>) -> Which {
    match table.node("sheets").map(|node| &node.value) {
        None => Which::Seen,
        Some(Value::Text(_)) => {
            let pattern = table.pattern("sheets").and_then(|pattern| whole(&pattern));
            pattern.map_or(Which::Seen, Which::Matching)
        }
        Some(_) => Which::Named(table.texts("sheets")),
    }
}

fn grid(table: Option<Table<'_>>) -> Grid {
    let Some(table) = table else {
        return Grid::at(1, 1);
    };
    let row = |number: Option<u64>| number.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let header_from = row(table.count("header")).unwrap_or(1);
    let rows = row(table.count("header_rows")).unwrap_or(1);
    Grid {
        header_from,
        header_to: header_from + rows - 1,
        skip: table.texts("skip"),
        end: table.texts("end"),
        total: table.pattern("total"),
        fill_down: table.texts("fill_down"),
        fill_blank: table.texts("fill_blank"),
    }
}

impl Grid {
    /// A table below a header, of which nothing else is known.
    pub fn at(header_from: u32, header_to: u32) -> Grid {
        Grid {
            header_from,
            header_to,
            skip: Vec::new(),
            end: Vec::new(),
            total: None,
            fill_down: Vec::new(),
            fill_blank: Vec::new(),
        }
    }
}
