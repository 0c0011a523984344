//! What becomes of a leaf, and where do its points go?

use std::collections::BTreeMap;

use shuping::score::Reading;
use shuping::score::Readings;
use shuping::score::Standing;
use shuping::score::State;
use shuping::score::UnitScore;
use shuping::score::Year;
use shuping::score::score;
use shuping::spec::formula::Exact;
use shuping::spec::reference::read_reference;
use shuping::spec::scoring::Tree;

use super::line;
use super::number;
use super::readings;
use super::shipped;
use super::told;
use super::untold;

/// Every metric that a tree names, each at a value with which its leaf earns everything.
fn all_well(tree: &Tree) -> BTreeMap<String, Reading> {
    let best = [
        ("posts_over", "0"),
        ("sections_thin", "0"),
        ("temporary_share", "0.1"),
        ("seconded_in_share", "0"),
        ("seconded_out_share", "0"),
        ("external_share", "0.1"),
        ("items_idle_share", "0"),
        ("section_spread_hoover", "0"),
        ("appraisal_good_share", "0.3"),
        ("leaders_use_rate", "0.9"),
    ];
    let counts =
        ["core_duties", "sections", "headcount", "tasks_due", "cases_closed", "devolved_items"];
    let rules = tree.leaves().filter_map(|leaf| leaf.rule.as_ref());
    let names = rules.flat_map(shuping::spec::scoring::Rule::names);
    names
        .map(|name| {
            let best = best.iter().find(|(metric, _)| *metric == name.value);
            let count = counts.contains(&name.value.as_str()).then_some("100");
            let value = best.map(|(_, value)| *value).or(count).unwrap_or("1");
            (name.value.clone(), told(value, "200"))
        })
        .collect()
}

const REFERENCE: &str = "category,metric,statistic,value\n\
    government_department,cases_standard_per_person,median,0.8\n\
    government_department,satisfied_rate,median,0.96\n\
    government_department,satisfied_rate,alpha,38\n\
    government_department,satisfied_rate,beta,2\n\
    government_department,order_resolved_rate,alpha,90000\n\
    government_department,order_resolved_rate,beta,10001\n";

/// A department scored after a change of its metrics, with the reference of the year or without.
fn scored<'t>(
    tree: &'t Tree,
    reference: &str,
    change: impl FnOnce(&mut BTreeMap<String, Reading>),
) -> UnitScore<'t> {
    let mut metrics = all_well(tree);
    change(&mut metrics);
    let readings: Readings = readings(metrics);
    let reference = read_reference("r.csv", reference).unwrap();
    score(
        tree,
        "u",
        &Year { year: 2025, is_over: true, readings: &readings, reference: Some(&reference) },
    )
}

fn set(metric: &str, reading: Reading) -> impl FnOnce(&mut BTreeMap<String, Reading>) {
    move |metrics| {
        metrics.insert(metric.to_owned(), reading);
    }
}

#[test]
fn all_that_is_built_and_well_earns_a_hundred() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, |_| {});
    // The individual ones are not built; 12345 resolution tells no peers apart.
    assert_eq!(
        [State::Scored, State::NotBuilt, State::Withheld].map(|s| unit.count(s)),
        [20, 2, 1]
    );
    let line_of = |leaf| line(&unit, leaf);
    assert_eq!(line_of("G.F2.2").reason, "同类之间无区分度,只报告不评分");
    assert_eq!(line_of("G.B2.3").reason, "个性指标尚未建立");
    // (38 + 200) / (38 + 2 + 200) = 0.9917, the first step.
    assert_eq!(line_of("G.F2.1").estimate, Some(number("0.991667")));
    assert_eq!(line_of("G.F2.1").reason, "200/200,按同类收缩,自身权重 83%");
    assert_eq!((unit.available, unit.earned), (Exact::from(64), Exact::from(64)));
    assert_eq!((unit.shown(), unit.state()), (Some(10_000), "scored"));
    assert_eq!(unit.rests_on(), Exact::from(56));
    // What is not known weighs 5 points of B2 and 3 of F2.
    assert_eq!(unit.bounds, Some((Exact::new(5_600, 64), Exact::from(100))));
    // Whoever has no orders at all is no more judged by it than those who have.
    let nothing = untold(Standing::NoData, "no_data");
    let unit = scored(&tree, REFERENCE, set("order_resolved_rate", nothing));
    let line = line(&unit, "G.F2.2");
    assert_eq!((line.state, &*line.reason), (State::Withheld, "同类之间无区分度,只报告不评分"));
}

#[test]
fn a_metric_that_is_not_built_gives_its_points_to_its_siblings() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, |metrics| {
        metrics.remove("duty_coverage");
    });
    assert_eq!(line(&unit, "G.B2.1").state, State::NotBuilt);
    assert_eq!(line(&unit, "G.B2.1").reason, "指标 duty_coverage 尚未建立");
    // 4 of B2.1, 2.5 each of the individual ones: B2.2 alone holds the 12 points of its group.
    assert_eq!(line(&unit, "G.B2.2").available, Exact::from(12));
    assert_eq!(unit.available, Exact::from(64));
}

#[test]
fn a_group_without_a_scored_leaf_gives_its_points_to_its_area() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, |metrics| {
        metrics.remove("appraisal_coverage");
        metrics.remove("tasks_due");
    });
    // E1 4 + 3, E2 3 + 4, E3 2: 16 points over 4 and 3.
    assert_eq!(line(&unit, "G.E1.1").available, number("9.14"));
    assert_eq!(line(&unit, "G.E1.2").available, number("6.86"));
}

#[test]
fn what_does_not_apply_is_not_missing() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, set("sections", told("2", "2")));
    for leaf in ["G.C1.2", "G.E1.2"] {
        assert_eq!(line(&unit, leaf).state, State::NotApplicable);
        assert_eq!(line(&unit, leaf).reason, "不适用:须 sections >= 3,实为 2");
    }
    assert_eq!(unit.bounds.map(|(_, high)| high), Some(Exact::from(100)));
    let unit = scored(&tree, REFERENCE, set("sections", untold(Standing::NoData, "no_data")));
    assert_eq!(line(&unit, "G.C1.2").state, State::Missing);
    assert_eq!(line(&unit, "G.C1.2").reason, "sections 无数据,无从判断是否适用");
    let unit =
        scored(&tree, REFERENCE, set("on_time_rate", untold(Standing::NoSource, "not_applicable")));
    assert_eq!(line(&unit, "G.F1.2").state, State::NotApplicable);
    assert_eq!(line(&unit, "G.F1.1").available, Exact::from(8));
}

#[test]
fn a_missing_leaf_that_must_be_there_leaves_the_unit_without_a_score() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, set("posts_over", untold(Standing::NoData, "no_data")));
    assert_eq!((unit.score, unit.state()), (None, "withheld"));
    assert_eq!(unit.bounds, None);
    assert_eq!(
        unit.withheld_for.iter().map(|l| l.title.as_str()).collect::<Vec<_>>(),
        ["超编控制"]
    );
    assert_eq!(line(&unit, "G.A2.1").reason, "无数据;全单位不出分");
    assert!(unit.lines.iter().all(|line| line.gives_shown == 0));
}

#[test]
fn what_had_to_be_reported_and_was_not_earns_nothing() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, set("appraisal_coverage", told("0.8", "50")));
    let line = line(&unit, "G.E3.1");
    assert_eq!((line.state, line.available, line.earned), (State::Missing, 2.into(), 0.into()));
    assert_eq!(line.reason, "须 appraisal_coverage >= 0.9,实为 0.8;应报未报,记零分");
    assert_eq!(unit.shown(), Some(9_688));
}

/// Nobody due, too few to tell, or all of them of a kind that is not counted: none of these owes anything.
#[test]
fn who_owes_nothing_is_not_taken_for_one_who_did_not_report() {
    let [_, tree, ..] = shipped();
    let full = scored(&tree, REFERENCE, set("sections", told("9", "9")));
    let few = || untold(Standing::Withheld, "withheld");
    let nothing = || untold(Standing::Nothing, "no_data");
    for (metric, reading, state) in [
        ("appraisal_coverage", few(), State::Withheld),
        ("appraisal_coverage", nothing(), State::NotApplicable),
        ("appraisal_good_share", few(), State::Withheld),
        ("appraisal_good_share", nothing(), State::NotApplicable),
        ("sections", nothing(), State::NotApplicable),
        ("sections", few(), State::Withheld),
    ] {
        let unit = scored(&tree, REFERENCE, set(metric, reading));
        let leaf = line(&unit, if metric == "sections" { "G.C1.2" } else { "G.E3.1" });
        assert_eq!((leaf.state, leaf.earned), (state, 0.into()), "{metric} {}", leaf.reason);
        assert_eq!(unit.shown(), full.shown(), "{metric}: what is not scored costs nothing");
    }
    // What nobody has rated is missing, though nothing stands below its line.
    let unit = scored(&tree, REFERENCE, set("on_time_rate", nothing()));
    assert_eq!(line(&unit, "G.F1.2").state, State::Missing);
}

#[test]
fn a_metric_without_a_base_is_not_taken_for_one_of_no_cases() {
    let [_, tree, ..] = shipped();
    let reading = Reading { base: None, ..told("0.99", "500") };
    let unit = scored(&tree, REFERENCE, set("satisfied_rate", reading));
    let leaf = line(&unit, "G.F2.1");
    assert_eq!(leaf.state, State::NotBuilt);
    assert!(leaf.reason.contains("没有基数"), "{}", leaf.reason);
}

#[test]
fn few_cases_are_reported_and_not_scored() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, set("satisfied_rate", told("0.5", "19")));
    assert_eq!(line(&unit, "G.F2.1").state, State::Withheld);
    assert_eq!(line(&unit, "G.F2.1").reason, "样本 19 不足 20,只报告不评分");
    assert_eq!(line(&unit, "G.F2.1").reading.as_ref().unwrap().value, Some(number("0.5")));
    let unit =
        scored(&tree, REFERENCE, set("satisfied_rate", untold(Standing::Withheld, "withheld")));
    assert_eq!(line(&unit, "G.F2.1").state, State::Withheld);
}

#[test]
fn an_imputed_leaf_earns_a_part_of_what_the_median_would() {
    let [_, tree, ..] = shipped();
    let nothing = || set("satisfied_rate", untold(Standing::NoData, "no_data"));
    let unit = scored(&tree, REFERENCE, nothing());
    // The median 0.96 is worth 2.25 of 3; F2.2 is gated, so the leaf holds 6.
    let imputed = line(&unit, "G.F2.1");
    assert_eq!((imputed.state, imputed.available), (State::Missing, Exact::from(6)));
    assert_eq!(imputed.earned, number("3.6"));
    assert_eq!(imputed.reason, "无数据;按同类中位数 0.96 所得分乘以 0.8 计");
    let unit = scored(&tree, "category,metric,statistic,value\n", nothing());
    let absent = line(&unit, "G.F2.1");
    assert_eq!((absent.state, absent.available), (State::Missing, Exact::from(0)));
    assert_eq!(absent.reason, "无数据;2025 年参照表中没有同类中位数,分值转给其他指标");
}

#[test]
fn without_the_reference_of_the_year_nothing_is_compared() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, "category,metric,statistic,value\n", |_| {});
    assert_eq!(line(&unit, "G.F1.1").state, State::NotBuilt);
    assert_eq!(line(&unit, "G.F1.1").reason, "2025 年参照表中没有上年同类中位数");
    assert_eq!(line(&unit, "G.F2.1").state, State::NotBuilt);
    assert_eq!(line(&unit, "G.F2.1").reason, "2025 年参照表中没有同类先验 alpha、beta");
    assert_eq!(line(&unit, "G.F1.2").available, Exact::from(14));
}

/// Six tenths where last year's median is eight: of a whole year three quarters of the points, of a part of one nobody
/// knows how many.
#[test]
fn a_year_that_runs_is_not_held_against_the_plan_of_a_whole_one() {
    let [_, tree, ..] = shipped();
    let mut metrics = all_well(&tree);
    metrics.insert("cases_standard_per_person".to_owned(), told("0.6", "200"));
    let readings: Readings = readings(metrics);
    let reference = read_reference("r.csv", REFERENCE).unwrap();
    let scored = |is_over, reference| {
        score(&tree, "u", &Year { year: 2025, is_over, readings: &readings, reference })
    };
    let whole = scored(true, Some(&reference));
    let leaf = line(&whole, "G.F1.1");
    assert_eq!((leaf.state, leaf.available, leaf.earned), (State::Scored, 4.into(), 3.into()));
    let part = scored(false, Some(&reference));
    let leaf = line(&part, "G.F1.1");
    assert_eq!((leaf.state, leaf.available, leaf.earned), (State::Withheld, 0.into(), 0.into()));
    assert_eq!(leaf.reason, "年度未结束,不与全年的计划数比较");
    assert_eq!(line(&part, "G.F1.2").available, Exact::from(8), "its points go to its sibling");
    let unknown = scored(false, None);
    assert_eq!(
        line(&unknown, "G.F1.1").state,
        State::NotBuilt,
        "there is nothing to hold it against"
    );
}

#[test]
fn a_unit_of_which_nothing_is_known_has_no_score() {
    let [_, tree, ..] = shipped();
    let unit = score(
        &tree,
        "u",
        &Year { year: 2025, is_over: true, readings: &Readings::new(), reference: None },
    );
    assert_eq!((unit.score, unit.state()), (None, "no_data"));
    assert_eq!(unit.count(State::NotBuilt), 23);
    assert_eq!((unit.earned, unit.available), (0.into(), 0.into()));
}

#[test]
fn a_rule_is_told_in_words() {
    let [_, tree, ..] = shipped();
    let unit = scored(&tree, REFERENCE, |_| {});
    for (leaf, text) in [
        ("G.A2.1", "高于 0 每 1 扣 1.5 分,不足一步按一步计,扣至 0 分为止"),
        ("G.C2.1", "高于 1 得 0 分,不低于 0.7 得 2 分,其余得 1.4 分"),
        ("G.D1.1", "0.5 得 0 分,0.85 得 3 分,其间按直线计算"),
        ("G.E1.1", "0.85 至 1.1 得 4 分,低至 0.5 或高至 1.6 得 0 分,其间按直线计算"),
        ("G.E1.2", "0.25 得 0 分,0.05 得 3 分,其间按直线计算;sections >= 3 时适用"),
        (
            "G.E3.1",
            "不高于 0.4 得 2 分,不高于 0.45 得 1 分,其余得 0 分;须 appraisal_coverage >= 0.9",
        ),
        ("G.F1.1", "达到上年同类中位数得 4 分,不足按比例;cases_closed >= 30 时适用"),
        ("G.B2.4", "个性指标之2"),
    ] {
        assert_eq!(line(&unit, leaf).text, text);
    }
    assert!(line(&unit, "G.F2.2").text.ends_with(";按同类收缩后计分;样本不足 20 只报告不评分"));
}
