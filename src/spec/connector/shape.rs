//! How do a source's rows take the shape of ours? One cell may hold many values, and many columns one.

use regex::Regex;

use super::super::reader::Found;
use super::super::reader::Table;
use super::super::tree::Value;
use crate::base::messages::Code;

/// One cell, many rows: a row for each value of a column. Headers it makes begin with `_`.
#[derive(Clone, Debug)]
pub struct Explode {
    /// The column, which then holds one value.
    pub column: Found<String>,
    /// What stands between two values.
    pub by: Vec<String>,
    /// The header of the value's place in its cell, from 1.
    pub rank: Option<String>,
}

/// Many columns, many rows: a row for each of them, filled or not.
#[derive(Clone, Debug)]
pub struct Unpivot {
    /// The columns.
    pub columns: Wide,
    /// The header that holds the name of the column.
    pub name: String,
    /// The header that holds its value.
    pub value: String,
    /// Where it stands.
    pub place: crate::base::diagnostic::Place,
}

/// The columns that become rows.
#[derive(Clone, Debug)]
pub enum Wide {
    /// These.
    Named(Vec<String>),
    /// Those whose whole header matches.
    Matching(Regex),
}

impl Wide {
    /// Whether a header is one of them.
    pub fn holds(&self, header: &str) -> bool {
        match self {
            Wide::Named(names) => names.iter().any(|name| name == header),
            Wide::Matching(pattern) => pattern.is_match(header),
        }
    }
}

pub(super) fn explode(stream: &Table<'_>) -> Option<Explode> {
    let table = stream.table("explode")?;
    let column = table.found_text("column");
    if column.is_none() {
        table.missing("column", "\"责任单位\"");
    }
    let by = table.texts("by");
    if by.is_empty() || by.iter().any(String::is_empty) {
        table.missing("by", "\"、\"");
    }
    let rank = table.node("rank").and_then(|_| made(&table, "rank"));
    Some(Explode { column: column?, by, rank })
}

pub(super) fn unpivot(stream: &Table<'_>) -> Option<Unpivot> {
    let table = stream.table("unpivot")?;
    let columns = match table.node("columns").map(|node| &node.value) {
        Some(Value::Text(_)) => table.pattern("columns").and_then(|pattern| {
            Regex::new(&format!("^(?:{})$", pattern.as_str())).ok().map(Wide::Matching)
        }),
        Some(_) => Some(Wide::Named(table.texts("columns"))),
        None => None,
    };
    if table.node("columns").is_none() {
        table.missing("columns", "[\"JD1\", \"JD2\"]");
    }
    let (name, value) = (made(&table, "name"), made(&table, "value"));
    Some(Unpivot { columns: columns?, name: name?, value: value?, place: table.place })
}

/// A header that the manifest makes, not the source.
pub(super) fn made(table: &Table<'_>, key: &'static str) -> Option<String> {
    let name = table.need_text(key);
    if name.starts_with('_') {
        return Some(name);
    }
    if !name.is_empty() {
        let expected = "a header of our own, which begins with `_`".to_owned();
        table.fault(key, Code::BadNumber, vec![("found", name), ("expected", expected)]);
    }
    None
}
