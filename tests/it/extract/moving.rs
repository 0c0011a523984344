//! What becomes of a list whose rows move while its pages are read, and of one that comes empty? Nothing that stands
//! is taken away.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;

use super::gateway::okay;
use super::gateway::serve;
use super::past::Desk;
use crate::library::said;
use crate::world::ask;

const LIST: &str = r#"
format = 1
system = { name = "desk", title = "Desk", kind = "http", owner = "Front desk" }
[http]
url   = "${env:DESK_URL}"
retry = { attempts = 3, first = "1ms" }
[[stream]]
name    = "loans"
into    = "service_case"
path    = "/v1/loans"
records = "/list"
page    = { kind = "cursor", param = "after", next = "/next", size = ["size", 2] }
write   = "snapshot"
[stream.columns]
case_id     = "id"
unit_id     = { constant = "North Branch", lookup = "unit" }
channel     = { constant = "window" }
accepted_at = { constant = "2026-01-05 10:00" }
status      = { constant = "open" }
"#;

/// What a source does with its list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Nothing.
    Rests,
    /// The first row goes to the end whenever a page was asked for.
    Turns,
    /// It has its first row twice.
    Doubles,
    /// It says that there is none.
    Forgets,
}

/// One row of an answer.
fn rows(cells: &[&str]) -> Vec<Vec<String>> {
    vec![cells.iter().map(ToString::to_string).collect()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_takes_no_row_away_that_may_have_moved_past_its_pages() {
    let does = Arc::new(Mutex::new((Does::Rests, 8)));
    let told = Arc::clone(&does);
    let (url, _) = serve(move |asked, before| {
        let (does, rows) = *told.lock().unwrap();
        let mut list: Vec<usize> = (1..=rows).collect();
        match does {
            Does::Rests => {}
            Does::Turns => list.rotate_left(before % rows),
            Does::Doubles => list.push(1),
            Does::Forgets => list.clear(),
        }
        let from = if asked.fields.contains_key("after") { asked.number("after") } else { 0 };
        let page = list.iter().skip(from).take(2).map(|id| json!({ "id": format!("K{id}") }));
        let next = (from + 2 < list.len()).then(|| (from + 2).to_string());
        okay(&json!({ "list": page.collect::<Vec<_>>(), "next": next }))
    })
    .await;
    let desk = Desk::with(LIST, &url);
    let question = |question: &str| {
        tokio::task::block_in_place(|| ask(&desk.home.path().join("var/warehouse.db"), question))
    };
    let stand = || question("select count(*) from service_case where case_id like 'K%'");
    let found = |night: &str| {
        question(&format!(
            "select stream, \"rows\" from finding where kind = 'came_twice' and night = '{night}'"
        ))
    };
    let run = async |night: &str| desk.run(&["run", "--night", night]).await;
    let first = run("2026-02-01").await;
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert_eq!(stand(), [["8"]]);
    // One row came twice, and another never.
    *does.lock().unwrap() = (Does::Turns, 8);
    assert_eq!(run("2026-02-02").await.status.code(), Some(0));
    assert_eq!((stand(), found("2026-02-02")), (rows(&["8"]), rows(&["loans", "1"])));
    // One that the source has twice, whenever it is asked, moves nothing.
    *does.lock().unwrap() = (Does::Doubles, 7);
    assert_eq!(run("2026-02-03").await.status.code(), Some(0));
    assert_eq!((stand(), found("2026-02-03")), (rows(&["7"]), Vec::new()));
    // Of a list that comes empty the contract promises a row.
    *does.lock().unwrap() = (Does::Forgets, 7);
    let output = run("2026-02-04").await;
    assert_eq!((output.status.code(), stand()), (Some(1), rows(&["7"])));
    let text = said(&output);
    assert!(text.contains("0 rows came, the contract promises at least 1"), "{text}");
    *does.lock().unwrap() = (Does::Rests, 3);
    assert_eq!(run("2026-02-05").await.status.code(), Some(0));
    assert_eq!(stand(), [["3"]]);
}
