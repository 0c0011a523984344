//! How is the warehouse spoken to? Over one connection, in one transaction a night.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqliteSynchronous;

use super::Place;
use super::WarehouseError;
use super::copy::copy;
use super::dialect::Engine;
use super::dialect::quoted;
use super::insert::insert;
use super::scribe::Mark;
use super::scribe::Scribe;
use super::scribe::Written;
use super::sheet::Area;

/// A connection that may write.
pub(super) enum Link {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

/// How long one that writes waits for another.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many rows one statement removes at most.
const AT_ONCE: usize = 8_000;

impl Link {
    /// Opens the warehouse, which need not be there yet.
    pub(super) async fn open(place: &Place, has_persons: bool) -> Result<Link, WarehouseError> {
        let opened = match place {
            Place::File(path) => open_file(path, has_persons).await,
            Place::Server(url) => open_server(url).await,
        };
        opened.map_err(|cause| place.unopened(cause))
    }

    /// Opens a file that nobody else looks at and that need not outlive a crash.
    pub(super) async fn scratch(path: &Path) -> sqlx::Result<Link> {
        private(path, 0o600)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Memory)
            .synchronous(SqliteSynchronous::Off)
            .disable_statement_logging();
        Ok(Link::Sqlite(Box::new(options.connect().await?)))
    }

    /// Opens the warehouse to read it.
    pub(super) async fn read(place: &Place) -> Result<Link, WarehouseError> {
        let opened = async {
            match place {
                Place::File(path) => {
                    let options = SqliteConnectOptions::new().filename(path).read_only(true);
                    Ok(Link::Sqlite(Box::new(options.connect().await?)))
                }
                Place::Server(url) => open_server(url).await,
            }
        };
        opened.await.map_err(|cause| place.unopened(cause))
    }

    /// Which database it is.
    pub(super) fn engine(&self) -> Engine {
        match self {
            Link::Sqlite(_) => Engine::Sqlite,
            Link::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement.
    pub(super) async fn run(&mut self, statement: &str) -> sqlx::Result<()> {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement));
        match self {
            Link::Sqlite(connection) => connection.execute(statement).await.map(drop),
            Link::Postgres(connection) => connection.execute(statement).await.map(drop),
        }
    }

    /// Runs a statement with a value that is bound.
    pub(super) async fn bound(&mut self, statement: &str, value: &str) -> sqlx::Result<()> {
        match self {
            Link::Sqlite(connection) => {
                let asked = sqlx::query(AssertSqlSafe(statement)).bind(value);
                asked.execute(&mut **connection).await.map(drop)
            }
            Link::Postgres(connection) => {
                let asked = sqlx::query(AssertSqlSafe(statement)).bind(value);
                asked.execute(&mut **connection).await.map(drop)
            }
        }
    }

    /// The only number that a question has for an answer.
    pub(super) async fn number(&mut self, question: &str) -> sqlx::Result<i64> {
        let asked = AssertSqlSafe(question);
        match self {
            Link::Sqlite(connection) => {
                sqlx::query_scalar(asked).fetch_one(&mut **connection).await
            }
            Link::Postgres(connection) => {
                sqlx::query_scalar(asked).fetch_one(&mut **connection).await
            }
        }
    }

    /// The rows of a question whose columns are all texts; what is missing is empty.
    pub(super) async fn rows(&mut self, question: &str) -> sqlx::Result<Vec<Vec<String>>> {
        match self {
            Link::Sqlite(connection) => {
                let asked = sqlx::query(AssertSqlSafe(question));
                let rows = asked.fetch_all(&mut **connection).await?;
                rows.iter().map(|row| texts(row.len(), |at| row.try_get(at))).collect()
            }
            Link::Postgres(connection) => {
                let asked = sqlx::query(AssertSqlSafe(question));
                let rows = asked.fetch_all(&mut **connection).await?;
                rows.iter().map(|row| texts(row.len(), |at| row.try_get(at))).collect()
            }
        }
    }

    /// The marks of the rows of a table, and where they stand.
    pub(super) async fn marks(
        &mut self,
        question: &str,
        bound: Option<&str>,
    ) -> sqlx::Result<Vec<(Mark, u64)>> {
        match self {
            Link::Sqlite(connection) => {
                let mut asked = sqlx::query(AssertSqlSafe(question));
                if let Some(value) = bound {
                    asked = asked.bind(value);
                }
                let rows = asked.fetch(&mut **connection).map_err(Into::into);
                rows.and_then(|row| async move {
                    let place: i64 = row.try_get(0)?;
                    let mark: Vec<u8> = row.try_get(1)?;
                    Ok((marked(&mark)?, place.cast_unsigned()))
                })
                .try_collect()
                .await
            }
            Link::Postgres(connection) => {
                let mut asked = sqlx::query(AssertSqlSafe(question));
                if let Some(value) = bound {
                    asked = asked.bind(value);
                }
                let rows = asked.fetch(&mut **connection).map_err(Into::into);
                rows.and_then(|row| async move {
                    let raw = |at| row.try_get_raw(at)?.as_bytes().map_err(sqlx::Error::Decode);
                    // A `tid` is four bytes of a block and two of a place in it.
                    let place = raw(0)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    Ok((marked(raw(1)?)?, place))
                })
                .try_collect()
                .await
            }
        }
    }

    /// Removes the rows at some places.
    pub(super) async fn remove(&mut self, table: &str, places: &[u64]) -> sqlx::Result<()> {
        for some in places.chunks(AT_ONCE) {
            match self {
                Link::Sqlite(connection) => {
                    let list: Vec<String> = some.iter().map(u64::to_string).collect();
                    let delete = format!(
                        "delete from {table} where rowid in (select value from json_each(?))"
                    );
                    let delete = sqlx::query(AssertSqlSafe(delete));
                    let list = format!("[{}]", list.join(","));
                    delete.bind(list).execute(&mut **connection).await?;
                }
                Link::Postgres(connection) => {
                    let place = |at: &u64| format!("({},{})", at >> 16, at & 0xffff);
                    let list: Vec<String> = some.iter().map(place).collect();
                    let delete = format!("delete from {table} where ctid = any($1::text[]::tid[])");
                    let delete = sqlx::query(AssertSqlSafe(delete));
                    delete.bind(list).execute(&mut **connection).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes rows of a table.
    pub(super) async fn write(
        &mut self,
        scribe: &Scribe<'_>,
        rows: impl Iterator<Item = sqlx::Result<Written>>,
    ) -> sqlx::Result<()> {
        match self {
            Link::Sqlite(connection) => insert(connection, scribe, rows).await,
            Link::Postgres(connection) => copy(connection, scribe, rows).await,
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) -> sqlx::Result<()> {
        match self {
            Link::Sqlite(connection) => connection.close().await,
            Link::Postgres(connection) => connection.close().await,
        }
    }
}

fn texts(
    columns: usize,
    cell: impl Fn(usize) -> sqlx::Result<Option<String>>,
) -> sqlx::Result<Vec<String>> {
    (0..columns).map(|at| Ok(cell(at)?.unwrap_or_default())).collect()
}

fn marked(bytes: &[u8]) -> sqlx::Result<Mark> {
    bytes.try_into().map_err(|_| sqlx::Error::Decode("a mark has 16 bytes".into()))
}

async fn open_file(path: &Path, has_persons: bool) -> sqlx::Result<Link> {
    private(path, 0o640)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // Views of others keep the name of a table that makes room for its successor.
        .pragma("legacy_alter_table", "on")
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    if has_persons {
        let persons = persons_beside(path);
        private(&persons, 0o600)?;
        let name = quoted(Area::Person.name());
        let attach = sqlx::query(AssertSqlSafe(format!("attach ? as {name}")));
        let attach = attach.bind(persons.display().to_string());
        let wal = AssertSqlSafe(format!("pragma {name}.journal_mode = wal"));
        let attached = async {
            attach.execute(&mut connection).await?;
            sqlx::query(wal).execute(&mut connection).await
        };
        attached.await.map_err(|fault| of_file(&persons, fault))?;
    }
    Ok(Link::Sqlite(Box::new(connection)))
}

/// A fault of the file of persons, which SQLite does not name: one that it can't open, or that is damaged.
fn of_file(path: &Path, fault: sqlx::Error) -> sqlx::Error {
    let code = fault.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("11" | "14" | "26") => {
            sqlx::Error::Configuration(format!("`{}`: {fault}", path.display()).into())
        }
        _ => fault,
    }
}

/// The warehouse of persons beside a warehouse.
fn persons_beside(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-person.db"))
}

/// Deletes the warehouse of persons beside a warehouse, if there is one.
pub(super) fn forget_persons(path: &Path) -> std::io::Result<()> {
    let persons = persons_beside(path);
    for end in ["-wal", "-shm", ""] {
        let mut file = persons.as_os_str().to_owned();
        file.push(end);
        match std::fs::remove_file(&file) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
    }
    Ok(())
}

/// Lays what SQLite takes away with whoever wrote last: who may only read finds nothing without it.
pub(super) fn lay_beside(path: &Path) -> std::io::Result<()> {
    ["-wal", "-shm"].into_iter().try_for_each(|end| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        private(Path::new(&beside), 0o640)
    })
}

/// Makes a file that is not there, so that its group may read it or nobody else; what SQLite writes beside it
/// takes its mode.
fn private(path: &Path, mode: u32) -> std::io::Result<()> {
    File::options().append(true).create(true).mode(mode).open(path).map(drop)
}

async fn open_server(url: &str) -> sqlx::Result<Link> {
    let options = PgConnectOptions::from_str(url)?
        .application_name("shuping")
        .options([("timezone", "UTC"), ("datestyle", "ISO, YMD")])
        // A reader that forgot to end its transaction holds up a night, and whoever stands behind it, no longer.
        .options([("lock_timeout", format!("{}s", PATIENCE.as_secs()))])
        .disable_statement_logging();
    Ok(Link::Postgres(Box::new(options.connect().await?)))
}
