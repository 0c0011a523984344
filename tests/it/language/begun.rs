//! What happened before anybody is known is not divided by those who are known later.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::measure::evaluate::Reason;
use shuping::measure::evaluate::Unit;

use crate::pencil::figures::Model;
use crate::pencil::figures::Row;
use crate::pencil::figures::shipped;

/// The first roster is of 14 July 2025, with five people in U1 and two in U2. Everybody logs 20 hours on the
/// 15th of every month of 2025, and is appraised in every quarter of it.
fn model() -> BTreeMap<[String; 3], String> {
    let catalog = shipped(&[], &[]);
    let (mut spells, mut logs, mut grades) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..7 {
        let unit = if at < 5 { "U1" } else { "U2" };
        let own: Row<'_> = vec![("person_id", format!("p{at}")), ("unit_id", unit.to_owned())];
        let row = |cells: &[(&'static str, &str)]| -> Row<'_> {
            let cells = cells.iter().map(|(column, cell)| (*column, (*cell).to_owned()));
            own.iter().cloned().chain(cells).collect()
        };
        spells.push(row(&[
            ("from", "2025-07-14"),
            ("post_kind", "admin"),
            ("status", "active"),
            ("work_share", "1"),
            ("quota_share", "1"),
        ]));
        for month in 1..=12 {
            let (log, day) = (format!("l{at}-{month}"), format!("2025-{month:02}-15"));
            logs.push(row(&[("log_id", &log), ("worked_on", &day), ("hours", "20")]));
        }
        for (period, ends_on) in [
            ("2025Q1", "2025-03-31"),
            ("2025Q2", "2025-06-30"),
            ("2025Q3", "2025-09-30"),
            ("2025Q4", "2025-12-31"),
        ] {
            grades.push(row(&[
                ("period", period),
                ("kind", "quarter"),
                ("ends_on", ends_on),
                ("grade", "fair"),
            ]));
        }
    }
    let model = Model::default().with(&catalog, "person_spell", &spells);
    let model = model.with(&catalog, "work_log", &logs).with(&catalog, "appraisal", &grades);
    let unit = |id: &str| Unit { unit_id: id.to_owned(), from: Date::MIN, to: None };
    let mut found = BTreeMap::new();
    model.each(&catalog, &["U1", "U2"].map(unit), date(2026, 2, 10), &mut |told| {
        let said = match (told.value, told.reason.map(Reason::words)) {
            (Some(value), _) => value.to_string(),
            (None, Some(reason)) => reason,
            (None, None) => told.status.name().to_owned(),
        };
        let place = (told.place.1.is_none() && told.part.is_none()).then_some(told.place.0);
        let key = |unit| [told.metric.name.clone(), unit, told.period.to_string()];
        found.extend(place.map(|unit| (key(unit), said)));
    });
    found
}

#[test]
fn a_period_that_begins_before_its_people_are_known_is_not_told() {
    let found = model();
    for (metric, unit, period, said) in [
        // 100 hours a month of five people, from the first month of which all is known.
        ("log_hours_per_person_month", "U1", "2025-07", "not_whole 2025-07"),
        ("log_hours_per_person_month", "U1", "2025-08", "20"),
        ("log_hours_per_person_month", "U1", "2025Q3", "not_whole 2025Q3"),
        ("log_hours_per_person_month", "U1", "2025Q4", "20"),
        ("log_hours_per_person_month", "U1", "2025", "not_whole 2025"),
        // Two people stay withheld.
        ("log_hours_per_person_month", "U2", "2025Q3", "withheld"),
        // The end of the third quarter is known, and so is all of it that is asked.
        ("appraisal_coverage", "U1", "2025Q3", "1"),
        ("appraisal_coverage", "U1", "2025", "not_whole 2025"),
        // People alone are told of the months in which they are known.
        ("person_years", "U1", "2025Q3", "5"),
        ("person_years", "U1", "2025", "5"),
        // Hours alone, of whom ever: few are only those who are known.
        ("log_hours", "U1", "2025Q3", "300"),
        ("log_hours", "U1", "2025Q1", "not_whole 2025Q1"),
        ("log_hours", "U1", "2025", "not_whole 2025"),
        ("log_hours", "U2", "2025Q1", "not_whole 2025Q1"),
        ("log_hours", "U2", "2025", "withheld"),
    ] {
        let key = [metric, unit, period].map(str::to_owned);
        assert_eq!(found.get(&key).map(String::as_str), Some(said), "{key:?}");
    }
}
