//! How does a measure read as DuckDB SQL? So that anybody can count again what a night counted.

use std::collections::BTreeSet;

use super::function::Function;
use super::sql::Aggregate;
use super::sql::AggregateKind;
use super::sql::Expr;
use super::sql::Operator;

/// Words that DuckDB reads as its own where they are not quoted.
const RESERVED: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "both",
    "case",
    "cast",
    "check",
    "column",
    "default",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "into",
    "lateral",
    "leading",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "primary",
    "references",
    "select",
    "show",
    "some",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "using",
    "when",
    "where",
    "window",
    "with",
];

/// Writes the measure language as DuckDB SQL over the columns of a fact.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'w> {
    /// The zone in which days begin.
    pub zone: &'w str,
    /// The columns that are instants: the day of one is the day in the zone.
    pub instants: &'w BTreeSet<String>,
}

impl Writer<'_> {
    /// An aggregate; over no rows a sum is 0, as it is in a night.
    pub fn aggregate(&self, aggregate: &Aggregate) -> String {
        let call = match &aggregate.kind {
            AggregateKind::Rows => "count(*)".to_owned(),
            AggregateKind::Count(x) => format!("count({})", self.row(x)),
            AggregateKind::Sum(x) => format!("sum({})", self.row(x)),
            AggregateKind::Quantile(x, thousandths) => {
                let share = format!("0.{thousandths:03}");
                format!("quantile_cont({}, {})", self.row(x), share.trim_end_matches('0'))
            }
        };
        let filter = aggregate.filter.as_ref();
        let filter = filter.map(|filter| format!(" filter (where {})", self.row(filter)));
        let call = call + &filter.unwrap_or_default();
        match aggregate.kind {
            AggregateKind::Sum(_) => format!("coalesce({call}, 0)"),
            AggregateKind::Rows | AggregateKind::Count(_) | AggregateKind::Quantile(..) => call,
        }
    }

    /// A row-level expression.
    pub fn row(&self, tree: &Expr) -> String {
        match tree {
            Expr::Column(name) => identifier(name),
            Expr::Text(text) => literal(text),
            Expr::Whole(number) => number.to_string(),
            Expr::Decimal(number) => number.clone(),
            Expr::Flag(flag) => flag.to_string(),
            Expr::Null => "null".to_owned(),
            Expr::Not(x) => match x.as_ref() {
                Expr::IsNull(x) => format!("{} is not null", self.inner(x)),
                Expr::In(x, list) => format!("{} not in ({})", self.inner(x), self.list(list)),
                x => format!("not {}", self.inner(x)),
            },
            Expr::Negative(x) => format!("-{}", self.inner(x)),
            Expr::Binary(x, operator, y) => {
                format!(
                    "{} {} {}",
                    self.side(x, *operator),
                    sign(*operator),
                    self.side(y, *operator)
                )
            }
            Expr::IsNull(x) => format!("{} is null", self.inner(x)),
            Expr::In(x, list) => format!("{} in ({})", self.inner(x), self.list(list)),
            Expr::Like(x, pattern) => format!("{} like {}", self.inner(x), literal(pattern)),
            Expr::Case(whens, otherwise) => {
                let when = |(condition, then): &(Expr, Expr)| {
                    format!(" when {} then {}", self.row(condition), self.row(then))
                };
                let whens: String = whens.iter().map(when).collect();
                let otherwise = otherwise.as_ref().map(|x| format!(" else {}", self.row(x)));
                format!("case{whens}{} end", otherwise.unwrap_or_default())
            }
            Expr::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn list(&self, list: &[Expr]) -> String {
        list.iter().map(|x| self.row(x)).collect::<Vec<_>>().join(", ")
    }

    /// What stands inside something else, in parentheses where it needs them.
    fn inner(&self, x: &Expr) -> String {
        let text = self.row(x);
        match x {
            Expr::Not(_)
            | Expr::Negative(_)
            | Expr::Binary(..)
            | Expr::IsNull(_)
            | Expr::In(..)
            | Expr::Like(..) => format!("({text})"),
            _ => text,
        }
    }

    /// A side of an operator: the same one needs no parentheses again, if order does not matter to it.
    fn side(&self, x: &Expr, operator: Operator) -> String {
        let same = matches!(x, Expr::Binary(_, inner, _) if *inner == operator);
        let is_free = matches!(operator, Operator::And | Operator::Or | Operator::Add);
        let is_claim = matches!(x, Expr::Binary(_, inner, _) if is_comparison(*inner))
            || matches!(x, Expr::IsNull(_) | Expr::In(..) | Expr::Like(..) | Expr::Not(_));
        let is_bare = is_claim && matches!(operator, Operator::And | Operator::Or);
        if (same && is_free) || is_bare { self.row(x) } else { self.inner(x) }
    }

    /// A day out of a day or an instant.
    fn day(&self, x: &Expr) -> String {
        let text = self.inner(x);
        match x {
            Expr::Column(name) if self.instants.contains(name) => {
                let zone = literal(self.zone);
                format!("cast(timezone({zone}, timezone('UTC', {text})) as date)")
            }
            _ => text,
        }
    }

    fn call(&self, function: Function, arguments: &[Expr]) -> String {
        let at = |place: usize| arguments.get(place).map_or("null".to_owned(), |x| self.inner(x));
        let day = |place: usize| arguments.get(place).map_or("null".to_owned(), |x| self.day(x));
        let plain = |name: &str| format!("{name}({})", self.list(arguments));
        match function {
            Function::Abs => plain("abs"),
            Function::Coalesce => plain("coalesce"),
            Function::Greatest => plain("greatest"),
            Function::Least => plain("least"),
            Function::Lower => plain("lower"),
            Function::Upper => plain("upper"),
            Function::NullIf => plain("nullif"),
            Function::Substr => plain("substr"),
            Function::Exact => format!("cast({} as decimal(38, 12))", at(0)),
            Function::Number => format!("try_cast({} as double)", at(0)),
            Function::Minute => format!("(epoch_us({}) // 60000000)", at(0)),
            Function::SecondsBetween => {
                format!("(epoch_us({}) // 1000000 - epoch_us({}) // 1000000)", at(1), at(0))
            }
            Function::DaysBetween => format!("date_diff('day', {}, {})", day(0), day(1)),
            Function::MonthsBetween => format!("date_diff('month', {}, {})", day(0), day(1)),
            // Who is born on 29 February has a birthday on 1 March: the completed years, as months and
            // days say.
            Function::Age => {
                let key = |day: String| format!("(month({day}) * 100 + day({day}))");
                let years = format!("date_diff('year', {}, {})", day(0), day(1));
                let later = format!("{} > {}", key(day(0)), key(day(1)));
                format!("({years} - case when {later} then 1 else 0 end)")
            }
            Function::Repeats => format!("count(*) over (partition by {})", self.list(arguments)),
            Function::Ordinal => {
                let keys = self.list(arguments.get(1..).unwrap_or_default());
                format!("row_number() over (partition by {keys} order by {})", at(0))
            }
            // The working days of a home stand in no function of DuckDB: these results stand in the
            // fact as derived columns.
            Function::ElapsedWorkdays => plain("elapsed_workdays"),
            Function::IsWorkday => plain("is_workday"),
            Function::Moved => plain("moved"),
            Function::OnTime => plain("on_time"),
            Function::RetirementMonth => plain("retirement_month"),
        }
    }
}

/// Whether DuckDB can run an aggregate as it is written: it knows no working days, and has no window
/// inside an aggregate. What needs one is made a derived column.
pub fn is_runnable(aggregate: &Aggregate) -> bool {
    let own = |function| {
        matches!(
            function,
            Function::ElapsedWorkdays
                | Function::IsWorkday
                | Function::Moved
                | Function::OnTime
                | Function::RetirementMonth
                | Function::Repeats
                | Function::Ordinal
        )
    };
    let mut found = false;
    let trees = aggregate.kind.argument().into_iter().chain(&aggregate.filter);
    trees.for_each(|tree| tree.each_call(&mut |function| found |= own(function)));
    !found
}

/// A name, quoted where it must be.
pub fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(is_plain) && !RESERVED.contains(&name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
    )
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::And => "and",
        Operator::Or => "or",
        Operator::Concat => "||",
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Faults;
    use super::super::reader::Found;
    use super::super::sql;
    use super::*;
    use crate::base::diagnostic::Place;

    fn read(text: &str) -> Aggregate {
        let found =
            Found { value: text.to_owned(), place: Place::default(), key: "sql".to_owned() };
        sql::aggregate(&found, &Faults::of("a.toml")).unwrap()
    }

    #[test]
    fn a_measure_reads_as_sql_that_duckdb_runs() {
        let instants = BTreeSet::from(["closed_at".to_owned()]);
        let writer = Writer { zone: "Asia/Shanghai", instants: &instants };
        for (text, written) in [
            ("COUNT(*)", "count(*)"),
            (
                "COUNT(*) FILTER (WHERE a AND b = 'x''y' AND (c OR NOT d))",
                "count(*) filter (where a and b = 'x''y' and (c or not d))",
            ),
            ("SUM(x - (y - 1))", "coalesce(sum(x - (y - 1)), 0)"),
            ("SUM(item.hours)", "coalesce(sum(\"item.hours\"), 0)"),
            ("MEDIAN(days)", "quantile_cont(days, 0.5)"),
            (
                "COUNT(x) FILTER (WHERE y BETWEEN 1 AND 2)",
                "count(x) filter (where y >= 1 and y <= 2)",
            ),
            (
                "COUNT(*) FILTER (WHERE x NOT IN (1, 2) AND \"to\" IS NOT NULL)",
                "count(*) filter (where x not in (1, 2) and \"to\" is not null)",
            ),
            (
                "SUM(DAYS_BETWEEN(due_on, closed_at))",
                "coalesce(sum(date_diff('day', due_on, \
                 cast(timezone('Asia/Shanghai', timezone('UTC', closed_at)) as date))), 0)",
            ),
        ] {
            assert_eq!(writer.aggregate(&read(text)), written);
        }
    }

    #[test]
    fn what_only_a_home_knows_is_not_said_to_run() {
        assert!(is_runnable(&read("SUM(EXACT(a)) FILTER (WHERE AGE(b, c) > 3)")));
        assert!(!is_runnable(&read("COUNT(*) FILTER (WHERE a AND ON_TIME(b, c))")));
        assert!(!is_runnable(&read("COUNT(*) FILTER (WHERE REPEATS(a) > 1)")));
    }
}
