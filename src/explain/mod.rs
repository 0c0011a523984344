//! Floor 4: why is this number what it is? From a published value back to its rows.

mod json;
mod published;
mod sources;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::civil::Date;

pub use self::json::PLACES;
pub use self::json::json;
pub use self::json::shown;
pub use self::published::Published;
pub use self::sources::Source;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::diagnostic::nearest;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::measure::behind::Behind;
use crate::measure::behind::instants;
use crate::measure::behind::with_counts;
use crate::measure::cube;
use crate::measure::cube::Cube;
use crate::measure::cube::Spot;
use crate::measure::evaluate::Status;
use crate::measure::evaluate::Telling;
use crate::measure::evaluate::Unit;
use crate::measure::fact;
use crate::measure::kept::Kept;
use crate::measure::kept::Ledger;
use crate::measure::units::units;
use crate::measure::worked::Worked;
use crate::model::lake::Lake;
use crate::model::resolve::Resolver;
use crate::spec::catalog::Catalog;
use crate::spec::duckdb::Writer;
use crate::spec::duckdb::is_runnable;
use crate::spec::duckdb::literal;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;
use crate::spec::pipeline::Metric;

/// What cannot be explained, and the nearest that can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {what} is known as `{found}`")]
pub struct Unknown {
    /// What was looked for.
    pub what: What,
    /// The words that were given.
    pub found: String,
    /// Names that are known, the nearest first.
    pub near: Vec<String>,
}

/// What was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum What {
    Metric,
    Unit,
    Section,
    Part,
    Period,
}

impl std::fmt::Display for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(match self {
            What::Metric => "metric",
            What::Unit => "unit",
            What::Section => "section",
            What::Part => "part",
            What::Period => "period",
        })
    }
}

/// Which number is asked about, in the words of whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The metric.
    pub metric: &'q str,
    /// The section.
    pub section: Option<&'q str>,
    /// The value of the metric's dimension, such as one duty.
    pub part: Option<&'q str>,
    /// The period.
    pub period: &'q str,
}

/// A number explained.
#[derive(Debug)]
pub struct Explanation<'e> {
    /// The value and how it came about.
    pub worked: Worked<'e>,
    /// The name of the unit.
    pub unit: String,
    /// The measures, in the order of the formula.
    pub measures: Vec<Counted<'e>>,
    /// The facts they count, with where their rows came from.
    pub facts: Vec<Rows<'e>>,
    /// The streams that did not deliver this night.
    pub stale: Vec<String>,
    /// The same metric in the period before.
    pub before: Option<Worked<'e>>,
    /// What the release of the night says.
    pub published: Published,
    /// The night that was explained.
    pub ledger: &'e Ledger,
}

/// A measure of a place.
#[derive(Debug)]
pub struct Counted<'e> {
    /// The measure.
    pub measure: &'e Measure,
    /// The place.
    pub spot: Spot,
    /// How much.
    pub amount: Option<Exact>,
    /// How many rows count for it.
    pub rows: u64,
    /// The same as DuckDB SQL, to be divided by `per`.
    pub sql: String,
    /// Whether DuckDB can run it as it is.
    pub is_runnable: bool,
}

/// The rows of a fact behind a number.
#[derive(Debug)]
pub struct Rows<'e> {
    /// The fact.
    pub fact: &'e Fact,
    /// Its file in the lake.
    pub file: PathBuf,
    /// The derived columns that the measures use, as the home writes them.
    pub derived: Vec<(String, String)>,
    /// How many rows were looked at.
    pub rows: u64,
    /// Where they came from, most rows first.
    pub sources: Vec<Source>,
    /// Whether they are about persons, so that only their places are told.
    pub is_about_persons: bool,
    table: DataFrame,
}

/// A home whose numbers are explained.
pub struct Desk<'d> {
    catalog: &'d Catalog,
    var: PathBuf,
    kept: Kept,
    ledger: Ledger,
    units: Vec<Unit>,
    names: BTreeMap<String, String>,
    resolver: Resolver,
}

/// What a night kept of one unit.
pub struct OfUnit<'d> {
    desk: &'d Desk<'d>,
    unit: &'d Unit,
    rows: BTreeMap<String, DataFrame>,
    cube: Cube,
    fed: BTreeSet<&'d str>,
}

/// The ledger of the last night below a lake; none before the first.
///
/// # Errors
/// A ledger that can't be read.
pub fn ledger(lake: &Path) -> anyhow::Result<Option<Ledger>> {
    Kept::at(lake).ledger().context("reading what the night kept")
}

fn days(catalog: &Catalog) -> Days {
    Days { calendar: Arc::new(catalog.calendar.clone()), zone: catalog.settings.zone.clone() }
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
        let named = table::to_rows(&unit, &["unit_id", "name"]);
        let names = named.into_iter().filter_map(|row| Some((text(&row, 0)?, text(&row, 1)?)));
        Ok(Desk {
            catalog,
            var: var.to_owned(),
            kept: Kept::at(&var.join("lake")),
            names: names.collect(),
            resolver: Resolver::of(catalog, &unit, &section, days(catalog)),
            units: units(Some(&unit)),
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

    /// What a night kept of a unit, by its key or any of its names; `metrics` are those asked about.
    ///
    /// # Errors
    /// [`Unknown`], or a lake that can't be read.
    pub fn unit(&'d self, name: &str, metrics: &[&Metric]) -> anyhow::Result<OfUnit<'d>> {
        let by_key = self.units.iter().find(|unit| unit.unit_id == name);
        let unit = by_key.or_else(|| {
            let named = self.resolver.unit_named(name, self.ledger.as_of)?;
            self.units.iter().find(|unit| unit.unit_id == named)
        });
        let Some(unit) = unit else {
            let names = self.names.iter().flat_map(|(id, name)| [id.as_str(), name.as_str()]);
            return Err(unknown(What::Unit, name, &names.collect::<Vec<_>>()).into());
        };
        let mut rows = BTreeMap::new();
        for fact in self.facts_of(metrics) {
            rows.insert(fact.to_owned(), self.kept.rows(fact, &unit.unit_id)?);
        }
        let no_tables = BTreeMap::new();
        let ground = fact::Ground {
            catalog: self.catalog,
            tables: &no_tables,
            days: days(self.catalog),
            as_of: self.ledger.as_of,
        };
        let cube = cube::count_again(&ground, &self.ledger, &rows).context("counting again")?;
        Ok(OfUnit { desk: self, unit, rows, cube, fed: self.catalog.filled() })
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
        let asked: BTreeSet<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        by_name
            .values()
            .filter(|m| asked.contains(m.name.as_str()))
            .for_each(|m| see(m, &mut open));
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

impl<'d> OfUnit<'d> {
    /// Hands over what metrics of this unit are told from.
    pub fn telling(&'d self) -> Telling<'d, 'd> {
        let metrics = self.desk.catalog.metrics();
        Telling {
            cube: &self.cube,
            metrics: metrics.map(|metric| (metric.name.as_str(), metric)).collect(),
            units: std::slice::from_ref(self.unit),
            as_of: self.desk.ledger.as_of,
            fed: &self.fed,
            stale: &self.desk.ledger.stale,
        }
    }

    /// Explains one number of this unit.
    ///
    /// # Errors
    /// [`Unknown`], or a formula that leaves 128 bits.
    pub fn explain<'e>(
        &'e self,
        telling: &'e Telling<'e, 'e>,
        question: Question<'_>,
    ) -> anyhow::Result<Explanation<'e>> {
        let metric = self.desk.metric(question.metric)?;
        let (spots, periods) = telling.told_at(metric, self.unit);
        let spot = self.spot(&spots, question)?;
        let period = told_period(&periods, question.period)?;
        let worked = telling.worked(metric, &spot, period)?;
        let before = previous(period).filter(|before| periods.contains(before));
        let before = before.map(|before| telling.worked(metric, &spot, before)).transpose()?;
        let mut measures = Vec::new();
        let mut behind: BTreeMap<&str, Vec<(Behind, &Measure)>> = BTreeMap::new();
        for used in &worked.uses {
            let Some((measure, fact)) = self.measure(&used.measure) else { continue };
            let rows = Behind::of(fact, measure, &used.spot, (period, self.desk.ledger.as_of));
            let counted = self.counted(&rows, measure)?;
            let (amount, spot) = (used.amount, used.spot.clone());
            measures.push(Counted { amount, spot, ..counted });
            behind.entry(fact.name.as_str()).or_default().push((rows, measure));
        }
        let mut facts = Vec::new();
        for (_, behind) in behind {
            facts.extend(self.rows(&behind)?);
        }
        Ok(Explanation {
            unit: self.desk.names.get(&self.unit.unit_id).cloned().unwrap_or_default(),
            published: published::of(&self.desk.var, &self.desk.ledger, &worked.told)?,
            stale: if worked.told.is_stale { self.stale(&facts) } else { Vec::new() },
            worked,
            measures,
            facts,
            before,
            ledger: &self.desk.ledger,
        })
    }

    fn spot(&self, spots: &[Spot], question: Question<'_>) -> Result<Spot, Unknown> {
        let fits = |spot: &&Spot| match (question.section, question.part, spot) {
            (None, None, ((_, None), None)) => true,
            (Some(name), None, ((unit, Some(section)), None)) => {
                let named = || self.desk.resolver.section_named(unit, name, self.desk.ledger.as_of);
                section == name || named().as_ref() == Some(section)
            }
            (None, Some(value), ((_, None), Some((_, part)))) => part == value,
            _ => false,
        };
        let (what, found) = match (question.section, question.part) {
            (Some(section), _) => (What::Section, section),
            (None, Some(part)) => (What::Part, part),
            (None, None) => (What::Part, ""),
        };
        spots.iter().find(fits).cloned().ok_or_else(|| {
            let keys = spots.iter().filter_map(|((_, section), part)| {
                part.as_ref().map(|(_, value)| value).or(section.as_ref()).map(String::as_str)
            });
            unknown(what, found, &keys.collect::<Vec<_>>())
        })
    }

    fn measure(&self, name: &str) -> Option<(&'d Measure, &'d Fact)> {
        let catalog = self.desk.catalog;
        let measure = catalog.measures().find(|measure| measure.name == name)?;
        Some((measure, catalog.facts().find(|fact| fact.name == measure.fact.value)?))
    }

    fn counted(&self, behind: &Behind, measure: &'d Measure) -> anyhow::Result<Counted<'d>> {
        let nothing = DataFrame::empty();
        let of_unit = self.rows.get(&behind.fact).unwrap_or(&nothing);
        let rows = behind.rows(of_unit)?;
        let counted = with_counts(&rows, &[measure], &days(self.desk.catalog))?;
        let marks = counted.column(&format!("={}", measure.name));
        let counted = marks.map_or(0, |marks| marks.len() - marks.null_count());
        let zone = self.desk.catalog.settings.zone.iana_name().unwrap_or("UTC");
        let writer = Writer { zone, instants: &instants(of_unit) };
        let file = std::path::absolute(self.desk.kept.file(&behind.fact))?;
        let sql = format!(
            "select {}\nfrom read_parquet({})\nwhere {}",
            writer.aggregate(&measure.aggregate),
            literal(&file.display().to_string()),
            behind.sql(),
        );
        Ok(Counted {
            measure,
            spot: behind.spot.clone(),
            amount: None,
            rows: counted as u64,
            sql,
            is_runnable: is_runnable(&measure.aggregate),
        })
    }

    /// The rows of a fact that any of its measures looks at, with what each counts for.
    fn rows(&self, behind: &[(Behind, &'d Measure)]) -> anyhow::Result<Option<Rows<'d>>> {
        let Some((first, measure)) = behind.first() else { return Ok(None) };
        let Some((_, fact)) = self.measure(&measure.name) else { return Ok(None) };
        let nothing = DataFrame::empty();
        let of_unit = self.rows.get(&first.fact).unwrap_or(&nothing);
        let mut measures: Vec<&Measure> = Vec::new();
        for (_, measure) in behind {
            if !measures.iter().any(|known| known.name == measure.name) {
                measures.push(measure);
            }
        }
        let all: Vec<&Behind> = behind.iter().map(|(rows, _)| rows).collect();
        let rows = Behind::any(&all, of_unit)?;
        let counted = with_counts(&rows, &measures, &days(self.desk.catalog))?;
        let schema = self.desk.catalog.schemas.get(&fact.table.value);
        Ok(Some(Rows {
            fact,
            file: self.desk.kept.file(&fact.name),
            derived: derived(fact, &measures),
            rows: counted.height() as u64,
            sources: sources::of(&counted),
            is_about_persons: schema.is_some_and(|schema| schema.is_about_persons),
            table: counted,
        }))
    }

    /// The streams that fill what is stale below some facts.
    fn stale(&self, facts: &[Rows<'_>]) -> Vec<String> {
        let known = facts.iter().filter_map(|rows| self.cube.facts.get(&rows.fact.name));
        let tables: BTreeSet<&String> = known.flat_map(|known| &known.tables).collect();
        let is_stale = |table: &str| self.desk.ledger.stale.contains(table);
        let rests = |table: &String| {
            tables.contains(table) || (table == "person_snapshot" && has(&tables, "person_spell"))
        };
        let streams = self.desk.catalog.streams().into_iter();
        let stale =
            streams.filter(|(_, stream)| is_stale(&stream.into.value) && rests(&stream.into.value));
        stale.map(|(connector, stream)| format!("{}.{}", connector.name, stream.name)).collect()
    }
}

fn has(tables: &BTreeSet<&String>, name: &str) -> bool {
    tables.iter().any(|table| *table == name)
}

/// The derived columns that measures use, those below them first, with the text that makes them.
fn derived(fact: &Fact, measures: &[&Measure]) -> Vec<(String, String)> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    measures.iter().for_each(|measure| {
        measure.aggregate.each_column(&mut |name| {
            wanted.insert(name.split('.').next().unwrap_or(name));
        });
    });
    let mut found = Vec::new();
    for derived in fact.derive.iter().rev() {
        if !wanted.contains(derived.name.as_str()) {
            continue;
        }
        let text = match &derived.make {
            Make::Sql(text, tree) => {
                tree.each_column(&mut |name| {
                    wanted.insert(name.split('.').next().unwrap_or(name));
                });
                text.value.clone()
            }
            Make::Spell { on: (text, _) } => format!("SPELL ON {}", text.value),
            Make::Exists { fact, keep } => {
                let keep = keep.as_ref().map(|(text, _)| format!(" WHERE {}", text.value));
                format!("EXISTS {}{}", fact.value, keep.unwrap_or_default())
            }
        };
        found.push((derived.name.clone(), text));
    }
    found.reverse();
    found
}

fn told_period(told: &[Period], text: &str) -> Result<Period, Unknown> {
    let read = text.parse::<Period>().ok().filter(|period| told.contains(period));
    read.ok_or_else(|| {
        let last = told.iter().rev().take(6).map(ToString::to_string);
        Unknown { what: What::Period, found: text.to_owned(), near: last.collect() }
    })
}

/// The period before, of the same kind; sums up to a month are compared with the year before.
fn previous(period: Period) -> Option<Period> {
    let back = match period.kind() {
        PeriodKind::Month => 1,
        PeriodKind::Quarter => 3,
        PeriodKind::Year | PeriodKind::Ytd | PeriodKind::Ttm => 12,
    };
    let last = period.last().plus(-back);
    (last < period.last()).then(|| Period::of(period.kind(), last))
}

fn unknown(what: What, found: &str, known: &[&str]) -> Unknown {
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in known {
        let parts = [found.contains(name), name.contains(found)];
        let is_part = parts.contains(&true);
        let is_near = nearest(found, [*name]).is_some();
        near.push((usize::from(!is_near) + usize::from(!is_part), name));
    }
    near.sort_unstable();
    near.dedup();
    let best = near.first().map_or(2, |(distance, _)| *distance);
    let near = near.into_iter().filter(|(distance, _)| *distance == best).take(6);
    let near = near.map(|(_, name)| name.to_owned()).collect();
    Unknown { what, found: found.to_owned(), near }
}

fn text(row: &CellRow, at: usize) -> Option<String> {
    match row.get(at) {
        Some(Some(Cell::Text(text))) => Some(text.clone()),
        _ => None,
    }
}

impl Explanation<'_> {
    /// The rows behind the number as lines of one table, its head first. Of rows about persons only
    /// their places are told.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let common = ["_unit", "_section", "_month"];
        let lineage = ["_system", "_stream", "_night", "_source", "_row"];
        let mut own: Vec<String> = Vec::new();
        for rows in self.facts.iter() {
            for name in rows.table.get_column_names() {
                let name = name.to_string();
                let is_open = !rows.is_about_persons || name.starts_with('=');
                let is_own = !common.contains(&name.as_str()) && !lineage.contains(&name.as_str());
                if is_open && is_own && !own.contains(&name) {
                    own.push(name);
                }
            }
        }
        let fixed =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let names = [fixed(&common), own, fixed(&lineage)].concat();
        let mut lines = vec![[vec!["fact".to_owned()], names.clone()].concat()];
        for rows in &self.facts {
            let shown = |name: &String| {
                let is_place = common.contains(&name.as_str()) || lineage.contains(&name.as_str());
                !rows.is_about_persons || is_place || name.starts_with('=')
            };
            let asked: Vec<&str> =
                names.iter().map(|name| if shown(name) { name.as_str() } else { "" }).collect();
            for row in table::to_rows(&rows.table, &asked) {
                let cells =
                    row.into_iter().map(|cell| cell.map_or_else(String::new, |c| c.written()));
                lines.push([vec![rows.fact.name.clone()], cells.collect()].concat());
            }
        }
        lines
    }

    /// Whether the number may be told at all.
    pub fn is_told(&self) -> bool {
        self.worked.told.status != Status::Withheld
    }

    /// The night and day that are explained.
    pub fn days(&self) -> (Date, Date) {
        (self.ledger.night, self.ledger.as_of)
    }
}
