//! What does a slice of the rows of a fact come to? All measures that count in the same months are counted in
//! one go: rows are put into groups once, and each measure is a pass over the numbers of the groups.

use polars::prelude::*;
use rayon::prelude::*;

use super::MeasureError;
use super::amounts::Way;
use super::asked::IsAsked;
use super::asked::by_month;
use super::asked::kept_by;
use super::asked::keys;
use super::asked::looks_around;
use super::asked::rows_of;
use super::fact::Ground;
use super::weight::OfSum;
use super::weight::OfValues;
use super::weight::unanswered;
use super::weight::weights;
use crate::frame::FrameError;
use crate::frame::codes::Bundles;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// What was counted of some rows.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// The texts of each key column but the month.
    pub(super) keys: Vec<Vec<String>>,
    /// For each place, which of each.
    pub(super) places: Vec<u32>,
    pub(super) times: Vec<OfTime>,
}

/// What was counted in the months of one time.
#[derive(Debug, Default)]
pub(super) struct OfTime {
    pub(super) time: String,
    /// The place and month of each group.
    pub(super) cells: Vec<(u32, i32)>,
    pub(super) sums: Vec<OfSum>,
    pub(super) values: Vec<OfValues>,
}

impl Counted {
    /// Of rows that have been placed, in the months that are asked for.
    ///
    /// # Errors
    /// An expression that polars refuses, a sum of what is no number.
    pub(super) fn of(
        ground: &Ground<'_>,
        fact: &Fact,
        placed: &DataFrame,
        is_asked: &IsAsked<'_>,
    ) -> Result<Counted, MeasureError> {
        if placed.width() == 0 {
            return Ok(Counted::default());
        }
        let doing = || FrameError::polars(format!("measures of fact `{}`", fact.name));
        let (mut counted, of_rows) = Counted::at_places(fact, placed, true).map_err(doing())?;
        for (time, measures) in by_month(ground, fact) {
            let months = months(placed, &time, is_asked).map_err(doing())?;
            let mut groups = of_rows.by(&months.of_rows, true);
            let cell = |row: &u32| {
                let (place, month) =
                    (of_rows.of_rows[*row as usize], months.of_rows[*row as usize]);
                Some((place, *months.values.get(month as usize)?))
            };
            let cells = groups.first.iter().filter_map(cell).collect();
            let mut rows = placed.clone();
            if measures.iter().any(|measure| looks_around(measure)) {
                // What looks at other rows looks at those that count at all.
                let is_timed = rows.column(&time).map(Column::is_not_null).map_err(doing())?;
                rows = rows.filter(&is_timed).map_err(doing())?;
                let mut is_timed = is_timed.iter();
                groups.of_rows.retain(|_| is_timed.next().flatten() == Some(true));
            }
            let of_time = OfTime::of(ground, (fact, &measures), (&rows, &time), &groups)?;
            counted.times.push(OfTime { time, cells, ..of_time });
        }
        Ok(counted)
    }

    /// Nothing yet at the places of rows, and the place of each; where units are asked for, a row without one
    /// has none.
    pub(super) fn at_places(
        fact: &Fact,
        rows: &DataFrame,
        is_unit_asked: bool,
    ) -> PolarsResult<(Counted, Bundles)> {
        let mut codes = Vec::new();
        let mut places = Bundles::one(rows.height());
        for key in keys(fact).into_iter().filter(|key| key != "_month") {
            let own = Codes::of_texts(rows.column(&key)?)?;
            places = places.by(&own.of_rows, is_unit_asked && key == "_unit");
            codes.push(own);
        }
        let rows = places.first.iter();
        let of_places = rows.flat_map(|row| codes.iter().map(|codes| codes.of_rows[*row as usize]));
        let of_places = of_places.collect();
        let keys = codes.into_iter().map(|codes| codes.values).collect();
        Ok((Counted { keys, places: of_places, times: Vec::new() }, places))
    }
}

impl OfTime {
    fn of(
        ground: &Ground<'_>,
        (fact, measures): (&Fact, &[&Measure]),
        (rows, time): (&DataFrame, &str),
        groups: &Bundles,
    ) -> Result<OfTime, MeasureError> {
        let weights = weights(ground, measures, (rows, time))?;
        let mut values = Vec::new();
        for (measure, weight) in measures.iter().zip(&weights) {
            let is_summed = Way::of(&measure.aggregate.kind).is_summed();
            if !is_summed && kept_by(measures, measure) == measure.name {
                let found = weight.values(&measure.name, groups);
                values.extend(found.map_err(FrameError::polars("counting values"))?);
            }
        }
        // Only what never waits for others runs beside others of its kind.
        let sums = measures.par_iter().zip(weights).flat_map_iter(|(measure, weight)| {
            let kind = &measure.aggregate.kind;
            let is_summed = Way::of(kind).is_summed();
            let sums = is_summed.then(|| weight.sums(&measure.name, groups));
            let rows =
                (!kind.is_additive()).then(|| Ok(weight.rows(&rows_of(&measure.name), groups)));
            sums.into_iter().chain(rows)
        });
        let sums = sums.collect::<PolarsResult<_>>();
        let mut sums: Vec<OfSum> = sums.map_err(FrameError::polars("counting measures"))?;
        let waiting = unanswered(ground, (fact, measures), rows);
        let waiting = waiting.map_err(FrameError::polars("what rows ask of the calendar"))?;
        sums.extend(waiting.into_iter().map(|(name, rows)| rows.rows(&name, groups)));
        Ok(OfTime { sums, values, ..OfTime::default() })
    }
}

/// The months of rows as numbers; none where a row does not count in them or they are not asked for.
fn months(rows: &DataFrame, time: &str, is_asked: &IsAsked<'_>) -> PolarsResult<Codes<i32>> {
    let mut codes = Codes::of_values(rows.column(time)?.i32()?.iter());
    let is_out: Vec<bool> = codes.values.iter().map(|month| !is_asked(time, *month)).collect();
    for code in codes.of_rows.iter_mut().filter(|code| **code != NONE) {
        if is_out[*code as usize] {
            *code = NONE;
        }
    }
    Ok(codes)
}
