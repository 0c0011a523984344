//! What are the units of a category compared with in a year? What the values of the year before come to, for everything that
//! the trees and the metrics of the home ask of the reference of a year.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use num_traits::ToPrimitive as _;
use num_traits::Zero as _;

use super::PLACES;
use super::closure::to_decimals;
use super::prior::Rate;
use super::prior::prior;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::decimal;
use crate::spec::scoring::Method;
use crate::spec::scoring::Missing;
use crate::spec::scoring::Plan;
use crate::spec::scoring::Rule;

/// What is asked of the units of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asks {
    /// `mean`
    Mean,
    /// `median`
    Median,
    /// `alpha`, `beta` and `n`
    Prior,
}

/// A category, a metric, and what is asked of it.
pub type Question = (String, String, Asks);

/// The value of a unit; above the line and below it, where it has a line.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The value.
    pub value: Exact,
    /// What stands above the line, and below it.
    pub parts: Option<(Exact, Exact)>,
}

/// The values of a year, by metric.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By unit.
    pub units: BTreeMap<String, BTreeMap<String, Figure>>,
    /// Of all units of a category together, among them those of which nothing is told; by category.
    pub categories: BTreeMap<String, BTreeMap<String, Exact>>,
}

/// A line of the reference: category, metric, statistic and value.
pub type Line = (String, String, &'static str, Exact);

/// Of fewer units than this nothing can be said of how they differ: those of the whole city are asked.
const ENOUGH: usize = 10;

/// What a home asks, in the order of categories and metrics; means of every category that has units.
pub fn asked(catalog: &Catalog, members: &BTreeMap<String, Vec<String>>) -> BTreeSet<Question> {
    let mut asked = BTreeSet::new();
    for tree in &catalog.scoring {
        let rules = tree.leaves().flat_map(|leaf| {
            leaf.rule.iter().chain(leaf.choices.iter().map(|choice| &choice.rule))
        });
        for (rule, asks) in rules.flat_map(|rule| asks(rule).map(move |asks| (rule, asks))) {
            let metric = rule.metric.iter().map(|metric| metric.value.clone());
            asked.extend(metric.map(|metric| (tree.category.value.clone(), metric, asks)));
        }
    }
    for metric in catalog.metrics() {
        metric.value.each(&mut |piece| {
            if let Formula::Peers(name) = piece {
                asked.extend(members.keys().map(|of| (of.clone(), name.clone(), Asks::Mean)));
            }
        });
    }
    asked
}

fn asks(rule: &Rule) -> impl Iterator<Item = Asks> {
    let is_planned = matches!(rule.method, Method::RatioToPlan { plan: Plan::PeerMedian, .. });
    let is_imputed = matches!(rule.missing, Missing::Impute(_));
    let median = (is_planned || is_imputed).then_some(Asks::Median);
    median.into_iter().chain(rule.is_shrunk.then_some(Asks::Prior))
}

/// The lines of what is asked; nothing of what no unit has.
pub fn lines(
    asked: &BTreeSet<Question>,
    figures: &Figures,
    members: &BTreeMap<String, Vec<String>>,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for (category, metric, asks) in asked {
        let Some(of_metric) = figures.units.get(metric) else { continue };
        let whole = figures.categories.get(metric).and_then(|all| all.get(category)).copied();
        let units = members.get(category).into_iter().flatten();
        let own: Vec<Figure> = units.filter_map(|unit| of_metric.get(unit)).copied().collect();
        let told: Vec<(&'static str, Exact)> = match asks {
            Asks::Mean => whole.or(mean(&own)).map(|mean| ("mean", mean)).into_iter().collect(),
            Asks::Median => median(&own).map(|median| ("median", median)).into_iter().collect(),
            Asks::Prior => {
                let rates = rates(&own);
                let all = || members.values().flatten().filter_map(|unit| of_metric.get(unit));
                let peers = if rates.len() < ENOUGH {
                    self::rates(&all().copied().collect::<Vec<_>>())
                } else {
                    rates.clone()
                };
                shrunk(&peers, &rates)
            }
        };
        let line = |(name, value)| (category.clone(), metric.clone(), name, value);
        lines.extend(told.into_iter().map(line));
    }
    lines
}

fn mean(figures: &[Figure]) -> Option<Exact> {
    let count = i128::try_from(figures.len()).ok().filter(|count| *count > 0)?;
    let sum: Exact = figures.iter().map(|figure| figure.value).sum();
    Some(to_decimals(sum / Exact::from(count), PLACES))
}

fn median(figures: &[Figure]) -> Option<Exact> {
    middle(figures.iter().map(|figure| figure.value).collect())
}

fn middle(mut values: Vec<Exact>) -> Option<Exact> {
    values.sort_unstable();
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    let lower = if values.len() % 2 == 1 { upper } else { *values.get(half.checked_sub(1)?)? };
    Some(to_decimals((lower + upper) / Exact::from(2), PLACES))
}

/// Good cases of all of them, where a value is a share.
fn rates(figures: &[Figure]) -> Vec<(Exact, Exact)> {
    let parts = figures.iter().filter_map(|figure| figure.parts);
    parts
        .filter(|(good, all)| *all > Exact::zero() && (Exact::zero()..=*all).contains(good))
        .collect()
}

/// The prior of the peers, and how many cases the unit in the middle of the category has, if any has one.
fn shrunk(peers: &[(Exact, Exact)], own: &[(Exact, Exact)]) -> Vec<(&'static str, Exact)> {
    let near = |number: &Exact| Some(number.numer().to_f64()? / number.denom().to_f64()?);
    let rate = |(good, all): &(Exact, Exact)| Some((near(good)?, near(all)?));
    let peers: Vec<Rate> = peers.iter().filter_map(rate).collect();
    let number = |number: f64| decimal(&format!("{:.6}", number.max(1e-6)));
    let found = prior(&peers)
        .and_then(|prior| Some([("alpha", number(prior.alpha)?), ("beta", number(prior.beta)?)]));
    let Some(found) = found else { return Vec::new() };
    let n = middle(own.iter().map(|(_, all)| *all).collect());
    found.into_iter().chain(n.map(|n| ("n", n))).collect()
}
