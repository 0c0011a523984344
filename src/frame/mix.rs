//! Are two sets of rows the same? Each row is mixed into one number and the numbers are added up, so that
//! the order of the rows says nothing and a row more, less or other is seen.

use std::hash::Hasher;

use polars::prelude::*;
use rayon::prelude::*;

const ODD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];

/// Two words into one, every bit of both in every bit of it.
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let halves = (product as u64, (product >> 64) as u64);
    halves.0 ^ halves.1
}

/// A quick hash for maps; not for what somebody may choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        folded(self.0 ^ ODD[1], ODD[0])
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = folded(self.0.rotate_left(23) ^ word ^ ODD[0], ODD[1]);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
}

/// So many rows are mixed at a time: what is known of them stays near the core.
const SLICE: usize = 1 << 14;

/// One number for each row of a table, from all its columns.
#[derive(Clone, Debug)]
pub struct Mixed(Vec<[u64; 2]>);

impl Mixed {
    /// Of some columns, in this order; each core takes a slice of the rows after the other.
    ///
    /// # Errors
    /// A column that is not there.
    pub fn of(table: &DataFrame, names: &[&str]) -> PolarsResult<Mixed> {
        let columns = names.iter().map(|name| table.column(name));
        let columns = columns.collect::<PolarsResult<Vec<&Column>>>()?;
        let mut rows = vec![[0_u64; 2]; table.height()];
        rows.par_chunks_mut(SLICE).enumerate().try_for_each(|(at, rows)| {
            let start = i64::try_from(at * SLICE).unwrap_or(i64::MAX);
            columns.iter().try_for_each(|column| mix(&column.slice(start, rows.len()), rows))
        })?;
        Ok(Mixed(rows))
    }

    /// The numbers, one a row.
    pub fn numbers(&self) -> Vec<u128> {
        let number = |row: &[u64; 2]| {
            let (one, other) = (folded(row[0] ^ ODD[1], ODD[0]), folded(row[1] ^ ODD[0], ODD[1]));
            u128::from(one) << 64 | u128::from(other)
        };
        self.0.par_iter().map(number).collect()
    }

    /// What the rows of each group come to, of which there are so many, one after the other: their order is seen. A row
    /// of any other number is in none.
    pub fn chains(&self, groups: &[u32], count: usize) -> Vec<u128> {
        let mut chains = vec![[0_u64; 2]; count];
        for (group, row) in groups.iter().zip(&self.0) {
            if let Some(chain) = chains.get_mut(*group as usize) {
                chain[0] = folded(chain[0].rotate_left(29) ^ row[0] ^ ODD[1], ODD[0]);
                chain[1] = folded(chain[1].rotate_left(29) ^ row[1] ^ ODD[0], ODD[1]);
            }
        }
        let both = |chain: [u64; 2]| u128::from(chain[0]) << 64 | u128::from(chain[1]);
        chains.into_iter().map(both).collect()
    }

    /// The numbers as a column: rows that say the same have the same.
    pub fn column(&self, name: &str) -> Column {
        let word = |row: &[u64; 2]| folded(row[0] ^ ODD[1], row[1] ^ ODD[0]).cast_signed();
        Int64Chunked::from_vec(name.into(), self.0.iter().map(word).collect()).into_column()
    }

    /// The numbers as two columns, to be mixed again with others.
    pub fn columns(&self, names: [&str; 2]) -> [Column; 2] {
        let column = |half: usize| {
            let words = self.0.iter().map(|row| row[half].cast_signed()).collect();
            Int64Chunked::from_vec(names[half].into(), words).into_column()
        };
        [column(0), column(1)]
    }

    /// The sums of the rows of each group, of which there are so many. A row of any other number is in none.
    pub fn sums(&self, groups: &[u32], count: usize) -> Vec<u128> {
        let mut sums = vec![[0_u64; 2]; count];
        for (group, row) in groups.iter().zip(&self.0) {
            if let Some(sum) = sums.get_mut(*group as usize) {
                // A row of nothing counts, too.
                sum[0] = sum[0].wrapping_add(folded(row[0] ^ ODD[1], ODD[0]));
                sum[1] = sum[1].wrapping_add(folded(row[1] ^ ODD[0], ODD[1]) | 1);
            }
        }
        let both = |sum: [u64; 2]| u128::from(sum[0]) << 64 | u128::from(sum[1]);
        sums.into_iter().map(both).collect()
    }
}

/// Mixes the values of a column into the numbers of their rows.
fn mix(column: &Column, rows: &mut [[u64; 2]]) -> PolarsResult<()> {
    let lane = |lane: u64, word: u64, odd| folded(lane.rotate_left(29) ^ word ^ odd, odd);
    let mut rows = rows.iter_mut();
    let mut add = |word: [u64; 2]| {
        if let Some(row) = rows.next() {
            *row = [lane(row[0], word[0], ODD[0]), lane(row[1], word[1], ODD[1])];
        }
    };
    let two = |word: u128| {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let halves = [word as u64 ^ 1, (word >> 64) as u64 ^ word as u64];
        halves
    };
    let series = column.as_materialized_series();
    match series.dtype() {
        DataType::String => {
            series.str()?.iter().for_each(|text| add(text.map_or([0, 0], text_words)));
        }
        DataType::Decimal(..) => {
            let digits = series.decimal()?.physical();
            digits.iter().for_each(|n| add(n.map_or([0, 0], |n| two(n.cast_unsigned()))));
        }
        _ => {
            let numbers = series.to_physical_repr().cast(&DataType::Int64)?;
            let word = |number: i64| two(u128::from(number.cast_unsigned()));
            numbers.i64()?.iter().for_each(|number| add(number.map_or([0, 0], word)));
        }
    }
    Ok(())
}

/// Two words for a text, of its bytes and how many they are.
fn text_words(text: &str) -> [u64; 2] {
    let (mut one, mut other) = (Mixer(ODD[0]), Mixer(ODD[1]));
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        one.write_u64(word);
        other.write_u64(word.rotate_left(32));
    }
    one.write_u64(text.len() as u64);
    other.write_u64(text.len() as u64);
    [one.finish(), other.finish()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[(Option<&str>, Option<i64>)]) -> u128 {
        let texts = rows.iter().map(|(text, _)| *text);
        let texts = StringChunked::from_iter_options("t".into(), texts).into_column();
        let numbers = rows.iter().map(|(_, number)| *number);
        let numbers = Int64Chunked::from_iter_options("n".into(), numbers).into_column();
        let table = DataFrame::new(rows.len(), vec![texts, numbers]).unwrap();
        Mixed::of(&table, &["t", "n"]).unwrap().sums(&vec![0; rows.len()], 1)[0]
    }

    #[test]
    fn a_chain_sees_the_order_of_rows_and_long_columns_are_mixed_as_short_ones() {
        let numbers: Vec<i64> = (0..40_000).collect();
        let table = |from: usize, to: usize| {
            let texts = numbers[from..to].iter().map(|number| Some(format!("text {number}")));
            let texts = StringChunked::from_iter_options("t".into(), texts).into_column();
            let own = Int64Chunked::from_slice("n".into(), &numbers[from..to]).into_column();
            DataFrame::new(to - from, vec![texts, own]).unwrap()
        };
        let mixed = |table: &DataFrame| Mixed::of(table, &["t", "n"]).unwrap();
        let mut parts = table(0, 20_001);
        parts.vstack_mut(&table(20_001, 40_000)).unwrap();
        let groups = vec![0; 40_000];
        let whole = mixed(&table(0, 40_000));
        assert_eq!(whole.chains(&groups, 1), mixed(&parts).chains(&groups, 1));
        let other = mixed(&table(0, 40_000).reverse());
        assert_eq!(whole.sums(&groups, 1), other.sums(&groups, 1));
        assert_ne!(whole.chains(&groups, 1), other.chains(&groups, 1));
    }

    #[test]
    fn the_order_of_rows_says_nothing_and_everything_else_does() {
        let (a, b, none) = ((Some("a"), Some(1)), (Some("b"), Some(2)), (None, None));
        assert_eq!(sum(&[a, b, a]), sum(&[a, a, b]));
        let all = [
            sum(&[]),
            sum(&[a]),
            sum(&[a, a]),
            sum(&[a, b]),
            sum(&[(Some("a"), Some(2)), (Some("b"), Some(1))]),
            sum(&[none]),
            sum(&[none, none]),
            sum(&[(Some(""), None)]),
            sum(&[(None, Some(0))]),
            sum(&[(Some("a"), Some(-1))]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }
}
