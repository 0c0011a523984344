//! Which file was read before: one is known by its content and by what its name says.

use std::fs;

use shuping::extract::Delivery;
use shuping::extract::KnownFiles;
use tempfile::TempDir;

use super::Start;
use super::contents;
use super::known_of;
use super::pulled;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::ask;

pub(super) const CASES: &str = r#"
format = 1
[system]
name = "desk"
title = "窗口"
kind = "files"
[files]
at = "drop"
[[stream]]
name = "cases"
into = "service_case"
file = '办件_(?<month>\d{6})(?<rev>_.*)?\.csv'
write = "upsert"
columns = { case_id = "编号" }
"#;

/// A drop folder, and what the nights before brought from it.
struct Nights {
    home: TempDir,
    text: String,
    came: Vec<Delivery>,
}

impl Nights {
    fn of(text: &str) -> Nights {
        let home = TempDir::new().unwrap();
        fs::create_dir(home.path().join("drop")).unwrap();
        Nights { home, text: text.to_owned(), came: Vec::new() }
    }

    fn put(&self, name: &str, case: &str) {
        let path = self.home.path().join("drop").join(name);
        fs::write(path, format!("编号\n{case}\n")).unwrap();
    }

    fn take(&self, name: &str) {
        fs::remove_file(self.home.path().join("drop").join(name)).unwrap();
    }

    /// The names of the files that a night reads that knows these.
    async fn knowing(&mut self, known: KnownFiles) -> Vec<String> {
        let start = Start { known, ..Start::home(self.home.path()) };
        let delivery = pulled(&self.text, &start).await.0.unwrap();
        let names = delivery.files.iter().map(|file| file.name.clone()).collect();
        self.came.push(delivery);
        names
    }

    /// The same of one that knows what came before.
    async fn night(&mut self) -> Vec<String> {
        self.knowing(known_of(&self.came)).await
    }
}

#[tokio::test]
async fn a_month_in_which_nothing_changed_is_read_as_well() {
    let mut nights = Nights::of(CASES);
    nights.put("办件_202601.csv", "X");
    nights.put("办件_202602.csv", "X");
    assert_eq!(nights.night().await, ["办件_202601.csv", "办件_202602.csv"]);
    nights.put("办件_202603.csv", "X");
    assert_eq!(nights.night().await, ["办件_202603.csv"]);
    // They lie there for months.
    for _ in 0..3 {
        assert!(nights.night().await.is_empty());
    }
}

#[tokio::test]
async fn a_file_of_another_name_that_says_the_same_is_the_same_file() {
    for text in [CASES.replace("(?<rev>_.*)?", ".*"), CASES.replace(r"(?<month>\d{6})", r"\d{6}")] {
        let mut nights = Nights::of(&text);
        nights.put("办件_202601.csv", "X");
        nights.put("办件_202601_again.csv", "X");
        assert_eq!(nights.night().await.len(), 1);
        nights.take("办件_202601.csv");
        nights.put("办件_202601_new.csv", "X");
        assert!(nights.night().await.is_empty());
        assert!(nights.night().await.is_empty());
    }
    // A name says nothing where no group is named.
    let mut nights = Nights::of(&CASES.replace(r"(?<month>\d{6})", r"\d{6}"));
    nights.put("办件_202601.csv", "X");
    nights.put("办件_202602.csv", "X");
    assert_eq!(nights.night().await, ["办件_202601.csv"]);
}

/// Nights before knew files by their content alone: what they passed by stays passed by.
#[tokio::test]
async fn what_an_older_landing_knows_is_not_read_again() {
    let mut nights = Nights::of(CASES);
    nights.put("办件_202601.csv", "X");
    nights.put("办件_202602.csv", "X");
    let known = contents(&["编号\nX\n".as_bytes()]);
    assert!(nights.knowing(known).await.is_empty());
    assert!(nights.night().await.is_empty());
    nights.put("办件_202603.csv", "X");
    assert_eq!(nights.night().await, ["办件_202603.csv"]);
}

#[tokio::test]
async fn a_correction_that_is_taken_back_is_read_again() {
    let mut nights = Nights::of(CASES);
    for (name, case) in [("", "X"), ("_v2", "Y"), ("_v3", "X"), ("_v4", "Y"), ("_v10", "X")] {
        let name = format!("办件_202601{name}.csv");
        nights.put(&name, case);
        assert_eq!(nights.night().await, [name]);
        assert!(nights.night().await.is_empty());
    }
    // Those before do not come back where the last one leaves the folder.
    nights.take("办件_202601_v10.csv");
    nights.take("办件_202601_v4.csv");
    nights.put("办件_202601_v3b.csv", "Y");
    assert!(nights.night().await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_written_over_and_back_is_read_again() {
    for (text, name) in [
        (CASES.to_owned(), "办件_202601_c.csv"),
        (CASES.replace("(?<rev>_.*)?", ".*"), "办件_202601_a.csv"),
    ] {
        let mut nights = Nights::of(&text);
        nights.put("办件_202601_b.csv", "other half");
        nights.night().await;
        for case in ["X", "Y", "X", "Y"] {
            nights.put(name, case);
            assert_eq!(nights.night().await, [name], "{case}");
            assert!(nights.night().await.is_empty());
        }
    }
    // What a correction took the place of may be written over with it, and the correction taken away.
    let mut nights = Nights::of(CASES);
    nights.put("办件_202601.csv", "X");
    nights.night().await;
    nights.put("办件_202601_v2.csv", "Y");
    assert_eq!(nights.night().await, ["办件_202601_v2.csv"]);
    nights.put("办件_202601.csv", "Y");
    nights.take("办件_202601_v2.csv");
    assert!(nights.night().await.is_empty());
}

#[tokio::test]
async fn two_revisions_of_one_content_are_read_once() {
    let mut nights = Nights::of(CASES);
    nights.put("办件_202601.csv", "X");
    nights.put("办件_202601_v2.csv", "X");
    assert_eq!(nights.night().await, ["办件_202601_v2.csv"]);
    assert!(nights.night().await.is_empty());
}

/// A month in which nothing changed, and a correction that is taken back, as the landing remembers them.
#[test]
fn nights_read_a_month_of_the_same_content_and_what_was_taken_back() {
    let home = library();
    let home = home.path();
    let connector = home.join("connectors/loans.toml");
    let text = fs::read_to_string(&connector).unwrap();
    let named =
        text.replace(r"loans_\d{4}-\d{2}\.csv", r"loans_(?<month>\d{4}-\d{2})(?<rev>_v\d+)?\.csv");
    assert_ne!(text, named);
    fs::write(connector, named).unwrap();
    let drop = |name: &str| home.join(format!("drop/loans_{name}.csv"));
    let january = fs::read_to_string(drop("2026-01")).unwrap();
    let wrong = january.replacen("2026-01-12 16:00,Counter", "2026-01-15 09:00,Counter", 1);
    assert_ne!(january, wrong);
    let night = |night: &str| {
        let output = shuping(home, &["run", "--night", night]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let asked = "select coalesce(closed_at, '') from service_case where case_id = 'L01'";
        let came = format!("select sum(received) from stream_night where night = '{night}'");
        let database = home.join("var/warehouse.db");
        (ask(&database, asked).concat().concat(), ask(&database, &came).concat().concat())
    };
    let (stood, rows) = night("2026-02-01");
    fs::write(drop("2026-02"), &january).unwrap();
    assert_eq!(night("2026-02-02"), (stood.clone(), rows.clone()));
    fs::write(drop("2026-01_v2"), wrong).unwrap();
    assert_ne!(night("2026-02-03").0, stood);
    fs::write(drop("2026-01_v3"), january).unwrap();
    assert_eq!(night("2026-02-04"), (stood.clone(), rows));
    assert_eq!(night("2026-02-05"), (stood, "0".to_owned()));
}
