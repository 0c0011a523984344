//! Does a preview show what a night would make of the first rows, keep nothing and name nobody?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use shuping::base::pseudonym::Key;
use sqlx::Connection as _;

use super::home;
use super::json;
use super::told;
use crate::extract::gateway::okay;
use crate::extract::gateway::page;
use crate::extract::gateway::plain;
use crate::extract::gateway::serve;
use crate::extract::gateway::status;
use crate::library::library;
use crate::library::shuping;
use crate::postgres::Cluster;
use crate::postgres::PASSWORD;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::bytes_below;

#[test]
fn the_first_rows_are_shown_as_they_came_and_as_a_night_would_read_them() {
    let home = library();
    let before = bytes_below(home.path());
    let text = told(home.path(), &["preview", "loans", "loans"], 0);
    for part in [
        "loans.loans: 20 rows, asked now for table `service_case`; nothing is kept",
        "What table `service_case` would get: 1 rows held back, 1 left out",
        "due_at not a time",
        "loans_2026-01.csv row 17",
        "2026-01-05T01:10:00Z",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let line = |of: &str| text.lines().find(|line| line.trim_start().starts_with(of)).unwrap();
    let reader: Vec<&str> = line("reader").split_whitespace().collect();
    assert_eq!(reader, ["reader", "string", "ignore", "20"]);
    assert!(!text.contains("R7"), "{text}");
    assert_eq!(bytes_below(home.path()), before);
    let few = shuping(home.path(), &["preview", "loans", "loans", "--rows", "3", "--json"]);
    let few = &json(&few)[0];
    assert_eq!(few["came"].as_array().unwrap().len(), 3);
    assert_eq!(few["came"][2]["cells"]["loan"], "L03");
    assert_eq!(few["made"][2]["cells"]["channel"], "window");
    assert_eq!(few["unmapped"][0]["filled"], 3);
    let both = told(home.path(), &["preview", "loans", "--rows", "1"], 0);
    assert!(both.contains("loans.branches: 1 rows") && both.contains("loans.loans: 1 rows"));
    let none = told(home.path(), &["preview", "loans", "lones"], 2);
    assert!(none.contains("named `loans.lones`") && none.contains("loans.branches, loans.loans"));
}

#[test]
fn wide_letters_stand_below_each_other() {
    let home = home(&[("connectors/people.toml", PEOPLE), ("schemas/guest.json", GUEST)]);
    fs::create_dir(home.path().join("drop")).unwrap();
    fs::write(home.path().join("drop/people.csv"), "编号,科室,备用\nA1,办公室,\nA22,综合科,\n")
        .unwrap();
    let text = told(home.path(), &["preview", "people"], 0);
    let at = |of: &str| {
        let line = text.lines().find(|line| line.contains(of)).unwrap();
        let before = line.split(of).next().unwrap();
        unicode_width::UnicodeWidthStr::width(before)
    };
    assert_eq!(at("科室"), at("办公室"));
    assert_eq!(at("办公室"), at("综合科"));
}

const PEOPLE: &str = r#"
format = 1
system = { name = "people", title = "People", kind = "files" }
files = { at = "drop" }
[[stream]]
name = "guests"
into = "guest"
file = 'people\.csv'
write = "upsert"
where = "COALESCE(备用, '') <> 'x'"
[stream.columns]
guest_id = "编号"
person_id = { from = "身份证号", identity = "cn_id", optional = true }
contact = { from = "联系人", optional = true }
called = { sql = "联系人" }
section = { from = "科室", optional = true }
remark = { from = "说明", optional = true }
"#;

const GUEST: &str = r#"{ "title": "来宾", "primaryKey": ["guest_id"], "x:persons": true, "fields": [
  { "name": "guest_id", "type": "string", "title": "编号", "constraints": { "required": true } },
  { "name": "person_id", "type": "string", "title": "人员", "x:pii": "id" },
  { "name": "contact", "type": "string", "title": "联系人" },
  { "name": "called", "type": "string", "title": "称呼" },
  { "name": "section", "type": "string", "title": "科室" },
  { "name": "remark", "type": "string", "title": "说明" }
] }"#;

#[test]
fn nobody_is_named_in_either_half_and_a_person_has_the_pseudonym_of_the_lake() {
    let home = home(&[("connectors/people.toml", PEOPLE), ("schemas/guest.json", GUEST)]);
    fs::create_dir(home.path().join("drop")).unwrap();
    let rows = "编号,身份证号,联系人,科室,说明,备用,家属,家属手机\n\
        A1,519902198703051231,欧阳慕云,办公室,请致电13900519001,,诸葛静,13900519002\n\
        A2,519902198703051231,王小明,办公室,13900519003,,王芳,13900519004\n\
        A3,519902198703051299,李 雷,综合科,519902198703051231,,李娜,139 0051 9005\n";
    fs::write(home.path().join("drop/people.csv"), rows).unwrap();
    let table = told(home.path(), &["preview", "people"], 0);
    let output = shuping(home.path(), &["preview", "people", "--json"]);
    let machine = json(&output);
    for text in [&table, &machine.to_string()] {
        for named in [
            "欧阳",
            "慕云",
            "小明",
            "李 雷",
            "诸葛",
            "王芳",
            "李娜",
            "5199021987",
            "13900519001",
            "13900519003",
            "13900519002",
            "13900519004",
            "139 0051",
        ] {
            assert!(!text.contains(named), "{named} in {text}");
        }
    }
    let key = Key::new("a key of the tests").pseudonym("519902198703051231");
    let rows = machine[0]["made"].as_array().unwrap();
    assert_eq!(rows[0]["cells"]["person_id"], key.as_str());
    assert_eq!(machine[0]["came"][0]["cells"]["身份证号"], key.as_str());
    for half in ["came", "made"] {
        let cells = &machine[0][half][0]["cells"];
        let name = cells.get("contact").or_else(|| cells.get("联系人")).unwrap();
        assert_eq!(name, "…", "{half}");
    }
    assert_eq!(rows[0]["cells"]["called"], "…");
    assert_eq!(rows[0]["cells"]["section"], "办公室");
    assert_eq!(rows[1]["cells"]["remark"], "…");
    assert_eq!(rows[2]["held_back"]["column"], "person_id");
    // Whoever looks at rows about persons is noted.
    let noted = fs::read_to_string(home.path().join("var/access.jsonl")).unwrap();
    assert_eq!(noted.lines().filter(|line| line.contains("\"preview\"")).count(), 2);
    assert!(!home.path().join("var/lake").exists());
}

#[test]
fn a_table_whose_header_is_sought_in_the_wrong_row_names_nobody() {
    let home = home(&[("connectors/people.toml", PEOPLE), ("schemas/guest.json", GUEST)]);
    fs::create_dir(home.path().join("drop")).unwrap();
    let rows = "王小明,519902198703051231,办公室\n李雷,519902199001011238,综合科\n";
    fs::write(home.path().join("drop/people.csv"), rows).unwrap();
    let output = shuping(home.path(), &["preview", "people", "--json"]);
    let told = json(&output).to_string();
    assert!(told.contains("column 1") && told.contains("column 3"), "{told}");
    for named in ["王小明", "李雷", "5199", "办公室"] {
        assert!(!told.contains(named), "{named} in {told}");
    }
}

/// A tap that never ends by itself.
const TAP: &str = r#"#!/bin/sh
echo '{"type":"SCHEMA","stream":"guests","schema":{"properties":{"id":{"type":"string"}}},"key_properties":["id"]}'
exec yes '{"type":"RECORD","stream":"guests","record":{"id":"A1","since":"2026-01-02"}}'
"#;

#[test]
fn a_tap_is_heard_no_longer_than_it_has_to_be() {
    let manifest = PEOPLE
        .replace("kind = \"files\" }", "kind = \"singer\" }")
        .replace("files = { at = \"drop\" }", "singer = { command = [\"./tap.sh\"] }")
        .replace("file = 'people\\.csv'\n", "");
    let (head, _) = manifest.split_once("where =").unwrap();
    let manifest = format!("{head}[stream.columns]\nguest_id = \"id\"\n");
    let home = home(&[
        ("connectors/people.toml", &manifest),
        ("schemas/guest.json", GUEST),
        ("tap.sh", TAP),
    ]);
    let tap = home.path().join("tap.sh");
    fs::set_permissions(tap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = shuping(home.path(), &["preview", "people", "--rows", "2", "--json"]);
    let told = &json(&output)[0];
    assert_eq!(told["made"].as_array().unwrap().len(), 2);
    assert_eq!(told["unmapped"][0]["type"], "date");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_asked_for_one_page_and_one_that_is_down_not_for_long() {
    let (url, log) = serve(|asked, _| match asked.number("pageNum") {
        1 => page(1..=2, 900),
        _ => status(500, "0"),
    })
    .await;
    let text = plain().replace("${env:URL}", &url).replace("\"case\"", "\"guest\"");
    let text = text.replace("case_id = ", "guest_id = ");
    let home = home(&[("connectors/service.toml", &text), ("schemas/guest.json", GUEST)]);
    let text = told(home.path(), &["preview", "service", "--rows", "1"], 0);
    assert!(text.contains("page 1 row 1") && !text.contains("page 1 row 2"), "{text}");
    let line = text.lines().find(|line| line.contains("phone")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["phone", "integer", "1"]);
    assert_eq!(log.lock().unwrap().len(), 1);
    let (down, log) = serve(|_, _| status(503, "0")).await;
    let path = home.path().join("connectors/service.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace(&url, &down)).unwrap();
    let text = told(home.path(), &["preview", "service"], 1);
    assert!(text.contains("had no whole answer in 3 attempts: HTTP 503"), "{text}");
    assert!(text.contains("hint: `shuping doctor service`"), "{text}");
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_no_column_reads_are_counted_and_not_shown() {
    let (url, _) = serve(|_, _| {
        let list = serde_json::json!([
            { "id": 1, "tags": ["王小明", "李雷"], "who": { "name": "王小明" } },
            { "id": 2, "tags": ["李雷"] },
        ]);
        okay(&serde_json::json!({ "code": "200", "data": { "total": 2, "list": list } }))
    })
    .await;
    let text = plain().replace("${env:URL}", &url).replace("\"case\"", "\"guest\"");
    let text = text.replace("case_id = ", "guest_id = ");
    let text = text.replace("write =", "ignore = [\"who\"]\nwrite =");
    let home = home(&[("connectors/service.toml", &text), ("schemas/guest.json", GUEST)]);
    let output = shuping(home.path(), &["preview", "service", "--json"]);
    let told = &json(&output)[0];
    assert_eq!(
        told["unmapped"],
        serde_json::json!([
            { "header": "tags[]", "type": "list", "filled": 3, "ignored": false },
            { "header": "who{}", "type": "object", "filled": 1, "ignored": true },
        ])
    );
    assert!(!told.to_string().contains("王小明"), "{told}");
}

const DATABASE: &str = r#"
format = 1
system = { name = "people", title = "People", kind = "sql" }
sql = { url = "sqlite://people.db" }
[[stream]]
name = "guests"
into = "guest"
view = "guest"
key = ["id"]
write = "upsert"
ignore = ["since"]
[stream.columns]
guest_id = "id"
section = "section"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_asked_for_as_many_rows_as_are_shown() {
    let home = home(&[("connectors/people.toml", DATABASE), ("schemas/guest.json", GUEST)]);
    let path = home.path().join("people.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let rows = "create table guest (id text, section text, since text, pay numeric);
        insert into guest values ('b', '综合科', '2025-01-02', 12.5), ('a', '办公室', '2025-01-03', 7), ('c', 'x', null, null)";
    sqlx::raw_sql(rows).execute(&mut open).await.unwrap();
    open.close().await.unwrap();
    let output = shuping(home.path(), &["preview", "people", "--rows", "2", "--json"]);
    let told = &json(&output)[0];
    let made = told["made"].as_array().unwrap();
    assert_eq!((made.len(), &made[0]["cells"]["guest_id"]), (2, &"a".into()));
    let others = told["unmapped"].as_array().unwrap();
    assert_eq!(others.len(), 2);
    assert_eq!(
        others[0],
        serde_json::json!({ "header": "pay", "type": "number", "filled": 2, "ignored": false })
    );
    assert_eq!(
        others[1],
        serde_json::json!({ "header": "since", "type": "date", "filled": 2, "ignored": true })
    );
    fs::remove_file(&path).unwrap();
    let text = super::told(home.path(), &["preview", "people"], 1);
    assert!(text.contains("its file can't be opened"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_passes_by_a_column_that_is_closed_and_that_no_line_names() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.database("people").await.replace("tester:", "reader:");
    let table = format!(
        "create table guest (id text primary key, section text, since text, pay text);
         insert into guest values ('a', 'x', '2025-01-02', '1');
         create role reader login password '{PASSWORD}';
         grant select (id, section, since) on guest to reader;"
    );
    cluster.run("people", &table).await;
    let manifest = DATABASE.replace("sqlite://people.db", "${secret:people.url}");
    let home = home(&[("connectors/people.toml", &manifest), ("schemas/guest.json", GUEST)]);
    let secret = home.path().join("secrets/people.url");
    fs::create_dir_all(secret.parent().unwrap()).unwrap();
    fs::write(&secret, url).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let output = shuping(home.path(), &["preview", "people", "--json"]);
    let told = &json(&output)[0];
    let made = told["made"].as_array().unwrap();
    assert_eq!((made.len(), &made[0]["cells"]["guest_id"]), (1, &"a".into()));
}

#[test]
fn every_shipped_system_can_be_looked_at_and_is_well() {
    let world = World::of(1);
    world.turn(NIGHT);
    let home = World::home();
    for system in ["staffing", "appraisal", "supervision", "service", "hotline"] {
        let output = world.shuping(home.path()).args(["preview", system, "--rows", "3"]).output();
        let text = crate::library::said(&output.unwrap());
        assert!(text.contains("3 rows, asked now") && !text.contains("error"), "{text}");
    }
    let output = world.shuping(home.path()).args(["doctor"]).output().unwrap();
    let text = crate::library::said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("0 broken") && text.contains("ask roster"), "{text}");
}
