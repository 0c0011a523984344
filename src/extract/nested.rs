//! What of a record does nobody read that is no plain value? A list is told as `tags[]`, an object as `who{}`, with
//! how many elements or fields there are, never with their words.

use std::borrow::Cow;

use serde_json::Value;

use crate::base::sheet::Texts;

/// The ends of the names by which a list and an object are told.
const LIST: &str = "[]";
const OBJECT: &str = "{}";

/// How many elements a list has, or fields an object.
pub(super) struct Elements {
    end: &'static str,
    count: usize,
}

impl Elements {
    pub(super) fn of_list(count: usize) -> Elements {
        Elements { end: LIST, count }
    }

    pub(super) fn of_object(count: usize) -> Elements {
        Elements { end: OBJECT, count }
    }

    /// The name by which it is told and its count; none where there is nothing in it.
    pub(super) fn told(&self, at: &str) -> Option<(String, String)> {
        (self.count > 0).then(|| (format!("{at}{}", self.end), self.count.to_string()))
    }

    fn tell(&self, at: &str, tell: &mut dyn FnMut(String, String)) {
        if let Some((name, count)) = self.told(at) {
            tell(name, count);
        }
    }
}

/// What a header counts, and the key or pointer that a manifest calls it by, if it is one of ours.
pub(super) fn counted(header: &str) -> Option<(&'static str, Cow<'_, str>)> {
    // Of a key that was set apart the end stands in brackets too.
    let (own, is_apart) = match header.strip_prefix('(').and_then(|own| own.strip_suffix(')')) {
        Some(own) => (own, true),
        None => (header, false),
    };
    let known = [(LIST, "list"), (OBJECT, "object")];
    let (name, kind) = known.iter().find_map(|(end, kind)| Some((own.strip_suffix(end)?, kind)))?;
    let name = if is_apart { format!("({name})").into() } else { Cow::from(name) };
    Some((kind, name))
}

/// How many rows, elements or fields a column that nobody reads tells of.
pub(super) fn amount(header: &str, cells: &Texts) -> u64 {
    if counted(header).is_none() {
        return cells.filled() as u64;
    }
    // A key of the source's own that only looks like one of ours has other texts.
    cells.iter().flatten().map(|count| count.parse().unwrap_or(1)).sum()
}

/// What stands beside the places that are pointed at, by its own pointer.
pub(super) fn beside(
    value: &Value,
    at: &str,
    pointers: &[&str],
    tell: &mut dyn FnMut(String, String),
) {
    if !at.is_empty() && pointers.contains(&at) {
        return;
    }
    let below = format!("{at}/");
    let is_open = at.is_empty() || pointers.iter().any(|pointer| pointer.starts_with(&below));
    match value {
        Value::Object(fields) if is_open => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                beside(value, &format!("{below}{key}"), pointers, tell);
            }
        }
        Value::Array(list) if is_open => {
            let places = (0..list.len()).map(|nth| format!("{below}{nth}"));
            let is_read = |place: &String| {
                let within = format!("{place}/");
                pointers.iter().any(|pointer| *pointer == place || pointer.starts_with(&within))
            };
            let (read, others): (Vec<_>, Vec<_>) =
                places.zip(list).partition(|(at, _)| is_read(at));
            for (place, value) in read {
                beside(value, &place, pointers, tell);
            }
            Elements::of_list(others.len()).tell(at, tell);
        }
        Value::Object(fields) => Elements::of_object(fields.len()).tell(at, tell),
        Value::Array(list) => Elements::of_list(list.len()).tell(at, tell),
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        // A key of the record itself is a column of its own.
        _ if at.matches('/').count() < 2 => {}
        Value::String(text) => tell(at.to_owned(), text.clone()),
        plain => tell(at.to_owned(), plain.to_string()),
    }
}
