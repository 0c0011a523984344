//! Does a release that was damaged stop the next?

use std::fs;

use serde_json::Value;
use shuping::publish;
use shuping::publish::verify::verify;

use super::NIGHTS;
use super::THEN;
use super::tell;
use super::two_nights;

#[test]
fn changes_are_told_from_the_newest_release_that_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let second = two_nights(root).folder;
    let cut = second.join("metrics.parquet");
    let bytes = fs::read(&cut).unwrap();
    fs::remove_file(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let third = NIGHTS[1].tomorrow().unwrap();
    let release = tell(root, third, &THEN);
    assert_eq!(release.damaged, ["2026-02-02.1"]);
    assert_eq!(publish::latest(root).unwrap().unwrap(), "2026-02-03.1");
    let manifest = fs::read(release.folder.join("datapackage.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["x:changes_since"], "2026-02-01.1");
    let changes = fs::read_to_string(release.folder.join("changes.jsonl")).unwrap();
    assert_eq!(changes.lines().count(), 3, "{changes}");
}

#[test]
fn a_night_whose_release_was_damaged_is_told_anew() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let second = two_nights(root).folder;
    fs::remove_file(second.join("units.csv")).unwrap();
    let again = tell(root, NIGHTS[1], &THEN);
    assert!(again.is_new && again.revision == 2, "{again:?}");
    assert!(verify(&again.folder).unwrap().1.is_empty());
    // Without its manifest a release is nobody's.
    fs::remove_file(again.folder.join("datapackage.json")).unwrap();
    let third = tell(root, NIGHTS[1], &THEN);
    assert_eq!((third.revision, third.damaged), (3, vec!["2026-02-02.2".to_owned()]));
    publish::withdraw(root, &third.folder, ("damaged too", jiff::Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(publish::latest(root).unwrap().unwrap(), "2026-02-02.1");
}
