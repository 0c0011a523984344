//! Is every fault of a tree told, with its line and what to do?

use std::collections::BTreeMap;
use std::path::PathBuf;

use shuping::base::diagnostic::Diagnostic;
use shuping::base::messages::Lang;
use shuping::spec::formula::Exact;
use shuping::spec::home::Home;
use shuping::spec::scoring::read_tree;

use super::DEPARTMENT;
use super::shipped;

/// The least tree there is, all of it one leaf.
fn tree_of(leaf: &str) -> String {
    format!(
        "format = 1\ncategory = \"township\"\ntitle = \"乡镇\"\n\
         [[area]]\nid = \"T.A\"\ntitle = \"甲\"\npoints = 100\n\
         [[area.group]]\nid = \"T.A1\"\ntitle = \"乙\"\npoints = 100\n\
         [[area.group.leaf]]\nid = \"T.A1.1\"\ntitle = \"丙\"\npoints = 100\nby = [\"data\"]\n{leaf}"
    )
}

pub(super) fn said(faults: &[Diagnostic]) -> Vec<String> {
    faults.iter().map(|fault| fault.render(Lang::En)).collect()
}

/// What is wrong with a leaf of 100 points whose metric is `m`; its own lines begin at 17.
fn faults(leaf: &str) -> Vec<String> {
    read_tree("t.toml", &tree_of(&format!("metric = \"m\"\n{leaf}\n")))
        .map_or_else(|faults| said(&faults), |_| Vec::new())
}

fn assert_fault(leaf: &str, expected: &[&str]) {
    let faults = faults(leaf);
    assert_eq!(faults.len(), expected.len(), "{leaf}: {faults:#?}");
    for (fault, part) in faults.iter().zip(expected) {
        assert!(fault.contains(part), "{leaf}: {fault} has no {part}");
    }
}

#[test]
fn a_rule_that_holds_is_no_fault() {
    for method in [
        "{ type = \"goalposts\", worst = 0.45, best = 0.15 }",
        "{ type = \"band\", ideal = [0.85, 1.10], zero = [0.50, 1.60] }",
        "{ type = \"linear\", points_at = [[0.6, 0], [1, 100]] }",
        "{ type = \"steps\", table = [{ gt = 1, score = 0 }, { ge = 1, score = 100 }, { else = true, score = 5 }] }",
        "{ type = \"ratio_to_plan\", plan = \"last_year_peer_median\", cap = 1.00 }",
    ] {
        assert_fault(&format!("method = {method}"), &[]);
    }
}

#[test]
fn a_rule_that_does_not_hold_is_told_with_its_line() {
    let cases: [(&str, &[&str]); 13] = [
        (
            "{ type = \"goalpost\", worst = 0 }",
            &["t.toml:18:19  leaf.T.A1.1.method.type: unknown word `goalpost`"],
        ),
        (
            "{ type = \"goalposts\", worst = 0.4, best = 0.4 }",
            &["method.best: `0.4` is not another value than `worst`"],
        ),
        (
            "{ type = \"goalposts\", worst = 0.4, bset = 0.8 }",
            &["key `best` is missing", "unknown key `bset` [H002]\n    hint: did you mean `best`?"],
        ),
        (
            "{ type = \"band\", ideal = [1.10, 0.85], zero = [0.50, 1.60] }",
            &["method.ideal: `[1.10, 0.85]` is not a span"],
        ),
        (
            "{ type = \"band\", ideal = [0.85, 1.10], zero = [0.85, 1.60] }",
            &["method.zero: `[0.85, 1.60]` is not a span around `ideal`"],
        ),
        (
            "{ type = \"linear\", points_at = [[0.9, 0], [0.6, 100]] }",
            &[
                "method.points_at: `[[0.9, 0], [0.6, 100]]` is not two knots or more, each to the right",
            ],
        ),
        (
            "{ type = \"linear\", points_at = [[0.6, 0], [0.9, 80]] }",
            &["the best case is worth 80 points, the leaf 100; none is worth less than 0 [H081]"],
        ),
        (
            "{ type = \"steps\", table = [{ ge = 0.9, score = 100 }] }",
            &["the last step, and no other, must be `else` [H082]"],
        ),
        (
            "{ type = \"steps\", table = [{ ge = 0.9, score = 50 }, { ge = 0.95, score = 100 }, { else = true, score = 0 }] }",
            &["no value passes the step at 0.9 by and meets the one at 0.95 [H083]"],
        ),
        (
            "{ type = \"steps\", table = [{ ge = 0.9, score = 100 }, { lt = 0.5, score = 0 }, { else = true, score = 0 }] }",
            &["no value passes the step at 0.9 by and meets the one at 0.5"],
        ),
        (
            "{ type = \"deduct\", target = 1, per = 0.01, points = 0.5, direction = \"below\", floor = 0 }",
            &["key `partial` is missing [H003]\n    hint: add `partial = \"prorate\"`"],
        ),
        (
            "{ type = \"deduct\", target = 1, per = 0, points = 0.5, partial = \"ceil\", direction = \"below\", floor = 100 }",
            &[
                "method.per: `0` is not a number above 0",
                "method.floor: `100` is not between 0 and the points",
            ],
        ),
        (
            "{ type = \"ratio_to_plan\", plan = \"last_year_peer_median\", cap = 1.2 }",
            &["method.cap: `1.2` is not 1"],
        ),
    ];
    for (method, expected) in cases {
        assert_fault(&format!("method = {method}"), expected);
    }
}

#[test]
fn what_stands_beside_a_rule_is_proved_too() {
    let rule = "method = { type = \"goalposts\", worst = 0, best = 1 }";
    for (line, expected) in [
        (
            "applies_when = \"sections = 3\"",
            "applies_when: `sections = 3` is no condition [H084]\n    hint: a metric",
        ),
        ("requires = \"coverage >= many\"", "requires: `coverage >= many` is no condition"),
        (
            "missing = \"ignore\"",
            "missing: unknown word `ignore` [H005]\n    hint: one of redistribute_within_parent, withhold, zero, impute_peer_median",
        ),
        (
            "missing = { policy = \"impute_peer_median\", cap = 1.5 }",
            "missing.cap: `1.5` is not between 0 and 1",
        ),
        ("estimate = \"posterior\"", "estimate: unknown word `posterior`"),
        ("min_n = -1", "min_n: `-1` is not 0 or more"),
        ("minn = 20", "unknown key `minn` [H002]\n    hint: did you mean `min_n`?"),
    ] {
        assert_fault(&format!("{rule}\n{line}"), &[expected]);
    }
}

#[test]
fn who_judges_and_how_agree() {
    let human = tree_of("").replace("[\"data\"]", "[\"self\", \"site\"]");
    assert!(read_tree("t.toml", &human).is_ok());
    let both = [
        tree_of(""),
        human + "metric = \"m\"\nmethod = { type = \"goalposts\", worst = 0, best = 1 }\n",
    ];
    for text in both {
        let faults = said(&read_tree("t.toml", &text).unwrap_err());
        assert!(faults[0].contains("leaf.T.A1.1.by: a leaf has a `method`"), "{faults:?}");
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

#[test]
fn points_that_do_not_add_up_are_told_on_every_level() {
    let at = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        said(&read_tree("t.toml", &text.replacen(from, to, 1)).unwrap_err())
    };
    let leaf = "title  = \"主体责任与集体决策\"\npoints = 2\n";
    let faults = at(DEPARTMENT, leaf, &leaf.replace('2', "3"));
    assert_eq!(
        faults,
        ["t.toml:23:10  group.G.A1.points: the points below add up to 5, not to 4 [H080]"]
    );
    let group = "title  = \"党管机构编制落实\"\npoints = 4\n";
    let faults = at(DEPARTMENT, group, &group.replace('4', "5"));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("group.G.A1.points: the points below add up to 4, not to 5"));
    assert!(faults[1].contains("area.G.A.points: the points below add up to 13, not to 12"));
    let area = "title  = \"党管机构编制与纪律\"\npoints = 12\n";
    let faults = at(DEPARTMENT, area, &area.replace("12", "13"));
    assert!(faults.iter().any(|fault| fault.contains("add up to 101, not to 100")), "{faults:?}");
    let faults = at(&tree_of(""), "points = 100\nby", "points = 99.999\nby");
    assert!(faults.iter().any(|fault| fault.contains("with two decimals at most")), "{faults:?}");
}

#[test]
fn the_least_share_that_must_be_known_is_a_share() {
    let with = |value: &str| {
        let leaf = "metric = \"m\"\nmethod = { type = \"goalposts\", worst = 0, best = 1 }\n";
        let line = format!("format = 1\navailability_min = {value}");
        let text = tree_of(leaf).replacen("format = 1", &line, 1);
        read_tree("t.toml", &text).map_err(|faults| said(&faults))
    };
    assert_eq!(with("0.75").unwrap().availability_min, Exact::new(3, 4));
    for (value, expected) in [
        ("1.01", "t.toml:2:20  availability_min: `1.01` is not between 0 and 1"),
        ("-0.1", "availability_min: `-0.1` is not between 0 and 1"),
        ("\"most\"", "availability_min: expected a plain decimal"),
    ] {
        let faults = with(value).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
    let [_, department, ..] = shipped();
    assert_eq!(department.availability_min, Exact::new(3, 5));
    let unsaid = DEPARTMENT.replacen("availability_min = 0.60\n", "", 1);
    assert_eq!(read_tree("t.toml", &unsaid).unwrap().availability_min, Exact::new(3, 5));
}

#[test]
fn one_fact_is_judged_once() {
    let text = DEPARTMENT
        .replacen("\"core_share\"", "\"duty_coverage\"", 1)
        .replacen("G.B2.2", "G.B2.1", 1);
    let faults = said(&read_tree("t.toml", &text).unwrap_err());
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("leaf.G.B2.1.id: `G.B2.1` is named twice"), "{faults:?}");
    assert!(faults[1].contains("leaf.G.B2.1.metric: `duty_coverage` is named twice"), "{faults:?}");
}

/// The project's own home with some files in the place of its own.
pub(super) fn home(files: &[(&str, String)]) -> Home {
    let mut home = Home::open(&PathBuf::from(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let files: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
    home.files.extend(files);
    home
}

#[test]
fn a_misspelt_metric_is_a_fault_and_one_that_is_not_built_yet_is_none() {
    let path = "pipelines/scoring/government_department.toml";
    let with =
        |metric: &str| home(&[(path, DEPARTMENT.replacen("\"posts_over\"", metric, 1))]).catalog();
    let faults = said(&with("\"post_over\"").unwrap_err());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].contains(
            "no metric is named `post_over` [H085]\n    hint: did you mean `posts_over`?"
        ),
        "{faults:?}"
    );
    assert!(with("\"posts_beyond_every_list\"").is_ok());
}

#[test]
fn a_metric_that_does_not_fit_its_rule_is_told_before_anybody_is_judged() {
    let path = "pipelines/scoring/government_department.toml";
    for (from, to, expected) in [
        (
            "[[0.60, 0], [0.80, 1.8], [0.95, 3]]",
            "[[60, 0], [80, 1.8], [95, 3]]",
            "leaf.G.F2.2.metric: `order_resolved_rate` is a share, and its values are fractions: \
             60 would be 60 wholes [H246]\n    hint: did you mean 0.6?",
        ),
        ("\"order_resolved_rate\"", "\"order_mean_hours\"", "`order_mean_hours` is measured in"),
    ] {
        assert!(DEPARTMENT.contains(from), "{from}");
        let faults = home(&[(path, DEPARTMENT.replacen(from, to, 1))]).catalog().unwrap_err();
        let faults = said(&faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
    let service = include_str!("../../../pipelines/service.toml");
    let (before, metric) = service.split_once("\"order_resolved_rate\"").unwrap();
    let monthly = metric.replacen(", \"year\"", "", 1);
    assert_ne!(monthly, metric);
    let monthly = format!("{before}\"order_resolved_rate\"{monthly}");
    let faults = said(&home(&[("pipelines/service.toml", monthly)]).catalog().unwrap_err());
    let told = |fault: &String| {
        fault.contains("has no value of a unit in a year") && fault.contains("[H244]")
    };
    assert!(!faults.is_empty() && faults.iter().all(told), "{faults:?}");
}

#[test]
fn a_category_has_one_tree_and_is_one_of_the_contract() {
    let path = "pipelines/scoring/second.toml";
    let faults = home(&[(path, DEPARTMENT.to_owned())]).catalog().unwrap_err();
    assert!(said(&faults)[0].contains("`government_department` is named twice"), "{faults:?}");
    let text = DEPARTMENT.replacen("\"government_department\"", "\"government\"", 1);
    let faults = said(&home(&[(path, text)]).catalog().unwrap_err());
    assert!(faults[0].contains("category: unknown word `government` [H005]\n    hint: one of party_department, government_department"), "{faults:?}");
}

#[test]
fn a_reference_that_does_not_read_is_told_with_its_line() {
    let text = "category,metric,statistic,value\ntownship,on_time_rate,median,high\n".to_owned();
    let faults = said(&home(&[("pipelines/reference/2025.csv", text)]).catalog().unwrap_err());
    assert!(faults[0].starts_with("pipelines/reference/2025.csv:2:1"), "{faults:?}");
    assert!(faults[0].contains("`high` is not a plain decimal [H087]"), "{faults:?}");
}
