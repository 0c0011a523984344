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

/// Where the records of an answer are, and the headers that are JSON pointers into one.
#[derive(Clone, Copy)]
pub(super) struct Records<'r> {
    pub(super) at: &'r str,
    pub(super) pointers: &'r [String],
}

/// The rows of the records, or what is not a record.
pub(super) type Read = Result<Sheet, String>;

impl Records<'_> {
    /// Whether a place in an answer lies among the records.
    pub(super) fn hold(self, at: &str) -> bool {
        at.strip_prefix(self.at).is_some_and(|rest| rest.starts_with('/'))
    }

    /// An answer, and its rows where a list of records is there: of that list, null stays.
    ///
    /// # Errors
    /// What is no JSON.
    pub(super) fn of(self, body: &str) -> serde_json::Result<(Value, Option<Read>)> {
        let steps =
            self.at.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let (steps, mut read) = (steps.collect::<Vec<_>>(), None);
        let mut body = serde_json::Deserializer::from_str(body);
        let way = Way { steps: &steps, pointers: self.pointers, read: &mut read };
        let rest = way.deserialize(&mut body)?;
        body.end()?;
        Ok((rest, read))
    }
}

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

/// The way to the records, from where a value is read.
struct Way<'w> {
    steps: &'w [String],
    pointers: &'w [String],
    read: &'w mut Option<Read>,
}

impl<'de> DeserializeSeed<'de> for Way<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Way<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = match self.steps.split_first() {
                Some((step, steps)) if *step == name => {
                    // A name that comes twice means what it says last.
                    *self.read = None;
                    let (pointers, read) = (self.pointers, &mut *self.read);
                    fields.next_value_seed(Way { steps, pointers, read })?
                }
                _ => fields.next_value()?,
            };
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        if !self.steps.is_empty() {
            return Value::deserialize(SeqAccessDeserializer::new(list));
        }
        let mut rows = Rows::new(self.pointers);
        while list.next_element_seed(&mut rows)?.is_some() {}
        *self.read = Some(rows.end());
        Ok(Value::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Rows that are being made.
struct Rows<'r> {
    needed: &'r [String],
    has_pointers: bool,
    sheet: Sheet,
    places: HashMap<String, usize>,
    source: Arc<str>,
    row: u32,
    fault: Option<String>,
}

impl<'r> Rows<'r> {
    fn new(needed: &'r [String]) -> Rows<'r> {
        let (sheet, places) = (Sheet::default(), HashMap::new());
        let has_pointers = needed.iter().any(|header| header.starts_with('/'));
        Rows { needed, has_pointers, sheet, places, source: Arc::default(), row: 0, fault: None }
    }

    fn end(self) -> Read {
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
        Ok(self.put(&Value::from(value).to_string()))
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

/// A value as text: numbers and words as written, null is nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
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
    fn what_is_no_object_is_no_record() {
        let fault = batch(&[json!("519902198703051234")], &[]).unwrap_err();
        assert_eq!(fault, "record 1 is no object");
    }

    #[test]
    fn rows_are_made_while_an_answer_is_read_as_of_its_values() {
        let pointers = ["/who/id".to_owned(), "/a~1b".to_owned(), "/list".to_owned()];
        let records = Records { at: "/data/rows", pointers: &pointers };
        for rows in [
            r#"[{"b": 1.50, "a": "\u4e00\"", "who": {"id": "7"}, "list": [1, {"x": null}]}, {"c": -3, "b": 1e400.0}]"#,
            r#"[{"b": 1.50, "a": "\u4e00\"", "who": {"id": "7"}, "list": [1, {"x": null}]}, {"c": -3, "b": true}]"#,
            r#"[{"a": 1, "a": "2", "c": {"d": 1}}, {"c": "x", "a": null}, {"a": {}, "a/b": false, "who": {}}]"#,
            r#"[{"a": "1"}, 7, {"a": "2"}, "x", [], null, true, 1.5, -1]"#,
            r#"[{"a": 12345678901234567890, "b": 123456789012345678901234567890, "c": ""}, {}]"#,
            r#"[{"x": {"deep": "\ud800"}}]"#,
            "[]",
            "null",
            r#"{"no": "list"}"#,
        ] {
            let text =
                format!(r#"{{"code": "200", "data": {{"n": [1], "rows": {rows}}}, "of": {{}}}}"#);
            let plain = serde_json::from_str::<Value>(&text);
            let Ok((rest, read)) = records.of(&text) else {
                assert!(plain.is_err(), "{rows}");
                continue;
            };
            let plain = plain.unwrap();
            let list = plain.pointer("/data/rows").unwrap().as_array();
            assert_eq!(
                read.map(|read| read.map(Batch::from)),
                list.map(|list| batch(list, &pointers))
            );
            assert_eq!((&rest["code"], &rest["of"]), (&plain["code"], &plain["of"]));
            assert_eq!(rest["data"]["n"], plain["data"]["n"]);
        }
        assert!(records.hold("/data/rows/0/id") && !records.hold("/data/rowset"));
    }
}
