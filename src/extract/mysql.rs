//! What is other in MySQL and MariaDB: how a session is settled, which columns hold bytes, and what went
//! wrong.

use std::str::FromStr as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use sqlx::AssertSqlSafe;
use sqlx::ConnectOptions as _;
use sqlx::MySqlConnection;
use sqlx::Row as _;
use sqlx::TypeInfo as _;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::mysql::MySqlRow;
use sqlx::mysql::MySqlTypeInfo;

use super::answer::Fault;
use super::answer::Value;
use super::answer::Values;
use super::answer::lasting;
use super::answer::told;
use super::answer::within;
use super::dialect;
use super::dialect::Known;
use crate::base::clock;
use crate::base::text::quoted;

/// How the address of a server begins.
const SCHEMES: [&str; 2] = ["mysql://", "mariadb://"];

/// The number of the fault that a time zone is not known.
const NO_ZONE: u16 = 1298;

/// The server at an address.
pub(super) fn address(url: &str) -> Option<MySqlConnectOptions> {
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return None;
    }
    // The zone is set here, so that one that the server does not know is told.
    let options = MySqlConnectOptions::from_str(url).ok()?.timezone(None);
    Some(options.disable_statement_logging())
}

/// Settles a session: it can only read, times are the system's, no statement takes longer than it may.
pub(super) async fn settle(
    connection: &mut MySqlConnection,
    timeout: Duration,
    zone: &str,
) -> Result<(), Fault> {
    let version = sqlx::query_scalar::<_, String>("select version()").fetch_one(&mut *connection);
    let is_mariadb = within(timeout, version).await?.contains("MariaDB");
    let (seconds, milliseconds) = (timeout.as_secs_f64(), timeout.as_millis());
    let longest = if is_mariadb {
        format!("set max_statement_time = {seconds}")
    } else {
        format!("set max_execution_time = {milliseconds}")
    };
    for setting in [longest, dialect::READ_ONLY.to_owned()] {
        within(timeout, sqlx::raw_sql(AssertSqlSafe(setting)).execute(&mut *connection)).await?;
    }
    let mut set = async |zone: &str| {
        let set = sqlx::query("set time_zone = ?").bind(zone.to_owned());
        set.execute(&mut *connection).await
    };
    match set(zone).await {
        Err(sqlx::Error::Database(fault)) if number(fault.as_ref()) == Some(NO_ZONE) => {}
        other => return other.map(|_| ()).map_err(|fault| told(&fault)),
    }
    // A server without a table of zones knows offsets, and some zones are one from now on.
    let Some(offset) = offset(zone) else {
        return Err(lasting(format!(
            "it does not know the time zone `{zone}`: ask its owner to load them (mysql_tzinfo_to_sql)"
        )));
    };
    set(&offset).await.map(|_| ()).map_err(|fault| told(&fault))
}

/// The offset of a zone whose clocks are not moved any more.
fn offset(zone: &str) -> Option<String> {
    let (zone, now) = (TimeZone::get(zone).ok()?, clock::now());
    if zone.following(now).next().is_some() {
        return None;
    }
    let minutes = zone.to_offset(now).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    Some(format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60))
}

/// What a column holds. Words and sets of them come as texts, and only the flags of a type tell that they are none;
/// those are seen nowhere but in what is written of it.
pub(super) fn kind(info: &MySqlTypeInfo) -> &str {
    let written = format!("{info:?}");
    let is = |flag: &str| written.split(|c: char| !c.is_alphanumeric()).any(|word| word == flag);
    ["ENUM", "SET"].into_iter().find(|flag| is(flag)).unwrap_or_else(|| info.name())
}

/// Why not every column of a relation can be named: a user to whom some of them are open is told of those.
pub(super) async fn closed(
    connection: &mut MySqlConnection,
    timeout: Duration,
    relation: &str,
    fault: Fault,
) -> Fault {
    if !fault.may_be_of_a_column() {
        return fault;
    }
    let open = sqlx::query_scalar::<_, String>(dialect::OPEN_COLUMNS).bind(relation).bind(relation);
    let open = within(timeout, open.fetch_all(connection)).await.unwrap_or_default();
    if open.is_empty() {
        return fault;
    }
    let open: Vec<String> = open.iter().map(|name| format!("`{}`", quoted(name))).collect();
    lasting(format!(
        "this user may read {} of it and no other column: name in a `query` those that it may, \
         or ask its owner for `grant select` on all of it",
        open.join(", ")
    ))
}

/// Tells the columns that hold bytes: those of a text that is compared byte by byte look the same.
pub(super) async fn tell_bytes(
    connection: &mut MySqlConnection,
    timeout: Duration,
    relation: &str,
    columns: &mut [Known],
) -> Result<(), Fault> {
    let may_be =
        |known: &&mut Known| known.kind.ends_with("binary") || known.kind.ends_with("blob");
    for known in columns.iter_mut().filter(|known| known.kind == "geometry") {
        dialect::BYTES.clone_into(&mut known.kind);
    }
    let mut columns: Vec<&mut Known> = columns.iter_mut().filter(may_be).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let known: Vec<&Known> = columns.iter().map(|known| &**known).collect();
    let charsets = sqlx::query(AssertSqlSafe(dialect::charsets(relation, &known)));
    let charsets = values(&within(timeout, charsets.fetch_one(connection)).await?)?;
    for (known, charset) in columns.iter_mut().zip(charsets) {
        let is_text = charset.is_some_and(|charset| charset.written() != "binary");
        if is_text { "text" } else { dialect::BYTES }.clone_into(&mut known.kind);
    }
    Ok(())
}

/// The values of a row, which the server has written as text.
pub(super) fn values(row: &MySqlRow) -> Result<Values, Fault> {
    let value = |at: usize| row.try_get_unchecked::<Option<String>, _>(at);
    let value = |at: usize| value(at).map(|text| text.map(Value::Text));
    (0..row.len()).map(|at| value(at).map_err(|fault| told(&fault))).collect()
}

fn number(fault: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    fault.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_whose_clocks_are_moved_is_no_offset() {
        let found = ["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "Nowhere"].map(offset);
        assert_eq!(found, [Some("+08:00".to_owned()), Some("+05:30".to_owned()), None, None]);
    }
}
