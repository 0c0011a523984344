//! Is what `init files` guesses of what offices hand in right enough that no row is lost and none stands at a wrong time?

use std::fs;
use std::path::Path;

use super::told;
use crate::world::ask;

/// A home that begins from these files of its inbox; what was said, and the manifest.
fn begun(home: &Path, files: &[(&str, &str)]) -> (String, String) {
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
    let question = "select stream, received, added from stream_night where stream not like '%_units' order by 1";
    let rows = ask(&home.join("var/warehouse.db"), question).into_iter();
    rows.map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect()
}

fn has(text: &str, part: &str) {
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
