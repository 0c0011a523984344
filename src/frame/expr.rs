//! How does the measure language run? Its tree is built straight into polars expressions.

use polars::prelude::*;

use super::arith;
use super::arith::Range;
use super::calls;
use super::functions::Days;
use super::table::day_number;
use crate::spec::function::Function;
use crate::spec::pipeline::Measure;
use crate::spec::sql::Aggregate;
use crate::spec::sql::AggregateKind;
use crate::spec::sql::Expr as Tree;
use crate::spec::sql::Operator;

/// A row-level expression. A number that leaves its range is no value.
///
/// # Errors
/// What polars itself refuses to build.
pub fn row(tree: &Tree, days: &Days) -> PolarsResult<Expr> {
    Builder { days, whose: None }.row(tree, None)
}

/// The same for what is counted: a number that leaves its range is a fault that names whose it is, where a
/// `CASE` or a `FILTER` does not pass it by.
///
/// # Errors
/// What polars itself refuses to build.
pub fn exact(tree: &Tree, days: &Days, whose: &str) -> PolarsResult<Expr> {
    Builder { days, whose: Some(whose) }.row(tree, None)
}

struct Builder<'b> {
    days: &'b Days,
    whose: Option<&'b str>,
}

impl Builder<'_> {
    /// An expression of the rows that are asked for, if not of all.
    fn row(&self, tree: &Tree, asked: Option<&Expr>) -> PolarsResult<Expr> {
        let of = |tree: &Tree| self.row(tree, asked);
        let range = Range { whose: self.whose, asked };
        Ok(match tree {
            Tree::Column(name) => col(name.as_str()),
            Tree::Text(text) => lit(text.as_str()),
            // polars would take the least type that holds it, and a sum of those leaves it.
            Tree::Whole(number) => lit(Scalar::from(*number)),
            Tree::Decimal(text) => arith::decimal(text),
            Tree::Flag(flag) => lit(*flag),
            Tree::Day(day) => lit(day_number(*day)).cast(DataType::Date),
            Tree::Null => lit(NULL),
            Tree::Not(x) => claim(of(x)?).not(),
            Tree::Negative(x) => match **x {
                Tree::Whole(number) => lit(Scalar::from(-number)),
                _ => arith::binary(Operator::Subtract, lit(0_i64), of(x)?, range),
            },
            Tree::Binary(x, operator, y) => binary(of(x)?, *operator, of(y)?, range),
            Tree::IsNull(x) => of(x)?.is_null(),
            Tree::Is(x, flag) => claim(of(x)?).eq_missing(lit(*flag)),
            Tree::In(x, list) => self.among(x, list, asked)?,
            Tree::Like(x, pattern) => of(x)?.str().contains(lit(like(pattern)), true),
            Tree::Case(whens, otherwise) => self.case((whens, otherwise.as_deref()), asked)?,
            Tree::Call(function, arguments) => {
                let arguments = arguments.iter().map(of).collect::<PolarsResult<Vec<_>>>()?;
                calls::call(*function, &arguments, self.days, range)?
            }
        })
    }

    /// Texts are looked up all at once: a list of them may be long.
    fn among(&self, x: &Tree, list: &[Tree], asked: Option<&Expr>) -> PolarsResult<Expr> {
        let x = self.row(x, asked)?;
        let (mut texts, mut others): (Vec<&str>, Vec<&Tree>) = (Vec::new(), Vec::new());
        for item in list {
            match item {
                Tree::Text(text) => texts.push(text),
                other => others.push(other),
            }
        }
        let mut hits = lit(false);
        if !texts.is_empty() {
            let texts = lit(Series::new("texts".into(), texts)).implode(false);
            hits = x.clone().cast(DataType::String).is_in(texts, false);
        }
        for item in others {
            hits = hits.or(x.clone().eq(self.row(item, asked)?));
        }
        Ok(hits)
    }

    /// Each branch is asked of the rows that come to it. Which these are is told by conditions that are held against no
    /// range, so that none holds copies of those before: a number that leaves it is told where it is asked.
    fn case(
        &self,
        (whens, otherwise): (&[(Tree, Tree)], Option<&Tree>),
        asked: Option<&Expr>,
    ) -> PolarsResult<Expr> {
        let also = |asked: Option<&Expr>, met: Expr| match asked {
            Some(asked) => asked.clone().and(met),
            None => met,
        };
        let (mut left, mut branches) = (asked.cloned(), Vec::new());
        for (condition, then) in whens {
            let met = claim(self.row(condition, left.as_ref())?);
            let passes = self.whose.map(|_| row(condition, self.days).map(claim)).transpose()?;
            let here = passes.clone().map(|passes| also(left.as_ref(), passes));
            let then = self.row(then, here.as_ref())?;
            left = passes.map(|passes| also(left.as_ref(), passes.eq_missing(lit(true)).not()));
            branches.push((met, then));
        }
        let otherwise = otherwise.map(|x| self.row(x, left.as_ref())).transpose()?;
        let result = otherwise.unwrap_or(lit(NULL));
        let nested = |result, (met, then)| when(met).then(then).otherwise(result);
        Ok(branches.into_iter().rev().fold(result, nested))
    }
}

/// A condition: `NULL` is one, too.
fn claim(x: Expr) -> Expr {
    x.cast(DataType::Boolean)
}

fn binary(x: Expr, operator: Operator, y: Expr, range: Range<'_>) -> Expr {
    match operator {
        Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Remainder => arith::binary(operator, x, y, range),
        Operator::Equal => x.eq(y),
        Operator::NotEqual => x.neq(y),
        Operator::Less => x.lt(y),
        Operator::LessOrEqual => x.lt_eq(y),
        Operator::Greater => x.gt(y),
        Operator::GreaterOrEqual => x.gt_eq(y),
        Operator::And => claim(x).and(claim(y)),
        Operator::Or => claim(x).or(claim(y)),
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

/// The rows that a measure aggregates, as one value a row: null where the row does not count.
///
/// # Errors
/// What polars itself refuses to build.
pub fn counted(measure: &Measure, days: &Days) -> PolarsResult<Expr> {
    let (is_counted, value) = weighed(measure, days)?;
    let value = value.unwrap_or(lit(1_i64));
    Ok(match is_counted {
        Some(is_counted) => when(is_counted).then(value).otherwise(lit(NULL)),
        None => value,
    })
}

/// Which rows a measure aggregates, if not all, and the value of each, if it is not one.
///
/// # Errors
/// What polars itself refuses to build.
pub fn weighed(measure: &Measure, days: &Days) -> PolarsResult<(Option<Expr>, Option<Expr>)> {
    let whose = format!("measure `{}`", measure.name);
    let builder = Builder { days, whose: Some(&whose) };
    let Aggregate { kind, filter } = &measure.aggregate;
    let filter = filter.as_ref().map(|filter| builder.row(filter, None));
    let filter = filter.transpose()?.map(claim);
    Ok(match kind {
        AggregateKind::Rows => (filter, None),
        AggregateKind::Count(x) => {
            let is_there = builder.row(x, filter.as_ref())?.is_not_null();
            let both = match filter {
                Some(filter) => filter.and(is_there),
                None => is_there,
            };
            (Some(both), None)
        }
        kind => {
            let value = kind.argument().map(|x| builder.row(x, filter.as_ref())).transpose()?;
            (filter, value)
        }
    })
}

/// The rows of which a measure cannot say what they count for: whether they pass, or what their value is.
///
/// # Errors
/// What polars itself refuses to build.
pub fn open(measure: &Measure, days: &Days) -> PolarsResult<Expr> {
    let builder = Builder { days, whose: None };
    let Aggregate { kind, filter } = &measure.aggregate;
    let passes = filter.as_ref().map_or(Ok(lit(true)), |filter| builder.row(filter, None))?;
    let has_value = match kind.argument() {
        Some(x) => when(builder.row(x, None)?.is_null()).then(lit(NULL)).otherwise(lit(true)),
        None => lit(true),
    };
    // What does not pass says so; of what passes or may pass, what is not known is empty.
    Ok(claim(passes).and(has_value).is_null())
}

/// The rows of which one of these calls asks for a day before the calendar, and those of which one asks for a day after it.
///
/// # Errors
/// What polars itself refuses to build.
pub fn unanswered(calls: &[&Tree], days: &Days) -> PolarsResult<[Expr; 2]> {
    let row = |tree: &Tree| Builder { days, whose: None }.row(tree, None);
    let first = days.calendar.days().first().map_or(Tree::Null, |first| Tree::Day(first.date));
    let (mut before, mut after) = (lit(false), lit(false));
    for call in calls {
        let Tree::Call(function, arguments) = call else { continue };
        let (mut silent, mut is_early) = (row(call)?.is_null(), lit(false));
        for day in arguments.iter().take(function.calendar_days()) {
            silent = silent.and(row(day)?.is_not_null());
            let since = Tree::Call(Function::DaysBetween, vec![first.clone(), day.clone()]);
            is_early = is_early.or(row(&since)?.lt(lit(0)).fill_null(lit(false)));
        }
        before = before.or(silent.clone().and(is_early.clone()));
        after = after.or(silent.and(is_early.not()));
    }
    Ok([before, after])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cell::Cell;
    use crate::frame::table;
    use crate::spec::function::Function;
    use crate::spec::home::Home;
    use crate::spec::schema::FieldKind;

    fn days() -> Days {
        let calendar = Home::embedded().calendar("cn").unwrap();
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

    #[test]
    fn a_long_list_of_texts_is_one_question() {
        let list: Vec<Tree> = (0..5_000).map(|number| Tree::Text(format!("K{number}"))).collect();
        let among = |more: &[Tree]| {
            let list = [&list, more].concat();
            row_of(&Tree::In(Box::new(Tree::Column("a".to_owned())), list))
        };
        assert!((&among(&[])).into_iter().count() < 10);
        let texts = [Some("K4999"), Some("K5000"), None];
        let rows = texts.map(|text| vec![text.map(|text| Cell::Text(text.to_owned()))]);
        let frame = table::from_rows(&[("a", FieldKind::Text)], &rows).unwrap();
        let told = |built: Expr| {
            let told = frame.clone().lazy().select([built.alias("told")]).collect().unwrap();
            table::cells(told.column("told").unwrap())
        };
        assert_eq!(told(among(&[])), [Some(Cell::Flag(true)), Some(Cell::Flag(false)), None]);
        assert_eq!(told(among(&[Tree::Null])), [Some(Cell::Flag(true)), None, None]);
    }

    #[test]
    fn a_case_of_many_branches_holds_no_copies_of_copies() {
        let twice = || {
            let a = Box::new(Tree::Column("a".to_owned()));
            Box::new(Tree::Binary(a, Operator::Multiply, Box::new(Tree::Whole(2))))
        };
        let branch = |at: i64| {
            let is_more = Tree::Binary(twice(), Operator::Greater, Box::new(Tree::Whole(at)));
            (is_more, Tree::Negative(Box::new(Tree::Whole(at))))
        };
        let many = Tree::Case((0..40).rev().map(branch).collect(), None);
        let built = exact(&many, &days(), "measure `m`").unwrap();
        assert!((&built).into_iter().count() < 40_000);
        let rows = [vec![Some(Cell::Whole(7))], vec![Some(Cell::Whole(0))]];
        let frame = table::from_rows(&[("a", FieldKind::Whole)], &rows).unwrap();
        let told = frame.lazy().select([built.alias("told")]).collect().unwrap();
        assert_eq!(table::cells(told.column("told").unwrap()), [Some(Cell::Whole(-13)), None]);
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

    /// 1.25 · 96.55; polars itself would round to two decimals. No product has more than twelve.
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
