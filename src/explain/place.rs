//! How does one number of a unit or a group come about?

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Counted;
use super::Desk;
use super::Explanation;
use super::Rows;
use super::published::Published;
use super::published::Release;
use super::question::Question;
use super::question::Unknown;
use super::question::What;
use super::question::told_period;
use super::question::unknown;
use super::rows::derived;
use super::since::Since;
use super::sources;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::measure::behind::Behind;
use crate::measure::behind::kinds;
use crate::measure::behind::last_month;
use crate::measure::behind::with_counts;
use crate::measure::cube::Cube;
use crate::measure::cube::Spot;
use crate::measure::evaluate::Telling;
use crate::measure::evaluate::Unit;
use crate::measure::groups::Groups;
use crate::measure::groups::Level;
use crate::measure::worked::Use;
use crate::measure::worked::Worked;
use crate::measure::working::Working;
use crate::measure::working::WorkingAbove;
use crate::spec::duckdb::Writer;
use crate::spec::duckdb::is_runnable;
use crate::spec::duckdb::literal;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;
use crate::spec::pipeline::Metric;
use crate::why::Why;

/// What a night kept of a unit, or of a group of units.
pub struct Place<'d> {
    desk: &'d Desk<'d>,
    units: &'d [Unit],
    rows: BTreeMap<String, DataFrame>,
    cube: Cube,
    above: Option<Above>,
    fed: BTreeSet<&'d str>,
    /// Of the night, and of the night before.
    released: Vec<Release>,
    counts: BTreeMap<&'d str, Count<'d>>,
    standing: RefCell<Standing>,
    why: OnceCell<Why<'d>>,
}

/// A measure with its fact, and what it asks of the rows, as SQL.
struct Count<'d> {
    measure: &'d Measure,
    fact: &'d Fact,
    select: String,
    is_runnable: bool,
}

/// A group of units, with what all groups have together.
pub(super) struct Above {
    pub(super) groups: Groups,
    pub(super) cube: Cube,
    pub(super) at: usize,
}

/// Who stands in each group, by month and whether it is asked of what is there.
type Standing = BTreeMap<(Month, bool), Vec<Vec<String>>>;

/// Who works numbers out.
enum Teller<'t> {
    Unit(&'t Working<'t>, &'t Unit),
    Group(&'t WorkingAbove<'t>, usize),
}

/// What is done with a number that is worked out; each of its measures is written as SQL where it is asked for.
pub type Walk<'s, 'd> = dyn FnMut(Worked<'d>, &dyn Fn(&Metric, &Use) -> Option<Counted<'d>>) + 's;

impl<'d> Place<'d> {
    pub(super) fn of(
        desk: &'d Desk<'d>,
        units: &'d [Unit],
        rows: BTreeMap<String, DataFrame>,
        (cube, above, released): (Cube, Option<Above>, Vec<Release>),
    ) -> Place<'d> {
        let counts = desk.catalog.facts().flat_map(|fact| counts(desk, fact, &rows)).collect();
        let (fed, standing) = (desk.catalog.filled(), RefCell::default());
        let why = OnceCell::new();
        Place { desk, units, rows, cube, above, fed, released, counts, standing, why }
    }

    /// What its metrics are told from.
    fn telling(&self) -> Telling<'_, 'd> {
        let metrics = self.desk.catalog.metrics();
        Telling {
            cube: &self.cube,
            metrics: metrics.map(|metric| (metric.name.as_str(), metric)).collect(),
            units: self.units,
            as_of: self.desk.ledger.as_of,
            fed: &self.fed,
            stale: &self.desk.ledger.stale,
            peers: self.desk.peers.clone(),
            calendar: &self.desk.catalog.calendar,
        }
    }

    /// Explains numbers of this place, in the order of the questions.
    ///
    /// # Errors
    /// [`Unknown`], or a formula that leaves 128 bits.
    pub fn explain(&self, questions: &[Question<'_>]) -> anyhow::Result<Vec<Explanation<'d>>> {
        let telling = self.telling();
        let working = Working::of(&telling);
        let Some(above) = &self.above else {
            let Some(unit) = self.units.first() else { return Ok(Vec::new()) };
            let teller = Teller::Unit(&working, unit);
            return questions.iter().map(|asked| self.explained(&teller, *asked)).collect();
        };
        let rolled = telling.over(&above.cube, &above.groups);
        let working = WorkingAbove::of(&working, &rolled, &above.groups);
        let teller = Teller::Group(&working, above.at);
        questions.iter().map(|asked| self.explained(&teller, *asked)).collect()
    }

    /// Works out every number of some metrics, of units and then of groups.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn walk(&self, metrics: &[&'d Metric], see: &mut Walk<'_, 'd>) -> anyhow::Result<()> {
        let telling = self.telling();
        let working = Working::of(&telling);
        let mut each = |worked: Worked<'d>| {
            see(worked, &|metric, used| Some(self.counted(metric, used)?.1));
            Ok(())
        };
        for metric in metrics {
            working.each(metric, &mut each)?;
        }
        let Some(above) = &self.above else { return Ok(()) };
        let rolled = telling.over(&above.cube, &above.groups);
        let working = WorkingAbove::of(&working, &rolled, &above.groups);
        for metric in metrics {
            working.each(metric, &mut each)?;
        }
        Ok(())
    }

    /// A measure that a number names as DuckDB SQL, with the rows behind it; nobody has looked at them yet.
    fn counted(&self, metric: &Metric, used: &Use) -> Option<(Behind, Counted<'d>)> {
        let Count { measure, fact, select, is_runnable } =
            self.counts.get(used.measure.as_str())?;
        let as_of = self.desk.ledger.as_of;
        let day = as_of.min(last_month(as_of, metric.withhold.is_some()).last());
        let behind = Behind::of(fact, measure, &used.spot, (used.period, day));
        let behind = match self.group_of(&used.spot) {
            None => behind,
            Some((groups, at)) => {
                let is_stock = matches!(fact.kind, FactKind::Stock { .. });
                behind.of_group(|month| self.standing(groups, (month, is_stock), at))
            }
        };
        let counted = Counted {
            measure,
            spot: used.spot.clone(),
            period: used.period,
            amount: used.amount,
            rows: 0,
            sql: format!("{select}{}", behind.sql()),
            is_runnable: *is_runnable,
        };
        Some((behind, counted))
    }

    /// The group that a place of the counts is.
    fn group_of(&self, spot: &Spot) -> Option<(&Groups, usize)> {
        let groups = &self.above.as_ref()?.groups;
        let (level, key) = spot.0.0.split_once(':')?;
        Some((groups, groups.at(Level::named(level)?, key)?))
    }

    fn standing(
        &self,
        groups: &Groups,
        (month, is_stock): (Month, bool),
        at: usize,
    ) -> Vec<String> {
        let mut known = self.standing.borrow_mut();
        let of_month =
            known.entry((month, is_stock)).or_insert_with(|| groups.standing(month, is_stock));
        of_month.get(at).cloned().unwrap_or_default()
    }

    fn explained(
        &self,
        teller: &Teller<'_>,
        question: Question<'_>,
    ) -> anyhow::Result<Explanation<'d>> {
        let metric = self.desk.metric(question.metric)?;
        let (spot, periods) = match teller {
            Teller::Unit(working, unit) => {
                let spot = self.spot(&working.spots(metric, unit), question)?;
                let periods = working.periods(metric, unit, &spot);
                (spot, periods)
            }
            Teller::Group(working, at) => (Spot::default(), working.told_at(metric, *at)),
        };
        let period = told_period(&periods, question.period)?;
        let worked = |period: Period| match teller {
            Teller::Unit(working, _) => working.worked(metric, &spot, period).map(Some),
            Teller::Group(working, at) => working.worked(metric, *at, period),
        };
        let Some(now) = worked(period)? else {
            return Err(unknown(What::Period, question.period, &[]).into());
        };
        let before = period.before().filter(|before| periods.contains(before));
        let before = before.map(worked).transpose()?.flatten();
        let asked = now.uses.iter().filter_map(|used| self.counted(now.told.metric, used));
        let asked: Vec<(Behind, Counted<'d>)> = asked.collect();
        let mut behind: BTreeMap<&str, Vec<(&Behind, &Measure)>> = BTreeMap::new();
        for (rows, Counted { measure, .. }) in &asked {
            behind.entry(measure.fact.value.as_str()).or_default().push((rows, measure));
        }
        let mut facts = Vec::new();
        for (_, behind) in behind {
            facts.extend(self.rows(&behind)?);
        }
        let mut measures = Vec::new();
        for (behind, counted) in asked {
            // Of the rows that any measure looks at, those that count for this one.
            let rows = rows_counted(&behind, counted.measure, &facts)?;
            measures.push(Counted { rows, ..counted });
        }
        let published = self.released.first().map(|released| released.says(&now.told));
        Ok(Explanation {
            unit: self.title(),
            published: published.unwrap_or(Published::Nothing),
            stale: if now.told.is_stale { self.stale(&facts) } else { Vec::new() },
            moved: self.moved(&now)?,
            worked: now,
            measures,
            facts,
            before,
            ledger: &self.desk.ledger,
        })
    }

    /// What the place is called.
    fn title(&self) -> String {
        let settings = &self.desk.catalog.settings;
        let group = self.above.as_ref().and_then(|above| above.groups.list.get(above.at));
        let unit = |key: &str| self.desk.names.get(key).cloned().unwrap_or_default();
        match group.map(|group| (group.level, group.key.as_str())) {
            None => self.units.first().map(|of| unit(&of.unit_id)).unwrap_or_default(),
            Some((Level::City, _)) => settings.title.clone(),
            Some((Level::Parent, key)) => unit(key),
            Some((Level::County, key)) => {
                let region = settings.regions.iter().find(|(code, _)| code == key);
                region.map(|(_, name)| name.clone()).unwrap_or_default()
            }
            Some(_) => String::new(),
        }
    }

    /// What moved since the release of the night before; none where there is none.
    fn moved(&self, now: &Worked<'d>) -> anyhow::Result<Option<Since>> {
        let [own, before] = self.released.as_slice() else { return Ok(None) };
        let Some(then) = before.night() else { return Ok(None) };
        let (desk, ledger) = (self.desk, &self.desk.ledger);
        let why = if let Some(why) = self.why.get() {
            why
        } else {
            let why = Why::of((desk.catalog, &desk.var), (ledger.night, ledger.as_of), &then)?;
            self.why.get_or_init(|| why)
        };
        Since::of((before, own), now, why).map(Some)
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

    /// The rows of a fact that any of its measures looks at, with what each counts for.
    fn rows(&self, behind: &[(&Behind, &'d Measure)]) -> anyhow::Result<Option<Rows<'d>>> {
        let Some((first, measure)) = behind.first() else { return Ok(None) };
        let Some(Count { fact, .. }) = self.counts.get(measure.name.as_str()) else {
            return Ok(None);
        };
        let nothing = DataFrame::empty();
        let of_unit = self.rows.get(&first.fact).unwrap_or(&nothing);
        let mut measures: Vec<&Measure> = Vec::new();
        for (_, measure) in behind {
            if !measures.iter().any(|known| known.name == measure.name) {
                measures.push(measure);
            }
        }
        let all: Vec<&Behind> = behind.iter().map(|(rows, _)| *rows).collect();
        let rows = Behind::any(&all, of_unit)?;
        let counted = with_counts(&rows, &measures, &Days::of(self.desk.catalog))?;
        let schema = self.desk.catalog.schemas.get(&fact.table.value);
        Ok(Some(Rows {
            fact,
            file: self.desk.kept.files(&fact.name),
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

/// The measures of a fact.
fn counts<'d>(
    desk: &Desk<'d>,
    fact: &'d Fact,
    rows: &BTreeMap<String, DataFrame>,
) -> Vec<(&'d str, Count<'d>)> {
    let zone = desk.catalog.settings.zone.iana_name().unwrap_or("UTC");
    let kinds = rows.get(&fact.name).map(kinds).unwrap_or_default();
    let writer = Writer { zone, kinds: &kinds };
    let file = desk.kept.files(&fact.name);
    let file = std::path::absolute(&file).unwrap_or(file);
    let file = literal(&file.display().to_string());
    let of_fact = desk.catalog.measures().filter(|measure| measure.fact.value == fact.name);
    let count = |measure: &'d Measure| {
        let aggregate = writer.aggregate(&measure.aggregate);
        let select = format!("select {aggregate}\nfrom read_parquet({file})\nwhere ");
        let is_runnable = is_runnable(&measure.aggregate);
        (measure.name.as_str(), Count { measure, fact, select, is_runnable })
    };
    of_fact.map(count).collect()
}

/// How many rows count for a measure, among those of the facts.
fn rows_counted(behind: &Behind, measure: &Measure, facts: &[Rows<'_>]) -> anyhow::Result<u64> {
    let Some(of_fact) = facts.iter().find(|rows| rows.fact.name == behind.fact) else {
        return Ok(0);
    };
    let rows = behind.rows(&of_fact.table)?;
    let marks = rows.column(&format!("={}", measure.name));
    Ok(marks.map_or(0, |marks| marks.len() - marks.null_count()) as u64)
}

fn has(tables: &BTreeSet<&String>, name: &str) -> bool {
    tables.iter().any(|table| *table == name)
}
