//! What does the handbook say of a tree of points?

use super::Entry;
use super::Field;
use super::Grid;
use super::Kind;
use super::below::Below;
use super::condition::condition;
use super::condition::missing;
use super::words;
use crate::spec::formula::Exact;
use crate::spec::scoring::Chosen;
use crate::spec::scoring::Dimension;
use crate::spec::scoring::Leaf;
use crate::spec::scoring::Rule;
use crate::spec::scoring::Tree;
use crate::spec::scoring::words::method;
use crate::spec::scoring::written;

const HEAD: [&str; 9] =
    ["编号", "评分项", "分值", "评价方", "指标", "计分方法", "条件", "缺数据时", "依据"];

/// The tree of a category: its points, level by level.
pub(super) fn entry(below: &Below<'_>, tree: &Tree) -> Entry {
    let leaves = tree.leaves().count();
    let by_data: Vec<&Leaf> = tree.leaves().filter(|leaf| leaf.rule.is_some()).collect();
    let points: Exact = by_data.iter().map(|leaf| leaf.points).sum();
    let of = |label, text, is_code| Field { label, text, is_code };
    let mut rows = Vec::new();
    for area in &tree.areas {
        rows.push(above(&area.id, &area.title, area.points));
        for group in &area.groups {
            rows.push(above(&group.id, &group.title, group.points));
            for leaf in &group.leaves {
                rows.push(line(below, leaf));
                rows.extend(leaf.choices.iter().map(|chosen| choice(below, leaf, chosen)));
            }
        }
    }
    Entry {
        kind: Kind::Tree,
        id: format!("scoring.{}", tree.category.value),
        title: format!("评分树:{}", tree.title),
        fields: vec![
            of("适用机构", words::category(&tree.category.value), false),
            of("三级指标", format!("{leaves} 个"), false),
            of("数据评分", format!("{} 个,{} 分", by_data.len(), written(points)), false),
            of("数据可得比例下限", written(tree.availability_min), false),
            of("定义", tree.file.clone(), true),
        ],
        grids: vec![Grid::of("评分", &HEAD, &[0], rows)],
    }
}

fn above(id: &str, title: &str, points: Exact) -> Vec<String> {
    let mut row = vec![id.to_owned(), title.to_owned(), written(points)];
    row.resize(HEAD.len(), String::new());
    row
}

fn line(below: &Below<'_>, leaf: &Leaf) -> Vec<String> {
    let by = leaf.by.iter().map(|by| judge(*by)).collect::<Vec<_>>().join("、");
    let mut row = above(&leaf.id.value, &leaf.title, leaf.points);
    let told = leaf.rule.as_ref().map(|rule| judged(below, rule, leaf.points)).unwrap_or_default();
    for (cell, text) in row.iter_mut().skip(3).zip(std::iter::once(by).chain(told)) {
        *cell = text;
    }
    row
}

/// What some units chose for a leaf; who they are stands where others tell who judges.
fn choice(below: &Below<'_>, leaf: &Leaf, chosen: &Chosen) -> Vec<String> {
    let units = chosen.only.units.iter().cloned();
    let categories = chosen.only.categories.iter().map(|it| words::category(it));
    let whose = units.chain(categories).collect::<Vec<_>>().join("、");
    let mut row = above(&leaf.id.value, &chosen.title, leaf.points);
    let told = judged(below, &chosen.rule, leaf.points);
    let whose = format!("数据(适用:{whose})");
    for (cell, text) in row.iter_mut().skip(3).zip(std::iter::once(whose).chain(told)) {
        *cell = text;
    }
    row
}

/// The metric, how it is judged, under which conditions, and what becomes of what is missing.
fn judged(below: &Below<'_>, rule: &Rule, points: Exact) -> [String; 5] {
    let name = rule.metric.as_ref().map(|name| name.value.as_str());
    let metric = name.and_then(|name| below.metrics.get(name));
    let shrunk = rule.is_shrunk.then(|| "样本少的向同类靠拢后计分".to_owned());
    let conditions = [
        rule.applies_when.as_ref().map(|it| format!("适用:{}", condition(below, it))),
        rule.requires.as_ref().map(|it| format!("前提:{},否则视为缺数据", condition(below, it))),
        rule.min_n.map(|least| format!("基数不足 {} 只报告不计分", written(least))),
        shrunk,
    ];
    let built = metric.map_or_else(
        || name.map(|name| format!("{name}(尚未建立)")).unwrap_or_default(),
        |metric| below.named(&metric.name),
    );
    [
        built,
        method(&rule.method, points),
        conditions.into_iter().flatten().collect::<Vec<_>>().join(";"),
        missing(rule.missing),
        metric.map(|metric| metric.basis.clone()).unwrap_or_default(),
    ]
}

fn judge(by: Dimension) -> &'static str {
    match by {
        Dimension::Data => "数据",
        Dimension::Own => "自评",
        Dimension::Mutual => "互评",
        Dimension::Assist => "助评",
        Dimension::Site => "复评",
    }
}
