//! What is each metric worth, for whom and when, and how far can it be trusted?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use rayon::prelude::*;

use super::MeasureError;
use super::cube::Cube;
use super::cube::Part;
use super::cube::Place;
use super::cube::Spot;
use super::peers::Peers;
use super::seat::Seat;
use super::seat::Stand;
pub use super::status::Status;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Parts;
use crate::spec::pipeline::Base;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Metric;

/// A metric of a place and period.
#[derive(Clone, Debug)]
pub struct Told<'m> {
    /// The metric.
    pub metric: &'m Metric,
    /// The unit or section.
    pub place: Place,
    /// The dimension and its value, where it is told for one part of the place.
    pub part: Option<Part>,
    /// The period.
    pub period: Period,
    /// The exact value, where the status is ok or few.
    pub value: Option<Exact>,
    /// Above the line, where the formula divides.
    pub numerator: Option<Exact>,
    /// Below the line, where the formula divides.
    pub denominator: Option<Exact>,
    /// What the status was judged by.
    pub base: Option<Exact>,
    /// How far it can be trusted.
    pub status: Status,
    /// Whether a source it rests on did not deliver this night.
    pub is_stale: bool,
}

/// A unit and when it is there.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its key.
    pub unit_id: String,
    /// Its first day.
    pub from: Date,
    /// The first day on which it is gone.
    pub to: Option<Date>,
}

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
}

/// What a metric rests on.
pub(super) struct Footing<'m> {
    /// The measures of its formula.
    measures: BTreeSet<&'m str>,
    /// Those and the ones its bases count.
    pub(super) asked: BTreeSet<&'m str>,
    /// The parts that its formula looks at.
    pub(super) parts: BTreeSet<&'m Parts>,
    pub(super) facts: BTreeSet<&'m str>,
    /// Metrics of the peers.
    peers: BTreeSet<&'m str>,
    is_applicable: bool,
    is_stale: bool,
    pub(super) first: Option<Month>,
}

impl<'m> Telling<'_, 'm> {
    /// Every metric, in the order of names, units, sections, kinds of period and periods.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn all(&self) -> Result<Vec<Told<'m>>, MeasureError> {
        let metrics: Vec<&Metric> = self.metrics.values().copied().collect();
        let each = metrics.into_par_iter().map(|metric| {
            let mut told = Vec::new();
            let footing = self.footing(metric);
            for unit in self.units {
                self.of_unit(metric, unit, &footing, &mut told)?;
            }
            Ok(told)
        });
        Ok(each.collect::<Result<Vec<_>, MeasureError>>()?.into_iter().flatten().collect())
    }

    fn of_unit(
        &self,
        metric: &'m Metric,
        unit: &Unit,
        footing: &Footing<'_>,
        into: &mut Vec<Told<'m>>,
    ) -> Result<(), MeasureError> {
        let periods = self.periods(metric, unit, footing);
        for spot in self.spots(metric, unit, footing) {
            let stand = Stand::of(self, footing, spot);
            for period in &periods {
                let (period, stand) = (*period, &stand);
                into.push(told(metric, &Seat { telling: self, stand, period, footing })?);
            }
        }
        Ok(())
    }

    /// Calls `see` with every piece of a formula and of the metrics below it.
    fn each_below<'f>(&'f self, formula: &'f Formula, see: &mut dyn FnMut(&'f Formula)) {
        formula.each(&mut |piece| {
            see(piece);
            if let Formula::Name(name) = piece
                && let Some(below) = self.metrics.get(name.as_str())
            {
                self.each_below(&below.value, see);
            }
        });
    }

    pub(super) fn footing<'f>(&'f self, metric: &'f Metric) -> Footing<'f> {
        let (mut measures, mut parts) = (BTreeSet::new(), BTreeSet::new());
        let mut peers = BTreeSet::new();
        self.each_below(&metric.value, &mut |piece| match piece {
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
        let facts: BTreeSet<&str> = found.map(|amounts| amounts.fact.as_str()).collect();
        let known: Vec<_> = facts.iter().filter_map(|fact| self.cube.facts.get(*fact)).collect();
        let mut tables = known.iter().flat_map(|known| &known.tables);
        let is_applicable = tables.clone().all(|table| self.fed.contains(table.as_str()));
        let is_stale = tables.any(|table| self.stale.contains(table));
        // A fact without any row knows no month, and nothing that rests on it does.
        let firsts: Option<Vec<Month>> = known.iter().map(|known| known.first).collect();
        let first = firsts.and_then(|firsts| firsts.into_iter().max());
        Footing { measures, asked, parts, facts, peers, is_applicable, is_stale, first }
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
            })
            .collect()
    }
}

/// A metric at a place and in a period, judged.
pub(super) fn told<'m>(metric: &'m Metric, seat: &Seat<'_>) -> Result<Told<'m>, MeasureError> {
    let Seat { stand: Stand { spot, .. }, period, footing, .. } = *seat;
    let mut told = Told {
        metric,
        place: spot.0.clone(),
        part: spot.1.clone(),
        period,
        value: None,
        numerator: None,
        denominator: None,
        base: None,
        status: Status::NotApplicable,
        is_stale: footing.is_stale,
    };
    let peers = &seat.telling.peers;
    let has = |name: &&str| peers.mean(&spot.0.0, period, name).is_some();
    if !footing.is_applicable || !footing.peers.iter().all(has) {
        return Ok(told);
    }
    told.status = Status::NoData;
    if footing.first.is_none_or(|first| period.last() < first) {
        return Ok(told);
    }
    let failed = |_| MeasureError::Overflow { metric: metric.name.clone() };
    if let Formula::Divide(above, below) = &metric.value {
        told.numerator = seat.value(above).map_err(failed)?;
        told.denominator = seat.value(below).map_err(failed)?;
        told.base = told.denominator;
    }
    let Some(value) = seat.value(&metric.value).map_err(failed)? else { return Ok(told) };
    let base = |base: &Base| seat.named(&base.name.value).map_err(failed);
    if let Some(need) = &metric.need {
        told.base = base(need)?;
        if told.base.is_none_or(|found| found < need.at_least) {
            return Ok(told);
        }
    }
    told.status = Status::Ok;
    if let Some(few) = &metric.few {
        told.base = base(few)?;
        if told.base.is_none_or(|found| found < few.at_least) {
            told.status = Status::Few;
        }
    }
    if let Some(withhold) = &metric.withhold {
        told.base = base(withhold)?;
        if told.base.is_none_or(|found| found < withhold.at_least) {
            told.status = Status::Withheld;
            (told.numerator, told.denominator, told.base) = (None, None, None);
            return Ok(told);
        }
    }
    told.value = Some(value);
    Ok(told)
}

/// A number in units of its last decimal, rounded half away from zero.
pub fn rounded(value: Exact, decimals: u8) -> i128 {
    let scaled = value * Exact::from(10_i128.pow(u32::from(decimals)));
    scaled.round().to_integer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(rounded(Exact::new(5, 1000), 2), 1);
        assert_eq!(rounded(Exact::new(-25, 10), 0), -3);
        assert_eq!(rounded(Exact::new(1, 3), 4), 3333);
    }
}
