//! Does the software agree with cases worked out by hand? The cases were written before it.

mod codes;
mod contradictions;
mod days;
pub(crate) mod figures;
mod findings;
mod majors;
mod metrics;
mod models;
mod names;
mod parts;
mod peers;
mod people;
mod reforms;
mod retirement;
mod spreads;

use std::collections::BTreeMap;

use crate::shared::shared;

/// One case: cells by header.
struct Case(BTreeMap<String, String>);

impl Case {
    /// A cell; the header must exist.
    fn cell(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("the cases have no column `{column}`"))
    }

    /// A cell, if it is not empty.
    fn filled(&self, column: &str) -> Option<&str> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty())
    }

    /// A cell as what it stands for, if it is not empty.
    fn read<T: std::str::FromStr>(&self, column: &str) -> Option<T> {
        let read = |cell: &str| {
            cell.parse()
                .unwrap_or_else(|_| panic!("{column}: cannot read `{cell}` of {:?}", self.0))
        };
        self.filled(column).map(read)
    }
}

/// The cases of a file of `refdata/domain`, text as it stands there; none where they are not here.
fn cases(file: &str) -> Option<Vec<Case>> {
    let path = shared("refdata/domain")?.join(file);
    let mut reader = csv::Reader::from_path(&path).expect("the cases can be read");
    let headers = reader.headers().expect("the cases have headers").clone();
    let case = |record: csv::Result<csv::StringRecord>| {
        let record = record.expect("the cases are CSV");
        let owned = |(header, cell): (&str, &str)| (header.to_owned(), cell.to_owned());
        Case(headers.iter().zip(record.iter()).map(owned).collect())
    };
    Some(reader.records().map(case).collect())
}
