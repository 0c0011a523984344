//! Is a release held back that moves more than the home lets it, and let go by whoever says so?

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use jiff::civil::date;
use serde_json::Value;
use shuping::spec::formula::Exact;
use shuping::spec::settings::CsvEncoding;
use shuping::spec::settings::Limits;

use super::closed::done;
use super::publish_within;
use crate::library::PIPELINE;
use crate::library::library;

const HEAD: &str = "loan,branch,borrowed,due,returned,desk,reader,changed\n";

/// A loan of January that is told anew in February.
fn late(home: &Path, number: u32, returned: &str) {
    let line = format!(
        "L{number},River Branch,2026-01-08 17:05,2026-01-22,{returned},Counter,R2,2026-02-02 10:00\n"
    );
    fs::write(home.join(format!("drop/loans_2026-{number}.csv")), format!("{HEAD}{line}")).unwrap();
}

fn latest(home: &Path) -> String {
    let text = fs::read_to_string(home.join("var/release/latest.json")).unwrap();
    let latest: Value = serde_json::from_str(&text).unwrap();
    format!("{}.{}", latest["night"].as_str().unwrap(), latest["revision"])
}

pub(super) fn settings(home: &Path, lines: &str) {
    let path = home.join("shuping.toml");
    let text = fs::read_to_string(&path).unwrap();
    let own = text.split("\n[release]").next().unwrap();
    fs::write(path, format!("{own}\n[release]\n{lines}\n")).unwrap();
}

fn run(home: &Path, night: &str, code: i32) -> String {
    done(home, &["run", "--night", night], code)
}

#[test]
fn a_release_that_moves_too_much_waits_until_somebody_lets_it_go() {
    let home = library();
    let home = home.path();
    settings(home, "moved_most = \"20%\"");
    run(home, "2026-02-01", 0);
    // A night that moves nothing of what is over is published.
    run(home, "2026-02-02", 0);
    assert_eq!(latest(home), "2026-02-02.1");
    late(home, 90, "2026-01-30 10:00");
    let said = run(home, "2026-02-03", 3);
    assert!(said.contains("release 2026-02-03.1 moves more than shuping.toml lets it"), "{said}");
    assert!(said.contains("Loans ") && said.contains("(rows "), "{said}");
    assert!(said.contains("Held ") && !said.contains("Published "), "{said}");
    assert!(said.contains("hint: look with `shuping diff 2026-02-02.1 2026-02-03.1`"), "{said}");
    assert_eq!(latest(home), "2026-02-02.1");
    let code = "select cast(exit_code as text) from run where night = '2026-02-03'";
    assert_eq!(crate::world::ask(&home.join("var/warehouse.db"), code), [["3"]]);
    // The warehouse has the night, and says that nobody reads its release yet.
    let before = ["2026-02-01.1 1", "2026-02-02.1 1", "2026-02-03.1 0"];
    assert_eq!(published(home), before);
    // Run again it is the same and still waits; it can't be chosen either.
    run(home, "2026-02-03", 3);
    assert!(!home.join("var/release/2026-02-03.2").exists());
    assert!(done(home, &["release", "use", "2026-02-03"], 2).contains("is held back"));
    // The next night is held against what is published.
    run(home, "2026-02-04", 3);
    let words = ["release", "publish", "2026-02-03", "--confirm", "馆方补报, 已核"];
    assert_eq!(published(home)[3..], ["2026-02-04.1 0"]);
    assert!(done(home, &words, 0).contains("latest.json names 2026-02-03.1"));
    assert_eq!(published(home)[2..], ["2026-02-03.1 1", "2026-02-04.1 0"]);
    // Against that one nothing moved, so it waits no longer.
    run(home, "2026-02-04", 0);
    assert_eq!(latest(home), "2026-02-04.1");
    assert_eq!(published(home)[2..], ["2026-02-03.1 1", "2026-02-04.1 1"]);
    let marks = fs::read_to_string(home.join("var/release/held.jsonl")).unwrap();
    let marks: Vec<Value> = marks.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let marks: Vec<String> =
        marks.iter().map(|mark| format!("{} {}", mark["release"], mark["held"])).collect();
    let expected = ["03.1\" true", "04.1\" true", "03.1\" false", "04.1\" false"];
    assert_eq!(marks, expected.map(|mark| format!("\"2026-02-{mark}")));
    // A night may be confirmed as it is run.
    late(home, 91, "2026-01-31 10:00");
    let confirmed = ["run", "--night", "2026-02-05", "--confirm", "补报"];
    done(home, &confirmed, 0);
    assert_eq!(latest(home), "2026-02-05.1");
    let access = fs::read_to_string(home.join("var/access.jsonl")).unwrap();
    assert!(access.contains("\"purpose\":\"补报\""), "{access}");
    // Without a limit nothing is held back.
    settings(home, "");
    late(home, 92, "2026-01-31 10:00");
    run(home, "2026-02-06", 0);
}

/// The releases of the nights that the warehouse has, and whether they are published.
fn published(home: &Path) -> Vec<String> {
    let nights = "select release, cast(is_published as text) from run order by night";
    let nights = crate::world::ask(&home.join("var/warehouse.db"), nights);
    nights.iter().map(|row| row.join(" ")).collect()
}

#[test]
fn the_warehouse_says_what_became_of_the_release_of_its_night() {
    let home = library();
    let home = home.path();
    run(home, "2026-02-01", 0);
    run(home, "2026-02-02", 0);
    // One that is withdrawn is not published, also where its night is run again and says the same.
    let words = ["release", "withdraw", "2026-02-02", "--reason", "重复"];
    done(home, &words, 0);
    assert_eq!(published(home), ["2026-02-01.1 1", "2026-02-02.1 0"]);
    let told = run(home, "2026-02-02", 0);
    assert!(told.contains("release 2026-02-02.1 says, which is withdrawn"), "{told}");
    assert!(told.contains(": 重复"), "{told}");
    assert_eq!(published(home), ["2026-02-01.1 1", "2026-02-02.1 0"]);
    // Where the warehouse can't be told, the release is let go none the less, and it is said.
    let warehouse = home.join("var/warehouse.db");
    fs::rename(&warehouse, home.join("var/aside.db")).unwrap();
    fs::write(&warehouse, "no database").unwrap();
    let words = ["release", "publish", "2026-02-01", "--confirm", "补报"];
    let said = done(home, &words, 0);
    assert!(said.contains("latest.json names 2026-02-01.1"), "{said}");
    assert!(said.contains("does not say so in `run` yet"), "{said}");
    assert!(said.contains("hint: it is said when night 2026-02-01 is run again"), "{said}");
}

/// As `shuping init` writes them.
#[test]
fn the_limits_of_a_new_home_let_a_first_and_an_ordinary_night_through_and_no_other() {
    let shipped = include_str!("../../../shuping.toml").split("\n[release]\n").nth(1).unwrap();
    let lines: Vec<&str> = shipped.lines().take_while(|line| line.starts_with("moved_")).collect();
    assert_eq!(lines.len(), 2, "{shipped}");
    let home = library();
    let home = home.path();
    settings(home, &lines.join("\n"));
    run(home, "2026-02-01", 0);
    run(home, "2026-02-02", 0);
    late(home, 90, "2026-01-30 10:00");
    let said = run(home, "2026-02-03", 3);
    assert!(said.contains("is held back") && said.contains("(rows"), "{said}");
    assert_eq!(latest(home), "2026-02-02.1");
    done(home, &["release", "publish", "2026-02-03", "--confirm", "补报"], 0);
    assert_eq!(latest(home), "2026-02-03.1");
}

#[test]
fn a_metric_of_the_city_moves_no_further_than_it_may() {
    let home = library();
    let home = home.path();
    settings(home, "moved_furthest = \"50%\"");
    run(home, "2026-02-01", 0);
    late(home, 90, "2026-01-30 10:00");
    run(home, "2026-02-02", 0);
    settings(home, "moved_furthest = \"1%\"");
    late(home, 91, "2026-01-31 10:00");
    let said = run(home, "2026-02-03", 3);
    assert!(said.contains("returned_on_time 2026-01 ") && said.contains(" → "), "{said}");
    // What is told no more has moved further than anything.
    settings(home, "moved_furthest = \"900%\"");
    let path = home.join(PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("name        = \"returned_on_time\"", "name = \"in_time\""))
        .unwrap();
    let said = run(home, "2026-02-03", 3);
    assert!(said.contains("returned_on_time 2026-01 ") && said.contains(" → –"), "{said}");
    settings(home, "moved_furthest = \"far\"");
    let said = run(home, "2026-02-03", 78);
    assert!(said.contains("`far` is not a share such as `20%`"), "{said}");
}

/// Of what a home does not have yet, only the present period is told: that it is gone a day later moves nothing.
#[test]
fn what_had_no_value_and_has_none_is_not_moved() {
    let held = |number: i64| {
        let root = tempfile::tempdir().unwrap();
        let limits = Limits { most: Some(Exact::new(1, 5)), furthest: None };
        let publish = |night: Date, period: &str| {
            let told = (night, &[(period, number)][..]);
            publish_within(root.path(), told, CsvEncoding::Utf8, (limits, None)).unwrap()
        };
        publish(date(2026, 1, 31), "2026-01");
        publish(date(2026, 2, 1), "2026-02").held.len()
    };
    // A number below nought stands for none.
    assert_eq!((held(1), held(-1)), (1, 0));
}
