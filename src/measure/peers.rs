//! What does the home know of a unit beforehand? What its peers come to, frozen for the year, so that no
//! figure of a unit moves because another unit joined; and what lists ask of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::DataFrame;

use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::base::period::Period;
use crate::frame::table;
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
    /// The categories of each unit, each from its first day, in the order of time.
    categories: BTreeMap<String, Vec<(Date, String)>>,
    /// The day that is told: what begins later is not known yet.
    as_of: Date,
}

impl<'p> Peers<'p> {
    /// As the table `unit` knows them, told as of a day.
    pub fn of(catalog: &'p Catalog, units: Option<&DataFrame>, as_of: Date) -> Peers<'p> {
        let columns = ["unit_id", "valid_from", "category"];
        let mut categories: BTreeMap<String, Vec<(Date, String)>> = BTreeMap::new();
        for row in units.into_iter().flat_map(|units| table::to_rows(units, &columns)) {
            let (Some(unit), Some(category)) = (text_of(row.first()), text_of(row.get(2))) else {
                continue;
            };
            let from = day_of(row.get(1)).unwrap_or(Date::MIN);
            categories.entry(unit).or_default().push((from, category));
        }
        for lines in categories.values_mut() {
            lines.sort();
        }
        let Catalog { references, lists, .. } = catalog;
        Peers { references, lists, categories, as_of }
    }

    /// The category in which a unit stood on a day, or last before it, or first.
    pub fn category(&self, unit_id: &str, day: Date) -> Option<&str> {
        let lines = self.categories.get(unit_id)?;
        let begun = lines.iter().rev().find(|(from, _)| *from <= day.min(self.as_of));
        begun.or(lines.first()).map(|(_, category)| category.as_str())
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
