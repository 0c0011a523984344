//! What stands on a sheet? Lines of cells, of a workbook or of a text.

use calamine::Dimensions;

/// What a cell says, if anything.
pub(super) type Cell = Option<String>;

/// A sheet of a workbook, or a text file.
pub(super) struct Sheet {
    /// The file and the sheet.
    pub(super) source: String,
    /// The sheet's own name; a text has none.
    pub(super) name: Cell,
    /// Its lines.
    pub(super) lines: Vec<Line>,
    /// Its merged cells, rows and columns from 0; none where nobody tells them.
    pub(super) merged: Option<Vec<Dimensions>>,
    /// Whether it is a text, in which a row has as many fields as the header.
    pub(super) is_text: bool,
    /// Whether some bytes of the text were none.
    pub(super) is_damaged: bool,
}

/// What a cell says that says what the one above it says.
pub(super) const DITTO: [&str; 3] = ["同上", "〃", "″"];

/// A line of a sheet.
#[derive(Clone)]
pub(super) struct Line {
    /// As a person counts it.
    pub(super) number: u32,
    /// From the first column on.
    pub(super) cells: Vec<Cell>,
}

impl Sheet {
    /// Whether no cell of it says anything.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().flat_map(|line| &line.cells).all(Option::is_none)
    }

    /// The text of a cell, or of the merged cells around it. Rows are counted from 1, columns from 0.
    pub(super) fn covered(&self, row: u32, column: usize) -> Option<&String> {
        let at = u32::try_from(column).ok()?;
        let around = self.merged.iter().flatten().find(|cells| cells.contains(row - 1, at));
        around.map_or_else(
            || self.cell(row, column),
            |cells| self.cell(cells.start.0 + 1, usize::try_from(cells.start.1).ok()?),
        )
    }

    fn cell(&self, row: u32, column: usize) -> Option<&String> {
        let at = self.lines.binary_search_by_key(&row, |line| line.number).ok()?;
        self.lines.get(at)?.cells.get(column)?.as_ref()
    }
}
