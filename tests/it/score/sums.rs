//! Whatever the metrics say, does every score add up?

use std::fmt::Write as _;
use std::sync::LazyLock;

use num_traits::Zero as _;
use proptest::prelude::*;
use shuping::score::Line;
use shuping::score::Reading;
use shuping::score::Standing;
use shuping::score::State;
use shuping::score::UnitScore;
use shuping::score::Year;
use shuping::score::score;
use shuping::spec::formula::Exact;
use shuping::spec::reference::Reference;
use shuping::spec::reference::read_reference;
use shuping::spec::scoring::Rule;
use shuping::spec::scoring::Tree;

use super::number;
use super::readings;
use super::shipped;

static TREES: LazyLock<[Tree; 6]> = LazyLock::new(shipped);

const STATUSES: [(Standing, &str); 4] = [
    (Standing::Told, "ok"),
    (Standing::NoData, "no_data"),
    (Standing::NoSource, "not_applicable"),
    (Standing::Withheld, "withheld"),
];

/// A reading out of chance: mostly told, a fraction of small whole numbers.
fn reading() -> impl Strategy<Value = Option<Reading>> {
    (0_usize..14, 0_i128..400, 1_i128..200).prop_map(|(status, above, below)| {
        let (standing, status) = *STATUSES.get(status.saturating_sub(9)).filter(|_| status < 13)?;
        let is_told = standing == Standing::Told;
        let (above, below) = (Exact::from(above), Exact::from(below));
        Some(Reading {
            standing,
            status,
            value: is_told.then(|| above / below),
            numerator: is_told.then_some(above),
            denominator: is_told.then_some(below),
            base: is_told.then_some(below),
            before: None,
            is_stale: false,
        })
    })
}

fn reference() -> Reference {
    let metrics = ["cases_standard_per_person", "satisfied_rate", "order_resolved_rate"];
    let mut text = "category,metric,statistic,value\n".to_owned();
    for (metric, statistic) in
        metrics.iter().flat_map(|m| [(m, "median"), (m, "alpha"), (m, "beta")])
    {
        writeln!(text, "township,{metric},{statistic},0.7").unwrap();
    }
    read_reference("r.csv", &text).unwrap()
}

fn metrics(tree: &Tree) -> Vec<String> {
    let rules = tree.leaves().filter_map(|leaf| leaf.rule.as_ref());
    rules.flat_map(Rule::names).map(|name| name.value.clone()).collect()
}

fn assert_sums(unit: &UnitScore<'_>) {
    let earned: i128 = unit.lines.iter().map(|line| line.earned_shown).sum();
    assert_eq!(earned, unit.earned_shown());
    let gives: i128 = unit.lines.iter().map(|line| line.gives_shown).sum();
    assert_eq!(gives, unit.shown().unwrap_or(0));
    let available: Exact = unit.lines.iter().map(|line| line.available).sum();
    assert_eq!(available, unit.available);
    for line in &unit.lines {
        let hundredths = line.available * Exact::from(100);
        assert!(hundredths.is_integer(), "what is shown is what is reckoned with");
        assert!(line.earned >= Exact::from(0) && line.earned <= line.available);
        assert!((0..=hundredths.to_integer()).contains(&line.earned_shown));
        assert!(line.available > Exact::from(0) || line.earned_shown == 0);
    }
}

/// The points of an area stay in it as long as one of its leaves is scored.
fn assert_conserved(tree: &Tree, unit: &UnitScore<'_>) {
    for area in &tree.areas {
        let lines = || unit.lines.iter().filter(|line| line.area == area.title);
        let own: Exact = lines().map(|line| line.leaf.points).sum();
        let available: Exact = lines().map(|line| line.available).sum();
        assert!(available == own || available == Exact::from(0), "{}", area.title);
    }
}

/// What is scored rests on enough of what should be known, on every level.
fn assert_known(tree: &Tree, unit: &UnitScore<'_>) {
    let least = tree.availability_min;
    assert!(unit.score.is_none() || unit.availability.is_enough(least));
    let areas = tree.areas.iter().map(|area| (area.title.as_str(), None));
    let groups = tree.areas.iter().flat_map(|area| area.groups.iter().map(move |g| (area, g)));
    let groups = groups.map(|(area, group)| (area.title.as_str(), Some(group.title.as_str())));
    for (area, group) in areas.chain(groups) {
        let mine = |line: &&Line<'_>| line.area == area && group.is_none_or(|g| line.group == g);
        let lines = || unit.lines.iter().filter(mine);
        // A missing leaf that keeps its points is known: a policy says what it is worth.
        let is_lost = |l: &Line<'_>| match l.state {
            State::Missing => l.available.is_zero(),
            State::Withheld => l.reason.contains("应有数据"),
            State::Scored | State::NotBuilt | State::NotApplicable => false,
        };
        let is_kept = |l: &Line<'_>| l.available > Exact::zero();
        let points = |is: &dyn Fn(&Line<'_>) -> bool| -> Exact {
            lines().filter(|l| is(l)).map(|line| line.leaf.points).sum()
        };
        let (kept, lost) = (points(&is_kept), points(&is_lost));
        assert!(kept.is_zero() || kept >= (kept + lost) * least, "{area} {group:?}");
    }
}

fn assert_bounds(unit: &UnitScore<'_>) {
    let Some((score, (low, high))) = unit.score.zip(unit.bounds) else { return };
    // Points are moved in whole hundredths, so the bounds hold to some hundredths.
    let slack = number("0.02");
    assert!(low - slack <= score && score <= high + slack, "{low} {score} {high}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_score_adds_up(
        chances in proptest::collection::vec(reading(), 40),
        is_referred in any::<bool>(),
    ) {
        let reference = reference();
        for tree in TREES.iter() {
            let named = metrics(tree).into_iter().zip(chances.iter().cloned());
            let readings = readings(named.filter_map(|(name, reading)| Some((name, reading?))));
            let reference = is_referred.then_some(&reference);
            let unit = score(tree, "u", &Year { year: 2025, is_over: true, readings: &readings, reference });
            assert_sums(&unit);
            assert_conserved(tree, &unit);
            assert_known(tree, &unit);
            assert_bounds(&unit);
        }
    }
}

#[test]
fn a_unit_that_joins_moves_nobody() {
    let [_, tree, ..] = shipped();
    let mut known = readings(metrics(&tree).into_iter().map(|m| (m, super::told("0.8", "50"))));
    let alone =
        score(&tree, "u", &Year { year: 2025, is_over: true, readings: &known, reference: None });
    for units in known.values_mut() {
        units.insert("v".to_owned(), super::told("0.1", "900"));
    }
    let beside =
        score(&tree, "u", &Year { year: 2025, is_over: true, readings: &known, reference: None });
    assert_eq!(alone.score, beside.score);
}
