//! Every way in which pages follow each other, and what a page may not do.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::json;
use shuping::spec::connector::read_connector;

use super::Start;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::asked_of;
use super::gateway::okay;
use super::gateway::page;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::pulled;
use super::rows;

/// The records of a page without any.
pub(super) const NOTHING: RangeInclusive<usize> = RangeInclusive::new(1, 0);

/// A stream of pages that follow each other in another way.
pub(super) fn paged(page: &str) -> String {
    let text = plain();
    let old = text.lines().find(|line| line.starts_with("page =")).unwrap().to_owned();
    text.replace(&old, &format!("page = {{ {page} }}"))
}

fn list(ids: RangeInclusive<usize>, more: &Value) -> Value {
    let list: Vec<Value> = ids.map(|id| json!({ "id": id })).collect();
    let mut answer = json!({ "code": "200", "data": { "list": list, "total": 5 } });
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

fn text_of(asked: &Asked, name: &str) -> String {
    asked.fields.get(name).map_or_else(String::new, |value| value.as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn offsets_go_on_by_the_rows_that_came() {
    let text = paged(r#"kind = "offset", param = "skip", size = ["take", 3], more = "/more""#);
    // The gateway gives two rows whatever was asked for.
    let (delivery, rows, asked) = asked_of(&text, |asked, _| {
        let skip = asked.number("skip");
        let last = (skip + 2).min(5);
        okay(&list(skip + 1..=last, &json!({ "more": last < 5 })))
    })
    .await;
    assert_eq!((delivery.unwrap().received, rows.len(), asked), (5, 5, 3));
}

#[tokio::test]
async fn a_cursor_leads_on_in_the_query_and_in_the_body() {
    for place in ["method = \"GET\"", "method = \"POST\"", "method = \"POST\"\nplace = \"form\""] {
        let text = paged(
            r#"kind = "cursor", param = "after", next = "/next", size = ["limit", 9], total = "/data/total""#,
        )
        .replace("write =", &format!("{place}\nwrite ="));
        let (url, log) = serve(|asked, _| match text_of(asked, "after").as_str() {
            "" => okay(&list(1..=2, &json!({ "next": "b" }))),
            // A page without rows does not end what goes on.
            "b" => okay(&list(NOTHING, &json!({ "next": "c" }))),
            _ => okay(&list(3..=5, &json!({ "next": null }))),
        })
        .await;
        let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
        let delivery = delivery.unwrap();
        assert_eq!((delivery.received, delivery.told), (5, Some(5)), "{place}");
        assert_eq!(rows(&batches)[2], "page 3 row 1: id=3");
        let log = log.lock().unwrap();
        assert!(!log[0].fields.contains_key("after") && log[2].fields["after"] == "c");
    }
}

#[tokio::test]
async fn the_next_address_is_in_the_answer_or_in_a_header() {
    let text = paged(r#"kind = "next_url", next = "/next", total = "/data/total""#)
        .replace("write =", "parameters = { kind = \"book\" }\nwrite =");
    let (url, log) = serve(|asked, _| match text_of(asked, "token").as_str() {
        "" if !asked.line.ends_with("more") => {
            okay(&list(1..=2, &json!({ "next": "/gateway/v1/more?token=t%2F1&kind=book" })))
        }
        _ => okay(&list(3..=5, &json!({ "next": "" }))),
    })
    .await;
    let (delivery, _) = pulled(&text, &Start::at(&url)).await;
    assert_eq!(delivery.unwrap().received, 5);
    let last = log.lock().unwrap()[1].clone();
    assert_eq!(
        (last.line.as_str(), last.fields["token"].as_str()),
        ("GET /gateway/v1/more", Some("t/1"))
    );
    let text = paged(r#"kind = "link_header", size = ["take", 2]"#);
    let (delivery, rows, asked) = asked_of(&text, |asked, before| -> Reply {
        let next = format!("<?p={}&take=2>; rel=\"next\", </x>; rel=\"last\"", before + 1);
        let link = if before < 2 { next } else { String::new() };
        let ids = match asked.fields.get("p").map(|_| asked.number("p")) {
            None => 1..=2,
            Some(1) => 3..=4,
            Some(_) => 5..=5,
        };
        (StatusCode::OK, [("link", link)], list(ids, &json!({})).to_string())
    })
    .await;
    assert_eq!((delivery.unwrap().received, rows.len(), asked), (5, 5, 3));
}

#[tokio::test]
async fn the_next_page_is_not_asked_of_another_host() {
    let text = paged(r#"kind = "next_url", next = "/next""#);
    let away = json!({ "next": "http://127.0.0.2:1/x?token=geheim" });
    let (delivery, rows, asked) = asked_of(&text, move |_, _| okay(&list(1..=2, &away))).await;
    let error = delivery.unwrap_err();
    assert!(error.contains("service.cases page 2") && error.contains("another address"), "{error}");
    assert!(!error.contains("geheim") && rows.is_empty() && asked == 1);
}

#[tokio::test]
async fn a_cursor_or_an_address_that_leads_back_is_an_error_and_nothing_lands() {
    let cursor = paged(r#"kind = "cursor", param = "after", next = "/next""#);
    let address = paged(r#"kind = "next_url", next = "/next""#);
    for (text, next) in [(cursor, "b"), (address, "/gateway/v1/cases?p=b")] {
        let mut id = 0;
        let (delivery, rows, _) = asked_of(&text, move |_, _| {
            id += 1;
            okay(&list(id..=id, &json!({ "next": next })))
        })
        .await;
        let error = delivery.unwrap_err();
        assert!(error.starts_with("service.cases kept changing"), "{error}");
        assert!(error.contains("page 2 leads back to a page that was read"), "{error}");
        assert!(rows.is_empty());
    }
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_never_the_end() {
    let without = paged(r#"kind = "number", param = "pageNum", size = ["pageSize", 2]"#);
    let hole = |asked: &Asked| match asked.number("pageNum") {
        2 => page(NOTHING, 5),
        _ => right(asked, 5),
    };
    let (delivery, rows, _) = asked_of(&without, move |asked, _| hole(asked)).await;
    let error = delivery.unwrap_err();
    assert!(error.contains("page 3 has rows, and the one before was not full"), "{error}");
    assert!(error.contains("name `total` or `more`") && rows.is_empty(), "{error}");
    let (delivery, rows, _) = asked_of(&plain(), move |asked, _| hole(asked)).await;
    assert!(
        delivery.unwrap_err().contains("page 2 has 0 rows where 2 were due") && rows.is_empty()
    );
    // A source that says whether more follow may send pages as it likes.
    let more = paged(
        r#"kind = "number", param = "pageNum", first = 0, size = ["pageSize", 2], more = "/more""#,
    );
    let (delivery, rows, asked) = asked_of(&more, |asked, _| match asked.number("pageNum") {
        0 => okay(&list(1..=2, &json!({ "more": "true" }))),
        1 => okay(&list(NOTHING, &json!({ "more": 1 }))),
        _ => okay(&list(3..=3, &json!({ "more": false }))),
    })
    .await;
    assert_eq!((delivery.unwrap().received, rows.len(), asked), (3, 3, 3));
    let (delivery, _, _) = asked_of(&more, |_, _| okay(&list(1..=2, &json!({})))).await;
    assert!(delivery.unwrap_err().contains("page 1 does not tell whether more follow"));
}

#[tokio::test]
async fn a_source_that_repeats_its_last_page_beyond_the_end_is_read_once() {
    let text = paged(r#"kind = "number", param = "pageNum", size = ["pageSize", 2]"#);
    let (delivery, rows, asked) = asked_of(&text, |asked, _| match asked.number("pageNum") {
        number @ 1..=2 => page(2 * number - 1..=(2 * number).min(3), 3),
        _ => page(3..=3, 3),
    })
    .await;
    assert_eq!((delivery.unwrap().received, rows.len(), asked), (3, 3, 3));
}

#[tokio::test]
async fn rows_that_come_and_go_while_paging_are_noticed() {
    // One row is put in before the first page, or taken away, when page 2 is asked for.
    for (ids, total) in [(vec![0, 1, 2, 3, 4], 5), (vec![2, 3], 2)] {
        let (delivery, rows, _) = asked_of(&plain(), move |asked, before| {
            let was = (vec![1, 2, 3, 4], 4);
            let (ids, total) = [was, (ids.clone(), total)].into_iter().nth(before % 2).unwrap();
            let number = asked.number("pageNum");
            let list: Vec<Value> = ids
                .chunks(2)
                .nth(number - 1)
                .unwrap_or_default()
                .iter()
                .map(|id| json!({ "id": id }))
                .collect();
            okay(&json!({ "code": "200", "data": { "total": total, "list": list } }))
        })
        .await;
        let error = delivery.unwrap_err();
        let said = format!(
            "service.cases kept changing while it was read, 3 attempts: the total went from 4 to {total} at page 2"
        );
        assert!(error.starts_with(&said), "{error}");
        assert!(rows.is_empty());
    }
    // A source that ends before its own total is not whole either.
    let text = paged(r#"kind = "cursor", param = "after", next = "/next", total = "/data/total""#);
    let (delivery, _, _) = asked_of(&text, |_, _| okay(&list(1..=4, &json!({})))).await;
    assert!(delivery.unwrap_err().contains("page 1 is the last one, and 4 of 5 rows came"));
}

#[tokio::test]
async fn what_is_added_does_not_come_twice_where_the_next_address_has_it() {
    let text = paged(r#"kind = "next_url", next = "/next""#).replace(
        "[system]",
        "auth = { kind = \"query\", query = { key = \"${secret:key}\" } }\n[system]",
    );
    let (url, log) = serve(|asked, before| {
        let next = if before == 0 { json!("?key=old&p=2") } else { json!(null) };
        let from = 2 * before + 1;
        assert!(asked.fields.len() <= 2);
        okay(&list(from..=from, &json!({ "next": next })))
    })
    .await;
    pulled(&text, &Start::at(&url)).await.0.unwrap();
    let last = log.lock().unwrap()[1].fields.clone();
    let expected = BTreeMap::from([("key", "test-secret"), ("p", "2")]);
    assert!(expected.iter().all(|(name, value)| last[*name] == *value), "{last:?}");
}

#[tokio::test]
async fn a_variable_and_a_secret_stand_in_parameters_and_in_the_path() {
    let with = |name: &str| {
        plain()
            .replace("/v1/cases", "/v1/${env:CLIENT}/cases")
            .replace("write =", &format!("parameters = {{ key = \"${{{name}}}\" }}\nwrite ="))
    };
    let (url, log) = serve(|asked, _| right(asked, 1)).await;
    pulled(&with("secret:key"), &Start::at(&url)).await.0.unwrap();
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(asked.line, "GET /gateway/v1/gov-app-01/cases");
    assert_eq!(asked.fields["key"], super::SECRET);
    let error = pulled(&with("env:NOWHERE"), &Start::at(&url)).await.0.unwrap_err();
    assert!(super::told(&error).contains("`NOWHERE` is not set"), "{error}");
    // A POST without a body says so.
    let post = plain().replace("write =", "method = \"POST\"\nplace = \"query\"\nwrite =");
    pulled(&post, &Start::at(&url)).await.0.unwrap();
    assert_eq!(log.lock().unwrap().last().unwrap().headers["content-length"], "0");
    // What nobody knows would go out as it stands.
    for text in [with("page"), plain().replace("/v1/cases", "/v1/${page}")] {
        let faults = read_connector("connectors/s.toml", &text).unwrap_err();
        assert!(format!("{faults:?}").contains("Template"), "{faults:?}");
    }
    let endless = plain().replace(
        "write =",
        "cursor = { param = \"day\", start = \"2026-01-01\", step = \"1d\", lag = \"5m\" }\nwrite =",
    );
    let faults = read_connector("connectors/s.toml", &endless).unwrap_err();
    assert!(format!("{faults:?}").contains("\"until\""), "{faults:?}");
}

#[tokio::test]
async fn what_finds_out_what_is_gone_asks_from_where_the_past_was_asked_for_to_the_present() {
    let cursor = "cursor = { param = \"since\", until = \"before\", start = \"2026-01-01\", lookback = \"1d\" }\n";
    let full = plain().replace("write =", &format!("full = \"monthly\"\n{cursor}write ="));
    let night = "2026-01-05T02:00:00+08:00".parse().ok();
    let earliest = "2025-09-01T00:00:00+08:00".parse().ok();
    let now = Timestamp::now()
        .to_zoned_datetime(TimeZone::get("Asia/Shanghai").unwrap())
        .datetime()
        .to_string();
    for (text, since, asked, is_late) in [
        (full.clone(), None, "2025-09-01 00:00:00", true),
        (full.clone(), night, "2026-01-04 02:00:00", false),
        (full.replace("full = \"monthly\"\n", ""), None, "2026-01-01 00:00:00", false),
    ] {
        let (url, log) = serve(|asked, _| right(asked, 1)).await;
        let start = Start { since, earliest, ..Start::at(&url) };
        pulled(&text, &start).await.0.unwrap();
        let fields = log.lock().unwrap()[0].fields.clone();
        assert_eq!(fields["since"], asked);
        // However late the night is run, a row that changed after its cutoff is not gone.
        let before = fields["before"].as_str().unwrap();
        assert_eq!(before.replace(' ', "T") > now, is_late, "{before} {now}");
    }
}

#[tokio::test]
async fn a_window_is_written_in_a_way_that_says_the_time() {
    let cursor = |format: &str| {
        let cursor = format!(
            "cursor = {{ param = \"since\", until = \"before\", start = \"2026-01-01\", lookback = \"0d\", format = \"{format}\" }}\nwrite ="
        );
        plain().replace("write =", &cursor)
    };
    for (format, since) in [
        ("epoch_s", "1767196800"),
        ("epoch_ms", "1767196800000"),
        ("%Y%m%d", "20260101"),
        ("/Date(%s)/", "/Date(1767196800)/"),
    ] {
        let (url, log) = serve(|asked, _| right(asked, 1)).await;
        pulled(&cursor(format), &Start::at(&url)).await.0.unwrap();
        let asked = log.lock().unwrap()[0].clone();
        assert_eq!(asked.fields["since"].to_string().trim_matches('"'), since);
    }
    let base = "format = 1\nsystem = { name = \"s\", title = \"S\", kind = \"sql\" }\nsql = { url = \"sqlite:///x.db\" }\n\
        [[stream]]\nname = \"a\"\ninto = \"b\"\nview = \"V\"\nkey = \"ID\"\nwrite = \"upsert\"\n\
        cursor = { column = \"AT\", start = \"2026-01-01\", lag = \"5m\", format = \"FORMAT\" }\n";
    assert!(read_connector("connectors/s.toml", &base.replace("FORMAT", "epoch_s")).is_ok());
    for format in ["yyyy-MM-dd HH:mm:ss", "YYYY-MM-DD", "epoch", "%Y-%", ""] {
        for text in [cursor(format), base.replace("FORMAT", format)] {
            let faults = read_connector("connectors/s.toml", &text).unwrap_err();
            let told = format!("{faults:?}");
            assert!(told.contains(".cursor.format\""), "{told}");
            assert!(told.contains("`epoch_ms` or `epoch_s`"), "{told}");
        }
    }
}

#[tokio::test]
async fn a_cursor_may_say_that_nothing_follows() {
    for (last, is_whole) in [("", false), (", last = [0]", true)] {
        let text = paged(&format!(r#"kind = "cursor", param = "after", next = "/next"{last}"#));
        let (delivery, _, asked) =
            asked_of(&text, |asked, _| match text_of(asked, "after").as_str() {
                "2" => okay(&list(3..=4, &json!({ "next": 0 }))),
                _ => okay(&list(1..=2, &json!({ "next": 2 }))),
            })
            .await;
        match delivery {
            Ok(delivery) => assert_eq!((delivery.received, asked, is_whole), (4, 2, true)),
            Err(error) => assert!(!is_whole && error.contains("page 3 repeats page 1"), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_page_without_rows_that_leads_to_itself_is_the_last() {
    for (total, is_whole) in [("", true), (r#", total = "/data/total""#, false)] {
        let text = paged(&format!(r#"kind = "cursor", param = "after", next = "/next"{total}"#));
        let (delivery, _, asked) =
            asked_of(&text, |asked, _| match text_of(asked, "after").as_str() {
                "" => okay(&list(1..=2, &json!({ "next": "b" }))),
                "b" => okay(&list(3..=4, &json!({ "next": "c" }))),
                _ => okay(&list(NOTHING, &json!({ "next": "c" }))),
            })
            .await;
        match delivery {
            Ok(delivery) => assert_eq!((delivery.received, asked, is_whole), (4, 3, true)),
            Err(error) => {
                assert!(error.contains("page 3 is the last one, and 4 of 5 rows came"), "{error}");
                assert!(!is_whole);
            }
        }
    }
}
