//! Which tables stand in a file, and which part of a JSON Schema speaks of each?

use std::fs;
use std::path::Path;

use serde_json::Value;
use shuping::base::diagnostic::Diagnostic;
use shuping::spec::connector::read_connector;
use shuping::spec::json_schema::JsonSchema;
use shuping::spec::pipeline::read_pipeline;
use shuping::spec::schema::read_schema;
use shuping::spec::scoring::read_tree;
use shuping::spec::settings::read_settings;

/// A file of a home.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) kind: JsonSchema,
    pub(crate) value: Value,
}

/// A table of a file.
pub(crate) struct Place {
    /// Where it stands: `/stream/0/columns`.
    pub(crate) pointer: String,
    /// The same without numbers and free names: `/stream/[]/columns`.
    pub(crate) path: String,
    /// What decides on its keys: its `kind` or `type`, and the system's.
    pub(crate) of: String,
    /// What the JSON Schema says of it.
    pub(crate) schema: Value,
}

/// The JSON Schema of a kind.
pub(crate) fn json_schema(kind: JsonSchema) -> Value {
    serde_json::from_str(kind.text()).unwrap()
}

/// The files of every kind that we ship: the default home and the examples.
pub(crate) fn shipped() -> Vec<File> {
    let mut all = Vec::new();
    for home in ["", "examples/boston/", "examples/library/", "examples/receipt/"] {
        for (folder, kind) in [
            ("connectors", JsonSchema::Connector),
            ("pipelines", JsonSchema::Pipeline),
            ("pipelines/scoring", JsonSchema::Scoring),
            ("schemas", JsonSchema::Table),
        ] {
            all.extend(files(&format!("{home}{folder}"), |_| kind));
        }
        all.push(file(&format!("{home}shuping.toml"), JsonSchema::Settings));
    }
    all
}

/// Files that use every key there is; their names begin with their kind.
pub(crate) fn every() -> Vec<File> {
    let kind = |name: &str| JsonSchema::named(name.split(['.', '_']).next().unwrap()).unwrap();
    files("tests/it/schemas/every", kind)
}

fn files(folder: &str, kind: impl Fn(&str) -> JsonSchema) -> Vec<File> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| [".toml", ".json"].iter().any(|end| name.ends_with(end))).collect();
    names.sort();
    names.iter().map(|name| file(&format!("{folder}/{name}"), kind(name))).collect()
}

fn file(name: &str, kind: JsonSchema) -> File {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let value = match kind {
        JsonSchema::Table => serde_json::from_str(&text).unwrap(),
        _ => toml::from_str(&text).unwrap(),
    };
    File { name: name.to_owned(), kind, value }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A value as the text of a file.
pub(crate) fn text(kind: JsonSchema, value: &Value) -> String {
    match (kind, value) {
        (JsonSchema::Table, _) => value.to_string(),
        (_, Value::Object(root)) => {
            let lines = root.iter();
            let lines = lines.map(|(key, value)| format!("{} = {}", quoted(key), inline(value)));
            lines.collect::<Vec<_>>().join("\n")
        }
        _ => panic!("a file of TOML is a table"),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(table) => {
            let entries =
                table.iter().map(|(key, value)| format!("{} = {}", quoted(key), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// What the reader says of a file; nothing is that it accepts it.
pub(crate) fn read(kind: JsonSchema, text: &str) -> Vec<Diagnostic> {
    let faults = match kind {
        JsonSchema::Connector => read_connector("f", text).err(),
        JsonSchema::Pipeline => read_pipeline("f", "f", text).err(),
        JsonSchema::Scoring => read_tree("f", text).err(),
        JsonSchema::Settings => read_settings("f", text).err(),
        JsonSchema::Table => read_schema("f", "f", text).err(),
    };
    assert!(!faults.as_ref().is_some_and(Vec::is_empty), "refused without a word: {text}");
    faults.unwrap_or_default()
}

/// Every table of a file.
pub(crate) fn places(file: &File) -> Vec<Place> {
    let root = json_schema(file.kind);
    let system = file.value.pointer("/system/kind").and_then(Value::as_str).unwrap_or_default();
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), String::new(), root.clone())];
    while let Some((pointer, path, schema)) = waiting.pop() {
        let value = file.value.pointer(&pointer).unwrap();
        let schema = resolved(&root, &schema, value);
        let below = below(value, &schema).into_iter().filter(|(.., value)| is_nested(value));
        let below = below.map(|(key, name, schema, _)| {
            (format!("{pointer}/{key}"), format!("{path}/{name}"), schema)
        });
        waiting.extend(below);
        if let Value::Object(table) = value {
            let kinds = ["kind", "type"].map(|key| table.get(key).and_then(Value::as_str));
            let of = kinds.into_iter().flatten().chain([system]).collect::<Vec<_>>().join(" ");
            found.push(Place { pointer, path, of, schema });
        }
    }
    found
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// What stands in a table or a list: its key in a pointer, its name, its schema and itself.
fn below<'v>(value: &'v Value, schema: &Value) -> Vec<(String, String, Value, &'v Value)> {
    match value {
        Value::Object(table) => {
            let entry = |(key, value): (&String, &'v Value)| {
                let pointer = key.replace('~', "~0").replace('/', "~1");
                match schema["properties"].get(key) {
                    Some(own) => (pointer, key.clone(), own.clone(), value),
                    None => {
                        (pointer, "*".to_owned(), schema["additionalProperties"].clone(), value)
                    }
                }
            };
            table.iter().map(entry).collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(at, item)| (at.to_string(), "[]".to_owned(), schema["items"].clone(), item))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The part of a schema that speaks of a table or a list, names followed and choices made.
fn resolved(root: &Value, schema: &Value, value: &Value) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let named = root.pointer(name.trim_start_matches('#')).unwrap();
        return resolved(root, named, value);
    }
    let wanted = if value.is_object() { "object" } else { "array" };
    if schema.get("type").is_some_and(|kind| kind == wanted) {
        return schema.clone();
    }
    let choices = ["anyOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    let mut choices = choices.flatten().map(|choice| resolved(root, choice, value));
    choices.find(|choice| !choice.is_null()).unwrap_or_default()
}
