//! How is Chinese set? Stops and brackets that follow a Chinese character are as wide as it is.

/// A text for a reader: half-width stops and brackets among Chinese become full-width ones.
pub(super) fn typeset(text: &str) -> String {
    let mut set = String::with_capacity(text.len());
    // Whether each bracket that is open is a full-width one.
    let mut open: Vec<bool> = Vec::new();
    let mut before = ' ';
    for letter in text.chars() {
        let is_among = is_chinese(before);
        let wide = match letter {
            '(' => {
                open.push(is_among);
                is_among.then_some('\u{ff08}')
            }
            ')' => open.pop().unwrap_or(false).then_some('\u{ff09}'),
            ',' if is_among => Some('\u{ff0c}'),
            ';' if is_among => Some('\u{ff1b}'),
            ':' if is_among => Some('\u{ff1a}'),
            _ => None,
        };
        before = wide.unwrap_or(letter);
        set.push(before);
    }
    set
}

/// A Chinese character, or a full-width closing bracket.
fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{ff09}' | '\u{300d}' | '\u{300b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_among_chinese_are_wide_and_those_of_formulas_are_not() {
        for (text, set) in [
            ("办结量,除以人数", "办结量\u{ff0c}除以人数"),
            (
                "满编率(用编率):见 GREATEST(a, b)",
                "满编率\u{ff08}用编率\u{ff09}\u{ff1a}见 GREATEST(a, b)",
            ),
            ("on_time (x, y): 12:30", "on_time (x, y): 12:30"),
            ("办件(service_case);其余", "办件\u{ff08}service_case\u{ff09}\u{ff1b}其余"),
        ] {
            assert_eq!(typeset(text), set);
        }
    }
}
