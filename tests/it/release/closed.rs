//! Does a period that is closed stay as it was published, whatever is counted later?

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::limits::settings;
use crate::library;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::score::night::townships;
use crate::world::ask;
use crate::world::bytes_below;

/// All that the program said, if it ended as it should.
pub(super) fn done(home: &Path, words: &[&str], code: i32) -> String {
    let output = shuping(home, words);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    said
}

fn night(home: &Path, night: &str) -> String {
    done(home, &["run", "--night", night, "--as-of", "2025-12-31"], 0)
}

/// The rows of a table of a release.
fn rows(home: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(home.join("var/release").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The number of a township's posts and its score, as a release tells them.
fn told(home: &Path, release: &str) -> [Value; 2] {
    let metrics = rows(home, &format!("{release}/metrics.jsonl"));
    let posts = |row: &&Value| {
        row["metric"] == "posts_approved" && row["unit_id"] == "U1" && row["period"] == "2025"
    };
    let value = metrics.iter().find(posts).unwrap()["value"].clone();
    let scores = rows(home, &format!("{release}/score.jsonl"));
    let score = scores.iter().find(|row| row["unit_id"] == "U1" && row["period"] == "2025");
    let score = score.unwrap()["shown"].clone();
    [value, score]
}

/// What a release corrects: of what, closed and counted, cause, and the night in which it was first seen.
fn corrected(home: &Path, release: &str) -> Vec<String> {
    let rows = rows(home, &format!("{release}/corrections.jsonl"));
    let rows = rows.iter().map(|row| {
        let of = ["of", "metric", "leaf", "unit_id", "dim_value", "value_closed", "value"];
        let own = of.iter().chain(&["cause", "release", "first_seen"]).map(|key| &row[*key]);
        let own = own.filter(|cell| !cell.is_null());
        own.map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" ")
    });
    rows.collect()
}

fn change(home: &Path, file: &str, is: &str, becomes: &str) {
    let path = home.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(is), "{file} has no {is}");
    fs::write(path, text.replacen(is, becomes, 1)).unwrap();
}

/// What was decided, by whom and when it was.
fn book(home: &Path) -> Vec<String> {
    let lines = rows(home, "../closed/book.jsonl");
    let line = |line: &Value| {
        let word = |key: &str| line[key].as_str().unwrap().to_owned();
        assert!(word("user").contains('(') && word("time").ends_with('Z'), "{line}");
        [word("act"), word("period"), word("release"), word("reason")].join(" ")
    };
    lines.iter().map(line).collect()
}

#[test]
fn closed_numbers_and_scores_are_published_until_they_are_accepted_or_reopened() {
    let home = townships();
    let home = home.path();
    night(home, "2025-12-31");
    let first = told(home, "2025-12-31.1");
    let closed = done(home, &["close", "2025", "--reason", "年度考核定稿, 编委会 1 号"], 0);
    assert!(closed.contains("2025 is closed with "), "{closed}");
    // Posts are counted otherwise now.
    change(home, "drop/quotas.csv", "U1,admin,2020-01-01,22,7", "U1,admin,2020-01-01,25,7");
    let report = night(home, "2026-01-01");
    assert!(report.contains("corrections"), "{report}");
    assert_eq!(told(home, "2026-01-01.1"), first);
    let from = "2025-12-31.1 2026-01-01";
    let changed = |of: &str| format!("{of} changed_rows {from}");
    let corrections = corrected(home, "2026-01-01.1");
    let expected = [
        changed("metric leader_share U1 0.318181818182 0.28"),
        changed("metric posts_approved U1 22 25"),
    ];
    for line in &expected {
        assert!(corrections.contains(line), "{line} in {corrections:#?}");
    }
    let scored = corrections.iter().filter(|line| line.starts_with("score")).count();
    assert_eq!(scored, 3, "the score and its two lines that moved: {corrections:#?}");
    let warehouse = home.join("var/warehouse.db");
    let question = "select m.value, c.value_closed, c.value from metric_value as m
        join correction as c using (metric, unit_id, period)
        where metric = 'posts_approved' and unit_id = 'U1' and period = '2025'";
    assert_eq!(ask(&warehouse, question), [["22", "22", "25"]]);
    let manifest = home.join("var/release/2026-01-01.1/datapackage.json");
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    assert_eq!(manifest["x:closed"].to_string(), r#"[{"period":"2025","release":"2025-12-31.1"}]"#);
    // Twice is once, and what was seen before is not seen for the first time.
    let once = bytes_below(&home.join("var/release"));
    night(home, "2026-01-01");
    assert_eq!(bytes_below(&home.join("var/release")).len(), once.len());
    night(home, "2026-01-02");
    assert_eq!(corrected(home, "2026-01-02.1"), corrections);
    // A later year has scores of its own; those of the closed one stay.
    done(home, &["run", "--night", "2026-01-03"], 0);
    let told_then = rows(home, "2026-01-03.1/score.jsonl");
    let years: Vec<&str> = told_then.iter().map(|row| row["period"].as_str().unwrap()).collect();
    assert_eq!(years, ["2026", "2026", "2025", "2025"]);
    // What is counted as it was closed needs no correction any more; what differs anew is seen anew.
    // A file whose content was read before is not read again; a blank line makes it another.
    change(home, "drop/quotas.csv", "2020-01-01,25,7", "2020-01-01,22,7");
    change(home, "drop/quotas.csv", "U4,admin,2020-01-01,50,4\n", "U4,admin,2020-01-01,50,4\n\n");
    night(home, "2026-01-04");
    assert!(corrected(home, "2026-01-04.1").is_empty());
    change(home, "drop/quotas.csv", "2020-01-01,22,7", "2020-01-01,25,7");
    night(home, "2026-01-05");
    let again = corrected(home, "2026-01-05.1");
    assert!(
        again.len() == corrections.len() && again.iter().all(|line| line.ends_with("2026-01-05")),
        "{again:?}"
    );
    // Accepted, they are what is published; opened again, whatever is counted.
    done(home, &["close", "2025", "--accept", "--reason", "复核后更正"], 0);
    night(home, "2026-01-06");
    assert_eq!(told(home, "2026-01-06.1")[0], 25);
    assert!(corrected(home, "2026-01-06.1").is_empty());
    done(home, &["close", "2025", "--reopen", "--reason", "重新开放"], 0);
    change(home, "drop/quotas.csv", "2020-01-01,25,7", "2020-01-01,26,7");
    night(home, "2026-01-07");
    assert_eq!(told(home, "2026-01-07.1")[0], 26);
    let expected = [
        "close 2025 2025-12-31.1 年度考核定稿, 编委会 1 号",
        "accept 2025 2026-01-05.1 复核后更正",
        "reopen 2025 2026-01-06.1 重新开放",
    ];
    assert_eq!(book(home), expected);
    let list = done(home, &["close", "--list"], 0);
    assert!(list.contains("复核后更正") && list.lines().count() == 4, "{list}");
    // An earlier night tells what was closed then.
    done(home, &["run", "--night", "2026-01-02", "--as-of", "2025-12-31"], 0);
    assert_eq!(told(home, "2026-01-02.1"), first);
}

#[test]
fn a_year_keeps_its_scores_whatever_a_night_of_the_next_decides_about_it() {
    let home = townships();
    let home = home.path();
    let next_year = |night: &str| done(home, &["run", "--night", night], 0);
    let close = |words: &[&str]| {
        done(home, &[&["close", "2025"], words, &["--reason", "定稿"]].concat(), 0)
    };
    night(home, "2025-12-31");
    let [_, score] = told(home, "2025-12-31.1");
    close(&[]);
    change(home, "drop/quotas.csv", "U1,admin,2020-01-01,22,7", "U1,admin,2020-01-01,25,7");
    next_year("2026-01-01");
    let accepted = close(&["--accept"]);
    assert!(!accepted.contains(" 0 scores"), "{accepted}");
    next_year("2026-01-02");
    assert_eq!(told(home, "2026-01-02.1"), [Value::from(25), score]);
    // Opened and closed again then, it has none: a night that counts them publishes what it counts.
    close(&["--reopen"]);
    next_year("2026-01-03");
    let closed = close(&[]);
    assert!(closed.contains(" 0 scores"), "{closed}");
    night(home, "2026-01-04");
    assert!(!told(home, "2026-01-04.1")[1].is_null());
    assert!(corrected(home, "2026-01-04.1").is_empty());
}

#[test]
fn what_the_release_that_is_read_counted_is_accepted_and_nothing_else() {
    let home = townships();
    let home = home.path();
    let posts = |was: u32, is: u32| {
        let line = |posts: u32| format!("U1,admin,2020-01-01,{posts},7");
        change(home, "drop/quotas.csv", &line(was), &line(is));
    };
    let accept = || done(home, &["close", "2025", "--accept", "--reason", "复核后更正"], 0);
    night(home, "2025-12-31");
    done(home, &["close", "2025", "--reason", "定稿"], 0);
    posts(22, 25);
    night(home, "2026-01-01");
    posts(25, 26);
    done(home, &["run", "--night", "2026-01-01", "--as-of", "2025-12-31", "--again"], 0);
    // What was withdrawn is not what is accepted.
    done(home, &["release", "withdraw", "2026-01-01.2", "--reason", "误报"], 0);
    assert!(accept().contains("release 2026-01-01.1"));
    night(home, "2026-01-02");
    assert_eq!(told(home, "2026-01-02.1")[0], 25);
    // What was held back is, once it is read.
    settings(home, "moved_most = \"1%\"");
    posts(26, 27);
    let held = ["run", "--night", "2026-01-03", "--as-of", "2025-12-31"];
    done(home, &held, 3);
    done(home, &["release", "publish", "2026-01-03", "--confirm", "已核"], 0);
    assert!(accept().contains("release 2026-01-03.1"));
    settings(home, "");
    night(home, "2026-01-04");
    assert_eq!(told(home, "2026-01-04.1")[0], 27);
    // It is kept as long as there is the release.
    let kept = |release: &str| home.join("var/closed").join(format!("counted.{release}")).is_dir();
    assert!(kept("2026-01-01.1") && kept("2026-01-04.1") && !kept("2025-12-31.1"));
    fs::remove_dir_all(home.join("var/release/2026-01-01.1")).unwrap();
    night(home, "2026-01-05");
    assert!(!kept("2026-01-01.1") && kept("2026-01-02.1"));
}

#[test]
fn what_cannot_be_closed_is_refused_with_a_hint_and_nothing_is_written() {
    let home = townships();
    let home = home.path();
    let close = |words: &[&str], code: i32| {
        done(home, &[&["close"], words, &["--reason", "定稿"]].concat(), code)
    };
    assert!(close(&["2025"], 2).contains("there is no release `latest`"));
    done(home, &["run", "--night", "2025-12-30"], 0);
    let said = close(&["2025"], 2);
    assert!(said.contains("2025 is not over in release 2025-12-30.1"), "{said}");
    assert!(said.contains("hint: close it after a night that is told as of 2025-12-31"), "{said}");
    assert!(close(&["2025-13"], 2).contains("`2025-13` is no period"));
    assert!(close(&["2024Q4"], 2).contains("tells nothing of 2024Q4"));
    assert!(close(&["2025", "--accept"], 2).contains("2025 is not closed"));
    assert!(close(&["2025", "--reopen"], 2).contains("hint: `shuping close --list`"));
    assert!(done(home, &["close", "2025"], 2).contains("--reason"));
    assert!(!home.join("var/closed").exists());
    night(home, "2025-12-31");
    close(&["2025"], 0);
    let said = close(&["2025"], 2);
    assert!(said.contains("2025 is closed already, with the numbers of release 2025-12-31.1"));
    // The night that is read ran before the period was closed: what it counted is in the release alone.
    let said = close(&["2025", "--accept"], 2);
    assert!(said.contains("what night 2025-12-31 counts of 2025 is not known"), "{said}");
    // While a night runs, nothing is read that it may be writing.
    let lock = shuping::night::lock(&home.join("var"), "night 2026-01-01").unwrap();
    assert!(close(&["2024Q4"], 75).contains("night 2026-01-01, process "));
    drop(lock);
    // A release that is not what it was closes nothing.
    let release = home.join("var/release/2025-12-31.1/metrics.parquet");
    let bytes = fs::read(&release).unwrap();
    fs::remove_file(&release).unwrap();
    fs::write(&release, b"PAR1").unwrap();
    let said = close(&["2024"], 1);
    assert!(said.contains("is not as it was published") && said.contains("hint: "), "{said}");
    fs::write(&release, bytes).unwrap();
    close(&["2024"], 0);
    let lines = fs::read_to_string(home.join("var/closed/book.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2);
    // Numbers that are not those that were closed are published by no night.
    let closed = home.join("var/closed/2025.1/metric_value.parquet");
    fs::write(&closed, b"PAR1").unwrap();
    let said = done(home, &["run", "--night", "2026-01-01", "--as-of", "2025-12-31"], 74);
    assert!(said.contains("the numbers of 2025 in `") && said.contains("--reopen"), "{said}");
    close(&["2025", "--reopen"], 0);
    night(home, "2026-01-01");
    // Nor are they opened in silence where the book is gone.
    let book = home.join("var/closed/book.jsonl");
    let lines = fs::read_to_string(&book).unwrap();
    let broken = format!("{{\n{lines}");
    for (left, told) in [("", "no line of `"), (broken.as_str(), "does not read")] {
        fs::write(&book, left).unwrap();
        let said = done(home, &["run", "--night", "2026-01-02", "--as-of", "2025-12-31"], 74);
        assert!(said.contains(told) && said.contains("from a backup"), "{said}");
    }
    fs::write(&book, lines).unwrap();
    night(home, "2026-01-02");
}

/// A home of one month, in which a late loan, a loan that changed, and a new meaning come after it was closed.
#[test]
fn a_correction_says_whether_rows_are_new_or_changed_or_the_definition_is() {
    let home = library();
    let home = home.path();
    done(home, &["run", "--night", "2026-02-01"], 0);
    done(home, &["close", "2026-01", "--reason", "一月定稿"], 0);
    let head = "loan,branch,borrowed,due,returned,desk,reader,changed\n";
    let late = "L40,North Branch,2026-01-21 09:00,2026-02-04,2026-01-30 10:00,Counter,R1,2026-02-02 09:00\n";
    let other = "L17,River Branch,2026-01-19 10:10,2026-01-20,2026-01-27 13:00,Counter,R1,2026-02-02 09:00\n";
    fs::write(home.join("drop/loans_2026-02.csv"), format!("{head}{late}{other}")).unwrap();
    done(home, &["run", "--night", "2026-02-03"], 0);
    let causes = |release: &str| -> Vec<String> {
        let rows = rows(home, &format!("{release}/corrections.jsonl"));
        let units = rows.iter().filter(|row| !row["unit_id"].is_null());
        units.map(|row| format!("{} {}", row["unit_id"], row["cause"]).replace('"', "")).collect()
    };
    let expected = ["North Branch new_rows", "River Branch changed_rows"];
    assert_eq!(causes("2026-02-03.1"), expected);
    // Who asks why is told what was published and what is counted, and no bug.
    let why = ["explain", "returned_on_time", "--unit", "North Branch", "--period", "2026-01"];
    let said = done(home, &why, 0);
    assert!(said.contains("release 2026-02-03.1 says ok 0.714285714286: the period was closed with release 2026-02-01.1"), "{said}");
    // A draft that says the same in other words moves none of them.
    let drafts = tempfile::tempdir().unwrap();
    let draft = drafts.path().join(library::PIPELINE);
    fs::create_dir_all(draft.parent().unwrap()).unwrap();
    let text = fs::read_to_string(home.join(library::PIPELINE)).unwrap();
    fs::write(draft, text.replace("Returned on time\"", "Back in time\"")).unwrap();
    let said = done(home, &["try", drafts.path().to_str().unwrap()], 0);
    assert!(said.contains("nothing moved"), "{said}");
    change(home, library::PIPELINE, "ON_TIME(closed_at, due_at)", "closed_at <= due_at");
    done(home, &["run", "--night", "2026-02-04"], 3);
    let expected = ["North Branch definition", "River Branch definition"];
    assert_eq!(causes("2026-02-04.1"), expected);
}

#[test]
fn a_closed_number_keeps_its_definition_and_nobody_is_told_again_that_it_went() {
    let home = library();
    let home = home.path();
    let path = home.join(library::PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    let second = "name = \"back\"\ntitle = \"Back\"\nvalue = \"loans_back\"\nmeasured_in = \"loans\"\n\
        grain = [\"unit\"]\nperiod = [\"month\"]\nbasis = \"test\"\nmeans = \"Loans that came back.\"\n";
    fs::write(&path, format!("{text}\n[[metric]]\n{second}")).unwrap();
    done(home, &["run", "--night", "2026-02-01"], 0);
    done(home, &["close", "2026-01", "--reason", "一月定稿"], 0);
    // One metric goes, of the other a version.
    let value = "\"loans_back_on_time / loans_back\"";
    fs::write(&path, text.replacen(value, &format!("{value}\nversion = 2"), 1)).unwrap();
    let gone = "without a year's notice";
    assert!(done(home, &["run", "--night", "2026-02-02"], 3).contains(gone));
    done(home, &["release", "publish", "2026-02-02", "--confirm", "一月定稿后撤下"], 0);
    let of = |row: &Value| format!("{} {}", row["metric"], row["version"]).replace('"', "");
    let defined = rows(home, "2026-02-02.1/definitions.jsonl");
    let defined: Vec<String> = defined.iter().map(of).collect();
    assert_eq!(defined, ["returned_on_time 2", "back 1", "returned_on_time 1"]);
    let told = rows(home, "2026-02-02.1/metrics.jsonl");
    assert!(told.iter().all(|row| defined.contains(&of(row))));
    let question = "select count(*) || '' from metric_value
        left join metric_definition as d using (metric, version) where d.title is null";
    assert_eq!(ask(&home.join("var/warehouse.db"), question), [["0"]]);
    assert!(!done(home, &["run", "--night", "2026-02-03"], 0).contains(gone));
    done(home, &["check"], 0);
}

#[test]
fn a_year_is_closed_with_its_parts_where_that_is_asked() {
    let home = library::changed("[\"month\"]", "[\"month\", \"quarter\", \"year\"]");
    let home = home.path();
    done(home, &["run", "--night", "2027-01-01", "--early", "--as-of", "2026-12-31"], 0);
    done(home, &["close", "2026-01", "--reason", "一月定稿"], 0);
    let said = done(home, &["close", "2026Q1", "--with-parts", "--reason", "一季度定稿"], 0);
    let periods: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(periods, ["2026Q1", "2026-02", "2026-03", "hint:"]);
    let said = done(home, &["close", "2026", "--reopen", "--with-parts", "--reason", "误"], 0);
    assert_eq!(said.lines().count(), 4, "{said}");
}
