//! For which spots does a counted row count? For its section, its unit, and both by each dimension.

use std::sync::Arc;

use polars::prelude::DataFrame;
use polars::prelude::PolarsResult;

use super::placed::month_at;
use super::series::Grid;
use super::series::Series;
use crate::base::period::Month;
use crate::frame::codes::Codes;
use crate::frame::codes::Known;
use crate::frame::codes::NONE;
use crate::frame::codes::number;
use crate::spec::pipeline::Fact;

/// A unit, or one of its sections.
pub type Place = (String, Option<String>);

/// A dimension and one of its values, such as one duty.
pub type Part = (String, String);

/// A place, or one part of it by a dimension.
pub type Spot = (Place, Option<Part>);

/// What rows are counted by.
pub(super) fn keys(fact: &Fact) -> Vec<String> {
    let dimensions = fact.by.iter().map(|by| format!("_by_{}", by.value));
    ["_unit", "_section", "_month"].map(str::to_owned).into_iter().chain(dimensions).collect()
}

/// The rows of a counted table, each with the places in a grid for which it counts.
pub(super) struct Standing {
    grid: Arc<Grid>,
    /// So many places for each row, some of them none.
    at: Vec<u32>,
    width: usize,
}

/// A spot as numbers in the order of spots: its unit, section, dimension and value, with none first.
type Key = [u32; 4];

impl Standing {
    /// Of a counted table; rows of a month that does not count stand nowhere.
    ///
    /// # Errors
    /// A column that is not there.
    pub(super) fn of(
        fact: &Fact,
        table: &DataFrame,
        counts: impl Fn(Month) -> bool,
    ) -> PolarsResult<Standing> {
        let texts = |name: &str| Codes::of_texts(table.column(name)?);
        let (units, sections) = (texts("_unit")?, texts("_section")?);
        let months = Codes::of_values(table.column("_month")?.i32()?.iter());
        let known = |number: &i32| month_at(i64::from(*number)).filter(|month| counts(*month));
        let known: Vec<Option<Month>> = months.values.iter().map(known).collect();
        let mut dimensions = Vec::new();
        for by in &fact.by {
            dimensions.push((by.value.as_str(), texts(&format!("_by_{}", by.value))?));
        }
        dimensions.sort_by_key(|(by, _)| *by);
        let width = 2 * (1 + dimensions.len());
        let mut spots: Known<Key, u32> = Known::default();
        let mut at = vec![NONE; width * table.height()];
        for (row, at) in at.chunks_mut(width).enumerate() {
            let (unit, month) = (units.of_rows[row], months.of_rows[row]);
            if unit == NONE || known.get(month as usize).is_none_or(Option::is_none) {
                continue;
            }
            let section = sections.of_rows[row].wrapping_add(1);
            let places = if section == 0 { &[0][..] } else { &[0, section][..] };
            let parts = dimensions.iter().zip(1..).map(|((_, codes), by)| (by, codes.of_rows[row]));
            let parts = parts.filter(|(_, value)| *value != NONE).chain([(0, 0)]);
            let keys =
                parts.flat_map(|(by, value)| places.iter().map(move |of| [unit, *of, by, value]));
            for (at, key) in at.iter_mut().zip(keys) {
                let next = number(spots.len());
                *at = *spots.entry(key).or_insert(next);
            }
        }
        let mut order: Vec<(Key, u32)> = spots.into_iter().collect();
        order.sort_unstable();
        let spot = |[unit, section, by, value]: Key| {
            let text = |codes: &Codes<String>, at: u32| codes.values.get(at as usize).cloned();
            let unit = text(&units, unit).unwrap_or_default();
            let section = section.checked_sub(1).and_then(|at| text(&sections, at));
            let part = by.checked_sub(1).and_then(|by| dimensions.get(by as usize));
            let part = part.and_then(|(by, codes)| Some(((*by).to_owned(), text(codes, value)?)));
            ((unit, section), part)
        };
        let mut ranks = vec![NONE; order.len()];
        for (rank, (_, at)) in order.iter().enumerate() {
            ranks[*at as usize] = number(rank);
        }
        let spots = order.into_iter().map(|(key, _)| spot(key)).collect();
        Ok(in_grid(spots, &ranks, (at, width), (&months.of_rows, &known)))
    }

    /// Adds up what rows bring.
    pub(super) fn add<T, A: Clone + Default>(
        &self,
        brought: impl Iterator<Item = Option<T>>,
        add: impl Fn(&mut A, &T),
    ) -> Series<A> {
        let mut amounts = vec![A::default(); self.grid.months.len()];
        for (at, brought) in self.at.chunks(self.width).zip(brought) {
            let Some(brought) = brought else { continue };
            for at in at.iter().filter(|at| **at != NONE) {
                add(&mut amounts[*at as usize], &brought);
            }
        }
        Series::of(Arc::clone(&self.grid), amounts)
    }
}

/// The grid of spots and the months in which any row stands at them, and where each row stands in it.
fn in_grid(
    spots: Vec<Spot>,
    ranks: &[u32],
    (mut at, width): (Vec<u32>, usize),
    (months, known): (&[u32], &[Option<Month>]),
) -> Standing {
    let mut cells = vec![NONE; spots.len() * known.len()];
    let cell = |at: u32, row: usize| {
        let rank = *ranks.get(at as usize)? as usize;
        Some(rank * known.len() + months[row] as usize)
    };
    for (row, at) in at.chunks(width).enumerate() {
        for cell in at.iter().filter_map(|at| cell(*at, row)) {
            cells[cell] = 0;
        }
    }
    let mut grid = Grid { spots, ..Grid::default() };
    for of_spot in cells.chunks_mut(known.len().max(1)) {
        for (cell, month) in of_spot.iter_mut().zip(known).filter(|(cell, _)| **cell == 0) {
            *cell = number(grid.months.len());
            grid.months.extend(month);
        }
        grid.ends.push(number(grid.months.len()));
    }
    for (row, at) in at.chunks_mut(width).enumerate() {
        for at in at {
            *at = cell(*at, row).map_or(NONE, |cell| cells[cell]);
        }
    }
    Standing { grid: Arc::new(grid), at, width }
}
