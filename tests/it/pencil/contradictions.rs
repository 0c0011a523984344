//! What two systems say of one thing: roster and ledger, name and code, leave and work log, counter and
//! hotline. Each contradiction is counted, and a unit without one has none.

use jiff::civil::date;
use shuping::measure::evaluate::Status;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;

use super::figures::Figures;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;
use super::models::row;

const ONE: &str = "11519900MB0000001A";
const TWO: &str = "11519900MB0000002B";

/// Two units, each with its code.
fn units() -> Vec<Row<'static>> {
    let unit = |id: &str, code: &str| {
        row(&[("unit_id", id), ("valid_from", "2019-01-01"), ("name", id), ("uscc", code)])
    };
    vec![unit("U1", ONE), unit("U2", TWO)]
}

/// A person of a unit with a status from a day to before another, as the rosters tell it.
fn spell<'r>(person: &str, unit: &str, status: &str, from: &str, to: &str) -> Row<'r> {
    row(&[
        ("person_id", person),
        ("unit_id", unit),
        ("from", from),
        ("to", to),
        ("post_kind", "admin"),
        ("status", status),
        ("work_share", "1"),
        ("quota_share", "1"),
    ])
}

fn told(model: &Model, catalog: &Catalog, metric: &str) -> [(Status, Option<Exact>); 2] {
    let figures: Figures = model.told(catalog, &["U1", "U2"], date(2025, 12, 31));
    ["U1", "U2"].map(|unit| figures.of(metric, (unit, ""), "2025"))
}

fn whole(number: i128) -> (Status, Option<Exact>) {
    (Status::Ok, Some(Exact::from(number)))
}

#[test]
fn the_code_on_the_roster_is_compared_with_the_code_of_the_name() {
    let catalog = shipped(&[], &[]);
    let coded = |person: &str, unit: &str, code: &str| {
        let spell = spell(person, unit, "active", "2024-12-01", "");
        [spell, row(&[("uscc", code)])].concat()
    };
    let people =
        [coded("a", "U1", ONE), coded("b", "U1", TWO), coded("c", "U1", ""), coded("d", "U2", TWO)];
    let model = Model::default().with(&catalog, "unit", &units());
    let model = model.with(&catalog, "person_spell", &people);
    assert_eq!(told(&model, &catalog, "roster_code_differs"), [whole(1), whole(0)]);
}

#[test]
fn the_code_of_a_case_is_compared_with_the_code_of_the_name() {
    let catalog = shipped(&[], &[]);
    let case = |id: &str, unit: &str, code: &str| {
        row(&[
            ("case_id", id),
            ("unit_id", unit),
            ("uscc", code),
            ("accepted_at", "2025-03-05T10:00"),
            ("status", "open"),
        ])
    };
    let cases = [
        case("1", "U1", ONE),
        case("2", "U1", TWO),
        case("3", "U1", TWO),
        case("4", "U1", ""),
        case("5", "U2", TWO),
    ];
    let model = Model::default().with(&catalog, "unit", &units());
    let model = model.with(&catalog, "service_case", &cases);
    assert_eq!(told(&model, &catalog, "cases_code_differs"), [whole(2), whole(0)]);
}

#[test]
fn logs_of_somebody_who_was_not_there_are_counted() {
    let catalog = shipped(&[], &[]);
    let people = [
        spell("a", "U1", "active", "2024-12-01", ""),
        spell("b", "U1", "active", "2024-12-01", "2025-03-01"),
        spell("b", "U1", "leave", "2025-03-01", "2025-06-01"),
        spell("b", "U1", "active", "2025-06-01", ""),
        spell("c", "U1", "active", "2024-12-01", "2025-03-01"),
        spell("e", "U1", "suspended", "2024-12-01", ""),
        spell("f", "U2", "active", "2024-12-01", ""),
    ];
    let log = |id: &str, person: &str, unit: &str, day: &str| {
        row(&[
            ("log_id", id),
            ("person_id", person),
            ("unit_id", unit),
            ("worked_on", day),
            ("hours", "2"),
        ])
    };
    let logs = [
        log("1", "a", "U1", "2025-03-05"),
        log("2", "b", "U1", "2025-02-28"),
        log("3", "b", "U1", "2025-03-01"),
        log("4", "b", "U1", "2025-05-30"),
        log("5", "b", "U1", "2025-06-03"),
        log("6", "c", "U1", "2025-02-28"),
        log("7", "c", "U1", "2025-03-03"),
        // Nobody knows d at all: counted as unknown, not as gone.
        log("8", "d", "U1", "2025-03-05"),
        log("9", "e", "U1", "2025-03-05"),
        log("10", "f", "U2", "2025-03-05"),
    ];
    let model = Model::default().with(&catalog, "person_spell", &people);
    let model = model.with(&catalog, "work_log", &logs);
    assert_eq!(told(&model, &catalog, "logged_while_away"), [whole(3), whole(0)]);
    assert_eq!(told(&model, &catalog, "logged_beyond_rosters"), [whole(1), whole(0)]);
}

#[test]
fn what_people_say_at_the_counter_and_to_the_hotline_is_compared_where_enough_speak() {
    let catalog = shipped(&[], &[]);
    let mut cases = Vec::new();
    let mut ratings = Vec::new();
    let mut orders = Vec::new();
    for (unit, answers, unhappy) in [("U1", 40, 20), ("U2", 20, 20)] {
        for at in 0..answers {
            let case = format!("{unit}.{at}");
            let day = "2025-03-05T10:00";
            cases.push(row(&[("case_id", &case), ("unit_id", unit), ("accepted_at", day)]));
            ratings.push(row(&[
                ("case_id", &case),
                ("service_no", "1"),
                ("rated_at", day),
                ("level", "5"),
                ("automatic", "0"),
            ]));
            let satisfied = if at < unhappy { "0" } else { "1" };
            orders.push(row(&[
                ("order_id", &case),
                ("unit_id", unit),
                ("received_at", day),
                ("closed_at", day),
                ("visited", "1"),
                ("satisfied", satisfied),
            ]));
        }
    }
    let model = Model::default().with(&catalog, "service_case", &cases);
    let model = model.with(&catalog, "service_rating", &ratings);
    let model = model.with(&catalog, "hotline_order", &orders);
    let gaps = told(&model, &catalog, "satisfied_gap");
    assert_eq!(gaps, [(Status::Ok, Some(Exact::new(1, 2))), (Status::NoData, None)]);
}

#[test]
fn satisfaction_is_told_with_and_without_machines() {
    let catalog = shipped(&["min_base"], &[]);
    let mut ratings = Vec::new();
    let mut cases = Vec::new();
    for at in 0..24 {
        let case = at.to_string();
        // Twenty in one minute with one detail, and four people, one of them content.
        let is_machine = at < 20;
        let minute = if is_machine {
            "2025-03-31T21:00".to_owned()
        } else {
            format!("2025-03-05T1{}:00", at - 20)
        };
        cases.push(row(&[
            ("case_id", &case),
            ("unit_id", "U1"),
            ("accepted_at", "2025-03-01T10:00"),
        ]));
        ratings.push(row(&[
            ("case_id", &case),
            ("service_no", "1"),
            ("rated_at", &minute),
            ("level", if is_machine || at == 20 { "5" } else { "1" }),
            ("automatic", "0"),
            ("channel", "pc"),
            ("detail", if is_machine { "510,517" } else { "512" }),
        ]));
    }
    let model = Model::default().with(&catalog, "service_case", &cases);
    let model = model.with(&catalog, "service_rating", &ratings);
    let of_u1 = |metric| told(&model, &catalog, metric)[0];
    assert_eq!(of_u1("satisfied_rate"), (Status::Ok, Some(Exact::new(1, 4))));
    assert_eq!(of_u1("satisfied_rate_unmarked"), (Status::Ok, Some(Exact::new(21, 24))));
    assert_eq!(of_u1("rating_machine_share"), (Status::Ok, Some(Exact::new(20, 24))));
}
