//! What do calls of the measure language become? Expressions of polars, or functions of our own, value by
//! value.

use polars::lazy::dsl::max_horizontal;
use polars::lazy::dsl::min_horizontal;
use polars::prelude::*;
use rayon::prelude::*;

use super::arith;
use super::arith::Range;
use super::functions;
use super::functions::Days;
use super::functions::day_column;
use super::table::data_type;
use super::table::kind_of;
use super::window;
use crate::base::period::Month;
use crate::spec::function::Function;
use crate::spec::kinds;
use crate::spec::kinds::PLACES;
use crate::spec::schema::FieldKind;
use crate::spec::sql::Operator;

/// A call as an expression.
///
/// # Errors
/// What polars itself refuses to build.
pub(super) fn call(
    function: Function,
    arguments: &[Expr],
    days: &Days,
    range: Range<'_>,
) -> PolarsResult<Expr> {
    let at = |place: usize| arguments.get(place).cloned().unwrap_or_else(|| lit(NULL));
    Ok(match function {
        Function::Abs => {
            let other = arith::binary(Operator::Subtract, lit(0_i64), at(0), range);
            when(at(0).lt(lit(0_i64))).then(other).otherwise(at(0))
        }
        Function::Exact => {
            arith::binary(Operator::Add, at(0), arith::decimal("0.000000000000"), range)
        }
        Function::Coalesce => coalesce(arguments),
        Function::Greatest => max_horizontal(arguments)?,
        Function::Least => min_horizontal(arguments)?,
        Function::Lower => at(0).str().to_lowercase(),
        Function::Upper => at(0).str().to_uppercase(),
        Function::Minute => at(0).cast(DataType::Int64).floor_div(lit(60_000_000_i64)),
        Function::NullIf => when(at(0).eq(at(1))).then(lit(NULL)).otherwise(at(0)),
        Function::Length => at(0).str().len_chars().cast(DataType::Int64),
        Function::SecondsBetween => seconds(&at(0), &at(1)),
        Function::HoursBetween => {
            arith::binary(Operator::Divide, seconds(&at(0), &at(1)), lit(3600_i64), range)
        }
        Function::Substr => {
            let length = arguments.get(2).cloned().unwrap_or_else(|| lit(NULL));
            at(0).str().slice(at(1) - lit(1), length)
        }
        Function::Ordinal => around(window::ordinal, arguments),
        Function::Repeats => around(window::repeats, arguments),
        Function::Ceil | Function::Floor => whole(function, range.within(at(0)), range.owner()),
        Function::Age
        | Function::DaysBetween
        | Function::ElapsedWorkdays
        | Function::IsWorkday
        | Function::MonthOf
        | Function::MonthsBetween
        | Function::Moved
        | Function::Number
        | Function::OnTime
        | Function::Replace
        | Function::RetirementMonth
        | Function::WorkdaysBetween
        | Function::YearOf => value_by_value(function, arguments, days),
    })
}

/// The whole seconds from one instant to another.
fn seconds(from: &Expr, to: &Expr) -> Expr {
    let second = |x: &Expr| x.clone().cast(DataType::Int64).floor_div(lit(1_000_000_i64));
    second(to) - second(from)
}

/// The whole number that is not more, or not less.
fn whole(function: Function, x: Expr, owner: Option<String>) -> Expr {
    let run = move |number: Column| {
        let scale = kinds::scale(kind_of(number.dtype())).unwrap_or(0);
        let one = 10_i128.pow(u32::from(scale));
        let mut beyond = 0;
        let whole = |digits: Option<i128>| {
            let below = digits?.div_euclid(one);
            let is_above = function == Function::Ceil && below * one < digits?;
            let whole = Some(below + i128::from(is_above));
            let whole = whole.filter(|whole| arith::fits(FieldKind::Whole, *whole));
            beyond += usize::from(whole.is_none());
            whole
        };
        let wholes: Vec<Option<i128>> = arith::digits(&number)?.into_iter().map(whole).collect();
        arith::tell(owner.as_deref(), function.name(), (beyond, wholes.len()))?;
        arith::column(number.name(), FieldKind::Whole, wholes.into_iter())
    };
    x.map(run, |_, field| Ok(Field::new(field.name().clone(), DataType::Int64)))
}

/// What a row looks for among all rows.
fn around(look: fn(&[Column]) -> PolarsResult<Column>, arguments: &[Expr]) -> Expr {
    let output = |_: &Schema, fields: &[Field]| {
        let name = fields.first().map_or("".into(), |field| field.name().clone());
        Ok(Field::new(name, DataType::Int64))
    };
    apply_multiple(move |columns| look(columns), arguments, output, false)
}

/// The functions that polars does not know, value by value.
fn value_by_value(function: Function, arguments: &[Expr], days: &Days) -> Expr {
    let days = days.clone();
    let run = move |columns: &mut [Column]| compute(function, columns, &days);
    let output = move |_: &Schema, fields: &[Field]| {
        let kind = match function {
            Function::OnTime | Function::IsWorkday => DataType::Boolean,
            Function::Moved | Function::RetirementMonth => DataType::Date,
            Function::MonthOf | Function::Replace => DataType::String,
            Function::Number => data_type(FieldKind::Decimal(PLACES)),
            _ => DataType::Int64,
        };
        let name = fields.first().map_or("".into(), |field| field.name().clone());
        Ok(Field::new(name, kind))
    };
    map_multiple(run, arguments, output)
}

fn compute(function: Function, columns: &[Column], days: &Days) -> PolarsResult<Column> {
    let height = arith::height(&columns.iter().collect::<Vec<_>>());
    let name = columns.first().map_or("".into(), |column| column.name().clone());
    let day = |at: usize| columns.get(at).map_or(Ok(Vec::new()), |c| days.of_column(c));
    let text = |at: usize| columns.get(at).map_or(Ok(Vec::new()), texts);
    let whole = |at: usize| columns.get(at).map_or(Ok(vec![Some(0)]), wholes);
    Ok(match function {
        Function::RetirementMonth => {
            let (births, kinds) = (day(0)?, text(1)?);
            let due = |at| functions::retirement(spread(&births, at)?, &spread(&kinds, at)?);
            day_column(&name, (0..height).map(due))
        }
        Function::Moved => {
            let (dues, suspended) = (day(0)?, whole(1)?);
            let moved = |at| {
                let paused = spread(&suspended, at).unwrap_or(0);
                days.calendar.moved(spread(&dues, at)?, paused).ok()
            };
            day_column(&name, (0..height).map(moved))
        }
        Function::MonthOf | Function::Number | Function::Replace | Function::YearOf => {
            reread(function, columns, days)?
        }
        Function::IsWorkday => {
            let days_told = day(0)?;
            let worked = |at| Some(days.calendar.day(spread(&days_told, at)?).ok()?.is_workday);
            claims(name, (0..height).map(worked))
        }
        _ => {
            let (from, to, suspended) = (day(0)?, day(1)?, whole(2)?);
            let paused = |at| spread(&suspended, at).unwrap_or(0);
            let pair = |at| Some((spread(&from, at)?, spread(&to, at)?));
            if function == Function::OnTime {
                let on_time = |at| {
                    let (closed, due) = pair(at)?;
                    functions::on_time(days, closed, due, paused(at))
                };
                return Ok(claims(name, each(height, on_time).into_iter()));
            }
            let number = |at| {
                let (from, to) = pair(at)?;
                match function {
                    Function::Age => Some(functions::age(from, to)),
                    Function::DaysBetween => Some(i64::from((to - from).get_days())),
                    Function::MonthsBetween => Some(functions::months_between(from, to)),
                    _ => functions::elapsed_workdays(days, from, to, paused(at)),
                }
            };
            let numbers = each(height, number).into_iter();
            Int64Chunked::from_iter_options(name, numbers).into_series().into()
        }
    })
}

/// The functions that say one value in another way.
fn reread(function: Function, columns: &[Column], days: &Days) -> PolarsResult<Column> {
    let height = arith::height(&columns.iter().collect::<Vec<_>>());
    let name = columns.first().map_or("".into(), |column| column.name().clone());
    let day = || columns.first().map_or(Ok(Vec::new()), |c| days.of_column(c));
    let text = |at: usize| columns.get(at).map_or(Ok(Vec::new()), texts);
    Ok(match function {
        Function::Number => {
            let numbers = text(0)?.into_iter().map(|text| functions::number(&text?));
            arith::column(&name, FieldKind::Decimal(PLACES), numbers)?
        }
        Function::Replace => {
            let (texts, old, new) = (text(0)?, text(1)?, text(2)?);
            let replaced = |at| {
                let (old, new) = (spread(&old, at)?, spread(&new, at)?);
                let text = spread(&texts, at)?;
                Some(if old.is_empty() { text } else { text.replace(&old, &new) })
            };
            StringChunked::from_iter_options(name, (0..height).map(replaced)).into_series().into()
        }
        Function::MonthOf => {
            let months = day()?.into_iter().map(|day| day.map(|day| Month::of(day).to_string()));
            StringChunked::from_iter_options(name, months).into_series().into()
        }
        _ => {
            let years = day()?.into_iter().map(|day| day.map(|day| i64::from(day.year())));
            Int64Chunked::from_iter_options(name, years).into_series().into()
        }
    })
}

/// The value of each row, on every core.
fn each<T: Send>(
    height: usize,
    value: impl Fn(usize) -> Option<T> + Sync + Send,
) -> Vec<Option<T>> {
    (0..height).into_par_iter().with_min_len(1 << 12).map(value).collect()
}

fn claims(name: PlSmallStr, claims: impl Iterator<Item = Option<bool>>) -> Column {
    BooleanChunked::from_iter_options(name, claims).into_series().into()
}

fn texts(column: &Column) -> PolarsResult<Vec<Option<String>>> {
    let column = column.cast(&DataType::String)?;
    Ok(column.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}

fn wholes(column: &Column) -> PolarsResult<Vec<Option<i64>>> {
    let column = column.cast(&DataType::Int64)?;
    Ok(column.i64()?.iter().collect())
}

/// The value of a row; a column of one value holds for all.
fn spread<T: Clone>(values: &[Option<T>], at: usize) -> Option<T> {
    let at = if values.len() == 1 { 0 } else { at };
    values.get(at).cloned().flatten()
}
