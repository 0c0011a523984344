//! What is a reply? An answer, a reason to ask again, or a refusal, with what to do about it.

use std::borrow::Cow;
use std::io::Read as _;
use std::time::Duration;

use encoding_rs::Encoding;
use encoding_rs::GB18030;
use encoding_rs::GBK;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::DATE;
use reqwest::header::HeaderName;
use reqwest::header::LINK;
use reqwest::header::LOCATION;
use reqwest::header::RETRY_AFTER;
use reqwest::header::SET_COOKIE;
use serde_json::Value;

use super::error::ExtractError;
use super::found;
use super::plain;
use super::question::Question;
use super::records::Read;
use super::retry::retry_after;
use super::text::decode;
use super::text::in_gb18030;
use super::way::Records;
use crate::base::redact::theirs;
use crate::spec::connector::Http;
use crate::spec::connector::Script;

/// A clock further off than this is named before the key.
const CLOCK: i64 = 60;

/// Why one attempt brought no answer.
pub(super) enum Fault {
    /// Worth another attempt, after the wait the source asked for.
    Again {
        why: String,
        wait: Option<Duration>,
        /// What to do when patience ends.
        advice: &'static str,
    },
    /// Not worth one.
    Final(ExtractError),
}

impl Fault {
    /// The same of a login on the way to a question.
    pub(super) fn of_login(self) -> Fault {
        match self {
            Fault::Again { why, wait, advice } => {
                Fault::Again { why: format!("its login: {why}"), wait, advice }
            }
            Fault::Final(error) => Fault::Final(error),
        }
    }
}

/// What was answered.
pub(super) struct Answer {
    pub(super) body: Value,
    /// The rows of its records, where they were asked for and are a list.
    pub(super) read: Option<Read>,
    /// The address of the next page, where a header says it.
    pub(super) link: Option<String>,
    /// Whether there is nothing, as the question expects of some statuses.
    pub(super) is_gone: bool,
    /// How long the gateway asks us to wait before the next question.
    pub(super) wait: Option<Duration>,
}

/// A status and a body, as they came.
pub(super) struct Reply {
    pub(super) status: u16,
    wait: Option<Duration>,
    link: Option<String>,
    /// Where it sends us, without what may be a secret.
    location: Option<String>,
    /// The cookies that it sets, as it sets them.
    pub(super) cookies: Vec<String>,
    /// By how many seconds our clock is ahead of theirs.
    ahead: i64,
    /// Whether it is one of the Chinese encodings, as it says or as the connector knows better.
    is_chinese: bool,
    /// How its bytes are packed, which nobody asked for, in a way that is not known.
    packed: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Of a response whose body is still to come.
    pub(super) fn of(response: &Response, now: Timestamp) -> Reply {
        let headers = response.headers();
        let header = |name: HeaderName| headers.get(name).and_then(|text| text.to_str().ok());
        let date = header(DATE).and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let every = |name: HeaderName| {
            headers.get_all(name).into_iter().filter_map(|text| text.to_str().ok())
        };
        Reply {
            status: response.status().as_u16(),
            wait: header(RETRY_AFTER).and_then(|text| retry_after(text, now)),
            link: every(LINK).find_map(next),
            location: header(LOCATION).map(leads_to),
            cookies: every(SET_COOKIE).map(str::to_owned).collect(),
            ahead: date.map_or(0, |date| now.as_second() - date.timestamp().as_second()),
            is_chinese: header(CONTENT_TYPE).is_some_and(is_chinese),
            packed: header(CONTENT_ENCODING).map(theirs).filter(|how| how != "identity"),
            body: Vec::new(),
        }
    }

    /// Unpacks a body that came packed though nobody asked; says how long it is then, or that it is longer than
    /// may be.
    pub(super) fn unpack(&mut self, most: u64) -> Result<u64, String> {
        let packed = self.packed.take().map(|how| how.to_ascii_lowercase());
        let is_gzip = matches!(packed.as_deref(), Some("gzip" | "x-gzip"));
        if !is_gzip || self.body.is_empty() {
            self.packed = packed.filter(|_| !is_gzip);
            return Ok(self.body.len() as u64);
        }
        let mut plain = Vec::new();
        let most = most.saturating_add(1);
        let read = MultiGzDecoder::new(self.body.as_slice()).take(most).read_to_end(&mut plain);
        read.map_err(|_| "the answer is packed (`gzip`), and cut short or damaged".to_owned())?;
        self.body = plain;
        Ok(self.body.len() as u64)
    }

    /// Notes how it is written, if the connector says so.
    pub(super) fn is_written_in(&mut self, encoding: Option<Script>) {
        self.is_chinese = encoding.map_or(self.is_chinese, |known| known == Script::Gb18030);
    }

    /// Its text, by its mark, in UTF-8, or in GB18030 where that is said and it is no UTF-8.
    fn text(&self) -> Option<Cow<'_, str>> {
        let stated = if self.is_chinese { in_gb18030(&self.body) } else { Some(Script::Utf8) };
        let (text, is_damaged) = decode(&self.body, stated);
        Some(text).filter(|_| !is_damaged)
    }

    /// What it says in JSON, if it does.
    pub(super) fn value(&self) -> Option<Value> {
        serde_json::from_str(&self.text()?).ok()
    }

    /// The bytes of a file; none where it is gone.
    pub(super) fn file(
        self,
        question: &Question<'_>,
        http: &Http,
    ) -> Result<Option<Vec<u8>>, Fault> {
        if question.gone.contains(&self.status) {
            return Ok(None);
        }
        if http.okay.status.contains(&self.status) {
            return Ok(Some(self.body));
        }
        let why = format!("HTTP {}", self.status);
        if http.retry.status.contains(&self.status) {
            return Err(self.again(why));
        }
        Err(refused(&question.what, why))
    }

    /// What it is to a question.
    pub(super) fn judge(self, question: &Question<'_>, http: &Http) -> Result<Answer, Fault> {
        let (okay, retry, status) = (&http.okay, &http.retry, self.status);
        let what = question.what.as_str();
        if question.gone.contains(&status) {
            return Ok(Answer {
                body: Value::Null,
                read: None,
                link: None,
                is_gone: true,
                wait: None,
            });
        }
        let is_okay = okay.status.contains(&status);
        if !is_okay && retry.status.contains(&status) {
            return Err(self.again(format!("HTTP {status}")));
        }
        let is_denied = matches!(status, 401 | 403);
        let advice = match status {
            401 | 403 => "; check the key in [auth] and what it may read".to_owned(),
            301 | 302 | 303 | 307 | 308 => self.sent_on(http),
            404 => "; are `url` and `path` right?".to_owned(),
            _ => String::new(),
        };
        let clock = if is_denied { self.clock() } else { String::new() };
        let (body, read) = match self.read(question, http) {
            Ok(read) => read,
            Err(why) if is_okay => return Err(self.again(why)),
            Err(_) => return Err(refused(what, format!("{clock}HTTP {status}{advice}"))),
        };
        let message = Reply::message(http, &body);
        let found = |at: &str| body.pointer(at).and_then(plain::text).unwrap_or_default();
        if let Some(later) = self.later(http, &body) {
            return Err(later);
        }
        if !is_okay {
            return Err(refused(what, format!("{clock}HTTP {status}{message}{advice}")));
        }
        // A gateway that says no inside 200 may mean the signature, and with it the time.
        let clock = if http.auth.sign.is_some() { self.clock() } else { String::new() };
        // A line says of itself only what stands in it.
        let is_asked = |at: &str| !question.is_of_lines() || body.pointer(at).is_some();
        let mut asked = okay.body.iter().filter(|(at, _)| is_asked(at));
        match asked.find(|(at, values)| !values.contains(&found(at))) {
            None => Ok(Answer { body, read, link: self.link, is_gone: false, wait: self.wait }),
            Some((at, _)) if body.pointer(at).is_none() => {
                Err(refused(what, format!("{clock}the answer has no `{at}`{message}")))
            }
            Some((at, _)) => {
                let found = theirs(&found(at));
                Err(refused(what, format!("{clock}`{at}` is {found}{message}")))
            }
        }
    }

    /// Its body, and the rows of the records where they were asked for; nothing else is read from among them.
    fn read(&self, question: &Question<'_>, http: &Http) -> Result<(Value, Option<Read>), String> {
        let (okay, retry) = (&http.okay, &http.retry);
        let text = self.text().ok_or_else(|| self.unreadable())?;
        let is_page = text.trim_start().starts_with('<');
        let mut read = okay.body.iter().chain(&retry.body).map(|(at, _)| at).chain(&okay.message);
        let mut is_apart = |records: &Records<'_>| !read.any(|at| records.hold(at));
        let is_lines = question.is_of_lines();
        let records = question.records.filter(|records| is_lines || is_apart(records));
        let (mut body, read) = match records {
            Some(records) if is_lines && !is_page => {
                records.of(&text).map_err(|why| format!("the answer is cut short, or {why}"))?
            }
            Some(records) => records.of(&text).map_err(|_| self.unreadable())?,
            None => (serde_json::from_str(&text).map_err(|_| self.unreadable())?, None),
        };
        if let Some(records) = question.records.filter(|_| read.is_none()) {
            found::unwrap(&mut body, records.at);
        }
        Ok((body, read))
    }

    /// Why to ask again later, where its body says so.
    pub(super) fn later(&self, http: &Http, body: &Value) -> Option<Fault> {
        let found = |at: &str| body.pointer(at).and_then(plain::text).unwrap_or_default();
        let said = http.retry.body.iter().find(|(at, values)| values.contains(&found(at)));
        let (at, _) = said?;
        let (found, message) = (theirs(&found(at)), Reply::message(http, body));
        Some(self.again(format!("`{at}` is {found}{message}")))
    }

    /// What is said of an answer that sends us elsewhere, to a login perhaps.
    fn sent_on(&self, http: &Http) -> String {
        let renew = format!("`status = [401, {}]`", self.status);
        let renew = http
            .auth
            .login
            .as_ref()
            .map(|_| format!(", or should `renew` in [auth.login] have {renew}"));
        format!("{}{}?", self.elsewhere(), renew.unwrap_or_default())
    }

    /// The same of any answer, as a question without its end.
    pub(super) fn elsewhere(&self) -> String {
        let to = self.location.as_ref().map_or_else(String::new, |to| format!(" to `{to}`"));
        format!("; it sends us elsewhere{to}, where nothing is asked: is `url` right")
    }

    pub(super) fn again(&self, why: String) -> Fault {
        let advice = match self.status {
            429 => "; it is asked too often: lower `rate` or `concurrency` in [http.limit]",
            500.. => "; it is down or busy: ask its owner, a later night asks again",
            _ => "",
        };
        Fault::Again { why, wait: self.wait, advice }
    }

    /// Why its body is no JSON, without its words but the title of a page.
    pub(super) fn unreadable(&self) -> String {
        let Some(text) = self.text() else {
            return match &self.packed {
                Some(how) => format!(
                    "the answer is packed (`{how}`), and we did not ask for that: ask its owner to send it plain"
                ),
                None if self.is_chinese => {
                    "the answer is no GB18030, and that is what it says, or `encoding` in [http]: ask its owner".to_owned()
                }
                None => "the answer is no UTF-8: ask its owner for JSON in UTF-8, or to name its charset in `Content-Type`; `encoding = \"gb18030\"` in [http] reads GBK".to_owned(),
            };
        };
        if text.trim_start().starts_with('<') {
            let title =
                text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
            let title =
                title.map_or_else(String::new, |(title, _)| format!(" `{}`", theirs(title)));
            return format!(
                "the answer is a page{title}, no JSON: is `url` right, or does a proxy or a login stand before it?"
            );
        }
        match serde_json::from_str::<Value>(&text) {
            Err(fault) if !fault.is_eof() => {
                format!("the answer is no JSON at line {} column {}", fault.line(), fault.column())
            }
            _ => "the answer is cut short or no JSON".to_owned(),
        }
    }

    /// The gateway's own words.
    pub(super) fn message(http: &Http, body: &Value) -> String {
        let at = http.okay.message.as_ref();
        let said = at.and_then(|at| plain::text(body.pointer(at)?));
        said.map_or_else(String::new, |said| format!(": {}", theirs(&said)))
    }

    /// What is wrong with our clock, if it is far off.
    pub(super) fn clock(&self) -> String {
        let off = self.ahead.abs();
        if off <= CLOCK {
            return String::new();
        }
        let side = if self.ahead > 0 { "ahead of" } else { "behind" };
        format!("our clock is {off} s {side} its `Date`: set the clock before you doubt the key; ")
    }
}

pub(super) fn refused(what: &str, why: String) -> Fault {
    Fault::Final(ExtractError::Refused { what: what.to_owned(), why })
}

/// Whether a type of content names a Chinese encoding.
fn is_chinese(content: &str) -> bool {
    let content = content.to_ascii_lowercase();
    let label = content.split_once("charset=").map(|(_, label)| label);
    let label = label.and_then(|label| label.trim_matches(['"', ' ']).split([';', '"']).next());
    let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    encoding.is_some_and(|encoding| encoding == GBK || encoding == GB18030)
}

/// Where a header `Location` leads: scheme, host and path, without a user, a query and a session.
fn leads_to(location: &str) -> String {
    let plain = location.split(['?', '#', ';']).next().unwrap_or_default();
    let (scheme, rest) = plain.find("//").map_or(("", plain), |at| plain.split_at(at + "//".len()));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    theirs(&format!("{scheme}{host}{path}"))
}

/// The address of `rel="next"` in a header `Link` (RFC 8288).
fn next(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, after) = after.split_once('>')?;
        let (own, others) = after.split_once('<').unwrap_or((after, ""));
        let is_next = own.split([';', ',']).any(|part| {
            let rel = part.split_once('=');
            let rel = rel.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
            rel.is_some_and(|(_, words)| {
                let words = words.trim().trim_matches(['"', '\'']);
                words.split(' ').any(|word| word.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(address.to_owned());
        }
        rest = after.get(own.len()..).filter(|_| !others.is_empty()).unwrap_or("");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_named_in_many_ways() {
        for (content, is) in [
            ("application/json;charset=GB18030", true),
            ("text/plain; charset=\"gbk\"; x=1", true),
            ("application/json; Charset=gb2312", true),
            ("application/json; charset=utf-8", false),
            ("application/json", false),
            ("application/json; charset=nonsense", false),
        ] {
            assert_eq!(is_chinese(content), is, "{content}");
        }
    }

    #[test]
    fn where_we_are_sent_is_told_without_secrets() {
        for (location, told) in [
            ("https://me:geheim@sso.city/login;jsessionid=1?ticket=2#3", "https://sso.city/login"),
            ("/login?back=%2F", "/login"),
            ("//sso.city", "//sso.city"),
            ("", ""),
        ] {
            assert_eq!(leads_to(location), told, "{location}");
        }
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        for (header, found) in [
            ("</a?p=2>; rel=\"next\"", Some("/a?p=2")),
            ("</a?p=1>; rel=prev, </a?p=3,4>; title=\"x\"; rel=\"last next\"", Some("/a?p=3,4")),
            ("</a?p=2>; rel = \"next\"", Some("/a?p=2")),
            ("</a?p=2>;rel='next'", Some("/a?p=2")),
            ("</a>; rel=\"prev\"", None),
            ("nothing", None),
        ] {
            assert_eq!(next(header).as_deref(), found, "{header}");
        }
    }
}
