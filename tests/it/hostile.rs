//! What if what comes is nothing like what was promised? Whatever bytes a file, a page or a manifest holds,
//! nothing stops on the way, every fault has its place, and every row is accounted for.

use std::cell::Cell as Counter;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;

use axum::Router;
use encoding_rs::GB18030;
use jiff::Span;
use jiff::civil::date;
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use shuping::base::identity;
use shuping::spec::connector::Connector;
use shuping::spec::home::Home;
use tokio::runtime::Runtime;

use crate::extract::Start;
use crate::extract::gateway::plain;
use crate::extract::pulled;
use crate::extract::rows;
use crate::extract::told as told_of;
use crate::reshape::World;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

static HOME: LazyLock<Home> =
    LazyLock::new(|| Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap());

/// What an editor's hand does to a text: takes some away at a place and puts something else there.
fn edited(text: &str, (at, less, more): (usize, usize, &str)) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = at % (letters.len() + 1);
    let rest = letters.iter().skip(at + less);
    letters.iter().take(at).copied().chain(more.chars()).chain(rest.copied()).collect()
}

proptest! {
    #![proptest_config(config(96))]

    /// Whatever is done to a file of a home, it reads or every fault of it has a place in a file.
    #[test]
    fn a_home_in_disorder_is_read_or_refused_with_places(
        file in 0_usize..1_000,
        at in any::<usize>(),
        less in 0_usize..40,
        more in prop_oneof![Just(String::new()), "[\\[\\]{}\"'=,#\n0-9a-z_编制 \u{0}-]{0,12}"],
    ) {
        let mut home = HOME.clone();
        let names: Vec<String> = home.files.keys().cloned().collect();
        let name = &names[file % names.len()];
        let text = edited(&home.files[name], (at, less, &more));
        let lines = text.lines().count();
        home.files.insert(name.clone(), text);
        if let Err(faults) = home.catalog() {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                let place = fault.place;
                prop_assert!(place.line >= 1 && place.column >= 1, "{fault:?}");
                prop_assert!(fault.file != *name || place.line <= lines + 1, "{fault:?}");
            }
        }
    }
}

/// A cell as people, exports and accidents fill it.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "", "—", "MB2025-0137-02", "2025年3月5日", "2024.3", "85.03", "45356", "1985-03-00", "２０２５-０３-０５",
            "2026-13-45", "已办结", "逾期", "是", "否", "0.5", "1e400", "-0", "99999999999999999999999999999999999999999",
            "市人力资源和社会保障局、市财政局", "牵头", "配合", "5.1E+17", "519902198703051231", "共 3 条", "NaN", "𬭚镇",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => "[0-9年月日./:-]{0,14}",
        1 => "[\"',;\t\r\n]{0,4}",
    ]
}

/// A stream of one system, one file a night, night after night on one lake.
struct Desk {
    world: World,
    runtime: Runtime,
    nights: Counter<i32>,
    read: Counter<i32>,
    refused: RefCell<BTreeMap<String, i32>>,
}

impl Desk {
    fn new() -> Desk {
        let runtime = Runtime::new().unwrap();
        let (nights, read) = (Counter::new(0), Counter::new(0));
        Desk { world: World::new(), runtime, nights, read, refused: RefCell::default() }
    }

    fn connector(&self, name: &str) -> &Connector {
        self.world.connector(name)
    }

    /// Drops a file and runs the night; that the equation closes is asked there.
    fn night(&self, (system, stream): (&str, &str), file: &str, bytes: &[u8]) {
        self.nights.set(self.nights.get() + 1);
        let night = date(2026, 1, 6).saturating_add(Span::new().days(self.nights.get()));
        let stamp = night.strftime("%Y%m%d").to_string();
        self.world.drop_file(&file.replace("{}", &stamp), bytes);
        let asked = (self.connector(system), stream);
        let told = self.runtime.block_on(self.world.night(asked, &night.to_string(), None));
        match told {
            Ok(told) => {
                self.read.set(self.read.get() + 1);
                for held in &told.judged.quarantined {
                    assert!(!held.reason.is_empty() && held.row > 0, "{held:?}");
                }
            }
            Err(why) => {
                // A file that can't be read stops its stream until somebody takes it away.
                self.world.empty_drop();
                let why = told_of(&why).replace(&stamp, "…");
                *self.refused.borrow_mut().entry(why).or_default() += 1;
            }
        }
    }

    /// A test whose files are never read proves nothing.
    fn has_read(&self, least: i32) {
        assert!(self.read.get() >= least, "{} read, {:#?}", self.read.get(), self.refused);
    }
}

const TASKS: [&str; 15] = [
    "任务编号",
    "责任单位",
    "责任类型",
    "责任科室",
    "对应职责",
    "任务来源",
    "任务类别",
    "是否主责主业",
    "权重",
    "交办时间",
    "办结时限",
    "实际办结时间",
    "任务状态",
    "得分",
    "更新时间",
];

fn csv(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
    let head: Vec<String> = TASKS.map(str::to_owned).to_vec();
    let lines = std::iter::once(&head).chain(rows).map(line);
    let lines = lines.chain([format!("共 {} 条", rows.len())]);
    format!("任务清单\r\n{}\r\n", lines.collect::<Vec<_>>().join("\r\n"))
}

#[test]
fn every_row_of_a_list_is_accounted_for_whatever_its_cells_hold() {
    let desk = Desk::new();
    let lists = prop::collection::vec(prop::collection::vec(cell(), 13..17), 0..12);
    let mut runner = proptest::test_runner::TestRunner::new(config(64));
    let ran = runner.run(&(lists, any::<bool>()), |(rows, is_old)| {
        let text = csv(&rows);
        let bytes = if is_old { GB18030.encode(&text).0.into_owned() } else { text.into_bytes() };
        desk.night(("supervision", "tasks"), "mbdc_任务清单_{}.csv", &bytes);
        Ok(())
    });
    ran.unwrap();
    desk.has_read(32);
}

#[test]
fn a_file_of_any_bytes_is_read_or_refused() {
    let desk = Desk::new();
    let whole = csv(&[vec!["MB2025-0137-02".to_owned(); 15]]).into_bytes();
    let byte = prop_oneof![any::<u8>(), 32_u8..127];
    let edits = prop::collection::vec((any::<usize>(), byte), 0..3);
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        edits.prop_map(move |edits| {
            let mut bytes = whole.clone();
            for (at, byte) in edits {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes
        }),
    ];
    let mut runner = proptest::test_runner::TestRunner::new(config(64));
    let ran = runner.run(&bytes, |bytes| {
        desk.night(("supervision", "tasks"), "mbdc_任务清单_{}.csv", &bytes);
        Ok(())
    });
    ran.unwrap();
    desk.has_read(4);
}

const SECTIONS: [&str; 6] = ["内设机构编码", "机构编码", "名称", "性质", "设立", "撤销"];

/// A sheet of sections: a header, cells of every kind below it, some of them merged.
fn workbook(rows: &[Vec<String>], merges: &[(u32, u16, u32, u16)]) -> Vec<u8> {
    let mut book = Workbook::new();
    let plain = rust_xlsxwriter::Format::new();
    let sheet = book.add_worksheet();
    sheet.set_name("内设机构").unwrap();
    for (column, header) in (0..).zip(SECTIONS) {
        sheet.write(0, column, header).unwrap();
    }
    for (row, cells) in (1..).zip(rows) {
        for (column, text) in (0..).zip(cells) {
            match (text.len() % 5, text.parse::<f64>()) {
                (0, Ok(number)) if number.is_finite() => sheet.write(row, column, number).unwrap(),
                (1, _) => sheet.write(row, column, text.len() > 6).unwrap(),
                (2, _) => sheet.write_formula(row, column, "=1/0").unwrap(),
                _ => sheet.write(row, column, text.as_str()).unwrap(),
            };
        }
    }
    for (row, column, down, right) in merges {
        // Two that overlap are no workbook; the first stands.
        drop(sheet.merge_range(*row, *column, row + down, column + right, "合并", &plain));
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn every_row_of_a_workbook_is_accounted_for_whatever_its_shape() {
    let desk = Desk::new();
    let rows = prop::collection::vec(prop::collection::vec(cell(), 0..8), 0..10);
    let merges = prop::collection::vec((1_u32..8, 0_u16..6, 0_u32..3, 1_u16..3), 0..3);
    let damage = prop::option::weighted(0.3, (any::<usize>(), any::<u8>()));
    let mut runner = proptest::test_runner::TestRunner::new(config(64));
    let ran = runner.run(&(rows, merges, damage), |(rows, merges, damage)| {
        let mut bytes = workbook(&rows, &merges);
        if let Some((at, byte)) = damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        desk.night(("staffing", "sections"), "机构编制台账_{}.xlsx", &bytes);
        Ok(())
    });
    ran.unwrap();
    desk.has_read(16);
}

/// Any JSON, a few floors deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("code".to_owned()),
            Just("data".to_owned()),
            Just("list".to_owned()),
            Just("total".to_owned()),
            "\\PC{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// An answer: nearly what was asked for, any JSON, or any bytes.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let near = (json(), json()).prop_map(|(list, total)| {
        let fields = BTreeMap::from([("list", list), ("total", total)]);
        serde_json::json!({ "code": "200", "data": fields }).to_string().into_bytes()
    });
    let row = prop::collection::btree_map("\\PC{0,4}", json(), 0..6)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()));
    let rows = prop::collection::vec(row, 0..3).prop_map(|rows| {
        let data = serde_json::json!({ "list": rows, "total": rows.len() });
        serde_json::json!({ "code": "200", "data": data }).to_string().into_bytes()
    });
    prop_oneof![
        near,
        rows,
        json().prop_map(|any| any.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

#[test]
fn an_answer_of_anything_is_rows_or_a_reason() {
    let runtime = Runtime::new().unwrap();
    let body: Arc<Mutex<Vec<u8>>> = Arc::default();
    let said = Arc::clone(&body);
    let respond = move || {
        let said = said.lock().unwrap().clone();
        async move { said }
    };
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    let read = Counter::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(config(128));
    let ran = runner.run(&answer(), |answer| {
        *body.lock().unwrap() = answer;
        let (delivery, batches) = runtime.block_on(pulled(&plain(), &Start::at(&url)));
        if let Ok(delivery) = delivery {
            read.set(read.get() + 1);
            prop_assert_eq!(delivery.received, rows(&batches).len() as u64);
            prop_assert_eq!(delivery.told, Some(delivery.received));
        }
        Ok(())
    });
    ran.unwrap();
    assert!(read.get() > 16, "only {} of 128 answers were read", read.get());
}

proptest! {
    #![proptest_config(config(2_000))]

    /// What is no identity number has a reason; what is one says when its owner was born.
    #[test]
    fn any_text_is_an_identity_or_says_why_not(text in prop_oneof!["\\PC{0,20}", "[0-9]{14,18}[0-9Xx]?", cell()]) {
        let day = date(2026, 1, 6);
        match identity::judge(&text, day) {
            Ok(identity) => prop_assert!(identity.birth_date <= day),
            Err(fault) => prop_assert!(!fault.name().is_empty()),
        }
    }
}
