//! For which spots does a counted row count? For its section, its unit, and both by each dimension.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use super::placed::month_at;
use crate::base::cell::Cell;
use crate::base::cell::text_of;
use crate::base::period::Month;
use crate::frame::table;
use crate::spec::pipeline::Fact;

/// A unit, or one of its sections.
pub type Place = (String, Option<String>);

/// A dimension and one of its values, such as one duty.
pub type Part = (String, String);

/// A place, or one part of it by a dimension.
pub type Spot = (Place, Option<Part>);

/// The rows of a counted table, each with its month and its spots; a spot is kept once.
pub(super) struct Counted {
    /// A row without a unit counts nowhere.
    rows: Vec<Option<(Month, Vec<usize>)>>,
    spots: Vec<Spot>,
}

/// What rows are counted by.
pub(super) fn keys(fact: &Fact) -> Vec<String> {
    let dimensions = fact.by.iter().map(|by| format!("_by_{}", by.value));
    ["_unit", "_section", "_month"].map(str::to_owned).into_iter().chain(dimensions).collect()
}

impl Counted {
    /// Reads the keys of a counted table.
    pub(super) fn of(fact: &Fact, table: &DataFrame) -> Counted {
        let keys = keys(fact);
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut known: BTreeMap<Spot, usize> = BTreeMap::new();
        let mut row = |row: Vec<Option<Cell>>| {
            let (unit, section) = (text_of(row.first())?, text_of(row.get(1)));
            let Some(Some(Cell::Whole(month))) = row.get(2) else { return None };
            let whole = (unit.clone(), None);
            let places = section.map(|section| (unit, Some(section))).into_iter().chain([whole]);
            let spots = places.flat_map(|place| of_place(fact, &row, &place)).map(|spot| {
                let next = known.len();
                *known.entry(spot).or_insert(next)
            });
            let spots = spots.collect();
            Some((month_at(*month)?, spots))
        };
        let rows = table::to_rows(table, &names).into_iter().map(&mut row).collect();
        let mut spots: Vec<(Spot, usize)> = known.into_iter().collect();
        spots.sort_unstable_by_key(|(_, at)| *at);
        Counted { rows, spots: spots.into_iter().map(|(spot, _)| spot).collect() }
    }

    /// Adds up what rows bring, by spot and month; rows of a month that does not count are left out.
    pub(super) fn add<T, A: Clone + Default>(
        &self,
        brought: impl Iterator<Item = Option<T>>,
        counts: impl Fn(Month) -> bool,
        add: impl Fn(&mut A, &T),
    ) -> BTreeMap<Spot, BTreeMap<Month, A>> {
        let mut sums: Vec<BTreeMap<Month, A>> = vec![BTreeMap::new(); self.spots.len()];
        for (row, brought) in self.rows.iter().zip(brought) {
            let Some(((month, spots), brought)) = row.as_ref().zip(brought) else { continue };
            if counts(*month) {
                let known = spots.iter().copied();
                known.for_each(|spot| add(sums[spot].entry(*month).or_default(), &brought));
            }
        }
        let sums = self.spots.iter().zip(sums).filter(|(_, months)| !months.is_empty());
        sums.map(|(spot, months)| (spot.clone(), months)).collect()
    }
}

fn of_place(fact: &Fact, row: &[Option<Cell>], place: &Place) -> Vec<Spot> {
    let parts = fact.by.iter().zip(row.iter().skip(3));
    let parts = parts.filter_map(|(by, cell)| Some((by.value.clone(), text_of(Some(cell))?)));
    parts.map(Some).chain([None]).map(|part| (place.clone(), part)).collect()
}
