//! A system that is a database: what is read of it, in which order, and what happens when it is not
//! as the manifest says.

use shuping::base::batch::Batch;
use shuping::extract::ExtractError;
use shuping::model::landing::Landing;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::Start;
use super::pulled;
use super::rows;
use super::told;
use crate::postgres::Cluster;
use crate::postgres::PASSWORD;

const LOGS: &str = r#"
format = 1
[system]
name = "appraisal"
title = "考核"
kind = "sql"
[sql]
url = "${env:URL}"
timeout = "20s"
retry = { attempts = 1 }
[[stream]]
name = "logs"
into = "work_log"
view = "V_GZJS"
key = ["DWDM", "LSH"]
chunk = 2
cursor = { column = "GXSJ", start = "2025-01-01", lookback = "1d", lag = "5m" }
write = "upsert"
deleted = "ZT = '9'"
full = "monthly"
ignore = ["BZ"]
[stream.columns]
log_id = "LSH"
person_id = { from = "SFZH", identity = "cn_id" }
worked_on = "GZRQ"
hours = "GS"
updated_at = "GXSJ"
"#;

/// A table and a view over it, in words that both databases know.
const TABLE: &str = "
create table gzjs (lsh bigint, sfzh char(18), dwdm text, gzrq date, gs numeric(12, 3), \
                   zt char(1), gxsj timestamp, bz text, xm text);
insert into gzjs values
    (1, '519902198703051231', 'U2', '2025-12-30', 7.125, '1', '2025-12-30 18:00:00', 'x', 'y'),
    (2, null, 'U1', '2025-12-31', 123456789.125, '1', '2026-01-05 08:00:00.25', null, 'y'),
    (3, '519902198703051231', 'U1', '2025-12-31', 0.125, '9', '2026-01-06 01:54:59', null, null),
    (14, '519902198703051231', 'U1', '2025-12-31', 8.125, '1', '2026-01-06 01:55:00', 'x', 'y'),
    (5, '519902198703051231', 'U3', '2024-12-31', null, '2', '2024-12-31 23:59:59', null, 'y');
create view V_GZJS as
    select LSH, SFZH, DWDM, GZRQ, GS, ZT, GXSJ, BZ, XM from gzjs;
";

async fn lite(folder: &TempDir) -> String {
    let path = folder.path().join("考核.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(TABLE)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    format!("sqlite://{}", path.display())
}

/// Rows without what stands for a person.
fn impersonal(batches: &[Batch]) -> Vec<String> {
    let plain = |line: String| {
        let words = line.split(' ').filter(|word| !word.starts_with("SFZH"));
        words.collect::<Vec<_>>().join(" ")
    };
    rows(batches).into_iter().map(plain).collect()
}

async fn refused(text: &str, url: &str) -> (String, bool) {
    let (delivery, _) = pulled(text, &Start::at(url)).await;
    let error = delivery.unwrap_err();
    let words = told(&error);
    assert!(!words.contains(PASSWORD) && !words.contains("pass%20word"), "{words}");
    assert!(!words.contains("519902198703051231"), "{words}");
    assert_eq!(error.is_transient(), matches!(error, ExtractError::Unavailable { .. }));
    (words, error.is_transient())
}

/// What every database must do.
async fn is_read_as_the_manifest_says(url: &str) {
    let since = Some("2026-01-05T12:00:00+08:00".parse().unwrap());
    let (delivery, batches) = pulled(LOGS, &Start { since, ..Start::at(url) }).await;
    let delivery = delivery.unwrap();
    // Rows 1 and 5 changed before the window; row 14 so late that it is left for the next night.
    assert_eq!(
        impersonal(&batches),
        [
            "V_GZJS row 1: LSH=2 GZRQ=2025-12-31 GS=123456789.125 ZT=1 GXSJ=2026-01-05 08:00:00.25",
            "V_GZJS row 2: LSH=3 GZRQ=2025-12-31 GS=0.125 ZT=9 GXSJ=2026-01-06 01:54:59",
        ]
    );
    assert_eq!((delivery.received, delivery.told), (2, Some(2)));
    assert_eq!(delivery.until.unwrap().to_string(), "2026-01-05T17:55:00Z");
    // The key orders the rows and is not handed on; what is not asked for is told by its name.
    let unread: Vec<&str> =
        delivery.unread.keys().map(|name| &*name.to_uppercase().leak()).collect();
    assert_eq!(unread, ["DWDM", "XM"]);
    let people = rows(&batches).concat();
    assert!(
        people.contains("SFZH.birth_date=1987-03-05") && !people.contains("519902198703051231")
    );

    // Without a bookmark everything is asked for, up to what changed a moment ago, over two chunks
    // in the order of numbers, not of their texts.
    let (delivery, batches) = pulled(LOGS, &Start::at(url)).await;
    let delivery = delivery.unwrap();
    let order: Vec<String> =
        rows(&batches).iter().map(|row| row.split(' ').nth(3).unwrap().to_owned()).collect();
    assert_eq!(order, ["LSH=2", "LSH=3", "LSH=14", "LSH=1"]);
    assert_eq!((batches.len(), delivery.told), (2, Some(4)));
    assert_eq!(delivery.until.unwrap().to_string(), "2026-01-05T17:55:00Z");

    // A query of the manifest is read like a view.
    let query = "query = \"select * from V_GZJS where LSH < 3;\"";
    let text = LOGS.replace("view = \"V_GZJS\"", query);
    let (delivery, batches) = pulled(&text, &Start::at(url)).await;
    assert_eq!((delivery.unwrap().told, rows(&batches).len()), (Some(2), 2));
}

async fn is_refused_where_it_is_not_as_the_manifest_says(url: &str) {
    let (why, _) = refused(&LOGS.replace("V_GZJS", "V_GZJS_2"), url).await;
    assert!(why.contains("V_GZJS_2"), "{why}");
    for (is, becomes) in [
        ("from = \"SFZH\"", "from = \"SFZHM\""),
        ("column = \"GXSJ\"", "column = \"GXRQ\""),
        ("\"LSH\"]", "\"LSHM\"]"),
        ("\"ZT = '9'\"", "\"ZTM = '9'\""),
        ("write =", "explode = { column = \"ZRDW\", by = \"、\" }\nwrite ="),
        ("write =", "unpivot = { columns = [\"JD1\"], name = \"_n\", value = \"_v\" }\nwrite ="),
    ] {
        let (why, is_transient) = refused(&LOGS.replace(is, becomes), url).await;
        assert!(why.contains("it has no column `") && !is_transient, "{becomes}: {why}");
    }
    // A key that does not tell rows apart would lose some at the end of a chunk.
    for key in ["[\"DWDM\"]", "[\"XM\"]"] {
        let text = LOGS.replace("[\"DWDM\", \"LSH\"]", key);
        let (why, _) = refused(&text, url).await;
        assert!(why.contains("key"), "{why}");
    }
    let (why, _) = refused(&LOGS.replace("view = \"V_GZJS\"", "query = \"selec 1\""), url).await;
    assert!(why.contains("syntax error"), "{why}");
}

#[tokio::test]
async fn a_file_of_sqlite_is_read() {
    let folder = TempDir::new().unwrap();
    let url = lite(&folder).await;
    is_read_as_the_manifest_says(&url).await;
    is_refused_where_it_is_not_as_the_manifest_says(&url).await;
    // A relative path starts at the home.
    let start = Start { url: "sqlite://考核.db".to_owned(), ..Start::home(folder.path()) };
    assert_eq!(pulled(LOGS, &start).await.0.unwrap().received, 4);
}

#[tokio::test]
async fn what_sqlite_cannot_open_or_end_is_told() {
    let folder = TempDir::new().unwrap();
    let url = lite(&folder).await;
    let (why, is_transient) = refused(LOGS, "sqlite:///nowhere/at.db").await;
    assert!(why.ends_with("its file can't be opened") && !is_transient, "{why}");
    std::fs::write(folder.path().join("text.db"), "no database, ".repeat(100)).unwrap();
    let (why, _) = refused(LOGS, &url.replace("考核", "text")).await;
    assert!(why.contains("no SQLite database"), "{why}");
    let (why, _) = refused(LOGS, "mysql://somewhere/else").await;
    assert!(why.contains("its url is no database's"), "{why}");
    let endless = "query = \"with recursive n(i) as (select 1 union all select i + 1 from n) \
                   select V_GZJS.* from V_GZJS where LSH = (select count(*) from n)\"";
    let text = LOGS.replace("view = \"V_GZJS\"", endless).replace("20s", "100ms");
    let (why, is_transient) = refused(&text, &url).await;
    assert!(why.contains("took too long") && is_transient, "{why}");
}

#[tokio::test]
async fn a_database_of_postgresql_is_read() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.database("kh").await;
    cluster.run("kh", TABLE).await;
    is_read_as_the_manifest_says(&url).await;
    is_refused_where_it_is_not_as_the_manifest_says(&url).await;
    values_come_as_postgresql_writes_them(&cluster).await;
    what_writes_is_refused(&cluster).await;
    what_ends_early_is_told_and_leaves_nothing(&cluster).await;
}

async fn values_come_as_postgresql_writes_them(cluster: &Cluster) {
    let kinds = "
        create schema s;
        create table s.\"Kinds\" (\"Id\" uuid primary key, at timestamptz, yes bool, c char(4), \
                                n numeric, d double precision, day date, nothing text, empty text);
        insert into s.\"Kinds\" values ('00000000-0000-0000-0000-000000000001', \
            '2026-01-05 16:30:12.5+00', true, 'Q1', 12345678901234567890.123456789, 0.1, \
            '2026-01-05', null, '');";
    cluster.run("kh", kinds).await;
    let text = r#"
format = 1
[system]
name = "kinds"
title = "x"
kind = "sql"
[sql]
url = "${env:URL}"
retry = { attempts = 1 }
[[stream]]
name = "kinds"
into = "x"
view = "s.Kinds"
key = "Id"
write = "snapshot"
[stream.columns]
a = ["at"]
b = ["yes"]
c = ["c"]
d = ["n"]
e = ["d"]
f = ["day"]
g = ["nothing"]
h = ["empty"]
"#;
    let (_, batches) = pulled(text, &Start::at(&cluster.url("kh"))).await;
    assert_eq!(
        rows(&batches),
        ["s.Kinds row 1: at=2026-01-06 00:30:12.5+08 yes=true c=Q1 \
          n=12345678901234567890.123456789 d=0.1 day=2026-01-05"]
    );
}

async fn what_writes_is_refused(cluster: &Cluster) {
    let function = "create function touch() returns setof gzjs language plpgsql as \
                    $$ begin delete from gzjs; return query select * from gzjs; end $$;";
    cluster.run("kh", function).await;
    let text = LOGS.replace("view = \"V_GZJS\"", "query = \"select * from touch()\"");
    let (why, is_transient) = refused(&text, &cluster.url("kh")).await;
    assert!(why.ends_with("it answers with error 25006") && !is_transient, "{why}");
    let (delivery, _) = pulled(LOGS, &Start::at(&cluster.url("kh"))).await;
    assert_eq!(delivery.unwrap().told, Some(4));
}

async fn what_ends_early_is_told_and_leaves_nothing(cluster: &Cluster) {
    let url = cluster.url("kh");
    let (why, is_transient) = refused(LOGS, &cluster.url_of("another", "kh")).await;
    assert!(why.contains("does not accept this user and password") && !is_transient, "{why}");
    let (why, _) = refused(LOGS, &cluster.url("nowhere")).await;
    assert!(why.contains("no such database"), "{why}");
    let elsewhere = "postgres://tester@localhost/kh?host=/nowhere";
    let text = LOGS.replace("attempts = 1", "attempts = 2, first = \"1ms\"");
    let (why, is_transient) = refused(&text, elsewhere).await;
    assert!(why.contains("in 2 attempts") && is_transient, "{why}");
    let text = LOGS
        .replace("view = \"V_GZJS\"", "query = \"select g.*, pg_sleep(60) from gzjs as g\"")
        .replace("20s", "100ms");
    let (why, is_transient) = refused(&text, &url).await;
    assert!(why.contains("took too long") && is_transient, "{why}");

    // The server ends the connection while the second chunk is read; the first has been handed on.
    let ends = "query = \"select g.* from gzjs as g where LSH <> 1 or (current_query() like \
                '%) > ' || '(cast%' and pg_terminate_backend(pg_backend_pid())) is not null\"";
    let lake = TempDir::new().unwrap();
    let landing = Landing::of(lake.path(), "appraisal", "logs");
    let mut attempt = landing.begin(jiff::civil::date(2026, 1, 6)).unwrap();
    let text = LOGS.replace("view = \"V_GZJS\"", ends);
    let (delivery, batches) = pulled(&text, &Start::at(&url)).await;
    let error = delivery.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(rows(&batches).len(), 2);
    for batch in &batches {
        attempt.land(batch.clone()).unwrap();
    }
    assert!(landing.attempts().unwrap().is_empty());
}
