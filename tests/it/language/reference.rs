//! Do measures have the values that four other engines gave (PEERS.md 3.3)?
//!
//! The list has a value for each of three groups of rows, not the rows. These are rebuilt from the values:
//! in group a the days must be 1, 4, 9 and 36 (median 6.5, range 35, 0.9 quantile 27.9, deviation 16.01), the
//! two permits last 9 and 36 of them (their median 22.5), and what is not surely ok lasts 1 and 36 (median
//! 18.5). Days between opening and closing are 49, so that the thing of 1 day is not closed. The three closed
//! ones last 19.5 hours more than whole days. Two months of 2026 and one of 2025 have openings. What is ok is
//! worth 18.05, the rest 25.25. Groups b and c are found alike.
//!
//! Over no rows a sum is 0 here and none there.

use std::fs;

use jiff::civil::DateTime;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::diagnostic::Place;
use shuping::base::messages::Lang;
use shuping::base::period::Month;
use shuping::measure::evaluate::rounded;
use shuping::spec::formula::decimal;
use shuping::spec::parse;
use shuping::spec::reader::Faults;
use shuping::spec::reader::Found;
use shuping::spec::schema::FieldKind;

use super::thing;
use crate::shared::shared;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("counted_on", "date"),
    ("case_id", "string"),
    ("kind", "string"),
    ("channel", "string"),
    ("days", "integer"),
    ("opened_ts", "datetime"),
    ("closed_ts", "datetime"),
    ("due_on", "date"),
    ("amount", "number 3"),
    ("ok", "boolean"),
    ("score", "integer"),
    ("zero", "integer"),
    ("weight", "integer"),
    ("qty", "integer"),
    ("数量", "integer"),
    ("opened_on", "date"),
    ("closed_on", "date"),
];

/// The rows of all groups, in the order of the fields up to `数量`; what is opened and closed on is the day.
const ROWS: &str = "\
t1,a,2026-03-31,c1,permit,web,9,2026-01-05T09:00,2026-01-14T15:30,2026-01-20,10.05,1,5,0,4,1,4
t2,a,2026-03-31,c2,permit,web,36,2025-12-20T09:00,2026-01-25T15:30,2026-01-10,20.25,0,3,0,1,1,-2
t3,a,2026-03-31,c3,行政许可,,4,2026-01-10T09:00,2026-01-14T15:30,2026-01-14,8,1,4,0,2,1,6
t4,a,2026-03-31,c3,投诉,web,1,2026-02-03T09:00,,2026-02-10,5,,,0,2,1,
t5,b,2026-03-31,c4,permit,web,26,2026-01-10T09:00,2026-02-05T15:30,2026-02-20,100,0,,0,1,1,3
t6,b,2026-03-31,c5,permit,counter,36,2026-02-01T09:00,2026-03-09T15:30,2026-03-01,0.125,,,0,3,1,0
t7,c,2026-03-31,c6,投诉,web,0,2026-01-20T09:00,,2026-02-01,1,,,0,1,1,5
";

fn cell(catalog: &shuping::spec::catalog::Catalog, kind: FieldKind, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        FieldKind::Text => Cell::Text(text.to_owned()),
        FieldKind::Whole => Cell::Whole(text.parse().unwrap()),
        FieldKind::Decimal(scale) => Cell::Decimal(rounded(decimal(text).unwrap(), scale), scale),
        FieldKind::Flag => Cell::Flag(text == "1"),
        FieldKind::Day => Cell::Day(text.get(..10).unwrap().parse().unwrap()),
        FieldKind::Instant => {
            let local: DateTime = text.parse().unwrap();
            Cell::Instant(catalog.settings.zone.to_timestamp(local).unwrap())
        }
    })
}

/// A pipeline of the measures m0, m1 … over things.
fn pipeline(measures: &[&str]) -> String {
    let head = "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\n\
                    kind = \"event\"\ntime = \"counted_on\"\n"
        .to_owned();
    let measure = |(at, sql): (usize, &&str)| {
        format!(
            "[[measure]]\nname = \"m{at}\"\nfact = \"f\"\nsql = '''{sql}'''\nmeasured_in = \"1\"\n"
        )
    };
    head + &measures.iter().enumerate().map(measure).collect::<String>()
}

/// The code of what a measure alone is refused for, with all that is said.
fn refused(sql: &str) -> Option<(String, String)> {
    let found = Found { value: sql.to_owned(), place: Place::default(), key: "sql".to_owned() };
    let faults = Faults::of("things.toml");
    let read = parse::aggregate(&found, &faults);
    let faults = faults.into_list();
    assert_eq!(read.is_none(), !faults.is_empty(), "{sql}");
    faults.first().map(|fault| (fault.code.id().to_owned(), fault.render(Lang::En)))
}

/// What the list refuses, with our code and place of the same reason.
const REFUSED: &[(&str, &str, &str)] = &[
    ("SUM(days) OVER ()", "H037", "1:1"),
    ("SUM(SUM(days))", "H036", "1:5"),
    ("days", "H035", "1:1"),
    ("SUM(days) + qty", "H035", "1:13"),
    ("ROUND(SUM(amount), 2)", "H032", "1:1"),
    ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY days)", "H032", "1:1"),
    ("SUM(days) FROM f", "H030", "1:11"),
    ("COUNT(*) FILTER (WHERE case_id IN (SELECT 1))", "H038", "1:24"),
];

#[test]
fn measures_have_the_values_of_four_other_engines_and_are_refused_for_the_same_reasons() {
    let Some(path) = shared("refdata/measures/measures.tsv") else { return };
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let (mut single, mut compound, mut strange) = (Vec::new(), 0, 0);
    for line in &lines {
        let refused = refused(line[0]);
        match (line[1], refused) {
            ("OK", None) => single.push(line),
            ("OK", Some((code, said))) => {
                assert_eq!(code, "H034", "{said}");
                assert!(said.contains("hint: make measures of a = `"), "{said}");
                assert!(said.contains("value = \""), "{said}");
                compound += 1;
            }
            (_, refused) => {
                let (_, code, at) = REFUSED.iter().find(|(sql, ..)| *sql == line[0]).unwrap();
                let (found, said) = refused.unwrap();
                assert_eq!(found, *code, "{said}");
                assert!(said.contains(&format!("at {at}: ")), "{said}");
                strange += 1;
            }
        }
    }
    assert_eq!((single.len(), compound, strange), (33, 8, 8));

    let measures: Vec<&str> = single.iter().map(|line| line[0]).collect();
    let catalog = thing::read(FIELDS, &pipeline(&measures)).unwrap();
    let row = |line: &str| -> CellRow {
        let mut texts: Vec<&str> = line.split(',').collect();
        texts.extend([texts[7], texts[8]]);
        let fields = catalog.schemas["thing"].fields.iter();
        fields.zip(texts).map(|(field, text)| cell(&catalog, field.kind, text)).collect()
    };
    let tables = thing::rows(&catalog, &ROWS.lines().map(row).collect::<Vec<_>>());
    let (cube, _) = thing::count(&catalog, &tables, date(2026, 3, 31));
    for (at, line) in single.iter().enumerate() {
        for (unit, told) in ["a", "b", "c"].iter().zip(line[3].split('|')) {
            let spot = (((*unit).to_owned(), None), None);
            let month = Month::of(date(2026, 3, 31));
            let period = "2026Q1".parse().unwrap();
            let value = cube.measures[&format!("m{at}")].on(&spot).within(period, month).unwrap();
            let is_sum = line[0].starts_with("SUM");
            let told = if told == "null" && is_sum { Some("0") } else { Some(told) };
            let told = told.filter(|told| *told != "null").map(|told| decimal(told).unwrap());
            let six = |value| rounded(value, 6);
            assert_eq!(value.map(six), told.map(six), "{} of {unit}", line[0]);
        }
    }
}
