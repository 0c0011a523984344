//! For which spots does a counted row count? For its section, its unit, and both by each dimension.

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use super::counts::Counts;
use super::often::Distribution;
use super::often::Often;
use super::placed::month_at;
use super::series::Grid;
use super::series::Series;
use super::spot::Spot;
use super::sums::Sums;
use crate::base::period::Month;
use crate::frame::codes::NONE;
use crate::frame::codes::Numbers;
use crate::frame::codes::number;
use crate::spec::pipeline::Fact;

/// Cells of what was counted, each with the places in a grid for which it counts.
pub(super) struct Standing {
    grid: Arc<Grid>,
    /// In the order of their places, so that those of a unit follow each other.
    cells: Vec<usize>,
    /// Where the cells of each unit end.
    units: Vec<usize>,
    /// So many places for each cell, some of them none.
    at: Vec<u32>,
    width: usize,
}

/// A spot as numbers in the order of spots: its unit, section, dimension and value, with none first.
type Key = [u32; 4];

/// What spots are told of: the texts of each key in order, and what place each has there.
struct Texts<'c> {
    units: Ordered<'c>,
    sections: Ordered<'c>,
    /// By name, and where they stand among the keys.
    dimensions: Vec<(&'c str, usize, Ordered<'c>)>,
}

/// Texts in order, and the place of each number among them.
type Ordered<'c> = (Vec<&'c String>, Vec<u32>);

impl<'c> Texts<'c> {
    fn of(fact: &'c Fact, counts: &'c Counts) -> Texts<'c> {
        let texts = |at: usize| counts.keys.get(at).map(Numbers::in_order).unwrap_or_default();
        let dimensions = fact.by.iter().zip(2..);
        let dimensions = dimensions.map(|(by, at)| (by.value.as_str(), at, texts(at)));
        let mut dimensions: Vec<_> = dimensions.collect();
        dimensions.sort_by_key(|(by, ..)| *by);
        Texts { units: texts(0), sections: texts(1), dimensions }
    }

    /// The spots for which a place counts.
    fn keys(&self, place: &[u32]) -> Vec<Key> {
        let rank = |at: usize, ranks: &[u32]| ranks.get(*place.get(at)? as usize).copied();
        let Some(unit) = rank(0, &self.units.1) else { return Vec::new() };
        let section = rank(1, &self.sections.1).map_or(0, |section| section + 1);
        let places = if section == 0 { &[0][..] } else { &[0, section][..] };
        let parts = self.dimensions.iter().zip(1..);
        let parts = parts.filter_map(|((_, at, (_, ranks)), by)| Some((by, rank(*at, ranks)?)));
        let parts = parts.chain([(0, 0)]);
        parts.flat_map(|(by, value)| places.iter().map(move |of| [unit, *of, by, value])).collect()
    }

    fn spot(&self, [unit, section, by, value]: Key) -> Spot {
        let text = |texts: &[&String], at: u32| texts.get(at as usize).map(|text| (*text).clone());
        let section = section.checked_sub(1).and_then(|at| text(&self.sections.0, at));
        let part = by.checked_sub(1).and_then(|by| self.dimensions.get(by as usize));
        let part = part.and_then(|(by, _, texts)| Some(((*by).to_owned(), text(&texts.0, value)?)));
        ((text(&self.units.0, unit).unwrap_or_default(), section), part)
    }
}

impl Standing {
    /// Of cells in the order of their places; those of a month that does not count stand nowhere.
    pub(super) fn of(
        fact: &Fact,
        (counts, cells): (&Counts, impl Iterator<Item = usize>),
        is_counted: impl Fn(Month) -> bool,
    ) -> Standing {
        let (texts, places, known) =
            (Texts::of(fact, counts), counts.places.list(), counts.cells.list());
        let months: BTreeSet<i32> = known.iter().map(|(_, month)| *month).collect();
        let months = months.into_iter().filter_map(|number| {
            Some((number, month_at(i64::from(number)).filter(|month| is_counted(*month))?))
        });
        let months: Vec<(i32, Month)> = months.collect();
        let width = 2 * (1 + texts.dimensions.len());
        let month =
            |cell: usize| months.binary_search_by_key(&known[cell].1, |(number, _)| *number);
        let cells = cells.filter_map(|cell| Some((cell, month(cell).ok()?)));
        let (cells, of_cells): (Vec<usize>, Vec<usize>) = cells.unzip();
        let place = |cell: usize| places[known[cell].0 as usize].as_slice();
        let by_unit = cells.chunk_by(|one, other| place(*one).first() == place(*other).first());
        let units = by_unit.scan(0, |end, of_unit| {
            *end += of_unit.len();
            Some(*end)
        });
        let units = units.collect();
        let mut spots: Numbers<Key> = Numbers::default();
        let mut at = Vec::with_capacity(width * cells.len());
        for of_place in cells.chunk_by(|one, other| known[*one].0 == known[*other].0) {
            let keys = of_place.first().map_or_else(Vec::new, |cell| texts.keys(place(*cell)));
            let of_keys = keys.iter().map(|key| spots.of(key)).chain(iter::repeat(NONE));
            let of_keys: Vec<u32> = of_keys.take(width).collect();
            for _ in of_place {
                at.extend_from_slice(&of_keys);
            }
        }
        let (spots, ranks) = spots.in_order();
        let months: Vec<Month> = months.into_iter().map(|(_, month)| month).collect();
        let spots: Vec<Spot> = spots.into_iter().map(|key| texts.spot(*key)).collect();
        let grid = in_grid(spots, &ranks, (&mut at, width), (&of_cells, &months));
        Standing { grid: Arc::new(grid), cells, units, at, width }
    }

    /// Each cell with the places for which it counts.
    fn each(&self) -> impl Iterator<Item = (usize, &[u32])> {
        self.cells.iter().copied().zip(self.at.chunks(self.width))
    }

    /// Adds up the sums of cells.
    pub(super) fn sums(&self, of_cells: &Sums) -> Series<Sums> {
        let mut sums = Sums::none(self.grid.months.len());
        for (cell, at) in self.each() {
            let amount = of_cells.at(cell);
            for at in at.iter().filter(|at| **at != NONE) {
                sums.add(*at as usize, amount);
            }
        }
        Series::of(Arc::clone(&self.grid), sums)
    }

    /// Gathers how often the values of cells come, a unit after the other; `ranks` has the place of each value
    /// in the order of `values`.
    pub(super) fn values(
        &self,
        of_cells: &Often,
        (values, ranks): (Vec<i128>, &[u32]),
    ) -> Series<Distribution> {
        let mut often = Often::default();
        let (mut start, mut first) = (0, 0);
        for end in &self.units {
            let at = &self.at[start * self.width..end * self.width];
            let last = at.iter().filter(|at| **at != NONE).max();
            let last = last.map_or(first, |last| *last as usize + 1);
            let cells = self.cells[start..*end].iter().zip(at.chunks(self.width));
            let entries = cells.flat_map(|(cell, at)| {
                of_cells.of(*cell..cell + 1).iter().map(move |entry| (at, entry))
            });
            let brought = entries.flat_map(|(at, (value, times))| {
                let at = at.iter().filter(|at| **at != NONE);
                at.map(move |at| (*at as usize - first, (ranks[*value as usize], *times)))
            });
            often.append(Often::gathered(last - first, brought));
            (start, first) = (*end, last);
        }
        Series::of(Arc::clone(&self.grid), Distribution { values, often })
    }
}

/// The grid of spots and the months in which any cell counts for them; the place of each in it takes the place
/// of its spot.
fn in_grid(
    spots: Vec<Spot>,
    ranks: &[u32],
    (at, width): (&mut [u32], usize),
    (of_cells, months): (&[usize], &[Month]),
) -> Grid {
    let mut places = vec![NONE; spots.len() * months.len()];
    let place = |at: u32, month: usize| {
        let rank = *ranks.get(at as usize)? as usize;
        Some(rank * months.len() + month)
    };
    for (at, month) in at.chunks(width).zip(of_cells) {
        for place in at.iter().filter_map(|at| place(*at, *month)) {
            places[place] = 0;
        }
    }
    let mut grid = Grid { spots, ..Grid::default() };
    for of_spot in places.chunks_mut(months.len().max(1)) {
        for (place, month) in of_spot.iter_mut().zip(months).filter(|(place, _)| **place == 0) {
            *place = number(grid.months.len());
            grid.months.push(*month);
        }
        grid.ends.push(number(grid.months.len()));
    }
    for (at, month) in at.chunks_mut(width).zip(of_cells) {
        for at in at {
            *at = place(*at, *month).map_or(NONE, |place| places[place]);
        }
    }
    grid
}
