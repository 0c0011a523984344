//! A session in a cookie, which ends when it likes, and what a login may answer.

use std::sync::Arc;
use std::sync::Mutex;

use axum::http::StatusCode;
use serde_json::json;
use shuping::base::messages::Code;
use shuping::base::redact::without_secrets;
use shuping::extract::prove_signatures;
use shuping::spec::connector::read_connector;

use super::Start;
use super::connector;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::pulled;
use super::told;

const COOKIE: &str = r#"[auth]
kind = "login"
headers = { Cookie = "JSESSIONID=${ticket}" }
[auth.login]
url = "/login"
place = "form"
fields = { user = "me", password = "${secret:key}" }
cookie = "JSESSIONID"
renew = { status = [401, 302] }
"#;

fn with(auth: &str) -> String {
    plain().replace("[[stream]]", &format!("{auth}\n[[stream]]"))
}

fn said(code: StatusCode, header: (&'static str, String), body: &str) -> Reply {
    (code, [header], body.to_owned())
}

/// The cookie of the so-manieth login.
fn cookie(number: usize) -> (&'static str, String) {
    ("set-cookie", format!("JSESSIONID=session-{number}/x; Path=/; HttpOnly"))
}

/// A gateway that lets in by `welcome`, and answers `no` to any but the last session and to what `ends` says.
async fn keeper(
    welcome: impl Fn(usize) -> Reply + Send + 'static,
    ends: impl Fn(&Asked, usize) -> bool + Send + 'static,
    no: impl Fn() -> Reply + Send + 'static,
) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let (mut given, mut is_open) = (0, false);
    serve(move |asked, _| {
        if asked.line.ends_with("/login") {
            (given, is_open) = (given + 1, true);
            return welcome(given);
        }
        let shown = asked.headers.get("cookie").map_or("", |text| text.to_str().unwrap());
        is_open &= !ends(asked, given);
        let is_known = shown == format!("JSESSIONID=session-{given}/x");
        if is_open && is_known { right(asked, 5) } else { no() }
    })
    .await
}

fn lines(log: &Arc<Mutex<Vec<Asked>>>) -> Vec<String> {
    let log = log.lock().unwrap();
    log.iter().map(|asked| asked.line.rsplit('/').next().unwrap().to_owned()).collect()
}

const RENEWED: [&str; 6] = ["login", "cases", "cases", "login", "cases", "cases"];

#[tokio::test]
async fn a_session_cookie_is_a_ticket_whatever_the_login_answers_beside_it() {
    type Welcome = fn(usize) -> Reply;
    let welcomes: [Welcome; 4] = [
        |number| said(StatusCode::OK, cookie(number), "{\"code\":\"200\"}"),
        |number| said(StatusCode::FOUND, cookie(number), ""),
        |number| said(StatusCode::OK, cookie(number), "<html>首页</html>"),
        |number| said(StatusCode::NO_CONTENT, cookie(number), ""),
    ];
    for welcome in welcomes {
        // The first session ends in the middle.
        let ends = |asked: &Asked, given| given == 1 && asked.number("pageNum") == 2;
        let (url, log) = keeper(welcome, ends, || {
            said(StatusCode::FOUND, ("location", "/login".to_owned()), "")
        })
        .await;
        let (delivery, _) = pulled(&with(COOKIE), &Start::at(&url)).await;
        assert_eq!(delivery.unwrap().received, 5);
        assert_eq!(lines(&log), RENEWED);
        assert_eq!(log.lock().unwrap()[0].fields["password"], "test-secret");
    }
    assert_eq!(without_secrets("so session-2/x is"), "so … is");
}

#[tokio::test]
async fn a_login_that_lets_nobody_in_is_told() {
    for (reply, why) in [
        (
            said(StatusCode::OK, cookie(1), "{\"code\":\"500\",\"msg\":\"密码错误\"}"),
            "(login) was refused: `/code` is 500: 密码错误; check [auth]",
        ),
        (
            said(StatusCode::OK, ("set-cookie", "OTHER=1".to_owned()), "{}"),
            "(login) was refused: its answer sets no cookie `JSESSIONID`; check [auth]",
        ),
        (
            said(StatusCode::OK, ("set-cookie", "JSESSIONID=; Max-Age=0".to_owned()), ""),
            "(login) was refused: its answer sets no cookie `JSESSIONID`; check [auth]",
        ),
        (
            said(StatusCode::FORBIDDEN, cookie(1), "{\"msg\":\"锁定\"}"),
            "(login) was refused: HTTP 403: 锁定; check [auth]",
        ),
    ] {
        let (url, log) = serve(move |_, _| reply.clone()).await;
        let error = told(&pulled(&with(COOKIE), &Start::at(&url)).await.0.unwrap_err());
        assert!(error.contains(why), "{error}");
        assert_eq!(lines(&log), ["login"]);
    }
}

#[tokio::test]
async fn a_page_to_log_in_inside_200_is_asked_once_with_another_ticket() {
    let page = || said(StatusCode::OK, ("x-none", String::new()), " <title>统一身份认证</title>");
    let welcome = |number| said(StatusCode::OK, cookie(number), "{}");
    let ends = |asked: &Asked, given| given == 1 && asked.number("pageNum") == 2;
    let (url, log) = keeper(welcome, ends, page).await;
    assert_eq!(pulled(&with(COOKIE), &Start::at(&url)).await.0.unwrap().received, 5);
    assert_eq!(lines(&log), RENEWED);
    // It stays a page: asked again as `retry` says, and no more logins than the one.
    let (url, log) = keeper(welcome, |_, _| true, page).await;
    let error = told(&pulled(&with(COOKIE), &Start::at(&url)).await.0.unwrap_err());
    assert!(
        error.contains("in 3 attempts: the answer is a page `统一身份认证`, no JSON"),
        "{error}"
    );
    assert_eq!(lines(&log), ["login", "cases", "login", "cases", "cases", "cases"]);
}

#[tokio::test]
async fn what_is_listed_is_asked_again_of_a_login_too() {
    let ticket = COOKIE.replace("cookie = \"JSESSIONID\"", "ticket = \"/data/token\"");
    for auth in [COOKIE, &ticket] {
        let (url, log) = serve(|asked, before| match asked.line.ends_with("/login") {
            true if before == 0 => okay(&json!({ "code": "429001", "msg": "请求过于频繁" })),
            true => {
                said(StatusCode::OK, cookie(1), "{\"code\":\"200\",\"data\":{\"token\":\"t-1\"}}")
            }
            false => right(asked, 5),
        })
        .await;
        let delivery = pulled(&with(auth), &Start::at(&url)).await.0.unwrap();
        assert_eq!(delivery.received, 5);
        assert_eq!(
            delivery.asked_again,
            ["service.cases page 1: its login: `/code` is 429001: 请求过于频繁"]
        );
        assert_eq!(lines(&log), ["login", "login", "cases", "cases", "cases"]);
        let (url, _) = serve(|_, _| okay(&json!({ "code": "429001" }))).await;
        let error = told(&pulled(&with(auth), &Start::at(&url)).await.0.unwrap_err());
        assert!(error.contains("in 3 attempts: its login: `/code` is 429001"), "{error}");
    }
}

#[tokio::test]
async fn where_a_question_is_sent_on_to_is_told() {
    let to = "https://me:geheim@sso.city/login;jsessionid=geheim?ticket=geheim".to_owned();
    let away = move |_: &Asked, _: usize| said(StatusCode::FOUND, ("location", to.clone()), "");
    let (url, _) = serve(away.clone()).await;
    let error = told(&pulled(&plain(), &Start::at(&url)).await.0.unwrap_err());
    assert!(
        error.ends_with(
            "HTTP 302; it sends us elsewhere to `https://sso.city/login`, where nothing is asked: is `url` right?"
        ),
        "{error}"
    );
    // A login that is sent on brings no ticket in a body.
    let ticket = COOKIE.replace("cookie = \"JSESSIONID\"", "ticket = \"/data/token\"");
    let (url, _) = serve(away.clone()).await;
    let error = told(&pulled(&with(&ticket), &Start::at(&url)).await.0.unwrap_err());
    assert!(
        error.ends_with(
            "HTTP 302; it sends us elsewhere to `https://sso.city/login`, where nothing is asked: is `url` right?; check [auth]"
        ),
        "{error}"
    );
    let login = COOKIE.replace(", 302", "");
    let (url, _) = serve(move |asked, before| {
        let is_login = asked.line.ends_with("/login");
        if is_login { said(StatusCode::OK, cookie(1), "{}") } else { away(asked, before) }
    })
    .await;
    let error = told(&pulled(&with(&login), &Start::at(&url)).await.0.unwrap_err());
    assert!(
        error.ends_with("right, or should `renew` in [auth.login] have `status = [401, 302]`?"),
        "{error}"
    );
    assert!(!error.contains("geheim"));
}

#[test]
fn a_ticket_is_in_one_place() {
    let both = COOKIE.replace("cookie =", "ticket = \"/t\"\ncookie =");
    let none = COOKIE.replace("cookie = \"JSESSIONID\"\n", "");
    for (auth, why) in [(both, "the only one of `ticket` and `cookie`"), (none, "`cookie = ")] {
        let faults = read_connector("connectors/test.toml", &with(&auth)).unwrap_err();
        assert!(format!("{faults:?}").contains(why), "{faults:?}");
    }
    assert!(read_connector("connectors/test.toml", &with(COOKIE)).is_ok());
}

/// A login that signs itself, and questions that sign its ticket.
const SIGNED: &str = r#"[auth]
kind = "combined"
secret = "${secret:key}"
algorithm = "hmac-sha256"
text = "${ticket}${timestamp}${path}"
headers = { X-Ticket = "${ticket}", X-Time = "${timestamp}", X-Sign = "${signature}" }
[auth.login]
url = "/login"
text = "${sorted}|${body}|${query}|${path}"
headers = { X-Sign = "${signature}", X-Client = "${env:CLIENT}" }
fields = { user = "me", password = "${secret:key}", at = "${timestamp}" }
ticket = "/token"
"#;

/// A ticket to whoever asks for one, and the pages.
fn welcome(asked: &Asked) -> Reply {
    if asked.line.ends_with("/login") {
        okay(&json!({ "token": "ticket-7" }))
    } else {
        right(asked, 2)
    }
}

#[tokio::test]
async fn a_login_signs_what_it_says_wherever_that_stands() {
    let json = r#"{"user":"me","password":"test-secret"}"#;
    let pairs = "user=me&password=test-secret";
    for (place, method, body, query) in [
        ("", "POST", json, ""),
        ("place = \"form\"\n", "POST", pairs, ""),
        ("method = \"GET\"\n", "GET", "", pairs),
        ("place = \"query\"\n", "POST", "", pairs),
    ] {
        let (url, log) = serve(|asked, _| welcome(asked)).await;
        let auth = SIGNED.replace("ticket = \"/token\"", &format!("{place}ticket = \"/token\""));
        pulled(&with(&auth), &Start::at(&url)).await.0.unwrap();
        let log = log.lock().unwrap();
        assert_eq!(log[0].line, format!("{method} /gateway/login"));
        let header = |nth: usize, name: &str| log[nth].headers[name].to_str().unwrap().to_owned();
        let at = log[0].fields["at"].as_str().unwrap().to_owned();
        assert_eq!(log[0].fields["user"], "me");
        assert_eq!(header(0, "x-client"), "gov-app-01");
        assert_eq!(header(1, "x-ticket"), "ticket-7");
        let signed = format!("at={at}&password=test-secret&user=me|{body}|{query}|/gateway/login");
        let of_question = format!("ticket-7{}/gateway/v1/cases", header(1, "x-time"));
        for (nth, text) in [(0, signed), (1, of_question)] {
            let example = format!(
                "[auth]\nkind = \"sign\"\nsecret = \"${{secret:key}}\"\nalgorithm = \"hmac-sha256\"\ntext = \"${{body}}\"\n\
                 headers = {{ X-Sign = \"${{signature}}\" }}\n[[auth.test]]\nsecret = \"test-secret\"\n\
                 given = {{ body = '{text}' }}\nexpect = {{ X-Sign = \"{}\" }}\n",
                header(nth, "x-sign")
            );
            assert_eq!(prove_signatures(&connector(&with(&example))), [], "{place} {text}");
        }
    }
}

#[tokio::test]
async fn a_login_by_get_says_its_fields_in_the_query() {
    let (url, log) = serve(|asked, _| welcome(asked)).await;
    let auth = "[auth]\nkind = \"login\"\nquery = { ticket = \"${ticket}\" }\n[auth.login]\nurl = \"/login\"\nmethod = \"GET\"\n\
        fields = { user = \"a b\", password = \"${secret:key}\" }\nticket = \"/token\"\n";
    pulled(&with(auth), &Start::at(&url)).await.0.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[0].line, "GET /gateway/login");
    assert_eq!(
        (&log[0].fields["user"], &log[0].fields["password"]),
        (&json!("a b"), &json!("test-secret"))
    );
    assert!(!log[0].headers.contains_key("content-type"));
    assert_eq!(log[1].fields["ticket"], "ticket-7");
}

#[test]
fn a_login_is_signed_only_where_something_is_and_before_there_is_a_ticket() {
    let faults = |auth: &str| {
        let faults = read_connector("connectors/service.toml", &with(auth)).unwrap_err();
        faults.into_iter().map(|fault| (fault.code, fault.key)).collect::<Vec<_>>()
    };
    let own = "text = \"${sorted}|${body}|${query}|${path}\"\n";
    assert_eq!(faults(&SIGNED.replace(own, "")), [(Code::Template, "auth.login.text".to_owned())]);
    assert_eq!(
        faults(&SIGNED.replace("at = \"${timestamp}\"", "at = \"${ticket}\"")),
        [(Code::Template, "auth.login.fields".to_owned())]
    );
    let login = SIGNED
        .replace("kind = \"combined\"", "kind = \"login\"")
        .replace("secret = \"${secret:key}\"\nalgorithm = \"hmac-sha256\"\ntext = \"${ticket}${timestamp}${path}\"\nheaders = { X-Ticket = \"${ticket}\", X-Time = \"${timestamp}\", X-Sign = \"${signature}\" }\n", "headers = { X-Ticket = \"${ticket}\" }\n");
    let mut found = faults(&login);
    found.sort_by_key(|(_, key)| key.clone());
    assert_eq!(
        found,
        [
            (Code::Template, "auth.login.fields".to_owned()),
            (Code::Template, "auth.login.headers".to_owned()),
            (Code::UnknownKey, "auth.login.text".to_owned()),
        ]
    );
}
