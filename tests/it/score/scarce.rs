//! Where too little is known under a parent, is it left out, and is that told?

use shuping::score::Availability;
use shuping::score::Reading;
use shuping::score::Standing;
use shuping::score::State;
use shuping::score::UnitScore;
use shuping::score::Year;
use shuping::score::score;
use shuping::spec::formula::Exact;
use shuping::spec::reference::Reference;
use shuping::spec::reference::read_reference;
use shuping::spec::scoring::Tree;
use shuping::spec::scoring::read_tree;

use super::line;
use super::number;
use super::readings;
use super::told;
use super::untold;

/// Area 甲: group 一 of leaves of 12 and 8 points, group 二 of 30. Area 乙: a leaf of 50.
fn tree(more: &str, leaf: &str) -> Tree {
    let head = format!("format = 1\ncategory = \"township\"\ntitle = \"镇\"\n{more}\n");
    let node = |level: &str, title: &str, points: u8| {
        format!("[[{level}]]\nid = \"{title}\"\ntitle = \"{title}\"\npoints = {points}\n")
    };
    let leaf = |metric: &str, points: u8| {
        node("area.group.leaf", metric, points)
            + &format!("by = [\"data\"]\nmetric = \"{metric}\"\n{leaf}\n")
            + "method = { type = \"goalposts\", worst = 0, best = 1 }\n"
    };
    let text = head
        + &node("area", "甲", 50)
        + &node("area.group", "一", 20)
        + &leaf("a", 12)
        + &leaf("b", 8)
        + &node("area.group", "二", 30)
        + &leaf("c", 30)
        + &node("area", "乙", 50)
        + &node("area.group", "三", 50)
        + &leaf("d", 50);
    read_tree("t.toml", &text).unwrap()
}

fn missing() -> Reading {
    untold(Standing::NoData, "no_data")
}

/// The unit's score where `a` and `b` earn all, `c` half, `d` all, but for what is said.
fn scored<'t>(tree: &'t Tree, but: &[(&str, Option<Reading>)]) -> UnitScore<'t> {
    scored_by(tree, but, None)
}

fn scored_by<'t>(
    tree: &'t Tree,
    but: &[(&str, Option<Reading>)],
    reference: Option<&Reference>,
) -> UnitScore<'t> {
    let usual = [("a", "1"), ("b", "1"), ("c", "0.5"), ("d", "1")];
    let known = usual.into_iter().filter_map(|(metric, value)| {
        let said = but.iter().find(|(other, _)| *other == metric);
        let reading = said.map_or_else(|| Some(told(value, "9")), |(_, reading)| reading.clone());
        Some((metric.to_owned(), reading?))
    });
    let readings = readings(known);
    score(tree, "u", &Year { year: 2025, is_over: true, readings: &readings, reference })
}

fn availability(due: u8, kept: u8) -> Availability {
    let [due, kept] = [due, kept].map(|points| Exact::from(i128::from(points)));
    Availability { due, kept }
}

fn shown(unit: &UnitScore<'_>) -> Vec<(State, Exact, i128)> {
    unit.lines.iter().map(|line| (line.state, line.available, line.gives_shown)).collect()
}

#[test]
fn a_group_of_which_three_fifths_are_known_is_scored() {
    let tree = tree("", "");
    // 12 of 20 points: `a` carries its sister's 8.
    let unit = scored(&tree, &[("b", Some(missing()))]);
    assert_eq!((unit.availability, unit.shown()), (availability(100, 92), Some(8_500)));
    assert_eq!(line(&unit, "a").available, Exact::from(20));
    assert_eq!(unit.bounds, Some((Exact::from(77), Exact::from(85))));
}

#[test]
fn a_group_of_which_less_is_known_is_reported_and_its_points_go_to_the_other_groups() {
    let tree = tree("", "");
    // 8 of 20 points of 一; of 甲 30 of 50 are left, which is enough, and `c` carries all 50.
    let unit = scored(&tree, &[("a", Some(missing()))]);
    assert_eq!(
        shown(&unit),
        [
            (State::Missing, 0.into(), 0),
            (State::Withheld, 0.into(), 0),
            (State::Scored, 50.into(), 2_500),
            (State::Scored, 50.into(), 5_000),
        ]
    );
    assert_eq!(line(&unit, "b").reason, "“一”应有数据 20 分,实有 8 分,不足 60%,不评分");
    assert_eq!(line(&unit, "b").reading.as_ref().unwrap().value, Some(number("1")));
    assert_eq!((unit.availability, unit.state()), (availability(100, 80), "scored"));
    assert_eq!((unit.shown(), unit.rests_on()), (Some(7_500), Exact::from(80)));
    // 15 + 50, and the 20 points of 一.
    assert_eq!(unit.bounds, Some((Exact::from(65), Exact::from(85))));
    assert_eq!(unit.reason(), "");
}

#[test]
fn a_unit_of_which_too_little_is_known_has_bounds_and_no_score() {
    let tree = tree("", "");
    // 20 of the 50 points of 甲, so it is out, and with it half of the whole.
    let unit = scored(&tree, &[("c", Some(missing()))]);
    assert_eq!((unit.score, unit.state()), (None, "withheld"));
    assert_eq!(unit.availability, availability(100, 50));
    assert_eq!(unit.reason(), "应有数据 100 分,实有 50 分,不足 60%,不出分");
    let why = "“甲”应有数据 50 分,实有 20 分,不足 60%,不评分";
    assert_eq!(["a", "b"].map(|leaf| line(&unit, leaf).reason.as_str()), [why, why]);
    assert_eq!(unit.bounds, Some((Exact::from(50), Exact::from(100))));
    assert!(unit.lines.iter().all(|line| line.gives_shown == 0));
    let nothing = ["a", "b", "c", "d"].map(|metric| (metric, Some(missing())));
    let unit = scored(&tree, &nothing);
    assert_eq!((unit.state(), unit.bounds), ("withheld", Some((0.into(), 100.into()))));
    assert_eq!(unit.reason(), "应有数据 100 分,实有 0 分,不足 60%,不出分");
}

#[test]
fn a_tree_says_how_much_must_be_known() {
    let without_c = [("c", Some(missing()))];
    let half = tree("availability_min = 0.5", "");
    let unit = scored(&half, &without_c);
    // 甲 is out all the same; what is left is half of the whole, and that is enough.
    assert_eq!((unit.shown(), unit.available), (Some(10_000), Exact::from(50)));
    assert_eq!(line(&unit, "a").state, State::Withheld);
    let any = tree("availability_min = 0", "");
    let unit = scored(&any, &without_c);
    assert_eq!((unit.shown(), unit.available), (Some(10_000), Exact::from(100)));
    assert_eq!((line(&unit, "a").available, unit.count(State::Withheld)), (30.into(), 0));
    let every = tree("availability_min = 1", "");
    assert_eq!(scored(&every, &[]).shown(), Some(8_500));
    assert_eq!(scored(&every, &[("b", Some(missing()))]).state(), "withheld");
}

#[test]
fn only_what_should_be_known_counts() {
    let tree = tree("", "");
    let not_built = scored(&tree, &[("c", None)]);
    let not_for_it = untold(Standing::NoSource, "not_applicable");
    let not_applicable = scored(&tree, &[("c", Some(not_for_it))]);
    let too_few = scored(&tree, &[("c", Some(untold(Standing::Withheld, "withheld")))]);
    for unit in [not_built, not_applicable, too_few] {
        assert_eq!((unit.availability, unit.shown()), (availability(70, 70), Some(10_000)));
        assert_eq!(line(&unit, "a").available, Exact::from(30));
    }
}

#[test]
fn what_a_policy_puts_in_the_place_of_a_value_counts_as_known() {
    let zero = tree("", "missing = \"zero\"");
    let unit = scored(&zero, &[("c", Some(missing()))]);
    assert_eq!((unit.availability, unit.shown()), (availability(100, 100), Some(7_000)));
    let imputed = tree("", "missing = { policy = \"impute_peer_median\", cap = 0.8 }");
    let medians = "category,metric,statistic,value\ntownship,c,median,0.5\n";
    let medians = read_reference("r.csv", medians).unwrap();
    let unit = scored_by(&imputed, &[("c", Some(missing()))], Some(&medians));
    // 20 + 0.8 × 15 + 50.
    assert_eq!((unit.availability, unit.shown()), (availability(100, 100), Some(8_200)));
}

#[test]
fn a_leaf_that_may_not_be_missing_is_named_first() {
    let tree = tree("", "missing = \"withhold\"");
    let unit = scored(&tree, &[("c", Some(missing()))]);
    assert_eq!((unit.state(), unit.bounds), ("withheld", None));
    assert_eq!(unit.reason(), "缺c;应有数据 100 分,实有 50 分,不足 60%,不出分");
}
