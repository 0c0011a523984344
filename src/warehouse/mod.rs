//! Floor 3: the tables that analysts query. A night arrives in one transaction, so a reader sees the
//! night before or this one, whole.

mod dialect;

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqliteRow;

use crate::base::cell::CellRow;
use crate::spec::schema::Field;
use crate::spec::schema::Schema;

/// A table as a night leaves it.
pub struct Table<'t> {
    /// Its contract, by which it is made.
    pub schema: &'t Schema,
    /// Its rows, some at a time, their cells in the order of [`columns`].
    pub rows: Box<dyn Iterator<Item = Vec<CellRow>> + Send + 't>,
    /// Which rows stand already and go.
    pub replaces: Replaces,
}

/// Which rows a night replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Every row.
    All,
    /// The rows whose column has this value.
    Where(String, String),
}

/// Why a night could not be loaded; the night before still stands.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The database can't be opened.
    #[error("opening `{path}`")]
    Open {
        /// Its file.
        path: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
    /// A statement that the database refuses.
    #[error("table `{table}` of the warehouse")]
    Table {
        /// The table.
        table: String,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
}

/// The columns of a table that analysts see: those that identify no person.
pub fn columns(schema: &Schema) -> impl Iterator<Item = &Field> + Clone {
    schema.fields.iter().filter(|field| field.pii.is_none())
}

/// Loads a night, whole or not at all.
///
/// # Errors
/// See [`WarehouseError`].
pub async fn load(path: &Path, tables: Vec<Table<'_>>) -> Result<(), WarehouseError> {
    let open = |cause| WarehouseError::Open { path: path.display().to_string(), cause };
    // Analysts of the owner's group read it; what stands beside it takes its mode.
    let file = File::options().append(true).create(true).mode(0o640).open(path);
    file.map_err(|fault| open(fault.into()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(open)?;
    let mut night = connection.begin().await.map_err(open)?;
    for table in tables {
        let name = table.schema.name.clone();
        let told = |cause| WarehouseError::Table { table: name, cause };
        replace(&mut night, table).await.map_err(told)?;
    }
    night.commit().await.map_err(open)?;
    connection.close().await.map_err(open)
}

/// Asks the warehouse; every column of the question is text, and what is missing is empty.
///
/// # Errors
/// A database that can't be opened or does not understand.
pub async fn ask(path: &Path, question: &'static str) -> Result<Vec<Vec<String>>, WarehouseError> {
    let open = |cause| WarehouseError::Open { path: path.display().to_string(), cause };
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(open)?;
    let rows = sqlx::query(question).fetch_all(&mut connection).await.map_err(open)?;
    connection.close().await.map_err(open)?;
    let text = |row: &SqliteRow, at| {
        row.try_get::<Option<String>, usize>(at).map(Option::unwrap_or_default)
    };
    let cells = |row: &SqliteRow| (0..row.len()).map(|at| text(row, at)).collect();
    rows.iter().map(cells).collect::<sqlx::Result<_>>().map_err(open)
}

async fn replace(connection: &mut SqliteConnection, table: Table<'_>) -> sqlx::Result<()> {
    dialect::make(connection, table.schema).await?;
    dialect::clear(connection, table.schema, &table.replaces).await?;
    for rows in table.rows {
        dialect::insert(connection, table.schema, &rows).await?;
    }
    Ok(())
}
