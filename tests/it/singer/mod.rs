//! Is a Singer tap read as it speaks? Message streams go through the real program: a tap is a small script
//! that says what stands in a file.

mod taps;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::world::ask;

const SETTINGS: &str = r#"
format = 1
[home]
name     = "tapped"
title    = "Tapped"
timezone = "Asia/Shanghai"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

const CONNECTOR: &str = r#"
format = 1
system = { name = "loans", title = "The library's loans", kind = "singer", timezone = "Asia/Shanghai" }

[singer]
command = ["taps/tap.sh", "--quiet"]
timeout = "20s"
config  = { token = "${secret:tap.token}", pages = 3, files = [{ path = "loans.csv" }] }

[[stream]]
name       = "loans"
into       = "service_case"
tap_stream = "public-loans"
write      = "upsert"
deleted    = "_sdc_deleted_at IS NOT NULL"
[stream.columns]
case_id     = "id"
unit_id     = "/branch/name"
accepted_at = "borrowed"
closed_at   = "returned"
status      = { sql = "CASE WHEN returned IS NULL THEN 'open' ELSE 'closed' END" }
[stream.contract]
new_column = "ignore"
rows_min   = 0
"#;

/// Keeps what it was given, and says what stands in a file.
const TAP: &str = r#"#!/bin/sh
echo "$@" > given.txt
rm -f state-given.json
while [ $# -gt 0 ]; do
  case "$1" in
    --state) cp "$2" state-given.json ;;
    --config) cp "$2" config-given.json ;;
  esac
  shift
done
test -f kills && kill -9 $PPID
cat messages.jsonl
echo "a secret of 张三" >&2
test -f slow && exec sleep 600
test -f shut && exec sleep 600 >&-
exit "$(cat code)"
"#;

const TOKEN: &str = "t0ken-of-the-tap";

/// A home whose tap says these messages.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        home.write("shuping.toml", SETTINGS);
        home.write("connectors/loans.toml", CONNECTOR);
        home.write("taps/tap.sh", TAP);
        let tap = home.path().join("taps/tap.sh");
        fs::set_permissions(tap, fs::Permissions::from_mode(0o755)).unwrap();
        home.write("code", "0");
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn says(&self, messages: &[Value]) {
        let lines: Vec<String> = messages.iter().map(Value::to_string).collect();
        self.write("messages.jsonl", &(lines.join("\n") + "\n"));
    }

    fn run(&self, night: &str) -> Output {
        self.command(night).output().unwrap()
    }

    fn command(&self, night: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.path()).args(["run", "--night", night]).env("LANG", "C");
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests");
        command.env("SHUPING_SECRET_TAP_TOKEN", TOKEN);
        command
    }

    fn night(&self, night: &str) {
        let output = self.run(night);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    /// The loans that the warehouse knows, with the status of each.
    fn loans(&self) -> Vec<String> {
        let query = "select case_id || ' ' || status from service_case order by 1";
        ask(&self.path().join("var/warehouse.db"), query).concat()
    }

    /// The state that the tap was given this time.
    fn state(&self) -> Option<Value> {
        let text = fs::read_to_string(self.path().join("state-given.json")).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

fn schema() -> Value {
    let text = json!({ "type": ["null", "string"] });
    let properties = json!({
        "id": text, "branch": { "type": "object" }, "borrowed": text, "returned": text,
        "_sdc_deleted_at": text,
    });
    json!({
        "type": "SCHEMA", "stream": "public-loans", "key_properties": ["id"],
        "schema": { "type": "object", "properties": properties },
    })
}

fn record(id: &str, returned: Option<&str>) -> Value {
    json!({
        "type": "RECORD", "stream": "public-loans", "time_extracted": "2026-01-05T00:00:00Z",
        "record": {
            "id": id, "branch": { "name": "North Branch" }, "borrowed": "2026-01-02T08:00:00Z",
            "returned": returned,
        },
    })
}

fn with_version(mut message: Value, version: i64) -> Value {
    message["version"] = version.into();
    message
}

fn activate(version: i64) -> Value {
    json!({ "type": "ACTIVATE_VERSION", "stream": "public-loans", "version": version })
}

fn state(at: &str) -> Value {
    json!({ "type": "STATE", "value": { "bookmarks": { "public-loans": { "id": at } } } })
}

#[test]
fn records_are_rows_and_a_state_goes_back_once_its_rows_are_durable() {
    let home = Home::new();
    let other = json!({ "type": "RECORD", "stream": "readers", "record": { "name": "张三" } });
    let other_schema =
        json!({ "type": "SCHEMA", "stream": "readers", "schema": { "properties": {} } });
    home.says(&[
        other_schema,
        schema(),
        record("L1", None),
        other,
        state("L1"),
        record("L2", Some("2026-01-04T08:00:00Z")),
        state("L2"),
    ]);
    home.night("2026-01-05");
    assert_eq!(home.loans(), ["L1 open", "L2 closed"]);
    assert_eq!(home.state(), None);
    let given = fs::read_to_string(home.path().join("given.txt")).unwrap();
    let words: Vec<&str> = given.split_whitespace().collect();
    assert_eq!(words[..2], ["--quiet", "--config"]);
    assert!(!Path::new(words[2]).exists(), "the tap's configuration is still there");
    let config = fs::read_to_string(home.path().join("config-given.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let expected = json!({ "token": TOKEN, "pages": 3, "files": [{ "path": "loans.csv" }] });
    assert_eq!(config, expected);

    // A night that fails after it has said more leaves the state where it was.
    home.says(&[schema(), record("L3", None), state("L3")]);
    home.write("code", "7");
    let failed = home.run("2026-01-06");
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    assert!(said(&failed).contains("`taps/tap.sh` ended with code 7"), "{}", said(&failed));
    assert!(!said(&failed).contains(TOKEN) && !said(&failed).contains("张三"), "{}", said(&failed));
    assert_eq!(home.loans(), ["L1 open", "L2 closed"]);
    let last = json!({ "bookmarks": { "public-loans": { "id": "L2" } } });
    assert_eq!(home.state(), Some(last.clone()));

    home.write("code", "0");
    home.night("2026-01-06");
    assert_eq!(home.state(), Some(last));
    assert_eq!(home.loans(), ["L1 open", "L2 closed", "L3 open"]);
    // A tap that says that a key is gone; nothing is said of the others.
    let mut gone = record("L2", None);
    gone["record"]["_sdc_deleted_at"] = "2026-01-07T00:00:00Z".into();
    home.says(&[schema(), gone, state("L4")]);
    home.night("2026-01-07");
    assert_eq!(home.loans(), ["L1 open", "L3 open"]);
    home.says(&[schema()]);
    home.night("2026-01-08");
    home.night("2026-01-09");
    assert_eq!(home.state().unwrap()["bookmarks"]["public-loans"]["id"], "L4");
}

#[test]
fn what_is_activated_is_all_that_stands() {
    let home = Home::new();
    let of = |version, ids: &[&str]| {
        let records = ids.iter().map(|id| with_version(record(id, None), version));
        [schema()].into_iter().chain(records).chain([activate(version)]).collect::<Vec<_>>()
    };
    home.says(&of(1, &["L1", "L2", "L3"]));
    home.night("2026-01-05");
    home.says(&of(2, &["L1", "L3"]));
    home.night("2026-01-06");
    assert_eq!(home.loans(), ["L1 open", "L3 open"]);
    // Without it the tap says what changed, and nothing is gone.
    home.says(&[schema(), with_version(record("L4", None), 3)]);
    home.night("2026-01-07");
    assert_eq!(home.loans(), ["L1 open", "L3 open", "L4 open"]);
}

#[test]
fn what_is_activated_without_a_row_is_an_emptied_table_where_it_may_be() {
    let home = Home::new();
    let of = |version, ids: &[&str]| {
        let records = ids.iter().map(|id| with_version(record(id, None), version));
        home.says(
            &[schema()].into_iter().chain(records).chain([activate(version)]).collect::<Vec<_>>(),
        );
    };
    of(1, &["L1", "L2"]);
    home.night("2026-01-05");
    // The same version again says that nothing changed.
    of(1, &[]);
    home.night("2026-01-06");
    of(2, &[]);
    for (contract, why) in [
        ("rows_min   = 1", "0 rows came, the contract promises at least 1"),
        ("rows_min   = 0\nshrink_max = \"50%\"", "shrank from 2 to 0 rows"),
    ] {
        home.write("connectors/loans.toml", &CONNECTOR.replace("rows_min   = 0", contract));
        let output = home.run("2026-01-07");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
        assert_eq!(home.loans(), ["L1 open", "L2 open"]);
    }
    home.write("connectors/loans.toml", CONNECTOR);
    home.night("2026-01-07");
    assert_eq!(home.loans(), [""; 0]);
    of(2, &["L3"]);
    home.night("2026-01-08");
    assert_eq!(home.loans(), ["L3 open"]);
}

#[test]
fn a_snapshot_without_a_row_is_an_emptied_table_where_it_may_be() {
    let home = Home::new();
    let snapshot = CONNECTOR
        .replace("\"upsert\"\ndeleted    = \"_sdc_deleted_at IS NOT NULL\"", "\"snapshot\"");
    home.write("connectors/loans.toml", &snapshot.replace("rows_min   = 0", "rows_min   = 1"));
    home.says(&[schema(), record("L1", None)]);
    home.night("2026-01-05");
    home.says(&[schema()]);
    let output = home.run("2026-01-06");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let why = "0 rows came, the contract promises at least 1";
    assert!(said(&output).contains(why), "{}", said(&output));
    assert_eq!(home.loans(), ["L1 open"]);
    home.write("connectors/loans.toml", &snapshot);
    home.night("2026-01-06");
    assert_eq!(home.loans(), [""; 0]);
}

/// A tap that asks for what changed activates the version of the run before; all rows of that one stand.
#[test]
fn what_is_activated_again_takes_nothing_away() {
    let home = Home::new();
    let says = |version: i64, ids: &[&str], is_activated: bool| {
        let records = ids.iter().map(|id| with_version(record(id, None), version));
        let activated = is_activated.then(|| activate(version));
        home.says(
            &[state("begun"), schema()]
                .into_iter()
                .chain(activated)
                .chain(records)
                .chain([state("ended")])
                .collect::<Vec<_>>(),
        );
    };
    says(7, &["L1", "L2", "L3"], true);
    home.night("2026-01-05");
    says(7, &["L2", "L4"], true);
    home.night("2026-01-06");
    assert_eq!(home.loans(), ["L1 open", "L2 open", "L3 open", "L4 open"]);
    // Another version takes the place of that one, and stands itself.
    says(8, &["L1", "L4"], true);
    home.night("2026-01-07");
    assert_eq!(home.loans(), ["L1 open", "L4 open"]);
    says(8, &["L5"], true);
    home.night("2026-01-08");
    assert_eq!(home.loans(), ["L1 open", "L4 open", "L5 open"]);
    // One that came in two runs is activated by the second, which brings the rest of it.
    says(9, &["L1", "L4"], false);
    home.night("2026-01-09");
    says(9, &["L5", "L6"], true);
    home.night("2026-01-10");
    assert_eq!(home.loans(), ["L1 open", "L4 open", "L5 open", "L6 open"]);
}

#[test]
fn what_goes_on_from_a_state_without_a_known_version_takes_nothing_away() {
    let home = Home::new();
    home.says(&[schema(), record("L1", None), state("L1")]);
    home.night("2026-01-05");
    home.says(&[schema(), activate(9), with_version(record("L2", None), 9), state("L2")]);
    home.night("2026-01-06");
    assert_eq!(home.loans(), ["L1 open", "L2 open"]);
}

#[test]
fn what_a_tap_must_not_say_is_told_with_its_line_and_brings_nothing() {
    let home = Home::new();
    home.says(&[schema(), record("L0", None)]);
    home.night("2026-01-05");
    let line = |value: &Value| value.to_string();
    let good = [line(&schema()), line(&record("L1", None))].join("\n");
    let two = [with_version(record("L2", None), 1), with_version(record("L3", None), 2)];
    for (messages, fault) in [
        (
            line(&record("L1", None)),
            "loans.loans line 1 cannot be read: a record before its schema",
        ),
        (
            format!("{good}\n{{\"type\": \"RECORD\", \"str"),
            "line 3 cannot be read: no JSON at column",
        ),
        (format!("{good}\n\u{fffd}张三"), "line 3 cannot be read: no JSON at column 1"),
        (format!("{good}\n{{}}"), "line 3 cannot be read: a message without a type"),
        (
            format!("{good}\n{{\"type\": \"BATCH\", \"stream\": \"public-loans\"}}"),
            "line 3 cannot be read: a message `BATCH`, which is not known here",
        ),
        (
            format!(
                "{good}\n{{\"type\": \"RECORD\", \"stream\": \"public-loans\", \"record\": [1]}}"
            ),
            "line 3 cannot be read: a record that is no object",
        ),
        (
            format!("{good}\n{}\n{}", line(&two[0]), line(&two[1])),
            "line 4 cannot be read: two versions of the table in one run",
        ),
        (
            format!("{good}\n{}\n{}", line(&two[0]), line(&activate(9))),
            "line 4 cannot be read: two versions of the table in one run",
        ),
        (
            "{\"type\": \"SCHEMA\", \"stream\": \"public-loans\", \"schema\": {}}".to_owned(),
            "line 1 cannot be read: a schema without properties",
        ),
        (line(&state("L9")), "the tap told of no stream `public-loans`"),
    ] {
        home.write("messages.jsonl", &messages);
        let failed = home.run("2026-01-06");
        assert_eq!(failed.status.code(), Some(1), "{fault}: {}", said(&failed));
        assert!(said(&failed).contains(fault), "{fault}: {}", said(&failed));
        assert!(!said(&failed).contains("张三"), "{}", said(&failed));
        assert_eq!(home.loans(), ["L0 open"], "{fault}");
    }
    fs::remove_file(home.path().join("taps/tap.sh")).unwrap();
    let missing = home.run("2026-01-06");
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("`taps/tap.sh` cannot be opened"), "{}", said(&missing));
}

#[test]
fn a_tap_that_does_not_end_is_ended() {
    let home = Home::new();
    home.says(&[schema(), record("L1", None)]);
    home.write("connectors/loans.toml", &CONNECTOR.replace("\"20s\"", "\"1s\""));
    // Also one that has said all, closed its output and goes on.
    for goes_on in ["slow", "shut"] {
        home.write(goes_on, "");
        let failed = home.run("2026-01-05");
        assert_eq!(failed.status.code(), Some(1), "{goes_on}: {}", said(&failed));
        assert!(said(&failed).contains("the tap took too long"), "{goes_on}: {}", said(&failed));
        fs::remove_file(home.path().join(goes_on)).unwrap();
    }
}

/// A tap that kills the night that runs it: what it was given stays behind, until the next night.
#[test]
fn no_secret_of_a_tap_outlives_the_night_after_it_was_killed() {
    let (home, beside) = (Home::new(), tempfile::tempdir().unwrap());
    home.says(&[schema(), record("L1", None)]);
    home.write("kills", "");
    let night = || home.command("2026-01-05").env("TMPDIR", beside.path()).output().unwrap();
    assert_eq!(night().status.code(), None);
    let left = crate::world::bytes_below(beside.path());
    let holds = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(TOKEN);
    assert!(left.values().any(holds), "{left:?}");
    for entry in fs::read_dir(beside.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
    // Also where no tap is asked any more.
    fs::remove_file(home.path().join("connectors/loans.toml")).unwrap();
    home.write("connectors/other.toml", &CONNECTOR.replace("taps/tap.sh", "taps/none.sh"));
    assert_eq!(night().status.code(), Some(1));
    assert_eq!(crate::world::bytes_below(beside.path()).len(), 0);
    assert_eq!(fs::read_dir(beside.path()).unwrap().count(), 0);
}

#[test]
fn many_records_come_in_parts_and_each_has_its_place() {
    let home = Home::new();
    let records = (1..=20_500).map(|id| record(&format!("L{id:05}"), None));
    let bad = json!({ "type": "RECORD", "stream": "public-loans", "record": { "id": "X", "borrowed": "soon" } });
    let all: Vec<Value> = [schema()].into_iter().chain(records).chain([bad]).collect();
    home.says(&all);
    home.night("2026-01-05");
    assert_eq!(home.loans().len(), 20_500);
    let held = "select source || ' row ' || row from quarantine";
    let held = ask(&home.path().join("var/warehouse.db"), held).concat();
    assert_eq!(held, ["tap stream public-loans row 20501"]);
}
