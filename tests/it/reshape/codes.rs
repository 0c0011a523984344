//! What becomes of a text whose spellings stand in a code table?

use std::path::Path;

use shuping::base::cell::Cell;
use shuping::base::diagnostic::Diagnostic;
use shuping::base::messages::Lang;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::model::judge::Judge;
use shuping::model::judge::Judged;
use shuping::spec::catalog::Catalog;
use shuping::spec::connector::read_connector;
use shuping::spec::home::Home;
use shuping::spec::schema::FieldKind;

use super::World;
use super::reasons;

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
        night: jiff::civil::date(2026, 1, 6),
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

/// The shipped home with files of a city's own.
fn home_with(files: &[(&str, &str)]) -> Result<Catalog, Vec<Diagnostic>> {
    let mut home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let own = files
        .iter()
        .map(|(name, text)| (format!("schemas/codes/local/{name}.csv"), (*text).to_owned()));
    home.files.extend(own);
    home.catalog()
}

#[test]
fn what_a_city_adds_is_read_on_the_days_of_its_lines_and_leaves_the_shipped_ones() {
    let own = "spelling,value,source,valid_from,valid_to\n\
        大普,college,编办 2024-3,,2024-01-01\n\
        大普,bachelor,编办 2024-3,2024-01-01,2025-01-01\n\
        本科,college,编办 2024-3,,2010-01-01\n";
    let catalog = home_with(&[("education", own)]).unwrap();
    let rows = [
        ["2023-12-31", "大普", ""],
        ["2024-01-01", "大普", ""],
        ["2024年12月31日", "大普", ""],
        ["2025-01-01", "大普", ""],
        ["2009-12-31", "本科", ""],
        ["2010-01-01", "本科", ""],
        ["2009-12-31", "全日制本科", ""],
    ];
    let (judged, kept) = judged(&catalog, &rows, ["as_of", "education"]);
    let values: Vec<&str> = kept.iter().map(|row| row[1].as_deref().unwrap_or("-")).collect();
    let expected = ["college", "bachelor", "bachelor", "-", "college", "bachelor", "bachelor"];
    assert_eq!(values, expected);
    assert_eq!(unmapped(&judged), [("education=大普", 1)]);
    // A row whose day does not read is quarantined for its day, whatever else it says.
    let rows = [["soon", "大普", ""]];
    let (judged, _) = self::judged(&catalog, &rows, ["as_of", "education"]);
    assert_eq!(reasons(&judged), ["1 as_of not_a_day"]);
}

#[test]
fn every_fault_of_a_citys_own_spellings_is_told_with_its_file_and_line() {
    let education = "spelling,value,valid_from,valid_to\n\
        大本,bachelor,,\n\
        大本,college,2020-01-01,\n\
        大普,,,\n\
        大专班,undergraduate,,\n\
        函授,college,1.1.2020,\n\
        电大,college,2020-01-01,2019-01-01\n\
        夜大,college\n";
    let one = "spelling,value\n相面学,fortune\n";
    let two = "spelling,value\n相面学,arts\n";
    let files = [("education", education), ("discipline", one), ("disciplin", two)];
    let faults = home_with(&files).unwrap_err();
    let told: Vec<(String, usize, &str)> = faults
        .iter()
        .map(|fault| {
            (fault.file.replace("schemas/codes/local/", ""), fault.place.line, fault.code.id())
        })
        .collect();
    let told: Vec<(&str, usize, &str)> =
        told.iter().map(|(file, line, code)| (file.as_str(), *line, *code)).collect();
    let expected = [
        ("disciplin.csv", 1, "H014"),
        ("discipline.csv", 2, "H005"),
        ("education.csv", 3, "H006"),
        ("education.csv", 4, "H055"),
        ("education.csv", 5, "H005"),
        ("education.csv", 6, "H055"),
        ("education.csv", 7, "H055"),
        ("education.csv", 8, "H055"),
    ];
    assert_eq!(told, expected);
    let hint = faults.iter().find(|fault| fault.place.line == 5).and_then(|f| f.hint(Lang::En));
    assert!(hint.is_some_and(|hint| hint.contains("bachelor, college")));
}
