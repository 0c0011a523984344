//! Which value stands at a share of all values? Exact, from how often each occurs.

use std::collections::BTreeMap;

use crate::spec::formula::Exact;

/// Type 7: linear between the two neighbours, exact.
pub(super) fn quantile(values: &BTreeMap<i128, u64>, thousandths: u32) -> Option<Exact> {
    let count: u64 = values.values().sum();
    if count == 0 {
        return None;
    }
    let position = Exact::new(i128::from(count - 1) * i128::from(thousandths), 1000);
    let below = position.trunc();
    let (low, high) =
        (nth(values, below.to_integer())?, nth(values, position.ceil().to_integer())?);
    Some(Exact::from(low) + (position - below) * Exact::from(high - low))
}

fn nth(values: &BTreeMap<i128, u64>, at: i128) -> Option<i128> {
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
        let values = BTreeMap::from([(1, 2), (4, 1), (10, 1)]);
        assert_eq!(quantile(&values, 500), Some(Exact::new(5, 2)));
        assert_eq!(quantile(&values, 900), Some(Exact::new(41, 5)));
        assert_eq!(quantile(&BTreeMap::new(), 500), None);
    }
}
