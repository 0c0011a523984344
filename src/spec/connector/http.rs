//! How is a gateway asked, page by page?

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::reader::Table;
use super::super::template::Template;
use super::auth;
use super::auth::Auth;
use super::each;
use super::each::Each;
use super::each::row_template;
use super::export;
use super::export::Export;
use super::files::Script;
use super::page;
use super::page::Page;
use super::shape;
use super::values::Method;
use super::values::Place;
use super::values::bodies;
use super::values::json_map;
use super::values::seconds;
use super::values::sent;
use super::values::span_or;
use super::values::statuses;
use super::values::texts;
use crate::base::messages::Code;

/// A gateway.
#[derive(Clone, Debug)]
pub struct Http {
    /// Its address, without the paths of streams.
    pub url: Template,
    /// How long one request may take.
    pub timeout: Duration,
    /// How its answers are written, whatever they say of that.
    pub encoding: Option<Script>,
    /// What an answer must look like.
    pub okay: Okay,
    /// What is asked again, and for how long.
    pub retry: Retry,
    /// How fast it may be asked.
    pub limit: Limit,
    /// The way to it.
    pub way: Way,
    /// How a request proves who sends it.
    pub auth: Auth,
}

/// What an answer must look like; many gateways answer HTTP 200 with an error inside.
#[derive(Clone, Debug)]
pub struct Okay {
    /// Accepted status codes.
    pub status: Vec<u16>,
    /// JSON pointers and their accepted values, numbers as text.
    pub body: Vec<(String, Vec<String>)>,
    /// The JSON pointer of the gateway's own message.
    pub message: Option<String>,
}

/// What is asked again.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Status codes.
    pub status: Vec<u16>,
    /// JSON pointers and the values that mean "later", numbers as text.
    pub body: Vec<(String, Vec<String>)>,
    /// Attempts in all.
    pub attempts: u32,
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// The longest time in all, Retry-After included.
    pub give_up: Duration,
}

/// How fast a system may be asked, all its streams together.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Requests a second; 0 is no limit.
    pub per_second: u32,
    /// Questions that may be open at the same time.
    pub at_once: usize,
    /// The largest answer that is taken, in MB.
    pub answer: u64,
    /// The hours in which it may be asked at all.
    pub hours: Option<Hours>,
}

/// Some hours of every day; they may pass midnight.
#[derive(Clone, Debug)]
pub struct Hours {
    /// From when.
    pub from: Time,
    /// Until when, exclusive.
    pub to: Time,
    /// Where.
    pub zone: TimeZone,
}

impl Hours {
    /// Whether a time of day is one of them.
    pub fn hold(&self, time: Time) -> bool {
        let (is_begun, is_left) = (time >= self.from, time < self.to);
        if self.from < self.to { is_begun && is_left } else { is_begun || is_left }
    }
}

/// What of the way to a gateway is unlike that of others; files are relative to the home.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The certificates of those who may vouch for it, and nobody else.
    pub ca: Option<String>,
    /// Our own certificate and its key.
    pub client: Option<(String, String)>,
    /// What stands between.
    pub proxy: Option<Template>,
}

/// How one stream is asked.
#[derive(Clone, Debug)]
pub struct HttpStream {
    /// The path below the system's address.
    pub path: String,
    /// GET or POST.
    pub method: Method,
    /// Where its parameters stand.
    pub place: Place,
    /// Fixed parameters; texts in them may name a row of the parent.
    pub parameters: Vec<(String, Value)>,
    /// The JSON pointer of the records.
    pub records: String,
    /// How they stand there.
    pub layout: Layout,
    /// How pages follow each other.
    pub page: Page,
    /// The window that is asked for; none asks for everything.
    pub cursor: Option<Cursor>,
    /// The rows of another stream, for each of which it is asked.
    pub each: Option<Each>,
    /// The job that brings its rows in a file, where it is one.
    pub export: Option<Export>,
}

/// How records stand in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In a list.
    List,
    /// In an object, each below its own key, which is read as this header.
    Keyed(String),
    /// One a line, and nothing beside them.
    Lines,
}

/// A window over what changed.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The parameter of its beginning, inclusive; of a database, the column.
    pub param: String,
    /// The parameter of its end, exclusive; of a database, the same column.
    pub until: Option<String>,
    /// How both are written: strftime, `epoch_ms` or `epoch_s`.
    pub format: String,
    /// The first day ever asked for.
    pub start: jiff::civil::Date,
    /// How far back is read again: late corrections.
    pub lookback: jiff::Span,
    /// How close to the night is not yet read: rows committed after it began.
    pub lag: jiff::Span,
    /// The longest window of one slice; only with `until`.
    pub step: Option<jiff::Span>,
}

/// A page is some MB, a file of an export may be more.
const MOST_ANSWER: u64 = 256;

const RETRIED: &[u16] = &[408, 425, 429, 500, 502, 503, 504];

pub(super) fn read(root: &Table<'_>, zone: &str) -> Option<Http> {
    let auth = auth::read(root, zone);
    let Some(http) = root.table("http") else {
        root.missing("http", "{ url = \"…\" }");
        return None;
    };
    let url = Template::read(&http, "url", &[]);
    let timeout = seconds(&http, "timeout", 30);
    let limit = limit(http.table("limit"), zone);
    let way = way(&http);
    let encodings = [("utf-8", Script::Utf8), ("gb18030", Script::Gb18030)];
    let encoding = http.word("encoding", &encodings);
    let okay = okay(http.table("ok"));
    let retry = retry(http.table("retry"));
    Some(Http { url: url?, timeout, encoding, okay, retry, limit, way, auth: auth? })
}

fn way(http: &Table<'_>) -> Way {
    let client = http
        .table("client")
        .map(|client| (client.need_text("certificate"), client.need_text("key")));
    let proxy = http.node("proxy").and_then(|_| Template::read(http, "proxy", &[]));
    Way { ca: http.text("ca"), client, proxy }
}

fn hours(table: &Table<'_>, zone: &str) -> Option<Hours> {
    let (from, to) = table.parsed("hours", "hours such as `20:00-06:00`", |text| {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        Some((time(from)?, time(to)?)).filter(|(from, to)| from != to)
    })?;
    Some(Hours { from, to, zone: TimeZone::get(zone).ok()? })
}

fn limit(table: Option<Table<'_>>, zone: &str) -> Limit {
    let mut limit = Limit { per_second: 0, at_once: 1, answer: MOST_ANSWER, hours: None };
    let Some(table) = table else { return limit };
    let rate =
        table.parsed("rate", "a rate such as `20/s`", |text| text.strip_suffix("/s")?.parse().ok());
    limit.per_second = rate.unwrap_or(0);
    limit.at_once = one_or_more(&table, "concurrency").unwrap_or(limit.at_once);
    limit.answer = one_or_more(&table, "answer_mb").unwrap_or(limit.answer);
    limit.hours = hours(&table, zone);
    limit
}

fn one_or_more<N: TryFrom<u64>>(table: &Table<'_>, key: &'static str) -> Option<N> {
    let number = table.count(key)?;
    if number == 0 {
        let expected = "1 or more".to_owned();
        let nouns = vec![("found", "0".to_owned()), ("expected", expected)];
        table.fault(key, Code::BadNumber, nouns);
    }
    number.try_into().ok()
}

fn okay(table: Option<Table<'_>>) -> Okay {
    let Some(table) = table else {
        return Okay { status: vec![200], body: Vec::new(), message: None };
    };
    let mut status = statuses(&table, "status");
    if status.is_empty() {
        status.push(200);
    }
    Okay { status, body: bodies(&table), message: table.text("message") }
}

fn retry(table: Option<Table<'_>>) -> Retry {
    let mut retry = patience(table.as_ref());
    let Some(table) = table else { return retry };
    let status = statuses(&table, "status");
    if !status.is_empty() {
        retry.status = status;
    }
    retry.body = bodies(&table);
    retry
}

/// How often and for how long something is tried again.
pub(super) fn patience(table: Option<&Table<'_>>) -> Retry {
    let mut retry = Retry {
        status: RETRIED.to_vec(),
        body: Vec::new(),
        attempts: 6,
        first: Duration::from_secs(1),
        max: Duration::from_mins(5),
        give_up: Duration::from_mins(30),
    };
    let Some(table) = table else { return retry };
    if let Some(attempts) = table.count("attempts") {
        retry.attempts = u32::try_from(attempts).unwrap_or(u32::MAX).max(1);
    }
    retry.first = span_or(table, "first", retry.first);
    retry.max = span_or(table, "max", retry.max);
    retry.give_up = span_or(table, "give_up", retry.give_up);
    retry
}

pub(super) fn stream(table: &Table<'_>) -> HttpStream {
    let export = export::read(table);
    let (method, place) = sent(table, if export.is_some() { Method::Post } else { Method::Get });
    let (path, parameters) = (table.need_text("path"), json_map(table, "parameters"));
    named(table, "path", &path);
    let said: Vec<&str> = parameters.iter().flat_map(|(_, value)| texts(value)).collect();
    for text in &said {
        named(table, "parameters", text);
    }
    HttpStream {
        each: each::read(table, &path, &said),
        export,
        path,
        method,
        place,
        parameters,
        records: table.text("records").unwrap_or_default(),
        layout: layout(table),
        page: page::read(table.table("page")),
        cursor: table.table("cursor").as_ref().and_then(cursor),
    }
}

/// How records stand in an answer; lines have nothing beside them that could be read.
fn layout(table: &Table<'_>) -> Layout {
    let is_lines = table.word("form", &[("json", false), ("ndjson", true)]) == Some(true);
    let key = table.node("keyed").and_then(|_| shape::made(table, "keyed"));
    if !is_lines {
        return key.map_or(Layout::List, Layout::Keyed);
    }
    let page = table.node("page").map(|node| Table::of(node, &table.name("page"), table.faults));
    if let Some(page) = &page {
        // Its other keys are asked for where it is read.
        page.free();
    }
    let beside: [(Option<&Table<'_>>, &[&'static str]); 2] = [
        (Some(table), &["records", "keyed", "export"]),
        (page.as_ref(), &["next", "total", "more"]),
    ];
    for (table, keys) in beside {
        let named = table.into_iter().flat_map(|table| keys.iter().map(move |key| (table, *key)));
        for (table, key) in named.filter(|(table, key)| table.node(key).is_some()) {
            table.fault(key, Code::LinesSayNothing, vec![("found", key.to_owned())]);
        }
    }
    Layout::Lines
}

/// Tells a name in a text that is neither a row's, a variable nor a secret: it would be sent as it stands.
fn named(table: &Table<'_>, key: &'static str, text: &str) {
    if let Err((code, nouns)) = row_template(text) {
        table.fault(key, code, nouns);
    }
}

fn cursor(table: &Table<'_>) -> Option<Cursor> {
    let param = table.need_text("param");
    let (until, step) = (table.text("until"), span(table, "step"));
    if step.is_some() && table.node("until").is_none() {
        // Only a window that ends can be one of several.
        table.missing("until", "\"before\"");
    }
    window(table, param, until, step)
}

/// The window of a database's column, its beginning and its end bound to the same name.
pub(super) fn column_cursor(table: &Table<'_>) -> Option<Cursor> {
    let column = table.need_text("column");
    window(table, column.clone(), Some(column), None)
}

fn span(table: &Table<'_>, key: &'static str) -> Option<jiff::Span> {
    table.parsed(key, "a span such as `3d`", |text| text.parse::<jiff::Span>().ok())
}

/// Whether a time can be written so; one that says nothing of it would be sent as it stands.
fn is_time(format: &str) -> bool {
    let any = Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC);
    matches!(format, "epoch_ms" | "epoch_s")
        || (format.contains('%') && strtime::format(format, &any).is_ok())
}

fn window(
    table: &Table<'_>,
    param: String,
    until: Option<String>,
    step: Option<jiff::Span>,
) -> Option<Cursor> {
    let start = table.parsed("start", "a day such as `2024-01-01`", |text| text.parse().ok());
    if start.is_none() && table.node("start").is_none() {
        table.missing("start", "\"2024-01-01\"");
    }
    let expected = "a time of strftime such as `%Y-%m-%d`, `epoch_ms` or `epoch_s`";
    let format = table.parsed("format", expected, |text| is_time(text).then(|| text.to_owned()));
    Some(Cursor {
        param,
        until,
        format: format.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned()),
        lookback: span(table, "lookback").unwrap_or_default(),
        lag: span(table, "lag").unwrap_or_default(),
        step,
        start: start?,
    })
}
