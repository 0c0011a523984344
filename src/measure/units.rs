//! Which units are there, and since when?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::frame::table;

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

/// What a unit was from a day to before another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    /// The first day.
    pub(super) from: Date,
    /// The first day no longer; none while it lasts.
    pub(super) to: Option<Date>,
    /// Its category.
    pub(super) category: Option<String>,
    /// What follows it.
    pub(super) successor: Option<String>,
}

impl Line {
    /// Whether it holds on a day.
    pub(super) fn holds(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }
}

/// The lines of every unit in the table `unit`, in the order of time.
pub(super) fn lines(table: Option<&DataFrame>) -> BTreeMap<String, Vec<Line>> {
    let columns = ["unit_id", "valid_from", "valid_to", "category", "successor_id"];
    let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for row in table.into_iter().flat_map(|units| table::to_rows(units, &columns)) {
        let Some(unit_id) = text_of(row.first()) else { continue };
        let (from, to) = (day_of(row.get(1)).unwrap_or(Date::MIN), day_of(row.get(2)));
        let (category, successor) = (text_of(row.get(3)), text_of(row.get(4)));
        lines.entry(unit_id).or_default().push(Line { from, to, category, successor });
    }
    for of_unit in lines.values_mut() {
        of_unit.sort();
    }
    lines
}

/// The unit on a day: itself, or what has followed it; what the list of units does not know may always be there.
pub(super) fn in_force<'l>(
    lines: &'l BTreeMap<String, Vec<Line>>,
    unit: &'l str,
    day: Date,
) -> Option<&'l str> {
    let mut unit = unit;
    // More than so many successors are a circle.
    for _ in 0..16 {
        let Some(of_unit) = lines.get(unit).filter(|of| !of.iter().any(|line| line.holds(day)))
        else {
            return Some(unit);
        };
        let ended = of_unit.iter().filter(|line| line.to.is_some_and(|to| to <= day));
        unit = ended.max_by_key(|line| line.to)?.successor.as_deref()?;
    }
    None
}

/// The units of the table `unit`, each from its first day to its last.
pub fn units(table: Option<&DataFrame>) -> Vec<Unit> {
    let unit = |(unit_id, lines): (String, Vec<Line>)| {
        let from = lines.iter().map(|line| line.from).min().unwrap_or(Date::MIN);
        // One that has no end is there for good.
        let ends: Option<Vec<Date>> = lines.iter().map(|line| line.to).collect();
        Unit { unit_id, from, to: ends.and_then(|ends| ends.into_iter().max()) }
    };
    lines(table).into_iter().map(unit).collect()
}

/// The units of every category on a day.
pub fn members(units: Option<&DataFrame>, day: Date) -> BTreeMap<String, Vec<String>> {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (unit_id, lines) in lines(units) {
        let there = lines.into_iter().filter(|line| line.holds(day));
        for category in there.filter_map(|line| line.category).collect::<BTreeSet<_>>() {
            members.entry(category).or_default().push(unit_id.clone());
        }
    }
    members
}
