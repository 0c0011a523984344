//! What stands behind all that a source says it has? Often nothing, and sometimes what it didn't count.

use axum::http::StatusCode;
use serde_json::json;

use super::Start;
use super::gateway::Reply;
use super::gateway::asked_of;
use super::gateway::okay;
use super::gateway::page;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::status;
use super::paging::NOTHING;
use super::paging::paged;
use super::pulled;
use super::told;

#[tokio::test]
async fn a_total_that_counts_no_further_does_not_end_the_rows() {
    let text = paged(
        r#"kind = "number", param = "pageNum", size = ["pageSize", 5000], total = "/data/total""#,
    );
    // A search index says 10,000 of however many rows; of exactly so many nothing follows.
    for (all, said) in
        [(10_003, Some("page 3 has 3 rows behind all 10000 that are told")), (10_000, None)]
    {
        let (delivery, rows, asked) = asked_of(&text, move |asked, _| {
            let from = 5_000 * (asked.number("pageNum") - 1) + 1;
            page(from..=(from + 4_999).min(all), 10_000)
        })
        .await;
        match (delivery, said) {
            (Err(error), Some(said)) => assert!(error.contains(said) && rows.is_empty(), "{error}"),
            (delivery, _) => {
                assert_eq!((delivery.unwrap().received, asked, said), (10_000, 3, None));
            }
        }
    }
}

#[tokio::test]
async fn a_total_may_be_a_limit_of_its_own_and_a_full_page_is_asked_behind() {
    // Of seven rows no more than four are told.
    let (delivery, rows, asked) = asked_of(&plain(), |asked, _| {
        let number = asked.number("pageNum");
        page(2 * number - 1..=(2 * number).min(7), 4)
    })
    .await;
    let error = delivery.unwrap_err();
    assert!(error.contains("page 3 has 2 rows behind all 4 that are told"), "{error}");
    assert_eq!((rows.len(), asked), (0, 9));
    // What is not full was counted to its end.
    let (delivery, _, asked) = asked_of(&plain(), |asked, _| right(asked, 3)).await;
    assert_eq!((delivery.unwrap().received, asked), (3, 2));
}

#[tokio::test]
async fn a_slice_whose_total_came_stands_whatever_is_said_behind_it() {
    type Behind = fn() -> Reply;
    let behind: [(&str, Behind); 10] = [
        ("no rows", || page(NOTHING, 4)),
        ("no rows and none told", || page(NOTHING, 0)),
        ("null", || okay(&json!({ "code": "200", "data": null }))),
        ("no total", || okay(&json!({ "code": "200", "data": { "list": [] } }))),
        ("a status", || status(404, "")),
        ("down", || status(500, "")),
        ("a refusal", || okay(&json!({ "code": "40001", "msg": "页码超出范围" }))),
        ("no JSON", || (StatusCode::OK, [("x-none", String::new())], "<html>".to_owned())),
        ("the last page", || page(3..=4, 4)),
        ("the first page", || page(1..=2, 4)),
    ];
    for (what, behind) in behind {
        let (delivery, rows, asked) = asked_of(&plain(), move |asked, _| {
            let is_behind = asked.number("pageNum") > 2;
            is_behind.then(behind).unwrap_or_else(|| right(asked, 4))
        })
        .await;
        let delivery = delivery.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((delivery.received, rows.len(), asked), (4, 4, 3), "{what}");
        assert!(delivery.asked_again.is_empty(), "{what}: {:?}", delivery.asked_again);
    }
    // The last page again, and something in it is of the moment; only keys can tell.
    let (url, _) = serve(|asked, before| {
        let first = 2 * asked.number("pageNum").min(2) - 1;
        let list = [first, first + 1].map(|id| json!({ "id": id, "link": format!("t{before}") }));
        okay(&json!({ "code": "200", "data": { "total": 4, "list": list } }))
    })
    .await;
    let start = Start { row_key: vec!["id".to_owned()], ..Start::at(&url) };
    assert_eq!(pulled(&plain(), &start).await.0.unwrap().received, 4);
    let error = told(&pulled(&plain(), &Start::at(&url)).await.0.unwrap_err());
    assert!(error.contains("page 3 has 2 rows behind all 4 that are told"), "{error}");
    // A search index refuses what stands behind its ten thousand, and there may be more.
    let text = plain().replace("\"pageSize\", 2]", "\"pageSize\", 5000]");
    let (delivery, rows, _) = asked_of(&text, |asked, _| match asked.number("pageNum") {
        number @ 1..=2 => page(5_000 * (number - 1) + 1..=5_000 * number, 10_000),
        _ => status(400, ""),
    })
    .await;
    assert!(delivery.unwrap_err().contains("page 3 was refused: HTTP 400") && rows.is_empty());
}
