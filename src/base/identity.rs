//! Is this text an identity number (GB 11643), and whose day of birth and sex does it tell? A fault
//! names the first rule that fails and never repeats the text.

use std::fmt;

use jiff::civil::Date;
use thiserror::Error;

use crate::base::text::squeeze;

/// An identity number that keeps the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The 18 characters; a number of 15 is widened, or one person would become two.
    pub number: String,
    /// The day of birth it tells.
    pub birth_date: Date,
    /// The sex it tells.
    pub sex: Sex,
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.number.get(..6), self.number.get(16..));
        write!(out, "Identity({}**********{})", first.unwrap_or_default(), last.unwrap_or_default())
    }
}

/// A sex as an identity number tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

impl Sex {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// Its code in GB/T 2261.1.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }
}

/// The first rule that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityFault {
    /// Nothing there.
    #[error("the identity number is empty")]
    Empty,
    /// A spreadsheet made it a number and cut it.
    #[error("the identity number is in scientific form; its last digits are lost")]
    SpreadsheetNumber,
    /// Something other than digits and a last X.
    #[error("the identity number has a character other than digits and a last X")]
    BadCharacter,
    /// Neither 15 nor 18 characters.
    #[error("the identity number has neither 15 nor 18 characters")]
    BadLength,
    /// Its first two digits are no province.
    #[error("the identity number begins with no province")]
    BadRegion,
    /// No day of birth, or one after the day of the file.
    #[error("the identity number holds no possible day of birth")]
    BadDate,
    /// The check character does not fit.
    #[error("the check character of the identity number does not fit")]
    BadCheck,
}

impl IdentityFault {
    /// Its name in reasons of a quarantine.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::SpreadsheetNumber => "spreadsheet_number",
            Self::BadCharacter => "bad_character",
            Self::BadLength => "bad_length",
            Self::BadRegion => "bad_region",
            Self::BadDate => "bad_date",
            Self::BadCheck => "bad_check",
        }
    }
}

/// Judges a text as it came, as of the day of its file.
pub fn judge(text: &str, as_of: Date) -> Result<Identity, IdentityFault> {
    let folded = fold(text);
    if folded.is_empty() {
        return Err(IdentityFault::Empty);
    }
    if is_scientific(&folded) {
        return Err(IdentityFault::SpreadsheetNumber);
    }
    if !folded.bytes().all(|byte| byte.is_ascii_digit() || byte == b'X') {
        return Err(IdentityFault::BadCharacter);
    }
    if !matches!(folded.len(), 15 | 18) {
        return Err(IdentityFault::BadLength);
    }
    if folded.bytes().take(17).any(|byte| byte == b'X') {
        return Err(IdentityFault::BadCharacter);
    }
    let number = if folded.len() == 15 { widen(&folded) } else { folded };
    if !number.get(..2).is_some_and(is_province) {
        return Err(IdentityFault::BadRegion);
    }
    let birth_date = read_day(&number).ok_or(IdentityFault::BadDate)?;
    if birth_date > as_of {
        return Err(IdentityFault::BadDate);
    }
    if !number.ends_with(check_character(&number)) {
        return Err(IdentityFault::BadCheck);
    }
    let is_odd = number.as_bytes().get(16).is_some_and(|digit| digit % 2 == 1);
    let sex = if is_odd { Sex::Male } else { Sex::Female };
    Ok(Identity { number, birth_date, sex })
}

/// What a spreadsheet and a typist add goes: width, case, blanks, a leading apostrophe.
pub(crate) fn fold(text: &str) -> String {
    let squeezed = squeeze(text).to_uppercase();
    squeezed.trim_start_matches(['\'', '\u{2018}', '\u{2019}', '`']).to_owned()
}

/// Whether a folded text is a number that a spreadsheet shows as `5.1E+17`.
pub(crate) fn is_scientific(folded: &str) -> bool {
    folded.contains('E') && folded.contains(['.', '+']) && folded.parse::<f64>().is_ok()
}

/// Whether two digits are the province of a code in GB/T 2260, a revoked one included.
pub(crate) fn is_province(code: &str) -> bool {
    const PROVINCES: [&str; 35] = [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37",
        "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64",
        "65", "71", "81", "82", "83",
    ];
    PROVINCES.contains(&code)
}

/// A number of 15 digits, all of them given before 2000, with its century and check character.
fn widen(legacy: &str) -> String {
    let (region, rest) = legacy.split_at_checked(6).unwrap_or((legacy, ""));
    let mut number = format!("{region}19{rest}");
    number.push(check_character(&number));
    number
}

fn read_day(number: &str) -> Option<Date> {
    let year = number.get(6..10)?.parse().ok()?;
    let month = number.get(10..12)?.parse().ok()?;
    let day = number.get(12..14)?.parse().ok()?;
    Date::new(year, month, day).ok()
}

/// The 18th character by the first 17.
pub(crate) fn check_character(number: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = number.chars().filter_map(|letter| letter.to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    match sum % 11 {
        0 => '1',
        1 => '0',
        2 => 'X',
        rest => char::from_digit(12 - rest, 10).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_number_of_15_digits_is_the_person_of_the_18() {
        let as_of = date(2026, 11, 24);
        let widened = judge("５１９９０２５０ 0101011", as_of).unwrap();
        assert_eq!(widened.number, "519902195001010116");
        let whole = judge("519902195001010116", as_of).unwrap();
        assert_eq!((whole.birth_date, whole.sex), (date(1950, 1, 1), Sex::Male));
        assert_eq!(judge("51990250010101X", as_of), Err(IdentityFault::BadCharacter));
    }

    #[test]
    fn a_number_is_not_shown_in_a_log() {
        let identity = judge("519902197606060000", date(2026, 11, 24)).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity(519902**********00)");
    }
}
