//! Floor 3: the files that scoring tools read. A release is a folder that is never written again;
//! `latest.json` moves last, and a reader takes every further path from it.

mod book;
mod changes;
pub mod moved;
mod package;
mod shelf;
mod text;
pub mod verify;
mod wide;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::DataFrame;
use rust_xlsxwriter::XlsxError;
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
use crate::spec::settings::CsvEncoding;

pub use shelf::before;
pub use shelf::choose;
pub use shelf::find;
pub use shelf::forget;
pub use shelf::latest;
pub use shelf::withdraw;
pub use shelf::withdrawn;

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
    /// How its CSV files are written.
    pub csv: CsvEncoding,
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
    /// More than a workbook holds.
    #[error("the workbook")]
    Workbook(#[from] XlsxError),
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
    mut resources: Vec<Resource<'_>>,
) -> Result<Release, PublishError> {
    create_folders(root).map_err(named(root))?;
    share(root).map_err(named(root))?;
    shelf::tidy(root)?;
    let beside = root.join(format!("{}.tmp", label.night));
    let mut told = Vec::new();
    for resource in &mut resources {
        told.push(write(&beside, resource, label.csv)?);
    }
    let content = sha256(json!([label.as_of.to_string(), label.home, told]).to_string().as_bytes());
    let releases = shelf::releases(root)?.into_iter();
    let last = releases.filter(|(night, _)| *night == label.night).max();
    if let Some(last) = last {
        let folder = root.join(shelf::told(last));
        if content_of(&folder)? == content {
            fs::remove_dir_all(&beside).map_err(named(&beside))?;
            shelf::point(root)?;
            return Ok(Release { folder, revision: last.1, is_new: false });
        }
    }
    let revision = last.map_or(0, |(_, revision)| revision) + 1;
    let name = shelf::told((label.night, revision));
    let standing = shelf::standing(root)?.into_iter();
    let since = standing.filter(|of| *of < (label.night, revision)).max().map(shelf::told);
    let schema = changes::schema()?;
    let folder = since.as_ref().map(|since| root.join(since));
    let table = changes::since(folder.as_deref(), &resources, &schema)?;
    let contract = changes::CONTRACT;
    let mut changed = Resource { file: changes::FILE, schema: &schema, contract, table };
    told.push(write(&beside, &mut changed, label.csv)?);
    let mut files = Vec::new();
    let tables = resources.iter().chain([&changed]);
    let sql = package::open_sql(tables.map(|of| (of.file, of.schema.title.as_str())));
    let books = book::books(label, &name, &resources)?;
    for (path, bytes) in books.into_iter().chain([("open.sql", sql.into_bytes())]) {
        let target = beside.join(path);
        write_then_rename(&target, &bytes).map_err(named(&target))?;
        files.push(package::file(path, &bytes));
    }
    let superseded = last.map(shelf::told);
    let before = package::Before { superseded, since };
    let manifest = package::manifest(label, (&name, &content), &before, (&told, &files));
    let path = beside.join(package::FILE);
    write_then_rename(&path, &pretty(&manifest)).map_err(named(&path))?;
    let folder = root.join(name);
    seal(&beside)?;
    rename_durably(&beside, &folder).map_err(named(&folder))?;
    shelf::point(root)?;
    Ok(Release { folder, revision, is_new: true })
}

/// Writes a table in every form; what a manifest says of it.
fn write(
    folder: &Path,
    resource: &mut Resource<'_>,
    encoding: CsvEncoding,
) -> Result<Value, PublishError> {
    let path = |ending: &str| folder.join(format!("{}.{ending}", resource.file));
    let (csv, lines, columns) = (path("csv"), path("jsonl"), path("parquet"));
    let texts = text::of(resource.schema, &resource.table, encoding)
        .map_err(|fault| named(&csv)(fault.into()))?;
    write_then_rename(&csv, &texts.csv).map_err(named(&csv))?;
    write_then_rename(&lines, &texts.lines).map_err(named(&lines))?;
    parquet::write(&mut resource.table, &columns)?;
    let parquet = fs::read(&columns).map_err(named(&columns))?;
    Ok(package::resource(resource, (&texts.csv, encoding), [&parquet, &texts.lines]))
}

/// Lets everybody read the files of a folder, and nobody write them.
fn seal(folder: &Path) -> Result<(), PublishError> {
    for file in fs::read_dir(folder).map_err(named(folder))? {
        let path = file.map_err(named(folder))?.path();
        let readable = fs::Permissions::from_mode(0o444);
        fs::set_permissions(&path, readable).map_err(named(&path))?;
    }
    share(folder).map_err(named(folder))
}

/// What the tables of a release say, as its manifest tells.
fn content_of(folder: &Path) -> Result<String, PublishError> {
    let path = folder.join(package::FILE);
    let bytes = fs::read(&path).map_err(named(&path))?;
    let manifest: Value =
        serde_json::from_slice(&bytes).map_err(|fault| named(&path)(io::Error::other(fault)))?;
    let content = manifest.get("x:content").and_then(Value::as_str);
    Ok(content.unwrap_or_default().to_owned())
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
