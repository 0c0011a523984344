//! Do the verbs for who makes and keeps connectors say what is there, and nothing of anybody?

mod begin;
mod doctor;
mod guess;
mod names;
mod preview;
mod twice;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::library::said;
use crate::library::shuping;

const SETTINGS: &str = r#"format = 1
[home]
name  = "tools"
title = "Tools"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

/// A home with settings and some files of its own.
fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in files.iter().chain(&[("shuping.toml", SETTINGS)]) {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

/// What a verb says, which ends with a code.
fn told(home: &Path, words: &[&str], code: i32) -> String {
    let output = shuping(home, words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
    said(&output)
}

/// What a verb prints as JSON.
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}
