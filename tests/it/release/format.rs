//! Is a release written as `docs/release-format.md` promises, and can whoever read the frozen one read the one of today?

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use shuping::spec::settings::CsvEncoding;

use super::NIGHTS;
use super::THEN;
use super::publish_with;
use super::two_nights;
use crate::python;
use crate::world::bytes_below;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Releases that were written once and are never written again, and how many views they open: the first has the
/// tables of metrics, the second those of scores as well.
pub(super) fn frozen() -> [(PathBuf, u8); 2] {
    [("frozen", 4), ("frozen-scores", 9)]
        .map(|(name, views)| (root().join("tests/it/release").join(name), views))
}

pub(super) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What a consumer says of a folder of releases.
fn consumed(mut command: Command, script: &str, releases: &Path) -> String {
    let output = command.arg(root().join("examples/consumers").join(script)).arg(releases).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn strangers_read_the_frozen_release_and_one_of_today_alike() {
    let folder = tempfile::tempdir().unwrap();
    two_nights(folder.path());
    for (releases, views) in frozen().into_iter().chain([(folder.path().to_owned(), 13)]) {
        let expected = "2026-02-02.1\nok 1\n";
        assert_eq!(consumed(Command::new("sh"), "read.sh", &releases), expected);
        if let Some(r) = r() {
            assert_eq!(consumed(r, "read.R", &releases), expected);
        }
        let Some(python) = python::module("json") else { continue };
        let python = Command::new(python.get_program());
        assert_eq!(consumed(python, "read.py", &releases), expected);
        python::validate(&releases);
        for (schema, file) in
            [("latest", "latest.json"), ("datapackage", "2026-02-02.1/datapackage.json")]
        {
            let Some(mut tool) = python::tool("check-jsonschema") else { continue };
            tool.arg("--schemafile").arg(root().join(format!("docs/release/{schema}.schema.json")));
            let output = tool.arg(releases.join(file)).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        let opened = python::judged("open_sql.py", &[&releases.join("2026-02-02.1")]);
        assert_eq!(opened, Some((true, format!("{views} views open\n"))));
    }
}

/// R, where it is here; it may speak C alone, as a service does.
#[expect(clippy::print_stdout, reason = "a test that did less should say so")]
fn r() -> Option<Command> {
    let mut r = Command::new("Rscript");
    r.env("LC_ALL", "C");
    if Command::new("Rscript").arg("--version").output().is_ok() {
        return Some(r);
    }
    println!("skipped: R is not here");
    None
}

#[test]
fn the_same_tables_are_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        two_nights(folder.path());
    }
    let [one, other] = folders.each_ref().map(|folder| bytes_below(folder.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let differs: Vec<&String> = one.keys().filter(|path| one[*path] != other[*path]).collect();
    assert!(differs.is_empty() && one.len() > 30, "{differs:?}");
}

#[test]
fn what_changed_since_the_release_before_is_told_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let release = two_nights(folder.path()).folder;
    let lines = fs::read_to_string(release.join("changes.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    let told: Vec<[String; 5]> = lines
        .map(|line: Value| {
            ["period", "change", "cause", "value_before", "value"].map(|key| line[key].to_string())
        })
        .collect();
    let expected = [
        ["\"2026-02\"", "\"added\"", "\"time\"", "null", "3"],
        ["\"2025\"", "\"removed\"", "\"time\"", "null", "null"],
        ["\"2026\"", "\"changed\"", "\"rows\"", "12", "15"],
    ];
    assert_eq!(told, expected.map(|row| row.map(str::to_owned)));
    let first = json(&folder.path().join("2026-02-01.1/datapackage.json"));
    let second = json(&release.join("datapackage.json"));
    assert_eq!(first.get("x:changes_since"), None);
    assert_eq!(second["x:changes_since"], "2026-02-01.1");
}

#[test]
fn a_table_may_be_written_in_gb18030_and_keeps_every_character() {
    let folder = tempfile::tempdir().unwrap();
    let release = publish_with(folder.path(), NIGHTS[1], &THEN, CsvEncoding::Gb18030).unwrap();
    python::validate(folder.path());
    let bytes = fs::read(release.folder.join("definitions.csv")).unwrap();
    let (text, _, is_broken) = encoding_rs::GB18030.decode(&bytes);
    assert!(!is_broken && text.starts_with("metric,") && text.contains("含“㐂”字"), "{text}");
    assert!(String::from_utf8(bytes).is_err());
}
