//! A kill between any two writes: a small library of C, laid before the system's, counts what a night writes.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;

use super::NIGHT;
use super::Stand;
use super::copied;
use crate::library::said;
use crate::library::shuping;
use crate::world::left;

/// How often a night is killed, of the several hundred times that it writes.
const KILLS: usize = 40;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cut/kill.c");

/// The library of C; SQLite could not be built without a compiler.
fn compiled(folder: &Path) -> PathBuf {
    let library = folder.join("kill.so");
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", SOURCE, "-ldl", "-o"]).arg(&library);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    library
}

impl Stand {
    /// The night that stood before, and this one killed at its n-th write; how it ended.
    fn killed(&self, library: &Path, at: usize) -> ExitStatus {
        fs::remove_dir_all(self.var()).unwrap();
        copied(&self.stood(), &self.var());
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.home()).args(NIGHT).env("LD_PRELOAD", library);
        command.env("KILL_BELOW", self.var()).env("KILL_AT", at.to_string());
        command.env("KILL_COUNT", self.counted()).env("LANG", "C");
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests").output().unwrap().status
    }

    fn counted(&self) -> PathBuf {
        self.kept.path().join("count")
    }
}

#[test]
fn a_night_killed_between_any_two_writes_and_run_again_ends_as_if_it_had_not_been() {
    let stand = Stand::new();
    let library = compiled(stand.kept.path());
    assert_eq!(stand.killed(&library, usize::MAX >> 40).code(), Some(0));
    assert_eq!(left(stand.home()), stand.whole);
    let writes: usize = fs::read_to_string(stand.counted()).unwrap().parse().unwrap();
    assert!(writes > 200, "only {writes} writes were counted");
    // The last kills are the last writes, one after the other: there a night is made to stand.
    let (early, late) = (KILLS / 2, KILLS - KILLS / 2);
    let spread = (0..early).map(|kill| 1 + kill * (writes - late) / early);
    for at in spread.chain(writes - late + 1..=writes) {
        let ended = stand.killed(&library, at);
        assert_eq!(ended.signal(), Some(9), "write {at} of {writes}: {ended}");
        stand.is_whole(&stand.var());
        let again = shuping(stand.home(), &NIGHT);
        assert_eq!(again.status.code(), Some(0), "write {at} of {writes}: {}", said(&again));
        assert_eq!(left(stand.home()), stand.whole, "write {at} of {writes}");
    }
}
