//! Is quarantine a round trip? A roster and a list of cases with rows that break their contract go through
//! the real program, come back corrected, and count once, whatever else comes.

mod again;
mod parcel;
mod persons;
mod refused;
mod round;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use calamine::Reader as _;
use calamine::Xlsx;
use encoding_rs::GB18030;
use jiff::civil::Date;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use shuping::base::cell::Cell;
use shuping::frame::table;
use shuping::model::lake::Lake;
use shuping::spec::home::Home;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::world::ask;

const SETTINGS: &str = r#"
format = 1
[home]
name     = "small"
title    = "小城"
timezone = "Asia/Shanghai"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

const STAFFING: &str = r#"
format = 1
[system]
name  = "staffing"
title = "实名制"
kind  = "files"
owner = "编办"
[files]
at = "${env:DROP}"

[[stream]]
name   = "roster"
into   = "person_snapshot"
file   = '名册_\d{8}\.xlsx'
note   = '截止日期:(?<as_of>\d{4}年\d{1,2}月\d{1,2}日)'
grid   = { header = 3, header_rows = 2, end = ["合计"], total = '合计 (\d+) 人' }
write  = "snapshot"
within = ["as_of"]
ignore = ["基本信息/姓名"]
[stream.columns]
as_of     = "_as_of"
person_id = { from = "基本信息/公民身份号码", identity = "cn_id" }
unit_id   = "单位"
post_kind = { constant = "admin" }
status    = { from = "人员状态", reduce = true, values = { "在岗" = "active", "长期病休" = "leave" } }
hired_on  = "进入时间"
[stream.contract]
rows_min     = 4
bad_rows_max = "50%"

[[stream]]
name   = "cases"
into   = "service_case"
file   = '办件_\d{8}\.csv'
write  = "upsert"
ignore = ["申请人"]
[stream.columns]
case_id     = "编号"
unit_id     = "单位"
accepted_at = "受理时间"
status      = { from = "状态", values = { "办理中" = "open", "已办结" = "closed" } }
handler_id  = { from = "经办人", identity = "opaque" }
[stream.contract]
bad_rows_max = "50%"
"#;

/// A person of the roster, as its row says it.
#[derive(Clone)]
struct Person {
    name: &'static str,
    number: String,
    hired: &'static str,
}

/// An invented number of region 519900, its last character as it must be.
fn number(birth: &str, order: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = format!("519900{birth}{order:03}");
    let sum: u32 = digits.chars().zip(WEIGHTS).map(|(d, w)| d.to_digit(10).unwrap() * w).sum();
    format!("{digits}{}", "10X98765432".chars().nth(sum as usize % 11).unwrap())
}

/// The same with another last character.
fn broken(number: &str) -> String {
    let last = if number.ends_with('1') { '2' } else { '1' };
    number.chars().take(17).chain([last]).collect()
}

/// 张三 and three more are well; the number of 王五 is wrong, and so is a day of 赵六.
fn people() -> Vec<Person> {
    let of = |name, order, hired| Person { name, number: number("19850312", order), hired };
    let mut people = vec![
        of("张三丰", 101, "2010-07-01"),
        of("李四光", 102, "2011-07-01"),
        of("钱七宝", 103, "2012-07-01"),
        of("王五岳", 104, "2013-07-01"),
        of("赵六合", 105, "2014-02-30"),
    ];
    people[3].number = broken(&people[3].number);
    people
}

/// The same as they should have been.
fn right() -> Vec<Person> {
    let mut people = people();
    people[3].number = number("19850312", 104);
    people[4].hired = "2014-02-28";
    people
}

const ROSTER: &str = "名册_20260105.xlsx";
const CASES: &str = "办件_20260105.csv";
const DAY: &str = "2026年1月5日";

/// A home, and what is dropped for it.
struct Small {
    folder: TempDir,
}

impl Small {
    fn new() -> Small {
        let small = Small { folder: tempfile::tempdir().unwrap() };
        let home = small.home();
        for folder in ["connectors", "pipelines"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        fs::write(home.join("shuping.toml"), SETTINGS).unwrap();
        fs::write(home.join("connectors/staffing.toml"), STAFFING).unwrap();
        fs::create_dir_all(small.drop().join("corrections")).unwrap();
        small
    }

    /// With the roster and the cases of the first night, which has run.
    fn begun() -> Small {
        let small = Small::new();
        small.roster(ROSTER, DAY, &people());
        small.cases(CASES, &[("B1", "2026-01-02 09:00:00"), ("B2", "2026-13-02 09:00:00")]);
        small.night("2026-01-06");
        small
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn drop(&self) -> PathBuf {
        self.folder.path().join("drop")
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn roster(&self, name: &str, day: &str, people: &[Person]) {
        let mut book = Workbook::new();
        let (plain, sheet) = (Format::new(), book.add_worksheet());
        sheet.set_name("在编人员").unwrap();
        sheet.write(0, 0, "小城实名制人员名册").unwrap();
        sheet.write(1, 0, format!("截止日期:{day}")).unwrap();
        for (column, header) in [(0, "单位"), (3, "人员状态"), (4, "进入时间")] {
            sheet.merge_range(2, column, 3, column, header, &plain).unwrap();
        }
        sheet.merge_range(2, 1, 2, 2, "基本信息", &plain).unwrap();
        sheet.write(3, 1, "姓名").unwrap();
        sheet.write(3, 2, "公民身份号码").unwrap();
        for (row, person) in (4..).zip(people) {
            let cells = ["市民政局", person.name, &person.number, "在岗", person.hired];
            for (column, cell) in (0..).zip(cells) {
                sheet.write(row, column, cell).unwrap();
            }
        }
        let last = 4 + u32::try_from(people.len()).unwrap();
        sheet.write(last, 0, format!("合计 {} 人", people.len())).unwrap();
        book.save(self.drop().join(name)).unwrap();
    }

    fn cases(&self, name: &str, cases: &[(&str, &str)]) {
        let clerk = number("19700101", 201);
        let line = |(case, accepted): &(&str, &str)| {
            format!("{case},市民政局,{accepted},办理中,{clerk},孙八方\r\n")
        };
        let lines: String = cases.iter().map(line).collect();
        let text = format!("编号,单位,受理时间,状态,经办人,申请人\r\n{lines}");
        fs::write(self.drop().join(name), GB18030.encode(&text).0).unwrap();
    }

    /// Tells the database of orders something.
    fn orders(&self, statement: &str) {
        let file = self.out("orders.db");
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let told = async {
            let mut open = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut open).await.unwrap();
            open.close().await.unwrap();
        };
        Runtime::new().unwrap().block_on(told);
    }

    fn shuping(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.home()).args(words);
        let orders = format!("sqlite://{}", self.out("orders.db").display());
        let command = command.env("LANG", "C").env("DROP", self.drop()).env("ORDERS_DB", orders);
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "the key of a small home").output().unwrap()
    }

    /// Does something that goes well; what it printed.
    fn well(&self, words: &[&str]) -> String {
        let output = self.shuping(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}\n{}", said(&output));
        said(&output)
    }

    /// Runs a night that goes well and whose equations close; what it printed.
    fn night(&self, night: &str) -> String {
        let told = self.well(&["run", "--night", night, "--as-of", "2026-01-05"]);
        let open = "select * from stream_night where received + exploded <>
            added + changed + unchanged + duplicate + filtered + quarantined";
        assert_eq!(self.ask(open), Vec::<Vec<String>>::new());
        told
    }

    fn ask(&self, question: &str) -> Vec<Vec<String>> {
        ask(&self.home().join("var/warehouse.db"), question)
    }

    /// Exports what is held back.
    fn export(&self, which: &str, name: &str) -> PathBuf {
        let path = self.out(name);
        self.well(&["quarantine", "export", which, "--to", path.to_str().unwrap()]);
        path
    }

    /// Drops a workbook among the corrections.
    fn give_back(&self, name: &str, sheets: &[Sheet]) {
        let mut book = Workbook::new();
        for sheet in sheets {
            let page = book.add_worksheet();
            for (row, cells) in (0..).zip(sheet) {
                page.write_row(row, 0, cells).unwrap();
            }
        }
        book.save(self.drop().join("corrections").join(name)).unwrap();
    }

    /// What is held back and open: stream, row, reason and since when.
    fn open(&self) -> Vec<String> {
        let rows: Value = serde_json::from_str(&self.well(&["quarantine", "--json"])).unwrap();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let row = |row: &Value| {
            assert!(row["closed"].is_null(), "{row}");
            let [stream, reason, since] = ["stream", "reason", "since"].map(|key| text(row, key));
            format!("{stream} {} {reason} {since}", row["row"])
        };
        rows.as_array().unwrap().iter().map(row).collect()
    }

    /// Everybody in the model: day, days of entering, sorted.
    fn staff(&self) -> Vec<String> {
        let catalog = Home::open(&self.home()).unwrap().catalog().unwrap();
        let lake = Lake::at(&self.home().join("var/lake"));
        let known = lake.read(&catalog.schemas["person_snapshot"], Date::MAX).unwrap();
        let rows = table::to_rows(&known, &["as_of", "hired_on"]).into_iter().map(|row| {
            let cells = row.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), Cell::written));
            cells.collect::<Vec<_>>().join(" ")
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }

    /// What a night noted of a stream: received, added, changed, unchanged, duplicate, quarantined, deleted.
    fn equation(&self, night: &str, stream: &str) -> String {
        let question = format!(
            "select received, added, changed, unchanged, duplicate, quarantined, deleted
            from stream_night where night = '{night}' and stream = '{stream}'"
        );
        self.ask(&question)[0].join(" ")
    }

    /// How a row stands in the warehouse, a note a line.
    fn notes(&self, stream: &str) -> Vec<String> {
        let question = format!(
            "select night, row, reason, closed, closed_by from quarantine
            where stream = '{stream}' order by night, row"
        );
        self.ask(&question).into_iter().map(|row| row.join(" ").trim().to_owned()).collect()
    }
}

/// The rows of a sheet, its header first.
type Sheet = Vec<Vec<String>>;

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

/// Every sheet of an export.
fn sheets(path: &Path) -> BTreeMap<String, Sheet> {
    let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
    let page = |(name, range): (String, calamine::Range<calamine::Data>)| {
        let cells = |row: &[calamine::Data]| row.iter().map(ToString::to_string).collect();
        (name, range.rows().map(cells).collect())
    };
    book.worksheets().into_iter().map(page).collect()
}

/// Writes into the column of a sheet, in the row of the sender's file.
fn correct(sheet: &mut Sheet, row: &str, header: &str, text: &str) {
    let column = sheet[0].iter().position(|known| known == header).unwrap();
    let line = sheet.iter_mut().find(|line| line[2] == row).unwrap();
    text.clone_into(&mut line[column]);
}

/// The export of the roster with 王五 corrected, and 赵六 if both are asked for.
fn corrected(small: &Small, name: &str, is_whole: bool) -> Sheet {
    let mut sheet = sheets(&small.export("staffing.roster", name)).remove("1 roster").unwrap();
    correct(&mut sheet, "8", "基本信息/公民身份号码", &right()[3].number);
    if is_whole {
        correct(&mut sheet, "9", "进入时间", right()[4].hired);
    }
    sheet
}
