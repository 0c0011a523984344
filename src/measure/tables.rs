//! How does what was counted of a month stand in a file? As a table of sums, a row for each place and time, and
//! a table of how often values come.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::asked::keys;
use super::counted::Counted;
use super::counted::OfTime;
use super::counts::Counts;
use super::counts::Summed;
use super::counts::Valued;
use super::often::Entry;
use super::often::entries;
use super::weight::Distinct;
use super::weight::OfSum;
use super::weight::OfValues;
use super::weight::beyond;
use crate::frame::codes::Bundles;
use crate::frame::codes::Codes;
use crate::frame::codes::number;
use crate::spec::pipeline::Fact;

/// The digits that a decimal holds.
const DIGITS: usize = 38;

/// What the tables of a month say was counted.
///
/// # Errors
/// Other tables.
pub(super) fn counted(fact: &Fact, [sums, values]: &[DataFrame; 2]) -> PolarsResult<Vec<Counted>> {
    let mut all = Vec::new();
    for (time, rows) in parts(sums, "_time")? {
        let (mut counted, cells) = at_cells(fact, &rows)?;
        let amounts = rows.columns().iter().filter(|column| !column.name().starts_with('_'));
        // A measure that counts in the months of another time has none.
        let amounts = amounts.filter(|column| column.null_count() < column.len());
        let sums = amounts.map(read_sum).collect::<PolarsResult<_>>()?;
        counted.times.push(OfTime { time, cells, sums, values: Vec::new() });
        all.push(counted);
    }
    for (measure, rows) in parts(values, "_measure")? {
        let (mut counted, cells) = at_cells(fact, &rows)?;
        let values = vec![read_values(measure, &rows)?];
        counted.times.push(OfTime { cells, values, ..OfTime::default() });
        all.push(counted);
    }
    Ok(all)
}

/// The rows of a table by the text of a column.
fn parts(table: &DataFrame, by: &str) -> PolarsResult<Vec<(String, DataFrame)>> {
    if table.height() == 0 {
        return Ok(Vec::new());
    }
    let codes = Codes::of_texts(table.column(by)?)?;
    let mut rows: Vec<Vec<IdxSize>> = vec![Vec::new(); codes.values.len()];
    for (row, code) in codes.of_rows.iter().enumerate() {
        rows[*code as usize].push(number(row));
    }
    let table = |rows| table.take(&IdxCa::from_vec("_at".into(), rows));
    codes.values.into_iter().zip(rows).map(|(text, rows)| Ok((text, table(rows)?))).collect()
}

/// Nothing yet at the places of rows, and the place and month of each.
fn at_cells(fact: &Fact, rows: &DataFrame) -> PolarsResult<(Counted, Vec<(u32, i32)>)> {
    let (counted, Bundles { of_rows, .. }) = Counted::at_places(fact, rows, false)?;
    let months = rows.column("_month")?.i32()?.iter();
    let cells = of_rows.into_iter().zip(months).map(|(at, month)| (at, month.unwrap_or(0)));
    Ok((counted, cells.collect()))
}

fn read_sum(column: &Column) -> PolarsResult<OfSum> {
    let (scale, amounts) = if let DataType::Decimal(_, scale) = column.dtype() {
        let digits = column.as_materialized_series().decimal()?.physical();
        (Some(*scale), digits.iter().map(Option::unwrap_or_default).collect())
    } else {
        let rows = column.i64()?.iter();
        (None, rows.map(|rows| i128::from(rows.unwrap_or(0))).collect())
    };
    Ok(OfSum { name: column.name().to_string(), scale, amounts })
}

fn read_values(measure: String, rows: &DataFrame) -> PolarsResult<OfValues> {
    let texts = rows.column("_text")?;
    let (of_rows, distinct) = if texts.null_count() < texts.len() {
        let codes = Codes::of_texts(texts)?;
        (codes.of_rows, Distinct::Texts(codes.values))
    } else {
        let digits = rows.column("_digits")?.as_materialized_series();
        let codes = Codes::of_values(digits.decimal()?.physical().iter());
        (codes.of_rows, Distinct::Digits(codes.values))
    };
    let scale = rows.column("_scale")?.i64()?.get(0).and_then(|scale| usize::try_from(scale).ok());
    let times = rows.column("_rows")?.i64()?.iter();
    let times = times.map(|times| times.and_then(|times| u64::try_from(times).ok()).unwrap_or(0));
    let brought = (0..).zip(of_rows.into_iter().zip(times));
    let brought = brought.flat_map(|(at, (value, times))| {
        entries(value, times).map(move |entry: Entry| (at, entry))
    });
    Ok(OfValues { measure, scale: scale.unwrap_or(0), distinct, brought: brought.collect() })
}

/// What was counted, as the tables of each month.
pub(super) struct Tables<'c> {
    counts: &'c Counts,
    keys: Vec<(String, Vec<&'c String>)>,
    places: Vec<&'c Vec<u32>>,
    cells: Vec<&'c (u32, i32)>,
    /// The cells of each month, in the order of their places.
    months: BTreeMap<i32, Vec<usize>>,
}

impl<'c> Tables<'c> {
    pub(super) fn of(fact: &Fact, counts: &'c Counts) -> Tables<'c> {
        let names = keys(fact).into_iter().filter(|key| key != "_month");
        let cells = counts.cells.list();
        let mut months: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for cell in counts.in_order() {
            months.entry(cells[cell].1).or_default().push(cell);
        }
        Tables {
            counts,
            keys: names.zip(counts.keys.iter().map(|texts| texts.list())).collect(),
            places: counts.places.list(),
            cells,
            months,
        }
    }

    /// The sums of a month, and how often its values come.
    ///
    /// # Errors
    /// What polars refuses.
    pub(super) fn of_month(&self, month: i32) -> PolarsResult<[DataFrame; 2]> {
        let cells = self.months.get(&month).map(Vec::as_slice).unwrap_or_default();
        Ok([self.sums(cells)?, self.values(cells)?])
    }

    fn sums(&self, cells: &[usize]) -> PolarsResult<DataFrame> {
        let times = self.counts.times.iter().map(|(time, of_time)| {
            let is_there = |cell: &&usize| of_time.is_there.get(**cell) == Some(&true);
            (time, of_time, cells.iter().filter(is_there).copied().collect::<Vec<usize>>())
        });
        let times: Vec<_> = times.collect();
        let rows: Vec<usize> = times.iter().flat_map(|(.., cells)| cells).copied().collect();
        let time = times.iter().flat_map(|(time, _, cells)| cells.iter().map(|_| time.as_str()));
        let mut columns = vec![Column::new("_time".into(), time.collect::<Vec<&str>>())];
        columns.extend(self.keys(&rows));
        let names = times.iter().flat_map(|(_, of_time, _)| &of_time.sums);
        for (name, Summed { scale, .. }) in names.collect::<BTreeMap<_, _>>() {
            let amounts = times.iter().flat_map(|(_, of_time, cells)| {
                let own = of_time.sums.get(name);
                cells
                    .iter()
                    .map(move |cell| own.map(|own| own.sums.at(*cell).ok_or(())).transpose())
            });
            let amounts: Result<Vec<Option<i128>>, ()> = amounts.collect();
            let Ok(amounts) = amounts else { return Err(beyond(name)) };
            columns.push(amounts_column(name, *scale, amounts.into_iter())?);
        }
        DataFrame::new(rows.len(), columns)
    }

    fn values(&self, cells: &[usize]) -> PolarsResult<DataFrame> {
        let mut all = DataFrame::empty();
        for (measure, valued) in &self.counts.values {
            let of_measure = self.values_of((measure, valued), cells)?;
            if all.width() == 0 {
                all = of_measure;
            } else {
                all.vstack_mut_owned(of_measure)?;
            }
        }
        Ok(all)
    }

    fn values_of(
        &self,
        (measure, valued): (&String, &Valued),
        cells: &[usize],
    ) -> PolarsResult<DataFrame> {
        let (digits, digit_ranks) = valued.digits.in_order();
        let (texts, text_ranks) = valued.texts.in_order();
        let ranks = if texts.is_empty() { digit_ranks } else { text_ranks };
        let mut rows: Vec<(usize, usize, u32)> = Vec::new();
        for cell in cells {
            let first = rows.len();
            let entries = valued.often.of(*cell..cell + 1).iter();
            let ranked = |(value, times): &Entry| (*cell, ranks[*value as usize] as usize, *times);
            rows.extend(entries.map(ranked));
            rows[first..].sort_unstable();
        }
        let height = rows.len();
        let text = rows.iter().map(|(_, value, _)| texts.get(*value).map(|text| text.as_str()));
        let digits = rows.iter().map(|(_, value, _)| digits.get(*value).map(|digits| **digits));
        let times = rows.iter().map(|(.., times)| Some(i64::from(*times)));
        let cells: Vec<usize> = rows.iter().map(|(cell, ..)| *cell).collect();
        let name = Scalar::from(PlSmallStr::from_str(measure));
        let scale = Scalar::from(i64::try_from(valued.scale).unwrap_or(0));
        let mut columns = vec![Column::new_scalar("_measure".into(), name, height)];
        columns.extend(self.keys(&cells));
        columns.push(StringChunked::from_iter_options("_text".into(), text).into_column());
        columns.push(amounts_column("_digits", Some(0), digits)?);
        columns.push(Column::new_scalar("_scale".into(), scale, height));
        columns.push(Int64Chunked::from_iter_options("_rows".into(), times).into_column());
        DataFrame::new(height, columns)
    }

    /// The places and months of cells.
    fn keys(&self, cells: &[usize]) -> Vec<Column> {
        let texts = self.keys.iter().enumerate().map(|(at, (name, texts))| {
            let text = |cell: &usize| {
                let place = self.places.get(self.cells[*cell].0 as usize)?;
                Some(texts.get(*place.get(at)? as usize)?.as_str())
            };
            let texts = cells.iter().map(text);
            StringChunked::from_iter_options(name.as_str().into(), texts).into_column()
        });
        let months = cells.iter().map(|cell| Some(self.cells[*cell].1));
        let months = Int32Chunked::from_iter_options("_month".into(), months).into_column();
        texts.chain([months]).collect()
    }
}

/// Decimals with so many digits behind the point, or numbers of rows.
fn amounts_column(
    name: &str,
    scale: Option<usize>,
    amounts: impl Iterator<Item = Option<i128>>,
) -> PolarsResult<Column> {
    let Some(scale) = scale else {
        let rows = amounts.map(|rows| rows.and_then(|rows| i64::try_from(rows).ok()));
        return Ok(Int64Chunked::from_iter_options(name.into(), rows).into_column());
    };
    let digits = Int128Chunked::from_iter_options(name.into(), amounts);
    Ok(digits.into_decimal(DIGITS, scale)?.into_column())
}
