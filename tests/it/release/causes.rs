//! Does a correction say why its number moved, by the unit, place and months that moved? Over whole small nights, each
//! from the same closed month and year.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::closed::done;
use crate::world;
use crate::world::SETTINGS;

const OFFICE: &str = r#"
format = 1
[system]
name  = "office"
title = "办公"
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
unit_id    = "unit_id"
valid_from = "valid_from"
name       = "name"
category   = "category"
parent_id  = "parent_id"

[[stream]]
name  = "sections"
into  = "section"
file  = 'sections\.csv'
write = "snapshot"
[stream.columns]
section_id = "section_id"
unit_id    = "unit_id"
name       = "name"

[[stream]]
name  = "cases"
into  = "service_case"
file  = 'cases\.csv'
write = "snapshot"
[stream.columns]
case_id     = "case"
unit_id     = { from = "unit", lookup = "unit" }
section_id  = { from = "section", lookup = "section" }
accepted_at = { constant = "2025-01-02 09:00" }
closed_at   = "closed"
status      = { constant = "closed" }

[[stream]]
name   = "roster"
into   = "person_snapshot"
file   = 'roster_\d{4}\.csv'
write  = "snapshot"
within = ["as_of"]
[stream.columns]
as_of     = "as_of"
person_id = { from = "who", identity = "cn_id" }
unit_id   = { from = "unit", lookup = "unit" }
post_kind = { constant = "admin" }
status    = { from = "status", values = { "在岗" = "active", "停职" = "suspended" } }

[[stream]]
name  = "reports"
into  = "self_report"
file  = 'reports\.csv'
write = "snapshot"
[stream.columns]
unit_id     = { from = "unit", lookup = "unit" }
period      = "period"
metric      = "metric"
value       = "value"
reported_on = "reported_on"
"#;

const COUNTS: &str = r#"
format = 1
title  = "办件和人员"

[[fact]]
name    = "case"
table   = "service_case"
kind    = "event"
time    = "closed_at"
section = "section_id"

[[fact]]
name  = "person"
table = "person_spell"
kind  = "stock"
from  = "from"
to    = "to"

[[measure]]
name = "done"
fact = "case"
sql  = "COUNT(*)"
measured_in = "件"

[[measure]]
name = "there"
fact = "person"
sql  = "COUNT(*) FILTER (WHERE status = 'active')"
measured_in = "人"

[[metric]]
name        = "cases_done"
title       = "办结量"
value       = "done"
measured_in = "件"
grain       = ["unit", "section"]
period      = ["month", "year"]
additive    = true
basis       = "test"
means       = "办结的件数。"

[[metric]]
name        = "people"
title       = "人数"
value       = "there"
measured_in = "人"
grain       = ["unit"]
period      = ["month"]
basis       = "test"
means       = "月末人数。"
"#;

const UNITS: &str = "unit_id,valid_from,name,category,parent_id\n\
    U1,2020-01-01,甲局,government_department,\n\
    U2,2020-01-01,乙局,government_department,\n\
    U3,2020-01-01,丙中心,institution,U1\nU4,2020-01-01,丁站,institution,U1\n";

const CASES: &str = "case,unit,section,closed\n\
    C1,甲局,一科,2025-03-03 09:00\nC2,甲局,二科,2025-03-04 09:00\nC3,甲局,,2025-05-05 09:00\n\
    C4,乙局,,2025-03-03 09:00\nC5,乙局,,2025-03-06 09:00\n\
    C6,丙中心,,2025-03-07 09:00\nC7,丙中心,,2025-03-10 09:00\nC8,甲署,,2025-03-11 09:00\n";

const MARCH: &str = "as_of,who,unit,status\n\
    2025-03-31,519902198703051215,甲局,在岗\n2025-03-31,519902198804061228,甲局,在岗\n\
    2025-03-31,51990219900101123X,乙局,在岗\n2025-03-31,519902198505071274,丙中心,在岗\n";

/// A home whose year is closed, and its March and April.
fn closed() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    // Whoever is below the first unit in March is on no later roster.
    let december: Vec<&str> = MARCH.lines().filter(|line| !line.contains("丙中心")).collect();
    let december = format!("{}\n", december.join("\n")).replace("2025-03", "2025-12");
    for (path, text) in [
        ("shuping.toml", SETTINGS),
        ("connectors/office.toml", OFFICE),
        ("pipelines/counts.toml", COUNTS),
        ("drop/units.csv", UNITS),
        ("drop/sections.csv", "section_id,unit_id,name\nS1,U1,一科\nS2,U1,二科\n"),
        ("drop/cases.csv", CASES),
        ("drop/roster_2503.csv", MARCH),
        ("drop/roster_2512.csv", &december),
        (
            "drop/reports.csv",
            "unit,period,metric,value,reported_on\n甲局,2025,cases_done,3,2026-01-02\n",
        ),
    ] {
        world::put(home.path(), path, text);
    }
    night(home.path(), "2026-01-01");
    for period in ["2025-03", "2025-04", "2025"] {
        done(home.path(), &["close", period, "--reason", "定稿"], 0);
    }
    home
}

fn night(home: &Path, night: &str) {
    done(home, &["run", "--night", night, "--as-of", "2025-12-31"], 0);
}

/// What a night says of a copy of a home in which something changed: of each number that moved where it is, both numbers and
/// why.
fn causes(closed: &TempDir, change: &dyn Fn(&Path)) -> (TempDir, Vec<String>) {
    let copy = tempfile::tempdir().unwrap();
    let from = closed.path().join(".");
    let copied = Command::new("cp").arg("-a").arg(from).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    change(copy.path());
    // Another definition is held back, unless somebody agrees.
    let again = ["run", "--night", "2026-01-02", "--as-of", "2025-12-31", "--confirm", "已核"];
    done(copy.path(), &again, 0);
    let rows = fs::read_to_string(copy.path().join("var/release/2026-01-02.1/corrections.jsonl"));
    let rows = rows.unwrap();
    let line = |text: &str| {
        let row: Value = serde_json::from_str(text).unwrap();
        let of = ["metric", "unit_id", "section_id", "dim", "dim_value", "period"]
            .map(|name| &row[name]);
        let of = of.iter().filter_map(|cell| cell.as_str()).collect::<Vec<_>>().join(" ");
        let cause = row["cause"].as_str().unwrap();
        format!("{of} {}→{} {cause}", row["value_closed"], row["value"])
    };
    let lines = rows.lines().map(line).collect();
    (copy, lines)
}

/// Rewrites a file of the drop folder.
fn put(home: &Path, file: &str, text: &str) {
    fs::write(home.join("drop").join(file), text).unwrap();
}

#[test]
fn rows_that_came_changed_or_went_are_told_by_unit_section_and_months() {
    // A new case of the first section, one of the second that ended later; below the first unit one that is gone.
    let (home, told) = causes(&closed(), &|home| {
        let cases = CASES.replace("2025-03-04", "2025-06-04");
        let cases = cases.replace("C7,丙中心,,2025-03-10 09:00\n", "");
        let new = "C9,甲局,一科,2025-03-12 09:00\nC10,乙局,,2025-03-12 09:00\n";
        put(home, "cases.csv", &format!("{cases}{new}"));
    });
    let expected = [
        "cases_done category government_department 2025 5→7 changed_rows",
        "cases_done category government_department 2025-03 4→5 changed_rows",
        "cases_done category institution 2025 2→1 deleted_rows",
        "cases_done category institution 2025-03 2→1 deleted_rows",
        "cases_done city jianing 2025 7→8 deleted_rows",
        "cases_done parent U1 2025-03 4→3 deleted_rows",
        "cases_done U1 2025 3→4 changed_rows",
        "cases_done U1 S1 2025 1→2 new_rows",
        "cases_done U1 S1 2025-03 1→2 new_rows",
        "cases_done U1 S2 2025-03 1→0 changed_rows",
        "cases_done U2 2025 2→3 new_rows",
        "cases_done U2 2025-03 2→3 new_rows",
        "cases_done U3 2025 2→1 deleted_rows",
        "cases_done U3 2025-03 2→1 deleted_rows",
    ];
    same(&told, &expected);
    // What the unit reported is held beside what is published, not beside what was counted.
    let held =
        fs::read_to_string(home.path().join("var/release/2026-01-02.1/reconciliation.jsonl"));
    let held: Value = serde_json::from_str(held.unwrap().lines().next().unwrap()).unwrap();
    let of =
        ["unit_id", "period", "reported", "value", "verdict"].map(|name| held[name].to_string());
    assert_eq!(of, ["\"U1\"", "\"2025\"", "3", "3", "\"agrees\""]);
}

fn same(told: &[String], expected: &[&str]) {
    let [mut told, mut expected] =
        [told.to_vec(), expected.iter().map(ToString::to_string).collect()];
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

/// That all numbers moved for one cause, and some of these did.
fn all(told: &[String], cause: &str, some: &[&str]) {
    let others: Vec<_> = told.iter().filter(|line| !line.ends_with(&format!(" {cause}"))).collect();
    assert!(others.is_empty(), "not for {cause}: {others:#?}");
    for line in some {
        assert!(told.iter().any(|told| told.starts_with(line)), "{line} in {told:#?}");
    }
}

#[test]
fn names_that_were_decided_units_that_changed_and_definitions_are_told_apart_from_rows() {
    let closed = closed();
    let (_, told) = causes(&closed, &|home| {
        let line = "system,alias,unit,valid_from,valid_to,note\n,甲署,U1,,,来函\n";
        fs::write(home.join("connectors/aliases.csv"), line).unwrap();
    });
    all(
        &told,
        "alias",
        &["cases_done U1 2025-03 2→3", "cases_done U1 2025 3→4", "cases_done city"],
    );
    let (_, told) = causes(&closed, &|home| put(home, "units.csv", &UNITS.replace("乙局", "乙委")));
    all(&told, "units", &["cases_done U2 2025-03 2→", "people U2 2025-04 1→", "cases_done city"]);
    let (_, told) = causes(&closed, &|home| {
        put(home, "units.csv", &UNITS.replace("丙中心,institution,U1", "丙中心,institution,U2"));
    });
    all(&told, "units", &["cases_done parent U1 2025-03 4→2", "cases_done parent U2 2025-03"]);
    let (_, told) = causes(&closed, &|home| {
        let path = home.join("pipelines/counts.toml");
        let counts = "COUNT(*) FILTER (WHERE section_id IS NOT NULL)";
        let text = fs::read_to_string(&path).unwrap().replacen("COUNT(*)", counts, 1);
        fs::write(path, text).unwrap();
    });
    all(&told, "definition", &["cases_done U1 2025 3→2", "cases_done U2 2025-03 2→"]);
}

#[test]
fn numbers_of_people_say_what_happened_to_the_rosters_of_whom_they_are() {
    let closed = closed();
    let of_units = |told: &[String]| -> Vec<String> {
        let of_units = told.iter().filter(|line| line.starts_with("people U"));
        of_units.filter(|line| line.contains("2025-04")).cloned().collect()
    };
    let (_, told) = causes(&closed, &|home| {
        put(home, "roster_2503.csv", &MARCH.replacen("28,甲局,在岗", "28,甲局,停职", 1));
    });
    same(&of_units(&told), &["people U1 2025-04 2→1 changed_rows"]);
    let (_, told) = causes(&closed, &|home| {
        put(
            home,
            "roster_2503.csv",
            &MARCH.replace("2025-03-31,519902198703051215,甲局,在岗\n", ""),
        );
    });
    same(&of_units(&told), &["people U1 2025-04 2→1 deleted_rows"]);
    // A late roster: somebody is on it whom no other knows, and one is not whose own rows are what they were.
    let (_, told) = causes(&closed, &|home| {
        let late = "as_of,who,unit,status\n2025-04-30,519902198703051215,甲局,在岗\n\
            2025-04-30,51990219900101123X,乙局,在岗\n2025-04-30,519902197902031239,乙局,在岗\n";
        put(home, "roster_2504.csv", late);
    });
    let expected = ["people U2 2025-04 1→2 new_rows", "people U3 2025-04 1→0 rows_of_persons"];
    same(&of_units(&told), &expected);
}
