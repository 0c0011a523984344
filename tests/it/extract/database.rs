//! A system that is a database: what is read of it, in which order, and what happens when it is not
//! as the manifest says.

use std::path::PathBuf;

use shuping::base::batch::Batch;
use shuping::extract::ExtractError;
use shuping::model::landing::Landing;
use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::Start;
use super::broken;
use super::mysql;
use super::pulled;
use super::rows;
use super::told;
use crate::mariadb::Maria;
use crate::postgres::Cluster;
use crate::postgres::PASSWORD;

pub(super) const LOGS: &str = r#"
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

/// A table and a view over it, in words that every database knows but the one for a time.
const TABLE: &str = "
create table gzjs (lsh bigint, sfzh char(18), dwdm text, gzrq date, gs numeric(12, 3), \
                   zt char(1), gxsj TIME, bz text, xm text);
insert into gzjs values
    (1, '519902198703051231', 'U2', '2025-12-30', 7.125, '1', '2025-12-30 18:00:00', 'x', 'y'),
    (2, null, 'U1', '2025-12-31', 123456789.125, '1', '2026-01-05 08:00:00.25', null, 'y'),
    (3, '519902198703051231', 'U1', '2025-12-31', 0.125, '9', '2026-01-06 01:54:59', null, null),
    (14, '519902198703051231', 'U1', '2025-12-31', 8.125, '1', '2026-01-06 01:55:00', 'x', 'y'),
    (5, '519902198703051231', 'U3', '2024-12-31', null, '2', '2024-12-31 23:59:59', null, 'y');
create view V_GZJS as
    select LSH, SFZH, DWDM, GZRQ, GS, ZT, GXSJ, BZ, XM from gzjs;
";

/// A database with the table in it.
pub(super) enum Server {
    Lite(TempDir),
    Postgres(Cluster),
    Maria(Maria),
}

/// A database that is not open, what is said of it, and whether a later night may find it open.
type Closed = (String, &'static str, bool);

impl Server {
    async fn lite() -> Server {
        let server = Server::Lite(TempDir::new().unwrap());
        let options = SqliteConnectOptions::new().filename(server.file()).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let table = AssertSqlSafe(TABLE.replace("TIME", "timestamp"));
        sqlx::raw_sql(table).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        server
    }

    async fn postgres() -> Option<Server> {
        let cluster = Cluster::start()?;
        cluster.database("kh").await;
        cluster.run("kh", &TABLE.replace("TIME", "timestamp")).await;
        Some(Server::Postgres(cluster))
    }

    async fn maria() -> Option<Server> {
        let maria = Maria::start()?;
        maria.database("kh").await;
        maria.run("kh", &TABLE.replace("TIME", "datetime(2)")).await;
        Some(Server::Maria(maria))
    }

    pub(super) async fn run(&self, statements: &str) {
        match self {
            Server::Lite(_) => {
                let options = SqliteConnectOptions::new().filename(self.file());
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Server::Postgres(cluster) => cluster.run("kh", statements).await,
            Server::Maria(maria) => maria.run("kh", statements).await,
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        match self {
            Server::Lite(folder) => folder.path().join("考核.db"),
            Server::Postgres(_) | Server::Maria(_) => PathBuf::new(),
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Server::Lite(_) => format!("sqlite://{}", self.file().display()),
            Server::Postgres(cluster) => cluster.url("kh"),
            Server::Maria(maria) => maria.url("kh"),
        }
    }

    /// A query that takes longer than anybody waits.
    fn endless(&self) -> &'static str {
        match self {
            Server::Lite(_) => {
                "with recursive n(i) as (select 1 union all select i + 1 from n) \
                 select V_GZJS.* from V_GZJS where LSH = (select count(*) from n)"
            }
            Server::Postgres(_) => "select g.*, pg_sleep(60) from gzjs as g",
            Server::Maria(_) => "select g.* from gzjs as g where sleep(60) = 1",
        }
    }

    /// A query that ends before its end, while the second chunk is read; a file does not.
    fn ends_early(&self) -> Option<&'static str> {
        match self {
            Server::Lite(_) => None,
            Server::Postgres(_) => Some(
                "select g.* from gzjs as g where LSH <> 1 or (current_query() like \
                 '%) > ' || '(cast%' and pg_terminate_backend(pg_backend_pid())) is not null",
            ),
            Server::Maria(_) => Some(
                "select g.* from gzjs as g where LSH <> 1 or (select max(p.info) not like \
                 concat('%) > ', '(%') from information_schema.processlist as p \
                 where p.id = connection_id()) or sleep(60) = 1",
            ),
        }
    }

    /// A query that writes, and what is said of it; a file is opened for reading only.
    async fn writes(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Server::Lite(_) => None,
            Server::Postgres(cluster) => {
                let function = "create function touch() returns setof gzjs language plpgsql as \
                     $$ begin delete from gzjs; return query select * from gzjs; end $$;";
                cluster.run("kh", function).await;
                Some(("select * from touch()", "it answers with error 25006"))
            }
            Server::Maria(maria) => {
                let function = "create function touch() returns int not deterministic \
                     begin delete from gzjs; return 1; end";
                maria.run("kh", function).await;
                Some(("select g.* from gzjs as g where touch() = 1", "it answers with error 1792"))
            }
        }
    }

    fn closed(&self) -> Vec<Closed> {
        let password = "does not accept this user and password";
        let (none, nowhere) = ("no such database", "/nowhere/at");
        match self {
            Server::Lite(folder) => {
                let text = folder.path().join("text.db");
                std::fs::write(&text, "no database, ".repeat(100)).unwrap();
                let text = format!("sqlite://{}", text.display());
                vec![
                    ("sqlite:///nowhere/at.db".to_owned(), "its file can't be opened", false),
                    (text, "no SQLite database", false),
                ]
            }
            Server::Postgres(cluster) => vec![
                (cluster.url_of("another", "kh"), password, false),
                (cluster.url("nowhere"), none, false),
                (format!("postgres://tester@localhost/kh?host={nowhere}"), "in 2 attempts", true),
            ],
            Server::Maria(maria) => vec![
                (maria.url_of("another", "kh"), password, false),
                (maria.url("nowhere"), none, false),
                (format!("mysql://tester@localhost/kh?socket={nowhere}"), "in 2 attempts", true),
            ],
        }
    }
}

/// What every database must do.
async fn is_a_source(server: &Server) {
    is_read_as_the_manifest_says(&server.url()).await;
    is_refused_where_it_is_not_as_the_manifest_says(&server.url()).await;
    what_is_closed_or_slow_is_told(server).await;
    what_ends_early_leaves_nothing(server).await;
    what_writes_is_refused(server).await;
    broken::what_breaks_off_is_read_again(server).await;
    broken::what_tells_no_time_comes_every_night(server).await;
    what_is_no_time_comes_every_night(server).await;
    what_stands_twice_in_one_chunk_is_told(server).await;
}

#[tokio::test]
async fn a_file_of_sqlite_is_read() {
    let server = Server::lite().await;
    is_a_source(&server).await;
    broken::what_is_no_text_is_told_by_its_column(&server).await;
    // A relative path starts at the home.
    let file = server.file();
    let start =
        Start { url: "sqlite://考核.db".to_owned(), ..Start::home(file.parent().unwrap()) };
    assert_eq!(pulled(LOGS, &start).await.0.unwrap().received, 5);
}

#[tokio::test]
async fn a_database_of_postgresql_is_read() {
    let Some(server) = Server::postgres().await else { return };
    is_a_source(&server).await;
    values_come_as_postgresql_writes_them(&server).await;
    broken::what_orders_a_reading_keeps_its_kind(&server).await;
    broken::what_an_extension_sorts_is_read_in_its_order(&server).await;
}

#[tokio::test]
async fn a_database_of_mariadb_is_read() {
    let Some(server) = Server::maria().await else { return };
    is_a_source(&server).await;
    let Server::Maria(maria) = &server else { return };
    mysql::values_come_as_mariadb_writes_them(maria).await;
    mysql::what_orders_a_reading_is_exact(maria).await;
    mysql::bytes_are_refused_and_read_as_a_query_says(maria).await;
    mysql::a_zone_is_an_offset_or_refused(maria).await;
    mysql::a_column_that_is_closed_is_told(maria).await;
    mysql::what_is_seen_first_is_what_a_night_can_read(maria).await;
}

/// Rows without what stands for a person.
fn impersonal(batches: &[Batch]) -> Vec<String> {
    let plain = |line: String| {
        let words = line.split(' ').filter(|word| !word.starts_with("SFZH"));
        words.collect::<Vec<_>>().join(" ")
    };
    // A column of hundredths of a second writes them where there are none.
    rows(batches).into_iter().map(|row| plain(row.replace(":59.00", ":59"))).collect()
}

pub(super) async fn refused(text: &str, url: &str) -> (String, bool) {
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
    assert!(why.contains("syntax"), "{why}");
}

async fn what_is_closed_or_slow_is_told(server: &Server) {
    let text = LOGS.replace("attempts = 1", "attempts = 2, first = \"1ms\"");
    for (url, said, may_open) in server.closed() {
        let (why, is_transient) = refused(&text, &url).await;
        assert!(why.contains(said) && is_transient == may_open, "{why}");
    }
    let (why, _) = refused(LOGS, "oracle://somewhere/else").await;
    assert!(why.contains("its url is no database's"), "{why}");
    let query = format!("query = \"{}\"", server.endless());
    let text = LOGS.replace("view = \"V_GZJS\"", &query).replace("20s", "100ms");
    let (why, is_transient) = refused(&text, &server.url()).await;
    assert!(why.contains("took too long") && is_transient, "{why}");
}

async fn what_ends_early_leaves_nothing(server: &Server) {
    let Some(ends) = server.ends_early() else { return };
    let lake = TempDir::new().unwrap();
    let landing = Landing::of(lake.path(), "appraisal", "logs");
    let mut attempt = landing.begin(jiff::civil::date(2026, 1, 6)).unwrap();
    let text = LOGS.replace("view = \"V_GZJS\"", &format!("query = \"{ends}\""));
    let text = text.replace("20s", "500ms");
    let (delivery, batches) = pulled(&text, &Start::at(&server.url())).await;
    let error = delivery.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(rows(&batches).len(), 2);
    for batch in &batches {
        attempt.land(batch.clone()).unwrap();
    }
    assert!(landing.attempts().unwrap().is_empty());
}

async fn what_writes_is_refused(server: &Server) {
    let Some((query, said)) = server.writes().await else { return };
    let text = LOGS.replace("view = \"V_GZJS\"", &format!("query = \"{query}\""));
    let (why, is_transient) = refused(&text, &server.url()).await;
    assert!(why.ends_with(said) && !is_transient, "{why}");
    let (delivery, _) = pulled(LOGS, &Start::at(&server.url())).await;
    assert_eq!(delivery.unwrap().told, Some(4));
}

async fn values_come_as_postgresql_writes_them(server: &Server) {
    let Server::Postgres(cluster) = server else { return };
    let kinds = "
        create schema s;
        create table s.\"Kinds\" (\"Id\" uuid primary key, at timestamptz, yes bool, c char(4), \
                                n numeric, d double precision, g double precision, \
                                r real, day date, m money, nothing text, empty text);
        insert into s.\"Kinds\" values ('00000000-0000-0000-0000-000000000001', \
            '2026-01-05 16:30:12.5+00', true, 'Q1', 12345678901234567890.123456789, 0.1, 1e15, 16777216, \
            '2026-01-05', -1234.5, null, '');";
    cluster.run("kh", kinds).await;
    let text = all_of(
        "s.Kinds",
        "\"Id\"",
        &["at", "yes", "c", "n", "d", "g", "r", "day", "m", "nothing", "empty"],
    );
    let (_, batches) = pulled(&text, &Start::at(&cluster.url("kh"))).await;
    assert_eq!(
        rows(&batches),
        ["s.Kinds row 1: at=2026-01-06 00:30:12.5+08 yes=true c=Q1 \
          n=12345678901234567890.123456789 d=0.1 g=1000000000000000 r=16777216 day=2026-01-05 m=-1234.50"]
    );
}

/// What no window holds, because it is no time, or none that is written so.
async fn what_is_no_time_comes_every_night(server: &Server) {
    let texts = "create table texts (id int primary key, at varchar(20));
        insert into texts values (1, '2026-01-05 08:00:00'), (2, ''), (3, ' '), \
            (4, '2026/01/05 10:00'), (5, '05.01.2026'), (6, '2026-1-5'), (7, '2025-12-30 10:00:00'), (8, '2025-12-31');";
    server.run(texts).await;
    let (times, format) = match server {
        Server::Lite(_) => (
            "create table numbers (id int, at int);
             insert into numbers values (1, 1767571200), (2, ''), (3, null), (7, 1767060000);
             create view moments as select id, at * 1 as at from numbers where id <> 2 \
                union all select id, at from numbers where id = 2;",
            "epoch_s",
        ),
        Server::Postgres(_) => (
            "create table moments (id int primary key, at timestamptz);
             insert into moments values (1, '2026-01-05 08:00:00+08'), (2, 'infinity'), \
                (3, '-infinity'), (7, '2025-12-30 10:00:00+08');",
            "%Y-%m-%d %H:%M:%S",
        ),
        Server::Maria(_) => (
            "set sql_mode = ''; create table moments (id int primary key, at datetime, day date);
             insert into moments values (1, '2026-01-05 08:00:00', '2026-01-05'), \
                (2, '0000-00-00 00:00:00', '0000-00-00'), (3, null, null), \
                (7, '2025-12-30 10:00:00', '2025-12-30');",
            "%Y-%m-%d %H:%M:%S",
        ),
    };
    server.run(times).await;
    let is_maria = matches!(server, Server::Maria(_));
    let (usual, since) = ("%Y-%m-%d %H:%M:%S", Some("2026-01-05T12:00:00+08:00".parse().unwrap()));
    let days = is_maria.then_some(("moments", "day", "%Y-%m-%d", "1 2 3"));
    for (view, column, format, ids) in
        [("texts", "at", usual, "1 2 3 4 5 6 8"), ("moments", "at", format, "1 2 3")]
            .into_iter()
            .chain(days)
    {
        let cursor = format!(
            "cursor = {{ column = \"{column}\", start = \"2025-01-01\", lookback = \"1d\", \
             lag = \"5m\", format = \"{format}\" }}\nwrite = \"upsert\""
        );
        let text = all_of(view, "\"id\"", &["id"]).replace("write = \"snapshot\"", &cursor);
        let start = Start { since, ..Start::at(&server.url()) };
        let (delivery, batches) = pulled(&text, &start).await;
        delivery.unwrap();
        let found = rows(&batches);
        let found = found.iter().filter_map(|row| row.split_once("id=")).map(|(_, id)| id);
        assert_eq!(found.collect::<Vec<_>>().join(" "), ids, "{view}");
    }
}

/// Not on the day that it no longer fits into a chunk.
async fn what_stands_twice_in_one_chunk_is_told(server: &Server) {
    let table = "create table twice (id int, v int); insert into twice values (1, 1), (1, 2);
                 create table empty_key (id int, v int); insert into empty_key values (null, 1), (1, 2);";
    server.run(table).await;
    for (view, said) in [("twice", "two rows of one key `id`"), ("empty_key", "an empty key")] {
        let text = all_of(view, "\"id\"", &["v"]).replace("chunk = 2", "chunk = 100");
        let (why, _) = refused(&text, &server.url()).await;
        assert!(why.contains(said), "{why}");
    }
}

/// A stream of some columns of a view.
pub(super) fn all_of(view: &str, key: &str, columns: &[&str]) -> String {
    let head = format!(
        "format = 1\n[system]\nname = \"kinds\"\ntitle = \"x\"\nkind = \"sql\"\n[sql]\n\
         url = \"${{env:URL}}\"\nretry = {{ attempts = 1 }}\n[[stream]]\nname = \"kinds\"\ninto = \"x\"\n\
         view = \"{view}\"\nkey = [{key}]\nchunk = 2\nwrite = \"snapshot\"\n[stream.columns]\n"
    );
    let column = |(at, name): (usize, &&str)| format!("c{at} = [\"{name}\"]\n");
    head + &columns.iter().enumerate().map(column).collect::<String>()
}
