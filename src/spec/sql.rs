//! What may a measure, a filter or a derived column say? A short allow-list of SQL, parsed once into
//! this tree. The tree is built into polars by `frame` and written as DuckDB SQL by `explain`.

use jiff::civil::Date;

use super::function::Function;

/// A row-level expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A column; dotted names follow a foreign key: `case.unit_id`.
    Column(String),
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A decimal, as written.
    Decimal(String),
    /// A boolean.
    Flag(bool),
    /// `DATE '2026-01-15'`
    Day(Date),
    /// No value.
    Null,
    /// `NOT x`
    Not(Box<Expr>),
    /// `-x`
    Negative(Box<Expr>),
    /// `x op y`
    Binary(Box<Expr>, Operator, Box<Expr>),
    /// `x IS NULL`
    IsNull(Box<Expr>),
    /// `x IS TRUE`, `x IS FALSE`: true or false, also where x is not there.
    Is(Box<Expr>, bool),
    /// `x IN (…)`
    In(Box<Expr>, Vec<Expr>),
    /// `x LIKE 'pattern'`
    Like(Box<Expr>, String),
    /// `CASE WHEN … THEN … ELSE … END`
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    /// A function of the language.
    Call(Function, Vec<Expr>),
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Concat,
}

/// One aggregate over rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// What is aggregated.
    pub kind: AggregateKind,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
}

/// The aggregates of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AggregateKind {
    /// `COUNT(*)`
    Rows,
    /// `COUNT(x)`: rows where x is there.
    Count(Expr),
    /// `COUNT(DISTINCT x)`: how many values x has.
    Distinct(Expr),
    /// `SUM(x)`
    Sum(Expr),
    /// `AVG(x)`: the sum over how many there are.
    Avg(Expr),
    /// `MIN(x)`
    Min(Expr),
    /// `MAX(x)`
    Max(Expr),
    /// `STDDEV(x)`: of a sample, from two values on; its root is rounded to twelve decimals.
    Stddev(Expr),
    /// `QUANTILE(x, p)`, p in thousandths; `MEDIAN(x)` is 500. Type 7 (METHOD.md).
    Quantile(Expr, u32),
}

impl Expr {
    /// The expressions right below this one.
    fn below(&self) -> Vec<&Expr> {
        match self {
            Expr::Column(_)
            | Expr::Text(_)
            | Expr::Whole(_)
            | Expr::Decimal(_)
            | Expr::Flag(_)
            | Expr::Day(_)
            | Expr::Null => Vec::new(),
            Expr::Not(x)
            | Expr::Negative(x)
            | Expr::IsNull(x)
            | Expr::Is(x, _)
            | Expr::Like(x, _) => vec![x],
            Expr::Binary(x, _, y) => vec![x, y],
            Expr::In(x, list) => std::iter::once(&**x).chain(list).collect(),
            Expr::Case(whens, otherwise) => {
                let whens = whens.iter().flat_map(|(when, then)| [when, then]);
                whens.chain(otherwise.as_deref()).collect()
            }
            Expr::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// Calls `see` with this expression and with every one below it.
    pub fn each<'e>(&'e self, see: &mut dyn FnMut(&'e Expr)) {
        see(self);
        self.below().into_iter().for_each(|below| below.each(see));
    }

    /// Calls `see` with the name of every column.
    pub fn each_column<'e>(&'e self, see: &mut impl FnMut(&'e str)) {
        self.each(&mut |piece| {
            if let Expr::Column(name) = piece {
                see(name);
            }
        });
    }

    /// Calls `see` with every function that is called.
    pub fn each_call(&self, see: &mut impl FnMut(Function)) {
        self.each(&mut |piece| {
            if let Expr::Call(function, _) = piece {
                see(*function);
            }
        });
    }
}

impl AggregateKind {
    /// The expression below it.
    pub fn argument(&self) -> Option<&Expr> {
        match self {
            AggregateKind::Rows => None,
            AggregateKind::Count(x)
            | AggregateKind::Distinct(x)
            | AggregateKind::Sum(x)
            | AggregateKind::Avg(x)
            | AggregateKind::Min(x)
            | AggregateKind::Max(x)
            | AggregateKind::Stddev(x)
            | AggregateKind::Quantile(x, _) => Some(x),
        }
    }

    /// Whether a longer period or a larger place is the sum of those in it. What is not is counted again
    /// from how often each value comes.
    pub fn is_additive(&self) -> bool {
        matches!(self, AggregateKind::Rows | AggregateKind::Count(_) | AggregateKind::Sum(_))
    }
}

impl Aggregate {
    /// The expressions below it.
    pub fn trees(&self) -> impl Iterator<Item = &Expr> {
        self.kind.argument().into_iter().chain(&self.filter)
    }

    /// Calls `see` with the name of every column.
    pub fn each_column<'e>(&'e self, see: &mut impl FnMut(&'e str)) {
        self.trees().for_each(|tree| tree.each_column(see));
    }

    /// Calls `see` with every function that is called.
    pub fn each_call(&self, see: &mut impl FnMut(Function)) {
        self.trees().for_each(|tree| tree.each_call(see));
    }
}
