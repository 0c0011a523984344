//! Signatures, and what must never be seen: a secret, a number of a person, a word that tells too
//! much.

use serde_json::json;
use shuping::base::diagnostic::Diagnostic;
use shuping::base::messages::Lang;
use shuping::base::pseudonym::Key;
use shuping::extract::prove_signatures;

use super::Start;
use super::connector;
use super::gateway::okay;
use super::gateway::serve;
use super::pulled;
use super::rows;

/// A number that keeps the rules, with fifteen digits and with lost ones, and one that does not.
const PERSON: &str = "519902198703051231";
const PERSON_15: &str = "519902870305123";

const GIVEN: &str = r#"timestamp_ms = "1767229200000", nonce = "9f2c4e""#;

fn signed(algorithm: &str, expect: &str) -> String {
    given(algorithm, GIVEN, expect)
}

fn given(algorithm: &str, given: &str, expect: &str) -> String {
    format!(
        r#"
format = 1
[system]
name = "approval"
title = "一体化政务服务平台"
kind = "http"
[http]
url = "${{env:URL}}"
retry = {{ attempts = 1, first = "1ms" }}
[auth]
kind = "sign"
secret = "${{secret:key}}"
algorithm = "{algorithm}"
encoding = "base64"
text = "${{client_id}}${{timestamp_ms}}${{nonce}}"
values = {{ client_id = "${{env:CLIENT}}" }}
headers = {{ X-Client-Id = "${{client_id}}", X-Timestamp = "${{timestamp_ms}}", X-Nonce = "${{nonce}}", X-Signature = "${{signature}}" }}
[[auth.test]]
secret = "test-secret"
given = {{ client_id = "gov-app-01", {given} }}
expect = {{ X-Signature = "{expect}", X-Client-Id = "gov-app-01" }}
[[stream]]
name = "case"
into = "case"
path = "/cases"
records = "/list"
write = "upsert"
empty = ["无"]
where = "是否有效 = '是'"
ignore = ["备注"]
[stream.columns]
person_id = {{ from = "/who/证件", identity = "cn_id" }}
log_id = {{ from = "流水", identity = "opaque" }}
kind = {{ from = "病因", reduce = true, values = {{ "感冒" = "ill", "保密" = "" }} }}
"#
    )
}

const SHA256: &str = "9rDa9LWYSw3s4kt1urpRAAoTQq+3LMz+2Ns0+DuJ0bw=";
const SM3: &str = "BLj+45fJaF6PA2x/8WAe2NMTQv8v//KqsIhOGGyBcwk=";

#[test]
fn the_worked_examples_of_a_vendor_are_proved_offline() {
    assert_eq!(prove_signatures(&connector(&signed("hmac-sha256", SHA256))), []);
    assert_eq!(prove_signatures(&connector(&signed("hmac-sm3", SM3))), []);
    let wrong = prove_signatures(&connector(&signed("hmac-sm3", SHA256)));
    let told: Vec<String> =
        wrong.iter().map(|fault: &Diagnostic| fault.message(Lang::En)).collect();
    assert_eq!(
        told,
        [format!("the worked example gives `{SM3}`, not `{SHA256}`, for `X-Signature`")]
    );
    assert_eq!(wrong[0].key, "auth.test[0].expect");
    let missing = signed("hmac-sm3", SM3).replace(", nonce = \"9f2c4e\"", "");
    let missing = prove_signatures(&connector(&missing));
    assert!(missing[0].message(Lang::En).contains("`${nonce}` has no value here"));
}

#[tokio::test]
async fn every_request_is_signed_anew() {
    let text = signed("hmac-sha256", SHA256).replace(
        "records = \"/list\"",
        "records = \"/list\"\npage = { kind = \"number\", param = \"p\", size = [\"s\", 1] }",
    );
    let (url, log) = serve(|_, before| match before {
        0 => okay(&json!({ "list": [{ "流水": "1" }] })),
        _ => okay(&json!({ "list": [] })),
    })
    .await;
    pulled(&text, &Start::at(&url)).await.0.unwrap();
    let log = log.lock().unwrap();
    let header = |at: usize, name: &str| log[at].headers[name].to_str().unwrap().to_owned();
    assert_eq!(log.len(), 3);
    assert_eq!(header(0, "x-client-id"), "gov-app-01");
    assert_ne!(header(0, "x-nonce"), header(1, "x-nonce"));
    assert_ne!(header(0, "x-signature"), header(1, "x-signature"));
    let sent = format!(
        "timestamp_ms = \"{}\", nonce = \"{}\"",
        header(1, "x-timestamp"),
        header(1, "x-nonce")
    );
    let example = given("hmac-sha256", &sent, &header(1, "x-signature"));
    assert_eq!(prove_signatures(&connector(&example)), []);
}

#[tokio::test]
async fn a_person_is_a_pseudonym_before_anything_is_landed() {
    let (url, _) = serve(|_, _| {
        okay(&json!({ "list": [
            { "who": { "证件": PERSON, "姓名": "张三" }, "流水": " A1 ", "病因": "感冒", "是否有效": "是", "电话": "100", "备注": "x" },
            { "who": { "证件": PERSON_15 }, "流水": "Ａ1", "病因": "秘密", "电话": PERSON },
            { "who": { "证件": "5.19902E+17" }, "病因": "保密" },
            { "who": { "证件": "519902198703051230" }, "流水": "无" },
            { "who": { "证件": " 无 " } },
        ] }))
    })
    .await;
    let (delivery, batches) = pulled(&signed("hmac-sm3", SM3), &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    let key = Key::new("a key of people");
    let (person, log) = (key.pseudonym(PERSON), key.pseudonym("A1"));
    let h = "/who/证件";
    assert_eq!(
        rows(&batches),
        [
            format!(
                "page 1 row 1: 流水={log} 病因=ill 是否有效=是 {h}={person} {h}.birth_date=1987-03-05 {h}.sex=male"
            ),
            format!("page 1 row 2: 流水={log} {h}={person} {h}.birth_date=1987-03-05 {h}.sex=male"),
            format!("page 1 row 3: {h}.fault=spreadsheet_number"),
            format!("page 1 row 4: {h}.fault=bad_check"),
            "page 1 row 5: ".to_owned(),
        ]
    );
    assert_eq!(
        delivery.unread.into_iter().collect::<Vec<_>>(),
        [("/who/姓名".to_owned(), 1), ("电话".to_owned(), 2)]
    );
    let landed = format!("{batches:?}");
    assert!(!landed.contains("51990") && !landed.contains("张三") && !landed.contains("秘密"));
}

#[tokio::test]
async fn a_header_in_the_wrong_place_does_not_show_a_person() {
    let (url, _) = serve(|_, _| okay(&json!({ "list": [{ (PERSON): "张三" }] }))).await;
    let (delivery, _) = pulled(&signed("hmac-sm3", SM3), &Start::at(&url)).await;
    assert!(!format!("{delivery:?}").contains(PERSON));
}
