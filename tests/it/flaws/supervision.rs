//! What became of the flaws of the lists of tasks and of what units report of themselves?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::left::Left;
use super::left::among;

const TASKS: &str = "tasks";

/// The planted tasks of the year before, which the first night's list holds whole.
fn planted(left: &Left, flaw: &str) -> BTreeSet<String> {
    let keys = left.planted(flaw, "supervision.tasks").into_iter();
    let keys: BTreeSet<String> = keys.filter(|key| key.starts_with("MB2025-")).collect();
    assert!(!keys.is_empty(), "{flaw}");
    keys
}

fn known(left: &Left, keys: &BTreeSet<String>) -> BTreeSet<String> {
    left.first.column(&format!("select task_id from task where task_id in {}", among(keys)))
}

/// F21
pub(super) fn of_two_units_in_a_cell_the_first_leads(left: &Left) {
    let several = left.first.by_key(
        "select task_id, count(*), sum(role = 'lead'), count(section_id) from task
         group by task_id having count(*) > 1",
    );
    let planted = planted(left, "F21");
    assert_eq!(several.keys().cloned().collect::<BTreeSet<_>>(), planted);
    // One leads, and the section is the lead's.
    assert!(several.values().all(|row| *row == ["2", "1", "1"]), "{several:?}");
    assert_eq!(left.first.finding(TASKS, "several", "责任单位"), planted.len() as u64);
    assert_eq!(left.first.equation(TASKS, "exploded"), planted.len() as u64);
}

/// F22
pub(super) fn an_open_comma_is_quarantined_and_a_rare_letter_read(left: &Left) {
    let planted = planted(left, "F22");
    let known = known(left, &planted);
    assert_eq!(known.len(), 5, "rows with a letter of four bytes");
    let lost = (planted.len() - known.len()) as u64;
    assert_eq!((lost > 0, left.first.quarantined(TASKS, "malformed")), (true, lost));
}

/// F23
pub(super) fn done_before_given_is_quarantined_and_undated_stays_undated(left: &Left) {
    let planted = planted(left, "F23");
    let undated = left.first.column(
        "select task_id from task where status in ('done', 'done_late') and done_on is null",
    );
    assert!(!undated.is_empty() && undated.is_subset(&planted));
    assert_eq!(left.first.finding(TASKS, "check", "done_without_day"), undated.len() as u64);
    let lost = (planted.len() - known(left, &planted).len()) as u64;
    assert_eq!((lost > 0, left.first.quarantined(TASKS, "done_before_assigned")), (true, lost));
}

/// F24
pub(super) fn a_file_in_utf8_is_read_and_an_empty_one_fails(left: &Left) {
    let nights = left.planted("F24", "supervision.tasks");
    let days = [left.utf8.0.day, left.january.day];
    assert_eq!(nights, [format!("{} UTF-8", days[0]), format!("{} empty", days[1])]);
    let (night, is_utf8) = &left.utf8;
    assert!(is_utf8);
    assert_eq!((night.state(TASKS)[0].as_str(), night.exit), ("done", Some(0)));
    let known = night.ask("select count(*), count(unit_id), count(section_id) from task");
    let numbers: Vec<u64> = known[0].iter().map(|text| text.parse().unwrap()).collect();
    // Names that nobody knows are rare; damaged ones would be all.
    assert!(numbers[0] > 480 && numbers[1] * 100 >= numbers[0] * 98, "{numbers:?}");
    assert!(numbers[2] * 100 >= numbers[0] * 96, "{numbers:?}");

    let night = &left.january;
    let [state, note] = night.state(TASKS);
    assert_eq!((state.as_str(), night.exit), ("failed", Some(1)));
    assert!(note.contains("it is empty"), "{note}");
    let tasks = "select task_id, unit_id, status, done_on, score from task order by 1, 2";
    assert_eq!(night.ask(tasks), left.first.ask(tasks), "the last good list stays");
}

/// F42
pub(super) fn odd_units_of_measure_are_counted(left: &Left) {
    let night = &left.first;
    let odd = night.by_key(
        "select unit_id || ' ' || metric, value, measured_in from self_report
         where measured_in like '万%' or (measured_in = '%' and value <= 0.01)",
    );
    let units: BTreeSet<String> =
        odd.keys().map(|key| key.split(' ').next().unwrap().to_owned()).collect();
    let planted = left.planted("F42", "supervision.self_reports");
    assert_eq!(units, planted.into_iter().collect());
    let checks = night.findings("self_reports", "check");
    let in_ten_thousands = odd.values().filter(|row| row[1] == "万件").count() as u64;
    let found = BTreeMap::from([
        ("in_ten_thousands".to_owned(), in_ten_thousands),
        ("share_under_one_percent".to_owned(), odd.len() as u64 - in_ten_thousands),
    ]);
    assert_eq!((in_ten_thousands, checks), (2, found));
    // 0.1652 万件 are 1,652 件, a share that was told as 0.98 % stays what was told.
    for row in odd.values() {
        let is_whole = row[0].parse::<u64>().is_ok_and(|value| value > 1000);
        assert!(if row[1] == "万件" { is_whole } else { row[0] == "0.0098" }, "{odd:?}");
    }
    // Beside our numbers they are the same, once the unit of measure is read; nobody else's is.
    let read = night.by_key(
        "select unit_id || ' ' || metric, written_in, read_in from reconciliation
         where verdict = 'unit_of_measure'",
    );
    assert!(read.keys().all(|key| odd.contains_key(key)), "{read:?}");
    let of_value =
        night.column("select unit_id || ' ' || metric from reconciliation where value is not null");
    for (key, row) in odd.iter().filter(|(key, _)| of_value.contains(*key)) {
        let read_in = if row[1] == "万件" { "万件" } else { "小数" };
        assert_eq!(read.get(key), Some(&vec![row[1].clone(), read_in.to_owned()]), "{key}");
    }
    let named: BTreeSet<String> =
        read.keys().map(|key| key.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(named, units);
}
