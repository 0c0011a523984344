//! What do a unit's peers come to? What was frozen for the year, so that no figure of a unit moves because
//! another unit joined.

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::units::members;
use crate::base::period::Period;
use crate::spec::formula::Exact;
use crate::spec::reference::Reference;

/// The units of each category, and what is known of them.
#[derive(Clone, Debug)]
pub struct Peers<'p> {
    /// What was frozen, by year.
    pub references: &'p BTreeMap<i16, Reference>,
    /// The category of each unit.
    pub categories: BTreeMap<String, String>,
}

impl<'p> Peers<'p> {
    /// As the table `unit` knows them on a day.
    pub fn of(
        references: &'p BTreeMap<i16, Reference>,
        units: Option<&DataFrame>,
        day: Date,
    ) -> Peers<'p> {
        let members = members(units, day).into_iter();
        let categories = members.flat_map(|(category, units)| {
            units.into_iter().map(move |unit| (unit, category.clone()))
        });
        Peers { references, categories: categories.collect() }
    }

    /// The mean of a metric over the category of a unit, for the year in which a period ends.
    pub fn mean(&self, unit_id: &str, period: Period, metric: &str) -> Option<Exact> {
        let reference = self.references.get(&period.last().last().year())?;
        reference.of(self.categories.get(unit_id)?, metric, "mean")
    }
}
