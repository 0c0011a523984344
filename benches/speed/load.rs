//! How fast does a table arrive in a warehouse, beside the plainest way that its database has? Rows are the
//! same, marks, keys and indexes are ours alone.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::spec::home::Home;
use shuping::spec::home::write_default;
use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Held;
use shuping::warehouse::Place;
use shuping::warehouse::Replaces;
use shuping::warehouse::Rows;
use shuping::warehouse::Table;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::PgConnection;
use sqlx::postgres::PgPoolCopyExt as _;
use tokio::runtime::Runtime;

use crate::heading;
use crate::line;

/// Where an empty database of PostgreSQL is named.
const POSTGRES: &str = "SHUPING_BENCH_POSTGRES";
const TABLE: &str = "service_case";
/// The ways in which dlt is handed rows.
const WAYS: [&str; 2] = ["dicts", "arrow"];

/// Loads so many cases, and the same rows as the database itself takes them.
pub(crate) fn load(rows: usize) {
    heading(&format!("load: {rows} cases into a new warehouse"));
    let folder = tempfile::tempdir().unwrap();
    write_default(folder.path()).unwrap();
    let catalog = Home::open(folder.path()).unwrap().catalog().unwrap();
    let runtime = Runtime::new().unwrap();
    let file = folder.path().join("warehouse.db");
    let ours = runtime.block_on(loaded(&catalog, &Place::File(file.clone()), rows));
    match inserted(&file) {
        Some(plain) => told("SQLite", "a prepared insert, one transaction", ours, plain),
        None => line("SQLite", ours, "SHUPING_PYTHON names none to be held against"),
    }
    for way in WAYS {
        let by_dlt = folder.path().join(format!("dlt-{way}.db"));
        dlt("SQLite", (&file, rows / 5), (&format!("sqlite:///{}", by_dlt.display()), way), ours);
    }
    let Some(url) = env::var_os(POSTGRES) else {
        return line("PostgreSQL", Duration::ZERO, &format!("left out: {POSTGRES} names none"));
    };
    let url = url.into_string().unwrap();
    let ours = runtime.block_on(loaded(&catalog, &Place::Server(url.clone()), rows));
    let plain = runtime.block_on(copied(&url));
    told("PostgreSQL", "COPY of the same rows", ours, plain);
    for (way, rows) in WAYS.into_iter().zip([rows / 5, rows]) {
        dlt("PostgreSQL", (&file, rows), (&url, way), ours);
    }
}

/// What dlt takes for so many of the rows that stand in our file, beside ours for a million; see the script.
fn dlt(database: &str, (file, rows): (&Path, usize), (address, way): (&str, &str), ours: Duration) {
    let what = format!("{database}, dlt, {way}");
    let left_out =
        || line(&what, Duration::ZERO, "left out: SHUPING_PYTHON names none that has it");
    let Some(python) = env::var_os("SHUPING_PYTHON") else { return left_out() };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/dlt_load.py");
    let mut dlt = Command::new(python);
    dlt.arg(script).arg(file).args([TABLE, &rows.to_string(), address, way]);
    let told = dlt.output().unwrap();
    if told.status.code() == Some(3) {
        return left_out();
    }
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let (loaded, seconds): (f64, f64) = serde_json::from_slice(&told.stdout).unwrap();
    let million = seconds / loaded * 1e6;
    let times = million / ours.as_secs_f64();
    let more =
        format!("{loaded} rows, {million:.1} s a million: the load is {times:.1} times as fast");
    line(&what, Duration::from_secs_f64(seconds), &more);
}

fn told(database: &str, how: &str, ours: Duration, plain: Duration) {
    line(&format!("{database}, a load"), ours, "with marks, keys and indexes");
    let share = plain.as_secs_f64() / ours.as_secs_f64() * 100.0;
    line(&format!("{database}, plain"), plain, &format!("{how}: the load has {share:.0} % of it"));
}

async fn loaded(catalog: &Catalog, place: &Place, rows: usize) -> Duration {
    let schema = &catalog.schemas[TABLE];
    let names: Vec<&str> = warehouse::columns(schema).map(|field| field.name.as_str()).collect();
    let at =
        move |places: &[usize]| Ok(places.iter().map(|number| case(*number, &names)).collect());
    let rows = Rows { count: rows, at: Box::new(at), prints: None };
    let held = Held { night: date(2026, 1, 6), home: "bench", homes: None };
    let tables = [Table { name: TABLE, rows, replaces: Replaces::All }];
    let start = Instant::now();
    warehouse::load(place, &Design::of(catalog), held, &tables).await.unwrap();
    start.elapsed()
}

/// A case of one's own for each number.
fn case(number: usize, names: &[&str]) -> CellRow {
    let minutes = i64::try_from(number % 500_000).unwrap();
    let instant = |more: i64| {
        let start: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        Some(Cell::Instant(start + (minutes + more).minutes()))
    };
    let cell = |name: &&str| match *name {
        "case_id" => Some(Cell::Text(format!("9900251103{number:09}"))),
        "item_id" => Some(Cell::Text(format!("I{:05}", number % 1_500))),
        "unit_id" => Some(Cell::Text(format!("JN{:04}", number % 180))),
        "section_id" => Some(Cell::Text(format!("JN{:04}-{}", number % 180, number % 8))),
        "channel" => Some(Cell::Text(["online", "window", "kiosk"][number % 3].to_owned())),
        "status" => Some(Cell::Text("closed".to_owned())),
        "accepted_at" => instant(0),
        "due_at" | "due_first_at" => instant(14_400),
        "closed_at" | "updated_at" => instant(2_000),
        _ => None,
    };
    names.iter().map(cell).collect()
}

/// What SQLite takes for the same rows, bound to one statement by the C of Python's own module.
fn inserted(file: &Path) -> Option<Duration> {
    let python = env::var_os("SHUPING_PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/insert.py");
    let told = Command::new(python).arg(script).arg(file).arg(TABLE).output().unwrap();
    let seconds = String::from_utf8_lossy(&told.stdout).trim().parse().unwrap();
    Some(Duration::from_secs_f64(seconds))
}

/// What PostgreSQL takes for the same rows, as it wrote them itself.
async fn copied(url: &str) -> Duration {
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let mut link = PgConnection::connect(url).await.unwrap();
    link.execute(sqlx::raw_sql(
        "create table plain as select * from core.service_case where false",
    ))
    .await
    .unwrap();
    let rows = format!("copy (select * from core.{TABLE}) to stdout");
    let parts = pool.copy_out_raw(&rows).await.unwrap();
    let parts: Vec<_> = futures_util::TryStreamExt::try_collect(parts).await.unwrap();
    let start = Instant::now();
    let mut copy = link.copy_in_raw("copy plain from stdin").await.unwrap();
    for part in parts {
        copy.send(part).await.unwrap();
    }
    copy.finish().await.unwrap();
    start.elapsed()
}
