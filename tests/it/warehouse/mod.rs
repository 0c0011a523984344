//! Does a warehouse hold a night whole, and write only what changed? One suite for SQLite and PostgreSQL, over a small
//! city made by hand.

mod analyst;
mod every;
mod killed;
mod persons;
mod printed;
mod runs;
mod server;
mod values;
mod views;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::spec::home::Home;
use shuping::spec::schema::Field;
use shuping::spec::schema::FieldKind;
use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Held;
use shuping::warehouse::Loaded;
use shuping::warehouse::Place;
use shuping::warehouse::Replaces;
use shuping::warehouse::Rows;
use shuping::warehouse::Table;
use shuping::warehouse::WarehouseError;
use tempfile::TempDir;

use crate::postgres::Cluster;
use crate::world::World;

pub(crate) const FIRST: Date = date(2026, 1, 5);
pub(crate) const SECOND: Date = date(2026, 1, 6);

/// Makes of a home one with persons and without metrics, which is read in no time.
fn with_persons(files: &mut BTreeMap<String, String>) {
    files.retain(|path, _| !path.starts_with("pipelines/"));
    let settings = format!("{}\n[warehouse]\npersons = true\n", files["shuping.toml"]);
    files.insert("shuping.toml".to_owned(), settings);
}

/// What the default home asks for, changed as a test needs it.
pub(crate) fn catalog(edit: impl FnOnce(&mut BTreeMap<String, String>)) -> Catalog {
    let folder = World::home();
    let mut home = Home::open(folder.path()).unwrap();
    edit(&mut home.files);
    home.catalog().unwrap()
}

/// Both kinds of warehouse: a file in a folder, and a server where there is one.
struct Places {
    folder: TempDir,
    cluster: Option<Cluster>,
}

impl Places {
    fn new() -> Places {
        Places { folder: tempfile::tempdir().unwrap(), cluster: Cluster::start() }
    }

    /// New ones, empty.
    async fn of(&self, name: &str) -> Vec<Place> {
        let file = Place::File(self.folder.path().join(format!("{name}.db")));
        let mut places = vec![file];
        if let Some(cluster) = &self.cluster {
            places.push(Place::Server(cluster.database(name).await));
        }
        places
    }
}

/// A row by the names of its columns.
pub(crate) fn row(catalog: &Catalog, table: &str, cells: &[(&str, Cell)]) -> CellRow {
    let cell = |name: &str| cells.iter().find(|(known, _)| *known == name);
    let fields = warehouse::columns(&catalog.schemas[table]);
    let row: CellRow = fields.map(|field| Some(cell(&field.name)?.1.clone())).collect();
    assert_eq!(row.iter().flatten().count(), cells.len(), "{table} has all of these columns");
    row
}

/// A row of a table in which every cell is filled; another for another number.
fn sample(catalog: &Catalog, table: &str, number: u32) -> CellRow {
    let schema = &catalog.schemas[table];
    let cell = |field: &Field| match field.kind {
        FieldKind::Text => match field.limits.choices.first() {
            Some(choice) => text(choice),
            None => text(&format!("{}{number}", field.name)),
        },
        FieldKind::Whole => Cell::Whole(number.into()),
        FieldKind::Decimal(scale) => Cell::Decimal(number.into(), scale),
        FieldKind::Flag => Cell::Flag(number.is_multiple_of(2)),
        FieldKind::Day => {
            Cell::Day(FIRST.checked_add(jiff::Span::new().days(i64::from(number))).unwrap())
        }
        FieldKind::Instant => instant(&format!("2025-12-31T16:00:{number:02}Z")),
    };
    warehouse::columns(schema).map(|field| Some(cell(field))).collect()
}

/// A row with some of its cells as given.
fn with(catalog: &Catalog, table: &str, mut row: CellRow, cells: &[(&str, Cell)]) -> CellRow {
    for (name, cell) in cells {
        let mut columns = warehouse::columns(&catalog.schemas[table]);
        let at = columns.position(|field| field.name == *name).unwrap();
        row[at] = Some(cell.clone());
    }
    row
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn instant(text: &str) -> Cell {
    Cell::Instant(text.parse().unwrap())
}

/// Cases of units, as `service_case` has them.
fn cases(catalog: &Catalog, list: &[(&str, &str, &str)]) -> Vec<CellRow> {
    let case = |(id, unit, at): &(&str, &str, &str)| {
        let cells = [
            ("case_id", text(id)),
            ("unit_id", text(unit)),
            ("accepted_at", instant(at)),
            ("status", text("open")),
        ];
        row(catalog, "service_case", &cells)
    };
    list.iter().map(case).collect()
}

/// A value of a unit, of a group (`county:519902`), or of the city.
fn value(
    catalog: &Catalog,
    (of, metric): (&str, &str),
    told: Option<i128>,
    night: Date,
) -> CellRow {
    let mut cells = vec![
        ("metric", text(metric)),
        ("version", Cell::Whole(1)),
        ("period_kind", text("year")),
        ("period", text("2025")),
        ("status", text(if told.is_some() { "ok" } else { "withheld" })),
        ("stale", Cell::Flag(false)),
        ("evidence", text("recorded")),
        ("night", Cell::Day(night)),
    ];
    match of.split_once(':') {
        None => cells.extend([("level", text("unit")), ("unit_id", text(of))]),
        Some((level, group)) => {
            cells.extend([
                ("level", text(level)),
                ("dim", text(level)),
                ("dim_value", text(group)),
            ]);
        }
    }
    if let Some(told) = told {
        let one = 1_000_000_000_000;
        cells.push(("value", Cell::Decimal(told * one, 12)));
        if metric.ends_with("_rate") {
            let parts = [("numerator", told * one), ("denominator", 2 * told * one)];
            cells.extend(parts.map(|(part, digits)| (part, Cell::Decimal(digits, 12))));
        }
    }
    row(catalog, "metric_value", &cells)
}

/// Loads some tables whole.
pub(crate) async fn load(
    place: &Place,
    catalog: &Catalog,
    night: Date,
    tables: &[(&str, Vec<CellRow>)],
) -> Result<Loaded, WarehouseError> {
    let whole = |(name, rows): &(&'static str, Vec<CellRow>)| Table {
        name,
        rows: Rows::few(rows.clone()),
        replaces: Replaces::All,
    };
    let tables: Vec<(&'static str, Vec<CellRow>)> = tables
        .iter()
        .map(|(name, rows)| (&*Box::leak((*name).to_owned().into_boxed_str()), rows.clone()))
        .collect();
    let held = Held { night, home: &catalog.fingerprint, homes: None };
    let tables = tables.iter().map(whole).collect::<Vec<_>>();
    warehouse::load(place, &Design::of(catalog), held, &tables).await
}

/// What the warehouse answers, a row a line.
pub(crate) async fn told(place: &Place, question: &str) -> Vec<String> {
    let rows = warehouse::ask(place, question).await.unwrap();
    rows.into_iter().map(|row| row.join(" | ")).collect()
}

const CASES: &str = "select case_id || ' ' || unit_id || ' ' || accepted_month || ' ' \
                     || cast(accepted_local as text) from service_case order by case_id";

#[tokio::test]
async fn only_what_changed_is_written_and_what_is_gone_goes() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("changes").await {
        let first = [
            ("C1", "JN0001", "2025-12-31T15:59:59Z"),
            ("C2", "JN0001", "2025-12-31T16:00:00Z"),
            ("C3", "JN0002", "2025-06-01T01:00:00Z"),
        ];
        let rows = |list: &[_]| vec![("service_case", cases(&catalog, list))];
        let loaded = load(&place, &catalog, FIRST, &rows(&first)).await.unwrap();
        assert_eq!(loaded, Loaded { written: 3, removed: 0, unchanged: 0 });
        // Half past midnight in the city is the day before in UTC.
        assert_eq!(
            told(&place, CASES).await,
            [
                "C1 JN0001 2025-12 2025-12-31 23:59:59",
                "C2 JN0001 2026-01 2026-01-01 00:00:00",
                "C3 JN0002 2025-06 2025-06-01 09:00:00"
            ]
        );
        let spots = spots(&place).await;
        let loaded = load(&place, &catalog, FIRST, &rows(&first)).await.unwrap();
        assert_eq!(loaded, Loaded { written: 0, removed: 0, unchanged: 3 });
        assert_eq!(spots, self::spots(&place).await, "no row was touched");
        let second = [
            ("C1", "JN0001", "2025-12-31T15:59:59Z"),
            ("C2", "JN0002", "2025-12-31T16:00:00Z"),
            ("C4", "JN0003", "2025-07-01T01:00:00Z"),
        ];
        let loaded = load(&place, &catalog, SECOND, &rows(&second)).await.unwrap();
        assert_eq!(loaded, Loaded { written: 2, removed: 2, unchanged: 1 });
        assert_eq!(
            told(&place, CASES).await,
            [
                "C1 JN0001 2025-12 2025-12-31 23:59:59",
                "C2 JN0002 2026-01 2026-01-01 00:00:00",
                "C4 JN0003 2025-07 2025-07-01 09:00:00"
            ]
        );
        assert_eq!(told(&place, "select night from warehouse").await, ["2026-01-06"]);
    }
}

/// Where the rows stand, and in PostgreSQL which transaction wrote them.
async fn spots(place: &Place) -> Vec<String> {
    let question = match place {
        Place::File(_) => "select cast(rowid as text), hex(_mark) from service_case order by 1",
        Place::Server(_) => {
            "select case_id, xmin::text || ' ' || ctid::text || _mark::text \
             from service_case order by 1"
        }
    };
    told(place, question).await
}

#[tokio::test]
async fn a_value_that_did_not_move_keeps_the_night_that_wrote_it() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("stamps").await {
        let rows = |night, second| {
            let first = value(&catalog, ("JN0001", "cases_closed"), Some(5), night);
            let second = value(&catalog, ("JN0002", "cases_closed"), Some(second), night);
            vec![("metric_value", vec![first, second])]
        };
        load(&place, &catalog, FIRST, &rows(FIRST, 7)).await.unwrap();
        let loaded = load(&place, &catalog, SECOND, &rows(SECOND, 8)).await.unwrap();
        assert_eq!(loaded, Loaded { written: 1, removed: 1, unchanged: 1 });
        let question = "select unit_id, cast(night as text) from metric_value order by unit_id";
        assert_eq!(told(&place, question).await, ["JN0001 | 2026-01-05", "JN0002 | 2026-01-06"]);
    }
}

#[tokio::test]
async fn the_same_row_may_stand_twice_and_once_of_two_goes() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("twins").await {
        // Names that nobody knows are no units: both rows are of none.
        let quota = || {
            let cells = [
                ("post_kind", text("admin")),
                ("valid_from", Cell::Day(date(2020, 1, 1))),
                ("approved", Cell::Whole(3)),
            ];
            row(&catalog, "post_quota", &cells)
        };
        let twice = [("post_quota", vec![quota(), quota()])];
        let loaded = load(&place, &catalog, FIRST, &twice).await.unwrap();
        assert_eq!(loaded.written, 2);
        let once = [("post_quota", vec![quota()])];
        let loaded = load(&place, &catalog, SECOND, &once).await.unwrap();
        assert_eq!(loaded, Loaded { written: 0, removed: 1, unchanged: 1 });
        // A metric has one value of a unit and period, and a city's row has no unit.
        let values = || value(&catalog, ("city:519900", "cases_closed"), Some(5), FIRST);
        let other = value(&catalog, ("city:519900", "cases_closed"), Some(6), FIRST);
        let both = [("metric_value", vec![values(), other])];
        let fault = load(&place, &catalog, SECOND, &both).await.unwrap_err();
        assert!(format!("{fault:?}").to_lowercase().contains("unique"), "{fault:?}");
        assert_eq!(told(&place, "select count(*) || '' from metric_value").await, ["0"]);
    }
}

#[tokio::test]
async fn texts_arrive_as_they_are() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    let odd = "行\t列\n\\N 'quoted' \"双\" \\ 😀 \u{2028}";
    for place in places.of("texts").await {
        let at = instant("2025-06-01T01:00:00Z");
        let cells = [("case_id", text(odd)), ("accepted_at", at), ("status", text("open"))];
        let row = row(&catalog, "service_case", &cells);
        load(&place, &catalog, FIRST, &[("service_case", vec![row])]).await.unwrap();
        assert_eq!(told(&place, "select case_id from service_case").await, [odd]);
    }
}

/// The contract of cases with a column more, and one of another type.
fn edited(files: &mut BTreeMap<String, String>) {
    let path = "schemas/service_case.json";
    let text = files[path].replace(
        "{\"name\": \"updated_at\", \"type\": \"datetime\"",
        "{\"name\": \"counter\", \"type\": \"string\", \"title\": \"窗口\"},\n    \
         {\"name\": \"updated_at\", \"type\": \"date\"",
    );
    assert_ne!(text, files[path]);
    files.insert(path.to_owned(), text);
}

#[tokio::test]
async fn a_contract_that_changed_changes_its_table_and_leaves_what_others_built() {
    let places = Places::new();
    let (before, after) = (catalog(|_| {}), catalog(edited));
    for place in places.of("migrated").await {
        let list = [("C1", "JN0001", "2025-06-01T01:00:00Z")];
        let old = [("service_case", cases(&before, &list))];
        load(&place, &before, FIRST, &old).await.unwrap();
        let run = runs::row(&before, FIRST);
        runs::load(&place, &before, FIRST, run).await;
        let theirs = "create view their_cases as select case_id, unit_id from ";
        let cases_table =
            if matches!(place, Place::File(_)) { "service_case" } else { "core.service_case" };
        execute(&place, &format!("{theirs}{cases_table}")).await;
        let design = Design::of(&after);
        let planned = warehouse::planned(&place, &design, None).await.unwrap();
        assert!(planned.iter().any(|statement| statement.contains("counter")), "{planned:?}");
        // What is planned is not done.
        assert_eq!(warehouse::planned(&place, &design, None).await.unwrap(), planned);
        assert_eq!(warehouse::migrate(&place, &design, None).await.unwrap(), planned);
        assert_eq!(warehouse::planned(&place, &design, None).await.unwrap(), Vec::<String>::new());
        assert_eq!(warehouse::migrate(&place, &design, None).await.unwrap(), Vec::<String>::new());
        // Rows stay until the next night writes them anew; so does what others built.
        let counters = "select case_id, counter from service_case";
        assert_eq!(told(&place, counters).await, ["C1 | "]);
        assert_eq!(told(&place, "select night from warehouse").await, ["2026-01-05"]);
        let mut rows = cases(&after, &list);
        let mut columns = warehouse::columns(&after.schemas["service_case"]);
        rows[0][columns.position(|field| field.name == "counter").unwrap()] = Some(text("三号"));
        let loaded = load(&place, &after, SECOND, &[("service_case", rows)]).await.unwrap();
        assert_eq!(loaded, Loaded { written: 1, removed: 1, unchanged: 0 });
        assert_eq!(told(&place, counters).await, ["C1 | 三号"]);
        assert_eq!(told(&place, "select case_id, unit_id from their_cases").await, ["C1 | JN0001"]);
        let nights = "select cast(night as text) from run order by 1";
        assert_eq!(told(&place, nights).await, ["2026-01-05"], "nights before stay");
    }
}

#[tokio::test]
async fn a_contract_that_went_and_came_back_leaves_no_column_empty() {
    let all = Places::new();
    let (before, after) = (catalog(|_| {}), catalog(edited));
    let places = all.of("returned").await;
    for (place, is_back) in places.iter().flat_map(|place| [(place, false), (place, true)]) {
        let mut rows = cases(&before, &[("C1", "JN0001", "2025-06-01T01:00:00Z")]);
        let mut columns = warehouse::columns(&before.schemas["service_case"]);
        let at = columns.position(|field| field.name == "updated_at").unwrap();
        rows[0][at] = Some(instant("2025-06-02T01:00:00Z"));
        let night = [("service_case", rows)];
        load(place, &before, FIRST, &night).await.unwrap();
        warehouse::migrate(place, &Design::of(&after), None).await.unwrap();
        if is_back {
            warehouse::migrate(place, &Design::of(&before), None).await.unwrap();
        }
        let loaded = load(place, &before, FIRST, &night).await.unwrap();
        assert_eq!((loaded.written, loaded.unchanged), (1, 0));
        let changed = "select case_id, cast(updated_date as text) from service_case";
        assert_eq!(told(place, changed).await, ["C1 | 2025-06-02"]);
    }
}

#[tokio::test]
async fn a_warehouse_of_a_newer_program_is_left_alone() {
    let places = Places::new();
    let catalog = catalog(|_| {});
    for place in places.of("newer").await {
        load(&place, &catalog, FIRST, &[]).await.unwrap();
        let table = if matches!(place, Place::File(_)) { "warehouse" } else { "ops.warehouse" };
        execute(&place, &format!("update {table} set format = '99'")).await;
        let fault = load(&place, &catalog, SECOND, &[]).await.unwrap_err();
        assert!(matches!(fault, WarehouseError::Newer { found: 99, known: 1 }), "{fault:?}");
        assert_eq!(told(&place, "select night from warehouse").await, ["2026-01-05"]);
    }
}

/// A statement of somebody else's.
pub(crate) async fn execute(place: &Place, statement: &str) {
    use sqlx::Connection as _;
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
    match place {
        Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            statement.execute(&mut open).await.unwrap();
            open.close().await.unwrap();
        }
        Place::Server(url) => {
            let mut open = sqlx::PgConnection::connect(url).await.unwrap();
            statement.execute(&mut open).await.unwrap();
            open.close().await.unwrap();
        }
    }
}
