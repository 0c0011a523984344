//! What did the last night keep of a unit, of a group of units, of everybody?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context as _;

use super::Desk;
use super::Place;
use super::place::Above;
use super::published::Release;
use super::question::What;
use super::question::unknown;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::measure::cube;
use crate::measure::cube::Rows;
use crate::measure::evaluate::Unit;
use crate::measure::fact;
use crate::measure::groups::Groups;
use crate::measure::groups::Level;
use crate::publish;
use crate::spec::pipeline::Metric;

impl<'d> Desk<'d> {
    /// What a night kept of a unit, by its key or any of its names; `metrics` are those asked about.
    ///
    /// # Errors
    /// [`Unknown`], or a lake that can't be read.
    pub fn unit(&'d self, name: &str, metrics: &[&Metric]) -> anyhow::Result<Place<'d>> {
        let id = self.unit_id(name)?;
        let unit = self.units.iter().find(|unit| unit.unit_id == id);
        let Some(unit) = unit else { return Err(unknown(What::Unit, name, &[]).into()) };
        let rows = self.rows(metrics, &[("_unit", &unit.unit_id)])?;
        let released = self.releases(&[("unit_id", &unit.unit_id)])?;
        self.place(std::slice::from_ref(unit), rows, (None, released))
    }

    /// What a night kept of a group of units, by its level and key; a unit above others by any name.
    ///
    /// # Errors
    /// [`Unknown`], or a lake that can't be read.
    pub fn group(
        &'d self,
        (level, key): (Level, &str),
        metrics: &[&Metric],
    ) -> anyhow::Result<Place<'d>> {
        let groups = Groups::of(Some(&self.table), &self.catalog.settings.name);
        let named = || match level {
            Level::Parent => self.resolver.unit_named(key, self.ledger.as_of),
            Level::City => Some(self.catalog.settings.name.clone()),
            _ => None,
        };
        let at = groups.at(level, key).or_else(|| groups.at(level, &named()?));
        let Some(at) = at else {
            let of_level = groups.list.iter().filter(|group| group.level == level);
            let keys: Vec<&str> = of_level.map(|group| group.key.as_str()).collect();
            return Err(unknown(What::Group, key, &keys).into());
        };
        let rows = self.rows(metrics, &[])?;
        let key = groups.list.get(at).map_or(key, |group| &group.key);
        let released = self.releases(&[("level", level.name()), ("dim_value", key)])?;
        self.place(&self.units, rows, (Some((groups.clone(), at)), released))
    }

    /// What a night kept of everybody, units and groups; `metrics` are those asked about.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn everybody(&'d self, metrics: &[&Metric]) -> anyhow::Result<Place<'d>> {
        let groups = Groups::of(Some(&self.table), &self.catalog.settings.name);
        let rows = self.rows(metrics, &[])?;
        self.place(&self.units, rows, (Some((groups, 0)), Vec::new()))
    }

    /// The rows of the facts below metrics.
    fn rows(
        &self,
        metrics: &[&Metric],
        of: &[(&str, &str)],
    ) -> anyhow::Result<BTreeMap<String, DataFrame>> {
        let facts = self.facts_of(metrics).into_iter();
        facts.map(|fact| Ok((fact.to_owned(), self.kept.rows(fact, of)?))).collect()
    }

    /// The release of the night and the one of the night before, as far as they stand.
    fn releases(&self, of: &[(&str, &str)]) -> anyhow::Result<Vec<Release>> {
        let (root, night) = (self.var.join("release"), self.ledger.night);
        let own = publish::find(&root, Some(&night.to_string()))?;
        let Some(own) = own else { return Ok(Vec::new()) };
        let before = publish::before(&root, Some(night))?;
        [Some(own), before].into_iter().flatten().map(|folder| Release::of(&folder, of)).collect()
    }

    fn place(
        &'d self,
        units: &'d [Unit],
        rows: BTreeMap<String, DataFrame>,
        (group, released): (Option<(Groups, usize)>, Vec<Release>),
    ) -> anyhow::Result<Place<'d>> {
        let no_tables = BTreeMap::new();
        let ground = fact::Ground {
            catalog: self.catalog,
            tables: &no_tables,
            days: Days::of(self.catalog),
            as_of: self.ledger.as_of,
            night: self.ledger.night,
        };
        let kept = rows.iter().map(|(fact, rows)| (fact.clone(), Rows::Table(rows))).collect();
        let cube =
            cube::count_again(&ground, self.ledger.facts(), &kept).context("counting again")?;
        let above = group.map(|(groups, at)| Above { cube: cube.rolled(&groups), groups, at });
        Ok(Place::of(self, units, rows, (cube, above, released)))
    }

    /// The facts below metrics, those of their bases among them.
    fn facts_of(&self, metrics: &[&Metric]) -> BTreeSet<&'d str> {
        let by_name: BTreeMap<&str, &Metric> =
            self.catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect();
        let mut open: Vec<&str> = Vec::new();
        let see = |metric: &'d Metric, open: &mut Vec<&'d str>| {
            metric.value.each_name(&mut |name| open.push(name));
            let bases = [&metric.need, &metric.few, &metric.withhold].into_iter().flatten();
            open.extend(bases.map(|base| base.name.value.as_str()));
        };
        // What rests on the same people is withheld together: all of it is asked.
        let people = |metric: &Metric| metric.withhold.as_ref().map(|base| base.name.value.clone());
        let shared: BTreeSet<String> = metrics.iter().filter_map(|metric| people(metric)).collect();
        let asked: BTreeSet<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        let is_asked = |metric: &Metric| {
            asked.contains(metric.name.as_str())
                || people(metric).is_some_and(|base| shared.contains(&base))
        };
        by_name.values().filter(|m| is_asked(m)).for_each(|m| see(m, &mut open));
        let (mut seen, mut facts) = (BTreeSet::new(), BTreeSet::new());
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            if let Some(metric) = by_name.get(name) {
                see(metric, &mut open);
            }
            let measure = self.catalog.measures().find(|measure| measure.name == name);
            facts.extend(measure.map(|measure| measure.fact.value.as_str()));
        }
        facts
    }
}
