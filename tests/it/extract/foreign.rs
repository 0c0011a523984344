//! Five workbooks of five offices that nobody told what a table is: each says the same of three units, and each
//! is read with a few keys.

use std::fs;

use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use tempfile::TempDir;

use crate::library::said;
use crate::library::shuping;
use crate::world::ask;

/// What every office says: unit, quarter, how many cases.
const SAID: [&str; 6] = [
    "市档案馆 Q1 12",
    "市档案馆 Q2 7",
    "市民政局 Q1 1204",
    "市民政局 Q2 980",
    "市科技局 Q1 0",
    "市科技局 Q2 31",
];

type Office = (&'static str, fn(&mut Workbook), &'static str);

const OFFICES: [Office; 5] = [
    ("a table that begins in the middle of the sheet, and a line for signatures", middle, MIDDLE),
    ("a sheet a unit, whose name is on the tab alone", tabs, TABS),
    ("a quarter is a column, below a year", wide, WIDE),
    ("a group of headers written in every cell, units merged, subtotals", repeated, REPEATED),
    ("a header of three rows, numbers as texts with blanks, a total that must hold", tall, TALL),
];

fn write(sheet: &mut Worksheet, (row, column): (u32, u16), cells: &[&str]) {
    for (at, cell) in (column..).zip(cells) {
        match cell.parse::<f64>() {
            Ok(number) => sheet.write(row, at, number).unwrap(),
            Err(_) => sheet.write(row, at, *cell).unwrap(),
        };
    }
}

fn middle(book: &mut Workbook) {
    let sheet = book.add_worksheet();
    write(sheet, (0, 3), &["2025年上半年办件统计"]);
    write(sheet, (2, 3), &["填报单位:政务服务中心", "", "单位:件"]);
    write(sheet, (5, 3), &["序号", "单  位", "季度", "办件\n数量", "备注"]);
    for (row, said) in (6_u32..).zip(SAID) {
        let parts: Vec<&str> = said.split(' ').collect();
        write(sheet, (row, 3), &[&(row - 5).to_string(), parts[0], parts[1], parts[2]]);
    }
    write(sheet, (13, 3), &["制表:", "", "审核:"]);
}

const MIDDLE: &str = r#"
grid = { header = 6, end = ["制表"] }
[stream.columns]
unit_id = "单位"
quarter = "季度"
cases = "办件数量"
"#;

fn tabs(book: &mut Workbook) {
    for two in SAID.chunks(2) {
        let unit = two[0].split(' ').next().unwrap();
        let sheet = book.add_worksheet().set_name(unit).unwrap();
        write(sheet, (0, 0), &["季度", "办件"]);
        for (row, said) in (1_u32..).zip(two) {
            let parts: Vec<&str> = said.split(' ').collect();
            write(sheet, (row, 0), &parts[1..]);
        }
        write(sheet, (3, 0), &["合计", "99"]);
    }
    let sheet = book.add_worksheet().set_name("汇总").unwrap();
    write(sheet, (0, 0), &["全市", "2234"]);
}

const TABS: &str = r#"
sheets = '市.*'
grid = { end = ["合计"] }
[stream.columns]
unit_id = "_sheet"
quarter = "季度"
cases = "办件"
"#;

fn wide(book: &mut Workbook) {
    let (sheet, plain) = (book.add_worksheet(), Format::new());
    sheet.merge_range(0, 0, 1, 0, "机构", &plain).unwrap();
    sheet.merge_range(0, 1, 0, 2, "2025年", &plain).unwrap();
    write(sheet, (1, 1), &["Q1", "Q2"]);
    for (row, two) in (2_u32..).zip(SAID.chunks(2)) {
        let of = |at: usize, part: usize| two[at].split(' ').nth(part).unwrap();
        write(sheet, (row, 0), &[of(0, 0), of(0, 2), of(1, 2)]);
    }
}

const WIDE: &str = r#"
grid = { header_rows = 2 }
unpivot = { columns = '2025年/Q\d', name = "_quarter", value = "_cases" }
[stream.columns]
unit_id = "机构"
quarter = { from = "_quarter", extract = '/(Q\d)' }
cases = "_cases"
"#;

fn repeated(book: &mut Workbook) {
    let (sheet, plain) = (book.add_worksheet(), Format::new());
    write(sheet, (0, 0), &["基本信息", "基本信息", "业务量"]);
    write(sheet, (1, 0), &["单位名称", "季度", "办件"]);
    for (row, two) in (2_u32..).step_by(3).zip(SAID.chunks(2)) {
        let unit = two[0].split(' ').next().unwrap();
        sheet.merge_range(row, 0, row + 1, 0, unit, &plain).unwrap();
        for (row, said) in (row..).zip(two) {
            let parts: Vec<&str> = said.split(' ').collect();
            write(sheet, (row, 1), &parts[1..]);
        }
        write(sheet, (row + 2, 0), &["小　计", "", "5"]);
    }
}

const REPEATED: &str = r#"
grid = { header_rows = 2, skip = ["小计"], fill_down = ["基本信息/单位名称"] }
[stream.columns]
unit_id = "基本信息/单位名称"
quarter = "基本信息/季度"
cases = "业务量/办件"
"#;

fn tall(book: &mut Workbook) {
    let (sheet, plain) = (book.add_worksheet(), Format::new());
    sheet.merge_range(0, 0, 2, 0, "单位(全称)", &plain).unwrap();
    sheet.merge_range(0, 1, 2, 1, "季度", &plain).unwrap();
    sheet.merge_range(0, 2, 0, 3, "政务服务", &plain).unwrap();
    sheet.merge_range(1, 2, 1, 3, "办件", &plain).unwrap();
    write(sheet, (2, 2), &["受理", "办结"]);
    for (row, said) in (3_u32..).zip(SAID) {
        let parts: Vec<&str> = said.split(' ').collect();
        write(sheet, (row, 0), &parts[..2]);
        sheet.write(row, 2, format!("　{} ", parts[2])).unwrap();
        sheet.write(row, 3, "—").unwrap();
    }
    write(sheet, (9, 0), &["共 6 行"]);
}

const TALL: &str = r#"
grid = { header_rows = 3, end = ["共 "], total = '共 (\d+) 行' }
ignore = ["政务服务/办件/办结"]
[stream.columns]
unit_id = "单位(全称)"
quarter = "季度"
cases = "政务服务/办件/受理"
"#;

const SETTINGS: &str = r#"
format = 1
[home]
name     = "offices"
title    = "Offices"
timezone = "Asia/Shanghai"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

/// A table that only this home has.
const COUNT: &str = r#"{
  "title": "办件统计",
  "fields": [
    {"name": "office", "type": "string", "title": "填报处", "constraints": {"required": true}},
    {"name": "unit_id", "type": "string", "title": "单位", "constraints": {"required": true}},
    {"name": "quarter", "type": "string", "title": "季度", "constraints": {"required": true}},
    {"name": "cases", "type": "integer", "title": "办件", "constraints": {"required": true}}
  ],
  "primaryKey": ["office", "unit_id", "quarter"]
}"#;

#[test]
fn five_offices_say_the_same_in_five_ways() {
    let folder = TempDir::new().unwrap();
    let home = folder.path();
    let put = |path: &str, bytes: &[u8]| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put("shuping.toml", SETTINGS.as_bytes());
    put("schemas/count.json", COUNT.as_bytes());
    for (office, (what, fill, keys)) in OFFICES.into_iter().enumerate() {
        let mut book = Workbook::new();
        fill(&mut book);
        put(&format!("drop/{office}/counts.xlsx"), &book.save_to_buffer().unwrap());
        let connector = format!(
            "# {what}\nformat = 1\n[system]\nname = \"office{office}\"\ntitle = \"Hall\"\nkind = \"files\"
            [files]\nat = \"drop/{office}\"\n[[stream]]\nname = \"counts\"\ninto = \"count\"
            file = 'counts.*'\nwrite = \"upsert\"\n{keys}office = {{ constant = \"{office}\" }}\n"
        );
        put(&format!("connectors/office{office}.toml"), connector.as_bytes());
    }
    let night = shuping(home, &["run", "--night", "2026-01-06"]);
    assert_eq!(night.status.code(), Some(0), "{}", said(&night));
    for (office, (what, ..)) in OFFICES.into_iter().enumerate() {
        let question = format!(
            "select unit_id, quarter, cases from count where office = '{office}' order by 1, 2"
        );
        let rows = ask(&home.join("var/warehouse.db"), &question);
        let rows: Vec<String> = rows.into_iter().map(|row| row.join(" ")).collect();
        let mut expected = SAID;
        expected.sort_unstable();
        assert_eq!(rows, expected, "{what}");
    }
}
