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

/// Puts an instant behind some bytes, as it is written. Many are, and most are a whole second of our time.
pub fn put_instant(bytes: &mut Vec<u8>, instant: Timestamp) {
    let second = instant.as_second();
    if instant.subsec_nanosecond() != 0 || !(0..YEAR_10_000).contains(&second) {
        bytes.extend_from_slice(instant.to_string().as_bytes());
        return;
    }
    let (days, rest) = (second / 86_400, second % 86_400);
    // Years begin in March here, so that the day that may be missing is their last; 400 of them are an era.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    let digits = |number: i64| {
        let number = u8::try_from(number).unwrap_or_default();
        [b'0' + number / 10, b'0' + number % 10]
    };
    let ([c1, c2], [y1, y2]) = (digits(year / 100), digits(year % 100));
    let ([m1, m2], [d1, d2]) = (digits(month), digits(day));
    let ([h1, h2], [n1, n2]) = (digits(rest / 3_600), digits(rest / 60 % 60));
    let [s1, s2] = digits(rest % 60);
    bytes.extend_from_slice(&[
        c1, c2, y1, y2, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z',
    ]);
}

/// The first second of the year 10,000.
const YEAR_10_000: i64 = 253_402_300_800;

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

    fn put(instant: Timestamp) -> String {
        let mut bytes = Vec::new();
        put_instant(&mut bytes, instant);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_instant_is_put_as_it_is_written() {
        let day = 86_400;
        let seconds = (-3..60_000).map(|at| at * 53 * day + at * 7_919).chain([
            0,
            951_782_400,
            4_107_542_399,
            253_402_207_200,
        ]);
        for second in seconds {
            let Ok(instant) = Timestamp::from_second(second) else { continue };
            assert_eq!(put(instant), Cell::Instant(instant).written());
        }
        assert_eq!(put("2025-01-06T04:00:00.25Z".parse().unwrap()), "2025-01-06T04:00:00.25Z");
    }

    #[test]
    fn decimals_keep_their_places() {
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(1200, 2), "12.00");
        assert_eq!(decimal_text(7, 0), "7");
        assert_eq!(["12.50", "12.00", "100"].map(without_noughts), ["12.5", "12", "100"]);
    }
}
