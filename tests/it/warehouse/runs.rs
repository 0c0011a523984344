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
    let held = Held { night, home: "abc" };
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
