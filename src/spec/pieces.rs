//! What do the smallest pieces of a text say? Literals, operators, and calls before their meaning is asked.

use sqlparser::ast;
use sqlparser::ast::Spanned as _;
use sqlparser::tokenizer::Span;

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
        ast::Value::Number(number, false) => match number.parse() {
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

/// The name of a call, in capitals.
pub(super) fn name(call: &ast::Function) -> String {
    call.name.to_string().to_ascii_uppercase()
}

/// What a call says that any language here knows.
pub(super) struct Called<'c> {
    pub(super) arguments: Vec<&'c ast::FunctionArgExpr>,
    pub(super) is_distinct: bool,
    pub(super) filter: Option<&'c ast::Expr>,
}

/// A part of a call that would not be heeded.
pub(super) fn unheeded(span: Span, name: &str, found: &impl ToString) -> Refusal {
    (Code::SqlPart, vec![at(span), ("found", found.to_string()), ("name", name.to_owned())])
}

/// What a call of a known name says. Every part of it is looked at, so that none is dropped: what the
/// library learns to read later does not compile until somebody says here what becomes of it.
pub(super) fn called(call: &ast::Function, span: Span) -> Result<Called<'_>, Refusal> {
    let ast::Function {
        name: _,
        uses_odbc_syntax,
        parameters,
        args,
        filter,
        null_treatment,
        over,
        within_group,
    } = call;
    let name = name(call);
    if over.is_some() {
        return Err((Code::SqlWindow, vec![at(span), ("found", name)]));
    }
    let ast::FunctionArgumentList { duplicate_treatment, args, clauses } = match args {
        ast::FunctionArguments::List(list) => list,
        ast::FunctionArguments::Subquery(_) => {
            return Err((Code::SqlSubquery, vec![at(span)]));
        }
        ast::FunctionArguments::None => {
            return Err(refuse(span, &format!("{name} needs its arguments in parentheses")));
        }
    };
    let is_distinct = match duplicate_treatment {
        None => false,
        Some(ast::DuplicateTreatment::Distinct) => true,
        Some(all @ ast::DuplicateTreatment::All) => return Err(unheeded(span, &name, all)),
    };
    if let Some(clause) = clauses.first() {
        let own = clause.span();
        let place = if own == Span::empty() { span } else { own };
        return Err(unheeded(place, &name, clause));
    }
    if let Some(treatment) = null_treatment {
        return Err(unheeded(span, &name, treatment));
    }
    if let Some(order) = within_group.first() {
        return Err(unheeded(order.span(), &name, &"WITHIN GROUP"));
    }
    if *parameters != ast::FunctionArguments::None {
        return Err(unheeded(span, &name, parameters));
    }
    if *uses_odbc_syntax {
        return Err(unheeded(span, &name, &"{fn …}"));
    }
    let plain = args.iter().map(|argument| match argument {
        ast::FunctionArg::Unnamed(plain) => Ok(plain),
        other => Err(refuse(span, &format!("`{other}` is not a plain argument"))),
    });
    let arguments = plain.collect::<Result<_, _>>()?;
    Ok(Called { arguments, is_distinct, filter: filter.as_deref() })
}

pub(super) fn thousandths(p: &Expr) -> Option<u32> {
    let digits = match p {
        Expr::Decimal(text) => text.strip_prefix("0.").or_else(|| text.strip_prefix('.')),
        _ => None,
    };
    let digits = digits.filter(|digits| digits.len() <= 3)?;
    format!("{digits:0<3}").parse().ok()
}
