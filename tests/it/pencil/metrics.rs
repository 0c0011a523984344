//! Metrics: the shipped pipelines tell what was worked out by hand.

use std::collections::BTreeMap;

use jiff::civil::date;
use shuping::measure::evaluate::Status;
use shuping::measure::evaluate::rounded;
use shuping::spec::formula::Exact;
use shuping::spec::formula::decimal;

use super::Case;
use super::cases;
use super::figures::Figures;
use super::figures::shipped;
use super::models::MIXED;
use super::models::RETIRING;
use super::models::appraised;
use super::models::born;
use super::models::good_of;
use super::models::no_case;
use super::models::orders;
use super::models::posts;
use super::models::promised;
use super::models::rated;
use super::models::saturation;
use super::models::sections;
use super::models::service;
use super::models::tasks;
use super::models::turnover;

/// Where the metric of the cases has another name.
const NAMED: [(&str, &str); 1] = [("M39", "core_share_tasks")];

/// Models that several cases ask, once each.
type Asked = BTreeMap<String, Figures>;

/// The figures of an input that several cases ask.
fn shared(known: &mut Asked, input: &str, without: &[&str]) -> Figures {
    let told = || match input {
        "metric_inputs_cases.csv" => service(without, &[]),
        "metric_inputs_orders.csv" => orders(without),
        "metric_inputs_tasks.csv" => tasks(without),
        "sections" => sections(without),
        "posts" => posts(without, "10", &MIXED),
        "retiring" => born(without, &RETIRING, date(2025, 12, 31)),
        _ => panic!("no model is known as {input}"),
    };
    known.entry(format!("{input} without {without:?}")).or_insert_with(told).clone()
}

/// The figures that a case asks for, and where in them: the unit or section, and the period.
fn asked(
    case: &Case,
    without: &[&str],
    known: &mut Asked,
) -> (Figures, (&'static str, &'static str), &'static str) {
    let (unit, first, year) = (("U1", ""), "2025Q1", "2025");
    let unmoved = ("due_at, suspended_workdays)\"\nearly_days", "due_at)\"\nearly_days");
    let last = ("genuine) = 1\"", "genuine) = REPEATS(case_id, service_no, genuine)\"");
    match case.cell("case") {
        "M04" => (service(without, &[unmoved]), unit, first),
        "M21" => (service(without, &[last]), unit, first),
        "M23" => (rated(without, 41, &[]), unit, first),
        "M24" => (rated(without, 0, &["5", "1", "1"]), unit, first),
        "M32" => (shared(known, "metric_inputs_orders.csv", without), ("U2", ""), first),
        "M37" => (shared(known, "metric_inputs_tasks.csv", without), ("U2", ""), year),
        "M51" => {
            // The 25th row is a double of one of these: the lake has one row a person and quarter.
            let grades: Vec<&str> =
                (0..24).map(|at| if at == 0 { "none" } else { "good" }).collect();
            (appraised(without, 25, &grades), unit, first)
        }
        "M52" => (shared(known, "sections", without), ("U1", "s1"), first),
        "M53" => (shared(known, "sections", without), ("U1", "s2"), first),
        "M54" => (shared(known, "sections", without), ("U1", "s3"), first),
        "M55" | "M56" | "M57" => (shared(known, "sections", without), unit, first),
        "M58" => (saturation(without), unit, "2025-03"),
        "M59" | "M60" | "M61" => (shared(known, "posts", without), unit, first),
        "M62" => (posts(without, "0", &[(2, "active", "1", "1")]), unit, first),
        "M63" => (posts(without, "10", &[(11, "active", "1", "1")]), unit, first),
        "M64" => (turnover(without), unit, year),
        "M65" | "M66" => (shared(known, "retiring", without), unit, year),
        "M67" => {
            let people = [("", "admin", "1992-02-29"), ("", "admin", "1996-02-28")];
            (born(without, &people, date(2026, 2, 28)), unit, "2026Q1")
        }
        "M68" => {
            let people = [("female", "admin", ""), ("male", "admin", "")];
            (born(without, &people, date(2025, 3, 31)), unit, first)
        }
        "M69" => (no_case(without), unit, first),
        "M70" => (promised(without, "20"), unit, year),
        "M71" => (promised(without, ""), unit, year),
        id if ("M40".."M51").contains(&id) => (good_of(without, case), unit, first),
        _ => {
            let input = case.cell("inputs").split([',', ' ']).next().unwrap_or_default();
            let period = if input == "metric_inputs_tasks.csv" { year } else { first };
            (shared(known, input, without), unit, period)
        }
    }
}

/// Least bases and small cells belong to the home, so they stand aside except where a case is about them.
fn standing_aside(status: &str) -> &'static [&'static str] {
    match status {
        "few" => &["withhold"],
        "withheld" => &["min_base"],
        _ => &["min_base", "withhold"],
    }
}

#[test]
fn metrics_are_what_was_worked_out_by_hand() {
    let Some(lines) = cases("metric_cases.csv") else { return };
    assert_eq!(lines.len(), 71);
    let mut known = Asked::new();
    for case in &lines {
        let (id, status) = (case.cell("case"), case.cell("status"));
        let (figures, place, period) = asked(case, standing_aside(status), &mut known);
        let named = NAMED.iter().find(|(case, _)| *case == id).map(|(_, metric)| *metric);
        let metric = named.unwrap_or(case.cell("metric"));
        let (told, value) = figures.of(metric, place, period);
        assert_eq!(told.name(), status, "{id}: {value:?}");
        let exact = case.filled("exact").map(fraction);
        if let Some(exact) = exact {
            assert_eq!(value, Some(exact), "{id}");
        }
        let shown = case.filled("expected").map(|text| decimal(text).unwrap());
        if status == "ok" {
            assert_eq!(
                value.map(|value| rounded(value, 6)),
                shown.map(|value| rounded(value, 6)),
                "{id}"
            );
        }
    }
}

/// With the least bases of the home: of one person or two nothing is told, and so nothing is found.
#[test]
fn more_good_grades_than_two_fifths_are_found_where_they_were_by_hand() {
    let Some(lines) = cases("metric_cases.csv") else { return };
    let (catalog, metric) = (shipped(&[], &[]), "appraisal_good_over");
    let limit = catalog.metrics().find(|known| known.name == metric).unwrap().finding.unwrap();
    let lines = lines.iter().filter(|case| ("M40".."M51").contains(&case.cell("case")));
    let found = lines.filter(|case| {
        let (status, value) = good_of(&[], case).of(metric, ("U1", ""), "2025Q1");
        let is_found = value.is_some_and(|value| limit.is_passed_by(value))
            && (limit.with_few || status == Status::Ok);
        assert_eq!(is_found, case.cell("finding") == "1", "{}: {value:?}", case.cell("case"));
        is_found
    });
    assert_eq!(found.count(), 3);
}

fn fraction(text: &str) -> Exact {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    decimal(above).unwrap() / decimal(below).unwrap()
}
