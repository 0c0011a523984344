//! What does a request bring with it to prove who sends it? Headers and parameters filled from templates,
//! one of which may be a digest over a text; the vendor's worked examples are proved offline.

use std::hash::BuildHasher as _;
use std::hash::RandomState;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;
use sm3::Sm3;

use crate::base::clock;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::base::pseudonym::hex;
use crate::base::redact::know_secret;
use crate::spec::connector::Auth;
use crate::spec::connector::AuthTest;
use crate::spec::connector::Connector;
use crate::spec::connector::Digest;
use crate::spec::connector::Encoding;
use crate::spec::connector::Named;
use crate::spec::connector::Sign;
use crate::spec::connector::Sorted;
use crate::spec::connector::Source;
use crate::spec::template::Secrets;
use crate::spec::template::TemplateError;

/// Names and their values.
pub(super) type Pairs = Vec<(String, String)>;

/// What is added to a request.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// To its headers.
    pub(super) headers: Pairs,
    /// To its query.
    pub(super) query: Pairs,
    /// To its body.
    pub(super) body: Pairs,
}

/// A request before it is proved.
#[derive(Clone, Copy, Default)]
pub(super) struct Draft<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The query, as it is sent.
    pub(super) query: &'a str,
    /// The body, as it is sent.
    pub(super) body: &'a str,
    /// All parameters, wherever they stand.
    pub(super) parameters: &'a [(String, String)],
    /// What the login gave.
    pub(super) ticket: Option<&'a str>,
}

type Values<'s> = Vec<(&'s str, String)>;

/// What proves one request, made now.
pub(super) fn prove(
    auth: &Auth,
    secrets: &dyn Secrets,
    draft: Draft<'_>,
) -> Result<Proof, TemplateError> {
    let mut values: Values<'_> = Vec::new();
    values.extend(draft.ticket.map(|ticket| ("ticket", ticket.to_owned())));
    if let Some(sign) = &auth.sign {
        let now = clock::now();
        let time =
            strtime::format(&sign.time.format, &now.to_zoned_datetime(sign.time.zone.clone()));
        values.extend([
            ("timestamp", now.as_second().to_string()),
            ("timestamp_ms", now.as_millisecond().to_string()),
            ("time", time.unwrap_or_default()),
            ("nonce", nonce(now.as_nanosecond())),
            ("method", draft.method.to_owned()),
            ("path", draft.path.to_owned()),
            ("query", draft.query.to_owned()),
            ("body", draft.body.to_owned()),
            ("body_sha256", hex(&Sha256::digest(draft.body))),
        ]);
        for (name, text) in &sign.values {
            values.push((name, text.fill(secrets, &[])?));
        }
        sign_into(&mut values, auth, sign, (secrets, draft.parameters))?;
    }
    let mut proof = filled(auth, secrets, &values)?;
    if let Some((user, password)) = &auth.basic {
        let both = format!("{}:{}", user.fill(secrets, &[])?, password.fill(secrets, &[])?);
        let both = STANDARD.encode(both);
        know_secret(&both);
        let header = format!("Basic {both}");
        proof.headers.push(("Authorization".to_owned(), header));
    }
    Ok(proof)
}

fn filled(
    auth: &Auth,
    secrets: &dyn Secrets,
    values: &[(&str, String)],
) -> Result<Proof, TemplateError> {
    let all = |named: &Named| -> Result<Pairs, TemplateError> {
        let filled = named.iter();
        filled.map(|(name, text)| Ok((name.clone(), text.fill(secrets, values)?))).collect()
    };
    Ok(Proof { headers: all(&auth.headers)?, query: all(&auth.query)?, body: all(&auth.body)? })
}

/// Signs the text over some values and parameters; the signature is one more value.
fn sign_into(
    values: &mut Values<'_>,
    auth: &Auth,
    sign: &Sign,
    (secrets, parameters): (&dyn Secrets, &[(String, String)]),
) -> Result<(), TemplateError> {
    if sign.text.names("sorted") && !values.iter().any(|(name, _)| *name == "sorted") {
        let mut all = parameters.to_vec();
        let own = auth.query.iter().chain(&auth.body);
        for (name, text) in own.filter(|(_, text)| !text.names("signature")) {
            all.push((name.clone(), text.fill(secrets, values)?));
        }
        values.push(("sorted", sorted(&sign.sorted, all)));
    }
    let text = sign.text.fill(secrets, values)?;
    let secret = sign.secret.fill(secrets, &[])?;
    let bytes = digest(sign.digest, sign.is_keyed.then_some(secret.as_bytes()), text.as_bytes());
    let signature = match sign.encoding {
        Encoding::Hex => hex(&bytes),
        Encoding::UpperHex => hex(&bytes).to_uppercase(),
        Encoding::Base64 => STANDARD.encode(&bytes),
    };
    values.push(("signature", signature));
    Ok(())
}

/// All parameters by name, as one text.
fn sorted(rule: &Sorted, mut all: Pairs) -> String {
    all.retain(|(_, value)| !rule.is_filled || !value.is_empty());
    all.sort();
    let pairs = all.iter().map(|(name, value)| format!("{name}{}{value}", rule.pair));
    pairs.collect::<Vec<_>>().join(&rule.between)
}

/// A digest of a text, keyed where there is a key (HMAC).
fn digest(digest: Digest, key: Option<&[u8]>, text: &[u8]) -> Vec<u8> {
    match (digest, key) {
        (Digest::Md5, None) => Md5::digest(text).to_vec(),
        (Digest::Sha1, None) => Sha1::digest(text).to_vec(),
        (Digest::Sha256, None) => Sha256::digest(text).to_vec(),
        (Digest::Sha384, None) => Sha384::digest(text).to_vec(),
        (Digest::Sha512, None) => Sha512::digest(text).to_vec(),
        (Digest::Sm3, None) => Sm3::digest(text).to_vec(),
        (Digest::Md5, Some(key)) => keyed::<Hmac<Md5>>(key, text),
        (Digest::Sha1, Some(key)) => keyed::<Hmac<Sha1>>(key, text),
        (Digest::Sha256, Some(key)) => keyed::<Hmac<Sha256>>(key, text),
        (Digest::Sha384, Some(key)) => keyed::<Hmac<Sha384>>(key, text),
        (Digest::Sha512, Some(key)) => keyed::<Hmac<Sha512>>(key, text),
        (Digest::Sm3, Some(key)) => keyed::<Hmac<Sm3>>(key, text),
    }
}

/// An HMAC; a key of any length is one.
fn keyed<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key);
    mac.map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec()).unwrap_or_default()
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
    let Some(sign) = &http.auth.sign else { return Vec::new() };
    let tests = sign.tests.iter().enumerate();
    tests.flat_map(|(at, test)| judge(connector, (&http.auth, sign), test, at)).collect()
}

fn judge(
    connector: &Connector,
    (auth, sign): (&Auth, &Sign),
    test: &AuthTest,
    at: usize,
) -> Vec<Diagnostic> {
    let sent = example(auth, sign, test);
    let found = |name: &str| match &sent {
        Ok(proof) => [&proof.headers, &proof.query, &proof.body]
            .into_iter()
            .flatten()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or_else(|| "–".to_owned(), |(_, value)| value.clone()),
        Err(error) => error.to_string(),
    };
    let wrong = test.expect.iter().filter(|(name, value)| found(name) != *value);
    wrong
        .map(|(name, value)| Diagnostic {
            file: connector.file.clone(),
            place: test.place,
            key: format!("auth.test[{at}].expect"),
            code: Code::SignatureTest,
            nouns: vec![
                ("found", found(name)),
                ("expected", value.clone()),
                ("header", name.clone()),
            ],
        })
        .collect()
}

/// What a worked example sends.
fn example(auth: &Auth, sign: &Sign, test: &AuthTest) -> Result<Proof, TemplateError> {
    let secrets = Example(test);
    let given = test.given.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let mut values: Values<'_> = given.collect();
    let is_given = |name: &str| test.given.iter().any(|(known, _)| known == name);
    for (name, text) in &sign.values {
        if let (false, Ok(value)) = (is_given(name), text.fill(&secrets, &[])) {
            values.push((name, value));
        }
    }
    // An example that tells the instant tells the time.
    let instant = test.given.iter().find_map(|(name, value)| match name.as_str() {
        "timestamp" => jiff::Timestamp::from_second(value.parse().ok()?).ok(),
        "timestamp_ms" => jiff::Timestamp::from_millisecond(value.parse().ok()?).ok(),
        _ => None,
    });
    if let (false, Some(instant)) = (is_given("time"), instant) {
        let zone: TimeZone = sign.time.zone.clone();
        let time = strtime::format(&sign.time.format, &instant.to_zoned_datetime(zone));
        values.push(("time", time.unwrap_or_default()));
    }
    if let (false, Some((_, body))) =
        (is_given("body_sha256"), test.given.iter().find(|(name, _)| name == "body"))
    {
        values.push(("body_sha256", hex(&Sha256::digest(body))));
    }
    sign_into(&mut values, auth, sign, (&secrets, &test.parameters))?;
    filled(auth, &secrets, &values)
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
