//! Two files of one night that say something else of the same key: which of them stands hangs on their names, and
//! somebody has to hear of it.

use std::fs;
use std::path::Path;

use crate::library::library;
use crate::library::said;
use crate::library::shuping;

const HEAD: &str = "loan,branch,borrowed,due,returned,desk,reader,changed\n";

fn night(home: &Path, night: &str) -> String {
    let output = shuping(home, &["run", "--night", night]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    said(&output)
}

/// The lines of a report that tell of files that disagree.
fn told(text: &str) -> Vec<String> {
    let words =
        "files of one night that say something else of the same keys; the last by name stands";
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(words));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn files_that_disagree_where_no_time_decides_are_named_with_how_many_keys() {
    let home = library();
    let drop = home.path().join("drop");
    // L01 and L02 are said otherwise at the same time, L03 later, and L05 once more as it is.
    let rows = "L01,North Branch,2026-01-05 09:10,2026-01-20,2026-01-12 16:00,Counter,R7,2026-01-12 16:00\n\
        L02,North Branch,2026-01-05 10:25,2026-01-19,2026-01-18 17:30,Machine,R3,2026-01-19 17:30\n\
        L03,North Branch,2026-01-06 11:00,2026-01-20,2026-01-22 10:05,Machine,R9,2026-01-23 10:05\n\
        L05,North Branch,2026-01-07 09:30,2026-01-21,2026-01-15 12:00,Counter,R4,2026-01-15 12:00\n";
    fs::write(drop.join("loans_2026-02.csv"), format!("{HEAD}{rows}")).unwrap();
    let first = night(home.path(), "2026-02-01");
    assert_eq!(told(&first), ["loans_2026-01.csv → loans_2026-02.csv loans.loans 2"], "{first}");
    // Another night's file is a correction, and its own rows that differ are one file's.
    let rows = rows.replace("Counter", "Machine");
    let twice = format!("{HEAD}{rows}{}", rows.replace("2026-01-20,2026", "2026-01-25,2026"));
    fs::write(drop.join("loans_2026-03.csv"), twice).unwrap();
    let second = night(home.path(), "2026-02-02");
    assert_eq!(told(&second), Vec::<String>::new(), "{second}");
}
