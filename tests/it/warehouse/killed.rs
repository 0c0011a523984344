//! Does a reader see a whole night, while one is loaded and after a loader was killed? A night writes the same number
//! into two tables; whoever sees two numbers sees half a night.

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
use shuping::warehouse::Place;

use super::FIRST;
use super::Places;
use super::catalog;
use super::load;
use super::row;
use super::text;
use super::told;

/// How many rows a night has in each table.
const ROWS: u32 = 300;

/// How often a loader is killed, for each kind of database.
const KILLS: u32 = 200;

/// A home without metrics, which is read in no time.
fn lean() -> Catalog {
    catalog(|files| files.retain(|path, _| !path.starts_with("pipelines/")))
}

/// Tables that all tell of the same night.
fn tables(catalog: &Catalog, number: u64) -> Vec<(&'static str, Vec<CellRow>)> {
    let name = format!("n{number}");
    let label = |at: u32| {
        let cells = [
            ("table", text("t")),
            ("column", text("c")),
            ("code", text(&at.to_string())),
            // Most rows stay, some move.
            ("label", text(if at.is_multiple_of(3) { &name } else { "stays" })),
        ];
        row(catalog, "code", &cells)
    };
    let stream = |at: u32| {
        let cells = [
            ("system", text("s")),
            ("stream", text(&at.to_string())),
            ("title", text(&name)),
            ("table", text("t")),
            ("owner", text("o")),
            ("rows", Cell::Whole(1)),
        ];
        row(catalog, "freshness", &cells)
    };
    vec![("code", (0..ROWS).map(label).collect()), ("freshness", (0..ROWS).map(stream).collect())]
}

/// Every night that a reader finds in both tables, in one question.
const NIGHTS: &str = "select distinct label from code where label <> 'stays' \
                      union select distinct title from freshness";

/// How many rows there are in both.
const COUNT: &str =
    "select cast((select count(*) from code) + (select count(*) from freshness) as text)";

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
            let nights = told(&place, NIGHTS).await;
            assert_eq!(nights.len(), 1, "kill {kill}: {nights:?}");
            assert_eq!(told(&place, COUNT).await, [(2 * ROWS).to_string()]);
            seen.extend(nights);
        }
        // The loaders did come to load: otherwise nothing was killed in the middle of anything.
        assert!(seen.len() > 10, "{}", seen.len());
        load(&place, &catalog, FIRST, &tables(&catalog, 7)).await.unwrap();
        assert_eq!(told(&place, NIGHTS).await, ["n7"]);
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
        let nights = told(place, NIGHTS).await;
        assert_eq!(nights.len(), 1, "{nights:?}");
    }
}

/// Reads until the loader is done; how many nights were seen.
async fn read(place: Place, ended: Arc<AtomicBool>) -> usize {
    let mut seen = BTreeSet::new();
    while !ended.load(Ordering::Relaxed) {
        let nights = told(&place, NIGHTS).await;
        assert_eq!(nights.len(), 1, "{nights:?}");
        seen.extend(nights);
        tokio::task::yield_now().await;
    }
    seen.len()
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
