//! Where does what came stand? In `lake/landing/`, append-only: one folder a stream, night and
//! attempt, text under the source's own headers. It stands once its `manifest.json` does.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::DataFrame;

use super::ModelError;
use super::attempt::Attempt;
use super::landed::Landed;
use crate::base::durable::create_folders;
use crate::base::durable::entries;
use crate::base::pseudonym::sha256_of;
use crate::frame::parquet;

/// A slice of the past that was asked for by itself. The day on which it was begins its name, as that of
/// a night does: its rows are deleted when their time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The day on which it was asked for.
    pub asked: Date,
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends, exclusive.
    pub to: Timestamp,
}

/// The landing of one stream.
#[derive(Clone, Debug)]
pub struct Landing {
    folder: PathBuf,
}

impl Landing {
    /// Of a stream, below the lake.
    pub fn of(lake: &Path, system: &str, stream: &str) -> Landing {
        Landing { folder: lake.join("landing").join(system).join(stream) }
    }

    /// The pulls that stand, in the order of nights and attempts.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn attempts(&self) -> Result<Vec<(Date, u32)>, ModelError> {
        let read = |name: String| {
            let (night, attempt) = name.split_once('.')?;
            Some((night.parse::<Date>().ok()?, attempt.parse::<u32>().ok()?))
        };
        let mut found: Vec<_> = self.standing()?.into_iter().filter_map(read).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// The names of all that stands here.
    fn standing(&self) -> Result<Vec<String>, ModelError> {
        let mut found = Vec::new();
        if !self.folder.is_dir() {
            return Ok(found);
        }
        let named = |cause| ModelError::File { path: self.folder.display().to_string(), cause };
        for entry in fs::read_dir(&self.folder).map_err(named)? {
            let entry = entry.map_err(named)?;
            if entry.path().join("manifest.json").is_file() {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(found)
    }

    /// What a pull brought.
    ///
    /// # Errors
    /// A manifest that can't be read.
    pub fn manifest(&self, attempt: (Date, u32)) -> Result<Landed, ModelError> {
        Landing::manifest_of(&self.path(attempt))
    }

    fn manifest_of(folder: &Path) -> Result<Landed, ModelError> {
        let path = folder.join("manifest.json");
        let named = |cause| ModelError::File { path: path.display().to_string(), cause };
        let bytes = fs::read(&path).map_err(named)?;
        serde_json::from_slice(&bytes).map_err(|fault| named(io::Error::other(fault)))
    }

    /// The parts of a pull, one table of texts after the other.
    ///
    /// # Errors
    /// A part that can't be read.
    pub fn parts(
        &self,
        attempt: (Date, u32),
    ) -> Result<impl Iterator<Item = Result<DataFrame, ModelError>> + use<>, ModelError> {
        Landing::parts_of(&self.path(attempt))
    }

    fn parts_of(
        folder: &Path,
    ) -> Result<impl Iterator<Item = Result<DataFrame, ModelError>> + use<>, ModelError> {
        let named = |cause| ModelError::File { path: folder.display().to_string(), cause };
        let mut paths = entries(folder).map_err(named)?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
        // Once their time is over all of them are gone.
        let mut hashes = Landing::manifest_of(folder)?.parts;
        let there = paths.iter().map(|path| name_of(path)).collect::<BTreeSet<String>>();
        if let Some(gone) = hashes.keys().find(|name| !there.is_empty() && !there.contains(*name)) {
            return Err(ModelError::Landed { path: folder.join(gone).display().to_string() });
        }
        Ok(paths.into_iter().map(move |path| {
            let is_other = |hash| sha256_of(&path).ok() != Some(hash);
            if hashes.remove(&name_of(&path)).is_some_and(is_other) {
                return Err(ModelError::Landed { path: path.display().to_string() });
            }
            Ok(parquet::read(&path)?)
        }))
    }

    /// Whether the rows of a pull are still there: they are deleted when their time is over.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn holds(&self, attempt: (Date, u32), landed: &Landed) -> Result<bool, ModelError> {
        Ok(landed.received == 0 || self.parts(attempt)?.next().is_some())
    }

    /// Begins a pull. What an interrupted one left without a manifest never stood and is cleared.
    ///
    /// # Errors
    /// A folder that can't be made.
    pub fn begin(&self, night: Date) -> Result<Attempt, ModelError> {
        let done = self.attempts()?.iter().filter(|(of, _)| *of == night).count();
        let number = u32::try_from(done).unwrap_or(u32::MAX).saturating_add(1);
        Landing::begun(self.path((night, number)))
    }

    fn begun(folder: PathBuf) -> Result<Attempt, ModelError> {
        let named = |cause| ModelError::File { path: folder.display().to_string(), cause };
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(named)?;
        }
        create_folders(&folder).map_err(named)?;
        Ok(Attempt::at(folder))
    }

    /// Where pages of a night wait until their slice is whole; those of other nights are cleared. Its name
    /// begins with the night, as that of a pull: its rows are deleted when their time is over.
    ///
    /// # Errors
    /// A folder that can't be cleared.
    pub fn shelf(&self, night: Date) -> Result<PathBuf, ModelError> {
        let tonight = self.folder.join(format!("{night}.{SHELF}"));
        let named = |cause| ModelError::File { path: self.folder.display().to_string(), cause };
        for entry in fs::read_dir(&self.folder).map_err(named)? {
            let path = entry.map_err(named)?.path();
            let is_of_night = path.to_string_lossy().ends_with(SHELF) && !is_past(&path);
            if is_of_night && path != tonight {
                clear(&path)?;
            }
        }
        Ok(tonight)
    }

    /// Where the rows of a night wait while they are judged; cleared as such pages are.
    pub fn pile(&self, night: Date) -> PathBuf {
        self.folder.join(format!("{night}.rows.{SHELF}"))
    }

    /// The same of a slice of the past.
    pub fn shelf_past(&self, past: &Past) -> PathBuf {
        self.folder.join(format!("{}.{SHELF}", past.name()))
    }

    /// The slices of the past that stand, oldest first.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn past(&self) -> Result<Vec<Past>, ModelError> {
        let mut found = Vec::new();
        for name in self.standing()? {
            found.extend(Past::read(&name));
        }
        found.sort_by_key(|past| (past.from, past.to, past.asked));
        Ok(found)
    }

    /// Begins a slice of the past.
    ///
    /// # Errors
    /// A folder that can't be made.
    pub fn begin_past(&self, past: &Past) -> Result<Attempt, ModelError> {
        Landing::begun(self.folder.join(past.name()))
    }

    /// What a slice of the past brought, and its parts.
    ///
    /// # Errors
    /// A slice that can't be read.
    pub fn past_named(
        &self,
        name: &str,
    ) -> Result<(Landed, impl Iterator<Item = Result<DataFrame, ModelError>> + use<>), ModelError>
    {
        let folder = self.folder.join(name);
        Ok((Landing::manifest_of(&folder)?, Landing::parts_of(&folder)?))
    }

    fn path(&self, (night, attempt): (Date, u32)) -> PathBuf {
        self.folder.join(format!("{night}.{attempt}"))
    }
}

/// The key of the pseudonyms that a lake names which has landed anything.
///
/// # Errors
/// A manifest that can't be read.
pub fn key_of(lake: &Path) -> Result<Option<String>, ModelError> {
    let inside = |folder: &Path| {
        let named = |cause| ModelError::File { path: folder.display().to_string(), cause };
        entries(folder).map_err(named)
    };
    for system in inside(&lake.join("landing"))? {
        for folder in inside(&system)? {
            let landing = Landing { folder };
            if let Some(last) = landing.attempts()?.last() {
                return Ok(Some(landing.manifest(*last)?.key));
            }
        }
    }
    Ok(None)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// How the folder of pages ends that wait.
pub(super) const SHELF: &str = "shelf";

fn is_past(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(".past."))
}

/// Takes a folder away, if it is there.
///
/// # Errors
/// The disk's.
pub fn clear(folder: &Path) -> Result<(), ModelError> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(ModelError::File { path: folder.display().to_string(), cause })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Past {
    /// Its name, which is that of its folder.
    pub fn name(&self) -> String {
        let (from, to) = (self.from.as_second(), self.to.as_second());
        format!("{}.past.{from}.{to}", self.asked)
    }

    fn read(name: &str) -> Option<Past> {
        let [asked, "past", from, to] = name.split('.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let second = |text: &str| Timestamp::from_second(text.parse().ok()?).ok();
        Some(Past { asked: asked.parse().ok()?, from: second(from)?, to: second(to)? })
    }
}
