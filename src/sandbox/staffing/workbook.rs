//! How does a roster look as a workbook? Merged title and note, two header rows with groups, a total
//! and a line for signatures.

use jiff::civil::Date;
use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use super::posts::Kind;
use super::roster::Sheet;
use super::row::COLUMNS;
use super::row::Cell;
use super::row::UNIT;

/// The first row below the header, as a person counts.
pub(super) const FIRST_ROW: u32 = 5;
const LAST_COLUMN: u16 = 29;

/// A workbook that says of itself that it was made on the evening of its day.
pub(super) fn dated(day: Date) -> Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let (year, month, number) = (day.year(), day.month(), day.day());
    let made = ExcelDateTime::from_ymd(
        u16::try_from(year).unwrap_or_default(),
        u8::try_from(month).unwrap_or_default(),
        u8::try_from(number).unwrap_or_default(),
    )?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    Ok(book)
}

/// The bytes of a roster.
pub(super) fn roster(sheets: &[Sheet], day: Date) -> Result<Vec<u8>, XlsxError> {
    let mut book = dated(day)?;
    for sheet in sheets {
        let page = book.add_worksheet().set_name(sheet.kind.title())?;
        head(page, sheet.kind, day)?;
        let mut row = FIRST_ROW - 1;
        for line in &sheet.lines {
            for (cell, column) in line.cells.iter().zip(0_u16..) {
                write(page, (row, column), cell)?;
            }
            row += 1;
        }
        if sheet.kind == Kind::PublicTwo {
            merge_units(page, sheet)?;
        }
        page.write_string(row + 1, 0, format!("合计 | {} 人", sheet.people))?;
        page.write_string(
            row + 2,
            0,
            "填表人:        审核人:        负责人(签字):        填表日期:",
        )?;
    }
    let hidden = book.add_worksheet().set_name("Sheet1")?;
    hidden.set_hidden(true);
    hidden.write_string(0, 0, "辅助列,勿删")?;
    book.save_to_buffer()
}

fn write(page: &mut Worksheet, (row, column): (u32, u16), cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => _ = page.write_string(row, column, text)?,
        Cell::Word(word) => _ = page.write_string(row, column, *word)?,
        Cell::Number(number) => _ = page.write_number(row, column, *number)?,
    }
    Ok(())
}

fn head(page: &mut Worksheet, kind: Kind, day: Date) -> Result<(), XlsxError> {
    let plain = Format::new();
    let title = format!("嘉宁市机构编制实名制人员名册({})", kind.title());
    page.merge_range(0, 0, 0, LAST_COLUMN, &title, &plain)?;
    let (year, month, number) = (day.year(), day.month(), day.day());
    let note =
        format!("填报单位:嘉宁市委编办    统计截止日期:{year}年{month}月{number}日    单位:人");
    page.merge_range(1, 0, 1, LAST_COLUMN, &note, &plain)?;
    let mut column = 0_u16;
    for group in COLUMNS.chunk_by(|(one, _), (other, _)| one == other) {
        let last = column + u16::try_from(group.len()).unwrap_or_default() - 1;
        for ((over, name), at) in group.iter().zip(column..) {
            if over.is_empty() {
                page.merge_range(2, at, 3, at, name, &plain)?;
            } else {
                page.write_string(3, at, *name)?;
            }
        }
        if let Some((over, _)) = group.first().filter(|(over, _)| !over.is_empty()) {
            page.merge_range(2, column, 2, last, over, &plain)?;
        }
        column = last + 1;
    }
    Ok(())
}

fn merge_units(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let (mut row, plain) = (FIRST_ROW - 1, Format::new());
    let at = u16::try_from(UNIT).unwrap_or_default();
    for unit in sheet.lines.chunk_by(|one, other| one.unit == other.unit) {
        let rows = u32::try_from(unit.len()).unwrap_or_default();
        let name = unit.first().and_then(|line| line.cells.get(UNIT));
        if let (Some(Cell::Text(name)), true) = (name, rows > 1) {
            page.merge_range(row, at, row + rows - 1, at, name, &plain)?;
        }
        row += rows;
    }
    Ok(())
}
