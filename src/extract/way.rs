//! Where in an answer are its records? The way to them, step by step; what stands beside it is read as
//! values, and they become rows as they are read.

use std::fmt;

use serde::Deserialize as _;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::SeqAccessDeserializer;
use serde_json::Map;
use serde_json::Value;

use super::exact::exact;
use super::records;
use super::records::Read;
use super::records::Rows;
use crate::spec::connector::Layout;

/// Where the records of an answer are, and the headers that are read; some are JSON pointers into one.
#[derive(Clone, Copy)]
pub(super) struct Records<'r> {
    pub(super) at: &'r str,
    pub(super) layout: &'r Layout,
    pub(super) needed: &'r [String],
}

impl Records<'_> {
    /// Whether a place in an answer lies among the records.
    pub(super) fn hold(self, at: &str) -> bool {
        at.strip_prefix(self.at).is_some_and(|rest| rest.starts_with('/'))
    }

    /// An answer, and its rows where its records are there: of those, null stays. Of lines one alone may be an
    /// answer about itself.
    ///
    /// # Errors
    /// What is no JSON, in words.
    pub(super) fn of(self, body: &str) -> Result<(Value, Option<Read>), String> {
        let body = &exact(body);
        if *self.layout == Layout::Lines {
            let read = records::lines(body, self.needed)?;
            return Ok((serde_json::from_str(body).unwrap_or_default(), Some(read)));
        }
        self.on_the_way(body).map_err(|fault| fault.to_string())
    }

    fn on_the_way(self, body: &str) -> serde_json::Result<(Value, Option<Read>)> {
        let steps =
            self.at.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let (steps, mut read) = (steps.collect::<Vec<_>>(), None);
        let mut body = serde_json::Deserializer::from_str(body);
        let way = Way { steps: &steps, records: self, read: &mut read };
        let rest = way.deserialize(&mut body)?;
        body.end()?;
        Ok((rest, read))
    }
}

/// The way to the records, from where a value is read.
struct Way<'w> {
    steps: &'w [String],
    records: Records<'w>,
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
        if let (true, Layout::Keyed(header)) = (self.steps.is_empty(), self.records.layout) {
            let mut rows = Rows::new(self.records.needed);
            while let Some(key) = fields.next_key::<String>()? {
                rows.below(header, &key);
                fields.next_value_seed(&mut rows)?;
            }
            *self.read = Some(rows.end());
            return Ok(Value::Null);
        }
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = match self.steps.split_first() {
                Some((step, steps)) if *step == name => {
                    // A name that comes twice means what it says last.
                    *self.read = None;
                    let (records, read) = (self.records, &mut *self.read);
                    fields.next_value_seed(Way { steps, records, read })?
                }
                _ => fields.next_value()?,
            };
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        if !self.steps.is_empty() || *self.records.layout != Layout::List {
            return Value::deserialize(SeqAccessDeserializer::new(list));
        }
        let mut rows = Rows::new(self.records.needed);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::batch::Batch;
    use crate::base::sheet::Texts;
    use crate::extract::records::batch;

    #[test]
    fn rows_are_made_while_an_answer_is_read_as_of_its_values() {
        let pointers = ["/who/id".to_owned(), "/a~1b".to_owned(), "/list".to_owned()];
        let records = Records { at: "/data/rows", layout: &Layout::List, needed: &pointers };
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
        let (_, read) =
            records.of(r#"{"data": {"rows": [{"a": 90071992547409.93, "b": 1.5}]}}"#).unwrap();
        let columns = read.unwrap().unwrap().columns;
        let cells: Vec<_> = columns.iter().flat_map(Texts::iter).collect();
        assert_eq!(cells, [Some("90071992547409.93"), Some("1.5")]);
    }

    #[test]
    fn records_stand_below_keys_or_on_lines_too() {
        let layout = Layout::Keyed("_id".to_owned());
        let needed = ["_id".to_owned(), "n".to_owned()];
        let records = Records { at: "/data", layout: &layout, needed: &needed };
        let text =
            r#"{"code": 0, "data": {"A1": {"n": 1}, "A2": {"_id": "x", "m": 2}, "": {"n": 3}}}"#;
        let (rest, read) = records.of(text).unwrap();
        let sheet = read.unwrap().unwrap();
        assert_eq!(rest, serde_json::json!({ "code": 0, "data": null }));
        assert_eq!(sheet.headers, ["n", "_id", "m"]);
        let ids: Vec<_> = sheet.columns[1].iter().collect();
        assert_eq!(ids, [Some("A1"), Some("A2"), None]);
        let plain: Value = serde_json::from_str(text).unwrap();
        let plain = records::keyed(plain["data"].as_object().unwrap(), "_id", &needed).unwrap();
        assert_eq!(plain.height(), 3);
        let (_, read) = records.of(r#"{"data": {"A1": 7}}"#).unwrap();
        assert_eq!(read.unwrap().unwrap_err(), "record 1 is no object");
        // A list is no object of records.
        assert!(records.of(r#"{"data": [{"n": 1}]}"#).unwrap().1.is_none());

        let lines = Records { at: "", layout: &Layout::Lines, needed: &needed };
        let (rest, read) = lines.of("{\"n\": 1}\r\n\n{\"n\": 2}\n").unwrap();
        assert_eq!((rest, read.unwrap().unwrap().height()), (Value::Null, 2));
        let (rest, read) = lines.of("{\"code\": 401}").unwrap();
        assert_eq!((rest["code"].as_u64(), read.unwrap().unwrap().height()), (Some(401), 1));
        assert_eq!(lines.of("").unwrap().1.unwrap().unwrap().height(), 0);
        assert_eq!(lines.of("{}\n{}\n{\"n\": ").unwrap_err(), "no JSON at line 3 column 6");
        assert!(lines.of("{} {}").is_err());
    }
}
