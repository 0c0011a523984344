//! Which indicators did units choose (个性指标)? A metric of `pipelines/local/` says which slot of the
//! trees it fills, and how it is judged; the leaf of the slot is judged so for those units.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use num_traits::One as _;

use super::Leaf;
use super::Tree;
use super::fit;
use super::fit::Known;
use super::read;
use super::rule::Method;
use super::rule::Rule;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Metric;
use crate::spec::pipeline::Only;
use crate::spec::pipeline::Pipeline;
use crate::spec::reader::Faults;
use crate::spec::reader::Found;
use crate::spec::reader::Table;

/// What a metric says of how it is scored: `[metric.scores]`.
#[derive(Clone, Debug)]
pub struct Scores {
    /// The slot that it fills.
    pub slot: Found<u64>,
    /// How it is judged, as in a leaf of one point.
    pub rule: Rule,
}

/// An indicator that stands in the place of a leaf, for some units.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Whose it is.
    pub only: Only,
    /// Its title.
    pub title: String,
    /// How it is judged, in points of the leaf.
    pub rule: Rule,
}

/// Reads `[metric.scores]` of a metric.
pub fn scores(metric: &Table<'_>, name: &str) -> Option<Scores> {
    let table = metric.table("scores")?;
    let slot = table.count("slot");
    if slot.is_none() && table.node("slot").is_none() {
        table.missing("slot", "1");
    }
    let found = Found { value: name.to_owned(), place: metric.place, key: metric.name("name") };
    let rule = read::chosen(&table, found, Exact::one());
    let place = table.node("slot").map_or(table.place, |node| node.place);
    let slot = Found { value: slot?, place, key: table.name("slot") };
    Some(Scores { slot, rule: rule? })
}

/// Gives the leaves of slots what units chose for them.
pub fn choose(trees: &mut [Tree], pipelines: &[Pipeline]) {
    for tree in trees {
        let category = tree.category.value.clone();
        let groups = tree.areas.iter_mut().flat_map(|area| &mut area.groups);
        for leaf in groups.flat_map(|group| &mut group.leaves) {
            let Some(slot) = slot(leaf) else { continue };
            leaf.choices = offered(pipelines)
                .filter(|(_, scores, only)| scores.slot.value == slot && only.may_be_of(&category))
                .map(|(metric, scores, only)| Chosen {
                    only: only.clone(),
                    title: metric.title.clone(),
                    rule: scores.rule.times(leaf.points),
                })
                .collect();
        }
    }
}

/// Every indicator, with whose it is.
fn offered(pipelines: &[Pipeline]) -> impl Iterator<Item = (&Metric, &Scores, &Only)> {
    let metrics = pipelines.iter().flat_map(|pipeline| &pipeline.metrics);
    metrics.filter_map(|metric| Some((metric, metric.scores.as_ref()?, metric.only.as_ref()?)))
}

/// The slot that a leaf leaves to its units.
fn slot(leaf: &Leaf) -> Option<u64> {
    match leaf.rule.as_ref()?.method {
        Method::Individual { slot } => Some(slot),
        _ => None,
    }
}

/// Checks what was chosen: a slot that some tree has, one indicator for each, told of what is scored.
pub(in crate::spec) fn check(
    trees: &[Tree],
    pipelines: &[Pipeline],
    metrics: &Known<'_>,
) -> Vec<Diagnostic> {
    let mut taken: BTreeMap<(u64, &str), &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for pipeline in pipelines {
        let of = Faults::of(&pipeline.file);
        for metric in &pipeline.metrics {
            let Some(scores) = &metric.scores else { continue };
            if metric.only.is_some() && fit::is_scored(metric) {
                fit::check(&scores.rule, metrics, &of);
            } else {
                let nouns = vec![("found", metric.name.clone())];
                of.add(scores.slot.place, &scores.slot.key, Code::NotScored, nouns);
            }
            let Some(only) = &metric.only else { continue };
            check_slot(trees, scores, only, &of);
            for whom in only.units.iter().chain(&only.categories) {
                let other = taken.insert((scores.slot.value, whom), &metric.name);
                check_free(scores, whom, other, &of);
            }
        }
        faults.extend(of.into_list());
    }
    faults
}

/// A slot of a unit or category is filled once.
fn check_free(scores: &Scores, whom: &str, other: Option<&str>, faults: &Faults) {
    let (Some(other), slot) = (other, &scores.slot) else { return };
    let nouns = [("slot", slot.value.to_string()), ("found", whom.to_owned())];
    let nouns = nouns.into_iter().chain([("other", other.to_owned())]).collect();
    faults.add(slot.place, &slot.key, Code::SlotTaken, nouns);
}

/// Some tree of those whose it is has the slot; a unit that is named may be of any category.
fn check_slot(trees: &[Tree], scores: &Scores, only: &Only, faults: &Faults) {
    let slot = &scores.slot;
    let slots_of = |category: Option<&String>| -> BTreeSet<u64> {
        let trees =
            trees.iter().filter(|tree| category.is_none_or(|it| *it == tree.category.value));
        trees.flat_map(Tree::leaves).filter_map(self::slot).collect()
    };
    let named = (!only.units.is_empty()).then_some(None);
    for category in only.categories.iter().map(Some).chain(named) {
        let slots = slots_of(category);
        if !slots.contains(&slot.value) {
            let known: Vec<String> = slots.iter().map(u64::to_string).collect();
            let whose = category.map_or("pipelines/scoring", String::as_str).to_owned();
            let choices = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
            let nouns =
                vec![("found", slot.value.to_string()), ("tree", whose), ("choices", choices)];
            faults.add(slot.place, &slot.key, Code::NoSlot, nouns);
        }
    }
}
