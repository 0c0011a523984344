//! What does one written name mean, where and when it was written? The rules in their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use super::AliasLine;
use super::BETWEEN;
use super::Meaning;
use super::Names;
use super::Origin;
use super::Resolved;
use super::UnitName;
use crate::base::fold::outside_and_inside;

/// How the names of sections and inner bodies end, which have no place in a list of units.
const INNER: [&str; 5] = ["科", "室", "处", "股", "队"];

/// One question: a name's place and day.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) names: &'a Names,
    pub(super) origin: Origin<'a>,
    pub(super) day: Date,
}

impl Asked<'_> {
    /// The whole name: exact, then by region, then as listed.
    pub(super) fn find(self, key: &str) -> Resolved {
        self.exact(key).or_else(|| self.by_region(key)).or_else(|| self.listed(key))
    }

    fn exact(self, key: &str) -> Resolved {
        let mut lines = self.names.lines(self.names.by_name.get(key));
        let is_own = |line: &&UnitName| Some(&*line.region) == self.origin.region;
        let is_relative =
            key.starts_with('市') && self.names.regions.is_lower_city(self.origin.region);
        if is_relative || (lines.len() > 1 && lines.iter().any(is_own)) {
            lines.retain(is_own);
        }
        self.names.meant(&lines, self.day)
    }

    fn by_region(self, key: &str) -> Resolved {
        let mut found = Resolved::Unknown;
        for reading in self.names.regions.readings(key, self.origin.region) {
            if found.is_decided() {
                break;
            }
            let is_there = |region: &Arc<str>| reading.regions.contains(region);
            let mut lines = self.names.lines(self.names.by_bare.get(reading.bare));
            if lines.is_empty() {
                let listed = self.names.by_bare_alias.get(reading.bare).into_iter().flatten();
                let listed = listed.filter(|(region, _)| is_there(region)).map(|(_, line)| *line);
                found = found.or_else(|| self.listed_lines(listed.collect()));
                continue;
            }
            // 区教体局 in the city's file may be that of any district, also of one not in the list.
            if reading.regions.len() > 1 {
                return Resolved::Ambiguous;
            }
            lines.retain(|line| is_there(&line.region));
            found = found.or_else(|| self.names.meant(&lines, self.day));
        }
        found
    }

    fn listed(self, key: &str) -> Resolved {
        self.listed_lines(self.names.by_alias.get(key).cloned().unwrap_or_default())
    }

    /// What listed lines mean; those of the system itself go before those of all.
    fn listed_lines(self, places: Vec<usize>) -> Resolved {
        let lines = places.into_iter().filter_map(|place| self.names.aliases.get(place));
        let lines: Vec<&AliasLine> = lines.filter(|line| self.holds(line)).collect();
        let is_own = |line: &&&AliasLine| line.system.is_some();
        let own: Vec<&AliasLine> = lines.iter().filter(is_own).copied().collect();
        let lines = if own.is_empty() { lines } else { own };
        let mut units = BTreeSet::new();
        let mut missing = Resolved::Unknown;
        for line in lines {
            match &line.means {
                Meaning::Ambiguous => return Resolved::Ambiguous,
                Meaning::Outside => return Resolved::Outside,
                Meaning::Unit(unit) => match self.names.in_force(unit, self.day) {
                    Some(unit) => _ = units.insert(unit),
                    None => missing = Resolved::OutOfTime(Arc::clone(unit)),
                },
            }
        }
        one_of(units, || missing)
    }

    fn holds(self, line: &AliasLine) -> bool {
        let is_of_system = line.system.is_none() || line.system.as_deref() == self.origin.system;
        let has_begun = line.valid_from.is_none_or(|from| from <= self.day);
        is_of_system && has_begun && line.valid_to.is_none_or(|to| self.day < to)
    }

    /// Whether a cell holds the names of two units.
    pub(super) fn several(self, key: &str) -> bool {
        let known = key.split(BETWEEN).filter(|part| self.find(part).unit().is_some());
        known.count() > 1
    }

    /// A unit and its second sign in a bracket, if both mean the same; or its section.
    pub(super) fn two_signs(self, key: &str) -> Resolved {
        let Some((outside, inside)) = outside_and_inside(key) else { return Resolved::Unknown };
        let outer = self.find(outside);
        let (Some(unit), second) = (outer.unit(), self.find(inside)) else { return outer };
        match second.unit() {
            Some(other) if other == unit => outer,
            Some(_) => Resolved::Ambiguous,
            None if is_inner(inside) => {
                Resolved::Unit { unit: Arc::clone(unit), inner: Some(inside.to_owned()) }
            }
            None => Resolved::Unknown,
        }
    }

    /// A unit and its section or inner body, the longest name of a unit first.
    pub(super) fn with_inner(self, key: &str) -> Resolved {
        let places: Vec<usize> = key.char_indices().map(|(place, _)| place).collect();
        for place in places.into_iter().rev() {
            let Some((outside, inside)) = key.split_at_checked(place) else { continue };
            if !is_inner(inside) {
                continue;
            }
            if let Some(unit) = self.find(outside).unit() {
                return Resolved::Unit { unit: Arc::clone(unit), inner: Some(inside.to_owned()) };
            }
        }
        Resolved::Unknown
    }
}

fn is_inner(name: &str) -> bool {
    name.chars().count() > 2 && INNER.iter().any(|end| name.ends_with(end))
}

/// The one unit of some; several are ambiguous.
pub(super) fn one_of(units: BTreeSet<Arc<str>>, none: impl FnOnce() -> Resolved) -> Resolved {
    let mut units = units.into_iter();
    match (units.next(), units.next()) {
        (None, _) => none(),
        (Some(unit), None) => Resolved::Unit { unit, inner: None },
        (Some(_), Some(_)) => Resolved::Ambiguous,
    }
}
