//! What does a plain value of JSON say? Texts and numbers as they are read, truths and counts as they are meant.

use serde_json::Value;

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
pub(super) fn written(number: f64) -> String {
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
}
