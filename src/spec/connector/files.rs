//! How are the files of a drop folder read?

use regex::Regex;

use super::super::reader::Table;
use super::super::template::Template;

/// A drop folder.
#[derive(Clone, Debug)]
pub struct Files {
    /// The folder; a relative one starts at the home.
    pub at: Template,
}

/// How the files of one stream are read.
#[derive(Clone, Debug)]
pub struct FileStream {
    /// Which files: their whole name. Named groups become columns `_name`.
    pub file: Regex,
    /// A pattern looked for in the cells above the header. Named groups become columns `_name`.
    pub note: Option<Regex>,
    /// Which sheets of a workbook, in this order; none is every sheet that is not hidden.
    pub sheets: Vec<String>,
    /// Where the table stands in a sheet or a text file.
    pub grid: Grid,
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
}

pub(super) fn read(root: &Table<'_>) -> Option<Files> {
    let Some(files) = root.table("files") else {
        root.missing("files", "{ at = \"…\" }");
        return None;
    };
    Some(Files { at: Template::read(&files, "at", &[])? })
}

pub(super) fn stream(table: &Table<'_>) -> Option<FileStream> {
    let file = table.pattern("file");
    if file.is_none() && table.node("file").is_none() {
        table.missing("file", "'roster_(?<as_of>\\d{8})\\.xlsx'");
    }
    let note = table.pattern("note");
    let sheets = table.texts("sheets");
    let grid = grid(table.table("grid"));
    let whole = Regex::new(&format!("^(?:{})$", file?.as_str())).ok()?;
    Some(FileStream { file: whole, note, sheets, grid })
}

fn grid(table: Option<Table<'_>>) -> Grid {
    let Some(table) = table else {
        let (skip, end, fill_down) = (Vec::new(), Vec::new(), Vec::new());
        return Grid { header_from: 1, header_to: 1, skip, end, total: None, fill_down };
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
    }
}
