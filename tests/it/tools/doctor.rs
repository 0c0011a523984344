//! Does a checkup find where the way ends, and say what to do without saying a secret?

use std::fs;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use std::time::SystemTime;

use axum::http::StatusCode;
use jiff::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::home;
use super::json;
use super::told;
use crate::extract::certificates;
use crate::extract::certificates::Server;
use crate::extract::gateway::Reply;
use crate::extract::gateway::serve;
use crate::library::library;
use crate::library::shuping;

const GATEWAY: &str = r#"
format = 1
system = { name = "gate", title = "Gate", kind = "http", owner = "Desk 7" }
[http]
url = "URL"
retry = { attempts = 1 }
[auth]
kind = "bearer"
token = "${secret:gate.key}"
[[stream]]
name = "units"
into = "unit"
path = "/units"
records = "/list"
write = "upsert"
[stream.columns]
unit_id = "id"
valid_from = { constant = "2000-01-01" }
name = { sql = "id" }
category = { constant = "institution" }
"#;

const TOKEN: &str = "a-token-that-nobody-sees";

/// A home that reads a gateway, with its token.
fn gate(url: &str, way: &str) -> tempfile::TempDir {
    let text = GATEWAY.replace("\"URL\"", &format!("\"{url}\"\n{way}"));
    let home = home(&[("connectors/gate.toml", &text), ("secrets/gate.key", TOKEN)]);
    let key = home.path().join("secrets/gate.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// How something stands, what was found and what to do.
fn found(home: &std::path::Path, check: &str) -> (String, String, String) {
    let output = shuping(home, &["doctor", "--json"]);
    let all = json(&output);
    assert!(!all.to_string().contains(TOKEN), "{all}");
    let all = all.as_array().unwrap();
    let line = all.iter().find(|line| line["check"] == check);
    let line = line.unwrap_or_else(|| panic!("no `{check}` in {all:#?}"));
    let has_broken = all.iter().any(|line| line["state"] == "broken");
    assert_eq!(output.status.code(), Some(i32::from(has_broken)));
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("found"), text("hint"))
}

#[test]
fn a_way_that_ends_is_told_where_it_ends_and_no_further() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = gate(&format!("http://127.0.0.1:{port}"), "");
    let text = told(closed.path(), &["doctor", "gate"], 1);
    let line = text.lines().position(|line| line.contains("tcp")).unwrap();
    let (line, hint) = (text.lines().nth(line).unwrap(), text.lines().nth(line + 1).unwrap());
    assert!(line.contains("gate") && line.contains("broken") && line.contains("refused"), "{line}");
    assert!(hint.trim_start().starts_with("hint: is it up"), "{text}");
    assert!(!text.contains("ask units") && text.contains("1 broken"), "{text}");
    let zh = told(closed.path(), &["--lang", "zh", "doctor"], 1);
    assert!(zh.contains("故障") && zh.contains("防火墙"), "{zh}");
    let nowhere = gate("http://gateway.invalid", "");
    let (state, says, hint) = found(nowhere.path(), "name");
    assert_eq!((state.as_str(), says.as_str()), ("broken", "`gateway.invalid` has no address"));
    assert!(hint.contains("name server"), "{hint}");
    let unset = gate("${env:SHUPING_TEST_NOWHERE}", "");
    let (state, says, hint) = found(unset.path(), "variable SHUPING_TEST_NOWHERE");
    assert!(state == "broken" && says.contains("is not set"), "{says}");
    assert!(hint.contains("`EnvironmentFile=`"), "{hint}");
    let once = told(unset.path(), &["doctor", "gate"], 1);
    assert!(once.matches("is not set").count() == 1 && once.contains("1 broken"), "{once}");
    let none = told(closed.path(), &["doctor", "gates"], 2);
    assert!(none.contains("named `gates`"), "{none}");
}

/// The time of so many minutes from now, as `Date` says it.
fn date(minutes: i64) -> String {
    let time = (Timestamp::now() + Span::new().minutes(minutes)).to_zoned_datetime(TimeZone::UTC);
    jiff::fmt::strtime::format("%a, %d %b %Y %H:%M:%S GMT", &time).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_and_a_key_that_is_refused_are_told_apart() {
    let answer = |minutes, code| {
        move |_: &crate::extract::gateway::Asked, _| -> Reply {
            (code, [("date", date(minutes))], "{\"list\":[{\"id\":\"U1\"}]}".to_owned())
        }
    };
    let (url, log) = serve(answer(0, StatusCode::OK)).await;
    let home = gate(&url, "");
    assert_eq!(found(home.path(), "clock").0, "ok");
    assert_eq!(found(home.path(), "ask units").0, "ok");
    let seen: Vec<bool> =
        log.lock().unwrap().iter().map(|it| it.headers.contains_key("authorization")).collect();
    // The clock is asked for without our key.
    assert_eq!(seen, [false, true, false, true]);
    let (url, _) = serve(answer(-90, StatusCode::OK)).await;
    let (state, says, hint) = found(gate(&url, "").path(), "clock");
    assert!(state == "broken" && says.starts_with("+54") && hint.contains("NTP"), "{says}");
    // An export is not begun to see whether it could be.
    let job = r#"export = { job = "/job", status = { path = "/jobs/${job}", at = "/state", done = ["done"], failed = ["failed"], every = "1s", longest = "1m" }, file = { path = "/jobs/${job}/file", form = "csv" } }"#;
    let (url, log) = serve(answer(0, StatusCode::OK)).await;
    let home = gate(&url, "");
    let file = home.path().join("connectors/gate.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("write = \"upsert\"", &format!("write = \"upsert\"\n{job}")))
        .unwrap();
    let (state, says, _) = found(home.path(), "ask units");
    assert_eq!((state.as_str(), says.as_str()), ("ok", "not asked: its export would begin a job"));
    assert!(log.lock().unwrap().iter().all(|asked| !asked.line.ends_with("/units")));
    let (url, _) = serve(answer(0, StatusCode::FORBIDDEN)).await;
    let (state, says, hint) = found(gate(&url, "").path(), "ask units");
    assert!(state == "broken" && says.contains("check the key in [auth]"), "{says}");
    assert!(hint.contains("connectors/gate.toml") && hint.contains("Desk 7"), "{hint}");
}

#[test]
fn certificates_are_told_by_their_days() {
    let made = certificates::home();
    let at = made.path();
    let copy = |home: &std::path::Path| {
        for file in ["ca.pem", "us.pem", "us.key", "old.pem", "old.key"] {
            fs::copy(at.join(file), home.join(file)).unwrap();
            fs::set_permissions(home.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    let ours = "ca = \"ca.pem\"\nclient = { certificate = \"us.pem\", key = \"us.key\" }";
    let server = Server::start(at, "-cert right.pem -key right.key");
    let home = gate(&server.1, ours);
    copy(home.path());
    let (state, says, _) = found(home.path(), "tls");
    assert!(state == "ok" && says.starts_with("2020-01-01 – 2049-01-01, "), "{says}");
    assert_eq!(found(home.path(), "certificate us.pem").0, "ok");
    // The root of the test holds two days.
    let (state, _, hint) = found(home.path(), "certificate ca.pem");
    assert!(state == "doubt" && hint.contains("before it ends"), "{hint}");
    let home = gate(&server.1, "");
    assert_eq!(found(home.path(), "tls").0, "ok");
    let (state, says, hint) = found(home.path(), "trust");
    assert!(state == "broken" && says.contains("certificate") && hint.contains("`ca`"), "{says}");
    let old = Server::start(at, "-cert old.pem -key old.key");
    let home = gate(&old.1, "ca = \"ca.pem\"");
    copy(home.path());
    let (state, says, hint) = found(home.path(), "tls");
    assert!(state == "broken" && says.starts_with("2020-01-01 – 2020-02-01, -"), "{says}");
    assert!(hint.contains("valid certificate"), "{hint}");
    let home = gate(&server.1, &ours.replace("us.", "old."));
    copy(home.path());
    assert_eq!(found(home.path(), "certificate old.pem").0, "broken");
    fs::write(home.path().join("old.pem"), "nothing").unwrap();
    let (_, says, _) = found(home.path(), "certificate old.pem");
    assert!(says.contains("holds no certificate"), "{says}");
}

#[test]
fn secrets_are_told_by_age_and_mode() {
    let home = gate("http://gateway.invalid", "");
    let key = home.path().join("secrets/gate.key");
    let (state, says, _) = found(home.path(), "secret gate.key");
    assert_eq!((state.as_str(), says.as_str()), ("ok", "0 days old, mode 0600"));
    let (state, says, _) = found(home.path(), "secret pseudonym.key");
    assert_eq!((state.as_str(), says.as_str()), ("ok", "from the environment"));
    let before = (Timestamp::now() - Span::new().hours(24 * 400)).as_second().unsigned_abs();
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(before);
    File::open(&key).unwrap().set_modified(before).unwrap();
    let (state, says, hint) = found(home.path(), "secret gate.key");
    assert!(state == "doubt" && says.starts_with("400 days") && hint.contains("new one"), "{says}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (state, says, _) = found(home.path(), "secret gate.key");
    assert!(state == "broken" && says.contains("chmod 600"), "{says}");
    fs::remove_file(&key).unwrap();
    let (state, _, hint) = found(home.path(), "secret gate.key");
    assert!(state == "broken" && hint.contains("`secrets/gate.key`"), "{hint}");
    let (state, says, _) = found(home.path(), "disk");
    assert!(state != "broken" && says.contains("MiB free"), "{says}");
}

#[test]
fn a_home_says_when_its_systems_delivered_last() {
    let home = library();
    let (state, says, _) = found(home.path(), "fresh loans");
    assert_eq!((state.as_str(), says.as_str()), ("ok", "no night yet"));
    told(home.path(), &["run", "--night", "2026-02-01"], 0);
    let (state, says, _) = found(home.path(), "fresh loans");
    assert_eq!(state, "ok");
    assert_eq!(says, "last well 2026-02-01, newest row 2026-01-22T01:05:00Z");
    let (state, says, _) = found(home.path(), "files loans");
    assert_eq!((state.as_str(), says.as_str()), ("ok", "1, the last is `loans_2026-01.csv`"));
    let drop = home.path().join("drop");
    fs::rename(drop.join("loans_2026-01.csv"), drop.join("Loans.csv")).unwrap();
    let (state, _, hint) = found(home.path(), "files loans");
    assert!(state == "doubt" && hint.contains("connectors/loans.toml"), "{hint}");
    fs::rename(&drop, home.path().join("away")).unwrap();
    told(home.path(), &["run", "--night", "2026-02-02"], 1);
    let (state, says, hint) = found(home.path(), "fresh loans");
    assert!(state == "broken" && says.starts_with("last well 2026-02-01, newest"), "{says}");
    assert!(says.contains("cannot be opened") && hint.contains("Front desk"), "{says} {hint}");
    let (state, _, hint) = found(home.path(), "folder");
    assert!(state == "broken" && hint.contains("mount it"), "{hint}");
}

#[test]
fn every_file_of_a_folder_is_looked_at_and_what_no_stream_reads() {
    let home = library();
    let drop = home.path().join("drop");
    let files = || found(home.path(), "files loans");
    // The last one is well, and the night would fail.
    fs::write(drop.join("loans_2025-01.csv"), "").unwrap();
    let (state, says, hint) = files();
    assert!(
        says.starts_with("2, the last is `loans_2026-01.csv`: file `loans_2025-01.csv`"),
        "{says}"
    );
    assert!(state == "broken" && says.contains("it is empty; take it away"), "{says}");
    assert!(hint.contains("the other files wait for it"), "{hint}");
    fs::write(drop.join("loans_2025-02.csv"), "").unwrap();
    assert!(files().1.ends_with(", and 1 more"), "{}", files().1);
    told(home.path(), &["run", "--night", "2026-02-01"], 1);
    for name in ["loans_2025-01.csv", "loans_2025-02.csv"] {
        fs::remove_file(drop.join(name)).unwrap();
    }
    // It leads nowhere, so that nobody can open it, whoever he is.
    std::os::unix::fs::symlink("/nowhere", drop.join("loans_2025-03.csv")).unwrap();
    let (state, says, hint) = files();
    assert!(state == "broken" && says.contains("`loans_2025-03.csv` cannot be opened"), "{says}");
    assert!(hint.contains("let this user read it"), "{hint}");
    fs::remove_file(drop.join("loans_2025-03.csv")).unwrap();
    // A parcel lacks its end on its way here, for a day.
    let parcel = drop.join("2025.zip");
    for (bytes, is_old, stands) in [
        (&b"no archive"[..], false, "broken"),
        (b"PK\x03\x04 half", false, "ok"),
        (b"PK\x03\x04 half", true, "broken"),
    ] {
        fs::write(&parcel, bytes).unwrap();
        let before = Timestamp::now() - Span::new().hours(if is_old { 25 } else { 0 });
        let before = Duration::from_secs(before.as_second().unsigned_abs());
        let before = SystemTime::UNIX_EPOCH + before;
        File::options().write(true).open(&parcel).unwrap().set_modified(before).unwrap();
        assert_eq!(files().0, stands, "{:?} {}", bytes, files().1);
    }
    fs::remove_file(parcel).unwrap();
    assert_eq!(files().0, "ok");
    let corrections = drop.join("corrections");
    fs::create_dir(&corrections).unwrap();
    fs::write(corrections.join("back.xlsx"), "").unwrap();
    let (state, says, _) = found(home.path(), "corrections");
    assert!(state == "doubt" && says.contains("file `back.xlsx` cannot be read"), "{says}");
    fs::write(corrections.join("back.xlsx"), "x").unwrap();
    assert_eq!(found(home.path(), "corrections").0, "ok");
    fs::write(drop.join("loans_2026-02 (corrected).csv"), "").unwrap();
    fs::create_dir(drop.join("2026")).unwrap();
    let (state, says, hint) = found(home.path(), "others");
    let due = "no stream reads `loans_2026-02 (corrected).csv` and 1 more";
    assert_eq!((state.as_str(), says.as_str()), ("doubt", due));
    assert!(hint.contains("connectors/loans.toml"), "{hint}");
}
