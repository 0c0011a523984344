//! What do the smallest pieces of a text say? Literals, operators, and calls before their meaning is asked.

use sqlparser::ast;
use sqlparser::tokenizer::Span;

use super::function::AGGREGATES;
use super::function::FUNCTIONS;
use super::kinds;
use super::refusal::Refusal;
use super::refusal::at;
use super::refusal::refuse;
use super::sql::Expr;
use super::sql::Operator;
use crate::base::messages::Code;

pub(super) fn negate(x: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(x)) } else { x }
}

pub(super) fn literal(value: &ast::ValueWithSpan) -> Result<Expr, Refusal> {
    Ok(match &value.value {
        ast::Value::Number(number, _) => match number.parse() {
            Ok(whole) => Expr::Whole(whole),
            Err(_) if is_decimal(number) => Expr::Decimal(number.clone()),
            Err(_) => {
                let problem = format!("`{number}` is not a plain decimal with up to 12 decimals");
                return Err(refuse(value.span, &problem));
            }
        },
        ast::Value::SingleQuotedString(text) => Expr::Text(text.clone()),
        ast::Value::Boolean(flag) => Expr::Flag(*flag),
        ast::Value::Null => Expr::Null,
        other => {
            return Err(refuse(value.span, &format!("`{other}` is not in the measure language")));
        }
    })
}

fn is_decimal(number: &str) -> bool {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain && number.len() <= 30 && kinds::places(number) <= kinds::PLACES
}

pub(super) fn day(value: &ast::ValueWithSpan, span: Span) -> Result<Expr, Refusal> {
    let text = match &value.value {
        ast::Value::SingleQuotedString(text) => text.parse().ok(),
        _ => None,
    };
    text.map(Expr::Day).ok_or_else(|| refuse(span, "DATE takes a day such as '2026-01-15'"))
}

pub(super) fn operator(op: &ast::BinaryOperator, span: Span) -> Result<Operator, Refusal> {
    use ast::BinaryOperator as Sql;
    Ok(match op {
        Sql::Plus => Operator::Add,
        Sql::Minus => Operator::Subtract,
        Sql::Multiply => Operator::Multiply,
        Sql::Divide => Operator::Divide,
        Sql::Modulo => Operator::Remainder,
        Sql::Eq => Operator::Equal,
        Sql::NotEq => Operator::NotEqual,
        Sql::Lt => Operator::Less,
        Sql::LtEq => Operator::LessOrEqual,
        Sql::Gt => Operator::Greater,
        Sql::GtEq => Operator::GreaterOrEqual,
        Sql::And => Operator::And,
        Sql::Or => Operator::Or,
        Sql::StringConcat => Operator::Concat,
        other => return Err(refuse(span, &format!("`{other}` is not in the measure language"))),
    })
}

/// The name and plain arguments of a call.
pub(super) struct Called<'c> {
    pub(super) name: String,
    pub(super) arguments: Vec<&'c ast::FunctionArgExpr>,
    pub(super) is_distinct: bool,
}

pub(super) fn called(call: &ast::Function, span: Span) -> Result<Called<'_>, Refusal> {
    let name = call.name.to_string().to_ascii_uppercase();
    if call.over.is_some() {
        return Err((Code::SqlWindow, vec![at(span), ("found", name)]));
    }
    let list = match &call.args {
        ast::FunctionArguments::List(list) => list,
        ast::FunctionArguments::Subquery(_) => {
            return Err((Code::SqlSubquery, vec![at(span)]));
        }
        ast::FunctionArguments::None => {
            return Err(refuse(span, &format!("{name} needs its arguments in parentheses")));
        }
    };
    let is_known =
        FUNCTIONS.iter().any(|(known, ..)| *known == name) || AGGREGATES.contains(&name.as_str());
    if is_known && !call.within_group.is_empty() {
        return Err(refuse(span, "WITHIN GROUP is not in the measure language"));
    }
    let is_distinct = list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct);
    if is_distinct && !AGGREGATES.contains(&name.as_str()) {
        return Err(refuse(span, &format!("DISTINCT belongs to COUNT, not to {name}")));
    }
    let plain = list.args.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(plain) => Ok(plain),
        other => Err(refuse(span, &format!("`{other}` is not a plain argument"))),
    });
    Ok(Called { name, arguments: plain.collect::<Result<_, _>>()?, is_distinct })
}

pub(super) fn thousandths(p: &Expr) -> Option<u32> {
    let digits = match p {
        Expr::Decimal(text) => text.strip_prefix("0.").or_else(|| text.strip_prefix('.')),
        _ => None,
    };
    let digits = digits.filter(|digits| digits.len() <= 3)?;
    format!("{digits:0<3}").parse().ok()
}
