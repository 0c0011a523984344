//! A roster that comes in a parcel, and a list that somebody has open: what a night says of them.

use std::fs;
use std::fs::File;
use std::io::Write as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::CASES;
use super::DAY;
use super::ROSTER;
use super::Small;
use super::corrected;
use super::people;

#[test]
fn a_row_of_a_parcel_goes_home_and_a_file_on_its_way_waits() {
    let small = Small::new();
    small.roster(ROSTER, DAY, &people());
    let mut zip = ZipWriter::new(File::create(small.drop().join("2026-01.zip")).unwrap());
    zip.start_file(ROSTER, SimpleFileOptions::default()).unwrap();
    zip.write_all(&fs::read(small.drop().join(ROSTER)).unwrap()).unwrap();
    zip.finish().unwrap();
    fs::remove_file(small.drop().join(ROSTER)).unwrap();
    small.cases(CASES, &[("B1", "2026-01-02 09:00:00"), ("B2", "2026-01-02 09:30:00")]);
    let lock = small.drop().join(format!(".~lock.{CASES}#"));
    fs::write(&lock, "孙八方").unwrap();

    let told = small.night("2026-01-06");
    assert!(told.contains("a file that is not whole yet; another night reads it"), "{told}");
    let found = "select subject from finding where kind = 'not_whole'";
    assert_eq!(small.ask(found), [[format!("{CASES}: somebody has it open")]]);
    assert_eq!(small.equation("2026-01-06", "cases"), "0 0 0 0 0 0 0");
    assert_eq!(small.equation("2026-01-06", "roster"), "5 3 0 0 0 2 0");
    let from = small.ask("select distinct source from quarantine");
    assert_eq!(from, [[format!("2026-01.zip/{ROSTER} sheet 在编人员")]]);

    fs::remove_file(&lock).unwrap();
    let sheet = corrected(&small, "out.xlsx", true);
    small.give_back("corrected.xlsx", &[sheet]);
    small.night("2026-01-07");
    assert_eq!((small.staff().len(), small.open().len()), (5, 0));
    assert_eq!(small.equation("2026-01-07", "cases"), "2 2 0 0 0 0 0");
}
