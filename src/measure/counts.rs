//! What do the rows of a fact come to at each of the smallest places, month by month? Texts, places and months
//! are numbers here, each given when it first comes, and what is counted is added up by them: texts come back
//! only when all is counted.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::MeasureError;
use super::asked::IsAsked;
use super::asked::asked_with_calendar;
use super::asked::by_month;
use super::asked::looks_around;
use super::counted::Counted;
use super::fact::Ground;
use super::often::Entry;
use super::often::Often;
use super::slices::Rows;
use super::sums::Sums;
use super::weight::Distinct;
use super::weight::OfValues;
use crate::frame::codes::NONE;
use crate::frame::codes::Numbers;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// So many rows of values may wait until they are put into their cells.
const WAITING: usize = 1 << 22;

/// What was counted of a fact.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// The texts of the unit, of the section and of each dimension.
    pub(super) keys: Vec<Numbers<String>>,
    /// The numbers of these that make a place.
    pub(super) places: Numbers<Vec<u32>>,
    /// A place and a month.
    pub(super) cells: Numbers<(u32, i32)>,
    /// What is summed, by the column of the month: a row may count in the month of one time for this measure
    /// and of another for that.
    pub(super) times: BTreeMap<String, OfTime>,
    /// What is no sum, by the measure.
    pub(super) values: BTreeMap<String, Valued>,
}

/// What was counted in the months of one time.
#[derive(Clone, Debug, Default)]
pub(super) struct OfTime {
    /// Whether a cell has any row.
    pub(super) is_there: Vec<bool>,
    /// By the measure, and `…#rows` with how many rows have a value where that is asked.
    pub(super) sums: BTreeMap<String, Summed>,
}

/// The sums of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Summed {
    /// How many digits stand behind the point; none of a number of rows.
    pub(super) scale: Option<usize>,
    pub(super) sums: Sums,
}

/// How often the values of a measure come.
#[derive(Clone, Debug, Default)]
pub(super) struct Valued {
    pub(super) scale: usize,
    /// Its values, which are numbers or texts.
    pub(super) digits: Numbers<i128>,
    pub(super) texts: Numbers<String>,
    /// By the number of the value.
    pub(super) often: Often,
    waiting: Vec<(usize, Entry)>,
}

impl Counts {
    /// Of the rows of a fact, in the months that are asked for.
    ///
    /// # Errors
    /// An expression that polars refuses, a sum of what is no number.
    pub(super) fn of(
        ground: &Ground<'_>,
        fact: &Fact,
        rows: Rows<'_>,
        is_asked: &IsAsked<'_>,
    ) -> Result<Counts, MeasureError> {
        let by_month = by_month(ground, fact);
        let measures: Vec<&Measure> = by_month.values().flatten().copied().collect();
        let count = |slice: &DataFrame| Counted::of(ground, fact, slice, is_asked);
        let mut counts = Counts::default();
        if measures.iter().any(|measure| looks_around(measure)) {
            counts.add(&count(&rows.whole()?)?);
            return Ok(counts.settled());
        }
        let mut columns = asked_with_calendar(fact, &measures);
        columns.extend(by_month.into_keys());
        let columns: Vec<String> = columns.into_iter().collect();
        rows.each(&columns, &count, &mut |counted| counts.add(&counted))?;
        Ok(counts.settled())
    }

    /// Adds what was counted of some rows.
    pub(super) fn add(&mut self, counted: &Counted) {
        let width = counted.keys.len();
        self.keys.resize_with(width, Numbers::default);
        let texts: Vec<Vec<u32>> = self.keys.iter_mut().zip(&counted.keys).map(numbered).collect();
        let mut place = vec![NONE; width];
        let places = counted.places.chunks(width.max(1)).map(|own| {
            for ((place, own), texts) in place.iter_mut().zip(own).zip(&texts) {
                *place = texts.get(*own as usize).copied().unwrap_or(NONE);
            }
            self.places.of(place.as_slice())
        });
        let places: Vec<u32> = places.collect();
        for timed in &counted.times {
            let cell = |(place, month): &(u32, i32)| (places[*place as usize], *month);
            let cells = timed.cells.iter().map(cell);
            let cells: Vec<usize> = cells.map(|cell| self.cells.of(&cell) as usize).collect();
            if !timed.sums.is_empty() {
                self.times.entry(timed.time.clone()).or_default().add(timed, &cells);
            }
            for values in &timed.values {
                let known = self.values.entry(values.measure.clone()).or_default();
                known.add(values, &cells, self.cells.count());
            }
        }
    }

    /// The same, of which nothing waits.
    pub(super) fn settled(mut self) -> Counts {
        let cells = self.cells.count();
        self.values.values_mut().for_each(|values| values.settle(cells));
        self
    }

    /// The cells in the order of the texts of their places, and then of the months.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let ranks: Vec<Vec<u32>> = self.keys.iter().map(|texts| texts.in_order().1).collect();
        let rank = |(own, ranks): (&u32, &Vec<u32>)| ranks.get(*own as usize).copied();
        let places = self.places.list().into_iter().enumerate().map(|(at, place)| {
            (place.iter().zip(&ranks).map(rank).collect::<Vec<Option<u32>>>(), at)
        });
        let mut places: Vec<(Vec<Option<u32>>, usize)> = places.collect();
        places.par_sort_unstable();
        let mut ranks = vec![0; places.len()];
        for (rank, (_, at)) in places.iter().enumerate() {
            ranks[*at] = rank;
        }
        let cells = self.cells.list().into_iter().enumerate();
        let mut cells: Vec<(usize, i32, usize)> =
            cells.map(|(at, (place, month))| (ranks[*place as usize], *month, at)).collect();
        cells.par_sort_unstable();
        cells.into_iter().map(|(.., at)| at).collect()
    }
}

/// The numbers of texts.
fn numbered((known, texts): (&mut Numbers<String>, &Vec<String>)) -> Vec<u32> {
    texts.iter().map(|text| known.of(text.as_str())).collect()
}

impl OfTime {
    fn add(&mut self, counted: &super::counted::OfTime, cells: &[usize]) {
        for cell in cells {
            if self.is_there.len() <= *cell {
                self.is_there.resize(cell + 1, false);
            }
            self.is_there[*cell] = true;
        }
        for sum in &counted.sums {
            let known = self.sums.entry(sum.name.clone()).or_default();
            known.scale = sum.scale;
            for (cell, amount) in cells.iter().zip(&sum.amounts) {
                known.sums.add(*cell, *amount);
            }
        }
    }
}

impl Valued {
    /// Adds values, whose cells are these, of so many.
    fn add(&mut self, values: &OfValues, cells: &[usize], count: usize) {
        self.scale = values.scale;
        let numbers: Vec<u32> = match &values.distinct {
            Distinct::Digits(own) => own.iter().map(|digits| self.digits.of(digits)).collect(),
            Distinct::Texts(own) => numbered((&mut self.texts, own)),
        };
        let entry = |(group, (value, times)): &(u32, Entry)| {
            (cells[*group as usize], (numbers[*value as usize], *times))
        };
        self.waiting.extend(values.brought.iter().map(entry));
        if self.waiting.len() > self.often.count() / 2 + WAITING {
            self.settle(count);
        }
    }

    /// Puts what waits into its cells, of which there are so many.
    fn settle(&mut self, cells: usize) {
        let waiting = std::mem::take(&mut self.waiting);
        self.often = Often::gathered(cells, self.often.each().chain(waiting.iter().copied()));
    }
}
