//! Rows as they came: text under the source's own headers, each with its place.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Arc;

/// Some rows of one stream, not yet typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The source's own headers, one a cell.
    pub headers: Vec<String>,
    /// The rows, in the source's order.
    pub rows: Vec<Row>,
}

/// One row of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The page, file or sheet it came from, such as `page 7` or `roster.xlsx sheet 行政编制`.
    pub source: Arc<str>,
    /// The row within that source, as a person would count it.
    pub row: u32,
    /// One cell a header; `None` is absent, null or empty.
    pub cells: Vec<Option<String>>,
}

impl Batch {
    /// Says from which page, file or sheet all rows come.
    pub fn come_from(&mut self, source: &Arc<str>) {
        self.rows.iter_mut().for_each(|row| row.source = Arc::clone(source));
    }

    /// A number that is the same for the same cells, within one run of the program.
    pub fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.headers.hash(&mut hasher);
        self.rows.iter().for_each(|row| row.cells.hash(&mut hasher));
        hasher.finish()
    }

    /// Where a header stands.
    pub fn column(&self, header: &str) -> Option<usize> {
        self.headers.iter().position(|known| known == header)
    }
}

impl Row {
    /// The place in words: `page 7 row 12`.
    pub fn place(&self) -> String {
        format!("{} row {}", self.source, self.row)
    }
}
