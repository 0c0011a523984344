//! Which sheets does a workbook have, and what do their cells say? As a person reads them: with the
//! row numbers that Excel shows, days as days, whole numbers without a point.

use std::io::Cursor;
use std::panic;
use std::panic::AssertUnwindSafe;

use calamine::Data;
use calamine::Dimensions;
use calamine::ExcelDateTime;
use calamine::Ods;
use calamine::Reader as _;
use calamine::SheetType;
use calamine::SheetVisible;
use calamine::Sheets;
use calamine::Xls;
use calamine::Xlsb;
use calamine::Xlsx;
use jiff::SignedDuration;

use super::compound;
use super::filled;
use super::filled::At;
use super::filled::Bytes;
use super::filled::Filled;
use super::opendoc;
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

/// A table has fewer columns than this; a stray cell at the end of a sheet stands in its 16,384th.
const WIDEST: u32 = 2_000;

/// A workbook that is being read.
pub(super) struct Workbook<'b> {
    name: String,
    bytes: &'b [u8],
    sheets: Sheets<Bytes<'b>>,
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
    unbroken(|| opened(name, bytes))
}

/// What reads a workbook may break on a damaged one. That is a fault of the file, and no other one's.
fn unbroken<R>(read: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(told("what reads it broke on it")))
}

fn opened<'b>(name: &str, bytes: &'b [u8]) -> Result<Workbook<'b>, String> {
    let cursor = Cursor::new(bytes);
    let sheets = if bytes.starts_with(compound::BEGINS) {
        let locked = || "it is locked with a password: ask for one without".to_owned();
        let fault = |fault| if compound::is_locked(bytes) { locked() } else { told(fault) };
        Sheets::Xls(Xls::new(cursor).map_err(fault)?)
    } else if bytes.get(30..38) == Some(b"mimetype") {
        Sheets::Ods(Ods::new(cursor).map_err(told)?)
    } else if parcel::holds(bytes, "xl/workbook.bin") {
        Sheets::Xlsb(Xlsb::new(cursor).map_err(told)?)
    } else {
        Sheets::Xlsx(Xlsx::new(cursor).map_err(told)?)
    };
    Ok(Workbook { name: name.to_owned(), bytes, sheets })
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
        unbroken(|| self.read(name)).map_err(|fault| format!("sheet {name}: {fault}"))
    }

    fn read(&mut self, name: &str) -> Result<Sheet, String> {
        let mut filled = filled::cells(&mut self.sheets, name)?;
        self.name_formulas(name, &mut filled);
        Ok(Sheet {
            source: format!("{} sheet {name}", self.name),
            name: Some(name.trim().to_owned()),
            lines: lines(&filled)?,
            merged: self.merged(name)?,
            is_text: false,
            is_damaged: false,
        })
    }

    /// Says of a formula that it has no value: programs that write workbooks and don't count leave it away, or write
    /// nothing or nought in its place, which would say that this is what it came to.
    fn name_formulas(&mut self, name: &str, filled: &mut Filled) {
        let places = filled::formulas(&mut self.sheets, name);
        let (is_xls, is_stale) = (matches!(self.sheets, Sheets::Xls(_)), self.is_stale());
        let is_nothing = |place: &At| match filled.get(place) {
            None => true,
            Some(Data::String(text)) => is_xls && text.is_empty(),
            Some(Data::Float(number)) => is_stale && *number == 0.0,
            Some(_) => false,
        };
        // One that came to nothing beside others that came to something was counted.
        let is_uncounted = places.iter().all(is_nothing);
        let is_missing = |place: &At| is_uncounted || (!is_xls && !filled.contains_key(place));
        // Forms are filled in from above, and their formulas stand in every row.
        let says = |(row, _): &At| {
            let mut cells = filled.range((*row, 0)..=(*row, u32::MAX));
            !is_xls || cells.any(|(_, cell)| text(cell).is_some())
        };
        let missing: Vec<At> = places.into_iter().filter(|at| is_missing(at) && says(at)).collect();
        let named = || Data::String(NOT_WORKED_OUT.to_owned());
        filled.extend(missing.into_iter().map(|at| (at, named())));
    }

    /// Whether an XLSX says that its formulas are to be counted by whoever opens it: what stands there may be none of
    /// theirs.
    fn is_stale(&self) -> bool {
        let part = matches!(self.sheets, Sheets::Xlsx(_))
            .then(|| parcel::part(self.bytes, "xl/workbook.xml"))
            .flatten();
        part.is_some_and(|text| {
            ["1", "true"].iter().any(|yes| text.contains(&format!("fullCalcOnLoad=\"{yes}\"")))
        })
    }

    /// The merged cells. Those of XLSB are told by nobody: a stream that needs them says so.
    fn merged(&mut self, name: &str) -> Result<Option<Vec<Dimensions>>, String> {
        let merged = match &mut self.sheets {
            Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(name).map_err(told)?,
            Sheets::Xls(book) => book.merge_cells_by_sheet_name(name).map_err(told)?,
            Sheets::Ods(book) => {
                let at = book.sheets_metadata().iter().position(|sheet| sheet.name == name);
                at.map_or_else(|| Ok(Vec::new()), |at| opendoc::merged(self.bytes, at))?
            }
            Sheets::Xlsb(_) => return Ok(None),
        };
        Ok(Some(merged))
    }
}

/// The lines of the cells that are filled, each as wide as the sheet.
fn lines(filled: &Filled) -> Result<Vec<Line>, String> {
    let last = filled.keys().map(|(_, column)| *column).max().unwrap_or_default();
    if last >= WIDEST {
        return Err(format!(
            "its cells reach to column {}, and at most {WIDEST} columns are read: delete what stands beside the table, and save it",
            u64::from(last) + 1
        ));
    }
    let mut lines: Vec<Line> = Vec::new();
    for ((row, column), cell) in filled {
        if lines.last().is_none_or(|line| line.number != row + 1) {
            let cells = vec![None; usize::try_from(last).unwrap_or_default() + 1];
            lines.push(Line { number: row + 1, cells });
        }
        let at = usize::try_from(*column).ok();
        if let Some(place) = lines.last_mut().zip(at).and_then(|(line, at)| line.cells.get_mut(at))
        {
            *place = text(cell);
        }
    }
    Ok(lines)
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
        Data::DurationIso(text) => text
            .parse::<SignedDuration>()
            .map_or_else(|_| text.clone(), |span| span_of(span.as_secs())),
        Data::Error(fault) => fault.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A number without a needless point, in 15 digits, as spreadsheets show and count it: what was worked out as
/// 0.30000000000000004 is 0.3. Beyond 15 digits a whole one has lost the rest, and its form says so.
fn float(number: f64) -> String {
    if number.abs() > LARGEST {
        return format!("{number:E}").replace('E', "E+");
    }
    format!("{number:.14e}").parse().unwrap_or(number).to_string()
}

/// How long something took, as a clock would show it.
fn span_of(seconds: i64) -> String {
    let (minutes, second) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{second:02}", minutes / 60, minutes % 60)
}

/// A day, a day and a time, or a time.
fn moment(time: &ExcelDateTime) -> String {
    let serial = time.as_f64();
    if !(0.0..LAST_DAY).contains(&serial) {
        return float(serial);
    }
    let span = SignedDuration::try_from_secs_f64((serial * 86_400.0).round());
    if let Some(span) = span.ok().filter(|_| time.is_duration()) {
        return span_of(span.as_secs());
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
        let span = |serial| {
            Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::TimeDelta, false))
        };
        for (cell, said) in [
            (Data::Empty, None),
            (Data::String(" \u{3000}".to_owned()), None),
            (Data::String(" 张　三 ".to_owned()), Some("张　三")),
            (Data::Float(31841.0), Some("31841")),
            (Data::Float(-2.5), Some("-2.5")),
            (Data::Float(0.1 + 0.2), Some("0.3")),
            (Data::Float(4.35 * 100.0), Some("435")),
            (Data::Float(-0.57 * 100.0), Some("-57")),
            (Data::Float(1.0 / 3.0), Some("0.333333333333333")),
            (Data::Float(0.000_012), Some("0.000012")),
            (Data::Float(0.0), Some("0")),
            (Data::Float(999_999_999_999_999.0), Some("999999999999999")),
            (Data::Float(519_902_198_703_051_200.0), Some("5.199021987030512E+17")),
            (Data::Bool(true), Some("true")),
            (time(31841.0), Some("1987-03-05")),
            (time(31841.5), Some("1987-03-05 12:00:00")),
            (time(0.25), Some("06:00:00")),
            (time(5.19902e17), Some("5.19902E+17")),
            (Data::DateTimeIso("1987-03-05T00:00:00".to_owned()), Some("1987-03-05")),
            (Data::DurationIso("PT26H30M00S".to_owned()), Some("26:30:00")),
            (Data::DurationIso("PT09H05M07.5S".to_owned()), Some("09:05:07")),
            (span(1.104_166_666_666_666_7), Some("26:30:00")),
            (span(0.25), Some("06:00:00")),
        ] {
            assert_eq!(text(&cell).as_deref(), said, "{cell:?}");
        }
    }
}
