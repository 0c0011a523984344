//! What is a metric worth? A formula over measures and metrics; it never touches rows.

use num_rational::Ratio;
use sqlparser::ast;

use super::reader::Faults;
use super::reader::Found;
use super::sql::parse;
use super::sql::refuse;
use crate::base::messages::Code;

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
    /// `GREATEST(x, y)`
    Greatest(Box<Formula>, Box<Formula>),
}

impl Formula {
    /// Calls `see` with every name.
    pub fn each_name<'f>(&'f self, see: &mut impl FnMut(&'f str)) {
        match self {
            Formula::Name(name) => see(name),
            Formula::Number(_) => {}
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Divide(x, y)
            | Formula::Greatest(x, y) => {
                x.each_name(see);
                y.each_name(see);
            }
        }
    }
}

/// Reads a formula; a refusal is a fault at its key.
pub fn read(text: &Found<String>, faults: &Faults) -> Option<Formula> {
    match parse(&text.value).and_then(|parsed| formula(&parsed)) {
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

fn formula(x: &ast::Expr) -> Result<Formula, (Code, super::reader::Nouns)> {
    use ast::BinaryOperator as Sql;
    let pair = |x: &ast::Expr, y: &ast::Expr| Ok((Box::new(formula(x)?), Box::new(formula(y)?)));
    match x {
        ast::Expr::Identifier(name) => Ok(Formula::Name(name.value.clone())),
        ast::Expr::Nested(inner) => formula(inner),
        ast::Expr::Value(value) => match &value.value {
            ast::Value::Number(number, _) => decimal(number)
                .map(Formula::Number)
                .ok_or_else(|| refuse(&format!("`{number}` is not a plain decimal"))),
            other => Err(refuse(&format!("`{other}` is not a number"))),
        },
        ast::Expr::BinaryOp { left, op, right } => {
            let (x, y) = pair(left, right)?;
            match op {
                Sql::Plus => Ok(Formula::Add(x, y)),
                Sql::Minus => Ok(Formula::Subtract(x, y)),
                Sql::Multiply => Ok(Formula::Multiply(x, y)),
                Sql::Divide => Ok(Formula::Divide(x, y)),
                other => Err(refuse(&format!("`{other}` is not in the formula language"))),
            }
        }
        ast::Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("greatest") => {
            let ast::FunctionArguments::List(list) = &call.args else {
                return Err(refuse("GREATEST takes two arguments"));
            };
            match list.args.as_slice() {
                [
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(x)),
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(y)),
                ] => pair(x, y).map(|(x, y)| Formula::Greatest(x, y)),
                _ => Err(refuse("GREATEST takes two arguments")),
            }
        }
        other => Err(refuse(&format!("`{other}` is not in the formula language"))),
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
}
