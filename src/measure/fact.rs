//! Which rows does a fact have, and in which months do they lie? Tables are joined along foreign keys,
//! spread over time and given their derived columns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use super::peers::Peers;
use super::spell;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::codes::number;
use crate::frame::expr;
use crate::frame::functions::Days;
use crate::frame::functions::day_column;
use crate::frame::mix::Mixed;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;
use crate::spec::schema::ForeignKey;

/// Tables by name, resolved.
pub type Tables = BTreeMap<String, DataFrame>;

/// The columns of the day that is told and of the night, in every row.
pub(super) const TOLD: [&str; 2] = ["told_on", "known_on"];

/// What facts are told from.
#[derive(Debug)]
pub struct Ground<'g> {
    /// The definitions.
    pub catalog: &'g Catalog,
    /// The model's tables.
    pub tables: &'g Tables,
    /// What days mean.
    pub days: Days,
    /// The day that is told.
    pub as_of: Date,
    /// The night: what is known of that day by then.
    pub night: Date,
}

/// What more than one fact needs, and is made once.
#[derive(Default)]
pub(super) struct Shared {
    /// The rows of facts, by name.
    pub(super) rows: BTreeMap<String, DataFrame>,
    is_mixed: bool,
    mixed: BTreeMap<String, [Column; 2]>,
}

/// The columns of these numbers.
const MIXED: [&str; 2] = ["_mixed", "_mixed_too"];

impl Shared {
    /// Nothing yet. Where rows are to be mixed they carry what the row of their table says as two numbers, so that this is
    /// mixed once for all facts and months.
    pub(super) fn of(is_mixed: bool) -> Shared {
        Shared { is_mixed, ..Shared::default() }
    }

    fn mixed(&mut self, name: &str, table: &DataFrame) -> PolarsResult<&[Column; 2]> {
        if !self.mixed.contains_key(name) {
            let own: Vec<&str> = table.columns().iter().map(|own| own.name().as_str()).collect();
            self.mixed.insert(name.to_owned(), Mixed::of(table, &own)?.columns(MIXED));
        }
        Ok(&self.mixed[name])
    }
}

impl Ground<'_> {
    /// The rows of a fact: its table's columns, followed ones, `_month`, derived ones.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn rows(&self, fact: &Fact) -> Result<DataFrame, MeasureError> {
        self.rows_beside(fact, &mut Shared::default())
    }

    /// The same, where what other facts need as well has been made already or stands afterwards.
    pub(super) fn rows_beside(
        &self,
        fact: &Fact,
        shared: &mut Shared,
    ) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars(format!("fact `{}`", fact.name));
        let Some(table) = self.tables.get(&fact.table.value) else {
            return Ok(DataFrame::empty());
        };
        let names = self.looked_at(fact);
        let mut frame = table.clone();
        if shared.is_mixed {
            let mixed = shared.mixed(&fact.table.value, table).map_err(doing())?;
            frame.hstack_mut(mixed).map_err(doing())?;
        }
        frame = self.followed(&names, fact, frame)?;
        frame = self.in_time(fact, &frame)?;
        for (name, day) in TOLD.into_iter().zip([self.as_of, self.night]) {
            let days = std::iter::repeat_n(Some(day), frame.height());
            frame.with_column(day_column(name, days)).map_err(doing())?;
        }
        for derived in &fact.derive {
            frame = match &derived.make {
                Make::Sql(_, tree) => {
                    let whose = format!("column `{}`", derived.name);
                    let built = expr::exact(tree, &self.days, &whose).map_err(doing())?;
                    let built = built.alias(derived.name.as_str());
                    frame.lazy().with_column(built).collect().map_err(doing())?
                }
                Make::Spell { on: (_, tree) } => {
                    let built = expr::row(tree, &self.days).map_err(doing())?.alias("_on");
                    let on = frame.clone().lazy().select([built]).collect().map_err(doing())?;
                    let on = on.column("_on").and_then(|on| self.days.of_column(on));
                    let spells = self.table("person_spell")?;
                    let on = on.map_err(doing())?;
                    spell::beside(frame, &spells, &on, (&derived.name, &names))?
                }
                Make::Listed { list, value } => {
                    let claims = self.listed(&frame, fact, (&list.value, &value.value))?;
                    let claims = BooleanChunked::from_iter_options("".into(), claims.into_iter());
                    let claims = claims.into_series().with_name(derived.name.as_str().into());
                    frame.with_column(claims.into()).map_err(doing())?;
                    frame
                }
                Make::Exists { fact: other, keep } => {
                    let keep = keep.as_ref().map(|(_, tree)| tree);
                    let other = (other.value.as_str(), keep);
                    self.flagged(fact, (frame, shared), &derived.name, other)?
                }
            };
        }
        if let Some((_, tree)) = &fact.keep {
            let keep = expr::exact(tree, &self.days, "`where`").map_err(doing())?;
            frame = frame.lazy().filter(keep).collect().map_err(doing())?;
        }
        Ok(frame)
    }

    /// Takes the numbers out of placed rows: each row of them, with what the fact has made of it, is mixed into one.
    pub(super) fn mixed(&self, fact: &Fact, rows: &mut DataFrame) -> PolarsResult<Mixed> {
        let of_table = self.tables.get(&fact.table.value);
        let is_made = |name: &str| {
            fact.derive.iter().any(|derived| derived.name == name)
                || fact.kind.gives().iter().any(|(given, _)| *given == name)
                || TOLD.contains(&name)
        };
        let is_own = |name: &str| of_table.is_some_and(|table| table.column(name).is_ok());
        let names = rows.columns().iter().map(|column| column.name().as_str());
        let names: Vec<&str> = names.filter(|name| !is_own(name) || is_made(name)).collect();
        let mixed = Mixed::of(rows, &names)?;
        *rows = rows.drop_many(MIXED);
        Ok(mixed)
    }

    /// The tables that a fact rests on.
    pub fn rests_on(&self, fact: &Fact) -> BTreeSet<String> {
        let mut tables = BTreeSet::from([fact.table.value.clone()]);
        for (_, key) in self.keys_followed(&self.looked_at(fact), fact) {
            tables.insert(key.table);
        }
        for derived in &fact.derive {
            match &derived.make {
                Make::Sql(..) | Make::Listed { .. } => {}
                Make::Spell { .. } => {
                    tables.insert("person_spell".to_owned());
                }
                Make::Exists { fact: other, .. } => {
                    let other = self.catalog.facts().find(|fact| fact.name == other.value);
                    tables.extend(other.map(|other| other.table.value.clone()));
                }
            }
        }
        tables
    }

    /// The tables without which a measure can't be counted: of what its fact makes, those that it looks at, itself or
    /// through what it looks at.
    pub(super) fn tables_of(&self, fact: &Fact, measure: &Measure) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut see = |name: &str| _ = names.insert(name.to_owned());
        [&fact.unit].into_iter().chain(fact.kind.times()).for_each(|found| see(&found.value));
        fact.keep.iter().for_each(|(_, tree)| tree.each_column(&mut see));
        measure.aggregate.each_column(&mut see);
        measure.time.iter().for_each(|time| see(&time.value));
        let mut tables = BTreeSet::from([fact.table.value.clone()]);
        // A column is made of those before it.
        for derived in fact.derive.iter().rev() {
            let is_seen = |name: &String| {
                name.split_once('.').map_or(name.as_str(), |(part, _)| part) == derived.name
            };
            if !names.iter().any(is_seen) {
                continue;
            }
            let mut see = |name: &str| _ = names.insert(name.to_owned());
            match &derived.make {
                Make::Sql(_, tree) => tree.each_column(&mut see),
                Make::Listed { value, .. } => see(&value.value),
                Make::Spell { on: (_, tree) } => {
                    tree.each_column(&mut see);
                    tables.insert("person_spell".to_owned());
                }
                Make::Exists { fact: other, .. } => {
                    let other = self.catalog.facts().find(|fact| fact.name == other.value);
                    tables.extend(other.map(|other| other.table.value.clone()));
                }
            }
        }
        tables.extend(self.keys_followed(&names, fact).into_iter().map(|(_, key)| key.table));
        tables
    }

    /// A table of the model; without rows where nothing feeds it, so that expressions over it still hold.
    fn table(&self, name: &str) -> Result<DataFrame, MeasureError> {
        if let Some(table) = self.tables.get(name) {
            return Ok(table.clone());
        }
        let fields = self.catalog.schemas.get(name).map_or(&[][..], |schema| &schema.fields);
        let columns: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
        Ok(table::from_rows(&columns, &[])?)
    }

    /// The rows that a key points at, each once: of what has a line for each of its times, the newest that has begun by the
    /// told day.
    fn newest(&self, key: &ForeignKey) -> Result<DataFrame, MeasureError> {
        let target = self.table(&key.table)?;
        let schema = self.catalog.schemas.get(&key.table);
        let Some(schema) = schema.filter(|schema| schema.primary_key != [key.target.as_str()])
        else {
            return Ok(target);
        };
        let begins = match &schema.time {
            Some(time) => self.days_of(&target, time)?,
            None => vec![None; target.height()],
        };
        let doing = || FrameError::polars(format!("the newest rows of `{}`", key.table));
        let keys = target.column(&key.target).map_err(doing())?;
        // What has not begun yet stands in only where nothing else is known.
        let mut newest: BTreeMap<Option<String>, (bool, Option<Date>, usize)> = BTreeMap::new();
        for (row, (cell, begin)) in table::cells(keys).into_iter().zip(begins).enumerate() {
            let has_begun = begin.is_none_or(|begin| begin <= self.as_of);
            let line = (has_begun, begin, row);
            let known = newest.entry(text_of(Some(&cell))).or_insert(line);
            *known = (*known).max(line);
        }
        let mut rows: Vec<usize> = newest.into_values().map(|(.., row)| row).collect();
        rows.sort_unstable();
        let rows = rows.into_iter().map(number).collect();
        Ok(target.take(&IdxCa::from_vec("_at".into(), rows)).map_err(doing())?)
    }

    /// The columns that a fact, its measures and whoever asks whether it has a row look at.
    fn looked_at(&self, fact: &Fact) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut see = |name: &str| {
            names.insert(name.to_owned());
        };
        let own = [&fact.unit].into_iter().chain(&fact.section).chain(&fact.by);
        own.chain(fact.kind.times()).for_each(|found| see(&found.value));
        // A dimension may be told by its key.
        fact.by.iter().for_each(|by| see(&format!("{}_id", by.value)));
        fact.keep.iter().for_each(|(_, tree)| tree.each_column(&mut see));
        for derived in &fact.derive {
            match &derived.make {
                Make::Sql(_, tree) | Make::Spell { on: (_, tree) } => tree.each_column(&mut see),
                Make::Listed { value, .. } => see(&value.value),
                Make::Exists { .. } => {}
            }
        }
        for derived in self.catalog.facts().flat_map(|fact| &fact.derive) {
            if let Make::Exists { fact: other, keep: Some((_, tree)) } = &derived.make
                && other.value == fact.name
            {
                tree.each_column(&mut see);
            }
        }
        let measures = self.catalog.measures().filter(|measure| measure.fact.value == fact.name);
        for measure in measures {
            measure.aggregate.each_column(&mut see);
            measure.time.iter().for_each(|time| see(&time.value));
        }
        names
    }

    /// The parts of the dotted names among them, with the keys they follow.
    fn keys_followed(&self, names: &BTreeSet<String>, fact: &Fact) -> Vec<(String, ForeignKey)> {
        let Some(schema) = self.catalog.schemas.get(&fact.table.value) else { return Vec::new() };
        let parts = names.iter().filter_map(|name| Some(name.split_once('.')?.0));
        let parts: BTreeSet<&str> = parts.collect();
        let key = |part: &str| schema.followed(part).map(|key| (part.to_owned(), key.clone()));
        parts.into_iter().filter_map(key).collect()
    }

    /// The rows beside what is looked at of the rows that they point at.
    fn followed(
        &self,
        names: &BTreeSet<String>,
        fact: &Fact,
        mut frame: DataFrame,
    ) -> Result<DataFrame, MeasureError> {
        for (part, key) in self.keys_followed(names, fact) {
            let target = self.newest(&key)?;
            let own = target.get_column_names().into_iter();
            let own = own.map(|name| (name.clone(), format!("{part}.{name}")));
            let own = own.filter(|(name, named)| !name.starts_with('_') && names.contains(named));
            let renamed = own.map(|(name, named)| col(name).alias(named));
            let joined = col(key.target.as_str()).alias("_joined");
            let columns: Vec<Expr> = renamed.chain([joined]).collect();
            let target = target.lazy().select(columns);
            frame = frame
                .lazy()
                .join(target, [col(key.column.as_str())], [col("_joined")], kept_order())
                .collect()
                .map_err(FrameError::polars(format!("following `{}`", key.column)))?;
        }
        Ok(frame)
    }

    /// Whether a list asks each row's value of its unit, in the category of the row's own day; none where it asks nothing
    /// of it.
    fn listed(
        &self,
        frame: &DataFrame,
        fact: &Fact,
        (list, value): (&str, &str),
    ) -> Result<Vec<Option<bool>>, MeasureError> {
        let peers = Peers::of(self.catalog, self.tables.get("unit"), self.as_of);
        let days = match &fact.kind {
            FactKind::Event { time } => self.days_of(frame, &time.value)?,
            FactKind::Stock { .. } => self.days_of(frame, "period_end")?,
            FactKind::Span { .. } => self.days_of(frame, "last_day")?,
        };
        let rows = table::to_rows(frame, &[fact.unit.value.as_str(), value]);
        let claim = |(row, day): (&CellRow, Option<Date>)| {
            let (unit, value) = (text_of(row.first())?, text_of(row.get(1))?);
            Some(peers.listed(&unit, list, day.unwrap_or(self.as_of))?.contains(&value))
        };
        Ok(rows.iter().zip(days).map(claim).collect())
    }

    /// A flag: does the other fact have a row that points here and passes?
    fn flagged(
        &self,
        fact: &Fact,
        (frame, shared): (DataFrame, &mut Shared),
        name: &str,
        (other, keep): (&str, Option<&crate::spec::sql::Expr>),
    ) -> Result<DataFrame, MeasureError> {
        let doing = || FrameError::polars(format!("flag `{name}` of fact `{}`", fact.name));
        let never = || lit(false).alias(name);
        let other = self.catalog.facts().find(|fact| fact.name == other);
        let key = other.and_then(|other| {
            let schema = self.catalog.schemas.get(&other.table.value)?;
            schema.foreign_keys.iter().find(|key| key.table == fact.table.value)
        });
        let (Some(other), Some(key)) = (other, key) else {
            return Ok(frame.lazy().with_column(never()).collect().map_err(doing())?);
        };
        if !shared.rows.contains_key(&other.name) {
            let rows = self.rows_beside(other, shared)?;
            shared.rows.insert(other.name.clone(), rows);
        }
        let rows = shared.rows.get(&other.name).cloned().unwrap_or_default();
        if rows.width() == 0 {
            return Ok(frame.lazy().with_column(never()).collect().map_err(doing())?);
        }
        let mut rows = rows.lazy();
        if let Some(tree) = keep {
            rows = rows.filter(expr::exact(tree, &self.days, "`where`").map_err(doing())?);
        }
        let pointing = rows
            .select([col(key.column.as_str()).alias("_points"), lit(true).alias(name)])
            .unique(None, UniqueKeepStrategy::Any);
        let joined =
            frame.lazy().join(pointing, [col(key.target.as_str())], [col("_points")], kept_order());
        let claim = col(name).fill_null(lit(false));
        Ok(joined.with_column(claim).collect().map_err(doing())?)
    }

    /// The month of an event's time; none after the told day.
    ///
    /// # Errors
    /// A column that is no day.
    pub fn month_of(&self, frame: &DataFrame, time: &str) -> Result<Column, MeasureError> {
        let days = self.days_of(frame, time)?;
        let months = days
            .into_iter()
            .map(|day| day.filter(|day| *day <= self.as_of).map(|day| Month::of(day).index()));
        Ok(Int32Chunked::from_iter_options("_month".into(), months).into_series().into())
    }
}

/// The time that counts for a measure.
pub(super) fn time_of<'f>(fact: &'f Fact, measure: &'f Measure) -> Option<&'f str> {
    match (&measure.time, &fact.kind) {
        (Some(time), FactKind::Event { .. }) | (None, FactKind::Event { time }) => {
            Some(&time.value)
        }
        _ => None,
    }
}

/// A left join that keeps the order of the left rows.
fn kept_order() -> JoinArgs {
    JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) }
}
