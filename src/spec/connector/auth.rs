//! How does a request prove who sends it?

use super::super::reader::Table;
use super::super::template::Template;

/// A kind of proof.
#[derive(Clone, Debug)]
pub enum Auth {
    /// None.
    None,
    /// Fixed headers, such as a bearer token or a key.
    Headers(Vec<(String, Template)>),
    /// A signature over a text.
    Sign(Box<Sign>),
}

/// A signature by template.
#[derive(Clone, Debug)]
pub struct Sign {
    /// The secret of an HMAC; a plain digest has it inside `text`.
    pub secret: Template,
    /// The digest.
    pub digest: Digest,
    /// Whether the digest is keyed with the secret (HMAC).
    pub is_keyed: bool,
    /// How its bytes are written.
    pub encoding: Encoding,
    /// The text that is signed.
    pub text: Template,
    /// Names for the templates.
    pub values: Vec<(String, Template)>,
    /// The headers of a request.
    pub headers: Vec<(String, Template)>,
    /// The vendor's worked examples.
    pub tests: Vec<AuthTest>,
}

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256
    Sha256,
    /// SM3 国密
    Sm3,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Upper-case hexadecimal.
    UpperHex,
    /// Base64 with padding.
    Base64,
}

/// A worked example: given these values, these headers.
#[derive(Clone, Debug)]
pub struct AuthTest {
    /// The secret of the example.
    pub secret: String,
    /// The values of its templates.
    pub given: Vec<(String, String)>,
    /// The headers it must give.
    pub expect: Vec<(String, String)>,
    /// Where it stands.
    pub place: crate::base::diagnostic::Place,
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Header,
    Sign,
}

/// The names that a signed text may use beside its own values.
const SIGNED: &[&str] = &["timestamp", "timestamp_ms", "nonce", "signature", "method", "path"];

pub(super) fn read(root: &Table<'_>) -> Option<Auth> {
    let Some(auth) = root.table("auth") else { return Some(Auth::None) };
    let kinds = [("none", Kind::None), ("header", Kind::Header), ("sign", Kind::Sign)];
    let kind = auth.word("kind", &kinds);
    if kind.is_none() && auth.node("kind").is_none() {
        auth.missing("kind", "\"sign\"");
    }
    match kind? {
        Kind::None => Some(Auth::None),
        Kind::Header => Some(Auth::Headers(templates(&auth, "headers", &[]))),
        Kind::Sign => sign(&auth).map(|sign| Auth::Sign(Box::new(sign))),
    }
}

fn sign(auth: &Table<'_>) -> Option<Sign> {
    let algorithms = [
        ("hmac-sha256", (Digest::Sha256, true)),
        ("hmac-sm3", (Digest::Sm3, true)),
        ("sha256", (Digest::Sha256, false)),
        ("sm3", (Digest::Sm3, false)),
    ];
    let encodings =
        [("hex", Encoding::Hex), ("HEX", Encoding::UpperHex), ("base64", Encoding::Base64)];
    let algorithm = auth.word("algorithm", &algorithms);
    if algorithm.is_none() && auth.node("algorithm").is_none() {
        auth.missing("algorithm", "\"hmac-sm3\"");
    }
    let encoding = auth.word("encoding", &encodings).unwrap_or(Encoding::Hex);
    let values = templates(auth, "values", &[]);
    let names: Vec<&str> =
        values.iter().map(|(name, _)| name.as_str()).chain(SIGNED.iter().copied()).collect();
    let text = Template::read(auth, "text", &names);
    let headers = templates(auth, "headers", &names);
    let secret = Template::read(auth, "secret", &[]);
    let tests = auth.tables("test").iter().map(auth_test).collect();
    let (digest, is_keyed) = algorithm?;
    Some(Sign { secret: secret?, digest, is_keyed, encoding, text: text?, values, headers, tests })
}

fn auth_test(test: &Table<'_>) -> AuthTest {
    AuthTest {
        secret: test.need_text("secret"),
        given: test.text_map("given"),
        expect: test.text_map("expect"),
        place: test.place,
    }
}

pub(super) fn templates(
    table: &Table<'_>,
    key: &'static str,
    names: &[&str],
) -> Vec<(String, Template)> {
    let entries = table.text_map(key).into_iter();
    entries
        .filter_map(|(name, text)| {
            let template = Template::parse(&text, names);
            template.map_err(|(code, nouns)| table.fault(key, code, nouns)).ok().map(|t| (name, t))
        })
        .collect()
}
