//! Which columns make a row itself? Those that the source names, else the fewest that are never empty and
//! never the same twice.

use std::collections::BTreeSet;

use super::SeenTable;
use super::column::Column;
use crate::base::text::clean;

/// So many columns are tried in pairs.
const PAIRED: usize = 8;

/// Words of headers that number things.
const NUMBERED: [&str; 8] = ["编号", "编码", "代码", "单号", "号", "id", "code", "no"];

/// Where the columns of the key stand.
pub(super) fn of(seen: &SeenTable, columns: &[Column]) -> Vec<usize> {
    let told = seen.key.iter().map(|name| columns.iter().position(|it| it.header == *name));
    if let Some(told) = told.collect::<Option<Vec<usize>>>().filter(|told| !told.is_empty()) {
        return told;
    }
    let may = |at: &usize| {
        let column = columns.get(*at);
        column.is_some_and(|it| it.personal.is_none() && it.filled == seen.rows.len())
    };
    let mut candidates: Vec<usize> = (0..columns.len()).filter(may).collect();
    // A stable order: what is called a number first, a mere count of lines last.
    candidates.sort_by_key(|at| columns.get(*at).map(|column| rank(&column.header)));
    if seen.rows.is_empty() {
        return candidates.into_iter().take(1).collect();
    }
    if let Some(one) = candidates.iter().find(|at| is_key(seen, &[**at])) {
        return vec![*one];
    }
    let paired = candidates.get(..PAIRED.min(candidates.len())).unwrap_or_default();
    for (nth, one) in paired.iter().enumerate() {
        let others = paired.iter().skip(nth + 1);
        if let Some(other) = others.into_iter().find(|other| is_key(seen, &[*one, **other])) {
            return vec![*one, *other];
        }
    }
    // Rows that are the same in every column are the same row.
    let is_free = |at: &usize| columns.get(*at).is_some_and(|column| column.personal.is_none());
    (0..columns.len()).filter(is_free).collect()
}

fn rank(header: &str) -> u8 {
    let header = clean(header).to_lowercase();
    if header.contains("序号") || header == "no." || header.starts_with("column ") {
        2
    } else {
        u8::from(!NUMBERED.iter().any(|word| header.ends_with(word)))
    }
}

fn is_key(seen: &SeenTable, places: &[usize]) -> bool {
    let mut known = BTreeSet::new();
    seen.rows.iter().all(|row| {
        let cells: Vec<&str> =
            places.iter().filter_map(|at| row.get(*at)?.as_deref()).collect();
        known.insert(cells)
    })
}
