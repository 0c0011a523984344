//! How does a measure read as DuckDB SQL? So that anybody can count again what a night counted.

use std::collections::BTreeMap;

use super::function::Function;
use super::kinds;
use super::kinds::Kind;
use super::kinds::PLACES;
use super::kinds::kind_of;
use super::kinds::sign;
use super::schema::FieldKind;
use super::sql::Aggregate;
use super::sql::AggregateKind;
use super::sql::Expr;
use super::sql::Operator;

/// Words that DuckDB reads as its own where they are not quoted.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "anti",
    "any",
    "array",
    "as",
    "asc",
    "asof",
    "asymmetric",
    "at",
    "authorization",
    "binary",
    "both",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "default",
    "deferrable",
    "desc",
    "describe",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "glob",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lambda",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "pivot",
    "pivot_longer",
    "pivot_wider",
    "placing",
    "positional",
    "primary",
    "qualify",
    "references",
    "returning",
    "right",
    "select",
    "semi",
    "show",
    "similar",
    "some",
    "summarize",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "unpack",
    "unpivot",
    "using",
    "variadic",
    "verbose",
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
    /// The kinds of the columns: the day of an instant is the day in the zone, and numbers keep their
    /// decimals.
    pub kinds: &'w BTreeMap<String, FieldKind>,
}

impl Writer<'_> {
    /// An aggregate; over no rows a sum is 0, as it is in a night.
    pub fn aggregate(&self, aggregate: &Aggregate) -> String {
        let filter = aggregate.filter.as_ref();
        let filter = filter.map(|filter| format!(" filter (where {})", self.row(filter)));
        let filter = filter.unwrap_or_default();
        let call = |name: &str, x: &Expr| format!("{name}({}){filter}", self.row(x));
        match &aggregate.kind {
            AggregateKind::Rows => format!("count(*){filter}"),
            AggregateKind::Count(x) => call("count", x),
            AggregateKind::Distinct(x) => format!("count(distinct {}){filter}", self.row(x)),
            AggregateKind::Sum(x) => format!("coalesce({}, 0)", call("sum", x)),
            AggregateKind::Avg(x) => call("avg", x),
            AggregateKind::Min(x) => call("min", x),
            AggregateKind::Max(x) => call("max", x),
            AggregateKind::Stddev(x) => call("stddev_samp", x),
            AggregateKind::Quantile(x, thousandths) => {
                let share = format!("0.{thousandths:03}");
                let share = share.trim_end_matches('0');
                // Between two decimals DuckDB would round to their places.
                let x = match self.kind(x) {
                    Some(FieldKind::Decimal(_)) => format!("cast({} as double)", self.inner(x)),
                    _ => self.row(x),
                };
                format!("quantile_cont({x}, {share}){filter}")
            }
        }
    }

    fn kind(&self, tree: &Expr) -> Kind {
        kind_of(tree, &|name| self.kinds.get(name).copied())
    }

    /// A row-level expression.
    pub fn row(&self, tree: &Expr) -> String {
        match tree {
            Expr::Column(name) => identifier(name),
            Expr::Text(text) => literal(text),
            Expr::Whole(number) => number.to_string(),
            Expr::Decimal(number) => number.clone(),
            Expr::Flag(flag) => flag.to_string(),
            Expr::Day(day) => format!("date '{day}'"),
            Expr::Null => "null".to_owned(),
            Expr::Not(x) => match x.as_ref() {
                Expr::IsNull(x) => format!("{} is not null", self.inner(x)),
                Expr::In(x, list) => self.among(x, "not in", list),
                Expr::Is(x, flag) => format!("{} is not {flag}", self.inner(x)),
                x => format!("not {}", self.inner(x)),
            },
            Expr::Negative(x) => format!("-{}", self.inner(x)),
            Expr::Binary(x, Operator::Divide, y) => {
                self.quotient((x, self.row(x)), (y, self.row(y)))
            }
            Expr::Binary(x, Operator::Remainder, y) => {
                format!("{} % nullif({}, 0)", self.inner(x), self.row(y))
            }
            Expr::Binary(x, Operator::Multiply, y) => self.product(x, y),
            Expr::Binary(x, operator, y) if is_comparison(*operator) => {
                let sides = self.beside([x.as_ref(), y.as_ref()].into_iter());
                sides.join(&format!(" {} ", sign(*operator)))
            }
            Expr::Binary(x, operator, y) => {
                format!(
                    "{} {} {}",
                    self.side(x, *operator),
                    sign(*operator),
                    self.side(y, *operator)
                )
            }
            Expr::IsNull(x) => format!("{} is null", self.inner(x)),
            Expr::Is(x, flag) => format!("{} is {flag}", self.inner(x)),
            Expr::In(x, list) => self.among(x, "in", list),
            Expr::Like(x, pattern) => format!("{} like {}", self.inner(x), literal(pattern)),
            Expr::Case(whens, otherwise) => {
                let results = whens.iter().map(|(_, then)| then).chain(otherwise.as_deref());
                let mut results = self.beside(results).into_iter();
                let when = |((condition, _), then): (&(Expr, Expr), String)| {
                    format!(" when {} then {then}", self.row(condition))
                };
                let whens: String = whens.iter().zip(results.by_ref()).map(when).collect();
                let otherwise = results.next().map(|x| format!(" else {x}"));
                format!("case{whens}{} end", otherwise.unwrap_or_default())
            }
            Expr::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn among(&self, x: &Expr, is: &str, list: &[Expr]) -> String {
        let mut all = self.beside(std::iter::once(x).chain(list)).into_iter();
        let x = all.next().unwrap_or_default();
        format!("{x} {is} ({})", all.collect::<Vec<_>>().join(", "))
    }

    /// A product; none has more decimals than a quotient.
    fn product(&self, x: &Expr, y: &Expr) -> String {
        let product =
            format!("{} * {}", self.side(x, Operator::Multiply), self.side(y, Operator::Multiply));
        let scale = |x: &Expr| kinds::scale(self.kind(x)).unwrap_or(0);
        if scale(x).saturating_add(scale(y)) > PLACES {
            return format!("cast({product} as decimal(38, {PLACES}))");
        }
        product
    }

    /// A quotient with twelve decimals, rounded half away from zero: DuckDB's own are floats, so that whole
    /// numbers are divided.
    fn quotient(&self, (x, above): (&Expr, String), (y, below): (&Expr, String)) -> String {
        let scale = |x: &Expr| u32::from(kinds::scale(self.kind(x)).unwrap_or(0));
        let digits = |text: String, scale: u32| match scale {
            0 => format!("cast({text} as hugeint)"),
            scale => format!("cast(({text}) * {} as hugeint)", 10_u64.pow(scale)),
        };
        let up = 10_u128.pow((u32::from(PLACES) + scale(y)).saturating_sub(scale(x)));
        let (x, y) = (digits(above, scale(x)), digits(below, scale(y)));
        format!(
            "cast(list_transform([struct_pack(x := {x} * {up}::hugeint, y := nullif({y}, 0))], \
             lambda r: cast(sign(r.x) * sign(r.y) as hugeint) * \
             ((2 * abs(r.x) + abs(r.y)) // (2 * abs(r.y))))[1] as decimal(38, 0)) * 0.000000000001"
        )
    }

    /// Values beside each other, at the most decimals of any: DuckDB would cut those of some to make room
    /// for digits before the point.
    fn beside<'e>(&self, all: impl Iterator<Item = &'e Expr> + Clone) -> Vec<String> {
        let scale = |x: &Expr| match self.kind(x) {
            Some(FieldKind::Decimal(scale)) => Some(scale),
            _ => None,
        };
        let most = all.clone().filter_map(scale).max();
        let written = |x: &'e Expr| match (scale(x), most) {
            (Some(own), Some(most)) if own < most => {
                format!("cast({} as decimal(38, {most}))", self.row(x))
            }
            _ => self.inner(x),
        };
        all.map(written).collect()
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
            | Expr::Is(..)
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
            || matches!(
                x,
                Expr::IsNull(_) | Expr::Is(..) | Expr::In(..) | Expr::Like(..) | Expr::Not(_)
            );
        let is_bare = is_claim && matches!(operator, Operator::And | Operator::Or);
        if (same && is_free) || is_bare { self.row(x) } else { self.inner(x) }
    }

    /// A day out of a day or an instant.
    fn day(&self, x: &Expr) -> String {
        let text = self.inner(x);
        match self.kind(x) {
            Some(FieldKind::Instant) => {
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
        let beside = |name: &str| format!("{name}({})", self.beside(arguments.iter()).join(", "));
        // The first so many arguments are days.
        let days = |name: &str, many: usize| {
            let arguments = arguments.iter().enumerate();
            let arguments =
                arguments.map(|(at, x)| if at < many { self.day(x) } else { self.row(x) });
            format!("{name}({})", arguments.collect::<Vec<_>>().join(", "))
        };
        match function {
            Function::Abs => plain("abs"),
            Function::Coalesce => beside("coalesce"),
            Function::Greatest => beside("greatest"),
            Function::Least => beside("least"),
            Function::Lower => plain("lower"),
            Function::Upper => plain("upper"),
            Function::NullIf => beside("nullif"),
            Function::Substr => plain("substr"),
            Function::Exact => format!("cast({} as decimal(38, 12))", at(0)),
            Function::Number => format!(
                "case when regexp_full_match(trim({0}), '[+-]?[0-9]+([.][0-9]{{1,{PLACES}}})?') \
                 then cast(trim({0}) as decimal(38, {PLACES})) end",
                at(0)
            ),
            Function::Length => plain("length"),
            Function::Replace => plain("replace"),
            Function::Floor => format!("cast(floor({}) as bigint)", at(0)),
            Function::Ceil => format!("cast(ceil({}) as bigint)", at(0)),
            Function::MonthOf => format!("strftime({}, '%Y-%m')", day(0)),
            Function::YearOf => format!("year({})", day(0)),
            Function::Minute => format!("(epoch_us({}) // 60000000)", at(0)),
            Function::SecondsBetween => seconds(&at(0), &at(1)),
            Function::HoursBetween => {
                let (whole, hour) = (Expr::Whole(0), Expr::Whole(3600));
                self.quotient((&whole, seconds(&at(0), &at(1))), (&hour, "3600".to_owned()))
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
                let number = format!("row_number() over (partition by {keys} order by {})", at(0));
                format!("case when {} is not null then {number} end", at(0))
            }
            // The working days of a home stand in no function of DuckDB: these results stand in the
            // fact as derived columns.
            Function::ElapsedWorkdays => days("elapsed_workdays", 2),
            Function::WorkdaysBetween => days("workdays_between", 2),
            Function::IsWorkday => days("is_workday", 1),
            Function::Moved => days("moved", 1),
            Function::OnTime => days("on_time", 2),
            Function::RetirementMonth => days("retirement_month", 1),
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
                | Function::WorkdaysBetween
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

/// The whole seconds from one instant to another.
fn seconds(from: &str, to: &str) -> String {
    format!("(epoch_us({to}) // 1000000 - epoch_us({from}) // 1000000)")
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::reader::Faults;
    use super::super::reader::Found;
    use super::*;
    use crate::base::diagnostic::Place;

    fn read(text: &str) -> Aggregate {
        let found =
            Found { value: text.to_owned(), place: Place::default(), key: "sql".to_owned() };
        parse::aggregate(&found, &Faults::of("a.toml")).unwrap()
    }

    #[test]
    fn a_measure_reads_as_sql_that_duckdb_runs() {
        let kinds = BTreeMap::from([("closed_at".to_owned(), FieldKind::Instant)]);
        let writer = Writer { zone: "Asia/Shanghai", kinds: &kinds };
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
