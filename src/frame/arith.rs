//! What do sums, products and quotients of columns come to? Whole numbers and decimals, never floats; what
//! leaves their range is no value.

use polars::prelude::*;

use super::table::data_type;
use super::table::kind_of;
use crate::spec::kinds;
use crate::spec::kinds::Kind;
use crate::spec::schema::FieldKind;
use crate::spec::sql::Operator;

/// `x + y`, `x - y`, `x * y`, `x / y` or `x % y`.
pub(super) fn binary(operator: Operator, x: Expr, y: Expr) -> Expr {
    let run = move |columns: &mut [Column]| {
        let [x, y] = columns else { polars_bail!(ComputeError: "two columns are needed") };
        compute(operator, x, y)
    };
    let output = move |_: &Schema, fields: &[Field]| {
        let of = |at: usize| fields.get(at).and_then(|field| kind_of(field.dtype()));
        let kind = result(operator, of(0), of(1));
        let name = fields.first().map_or("".into(), |field| field.name().clone());
        Ok(Field::new(name, data_type(kind)))
    };
    map_multiple(run, [x, y], output)
}

/// A decimal as it is written.
pub(super) fn decimal(text: &str) -> Expr {
    let scale = kinds::places(text);
    let digits = text.replace('.', "").parse::<i128>().ok();
    let kind = data_type(FieldKind::Decimal(scale));
    let value = digits.map_or(AnyValue::Null, |digits| AnyValue::Decimal(digits, 38, scale.into()));
    lit(Scalar::new(kind, value.into_static()))
}

fn result(operator: Operator, x: Kind, y: Kind) -> FieldKind {
    kinds::number(operator, x, y).or(x).or(y).unwrap_or(FieldKind::Whole)
}

fn compute(operator: Operator, x: &Column, y: &Column) -> PolarsResult<Column> {
    let (of_x, of_y) = (kind_of(x.dtype()), kind_of(y.dtype()));
    let result = result(operator, of_x, of_y);
    let [scale_x, scale_y] = [of_x, of_y].map(|kind| kinds::scale(kind).unwrap_or(0));
    let to = kinds::scale(Some(result)).unwrap_or(0);
    // What is added up stands at the scale of the sum.
    let is_sum = matches!(operator, Operator::Add | Operator::Subtract);
    let (at_x, at_y) = if is_sum { (to, to) } else { (scale_x, scale_y) };
    let (xs, ys) = (digits(x, at_x)?, digits(y, at_y)?);
    let work = |x: i128, y: i128| match operator {
        Operator::Add => x.checked_add(y),
        Operator::Subtract => x.checked_sub(y),
        Operator::Multiply => {
            let product = x.checked_mul(y)?;
            Some(divided(product, ten((scale_x + scale_y).saturating_sub(to))?))
        }
        Operator::Divide => {
            let up = ten((to + scale_y).checked_sub(scale_x)?)?;
            if y == 0 { None } else { Some(divided(x.checked_mul(up)?, y)) }
        }
        _ => x.checked_rem(y),
    };
    let height = height(&[x, y]);
    let at = |values: &[Option<i128>], at: usize| {
        values.get(if values.len() == 1 { 0 } else { at }).copied().flatten()
    };
    let worked = (0..height).map(|row| work(at(&xs, row)?, at(&ys, row)?));
    column(x.name(), result, worked)
}

/// How many rows columns have; one value holds for all.
pub(super) fn height(columns: &[&Column]) -> usize {
    let lengths = columns.iter().map(|column| column.len());
    let many = lengths.clone().filter(|length| *length != 1);
    many.max().unwrap_or_else(|| lengths.max().unwrap_or(0))
}

/// A column of whole numbers, or of decimals given as their digits.
pub(super) fn column(
    name: &PlSmallStr,
    kind: FieldKind,
    digits: impl Iterator<Item = Option<i128>>,
) -> PolarsResult<Column> {
    if let FieldKind::Decimal(scale) = kind {
        let digits = Int128Chunked::from_iter_options(name.clone(), digits);
        return Ok(digits.into_decimal(38, usize::from(scale))?.into_series().into());
    }
    let wholes = digits.map(|whole| i64::try_from(whole?).ok());
    Ok(Int64Chunked::from_iter_options(name.clone(), wholes).into_series().into())
}

/// The digits of a column of numbers at a scale that is not below its own.
pub(super) fn digits(column: &Column, scale: u8) -> PolarsResult<Vec<Option<i128>>> {
    let series = column.as_materialized_series();
    let own = kinds::scale(kind_of(series.dtype())).unwrap_or(0);
    let up = ten(scale.saturating_sub(own)).unwrap_or(1);
    let raised = |digits: Option<i128>| digits?.checked_mul(up);
    if matches!(series.dtype(), DataType::Decimal(..)) {
        return Ok(series.decimal()?.phys.iter().map(raised).collect());
    }
    let wholes = series.cast(&DataType::Int64)?;
    Ok(wholes.i64()?.iter().map(|whole| raised(whole.map(i128::from))).collect())
}

fn ten(zeros: u8) -> Option<i128> {
    10_i128.checked_pow(u32::from(zeros))
}

/// A quotient, rounded half away from zero.
fn divided(x: i128, y: i128) -> i128 {
    let (whole, rest) = (x / y, x % y);
    let is_half = rest.unsigned_abs() >= y.unsigned_abs() - rest.unsigned_abs();
    if rest != 0 && is_half { whole + if (x < 0) == (y < 0) { 1 } else { -1 } } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        for (x, y, quotient) in
            [(7, 2, 4), (-7, 2, -4), (7, -2, -4), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (6, 3, 2)]
        {
            assert_eq!(divided(x, y), quotient, "{x} / {y}");
        }
    }
}
