//! How do typed values become columns, and columns values again?

use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::*;

use super::FrameError;
use super::codes::number;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::put_instant;
use crate::base::sheet::Sheet;
use crate::spec::schema::FieldKind;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The polars type of a field.
pub fn data_type(kind: FieldKind) -> DataType {
    match kind {
        FieldKind::Text => DataType::String,
        FieldKind::Whole => DataType::Int64,
        FieldKind::Decimal(scale) => DataType::Decimal(38, usize::from(scale)),
        FieldKind::Flag => DataType::Boolean,
        FieldKind::Day => DataType::Date,
        FieldKind::Instant => DataType::Datetime(TimeUnit::Microseconds, None),
    }
}

/// The kind of a column; none of one without values.
pub fn kind_of(kind: &DataType) -> Option<FieldKind> {
    match kind {
        DataType::String => Some(FieldKind::Text),
        DataType::Boolean => Some(FieldKind::Flag),
        DataType::Date => Some(FieldKind::Day),
        DataType::Datetime(..) => Some(FieldKind::Instant),
        DataType::Decimal(_, scale) => {
            Some(FieldKind::Decimal(u8::try_from(*scale).unwrap_or(u8::MAX)))
        }
        kind if kind.is_integer() => Some(FieldKind::Whole),
        _ => None,
    }
}

/// A day as polars counts it.
pub fn day_number(day: Date) -> i32 {
    // A civil date lies within ± 4 million days of 1970.
    (day - EPOCH).get_days()
}

/// The day of a number.
pub fn day_of(number: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().days(number)).ok()
}

/// A column out of one value a row; a value of another type, or with more decimals than the column,
/// is no value.
///
/// # Errors
/// A decimal out of range.
pub fn column<'c>(
    name: &str,
    kind: FieldKind,
    cells: impl Iterator<Item = Option<&'c Cell>>,
) -> Result<Column, FrameError> {
    let name = PlSmallStr::from_str(name);
    let series = match kind {
        FieldKind::Text => {
            let texts = cells.map(|cell| match cell {
                Some(Cell::Text(text)) => Some(text.as_str()),
                _ => None,
            });
            StringChunked::from_iter_options(name, texts).into_series()
        }
        FieldKind::Whole => {
            let numbers = cells.map(|cell| match cell {
                Some(Cell::Whole(number)) => Some(*number),
                _ => None,
            });
            Int64Chunked::from_iter_options(name, numbers).into_series()
        }
        FieldKind::Decimal(scale) => {
            let digits = cells.map(|cell| match cell {
                Some(Cell::Decimal(digits, own)) => {
                    let up = 10_i128.checked_pow(u32::from(scale.checked_sub(*own)?))?;
                    digits.checked_mul(up)
                }
                _ => None,
            });
            Int128Chunked::from_iter_options(name, digits)
                .into_decimal(38, usize::from(scale))
                .map_err(FrameError::polars("building a decimal column"))?
                .into_series()
        }
        FieldKind::Flag => {
            let flags = cells.map(|cell| match cell {
                Some(Cell::Flag(flag)) => Some(*flag),
                _ => None,
            });
            BooleanChunked::from_iter_options(name, flags).into_series()
        }
        FieldKind::Day => {
            let days = cells.map(|cell| match cell {
                Some(Cell::Day(day)) => Some(day_number(*day)),
                _ => None,
            });
            Int32Chunked::from_iter_options(name, days).into_date().into_series()
        }
        FieldKind::Instant => {
            let instants = cells.map(|cell| match cell {
                Some(Cell::Instant(instant)) => Some(instant.as_microsecond()),
                _ => None,
            });
            let numbers = Int64Chunked::from_iter_options(name, instants);
            numbers.into_datetime(TimeUnit::Microseconds, None).into_series()
        }
    };
    Ok(series.into())
}

/// A table out of rows, its columns named and typed.
///
/// # Errors
/// Two columns of one name.
pub fn from_rows(columns: &[(&str, FieldKind)], rows: &[CellRow]) -> Result<DataFrame, FrameError> {
    let columns = columns.iter().enumerate().map(|(at, (name, kind))| {
        column(name, *kind, rows.iter().map(|row| row.get(at).and_then(Option::as_ref)))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    DataFrame::new(rows.len(), columns).map_err(FrameError::polars("building a table"))
}

/// The values of a column, one a row.
pub fn cells(column: &Column) -> Vec<Option<Cell>> {
    let series = column.as_materialized_series();
    match series.dtype() {
        // Most columns are texts and instants, and polars' own values of any type are slow to make.
        DataType::String => series.str().map_or_else(
            |_| vec![None; series.len()],
            |texts| texts.iter().map(|text| text.map(|text| Cell::Text(text.to_owned()))).collect(),
        ),
        DataType::Datetime(TimeUnit::Microseconds, _) => series.datetime().map_or_else(
            |_| vec![None; series.len()],
            |instants| instants.physical().iter().map(|number| instant(number?)).collect(),
        ),
        _ => series.iter().map(|value| cell(&value)).collect(),
    }
}

fn instant(number: i64) -> Option<Cell> {
    Timestamp::from_microsecond(number).ok().map(Cell::Instant)
}

/// The cells of a column, one row after the other.
enum Cells<'c> {
    Texts(Box<dyn Iterator<Item = Option<&'c str>> + 'c>),
    Instants(Box<dyn Iterator<Item = Option<i64>> + 'c>),
    Others(std::vec::IntoIter<Option<Cell>>),
}

impl<'c> Cells<'c> {
    fn of(column: &'c Column) -> Cells<'c> {
        if let Ok(texts) = column.str() {
            return Cells::Texts(Box::new(texts.iter()));
        }
        match column.datetime() {
            Ok(instants) if instants.time_unit() == TimeUnit::Microseconds => {
                Cells::Instants(Box::new(instants.physical().iter()))
            }
            Ok(_) | Err(_) => Cells::Others(cells(column).into_iter()),
        }
    }

    /// Puts the next one behind some bytes, as people write it.
    fn put(&mut self, bytes: &mut Vec<u8>) {
        match self {
            Cells::Texts(texts) => {
                bytes.extend_from_slice(texts.next().flatten().unwrap_or_default().as_bytes());
            }
            Cells::Instants(instants) => {
                let instant = instants.next().flatten();
                let instant = instant.and_then(|number| Timestamp::from_microsecond(number).ok());
                if let Some(instant) = instant {
                    put_instant(bytes, instant);
                }
            }
            Cells::Others(cells) => {
                let cell = cells.next().flatten();
                bytes.extend(cell.into_iter().flat_map(|cell| cell.written().into_bytes()));
            }
        }
    }
}

/// What is made of each row: it is shown the cells of some columns as people write them, with `between` between
/// them.
pub fn of_each<R>(
    columns: &[&Column],
    height: usize,
    between: u8,
    mut made: impl FnMut(&[u8]) -> R,
) -> Vec<R> {
    let mut columns: Vec<Cells<'_>> = columns.iter().map(|column| Cells::of(column)).collect();
    let (mut bytes, mut all) = (Vec::new(), Vec::with_capacity(height));
    for _ in 0..height {
        bytes.clear();
        for (nth, column) in columns.iter_mut().enumerate() {
            bytes.extend((nth > 0).then_some(between));
            column.put(&mut bytes);
        }
        all.push(made(&bytes));
    }
    all
}

/// Some rows of a table, at places in their order, which may follow each other.
///
/// # Errors
/// A place that is not there.
pub fn at(table: &DataFrame, places: &[usize]) -> Result<DataFrame, FrameError> {
    let first = places.first().copied().unwrap_or_default();
    let last = places.last().copied().unwrap_or_default();
    if last - first + 1 == places.len() {
        return Ok(table.slice(i64::try_from(first).unwrap_or(i64::MAX), places.len()));
    }
    let places = places.iter().map(|place| number(*place)).collect();
    let places = IdxCa::from_vec("_at".into(), places);
    table.take(&places).map_err(FrameError::polars("taking rows"))
}

/// A table in pieces of so many rows, for what takes rows as values.
pub fn parts(table: &DataFrame, rows: usize) -> impl Iterator<Item = DataFrame> {
    let starts = (0..table.height()).step_by(rows.max(1));
    starts.map(move |start| table.slice(i64::try_from(start).unwrap_or(i64::MAX), rows))
}

/// The rows of a table, in the order of `names`; a column it has not is empty.
pub fn to_rows(table: &DataFrame, names: &[&str]) -> Vec<CellRow> {
    let mut rows: Vec<CellRow> = vec![Vec::with_capacity(names.len()); table.height()];
    for name in names {
        let values = table.column(name).map(cells).unwrap_or_default();
        let mut values = values.into_iter();
        for row in &mut rows {
            row.push(values.next().flatten());
        }
    }
    rows
}

/// What stands in some columns of a table, each once, and in how many rows.
///
/// # Errors
/// A column that is not there.
pub fn counted(table: &DataFrame, names: &[&str]) -> Result<Vec<(CellRow, u64)>, FrameError> {
    let keys: Vec<Expr> = names.iter().map(|name| col(*name)).collect();
    let groups = table.clone().lazy().group_by_stable(keys).agg([len().alias("_rows")]);
    let groups = groups.collect().map_err(FrameError::polars("counting rows"))?;
    let rows = groups.column("_rows").and_then(|rows| rows.cast(&DataType::UInt64));
    let rows = rows.map_err(FrameError::polars("counting rows"))?;
    let rows = rows.u64().map_err(FrameError::polars("counting rows"))?.iter().flatten();
    Ok(to_rows(&groups, names).into_iter().zip(rows).collect())
}

fn cell(value: &AnyValue<'_>) -> Option<Cell> {
    match value {
        AnyValue::String(text) => Some(Cell::Text((*text).to_owned())),
        AnyValue::StringOwned(text) => Some(Cell::Text(text.to_string())),
        AnyValue::Boolean(flag) => Some(Cell::Flag(*flag)),
        AnyValue::Date(number) => day_of(*number).map(Cell::Day),
        AnyValue::Datetime(number, _, _) => instant(*number),
        AnyValue::Decimal(digits, _, scale) => {
            u8::try_from(*scale).ok().map(|scale| Cell::Decimal(*digits, scale))
        }
        AnyValue::Null => None,
        other => other.extract::<i64>().map(Cell::Whole),
    }
}

/// A batch as a table of texts, its place in `_source` and `_row`.
///
/// # Errors
/// Two headers of one name.
pub fn from_batch(batch: &Batch) -> Result<DataFrame, FrameError> {
    from_sheet(&Sheet::from(batch))
}

/// The same of a sheet.
///
/// # Errors
/// Two headers of one name.
pub fn from_sheet(sheet: &Sheet) -> Result<DataFrame, FrameError> {
    let height = sheet.height();
    let own = sheet.headers.iter().zip(&sheet.columns);
    let own = own.map(|(header, column)| {
        StringChunked::from_iter_options(header.as_str().into(), column.iter()).into_series().into()
    });
    let (mut columns, places): (Vec<Column>, _) = (own.collect(), &sheet.places);
    let sources = places.iter().map(|(source, _)| source.as_ref());
    columns.push(StringChunked::from_iter_values("_source".into(), sources).into_series().into());
    let numbers = places.iter().map(|(_, row)| i64::from(*row));
    columns.push(Int64Chunked::from_iter_values("_row".into(), numbers).into_series().into());
    DataFrame::new(height, columns).map_err(FrameError::polars("building a batch"))
}

/// A table of texts as a batch again.
pub fn to_batch(table: &DataFrame) -> Batch {
    let headers: Vec<String> = table
        .get_column_names()
        .iter()
        .filter(|name| !["_source", "_row"].contains(&name.as_str()))
        .map(ToString::to_string)
        .collect();
    let names: Vec<&str> = headers.iter().map(String::as_str).collect();
    let places = to_rows(table, &["_source", "_row"]);
    let rows = to_rows(table, &names).into_iter().zip(places).map(|(cells, place)| Row {
        source: match place.first() {
            Some(Some(Cell::Text(source))) => source.as_str().into(),
            _ => "".into(),
        },
        row: match place.get(1) {
            Some(Some(Cell::Whole(row))) => u32::try_from(*row).unwrap_or(u32::MAX),
            _ => 0,
        },
        cells: cells.into_iter().map(|cell| cell.map(|cell| cell.written())).collect(),
    });
    Batch { rows: rows.collect(), headers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cell;

    #[test]
    fn the_cells_of_many_rows_are_joined_as_those_of_one_are() {
        let kinds = [
            ("text", FieldKind::Text),
            ("time", FieldKind::Instant),
            ("day", FieldKind::Day),
            ("share", FieldKind::Decimal(2)),
            ("is", FieldKind::Flag),
        ];
        let filled: CellRow = vec![
            Some(Cell::Text("一 b".to_owned())),
            Some(Cell::Instant("2025-01-06T04:00:00.25Z".parse().unwrap())),
            Some(Cell::Day(jiff::civil::date(2025, 1, 6))),
            Some(Cell::Decimal(-5, 2)),
            Some(Cell::Flag(true)),
        ];
        let rows = [filled.clone(), vec![None; kinds.len()], filled];
        let table = from_rows(&kinds, &rows).unwrap();
        let columns: Vec<&Column> = table.columns().iter().collect();
        let one = |row: &CellRow| cell::joined(row.iter().map(Option::as_ref), '|');
        let joined = |columns: &[&Column], height| {
            of_each(columns, height, b'|', |row| String::from_utf8(row.to_vec()).unwrap())
        };
        assert_eq!(joined(&columns, 3), rows.iter().map(one).collect::<Vec<_>>());
        assert_eq!(joined(&[], 1), [""]);
    }
}
