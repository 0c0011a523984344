//! Parcels: a ZIP in the drop folder is a folder of its own, with names in the code page of whoever packed it.

use std::fs;
use std::io::Cursor;
use std::io::Write as _;

use encoding_rs::GB18030;
use rust_xlsxwriter::Workbook;
use shuping::base::pseudonym::sha256;
use shuping::extract::reopen::DropFolder;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Start;
use super::Vault;
use super::connector;
use super::known_of;
use super::pulled;
use super::rows;
use super::told;

const TASKS: &str = r#"
format = 1
[system]
name = "supervision"
title = "督查督办"
kind = "files"
[files]
at = "."
[[stream]]
name = "tasks"
into = "task"
file = '任务_(?<month>\d{6})\.(?:csv|xlsx)'
write = "upsert"
columns = { task_id = "任务编号" }
"#;

const CSV: &[u8] = "任务编号\nT1\nT2\n".as_bytes();

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("一月").unwrap();
    sheet.write(0, 0, "任务编号").unwrap();
    sheet.write(1, 0, "T3").unwrap();
    book.save_to_buffer().unwrap()
}

/// A ZIP with these files.
pub(super) fn parcel(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same bytes with every `old` replaced by a `new` of the same length.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

fn home(files: &[(&str, &[u8])]) -> TempDir {
    let home = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(home.path().join(name), bytes).unwrap();
    }
    home
}

#[tokio::test]
async fn the_files_of_a_parcel_are_read_as_if_they_stood_in_the_folder() {
    let (book, (gb, _, _)) = (workbook(), GB18030.encode("任务"));
    let zip = parcel(&[
        ("XXXX_202601.csv", CSV),
        ("notes.txt", b"not ours"),
        ("east/任务_202602.xlsx", &book),
        ("__MACOSX/east/任务_202602.xlsx", b"not a workbook"),
        ("east/~$任务_202602.xlsx", b"somebody"),
    ]);
    let zip = replaced(&zip, b"XXXX", &gb);
    let home = home(&[("2026.ZIP", &zip), ("任务_202601.csv", CSV)]);
    let (delivery, batches) = pulled(TASKS, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            "2026.ZIP/east/任务_202602.xlsx sheet 一月 row 2: 任务编号=T3 _month=202602",
            "2026.ZIP/任务_202601.csv row 2: 任务编号=T1 _month=202601",
            "2026.ZIP/任务_202601.csv row 3: 任务编号=T2 _month=202601",
        ]
    );
    // The file beside the parcel is the same file.
    let delivery = delivery.unwrap();
    let hashes: Vec<&str> = delivery.files.iter().map(|file| file.sha256.as_str()).collect();
    assert_eq!(hashes, [sha256(&book), sha256(CSV)]);
    let start = Start { known: known_of([&delivery]), ..Start::home(home.path()) };
    assert_eq!(pulled(TASKS, &start).await.0.unwrap().received, 0);
    // What is held back of a file in a parcel goes home from there.
    let connector = connector(TASKS);
    let vault = Vault { url: String::new() };
    let folder = DropFolder::of(&connector, &vault, home.path()).unwrap().unwrap();
    let source = "2026.ZIP/east/任务_202602.xlsx sheet 一月";
    let sheet = folder.open(&connector.streams[0], &sha256(&book), source).unwrap();
    assert_eq!(
        (sheet.headers, &sheet.rows[&2]),
        (vec!["任务编号".to_owned()], &vec![Some("T3".to_owned())])
    );
}

#[tokio::test]
async fn a_parcel_in_a_parcel_is_opened_and_no_deeper_one() {
    let inner = parcel(&[("任务_202601.csv", CSV)]);
    let outer = parcel(&[("第一批.zip", &inner)]);
    let (_, batches) = pulled(TASKS, &Start::home(home(&[("all.zip", &outer)]).path())).await;
    assert_eq!(
        rows(&batches)[0],
        "all.zip/第一批.zip/任务_202601.csv row 2: 任务编号=T1 _month=202601"
    );
    let deep = home(&[("all.zip", &parcel(&[("x.zip", &outer)]))]);
    let (delivery, _) = pulled(TASKS, &Start::home(deep.path())).await;
    let fault = told(&delivery.unwrap_err());
    assert!(fault.contains("it is a parcel in a parcel in a parcel"), "{fault}");
}

#[tokio::test]
async fn the_name_of_the_parcel_may_tell_the_period() {
    let text = TASKS.replace(r"任务_(?<month>\d{6})\.", r"(?<month>\d{6})\.zip/任务\.");
    let home = home(&[("202603.zip", &parcel(&[("任务.csv", CSV)])), ("任务.csv", b"\xe4\n")]);
    let (_, batches) = pulled(&text, &Start::home(home.path())).await;
    assert_eq!(rows(&batches)[0], "202603.zip/任务.csv row 2: 任务编号=T1 _month=202603");
}

#[tokio::test]
async fn revisions_of_two_parcels_are_none_of_each_other() {
    let text = TASKS.replace(r"\.(?:csv", r"(?<rev>_v\d+)?\.(?:csv");
    assert_ne!(text, TASKS);
    let (first, second) = (parcel(&[("任务_202601.csv", CSV)]), "任务编号\nT7\n".as_bytes());
    let later =
        parcel(&[("任务_202601.csv", second), ("任务_202601_v2.csv", "任务编号\nT8\n".as_bytes())]);
    let home = home(&[("east.zip", &first), ("west.zip", &later)]);
    let (_, batches) = pulled(&text, &Start::home(home.path())).await;
    let told = rows(&batches);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].starts_with("west.zip/任务_202601_v2.csv row 2: 任务编号=T8"), "{told:?}");
}

/// A correction in a parcel, and what it corrects beside it or in another.
#[tokio::test]
async fn a_correction_in_a_parcel_takes_the_place_of_the_only_original_there_is() {
    let text = TASKS.replace(r"\.(?:csv", r"(?<rev>_v\d+)?\.(?:csv");
    let (first, second) = (CSV, "任务编号\nT8\n".as_bytes());
    let (name, later) = ("任务_202601.csv", "任务_202601_v2.csv");
    let corrected = parcel(&[(later, second)]);
    // The original beside it, in another parcel, and in both with the same content.
    let beside = [(name, first.to_vec()), ("A.zip", corrected.clone())];
    let behind = [(name, first.to_vec()), ("更正.zip", corrected.clone())];
    let apart = [("一月.zip", parcel(&[(name, first)])), ("更正.zip", corrected.clone())];
    let whole = [(name, first.to_vec()), ("更正.zip", parcel(&[(name, first), (later, second)]))];
    let in_folder = [("A.zip", parcel(&[(name, first)])), (later, second.to_vec())];
    for files in [beside, behind, apart, whole, in_folder] {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (*name, &**bytes)).collect();
        let home = home(&files);
        let (delivery, batches) = pulled(&text, &Start::home(home.path())).await;
        let told = rows(&batches);
        assert!(told.len() == 1 && told[0].contains("任务编号=T8"), "{told:?}");
        let start = Start { known: known_of([&delivery.unwrap()]), ..Start::home(home.path()) };
        assert_eq!(pulled(&text, &start).await.0.unwrap().received, 0);
    }
    // Whose the correction is nobody knows where two senders have one name and it says nothing of either.
    let nameless = text.replace(r"(?<month>\d{6})", r"\d{6}");
    let home = home(&[("east.zip", &parcel(&[(name, first)])), ("west.zip", &corrected)]);
    let (_, batches) = pulled(&nameless, &Start::home(home.path())).await;
    assert_eq!(rows(&batches).len(), 3);
}

#[tokio::test]
async fn a_parcel_beyond_the_limits_locked_or_damaged_is_named() {
    let name = "任务_202601.csv";
    let one = parcel(&[(name, CSV)]);
    // The record of the file in the directory at the end: its flags and its length when unpacked.
    let directory = one.windows(4).rposition(|it| it == b"PK\x01\x02").unwrap();
    let with = |at: usize, value: &[u8]| {
        let mut bytes = one.clone();
        bytes[directory + at..directory + at + value.len()].copy_from_slice(value);
        bytes
    };
    let many: Vec<String> = (0..10_001).map(|at| at.to_string()).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let mut wrong = one.clone();
    let body = one.windows(2).position(|it| it == b"T1").unwrap_or(30 + name.len() + 4);
    wrong[body] ^= 0xff;
    for (bytes, why) in [
        (with(24, &0x7000_0000_u32.to_le_bytes()), "unpack to 1879048192 bytes"),
        (with(24, &10_u32.to_le_bytes()), "larger than its declared"),
        (with(24, &99_u32.to_le_bytes()), "not as long as the archive says"),
        (with(8, &[one[directory + 8] | 1]), "locked with a password"),
        (parcel(&many), "it holds 10001 files"),
        (wrong, "damaged"),
        (b"no archive at all".to_vec(), "no archive, or a damaged one"),
    ] {
        let home = home(&[("2026.zip", &bytes)]);
        let (delivery, batches) = pulled(TASKS, &Start::home(home.path())).await;
        let error = told(&delivery.unwrap_err());
        assert!(error.contains("file `2026.zip") && error.contains(why), "{why}: {error}");
        assert!(batches.is_empty());
    }
    // What nobody reads may be locked.
    let locked =
        replaced(&with(8, &[one[directory + 8] | 1]), "任务".as_bytes(), "任性".as_bytes());
    let home = home(&[("2026.zip", &locked)]);
    assert_eq!(pulled(TASKS, &Start::home(home.path())).await.0.unwrap().received, 0);
}

#[tokio::test]
async fn a_workbook_beyond_the_limits_is_not_opened() {
    let mut book = workbook();
    let entry = book.windows(4).rposition(|it| it == b"PK\x01\x02").unwrap();
    book[entry + 24..entry + 28].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    let home = home(&[("任务_202601.xlsx", &book)]);
    let error = told(&pulled(TASKS, &Start::home(home.path())).await.0.unwrap_err());
    assert!(error.contains("任务_202601.xlsx` cannot be read: it unpacks to 18790"), "{error}");
}
