//! How does the handbook look as a workbook? A sheet for all lines about metrics, and one for all tables of
//! a name; every cell is text, so that Excel changes none.

use rust_xlsxwriter::Color;
use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::FormatAlign;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use super::EXAMPLE_ROWS;
use super::Entry;
use super::Grid;
use super::Handbook;

/// A sheet, before it is one.
struct Sheet {
    name: &'static str,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// What every sheet begins with.
const OWN: [&str; 2] = ["代码", "名称"];

/// The bytes of the workbook.
///
/// # Errors
/// More than a workbook holds.
pub fn workbook(book: &Handbook) -> Result<Vec<u8>, XlsxError> {
    let mut sheets: Vec<Sheet> = Vec::new();
    let entries = book.chapters.iter().flat_map(|chapter| {
        chapter.entries.iter().map(move |entry| (entry, chapter.title.as_str()))
    });
    for (entry, chapter) in entries {
        let (head, row) = lines(entry, chapter);
        add(&mut sheets, entry, (entry.kind.sheet(), head, vec![row]));
        for grid in &entry.grids {
            let (head, rows) = flat(grid);
            add(&mut sheets, entry, (grid.name, head, rows));
        }
    }
    let mut written = Workbook::new();
    // The same home gives the same bytes, so that no clock is asked.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let about = DocProperties::new().set_creation_datetime(&made);
    written.set_properties(&about.set_title(&book.title).set_comment(&book.home));
    for sheet in &sheets {
        fill(written.add_worksheet().set_name(sheet.name)?, sheet)?;
    }
    written.save_to_buffer()
}

/// Adds rows of an entry to the sheet of a name.
fn add(
    sheets: &mut Vec<Sheet>,
    entry: &Entry,
    (name, head, rows): (&'static str, Vec<String>, Vec<Vec<String>>),
) {
    let own = [entry.id.clone(), entry.title.clone()];
    let rows = rows.into_iter().map(|row| own.iter().cloned().chain(row).collect());
    if let Some(sheet) = sheets.iter_mut().find(|sheet| sheet.name == name) {
        sheet.rows.extend(rows);
        return;
    }
    let head = OWN.map(str::to_owned).into_iter().chain(head).collect();
    sheets.push(Sheet { name, head, rows: rows.collect() });
}

/// The lines about an entry, as one row.
fn lines(entry: &Entry, chapter: &str) -> (Vec<String>, Vec<String>) {
    let head = entry.fields.iter().map(|field| field.label.to_owned());
    let row = entry.fields.iter().map(|field| field.text.clone());
    let (first, of) = ("章".to_owned(), chapter.to_owned());
    (std::iter::once(first).chain(head).collect(), std::iter::once(of).chain(row).collect())
}

/// The rows of a table. Those of examples have headers of their own, so that each cell says what it is.
fn flat(grid: &Grid) -> (Vec<String>, Vec<Vec<String>>) {
    if grid.name != EXAMPLE_ROWS {
        return (grid.head.clone(), grid.rows.clone());
    }
    let cell = |(head, cell): (&String, &String)| format!("{head} = {cell}");
    let row = |(number, row): (usize, &Vec<String>)| {
        let given = grid.head.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let cells = given.map(cell).collect::<Vec<_>>().join("; ");
        vec![grid.caption.clone(), (number + 1).to_string(), cells]
    };
    let head = ["算例与数据表", "行", "内容"].map(str::to_owned).to_vec();
    (head, grid.rows.iter().enumerate().map(row).collect())
}

fn fill(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let text = Format::new().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top);
    let bold = text.clone().set_bold().set_background_color(Color::RGB(0x00F5_F1EA));
    page.set_freeze_panes(1, 2)?;
    for (column, head) in (0_u16..).zip(&sheet.head) {
        let cell = |row: &Vec<String>| row.get(usize::from(column)).cloned().unwrap_or_default();
        let cells: Vec<String> = sheet.rows.iter().map(cell).collect();
        let widest = cells.iter().chain([head]).map(|cell| width(cell)).max().unwrap_or_default();
        page.set_column_format(column, &text)?;
        page.set_column_width(column, f64::from(widest.clamp(6, WIDEST)) + 2.0)?;
        page.write_string_with_format(0, column, head, &bold)?;
        for (row, cell) in (1_u32..).zip(&cells) {
            page.write_string_with_format(row, column, cell, &text)?;
        }
    }
    let rows = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
    let last = u16::try_from(sheet.head.len()).unwrap_or(u16::MAX).saturating_sub(1);
    page.autofilter(0, 0, rows, last)?;
    Ok(())
}

/// The widest column, in letters; what is longer is wrapped.
const WIDEST: u32 = 48;

/// How many Latin letters a text is as wide as, its longest line; a Chinese one is two.
fn width(text: &str) -> u32 {
    let letter = |letter: char| if letter.is_ascii() { 1 } else { 2 };
    text.lines().map(|line| line.chars().map(letter).sum()).max().unwrap_or_default()
}
