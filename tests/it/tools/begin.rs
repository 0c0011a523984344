//! Does somebody with files, a database or a gateway of their own come from `init` to a first number?

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::http::StatusCode;
use encoding_rs::GB18030;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use serde_json::json;
use shuping::spec::connector::read_connector;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;

use super::told;
use crate::extract::gateway::okay;
use crate::extract::gateway::serve;
use crate::library::keyless;
use crate::library::said;
use crate::mariadb::Maria;
use crate::postgres::Cluster;
use crate::world::World;
use crate::world::ask;

/// Rows of texts from a row on; numbers are written as numbers.
fn fill(sheet: &mut Worksheet, from: u32, rows: &[&[&str]]) {
    for (row, cells) in (from..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            match cell.parse::<f64>() {
                Ok(number) if cell.len() < 9 => sheet.write_number(row, column, number).unwrap(),
                _ if cell.is_empty() => sheet,
                _ => sheet.write_string(row, column, *cell).unwrap(),
            };
        }
    }
}

/// A title and a note over a header of two rows, with merged cells, a total and a signature below.
fn ledger(path: &Path, month: u8) {
    let mut book = Workbook::new();
    let (sheet, plain) = (book.add_worksheet(), Format::new());
    let mut merge = |row, column, to_row, to_column, text: &str| {
        sheet.merge_range(row, column, to_row, to_column, text, &plain).unwrap();
    };
    merge(0, 0, 0, 7, "嘉宁市培训台账");
    merge(2, 0, 3, 0, "序号");
    merge(2, 1, 3, 1, "主办单位");
    merge(2, 2, 2, 4, "参训人员");
    merge(2, 5, 2, 6, "培训");
    merge(2, 7, 3, 7, "金额(元)");
    merge(4, 1, 5, 1, "市财政局");
    fill(sheet, 1, &[&["填报单位:市人社局", "", "", "", "", "填报日期:2026-02-01"]]);
    fill(sheet, 3, &[&["", "", "姓名", "身份证号", "手机", "日期", "类别"]]);
    let day = |day: u8| format!("2026-{month:02}-{day:02}");
    let rows = [
        ["1", "", "王小明", "519902198703051231", "13900519001", &day(5), "法规", "120.5"],
        ["2", "", "欧阳慕云", "519902198703051299", "13900519002", &day(6), "法规", "80"],
        ["3", "市水利局", "李雷", "519902199001011234", "13900519003", &day(7), "业务", "99.25"],
        ["合　计", "", "", "", "", "", "", "299.75"],
        ["填表人:赵铁柱", "", "", "", "", "", "", ""],
    ];
    fill(sheet, 4, &rows.each_ref().map(<[&str; 8]>::as_slice));
    book.save(path).unwrap();
}

/// A cover and two tables in one workbook.
fn two_tables(path: &Path) {
    let mut book = Workbook::new();
    let cover = book.add_worksheet().set_name("说明").unwrap();
    fill(
        cover,
        0,
        &[&[
            "本表由各区县填报,请勿改动表头,如有疑问请与市局联系,谢谢配合与支持,填报完毕请于每月五日前报送",
        ]],
    );
    let roads = book.add_worksheet().set_name("Roads").unwrap();
    fill(
        roads,
        0,
        &[
            &["road_code", "district", "opened", "km"],
            &["R1", "North", "2025-03-01", "12.5"],
            &["R2", "South", "2025-04-01", "7"],
            &["R3", "South", "2025-04-09", "3"],
        ],
    );
    let bridges = book.add_worksheet().set_name("Bridges").unwrap();
    fill(
        bridges,
        0,
        &[&["bridge", "road_code", "built"], &["B1", "R1", "1999"], &["B2", "R1", "2004"]],
    );
    book.save(path).unwrap();
}

fn five(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    ledger(&folder.join("培训台账202601.xlsx"), 1);
    ledger(&folder.join("培训台账202602.xlsx"), 2);
    let list = "督查事项清单,,,\r\n导出时间:2026-02-01 00:30,,,\r\n事项编号,责任部门,交办日期,联系电话\r\n\
        DC-1,交通局,2026/1/8,13800138000\r\nDC-2,交通局,2026/1/9,13800138001\r\nDC-3,城管局,2026/2/1,13800138002\r\n\
        \"共 3 条\"\r\n";
    fs::write(folder.join("督查.csv"), GB18030.encode(list).0).unwrap();
    let visits = "\u{feff}Visited at\tBranch\tPurpose\n2026-01-03 09:10\tEast\tloan\n2026-01-03 09:10\tEast\tloan\n2026-02-03 10:00\tWest\t\n";
    fs::write(folder.join("visits.txt"), visits).unwrap();
    two_tables(&folder.join("roads.xlsx"));
    fs::write(folder.join("prices.csv"), "item,price\ntea,3.50\nrice,12\n").unwrap();
    fs::write(folder.join("photo.bin"), b"\0\0\0").unwrap();
}

/// What the warehouse counts in a period, by metric and unit.
fn counts(home: &Path, period: &str) -> BTreeMap<String, String> {
    let question = format!(
        "select metric || ' ' || unit_id, shown from metric_value where period = '{period}' and section_id is null and dim is null"
    );
    let warehouse = home.join("var/warehouse.db");
    // On a thread of its own, for the question has a runtime of its own.
    let rows = std::thread::spawn(move || ask(&warehouse, &question)).join().unwrap().into_iter();
    rows.map(|row| (row[0].clone(), row[1].clone())).collect()
}

#[test]
fn a_stranger_with_five_odd_files_has_a_first_count_in_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let (home, inbox) = (folder.path().join("home"), folder.path().join("home/inbox"));
    five(&inbox);
    // The commands that each one hints at, and no other; the key was made, and nothing was edited.
    let run = |words: &[&str], code: i32| {
        let output = keyless(&home, words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        said(&output)
    };
    let text = run(&["init", "files", inbox.to_str().unwrap(), "--name", "town"], 0);
    for part in [
        "left out: photo.bin: it is neither a workbook nor a text",
        "left out: roads.xlsx sheet 说明: no row of it looks like a header",
        "not read, for they look like persons': 参训人员/姓名, 参训人员/身份证号, 参训人员/手机",
        "not read, for they look like persons': 联系电话",
        "key: 事项编号; time: 交办日期; unit: 责任部门",
        "`shuping check` finds no fault",
        "hint: look at connectors/town.toml, then `shuping --home ",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    run(&["check"], 0);
    assert!(run(&["test"], 0).contains("0 failed"));
    let seen = run(&["preview", "town", "--rows", "50"], 0);
    let manifest = fs::read_to_string(home.join("connectors/town.toml")).unwrap();
    let all = format!("{text}{seen}{manifest}");
    for named in ["王小明", "欧阳", "李雷", "赵铁柱", "519902", "1390051", "1380013"] {
        assert!(!all.contains(named), "{named}\n{all}");
    }
    assert!(seen.contains("0 rows held back") && !seen.contains(" 1 rows held back"), "{seen}");
    let mode = fs::metadata(home.join("secrets/pseudonym.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let night = run(&["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    let january = counts(&home, "2026-01");
    let metric = |of: &str| {
        let line = text.lines().find(|line| line.contains(of)).unwrap();
        line.rsplit("metric ").next().unwrap().to_owned()
    };
    let count = |of: &str, unit: &str| january.get(&format!("{} {unit}", metric(of))).cloned();
    let is = |count: Option<String>, number: &str| {
        assert_eq!(count.as_deref(), Some(number), "{january:#?}\n{night}");
    };
    is(count("培训台账", "市财政局"), "2");
    is(count("培训台账", "市水利局"), "1");
    is(count("督查", "交通局"), "2");
    is(count("visits", "East"), "1");
    let lake = home.join("var/lake");
    let stored = crate::world::bytes_below(&lake.join("landing")).into_values().flatten();
    let stored = String::from_utf8_lossy(&stored.collect::<Vec<_>>()).into_owned();
    assert!(!stored.contains("王小明") && !stored.contains("13800138000"));
    // Rows beside names are about persons, and stay in the lake.
    let tables = ask(&home.join("var/warehouse.db"), "select name from sqlite_master");
    let is_loaded = |of: &str| tables.contains(&vec![metric(of).replace("_rows", "")]);
    assert!(!is_loaded("培训台账") && is_loaded("visits"), "{tables:?}");
}

#[test]
fn what_is_begun_says_where_each_table_stands() {
    let folder = tempfile::tempdir().unwrap();
    five(&folder.path().join("inbox"));
    let home = folder.path();
    told(home, &["init", "files", &home.join("inbox").display().to_string()], 0);
    let text = fs::read_to_string(home.join("connectors/inbox.toml")).unwrap();
    for part in [
        "at = \"inbox\"",
        r"file   = '培训台账\d{6}\.xlsx'",
        "grid   = { header = 3, header_rows = 2, end = [\"合计\", \"填表人\"], fill_down = [\"主办单位\"] }",
        "grid   = { header = 3, end = [\"共 \"] }",
        "sheets = [\"Roads\"]",
        "seen_on            = { constant = ",
        "# these look like persons'",
    ] {
        assert!(text.contains(part) || part.starts_with('#'), "{part} is missing in\n{text}");
    }
    assert!(text.contains("these look like persons' and are not even stored"), "{text}");
    let schema = fs::read_dir(home.join("schemas")).unwrap().map(|entry| {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    });
    let schemas: Vec<_> = schema.collect();
    // A row without its key is held back, and is not one with all others that have none.
    for schema in schemas.iter().filter(|it| it["primaryKey"].as_array().unwrap().len() == 1) {
        let fields = schema["fields"].as_array().unwrap();
        let key = fields.iter().find(|it| it["name"] == schema["primaryKey"][0]).unwrap();
        assert_eq!(key["constraints"]["required"], true, "{schema}");
    }
    let of = |title: &str| {
        schemas.iter().find(|it| it["title"].as_str().unwrap().contains(title)).unwrap()
    };
    let kind = |title: &str, header: &str| {
        let fields = of(title)["fields"].as_array().unwrap();
        let field =
            fields.iter().find(|it| it["title"].as_str().unwrap().contains(header)).unwrap();
        field["type"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind("培训", "金额"), "number");
    assert_eq!(kind("培训", "日期"), "date");
    assert_eq!(kind("visits", "Visited"), "datetime");
    assert_eq!(kind("Bridges", "built"), "integer");
    assert_eq!(of("Roads")["primaryKey"], json!(["road_code"]));
    // Of rows that are the same in nothing less, every column is the key.
    assert_eq!(of("visits")["primaryKey"].as_array().unwrap().len(), 3);
}

/// Two tables whose files are numbered alike are two: neither stream reads the files of the other.
#[test]
fn tables_whose_files_are_numbered_alike_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (home, inbox) = (folder.path().join("home"), folder.path().join("home/inbox"));
    fs::create_dir_all(&inbox).unwrap();
    fs::write(inbox.join("code_3304.csv"), "id,nation\n1,Han\n2,Yi\n").unwrap();
    fs::write(inbox.join("code_6864.csv"), "id,degree\n1,doctor\n2,master\n3,bachelor\n").unwrap();
    fs::write(inbox.join("list_2025.csv"), "id,road\n1,north\n").unwrap();
    for words in [&["init", "files", inbox.to_str().unwrap(), "--name", "codes"][..], &["run"]] {
        let output = keyless(&home, words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
    }
    let text = fs::read_to_string(home.join("connectors/codes.toml")).unwrap();
    for part in [r"'code_3304\.csv'", r"'code_6864\.csv'", r"'list_(?<no>\d{4})\.csv'"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let rows =
        ask(&home.join("var/warehouse.db"), "select stream, received from stream_night order by 1");
    let received =
        |stream: &str| rows.iter().find(|row| row[0] == stream).map(|row| row[1].as_str());
    assert_eq!(
        [received("codes_code"), received("codes_code_2")],
        [Some("2"), Some("3")],
        "{rows:?}"
    );
}

#[test]
fn nothing_is_written_over_and_nothing_where_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let inbox = home.join("inbox");
    fs::create_dir(&inbox).unwrap();
    let words = ["init", "files", inbox.to_str().unwrap(), "--name", "town"];
    let text = told(home, &words, 1);
    assert!(text.contains("nothing that looks like a table was found"), "{text}");
    let text = told(home, &["init", "files", "/nowhere/at/all"], 1);
    assert!(text.contains("cannot be opened") && text.contains("hint:"), "{text}");
    assert!(!home.join("shuping.toml").exists() && !home.join("secrets").exists());
    fs::write(inbox.join("a.csv"), "code,day\nA,2026-01-01\n").unwrap();
    told(home, &words, 0);
    let first = fs::read_to_string(home.join("connectors/town.toml")).unwrap();
    let again = told(home, &words, 2);
    assert!(again.contains("`connectors/town.toml` is there already"), "{again}");
    assert!(again.contains("--name"), "{again}");
    assert_eq!(fs::read_to_string(home.join("connectors/town.toml")).unwrap(), first);
    // A second source of the same home finds the units of the first.
    fs::write(inbox.join("a.csv"), "code,unit,day\nA,town,2026-01-01\n").unwrap();
    told(home, &["init", "files", inbox.to_str().unwrap(), "--name", "other"], 0);
    let other = fs::read_to_string(home.join("connectors/other.toml")).unwrap();
    assert!(other.contains("lookup = \"unit\"") && !other.contains("into   = \"unit\""), "{other}");
    told(home, &["check"], 0);
    // A home with faults is not added to.
    fs::write(home.join("connectors/town.toml"), "format = 2").unwrap();
    let text = told(home, &["init", "files", inbox.to_str().unwrap(), "--name", "third"], 78);
    assert!(
        text.contains("connectors/town.toml:1") && !home.join("connectors/third.toml").exists()
    );
}

/// The page shows this very folder; only the day on which it was looked at differs.
#[test]
fn the_page_shows_what_init_says() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/connector-tools.md"));
    let page = page.unwrap();
    let shown = page.split("$ shuping --home town init files inbox\n").nth(1).unwrap();
    let shown = shown.split("\n```").next().unwrap().replace("2026-11-29", "DAY");
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let list = "督查事项清单,,,\r\n导出时间:2026-02-01 00:30,,,\r\n事项编号,责任部门,交办日期,联系电话\r\n\
        DC-1,交通局,2026/1/8,13800138000\r\nDC-2,交通局,2026/1/9,13800138001\r\n\"共 2 条\"\r\n";
    fs::write(inbox.join("督查.csv"), GB18030.encode(list).0).unwrap();
    fs::write(inbox.join("prices.csv"), "item,price\ntea,3.50\nrice,12\n").unwrap();
    fs::write(inbox.join("photo.bin"), b"\0\0").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shuping"));
    command.current_dir(folder.path()).args(["--home", "town", "init", "files", "inbox"]);
    let output = command.env("LANG", "C").output().unwrap();
    let told = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let said = told(&output.stderr) + &told(&output.stdout);
    let day = said.split("time: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(said.trim_end().replace(&day, "DAY"), shown);
}

#[test]
fn names_in_parts_are_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let inbox = home.join("inbox");
    fs::create_dir(&inbox).unwrap();
    let log = "case:id,dept:name,time:begun\nK1,North,2026-01-02\nK2,South,2026-01-03\n";
    fs::write(inbox.join("log.csv"), log).unwrap();
    fs::write(inbox.join("note.csv"), "填表人:甲,日期:今天\n财政局,是\n").unwrap();
    let text = told(home, &["init", "files", inbox.to_str().unwrap()], 0);
    assert!(text.contains("note.csv: no row of it looks like a header"), "{text}");
    told(home, &["check"], 0);
    let text = told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    assert!(text.contains("2 rows"), "{text}");
}

#[test]
fn a_row_of_people_is_no_header() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("a.csv"), "王小明,财政局\n李雷,水利局\n赵铁柱,城管局\n").unwrap();
    fs::write(inbox.join("b.csv"), "财政局,519902198703051231\n水利局,519902199001011238\n")
        .unwrap();
    let text = told(folder.path(), &["init", "files", inbox.to_str().unwrap()], 1);
    assert!(text.contains("a.csv: where its header should be stands what may be"), "{text}");
    assert!(text.contains("b.csv: no row of it looks like a header"), "{text}");
    for named in ["王小明", "李雷", "5199"] {
        assert!(!text.contains(named), "{text}");
    }
}

#[test]
fn a_source_is_added_to_the_home_of_a_city() {
    let folder = World::home();
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("a.csv"), "permit_no,责任单位,issued on\nP1,市财政局,2026-01-02\n")
        .unwrap();
    let text =
        told(folder.path(), &["init", "files", inbox.to_str().unwrap(), "--name", "permits"], 0);
    assert!(text.contains("wrote 3 files"), "{text}");
    let manifest = fs::read_to_string(folder.path().join("connectors/permits.toml")).unwrap();
    assert!(manifest.contains("{ from = \"责任单位\", lookup = \"unit\" }"), "{manifest}");
    let checked = told(folder.path(), &["check"], 0);
    assert!(checked.starts_with("6 connectors"), "{checked}");
}

/// A table with a key, a view without one, in words that both databases know.
const TABLES: &str = "
create table orders (id integer primary key, dept varchar(20), opened date, paid numeric(10, 2), contact varchar(20), updated_at timestamp);
insert into orders values
    (1, 'North', '2026-01-02', 12.5, '13900519001', '2026-01-02 10:00:00'),
    (2, 'North', '2026-01-03', 7, '13900519002', '2026-01-03 10:00:00'),
    (3, 'South', '2026-01-03', null, null, '2026-01-03 11:00:00');
create view late as select dept, opened, paid from orders where paid is not null;
create table staff (card char(18), grade varchar(2));
insert into staff values ('519902198703051231', 'A'), ('519902199001011238', 'A');
create view grades as select grade from staff;
";

fn is_begun_from_a_database(home: &Path, url: &str) {
    let text = told(home, &["init", "sql", url, "--name", "shop"], 0);
    assert!(text.contains("key: id; time: opened; unit: dept"), "{text}");
    assert!(text.contains("look like persons': contact"), "{text}");
    assert!(text.contains("left out: grades: no one or two columns tell its rows apart"), "{text}");
    told(home, &["check"], 0);
    let text = fs::read_to_string(home.join("connectors/shop.toml")).unwrap();
    // Where only the number of a person tells rows apart, it is read as a pseudonym.
    assert!(text.contains("= { from = \"card\", identity = \"cn_id\" }"), "{text}");
    assert!(text.contains("cursor = { column = \"updated_at\""), "{text}");
    // A column that is empty in some rows is there in all of them, and what tells no time is a list.
    assert!(!text.contains("optional") && text.contains(" = \"paid\"\n"), "{text}");
    let write = |view: &str| {
        let own =
            text.split("[[stream]]").filter(|it| it.contains(&format!("view   = \"{view}\"")));
        own.last().and_then(|it| it.lines().find(|line| line.starts_with("write "))).unwrap()
    };
    assert_eq!(write("orders"), "write  = \"upsert\"");
    assert_eq!(write("staff"), "write  = \"snapshot\"");
    let schema = fs::read_to_string(home.join("schemas/shop_orders.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let kinds: Vec<_> = schema["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["string", "integer", "date", "number", "datetime"]);
    let seen = told(home, &["preview", "shop"], 0);
    assert!(seen.contains("shop.shop_orders: 3 rows") && !seen.contains("1390051"), "{seen}");
    told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    assert_eq!(counts(home, "2026-01")["shop_orders_rows North"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_begun_with_its_tables_views_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(TABLES)).execute(&mut open).await.unwrap();
    open.close().await.unwrap();
    is_begun_from_a_database(folder.path(), &format!("sqlite://{}", path.display()));
    let text = fs::read_to_string(folder.path().join("connectors/shop.toml")).unwrap();
    assert!(text.contains("url = \"sqlite://shop.db\""), "{text}");
    let none =
        told(folder.path(), &["init", "sql", "sqlite:///nowhere.db", "--name", "nowhere"], 1);
    assert!(none.contains("can't be opened"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mariadb_is_begun_as_the_others_are() {
    let Some(maria) = Maria::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = maria.database("shop").await;
    maria.run("shop", TABLES).await;
    is_begun_from_a_database(folder.path(), &url);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_begun_and_its_address_is_a_secret() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = cluster.database("shop").await;
    cluster.run("shop", TABLES).await;
    is_begun_from_a_database(folder.path(), &url);
    let text = fs::read_to_string(folder.path().join("connectors/shop.toml")).unwrap();
    assert!(
        text.contains("url = \"${secret:shop.url}\"") && !text.contains(crate::postgres::PASSWORD)
    );
    let secret = folder.path().join("secrets/shop.url");
    assert_eq!(fs::metadata(secret).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_begun_with_its_records_and_pages() {
    let (url, log) = serve(|asked, _| {
        let page = asked.number("pageNum");
        let ids = if page == 1 { vec![1, 2] } else { vec![3] };
        let list: Vec<_> = ids.iter().map(|id| {
            json!({ "id": id, "siteName": "North", "openedAt": format!("2026-01-0{id} 09:00:00"), "contactName": "王伟", "tags": ["a"], "road": { "class": "B" } })
        }).collect();
        okay(&json!({ "code": 0, "data": { "total": 3, "list": list } }))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let asked =
        format!("{url}/v1/permits?pageNum=1&pageSize=2&kind=all&token=a-token-of-the-tests");
    let text = told(home, &["init", "http", &asked], 0);
    assert!(text.contains("key: id; time: openedAt; unit: siteName"), "{text}");
    assert!(text.contains("look like persons': contactName"), "{text}");
    let manifest = fs::read_to_string(home.join("connectors/permits.toml")).unwrap();
    for part in [
        "path   = \"/v1/permits\"",
        "records = \"/data/list\"",
        "parameters = { \"kind\" = \"all\" }",
        "page   = { kind = \"number\", param = \"pageNum\", first = 1, size = [\"pageSize\", 2], total = \"/data/total\" }",
        "= \"/road/class\"",
        "query = { \"token\" = \"${secret:permits.key}\" }",
    ] {
        assert!(manifest.contains(part), "{part} is missing in\n{manifest}");
    }
    assert!(!manifest.contains("a-token-of") && read_connector("x.toml", &manifest).is_ok());
    told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    assert_eq!(counts(home, "2026-01")["permits_permits_rows North"], "3");
    assert!(log.lock().unwrap().iter().all(|it| it.fields["token"] == "a-token-of-the-tests"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_says_of_its_pages_is_found_or_missed_aloud() {
    let record = || json!([{ "id": 1, "day": "2026-01-01" }, { "id": 2, "day": "2026-01-02" }]);
    let answers = [
        (
            json!({ "items": record(), "next": "http://127.0.0.1/x?page=2" }),
            "kind = \"next_url\", next = \"/next\"",
        ),
        (
            json!({ "items": record(), "meta": { "next_cursor": "abc", "has_more": true } }),
            "kind = \"cursor\", param = \"cursor\", next = \"/meta/next_cursor\", more = \"/meta/has_more\"",
        ),
        (record(), "# Nothing tells of a second page"),
        (json!({ "total": 250, "items": record() }), "# `/total` tells of more rows than came"),
        (json!({ "hasNext": true, "items": record() }), "# `/hasNext` tells of more rows"),
    ];
    for (at, (answer, part)) in answers.into_iter().enumerate() {
        let (url, _) = serve(move |_, _| okay(&answer)).await;
        let folder = tempfile::tempdir().unwrap();
        told(folder.path(), &["init", "http", &format!("{url}/list")], 0);
        let manifest = fs::read_to_string(folder.path().join("connectors/list.toml")).unwrap();
        assert!(manifest.contains(part), "{at}: {part} is missing in\n{manifest}");
    }
    let faults = [
        (StatusCode::FORBIDDEN, "{}", "does it want a key?"),
        (StatusCode::OK, "<html>", "is no JSON"),
        (StatusCode::OK, "{\"list\":[]}", "holds no list of records"),
    ];
    for (code, body, why) in faults {
        let (url, _) =
            serve(move |_, _| (code, [("x-none", String::new())], body.to_owned())).await;
        let folder = tempfile::tempdir().unwrap();
        let text = told(folder.path(), &["init", "http", &url, "--name", "missed"], 1);
        assert!(text.contains(why), "{text}");
        assert!(!folder.path().join("connectors").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_rows_of_a_page_is_not_taken_for_the_total() {
    let record = || json!([{ "id": 1, "day": "2026-01-01" }, { "id": 2, "day": "2026-01-02" }]);
    for (answer, is, is_not) in [
        (json!({ "count": 2, "items": record() }), "# `/count` is the number of rows", "total = "),
        (json!({ "count": 2, "total": 9, "items": record() }), "total = \"/total\"", "`/count`"),
    ] {
        let (url, _) = serve(move |_, _| okay(&answer)).await;
        let folder = tempfile::tempdir().unwrap();
        told(folder.path(), &["init", "http", &format!("{url}/list?page=2&size=2")], 0);
        let manifest = fs::read_to_string(folder.path().join("connectors/list.toml")).unwrap();
        assert!(manifest.contains("first = 1"), "{manifest}");
        assert!(manifest.contains(is) && !manifest.contains(is_not), "{is}\n{manifest}");
        assert!(read_connector("x.toml", &manifest).is_ok());
    }
}

/// What offices hand in beside proper tables.
fn odd_ones(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let lines: [&[&str]; 11] = [
        &["督办台账"],
        &["填报单位:市委督查室"],
        &["事项\n编号", "责任部门", "交办日期", "办结数(单位:件)", "办结时间"],
        &["D1", "市财政局", "2026年1月5日", "12", "2026/1/9 上午9:05"],
        &["D2", "市财政局", "二〇二六年一月六日", "/", "2026/1/9 下午3:05"],
        &["D3", "市民政局", "2026.1.7", "3", "—"],
        &["合计", "", "", "15"],
        &["表二"],
        &["事项", "部门", "件数", "备注", "日期"],
        &["甲", "市财政局", "1", "无", "2026-01-05"],
        &["乙", "市民政局", "2", "无", "2026-01-05"],
    ];
    fill(sheet, 0, &lines);
    book.save(folder.join("督办.xlsx")).unwrap();
    let cases =
        "案号,承办单位,受理日期\n".to_owned() + "C1,市司法局,2026-01-05\nC2,市司法局,2026-01-06\n";
    fs::write(folder.join("cases_a.csv"), &cases).unwrap();
    fs::write(folder.join("cases_b.csv"), &cases).unwrap();
    fs::write(folder.join("wide.csv"), "编号，单位\n1，甲\n2，乙\n").unwrap();
    fs::write(folder.join("printed.pdf"), "%PDF-1.7\n1 0 obj\n").unwrap();
    // A line a unit, as every month; and lines that are counted anew in each file.
    fs::write(
        folder.join("month.csv"),
        "单位名称,统计月份,受理量\n甲局,2026年1月,5\n乙局,2026年1月,6\n",
    )
    .unwrap();
    fs::write(folder.join("lines.csv"), "序号,科室,事由\n1,综合科,会议\n2,综合科,会议\n").unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(folder.join("parcel.zip")).unwrap());
    zip.start_file("in/cases_c.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(cases.replace('C', "D").as_bytes()).unwrap();
    zip.finish().unwrap();
}

#[test]
fn what_offices_hand_in_is_begun_or_left_out_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    odd_ones(&home.join("inbox"));
    let inbox = home.join("inbox").display().to_string();
    let refused = told(home, &["init", "files", &inbox, "--name", "督查"], 2);
    assert!(refused.contains("`督查` can't be the name of a system"), "{refused}");
    let text = told(home, &["init", "files", &inbox], 0);
    for part in [
        "left out: 督办.xlsx sheet Sheet1 row 10: 2 rows below the row that ends the table: are they another one?",
        "left out: wide.csv: no comma, tab, semicolon or bar parts its fields",
        "left out: printed.pdf: it is a PDF",
        "(督办): 3 rows; key: 事项编号; time: 交办日期; unit: 责任部门",
        "(month): 2 rows; key: 单位名称 + 统计月份; ",
        "(lines): 2 rows; key: 序号 + 科室 + 事由; ",
        // The same content under two names is one file, and a parcel is a folder.
        "(cases_a): 4 rows; key: 案号; time: 受理日期; unit: 承办单位",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let manifest = fs::read_to_string(home.join("connectors/inbox.toml")).unwrap();
    assert!(manifest.contains("empty  = [\"/\", \"—\"]"), "{manifest}");
    let preview = told(home, &["preview", "inbox"], 0);
    let below = "rows below the row that ends a table; nobody reads them: 督办.xlsx sheet Sheet1 row 10 (2)";
    assert!(preview.contains(below), "{preview}");
    let night = told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    assert!(night.contains("rows below the row that ends a table; nobody reads them"), "{night}");
    // What the manifest ignores is known, also where it reads no header at all.
    assert!(!night.contains("a column that nobody maps"), "{night}");
    let january = counts(home, "2026-01");
    let counted = january.values().filter(|count| *count == "4").count();
    assert!(counted > 0, "{january:#?}");
}
