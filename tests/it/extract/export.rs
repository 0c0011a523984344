//! A stream that comes as the file of a job: begun once, asked about until it is done, read whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::http::Method;
use axum::http::Uri;
use encoding_rs::GB18030;
use serde_json::json;
use tempfile::TempDir;

use super::Start;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::serve;
use super::gateway::status;
use super::pulled;
use super::rows;
use super::told;

const FILE: &str = "id,名称\r\n1,\"a, b\"\r\n2,\r\n";

/// A stream of a job, whose file stands at its own path.
fn exported() -> String {
    let text = plain().replace("attempts = 3", "attempts = 2");
    let old = text.lines().find(|line| line.starts_with("page =")).unwrap().to_owned();
    let job = r#"export = { job = "/job", status = { path = "/v1/jobs/${job}", at = "/state", done = ["done"], failed = ["failed", "expired"], every = "1ms", longest = "5s" }, file = { path = "/v1/jobs/${job}/file", form = "csv" } }"#;
    text.replace(&old, job).replace("case_id = \"id\"", "case_id = \"id\"\nname = \"名称\"")
}

fn said(state: &str) -> Reply {
    okay(&json!({ "code": "200", "job": "J/1", "state": state, "url": "/gateway/files/1?sign=x" }))
}

fn file(text: &str) -> Reply {
    (axum::http::StatusCode::OK, [("content-type", "text/csv".to_owned())], text.to_owned())
}

/// Begins jobs, says a state after the other and then the last, and gives the file.
fn desk(states: Vec<&'static str>) -> impl FnMut(&Asked, usize) -> Reply {
    let mut states = states.into_iter();
    move |asked, _| match asked.line.as_str() {
        "POST /gateway/v1/cases" => said("new"),
        "GET /gateway/v1/jobs/J%2F1" => match states.next() {
            Some("down") => status(503, "0"),
            Some("gone") => status(404, ""),
            Some(state) => said(state),
            None => said("done"),
        },
        "GET /gateway/v1/jobs/J%2F1/file" | "GET /gateway/files/1" => file(FILE),
        other => panic!("{other}"),
    }
}

fn kept(folder: &TempDir, url: &str) -> Start {
    Start { shelf: Some(folder.path().join("shelf")), ..Start::at(url) }
}

/// How often each thing was asked.
fn counts(log: &Mutex<Vec<Asked>>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for asked in log.lock().unwrap().iter() {
        let last = asked.line.rsplit('/').next().unwrap().to_owned();
        *counts.entry(last).or_default() += 1;
    }
    counts
}

fn counted(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(what, times)| ((*what).to_owned(), *times)).collect()
}

const ROWS: [&str; 2] = ["page 1 row 1: id=1 名称=a, b", "page 1 row 2: id=2"];

#[tokio::test]
async fn a_job_is_begun_asked_about_until_it_is_done_and_its_file_read() {
    let (url, log) = serve(desk(vec!["queued", "down", "running"])).await;
    let text = exported().replace("write =", "parameters = { kind = \"book\" }\nwrite =");
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, delivery.told), (2, None));
    assert_eq!(rows(&batches), ROWS);
    assert_eq!(delivery.asked_again, ["service.cases job: HTTP 503"]);
    assert_eq!(counts(&log), counted(&[("cases", 1), ("J%2F1", 4), ("file", 1)]));
    assert_eq!(log.lock().unwrap()[0].fields["kind"], "book");
    // The answer about the job may say where its file is.
    let said = exported().replace("path = \"/v1/jobs/${job}/file\"", "at = \"/url\"");
    let (url, log) = serve(desk(vec![])).await;
    assert_eq!(rows(&pulled(&said, &Start::at(&url)).await.1), ROWS);
    assert_eq!(log.lock().unwrap()[2].fields["sign"], "x");
}

#[tokio::test]
async fn a_file_in_which_a_name_stands_twice_is_no_table_and_stops_nothing_else() {
    let twice = "id,名称,名称\r\n1,a,b\r\n";
    let (url, _) = serve(move |asked, _| match asked.line.as_str() {
        "POST /gateway/v1/cases" => said("new"),
        "GET /gateway/v1/jobs/J%2F1" => said("done"),
        _ => file(twice),
    })
    .await;
    let (delivery, batches) = pulled(&exported(), &Start::at(&url)).await;
    let error = told(&delivery.unwrap_err());
    assert!(error.contains("two columns are named `名称`") && batches.is_empty(), "{error}");
}

#[tokio::test]
async fn a_job_that_fails_or_is_gone_is_begun_again_and_given_up_in_the_end() {
    for (state, why) in [
        ("failed", "its export ended as `failed`"),
        ("expired", "its export ended as `expired`"),
        ("gone", "its export or its file is gone"),
    ] {
        let (url, log) = serve(desk(vec!["running", state])).await;
        let (delivery, batches) = pulled(&exported(), &Start::at(&url)).await;
        let delivery = delivery.unwrap();
        assert_eq!(rows(&batches), ROWS);
        assert!(delivery.asked_again[0].contains(why), "{:?}", delivery.asked_again);
        assert_eq!(counts(&log)["cases"], 2);
        let (url, _) = serve(desk(vec![state, state])).await;
        let (delivery, batches) = pulled(&exported(), &Start::at(&url)).await;
        let error = told(&delivery.unwrap_err());
        assert!(
            error.contains(why) && error.contains("2 attempts") && batches.is_empty(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_pull_that_broke_off_waits_for_the_job_that_was_begun() {
    // The gateway is down while the job runs; the next run asks about the same one.
    let folder = TempDir::new().unwrap();
    let (url, log) = serve(desk(vec!["running", "down", "down"])).await;
    assert!(pulled(&exported(), &kept(&folder, &url)).await.0.unwrap_err().is_transient());
    let (_, batches) = pulled(&exported(), &kept(&folder, &url)).await;
    assert_eq!(rows(&batches), ROWS);
    assert_eq!(counts(&log), counted(&[("cases", 1), ("J%2F1", 4), ("file", 1)]));
    // Once the file is there, nothing is asked at all.
    let (_, batches) = pulled(&exported(), &kept(&folder, &url)).await;
    assert_eq!((rows(&batches).len(), log.lock().unwrap().len()), (2, 6));
    // One that takes too long is left to the next run, which begins another where it is gone by then.
    let folder = TempDir::new().unwrap();
    let now = Arc::new(AtomicUsize::new(0));
    let (run, mut times) = (Arc::clone(&now), 0);
    let mut jobs = desk(vec![]);
    let (url, log) = serve(move |asked, before| {
        let is_about = asked.line == "GET /gateway/v1/jobs/J%2F1";
        match (is_about, run.load(Ordering::SeqCst)) {
            (true, 0) => said("running"),
            (true, 1) if std::mem::replace(&mut times, 1) == 0 => status(404, ""),
            _ => jobs(asked, before),
        }
    })
    .await;
    let short = exported()
        .replace("5s\" }, file", "10ms\" }, file")
        .replace("every = \"1ms\"", "every = \"9ms\"");
    let why = told(&pulled(&short, &kept(&folder, &url)).await.0.unwrap_err());
    assert!(why.contains("its export is still `running` after 10ms"), "{why}");
    assert_eq!(counts(&log)["cases"], 1);
    now.store(1, Ordering::SeqCst);
    let (delivery, batches) = pulled(&short, &kept(&folder, &url)).await;
    assert_eq!(rows(&batches), ROWS);
    assert!(delivery.unwrap().asked_again[0].contains("its file is gone"));
    assert_eq!(counts(&log)["cases"], 2);
}

/// A job that is done at once, and a file of one's own.
fn broken(text: &'static str) -> impl FnMut(&Asked, usize) -> Reply {
    let mut jobs = desk(vec![]);
    move |asked, before| {
        if asked.line.ends_with("/file") { file(text) } else { jobs(asked, before) }
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_told_without_its_words() {
    for (form, text, why) in [
        ("csv", "id,名称\n1,张三,13812345678\n", "line 2 has 3 fields where 2 were due"),
        ("csv", "{\"code\":401,\"msg\":\"张三\"}", "its first line names none of the columns"),
        ("csv", "", "its first line names none of the columns"),
        ("json", "{\"data\":", "it is no JSON at line 1"),
        ("json", "{\"data\":{\"list\":3}}", "`/data/list` of it is no list"),
        ("ndjson", "{\"code\":401,\"msg\":\"张三\"}", "none of its lines says anything"),
        ("ndjson", "{\"id\":1}\n{\"code\":500,\"msg\":\"张三\"}\n", "line 2 says nothing that"),
        ("zip", "PK, but no archive", "no archive, or a damaged one"),
    ] {
        let (url, _) = serve(broken(text)).await;
        let text = exported().replace("form = \"csv\"", &format!("form = \"{form}\""));
        let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
        let error = told(&delivery.unwrap_err());
        assert!(error.contains(why) && batches.is_empty(), "{error}");
        assert!(!error.contains("张三") && !error.contains("13812345678"), "{error}");
    }
}

/// Begins a job that is done at once, and gives these bytes.
async fn gives(bytes: Vec<u8>) -> String {
    let bytes = Arc::new(bytes);
    let respond = move |method: Method, uri: Uri| {
        let body = if method == Method::GET && uri.path().ends_with("/file") {
            bytes.to_vec()
        } else {
            json!({ "code": "200", "job": 7, "state": "done" }).to_string().into_bytes()
        };
        async move { body }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    url
}

#[tokio::test]
async fn an_archive_is_read_file_by_file_in_any_encoding_and_large_files_page_by_page() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let (gbk, _, _) = GB18030.encode("id\t名称\n1\t𬭚\n");
    let json = json!({ "data": { "list": [{ "id": 2, "名称": "乙" }] } }).to_string();
    for (name, bytes) in [("a.CSV", &*gbk), ("b.json", json.as_bytes())] {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let text = exported().replace("form = \"csv\"", "form = \"zip\"");
    let (_, batches) = pulled(&text, &Start::at(&gives(bytes).await)).await;
    assert_eq!(rows(&batches), ["page 1 row 1: id=1 名称=𬭚", "page 2 row 1: id=2 名称=乙"]);

    let empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap();
    let (none, _) = pulled(&text, &Start::at(&gives(empty.into_inner()).await)).await;
    assert!(told(&none.unwrap_err()).contains("its archive holds no file"));

    let many: Vec<String> = (0..25_000).map(|id| format!("{id},x")).collect();
    let bytes = format!("id,名称\n{}", many.join("\n")).into_bytes();
    let (delivery, batches) = pulled(&exported(), &Start::at(&gives(bytes).await)).await;
    assert_eq!(delivery.unwrap().received, 25_000);
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.rows.len()).collect();
    assert_eq!(sizes, [10_000, 10_000, 5_000]);
    assert_eq!(batches[2].rows[4_999].place(), "page 3 row 25000");
}
