//! Which groups must not be told, because a unit that is withheld could be had from them by subtraction?
//! Rules 6.5.
//!
//! Whoever has all told units and groups can work out one thing more: what is not told of the units that
//! stand in the same told groups, together. Such units are a class. Groups are told one after another, the
//! wider ones first; one that would leave a class with a single withheld unit, or with too few people in
//! those of it that are withheld, is withheld itself. A unit's value never depends on another unit's.
//!
//! Parts of a distribution are tied twice: those of a unit add up to its people, and those of a class to
//! what is told of the groups. A withheld part is safe where somebody could be exchanged: one unit would
//! have one more of this part and one less of another, and another unit of the class the other way about.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use num_traits::Zero as _;
use rayon::prelude::*;

use super::cube::Spot;
use super::era::Era;
use super::groups::Groups;
use super::telling::Telling;
use super::units::Unit;
use super::withhold::Block;
use super::withhold::Distribution;
use super::withhold::Rests;
use super::withhold::Withholding;
use super::withhold::blocks;
use super::withhold::distributions;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Metric;

/// What is withheld of every group.
pub(super) struct Beside<'t> {
    of_groups: Vec<Withholding<'t>>,
}

/// What groups are told beside.
struct Asked<'a, 'm> {
    telling: &'a Telling<'a, 'm>,
    groups: &'a Groups,
    units: &'a [(&'a Unit, Withholding<'a>)],
    /// The last month that what holds is told of.
    told: Month,
}

/// How withheld units stand in groups: in which months of the period, one bit a month.
type Standing<'a> = BTreeMap<&'a str, BTreeMap<usize, u16>>;

/// The class of each unit.
type Classes<'a> = BTreeMap<&'a str, usize>;

impl<'t> Beside<'t> {
    /// Of groups beside the units, whose own withholding is known.
    pub(super) fn of(
        (telling, rolled): (&Telling<'_, '_>, &'t Telling<'_, '_>),
        groups: &Groups,
        units: &[(&Unit, Withholding<'_>)],
    ) -> Beside<'t> {
        let own = groups.units.par_iter().map(|unit| Withholding::of(rolled, unit));
        let mut beside = Beside { of_groups: own.collect() };
        let asked = Asked { telling, groups, units, told: telling.stock_month(true) };
        let mut told: BTreeMap<Rests<'t>, BTreeSet<Period>> = BTreeMap::new();
        let metrics = rolled.metrics.values();
        for (metric, era) in metrics.flat_map(|metric| rolled.definitions(metric)) {
            let rests = beside.of_groups.first().and_then(|of| of.rests(metric));
            let Some(rests) = rests else { continue };
            told.entry(rests).or_default().extend(periods(rolled, (metric, era), groups));
        }
        for (rests, periods) in told {
            let mut periods: Vec<Period> = periods.into_iter().collect();
            periods.sort_by_key(|period| (period.months().count(), *period));
            for period in periods {
                beside.hide(&asked, rests, period);
            }
        }
        for distribution in distributions(rolled) {
            let Some(first) = distribution.parts.values().next() else { continue };
            let blocks = blocks(rolled, &distribution);
            for period in periods(rolled, (first, distribution.era), groups) {
                beside.hide_parts(&asked, (&distribution, &blocks), period);
            }
        }
        beside
    }

    /// What is withheld of a group.
    pub(super) fn of_group(&self, at: usize) -> &Withholding<'t> {
        &self.of_groups[at]
    }

    /// What is withheld of each group, in their order.
    pub(super) fn into_groups(self) -> Vec<Withholding<'t>> {
        self.of_groups
    }

    /// Withholds groups that would tell of people who are withheld.
    fn hide(&mut self, asked: &Asked<'_, '_>, rests: Rests<'t>, period: Period) {
        let hidden = asked.hidden(rests, period);
        if hidden.is_empty() {
            return;
        }
        let Some(people) = asked.telling.cube.measures.get(rests.base) else { return };
        let count = |unit: &&str| people.on(&whole(unit)).within(period, asked.told).ok().flatten();
        let standing = asked.standing(hidden.iter().copied(), rests.is_flow, period);
        let mut classes: Classes<'_> = hidden.iter().map(|unit| (*unit, 0)).collect();
        for (at, unit) in asked.groups.units.iter().enumerate() {
            let own = &mut self.of_groups[at].hidden;
            let spot = whole(&unit.unit_id);
            let is_within =
                |short: &Period| period.first() <= short.first() && short.last() <= period.last();
            // What is withheld of a quarter could be had from the year beside the other quarters.
            let is_withheld = own.iter().any(|(of, place, short)| {
                (of, place) == (&rests, &spot)
                    && (short == &period || rests.is_flow && is_within(short))
            });
            let split = split(&classes, &standing, at);
            let is_safe = members(&split).values().all(|members| {
                let people = members.iter().filter_map(count).sum::<Exact>();
                members.len() > 1 && people >= rests.at_least
            });
            if is_withheld || !is_safe {
                own.insert((rests, spot, period));
            } else {
                classes = split;
            }
        }
    }

    /// Withholds the distribution of groups that would tell of a withheld part of a unit.
    fn hide_parts(
        &mut self,
        asked: &Asked<'_, '_>,
        (distribution, blocks): (&Distribution<'t>, &[Block<'t>]),
        period: Period,
    ) {
        let measures: Vec<&str> = distribution.parts.keys().copied().collect();
        let metrics: Vec<&'t Metric> = distribution.parts.values().copied().collect();
        let unions = blocks.first().map_or(&[][..], |(unions, _)| unions.as_slice());
        let block_of = |measure: &&str| blocks.iter().position(|(_, of)| of.contains(measure));
        let block_of: Vec<Option<usize>> = measures.iter().map(block_of).collect();
        let cells = asked.cells((&metrics, unions), &measures, period);
        if cells.is_empty() {
            return;
        }
        let standing = asked.standing(cells.keys().copied(), false, period);
        let mut classes: Classes<'_> = cells.keys().map(|unit| (*unit, 0)).collect();
        // Which parts some group tells of a class.
        let mut told: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (at, unit) in asked.groups.units.iter().enumerate() {
            let own = &mut self.of_groups[at];
            let spot = whole(&unit.unit_id);
            let rests = metrics.first().and_then(|metric| own.rests(metric));
            let is_withheld =
                rests.is_some_and(|rests| own.hidden.contains(&(rests, spot.clone(), period)));
            let is_told = |part: &usize| {
                let name = metrics[*part].name.as_str();
                !own.parts.contains(&(name, spot.clone(), period))
            };
            let of_group: BTreeSet<usize> = (0..metrics.len()).filter(is_told).collect();
            let split = split(&classes, &standing, at);
            let mut next: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
            for (unit, class) in &split {
                let known = next.entry(*class).or_default();
                known.extend(told.get(&classes[unit]).into_iter().flatten());
                let here = standing[unit].get(&at).map(|_| &of_group);
                known.extend(here.into_iter().flatten());
            }
            let is_safe = members(&split).iter().all(|(class, members)| {
                let cells: Vec<&Cells> = members.iter().map(|unit| &cells[*unit]).collect();
                is_safe(&cells, &next[class], &block_of, distribution.at_least)
            });
            if is_withheld || !is_safe {
                let all = metrics.iter().chain(unions);
                own.parts.extend(all.map(|metric| (metric.name.as_str(), spot.clone(), period)));
            } else {
                (classes, told) = (split, next);
            }
        }
    }
}

/// What is withheld of the distribution of a unit.
#[derive(Default)]
struct Cells {
    /// By their place in the distribution; how many people each counts.
    parts: BTreeMap<usize, Exact>,
    /// Whether nothing is told of several parts at once.
    has_no_union: bool,
}

impl<'a> Asked<'a, '_> {
    /// The units that are withheld for the people they rest on.
    fn hidden(&self, rests: Rests<'_>, period: Period) -> Vec<&'a str> {
        let is_hidden = |(unit, withholding): &&(&'a Unit, Withholding<'_>)| {
            withholding.hidden.contains(&(rests, whole(&unit.unit_id), period))
        };
        self.units.iter().filter(is_hidden).map(|(unit, _)| unit.unit_id.as_str()).collect()
    }

    /// The parts that are withheld of units: all of them where the unit is.
    fn cells(
        &self,
        (metrics, unions): (&[&Metric], &[&Metric]),
        measures: &[&str],
        period: Period,
    ) -> BTreeMap<&'a str, Cells> {
        let mut cells: BTreeMap<&str, Cells> = BTreeMap::new();
        for (unit, withholding) in self.units {
            let spot = whole(&unit.unit_id);
            let all = metrics.iter().zip(measures).enumerate();
            let hidden = all.filter(|(_, (metric, _))| withholding.holds(metric, &spot, period));
            for (part, (_, measure)) in hidden {
                let amounts = self.telling.cube.measures.get(*measure);
                let count =
                    amounts.and_then(|all| all.on(&spot).within(period, self.told).ok().flatten());
                let of_unit = cells.entry(&unit.unit_id).or_default();
                of_unit.parts.insert(part, count.unwrap_or_else(Exact::zero));
                of_unit.has_no_union =
                    unions.iter().all(|union| withholding.holds(union, &spot, period));
            }
        }
        cells
    }

    fn standing(
        &self,
        units: impl Iterator<Item = &'a str>,
        is_flow: bool,
        period: Period,
    ) -> Standing<'a> {
        let mut standing = Standing::new();
        let last = period.last().min(self.told);
        for unit in units {
            let of_unit = standing.entry(unit).or_default();
            let months = period.months().filter(|month| is_flow || *month == last);
            let groups = months.enumerate().flat_map(|(bit, month)| {
                let groups = self.groups.of_unit(unit, month, false).into_iter();
                groups.map(move |at| (at, 1_u16 << bit.min(15)))
            });
            for (at, bit) in groups {
                *of_unit.entry(at).or_default() |= bit;
            }
        }
        standing
    }
}

fn whole(unit: &str) -> Spot {
    ((unit.to_owned(), None), None)
}

/// Every period in which a definition tells of any group.
fn periods(
    rolled: &Telling<'_, '_>,
    (metric, era): (&Metric, Era),
    groups: &Groups,
) -> BTreeSet<Period> {
    let footing = rolled.footing(metric, era.first);
    let all = groups.units.iter().flat_map(|unit| rolled.periods(metric, unit, &footing));
    all.filter(|period| era.tells(*period)).collect()
}

/// The classes that are left where one more group is told.
fn split<'a>(classes: &Classes<'a>, standing: &Standing<'a>, at: usize) -> Classes<'a> {
    let mut known: BTreeMap<(usize, u16), usize> = BTreeMap::new();
    let class = |(unit, class): (&&'a str, &usize)| {
        let pattern = standing.get(unit).and_then(|groups| groups.get(&at)).copied();
        let next = known.len();
        (*unit, *known.entry((*class, pattern.unwrap_or_default())).or_insert(next))
    };
    classes.iter().map(class).collect()
}

fn members<'a>(classes: &Classes<'a>) -> BTreeMap<usize, Vec<&'a str>> {
    let mut members: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (unit, class) in classes {
        members.entry(*class).or_default().push(unit);
    }
    members
}

/// Whether nobody in a class can be told by the parts that groups tell of it: what is withheld of such a part
/// counts enough people together, and in every unit somebody could be exchanged for somebody of another part.
fn is_safe(
    units: &[&Cells],
    told: &BTreeSet<usize>,
    block_of: &[Option<usize>],
    at_least: Exact,
) -> bool {
    told.iter().all(|part| {
        let hidden: Vec<(usize, &Exact)> = units
            .iter()
            .enumerate()
            .filter_map(|(at, cells)| Some((at, cells.parts.get(part)?)))
            .collect();
        let people: Exact = hidden.iter().map(|(_, count)| **count).sum();
        // Where there is nobody, nobody is told of.
        let mut somebody = hidden.iter().filter(|(_, count)| !count.is_zero());
        let is_enough = people.is_zero() || people >= at_least;
        is_enough && somebody.all(|(at, own)| is_exchangeable(units, (*at, *part, own), block_of))
    })
}

/// Whether a unit could have one more or less of a part, one less or more of another, and a second unit the
/// other way about. Where something is told of several parts at once, both stand on the same side of it.
fn is_exchangeable(
    units: &[&Cells],
    (at, part, own): (usize, usize, &Exact),
    block_of: &[Option<usize>],
) -> bool {
    let both = |one: &Exact, two: &Exact| !one.is_zero() && !two.is_zero();
    units[at].parts.iter().filter(|(other, _)| **other != part).any(|(other, own_other)| {
        let is_same_block = block_of[*other] == block_of[part];
        units.iter().enumerate().any(|(place, cells)| {
            let (Some(here), Some(there)) = (cells.parts.get(&part), cells.parts.get(other)) else {
                return false;
            };
            let is_free = is_same_block || (units[at].has_no_union && cells.has_no_union);
            place != at && is_free && (both(own, there) || both(own_other, here))
        })
    })
}
