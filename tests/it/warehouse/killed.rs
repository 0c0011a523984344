//! Does a reader see a whole night, while one is loaded and after a loader was killed? A night writes the same total into
//! tables of every kind; whoever sees two totals sees half a night.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use proptest::prelude::RngExt as _;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::warehouse;
use shuping::warehouse::Place;
use sqlx::Connection as _;

use super::FIRST;
use super::Places;
use super::catalog;
use super::load;
use super::sample;
use super::text;
use super::value;
use super::with;

/// How many units a night tells of.
const UNITS: u32 = 40;

/// How often a loader is killed, for each kind of database.
const KILLS: u32 = 200;

/// A home without metrics, which is read in no time.
fn lean() -> Catalog {
    catalog(|files| files.retain(|path, _| !path.starts_with("pipelines/")))
}

/// A night that tells one number in many ways: so many cases, the number that is published, of the city and of its units,
/// a score and its lines, and what the run and its only stream say of themselves. Most rows stay from night to night, some
/// move.
fn tables(catalog: &Catalog, number: u64) -> Vec<(&'static str, Vec<CellRow>)> {
    let name = |unit: u32| format!("U{unit:03}");
    let told = |unit: u32| 1 + u32::try_from(number).unwrap_or_default() % (unit + 2);
    let all: u32 = (0..UNITS).map(told).sum();
    let ids = (0..UNITS).flat_map(|unit| (0..told(unit)).map(move |at| (unit, at)));
    let cases: Vec<(String, String)> =
        ids.map(|(unit, at)| (format!("{unit}-{at}"), name(unit))).collect();
    let cases: Vec<(&str, &str, &str)> = cases
        .iter()
        .map(|(id, unit)| (id.as_str(), unit.as_str(), "2025-06-01T01:00:00Z"))
        .collect();
    let of = |of: &str, told: u32| value(catalog, (of, "cases"), Some(told.into()), FIRST);
    let values = (0..UNITS).map(|unit| of(&name(unit), told(unit)));
    let values = values.chain([of("city:jianing", all)]).collect();
    let lines = (0..UNITS).map(|unit| ("score_line", name(unit), told(unit)));
    let scored = |(table, unit, earned): (&str, String, u32)| {
        let column = if table == "score" { "points_earned" } else { "earned" };
        let cells = [("unit_id", text(&unit)), (column, Cell::Decimal(earned.into(), 0))];
        with(catalog, table, sample(catalog, table, 0), &cells)
    };
    let night = [("home", text(&format!("n{number}")))];
    let run = with(catalog, "run", sample(catalog, "run", 0), &night);
    let received = [("received", Cell::Whole(all.into()))];
    let stream = with(catalog, "stream_night", sample(catalog, "stream_night", 0), &received);
    vec![
        ("service_case", super::cases(catalog, &cases)),
        ("metric_value", values),
        ("score", vec![scored(("score", "all".to_owned(), all))]),
        ("score_line", lines.map(scored).collect()),
        ("run", vec![run]),
        ("stream_night", vec![stream]),
    ]
}

/// The totals of a night, and which one it is: one number of facts, metrics, scores and of the run.
const TOTALS: [&str; 7] = [
    "select count(*) from service_case",
    "select sum(value) from metric_value where level = 'unit'",
    "select value from metric_value where level = 'city'",
    "select points_earned from score",
    "select sum(earned) from score_line",
    "select sum(s.received) from run as r join stream_night as s on s.night = r.night",
    "select home from run",
];

/// All of them in one question.
fn totals() -> String {
    let one = |question: &&str| format!("cast(({question}) as text)");
    format!("select {}", TOTALS.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The night that stands, whose totals are those of each other.
fn whole(totals: &[String]) -> String {
    let (night, totals) = totals.split_last().unwrap();
    let totals: Vec<&str> = totals.iter().map(|total| total.trim_end_matches(".0")).collect();
    assert!(
        totals.iter().all(|total| *total == totals[0] && !total.is_empty()),
        "{night}: {totals:?}"
    );
    night.clone()
}

async fn asked(place: &Place) -> String {
    let rows = warehouse::ask(place, &totals()).await.unwrap();
    assert_eq!(rows.len(), 1);
    whole(&rows[0])
}

/// What a killed loader does: nights, one after the other, until it ends. Only where a parent says where.
#[tokio::test]
async fn a_loader_that_will_be_killed() {
    let (Ok(place), Ok(first)) = (var("SHUPING_TEST_WAREHOUSE"), var("SHUPING_TEST_NIGHT")) else {
        return;
    };
    let place = if place.starts_with("postgres") {
        Place::Server(place)
    } else {
        Place::File(place.into())
    };
    let (catalog, ready) = (lean(), var("SHUPING_TEST_READY").unwrap());
    std::fs::write(ready, "").unwrap();
    let first: u64 = first.parse().unwrap();
    for number in first.. {
        load(&place, &catalog, FIRST, &tables(&catalog, number)).await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test tells its child by the environment")]
fn var(name: &str) -> Result<String, env::VarError> {
    env::var(name)
}

#[tokio::test]
async fn a_killed_loader_leaves_a_whole_night() {
    let places = Places::new();
    let catalog = lean();
    let mut chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for place in places.of("killed").await {
        load(&place, &catalog, FIRST, &tables(&catalog, 0)).await.unwrap();
        let shown = match &place {
            Place::File(path) => path.display().to_string(),
            Place::Server(url) => url.clone(),
        };
        let mut seen = BTreeSet::new();
        let ready = places.folder.path().join("ready");
        for kill in 0..KILLS {
            let first = (u64::from(kill) * 100_000 + 1).to_string();
            let mut child = loader(&shown, &first, &ready);
            // It is killed after a while of its own, wherever it is then; it must still be at work.
            begun(&mut child, &ready).await;
            let end = Instant::now() + Duration::from_millis(chance.random_range(0..120));
            watched(&place, &mut child, end).await;
            child.kill().unwrap();
            child.wait().unwrap();
            seen.insert(asked(&place).await);
        }
        // The loaders did come to load: otherwise nothing was killed in the middle of anything.
        assert!(seen.len() > 10, "{}", seen.len());
        load(&place, &catalog, FIRST, &tables(&catalog, 7)).await.unwrap();
        assert_eq!(asked(&place).await, "n7");
    }
}

/// This test binary once more, as a loader.
fn loader(place: &str, first: &str, ready: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "warehouse::killed::a_loader_that_will_be_killed"]);
    command.env("SHUPING_TEST_WAREHOUSE", place).env("SHUPING_TEST_NIGHT", first);
    command.env("SHUPING_TEST_READY", ready).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until a loader begins.
async fn begun(child: &mut Child, ready: &Path) {
    while !ready.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the loader ended by itself");
        tokio::task::yield_now().await;
    }
    std::fs::remove_file(ready).unwrap();
}

/// Reads until an instant, beside a loader.
async fn watched(place: &Place, child: &mut Child, end: Instant) {
    while Instant::now() < end {
        assert!(child.try_wait().unwrap().is_none(), "the loader ended by itself");
        asked(place).await;
    }
}

/// Reads until the loader is done; how many nights were seen. Every other time the totals are asked for one by one, in a
/// transaction.
async fn read(place: Place, ended: Arc<AtomicBool>) -> usize {
    let mut seen = BTreeSet::new();
    while !ended.load(Ordering::Relaxed) {
        seen.insert(asked(&place).await);
        seen.insert(whole(&one_by_one(&place).await));
        tokio::task::yield_now().await;
    }
    seen.len()
}

/// The totals, each by a question of its own, in one transaction; others may load in between.
async fn one_by_one(place: &Place) -> Vec<String> {
    let questions = TOTALS.map(|question| format!("select cast(({question}) as text)"));
    let mut totals = Vec::new();
    match place {
        Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
            let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            let mut night = open.begin().await.unwrap();
            for question in questions {
                let asked = sqlx::query_scalar(sqlx::AssertSqlSafe(question));
                totals.push(asked.fetch_one(&mut *night).await.unwrap());
                tokio::task::yield_now().await;
            }
        }
        Place::Server(url) => {
            let mut open = sqlx::PgConnection::connect(url).await.unwrap();
            let mut night = open.begin_with("begin isolation level repeatable read").await.unwrap();
            for question in questions {
                let asked = sqlx::query_scalar(sqlx::AssertSqlSafe(question));
                totals.push(asked.fetch_one(&mut *night).await.unwrap());
                tokio::task::yield_now().await;
            }
        }
    }
    totals
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_beside_a_loader_see_whole_nights() {
    let places = Places::new();
    let catalog = lean();
    for place in places.of("beside").await {
        load(&place, &catalog, FIRST, &tables(&catalog, 0)).await.unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let reader = |_| tokio::spawn(read(place.clone(), Arc::clone(&ended)));
        let readers: Vec<_> = (0..3).map(reader).collect();
        for number in 1..60 {
            load(&place, &catalog, FIRST, &tables(&catalog, number)).await.unwrap();
        }
        ended.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.await.unwrap() > 3, "a reader saw nights come");
        }
    }
}
