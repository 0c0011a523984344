//! What does an office fill in whose system gives nothing yet? A workbook, a sheet a stream, that its connector
//! reads back: headers as the connector names them, a list to choose from where words are known, and a first
//! sheet that says what everything means.

use rust_xlsxwriter::Color;
use rust_xlsxwriter::DataValidation;
use rust_xlsxwriter::DataValidationErrorStyle;
use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use crate::spec::catalog::Catalog;
use crate::spec::connector::Ask;
use crate::spec::connector::Column;
use crate::spec::connector::Connector;
use crate::spec::connector::Identity;
use crate::spec::connector::Lookup;
use crate::spec::connector::Stream;
use crate::spec::connector::Which;
use crate::spec::connector::source_header;
use crate::spec::schema::Field;
use crate::spec::schema::FieldKind;

/// The sheet that says what everything means; no stream reads it.
const NOTES: &str = "说明";
/// What it says of a column.
const HEADS: [&str; 7] = ["表", "列", "必填", "类型", "可填写的值", "含义", "示例"];
/// The last row of a sheet, from 0.
const LAST_ROW: u32 = 1_048_575;
/// Characters of a list to choose from.
const LIST: usize = 255;

/// A sheet of a form.
struct Form<'f> {
    sheet: &'f str,
    heads: Vec<Head<'f>>,
}

/// A column of a sheet.
struct Head<'f> {
    header: &'f str,
    column: &'f Column,
    field: Option<&'f Field>,
    /// What may be chosen.
    words: Vec<&'f str>,
    /// Whether nothing else is understood.
    is_closed: bool,
}

/// Whether a connector reads what a form is: each stream one named sheet below one row of headers.
pub fn has_form(connector: &Connector) -> bool {
    connector.streams.iter().all(|stream| sheet(stream).is_some())
}

fn sheet(stream: &Stream) -> Option<&str> {
    let Ask::Files(ask) = &stream.ask else { return None };
    let Which::Named(names) = &ask.sheets else { return None };
    let is_plain = (ask.grid.header_from, ask.grid.header_to) == (1, 1) && ask.note.is_none();
    names.first().filter(|_| is_plain && names.len() == 1).map(String::as_str)
}

/// The bytes of the workbook that a connector's office fills in.
///
/// # Errors
/// More than a workbook holds.
pub fn form(catalog: &Catalog, connector: &Connector) -> Result<Vec<u8>, XlsxError> {
    let streams = connector.streams.iter();
    let forms = streams
        .filter_map(|stream| Some(Form { sheet: sheet(stream)?, heads: heads(catalog, stream) }));
    let forms: Vec<Form<'_>> = forms.collect();
    let mut book = Workbook::new();
    // The same home gives the same bytes, so that no clock is asked.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    notes(book.add_worksheet().set_name(NOTES)?, connector, &forms)?;
    for form in &forms {
        fill(book.add_worksheet().set_name(form.sheet)?, form)?;
    }
    book.save_to_buffer()
}

/// The headers that a stream reads, each with the column that tells most of it.
fn heads<'f>(catalog: &'f Catalog, stream: &'f Stream) -> Vec<Head<'f>> {
    let schema = catalog.schemas.get(&stream.into.value);
    let mut found: Vec<(&str, &Column)> = Vec::new();
    for column in &stream.columns {
        let mut see = |header: &'f str, is_own: bool| {
            if header.starts_with('_') || is_made(stream, header) {
                return;
            }
            match found.iter_mut().find(|(known, _)| *known == header) {
                Some((_, teller)) if is_own => *teller = column,
                Some(_) => {}
                None => found.push((header, column)),
            }
        };
        column.from.iter().for_each(|header| see(header, true));
        if let Some((_, expr)) = &column.sql {
            expr.each_column(&mut |header| see(header, false));
        }
    }
    let head = |(header, column): (&'f str, &'f Column)| {
        let field = schema.and_then(|schema| schema.field(&column.name));
        let (words, is_closed) = words(catalog, column, field);
        Head { header, column, field, words, is_closed }
    };
    found.into_iter().map(head).collect()
}

/// Whether a header is made of a person's number.
fn is_made(stream: &Stream, header: &str) -> bool {
    let base = source_header(header);
    base != header && stream.hidden(base).is_some()
}

/// The words that may be chosen, one a value, and whether there are no others.
fn words<'f>(
    catalog: &'f Catalog,
    column: &'f Column,
    field: Option<&'f Field>,
) -> (Vec<&'f str>, bool) {
    if !column.values.is_empty() {
        let mut seen: Vec<&Option<String>> = Vec::new();
        let words = column.values.iter().filter(|(_, value)| {
            let is_first = !seen.contains(&value);
            seen.push(value);
            is_first
        });
        return (words.map(|(word, _)| word.as_str()).collect(), true);
    }
    let Some(field) = field else { return (Vec::new(), false) };
    if field.kind == FieldKind::Flag {
        return (vec!["是", "否"], true);
    }
    let codes = field.codes.as_ref().and_then(|codes| catalog.codes.get(&codes.value));
    (codes.map_or_else(Vec::new, |codes| codes.words()), false)
}

impl Head<'_> {
    fn is_required(&self) -> bool {
        self.field.is_some_and(|field| field.is_required)
    }

    fn kind(&self) -> FieldKind {
        let is_plain = self.words.is_empty() && self.column.identity.is_none();
        self.field.map(|field| field.kind).filter(|_| is_plain).unwrap_or(FieldKind::Text)
    }

    /// Codes and numbers of people stay as they are typed only in a cell that is text.
    fn format(&self) -> Format {
        let format = Format::new();
        match self.kind() {
            FieldKind::Text | FieldKind::Flag => format.set_num_format("@"),
            FieldKind::Whole | FieldKind::Decimal(_) => format,
            FieldKind::Day => format.set_num_format("yyyy-mm-dd"),
            FieldKind::Instant => format.set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }

    fn title(&self) -> &'static str {
        match self.kind() {
            _ if !self.words.is_empty() => "选项",
            FieldKind::Text | FieldKind::Flag => "文本",
            FieldKind::Whole => "整数",
            FieldKind::Decimal(_) => "小数",
            FieldKind::Day => "日期",
            FieldKind::Instant => "日期时间",
        }
    }

    /// All words that are understood.
    fn choices(&self) -> String {
        let all: Vec<&str> = self.column.values.iter().map(|(word, _)| word.as_str()).collect();
        let words = if all.is_empty() { &self.words } else { &all };
        let more = if self.is_closed || words.is_empty() { "" } else { " 等" };
        words.join("、") + more
    }

    fn means(&self) -> String {
        match (self.column.identity, self.column.lookup) {
            (Some(Identity::CnId), _) => {
                return "18 位公民身份号码;读入时即换成假名,原号不存".to_owned();
            }
            (Some(Identity::Opaque), _) => return "读入时即换成假名,原文不存".to_owned(),
            (None, Some(Lookup::Unit)) => return "机构的全称、简称或惯用名".to_owned(),
            (None, Some(Lookup::Section)) => return "内设机构的名称".to_owned(),
            (None, None) => {}
        }
        let means = self.field.map_or("", |field| field.means.as_str());
        // Times are those of the clock on the wall.
        let parts = means.split([';', '·']).map(str::trim).filter(|part| *part != "UTC");
        let parts = parts.filter(|part| !part.is_empty() && !self.lists(part));
        parts.collect::<Vec<_>>().join(";")
    }

    /// Whether a part of the meaning only lists what may be chosen, perhaps beside our own codes.
    fn lists(&self, part: &str) -> bool {
        let is_code =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let is_number = |text: &str| text.parse::<u8>().is_ok();
        let names_code = part.split(' ').any(|text| is_code(text) || is_number(text));
        !self.words.is_empty() && (names_code || self.words.iter().any(|word| part.contains(word)))
    }

    fn example(&self) -> String {
        let least = self.field.and_then(|field| field.limits.minimum).filter(|least| *least > 0);
        let text = match (self.words.first(), self.kind()) {
            (Some(word), _) => word,
            (None, FieldKind::Whole) => return least.unwrap_or(3).to_string(),
            (None, FieldKind::Decimal(_)) => "1.5",
            (None, FieldKind::Day) => "2026-01-05",
            (None, FieldKind::Instant) => "2026-01-05 09:30:00",
            (None, FieldKind::Text | FieldKind::Flag) => match self.column.lookup {
                Some(Lookup::Unit) => "市人力资源和社会保障局",
                Some(Lookup::Section) => "就业促进科",
                None => "",
            },
        };
        text.to_owned()
    }
}

/// Which sheets may be empty.
fn empty(connector: &Connector) -> String {
    let filled = connector.streams.iter().filter(|stream| stream.contract.rows_min > 0);
    let filled: Vec<&str> = filled.filter_map(sheet).collect();
    if filled.is_empty() {
        return "没有内容的表可以留空".to_owned();
    }
    format!("{} 不得为空,其余没有内容的可以留空", filled.join("、"))
}

/// How the file must be called.
fn file_name(connector: &Connector) -> String {
    let sample = format!("{}_2026-01.xlsx", connector.name);
    let mut patterns = connector.streams.iter().filter_map(|stream| match &stream.ask {
        Ask::Files(ask) => Some(&ask.file),
        Ask::Http(_) | Ask::Sql(_) | Ask::Singer(_) => None,
    });
    match patterns.find(|pattern| !pattern.is_match(&sample)) {
        None => format!("文件名以 {} 开头,如 {sample}", connector.name),
        Some(pattern) => format!("文件名须符合 {}", pattern.as_str()),
    }
}

fn notes(page: &mut Worksheet, connector: &Connector, forms: &[Form<'_>]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let said = [
        format!("{}:填报工作簿", connector.title),
        file_name(connector),
        format!("每张表第一行是表头,不要改动;从第二行起一行一条;{}", empty(connector)),
        "编号、代码和证件号码须为文本;有下拉列表的列从中选取;着色的列必填".to_owned(),
    ];
    let mut row = 0;
    for line in &said {
        page.write_string(row, 0, line)?;
        row += 1;
    }
    row += 1;
    for (column, head) in (0_u16..).zip(HEADS) {
        page.write_string_with_format(row, column, head, &bold)?;
    }
    for (column, width) in (0_u16..).zip([18_u32, 26, 6, 10, 44, 44, 24]) {
        page.set_column_width(column, width)?;
    }
    for (form, head) in
        forms.iter().flat_map(|form| form.heads.iter().map(move |head| (form, head)))
    {
        row += 1;
        let required = if head.is_required() { "是" } else { "" };
        let (choices, means, example) = (head.choices(), head.means(), head.example());
        let cells = [form.sheet, head.header, required, head.title(), &choices, &means, &example];
        for (column, text) in (0_u16..).zip(cells) {
            page.write_string(row, column, text)?;
        }
    }
    Ok(())
}

fn fill(page: &mut Worksheet, form: &Form<'_>) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_num_format("@");
    let required = bold.clone().set_background_color(Color::RGB(0x00FF_F2CC));
    page.set_freeze_panes(1, 0)?;
    for (column, head) in (0_u16..).zip(&form.heads) {
        page.set_column_width(column, 20)?;
        page.set_column_format(column, &head.format())?;
        let format = if head.is_required() { &required } else { &bold };
        page.write_string_with_format(0, column, head.header, format)?;
        let length = head.words.iter().map(|word| word.chars().count() + 1).sum::<usize>();
        if !head.words.is_empty() && length <= LIST {
            page.add_data_validation(1, column, LAST_ROW, column, &list(head)?)?;
        }
    }
    Ok(())
}

/// A list to choose from; where other spellings are understood too, another word is only doubted.
fn list(head: &Head<'_>) -> Result<DataValidation, XlsxError> {
    let style = if head.is_closed {
        DataValidationErrorStyle::Stop
    } else {
        DataValidationErrorStyle::Warning
    };
    let list = DataValidation::new().allow_list_strings(&head.words)?;
    Ok(list.set_error_style(style))
}
