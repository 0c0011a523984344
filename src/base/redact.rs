//! What must never be said? The values of secrets, as they are and as they travel, and long numbers, which
//! may be people's. Whatever is printed, logged or noted goes through here last.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::pseudonym::hex;

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
