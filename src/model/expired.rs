//! What is deleted because its time is over? Parts of landings, whole notes, and of tables about persons
//! every version of a row whose latest one is too old.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::BooleanChunked;

use super::ModelError;
use super::base;
use super::keyed::key_of;
use super::lake::Lake;
use super::lake::dated;
use super::landing::clear;
use super::sum;
use crate::base::cell::Cell;
use crate::base::durable::entries;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::schema::Schema;

fn named(path: &Path) -> impl Fn(io::Error) -> ModelError + '_ {
    |cause| ModelError::File { path: path.display().to_string(), cause }
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    entries(folder).map_err(named(folder))
}

/// The night with which a file or folder begins.
fn night_of(path: &Path) -> Option<Date> {
    path.file_name()?.to_str()?.split('.').next()?.parse().ok()
}

/// Deletes the rows of all landings before a night, those of interrupted pulls and of streams that are no
/// longer read among them; tells how many landings. Their manifests stay: they know what has been read.
///
/// # Errors
/// The disk's.
pub fn forget_landings(lake: &Path, from: Date) -> Result<u64, ModelError> {
    let mut attempts = Vec::new();
    for system in inside(&lake.join("landing"))? {
        for stream in inside(&system)? {
            attempts.extend(inside(&stream)?);
        }
    }
    let mut forgotten = 0;
    for attempt in attempts {
        if night_of(&attempt).is_none_or(|night| night >= from) {
            continue;
        }
        let mut parts = inside(&attempt)?;
        parts.retain(|path| !path.ends_with("manifest.json"));
        for part in &parts {
            fs::remove_file(part).map_err(named(part))?;
        }
        forgotten += u64::from(!parts.is_empty());
    }
    Ok(forgotten)
}

impl Lake {
    /// Deletes what the nights before one noted in a table; tells how many nights.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget_notes(&self, name: &str, from: Date) -> Result<u64, ModelError> {
        let mut forgotten = 0;
        for path in dated(&self.notes_of(name), Date::MAX)? {
            if night_of(&path).is_some_and(|night| night < from) {
                fs::remove_file(&path).map_err(named(&path))?;
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Deletes the rows of a table that tell of a time before a day; tells how many. The latest version of
    /// a row says how old it is, or, where its contract has no time, when it came; and every version goes with it, the
    /// oldest first: whatever interrupts this, no row comes back as it was before.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget(&self, schema: &Schema, from: Date) -> Result<u64, ModelError> {
        let time = schema.time.as_deref().unwrap_or("_night");
        let mut names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
        let places: Vec<usize> = (0..names.len()).collect();
        names.push(time);
        let deltas = self.deltas(&schema.name, Date::MAX)?;
        let mut latest: HashMap<String, Option<Date>> = HashMap::new();
        for path in &deltas {
            for row in table::to_rows(&parquet::read(path)?, &names) {
                latest.insert(key_of(&row, &places), day(row.last()));
            }
        }
        let is_over = |day: &Option<Date>| day.is_some_and(|day| day < from);
        let over: HashSet<String> =
            latest.into_iter().filter(|(_, day)| is_over(day)).map(|(key, _)| key).collect();
        if over.is_empty() {
            return Ok(0);
        }
        clear(&base::folder(&self.root, &schema.name))?;
        for path in &deltas {
            let delta = parquet::read(path)?;
            let rows = table::to_rows(&delta, &names).into_iter();
            let stays: Vec<bool> = rows.map(|row| !over.contains(&key_of(&row, &places))).collect();
            if stays.iter().all(|stays| *stays) {
                continue;
            }
            let stays: BooleanChunked = stays.into_iter().map(Some).collect();
            let doing = FrameError::polars(format!("forgetting rows of `{}`", schema.name));
            let mut kept = delta.filter(&stays).map_err(doing)?;
            sum::written(path, || parquet::write(&mut kept, path))?;
        }
        Ok(over.len() as u64)
    }
}

/// The day of a time.
fn day(cell: Option<&Option<Cell>>) -> Option<Date> {
    match cell {
        Some(Some(Cell::Day(day))) => Some(*day),
        Some(Some(Cell::Instant(instant))) => Some(TimeZone::UTC.to_datetime(*instant).date()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delivery::Delivery;
    use crate::model::judged::Judged;
    use crate::model::judged::Kept;
    use crate::model::judged::Origin;
    use crate::spec::connector::Write;
    use crate::spec::schema::read_schema;

    const CONTRACT: &str = r#"{"title": "表", "x:persons": true, "primaryKey": ["id"], "fields": [
        {"name": "id", "type": "string", "constraints": {"required": true}},
        {"name": "said", "type": "string"}]}"#;

    #[test]
    fn a_row_of_a_table_without_a_time_is_as_old_as_the_night_that_told_it() {
        let schema = read_schema("t.json", "t", CONTRACT).unwrap();
        let root = tempfile::tempdir().unwrap();
        let lake = Lake::at(root.path());
        for (night, ids) in [("2019-12-31", ["a", "b"]), ("2026-01-06", ["b", "c"])] {
            let night: Date = night.parse().unwrap();
            let said = [night.to_string(), night.to_string()];
            let origin = |row| Origin {
                source: "page 1".into(),
                row,
                is_deleted: false,
                corrects: None,
                is_past: false,
            };
            let values = polars::df!("id" => ids, "said" => said).unwrap();
            let kept = Kept { values, origins: (1..3).map(origin).collect() };
            let delivery = Delivery { system: "s", stream: "r", night, is_full: false, was: &[] };
            let judged = Judged { kept, ..Judged::default() };
            lake.merge(delivery, &schema, &Write::Upsert, &judged).unwrap();
        }
        assert_eq!(lake.forget(&schema, "2020-01-01".parse().unwrap()).unwrap(), 1);
        let stands = lake.read(&schema, Date::MAX).unwrap();
        let ids = table::to_rows(&stands, &["id"]).into_iter().flatten().flatten();
        assert_eq!(ids.map(|cell| cell.written()).collect::<Vec<_>>(), ["b", "c"]);
    }
}
