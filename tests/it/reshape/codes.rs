//! What becomes of a text whose spellings stand in a code table?

use shuping::base::cell::Cell;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::model::judge::Judge;
use shuping::model::judge::Judged;
use shuping::spec::catalog::Catalog;
use shuping::spec::connector::read_connector;
use shuping::spec::schema::FieldKind;

use super::World;

const ROSTER: &str = r#"
format = 1
[system]
name  = "roster"
title = "名册"
kind  = "files"
owner = "编办"
[files]
at = "drop"

[[stream]]
name  = "people"
into  = "person_snapshot"
file  = 'people\.csv'
write = "snapshot"
[stream.columns]
education  = "学历"
major      = "专业"
discipline = { sql = "\"专业\"" }
as_of      = "日期"
person_id  = { from = "身份", identity = "opaque" }
unit_id    = { constant = "U1" }
post_kind  = { constant = "admin" }
status     = { constant = "active" }
"#;

/// Rows of day, 学历 and 专业, judged by a home; what is kept of each column asked for.
fn judged(
    catalog: &Catalog,
    rows: &[[&str; 3]],
    columns: [&str; 2],
) -> (Judged, Vec<[Option<String>; 2]>) {
    let connector = read_connector("roster.toml", ROSTER).unwrap();
    let schema = &catalog.schemas["person_snapshot"];
    let zone = catalog.settings.zone.clone();
    let judge = Judge {
        stream: &connector.streams[0],
        schema,
        codes: &catalog.codes,
        zone: zone.clone(),
        days: Days { calendar: catalog.calendar.clone().into(), zone },
    };
    let headers = ["日期", "学历", "专业", "身份", "_source", "_row", "_malformed"];
    let kinds =
        headers.map(|name| (name, if name == "_row" { FieldKind::Whole } else { FieldKind::Text }));
    let text = |text: &str| Some(Cell::Text(text.to_owned()));
    let part = rows.iter().zip(1..).map(|([day, education, major], at)| {
        let place = [text(&format!("p{at}")), text("people.csv"), Some(Cell::Whole(at)), None];
        [text(day), text(education), text(major)].into_iter().chain(place).collect()
    });
    let part = table::from_rows(&kinds, &part.collect::<Vec<_>>()).unwrap();
    let mut judged = Judged::default();
    judge.part(&part, &mut judged).unwrap();
    let at = columns.map(|name| schema.fields.iter().position(|f| f.name == name).unwrap());
    let kept = judged.kept.iter().map(|row| at.map(|at| Some(row.cells[at].as_ref()?.written())));
    let kept = kept.collect();
    (judged, kept)
}

fn unmapped(judged: &Judged) -> Vec<(&str, u64)> {
    let noticed = judged.noticed.iter().filter(|((kind, _), _)| kind == "unmapped");
    noticed.map(|((_, about), rows)| (about.as_str(), *rows)).collect()
}

#[test]
fn a_major_becomes_its_discipline_and_an_unknown_one_is_listed_and_kept() {
    let world = World::new();
    let rows = ["法学", "会计学", " 土木工程 ", "工学", "相面学", "相面学", "心理学", ""]
        .map(|major| ["2025-06-30", "全日制本科", major]);
    let (judged, kept) = judged(&world.catalog, &rows, ["major", "discipline"]);
    let pair = |[major, discipline]: &[Option<String>; 2]| {
        (major.clone().unwrap_or_default(), discipline.clone().unwrap_or_default())
    };
    let pairs: Vec<(String, String)> = kept.iter().map(pair).collect();
    let expected = [
        ("法学", "law"),
        ("会计学", "management"),
        ("土木工程", "engineering"),
        ("工学", "engineering"),
        ("相面学", ""),
        ("相面学", ""),
        // In one catalogue education, in the other science: nobody guesses.
        ("心理学", ""),
        ("", ""),
    ];
    assert_eq!(pairs, expected.map(|(major, of)| (major.to_owned(), of.to_owned())));
    assert!(judged.quarantined.is_empty());
    assert_eq!(unmapped(&judged), [("discipline=心理学", 1), ("discipline=相面学", 2)]);
}
