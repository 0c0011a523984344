//! What stands of nights that are run again, where something fails or is killed on the way? What they had brought, and
//! all that came after it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::library::february;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::ask;

/// Runs a night; what it said.
fn run(home: &Path, words: &[&str], code: i32) -> String {
    let output = shuping(home, &[&["run", "--night"], words].concat());
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
    said(&output)
}

/// A home with a night of January's loans, and one of February's.
fn two_nights() -> TempDir {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    february(home.path());
    run(home.path(), &["2026-03-01"], 0);
    home
}

/// Of some loans their channel, and when they came back.
fn loans(home: &Path) -> Vec<Vec<String>> {
    let question = "select case_id, channel, coalesce(closed_at, '') from service_case
        where case_id in ('L09', 'L10', 'L20') order by case_id";
    ask(&home.join("var/warehouse.db"), question)
}

const CONNECTOR: &str = "connectors/loans.toml";

fn edit(home: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(home.join(CONNECTOR)).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(home.join(CONNECTOR), text.replace(old, new)).unwrap();
}

fn waiting(home: &Path) -> usize {
    let quarantine = shuping(home, &["quarantine", "loans.loans"]);
    said(&quarantine).matches("loans_2026-01.csv").count()
}

#[test]
fn what_a_night_had_brought_is_not_read_again_over_newer_rows_where_it_fails_when_it_is_run_again()
{
    let home = two_nights();
    let home = home.path();
    let (before, held) = (loans(home), waiting(home));
    assert_eq!((before.len(), held > 0), (3, true));
    // The folder is away for a moment: the night fails, and what it had brought stands.
    fs::rename(home.join("drop"), home.join("away")).unwrap();
    run(home, &["2026-02-01", "--again"], 1);
    fs::rename(home.join("away"), home.join("drop")).unwrap();
    assert_eq!(waiting(home), held);
    let told = run(home, &["2026-03-02"], 0);
    assert_eq!(loans(home), before, "{told}");
    // It may be asked again once its files are there.
    run(home, &["2026-02-01", "--again"], 0);
    run(home, &["2026-03-02"], 0);
    assert_eq!((loans(home), waiting(home)), (before.clone(), held));
    // What the older night has read by now is not gone from the folder for the later one.
    run(home, &["2026-03-01", "--again"], 0);
    run(home, &["2026-03-02"], 0);
    assert_eq!((loans(home), waiting(home)), (before, held));
}

#[test]
fn a_later_night_that_breaks_its_contract_where_it_is_merged_again_is_told() {
    let home = two_nights();
    let home = home.path();
    let before = loans(home);
    // January has twenty rows, February three.
    edit(home, "\"Machine\" = \"kiosk\"", "\"Machine\" = \"online\"");
    edit(home, "bad_rows_max", "rows_min = 10\nbad_rows_max");
    let told = run(home, &["2026-02-01"], 1);
    assert!(told.contains("stands as it was"), "{told}");
    let found =
        "select stream, subject from finding where kind = 'not_merged' and night = '2026-02-01'";
    let found = ask(&home.join("var/warehouse.db"), found);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0][1].contains("2026-03-01: 3 rows came"), "{found:?}");
    edit(home, "rows_min = 10\n", "");
    run(home, &["2026-02-01"], 0);
    run(home, &["2026-03-01"], 0);
    let online = |row: &Vec<String>| {
        [row[0].clone(), row[1].replace("kiosk", "online"), row[2].clone()].to_vec()
    };
    assert_eq!(loans(home), before.iter().map(online).collect::<Vec<_>>());
}

#[test]
fn nights_that_wait_to_be_merged_again_are_merged_by_the_next_night() {
    let home = two_nights();
    let home = home.path();
    let lake = home.join("var/lake");
    let delta = lake.join("model/service_case/2026-03-01.loans.loans.parquet");
    let hash = delta.with_extension("sha256");
    let before = [&delta, &hash].map(|path| fs::read(path).unwrap());
    edit(home, "\"Machine\" = \"kiosk\"", "\"Machine\" = \"online\"");
    run(home, &["2026-02-01"], 0);
    let whole = fs::read(&delta).unwrap();
    assert_ne!(whole, before[0]);
    assert!(!lake.join("merge-from").exists());
    // As if it had been killed behind its own delta.
    for (path, bytes) in [&delta, &hash].into_iter().zip(before) {
        fs::write(path, bytes).unwrap();
    }
    fs::write(lake.join("merge-from"), "2026-02-01").unwrap();
    run(home, &["2026-03-02"], 0);
    assert_eq!(fs::read(&delta).unwrap(), whole);
    assert!(!lake.join("merge-from").exists());
    assert!(loans(home).iter().all(|row| row[1] != "kiosk"), "{:?}", loans(home));
}
