//! What is a formula worth at a place and in a period? What is known of a place is looked up once, for all
//! periods.

use num_traits::CheckedAdd as _;
use num_traits::CheckedDiv as _;
use num_traits::CheckedMul as _;
use num_traits::CheckedSub as _;
use num_traits::Signed as _;
use num_traits::Zero as _;

use super::cube::AmountsAt;
use super::cube::Known;
use super::cube::Spot;
use super::spread::Overflow;
use super::spread::spread;
use super::status::Reason;
use super::telling::Footing;
use super::telling::Telling;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Over;
use crate::spec::formula::Parts;
use crate::spec::formula::Shift;
use crate::spec::formula::Spread;
use crate::spec::pipeline::Metric;

/// A place with the amounts of the measures that a metric asks for, those of its unit and of its parts.
pub(super) struct Stand<'s> {
    /// The place.
    pub(super) spot: Spot,
    known: Vec<(&'s str, AmountsAt<'s>)>,
    /// Its unit, where it is a section.
    whole: Option<Box<Stand<'s>>>,
    /// The parts that the metric's formula looks at.
    parts: Vec<(&'s Parts, Vec<Stand<'s>>)>,
}

impl<'s> Stand<'s> {
    /// Looks up what is known of a place, of its unit and of its parts.
    pub(super) fn of(telling: &'s Telling<'_, '_>, footing: &Footing<'s>, spot: Spot) -> Stand<'s> {
        let stand = Stand::alone(telling, footing, spot).with_parts(telling, footing);
        let whole = stand.whole.map(|whole| Box::new(whole.with_parts(telling, footing)));
        Stand { whole, ..stand }
    }

    /// A place and its unit, without parts.
    fn alone(telling: &'s Telling<'_, '_>, footing: &Footing<'s>, spot: Spot) -> Stand<'s> {
        let measures = &telling.cube.measures;
        let asked = footing.asked.iter();
        let known = asked.filter_map(|name| Some((*name, measures.get(*name)?.on(&spot))));
        let ((unit, section), part) = &spot;
        let whole = section.as_ref().map(|_| ((unit.clone(), None), part.clone()));
        let whole = whole.map(|whole| Box::new(Stand::alone(telling, footing, whole)));
        Stand { known: known.collect(), whole, parts: Vec::new(), spot }
    }

    /// The same with its parts, each with its own. A part of a dimension is all there is of it: its only
    /// part is itself. It has no parts of another kind, and a section has no sections.
    fn with_parts(mut self, telling: &'s Telling<'_, '_>, footing: &Footing<'s>) -> Stand<'s> {
        for kind in &footing.parts {
            let parts = match (&self.spot, kind) {
                ((_, Some((of, _))), Parts::By(by)) if of == by => {
                    vec![Stand::alone(telling, footing, self.spot.clone())]
                }
                ((_, Some(_)), _) | (((_, Some(_)), None), Parts::Sections) => continue,
                ((place, None), _) => {
                    let parts = telling.parts(place, kind, footing).into_iter();
                    let part =
                        |spot| Stand::alone(telling, footing, spot).with_parts(telling, footing);
                    parts.map(part).collect()
                }
            };
            self.parts.push((kind, parts));
        }
        self
    }

    /// The parts of a kind, where it has any.
    pub(super) fn parts_of(&self, over: &Over) -> Option<&[Stand<'s>]> {
        let known = self.parts.iter().find(|(kind, _)| **kind == over.parts);
        known.map(|(_, parts)| parts.as_slice())
    }
}

/// A place and a period, for which formulas are worked out.
#[derive(Clone, Copy)]
pub(super) struct Seat<'s> {
    pub(super) telling: &'s Telling<'s, 's>,
    pub(super) stand: &'s Stand<'s>,
    pub(super) period: Period,
    pub(super) footing: &'s Footing<'s>,
}

/// What a part of a place has above and below the line.
pub(super) struct Portion {
    pub(super) above: Option<Exact>,
    pub(super) below: Option<Exact>,
    /// Whether it counts.
    pub(super) counts: bool,
}

impl<'s> Seat<'s> {
    /// Why nothing can be worked out here, whatever the numbers are.
    pub(super) fn unfit(&self) -> Option<Reason> {
        let Seat { telling, period, footing, .. } = self;
        let unit = &self.stand.spot.0.0;
        let has_mean = |name: &&str| telling.peers.mean(unit, *period, name).is_some();
        if !footing.is_applicable {
            return Some(Reason::NotFed);
        }
        if !footing.peers.iter().all(has_mean) {
            return Some(Reason::NoPeers);
        }
        let day = period.last().last();
        if !footing.lists.iter().all(|list| telling.peers.listed(unit, list, day).is_some()) {
            return Some(Reason::NotListed);
        }
        if footing.first.is_none_or(|first| period.last() < first) {
            return Some(Reason::NotKnown);
        }
        if footing.begun.is_some_and(|begun| period.first().first() < begun) {
            return Some(Reason::NotWhole(*period));
        }
        if !footing.asks_calendar {
            return None;
        }
        let last = day.min(telling.as_of);
        let uncovered = telling.calendar.uncovered(period.first().first(), last);
        uncovered.map(|none| none.year).or_else(|| self.waits_for()).map(Reason::NoCalendar)
    }

    /// The year of the calendar for which rows of the period wait: mostly limits that end in the year to come.
    fn waits_for(&self) -> Option<i16> {
        let Seat { telling: Telling { calendar, .. }, stand, footing, period } = self;
        let known = stand.known.iter().filter(|(name, _)| footing.measures.contains(name));
        let sides = known.map(|(_, amounts)| amounts.are_unanswered(*period, footing.told));
        let [before, after] =
            sides.fold([false; 2], |[b, a], [before, after]| [b | before, a | after]);
        let before = calendar.year_before().filter(|_| before);
        before.or(calendar.next_year().filter(|_| after))
    }

    /// A metric as it is defined for the period.
    fn metric(&self, name: &str) -> Option<&'s Metric> {
        self.telling.metric_on(name, self.period.last().last())
    }

    pub(super) fn named(&self, name: &str) -> Result<Option<Exact>, Overflow> {
        if name == "months_known" {
            return Ok(Some(self.months_known()));
        }
        if let Some(metric) = self.metric(name) {
            return self.value(&metric.value);
        }
        let known = self.stand.known.iter().find(|(known, _)| *known == name);
        let within = |(_, amounts): &(&str, AmountsAt<'_>)| {
            let beyond = |_| Overflow::Measure(name.to_owned());
            amounts.within(self.period, self.footing.told).map_err(beyond).transpose()
        };
        known.and_then(within).transpose()
    }

    /// The value of a formula; a zero denominator or a missing part is no value.
    pub(super) fn value(&self, formula: &Formula) -> Result<Option<Exact>, Overflow> {
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
            Formula::Peers(metric) => {
                self.telling.peers.mean(&self.stand.spot.0.0, self.period, metric)
            }
            Formula::OfUnit(x) => self.of_unit().value(x)?,
            Formula::At(shift, x) => match self.other(*shift) {
                Ok(other) => other.value(x)?,
                Err(_) => None,
            },
            Formula::Over(kind, over) => self.over(*kind, over)?,
        })
    }

    /// The same place in another period.
    ///
    /// # Errors
    /// Why nothing can be worked out there: it is not known whole.
    pub(super) fn other(&self, shift: Shift) -> Result<Seat<'s>, Reason> {
        let period = shift.of(self.period).ok_or(Reason::NotKnown)?;
        let other = Seat { period, ..*self };
        match other.unfit() {
            Some(Reason::NotKnown) => return Err(Reason::NotWhole(period)),
            Some(reason) => return Err(reason),
            None => {}
        }
        let known = self.footing.facts.iter().filter_map(|fact| self.telling.cube.facts.get(*fact));
        // What has happened in a part of a period says nothing beside what happened in the whole of another.
        let is_running = self.telling.as_of < self.period.last().last();
        let happens = known.clone().any(|known| !known.is_stock);
        if shift != Shift::YearToDate && is_running && happens {
            return Err(Reason::NotWhole(self.period));
        }
        let is_whole = |known: &Known| {
            known.first.is_some_and(|first| first <= period.first())
                && known.covered_from.is_none_or(|from| from <= period.first().first())
        };
        if known.into_iter().all(is_whole) { Ok(other) } else { Err(Reason::NotWhole(period)) }
    }

    /// Why a formula has no value; none where it has one.
    pub(super) fn lack(&self, formula: &Formula) -> Result<Option<Reason>, Overflow> {
        Ok(match formula {
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Greatest(x, y) => self.lack(x)?.or(self.lack(y)?),
            Formula::Divide(x, y) => match self.lack(x)?.or(self.lack(y)?) {
                None => {
                    let is_zero = self.value(y)?.is_some_and(|below| below.is_zero());
                    is_zero.then_some(Reason::ZeroDenominator)
                }
                lack => lack,
            },
            Formula::OfUnit(x) => self.of_unit().lack(x)?,
            Formula::At(shift, x) => match self.other(*shift) {
                Ok(other) => other.lack(x)?,
                Err(reason) => Some(reason),
            },
            Formula::Name(name) => match self.metric(name) {
                Some(metric) => self.lack(&metric.value)?,
                None => self.named(name)?.is_none().then_some(Reason::NoValue),
            },
            Formula::Number(_) | Formula::Peers(_) | Formula::Over(..) => {
                self.value(formula)?.is_none().then_some(Reason::NoValue)
            }
        })
    }

    /// The same place in every other period that a formula asks.
    pub(super) fn others(&self, formula: &Formula, into: &mut Vec<Seat<'s>>) {
        formula.each(&mut |piece| match piece {
            Formula::At(shift, x) => {
                if let Ok(other) = self.other(*shift) {
                    into.push(other);
                    other.others(x, into);
                }
            }
            Formula::Name(name) => {
                if let Some(metric) = self.metric(name) {
                    self.others(&metric.value, into);
                }
            }
            _ => {}
        });
    }

    /// The seat of the whole unit.
    pub(super) fn of_unit(&self) -> Seat<'s> {
        Seat { stand: self.stand.whole.as_deref().unwrap_or(self.stand), ..*self }
    }

    /// One number out of all parts.
    fn over(&self, kind: Spread, over: &Over) -> Result<Option<Exact>, Overflow> {
        let Some(parts) = self.stand.parts_of(over) else { return Ok(None) };
        let limit = self.limit(over)?;
        let mut shares = Vec::with_capacity(parts.len());
        for stand in parts {
            let portion = self.portion(stand, kind, over, limit)?;
            shares.extend(portion.above.zip(portion.below).filter(|_| portion.counts));
        }
        spread(kind, &shares, limit)
    }

    /// What the parts are compared with, or the least that counts.
    pub(super) fn limit(&self, over: &Over) -> Result<Option<Exact>, Overflow> {
        Ok(over.limit.as_ref().map(|limit| self.value(limit)).transpose()?.flatten())
    }

    /// What a part has, and whether it counts.
    pub(super) fn portion(
        &self,
        stand: &'s Stand<'s>,
        kind: Spread,
        over: &Over,
        limit: Option<Exact>,
    ) -> Result<Portion, Overflow> {
        let least = limit.filter(|_| kind != Spread::CountBelow).unwrap_or_else(Exact::zero);
        let seat = Seat { stand, ..*self };
        let (above, below) = (seat.value(&over.above)?, seat.value(&over.below)?);
        let is_enough = below.is_some_and(|below| below.is_positive() && below >= least);
        Ok(Portion { counts: is_enough && above.is_some(), above, below })
    }

    /// How many months of a period are known to the spans of a metric, days over days of the month.
    fn months_known(&self) -> Exact {
        let Seat { telling, period, footing, .. } = self;
        let facts = footing.facts.iter();
        let spans = facts.filter_map(|fact| telling.cube.facts.get(*fact)?.covered_from);
        let from = spans.max().unwrap_or_else(|| period.first().first());
        let months = period.months().map(|month| {
            let first = from.max(month.first());
            let last = telling.as_of.min(month.last());
            let days = i128::from((last - first).get_days()) + 1;
            Exact::new(days.max(0), i128::from(month.days()))
        });
        months.sum()
    }
}

fn in_range(
    pair: Option<(Exact, Exact)>,
    work: impl Fn(&(Exact, Exact)) -> Option<Exact>,
) -> Result<Option<Exact>, Overflow> {
    pair.map(|pair| work(&pair).ok_or(Overflow::Formula)).transpose()
}
