//! How does the measure language run? Its tree is built straight into polars expressions.

use polars::lazy::dsl::max_horizontal;
use polars::lazy::dsl::min_horizontal;
use polars::prelude::*;

use super::functions;
use super::functions::Days;
use super::functions::day_column;
use crate::spec::function::Function;
use crate::spec::sql::Aggregate;
use crate::spec::sql::AggregateKind;
use crate::spec::sql::Expr as Tree;
use crate::spec::sql::Operator;

/// A row-level expression.
///
/// # Errors
/// What polars itself refuses to build.
pub fn row(tree: &Tree, days: &Days) -> PolarsResult<Expr> {
    let of = |tree: &Tree| row(tree, days);
    Ok(match tree {
        Tree::Column(name) => col(name.as_str()),
        Tree::Text(text) => lit(text.as_str()),
        Tree::Whole(number) => lit(*number),
        Tree::Decimal(text) => lit(text.parse::<f64>().unwrap_or(f64::NAN)),
        Tree::Flag(flag) => lit(*flag),
        Tree::Null => lit(NULL),
        Tree::Not(x) => of(x)?.not(),
        Tree::Negative(x) => lit(0) - of(x)?,
        Tree::Binary(x, operator, y) => binary(of(x)?, *operator, of(y)?),
        Tree::IsNull(x) => of(x)?.is_null(),
        Tree::In(x, list) => {
            let mut hits = lit(false);
            for item in list {
                hits = hits.or(of(x)?.eq(of(item)?));
            }
            hits
        }
        Tree::Like(x, pattern) => of(x)?.str().contains(lit(like(pattern)), true),
        Tree::Case(whens, otherwise) => {
            let mut result = match otherwise {
                Some(x) => of(x)?,
                None => lit(NULL),
            };
            for (condition, then) in whens.iter().rev() {
                result = when(of(condition)?).then(of(then)?).otherwise(result);
            }
            result
        }
        Tree::Call(function, arguments) => {
            let arguments = arguments.iter().map(of).collect::<PolarsResult<Vec<_>>>()?;
            call(*function, &arguments, days)?
        }
    })
}

fn binary(x: Expr, operator: Operator, y: Expr) -> Expr {
    match operator {
        Operator::Add => x + y,
        Operator::Subtract => x - y,
        Operator::Multiply => x * y,
        Operator::Equal => x.eq(y),
        Operator::NotEqual => x.neq(y),
        Operator::Less => x.lt(y),
        Operator::LessOrEqual => x.lt_eq(y),
        Operator::Greater => x.gt(y),
        Operator::GreaterOrEqual => x.gt_eq(y),
        Operator::And => x.and(y),
        Operator::Or => x.or(y),
        Operator::Concat => concat_str([x, y], "", false),
    }
}

/// `%` and `_` as a regular expression over the whole text.
fn like(pattern: &str) -> String {
    let body: String = pattern
        .chars()
        .map(|c| match c {
            '%' => ".*".to_owned(),
            '_' => ".".to_owned(),
            other => regex::escape(&other.to_string()),
        })
        .collect();
    format!("(?s)^{body}$")
}

fn call(function: Function, arguments: &[Expr], days: &Days) -> PolarsResult<Expr> {
    let at = |place: usize| arguments.get(place).cloned().unwrap_or_else(|| lit(NULL));
    Ok(match function {
        Function::Abs => at(0).abs(),
        Function::Exact => at(0).cast(DataType::Decimal(38, 12)),
        Function::Coalesce => coalesce(arguments),
        Function::Greatest => max_horizontal(arguments)?,
        Function::Least => min_horizontal(arguments)?,
        Function::Lower => at(0).str().to_lowercase(),
        Function::Upper => at(0).str().to_uppercase(),
        Function::Minute => at(0).cast(DataType::Int64).floor_div(lit(60_000_000_i64)),
        Function::NullIf => when(at(0).eq(at(1))).then(lit(NULL)).otherwise(at(0)),
        Function::Number => at(0).cast(DataType::Float64),
        Function::SecondsBetween => {
            let instant = |x: Expr| x.cast(DataType::Int64).floor_div(lit(1_000_000_i64));
            instant(at(1)) - instant(at(0))
        }
        Function::Substr => {
            let length = arguments.get(2).cloned().unwrap_or_else(|| lit(NULL));
            at(0).str().slice(at(1) - lit(1), length)
        }
        Function::Ordinal => {
            let options = RankOptions { method: RankMethod::Ordinal, descending: false };
            let keys = arguments.get(1..).unwrap_or_default();
            at(0).rank(options, None).over(keys)?.cast(DataType::Int64)
        }
        Function::Repeats => len().over(arguments)?.cast(DataType::Int64),
        Function::Age
        | Function::DaysBetween
        | Function::ElapsedWorkdays
        | Function::IsWorkday
        | Function::MonthsBetween
        | Function::Moved
        | Function::OnTime
        | Function::RetirementMonth => value_by_value(function, arguments, days),
    })
}

/// The functions that polars does not know, value by value.
fn value_by_value(function: Function, arguments: &[Expr], days: &Days) -> Expr {
    let days = days.clone();
    let run = move |columns: &mut [Column]| compute(function, columns, &days);
    let output = move |_: &Schema, fields: &[Field]| {
        let kind = match function {
            Function::OnTime | Function::IsWorkday => DataType::Boolean,
            Function::Moved | Function::RetirementMonth => DataType::Date,
            _ => DataType::Int64,
        };
        let name = fields.first().map_or("".into(), |field| field.name().clone());
        Ok(Field::new(name, kind))
    };
    map_multiple(run, arguments, output)
}

fn compute(function: Function, columns: &[Column], days: &Days) -> PolarsResult<Column> {
    let height = columns.iter().map(Column::len).max().unwrap_or(0);
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
                return Ok(claims(name, (0..height).map(on_time)));
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
            let numbers = (0..height).map(number);
            Int64Chunked::from_iter_options(name, numbers).into_series().into()
        }
    })
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

/// The rows that a measure aggregates, as one value a row: null where the row does not count.
///
/// # Errors
/// What polars itself refuses to build.
pub fn counted(aggregate: &Aggregate, days: &Days) -> PolarsResult<Expr> {
    let value = match &aggregate.kind {
        AggregateKind::Rows => lit(1_i64),
        AggregateKind::Count(x) => {
            when(row(x, days)?.is_not_null()).then(lit(1_i64)).otherwise(lit(NULL))
        }
        AggregateKind::Sum(x) | AggregateKind::Quantile(x, _) => row(x, days)?,
    };
    Ok(match &aggregate.filter {
        Some(filter) => when(row(filter, days)?).then(value).otherwise(lit(NULL)),
        None => value,
    })
}

/// A column of local days out of days or instants.
///
/// # Errors
/// A column of another type.
pub fn local_days(column: &Column, days: &Days, name: &str) -> PolarsResult<Column> {
    Ok(day_column(name, days.of_column(column)?.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cell::Cell;
    use crate::frame::table;
    use crate::spec::catalog;
    use crate::spec::home::Home;
    use crate::spec::schema::FieldKind;

    fn days() -> Days {
        let calendar = catalog::calendar(&Home::embedded(), "cn").unwrap();
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        Days { calendar: Arc::new(calendar), zone }
    }

    /// What a call gives for one row of columns `a` and `b`.
    fn called(function: Function, a: (FieldKind, Cell), b: (FieldKind, Cell)) -> Option<Cell> {
        let row = vec![Some(a.1), Some(b.1)];
        let frame = table::from_rows(&[("a", a.0), ("b", b.0)], &[row]).unwrap();
        let columns = ["a", "b"].map(|name| Tree::Column(name.to_owned()));
        let built = row_of(&Tree::Call(function, columns.to_vec()));
        let told = frame.lazy().select([built.alias("told")]).collect().unwrap();
        table::cells(told.column("told").unwrap()).remove(0)
    }

    fn row_of(tree: &Tree) -> Expr {
        row(tree, &days()).unwrap()
    }

    fn day(year: i16, month: i8, day: i8) -> (FieldKind, Cell) {
        (FieldKind::Day, Cell::Day(jiff::civil::date(year, month, day)))
    }

    #[test]
    fn months_are_counted_from_month_to_month() {
        let months = |a, b| called(Function::MonthsBetween, a, b);
        assert_eq!(months(day(2025, 12, 31), day(2026, 1, 1)), Some(Cell::Whole(1)));
        assert_eq!(months(day(2025, 12, 1), day(2025, 12, 31)), Some(Cell::Whole(0)));
        assert_eq!(months(day(2026, 3, 1), day(2025, 12, 31)), Some(Cell::Whole(-3)));
    }

    #[test]
    fn a_due_day_moves_by_working_days_and_a_kind_retires_in_its_month() {
        let paused = (FieldKind::Whole, Cell::Whole(3));
        assert_eq!(called(Function::Moved, day(2025, 2, 17), paused), Some(day(2025, 2, 20).1));
        let kind = |kind: &str| (FieldKind::Text, Cell::Text(kind.to_owned()));
        let retires = |as_a| called(Function::RetirementMonth, day(1971, 4, 9), kind(as_a));
        assert_eq!(retires("woman55"), Some(day(2026, 8, 1).1));
        assert_eq!(retires("somebody"), None);
    }

    #[test]
    fn a_holiday_is_no_workday_and_a_sunday_in_its_place_is_one() {
        let worked = |of: (FieldKind, Cell)| called(Function::IsWorkday, of.clone(), of);
        assert_eq!(worked(day(2025, 10, 8)), Some(Cell::Flag(false)));
        assert_eq!(worked(day(2025, 9, 28)), Some(Cell::Flag(true)));
        assert_eq!(worked(day(1990, 1, 1)), None);
    }

    /// 1.25 · 96.55; polars itself would round to two decimals.
    #[test]
    fn a_product_of_exact_decimals_keeps_all_its_places() {
        let columns = [("a", FieldKind::Decimal(2)), ("b", FieldKind::Decimal(2))];
        let cells = vec![Some(Cell::Decimal(125, 2)), Some(Cell::Decimal(9655, 2))];
        let frame = table::from_rows(&columns, &[cells]).unwrap();
        let exact =
            |name: &str| Box::new(Tree::Call(Function::Exact, vec![Tree::Column(name.to_owned())]));
        let product = row_of(&Tree::Binary(exact("a"), Operator::Multiply, exact("b")));
        let told = frame.lazy().select([product.alias("told")]).collect().unwrap();
        let told = table::cells(told.column("told").unwrap()).remove(0);
        assert_eq!(told, Some(Cell::Decimal(120_687_500_000_000, 12)));
    }
}
