//! Do the worked examples agree with the contracts, and is there one of every metric?

use jiff::civil::DateTime;

use super::catalog::Catalog;
use super::example::Example;
use super::example::Rows;
use super::example::UNIT;
use super::formula::Exact;
use super::formula::decimal;
use super::pipeline::Metric;
use super::reader::Faults;
use super::reader::Nouns;
use super::reader::guess;
use super::schema::Field;
use super::schema::FieldKind;
use super::schema::Schema;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::period::Period;

/// The column that says how often a row stands.
const TIMES: &str = "*";

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
