//! Which units make a group, month by month? A unit counts where it stood at the end of the month: one that
//! moved to another category, region or parent counts for either in its time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::units::Unit;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::base::period::Month;
use crate::frame::table;

/// For what a metric is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A section of a unit.
    Section,
    /// A unit.
    Unit,
    /// A unit with all units below it.
    Parent,
    /// The units of a category.
    Category,
    /// The units of a region.
    County,
    /// All units.
    City,
}

impl Level {
    /// Those above the unit, the wider ones first.
    pub const ABOVE: [Level; 4] = [Level::City, Level::Category, Level::County, Level::Parent];

    /// The level of a word.
    pub fn named(word: &str) -> Option<Level> {
        Level::ABOVE.into_iter().find(|level| level.name() == word)
    }

    /// The word in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Level::Section => "section",
            Level::Unit => "unit",
            Level::Parent => "parent",
            Level::Category => "category",
            Level::County => "county",
            Level::City => "city",
        }
    }

    /// Whether it is a group of units.
    pub fn is_above(self) -> bool {
        Level::ABOVE.contains(&self)
    }
}

/// A group of units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Of what kind.
    pub level: Level,
    /// Which one: a category, a region, the unit above, the city.
    pub key: String,
}

impl Group {
    /// The name under which it is counted; no unit has it.
    pub fn place(&self) -> String {
        format!("{}:{}", self.level.name(), self.key)
    }
}

/// What a unit was from one month to another.
#[derive(Clone, Debug)]
struct Stay {
    first: Month,
    /// None is open; the month before the first is none at all.
    last: Option<Month>,
    to: Option<Date>,
    category: Option<String>,
    region: Option<String>,
    parent: Option<String>,
}

/// All groups of a city, the wider ones first.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// By level and key.
    pub list: Vec<Group>,
    /// As pseudo-units, in the same order, each from the first day of its units to the last.
    pub(super) units: Vec<Unit>,
    stays: BTreeMap<String, Vec<Stay>>,
    places: BTreeMap<Group, usize>,
}

impl Groups {
    /// As the table `unit` knows them; `city` is what the whole is called.
    pub fn of(units: Option<&DataFrame>, city: &str) -> Groups {
        let mut groups = Groups { stays: stays(units), ..Groups::default() };
        let mut spans: BTreeMap<Group, (Date, Option<Date>)> = BTreeMap::new();
        let all = groups.stays.iter();
        let all = all.flat_map(|(unit, stays)| stays.iter().map(move |stay| (unit, stay)));
        for (unit, stay) in all {
            let span = (stay.first.first(), stay.to);
            for group in groups.around(unit, stay, stay.first, city) {
                let known = spans.entry(group).or_insert(span);
                known.0 = known.0.min(span.0);
                known.1 = known.1.zip(span.1).map(|(known, to)| known.max(to));
            }
        }
        let parents: BTreeSet<&String> =
            groups.stays.values().flatten().filter_map(|stay| stay.parent.as_ref()).collect();
        // Who has nobody below is no group.
        spans.retain(|group, _| group.level != Level::Parent || parents.contains(&group.key));
        let order = |level| Level::ABOVE.iter().position(|known| *known == level);
        let mut list: Vec<(Group, (Date, Option<Date>))> = spans.into_iter().collect();
        list.sort_by(|(one, _), (other, _)| {
            (order(one.level), &one.key).cmp(&(order(other.level), &other.key))
        });
        let unit = |(group, (from, to)): &(Group, (Date, Option<Date>))| Unit {
            unit_id: group.place(),
            from: *from,
            to: *to,
        };
        groups.units = list.iter().map(unit).collect();
        groups.list = list.into_iter().map(|(group, _)| group).collect();
        groups.places =
            groups.list.iter().enumerate().map(|(at, group)| (group.clone(), at)).collect();
        groups
    }

    /// The groups that a unit stands in in a month, by their place in the list. What is there at a month's
    /// end counts only where its unit is; what happens before or after, where it was first or last.
    pub(super) fn of_unit(&self, unit: &str, month: Month, is_stock: bool) -> Vec<usize> {
        let Some(stay) = self.stay(unit, month, is_stock) else { return Vec::new() };
        let city = self.list.first().map_or("", |city| city.key.as_str());
        let around = self.around(unit, stay, month, city).into_iter();
        around.filter_map(|group| self.places.get(&group).copied()).collect()
    }

    /// The place in the list of a group; none where it is none.
    pub fn at(&self, level: Level, key: &str) -> Option<usize> {
        self.places.get(&Group { level, key: key.to_owned() }).copied()
    }

    /// The units that stand in each group in a month, in the order of the list.
    pub fn standing(&self, month: Month, is_stock: bool) -> Vec<Vec<String>> {
        let mut standing = vec![Vec::new(); self.list.len()];
        for unit in self.of_units() {
            for at in self.of_unit(unit, month, is_stock) {
                standing[at].push(unit.to_owned());
            }
        }
        standing
    }

    /// The units that stand in a group in a month, or did last before, or will first after it.
    pub fn members_at(&self, group: usize, month: Month) -> Vec<String> {
        self.members(group, month).map(str::to_owned).collect()
    }

    /// Every unit, in the order of their keys.
    pub(super) fn of_units(&self) -> impl Iterator<Item = &str> {
        self.stays.keys().map(String::as_str)
    }

    /// The units that stand in a group in a month, or did last before, or will first after it.
    pub(super) fn members(&self, group: usize, month: Month) -> impl Iterator<Item = &str> {
        let is_in = move |unit: &&str| self.of_unit(unit, month, false).contains(&group);
        self.of_units().filter(is_in)
    }

    fn stay(&self, unit: &str, month: Month, is_stock: bool) -> Option<&Stay> {
        let stays = self.stays.get(unit)?;
        let known = stays.iter().rev().find(|stay| stay.first <= month);
        if is_stock {
            return known.filter(|stay| stay.last.is_none_or(|last| month <= last));
        }
        known.or(stays.first())
    }

    /// The groups around a unit in a month.
    fn around(&self, unit: &str, stay: &Stay, month: Month, city: &str) -> Vec<Group> {
        let of = |level, key: &str| Group { level, key: key.to_owned() };
        let mut around = vec![of(Level::City, city)];
        around.extend(stay.category.iter().map(|key| of(Level::Category, key)));
        around.extend(stay.region.iter().map(|key| of(Level::County, key)));
        let mut above = vec![unit.to_owned()];
        let mut next = stay.parent.clone();
        // A unit that stands below itself is below nothing twice.
        while let Some(parent) = next.filter(|parent| !above.contains(parent)) {
            next = self.stay(&parent, month, false).and_then(|stay| stay.parent.clone());
            above.push(parent);
        }
        around.extend(above.iter().map(|key| of(Level::Parent, key)));
        around
    }
}

/// The rows of each unit, in the order of time.
fn stays(units: Option<&DataFrame>) -> BTreeMap<String, Vec<Stay>> {
    let columns = ["unit_id", "valid_from", "valid_to", "category", "region", "parent_id"];
    let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
    for row in units.into_iter().flat_map(|units| table::to_rows(units, &columns)) {
        let Some(unit) = text_of(row.first()) else { continue };
        let (from, to) = (day_of(row.get(1)).unwrap_or(Date::MIN), day_of(row.get(2)));
        stays.entry(unit).or_default().push(Stay {
            first: Month::of(from),
            last: to.map(|to| Month::of(to).previous()),
            to,
            category: text_of(row.get(3)),
            region: text_of(row.get(4)),
            parent: text_of(row.get(5)),
        });
    }
    for rows in stays.values_mut() {
        rows.sort_by_key(|stay| (stay.first, stay.last.is_none(), stay.last));
    }
    stays
}
