//! Which rows of a table belong together? Texts become numbers in the order of the texts, and rows whose
//! numbers are the same are one group.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::hash::Hash;

use polars::prelude::*;
use rayon::prelude::*;

use super::mix::Mixer;

/// A map whose keys nobody chooses to collide: numbers, and texts of a table.
pub type Known<K, V> = HashMap<K, V, BuildHasherDefault<Mixer>>;

/// What stands for no text, no month and no group.
pub const NONE: u32 = u32::MAX;

/// So many rows are coded at a time.
const SLICE: usize = 1 << 17;

/// A column as numbers.
#[derive(Clone, Debug, Default)]
pub struct Codes<T> {
    /// The number of each row, or [`NONE`].
    pub of_rows: Vec<u32>,
    /// What they stand for, in order.
    pub values: Vec<T>,
}

impl Codes<String> {
    /// Of a column of texts.
    ///
    /// # Errors
    /// A column of another type.
    pub fn of_texts(column: &Column) -> PolarsResult<Codes<String>> {
        let series = column.as_materialized_series().cast(&DataType::String)?;
        let texts = series.str()?.rechunk();
        let Some(array) = texts.downcast_iter().next() else { return Ok(Codes::default()) };
        let slices: Vec<usize> = (0..array.len()).step_by(SLICE).collect();
        let coded = slices.into_par_iter().map(|start| {
            let mut seen = Seen { before: (0, NONE), ..Seen::default() };
            let rows = start..array.len().min(start + SLICE);
            let view = |row: usize| array.views()[row].as_u128();
            let code = |row| array.get(row).map_or(NONE, |text| seen.code(view(row), text));
            let of_rows: Vec<u32> = rows.map(code).collect();
            (of_rows, seen.texts)
        });
        let coded: Vec<(Vec<u32>, Vec<&str>)> = coded.collect();
        let values: BTreeSet<&str> =
            coded.iter().flat_map(|(_, own)| own.iter().copied()).collect();
        let values: Vec<&str> = values.into_iter().collect();
        let ranked = coded.into_par_iter().flat_map_iter(|(of_rows, own)| {
            let rank = |text: &str| values.binary_search(&text).map_or(NONE, number);
            let ranks: Vec<u32> = own.into_iter().map(rank).collect();
            let ranked = move |code: u32| ranks.get(code as usize).copied().unwrap_or(NONE);
            of_rows.into_iter().map(ranked)
        });
        let of_rows = ranked.collect();
        Ok(Codes { of_rows, values: values.into_iter().map(str::to_owned).collect() })
    }
}

/// Texts that have been seen, in the order in which they came.
#[derive(Default)]
struct Seen<'t> {
    codes: Known<&'t str, u32>,
    texts: Vec<&'t str>,
    before: (u128, u32),
}

impl<'t> Seen<'t> {
    /// The number of a text. Rows of one place mostly follow each other, and one view is one text.
    fn code(&mut self, view: u128, text: &'t str) -> u32 {
        if self.before.1 == NONE || self.before.0 != view {
            let texts = &mut self.texts;
            let code = *self.codes.entry(text).or_insert_with(|| {
                texts.push(text);
                number(texts.len() - 1)
            });
            self.before = (view, code);
        }
        self.before.1
    }
}

impl<T: Copy + Ord + Hash> Codes<T> {
    /// Of values, one a row.
    pub fn of_values(rows: impl Iterator<Item = Option<T>>) -> Codes<T> {
        let mut known: Known<T, u32> = Known::default();
        let mut values = Vec::new();
        let mut code = |value: T| {
            *known.entry(value).or_insert_with(|| {
                values.push(value);
                number(values.len() - 1)
            })
        };
        let mut of_rows: Vec<u32> = rows.map(|value| value.map_or(NONE, &mut code)).collect();
        let mut order: Vec<(T, u32)> = known.into_iter().collect();
        order.sort_unstable();
        let mut ranks = vec![NONE; order.len()];
        for (rank, (_, code)) in order.iter().enumerate() {
            ranks[*code as usize] = number(rank);
        }
        for code in of_rows.iter_mut().filter(|code| **code != NONE) {
            *code = ranks[*code as usize];
        }
        Codes { of_rows, values: order.into_iter().map(|(value, _)| value).collect() }
    }
}

/// Rows in groups.
#[derive(Clone, Debug, Default)]
pub struct Bundles {
    /// The group of each row, in the order of the numbers that make it; [`NONE`] is none.
    pub of_rows: Vec<u32>,
    /// For each group, a row of it.
    pub first: Vec<u32>,
}

impl Bundles {
    /// All rows in one.
    pub fn one(rows: usize) -> Bundles {
        Bundles { of_rows: vec![0; rows], first: if rows == 0 { Vec::new() } else { vec![0] } }
    }

    /// Each group divided by one more column; a row without a number is a group of its own that comes
    /// first, or where `is_asked` is in none.
    #[must_use]
    pub fn by(&self, codes: &[u32], values: usize, is_asked: bool) -> Bundles {
        let width = values as u64 + 1;
        let key = |(group, code): (&u32, &u32)| match (*group, *code) {
            (NONE, _) => u64::MAX,
            (_, NONE) if is_asked => u64::MAX,
            (group, NONE) => u64::from(group) * width,
            (group, code) => u64::from(group) * width + u64::from(code) + 1,
        };
        let keys: Vec<u64> = self.of_rows.par_iter().zip(codes).map(key).collect();
        let all = self.first.len() as u64 * width;
        let roomy = (2 * keys.len() as u64).max(1 << 22);
        if all <= roomy {
            ranked_in(&keys, usize::try_from(all).unwrap_or(0))
        } else {
            ranked(&keys)
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.first.len()
    }
}

/// Groups by keys below a limit: a place is marked for each.
fn ranked_in(keys: &[u64], limit: usize) -> Bundles {
    let mut firsts = vec![NONE; limit];
    for (row, key) in keys.iter().enumerate() {
        if let Some(first) = usize::try_from(*key).ok().and_then(|key| firsts.get_mut(key)) {
            *first = (*first).min(number(row));
        }
    }
    let mut first = Vec::new();
    let mut ranks = firsts;
    for rank in ranks.iter_mut().filter(|first| **first != NONE) {
        first.push(*rank);
        *rank = number(first.len() - 1);
    }
    let rank = |key: &u64| {
        let rank = usize::try_from(*key).ok().and_then(|key| ranks.get(key));
        rank.copied().unwrap_or(NONE)
    };
    Bundles { of_rows: keys.par_iter().map(rank).collect(), first }
}

/// Groups by any keys.
fn ranked(keys: &[u64]) -> Bundles {
    let rows = keys.par_iter().enumerate();
    let rows = rows.filter(|(_, key)| **key != u64::MAX);
    let mut known: Vec<(u64, u32)> = rows.map(|(row, key)| (*key, number(row))).collect();
    known.par_sort_unstable();
    known.dedup_by_key(|(key, _)| *key);
    let rank = |key: &u64| known.binary_search_by_key(key, |(key, _)| *key).map_or(NONE, number);
    let of_rows = keys.par_iter().map(rank).collect();
    Bundles { of_rows, first: known.into_iter().map(|(_, row)| row).collect() }
}

/// A place among rows as polars counts them.
pub fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_in_their_order_whatever_theirs_in_the_table() {
        let long = "a text that is longer than a view";
        let texts = [Some("b"), None, Some("a"), Some("b"), Some(long), Some(long)];
        let column = StringChunked::from_iter_options("t".into(), texts.into_iter()).into_column();
        let codes = Codes::of_texts(&column).unwrap();
        assert_eq!(codes.values, ["a", long, "b"]);
        assert_eq!(codes.of_rows, [2, NONE, 0, 2, 1, 1]);
    }

    #[test]
    fn groups_stand_in_the_order_of_their_numbers_however_they_are_found() {
        let (first, second) = ([1, 0, NONE, 1, 0], [2, 0, 1, NONE, 0]);
        let groups = Bundles::one(5).by(&first, 2, false).by(&second, 3, false);
        assert_eq!(groups.of_rows, [3, 1, 0, 2, 1]);
        assert_eq!(groups.first, [2, 1, 3, 0]);
        let asked = Bundles::one(5).by(&first, 2, true).by(&second, 3, true);
        assert_eq!(asked.of_rows, [1, 0, NONE, NONE, 0]);
        let keys = [7, 3, u64::MAX, 7, 0];
        let (sorted, marked) = (ranked(&keys), ranked_in(&keys, 8));
        assert_eq!((&sorted.of_rows, &sorted.first), (&marked.of_rows, &marked.first));
    }
}
