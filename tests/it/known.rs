//! What was known then stays what it was: a night that is told again tells what it told, whatever came later, and
//! a later night tells of the same days what is known now.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::library::library;
use crate::library::said;
use crate::library::shuping;

const LOANS: &str = "drop/loans_2026-01.csv";

/// A night that tells January.
fn january(home: &Path, night: &str) -> BTreeMap<String, String> {
    let output = shuping(home, &["run", "--night", night, "--as-of", "2026-01-31"]);
    assert_eq!(output.status.code(), Some(0), "{night}: {}", said(&output));
    told(home, night)
}

/// What the newest release of a night tells of each branch in January.
fn told(home: &Path, night: &str) -> BTreeMap<String, String> {
    let releases = fs::read_dir(home.join("var/release")).unwrap();
    let names = releases.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest = names.filter(|name| name.starts_with(night)).max().unwrap();
    let file = home.join("var/release").join(newest).join("metrics.jsonl");
    let rows = fs::read_to_string(file).unwrap();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_units = rows.filter(|row| row["level"] == "unit" && row["period"] == "2026-01");
    let cells = |row: Value| {
        let unit = row["unit_id"].as_str().unwrap().to_owned();
        (unit, format!("{} of {}", row["numerator"], row["denominator"]))
    };
    of_units.map(cells).collect()
}

fn change(home: &Path, file: &str, changes: &[(&str, &str)]) {
    let path = home.join(file);
    let mut text = fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{file} has no `{old}`");
        text = text.replacen(old, new, 1);
    }
    fs::write(path, text).unwrap();
}

#[test]
fn an_earlier_night_tells_what_was_known_then_and_a_later_one_what_is_known_now() {
    let home = library();
    let home = home.path();
    // What no longer comes is deleted.
    let stream = "into   = \"service_case\"\nfile   = 'loans_\\d{4}-\\d{2}\\.csv'\nwrite  = ";
    let [old, new] = ["upsert", "snapshot"].map(|how| format!("{stream}\"{how}\""));
    change(home, "connectors/loans.toml", &[(&old, &new)]);
    let then = january(home, "2026-02-01");
    assert_eq!(then["North Branch"], "5 of 7");

    // One came back later than was said, one was never lent, and one is new.
    let deleted = "L01,North Branch,2026-01-05 09:10,2026-01-19,2026-01-12 16:00,Counter,R7,2026-01-12 16:00\n";
    let late = "2026-01-19 17:30,Machine,R3,2026-01-19 17:30";
    let later = "2026-01-23 17:30,Machine,R3,2026-02-01 09:00";
    let row = "L18,River Branch,2026-01-22 09:05,2026-02-05,,Machine,R5,2026-01-22 09:05\n";
    let new = "L19,North Branch,2026-01-22 10:00,2026-02-05,2026-01-30 10:00,Counter,R5,2026-02-01 10:00\n";
    let both = format!("{row}{new}");
    change(home, LOANS, &[(deleted, ""), (late, later), (row, &both)]);
    let now = january(home, "2026-02-02");
    assert_eq!(now["North Branch"], "4 of 7");
    assert_eq!(now["River Branch"], then["River Branch"]);
    // And a night without news in between.
    assert_eq!(january(home, "2026-02-03"), now);

    // Nothing is taken from the release that stands: what is told again is made from the lake.
    fs::remove_dir_all(home.join("var/release/2026-02-01.1")).unwrap();
    assert_eq!(january(home, "2026-02-01"), then, "what was known then");
    assert_eq!(january(home, "2026-02-04"), now, "what is known now");
}

#[test]
fn a_night_tells_no_day_that_comes_after_it() {
    let home = library();
    let told = shuping(home.path(), &["run", "--night", "2026-01-31", "--as-of", "2026-02-01"]);
    assert_eq!(told.status.code(), Some(2), "{}", said(&told));
    assert!(
        said(&told).contains("night 2026-01-31 knows nothing of 2026-02-01"),
        "{}",
        said(&told)
    );
    assert!(said(&told).contains("hint: ") && !home.path().join("var/release").exists());
}
