//! What is a metric worth on rows that anybody can count? Rows of the model's tables stand in an example, and
//! the tests of metrics say what is told of them.

use jiff::civil::Date;

use super::formula::Exact;
use super::formula::decimal;
use super::reader::Found;
use super::reader::Table;
use super::reader::text_of;
use super::schema::is_table;
use super::tree::Entry;
use crate::base::cell::CellRow;
use crate::base::messages::Code;

/// The unit of rows that name none.
pub const UNIT: &str = "U1";

/// Rows of some tables, and the day on which they are told.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name.
    pub name: Found<String>,
    /// The day that is told.
    pub as_of: Date,
    /// What `PEERS` of metrics are.
    pub peers: Vec<(String, Exact)>,
    /// What lists name for its units.
    pub lists: Vec<(String, Vec<String>)>,
    /// Tables as CSV.
    pub(super) rows: Vec<Found<(String, String)>>,
    pub(super) file: String,
}

/// What is told of an example.
#[derive(Clone, Debug)]
pub struct Test {
    /// The example.
    pub example: Found<String>,
    /// The unit.
    pub unit: String,
    /// The section, where it is told of one.
    pub section: Option<String>,
    /// The value of the dimension, where it is told of one.
    pub part: Option<String>,
    /// The period.
    pub period: Found<String>,
    /// The value as it is shown; none where there is none.
    pub value: Option<String>,
    /// The status.
    pub status: String,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// Rows of a table.
pub type Rows = (String, Vec<CellRow>);

/// Reads one example.
pub(super) fn example(table: &Table<'_>) -> Option<Example> {
    let name = found(table, "name", "\"window\"");
    let day = |text: &str| text.parse().ok();
    let as_of = table.parsed("as_of", "a day, as in \"2025-12-31\"", day);
    if table.node("as_of").is_none() {
        table.missing("as_of", "\"2025-12-31\"");
    }
    let rows = texts(table, "rows").into_iter().map(|(entry, text)| Found {
        value: (entry.key.clone(), text),
        place: entry.node.place,
        key: format!("{}.{}", table.name("rows"), entry.key),
    });
    let rows = rows.collect();
    let number = |(entry, text): (&Entry, String)| {
        let value = decimal(&text);
        if value.is_none() {
            let nouns = vec![("found", text), ("expected", "a decimal".to_owned())];
            table.faults.add(entry.node.place, &table.name("peers"), Code::BadNumber, nouns);
        }
        Some((entry.key.clone(), value?))
    };
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let lists = texts(table, "lists").into_iter();
    Some(Example {
        peers: texts(table, "peers").into_iter().filter_map(number).collect(),
        lists: lists.map(|(entry, text)| (entry.key.clone(), words(text))).collect(),
        rows,
        file: table.faults.file.clone(),
        name: name?,
        as_of: as_of?,
    })
}

/// Reads the tests of a metric.
pub(super) fn tests(metric: &Table<'_>) -> Vec<Test> {
    let tables = metric.tables("test");
    tables.iter().filter_map(test).collect()
}

fn test(table: &Table<'_>) -> Option<Test> {
    let example = found(table, "example", "\"window\"");
    let period = found(table, "period", "\"2025\"");
    let statuses = ["ok", "few", "no_data", "not_applicable", "withheld"].map(|word| (word, word));
    let status = table.word("status", &statuses).unwrap_or("ok");
    let of = table.text("of");
    Some(Test {
        unit: table.text("unit").unwrap_or_else(|| UNIT.to_owned()),
        section: table.text("section"),
        part: table.text("part"),
        value: value(table, of.as_deref()),
        status: status.to_owned(),
        reason: table.text("reason"),
        example: example?,
        period: period?,
    })
}

/// A text, or that of a word in a table of texts.
fn value(table: &Table<'_>, of: Option<&str>) -> Option<String> {
    let node = table.node("value")?;
    if !is_table(node) {
        return text_of(node, &table.name("value"), table.faults);
    }
    let hit = texts(table, "value").into_iter().find(|(entry, _)| Some(entry.key.as_str()) == of);
    hit.map(|(_, text)| text)
}

fn found(table: &Table<'_>, key: &'static str, example: &str) -> Option<Found<String>> {
    let found = table.found_text(key);
    if found.is_none() && table.node(key).is_none() {
        table.missing(key, example);
    }
    found
}

/// The texts of a table of free names.
fn texts<'t>(table: &Table<'t>, key: &'static str) -> Vec<(&'t Entry, String)> {
    let Some(inner) = table.table(key) else { return Vec::new() };
    let entries = inner.free().into_iter();
    let text = |entry: &'t Entry| {
        let path = format!("{}.{}", table.name(key), entry.key);
        Some((entry, text_of(&entry.node, &path, table.faults)?))
    };
    entries.filter_map(text).collect()
}

impl Example {
    /// Its tables as they are written: names with CSV.
    pub fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|rows| (rows.value.0.as_str(), rows.value.1.as_str()))
    }
}
