//! Do nights of the run table stay beside each other, and say whether their releases are published?

use jiff::civil::Date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Held;
use shuping::warehouse::Place;
use shuping::warehouse::Replaces;
use shuping::warehouse::Rows;
use shuping::warehouse::Table;

use super::FIRST;
use super::Places;
use super::SECOND;
use super::catalog;
use super::instant;
use super::text;
use super::told;
use super::with;

pub(super) fn row(catalog: &Catalog, night: Date) -> CellRow {
    let at = instant("2026-01-05T18:00:00Z");
    let cells = [
        ("night", Cell::Day(night)),
        ("as_of", Cell::Day(night)),
        ("started", at.clone()),
        ("ended", at),
        ("home", text("abc")),
        ("exit_code", Cell::Whole(0)),
    ];
    super::row(catalog, "run", &cells)
}

pub(super) async fn load(place: &Place, catalog: &Catalog, night: Date, row: CellRow) {
    let replaces = Replaces::Where("night".to_owned(), night.to_string());
    let table = Table { name: "run", rows: Rows::few(vec![row]), replaces };
    let held = Held { night, home: "abc", homes: None };
    warehouse::load(place, &Design::of(catalog), held, &[table]).await.unwrap();
}

#[tokio::test]
async fn a_night_of_the_run_table_replaces_itself_alone() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("runs").await {
        for night in [FIRST, SECOND, FIRST] {
            load(&place, &catalog, night, row(&catalog, night)).await;
        }
        let nights = "select cast(night as text) from run order by 1";
        assert_eq!(told(&place, nights).await, ["2026-01-05", "2026-01-06"]);
    }
}

#[tokio::test]
async fn a_warehouse_that_another_home_has_told_is_told_over_by_none_that_does_not_say_so() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let homes = tempfile::tempdir().unwrap();
    for place in places.of("homes").await {
        let load = async |home: &'static str, homes: &std::path::Path| {
            let rows = Rows::few(vec![row(&catalog, FIRST)]);
            let table = Table { name: "run", rows, replaces: Replaces::All };
            let held = Held { night: FIRST, home, homes: Some(homes) };
            let loaded = warehouse::load(&place, &Design::of(&catalog), held, &[table]).await;
            loaded.map(drop).map_err(|fault| fault.to_string())
        };
        let (one, other) = (homes.path().join("one"), homes.path().join("other"));
        for known in [one.join("abc"), one.join("def"), other.join("xyz")] {
            std::fs::create_dir_all(known).unwrap();
        }
        load("abc", &one).await.unwrap();
        // A home that says something else than on the night before is the same home.
        load("def", &one).await.unwrap();
        let refused = load("xyz", &other).await.unwrap_err();
        assert_eq!(refused, "the warehouse holds 2026-01-05 of another home");
        let changed = Design::of(&super::catalog(super::edited));
        for refused in [
            warehouse::planned(&place, &changed, Some(&other)).await,
            warehouse::migrate(&place, &changed, Some(&other)).await,
        ] {
            let refused = refused.unwrap_err().to_string();
            assert_eq!(refused, "the warehouse holds 2026-01-05 of another home");
        }
        assert!(!warehouse::planned(&place, &changed, Some(&one)).await.unwrap().is_empty());
        warehouse::take_over(&place, "xyz").await.unwrap();
        load("xyz", &other).await.unwrap();
        load("def", &one).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_run_says_whether_its_release_is_published() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("published").await {
        for (night, release) in [(FIRST, "2026-01-05.1"), (SECOND, "2026-01-06.2")] {
            let cells = [("release", text(release)), ("is_published", Cell::Flag(false))];
            let run = with(&catalog, "run", row(&catalog, night), &cells);
            load(&place, &catalog, night, run).await;
        }
        let told = async || {
            told(&place, "select release from run where is_published order by night").await
        };
        assert_eq!(told().await, Vec::<String>::new());
        warehouse::tell(&place, "2026-01-06.2", true).await.unwrap();
        assert_eq!(told().await, ["2026-01-06.2"]);
        // A revision that no night stands for any more changes nothing.
        warehouse::tell(&place, "2026-01-06.1", false).await.unwrap();
        assert_eq!(told().await, ["2026-01-06.2"]);
        warehouse::tell(&place, "2026-01-06.2", false).await.unwrap();
        assert_eq!(told().await, Vec::<String>::new());
    }
    let nowhere = Place::File(places.folder.path().join("nowhere.db"));
    warehouse::tell(&nowhere, "2026-01-06.2", true).await.unwrap();
    assert!(!places.folder.path().join("nowhere.db").exists());
}
