//! How is the text of a formula read? As SQL with an operator of its own, `x OVER parts`.

use sqlparser::ast;
use sqlparser::ast::Spanned as _;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Token;

use super::formula::Exact;
use super::formula::Formula;
use super::formula::Over;
use super::formula::Parts;
use super::formula::SHIFTS;
use super::formula::SPREADS;
use super::formula::Spread;
use super::formula::decimal;
use super::pieces::Called;
use super::pieces::called;
use super::pieces::name;
use super::pieces::unheeded;
use super::reader::Faults;
use super::reader::Found;
use super::refusal::Refusal;
use super::refusal::at;
use super::refusal::parse_as;
use super::refusal::refuse;
use crate::base::messages::Code;

/// The functions that are none of parts and of other periods.
const OTHERS: [&str; 3] = ["GREATEST", "PEERS", "SHARE_OF_UNIT"];

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
pub(super) fn read(text: &Found<String>, faults: &Faults) -> Option<Formula> {
    match parse_as(&FormulaSql, &text.value).and_then(|parsed| formula(&parsed)) {
        Ok(formula) => Some(formula),
        Err((code, nouns)) => {
            faults.add(text.place, &text.key, code, nouns);
            None
        }
    }
}

fn formula(x: &ast::Expr) -> Result<Formula, Refusal> {
    use ast::BinaryOperator as Sql;
    match x {
        ast::Expr::Identifier(name) => Ok(Formula::Name(name.value.clone())),
        ast::Expr::Nested(inner) => formula(inner),
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(number, false) => decimal(number)
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
    let (name, span) = (name(call), call.span());
    let takes = |what: &str| refuse(span, &format!("{name} takes {what}"));
    let spread = SPREADS.iter().find(|(known, _)| *known == name).map(|(_, spread)| *spread);
    let shift = SHIFTS.iter().find(|(known, _)| *known == name).map(|(_, shift)| *shift);
    if spread.is_none() && shift.is_none() && !OTHERS.contains(&name.as_str()) {
        let known = SPREADS.iter().map(|(known, _)| *known);
        let known = known.chain(SHIFTS.iter().map(|(known, _)| *known)).chain(OTHERS);
        let choices = known.collect::<Vec<_>>().join(", ");
        return Err((Code::FormulaFunction, vec![at(span), ("found", name), ("choices", choices)]));
    }
    let arguments = arguments(call)?;
    match (name.as_str(), arguments.as_slice()) {
        ("GREATEST", [first, rest @ ..]) if !rest.is_empty() => {
            rest.iter().try_fold(formula(first)?, |most, x| {
                Ok(Formula::Greatest(Box::new(most), Box::new(formula(x)?)))
            })
        }
        ("GREATEST", _) => Err(takes("two arguments or more")),
        ("SHARE_OF_UNIT", [x]) => {
            let x = Box::new(formula(x)?);
            Ok(Formula::Divide(x.clone(), Box::new(Formula::OfUnit(x))))
        }
        ("PEERS", [ast::Expr::Identifier(metric)]) => Ok(Formula::Peers(metric.value.clone())),
        ("PEERS", _) => Err(takes("the name of a metric")),
        (_, arguments) => match (shift, spread, arguments) {
            (Some(shift), _, [x]) => Ok(Formula::At(shift, Box::new(formula(x)?))),
            (_, Some(spread), [x, limit @ ..]) if limit.len() <= 1 => {
                let example =
                    format!("what stands over what, such as `{name}(x / y OVER sections)`");
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
            (_, Some(_), _) => Err(takes("what stands over what, and a limit at most")),
            _ => Err(takes("one argument")),
        },
    }
}

/// The arguments of a call: nothing else stands in one.
fn arguments(call: &ast::Function) -> Result<Vec<&ast::Expr>, Refusal> {
    let (name, span) = (name(call), call.span());
    let Called { arguments, is_distinct, filter } = called(call, span)?;
    if is_distinct {
        return Err(unheeded(span, &name, &"DISTINCT"));
    }
    if let Some(filter) = filter {
        return Err(unheeded(filter.span(), &name, &"FILTER"));
    }
    let plain = arguments.into_iter().map(|argument| match argument {
        ast::FunctionArgExpr::Expr(x) => Ok(x),
        other => Err(refuse(span, &format!("`{other}` is not a plain argument"))),
    });
    plain.collect()
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
    use crate::spec::formula::Shift;

    fn read_text(text: &str) -> Result<Formula, Refusal> {
        parse_as(&FormulaSql, text).and_then(|parsed| formula(&parsed))
    }

    fn named(name: &str) -> Formula {
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
                over(named("hours"), named("months"), Parts::Sections, Some(one()))
            )),
        );
        let duties = over(named("entries"), one(), Parts::By("duty".to_owned()), None);
        assert_eq!(
            read_text("COUNT_NONZERO(entries OVER duties)"),
            Ok(Formula::Over(Spread::CountNonzero, duties)),
        );
        let most = Formula::Greatest(Box::new(named("a")), Box::new(named("b")));
        let kinds = over(most, one(), Parts::By("post_kind".to_owned()), None);
        let sum = Formula::Over(Spread::Sum, kinds);
        assert_eq!(read_text("SUM(GREATEST(a, b) OVER post_kinds)"), Ok(sum));
        let before = Formula::At(Shift::Before, Box::new(named("a")));
        let growth = over(named("a"), before, Parts::Sections, None);
        let growth = Formula::Over(Spread::MaxMin, growth);
        assert_eq!(read_text("MAX_MIN(a / PREV(a) OVER sections)"), Ok(growth));
    }

    #[test]
    fn a_share_of_the_unit_divides_by_the_unit() {
        let unit = Formula::OfUnit(Box::new(named("a")));
        let share = Formula::Divide(Box::new(named("a")), Box::new(unit));
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
