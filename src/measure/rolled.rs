//! What is a metric worth above the unit? The measures of all units of a group are added up, distributions
//! merged, and the formula is worked out again: no ratio is ever averaged.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use rayon::prelude::*;

use super::MeasureError;
use super::amounts::Amounts;
use super::beside::Beside;
use super::cube::Cube;
use super::cube::Spot;
use super::era::Era;
use super::evaluate::Told;
use super::evaluate::told;
use super::groups::Groups;
use super::seat::Seat;
use super::seat::Stand;
use super::series::Series;
use super::spread::Overflow;
use super::status::Reason;
use super::status::Status;
use super::sums;
use super::sums::Sum;
use super::telling::Footing;
use super::telling::Telling;
use super::units::Unit;
use super::withhold::Withholding;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Metric;

/// How a metric comes to its value for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the measures of all units together.
    Measures,
    /// As the sum of what is told of the units.
    Sum,
}

impl<'m> Telling<'_, 'm> {
    /// Every metric of every unit, as [`Telling::all`], and then of every group.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn all_levels(&self, groups: &Groups) -> Result<Vec<Told<'m>>, MeasureError> {
        let units = self.withholdings();
        let mut all = self.of_units(&units)?;
        let above = self.above(groups, &units, &all)?;
        all.extend(above);
        Ok(all)
    }

    fn above(
        &self,
        groups: &Groups,
        units: &[(&Unit, Withholding<'_>)],
        all: &[Told<'m>],
    ) -> Result<Vec<Told<'m>>, MeasureError> {
        let cube = self.cube.rolled(groups);
        let rolled = self.over(&cube, groups);
        let beside = Beside::of((self, &rolled), groups, units);
        let sums = summed(all);
        let metrics: Vec<&'m Metric> = self.metrics.values().copied().collect();
        let each = metrics.into_par_iter().map(|metric| {
            let eras = rolled.definitions(metric).filter_map(|(metric, era)| {
                let way = rolled.way(metric, era.first)?;
                Some((metric, way, era, rolled.footing(metric, era.first)))
            });
            let eras: Vec<_> = eras.collect();
            let mut found = Vec::new();
            for (at, asked) in
                (0..groups.list.len()).flat_map(|at| eras.iter().map(move |era| (at, era)))
            {
                found.extend(of_group(&rolled, (groups, at), asked, (&sums, &beside))?);
            }
            Ok(found)
        });
        Ok(each.collect::<Result<Vec<_>, MeasureError>>()?.into_iter().flatten().collect())
    }

    /// The same telling over what groups have together.
    pub fn over<'g>(&'g self, cube: &'g Cube, groups: &'g Groups) -> Telling<'g, 'm> {
        Telling {
            cube,
            metrics: self.metrics.clone(),
            units: &groups.units,
            as_of: self.as_of,
            fed: self.fed,
            stale: self.stale,
            peers: self.peers.clone(),
            calendar: self.calendar,
        }
    }

    /// How a metric, as defined on a day, is told above the unit; none if it is not. What looks at the parts of a
    /// unit, at its peers or at a list for it means nothing of many units: its values are added up if they may be.
    pub(super) fn way(&self, metric: &Metric, day: Date) -> Option<Way> {
        if !metric.is_rolled_up || metric.only.is_some() || !metric.grain.contains(&Grain::Unit) {
            return None;
        }
        let mut is_of_unit = false;
        self.each_below(&metric.value, day, &mut |piece| {
            is_of_unit |= match piece {
                Formula::Over(..) | Formula::OfUnit(_) | Formula::Peers(_) => true,
                Formula::Name(name) => {
                    self.cube.measures.get(name).is_some_and(|amounts| !amounts.lists.is_empty())
                }
                _ => false,
            };
        });
        match (is_of_unit, metric.is_additive && metric.withhold.is_none()) {
            (false, _) => Some(Way::Measures),
            (true, true) => Some(Way::Sum),
            (true, false) => None,
        }
    }
}

/// A value of a group, which has no unit: its level and key stand where a dimension does.
pub(super) fn above_units<'m>(told: Told<'m>, groups: &Groups, at: usize) -> Told<'m> {
    let Some(group) = groups.list.get(at) else { return told };
    let part = Some((group.level.name().to_owned(), group.key.clone()));
    Told { place: (String::new(), None), part, level: group.level, ..told }
}

type Sums<'s, 'm> = BTreeMap<(&'s str, Period, &'s str), &'s Told<'m>>;

/// What is told of whole units, by metric, period and unit.
fn summed<'s, 'm>(all: &'s [Told<'m>]) -> Sums<'s, 'm> {
    let of_units = all.iter().filter(|told| told.place.1.is_none() && told.part.is_none());
    let sums = of_units.filter(|told| told.metric.is_additive);
    sums.map(|told| ((told.metric.name.as_str(), told.period, told.place.0.as_str()), told))
        .collect()
}

/// A metric of one group, in all periods that a definition tells.
fn of_group<'m>(
    rolled: &Telling<'_, 'm>,
    (groups, at): (&Groups, usize),
    (metric, way, era, footing): &(&'m Metric, Way, Era, Footing<'_>),
    (sums, beside): (&Sums<'_, 'm>, &Beside<'_>),
) -> Result<Vec<Told<'m>>, MeasureError> {
    let Some(unit) = groups.units.get(at) else { return Ok(Vec::new()) };
    let stand = Stand::of(rolled, footing, ((unit.unit_id.clone(), None), None));
    let mut found = Vec::new();
    let periods = rolled.periods(metric, unit, footing).into_iter();
    for period in periods.filter(|period| era.tells(*period)) {
        let seat = Seat { telling: rolled, stand: &stand, period, footing };
        let of_group = match way {
            Way::Measures => told(metric, &seat, beside.of_group(at))?,
            Way::Sum => {
                let members = groups.members(at, period.last().min(footing.told));
                let key = |unit| sums.get(&(metric.name.as_str(), period, unit)).copied();
                sum(metric, &seat, members.filter_map(key))?
            }
        };
        found.push(above_units(of_group, groups, at));
    }
    Ok(found)
}

/// The sum of what is told of units.
pub(super) fn sum<'a, 'm: 'a>(
    metric: &'m Metric,
    seat: &Seat<'_>,
    units: impl Iterator<Item = &'a Told<'m>>,
) -> Result<Told<'m>, MeasureError> {
    let mut whole = Told::nothing(metric, seat);
    whole.reason = seat.unfit();
    if let Some(reason) = whole.reason {
        whole.status = reason.status();
        return Ok(whole);
    }
    (whole.status, whole.reason) = (Status::NoData, Some(Reason::NoValue));
    let mut total = None::<Exact>;
    let mut is_few = false;
    for told in units {
        let Some(value) = told.value else { continue };
        let sum = num_traits::CheckedAdd::checked_add(&total.unwrap_or_default(), &value);
        total = Some(sum.ok_or_else(|| Overflow::Formula.told(&metric.name))?);
        is_few |= told.status == Status::Few;
    }
    if total.is_some() {
        (whole.status, whole.reason) = (Status::Ok, None);
        if is_few {
            whole.status = Status::Few;
        }
    }
    whole.value = total;
    Ok(whole)
}

/// The groups of each unit and month: those in which it happens, and those in which it is there.
type Standing<'g> = BTreeMap<&'g str, BTreeMap<Month, [Vec<Spot>; 2]>>;

impl Cube {
    /// What the units of each group have together, month by month.
    #[must_use]
    pub fn rolled(&self, groups: &Groups) -> Cube {
        let mut months: BTreeMap<&str, BTreeSet<Month>> = BTreeMap::new();
        for unit in groups.of_units() {
            let all = self.measures.values().flat_map(|amounts| amounts.months_of(unit));
            months.insert(unit, all.collect());
        }
        let place = |at: usize| Some(((groups.units.get(at)?.unit_id.clone(), None), None));
        let places = |unit: &str, month: Month| {
            [false, true].map(|is_stock| {
                groups.of_unit(unit, month, is_stock).into_iter().filter_map(place).collect()
            })
        };
        let of_unit = |(unit, months): (&'_ str, BTreeSet<Month>)| {
            months.into_iter().map(|month| (month, places(unit, month))).collect()
        };
        let standing: Standing<'_> =
            months.into_iter().map(|(unit, months)| (unit, of_unit((unit, months)))).collect();
        let measures: Vec<(&String, &Amounts)> = self.measures.iter().collect();
        let rolled = measures.into_par_iter().map(|(name, amounts)| {
            let is_stock = self.facts.get(&amounts.fact).is_some_and(|fact| fact.is_stock);
            (name.clone(), amounts.rolled(&standing, is_stock))
        });
        Cube {
            measures: rolled.collect::<Vec<_>>().into_iter().collect(),
            facts: self.facts.clone(),
            ..Cube::default()
        }
    }
}

impl Amounts {
    fn rolled(&self, standing: &Standing<'_>, is_stock: bool) -> Amounts {
        let mut gathered = Gathered::default();
        let all = standing.iter();
        let all = all.flat_map(|(unit, months)| months.iter().map(move |month| (*unit, month)));
        for (unit, (month, [happens, is_there])) in all {
            let spot = ((unit.to_owned(), None), None);
            let span = *month..=*month;
            let of_month = |sums: &Series<sums::Sums>| {
                let of_spot = sums.at(&spot);
                let at = of_spot.within(&span);
                (!at.is_empty()).then(|| of_spot.list.within(at))
            };
            let counts = self.counts.at(&spot);
            let values = counts.list.within(counts.within(&span));
            let [before, after] = &self.unanswered;
            let sums = [&self.sums, &self.rows, before, after].map(of_month);
            let brought = (sums, values.as_slice());
            for place in [happens, is_there][usize::from(is_stock)] {
                gathered.add(place, *month, brought);
            }
        }
        let Gathered { sums: [sums, rows, before, after], counts } = gathered;
        Amounts {
            sums: sums.into(),
            rows: rows.into(),
            unanswered: [before.into(), after.into()],
            counts: counts.into(),
            ..self.without_amounts()
        }
    }
}

/// What is added up for places, by month.
#[derive(Default)]
struct Gathered {
    /// Of amounts, of the rows that have one, and of those that the calendar does not answer.
    sums: [BTreeMap<Spot, BTreeMap<Month, Sum>>; 4],
    counts: BTreeMap<Spot, BTreeMap<Month, BTreeMap<i128, u64>>>,
}

impl Gathered {
    fn add(
        &mut self,
        place: &Spot,
        month: Month,
        (amounts, values): ([Option<Sum>; 4], &[(i128, u64)]),
    ) {
        for (sums, amount) in self.sums.iter_mut().zip(amounts) {
            if let Some(amount) = amount {
                let sums = sums.entry(place.clone()).or_default();
                let sum = sums.entry(month).or_insert(Some(0));
                *sum = sums::together(*sum, amount);
            }
        }
        for (value, count) in values {
            let counts = self.counts.entry(place.clone()).or_default();
            *counts.entry(month).or_default().entry(*value).or_default() += count;
        }
    }
}
