//! Which unit and which section does a text name? Decided after the merge, by the row's own day, so
//! that an alias accepted tomorrow mends yesterday.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::ModelError;
use super::names::AliasLine;
use super::names::Meaning;
use super::names::Names;
use super::names::Origin;
use super::names::Region;
use super::names::Resolved;
use super::names::UnitName;
use super::names::split;
use crate::base::cell::CellRow;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::base::text::squeeze;
use crate::frame::FrameError;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Lookup;
use crate::spec::schema::Schema;

/// Names that no unit answers to, with the rows they miss.
pub type Unknown = BTreeMap<String, u64>;

/// A table whose names are keys.
pub struct Resolution {
    /// Its rows.
    pub table: DataFrame,
    /// The names that no unit answers to.
    pub unknown: Unknown,
    /// How many rows are left out, for another one has their key now: the unit that one of them names has become the
    /// other's.
    pub doubled: u64,
}

/// The units and sections of a night.
pub struct Resolver {
    names: Names,
    /// The units with each of their own names.
    own: HashSet<(String, String)>,
    home: Option<String>,
    days: Days,
    sections: HashMap<(String, String), Vec<Section>>,
}

struct Section {
    id: String,
    from: Option<Date>,
    to: Option<Date>,
}

impl Resolver {
    /// Of the merged tables `unit` and `section`.
    pub fn of(catalog: &Catalog, units: &DataFrame, sections: &DataFrame, days: Days) -> Resolver {
        let home = catalog.settings.regions.first().map(|(code, _)| code.clone());
        let regions = catalog.settings.regions.iter().map(|(code, name)| Region {
            code: code.as_str().into(),
            name: name.clone(),
            parent: home.as_ref().filter(|home| *home != code).map(|home| home.as_str().into()),
        });
        let aliases = catalog.aliases.iter().filter(|line| line.holds()).map(|line| AliasLine {
            system: (!line.system.is_empty()).then(|| line.system.as_str().into()),
            alias: line.alias.clone(),
            means: Meaning::read(&line.unit),
            valid_from: line.valid_from,
            valid_to: line.valid_to,
        });
        let unit_names = unit_names(units);
        let own = unit_names.iter().flat_map(|unit| {
            let names = unit.other_names.iter().chain([&unit.name]).map(String::as_str);
            names.chain([&*unit.unit_id]).map(|name| (unit.unit_id.to_string(), squeeze(name)))
        });
        let own = own.collect();
        let names = Names::new(unit_names, aliases.collect(), regions.collect());
        let mut by_name: HashMap<(String, String), Vec<Section>> = HashMap::new();
        let columns = ["section_id", "unit_id", "name", "valid_from", "valid_to"];
        for row in table::to_rows(sections, &columns) {
            let (Some(id), Some(unit), Some(name)) =
                (text_of(row.first()), text_of(row.get(1)), text_of(row.get(2)))
            else {
                continue;
            };
            let section = Section { id, from: day_of(row.get(3)), to: day_of(row.get(4)) };
            by_name.entry((unit, squeeze(&name))).or_default().push(section);
        }
        Resolver { names, own, home, days, sections: by_name }
    }

    /// A table whose names of units and sections have become their keys.
    ///
    /// # Errors
    /// A table that polars refuses.
    pub fn resolve(
        &self,
        catalog: &Catalog,
        schema: &Schema,
        table: DataFrame,
    ) -> Result<Resolution, ModelError> {
        let mut unknown = Unknown::new();
        let mut units = looked_up(catalog, schema, Lookup::Unit);
        let sections = looked_up(catalog, schema, Lookup::Section);
        let keyed = keyed_by_unit(schema, &units);
        if units.is_empty() && sections.is_empty() && keyed.is_empty() {
            return Ok(Resolution { table, unknown, doubled: 0 });
        }
        let days = self.days_of(schema, &table)?;
        let mut table = table;
        let sent = texts_of(&table, "unit_id");
        for name in &units {
            let resolved = self.units_of(&table, name, &days, &mut unknown);
            set_texts(&mut table, name, &resolved)?;
        }
        for name in keyed {
            if let Some(followed) = self.followed(&table, &name, &days) {
                set_texts(&mut table, &name, &followed)?;
                units.push(name);
            }
        }
        let own = texts_of(&table, "unit_id");
        for name in &sections {
            let resolved = self.sections_of(texts_of(&table, name), &own, &sent, &days);
            set_texts(&mut table, name, &resolved)?;
        }
        let rows = table.height();
        if units.iter().any(|name| schema.primary_key.contains(name)) {
            // The row of the unit itself comes first, then those whose units it has taken over.
            let is_own = |at: usize| {
                let (unit, text) = (own.get(at)?.clone()?, sent.get(at)?.as_ref()?);
                Some(self.own.contains(&(unit, squeeze(text))))
            };
            table = one_a_key(schema, table, |at| is_own(at) == Some(true))?;
        }
        let doubled = (rows - table.height()) as u64;
        Ok(Resolution { table, unknown, doubled })
    }

    /// The unit that a name means on a day, whoever writes it.
    pub fn unit_named(&self, text: &str, day: Date) -> Option<String> {
        self.meant(text, None, Some(day)).unit().map(ToString::to_string)
    }

    /// The section of a unit that a name means on a day.
    pub fn section_named(&self, unit: &str, name: &str, day: Date) -> Option<String> {
        self.section(unit, name, Some(day))
    }

    /// The sections of names that are not the unit's own, as leaders' are.
    fn sections_of(
        &self,
        names: Vec<Option<String>>,
        units: &[Option<String>],
        sent: &[Option<String>],
        days: &[Option<Date>],
    ) -> Vec<Option<String>> {
        let section = |(at, name): (usize, Option<String>)| {
            let (name, unit) = (name?, units.get(at)?.as_ref()?);
            let sent = sent.get(at)?.as_ref().map(|sent| squeeze(sent));
            let day = days.get(at).copied().flatten();
            let is_own = sent.is_some_and(|sent| sent == squeeze(&name));
            (!is_own).then(|| self.section(unit, &name, day))?
        };
        names.into_iter().enumerate().map(section).collect()
    }

    pub(super) fn days_of(
        &self,
        schema: &Schema,
        table: &DataFrame,
    ) -> Result<Vec<Option<Date>>, ModelError> {
        let Some(time) = &schema.time else { return Ok(vec![None; table.height()]) };
        let doing = || FrameError::polars(format!("the days of `{}`", schema.name));
        let column = table.column(time).map_err(doing())?;
        Ok(self.days.of_column(column).map_err(doing())?)
    }

    fn units_of(
        &self,
        table: &DataFrame,
        name: &str,
        days: &[Option<Date>],
        unknown: &mut Unknown,
    ) -> Vec<Option<String>> {
        let systems = texts_of(table, "_system");
        let texts = texts_of(table, name);
        let mut known: HashMap<(&str, Option<&str>, Option<Date>), Named> = HashMap::new();
        let mut resolved = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let Some(text) = text else {
                resolved.push(None);
                continue;
            };
            let day = days.get(at).copied().flatten();
            let system = systems.get(at).and_then(Option::as_deref);
            let found = known
                .entry((text, system, day))
                .or_insert_with(|| Named::of(&self.meant(text, system, day)));
            if *found == Named::Unknown {
                *unknown.entry(text.clone()).or_default() += 1;
            }
            resolved.push(match found {
                Named::Unit(unit) => Some(unit.clone()),
                Named::Outside | Named::Unknown => None,
            });
        }
        resolved
    }

    /// The units of keys: itself, or what had followed it by the day of its row; none where nothing had.
    fn followed(
        &self,
        table: &DataFrame,
        name: &str,
        days: &[Option<Date>],
    ) -> Option<Vec<Option<String>>> {
        let next = |(unit, day): (Option<&str>, &Option<Date>)| {
            self.names.followed(unit?, (*day)?).map(|next| next.to_string())
        };
        let keys = table.column(name).ok()?.str().ok()?;
        keys.iter().zip(days).find_map(next)?;
        let unit = |(unit, day): (Option<&str>, &Option<Date>)| {
            next((unit, day)).or(unit.map(str::to_owned))
        };
        Some(keys.iter().zip(days).map(unit).collect())
    }

    /// Whom a cell names; of two names in one cell, the first leads.
    pub fn meant(&self, text: &str, system: Option<&str>, day: Option<Date>) -> Resolved {
        let (origin, day) = (self.origin(system), day.unwrap_or(Date::MAX));
        let whole = self.names.resolve(text, origin, day);
        if whole.unit().is_some() || whole == Resolved::Outside {
            return whole;
        }
        lead(text).map_or(whole, |first| self.names.resolve(&first, origin, day))
    }

    /// The names that this home knows.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Where a system's names are written.
    pub fn origin<'o>(&'o self, system: Option<&'o str>) -> Origin<'o> {
        Origin { system, region: self.home.as_deref() }
    }

    fn section(&self, unit: &str, name: &str, day: Option<Date>) -> Option<String> {
        let sections = self.sections.get(&(unit.to_owned(), squeeze(name)))?;
        let holds = |section: &&Section| {
            day.is_none_or(|day| {
                section.from.is_none_or(|from| from <= day) && section.to.is_none_or(|to| day < to)
            })
        };
        sections.iter().find(holds).or(sections.first()).map(|section| section.id.clone())
    }
}

/// Whether some column of a table holds names of units.
pub fn names_units(catalog: &Catalog, schema: &Schema) -> bool {
    !looked_up(catalog, schema, Lookup::Unit).is_empty()
}

/// The columns with keys of units, beside those that hold names. Of what the list of units says itself each line is true
/// for its own days.
fn keyed_by_unit(schema: &Schema, named: &[String]) -> Vec<String> {
    let keys = schema.foreign_keys.iter().filter(|key| key.table == UNIT && schema.name != UNIT);
    let columns = keys.map(|key| key.column.clone());
    columns.filter(|column| schema.time.is_some() && !named.contains(column)).collect()
}

const UNIT: &str = "unit";

/// The first of several names in one cell.
pub fn lead(text: &str) -> Option<String> {
    let parts = split(text);
    (parts.len() > 1).then(|| parts.into_iter().next())?
}

/// Whom a text names.
#[derive(Clone, PartialEq, Eq)]
enum Named {
    Unit(String),
    /// A body that people listed as no unit, so that nobody is asked again.
    Outside,
    Unknown,
}

impl Named {
    fn of(resolved: &Resolved) -> Named {
        match resolved {
            Resolved::Unit { unit, .. } => Named::Unit(unit.to_string()),
            Resolved::Outside => Named::Outside,
            Resolved::Ambiguous | Resolved::OutOfTime(_) | Resolved::Unknown => Named::Unknown,
        }
    }
}

fn unit_names(units: &DataFrame) -> Vec<UnitName> {
    let columns = [
        "unit_id",
        "name",
        "short_name",
        "usual_name",
        "other_names",
        "region",
        "valid_from",
        "valid_to",
        "successor_id",
    ];
    let rows = table::to_rows(units, &columns);
    rows.iter()
        .filter_map(|row| {
            let others = [2, 3].into_iter().filter_map(|at| text_of(row.get(at)));
            let listed = text_of(row.get(4)).map(|names| split(&names)).unwrap_or_default();
            Some(UnitName {
                unit_id: text_of(row.first())?.into(),
                name: text_of(row.get(1))?,
                other_names: others.chain(listed).collect(),
                region: text_of(row.get(5)).unwrap_or_default().into(),
                valid_from: day_of(row.get(6)).unwrap_or(Date::MIN),
                valid_to: day_of(row.get(7)),
                successor_id: text_of(row.get(8)).map(Into::into),
            })
        })
        .collect()
}

/// The columns of a table whose texts are names, in any stream that fills it.
pub(super) fn looked_up(catalog: &Catalog, schema: &Schema, lookup: Lookup) -> Vec<String> {
    let mut names: Vec<String> = catalog
        .streams()
        .iter()
        .filter(|(_, stream)| stream.into.value == schema.name)
        .flat_map(|(_, stream)| &stream.columns)
        .filter(|column| column.lookup == Some(lookup))
        .map(|column| column.name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Of rows whose keys have become one the one that comes first, or else the first.
pub(super) fn one_a_key(
    schema: &Schema,
    table: DataFrame,
    comes_first: impl Fn(usize) -> bool,
) -> Result<DataFrame, ModelError> {
    let names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
    let keys = table::to_rows(&table, &names);
    let mut order: Vec<usize> = (0..table.height()).collect();
    order.sort_by_key(|at| !comes_first(*at));
    let mut stays = vec![true; table.height()];
    let mut kept: HashSet<&CellRow> = HashSet::new();
    for at in order {
        // Of a key that nobody knows, nobody knows whether it is another.
        let key = keys.get(at).filter(|key| key.iter().all(Option::is_some));
        if key.is_some_and(|key| !kept.insert(key)) {
            stays[at] = false;
        }
    }
    if stays.iter().all(|stays| *stays) {
        return Ok(table);
    }
    let stays = BooleanChunked::from_slice("".into(), &stays);
    Ok(table.filter(&stays).map_err(FrameError::polars("leaving rows of one key out"))?)
}

pub(super) fn texts_of(table: &DataFrame, name: &str) -> Vec<Option<String>> {
    let Ok(column) = table.column(name) else { return vec![None; table.height()] };
    let cells = table::cells(column).into_iter();
    cells.map(|cell| cell.map(|cell| cell.written())).collect()
}

pub(super) fn set_texts(
    table: &mut DataFrame,
    name: &str,
    texts: &[Option<String>],
) -> Result<(), ModelError> {
    let texts = texts.iter().map(Option::as_deref);
    let column = StringChunked::from_iter_options(name.into(), texts).into_series();
    table.with_column(column.into()).map_err(FrameError::polars(format!("resolving `{name}`")))?;
    Ok(())
}
