//! Can a metric be judged as a rule says? It has a value of every unit and year, of the size that the rule speaks of.

use std::collections::BTreeMap;

use super::rule::Method;
use super::rule::Rule;
use super::rule::written;
use crate::base::diagnostic::nearest;
use crate::base::messages::Code;
use crate::base::period::PeriodKind;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Metric;
use crate::spec::reader::Faults;
use crate::spec::reader::Found;

/// The metrics of a home, by name.
pub(in crate::spec) type Known<'k> = BTreeMap<&'k str, &'k Metric>;

/// How many letters a name may differ from a known one and still be taken for a slip.
const SLIP: usize = 2;

/// A share is a fraction, and none that is judged is more than so many wholes.
const WHOLES: i128 = 5;

/// Checks what a rule says of metrics. One that is not there yet leaves its leaf `not_built`; one that is
/// nearly there is a slip.
pub(super) fn check(rule: &Rule, metrics: &Known<'_>, faults: &Faults) {
    let add = |name: &Found<String>, code: Code, more: Vec<(&'static str, String)>| {
        let nouns = [vec![("found", name.value.clone())], more].concat();
        faults.add(name.place, &name.key, code, nouns);
    };
    for name in rule.names() {
        let Some(metric) = metrics.get(name.value.as_str()) else {
            let near = nearest(&name.value, metrics.keys().copied());
            let near = near.filter(|near| strsim::damerau_levenshtein(near, &name.value) <= SLIP);
            if let Some(near) = near {
                add(name, Code::UnknownMetric, vec![("guess", near.to_owned())]);
            }
            continue;
        };
        if !is_scored(metric) {
            add(name, Code::NotYearly, Vec::new());
        }
    }
    let Some(name) = &rule.metric else { return };
    let Some(metric) = metrics.get(name.value.as_str()) else { return };
    if rule.is_shrunk && !is_share(metric) {
        add(name, Code::NoShare, vec![("unit", metric.measured_in.clone())]);
    }
    let beyond = bounds(&rule.method).into_iter().find(|bound| *bound > Exact::from(WHOLES));
    if let Some(bound) = beyond.filter(|_| is_share(metric)) {
        let fraction = written(bound / Exact::from(100));
        add(name, Code::Percent, vec![("bound", written(bound)), ("fraction", fraction)]);
    }
}

/// What is scored is a unit in a year.
pub(super) fn is_scored(metric: &Metric) -> bool {
    metric.grain.contains(&Grain::Unit) && metric.tells("unit", PeriodKind::Year)
}

fn is_share(metric: &Metric) -> bool {
    metric.measured_in == "%"
}

/// The values of which a method speaks.
fn bounds(method: &Method) -> Vec<Exact> {
    match method {
        Method::Deduct(deduct) => vec![deduct.target],
        Method::Linear(knots) => knots.iter().map(|(value, _)| *value).collect(),
        Method::Goalposts { worst, best } => vec![*worst, *best],
        Method::Band { ideal, zero } => vec![ideal.0, ideal.1, zero.0, zero.1],
        Method::Steps { steps, .. } => steps.iter().map(|step| step.bound).collect(),
        Method::RatioToPlan { .. } | Method::Individual { .. } => Vec::new(),
    }
}
