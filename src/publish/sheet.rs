//! What does a sheet of a workbook show?

/// What a sheet shows.
pub(super) struct Sheet {
    pub(super) name: String,
    /// Titles and names of its columns.
    pub(super) heads: Vec<(String, String)>,
    /// How many columns stay in sight.
    pub(super) fixed: u16,
    pub(super) rows: Vec<Vec<Shown>>,
}

/// What a cell shows.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Nothing,
    Text(String),
    /// A number, its decimals, and whether it rests on little.
    Number(f64, usize, bool),
}

/// A number that is written, with so many decimals.
pub(super) fn number(written: &str, decimals: usize, is_small: bool) -> Shown {
    written.parse().map_or(Shown::Nothing, |number| Shown::Number(number, decimals, is_small))
}
