//! What does a number rest on? The facts below a metric, each with the periods that its formula asks.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::base::period::Period;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Metric;

/// What is below a metric in a period.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Facts, and the periods in which they are asked.
    pub(super) facts: BTreeMap<String, BTreeSet<Period>>,
    /// Whether it hangs on others than its own place: on peers, or on who may not be told.
    pub(super) has_others: bool,
    seen: BTreeSet<(String, Period)>,
}

impl Reach {
    pub(super) fn of(catalog: &Catalog, metric: &str, period: Period) -> Reach {
        let mut reach = Reach::default();
        reach.name(catalog, metric, period);
        reach
    }

    fn name(&mut self, catalog: &Catalog, name: &str, period: Period) {
        if !self.seen.insert((name.to_owned(), period)) {
            return;
        }
        if let Some(metric) = catalog.metrics().find(|metric| metric.name == name) {
            let metric: &Metric = metric.at(period.last().last());
            self.has_others |= metric.withhold.is_some();
            self.formula(catalog, &metric.value, period);
            for base in [&metric.need, &metric.few, &metric.withhold].into_iter().flatten() {
                self.name(catalog, &base.name.value, period);
            }
        } else if let Some(measure) = catalog.measures().find(|measure| measure.name == name) {
            self.facts.entry(measure.fact.value.clone()).or_default().insert(period);
        }
    }

    fn formula(&mut self, catalog: &Catalog, formula: &Formula, period: Period) {
        match formula {
            Formula::Number(_) => {}
            Formula::Name(name) => self.name(catalog, name, period),
            Formula::Peers(name) => {
                self.has_others = true;
                self.name(catalog, name, period);
            }
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Divide(x, y)
            | Formula::Greatest(x, y) => {
                self.formula(catalog, x, period);
                self.formula(catalog, y, period);
            }
            Formula::OfUnit(x) => self.formula(catalog, x, period),
            Formula::At(shift, x) => {
                if let Some(other) = shift.of(period) {
                    self.formula(catalog, x, other);
                }
            }
            Formula::Over(_, over) => {
                let all = [Some(&over.above), Some(&over.below), over.limit.as_ref()];
                for formula in all.into_iter().flatten() {
                    self.formula(catalog, formula, period);
                }
            }
        }
    }
}
