//! Is nothing found that is not there, whichever way a gateway is asked, and of a database and a tap?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;
use sqlx::Connection as _;

use super::gate::MANIFEST;
use super::gate::home;
use super::gate::no;
use super::gate::proven;
use super::gate::right;
use super::gate::things;
use crate::extract::gateway::Asked;
use crate::extract::gateway::Reply;
use crate::extract::gateway::okay;
use crate::extract::gateway::serve;

/// A system that gives a ticket first, and tells its things in four ways.
const WAYS: &str = r#"
format = 1
system = { name = "things", title = "Things", kind = "http" }
[auth]
kind = "login"
headers = { X-Ticket = "${ticket}" }
login = { url = "/login", fields = { secret = "${secret:things.key}" }, ticket = "/ticket" }
[http]
url = "URL/v1"
ok = { body = { "/code" = ["200"] } }
retry = { attempts = 4, first = "1ms", max = "2ms", give_up = "5s" }
[[stream]]
name = "address"
into = "thing"
path = "/address"
records = "/list"
page = { kind = "next_url", next = "/next", size = ["size", 4] }
write = "upsert"
COLUMNS
[[stream]]
name = "link"
into = "thing"
path = "/link"
records = "/list"
page = { kind = "link_header", size = ["size", 4], total = "/total" }
write = "upsert"
COLUMNS
[[stream]]
name = "job"
into = "thing"
path = "/jobs"
records = "/list"
export = { job = "/job", status = { path = "/jobs/${job}", at = "/state", done = ["done"], failed = ["failed"], every = "1ms", longest = "5s" }, file = { at = "/url", form = "json" } }
write = "upsert"
COLUMNS
[[stream]]
name = "each"
into = "thing"
path = "/things/${row.id}/parts"
records = "/list"
each = { of = "link" }
write = "upsert"
COLUMNS
"#;

const COLUMNS: &str = r#"[stream.columns]
thing_id = "id"
amount = "amount"
note = "note"
updated_at = "changed""#;

/// One page, and where the next one is.
fn page(asked: &Asked, own: &str) -> Reply {
    let (size, things) = (asked.number("size"), things());
    let first = asked.fields.get("at").map_or(0, |_| asked.number("at"));
    let list: Vec<&Value> = things.iter().skip(first).take(size).collect();
    let path = asked.line.split_whitespace().last().unwrap();
    let next = format!("{own}{path}?at={}&size={size}", first + size);
    let next = (first + size < things.len()).then_some(next);
    let link = next.as_ref().map_or_else(String::new, |next| format!("<{next}>; rel=\"next\""));
    let total = path.ends_with("link").then_some(things.len());
    let body = json!({ "code": "200", "list": list, "next": next, "total": total });
    (StatusCode::OK, [("link", link)], body.to_string())
}

fn answer(asked: &Asked) -> Reply {
    let host = asked.headers.get("host").map_or("", |host| host.to_str().unwrap());
    let own = format!("http://{host}");
    let is_known =
        asked.headers.get("x-ticket").is_some_and(|ticket| ticket == "a-ticket-of-things");
    match asked.line.as_str() {
        "POST /v1/login" if asked.fields["secret"] == super::gate::PROOF => {
            okay(&json!({ "code": "200", "ticket": "a-ticket-of-things" }))
        }
        "POST /v1/login" => {
            (StatusCode::UNAUTHORIZED, [("x-none", String::new())], "{}".to_owned())
        }
        _ if !is_known => no("401"),
        "GET /v1/address" | "GET /v1/link" => page(asked, &own),
        "POST /v1/jobs" | "GET /v1/jobs" => okay(&json!({ "code": "200", "job": "J1" })),
        "GET /v1/jobs/J1" => {
            let url = format!("{own}/v1/file");
            okay(&json!({ "code": "200", "state": "done", "url": url }))
        }
        "GET /v1/file" => okay(&json!({ "list": things() })),
        parts => {
            let id = parts.split('/').nth(3).unwrap();
            let mut thing = things().into_iter().find(|thing| thing["id"] == id).unwrap();
            thing["id"] = json!(format!("{id}-part"));
            okay(&json!({ "code": "200", "list": [thing] }))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_asking_a_gateway_passes() {
    let (url, log) = serve(|asked, _| answer(asked)).await;
    let home = home(&WAYS.replace("COLUMNS", COLUMNS), &url);
    let found = proven(home.path(), 0);
    let of = |point: u64| {
        let of = found.iter().filter(|(number, ..)| *number == point);
        of.map(|(_, verdict, text)| format!("{verdict}: {text}")).collect::<Vec<_>>()
    };
    let (resume, faults, total) = (of(7), of(9), of(10));
    assert!(resume[0].ends_with("no page was asked for twice"), "{resume:#?}");
    assert!(resume[1].ends_with("no page was asked for twice"), "{resume:#?}");
    assert!(resume[2].starts_with("not_asked: its rows come in one file"), "{resume:#?}");
    assert!(
        resume[3].starts_with("not_asked: it has pages of its own for each row"),
        "{resume:#?}"
    );
    assert!(
        faults.iter().all(|faults| faults.starts_with("passed: 429 for a second")),
        "{faults:#?}"
    );
    assert!(faults[0].contains("empty page in the middle (without a `total`"), "{faults:#?}");
    assert!(faults[1].contains("page once more, empty page in the middle, pages"), "{faults:#?}");
    assert!(total[1].starts_with("passed: one more than there is"), "{total:#?}");
    assert!(of(2)[0].contains("(login) was refused: HTTP 401"), "{:#?}", of(2));
    let logins = log.lock().unwrap();
    let wrong = logins.iter().filter(|asked| asked.line.ends_with("login"));
    let wrong = wrong.filter(|asked| asked.fields["secret"] != super::gate::PROOF).count();
    assert_eq!(wrong, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_a_text_behind_a_mark_is_tried_where_its_readers_find_it() {
    let (url, _) = serve(|asked, _| {
        let (status, headers, body) = right(asked);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        if body["data"].is_object() {
            body["data"] = Value::from(body["data"].to_string());
        }
        (status, headers, format!("\u{feff}{body}"))
    })
    .await;
    let home = home(MANIFEST, &url);
    let found = proven(home.path(), 0);
    let of = |point: u64| &found.iter().find(|(number, ..)| *number == point).unwrap().2;
    assert!(of(9).contains("empty page in the middle"), "{found:#?}");
    assert!(
        of(10).starts_with("one more than there is: ") && !of(10).contains("no /data"),
        "{}",
        of(10)
    );
    assert!(of(11).ends_with("others stand"), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_passes_and_a_second_run_brings_what_changed() {
    let manifest = r#"
format = 1
system = { name = "things", title = "Things", kind = "sql" }
sql = { url = "sqlite://things.db" }
[[stream]]
name = "rows"
into = "thing"
view = "thing"
key = ["id"]
cursor = { column = "changed", start = "2025-12-01", lookback = "20d" }
write = "upsert"
COLUMNS
"#;
    let home = home(&manifest.replace("COLUMNS", COLUMNS), "");
    let path = home.path().join("things.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let table = "create table thing (id text primary key, amount integer, note text, changed text)";
    sqlx::raw_sql(table).execute(&mut open).await.unwrap();
    for thing in things() {
        let text = |name: &str| thing[name].to_string().replace('"', "'");
        let row = ["id", "amount", "note", "changed"].map(text).join(", ");
        let insert = format!("insert into thing values ({row})");
        sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&mut open).await.unwrap();
    }
    let found = proven(home.path(), 0);
    assert_eq!(found[5].2, "2025-12-01..2026-01-01: twice the same 14 rows");
    assert!(
        found[7].2.starts_with("a second run brings 7 rows, the year 2999 none; a"),
        "{found:#?}"
    );
    assert!(found[10].2.ends_with("thing_id missing; 13 others stand"), "{found:#?}");
    // What tells no time comes every night, and is told; where it is most of what there is, nothing is won.
    let insert = "insert into thing values ('Z01', 1, 'x', null)";
    sqlx::raw_sql(insert).execute(&mut open).await.unwrap();
    let found = proven(home.path(), 0);
    let told = "brings 7 rows, the year 2999 none; 1 rows tell no time and come every night; a";
    assert!(found[7].1 == "passed" && found[7].2.contains(told), "{found:#?}");
    sqlx::raw_sql("update thing set changed = null").execute(&mut open).await.unwrap();
    open.close().await.unwrap();
    let found = proven(home.path(), 1);
    assert!(found[7].2.contains("the year 2999 brought 15 rows"), "{found:#?}");
}

const TAP: &str = r#"#!/bin/sh
echo '{"type":"SCHEMA","stream":"rows","schema":{"properties":{"id":{"type":"string"}}},"key_properties":["id"]}'
for id in A B C; do
  echo '{"type":"RECORD","stream":"rows","record":{"id":"'$id'","amount":1,"note":"whole","changed":"2025-12-10 08:00:00"}}'
done
"#;

#[test]
fn a_tap_passes() {
    let manifest = r#"
format = 1
system = { name = "things", title = "Things", kind = "singer" }
singer = { command = ["./tap.sh"] }
[[stream]]
name = "rows"
into = "thing"
write = "upsert"
COLUMNS
"#;
    let home = home(&manifest.replace("COLUMNS", COLUMNS), "");
    let tap = home.path().join("tap.sh");
    fs::write(&tap, TAP).unwrap();
    fs::set_permissions(&tap, fs::Permissions::from_mode(0o755)).unwrap();
    let found = proven(home.path(), 0);
    assert!(found[2].2.starts_with("3 rows of a preview"), "{found:#?}");
    assert!(found[7].2.starts_with("a tap knows by its own state what changed"), "{found:#?}");
}
