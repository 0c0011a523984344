//! Do the shipped trees say what their twin, `indicators.csv`, says?

use std::fmt::Write as _;

use shuping::spec::formula::Exact;
use shuping::spec::scoring::Comparison;
use shuping::spec::scoring::Condition;
use shuping::spec::scoring::Dimension;
use shuping::spec::scoring::Gap;
use shuping::spec::scoring::Leaf;
use shuping::spec::scoring::Method;
use shuping::spec::scoring::Missing;
use shuping::spec::scoring::Partial;
use shuping::spec::scoring::Plan;
use shuping::spec::scoring::Rule;
use shuping::spec::scoring::Tree;
use shuping::spec::scoring::written;

use super::number;
use super::shipped;
use crate::shared::shared;

#[test]
fn the_shipped_trees_add_up_to_a_hundred() {
    let sizes = [
        ("党委部门", 17, 38, 18, "49"),
        ("政府部门", 18, 41, 23, "64"),
        ("直属事业单位", 19, 41, 24, "67.5"),
        ("园区", 19, 41, 25, "68.5"),
        ("乡镇", 19, 40, 24, "69.5"),
        ("街道", 19, 40, 24, "70"),
    ];
    for (tree, (title, groups, leaves, data, points)) in shipped().iter().zip(sizes) {
        assert_eq!(tree.title, title);
        assert_eq!(tree.areas.len(), 6);
        assert_eq!(tree.areas.iter().map(|area| area.groups.len()).sum::<usize>(), groups);
        assert_eq!(tree.leaves().count(), leaves);
        assert_eq!(tree.leaves().map(|leaf| leaf.points).sum::<Exact>(), Exact::from(100));
        let by_data: Vec<&Leaf> = tree.leaves().filter(|leaf| leaf.rule.is_some()).collect();
        assert_eq!(by_data.len(), data);
        let sum: Exact = by_data.iter().map(|leaf| leaf.points).sum();
        assert_eq!(sum, number(points), "{title}");
    }
}

/// A leaf as a line of `indicators.csv`: the columns that both have.
fn line_of(leaf: &Leaf, tree: &Tree) -> Vec<String> {
    let above = tree.areas.iter().find_map(|area| {
        let group =
            area.groups.iter().find(|g| leaf.id.value.starts_with(&format!("{}.", g.id)))?;
        Some([tree.title.clone(), area.title.clone(), group.title.clone()])
    });
    let by: Vec<&str> = leaf.by.iter().map(|by| dimension(*by)).collect();
    let mut line = above.expect("a group").to_vec();
    line.extend([leaf.title.clone(), leaf.id.value.clone(), written(leaf.points), by.join("|")]);
    if let Some(rule) = &leaf.rule {
        let (method, parameters, metric) = rule_of(rule);
        line.extend([method, parameters, metric, missing(rule.missing).to_owned()]);
    }
    line
}

fn dimension(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Data => "数据",
        Dimension::Own => "自评",
        Dimension::Mutual => "互评",
        Dimension::Assist => "助评",
        Dimension::Site => "复评",
    }
}

fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Redistribute => "redistribute_within_parent",
        Missing::Withhold => "withhold",
        Missing::Zero => "zero",
        Missing::Impute(_) => "impute_peer_median",
    }
}

fn sign(is: Comparison) -> (&'static str, &'static str) {
    match is {
        Comparison::AtLeast => (">=", "ge"),
        Comparison::Above => (">", "gt"),
        Comparison::AtMost => ("<=", "le"),
        Comparison::Below => ("<", "lt"),
    }
}

/// Method, parameters and metric as `indicators.csv` writes them, numbers without idle zeros.
fn rule_of(rule: &Rule) -> (String, String, String) {
    let list = |pair: &(Exact, Exact)| format!("[{},{}]", written(pair.0), written(pair.1));
    let (method, mut parameters) = match &rule.method {
        Method::Deduct(deduct) => {
            let partial = match deduct.partial {
                Partial::Prorate => "prorate",
                Partial::Floor => "floor",
                Partial::Ceil => "ceil",
            };
            let direction = match deduct.direction {
                Gap::Above => "above",
                Gap::Below => "below",
            };
            let numbers = [deduct.target, deduct.per, deduct.points, deduct.floor].map(written);
            let [target, per, points, floor] = numbers;
            let text = format!(
                "target={target}; per={per}; points={points}; partial={partial}; \
                 direction={direction}; floor={floor}"
            );
            ("deduct", text)
        }
        Method::Linear(knots) => {
            let knots: Vec<String> = knots.iter().map(list).collect();
            ("linear", format!("points_at=[{}]", knots.join(",")))
        }
        Method::Goalposts { worst, best } => {
            ("goalposts", format!("worst={}; best={}", written(*worst), written(*best)))
        }
        Method::Band { ideal, zero } => {
            ("band", format!("ideal={}; zero={}", list(ideal), list(zero)))
        }
        Method::Steps { steps, otherwise } => {
            let rows: String = steps.iter().fold(String::new(), |mut rows, step| {
                let (bound, score) = (written(step.bound), written(step.score));
                write!(rows, "{{{}:{bound},score:{score}}},", sign(step.is).1).unwrap();
                rows
            });
            ("steps", format!("table=[{rows}{{else:true,score:{}}}]", written(*otherwise)))
        }
        Method::RatioToPlan { plan, cap } => {
            assert_eq!(*plan, Plan::PeerMedian);
            ("ratio_to_plan", format!("plan=last_year_peer_median; cap={}", written(*cap)))
        }
        Method::Individual { slot } => {
            let metric = format!("individual:{slot}");
            return ("individual".to_owned(), "see individual indicators".to_owned(), metric);
        }
    };
    let condition = |key: &str, condition: &Condition| {
        let Condition { metric, is, bound } = condition;
        format!("; {key}={}{}{}", metric.value, sign(*is).0, written(*bound))
    };
    let when = rule.applies_when.iter().map(|when| condition("applies_when", when));
    let needed = rule.requires.iter().map(|needed| condition("requires", needed));
    parameters.extend(when.chain(needed));
    if rule.is_shrunk {
        parameters.push_str("; estimate=posterior_mean");
    }
    parameters.extend(rule.min_n.map(|least| format!("; min_n={}", written(least))));
    let metric = rule.metric.as_ref().map(|metric| metric.value.clone());
    (method.to_owned(), parameters, metric.expect("a metric"))
}

/// Numbers without idle zeros, pairs without blanks.
fn plain(text: &str) -> String {
    let decimals = regex::Regex::new(r"\d+\.\d+").unwrap();
    decimals
        .replace_all(&text.replace(", ", ","), |found: &regex::Captures<'_>| {
            written(number(&found[0]))
        })
        .into_owned()
}

#[test]
fn the_shipped_trees_are_the_twins_of_the_indicators() {
    let Some(path) = shared("refdata/domain/indicators.csv") else { return };
    let mut lines = csv::Reader::from_path(path).unwrap();
    let lines: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    let of_trees: usize = shipped().iter().map(|tree| tree.leaves().count()).sum();
    assert_eq!(of_trees, lines.len(), "every line has its leaf");
    for tree in shipped() {
        let twin: Vec<Vec<String>> = lines
            .iter()
            .filter(|line| line.get(0) == Some(&tree.title))
            .map(|line| {
                let is_data = line.get(6).unwrap().contains("数据");
                let cells = if is_data { 11 } else { 7 };
                line.iter().take(cells).map(plain).collect()
            })
            .collect();
        let ours: Vec<Vec<String>> = tree.leaves().map(|leaf| line_of(leaf, &tree)).collect();
        assert_eq!(ours, twin);
        for rule in tree.leaves().filter_map(|leaf| leaf.rule.as_ref()) {
            if let Missing::Impute(cap) = rule.missing {
                assert_eq!(cap, number("0.8"));
            }
        }
    }
}
