//! Sheets as offices keep them: headers on every printed page, totals in the middle, cells that say "as above",
//! merged cells of an `OpenDocument`, commas behind a line.

use std::fs;
use std::io::Cursor;
use std::io::Write as _;

use rust_xlsxwriter::Workbook;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Start;
use super::pulled;
use super::rows;

const LEDGER: &str = r#"
format = 1
[system]
name = "office"
title = "Office"
kind = "files"
[files]
at = "."
[[stream]]
name = "ledger"
into = "task"
file = 'ledger.*'
grid = { header = 2, skip = ["小计"], end = ["合计"] }
write = "upsert"
[stream.columns]
unit_id = "单位"
task_id = "编号"
title = "数量"
"#;

const HEADER: [&str; 3] = ["单 位", "编号", "数量"];

fn home(lines: &[&[&str]]) -> TempDir {
    let home = TempDir::new().unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("账").unwrap();
    for (row, cells) in (0..).zip(lines) {
        for (column, cell) in (0..).zip(*cells).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write(row, column, *cell).unwrap();
        }
    }
    book.save(home.path().join("ledger.xlsx")).unwrap();
    home
}

/// A row as it is told, of so many.
fn at(row: u32, cells: &str) -> String {
    format!("ledger.xlsx sheet 账 row {row}: {cells}")
}

#[tokio::test]
async fn the_header_of_a_further_page_is_no_row() {
    let home = home(&[
        &["台账"],
        &HEADER,
        &["市档案馆", "A1", "5"],
        &["小计", "", "5"],
        &["单位", "编号", "数 量"],
        &["市民政局", "A2", "7"],
        &["单位", "编号", "9"],
    ]);
    let (_, batches) = pulled(LEDGER, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            at(3, "单位=市档案馆 编号=A1 数量=5"),
            at(4, "单位=小计 数量=5 _filtered=小计"),
            at(5, "单位=单位 编号=编号 数量=数 量 _filtered=header"),
            at(6, "单位=市民政局 编号=A2 数量=7"),
            at(7, "单位=单位 编号=编号 数量=9"),
        ]
    );
}

#[tokio::test]
async fn what_a_printed_page_begins_and_ends_with_is_no_row() {
    let home = home(&[
        &["台账"],
        &HEADER,
        &["市档案馆", "A1", "5"],
        &["第1页 共2页"],
        &["台 账"],
        &HEADER,
        &["台账"],
        &["市民政局", "A2", "7"],
        &["第 2 页", "", "共 2 页"],
        &["第1页小学", "A3", "1"],
    ]);
    let (_, batches) = pulled(LEDGER, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            at(3, "单位=市档案馆 编号=A1 数量=5"),
            at(4, "单位=第1页 共2页 _filtered=header"),
            at(5, "单位=台 账 _filtered=header"),
            at(6, "单位=单 位 编号=编号 数量=数量 _filtered=header"),
            // A title without a header is none.
            at(7, "单位=台账"),
            at(8, "单位=市民政局 编号=A2 数量=7"),
            at(9, "单位=第 2 页 数量=共 2 页 _filtered=page"),
            at(10, "单位=第1页小学 编号=A3 数量=1"),
        ]
    );
}

#[tokio::test]
async fn rows_below_a_total_that_stands_first_are_told() {
    for (below, told) in [
        (&[&["市水利局", "A3", "1"][..], &["市林业局", "A4", "2"]][..], Some(2)),
        (&[&["市水利局", "A3"], &["市林业局", "A4"], &["市民政局", "A5"]], Some(3)),
        // A month in which nothing was done.
        (&[&["填表人:赵铁柱"], &["审核人", "钱多"]], None),
    ] {
        let home = home(&[&[&["台账"][..], &HEADER, &["合计", "", "12"]], below].concat());
        let (delivery, _) = pulled(LEDGER, &Start::home(home.path())).await;
        let delivery = delivery.unwrap();
        let found: Vec<(&str, u64)> =
            delivery.below.iter().map(|(place, rows)| (place.as_str(), *rows)).collect();
        let told: Vec<(&str, u64)> =
            told.into_iter().map(|rows| ("ledger.xlsx sheet 账 row 4", rows)).collect();
        assert_eq!(found, told);
    }
}

/// The manifest names either the whole name of a column, or what stands over it alone.
#[tokio::test]
async fn a_group_in_the_first_cell_of_its_row_heads_all_its_columns() {
    let home = home(&[
        &["单位", "任务", "", "备注", "好评", ""],
        &["", "编号", "数 量", "", "本月", "累计"],
        &["市档案馆", "A1", "5", "无", "2", "3"],
    ]);
    let text = LEDGER.replace("header = 2", "header = 1, header_rows = 2");
    for (number, title) in [("任务/编号", "任务/数量"), ("任务/编号", "数量")] {
        let text = text.replace("\"编号\"", &format!("\"{number}\""));
        let text = text.replace("\"数量\"", &format!("\"{title}\""));
        let (delivery, batches) = pulled(&text, &Start::home(home.path())).await;
        let told = format!("单位=市档案馆 {number}=A1 {title}=5");
        assert!(rows(&batches)[0].starts_with(&at(3, &told)), "{:?}", rows(&batches));
        let unread: Vec<String> = delivery.unwrap().unread.into_keys().collect();
        assert_eq!(unread, ["备注", "好评/本月", "好评/累计"]);
    }
}

#[tokio::test]
async fn a_total_counts_neither_subtotals_nor_further_headers() {
    let text = LEDGER.replace("end = [\"合计\"]", "end = [\"共\"], total = '共(\\d+)条'");
    for (total, code) in [("共 2 条", Some(4)), ("共 4 条", Some(6))] {
        let home = home(&[
            &["台账"],
            &HEADER,
            &["市档案馆", "A1", "5"],
            &["小计", "", "5"],
            &HEADER,
            &["市民政局", "A2", "7"],
            &[&total.replace(' ', "")],
        ]);
        let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
        let delivery = delivery.unwrap();
        assert_eq!((delivery.received, delivery.told), (4, code));
    }
}

#[tokio::test]
async fn rows_below_the_end_are_told_and_signatures_are_not() {
    let begin: [&[&str]; 4] =
        [&["台账"], &HEADER, &["市档案馆", "A1", "5"], &["市民政局", "A2", "7"]];
    for (below, told) in [
        // A total in the middle.
        (
            &[&["合计", "", "12"][..], &["市水利局", "A3", "1"], &["市林业局", "A4", "2"]][..],
            Some((6, 2)),
        ),
        // Another, narrower table.
        (
            &[
                &["合计", "", "12"],
                &["表二"],
                &["单位", "金额"],
                &["市水利局", "1"],
                &["市林业局", "2"],
            ],
            Some((7, 3)),
        ),
        (
            &[
                &["合计", "", "12"],
                &["填表人:赵铁柱", "审核人:钱多", "日期:2026-01-05"],
                &["审核人", "钱多"],
                &["注:本表一式两份"],
                &["合计", "2", "12"],
            ],
            None,
        ),
        (&[&["合计", "", "12"]], None),
        (&[], None),
    ] {
        let home = home(&[&begin, below].concat());
        let (delivery, batches) = pulled(LEDGER, &Start::home(home.path())).await;
        let found: Vec<(String, u64)> = delivery.unwrap().below.into_iter().collect();
        let told: Vec<(String, u64)> = told
            .into_iter()
            .map(|(row, rows): (u32, u64)| (format!("ledger.xlsx sheet 账 row {row}"), rows))
            .collect();
        assert_eq!(found, told);
        assert_eq!(rows(&batches).len(), 2);
    }
}

#[tokio::test]
async fn a_cell_that_says_as_above_says_what_stands_above() {
    let home = home(&[
        &["台账"],
        &HEADER,
        &["市档案馆", "A1", "5"],
        &["同上", "A2", "〃"],
        &["小计", "", "10"],
        &["同上", "A3", "1"],
        &["同上级", "A4", ""],
    ]);
    let (_, batches) = pulled(LEDGER, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            at(3, "单位=市档案馆 编号=A1 数量=5"),
            at(4, "单位=市档案馆 编号=A2 数量=5"),
            at(5, "单位=小计 数量=10 _filtered=小计"),
            at(6, "单位=市档案馆 编号=A3 数量=1"),
            at(7, "单位=同上级 编号=A4"),
        ]
    );
}

#[tokio::test]
async fn an_empty_cell_says_what_stands_above_where_the_manifest_says_so() {
    let rows_of: [&[&str]; 8] = [
        &["台账"],
        &HEADER,
        &["市档案馆", "A1", "5"],
        &["", "A2", ""],
        &["小计", "", "5"],
        &["", "A3", "1"],
        &["市民政局", "A4", "2"],
        &["", "A5", "3"],
    ];
    let text = LEDGER.replace("end = [", "fill_blank = [\"单 位\"], end = [");
    let said = |at: &dyn Fn(u32, &str) -> String| {
        [
            at(3, "单位=市档案馆 编号=A1 数量=5"),
            at(4, "单位=市档案馆 编号=A2"),
            at(5, "单位=小计 数量=5 _filtered=小计"),
            at(6, "单位=市档案馆 编号=A3 数量=1"),
            at(7, "单位=市民政局 编号=A4 数量=2"),
            at(8, "单位=市民政局 编号=A5 数量=3"),
        ]
    };
    let book = home(&rows_of);
    assert_eq!(rows(&pulled(&text, &Start::home(book.path())).await.1), said(&at));
    let home = TempDir::new().unwrap();
    let lines = rows_of.map(|cells| cells.join(",") + "\n");
    fs::write(home.path().join("ledger.csv"), lines.concat()).unwrap();
    let at = |row: u32, cells: &str| format!("ledger.csv row {row}: {cells}");
    assert_eq!(rows(&pulled(&text, &Start::home(home.path())).await.1), said(&at));
}

/// An `OpenDocument` with one sheet.
fn open_document(table: &str) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
        office:version="1.2"><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"#
    );
    let manifest = r#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", &content),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn merged_cells_of_an_open_document_hold_for_the_rows_they_cover() {
    let cell = |text: &str, more: &str| {
        format!(
            r#"<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>"#
        )
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let (over, covered) =
        (r#" table:number-rows-spanned="2""#, "<table:covered-table-cell/>".to_owned());
    let wide = r#" table:number-columns-spanned="2""#;
    let table = [
        row(&[cell("单位", over), cell("任务", wide), covered.clone()]),
        row(&[covered.clone(), cell("编号", ""), cell("数量", "")]),
        row(&[cell("市档案馆", over), cell("A1", ""), cell("5", "")]),
        row(&[covered, cell("A2", ""), cell("7", "")]),
    ];
    let table = format!(r#"<table:table table:name="账">{}</table:table>"#, table.concat());
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("ledger.ods"), open_document(&table)).unwrap();
    let text = LEDGER
        .replace("header = 2, skip", "header = 1, header_rows = 2, fill_down = [\"单位\"], skip")
        .replace("\"编号\"", "\"任务/编号\"")
        .replace("\"数量\"", "\"任务/数量\"");
    let (_, batches) = pulled(&text, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            "ledger.ods sheet 账 row 3: 单位=市档案馆 任务/编号=A1 任务/数量=5",
            "ledger.ods sheet 账 row 4: 单位=市档案馆 任务/编号=A2 任务/数量=7",
        ]
    );
}

#[tokio::test]
async fn commas_behind_a_line_are_no_fields_and_a_field_too_many_is() {
    let home = TempDir::new().unwrap();
    let text =
        "台账\n单位,编号,数量\n市档案馆,A1,5,\n市民政局,A2,7,,,\n市水利局,A3,1,x\n市林业局,A4\n";
    fs::write(home.path().join("ledger.csv"), text).unwrap();
    let (_, batches) = pulled(LEDGER, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            "ledger.csv row 3: 单位=市档案馆 编号=A1 数量=5",
            "ledger.csv row 4: 单位=市民政局 编号=A2 数量=7",
            "ledger.csv row 5: _malformed=4 fields under a header of 3",
            "ledger.csv row 6: _malformed=2 fields under a header of 3",
        ]
    );
}
