//! What is a metric worth on rows that anybody can count? Rows of the model's tables stand in an example, and
//! the tests of metrics say what is told of them.

use jiff::civil::Date;
use jiff::civil::DateTime;

use super::catalog::Catalog;
use super::formula::Exact;
use super::formula::decimal;
use super::pipeline::Metric;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Nouns;
use super::reader::Table;
use super::reader::guess;
use super::reader::text_of;
use super::schema::Field;
use super::schema::FieldKind;
use super::schema::Schema;
use super::schema::is_table;
use super::tree::Entry;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::period::Period;

/// The unit of rows that name none.
pub const UNIT: &str = "U1";

/// The column that says how often a row stands.
const TIMES: &str = "*";

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
    rows: Vec<Found<(String, String)>>,
    file: String,
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

/// What is wrong with the examples and tests of a home.
pub(super) fn check(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for pipeline in &catalog.pipelines {
        let of = Faults::of(&pipeline.file);
        for example in &pipeline.examples {
            if catalog.examples().filter(|it| it.name.value == example.name.value).count() > 1 {
                let nouns = vec![("found", example.name.value.clone())];
                of.add(example.name.place, &example.name.key, Code::Duplicate, nouns);
            }
            if let Err(found) = example.tables(catalog) {
                faults.extend(found);
            }
        }
        for test in pipeline.metrics.iter().flat_map(|metric| &metric.tests) {
            let known = || catalog.examples().map(|example| example.name.value.as_str());
            if !known().any(|name| name == test.example.value) {
                let nouns = guess(&test.example.value, known());
                of.add(test.example.place, &test.example.key, Code::UnknownExample, nouns);
            }
            if test.period.value.parse::<Period>().is_err() {
                let expected = "a period, as in \"2025\" or \"2025Q3\"".to_owned();
                let nouns = vec![("found", test.period.value.clone()), ("expected", expected)];
                of.add(test.period.place, &test.period.key, Code::BadNumber, nouns);
            }
        }
        faults.extend(of.into_list());
    }
    faults
}

/// The metrics that no test tells of.
pub fn untested(catalog: &Catalog) -> Vec<Diagnostic> {
    let fault = |metric: &Metric| Diagnostic {
        file: metric.file.clone(),
        place: metric.place,
        key: format!("metric.{}", metric.name),
        code: Code::NoTest,
        nouns: vec![("found", metric.name.clone())],
    };
    catalog.metrics().filter(|metric| metric.tests.is_empty()).map(fault).collect()
}

impl Example {
    /// Its tables as they are written: names with CSV.
    pub fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|rows| (rows.value.0.as_str(), rows.value.1.as_str()))
    }

    /// Its tables, typed by their contracts.
    ///
    /// # Errors
    /// Every table, column and cell that is none.
    pub fn tables(&self, catalog: &Catalog) -> Result<Vec<Rows>, Vec<Diagnostic>> {
        let of = Faults::of(&self.file);
        let mut tables = Vec::new();
        for found in &self.rows {
            let (name, text) = &found.value;
            let Some(schema) = catalog.schemas.get(name) else {
                let nouns = guess(name, catalog.schemas.keys().map(String::as_str));
                of.add(found.place, &found.key, Code::UnknownTable, nouns);
                continue;
            };
            let told = |line: usize, code: Code, nouns: Nouns| {
                let place = Place { line: found.place.line + line, column: 1 };
                of.add(place, &found.key, code, nouns);
            };
            tables.push((name.clone(), rows(catalog, schema, text, &told)));
        }
        if of.count() == 0 { Ok(tables) } else { Err(of.into_list()) }
    }
}

/// Tells a fault in a line of a text.
type Tell<'t> = dyn Fn(usize, Code, Nouns) + 't;

/// The rows of a table that is written as CSV; faults are told with the line of the text.
fn rows(catalog: &Catalog, schema: &Schema, text: &str, told: &Tell<'_>) -> Vec<CellRow> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut written = Written { catalog, schema, headers: Vec::new(), rows: Vec::new() };
    for record in reader.from_reader(text.as_bytes()).records() {
        match record {
            Ok(record) => written.line(&record, told),
            Err(fault) => told(1, Code::Syntax, vec![("problem", fault.to_string())]),
        }
    }
    written.rows
}

/// A table that is being read.
struct Written<'w> {
    catalog: &'w Catalog,
    schema: &'w Schema,
    headers: Vec<String>,
    rows: Vec<CellRow>,
}

impl Written<'_> {
    fn line(&mut self, record: &csv::StringRecord, told: &Tell<'_>) {
        let line = record.position().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
        if self.headers.is_empty() {
            return self.head(record, line, told);
        }
        if record.len() > self.headers.len() {
            let (cells, headers) = (record.len(), self.headers.len());
            let nouns = vec![("problem", format!("{cells} cells below {headers} headers"))];
            told(line, Code::Syntax, nouns);
        }
        let times = self.given(record, TIMES).unwrap_or("1");
        let Ok(times) = times.parse::<u32>() else {
            let expected = "how often the row stands".to_owned();
            let nouns = vec![("found", times.to_owned()), ("expected", expected)];
            return told(line, Code::BadNumber, nouns);
        };
        for time in 1..=times {
            let each = if times > 1 { format!("-{time}") } else { String::new() };
            let fields = self.schema.fields.iter();
            let row = fields.map(|field| self.cell(record, field, &each, (line, told))).collect();
            self.rows.push(row);
        }
    }

    fn head(&mut self, record: &csv::StringRecord, line: usize, told: &Tell<'_>) {
        self.headers = record.iter().map(str::to_owned).collect();
        for header in self.headers.iter().filter(|header| header.as_str() != TIMES) {
            if self.schema.field(header).is_none() {
                let names = self.schema.fields.iter().map(|field| field.name.as_str());
                let mut nouns = guess(header, names);
                nouns.push(("table", self.schema.name.clone()));
                told(line, Code::UnknownColumn, nouns);
            }
        }
    }

    fn given<'r>(&self, record: &'r csv::StringRecord, name: &str) -> Option<&'r str> {
        let at = self.headers.iter().position(|header| header == name)?;
        record.get(at).filter(|cell| !cell.is_empty())
    }

    /// A cell; of a row that stands several times, a key has the number of the time behind it.
    fn cell(
        &self,
        record: &csv::StringRecord,
        field: &Field,
        each: &str,
        (line, told): (usize, &Tell<'_>),
    ) -> Option<Cell> {
        let text = match self.given(record, &field.name) {
            Some(text) if self.is_numbered(field) => format!("{text}{each}"),
            Some(text) => text.to_owned(),
            None => self.unsaid(field)?,
        };
        let cell = typed(self.catalog, field, &text);
        if cell.is_none() {
            let expected = format!("a value of `{}`", field.name);
            told(line, Code::BadNumber, vec![("found", text), ("expected", expected)]);
        }
        cell
    }

    /// Whether a column makes its row itself: part of the key and a text, but for the unit.
    fn is_numbered(&self, field: &Field) -> bool {
        let is_key = self.schema.primary_key.contains(&field.name);
        is_key && field.kind == FieldKind::Text && field.name != "unit_id"
    }

    /// What a column holds that the example does not have: its unit, or a number for a key.
    fn unsaid(&self, field: &Field) -> Option<String> {
        if self.headers.contains(&field.name) {
            return None;
        }
        if field.name == "unit_id" {
            return Some(UNIT.to_owned());
        }
        self.is_numbered(field).then(|| (self.rows.len() + 1).to_string())
    }
}

fn typed(catalog: &Catalog, field: &Field, text: &str) -> Option<Cell> {
    Some(match field.kind {
        FieldKind::Text => Cell::Text(text.to_owned()),
        FieldKind::Whole => Cell::Whole(text.parse().ok()?),
        FieldKind::Decimal(scale) => {
            let digits = decimal(text)? * Exact::from(10_i128.pow(u32::from(scale)));
            digits.is_integer().then(|| Cell::Decimal(digits.to_integer(), scale))?
        }
        FieldKind::Flag => match text {
            "1" | "true" => Cell::Flag(true),
            "0" | "false" => Cell::Flag(false),
            _ => return None,
        },
        FieldKind::Day => Cell::Day(text.parse().ok()?),
        FieldKind::Instant => {
            let local: DateTime = text.replace(' ', "T").parse().ok()?;
            Cell::Instant(catalog.settings.zone.to_timestamp(local).ok()?)
        }
    })
}
