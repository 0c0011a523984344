//! What does a night leave that is cut short anywhere: by a disk that is full, by a kill between any two writes? What
//! stood, whole; and the same night, run again, leaves what one leaves that was never cut.

mod full;
mod killed;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::library::february;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::bytes_below;
use crate::world::left;
use crate::world::loaded;

/// The night that is cut, of a library that has had one.
const NIGHT: [&str; 3] = ["run", "--night", "2026-02-03"];

/// A library that has had a night, and what the next one is to leave.
struct Stand {
    home: TempDir,
    kept: TempDir,
    whole: BTreeMap<String, String>,
}

impl Stand {
    fn new() -> Stand {
        let (home, kept) = (library(), tempfile::tempdir().unwrap());
        let settings = home.path().join("shuping.toml");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(settings, format!("{text}\n[release]\nsqlite = true\n")).unwrap();
        let run = |words: &[&str]| {
            let output = shuping(home.path(), words);
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        };
        run(&["run", "--night", "2026-01-31"]);
        let stood = kept.path().join("var");
        copied(&home.path().join("var"), &stood);
        february(home.path());
        run(&NIGHT);
        let whole = left(home.path());
        Stand { home, kept, whole }
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    fn var(&self) -> PathBuf {
        self.home().join("var")
    }

    /// What stood before the night.
    fn stood(&self) -> PathBuf {
        self.kept.path().join("var")
    }

    /// The night has been cut and left `var`: readers see what stood, or all of the night.
    fn is_whole(&self, var: &Path) {
        let warehouse = loaded(&var.join("warehouse.db"));
        let new = self.whole.iter().filter(|(name, _)| name.starts_with("warehouse "));
        let new: BTreeMap<String, String> =
            new.map(|(name, hash)| (name.clone(), hash.clone())).collect();
        let old = loaded(&self.stood().join("warehouse.db"));
        assert!(warehouse == old || warehouse == new, "half a night is in the warehouse");
        let (before, after) = (self.stood().join("release"), var.join("release"));
        let now = bytes_below(&after);
        for (path, bytes) in bytes_below(&before) {
            assert!(path == "latest.json" || now.get(&path) == Some(&bytes), "{path} changed");
        }
        let latest: Value = serde_json::from_slice(&now["latest.json"]).unwrap();
        let manifest = after.join(latest["manifest"].as_str().unwrap());
        let named = manifest.parent().unwrap().to_str().unwrap();
        let verified = shuping(self.home(), &["verify", named]);
        assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    }
}

/// Copies a folder.
fn copied(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().unwrap();
    assert!(copied.status.success(), "{}", said(&copied));
}
