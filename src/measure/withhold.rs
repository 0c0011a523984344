//! What must be withheld although enough people stand behind it, because something else that is withheld
//! could be had from it by subtraction? Rules 6.5.
//!
//! Three things are looked at, for every unit: a whole beside its parts, a longer period beside the
//! shorter ones within it, and the parts of a distribution. Only counts of people are asked, so that
//! metrics that rest on the same people withhold the same places and cannot be played off against each other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use num_traits::Signed as _;
use num_traits::Zero as _;

use super::behind::last_month;
use super::cube::Amounts;
use super::cube::Spot;
use super::era::Era;
use super::telling::Telling;
use super::units::Unit;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Metric;

/// On whom metrics rest, and whether what they tell of a year is the sum of its quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rests<'t> {
    pub(super) base: &'t str,
    pub(super) at_least: Exact,
    pub(super) is_flow: bool,
}

/// What is withheld of one unit beside what rests on too few people itself.
#[derive(Debug, Default)]
pub(super) struct Withholding<'t> {
    /// By the metric and its version.
    rests: BTreeMap<(&'t str, i64), Rests<'t>>,
    pub(super) hidden: BTreeSet<(Rests<'t>, Spot, Period)>,
    /// Those of them that tell of days on which nobody is known yet.
    unknown: BTreeSet<(Rests<'t>, Spot, Period)>,
    /// Single metrics: parts of a distribution.
    pub(super) parts: BTreeSet<(&'t str, Spot, Period)>,
}

/// The metrics that rest on the same people, and where and when they are told.
#[derive(Default)]
struct Group<'t> {
    spots: BTreeSet<Spot>,
    periods: BTreeSet<Period>,
    measures: BTreeSet<&'t str>,
}

/// The metrics of one distribution, as they are defined in an era: each counts some of the same people.
pub(super) struct Distribution<'t> {
    pub(super) era: Era,
    pub(super) at_least: Exact,
    below: &'t str,
    /// By the measure that is counted.
    pub(super) parts: BTreeMap<&'t str, &'t Metric>,
}

impl<'t> Withholding<'t> {
    /// Of a unit.
    pub(super) fn of(telling: &'t Telling<'_, '_>, unit: &Unit) -> Withholding<'t> {
        let mut found = Withholding::default();
        let mut groups: BTreeMap<Rests<'t>, Group<'t>> = BTreeMap::new();
        let metrics = telling.metrics.values().copied();
        for (metric, era) in metrics.flat_map(|metric| telling.definitions(metric)) {
            let Some(withhold) = &metric.withhold else { continue };
            let footing = telling.footing(metric, era.first);
            let happens = |fact: &&str| telling.cube.facts.get(*fact).is_some_and(|f| !f.is_stock);
            let is_flow = footing.facts.iter().any(happens);
            let base = withhold.name.value.as_str();
            let rests = Rests { base, at_least: withhold.at_least, is_flow };
            found.rests.insert((&metric.name, metric.version), rests);
            let group = groups.entry(rests).or_default();
            group.spots.extend(telling.spots(metric, unit, &footing));
            let periods = telling.periods(metric, unit, &footing).into_iter();
            group.periods.extend(periods.filter(|period| era.tells(*period)));
            group.measures.extend(&footing.asked);
        }
        for (rests, group) in &groups {
            let Some(people) = telling.cube.measures.get(rests.base) else { continue };
            found.hide(telling, unit, (*rests, group), people);
        }
        for distribution in distributions(telling) {
            found.hide_parts(telling, unit, &distribution);
        }
        found
    }

    /// Whether a value is withheld for what could be had from it.
    pub(super) fn holds(&self, metric: &Metric, spot: &Spot, period: Period) -> bool {
        let name = metric.name.as_str();
        self.rests(metric).is_some_and(|rests| self.hidden.contains(&(rests, spot.clone(), period)))
            || self.parts.contains(&(name, spot.clone(), period))
    }

    /// Whether nothing is told because nobody is known yet, or only of a part of the period: nobody is few there.
    pub(super) fn is_unknown(&self, metric: &Metric, spot: &Spot, period: Period) -> bool {
        let known = |rests| self.unknown.contains(&(rests, spot.clone(), period));
        self.rests(metric).is_some_and(known)
    }

    /// On whom a definition of a metric rests, where it says that.
    pub(super) fn rests(&self, metric: &Metric) -> Option<Rests<'t>> {
        self.rests.get(&(metric.name.as_str(), metric.version)).copied()
    }

    /// Withholds until nothing more has to be.
    fn hide(
        &mut self,
        telling: &Telling<'_, '_>,
        unit: &Unit,
        (rests, group): (Rests<'t>, &Group<'t>),
        people: &Amounts,
    ) {
        let told = telling.stock_month(true);
        let count = |amounts: &Amounts, spot: &Spot, period: Period| {
            let count = amounts.on(spot).within(period, told).ok().flatten();
            count.unwrap_or_else(Exact::zero)
        };
        let whole = ((unit.unit_id.clone(), None), None);
        let mut spots = group.spots.clone();
        let section = |section: &str| ((unit.unit_id.clone(), Some(section.to_owned())), None);
        spots.extend(people.sections(&unit.unit_id).map(section));
        spots.insert(whole.clone());
        let measures = group.measures.iter().filter_map(|name| telling.cube.measures.get(*name));
        let measures: Vec<&Amounts> = measures.collect();
        let mut at: BTreeMap<Period, BTreeMap<&Spot, Exact>> = BTreeMap::new();
        let mut hidden: BTreeSet<(&Spot, Period)> = BTreeSet::new();
        let places = group.periods.iter().flat_map(|of| spots.iter().map(move |spot| (of, spot)));
        for (period, spot) in places {
            let present = count(people, spot, *period);
            let any = || measures.iter().any(|all| !count(all, spot, *period).is_zero());
            if present < rests.at_least && (present.is_positive() || any()) {
                hidden.insert((spot, *period));
            }
            at.entry(*period).or_default().insert(spot, present);
        }
        let first = telling.cube.facts.get(&people.fact).and_then(|known| known.first);
        let is_unknown = |period: Period| first.is_none_or(|first| period.last() < first);
        let mut unknown = hidden.clone();
        unknown.retain(|(_, period)| is_unknown(*period));
        if rests.is_flow {
            unknown.extend(longer(&group.periods, &unknown));
        }
        loop {
            let before = hidden.len();
            if rests.is_flow {
                let longer = longer(&group.periods, &hidden);
                hidden.extend(longer);
            }
            for (period, people) in &at {
                beside_whole((*period, rests.at_least), (&whole, people), &mut hidden);
            }
            if hidden.len() == before {
                break;
            }
        }
        let of_rests = |(spot, period): (&Spot, Period)| (rests, spot.clone(), period);
        self.hidden.extend(hidden.into_iter().map(of_rests));
        self.unknown.extend(unknown.into_iter().map(of_rests));
    }

    /// Withholds parts of a distribution that count one or two people, and others with them. What a
    /// metric tells of several parts at once divides them into blocks: of each block two are withheld,
    /// or none.
    fn hide_parts(
        &mut self,
        telling: &'t Telling<'_, '_>,
        unit: &Unit,
        distribution: &Distribution<'t>,
    ) {
        let Some(first) = distribution.parts.values().next() else { return };
        let era = distribution.era;
        let footing = telling.footing(first, era.first);
        let told = telling.stock_month(true);
        let blocks = blocks(telling, distribution);
        let mut periods = telling.periods(first, unit, &footing);
        periods.retain(|period| era.tells(*period));
        let spots = telling.spots(first, unit, &footing);
        let places = spots.iter().flat_map(|spot| periods.iter().map(move |of| (spot, *of)));
        let everywhere = places.flat_map(|place| blocks.iter().map(move |block| (place, block)));
        for ((spot, period), (unions, block)) in everywhere {
            let count = |measure: &&'t str| {
                let amounts = telling.cube.measures.get(*measure);
                let count =
                    amounts.and_then(|all| all.on(spot).within(period, told).ok().flatten());
                (*measure, count.unwrap_or_else(Exact::zero))
            };
            let hidden = hidden_parts(&block.iter().map(count).collect(), distribution.at_least);
            // A part that is a block of its own is told by what is told of all others.
            let is_alone = hidden.len() == 1;
            let unions = unions.iter().copied().filter(|_| is_alone);
            let parts = hidden.into_iter().filter_map(|of| distribution.parts.get(of).copied());
            for metric in parts.chain(unions) {
                self.parts.insert((&metric.name, spot.clone(), period));
            }
        }
    }
}

impl Telling<'_, '_> {
    /// The month that what holds is told at. Where it must not tell of single people it moves once a month,
    /// so that two nights show no one who came or went between them.
    pub fn stock_month(&self, is_withheld: bool) -> Month {
        last_month(self.as_of, is_withheld)
    }
}

/// The longer periods that hold a shorter one in which a spot is withheld.
fn longer<'s>(
    periods: &BTreeSet<Period>,
    hidden: &BTreeSet<(&'s Spot, Period)>,
) -> Vec<(&'s Spot, Period)> {
    let mut found = Vec::new();
    for (spot, short) in hidden {
        let around = periods.iter().filter(|long| {
            *long != short && long.first() <= short.first() && short.last() <= long.last()
        });
        found.extend(around.map(|long| (*spot, *long)));
    }
    found
}

/// Withholds the smallest parts that are told beside a whole, until what is not told of it is two parts
/// and enough people, or nothing.
fn beside_whole<'s>(
    (period, at_least): (Period, Exact),
    (whole, people): (&Spot, &BTreeMap<&'s Spot, Exact>),
    hidden: &mut BTreeSet<(&'s Spot, Period)>,
) {
    let kind = |spot: &Spot| (spot.0.1.is_some(), spot.1.as_ref().map(|(by, _)| by.clone()));
    let mut kinds: BTreeMap<_, Vec<(Exact, &'s Spot)>> = BTreeMap::new();
    for (spot, count) in people.iter().filter(|(spot, _)| **spot != whole) {
        kinds.entry(kind(spot)).or_default().push((*count, spot));
    }
    let all = people.get(whole).copied().unwrap_or_else(Exact::zero);
    for mut parts in kinds.into_values() {
        parts.sort();
        loop {
            let (out, told): (Vec<(Exact, &Spot)>, Vec<_>) =
                parts.iter().copied().partition(|(_, spot)| hidden.contains(&(*spot, period)));
            let told: Vec<(Exact, &Spot)> =
                told.into_iter().filter(|(count, _)| count.is_positive()).collect();
            let rest = all - told.iter().map(|(count, _)| *count).sum::<Exact>();
            let is_enough = out.len() != 1 && (rest.is_zero() || rest >= at_least);
            let Some((_, smallest)) = told.first().filter(|_| !is_enough) else { break };
            hidden.insert((smallest, period));
        }
    }
}

/// The distributions that are told, era by era: metrics made by one `each`, each a count over the same count.
pub(super) fn distributions<'t>(telling: &'t Telling<'_, '_>) -> Vec<Distribution<'t>> {
    let mut found: BTreeMap<_, Distribution<'t>> = BTreeMap::new();
    let metrics = telling.metrics.values().copied();
    for (metric, era) in metrics.flat_map(|metric| telling.definitions(metric)) {
        let (Some(withhold), Formula::Divide(above, below)) = (&metric.withhold, &metric.value)
        else {
            continue;
        };
        let (Formula::Name(above), Formula::Name(below)) = (&**above, &**below) else { continue };
        let nothing =
            || Distribution { era, at_least: withhold.at_least, below, parts: BTreeMap::new() };
        let key = (&metric.file, metric.place, below, era);
        found.entry(key).or_insert_with(nothing).parts.insert(above, metric);
    }
    found.into_values().filter(|distribution| distribution.parts.len() > 1).collect()
}

/// Metrics, and the measures that only they have in common.
pub(super) type Block<'t> = (Vec<&'t Metric>, Vec<&'t str>);

/// The parts of a distribution, those together that no other metric tells apart.
pub(super) fn blocks<'t>(
    telling: &'t Telling<'_, '_>,
    distribution: &Distribution<'t>,
) -> Vec<Block<'t>> {
    let mut unions: Vec<(&'t Metric, BTreeSet<&'t str>)> = Vec::new();
    let metrics = telling.metrics.values().copied();
    for metric in metrics.flat_map(Metric::versions) {
        let Formula::Divide(above, below) = &metric.value else { continue };
        let mut names = BTreeSet::new();
        let is_sum = sums(above, &mut names);
        let is_below = matches!(&**below, Formula::Name(name) if name == distribution.below);
        let is_of_it = names.iter().all(|name| distribution.parts.contains_key(name));
        if is_sum && is_below && is_of_it && names.len() > 1 {
            unions.push((metric, names));
        }
    }
    let mut blocks: BTreeMap<Vec<bool>, Vec<&'t str>> = BTreeMap::new();
    for measure in distribution.parts.keys() {
        let within = unions.iter().map(|(_, names)| names.contains(measure)).collect();
        blocks.entry(within).or_default().push(measure);
    }
    let metrics: Vec<&Metric> = unions.iter().map(|(metric, _)| *metric).collect();
    blocks.into_values().map(|block| (metrics.clone(), block)).collect()
}

/// Whether a formula is a sum of names, which are noted.
fn sums<'f>(formula: &'f Formula, names: &mut BTreeSet<&'f str>) -> bool {
    match formula {
        Formula::Name(name) => names.insert(name),
        Formula::Add(x, y) => sums(x, names) && sums(y, names),
        _ => false,
    }
}

/// The parts of a block to withhold: those of too few people, and then the next smallest until they are
/// two and count enough; nobody in a part is the last that is taken.
fn hidden_parts<'c>(counts: &BTreeMap<&'c str, Exact>, at_least: Exact) -> BTreeSet<&'c str> {
    let is_small = |count: &Exact| count.is_positive() && *count < at_least;
    let mut hidden: BTreeSet<&'c str> =
        counts.iter().filter(|(_, count)| is_small(count)).map(|(name, _)| *name).collect();
    loop {
        let sum: Exact = hidden.iter().filter_map(|name| counts.get(name)).copied().sum();
        if hidden.is_empty() || (hidden.len() > 1 && sum >= at_least) {
            return hidden;
        }
        let told = counts.iter().filter(|(name, _)| !hidden.contains(*name));
        let next = told.min_by_key(|(name, count)| (count.is_zero(), **count, **name));
        let Some((name, _)) = next else { return hidden };
        hidden.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(counts: &[(&'static str, i128)]) -> Vec<&'static str> {
        let counts = counts.iter().map(|(name, count)| (*name, Exact::from(*count))).collect();
        hidden_parts(&counts, Exact::from(3)).into_iter().collect()
    }

    #[test]
    fn a_small_part_is_never_withheld_alone() {
        assert_eq!(hidden(&[("a", 5), ("b", 4), ("c", 3)]), Vec::<&str>::new());
        assert_eq!(hidden(&[("a", 5), ("b", 2), ("c", 3)]), ["b", "c"]);
        // Two of one person each are not yet enough.
        assert_eq!(hidden(&[("a", 1), ("b", 1), ("c", 9)]), ["a", "b", "c"]);
        // Where nobody else is left, an empty part is withheld too: nobody knows which of them it is.
        assert_eq!(hidden(&[("a", 1), ("b", 0)]), ["a", "b"]);
    }
}
