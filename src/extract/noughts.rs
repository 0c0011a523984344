//! Which cells show noughts before their number? Codes are kept as numbers under a format such as `000000`, and a person
//! reads `001234`. Whoever reads the values of an XLSX tells nothing of that format, so its parts are looked through.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::parcel;

/// How many digits the cells of a sheet show at least, by row and column from 0; those of other formats are not there.
pub(super) type Widths = BTreeMap<(u32, u32), usize>;

/// A tag, with or without its namespace, and its attributes. None of these patterns can fail to be one.
static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"<(?:\w+:)?(sheet|Relationship|numFmt|cellXfs|cellStyleXfs|xf|c)((?:\s[^<>]*?)?)/?>",
    )
    .ok()
});
static ATTRIBUTES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\s(?:\w+:)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')"#).ok());

/// A format that only fills up, perhaps with another one for what is below nought.
static FORMAT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(00+)(?:_.|\\ )?(?:;.*)?$").ok());

/// The tags of a part that are looked for: their names and attributes.
fn tags(part: &str) -> impl Iterator<Item = (&str, BTreeMap<&str, &str>)> {
    let tags = TAGS.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(part));
    tags.filter_map(|tag| {
        let (_, [name, all]) = tag.extract();
        let all = ATTRIBUTES.as_ref()?.captures_iter(all).filter_map(|it| {
            Some((it.get(1)?.as_str(), it.get(2).or_else(|| it.get(3))?.as_str()))
        });
        Some((name, all.collect()))
    })
}

/// The widths of a sheet of an XLSX; of another archive none.
pub(super) fn widths(book: &[u8], sheet: &str) -> Widths {
    let part = |name: &str| parcel::part(book, name);
    let styles = part("xl/styles.xml").map(|text| styles(&text)).unwrap_or_default();
    if styles.is_empty() {
        return Widths::new();
    }
    let path = path(book, sheet).and_then(|path| part(&path));
    path.map(|text| cells(&text, &styles)).unwrap_or_default()
}

/// The part that holds a sheet.
fn path(book: &[u8], sheet: &str) -> Option<String> {
    let (list, links) =
        (parcel::part(book, "xl/workbook.xml")?, parcel::part(book, "xl/_rels/workbook.xml.rels")?);
    let is_it = |name: &str| {
        let plain =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        plain.iter().fold(name.to_owned(), |name, (coded, own)| name.replace(coded, own)) == sheet
    };
    let mut sheets = tags(&list).filter(|(name, _)| *name == "sheet");
    let own = sheets.find(|(_, all)| all.get("name").is_some_and(|name| is_it(name)))?;
    let id = *own.1.get("id")?;
    let mut links = tags(&links).filter(|(name, _)| *name == "Relationship");
    let target = *links.find(|(_, all)| all.get("Id") == Some(&id))?.1.get("Target")?;
    Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

/// How wide the styles of cells are that fill up, by their number.
fn styles(text: &str) -> BTreeMap<usize, usize> {
    let (mut formats, mut widths) = (BTreeMap::new(), BTreeMap::new());
    let mut of_cells = None;
    for (name, all) in tags(text) {
        match (name, all.get("numFmtId")) {
            ("numFmt", Some(id)) => {
                let width = all
                    .get("formatCode")
                    .and_then(|code| Some(FORMAT.as_ref()?.captures(code)?.get(1)?.as_str().len()));
                formats.extend(width.map(|width| (*id, width)));
            }
            ("cellXfs", _) => of_cells = Some(0),
            ("cellStyleXfs", _) => of_cells = None,
            ("xf", id) => {
                if let Some(number) = &mut of_cells {
                    let width = id.and_then(|id| formats.get(id));
                    widths.extend(width.map(|width| (*number, *width)));
                    *number += 1;
                }
            }
            _ => {}
        }
    }
    widths
}

/// The cells of those styles.
fn cells(text: &str, styles: &BTreeMap<usize, usize>) -> Widths {
    let cells = tags(text).filter(|(name, _)| *name == "c");
    cells
        .filter_map(|(_, all)| {
            let width = styles.get(&all.get("s")?.parse().ok()?)?;
            Some((place(all.get("r")?)?, *width))
        })
        .collect()
}

/// The row and the column of a name such as `AB12`, from 0.
fn place(name: &str) -> Option<(u32, u32)> {
    let (letters, row) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let digit = u32::from(letter.checked_sub(b'A')?) + 1;
        column.checked_mul(26)?.checked_add(digit)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_formats_that_fill_up_widen_a_cell() {
        let text = r#"<x:styleSheet><x:numFmts><x:numFmt numFmtId="164" formatCode="000000"/>
            <x:numFmt numFmtId='165' formatCode='0.00'/><x:numFmt formatCode="0000;[Red]-0000" numFmtId="166"/>
            <x:numFmt numFmtId="167" formatCode="000.0"/></x:numFmts>
            <x:cellStyleXfs><x:xf numFmtId="164"/></x:cellStyleXfs>
            <x:cellXfs count="4"><x:xf numFmtId="0"/><x:xf numFmtId="164" fontId="1"><x:alignment/></x:xf>
            <x:xf numFmtId="167"/><x:xf numFmtId="166"/></x:cellXfs></x:styleSheet>"#;
        let styles = styles(text);
        assert_eq!(styles, BTreeMap::from([(1, 6), (3, 4)]));
        let sheet = r#"<row r="2"><c r="A2" s="1"><v>12</v></c><c s="3" r="AB2"/><c r="C2" s="2"/><c r="D2"/></row>"#;
        assert_eq!(cells(sheet, &styles), Widths::from([((1, 0), 6), ((1, 27), 4)]));
        assert_eq!((place("A0"), place("12"), place("B")), (None, None, None));
    }
}
