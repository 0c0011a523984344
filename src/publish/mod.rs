//! Floor 3: the files that scoring tools read. A release is a folder that is never written again;
//! `latest.json` moves last, and a reader takes every further path from it.

mod book;
mod changes;
pub mod closed;
mod columns;
pub mod correction;
mod draft;
mod keys;
mod limits;
pub mod moved;
mod package;
pub mod scored;
mod sheet;
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

use crate::base::durable::share;
use crate::base::durable::write_then_rename;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::spec::schema::Schema;
use crate::spec::settings::CsvEncoding;
use crate::spec::settings::Limits;

pub use columns::columns;
pub use draft::Draft;
pub use draft::draft;
pub use limits::Beyond;
pub use shelf::before;
pub use shelf::choose;
pub use shelf::closed_in;
pub use shelf::find;
pub use shelf::forget;
pub use shelf::held;
pub use shelf::home_of;
pub use shelf::latest;
pub use shelf::publish;
pub use shelf::told_of;
pub use shelf::withdraw;
pub use shelf::withdrawn;

/// The tables of a release: the name of their files, without an ending, and their contract. What a release has not of
/// them, the home does not have.
pub const FILES: [(&str, &str); 12] = [
    ("metrics", "metric_value"),
    ("definitions", "metric_definition"),
    ("units", "unit"),
    ("sections", "section"),
    ("items", "service_item"),
    ("duties", "duty"),
    ("codes", "code"),
    ("days", "calendar_day"),
    ("score", "score"),
    ("score_lines", "score_line"),
    ("reconciliation", "reconciliation"),
    (correction::FILE, "correction"),
];

/// The name of the files of a table.
pub fn file(table: &str) -> Option<&'static str> {
    FILES.iter().find(|(_, of)| *of == table).map(|(file, _)| *file)
}

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
    /// What the rows of its warehouse say, as a fingerprint, where it has one.
    pub rows: Option<String>,
    /// The periods that are closed, with the release that the numbers of each are from.
    pub closed: &'l [(String, String)],
    /// How far what was told may move.
    pub limits: Limits,
    /// What the home says otherwise than it was published, as long as nobody confirms it.
    pub broken: &'l [Beyond],
}

/// A release that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its folder.
    pub folder: PathBuf,
    /// Which of its night it is, from 1.
    pub revision: u32,
    /// Whether this call wrote it; a rerun with the same bytes writes none.
    pub is_new: bool,
    /// The release that `latest.json` names now.
    pub latest: Option<String>,
    /// What moved further than it may, where the release is held back for it.
    pub held: Vec<Beyond>,
    /// Why it was withdrawn, where it is one that was.
    pub withdrawn: Option<String>,
    /// Releases before that are not what they were: what changed is told from an earlier one.
    pub damaged: Vec<String>,
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
    /// A line of a file that only grows which does not read.
    #[error("line {line} of `{path}` does not read")]
    Line {
        /// The file.
        path: String,
        /// Which line.
        line: usize,
    },
    /// A period that a release has as closed and that no line closes.
    #[error("`{release}` has {period} as closed, and no line of `{path}` does")]
    Unbooked {
        /// The release.
        release: String,
        /// The period.
        period: String,
        /// The book.
        path: String,
    },
    /// Numbers of a period that are no longer those that were closed.
    #[error("the numbers of {period} in `{path}` are not those that were closed")]
    Closed {
        /// The period.
        period: String,
        /// The file.
        path: String,
    },
}

fn named(path: &Path) -> impl Fn(io::Error) -> PublishError + '_ {
    |cause| PublishError::File { path: path.display().to_string(), cause }
}

/// Writes a table in every form; what a manifest says of it, with the contract that its rows keep.
fn write(
    folder: &Path,
    (resource, contract): (&mut Resource<'_>, Value),
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
    let csv = (texts.csv.as_slice(), encoding);
    Ok(package::resource((resource, contract), csv, [&parquet, &texts.lines]))
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

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
