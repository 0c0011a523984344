//! How does a JSON answer become rows? A record is an object, its keys are headers, its scalars are
//! cells as they were written; what is nested is read only where a header points. Rows are made while the
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

/// Rows that are being made.
pub(super) struct Rows<'r> {
    needed: &'r [String],
    has_pointers: bool,
    sheet: Sheet,
    places: HashMap<String, usize>,
    source: Arc<str>,
    row: u32,
    fault: Option<String>,
}

impl<'r> Rows<'r> {
    /// None yet.
    pub(super) fn new(needed: &'r [String]) -> Rows<'r> {
        let (sheet, places) = (Sheet::default(), HashMap::new());
        let has_pointers = needed.iter().any(|header| header.starts_with('/'));
        Rows { needed, has_pointers, sheet, places, source: Arc::default(), row: 0, fault: None }
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
        let mut into = Texts::default();
        if known.is_some() || self.places.contains_key(name) {
            let Some(column) = self.column(name, known) else { return Ok(()) };
            if !fields.next_value_seed(Cell { into: column })? {
                column.push(None);
                let name = known.and_then(|at| self.sheet.headers.get(at)).map_or(name, |own| own);
                let name = name.to_owned();
                self.nested(&name);
            }
        } else if fields.next_value_seed(Cell { into: &mut into })?
            && let Some(column) = self.column(name, None)
        {
            column.push(into.iter().next().flatten());
        } else if into.is_empty() {
            self.nested(name);
        }
        Ok(())
    }

    /// Notes that a list or an object came where a value is read: as a column that nobody maps, without its words.
    fn nested(&mut self, name: &str) {
        if self.needed.iter().any(|needed| needed == name)
            && let Some(column) = self.column(&format!("/{name}"), None)
        {
            column.push(Some("…"));
        }
    }

    /// The cells that headers point at.
    fn point(&mut self, record: &Value) {
        for pointer in self.needed.iter().filter(|header| header.starts_with('/')) {
            let Some(value) = record.pointer(pointer) else { continue };
            let text = text(value).filter(|text| !text.is_empty());
            if let Some(column) = self.column(pointer, None) {
                column.push(text.as_deref());
            }
        }
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

/// A cell, put behind those of its column; whether it is one.
struct Cell<'c> {
    into: &'c mut Texts,
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<bool, D::Error> {
        value.deserialize_any(self)
    }
}

impl Cell<'_> {
    fn put(self, text: &str) -> bool {
        self.into.push(Some(text).filter(|text| !text.is_empty()));
        true
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(self.put(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(self.put(if value { "true" } else { "false" }))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(self.put(&value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(self.put(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        Ok(self.put(&written(value)))
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.into.push(None);
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<bool, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(|_| false)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<bool, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(fields)).map(|_| false)
    }
}

/// From here on, a number with a point may have lost digits as it was read.
const EXACT: f64 = 1e15;

/// A value as text: numbers and words as written, null is nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_f64() => number.as_f64().map(written),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

/// A number with a point or an exponent as text; `7.0` is the key that `7` is, and a small one is not written
/// as `1e-7`, for that is no decimal.
fn written(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < EXACT {
        // Minus nothing is nothing.
        return format!("{:.0}", number + 0.0);
    }
    let text = Value::from(number).to_string();
    if text.contains("e-") { number.to_string() } else { text }
}

/// Whether a pointer leads to nothing because what it should stand in is null.
pub(super) fn is_null(body: &Value, pointer: &str) -> bool {
    let mut above = pointer;
    while let Some((up, _)) = above.rsplit_once('/').filter(|(up, _)| !up.is_empty()) {
        if body.pointer(up).is_some_and(Value::is_null) {
            return true;
        }
        above = up;
    }
    false
}

/// Whether a text says yes or no.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" => Some(true),
        "false" | "0" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// A count, as a number or as text: `50`, `"50"`, `50.0`, `"1,050"`.
pub(super) fn count(value: &Value) -> Option<u64> {
    let text = text(value)?;
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_whole = part.chars().all(|digit| digit == '0');
    whole.replace([',', '\u{ff0c}'], "").parse().ok().filter(|_| is_whole)
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
        assert_eq!(batch.headers, ["b", "a", "/who/id", "c", "who"]);
        let cells: Vec<Vec<&str>> = batch
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect())
            .collect();
        assert_eq!(cells[0], ["1", " x ", "7", "-", "-"]);
        assert_eq!(cells[1], ["-", "-", "-", "1.5", "-"]);
        assert_eq!(cells[2], ["18446744073709551615", "-", "-", "true", "-"]);
        assert_eq!(batch.rows[2].row, 3);
    }

    #[test]
    fn a_list_where_a_value_is_read_is_told_without_its_words() {
        let records = [
            json!({ "a": "1", "b": "x" }),
            json!({ "a": ["519902"], "b": ["y"] }),
            json!({ "a": { "n": 1 }, "c": { "n": 2 } }),
        ];
        let batch = batch(&records, &["a".to_owned(), "c".to_owned()]).unwrap();
        assert_eq!(batch.headers, ["a", "b", "/a", "/c"]);
        let told: Vec<_> = batch.rows.iter().map(|row| row.cells.get(2).cloned()).collect();
        assert_eq!(told, [Some(None), Some(Some("…".to_owned())), Some(Some("…".to_owned()))]);
        assert_eq!(batch.rows[2].cells[3].as_deref(), Some("…"));
        assert_eq!(batch.rows[1].cells[..2], [None, None]);
    }

    #[test]
    fn numbers_are_written_so_that_they_are_read() {
        for (json, cell) in [
            ("1e-7", "0.0000001"),
            ("-1.5E-10", "-0.00000000015"),
            ("1e5", "100000"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("7.0", "7"),
            ("-7.0", "-7"),
            ("999999999999999.0", "999999999999999"),
            ("1000000000000000.0", "1000000000000000.0"),
            ("1e300", "1e+300"),
            ("7.5", "7.5"),
            ("12345678.9", "12345678.9"),
        ] {
            let value: Value = serde_json::from_str(json).unwrap();
            let rows = batch(&[json!({ "n": value })], &[]).unwrap().rows;
            assert_eq!(rows[0].cells, [Some(cell.to_owned())]);
            assert_eq!(text(&value).as_deref(), Some(cell));
        }
        for (said, is) in [
            (json!(50), Some(50)),
            (json!(50.0), Some(50)),
            (json!(" 1,050 "), Some(1050)),
            (json!("1\u{ff0c}050"), Some(1050)),
            (json!("50.5"), None),
            (json!("many"), None),
            (json!(null), None),
        ] {
            assert_eq!(count(&said), is, "{said}");
        }
    }

    #[test]
    fn what_is_no_object_is_no_record() {
        let fault = batch(&[json!("519902198703051234")], &[]).unwrap_err();
        assert_eq!(fault, "record 1 is no object");
    }
}
