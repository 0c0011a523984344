//! What does a release say of itself? A Data Package (2.0), each table with its contract, its hash
//! and its twin as Parquet.

use serde_json::Value;
use serde_json::json;

use super::Label;
use super::Resource;
use crate::base::pseudonym::sha256;

/// The manifest of a release.
pub(super) fn manifest(
    label: &Label<'_>,
    revision: u32,
    content: &str,
    resources: &[Value],
) -> Value {
    let mut manifest = json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": label.name,
        "title": format!("{} {}", label.title, label.night),
        "version": format!("{}.{revision}", label.night),
        "created": label.created.to_string(),
        "resources": resources,
        "x:night": label.night.to_string(),
        "x:as_of": label.as_of.to_string(),
        "x:home": label.home,
        "x:content": content,
    });
    if let (Some(table), true) = (manifest.as_object_mut(), revision > 1) {
        let before = format!("{}.{}", label.night, revision - 1);
        table.insert("x:supersedes".to_owned(), json!(before));
    }
    manifest
}

/// One table of a manifest.
pub(super) fn resource(resource: &Resource<'_>, csv: &[u8], parquet: &[u8]) -> Value {
    let contract: Value = serde_json::from_str(resource.contract).unwrap_or_default();
    json!({
        "name": resource.schema.name,
        "title": resource.schema.title,
        "type": "table",
        "path": format!("{}.csv", resource.file),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": csv.len(),
        "hash": format!("sha256:{}", sha256(csv)),
        "schema": contract,
        "x:class": resource.schema.class,
        "x:parquet": {
            "path": format!("{}.parquet", resource.file),
            "bytes": parquet.len(),
            "hash": format!("sha256:{}", sha256(parquet)),
        },
    })
}
