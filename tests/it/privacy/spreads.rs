//! What a number about all sections, or a half of one that has no value, would tell of a section that is withheld.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::measure::evaluate::Reason;
use shuping::measure::evaluate::Status;
use shuping::measure::evaluate::Unit;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;

use crate::pencil::figures::Model;
use crate::pencil::figures::Row;
use crate::pencil::figures::shipped;

/// What is told of a metric in the first quarter of 2025.
struct Line {
    status: Status,
    reason: Option<String>,
    value: Option<Exact>,
    /// Numerator, denominator and base.
    parts: [Option<Exact>; 3],
}

/// What is told of the metrics of a unit, and of its sections s0, s1 …, that have so many people each. Those
/// of s0 logged 10 hours in the first quarter of 2025, all others 20.
fn told(catalog: &Catalog, sections: &[usize]) -> BTreeMap<(String, String), Line> {
    let (mut spells, mut logs) = (Vec::new(), Vec::new());
    let people = sections.iter().enumerate().flat_map(|(at, people)| vec![at; *people]);
    for (person, at) in people.enumerate() {
        let own: Row<'_> = vec![
            ("person_id", format!("p{person}")),
            ("unit_id", "U1".to_owned()),
            ("section_id", format!("s{at}")),
        ];
        let row = |cells: &[(&'static str, &str)]| -> Row<'_> {
            let cells = cells.iter().map(|(column, cell)| (*column, (*cell).to_owned()));
            own.iter().cloned().chain(cells).collect()
        };
        spells.push(row(&[
            ("from", "2024-12-01"),
            ("post_kind", "admin"),
            ("status", "active"),
            ("work_share", "1"),
            ("quota_share", "1"),
        ]));
        let (log, hours) = (format!("l{person}"), if at == 0 { "10" } else { "20" });
        logs.push(row(&[("log_id", &log), ("worked_on", "2025-02-10"), ("hours", hours)]));
    }
    let model = Model::default().with(catalog, "person_spell", &spells);
    let model = model.with(catalog, "work_log", &logs);
    let units = [Unit { unit_id: "U1".to_owned(), from: Date::MIN, to: None }];
    let mut found = BTreeMap::new();
    model.each(catalog, &units, date(2025, 3, 31), &mut |told| {
        if told.part.is_none() && told.period.to_string() == "2025Q1" {
            let key = (told.metric.name.clone(), told.place.1.unwrap_or_default());
            let (status, reason) = (told.status, told.reason.map(Reason::words));
            let parts = [told.numerator, told.denominator, told.base];
            found.insert(key, Line { status, reason, value: told.value, parts });
        }
    });
    found
}

/// What is said of the spreads over sections: Hoover's and how many have to move, and the others.
fn spreads(catalog: &Catalog, sections: &[usize]) -> [Vec<Option<Exact>>; 2] {
    let told = told(catalog, sections);
    let of = |metric: &&str| {
        let line = &told[&((*metric).to_owned(), String::new())];
        let is_told = line.value.is_some();
        assert_eq!(line.status, if is_told { Status::Ok } else { Status::Withheld }, "{metric}");
        assert!(is_told || line.parts == [None; 3], "{metric}");
        line.value
    };
    let one_equation = ["section_spread_hoover", "section_persons_to_move"].iter().map(of);
    let others = ["section_spread_max_min", "section_spread_cv"].iter().map(of);
    [one_equation.collect(), others.collect()]
}

/// Beside the hours of the unit and everybody's months, which are told, each spread is an equation for the hours of
/// the sections.
#[test]
fn spreads_over_sections_tell_of_no_section_that_is_withheld() {
    let catalog = shipped(&[], &[]);
    let hidden = vec![None; 2];
    // 50 of 130 hours with 15 of 27 person-months: 5/9 - 5/13 = 20/117, of nine people on average. Twice as busy;
    // of 1 and 2 the deviation is 1/2 and the mean 3/2.
    let [one, others] = spreads(&catalog, &[5, 4]);
    assert_eq!(one, [(20, 117), (20, 13)].map(|(x, y)| Some(Exact::new(x, y))));
    let third = Exact::new(333_333_333_333, 1_000_000_000_000);
    assert_eq!(others, [Some(Exact::from(2)), Some(third)]);
    // One person, and whoever is told with her, or by her side.
    for sections in [&[5, 1][..], &[5, 4, 1], &[3, 2, 2]] {
        assert_eq!(spreads(&catalog, sections), [hidden.clone(), hidden.clone()], "{sections:?}");
    }
    // Three unknown and two equations: 20, 40 and 40 of 100 hours with a third of the months each.
    let [one, others] = spreads(&catalog, &[2, 2, 2]);
    assert_eq!(one, [(2, 15), (12, 15)].map(|(x, y)| Some(Exact::new(x, y))));
    assert_eq!(others, hidden);
}

#[test]
fn halves_of_what_has_no_value_are_withheld_like_values() {
    let before = "[[metric]]\nname        = \"log_hours\"\n";
    let change = "[[metric]]\nname = \"hours_change\"\ntitle = \"工时变化\"\n\
                  value = \"hours_logged / PREV(hours_logged)\"\nmeasured_in = \"%\"\ndecimals = 3\n\
                  grain = [\"unit\", \"section\"]\nperiod = [\"quarter\"]\n\
                  withhold = { base = \"people\", at_least = 3 }\nbasis = \"试\"\nmeans = \"试\"\n\n";
    let catalog = shipped(&[], &[(before, &format!("{change}{before}"))]);
    // Nothing is known of the quarter before. The unit says 5 · 10 + 20, and its larger section nothing.
    for (sections, of_s0) in [(&[5, 1][..], None), (&[5, 4], Some(Exact::from(50)))] {
        let told = told(&catalog, sections);
        let line = |section: &str| &told[&("hours_change".to_owned(), section.to_owned())];
        assert!(line("").parts[0].is_some());
        assert_eq!(line("s0").parts[0], of_s0, "{sections:?}");
        for section in ["", "s0"] {
            let line = line(section);
            let said = (line.status, line.reason.as_deref(), line.value);
            assert_eq!(said, (Status::NoData, Some("not_whole 2024Q4"), None));
        }
    }
}
