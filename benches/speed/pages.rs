//! How fast do a gateway's pages become landed and modelled Parquet, beside other ways of reading them? One
//! server on loopback; each way is a process of its own that tells its seconds and what it took of the machine.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::extract::Path as Asked;
use axum::extract::Query;
use axum::extract::State;
use axum::routing::get;
use jiff::civil::date;
use serde_json::Value;
use serde_json::json;
use shuping::night;
use shuping::night::Choice;
use shuping::night::Ground;
use shuping::night::Step;
use shuping::spec::home::Home;
use shuping::spec::home::write_default;
use shuping::spec::secret::HomeSecrets;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::heading;
use crate::line;

/// So many rows are a page.
const ROWS: usize = 1_000;
/// How often a source may be asked that is slow to be asked, in a second.
const SLOW: u32 = 20;

/// The connector that reads the pages, as one of the home's own would.
const CONNECTOR: &str = include_str!("pages.toml");

/// What a way of reading told of itself.
struct Told {
    rows: f64,
    landed: f64,
    landed_peak: f64,
    seconds: f64,
    processor: f64,
    peak: f64,
}

/// Every way in its turn, over so many pages; those that are slow over fewer.
pub(crate) fn beside() {
    heading(&format!("pages: {ROWS} rows each, read from loopback by one process"));
    let runtime = Runtime::new().unwrap();
    let port = runtime.block_on(served());
    let url = |pages: usize| format!("http://127.0.0.1:{port}/{pages}");
    let told = |what: &str, told: &Told| {
        let more = format!(
            "{:.0} rows a second; {:.2} s of the processor a million rows, {:.0} MB at most",
            told.rows / told.seconds,
            told.processor / told.rows * 1e6,
            told.peak,
        );
        line(what, Duration::from_secs_f64(told.seconds), &more);
    };
    for pages in [10, 100, 1_000] {
        let ours = pulled(&url(pages), 0);
        told(&format!("ours, {pages} pages"), &ours);
        let most = format!("{:.0} MB at most until then", ours.landed_peak);
        line("– of it until landed", Duration::from_secs_f64(ours.landed), &most);
    }
    let pages = 200;
    let slow = pulled(&url(pages), SLOW);
    let due = f64::from(u32::try_from(pages - 1).unwrap()) / f64::from(SLOW);
    told(&format!("ours, {SLOW} questions a second"), &slow);
    let (landed, all) = (due / slow.landed * 100.0, due / slow.seconds * 100.0);
    let share = format!("{landed:.1} % of the time until landed, {all:.1} % of all of it");
    line("– the pages' own time", Duration::from_secs_f64(due), &share);
    for (way, pages) in [("duckdb", 1_000), ("dlt-arrow", 1_000), ("dlt-rest", 100)] {
        match other(way, &url(pages)) {
            Some(seen) => told(&format!("{way}, {pages} pages"), &seen),
            None => line(way, Duration::ZERO, "left out: SHUPING_PYTHON names none that has it"),
        }
    }
}

/// Serves as many pages as the address says.
async fn served() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let pages = Router::new().route("/{pages}/cases", get(page)).with_state(Arc::new(rows()));
    tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
    port
}

/// What follows the number of each case of a page.
fn rows() -> Vec<String> {
    let row = |at: usize| {
        let start = date(2025, 1, 1).at(8, 0, 0, 0);
        let after = |minutes: usize| {
            let span = jiff::Span::new().minutes(i64::try_from(minutes).unwrap());
            (start + span).strftime("%Y-%m-%d %H:%M:%S").to_string()
        };
        let channel = ["10", "20", "30"][at % 3];
        let rest = json!({
            "taskHandleItem": format!("I{at:05}"), "orgName": "静宁市市场监督管理局",
            "orgCode": "11510900MB1234567X", "handleDept": "行政审批科", "handleUserCode": format!("U{at:04}"),
            "applyType": channel, "acceptDate": after(at * 400),
            "promiseDate": after(at * 400 + 14_400), "resultDate": after(at * 400 + 2_000),
            "specialDays": 0, "projectStatus": "3", "resultType": "40",
            "taskCode": format!("511Z{at:08}"), "updateTime": after(at * 400 + 2_000),
        });
        rest.to_string().split_off(1)
    };
    (0..ROWS).map(row).collect()
}

async fn page(
    State(rows): State<Arc<Vec<String>>>,
    Asked(pages): Asked<usize>,
    Query(asked): Query<Vec<(String, String)>>,
) -> ([(&'static str, &'static str); 1], String) {
    let page = asked.iter().find(|(name, _)| name == "page").map(|(_, page)| page.parse().unwrap());
    let first = page.unwrap_or(1usize).saturating_sub(1) * ROWS;
    let mut body = format!(r#"{{"code":200,"total":{},"rows":["#, pages * ROWS);
    for (at, rest) in rows.iter().enumerate().filter(|_| first < pages * ROWS) {
        let comma = if at == 0 { "" } else { "," };
        write!(body, r#"{comma}{{"projectNo":"9900251103{:09}",{rest}"#, first + at).unwrap();
    }
    body.push_str("]}");
    ([("content-type", "application/json")], body)
}

/// Has a process of its own read them our way, not more often than so many times a second.
fn pulled(url: &str, most: u32) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let mut ours = Command::new(env::current_exe().unwrap());
    run(ours.arg("pull").arg(url).arg(most.to_string()).arg(folder.path())).unwrap()
}

/// Has them read another way, by a Python that has it.
fn other(way: &str, url: &str) -> Option<Told> {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/pages.py");
    let mut python = Command::new(env::var_os("SHUPING_PYTHON")?);
    run(python.arg(script).arg(way).arg(url).arg(folder.path()))
}

/// Runs a way and hears what it tells; none where it has not what it needs.
fn run(way: &mut Command) -> Option<Told> {
    let output = way.output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).ok().or_else(|| {
        let is_left_out = output.status.code() == Some(3);
        assert!(is_left_out, "{}", String::from_utf8_lossy(&output.stderr));
        None
    })?;
    let number = |name: &str| told[name].as_f64().unwrap_or_default();
    Some(Told {
        rows: number("rows"),
        landed: number("landed"),
        landed_peak: number("landed_peak"),
        seconds: number("seconds"),
        processor: number("processor"),
        peak: number("peak"),
    })
}

/// Reads the pages and models them, tells what it took, and ends there: `speed pull URL RATE FOLDER`.
#[expect(clippy::print_stdout, reason = "what it took is heard by whoever began it")]
pub(crate) fn pull(words: &[String]) {
    let [url, most, folder] = words else { exit(2) };
    let root = Path::new(folder);
    write_default(root).unwrap();
    for entry in fs::read_dir(root.join("connectors")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            fs::remove_file(path).unwrap();
        }
    }
    let limit =
        if most == "0" { String::new() } else { format!("limit = {{ rate = \"{most}/s\" }}") };
    let connector = CONNECTOR.replace("URL", url).replace("# LIMIT", &limit);
    fs::write(root.join("connectors/pages.toml"), connector).unwrap();
    let key = ("SHUPING_SECRET_PSEUDONYM_KEY".to_owned(), "42".repeat(32));
    let secrets = HomeSecrets::of(root).with([key].into());
    let home = Home::open(root).unwrap();
    let catalog = home.catalog().unwrap();
    let ground =
        Ground { catalog: &catalog, home: &home, var: root.join("var"), secrets: &secrets };
    let night = date(2026, 1, 6);
    let choice = Choice { night, as_of: date(2025, 12, 31), again: false, full: false };
    let (start, mut landed, mut rows, mut most) = (Instant::now(), Duration::ZERO, 0, 0.0);
    let mut watch = |step| match step {
        Step::Landed(_, received) => (landed, rows, most) = (start.elapsed(), received, peak()),
        Step::Modelled(..) => {
            let told = json!({
                "rows": rows, "landed": landed.as_secs_f64(), "seconds": start.elapsed().as_secs_f64(),
                "processor": processor(), "peak": peak(), "landed_peak": most,
            });
            println!("{told}");
            exit(0);
        }
        Step::Failed(stream, why) => panic!("{stream}: {why}"),
        _ => (),
    };
    Runtime::new().unwrap().block_on(night::run(&ground, (choice, None), &mut watch)).unwrap();
}

/// Seconds of the processor that this process has taken, by Linux' own count of hundredths.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

/// The most memory that this process has had, in MB.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1e3
}
