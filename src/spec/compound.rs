//! What is a measure that is more than one aggregate? Measures of their own, and a metric over them.

use sqlparser::ast;
use sqlparser::ast::Spanned as _;

use super::function::AGGREGATES;
use super::function::FUNCTIONS;
use super::pieces::name;
use super::refusal::Refusal;
use super::refusal::at;
use crate::base::messages::Code;

/// Whether a call is one of an aggregate.
pub(super) fn is_aggregate(call: &ast::Function) -> bool {
    AGGREGATES.contains(&name(call).as_str())
}

fn is_known(call: &ast::Function) -> bool {
    let name = name(call);
    FUNCTIONS.iter().any(|(known, ..)| *known == name)
}

/// Why something around aggregates is refused; none where there is no aggregate in it.
pub(super) fn refusal(x: &ast::Expr) -> Option<Refusal> {
    let mut parts = Vec::new();
    let mut bare = None;
    let formula = formula(x, &mut parts, &mut bare);
    match (parts.as_slice(), bare) {
        (_, Some(column)) => {
            let nouns = vec![at(column.span()), ("found", column.to_string())];
            Some((Code::SqlBare, nouns))
        }
        ([], _) => None,
        (parts, None) => {
            let named = parts.iter().enumerate();
            let named = named.map(|(at, part)| format!("{} = `{part}`", letter(at)));
            let mut nouns = vec![at(x.span()), ("parts", named.collect::<Vec<_>>().join(", "))];
            nouns.extend(formula.map(|formula| ("formula", formula)));
            Some((Code::SqlCompound, nouns))
        }
    }
}

fn letter(at: usize) -> char {
    char::from(b'a' + u8::try_from(at.min(25)).unwrap_or(25))
}

/// What stands around the aggregates as a formula, where formulas know it; the aggregates, and the first
/// column beside them.
fn formula<'x>(
    x: &'x ast::Expr,
    parts: &mut Vec<String>,
    bare: &mut Option<&'x ast::Expr>,
) -> Option<String> {
    match x {
        ast::Expr::Function(call) if is_aggregate(call) && call.over.is_none() => {
            let text = call.to_string();
            let place = parts.iter().position(|known| *known == text).unwrap_or_else(|| {
                parts.push(text);
                parts.len() - 1
            });
            Some(letter(place).to_string())
        }
        ast::Expr::Function(call) if is_known(call) => {
            let ast::FunctionArguments::List(list) = &call.args else { return None };
            for argument in &list.args {
                if let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(x)) = argument {
                    formula(x, parts, bare);
                }
            }
            None
        }
        ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_) => {
            bare.get_or_insert(x);
            None
        }
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(number, _) => Some(number.clone()),
            _ => None,
        },
        ast::Expr::Nested(inner) => Some(format!("({})", formula(inner, parts, bare)?)),
        ast::Expr::BinaryOp { left, op, right } => {
            use ast::BinaryOperator as Op;
            let (x, y) = (formula(left, parts, bare), formula(right, parts, bare));
            let is_known = matches!(op, Op::Plus | Op::Minus | Op::Multiply | Op::Divide);
            is_known.then_some(())?;
            Some(format!("{} {op} {}", x?, y?))
        }
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => {
            Some(format!("0 - {}", formula(expr, parts, bare)?))
        }
        _ => None,
    }
}
