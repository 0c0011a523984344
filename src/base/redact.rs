//! What must never be said? The values of secrets, as they are and as they travel, and long numbers, which
//! may be people's. Whatever is printed, logged or noted goes through here last.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use regex::Regex;

use super::pseudonym::hex;
use super::text::clean;

/// The texts of the secrets that this process has read.
static SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Shorter ones are words that stand elsewhere as well.
const SHORTEST: usize = 6;

/// Notes the value of a secret, and how it stands in addresses, headers and dumps.
pub fn know_secret(value: &str) {
    let value = value.trim();
    if value.len() < SHORTEST {
        return;
    }
    let bytes = value.as_bytes();
    let in_address = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    let address: String = bytes.iter().map(in_address).collect();
    let forms = [value.to_owned(), address, hex(bytes), STANDARD.encode(bytes)];
    let mut known = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(forms.into_iter().chain([STANDARD_NO_PAD.encode(bytes)]));
}

/// A text without the values of secrets.
pub fn without_secrets(text: &str) -> String {
    let known = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    // From the longest on: one may stand in another.
    let mut forms: Vec<&String> =
        known.iter().filter(|form| text.contains(form.as_str())).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.into_iter().fold(text.to_owned(), |text, form| text.replace(form.as_str(), "…"))
}

/// The words of another system, fit for an error, a log or a report: one line, not long, without the
/// values of secrets and without the numbers of people, written together or in groups.
pub fn theirs(text: &str) -> String {
    // Cleaning writes an ellipsis as three dots.
    let line = clean(&without_secrets(text)).replace("...", "…");
    without_numbers(&without_secrets(&line)).chars().take(200).collect()
}

/// More digits in groups than a day and an hour have.
const GROUPED: usize = 11;

/// More digits together than a day has.
const TOGETHER: usize = 9;

/// A text without long numbers, also in groups: `13800138000`, `138 0013 8000`, `519902-19870305-1234`.
fn without_numbers(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let mut line = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        if !letter.is_ascii_digit() {
            line.push(*letter);
            at += 1;
            continue;
        }
        let is_joined = |at: usize| {
            is_digit(at) || (matches!(letters.get(at), Some(' ' | '-')) && is_digit(at + 1))
        };
        let end = (at..letters.len()).find(|end| !is_joined(*end)).unwrap_or(letters.len());
        let group = letters.get(at..end).unwrap_or_default();
        let digits = |part: &[char]| part.iter().filter(|letter| letter.is_ascii_digit()).count();
        let is_long = |part: &[char]| part.len() >= TOGETHER;
        if digits(group) >= GROUPED || group.split(|c| !c.is_ascii_digit()).any(is_long) {
            line.push('…');
        } else {
            line.extend(group);
        }
        at = end;
    }
    line
}

/// The number of an identity card, by the day of birth in it and however wrong its end is; or else of a mobile telephone.
static OF_A_PERSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let day = "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])";
    let card = format!("(?<card>[0-9]{{6}}[- ]?{day}[- ]?[0-9]{{2,}}[Xx]?)");
    Regex::new(&format!("{card}|(?:\\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{{4}}[- ]?[0-9]{{4}}")).ok()
});

/// Where numbers of people stand in a text: of identity cards and of mobile telephones. Other long numbers may be
/// those of units and things.
pub fn numbers_of_people(text: &str) -> Vec<Range<usize>> {
    let Some(pattern) = OF_A_PERSON.as_ref() else { return Vec::new() };
    let is_digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(captures) = pattern.captures_at(text, from) {
        let Some(whole) = captures.get(0) else { break };
        let before = is_digit(part(0..whole.start()).chars().next_back());
        let behind = is_digit(part(whole.end()..text.len()).chars().next());
        if captures.name("card").is_some() || !(before || behind) {
            found.push(whole.range());
            from = whole.end();
        } else {
            // It begins with a digit or a plus: the next letter begins right behind.
            from = whole.start() + 1;
        }
    }
    found
}

/// A text without the numbers of people in it; names of units and files keep theirs.
pub fn without_people(text: &str) -> String {
    let mut left = text.to_owned();
    for range in numbers_of_people(text).into_iter().rev() {
        left.replace_range(range, "…");
    }
    left
}

/// A writer that says no secret: whole lines pass, and what is left when it is flushed.
#[derive(Debug)]
pub struct Redacted<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Redacted<W> {
    /// Before another writer.
    pub fn new(out: W) -> Redacted<W> {
        Redacted { out, line: Vec::new() }
    }

    fn pass(&mut self, until: usize) -> io::Result<()> {
        let rest = self.line.split_off(until);
        let line = std::mem::replace(&mut self.line, rest);
        self.out.write_all(without_secrets(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            self.pass(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.line.len())?;
        self.out.flush()
    }
}

impl<W: Write> Drop for Redacted<W> {
    fn drop(&mut self) {
        // Nobody is left who could be told that the last words were lost.
        let _lost = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_another_system_name_nobody() {
        know_secret("gate-key-20260106");
        for (said, left) in [
            ("密钥 gate-key-20260106 无效", "密钥 … 无效"),
            ("张 519902198703051234 不存在", "张 … 不存在"),
            ("id 519902 19870305 123X", "id …X"),
            ("call 138-0013-8000 or 13800138000", "call … or …"),
            ("电话１３８００１３８０００", "电话…"),
            ("since 2026-01-06 02:00:00, page 7", "since 2026-01-06 02:00:00, page 7"),
        ] {
            assert_eq!(theirs(said), left);
        }
        assert_eq!(theirs(&"z".repeat(900)).len(), 200);
    }

    #[test]
    fn numbers_of_people_are_known_among_those_of_units_and_days() {
        for (said, left) in [
            ("519902198506061051", "…"),
            ("甄宓钰519902198506061051_cases.csv", "甄宓钰…_cases.csv"),
            ("51990219850606105x的户主", "…的户主"),
            ("519902-19850606-1051", "…"),
            // A digit too few or too many makes nobody else of it.
            ("5199021985060610, 5199021985060610512", "…, …"),
            ("13800134005 13800134006", "… …"),
            ("反映人138-0013-4005、+86 13800134005", "反映人…、…"),
            ("8613800134005。", "…。"),
            // Units, days and times of exports, numbers of orders.
            ("115199007123456789", "115199007123456789"),
            ("519902001003 三里街道", "519902001003 三里街道"),
            ("办件_20260105093000.csv", "办件_20260105093000.csv"),
            ("2026-01-05 13:00:00", "2026-01-05 13:00:00"),
            ("992025010100010017", "992025010100010017"),
            ("138001340051", "138001340051"),
        ] {
            assert_eq!(without_people(said), left);
        }
    }

    #[test]
    fn a_secret_is_said_in_no_form() {
        know_secret("p@ss/word-7\n");
        know_secret("short");
        let mut said = Vec::new();
        let mut out = Redacted::new(&mut said);
        for word in ["at p@ss/", "word-7, short, ", "p%40ss%2Fword-7\n", "70407373"] {
            out.write_all(word.as_bytes()).unwrap();
        }
        out.write_all(b"2f776f72642d37 ").unwrap();
        out.write_all(STANDARD.encode("p@ss/word-7").as_bytes()).unwrap();
        drop(out);
        assert_eq!(String::from_utf8(said).unwrap(), "at …, short, …\n… …");
    }
}
