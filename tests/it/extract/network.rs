//! A network and a gateway that fail in every way we know of: each ends in an error that names the system, the
//! stream, the page and what to do, and nothing lands.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;

use axum::http::StatusCode;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shuping::extract::System;

use super::Start;
use super::Vault;
use super::connector;
use super::gateway::Reply;
use super::gateway::asked_of;
use super::gateway::okay;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::status;
use super::pulled;
use super::pulled_from;
use super::rows;
use super::told;

/// Why nothing came, and that nothing did.
async fn refusal(url: &str) -> String {
    refusal_of(&plain(), url).await
}

async fn refusal_of(text: &str, url: &str) -> String {
    let (delivery, batches) = pulled(text, &Start::at(url)).await;
    assert!(batches.is_empty());
    let error = told(&delivery.unwrap_err());
    assert!(error.starts_with("service.cases page 1 "), "{error}");
    error
}

/// What a gateway says byte by byte, to each that connects.
fn raw(speak: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if stream.read(&mut [0; 4096]).unwrap_or(0) > 0 {
                speak(&mut stream);
            }
        }
    });
    url
}

/// A whole answer of some bytes.
fn saying(body: &'static [u8]) -> String {
    headed("", body)
}

/// The same below some lines of its head.
fn headed(lines: &'static str, body: &'static [u8]) -> String {
    raw(move |stream| {
        let head = format!(
            "HTTP/1.1 200 OK\r\n{lines}Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let said = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        drop(said);
    })
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(&format!("http://127.0.0.1:{port}")).await;
    assert!(error.contains("had no whole answer in 3 attempts: no connection"), "{error}");
    assert!(error.contains("is `url` right, is it up"), "{error}");
}

#[tokio::test]
async fn nobody_has_the_name() {
    let error = refusal("http://gateway.invalid").await;
    assert!(error.contains("is the name in `url` right, and does DNS know it?"), "{error}");
}

#[tokio::test]
async fn it_drips() {
    let url = raw(|stream| {
        // A byte of the answer's body at a time, until nobody hears it.
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
        let mut sent = stream.write_all(head);
        stream.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
        while sent.is_ok() {
            // Nobody says more, so this waits.
            assert!(stream.read(&mut [0; 1]).unwrap_or(0) == 0);
            sent = stream.write_all(b" ").and_then(|()| stream.flush());
        }
    });
    let text = plain()
        .replace("[[stream]]", "timeout = \"200ms\"\n[[stream]]")
        .replace("attempts = 3", "attempts = 1");
    let error = refusal_of(&text, &url).await;
    assert!(
        error.contains("no answer within 200ms; is it slow, or `timeout` too short?"),
        "{error}"
    );
}

#[tokio::test]
async fn it_hangs_up_in_the_middle() {
    let url = raw(|stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"code\":";
        stream.write_all(head).unwrap();
    });
    let error = refusal(&url).await;
    assert!(error.contains("3 attempts: the answer was cut short"), "{error}");
    let url = raw(|stream| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cod";
        stream.write_all(head).unwrap();
    });
    let error = refusal(&url).await;
    assert!(error.contains("3 attempts: the answer was cut short"), "{error}");
}

#[tokio::test]
async fn it_sends_more_than_is_taken() {
    let text = plain().replace("[[stream]]", "limit = { answer_mb = 1 }\n[[stream]]");
    let told_first = |stream: &mut TcpStream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n";
        stream.write_all(head).unwrap();
    };
    // What has no end is not waited for: as much as is taken, and no more, is read.
    let endless = |stream: &mut TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    };
    for url in [raw(told_first), raw(endless)] {
        let error = refusal_of(&text, &url).await;
        assert_eq!(
            error,
            "service.cases page 1 cannot be read: the answer is larger than 1 MB: ask for smaller pages, or for less at once, or raise `answer_mb` in [http.limit]"
        );
    }
}

#[tokio::test]
async fn it_sends_half_an_answer_as_a_whole_one() {
    let error = refusal(&saying(b"{\"code\":\"200\",\"data\":{\"total\":1,\"li")).await;
    assert!(error.contains("the answer is cut short or no JSON"), "{error}");
}

#[tokio::test]
async fn it_speaks_another_encoding() {
    let error = refusal(&saying(b"{\"code\":\"200\",\"msg\":\"\xd5\xc5\xc8\xfd\"}")).await;
    assert!(error.contains("the answer is no UTF-8: ask its owner"), "{error}");
    let lines = "Content-Type: application/json;charset=GBK\r\n";
    let error = refusal(&headed(lines, b"{\"code\":\"200\",\"msg\":\"\xff\xff\"}")).await;
    assert!(error.contains("the answer is no GB18030, and that is what it says"), "{error}");
    let lines = "Content-Encoding: br\r\n";
    let error = refusal(&headed(lines, b"\x1f\x8b\x08\x00")).await;
    assert!(error.contains("the answer is packed (`br`), and we did not ask"), "{error}");
}

/// Bytes in gzip.
fn packed(bytes: &[u8]) -> &'static [u8] {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap().leak()
}

#[tokio::test]
async fn an_answer_that_comes_packed_though_nobody_asked_is_read() {
    let lines = "Content-Encoding: GZIP\r\n";
    let body =
        packed("{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"张三\"}]}}".as_bytes());
    let (delivery, _) = pulled(&plain(), &Start::at(&headed(lines, body))).await;
    assert_eq!(delivery.unwrap().received, 1);
    let error = refusal(&headed(lines, &body[..body.len() - 9])).await;
    assert!(error.contains("the answer is packed (`gzip`), and cut short or damaged"), "{error}");
    // A few bytes may unpack to more than is taken.
    let text = plain().replace("[[stream]]", "limit = { answer_mb = 1 }\n[[stream]]");
    let bomb = packed(&vec![b' '; 1_000_001]);
    assert!(bomb.len() < 2_000);
    let error = refusal_of(&text, &headed(lines, bomb)).await;
    assert!(error.contains("the answer is larger than 1 MB"), "{error}");
}

#[tokio::test]
async fn an_encoding_that_it_names_is_read() {
    let gbk = b"{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"\xd5\xc5\xc8\xfd\"}]}}";
    let marked = "\u{feff}{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"张三\"}]}}";
    for url in [
        headed("Content-Type: application/json;charset=GB2312\r\n", gbk),
        headed("Content-Type: text/plain; charset=\"gb18030\"\r\n", gbk),
        // UTF-8 is believed before what is said of it.
        headed("Content-Type: application/json; charset=GBK\r\n", marked.as_bytes()),
        saying(marked.as_bytes()),
    ] {
        let (delivery, batches) = pulled(&plain(), &Start::at(&url)).await;
        assert_eq!(delivery.unwrap().received, 1);
        assert!(rows(&batches).concat().contains("id=张三"), "{batches:?}");
    }
}

#[tokio::test]
async fn an_encoding_that_the_connector_names_is_read_before_what_is_said() {
    let text = plain().replace("ok =", "encoding = \"gb18030\"\nok =");
    let gbk = b"{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"\xd5\xc5\xc8\xfd\"}]}}";
    // Its only letter is one of UTF-8 by chance.
    let short = b"{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"\xc2\xb7\"}]}}";
    let utf8 = "{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"张三\"}]}}".as_bytes();
    let latin = "Content-Type: application/json; charset=ISO-8859-1\r\n";
    for (url, id) in [
        (saying(gbk), "张三"),
        (headed(latin, gbk), "张三"),
        (saying(short), "路"),
        (saying(utf8), "张三"),
    ] {
        let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
        assert_eq!(delivery.unwrap().received, 1);
        assert_eq!(rows(&batches), [format!("page 1 row 1: id={id}")]);
    }
    // Without it, the key is named; and what is called GBK falsely is read as what it is.
    let error = refusal(&headed(latin, gbk)).await;
    assert!(error.contains("`encoding = \"gb18030\"` in [http] reads GBK"), "{error}");
    let text = text.replace("gb18030", "utf-8");
    let lines = "Content-Type: application/json; charset=GBK\r\n";
    let short = "{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":\"é\"}]}}".as_bytes();
    let (_, batches) = pulled(&text, &Start::at(&headed(lines, short))).await;
    assert_eq!(rows(&batches), ["page 1 row 1: id=é"]);
}

#[tokio::test]
async fn a_value_that_became_a_list_is_told() {
    let url = saying(
        b"{\"code\":\"200\",\"data\":{\"total\":2,\"list\":[{\"id\":1},{\"id\":[\"519902198703051234\"]}]}}",
    );
    let (delivery, batches) = pulled(&plain(), &Start::at(&url)).await;
    let delivery = delivery.unwrap();
    assert_eq!(delivery.unread.get("id[]"), Some(&1));
    assert!(!rows(&batches).concat().contains("5199"), "{batches:?}");
}

#[tokio::test]
async fn a_wait_beyond_all_patience_is_told() {
    let (delivery, _, asked) = asked_of(&plain(), |_, _| status(429, "86400")).await;
    let error = delivery.unwrap_err();
    let why =
        "in 1 attempts: HTTP 429; it asks to wait 86400 s, longer than `give_up`; it is asked";
    assert!(error.contains(why) && asked == 1, "{error}");
}

#[tokio::test]
async fn a_login_that_is_down_is_named() {
    let login = r#"auth = { kind = "login", headers = { X-Ticket = "${ticket}" }, login = { url = "/login", ticket = "/ticket" } }
[system]"#;
    let text = plain().replacen("[system]", login, 1);
    let (delivery, _, _) = asked_of(&text, |_, _| status(503, "0")).await;
    let error = delivery.unwrap_err();
    assert!(error.contains("in 3 attempts: its login: HTTP 503; it is down"), "{error}");
}

#[tokio::test]
async fn it_speaks_no_json() {
    let error = refusal(&saying("{'code': '张三 519902198703051234'}".as_bytes())).await;
    assert!(error.contains("the answer is no JSON at line 1 column 2"), "{error}");
    assert!(!error.contains("张三") && !error.contains("5199"), "{error}");
}

#[tokio::test]
async fn a_page_for_people_stands_before_it() {
    let page = "<!DOCTYPE html><html><title>统一登录 13800138000</title></html>";
    let error = refusal(&saying(page.as_bytes())).await;
    assert!(
        error.contains("the answer is a page `统一登录 …`, no JSON: is `url` right"),
        "{error}"
    );
}

#[tokio::test]
async fn it_is_reached_by_a_proxy() {
    let url = saying(b"{\"code\":\"200\",\"data\":{\"total\":1,\"list\":[{\"id\":1}]}}");
    let text = plain().replace(
        "url = \"${env:URL}/gateway\"",
        "url = \"http://gateway.invalid\"\nproxy = \"${env:URL}\"",
    );
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    assert_eq!((delivery.unwrap().received, batches.len()), (1, 1));
}

#[tokio::test]
async fn it_says_too_many_all_night() {
    let (delivery, rows, asked) = asked_of(&plain(), |_, _| status(429, "0")).await;
    let error = delivery.unwrap_err();
    assert!(
        error.contains("in 3 attempts: HTTP 429; it is asked too often: lower `rate`"),
        "{error}"
    );
    assert!(rows.is_empty() && asked == 3);
}

#[tokio::test]
async fn it_says_no_in_the_middle_or_sends_us_elsewhere() {
    for (code, advice) in [
        (401, "check the key in [auth] and what it may read"),
        (302, "it sends us elsewhere"),
        (404, "are `url` and `path` right?"),
    ] {
        let (delivery, rows, asked) =
            asked_of(&plain(), move |asked, _| match asked.number("pageNum") {
                1 => right(asked, 5),
                _ => status(code, "0"),
            })
            .await;
        let error = delivery.unwrap_err();
        assert!(
            error.starts_with(&format!("service.cases page 2 was refused: HTTP {code}")),
            "{error}"
        );
        assert!(error.contains(advice) && rows.is_empty() && asked == 2, "{error}");
    }
}

const SIGNED: &str = r#"[auth]
kind = "sign"
secret = "${secret:key}"
algorithm = "hmac-sha256"
text = "${timestamp}"
headers = { X-Sign = "${signature}" }
[[stream]]"#;

#[tokio::test]
async fn a_clock_that_is_off_is_named_before_the_key() {
    let at = |hours: i64| {
        let time = Timestamp::now() + Span::new().minutes(hours * 60);
        let time = time.to_zoned_datetime(TimeZone::UTC);
        jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", &time).unwrap()
    };
    let (delivery, _, _) = asked_of(&plain(), move |_, _| -> Reply {
        (StatusCode::UNAUTHORIZED, [("date", at(-1))], "{}".to_owned())
    })
    .await;
    let error = delivery.unwrap_err();
    let (clock, key) =
        (error.find("our clock is 36").unwrap(), error.find("the key in [auth]").unwrap());
    assert!(error.contains("s ahead of its `Date`: set the clock") && clock < key, "{error}");
    // A gateway that refuses a signature inside 200.
    let text = plain().replace("[[stream]]", SIGNED);
    let (delivery, _, _) = asked_of(&text, move |_, _| -> Reply {
        (StatusCode::OK, [("date", at(2))], json!({ "code": "1", "msg": "签名过期" }).to_string())
    })
    .await;
    let error = delivery.unwrap_err();
    assert!(
        error.contains("s behind its `Date`") && error.ends_with("`/code` is 1: 签名过期"),
        "{error}"
    );
    // A clock that is right is not named.
    let (delivery, _, _) = asked_of(&text, |_, _| okay(&json!({ "code": "1" }))).await;
    assert!(!delivery.unwrap_err().contains("clock"));
}

#[tokio::test]
async fn it_is_asked_in_its_hours_only() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let hour = |more: i64| {
        let time = Timestamp::now() + Span::new().minutes(more * 60);
        jiff::fmt::strtime::format("%H:%M", &time.to_zoned_datetime(zone.clone())).unwrap()
    };
    let within = |hours: String| {
        plain().replace("[[stream]]", &format!("limit = {{ hours = \"{hours}\" }}\n[[stream]]"))
    };
    let (delivery, _, asked) =
        asked_of(&within(format!("{}-{}", hour(2), hour(4))), |asked, _| right(asked, 3)).await;
    let error = delivery.unwrap_err();
    assert!(error.starts_with("service.cases page 1 is asked only at "), "{error}");
    assert!(error.contains("move the night") && asked == 0, "{error}");
    let (delivery, _, _) =
        asked_of(&within(format!("{}-{}", hour(-1), hour(4))), |asked, _| right(asked, 3)).await;
    assert_eq!(delivery.unwrap().received, 3);
}

#[tokio::test]
async fn the_streams_of_a_system_share_its_pace_and_its_ticket() {
    let (url, log) = serve(|asked, _| {
        if asked.line.ends_with("/login") {
            return okay(&json!({ "ticket": "a-ticket-of-both" }));
        }
        assert_eq!(asked.headers["x-ticket"], "a-ticket-of-both");
        right(asked, 3)
    })
    .await;
    let login = r#"limit = { rate = "20/s", concurrency = 4 }
auth = { kind = "login", headers = { X-Ticket = "${ticket}" }, login = { url = "/login", ticket = "/ticket" } }
[[stream]]"#;
    let text = plain().replace("[[stream]]", "[[stream]]\n");
    let (head, stream) = text.split_once("[[stream]]\n").unwrap();
    let (limit, auth) = login.split_once('\n').unwrap();
    let auth = auth.replace("\n[[stream]]", "");
    let head = head.replace("[system]", &format!("{auth}\n[system]"));
    let other = stream.replace("\"cases\"", "\"others\"");
    let connector = connector(&format!("{head}{limit}\n[[stream]]{stream}[[stream]]{other}"));
    let start = Start::at(&url);
    let vault = Vault { url: url.clone() };
    let system = System::open(&connector, &vault, &start.home).unwrap();
    let began = std::time::Instant::now();
    let both = tokio::join!(
        pulled_from(&system, &connector, 0, &start),
        pulled_from(&system, &connector, 1, &start)
    );
    assert_eq!(both.0.0.unwrap().received + both.1.0.unwrap().received, 6);
    // One login and four pages follow each other a twentieth of a second apart.
    assert!(began.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(log.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn what_says_no_at_length_is_asked_again_and_not_kept() {
    let text = plain().replace("ok =", "limit = { answer_mb = 1 }\nok =");
    let (delivery, rows, _) = asked_of(&text, |asked, before| {
        let long = "x".repeat(3_000_000);
        if before == 1 {
            (StatusCode::SERVICE_UNAVAILABLE, [("x-none", String::new())], long)
        } else {
            right(asked, 5)
        }
    })
    .await;
    let delivery = delivery.unwrap();
    assert_eq!((delivery.received, rows.len()), (5, 5));
    assert_eq!(delivery.asked_again, ["service.cases page 2: HTTP 503"]);
}
