//! What does the home know of a unit beforehand? What its peers come to, frozen for the year, so that no
//! figure of a unit moves because another unit joined; and what lists ask of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::units::Line;
use super::units::lines;
use crate::base::period::Period;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::list::List;
use crate::spec::reference::Reference;

/// What the home knows of units.
#[derive(Clone, Debug)]
pub struct Peers<'p> {
    /// What was frozen, by year.
    pub references: &'p BTreeMap<i16, Reference>,
    /// What is asked, by list.
    pub lists: &'p BTreeMap<String, List>,
    /// What each unit was, in the order of time.
    units: BTreeMap<String, Vec<Line>>,
    /// The day that is told: what begins later is not known yet.
    as_of: Date,
}

impl<'p> Peers<'p> {
    /// As the table `unit` knows them, told as of a day.
    pub fn of(catalog: &'p Catalog, units: Option<&DataFrame>, as_of: Date) -> Peers<'p> {
        let Catalog { references, lists, .. } = catalog;
        Peers { references, lists, units: lines(units), as_of }
    }

    /// The category in which a unit stood on a day, or last before it, or first.
    pub fn category(&self, unit_id: &str, day: Date) -> Option<&str> {
        let mut lines = self.units.get(unit_id)?.iter().filter(|line| line.category.is_some());
        let begun = lines.clone().rev().find(|line| line.from <= day.min(self.as_of));
        begun.or(lines.next())?.category.as_deref()
    }

    /// What a list asks of a unit on a day.
    pub fn listed(&self, unit_id: &str, list: &str, day: Date) -> Option<&'p BTreeSet<String>> {
        self.lists.get(list)?.of(unit_id, self.category(unit_id, day))
    }

    /// The mean of a metric over the category of a unit, for the year in which a period ends.
    pub fn mean(&self, unit_id: &str, period: Period, metric: &str) -> Option<Exact> {
        let last = period.last().last();
        let reference = self.references.get(&last.year())?;
        reference.of(self.category(unit_id, last)?, metric, "mean")
    }
}
