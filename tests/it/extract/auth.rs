//! Every way to prove who asks, against published vectors and a gateway that insists.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;
use shuping::extract::prove_signatures;

use super::Start;
use super::connector;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::status;
use super::pulled;
use super::rows;
use super::told;

/// A stream of pages of two with a proof.
fn with(auth: &str) -> String {
    plain().replace("[[stream]]", &format!("{auth}\n[[stream]]"))
}

/// A signature over a body, and its worked example.
fn vector(algorithm: &str, encoding: &str, (secret, body, expect): (&str, &str, &str)) -> String {
    with(&format!(
        r#"[auth]
kind = "sign"
secret = "${{secret:key}}"
algorithm = "{algorithm}"
encoding = "{encoding}"
text = "${{body}}"
headers = {{ X-Sign = "${{signature}}" }}
[[auth.test]]
secret = "{secret}"
given = {{ body = "{body}" }}
expect = {{ X-Sign = "{expect}" }}
"#
    ))
}

/// RFC 1321 A.5; FIPS 180-4; GB/T 32905-2016 A.1.
const PLAIN: [(&str, &str); 6] = [
    ("md5", "900150983cd24fb0d6963f7d28e17f72"),
    ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "sha384",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    ),
    (
        "sha512",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    ("sm3", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
];

/// RFC 2202, case 2 of each; RFC 4231, case 2; the one of SM3 by OpenSSL.
const KEYED: [(&str, &str); 6] = [
    ("hmac-md5", "750c783e6ab0b503eaa86e310a5db738"),
    ("hmac-sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    ("hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (
        "hmac-sha384",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
    ),
    (
        "hmac-sha512",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ),
    ("hmac-sm3", "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"),
];

#[test]
fn every_algorithm_gives_what_its_standard_says() {
    for (algorithm, expect) in PLAIN {
        let text = vector(algorithm, "hex", ("", "abc", expect));
        assert_eq!(prove_signatures(&connector(&text)), [], "{algorithm}");
    }
    for (algorithm, expect) in KEYED {
        let example = ("Jefe", "what do ya want for nothing?", expect);
        let text = vector(algorithm, "hex", example);
        assert_eq!(prove_signatures(&connector(&text)), [], "{algorithm}");
        let wrong = vector(algorithm, "hex", ("Jeff", example.1, expect));
        assert_eq!(prove_signatures(&connector(&wrong)).len(), 1, "{algorithm}");
    }
    let upper = PLAIN[0].1.to_uppercase();
    let text = vector("md5", "HEX", ("", "abc", &upper));
    assert_eq!(prove_signatures(&connector(&text)), []);
    let text = vector("md5", "base64", ("", "abc", "kAFQmDzST7DWlj99KOF/cg=="));
    assert_eq!(prove_signatures(&connector(&text)), []);
}

const SORTED: &str = r#"[auth]
kind = "sign"
secret = "${secret:key}"
algorithm = "md5"
encoding = "HEX"
text = "${sorted}&key=${secret:key}"
time = { format = "%Y%m%d%H%M%S", zone = "Asia/Shanghai" }
query = { sign = "${signature}", at = "${time}" }
"#;

/// The worked example of a payment gateway (pay.weixin.qq.com, 签名算法).
const PAYMENT: &str = r#"[[auth.test]]
secret = "192006250b4c09247ec02edce69f6a2d"
given = { time = "" }
parameters = { mch_id = "10000100", body = "test", appid = "wxd930ea5d5a258f4f", none = "", nonce_str = "ibuaiVcKdpRxkhJA", device_info = "1000" }
expect = { sign = "9A0A8659F005D6984697E2CA0A9CF3B7" }
"#;

#[test]
fn all_parameters_in_their_order_are_signed_as_gateways_publish_it() {
    assert_eq!(prove_signatures(&connector(&with(&format!("{SORTED}{PAYMENT}")))), []);
    let kept = SORTED.replace("query =", "sorted = { empty = \"keep\" }\nquery =");
    assert_eq!(prove_signatures(&connector(&with(&format!("{kept}{PAYMENT}")))).len(), 1);
    // A colon and a line between them, the empty ones kept, and the time in a zone.
    let lines = SORTED
        .replace(
            "query =",
            "sorted = { pair = \":\", between = \"\\n\", empty = \"keep\" }\nquery =",
        )
        .replace("text = \"${sorted}&key=${secret:key}\"", "text = \"${sorted}\"")
        .replace("algorithm = \"md5\"", "algorithm = \"sha1\"");
    let test = r#"[[auth.test]]
secret = ""
given = { timestamp = "1767229200" }
parameters = { b = "", a = "1" }
expect = { at = "20260101090000", sign = "D2D60110ADE3A6A0035D74D14A375BEDF1A88E64" }
"#;
    assert_eq!(prove_signatures(&connector(&with(&format!("{lines}{test}")))), []);
}

#[tokio::test]
async fn a_request_signs_what_it_sends() {
    for place in ["query", "form", "json"] {
        let name = if place == "query" { "query" } else { "body" };
        let auth = SORTED.replace("query =", &format!("{name} ="));
        let method = if place == "query" { "GET" } else { "POST" };
        let asks = format!(
            "place = \"{place}\"\nmethod = \"{method}\"\nparameters = {{ kind = \"甲 & b\", empty = \"\" }}\n"
        );
        let text = with(&auth).replace("write =", &format!("{asks}write ="));
        let (url, log) = serve(|asked, _| right(asked, 3)).await;
        pulled(&text, &Start::at(&url)).await.0.unwrap();
        let asked = log.lock().unwrap()[1].clone();
        let said = |name: &str| asked.fields[name].to_string().trim_matches('"').to_owned();
        assert_eq!((said("kind").as_str(), said("pageNum").as_str()), ("甲 & b", "2"));
        let example = format!(
            "[[auth.test]]\nsecret = \"{}\"\ngiven = {{ time = \"{}\" }}\nparameters = {{ kind = \"甲 & b\", pageNum = \"2\", pageSize = \"2\" }}\nexpect = {{ sign = \"{}\" }}\n",
            super::SECRET,
            said("at"),
            said("sign")
        );
        assert_eq!(prove_signatures(&connector(&with(&format!("{auth}{example}")))), [], "{place}");
    }
}

#[tokio::test]
async fn a_password_a_token_and_a_key_stand_where_they_should() {
    for (auth, header, value) in [
        (
            r#"auth = { kind = "basic", user = "${env:CLIENT}", password = "${secret:key}" }"#,
            "authorization",
            "Basic Z292LWFwcC0wMTp0ZXN0LXNlY3JldA==",
        ),
        (
            r#"auth = { kind = "bearer", token = "${secret:key}" }"#,
            "authorization",
            "Bearer test-secret",
        ),
        (
            r#"auth = { kind = "header", headers = { X-Key = "${secret:key}" } }"#,
            "x-key",
            "test-secret",
        ),
    ] {
        let text = plain().replace("[system]", &format!("{auth}\n[system]"));
        let (url, log) = serve(|asked, _| right(asked, 1)).await;
        pulled(&text, &Start::at(&url)).await.0.unwrap();
        assert_eq!(log.lock().unwrap()[0].headers[header], value);
    }
    let auth = r#"auth = { kind = "query", query = { apikey = "${secret:key}" } }"#;
    let text = plain().replace("[system]", &format!("{auth}\n[system]"));
    let (url, log) = serve(|asked, _| right(asked, 1)).await;
    pulled(&text, &Start::at(&url)).await.0.unwrap();
    assert_eq!(log.lock().unwrap()[0].fields["apikey"], "test-secret");
}

/// A gateway that gives tickets `ticket-1`, `ticket-2` … and takes only those that `takes` says.
async fn keeper(
    life: u64,
    takes: impl Fn(&str, &Asked) -> bool + Send + 'static,
    no: impl Fn(&str) -> Reply + Send + 'static,
) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let mut given = 0;
    serve(move |asked, _| {
        if asked.line.ends_with("/login") {
            given += 1;
            let ticket = format!("ticket-{given}");
            return okay(&json!({ "access_token": ticket, "expires_in": life, "code": "200" }));
        }
        let shown = asked.headers.get("authorization").or(asked.headers.get("x-ticket"));
        let shown = shown.map(|text| text.to_str().unwrap().replace("Bearer ", ""));
        let shown = shown.unwrap_or_default();
        if takes(&shown, asked) { right(asked, 5) } else { no(&shown) }
    })
    .await
}

fn lines(log: &Arc<Mutex<Vec<Asked>>>) -> Vec<String> {
    let log = log.lock().unwrap();
    log.iter().map(|asked| asked.line.rsplit('/').next().unwrap().to_owned()).collect()
}

const OAUTH: &str = r#"[auth]
kind = "oauth2"
url = "/login"
client_id = "${env:CLIENT}"
client_secret = "${secret:key}"
scope = "read"
"#;

#[tokio::test]
async fn client_credentials_are_renewed_once_when_a_token_is_refused_in_the_middle_of_paging() {
    let is_fresh =
        |ticket: &str, asked: &Asked| ticket == "ticket-2" || asked.number("pageNum") == 1;
    let (url, log) = keeper(3600, is_fresh, |_| status(401, "0")).await;
    let (delivery, batches) = pulled(&with(OAUTH), &Start::at(&url)).await;
    assert_eq!((delivery.unwrap().received, rows(&batches).len()), (5, 5));
    assert_eq!(lines(&log), ["login", "cases", "cases", "login", "cases", "cases"]);
    let first = log.lock().unwrap()[0].clone();
    assert_eq!(first.fields["grant_type"], "client_credentials");
    assert_eq!(
        (&first.fields["client_id"], &first.fields["scope"]),
        (&json!("gov-app-01"), &json!("read"))
    );
    let (url, log) = keeper(3600, |_, _| false, |_| status(401, "0")).await;
    let (delivery, batches) = pulled(&with(OAUTH), &Start::at(&url)).await;
    let error = told(&delivery.unwrap_err());
    assert!(
        error.contains("service.cases page 1 was refused: HTTP 401") && error.contains("[auth]"),
        "{error}"
    );
    assert!(batches.is_empty());
    assert_eq!(lines(&log), ["login", "cases", "login", "cases"]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let (url, log) = keeper(0, |_, _| true, |_| status(500, "0")).await;
    pulled(&with(OAUTH), &Start::at(&url)).await.0.unwrap();
    assert_eq!(lines(&log), ["login", "cases", "login", "cases", "login", "cases"]);
    let (url, log) = keeper(3600, |_, _| true, |_| status(500, "0")).await;
    pulled(&with(OAUTH), &Start::at(&url)).await.0.unwrap();
    assert_eq!(lines(&log), ["login", "cases", "cases", "cases"]);
}

const LOGIN: &str = r#"[auth]
kind = "login"
headers = { X-Ticket = "${ticket}" }
[auth.login]
url = "/login"
fields = { user = "me", password = "${secret:key}" }
ticket = "/access_token"
lifetime = "2h"
renew = { body = { "/code" = [40101] } }
"#;

#[tokio::test]
async fn a_ticket_is_renewed_on_the_gateways_own_code_and_never_said() {
    let no = |ticket: &str| okay(&json!({ "code": 40101, "msg": format!("票据 {ticket} 过期") }));
    let (url, log) = keeper(0, |ticket, _| ticket != "ticket-1", no).await;
    let (delivery, batches) = pulled(&with(LOGIN), &Start::at(&url)).await;
    assert_eq!((delivery.unwrap().received, rows(&batches).len()), (5, 5));
    assert_eq!(lines(&log), ["login", "cases", "login", "cases", "cases", "cases"]);
    assert_eq!(log.lock().unwrap()[0].fields["password"], "test-secret");
    let (url, _) = keeper(0, |_, _| false, no).await;
    let error = told(&pulled(&with(LOGIN), &Start::at(&url)).await.0.unwrap_err());
    assert!(error.contains("`/code` is 40101: 票据 … 过期"), "{error}");
    let (url, _) = serve(|_, _| okay(&json!({ "code": "500", "msg": "密码错误" }))).await;
    let error = told(&pulled(&with(LOGIN), &Start::at(&url)).await.0.unwrap_err());
    assert!(
        error.contains(
            "service.cases page 1 (login) was refused: its answer has no `/access_token`: 密码错误"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_ticket_and_a_signature_are_combined() {
    let auth = LOGIN
        .replace(
            "kind = \"login\"\n",
            "kind = \"combined\"\nsecret = \"${secret:key}\"\nalgorithm = \"hmac-sha256\"\ntext = \"${ticket}${timestamp}\"\n",
        )
        .replace(
            "X-Ticket = \"${ticket}\"",
            "X-Ticket = \"${ticket}\", X-Time = \"${timestamp}\", X-Sign = \"${signature}\"",
        );
    let (url, log) = keeper(0, |ticket, _| ticket == "ticket-1", |_| status(401, "0")).await;
    pulled(&with(&auth), &Start::at(&url)).await.0.unwrap();
    let asked = log.lock().unwrap()[1].clone();
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    let example = format!(
        "[[auth.test]]\nsecret = \"{}\"\ngiven = {{ ticket = \"ticket-1\", timestamp = \"{}\" }}\nexpect = {{ X-Sign = \"{}\" }}\n",
        super::SECRET,
        header("x-time"),
        header("x-sign")
    );
    assert_eq!(prove_signatures(&connector(&with(&format!("{auth}{example}")))), []);
}
