//! Lists of tasks and what units report of themselves, with the flaws that such files have.

use std::collections::BTreeMap;

use encoding_rs::GB18030;
use shuping::model::delivery::Equation;

use super::World;
use super::reasons;

const HEADER: &str = "任务编号,任务名称,任务来源,任务类别,责任单位,责任类型,责任科室,对应职责,是否主责主业,权重,得分,交办时间,办结时限,实际办结时间,任务状态,亮灯,更新时间";

/// A list of tasks as the system writes it, with so many rows as its last line says.
fn list(rows: &[&str], total: usize) -> String {
    let quote = |line: &str| {
        let cells = line.split(',').map(|cell| format!("\"{cell}\""));
        cells.collect::<Vec<_>>().join(",")
    };
    let mut lines =
        vec!["目标绩效督查任务清单,导出时间:2026-01-05 00:30:12".to_owned(), quote(HEADER)];
    // A row in disorder is written as it is.
    lines.extend(rows.iter().map(|row| row.strip_prefix('!').map_or(quote(row), str::to_owned)));
    lines.push(format!("共 {total} 条"));
    lines.join("\r\n") + "\r\n"
}

const ROADS: &str = "MB2025-0137-02,修路,市委常委会,重点工作,市住房和城乡建设局、市交通局,牵头,建设科,Z1,是,1.5,96.5,2025/3/7,2025-06-30,2025-06-01,已办结,绿,2026-01-04 10:00:00";
const TOWN: &str = "MB2025-0138-01,共建,领导批示,督查事项,𬭚镇,配合,,,否,1,—,2025-03-07,2025-06-30,,已办结,红,2026-01-04 10:00:00";
const EARLY: &str = "MB2025-0139-01,早,上级督查,年度目标,市档案馆,牵头,,,是,1,80,2025-03-07,2025-06-30,2025-03-01,已办结,绿,2026-01-04 10:00:00";
const COMMA: &str = "!MB2025-0140-01,修桥,补路,上级督查,年度目标,市交通局,牵头,,,是,1,80,2025-03-07,2025-06-30,,推进中,绿,2026-01-04 10:00:00";
const OLD: &str = "MB2024-0001-01,旧,上级督查,年度目标,市档案馆,牵头,,,是,1,80,2024-03-07,2024-06-30,2024-06-01,超期办结,绿,2026-01-04 10:00:00";

const TASK: [&str; 8] =
    ["task_id", "unit_id", "role", "section_id", "core", "score", "status", "assigned_on"];

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_tasks_is_read_with_its_flaws() {
    let world = World::new();
    let tasks = (world.connector("supervision"), "tasks");
    let text = list(&[ROADS, TOWN, EARLY, COMMA, OLD], 5);
    let (bytes, _, had_errors) = GB18030.encode(&text);
    assert!(!had_errors);
    world.drop_file("mbdc_任务清单_20260105.csv", &bytes);
    let told = world.night(tasks, "2026-01-06", None).await.unwrap();
    assert_eq!(told.total, Some(5));
    let expected = Equation { exploded: 1, added: 4, quarantined: 2, ..Equation::default() };
    assert_eq!(told.equation, expected);
    assert_eq!(reasons(&told.judged), ["6  malformed", "5  done_before_assigned"]);
    let noticed = |kind: &str, about: &str| {
        told.judged.noticed.get(&(kind.to_owned(), about.to_owned())).copied()
    };
    assert_eq!(noticed("several", "责任单位"), Some(1));
    assert_eq!(noticed("check", "done_without_day"), Some(1));
    assert_eq!(
        world.table("task", &TASK),
        [
            "MB2024-0001-01 市档案馆 lead - true 80.00 done_late 2024-03-07",
            "MB2025-0137-02 市交通局 co - true 96.50 done 2025-03-07",
            "MB2025-0137-02 市住房和城乡建设局 lead 建设科 true 96.50 done 2025-03-07",
            "MB2025-0138-01 𬭚镇 co - false - done 2025-03-07",
        ]
    );

    // F24: the next night it is UTF-8. One task has gone, and with 2026 the year 2024 is not told.
    let alone = ROADS.replace("、市交通局", "").replace("96.5", "97");
    let text = list(&[&alone, EARLY], 2);
    world.drop_file("mbdc_任务清单_20260106.csv", text.as_bytes());
    let told = world.night(tasks, "2026-01-07", None).await.unwrap();
    let expected = Equation { changed: 1, quarantined: 1, deleted: 2, ..Equation::default() };
    assert_eq!(told.equation, expected);
    assert_eq!(
        world.table("task", &TASK),
        [
            "MB2024-0001-01 市档案馆 lead - true 80.00 done_late 2024-03-07",
            "MB2025-0137-02 市住房和城乡建设局 lead 建设科 true 97.00 done 2025-03-07",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_cut_short_is_not_taken_as_whole() {
    let whole = list(&[ROADS, TOWN], 2);
    let (cut, _) = whole.split_once("共 ").unwrap();
    for (text, why) in [
        (cut, "the row with its total is missing"),
        (&whole.replace("2 条", "几 条"), "the row 5 that ends it tells no total"),
        ("", "it is empty"),
    ] {
        let world = World::new();
        world.drop_file("mbdc_任务清单_20260105.csv", text.as_bytes());
        let tasks = (world.connector("supervision"), "tasks");
        let error = world.night(tasks, "2026-01-06", None).await.err().unwrap();
        assert!(error.to_string().contains(why), "{error}");
        assert!(world.table("task", &["task_id"]).is_empty());
    }
    // What says more rows than it has is left to the night to refuse.
    let world = World::new();
    let tasks = (world.connector("supervision"), "tasks");
    world.drop_file("mbdc_任务清单_20260105.csv", list(&[ROADS], 4_812).as_bytes());
    let told = world.night(tasks, "2026-01-06", None).await.unwrap();
    assert_eq!((told.total, told.equation.exploded), (Some(4_812), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_units_report_of_themselves_is_brought_to_one_scale() {
    let world = World::new();
    let text = "\u{feff}单位名称,指标编码,指标名称,自报值,计量单位,填报日期\r\n\
        市交通局,cases_closed,年度办件,1.2,万件,2026-01-10\r\n\
        市档案馆,cases_closed,年度办件,\"1,250\",件,2026-01-10\r\n\
        市交通局,on_time_rate,按时办结率,98,%,2026-01-10\r\n\
        市档案馆,on_time_rate,按时办结率,0.98,%,2026-01-10\r\n\
        市民政局,on_time_rate,按时办结率,0.98,,2026-01-10\r\n";
    world.drop_file("单位自评_2025.csv", text.as_bytes());
    let reports = (world.connector("supervision"), "self_reports");
    let told = world.night(reports, "2026-01-11", None).await.unwrap();
    assert_eq!(told.equation, Equation { added: 5, ..Equation::default() }, "{:?}", told.judged);
    let checks: BTreeMap<String, u64> =
        told.judged.noticed.iter().map(|((_, about), rows)| (about.clone(), *rows)).collect();
    assert_eq!(checks["in_ten_thousands"], 1);
    assert_eq!(checks["share_under_one_percent"], 1);
    assert_eq!(
        world.table("self_report", &["unit_id", "period", "metric", "value", "measured_in"]),
        [
            "市交通局 2025 cases_closed 12000.000000 万件",
            "市交通局 2025 on_time_rate 0.980000 %",
            "市档案馆 2025 cases_closed 1250.000000 件",
            "市档案馆 2025 on_time_rate 0.009800 %",
            "市民政局 2025 on_time_rate 0.980000 -",
        ]
    );
    // The same file another night is no news.
    assert!(
        world.night(reports, "2026-01-12", None).await.unwrap().equation == Equation::default()
    );
}
