//! Do the workbooks of a release open as people want them: codes as text, headers that stand still, numbers with their
//! decimals? They are read as Excel's format has them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use calamine::Data;
use calamine::Reader as _;
use calamine::Xlsx;
use calamine::open_workbook;
use regex::Regex;
use shuping::spec::settings::CsvEncoding;

use super::NIGHTS;
use super::THEN;
use super::publish_with;

/// A file of a workbook's parcel.
fn part(book: &Path, name: &str) -> String {
    let mut parcel = zip::ZipArchive::new(File::open(book).unwrap()).unwrap();
    let mut text = String::new();
    parcel.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The format of every style of cells, in their order: Excel's own by their number, others by their words.
fn formats(book: &Path) -> Vec<String> {
    let styles = part(book, "xl/styles.xml");
    let own = Regex::new(r#"<numFmt numFmtId="(\d+)" formatCode="([^"]*)""#).unwrap();
    let own: Vec<(String, String)> =
        own.captures_iter(&styles).map(|it| (it[1].to_owned(), it[2].to_owned())).collect();
    let (_, cells) = styles.split_once("<cellXfs").unwrap();
    let (cells, _) = cells.split_once("</cellXfs>").unwrap();
    let number = Regex::new(r#"<xf numFmtId="(\d+)""#).unwrap();
    let named = |number: &str| match number {
        "49" => "@".to_owned(),
        "1" => "0".to_owned(),
        "2" => "0.00".to_owned(),
        _ => own
            .iter()
            .find(|(own, _)| own == number)
            .map_or_else(|| format!("builtin {number}"), |(_, code)| code.clone()),
    };
    number.captures_iter(cells).map(|it| named(&it[1])).collect()
}

/// A cell: its column, whether it is a text, and its format.
type Formed = (String, bool, String);

/// The cells below the headers of a sheet, and what says which of it stands still.
fn sheet_of(book: &Path, number: usize) -> (Vec<Formed>, String) {
    let formats = formats(book);
    let text = part(book, &format!("xl/worksheets/sheet{number}.xml"));
    let cell = Regex::new(r#"<c r="([A-Z]+)(\d+)"(?: s="(\d+)")?(?: t="(\w+)")?"#).unwrap();
    let below = cell.captures_iter(&text).filter(|it| it[2].parse::<u32>().unwrap() > 2);
    let cells = below.map(|it| {
        let style: usize = it.get(3).map_or(0, |style| style.as_str().parse().unwrap());
        let is_text = it.get(4).is_some_and(|kind| kind.as_str() == "s");
        (it[1].to_owned(), is_text, formats[style].clone())
    });
    let pane = Regex::new("<pane [^>]*>").unwrap();
    let pane = pane.find(&text).map_or(String::new(), |pane| pane.as_str().to_owned());
    (cells.collect(), pane)
}

#[test]
fn headers_stand_still_codes_are_text_and_numbers_have_their_decimals() {
    let folder = tempfile::tempdir().unwrap();
    let release = publish_with(folder.path(), NIGHTS[1], &THEN, CsvEncoding::Utf8).unwrap();
    let decimals = Regex::new(r"^0(\.0+)?$").unwrap();
    let mut seen = 0;
    for name in ["metrics.xlsx", "scores.xlsx", "dimensions.xlsx"] {
        let path = release.folder.join(name);
        let book: Xlsx<_> = open_workbook(&path).unwrap();
        let names = book.sheet_names();
        assert_eq!(names[0], "说明");
        // Names stay in sight as well, where a row is long.
        let fixed = if name == "metrics.xlsx" { 4 } else { 1 };
        for number in 2..=names.len() {
            let (cells, pane) = sheet_of(&path, number);
            let still = format!("xSplit=\"{fixed}\" ySplit=\"2\"");
            assert!(pane.contains(&still) && pane.contains("state=\"frozen\""), "{name}: {pane}");
            assert!(!cells.is_empty(), "{name} {number}");
            for (column, is_text, format) in &cells {
                let is_number = decimals.is_match(format);
                assert_eq!(
                    (*is_text, format == "@"),
                    (!is_number, *is_text),
                    "{name} {column}: {format}"
                );
            }
            // Whatever stands first is a code, though it be of digits, or a day.
            assert!(
                cells.iter().filter(|(column, ..)| column == "A").all(|(_, is_text, _)| *is_text)
            );
            seen += 1;
        }
        if name == "scores.xlsx" {
            // 2026, the year of a score, is a code as well.
            let (cells, _) = sheet_of(&path, 2);
            let period = cells.iter().find(|(column, ..)| column == "B").unwrap();
            assert!(period.1 && period.2 == "@", "{period:?}");
        }
    }
    assert_eq!(seen, 1 + 4 + 6);
}

fn sheet(book: &Path, name: &str) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook(book).unwrap();
    let range = book.worksheet_range(name).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

fn texts(row: &[Data]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

#[test]
fn a_workbook_shows_the_units_of_the_year_and_says_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut values = THEN.to_vec();
    values.push(("2026-03", -1));
    let release = publish_with(folder.path(), NIGHTS[1], &values, CsvEncoding::Utf8).unwrap();
    let book = release.folder.join("metrics.xlsx");
    let rows = sheet(&book, "服务 效能");
    assert_eq!(texts(&rows[0]), ["机构编码", "机构名称", "周期类型", "周期", "办结件数(件)"]);
    assert_eq!(texts(&rows[1]), ["unit_id", "name", "period_kind", "period", "cases_closed"]);
    let front = |kind: &str, period: &str| {
        ["JN0001", "嘉宁市档案馆", kind, period].map(|it| Data::String(it.to_owned())).to_vec()
    };
    let expected = [
        ("month", "2026-01", Data::Float(7.0)),
        ("month", "2026-02", Data::Float(3.0)),
        ("month", "2026-03", Data::String("不公布".to_owned())),
        ("year", "2026", Data::Float(15.0)),
    ];
    let expected: Vec<Vec<Data>> = expected
        .into_iter()
        .map(|(kind, period, value)| [front(kind, period), vec![value]].concat())
        .collect();
    assert_eq!(rows[2..], expected);
    let notes: Vec<String> = sheet(&book, "说明").iter().map(|row| texts(row).join("|")).collect();
    let notes = notes.join("\n");
    for said in
        ["发布|2026-02-02.1", "withheld|不公布|", "cases_closed|1|服务/效能", "feedfacecafe"]
    {
        assert!(notes.contains(said), "{said} in {notes}");
    }
    let units = sheet(&release.folder.join("dimensions.xlsx"), "机构");
    assert_eq!(units[2][0], Data::String("JN0001".to_owned()));
}
