//! What became of the flaws of grades and logs? Persons stand in the lake only.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::left::FEBRUARY;
use super::left::JANUARY;
use super::left::Left;
use super::left::among;
use crate::world::NIGHT;

/// What a night brought of grades, by person and period.
fn grades(left: &Left, night: jiff::civil::Date) -> BTreeMap<(String, String), String> {
    let rows = left.lake("appraisal", night, "appraisal.grades").into_iter();
    let graded = rows.filter_map(|row| {
        Some(((row["person_id"].clone(), row["period"].clone()), row.get("grade")?.clone()))
    });
    graded.collect()
}

/// F16
pub(super) fn a_grade_as_a_word_is_the_grade(left: &Left) {
    let words = left
        .first
        .source("select SFZH, KHND || KHZQ from V_PSKH_JG where KHDC = '好' and SCBZ = '0'");
    assert!(!words.is_empty() && words.len() as u64 <= left.count("F16", "appraisal.grades"));
    let grades = grades(left, NIGHT);
    for row in words {
        let key = (left.pseudonym(&row[0]), row[1].clone());
        assert_eq!(grades[&key], "good");
    }
    assert_eq!(left.first.findings("grades", "unmapped"), BTreeMap::new());
}

/// F17: of those who give too many in the year, the ones who did in the newest quarter that is final.
pub(super) fn units_with_too_many_good_grades_are_found(left: &Left) {
    let planted = left.planted("F17", "appraisal.grades").into_iter();
    let planted =
        planted.map(|key| format!("appraisal_good_over {} 2025Q3", key.split(' ').next().unwrap()));
    let planted: BTreeSet<String> = planted.collect();
    let found = left.first.findings("metric_value", "beyond").into_iter();
    let found = found.filter(|(about, rows)| about.starts_with("appraisal_good") && *rows > 0);
    let found: BTreeSet<String> = found.map(|(about, _)| about).collect();
    assert!(!found.is_empty() && found.is_subset(&planted), "{found:?} {planted:?}");
}

/// The planted logs that the source showed on the first night, not withdrawn.
fn shown(left: &Left, flaw: &str) -> BTreeSet<String> {
    let planted = left.planted(flaw, "appraisal.logs");
    let question = format!("select LSH from V_GZJS where ZT <> '9' and LSH in {}", among(&planted));
    let shown = left.first.source(&question).into_iter().flatten().collect::<BTreeSet<_>>();
    assert!(!shown.is_empty());
    shown
}

fn logs(left: &Left) -> BTreeSet<String> {
    let rows = left.lake("work_log", NIGHT, "appraisal.logs").into_iter();
    rows.map(|row| row["log_id"].clone()).collect()
}

/// F18
pub(super) fn logs_of_no_day_are_quarantined(left: &Left) {
    let shown = shown(left, "F18");
    assert_eq!(left.first.equation("logs", "quarantined"), shown.len() as u64);
    let by_reason = ["out_of_range", "worked_in_the_future"];
    let by_reason = by_reason.map(|reason| left.first.quarantined("logs", reason));
    assert_eq!(by_reason.iter().sum::<u64>(), shown.len() as u64);
    assert!(by_reason.iter().all(|rows| *rows > 0), "{by_reason:?}");
    assert!(shown.is_disjoint(&logs(left)));
}

/// F19: what an ordinary pull would never have seen again.
pub(super) fn grades_changed_by_hand_come_with_the_full_load(left: &Left) {
    let told = "select SFZH || ' ' || KHND || KHZQ, KHDC, GXSJ from V_PSKH_JG";
    let [before, after] = [&left.january, &left.february].map(|night| {
        let rows = night.source(told).into_iter();
        rows.map(|row| (row[0].clone(), [row[1].clone(), row[2].clone()]))
            .collect::<BTreeMap<_, _>>()
    });
    let of = |key: &str| {
        let (number, period) = key.split_once(' ').unwrap();
        (left.pseudonym(number), period.to_owned())
    };
    let (first, then) = (grades(left, JANUARY), grades(left, FEBRUARY));
    let mut changed = 0_u64;
    for (key, [code, time]) in &before {
        let [now, time_now] = &after[key];
        if code != now {
            assert_eq!((code.as_str(), now.as_str(), time_now), ("A", "B", time));
            assert_eq!((first[&of(key)].as_str(), then[&of(key)].as_str()), ("good", "fair"));
            changed += 1;
        }
    }
    assert_eq!(changed, left.count("F19", "appraisal.grades"));
    assert_eq!(left.february.equation("grades", "changed"), changed);
}

/// F20
pub(super) fn logs_of_strangers_are_kept_and_counted(left: &Left) {
    let shown = shown(left, "F20");
    assert!(shown.is_subset(&logs(left)));
    assert_eq!(left.first.finding("work_log", "unknown_person", ""), shown.len() as u64);
}
