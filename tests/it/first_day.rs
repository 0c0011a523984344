//! A city without one interface: what its systems know is written into the workbooks of `shuping template` by
//! hand, and a night over them tells what a night over the systems tells.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use calamine::Reader as _;
use calamine::Xlsx;
use calamine::open_workbook;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use shuping::base::pseudonym::sha256;
use shuping::extract::reopen::DropFolder;
use shuping::spec::connector::Ask;
use shuping::spec::connector::Column;
use shuping::spec::connector::Connector;
use shuping::spec::connector::Stream;
use shuping::spec::connector::Which;
use shuping::spec::connector::read_connector;
use shuping::spec::home::Home;
use shuping::spec::home::first_day;
use shuping::spec::template::Secrets;

use crate::library::said;
use crate::library::shuping;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;

const SYSTEMS: [&str; 5] = ["appraisal", "hotline", "service", "staffing", "supervision"];

/// What a person sees in a row of a system's list.
type Row = BTreeMap<String, String>;

/// Every value of a home's warehouse.
fn values(home: &Path) -> Vec<Vec<String>> {
    ask(
        &home.join("var/warehouse.db"),
        "select * from metric_value order by 1, 2, 3, 4, 5, 6, 7, 8",
    )
}

#[test]
fn workbooks_filled_in_by_hand_tell_what_the_systems_tell() {
    let world = World::of(1);
    world.forget_history();
    let asked = World::lean_home();
    let output = world.night(asked.path(), NIGHT).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let filled = World::lean_home();
    let office = filled.path().join("office");
    for system in SYSTEMS {
        let mut command = world.shuping(filled.path());
        let output = command.args(["template", system, "--out"]).arg(&office).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let file = format!("{system}.toml");
        let theirs = connector(&fs::read_to_string(format!("connectors/{file}")).unwrap());
        let form = fs::read_to_string(office.join(&file)).unwrap();
        let rows = lists(&world, &theirs);
        let drop = filled.path().join("drop").join(system);
        fs::create_dir_all(&drop).unwrap();
        let mut book =
            fill(&office.join(format!("{system}.xlsx")), (&theirs, &connector(&form)), &rows);
        book.save(drop.join(format!("{system}_2026-01.xlsx"))).unwrap();
        fs::write(filled.path().join("connectors").join(&file), form).unwrap();
    }
    let output = world.night(filled.path(), NIGHT).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (expected, found) = (values(asked.path()), values(filled.path()));
    assert!(expected.len() > 5_000, "{}", expected.len());
    let differing: Vec<_> = expected.iter().zip(&found).filter(|(one, two)| one != two).collect();
    assert!(
        differing.is_empty(),
        "{} of {}: {:#?}",
        differing.len(),
        expected.len(),
        &differing[..4.min(differing.len())]
    );
    assert_eq!(expected.len(), found.len());
    // In January of so small a city no post was raised and no task is scored: two columns are empty.
    let unproven = unproven(&world, filled.path());
    let unproven: Vec<_> = unproven.iter().map(|(point, why)| format!("{point}: {why}")).collect();
    let expected = [
        "staffing 4 \"quotas\": no value in 155 rows: `valid_to`",
        "supervision 4 \"tasks\": no value in 483 rows: `score`",
    ];
    assert_eq!(unproven, expected);
}

/// The points that fail of the workbooks, by system, point and stream.
fn unproven(world: &World, home: &Path) -> BTreeMap<String, String> {
    let mut failed = BTreeMap::new();
    for system in SYSTEMS {
        let mut command = world.shuping(home);
        command.args(["prove", system, "--night", &NIGHT.to_string(), "--json"]);
        let found: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        for point in found.as_array().unwrap().iter().filter(|it| it["verdict"] == "failed") {
            let name = format!("{system} {} {}", point["point"], point["stream"]);
            failed.insert(name, point["found"].as_str().unwrap().to_owned());
        }
    }
    failed
}

/// The bytes of a part of a workbook.
fn part(book: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(fs::File::open(book).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_workbook_says_what_it_asks_for_and_guards_what_is_typed() {
    let home = World::home();
    let out = home.path().join("office");
    let made = shuping(home.path(), &["template", "service", "--out", out.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert!(said(&made).contains("drop/service`"), "{}", said(&made));
    let path = out.join("service.xlsx");
    let mut book: Xlsx<_> = open_workbook(&path).unwrap();
    assert_eq!(book.sheet_names(), ["说明", "事项", "办件", "好差评"]);
    let notes = book.worksheet_range("说明").unwrap();
    let notes: Vec<String> = notes
        .rows()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"))
        .collect();
    for line in [
        "办件|办件状态|是|选项|受理、特别程序、办结、退件、撤件、不予受理||受理",
        "办件|经办人工号||文本||读入时即换成假名,原文不存|",
        "办件|受理时间|是|日期时间|||2026-01-05 09:30:00",
        "办件|申请渠道||选项|网上、窗口、自助终端、微信、代办|来源另有的照写|网上",
        "好差评|评价等级|是|选项|非常满意、满意、基本满意、不满意、非常不满意||非常满意",
        "文件名以 service 开头,如 service_2026-01.xlsx||||||",
        "事项|是否赋权||选项|是、否|由上级下放、授权或委托而来|是",
    ] {
        assert!(notes.iter().any(|note| note == line), "{line} is not among {notes:#?}");
    }
    let (sheet, styles) = (part(&path, "xl/worksheets/sheet3.xml"), part(&path, "xl/styles.xml"));
    for guard in
        ["state=\"frozen\"", "\"受理,特别程序,办结,退件,撤件,不予受理\"", "sqref=\"M2:M1048576\""]
    {
        assert!(sheet.contains(guard), "{guard} is not in {sheet}");
    }
    for format in ["formatCode=\"@\"", "formatCode=\"yyyy-mm-dd hh:mm:ss\""] {
        assert!(styles.contains(format), "{format} is not in {styles}");
    }
    // It may have been filled in since.
    let again = shuping(home.path(), &["template", "service", "--out", out.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    assert!(said(&again).contains("exists and is not overwritten"));
    // Once the home reads it, the workbook is the home's own: with the column that it adds.
    let own = fs::read_to_string(out.join("service.toml")).unwrap();
    let own = own.replace("state             =", "group = \"事项分组\"\nstate =");
    let own = own.replace("'service.*", "'hall.*");
    fs::write(home.path().join("connectors/service.toml"), own).unwrap();
    let mine = home.path().join("mine");
    let made = shuping(home.path(), &["template", "service", "--out", mine.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert!(!mine.join("service.toml").exists());
    let mut book: Xlsx<_> = open_workbook(mine.join("service.xlsx")).unwrap();
    let items = book.worksheet_range("事项").unwrap();
    let notes = book.worksheet_range("说明").unwrap();
    assert!(notes.rows().any(|row| row[0] == *"文件名须符合 ^(?:hall.*\\.xlsx)$"));
    assert!(items.rows().next().unwrap().iter().any(|cell| *cell == "事项分组"));
}

#[test]
fn a_system_that_nobody_knows_has_no_workbook() {
    let home = World::home();
    let made = shuping(home.path(), &["template", "tax"]);
    assert_eq!(made.status.code(), Some(2));
    for part in
        ["no workbook is known for `tax`", "appraisal, hotline, service, staffing, supervision"]
    {
        assert!(said(&made).contains(part), "{}", said(&made));
    }
}

/// Every header is the title of a column that it fills, or of the key that the column points at.
#[test]
fn the_headers_of_the_workbooks_are_titles_of_the_contracts() {
    let home = Home::open(World::home().path()).unwrap();
    let schemas = home.catalog().unwrap().schemas;
    let title = |table: &str, column: &str| &schemas[table].field(column).unwrap().title;
    let mut seen = 0;
    for (name, text) in first_day() {
        for stream in connector(&text).streams {
            let schema = &schemas[&stream.into.value];
            let own = schema.fields.iter().map(|field| &field.title);
            let pointed = schema.foreign_keys.iter().map(|key| title(&key.table, &key.target));
            let titles: Vec<&String> = own.chain(pointed).collect();
            let plain = stream.columns.iter().filter(|column| column.identity.is_none());
            let headers: Vec<&String> =
                plain.flat_map(|column| &column.from).filter(|it| !it.contains('.')).collect();
            let strange: Vec<_> = headers.iter().filter(|it| !titles.contains(it)).collect();
            assert!(strange.is_empty(), "{name}.{}: {strange:?}", stream.name);
            seen += headers.len();
        }
    }
    assert!(seen > 100, "only {seen} headers");
}

fn connector(text: &str) -> Connector {
    read_connector("connectors/test.toml", text).unwrap()
}

/// Where the city's files are dropped.
struct Dropped(String);

impl Secrets for Dropped {
    fn env(&self, name: &str) -> Result<String, String> {
        Ok(format!("{}/{}", self.0, name.trim_end_matches("_DROP").to_lowercase()))
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        Err(name.to_owned())
    }
}

/// The lists of a system, a stream each.
fn lists(world: &World, system: &Connector) -> BTreeMap<String, Vec<Row>> {
    let mut told = world.city.lists(NIGHT);
    let database = world.drop_folder().join("appraisal.db");
    let list = |stream: &Stream| match (&stream.ask, stream.name.as_str()) {
        (Ask::Files(_), _) => files(world, system, stream),
        (Ask::Sql(_), "grades") => view(&database, "V_PSKH_JG", "SCBZ <> '1'"),
        (Ask::Sql(_), _) => view(&database, "V_GZJS", "ZT <> '9'"),
        (_, name) => told.remove(name).unwrap().into_iter().map(record).collect(),
    };
    let streams = system.streams.iter();
    let mut lists: BTreeMap<String, Vec<Row>> =
        streams.map(|stream| stream.name.clone()).zip(system.streams.iter().map(list)).collect();
    if let Some(orders) = lists.get_mut("orders") {
        orders.retain(|row| row["工单状态"] != "已作废");
    }
    lists
}

/// A record of a gateway, its empty keys left out.
fn record(told: Value) -> Row {
    let Value::Object(told) = told else { panic!("{told}") };
    let text = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    told.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect()
}

/// The rows of a view.
fn view(database: &Path, view: &str, keep: &str) -> Vec<Row> {
    let columns = ask(database, &format!("select name from pragma_table_info('{view}')"));
    let rows = ask(database, &format!("select * from {view} where {keep} order by 1, 2, 3"));
    let row = |cells: Vec<String>| {
        let cells = columns.iter().map(|name| name[0].clone()).zip(cells);
        cells.filter(|(_, text)| !text.is_empty()).collect()
    };
    rows.into_iter().map(row).collect()
}

/// The rows of the files in a drop folder, as they stand there.
fn files(world: &World, system: &Connector, stream: &Stream) -> Vec<Row> {
    let Ask::Files(how) = &stream.ask else { panic!("{} has no files", stream.name) };
    let drop = Dropped(world.drop_folder().display().to_string());
    let folder = DropFolder::of(system, &drop, Path::new("/")).unwrap().unwrap();
    let mut rows = Vec::new();
    let mut paths: Vec<_> = fs::read_dir(world.drop_folder().join(&system.name)).unwrap().collect();
    paths.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    for entry in paths {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !how.file.is_match(&name) {
            continue;
        }
        let sources = match &how.sheets {
            Which::Named(sheets) => sheets.iter().map(|it| format!("{name} sheet {it}")).collect(),
            _ => vec![name.clone()],
        };
        // A group of the file's name: the day of a roster, the year of a report.
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        for source in sources {
            let sheet = folder.open(stream, &sha256(&fs::read(&path).unwrap()), &source).unwrap();
            let headers = sheet.headers;
            let row = |cells: Vec<Option<String>>| -> Row {
                let cells = headers.iter().cloned().zip(cells);
                let fixed =
                    [("_as_of".to_owned(), digits.clone()), ("_year".to_owned(), digits.clone())];
                cells.filter_map(|(name, cell)| Some((name, cell?))).chain(fixed).collect()
            };
            let is_kept = |row: &Row| {
                let is_subtotal = row.values().any(|text| text.starts_with("小计"));
                !is_subtotal && !row.keys().any(|name| name.starts_with("多余字段"))
            };
            rows.extend(sheet.rows.into_values().map(row).filter(is_kept));
        }
    }
    rows
}

/// The workbook, filled in below its own headers.
fn fill(
    form: &Path,
    (theirs, ours): (&Connector, &Connector),
    lists: &BTreeMap<String, Vec<Row>>,
) -> Workbook {
    let mut blank: Xlsx<_> = open_workbook(form).unwrap();
    let mut book = Workbook::new();
    assert_eq!(blank.sheet_names().len(), ours.streams.len() + 1, "and the sheet that explains");
    for stream in &ours.streams {
        let Ask::Files(how) = &stream.ask else { panic!("{} has no files", stream.name) };
        let Which::Named(sheets) = &how.sheets else { panic!("{} names no sheet", stream.name) };
        let range = blank.worksheet_range(&sheets[0]).unwrap();
        let headers: Vec<String> =
            range.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let asked = theirs.streams.iter().find(|known| known.name == stream.name).unwrap();
        let page = book.add_worksheet().set_name(&sheets[0]).unwrap();
        for (column, header) in (0_u16..).zip(&headers) {
            page.write_string(0, column, header).unwrap();
            let cells = lists[&stream.name].iter().map(|row| written(header, (asked, stream), row));
            for (row, text) in (1_u32..).zip(cells).filter_map(|(row, text)| Some((row, text?))) {
                page.write_string(row, column, text).unwrap();
            }
        }
    }
    book
}

/// What somebody writes below a header who looks at a row of the system.
fn written(header: &str, (theirs, ours): (&Stream, &Stream), row: &Row) -> Option<String> {
    let text = |name: &str| row.get(name).filter(|text| !theirs.empty.contains(text)).cloned();
    match (ours.name.as_str(), header) {
        ("grades", "考核周期") => {
            Some(format!("{}{}", row["KHND"], row["KHZQ"].replace("ND", "")))
        }
        ("tasks", "任务年度") => Some(row["任务编号"].chars().skip(2).take(4).collect()),
        ("tasks", "责任类型" | "责任科室" | "对应职责") => text(header),
        ("cases", "原办理期限") => text("promiseDate"),
        ("orders", "解决情况") => text("是否解决"),
        ("orders", "是否重办过") => {
            Some(if row["重办次数"] == "0" { "否" } else { "是" }.to_owned())
        }
        ("orders", "办理截止时间") => {
            let due = ["办理截止时间", "延期后截止时间"].into_iter().filter_map(text);
            due.map(|text| on_the_clock(&text)).max()
        }
        _ => {
            let own = |column: &&Column| column.from.iter().any(|from| from == header);
            let own = ours.columns.iter().find(own).unwrap_or_else(|| panic!("{header}"));
            let asked = theirs.columns.iter().find(|column| column.name == own.name);
            let asked = asked.unwrap_or_else(|| panic!("{header}"));
            let plain = asked.from.iter().filter(|from| !from.contains('.'));
            let mut text = plain.into_iter().find_map(|from| text(from))?;
            if let Some(pattern) = &asked.extract {
                text = pattern.captures(&text)?.get(1)?.as_str().to_owned();
            }
            Some(on_the_clock(&word(&text, asked, own)))
        }
    }
}

/// The form's word for what the system's word means.
fn word(text: &str, asked: &Column, own: &Column) -> String {
    let value = asked.values.iter().find(|(word, _)| word == text);
    let value = value.map_or_else(|| Some(text.to_owned()), |(_, value)| value.clone());
    let word = own.values.iter().find(|(_, known)| *known == value);
    word.map(|(word, _)| word.clone()).or(value).unwrap_or_default()
}

/// Some orders tell milliseconds; a person writes what the clock shows.
fn on_the_clock(text: &str) -> String {
    let is_number = text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    let moment = text.parse().ok().filter(|_| is_number);
    let moment = moment.and_then(|number| jiff::Timestamp::from_millisecond(number).ok());
    moment.map_or_else(
        || text.to_owned(),
        |moment| moment.in_tz("Asia/Shanghai").unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}
