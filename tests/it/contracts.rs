//! Does a night tell what contracts find wrong with codes and keys, and lose no unit for it? A list of units
//! whose credit codes are those of the reference cases, with regions and parents that are and are not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::shared::shared;
use crate::world::World;
use crate::world::ask;

const CONNECTOR: &str = r#"
format = 1
[system]
name  = "ledger"
title = "台账"
kind  = "files"
owner = "编办"
[files]
at = "drop"

[[stream]]
name  = "units"
into  = "unit"
file  = 'units\.csv'
write = "snapshot"
[stream.columns]
unit_id      = "编码"
valid_from   = { constant = "2001-01-01" }
valid_to     = "撤销"
name         = "名称"
uscc         = "代码"
category     = { constant = "institution" }
region       = "区划"
parent_id    = "主管"
successor_id = "承接"

[[stream]]
name  = "cases"
into  = "service_case"
file  = 'cases\.csv'
write = "snapshot"
[stream.columns]
case_id     = "编号"
unit_id     = { from = "单位", lookup = "unit" }
uscc        = "代码"
accepted_at = { constant = "2025-12-01 09:00:00" }
status      = { constant = "open" }
"#;

const UNITS: [&str; 7] = ["编码", "撤销", "名称", "代码", "区划", "主管", "承接"];

/// A home that reads two lists, and what its night says.
fn night(units: &[[String; 7]], cases: &[[String; 3]]) -> (TempDir, String) {
    let home = World::home();
    fs::remove_dir_all(home.path().join("connectors")).unwrap();
    fs::create_dir_all(home.path().join("connectors")).unwrap();
    fs::write(home.path().join("connectors/ledger.toml"), CONNECTOR).unwrap();
    fs::create_dir_all(home.path().join("drop")).unwrap();
    write(&home.path().join("drop/units.csv"), UNITS, units);
    write(&home.path().join("drop/cases.csv"), ["编号", "单位", "代码"], cases);
    let mut run = Command::new(env!("CARGO_BIN_EXE_shuping"));
    run.arg("--home").arg(home.path()).env("LANG", "C");
    run.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of people");
    let output = run.args(["run", "--night", "2026-01-06"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let faults = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{faults}");
    (home, said)
}

fn write<const N: usize>(path: &Path, head: [&str; N], rows: &[[String; N]]) {
    let mut lines = csv::Writer::from_path(path).unwrap();
    lines.write_record(head).unwrap();
    for row in rows {
        lines.write_record(row).unwrap();
    }
    lines.flush().unwrap();
}

/// What a night found of a kind in a stream: what about, and how many rows.
fn found(home: &TempDir, stream: &str, kind: &str) -> BTreeMap<String, u64> {
    let question =
        format!("select subject, rows from finding where stream = '{stream}' and kind = '{kind}'");
    let rows = ask(&home.path().join("var/warehouse.db"), &question).into_iter();
    rows.map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

/// What the warehouse has of every unit in a column.
fn column(home: &TempDir, name: &str) -> BTreeMap<String, String> {
    let question = format!("select unit_id, {name} from unit");
    let rows = ask(&home.path().join("var/warehouse.db"), &question).into_iter();
    rows.map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn unit(id: &str, cells: [&str; 5]) -> [String; 7] {
    let [to, code, region, parent, successor] = cells;
    [id, to, &format!("单位{id}"), code, region, parent, successor].map(str::to_owned)
}

#[test]
fn every_wrong_credit_code_is_told_with_its_reason_and_place_and_no_unit_is_lost() {
    let Some(path) = shared("refdata/domain/uscc.csv") else { return };
    let mut cases = csv::Reader::from_path(path).unwrap();
    let cases: Vec<csv::StringRecord> = cases.records().map(Result::unwrap).collect();
    let units: Vec<[String; 7]> =
        cases.iter().map(|case| unit(&case[0], ["", &case[1], "", "", ""])).collect();
    // The same codes again, as they stand beside the name of a unit.
    let beside = |case: &csv::StringRecord| {
        [case[0].to_owned(), format!("单位{}", &case[0]), case[1].to_owned()]
    };
    let beside: Vec<[String; 3]> = cases.iter().map(beside).collect();
    let (home, said) = night(&units, &beside);

    let kept: BTreeMap<String, String> =
        cases.iter().map(|case| (case[0].to_owned(), case[3].to_owned())).collect();
    assert_eq!(column(&home, "uscc"), kept);
    let mut expected: BTreeMap<(String, String), (usize, u64)> = BTreeMap::new();
    let is_told = |case: &&csv::StringRecord| &case[2] == "invalid" && &case[6] != "empty";
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| is_told(case)) {
        for (stream, file) in [("units", "units.csv"), ("cases", "cases.csv")] {
            let about = (stream.to_owned(), format!("uscc {} ({file}", &case[6]));
            // The head is the first row of a file.
            expected.entry(about).or_insert((at + 2, 0)).1 += 1;
        }
    }
    assert!(expected.len() >= 2 * 5, "{expected:?}");
    for stream in ["units", "cases"] {
        let told = found(&home, stream, "wrong_code");
        let of_stream = expected.iter().filter(|((of, _), _)| of == stream);
        let of_stream: BTreeMap<String, u64> = of_stream
            .map(|((_, about), (row, rows))| (format!("{about} row {row})"), *rows))
            .collect();
        assert_eq!(told, of_stream);
    }
    let worst = expected.iter().max_by_key(|(_, (_, rows))| *rows).unwrap();
    assert!(said.contains(&worst.0.1) && said.contains("codes that are wrong"), "{said}");
    // The word itself may be the number of a person.
    assert!(cases.iter().filter(is_told).filter(|case| case[1].len() > 9).all(|case| {
        !said.contains(&case[1])
            && !format!("{:?}", found(&home, "units", "wrong_code")).contains(&case[1])
    }));
}

#[test]
fn a_region_that_is_revoked_or_not_known_is_listed_and_what_the_home_adds_is_not() {
    let units = [
        unit("city", ["", "", "519900", "", ""]),
        unit("name", ["", "", "白鹭市", "", ""]),
        unit("province", ["", "", "510000", "", ""]),
        unit("suining", ["", "", "510900", "", ""]),
        // 射洪县 became a city on 2019-08-16: what ended before lay in the county.
        unit("before", ["2019-08-16", "", "510922", "", ""]),
        unit("after", ["2019-08-17", "", "510922", "", ""]),
        unit("today", ["", "", "510922", "", ""]),
        unit("now", ["", "", "510981", "", ""]),
        unit("early", ["2019-08-16", "", "510981", "", ""]),
        unit("unknown", ["", "", "519999", "", ""]),
    ];
    let (home, said) = night(&units, &[["c1", "单位a", ""].map(str::to_owned)]);
    let kept = column(&home, "region");
    let kept = |id: &str| kept[id].as_str();
    for (id, region) in [
        ("city", "519900"),
        ("name", "519981"),
        ("province", "510000"),
        ("suining", "510900"),
        ("before", "510922"),
        ("now", "510981"),
    ] {
        assert_eq!(kept(id), region, "{id}");
    }
    assert_eq!(["after", "today", "early", "unknown"].map(kept), [""; 4]);
    let told = found(&home, "units", "unmapped");
    let expected = [("region=510922", 2), ("region=510981", 1), ("region=519999", 1)];
    assert_eq!(told, expected.map(|(about, rows)| (about.to_owned(), rows)).into());
    assert!(said.contains("region=510922"), "{said}");
}

#[test]
fn a_unit_whose_parent_or_successor_is_no_unit_is_counted_and_kept() {
    let units = [
        unit("a", ["", "", "", "", ""]),
        unit("b", ["", "", "", "a", ""]),
        unit("c", ["", "", "", "nobody", ""]),
        unit("d", ["2024-11-20", "", "", "nobody", "a"]),
        unit("e", ["2024-11-20", "", "", "a", "gone"]),
    ];
    let (home, _) = night(&units, &[["c1", "单位a", ""].map(str::to_owned)]);
    let told = found(&home, "unit", "orphan");
    let expected = [("parent_id of unit", 2), ("successor_id of unit", 1)];
    assert_eq!(told, expected.map(|(about, rows)| (about.to_owned(), rows)).into());
    assert_eq!(column(&home, "parent_id")["c"], "nobody");
}
