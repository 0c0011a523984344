//! How does a table become a CSV that Excel opens right? UTF-8 with a byte order mark, decimals as
//! people write them.

use polars::prelude::DataFrame;

use crate::base::cell::Cell;
use crate::frame::table;
use crate::spec::schema::Schema;

/// The file of a table: the columns of its contract, one line a row.
pub(super) fn bytes(schema: &Schema, rows: &DataFrame) -> csv::Result<Vec<u8>> {
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let file = "\u{feff}".as_bytes().to_vec();
    let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
    lines.write_record(&names)?;
    for part in table::parts(rows, PART) {
        for row in table::to_rows(&part, &names) {
            lines.write_record(
                row.iter().map(|cell| cell.as_ref().map_or_else(String::new, text)),
            )?;
        }
    }
    lines.into_inner().map_err(|fault| fault.into_error().into())
}

/// How many rows are held as values at a time.
const PART: usize = 10_000;

fn text(cell: &Cell) -> String {
    let written = cell.written();
    match cell {
        Cell::Decimal(_, 1..) => written.trim_end_matches('0').trim_end_matches('.').to_owned(),
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
}
