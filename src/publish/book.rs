//! What opens in Excel? Workbooks for people: metrics of units in the year that is told, a sheet a pipeline; scores; and
//! units. Codes are text, headers stand still, and the first sheet says what everything means.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use super::Label;
use super::PublishError;
use super::Resource;
use super::sheet::Sheet;
use super::sheet::Shown;
use super::sheet::number;
use super::text::text;
use super::wide;
use crate::base::cell::Cell;
use crate::frame::table;

/// Tables of the second and third workbook; the first is made of `metric_value`.
const DIMENSIONS: [&str; 2] = ["unit", "section"];
const METRICS: [&str; 2] = ["metric_value", "metric_definition"];

/// Rows of a sheet, the headers aside; Excel has 1,048,576.
const ROWS: usize = 1_000_000;

/// Characters of a cell; Excel has 32,767.
const LENGTH: usize = 32_000;

/// Characters of a sheet's name, a number aside; Excel has 31.
const NAME: usize = 26;

/// The workbooks of a release, by their files.
pub(super) fn books(
    label: &Label<'_>,
    release: &str,
    resources: &[Resource<'_>],
) -> Result<Vec<(&'static str, Vec<u8>)>, PublishError> {
    let of = |name: &str| resources.iter().find(|resource| resource.schema.name == name);
    let mut books = Vec::new();
    if let [Some(values), Some(definitions)] = METRICS.map(of) {
        let units = of("unit").map(|units| &units.table);
        let sheets = wide::sheets(&values.table, &definitions.table, (units, label.as_of))?;
        let mut notes = wide::notes(label.as_of);
        notes.push(Vec::new());
        notes.push(definitions.schema.fields.iter().map(|field| field.title.clone()).collect());
        let defined = sheet(definitions);
        let line = |row: &Vec<Shown>| row.iter().map(words).collect();
        notes.extend(defined.rows.iter().map(line));
        books.push(("metrics.xlsx", book((label, release), notes, &sheets)?));
    }
    let is_dimension = |it: &&Resource<'_>| DIMENSIONS.contains(&it.schema.name.as_str());
    let rest = resources.iter().filter(|it| !METRICS.contains(&it.schema.name.as_str()));
    let (dimensions, scores): (Vec<_>, Vec<_>) = rest.partition(is_dimension);
    for (file, tables) in [("scores.xlsx", scores), ("dimensions.xlsx", dimensions)] {
        if tables.is_empty() {
            continue;
        }
        let sheets: Vec<Sheet> = tables.iter().map(|table| sheet(table)).collect();
        let notes = tables.iter().flat_map(|table| columns(table)).collect();
        books.push((file, book((label, release), notes, &sheets)?));
    }
    Ok(books)
}

/// What the columns of a table mean.
fn columns(resource: &Resource<'_>) -> Vec<Vec<String>> {
    let head = vec![resource.schema.title.clone(), resource.schema.name.clone()];
    let field = resource.schema.fields.iter();
    let field = field.map(|it| vec![it.title.clone(), it.name.clone(), it.means.clone()]);
    [Vec::new(), head].into_iter().chain(field).collect()
}

/// All of a table.
fn sheet(resource: &Resource<'_>) -> Sheet {
    let fields = &resource.schema.fields;
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let rows = table::to_rows(&resource.table, &names).into_iter();
    Sheet {
        name: resource.schema.title.clone(),
        heads: fields.iter().map(|field| (field.title.clone(), field.name.clone())).collect(),
        fixed: 1,
        rows: rows.map(|row| row.iter().map(|cell| shown(cell.as_ref())).collect()).collect(),
    }
}

fn shown(cell: Option<&Cell>) -> Shown {
    match cell {
        None => Shown::Nothing,
        Some(Cell::Flag(flag)) => Shown::Text(if *flag { "是" } else { "否" }.to_owned()),
        Some(cell @ (Cell::Decimal(..) | Cell::Whole(_))) => {
            let written = text(cell);
            let decimals = written.split_once('.').map_or(0, |(_, part)| part.len());
            number(&written, decimals, false)
        }
        Some(cell) => Shown::Text(text(cell)),
    }
}

fn words(shown: &Shown) -> String {
    match shown {
        Shown::Nothing => String::new(),
        Shown::Text(text) => text.clone(),
        Shown::Number(number, ..) => number.to_string(),
    }
}

/// A workbook that says of itself that it was made at the night's cutoff.
fn book(
    (label, release): (&Label<'_>, &str),
    notes: Vec<Vec<String>>,
    sheets: &[Sheet],
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(label.created.as_second())?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let said = [
        ("标题", label.title.to_owned()),
        ("发布", release.to_owned()),
        ("数据夜", label.night.to_string()),
        ("截至", label.as_of.to_string()),
        ("取数时刻", label.created.to_string()),
        ("定义指纹", label.home.to_owned()),
    ];
    let run = said.into_iter().map(|(what, text)| vec![what.to_owned(), text]);
    let page = book.add_worksheet().set_name(NOTES)?;
    page.set_column_width(0, 24)?.set_column_width(1, 28)?.set_column_width(2, 60)?;
    for (row, line) in (0_u32..).zip(run.chain(notes)) {
        for (column, text) in (0_u16..).zip(&line) {
            page.write_string(row, column, cut(text))?;
        }
    }
    let mut taken = BTreeSet::from([NOTES.to_owned()]);
    let mut formats = BTreeMap::new();
    for sheet in sheets {
        let rows = sheet.rows.chunks(ROWS);
        for rows in rows.chain(sheet.rows.is_empty().then_some([].as_slice())) {
            let name = free(&sheet.name, &mut taken);
            fill(book.add_worksheet().set_name(name)?, (sheet, rows), &mut formats)?;
        }
    }
    book.save_to_buffer()
}

const NOTES: &str = "说明";

/// A name that Excel takes and no sheet has yet.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let fit = |character: char| if "[]:*?/\\'".contains(character) { ' ' } else { character };
    let name: String = name.chars().map(fit).take(NAME).collect();
    let name = if name.trim().is_empty() { "表".to_owned() } else { name.trim().to_owned() };
    let mut own = name.clone();
    let mut number = 2;
    while !taken.insert(own.to_lowercase()) {
        own = format!("{name} {number}");
        number += 1;
    }
    own
}

fn cut(text: &str) -> String {
    text.chars().take(LENGTH).collect()
}

fn fill(
    page: &mut Worksheet,
    (sheet, rows): (&Sheet, &[Vec<Shown>]),
    formats: &mut BTreeMap<(usize, bool), Format>,
) -> Result<(), XlsxError> {
    let (text, bold) = (Format::new().set_num_format("@"), Format::new().set_bold());
    page.set_freeze_panes(2, sheet.fixed)?;
    for (column, (title, name)) in (0_u16..).zip(&sheet.heads) {
        page.set_column_width(column, 16)?;
        page.write_string_with_format(0, column, cut(title), &bold)?;
        page.write_string_with_format(1, column, cut(name), &text)?;
    }
    for (row, cells) in (2_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Shown::Nothing => {}
                Shown::Text(words) => {
                    page.write_string_with_format(row, column, cut(words), &text)?;
                }
                Shown::Number(number, decimals, is_small) => {
                    let format = formats.entry((*decimals, *is_small));
                    let format = format.or_insert_with(|| format_of(*decimals, *is_small));
                    page.write_number_with_format(row, column, *number, format)?;
                }
            }
        }
    }
    Ok(())
}

fn format_of(decimals: usize, is_small: bool) -> Format {
    let places = if decimals == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(decimals)) };
    let format = Format::new().set_num_format(places);
    if is_small { format.set_italic() } else { format }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_name_that_excel_takes_and_that_no_other_has() {
        let mut taken = BTreeSet::from([NOTES.to_owned()]);
        let names =
            ["说明", "a/b", "A B", "'", "长".repeat(40).as_str()].map(|it| free(it, &mut taken));
        assert_eq!(names[..4], ["说明 2", "a b", "A B 2", "表"]);
        assert_eq!(names[4].chars().count(), 26);
    }
}
