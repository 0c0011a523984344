//! How does a JSON answer become rows? A record is an object, its keys are headers, its scalars are
//! cells as they were written; what is nested is read only where a header points.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::base::batch::Batch;
use crate::base::batch::Row;

/// The records of an answer as rows of a page without a name. `pointers` are headers that are JSON pointers
/// into a record.
///
/// # Errors
/// What is not a record.
pub(super) fn batch(records: &[Value], pointers: &[String]) -> Result<Batch, String> {
    let source: Arc<str> = Arc::default();
    let mut headers: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut rows = Vec::with_capacity(records.len());
    for (record, row) in records.iter().zip(1..) {
        let Value::Object(fields) = record else {
            return Err(format!("record {row} is no object"));
        };
        let mut cells = vec![None; headers.len()];
        let fields = fields.iter().filter(|(_, value)| !value.is_array() && !value.is_object());
        let pointed = pointers.iter().filter_map(|name| Some((name, record.pointer(name)?)));
        for (nth, (name, value)) in fields.chain(pointed).enumerate() {
            // Most records tell the same keys in the same order.
            let is_next = headers.get(nth) == Some(name);
            let known = if is_next { Some(nth) } else { places.get(name).copied() };
            let at = known.unwrap_or_else(|| {
                headers.push(name.clone());
                cells.push(None);
                places.insert(name.clone(), headers.len() - 1);
                headers.len() - 1
            });
            if let Some(cell) = cells.get_mut(at) {
                *cell = text(value).filter(|text| !text.is_empty());
            }
        }
        rows.push(Row { source: Arc::clone(&source), row, cells });
    }
    for row in &mut rows {
        row.cells.resize(headers.len(), None);
    }
    Ok(Batch { headers, rows })
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
    fn what_is_no_object_is_no_record() {
        let fault = batch(&[json!("519902198703051234")], &[]).unwrap_err();
        assert_eq!(fault, "record 1 is no object");
    }
}
