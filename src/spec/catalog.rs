//! What does a home say? All of its files, read and checked.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::aliases::Alias;
use super::codes::CodeTable;
use super::connector::Connector;
use super::connector::Stream;
use super::example::Example;
use super::list::List;
use super::pipeline::Fact;
use super::pipeline::Measure;
use super::pipeline::Metric;
use super::pipeline::Pipeline;
use super::reference::Reference;
use super::schema::Schema;
use super::scoring::Tree;
use super::settings::Settings;
use crate::base::calendar::Calendar;

/// Everything a home says, checked.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// `shuping.toml`
    pub settings: Settings,
    /// `connectors/*.toml`
    pub connectors: Vec<Connector>,
    /// `connectors/aliases.csv`
    pub aliases: Vec<Alias>,
    /// `schemas/*.json`
    pub schemas: BTreeMap<String, Schema>,
    /// `schemas/codes/*.csv`, with `schemas/codes/local/*.csv`
    pub codes: BTreeMap<String, CodeTable>,
    /// `schemas/calendar/<name>/<year>.csv`
    pub calendar: Calendar,
    /// `pipelines/*.toml` and `pipelines/local/*.toml`
    pub pipelines: Vec<Pipeline>,
    /// `pipelines/scoring/*.toml`
    pub scoring: Vec<Tree>,
    /// `pipelines/reference/<year>.csv`
    pub references: BTreeMap<i16, Reference>,
    /// `pipelines/reference/<name>.csv`
    pub lists: BTreeMap<String, List>,
    /// SHA-256 over all of it.
    pub fingerprint: String,
}

impl Catalog {
    /// Every stream with its connector, tables that others point at first.
    pub fn streams(&self) -> Vec<(&Connector, &Stream)> {
        let mut streams: Vec<(&Connector, &Stream)> = self
            .connectors
            .iter()
            .flat_map(|connector| connector.streams.iter().map(move |stream| (connector, stream)))
            .collect();
        let mut known = BTreeMap::new();
        streams.sort_by_key(|(_, stream)| self.depth(&stream.into.value, &mut known));
        streams
    }

    /// How many foreign keys stand between a table and one that points at nothing; none while that is being asked: a key
    /// that leads back counts for nothing.
    fn depth<'c>(
        &'c self,
        table: &'c str,
        known: &mut BTreeMap<&'c str, Option<usize>>,
    ) -> Option<usize> {
        if let Some(depth) = known.get(table) {
            return *depth;
        }
        known.insert(table, None);
        let keys = self.schemas.get(table).into_iter().flat_map(|schema| &schema.foreign_keys);
        let below = keys.filter_map(|key| self.depth(&key.table, known)).max();
        let depth = below.map_or(0, |below| below + 1);
        known.insert(table, Some(depth));
        Some(depth)
    }

    /// The facts of all pipelines.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.facts)
    }

    /// The measures of all pipelines.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.measures)
    }

    /// The metrics of all pipelines.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.metrics)
    }

    /// The examples of all pipelines.
    pub fn examples(&self) -> impl Iterator<Item = &Example> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.examples)
    }

    /// The tables that streams fill, and those made from them.
    pub fn filled(&self) -> BTreeSet<&str> {
        let mut filled: BTreeSet<&str> =
            self.streams().iter().map(|(_, stream)| stream.into.value.as_str()).collect();
        if filled.contains("person_snapshot") {
            filled.insert("person_spell");
        }
        filled
    }
}
