//! Where does the table stand in a sheet? Below its notes, under a header of one or several rows, above its
//! totals and signatures.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::blank;
use crate::base::text::clean;
use crate::base::text::squeeze;
use crate::extract::grid;
use crate::extract::header;
use crate::extract::sheet::Cell;
use crate::extract::sheet::Line;
use crate::extract::sheet::Sheet;
use crate::spec::connector::Grid;
use crate::spec::schema::FieldKind;
use crate::spec::sniff;

/// The header is sought in so many rows.
const ABOVE: u32 = 30;

/// A header has no more rows than this.
const DEEPEST: u32 = 5;

/// A text of a header is no longer than this.
const LONGEST: usize = 40;

/// What ends a table stands among so many of its last rows.
const LAST: usize = 6;

/// What a row that ends a table begins with.
const ENDS: [&str; 12] = [
    "合计",
    "总计",
    "填表人",
    "制表人",
    "审核人",
    "填报人",
    "注:",
    "备注:",
    "说明:",
    "Total",
    "Note",
    "共 ",
];

/// Who signs below a table, as far as what is told behind it; a unit may begin with the same letters. It cannot fail to
/// be a pattern.
static SIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let who = "本?单位|部门|科室|主要|分管|主管";
    let what = "负责|制表|填表|填报|填写|制单|经办|审核|复核|审批|签发|主管|领导|联系|统计|报送|上报|报出|打印|导出";
    let of = "签字|签名|签章|盖章|公章|电话|方式|日期|时间";
    Regex::new(&format!(
        r"^(?:(?:{who})?(?:{what})(?:人员?|单位|部门|领导)?(?:{of})?(?:\((?:{of})\))?:|(?:日期|电话|附注|公章|盖章):|\((?:单位)?(?:{of})\)|(?:{who})?(?:{what})人$|负责人)"
    ))
    .ok()
});

/// Those of them that are sums.
const SUMS: [&str; 3] = ["合计", "总计", "Total"];

/// What a row within a table begins with that is none of its own.
const BETWEEN: [&str; 3] = ["小计", "合计", "Subtotal"];

/// How the name of a row ends that is the sum of some, and what it is if it is a part of one.
const PARTIAL: [&str; 5] = ["合计", "小计", "总计", "累计", "其中"];

/// What a row below a sum holds it against, and is none of the table's own.
const COMPARED: [&str; 7] = ["同期", "同比", "环比", "占比", "增长", "上年", "上月"];

/// Where the table stands; none where no row looks like a header.
pub(super) fn of(sheet: &Sheet) -> Option<Grid> {
    let width = sheet.lines.iter().map(|line| filled_to(&line.cells)).max().filter(|it| *it > 0)?;
    let found = header(sheet, width)?;
    let is_grouped =
        |row: &u32| header::is_grouped(sheet, *row) && is_words(sheet, *row + 1, width);
    let grouped = [found - 1, found].into_iter().filter(|row| *row > 0).find(is_grouped);
    let from = grouped.unwrap_or(found);
    let to = grouped.map_or_else(|| last_row(sheet, from, width), |upper| upper + 1);
    let fill_down = covered_below(sheet, from, to);
    let mut grid = Grid { fill_down, ..Grid::at(from, to) };
    let again = grid::again(sheet, &grid);
    let is_own =
        |line: &&Line| line.number > to && !again.contains(&line.number) && !grid::is_page(line);
    let below = sheet.lines.iter().filter(is_own);
    let mut rows: Vec<Below<'_>> = below.filter_map(Below::of).collect();
    let other = another(sheet, &grid, &rows);
    rows.truncate(other.as_ref().map_or(rows.len(), |(at, _)| *at));
    let is_row = |row: &&Below<'_>| {
        row.end().or_else(|| row.partial()).or_else(|| row.begins(&BETWEEN)).is_none()
    };
    let own = rows.iter().filter(is_row).map(|row| row.line);
    grid.fill_blank = blank::columns(sheet, &grid, own);
    let (skip, mut end) = marks(&rows);
    end.extend(other.into_iter().flat_map(|(_, words)| words));
    grid.skip = skip.into_iter().collect();
    grid.end = end.into_iter().collect();
    Some(grid)
}

/// The row of the header. Columns that are hardly ever filled need no name where else none is found, and two tables
/// side by side are found so that they can be told.
fn header(sheet: &Sheet, width: usize) -> Option<u32> {
    let is_used = |at: &usize| {
        let filled =
            sheet.lines.iter().filter(|line| line.cells.get(*at).is_some_and(Option::is_some));
        filled.count() * 5 >= sheet.lines.len()
    };
    let used = (0..width).filter(is_used).count();
    let least = if width == 1 { 1 } else { 2 };
    let all = Names { width, wide: width, least, is_twice: false };
    let most = Names { wide: used, least: 3, ..all };
    let twice = Names { wide: used, is_twice: true, ..all };
    let found = |names: &Names| (1..=ABOVE).find(|row| is_header(sheet, *row, names));
    [all, most, twice].iter().find_map(found)
}

/// How a row names columns that is a header.
#[derive(Clone, Copy)]
struct Names {
    /// How many columns there are, and of how many most are named.
    width: usize,
    wide: usize,
    /// At least so many names stand there.
    least: usize,
    /// Whether all of them stand there twice.
    is_twice: bool,
}

fn filled_to(cells: &[Cell]) -> usize {
    cells.iter().rposition(Option::is_some).map_or(0, |at| at + 1)
}

/// Whether a row names most columns, and names them apart.
fn is_header(sheet: &Sheet, row: u32, names: &Names) -> bool {
    let texts: Vec<&String> = (0..names.width).filter_map(|at| sheet.covered(row, at)).collect();
    let distinct: BTreeSet<&String> = texts.iter().copied().collect();
    let words = distinct.iter().filter(|text| is_name(text)).count();
    // A row that tells of a person is one of the table's own.
    let is_person = texts.iter().any(|text| sniff::told(text).is_some());
    let is_wide = texts.len() * 10 >= names.wide * 6;
    let is_apart = if names.is_twice {
        let (left, right) = texts.split_at(texts.len() / 2);
        left == right
    } else {
        distinct.len() * 10 >= texts.len() * 6 || spans(sheet, row).next().is_some()
    };
    let is_enough = distinct.len() >= names.least;
    !is_person && is_wide && is_apart && is_enough && words * 10 >= distinct.len() * 9
}

/// Whether a text may be the name of a column.
fn is_name(text: &str) -> bool {
    let text = clean(text);
    // What stands in brackets says how it is counted: (单位:件).
    let name = text.split('(').next().unwrap_or_default();
    text.chars().count() <= LONGEST
        && (!name.contains(':') || is_path(name))
        && sniff::kind(&[text]) == FieldKind::Text
}

/// Whether a text is a name in parts, as logs of events have it: `case:concept:name`.
fn is_path(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic();
    name.split(':').all(|part| part.starts_with(is_letter) && !part.contains(' '))
}

/// The merged cells that begin in a row and cover several columns, but not a title's.
fn spans(sheet: &Sheet, row: u32) -> impl Iterator<Item = &calamine::Dimensions> {
    sheet
        .merged
        .iter()
        .flatten()
        .filter(move |cells| cells.start.0 + 1 == row && cells.end.1 > cells.start.1)
}

/// The last row of the header: below merged cells stand the names of their parts.
fn last_row(sheet: &Sheet, from: u32, width: usize) -> u32 {
    let mut to = from;
    let mut row = from;
    while row <= to && row < from + DEEPEST {
        for cells in sheet.merged.iter().flatten().filter(|cells| cells.start.0 + 1 == row) {
            to = to.max(cells.end.0 + 1);
        }
        if spans(sheet, row).next().is_some() && is_words(sheet, row + 1, width) {
            to = to.max(row + 1);
        }
        row += 1;
    }
    to.min(from + DEEPEST - 1)
}

/// Whether a row says only words, as the lower row of a header does.
fn is_words(sheet: &Sheet, row: u32, width: usize) -> bool {
    let texts: Vec<String> =
        (0..width).filter_map(|at| sheet.covered(row, at)).map(|text| clean(text)).collect();
    let is_word = |text: &String| sniff::kind(std::slice::from_ref(text)) == FieldKind::Text;
    !texts.is_empty() && texts.iter().all(is_word)
}

/// A row below the header that says something.
struct Below<'s> {
    line: &'s Line,
    /// What its first filled cell says, and the same as words are sought in it.
    text: String,
    squeezed: String,
}

impl Below<'_> {
    fn of(line: &Line) -> Option<Below<'_>> {
        let first = line.cells.iter().flatten().next()?;
        Some(Below { line, text: clean(first), squeezed: squeeze(first) })
    }

    /// The word of a list that it begins with. Offices write `合　计`; a word with a blank in it means that blank, as
    /// every night reads it.
    fn begins(&self, words: &[&str]) -> Option<String> {
        let is_one = |word: &&&str| {
            let text = if word.contains(' ') { &self.text } else { &self.squeezed };
            text.starts_with(**word)
        };
        words.iter().find(is_one).map(|word| (*word).to_owned())
    }

    fn filled(&self) -> impl Iterator<Item = &String> {
        self.line.cells.iter().flatten()
    }

    /// How many cells stand behind its first one, and how many of them are figures.
    fn figures(&self) -> (usize, usize) {
        let behind = || self.filled().skip(1);
        (behind().count(), behind().filter(|text| is_figure(text)).count())
    }

    /// Whether what stands behind its name are mostly figures, as in a row of the table.
    fn is_counted(&self) -> bool {
        let (all, figures) = self.figures();
        figures > 0 && figures * 2 >= all
    }

    /// The word by which it is known as the end of a table.
    fn end(&self) -> Option<String> {
        let signed = || Some(SIGNED.as_ref()?.find(&self.squeezed)?.as_str().to_owned());
        let word = self.begins(&ENDS).or_else(signed)?;
        // 负责人变更登记 is counted as others are.
        let is_item = word.ends_with('人') && !self.text.contains(':') && self.is_counted();
        (!is_item).then_some(word)
    }

    /// The word by which it is known as the sum of some rows, or as a part of one.
    fn partial(&self) -> Option<String> {
        let part = "其中:";
        if self.squeezed.starts_with(part) {
            return Some(part.to_owned());
        }
        if !PARTIAL.iter().any(|word| self.squeezed.ends_with(word)) || self.begins(&SUMS).is_some()
        {
            return None;
        }
        let (all, figures) = self.figures();
        (figures > 0 && figures == all).then(|| self.squeezed.clone())
    }
}

fn is_figure(text: &str) -> bool {
    let plain = clean(text).replace(',', "");
    plain.trim_end_matches('%').parse().is_ok_and(f64::is_finite)
}

/// The words by which rows between, and the row that ends the table, are known.
fn marks(rows: &[Below<'_>]) -> (BTreeSet<String>, BTreeSet<String>) {
    let last = rows.len().saturating_sub(LAST);
    let mut end: BTreeSet<String> = rows.iter().skip(last).filter_map(Below::end).collect();
    // A sum that stands first, or again and again, ends nothing: rows that it sums up stand below.
    let over = rows.first().filter(|_| rows.len() > 1).and_then(|row| row.begins(&SUMS));
    let among: Vec<String> =
        end.iter().filter(|word| is_among(word, rows)).cloned().chain(over).collect();
    let is_item = |word: &str| {
        let is_one = |row: &Below<'_>| row.squeezed.starts_with(word) && row.is_counted();
        word.ends_with('人') && rows.iter().any(is_one)
    };
    end.retain(|word| !among.contains(word) && !is_item(word));
    let between = rows.iter().take(last).filter_map(|row| row.begins(&BETWEEN));
    let between = between.chain(rows.iter().filter_map(|row| row.begins(&BETWEEN[..1])));
    let partial: Vec<String> = rows.iter().filter_map(Below::partial).collect();
    // Where most of them are called so, they are what the table is about.
    let is_few = partial.len() * 2 <= rows.len();
    let mut partial: BTreeSet<String> = partial.into_iter().filter(|_| is_few).collect();
    // 其中村 is no part of anything.
    partial.retain(|word| {
        let is_other = |row: &Below<'_>| row.squeezed.starts_with(word) && row.squeezed != *word;
        word.ends_with(':') || !rows.iter().any(is_other)
    });
    let mut skip: BTreeSet<String> = between.chain(partial).chain(among).collect();
    skip.retain(|word| !end.contains(word));
    (skip, end)
}

/// Whether rows of the table stand below a sum, of which there are more, or that many of them.
fn is_among(word: &str, rows: &[Below<'_>]) -> bool {
    let is_one = |row: &&Below<'_>| row.begins(&[word]).is_some();
    let is_marked = |row: &&Below<'_>| row.end().or_else(|| row.partial()).is_some();
    let is_row = |row: &&Below<'_>| {
        row.is_counted() && !is_marked(row) && !COMPARED.iter().any(|word| row.text.contains(word))
    };
    let below = rows.iter().skip_while(|row| !is_one(row)).skip_while(is_marked);
    let least = if rows.iter().filter(is_one).count() > 1 { 1 } else { 3 };
    SUMS.contains(&word) && below.take_while(is_row).count() >= least
}

/// Where another table begins below the first, and the words that it begins with: its title, or its header below a row
/// left empty, whose words stand over figures and below figures.
fn another(sheet: &Sheet, grid: &Grid, rows: &[Below<'_>]) -> Option<(usize, Vec<String>)> {
    let is_head = |line: &&Line| (grid.header_from..=grid.header_to).contains(&line.number);
    let heads: Vec<&Line> = sheet.lines.iter().filter(is_head).collect();
    let known: BTreeSet<String> = heads
        .iter()
        .flat_map(|line| line.cells.iter().flatten())
        .map(|text| squeeze(text))
        .collect();
    let begins = |(at, row): (usize, &Below<'_>)| {
        let (above, below) = (rows.get(..at)?, rows.get(at + 1..)?);
        let is_title = |row: &&Below<'_>| row.filled().count() == 1 && row.end().is_none();
        let titles = above.iter().rev().take(3).take_while(is_title).count();
        let begin = at - titles;
        let table = above.get(..begin)?;
        let is_apart = titles > 0 || above.last()?.line.number + 1 < row.line.number;
        if !is_apart || !names_others(row, &known) || !stands_between(row, table, below) {
            return None;
        }
        let title = rows.get(begin)?.squeezed.split(':').next()?.to_owned();
        let is_free = |word: &String| {
            word.chars().count() > 1
                && word.chars().count() <= LONGEST
                && !known.contains(word)
                && !table.iter().any(|row| row.squeezed.starts_with(word.as_str()))
        };
        let words: Vec<String> =
            [title, row.squeezed.clone()].into_iter().filter(is_free).collect();
        (!words.is_empty()).then_some((begin, words))
    };
    rows.iter().enumerate().skip(1).find_map(begins)
}

/// Whether a row says nothing but different words, some of them no header's.
fn names_others(row: &Below<'_>, known: &BTreeSet<String>) -> bool {
    let texts: Vec<String> = row.filled().map(|text| squeeze(text)).collect();
    let distinct: BTreeSet<&String> = texts.iter().collect();
    let of_both = distinct.iter().filter(|text| known.contains(**text)).count();
    distinct.len() == texts.len()
        && of_both < texts.len()
        && texts.len() + of_both > 2
        && texts.iter().all(|text| is_name(text) && sniff::told(text).is_none())
}

/// Whether a word of a row stands below figures of one table and over figures of another.
fn stands_between(row: &Below<'_>, table: &[Below<'_>], below: &[Below<'_>]) -> bool {
    let has = |row: &Below<'_>, at: usize| {
        let text = row.line.cells.get(at).and_then(Option::as_ref);
        text.is_some_and(|text| is_figure(text) || sniff::kind(&[clean(text)]) != FieldKind::Text)
    };
    let last = || table.iter().rev().take(20).filter(|row| row.filled().count() > 1);
    let is_one = |at: usize| {
        let is_word = row.line.cells.get(at).is_some_and(Option::is_some);
        let figures = last().filter(|row| has(row, at)).count();
        is_word
            && figures > 0
            && figures * 2 >= last().count()
            && below.iter().take(3).any(|row| has(row, at))
    };
    (0..row.line.cells.len()).any(is_one)
}

/// The columns whose merged cells hold for every row they cover.
fn covered_below(sheet: &Sheet, from: u32, to: u32) -> Vec<String> {
    let below = sheet.merged.iter().flatten().filter(|cells| {
        cells.start.0 + 1 > to && cells.end.0 > cells.start.0 && cells.start.1 == cells.end.1
    });
    let columns: BTreeSet<u32> = below.map(|cells| cells.start.1).collect();
    let name = |column: &u32| {
        let at = usize::try_from(*column).ok()?;
        let name = header::joined((from..=to).map(|row| sheet.covered(row, at)));
        (!name.is_empty()).then_some(name)
    };
    columns.iter().filter_map(name).collect()
}
