//! One typed value of a table.

use jiff::Timestamp;
use jiff::civil::Date;

/// A value; absence is `Option`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A decimal: its digits, and how many of them stand behind the point.
    Decimal(i128, u8),
    /// A boolean.
    Flag(bool),
    /// A calendar day.
    Day(Date),
    /// An instant, whole microseconds.
    Instant(Timestamp),
}

impl Cell {
    /// The value as people write it; instants in UTC with `Z`.
    pub fn written(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Whole(number) => number.to_string(),
            Cell::Decimal(digits, scale) => decimal_text(*digits, *scale),
            Cell::Flag(flag) => flag.to_string(),
            Cell::Day(day) => day.to_string(),
            Cell::Instant(instant) => instant.to_string(),
        }
    }
}

/// Some cells as people write them, with `between` between them; an empty cell is an empty text.
pub fn joined<'c>(cells: impl Iterator<Item = Option<&'c Cell>>, between: char) -> String {
    let mut text = String::new();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(between);
        }
        match cell {
            Some(Cell::Text(own)) => text.push_str(own),
            Some(cell) => text.push_str(&cell.written()),
            None => {}
        }
    }
    text
}

/// The text of a cell of a row; none where it has another value or none.
pub fn text_of(cell: Option<&Option<Cell>>) -> Option<String> {
    match cell {
        Some(Some(Cell::Text(text))) => Some(text.clone()),
        _ => None,
    }
}

/// The day of a cell of a row; none where it has another value or none.
pub fn day_of(cell: Option<&Option<Cell>>) -> Option<Date> {
    match cell {
        Some(Some(Cell::Day(day))) => Some(*day),
        _ => None,
    }
}

/// A decimal as people write it: all its places, no exponent.
pub fn decimal_text(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let plain = format!("{:0>width$}", digits.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, part) = plain.split_at(plain.len() - usize::from(scale));
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// A decimal without the noughts at its end.
pub fn without_noughts(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A row of a table, one entry a column.
pub type CellRow = Vec<Option<Cell>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_places() {
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(1200, 2), "12.00");
        assert_eq!(decimal_text(7, 0), "7");
        assert_eq!(["12.50", "12.00", "100"].map(without_noughts), ["12.5", "12", "100"]);
    }
}
