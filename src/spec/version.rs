//! Which definition of a metric holds when, and how long is one kept? A metric never changes its meaning
//! silently: what it means has a version, old periods keep theirs, and what goes is announced for a year.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::catalog::Catalog;
use super::formula_sql;
use super::meaning::meanings;
use super::pipeline::Base;
use super::pipeline::Metric;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::reader::guess;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::period::Month;

/// When a definition begins, and when its metric is to end.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// The first month whose end is told by this definition; none is ever.
    pub since: Option<Month>,
    /// The month in which its end was announced.
    pub deprecated: Option<Month>,
    /// The metric to be used instead.
    pub replaced_by: Option<Found<String>>,
}

/// What a release says of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Its name.
    pub metric: String,
    /// Which definition.
    pub version: i64,
    /// The fingerprint of what it means.
    pub meaning: String,
    /// The month in which its end was announced, as `2026-01`.
    pub deprecated: Option<String>,
}

impl Metric {
    /// The definition of periods that end on a day.
    pub fn at(&self, last: Date) -> &Metric {
        let holds = |metric: &&Metric| metric.life.since.is_none_or(|since| since.first() <= last);
        std::iter::once(self).chain(&self.earlier).find(holds).unwrap_or(self)
    }

    /// Every definition, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = &Metric> {
        std::iter::once(self).chain(&self.earlier)
    }
}

/// Reads when a definition begins and ends.
pub(super) fn life(table: &Table<'_>) -> Life {
    Life {
        since: month(table, "since"),
        deprecated: month(table, "deprecated"),
        replaced_by: table.found_text("replaced_by"),
    }
}

fn month(table: &Table<'_>, key: &'static str) -> Option<Month> {
    table.parsed(key, "a month, as in \"2026-01\"", |text| text.parse().ok())
}

/// Reads the definitions that a metric had before, the newest first: what they do not say holds on.
pub(super) fn earlier(
    table: &Table<'_>,
    metric: &Metric,
    base: fn(&Table<'_>, &'static str) -> Option<Base>,
) -> Vec<Metric> {
    let mut found: Vec<Metric> = Vec::new();
    for table in table.tables("earlier") {
        let text = table.found_text("value");
        let value = text.as_ref().and_then(|text| formula_sql::read(text, table.faults));
        let version = table.whole("version");
        for (key, example, is_there) in
            [("value", "\"…\"", text.is_some()), ("version", "1", version.is_some())]
        {
            if !is_there {
                table.missing(key, example);
            }
        }
        let own = |key| base(&table, key);
        let or = |text: Option<String>, known: &String| text.unwrap_or_else(|| known.clone());
        found.push(Metric {
            value: value.unwrap_or_else(|| metric.value.clone()),
            text: text.unwrap_or_else(|| metric.text.clone()),
            version: version.unwrap_or(1),
            need: own("need"),
            few: own("min_base"),
            withhold: own("withhold").or_else(|| metric.withhold.clone()),
            basis: or(table.text("basis"), &metric.basis),
            means: or(table.text("means"), &metric.means),
            life: Life { since: month(&table, "since"), ..Life::default() },
            place: table.place,
            ..metric.clone()
        });
    }
    let mut newer = metric;
    for older in &found {
        if older.version >= newer.version {
            let nouns =
                vec![("found", older.version.to_string()), ("than", newer.version.to_string())];
            table.faults.add(older.place, &table.name("earlier"), Code::NotEarlier, nouns);
        }
        if newer.life.since.is_none() {
            let nouns = vec![("found", newer.version.to_string())];
            table.faults.add(newer.place, &table.name("since"), Code::SinceNeeded, nouns);
        } else if older.life.since >= newer.life.since {
            let since = older.life.since.map(|month| month.to_string()).unwrap_or_default();
            table.faults.add(
                older.place,
                &table.name("earlier"),
                Code::NotEarlier,
                vec![
                    ("found", since),
                    ("than", newer.life.since.map(|month| month.to_string()).unwrap_or_default()),
                ],
            );
        }
        newer = older;
    }
    found
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

/// What a home says otherwise than the release that stands: a meaning that changed under its version, and a
/// metric that went without a year's notice. `day` is today.
pub fn broken(catalog: &Catalog, release: (&str, &[Defined]), day: Date) -> Vec<Diagnostic> {
    let (name, defined) = release;
    let meanings = meanings(catalog);
    let metrics: BTreeMap<&str, &Metric> =
        catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect();
    let fault =
        |file: &str, place: Place, key: String, code: Code, nouns: Vec<(&'static str, String)>| {
            Diagnostic { file: file.to_owned(), place, key, code, nouns }
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
            return (!is_over).then(|| fault(file, Place::default(), key, Code::MetricGone, nouns));
        };
        let same = metric.versions().find(|metric| metric.version == was.version)?;
        let meaning = meanings.get(&(was.metric.as_str(), was.version))?;
        let is_other = *meaning != was.meaning;
        is_other.then(|| fault(&same.file, same.place, key, Code::OtherMeaning, nouns))
    };
    defined.iter().filter_map(judge).collect()
}

/// How many months pass between the announcement of an end and the end.
const NOTICE: i32 = 12;
