//! What becomes of the rows of the appraisal and the supervision system? Read with the connectors of
//! the home, landed, judged and merged, night after night; every equation closes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use encoding_rs::GB18030;
use jiff::civil::Date;
use shuping::base::pseudonym::Key;
use shuping::base::pseudonym::sha256;
use shuping::extract;
use shuping::extract::ExtractError;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::model::judge::Judge;
use shuping::model::judge::Judged;
use shuping::model::lake::Delivery;
use shuping::model::lake::Equation;
use shuping::model::lake::Lake;
use shuping::model::landing::Landed;
use shuping::model::landing::Landing;
use shuping::spec::catalog::Catalog;
use shuping::spec::connector::Connector;
use shuping::spec::connector::read_connector;
use shuping::spec::home::Home;
use shuping::spec::template::Secrets;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

/// Where the system of a test is: its database or its folder.
struct Place(String);

impl Secrets for Place {
    fn env(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        Err(format!("secret `{name}` is not set"))
    }
}

/// A lake, and the home it belongs to.
struct World {
    catalog: Catalog,
    folder: TempDir,
}

/// A night of one stream.
struct Told {
    equation: Equation,
    judged: Judged,
    told: Option<u64>,
}

impl World {
    fn new() -> World {
        let home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = shuping::spec::catalog::read(&home).unwrap();
        World { catalog, folder: TempDir::new().unwrap() }
    }

    fn connector(&self, name: &str) -> &Connector {
        self.catalog.connectors.iter().find(|connector| connector.name == name).unwrap()
    }

    /// Runs the night of a stream; without a night before it, everything is asked for.
    async fn night(
        &self,
        (connector, stream): (&Connector, &str),
        night: &str,
        since: Option<&str>,
    ) -> Result<Told, ExtractError> {
        let night: Date = night.parse().unwrap();
        let stream = connector.streams.iter().find(|known| known.name == stream).unwrap();
        let place = match connector.name.as_str() {
            "appraisal" => Place(format!("sqlite://{}", self.database().display())),
            _ => Place(self.folder.path().join("drop").display().to_string()),
        };
        let landing = Landing::of(self.folder.path(), &connector.name, &stream.name);
        let known: BTreeSet<String> = landing
            .attempts()
            .unwrap()
            .into_iter()
            .flat_map(|attempt| landing.manifest(attempt).unwrap().files.into_values())
            .collect();
        let request = extract::Request {
            connector,
            stream,
            since: since.map(|since| since.parse().unwrap()),
            until: night.at(2, 0, 0, 0).in_tz(&connector.zone).unwrap().timestamp(),
            known_files: &known,
            secrets: &place,
            key: &Key::new("a key of people"),
            home: self.folder.path(),
        };
        let system = extract::System::open(connector, &place)?;
        let mut attempt = landing.begin(night).unwrap();
        let mut land = |batch| attempt.land(&batch).map_err(std::io::Error::other);
        let delivery = extract::pull(&system, &request, &mut land).await?;
        let files = delivery.files.iter().map(|file| (file.name.clone(), file.sha256.clone()));
        let landed = Landed {
            received: delivery.received,
            files: files.collect(),
            is_full: since.is_none(),
            ..Landed::default()
        };
        attempt.finish(&landed).unwrap();
        let last = *landing.attempts().unwrap().last().unwrap();
        let mut judged = Judged::default();
        let schema = &self.catalog.schemas[&stream.into.value];
        let zone = self.catalog.settings.zone.clone();
        let judge = Judge {
            stream,
            schema,
            codes: &self.catalog.codes,
            zone: zone.clone(),
            days: Days { calendar: self.catalog.calendar.clone().into(), zone },
        };
        for part in landing.parts(last).unwrap() {
            judge.part(&part.unwrap(), &mut judged).unwrap();
        }
        let is_full = stream.full.is_some() && since.is_none();
        let named = Delivery { system: &connector.name, stream: &stream.name, night, is_full };
        let equation = self.lake().merge(named, schema, &stream.write, &judged).unwrap();
        assert!(equation.closes(delivery.received), "{equation:?}");
        Ok(Told { equation, judged, told: delivery.told })
    }

    fn lake(&self) -> Lake {
        Lake::at(self.folder.path())
    }

    /// Some columns of a table as it stands.
    fn table(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let rows = self.lake().read(&self.catalog.schemas[name], Date::MAX).unwrap();
        let rows = table::to_rows(&rows, columns).into_iter().map(|row| {
            let cells =
                row.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), |c| c.written()));
            cells.collect::<Vec<_>>().join(" ")
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("appraisal.db")
    }

    async fn run(&self, statements: &str) {
        let options = SqliteConnectOptions::new().filename(self.database()).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn drop_file(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.folder.path().join("drop")).unwrap();
        fs::write(self.folder.path().join("drop").join(name), bytes).unwrap();
    }
}

fn reasons(judged: &Judged) -> Vec<String> {
    let said = judged.quarantined.iter();
    said.map(|row| format!("{} {} {}", row.row, row.column, row.reason)).collect()
}

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
    assert_eq!(told.told, Some(8));
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
        assert_eq!((told.told, told.equation), (Some(2), expected));
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
            "5 hours out_of_range",
            "3  hours_of_no_day",
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
    assert_eq!(told.told, Some(5));
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
    assert_eq!((told.told, told.equation.exploded), (Some(4_812), 1));
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
    assert_eq!(sha256(b"").len(), 64);
}

fn faults(is: &str, becomes: &str) -> Vec<String> {
    let manifest = fs::read_to_string("connectors/appraisal.toml").unwrap();
    assert!(manifest.contains(is), "{is}");
    let home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut home = home;
    let text = manifest.replacen(is, becomes, 1);
    home.files.insert("connectors/appraisal.toml".into(), text);
    let faults = shuping::spec::catalog::read(&home).err().unwrap_or_default();
    faults.iter().map(|fault| format!("{} {}", fault.code.id(), fault.key)).collect()
}

#[test]
fn every_fault_of_the_manifest_is_told_with_its_key() {
    let of = "stream.grades";
    for (is, becomes, expected) in [
        ("\nview    = ", "\nveiw    = ", vec![format!("H003 {of}"), format!("H002 {of}.veiw")]),
        ("\nview    = ", "\nquery = 'select 1'\nview    = ", vec![format!("H007 {of}.view")]),
        ("key     = [\"SFZH\", \"KHND\", \"KHZQ\"]", "", vec![format!("H003 {of}")]),
        ("column = \"GXSJ\", ", "", vec![format!("H003 {of}.cursor")]),
        ("start = \"2023-01-01\"", "start = \"2023\"", vec![format!("H007 {of}.cursor.start")]),
        ("\"monthly\"", "\"weekly\"", vec![format!("H005 {of}.full")]),
        ("write   = \"upsert\"", "write   = \"append\"", vec![format!("H018 {of}.full")]),
        ("SCBZ = '1'", "SCBZ =", vec![format!("H030 {of}.deleted")]),
        (
            "write   =",
            "explode = { column = \"DWDM\" }\nwrite   =",
            vec![format!("H003 {of}.explode")],
        ),
        (
            "write   =",
            "explode = { column = \"DWDM\", by = \"、\", rank = \"rank\" }\nwrite   =",
            vec![format!("H007 {of}.explode.rank")],
        ),
        (
            "write   =",
            "explode = { column = \"SFZH\", by = \"、\" }\nwrite   =",
            vec![format!("H017 {of}.explode.column")],
        ),
        (
            "write   =",
            "unpivot = { columns = [\"JD1\"], name = \"n\" }\nwrite   =",
            vec![format!("H007 {of}.unpivot.name"), format!("H003 {of}.unpivot")],
        ),
        (
            "write   =",
            "unpivot = { columns = '(', name = \"_n\", value = \"_v\" }\nwrite   =",
            vec![format!("H008 {of}.unpivot.columns")],
        ),
        (
            "write   =",
            "unpivot = { columns = 'SF.*', name = \"_n\", value = \"_v\" }\nwrite   =",
            vec![format!("H017 {of}.unpivot.columns")],
        ),
        ("url     =", "uri     =", vec!["H003 sql".into(), "H002 sql.uri".into()]),
        ("timeout = \"10m\"", "timeout = \"long\"", vec!["H007 sql.timeout".into()]),
        ("[sql]", "[database]", vec!["H003 ".into(), "H002 database".into()]),
    ] {
        let mut told = faults(is, becomes);
        let mut expected = expected;
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "{becomes}");
    }
}
