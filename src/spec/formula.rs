//! What is a metric worth? A formula over measures and metrics; it never touches rows.

use num_rational::Ratio;
use sqlparser::ast;
use sqlparser::ast::Spanned as _;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Token;

use super::reader::Faults;
use super::reader::Found;
use super::refusal::Refusal;
use super::refusal::at;
use super::refusal::parse_as;
use super::refusal::refuse;
use crate::base::messages::Code;
use crate::base::period::Period;
use crate::base::period::PeriodKind;

/// An exact number.
pub type Exact = Ratio<i128>;

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// A measure, a metric, or `months_known`.
    Name(String),
    /// A number.
    Number(Exact),
    /// `x + y`
    Add(Box<Formula>, Box<Formula>),
    /// `x - y`
    Subtract(Box<Formula>, Box<Formula>),
    /// `x * y`
    Multiply(Box<Formula>, Box<Formula>),
    /// `x / y`: a zero denominator gives no value.
    Divide(Box<Formula>, Box<Formula>),
    /// `GREATEST(x, y, …)`
    Greatest(Box<Formula>, Box<Formula>),
    /// `PEERS(x)`: the mean of a metric over the category of the unit, as the reference of the year keeps it.
    Peers(String),
    /// The value of the whole unit that a section is of: `SHARE_OF_UNIT(x)` is `x / OfUnit(x)`.
    OfUnit(Box<Formula>),
    /// `PREV(x)`, `YTD(x)`, `YOY(x)`: x in another period.
    At(Shift, Box<Formula>),
    /// `HOOVER(x / y OVER sections)`: one number out of a value for every part.
    Over(Spread, Box<Over>),
}

/// Which other period is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shift {
    /// `PREV`: the month, quarter or year before; of the months since January and of twelve months, those
    /// of the year before.
    Before,
    /// `YTD`: from 1 January to the end of the period.
    YearToDate,
    /// `YOY`: the same period of the year before. It is the value then: `x / YOY(x) - 1` is the change.
    YearBefore,
}

/// The functions of other periods.
pub const SHIFTS: [(&str, Shift); 3] =
    [("PREV", Shift::Before), ("YTD", Shift::YearToDate), ("YOY", Shift::YearBefore)];

impl Shift {
    /// Its name.
    pub fn name(self) -> &'static str {
        SHIFTS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The other period; none before the years that dates know.
    pub fn of(self, period: Period) -> Option<Period> {
        match self {
            Shift::Before => period.before(),
            Shift::YearBefore => period.year_before(),
            Shift::YearToDate => Some(Period::of(PeriodKind::Ytd, period.last())),
        }
    }
}

/// What an `OVER` looks at: `x / y` for every part, y is 1 where there is no division. A part whose y is
/// zero, or below the limit that stands after the parts, does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// x
    pub above: Formula,
    /// y
    pub below: Formula,
    /// Which parts.
    pub parts: Parts,
    /// The least y, or for `COUNT_BELOW` what `x / y` is compared with; told for the whole.
    pub limit: Option<Formula>,
}

/// What a place consists of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parts {
    /// `OVER sections`
    Sections,
    /// `OVER duties`: the values of the dimension `duty`.
    By(String),
}

/// What becomes of the parts (METHOD.md 2.10). All but `CV` and `THEIL` are exact; those two are worked
/// out as floating-point numbers and kept with twelve decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// `HOOVER`: ½ Σ |share of x − share of y|, from two parts on.
    Hoover,
    /// `TO_MOVE`: how much of y would have to move for `x / y` to be equal: Hoover · Σ y.
    ToMove,
    /// `CV`: standard deviation over mean of `x / y`, of the population, from two parts on.
    Cv,
    /// `MAX_MIN`: the greatest `x / y` over the least, from two parts on; none if the least is 0.
    MaxMin,
    /// `THEIL`: Σ share of y · r ln r with r = `x / y` over their mean, from two parts on.
    Theil,
    /// `HERFINDAHL`: Σ (share of x)².
    Herfindahl,
    /// `COUNT_NONZERO`: how many parts have an `x / y` that is not 0.
    CountNonzero,
    /// `COUNT_BELOW`: how many parts have an `x / y` below the limit.
    CountBelow,
    /// `SUM`: Σ `x / y`.
    Sum,
}

/// The functions over parts.
pub const SPREADS: [(&str, Spread); 9] = [
    ("HOOVER", Spread::Hoover),
    ("TO_MOVE", Spread::ToMove),
    ("CV", Spread::Cv),
    ("MAX_MIN", Spread::MaxMin),
    ("THEIL", Spread::Theil),
    ("HERFINDAHL", Spread::Herfindahl),
    ("COUNT_NONZERO", Spread::CountNonzero),
    ("COUNT_BELOW", Spread::CountBelow),
    ("SUM", Spread::Sum),
];

impl Parts {
    /// The parts of a plural: `duties` are those of the dimension `duty`.
    fn of_plural(word: &str) -> Option<Parts> {
        if word == "sections" {
            return Some(Parts::Sections);
        }
        let singular = match word.strip_suffix("ies") {
            Some(stem) => Some(format!("{stem}y")),
            None => word.strip_suffix('s').map(str::to_owned),
        };
        singular.map(Parts::By)
    }
}

impl Formula {
    /// Calls `see` with the formula and with everything in it.
    pub fn each<'f>(&'f self, see: &mut impl FnMut(&'f Formula)) {
        see(self);
        match self {
            Formula::Name(_) | Formula::Number(_) | Formula::Peers(_) => {}
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Divide(x, y)
            | Formula::Greatest(x, y) => {
                x.each(see);
                y.each(see);
            }
            Formula::OfUnit(x) | Formula::At(_, x) => x.each(see),
            Formula::Over(_, over) => {
                over.above.each(see);
                over.below.each(see);
                over.limit.iter().for_each(|limit| limit.each(see));
            }
        }
    }

    /// Calls `see` with every `OVER`.
    pub fn each_over<'f>(&'f self, see: &mut impl FnMut(&'f Over)) {
        self.each(&mut |part| {
            if let Formula::Over(_, over) = part {
                see(over);
            }
        });
    }

    /// Calls `see` with every name.
    pub fn each_name<'f>(&'f self, see: &mut impl FnMut(&'f str)) {
        self.each(&mut |part| {
            if let Formula::Name(name) | Formula::Peers(name) = part {
                see(name);
            }
        });
    }
}

/// SQL with `x OVER parts` as an operator that binds weakest.
#[derive(Debug)]
struct FormulaSql;

const OVER: &str = "OVER";

impl Dialect for FormulaSql {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        is_over(&parser.peek_token_ref().token).then_some(Ok(1))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        left: &ast::Expr,
        _precedence: u8,
    ) -> Option<Result<ast::Expr, ParserError>> {
        if !is_over(&parser.peek_token_ref().token) {
            return None;
        }
        parser.next_token();
        Some(parser.parse_identifier().map(|parts| ast::Expr::BinaryOp {
            left: Box::new(left.clone()),
            op: ast::BinaryOperator::Custom(OVER.to_owned()),
            right: Box::new(ast::Expr::Identifier(parts)),
        }))
    }
}

fn is_over(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.keyword == Keyword::OVER)
}

/// Reads a formula; a refusal is a fault at its key.
pub fn read(text: &Found<String>, faults: &Faults) -> Option<Formula> {
    match parse_as(&FormulaSql, &text.value).and_then(|parsed| formula(&parsed)) {
        Ok(formula) => Some(formula),
        Err((code, nouns)) => {
            faults.add(text.place, &text.key, code, nouns);
            None
        }
    }
}

/// Reads a decimal exactly.
pub fn decimal(text: &str) -> Option<Exact> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some(Exact::new(sign * all.parse::<i128>().ok()?, scale))
}

/// A share as people write it, such as `0.5%`.
pub fn share(text: &str) -> Option<Exact> {
    Some(decimal(text.strip_suffix('%')?)? / Exact::from(100))
}

fn formula(x: &ast::Expr) -> Result<Formula, Refusal> {
    use ast::BinaryOperator as Sql;
    match x {
        ast::Expr::Identifier(name) => Ok(Formula::Name(name.value.clone())),
        ast::Expr::Nested(inner) => formula(inner),
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(number, _) => decimal(number)
                .map(Formula::Number)
                .ok_or_else(|| refuse(x.span(), &format!("`{number}` is not a plain decimal"))),
            other => Err(refuse(x.span(), &format!("`{other}` is not a number"))),
        },
        ast::Expr::BinaryOp { left, op, right } => {
            let span = x.span();
            let (x, y) = (Box::new(formula(left)?), Box::new(formula(right)?));
            match op {
                Sql::Plus => Ok(Formula::Add(x, y)),
                Sql::Minus => Ok(Formula::Subtract(x, y)),
                Sql::Multiply => Ok(Formula::Multiply(x, y)),
                Sql::Divide => Ok(Formula::Divide(x, y)),
                other => Err(refuse(span, &format!("`{other}` does not stand here in a formula"))),
            }
        }
        ast::Expr::Function(call) if call.over.is_none() => function(call),
        other => Err(refuse(x.span(), &format!("`{other}` is not in the formula language"))),
    }
}

fn function(call: &ast::Function) -> Result<Formula, Refusal> {
    let name = call.name.to_string().to_ascii_uppercase();
    let takes = |what: &str| refuse(call.span(), &format!("{name} takes {what}"));
    let ast::FunctionArguments::List(list) = &call.args else {
        return Err(takes("its arguments in parentheses"));
    };
    let plain = list.args.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(x)) => Ok(x),
        other => Err(refuse(call.span(), &format!("`{other}` is not a plain argument"))),
    });
    let arguments = plain.collect::<Result<Vec<_>, _>>()?;
    let spread = SPREADS.iter().find(|(known, _)| *known == name).map(|(_, spread)| *spread);
    match (name.as_str(), spread, arguments.as_slice()) {
        ("GREATEST", _, [first, rest @ ..]) if !rest.is_empty() => {
            rest.iter().try_fold(formula(first)?, |most, x| {
                Ok(Formula::Greatest(Box::new(most), Box::new(formula(x)?)))
            })
        }
        ("GREATEST", ..) => Err(takes("two arguments or more")),
        ("SHARE_OF_UNIT", _, [x]) => {
            let x = Box::new(formula(x)?);
            Ok(Formula::Divide(x.clone(), Box::new(Formula::OfUnit(x))))
        }
        (_, None, [x]) if SHIFTS.iter().any(|(known, _)| *known == name) => {
            let shift = SHIFTS.iter().find(|(known, _)| *known == name).map(|(_, shift)| *shift);
            Ok(Formula::At(shift.unwrap_or(Shift::Before), Box::new(formula(x)?)))
        }
        ("SHARE_OF_UNIT" | "PREV" | "YTD" | "YOY", ..) => Err(takes("one argument")),
        ("PEERS", _, [ast::Expr::Identifier(metric)]) => Ok(Formula::Peers(metric.value.clone())),
        ("PEERS", ..) => Err(takes("the name of a metric")),
        (_, Some(spread), [x, limit @ ..]) if limit.len() <= 1 => {
            let example = format!("what stands over what, such as `{name}(x / y OVER sections)`");
            let (x, parts) = over(x).ok_or_else(|| takes(&example))?;
            let (above, below) = match formula(&x)? {
                Formula::Divide(above, below) => (*above, *below),
                whole => (whole, Formula::Number(Exact::from(1))),
            };
            let limit = limit.first().map(|limit| formula(limit)).transpose()?;
            if spread == Spread::CountBelow && limit.is_none() {
                return Err(takes("a limit after the parts"));
            }
            Ok(Formula::Over(spread, Box::new(Over { above, below, parts, limit })))
        }
        _ => {
            let spreads = SPREADS.iter().map(|(known, _)| *known);
            let known = spreads
                .chain(["GREATEST", "PEERS", "PREV", "SHARE_OF_UNIT", "YOY", "YTD"])
                .collect::<Vec<_>>();
            let nouns =
                vec![at(call.span()), ("found", name.clone()), ("choices", known.join(", "))];
            Err((Code::FormulaFunction, nouns))
        }
    }
}

/// The two sides of `x OVER parts`; after a call, SQL itself reads the parts as the name of a window.
fn over(x: &ast::Expr) -> Option<(ast::Expr, Parts)> {
    match x {
        ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Custom(op), right } if op == OVER => {
            let ast::Expr::Identifier(parts) = right.as_ref() else { return None };
            Some((left.as_ref().clone(), Parts::of_plural(&parts.value)?))
        }
        // `x / PREV(y) OVER parts`: what ends in a call has the window at that call.
        ast::Expr::BinaryOp { left, op, right } => {
            let (right, parts) = over(right)?;
            let (left, op) = (left.clone(), op.clone());
            Some((ast::Expr::BinaryOp { left, op, right: Box::new(right) }, parts))
        }
        ast::Expr::Function(call) => {
            let Some(ast::WindowType::NamedWindow(parts)) = &call.over else { return None };
            let call = ast::Function { over: None, ..call.clone() };
            Some((ast::Expr::Function(call), Parts::of_plural(&parts.value)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(decimal("0.85"), Some(Exact::new(17, 20)));
        assert_eq!(decimal("-12"), Some(Exact::from(-12)));
        assert_eq!(decimal("1e3"), None);
    }

    fn read_text(text: &str) -> Result<Formula, Refusal> {
        parse_as(&FormulaSql, text).and_then(|parsed| formula(&parsed))
    }

    fn name(name: &str) -> Formula {
        Formula::Name(name.to_owned())
    }

    #[test]
    fn over_binds_weakest_and_names_its_parts_in_the_plural() {
        let over = |above, below, parts, limit| Box::new(Over { above, below, parts, limit });
        let one = || Formula::Number(Exact::from(1));
        assert_eq!(
            read_text("hoover(hours / months over sections, 1)"),
            Ok(Formula::Over(
                Spread::Hoover,
                over(name("hours"), name("months"), Parts::Sections, Some(one()))
            )),
        );
        let duties = over(name("entries"), one(), Parts::By("duty".to_owned()), None);
        assert_eq!(
            read_text("COUNT_NONZERO(entries OVER duties)"),
            Ok(Formula::Over(Spread::CountNonzero, duties)),
        );
        let most = Formula::Greatest(Box::new(name("a")), Box::new(name("b")));
        let kinds = over(most, one(), Parts::By("post_kind".to_owned()), None);
        let sum = Formula::Over(Spread::Sum, kinds);
        assert_eq!(read_text("SUM(GREATEST(a, b) OVER post_kinds)"), Ok(sum));
        let before = Formula::At(Shift::Before, Box::new(name("a")));
        let growth = over(name("a"), before, Parts::Sections, None);
        let growth = Formula::Over(Spread::MaxMin, growth);
        assert_eq!(read_text("MAX_MIN(a / PREV(a) OVER sections)"), Ok(growth));
    }

    #[test]
    fn a_share_of_the_unit_divides_by_the_unit() {
        let unit = Formula::OfUnit(Box::new(name("a")));
        let share = Formula::Divide(Box::new(name("a")), Box::new(unit));
        assert_eq!(read_text("SHARE_OF_UNIT(a)"), Ok(share));
    }

    #[test]
    fn what_is_not_in_the_language_is_refused() {
        for text in ["a OVER sections", "HOOVER(a)", "COUNT_BELOW(a OVER sections)", "GREATEST(a)"]
        {
            assert_eq!(read_text(text).unwrap_err().0, Code::Sql, "{text}");
        }
        assert_eq!(read_text("PEERS(a / b)").unwrap_err().0, Code::Sql);
        for text in ["GREATEST(a, b) OVER sections", "SUM(a) OVER (PARTITION BY b)", "a > b"] {
            assert_eq!(read_text(text).unwrap_err().0, Code::Sql, "{text}");
        }
        assert_eq!(read_text("GINI(a OVER sections)").unwrap_err().0, Code::FormulaFunction);
    }
}
