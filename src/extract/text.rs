//! How is a text file read as a table? As its mark or the connector says, else in UTF-8 if it can be,
//! else in GB18030; its fields apart at tabs or commas, each row with the line it begins on.

use std::borrow::Cow;

use encoding_rs::Encoding;
use encoding_rs::GB18030;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;

use super::sheet::DITTO;
use super::sheet::Line;
use super::sheet::Sheet;
use crate::spec::connector::Script;

/// A text file.
pub(super) struct Text<'b> {
    name: &'b str,
    all: Cow<'b, str>,
    /// Whether some bytes were none.
    is_damaged: bool,
}

/// A text as sheets of so many lines, each with the header.
pub(super) struct Pieces<'t> {
    text: &'t Text<'t>,
    records: csv::StringRecordsIntoIter<&'t [u8]>,
    delimiter: u8,
    place: Counted,
    /// The last line of the header, and those up to it.
    header: u32,
    heads: Vec<Line>,
    most: usize,
    /// How many there were.
    given: usize,
}

/// A text file as one sheet of lines. The line `header` tells what stands between fields.
///
/// # Errors
/// What makes it no table.
pub(super) fn sheet(
    name: &str,
    bytes: &[u8],
    stated: Option<Script>,
    header: u32,
) -> Result<Sheet, String> {
    let text = Text::read(name, bytes, stated)?;
    let mut pieces = text.pieces((header, header), usize::MAX);
    pieces.next().unwrap_or_else(|| Err("it is empty".to_owned()))
}

impl<'b> Text<'b> {
    /// Reads it.
    ///
    /// # Errors
    /// What makes it no table.
    pub(super) fn read(
        name: &'b str,
        bytes: &'b [u8],
        stated: Option<Script>,
    ) -> Result<Text<'b>, String> {
        let (text, is_damaged) = decode(bytes, stated);
        if let Some(why) = no_table(bytes, &text) {
            return Err(why.to_owned());
        }
        Ok(Text { name, all: lines_of(text), is_damaged })
    }

    /// Whether some line may say what the one above it says.
    pub(super) fn has_ditto(&self) -> bool {
        DITTO.iter().any(|mark| self.all.contains(mark))
    }

    /// Its lines, so many at a time; between which lines the header stands.
    pub(super) fn pieces(&self, (from, to): (u32, u32), most: usize) -> Pieces<'_> {
        let at = usize::try_from(from).unwrap_or(usize::MAX).saturating_sub(1);
        let names = self.all.lines().nth(at).unwrap_or_default();
        let delimiter = delimiter(names);
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.all.as_bytes());
        Pieces {
            text: self,
            records: reader.into_records(),
            delimiter,
            place: Counted::default(),
            header: to,
            heads: Vec::new(),
            most,
            given: 0,
        }
    }
}

impl Pieces<'_> {
    fn line(&mut self, record: &csv::StringRecord) -> Line {
        let byte = record.position().map_or(0, csv::Position::byte);
        let number = self.place.line(self.text.all.as_bytes(), byte);
        let cells = record.iter().map(|field| Some(said(field)).filter(|text| !text.is_empty()));
        Line { number, cells: cells.map(|text| text.map(str::to_owned)).collect() }
    }

    /// What is wrong with a quote that has made one row of several lines: it was meant as a letter, or the other one was
    /// forgotten.
    fn torn(&self, record: &csv::StringRecord) -> Option<&'static str> {
        if !record.iter().any(|field| field.contains('\n')) {
            return None;
        }
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        let begin = at(record.position().map_or(0, csv::Position::byte));
        let end = at(self.records.reader().position().byte());
        torn(self.text.all.as_bytes().get(begin..end).unwrap_or_default(), self.delimiter)
    }
}

/// What is wrong with the quotes of a record, if anything is.
fn torn(record: &[u8], delimiter: u8) -> Option<&'static str> {
    let (mut is_begin, mut is_quoted) = (true, false);
    let mut bytes = record.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if is_quoted && byte == b'"' && bytes.next_if_eq(&b'"').is_none() {
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t') && *byte != delimiter;
            while bytes.next_if(is_blank).is_some() {}
            let is_end = |byte: &u8| *byte == delimiter || matches!(byte, b'\r' | b'\n');
            if !bytes.peek().is_none_or(is_end) {
                return Some(
                    "ends within a field of a line below, and the rows between would be one: write a quote that is a letter twice",
                );
            }
            is_quoted = false;
        } else if !is_quoted {
            is_quoted = is_begin && byte == b'"';
            is_begin = byte == delimiter || matches!(byte, b'\r' | b'\n');
        }
    }
    is_quoted.then_some("is never closed")
}

impl Iterator for Pieces<'_> {
    type Item = Result<Sheet, String>;

    fn next(&mut self) -> Option<Result<Sheet, String>> {
        let mut lines = self.heads.clone();
        let heads = lines.len();
        while lines.len() - heads < self.most
            && let Some(record) = self.records.next()
        {
            let line = match record {
                Ok(record) if let Some(why) = self.torn(&record) => {
                    let number = self.line(&record).number;
                    return Some(Err(format!("the quote on line {number} {why}")));
                }
                Ok(record) => self.line(&record),
                Err(fault) => return Some(Err(format!("line by line: {:?}", fault.kind()))),
            };
            if line.number <= self.header {
                self.heads.push(line.clone());
            }
            lines.push(line);
        }
        // An empty text is one sheet too.
        if lines.len() == heads && self.given > 0 {
            return None;
        }
        self.given += 1;
        Some(Ok(Sheet {
            source: self.text.name.to_owned(),
            name: None,
            lines,
            merged: Some(Vec::new()),
            is_text: true,
            is_damaged: self.text.is_damaged,
        }))
    }
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

/// What a field says: `="0017"` and `'0017` are how programs keep a spreadsheet from counting.
fn said(field: &str) -> &str {
    let field = field.trim();
    let kept = field.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let kept = kept.filter(|text| !text.contains('"'));
    // The last letter of a number of a person may be an X.
    let is_number = |text: &&str| {
        let digits = text.strip_suffix(['X', 'x']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let marked = || field.strip_prefix('\'').filter(is_number);
    kept.or_else(marked).unwrap_or(field).trim()
}

/// The text as lines: old systems end them with `\r` alone, and a file with Ctrl-Z.
fn lines_of(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_old = text.contains('\r') && !text.contains('\n');
    match text {
        Cow::Borrowed(text) if !is_old => Cow::Borrowed(text.trim_end_matches('\u{1a}')),
        text if is_old => Cow::Owned(text.trim_end_matches('\u{1a}').replace('\r', "\n")),
        text => {
            let mut text = text.into_owned();
            text.truncate(text.trim_end_matches('\u{1a}').len());
            Cow::Owned(text)
        }
    }
}

/// Why a file is no table of text, if it is none.
fn no_table(bytes: &[u8], text: &str) -> Option<&'static str> {
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    if begins(b"%PDF-") {
        return Some("it is a PDF: ask for the table that it was printed from");
    }
    if begins(b"Rar!") || begins(b"7z\xbc\xaf\x27\x1c") {
        return Some("it is an archive that can't be opened here: pack it as a ZIP");
    }
    if text.contains('\0') {
        return Some("it is neither a workbook nor a text");
    }
    is_page(text).then_some("it is a web page under another name: open it in a spreadsheet program, and save it as a workbook")
}

/// Whether a text is HTML or the XML of a spreadsheet, which many systems export as `.xls`.
fn is_page(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(9).collect::<String>().to_lowercase();
    ["<html", "<!doctype", "<table", "<?xml", "<meta", "<style"]
        .iter()
        .any(|tag| begin.starts_with(tag))
}

/// The text, and whether some bytes were none. A mark at its beginning is believed before the connector.
pub fn decode(bytes: &[u8], stated: Option<Script>) -> (Cow<'_, str>, bool) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
    }
    let encoding = match stated {
        Some(Script::Utf8) => UTF_8,
        Some(Script::Utf16Le) => UTF_16LE,
        Some(Script::Utf16Be) => UTF_16BE,
        Some(Script::Gb18030) => GB18030,
        None => guessed(bytes),
    };
    if encoding == GB18030 && bytes.split(|byte| *byte == b'\n').any(is_utf8) {
        let bytes = unsaid(bytes);
        let (text, is_damaged) = encoding.decode_without_bom_handling(&bytes);
        return (Cow::Owned(text.into_owned()), is_damaged);
    }
    encoding.decode_without_bom_handling(bytes)
}

/// Whether a line of a text in GB18030 was added to it in UTF-8. The bytes of the common letters of GB18030 are all
/// beyond 0xA0, and those of a whole line are hardly ever UTF-8 by chance.
fn is_utf8(line: &[u8]) -> bool {
    line.iter().any(|byte| (0x80..=0xa0).contains(byte))
        && std::str::from_utf8(line).is_ok_and(|text| {
            let letters = || text.chars().filter(|letter| !letter.is_ascii());
            letters().count() > 1 && letters().all(|letter| letter.len_utf8() == 3)
        })
}

/// The bytes of a text in GB18030, none of them a letter in the lines that are in UTF-8.
fn unsaid(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let lines = bytes.split_mut(|byte| *byte == b'\n').filter(|line| is_utf8(line));
    lines.flatten().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = 0xff);
    bytes
}

/// GB18030, where a text that is said to be in it is UTF-8 by chance, as `路` in GBK is: Chinese in UTF-8 has letters of
/// three bytes.
pub(super) fn in_gb18030(bytes: &[u8]) -> Option<Script> {
    let is_short = |text: &str| !text.is_ascii() && text.chars().all(|c| c.len_utf8() < 3);
    std::str::from_utf8(bytes).is_ok_and(is_short).then_some(Script::Gb18030)
}

/// The encoding of a text that tells none: in UTF-16 line feeds are two bytes, and of UTF-8 some may be broken.
fn guessed(bytes: &[u8]) -> &'static Encoding {
    let has = |line_feed: [u8; 2]| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        rest.is_empty() && pairs.contains(&line_feed)
    };
    if has([b'\n', 0]) {
        return UTF_16LE;
    }
    if has([0, b'\n']) {
        return UTF_16BE;
    }
    let (text, is_broken) = UTF_8.decode_without_bom_handling(bytes);
    if !is_broken {
        // `女` alone in GB18030 would be `Ů`, of letters that no office writes.
        let mut letters = text.chars().filter(|letter| !letter.is_ascii()).peekable();
        let is_chance = letters.peek().is_some()
            && letters.all(|letter| ('\u{100}'..'\u{800}').contains(&letter));
        return if is_chance { GB18030 } else { UTF_8 };
    }
    // A text in GB18030 read so is broken nearly everywhere, and hardly has a letter of three bytes.
    let broken = text.matches(char::REPLACEMENT_CHARACTER).count();
    let whole = text.chars().filter(|letter| letter.len_utf8() == 3).count() - broken;
    if whole > broken { UTF_8 } else { GB18030 }
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
    fn chinese_letters_that_are_utf_8_by_chance_are_chinese() {
        for letter in ["女", "一", "未", "通"] {
            let text = format!("id,xb\n1,{letter}\n2,{letter}\n");
            let (gb18030, ..) = GB18030.encode(&text);
            assert!(std::str::from_utf8(&gb18030).is_ok());
            assert_eq!(texts(&gb18030), texts(text.as_bytes()));
        }
        assert_eq!(texts("id,size\n1,3×4 m²\n".as_bytes())[1], ["1", "3×4 m²"]);
    }

    #[test]
    fn utf_16_without_a_mark_is_found_and_broken_utf_8_stays_utf_8() {
        let text = "单位,件数\r\n人社局,1\r\n民政局,2\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert_eq!(texts(&bytes), texts(text.as_bytes()));
        }
        let (gb18030, _, _) = GB18030.encode("财政局,3\r\n");
        let mixed = [text.as_bytes(), &gb18030].concat();
        let mixed_sheet = sheet("x.csv", &mixed, None, 1).unwrap();
        assert!(mixed_sheet.is_damaged, "its last row is known to be broken");
        assert_eq!(texts(&mixed)[1], ["人社局", "1"]);
        // Cut within a letter.
        assert_eq!(texts(&text.as_bytes()[..text.len() - 10])[..2], texts(text.as_bytes())[..2]);
        let (whole, _, _) = GB18030.encode(text);
        assert_eq!(texts(&whole), texts(text.as_bytes()));
    }

    #[test]
    fn a_line_of_utf_8_in_a_text_of_gb18030_is_known_to_be_broken() {
        let (old, _, _) = GB18030.encode("单位,件数\r\n财政局,1\r\n民政局,2\r\n通,3\r\n");
        assert!(!sheet("x.csv", &old, None, 1).unwrap().is_damaged);
        let mixed = [&old[..], "交通局,\"4\"\r\n".as_bytes()].concat();
        for stated in [None, Some(Script::Gb18030)] {
            let read = sheet("x.csv", &mixed, stated, 1).unwrap();
            assert!(read.is_damaged, "its last row is known to be broken");
        }
        let rows = texts(&mixed);
        assert_eq!(
            (rows[1].as_slice(), rows[3][0].as_str()),
            (&["财政局", "1"].map(str::to_owned)[..], "通")
        );
        assert!(rows[4][0].chars().all(|letter| letter == char::REPLACEMENT_CHARACTER));
        assert_eq!(rows[4][1], "4");
    }

    #[test]
    fn lines_and_fields_of_old_programs_are_read() {
        let rows = [["a", "b"], ["007", "1"], ["008", "2"]];
        for text in [
            "a,b\r007,1\r008,2\r",
            "a,b\n=\"007\",1\n\"=\"\"008\"\"\",2\n\u{1a}",
            "a,b\n'007,1\n\"'008\",2\n",
        ] {
            assert_eq!(texts(text.as_bytes()), rows, "{text:?}");
        }
        let kept = ["'", "'90s", "'5'", "51990219870305123X"];
        assert_eq!(texts(b"','90s,'5','51990219870305123X\n"), [kept]);
        for (bytes, why) in [
            (&b"%PDF-1.7\n"[..], "it is a PDF"),
            (b"Rar!\x1a\x07", "pack it as a ZIP"),
            (b"7z\xbc\xaf\x27\x1cx", "pack it as a ZIP"),
        ] {
            let fault = sheet("x", bytes, None, 1).map(drop).unwrap_err();
            assert!(fault.contains(why), "{fault}");
        }
    }

    #[test]
    fn a_long_text_is_read_a_piece_at_a_time_each_with_its_header() {
        let rows: Vec<String> = (0..7).map(|row| format!("{row},\"a\nb\"\r\n")).collect();
        let text = format!("note\r\nid,says\r\n{}", rows.concat());
        let read = Text::read("x.csv", text.as_bytes(), None).unwrap();
        let numbers = |most| -> Vec<Vec<u32>> {
            let pieces = read.pieces((2, 2), most).map(Result::unwrap);
            pieces.map(|piece| piece.lines.iter().map(|line| line.number).collect()).collect()
        };
        assert_eq!(numbers(usize::MAX), [[1, 2, 3, 5, 7, 9, 11, 13, 15]]);
        assert_eq!(numbers(4), [vec![1, 2, 3, 5], vec![1, 2, 7, 9, 11, 13], vec![1, 2, 15]]);
        // Cut within the header, which is what the next one begins with.
        assert_eq!(numbers(1)[..3], [vec![1], vec![1, 2], vec![1, 2, 3]]);
        assert_eq!(numbers(9).len(), 1);
        assert!(
            !read.has_ditto() && Text::read("x", "a,〃\n".as_bytes(), None).unwrap().has_ditto()
        );
        assert_eq!(Text::read("x", b"", None).unwrap().pieces((1, 1), 5).count(), 1);
    }

    #[test]
    fn quotes_that_are_letters_do_not_make_rows_one() {
        let why = |text: &str| sheet("x.csv", text.as_bytes(), None, 1).map(drop).err();
        for text in [
            "id,title,n\r\n1,a,1\r\n2,\"cut,2\r\n3,c,3\r\n4,\"d,4\r\n",
            "id,n\n1,\"cut\n2,x\n3,\"\"\"y\n",
            "id;n\n\"1;2\n\"2;3\n",
        ] {
            let fault = why(text).unwrap_or_default();
            assert!(
                fault.contains("the quote on line") && fault.contains("twice"),
                "{text} {fault}"
            );
        }
        for text in [
            "id,n\n1,\"two\nlines\"\n2,\"he said \"\"yes\"\",\nand went\" ,\n3,5\"\n4,6\"\n",
            "id,n\n1,\"a\"b\n",
            "id\tn\n1\t\"two\nlines\"\t\n",
        ] {
            assert_eq!(why(text), None, "{text}");
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
