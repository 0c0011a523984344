//! What does a database answer? Values, or why there are none: in our own words, never with a row, a secret or an address.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use sqlx::mysql::MySqlDatabaseError;

use crate::base::redact::theirs;
use crate::base::text::quoted;

/// Why a statement brought nothing.
#[derive(Debug)]
pub(super) struct Fault {
    /// What happened.
    pub(super) why: String,
    /// Whether the same may go well later.
    pub(super) is_transient: bool,
}

impl Fault {
    /// Whether a column may be closed to the user, and nobody said which.
    pub(super) fn may_be_of_a_column(&self) -> bool {
        self.why.ends_with(COLUMN)
    }
}

/// A value as it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Whole(i64),
    Real(f64),
    Text(String),
}

/// The values of one row.
pub(super) type Values = Vec<Option<Value>>;

impl Value {
    /// The text of it, without loss.
    pub(super) fn written(&self) -> String {
        match self {
            Value::Whole(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text.clone(),
        }
    }
}

/// How much longer than a statement its answer may take. The database is told when to stop and should
/// do so by itself; this is for a network that says nothing.
const GRACE: Duration = Duration::from_secs(10);

/// An answer within a time.
pub(super) async fn within<T>(
    timeout: Duration,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(timeout + GRACE, answer).await {
        Ok(answer) => answer.map_err(|fault| told(&fault)),
        Err(_) => Err(passing("it did not answer in time")),
    }
}

pub(super) fn passing(why: impl Into<String>) -> Fault {
    Fault { why: why.into(), is_transient: true }
}

pub(super) fn lasting(why: impl Into<String>) -> Fault {
    Fault { why: why.into(), is_transient: false }
}

/// What went wrong, in our own words: those of a database may quote the values of a row.
pub(super) fn told(fault: &sqlx::Error) -> Fault {
    match fault {
        sqlx::Error::Database(answer) => {
            if let Some(answer) = answer.try_downcast_ref::<MySqlDatabaseError>() {
                return mysql(answer.number(), answer.message());
            }
            let code = answer.code().unwrap_or(Cow::Borrowed(""));
            match code.parse::<i64>() {
                Ok(number) if code.len() != 5 => sqlite(number & 0xff, answer.message()),
                _ => postgres(&code, answer.message()),
            }
        }
        sqlx::Error::Io(cause) if is_of_tls(cause) => {
            lasting(format!("no connection: {}; {CERTIFICATE}", theirs(&cause.to_string())))
        }
        sqlx::Error::Io(cause) if !breaks_off(cause) => passing(cause.to_string()),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            passing("the connection broke off")
        }
        sqlx::Error::Tls(cause) => lasting(format!(
            "no connection over TLS: {}; {CERTIFICATE}",
            theirs(&cause.to_string())
        )),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => lasting("a value is no text"),
        _ => lasting("the connection can't be used"),
    }
}

/// What can be done about a certificate that nobody vouches for, or that we have not.
const CERTIFICATE: &str = "ask its owner for a valid certificate; \
    `sslrootcert` (PostgreSQL) or `ssl-ca` (MySQL, MariaDB) in its address names who vouches for it";

/// Whether a connection that was there is there no more.
fn breaks_off(cause: &io::Error) -> bool {
    let kind = cause.kind();
    let is_closed = matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof);
    is_closed || matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
}

/// Whether a connection broke off because of what was said of certificates.
fn is_of_tls(cause: &io::Error) -> bool {
    cause.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()).is_some()
}

/// What else may be closed, and how it is passed by.
const COLUMN: &str = ", or a column of it: name in a `query` those that it may";

fn postgres(code: &str, message: &str) -> Fault {
    let class: String = code.chars().take(2).collect();
    match (code, class.as_str()) {
        ("28000" | "28P01", _) => lasting("it does not accept this user and password"),
        ("3D000", _) => lasting("it has no such database"),
        ("42501", _) => lasting(format!("this user may not read it{COLUMN}")),
        ("57014", _) => passing("a statement took too long and was stopped"),
        // What is wrong with the text of a statement quotes the manifest, not a row.
        (_, "42") => lasting(format!("{} ({code})", quoted(message))),
        (_, "08" | "40" | "53" | "57") => passing(format!("it broke off or is busy ({code})")),
        _ => lasting(format!("it answers with error {code}")),
    }
}

fn sqlite(code: i64, message: &str) -> Fault {
    match code {
        1 => lasting(quoted(message)),
        5 | 6 => passing("it is locked"),
        9 => passing("a statement took too long and was stopped"),
        10 => passing("its file can't be read"),
        14 => lasting("its file can't be opened"),
        11 | 26 => lasting("its file is no SQLite database, or damaged"),
        _ => lasting(format!("it answers with error {code}")),
    }
}

/// The column that a user may not read. Every language tells the user, the host, the column and the table, in that order.
fn closed_column(message: &str) -> String {
    match message.split('\'').skip(1).step_by(2).collect::<Vec<_>>().as_slice() {
        [_, _, column, table, ..] => {
            let (column, table) = (quoted(column), quoted(table));
            format!(
                "this user may not read the column `{column}` of `{table}`: name in a `query` those that it may, \
                 or ask its owner for `grant select ({column}) on {table}`"
            )
        }
        _ => format!("this user may not read it{COLUMN}"),
    }
}

/// What went wrong, by the number of the server.
fn mysql(number: u16, message: &str) -> Fault {
    match number {
        1045 | 1251 | 1698 => lasting("it does not accept this user and password"),
        3159 => {
            lasting("it wants to be spoken to over TLS: say `ssl-mode=REQUIRED` in its address")
        }
        1049 => lasting("it has no such database"),
        1143 => lasting(closed_column(message)),
        1142 => lasting(format!("this user may not read it{COLUMN}")),
        1044 | 1227 | 1370 => lasting("this user may not read it"),
        1317 | 1969 | 3024 => passing("a statement took too long and was stopped"),
        // What is wrong with the text of a statement quotes the manifest, not a row.
        1054 | 1060 | 1064 | 1146 | 1305 | 1356 => {
            lasting(format!("{} ({number})", quoted(message)))
        }
        1040 | 1053 | 1152..=1161 | 1203 | 1205 | 1213 | 1226 | 1927 | 2006 | 2013 => {
            passing(format!("it broke off or is busy ({number})"))
        }
        _ => lasting(format!("it answers with error {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_insists_on_tls_says_so() {
        let fault = mysql(3159, "Connections using insecure transport are prohibited");
        assert!(fault.why.contains("`ssl-mode=REQUIRED`") && !fault.is_transient);
    }

    #[test]
    fn a_database_is_not_quoted_where_it_may_quote_a_row() {
        let fault = postgres("22P02", "invalid input syntax for type integer: \"张三\"");
        assert_eq!(
            (fault.why.as_str(), fault.is_transient),
            ("it answers with error 22P02", false)
        );
        assert!(postgres("57P01", "").is_transient && !postgres("28P01", "").is_transient);
        assert!(sqlite(9, "interrupted").is_transient && !sqlite(14, "").is_transient);
    }

    #[test]
    fn a_row_is_not_quoted() {
        let said = mysql(1366, "Incorrect string value: '张三' for column `xm`");
        assert_eq!((said.why.as_str(), said.is_transient), ("it answers with error 1366", false));
        assert!(mysql(1213, "").is_transient && !mysql(1045, "").is_transient);
        let closed =
            mysql(1143, "SELECT command denied to user 'kh'@'%' for column 'xm' in table 't'");
        assert!(closed.why.contains("grant select (xm) on t") && !closed.why.contains("kh"));
    }
}
