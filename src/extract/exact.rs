//! Which numbers of a JSON text have more digits than a number keeps as it is read? They are read as texts.

use std::borrow::Cow;

use serde_json::Number;

/// So many digits are kept of any number.
const KEPT: usize = 15;

/// A JSON text in which those numbers stand in quotes.
pub(super) fn exact(json: &str) -> Cow<'_, str> {
    if !json.match_indices('.').any(|(point, _)| is_long_around(json.as_bytes(), point)) {
        return Cow::Borrowed(json);
    }
    let (mut exact, mut rest) = (String::with_capacity(json.len() + 64), json);
    while let Some(at) = rest.find(|letter: char| letter == '"' || is_of_number(letter)) {
        let (before, from) = rest.split_at(at);
        let length = if from.starts_with('"') { text_length(from) } else { number_length(from) };
        let (token, after) = from.split_at(length);
        exact.push_str(before);
        let quote = if has_more(token) { "\"" } else { "" };
        exact.extend([quote, token, quote]);
        rest = after;
    }
    exact.push_str(rest);
    Cow::Owned(exact)
}

/// Whether more digits than are kept stand around a point.
fn is_long_around(json: &[u8], point: usize) -> bool {
    let (before, behind) = json.split_at(point);
    let digits = |digits: &mut dyn Iterator<Item = &u8>| {
        digits.take(KEPT + 1).take_while(|digit| digit.is_ascii_digit()).count()
    };
    digits(&mut before.iter().rev()) + digits(&mut behind.iter().skip(1)) > KEPT
}

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '-' | '+' | '.' | 'e' | 'E')
}

fn number_length(from: &str) -> usize {
    from.find(|letter| !is_of_number(letter)).unwrap_or(from.len())
}

/// How long a text is, with its quotes.
fn text_length(from: &str) -> usize {
    let mut is_escaped = false;
    let end = from.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(from.len(), |end| end + 2)
}

/// Whether a number with a point, and without an exponent, has more digits than are kept; noughts around them are none.
fn has_more(token: &str) -> bool {
    let digits = token.trim_start_matches(['-', '0', '.']).trim_end_matches('0');
    token.contains('.')
        && digits.bytes().filter(u8::is_ascii_digit).count() > KEPT
        && !token.contains(['"', 'e', 'E'])
        && token.parse::<Number>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_number_with_more_digits_than_are_kept_is_read_as_it_is_written() {
        let long =
            r#"{"a": 123456789012345.25, "b": [-1234567.8901234567, 0.00000012345678901234567]}"#;
        let quoted = r#"{"a": "123456789012345.25", "b": ["-1234567.8901234567", "0.00000012345678901234567"]}"#;
        assert_eq!(exact(long), quoted);
        for same in [
            r#"{"a": 1.5, "b": 12345678901234567, "c": "123456789012345.25"}"#,
            r#"{"a": 1.5000000000000000000, "b": 0.0000000000000000015}"#,
            r#"{"text": "\\\"1234567890.123456789", "a": 1234567890.123456789e5}"#,
            r#"{"a": 1.2345678901234567.8, "b": -.12345678901234567, "c": "cut 1234567890.123456789"#,
        ] {
            assert_eq!(exact(same), same);
        }
        let text =
            exact(r#"{"时间": "a\"1.2345678901234567\\", "金额": 90071992547409.93}"#).into_owned();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&read["时间"], &read["金额"]),
            (&"a\"1.2345678901234567\\".into(), &"90071992547409.93".into())
        );
    }
}
