//! How are rows fetched from a database? Over one connection that can only read; what goes wrong is
//! told by its kind, never with a row, a secret or an address.

use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;
use std::time::Instant;

use sqlx::AssertSqlSafe;
use sqlx::Column as _;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::MySqlConnection;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::Statement as _;
use sqlx::TypeInfo as _;
use sqlx::ValueRef as _;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteRow;

use super::answer::Fault;
use super::answer::Value;
use super::answer::Values;
use super::answer::lasting;
use super::answer::told;
use super::answer::within;
use super::dialect;
use super::dialect::Engine;
use super::dialect::Known;
use super::mysql;

/// Where a database is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PgConnectOptions>),
    /// Another server.
    MySql(Box<MySqlConnectOptions>),
}

/// A connection.
pub(super) enum Link {
    Sqlite(SqliteConnection, Duration),
    Postgres(Box<PgConnection>, Duration),
    MySql(Box<MySqlConnection>, Duration),
}

impl Address {
    /// `sqlite:///path.db`, `postgres://…` or `mysql://…`; a relative path starts at the home.
    pub(super) fn read(url: &str, home: &Path) -> Option<Address> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return (!path.is_empty()).then(|| Address::Sqlite(home.join(path)));
        }
        if let Some(options) = mysql::address(url) {
            return Some(Address::MySql(Box::new(options)));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return None;
        }
        let options = PgConnectOptions::from_str(url).ok()?;
        Some(Address::Postgres(Box::new(options.disable_statement_logging())))
    }
}

impl Link {
    /// Opens a database, for reading only.
    pub(super) async fn open(
        address: &Address,
        timeout: Duration,
        zone: &str,
    ) -> Result<Link, Fault> {
        let opening = timeout.min(OPENING);
        match address {
            Address::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .read_only(true)
                    .busy_timeout(timeout)
                    .disable_statement_logging();
                Ok(Link::Sqlite(within(opening, options.connect()).await?, timeout))
            }
            Address::Postgres(options) => {
                let mut connection = within(opening, options.connect()).await?;
                let milliseconds = timeout.as_millis().to_string();
                let settings = sqlx::query(dialect::SETTINGS).bind(milliseconds).bind(zone);
                within(opening, settings.execute(&mut connection)).await?;
                Ok(Link::Postgres(Box::new(connection), timeout))
            }
            Address::MySql(options) => {
                let mut connection = within(opening, options.connect()).await?;
                mysql::settle(&mut connection, timeout, zone).await?;
                Ok(Link::MySql(Box::new(connection), timeout))
            }
        }
    }

    /// Which database it is.
    pub(super) fn engine(&self) -> Engine {
        match self {
            Link::Sqlite(..) => Engine::Sqlite,
            Link::Postgres(..) => Engine::Postgres,
            Link::MySql(..) => Engine::MySql,
        }
    }

    /// A view as the database knows it; names that were not quoted when PostgreSQL made them are
    /// small there.
    pub(super) async fn view(&mut self, name: &str) -> Result<String, Fault> {
        let engine = self.engine();
        let Link::Postgres(connection, timeout) = self else {
            return Ok(dialect::view(engine, name));
        };
        for spelling in [name.to_owned(), name.to_lowercase()] {
            let view = dialect::view(engine, &spelling);
            let known = sqlx::query_scalar::<_, Option<String>>(dialect::REGCLASS).bind(&view);
            if within(*timeout, known.fetch_one(&mut **connection)).await?.is_some() {
                return Ok(view);
            }
        }
        Err(Fault { why: format!("there is no view or table `{name}`"), is_transient: false })
    }

    /// The columns of a view or a query, in its order.
    pub(super) async fn columns(&mut self, relation: &str) -> Result<Vec<Known>, Fault> {
        let text = AssertSqlSafe(dialect::everything(relation));
        let known = |name: &str, kind: &str| Known {
            name: name.to_owned(),
            kind: dialect::cast_name(kind),
        };
        Ok(match self {
            Link::Sqlite(connection, timeout) => {
                let made =
                    within(*timeout, connection.prepare(sqlx::SqlSafeStr::into_sql_str(text)));
                let made = made.await?;
                made.columns().iter().map(|c| known(c.name(), c.type_info().name())).collect()
            }
            Link::Postgres(connection, timeout) => {
                let made =
                    within(*timeout, connection.prepare(sqlx::SqlSafeStr::into_sql_str(text)));
                let made = made.await?;
                made.columns().iter().map(|c| known(c.name(), c.type_info().name())).collect()
            }
            Link::MySql(connection, timeout) => {
                let made =
                    within(*timeout, connection.prepare(sqlx::SqlSafeStr::into_sql_str(text)));
                let made = match made.await {
                    Ok(made) => made,
                    Err(fault) => {
                        return Err(mysql::closed(connection, *timeout, relation, fault).await);
                    }
                };
                let all = made.columns().iter();
                let mut all: Vec<Known> =
                    all.map(|c| known(c.name(), mysql::kind(c.type_info()))).collect();
                mysql::tell_bytes(connection, *timeout, relation, &mut all).await?;
                all
            }
        })
    }

    /// From now on every statement sees the same rows.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        let begin = dialect::begin(self.engine());
        match self {
            Link::Sqlite(connection, timeout) => {
                within(*timeout, connection.execute(begin)).await.map(|_| ())
            }
            Link::Postgres(connection, timeout) => {
                within(*timeout, connection.execute(begin)).await.map(|_| ())
            }
            Link::MySql(connection, timeout) => {
                within(*timeout, connection.execute(begin)).await.map(|_| ())
            }
        }
    }

    /// The rows of a statement.
    pub(super) async fn rows(
        &mut self,
        statement: String,
        bound: &[Value],
    ) -> Result<Vec<Values>, Fault> {
        let statement = AssertSqlSafe(statement);
        match self {
            Link::Sqlite(connection, timeout) => {
                let deadline = Instant::now() + *timeout;
                let mut handle = connection.lock_handle().await.map_err(|fault| told(&fault))?;
                handle.set_progress_handler(1_000, move || Instant::now() < deadline);
                drop(handle);
                let mut query = sqlx::query(statement);
                for value in bound {
                    query = match value {
                        Value::Whole(number) => query.bind(*number),
                        Value::Real(number) => query.bind(*number),
                        Value::Text(text) => query.bind(text.clone()),
                    };
                }
                let rows = within(*timeout, query.fetch_all(connection)).await?;
                rows.iter().map(sqlite_values).collect()
            }
            Link::Postgres(connection, timeout) => {
                let mut query = sqlx::query(statement);
                for value in bound {
                    query = query.bind(value.written());
                }
                let rows = within(*timeout, query.fetch_all(&mut **connection)).await?;
                rows.iter().map(postgres_values).collect()
            }
            Link::MySql(connection, timeout) => {
                let mut query = sqlx::query(statement);
                for value in bound {
                    query = query.bind(value.written());
                }
                let rows = within(*timeout, query.fetch_all(&mut **connection)).await?;
                rows.iter().map(mysql::values).collect()
            }
        }
    }

    /// Says goodbye; a connection that can't is as closed as one that can.
    pub(super) async fn close(self) {
        let closed = match self {
            Link::Sqlite(connection, _) => connection.close().await,
            Link::Postgres(connection, _) => connection.close().await,
            Link::MySql(connection, _) => connection.close().await,
        };
        if let Err(fault) = closed {
            tracing::debug!(why = told(&fault).why, "connection did not close");
        }
    }
}

fn sqlite_values(row: &SqliteRow) -> Result<Values, Fault> {
    let value = |at: usize| -> sqlx::Result<Option<Value>> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(None);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(Some(match kind.as_str() {
            "INTEGER" => Value::Whole(row.try_get_unchecked(at)?),
            "REAL" => Value::Real(row.try_get_unchecked(at)?),
            _ => Value::Text(row.try_get_unchecked(at)?),
        }))
    };
    let fault = |at: usize, fault| match fault {
        sqlx::Error::ColumnDecode { .. } => {
            let name = row.columns().get(at).map_or("?", |column| column.name());
            lasting(format!("`{name}` holds a value that is no text"))
        }
        other => told(&other),
    };
    (0..row.len()).map(|at| value(at).map_err(|cause| fault(at, cause))).collect()
}

fn postgres_values(row: &PgRow) -> Result<Values, Fault> {
    let value = |at: usize| Ok(row.try_get::<Option<String>, _>(at)?.map(Value::Text));
    (0..row.len()).map(|at| value(at).map_err(|fault: sqlx::Error| told(&fault))).collect()
}

/// How long opening may take.
const OPENING: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_file_or_a_server() {
        let read = |url| Address::read(url, Path::new("/home"));
        assert!(
            matches!(read("sqlite://x.db"), Some(Address::Sqlite(p)) if p == Path::new("/home/x.db"))
        );
        assert!(
            matches!(read("sqlite:///x.db"), Some(Address::Sqlite(p)) if p == Path::new("/x.db"))
        );
        assert!(matches!(read("postgres://u@h/db"), Some(Address::Postgres(_))));
        for url in ["mysql://u@h/db", "mariadb://u@h:3307/db"] {
            assert!(matches!(read(url), Some(Address::MySql(_))), "{url}");
        }
        for url in ["", "sqlite://", "x.db", "oracle://h/db", "postgres://u@h:port/db"] {
            assert!(read(url).is_none(), "{url}");
        }
    }
}
