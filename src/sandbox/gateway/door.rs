//! Who may come in? Whoever signs a fresh time and a nonce that nobody used before.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha2::Sha256;
use sm3::Sm3;

use crate::base::clock;

/// How far a request's time may be from ours.
const FRESH_MS: i64 = 600_000;

/// How a system signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signing {
    Sha256,
    Sm3,
}

/// One system's door.
pub(super) struct Door {
    header: &'static str,
    client: String,
    key: String,
    signing: Signing,
    nonces: Mutex<BTreeSet<String>>,
}

/// Why somebody stays outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Signature = 401_001,
    Expired = 401_002,
}

impl Door {
    pub(super) fn new(signing: Signing, client: &str, key: &str) -> Door {
        let header = match signing {
            Signing::Sha256 => "X-Client-Id",
            Signing::Sm3 => "X-App-Key",
        };
        let (client, key) = (client.to_owned(), key.to_owned());
        Door { header, client, key, signing, nonces: Mutex::default() }
    }

    /// Lets somebody in once.
    pub(super) fn enter(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let header = |name: &str| headers.get(name).and_then(|text| text.to_str().ok());
        let header = |name: &str| header(name).unwrap_or_default();
        let (client, nonce) = (header(self.header), header("X-Nonce"));
        let time = header("X-Timestamp");
        let text = format!("{client}{time}{nonce}");
        let is_signed = STANDARD
            .decode(header("X-Signature"))
            .is_ok_and(|signature| self.is_right(&text, &signature));
        if client != self.client || nonce.is_empty() || !is_signed {
            return Err(Refused::Signature);
        }
        let is_fresh = time.parse().is_ok_and(|time: i64| {
            clock::now().as_millisecond().abs_diff(time) <= FRESH_MS.unsigned_abs()
        });
        if !is_fresh {
            return Err(Refused::Expired);
        }
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.insert(nonce.to_owned()) { Ok(()) } else { Err(Refused::Expired) }
    }

    fn is_right(&self, text: &str, signature: &[u8]) -> bool {
        match self.signing {
            Signing::Sha256 => Hmac::<Sha256>::new_from_slice(self.key.as_bytes())
                .is_ok_and(|mac| mac.chain_update(text).verify_slice(signature).is_ok()),
            Signing::Sm3 => Hmac::<Sm3>::new_from_slice(self.key.as_bytes())
                .is_ok_and(|mac| mac.chain_update(text).verify_slice(signature).is_ok()),
        }
    }
}
