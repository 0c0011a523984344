//! How does a JSON answer become rows? A record is an object, its keys are headers, its scalars are
//! cells as they were written; what is nested is read only where a header points, and else counted. Rows are made while the
//! answer is read, so that a cell is never a value of its own.

use std::collections::HashMap;
use std::fmt;

use std::sync::Arc;

use serde::Deserialize as _;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde::de::value::SeqAccessDeserializer;
use serde_json::Map;
use serde_json::Value;

use super::nested;
use super::nested::Elements;
use super::plain::text;
use super::plain::written;
use crate::base::batch::Batch;
use crate::base::sheet::Sheet;
use crate::base::sheet::Texts;

/// The rows of the records, or what is not a record.
pub(super) type Read = Result<Sheet, String>;

/// The records of a list as rows of a page without a name. `needed` are the headers that are read; some
/// are JSON pointers into a record.
///
/// # Errors
/// What is not a record.
pub(super) fn batch(records: &[Value], needed: &[String]) -> Result<Batch, String> {
    sheet(records, needed).map(Batch::from)
}

/// The same as a sheet.
///
/// # Errors
/// What is not a record.
pub(super) fn sheet(records: &[Value], needed: &[String]) -> Read {
    let mut rows = Rows::new(needed);
    for record in records {
        // A value is read as its text is, and nothing is wrong with it.
        rows.deserialize(record).map_err(|fault| fault.to_string())?;
    }
    rows.end()
}

/// The records of an object, each below its own key.
///
/// # Errors
/// What is not a record.
pub(super) fn keyed(records: &Map<String, Value>, header: &str, needed: &[String]) -> Read {
    let mut rows = Rows::new(needed);
    for (key, record) in records {
        rows.below(header, key);
        rows.deserialize(record).map_err(|fault| fault.to_string())?;
    }
    rows.end()
}

/// The records of a text that has one a line. What breaks off may say so in its last line, where a record would stand.
///
/// # Errors
/// The first line that is no JSON, or a last one behind others that is no record.
pub(super) fn lines(text: &str, needed: &[String]) -> Result<Read, String> {
    let (mut rows, mut last) = (Rows::new(needed), None);
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let mut record = serde_json::Deserializer::from_str(line);
        let read = rows.deserialize(&mut record).and_then(|()| record.end());
        read.map_err(|fault| format!("no JSON at line {number} column {}", fault.column()))?;
        last = Some((line, number));
    }
    match last.filter(|(line, _)| rows.row > 1 && !says_any(line, needed)) {
        Some((_, number)) => Err(format!("line {number} says nothing that a column reads")),
        None => Ok(rows.end()),
    }
}

/// Whether a record has one of some headers, if there are any.
fn says_any(record: &str, headers: &[String]) -> bool {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    let is_there =
        |header: &String| record.get(header).or_else(|| record.pointer(header)).is_some();
    headers.is_empty() || headers.iter().any(is_there)
}

/// Rows that are being made.
pub(super) struct Rows<'r> {
    needed: &'r [String],
    has_pointers: bool,
    sheet: Sheet,
    places: HashMap<String, usize>,
    source: Arc<str>,
    row: u32,
    /// The header and text of the key below which the next record stands.
    key: Option<(&'r str, String)>,
    fault: Option<String>,
}

impl<'r> Rows<'r> {
    /// None yet.
    pub(super) fn new(needed: &'r [String]) -> Rows<'r> {
        let (sheet, places) = (Sheet::default(), HashMap::new());
        let has_pointers = needed.iter().any(|header| header.starts_with('/'));
        let source = Arc::default();
        Rows { needed, has_pointers, sheet, places, source, row: 0, key: None, fault: None }
    }

    /// The next record stands below a key.
    pub(super) fn below(&mut self, header: &'r str, key: &str) {
        self.key = Some((header, key.to_owned()));
    }

    /// All of them.
    pub(super) fn end(self) -> Read {
        self.fault.map_or(Ok(self.sheet), Err)
    }

    /// The column of a header in the row that is being made, without its cell.
    fn column(&mut self, name: &str, known: Option<usize>) -> Option<&mut Texts> {
        let row = self.sheet.height();
        let at = known.or_else(|| self.places.get(name).copied()).unwrap_or_else(|| {
            self.sheet.headers.push(name.to_owned());
            self.sheet.columns.push(Texts::none(row));
            self.places.insert(name.to_owned(), self.sheet.columns.len() - 1);
            self.sheet.columns.len() - 1
        });
        let column = self.sheet.columns.get_mut(at)?;
        if column.len() > row {
            column.pop();
        }
        Some(column)
    }

    /// Whether a header points into the value of a key.
    fn points_into(&self, key: &str) -> bool {
        let step = |pointer: &String| {
            let step = pointer.split('/').nth(1).unwrap_or_default();
            step.replace("~1", "/").replace("~0", "~") == key
        };
        self.needed.iter().filter(|header| header.starts_with('/')).any(step)
    }

    /// The cell of a field of a record, by its name or the column that is known; what a header points into
    /// is put aside.
    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        (name, known): (&str, Option<usize>),
        fields: &mut A,
        pointed: &mut Map<String, Value>,
    ) -> Result<(), A::Error> {
        let name_of = known.and_then(|at| self.sheet.headers.get(at)).map_or(name, String::as_str);
        if self.has_pointers && self.points_into(name_of) {
            let (value, own) = (fields.next_value::<Value>()?, name_of.to_owned());
            let is_plain = !value.is_array() && !value.is_object();
            if is_plain && let Some(column) = self.column(&own, known) {
                let text = text(&value).filter(|text| !text.is_empty());
                column.push(text.as_deref());
            }
            pointed.insert(own, value);
            return Ok(());
        }
        if known.is_some() || self.places.contains_key(name) {
            let Some(column) = self.column(name, known) else { return Ok(()) };
            if let Some(nested) = fields.next_value_seed(Cell { into: column })? {
                column.push(None);
                let name = known.and_then(|at| self.sheet.headers.get(at)).map_or(name, |own| own);
                let told = nested.told(name);
                self.unread(told);
            }
            return Ok(());
        }
        let mut into = Texts::default();
        match fields.next_value_seed(Cell { into: &mut into })? {
            Some(nested) => self.unread(nested.told(name)),
            None => {
                if let Some(column) = self.column(name, None) {
                    column.push(into.iter().next().flatten());
                }
            }
        }
        Ok(())
    }

    /// Notes what came and is not read, as a column that nobody maps.
    fn unread(&mut self, told: Option<(String, String)>) {
        if let Some((name, cell)) = told.filter(|(name, _)| !self.needed.contains(name))
            && let Some(column) = self.column(&name, None)
        {
            column.push(Some(&cell));
        }
    }

    /// The cells that headers point at, and what stands beside them.
    fn point(&mut self, record: &Value) {
        let needed = self.needed;
        let pointers: Vec<&str> =
            needed.iter().map(String::as_str).filter(|header| header.starts_with('/')).collect();
        for pointer in &pointers {
            let Some(value) = record.pointer(pointer) else { continue };
            let text = text(value).filter(|text| !text.is_empty());
            if let Some(column) = self.column(pointer, None) {
                column.push(text.as_deref());
            }
        }
        nested::beside(record, "", &pointers, &mut |name, cell| self.unread(Some((name, cell))));
    }
}

impl<'de> DeserializeSeed<'de> for &mut Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, record: D) -> Result<(), D::Error> {
        self.row += 1;
        let is_record = record.deserialize_any(Record { rows: self })?;
        if !is_record {
            let row = self.row;
            self.fault.get_or_insert_with(|| format!("record {row} is no object"));
        }
        if let Some((header, key)) = self.key.take()
            && let Some(column) = self.column(header, None)
        {
            column.push(Some(&key).filter(|key| !key.is_empty()).map(String::as_str));
        }
        self.sheet.places.push((Arc::clone(&self.source), self.row));
        let height = self.sheet.height();
        self.sheet.columns.iter_mut().for_each(|column| column.lengthen(height));
        Ok(())
    }
}

/// One record; whether it is one.
struct Record<'a, 'r> {
    rows: &'a mut Rows<'r>,
}

impl<'de> Visitor<'de> for Record<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        let (rows, mut nth, mut pointed) = (self.rows, 0, Map::new());
        // Most records tell the same keys in the same order.
        while let Some(key) = fields.next_key_seed(Key { due: rows.sheet.headers.get(nth) })? {
            let (name, known) = match key {
                None => (String::new(), Some(nth)),
                Some(name) => (name, None),
            };
            nth += 1;
            rows.field((&name, known), &mut fields, &mut pointed)?;
        }
        if !pointed.is_empty() {
            rows.point(&Value::Object(pointed));
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<bool, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(|_| false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// A key: none where it is the one that is due, else its name.
struct Key<'k> {
    due: Option<&'k String>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<String>, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<String>, E> {
        Ok((self.due.is_none_or(|due| due != name)).then(|| name.to_owned()))
    }
}

/// A cell, put behind those of its column; or what came is a list or an object.
struct Cell<'c> {
    into: &'c mut Texts,
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = Option<Elements>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Option<Elements>, D::Error> {
        value.deserialize_any(self)
    }
}

impl Cell<'_> {
    fn put(self, text: &str) -> Option<Elements> {
        self.into.push(Some(text).filter(|text| !text.is_empty()));
        None
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = Option<Elements>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<Elements>, E> {
        Ok(self.put(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Option<Elements>, E> {
        Ok(self.put(if value { "true" } else { "false" }))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Option<Elements>, E> {
        Ok(self.put(&value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Option<Elements>, E> {
        Ok(self.put(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Option<Elements>, E> {
        Ok(self.put(&written(value)))
    }

    fn visit_unit<E>(self) -> Result<Option<Elements>, E> {
        self.into.push(None);
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<Elements>, A::Error> {
        let list = Vec::<Value>::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(Some(Elements::of_list(list.len())))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Option<Elements>, A::Error> {
        let fields = Map::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Some(Elements::of_object(fields.len())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_headers_in_order_of_appearance_and_nesting_is_pointed_at() {
        let records = [
            json!({ "b": 1, "a": " x ", "who": { "id": "7" }, "list": [1] }),
            json!({ "c": 1.5, "a": "", "b": null, "who": null }),
            json!({ "c": true, "b": 18_446_744_073_709_551_615_u64 }),
        ];
        let batch = batch(&records, &["/who/id".to_owned()]).unwrap();
        assert_eq!(batch.headers, ["b", "a", "list[]", "/who/id", "c", "who"]);
        let cells: Vec<Vec<&str>> = batch
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect())
            .collect();
        assert_eq!(cells[0], ["1", " x ", "1", "7", "-", "-"]);
        assert_eq!(cells[1], ["-", "-", "-", "-", "1.5", "-"]);
        assert_eq!(cells[2], ["18446744073709551615", "-", "-", "-", "true", "-"]);
        assert_eq!(batch.rows[2].row, 3);
    }

    #[test]
    fn a_list_or_an_object_that_nobody_reads_is_told_by_how_much_it_holds() {
        let records = [
            json!({ "a": "1", "b": "x", "e": [], "f": {} }),
            json!({ "a": ["519902"], "b": ["y", "z"] }),
            json!({ "a": { "n": 1 }, "c": { "n": 2, "m": [3] } }),
        ];
        let batch = batch(&records, &["a".to_owned(), "c".to_owned()]).unwrap();
        assert_eq!(batch.headers, ["a", "b", "a[]", "b[]", "a{}", "c{}"]);
        let cells = batch.rows.iter().map(|row| row.cells[2..].iter().map(|cell| cell.as_deref()));
        let cells: Vec<Vec<_>> = cells.map(Iterator::collect).collect();
        assert_eq!(cells[0], [None; 4]);
        assert_eq!(cells[1], [Some("1"), Some("2"), None, None]);
        assert_eq!(cells[2], [None, None, Some("1"), Some("2")]);
        assert_eq!(batch.rows[1].cells[..2], [None, None]);
    }

    #[test]
    fn what_stands_beside_a_place_that_is_pointed_at_is_told() {
        let who = json!({ "id": "7", "name": "x", "of": { "a/b": 1, "c": [1, 2] }, "ring": [], "n": null });
        let parts = json!([{ "x": 1, "y": 2 }, { "x": 3 }, { "x": 4 }]);
        let needed = ["/who/id", "/who/of/c", "/parts/0/x", "/whole"].map(str::to_owned);
        let record = json!({ "who": who, "parts": parts, "whole": [1, 2], "tags": ["t"] });
        let batch = batch(&[record], &needed).unwrap();
        let told = batch.headers.iter().zip(&batch.rows[0].cells);
        let told: Vec<_> = told.map(|(name, cell)| (&**name, cell.as_deref().unwrap())).collect();
        assert_eq!(told[..1], [("tags[]", "1")]);
        assert_eq!(told[1..5].iter().map(|(name, _)| *name).collect::<Vec<_>>(), needed);
        let mut beside = told[5..].to_vec();
        beside.sort_unstable();
        let due =
            [("/parts/0/y", "2"), ("/parts[]", "2"), ("/who/name", "x"), ("/who/of/a~1b", "1")];
        assert_eq!(beside, due);
    }

    #[test]
    fn a_cell_is_written_as_its_value_is() {
        for json in ["1e-7", "7.0", "-0.0", "1e300", "18446744073709551615", "true", "\"x\""] {
            let value: Value = serde_json::from_str(json).unwrap();
            let rows = batch(&[json!({ "n": value })], &[]).unwrap().rows;
            assert_eq!(rows[0].cells, [text(&value)]);
        }
    }

    #[test]
    fn what_is_no_object_is_no_record() {
        let fault = batch(&[json!("519902198703051234")], &[]).unwrap_err();
        assert_eq!(fault, "record 1 is no object");
    }
}
