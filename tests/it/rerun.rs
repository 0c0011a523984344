//! What becomes of a night that is run again? It loses nothing that it or a later one has brought, and a night that is
//! still to come is not run at all. And what becomes of a row that its stream no longer means?

use std::fs;
use std::path::Path;
use std::process::Command;

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
fn a_row_that_is_left_out_by_now_is_gone_and_comes_back_where_it_is_meant_again() {
    let home = library();
    let file = home.path().join("loans.db");
    let manifest = LOANS.replace("FILE", &file.display().to_string());
    let where_ = "[stream.columns]\ncase_id = \"loan\"";
    let meant = manifest.replace(where_, &format!("where = \"desk <> 'draft'\"\n{where_}"));
    // Another stream brings the drafts, of another system, under keys of its own.
    fs::write(home.path().join("connectors/loans.toml"), &meant).unwrap();
    let drafts = manifest.replace("name = \"loans\"\ntitle", "name = \"drafts\"\ntitle");
    let drafts = drafts.replace(where_, &format!("where = \"desk = 'draft'\"\n{where_}"));
    tell(
        &file,
        "create table branches (branch text); insert into branches values ('North Branch');
        create table loans (loan text, branch text, borrowed timestamp, changed timestamp, desk text);
        insert into loans values ('L1', 'North Branch', '2026-01-05', '2026-01-05 10:00:00', 'a'),
            ('L2', 'North Branch', '2026-01-05', '2026-01-05 10:00:00', 'a'),
            ('L3', 'North Branch', '2026-01-05', '2026-01-05 10:00:00', 'draft');",
    );
    let told = run(home.path(), &["2026-01-06"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2"], "{told}");
    let desk = |loan: &str, desk: &str, day: u32| {
        let said = format!(
            "update loans set desk = {desk}, changed = '2026-01-0{day} 10:00:00' where loan = '{loan}'"
        );
        tell(&file, &said);
    };
    // One is a draft by now; of the other nobody knows, which takes nothing away.
    desk("L1", "'draft'", 6);
    desk("L2", "null", 6);
    let told = run(home.path(), &["2026-01-07"], 0);
    assert_eq!(cases(home.path()), ["L2"], "{told}");
    assert_eq!(equation(home.path(), "2026-01-07"), ["2", "0", "0", "0", "2", "0", "1"]);
    // What another stream has brought is its own.
    fs::write(home.path().join("connectors/drafts.toml"), &drafts).unwrap();
    run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2", "L3"]);
    desk("L1", "'draft'", 8);
    desk("L3", "'a'", 8);
    run(home.path(), &["2026-01-09"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2", "L3"]);
}

#[test]
fn a_list_of_which_everything_is_left_out_takes_its_rows_away() {
    let home = library();
    let file = home.path().join("loans.db");
    let list = LOANS.replace("FILE", &file.display().to_string());
    let cursor = "cursor = { column = \"changed\", start = \"2026-01-01\", lookback = \"0d\", lag = \"0m\" }\nwrite = \"upsert\"";
    let list = list.replace(cursor, "write = \"snapshot\"\nwhere = \"desk <> 'draft'\"");
    assert!(list.contains("draft"));
    fs::write(home.path().join("connectors/loans.toml"), list).unwrap();
    tell(
        &file,
        "create table branches (branch text); insert into branches values ('North Branch');
        create table loans (loan text, branch text, borrowed timestamp, changed timestamp, desk text);
        insert into loans values ('L1', 'North Branch', '2026-01-05', '2026-01-05 10:00:00', 'a'),
            ('L2', 'North Branch', '2026-01-05', '2026-01-05 10:00:00', 'a');",
    );
    run(home.path(), &["2026-01-06"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2"]);
    tell(&file, "update loans set desk = 'draft';");
    let told = run(home.path(), &["2026-01-07"], 0);
    assert!(cases(home.path()).is_empty(), "{told}");
}

/// What the equation of the loans of a night says: received, added, changed, unchanged, filtered, quarantined and deleted.
fn equation(home: &Path, night: &str) -> Vec<String> {
    let question = format!(
        "select received, added, changed, unchanged, filtered, quarantined, deleted
        from stream_night where night = '{night}' and system = 'loans' and stream = 'loans'"
    );
    ask(&home.join("var/warehouse.db"), &question).concat()
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
fn a_row_in_disorder_is_held_back_whatever_where_makes_of_it_and_takes_nothing_away() {
    let home = library();
    let path = home.path().join("connectors/loans.toml");
    let text = fs::read_to_string(&path).unwrap();
    let old = text.lines().find(|line| line.starts_with("where ")).unwrap();
    let meant = text.replace(old, "where = \"desk IN ('Counter', 'Machine')\"");
    fs::write(&path, meant).unwrap();
    run(home.path(), &["2026-02-01"], 0);
    let before = cases(home.path());
    assert!(before.contains(&"L01".to_owned()), "{before:?}");
    // A comma too many stands in the branch, and the desk under what comes behind it.
    let rows = "loan,branch,borrowed,due,returned,desk,reader,changed
L01,North, Branch,2026-01-05 09:10,2026-01-19,2026-01-12 16:00,Counter,R7,2026-01-12 16:00
L20,River Branch,2026-02-01 14:00,2026-02-15,2026-02-02 10:00,Machine,R8,2026-02-02 10:00
";
    fs::write(home.path().join("drop/loans_2026-02.csv"), rows).unwrap();
    run(home.path(), &["2026-03-01"], 0);
    let mut after = [&before[..], &["L20".to_owned()]].concat();
    after.sort();
    assert_eq!(cases(home.path()), after);
    assert_eq!(equation(home.path(), "2026-03-01"), ["2", "1", "0", "0", "0", "1", "0"]);
    let held = "select row, reason from quarantine where night = '2026-03-01' and stream = 'loans'";
    assert_eq!(ask(&home.path().join("var/warehouse.db"), held), [["2", "malformed"]]);
}

#[test]
fn an_expression_that_cannot_be_worked_out_fails_its_stream_alone_until_it_is_mended() {
    let home = library();
    let path = home.path().join("connectors/loans.toml");
    let text = fs::read_to_string(&path).unwrap();
    let is_channel = |line: &&str| line.starts_with("channel ");
    let (line, old) = (1..).zip(text.lines()).find(|(_, line)| is_channel(line)).unwrap();
    // `check` knows no kind of it, and nothing that is no text has capitals.
    let wrong = "channel = { sql = \"COALESCE(UPPER(NULL), desk)\" }";
    fs::write(&path, text.replace(old, wrong)).unwrap();
    let told = run(home.path(), &["2026-02-01"], 1);
    let place = format!("connectors/loans.toml:{line}:");
    assert!(told.contains(&place) && told.contains("`stream.loans.columns.channel.sql`"), "{told}");
    assert!(told.contains("mend it and run the same night again"), "{told}");
    let branches = "select count(*) from unit";
    assert_eq!(ask(&home.path().join("var/warehouse.db"), branches), [["2"]]);
    assert!(cases(home.path()).is_empty());
    fs::write(&path, text).unwrap();
    run(home.path(), &["2026-02-01"], 0);
    assert!(cases(home.path()).len() > 5);
}

#[test]
fn a_delta_that_is_lost_is_made_again_from_what_landed() {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    february(home.path());
    run(home.path(), &["2026-03-01"], 0);
    let before = cases(home.path());
    assert!(before.len() > 10, "{before:?}");
    let model = home.path().join("var/lake/model/service_case");
    let delta = model.join("2026-02-01.loans.loans.parquet");
    let whole = fs::read(&delta).unwrap();
    fs::remove_file(&delta).unwrap();
    let told = run(home.path(), &["2026-03-02"], 0);
    assert!(told.contains("Restored 1 delta"), "{told}");
    assert_eq!((cases(home.path()), fs::read(&delta).unwrap()), (before.clone(), whole.clone()));
    // Cut off in its middle it is no delta.
    fs::write(&delta, &whole[..whole.len() / 2]).unwrap();
    run(home.path(), &["2026-03-03"], 0);
    assert_eq!((cases(home.path()), fs::read(&delta).unwrap()), (before.clone(), whole.clone()));
    // So it is where a single bit is another.
    let mut other = whole.clone();
    other[whole.len() / 3] ^= 1;
    fs::write(&delta, &other).unwrap();
    run(home.path(), &["2026-03-04"], 0);
    assert_eq!((cases(home.path()), fs::read(&delta).unwrap()), (before.clone(), whole));
    // Where no hash stands beside it, what its end does not tell is told when it is read.
    other[8..40].fill(0xff);
    fs::write(&delta, other).unwrap();
    fs::remove_file(delta.with_extension("sha256")).unwrap();
    let told = run(home.path(), &["2026-03-05"], 74);
    assert!(told.contains("2026-02-01.loans.loans.parquet"), "{told}");
    assert!(told.contains("take it away and run the same night again"), "{told}");
    fs::remove_file(&delta).unwrap();
    run(home.path(), &["2026-03-05"], 0);
    assert_eq!(cases(home.path()), before);
    // A part that is not what landed makes none.
    fs::remove_file(&delta).unwrap();
    let part = home.path().join("var/lake/landing/loans/loans/2026-02-01.1/part-00001.parquet");
    let landed = fs::read(&part).unwrap();
    let mut other = landed.clone();
    other[landed.len() / 3] ^= 1;
    fs::write(&part, other).unwrap();
    let told = run(home.path(), &["2026-03-06"], 74);
    assert!(told.contains("part-00001.parquet` is not what landed"), "{told}");
    fs::write(&part, landed).unwrap();
    run(home.path(), &["2026-03-06"], 0);
    assert_eq!(cases(home.path()), before);
    // Where what landed is gone as well nothing is told without it, and its source is asked again.
    fs::remove_file(&delta).unwrap();
    let landed = home.path().join("var/lake/landing/loans/loans/2026-02-01.1");
    for entry in fs::read_dir(&landed).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            fs::remove_file(path).unwrap();
        }
    }
    let told = run(home.path(), &["2026-03-07"], 74);
    assert!(told.contains("`loans.loans` brought in the night 2026-02-01"), "{told}");
    assert!(told.contains("shuping run --night 2026-02-01 --again"), "{told}");
    run(home.path(), &["2026-02-01", "--again"], 0);
    run(home.path(), &["2026-03-07"], 0);
    assert_eq!(cases(home.path()), before);
}

#[test]
fn a_lake_whose_disk_is_not_there_is_not_begun_anew() {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    let (lake, away) = (home.path().join("var/lake"), home.path().join("away"));
    fs::rename(&lake, &away).unwrap();
    fs::create_dir(&lake).unwrap();
    let told = run(home.path(), &["2026-02-02"], 74);
    assert!(told.contains("is empty") && told.contains("is its disk there?"), "{told}");
    fs::remove_dir_all(&lake).unwrap();
    fs::rename(&away, &lake).unwrap();
    run(home.path(), &["2026-02-02"], 0);
}

#[test]
fn a_lake_that_has_lost_the_name_of_its_key_takes_no_other() {
    let home = library();
    run(home.path(), &["2026-02-01"], 0);
    let key = home.path().join("var/lake/key");
    let known = fs::read_to_string(&key).unwrap();
    for left in [None, Some("")] {
        fs::write(&key, left.unwrap_or_default()).unwrap();
        if left.is_none() {
            fs::remove_file(&key).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(home.path()).args(["run", "--night", "2026-02-02"]);
        let ran = command.env("LANG", "C").env("SHUPING_SECRET_PSEUDONYM_KEY", "another").output();
        let ran = ran.unwrap();
        assert_eq!(ran.status.code(), Some(78), "{}", said(&ran));
        assert!(said(&ran).contains(&format!("made with key {known}")), "{}", said(&ran));
    }
    fs::remove_file(&key).unwrap();
    run(home.path(), &["2026-02-02"], 0);
    assert_eq!(fs::read_to_string(&key).unwrap(), known);
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
fn what_a_stream_brought_under_another_name_is_said_and_is_its_own_where_it_says_so() {
    let home = library();
    let file = home.path().join("loans.db");
    let whole = LOANS.replace("FILE", &file.display().to_string());
    let cursor = whole.lines().find(|line| line.starts_with("cursor")).unwrap().to_owned();
    let whole = whole.replace(&format!("{cursor}\nwrite = \"upsert\""), "write = \"snapshot\"");
    let is = |manifest: &str| {
        fs::write(home.path().join("connectors/loans.toml"), manifest).unwrap();
    };
    let loan = "'B', '2026-01-05', null);";
    tell(
        &file,
        &format!(
            "create table branches (branch text); insert into branches values ('B');
             create table loans (loan text, branch text, borrowed timestamp, changed timestamp);
             insert into loans values ('L1', {loan} insert into loans values ('L2', {loan}"
        ),
    );
    is(&whole);
    let told = run(home.path(), &["2026-01-06"], 0);
    assert!(!told.contains("no connector has any more"), "{told}");
    let renamed = whole.replace("name = \"loans\"\ninto", "name = \"lent\"\ninto");
    tell(&file, "delete from loans where loan = 'L2'");
    is(&renamed);
    run(home.path(), &["2026-01-07"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2"]);
    let found = |night: &str| {
        let question = "select subject, rows from finding where kind = 'left_behind' and night = ";
        ask(&home.path().join("var/warehouse.db"), &format!("{question} '{night}'"))
    };
    assert_eq!(found("2026-01-07"), [["loans.loans", "2"]]);
    is(&renamed
        .replace("into = \"service_case\"", "into = \"service_case\"\nwas = \"loans.loans\""));
    run(home.path(), &["2026-01-08"], 0);
    assert_eq!(cases(home.path()), ["L1"]);
    assert!(found("2026-01-08").is_empty());
    // What is still there brings its rows itself.
    is(&whole
        .replace("into = \"service_case\"", "into = \"service_case\"\nwas = \"loans.branches\""));
    let check = shuping(home.path(), &["check"]);
    assert!(said(&check).contains("[H220]"), "{}", said(&check));
}

#[test]
fn a_stream_that_fills_another_table_begins_anew_and_one_whose_source_is_empty_takes_its_rows_away()
{
    let home = library();
    let file = home.path().join("loans.db");
    let whole = LOANS.replace("FILE", &file.display().to_string());
    let is = |manifest: &str| {
        fs::write(home.path().join("connectors/loans.toml"), manifest).unwrap();
    };
    let lent = |loan: u32, day: u32| {
        format!(
            "insert into loans values ('L{loan}', 'B', '2026-01-05', '2026-01-{day:02} 10:00:00');"
        )
    };
    let tables = "create table branches (branch text); insert into branches values ('B');
        create table loans (loan text, branch text, borrowed timestamp, changed timestamp);";
    tell(&file, &format!("{tables}{}{}", lent(1, 4), lent(2, 5)));
    is(&whole);
    run(home.path(), &["2026-01-06"], 0);
    assert_eq!(cases(home.path()), ["L1", "L2"]);
    let fields = ["case_id", "unit_id", "accepted_at", "status"].map(|name| {
        let kind = if name == "accepted_at" { "datetime" } else { "string" };
        let needed = name == "case_id";
        format!(
            r#"{{"name": "{name}", "type": "{kind}", "title": "{name}", "constraints": {{"required": {needed}}}}}"#
        )
    });
    let contract = format!(
        r#"{{"title": "借阅", "primaryKey": ["case_id"], "fields": [{}]}}"#,
        fields.join(", ")
    );
    fs::create_dir_all(home.path().join("schemas")).unwrap();
    fs::write(home.path().join("schemas/lent.json"), contract).unwrap();
    tell(&file, &lent(3, 6));
    let other = whole.replace("into = \"service_case\"", "into = \"lent\"");
    is(&other);
    run(home.path(), &["2026-01-07"], 0);
    let rows = || {
        let rows =
            ask(&home.path().join("var/warehouse.db"), "select case_id from lent order by 1");
        rows.concat()
    };
    assert_eq!(rows(), ["L1", "L2", "L3"]);
    // A list that its source says is empty is empty, unless it must not shrink so far.
    let cursor = other.lines().find(|line| line.starts_with("cursor")).unwrap().to_owned();
    let list = other.replace(&format!("{cursor}\nwrite = \"upsert\""), "write = \"snapshot\"");
    tell(&file, "delete from loans");
    is(&format!("{list}shrink_max = \"50%\"\n"));
    let held = run(home.path(), &["2026-01-08"], 1);
    assert!(held.contains("shrank from 3 to 0 rows"), "{held}");
    assert_eq!(rows(), ["L1", "L2", "L3"]);
    // Nor is one longer for a row that it has twice.
    tell(&file, &[lent(1, 4), lent(1, 5), lent(1, 6)].concat());
    let twice = list.replace("key = [\"loan\"]", "key = [\"loan\", \"changed\"]");
    is(&format!("{twice}shrink_max = \"50%\"\n"));
    let held = run(home.path(), &["2026-01-08", "--again"], 1);
    assert!(held.contains("shrank from 3 to 1 rows"), "{held}");
    assert_eq!(rows(), ["L1", "L2", "L3"]);
    tell(&file, "delete from loans");
    is(&list);
    run(home.path(), &["2026-01-09"], 0);
    assert_eq!(rows(), Vec::<String>::new());
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
