//! What may a measure, a filter or a derived column say? A short allow-list of SQL, parsed once into
//! this tree. The tree is built into polars by `frame` and written as DuckDB SQL by `explain`.

use sqlparser::ast;
use sqlparser::dialect::Dialect;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::function::FUNCTIONS;
use super::function::Function;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Nouns;
use super::reader::guess;
use crate::base::messages::Code;

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
    /// `SUM(x)`
    Sum(Expr),
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
            | Expr::Null => Vec::new(),
            Expr::Not(x) | Expr::Negative(x) | Expr::IsNull(x) | Expr::Like(x, _) => vec![x],
            Expr::Binary(x, _, y) => vec![x, y],
            Expr::In(x, list) => std::iter::once(&**x).chain(list).collect(),
            Expr::Case(whens, otherwise) => {
                let whens = whens.iter().flat_map(|(when, then)| [when, then]);
                whens.chain(otherwise.as_deref()).collect()
            }
            Expr::Call(_, arguments) => arguments.iter().collect(),
        }
    }

    /// Calls `see` with the name of every column.
    pub fn each_column<'e>(&'e self, see: &mut impl FnMut(&'e str)) {
        if let Expr::Column(name) = self {
            see(name);
        }
        for below in self.below() {
            below.each_column(see);
        }
    }

    /// Calls `see` with every function that is called.
    pub fn each_call(&self, see: &mut impl FnMut(Function)) {
        if let Expr::Call(function, _) = self {
            see(*function);
        }
        for below in self.below() {
            below.each_call(see);
        }
    }
}

impl AggregateKind {
    /// The expression below it.
    pub fn argument(&self) -> Option<&Expr> {
        match self {
            AggregateKind::Rows => None,
            AggregateKind::Count(x) | AggregateKind::Sum(x) | AggregateKind::Quantile(x, _) => {
                Some(x)
            }
        }
    }
}

impl Aggregate {
    /// Calls `see` with the name of every column.
    pub fn each_column<'e>(&'e self, see: &mut impl FnMut(&'e str)) {
        self.kind.argument().iter().for_each(|x| x.each_column(see));
        self.filter.iter().for_each(|x| x.each_column(see));
    }

    /// Calls `see` with every function that is called.
    pub fn each_call(&self, see: &mut impl FnMut(Function)) {
        self.kind.argument().iter().for_each(|x| x.each_call(see));
        self.filter.iter().for_each(|x| x.each_call(see));
    }
}

/// Why a text is refused.
type Refusal = (Code, Nouns);

/// Reads a row-level expression; a refusal is a fault at its key.
pub fn row(text: &Found<String>, faults: &Faults) -> Option<Expr> {
    told(parse(&text.value).and_then(|parsed| expr(&parsed)), text, faults)
}

/// Reads a measure: exactly one aggregate.
pub fn aggregate(text: &Found<String>, faults: &Faults) -> Option<Aggregate> {
    told(parse(&text.value).and_then(|parsed| aggregated(&parsed)), text, faults)
}

fn told<T>(read: Result<T, Refusal>, text: &Found<String>, faults: &Faults) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err((code, nouns)) => {
            faults.add(text.place, &text.key, code, nouns);
            None
        }
    }
}

/// Tells every column that is not among the known ones.
pub fn check_columns<'e>(
    columns: impl IntoIterator<Item = &'e str>,
    known: &[String],
    text: &Found<String>,
    faults: &Faults,
) {
    for column in columns {
        if !known.iter().any(|name| name == column) {
            let nouns = guess(column, known.iter().map(String::as_str));
            faults.add(text.place, &text.key, Code::SqlColumn, nouns);
        }
    }
}

fn parse(text: &str) -> Result<ast::Expr, Refusal> {
    parse_as(&GenericDialect {}, text)
}

/// One expression of a dialect, and nothing after it.
pub(super) fn parse_as(dialect: &dyn Dialect, text: &str) -> Result<ast::Expr, Refusal> {
    let problem = |problem: sqlparser::parser::ParserError| {
        refuse(problem.to_string().trim_start_matches("sql parser error: "))
    };
    let mut parser = Parser::new(dialect).try_with_sql(text).map_err(problem)?;
    let parsed = parser.parse_expr().map_err(problem)?;
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(parsed),
        rest => Err(refuse(&format!("unexpected {rest} after the expression"))),
    }
}

pub(super) fn refuse(problem: &str) -> Refusal {
    (Code::Sql, vec![("problem", problem.to_owned())])
}

fn boxed(x: &ast::Expr) -> Result<Box<Expr>, Refusal> {
    expr(x).map(Box::new)
}

fn expr(x: &ast::Expr) -> Result<Expr, Refusal> {
    use ast::Expr as Sql;
    Ok(match x {
        Sql::Identifier(name) => Expr::Column(name.value.clone()),
        Sql::CompoundIdentifier(names) => {
            Expr::Column(names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join("."))
        }
        Sql::Nested(inner) => expr(inner)?,
        Sql::Value(value) => literal(&value.value)?,
        Sql::UnaryOp { op: ast::UnaryOperator::Not, expr } => Expr::Not(boxed(expr)?),
        Sql::UnaryOp { op: ast::UnaryOperator::Minus, expr } => Expr::Negative(boxed(expr)?),
        Sql::BinaryOp { left, op, right } => {
            Expr::Binary(boxed(left)?, operator(op)?, boxed(right)?)
        }
        Sql::IsNull(x) => Expr::IsNull(boxed(x)?),
        Sql::IsNotNull(x) => Expr::Not(Box::new(Expr::IsNull(boxed(x)?))),
        Sql::In { expr: x, target: ast::InTarget::List(list), negated, .. } => {
            let list = list.iter().map(expr).collect::<Result<_, _>>()?;
            negate(Expr::In(boxed(x)?, list), *negated)
        }
        Sql::Between { expr: x, negated, low, high } => {
            let from = Expr::Binary(boxed(x)?, Operator::GreaterOrEqual, boxed(low)?);
            let to = Expr::Binary(boxed(x)?, Operator::LessOrEqual, boxed(high)?);
            negate(Expr::Binary(Box::new(from), Operator::And, Box::new(to)), *negated)
        }
        Sql::Like { negated, expr: x, pattern, .. } => match expr(pattern)? {
            Expr::Text(pattern) => negate(Expr::Like(boxed(x)?, pattern), *negated),
            _ => return Err(refuse("LIKE takes a string")),
        },
        Sql::Case { operand: None, conditions, else_result, .. } => {
            let whens = conditions
                .iter()
                .map(|when| Ok::<_, Refusal>((expr(&when.condition)?, expr(&when.result)?)));
            let otherwise = else_result.as_deref().map(boxed).transpose()?;
            Expr::Case(whens.collect::<Result<_, _>>()?, otherwise)
        }
        Sql::Substring { expr: x, substring_from: Some(from), substring_for, .. } => {
            let length = substring_for.as_deref().map(expr).transpose()?;
            let arguments = [expr(x)?, expr(from)?].into_iter().chain(length);
            Expr::Call(Function::Substr, arguments.collect())
        }
        Sql::Function(call) => function(call)?,
        other => return Err(refuse(&format!("`{other}` is not in the measure language"))),
    })
}

fn negate(x: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(x)) } else { x }
}

fn literal(value: &ast::Value) -> Result<Expr, Refusal> {
    Ok(match value {
        ast::Value::Number(number, _) => match number.parse() {
            Ok(whole) => Expr::Whole(whole),
            Err(_) => Expr::Decimal(number.clone()),
        },
        ast::Value::SingleQuotedString(text) => Expr::Text(text.clone()),
        ast::Value::Boolean(flag) => Expr::Flag(*flag),
        ast::Value::Null => Expr::Null,
        other => return Err(refuse(&format!("`{other}` is not in the measure language"))),
    })
}

fn operator(op: &ast::BinaryOperator) -> Result<Operator, Refusal> {
    use ast::BinaryOperator as Sql;
    Ok(match op {
        Sql::Plus => Operator::Add,
        Sql::Minus => Operator::Subtract,
        Sql::Multiply => Operator::Multiply,
        Sql::Divide => return Err(refuse("`/`: rows are counted and summed, formulas divide")),
        Sql::Eq => Operator::Equal,
        Sql::NotEq => Operator::NotEqual,
        Sql::Lt => Operator::Less,
        Sql::LtEq => Operator::LessOrEqual,
        Sql::Gt => Operator::Greater,
        Sql::GtEq => Operator::GreaterOrEqual,
        Sql::And => Operator::And,
        Sql::Or => Operator::Or,
        Sql::StringConcat => Operator::Concat,
        other => return Err(refuse(&format!("`{other}` is not in the measure language"))),
    })
}

/// The name and plain arguments of a call.
fn call_of(call: &ast::Function) -> Result<(String, Vec<&ast::FunctionArgExpr>), Refusal> {
    let name = call.name.to_string().to_ascii_uppercase();
    if call.over.is_some() {
        return Err(refuse(&format!("{name} with OVER: a window is not in the measure language")));
    }
    let ast::FunctionArguments::List(list) = &call.args else {
        return Err(refuse(&format!("{name} needs its arguments in parentheses")));
    };
    if list.duplicate_treatment.is_some() {
        return Err(refuse("DISTINCT: mark the rows that count in [fact.derive] instead"));
    }
    let plain = list.args.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(plain) => Ok(plain),
        other => Err(refuse(&format!("`{other}` is not a plain argument"))),
    });
    Ok((name, plain.collect::<Result<_, _>>()?))
}

fn plain(argument: &ast::FunctionArgExpr) -> Result<Expr, Refusal> {
    match argument {
        ast::FunctionArgExpr::Expr(x) => expr(x),
        other => Err(refuse(&format!("`{other}` is not an expression"))),
    }
}

fn function(call: &ast::Function) -> Result<Expr, Refusal> {
    let (name, arguments) = call_of(call)?;
    let Some((_, function, arity)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        if ["COUNT", "SUM", "AVG", "MIN", "MAX", "MEDIAN", "QUANTILE"].contains(&name.as_str()) {
            return Err((Code::SqlAggregate, Vec::new()));
        }
        let choices = FUNCTIONS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
        return Err((Code::SqlFunction, vec![("found", name), ("choices", choices)]));
    };
    if !arity.contains(&arguments.len()) {
        let (least, most) = (arity.start(), arity.end());
        let given = arguments.len();
        return Err(refuse(&format!("{name} takes {least} to {most} arguments, not {given}")));
    }
    let arguments = arguments.into_iter().map(plain).collect::<Result<_, _>>()?;
    Ok(Expr::Call(*function, arguments))
}

fn aggregated(x: &ast::Expr) -> Result<Aggregate, Refusal> {
    let ast::Expr::Function(call) = x else { return Err((Code::SqlAggregate, Vec::new())) };
    let filter = call.filter.as_deref().map(expr).transpose()?;
    let (name, arguments) = call_of(call)?;
    let kind = match (name.as_str(), arguments.as_slice()) {
        ("COUNT", [ast::FunctionArgExpr::Wildcard]) => AggregateKind::Rows,
        ("COUNT", [x]) => AggregateKind::Count(plain(x)?),
        ("SUM", [x]) => AggregateKind::Sum(plain(x)?),
        ("MEDIAN", [x]) => AggregateKind::Quantile(plain(x)?, 500),
        ("QUANTILE", [x, p]) => AggregateKind::Quantile(plain(x)?, thousandths(&plain(p)?)?),
        ("AVG", _) => return Err(refuse("AVG: write SUM and COUNT and divide them in a formula")),
        _ => return Err((Code::SqlAggregate, Vec::new())),
    };
    Ok(Aggregate { kind, filter })
}

fn thousandths(p: &Expr) -> Result<u32, Refusal> {
    let digits = match p {
        Expr::Decimal(text) => text.strip_prefix("0.").or_else(|| text.strip_prefix('.')),
        _ => None,
    };
    digits
        .filter(|digits| digits.len() <= 3)
        .and_then(|digits| format!("{digits:0<3}").parse().ok())
        .ok_or_else(|| refuse("QUANTILE takes a share between 0 and 1 with up to 3 decimals"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Code {
        parse(text).and_then(|parsed| aggregated(&parsed)).unwrap_err().0
    }

    #[test]
    fn a_measure_is_one_aggregate_and_nothing_else() {
        for text in ["a", "COUNT(*) / 2", "SUM(a) + SUM(b)", "MAX(a)", "SUM(SUM(a))"] {
            assert_eq!(refused(text), Code::SqlAggregate, "{text}");
        }
        for text in
            ["AVG(a)", "COUNT(DISTINCT a)", "SUM(a) OVER ()", "SUM((SELECT 1))", "COUNT(*) x"]
        {
            assert_eq!(refused(text), Code::Sql, "{text}");
        }
        assert_eq!(refused("SUM(ROUND(a))"), Code::SqlFunction);
    }

    #[test]
    fn a_quantile_keeps_its_share_as_a_whole_number_of_thousandths() {
        let read = |text: &str| parse(text).and_then(|parsed| aggregated(&parsed)).unwrap().kind;
        let days = Expr::Column("days".to_owned());
        assert_eq!(read("QUANTILE(days, 0.9)"), AggregateKind::Quantile(days.clone(), 900));
        assert_eq!(read("MEDIAN(days)"), AggregateKind::Quantile(days, 500));
    }
}
