//! What lies in a drop folder that no stream reads is told, and whether a night could read the rest.

use std::fs;
use std::path::Path;

use shuping::base::messages::Code;
use shuping::extract::unclaimed;
use shuping::sandbox::City;
use shuping::spec::connector::Connector;
use shuping::spec::connector::read_connector;
use tempfile::TempDir;

use super::Vault;
use super::connector;
use super::known::CASES;
use super::parcels::parcel;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;

/// A home whose drop folder holds these; what ends with `/` is a folder.
fn home(names: &[&str]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let drop = home.path().join("drop");
    fs::create_dir(&drop).unwrap();
    for name in names {
        match name.strip_suffix('/') {
            Some(folder) => fs::create_dir_all(drop.join(folder)).unwrap(),
            None => fs::write(drop.join(name), "编号\nC1\n").unwrap(),
        }
    }
    home
}

fn strange(home: &Path, all: &[Connector]) -> Vec<Vec<String>> {
    let vault = Vault { url: String::new() };
    all.iter().map(|one| unclaimed(one, all, &vault, home)).collect()
}

#[test]
fn a_file_under_an_invented_name_and_a_folder_are_told() {
    let home = home(&[
        "办件_202601.csv",
        "办件_202602(修订).csv",
        "办件2026年2月.csv",
        "2026/",
        "corrections/",
        ".trash/",
        "~backup/",
        ".hidden.csv",
        "~$办件_202601.csv",
        ".~lock.办件_202601.csv#",
        "办件_202603.csv.part",
        "Thumbs.db",
    ]);
    fs::write(home.path().join("drop/2026/办件_202602.csv"), "编号\n").unwrap();
    let told = strange(home.path(), &[connector(CASES)]);
    assert_eq!(told, [["办件2026年2月.csv", "办件_202602(修订).csv", "2026/"]]);
}

#[test]
fn of_a_parcel_the_first_file_is_told_that_nobody_reads() {
    let home = home(&[]);
    let put = |name: &str, bytes: &[u8]| fs::write(home.path().join("drop").join(name), bytes);
    let csv = "编号\nC1\n".as_bytes();
    let inner = parcel(&[("办件_202601.csv", csv), ("说明.txt", csv)]);
    put("1.zip", &parcel(&[("办件_202601.csv", csv), ("__MACOSX/x.csv", csv)])).unwrap();
    put("2.zip", &parcel(&[("b/办件.csv", csv), ("办件_202601.csv", csv), ("a.txt", csv)]))
        .unwrap();
    put("3.zip", &parcel(&[("内.zip", &inner)])).unwrap();
    // One that cannot be opened is told by who reads it.
    put("4.zip", b"no archive").unwrap();
    let told = strange(home.path(), &[connector(CASES)]);
    assert_eq!(told, [["2.zip/a.txt and 1 more", "3.zip/内.zip/说明.txt"]]);
}

#[test]
fn what_is_kept_there_on_purpose_is_told_by_nobody() {
    let home = home(&["办件_202601.csv", "填报说明.docx", "old.xlsx", "归档/", "归档2/", "x.csv"]);
    let put = |name: &str, bytes: &[u8]| fs::write(home.path().join("drop").join(name), bytes);
    let csv = "编号\nC1\n".as_bytes();
    put("1.zip", &parcel(&[("办件_202601.csv", csv), ("填报说明.docx", csv)])).unwrap();
    put("2.zip", &parcel(&[("y.csv", csv)])).unwrap();
    let ignore = r"ignore = ['填报说明\..*', 'old', '归档', '2\.zip']";
    let text = CASES.replace("[files]\n", &format!("[files]\n{ignore}\n"));
    assert!(text.contains(ignore), "{text}");
    // A pattern is of a whole name.
    assert_eq!(strange(home.path(), &[connector(&text)]), [["old.xlsx", "x.csv", "归档2/"]]);
    let faults =
        read_connector("connectors/test.toml", &text.replace("'old'", "'(old'")).unwrap_err();
    assert_eq!((faults[0].code, &*faults[0].key), (Code::BadPattern, "files.ignore"));
}

#[test]
fn several_connectors_that_share_a_folder_are_asked_together() {
    let home = home(&["办件_202601.csv", "诉求_202601.csv", "x.csv", "calls/"]);
    let calls = CASES.replace("办件_", "诉求_").replace("\"desk\"", "\"calls\"");
    let inside =
        calls.replace("\"drop\"", "\"drop/calls/of_2026\"").replace("calls\"\nt", "in\"\nt");
    fs::create_dir(home.path().join("drop/calls/of_2026")).unwrap();
    let unset = CASES.replace("\"drop\"", "\"${env:NONE}\"").replace("\"desk\"", "\"none\"");
    let absent = CASES.replace("\"drop\"", "\"nowhere\"").replace("\"desk\"", "\"absent\"");
    let shared = calls.replace("\"drop\"", "\"./drop/../drop\"");
    let all = [unset, absent, CASES.to_owned(), shared, inside].map(|text| connector(&text));
    let told = strange(home.path(), &all);
    assert_eq!(told, [&[][..], &[], &["x.csv".to_owned()], &[], &[]]);
}

#[test]
fn the_pretend_city_has_nothing_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    City::new(519_900, 0.01).write_drop(folder.path(), "2026-01-06".parse().unwrap()).unwrap();
    let of = |system: &str| {
        let text = fs::read_to_string(format!("connectors/{system}.toml")).unwrap();
        let at = folder.path().join(system).display().to_string();
        let text = text.replace(&format!("${{env:{}_DROP}}", system.to_uppercase()), &at);
        read_connector("connectors/test.toml", &text).unwrap()
    };
    let all = ["staffing", "supervision"].map(of);
    assert_eq!(strange(folder.path(), &all), [Vec::<String>::new(), Vec::new()]);
}

/// Night after night, once and not once a stream; a night that is run again says the same.
#[test]
fn a_night_tells_what_no_stream_reads() {
    let home = library();
    let odd = home.path().join("drop/loans_2026-02 (corrected).csv");
    fs::write(&odd, "loan\nL1\n").unwrap();
    let night = |night: &str| {
        let output = shuping(home.path(), &["run", "--night", night]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        said(&output)
    };
    for day in ["2026-02-01", "2026-02-02", "2026-02-02"] {
        let told = night(day);
        let words = "a file or folder of the drop folder that no stream reads";
        let lines: Vec<&str> = told.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(lines.len(), 1, "{told}");
        // Its name may be a person's, and is kept nowhere: who looks sees it.
        assert!(lines[0].contains("shuping doctor") && !told.contains("(corrected)"), "{told}");
    }
    fs::remove_file(odd).unwrap();
    assert!(!night("2026-02-03").contains("no stream reads"));
}
