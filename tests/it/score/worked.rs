//! Does the methodologist's worked example come out, as far as its methods are built?
//!
//! Left out, for they are not built: P.SCJG.1 (an individual indicator without points of its own), A1 (a
//! bonus), the blend with the four other dimensions, grades, and the shrinking of D2.2, whose shrunk value
//! 95.47 is taken from the example as it stands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use shuping::score::Year;
use shuping::score::score;
use shuping::spec::formula::Exact;
use shuping::spec::scoring::read_tree;
use shuping::spec::tree::Entry;
use shuping::spec::tree::Node;
use shuping::spec::tree::Value;
use shuping::spec::tree::from_toml;

use super::line;
use super::number;
use super::readings;
use super::told;
use crate::shared::shared;

const INPUTS: [(&str, &str); 5] =
    [("D1.1", "1.18"), ("D1.2", "0.065"), ("D2.1", "96.6"), ("D2.2", "95.47"), ("D2.3", "0.93")];

/// The example's indicators in the shape of a tree file: what is not built is left out, and the floor
/// that the example leaves to its reader is said.
fn tree_text(spec: &Node) -> String {
    let mut text = "format = 1\ncategory = \"government_department\"\ntitle = \"例\"\n".to_owned();
    let Value::List(indicators) = &at(spec, "indicator").unwrap().value else { panic!("a list") };
    let is_leaf = |node: &&Node| at(node, "parent").is_some() && literal_of(node, "points") != "0";
    for top in indicators.iter().filter(|indicator| at(indicator, "parent").is_none()) {
        let [id, name, points] = ["id", "name", "points"].map(|key| literal_of(top, key));
        for level in ["area", "area.group"] {
            write!(text, "[[{level}]]\nid = {id}\ntitle = {name}\npoints = {points}\n").unwrap();
        }
        let below = indicators.iter().filter(is_leaf);
        for leaf in below.filter(|leaf| literal_of(leaf, "parent") == id) {
            let keys = ["id", "name", "points", "metric", "method"];
            let [id, name, points, metric, method] = keys.map(|key| literal_of(leaf, key));
            let method = method.replace("\"below\"", "\"below\", floor = 0");
            write!(
                text,
                "[[area.group.leaf]]\nid = {id}\ntitle = {name}\npoints = {points}\n\
                 by = [\"data\"]\nmetric = {metric}\nmethod = {method}\n"
            )
            .unwrap();
        }
    }
    text
}

fn at<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Table(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

fn literal_of(node: &Node, key: &str) -> String {
    literal(at(node, key).expect(key))
}

/// A value as TOML writes it on one line.
fn literal(node: &Node) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match &node.value {
        Value::Text(text) => format!("{text:?}"),
        Value::Whole(number) => number.to_string(),
        Value::Other(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => format!("[{}]", list(items.iter().map(literal).collect())),
        Value::Table(entries) => {
            let pair = |entry: &Entry| format!("{} = {}", entry.key, literal(&entry.node));
            format!("{{ {} }}", list(entries.iter().map(pair).collect()))
        }
    }
}

#[test]
fn the_data_lines_of_the_worked_example_come_out() {
    let Some(folder) = shared("refdata/worked_example") else { return };
    let spec = fs::read_to_string(folder.join("spec_example.toml")).unwrap();
    let spec = from_toml("spec_example.toml", &spec).unwrap();
    let tree = read_tree("example.toml", &tree_text(&spec)).unwrap();
    let inputs: BTreeMap<&str, &str> = INPUTS.into();
    let metrics = tree.leaves().map(|leaf| {
        let metric = leaf.rule.as_ref().unwrap().metric.as_ref().unwrap();
        (metric.value.clone(), told(inputs[leaf.id.value.as_str()], "48"))
    });
    let readings = readings(metrics);
    let unit = score(
        &tree,
        "u",
        &Year { year: 2024, is_over: true, readings: &readings, reference: None },
    );
    let text = fs::read_to_string(folder.join("unit_x_83_2.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut skipped = Vec::new();
    for row in expected["data_lines"].as_array().unwrap() {
        let (id, points) = (row["id"].as_str().unwrap(), row["points"].as_str().unwrap());
        if inputs.contains_key(id) {
            assert_eq!(line(&unit, id).earned, number(points), "{id}");
        } else {
            skipped.push((id, number(points)));
        }
    }
    assert_eq!(skipped, [("P.SCJG.1", number("-0.4")), ("A1", number("1"))]);
    let without: Exact = skipped.iter().map(|(_, points)| points).sum();
    let whole = number(expected["data_dimension"].as_str().unwrap());
    assert_eq!(unit.score, Some(whole - without));
}
