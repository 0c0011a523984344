//! What stands in an answer where its records should be?

use serde_json::json;

use super::gateway::Asked;
use super::gateway::asked_of;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::right;
use super::paging::paged;

#[tokio::test]
async fn null_in_the_place_of_all_that_tells_rows_is_no_row() {
    let nothing = || okay(&json!({ "code": "200", "data": null }));
    let (delivery, _, asked) = asked_of(&plain(), move |_, _| nothing()).await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, delivery.told, asked), (0, Some(0), 1));
    // In the middle it is a hole, and at the end the end.
    let (delivery, _, _) = asked_of(&plain(), move |asked, _| match asked.number("pageNum") {
        2 => nothing(),
        _ => right(asked, 5),
    })
    .await;
    assert!(delivery.unwrap_err().contains("the total went from 5 to 0 at page 2"));
    let without = paged(r#"kind = "number", param = "pageNum", size = ["pageSize", 2]"#);
    let (delivery, rows, _) = asked_of(&without, move |asked, _| match asked.number("pageNum") {
        1 | 2 => right(asked, 4),
        _ => nothing(),
    })
    .await;
    assert_eq!((delivery.unwrap().received, rows.len()), (4, 4));
    // Without a word that all is well it may be an error.
    let silent = without.replace("body = { \"/code\" = [\"200\"] }, ", "");
    assert!(silent != without);
    let (delivery, _, _) = asked_of(&silent, move |_, _| nothing()).await;
    assert!(delivery.unwrap_err().contains("the answer has no `/data/list`"));
    // Neither is it said by null in the place of the rows alone, in the middle or at the beginning.
    for first in [1, 3] {
        let (delivery, rows, _) =
            asked_of(&silent, move |asked, _| match asked.number("pageNum") {
                number if number < first => right(asked, 9),
                _ => okay(&json!({ "code": 500, "msg": "系统繁忙", "data": { "list": null } })),
            })
            .await;
        let error = delivery.unwrap_err();
        let said =
            format!("page {first} cannot be read: `/data/list` is null, which may be an error");
        assert!(error.contains(&said) && error.contains("name in `ok` how"), "{error}");
        assert!(rows.is_empty());
    }
    // What is not there at all is another answer than was described.
    let other = |_: &Asked, _| okay(&json!({ "code": "200", "data": {} }));
    let (delivery, _, _) = asked_of(&without, other).await;
    assert!(delivery.unwrap_err().contains("the answer has no `/data/list`"));
}

#[tokio::test]
async fn what_is_empty_is_no_row_where_nothing_can_be_wrong() {
    let without = paged(r#"kind = "number", param = "pageNum", size = ["pageSize", 2]"#);
    let silent = |text: &str| text.replace("body = { \"/code\" = [\"200\"] }, ", "");
    for empty in [json!(null), json!(""), json!({})] {
        let said = json!({ "code": "200", "data": { "list": empty } });
        let (delivery, _, _) = asked_of(&without, move |_, _| okay(&said)).await;
        assert_eq!(delivery.unwrap().received, 0, "{empty}");
        let said = json!({ "code": "200", "data": { "list": empty } });
        let (delivery, _, _) = asked_of(&silent(&without), move |_, _| okay(&said)).await;
        assert!(delivery.unwrap_err().contains("`/data/list` is n"), "{empty}");
    }
    // Nothing says so but the total; or nothing stands beside it that could be an error.
    let told = json!({ "code": 0, "data": { "list": null, "total": 0 } });
    let (delivery, _, _) = asked_of(&silent(&plain()), move |_, _| okay(&told)).await;
    assert_eq!(delivery.unwrap().received, 0);
    let alone = |_: &Asked, _| okay(&json!({ "data": { "list": null } }));
    let (delivery, _, _) = asked_of(&silent(&without), alone).await;
    assert_eq!(delivery.unwrap().received, 0);
}

#[tokio::test]
async fn what_is_no_list_is_called_what_it_is() {
    for (there, called) in [
        (json!("geheim"), "a text"),
        (json!({ "a": 1, "b": 2, "c": 3 }), "an object with 3 keys"),
        (json!({ "a": 1 }), "an object with 1 key"),
        (json!(7), "a number"),
        (json!("{geheim"), "a text"),
    ] {
        let body = json!({ "code": "200", "data": { "total": 1, "list": there } });
        let (delivery, _, _) = asked_of(&plain(), move |_, _| okay(&body)).await;
        let error = delivery.unwrap_err();
        assert!(error.ends_with(&format!("`/data/list` is no list but {called}")), "{error}");
        assert!(!error.contains("geheim"));
    }
}

#[tokio::test]
async fn json_that_stands_in_a_text_is_read() {
    let list = json!([{ "id": 1 }, { "id": 2 }, { "id": 3 }]).to_string();
    let data = json!({ "total": 3, "list": [{ "id": 1 }, { "id": 2 }, { "id": 3 }] }).to_string();
    let whole = json!({ "code": "200", "data": { "total": 3, "list": list } }).to_string();
    for body in [
        json!({ "code": "200", "data": { "total": 3, "list": list } }),
        json!({ "code": "200", "data": data }),
        json!(whole),
    ] {
        let text = plain().replace("\"pageSize\", 2]", "\"pageSize\", 9]");
        let (delivery, rows, _) = asked_of(&text, move |_, _| okay(&body)).await;
        assert_eq!(delivery.unwrap().told, Some(3));
        assert_eq!(rows[2], "page 1 row 3: id=3");
    }
}

#[tokio::test]
async fn a_whole_number_is_the_same_key_however_it_is_written() {
    for (written, id) in [("7", "7"), ("7.0", "7"), ("1e5", "100000"), ("7.5", "7.5")] {
        let body = format!(
            "{{\"code\":\"200\",\"data\":{{\"total\":1.0,\"list\":[{{\"id\":{written}}}]}}}}"
        );
        let (_, rows, _) = asked_of(&plain(), move |_, _| {
            (axum::http::StatusCode::OK, [("x-none", String::new())], body.clone())
        })
        .await;
        assert_eq!(rows, [format!("page 1 row 1: id={id}")]);
    }
}
