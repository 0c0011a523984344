//! Which of our values does a text mean? By the words of the manifest, or else by the code table of the
//! column; a text that is our value already stays.

use std::borrow::Cow;

use jiff::civil::Date;

use super::cast::cast;
use super::judge::Judge;
use crate::base::cell::Cell;
use crate::base::identity::fold;
use crate::base::text::cleaned;
use crate::base::text::figure;
use crate::base::text::is_fault;
use crate::spec::codes::CodeTable;
use crate::spec::connector::Column as Mapped;
use crate::spec::schema::Field;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Form;

impl Judge<'_> {
    /// The value of a text in a row of a day; none where it is empty or means nothing.
    ///
    /// # Errors
    /// The reason, as it stands in the quarantine.
    pub(super) fn cell(
        &self,
        field: &Field,
        mapped: &Mapped,
        text: &str,
        day: Option<Date>,
    ) -> Result<Option<Cell>, String> {
        let is_text = field.kind == FieldKind::Text;
        let mut text = if is_text { cleaned(text) } else { figure(text) };
        if text.is_empty() || self.stream.empty.iter().any(|word| *word == text) {
            return Ok(None);
        }
        if let Some(pattern) = &mapped.extract {
            let found = pattern.captures(&text).and_then(|groups| groups.get(1));
            text = Cow::Owned(found.ok_or("no_match")?.as_str().to_owned());
        }
        if field.form == Some(Form::Uscc) {
            text = Cow::Owned(fold(&text));
        }
        let codes = field.codes.as_ref().and_then(|name| self.codes.get(&name.value));
        let Some(text) = coded(text, (field, mapped), codes, day)? else { return Ok(None) };
        if field.kind == FieldKind::Text {
            if is_fault(&text) {
                return Err(UNKNOWN.to_owned());
            }
            // A wrong code by its form is no value; of any other text nobody can say what it was.
            if field.form.is_none() && has_lost_digits(&text) {
                return Err("lost_digits".to_owned());
            }
        }
        cast(&text, field.kind, &mapped.formats, &self.zone).map(Some).map_err(str::to_owned)
    }
}

/// A text that nobody says what it means.
const UNKNOWN: &str = "unknown_value";

/// Whether a text is a long number as programs write it that keep sixteen digits of it, 6.2220210010012346E+18, or
/// as a spreadsheet shows one of twelve digits and more, 1.23457E+11. Two numbers that differ in the rest would be one.
fn has_lost_digits(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['e', 'E']) else { return false };
    let least = if power.starts_with('+') { 11 } else { 15 };
    let is_long = power.parse::<u32>().is_ok_and(|power| (least..=30).contains(&power));
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    is_long
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Our word for a cleaned text; none where the manifest says that it means nothing.
fn coded<'t>(
    text: Cow<'t, str>,
    (field, mapped): (&Field, &'t Mapped),
    codes: Option<&'t CodeTable>,
    day: Option<Date>,
) -> Result<Option<Cow<'t, str>>, String> {
    let known = if !mapped.values.is_empty() {
        let line = mapped.values.iter().find(|(word, _)| *word == text);
        line.map(|(_, value)| value.as_deref())
    } else if let Some(codes) = codes {
        codes.value(&text, day).map(Some)
    } else {
        return Ok(Some(text));
    };
    match known {
        Some(value) => Ok(value.map(Cow::Borrowed)),
        None if field.limits.choices.iter().any(|choice| *choice == text) => Ok(Some(text)),
        None => Err(UNKNOWN.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_lost_its_last_digits_is_known() {
        for text in [
            "1.2345678901234568e+22",
            "5.19902E+17",
            "9E+15",
            "-1.5e16",
            "1e22",
            "1.23457E+11",
            "1E+14",
        ] {
            assert!(has_lost_digits(text), "{text}");
        }
        for text in [
            "12345678901234567890123",
            "E17",
            "1E14",
            "3e2",
            "1E+10",
            "1e300",
            "A.5E+17",
            "1.5E+17号",
        ] {
            assert!(!has_lost_digits(text), "{text}");
        }
    }
}
