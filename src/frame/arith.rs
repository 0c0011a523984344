//! What do sums, products and quotients of columns come to? Whole numbers and decimals, never floats. What
//! leaves their range is a fault where a measure is counted, for no value would pass for nothing there.

use polars::prelude::*;

use super::table::data_type;
use super::table::kind_of;
use crate::spec::kinds;
use crate::spec::kinds::Kind;
use crate::spec::schema::FieldKind;
use crate::spec::sql::Operator;

/// What becomes of a number that leaves its range.
#[derive(Clone, Copy, Default)]
pub(super) struct Range<'r> {
    /// Whose numbers they are, where one beyond is a fault; elsewhere it is no value.
    pub(super) whose: Option<&'r str>,
    /// The rows that are asked for, where some are not: what nobody asks for is no fault.
    pub(super) asked: Option<&'r Expr>,
}

impl Range<'_> {
    /// Nothing where nobody asks.
    pub(super) fn within(&self, x: Expr) -> Expr {
        match self.asked.filter(|_| self.whose.is_some()) {
            Some(asked) => when(asked.clone()).then(x).otherwise(lit(NULL)),
            None => x,
        }
    }

    /// Whose numbers they are, for what runs later.
    pub(super) fn owner(&self) -> Option<String> {
        self.whose.map(str::to_owned)
    }
}

/// Tells that numbers left their range, where somebody is told.
pub(super) fn tell(
    owner: Option<&str>,
    what: &str,
    (beyond, all): (usize, usize),
) -> PolarsResult<()> {
    if let Some(owner) = owner.filter(|_| beyond > 0) {
        polars_bail!(ComputeError:
            "{owner}: `{what}` leaves the range of numbers (18 digits whole, 38 with decimals) in {beyond} of \
             {all} rows; leave them out, as in `CASE WHEN x < 1000000 THEN x * y END`"
        );
    }
    Ok(())
}

/// `x + y`, `x - y`, `x * y`, `x / y` or `x % y`.
pub(super) fn binary(operator: Operator, x: Expr, y: Expr, range: Range<'_>) -> Expr {
    let owner = range.owner();
    let run = move |columns: &mut [Column]| {
        let [x, y] = columns else { polars_bail!(ComputeError: "two columns are needed") };
        compute(operator, x, y, owner.as_deref())
    };
    let output = move |_: &Schema, fields: &[Field]| {
        let of = |at: usize| fields.get(at).and_then(|field| kind_of(field.dtype()));
        let kind = result(operator, of(0), of(1));
        let name = fields.first().map_or("".into(), |field| field.name().clone());
        Ok(Field::new(name, data_type(kind)))
    };
    map_multiple(run, [range.within(x), y], output)
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

fn compute(
    operator: Operator,
    x: &Column,
    y: &Column,
    owner: Option<&str>,
) -> PolarsResult<Column> {
    let (of_x, of_y) = (kind_of(x.dtype()), kind_of(y.dtype()));
    let result = result(operator, of_x, of_y);
    let [scale_x, scale_y] = [of_x, of_y].map(|kind| kinds::scale(kind).unwrap_or(0));
    let to = kinds::scale(Some(result)).unwrap_or(0);
    let (xs, ys) = (digits(x)?, digits(y)?);
    let work = |x: i128, y: i128| {
        let raised = |digits: i128, from: u8| digits.checked_mul(ten(to.checked_sub(from)?)?);
        let worked = match operator {
            // What is added up stands at the scale of the sum.
            Operator::Add => raised(x, scale_x)?.checked_add(raised(y, scale_y)?)?,
            Operator::Subtract => raised(x, scale_x)?.checked_sub(raised(y, scale_y)?)?,
            Operator::Multiply => {
                divided(x.checked_mul(y)?, ten((scale_x + scale_y).saturating_sub(to))?)
            }
            Operator::Divide => {
                divided(x.checked_mul(ten((to + scale_y).checked_sub(scale_x)?)?)?, y)
            }
            _ => x.checked_rem(y)?,
        };
        fits(result, worked).then_some(worked)
    };
    let height = height(&[x, y]);
    let at = |values: &[Option<i128>], at: usize| {
        values.get(if values.len() == 1 { 0 } else { at }).copied().flatten()
    };
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    let mut beyond = 0;
    let row = |row: usize| {
        let (x, y) = (at(&xs, row)?, at(&ys, row).filter(|y| *y != 0 || !divides)?);
        let worked = work(x, y);
        beyond += usize::from(worked.is_none());
        worked
    };
    let worked: Vec<Option<i128>> = (0..height).map(row).collect();
    tell(owner, kinds::sign(operator), (beyond, height))?;
    column(x.name(), result, worked.into_iter())
}

/// Whether a column of a kind holds a number: 64 bits whole, 38 digits with decimals.
pub(super) fn fits(kind: FieldKind, digits: i128) -> bool {
    match kind {
        FieldKind::Decimal(_) => {
            ten(38).is_some_and(|end| digits.unsigned_abs() < end.unsigned_abs())
        }
        _ => i64::try_from(digits).is_ok(),
    }
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

/// The digits of a column of numbers, at its own scale.
pub(super) fn digits(column: &Column) -> PolarsResult<Vec<Option<i128>>> {
    let series = column.as_materialized_series();
    if matches!(series.dtype(), DataType::Decimal(..)) {
        return Ok(series.decimal()?.phys.iter().collect());
    }
    let wholes = series.cast(&DataType::Int64)?;
    Ok(wholes.i64()?.iter().map(|whole| whole.map(i128::from)).collect())
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
