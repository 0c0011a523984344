//! Never twice: corrections that come again, beside the sender's whole file in either order, or for nobody.

use shuping::base::pseudonym::sha256;

use super::DAY;
use super::ROSTER;
use super::Sheet;
use super::Small;
use super::corrected;
use super::number;
use super::people;
use super::right;

fn findings(small: &Small, night: &str) -> Vec<String> {
    let question = format!(
        "select kind, subject, rows from finding
        where night = '{night}' and kind like '%correction' order by 1, 2"
    );
    small.ask(&question).into_iter().map(|row| row.join(" ")).collect()
}

/// What is found where so many rows of a corrected workbook are waited for by nobody.
fn stray(small: &Small, name: &str, rows: u64) -> String {
    let print = sha256(&std::fs::read(small.drop().join("corrections").join(name)).unwrap());
    format!("stray_correction corrections/ SHA-256 {print:.12}… {rows}")
}

#[test]
fn a_correction_that_is_dropped_twice_counts_once() {
    let small = Small::begun();
    let sheet = corrected(&small, "out.xlsx", true);
    small.give_back("a.xlsx", std::slice::from_ref(&sheet));
    // The same rows with other bytes in the same night: of two corrections of a row the later counts.
    let mut other = sheet.clone();
    other[1][5] = "市民政局 ".to_owned();
    small.give_back("b.xlsx", &[other]);
    small.night("2026-01-07");
    assert_eq!(
        (small.staff().len(), findings(&small, "2026-01-07")),
        (5, vec![stray(&small, "b.xlsx", 2)])
    );
    assert_eq!(small.equation("2026-01-07", "roster"), "2 2 0 0 0 0 0");
    // Again the night after, with another person in the row: it is closed, and nobody joins.
    let mut late = sheet.clone();
    late[1][7] = number("19850312", 199);
    small.give_back("c.xlsx", &[late]);
    std::fs::copy(small.drop().join("corrections/a.xlsx"), small.drop().join("corrections/d.xlsx"))
        .unwrap();
    small.night("2026-01-08");
    assert_eq!(
        (small.staff().len(), findings(&small, "2026-01-08")),
        (5, vec![stray(&small, "c.xlsx", 2)])
    );
    assert_eq!(small.equation("2026-01-08", "roster"), "0 0 0 0 0 0 0");
}

#[test]
fn a_corrected_whole_file_and_the_correction_count_once_in_any_order() {
    // The whole file first: it takes the place of what was held back, and the correction comes too late.
    let small = Small::begun();
    let sheet = of_another(&small);
    small.roster(ROSTER, DAY, &right());
    small.night("2026-01-07");
    assert_eq!(small.equation("2026-01-07", "roster"), "5 2 0 3 0 0 0");
    let resent =
        ["2026-01-06 8 id_bad_check 2026-01-07 resent", "2026-01-06 9 not_a_day 2026-01-07 resent"];
    assert_eq!(small.notes("roster"), resent);
    small.give_back("a.xlsx", &[sheet]);
    small.night("2026-01-08");
    assert_eq!(
        (small.staff().len(), findings(&small, "2026-01-08")),
        (5, vec![stray(&small, "a.xlsx", 2)])
    );

    // The correction first, with a number that the whole file then says otherwise.
    let small = Small::begun();
    small.give_back("a.xlsx", &[of_another(&small)]);
    small.night("2026-01-07");
    assert_eq!(small.staff().len(), 5);
    small.roster(ROSTER, DAY, &right());
    small.night("2026-01-08");
    assert_eq!(small.equation("2026-01-08", "roster"), "5 1 0 4 0 0 1");
    assert_eq!(small.staff().len(), 5);

    // Both in one night: what the sender delivered whole is newer.
    for again in [false, true] {
        let small = Small::begun();
        small.give_back("a.xlsx", &[of_another(&small)]);
        small.roster(ROSTER, DAY, &right());
        let night = if again { "2026-01-06" } else { "2026-01-07" };
        small.well(&["run", "--night", night, "--as-of", "2026-01-05", "--again"]);
        let added = if again { "7 5 0 0 2 0 0" } else { "7 2 0 3 2 0 0" };
        assert_eq!(small.equation(night, "roster"), added);
        assert_eq!((small.staff().len(), small.open().len()), (5, 1));
    }
}

/// A correction that makes another person of 王五 than the sender will say.
fn of_another(small: &Small) -> Sheet {
    let mut sheet = corrected(small, "out.xlsx", true);
    sheet[1][7] = number("19850312", 199);
    sheet
}

#[test]
fn a_corrected_row_joins_the_snapshot_of_its_own_day_beside_newer_ones() {
    let small = Small::begun();
    let sheet = corrected(&small, "out.xlsx", true);
    small.give_back("a.xlsx", &[sheet]);
    small.roster("名册_20260106.xlsx", "2026年1月6日", &people()[..4]);
    small.night("2026-01-07");
    let staff = small.staff();
    let days: Vec<&str> = staff.iter().filter_map(|row| row.split(' ').next()).collect();
    assert_eq!(days, [vec!["2026-01-05"; 5], vec!["2026-01-06"; 3]].concat());
    // Two rows that came back are no part of what the roster itself says it holds.
    assert_eq!(small.equation("2026-01-07", "roster"), "6 5 0 0 0 1 0");
    assert_eq!(small.open()[1..], ["roster 8 id_bad_check 2026-01-07"]);
}

#[test]
fn a_case_that_comes_well_closes_its_row_and_an_older_correction_changes_nothing() {
    let small = Small::begun();
    let out = small.export("staffing.cases", "out.xlsx");
    let mut sheet = super::sheets(&out).remove("1 cases").unwrap();
    super::correct(&mut sheet, "3", "受理时间", "2026-01-01 08:00:00");
    small.cases("办件_20260106.csv", &[("B2", "2026-01-03 09:00:00")]);
    small.night("2026-01-07");
    assert_eq!(small.notes("cases"), ["2026-01-06 3 not_a_time 2026-01-07 resent"]);
    small.give_back("a.xlsx", &[sheet]);
    small.night("2026-01-08");
    let accepted = small.ask("select accepted_at from service_case where case_id = 'B2'");
    assert!(accepted[0][0].starts_with("2026-01-03T01:00"), "{accepted:?}");
    assert_eq!(findings(&small, "2026-01-08"), [stray(&small, "a.xlsx", 1)]);
}

#[test]
fn what_corrects_nothing_is_told_and_counts_nowhere() {
    let small = Small::begun();
    let sheet = corrected(&small, "out.xlsx", true);
    let changed = |at: usize, text: &str| {
        let mut sheet = sheet.clone();
        sheet.iter_mut().skip(1).for_each(|row| text.clone_into(&mut row[at]));
        sheet
    };
    small.give_back("another file.xlsx", &[changed(4, &"0".repeat(64))]);
    small.give_back("another row.xlsx", &[changed(2, "5")]);
    small.give_back("another system.xlsx", &[changed(3, "hotline.orders")]);
    let mut headless = sheet.clone();
    headless[0][4] = "指纹".to_owned();
    small.give_back("headless.xlsx", &[headless]);
    small.give_back("empty.xlsx", &[sheet[..1].to_vec()]);
    std::fs::write(small.drop().join("corrections/notes.txt"), "no workbook").unwrap();
    let told = small.night("2026-01-07");
    let mut strays = ["another file.xlsx", "another row.xlsx", "another system.xlsx"]
        .map(|name| stray(&small, name, 2));
    strays.sort();
    let found = findings(&small, "2026-01-07");
    assert_eq!(found[..3], strays);
    assert_eq!(
        found[3..],
        [
            "unread_correction empty.xlsx: no row stands below its header: it corrects nothing 0",
            "unread_correction headless.xlsx: sheet Sheet1: its first columns are not 原因, 来源, 行, 数据流, 文件指纹 0",
            "unread_correction notes.txt: it is no workbook 0",
        ]
    );
    assert!(told.contains("a corrected row that nobody waits for"), "{told}");
    assert_eq!((small.staff().len(), small.open().len()), (3, 3));
    assert_eq!(small.equation("2026-01-07", "roster"), "0 0 0 0 0 0 0");
}

#[test]
fn a_night_that_asks_for_everything_again_reads_a_file_and_its_correction_in_turn() {
    let small = Small::begun();
    let sheet = corrected(&small, "out.xlsx", true);
    small.give_back("a.xlsx", &[sheet]);
    let again = ["run", "--night", "2026-01-06", "--as-of", "2026-01-05", "--again"];
    for _ in 0..2 {
        small.well(&again);
        assert_eq!((small.staff().len(), small.open().len()), (5, 1));
        assert_eq!(small.equation("2026-01-06", "roster"), "7 5 0 0 0 2 0");
    }
    assert_eq!(
        small.notes("roster"),
        [
            "2026-01-06 8 id_bad_check 2026-01-06 corrected",
            "2026-01-06 9 not_a_day 2026-01-06 corrected",
        ]
    );
}

#[test]
fn a_row_that_a_night_closed_is_told_though_the_night_that_held_it_back_is_forgotten() {
    let small = Small::begun();
    let sheet = corrected(&small, "out.xlsx", true);
    small.give_back("a.xlsx", &[sheet]);
    let settings = small.home().join("shuping.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}\n[retention]\nquarantine = 1\n")).unwrap();
    let closed = [
        "2026-01-06 8 id_bad_check 2026-01-08 corrected",
        "2026-01-06 9 not_a_day 2026-01-08 corrected",
    ];
    // The first of them forgets what the night of the sixth noted.
    for again in [&[][..], &[], &["--again"]] {
        let night = ["run", "--night", "2026-01-08", "--as-of", "2026-01-05"];
        small.well(&[&night, again].concat());
        assert!(!small.home().join("var/lake/notes/quarantine/2026-01-06.notes.parquet").exists());
        assert_eq!(small.notes("roster"), closed);
        assert_eq!((small.staff().len(), small.open().len()), (5, 0));
    }
}
