//! How is a database read: which view, in which order, and from where on?

use std::time::Duration;

use super::super::reader::Table;
use super::super::template::Template;
use super::http;
use super::http::Cursor;
use super::http::Retry;
use super::values::span_or;
use crate::base::messages::Code;

/// A database, opened read-only.
#[derive(Clone, Debug)]
pub struct Sql {
    /// `sqlite:///path.db`, relative paths from the home on, `postgres://…` or `mysql://…`.
    pub url: Template,
    /// How long one statement may take.
    pub timeout: Duration,
    /// How often, and for how long, a database that does not open is tried.
    pub retry: Retry,
}

/// How one stream is read.
#[derive(Clone, Debug)]
pub struct SqlStream {
    /// What is read.
    pub relation: Relation,
    /// The columns that make a row itself and order the reading; together never twice, never empty.
    pub key: Vec<String>,
    /// How many rows one statement brings.
    pub chunk: u32,
    /// The window that is read, by an ordered column; none reads everything.
    pub cursor: Option<Cursor>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// A view or a table, with its schema before a point where it needs one.
    View(String),
    /// A query of the manifest.
    Query(String),
}

/// The most rows of one statement.
const CHUNK: u32 = 10_000;

pub(super) fn read(root: &Table<'_>) -> Option<Sql> {
    let Some(sql) = root.table("sql") else {
        root.missing("sql", "{ url = \"${env:…}\" }");
        return None;
    };
    let url = Template::read(&sql, "url", &[]);
    let timeout = span_or(&sql, "timeout", Duration::from_mins(10));
    let retry = http::patience(sql.table("retry").as_ref());
    Some(Sql { url: url?, timeout, retry })
}

pub(super) fn stream(table: &Table<'_>) -> Option<SqlStream> {
    let (view, query) = (table.text("view"), table.text("query"));
    let relation = match (view, query) {
        (Some(view), None) => Some(Relation::View(view)),
        (None, Some(query)) => Some(Relation::Query(query)),
        (Some(view), Some(_)) => {
            let expected = "the only one of `view` and `query`".to_owned();
            table.fault("view", Code::BadNumber, vec![("found", view), ("expected", expected)]);
            None
        }
        (None, None) => {
            table.missing("view", "\"V_…\"` or `query = \"select …\"");
            None
        }
    };
    let key = table.texts("key");
    if key.is_empty() {
        table.missing("key", "\"LSH\"");
    }
    let chunk = table.count("chunk").and_then(|rows| u32::try_from(rows).ok());
    let chunk = chunk.map_or(CHUNK, |rows| rows.clamp(1, CHUNK));
    let cursor = table.table("cursor");
    let cursor = cursor.as_ref().and_then(http::column_cursor);
    Some(SqlStream { relation: relation?, key, chunk, cursor })
}
