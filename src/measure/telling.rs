//! What are metrics told from, where and when?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::amounts::Amounts;
use super::cube::Cube;
use super::peers::Peers;
use super::spot::Place;
use super::spot::Spot;
use super::units::Unit;
use crate::base::calendar::Calendar;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::spec::formula::Formula;
use crate::spec::formula::Parts;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Metric;

/// What metrics are told from.
#[derive(Debug)]
pub struct Telling<'t, 'm> {
    /// The counts.
    pub cube: &'t Cube,
    /// The metrics, by name.
    pub metrics: BTreeMap<&'m str, &'m Metric>,
    /// The units.
    pub units: &'t [Unit],
    /// The day that is told.
    pub as_of: Date,
    /// Tables that some stream feeds.
    pub fed: &'t BTreeSet<&'t str>,
    /// Tables whose stream failed this night.
    pub stale: &'t BTreeSet<String>,
    /// What the peers of a unit come to.
    pub peers: Peers<'t>,
    /// Which days are worked.
    pub calendar: &'t Calendar,
}

/// What a metric rests on.
pub(super) struct Footing<'m> {
    /// The measures of its formula.
    pub(super) measures: BTreeSet<&'m str>,
    /// Those and the ones its bases count.
    pub(super) asked: BTreeSet<&'m str>,
    /// The parts that its formula looks at.
    pub(super) parts: BTreeSet<&'m Parts>,
    pub(super) facts: BTreeSet<&'m str>,
    /// Metrics of the peers.
    pub(super) peers: BTreeSet<&'m str>,
    /// Lists that ask something of a unit.
    pub(super) lists: BTreeSet<&'m str>,
    pub(super) is_applicable: bool,
    pub(super) is_stale: bool,
    /// Whether it counts in working days.
    pub(super) asks_calendar: bool,
    pub(super) first: Option<Month>,
    /// Where it takes what happens together with what is known from this day on only, and something has
    /// happened before, the day: a period that begins before it is not known whole.
    pub(super) begun: Option<Date>,
    /// The last month that what holds is told of.
    pub(super) told: Month,
}

impl Telling<'_, '_> {
    /// Calls `see` with every piece of a formula and of the metrics below it, each once, as defined on a day.
    pub(super) fn each_below<'f>(
        &'f self,
        formula: &'f Formula,
        day: Date,
        see: &mut dyn FnMut(&'f Formula),
    ) {
        let (mut opened, mut waiting) = (BTreeSet::new(), vec![formula]);
        while let Some(formula) = waiting.pop() {
            let mut named = Vec::new();
            formula.each(&mut |piece| {
                see(piece);
                named.extend(piece.name());
            });
            named.retain(|name| opened.insert(*name));
            let below = named.into_iter().filter_map(|name| self.metric_on(name, day));
            waiting.extend(below.map(|below| &below.value));
        }
    }

    /// What a metric rests on by the definitions of a day.
    pub(super) fn footing<'f>(&'f self, metric: &'f Metric, day: Date) -> Footing<'f> {
        let (mut measures, mut parts) = (BTreeSet::new(), BTreeSet::new());
        let mut peers = BTreeSet::new();
        self.each_below(&metric.value, day, &mut |piece| match piece {
            Formula::Name(name) if self.cube.measures.contains_key(name) => {
                measures.insert(name.as_str());
            }
            Formula::Peers(name) => {
                peers.insert(name.as_str());
            }
            Formula::Over(_, over) => {
                parts.insert(&over.parts);
            }
            _ => {}
        });
        let bases = [&metric.need, &metric.few, &metric.withhold].into_iter().flatten();
        let bases = bases.map(|base| base.name.value.as_str());
        let asked = measures.iter().copied().chain(bases).collect();
        let found = measures.iter().filter_map(|name| self.cube.measures.get(*name));
        let asks_calendar = found.clone().any(|amounts| amounts.asks_calendar);
        let lists = found.clone().flat_map(|amounts| &amounts.lists);
        let lists = lists.map(String::as_str).collect();
        let begun = begun(self.cube, found.clone());
        let mut tables = found.clone().flat_map(|amounts| &amounts.tables);
        let is_applicable = tables.clone().all(|table| self.fed.contains(table.as_str()));
        let is_stale = tables.any(|table| self.stale.contains(table));
        let facts: BTreeSet<&str> = found.map(|amounts| amounts.fact.as_str()).collect();
        let known: Vec<_> = facts.iter().filter_map(|fact| self.cube.facts.get(*fact)).collect();
        // A fact without any row knows no month, and nothing that rests on it does.
        let firsts: Option<Vec<Month>> = known.iter().map(|known| known.first).collect();
        let first = firsts.and_then(|firsts| firsts.into_iter().max());
        Footing {
            measures,
            asked,
            parts,
            facts,
            peers,
            lists,
            is_applicable,
            is_stale,
            asks_calendar,
            first,
            begun,
            told: self.stock_month(metric.withhold.is_some()),
        }
    }

    pub(super) fn spots(&self, metric: &Metric, unit: &Unit, footing: &Footing<'_>) -> Vec<Spot> {
        let place = (unit.unit_id.clone(), None);
        let mut spots = Vec::new();
        for grain in &metric.grain {
            match grain {
                Grain::Unit => spots.push((place.clone(), None)),
                Grain::Section => spots.extend(self.parts(&place, &Parts::Sections, footing)),
                Grain::By(by) => {
                    spots.extend(self.parts(&place, &Parts::By(by.clone()), footing));
                }
            }
        }
        spots
    }

    /// Whether a metric is told of a spot in periods of a kind: sections and parts may be told less often.
    pub(super) fn is_told(metric: &Metric, ((_, section), part): &Spot, period: Period) -> bool {
        let grain = match (part, section) {
            (Some((by, _)), _) => by,
            (None, Some(_)) => "section",
            (None, None) => "unit",
        };
        metric.tells(grain, period.kind())
    }

    /// The parts of a place that any measure below a metric knows, in the order of their names.
    pub(super) fn parts(&self, place: &Place, parts: &Parts, footing: &Footing<'_>) -> Vec<Spot> {
        let below = footing.measures.iter().filter_map(|name| self.cube.measures.get(*name));
        match parts {
            Parts::Sections => {
                let names: BTreeSet<&str> =
                    below.flat_map(|amounts| amounts.sections(&place.0)).collect();
                let of = |section: &str| ((place.0.clone(), Some(section.to_owned())), None);
                names.into_iter().map(of).collect()
            }
            Parts::By(by) => {
                let values: BTreeSet<&str> =
                    below.flat_map(|amounts| amounts.values(by, place)).collect();
                let of = |value: &str| (place.clone(), Some((by.clone(), value.to_owned())));
                values.into_iter().map(of).collect()
            }
        }
    }

    /// The periods in which the unit is there, from the first month that all of its facts know; the
    /// present ones where nothing is known. Nothing is told of before the first month in which anything
    /// happened: that a section was set up twenty years ago begins no history.
    pub(super) fn periods(
        &self,
        metric: &Metric,
        unit: &Unit,
        footing: &Footing<'_>,
    ) -> Vec<Period> {
        let is_for = |period: &Period| {
            let category = self.peers.category(&unit.unit_id, period.last().last());
            metric.only.as_ref().is_none_or(|only| only.holds(&unit.unit_id, category))
        };
        let told = Month::of(self.as_of);
        let happening = self.cube.facts.values().filter(|known| !known.is_stock);
        let begun = happening.filter_map(|known| known.first).min();
        let first =
            footing.first.map_or(told, |first| begun.map_or(first, |begun| begun.max(first)));
        let first = first.min(told);
        let kinds = metric.periods.iter();
        kinds
            .flat_map(|kind| Period::all(*kind, first, told))
            .filter(|period| {
                unit.from <= period.last().last()
                    && unit.to.is_none_or(|to| to > period.first().first())
                    && is_for(period)
            })
            .collect()
    }
}

/// The day from which on all of some measures are known, if anything of them happened in a month before. Spans
/// know nothing before their first day; what is counted at the ends of quarters, nothing before the quarter
/// of its first month.
fn begun<'c>(cube: &Cube, measures: impl Iterator<Item = &'c Amounts> + Clone) -> Option<Date> {
    let begins = measures.clone().filter_map(|amounts| {
        let known = cube.facts.get(&amounts.fact)?;
        match amounts.quarters_until {
            Some(_) => Some(Period::of(PeriodKind::Quarter, known.first?).first().first()),
            None => known.covered_from,
        }
    });
    let happened = measures.filter_map(|amounts| {
        let known = cube.facts.get(&amounts.fact)?;
        known.first.filter(|_| !known.is_stock && known.covered_from.is_none())
    });
    let happened = happened.min()?;
    begins.max().filter(|begun| happened < Month::of(*begun))
}
