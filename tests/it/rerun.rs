//! What becomes of a night that is run again? It loses nothing that it or a later one has brought, and a night that is
//! still to come is not run at all.

use std::fs;
use std::path::Path;

use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::runtime::Runtime;

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

fn cases(home: &Path) -> Vec<String> {
    let question = "select case_id from service_case order by case_id";
    ask(&home.join("var/warehouse.db"), question).into_iter().flatten().collect()
}

const LOANS: &str = r#"
format = 1
[system]
name = "loans"
title = "The library's loans"
kind = "sql"
[sql]
url = "sqlite://FILE"
[[stream]]
name = "branches"
into = "unit"
view = "branches"
key = ["branch"]
write = "upsert"
[stream.columns]
unit_id = "branch"
name = { sql = "branch" }
category = { constant = "institution" }
valid_from = { constant = "2000-01-01" }
[[stream]]
name = "loans"
into = "service_case"
view = "loans"
key = ["loan"]
cursor = { column = "changed", start = "2026-01-01", lookback = "0d", lag = "0m" }
write = "upsert"
[stream.columns]
case_id = "loan"
unit_id = { from = "branch", lookup = "unit" }
accepted_at = "borrowed"
status = { constant = "open" }
[stream.contract]
rows_min = 0
"#;

/// Says something to a database.
fn tell(file: &Path, statements: &str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    Runtime::new().unwrap().block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn what_a_later_night_called_unchanged_stays_where_the_night_before_it_is_asked_again() {
    let home = library();
    let file = home.path().join("loans.db");
    let manifest = LOANS.replace("FILE", &file.display().to_string());
    fs::write(home.path().join("connectors/loans.toml"), manifest).unwrap();
    let lent = |loan: u32, changed: &str| {
        format!("insert into loans values ('L{loan}', 'North Branch', '2026-01-05', '{changed}');")
    };
    let tables =
        "create table branches (branch text); insert into branches values ('North Branch');
        create table loans (loan text, branch text, borrowed timestamp, changed timestamp);";
    tell(&file, &format!("{tables}{}", lent(1, "2026-01-05 10:00:00")));
    run(home.path(), &["2026-01-06"], 0);
    tell(&file, &lent(2, "2026-01-06 10:00:00"));
    run(home.path(), &["2026-01-07"], 0);
    // The source touches the loan of the night before, and nothing that is read of it is another.
    let touched = "update loans set changed = '2026-01-07 10:00:00' where loan = 'L2';";
    tell(&file, &format!("{touched}{}", lent(3, "2026-01-07 11:00:00")));
    let told = run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2", "L3"], "{told}");
    // By the time that it is asked again, the source tells the loan of a later day.
    run(home.path(), &["2026-01-07", "--again"], 0);
    assert_eq!(cases(home.path()), ["L1"]);
    run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2", "L3"]);
    run(home.path(), &["2026-01-06", "--again"], 0);
    run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2", "L3"]);
}

#[test]
fn a_file_that_has_left_its_folder_is_not_lost_by_asking_again() {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    let before = cases(home.path());
    assert!(before.len() > 5, "{before:?}");
    let (drop, archive) = (home.path().join("drop/loans_2026-01.csv"), home.path().join("old.csv"));
    fs::rename(&drop, &archive).unwrap();
    let told = run(home.path(), &["2026-02-01", "--again"], 1);
    assert!(told.contains("`loans_2026-01.csv`") && told.contains("put it back"), "{told}");
    assert_eq!(cases(home.path()), before);
    // Nor is it by the nights that follow.
    run(home.path(), &["2026-02-02"], 0);
    assert_eq!(cases(home.path()), before);
    fs::rename(&archive, &drop).unwrap();
    run(home.path(), &["2026-02-01", "--again"], 0);
    assert_eq!(cases(home.path()), before);
    // A file of the same name that says less is a correction, and whoever sends it means it.
    let text = fs::read_to_string(&drop).unwrap();
    let fewer: Vec<&str> = text.lines().take(3).collect();
    fs::write(&drop, fewer.join("\n") + "\n").unwrap();
    run(home.path(), &["2026-02-01", "--again"], 0);
    assert_eq!(cases(home.path()), ["L01", "L02"]);
}

#[test]
fn a_night_asked_again_that_ends_before_its_model_is_not_taken_for_done() {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    february(home.path());
    // The disk takes what lands and not what is made of it.
    let (model, away) = (home.path().join("var/lake/model"), home.path().join("away"));
    fs::rename(&model, &away).unwrap();
    fs::write(&model, "").unwrap();
    let cut = shuping(home.path(), &["run", "--night", "2026-02-01", "--again"]);
    assert!(!cut.status.success(), "{}", said(&cut));
    let landed = home.path().join("var/lake/landing/loans/loans/2026-02-01.2/manifest.json");
    assert!(landed.exists(), "{}", said(&cut));
    fs::remove_file(&model).unwrap();
    fs::rename(&away, &model).unwrap();
    // What it read is read again by the next.
    run(home.path(), &["2026-02-02"], 0);
    assert!(cases(home.path()).contains(&"L20".to_owned()), "{:?}", cases(home.path()));
}

#[test]
fn streams_of_one_name_in_two_systems_leave_each_other_alone() {
    let home = library();
    fs::remove_file(home.path().join("connectors/loans.toml")).unwrap();
    for county in ["north", "south"] {
        let file = home.path().join(format!("{county}.db"));
        let manifest = LOANS.replace("FILE", &file.display().to_string());
        let manifest =
            manifest.replace("name = \"loans\"\ntitle", &format!("name = \"{county}\"\ntitle"));
        let cursor = manifest.lines().find(|line| line.starts_with("cursor")).unwrap().to_owned();
        let manifest =
            manifest.replace(&format!("{cursor}\nwrite = \"upsert\""), "write = \"snapshot\"");
        fs::write(home.path().join(format!("connectors/{county}.toml")), manifest).unwrap();
        let tables = "create table branches (branch text);
            create table loans (loan text, branch text, borrowed timestamp, changed timestamp);";
        let rows = [1, 2].map(|loan| {
            format!("insert into loans values ('{county}{loan}', 'B', '2026-01-05', null);")
        });
        tell(&file, &format!("{tables} insert into branches values ('B'); {}", rows.concat()));
    }
    let all = ["north1", "north2", "south1", "south2"];
    for night in ["2026-01-06", "2026-01-07"] {
        let told = run(home.path(), &[night], 0);
        assert_eq!(cases(home.path()), all, "{told}");
    }
    tell(&home.path().join("south.db"), "delete from loans where loan = 'south1'");
    run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["north1", "north2", "south2"]);
}

#[test]
fn of_two_streams_of_one_night_the_one_whose_turn_is_later_stands_whatever_its_name() {
    let home = library();
    let file = home.path().join("loans.db");
    // What comes back, of a stream whose name comes first and whose turn comes last.
    let (_, loans) = LOANS.rsplit_once("[[stream]]").unwrap();
    let back = loans.replace("\"loans\"", "\"back\"").replace("\"open\"", "\"closed\"");
    let manifest = format!("{LOANS}[[stream]]{back}");
    let manifest = manifest.replace("FILE", &file.display().to_string());
    fs::write(home.path().join("connectors/loans.toml"), manifest).unwrap();
    let loan = "'B', '2026-01-05', '2026-01-05 10:00:00');";
    let tables = format!(
        "create table branches (branch text); insert into branches values ('B');
         create table loans (loan text, branch text, borrowed timestamp, changed timestamp);
         create table back (loan text, branch text, borrowed timestamp, changed timestamp);
         insert into loans values ('L1', {loan} insert into loans values ('L2', {loan}
         insert into back values ('L1', {loan}"
    );
    tell(&file, &tables);
    let question = "select case_id || ' ' || status from service_case order by 1";
    let status = || ask(&home.path().join("var/warehouse.db"), question).concat();
    let first = run(home.path(), &["2026-01-06"], 0);
    assert_eq!(status(), ["L1 closed", "L2 open"], "{first}");
    // The same night is told in the same way.
    let noted = "select stream || ' ' || added || ' ' || changed from stream_night order by 1";
    let noted = || ask(&home.path().join("var/warehouse.db"), noted).concat();
    let before = noted();
    assert!(before.contains(&"back 0 1".to_owned()), "{before:?}");
    run(home.path(), &["2026-01-06"], 0);
    assert_eq!((status(), noted()), (vec!["L1 closed".to_owned(), "L2 open".to_owned()], before));
    run(home.path(), &["2026-01-07"], 0);
    assert_eq!(status(), ["L1 closed", "L2 open"]);
}

#[test]
fn a_night_that_is_still_to_come_is_refused_unless_it_is_asked_for_early() {
    let home = library();
    let told = run(home.path(), &["2999-01-01"], 2);
    assert!(
        told.contains("night 2999-01-01 is still to come") && told.contains("--early"),
        "{told}"
    );
    assert!(!home.path().join("var").exists());
    run(home.path(), &["2999-01-01", "--early"], 0);
    assert!(cases(home.path()).len() > 5);
}
