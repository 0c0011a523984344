//! A gateway of fourteen things, and the home that reads it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::extract::gateway::Asked;
use crate::extract::gateway::Reply;
use crate::extract::gateway::okay;
use crate::library::said;
use crate::library::shuping;

/// What proves who asks.
pub(super) const PROOF: &str = "proof-of-things";

pub(super) const MANIFEST: &str = r#"
format = 1
system = { name = "things", title = "Things", kind = "http" }
auth = { kind = "header", headers = { X-Key = "${secret:things.key}" } }
[http]
url = "URL/v1"
ok = { body = { "/code" = ["200"] }, message = "/msg" }
retry = { body = { "/code" = ["429001"] }, attempts = 4, first = "1ms", max = "2ms", give_up = "5s" }
[[stream]]
name = "rows"
into = "thing"
path = "/rows"
records = "/data/list"
page = { kind = "number", param = "page", size = ["size", 4], total = "/data/total" }
cursor = { param = "from", until = "to", format = "%Y-%m-%d", start = "2025-12-01", step = "31d", lookback = "20d" }
write = "upsert"
[stream.columns]
thing_id = "id"
amount = "amount"
note = "note"
updated_at = "changed"
"#;

/// Pages that say where the next one is.
pub(super) const CURSOR: &str = r#"page = { kind = "cursor", param = "token", next = "/data/next", size = ["size", 4], total = "/data/total" }"#;

pub(super) const SCHEMA: &str = r#"{ "title": "Things", "primaryKey": ["thing_id"], "fields": [
  { "name": "thing_id", "type": "string", "title": "Thing", "constraints": { "required": true } },
  { "name": "amount", "type": "integer", "title": "Amount" },
  { "name": "note", "type": "string", "title": "Note" },
  { "name": "updated_at", "type": "datetime", "title": "Changed" }
] }"#;

const SETTINGS: &str = r#"format = 1
[home]
name  = "things"
title = "Things"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

/// A manifest with another line in the place of the one that begins so.
pub(super) fn with(manifest: &str, begins: &str, line: &str) -> String {
    let old = manifest.lines().find(|old| old.starts_with(begins)).unwrap();
    manifest.replace(old, line)
}

/// A home that reads things at an address.
pub(super) fn home(manifest: &str, url: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("shuping.toml", SETTINGS),
        ("connectors/things.toml", &manifest.replace("URL", url)),
        ("schemas/thing.json", SCHEMA),
        ("secrets/things.key", PROOF),
    ] {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let key = home.path().join("secrets/things.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// What is found of a home: point, verdict and what was found, of each.
pub(super) fn proven(home: &Path, code: i32) -> Vec<(u64, String, String)> {
    let words = ["prove", "things", "--night", "2026-01-06", "--json"];
    let output = shuping(home, &words);
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    assert!(!said(&output).contains(PROOF));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let one = |found: &Value| {
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        assert_eq!(found["verdict"] == "failed", found["hint"].is_string(), "{found}");
        (found["point"].as_u64().unwrap(), text("verdict"), text("found"))
    };
    found.as_array().unwrap().iter().map(one).collect()
}

/// The point that fails, and no other, with what was found of it.
pub(super) fn failure(home: &Path, point: u64) -> String {
    let found = proven(home, 1);
    let failed: Vec<_> = found.iter().filter(|(_, verdict, _)| verdict == "failed").collect();
    assert!(failed.len() == 1 && failed[0].0 == point, "{found:#?}");
    failed[0].2.clone()
}

/// What is known of fourteen things, one of which changed each day.
pub(super) fn things() -> Vec<Value> {
    let thing = |at: i64| json!({ "id": format!("T{at:02}"), "amount": at, "note": "whole", "changed": format!("2025-12-{:02} 08:00:00", 10 + at) });
    (0..14).map(thing).collect()
}

/// The things that changed in the window that is asked for.
pub(super) fn asked_for(asked: &Asked, things: Vec<Value>) -> Vec<Value> {
    let text = |name: &str| asked.fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (from, to) = (text("from"), text("to"));
    let is_in = |thing: &Value| {
        let day = thing["changed"].as_str().unwrap().get(..10).unwrap();
        from <= day && day < to
    };
    things.into_iter().filter(is_in).collect()
}

/// The page of things that is asked for.
pub(super) fn page(asked: &Asked, things: &[Value]) -> Reply {
    let (page, size) = (asked.number("page"), asked.number("size"));
    let list: Vec<&Value> = things.iter().skip((page - 1) * size).take(size).collect();
    okay(&json!({ "code": "200", "data": { "total": things.len(), "list": list } }))
}

/// What proves who asks; whoever looks for the clock shows none.
pub(super) fn key(asked: &Asked) -> &str {
    asked.headers.get("x-key").map_or("", |key| key.to_str().unwrap())
}

/// Says no to whoever has another proof.
pub(super) fn guarded(asked: &Asked, answer: impl FnOnce(&Asked) -> Reply) -> Reply {
    if key(asked) == PROOF { answer(asked) } else { no("401") }
}

/// A gateway as it should be.
pub(super) fn right(asked: &Asked) -> Reply {
    guarded(asked, |asked| page(asked, &asked_for(asked, things())))
}

pub(super) fn no(code: &str) -> Reply {
    okay(&json!({ "code": code, "msg": "no" }))
}
