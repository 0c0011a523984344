//! How does one number of a unit or a group come about?

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Counted;
use super::Desk;
use super::Explanation;
use super::Rows;
use super::desk::days;
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
use crate::model::lake::Lake;
use crate::spec::duckdb::Writer;
use crate::spec::duckdb::is_runnable;
use crate::spec::duckdb::literal;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Measure;
use crate::spec::schema::FieldKind;

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
    kinds: BTreeMap<String, BTreeMap<String, FieldKind>>,
    standing: RefCell<Standing>,
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

/// What is done with a number that is worked out, and with its measures.
pub type Walk<'s, 'd> = dyn FnMut(Worked<'d>, Vec<Counted<'d>>) + 's;

impl<'d> Place<'d> {
    pub(super) fn of(
        desk: &'d Desk<'d>,
        units: &'d [Unit],
        rows: BTreeMap<String, DataFrame>,
        (cube, above, released): (Cube, Option<Above>, Vec<Release>),
    ) -> Place<'d> {
        let kinds = rows.iter().map(|(fact, rows)| (fact.clone(), kinds(rows))).collect();
        let (fed, standing) = (desk.catalog.filled(), RefCell::default());
        Place { desk, units, rows, cube, above, fed, released, kinds, standing }
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

    /// Works out every number of every metric, of units and then of groups.
    ///
    /// # Errors
    /// A formula that leaves 128 bits.
    pub fn walk(&self, see: &mut Walk<'_, 'd>) -> anyhow::Result<()> {
        let telling = self.telling();
        let working = Working::of(&telling);
        let mut each = |worked: Worked<'d>| {
            let measures = self.asked(&worked).into_iter().map(|(_, counted)| counted);
            let measures = measures.collect();
            see(worked, measures);
            Ok(())
        };
        for metric in self.desk.catalog.metrics() {
            working.each(metric, &mut each)?;
        }
        let Some(above) = &self.above else { return Ok(()) };
        let rolled = telling.over(&above.cube, &above.groups);
        let working = WorkingAbove::of(&working, &rolled, &above.groups);
        for metric in self.desk.catalog.metrics() {
            working.each(metric, &mut each)?;
        }
        Ok(())
    }

    /// The measures of a number, each with the rows that it looks at.
    fn asked(&self, worked: &Worked<'_>) -> Vec<(Behind, Counted<'d>)> {
        let has_people = worked.told.metric.withhold.is_some();
        let day = self.desk.ledger.as_of;
        let stock = last_month(day, has_people).last();
        let uses = worked.uses.iter().filter_map(|used| {
            let (measure, fact) = self.measure(&used.measure)?;
            let behind = Behind::of(fact, measure, &used.spot, (used.period, day.min(stock)));
            let behind = match self.group_of(&used.spot) {
                None => behind,
                Some((groups, at)) => {
                    let is_stock = matches!(fact.kind, FactKind::Stock { .. });
                    behind.of_group(|month| self.standing(groups, (month, is_stock), at))
                }
            };
            let counted = self.counted(&behind, measure, used);
            Some((behind, counted))
        });
        uses.collect()
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
        let (spots, periods) = match teller {
            Teller::Unit(working, unit) => working.told_at(metric, unit),
            Teller::Group(working, at) => (Vec::new(), working.told_at(metric, *at)),
        };
        let spot = match teller {
            Teller::Unit(..) => self.spot(&spots, question)?,
            Teller::Group(..) => Spot::default(),
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
        let mut measures = Vec::new();
        let mut behind: BTreeMap<&str, Vec<(Behind, &Measure)>> = BTreeMap::new();
        for (rows, counted) in self.asked(&now) {
            let measure = counted.measure;
            let rows_counted = self.rows_counted(&rows, measure)?;
            measures.push(Counted { rows: rows_counted, ..counted });
            behind.entry(measure.fact.value.as_str()).or_default().push((rows, measure));
        }
        let mut facts = Vec::new();
        for (_, behind) in behind {
            facts.extend(self.rows(&behind)?);
        }
        let published = self.released.first().map(|released| released.says(&now.told));
        Ok(Explanation {
            unit: self.title(),
            published: published.unwrap_or(Published::Nothing),
            stale: if now.told.is_stale { self.stale(&facts) } else { Vec::new() },
            moved: self.moved(&now, &facts)?,
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
    fn moved(&self, now: &Worked<'d>, facts: &[Rows<'d>]) -> anyhow::Result<Option<Since>> {
        let [own, before] = self.released.as_slice() else { return Ok(None) };
        let lake = Lake::at(&self.desk.var.join("lake"));
        Since::of((before, own), now, (facts, &self.desk.catalog.schemas), &lake).map(Some)
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

    /// A measure as DuckDB SQL; nobody has looked at its rows.
    fn counted(&self, behind: &Behind, measure: &'d Measure, used: &Use) -> Counted<'d> {
        let zone = self.desk.catalog.settings.zone.iana_name().unwrap_or("UTC");
        let none = BTreeMap::new();
        let writer = Writer { zone, kinds: self.kinds.get(&behind.fact).unwrap_or(&none) };
        let file = self.desk.kept.file(&behind.fact);
        let file = std::path::absolute(&file).unwrap_or(file);
        let sql = format!(
            "select {}\nfrom read_parquet({})\nwhere {}",
            writer.aggregate(&measure.aggregate),
            literal(&file.display().to_string()),
            behind.sql(),
        );
        Counted {
            measure,
            spot: used.spot.clone(),
            period: used.period,
            amount: used.amount,
            rows: 0,
            sql,
            is_runnable: is_runnable(&measure.aggregate),
        }
    }

    /// How many rows count for a measure.
    fn rows_counted(&self, behind: &Behind, measure: &Measure) -> anyhow::Result<u64> {
        let nothing = DataFrame::empty();
        let rows = behind.rows(self.rows.get(&behind.fact).unwrap_or(&nothing))?;
        let counted = with_counts(&rows, &[measure], &days(self.desk.catalog))?;
        let marks = counted.column(&format!("={}", measure.name));
        Ok(marks.map_or(0, |marks| marks.len() - marks.null_count()) as u64)
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
