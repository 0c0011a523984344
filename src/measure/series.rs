//! What stands at a spot, month by month? The spots and months of a fact are kept once, for all measures that
//! count in the same months; what a measure has of them is a plain list beside.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::spots::Spot;
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

/// What there is at each spot and month.
#[derive(Clone, Debug)]
pub(super) struct Series<A> {
    grid: Arc<Grid>,
    amounts: Arc<Vec<A>>,
}

impl<A> Default for Series<A> {
    fn default() -> Self {
        Series { grid: Arc::default(), amounts: Arc::default() }
    }
}

impl<A> Series<A> {
    /// One amount for each month of each spot.
    pub(super) fn of(grid: Arc<Grid>, amounts: Vec<A>) -> Series<A> {
        Series { grid, amounts: Arc::new(amounts) }
    }

    /// What there is at a spot.
    pub(super) fn at(&self, spot: &Spot) -> Stretch<'_, A> {
        self.stretch(self.grid.at(spot))
    }

    fn stretch(&self, at: Range<usize>) -> Stretch<'_, A> {
        let months = self.grid.months.get(at.clone()).unwrap_or_default();
        Stretch { months, amounts: self.amounts.get(at).unwrap_or_default() }
    }

    /// Every spot from one on, in order.
    pub(super) fn spots_from(&self, first: &Spot) -> &[Spot] {
        let start = self.grid.spots.partition_point(|spot| spot < first);
        self.grid.spots.get(start..).unwrap_or_default()
    }

    /// The first month in which there is anything.
    pub(super) fn first(&self) -> Option<Month> {
        self.grid.months.iter().min().copied()
    }
}

impl<A> FromIterator<(Spot, BTreeMap<Month, A>)> for Series<A> {
    /// From spots in order.
    fn from_iter<I: IntoIterator<Item = (Spot, BTreeMap<Month, A>)>>(all: I) -> Self {
        let (mut grid, mut amounts) = (Grid::default(), Vec::new());
        for (spot, of_spot) in all {
            for (month, amount) in of_spot {
                grid.months.push(month);
                amounts.push(amount);
            }
            grid.spots.push(spot);
            grid.ends.push(number(amounts.len()));
        }
        Series { grid: Arc::new(grid), amounts: Arc::new(amounts) }
    }
}

/// The months of one spot, and what there is in each.
#[derive(Debug)]
pub(super) struct Stretch<'a, A> {
    pub(super) months: &'a [Month],
    amounts: &'a [A],
}

impl<A> Clone for Stretch<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Stretch<'_, A> {}

impl<'a, A> Stretch<'a, A> {
    /// What there is in a span of months.
    pub(super) fn within(&self, span: &RangeInclusive<Month>) -> &'a [A] {
        let start = self.months.partition_point(|month| month < span.start());
        let end = self.months.partition_point(|month| month <= span.end());
        self.amounts.get(start..end).unwrap_or_default()
    }

    /// What there is in a month.
    pub(super) fn in_month(&self, month: Month) -> Option<&'a A> {
        self.months.binary_search(&month).ok().and_then(|at| self.amounts.get(at))
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
        let series: Series<i128> = all.into_iter().collect();
        let within = |unit, first, last| {
            series.at(&spot(unit)).within(&(month(first)..=month(last))).to_vec()
        };
        assert_eq!(within("a", 1, 12), [10, 30]);
        assert_eq!(within("a", 2, 2), Vec::<i128>::new());
        assert_eq!(within("c", 1, 2), [7]);
        assert_eq!(within("b", 1, 12), Vec::<i128>::new());
        assert_eq!(series.at(&spot("a")).in_month(month(3)), Some(&30));
        assert_eq!(series.first(), Some(month(1)));
        assert_eq!(series.spots_from(&spot("b")), [spot("c")]);
    }
}
