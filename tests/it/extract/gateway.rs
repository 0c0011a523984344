//! A gateway on loopback that misbehaves in every way we know of.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Barrier;

use super::Start;
use super::pulled;
use super::rows;
use super::told;

/// A question that the gateway got.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    pub(crate) fn number(&self, name: &str) -> usize {
        self.fields[name].to_string().trim_matches('"').parse().unwrap()
    }
}

pub(crate) type Reply = (StatusCode, [(&'static str, String); 1], String);

pub(crate) fn okay(body: &Value) -> Reply {
    (StatusCode::OK, [("x-none", String::new())], body.to_string())
}

pub(crate) fn status(code: u16, retry_after: &str) -> Reply {
    let code = StatusCode::from_u16(code).unwrap();
    (code, [("retry-after", retry_after.to_owned())], "{\"msg\":\"later\"}".to_owned())
}

/// Serves on loopback; `answer` gets each question and how many came before it.
pub(crate) async fn serve(
    mut answer: impl FnMut(&Asked, usize) -> Reply + Send + 'static,
) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let kept = Arc::clone(&log);
    let answer = Mutex::new(move |asked: Asked| {
        let mut log = kept.lock().unwrap();
        let reply = answer(&asked, log.len());
        log.push(asked);
        reply
    });
    let answer = Arc::new(answer);
    let respond = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let Query(mut fields) = Query::<BTreeMap<String, Value>>::try_from_uri(&uri).unwrap();
        if !body.is_empty() {
            let text = std::str::from_utf8(&body).unwrap();
            let json = || Query(serde_json::from_slice::<BTreeMap<String, Value>>(&body).unwrap());
            let is_form = headers["content-type"] == "application/x-www-form-urlencoded";
            let sent = if is_form {
                Query::try_from_uri(&format!("/?{text}").parse().unwrap()).unwrap()
            } else {
                json()
            };
            fields.extend(sent.0);
        }
        let asked = Asked { line: format!("{method} {}", uri.path()), fields, headers };
        let reply = (answer.lock().unwrap())(asked);
        async move { reply }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    (url, log)
}

/// A page of records `first..=last`, with a total.
pub(crate) fn page(numbers: std::ops::RangeInclusive<usize>, total: usize) -> Reply {
    let records: Vec<Value> = numbers.map(|id| json!({ "id": id, "phone": "100" })).collect();
    okay(&json!({ "code": "200", "data": { "total": total, "list": records } }))
}

/// The page that was asked for out of `total` records, two a page.
pub(crate) fn right(asked: &Asked, total: usize) -> Reply {
    let number = asked.number("pageNum");
    page(2 * number - 1..=(2 * number).min(total), total)
}

const PLAIN: &str = r#"
format = 1
[system]
name = "service"
title = "政务服务"
kind = "http"
[http]
url = "${env:URL}/gateway"
ok = { body = { "/code" = ["200"] }, message = "/msg" }
retry = { body = { "/code" = ["429001", 500001] }, attempts = 3, first = "1ms", max = "2ms", give_up = "5s" }
[[stream]]
name = "cases"
into = "case"
path = "/v1/cases"
records = "/data/list"
page = { kind = "number", param = "pageNum", size = ["pageSize", 2], total = "/data/total" }
write = "upsert"
[stream.columns]
case_id = "id"
"#;

/// A stream of pages of two.
pub(crate) fn plain() -> String {
    PLAIN.to_owned()
}

pub(crate) async fn asked_of(
    text: &str,
    answer: impl FnMut(&Asked, usize) -> Reply + Send + 'static,
) -> (Result<shuping::extract::Delivery, String>, Vec<String>, usize) {
    let (url, log) = serve(answer).await;
    let (delivery, batches) = pulled(text, &Start::at(&url)).await;
    let asked = log.lock().unwrap().len();
    (delivery.map_err(|error| told(&error).replace(&url, "URL")), rows(&batches), asked)
}

#[tokio::test]
async fn pages_that_add_up_are_landed_with_their_places() {
    let (delivery, rows, asked) = asked_of(&plain(), |asked, _| right(asked, 5)).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, delivery.told, asked), (5, Some(5), 3));
    assert_eq!(
        rows,
        [
            "page 1 row 1: id=1",
            "page 1 row 2: id=2",
            "page 2 row 1: id=3",
            "page 2 row 2: id=4",
            "page 3 row 1: id=5",
        ]
    );
    assert_eq!(delivery.unread, BTreeMap::from([("phone".to_owned(), 5)]));
    assert!(delivery.headers.contains("phone") && delivery.until.is_none());
    assert!(delivery.asked_again.is_empty());
}

#[tokio::test]
async fn what_is_listed_is_asked_again_and_told() {
    let past = "Tue, 06 Jan 2015 01:00:00 GMT";
    let (delivery, rows, asked) = asked_of(&plain(), move |asked, before| match before {
        0 => status(429, "0"),
        1 => status(503, past),
        3 => okay(&json!({ "code": "500001", "msg": "busy" })),
        4 => (StatusCode::OK, [("x-none", String::new())], "{\"code\":\"200\",\"da".to_owned()),
        _ => right(asked, 5),
    })
    .await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, rows.len(), asked), (5, 5, 7));
    assert_eq!(
        delivery.asked_again,
        [
            "service.cases page 1: HTTP 429",
            "service.cases page 1: HTTP 503",
            "service.cases page 2: `/code` is 500001: busy",
            "service.cases page 2: the answer is cut short or no JSON",
        ]
    );
}

#[tokio::test]
async fn a_source_that_stays_down_is_given_up_after_its_attempts() {
    let (delivery, rows, asked) = asked_of(&plain(), |_, _| status(503, "0")).await;
    let error = delivery.unwrap_err();
    assert_eq!(
        error,
        "service.cases page 1 had no whole answer in 3 attempts: HTTP 503; it is down or busy: ask its owner, a later night asks again"
    );
    assert!(rows.is_empty() && asked == 3);
}

#[tokio::test]
async fn a_wait_beyond_the_budget_is_not_begun() {
    let (delivery, _, asked) = asked_of(&plain(), |_, _| status(429, "3600")).await;
    assert!(delivery.unwrap_err().contains("in 1 attempts: HTTP 429"));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn an_error_inside_200_is_final_and_speaks_for_itself() {
    let body = json!({ "code": 401_001, "msg": "签名错误 519902198703051234" });
    let (delivery, _, asked) = asked_of(&plain(), move |_, _| okay(&body)).await;
    let error = delivery.unwrap_err();
    assert_eq!(error, "service.cases page 1 was refused: `/code` is 401001: 签名错误 …");
    assert_eq!(asked, 1);
    let (delivery, _, _) = asked_of(&plain(), |_, _| status(403, "")).await;
    assert_eq!(
        delivery.unwrap_err(),
        "service.cases page 1 was refused: HTTP 403: later; check the key in [auth] and what it may read"
    );
}

#[tokio::test]
async fn no_error_shows_the_address_or_what_was_asked() {
    let connector = plain().replace("/gateway\"", "\"");
    let start = Start::at("http://user:geheim@127.0.0.1:9/gateway?password=geheim");
    let (delivery, _) = pulled(&connector, &start).await;
    let error = delivery.unwrap_err();
    assert!(error.is_transient());
    let text = told(&error);
    assert!(text.contains("no connection"), "{text}");
    assert!(!text.contains("geheim") && !text.contains("127.0.0.1") && !text.contains("pageNum"));
    let unset = plain().replace("env:URL", "env:NOWHERE");
    let (delivery, _) = pulled(&unset, &Start::at("")).await;
    assert!(told(&delivery.unwrap_err()).contains("`NOWHERE` is not set"));
}

#[tokio::test]
async fn a_slice_that_does_not_add_up_is_asked_again_from_its_first_page() {
    type Fault = fn(&Asked) -> Option<Reply>;
    let faults: [(&str, Fault); 4] = [
        ("page 2 repeats page 1", |asked| (asked.number("pageNum") == 2).then(|| page(1..=2, 5))),
        ("the total went from 5 to 6", |asked| {
            (asked.number("pageNum") == 2).then(|| page(3..=4, 6))
        }),
        ("page 2 has 1 rows where 2 were due", |asked| {
            (asked.number("pageNum") == 2).then(|| page(3..=3, 5))
        }),
        ("page 3 has 2 rows where at most 1", |asked| {
            (asked.number("pageNum") == 3).then(|| page(5..=6, 5))
        }),
    ];
    for (why, fault) in faults {
        let mut is_spent = false;
        let (delivery, rows, _) = asked_of(&plain(), move |asked, _| {
            let reply = (!is_spent).then(|| fault(asked)).flatten();
            is_spent |= reply.is_some();
            reply.unwrap_or_else(|| right(asked, 5))
        })
        .await;
        let delivery = delivery.unwrap();
        assert_eq!((delivery.received, delivery.told, rows.len()), (5, Some(5), 5), "{why}");
        assert!(rows[4].starts_with("page 3 row 1"), "{rows:?}");
        assert_eq!(delivery.asked_again.len(), 1);
        assert!(delivery.asked_again[0].contains(why), "{:?}", delivery.asked_again);
        let (delivery, rows, _) =
            asked_of(&plain(), move |asked, _| fault(asked).unwrap_or_else(|| right(asked, 5)))
                .await;
        let error = delivery.unwrap_err();
        assert!(error.contains("kept changing") && error.contains(why), "{error}");
        assert!(rows.is_empty(), "an abandoned slice was handed on: {rows:?}");
    }
}

#[tokio::test]
async fn pages_without_a_total_end_with_a_short_one_and_not_with_a_repeated_one() {
    let text = plain().replace(", total = \"/data/total\"", "");
    let (delivery, rows, asked) = asked_of(&text, |asked, _| right(asked, 3)).await;
    assert_eq!((delivery.unwrap().told, rows.len(), asked), (None, 3, 3));
    let (delivery, rows, asked) = asked_of(&text, |_, _| page(1..=2, 2)).await;
    assert!(delivery.unwrap_err().contains("page 2 repeats page 1"));
    assert_eq!((rows.len(), asked), (0, 6));
}

#[tokio::test]
async fn a_header_that_looks_like_one_of_ours_is_not_taken_for_one() {
    let list = json!([{ "id": 1, "_phone": "13812345678", "_row.id": "x", "_filtered": "so" }]);
    let body = json!({ "code": "200", "data": { "total": 1, "list": list } });
    let (url, _) = serve(move |_, _| okay(&body)).await;
    let (delivery, batches) = pulled(&plain(), &Start::at(&url)).await;
    assert_eq!(rows(&batches), ["page 1 row 1: id=1"]);
    let unread: Vec<String> = delivery.unwrap().unread.into_keys().collect();
    assert_eq!(unread, ["(_filtered)", "(_phone)", "(_row.id)"]);
}

#[tokio::test]
async fn an_answer_without_records_is_not_an_empty_one() {
    let (delivery, _, _) =
        asked_of(&plain(), |_, _| okay(&json!({ "code": "200", "data": { "total": 0 } }))).await;
    assert!(delivery.unwrap_err().contains("the answer has no `/data/list`"));
    let none = json!({ "code": "200", "data": { "total": "0", "list": null } });
    let (delivery, _, _) = asked_of(&plain(), move |_, _| okay(&none)).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, delivery.told), (0, Some(0)));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let whole = "{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":1}]}}";
    std::thread::spawn(move || {
        for length in [20, whole.len()] {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                whole.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&whole.as_bytes()[..length]).unwrap();
        }
    });
    let (delivery, batches) = pulled(&plain(), &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    assert_eq!(rows(&batches), ["page 1 row 1: id=1"]);
    assert!(delivery.asked_again[0].contains("cut short"), "{:?}", delivery.asked_again);
}

pub(crate) const WINDOWS: &str = r#"
cursor = { param = "from", until = "to", start = "2025-11-01", lookback = "3d", lag = "5m", step = "31d" }
method = "POST"
parameters = { region = "519900" }
"#;

#[tokio::test]
async fn windows_are_asked_for_in_slices_with_numbers_as_numbers() {
    let text = plain().replace("write = \"upsert\"", &format!("write = \"upsert\"{WINDOWS}"));
    let (url, log) = serve(|asked, _| right(asked, 3)).await;
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    // Each slice told its own total, and pages are counted over the whole pull.
    assert_eq!((delivery.received, delivery.told), (9, Some(9)));
    assert_eq!(rows(&batches)[8], "page 6 row 1: id=3");
    assert_eq!(delivery.until.unwrap(), "2026-01-06T01:55:00+08:00".parse().unwrap());
    let asked: Vec<String> =
        log.lock().unwrap().iter().map(|asked| json!(asked.fields).to_string()).collect();
    assert_eq!(
        asked[0],
        r#"{"from":"2025-11-01 00:00:00","pageNum":1,"pageSize":2,"region":"519900","to":"2025-12-02 00:00:00"}"#
    );
    assert!(asked[4].contains(r#""from":"2026-01-02 00:00:00""#), "{}", asked[4]);
    assert!(asked[5].contains(r#""to":"2026-01-06 01:55:00""#), "{}", asked[5]);
    let since = Some("2026-01-05T01:55:00+08:00".parse().unwrap());
    let (delivery, _) = pulled(&text, &Start { since, ..Start::at(&url) }).await;
    assert_eq!(delivery.unwrap().told, Some(3));
    let last = log.lock().unwrap().last().unwrap().clone();
    assert_eq!(last.line, "POST /gateway/v1/cases");
    assert_eq!(last.fields["from"], "2026-01-02 01:55:00");
}

/// A gateway that answers only when three questions are open, two pages a slice; and the most that ever were.
pub(crate) async fn three_at_once() -> (String, Arc<AtomicUsize>) {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (kept, three) = (Arc::clone(&most), Arc::new(Barrier::new(3)));
    let respond = move |body: Bytes| {
        let (open, most, three) = (Arc::clone(&open), Arc::clone(&most), Arc::clone(&three));
        async move {
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            three.wait().await;
            let sent: BTreeMap<String, Value> = serde_json::from_slice(&body).unwrap();
            let (from, page) = (&sent["from"], &sent["pageNum"]);
            let rows = if *page == json!(1) { 2 } else { 1 };
            let records: Vec<Value> =
                (0..rows).map(|at| json!({ "id": format!("{from} {page}{at}") })).collect();
            open.fetch_sub(1, Ordering::SeqCst);
            okay(&json!({ "code": "200", "data": { "total": 3, "list": records } }))
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(respond)).await });
    (url, kept)
}

#[tokio::test]
async fn slices_are_asked_for_side_by_side_and_land_in_their_order() {
    let text = plain()
        .replace("write = \"upsert\"", &format!("write = \"upsert\"{WINDOWS}"))
        .replace("[[stream]]", "limit = { concurrency = 3 }\n[[stream]]");
    let (url, most) = three_at_once().await;
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    assert_eq!(delivery.unwrap().told, Some(9));
    let rows = rows(&batches);
    assert!(rows[2].starts_with("page 2 row 1: id=\"2025-11-01 00:00:00\" 20"), "{rows:#?}");
    assert!(rows[8].starts_with("page 6 row 1: id=\"2026-01-02 00:00:00\" 20"), "{rows:#?}");
    assert!(rows.is_sorted(), "{rows:#?}");
    assert_eq!(most.load(Ordering::SeqCst), 3);
}
