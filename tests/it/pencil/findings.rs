//! Whom does somebody have to look at? Whole nights over lists of two units, and limits that are none.

use std::fs;
use std::iter::repeat_n;

use shuping::base::messages::Code;
use tempfile::TempDir;

use super::figures::edited;
use crate::library::said;
use crate::library::shuping;
use crate::world::World;
use crate::world::ask;

/// The tables that are filled, how they are written, and their columns.
const TABLES: [(&str, &str, &str); 6] = [
    ("unit", "snapshot", "unit_id,valid_from,name,category"),
    ("person_snapshot", "upsert", "as_of,person_id,unit_id,post_kind,status"),
    ("appraisal", "upsert", "person_id,unit_id,kind,period,ends_on,grade"),
    ("service_case", "upsert", "case_id,unit_id,accepted_at,status"),
    ("service_rating", "upsert", "case_id,service_no,rated_at,level,automatic"),
    ("hotline_order", "upsert", "order_id,unit_id,received_at,closed_at,visited,satisfied"),
];

/// The rows of a table. In U1 ten people are all good in the last quarter and none before; thirty are content with nothing at
/// the counter and with everything on the telephone, and in U2 the other way round.
fn rows(table: &str) -> Vec<String> {
    let quarters = ["03-31", "06-30", "09-30", "12-31"].into_iter().zip(1..);
    let people = (0..10).map(|person| format!("P{person}"));
    let answers = [("U1", 1, 1), ("U2", 5, 0)].into_iter().flat_map(|unit| repeat_n(unit, 30));
    let answers =
        answers.zip(0..).map(|(unit, at)| (unit, at, format!("2025-11-{:02}", at % 28 + 1)));
    match table {
        "unit" => ["U1", "U2"].map(|unit| format!("{unit},2000-01-01,{unit},township")).into(),
        "person_snapshot" => {
            let known =
                |day: &'static str| move |person: String| format!("{day},{person},U1,admin,active");
            people.clone().map(known("2024-12-31")).chain(people.map(known("2025-12-31"))).collect()
        }
        "appraisal" => {
            let of = |(day, quarter): (&str, u8), person: &str| {
                let grade = if quarter == 4 { "good" } else { "fair" };
                format!("{person},U1,quarter,2025Q{quarter},2025-{day},{grade}")
            };
            let graded = people.flat_map(|person| quarters.clone().map(move |it| of(it, &person)));
            graded.collect()
        }
        "service_case" => {
            answers.map(|((unit, ..), at, day)| format!("{at},{unit},{day} 09:00,open")).collect()
        }
        "service_rating" => answers
            .map(|((_, level, _), at, day)| format!("{at},1,{day} 09:00,{level},0"))
            .collect(),
        _ => answers
            .map(|((unit, _, yes), at, day)| format!("{at},{unit},{day} 09:00,{day} 10:00,1,{yes}"))
            .collect(),
    }
}

/// A home of the shipped pipelines that reads those lists.
fn home() -> TempDir {
    let home = World::home();
    let at = |path: &str| home.path().join(path);
    fs::remove_dir_all(at("pipelines/scoring")).unwrap();
    fs::remove_dir_all(at("connectors")).unwrap();
    fs::create_dir(at("connectors")).unwrap();
    fs::create_dir_all(at("drop")).unwrap();
    let streams = TABLES.map(|(table, write, columns)| {
        let lines = [vec![columns.to_owned()], rows(table)].concat().join("\n");
        fs::write(at(&format!("drop/{table}.csv")), lines + "\n").unwrap();
        let read = columns.split(',').map(|column| match column {
            "person_id" => format!("{column} = {{ from = \"{column}\", identity = \"opaque\" }}"),
            _ => format!("{column} = \"{column}\""),
        });
        let read = read.collect::<Vec<_>>().join(", ");
        format!(
            "[[stream]]\nname = \"{table}\"\ninto = \"{table}\"\nfile = '{table}\\.csv'\n\
             write = \"{write}\"\ncolumns = {{ {read} }}\n"
        )
    });
    let system = "format = 1\nsystem = { name = \"own\", title = \"own\", kind = \"files\" }\n";
    let manifest = format!("{system}files = {{ at = \"drop\" }}\n{}", streams.concat());
    fs::write(at("connectors/own.toml"), manifest).unwrap();
    home
}

/// What a night finds beyond limits: the metric, the unit and the period, and how much.
fn found(home: &TempDir, night: &str) -> Vec<String> {
    found_of(home, (night, night))
}

/// The same of a night that tells an earlier day.
fn found_of(home: &TempDir, (night, as_of): (&str, &str)) -> Vec<String> {
    let ran = shuping(home.path(), &["run", "--night", night, "--as-of", as_of]);
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let question = format!(
        "select subject, rows from finding
         where night = '{night}' and kind in ('beyond', 'cross_check') order by subject"
    );
    let rows = ask(&home.path().join("var/warehouse.db"), &question);
    rows.into_iter().map(|row| row.join(": ")).collect()
}

#[test]
fn a_night_finds_a_gap_either_way_and_a_quarter_once_it_is_final() {
    let home = home();
    let gaps = ["satisfied_gap U1 2025: 1", "satisfied_gap U2 2025: 1"];
    assert_eq!(found(&home, "2025-12-31"), gaps);
    // Grades of the last quarter do not count yet, and nobody was good before.
    assert_eq!(found(&home, "2026-01-20"), Vec::<String>::new());
    // Ten of ten where four may be; 10 of 40 in the year are not too many.
    let over = "appraisal_good_over U1 2025Q4: 6";
    assert_eq!(found(&home, "2026-02-10"), [over]);
    // Nor are the year's own numbers without them, as soon as a night knows that they are final.
    assert_eq!(found_of(&home, ("2026-02-11", "2025-12-31")), [&[over], &gaps[..]].concat());
    let told = |metric: &str, unit: &str| {
        let question = format!(
            "select status, shown, coalesce(reason, '') from metric_value
             where metric = '{metric}' and unit_id = '{unit}' and period = '2025'
             and section_id is null and dim is null"
        );
        ask(&home.path().join("var/warehouse.db"), &question).concat().join(" ")
    };
    assert_eq!(told("appraisal_good_share", "U1"), "ok 0.2500 ");
    // Nobody sends the items of cases, which what is counted of cases alone does not ask for; nor work logs.
    assert_eq!(told("cases_accepted", "U1"), "ok 30 ");
    assert!(told("cases_standard_per_person", "U1").starts_with("not_applicable"));
    assert!(told("log_hours", "U1").starts_with("not_applicable"));
}

#[test]
fn a_limit_that_says_too_little_or_too_much_is_a_fault() {
    let shipped = "{ above = \"0.5\", period = \"quarter\", few = true }";
    for (finding, code) in [
        ("{ period = \"quarter\" }", Code::MissingKey),
        ("{ above = \"0.5\", apart = \"0.5\" }", Code::UnknownKey),
        ("{ apart = \"-0.5\" }", Code::BadNumber),
        ("{ above = \"0.5\", period = \"month\" }", Code::NotTold),
        ("{ above = \"0.5\", period = \"weekly\" }", Code::UnknownWord),
        ("{ above = \"0.5\", few = \"yes\" }", Code::WrongType),
    ] {
        let faults = edited(&[], &[(shipped, finding)]).unwrap_err();
        let is_told = faults.iter().any(|fault| {
            fault.code == code && fault.key.starts_with("metric.appraisal_good_over.finding")
        });
        assert!(is_told, "{finding}: {faults:?}");
    }
}
