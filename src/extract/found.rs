//! What stands in an answer where its records should be? A list of them, nothing, or what is no list and
//! is called what it is.

use std::borrow::Cow;

use serde_json::Value;

use super::exact::exact;
use super::plain;
use super::records;
use super::records::Read;
use super::way::Records;
use crate::base::sheet::Sheet;
use crate::spec::connector::Layout;

/// What is known of an answer before its records are looked for.
#[derive(Clone, Copy)]
pub(super) struct Well {
    /// It says that all is well.
    pub(super) is_said: bool,
    /// It says that there are no rows, or no more.
    pub(super) is_nothing: bool,
    /// It holds nothing but what is read of it, so that no error can stand beside.
    pub(super) is_all: bool,
}

/// The rows of the records at a place.
///
/// # Errors
/// What stands there instead.
pub(super) fn sheet(body: &Value, records: Records<'_>, well: Well) -> Read {
    let (at, is_well) = (records.at, well.is_said || well.is_nothing);
    let found = body.pointer(at);
    if let Some(read) = found.and_then(|value| rows(value, records.layout, records.needed)) {
        return read;
    }
    match found {
        // Some gateways say null where there is nothing, or in the place of all that tells it; others say so
        // beside an error.
        Some(value) if is_well && is_empty(value) => Ok(Sheet::default()),
        Some(Value::Null) if well.is_all => Ok(Sheet::default()),
        None if well.is_said && plain::is_null(body, at) => Ok(Sheet::default()),
        Some(Value::Null) => Err(format!(
            "`{at}` is null, which may be an error as well as no rows: name in `ok` how the answer says that all is well"
        )),
        Some(value) if *records.layout != Layout::List => {
            Err(format!("`{at}` is no object of records but {}", called(value)))
        }
        Some(value) => Err(format!("`{at}` is no list but {}", called(value))),
        None => Err(format!("the answer has no `{at}`")),
    }
}

/// The rows of a value that is what records stand in. Some programs write an object without a key as a list.
pub(super) fn rows(value: &Value, layout: &Layout, needed: &[String]) -> Option<Read> {
    match (value, layout) {
        (Value::Array(records), Layout::List) => Some(records::sheet(records, needed)),
        (Value::Object(records), Layout::Keyed(header)) => {
            Some(records::keyed(records, header, needed))
        }
        (Value::Array(records), Layout::Keyed(_)) if records.is_empty() => {
            Some(Ok(Sheet::default()))
        }
        _ => None,
    }
}

/// Whether a value is what is said where there is nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

/// What a value is, without its words.
fn called(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a truth".into(),
        Value::Number(_) => "a number".into(),
        Value::String(text) if text.is_empty() => "an empty text".into(),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(fields) => {
            let keys = if fields.len() == 1 { "key" } else { "keys" };
            format!("an object with {} {keys}", fields.len()).into()
        }
    }
}

/// Whether what leads to a place holds nothing but that and some other places.
pub(super) fn is_all(body: &Value, at: &str, others: &[&str]) -> bool {
    let is_read = |key: String| {
        let below = format!("{key}/");
        [at].iter().chain(others).any(|place| **place == key || place.starts_with(&below))
    };
    let mut above = Some(at);
    while let Some((up, _)) = above.and_then(|place| place.rsplit_once('/')) {
        let fields = body.pointer(up).and_then(Value::as_object).into_iter().flatten();
        let mut keys = fields.map(|(name, _)| name.replace('~', "~0").replace('/', "~1"));
        if keys.any(|name| !is_read(format!("{up}/{name}"))) {
            return false;
        }
        above = Some(up);
    }
    true
}

/// Reads what is a text on the way to a place and holds JSON as what it holds.
pub fn unwrap(body: &mut Value, at: &str) {
    let (mut here, mut steps) = (body, at.split('/').skip(1));
    loop {
        while let Some(held) = here.as_str().and_then(held) {
            *here = held;
        }
        let Some(step) = steps.next() else { return };
        let step = format!("/{step}");
        let Some(below) = here.pointer_mut(&step) else { return };
        here = below;
    }
}

/// The list or object that a text holds.
fn held(text: &str) -> Option<Value> {
    let is_json = text.trim_start().starts_with(['[', '{']);
    is_json.then(|| serde_json::from_str(&exact(text)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_holds_nothing_else_holds_no_error() {
        for (body, is) in [
            (json!(null), true),
            (json!({ "data": { "list": null, "total": null }, "next": "" }), true),
            (json!({ "data": { "list": null }, "code": 500 }), false),
            (json!({ "data": { "list": null, "error": "x" } }), false),
        ] {
            assert_eq!(is_all(&body, "/data/list", &["/data/total", "/next"]), is, "{body}");
        }
        assert!(is_all(&json!(null), "", &[]));
    }

    #[test]
    fn a_text_on_the_way_that_holds_json_is_what_it_holds() {
        let list = json!([{ "id": 1 }]);
        let inner = json!({ "list": list.to_string(), "total": 1 });
        let mut body = json!({ "data": inner.to_string(), "of": "[1]" });
        unwrap(&mut body, "/data/list");
        assert_eq!(body, json!({ "data": { "list": list, "total": 1 }, "of": "[1]" }));
        let mut whole = json!(json!({ "a~": "[]" }).to_string());
        unwrap(&mut whole, "/a~0");
        assert_eq!(whole, json!({ "a~": [] }));
        for text in ["[half", "{", "plain", ""] {
            let mut body = json!({ "data": text });
            unwrap(&mut body, "/data/list");
            assert_eq!(body, json!({ "data": text }));
        }
    }
}
