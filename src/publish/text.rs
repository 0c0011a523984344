//! How does a table become text? A CSV that Excel opens right, and JSON Lines, row for row the same, decimals as
//! people write them.

use encoding_rs::GB18030;
use polars::prelude::DataFrame;
use rayon::iter::IntoParallelRefIterator as _;
use rayon::iter::ParallelIterator as _;
use serde_json::Value;

use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::without_noughts;
use crate::frame::table;
use crate::spec::schema::Schema;
use crate::spec::settings::CsvEncoding;

/// A table as text: the columns of its contract, one line a row.
pub(super) struct Texts {
    pub(super) csv: Vec<u8>,
    pub(super) lines: Vec<u8>,
}

/// Both texts of a table, made on every core, some rows at a time.
pub(super) fn of(schema: &Schema, rows: &DataFrame, encoding: CsvEncoding) -> csv::Result<Texts> {
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let parts: Vec<DataFrame> = table::parts(rows, PART).collect();
    let parts: csv::Result<Vec<Texts>> = parts
        .par_iter()
        .map(|part| {
            let rows = table::to_rows(part, &names);
            let csv =
                records(rows.iter().map(|row| row.iter().map(|cell| written(cell.as_ref()))))?;
            Ok(Texts { csv: encoded(csv, encoding), lines: lines(&names, &rows) })
        })
        .collect();
    let mark = if encoding == CsvEncoding::Utf8 { "\u{feff}" } else { "" };
    let head = records(std::iter::once(names.iter().map(|name| (*name).to_owned())))?;
    let mut all = Texts { csv: mark.as_bytes().to_vec(), lines: Vec::new() };
    all.csv.extend(head);
    for part in parts? {
        all.csv.extend(part.csv);
        all.lines.extend(part.lines);
    }
    Ok(all)
}

/// How many rows are held as values at a time, a core.
const PART: usize = 10_000;

fn records(rows: impl Iterator<Item = impl Iterator<Item = String>>) -> csv::Result<Vec<u8>> {
    let mut file =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        file.write_record(row.map(String::into_bytes))?;
    }
    file.into_inner().map_err(|fault| fault.into_error().into())
}

/// GB18030 has every character that there is.
fn encoded(csv: Vec<u8>, encoding: CsvEncoding) -> Vec<u8> {
    match encoding {
        CsvEncoding::Utf8 => csv,
        CsvEncoding::Gb18030 => GB18030.encode(&String::from_utf8_lossy(&csv)).0.into_owned(),
    }
}

fn lines(names: &[&str], rows: &[CellRow]) -> Vec<u8> {
    let keys: Vec<String> = names.iter().map(|name| format!("{}:", Value::from(*name))).collect();
    let mut lines = String::new();
    for row in rows {
        for (at, (key, cell)) in keys.iter().zip(row).enumerate() {
            lines.push(if at == 0 { '{' } else { ',' });
            lines.push_str(key);
            lines.push_str(&json(cell.as_ref()));
        }
        lines.push_str("}\n");
    }
    lines.into_bytes()
}

fn json(cell: Option<&Cell>) -> String {
    match cell {
        None => "null".to_owned(),
        Some(cell @ (Cell::Decimal(..) | Cell::Whole(_) | Cell::Flag(_))) => text(cell),
        Some(cell) => Value::from(text(cell)).to_string(),
    }
}

fn written(cell: Option<&Cell>) -> String {
    cell.map_or_else(String::new, text)
}

/// A value as files tell it.
pub(super) fn text(cell: &Cell) -> String {
    let written = cell.written();
    match cell {
        Cell::Decimal(..) => without_noughts(&written).to_owned(),
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_loses_its_empty_places_and_a_text_keeps_its_own() {
        assert_eq!(text(&Cell::Decimal(985_000, 6)), "0.985");
        assert_eq!(text(&Cell::Decimal(3_000_000, 6)), "3");
        assert_eq!(text(&Cell::Decimal(30, 0)), "30");
        assert_eq!(text(&Cell::Text("2.50".to_owned())), "2.50");
    }

    #[test]
    fn a_row_is_one_line_of_json_whose_numbers_keep_every_digit() {
        let exact = Cell::Decimal(1_234_567_890_123_456_789_012, 12);
        let row = vec![Some(Cell::Text("a\"\n".to_owned())), Some(exact), None];
        let told = String::from_utf8(lines(&["x", "y", "z"], &[row])).unwrap();
        assert_eq!(told, "{\"x\":\"a\\\"\\n\",\"y\":1234567890.123456789012,\"z\":null}\n");
    }
}
