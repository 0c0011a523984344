//! How is a text file read as a table? As its mark or the connector says, else in UTF-8 if it can be,
//! else in GB18030; its fields apart at tabs or commas, each row with the line it begins on.

use std::borrow::Cow;

use encoding_rs::Encoding;
use encoding_rs::GB18030;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;

use super::sheet::Line;
use super::sheet::Sheet;
use crate::spec::connector::Script;

/// A text file as a sheet of lines. The line `header` tells what stands between fields.
///
/// # Errors
/// What makes it no table.
pub(super) fn sheet(
    name: &str,
    bytes: &[u8],
    stated: Option<Script>,
    header: u32,
) -> Result<Sheet, String> {
    let (text, is_damaged) = decode(bytes, stated);
    if text.contains('\0') {
        return Err("it is neither a workbook nor a text".to_owned());
    }
    if is_page(&text) {
        return Err("it is a web page under another name: open it in a spreadsheet program, and save it as a workbook".to_owned());
    }
    let at = usize::try_from(header).unwrap_or(usize::MAX).saturating_sub(1);
    let names = text.lines().nth(at).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(names))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    let mut place = Counted::default();
    for record in reader.records() {
        let record = record.map_err(|fault| format!("line by line: {:?}", fault.kind()))?;
        let number = place.line(text.as_bytes(), record.position().map_or(0, csv::Position::byte));
        let cells = record.iter().map(|field| Some(field.trim()).filter(|text| !text.is_empty()));
        let cells = cells.map(|text| text.map(str::to_owned)).collect();
        lines.push(Line { number, cells });
    }
    Ok(Sheet {
        source: name.to_owned(),
        name: None,
        lines,
        merged: Vec::new(),
        is_text: true,
        is_damaged,
        has_open_quote: text.matches('"').count() % 2 == 1,
    })
}

/// How many lines begin up to a byte. The reader's own count is one behind after `\r\n`.
#[derive(Default)]
struct Counted {
    byte: usize,
    breaks: u32,
}

impl Counted {
    /// The line of a record that the reader begins at a byte, perhaps on the line breaks before it.
    fn line(&mut self, text: &[u8], byte: u64) -> u32 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        let rest = text.get(byte..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begins = byte.saturating_add(blank);
        let passed = text.get(self.byte..begins).unwrap_or_default();
        let breaks = passed.split(|byte| *byte == b'\n').skip(1).count();
        self.breaks = self.breaks.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.byte = begins;
        self.breaks + 1
    }
}

/// What stands between the fields of a header: what is there most often, and of equals the comma.
pub(super) fn delimiter(header: &str) -> u8 {
    let often = |mark: &u8| header.bytes().filter(|byte| byte == mark).count();
    [b'|', b';', b'\t', b','].into_iter().max_by_key(often).unwrap_or(b',')
}

/// Whether a text is HTML or the XML of a spreadsheet, which many systems export as `.xls`.
fn is_page(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(9).collect::<String>().to_lowercase();
    ["<html", "<!doctype", "<table", "<?xml", "<meta", "<style"]
        .iter()
        .any(|tag| begin.starts_with(tag))
}

/// The text, and whether some bytes were none. A mark at its beginning is believed before the connector.
pub(super) fn decode(bytes: &[u8], stated: Option<Script>) -> (Cow<'_, str>, bool) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
    }
    let encoding = match stated {
        Some(Script::Utf8) => UTF_8,
        Some(Script::Utf16Le) => UTF_16LE,
        Some(Script::Utf16Be) => UTF_16BE,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        Some(Script::Gb18030) | None => GB18030,
    };
    encoding.decode_without_bom_handling(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<Vec<String>> {
        let lines = sheet("x.csv", bytes, None, 1).unwrap().lines;
        let cells = |line: Line| line.cells.into_iter().map(Option::unwrap_or_default).collect();
        lines.into_iter().map(cells).collect()
    }

    #[test]
    fn the_encoding_and_the_delimiter_are_found() {
        let expected = vec![
            vec!["单位".to_owned(), "𬭚".to_owned()],
            vec!["人社局".to_owned(), "1".to_owned()],
        ];
        let text = "单位,𬭚\r\n\"人社局\", 1\r\n";
        let (gb18030, _, _) = GB18030.encode(text);
        let marked = format!("\u{feff}{text}");
        let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &gb18030, marked.as_bytes(), &wide] {
            assert_eq!(texts(bytes), expected);
        }
        for mark in ["\t", ";", "|"] {
            assert_eq!(texts(text.replace(',', mark).as_bytes()), expected, "{mark}");
        }
    }

    #[test]
    fn a_row_is_known_by_the_line_it_begins_on() {
        let sheet = sheet("x.csv", b"a,b\r\n\r\n\"1\n2\",3\r\n4,5\r\n", None, 1).unwrap();
        let numbers: Vec<u32> = sheet.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 5]);
    }

    #[test]
    fn bytes_of_no_encoding_are_noticed() {
        assert!(sheet("x.csv", b"a,b\n1,\xff\xff\n", None, 1).unwrap().is_damaged);
        assert!(sheet("x.csv", b"a\0b", None, 1).is_err());
    }

    #[test]
    fn a_page_is_no_table_of_text() {
        for page in ["<html><table>", "\r\n<!DOCTYPE html>", "<?xml version=\"1.0\"?><Workbook>"] {
            let fault = sheet("x.xls", page.as_bytes(), None, 1).map(drop).unwrap_err();
            assert!(fault.contains("a web page under another name"), "{fault}");
        }
        assert!(sheet("x.csv", b"<5,a\n1,2\n", None, 1).is_ok());
    }
}
