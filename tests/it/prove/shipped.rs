//! Do the connectors of the product pass, over the pretend city?

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::civil::Date;
use jiff::civil::date;

use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::World;
use crate::world::bytes_below;

/// A night on which every column of the city has been filled: tasks are scored in spring.
const SPRING: Date = date(2026, 3, 31);

#[test]
fn every_shipped_connector_passes() {
    let world = World::of(5);
    world.turn(SPRING);
    let home = World::home();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for (file, bytes) in bytes_below(&fixtures) {
        let path = home.path().join("fixtures").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    for (system, passed) in
        [("hotline", 14), ("service", 36), ("staffing", 42), ("appraisal", 15), ("supervision", 19)]
    {
        let words = ["prove", system, "--night", "2026-03-31"];
        let output = world.shuping(home.path()).args(words).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains(&format!("{passed} passed, 0 failed")), "{text}");
    }
    assert!(!home.path().join("var").exists());
}

#[test]
fn a_folder_of_texts_passes_and_says_what_is_not_asked_of_it() {
    let home = library();
    let output = shuping(home.path(), &["prove", "loans", "--night", "2026-01-30"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        "a wrong secret is tried at gateways only",
        "a file is read whole or not at all",
        "half a text looks like a whole one: name `grid.total`",
        "1 files that were read bring nothing once more",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn nothing_is_left_of_a_proof_nor_of_one_that_was_stopped() {
    let (home, beside) = (library(), tempfile::tempdir().unwrap());
    // No process has this number.
    let left = beside.path().join("shuping-prove-0-1/drop");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("loans.csv"), "loan\nL01\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    command.arg("--home").arg(home.path()).args(["prove", "loans", "branches"]);
    command.env("TMPDIR", beside.path()).env("SHUPING_SECRET_PSEUDONYM_KEY", "a key");
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    assert_eq!(fs::read_dir(beside.path()).unwrap().count(), 0);
}
