//! What does a release say of itself? A Data Package (2.0), each table with its contract, its hash and its
//! twins, and a seal over all of it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::Label;
use super::Resource;
use crate::base::pseudonym::sha256;
use crate::spec::settings::CsvEncoding;

/// The format of a release, as `docs/release-format.md` fixes it.
const FORMAT: u32 = 1;

/// The manifest's file.
pub(super) const FILE: &str = "datapackage.json";

const SEAL: &str = "x:seal";

/// The twins of a table, beside its CSV.
pub(super) const TWINS: [(&str, &str); 2] = [("x:parquet", "parquet"), ("x:lines", "jsonl")];

/// What came before a release.
#[derive(Debug)]
pub(super) struct Before {
    /// The revision of the same night that it supersedes.
    pub(super) superseded: Option<String>,
    /// The release that its changes are told from.
    pub(super) since: Option<String>,
}

/// The manifest of a release.
pub(super) fn manifest(
    label: &Label<'_>,
    (name, content): (&str, &str),
    before: &Before,
    (resources, files): (&[Value], &[Value]),
) -> Value {
    let mut manifest = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": label.name,
        "title": format!("{} {}", label.title, label.night),
        "version": name,
        "created": label.created.to_string(),
        "resources": resources,
        "x:format": FORMAT,
        "x:night": label.night.to_string(),
        "x:as_of": label.as_of.to_string(),
        "x:home": label.home,
        "x:content": content,
        "x:files": files,
    });
    if let Some(table) = manifest.as_object_mut() {
        let before = [("x:supersedes", &before.superseded), ("x:changes_since", &before.since)];
        let said = before.into_iter().chain([("x:rows", &label.rows)]);
        if !label.closed.is_empty() {
            let closed = label.closed.iter();
            let closed = closed.map(|(of, from)| json!({ "period": of, "release": from }));
            table.insert("x:closed".to_owned(), closed.collect());
        }
        for (key, name) in said {
            table.extend(name.as_ref().map(|name| (key.to_owned(), json!(name))));
        }
    }
    let seal = sealed(&manifest);
    if let Some(table) = manifest.as_object_mut() {
        table.insert(SEAL.to_owned(), json!(seal));
    }
    manifest
}

/// The seal over everything else that a manifest says.
fn sealed(manifest: &Value) -> String {
    let mut rest = manifest.clone();
    if let Some(table) = rest.as_object_mut() {
        table.shift_remove(SEAL);
    }
    format!("sha256:{}", sha256(rest.to_string().as_bytes()))
}

/// The manifest of a release; none where it is not there or is no JSON.
pub(super) fn read(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
}

/// Whether a manifest is as it was sealed; those from before there was a format have no seal.
pub(super) fn is_whole(manifest: &Value) -> bool {
    let seal = manifest.get(SEAL).and_then(Value::as_str);
    match manifest.get("x:format") {
        None => seal.is_none(),
        Some(_) => seal == Some(sealed(manifest).as_str()),
    }
}

/// One table of a manifest.
pub(super) fn resource(
    (resource, contract): (&Resource<'_>, Value),
    csv: (&[u8], CsvEncoding),
    twins: [&[u8]; 2],
) -> Value {
    let mut said = json!({
        "name": resource.schema.name,
        "title": resource.schema.title,
        "type": "table",
        "path": format!("{}.csv", resource.file),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": csv.1.name(),
        "bytes": csv.0.len(),
        "hash": format!("sha256:{}", sha256(csv.0)),
        "schema": contract,
        "x:class": resource.schema.class,
    });
    for ((key, ending), bytes) in TWINS.into_iter().zip(twins) {
        if let Some(table) = said.as_object_mut() {
            let path = format!("{}.{ending}", resource.file);
            table.insert(key.to_owned(), file(&path, bytes));
        }
    }
    said
}

/// A file of a manifest.
pub(super) fn file(path: &str, bytes: &[u8]) -> Value {
    json!({
        "path": path,
        "bytes": bytes.len(),
        "hash": format!("sha256:{}", sha256(bytes)),
    })
}

/// Every file that a manifest lists: its path, bytes and hash.
pub(super) fn listed(manifest: &Value) -> Vec<(String, u64, String)> {
    let list = |key: &str| manifest.get(key).and_then(Value::as_array).into_iter().flatten();
    let tables = list("resources").flat_map(|table| {
        let twins = TWINS.into_iter().filter_map(|(key, _)| table.get(key));
        std::iter::once(table).chain(twins)
    });
    let files = tables.chain(list("x:files")).filter_map(|file| {
        let path = file.get("path")?.as_str()?.to_owned();
        Some((path, file.get("bytes")?.as_u64()?, file.get("hash")?.as_str()?.to_owned()))
    });
    files.collect()
}

/// Views over the Parquet files, for whoever opens the folder in `DuckDB`.
pub(super) fn open_sql<'r>(tables: impl Iterator<Item = (&'r str, &'r str)>) -> String {
    let mut sql = "-- cd into this folder, then: duckdb -init open.sql\n".to_owned();
    for (file, title) in tables {
        let title = title.replace('\'', "''");
        // Writing to a text cannot fail.
        let _written = write!(
            sql,
            "create or replace view {file} as select * from read_parquet('{file}.parquet');\n\
             comment on view {file} is '{title}';\n"
        );
    }
    sql
}
