//! Which columns make a row itself? Those that the source names, else the fewest that are never empty and
//! never the same twice.

use std::collections::BTreeSet;

use super::super::schema::FieldKind;
use super::super::sniff::Personal;
use super::SeenTable;
use super::column::Column;
use crate::base::text::clean;

/// So many columns are tried in pairs.
const PAIRED: usize = 8;

/// Words of headers that tell what a report is about.
const PERIODS: [&str; 6] = ["月份", "年月", "年度", "季度", "期间", "报告期"];

/// Words of headers that number things.
const NUMBERED: [&str; 8] = ["编号", "编码", "代码", "单号", "号", "id", "code", "no"];

/// Where the columns of the key stand; none where no columns tell every row apart.
pub(super) fn of(seen: &SeenTable, columns: &[Column]) -> Option<Vec<usize>> {
    let told = seen.key.iter().map(|name| columns.iter().position(|it| it.header == *name));
    if let Some(told) = told.collect::<Option<Vec<usize>>>().filter(|told| !told.is_empty()) {
        return Some(told);
    }
    // The number of a person is taken only where nothing else tells rows apart.
    let plain = |column: &Column| column.personal.is_none();
    let numbered = |column: &Column| plain(column) || column.personal == Some(Personal::Number);
    let found = fewest(seen, columns, &plain).or_else(|| fewest(seen, columns, &numbered))?;
    Some(with_period(seen, columns, found))
}

/// A report has a row a unit, and the next one has the same units: what it is about is a part of the key too.
fn with_period(seen: &SeenTable, columns: &[Column], key: Vec<usize>) -> Vec<usize> {
    let is_unit = |at: &usize| columns.get(*at).is_some_and(Column::is_unit);
    if seen.names_key || key.len() != 1 || !key.iter().all(is_unit) {
        return key;
    }
    let is_period = |column: &Column| {
        PERIODS.iter().any(|word| column.header.contains(word))
            && column.personal.is_none()
            && column.filled == seen.rows.len()
    };
    let named = columns.iter().position(is_period);
    key.into_iter().chain(named).collect()
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
    if let Some(one) = candidates.iter().find(|at| is_key(seen, &[**at])) {
        return Some(vec![*one]);
    }
    let paired = candidates.get(..PAIRED.min(candidates.len())).unwrap_or_default();
    let mut pairs = paired
        .iter()
        .enumerate()
        .flat_map(|(nth, one)| paired.iter().skip(nth + 1).map(move |other| [*one, *other]));
    pairs.find(|pair| is_key(seen, pair)).map(|pair| pair.to_vec())
}

fn counts_lines(column: &Column) -> bool {
    let header = clean(&column.header).to_lowercase();
    header.contains("序号") || header == "no."
}

fn rank(column: &Column) -> u8 {
    let header = clean(&column.header).to_lowercase();
    if matches!(column.kind, FieldKind::Day | FieldKind::Instant | FieldKind::Flag)
        || counts_lines(column)
        || header.starts_with("column ")
    {
        2
    } else {
        u8::from(!NUMBERED.iter().any(|word| header.ends_with(word)))
    }
}

fn is_key(seen: &SeenTable, places: &[usize]) -> bool {
    let mut known = BTreeSet::new();
    seen.rows.iter().all(|row| {
        let cells: Vec<&str> = places.iter().filter_map(|at| row.get(*at)?.as_deref()).collect();
        known.insert(cells)
    })
}
