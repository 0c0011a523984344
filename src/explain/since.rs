//! What moved since the night before, and why?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Rows;
use super::published::Release;
use crate::base::cell::Cell;
use crate::base::cell::day_of;
use crate::frame::table;
use crate::measure::worked::Worked;
use crate::model::lake::Lake;
use crate::publish::moved::Cause;
use crate::spec::schema::Schema;
use crate::spec::version::Defined;

/// What moved since the release of the night before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// That release.
    pub release: String,
    /// The status and the exact value that it tells; none where it does not tell the number.
    pub told: Option<(String, Option<String>)>,
    /// Why the number is not what it was; none where it is.
    pub cause: Option<Cause>,
    /// The rows behind the number that have come since.
    pub fresh: Vec<Fresh>,
}

/// Rows of a fact that have come since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The fact.
    pub fact: String,
    /// Those that were not there.
    pub new: u64,
    /// Those that were there, and said something else.
    pub changed: u64,
}

impl Since {
    pub(super) fn of(
        (before, own): (&Release, &Release),
        now: &Worked<'_>,
        (facts, schemas): (&[Rows<'_>], &BTreeMap<String, Schema>),
        lake: &Lake,
    ) -> anyhow::Result<Since> {
        let (was, is) = (before.told(&now.told), own.told(&now.told));
        let metric = &now.told.metric.name;
        let meanings = |release: &Release| {
            let of = release.definitions.iter().filter(|it| it.metric == *metric);
            of.map(|it: &Defined| (it.version, it.meaning.clone())).collect::<BTreeSet<_>>()
        };
        let cause = match (was, is) {
            _ if was == is => None,
            _ if meanings(before) != meanings(own) => Some(Cause::Definition),
            (Some(_), Some(_)) => Some(Cause::Rows),
            _ if before.tells(metric) && own.tells(metric) => Some(Cause::Time),
            _ => Some(Cause::Units),
        };
        let night = before.name.split('.').next().and_then(|night| night.parse().ok());
        let mut fresh = Vec::new();
        for rows in facts {
            let schema = schemas.get(&rows.fact.table.value);
            if let (Some(night), Some(schema)) = (night, schema) {
                fresh.extend(Fresh::of(rows, schema, (lake, night))?);
            }
        }
        Ok(Since { release: before.name.clone(), told: was.cloned(), cause, fresh })
    }
}

impl Fresh {
    /// The rows of a fact that came after a night; none where none did.
    fn of(
        rows: &Rows<'_>,
        schema: &Schema,
        (lake, night): (&Lake, Date),
    ) -> anyhow::Result<Option<Fresh>> {
        let key: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
        let names = [&["_night"][..], &key].concat();
        let mut came: BTreeSet<Vec<String>> = BTreeSet::new();
        for row in table::to_rows(&rows.table, &names) {
            if day_of(row.first()).is_some_and(|came| came > night) {
                came.insert(written(&row[1..]));
            }
        }
        if came.is_empty() {
            return Ok(None);
        }
        let known = lake.read(schema, night)?;
        let known = if known.width() == 0 { Vec::new() } else { table::to_rows(&known, &key) };
        let known: BTreeSet<Vec<String>> = known.iter().map(|row| written(row)).collect();
        let changed = came.intersection(&known).count() as u64;
        let new = came.len() as u64 - changed;
        Ok(Some(Fresh { fact: rows.fact.name.clone(), new, changed }))
    }
}

fn written(row: &[Option<Cell>]) -> Vec<String> {
    row.iter().map(|cell| cell.as_ref().map_or_else(String::new, Cell::written)).collect()
}
