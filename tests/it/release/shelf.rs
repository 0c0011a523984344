//! Which release does `latest.json` name, whatever happens around it?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use serde_json::Value;
use shuping::base::pseudonym::sha256;
use shuping::publish;
use shuping::publish::verify::Difference;
use shuping::publish::verify::verify;

use super::NIGHTS;
use super::THEN;
use super::tell;
use super::two_nights;
use crate::world::World;

fn latest(root: &Path) -> Value {
    serde_json::from_slice(&fs::read(root.join("latest.json")).unwrap()).unwrap()
}

/// Reads a release as a scoring tool does, one file after the other; its number, which every table tells.
fn read(root: &Path) -> (String, i64) {
    read_slowly(root, &|| {}).unwrap()
}

/// The same, with a pause before each file; nothing where a file is no longer there.
fn read_slowly(root: &Path, pause: &dyn Fn()) -> Option<(String, i64)> {
    let latest = latest(root);
    let path = root.join(latest["manifest"].as_str().unwrap());
    let manifest = fs::read(&path).unwrap();
    assert_eq!(latest["sha256"], sha256(&manifest));
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let mut told = None;
    for table in manifest["resources"].as_array().unwrap() {
        for file in [table, &table["x:lines"], &table["x:parquet"]] {
            pause();
            let bytes = fs::read(path.with_file_name(file["path"].as_str().unwrap())).ok()?;
            assert_eq!(file["hash"], format!("sha256:{}", sha256(&bytes)));
            if file["path"] == "metrics.jsonl" {
                let line: Value = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(line["night"], latest["night"]);
                told = line["value"].as_i64();
            }
        }
    }
    Some((latest["night"].as_str().unwrap().to_owned(), told.unwrap()))
}

/// One reader as fast as it can, one that lets a release be published before each file that it takes, while old ones
/// are deleted: it has a whole release, or is told that a file is gone.
#[test]
fn a_reader_never_mixes_two_of_fifty_releases() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    tell(root, NIGHTS[0], &[("2026", 0)]);
    let (published, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let until_over = |take: &dyn Fn() -> Option<(String, i64)>| {
        let mut seen = Vec::new();
        while !is_over.load(Ordering::Acquire) {
            seen.extend(take());
        }
        seen.push(read(root));
        seen
    };
    let another = || {
        let before = published.load(Ordering::Acquire);
        while published.load(Ordering::Acquire) == before && !is_over.load(Ordering::Acquire) {
            thread::yield_now();
        }
    };
    let (fast, slow) = thread::scope(|scope| {
        let fast = scope.spawn(|| until_over(&|| Some(read(root))));
        let slow = scope.spawn(|| until_over(&|| read_slowly(root, &another)));
        let mut night = NIGHTS[0];
        for number in 1..50 {
            night = night.tomorrow().unwrap();
            tell(root, night, &[("2026", number)]);
            publish::forget(root, NIGHTS[0], Some(40)).unwrap();
            published.fetch_add(1, Ordering::Release);
        }
        is_over.store(true, Ordering::Release);
        (fast.join().unwrap(), slow.join().unwrap())
    });
    let days = |night: &str| (night.parse::<jiff::civil::Date>().unwrap() - NIGHTS[0]).get_days();
    for seen in [fast, slow] {
        assert!(seen.iter().all(|(night, number)| i64::from(days(night)) == *number), "{seen:?}");
        assert!(seen.is_sorted(), "no reader goes back");
        assert_eq!(seen.last().unwrap().1, 49);
        assert!(seen.len() > 1, "{seen:?}");
    }
}

#[test]
fn what_a_kill_left_is_gone_and_no_file_of_a_release_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("2026-01-01.tmp")).unwrap();
    fs::write(root.join("2026-01-01.tmp/metrics.csv"), "half").unwrap();
    fs::write(root.join("latest.json.tmp"), "{").unwrap();
    let release = two_nights(root);
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["2026-02-01.1", "2026-02-02.1", "latest.json"]);
    for entry in fs::read_dir(&release.folder).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o444);
    }
    // The same night, which says the same, is the same release.
    assert!(!tell(root, NIGHTS[1], &THEN).is_new);
}

fn change(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn every_file_that_differs_is_missing_or_is_extra_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let release = two_nights(folder.path()).folder;
    assert_eq!(verify(&release).unwrap(), (44, Vec::new()));
    let mut metrics = fs::read(release.join("metrics.xlsx")).unwrap();
    metrics[100] ^= 1;
    change(&release.join("metrics.xlsx"), &metrics);
    fs::remove_file(release.join("units.parquet")).unwrap();
    fs::write(release.join("notes.txt"), "by hand").unwrap();
    let named = [
        Difference::Differs("metrics.xlsx".to_owned()),
        Difference::Missing("units.parquet".to_owned()),
        Difference::Extra("notes.txt".to_owned()),
    ];
    assert_eq!(verify(&release).unwrap().1, named);
    // A manifest that was changed with its file: in the latest and in an earlier release.
    for release in ["2026-02-01.1", "2026-02-02.1"] {
        let path = folder.path().join(release).join("datapackage.json");
        let text = fs::read_to_string(&path).unwrap();
        change(&path, text.replace("样例", "样子").as_bytes());
        let found = verify(&folder.path().join(release)).unwrap().1;
        assert_eq!(found[0], Difference::Differs("datapackage.json".to_owned()), "{release}");
    }
}

fn names(root: &Path) -> Option<String> {
    publish::latest(root).unwrap()
}

#[test]
fn retention_deletes_by_age_and_by_count_and_never_what_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut night = NIGHTS[0];
    for number in 0..5 {
        tell(root, night, &[("2026", number)]);
        night = night.tomorrow().unwrap();
    }
    publish::choose(root, &root.join("2026-02-01.1")).unwrap();
    let day = |day: i8| jiff::civil::date(2026, 2, day);
    assert_eq!(publish::forget(root, day(3), None).unwrap(), 1);
    assert_eq!(publish::forget(root, day(1), Some(2)).unwrap(), 1);
    assert!(root.join("2026-02-01.1").is_dir() && !root.join("2026-02-02.1").exists());
    assert!(!root.join("2026-02-03.1").exists() && root.join("2026-02-04.1").is_dir());
    assert_eq!(names(root).unwrap(), "2026-02-01.1");
    read(root);
}

fn shuping(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    command.arg("--home").arg(home).args(words).env("LANG", "C").output().unwrap()
}

fn said(home: &Path, words: &[&str], code: i32) -> String {
    let output = shuping(home, words);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    said
}

#[test]
fn a_release_is_chosen_withdrawn_and_verified_from_the_command_line() {
    let home = World::home();
    let (home, root) = (home.path(), home.path().join("var/release"));
    assert!(said(home, &["verify"], 2).contains("there is no release `latest`"));
    two_nights(&root);
    said(home, &["release", "use", "2026-02-01"], 0);
    assert_eq!(names(&root).unwrap(), "2026-02-01.1");
    // Another revision of a night that was there moves nothing; a later night does.
    tell(&root, NIGHTS[1], &[("2026", 16)]);
    assert_eq!(names(&root).unwrap(), "2026-02-01.1");
    let third = NIGHTS[1].tomorrow().unwrap();
    tell(&root, third, &[("2026", 17)]);
    assert_eq!(names(&root).unwrap(), "2026-02-03.1");
    let told = said(home, &["release", "withdraw", "2026-02-03", "--reason", "热线重复计数"], 0);
    assert!(told.contains("latest.json names 2026-02-02.2"), "{told}");
    let marks = fs::read_to_string(root.join("withdrawn.jsonl")).unwrap();
    let mark: Value = serde_json::from_str(&marks).unwrap();
    assert_eq!(
        (&mark["release"], &mark["reason"]),
        (&"2026-02-03.1".into(), &"热线重复计数".into())
    );
    // A mark that does not read is none that nobody made.
    fs::write(root.join("withdrawn.jsonl"), &marks.as_bytes()[..marks.len() / 2]).unwrap();
    let told = said(home, &["release", "use", "2026-02-01"], 74);
    assert!(told.contains("line 1 of `") && told.contains("mend the line"), "{told}");
    fs::write(root.join("withdrawn.jsonl"), marks).unwrap();
    assert!(root.join("2026-02-03.1").is_dir(), "who holds it may go on reading it");
    // The same numbers do not come back; others do, and are told from what stands.
    tell(&root, third, &[("2026", 17)]);
    assert_eq!(names(&root).unwrap(), "2026-02-02.2");
    let told = said(home, &["release", "use", "2026-02-03.1"], 2);
    assert!(told.contains("withdrawn: 热线重复计数"), "{told}");
    let again = tell(&root, third, &[("2026", 18)]).folder;
    assert_eq!(names(&root).unwrap(), "2026-02-03.2");
    let manifest: Value =
        serde_json::from_slice(&fs::read(again.join("datapackage.json")).unwrap()).unwrap();
    assert_eq!(manifest["x:changes_since"], "2026-02-02.2");
    assert!(said(home, &["verify"], 0).contains("release 2026-02-03.2: 44 files"));
    fs::remove_file(again.join("open.sql")).unwrap();
    let told = said(home, &["verify", "2026-02-03"], 1);
    assert!(told.contains("missing  open.sql"), "{told}");
    // A copy of the folder, where there is no home.
    let empty = tempfile::tempdir().unwrap();
    said(empty.path(), &["verify", root.join("2026-02-01.1").to_str().unwrap()], 0);
    for release in ["2026-02-03.2", "2026-02-02.2", "2026-02-02.1", "2026-02-01.1"] {
        said(home, &["release", "withdraw", release, "--reason", "all"], 0);
    }
    assert!(!root.join("latest.json").exists());
    let access = fs::read_to_string(home.join("var/access.jsonl")).unwrap();
    for verb in ["verify", "release use", "release withdraw"] {
        assert!(access.contains(&format!("\"verb\":\"{verb}\"")), "{access}");
    }
}

#[test]
fn a_release_is_looked_up_while_nobody_else_marks_one() {
    let home = World::home();
    let (home, root) = (home.path(), home.path().join("var/release"));
    two_nights(&root);
    // Whoever is first is let alone, before anything is looked up.
    let lock = shuping::night::lock(&home.join("var"), "release withdraw").unwrap();
    for words in [
        &["use", "1999-01-01"][..],
        &["publish", "1999-01-01", "--confirm", "x"],
        &["withdraw", "1999-01-01", "--reason", "x"],
    ] {
        assert!(
            said(home, &[&["release"], words].concat(), 75).contains("release withdraw, process")
        );
    }
    drop(lock);
    said(home, &["release", "use", "1999-01-01"], 2);
    // Of many who withdraw the same at once, one does; the others find it withdrawn, or find somebody at work.
    let words = ["release", "withdraw", "2026-02-02.1", "--reason", "twice"];
    let codes: Vec<Option<i32>> = thread::scope(|scope| {
        let all: Vec<_> =
            (0..8).map(|_| scope.spawn(|| shuping(home, &words).status.code())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [Some(0), Some(2), Some(75)].contains(code)), "{codes:?}");
    assert_eq!(fs::read_to_string(root.join("withdrawn.jsonl")).unwrap().lines().count(), 1);
    assert_eq!(names(&root).unwrap(), "2026-02-01.1");
}
