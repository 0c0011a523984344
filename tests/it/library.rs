//! The library of the docs as a home, and the program that reads it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use tempfile::TempDir;

/// The pipeline of the library.
pub(crate) const PIPELINE: &str = "pipelines/loans.toml";

/// The library, with its loans of January.
pub(crate) fn library() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/library");
    for file in ["shuping.toml", "connectors/loans.toml", PIPELINE, "drop/loans_2026-01.csv"] {
        let to = home.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(example.join(file), to).unwrap();
    }
    home
}

/// The library, with one change of its pipeline.
pub(crate) fn changed(old: &str, new: &str) -> TempDir {
    let home = library();
    let path = home.path().join(PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "the library has no `{old}`");
    fs::write(path, text.replacen(old, new, 1)).unwrap();
    home
}

/// The loans of February: one comes back, another that was late is corrected, a third is new.
pub(crate) fn february(home: &Path) {
    let rows = "loan,branch,borrowed,due,returned,desk,reader,changed
L09,North Branch,2026-01-14 09:45,2026-01-28,2026-01-28 11:11,Counter,R5,2026-02-02 08:00
L10,North Branch,2026-01-20 14:00,2026-02-03,2026-02-02 10:00,Machine,R8,2026-02-02 10:00
L20,River Branch,2026-02-01 14:00,2026-02-15,2026-02-02 10:00,Machine,R8,2026-02-02 10:00
";
    fs::write(home.join("drop/loans_2026-02.csv"), rows).unwrap();
}

/// The program, over a home that has the key of its pseudonyms.
pub(crate) fn shuping(home: &Path, words: &[&str]) -> Output {
    let mut command = command(home, words);
    command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests").output().unwrap()
}

/// The program, over a home that has no key.
pub(crate) fn keyless(home: &Path, words: &[&str]) -> Output {
    command(home, words).output().unwrap()
}

fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    command.arg("--home").arg(home).args(words).env("LANG", "C");
    command
}

/// All that it said.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}
