//! Floor 3: the files that scoring tools read. A release is a folder that is never written again;
//! `latest.json` moves last, and a reader takes every further path from it.

mod csv_file;
pub mod moved;
mod package;

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::DataFrame;
use serde_json::Value;
use serde_json::json;

use crate::base::durable::create_folders;
use crate::base::durable::rename_durably;
use crate::base::durable::share;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::spec::schema::Schema;

/// One table of a release.
#[derive(Debug)]
pub struct Resource<'r> {
    /// The name of its files, without an ending.
    pub file: &'r str,
    /// Its contract.
    pub schema: &'r Schema,
    /// The contract's own text, which travels with it.
    pub contract: &'r str,
    /// Its rows.
    pub table: DataFrame,
}

/// What a release says of itself.
#[derive(Debug)]
pub struct Label<'l> {
    /// The home's name.
    pub name: &'l str,
    /// The home's title.
    pub title: &'l str,
    /// The night.
    pub night: Date,
    /// The day that is told.
    pub as_of: Date,
    /// The night's cutoff.
    pub created: Timestamp,
    /// The fingerprint of the home's definitions.
    pub home: &'l str,
}

/// A release that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its folder.
    pub folder: PathBuf,
    /// Which of its night it is, from 1.
    pub revision: u32,
    /// Whether this call wrote it; a rerun with the same bytes writes none.
    pub is_new: bool,
}

/// Why there is no release; the one before still stands.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file or folder that can't be read or written.
    #[error("`{path}`")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A table that polars refuses.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

fn named(path: &Path) -> impl Fn(io::Error) -> PublishError + '_ {
    |cause| PublishError::File { path: path.display().to_string(), cause }
}

/// Publishes a night below `root`. Tables with the same bytes as the night's last revision are that
/// revision; with other bytes they are the next one, which says what it supersedes.
///
/// # Errors
/// See [`PublishError`].
pub fn publish(
    root: &Path,
    label: &Label<'_>,
    resources: Vec<Resource<'_>>,
) -> Result<Release, PublishError> {
    create_folders(root).map_err(named(root))?;
    share(root).map_err(named(root))?;
    let beside = root.join(format!("{}.tmp", label.night));
    if beside.exists() {
        fs::remove_dir_all(&beside).map_err(named(&beside))?;
    }
    let mut files = Vec::new();
    for mut resource in resources {
        let csv = beside.join(format!("{}.csv", resource.file));
        let rows = csv_file::bytes(resource.schema, &resource.table)
            .map_err(|fault| named(&csv)(fault.into()))?;
        write_then_rename(&csv, &rows).map_err(named(&csv))?;
        let table = beside.join(format!("{}.parquet", resource.file));
        parquet::write(&mut resource.table, &table)?;
        let columns = fs::read(&table).map_err(named(&table))?;
        files.push(package::resource(&resource, &rows, &columns));
    }
    let content =
        sha256(json!([label.as_of.to_string(), label.home, files]).to_string().as_bytes());
    let last = revisions(root, label.night)?.into_iter().max();
    if let Some(revision) = last {
        let folder = root.join(format!("{}.{revision}", label.night));
        if content_of(&folder)? == content {
            fs::remove_dir_all(&beside).map_err(named(&beside))?;
            point(root)?;
            return Ok(Release { folder, revision, is_new: false });
        }
    }
    let revision = last.unwrap_or(0) + 1;
    let manifest = package::manifest(label, revision, &content, &files);
    let path = beside.join("datapackage.json");
    write_then_rename(&path, &pretty(&manifest)).map_err(named(&path))?;
    let folder = root.join(format!("{}.{revision}", label.night));
    let written = fs::read_dir(&beside).map_err(named(&beside))?;
    for file in written {
        let path = file.map_err(named(&beside))?.path();
        share(&path).map_err(named(&path))?;
    }
    share(&beside).map_err(named(&beside))?;
    rename_durably(&beside, &folder).map_err(named(&folder))?;
    point(root)?;
    Ok(Release { folder, revision, is_new: true })
}

/// The revisions of a night that stand.
fn revisions(root: &Path, night: Date) -> Result<Vec<u32>, PublishError> {
    let all = releases(root)?.into_iter();
    Ok(all.filter(|(of, _)| *of == night).map(|(_, revision)| revision).collect())
}

/// The folder of a release below `root`, by its name (`2026-01-05.1`) or by its night, whose last revision
/// it is then; without a name the newest of all. None where there is none.
///
/// # Errors
/// A folder that can't be read.
pub fn find(root: &Path, name: Option<&str>) -> Result<Option<PathBuf>, PublishError> {
    if !root.is_dir() {
        return Ok(None);
    }
    let is_asked = |(night, revision): &(Date, u32)| {
        name.is_none_or(|name| name == night.to_string() || name == format!("{night}.{revision}"))
    };
    let last = releases(root)?.into_iter().filter(is_asked).max();
    Ok(last.map(|(night, revision)| root.join(format!("{night}.{revision}"))))
}

/// The folder of the last release of an earlier night.
///
/// # Errors
/// A folder that can't be read.
pub fn before(root: &Path, night: Date) -> Result<Option<PathBuf>, PublishError> {
    let all = if root.is_dir() { releases(root)? } else { Vec::new() };
    let last = all.into_iter().filter(|(of, _)| *of < night).max();
    Ok(last.map(|(night, revision)| root.join(format!("{night}.{revision}"))))
}

/// The releases that stand: nights with their revisions.
fn releases(root: &Path) -> Result<Vec<(Date, u32)>, PublishError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(named(root))? {
        let name = entry.map_err(named(root))?.file_name().to_string_lossy().into_owned();
        let read = name
            .split_once('.')
            .and_then(|(night, revision)| Some((night.parse().ok()?, revision.parse().ok()?)));
        found.extend(read);
    }
    Ok(found)
}

/// What the tables of a release say, as its manifest tells.
fn content_of(folder: &Path) -> Result<String, PublishError> {
    let path = folder.join("datapackage.json");
    let bytes = fs::read(&path).map_err(named(&path))?;
    let manifest: Value =
        serde_json::from_slice(&bytes).map_err(|fault| named(&path)(io::Error::other(fault)))?;
    let content = manifest.get("x:content").and_then(Value::as_str);
    Ok(content.unwrap_or_default().to_owned())
}

/// Points `latest.json` at the newest night's last revision: a past night that is run again moves
/// no reader back.
fn point(root: &Path) -> Result<(), PublishError> {
    let Some((night, revision)) = releases(root)?.into_iter().max() else { return Ok(()) };
    let manifest = format!("{night}.{revision}/datapackage.json");
    let path = root.join(&manifest);
    let bytes = fs::read(&path).map_err(named(&path))?;
    let latest = json!({
        "night": night.to_string(),
        "revision": revision,
        "manifest": manifest,
        "sha256": sha256(&bytes),
    });
    let path = root.join("latest.json");
    write_then_rename(&path, &pretty(&latest)).map_err(named(&path))?;
    share(&path).map_err(named(&path))
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
