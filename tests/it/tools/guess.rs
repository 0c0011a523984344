//! Is what `init files` guesses of what offices hand in right enough that no row is lost and none stands at a wrong time?

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::told;
use crate::world::ask;

/// A home that begins from these files of its inbox; what was said, and the manifest.
pub(super) fn begun(home: &Path, files: &[(&str, &str)]) -> (String, String) {
    let inbox = home.join("inbox");
    fs::create_dir_all(&inbox).unwrap();
    for (name, text) in files {
        fs::write(inbox.join(name), text).unwrap();
    }
    let text = told(home, &["init", "files", &inbox.display().to_string()], 0);
    told(home, &["check"], 0);
    (text, fs::read_to_string(home.join("connectors/inbox.toml")).unwrap())
}

/// How many rows each stream brought in a night and kept as rows of their own, in the order of names.
fn kept(home: &Path) -> Vec<[String; 3]> {
    told(home, &["run", "--night", "2026-03-10", "--as-of", "2026-03-10"], 0);
    stood(home)
}

/// The same of the night that was.
fn stood(home: &Path) -> Vec<[String; 3]> {
    let question = "select stream, received, added from stream_night where stream not like '%_units' order by 1";
    let rows = ask(&home.join("var/warehouse.db"), question).into_iter();
    rows.map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect()
}

pub(super) fn has(text: &str, part: &str) {
    assert!(text.contains(part), "{part} is missing in\n{text}");
}

#[test]
fn a_report_whose_month_stands_in_its_name_keeps_every_month() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (text, manifest) = begun(
        home,
        &[
            ("用编月报202601.csv", "单位名称,在编人数,空编数\n甲局,10,1\n乙局,20,3\n"),
            ("用编月报202602.csv", "单位名称,在编人数,空编数\n甲局,11,0\n乙局,20,3\n"),
            ("窗口2025年第3季度.csv", "单位名称,受理量\n甲局,10\n"),
            ("窗口2025年第4季度.csv", "单位名称,受理量\n甲局,12\n"),
        ],
    );
    has(&text, "4 rows; key: 单位名称 + 文件名中的月份; time: 文件名中的月份; unit: 单位名称");
    has(&text, "2 rows; key: 单位名称 + 文件名中的季度; time: 文件名中的季度; unit: 单位名称");
    has(&manifest, r"file   = '用编月报(?<year>20\d{2})[-_.]?(?<month>0[1-9]|1[0-2])\.csv'");
    assert!(!manifest.contains("No columns tell all rows apart"), "{manifest}");
    let preview = told(home, &["preview", "inbox", "--rows", "50"], 0);
    has(&preview, "2026-02-01");
    has(&preview, "2025-10-01");
    assert!(!preview.contains(" 1 rows held back") && preview.contains(" 0 rows held back"));
    let rows = kept(home);
    assert_eq!(
        rows.iter().map(|row| [&*row[1], &*row[2]]).collect::<Vec<_>>(),
        [["4", "4"], ["2", "2"]]
    );
    let months = "select period, sum(value) from metric_value where metric like '%rows' and section_id is null \
        and length(period) = 7 and unit_id in ('甲局', '乙局') and value > 0 group by 1 order by 1";
    let months = ask(&home.join("var/warehouse.db"), months);
    let periods: Vec<&str> = months.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(periods, ["2025-07", "2025-10", "2026-01", "2026-02"], "{months:?}");
}

#[test]
fn what_somebody_is_since_is_no_time_of_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "工号,科室,出生日期,入编时间\nA1,综合科,1980-01-02,2010-05-01\nA2,综合科,1985-03-04,2012-07-01\n";
    let (text, _) = begun(folder.path(), &[("名册.csv", rows)]);
    has(&text, "2 rows; key: 工号; time: 20");
    assert!(!text.contains("time: 入编时间") && !text.contains("time: 出生日期"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (text, manifest) = begun(
        folder.path(),
        &[("名册_20260131.csv", rows), ("名册_20260228.csv", &rows.replace("A2", "A3"))],
    );
    has(&text, "4 rows; key: 工号 + 文件名中的日期; time: 文件名中的日期");
    has(&manifest, "file_day           = { sql = ");
    assert_eq!(kept(folder.path())[0][1..], ["4", "4"]);
    // A day on which something happened is one.
    let folder = tempfile::tempdir().unwrap();
    let rows = "工号,科室,入编时间,办理日期\nA1,综合科,2010-05-01,2026-01-05\nA2,综合科,2012-07-01,2026-01-06\n";
    let (text, manifest) = begun(folder.path(), &[("变动202601.csv", rows)]);
    has(&text, "2 rows; key: 工号; time: 办理日期");
    has(&manifest, r"file   = '变动\d{6}\.csv'");
}

#[test]
fn who_called_and_who_answered_is_not_read_and_how_many_did_is() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "工单编号,来电人,诉求人,话务员工号,承办单位,受理日期,来电人数\n\
        G1,某甲,某甲,A17,市水利局,2026-01-05,1\nG2,某乙,某丙,A18,市民政局,2026-01-06,2\n";
    let (text, manifest) = begun(folder.path(), &[("热线.csv", rows)]);
    has(&text, "2 rows; key: 工单编号; time: 受理日期; unit: 承办单位");
    has(&manifest, r#"ignore = ["来电人", "诉求人", "话务员工号"]   # these look like persons'"#);
    has(&manifest, r#"= "来电人数""#);
    // The number of somebody that is the key of a list is read as a pseudonym.
    let folder = tempfile::tempdir().unwrap();
    let rows = "工号,科室,办理量\nA17,综合科,5\nA18,综合科,7\n";
    let (text, manifest) = begun(folder.path(), &[("窗口.csv", rows)]);
    has(&text, "2 rows; key: 工号;");
    has(&manifest, r#"{ from = "工号", identity = "opaque" }"#);
}

#[test]
fn free_text_with_numbers_of_people_is_not_read_and_no_file_is_told_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let roster = "证件号码,科室,备注\n519902198506061051,综合科,联系某甲 电话 13800134000\n\
        519902199001011238,综合科,身份证519902199001011238\n";
    let calls = "单号,承办单位,内容,受理日期\nG1,市水利局,噪音扰民,2026-01-05\n\
        G2,市水利局,市民某乙反映 13800134001,2026-01-06\nG3,市民政局,路灯不亮,2026-01-06\n";
    let (text, manifest) =
        begun(home, &[("甄宓钰_519902198506061051.csv", roster), ("办件甲13800134005.csv", calls)]);
    // Remarks tell every row apart, and are no key: the number is, as a pseudonym.
    has(&text, "2 rows; key: 证件号码;");
    has(&text, "not read, for they look like persons': 备注");
    has(&text, "3 rows; key: 单号; time: 受理日期; unit: 承办单位");
    has(&text, "not read, for they look like persons': 内容");
    has(&manifest, r#"{ from = "证件号码", identity = "cn_id" }"#);
    has(&manifest, r"甄宓钰_\d{18}\.csv");
    assert!(!manifest.contains("file_no") && !manifest.contains("title  = \"甄"), "{manifest}");
    let preview = told(home, &["preview", "inbox", "--rows", "50"], 0);
    let all = format!("{text}{manifest}{preview}");
    for number in ["519902198506061051", "13800134000", "13800134001", "13800134005"] {
        assert!(!all.contains(number), "{number}\n{all}");
    }
}

#[test]
fn a_cell_that_came_to_nothing_and_a_percentage_make_no_column_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let rows = "单号,件数,办结率,办结日期\nA1,5,98.5%,2026-01-05\nA2,#N/A,#DIV/0!,2026-01-06\nA3,7,100%,#REF!\n";
    let (_, manifest) = begun(home, &[("办结.csv", rows)]);
    let schema = fs::read_dir(home.join("schemas")).unwrap().next().unwrap().unwrap().path();
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let kind = |title: &str| {
        let fields = schema["fields"].as_array().unwrap();
        fields.iter().find(|field| field["title"] == title).unwrap()["type"].clone()
    };
    assert_eq!([kind("件数"), kind("办结率"), kind("办结日期")], ["integer", "number", "date"]);
    // It is no word for nothing: the row is told.
    assert!(!manifest.contains("empty  ="), "{manifest}");
}

#[test]
fn a_header_of_groups_without_merged_cells_has_two_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (_, manifest) = begun(
        folder.path(),
        &[
            (
                "窄.csv",
                "序号,单位,办件,,评价,\n,,受理,办结,好评,差评\n1,甲局,5,4,3,1\n2,乙局,7,7,6,0\n",
            ),
            (
                "宽.csv",
                "2026年办件统计表,,,,,,\n单位,办件,,,评价,,\n,收件,受理,办结,好评,中评,差评\n甲局,6,5,4,3,1,0\n乙局,7,7,7,6,0,1\n",
            ),
        ],
    );
    has(&manifest, "grid   = { header = 1, header_rows = 2 }");
    has(&manifest, "grid   = { header = 2, header_rows = 2 }");
    for header in ["办件/办结", "评价/好评", "评价/差评", "办件/受理", "评价/中评"]
    {
        has(&manifest, &format!("\"{header}\""));
    }
    assert_eq!(kept(folder.path()).iter().map(|row| &*row[2]).collect::<Vec<_>>(), ["2", "2"]);
    // Words below a header with a gap are a row.
    let folder = tempfile::tempdir().unwrap();
    let rows = "单位,科室,,备注\n甲局,综合科,二楼,\n乙局,办公室,三楼,\n";
    let (text, manifest) = begun(folder.path(), &[("科室.csv", rows)]);
    has(&text, "2 rows;");
    has(&manifest, "grid   = { header = 1 }");
}

#[test]
fn a_unit_that_is_named_once_a_group_is_that_of_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "单位,事项,受理日期,件数\n甲局,许可,2026-01-05,5\n,备案,2026-01-06,7\n,年检,2026-01-07,1\n\
        乙局,许可,2026-01-05,2\n,备案,2026-01-06,3\n合计,,,18\n";
    let (text, manifest) = begun(folder.path(), &[("台账.csv", rows)]);
    has(&manifest, r#"end = ["合计"], fill_blank = ["单位"] }"#);
    has(&text, "5 rows; key: 单位 + ");
    has(&text, "; unit: 单位;");
    assert_eq!(kept(folder.path())[0][2], "5");
    // A remark that one row has is none.
    let folder = tempfile::tempdir().unwrap();
    let rows = "单位,说明,件数\n甲局,补报,5\n乙局,,7\n丙局,,1\n";
    let (_, manifest) = begun(folder.path(), &[("报表.csv", rows)]);
    assert!(!manifest.contains("fill_blank"), "{manifest}");
}

#[test]
fn a_key_tells_all_rows_of_all_files_apart_and_none_does_so_by_chance() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    // Of each unit four quarters; how many there were is other in every row.
    let row = |nth: usize| {
        let (unit, quarter) = (["甲局", "乙局", "丙局"][nth / 4], nth % 4 + 1);
        format!("{quarter}季度,{},{unit}\n", 100 + nth)
    };
    let rows = (0..12).map(row).collect::<String>();
    let rows = format!("季度,受理量,承办单位\n{rows}");
    let half = "事项,承办单位,备注\n采购,甲局,\n采购,甲局,\n采购,乙局,\n";
    let (text, manifest) = begun(home, &[("季报.csv", &rows), ("事项.csv", half)]);
    has(&text, "12 rows; key: 承办单位 + 季度;");
    has(
        &manifest,
        "# No columns tell all rows apart. By this key 2 of 3 are: the others are taken for the same rows.",
    );
    let kept = kept(home);
    assert!(kept.iter().any(|row| row[1..] == ["12", "12"]), "{kept:?}");
    // What tells the rows of one file apart, and not those of the next, is no key.
    let folder = tempfile::tempdir().unwrap();
    let one = "科目,额度\n差旅,10\n培训,20\n";
    let (text, _) =
        begun(folder.path(), &[("预算甲.csv", one), ("预算乙.csv", &one.replace('0', "1"))]);
    has(&text, "key: 科目 + 额度;");
}

#[test]
fn a_sum_that_stands_first_ends_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let rows = "部门,件数\n合计,30\n甲局,10\n乙局,20\n填表人:某,\n";
    let (text, manifest) =
        begun(home, &[("件数.csv", rows), ("条数.csv", "部门,条数\n合　计,3\n甲局,3\n合计,3\n")]);
    has(&text, "2 rows; key: 部门;");
    has(&text, "1 rows; key: 部门;");
    has(&manifest, r#"grid   = { header = 1, skip = ["合计"], end = ["填表人"] }"#);
    has(&manifest, r#"grid   = { header = 1, skip = ["合计"] }"#);
    let preview = told(home, &["preview", "inbox", "--rows", "50"], 0);
    has(&preview, "甲局");
    has(&preview, "乙局");
}

#[test]
fn a_sum_that_stands_first_in_one_month_and_last_in_another_ends_neither() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (text, manifest) = begun(
        home,
        &[
            ("件数202601.csv", "部门,件数\n甲局,10\n乙局,20\n合计,30\n填表人:某,\n"),
            ("件数202602.csv", "部门,件数\n合计,33\n甲局,11\n乙局,22\n填表人:某,\n"),
        ],
    );
    has(&text, "4 rows; key: 部门 + 文件名中的月份;");
    has(&manifest, r#"grid   = { header = 1, skip = ["合计"], end = ["填表人"] }"#);
    assert_eq!(kept(home)[0][2], "4");
}

/// What `init` says of one file, and where its table stands.
fn placed(rows: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (text, manifest) = begun(folder.path(), &[("件数.csv", rows)]);
    let grid = manifest.lines().find(|line| line.starts_with("grid")).unwrap();
    (text, grid.to_owned())
}

#[test]
fn who_signs_below_a_table_ends_it_and_an_item_of_that_name_does_not() {
    let rows =
        "单位,月份,件数,办结数\n甲局,2026-01,10,9\n其中村,2026-01,10,9\n经办中心,2026-01,10,9\n";
    let feet = "单位负责人：李四,,制表：王五,\n填报日期：2026年2月3日,,联系电话：0571-88888888,\n\
        经办：张三,复核：赵六,日期,2026.2.3\n（公章）,,,\n";
    let (text, grid) = placed(&format!("{rows}{feet}"));
    has(&text, "3 rows; key: 单位 + 月份;");
    has(&grid, r#"end = ["(公章)", "单位负责人:", "填报日期:", "经办:"]"#);
    assert!(!text.contains("李四") && !grid.contains("李四") && !grid.contains("张三"), "{grid}");
    let items = "事项,件数,办结数\n注销登记,10,9\n负责人变更登记,12,11\n审核人变更登记,7,6\n";
    let (text, grid) = placed(items);
    has(&text, "3 rows; key: 事项;");
    assert!(!grid.contains("end"), "{grid}");
    let (text, grid) = placed(&format!("{items}负责人：李四,,\n"));
    has(&text, "3 rows; key: 事项;");
    has(&grid, r#"end = ["负责人:"]"#);
}

#[test]
fn sums_of_some_rows_are_filtered_and_end_nothing() {
    let group = |unit: &str| format!("{unit},网办,3\n{unit},窗口,4\n{unit},自助,5\n,合计,12\n");
    let rows = format!("单位,渠道,件数\n{}{}总计,,24\n", group("甲局"), group("乙局"));
    let (text, grid) = placed(&rows);
    has(&text, "6 rows; key: 单位 + 渠道;");
    has(&grid, r#"skip = ["合计"], end = ["总计"]"#);
    let rows = "单位,受理,办结\n甲局,1,1\n其中：网办,1,0\n机关合计,1,1\n乙局,2,2\n其中村,3,2\n\
        全市合计,6,5\n注：含代办件。,,\n";
    let (text, grid) = placed(rows);
    has(&text, "3 rows; key: 单位;");
    has(&grid, r#"skip = ["全市合计", "其中:", "机关合计"], end = ["注:"]"#);
    // A sum in the middle, and what the last one is held against.
    let middle = "单位,件数\n甲局,1\n乙局,2\n合计,3\n丙局,4\n丁局,5\n戊局,6\n";
    has(&placed(middle).1, r#"skip = ["合计"] }"#);
    let (text, grid) = placed("单位,件数\n甲局,1\n乙局,2\n合计,3\n上年同期,4\n同比,5\n环比,6\n");
    has(&text, "2 rows; key: 单位;");
    has(&text, "left out: 件数.csv row 5: 3 rows below the row that ends the table");
    has(&grid, r#"end = ["合计"]"#);
}

#[test]
fn what_a_page_begins_and_ends_with_is_no_row() {
    let page = |from: usize| {
        let row = |nth: usize| format!("{nth},甲局{nth},事项{nth},{nth}0\n");
        let rows: String = (from..from + 3).map(row).collect();
        let page = from / 3 + 1;
        format!("办件台账,,,\n序号,单位,事项,件数\n{rows},小计,,60\n第{page}页 共3页,,,\n")
    };
    let folder = tempfile::tempdir().unwrap();
    let rows: String = [1, 4, 7].map(page).concat();
    let rows = format!("{rows},总计,,450\n填表人：张三,,审核人：李四,\n");
    let (text, manifest) = begun(folder.path(), &[("台账.csv", &rows)]);
    has(&text, "9 rows; key: 单位;");
    has(&manifest, r#"grid   = { header = 2, skip = ["小计"], end = ["填表人", "总计"] }"#);
    assert_eq!(kept(folder.path())[0][2], "9");
}

#[test]
fn another_table_below_the_first_is_told_and_not_read_with_it() {
    let table = |names: &str| format!("{names}\n甲局,10,9\n乙局,11,10\n丙局,12,11\n");
    let one = table("单位,受理,办结");
    for (between, other, end) in [
        ("表二：投诉情况,,\n", "单位,投诉,办理", r#""表二""#),
        ("2026年投诉情况,,\n", "部门,投诉,办理", r#""2026年投诉情况", "部门""#),
        ("\n", "部门,投诉,办理", r#""部门""#),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let rows = format!("表一：办件情况,,\n{one}{between}{}", table(other));
        let (text, manifest) = begun(folder.path(), &[("办件.csv", &rows)]);
        has(&text, "3 rows; key: 单位;");
        has(&text, " rows below the row that ends the table: are they another one?");
        has(&manifest, &format!("grid   = {{ header = 2, end = [{end}] }}"));
        let night = told(folder.path(), &["run", "--night", "2026-03-10"], 0);
        has(&night, "rows below the row that ends a table; nobody reads them");
        assert_eq!(stood(folder.path())[0][1], "3");
    }
    // A row that tells in words that nothing was counted is one of the first.
    let rows = format!("{one}\n丁局,未报,未报\n一、县区,,\n戊局,未报,未报\n己局,1,1\n");
    let (text, grid) = placed(&rows);
    has(&text, "7 rows; key: 单位");
    assert!(!grid.contains("end"), "{grid}");
}

#[test]
fn a_header_beside_stray_columns_is_found_and_two_tables_side_by_side_are_told() {
    let said = |row: usize| if row.is_multiple_of(3) { "见附件" } else { "" };
    let row = |row: usize| format!("甲{row}局,{row},,{row},,,{}", said(row));
    let rows = (1..9).map(row).collect::<Vec<_>>().join("\n");
    let (text, grid) = placed(&format!("情况表,,,,,,\n单位,受理,,办结,,备注,\n{rows}\n"));
    has(&text, "8 rows; key: 单位");
    has(&grid, "header = 2");
    let folder = tempfile::tempdir().unwrap();
    let two = "单位,受理,办结,,单位,受理,办结\n甲局,1,1,,乙局,2,2\n丙局,1,1,,丁局,2,2\n";
    let files = [
        ("一.csv", two),
        ("二.csv", "单位,受理,率,办结,率\n甲局,1,1,1,1\n"),
        ("三.csv", "名,值\n甲,1\n"),
    ];
    let (text, _) = begun(folder.path(), &files);
    has(&text, "一.csv: columns 1 and 5 are both named `单位`: are two tables side by side?");
    has(&text, "二.csv: columns 3 and 5 are both named `率`");
    assert!(!text.contains("`率`: are two"), "{text}");
}
