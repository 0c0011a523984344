//! A stream that is asked for its past: killed on the way, gone on with, merged by the next night, and
//! the nights' own bookmark where it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::okay;
use super::gateway::serve;
use super::gateway::status;
use crate::library::library;
use crate::library::said;
use crate::world::ask;
use crate::world::bytes_below;

const DESK: &str = r#"
format = 1
system = { name = "desk", title = "Desk", kind = "http", owner = "Front desk" }
[http]
url   = "${env:DESK_URL}"
retry = { attempts = 2, first = "50s" }
[[stream]]
name    = "loans"
into    = "service_case"
path    = "/v1/loans"
records = "/list"
page    = { kind = "number", param = "page", size = ["size", 2], total = "/total" }
cursor  = { param = "since", until = "before", format = "%Y-%m-%d", start = "START", lookback = "1d", step = "60d" }
write   = "upsert"
[stream.columns]
case_id     = "id"
unit_id     = { constant = "North Branch", lookup = "unit" }
channel     = { constant = "window" }
accepted_at = "borrowed"
due_at      = { sql = "borrowed" }
status      = "status"
updated_at  = "changed"
"#;

fn now() -> ZonedDateTime {
    shuping::base::clock::now().to_zoned_datetime(TimeZone::get("Asia/Shanghai").unwrap())
}

/// A home with a desk that may be asked for its past, and the night that is the present one.
pub(super) struct Desk {
    pub(super) home: TempDir,
    url: String,
    night: Date,
}

impl Desk {
    fn at(url: &str) -> Desk {
        Desk::with(DESK, url)
    }

    /// With a connector of its own.
    pub(super) fn with(text: &str, url: &str) -> Desk {
        // The last cutoff, two in the morning, that has passed.
        let now = now();
        let night = now.checked_sub(2.hours()).unwrap().date();
        let (home, start) = (library(), night.checked_sub(20.days()).unwrap());
        let text = text.replace("START", &start.to_string());
        fs::write(home.path().join("connectors/desk.toml"), text).unwrap();
        Desk { home, url: url.to_owned(), night }
    }

    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.home.path()).args(words).env("LANG", "C");
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key").env("DESK_URL", &self.url);
        command
    }

    pub(super) async fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    pub(super) async fn well(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        said(&output)
    }

    /// What was asked today was asked on the day before.
    fn was_asked_yesterday(&self) {
        let loans = self.home.path().join("var/lake/landing/desk/loans");
        let (today, before) = (self.night.to_string(), self.night.yesterday().unwrap().to_string());
        for entry in fs::read_dir(&loans).unwrap().map(|entry| entry.unwrap()) {
            let name = entry.file_name().into_string().unwrap();
            fs::rename(entry.path(), loans.join(name.replace(&today, &before))).unwrap();
        }
    }

    pub(super) fn landing(&self) -> BTreeMap<String, Vec<u8>> {
        bytes_below(&self.home.path().join("var/lake/landing/desk/loans"))
    }
}

/// The loans of a window: one of its own, and, of the first month, two that the desk knows better now.
fn loans(asked: &Asked, live: &str) -> Vec<Value> {
    let since = asked.fields["since"].as_str().unwrap().to_owned();
    let loan = |id: &str, status: &str, changed: &str| json!({ "id": id, "borrowed": "2024-01-02 09:00", "status": status, "changed": changed });
    match since.as_str() {
        "2024-01-01" => vec![
            loan("K1", "open", "2024-01-05 10:00"),
            loan("K2", "closed", "2999-01-01 00:00"),
            loan("P1", "open", "2024-01-05 10:00"),
        ],
        "2024-03-01" => vec![loan("P2", "open", "2024-03-05 10:00")],
        since if ("2024-04".."2024-07").contains(&since) => vec![loan("P3", "open", since)],
        // The first night's window is long, the second's begins behind the change of both.
        since if since < live.split(' ').next().unwrap() => {
            vec![loan("K1", "closed", live), loan("K2", "open", live)]
        }
        _ => vec![loan("K3", "open", live)],
    }
}

fn answer(asked: &Asked, live: &str) -> Reply {
    let loans = loans(asked, live);
    let total = loans.len();
    let page: Vec<Value> = loans.into_iter().skip(2 * (asked.number("page") - 1)).take(2).collect();
    okay(&json!({ "total": total, "list": page }))
}

/// Tells when the slice of March is asked for the first time, and says "later".
fn stops_in_march(live: String, tell: Sender<()>) -> impl FnMut(&Asked, usize) -> Reply {
    let mut has_stopped = false;
    move |asked: &Asked, _| {
        if asked.fields["since"] == "2024-03-01" && !has_stopped {
            has_stopped = true;
            tell.send(()).unwrap();
            return status(503, "");
        }
        answer(asked, &live)
    }
}

fn is_live(path: &str) -> bool {
    !path.contains(".past.")
}

fn of_stream(report: &str, stream: &str) -> Vec<String> {
    let line = report.lines().find(|line| line.trim_start().starts_with(stream)).unwrap();
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_that_is_killed_goes_on_is_merged_and_moves_no_bookmark() {
    let (tell, told) = channel();
    let live = now().checked_sub(72.hours()).unwrap();
    let live = jiff::fmt::strtime::format("%Y-%m-%d %H:%M", &live).unwrap();
    let (url, log) = serve(stops_in_march(live.clone(), tell)).await;
    let desk = Desk::at(&url);
    let before = desk.night.yesterday().unwrap().to_string();
    desk.well(&["run", "--night", &before]).await;
    let bookmark = desk.landing();

    // A plan asks nothing.
    let asked_before = log.lock().unwrap().len();
    let plan = desk.well(&["backfill", "desk.loans", "2024-01..2024-05", "--plan"]).await;
    assert!(
        plan.contains("2024-01-01..2024-03-01  GET /v1/loans since=2024-01-01 before=2024-03-01"),
        "{plan}"
    );
    assert!(plan.contains("3 slices, 3 of them to ask for"), "{plan}");
    assert_eq!((log.lock().unwrap().len(), desk.landing()), (asked_before, bookmark.clone()));

    // It is killed while it waits for the second slice.
    let mut child = desk.command(&["backfill", "desk.loans", "2024-01..2024-05"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_mins(1)).unwrap())
        .await
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let plan = desk.well(&["backfill", "desk.loans", "2024-01..2024-05", "--plan"]).await;
    assert!(plan.contains("before=2024-03-01  (has landed)"), "{plan}");
    assert!(plan.contains("3 slices, 2 of them to ask for"), "{plan}");
    let rest = desk.well(&["backfill", "desk.loans", "2024-01..2024-05"]).await;
    assert!(rest.contains("2 rows of 2 slices landed"), "{rest}");
    let asked: Vec<String> = log.lock().unwrap()[asked_before..]
        .iter()
        .map(|asked| {
            format!("{} {}", asked.fields["since"].as_str().unwrap(), asked.number("page"))
        })
        .collect();
    // The windows are of sixty days from the first of January on.
    let windows: Vec<&str> = asked.iter().map(|asked| asked.split(' ').next().unwrap()).collect();
    assert_eq!(
        windows,
        ["2024-01-01", "2024-01-01", "2024-03-01", "2024-03-01", "2024-04-30"],
        "{asked:?}"
    );

    // What a night knows of where it had come to is as it was, byte for byte.
    let mut after = desk.landing();
    assert!(after.keys().any(|path| !is_live(path)));
    after.retain(|path, _| is_live(path));
    assert_eq!(after, bookmark);

    // The next night goes on from there and merges what landed: an older loan changes nothing.
    let report = desk.well(&["run"]).await;
    let last = log.lock().unwrap().last().unwrap().fields["since"].clone();
    assert_eq!(last, desk.night.checked_sub(2.days()).unwrap().to_string());
    // 5 of the past, 1 of the night: K3 and P1 to P3 are new, K2 is known better, K1 is older.
    let row = of_stream(&report, "desk.loans");
    assert_eq!(row[..4], ["6", "4", "1", "1"].map(str::to_owned), "{report}");
    assert_cases(desk.home.path());

    // Run again, the night comes to the same; a later one does not merge it twice.
    let again = desk.well(&["run"]).await;
    assert_eq!(of_stream(&again, "desk.loans"), row);
    assert_cases(desk.home.path());
    let next = desk.night.tomorrow().unwrap().to_string();
    let report = desk.well(&["run", "--night", &next, "--early"]).await;
    assert_eq!(of_stream(&report, "desk.loans")[..2], ["1", "0"].map(str::to_owned), "{report}");
}

fn assert_cases(home: &Path) {
    let cases = "select case_id, status from service_case where case_id like 'K%' or case_id like 'P%' order by 1";
    let rows = tokio::task::block_in_place(|| ask(&home.join("var/warehouse.db"), cases));
    let found: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    assert_eq!(found, ["K1 closed", "K2 closed", "K3 open", "P1 open", "P2 open", "P3 open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_that_was_mended_is_asked_for_again_and_goes_on_on_its_day() {
    let has_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&has_mended);
    let (url, log) = serve(move |asked, _| {
        let is_mended = mended.load(Ordering::Relaxed);
        let status = if is_mended { "closed" } else { "open" };
        let changed = if is_mended { "2024-06-01 10:00" } else { "2024-01-05 10:00" };
        let month = asked.fields["since"].as_str().unwrap().get(..7).unwrap().to_owned();
        let loan = json!({ "id": month, "borrowed": "2024-01-02 09:00", "status": status, "changed": changed });
        okay(&json!({ "total": 1, "list": [loan] }))
    })
    .await;
    let desk = Desk::at(&url);
    desk.well(&["backfill", "desk.loans", "2024-01..2024-04"]).await;
    let asked = || log.lock().unwrap().len();
    assert_eq!(asked(), 3);
    desk.was_asked_yesterday();
    has_mended.store(true, Ordering::Relaxed);
    let range = ["backfill", "desk.loans", "2024-01..2024-04"];
    let plan = desk.well(&[&range[..], &["--plan"]].concat()).await;
    assert!(plan.contains("3 slices, 0 of them to ask for"), "{plan}");
    // One slice of it, then the others, and on that day no more.
    for (range, slices) in [("2024-01-01..2024-02-29", 1), (range[2], 2), (range[2], 0)] {
        let said = desk.well(&["backfill", "desk.loans", range, "--again"]).await;
        assert!(said.contains(&format!("{slices} rows of {slices} slices landed")), "{said}");
    }
    assert_eq!(asked(), 6);
    desk.well(&["run"]).await;
    let cases = "select case_id, status from service_case where case_id like '2024%' order by 1";
    let rows =
        tokio::task::block_in_place(|| ask(&desk.home.path().join("var/warehouse.db"), cases));
    let found: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    assert_eq!(found, ["2024-01 closed", "2024-03 closed", "2024-04 closed"]);
}

/// A source says no other time of a row for it that somebody reads a column more.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_read_from_now_on_is_filled_by_asking_for_the_past_again() {
    let (url, _) = serve(|asked, _| {
        let month = asked.fields["since"].as_str().unwrap().get(..7).unwrap().to_owned();
        let loan = json!({ "id": month, "borrowed": "2024-01-02 09:00", "status": "closed",
            "returned": "2024-01-04 11:00", "changed": "2024-01-05 10:00" });
        okay(&json!({ "total": 1, "list": [loan] }))
    })
    .await;
    let desk = Desk::at(&url);
    let range = ["backfill", "desk.loans", "2024-01..2024-04"];
    let returned = || {
        let cases = "select case_id, coalesce(closed_at, '') from service_case where case_id like '2024%' order by 1";
        let path = desk.home.path().join("var/warehouse.db");
        tokio::task::block_in_place(|| ask(&path, cases))
    };
    desk.well(&range).await;
    desk.was_asked_yesterday();
    let before = desk.night.yesterday().unwrap().to_string();
    desk.well(&["run", "--night", &before]).await;
    let months = ["2024-01", "2024-03", "2024-04"];
    assert_eq!(returned(), months.map(|month| [month, ""]));
    let path = desk.home.path().join("connectors/desk.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}closed_at = \"returned\"\n")).unwrap();
    desk.well(&[&range[..], &["--again"]].concat()).await;
    let report = desk.well(&["run"]).await;
    // Those of the past, and the one of the night itself.
    let row = of_stream(&report, "desk.loans");
    assert_eq!(row[..3], ["4", "0", "4"].map(str::to_owned), "{report}");
    let filled = returned();
    assert!(filled.iter().all(|row| row[1].starts_with("2024-01-04")), "{filled:?}");
}

/// A source that has lost most of its rows says so for once in a month; no row goes by it before somebody agrees.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_whole_and_shrinks_is_held_back() {
    let has_shrunk = Arc::new(AtomicBool::new(false));
    let shrunk = Arc::clone(&has_shrunk);
    let (url, _) = serve(move |asked, _| {
        let left = if shrunk.load(Ordering::Relaxed) { 2 } else { 6 };
        let loan = |at: usize| json!({ "id": format!("K{at}"), "borrowed": "2024-01-02 09:00", "status": "open", "changed": "2024-01-05 10:00" });
        let page = (0..left).skip(2 * (asked.number("page") - 1)).take(2).map(loan);
        okay(&json!({ "total": left, "list": page.collect::<Vec<Value>>() }))
    })
    .await;
    let full = DESK.replace("write   =", "full = \"monthly\"\nwrite   =");
    let limited = |most: &str| format!("{full}[stream.contract]\nshrink_max = \"{most}\"\n");
    let desk = Desk::with(&limited("50%"), &url);
    let count = || {
        let count = "select count(*) from service_case where case_id like 'K%'";
        tokio::task::block_in_place(|| ask(&desk.home.path().join("var/warehouse.db"), count))
    };
    desk.well(&["run"]).await;
    assert_eq!(count(), [["6"]]);
    has_shrunk.store(true, Ordering::Relaxed);
    let next = desk.night.first_of_month().checked_add(1.month()).unwrap().to_string();
    let output = desk.run(&["run", "--night", &next, "--early"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = said(&output);
    assert!(told.contains("what is there shrank from 6 to 2 rows; it is held back"), "{told}");
    assert_eq!(count(), [["6"]]);
    let path = desk.home.path().join("connectors/desk.toml");
    let text = fs::read_to_string(&path).unwrap().replace("50%", "90%");
    fs::write(&path, text).unwrap();
    desk.well(&["run", "--night", &next, "--early"]).await;
    assert_eq!(count(), [["2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_past_is_refused_before_anything_is_asked() {
    let (url, log) = serve(|asked, _| answer(asked, "2024-01-02 09:00")).await;
    let desk = Desk::at(&url);
    for (words, why) in [
        (["desk.loan", "2024-01..2024-06"], "`desk.loan` is no stream of this home"),
        (["desk.loans", "2024-06..2024-01"], "is no time from when to when"),
        (["desk.loans", "2024-01..2999-01"], "is not all past"),
        (["loans.loans", "2024-01..2024-06"], "files bring their past themselves"),
    ] {
        let output = desk.run(&["backfill", words[0], words[1]]).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why) && said.contains("hint: "), "{said}");
    }
    assert!(log.lock().unwrap().is_empty());
}
