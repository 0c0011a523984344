//! The models that the metric cases ask, written out as tables.

use jiff::civil::Date;
use jiff::civil::date;
use shuping::model::people;
use shuping::model::people::Sources;

use super::Case;
use super::cases;
use super::figures::Figures;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;
use super::figures::written;

/// The rows of an input file in the columns of a table.
fn rows(file: &str, columns: &[(&'static str, &str)]) -> Vec<Row<'static>> {
    let lines = cases(file).unwrap();
    let row = |line: &Case| {
        columns.iter().map(|(ours, theirs)| (*ours, line.cell(theirs).to_owned())).collect()
    };
    lines.iter().map(row).collect()
}

/// A row out of `column = cell` pairs.
pub(super) fn row<'r>(cells: &[(&'r str, &str)]) -> Row<'r> {
    cells.iter().map(|(column, cell)| (*column, (*cell).to_owned())).collect()
}

/// So many rows, each with a key of its own.
fn numbered<'r>(count: usize, key: &'r str, cells: &[(&'r str, &str)]) -> Vec<Row<'r>> {
    let one = |at: usize| [vec![(key, format!("{key}{at}"))], row(cells)].concat();
    (0..count).map(one).collect()
}

/// C16 was closed before it was accepted: quarantined, so it never comes here.
pub(super) fn service(without: &[&str], edits: &[(&str, &str)]) -> Figures {
    // The inputs mark one machine's rating; here twenty with one detail in one minute would.
    let machine = ("MINUTE(rated_at)) >= 20", "MINUTE(rated_at)) >= 1");
    let catalog = shipped(without, &[&[machine], edits].concat());
    let mut cases = rows(
        "metric_inputs_cases.csv",
        &[
            ("case_id", "case_id"),
            ("accepted_at", "accepted_at"),
            ("due_at", "due_on"),
            ("closed_at", "closed_at"),
            ("suspended_workdays", "suspended_workdays"),
            ("status", "status"),
            ("channel", "channel"),
        ],
    );
    cases.retain(|case| case[0].1 != "C16");
    for case in &mut cases {
        case.push(("unit_id", "U1".to_owned()));
        if !case[2].1.is_empty() {
            case[2].1.push_str("T00:00");
        }
    }
    let mut ratings = rows(
        "metric_inputs_ratings.csv",
        &[
            ("case_id", "case_id"),
            ("service_no", "service_no"),
            ("rated_at", "rated_at"),
            ("level", "level"),
            ("automatic", "automatic"),
            ("rectified_on", "rectified_on"),
            ("detail", "machine"),
        ],
    );
    for rating in &mut ratings {
        rating[6].1 = if rating[6].1 == "1" { "510,517".to_owned() } else { String::new() };
    }
    let model = Model::default().with(&catalog, "service_case", &cases);
    let model = model.with(&catalog, "service_rating", &ratings);
    model.told(&catalog, &["U1"], date(2025, 4, 10))
}

/// Ratings of one case each: so many automatic ones and by hand.
pub(super) fn rated(without: &[&str], automatic: usize, by_hand: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let case = [
        ("unit_id", "U1"),
        ("accepted_at", "2025-01-06T09:00"),
        ("closed_at", "2025-01-06T10:00"),
        ("status", "closed"),
    ];
    let cases = numbered(automatic + by_hand.len(), "case_id", &case);
    let ratings = cases.iter().enumerate().map(|(at, case)| {
        let level = at.checked_sub(automatic).map_or("5", |at| by_hand[at]);
        let is_automatic = if at < automatic { "1" } else { "0" };
        let rest = [("service_no", "1"), ("rated_at", "2025-01-07T09:00"), ("level", level)];
        [vec![case[0].clone()], row(&rest), row(&[("automatic", is_automatic)])].concat()
    });
    let ratings: Vec<Row<'_>> = ratings.collect();
    let model = Model::default().with(&catalog, "service_case", &cases);
    let model = model.with(&catalog, "service_rating", &ratings);
    model.told(&catalog, &["U1"], date(2025, 3, 31))
}

pub(super) fn orders(without: &[&str]) -> Figures {
    let columns = [
        "order_id",
        "unit_id",
        "received_at",
        "assigned_at",
        "responded_at",
        "due_at",
        "closed_at",
        "visited",
        "resolved",
        "satisfied",
        "reopened",
        "invalid",
    ];
    let orders = rows("metric_inputs_orders.csv", &columns.map(|column| (column, column)));
    let catalog = shipped(without, &[]);
    let model = Model::default().with(&catalog, "hotline_order", &orders);
    model.told(&catalog, &["U1", "U2"], date(2025, 4, 10))
}

/// One row a unit, as the model has them: the lead, and each unit that helps with its share.
pub(super) fn tasks(without: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let mut tasks = Vec::new();
    for line in cases("metric_inputs_tasks.csv").unwrap() {
        for unit in line.cell("units").split(';') {
            let (unit, share) = unit.split_once(':').unwrap_or((unit, ""));
            let role = if unit == line.cell("lead") { "lead" } else { "co" };
            let own = ["task_id", "weight", "assigned_on", "due_on", "done_on", "status"];
            let mut task = row(&[("unit_id", unit), ("role", role), ("share", share)]);
            task.extend(own.map(|column| (column, line.cell(column).to_owned())));
            task.extend(["score", "core"].map(|column| (column, line.cell(column).to_owned())));
            tasks.push(task);
        }
    }
    let people: Vec<Row<'_>> = ["2024-12-01", "2024-12-01", "2024-12-01", "2025-07-01"]
        .iter()
        .enumerate()
        .map(|(at, from)| {
            let person = format!("p{at}");
            spell(&[("person_id", &person), ("from", from)])
        })
        .collect();
    let model = Model::default().with(&catalog, "task", &tasks);
    let model = model.with(&catalog, "person_spell", &people);
    model.told(&catalog, &["U1", "U2"], date(2025, 12, 31))
}

/// A spell of U1, active on an administrative post unless said otherwise.
fn spell<'r>(cells: &[(&'r str, &str)]) -> Row<'r> {
    let usual = [
        ("unit_id", "U1"),
        ("from", "2024-12-01"),
        ("post_kind", "admin"),
        ("status", "active"),
        ("work_share", "1"),
        ("quota_share", "1"),
    ];
    let unsaid = usual.iter().filter(|(column, _)| !cells.iter().any(|(said, _)| said == column));
    [row(cells), unsaid.map(|(column, cell)| (*column, (*cell).to_owned())).collect()].concat()
}

/// Grades of the first quarter of 2025, told once they are final; the first of so many people are good.
pub(super) fn appraised(without: &[&str], people: usize, grades: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let spells: Vec<Row<'_>> =
        (0..people).map(|at| spell(&[("person_id", &format!("p{at}"))])).collect();
    let rows = grades.iter().enumerate().map(|(at, grade)| {
        let person = format!("p{at}");
        row(&[
            ("person_id", &person),
            ("period", "2025Q1"),
            ("kind", "quarter"),
            ("ends_on", "2025-03-31"),
            ("unit_id", "U1"),
            ("grade", grade),
        ])
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let model = Model::default().with(&catalog, "person_spell", &spells);
    let model = model.with(&catalog, "appraisal", &rows);
    model.told(&catalog, &["U1"], date(2025, 4, 25))
}

pub(super) fn good_of(without: &[&str], case: &Case) -> Figures {
    let mut words = case.cell("inputs").split(' ');
    let good = words.next().unwrap().parse().unwrap();
    let people = words.nth(2).unwrap().parse().unwrap();
    let grades = (0..people).map(|at| if at < good { "good" } else { "fair" });
    appraised(without, people, &grades.collect::<Vec<_>>())
}

/// Hours by section, and the people of January 2025; the 0.4 person-months are one person's share.
pub(super) fn sections(without: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let person = |id: &str, section: &str, share: &str| {
        spell(&[("person_id", id), ("section_id", section), ("work_share", share)])
    };
    let spells = [
        person("a", "s1", "1"),
        person("b", "s1", "1"),
        person("c", "s1", "1"),
        person("d", "s2", "1"),
        person("e", "s3", "0.4"),
    ];
    let mut logs = Vec::new();
    for (section, days) in [("s1", 20), ("s2", 8), ("s3", 1)] {
        for at in 0..days {
            logs.push(log(section, &format!("{section}.{at}"), "24"));
        }
    }
    logs.push(log("s2", "s2.rest", "8"));
    logs.push(log("s3", "s3.rest", "16"));
    let model = Model::default().with(&catalog, "person_spell", &spells);
    let model = model.with(&catalog, "work_log", &logs);
    model.told(&catalog, &["U1"], date(2025, 1, 31))
}

fn log(section: &str, id: &str, hours: &str) -> Row<'static> {
    row(&[
        ("log_id", id),
        ("person_id", "a"),
        ("unit_id", "U1"),
        ("section_id", section),
        ("worked_on", "2025-01-15"),
        ("hours", hours),
    ])
}

pub(super) fn saturation(without: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let spells = [spell(&[("person_id", "a"), ("from", "2025-03-17")])];
    let mut logs = [log("s1", "1", "24"), log("s1", "2", "24"), log("s1", "3", "22")];
    for log in &mut logs {
        "2025-03-20".clone_into(&mut log[4].1);
    }
    let model = Model::default().with(&catalog, "person_spell", &spells);
    let model = model.with(&catalog, "work_log", &logs);
    model.told(&catalog, &["U1"], date(2025, 3, 31))
}

/// Posts approved, and people by status with their shares of work and quota.
pub(super) fn posts(
    without: &[&str],
    approved: &str,
    people: &[(usize, &str, &str, &str)],
) -> Figures {
    let catalog = shipped(without, &[]);
    let quota = row(&[
        ("unit_id", "U1"),
        ("post_kind", "admin"),
        ("valid_from", "2024-01-01"),
        ("approved", approved),
    ]);
    let mut spells = Vec::new();
    for (count, status, work, on_quota) in people {
        let kind = if *status == "external" { "external" } else { "admin" };
        let status = if *status == "external" { "active" } else { status };
        for _ in 0..*count {
            spells.push(spell(&[
                ("person_id", &format!("p{}", spells.len())),
                ("post_kind", kind),
                ("status", status),
                ("work_share", work),
                ("quota_share", on_quota),
            ]));
        }
    }
    let model = Model::default().with(&catalog, "post_quota", &[quota]);
    let model = model.with(&catalog, "person_spell", &spells);
    model.told(&catalog, &["U1"], date(2025, 3, 31))
}

pub(super) const MIXED: [(usize, &str, &str, &str); 5] = [
    (8, "active", "1", "1"),
    (1, "seconded_out", "0", "1"),
    (1, "leave", "0", "1"),
    (1, "seconded_in", "1", "0"),
    (2, "external", "1", "0"),
];

/// 18 people all year, one of whom changes section; three join on 1 July, one leaves then.
pub(super) fn turnover(without: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let mut rosters = Vec::new();
    for as_of in ["2024-12-31", "2025-06-30", "2025-07-31", "2025-12-31"] {
        let is_later = as_of > "2025-06-30";
        let joined = if is_later { 3 } else { 0 };
        let stayed = if is_later { 18 } else { 19 };
        for at in (0..stayed).chain(20..20 + joined) {
            let section = if at == 0 && is_later { "s2" } else { "s1" };
            let hired_on = if at >= 20 { "2025-07-01" } else { "2015-07-01" };
            rosters.push(row(&[
                ("as_of", as_of),
                ("person_id", &format!("p{at}")),
                ("unit_id", "U1"),
                ("section_id", section),
                ("post_kind", "admin"),
                ("status", "active"),
                ("hired_on", hired_on),
            ]));
        }
    }
    // The leaver stays on one more roster, with the day.
    let gone = row(&[
        ("as_of", "2025-07-31"),
        ("person_id", "p18"),
        ("unit_id", "U1"),
        ("post_kind", "admin"),
        ("status", "active"),
        ("hired_on", "2015-07-01"),
        ("left_on", "2025-07-01"),
    ]);
    rosters.push(gone);
    let rosters = written(&catalog, "person_snapshot", &rosters);
    let units = written(&catalog, "unit", &[]);
    let sections = written(&catalog, "section", &[]);
    let by_unit = false;
    let sources = Sources { rosters: &rosters, units: &units, sections: &sections, by_unit };
    let schema = &catalog.schemas["person_spell"];
    let spells = people::spells(&sources, schema, date(2025, 12, 31)).unwrap().spells;
    let model = Model::default().with_table("person_spell", spells);
    model.told(&catalog, &["U1"], date(2025, 12, 31))
}

/// People with a sex, a kind of post and a day of birth.
pub(super) fn born(without: &[&str], people: &[(&str, &str, &str)], as_of: Date) -> Figures {
    let catalog = shipped(without, &[]);
    let person = |(at, (sex, kind, birth)): (usize, &(&str, &str, &str))| {
        let id = format!("p{at}");
        let cells = [("person_id", &*id), ("sex", sex), ("post_kind", kind), ("birth_date", birth)];
        spell(&cells)
    };
    let spells: Vec<Row<'_>> = people.iter().enumerate().map(person).collect();
    let model = Model::default().with(&catalog, "person_spell", &spells);
    model.told(&catalog, &["U1"], as_of)
}

pub(super) const RETIRING: [(&str, &str, &str); 6] = [
    ("male", "admin", "1965-12-10"),
    ("male", "admin", "1966-06-10"),
    ("male", "admin", "1967-01-10"),
    ("male", "admin", "1964-10-10"),
    ("female", "admin", "1971-04-10"),
    ("female", "worker", "1975-12-10"),
];

pub(super) fn no_case(without: &[&str]) -> Figures {
    let catalog = shipped(without, &[]);
    let before = [("unit_id", "U1"), ("accepted_at", "2024-12-06T09:00"), ("status", "open")];
    let cases = numbered(1, "case_id", &before);
    let model = Model::default().with(&catalog, "service_case", &cases);
    model.told(&catalog, &["U1"], date(2025, 3, 31))
}

pub(super) fn promised(without: &[&str], legal: &str) -> Figures {
    let catalog = shipped(without, &[]);
    let item = [("unit_id", "U1"), ("promised_workdays", "3"), ("legal_workdays", legal)];
    let model = Model::default().with(&catalog, "service_item", &numbered(1, "item_id", &item));
    model.told(&catalog, &["U1"], date(2025, 12, 31))
}
