//! Which rows did a night count? They stand in `lake/fact/<fact>/`, a file a month, as they were counted, with
//! a ledger of what else was known; so a number can be followed back to its rows.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use polars::prelude::DataFrame;
use serde::Deserialize;
use serde::Serialize;

use super::MeasureError;
use super::cube::Cube;
use super::cube::Known;
use super::parts;
use crate::base::durable::create_private_folder;
use crate::base::durable::rename_durably;
use crate::base::durable::write_then_rename;
use crate::base::period::Month;
use crate::frame::FrameError;
use crate::frame::mix::Mixed;
use crate::frame::parquet;

/// What a night knew beside the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The night.
    pub night: Date,
    /// The day that was told.
    pub as_of: Date,
    /// The fingerprint of the home.
    pub home: String,
    /// The tables whose stream failed.
    pub stale: BTreeSet<String>,
    facts: BTreeMap<String, Line>,
}

/// What was known of a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    first: Option<Date>,
    is_stock: bool,
    covered_from: Option<Date>,
    tables: BTreeSet<String>,
}

impl Ledger {
    /// Of a night whose cube has been counted.
    pub fn of(
        (night, as_of): (Date, Date),
        home: &str,
        stale: &BTreeSet<String>,
        cube: &Cube,
    ) -> Self {
        let line = |known: &Known| Line {
            first: known.first.map(Month::first),
            is_stock: known.is_stock,
            covered_from: known.covered_from,
            tables: known.tables.clone(),
        };
        let facts = cube.facts.iter().map(|(name, known)| (name.clone(), line(known)));
        Ledger { night, as_of, home: home.to_owned(), stale: stale.clone(), facts: facts.collect() }
    }

    /// What was known of every fact.
    pub fn facts(&self) -> BTreeMap<String, Known> {
        let known = |line: &Line| Known {
            first: line.first.map(Month::of),
            is_stock: line.is_stock,
            covered_from: line.covered_from,
            tables: line.tables.clone(),
        };
        self.facts.iter().map(|(name, line)| (name.clone(), known(line))).collect()
    }
}

/// The facts of a lake.
#[derive(Clone, Debug)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Below a lake.
    pub fn at(lake: &Path) -> Kept {
        Kept { folder: lake.join("fact") }
    }

    /// The files of a fact, as DuckDB reads them all.
    pub fn files(&self, fact: &str) -> PathBuf {
        self.folder.join(fact).join("*.parquet")
    }

    /// Begins a night: what is kept from here on stands beside, until all of it does.
    ///
    /// # Errors
    /// The disk's.
    pub fn begin(&self) -> Result<(), MeasureError> {
        let beside = self.beside();
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(FrameError::file(&beside))?;
        }
        Ok(create_private_folder(&beside).map_err(FrameError::file(&beside))?)
    }

    /// Keeps the rows of a fact, each with one number for all that it says: months with the same rows as before are not
    /// written again, unless everything `is_full`.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(
        &self,
        fact: &str,
        (rows, mixed): (&DataFrame, &Mixed),
        is_full: bool,
    ) -> Result<(), MeasureError> {
        if rows.width() == 0 {
            return Ok(());
        }
        // How a row was compared and marked says nothing of what it counts for.
        let rows = rows.drop_many(["_deleted", "_hash"]);
        let before = self.folder.join(fact);
        Ok(parts::write(&self.beside().join(fact), (&rows, mixed), (&before, is_full))?)
    }

    /// The night is whole: it takes the place of the one before.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(&self, ledger: &Ledger) -> Result<(), MeasureError> {
        let (beside, before) = (self.beside(), self.folder.with_extension("before"));
        let path = beside.join(LEDGER);
        let bytes = serde_json::to_vec_pretty(ledger)
            .map_err(|f| FrameError::file(&path)(io::Error::other(f)))?;
        write_then_rename(&path, &bytes).map_err(FrameError::file(&path))?;
        if before.exists() {
            fs::remove_dir_all(&before).map_err(FrameError::file(&before))?;
        }
        if self.folder.exists() {
            fs::rename(&self.folder, &before).map_err(FrameError::file(&before))?;
        }
        rename_durably(&beside, &self.folder).map_err(FrameError::file(&self.folder))?;
        if before.exists() {
            fs::remove_dir_all(&before).map_err(FrameError::file(&before))?;
        }
        Ok(())
    }

    /// The ledger of the night that is kept; none before the first night.
    ///
    /// # Errors
    /// A ledger that can't be read.
    pub fn ledger(&self) -> Result<Option<Ledger>, MeasureError> {
        let path = self.folder.join(LEDGER);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&path).map_err(FrameError::file(&path))?;
        Ok(serde_json::from_slice(&bytes)
            .map_err(|fault| FrameError::file(&path)(io::Error::other(fault)))?)
    }

    /// The rows of a fact that have some texts, such as those of a unit.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn rows(&self, fact: &str, texts: &[(&str, &str)]) -> Result<DataFrame, MeasureError> {
        let mut all = DataFrame::empty();
        for path in parts::files(&self.folder.join(fact))? {
            let rows = parquet::read_where(&path, texts)?;
            let doing = FrameError::polars(format!("reading `{}`", path.display()));
            all = if all.width() == 0 { rows } else { all.vstack(&rows).map_err(doing)? };
        }
        Ok(all)
    }

    fn beside(&self) -> PathBuf {
        self.folder.with_extension("tmp")
    }
}

const LEDGER: &str = "ledger.json";
