//! In whichever way the records of an answer stand they are read, what no column reads of them is told, and what
//! is sent keeps its type.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::Value;
use serde_json::json;
use shuping::base::messages::Code;
use shuping::spec::connector::read_connector;

use super::Start;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::serve;
use super::pulled;
use super::rows;
use super::told;

#[tokio::test]
async fn what_no_column_reads_of_a_record_is_told_by_how_much_it_holds() {
    let (url, _) = serve(|asked, _| {
        let records = json!([
            {
                "id": 1,
                "tags": ["王小明", "李雷"],
                "who": { "name": "王小明", "code": "A", "phones": ["13800138000"] },
                "parts": [{ "no": 1, "of": "x" }, { "no": 2, "of": "y" }],
            },
            { "id": 2, "tags": [], "other": { "a": 1, "b": 2 }, "known": [1] },
        ]);
        let list = if asked.number("pageNum") == 1 { records } else { json!([]) };
        okay(&json!({ "code": "200", "data": { "total": 2, "list": list } }))
    })
    .await;
    let text =
        plain().replace("write = \"upsert\"", "write = \"upsert\"\nignore = [\"known\"]").replace(
            "case_id = \"id\"",
            "case_id = \"id\"\ncode = \"/who/code\"\npart = \"/parts/0/no\"",
        );
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    let unread: Vec<(&str, u64)> =
        delivery.unread.iter().map(|(name, amount)| (name.as_str(), *amount)).collect();
    assert_eq!(
        unread,
        [
            ("/parts/0/of", 1),
            ("/parts[]", 1),
            ("/who/name", 1),
            ("/who/phones[]", 1),
            ("other{}", 2),
            ("tags[]", 2),
        ]
    );
    assert!(delivery.headers.contains("known[]"));
    let seen = format!("{batches:?}");
    assert!(!seen.contains("王小明") && !seen.contains("13800138000"), "{seen}");
    assert_eq!(rows(&batches)[0], "page 1 row 1: id=1 /parts/0/no=1 /who/code=A");
}

/// One answer without pages whose records stand below keys.
fn keyed() -> String {
    let text = plain().replace("records = \"/data/list\"", "records = \"/data\"\nkeyed = \"_id\"");
    let page = text.lines().find(|line| line.starts_with("page")).unwrap().to_owned();
    text.replace(&page, "").replace("case_id = \"id\"", "case_id = \"_id\"\nnumber = \"n\"")
}

#[tokio::test]
async fn records_that_stand_below_their_keys_are_read_with_them() {
    let data = json!({ "A1": { "n": 1, "of": "x" }, "A2": { "n": 2, "_id": "B" } });
    let (url, _) = serve(move |_, _| okay(&json!({ "code": "200", "data": data }))).await;
    let (delivery, batches) = pulled(&keyed(), &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    assert_eq!(delivery.unread, BTreeMap::from([("of".to_owned(), 1)]));
    assert_eq!(rows(&batches), ["page 1 row 1: n=1 _id=A1", "page 1 row 2: n=2 _id=A2"]);
    // Without a row some say an empty list, and others say what went wrong.
    for (data, why) in [
        (json!({}), None),
        (json!([]), None),
        (json!(null), None),
        (json!([{ "n": 1 }]), Some("`/data` is no object of records but a list")),
        (json!({ "error": "张三" }), Some("record 1 is no object")),
        (json!(7), Some("`/data` is no object of records but a number")),
    ] {
        let (url, _) = serve(move |_, _| okay(&json!({ "code": "200", "data": data }))).await;
        let (delivery, _) = pulled(&keyed(), &Start::at(&url)).await;
        match why {
            None => assert_eq!(delivery.unwrap().received, 0),
            Some(why) => {
                let error = told(&delivery.unwrap_err());
                assert!(error.contains(why) && !error.contains("张三"), "{error}");
            }
        }
    }
}

/// Pages of lines, two each.
fn lines() -> String {
    plain()
        .replace("records = \"/data/list\"", "form = \"ndjson\"")
        .replace(", total = \"/data/total\"", "")
}

fn said(text: &str) -> Reply {
    (StatusCode::OK, [("content-type", "application/x-ndjson".to_owned())], text.to_owned())
}

#[tokio::test]
async fn a_record_a_line_is_read_and_half_a_line_is_none() {
    let (url, log) = serve(|asked, before| match (asked.number("pageNum"), before) {
        (1, _) => said("{\"id\":1,\"name\":\"x\"}\r\n\n{\"id\":2}\n"),
        (2, 1) => said("{\"id\":3}\n{\"id\":"),
        (2, 2) => said("{\"code\":\"429001\"}"),
        (2, _) => said("{\"id\":3}"),
        _ => said(""),
    })
    .await;
    let (delivery, batches) = pulled(&lines(), &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    let places = ["page 1 row 1: id=1", "page 1 row 2: id=2", "page 2 row 1: id=3"];
    assert_eq!(rows(&batches), places);
    assert_eq!(log.lock().unwrap().len(), 5);
    assert_eq!(
        delivery.asked_again,
        [
            "service.cases page 2: the answer is cut short, or no JSON at line 2 column 6",
            "service.cases page 2: `/code` is 429001",
        ]
    );
    assert_eq!(delivery.unread, BTreeMap::from([("name".to_owned(), 1)]));
    let (url, _) = serve(|_, _| said("{\"code\":\"500\",\"msg\":\"维护\"}")).await;
    let error = told(&pulled(&lines(), &Start::at(&url)).await.0.unwrap_err());
    assert!(error.contains("was refused: `/code` is 500: 维护"), "{error}");
    // What breaks off behind some records may say so in a line of its own.
    let broken = "{\"id\":1}\n{\"id\":2}\n{\"code\":\"500\",\"msg\":\"张三\"}\n";
    let (url, log) = serve(move |_, _| said(broken)).await;
    let error = told(&pulled(&lines(), &Start::at(&url)).await.0.unwrap_err());
    let why = "the answer is cut short, or line 3 says nothing that a column reads";
    assert!(error.contains(why) && !error.contains("张三"), "{error}");
    assert!(log.lock().unwrap().len() > 1);
    let (url, _) = serve(|_, _| said("<html><title>登录</title></html>")).await;
    let error = told(&pulled(&lines(), &Start::at(&url)).await.0.unwrap_err());
    assert!(error.contains("the answer is a page `登录`, no JSON"), "{error}");
}

#[test]
fn a_manifest_says_of_records_only_what_means_something() {
    let faults = |text: &str| {
        let faults = read_connector("connectors/service.toml", text).unwrap_err();
        faults.into_iter().map(|fault| (fault.code, fault.key)).collect::<Vec<_>>()
    };
    assert_eq!(
        faults(&keyed().replace("keyed = \"_id\"", "keyed = \"id\"")),
        [(Code::BadNumber, "stream.cases.keyed".to_owned())]
    );
    let text = plain().replace("records =", "form = \"ndjson\"\nrecords =");
    let found = faults(&text);
    let nothing = |key: &str| (Code::LinesSayNothing, format!("stream.cases.{key}"));
    assert_eq!(found, [nothing("records"), nothing("page.total")]);
}

/// What a gateway is sent by a manifest with such parameters.
async fn sent(place: &str, parents: Vec<BTreeMap<String, String>>) -> BTreeMap<String, Value> {
    let (url, log) =
        serve(|_, _| okay(&json!({ "code": "200", "data": { "total": 0, "list": [] } }))).await;
    let each = if parents.is_empty() { "" } else { "each = { of = \"parents\" }\n" };
    let row = if parents.is_empty() { "x" } else { "${row.no}" };
    let text = plain().replace(
        "records =",
        &format!(
            "method = \"POST\"\nplace = \"{place}\"\n{each}cursor = {{ param = \"/filter/since\", start = \"2026-01-01\", format = \"%Y-%m-%d\", lookback = \"0d\" }}\n\
             parameters = {{ kind = 7, open = true, share = 0.5, filter = {{ of = [\"{row}\", 1], key = \"${{secret:key}}\" }} }}\nrecords ="
        ),
    );
    let text = text.replace("param = \"pageNum\"", "param = \"/page/number\"");
    let text = if parents.is_empty() { text } else { text.replace("cursor = {", "#") };
    pulled(&text, &Start { parents, ..Start::at(&url) }).await.0.unwrap();
    let log = log.lock().unwrap();
    log[0].fields.clone()
}

#[tokio::test]
async fn parameters_keep_their_type_in_a_json_body_and_are_texts_elsewhere() {
    let json = sent("json", Vec::new()).await;
    let filter = json!({ "of": ["x", 1], "key": super::SECRET, "since": "2026-01-01" });
    assert_eq!(
        serde_json::to_value(&json).unwrap(),
        json!({
            "kind": 7, "open": true, "share": 0.5, "filter": filter,
            "page": { "number": 1 }, "pageSize": 2,
        })
    );
    let parent = BTreeMap::from([("no".to_owned(), "A\"1".to_owned())]);
    let asked = sent("json", vec![parent]).await;
    assert_eq!(asked["filter"]["of"], json!(["A\"1", 1]));
    for place in ["form", "query"] {
        let texts = sent(place, Vec::new()).await;
        assert_eq!((&texts["kind"], &texts["open"]), (&json!("7"), &json!("true")));
        let filter: Value = serde_json::from_str(texts["filter"].as_str().unwrap()).unwrap();
        assert_eq!(filter, json!({ "of": ["x", 1], "key": super::SECRET }));
        assert_eq!(texts["/filter/since"], "2026-01-01");
    }
}

#[tokio::test]
async fn a_parameter_within_another_that_is_not_set_is_named_and_nothing_else() {
    let text = plain().replace(
        "records =",
        "method = \"POST\"\nparameters = { filter = { of = [\"${secret:key}\", \"${secret:none}\"] } }\nrecords =",
    );
    let error = told(&pulled(&text, &Start::at("http://127.0.0.1:9")).await.0.unwrap_err());
    assert!(
        error.contains("secret `none` is not set") && !error.contains(super::SECRET),
        "{error}"
    );
    let text = text.replace("${secret:none}", "${row}");
    let faults = read_connector("connectors/service.toml", &text).unwrap_err();
    assert_eq!(faults[0].key, "stream.cases.parameters");
    let text = text.replace("\"${row}\"", "2026-01-01");
    let faults = read_connector("connectors/service.toml", &text).unwrap_err();
    assert_eq!(
        (faults[0].code, &*faults[0].key),
        (Code::BadNumber, "stream.cases.parameters.filter.of")
    );
}
