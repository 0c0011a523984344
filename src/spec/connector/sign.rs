//! What of a request is signed, and how?

use jiff::tz::TimeZone;

use super::super::reader::Table;
use super::super::template::Template;
use super::values::Named;
use super::values::templates;
use crate::base::messages::Code;

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
    /// How `${time}` is written.
    pub time: Written,
    /// How `${sorted}` is written.
    pub sorted: Sorted,
    /// Names for the templates.
    pub values: Named,
    /// The vendor's worked examples.
    pub tests: Vec<AuthTest>,
}

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
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

/// How the time of a request is written.
#[derive(Clone, Debug)]
pub struct Written {
    /// strftime.
    pub format: String,
    /// Where.
    pub zone: TimeZone,
}

/// All parameters of a request, by name: `a=1&b=2`.
#[derive(Clone, Debug)]
pub struct Sorted {
    /// Between a name and its value.
    pub pair: String,
    /// Between one and the next.
    pub between: String,
    /// Whether those without a value are left out.
    pub is_filled: bool,
}

/// A worked example: given these values and parameters, what is sent.
#[derive(Clone, Debug)]
pub struct AuthTest {
    /// The secret of the example.
    pub secret: String,
    /// The values of its templates.
    pub given: Vec<(String, String)>,
    /// The parameters of its request.
    pub parameters: Vec<(String, String)>,
    /// The headers and parameters it must give.
    pub expect: Vec<(String, String)>,
    /// Where it stands.
    pub place: crate::base::diagnostic::Place,
}

/// The names that a signed text may use beside its own values.
const SIGNED: &[&str] = &[
    "timestamp",
    "timestamp_ms",
    "time",
    "nonce",
    "method",
    "path",
    "query",
    "sorted",
    "body",
    "body_sha256",
];

const ALGORITHMS: [(&str, (Digest, bool)); 12] = [
    ("hmac-md5", (Digest::Md5, true)),
    ("hmac-sha1", (Digest::Sha1, true)),
    ("hmac-sha256", (Digest::Sha256, true)),
    ("hmac-sha384", (Digest::Sha384, true)),
    ("hmac-sha512", (Digest::Sha512, true)),
    ("hmac-sm3", (Digest::Sm3, true)),
    ("md5", (Digest::Md5, false)),
    ("sha1", (Digest::Sha1, false)),
    ("sha256", (Digest::Sha256, false)),
    ("sha384", (Digest::Sha384, false)),
    ("sha512", (Digest::Sha512, false)),
    ("sm3", (Digest::Sm3, false)),
];

/// How it is signed, and the names that what is added to a request may hold.
pub(super) fn read(auth: &Table<'_>, zone: &str, has_ticket: bool) -> (Option<Sign>, Vec<String>) {
    let encodings =
        [("hex", Encoding::Hex), ("HEX", Encoding::UpperHex), ("base64", Encoding::Base64)];
    let algorithm = auth.word("algorithm", &ALGORITHMS);
    if algorithm.is_none() && auth.node("algorithm").is_none() {
        auth.missing("algorithm", "\"hmac-sm3\"");
    }
    let encoding = auth.word("encoding", &encodings).unwrap_or(Encoding::Hex);
    let values = templates(auth, "values", &[]);
    let own = values.iter().map(|(name, _)| name.as_str());
    let ticket = has_ticket.then_some("ticket");
    let names: Vec<&str> = own.chain(SIGNED.iter().copied()).chain(ticket).collect();
    let text = Template::read(auth, "text", &names);
    let names = names.into_iter().chain(["signature"]).map(str::to_owned).collect();
    let secret = Template::read(auth, "secret", &[]);
    let time = time(auth.table("time").as_ref(), zone);
    let sorted = sorted(auth.table("sorted").as_ref());
    let tests = auth.tables("test").iter().map(auth_test).collect();
    let needed = algorithm.zip(secret).zip(text.zip(time));
    let sign = needed.map(|(((digest, is_keyed), secret), (text, time))| Sign {
        secret,
        digest,
        is_keyed,
        encoding,
        text,
        time,
        sorted,
        values,
        tests,
    });
    (sign, names)
}

fn time(table: Option<&Table<'_>>, zone: &str) -> Option<Written> {
    let format = table.and_then(|table| table.text("format"));
    let own = table.and_then(|table| table.text("zone"));
    let found = TimeZone::get(own.as_deref().unwrap_or(zone)).ok();
    if let (None, Some(own), Some(table)) = (&found, own, table) {
        let nouns = vec![("found", own), ("expected", "an IANA time zone".to_owned())];
        table.fault("zone", Code::BadNumber, nouns);
    }
    let format = format.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
    if let (Err(_), Some(table)) = (
        jiff::fmt::strtime::format(
            &format,
            &jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC),
        ),
        table,
    ) {
        let nouns =
            vec![("found", format.clone()), ("expected", "a format of strftime".to_owned())];
        table.fault("format", Code::BadNumber, nouns);
    }
    Some(Written { format, zone: found? })
}

fn sorted(table: Option<&Table<'_>>) -> Sorted {
    let text = |key| table.and_then(|table| table.text(key));
    let empty =
        table.and_then(|table| table.word("empty", &[("leave_out", true), ("keep", false)]));
    Sorted {
        pair: text("pair").unwrap_or_else(|| "=".to_owned()),
        between: text("between").unwrap_or_else(|| "&".to_owned()),
        is_filled: empty.unwrap_or(true),
    }
}

fn auth_test(test: &Table<'_>) -> AuthTest {
    AuthTest {
        secret: test.need_text("secret"),
        given: test.text_map("given"),
        parameters: test.text_map("parameters"),
        expect: test.text_map("expect"),
        place: test.place,
    }
}
