//! Does a release say of its keys what its rows keep, so that a stranger who judges it by its manifest finds it valid
//! whatever is amiss at a source?

use serde_json::Value;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::schema::Schema;
use shuping::spec::settings::CsvEncoding;
use shuping::spec::settings::Limits;

use super::NIGHTS;
use super::THEN;
use super::format::json;
use super::publish_edited;
use super::text;
use crate::python;

/// What the manifest says of a table.
fn table(manifest: &Value, name: &str) -> Value {
    let mut tables = manifest["resources"].as_array().unwrap().iter();
    tables.find(|table| table["name"] == name).unwrap()["schema"].clone()
}

/// The columns of a table that point at another, by what the manifest says.
fn pointing(manifest: &Value, name: &str) -> Vec<String> {
    let keys = table(manifest, name)["foreignKeys"].as_array().cloned().unwrap_or_default();
    keys.iter().map(|key| key["fields"][0].as_str().unwrap().to_owned()).collect()
}

/// Publishes a night with one change.
fn told(edit: &dyn Fn(&Schema, &mut Vec<CellRow>)) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let how = (CsvEncoding::Utf8, (Limits::default(), None));
    let release = publish_edited(folder.path(), (NIGHTS[1], &THEN), how, edit).unwrap();
    python::validate(folder.path());
    json(&release.folder.join("datapackage.json"))
}

fn put(schema: &Schema, row: &mut CellRow, column: &str, cell: Option<Cell>) {
    row[schema.fields.iter().position(|field| field.name == column).unwrap()] = cell;
}

#[test]
fn keys_are_declared_and_a_stranger_follows_them() {
    let manifest = told(&|_, _| {});
    let all = [
        ("metric_value", vec!["metric", "unit_id", "section_id"]),
        ("section", vec!["unit_id"]),
        ("service_item", vec!["unit_id"]),
        ("duty", vec!["unit_id", "section_id"]),
        ("unit", vec!["parent_id", "successor_id"]),
        ("score", vec!["unit_id"]),
        ("score_line", vec!["unit_id", "metric"]),
        ("code", vec![]),
    ];
    for (name, columns) in all {
        assert_eq!(pointing(&manifest, name), columns, "{name}");
    }
    // Whoever declares a key that does not hold is found out: the tool does look.
    let folder = tempfile::tempdir().unwrap();
    super::two_nights(folder.path());
    let said = python::validate_changed(folder.path(), "2026-02-02.1/duties.csv", |text| {
        text.replace("JN0001", "JN0009")
    });
    if let Some(said) = said {
        assert!(said.contains("Foreign Key") || said.contains("ForeignKey"), "{said}");
    }
}

#[test]
fn a_key_that_rows_break_is_not_declared_and_the_release_stays_valid() {
    let lost = told(&|schema, rows| {
        if schema.name == "duty" {
            put(schema, &mut rows[0], "section_id", text("gone"));
        }
    });
    assert_eq!(pointing(&lost, "duty"), ["unit_id"]);
    assert_eq!(pointing(&lost, "section"), ["unit_id"]);
    // A name that nobody knows leaves its column empty, and the contract says that it may be.
    let nobody = told(&|schema, rows| {
        if schema.name == "section" {
            put(schema, &mut rows[0], "unit_id", None);
        }
    });
    assert_eq!(pointing(&nobody, "section"), ["unit_id"]);
    let fields = table(&nobody, "section")["fields"].clone();
    let unit = fields.as_array().unwrap().iter().find(|field| field["name"] == "unit_id").unwrap();
    assert_eq!(unit["constraints"].get("required"), None);
    let fields = table(&nobody, "score")["fields"].clone();
    assert_eq!(fields[0]["constraints"]["required"], true, "what nights tell names its unit");
}

#[test]
fn a_period_that_is_none_is_found_by_whoever_judges_the_release() {
    let folder = tempfile::tempdir().unwrap();
    super::two_nights(folder.path());
    for file in ["metrics.csv", "changes.csv", "score.csv", "corrections.csv"] {
        let said =
            python::validate_changed(folder.path(), &format!("2026-02-02.1/{file}"), |text| {
                let year = text.replace(",2026,", ",2026-13,");
                assert_ne!(year, text, "{file}");
                year
            });
        let Some(said) = said else { return };
        assert!(said.contains("pattern"), "{file}: {said}");
    }
}
