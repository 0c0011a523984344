//! Which definition of a metric holds when, and how long is one kept? A metric never changes its meaning
//! silently: what it means has a version, old periods keep theirs, and what goes is announced for a year.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::catalog::Catalog;
use super::meaning::meanings;
use super::pipeline::Metric;
use super::reader::Faults;
use super::reader::guess;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::period::Month;

/// What a release says of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Its name.
    pub metric: String,
    /// Which definition.
    pub version: i64,
    /// The fingerprint of what it means.
    pub meaning: String,
    /// The month in which it begins, as `2026-01`; none is from ever.
    pub since: Option<String>,
    /// The month in which its end was announced, as `2026-01`.
    pub deprecated: Option<String>,
}

impl Defined {
    /// Whether it holds, or held, for a period that ends by a day.
    fn has_begun(&self, day: Date) -> bool {
        let since = self.since.as_ref().and_then(|text| text.parse::<Month>().ok());
        since.is_none_or(|month| month.first() <= day)
    }
}

/// What is wrong with the ends of metrics within a home.
pub(super) fn check(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for pipeline in &catalog.pipelines {
        let of = Faults::of(&pipeline.file);
        for metric in &pipeline.metrics {
            let Some(other) = &metric.life.replaced_by else { continue };
            let others = || catalog.metrics().map(|metric| metric.name.as_str());
            if other.value == metric.name || !others().any(|name| name == other.value) {
                let others = others().filter(|name| *name != metric.name);
                of.add(other.place, &other.key, Code::UnknownName, guess(&other.value, others));
            }
            if metric.life.deprecated.is_none() {
                let nouns =
                    vec![("key", "deprecated".to_owned()), ("example", "\"2026-01\"".to_owned())];
                of.add(other.place, &other.key, Code::MissingKey, nouns);
            }
        }
        faults.extend(of.into_list());
    }
    faults
}

/// What a home says otherwise than the release that stands: a meaning that changed under its version, a definition that
/// begins in another month or that old periods lost, and a metric that went without a year's notice. `day` is today.
pub fn broken(catalog: &Catalog, release: (&str, &[Defined]), day: Date) -> Vec<Diagnostic> {
    let (name, defined) = release;
    let meanings = meanings(catalog);
    let metrics: BTreeMap<&str, &Metric> =
        catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect();
    let fault =
        |file: &str, place: Place, key: String, code: Code, nouns: Vec<(&'static str, String)>| {
            Diagnostic { file: file.to_owned(), place, key, code, nouns }
        };
    // A metric ends with its newest definition, which says so.
    let is_newest = |was: &Defined| {
        !defined.iter().any(|it| it.metric == was.metric && it.version > was.version)
    };
    let judge = |was: &Defined| {
        let nouns = vec![
            ("found", was.metric.clone()),
            ("release", name.to_owned()),
            ("version", was.version.to_string()),
            ("next", (was.version + 1).to_string()),
        ];
        let key = format!("metric.{}", was.metric);
        let Some(metric) = metrics.get(was.metric.as_str()) else {
            let announced = was.deprecated.as_ref().and_then(|text| text.parse::<Month>().ok());
            let is_over = announced.is_some_and(|month| month.plus(NOTICE).first() <= day);
            let file = "pipelines";
            let place = Place { line: 1, column: 1 };
            return (is_newest(was) && !is_over)
                .then(|| fault(file, place, key, Code::MetricGone, nouns));
        };
        let Some(same) = metric.versions().find(|metric| metric.version == was.version) else {
            // A definition without `since` tells all periods anew, and says so by its version.
            let since = metric.first().life.since?;
            let nouns = [nouns, vec![("since", since.to_string())]].concat();
            return Some(fault(&metric.file, metric.place, key, Code::VersionGone, nouns));
        };
        let meaning = meanings.get(&(was.metric.as_str(), was.version))?;
        if *meaning != was.meaning {
            return Some(fault(&same.file, same.place, key, Code::OtherMeaning, nouns));
        }
        let since = same.life.since.map(|since| since.to_string());
        let has_begun = was.has_begun(day) || same.life.since.is_none_or(|it| it.first() <= day);
        let month = |since: &Option<String>| since.clone().unwrap_or_else(|| "–".to_owned());
        let both = vec![("was", month(&was.since)), ("since", month(&since))];
        (since != was.since && has_begun)
            .then(|| fault(&same.file, same.place, key, Code::OtherSince, [nouns, both].concat()))
    };
    defined.iter().filter_map(judge).collect()
}

/// How many months pass between the announcement of an end and the end.
const NOTICE: i32 = 12;
