//! Between which days do the same definitions hold of a metric and of all that it names?

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::telling::Telling;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::spec::pipeline::Metric;

/// Days between which no definition changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Era {
    /// The first of them.
    pub(super) first: Date,
    /// The first day after; none is for good.
    until: Option<Date>,
}

impl Era {
    /// Whether a period is told by its definitions: those that hold on the period's last day.
    pub(super) fn tells(&self, period: Period) -> bool {
        let last = period.last().last();
        self.first <= last && self.until.is_none_or(|until| last < until)
    }
}

impl Telling<'_, '_> {
    /// The eras of a metric, from the one in which its first definition begins.
    fn eras(&self, metric: &Metric) -> Vec<Era> {
        let begins = metric.first().life.since.map_or(Date::MIN, Month::first);
        let mut starts = BTreeSet::from([begins]);
        self.starts(metric, &mut BTreeSet::new(), &mut starts);
        starts.retain(|start| *start >= begins);
        let ends = starts.iter().skip(1).copied().map(Some).chain([None]);
        starts.iter().zip(ends).map(|(first, until)| Era { first: *first, until }).collect()
    }

    /// The definitions of a metric, each with an era in which it tells.
    pub(super) fn definitions<'d>(
        &self,
        metric: &'d Metric,
    ) -> impl Iterator<Item = (&'d Metric, Era)> + use<'d> {
        self.eras(metric).into_iter().map(|era| (metric.at(era.first), era))
    }

    /// The days on which a definition of a metric begins, or of one that it names.
    fn starts<'n>(
        &'n self,
        metric: &'n Metric,
        seen: &mut BTreeSet<&'n str>,
        starts: &mut BTreeSet<Date>,
    ) {
        let mut named = Vec::new();
        for version in metric.versions() {
            starts.extend(version.life.since.map(Month::first));
            version.value.each_name(&mut |name| named.push(name));
        }
        named.retain(|name| seen.insert(name));
        for below in named.into_iter().filter_map(|name| self.metrics.get(name)) {
            self.starts(below, seen, starts);
        }
    }

    /// The definition that a metric has on a day.
    pub(super) fn metric_on(&self, name: &str, day: Date) -> Option<&Metric> {
        self.metrics.get(name).map(|metric| metric.at(day))
    }
}
