//! What does a metric mean? All that its value is made by, as one fingerprint: its formula and bases, the
//! metrics and measures below, their facts. Two metrics with the same fingerprint count the same rows alike.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::pipeline::Fact;
use super::pipeline::FactKind;
use super::pipeline::Make;
use super::pipeline::Measure;
use super::pipeline::Metric;
use super::reader::Found;
use super::sql::Expr;
use crate::base::pseudonym::sha256;

/// How many hexadecimal digits a fingerprint has.
const DIGITS: usize = 16;

/// The fingerprint of every metric's meaning, by its name and version.
pub fn meanings(catalog: &Catalog) -> BTreeMap<(&str, i64), String> {
    let definitions = Definitions {
        facts: catalog.facts().map(|fact| (fact.name.as_str(), fact)).collect(),
        measures: catalog.measures().map(|it| (it.name.as_str(), it)).collect(),
        metrics: catalog.metrics().map(|it| (it.name.as_str(), it)).collect(),
    };
    let of = |metric: &Metric| {
        let mut lines = BTreeSet::new();
        definitions.metric(metric, &mut lines);
        let text = lines.into_iter().collect::<Vec<_>>().join("\n");
        let mut fingerprint = sha256(text.as_bytes());
        fingerprint.truncate(DIGITS);
        fingerprint
    };
    let versions = catalog.metrics().flat_map(Metric::versions);
    versions.map(|metric| ((metric.name.as_str(), metric.version), of(metric))).collect()
}

/// Everything that can stand below a metric, by name.
struct Definitions<'c> {
    facts: BTreeMap<&'c str, &'c Fact>,
    measures: BTreeMap<&'c str, &'c Measure>,
    metrics: BTreeMap<&'c str, &'c Metric>,
}

impl Definitions<'_> {
    /// Adds what a metric says and everything below it says; titles, grain and periods mean nothing.
    fn metric(&self, metric: &Metric, lines: &mut BTreeSet<String>) {
        let bases = [("need", &metric.need), ("few", &metric.few), ("withhold", &metric.withhold)];
        let bases = bases.into_iter().filter_map(|(word, base)| Some((word, base.as_ref()?)));
        let asked = bases
            .clone()
            .map(|(word, base)| format!(" {word} {} {}", base.name.value, base.at_least));
        let line = format!(
            "metric {} = {} [{}]{}",
            metric.name,
            plain(&metric.text.value),
            metric.measured_in,
            asked.collect::<String>()
        );
        if !lines.insert(line) {
            return;
        }
        let mut below = BTreeSet::new();
        metric.value.each_name(&mut |name| {
            below.insert(name);
        });
        below.extend(bases.map(|(_, base)| base.name.value.as_str()));
        for name in below {
            if let Some(metric) = self.metrics.get(name) {
                self.metric(metric, lines);
            } else if let Some(measure) = self.measures.get(name) {
                self.measure(measure, lines);
            }
        }
    }

    fn measure(&self, measure: &Measure, lines: &mut BTreeSet<String>) {
        let time = measure.time.as_ref().map_or("", |time| time.value.as_str());
        lines.insert(format!(
            "measure {} = {} of {} at {time} per {} quarters {}",
            measure.name,
            plain(&measure.sql.value),
            measure.fact.value,
            measure.per,
            measure.at_quarter_ends
        ));
        self.fact(&measure.fact.value, lines);
    }

    fn fact(&self, name: &str, lines: &mut BTreeSet<String>) {
        let Some(fact) = self.facts.get(name) else { return };
        let by: Vec<&str> = fact.by.iter().map(|by| by.value.as_str()).collect();
        let line = format!(
            "fact {name} of {} {} unit {} section {} by {by:?} where {}",
            fact.table.value,
            time(&fact.kind),
            fact.unit.value,
            text(fact.section.as_ref()),
            condition(fact.keep.as_ref()),
        );
        if !lines.insert(line) {
            return;
        }
        for (at, derived) in fact.derive.iter().enumerate() {
            let made = match &derived.make {
                Make::Sql(text, _) => plain(&text.value),
                Make::Spell { on: (text, _) } => format!("spell on {}", plain(&text.value)),
                Make::Listed { list, value } => format!("{} listed in {}", value.value, list.value),
                Make::Exists { fact: other, keep } => {
                    self.fact(&other.value, lines);
                    format!("exists {} where {}", other.value, condition(keep.as_ref()))
                }
            };
            lines.insert(format!("fact {name} {at} {} = {made}", derived.name));
        }
    }
}

fn time(kind: &FactKind) -> String {
    match kind {
        FactKind::Event { time } => format!("event {}", time.value),
        FactKind::Span { from, to, share } => {
            format!("span {} {} {}", from.value, to.value, text(share.as_ref()))
        }
        FactKind::Stock { from, to, passes_on } => {
            let passes_on = if *passes_on { " passes on" } else { "" };
            format!("stock {} {}{passes_on}", text(from.as_ref()), text(to.as_ref()))
        }
    }
}

fn text(found: Option<&Found<String>>) -> &str {
    found.map_or("", |found| found.value.as_str())
}

fn condition(condition: Option<&(Found<String>, Expr)>) -> String {
    condition.map_or_else(String::new, |(text, _)| plain(&text.value))
}

/// A text with single blanks.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
