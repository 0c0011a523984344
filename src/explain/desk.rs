//! Which home and night are explained, and what did it keep of a unit?

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use super::question::Unknown;
use super::question::What;
use super::question::unknown;
use crate::base::cell::text_of;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::measure::evaluate::Unit;
use crate::measure::kept::Kept;
use crate::measure::kept::Ledger;
use crate::measure::peers::Peers;
use crate::measure::units::units;
use crate::model::lake::Lake;
use crate::model::resolve::Resolver;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Metric;

/// A home whose numbers are explained.
pub struct Desk<'d> {
    pub(super) catalog: &'d Catalog,
    pub(super) var: PathBuf,
    pub(super) kept: Kept,
    pub(super) ledger: Ledger,
    pub(super) units: Vec<Unit>,
    pub(super) table: DataFrame,
    pub(super) names: BTreeMap<String, String>,
    pub(super) resolver: Resolver,
    pub(super) peers: Peers<'d>,
}

/// The ledger of the last night below a lake; none before the first.
///
/// # Errors
/// A ledger that can't be read.
pub fn ledger(lake: &Path) -> anyhow::Result<Option<Ledger>> {
    Kept::at(lake).ledger().context("reading what the night kept")
}

impl<'d> Desk<'d> {
    /// Of a home whose last night is in `ledger`.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn open(catalog: &'d Catalog, var: &Path, ledger: Ledger) -> anyhow::Result<Desk<'d>> {
        let lake = Lake::at(&var.join("lake"));
        let read = |name: &str| match catalog.schemas.get(name) {
            Some(schema) => lake.read(schema, ledger.night).map_err(anyhow::Error::from),
            None => Ok(DataFrame::empty()),
        };
        let (unit, section) = (read("unit")?, read("section")?);
        let names = table::to_rows(&unit, &["unit_id", "name"]).into_iter();
        let names = names.filter_map(|row| Some((text_of(row.first())?, text_of(row.get(1))?)));
        Ok(Desk {
            catalog,
            var: var.to_owned(),
            kept: Kept::at(&var.join("lake")),
            names: names.collect(),
            resolver: Resolver::of(catalog, &unit, &section, Days::of(catalog)),
            units: units(Some(&unit)),
            peers: Peers::of(catalog, Some(&unit), ledger.as_of),
            table: unit,
            ledger,
        })
    }

    /// The units that can be asked about.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.units.iter().map(|unit| unit.unit_id.as_str())
    }

    /// The metric of a name.
    ///
    /// # Errors
    /// The nearest names.
    pub fn metric(&self, name: &str) -> Result<&'d Metric, Unknown> {
        let hit = self.catalog.metrics().find(|metric| metric.name == name || metric.title == name);
        hit.ok_or_else(|| {
            let all: Vec<&str> =
                self.catalog.metrics().map(|metric| metric.name.as_str()).collect();
            unknown(What::Metric, name, &all)
        })
    }

    /// The key of a unit, by itself or any of its names.
    pub(super) fn unit_id(&self, name: &str) -> Result<String, Unknown> {
        let is_known = |id: &str| self.units.iter().any(|unit| unit.unit_id == id);
        let named = || self.resolver.unit_named(name, self.ledger.as_of);
        let id = Some(name.to_owned()).filter(|name| is_known(name)).or_else(named);
        id.filter(|id| is_known(id)).ok_or_else(|| {
            let known = self.names.iter().flat_map(|(id, name)| [id.as_str(), name.as_str()]);
            unknown(What::Unit, name, &known.collect::<Vec<_>>())
        })
    }
}
