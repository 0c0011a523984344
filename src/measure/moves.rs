//! Which rows of a fact count otherwise than they did, where, and what happened to them?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use polars::prelude::*;

use super::MeasureError;
use super::asked::asked;
use super::asked::by_month;
use super::fact::Ground;
use super::placed::placed;
use crate::base::cause::Cause;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::frame::FrameError;
use crate::frame::mix::Mixed;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// A row that counts otherwise than it did: as it did, or as it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedRow {
    /// The key of what it is made of.
    pub key: String,
    /// Its unit.
    pub unit: String,
    /// Its section.
    pub section: Option<String>,
    /// Its places in the dimensions of the fact.
    pub parts: Vec<(String, String)>,
    /// The months that it counts in, as [`super::placed::month_number`] has them.
    pub months: Vec<i64>,
    /// What happened to it.
    pub cause: Cause,
}

/// Where the key of a row stands in its table, and what its row says.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'s> {
    /// The column with the key.
    pub key: &'s str,
    /// What is said of rows that are the same and count otherwise.
    pub rest: Cause,
}

/// The rows of a fact that count otherwise after than before; all for one cause, or each for its own.
///
/// # Errors
/// An expression that polars refuses.
pub fn moved(
    fact: &Fact,
    (before, after): (&Ground<'_>, &Ground<'_>),
    sent: Sent<'_>,
    cause: Option<Cause>,
) -> Result<Vec<MovedRow>, MeasureError> {
    let doing = || FrameError::polars(format!("what moved of fact `{}`", fact.name));
    let (was, is) = (counted(fact, before, sent.key)?, counted(fact, after, sent.key)?);
    let mut moved = Vec::new();
    for (rows, others) in [(&was, &is), (&is, &was)] {
        let rows = if others.width() == 0 {
            rows.clone()
        } else {
            without(rows, others, sent.key).map_err(doing())?
        };
        moved.extend(read(&rows, sent.key));
    }
    if let Some(cause) = cause {
        for row in &mut moved {
            row.cause = cause;
        }
        return Ok(moved);
    }
    let keys: BTreeSet<&str> = moved.iter().map(|row| row.key.as_str()).collect();
    let happened = happened(fact, (before, after), (sent.key, &keys)).map_err(doing())?;
    let cause = |row: &MovedRow| happened.get(&row.key).copied().unwrap_or(sent.rest);
    let causes: Vec<Cause> = moved.iter().map(cause).collect();
    for (row, cause) in moved.iter_mut().zip(causes) {
        row.cause = cause;
    }
    Ok(moved)
}

const MIX: &str = "_mix";

/// Where the rows of a fact count, with one number for all that its measures look at.
fn counted(fact: &Fact, ground: &Ground<'_>, key: &str) -> Result<DataFrame, MeasureError> {
    let doing = || FrameError::polars(format!("what moved of fact `{}`", fact.name));
    let mut rows = placed(ground, fact, ground.rows(fact)?)?;
    if rows.width() == 0 {
        return Ok(rows);
    }
    let by_month = by_month(ground, fact);
    let measures: Vec<&Measure> = by_month.values().flatten().copied().collect();
    let mut names = asked(fact, &measures);
    names.extend(by_month.into_keys());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mixed = Mixed::of(&rows, &names).map_err(doing())?;
    rows.with_column(mixed.column(MIX)).map_err(doing())?;
    let own = rows.columns().iter().map(|column| column.name().clone());
    let own: Vec<_> =
        own.filter(|name| is_place(name) || [key, MIX].contains(&name.as_str())).collect();
    Ok(rows.select(own).map_err(doing())?)
}

fn is_place(name: &str) -> bool {
    ["_unit", "_section"].contains(&name)
        || ["_by_", "_month"].iter().any(|of| name.starts_with(of))
}

/// The rows that stand on one side alone.
fn without(rows: &DataFrame, others: &DataFrame, key: &str) -> PolarsResult<DataFrame> {
    let on = [col(key), col(MIX)];
    let how = JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Anti) };
    rows.clone().lazy().join(others.clone().lazy(), on.clone(), on, how).collect()
}

/// The rows as values; nobody knows yet what happened to them.
fn read(rows: &DataFrame, key: &str) -> Vec<MovedRow> {
    let names: Vec<&str> = rows.columns().iter().map(|column| column.name().as_str()).collect();
    let row = |cells: CellRow| {
        let mut moved = MovedRow {
            key: String::new(),
            unit: String::new(),
            section: None,
            parts: Vec::new(),
            months: Vec::new(),
            cause: Cause::ChangedRows,
        };
        for (name, cell) in names.iter().zip(&cells) {
            moved.take(if *name == key { KEY } else { name }, cell.as_ref());
        }
        moved
    };
    table::to_rows(rows, &names).into_iter().map(row).collect()
}

/// What the column with the key is taken for.
const KEY: &str = "";

impl MovedRow {
    fn take(&mut self, column: &str, cell: Option<&Cell>) {
        match (column, cell) {
            (KEY, Some(key)) => self.key = key.written(),
            ("_unit", Some(unit)) => self.unit = unit.written(),
            ("_section", section) => self.section = section.map(Cell::written),
            (_, Some(Cell::Whole(month))) if column.starts_with("_month") => {
                self.months.push(*month);
            }
            (_, Some(value)) => {
                let by = column.strip_prefix("_by_");
                self.parts.extend(by.map(|by| (by.to_owned(), value.written())));
            }
            _ => {}
        }
    }
}

/// The rows below a key, and what each says.
type Versions = BTreeMap<String, BTreeMap<String, String>>;

/// What happened to the rows below some keys, as they were sent; nothing is said where they are the same.
fn happened(
    fact: &Fact,
    (before, after): (&Ground<'_>, &Ground<'_>),
    (key, keys): (&str, &BTreeSet<&str>),
) -> PolarsResult<BTreeMap<String, Cause>> {
    // A span of a person is made of the rows of the person's rosters.
    let (name, below) = match fact.table.value.as_str() {
        "person_spell" => ("person_snapshot", "person_id"),
        name => (name, key),
    };
    let versions = |ground: &Ground<'_>| {
        let table = ground.tables.get(name);
        table.map_or_else(|| Ok(Versions::new()), |table| versions(table, (below, key), keys))
    };
    let (was, is) = (versions(before)?, versions(after)?);
    let nothing = BTreeMap::new();
    let cause = |of: &&str| {
        let (was, is) = (was.get(*of).unwrap_or(&nothing), is.get(*of).unwrap_or(&nothing));
        let is_new = is.keys().any(|key| !was.contains_key(key));
        let cause = match () {
            () if was.keys().any(|key| !is.contains_key(key)) => Cause::DeletedRows,
            () if was.iter().any(|(key, hash)| is.get(key) != Some(hash)) => Cause::ChangedRows,
            () => is_new.then_some(Cause::NewRows)?,
        };
        Some(((*of).to_owned(), cause))
    };
    Ok(keys.iter().filter_map(cause).collect())
}

fn versions(
    table: &DataFrame,
    (below, key): (&str, &str),
    keys: &BTreeSet<&str>,
) -> PolarsResult<Versions> {
    let asked = Series::new(below.into(), keys.iter().copied().collect::<Vec<_>>());
    let of_keys = col(below).is_in(lit(asked).implode(false), false);
    let rows = table.clone().lazy().filter(of_keys).collect()?;
    let mut versions = Versions::new();
    for row in table::to_rows(&rows, &[below, key, "_hash"]) {
        let [of, key, hash] = [0, 1, 2].map(|at| text_of(row.get(at)).unwrap_or_default());
        versions.entry(of).or_default().insert(key, hash);
    }
    Ok(versions)
}
