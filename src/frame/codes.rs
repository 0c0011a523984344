//! Which rows of a table belong together? Texts and values become numbers in the order in which they come, and
//! rows whose numbers are the same are one group.

use std::borrow::Borrow;
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

/// What has been given numbers, each the next one when it first came.
#[derive(Clone, Debug)]
pub struct Numbers<T>(Known<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Numbers(Known::default())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    /// The number of a value.
    pub fn of<Q>(&mut self, value: &Q) -> u32
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(known) = self.0.get(value) {
            return *known;
        }
        let next = number(self.0.len());
        self.0.insert(value.to_owned(), next);
        next
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them, each at its number.
    pub fn list(&self) -> Vec<&T> {
        let mut list = vec![None; self.0.len()];
        self.0.iter().for_each(|(value, at)| list[*at as usize] = Some(value));
        list.into_iter().flatten().collect()
    }
}

impl<T: Ord> Numbers<T> {
    /// All of them in order, and at each number the place in it.
    pub fn in_order(&self) -> (Vec<&T>, Vec<u32>) {
        let mut order: Vec<(&T, u32)> = self.0.iter().map(|(value, at)| (value, *at)).collect();
        order.sort_unstable();
        let mut ranks = vec![NONE; order.len()];
        for (rank, (_, at)) in order.iter().enumerate() {
            ranks[*at as usize] = number(rank);
        }
        (order.into_iter().map(|(value, _)| value).collect(), ranks)
    }
}

/// A column as numbers.
#[derive(Clone, Debug, Default)]
pub struct Codes<T> {
    /// The number of each row, or [`NONE`].
    pub of_rows: Vec<u32>,
    /// What they stand for, in the order in which they first come.
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
        let mut all = Seen::default();
        let coded = coded.collect::<Vec<_>>().into_iter().map(|(of_rows, own): (_, Vec<&str>)| {
            (of_rows, own.into_iter().map(|text| all.text(text)).collect())
        });
        let coded: Vec<(Vec<u32>, Vec<u32>)> = coded.collect();
        let of_rows = coded.into_par_iter().flat_map_iter(|(of_rows, own)| {
            let numbered = move |code: u32| own.get(code as usize).copied().unwrap_or(NONE);
            of_rows.into_iter().map(numbered)
        });
        let of_rows = of_rows.collect();
        Ok(Codes { of_rows, values: all.texts.into_iter().map(str::to_owned).collect() })
    }
}

/// Texts that have been seen, in the order in which they came.
#[derive(Default)]
struct Seen<'t> {
    codes: Known<&'t str, u32>,
    texts: Vec<&'t str>,
    views: Known<u128, u32>,
    before: (u128, u32),
}

impl<'t> Seen<'t> {
    /// The number of a text. Rows of one place mostly follow each other, and one view is one text.
    fn code(&mut self, view: u128, text: &'t str) -> u32 {
        if self.before.1 == NONE || self.before.0 != view {
            let known = self.views.get(&view).copied();
            let code = known.unwrap_or_else(|| self.text(text));
            if known.is_none() {
                self.views.insert(view, code);
            }
            self.before = (view, code);
        }
        self.before.1
    }

    fn text(&mut self, text: &'t str) -> u32 {
        let texts = &mut self.texts;
        *self.codes.entry(text).or_insert_with(|| {
            texts.push(text);
            number(texts.len() - 1)
        })
    }
}

impl<T: Copy + Eq + Hash> Codes<T> {
    /// Of values, one a row.
    pub fn of_values(rows: impl Iterator<Item = Option<T>>) -> Codes<T> {
        let mut numbers = Numbers::default();
        let of_rows = rows.map(|value| value.map_or(NONE, |value| numbers.of(&value))).collect();
        let values = numbers.list().into_iter().copied().collect();
        Codes { of_rows, values }
    }
}

/// Rows in groups.
#[derive(Clone, Debug, Default)]
pub struct Bundles {
    /// The group of each row; [`NONE`] is none.
    pub of_rows: Vec<u32>,
    /// For each group, its first row.
    pub first: Vec<u32>,
}

impl Bundles {
    /// All rows in one.
    pub fn one(rows: usize) -> Bundles {
        Bundles { of_rows: vec![0; rows], first: if rows == 0 { Vec::new() } else { vec![0] } }
    }

    /// Each group divided by one more column; rows without a number are a group of their own, or where
    /// `is_asked` in none.
    #[must_use]
    pub fn by(&self, codes: &[u32], is_asked: bool) -> Bundles {
        let mut known: Numbers<u64> = Numbers::default();
        let mut first = Vec::new();
        let mut before = (u64::MAX, NONE);
        let mut group = |(row, (group, code)): (usize, (&u32, &u32))| {
            if *group == NONE || (is_asked && *code == NONE) {
                return NONE;
            }
            let key = u64::from(*group) << 32 | u64::from(*code);
            if before.0 != key {
                before = (key, known.of(&key));
            }
            if before.1 as usize == first.len() {
                first.push(number(row));
            }
            before.1
        };
        let of_rows = self.of_rows.iter().zip(codes).enumerate().map(&mut group).collect();
        Bundles { of_rows, first }
    }
}

/// A place among rows as polars counts them.
pub fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_as_they_come_and_known_in_their_order() {
        let long = "a text that is longer than a view";
        let texts = [Some("b"), None, Some("a"), Some("b"), Some(long), Some(long)];
        let column = StringChunked::from_iter_options("t".into(), texts.into_iter()).into_column();
        let codes = Codes::of_texts(&column).unwrap();
        assert_eq!(codes.values, ["b", "a", long]);
        assert_eq!(codes.of_rows, [0, NONE, 1, 0, 2, 2]);
        let mut numbers = Numbers::<String>::default();
        let found = ["b", "a", "b", "c"].map(|text| numbers.of(text));
        assert_eq!(found, [0, 1, 0, 2]);
        assert_eq!(numbers.list(), ["b", "a", "c"]);
        let (texts, ranks) = numbers.in_order();
        assert_eq!(texts, ["a", "b", "c"]);
        assert_eq!(ranks, [1, 0, 2]);
    }

    #[test]
    fn rows_of_the_same_numbers_are_one_group() {
        let (first, second) = ([1, 0, NONE, 1, 0, 1], [2, 0, 1, NONE, 0, 2]);
        let groups = Bundles::one(6).by(&first, false).by(&second, false);
        assert_eq!(groups.of_rows, [0, 1, 2, 3, 1, 0]);
        assert_eq!(groups.first, [0, 1, 2, 3]);
        let asked = Bundles::one(6).by(&first, true).by(&second, true);
        assert_eq!((asked.of_rows, asked.first), (vec![0, 1, NONE, NONE, 1, 0], vec![0, 1]));
    }
}
