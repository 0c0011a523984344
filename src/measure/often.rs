//! How often does each value come in each cell? The cells stand one behind the other in one list, so that what
//! there is of many months is a part of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::frame::codes::number;

/// A value by its number, and how often it comes.
pub(super) type Entry = (u32, u32);

/// How often values come, by the cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Often {
    /// Where the entries of each cell end.
    ends: Vec<usize>,
    entries: Vec<Entry>,
}

impl Often {
    /// Puts entries, in whatever order they come, into so many cells: those of a value become one.
    pub(super) fn gathered(
        cells: usize,
        brought: impl Iterator<Item = (usize, Entry)> + Clone,
    ) -> Often {
        let mut ends = vec![0; cells];
        brought.clone().for_each(|(cell, _)| ends[cell] += 1);
        let mut end = 0;
        for place in &mut ends {
            end += *place;
            *place = end - *place;
        }
        let mut entries = vec![(0, 0); end];
        for (cell, entry) in brought {
            entries[ends[cell]] = entry;
            ends[cell] += 1;
        }
        let (mut start, mut kept) = (0, 0);
        for end in &mut ends {
            kept = moved(&mut entries, start..*end, kept);
            start = std::mem::replace(end, kept);
        }
        entries.truncate(kept);
        Often { ends, entries }
    }

    /// The entries of some cells that follow each other.
    pub(super) fn of(&self, cells: Range<usize>) -> &[Entry] {
        let end = |cell: usize| self.ends.get(cell).copied();
        let start = cells.start.checked_sub(1).map_or(Some(0), end);
        let range = start.zip(cells.end.checked_sub(1).map_or(Some(0), end));
        range.and_then(|(start, end)| self.entries.get(start..end)).unwrap_or_default()
    }

    /// How many entries there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Every entry with its cell.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, Entry)> + Clone + '_ {
        let of = |cell| self.of(cell..cell + 1).iter().map(move |entry| (cell, *entry));
        (0..self.ends.len()).flat_map(of)
    }

    /// Other cells behind these.
    pub(super) fn append(&mut self, other: Often) {
        let before = self.entries.len();
        self.entries.extend(other.entries);
        self.ends.extend(other.ends.into_iter().map(|end| before + end));
    }
}

/// Moves the entries of a cell to where those of the cell before end, those of a value as one; says where they end.
fn moved(entries: &mut [Entry], cell: Range<usize>, first: usize) -> usize {
    let mut kept = first;
    entries[cell.clone()].sort_unstable();
    for at in cell {
        let (value, times) = entries[at];
        let before = entries[first..kept].last_mut().filter(|before| before.0 == value);
        let sum = before.as_ref().and_then(|before| before.1.checked_add(times));
        if let Some((before, sum)) = before.zip(sum) {
            before.1 = sum;
        } else {
            entries[kept] = (value, times);
            kept += 1;
        }
    }
    kept
}

/// An entry of a value that comes more often than one can hold is several.
pub(super) fn entries(value: u32, mut times: u64) -> impl Iterator<Item = Entry> {
    std::iter::from_fn(move || {
        let some = u32::try_from(times).unwrap_or(u32::MAX);
        times -= u64::from(some);
        (some > 0).then_some((value, some))
    })
}

/// How often each value comes, in order.
pub(super) type Values = Vec<(i128, u64)>;

/// How often values come, with what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Distribution {
    /// In order.
    pub(super) values: Vec<i128>,
    pub(super) often: Often,
}

impl Distribution {
    /// How often each value comes in some cells together.
    pub(super) fn within(&self, cells: Range<usize>) -> Values {
        let mut entries = self.often.of(cells).to_vec();
        entries.sort_unstable();
        let mut found = Values::new();
        for same in entries.chunk_by(|one, other| one.0 == other.0) {
            let value = same.first().and_then(|(value, _)| self.values.get(*value as usize));
            let times = same.iter().map(|(_, times)| u64::from(*times)).sum();
            found.extend(value.map(|value| (*value, times)));
        }
        found
    }
}

impl FromIterator<BTreeMap<i128, u64>> for Distribution {
    fn from_iter<I: IntoIterator<Item = BTreeMap<i128, u64>>>(all: I) -> Self {
        let all: Vec<BTreeMap<i128, u64>> = all.into_iter().collect();
        let values: BTreeSet<i128> = all.iter().flat_map(BTreeMap::keys).copied().collect();
        let values: Vec<i128> = values.into_iter().collect();
        let rank = |value: &i128| values.binary_search(value).map_or(u32::MAX, number);
        let each = all.iter().enumerate().flat_map(|(cell, of_cell)| {
            let each = of_cell.iter().flat_map(|(value, times)| entries(rank(value), *times));
            each.map(move |entry| (cell, entry))
        });
        let often = Often::gathered(all.len(), each.collect::<Vec<_>>().into_iter());
        Distribution { values, often }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_cell_are_gathered_and_cells_are_told_together() {
        let brought = [(2, (1, 3)), (0, (1, 1)), (2, (0, 1)), (2, (1, 2)), (0, (1, u32::MAX))];
        let often = Often::gathered(3, brought.into_iter());
        assert_eq!(often.of(0..1), [(1, 1), (1, u32::MAX)]);
        assert_eq!(often.of(1..2), []);
        assert_eq!(often.of(2..3), [(0, 1), (1, 5)]);
        assert_eq!(often.of(3..4), []);
        let again = Often::gathered(3, often.each());
        assert_eq!((&again.ends, &again.entries), (&often.ends, &often.entries));
        let told = Distribution { values: vec![-7, 40], often };
        assert_eq!(told.within(0..3), [(-7, 1), (40, 6 + u64::from(u32::MAX))]);
        assert_eq!(told.within(1..2), []);
    }

    #[test]
    fn a_value_may_come_more_often_than_an_entry_holds() {
        let times = 2 * u64::from(u32::MAX) + 5;
        let told: Distribution = [BTreeMap::from([(8, times), (9, 0)])].into_iter().collect();
        assert_eq!(told.within(0..1), [(8, times)]);
    }
}
