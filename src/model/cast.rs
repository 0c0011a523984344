//! How does a text become a value? As people write days, instants, numbers and claims.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::base::cell::Cell;
use crate::base::day::day;
use crate::base::day::excel_day;
use crate::base::day::tells_no_day;
use crate::base::moment::at;
use crate::base::moment::day_of_instant;
use crate::base::moment::instant;
use crate::base::text::clean;
use crate::spec::schema::Field;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Limits;

/// The value of a cleaned text, or why it has none.
///
/// # Errors
/// The reason, as it stands in the quarantine.
pub fn cast(
    text: &str,
    kind: FieldKind,
    formats: &[String],
    zone: &TimeZone,
) -> Result<Cell, &'static str> {
    match kind {
        FieldKind::Text => Some(Cell::Text(text.to_owned())).ok_or("unreadable"),
        FieldKind::Whole => whole(text).map(Cell::Whole).ok_or("not_a_whole_number"),
        FieldKind::Decimal(scale) => {
            decimal(text, scale).map(|digits| Cell::Decimal(digits, scale)).ok_or("not_a_decimal")
        }
        FieldKind::Flag => claim(text).map(Cell::Flag).ok_or("not_a_boolean"),
        // The first stated format that reads; every usual way where none is stated.
        FieldKind::Day => match formats {
            [] => day_of_instant(text, zone).or_else(|| day(text)),
            formats => formats.iter().find_map(|format| day_in(text, format, zone)),
        }
        .map(Cell::Day)
        .ok_or("not_a_day"),
        FieldKind::Instant => match formats {
            [] => instant(text, zone),
            formats => formats.iter().find_map(|format| instant_in(text, format, zone)),
        }
        .map(Cell::Instant)
        .ok_or("not_a_time"),
    }
}

/// A number without the commas that part its thousands; another comma is none of a number.
fn without_commas(text: &str) -> Option<String> {
    let (whole, part) = text.split_at(text.find(['.', '%', '万', ' ']).unwrap_or(text.len()));
    let mut groups = whole.split(',');
    let begin = groups.next()?.trim_start_matches('-').len();
    let is_parted = groups.clone().next().is_some();
    let is_plain = !is_parted || ((1..=3).contains(&begin) && groups.all(|group| group.len() == 3));
    (is_plain && !part.contains(',')).then(|| text.replace(',', ""))
}

fn whole(text: &str) -> Option<i64> {
    let plain = without_commas(text)?;
    let plain = plain.split_once('.').map_or(plain.as_str(), |(whole, part)| {
        if part.bytes().all(|byte| byte == b'0') { whole } else { plain.as_str() }
    });
    plain.parse().ok()
}

/// A number as people write it: 1,234.5, 98% or 1.2万; what does not fit its scale is refused.
fn decimal(text: &str, scale: u8) -> Option<i128> {
    let plain = without_commas(text)?;
    let suffixes = [('%', -2), ('万', 4)];
    let (plain, shift) = suffixes
        .iter()
        .find_map(|(suffix, shift)| Some((plain.strip_suffix(*suffix)?.trim_end(), *shift)))
        .unwrap_or((plain.as_str(), 0));
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    // How many digits stand behind the point once a percentage or a 万 is written out.
    let width = usize::try_from(i32::from(scale) + shift).ok()?;
    if part.len() > width || whole.is_empty() {
        return None;
    }
    let all = format!("{whole}{part:0<width$}");
    all.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| all.parse::<i128>().ok())?
        .map(|n| sign * n)
}

fn claim(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "是" | "Y" | "y" | "yes" => Some(true),
        "false" | "0" | "否" | "N" | "n" | "no" => Some(false),
        _ => None,
    }
}

fn day_in(text: &str, format: &str, zone: &TimeZone) -> Option<Date> {
    match format {
        "excel" => excel_day(text.parse().ok()?),
        "epoch_ms" | "epoch_s" => {
            instant_in(text, format, zone).map(|instant| zone.to_datetime(instant).date())
        }
        _ => Date::strptime(format, text).ok(),
    }
}

fn instant_in(text: &str, format: &str, zone: &TimeZone) -> Option<Timestamp> {
    match format {
        "epoch_ms" if text.len() >= 12 => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        "epoch_s" if text.len() <= 10 => Timestamp::from_second(text.parse().ok()?).ok(),
        "epoch_ms" | "epoch_s" => None,
        _ => at(DateTime::strptime(format, text).ok()?, zone),
    }
}

/// Whether a later source of a value says the same; one that tells only the month says no other day.
pub(super) fn agree(first: &Cell, other: &Cell, text: &str) -> bool {
    match (first, other) {
        (Cell::Day(first), Cell::Day(other)) if tells_no_day(&clean(text)) => {
            first.first_of_month() == other.first_of_month()
        }
        _ => first == other,
    }
}

/// Whether the contract allows a value.
///
/// # Errors
/// The reason, as it stands in the quarantine.
pub(super) fn allowed(field: &Field, value: &Cell) -> Result<(), &'static str> {
    let limits = &field.limits;
    let (number, one) = match value {
        Cell::Text(text) => return allowed_text(limits, text),
        Cell::Whole(number) => (i128::from(*number), 1),
        Cell::Decimal(digits, scale) => (*digits, 10_i128.pow(u32::from(*scale))),
        Cell::Flag(_) | Cell::Day(_) | Cell::Instant(_) => return Ok(()),
    };
    let below = limits.minimum.is_some_and(|minimum| number < i128::from(minimum) * one);
    let above = limits.maximum.is_some_and(|maximum| number > i128::from(maximum) * one);
    if below || above { Err("out_of_range") } else { Ok(()) }
}

fn allowed_text(limits: &Limits, text: &String) -> Result<(), &'static str> {
    if !limits.choices.is_empty() && !limits.choices.contains(text) {
        return Err("not_allowed");
    }
    if limits.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        return Err("wrong_pattern");
    }
    if limits.min_length.is_none() && limits.max_length.is_none() {
        return Ok(());
    }
    let length = text.chars().count() as u64;
    if limits.min_length.is_some_and(|least| length < least) {
        return Err("too_short");
    }
    if limits.max_length.is_some_and(|most| length > most) { Err("too_long") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_in_the_format_that_is_stated() {
        let boston = TimeZone::get("America/New_York").unwrap();
        let read = instant_in("2025-08-01 06:35:06.539+00", "%Y-%m-%d %H:%M:%S%.f+00", &boston);
        assert_eq!(read, Some("2025-08-01T10:35:06.539Z".parse().unwrap()));
    }

    #[test]
    fn commas_part_thousands_or_the_number_is_refused() {
        assert_eq!(whole("1,234,567"), Some(1_234_567));
        assert_eq!(whole("-1,234.00"), Some(-1_234));
        assert_eq!(decimal("12,345.6%", 4), Some(1_234_560));
        for text in ["1,5", "1,2,3", "12,34", "1234,567", ",123", "1,234,5", "1.5,000"] {
            assert_eq!(whole(text), None, "{text}");
            assert_eq!(decimal(text, 2), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(decimal("1,234.50", 2), Some(123_450));
        assert_eq!(decimal("0.125", 2), None);
        assert_eq!(decimal("-0.5", 1), Some(-5));
        assert_eq!(decimal("98%", 4), Some(9_800));
        assert_eq!(decimal("98.75 %", 4), Some(9_875));
        assert_eq!(decimal("98.755%", 4), None);
        assert_eq!(decimal("1.2万", 0), Some(12_000));
    }
}
