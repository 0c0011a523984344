//! What may a key of a connector hold beside texts and numbers? Times, statuses, templates.

use std::time::Duration;

use super::super::reader::Table;
use super::super::template::Template;
use super::super::tree::Node;
use super::super::tree::Value;
use crate::base::messages::Code;

/// A template under the name that it is sent by.
pub type Named = Vec<(String, Template)>;

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
