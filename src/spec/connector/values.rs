//! What may a key of a connector hold beside texts and numbers? Times, statuses, templates, JSON.

use std::time::Duration;

use serde_json::Number;
use serde_json::Value as Json;

use super::super::reader::Faults;
use super::super::reader::Table;
use super::super::template::Template;
use super::super::tree::Node;
use super::super::tree::Value;
use crate::base::messages::Code;

/// A template under the name that it is sent by.
pub type Named = Vec<(String, Template)>;

/// GET or POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
}

/// Where the parameters of a request stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the query of its address.
    Query,
    /// In a body, as a form.
    Form,
    /// In a body, as JSON.
    Json,
}

/// How a request is sent: the query of GET and the JSON body of POST are usual.
pub(super) fn sent(table: &Table<'_>, usual: Method) -> (Method, Place) {
    let methods = [("GET", Method::Get), ("POST", Method::Post)];
    let method = table.word("method", &methods).unwrap_or(usual);
    let places = [("query", Place::Query), ("form", Place::Form), ("json", Place::Json)];
    let usual = if method == Method::Get { Place::Query } else { Place::Json };
    (method, table.word("place", &places).unwrap_or(usual))
}

pub(super) fn seconds(table: &Table<'_>, key: &'static str, default: u64) -> Duration {
    span_or(table, key, Duration::from_secs(default))
}

pub(super) fn span_or(table: &Table<'_>, key: &'static str, default: Duration) -> Duration {
    span_of(table, key).unwrap_or(default)
}

pub(super) fn span_of(table: &Table<'_>, key: &'static str) -> Option<Duration> {
    let read = |text: &str| Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok();
    table.parsed(key, "a time such as `30s`", read)
}

pub(super) fn statuses(table: &Table<'_>, key: &'static str) -> Vec<u16> {
    let Some(node) = table.node(key) else { return Vec::new() };
    let read = |text: String| {
        let status = text.parse().ok().filter(|status| (100..600).contains(status));
        if status.is_none() {
            let nouns = vec![("found", text), ("expected", "a status of HTTP".to_owned())];
            table.fault(key, Code::BadNumber, nouns);
        }
        status
    };
    scalars(node).into_iter().filter_map(read).collect()
}

pub(super) fn bodies(table: &Table<'_>) -> Vec<(String, Vec<String>)> {
    let Some(body) = table.table("body") else { return Vec::new() };
    let entries = body.free();
    entries.iter().map(|entry| (entry.key.clone(), scalars(&entry.node))).collect()
}

/// The scalars of a node or of a list, as text.
pub(super) fn scalars(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(items) => items.iter().flat_map(scalars).collect(),
        Value::Text(text) | Value::Other(text) => vec![text.clone()],
        Value::Whole(number) => vec![number.to_string()],
        Value::Flag(flag) => vec![flag.to_string()],
        Value::Table(_) => Vec::new(),
    }
}

pub(super) fn templates(table: &Table<'_>, key: &'static str, names: &[&str]) -> Named {
    let entries = table.text_map(key).into_iter();
    entries
        .filter_map(|(name, text)| {
            let template = Template::parse(&text, names);
            template.map_err(|(code, nouns)| table.fault(key, code, nouns)).ok().map(|t| (name, t))
        })
        .collect()
}

/// A table of values that are sent as JSON, and as texts where they stand in no JSON body.
pub(super) fn json_map(table: &Table<'_>, key: &'static str) -> Vec<(String, Json)> {
    let Some(table) = table.table(key) else { return Vec::new() };
    let entries = table.free().into_iter();
    entries
        .filter_map(|entry| {
            let name = table.name(&entry.key);
            Some((entry.key.clone(), json(&entry.node, &name, table.faults)?))
        })
        .collect()
}

fn json(node: &Node, name: &str, faults: &Faults) -> Option<Json> {
    match &node.value {
        Value::Text(text) => Some(text.as_str().into()),
        Value::List(all) => all.iter().map(|one| json(one, name, faults)).collect(),
        Value::Table(all) => {
            let all = all.iter();
            all.map(|it| {
                let name = format!("{name}.{}", it.key);
                Some((it.key.clone(), json(&it.node, &name, faults)?))
            })
            .collect()
        }
        Value::Whole(_) | Value::Flag(_) | Value::Other(_) => plain(node, name, faults),
    }
}

/// A number or a flag.
pub(super) fn plain(node: &Node, name: &str, faults: &Faults) -> Option<Json> {
    match &node.value {
        Value::Whole(number) => Some((*number).into()),
        Value::Flag(flag) => Some((*flag).into()),
        Value::Other(text) => {
            let number = text.parse::<f64>().ok().and_then(Number::from_f64);
            if number.is_none() {
                let expected = "a text, a number, a flag, an array or a table".to_owned();
                let nouns = vec![("found", text.clone()), ("expected", expected)];
                faults.add(node.place, name, Code::BadNumber, nouns);
            }
            number.map(Json::Number)
        }
        Value::Text(_) | Value::List(_) | Value::Table(_) => None,
    }
}

/// Every text in a value.
pub(super) fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(all) => all.iter().flat_map(texts).collect(),
        Json::Object(all) => all.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}
