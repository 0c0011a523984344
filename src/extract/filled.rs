//! Which cells of a workbook's sheet are filled, what do they show, and which are formulas? A sheet may reach to its
//! last row for one stray cell, so that only what is filled is gathered.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::LazyLock;

use calamine::Data;
use calamine::Range;
use calamine::Reader as _;
use calamine::Sheets;
use calamine::Style;
use calamine::Xlsx;
use calamine::XlsxError;
use regex::Regex;

/// A row and a column, from 0.
pub(super) type At = (u32, u32);

/// What stands in the cells that are filled.
pub(super) type Filled = BTreeMap<At, Data>;

/// What is read from bytes.
pub(super) type Bytes<'b> = Cursor<&'b [u8]>;

/// A format that fills up with noughts, perhaps with another one for what is below nought. It cannot fail to be a pattern.
static NOUGHTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(00+)(?:_.|\\ )?(?:;.*)?$").ok());

/// The cells of a sheet that are filled.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn cells(sheets: &mut Sheets<Bytes<'_>>, name: &str) -> Result<Filled, String> {
    match sheets {
        Sheets::Xlsx(book) => of_xlsx(book, name).map_err(|fault| fault.to_string()),
        Sheets::Xlsb(book) => {
            let mut cells = book.worksheet_cells_reader(name).map_err(|it| it.to_string())?;
            let mut filled = Filled::new();
            while let Some(cell) = cells.next_cell().map_err(|it| it.to_string())? {
                filled.insert(cell.get_position(), cell.get_value().clone().into());
            }
            Ok(filled)
        }
        others => {
            let range = others.worksheet_range(name).map_err(|it| it.to_string())?;
            Ok(of_range(&range).map(|(at, value)| (at, value.clone())).collect())
        }
    }
}

/// An XLSX tells the format of each cell: a code kept as a number shows its noughts.
fn of_xlsx(book: &mut Xlsx<Bytes<'_>>, name: &str) -> Result<Filled, XlsxError> {
    let mut cells = book.worksheet_cells_reader(name)?;
    let widths: Vec<Option<usize>> = cells.styles().iter().map(width).collect();
    let mut filled = Filled::new();
    while let Some((cell, style)) = cells.next_cell_with_style_id()? {
        let value: Data = cell.get_value().clone().into();
        let shown = match widths.get(style).copied().flatten() {
            Some(width) => wide(value, width),
            None => value,
        };
        filled.insert(cell.get_position(), shown);
    }
    filled.retain(|_, value| *value != Data::Empty);
    Ok(filled)
}

/// How many digits a style shows at least, where it fills up.
fn width(style: &Style) -> Option<usize> {
    let format = &style.number_format.as_ref()?.format_code;
    Some(NOUGHTS.as_ref()?.captures(format)?.get(1)?.as_str().len())
}

/// A whole number with the noughts that it is shown with.
fn wide(value: Data, width: usize) -> Data {
    let digits = match value {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        other => return other,
    };
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole { Data::String(format!("{digits:0>width$}")) } else { value }
}

/// The cells of a range that are no empty ones, where they stand on the sheet.
fn of_range<T: calamine::CellType>(range: &Range<T>) -> impl Iterator<Item = (At, &T)> {
    let (top, left) = range.start().unwrap_or_default();
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    range.used_cells().map(move |(down, right, value)| {
        ((top.saturating_add(whole(down)), left.saturating_add(whole(right))), value)
    })
}

/// Where formulas stand. Values are read without their formulas, also where one of those can't be.
pub(super) fn formulas(sheets: &mut Sheets<Bytes<'_>>, name: &str) -> Vec<At> {
    let Sheets::Xlsx(book) = sheets else {
        let range = sheets.worksheet_formula(name).unwrap_or_default();
        return of_range(&range).map(|(at, _)| at).collect();
    };
    let mut found = Vec::new();
    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return found };
    while let Ok(Some(cell)) = cells.next_cell_with_formula_metadata() {
        found.extend(cell.formula.map(|_| cell.pos));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_show_the_noughts_of_their_format() {
        assert_eq!(wide(Data::Float(12.0), 6), Data::String("000012".to_owned()));
        assert_eq!(wide(Data::Int(1_234_567), 6), Data::String("1234567".to_owned()));
        for value in [Data::Float(1.5), Data::Float(-3.0), Data::String("7".to_owned())] {
            assert_eq!(wide(value.clone(), 6), value);
        }
        let is_one = |format: &str| NOUGHTS.as_ref().unwrap().is_match(format);
        for format in ["000000", "00", "0000_ ", "0000;[Red]-0000"] {
            assert!(is_one(format), "{format}");
        }
        for format in ["0", "0.00", "General", "000.0", "00-00", "#,##000"] {
            assert!(!is_one(format), "{format}");
        }
    }
}
