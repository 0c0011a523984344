//! How long does it take to go back to an earlier release? The program is asked as somebody asks it at seven in the morning:
//! it reads the home, which release stands, and one manifest, and no table.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jiff::civil::date;

use super::heading;
use super::line;

/// How many releases stand: more than a year of nights.
const RELEASES: usize = 400;

/// Bytes of a manifest; that of the pretend city has 60,000.
const MANIFEST: usize = 100_000;

/// Goes back over all releases, and forth again.
pub(crate) fn release() {
    heading("releases");
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    shuping(&home, &["init", home.to_str().unwrap()]);
    let releases = home.join("var/release");
    let mut night = date(2025, 1, 1);
    for _ in 0..RELEASES {
        let said = format!(
            "{{\"x:night\": \"{night}\", \"x:as_of\": \"{night}\", \"of\": \"{}\"}}\n",
            "x".repeat(MANIFEST)
        );
        let release = releases.join(format!("{night}.1"));
        fs::create_dir_all(&release).unwrap();
        fs::write(release.join("datapackage.json"), said).unwrap();
        night = night.tomorrow().unwrap();
    }
    for (what, release) in [("back", date(2025, 1, 1)), ("forth", night.yesterday().unwrap())] {
        let began = Instant::now();
        shuping(&home, &["release", "use", &release.to_string()]);
        let told = fs::read_to_string(releases.join("latest.json")).unwrap();
        assert!(told.contains(&format!("{release}.1/")), "{told}");
        line(&format!("release use, {what}"), began.elapsed(), &format!("{RELEASES} releases"));
    }
}

fn shuping(home: &Path, words: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
    let output = command.arg("--home").arg(home).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
