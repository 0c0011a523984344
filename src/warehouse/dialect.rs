//! What does SQLite want to hear? Every statement of the warehouse stands here; identifiers come from
//! checked contracts only and are quoted, values are always bound.

use sqlx::AssertSqlSafe;
use sqlx::Row as _;
use sqlx::Sqlite;
use sqlx::SqliteConnection;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::Replaces;
use super::columns;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::decimal_text;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// How many values one statement binds at most; SQLite itself allows 32,766.
const BOUND: usize = 8_000;

/// Makes a table if it is not there as its contract says.
pub(super) async fn make(connection: &mut SqliteConnection, schema: &Schema) -> sqlx::Result<()> {
    let table = quoted(&schema.name);
    let known = sqlx::query(AssertSqlSafe(format!("pragma table_info({table})")));
    let known = known.fetch_all(&mut *connection).await?;
    let known = known.iter().map(|row| Ok((row.try_get("name")?, row.try_get("type")?)));
    let known: Vec<(String, String)> = known.collect::<sqlx::Result<_>>()?;
    let wanted: Vec<(String, String)> = columns(schema)
        .map(|field| (field.name.clone(), affinity(field.kind).to_owned()))
        .collect();
    if known == wanted {
        return Ok(());
    }
    let drop = AssertSqlSafe(format!("drop table if exists {table}"));
    sqlx::query(drop).execute(&mut *connection).await?;
    // What was sent must name a unit, but the name may be one that nobody knows.
    let is_key = |name: &str| schema.foreign_keys.iter().any(|key| key.column == name);
    let mut lines: Vec<String> = columns(schema)
        .map(|field| {
            let is_required = field.is_required && !is_key(&field.name);
            let required = if is_required { " not null" } else { "" };
            format!("    {} {}{required}", quoted(&field.name), affinity(field.kind))
        })
        .collect();
    let key: Vec<String> = schema.primary_key.iter().map(|name| quoted(name)).collect();
    lines.push(format!("    primary key ({})", key.join(", ")));
    let create = format!("create table {table} (\n{}\n)", lines.join(",\n"));
    sqlx::query(AssertSqlSafe(create)).execute(connection).await.map(drop_result)
}

/// Removes the rows that a night replaces.
pub(super) async fn clear(
    connection: &mut SqliteConnection,
    schema: &Schema,
    replaces: &Replaces,
) -> sqlx::Result<()> {
    let table = quoted(&schema.name);
    let cleared = match replaces {
        Replaces::All => {
            let delete = AssertSqlSafe(format!("delete from {table}"));
            sqlx::query(delete).execute(connection).await
        }
        Replaces::Where(column, value) => {
            let delete = format!("delete from {table} where {} = ?", quoted(column));
            sqlx::query(AssertSqlSafe(delete)).bind(value).execute(connection).await
        }
    };
    cleared.map(drop_result)
}

/// Adds rows, their cells in the order of [`columns`].
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    schema: &Schema,
    rows: &[CellRow],
) -> sqlx::Result<()> {
    let names: Vec<String> = columns(schema).map(|field| quoted(&field.name)).collect();
    let places = format!("({})", vec!["?"; names.len()].join(", "));
    for some in rows.chunks(BOUND / names.len().max(1)) {
        let text = format!(
            "insert into {} ({}) values {}",
            quoted(&schema.name),
            names.join(", "),
            vec![places.as_str(); some.len()].join(", ")
        );
        let mut statement = sqlx::query(AssertSqlSafe(text));
        for cell in some.iter().flatten() {
            statement = bound(statement, cell.as_ref());
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Days and instants are texts of one width, so that they sort as time does; a decimal is bound as its text, which the
/// NUMERIC column makes a number.
fn bound<'q>(statement: Statement<'q>, cell: Option<&Cell>) -> Statement<'q> {
    match cell {
        None => statement.bind(None::<String>),
        Some(Cell::Text(text)) => statement.bind(text.clone()),
        Some(Cell::Whole(number)) => statement.bind(*number),
        Some(Cell::Flag(flag)) => statement.bind(*flag),
        Some(Cell::Decimal(digits, scale)) => statement.bind(decimal_text(*digits, *scale)),
        Some(Cell::Day(day)) => statement.bind(day.to_string()),
        Some(Cell::Instant(instant)) => statement.bind(format!("{instant:.6}")),
    }
}

fn affinity(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Day | FieldKind::Instant => "TEXT",
        FieldKind::Whole => "INTEGER",
        FieldKind::Decimal(_) => "NUMERIC",
        FieldKind::Flag => "BOOLEAN",
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn drop_result(_: sqlx::sqlite::SqliteQueryResult) {}
