//! Which names could the last night not resolve, what may they mean, and what would a decision change?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use crate::base::diagnostic::nearest;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::measure::kept::Kept;
use crate::measure::kept::Ledger;
use crate::model::lake::Lake;
use crate::model::names::Candidate;
use crate::model::names::Resolved;
use crate::model::resolve::Resolver;
use crate::model::resolve::lead;
use crate::model::resolve::names_units;
use crate::model::written::Place;
use crate::model::written::Written;
use crate::model::written::written;
use crate::spec::aliases::Alias;
use crate::spec::aliases::Decision;
use crate::spec::catalog::Catalog;

/// How many candidates are told.
const NEAREST: usize = 3;

/// The names that stand in the lake, by what the home says now.
pub struct Register<'c> {
    catalog: &'c Catalog,
    units: DataFrame,
    sections: DataFrame,
    resolver: Resolver,
    written: BTreeMap<Written, u64>,
    /// The last night.
    pub ledger: Ledger,
}

/// A name that somebody must decide.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The name; of several in one cell, the first.
    pub name: String,
    /// The rows that have no unit for it.
    pub rows: u64,
    /// The first and the last day of them; none in tables without days.
    pub days: Option<(Date, Date)>,
    /// Where they came from, with how many.
    pub places: BTreeMap<Place, u64>,
    /// Why there is no unit.
    pub why: BTreeSet<Why>,
    /// What the name may mean, the likest first.
    pub candidates: Vec<Candidate>,
}

/// Why a name has no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Nobody knows it.
    Unknown,
    /// It may mean several units; no line decides that.
    Ambiguous,
    /// Its unit was not there on the day.
    OutOfTime,
}

impl Why {
    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Why::Unknown => "unknown",
            Why::Ambiguous => "ambiguous",
            Why::OutOfTime => "out_of_time",
        }
    }

    fn of(resolved: &Resolved) -> Option<Why> {
        match resolved {
            Resolved::Unit { .. } | Resolved::Outside => None,
            Resolved::Unknown => Some(Why::Unknown),
            Resolved::Ambiguous => Some(Why::Ambiguous),
            Resolved::OutOfTime(_) => Some(Why::OutOfTime),
        }
    }
}

/// What other lines would change in the rows that bear a name.
#[derive(Clone, Debug)]
pub struct Effect {
    /// All of them.
    pub rows: u64,
    /// Those that nobody would have to decide any more.
    pub gained: u64,
    /// Those that somebody would have to decide again.
    pub lost: u64,
    /// Whether anything would change, in these rows or in one that may come.
    pub is_felt: bool,
    /// What the name would mean.
    pub meant: Resolved,
}

/// Why a text names no unit to decide for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoUnit {
    /// Nothing is called so; the nearest name, if one is near.
    Unknown(Option<String>),
    /// Several units are.
    Several(Vec<String>),
}

impl<'c> Register<'c> {
    /// Of the last night below `var`; none before the first.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn open(catalog: &'c Catalog, var: &Path) -> anyhow::Result<Option<Register<'c>>> {
        let lake = Lake::at(&var.join("lake"));
        let kept = Kept::at(&var.join("lake")).ledger().context("reading what the night kept")?;
        let Some(ledger) = kept else { return Ok(None) };
        let read = |name: &str| match catalog.schemas.get(name) {
            Some(schema) => lake.read(schema, ledger.night).map_err(anyhow::Error::from),
            None => Ok(DataFrame::empty()),
        };
        let (units, sections) = (read("unit")?, read("section")?);
        let resolver = Resolver::of(catalog, &units, &sections, Days::of(catalog));
        let mut names = BTreeMap::new();
        for schema in catalog.filled().into_iter().filter_map(|name| catalog.schemas.get(name)) {
            if names_units(catalog, schema) {
                written(&resolver, catalog, schema, &read(&schema.name)?, &mut names)?;
            }
        }
        Ok(Some(Register { catalog, units, sections, resolver, written: names, ledger }))
    }

    /// Every name without a unit, that with the most rows first.
    pub fn missed(&self) -> Vec<Missed> {
        let mut missed: BTreeMap<String, Missed> = BTreeMap::new();
        for (written, rows) in &self.written {
            let Some(why) = Why::of(&meant(&self.resolver, written)) else { continue };
            let name = lead(&written.text).unwrap_or_else(|| written.text.clone());
            let known = missed.entry(name.clone()).or_insert_with(|| Missed {
                name,
                rows: 0,
                days: None,
                places: BTreeMap::new(),
                why: BTreeSet::new(),
                candidates: Vec::new(),
            });
            known.rows += rows;
            known.why.insert(why);
            *known.places.entry(written.place.clone()).or_default() += rows;
            if let Some(day) = written.day {
                let (first, last) = known.days.unwrap_or((day, day));
                known.days = Some((first.min(day), last.max(day)));
            }
        }
        let mut missed: Vec<Missed> = missed.into_values().collect();
        missed.sort_by_key(|missed| std::cmp::Reverse(missed.rows));
        for name in &mut missed {
            name.candidates = self.candidates(name);
        }
        missed
    }

    /// The units that a name may mean; none where no line could decide.
    fn candidates(&self, missed: &Missed) -> Vec<Candidate> {
        if missed.why.iter().all(|why| *why == Why::Ambiguous) {
            return Vec::new();
        }
        let system = missed.places.keys().next().map(|place| place.system.as_str());
        let day = missed.days.map_or(self.ledger.as_of, |(_, last)| last);
        let names = self.resolver.names();
        let mut candidates = names.suggest(&missed.name, self.resolver.origin(system), day);
        let is_of = |line: &&Alias| {
            line.system.is_empty() || missed.places.keys().any(|it| it.system == line.system)
        };
        let rejected = self.catalog.aliases.iter().filter(|line| !line.holds()).filter(is_of);
        let rejected: BTreeSet<&str> = rejected
            .filter(|line| line.is_about(&missed.name))
            .map(|line| line.unit.as_str())
            .collect();
        candidates.retain(|candidate| !rejected.contains(&*candidate.unit));
        candidates.truncate(NEAREST);
        candidates
    }

    /// The unit of a key or an exact name.
    ///
    /// # Errors
    /// Why there is none.
    pub fn unit(&self, text: &str) -> Result<String, NoUnit> {
        let names = self.resolver.names();
        if names.has(text) {
            return Ok(text.to_owned());
        }
        match names.named(text).as_slice() {
            [] => Err(NoUnit::Unknown(nearest(text, names.known()).map(str::to_owned))),
            [unit] => Ok(unit.to_string()),
            units => Err(NoUnit::Several(units.iter().map(ToString::to_string).collect())),
        }
    }

    /// The full name of a unit; of what is no unit, none.
    pub fn name_of(&self, unit: &str) -> String {
        self.resolver.names().name_on(unit, self.ledger.as_of)
    }

    /// The line that rejects this name for this unit, if one stands.
    pub fn rejected(&self, alias: &Alias) -> Option<usize> {
        let mut lines = self.catalog.aliases.iter();
        let is_it = |line: &&Alias| {
            line.decision == Decision::Rejected
                && line.unit == alias.unit
                && line.system == alias.system
                && line.is_about(&alias.alias)
        };
        lines.find(is_it).map(|line| line.line)
    }

    /// The line that holds this name for this unit, if one stands.
    pub fn held(&self, alias: &Alias) -> Option<usize> {
        let mut lines = self.catalog.aliases.iter();
        let is_it =
            |line: &&Alias| line.holds() && line.unit == alias.unit && line.is_about(&alias.alias);
        lines.find(is_it).map(|line| line.line)
    }

    /// What the rows that a line is about would mean, if these lines stood instead of those of the home.
    pub fn effect(&self, about: &Alias, standing: Vec<Alias>) -> Effect {
        let changed = Catalog { aliases: standing, ..self.catalog.clone() };
        let after = Resolver::of(&changed, &self.units, &self.sections, Days::of(self.catalog));
        let is_of = |written: &Written| {
            let first = lead(&written.text);
            let is_name = about.is_about(first.as_deref().unwrap_or(&written.text));
            (is_name || about.is_about(&written.text))
                && (about.system.is_empty() || about.system == written.place.system)
        };
        let mut of_name: Vec<(Written, u64)> = self
            .written
            .iter()
            .filter(|(it, _)| is_of(it))
            .map(|(it, rows)| (it.clone(), *rows))
            .collect();
        if of_name.is_empty() {
            of_name.push((self.to_come(about), 0));
        }
        let mut effect =
            Effect { rows: 0, gained: 0, lost: 0, is_felt: false, meant: Resolved::Unknown };
        for (written, rows) in &of_name {
            let [before, now] = [&self.resolver, &after].map(|by| meant(by, written));
            let [was_missed, is_missed] = [&before, &now].map(|it| Why::of(it).is_some());
            effect.rows += rows;
            effect.gained += if was_missed && !is_missed { *rows } else { 0 };
            effect.lost += if is_missed && !was_missed { *rows } else { 0 };
            effect.is_felt |= before != now;
            effect.meant = now;
        }
        effect
    }

    /// A row that may come with this name, on a day on which the line holds.
    fn to_come(&self, about: &Alias) -> Written {
        let last = about.valid_to.and_then(|to| to.yesterday().ok());
        let day = last.map_or(self.ledger.as_of, |last| last.min(self.ledger.as_of));
        let day = about.valid_from.map_or(day, |from| from.max(day));
        let place = Place { system: about.system.clone(), ..Place::default() };
        Written { text: about.alias.clone(), day: Some(day), place }
    }
}

fn meant(by: &Resolver, written: &Written) -> Resolved {
    by.meant(&written.text, Some(&written.place.system), written.day)
}
