//! A pull that breaks off at any page goes on where it was, in little memory, and leaves nothing of a
//! person and no secret where its pages wait.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::Start;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::status;
use super::past::Desk;
use super::pulled;
use super::rows;
use super::told;

/// A stream of pages that say where the next one is, and that are asked for once.
fn said(page: &str) -> String {
    let text = plain().replace("attempts = 3", "attempts = 1");
    let old = text.lines().find(|line| line.starts_with("page =")).unwrap().to_owned();
    text.replace(&old, &format!("page = {{ {page} }}"))
}

/// Page `number` of five, two rows each.
fn fifth(number: usize) -> Reply {
    let list: Vec<Value> =
        (0..2).map(|at| json!({ "id": 10 * number + at, "phone": "100" })).collect();
    let next = (number < 5).then(|| number + 1);
    let address = next.map(|next| format!("/gateway/v1/cases?token={next}"));
    okay(
        &json!({ "code": "200", "data": { "list": list, "total": 10 }, "next": next, "address": address }),
    )
}

fn number(asked: &Asked) -> usize {
    if asked.fields.contains_key("token") { asked.number("token") } else { 1 }
}

/// How often each page was asked for.
fn counts(log: &Mutex<Vec<Asked>>) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for asked in log.lock().unwrap().iter() {
        *counts.entry(number(asked)).or_default() += 1;
    }
    counts
}

/// Breaks off once at a page.
fn breaks_at(page: usize) -> impl FnMut(&Asked, usize) -> Reply {
    let mut is_spent = false;
    move |asked, _| {
        if number(asked) == page && !std::mem::replace(&mut is_spent, true) {
            return status(503, "0");
        }
        fifth(number(asked))
    }
}

fn kept(folder: &TempDir, url: &str) -> Start {
    Start { shelf: Some(folder.path().join("shelf")), ..Start::at(url) }
}

#[tokio::test]
async fn a_pull_that_breaks_off_at_any_page_asks_for_no_page_twice() {
    let cursor = r#"kind = "cursor", param = "token", next = "/next", total = "/data/total""#;
    let address = r#"kind = "next_url", next = "/address", total = "/data/total""#;
    let whole = {
        let (url, _) = serve(|asked, _| fifth(number(asked))).await;
        let (delivery, batches) = pulled(&said(cursor), &Start::at(&url)).await;
        (delivery.unwrap(), rows(&batches))
    };
    for (text, page) in
        [cursor, address].into_iter().flat_map(|way| (1..=5).map(move |page| (said(way), page)))
    {
        let folder = TempDir::new().unwrap();
        let (url, log) = serve(breaks_at(page)).await;
        let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
        assert!(told(&delivery.unwrap_err()).contains(&format!("page {page} had no whole answer")));
        assert!(batches.is_empty());
        let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
        // Nobody can tell that it broke off.
        assert_eq!((delivery.unwrap(), rows(&batches)), whole);
        let expected = (1..=5).map(|at| (at, if at == page { 2 } else { 1 })).collect();
        assert_eq!(counts(&log), expected, "broken at {page}");
    }
}

/// A stream of counted pages that is asked for in three windows.
fn three_windows() -> String {
    let windows = "write = \"upsert\"\ncursor = { param = \"from\", until = \"to\", start = \"2025-11-01\", lookback = \"0d\", step = \"31d\" }";
    plain().replace("write = \"upsert\"", windows)
}

#[tokio::test]
async fn pages_that_are_counted_are_asked_for_anew_and_whole_slices_are_not() {
    let text = three_windows().replace("attempts = 3", "attempts = 1");
    let folder = TempDir::new().unwrap();
    let (url, log) =
        serve(|asked, before| if before == 4 { status(503, "0") } else { right(asked, 5) }).await;
    assert!(pulled(&text, &kept(&folder, &url)).await.0.is_err());
    let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
    assert_eq!((delivery.unwrap().told, rows(&batches).len()), (Some(15), 15));
    let asked: Vec<String> = log
        .lock()
        .unwrap()
        .iter()
        .map(|asked| {
            let from = asked.fields["from"].as_str().unwrap().split(' ').next().unwrap();
            format!("{from} {}", asked.number("pageNum"))
        })
        .collect();
    let (first, second, third) = ("2025-11-01", "2025-12-02", "2026-01-02");
    let expected = [(first, 3), (second, 2), (second, 3), (third, 3)];
    let expected: Vec<String> = expected
        .into_iter()
        .flat_map(|(from, pages)| (1..=pages).map(move |page| format!("{from} {page}")))
        .collect();
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_slice_whose_rows_moved_says_so_in_the_run_that_finds_it_whole() {
    let folder = TempDir::new().unwrap();
    let (url, log) = serve(|asked, before| {
        // Another row comes twice each time that the first window is asked for; the second one breaks off.
        let twice = match before {
            0..3 => 2,
            3..6 => 1,
            6..9 => return status(503, "0"),
            _ => return right(asked, 5),
        };
        let pages = [vec![1, 2], vec![3, twice], vec![4]];
        let list = pages[asked.number("pageNum") - 1].iter().map(|id| json!({ "id": id }));
        let list: Vec<Value> = list.collect();
        okay(&json!({ "code": "200", "data": { "list": list, "total": 5 } }))
    })
    .await;
    let start = Start { row_key: vec!["id".to_owned()], ..kept(&folder, &url) };
    assert!(pulled(&three_windows(), &start).await.0.is_err());
    let (delivery, batches) = pulled(&three_windows(), &start).await;
    let delivery = delivery.unwrap();
    assert!(delivery.is_moving && delivery.asked_again.is_empty(), "{:?}", delivery.asked_again);
    assert_eq!((rows(&batches).len(), log.lock().unwrap().len()), (15, 15));
}

#[tokio::test]
async fn a_row_that_moved_between_two_runs_is_held_against_the_pages_of_the_first() {
    let text = said(r#"kind = "cursor", param = "token", next = "/next""#);
    let folder = TempDir::new().unwrap();
    let mut breaks = breaks_at(3);
    let (url, _) = serve(move |asked, before| {
        if number(asked) != 4 {
            return breaks(asked, before);
        }
        okay(&json!({ "code": "200", "data": { "list": [{ "id": 41 }, { "id": 20 }] }, "next": 5 }))
    })
    .await;
    let start = Start { row_key: vec!["id".to_owned()], ..kept(&folder, &url) };
    assert!(pulled(&text, &start).await.0.is_err());
    assert!(pulled(&text, &start).await.0.unwrap().is_moving);
}

#[tokio::test]
async fn a_place_that_is_forgotten_over_there_without_a_word_does_not_end_the_rows() {
    let nothing = || okay(&json!({ "code": "200", "data": { "list": [] }, "next": null }));
    let text = said(r#"kind = "cursor", param = "token", next = "/next""#);
    let folder = TempDir::new().unwrap();
    let (url, log) = serve(move |asked, before| match before {
        2 => status(503, "0"),
        3 => nothing(),
        _ => fifth(number(asked)),
    })
    .await;
    assert!(pulled(&text, &kept(&folder, &url)).await.0.is_err());
    let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
    let delivery = delivery.unwrap();
    assert_eq!((rows(&batches).len(), log.lock().unwrap().len()), (10, 9));
    assert!(
        delivery.asked_again[0].contains("can't be gone on with: page 3 has no rows"),
        "{:?}",
        delivery.asked_again
    );
    // In one run it is so behind a question that had to be asked again; and behind any other it is the end.
    let text = text.replace("attempts = 1", "attempts = 3");
    for (busy, pages) in [(true, 5 + 1 + 3), (false, 3)] {
        let (url, log) = serve(move |asked, before| match (number(asked), before) {
            (3, 2) if busy => status(503, "0"),
            (3, 2 | 3) => nothing(),
            (page, _) => fifth(page),
        })
        .await;
        let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
        delivery.unwrap();
        let came = if busy { 10 } else { 4 };
        assert_eq!((rows(&batches).len(), log.lock().unwrap().len()), (came, pages));
    }
}

#[tokio::test]
async fn a_place_that_is_forgotten_over_there_is_asked_for_from_the_first_page_on() {
    let text = said(r#"kind = "cursor", param = "token", next = "/next", total = "/data/total""#);
    let folder = TempDir::new().unwrap();
    let (url, log) = serve(|asked, before| match before {
        2 => status(503, "0"),
        3 => status(400, ""),
        _ => fifth(number(asked)),
    })
    .await;
    assert!(pulled(&text, &kept(&folder, &url)).await.0.is_err());
    let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.told, rows(&batches).len(), log.lock().unwrap().len()), (Some(10), 10, 9));
    assert!(
        delivery.asked_again[0].contains("can't be gone on with"),
        "{:?}",
        delivery.asked_again
    );
}

#[tokio::test]
async fn a_page_that_was_cut_short_is_none_and_other_questions_find_nothing() {
    let text = said(r#"kind = "cursor", param = "token", next = "/next", total = "/data/total""#);
    for cut in [1, 40, 90] {
        let folder = TempDir::new().unwrap();
        let (url, log) = serve(breaks_at(4)).await;
        assert!(pulled(&text, &kept(&folder, &url)).await.0.is_err());
        let pages = pages(folder.path());
        let length = fs::metadata(&pages).unwrap().len();
        fs::File::options().write(true).open(&pages).unwrap().set_len(length - cut).unwrap();
        let (delivery, batches) = pulled(&text, &kept(&folder, &url)).await;
        assert_eq!((delivery.unwrap().received, rows(&batches).len()), (10, 10));
        assert_eq!(counts(&log)[&3], 2, "cut by {cut}");
        // Another manifest asks something else, be it in one word.
        let other = text.replace("write =", "parameters = { kind = \"book\" }\nwrite =");
        pulled(&other, &kept(&folder, &url)).await.0.unwrap();
        assert_eq!(counts(&log)[&1], 2);
    }
}

/// The file of the only slice.
fn pages(folder: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(folder.join("shelf")).unwrap().map(|entry| entry.unwrap().path());
    let mut slices = entries.filter(|path| !path.ends_with("head"));
    let found = slices.next().unwrap();
    assert_eq!(slices.next(), None);
    found
}

#[tokio::test]
async fn where_pages_wait_is_no_person_and_no_secret() {
    let text = said(r#"kind = "next_url", next = "/next""#)
        .replace(
            "[system]",
            "auth = { kind = \"query\", query = { key = \"${secret:key}\" } }\n[system]",
        )
        .replace(
            "case_id = \"id\"",
            "case_id = \"id\"\nwho = { from = \"sfzh\", identity = \"cn_id\" }",
        );
    let folder = TempDir::new().unwrap();
    let (url, _) = serve(|_, before| match before {
        0 => okay(&json!({ "code": "200", "next": "/gateway/v1/cases?key=test-secret&token=2",
            "data": { "list": [{ "id": 1, "sfzh": "519902198703051231", "phone": "13812345678" }] } })),
        _ => status(503, "0"),
    })
    .await;
    assert!(pulled(&text, &kept(&folder, &url)).await.0.is_err());
    let bytes = fs::read_to_string(pages(folder.path())).unwrap();
    assert!(bytes.contains("token=2") && bytes.contains("1987-03-05"), "{bytes}");
    for hidden in ["519902198703051231", "13812345678", super::SECRET] {
        assert!(!bytes.contains(hidden), "{bytes}");
    }
}

const PAGES: &str = r#"
format = 1
system = { name = "desk", title = "Desk", kind = "http", owner = "Front desk" }
[http]
url   = "${env:DESK_URL}"
retry = { attempts = 2, first = "50s" }
[[stream]]
name    = "loans"
into    = "service_case"
path    = "/v1/loans"
records = "/data/list"
page    = { kind = "cursor", param = "token", next = "/next" }
write   = "upsert"
[stream.columns]
case_id     = "id"
unit_id     = { constant = "North Branch", lookup = "unit" }
channel     = { constant = "window" }
accepted_at = { constant = "2024-01-02 09:00" }
status      = { constant = "open" }
"#;

/// Runs a night until it is stopped by the gateway, and kills it.
async fn killed(desk: &Desk, told: Receiver<()>, pid: &AtomicU32) {
    let mut child = desk.command(&["run"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    pid.store(child.id(), Ordering::SeqCst);
    let wait = move || told.recv_timeout(Duration::from_mins(1)).unwrap();
    tokio::task::spawn_blocking(wait).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_that_is_killed_at_every_page_asks_for_none_twice() {
    // Where it stops next: each page, one after the other.
    let (stop, say) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(None)));
    let (stopping, saying) = (Arc::clone(&stop), Arc::clone(&say));
    let (url, log) = serve(move |asked, _| {
        let page = number(asked);
        let mut stop = stopping.lock().unwrap();
        if page == *stop {
            *stop += 1;
            let said: &Sender<()> = &saying.lock().unwrap().take().unwrap();
            said.send(()).unwrap();
            return status(503, "");
        }
        fifth(page)
    })
    .await;
    let desk = Desk::with(PAGES, &url);
    for _ in 1..=5 {
        let (tell, told) = channel();
        *say.lock().unwrap() = Some(tell);
        killed(&desk, told, &AtomicU32::new(0)).await;
    }
    let report = desk.well(&["run"]).await;
    assert!(report.contains("Landed desk.loans 10 rows"), "{report}");
    // Once for the rows, and once when it was killed instead of answered. The page before that one was on its way to
    // the shelf by then, and is asked for again where it had not come so far.
    let counts = counts(&log);
    assert!(counts.keys().copied().eq(1..=5), "{counts:?}");
    assert!(counts.values().all(|asked| (2..=3).contains(asked)) && counts[&5] == 2, "{counts:?}");
    assert!(!desk.landing().keys().any(|path| path.contains("shelf")));
}

/// The most memory that a process ever had, in kilobytes.
fn peak_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Pages of a megabyte; the one behind the pages tells how much memory they took, and stops.
fn pages_until(
    pages: usize,
    (pid, peak): (Arc<AtomicU32>, Arc<AtomicU32>),
    say: Sender<()>,
) -> impl FnMut(&Asked, usize) -> Reply {
    move |asked, _| {
        let page = number(asked);
        if page > pages {
            peak.store(peak_of(pid.load(Ordering::SeqCst)), Ordering::SeqCst);
            say.send(()).unwrap();
            return status(503, "");
        }
        let row = |at: usize| json!({ "id": format!("{:0>2000}", 1_000 * page + at) });
        let list: Vec<Value> = (0..500).map(row).collect();
        okay(&json!({ "data": { "list": list }, "next": page + 1 }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_pages() {
    let mut most = Vec::new();
    // By the first point parts are landed and judged side by side, which takes as much for any number of them.
    for last in [60, 260] {
        let (pid, (say, told)) = (Arc::new(AtomicU32::new(0)), channel());
        let peak = Arc::new(AtomicU32::new(0));
        let both = (Arc::clone(&pid), Arc::clone(&peak));
        let (url, _) = serve(pages_until(last, both, say)).await;
        killed(&Desk::with(PAGES, &url), told, &pid).await;
        most.push(peak.load(Ordering::SeqCst));
    }
    // Two hundred more pages are two hundred megabytes of text.
    assert!(most[1] < most[0] + 80_000, "{most:?} kB");
}
