//! Grades and work logs, night after night, from a database.

use std::collections::BTreeSet;
use std::fs;

use shuping::model::delivery::Equation;
use shuping::spec::connector::read_connector;

use super::World;
use super::reasons;

/// Invented people of no region: their numbers pass the check.
const ANN: &str = "519902198703051231";
const BEN: &str = "51990219900101457X";

const GRADES: &str = "
create table V_PSKH_JG (SFZH char(18), DWDM text, KHND char(4), KHZQ text, KHDC text,
                        KHDF decimal(5, 2), KHSJ date, SCBZ text, GXSJ datetime, XM text);
";

fn grade(person: &str, period: (&str, &str), grade: &str, changed: &str) -> String {
    let (year, part) = period;
    format!(
        "insert into V_PSKH_JG values ('{person}', 'U1', '{year}', '{part}', {grade}, 92.5, \
         '2025-10-20', '0', '{changed} 09:00:00', '某某');"
    )
}

const COLUMNS: [&str; 5] = ["period", "kind", "ends_on", "grade", "score"];

#[tokio::test(flavor = "multi_thread")]
async fn grades_are_read_by_the_kind_of_their_period_and_deletions_are_followed() {
    let world = World::new();
    let grades = (world.connector("appraisal"), "grades");
    let rows = [
        GRADES.to_owned(),
        grade(ANN, ("2025", "Q3"), "'A'", "2025-10-20"),
        grade(ANN, ("2025", "ND"), "'1'", "2026-01-04"),
        grade(BEN, ("2025", "Q3"), "'好'", "2025-10-20"), // F16
        grade(BEN, ("2025", "Q2"), "null", "2025-07-20"), // cleared
        grade(BEN, ("2025", "ND"), "'A'", "2026-01-04"),  // a quarter's letter for a year
        grade("51990219870305123", ("2025", "Q1"), "'B'", "2025-04-20"), // 17 digits
        grade(BEN, ("2025", "Q1"), "'甲'", "2025-04-20"), // a word nobody knows
        grade(ANN, ("2024", "Q4"), "'D'", "2025-01-20"),
        "update V_PSKH_JG set SCBZ = '1', KHDC = null where KHND = '2024';".to_owned(),
    ];
    world.run(&rows.concat()).await;
    let told = world.night(grades, "2026-01-06", None).await.unwrap();
    assert_eq!(told.total, Some(8));
    // The deleted grade was never known, so that nothing changes.
    let expected = Equation { added: 5, unchanged: 1, quarantined: 2, ..Equation::default() };
    assert_eq!(told.equation, expected);
    let why: BTreeSet<String> = told.judged.quarantined.iter().map(|q| q.reason.clone()).collect();
    assert!(why.contains("grade_of_another_period") && why.iter().any(|r| r.starts_with("id_")));
    assert_eq!(told.judged.noticed[&("unmapped".to_owned(), "grade=甲".to_owned())], 1);
    let first = [
        "2025 year 2025-12-31 excellent 92.50",
        "2025Q1 quarter 2025-03-31 - 92.50",
        "2025Q2 quarter 2025-06-30 - 92.50",
        "2025Q3 quarter 2025-09-30 good 92.50",
        "2025Q3 quarter 2025-09-30 good 92.50",
    ];
    assert_eq!(world.table("appraisal", &COLUMNS), first);

    // A deletion is a row of its own; it is followed, twice the same.
    let delete = format!(
        "update V_PSKH_JG set SCBZ = '1', GXSJ = '2026-01-06 09:00:00' \
         where SFZH = '{BEN}' and KHZQ = 'Q3';"
    );
    world.run(&delete).await;
    let since = Some("2026-01-06T01:55:00+08:00");
    for _ in 0..2 {
        let told = world.night(grades, "2026-01-07", since).await.unwrap();
        let equation = told.equation;
        assert_eq!((equation.changed, equation.deleted, equation.quarantined), (1, 0, 1));
        assert_eq!(world.table("appraisal", &COLUMNS).len(), 4);
    }

    // F19: a grade changed and another went, and no time tells it; once a month all is asked for.
    let silent = format!(
        "update V_PSKH_JG set KHDC = '2' where SFZH = '{ANN}' and KHZQ = 'ND'; \
         delete from V_PSKH_JG where SFZH = '{ANN}' and KHZQ = 'Q3';"
    );
    world.run(&silent).await;
    let since = Some("2026-01-31T01:55:00+08:00");
    let told = world.night(grades, "2026-02-01", since).await.unwrap();
    assert_eq!(told.equation, Equation::default());
    let told = world.night(grades, "2026-02-02", None).await.unwrap();
    assert_eq!((told.equation.changed, told.equation.deleted), (1, 1));
    let last = [
        "2025 year 2025-12-31 competent 92.50",
        "2025Q1 quarter 2025-03-31 - 92.50",
        "2025Q2 quarter 2025-06-30 - 92.50",
    ];
    assert_eq!(world.table("appraisal", &COLUMNS), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_row_keeps_the_last_good_version_of_its_key() {
    let world = World::new();
    let grades = (world.connector("appraisal"), "grades");
    let rows = [GRADES.to_owned(), grade(ANN, ("2025", "ND"), "'1'", "2026-01-04")];
    world.run(&rows.concat()).await;
    world.night(grades, "2026-01-06", None).await.unwrap();
    world.run("update V_PSKH_JG set KHDC = 'A', KHND = KHND;").await;
    let told = world.night(grades, "2026-02-01", None).await.unwrap();
    assert_eq!((told.equation.quarantined, told.equation.deleted), (1, 0));
    assert_eq!(world.table("appraisal", &["grade"]), ["excellent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_view_of_grades_becomes_a_row_for_each_period() {
    let world = World::new();
    let wide = fs::read_to_string("connectors/appraisal.toml").unwrap();
    let commented = |line: &str| wide.contains(&format!("#   {line}"));
    let unpivot = r#"unpivot = { columns = ["JD1", "JD2", "JD3", "JD4", "NDDC"], name = "_KHZQ", value = "_KHDC" }"#;
    assert!(commented(unpivot), "the manifest shows another alternative than the one tested");
    for columns in
        [unpivot, &unpivot.replace(r#"["JD1", "JD2", "JD3", "JD4", "NDDC"]"#, "'JD\\d|NDDC'")]
    {
        let text = format!(
            r#"
format = 1
[system]
name = "appraisal"
title = "x"
kind = "sql"
[sql]
url = "${{env:APPRAISAL_URL}}"
[[stream]]
name = "grades"
into = "appraisal"
view = "V_PSKH_HZ"
key = ["SFZH", "KHND"]
{columns}
where = "_KHDC IS NOT NULL"
write = "upsert"
[stream.columns]
person_id = {{ from = "SFZH", identity = "cn_id" }}
period = {{ sql = "CASE WHEN _KHZQ = 'NDDC' THEN KHND ELSE KHND || 'Q' || SUBSTR(_KHZQ, 3, 1) END" }}
kind = {{ sql = "CASE WHEN _KHZQ = 'NDDC' THEN 'year' ELSE 'quarter' END" }}
ends_on = {{ sql = "KHND || '-12-31'" }}
grade = {{ from = "_KHDC", values = {{ A = "good", B = "fair", "1" = "excellent" }} }}
"#
        );
        let connector = read_connector("connectors/wide.toml", &text).unwrap();
        let world = World::new();
        let rows = format!(
            "create table V_PSKH_HZ (SFZH, KHND, JD1, JD2, JD3, JD4, NDDC); \
             insert into V_PSKH_HZ values ('{ANN}', '2025', 'A', 'B', 'B', null, '1'), \
             ('{BEN}', '2025', null, null, null, null, null);"
        );
        world.run(&rows).await;
        let told = world.night((&connector, "grades"), "2026-01-06", None).await.unwrap();
        // Two rows came and became ten, of which six hold no grade.
        let expected = Equation { exploded: 8, added: 4, filtered: 6, ..Equation::default() };
        assert_eq!((told.total, told.equation), (Some(2), expected));
        let grades = ["2025 excellent", "2025Q1 good", "2025Q2 fair", "2025Q3 fair"];
        assert_eq!(world.table("appraisal", &["period", "grade"]), grades);
    }
    drop(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_logs_of_no_possible_day_are_quarantined_and_withdrawn_ones_go() {
    let world = World::new();
    let logs = (world.connector("appraisal"), "logs");
    let row = |id: u32, hours: &str, day: &str, state: u32| {
        format!(
            "insert into V_GZJS values ({id}, '{ANN}', 'U1', 'S1', null, '{day}', {hours}, 2, 1, \
             {state}, '2026-01-05 18:00:00');"
        )
    };
    let rows = [
        "create table V_GZJS (LSH int, SFZH text, DWDM text, KSDM text, ZZDM text, GZRQ date, \
         GS decimal(4, 1), SL int, LSJB int, ZT int, GXSJ datetime);"
            .to_owned(),
        row(1, "7.5", "2026-01-05", 1),
        row(2, "24", "2026-01-05", 2),
        row(3, "24.5", "2026-01-05", 1),
        row(4, "0", "2026-01-05", 1),
        row(5, "-1", "2026-01-05", 1),
        row(6, "8", "2026-01-06", 1),
        row(7, "99", "2027-01-01", 9), // withdrawn: nothing but its key matters
    ];
    world.run(&rows.concat()).await;
    let told = world.night(logs, "2026-01-06", None).await.unwrap();
    let expected = Equation { added: 2, unchanged: 1, quarantined: 4, ..Equation::default() };
    assert_eq!(told.equation, expected);
    assert_eq!(
        reasons(&told.judged),
        [
            "3 hours out_of_range",
            "5 hours out_of_range",
            "4  hours_of_no_day",
            "6  worked_in_the_future"
        ]
    );
    let columns = ["log_id", "worked_on", "hours", "quantity", "temporary", "state", "duty_id"];
    assert_eq!(
        world.table("work_log", &columns),
        ["1 2026-01-05 7.5 2 true submitted -", "2 2026-01-05 24.0 2 true confirmed -"]
    );
    world.run("update V_GZJS set ZT = 9, GXSJ = '2026-01-06 10:00:00' where LSH = 1;").await;
    let since = Some("2026-01-06T01:55:00+08:00");
    let told = world.night(logs, "2026-01-07", since).await.unwrap();
    assert_eq!(
        (told.equation.changed, world.table("work_log", &["log_id"])),
        (1, vec!["2".into()])
    );
}
