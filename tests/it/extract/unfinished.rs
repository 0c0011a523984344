//! A file that is still on its way: it is told, nothing fails, and another night reads it.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use jiff::SignedDuration;
use jiff::Timestamp;
use rust_xlsxwriter::Workbook;
use shuping::base::clock;
use shuping::base::pseudonym::sha256;
use shuping::extract::Delivery;
use tempfile::TempDir;

use super::Start;
use super::contents;
use super::pulled;
use super::told;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::world::ask;

const LOANS: &str = r#"
format = 1
[system]
name = "loans"
title = "Loans"
kind = "files"
[files]
at = "."
[[stream]]
name = "loans"
into = "service_case"
file = 'loans.*'
write = "upsert"
columns = { case_id = "loan" }
"#;

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, text) in (0_u32..).zip(["loan", "L1", "L2"]) {
        sheet.write(row, 0, text).unwrap();
    }
    book.save_to_buffer().unwrap()
}

async fn brought(home: &Path) -> Delivery {
    pulled(LOANS, &Start::home(home)).await.0.unwrap()
}

fn waiting(file: &str, why: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(file.to_owned(), why.to_owned())])
}

/// Why a file waits whose time a setting sets.
fn by_setting(why: &str) -> String {
    format!("{why}; `still` in [files] says for how long it waits")
}

#[tokio::test]
async fn half_a_workbook_is_told_and_read_when_it_is_whole() {
    let home = TempDir::new().unwrap();
    let (file, whole) = (home.path().join("loans.xlsx"), workbook());
    for part in [whole.len() / 2, whole.len() - 30] {
        fs::write(&file, &whole[..part]).unwrap();
        let delivery = brought(home.path()).await;
        assert_eq!((delivery.received, delivery.files.len()), (0, 0));
        assert_eq!(delivery.not_whole, waiting("loans.xlsx", "its end is missing"));
    }
    // It does not keep other files from being read.
    fs::write(home.path().join("loans.csv"), "loan\nL9\n").unwrap();
    let delivery = brought(home.path()).await;
    assert_eq!((delivery.received, delivery.not_whole.len()), (1, 1));
    fs::write(&file, &whole).unwrap();
    let delivery = brought(home.path()).await;
    assert_eq!((delivery.received, delivery.not_whole.len()), (3, 0));
    assert_eq!(delivery.files[1].sha256, sha256(&whole));
}

/// The old form has no end: it says how long it is.
#[tokio::test]
async fn part_of_a_workbook_of_the_old_form_is_told_wherever_it_is_cut() {
    let home = TempDir::new().unwrap();
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/extract/books/roster_1900.xls");
    let (file, whole) = (home.path().join("loans.xls"), fs::read(book).unwrap());
    for part in [4, 512, 2_048, whole.len() - 512] {
        fs::write(&file, &whole[..part]).unwrap();
        let delivery = brought(home.path()).await;
        assert_eq!(delivery.not_whole, waiting("loans.xls", "its end is missing"), "{part} bytes");
    }
    // Whole, it is read, and found to be another table than this one.
    fs::write(&file, &whole).unwrap();
    let error = told(&pulled(LOANS, &Start::home(home.path())).await.0.unwrap_err());
    assert!(error.contains("loans.xls sheet 在编人员` cannot be read: columns 1 and 2"), "{error}");
}

#[tokio::test]
async fn half_a_parcel_is_told_too() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("2026-01.zip"), b"PK\x03\x04 and no end").unwrap();
    let delivery = brought(home.path()).await;
    assert_eq!(delivery.not_whole, waiting("2026-01.zip", "its end is missing"));
}

/// Says when a file changed last; the night's cutoff is 2026-01-06 02:00 in Shanghai.
fn changed(path: &Path, text: &str) {
    let since = text.parse::<Timestamp>().unwrap().as_second();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(since.unsigned_abs());
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

#[tokio::test]
async fn what_stays_half_for_a_day_is_damaged() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("loans.xlsx");
    fs::write(&path, &workbook()[..2_000]).unwrap();
    changed(&path, "2026-01-05T02:01:00+08:00");
    assert_eq!(brought(home.path()).await.not_whole.len(), 1);
    changed(&path, "2026-01-05T01:59:00+08:00");
    let error = pulled(LOANS, &Start::home(home.path())).await.0.unwrap_err();
    let text = told(&error);
    assert!(
        text.contains("file `loans.xlsx` cannot be read") && text.contains("damaged"),
        "{text}"
    );
}

#[tokio::test]
async fn a_text_that_stops_within_a_line_waits_for_an_hour() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("loans.csv");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let marked = |text: &str| [&[0xff, 0xfe][..], &utf16(text)].concat();
    for (half, whole) in [
        (b"loan\nL1\nL".to_vec(), b"loan\nL1\nL2\n".to_vec()),
        (b"loan\r\nL1\r\n\"L".to_vec(), b"loan\r\nL1\r\n\"L2\"\r\n".to_vec()),
        (marked("loan\nL1\nL"), marked("loan\nL1\nL2\n")),
    ] {
        fs::write(&path, &half).unwrap();
        let delivery = brought(home.path()).await;
        assert_eq!((delivery.received, delivery.files.len()), (0, 0));
        assert_eq!(
            delivery.not_whole,
            waiting("loans.csv", &by_setting("its last line has no end"))
        );
        fs::write(&path, &whole).unwrap();
        assert_eq!(brought(home.path()).await.received, 2);
    }
    fs::write(&path, "loan\nL1\nL2").unwrap();
    // What has been read by then is known, and whoever asks for it has it at once.
    let known = contents(&[b"loan\nL1\nL2"]);
    let start = Start { known, ..Start::home(home.path()) };
    assert!(pulled(LOANS, &start).await.0.unwrap().not_whole.is_empty());
    let at_once = LOANS.replace("at = \".\"", "at = \".\"\nstill = \"0s\"");
    assert_eq!(pulled(&at_once, &Start::home(home.path())).await.0.unwrap().received, 2);
    // Some programs end no last line.
    for (minutes, received) in [(59, 0), (61, 2)] {
        changed(&path, &(clock::now() - SignedDuration::from_mins(minutes)).to_string());
        assert_eq!(brought(home.path()).await.received, received, "{minutes}");
    }
}

/// Half a snapshot would delete what the other half holds.
#[test]
fn half_a_snapshot_deletes_nothing() {
    let home = library();
    let manifest = home.path().join("connectors/loans.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"upsert\"", "\"snapshot\"")).unwrap();
    let file = home.path().join("drop/loans_2026-01.csv");
    let night = |night: &str| {
        let output = shuping(home.path(), &["run", "--night", night]);
        let loans = ask(&home.path().join("var/warehouse.db"), "select count(*) from service_case");
        (said(&output), loans[0][0].parse::<u32>().unwrap())
    };
    let (_, all) = night("2026-01-28");
    let whole = fs::read_to_string(&file).unwrap().replace("Counter", "Machine");
    let half = whole.get(..whole.len() / 2).unwrap();
    assert!(!half.ends_with('\n'));
    fs::write(&file, half).unwrap();
    let (told, loans) = night("2026-01-29");
    assert_eq!(loans, all, "{told}");
    assert!(told.contains("not whole yet") && told.contains("its last line has no end"), "{told}");
    fs::write(&file, &whole).unwrap();
    let (told, loans) = night("2026-01-30");
    assert_eq!(loans, all, "{told}");
    assert!(!told.contains("not whole yet"), "{told}");
}

#[tokio::test]
async fn what_somebody_has_open_waits_unless_it_is_known() {
    for mark in ["~$loans.xlsx", ".~lock.loans.xlsx#"] {
        // A workbook says when it was made: another one has other bytes.
        let (home, bytes) = (TempDir::new().unwrap(), workbook());
        fs::write(home.path().join("loans.xlsx"), &bytes).unwrap();
        fs::write(home.path().join(mark), "somebody").unwrap();
        let delivery = brought(home.path()).await;
        assert_eq!(delivery.received, 0);
        assert_eq!(delivery.not_whole, waiting("loans.xlsx", "somebody has it open"));
        let known = contents(&[&bytes]);
        let start = Start { known, ..Start::home(home.path()) };
        assert!(pulled(LOANS, &start).await.0.unwrap().not_whole.is_empty());
        // A mark that a program left behind holds nothing back for ever.
        changed(&home.path().join("loans.xlsx"), "2026-01-05T01:59:00+08:00");
        assert_eq!(brought(home.path()).await.received, 2);
        changed(&home.path().join("loans.xlsx"), "2026-01-05T02:01:00+08:00");
        assert_eq!(brought(home.path()).await.received, 0);
        fs::remove_file(home.path().join(mark)).unwrap();
        assert_eq!(brought(home.path()).await.received, 2);
    }
}

#[tokio::test]
async fn the_names_of_copies_on_their_way_are_passed_by() {
    let home = TempDir::new().unwrap();
    for name in ["loans.xlsx.part", "loans.csv.TMP", "loans.csv.crdownload", "loans.csv.filepart"] {
        fs::write(home.path().join(name), "loan\nL1\n").unwrap();
    }
    let delivery = brought(home.path()).await;
    assert_eq!((delivery.received, delivery.not_whole.len()), (0, 0));
}

#[tokio::test]
async fn a_file_is_read_once_it_has_lain_still_for_as_long_as_is_asked() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("loans.csv");
    fs::write(&path, "loan\nL1\n").unwrap();
    let text = LOANS.replace("at = \".\"", "at = \".\"\nstill = \"1h\"");
    let start = Start::home(home.path());
    let delivery = pulled(&text, &start).await.0.unwrap();
    assert_eq!(
        (delivery.received, delivery.not_whole),
        (0, waiting("loans.csv", &by_setting("it changed a moment ago")))
    );
    // An empty file may be the first moment of a copy; without `still` it fails.
    fs::write(home.path().join("loans.txt"), "").unwrap();
    assert_eq!(pulled(&text, &start).await.0.unwrap().not_whole.len(), 2);
    let error = told(&pulled(LOANS, &start).await.0.unwrap_err());
    assert!(error.contains("file `loans.txt` cannot be read: it is empty"), "{error}");
    fs::remove_file(home.path().join("loans.txt")).unwrap();
    // A known file may be touched.
    let known = contents(&[b"loan\nL1\n"]);
    let touched = Start { known, ..Start::home(home.path()) };
    assert!(pulled(&text, &touched).await.0.unwrap().not_whole.is_empty());
    changed(&path, "2026-01-05T20:00:00+08:00");
    assert_eq!(pulled(&text, &start).await.0.unwrap().received, 1);
}

/// However many words nobody knows, a file that waits is not among those that are left away.
#[test]
fn a_file_that_waits_stands_first_in_the_report() {
    let home = library();
    let loans = home.path().join("drop/loans_2026-01.csv");
    let mut text = fs::read_to_string(&loans).unwrap();
    for number in 0..20 {
        let line =
            format!("M{number},River Branch,2026-01-06 09:00,2026-01-20,,Desk {number},R1,\n");
        text.push_str(&line);
    }
    fs::write(&loans, text).unwrap();
    fs::write(home.path().join("drop/loans_2026-02.csv"), "loan,branch\nL30,North Br").unwrap();
    let night = shuping(home.path(), &["run", "--night", "2026-01-31"]);
    let told = said(&night);
    assert_eq!(night.status.code(), Some(0), "{told}");
    let listed: Vec<&str> =
        told.lines().skip_while(|line| !line.starts_with("To look at")).collect();
    let waits = listed.iter().position(|line| line.contains("loans_2026-02.csv")).unwrap();
    assert!(waits < 4 && listed.iter().any(|line| line.contains("more in table")), "{told}");
}
