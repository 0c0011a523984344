//! Is whatever was promised with format 1 still so? The frozen releases say what was, one of today what is; and the page
//! lists the columns that the contracts have.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use super::format::frozen;
use super::format::json as read;
use super::two_nights;
use crate::world::World;

const MANIFEST: &str = "2026-02-02.1/datapackage.json";

/// Every promise of a manifest that another one breaks.
fn broken(was: &Value, is: &Value) -> Vec<String> {
    let mut broken = gone("the manifest", was, is);
    let tables = |it: &Value| -> BTreeMap<String, Value> {
        let all = it["resources"].as_array().unwrap().iter();
        all.map(|table| (table["path"].as_str().unwrap().to_owned(), table.clone())).collect()
    };
    let is = tables(is);
    for (path, table) in tables(was) {
        match is.get(&path) {
            Some(other) => {
                broken.extend(gone(&path, &table, other));
                broken.extend(table_broken(&path, &table, other));
            }
            None => broken.push(format!("{path} is gone")),
        }
    }
    broken
}

/// The keys that one has and the other has not.
fn gone(of: &str, was: &Value, is: &Value) -> Vec<String> {
    let keys = was.as_object().unwrap().keys().filter(|key| is.get(key).is_none());
    keys.map(|key| format!("{of}: `{key}` is gone")).collect()
}

fn table_broken(path: &str, was: &Value, is: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let differs = |key: &str| was[key] != is[key];
    if differs("name") || was["schema"]["primaryKey"] != is["schema"]["primaryKey"] {
        broken.push(format!("{path}: another name or key"));
    }
    let fields = |table: &Value| table["schema"]["fields"].as_array().unwrap().clone();
    let points = was["schema"]["foreignKeys"].to_string();
    let others = fields(is);
    for (at, field) in fields(was).iter().enumerate() {
        let name = field["name"].as_str().unwrap();
        let Some(other) = others.get(at) else {
            broken.push(format!("{path}: `{name}` is gone"));
            continue;
        };
        // Columns may be added behind those that were there.
        if ["name", "type", "x:scale"].iter().any(|key| field.get(key) != other.get(key)) {
            broken.push(format!("{path}: `{name}` is {other}"));
        }
        let of = |field: &Value, key: &str| field["constraints"][key].clone();
        let codes = |field: &Value| of(field, "enum").as_array().cloned().unwrap_or_default();
        let (had, has) = (codes(field), codes(other));
        let is_other = name == "status" && had != has;
        if is_other || had.iter().any(|code| !has.contains(code)) {
            broken.push(format!("{path}: `{name}` has the codes {has:?}"));
        }
        // A name that nobody knows leaves the column empty that points at it.
        let is_looser = of(field, "required") == true && of(other, "required") != true;
        if is_looser && !points.contains(&format!("[\"{name}\"]")) {
            broken.push(format!("{path}: `{name}` may be empty"));
        }
    }
    broken
}

#[test]
fn nothing_that_was_promised_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    two_nights(folder.path());
    let today = read(&folder.path().join(MANIFEST));
    for (frozen, _) in frozen() {
        assert_eq!(broken(&read(&frozen.join(MANIFEST)), &today), Vec::<String>::new());
    }
}

/// A manifest in which the table of a path, or one of its columns, is another.
fn changed(was: &Value, path: &str, change: &dyn Fn(&mut Value)) -> Value {
    let mut is = was.clone();
    let tables = is["resources"].as_array_mut().unwrap();
    change(tables.iter_mut().find(|table| table["path"] == path).unwrap());
    is
}

/// A change of a table, by its path.
type Change<'c> = (&'c str, &'c dyn Fn(&mut Value));

#[test]
fn whatever_breaks_a_promise_would_be_seen() {
    let [_, (scores, _)] = frozen();
    let was = read(&scores.join(MANIFEST));
    let at = |table: &Value, name: &str| {
        let mut fields = table["schema"]["fields"].as_array().unwrap().iter();
        fields.position(|field| field["name"] == name).unwrap()
    };
    let field = |name: &'static str, key: &'static str, value: Value| {
        move |table: &mut Value| {
            let at = at(table, name);
            table["schema"]["fields"][at][key] = value.clone();
        }
    };
    let codes = |codes: &'static [&'static str]| {
        move |table: &mut Value| {
            let at = at(table, "status");
            table["schema"]["fields"][at]["constraints"]["enum"] = json!(codes);
        }
    };
    let without = |table: &mut Value| {
        let at = at(table, "reason");
        table["schema"]["fields"].as_array_mut().unwrap().remove(at);
    };
    let swapped = |table: &mut Value| table["schema"]["fields"].as_array_mut().unwrap().swap(1, 2);
    let changes: [Change<'_>; 14] = [
        ("metrics.csv", &|table| table["path"] = json!("values.csv")),
        ("metrics.csv", &|table| table["name"] = json!("values")),
        ("metrics.csv", &|table| table["schema"]["primaryKey"] = json!(["metric", "period"])),
        ("metrics.csv", &|table| _ = table.as_object_mut().unwrap().shift_remove("x:lines")),
        ("metrics.csv", &without),
        ("metrics.csv", &swapped),
        ("metrics.csv", &field("value", "type", json!("string"))),
        ("metrics.csv", &field("value", "x:scale", json!(6))),
        ("metrics.csv", &field("period", "name", json!("month"))),
        ("metrics.csv", &field("metric", "constraints", json!({}))),
        ("metrics.csv", &codes(&["ok", "few", "no_data", "not_applicable"])),
        ("metrics.csv", &codes(&["ok", "few", "no_data", "not_applicable", "withheld", "late"])),
        (
            "score.csv",
            &field("state", "constraints", json!({"required": true, "enum": ["scored"]})),
        ),
        ("units.csv", &field("valid_to", "type", json!("datetime"))),
    ];
    for (number, (path, change)) in changes.into_iter().enumerate() {
        let is = changed(&was, path, change);
        assert!(!broken(&was, &is).is_empty(), "change {number} of {path}");
    }
    let mut is = was.clone();
    is.as_object_mut().unwrap().shift_remove("x:content");
    assert_eq!(broken(&was, &is), ["the manifest: `x:content` is gone"]);
    // What may be added breaks nothing.
    let mut is = changed(&was, "metrics.csv", &|table| {
        let fields = table["schema"]["fields"].as_array_mut().unwrap();
        fields.push(json!({"name": "more", "type": "string"}));
        table["x:more"] = json!(1);
    });
    let added = json!({"name": "more", "path": "more.csv", "schema": {"fields": []}});
    is["resources"].as_array_mut().unwrap().push(added);
    assert_eq!(broken(&was, &is), Vec::<String>::new());
}

/// The page of the format.
const PAGE: &str = include_str!("../../../docs/release-format.md");

#[test]
fn the_page_lists_every_file_and_column_as_the_contracts_have_them() {
    let home = World::home();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    let printed = command.arg("--home").arg(home.path()).args(["schema", "--release"]).output();
    let printed = printed.unwrap();
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (_, listed) =
        PAGE.split_once("`shuping schema --release` prints it for a home.\n").unwrap();
    for (listed, wanted) in listed.trim().lines().zip(printed.trim().lines()) {
        assert_eq!(listed, wanted);
    }
    assert_eq!(listed.trim(), printed.trim());
}
