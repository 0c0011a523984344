//! Do the contracts hold, and do the JSON Schemas say what our readers do?

mod agree;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use shuping::spec::home::Home;
use shuping::spec::json_schema::JsonSchema;

use self::agree::checked;
use self::walk::root;
use self::walk::shipped;
use crate::python::script;
use crate::python::tool;

const PAGE: &str = include_str!("../../../docs/schemas.md");

fn shuping(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    let command = command.arg("--home").arg(home).args(words);
    command.env("LANG", "C").env("SHUPING_SECRET_PSEUDONYM_KEY", "a key").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The contracts of the product.
fn contracts() -> Vec<(String, Value)> {
    let tables = shipped().into_iter().filter(|file| file.kind == JsonSchema::Table);
    tables.map(|file| (file.name, file.value)).collect()
}

#[test]
fn every_field_has_a_chinese_title() {
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for (name, contract) in contracts() {
        let fields = contract["fields"].as_array().unwrap();
        for thing in fields.iter().chain([&contract]) {
            assert!(thing["title"].as_str().is_some_and(is_chinese), "{name}: {thing}");
        }
    }
}

#[test]
fn every_key_of_our_own_is_documented() {
    let schema: Value = serde_json::from_str(JsonSchema::Table.text()).unwrap();
    let mut keys = BTreeSet::new();
    for thing in [&schema, &schema["definitions"]["field"]] {
        keys.extend(thing["properties"].as_object().unwrap().keys().cloned());
    }
    for (_, contract) in contracts() {
        let fields = contract["fields"].as_array().unwrap().iter();
        for thing in fields.chain([&contract]) {
            keys.extend(thing.as_object().unwrap().keys().cloned());
        }
    }
    let own: Vec<String> = keys.into_iter().filter(|key| key.starts_with("x:")).collect();
    assert_eq!(own.len(), 8, "{own:?}");
    for key in own {
        assert!(PAGE.contains(&format!("| `{key}` |")), "{key} is not in docs/schemas.md");
    }
}

#[test]
fn every_constraint_is_documented() {
    let schema: Value = serde_json::from_str(JsonSchema::Table.text()).unwrap();
    for key in schema["definitions"]["constraints"]["properties"].as_object().unwrap().keys() {
        assert!(PAGE.contains(&format!("`{key}`")), "{key} is not in docs/schemas.md");
    }
}

#[test]
fn frictionless_reads_the_contracts_and_the_calendars_keep_theirs() {
    let Some(mut command) = script("contracts.py") else { return };
    let output = command.arg(root()).output().unwrap();
    let count = contracts().len();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), format!("{count} contracts and 12 calendars are valid"));
}

#[test]
fn an_outside_tool_accepts_every_file_that_is_shipped() {
    for kind in JsonSchema::ALL {
        let files = shipped().into_iter().filter(|file| file.kind == kind);
        let names: Vec<String> = files.map(|file| file.name).collect();
        assert!(!names.is_empty());
        let Some(refused) = checked(kind, root(), &names) else { return };
        assert_eq!(refused, Vec::<String>::new());
    }
}

/// A home as the page says, judged as an editor would.
#[test]
fn an_editor_that_is_set_up_as_the_page_says_knows_the_files_of_a_home() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(shuping(folder.path(), &["init", home.to_str().unwrap()]).status.success());
    let wrote = shuping(&home, &["schema", "--dir", home.join(".schema").to_str().unwrap()]);
    assert_eq!(said(&wrote).lines().count(), 5, "{}", said(&wrote));
    let block = PAGE.split("```toml file=.taplo.toml\n").nth(1).unwrap();
    fs::write(home.join(".taplo.toml"), block.split("```").next().unwrap()).unwrap();
    let lint = || {
        let mut command = tool("taplo")?;
        let output = command.args(["lint", "--colors", "never"]).current_dir(&home).output();
        Some(output.unwrap())
    };
    let Some(clean) = lint() else { return };
    assert!(clean.status.success(), "{}", said(&clean));
    for (file, is, becomes, told) in [
        ("connectors/hotline.toml", "\"upsert\"", "\"upsrt\"", "is not one of"),
        ("pipelines/service.toml", "measured_in =", "mesured_in =", "mesured_in"),
        ("pipelines/scoring/township.toml", "partial = \"ceil\"", "partial = 1", "is not of type"),
        ("shuping.toml", "[home]", "[hom]", "hom"),
    ] {
        let path = home.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(is), "{file} no longer says {is}");
        fs::write(&path, text.replacen(is, becomes, 1)).unwrap();
        let judged = said(&lint().unwrap());
        assert!(judged.contains(told) && judged.contains(file), "{judged}");
        fs::write(&path, text).unwrap();
    }
}

#[test]
fn the_verb_prints_the_schema_of_a_kind_and_refuses_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    for kind in JsonSchema::ALL {
        let printed = shuping(folder.path(), &["schema", kind.name()]);
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), kind.text());
    }
    for (words, told) in [(&["schema"][..], "<KIND>"), (&["schema", "person"], "connector")] {
        let refused = shuping(folder.path(), words);
        assert_eq!(refused.status.code(), Some(2));
        assert!(refused.stdout.is_empty());
        assert!(said(&refused).contains(told), "{}", said(&refused));
    }
}

/// A home with one table of its own, and the text of its contract.
fn library(contract: &str, rows: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for name in
        ["shuping.toml", "connectors/loans.toml", "drop/loans_2026-01.csv", "pipelines/loans.toml"]
    {
        write(name, &fs::read_to_string(root().join("examples/library").join(name)).unwrap());
    }
    write("schemas/shelf.json", contract);
    write("drop/shelves.csv", rows);
    write("connectors/shelves.toml", SHELVES);
    home
}

const SHELVES: &str = r#"
format = 1
system = { name = "shelves", title = "Shelves", kind = "files" }
files  = { at = "drop" }

[[stream]]
name     = "shelves"
into     = "shelf"
file     = 'shelves\.csv'
write    = "snapshot"
columns  = { id = "id", code = "code", floor = "floor", share = "share", loan = "loan", kind = "kind" }
contract = { bad_rows_max = "100%" }
"#;

const SHELF: &str = r#"{
  "title": "书架",
  "fields": [
    {"name": "id", "type": "string", "constraints": {"required": true}},
    {"name": "code", "type": "string", "constraints": {"unique": true, "pattern": "[A-Z]+", "minLength": 2, "maxLength": 3}},
    {"name": "floor", "type": "integer", "constraints": {"minimum": 1, "maximum": 4}},
    {"name": "share", "type": "number", "x:scale": 2, "constraints": {"minimum": 0, "maximum": 1}},
    {"name": "loan", "type": "string"},
    {"name": "kind", "type": "string", "constraints": {"enum": ["open", "closed"]}}
  ],
  "primaryKey": ["id"],
  "foreignKeys": [{"fields": ["loan"], "reference": {"resource": "service_case", "fields": ["case_id"]}}]
}"#;

#[test]
fn a_row_that_breaks_a_constraint_is_set_aside_with_its_reason_or_counted() {
    let rows = "id,code,floor,share,loan,kind\n\
        a,AB,1,1,L01,open\n\
        b,ABC,4,0.00,,closed\n\
        c,,,,L02,\n\
        ,AD,1,1,L01,open\n\
        d,ab,1,1,,\n\
        e,A,1,1,,\n\
        f,ABCD,1,1,,\n\
        g,AG,0,1,,\n\
        h,AH,5,1,,\n\
        i,AI,1,1.01,,\n\
        j,AJ,1,-0.01,,\n\
        k,AK,1,1,,ajar\n\
        l,AB,1,1,L99,\n";
    let home = library(SHELF, rows);
    let night = said(&shuping(home.path(), &["run", "--night", "2026-01-30"]));
    let line = night.lines().find(|line| line.contains("shelves.shelves")).unwrap();
    let line: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(line[1..], ["13", "4", "0", "0", "0", "0", "9", "0", "done"], "{night}");
    for reason in [
        "id missing 1 shelves.csv row 5",
        "code wrong_pattern 1 shelves.csv row 6",
        "code too_short 1 shelves.csv row 7",
        "code too_long 1 shelves.csv row 8",
        "floor out_of_range 2 shelves.csv row 9",
        "share out_of_range 2 shelves.csv row 11",
        "kind not_allowed 1 shelves.csv row 13",
        "a value that only one row may have code shelf 2",
        "a key that points at no row loan of service_case shelf 1",
    ] {
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(night.lines().any(|line| plain(line).ends_with(reason)), "{reason}\n{night}");
    }
}

#[test]
fn history_that_does_not_fit_a_contract_any_more_is_told_and_not_cut() {
    let rows = "id,code,floor,share,loan,kind\na,AB,1,0.25,L01,open\nb,,2,0.5,L02,open\n";
    let home = library(SHELF, rows);
    let run = |night: &str, contract: &str| {
        fs::write(home.path().join("schemas/shelf.json"), contract).unwrap();
        let ran = shuping(home.path(), &["run", "--night", night]);
        (ran.status.code(), said(&ran))
    };
    assert_eq!(run("2026-01-30", SHELF).0, Some(0));
    let narrower = SHELF.replace("\"x:scale\": 2", "\"x:scale\": 1");
    let required = SHELF.replace("\"unique\": true, ", "\"unique\": true, \"required\": true, ");
    for (contract, told) in [
        (&narrower, "1 rows of `shelf` that stand do not fit its contract: `share` is number now"),
        (&required, "1 rows of `shelf` that stand do not fit its contract: `code` is required now"),
    ] {
        let (code, said) = run("2026-01-31", contract);
        assert_eq!(code, Some(74), "{said}");
        assert!(said.contains(told) && said.contains("x:expected"), "{said}");
    }
    let wider = SHELF.replace("\"x:scale\": 2", "\"x:scale\": 4");
    assert_eq!(run("2026-01-31", &wider).0, Some(0));
    assert_eq!(run("2026-02-01", SHELF).0, Some(0));
}

#[test]
fn what_no_reader_enforces_is_a_fault_of_the_contract_with_its_place() {
    for (is, becomes, told) in [
        (
            "\"unique\": true",
            "\"uniqe\": true",
            "schemas/shelf.json:5:56  fields.code.constraints.uniqe: unknown key `uniqe` [H002]",
        ),
        ("\"minimum\": 1", "\"minLength\": 1", "unknown key `minLength`"),
        ("\"enum\": [\"open\", \"closed\"]", "\"minimum\": 1", "unknown key `minimum`"),
        ("\"x:scale\": 2, ", "", "key `x:scale` is missing"),
        (
            "\"primaryKey\": [\"id\"]",
            "\"primaryKey\": [\"no\"]",
            "11:17  primaryKey: table `shelf` has no column `no`",
        ),
        (
            "\"title\"",
            "\"x:time\": \"day\",\n  \"title\"",
            "2:13  x:time: table `shelf` has no column `day`",
        ),
        (
            "{\"fields\": [\"loan\"]",
            "{\"fields\": [\"lone\"]",
            "foreignKeys: table `shelf` has no column `lone`",
        ),
        (
            "\"case_id\"",
            "\"case_no\"",
            "12:19  foreignKeys: table `service_case` has no column `case_no`",
        ),
        (
            "\"service_case\"",
            "\"service_cases\"",
            "12:19  foreignKeys: no schema describes table `service_cases`",
        ),
        ("\"minLength\": 2", "\"minLength\": -2", "`-2` is not 0 or more"),
        ("\"name\": \"kind\"", "\"name\": \"Code\"", "`Code` is named twice [H006]"),
        (
            "\"name\": \"kind\",",
            "\"name\": \"kind\", \"x:codes\": \"sexx\",",
            "9:33  fields.kind.x:codes: no code table `sexx`",
        ),
    ] {
        assert!(SHELF.contains(is), "{is}");
        let home = library(&SHELF.replacen(is, becomes, 1), "id\n");
        assert!(Home::open(home.path()).is_ok());
        let checked = shuping(home.path(), &["check"]);
        assert_eq!(checked.status.code(), Some(78));
        let text = said(&checked);
        assert!(text.contains("schemas/shelf.json:") && text.contains(told), "{told}\n{text}");
    }
}
