//! How does a person stay the same person without a name? By a keyed pseudonym: HMAC-SHA256 of the
//! normalised identity under a key that stands outside the lake.

use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha2::Digest as _;
use sha2::Sha256;

/// The key of a home's pseudonyms. Its bytes are never printed.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

impl Key {
    /// A key from its secret text.
    pub fn new(secret: &str) -> Key {
        Key(secret.trim().as_bytes().to_vec())
    }

    /// The pseudonym of a normalised identity: 32 hexadecimal digits.
    pub fn pseudonym(&self, identity: &str) -> String {
        let bytes = keyed(&self.0, identity.as_bytes());
        hex(bytes.get(..16).unwrap_or_default())
    }

    /// What the lake keeps of the key, so that a night with another key is refused.
    pub fn fingerprint(&self) -> String {
        let bytes = keyed(&self.0, b"shuping pseudonym key");
        hex(bytes.get(..8).unwrap_or_default())
    }
}

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
