//! Does what the names of files and sheets say keep rows apart, so that the next one takes the place of none?

use std::fs;
use std::path::Path;

use rust_xlsxwriter::Workbook;

use super::guess::begun;
use super::guess::has;
use super::told;
use crate::world::ask;

fn night(home: &Path, day: &str) -> String {
    told(home, &["run", "--night", day, "--as-of", day], 0)
}

fn rows(home: &Path, question: &str) -> Vec<String> {
    let rows = ask(&home.join("var/warehouse.db"), question).into_iter();
    rows.map(|row| row.join(" ")).collect()
}

/// A workbook of sheets with rows of texts.
fn book(path: &Path, sheets: &[(&str, &[&[&str]])]) {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(*cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    book.save(path).unwrap();
}

#[test]
fn the_next_file_takes_the_place_of_none_however_its_name_counts() {
    let cases = [
        (["2025.3cases.csv", "2025.12cases.csv"], "file_month", ["2025-03-01", "2025-12-01"]),
        (["2025-3calls.csv", "2025-4calls.csv"], "file_month", ["2025-03-01", "2025-04-01"]),
        (["25年3月visits.csv", "25年4月visits.csv"], "file_month", ["2025-03-01", "2025-04-01"]),
        (
            ["2025年三月loans.csv", "2025年十二月loans.csv"],
            "file_month",
            ["2025-03-01", "2025-12-01"],
        ),
        (
            ["2025年1-3月taxes.csv", "2025年1-6月taxes.csv"],
            "file_month",
            ["2025-03-01", "2025-06-01"],
        ),
        (
            ["2025年上半年trips.csv", "2025年下半年trips.csv"],
            "file_half_year",
            ["2025-01-01", "2025-07-01"],
        ),
        (["3月tests.csv", "4月tests.csv"], "file_no", ["3", "4"]),
        (
            ["2025年第10周walks.csv", "2025年第11周walks.csv"],
            "file_no",
            ["2025年第10", "2025年第11"],
        ),
    ];
    let header = |name: &str| {
        let stem = name.trim_end_matches(".csv");
        stem.trim_start_matches(|c: char| !c.is_ascii_lowercase()).to_owned()
    };
    let text = |name: &str| format!("单位,{}\n甲局,10\n乙局,20\n", header(name));
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let firsts: Vec<(&str, String)> =
        cases.iter().map(|(names, ..)| (names[0], text(names[0]))).collect();
    let firsts: Vec<(&str, &str)> =
        firsts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    begun(home, &firsts);
    night(home, "2026-02-10");
    for (names, ..) in &cases {
        fs::write(home.join("inbox").join(names[1]), text(names[1])).unwrap();
    }
    night(home, "2026-02-11");
    for (names, column, values) in &cases {
        let header = header(names[0]);
        let tables = format!(
            "select m.name from sqlite_master m join pragma_table_info(m.name) c \
             where m.type = 'table' and m.name like 'inbox_%' and c.name = '{header}'"
        );
        let table = rows(home, &tables).concat();
        let question = format!(
            "select {column}, count(*) from {table} group by 1 order by length({column}), 1"
        );
        let expected = values.map(|value| format!("{value} 2"));
        assert_eq!(rows(home, &question), expected, "{names:?}");
    }
}

#[test]
fn several_files_whose_names_count_have_no_key_by_chance() {
    let folder = tempfile::tempdir().unwrap();
    let (text, manifest) = begun(
        folder.path(),
        &[
            ("3月月报.csv", "单位,办件数\n甲局,10\n乙局,20\n"),
            ("4月月报.csv", "单位,办件数\n甲局,11\n乙局,20\n"),
        ],
    );
    has(&text, "4 rows; key: 文件名中的编号 + 单位;");
    has(&manifest, r"file   = '(?<no>\d+)月月报\.csv'");
}

#[test]
fn a_corrected_file_takes_the_place_of_all_that_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let whole = "单位,figures\n甲局,10\n乙局,20\n丙局,30\n";
    let (_, manifest) = begun(
        home,
        &[
            ("figures202501.csv", whole),
            ("figures202502.csv", &whole.replace('0', "1")),
            // Of two offices each sends its own: neither is the whole month.
            ("甲parts202501.csv", "单位,parts\n甲局,1\n"),
            ("乙parts202501.csv", "单位,parts\n乙局,1\n"),
        ],
    );
    has(&manifest, "write  = \"snapshot\"\nwithin = [\"file_month\"]\n");
    night(home, "2026-02-10");
    let inbox = home.join("inbox");
    fs::write(inbox.join("figures202501.csv"), "单位,figures\n甲局,10\n丁局,20\n").unwrap();
    fs::write(inbox.join("甲parts202501.csv"), "单位,parts\n甲局,2\n").unwrap();
    night(home, "2026-02-11");
    let question =
        "select file_month, count(*), sum(figures) from inbox_figures group by 1 order by 1";
    assert_eq!(rows(home, question), ["2025-01-01 2 30", "2025-02-01 3 63"]);
    assert_eq!(rows(home, "select sum(parts) from inbox_parts"), ["3"]);
}

#[test]
fn the_sheet_of_the_next_month_is_read_beside_those_before() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let month: &[&[&str]] = &[&["单位", "cases"], &["甲局", "10"], &["乙局", "20"]];
    let note: &[&[&str]] = &[&[
        "本表由各区县填报,请勿改动表头,如有疑问请与市局联系,谢谢配合与支持,填报完毕请于每月五日前报送",
    ]];
    let wide: &[&[&str]] = &[&["单位", "calls"], &["甲局", "10"], &["乙局", "20"]];
    let (cases, calls) = (home.join("inbox/cases.xlsx"), home.join("inbox/calls.xlsx"));
    book(&cases, &[("1月", month), ("2月", month)]);
    book(&calls, &[("1月", wide), ("说明", note)]);
    let (text, manifest) = begun(home, &[]);
    has(&text, "(cases): 4 rows; key: 单位 + _sheet;");
    has(&text, "2 rows; key: 单位 + _sheet;");
    // Where all sheets are of one form a further one is not passed by.
    assert_eq!(manifest.matches("sheets = ").count(), 2, "{manifest}");
    has(&manifest, r"sheets = '\d+月'");
    night(home, "2026-02-10");
    book(&cases, &[("1月", month), ("2月", month), ("3月", month)]);
    book(&calls, &[("1月", wide), ("2月", wide), ("说明", note)]);
    night(home, "2026-02-11");
    let question = "select stream, sum(added) from stream_night where stream not like '%_units' group by 1 order by 1";
    let added = rows(home, question);
    assert!(added[0].ends_with(" 4") && added[1].ends_with(" 6"), "{added:?}");
}

/// Once and not once a stream; what is called 说明, is empty or is ignored is meant so.
#[test]
fn a_new_sheet_beside_those_that_are_read_is_told_and_not_named() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let roads: &[&[&str]] =
        &[&["编号", "单位", "长度"], &["R1", "甲局", "5"], &["R2", "乙局", "7"]];
    let bridges: &[&[&str]] = &[&["桥号", "单位", "跨数"], &["B1", "甲局", "3"]];
    let named: [(&str, &[&[&str]]); 3] =
        [("道路", roads), ("桥梁", bridges), ("说明", &[&["单位:公里"]])];
    book(&home.join("inbox/设施202601.xlsx"), &named);
    let (_, manifest) = begun(home, &[]);
    assert_eq!(manifest.matches("sheets = ").count(), 4, "{manifest}");
    let words = "sheets of a workbook that no stream reads";
    let first = night(home, "2026-02-10");
    assert!(!first.contains(words), "{first}");
    let tunnels: [(&str, &[&[&str]]); 3] =
        [("隧道(新)", &[&["隧道", "单位"], &["T1", "甲局"]]), ("备用", bridges), ("Sheet6", &[])];
    let path = home.join("connectors/inbox.toml");
    fs::write(&path, manifest.replace("[files]\n", "[files]\nignore = ['备.*']\n")).unwrap();
    book(&home.join("inbox/设施202602.xlsx"), &[&named[..], &tunnels].concat());
    let second = night(home, "2026-02-11");
    let lines: Vec<&str> = second.lines().filter(|line| line.contains(words)).collect();
    assert_eq!(lines.len(), 1, "{second}");
    assert!(lines[0].contains("设施202602.xlsx") && lines[0].trim().ends_with('1'), "{second}");
    assert!(!second.contains("隧道"), "{second}");
}

#[test]
fn a_sheet_is_the_unit_where_no_column_is() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let rows_of: &[&[&str]] =
        &[&["日期", "事项", "件数"], &["2026-01-05", "会议", "5"], &["2026-01-06", "培训", "5"]];
    let path = home.join("inbox/台账202601.xlsx");
    book(&path, &[("财政局", rows_of), ("民政局", rows_of), ("教育局", rows_of)]);
    let (text, manifest) = begun(home, &[]);
    has(&text, "6 rows; key: _sheet + ");
    has(&text, "; unit: _sheet;");
    assert!(!manifest.contains("sheets = "), "{manifest}");
    // What the same units did again in the next month stands beside it.
    let next: Vec<Vec<String>> = rows_of
        .iter()
        .map(|row| row.iter().map(|cell| cell.replace("2026-01", "2026-02")).collect())
        .collect();
    let next: Vec<Vec<&str>> =
        next.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let next: Vec<&[&str]> = next.iter().map(Vec::as_slice).collect();
    night(home, "2026-02-10");
    book(&home.join("inbox/台账202602.xlsx"), &[("财政局", &next), ("民政局", &next)]);
    night(home, "2026-03-10");
    let question =
        "select stream, sum(added) from stream_night where stream not like '%_units' group by 1";
    let added = rows(home, question);
    assert!(added[0].ends_with(" 10"), "{added:?}");
    let units = "select unit_id from unit where unit_id like '%局' order by 1";
    assert_eq!(rows(home, units).len(), 3);
}
