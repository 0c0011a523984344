//! How is a cell of text made comparable? Offices paste full-width digits, line feeds and invisible
//! characters; two spellings that a reader cannot tell apart become one.

use std::borrow::Cow;

use unicode_normalization::IsNormalized;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::is_nfkc_quick;

/// The text in NFKC, which most texts are in already.
fn composed(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfkc().collect()),
    }
}

/// The text in NFKC without line feeds, tabs and invisible characters, trimmed, with single blanks.
pub fn clean(text: &str) -> String {
    cleaned(text).into_owned()
}

/// The same, the text itself where nothing of it needs cleaning.
pub fn cleaned(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for letter in composed(text).chars().filter(|letter| !is_invisible(*letter)) {
        if !letter.is_whitespace() {
            cleaned.push(letter);
        } else if !cleaned.is_empty() && !cleaned.ends_with(' ') {
            cleaned.push(' ');
        }
    }
    if cleaned.ends_with(' ') {
        cleaned.pop();
    }
    Cow::Owned(cleaned)
}

/// The same of a text that is read as a number or a time: a line break in it parts what stands around it, and a text with a
/// digit that stands for something else, an exponent or the mark of a footnote, stays as it is, which is no number.
pub fn figure(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let parted: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let is_wide = |letter: char| ('\u{ff00}'..='\u{ffef}').contains(&letter);
    let is_mark = |letter: char| {
        !letter.is_ascii() && !is_wide(letter) && letter.nfkc().any(|it| it.is_ascii_digit())
    };
    if parted.chars().any(is_mark) { Cow::Owned(parted) } else { Cow::Owned(clean(&parted)) }
}

/// Whether nothing of a text needs cleaning, as far as that is seen at a glance: of ASCII and the common
/// ideographs, which are written in one way only.
fn is_clean(text: &str) -> bool {
    let mut was_blank = true;
    let is_plain = text.chars().all(|letter| {
        let is_blank = letter == ' ';
        let is_doubled = is_blank && was_blank;
        was_blank = is_blank;
        !is_doubled
            && (is_blank
                || letter.is_ascii_graphic()
                || ('\u{4e00}'..='\u{9fff}').contains(&letter))
    });
    is_plain && (!was_blank || text.is_empty())
}

/// The cleaned text without any blank, for names of units and people: `张　三` is `张三`.
pub fn squeeze(text: &str) -> String {
    let is_shown = |letter: &char| !is_invisible(*letter) && !letter.is_whitespace();
    composed(text).chars().filter(is_shown).collect()
}

/// Whether a text is what a spreadsheet shows where a formula came to nothing: no name of anything.
pub fn is_fault(text: &str) -> bool {
    const FAULTS: [&str; 9] =
        ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#DATA!", "#FORMULA"];
    FAULTS.contains(&text)
}

/// A word as it is typed into a shell: in quotes where it would be several.
pub fn typed(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:@%+=,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text of somebody else, fit for a report: one line, not long, and long runs of digits, which may
/// be numbers of people, struck out.
pub fn quoted(text: &str) -> String {
    let mut line = String::new();
    let mut digits = 0_u32;
    for letter in clean(text).chars().take(200) {
        digits = if letter.is_ascii_digit() { digits + 1 } else { 0 };
        if digits == 9 {
            line.truncate(line.len() - 8);
            line.push('…');
        }
        if digits < 9 {
            line.push(letter);
        }
    }
    line
}

/// A text of this program that may repeat words of others, as [`quoted`] and without those words: what
/// stands between quotation marks, and whatever is no ASCII.
pub fn without_words(text: &str) -> String {
    let mut line = String::new();
    let (mut is_marked, mut is_escaped) = (false, false);
    for letter in quoted(text).chars() {
        let is_mark = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        if is_mark {
            is_marked = !is_marked;
            line.push_str(if is_marked { "\"…" } else { "\"" });
            continue;
        }
        if is_marked {
            continue;
        }
        if letter.is_ascii() {
            line.push(letter);
        } else if !line.ends_with('…') {
            line.push('…');
        }
    }
    line
}

/// Control characters, zero-width blanks and joiners, direction marks, the byte order mark.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{00ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_cannot_tell_apart_becomes_one() {
        for (text, cleaned, squeezed) in [
            ("", "", ""),
            (" \u{3000}\u{feff}", "", ""),
            ("JN0001-3 b", "JN0001-3 b", "JN0001-3b"),
            ("a  b", "a b", "ab"),
            (" a", "a", "a"),
            ("a\u{7f}\n", "a", "a"),
            ("５１９９０２Ⅹ", "519902X", "519902X"),
            ("张\u{3000}三", "张 三", "张三"),
            ("  a \u{a0} b ", "a b", "ab"),
            ("市人社\r\n局\t", "市人社局", "市人社局"),
            ("zero\u{200b}width", "zerowidth", "zerowidth"),
            ("嘉宁市（公章）", "嘉宁市(公章)", "嘉宁市(公章)"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
            assert_eq!(squeeze(text), squeezed, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_typed_so_that_a_shell_takes_it_as_one() {
        let words =
            [("市人社局", "市人社局"), ("JN0001-3", "JN0001-3"), ("Fire Dept", "'Fire Dept'")];
        for (word, as_typed) in
            words.into_iter().chain([("O'Neil & Co", r"'O'\''Neil & Co'"), ("", "''")])
        {
            assert_eq!(typed(word), as_typed);
        }
    }

    #[test]
    fn a_figure_is_not_joined_of_two_and_no_mark_is_a_digit_of_it() {
        for (text, read) in [
            ("12", "12"),
            (" 1 \n2 ", "1 2"),
            ("5\t6", "5 6"),
            ("1\r\n000", "1 000"),
            ("1\u{0}1", "1 1"),
            ("2026-03-05\n10:00", "2026-03-05 10:00"),
            ("\u{feff}12\n", "12"),
            ("１２．５", "12.5"),
            ("10²", "10²"),
            ("12①", "12①"),
            ("½", "½"),
        ] {
            assert_eq!(figure(text), read, "{text:?}");
        }
    }

    #[test]
    fn the_words_of_others_are_struck_out_of_what_a_program_says() {
        for (text, left) in [
            ("index 7 is out of bounds", "index 7 is out of bounds"),
            (
                "called `unwrap()` on an `Err` value: E(\"Li \\\" Si\", 3)",
                "called `unwrap()` on an `Err` value: E(\"…\", 3)",
            ),
            ("byte 1 is inside '欧' of `欧阳`", "byte 1 is inside '…' of `…`"),
            ("\"never ended", "\"…"),
            ("\"\" and 519902198703051234", "\"…\" and …"),
        ] {
            assert_eq!(without_words(text), left, "{text}");
        }
    }

    #[test]
    fn a_long_number_in_the_words_of_others_is_struck_out() {
        assert_eq!(quoted("单号 20260105\n有误"), "单号 20260105有误");
        assert_eq!(quoted("519902198703051234 不合法"), "… 不合法");
        assert_eq!(quoted("51990219870305123X"), "…X");
    }
}
