//! Do units keep their history? Two nights around 1 July 2025, when some were merged, renamed, split, and
//! a section went to another: every period before is told on the second night as it was on the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::date;
use polars::prelude::DataFrame;
use shuping::frame::functions::Days;
use shuping::measure::evaluate::Status;
use shuping::measure::peers::Peers;
use shuping::measure::units::units;
use shuping::model::people;
use shuping::model::people::Sources;
use shuping::model::resolve::Resolver;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;

use super::figures::Figures;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;
use super::figures::written;

/// The first night, and the second.
const NIGHTS: [Date; 2] = [date(2025, 6, 30), date(2025, 9, 30)];

/// Metric, unit, section, part, period.
type Key = (String, String, String, String, String);
type Figure = (Status, Option<Exact>);

/// Unit, name, first day, first day no longer, successor.
const BEFORE: [[&str; 5]; 6] = [
    ["E", "嘉宁市教育局", "2019-01-20", "", ""],
    ["T", "嘉宁市体育局", "2019-01-20", "", ""],
    ["D", "嘉宁市大数据局", "2019-01-20", "", ""],
    ["M", "嘉宁市经济和信息化局", "2019-01-20", "", ""],
    ["A", "嘉宁市发展和改革委员会", "2019-01-20", "", ""],
    ["B", "嘉宁市商务局", "2019-01-20", "", ""],
];
const AFTER: [[&str; 5]; 10] = [
    ["E", "嘉宁市教育局", "2019-01-20", "2025-07-01", "J"],
    ["T", "嘉宁市体育局", "2019-01-20", "2025-07-01", "J"],
    ["J", "嘉宁市教育和体育局", "2025-07-01", "", ""],
    ["D", "嘉宁市大数据局", "2019-01-20", "2025-07-01", "D"],
    ["D", "嘉宁市数据局", "2025-07-01", "", ""],
    ["M", "嘉宁市经济和信息化局", "2019-01-20", "2025-07-01", "M1"],
    ["M1", "嘉宁市工业和信息化局", "2025-07-01", "", ""],
    ["M2", "嘉宁市民营经济局", "2025-07-01", "", ""],
    ["A", "嘉宁市发展和改革委员会", "2019-01-20", "", ""],
    ["B", "嘉宁市商务局", "2019-01-20", "", ""],
];

/// Who is where: person, unit and section before, unit and section after, by the names of the day.
const PEOPLE: [[&str; 5]; 8] = [
    ["p1", "嘉宁市教育局", "", "嘉宁市教育和体育局", ""],
    ["p2", "嘉宁市体育局", "", "嘉宁市教育和体育局", ""],
    ["p3", "嘉宁市大数据局", "", "嘉宁市数据局", ""],
    ["p4", "嘉宁市经济和信息化局", "", "嘉宁市工业和信息化局", ""],
    ["p5", "嘉宁市经济和信息化局", "", "嘉宁市民营经济局", ""],
    ["p6", "嘉宁市发展和改革委员会", "粮食科", "嘉宁市商务局", "粮食科"],
    ["p7", "嘉宁市发展和改革委员会", "", "嘉宁市发展和改革委员会", ""],
    ["p8", "嘉宁市商务局", "", "嘉宁市商务局", ""],
];

fn row<'r>(cells: &[(&'r str, &str)]) -> Row<'r> {
    cells.iter().map(|(column, cell)| (*column, (*cell).to_owned())).collect()
}

/// The units and sections that a night knows.
fn lists(catalog: &Catalog, is_later: bool) -> [DataFrame; 2] {
    let lines = if is_later { AFTER.as_slice() } else { BEFORE.as_slice() };
    let columns = ["unit_id", "name", "valid_from", "valid_to", "successor_id"];
    let unit = |line: &[&str; 5]| {
        let mut cells: Vec<(&str, &str)> = columns.into_iter().zip(*line).collect();
        cells.extend([("region", "519900"), ("category", "government_department")]);
        row(&cells)
    };
    let until = if is_later { "2025-07-01" } else { "" };
    let mut sections = vec![["s1", "A", "2019-01-20", until]];
    sections.extend(is_later.then_some(["s2", "B", "2025-07-01", ""]));
    let section = |[id, unit, from, to]: &[&str; 4]| {
        let named = [("section_id", *id), ("unit_id", *unit), ("name", "粮食科")];
        row(&[named.as_slice(), &[("valid_from", *from), ("valid_to", *to)]].concat())
    };
    let units: Vec<Row<'_>> = lines.iter().map(unit).collect();
    let sections: Vec<Row<'_>> = sections.iter().map(section).collect();
    [written(catalog, "unit", &units), written(catalog, "section", &sections)]
}

/// The rosters up to a night, and a case of everybody on each of their days.
fn rows(night: Date) -> [Vec<Row<'static>>; 2] {
    let (mut rosters, mut cases) = (Vec::new(), Vec::new());
    let mut case = |id: &str, day: &str, place: [(&'static str, &str); 2]| {
        let day = format!("{day}T10:00");
        let times = [("accepted_at", day.as_str()), ("closed_at", &day)];
        let case = [&[("case_id", id), ("status", "closed")], times.as_slice(), &place].concat();
        cases.push(row(&case));
    };
    let rosters_of = ["2025-04-01", "2025-06-30", "2025-07-01", "2025-09-30"];
    for as_of in rosters_of.into_iter().filter(|day| day.parse::<Date>().unwrap() <= night) {
        let now = if as_of < "2025-07-01" { 1 } else { 3 };
        for person in PEOPLE {
            let place = [("unit_id", person[now]), ("section_id", person[now + 1])];
            let known = [("as_of", as_of), ("person_id", person[0]), ("post_kind", "admin")];
            let more = [("status", "active"), ("hired_on", "2015-07-01"), ("sex", "male")];
            rosters.push(row(&[known.as_slice(), &more, &place].concat()));
            case(&format!("{as_of} {}", person[0]), as_of, place);
        }
    }
    if night > NIGHTS[0] {
        // The names of before live on in forms.
        for name in ["市教育局", "嘉宁市经济和信息化局", "嘉宁市大数据局"] {
            case(name, "2025-08-01", [("unit_id", name), ("section_id", "")]);
        }
    }
    [rosters, cases]
}

/// What a night knows, told.
fn told(catalog: &Catalog, night: Date) -> Figures {
    let [unit_table, section_table] = lists(catalog, night > NIGHTS[0]);
    let days =
        Days { calendar: Arc::new(catalog.calendar.clone()), zone: catalog.settings.zone.clone() };
    let names = Resolver::of(catalog, &unit_table, &section_table, days);
    let [rosters, cases] = rows(night);
    let resolved = |name: &str, rows: &[Row<'_>]| {
        let table = written(catalog, name, rows);
        let resolved = names.resolve(catalog, &catalog.schemas[name], table).unwrap();
        assert_eq!((resolved.unknown, resolved.doubled), (BTreeMap::new(), 0), "{name}");
        resolved.table
    };
    let rosters = resolved("person_snapshot", &rosters);
    let by_unit = false;
    let sources =
        Sources { rosters: &rosters, units: &unit_table, sections: &section_table, by_unit };
    let schema = &catalog.schemas["person_spell"];
    let spells = people::spells(&sources, schema, night).unwrap().spells;
    // Whoever goes along with a unit or a section has neither joined nor left.
    for turn in ["joins", "leaves"] {
        assert!(!spells.column(turn).unwrap().bool().unwrap().any(), "{turn}: {spells}");
    }
    let there = units(Some(&unit_table));
    let model = Model::default()
        .with_table("service_case", resolved("service_case", &cases))
        .with_table("person_spell", spells)
        .with_table("unit", unit_table)
        .with_table("section", section_table);
    model.told_of(catalog, &there, night)
}

#[test]
fn a_period_is_told_as_the_units_were_then() {
    let catalog = shipped(&[], &[]);
    let [before, after] = NIGHTS.map(|night| told(&catalog, night));
    let of = |figures: &Figures, metric: &str, unit: &str, period: &str| {
        let found = figures.0.iter().find(|((known, of, section, part, of_period), _)| {
            (known.as_str(), of.as_str(), of_period.as_str()) == (metric, unit, period)
                && section.is_empty()
                && part.is_empty()
        });
        found.and_then(|(_, (_, value))| *value)
    };
    let people = |units: &[(&str, i128)], figures: &Figures, period: &str| {
        for (unit, people) in units {
            let told = of(figures, "person_years", unit, period).unwrap_or_default();
            assert_eq!(told, Exact::from(*people), "people of {unit} in {period}");
        }
    };
    let then = [
        ("E", 1),
        ("T", 1),
        ("D", 1),
        ("M", 2),
        ("A", 2),
        ("B", 1),
        ("J", 0),
        ("M1", 0),
        ("M2", 0),
    ];
    let now = [
        ("E", 0),
        ("T", 0),
        ("D", 1),
        ("M", 0),
        ("A", 1),
        ("B", 2),
        ("J", 2),
        ("M1", 1),
        ("M2", 1),
    ];
    people(&then, &before, "2025Q2");
    people(&then, &after, "2025Q2");
    people(&now, &after, "2025Q3");
    // Two rosters' days with a case each, and those that still bear the names of before.
    let cases = |unit: &str, period: &str| {
        of(&after, "cases_closed", unit, period).unwrap_or_default().to_integer()
    };
    for (unit, due) in then {
        assert_eq!(cases(unit, "2025Q2"), due * 2, "{unit}");
    }
    for (unit, due) in now {
        let late = i128::from(["J", "M1", "D"].contains(&unit));
        assert_eq!(cases(unit, "2025Q3"), due * 2 + late, "{unit}");
    }
    // Not only these: every value that was told of the quarter before.
    let past = |figures: &Figures| -> BTreeMap<Key, Figure> {
        let is_past = |period: &str| ["2025Q2", "2025-04", "2025-05", "2025-06"].contains(&period);
        let past = figures.0.iter().filter(|(key, (_, value))| is_past(&key.4) && value.is_some());
        past.map(|(key, it)| (key.clone(), *it)).collect()
    };
    let (was, is) = (past(&before), past(&after));
    assert!(was.len() > 100, "only {} figures", was.len());
    let moved: Vec<_> = was
        .iter()
        .filter(|(key, it)| is.get(*key) != Some(it))
        .map(|(key, it)| (key, it, is.get(key)))
        .collect();
    assert!(moved.is_empty(), "{} of {}: {moved:#?}", moved.len(), was.len());
    // A section that there was not yet has handled nothing.
    let is_new = |((_, _, section, ..), (_, value)): &(&Key, &Figure)| {
        section != "s2" || *value != Some(Exact::from(0))
    };
    let new: Vec<_> = is.iter().filter(|(key, _)| !was.contains_key(*key)).filter(is_new).collect();
    assert!(new.is_empty(), "{new:#?}");
}

#[test]
fn what_a_unit_leaves_open_is_its_successors_and_its_posts_are_over() {
    let catalog = shipped(&[], &[]);
    let [unit_table, sections] = lists(&catalog, true);
    let days = Days::of(&catalog);
    let case = |id: &str, unit: &str, closed: &str| {
        let times = [("accepted_at", "2025-06-10T10:00"), ("closed_at", closed)];
        let place = [("unit_id", unit), ("due_at", "2025-06-20T00:00")];
        let status = if closed.is_empty() { "open" } else { "closed" };
        row(&[&[("case_id", id), ("status", status)], times.as_slice(), &place].concat())
    };
    let cases = [
        case("1", "嘉宁市教育局", ""),
        case("2", "嘉宁市体育局", "2025-08-05T10:00"),
        case("3", "嘉宁市大数据局", ""),
        case("4", "嘉宁市教育局", "2025-07-01T09:00"),
    ];
    let posts = |unit| {
        let told = [("post_kind", "admin"), ("approved", "5"), ("valid_from", "2019-01-20")];
        row(&[[("unit_id", unit)].as_slice(), &told].concat())
    };
    let names = Resolver::of(&catalog, &unit_table, &sections, days);
    let resolved = |name: &str, rows: &[Row<'_>]| {
        names.resolve(&catalog, &catalog.schemas[name], written(&catalog, name, rows)).unwrap()
    };
    let there = units(Some(&unit_table));
    let model = Model::default()
        .with_table("service_case", resolved("service_case", &cases).table)
        .with_table("post_quota", resolved("post_quota", &[posts("E"), posts("B")]).table)
        .with_table("unit", unit_table.clone())
        .with_table("section", sections.clone());
    let figures = model.told_of(&catalog, &there, date(2025, 9, 30));
    let told = |metric: &str, unit: &str, periods: &[&str]| -> Vec<i128> {
        let of_period = |period: &&str| {
            let key = [metric, unit, "", "", period].map(str::to_owned);
            let value = figures.0.get(&key.into()).and_then(|(_, value)| *value);
            value.map_or(-1, |value| value.to_integer())
        };
        periods.iter().map(of_period).collect()
    };
    let (months, quarters) = (["2025-06", "2025-07", "2025-08"], ["2025Q2", "2025Q3"]);
    for (unit, open, overdue) in [
        ("E", [2, -1, -1], [2, -1]),
        ("T", [1, -1, -1], [1, -1]),
        ("J", [-1, 2, 1], [-1, 1]),
        ("D", [1, 1, 1], [1, 1]),
        ("B", [0, 0, 0], [0, 0]),
    ] {
        assert_eq!(told("cases_backlog", unit, &months), open, "{unit}");
        assert_eq!(told("overdue_open", unit, &quarters), overdue, "{unit}");
    }
    for (unit, posts) in [("E", [5, -1]), ("J", [-1, 0]), ("B", [5, 5])] {
        assert_eq!(told("posts_approved", unit, &quarters), posts, "{unit}");
    }
}

/// The names that the second night knows.
fn names(catalog: &Catalog) -> Resolver {
    let [units, sections] = lists(catalog, true);
    Resolver::of(catalog, &units, &sections, Days::of(catalog))
}

#[test]
fn of_rows_whose_units_have_become_one_that_of_the_unit_itself_stays() {
    let catalog = shipped(&[], &[]);
    let names = names(&catalog);
    let line = |unit: &str, value: &str| {
        let told = [("period", "2025"), ("metric", "BJL"), ("reported_on", "2026-01-10")];
        row(&[told.as_slice(), &[("unit_id", unit), ("value", value)]].concat())
    };
    let schema = &catalog.schemas["self_report"];
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let lines = [
            line("嘉宁市教育局", "442"),
            line("嘉宁市教育和体育局", "2193"),
            line("嘉宁市体育局", "7"),
        ];
        let mut rows: Vec<Row<'_>> = order.map(|at: usize| lines[at].clone()).into();
        rows.extend([line("无人知晓局", "1"), line("无人知晓局", "2")]);
        let resolved =
            names.resolve(&catalog, schema, written(&catalog, "self_report", &rows)).unwrap();
        assert_eq!((resolved.doubled, resolved.unknown["无人知晓局"]), (2, 2));
        let told = resolved.table.column("value").unwrap().as_materialized_series().to_string();
        assert_eq!(resolved.table.height(), 3, "{told}");
        assert!(told.contains("2193") && !told.contains("442"), "{told}");
    }
}

#[test]
fn a_row_with_the_key_of_a_unit_that_is_over_is_that_of_what_followed_it() {
    let catalog = shipped(&[], &[]);
    let names = names(&catalog);
    let log = |(unit, day): &(&str, &str)| {
        let place = [("unit_id", *unit), ("worked_on", *day)];
        row(&[[("log_id", format!("{unit} {day}").as_str()), ("hours", "7")], place].concat())
    };
    let keys = [
        ("E", "2025-06-30"),
        ("E", "2025-07-01"),
        ("T", "2025-08-05"),
        ("D", "2025-06-30"),
        ("D", "2025-07-01"),
        ("M", "2025-07-01"),
        ("M2", "2025-06-30"),
        ("nobody's", "2025-08-05"),
    ];
    let logs: Vec<Row<'_>> = keys.iter().map(log).collect();
    let schema = &catalog.schemas["work_log"];
    let resolved = names.resolve(&catalog, schema, written(&catalog, "work_log", &logs)).unwrap();
    let followed = resolved.table.column("unit_id").unwrap().str().unwrap();
    let followed: Vec<Option<&str>> = followed.iter().collect();
    let expected = ["E", "J", "J", "D", "D", "M1", "M2", "nobody's"].map(Some);
    assert_eq!(followed, expected);
}

/// What a model of cases, people and posts tells of two units, of which one was renamed and the other is over.
fn told_of_two(catalog: &Catalog, night: Date) -> Figures {
    let unit = |[id, from, to, next]: [&'static str; 4]| {
        let days = [("valid_from", from), ("valid_to", to), ("successor_id", next)];
        let same = [("region", "519900"), ("category", "government_department")];
        row(&[[("unit_id", id), ("uscc", id)].as_slice(), &days, &same].concat())
    };
    let lines = [
        ["D", "2019-01-20", "2025-07-01", "D"],
        ["D", "2025-07-01", "", ""],
        ["E", "2019-01-20", "2025-07-01", "D"],
    ];
    let case = |(id, uscc, time): &(&str, &str, &str)| {
        let place = [("unit_id", "D"), ("uscc", *uscc), ("status", "closed")];
        row(&[place, [("case_id", *id), ("accepted_at", *time), ("closed_at", *time)]].concat())
    };
    let days = [
        ("1", "D", "2025-06-05T10:00"),
        ("2", "E", "2025-06-05T10:00"),
        ("3", "E", "2025-08-05T10:00"),
    ];
    let cases: Vec<Row<'_>> = days.iter().map(case).collect();
    let posts = |unit: &str| {
        let own = [("unit_id", unit), ("post_kind", "admin"), ("approved", "5")];
        row(&[own.as_slice(), &[("valid_from", "2019-01-20")]].concat())
    };
    let unit_table = written(catalog, "unit", &lines.map(unit));
    let there = units(Some(&unit_table));
    Model::default()
        .with(catalog, "service_case", &cases)
        .with(catalog, "post_quota", &[posts("D"), posts("E")])
        .with_table("unit", unit_table)
        .told_of(catalog, &there, night)
}

#[test]
fn a_unit_with_a_line_for_each_of_its_names_has_each_row_once() {
    let told = told_of_two(&shipped(&[], &[]), NIGHTS[1]);
    let of = |metric: &str, unit: &str, period: &str| told.of(metric, (unit, ""), period).1;
    assert_eq!(of("cases_code_differs", "D", "2025"), Some(Exact::from(2)));
    // What is over has no posts at the end of a month any more.
    assert_eq!(of("posts_approved", "E", "2025Q2"), Some(Exact::from(5)));
    assert_eq!(of("posts_approved", "E", "2025"), Some(Exact::from(0)));
    assert_eq!(of("posts_approved", "D", "2025"), Some(Exact::from(5)));
}

#[test]
fn who_was_taken_over_is_known_as_before_until_the_next_roster() {
    let catalog = shipped(&[], &[]);
    let [units, sections] = lists(&catalog, true);
    let person = |unit: &str, as_of: &str, sex: &str| {
        let place = [("unit_id", unit), ("as_of", as_of), ("person_id", "p")];
        row(&[place.as_slice(), &[("post_kind", "admin"), ("status", "active"), ("sex", sex)]]
            .concat())
    };
    // Long ago the roster of what followed had told something else.
    let rows = [person("J", "2024-01-31", "male"), person("E", "2025-06-30", "female")];
    let rosters = written(&catalog, "person_snapshot", &rows);
    let sources = Sources { rosters: &rosters, units: &units, sections: &sections, by_unit: false };
    let night = date(2025, 7, 20);
    let schema = &catalog.schemas["person_spell"];
    let spells = people::spells(&sources, schema, night).unwrap().spells;
    let text = |name: &str, row: usize| {
        spells.column(name).unwrap().str().unwrap().get(row).unwrap_or_default().to_owned()
    };
    let last = spells.height() - 1;
    assert_eq!((text("unit_id", last), text("sex", last)), ("J".to_owned(), "female".to_owned()));
}

#[test]
fn a_period_is_held_against_the_category_of_its_own_day() {
    let catalog = shipped(&[], &[]);
    let line = |[id, category, from, to]: [&'static str; 4]| {
        let days = [("valid_from", from), ("valid_to", to)];
        row(&[[("unit_id", id), ("category", category)], days].concat())
    };
    let lines = [
        ["T", "township", "2019-01-20", "2025-09-10"],
        ["T", "subdistrict", "2025-09-10", "2026-06-01"],
        ["T", "park", "2026-06-01", ""],
        ["G", "institution", "2019-01-20", "2025-03-01"],
    ];
    let table = written(&catalog, "unit", &lines.map(line));
    let peers = Peers::of(&catalog, Some(&table), date(2026, 1, 31));
    for (unit, day, category) in [
        ("T", date(2025, 6, 30), Some("township")),
        ("T", date(2025, 9, 9), Some("township")),
        ("T", date(2025, 9, 10), Some("subdistrict")),
        // What is told in advance is not so yet.
        ("T", date(2026, 12, 31), Some("subdistrict")),
        ("T", date(2018, 1, 1), Some("township")),
        ("G", date(2025, 12, 31), Some("institution")),
        ("nobody", date(2025, 12, 31), None),
    ] {
        assert_eq!(peers.category(unit, day), category, "{unit} {day}");
    }
}
