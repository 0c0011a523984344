//! Which sheets does a workbook have, and what do their cells say? As a person reads them: with the
//! row numbers that Excel shows, days as days, whole numbers without a point.

use std::io::Cursor;

use calamine::Data;
use calamine::Dimensions;
use calamine::ExcelDateTime;
use calamine::Ods;
use calamine::Range;
use calamine::Reader as _;
use calamine::SheetType;
use calamine::SheetVisible;
use calamine::Sheets;
use calamine::Xls;
use calamine::Xlsb;
use calamine::Xlsx;

use super::compound;
use super::parcel;
use super::sheet::Line;
use super::sheet::Sheet;
use crate::base::text::squeeze;
use crate::spec::connector::Which;

/// The beginning of a zip archive.
const ZIP: &[u8] = b"PK\x03\x04";
/// Excel's last day, and the largest whole number that a cell holds exactly.
const LAST_DAY: f64 = 2_958_466.0;
const LARGEST: f64 = 999_999_999_999_999.0;

/// What stands in a cell whose formula no program has worked out yet.
const NOT_WORKED_OUT: &str = "#FORMULA";

/// A workbook that is being read.
pub(super) struct Workbook<'b> {
    name: String,
    sheets: Sheets<Cursor<&'b [u8]>>,
}

/// Whether these bytes are a workbook's.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) || bytes.starts_with(compound::BEGINS)
}

/// Opens a workbook.
///
/// # Errors
/// Why it is none.
pub(super) fn open<'b>(name: &str, bytes: &'b [u8]) -> Result<Workbook<'b>, String> {
    if let Some(why) = parcel::beyond(bytes) {
        return Err(why);
    }
    let cursor = Cursor::new(bytes);
    let is_named = |end: &str| name.to_lowercase().ends_with(end);
    let sheets = if bytes.starts_with(compound::BEGINS) {
        let locked = || "it is locked with a password: ask for one without".to_owned();
        let fault = |fault| if compound::is_locked(bytes) { locked() } else { told(fault) };
        Sheets::Xls(Xls::new(cursor).map_err(fault)?)
    } else if bytes.get(30..38) == Some(b"mimetype") {
        Sheets::Ods(Ods::new(cursor).map_err(told)?)
    } else if is_named(".xlsb") {
        Sheets::Xlsb(Xlsb::new(cursor).map_err(told)?)
    } else {
        Sheets::Xlsx(Xlsx::new(cursor).map_err(told)?)
    };
    Ok(Workbook { name: name.to_owned(), sheets })
}

impl Workbook<'_> {
    /// The sheets to read: those named, in that order, or those that a person sees.
    ///
    /// # Errors
    /// A named sheet that is missing, or a pattern that no sheet matches.
    pub(super) fn pick(&self, sheets: &Which) -> Result<Vec<String>, String> {
        let all = self.sheets.sheets_metadata();
        let seen = all.iter().filter(|sheet| {
            sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
        });
        let seen = seen.map(|sheet| sheet.name.clone());
        let there = || all.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ");
        match sheets {
            Which::Seen => Ok(seen.collect()),
            Which::Matching(pattern) => {
                let found: Vec<String> = seen.filter(|name| pattern.is_match(name)).collect();
                if found.is_empty() {
                    return Err(format!("no sheet that is seen matches `sheets`, of {}", there()));
                }
                Ok(found)
            }
            Which::Named(named) => {
                let find = |name: &String| {
                    let same = |sheet: &&calamine::Sheet| squeeze(&sheet.name) == squeeze(name);
                    let found = all.iter().find(same).map(|sheet| sheet.name.clone());
                    found.ok_or_else(|| format!("it has no sheet `{name}`, only {}", there()))
                };
                named.iter().map(find).collect()
            }
        }
    }

    /// The cells of one sheet.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn sheet(&mut self, name: &str) -> Result<Sheet, String> {
        let told = |fault: String| format!("sheet {name}: {fault}");
        let range = self.sheets.worksheet_range(name).map_err(|fault| told(fault.to_string()))?;
        let merged = self.merged(name).map_err(told)?;
        let (row, column) = range.start().unwrap_or_default();
        let lines = range.rows().zip(row + 1..).map(|(cells, number)| {
            let before = (0..column).map(|_| None);
            Line { number, cells: before.chain(cells.iter().map(text)).collect() }
        });
        let mut lines: Vec<Line> = lines.collect();
        self.name_formulas(name, &range, &mut lines);
        Ok(Sheet {
            source: format!("{} sheet {name}", self.name),
            name: Some(name.trim().to_owned()),
            lines,
            merged,
            is_text: false,
            is_damaged: false,
            has_open_quote: false,
        })
    }

    /// Says of a formula that it has no value: programs that write workbooks and don't count leave it away, and
    /// an empty cell would say that there is none.
    fn name_formulas(&mut self, name: &str, values: &Range<Data>, lines: &mut [Line]) {
        let Sheets::Xlsx(book) = &mut self.sheets else { return };
        // Values are read without their formulas, also where one of those can't be.
        let Ok(formulas) = book.worksheet_formula(name) else { return };
        let (from, left) = formulas.start().unwrap_or_default();
        let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        for (down, right, _) in formulas.used_cells() {
            let (row, column) =
                (from.saturating_add(whole(down)), left.saturating_add(whole(right)));
            // An empty text is a value.
            if !matches!(values.get_value((row, column)), None | Some(Data::Empty)) {
                continue;
            }
            let at = lines.binary_search_by_key(&(row + 1), |line| line.number).ok();
            let cells = at.and_then(|at| lines.get_mut(at)).map(|line| &mut line.cells);
            if let Some(cell) = cells.and_then(|cells| cells.get_mut(usize::try_from(column).ok()?))
            {
                *cell = Some(NOT_WORKED_OUT.to_owned());
            }
        }
    }

    /// The merged cells; calamine tells those of XLSX and XLS only.
    fn merged(&mut self, name: &str) -> Result<Vec<Dimensions>, String> {
        match &mut self.sheets {
            Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(name).map_err(told),
            Sheets::Xls(book) => book.merge_cells_by_sheet_name(name).map_err(told),
            Sheets::Xlsb(_) | Sheets::Ods(_) => Ok(Vec::new()),
        }
    }
}

fn told(fault: impl std::fmt::Display) -> String {
    format!("no workbook, or a damaged or locked one: {fault}")
}

/// What a cell says.
fn text(cell: &Data) -> Option<String> {
    let text = match cell {
        Data::Empty => return None,
        Data::String(text) => text.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => float(*number),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(time) => moment(time),
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).replace('T', " "),
        Data::DurationIso(text) => text.clone(),
        Data::Error(fault) => fault.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A number without a needless point. Beyond 15 digits a cell has lost the rest, and its form says so.
fn float(number: f64) -> String {
    if number.abs() > LARGEST {
        return format!("{number:E}").replace('E', "E+");
    }
    number.to_string()
}

/// A day, a day and a time, or a time.
fn moment(time: &ExcelDateTime) -> String {
    let serial = time.as_f64();
    if !(0.0..LAST_DAY).contains(&serial) || time.is_duration() {
        return float(serial);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    if serial < 1.0 {
        clock
    } else if clock == "00:00:00" {
        date
    } else {
        format!("{date} {clock}")
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn cells_say_what_a_person_reads() {
        let time =
            |serial| Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, false));
        for (cell, said) in [
            (Data::Empty, None),
            (Data::String(" \u{3000}".to_owned()), None),
            (Data::String(" 张　三 ".to_owned()), Some("张　三")),
            (Data::Float(31841.0), Some("31841")),
            (Data::Float(-2.5), Some("-2.5")),
            (Data::Float(519_902_198_703_051_200.0), Some("5.199021987030512E+17")),
            (Data::Bool(true), Some("true")),
            (time(31841.0), Some("1987-03-05")),
            (time(31841.5), Some("1987-03-05 12:00:00")),
            (time(0.25), Some("06:00:00")),
            (time(5.19902e17), Some("5.19902E+17")),
            (Data::DateTimeIso("1987-03-05T00:00:00".to_owned()), Some("1987-03-05")),
        ] {
            assert_eq!(text(&cell).as_deref(), said, "{cell:?}");
        }
    }
}
