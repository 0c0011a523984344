//! Is this text a unified social credit code (GB 32100), and what kind of body has it? A code alone
//! does not identify a department: some serve two, some departments own several.

use thiserror::Error;

use crate::base::identity::fold;
use crate::base::identity::is_province;
use crate::base::identity::is_scientific;

/// A credit code that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The 18 characters.
    pub code: String,
    /// Where the body is registered (GB/T 2260); `100000` is the centre.
    pub region: String,
    /// What kind of body has it.
    pub body: BodyKind,
}

/// What kind of body has a code, by who registered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyKind {
    /// 机关, by the staffing office.
    Organ,
    /// 事业单位, by the staffing office.
    Institution,
    /// 编办直管群团, by the staffing office.
    MassOrganisation,
    /// Another body that the staffing office registers.
    OtherStaffed,
    /// A body that another authority registers; not under 编制.
    Elsewhere,
}

impl BodyKind {
    /// Its name as the office says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organ => "机关",
            Self::Institution => "事业单位",
            Self::MassOrganisation => "编办直管群团",
            Self::OtherStaffed => "其他",
            Self::Elsewhere => "其他登记部门",
        }
    }
}

/// The first rule that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CreditFault {
    /// Nothing there.
    #[error("the credit code is empty")]
    Empty,
    /// A spreadsheet made it a number and cut it.
    #[error("the credit code is in scientific form; its last digits are lost")]
    SpreadsheetNumber,
    /// Not 18 characters.
    #[error("the credit code has not 18 characters")]
    BadLength,
    /// A character that no code has, such as I, O, S, V, Z.
    #[error("the credit code has a character that no code has (I, O, S, V and Z are none)")]
    BadCharacter,
    /// Its first character is no authority.
    #[error("the credit code begins with no registering authority")]
    BadAuthority,
    /// Characters 3 to 8 are no region.
    #[error("characters 3 to 8 of the credit code are no region")]
    BadRegion,
    /// The last character does not fit.
    #[error("the check character of the credit code does not fit")]
    BadCheck,
    /// The check character of the organisation code inside (GB 11714) does not fit.
    #[error("the organisation code inside the credit code does not fit its own check character")]
    BadOrgCheck,
}

impl CreditFault {
    /// Its name in reasons of a quarantine.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::SpreadsheetNumber => "spreadsheet_number",
            Self::BadLength => "bad_length",
            Self::BadCharacter => "bad_character",
            Self::BadAuthority => "bad_authority",
            Self::BadRegion => "bad_region",
            Self::BadCheck => "bad_check",
            Self::BadOrgCheck => "bad_org_check",
        }
    }
}

/// The characters of a code; a character's place is its value.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Judges a text as it came.
pub fn judge(text: &str) -> Result<Credit, CreditFault> {
    let code = fold(text);
    if code.is_empty() {
        return Err(CreditFault::Empty);
    }
    if is_scientific(&code) {
        return Err(CreditFault::SpreadsheetNumber);
    }
    if code.chars().count() != 18 {
        return Err(CreditFault::BadLength);
    }
    let values: Vec<usize> = code.chars().filter_map(|letter| ALPHABET.find(letter)).collect();
    if values.len() != 18 {
        return Err(CreditFault::BadCharacter);
    }
    let body = read_body(&code).ok_or(CreditFault::BadAuthority)?;
    let region = read_region(&code).ok_or(CreditFault::BadRegion)?;
    if values.last() != Some(&check_value(&values)) {
        return Err(CreditFault::BadCheck);
    }
    if code.chars().nth(16) != Some(organisation_check(&code)) {
        return Err(CreditFault::BadOrgCheck);
    }
    Ok(Credit { code, region, body })
}

/// The whole code that begins with these 16 characters: authority, kind, region, organisation.
pub(crate) fn completed(begin: &str) -> String {
    let mut code = begin.to_owned();
    code.push(organisation_check(&code));
    let values: Vec<usize> = code.chars().filter_map(|letter| ALPHABET.find(letter)).collect();
    code.extend(ALPHABET.chars().nth(check_value(&values)));
    code
}

fn read_body(code: &str) -> Option<BodyKind> {
    let mut places = code.chars();
    let (authority, kind) = (places.next()?, places.next()?);
    match (authority, kind) {
        ('1', '1') => Some(BodyKind::Organ),
        ('1', '2') => Some(BodyKind::Institution),
        ('1', '3') => Some(BodyKind::MassOrganisation),
        ('1', _) => Some(BodyKind::OtherStaffed),
        ('2'..='9' | 'A' | 'N' | 'Y', _) => Some(BodyKind::Elsewhere),
        _ => None,
    }
}

fn read_region(code: &str) -> Option<String> {
    let region = code.get(2..8)?;
    let is_number = region.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = region == "100000" || region.get(..2).is_some_and(is_province);
    (is_number && is_known).then(|| region.to_owned())
}

/// The value of the 18th character by the first 17, whose weights are the powers of 3.
fn check_value(values: &[usize]) -> usize {
    let (mut sum, mut weight) = (0, 1);
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31
}

/// The check character of the organisation code (GB 11714) in places 9 to 17.
fn organisation_check(code: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let values = code.chars().skip(8).filter_map(|letter| letter.to_digit(36));
    let sum: u32 = values.zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    match 11 - sum % 11 {
        11 => '0',
        rest => char::from_digit(rest, 10).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_is_told_apart() {
        for (text, told) in [
            ("11511301008778175u", "机关"),
            ("1151130100877817", "bad_length"),
            ("TE5116020105116050", "bad_authority"),
            ("11511301008778175W", "bad_check"),
            ("11511301008778176Y", "bad_org_check"),
            ("1.15113E+17", "spreadsheet_number"),
        ] {
            let judged = judge(text).map_or_else(CreditFault::name, |credit| credit.body.name());
            assert_eq!(judged, told, "{text}");
        }
    }
}
