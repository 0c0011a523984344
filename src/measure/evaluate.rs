//! What is each metric worth, for whom and when, and how far can it be trusted?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use num_traits::CheckedAdd as _;
use num_traits::CheckedDiv as _;
use num_traits::CheckedMul as _;
use num_traits::CheckedSub as _;
use num_traits::Signed as _;
use num_traits::Zero as _;

use super::MeasureError;
use super::cube::Cube;
use super::cube::Part;
use super::cube::Place;
use super::cube::Spot;
use super::peers::Peers;
use super::spread::Overflow;
use super::spread::spread;
pub use super::status::Status;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Over;
use crate::spec::formula::Parts;
use crate::spec::formula::Spread;
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
    /// What units are compared with.
    pub peers: Peers<'t>,
}

/// What a metric rests on.
struct Footing {
    measures: BTreeSet<String>,
    facts: BTreeSet<String>,
    /// Metrics of the peers.
    asks: BTreeSet<String>,
    is_applicable: bool,
    is_stale: bool,
    first: Option<Month>,
}

impl<'m> Telling<'_, 'm> {
    /// Every metric, in the order of names, units, sections, kinds of period and periods.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn all(&self) -> Result<Vec<Told<'m>>, MeasureError> {
        let mut all = Vec::new();
        for metric in self.metrics.values().copied() {
            let footing = self.footing(metric);
            for unit in self.units {
                self.of_unit(metric, unit, &footing, &mut all)?;
            }
        }
        Ok(all)
    }

    fn of_unit(
        &self,
        metric: &'m Metric,
        unit: &Unit,
        footing: &Footing,
        into: &mut Vec<Told<'m>>,
    ) -> Result<(), MeasureError> {
        let periods = self.periods(metric, unit, footing);
        for spot in self.spots(metric, unit, footing) {
            for period in &periods {
                into.push(self.told(metric, &spot, *period, footing)?);
            }
        }
        Ok(())
    }

    /// The measures below a metric and the metrics of its peers that it asks for, metrics followed.
    fn names_below(
        &self,
        metric: &Metric,
        measures: &mut BTreeSet<String>,
        asks: &mut BTreeSet<String>,
    ) {
        metric.value.each(&mut |part| {
            if let Formula::Peers(name) = part {
                asks.insert(name.clone());
            }
            let Formula::Name(name) = part else { return };
            match self.metrics.get(name.as_str()) {
                Some(below) => self.names_below(below, measures, asks),
                None => _ = measures.insert(name.clone()),
            }
        });
    }

    fn footing(&self, metric: &Metric) -> Footing {
        let (mut measures, mut asks) = (BTreeSet::new(), BTreeSet::new());
        self.names_below(metric, &mut measures, &mut asks);
        let found = measures.iter().filter_map(|name| self.cube.measures.get(name));
        let facts: BTreeSet<String> = found.map(|amounts| amounts.fact.clone()).collect();
        let known: Vec<_> = facts.iter().filter_map(|fact| self.cube.facts.get(fact)).collect();
        let mut tables = known.iter().flat_map(|known| &known.tables);
        let is_applicable = tables.clone().all(|table| self.fed.contains(table.as_str()));
        let is_stale = tables.any(|table| self.stale.contains(table));
        // A fact without any row knows no month, and nothing that rests on it does.
        let firsts: Option<Vec<Month>> = known.iter().map(|known| known.first).collect();
        let first = firsts.and_then(|firsts| firsts.into_iter().max());
        Footing { measures, facts, asks, is_applicable, is_stale, first }
    }

    fn spots(&self, metric: &Metric, unit: &Unit, footing: &Footing) -> Vec<Spot> {
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
    fn parts(&self, place: &Place, parts: &Parts, footing: &Footing) -> Vec<Spot> {
        let below = footing.measures.iter().filter_map(|name| self.cube.measures.get(name));
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
    fn periods(&self, metric: &Metric, unit: &Unit, footing: &Footing) -> Vec<Period> {
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

    fn told(
        &self,
        metric: &'m Metric,
        spot: &Spot,
        period: Period,
        footing: &Footing,
    ) -> Result<Told<'m>, MeasureError> {
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
        let has_peers =
            || footing.asks.iter().all(|name| self.peers.mean(&spot.0.0, period, name).is_some());
        if !footing.is_applicable || !has_peers() {
            return Ok(told);
        }
        told.status = Status::NoData;
        if footing.first.is_none_or(|first| period.last() < first) {
            return Ok(told);
        }
        let seat = Seat { telling: self, spot, period, footing };
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

    /// How many months of a period are known to the spans of a metric, days over days of the month.
    fn months_known(&self, period: Period, facts: &BTreeSet<String>) -> Exact {
        let spans = facts.iter().filter_map(|fact| self.cube.facts.get(fact)?.covered_from);
        let from = spans.max().unwrap_or_else(|| period.first().first());
        let months = period.months().map(|month| {
            let first = from.max(month.first());
            let last = self.as_of.min(month.last());
            let days = i128::from((last - first).get_days()) + 1;
            Exact::new(days.max(0), i128::from(month.days()))
        });
        months.sum()
    }
}

/// A spot and a period, for which formulas are worked out.
struct Seat<'s> {
    telling: &'s Telling<'s, 's>,
    spot: &'s Spot,
    period: Period,
    footing: &'s Footing,
}

impl Seat<'_> {
    fn named(&self, name: &str) -> Result<Option<Exact>, Overflow> {
        if name == "months_known" {
            return Ok(Some(self.telling.months_known(self.period, &self.footing.facts)));
        }
        if let Some(metric) = self.telling.metrics.get(name) {
            return self.value(&metric.value);
        }
        let told = Month::of(self.telling.as_of);
        let amounts = self.telling.cube.measures.get(name);
        Ok(amounts.and_then(|amounts| amounts.at(self.spot, self.period, told)))
    }

    /// The value of a formula; a zero denominator or a missing part is no value.
    fn value(&self, formula: &Formula) -> Result<Option<Exact>, Overflow> {
        let pair = |x: &Formula, y: &Formula| Ok(self.value(x)?.zip(self.value(y)?));
        Ok(match formula {
            Formula::Name(name) => self.named(name)?,
            Formula::Number(number) => Some(*number),
            Formula::Add(x, y) => in_range(pair(x, y)?, |(x, y)| x.checked_add(y))?,
            Formula::Subtract(x, y) => in_range(pair(x, y)?, |(x, y)| x.checked_sub(y))?,
            Formula::Multiply(x, y) => in_range(pair(x, y)?, |(x, y)| x.checked_mul(y))?,
            Formula::Divide(x, y) => {
                let pair = pair(x, y)?.filter(|(_, y)| !y.is_zero());
                in_range(pair, |(x, y)| x.checked_div(y))?
            }
            Formula::Greatest(x, y) => pair(x, y)?.map(|(x, y)| x.max(y)),
            Formula::Peers(metric) => self.telling.peers.mean(&self.spot.0.0, self.period, metric),
            Formula::OfUnit(x) => {
                let whole = ((self.spot.0.0.clone(), None), self.spot.1.clone());
                Seat { spot: &whole, ..*self }.value(x)?
            }
            Formula::Over(kind, over) => self.over(*kind, over)?,
        })
    }

    /// One number out of all parts. What is itself a part has none of its kind.
    fn over(&self, kind: Spread, over: &Over) -> Result<Option<Exact>, Overflow> {
        let (place, part) = self.spot;
        let is_part = part.is_some() || (over.parts == Parts::Sections && place.1.is_some());
        if is_part {
            return Ok(None);
        }
        let limit = over.limit.as_ref().map(|limit| self.value(limit)).transpose()?.flatten();
        let least = limit.filter(|_| kind != Spread::CountBelow).unwrap_or_else(Exact::zero);
        let mut shares = Vec::new();
        for spot in self.telling.parts(place, &over.parts, self.footing) {
            let seat = Seat { spot: &spot, ..*self };
            let (above, below) = (seat.value(&over.above)?, seat.value(&over.below)?);
            let share = above.zip(below);
            shares.extend(share.filter(|(_, below)| below.is_positive() && *below >= least));
        }
        spread(kind, &shares, limit)
    }
}

fn in_range(
    pair: Option<(Exact, Exact)>,
    work: impl Fn(&(Exact, Exact)) -> Option<Exact>,
) -> Result<Option<Exact>, Overflow> {
    pair.map(|pair| work(&pair).ok_or(Overflow)).transpose()
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
