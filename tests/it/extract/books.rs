//! Workbooks of every age: the form before XLSX, both ways to count days, formulas, headers of three rows.

use std::fs;
use std::io::Cursor;
use std::io::Read as _;
use std::io::Write as _;

use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Formula;
use rust_xlsxwriter::Workbook;
use tempfile::TempDir;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Start;
use super::pulled;
use super::rows;
use super::told;

const PEOPLE: &str = r#"
format = 1
[system]
name = "staffing"
title = "实名制"
kind = "files"
[files]
at = "."
[[stream]]
name = "people"
into = "person_snapshot"
file = 'roster.*'
grid = { header = 2, header_rows = 2, skip = ["小计"], end = ["填表人"], fill_down = ["单位名称"] }
write = "snapshot"
ignore = ["备注"]
[stream.columns]
unit_id = "单位名称"
code = "基本信息/编号"
birth_date = "基本信息/出生日期"
years = "基本信息/工龄"
"#;

/// Two binary workbooks, put together record by record; the second names a text that it doesn't have.
#[tokio::test]
async fn a_binary_workbook_is_read_and_a_broken_one_is_its_own_fault() {
    let text = PEOPLE
        .replace("header = 2, header_rows = 2", "header = 1")
        .replace("基本信息/", "")
        .replace(", fill_down = [\"单位名称\"]", "");
    let books = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/extract/books");
    // Told apart by its content, whatever it is called.
    for name in ["roster.xlsb", "roster.xlsx"] {
        let home = TempDir::new().unwrap();
        fs::copy(format!("{books}/table.xlsb"), home.path().join(name)).unwrap();
        let (_, batches) = pulled(&text, &Start::home(home.path())).await;
        let at = |row: u32| format!("{name} sheet 台账 row {row}: 单位名称=");
        assert_eq!(
            rows(&batches),
            [
                at(2) + "市档案馆 编号=0017 出生日期=1987-03-05 工龄=12",
                at(3) + "市图书馆 编号=0101 出生日期=1987-03-06 12:00:00 工龄=7.5",
            ]
        );
    }
    let home = TempDir::new().unwrap();
    fs::copy(format!("{books}/broken.xlsb"), home.path().join("roster.xlsb")).unwrap();
    let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
    let fault = told(&delivery.unwrap_err());
    assert!(fault.contains("damaged or locked one: what reads it broke on it"), "{fault}");
    // Merged cells that nobody tells are not filled down in silence.
    fs::copy(format!("{books}/table.xlsb"), home.path().join("roster.xlsb")).unwrap();
    let text = text.replace("end = [", "fill_down = [\"单位名称\"], end = [");
    let (delivery, _) = pulled(&text, &Start::home(home.path())).await;
    let fault = told(&delivery.unwrap_err());
    assert!(fault.contains("save it as XLSX"), "{fault}");
}

/// Two workbooks that Python's `xlwt` 1.3 wrote, one for each way to count days.
#[tokio::test]
async fn a_workbook_of_the_old_form_is_read_in_both_date_systems() {
    for file in ["roster_1900.xls", "roster_1904.xls"] {
        let home = TempDir::new().unwrap();
        let books = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/extract/books");
        fs::copy(format!("{books}/{file}"), home.path().join(file)).unwrap();
        let (delivery, batches) = pulled(PEOPLE, &Start::home(home.path())).await;
        let at = |row: u32| format!("{file} sheet 在编人员 row {row}: 单位名称=");
        assert_eq!(
            rows(&batches),
            [
                at(4) + "市档案馆 基本信息/编号=0017 基本信息/出生日期=1987-03-05 基本信息/工龄=12",
                at(5)
                    + "市档案馆 基本信息/编号=0018 基本信息/出生日期=1990-11-30 基本信息/工龄=7.5",
                at(6) + "小计 基本信息/工龄=19.5 _filtered=小计",
                at(7) + "市图书馆 基本信息/编号=0101 基本信息/出生日期=1979.06 基本信息/工龄=20",
            ]
        );
        assert_eq!(delivery.unwrap().received, 4);
    }
}

/// A workbook whose header has three rows, merged both ways, with a day and formulas.
fn quotas() -> Vec<u8> {
    let (mut book, plain) = (Workbook::new(), Format::new());
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for name in ["编制核定", "编制核定(备查)"] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet.write(0, 0, "嘉宁市编制核定表").unwrap();
        sheet.merge_range(1, 0, 3, 0, "机构编码", &plain).unwrap();
        sheet.merge_range(1, 1, 1, 3, "核定数", &plain).unwrap();
        sheet.merge_range(2, 1, 2, 2, "编制", &plain).unwrap();
        sheet.merge_range(2, 3, 3, 3, "领导职数", &plain).unwrap();
        sheet.write(3, 1, "行政").unwrap();
        sheet.write(3, 2, "合计").unwrap();
        sheet.merge_range(1, 4, 3, 4, "生效", &plain).unwrap();
        sheet.write(4, 0, "JN0001").unwrap();
        sheet.write(4, 1, 40).unwrap();
        sheet.write_formula(4, 2, Formula::new("=B5+2").set_result("42")).unwrap();
        sheet.write_formula(4, 3, Formula::new("=\"五\"").set_result("五")).unwrap();
        let since = ExcelDateTime::from_ymd(2024, 2, 29).unwrap();
        sheet.write_with_format(4, 4, &since, &day).unwrap();
    }
    let hidden = book.add_worksheet().set_name("编制核定(旧)").unwrap();
    hidden.set_hidden(true).write(0, 0, "old").unwrap();
    book.save_to_buffer().unwrap()
}

/// The same workbook for a Mac of its time: days are counted from 1904, and so are 1,462 fewer.
fn of_1904(book: &[u8]) -> Vec<u8> {
    rewritten(book, |name, text| {
        if name == "xl/workbook.xml" {
            assert!(text.contains("<workbookPr "));
            *text = text.replace("<workbookPr ", "<workbookPr date1904=\"1\" ");
        }
        *text = text.replace("<v>45351</v>", "<v>43889</v>");
    })
}

/// The same workbook with other texts in its parts.
fn rewritten(book: &[u8], rewrite: impl Fn(&str, &mut String)) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        rewrite(&name, &mut text);
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const QUOTAS: &str = r#"
format = 1
[system]
name = "staffing"
title = "实名制"
kind = "files"
[files]
at = "."
[[stream]]
name = "quotas"
into = "post_quota"
file = 'quotas\.xlsx'
sheets = '编制核定.*'
grid = { header = 2, header_rows = 3 }
write = "snapshot"
[stream.columns]
unit_id = "机构编码"
approved = "核定数/编制/合计"
leaders_approved = "核定数/领导职数"
valid_from = "生效"
plain = "核定数/编制/行政"
"#;

#[tokio::test]
async fn formulas_say_their_values_and_days_are_days_in_both_date_systems() {
    for bytes in [quotas(), of_1904(&quotas())] {
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("quotas.xlsx"), bytes).unwrap();
        let (_, batches) = pulled(QUOTAS, &Start::home(home.path())).await;
        let row = |sheet: &str| {
            format!(
                "quotas.xlsx sheet {sheet} row 5: 机构编码=JN0001 核定数/编制/行政=40 核定数/编制/合计=42 核定数/领导职数=五 生效=2024-02-29"
            )
        };
        // A pattern takes every sheet that it matches and that is seen.
        assert_eq!(rows(&batches), [row("编制核定"), row("编制核定(备查)")]);
    }
}

#[tokio::test]
async fn a_formula_that_nobody_worked_out_is_no_empty_cell() {
    let home = TempDir::new().unwrap();
    // What programs write that don't count, and what stands for an empty text.
    for (typed, value, said) in [
        ("", "<v></v>", "核定数/领导职数=#FORMULA 生效"),
        ("", "<v/>", "核定数/领导职数=#FORMULA 生效"),
        ("", "", "核定数/领导职数=#FORMULA 生效"),
        (" t=\"str\"", "<v></v>", "核定数/编制/合计=42 生效"),
    ] {
        let book = rewritten(&quotas(), |_, text| {
            let formula = text.replace(" t=\"str\"><f>", &format!("{typed}><f>"));
            *text = formula.replace("<v>五</v>", value);
        });
        fs::write(home.path().join("quotas.xlsx"), book).unwrap();
        let (_, batches) = pulled(QUOTAS, &Start::home(home.path())).await;
        let rows = rows(&batches).concat();
        assert!(rows.contains(said), "{value}: {rows}");
    }
}

/// What programs leave behind that write formulas and count none of them: `rust_xlsxwriter` and Python's `XlsxWriter` nought,
/// and Python's `xlwt` 1.3 nothing.
#[tokio::test]
async fn formulas_of_programs_that_count_none_say_so() {
    let home = TempDir::new().unwrap();
    let uncounted = |formula: Formula| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (at, header) in (0..).zip(["单位名称", "编号", "出生日期", "工龄"]) {
            sheet.write(0, at, header).unwrap();
        }
        sheet.write(1, 0, "市档案馆").unwrap();
        sheet.write_formula(1, 1, Formula::new("=1-1")).unwrap();
        sheet.write_formula(1, 3, formula).unwrap();
        book.save_to_buffer().unwrap()
    };
    let text = PEOPLE
        .replace("header = 2, header_rows = 2", "header = 1")
        .replace("基本信息/", "")
        .replace(", fill_down = [\"单位名称\"]", "");
    for (formula, said) in [
        (Formula::new("=5+7"), "编号=#FORMULA 工龄=#FORMULA"),
        (Formula::new("=5+7").set_result("12"), "编号=0 工龄=12"),
    ] {
        fs::write(home.path().join("roster.xlsx"), uncounted(formula)).unwrap();
        let (_, batches) = pulled(&text, &Start::home(home.path())).await;
        let rows = rows(&batches).concat();
        assert!(rows.ends_with(said), "{rows}");
    }
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/extract/books/uncounted.xls");
    fs::copy(old, home.path().join("roster.xls")).unwrap();
    fs::remove_file(home.path().join("roster.xlsx")).unwrap();
    let text = text.replace("header = 1", "header = 2");
    let (_, batches) = pulled(&text, &Start::home(home.path())).await;
    let at = |row: u32| format!("roster.xls sheet 在编人员 row {row}: 单位名称=市档案馆");
    let said = " 编号=#FORMULA 出生日期=1987-03-05 工龄=#FORMULA";
    // A formula in a row where nothing else stands waits to be filled in.
    assert_eq!(rows(&batches), [at(3) + said, at(4) + said]);
}

#[tokio::test]
async fn codes_show_their_noughts_and_a_stray_cell_costs_nothing() {
    let home = TempDir::new().unwrap();
    let book = |stray: (u32, u16)| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (at, header) in (0..).zip(["单位名称", "编号", "出生日期", "工龄"]) {
            sheet.write(0, at, header).unwrap();
        }
        sheet.write(1, 0, "市档案馆").unwrap();
        let code = Format::new().set_num_format("000000");
        sheet.write_with_format(1, 1, 1_234, &code).unwrap();
        sheet.write_with_format(1, 3, "7", &code).unwrap();
        sheet.write(stray.0, stray.1, "见附件").unwrap();
        book.save_to_buffer().unwrap()
    };
    let text = PEOPLE
        .replace("header = 2, header_rows = 2", "header = 1")
        .replace("基本信息/", "")
        .replace(", fill_down = [\"单位名称\"]", "");
    fs::write(home.path().join("roster.xlsx"), book((1_048_575, 5))).unwrap();
    let (_, batches) = pulled(&text, &Start::home(home.path())).await;
    assert_eq!(
        rows(&batches),
        [
            "roster.xlsx sheet Sheet1 row 2: 单位名称=市档案馆 编号=001234 工龄=7",
            "roster.xlsx sheet Sheet1 row 1048576: ",
        ]
    );
    fs::write(home.path().join("roster.xlsx"), book((1_048_575, 16_383))).unwrap();
    let error = told(&pulled(&text, &Start::home(home.path())).await.0.unwrap_err());
    assert!(error.contains("sheet Sheet1: its cells reach to column 16384"), "{error}");
}

#[tokio::test]
async fn a_workbook_behind_a_password_is_named() {
    let home = TempDir::new().unwrap();
    // Python's `openpyxl` wrote it, and `msoffcrypto` locked it.
    let locked = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/extract/books/locked.xlsx");
    fs::copy(locked, home.path().join("quotas.xlsx")).unwrap();
    let error = told(&pulled(QUOTAS, &Start::home(home.path())).await.0.unwrap_err());
    assert!(error.contains("quotas.xlsx` cannot be read: it is locked with a password"), "{error}");
}

#[tokio::test]
async fn a_pattern_that_no_sheet_matches_is_named() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("quotas.xlsx"), quotas()).unwrap();
    let text = QUOTAS.replace("'编制核定.*'", r"'编制核定\(旧\)'");
    let error = told(&pulled(&text, &Start::home(home.path())).await.0.unwrap_err());
    assert!(error.contains("no sheet that is seen matches `sheets`, of 编制核定, "), "{error}");
}

#[tokio::test]
async fn empty_sheets_beside_a_table_are_passed_by_unless_one_is_asked_for() {
    let text = PEOPLE
        .replace("header = 2, header_rows = 2", "header = 1")
        .replace("基本信息/", "")
        .replace(", fill_down = [\"单位名称\"]", "");
    let home = TempDir::new().unwrap();
    let mut book = Workbook::new();
    // A new workbook had three sheets for twenty years.
    for name in ["Sheet1", "Sheet2", "Sheet3"] {
        book.add_worksheet().set_name(name).unwrap();
    }
    let sheet = book.worksheet_from_name("Sheet2").unwrap();
    for (at, header) in (0..).zip(["单位名称", "编号", "出生日期", "工龄"]) {
        sheet.write(0, at, header).unwrap();
        sheet.write(1, at, "1").unwrap();
    }
    book.save(home.path().join("roster.xlsx")).unwrap();
    let read = async |sheets: &str| {
        let text = text.replace("write =", &format!("{sheets}\nwrite ="));
        let (delivery, batches) = pulled(&text, &Start::home(home.path())).await;
        delivery.map(|_| rows(&batches).len()).map_err(|error| told(&error))
    };
    assert_eq!(read("").await, Ok(1));
    assert_eq!(read("sheets = 'Sheet.'").await, Ok(1));
    for sheets in ["sheets = [\"Sheet2\", \"Sheet3\"]", "sheets = 'Sheet[13]'"] {
        let why = read(sheets).await.unwrap_err();
        assert!(why.contains("there is no header in row 1"), "{sheets}: {why}");
    }
}
