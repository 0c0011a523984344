//! What does a row look for among the others? How often its values come, and which of those with the same values it is.

use polars::prelude::*;

use super::arith;
use super::codes::Bundles;
use super::codes::Codes;

/// How many rows have the same values.
pub(super) fn repeats(columns: &[Column]) -> PolarsResult<Column> {
    let groups = groups(columns, height(columns))?;
    let mut counts = vec![0_i64; groups.first.len()];
    groups.of_rows.iter().for_each(|group| counts[*group as usize] += 1);
    let counts = groups.of_rows.iter().map(|group| Some(counts[*group as usize]));
    Ok(Int64Chunked::from_iter_options(name(columns), counts).into_column())
}

/// Which row it is, by the first column, among those with the same values in the others; of rows alike the first comes
/// first. None where the first column has none.
pub(super) fn ordinal(columns: &[Column]) -> PolarsResult<Column> {
    let (Some((of, by)), height) = (columns.split_first(), height(columns)) else {
        return Ok(Column::default());
    };
    let of = as_long(of, height);
    let groups = groups(by, height)?;
    let order = of.arg_sort(SortOptions::default().with_maintain_order(true));
    let has_value = of.is_not_null();
    let mut counts = vec![0_i64; groups.first.len()];
    let mut places = vec![None; height];
    for row in order.iter().flatten().map(|row| row as usize) {
        if has_value.get(row) == Some(true) {
            let count = &mut counts[groups.of_rows[row] as usize];
            *count += 1;
            places[row] = Some(*count);
        }
    }
    Ok(Int64Chunked::from_iter_options(name(columns), places.into_iter()).into_column())
}

/// Rows with the same values; having none is a value, too.
fn groups(columns: &[Column], height: usize) -> PolarsResult<Bundles> {
    let mut groups = Bundles::one(height);
    for column in columns {
        groups = groups.by(&codes(&as_long(column, height))?, false);
    }
    Ok(groups)
}

/// A number for each value.
fn codes(column: &Column) -> PolarsResult<Vec<u32>> {
    let series = column.as_materialized_series();
    Ok(match series.dtype() {
        DataType::String => Codes::of_texts(column)?.of_rows,
        DataType::Decimal(..) => Codes::of_values(series.decimal()?.physical().iter()).of_rows,
        _ => {
            let numbers = series.to_physical_repr().cast(&DataType::Int64)?;
            Codes::of_values(numbers.i64()?.iter()).of_rows
        }
    })
}

fn height(columns: &[Column]) -> usize {
    arith::height(&columns.iter().collect::<Vec<_>>())
}

/// A column of one value holds for all.
fn as_long(column: &Column, height: usize) -> Column {
    if column.len() == height { column.clone() } else { column.new_from_index(0, height) }
}

fn name(columns: &[Column]) -> PlSmallStr {
    columns.first().map_or("".into(), |column| column.name().clone())
}
