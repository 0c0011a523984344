//! How does one number of a unit come about?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Counted;
use super::Desk;
use super::Explanation;
use super::Rows;
use super::desk::days;
use super::published::Published;
use super::published::Release;
use super::question::Question;
use super::question::Unknown;
use super::question::What;
use super::question::told_period;
use super::question::unknown;
use super::rows::derived;
use super::sources;
use crate::base::period::Period;
use crate::frame::DataFrame;
use crate::measure::behind::Behind;
use crate::measure::behind::kinds;
use crate::measure::behind::with_counts;
use crate::measure::cube::Cube;
use crate::measure::cube::Spot;
use crate::measure::evaluate::Telling;
use crate::measure::evaluate::Unit;
use crate::spec::duckdb::Writer;
use crate::spec::duckdb::is_runnable;
use crate::spec::duckdb::literal;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// What a night kept of one unit.
pub struct OfUnit<'d> {
    pub(super) desk: &'d Desk<'d>,
    pub(super) unit: &'d Unit,
    pub(super) rows: BTreeMap<String, DataFrame>,
    pub(super) cube: Cube,
    pub(super) fed: BTreeSet<&'d str>,
    pub(super) released: Option<Release>,
}

impl<'d> OfUnit<'d> {
    /// Hands over what metrics of this unit are told from.
    pub fn telling(&'d self) -> Telling<'d, 'd> {
        let metrics = self.desk.catalog.metrics();
        Telling {
            cube: &self.cube,
            metrics: metrics.map(|metric| (metric.name.as_str(), metric)).collect(),
            units: std::slice::from_ref(self.unit),
            as_of: self.desk.ledger.as_of,
            fed: &self.fed,
            stale: &self.desk.ledger.stale,
            peers: self.desk.peers.clone(),
            calendar: &self.desk.catalog.calendar,
        }
    }

    /// Explains one number of this unit.
    ///
    /// # Errors
    /// [`Unknown`], or a formula that leaves 128 bits.
    pub fn explain<'e>(
        &'e self,
        telling: &'e Telling<'e, 'e>,
        question: Question<'_>,
    ) -> anyhow::Result<Explanation<'e>> {
        let metric = self.desk.metric(question.metric)?;
        let (spots, periods) = telling.told_at(metric, self.unit);
        let spot = self.spot(&spots, question)?;
        let period = told_period(&periods, question.period)?;
        let worked = telling.worked(metric, &spot, period)?;
        let before = period.before().filter(|before| periods.contains(before));
        let before = before.map(|before| telling.worked(metric, &spot, before)).transpose()?;
        let stock_day = telling.stock_month(metric.withhold.is_some()).last();
        let day = self.desk.ledger.as_of.min(stock_day);
        let mut measures = Vec::new();
        let mut behind: BTreeMap<&str, Vec<(Behind, &Measure)>> = BTreeMap::new();
        for used in &worked.uses {
            let Some((measure, fact)) = self.measure(&used.measure) else { continue };
            let rows = Behind::of(fact, measure, &used.spot, (used.period, day));
            let counted = self.counted(&rows, measure, used.period)?;
            let (amount, spot) = (used.amount, used.spot.clone());
            measures.push(Counted { spot, amount, ..counted });
            behind.entry(fact.name.as_str()).or_default().push((rows, measure));
        }
        let mut facts = Vec::new();
        for (_, behind) in behind {
            facts.extend(self.rows(&behind)?);
        }
        let published = self.released.as_ref().map(|released| released.says(&worked.told));
        Ok(Explanation {
            unit: self.desk.names.get(&self.unit.unit_id).cloned().unwrap_or_default(),
            published: published.unwrap_or(Published::Nothing),
            stale: if worked.told.is_stale { self.stale(&facts) } else { Vec::new() },
            worked,
            measures,
            facts,
            before,
            ledger: &self.desk.ledger,
        })
    }

    fn spot(&self, spots: &[Spot], question: Question<'_>) -> Result<Spot, Unknown> {
        let fits = |spot: &&Spot| match (question.section, question.part, spot) {
            (None, None, ((_, None), None)) => true,
            (Some(name), None, ((unit, Some(section)), None)) => {
                let named = || self.desk.resolver.section_named(unit, name, self.desk.ledger.as_of);
                section == name || named().as_ref() == Some(section)
            }
            (None, Some(value), ((_, None), Some((_, part)))) => part == value,
            _ => false,
        };
        let (what, found) = match (question.section, question.part) {
            (Some(section), _) => (What::Section, section),
            (None, Some(part)) => (What::Part, part),
            (None, None) => (What::Part, ""),
        };
        spots.iter().find(fits).cloned().ok_or_else(|| {
            let keys = spots.iter().filter_map(|((_, section), part)| {
                part.as_ref().map(|(_, value)| value).or(section.as_ref()).map(String::as_str)
            });
            unknown(what, found, &keys.collect::<Vec<_>>())
        })
    }

    fn measure(&self, name: &str) -> Option<(&'d Measure, &'d Fact)> {
        let catalog = self.desk.catalog;
        let measure = catalog.measures().find(|measure| measure.name == name)?;
        Some((measure, catalog.facts().find(|fact| fact.name == measure.fact.value)?))
    }

    fn counted(
        &self,
        behind: &Behind,
        measure: &'d Measure,
        period: Period,
    ) -> anyhow::Result<Counted<'d>> {
        let nothing = DataFrame::empty();
        let of_unit = self.rows.get(&behind.fact).unwrap_or(&nothing);
        let rows = behind.rows(of_unit)?;
        let counted = with_counts(&rows, &[measure], &days(self.desk.catalog))?;
        let marks = counted.column(&format!("={}", measure.name));
        let counted = marks.map_or(0, |marks| marks.len() - marks.null_count());
        let zone = self.desk.catalog.settings.zone.iana_name().unwrap_or("UTC");
        let writer = Writer { zone, kinds: &kinds(of_unit) };
        let file = std::path::absolute(self.desk.kept.file(&behind.fact))?;
        let sql = format!(
            "select {}\nfrom read_parquet({})\nwhere {}",
            writer.aggregate(&measure.aggregate),
            literal(&file.display().to_string()),
            behind.sql(),
        );
        Ok(Counted {
            measure,
            spot: behind.spot.clone(),
            period,
            amount: None,
            rows: counted as u64,
            sql,
            is_runnable: is_runnable(&measure.aggregate),
        })
    }

    /// The rows of a fact that any of its measures looks at, with what each counts for.
    fn rows(&self, behind: &[(Behind, &'d Measure)]) -> anyhow::Result<Option<Rows<'d>>> {
        let Some((first, measure)) = behind.first() else { return Ok(None) };
        let Some((_, fact)) = self.measure(&measure.name) else { return Ok(None) };
        let nothing = DataFrame::empty();
        let of_unit = self.rows.get(&first.fact).unwrap_or(&nothing);
        let mut measures: Vec<&Measure> = Vec::new();
        for (_, measure) in behind {
            if !measures.iter().any(|known| known.name == measure.name) {
                measures.push(measure);
            }
        }
        let all: Vec<&Behind> = behind.iter().map(|(rows, _)| rows).collect();
        let rows = Behind::any(&all, of_unit)?;
        let counted = with_counts(&rows, &measures, &days(self.desk.catalog))?;
        let schema = self.desk.catalog.schemas.get(&fact.table.value);
        Ok(Some(Rows {
            fact,
            file: self.desk.kept.file(&fact.name),
            derived: derived(fact, &measures),
            rows: counted.height() as u64,
            sources: sources::of(&counted),
            is_about_persons: schema.is_some_and(|schema| schema.is_about_persons),
            table: counted,
        }))
    }

    /// The streams that fill what is stale below some facts.
    fn stale(&self, facts: &[Rows<'_>]) -> Vec<String> {
        let known = facts.iter().filter_map(|rows| self.cube.facts.get(&rows.fact.name));
        let tables: BTreeSet<&String> = known.flat_map(|known| &known.tables).collect();
        let is_stale = |table: &str| self.desk.ledger.stale.contains(table);
        let rests = |table: &String| {
            tables.contains(table) || (table == "person_snapshot" && has(&tables, "person_spell"))
        };
        let streams = self.desk.catalog.streams().into_iter();
        let stale =
            streams.filter(|(_, stream)| is_stale(&stream.into.value) && rests(&stream.into.value));
        stale.map(|(connector, stream)| format!("{}.{}", connector.name, stream.name)).collect()
    }
}

fn has(tables: &BTreeSet<&String>, name: &str) -> bool {
    tables.iter().any(|table| *table == name)
}
