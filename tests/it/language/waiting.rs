//! What becomes of rows that ask the calendar for a year that nobody has published? What rests on them has no
//! value and says which year is missing; what does not is told as it is.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::period::Month;
use shuping::measure::cube;
use shuping::measure::cube::Cube;
use shuping::measure::cube::Keeping;
use shuping::measure::fact::Ground;
use shuping::measure::recount::KeptMonths;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;

use super::thing;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("begun_on", "date"),
    ("closed_on", "date"),
    ("due_on", "date"),
];

/// Measures, each told as a metric of its own.
const MEASURES: &[(&str, &str)] = &[
    ("things", "COUNT(*)"),
    ("early", "COUNT(*) FILTER (WHERE ahead)"),
    ("surely", "COUNT(*) FILTER (WHERE ahead IS TRUE)"),
    ("early_days", "SUM(ahead_days) FILTER (WHERE ahead)"),
    ("longest", "MAX(ahead_days)"),
    ("on_time", "COUNT(*) FILTER (WHERE ON_TIME(closed_on, due_on))"),
    ("took", "SUM(WORKDAYS_BETWEEN(begun_on, closed_on))"),
];

fn catalog() -> Catalog {
    let mut pipeline =
        "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\n\
         kind = \"event\"\ntime = \"closed_on\"\n[fact.derive]\n\
         ahead_days = \"ELAPSED_WORKDAYS(closed_on, MOVED(due_on, 0))\"\n\
         ahead = \"ahead_days > 0 OR DAYS_BETWEEN(closed_on, due_on) > 31\"\n"
            .to_owned();
    for (name, sql) in MEASURES {
        write!(
            pipeline,
            "[[measure]]\nname = \"{name}\"\nfact = \"f\"\nsql = \"{sql}\"\nmeasured_in = \"1\"\n\
             [[metric]]\nname = \"{name}_told\"\ntitle = \"{name}\"\nvalue = \"{name}\"\n\
             measured_in = \"1\"\ngrain = [\"unit\"]\nperiod = [\"month\", \"year\"]\n\
             basis = \"test\"\nmeans = \"test\"\n"
        )
        .unwrap();
    }
    thing::read(FIELDS, &pipeline).unwrap()
}

fn row(unit: &str, [begun, closed, due]: [Option<Date>; 3]) -> CellRow {
    let text = |text: &str| Some(Cell::Text(text.to_owned()));
    let day = |day: Option<Date>| day.map(Cell::Day);
    vec![text(&format!("{unit} {closed:?} {due:?}")), text(unit), day(begun), day(closed), day(due)]
}

/// Things of December 2026, the last month of the calendar: a unit for each due day.
fn december(dues: &[(&str, Option<Date>)]) -> Vec<CellRow> {
    let days = |due| [Some(date(2026, 12, 21)), Some(date(2026, 12, 28)), due];
    dues.iter().map(|(unit, due)| row(unit, days(*due))).collect()
}

const TOLD: Date = date(2026, 12, 31);

#[test]
fn a_limit_that_ends_beyond_the_calendar_leaves_no_wrong_number() {
    let catalog = catalog();
    let mut cells = december(&[
        ("known", Some(date(2026, 12, 31))),
        ("near", Some(date(2027, 1, 4))),
        ("far", Some(date(2099, 12, 31))),
        ("none", None),
        ("both", Some(date(2026, 12, 30))),
        ("both", Some(date(2027, 1, 5))),
    ]);
    // Another month of a unit that waits is whole.
    cells.push(row("near", [None, Some(date(2026, 11, 2)), Some(date(2026, 11, 3))]));
    let tables = thing::rows(&catalog, &cells);
    let figures = thing::told(&catalog, &tables, &["known", "near", "far", "none", "both"], TOLD);
    let told = |metric: &str, unit: &str, period: &str| {
        let key = [&format!("{metric}_told"), unit, "", period].map(str::to_owned);
        let (status, reason, value) = &figures[&key.into()];
        match value {
            Some(value) => value.to_string(),
            None => format!("{status} {reason}"),
        }
    };
    let missing = "no_data no_calendar 2027";
    for (metric, expected) in [
        ("things", ["1", "1", "1", "1", "2"]),
        ("early", ["1", missing, "1", "0", missing]),
        ("surely", ["1", "0", "1", "0", "1"]),
        ("early_days", ["3", missing, missing, "0", missing]),
        ("longest", ["3", missing, missing, "no_data no_value", missing]),
        ("on_time", ["1", "1", "1", "0", "2"]),
        ("took", ["5", "5", "5", "5", "10"]),
    ] {
        let units = ["known", "near", "far", "none", "both"];
        assert_eq!(units.map(|unit| told(metric, unit, "2026-12")), expected, "{metric}");
    }
    assert_eq!(told("early", "near", "2026-11"), "1");
    assert_eq!(told("early", "near", "2026"), missing);
}

#[test]
fn what_began_before_the_calendar_asks_for_the_year_before_it() {
    let catalog = catalog();
    let closed = Some(date(2020, 1, 8));
    let cells = [
        row("before", [Some(date(2019, 12, 20)), closed, None]),
        row("within", [Some(date(2020, 1, 2)), closed, None]),
        row("late", [None, closed, Some(date(2019, 12, 27))]),
    ];
    let tables = thing::rows(&catalog, &cells);
    let units = ["before", "within", "late"];
    let figures = thing::told(&catalog, &tables, &units, date(2020, 1, 31));
    let told = |metric: &str, unit: &str| {
        let key = [&format!("{metric}_told"), unit, "", "2020-01"].map(str::to_owned);
        figures[&key.into()].clone()
    };
    assert_eq!(told("took", "before"), ("no_data", "no_calendar 2019".to_owned(), None));
    assert_eq!(told("took", "within"), ("ok", String::new(), Some(Exact::from(4))));
    // A limit that nothing moves is held against a day without any calendar.
    assert_eq!(told("on_time", "late"), ("ok", String::new(), Some(Exact::from(0))));
}

#[test]
fn months_that_are_kept_remember_what_they_wait_for() {
    let catalog = catalog();
    let folder = tempfile::tempdir().unwrap();
    let cells = december(&[("near", Some(date(2027, 1, 4))), ("far", Some(date(2099, 1, 1)))]);
    let tables = thing::rows(&catalog, &cells);
    let count = |counted: usize| -> Cube {
        let days = thing::days(&catalog);
        let ground = Ground { catalog: &catalog, tables: &tables, days, as_of: TOLD, night: TOLD };
        let months = KeptMonths::at(folder.path(), false);
        let keeping = Keeping { keep: &mut |_, _, _| Ok(()), months: Some(&months) };
        let cube = cube::count_and(&ground, Some(keeping)).unwrap();
        assert_eq!(cube.recounts[0].counted, counted);
        cube
    };
    for counted in [1, 0] {
        let cube = count(counted);
        let told = |unit: &str| {
            let spot = ((unit.to_owned(), None), None);
            let early = cube.measures["early"].on(&spot);
            early.within("2026-12".parse().unwrap(), Month::of(TOLD)).unwrap()
        };
        assert_eq!([told("near"), told("far")], [None, Some(Exact::from(1))], "{counted}");
    }
}
