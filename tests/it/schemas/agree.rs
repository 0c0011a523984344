//! Do our readers and the JSON Schemas agree, key by key? Both judge what we ship, files that
//! use every key, and more than a thousand that each have one change.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;
use shuping::base::messages::Code;
use shuping::spec::json_schema::JsonSchema;

use super::walk::File;
use super::walk::Place;
use super::walk::every;
use super::walk::places;
use super::walk::read;
use super::walk::shipped;
use super::walk::text;
use crate::python::module;

/// A key that no reader knows.
const STRANGE: &str = "zzz_nobody";

/// A file with one change, and what it is.
struct Changed {
    kind: JsonSchema,
    what: String,
    text: String,
}

#[test]
fn our_readers_accept_what_is_shipped_and_every_key() {
    for file in shipped().into_iter().chain(every()) {
        let faults = read(file.kind, &text(file.kind, &file.value));
        assert!(faults.is_empty(), "{}: {faults:#?}", file.name);
    }
}

#[test]
fn the_keys_of_the_json_schemas_are_those_of_the_readers() {
    let (mut used, mut asked, mut told) = (Keys::new(), Keys::new(), Keys::new());
    for file in every() {
        for place in places(&file) {
            let Some(properties) = place.schema["properties"].as_object() else { continue };
            let at = format!("{}{}", file.kind.name(), place.path);
            let here = file.value.pointer(&place.pointer).unwrap().as_object().unwrap();
            used.entry(at.clone()).or_default().extend(here.keys().cloned());
            told.entry(at.clone()).or_default().extend(properties.keys().cloned());
            asked.entry(at).or_default().extend(asked_at(&file, &place));
        }
    }
    assert_eq!(used, told, "tests/it/schemas/every lacks keys, or has too many");
    // What is written once and read for every word is asked for before the tables are read.
    for at in ["pipeline/measure/[]", "pipeline/metric/[]"] {
        asked.get_mut(at).unwrap().insert("each".to_owned());
    }
    assert_eq!(asked, told);
}

type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys that a reader asks a table for: a strange key is guessed to be one of them.
fn asked_at(file: &File, place: &Place) -> Vec<String> {
    let mut value = file.value.clone();
    let table = value.pointer_mut(&place.pointer).unwrap().as_object_mut().unwrap();
    table.insert(STRANGE.to_owned(), json!(1));
    let faults = read(file.kind, &text(file.kind, &value));
    let strange = faults.iter().find(|fault| fault.key.ends_with(STRANGE));
    let strange = strange.unwrap_or_else(|| panic!("{} {}", file.name, place.pointer));
    let guess = strange.nouns.iter().find(|(noun, _)| *noun == "guess");
    guess.unwrap().1.split("`, `").map(str::to_owned).collect()
}

#[test]
fn both_refuse_the_same_faults() {
    let changed = all_changed();
    let Some(refused) = refused(&changed) else { return };
    let mut disagreed = Vec::new();
    let mut agreed: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, changed) in changed.iter().enumerate() {
        let faults = read(changed.kind, &changed.text);
        let shape = [Code::UnknownKey, Code::MissingKey, Code::WrongType, Code::UnknownWord];
        let is_shape = faults.iter().any(|fault| shape.contains(&fault.code));
        let is_refused = refused.contains(&at);
        // What only a reader can judge, such as an expression or a sum, is none of the schema's business.
        if is_shape != is_refused && (is_shape || faults.is_empty()) {
            let said = if is_shape { "only the reader refuses" } else { "only the schema refuses" };
            disagreed.push(format!("{said} {}\n{faults:?}\n{}", changed.what, changed.text));
        }
        let (refused, accepted) = agreed.entry(changed.kind.name()).or_default();
        *if is_refused { refused } else { accepted } += 1;
    }
    assert!(changed.len() > 1000, "{}", changed.len());
    assert!(disagreed.is_empty(), "{}:\n{}", disagreed.len(), disagreed.join("\n\n"));
    for kind in JsonSchema::ALL {
        let (refused, accepted) = agreed[kind.name()];
        assert!(refused >= 20 && accepted > 0, "{}: {agreed:?}", kind.name());
    }
}

/// Every change of every kind of table, once.
fn all_changed() -> Vec<Changed> {
    let mut changed = Vec::new();
    let mut seen = BTreeSet::new();
    let files = every();
    let mut samples: BTreeMap<String, Value> = BTreeMap::new();
    for file in &files {
        for place in places(file) {
            for (key, value) in file.value.pointer(&place.pointer).unwrap().as_object().unwrap() {
                samples
                    .entry(format!("{}{} {key}", file.kind.name(), place.path))
                    .or_insert(value.clone());
            }
        }
    }
    for file in &files {
        for place in places(file) {
            let at = format!("{}{}", file.kind.name(), place.path);
            let here = file.value.pointer(&place.pointer).unwrap().as_object().unwrap().clone();
            let all = changes(&here, &place, |key| samples.get(&format!("{at} {key}")));
            let new = all
                .into_iter()
                .filter(|(what, _)| seen.insert(format!("{at} {} {what}", place.of)));
            changed.extend(new.map(|(what, table)| with(file, &place, &what, table)));
        }
    }
    changed
}

/// A file whose table is another.
fn with(file: &File, place: &Place, what: &str, table: Table) -> Changed {
    let (mut value, pointer) = focused(&file.value, &place.pointer);
    *value.pointer_mut(&pointer).unwrap() = table.into();
    let what = format!("{}{}: {what}", file.name, place.pointer);
    Changed { kind: file.kind, what, text: text(file.kind, &value) }
}

type Table = serde_json::Map<String, Value>;

/// The ways in which a table can be wrong, and some in which it is not.
fn changes<'s>(
    table: &Table,
    place: &Place,
    sample: impl Fn(&str) -> Option<&'s Value>,
) -> Vec<(String, Table)> {
    let mut all = Vec::new();
    let mut change = |what: String, with: &dyn Fn(&mut Table)| {
        let mut table = table.clone();
        with(&mut table);
        all.push((what, table));
    };
    let Some(properties) = place.schema["properties"].as_object() else {
        // Names are free here, values are not.
        if let Some(first) = table.keys().next() {
            change("a value of another type".into(), &|table| {
                drop(table.insert(first.clone(), json!(1.5)));
            });
            change("nothing in it".into(), &Table::clear);
        }
        return all;
    };
    change("a strange key".into(), &|table| drop(table.insert(STRANGE.into(), json!("x"))));
    for (key, value) in table {
        change(format!("without {key}"), &|table| drop(table.remove(key)));
        change(format!("{key} misspelt"), &|table| {
            let value = table.remove(key).unwrap();
            table.insert(format!("{key}_"), value);
        });
        let others = match value {
            Value::String(_) => vec![json!(1.5), json!(STRANGE)],
            Value::Number(_) | Value::Bool(_) => vec![json!("x")],
            _ => vec![json!(1.5), json!("x")],
        };
        for other in others {
            change(format!("{key} = {other}"), &|table| {
                drop(table.insert(key.clone(), other.clone()));
            });
        }
    }
    for key in properties.keys().filter(|key| !table.contains_key(*key)) {
        if let Some(value) = sample(key) {
            change(format!("with {key}"), &|table| drop(table.insert(key.clone(), value.clone())));
        }
    }
    all
}

/// A file with only as much in its lists as a place needs, and where that place then is.
fn focused(value: &Value, pointer: &str) -> (Value, String) {
    let mut value = value.clone();
    let mut new = String::new();
    for step in pointer.split('/').skip(1) {
        let here = value.pointer_mut(&new).unwrap();
        if let (Value::Array(items), Ok(at)) = (here, step.parse::<usize>()) {
            let item = items.swap_remove(at);
            *items = vec![item];
            new.push_str("/0");
        } else {
            new.push('/');
            new.push_str(step);
        }
    }
    (value, new)
}

/// Which files an outside tool refuses.
fn refused(changed: &[Changed]) -> Option<BTreeSet<usize>> {
    let folder = tempfile::tempdir().unwrap();
    let mut refused = BTreeSet::new();
    for kind in JsonSchema::ALL {
        let of_kind = changed.iter().enumerate().filter(|(_, changed)| changed.kind == kind);
        let names = of_kind.map(|(at, changed)| {
            let ending = if kind == JsonSchema::Table { "json" } else { "toml" };
            let name = format!("{at}.{ending}");
            fs::write(folder.path().join(&name), &changed.text).unwrap();
            name
        });
        let names: Vec<String> = names.collect();
        for path in checked(kind, folder.path(), &names)? {
            let name = Path::new(&path).file_stem().unwrap().to_str().unwrap();
            refused.insert(name.parse().unwrap());
        }
    }
    Some(refused)
}

/// The files of a folder that `check-jsonschema` refuses by the schema that we print.
pub(crate) fn checked(kind: JsonSchema, folder: &Path, names: &[String]) -> Option<Vec<String>> {
    let schema = tempfile::NamedTempFile::new().unwrap();
    fs::write(schema.path(), kind.text()).unwrap();
    let mut command = module("check_jsonschema")?;
    command
        .current_dir(folder)
        .args(["--output-format", "json", "--schemafile"])
        .arg(schema.path());
    let output = command.args(names).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(said["parse_errors"].as_array().map_or(0, Vec::len), 0, "{said:#}");
    let errors = said["errors"].as_array().into_iter().flatten();
    let mut files: Vec<String> =
        errors.map(|error| error["filename"].as_str().unwrap().to_owned()).collect();
    files.dedup();
    Some(files)
}
