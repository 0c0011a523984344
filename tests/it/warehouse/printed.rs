//! Rows that are known by numbers of whoever brings them: loaded as those that are looked at, and cells are made
//! only where a row is new.

use std::sync::Mutex;

use shuping::base::cell::CellRow;
use shuping::frame::mix::Mixed;
use shuping::frame::table;
use shuping::spec::catalog::Catalog;
use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Held;
use shuping::warehouse::Loaded;
use shuping::warehouse::Place;
use shuping::warehouse::Replaces;
use shuping::warehouse::Rows;
use shuping::warehouse::Table;

use super::CASES;
use super::FIRST;
use super::Places;
use super::SECOND;
use super::cases;
use super::catalog;
use super::spots;
use super::told;
use super::value;

/// Loads a table; what was loaded, and the rows whose cells were asked for.
async fn load(
    place: &Place,
    catalog: &Catalog,
    (name, rows): (&str, &[CellRow]),
) -> (Loaded, Vec<usize>) {
    let schema = &catalog.schemas[name];
    let columns: Vec<_> =
        warehouse::columns(schema).map(|field| (field.name.as_str(), field.kind)).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let framed = table::from_rows(&columns, rows).unwrap();
    let said: Vec<&str> = warehouse::said(schema).map(|field| field.name.as_str()).collect();
    let asked = Mutex::new(Vec::new());
    let at = |places: &[usize]| {
        asked.lock().unwrap().extend_from_slice(places);
        Ok(table::to_rows(&table::at(&framed, places)?, &names))
    };
    let prints = || Ok(Mixed::of(&framed, &said).unwrap().numbers());
    let rows = Rows { count: rows.len(), at: Box::new(at), prints: Some(Box::new(prints)) };
    let held = Held { night: SECOND, home: &catalog.fingerprint, homes: None };
    let tables = [Table { name, rows, replaces: Replaces::All }];
    let loaded = warehouse::load(place, &Design::of(catalog), held, &tables).await.unwrap();
    drop(tables);
    (loaded, asked.into_inner().unwrap())
}

#[tokio::test]
async fn cells_are_made_only_of_rows_that_are_new() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("printed").await {
        let mut list = vec![
            ("C1", "JN0001", "2025-12-31T15:59:59Z"),
            ("C2", "JN0001", "2025-12-31T16:00:00Z"),
            ("C3", "JN0002", "2025-06-01T01:00:00Z"),
            ("C4", "JN0002", "2025-06-01T01:00:00Z"),
            ("C5", "JN0003", "2025-07-01T01:00:00Z"),
        ];
        let rows = |list: &[_]| cases(&catalog, list);
        let (loaded, asked) = load(&place, &catalog, ("service_case", &rows(&list))).await;
        assert_eq!(loaded, Loaded { written: 5, removed: 0, unchanged: 0 });
        assert_eq!(asked, [0, 1, 2, 3, 4]);
        let before = spots(&place).await;
        let (loaded, asked) = load(&place, &catalog, ("service_case", &rows(&list))).await;
        assert_eq!(loaded, Loaded { written: 0, removed: 0, unchanged: 5 });
        assert_eq!((asked, spots(&place).await), (Vec::new(), before));
        // One is changed, one is gone, and what follows it stands elsewhere.
        list[3].1 = "JN0003";
        list.remove(1);
        let (loaded, asked) = load(&place, &catalog, ("service_case", &rows(&list))).await;
        assert_eq!(loaded, Loaded { written: 1, removed: 2, unchanged: 3 });
        assert_eq!(asked, [2]);
        assert_eq!(
            told(&place, CASES).await,
            [
                "C1 JN0001 2025-12 2025-12-31 23:59:59",
                "C3 JN0002 2025-06 2025-06-01 09:00:00",
                "C4 JN0003 2025-06 2025-06-01 09:00:00",
                "C5 JN0003 2025-07 2025-07-01 09:00:00"
            ]
        );
    }
}

#[tokio::test]
async fn the_night_that_wrote_a_row_is_no_part_of_its_number() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("printed_stamps").await {
        let rows = |night, second| {
            let first = value(&catalog, ("JN0001", "cases_closed"), Some(5), night);
            vec![first, value(&catalog, ("JN0002", "cases_closed"), Some(second), night)]
        };
        load(&place, &catalog, ("metric_value", &rows(FIRST, 7))).await;
        let next = load(&place, &catalog, ("metric_value", &rows(SECOND, 8))).await;
        assert_eq!(next.0, Loaded { written: 1, removed: 1, unchanged: 1 });
        let question = "select unit_id, cast(night as text) from metric_value order by unit_id";
        assert_eq!(told(&place, question).await, ["JN0001 | 2026-01-05", "JN0002 | 2026-01-06"]);
    }
}
