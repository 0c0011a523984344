//! What would the tables say, if some rows, units or names were those of an earlier night? Rows, the units
//! they name and what was decided of names are taken each from its own night.

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::lake::Lake;
use super::people;
use super::people::People;
use super::people::Sources;
use super::renumber::renumbered;
use super::resolve::Resolver;
use crate::frame::FrameError;
use crate::frame::functions::Days;
use crate::spec::catalog::Catalog;
use crate::spec::schema::Schema;

/// The column with the key of a row as it was sent, before names became keys.
pub const SENT: &str = "_key";

/// The tables whose rows are units and sections.
pub const UNITS: [&str; 2] = ["unit", "section"];

/// From which nights is what is known.
#[derive(Clone, Copy, Debug)]
pub struct Nights {
    /// The latest rows.
    pub rows: Date,
    /// The latest units and sections.
    pub units: Date,
    /// Up to which people are followed.
    pub told: Date,
}

/// Tables by what is known; each is read once.
pub struct Known<'k> {
    catalog: &'k Catalog,
    lake: Lake,
    nights: Nights,
    resolver: Resolver,
    sources: [DataFrame; 2],
    people: OnceCell<People>,
    read: RefCell<BTreeMap<String, DataFrame>>,
}

impl<'k> Known<'k> {
    /// Of the contracts of one home and the aliases of another.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn of(
        (catalog, aliases): (&'k Catalog, &Catalog),
        lake: &Lake,
        nights: Nights,
        days: Days,
    ) -> Result<Known<'k>, ModelError> {
        let read = |name: &str| match catalog.schemas.get(name) {
            Some(schema) => lake.read(schema, nights.units),
            None => Ok(DataFrame::empty()),
        };
        let sources = [read("unit")?, read("section")?];
        let resolver = Resolver::of(aliases, &sources[0], &sources[1], days);
        let (lake, people, read) = (lake.clone(), OnceCell::new(), RefCell::default());
        Ok(Known { catalog, lake, nights, resolver, sources, people, read })
    }

    /// The table `unit`, as it was sent.
    pub fn units(&self) -> &DataFrame {
        &self.sources[0]
    }

    /// Whether units and sections are those of another.
    pub fn has_same_units(&self, other: &Known<'_>) -> bool {
        self.sources.iter().zip(&other.sources).all(|(own, other)| own.equals_missing(other))
    }

    /// Some tables with their names resolved, and people in time; those that nothing fills are left out.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn tables(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, DataFrame>, ModelError> {
        let filled = self.catalog.filled();
        let mut tables = BTreeMap::new();
        for name in names.iter().filter(|name| filled.contains(name.as_str())) {
            if let Some(schema) = self.catalog.schemas.get(name) {
                tables.insert(name.clone(), self.table(schema)?);
            }
        }
        Ok(tables)
    }

    fn table(&self, schema: &Schema) -> Result<DataFrame, ModelError> {
        if let Some(read) = self.read.borrow().get(&schema.name) {
            return Ok(read.clone());
        }
        let table = if schema.name == "person_spell" {
            with_key(self.people(schema)?.spells.clone(), &["person_id".to_owned()])?
        } else {
            let rows = self.resolved(schema)?;
            match self.catalog.schemas.get("person_spell") {
                Some(spells) if schema.fields.iter().any(|field| field.name == "person_id") => {
                    renumbered(schema, rows, &self.people(spells)?.corrected)?.0
                }
                _ => rows,
            }
        };
        self.read.borrow_mut().insert(schema.name.clone(), table.clone());
        Ok(table)
    }

    fn resolved(&self, schema: &Schema) -> Result<DataFrame, ModelError> {
        let is_unit = UNITS.contains(&schema.name.as_str());
        let night = if is_unit { self.nights.units } else { self.nights.rows };
        let rows = with_key(self.lake.read(schema, night)?, &schema.primary_key)?;
        Ok(self.resolver.resolve(self.catalog, schema, rows)?.table)
    }

    fn people(&self, schema: &Schema) -> Result<&People, ModelError> {
        if let Some(people) = self.people.get() {
            return Ok(people);
        }
        let rosters = match self.catalog.schemas.get("person_snapshot") {
            Some(schema) => self.resolved(schema)?,
            None => DataFrame::empty(),
        };
        let [units, sections] = &self.sources;
        let by_unit = people::by_unit(self.catalog);
        let sources = Sources { rosters: &rosters, units, sections, by_unit };
        let people = people::spells(&sources, schema, self.nights.told)?;
        Ok(self.people.get_or_init(|| people))
    }
}

/// A table with its key in one column.
fn with_key(table: DataFrame, key: &[String]) -> Result<DataFrame, ModelError> {
    let parts: Vec<Expr> = key
        .iter()
        .map(|name| col(name.as_str()).cast(DataType::String).fill_null(lit("")))
        .collect();
    let key = concat_str(parts, "\u{1f}", false).alias(SENT);
    let keyed = table.lazy().with_column(key).collect();
    Ok(keyed.map_err(FrameError::polars("telling rows by their keys"))?)
}
