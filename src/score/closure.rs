//! How do shown numbers add up to their shown sum? Rounded one by one they often do not; the largest
//! remainders get the hundredths that are left.

use crate::spec::formula::Exact;

/// A number in units of its last decimal, rounded half away from zero.
pub(super) fn rounded(number: Exact, decimals: u8) -> i128 {
    (number * Exact::from(10_i128.pow(u32::from(decimals)))).round().to_integer()
}

/// A number cut to so many decimals, rounded half away from zero.
pub(super) fn to_decimals(number: Exact, decimals: u8) -> Exact {
    Exact::new(rounded(number, decimals), 10_i128.pow(u32::from(decimals)))
}

/// Hundredths of the parts, none negative, that add up to `sum` hundredths, which is the rounded sum of
/// the parts. Of equal remainders that of the greater part comes first, then the earlier one.
pub(super) fn closed(parts: &[Exact], sum: i128) -> Vec<i128> {
    let hundred = Exact::from(100);
    let mut whole: Vec<i128> =
        parts.iter().map(|part| (*part * hundred).floor().to_integer()).collect();
    let left = usize::try_from(sum - whole.iter().sum::<i128>()).unwrap_or(0);
    let mut order: Vec<(usize, Exact)> = parts.iter().copied().enumerate().collect();
    order.sort_by_key(|(at, part)| {
        let remainder = *part * hundred - (*part * hundred).floor();
        (std::cmp::Reverse((remainder, *part)), *at)
    });
    for (at, _) in order.into_iter().take(left) {
        if let Some(number) = whole.get_mut(at) {
            *number += 1;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_of_a_point_add_up_to_the_point() {
        let third = Exact::new(1, 3);
        assert_eq!(closed(&[third, third, third], 100), [34, 33, 33]);
    }

    #[test]
    fn nothing_stays_nothing() {
        let parts = [Exact::from(0), Exact::new(1, 200), Exact::new(1, 200)];
        assert_eq!(closed(&parts, 1), [0, 1, 0]);
        assert_eq!(closed(&[], 0), Vec::<i128>::new());
    }

    /// METHOD.md 4.6: 83.2 out of five dimensions; rounding each line gives 83.21.
    #[test]
    fn the_worked_example_closes() {
        let products =
            [9_200, 12_825, 16_800, 19_850, 24_525].map(|number| Exact::new(number, 1000));
        let sum: Exact = products.iter().sum();
        assert_eq!(closed(&products, rounded(sum, 2)), [920, 1282, 1680, 1985, 2453]);
        assert_eq!(products.map(|product| rounded(product, 2)).iter().sum::<i128>(), 8321);
    }
}
