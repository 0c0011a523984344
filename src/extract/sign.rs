//! How does a request prove who sends it? By headers filled from templates, one of which may be a
//! digest over a text; the vendor's worked examples are proved offline.

use std::hash::BuildHasher as _;
use std::hash::RandomState;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha2::Digest as _;
use sha2::Sha256;
use sm3::Sm3;

use crate::base::clock;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::base::pseudonym::hex;
use crate::spec::connector::Auth;
use crate::spec::connector::AuthTest;
use crate::spec::connector::Connector;
use crate::spec::connector::Digest;
use crate::spec::connector::Encoding;
use crate::spec::connector::Sign;
use crate::spec::connector::Source;
use crate::spec::template::Secrets;
use crate::spec::template::TemplateError;

/// Headers of a request, or the values that fill them.
pub(super) type Headers = Vec<(String, String)>;

/// The headers of one request, signed now.
pub(super) fn headers(
    auth: &Auth,
    secrets: &dyn Secrets,
    method: &str,
    path: &str,
) -> Result<Headers, TemplateError> {
    match auth {
        Auth::None => Ok(Vec::new()),
        Auth::Headers(headers) => {
            let filled = headers.iter();
            filled.map(|(name, text)| Ok((name.clone(), text.fill(secrets, &[])?))).collect()
        }
        Auth::Sign(sign) => {
            let now = clock::now();
            let mut values = vec![
                ("timestamp", now.as_second().to_string()),
                ("timestamp_ms", now.as_millisecond().to_string()),
                ("nonce", nonce(now.as_nanosecond())),
                ("method", method.to_owned()),
                ("path", path.to_owned()),
            ];
            for (name, text) in &sign.values {
                values.push((name, text.fill(secrets, &[])?));
            }
            signed(sign, secrets, values)
        }
    }
}

/// Signs the text over some values and fills the headers.
fn signed<'s>(
    sign: &'s Sign,
    secrets: &dyn Secrets,
    mut values: Vec<(&'s str, String)>,
) -> Result<Headers, TemplateError> {
    let text = sign.text.fill(secrets, &values)?;
    let secret = sign.secret.fill(secrets, &[])?;
    let bytes = match (sign.digest, sign.is_keyed) {
        (Digest::Sha256, false) => Sha256::digest(&text).to_vec(),
        (Digest::Sm3, false) => Sm3::digest(&text).to_vec(),
        (Digest::Sha256, true) => Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .map(|mac| mac.chain_update(&text).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
        (Digest::Sm3, true) => Hmac::<Sm3>::new_from_slice(secret.as_bytes())
            .map(|mac| mac.chain_update(&text).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
    };
    let signature = match sign.encoding {
        Encoding::Hex => hex(&bytes),
        Encoding::UpperHex => hex(&bytes).to_uppercase(),
        Encoding::Base64 => STANDARD.encode(&bytes),
    };
    values.push(("signature", signature));
    let headers = sign.headers.iter();
    headers.map(|(name, text)| Ok((name.clone(), text.fill(secrets, &values)?))).collect()
}

/// 32 hexadecimal digits that no other request has: std seeds every `RandomState` anew.
fn nonce(nanosecond: i128) -> String {
    let half = || RandomState::new().hash_one(nanosecond).to_be_bytes();
    hex(&[half(), half()].concat())
}

/// The secret of a worked example; an example has no environment.
struct Example<'t>(&'t AuthTest);

impl Secrets for Example<'_> {
    fn env(&self, name: &str) -> Result<String, String> {
        Err(format!("${{env:{name}}}"))
    }

    fn secret(&self, _name: &str) -> Result<String, String> {
        Ok(self.0.secret.clone())
    }
}

/// Proves the worked examples of a connector's signature, offline.
pub fn prove_signatures(connector: &Connector) -> Vec<Diagnostic> {
    let Source::Http(http) = &connector.source else { return Vec::new() };
    let Auth::Sign(sign) = &http.auth else { return Vec::new() };
    let tests = sign.tests.iter().enumerate();
    tests.flat_map(|(at, test)| prove(connector, sign, test, at)).collect()
}

fn prove(connector: &Connector, sign: &Sign, test: &AuthTest, at: usize) -> Vec<Diagnostic> {
    let secrets = Example(test);
    let given = test.given.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let mut values: Vec<(&str, String)> = given.collect();
    for (name, text) in &sign.values {
        let is_given = test.given.iter().any(|(known, _)| known == name);
        if let (false, Ok(value)) = (is_given, text.fill(&secrets, &[])) {
            values.push((name, value));
        }
    }
    let headers = signed(sign, &secrets, values);
    let found = |header: &str| match &headers {
        Ok(headers) => headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(header))
            .map_or_else(|| "–".to_owned(), |(_, value)| value.clone()),
        Err(error) => error.to_string(),
    };
    let wrong = test.expect.iter().filter(|(header, value)| found(header) != *value);
    wrong
        .map(|(header, value)| Diagnostic {
            file: connector.file.clone(),
            place: test.place,
            key: format!("auth.test[{at}].expect"),
            code: Code::SignatureTest,
            nouns: vec![
                ("found", found(header)),
                ("expected", value.clone()),
                ("header", header.clone()),
            ],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_share_a_nonce() {
        let (one, other) = (nonce(1), nonce(1));
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        assert_ne!(one.get(..16), one.get(16..));
    }
}
