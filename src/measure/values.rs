//! What do values come to, from how often each occurs? All but a deviation is exact.

use num_traits::ToPrimitive as _;

use super::spread::Overflow;
use super::spread::kept;
use crate::spec::formula::Exact;

/// Type 7: linear between the two neighbours, exact.
pub(super) fn quantile(values: &[(i128, u64)], thousandths: u32) -> Option<Exact> {
    let count: u64 = values.iter().map(|(_, times)| times).sum();
    if count == 0 {
        return None;
    }
    let position = Exact::new(i128::from(count - 1) * i128::from(thousandths), 1000);
    let below = position.trunc();
    let (low, high) =
        (nth(values, below.to_integer())?, nth(values, position.ceil().to_integer())?);
    Some(Exact::from(low) + (position - below) * Exact::from(high - low))
}

/// The standard deviation of a sample, from two values on; each is so many times what it stands for. The
/// sum of squares is exact, the root a floating-point number that is kept with twelve decimals.
pub(super) fn deviation(values: &[(i128, u64)], divisor: i128) -> Result<Option<Exact>, Overflow> {
    let count: i128 = values.iter().map(|(_, times)| i128::from(*times)).sum();
    if count < 2 {
        return Ok(None);
    }
    let (mut sum, mut squares) = (0_i128, 0_i128);
    let middle = nth(values, count / 2).unwrap_or(0);
    for (value, times) in values {
        let times = i128::from(*times);
        let apart = value.checked_sub(middle).ok_or(Overflow::Formula)?;
        let square = apart.checked_mul(apart).and_then(|square| square.checked_mul(times));
        sum = apart
            .checked_mul(times)
            .and_then(|apart| sum.checked_add(apart))
            .ok_or(Overflow::Formula)?;
        squares = square.and_then(|square| squares.checked_add(square)).ok_or(Overflow::Formula)?;
    }
    // n Σ v² − (Σ v)² over n (n − 1)
    let all = squares.checked_mul(count).zip(sum.checked_mul(sum)).ok_or(Overflow::Formula)?;
    let (above, below) = (all.0 - all.1, count * (count - 1));
    let root = above.to_f64().zip(below.to_f64()).map(|(above, below)| (above / below).sqrt());
    let root = root.zip(divisor.to_f64()).map(|(root, divisor)| root / divisor);
    Ok(root.and_then(kept))
}

fn nth(values: &[(i128, u64)], at: i128) -> Option<i128> {
    let mut seen = 0_i128;
    values.iter().find_map(|(value, count)| {
        seen += i128::from(*count);
        (at < seen).then_some(*value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_type_7_and_exact() {
        let values = [(1, 2), (4, 1), (10, 1)];
        assert_eq!(quantile(&values, 500), Some(Exact::new(5, 2)));
        assert_eq!(quantile(&values, 900), Some(Exact::new(41, 5)));
        assert_eq!(quantile(&[], 500), None);
    }

    /// 2, 4, 4, 4, 5, 5, 7, 9: the sum of squares around 5 is 32, over 7.
    #[test]
    fn a_deviation_is_that_of_a_sample() {
        let values = [(20, 1), (40, 3), (50, 2), (70, 1), (90, 1)];
        let root = Exact::new(2_138_089_935_299, 1_000_000_000_000);
        assert_eq!(deviation(&values, 10), Ok(Some(root)));
        assert_eq!(deviation(&[(3, 1)], 1), Ok(None));
        assert_eq!(deviation(&[(3, 2)], 1), Ok(Some(Exact::from(0))));
    }
}
