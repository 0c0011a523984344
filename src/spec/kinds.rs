//! Of which kind is the value of an expression, and which kinds does it take? What frame and DuckDB work
//! out follows the same rules.

use super::function::Function;
use super::schema::FieldKind;
use super::sql::AggregateKind;
use super::sql::Expr;
use super::sql::Operator;

/// The kind of a value; none where it is not known, and of `NULL`.
pub type Kind = Option<FieldKind>;

/// How many decimals a quotient has, and no product has more.
pub const PLACES: u8 = 12;

/// An expression that takes another kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What takes it.
    pub what: String,
    /// The kinds it takes, as contracts name them.
    pub expected: String,
    /// The kind it was given.
    pub found: FieldKind,
}

impl Wrong {
    /// Whether it holds a value against another, or takes it for true or false.
    pub(super) fn holds_against(&self) -> bool {
        let signs =
            ["=", "<>", "<", "<=", ">", ">=", "and", "or", "NOT", "IS", "IN", "WHEN", "WHERE"];
        signs.contains(&self.what.as_str())
    }

    /// Whether a number is held against a text.
    pub(super) fn is_number_beside_text(&self) -> bool {
        self.expected == word(FieldKind::Text) && scale(Some(self.found)).is_some()
    }
}

/// The name of a kind, as contracts write it.
pub fn word(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "string",
        FieldKind::Whole => "integer",
        FieldKind::Decimal(_) => "number",
        FieldKind::Flag => "boolean",
        FieldKind::Day => "date",
        FieldKind::Instant => "datetime",
    }
}

/// The kind of an expression, if it keeps the rules.
pub fn kind_of(tree: &Expr, column: &dyn Fn(&str) -> Kind) -> Kind {
    check(tree, column).ok().flatten()
}

/// The kind of an expression whose parts keep the rules.
///
/// # Errors
/// What it takes, and what it was given.
pub fn check(tree: &Expr, column: &dyn Fn(&str) -> Kind) -> Result<Kind, Wrong> {
    let of = |tree: &Expr| kind_of(tree, column);
    Ok(match tree {
        Expr::Column(name) => column(name),
        Expr::Text(_) => Some(FieldKind::Text),
        Expr::Whole(_) => Some(FieldKind::Whole),
        Expr::Decimal(text) => Some(FieldKind::Decimal(places(text))),
        Expr::Flag(_) | Expr::IsNull(_) => Some(FieldKind::Flag),
        Expr::Day(_) => Some(FieldKind::Day),
        Expr::Null => None,
        Expr::Not(x) => takes("NOT", of(x), FLAGS).map(|()| Some(FieldKind::Flag))?,
        Expr::Negative(x) => takes("-", of(x), NUMBERS).map(|()| of(x))?,
        Expr::Is(x, _) => takes("IS", of(x), FLAGS).map(|()| Some(FieldKind::Flag))?,
        Expr::Like(x, _) => takes("LIKE", of(x), TEXTS).map(|()| Some(FieldKind::Flag))?,
        Expr::Binary(x, operator, y) => binary(*operator, of(x), of(y))?,
        Expr::In(x, list) => {
            let list = list.iter().map(of);
            one_kind("IN", std::iter::once(of(x)).chain(list))?;
            Some(FieldKind::Flag)
        }
        Expr::Case(whens, otherwise) => {
            whens.iter().try_for_each(|(when, _)| takes("WHEN", of(when), FLAGS))?;
            let results = whens.iter().map(|(_, then)| of(then));
            one_kind("CASE", results.chain(otherwise.iter().map(|x| of(x))))?
        }
        Expr::Call(function, arguments) => {
            call(*function, &arguments.iter().map(of).collect::<Vec<_>>())?
        }
    })
}

/// Whether an aggregate takes its argument.
///
/// # Errors
/// What it takes, and what it was given.
pub fn check_aggregate(kind: &AggregateKind, column: &dyn Fn(&str) -> Kind) -> Result<(), Wrong> {
    let number = |name: &str, x: &Expr| takes(name, kind_of(x, column), NUMBERS);
    match kind {
        AggregateKind::Rows | AggregateKind::Count(_) | AggregateKind::Distinct(_) => Ok(()),
        AggregateKind::Sum(x) => number("SUM", x),
        AggregateKind::Avg(x) => number("AVG", x),
        AggregateKind::Min(x) => number("MIN", x),
        AggregateKind::Max(x) => number("MAX", x),
        AggregateKind::Stddev(x) => number("STDDEV", x),
        AggregateKind::Quantile(x, _) => number("QUANTILE", x),
    }
}

/// How many digits stand behind the point.
pub fn places(decimal: &str) -> u8 {
    let behind = decimal.split_once('.').map_or(0, |(_, behind)| behind.len());
    u8::try_from(behind).unwrap_or(u8::MAX)
}

/// The decimals of a number; none of any other kind.
pub fn scale(kind: Kind) -> Option<u8> {
    match kind {
        Some(FieldKind::Whole) => Some(0),
        Some(FieldKind::Decimal(scale)) => Some(scale),
        _ => None,
    }
}

const NUMBERS: &[FieldKind] = &[FieldKind::Whole, FieldKind::Decimal(0)];
const TEXTS: &[FieldKind] = &[FieldKind::Text];
const FLAGS: &[FieldKind] = &[FieldKind::Flag];
const WHOLES: &[FieldKind] = &[FieldKind::Whole];
const DAYS: &[FieldKind] = &[FieldKind::Day, FieldKind::Instant];
const INSTANTS: &[FieldKind] = &[FieldKind::Instant];

/// Whether a kind is one of those that something takes.
pub(super) fn takes(what: &str, given: Kind, kinds: &[FieldKind]) -> Result<(), Wrong> {
    let Some(found) = given else { return Ok(()) };
    if kinds.iter().any(|kind| word(*kind) == word(found)) {
        return Ok(());
    }
    let expected = kinds.iter().map(|kind| word(*kind)).collect::<Vec<_>>().join("/");
    Err(Wrong { what: what.to_owned(), expected, found })
}

/// A condition.
pub(super) fn condition(what: &str, given: Kind) -> Result<(), Wrong> {
    takes(what, given, FLAGS)
}

/// The kind that holds values of all kinds.
fn one_kind(what: &str, kinds: impl Iterator<Item = Kind>) -> Result<Kind, Wrong> {
    let mut all = None;
    for found in kinds.flatten() {
        all = Some(match all {
            None => found,
            Some(known) => both(known, found).ok_or_else(|| Wrong {
                what: what.to_owned(),
                expected: word(known).to_owned(),
                found,
            })?,
        });
    }
    Ok(all)
}

fn both(one: FieldKind, other: FieldKind) -> Option<FieldKind> {
    match (one, other) {
        (FieldKind::Decimal(one), FieldKind::Decimal(other)) => {
            Some(FieldKind::Decimal(one.max(other)))
        }
        (FieldKind::Whole, decimal @ FieldKind::Decimal(_))
        | (decimal @ FieldKind::Decimal(_), FieldKind::Whole) => Some(decimal),
        (one, other) => (one == other).then_some(one),
    }
}

fn binary(operator: Operator, x: Kind, y: Kind) -> Result<Kind, Wrong> {
    let sign = sign(operator);
    let each = |kinds| takes(sign, x, kinds).and_then(|()| takes(sign, y, kinds));
    match operator {
        Operator::And | Operator::Or => each(FLAGS).map(|()| Some(FieldKind::Flag)),
        Operator::Concat => each(TEXTS).map(|()| Some(FieldKind::Text)),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => {
            one_kind(sign, [x, y].into_iter()).map(|_| Some(FieldKind::Flag))
        }
        Operator::Remainder => each(WHOLES).map(|()| Some(FieldKind::Whole)),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
            each(NUMBERS).map(|()| number(operator, x, y))
        }
    }
}

/// The kind of a sum, difference, product or quotient.
pub fn number(operator: Operator, x: Kind, y: Kind) -> Kind {
    if operator == Operator::Divide {
        return Some(FieldKind::Decimal(PLACES));
    }
    let (x, y) = (x?, y?);
    match (operator, x, y) {
        (Operator::Multiply, FieldKind::Decimal(x), FieldKind::Decimal(y)) => {
            Some(FieldKind::Decimal(x.saturating_add(y).min(PLACES)))
        }
        (_, x, y) => both(x, y),
    }
}

fn call(function: Function, given: &[Kind]) -> Result<Kind, Wrong> {
    use Function as F;
    let name = function.name();
    let at = |place: usize| given.get(place).copied().flatten();
    let args = |kinds: &[&[FieldKind]]| {
        kinds.iter().enumerate().try_for_each(|(place, kinds)| takes(name, at(place), kinds))
    };
    let whole = Some(FieldKind::Whole);
    match function {
        F::Abs => args(&[NUMBERS]).map(|()| at(0)),
        F::Coalesce | F::NullIf => {
            one_kind(name, given.iter().copied()).map(|kind| match function {
                F::NullIf => at(0),
                _ => kind,
            })
        }
        F::Greatest | F::Least => {
            let kinds = [NUMBERS, DAYS].concat();
            given.iter().try_for_each(|given| takes(name, *given, &kinds))?;
            one_kind(name, given.iter().copied())
        }
        F::Age | F::DaysBetween | F::MonthsBetween | F::WorkdaysBetween => {
            args(&[DAYS, DAYS]).map(|()| whole)
        }
        F::ElapsedWorkdays => args(&[DAYS, DAYS, WHOLES]).map(|()| whole),
        F::OnTime => args(&[DAYS, DAYS, WHOLES]).map(|()| Some(FieldKind::Flag)),
        F::IsWorkday => args(&[DAYS]).map(|()| Some(FieldKind::Flag)),
        F::Moved => args(&[DAYS, WHOLES]).map(|()| Some(FieldKind::Day)),
        F::RetirementMonth => args(&[DAYS, TEXTS]).map(|()| Some(FieldKind::Day)),
        F::SecondsBetween => args(&[INSTANTS, INSTANTS]).map(|()| whole),
        F::HoursBetween => args(&[INSTANTS, INSTANTS]).map(|()| Some(FieldKind::Decimal(PLACES))),
        F::Minute => args(&[INSTANTS]).map(|()| whole),
        F::MonthOf => args(&[DAYS]).map(|()| Some(FieldKind::Text)),
        F::YearOf => args(&[DAYS]).map(|()| whole),
        F::Exact => args(&[NUMBERS]).map(|()| Some(FieldKind::Decimal(PLACES))),
        F::Floor | F::Ceil => args(&[NUMBERS]).map(|()| whole),
        F::Number => args(&[TEXTS]).map(|()| Some(FieldKind::Decimal(PLACES))),
        F::Length => args(&[TEXTS]).map(|()| whole),
        F::Lower | F::Upper => args(&[TEXTS]).map(|()| Some(FieldKind::Text)),
        F::Replace => args(&[TEXTS, TEXTS, TEXTS]).map(|()| Some(FieldKind::Text)),
        F::Substr => args(&[TEXTS, WHOLES, WHOLES]).map(|()| Some(FieldKind::Text)),
        F::Ordinal | F::Repeats => Ok(whole),
    }
}

/// An operator as it is written.
pub fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
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
