//! A stream that is asked for once for each row of another one.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use serde_json::Value;
use serde_json::json;
use shuping::spec::home::Home;
use tempfile::TempDir;

use super::Start;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::serve;
use super::gateway::status;
use super::past::Desk;
use super::pulled;
use super::rows;
use super::told;

/// A stream of the notes of each case, two a page.
fn notes() -> String {
    plain()
        .replace("path = \"/v1/cases\"", "path = \"/v1/cases/${row.no}/notes\"\nparameters = { of = \"${row.kind}\" }\neach = { of = \"parents\", gone = [404] }")
        .replace("case_id = \"id\"", "case_id = \"id\"\nparent = \"_row.no\"")
        .replace("attempts = 3", "attempts = 1")
        .replace("[[stream]]", "limit = { concurrency = 2 }\n[[stream]]")
}

fn parent(no: &str, kind: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("no".to_owned(), no.to_owned()), ("kind".to_owned(), kind.to_owned())])
}

fn parents() -> Vec<BTreeMap<String, String>> {
    let mut parents: Vec<_> =
        ["A1", "林/7", "519902198703051231", "B9"].map(|no| parent(no, "x&y")).into();
    // The same row once more, one that would lead elsewhere in a path, and one without a key.
    parents.push(parent("A1", "x&y"));
    parents.push(parent("..", "x&y"));
    parents.push(BTreeMap::from([("kind".to_owned(), "z".to_owned())]));
    parents
}

fn started(url: &str, folder: &TempDir) -> Start {
    Start { parents: parents(), shelf: Some(folder.path().join("shelf")), ..Start::at(url) }
}

/// Three notes of a case.
fn three(asked: &Asked) -> Reply {
    let first = 2 * asked.number("pageNum") - 1;
    let list: Vec<Value> = (first..=(first + 1).min(3)).map(|id| json!({ "id": id })).collect();
    okay(&json!({ "code": "200", "data": { "total": 3, "list": list } }))
}

#[tokio::test]
async fn a_child_is_asked_once_for_each_row_and_knows_which() {
    let folder = TempDir::new().unwrap();
    let (url, log) =
        serve(|asked, _| if asked.line.contains("B9") { status(404, "") } else { three(asked) })
            .await;
    let (delivery, batches) = pulled(&notes(), &started(&url, &folder)).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, delivery.told), (9, Some(9)));
    let rows = rows(&batches);
    assert_eq!(rows[0], "page 1 row 1: id=1 _row.kind=x&y _row.no=A1");
    assert_eq!(rows[3], "page 3 row 1: id=1 _row.kind=x&y _row.no=林/7");
    assert_eq!(rows[8], "page 6 row 1: id=3 _row.kind=x&y _row.no=519902198703051231");
    let mut asked: Vec<String> = log
        .lock()
        .unwrap()
        .iter()
        .map(|asked| {
            assert_eq!(asked.fields["of"], "x&y");
            asked.line.clone()
        })
        .collect();
    asked.sort();
    asked.dedup();
    // A slash of a value is no slash of the path.
    let paths = ["519902198703051231", "A1", "B9", "%E6%9E%97%2F7"]
        .map(|no| format!("GET /gateway/v1/cases/{no}/notes"));
    assert_eq!(asked.len(), 4);
    assert!(paths.iter().all(|path| asked.contains(path)), "{asked:?}");
}

#[tokio::test]
async fn a_child_that_fails_is_told_by_a_hash_and_the_others_are_not_asked_for_again() {
    let folder = TempDir::new().unwrap();
    let mut is_spent = false;
    let (url, log) = serve(move |asked, _| {
        let is_it = asked.line.contains("519902198703051231");
        if is_it && !std::mem::replace(&mut is_spent, true) {
            status(503, "0")
        } else {
            three(asked)
        }
    })
    .await;
    let text = notes().replace("concurrency = 2", "concurrency = 1");
    let (delivery, _) = pulled(&text, &started(&url, &folder)).await;
    let why = told(&delivery.unwrap_err());
    assert!(
        why.starts_with("service.cases of row ") && why.contains(" page 1 had no whole answer"),
        "{why}"
    );
    assert!(!why.contains("519902198703051231"), "{why}");
    let hash = why.split(' ').nth(3).unwrap();
    assert!(hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{why}");
    let before = log.lock().unwrap().len();
    let (delivery, batches) = pulled(&text, &started(&url, &folder)).await;
    assert_eq!((delivery.unwrap().told, rows(&batches).len()), (Some(12), 12));
    let log = log.lock().unwrap();
    assert!(
        log[before..].iter().all(|asked| !asked.line.contains("A1") && !asked.line.contains("%2F"))
    );
    // Not even in the names of the files where pages wait.
    let names: Vec<String> = fs::read_dir(folder.path().join("shelf"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() == 5 && !names.iter().any(|name| name.contains("5199")), "{names:?}");
}

#[tokio::test]
async fn a_child_is_gone_at_its_first_page_or_not_at_all() {
    let text = notes();
    let old = text.lines().find(|line| line.starts_with("page =")).unwrap();
    let text = text.replace(old, r#"page = { kind = "cursor", param = "token", next = "/next" }"#);
    let start = |url: &str, folder: &TempDir| Start {
        parents: vec![parent("A1", "x"), parent("B9", "x")],
        ..started(url, folder)
    };
    let page = |asked: &Asked| match (asked.line.contains("B9"), asked.fields.get("token")) {
        (true, _) | (_, Some(_)) => status(404, ""),
        _ => okay(&json!({ "code": "200", "data": { "list": [{ "id": 1 }] }, "next": "2" })),
    };
    let folder = TempDir::new().unwrap();
    let (url, _) = serve(move |asked, _| page(asked)).await;
    let (delivery, batches) = pulled(&text, &start(&url, &folder)).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("page 2 is gone, and the one before said that it follows"), "{why}");
    assert!(batches.is_empty());
    // The other one has none, and that is no fault; nor is it where a job was to be begun.
    let only = |url: &str, folder: &TempDir| Start {
        parents: vec![parent("B9", "x")],
        ..start(url, folder)
    };
    let folder = TempDir::new().unwrap();
    assert_eq!(pulled(&text, &only(&url, &folder)).await.0.unwrap().received, 0);
    let job = r#"export = { job = "/job", status = { path = "/jobs/${job}", at = "/state", done = ["done"], failed = ["failed"], every = "1ms", longest = "5s" }, file = { path = "/jobs/${job}/file", form = "csv" } }"#;
    let text = notes().replace(old, job);
    let folder = TempDir::new().unwrap();
    assert_eq!(pulled(&text, &only(&url, &folder)).await.0.unwrap().received, 0);
}

#[test]
fn what_a_child_asks_with_must_be_stored_as_it_came() {
    let child = |of: &str, path: &str| {
        let stream = |name: &str, more: &str, columns: &str| {
            format!(
                "[[stream]]\nname = \"{name}\"\ninto = \"service_case\"\npath = {more}\nwrite = \"upsert\"\n[stream.columns]\nunit_id = {{ constant = \"x\" }}\naccepted_at = {{ constant = \"2026-01-01\" }}\nchannel = {{ constant = \"window\" }}\nstatus = {{ constant = \"open\" }}\n{columns}\n"
            )
        };
        let head = "format = 1\nsystem = { name = \"desk\", title = \"x\", kind = \"http\" }\n[http]\nurl = \"http://x\"\n";
        let parent = stream(
            "loans",
            "\"/loans\"",
            "case_id = \"id\"\ntitle = { from = \"who\", identity = \"opaque\" }",
        );
        format!(
            "{head}{parent}{}",
            stream("notes", &format!("\"{path}\"\n{of}"), "case_id = \"no\"")
        )
    };
    for (of, path, code) in [
        ("", "/notes/${row.id}", "H180"),
        ("each = { of = \"loans\" }", "/notes", "H181"),
        ("each = { of = \"notes\" }", "/notes/${row.id}", "H182"),
        (
            "each = { of = \"loans\" }\nfull = \"monthly\"\ncursor = { param = \"since\", start = \"2026-01-01\" }",
            "/notes/${row.id}",
            "H185",
        ),
        (
            "each = { of = \"loans\" }\ncursor = { param = \"since\", start = \"2026-01-01\", lag = \"5m\" }",
            "/notes/${row.id}",
            "H186",
        ),
        ("each = { of = \"loans\" }", "/notes/${row.nothing}", "H183"),
        ("each = { of = \"loans\" }", "/notes/${row.who}", "H183"),
    ] {
        let home = crate::library::library();
        fs::write(home.path().join("connectors/desk.toml"), child(of, path)).unwrap();
        let faults = Home::open(home.path()).unwrap().catalog().unwrap_err();
        assert!(faults.iter().any(|fault| fault.code.id() == code), "{of} {path}: {faults:#?}");
    }
}

const DESK: &str = r#"
format = 1
system = { name = "desk", title = "Desk", kind = "http", owner = "Front desk" }
[http]
url   = "${env:DESK_URL}"
retry = { attempts = 1 }
[[stream]]
name    = "loans"
into    = "service_case"
path    = "/v1/loans"
records = "/list"
cursor  = { param = "since", format = "%Y-%m-%d", start = "2024-01-01", lookback = "0d" }
write   = "upsert"
[stream.columns]
case_id     = "id"
unit_id     = { constant = "North Branch", lookup = "unit" }
channel     = { constant = "window" }
accepted_at = { constant = "2024-01-02 09:00" }
status      = { constant = "open" }
[[stream]]
name    = "notes"
into    = "service_case"
path    = "/v1/loans/${row.id}/notes"
records = "/list"
write   = "upsert"
each    = { of = "loans" }
[stream.columns]
case_id     = { sql = "\"_row.id\" || '-' || no" }
unit_id     = { constant = "North Branch", lookup = "unit" }
channel     = { constant = "kiosk" }
accepted_at = { constant = "2024-01-02 09:00" }
status      = { constant = "open" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_night_asks_for_the_rows_that_came_since_its_child_ended_well() {
    // Each night one more loan; the second night the notes are down.
    let night = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&night);
    let (url, log) = serve(move |asked, _| {
        let now = now.load(Ordering::SeqCst);
        match (asked.line.ends_with("/notes"), now) {
            (true, 2) => status(503, "0"),
            (true, _) => okay(&json!({ "list": [{ "no": 1 }, { "no": 2 }] })),
            (false, _) => okay(&json!({ "list": [{ "id": format!("L{now}") }] })),
        }
    })
    .await;
    let desk = Desk::with(DESK, &url);
    let mut asked = Vec::new();
    for (at, code) in [(1, 0), (2, 1), (3, 0)] {
        night.store(at, Ordering::SeqCst);
        log.lock().unwrap().clear();
        let output = desk.run(&["run", "--night", &format!("2026-01-0{at}")]).await;
        let said = crate::library::said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let notes = log
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| asked.line.ends_with("/notes"))
            .map(|asked| asked.line.clone())
            .collect::<Vec<_>>();
        asked.push(notes);
    }
    let of = |no: usize| format!("GET /v1/loans/L{no}/notes");
    assert_eq!(asked, [vec![of(1)], vec![of(2)], vec![of(2), of(3)]]);
    let count = "select count(*) from service_case where case_id like 'L_-_'";
    let warehouse = desk.home.path().join("var/warehouse.db");
    let found = tokio::task::block_in_place(|| crate::world::ask(&warehouse, count));
    assert_eq!(found, [["6"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_has_no_children_any_more_keeps_none_in_a_snapshot_within_it() {
    let night = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&night);
    let (url, _) = serve(move |asked, _| {
        let now = now.load(Ordering::SeqCst);
        match (asked.line.as_str(), now) {
            ("GET /v1/loans/L1/notes", 2) => okay(&json!({ "list": [] })),
            ("GET /v1/loans/L1/notes", 3..) | ("GET /v1/loans/L2/notes", 4) => status(404, ""),
            (line, _) if line.ends_with("/notes") => okay(&json!({ "list": [{ "no": 1 }] })),
            _ => okay(&json!({ "list": [{ "id": "L1" }, { "id": "L2" }] })),
        }
    })
    .await;
    let text = DESK
        .replace("each    = { of = \"loans\" }", "each    = { of = \"loans\", gone = [404] }")
        .replace(
            "write   = \"upsert\"\neach",
            "write   = \"snapshot\"\nwithin  = [\"result\"]\neach",
        )
        .replace("case_id     = { sql", "result      = \"_row.id\"\ncase_id     = { sql");
    let desk = Desk::with(&text, &url);
    let warehouse = desk.home.path().join("var/warehouse.db");
    let stands = "select case_id from service_case where case_id like 'L_-_' order by 1";
    for (at, due) in [(1, vec!["L1-1", "L2-1"]), (2, vec!["L2-1"]), (3, vec!["L2-1"]), (4, vec![])]
    {
        night.store(at, Ordering::SeqCst);
        let output = desk.run(&["run", "--night", &format!("2026-01-0{at}")]).await;
        let said = crate::library::said(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let found = tokio::task::block_in_place(|| crate::world::ask(&warehouse, stands)).concat();
        assert_eq!(found, due, "night {at}: {said}");
    }
}
