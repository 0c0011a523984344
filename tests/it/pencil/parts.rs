//! Parts of a unit: its sections, duties, items and kinds of post, and quarters of a year.

use jiff::civil::date;
use proptest::prelude::*;
use shuping::base::messages::Code;
use shuping::measure::evaluate::Status;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;

use super::figures::Figures;
use super::figures::Model;
use super::figures::Row;
use super::figures::edited;
use super::figures::shipped;

const NO_BASE: [&str; 2] = ["min_base", "withhold"];
const UNIT: (&str, &str) = ("U1", "");

fn row<'r>(cells: &[(&'r str, &str)]) -> Row<'r> {
    cells.iter().map(|(column, cell)| (*column, (*cell).to_owned())).collect()
}

fn person<'r>(id: &str, section: &str, kind: &str) -> Row<'r> {
    row(&[
        ("person_id", id),
        ("unit_id", "U1"),
        ("section_id", section),
        ("from", "2024-12-01"),
        ("post_kind", kind),
        ("status", "active"),
        ("work_share", "1"),
        ("quota_share", "1"),
    ])
}

fn duty<'r>(id: &str, core: &str, since: &str) -> Row<'r> {
    let cells = [("duty_id", id), ("unit_id", "U1"), ("section_id", "s1"), ("name", id)];
    [row(&cells), row(&[("core", core), ("since", since)])].concat()
}

fn log<'r>(id: &str, duty: &str, hours: &str) -> Row<'r> {
    row(&[
        ("log_id", id),
        ("person_id", "a"),
        ("unit_id", "U1"),
        ("section_id", "s1"),
        ("duty_id", duty),
        ("worked_on", "2025-03-05"),
        ("hours", hours),
    ])
}

fn ok(told: (Status, Option<Exact>)) -> Exact {
    assert_eq!(told.0, Status::Ok);
    told.1.unwrap()
}

/// Four core duties, one of which begins after the year; one that is not core; logs on two and on none.
fn duties(catalog: &Catalog) -> Figures {
    let duties = [
        duty("d1", "1", "2019-01-01"),
        duty("d2", "1", ""),
        duty("d3", "1", "2019-01-01"),
        duty("d4", "0", "2019-01-01"),
        duty("d5", "1", "2026-02-01"),
    ];
    let logs = [
        log("1", "d1", "6"),
        log("2", "d1", "4"),
        log("3", "d4", "10"),
        log("4", "", "20"),
        log("5", "d5", "0.5"),
    ];
    let model = Model::default().with(catalog, "duty", &duties);
    let model = model.with(catalog, "work_log", &logs);
    let model = model.with(catalog, "person_spell", &[person("a", "s1", "admin")]);
    model.told(catalog, &["U1"], date(2025, 12, 31))
}

#[test]
fn duties_are_carried_out_or_idle_each_by_itself() {
    let figures = duties(&shipped(&NO_BASE, &[]));
    for place in [UNIT, ("U1", "s1")] {
        let coverage = figures.of("duty_coverage", place, "2025");
        assert_eq!(ok(coverage), Exact::new(1, 3), "d2 and d3 idle, d5 is not there yet");
    }
    assert_eq!(ok(figures.of("duty_idle", UNIT, "2025")), Exact::from(2));
    let frequency = |duty| figures.of_part("duty_frequency", UNIT, duty, "2025");
    assert_eq!(ok(frequency("d1")), Exact::new(2, 12));
    assert_eq!(ok(frequency("d4")), Exact::new(1, 12));
    // 10, 10 and 0.5 hours on duties
    let shares = [20, 20, 1].map(|part| Exact::new(part * part, 41 * 41)).into_iter().sum();
    assert_eq!(ok(figures.of("duty_concentration", UNIT, "2025")), shares);
    assert_eq!(ok(figures.of("core_share", UNIT, "2025")), Exact::new(21, 81));
}

#[test]
fn a_unit_without_logs_has_no_saturation_rather_than_none() {
    let catalog = shipped(&NO_BASE, &[]);
    let mut other = person("b", "s9", "admin");
    other[1].1 = "U2".to_owned();
    let model = Model::default().with(&catalog, "work_log", &[log("1", "", "8")]);
    let people = [person("a", "s1", "admin"), other];
    let model = model.with(&catalog, "person_spell", &people);
    let figures = model.told(&catalog, &["U1", "U2"], date(2025, 3, 31));
    for metric in ["work_saturation", "log_hours_per_person_month"] {
        assert_eq!(figures.of(metric, ("U2", ""), "2025Q1"), (Status::NoData, None), "{metric}");
        assert_eq!(figures.of(metric, UNIT, "2025Q1").0, Status::Ok, "{metric}");
    }
}

#[test]
fn a_vacancy_of_one_kind_does_not_pay_for_another() {
    let catalog = shipped(&NO_BASE, &[]);
    let quota = |kind, approved| {
        let cells = [("unit_id", "U1"), ("post_kind", kind), ("approved", approved)];
        [row(&cells), row(&[("valid_from", "2019-01-01")])].concat()
    };
    let people = [
        person("a", "", "admin"),
        person("b", "", "admin"),
        person("c", "", "institution_1"),
        person("d", "", "worker"),
    ];
    let model = Model::default().with(&catalog, "person_spell", &people);
    let quotas = [quota("admin", "1"), quota("institution_1", "4")];
    let model = model.with(&catalog, "post_quota", &quotas);
    let figures = model.told(&catalog, &["U1"], date(2025, 3, 31));
    assert_eq!(ok(figures.of("posts_over", UNIT, "2025Q1")), Exact::from(2), "admin and worker");
    assert_eq!(ok(figures.of("posts_vacant", UNIT, "2025Q1")), Exact::from(3));
    assert_eq!(ok(figures.of("post_use_rate", UNIT, "2025Q1")), Exact::new(4, 5));
    let use_of = |kind| figures.of_part("post_use_rate", UNIT, kind, "2025Q1");
    assert_eq!(ok(use_of("institution_1")), Exact::new(1, 4));
    assert_eq!(use_of("worker"), (Status::NoData, None));
}

#[test]
fn a_section_with_few_people_or_none_is_thin() {
    let catalog = shipped(&NO_BASE, &[]);
    let section = |id, kind, to| {
        let cells = [("section_id", id), ("unit_id", "U1"), ("name", id), ("kind", kind)];
        [row(&cells), row(&[("valid_from", "2019-01-01"), ("valid_to", to)])].concat()
    };
    let sections = [
        section("s1", "core", ""),
        section("s2", "support", ""),
        section("s3", "core", ""),
        section("gone", "core", "2025-02-01"),
    ];
    // A mean of 6 / 3 = 2: s2 with one is half of it, so only s3 with nobody is below.
    let places = ["s1", "s1", "s1", "s1", "s1", "s2", ""];
    let people: Vec<Row<'_>> = places
        .iter()
        .enumerate()
        .map(|(at, section)| person(&format!("p{at}"), section, "admin"))
        .collect();
    let model = Model::default().with(&catalog, "section", &sections);
    let model = model.with(&catalog, "person_spell", &people);
    let figures = model.told(&catalog, &["U1"], date(2025, 3, 31));
    assert_eq!(ok(figures.of("sections", UNIT, "2025Q1")), Exact::from(3));
    assert_eq!(ok(figures.of("sections_thin", UNIT, "2025Q1")), Exact::from(1));
    assert_eq!(ok(figures.of("core_section_share", UNIT, "2025Q1")), Exact::new(5, 6));
}

/// Born in December 1965, due in March 2026.
#[test]
fn who_retires_in_the_told_month_is_no_longer_counted() {
    let catalog = shipped(&NO_BASE, &[]);
    let mut man = person("a", "s1", "admin");
    man.extend(row(&[("sex", "male"), ("birth_date", "1965-12-10")]));
    let model = Model::default().with(&catalog, "person_spell", &[man]);
    for (as_of, period, people) in [
        (date(2025, 12, 31), "2025", 1),
        (date(2026, 2, 28), "2026", 1),
        (date(2026, 3, 1), "2026", 0),
    ] {
        let figures = model.told(&catalog, &["U1"], as_of);
        assert_eq!(ok(figures.of("retire_1y", UNIT, period)), Exact::from(people), "{as_of}");
    }
}

#[test]
fn items_without_a_case_are_idle_and_devolved_ones_are_counted() {
    let catalog = shipped(&NO_BASE, &[]);
    let item = |id, state, devolved| {
        let cells = [("item_id", id), ("unit_id", "U1"), ("name", id), ("state", state)];
        [row(&cells), row(&[("standard_hours", "1.5"), ("devolved", devolved)])].concat()
    };
    let case = |id, item| {
        let cells = [("case_id", id), ("item_id", item), ("unit_id", "U1"), ("status", "closed")];
        let times = [("accepted_at", "2025-02-05T09:00"), ("closed_at", "2025-02-05T10:00")];
        [row(&cells), row(&times)].concat()
    };
    let items = [
        item("i1", "active", "1"),
        item("i2", "active", "0"),
        item("i3", "", "1"),
        item("i4", "paused", "1"),
    ];
    let cases = [case("c1", "i1"), case("c2", "i1"), case("c3", "i4"), case("c4", "")];
    let model = Model::default().with(&catalog, "service_item", &items);
    let model = model.with(&catalog, "service_case", &cases);
    let model = model.with(&catalog, "person_spell", &[person("a", "", "admin")]);
    let figures = model.told(&catalog, &["U1", "U2"], date(2025, 12, 31));
    assert_eq!(ok(figures.of("items_idle_share", UNIT, "2025")), Exact::new(2, 3));
    assert_eq!(ok(figures.of("devolved_items", UNIT, "2025")), Exact::from(2), "i1 and i3");
    assert_eq!(ok(figures.of("devolved_items", ("U2", ""), "2025")), Exact::from(0));
    let standard = figures.of("cases_standard_per_person", UNIT, "2025");
    assert_eq!(ok(standard), Exact::new(9, 2), "three cases of an hour and a half");
}

/// Two people. The fourth quarter ends on the told day, so it does not count yet.
#[test]
fn a_quarter_counts_among_appraisals_25_days_after_its_end() {
    let catalog = shipped(&NO_BASE, &[]);
    let graded = |person, quarter, ends_on, grade| {
        let cells = [("person_id", person), ("period", quarter), ("kind", "quarter")];
        let rest = [("ends_on", ends_on), ("unit_id", "U1"), ("grade", grade)];
        [row(&cells), row(&rest)].concat()
    };
    let rows = [
        graded("a", "2025Q1", "2025-03-31", "good"),
        graded("b", "2025Q1", "2025-03-31", "good"),
        graded("a", "2025Q2", "2025-06-30", "fair"),
        graded("b", "2025Q2", "2025-06-30", ""),
        graded("a", "2025Q3", "2025-09-30", "none"),
        graded("b", "2025Q3", "2025-09-30", "good"),
        graded("a", "2025Q4", "2025-12-31", "good"),
    ];
    let people = [person("a", "s1", "admin"), person("b", "s1", "institution_1")];
    let model = Model::default().with(&catalog, "appraisal", &rows);
    let model = model.with(&catalog, "person_spell", &people);
    let figures = model.told(&catalog, &["U1"], date(2025, 12, 31));
    assert_eq!(ok(figures.of("appraisal_coverage", UNIT, "2025")), Exact::new(5, 6));
    assert_eq!(figures.of("appraisal_coverage", UNIT, "2025Q4"), (Status::NoData, None));
    // b is on a post of an institution, so only a's grades stand under the 40 per cent.
    for place in [UNIT, ("U1", "s1")] {
        assert_eq!(ok(figures.of("appraisal_good_share", place, "2025")), Exact::new(1, 2));
    }
    let discrimination = figures.of("appraisal_discrimination", UNIT, "2025");
    assert_eq!(ok(discrimination), Exact::new(1, 4), "three of four grades are good");
}

#[test]
fn a_formula_may_only_look_at_parts_that_are_counted() {
    let codes = |old, new| {
        let faults = edited(&[], &[(old, new)]).unwrap_err();
        faults.into_iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    let duties = "HERFINDAHL(hours_logged OVER duties)";
    let unknown = codes(duties, "HERFINDAHL(hours_logged OVER windows)");
    assert_eq!(unknown, [Code::UnknownDimension]);
    assert_eq!(codes(duties, "HERFINDAHL(cases_in OVER duties)"), [Code::NotCountedBy]);
    let strange = codes(duties, "GINI(hours_logged OVER duties)");
    assert!(strange.contains(&Code::FormulaFunction));
    assert_eq!(codes("[\"duty\"]\nperiod", "[\"window\"]\nperiod"), [Code::UnknownDimension]);
    let fewer = "{ section = [\"month\",";
    assert!(codes(fewer, "{ duty = [\"month\",").contains(&Code::NotTold));
    assert!(codes(fewer, "{ section = [\"weekly\",").contains(&Code::NotTold));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_sections_log_adds_up_to_what_their_unit_logs(
        logs in prop::collection::vec((0..4_usize, 1..240_u32), 1..30),
    ) {
        let catalog = shipped(&NO_BASE, &[]);
        let tenths = |hours: u32| format!("{}.{}", hours / 10, hours % 10);
        let rows: Vec<Row<'_>> = logs
            .iter()
            .enumerate()
            .map(|(at, (section, hours))| {
                let mut row = log(&at.to_string(), "", &tenths(*hours));
                row[3].1 = ["", "s1", "s2", "s3"][*section].to_owned();
                row
            })
            .collect();
        let model = Model::default().with(&catalog, "work_log", &rows);
        let figures = model.told(&catalog, &["U1"], date(2025, 3, 31));
        let told = |section: usize| {
            if section > 0 && !logs.iter().any(|(of, _)| *of == section) {
                return Exact::from(0);
            }
            ok(figures.of("log_hours", ("U1", ["", "s1", "s2", "s3"][section]), "2025Q1"))
        };
        let nowhere: u32 = logs.iter().filter(|log| log.0 == 0).map(|log| log.1).sum();
        let nowhere = Exact::new(i128::from(nowhere), 10);
        prop_assert_eq!(told(0), told(1) + told(2) + told(3) + nowhere);
    }
}
