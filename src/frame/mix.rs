//! Are two sets of rows the same? Each row is mixed into one number and the numbers are added up, so that
//! the order of the rows says nothing and a row more, less or other is seen.

use std::hash::Hasher;

use polars::prelude::*;
use rayon::prelude::*;

use super::codes::Codes;
use super::codes::NONE;

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

/// One number for each row of a table, from all its columns.
#[derive(Clone, Debug)]
pub struct Mixed(Vec<[u64; 2]>);

impl Mixed {
    /// Of some columns, in this order.
    ///
    /// # Errors
    /// A column that is not there.
    pub fn of(table: &DataFrame, names: &[&str]) -> PolarsResult<Mixed> {
        let mut rows = vec![[0_u64; 2]; table.height()];
        for name in names {
            let words = words(table.column(name)?)?;
            let lane = |lane: u64, word: u64, odd| folded(lane.rotate_left(29) ^ word ^ odd, odd);
            rows.par_iter_mut().zip(words).for_each(|(row, word)| {
                *row = [lane(row[0], word[0], ODD[0]), lane(row[1], word[1], ODD[1])];
            });
        }
        Ok(Mixed(rows))
    }

    /// The numbers as a column: rows that say the same have the same.
    pub fn column(&self, name: &str) -> Column {
        let word = |row: &[u64; 2]| folded(row[0] ^ ODD[1], row[1] ^ ODD[0]).cast_signed();
        Int64Chunked::from_vec(name.into(), self.0.iter().map(word).collect()).into_column()
    }

    /// The sums of the rows of each group, of which there are so many.
    pub fn sums(&self, groups: &[u32], count: usize) -> Vec<u128> {
        let mut sums = vec![[0_u64; 2]; count];
        for (group, row) in groups.iter().zip(&self.0).filter(|(group, _)| **group != NONE) {
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

/// Two words for each value of a column; a text's are made of its bytes, once.
fn words(column: &Column) -> PolarsResult<Vec<[u64; 2]>> {
    let series = column.as_materialized_series();
    let two = |word: u128| {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let halves = [word as u64 ^ 1, (word >> 64) as u64 ^ word as u64];
        halves
    };
    Ok(match series.dtype() {
        DataType::String => {
            let codes = Codes::of_texts(column)?;
            let of_text = |text: &String| {
                let mixed = |start: u64| {
                    let mut mixer = Mixer(start);
                    mixer.write(text.as_bytes());
                    mixer.finish()
                };
                ODD.map(mixed)
            };
            let texts: Vec<[u64; 2]> = codes.values.par_iter().map(of_text).collect();
            let word = |code: &u32| texts.get(*code as usize).copied().unwrap_or_default();
            codes.of_rows.par_iter().map(word).collect()
        }
        DataType::Decimal(..) => {
            let digits = series.decimal()?.phys.rechunk();
            digits.iter().map(|n| n.map_or([0, 0], |n| two(n.cast_unsigned()))).collect()
        }
        _ => {
            let numbers = series.to_physical_repr().cast(&DataType::Int64)?;
            let word = |number: i64| two(u128::from(number.cast_unsigned()));
            numbers.i64()?.iter().map(|number| number.map_or([0, 0], word)).collect()
        }
    })
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
