//! Out and back: listed, exported, corrected, matched, closed, counted once, and no person seen on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use shuping::frame::parquet;
use shuping::frame::table;

use super::CASES;
use super::ROSTER;
use super::Small;
use super::correct;
use super::corrected;
use super::people;
use super::right;
use super::sheets;
use crate::world::accesses;
use crate::world::bytes_below;

const EVERYBODY: [&str; 5] = [
    "2026-01-05 2010-07-01",
    "2026-01-05 2011-07-01",
    "2026-01-05 2012-07-01",
    "2026-01-05 2013-07-01",
    "2026-01-05 2014-02-28",
];

#[test]
fn rows_go_out_come_back_corrected_and_count_once() {
    let small = Small::begun();
    assert_eq!(small.staff(), EVERYBODY[..3]);
    assert_eq!(
        small.open(),
        [
            "cases 3 not_a_time 2026-01-06",
            "roster 8 id_bad_check 2026-01-06",
            "roster 9 not_a_day 2026-01-06",
        ]
    );
    let listed = small.well(&["quarantine"]);
    for part in ["staffing.roster", ROSTER, "hired_on not_a_day, person_id id_bad_check", "open"] {
        assert!(listed.contains(part), "{part}\n{listed}");
    }
    let out = small.export("staffing", "out.xlsx");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let noted = accesses(&small.home());
    let verbs: Vec<_> = noted.iter().map(|(verb, rows)| (verb.as_str(), *rows)).collect();
    assert!(
        verbs.ends_with(&[("quarantine", Some(3)), ("quarantine export", Some(3))]),
        "{verbs:?}"
    );
    let mut pages = sheets(&out);
    let mut roster = pages.remove("1 roster").unwrap();
    let mut cases = pages.remove("2 cases").unwrap();
    let ours = ["原因", "来源", "行", "数据流", "文件指纹"];
    assert_eq!(roster[0][..5], ours);
    assert_eq!(
        roster[0][5..],
        ["单位", "基本信息/姓名", "基本信息/公民身份号码", "人员状态", "进入时间"]
    );
    assert_eq!(roster[1][0], "基本信息/公民身份号码:校验码不符");
    assert_eq!(roster[1][1], format!("{ROSTER} sheet 在编人员"));
    let wrong = people();
    assert_eq!(roster[1][5..], ["市民政局", "王五岳", &wrong[3].number, "在岗", "2013-07-01"]);
    assert_eq!(roster[2][5..], ["市民政局", "赵六合", &wrong[4].number, "在岗", "2014-02-30"]);
    assert_eq!((cases[1][1].as_str(), cases[1][0].as_str()), (CASES, "受理时间:不是时间"));
    assert_eq!(cases[1][10], "孙八方");
    correct(&mut roster, "8", "基本信息/公民身份号码", &right()[3].number);
    correct(&mut roster, "9", "进入时间", right()[4].hired);
    correct(&mut cases, "3", "受理时间", "2026-01-03 09:00:00");
    small.give_back("any name.xlsx", &[roster, cases]);
    let told = small.night("2026-01-07");
    assert!(told.contains("Closed in quarantine") && told.contains("corrected"), "{told}");
    assert_eq!(small.staff(), EVERYBODY);
    assert_eq!(small.equation("2026-01-07", "roster"), "2 2 0 0 0 0 0");
    assert_eq!(small.equation("2026-01-07", "cases"), "1 1 0 0 0 0 0");
    assert_eq!(small.ask("select count(*) from service_case"), [["2"]]);
    assert_eq!(
        small.notes("roster"),
        [
            "2026-01-06 8 id_bad_check 2026-01-07 corrected",
            "2026-01-06 9 not_a_day 2026-01-07 corrected",
        ]
    );
    assert!(small.well(&["quarantine"]).contains("nothing is held back"));
    // The same night again, and the next one: nothing more.
    small.night("2026-01-07");
    small.night("2026-01-08");
    assert_eq!(small.staff(), EVERYBODY);
    assert_eq!(small.equation("2026-01-08", "roster"), "0 0 0 0 0 0 0");
    nobody_is_seen(&small.home().join("var"));
}

/// Neither the bytes below a folder nor the texts of its Parquet files hold a number or a name.
fn nobody_is_seen(var: &Path) {
    let (people, right) = (people(), right());
    let mut secrets: Vec<&str> = people.iter().chain(&right).map(|p| p.number.as_str()).collect();
    secrets.extend(people.iter().map(|person| person.name));
    secrets.push("孙八方");
    let clerk = super::number("19700101", 201);
    secrets.push(&clerk);
    let (mut files, mut tables) = (0, 0);
    for (path, bytes) in bytes_below(var) {
        let mut texts = vec![String::from_utf8_lossy(&bytes).into_owned()];
        if path.ends_with(".parquet") {
            let rows = table::to_batch(&parquet::read(&var.join(&path)).unwrap()).rows;
            texts.extend(rows.into_iter().flat_map(|row| row.cells).flatten());
            tables += 1;
        }
        for secret in &secrets {
            assert!(!texts.iter().any(|text| text.contains(secret)), "{secret} stands in {path}");
        }
        files += 1;
    }
    assert!(files > 20 && tables > 5, "only {files} files and {tables} tables were read");
}

#[test]
fn a_row_still_broken_stays_open_with_its_new_reason() {
    let small = Small::begun();
    let mut half = corrected(&small, "out.xlsx", false);
    correct(&mut half, "9", "人员状态", "不知去向");
    correct(&mut half, "9", "进入时间", "2014-02-28");
    small.give_back("half.xlsx", &[half]);
    small.night("2026-01-07");
    assert_eq!(small.staff(), EVERYBODY[..4]);
    assert_eq!(small.equation("2026-01-07", "roster"), "2 1 0 0 0 1 0");
    assert_eq!(small.open()[1..], ["roster 9 missing 2026-01-06"]);
    assert_eq!(
        small.notes("roster"),
        [
            "2026-01-06 8 id_bad_check 2026-01-07 corrected",
            "2026-01-06 9 not_a_day 2026-01-07 again",
            "2026-01-07 9 missing",
        ]
    );
    // Its second correction is exported from the sender's file as the first was, and closes it.
    let mut rest =
        sheets(&small.export("staffing.roster", "rest.xlsx")).remove("1 roster").unwrap();
    assert_eq!((rest.len(), rest[1][0].as_str()), (2, "人员状态:必填未填"));
    correct(&mut rest, "9", "进入时间", right()[4].hired);
    small.give_back("rest.xlsx", &[rest]);
    small.night("2026-01-08");
    assert_eq!(small.staff(), EVERYBODY);
    assert_eq!(small.open(), ["cases 3 not_a_time 2026-01-06"]);
}

#[test]
fn a_row_with_a_field_too_many_comes_back_without_it_and_shows_nobody_before() {
    let small = Small::new();
    // A comma in a unit's name moves every field behind it: the clerk's number stands under 申请人.
    small.cases(CASES, &[("B1", "2026-01-02 09:00:00"), ("B2,分局", "2026-01-03 09:00:00")]);
    small.night("2026-01-06");
    assert_eq!(small.open(), ["cases 3 malformed 2026-01-06"]);
    let out = small.export("staffing.cases", "out.xlsx");
    let mut sheet = sheets(&out).remove("1 cases").unwrap();
    let clerk = super::number("19700101", 201);
    let head = ["编号", "单位", "受理时间", "状态", "经办人", "申请人", "多余字段7"];
    assert_eq!(sheet[0][5..], head);
    assert_eq!(sheet[1][5..9], ["B2", "分局", "市民政局", "2026-01-03 09:00:00"]);
    small.give_back("as it was.xlsx", std::slice::from_ref(&sheet));
    small.night("2026-01-07");
    assert_eq!(small.open(), ["cases 3 malformed 2026-01-06"]);
    nobody_is_seen(&small.home().join("var"));
    let well = ["B2", "市民政局", "2026-01-03 09:00:00", "办理中", &clerk, "孙八方", ""];
    sheet[1].splice(5.., well.map(str::to_owned));
    small.give_back("mended.xlsx", &[sheet]);
    small.night("2026-01-08");
    assert_eq!(small.open(), Vec::<String>::new());
    assert_eq!(small.ask("select count(*) from service_case"), [["2"]]);
    nobody_is_seen(&small.home().join("var"));
}
