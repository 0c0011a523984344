//! Which columns make a row itself? Those that the source names, else the fewest that are never empty and
//! never the same twice.

use std::collections::BTreeSet;

use super::super::schema::FieldKind;
use super::super::sniff::Personal;
use super::SHEET;
use super::SeenTable;
use super::column::Column;
use crate::base::text::clean;

/// So many columns are tried in pairs.
const PAIRED: usize = 8;

/// In fewer rows than this amounts may be other in each of them by chance.
const BY_CHANCE: usize = 100;

/// Words of headers that tell what a report is about.
const PERIODS: [&str; 9] =
    ["月份", "年月", "年度", "季度", "期间", "报告期", "year", "quarter", "month"];

/// Words of headers that number things.
const NUMBERED: [&str; 8] = ["编号", "编码", "代码", "单号", "号", "id", "code", "no"];

/// Where the columns of the key stand; none where no columns tell every row apart.
pub(super) fn of(seen: &SeenTable, columns: &[Column]) -> Option<Vec<usize>> {
    let told = seen.key.iter().map(|name| columns.iter().position(|it| it.header == *name));
    if let Some(told) = told.collect::<Option<Vec<usize>>>().filter(|told| !told.is_empty()) {
        return Some(told);
    }
    // That of an identity card is taken only where nothing else tells rows apart; either becomes a pseudonym.
    let plain = |column: &Column| column.personal.is_none_or(|of| of == Personal::Staff);
    let numbered = |column: &Column| plain(column) || column.personal == Some(Personal::Number);
    let found = fewest(seen, columns, &plain).or_else(|| fewest(seen, columns, &numbered))?;
    Some(with_period(seen, columns, found))
}

/// A report has a row a unit, and the next one has the same units: what it is about is a part of the key too.
fn with_period(seen: &SeenTable, columns: &[Column], key: Vec<usize>) -> Vec<usize> {
    if seen.names_key || !is_report(columns, &key) {
        return key;
    }
    let is_known = |column: &Column| {
        is_period(column) && column.personal.is_none() && column.filled == seen.rows.len()
    };
    let named = columns.iter().position(is_known).filter(|at| !key.contains(at));
    key.into_iter().chain(named).collect()
}

/// A key that the next file or sheet does not meet again; that of a report has what the names tell. Where the names of
/// files count and no number is in the key, the day of a row belongs to it; where no column tells a time, its sheet.
pub(super) fn beside(
    seen: &SeenTable,
    columns: &[Column],
    (key, time): (Vec<usize>, Option<usize>),
) -> Vec<usize> {
    if is_report(columns, &key) {
        return key;
    }
    let of = |at: &usize| columns.get(*at);
    let is_numbered = key.iter().filter_map(of).any(|column| rank(column) == 0);
    let is_full = |at: &usize| of(at).is_some_and(|column| column.filled == seen.rows.len());
    let more = match time {
        Some(time) => Some(time).filter(|at| seen.period.is_some() && !is_numbered && is_full(at)),
        None => columns.iter().position(|column| column.header == SHEET),
    };
    let more = more.filter(|at| !key.contains(at));
    key.into_iter().chain(more).collect()
}

/// Whether a key is a unit, maybe in a sheet, and nothing else.
pub(super) fn is_report(columns: &[Column], key: &[usize]) -> bool {
    let of = |at: &usize| columns.get(*at);
    let others = key.iter().filter_map(of).filter(|column| column.header != SHEET).count();
    let units = key.iter().filter_map(of).filter(|column| column.is_unit()).count();
    others <= 1 && units > 0 && units >= others
}

fn is_period(column: &Column) -> bool {
    let header = column.header.to_lowercase();
    !column.is_read() || PERIODS.iter().any(|word| header.contains(word))
}

/// All columns that are no person's: rows that are the same in each of them are the same row.
pub(super) fn all(columns: &[Column]) -> Vec<usize> {
    let is_free = |at: &usize| columns.get(*at).is_some_and(|column| column.personal.is_none());
    (0..columns.len()).filter(is_free).collect()
}

fn fewest(
    seen: &SeenTable,
    columns: &[Column],
    may: &dyn Fn(&Column) -> bool,
) -> Option<Vec<usize>> {
    // Lines are counted anew in every file: the next one would take the place of this one.
    let may = |column: &Column| may(column) && (seen.names_key || !counts_lines(column));
    let is_candidate = |column: &Column| {
        let is_amount = matches!(column.kind, FieldKind::Decimal(_));
        !is_amount && may(column) && column.filled == seen.rows.len()
    };
    let mut candidates: Vec<usize> =
        (0..columns.len()).filter(|at| columns.get(*at).is_some_and(is_candidate)).collect();
    // A stable order: what is called a number first, a mere count of lines last.
    candidates.sort_by_key(|at| columns.get(*at).map(rank));
    if seen.rows.is_empty() {
        return candidates.first().map(|first| vec![*first]);
    }
    // How many there are of something tells rows apart by chance: only where nothing else does.
    let is_number = |at: &&usize| is_by_chance(seen, columns, &[**at]);
    let named: Vec<usize> = candidates.iter().filter(|at| !is_number(at)).copied().collect();
    // Of several units each has its first quarter, however few rows were looked at.
    let has_unit = named.iter().any(|at| columns.get(*at).is_some_and(Column::is_unit));
    let alone = |at: &&usize| !(has_unit && columns.get(**at).is_some_and(is_period));
    let one = named.iter().filter(alone).find(|at| is_key(seen, &[**at])).map(|at| vec![*at]);
    let some = |all: &[usize], most: usize| {
        let all = all.get(..PAIRED.min(all.len())).unwrap_or_default();
        (2..=most).find_map(|size| chosen(all, size).into_iter().find(|some| is_key(seen, some)))
    };
    let by_number = || candidates.iter().find(|at| is_key(seen, &[**at])).map(|at| vec![*at]);
    one.or_else(|| some(&named, 3)).or_else(|| some(&candidates, 2)).or_else(by_number)
}

/// Every choice of so many, in the order in which they stand.
fn chosen(all: &[usize], size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut choices = Vec::new();
    for (nth, first) in all.iter().enumerate() {
        for rest in chosen(all.get(nth + 1..).unwrap_or_default(), size - 1) {
            choices.push(std::iter::once(*first).chain(rest).collect());
        }
    }
    choices
}

fn counts_lines(column: &Column) -> bool {
    let header = clean(&column.header).to_lowercase();
    header.contains("序号") || header == "no."
}

/// Whether it may be by chance that columns tell rows apart: there are few, and some of them say how many.
pub(super) fn is_by_chance(seen: &SeenTable, columns: &[Column], key: &[usize]) -> bool {
    let is_amount = |at: &usize| columns.get(*at).is_some_and(|column| rank(column) == AMOUNT);
    seen.rows.len() < BY_CHANCE && !seen.rows.is_empty() && key.iter().any(is_amount)
}

/// The rank of a column that counts something.
const AMOUNT: u8 = 5;

fn rank(column: &Column) -> u8 {
    let header = clean(&column.header).to_lowercase();
    let is_named = |words: &[&str]| words.iter().any(|word| header.ends_with(word));
    match column.kind {
        _ if is_named(&NUMBERED) && !counts_lines(column) => 0,
        _ if column.is_unit() => 1,
        _ if is_period(column) => 2,
        _ if counts_lines(column) || header.starts_with("column ") => 4,
        FieldKind::Day | FieldKind::Instant | FieldKind::Flag => 4,
        FieldKind::Whole | FieldKind::Decimal(_) => AMOUNT,
        FieldKind::Text => 3,
    }
}

/// How many rows some columns tell apart.
pub(super) fn apart(seen: &SeenTable, places: &[usize]) -> usize {
    let cells = |row: &Vec<Option<String>>| {
        places.iter().map(|at| row.get(*at).cloned().flatten()).collect::<Vec<_>>()
    };
    seen.rows.iter().map(cells).collect::<BTreeSet<_>>().len()
}

fn is_key(seen: &SeenTable, places: &[usize]) -> bool {
    let mut known = BTreeSet::new();
    seen.rows.iter().all(|row| {
        let cells: Vec<&str> = places.iter().filter_map(|at| row.get(*at)?.as_deref()).collect();
        known.insert(cells)
    })
}
