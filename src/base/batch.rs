//! Rows as they came: text under the source's own headers, each with its place.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Arc;

/// The header under which stands why a row is none of the table's own.
pub const FILTERED: &str = "_filtered";

/// What stands there where a row says no more than that its parent has none.
pub const NONE: &str = "_none";

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

    /// Puts other rows behind these, each cell below its header.
    pub fn append(&mut self, other: Batch) {
        let known = self.headers.len();
        let mut places = Vec::with_capacity(other.headers.len());
        for header in other.headers {
            places.push(self.column(&header).unwrap_or(self.headers.len()));
            if places.last() == Some(&self.headers.len()) {
                self.headers.push(header);
            }
        }
        let width = self.headers.len();
        if width > known {
            self.rows.iter_mut().for_each(|row| row.cells.resize(width, None));
        }
        if places.iter().copied().eq(0..width) {
            self.rows.extend(other.rows);
            return;
        }
        let moved = |mut row: Row| {
            let mut cells = vec![None; width];
            for (place, cell) in places.iter().zip(&mut row.cells) {
                cells.get_mut(*place).into_iter().for_each(|own| *own = cell.take());
            }
            Row { cells, ..row }
        };
        self.rows.extend(other.rows.into_iter().map(moved));
    }

    /// A number that is the same for the same cells, in one build of the program.
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A batch of a page.
    pub(crate) fn batch(headers: &[&str], rows: &[&[Option<&str>]]) -> Batch {
        let row = |cells: &&[Option<&str>]| Row {
            source: Arc::from("page 1"),
            row: 1,
            cells: cells.iter().map(|cell| cell.map(str::to_owned)).collect(),
        };
        Batch {
            headers: headers.iter().map(ToString::to_string).collect(),
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn rows_that_are_appended_keep_every_cell_below_its_header() {
        let mut whole = batch(&["a", "b"], &[&[Some("1"), Some("2")]]);
        whole.append(batch(&["a", "b"], &[&[Some("3"), None]]));
        whole.append(batch(&["c", "b"], &[&[Some("4"), Some("5")]]));
        whole.append(batch(&[], &[&[]]));
        let expected: [&[Option<&str>]; 4] = [
            &[Some("1"), Some("2"), None],
            &[Some("3"), None, None],
            &[None, Some("5"), Some("4")],
            &[None, None, None],
        ];
        assert_eq!(whole, batch(&["a", "b", "c"], &expected));
        let mut empty = Batch::default();
        empty.append(whole.clone());
        assert_eq!(empty, whole);
    }
}
