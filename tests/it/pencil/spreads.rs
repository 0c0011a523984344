//! How unequal are parts? Published numbers and cases worked out by hand (METHOD.md 2.10).

use proptest::prelude::*;
use shuping::measure::evaluate::rounded;
use shuping::measure::spread::Share;
use shuping::measure::spread::spread;
use shuping::spec::formula::Exact;
use shuping::spec::formula::Spread;
use shuping::spec::formula::decimal;

use crate::shared::shared;

fn whole(number: i128) -> Exact {
    Exact::from(number)
}

fn told(kind: Spread, parts: &[Share]) -> Option<Exact> {
    spread(kind, parts, None).unwrap()
}

/// The published vector of R's `ineq`: the parts weigh the same.
fn published() -> Vec<Share> {
    [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
        .map(|income| (whole(income), whole(1)))
        .to_vec()
}

#[test]
fn spreads_agree_with_published_numbers() {
    let Some(path) = shared("refdata/inequality/ineq_examples.csv") else { return };
    let mut checked = Vec::new();
    let mut lines = csv::Reader::from_path(path).unwrap();
    for line in lines.records().map(Result::unwrap).filter(|line| &line[0] == "ineq x10") {
        let values = line[1].split(' ').map(|value| whole(value.parse().unwrap()));
        assert!(values.eq(published().into_iter().map(|(value, _)| value)));
        let kind = match &line[2] {
            "Herfindahl" => Spread::Herfindahl,
            "Theil T" => Spread::Theil,
            _ => continue,
        };
        let expected = decimal(&line[3]).unwrap();
        let value = told(kind, &published()).unwrap();
        assert_eq!(rounded(value, 7), rounded(expected, 7), "{}", &line[2]);
        checked.push(kind);
    }
    assert_eq!(checked, [Spread::Herfindahl, Spread::Theil]);
}

/// The sections of METHOD.md 2.10: 9, 6 and 8 people for needs of 12.4, 3.1 and 6.5.
#[test]
fn the_sections_of_the_method_have_four_people_to_move() {
    let needs = [("12.4", 9), ("3.1", 6), ("6.5", 8)];
    let parts = needs.map(|(need, people)| (decimal(need).unwrap(), whole(people)));
    let to_move = told(Spread::ToMove, &parts).unwrap();
    assert_eq!(rounded(to_move, 1), 40);
    assert_eq!(told(Spread::Hoover, &parts).map(|hoover| hoover * whole(23)), Some(to_move));
}

#[test]
fn parts_that_are_alike_are_spread_by_nothing() {
    let parts = [(whole(6), whole(2)), (whole(9), whole(3))];
    for kind in [Spread::Hoover, Spread::ToMove, Spread::Cv, Spread::Theil] {
        assert_eq!(told(kind, &parts), Some(whole(0)), "{kind:?}");
    }
    assert_eq!(told(Spread::MaxMin, &parts), Some(whole(1)));
}

#[test]
fn one_part_has_no_spread_and_an_idle_one_no_ratio() {
    for kind in [Spread::Hoover, Spread::ToMove, Spread::Cv, Spread::MaxMin, Spread::Theil] {
        assert_eq!(told(kind, &[(whole(6), whole(2))]), None, "{kind:?}");
        assert_eq!(told(kind, &[]), None, "{kind:?}");
    }
    let idle = [(whole(0), whole(1)), (whole(4), whole(1))];
    assert_eq!(told(Spread::MaxMin, &idle), None);
    assert_eq!(told(Spread::Hoover, &idle), Some(Exact::new(1, 2)));
    assert_eq!(told(Spread::Cv, &idle), Some(whole(1)));
    assert_eq!(told(Spread::Herfindahl, &idle), Some(whole(1)));
    assert_eq!(told(Spread::CountNonzero, &idle), Some(whole(1)));
    assert_eq!(spread(Spread::CountBelow, &idle, Some(whole(4))), Ok(Some(whole(1))));
    assert_eq!(told(Spread::Sum, &idle), Some(whole(4)));
}

/// Two values a and b deviate from their mean by half their difference each.
#[test]
fn the_coefficient_of_variation_is_that_of_the_population() {
    let parts = [(whole(1), whole(1)), (whole(3), whole(1))];
    assert_eq!(told(Spread::Cv, &parts), Some(Exact::new(1, 2)));
    let three = [1, 2, 4].map(|value| (whole(value), whole(1)));
    // mean 7/3, variance 14/9: √14 / 7
    assert_eq!(told(Spread::Cv, &three), Some(Exact::new(534_522_483_825, 1_000_000_000_000)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hoover_lies_below_one_and_knows_no_scale(
        parts in prop::collection::vec((0..100_000_i128, 1..400_000_i128), 2..12),
        times in 1..1000_i128,
    ) {
        prop_assume!(parts.iter().any(|(above, _)| *above > 0));
        let exact = |up: i128, down: i128| -> Vec<Share> {
            parts.iter().map(|(x, y)| (whole(x * up), whole(y * down))).collect()
        };
        let hoover = told(Spread::Hoover, &exact(1, 1)).unwrap();
        prop_assert!(hoover >= whole(0) && hoover < whole(1));
        prop_assert_eq!(told(Spread::Hoover, &exact(times, 1)), Some(hoover));
        prop_assert_eq!(told(Spread::Hoover, &exact(1, times)), Some(hoover));
        let below: i128 = parts.iter().map(|(_, y)| y).sum();
        prop_assert_eq!(told(Spread::ToMove, &exact(1, 1)), Some(hoover * whole(below)));
    }
}
