//! Sums, one a cell: whole numbers that nearly always need 64 bits and may take 128.

use std::collections::BTreeMap;
use std::ops::Range;

/// A sum for each cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    near: Vec<i64>,
    /// What did not find room there, beside it.
    far: BTreeMap<usize, i128>,
}

impl Sums {
    /// Nothing in so many cells.
    pub(super) fn none(cells: usize) -> Sums {
        Sums { near: vec![0; cells], far: BTreeMap::new() }
    }

    /// Adds an amount.
    pub(super) fn add(&mut self, cell: usize, amount: i128) {
        if self.near.len() <= cell {
            self.near.resize(cell + 1, 0);
        }
        let near = &mut self.near[cell];
        match i64::try_from(amount).ok().and_then(|amount| near.checked_add(amount)) {
            Some(sum) => *near = sum,
            None => *self.far.entry(cell).or_default() += amount,
        }
    }

    /// What stands in a cell.
    pub(super) fn at(&self, cell: usize) -> i128 {
        let far = if self.far.is_empty() { None } else { self.far.get(&cell) };
        i128::from(self.near.get(cell).copied().unwrap_or(0)) + far.copied().unwrap_or(0)
    }

    /// What stands in some cells together.
    pub(super) fn within(&self, cells: Range<usize>) -> i128 {
        cells.map(|cell| self.at(cell)).sum()
    }
}

impl FromIterator<i128> for Sums {
    fn from_iter<I: IntoIterator<Item = i128>>(all: I) -> Self {
        let mut sums = Sums::default();
        all.into_iter().enumerate().for_each(|(cell, amount)| sums.add(cell, amount));
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_64_bits_is_exact() {
        let (most, least) = (i128::from(i64::MAX), i128::from(i64::MIN));
        let mut sums: Sums = [1, most, 3 * most, least].into_iter().collect();
        sums.add(1, most);
        sums.add(2, -most);
        sums.add(3, -1);
        let found: Vec<i128> = (0..5).map(|cell| sums.at(cell)).collect();
        assert_eq!(found, [1, 2 * most, 2 * most, least - 1, 0]);
        assert_eq!(sums.within(0..3), 4 * most + 1);
    }
}
