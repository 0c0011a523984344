//! Workbooks as offices send them: titles, headers of two rows, merged cells, subtotals, hidden sheets.

use std::fs;

use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use shuping::base::pseudonym::Key;
use tempfile::TempDir;

use super::Start;
use super::pulled;
use super::rows;
use super::told;

const NAME: &str = "实名制人员名册_20260105.xlsx";
const PERSON: &str = "519902198703051231";

const ROSTER: &str = r#"
format = 1
[system]
name = "staffing"
title = "机构编制实名制"
kind = "files"
[files]
at = "${env:URL}"
[[stream]]
name = "people"
into = "person"
file = '实名制人员名册_\d{8}\.xlsx'
note = '统计截止日期:(?<as_of>\d+年\d+月\d+日)'
grid = { header = 3, header_rows = 2, skip = ["小计"], end = ["合计"], fill_down = ["单位名称"] }
write = "snapshot"
ignore = ["备注", "序号"]
[stream.columns]
unit_id = "单位名称"
person_id = { from = "基本信息/公民身份号码", identity = "cn_id" }
birth_date = "基本信息/出生日期"
rank = "职务职级/职级（岗位等级）"
post = "编制信息/核定数"
as_of = "_as_of"
"#;

/// The layout of a roster: a title, a note, a header of two rows, and whatever `fill` writes from row 5.
fn sheet(book: &mut Workbook, name: &str, fill: impl FnOnce(&mut Worksheet, &Format)) {
    let (plain, day) = (Format::new(), Format::new().set_num_format("yyyy-mm-dd"));
    let sheet = book.add_worksheet();
    sheet.set_name(name).unwrap();
    sheet.merge_range(0, 1, 0, 8, "嘉宁市实名制人员名册", &plain).unwrap();
    let note = "填报单位:市委编办  统计截止日期:2026年1月5日 单位:人";
    sheet.merge_range(1, 1, 1, 8, note, &plain).unwrap();
    for (column, name) in [(1, "序\n号"), (2, "单位名称"), (8, "备　注")] {
        sheet.merge_range(2, column, 3, column, name, &plain).unwrap();
    }
    sheet.merge_range(2, 3, 2, 5, "基本信息", &plain).unwrap();
    for (column, name) in [(3, "姓  名"), (4, "公民身份\r\n号码"), (5, "出生日期")] {
        sheet.write(3, column, name).unwrap();
    }
    sheet.write(2, 6, "职务职级").unwrap();
    sheet.write(3, 6, "职级(岗位等级)").unwrap();
    sheet.write(2, 7, "编制信息").unwrap();
    sheet.write(3, 7, "核定数").unwrap();
    fill(sheet, &day);
}

fn roster() -> Workbook {
    let mut book = Workbook::new();
    sheet(&mut book, "行政编制", |sheet, day| {
        let birth = ExcelDateTime::from_ymd(1987, 3, 5).unwrap();
        sheet.write(4, 1, 1).unwrap();
        sheet.write(4, 2, " 市人社局 ").unwrap();
        sheet.write(4, 3, "张　三").unwrap();
        sheet.write(4, 4, PERSON).unwrap();
        sheet.write_with_format(4, 5, &birth, day).unwrap();
        sheet.write(4, 6, "一级主任科员").unwrap();
        sheet.write(4, 7, 12.0).unwrap();
        sheet.write(5, 1, 2).unwrap();
        sheet.write(5, 4, 519_902_198_703_051_231.0).unwrap();
        sheet.write(5, 5, 31841).unwrap();
        sheet.write(5, 7, 1.5).unwrap();
        sheet.write(7, 1, "合计").unwrap();
        sheet.write(7, 2, "2 人").unwrap();
        sheet.write(8, 1, "填表人: 审核人:").unwrap();
    });
    sheet(&mut book, "公益二类", |sheet, _| {
        sheet.merge_range(4, 2, 6, 2, "市档案馆", &Format::new()).unwrap();
        sheet.merge_range(4, 8, 6, 8, "同上", &Format::new()).unwrap();
        sheet.write(4, 1, 1).unwrap();
        sheet.write(6, 1, 2).unwrap();
        sheet.write(6, 6, "管理七级").unwrap();
        sheet.write(7, 1, "小　计").unwrap();
        sheet.write(7, 7, 2).unwrap();
        sheet.write(8, 1, 3).unwrap();
    });
    let hidden = book.add_worksheet();
    hidden.set_name("Sheet1").unwrap().set_hidden(true);
    hidden.write(0, 0, "old").unwrap();
    book
}

fn home(mut book: Workbook) -> TempDir {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join(NAME), book.save_to_buffer().unwrap()).unwrap();
    home
}

fn start(home: &TempDir) -> Start {
    Start { url: home.path().display().to_string(), ..Start::home(home.path()) }
}

#[tokio::test]
async fn a_roster_is_read_as_a_person_reads_it() {
    let home = home(roster());
    let (delivery, batches) = pulled(ROSTER, &start(&home)).await;
    let delivery = delivery.unwrap();
    let person = Key::new("a key of people").pseudonym(PERSON);
    let (id, rank) = ("基本信息/公民身份号码", "职务职级/职级（岗位等级）");
    let (post, fixed) = ("编制信息/核定数", "_as_of=2026年1月5日");
    assert_eq!(
        rows(&batches),
        [
            format!(
                "{NAME} sheet 行政编制 row 5: 单位名称=市人社局 {id}={person} {id}.birth_date=1987-03-05 {id}.sex=male 基本信息/出生日期=1987-03-05 {rank}=一级主任科员 {post}=12 {fixed}"
            ),
            format!(
                "{NAME} sheet 行政编制 row 6: {id}.fault=spreadsheet_number 基本信息/出生日期=31841 {post}=1.5 {fixed}"
            ),
            format!("{NAME} sheet 公益二类 row 5: 单位名称=市档案馆 {fixed}"),
            format!("{NAME} sheet 公益二类 row 7: 单位名称=市档案馆 {rank}=管理七级 {fixed}"),
            format!("{NAME} sheet 公益二类 row 8: {post}=2 {fixed} _filtered=小计"),
            format!("{NAME} sheet 公益二类 row 9: {fixed}"),
        ]
    );
    assert_eq!(delivery.received, 6);
    assert_eq!(
        delivery.unread.keys().collect::<Vec<_>>(),
        ["column 1", "基本信息/姓名"][1..].iter().collect::<Vec<_>>()
    );
    assert_eq!(delivery.files[0].rows, 6);
    let seen = format!("{batches:?} {delivery:?}");
    assert!(!seen.contains("5199021987") && !seen.contains("张"));
}

#[tokio::test]
async fn sheets_are_read_by_name_hidden_or_not() {
    let home = home(roster());
    let named = |names: &str| ROSTER.replace("note =", &format!("sheets = {names}\nnote ="));
    let (delivery, batches) = pulled(&named("[\"公益二类\", \"行政编制\"]"), &start(&home)).await;
    assert_eq!((delivery.unwrap().received, batches[0].rows[0].row), (6, 5));
    assert!(batches[0].rows[0].source.ends_with("公益二类"));
    let (delivery, _) = pulled(&named("[\"Sheet1\"]"), &start(&home)).await;
    assert!(told(&delivery.unwrap_err()).contains("sheet Sheet1` cannot be read"));
    let (delivery, _) = pulled(&named("[\"行政编制\", \"编外人员\"]"), &start(&home)).await;
    assert_eq!(
        told(&delivery.unwrap_err()),
        format!(
            "file `{NAME}` cannot be read: it has no sheet `编外人员`, only 行政编制, 公益二类, Sheet1"
        )
    );
}
