//! Which cells of a sheet in the `OpenDocument` form are merged? Whoever reads its values says nothing of them, so the
//! text of the document is looked through for its tables, rows and cells.

use std::io::Cursor;
use std::io::Read as _;
use std::sync::LazyLock;

use calamine::Dimensions;
use regex::Captures;
use regex::Regex;
use zip::ZipArchive;

/// A row or a column beyond this is none of a spreadsheet.
const MOST: u32 = 1 << 21;

/// The tags that place a cell. None of these patterns can fail to be one.
static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"<(/?)table:(table|table-row|table-cell|covered-table-cell)((?:\s[^<>]*?)?)(/?)>")
        .ok()
});
static COUNTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"table:number-(rows|columns)-(repeated|spanned)\s*=\s*["'](\d+)["']"#).ok()
});
static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"table:name\s*=\s*(?:"([^"]*)"|'([^']*)')"#).ok());

/// The merged cells of the `at`th sheet, from 0.
///
/// # Errors
/// Why the document cannot be looked through.
pub(super) fn merged(book: &[u8], at: usize) -> Result<Vec<Dimensions>, String> {
    let fault = |fault: &dyn std::fmt::Display| format!("its merged cells can't be read: {fault}");
    let mut archive = ZipArchive::new(Cursor::new(book)).map_err(|it| fault(&it))?;
    let mut text = String::new();
    let mut content = archive.by_name("content.xml").map_err(|it| fault(&it))?;
    content.read_to_string(&mut text).map_err(|it| fault(&it))?;
    Ok(of_text(&text, at))
}

/// How often a row or a cell stands there, and how far a cell reaches.
#[derive(Clone, Copy)]
struct Counts {
    repeated: u32,
    rows: u32,
    columns: u32,
}

fn counts(attributes: &str) -> Counts {
    let mut counts = Counts { repeated: 1, rows: 1, columns: 1 };
    let Some(pattern) = COUNTS.as_ref() else { return counts };
    for found in pattern.captures_iter(attributes) {
        let number = found[3].parse().unwrap_or(MOST).clamp(1, MOST);
        match (&found[1], &found[2]) {
            (_, "repeated") => counts.repeated = number,
            ("rows", _) => counts.rows = number,
            _ => counts.columns = number,
        }
    }
    counts
}

fn of_text(text: &str, at: usize) -> Vec<Dimensions> {
    let mut merged = Vec::new();
    let Some(pattern) = TAGS.as_ref() else { return merged };
    let is_named =
        |found: &Captures<'_>| NAME.as_ref().is_some_and(|name| name.is_match(&found[3]));
    let (mut sheets, mut row, mut column, mut next_row) = (0_usize, 0_u32, 0_u32, 0_u32);
    for found in pattern.captures_iter(text) {
        if &found[1] == "/" {
            continue;
        }
        let counts = counts(&found[3]);
        match &found[2] {
            "table" => {
                sheets += usize::from(is_named(&found));
                (row, column, next_row) = (0, 0, 0);
            }
            "table-row" => {
                (row, column) = (next_row, 0);
                next_row = next_row.saturating_add(counts.repeated).min(MOST);
            }
            _ => {
                if sheets == at + 1 && (counts.rows > 1 || counts.columns > 1) {
                    let end = (row + counts.rows - 1, column + counts.columns - 1);
                    merged.push(Dimensions { start: (row, column), end });
                }
                column = column.saturating_add(counts.repeated).min(MOST);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_placed_by_what_stands_before_them() {
        let text = r#"<table:table table:name="甲"><table:table-row><table:table-cell
            table:number-columns-spanned="2"/></table:table-row></table:table>
            <table:table table:name="乙 &gt; 丙" table:style-name="t">
            <table:table-column table:number-columns-repeated="9"/>
            <table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>
            <table:table-row><table:table-cell table:number-columns-repeated='2'/>
            <table:table-cell table:number-columns-spanned="1" table:number-rows-spanned="4"><text:p>a</text:p>
            </table:table-cell><table:covered-table-cell/></table:table-row></table:table>"#;
        let at = |start, end| Dimensions { start, end };
        assert_eq!(of_text(text, 0), [at((0, 0), (0, 1))]);
        assert_eq!(of_text(text, 1), [at((3, 2), (6, 2))]);
        assert_eq!(of_text(text, 2), []);
    }
}
