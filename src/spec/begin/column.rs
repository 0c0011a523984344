//! What is a column of a source called here, what is it, and does it tell of persons?

use std::collections::BTreeSet;

use super::super::schema::FieldKind;
use super::super::sniff;
use super::super::sniff::Personal;
use super::SHEET;
use super::SeenPeriod;
use super::SeenTable;
use super::list;
use crate::base::text::clean;
use crate::base::text::is_fault;

/// A column and what was guessed of it.
pub(super) struct Column {
    /// The source's name.
    pub(super) header: String,
    /// Ours.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: FieldKind,
    /// What it tells of persons.
    pub(super) personal: Option<Personal>,
    /// How many rows fill it.
    pub(super) filled: usize,
    /// Words in it that say that there is none.
    pub(super) nothing: BTreeSet<String>,
    /// How many values it has.
    pub(super) distinct: usize,
    /// How it is made, where the names of files tell it.
    pub(super) sql: Option<&'static str>,
    /// Whether it is the name of a sheet, and that tells no time and counts nothing.
    is_word: bool,
}

/// Words of headers of days that say what somebody or something is, and not when a row came about.
const ATTRIBUTES: [&str; 20] = [
    "出生",
    "生日",
    "入编",
    "入职",
    "入党",
    "参加工作",
    "任职",
    "聘用",
    "聘任",
    "毕业",
    "退休",
    "成立",
    "设立",
    "birth",
    "born",
    "hired",
    "hire_date",
    "joined",
    "founded",
    "established",
];

/// Words of headers of whom a row is about.
const UNITS: [&str; 19] = [
    "单位",
    "机构",
    "部门",
    "学校",
    "医院",
    "街道",
    "乡镇",
    "区县",
    "dwdm",
    "dwmc",
    "unit",
    "branch",
    "dept",
    "department",
    "organi",
    "office",
    "school",
    "site",
    "store",
];

/// Chinese words of headers, and ours; the first that is there counts.
const WORDS: [(&str, &str); 24] = [
    ("编号", "number"),
    ("编码", "code"),
    ("代码", "code"),
    ("序号", "line"),
    ("单号", "number"),
    ("名称", "title"),
    ("日期", "on_day"),
    ("时间", "at_time"),
    ("年度", "year"),
    ("月份", "month"),
    ("金额", "amount"),
    ("单价", "price"),
    ("数量", "quantity"),
    ("人数", "people"),
    ("面积", "area"),
    ("状态", "state"),
    ("类型", "kind"),
    ("类别", "category"),
    ("等级", "grade"),
    ("备注", "remark"),
    ("说明", "remark"),
    ("地址", "address"),
    ("部门", "department"),
    ("单位", "organisation"),
];

/// What people write where there is nothing to say.
const NOTHING: [&str; 11] = ["-", "--", "—", "——", "/", "\\", "无", "暂无", "N/A", "null", "NULL"];

/// Words of SQL, and our own names, that no column may have.
const TAKEN: [&str; 26] = [
    "all", "and", "as", "between", "by", "case", "date", "day", "else", "end", "exists", "from",
    "group", "in", "is", "not", "null", "or", "order", "select", "seen_on", "then", "time",
    "unit_id", "when", "where",
];

/// The columns of a table.
pub(super) fn columns(seen: &SeenTable) -> Vec<Column> {
    let mut names: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    let column = |(at, header): (usize, &String)| {
        let texts = seen.rows.iter().filter_map(|row| row.get(at)?.clone());
        // What a formula came to that came to nothing is a fault of its row, and says nothing of the column.
        let mut texts: Vec<String> = texts.filter(|text| !is_fault(text)).collect();
        let mut kind = sniff::kind(&texts);
        let mut nothing = BTreeSet::new();
        // Of texts they may be words like others; among days or numbers they are none.
        let is_nothing = |text: &String| NOTHING.contains(&text.as_str());
        if kind == FieldKind::Text && texts.iter().any(is_nothing) {
            let rest: Vec<String> =
                texts.iter().filter(|text| !is_nothing(text)).cloned().collect();
            kind = sniff::kind(&rest);
            if kind != FieldKind::Text {
                nothing = texts.into_iter().filter(is_nothing).collect();
                texts = rest;
            }
        }
        let distinct: BTreeSet<&String> = texts.iter().collect();
        let told = seen.kinds.get(at).copied().flatten();
        Column {
            header: header.clone(),
            name: free(&named(header, at), &mut names),
            kind: told.unwrap_or(kind),
            personal: personal(header, &texts),
            filled: texts.len(),
            nothing,
            distinct: distinct.len(),
            sql: None,
            is_word: header == SHEET && !texts.iter().any(|text| counts(text)),
        }
    };
    let mut columns: Vec<Column> = seen.headers.iter().enumerate().map(column).collect();
    columns.extend(seen.period.as_ref().map(|period| of_names(seen, period, &mut names)));
    columns
}

/// What a column tells of persons. One slip in a column of units takes it from nobody.
fn personal(header: &str, texts: &[String]) -> Option<Personal> {
    let is_free = || !names_units(header) && sniff::tells_freely(texts);
    sniff::personal(header, texts).or_else(|| is_free().then_some(Personal::Contact))
}

/// Whether a header says whom a row is about.
fn names_units(header: &str) -> bool {
    let header = clean(header).to_lowercase();
    let is_named = UNITS.iter().any(|word| header.contains(word));
    is_named && !["计量", "单价", "电话", "编制"].iter().any(|word| header.contains(word))
}

/// Whether the name of a sheet tells a time, or counts.
fn counts(sheet: &str) -> bool {
    sheet.contains(|c: char| c.is_ascii_digit() || "年季月旬周日".contains(c))
}

/// The column that the names of files tell.
fn of_names(seen: &SeenTable, period: &SeenPeriod, names: &mut BTreeSet<String>) -> Column {
    let word = match period.tells {
        "day" => "日期",
        "month" => "月份",
        "quarter" => "季度",
        "half_year" => "半年",
        "year" => "年度",
        _ => "编号",
    };
    let said: BTreeSet<&Option<String>> =
        seen.rows.iter().filter_map(|row| row.get(seen.headers.len())).collect();
    Column {
        header: format!("文件名中的{word}"),
        name: free(&format!("file_{}", period.tells), names),
        kind: if period.tells == "no" { FieldKind::Text } else { FieldKind::Day },
        personal: None,
        filled: seen.rows.len(),
        nothing: BTreeSet::new(),
        distinct: said.len(),
        sql: Some(period.sql),
        is_word: false,
    }
}

impl Column {
    /// Whether a day of it says what somebody or something is.
    pub(super) fn is_attribute(&self) -> bool {
        let header = clean(&self.header).to_lowercase();
        ATTRIBUTES.iter().any(|word| header.contains(word))
    }

    /// What people call it.
    pub(super) fn title(&self) -> &str {
        if self.header == SHEET { "工作表" } else { &self.header }
    }

    /// Whether it stands in the rows themselves, and not in the names of files and sheets.
    pub(super) fn is_read(&self) -> bool {
        self.sql.is_none() && self.header != SHEET
    }

    /// Whether it says whom a row is about: by its header, and because units come again.
    pub(super) fn is_unit(&self) -> bool {
        let is_named = names_units(&self.header) || self.is_word;
        is_named && self.filled > 0 && self.distinct <= 10_000
    }
}

/// The line of a stream that names its words for no value, where there are any.
pub(super) fn empty(columns: &[Column]) -> String {
    let words: BTreeSet<&str> =
        columns.iter().flat_map(|column| &column.nothing).map(String::as_str).collect();
    if words.is_empty() {
        return String::new();
    }
    format!("empty  = {}   # no value, wherever it stands alone\n", list(words))
}

fn named(header: &str, at: usize) -> String {
    let last = header.rsplit('/').next().unwrap_or(header);
    let word = WORDS.iter().find(|(word, _)| last.contains(word)).map(|(_, ours)| *ours);
    slug(last).or_else(|| word.map(str::to_owned)).unwrap_or_else(|| format!("column_{}", at + 1))
}

/// A text as a name of ours, where it has enough of the letters for one.
pub fn slug(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut was_small = false;
    for letter in clean(text).chars() {
        if letter.is_ascii_uppercase() && was_small {
            name.push('_');
        }
        was_small = letter.is_ascii_lowercase();
        match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => name.push(letter),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    let name: String = name.trim_matches('_').chars().take(40).collect();
    let letters = name.chars().filter(char::is_ascii_lowercase).count();
    (letters > 1 && name.starts_with(|first: char| first.is_ascii_lowercase())).then_some(name)
}

/// The name, or with a number the first that nobody has.
pub(super) fn free(name: &str, names: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while !names.insert(free.clone()) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

/// A header as an expression names it.
pub(super) fn quoted(header: &str) -> String {
    format!("\"{}\"", header.replace('"', "\"\""))
}
