//! Sums, one a cell: whole numbers that nearly always need 64 bits and may take 128.

use std::collections::BTreeMap;
use std::ops::Range;

/// A sum; none where it leaves 128 bits.
pub(super) type Sum = Option<i128>;

/// A sum for each cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    near: Vec<i64>,
    /// What did not find room there, beside it; none where it found none here either.
    far: BTreeMap<usize, Sum>,
}

impl Sums {
    /// Nothing in so many cells.
    pub(super) fn none(cells: usize) -> Sums {
        Sums { near: vec![0; cells], far: BTreeMap::new() }
    }

    /// Adds an amount, which may be none itself.
    pub(super) fn add(&mut self, cell: usize, amount: impl Into<Sum>) {
        let amount = amount.into();
        if self.near.len() <= cell {
            self.near.resize(cell + 1, 0);
        }
        let near = &mut self.near[cell];
        let small = amount.and_then(|amount| i64::try_from(amount).ok());
        if let Some(sum) = small.and_then(|amount| near.checked_add(amount)) {
            *near = sum;
            return;
        }
        let far = self.far.entry(cell).or_insert(Some(0));
        *far = together(*far, amount);
    }

    /// What stands in a cell.
    pub(super) fn at(&self, cell: usize) -> Sum {
        let near = Some(i128::from(self.near.get(cell).copied().unwrap_or(0)));
        let far = if self.far.is_empty() { None } else { self.far.get(&cell) };
        far.map_or(near, |far| together(near, *far))
    }

    /// What stands in some cells together.
    pub(super) fn within(&self, mut cells: Range<usize>) -> Sum {
        cells.try_fold(0, |sum, cell| together(Some(sum), self.at(cell)))
    }
}

/// The sum of two sums; none where it or one of them leaves 128 bits.
pub(super) fn together(one: Sum, other: Sum) -> Sum {
    one?.checked_add(other?)
}

impl<A: Into<Sum>> FromIterator<A> for Sums {
    fn from_iter<I: IntoIterator<Item = A>>(all: I) -> Self {
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
        let found: Vec<Option<i128>> = (0..5).map(|cell| sums.at(cell)).collect();
        assert_eq!(found, [1, 2 * most, 2 * most, least - 1, 0].map(Some));
        assert_eq!(sums.within(0..3), Some(4 * most + 1));
    }

    #[test]
    fn what_is_beyond_128_bits_is_none_and_stays_so() {
        let mut sums: Sums = [i128::MAX, 1, i128::MIN, i128::MAX].into_iter().collect();
        assert_eq!(sums.within(0..1), Some(i128::MAX));
        assert_eq!(sums.within(0..2), None);
        assert_eq!(sums.within(1..3), Some(i128::MIN + 1));
        assert_eq!(sums.within(2..4), Some(-1));
        // What has room beside what has none is no room for both.
        sums.add(0, 1);
        assert_eq!(sums.at(0), None);
        sums.add(2, -1);
        sums.add(2, 1);
        assert_eq!(sums.at(2), Some(i128::MIN));
        sums.add(3, i128::MAX);
        sums.add(3, i128::MIN);
        assert_eq!(sums.at(3), None);
        sums.add(1, sums.at(0));
        assert_eq!((sums.at(1), sums.within(0..2)), (None, None));
    }
}
