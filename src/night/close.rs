//! What does the night publish of periods that are closed, and what does it count of them by now?

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Choice;
use super::Ground;
use super::compute::Computed;
use super::deliver;
use super::deliver::schema;
use super::notes;
use super::notes::text;
use super::score;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::base::period::Period;
use crate::frame::table;
use crate::measure::kept::Kept;
use crate::measure::placed::month_number;
use crate::model::lake::Lake;
use crate::publish::closed;
use crate::publish::closed::Closed;
use crate::publish::correction;
use crate::publish::correction::Correction;
use crate::publish::correction::Known;
use crate::publish::moved::Point;
use crate::publish::moved::Said;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Fact;
use crate::spec::schema::Schema;

/// The table of corrections.
pub(super) const TABLE: &str = "correction";

/// What a night says to others.
pub(super) struct Settled {
    /// Its numbers, those that are closed in their place.
    pub(super) said: Said,
    /// What it counts otherwise than was closed.
    pub(super) corrections: Vec<Correction>,
    /// The periods that are closed, and the release that the numbers of each are from.
    pub(super) closed: Vec<(String, String)>,
    /// What was counted of them.
    counted: Said,
}

impl Settled {
    /// Keeps aside what was counted, so that it can be accepted once the release is read.
    pub(super) fn keep(&self, var: &Path, release: &Path) -> anyhow::Result<()> {
        if self.closed.is_empty() {
            return Ok(());
        }
        let periods: Vec<&str> = self.closed.iter().map(|(period, _)| period.as_str()).collect();
        let release = release.file_name().unwrap_or_default().to_string_lossy();
        Ok(closed::keep_counted(var, &release, &periods, &self.counted)?)
    }

    /// How many numbers of each closed period are counted otherwise.
    pub(super) fn told(&self) -> BTreeMap<String, u64> {
        let count = |period: &String| {
            let of = |it: &&Correction| it.about.key[6].as_ref() == Some(period);
            self.corrections.iter().filter(of).count() as u64
        };
        self.closed.iter().map(|(period, _)| (period.clone(), count(period))).collect()
    }
}

/// Puts closed numbers into the place of what was counted.
pub(super) fn settle(
    ground: &Ground<'_>,
    computed: &Computed<'_>,
    closed: &[Closed],
    choice: Choice,
) -> anyhow::Result<Settled> {
    let catalog = ground.catalog;
    let table = |name| score::table(schema(catalog, name)?, &computed.scores, choice);
    let mut said = Said {
        metrics: deliver::values(catalog, computed, choice)?,
        definitions: deliver::meaning_table(catalog)?,
        scores: Some(table("score")?),
        lines: Some(table("score_line")?),
    };
    let counted = said.clone();
    if closed.is_empty() {
        return Ok(Settled { said, corrections: Vec::new(), closed: Vec::new(), counted });
    }
    let seen = correction::seen(&ground.var.join("release"), choice.night)?;
    let fresh = Fresh { ground, night: choice.night, came: RefCell::default() };
    let only_new = |metric: &str, unit: Option<&str>, period: &str, night: Date| {
        fresh.is_new_only(metric, (unit, period), night).unwrap_or(false)
    };
    let known = Known { night: choice.night, only_new: &only_new, seen: &seen };
    let corrections = correction::settle(closed, &mut said, &known).context("correcting")?;
    let closed = closed.iter().map(|it| (it.period.clone(), it.release.clone())).collect();
    Ok(Settled { said, corrections, closed, counted })
}

/// Which rows came to the facts since some night.
struct Fresh<'g> {
    ground: &'g Ground<'g>,
    night: Date,
    came: RefCell<BTreeMap<(String, Date), Vec<Came>>>,
}

/// A row that came: its unit and month, and whether its key was not there before.
struct Came {
    unit: String,
    month: i64,
    is_new: bool,
}

impl Fresh<'_> {
    /// Whether rows came to a metric of a unit, or of all, in a period since a night, and none of them was there before.
    fn is_new_only(
        &self,
        metric: &str,
        (unit, period): (Option<&str>, &str),
        since: Date,
    ) -> anyhow::Result<bool> {
        let period: Period = period.parse()?;
        let months = [period.first(), period.last()].map(|month| i64::from(month_number(month)));
        let mut has_come = false;
        for fact in facts_of(self.ground.catalog, metric) {
            let key = (fact.name.clone(), since);
            if !self.came.borrow().contains_key(&key) {
                let came = self.came_to(fact, since)?;
                self.came.borrow_mut().insert(key.clone(), came);
            }
            let came = self.came.borrow();
            let is_of_it = |row: &&Came| {
                let is_of_unit = unit.is_none_or(|unit| unit == row.unit);
                is_of_unit && (months[0]..=months[1]).contains(&row.month)
            };
            let mut rows = came.get(&key).into_iter().flatten().filter(is_of_it).peekable();
            has_come |= rows.peek().is_some();
            if rows.any(|row| !row.is_new) {
                return Ok(false);
            }
        }
        Ok(has_come)
    }

    fn came_to(&self, fact: &Fact, since: Date) -> anyhow::Result<Vec<Came>> {
        let lake = Lake::at(&self.ground.lake());
        let Some(schema) = self.ground.catalog.schemas.get(&fact.table.value) else {
            return Ok(Vec::new());
        };
        let key: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
        let names = [&["_unit", "_month"][..], &key].concat();
        let came = Kept::at(&self.ground.lake()).since(&fact.name, since)?;
        let known = lake.read(schema, since.min(self.night))?;
        let known = if known.width() == 0 { Vec::new() } else { table::to_rows(&known, &key) };
        let known: BTreeSet<CellRow> = known.into_iter().collect();
        let rows = table::to_rows(&came, &names).into_iter().filter_map(|mut row| {
            let key = row.split_off(2);
            let Some(Some(Cell::Whole(month))) = row.get(1) else { return None };
            let is_new = !known.contains(&key);
            Some(Came { unit: text_of(row.first())?, month: *month, is_new })
        });
        Ok(rows.collect())
    }
}

/// The facts that a metric counts, however deep below it.
fn facts_of<'c>(catalog: &'c Catalog, metric: &str) -> Vec<&'c Fact> {
    let mut facts: BTreeMap<&str, &Fact> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![metric.to_owned()];
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(metric) = catalog.metrics().find(|metric| metric.name == name) {
            metric.value.each_name(&mut |name| open.push(name.to_owned()));
        }
        let measures = catalog.measures().filter(|measure| measure.name == name);
        for measure in measures {
            let named = catalog.facts().filter(|fact| fact.name == measure.fact.value);
            facts.extend(named.map(|fact| (fact.name.as_str(), fact)));
        }
    }
    facts.into_values().collect()
}

/// The rows of the table of corrections.
pub(super) fn rows(schema: &Schema, corrections: &[Correction], night: Date) -> Vec<CellRow> {
    notes::rows(schema, corrections.iter(), |it, name| {
        let [metric, unit, section, dim, dim_value, kind, period] = &it.about.key;
        let own = |cell: &Option<String>| cell.clone().map(Cell::Text);
        match name {
            "of" => text(it.about.of),
            "metric" => own(metric),
            "leaf" => own(&it.about.leaf),
            "unit_id" => own(unit),
            "section_id" => own(section),
            "dim" => own(dim),
            "dim_value" => own(dim_value),
            "period_kind" => own(kind),
            "period" => own(period),
            "cause" => text(it.cause.name()),
            "release" => text(&it.release),
            "first_seen" => Some(Cell::Day(it.first_seen)),
            "night" => Some(Cell::Day(night)),
            _ => match name.strip_suffix("_closed") {
                Some(name) => of_point(it.closed.as_ref()?, name),
                None => of_point(it.counted.as_ref()?, name),
            },
        }
    })
}

fn of_point(point: &Point, name: &str) -> Option<Cell> {
    match name {
        "status" => text(&point.status),
        "value" => point.value.clone(),
        "shown" => point.shown.clone().map(Cell::Text),
        "numerator" => point.numerator.clone(),
        "denominator" => point.denominator.clone(),
        _ => None,
    }
}
