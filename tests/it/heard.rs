//! What does the program do whose reader has gone, as behind `| head`?

use std::io::pipe;
use std::process::Command;
use std::process::Stdio;

use crate::library::library;

#[test]
fn whoever_stops_reading_stops_nothing_and_hears_no_complaint() {
    let home = library();
    for words in [
        &["run", "--night", "2026-02-01"][..],
        &["check"],
        &["schema", "table"],
        &["schema", "--markdown"],
        &["status"],
        &["explain", "returned_on_time", "--unit", "North Branch", "--period", "2026-01"],
        &["verify"],
        &["close", "2026-01", "--reason", "一月定稿"],
        &["close", "--list"],
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(home.path()).args(words).env("LANG", "C");
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests");
        let output = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
        assert!(!said.contains("error") && !said.contains("pipe"), "{words:?}: {said}");
    }
    // The night was run to its end.
    assert!(home.path().join("var/release/latest.json").exists());
    assert!(home.path().join("var/closed/book.jsonl").exists());
}
