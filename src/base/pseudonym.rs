//! How does a person stay the same person without a name? By a keyed pseudonym: HMAC-SHA256 of the
//! normalised identity under a key that stands outside the lake.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;

use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha2::Digest as _;
use sha2::Sha256;

/// The key of a home's pseudonyms. Its bytes are never printed. A key that was changed is a chain: a
/// pseudonym cannot be undone, so that the new key makes a pseudonym of the pseudonym.
#[derive(Clone)]
pub struct Key {
    first: Vec<u8>,
    further: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

impl Key {
    /// A key from its secret text.
    pub fn new(secret: &str) -> Key {
        Key { first: bytes_of(secret), further: Vec::new() }
    }

    /// The chain with one more key.
    #[must_use]
    pub fn then(mut self, secret: &str) -> Key {
        self.further.push(bytes_of(secret));
        self
    }

    /// The pseudonym of a normalised identity: 32 hexadecimal digits.
    pub fn pseudonym(&self, identity: &str) -> String {
        let made =
            |key: &[u8], of: &str| hex(keyed(key, of.as_bytes()).get(..16).unwrap_or_default());
        let first = made(&self.first, identity);
        self.further.iter().fold(first, |pseudonym, key| made(key, &pseudonym))
    }

    /// What the lake keeps of the last key, so that a night with another key is refused.
    pub fn fingerprint(&self) -> String {
        let last = self.further.last().unwrap_or(&self.first);
        let bytes = keyed(last, b"shuping pseudonym key");
        hex(bytes.get(..8).unwrap_or_default())
    }
}

fn bytes_of(secret: &str) -> Vec<u8> {
    secret.trim().as_bytes().to_vec()
}

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The same of a file.
///
/// # Errors
/// A file that can't be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let (mut from, mut hash) = (File::open(path)?, Sha256::new());
    let mut some = vec![0; 1 << 16];
    loop {
        match from.read(&mut some)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(some.get(..count).unwrap_or_default()),
        }
    }
}

/// A text as a number that no other text has.
pub fn print(text: impl AsRef<[u8]>) -> u128 {
    Sha256::digest(text).first_chunk().map_or(0, |half| u128::from_be_bytes(*half))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    String::from_utf8(digits).unwrap_or_default()
}

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes a key of any length.
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pseudonym_is_the_hmac_of_rfc_4231_case_2() {
        let key = Key::new("Jefe");
        assert_eq!(
            key.pseudonym("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
    }
}
