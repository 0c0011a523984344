//! What does each row bring to each measure, and what do the rows of a group bring together?

use polars::prelude::*;

use super::MeasureError;
use super::amounts::Way;
use super::asked::unanswered_of;
use super::fact::Ground;
use super::often::Entry;
use crate::base::cell::Cell;
use crate::frame::FrameError;
use crate::frame::codes::Bundles;
use crate::frame::codes::Codes;
use crate::frame::codes::NONE;
use crate::frame::expr;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;
use crate::spec::sql::AggregateKind;

/// What a row brings to a measure.
pub(super) enum Weight {
    /// One, where it counts.
    One(Option<BooleanChunked>),
    /// Digits, and how many stand behind the point.
    Number(Int128Chunked, usize),
    /// A value of any kind, as text.
    Value(StringChunked),
}

/// A sum for each group, with the digits behind the point; a number of rows has none.
#[derive(Debug)]
pub(super) struct OfSum {
    pub(super) name: String,
    pub(super) scale: Option<usize>,
    pub(super) amounts: Vec<i128>,
}

/// The values of a measure: in which group, which of them, how often.
#[derive(Debug)]
pub(super) struct OfValues {
    pub(super) measure: String,
    pub(super) scale: usize,
    pub(super) distinct: Distinct,
    pub(super) brought: Vec<(u32, Entry)>,
}

/// What is told of numbers needs their digits, how many different texts there are their texts.
#[derive(Debug)]
pub(super) enum Distinct {
    Digits(Vec<i128>),
    Texts(Vec<String>),
}

/// What each row brings to each measure.
pub(super) fn weights(
    ground: &Ground<'_>,
    measures: &[&Measure],
    (rows, time): (&DataFrame, &str),
) -> Result<Vec<Weight>, MeasureError> {
    let doing = || FrameError::polars("what rows count for");
    // A constant would be one row.
    let mut asked = vec![col(time).alias("_month")];
    for measure in measures {
        let (is_counted, value) = expr::weighed(measure, &ground.days).map_err(doing())?;
        let built = match (is_counted, value) {
            (None, None) => continue,
            (Some(is_counted), None) => is_counted.fill_null(lit(false)),
            (None, Some(value)) => value,
            (Some(is_counted), Some(value)) => when(is_counted).then(value).otherwise(lit(NULL)),
        };
        asked.push(built.alias(measure.name.as_str()));
    }
    let found = rows.clone().lazy().select(asked).collect().map_err(doing())?;
    let weight = |measure: &&Measure| {
        let Ok(column) = found.column(&measure.name) else { return Ok(Weight::One(None)) };
        let is_distinct = Way::of(&measure.aggregate.kind) == Way::Distinct;
        let has_value = measure.aggregate.kind.argument().is_some()
            && !matches!(measure.aggregate.kind, AggregateKind::Count(_));
        let weight = match (is_distinct, has_value) {
            (true, _) => value(column).map(Some),
            (false, true) => digits(column),
            (false, false) => column.bool().map(|is| Some(Weight::One(Some(is.clone())))),
        };
        let none = || MeasureError::NotANumber { measure: measure.name.clone() };
        weight.map_err(doing())?.ok_or_else(none)
    };
    measures.iter().map(weight).collect()
}

/// The rows that might count for a measure and ask for a day before the calendar, and those that ask for one after it,
/// where there are any.
pub(super) fn unanswered(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    rows: &DataFrame,
) -> PolarsResult<Vec<(String, Weight)>> {
    let mut found = Vec::new();
    for measure in measures {
        let calls = fact.asked_of_calendar(measure);
        if calls.is_empty() {
            continue;
        }
        let open = claims(rows, expr::open(measure, &ground.days)?)?;
        if !open.any() {
            continue;
        }
        // The calendar is asked of few rows once more.
        let few = rows.filter(&open)?;
        let sides = expr::unanswered(&calls, &ground.days)?;
        for (name, side) in unanswered_of(&measure.name).into_iter().zip(sides) {
            let side = claims(&few, side)?;
            if side.any() {
                let mut side = side.iter();
                let of_row = |is_open| is_open == Some(true) && side.next().flatten() == Some(true);
                let of_rows = open.iter().map(of_row).collect();
                found.push((name, Weight::One(Some(of_rows))));
            }
        }
    }
    Ok(found)
}

/// Whether each row meets a claim.
fn claims(rows: &DataFrame, claim: Expr) -> PolarsResult<BooleanChunked> {
    // A constant would be one row.
    let asked = [col("_unit"), claim.alias("_claim")];
    let found = rows.clone().lazy().select(asked).collect()?;
    Ok(found.column("_claim")?.bool()?.clone())
}

/// Values of any kind as texts, one text a value.
fn value(column: &Column) -> PolarsResult<Weight> {
    if column.dtype() == &DataType::String {
        return Ok(Weight::Value(column.str()?.clone()));
    }
    let texts = table::cells(column).into_iter().map(|cell| cell.as_ref().map(Cell::written));
    Ok(Weight::Value(StringChunked::from_iter_options("".into(), texts)))
}

/// Numbers; none if they are none.
fn digits(column: &Column) -> PolarsResult<Option<Weight>> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::Decimal(_, scale) => {
            Some(Weight::Number(series.decimal()?.physical().clone(), *scale))
        }
        kind if kind.is_integer() || matches!(kind, DataType::Boolean | DataType::Null) => {
            Some(Weight::Number(series.cast(&DataType::Int128)?.i128()?.clone(), 0))
        }
        _ => None,
    })
}

/// The sum of a measure that has no room.
pub(super) fn beyond(measure: &str) -> PolarsError {
    polars_err!(ComputeError: "measure `{measure}`: its sum leaves the range of numbers (38 digits)")
}

impl Weight {
    /// Calls `see` with the group of each row that counts, and its digits.
    fn each(&self, groups: &Bundles, mut see: impl FnMut(usize, i128)) {
        let groups = groups.of_rows.iter().map(|group| (*group as usize, *group != NONE));
        match self {
            Weight::One(None) => groups.filter(|(_, is)| *is).for_each(|(at, _)| see(at, 1)),
            Weight::One(Some(counted)) => {
                let all = groups.zip(counted.iter());
                let counted = all.filter(|((_, is_in), is)| *is_in && *is == Some(true));
                counted.for_each(|((at, _), _)| see(at, 1));
            }
            Weight::Number(digits, _) => {
                let all = groups.zip(digits.iter());
                let counted =
                    all.filter_map(|((at, is_in), digits)| is_in.then_some((at, digits?)));
                counted.for_each(|(at, digits)| see(at, digits));
            }
            Weight::Value(texts) => {
                let all = groups.zip(texts.iter());
                let counted = all.filter(|((_, is_in), text)| *is_in && text.is_some());
                counted.for_each(|((at, _), _)| see(at, 1));
            }
        }
    }

    fn scale(&self) -> usize {
        if let Weight::Number(_, scale) = self { *scale } else { 0 }
    }

    pub(super) fn sums(&self, name: &str, groups: &Bundles) -> PolarsResult<OfSum> {
        let mut amounts = vec![0_i128; groups.first.len()];
        let mut is_beyond = false;
        self.each(groups, |at, digits| match amounts[at].checked_add(digits) {
            Some(sum) => amounts[at] = sum,
            None => is_beyond = true,
        });
        if is_beyond {
            return Err(beyond(name));
        }
        Ok(OfSum { name: name.to_owned(), scale: Some(self.scale()), amounts })
    }

    pub(super) fn rows(&self, name: &str, groups: &Bundles) -> OfSum {
        let mut amounts = vec![0; groups.first.len()];
        self.each(groups, |at, _| amounts[at] += 1);
        OfSum { name: name.to_owned(), scale: None, amounts }
    }

    /// None of what has no values.
    pub(super) fn values(&self, measure: &str, groups: &Bundles) -> PolarsResult<Option<OfValues>> {
        let (of_rows, distinct) = match self {
            Weight::Value(texts) => {
                let Codes { of_rows, values } = Codes::of_texts(&texts.clone().into_column())?;
                (of_rows, Distinct::Texts(values))
            }
            Weight::Number(digits, _) => {
                let Codes { of_rows, values } = Codes::of_values(digits.iter());
                (of_rows, Distinct::Digits(values))
            }
            Weight::One(_) => return Ok(None),
        };
        let brought = groups.of_rows.iter().zip(of_rows);
        let brought = brought.filter(|(group, value)| **group != NONE && *value != NONE);
        let brought = brought.map(|(group, value)| (*group, (value, 1))).collect();
        Ok(Some(OfValues { measure: measure.to_owned(), scale: self.scale(), distinct, brought }))
    }
}
