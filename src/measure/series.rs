//! What stands at a spot, month by month? The spots and months of a fact are kept once, for all measures that
//! count in the same months; what a measure has of them is a plain list beside.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::spot::Spot;
use crate::base::period::Month;
use crate::frame::codes::number;

/// Spots with their months, both in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    /// In order.
    pub(super) spots: Vec<Spot>,
    /// For each spot, where its months end in the list of all.
    pub(super) ends: Vec<u32>,
    /// The months of the first spot, of the second …
    pub(super) months: Vec<Month>,
}

impl Grid {
    /// Where the months of a spot stand; nowhere for one that is not known.
    fn at(&self, spot: &Spot) -> Range<usize> {
        self.spots.binary_search(spot).map_or(0..0, |at| self.of(at))
    }

    fn of(&self, at: usize) -> Range<usize> {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        at.checked_sub(1).map_or(0, end)..end(at)
    }
}

/// What there is at each spot and month, in a list that has a place for each.
#[derive(Clone, Debug)]
pub(super) struct Series<L> {
    grid: Arc<Grid>,
    list: Arc<L>,
}

impl<L: Default> Default for Series<L> {
    fn default() -> Self {
        Series { grid: Arc::default(), list: Arc::default() }
    }
}

impl<L> Series<L> {
    /// Of a list of all months of each spot.
    pub(super) fn of(grid: Arc<Grid>, list: L) -> Series<L> {
        Series { grid, list: Arc::new(list) }
    }

    /// What there is at a spot.
    pub(super) fn at(&self, spot: &Spot) -> Stretch<'_, L> {
        let Range { start, end } = self.grid.at(spot);
        let months = self.grid.months.get(start..end).unwrap_or_default();
        Stretch { months, start, list: &self.list }
    }

    /// Every spot from one on, in order, with what there is at it.
    pub(super) fn spots_from(
        &self,
        first: &Spot,
    ) -> impl Iterator<Item = (&Spot, &L, Range<usize>)> + use<'_, L> {
        let start = self.grid.spots.partition_point(|spot| spot < first);
        let spots = self.grid.spots.iter().enumerate().skip(start);
        spots.map(|(at, spot)| (spot, &*self.list, self.grid.of(at)))
    }

    /// The first month in which there is anything.
    pub(super) fn first(&self) -> Option<Month> {
        self.grid.months.iter().min().copied()
    }
}

impl<A, L: FromIterator<A>> From<BTreeMap<Spot, BTreeMap<Month, A>>> for Series<L> {
    fn from(all: BTreeMap<Spot, BTreeMap<Month, A>>) -> Self {
        let (mut grid, mut amounts) = (Grid::default(), Vec::new());
        for (spot, of_spot) in all {
            for (month, amount) in of_spot {
                grid.months.push(month);
                amounts.push(amount);
            }
            grid.spots.push(spot);
            grid.ends.push(number(amounts.len()));
        }
        Series::of(Arc::new(grid), amounts.into_iter().collect())
    }
}

/// The months of one spot, and where what there is in them stands.
#[derive(Debug)]
pub(super) struct Stretch<'a, L> {
    pub(super) months: &'a [Month],
    start: usize,
    pub(super) list: &'a L,
}

impl<L> Clone for Stretch<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Stretch<'_, L> {}

impl<L> Stretch<'_, L> {
    /// Where a span of months stands in the list.
    pub(super) fn within(&self, span: &RangeInclusive<Month>) -> Range<usize> {
        let start = self.months.partition_point(|month| month < span.start());
        let end = self.months.partition_point(|month| month <= span.end());
        self.start + start..self.start + end.max(start)
    }

    /// Each month, and where it stands in the list.
    pub(super) fn each(&self) -> impl Iterator<Item = (Month, usize)> {
        self.months.iter().copied().zip(self.start..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_found_by_spot_and_span() {
        let spot = |unit: &str| ((unit.to_owned(), None), None);
        let month = |month| Month::new(2025, month).unwrap();
        let months = |known: &[(i8, i128)]| known.iter().map(|(m, a)| (month(*m), *a)).collect();
        let all = [(spot("a"), months(&[(1, 10), (3, 30)])), (spot("c"), months(&[(2, 7)]))];
        let series: Series<Vec<i128>> = BTreeMap::from(all).into();
        let within = |unit, first, last| {
            let of_unit = series.at(&spot(unit));
            of_unit.list[of_unit.within(&(month(first)..=month(last)))].to_vec()
        };
        assert_eq!(within("a", 1, 12), [10, 30]);
        assert_eq!(within("a", 2, 2), Vec::<i128>::new());
        assert_eq!(within("c", 1, 2), [7]);
        assert_eq!(within("b", 1, 12), Vec::<i128>::new());
        let of_a: Vec<(Month, usize)> = series.at(&spot("a")).each().collect();
        assert_eq!(of_a, [(month(1), 0), (month(3), 1)]);
        assert_eq!(series.first(), Some(month(1)));
        let from: Vec<_> = series.spots_from(&spot("b")).map(|(of, _, at)| (of, at)).collect();
        assert_eq!(from, [(&spot("c"), 2..3)]);
    }
}
