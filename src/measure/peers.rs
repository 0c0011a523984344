//! What does the home know of a unit beforehand? What its peers come to, frozen for the year, so that no
//! figure of a unit moves because another unit joined; and what lists ask of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::units::members;
use crate::base::period::Period;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::list::List;
use crate::spec::reference::Reference;

/// The units of each category, and what the home knows of them.
#[derive(Clone, Debug)]
pub struct Peers<'p> {
    /// What was frozen, by year.
    pub references: &'p BTreeMap<i16, Reference>,
    /// What is asked, by list.
    pub lists: &'p BTreeMap<String, List>,
    /// The category of each unit.
    pub categories: BTreeMap<String, String>,
}

impl<'p> Peers<'p> {
    /// As the table `unit` knows them on a day.
    pub fn of(catalog: &'p Catalog, units: Option<&DataFrame>, day: Date) -> Peers<'p> {
        let members = members(units, day).into_iter();
        let categories = members.flat_map(|(category, units)| {
            units.into_iter().map(move |unit| (unit, category.clone()))
        });
        let Catalog { references, lists, .. } = catalog;
        Peers { references, lists, categories: categories.collect() }
    }

    /// What a list asks of a unit.
    pub fn listed(&self, unit_id: &str, list: &str) -> Option<&'p BTreeSet<String>> {
        let category = self.categories.get(unit_id).map(String::as_str);
        self.lists.get(list)?.of(unit_id, category)
    }

    /// The mean of a metric over the category of a unit, for the year in which a period ends.
    pub fn mean(&self, unit_id: &str, period: Period, metric: &str) -> Option<Exact> {
        let reference = self.references.get(&period.last().last().year())?;
        reference.of(self.categories.get(unit_id)?, metric, "mean")
    }
}
