//! Which periods are closed, and with which numbers? Each decision is a line of a book that only grows, and its numbers
//! stand beside it, so that they outlive the release that they are from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::DataFrame;
use polars::prelude::Expr;
use polars::prelude::IntoLazy as _;
use polars::prelude::col;
use polars::prelude::lit;
use serde_json::Value;
use serde_json::json;

use super::PublishError;
use super::moved::Said;
use super::named;
use super::shelf;
use crate::base::durable::beside;
use crate::base::durable::create_folders;
use crate::base::durable::rename_durably;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;
use crate::base::redact::without_secrets;
use crate::base::text::quoted;
use crate::frame::FrameError;
use crate::frame::parquet;

/// The book, below `var/closed`.
const BOOK: &str = "book.jsonl";
/// Before the name of a release: what its night counted of periods that are closed, below `var/closed`.
const COUNTED: &str = "counted.";

/// What was decided about a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Its numbers are those of a release.
    Close,
    /// Its numbers are those that the night of a release counted.
    Accept,
    /// Every night counts it again.
    Reopen,
}

impl Act {
    /// All of them.
    pub const ALL: [Act; 3] = [Act::Close, Act::Accept, Act::Reopen];

    /// Its word in the book.
    pub fn name(self) -> &'static str {
        match self {
            Act::Close => "close",
            Act::Accept => "accept",
            Act::Reopen => "reopen",
        }
    }
}

/// A line of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was decided.
    pub time: String,
    /// By whom, by the operating system.
    pub user: String,
    /// What.
    pub act: Act,
    /// About which period.
    pub period: String,
    /// The release that was read then.
    pub release: String,
    /// Why.
    pub reason: String,
    /// What the home said then, and the day that was told; none where the release was gone.
    pub told: Option<(String, Date)>,
    /// How many values of metrics were closed, and how many scores.
    pub counts: (u64, u64),
    /// Where the numbers stand below `var/closed`; nowhere, where there are none.
    folder: String,
    /// The hash of each of their files.
    hashes: BTreeMap<String, String>,
}

/// What is decided now.
#[derive(Clone, Debug)]
pub struct Decision<'d> {
    /// What.
    pub act: Act,
    /// About which periods.
    pub periods: Vec<String>,
    /// The release that is read now.
    pub release: &'d str,
    /// Why.
    pub reason: &'d str,
    /// When, and by whom.
    pub by: (Timestamp, String),
}

/// A period that is closed, with its numbers.
#[derive(Clone, Debug)]
pub struct Closed {
    /// The period.
    pub period: String,
    /// The release that its numbers are from.
    pub release: String,
    /// The night of that release.
    pub night: Date,
    /// What the home said then, and the day that was told; none where nobody knows.
    pub told: Option<(String, Date)>,
    /// The numbers.
    pub said: Said,
}

fn root(var: &Path) -> PathBuf {
    var.join("closed")
}

/// Every decision, in its order.
///
/// # Errors
/// A file that can't be read, or a line that is none.
pub fn book(var: &Path) -> Result<Vec<Line>, PublishError> {
    let path = root(var).join(BOOK);
    let text = shelf::text_of(&path)?.unwrap_or_default();
    let line = |(at, text): (usize, &str)| {
        let broken = || PublishError::Line { path: path.display().to_string(), line: at + 1 };
        serde_json::from_str(text).ok().and_then(|value| read(&value)).ok_or_else(broken)
    };
    text.lines().enumerate().map(line).collect()
}

fn read(line: &Value) -> Option<Line> {
    let text = |key: &str| Some(line.get(key)?.as_str()?.to_owned());
    let count = |key: &str| line.get(key).and_then(Value::as_u64).unwrap_or_default();
    let hashes = line.get("files").and_then(Value::as_object).into_iter().flatten();
    let hashes = hashes.filter_map(|(file, hash)| Some((file.clone(), hash.as_str()?.to_owned())));
    let act = text("act")?;
    Some(Line {
        time: text("time")?,
        user: text("user")?,
        act: Act::ALL.into_iter().find(|known| known.name() == act)?,
        period: text("period")?,
        release: text("release")?,
        reason: text("reason")?,
        told: text("home").zip(text("as_of").and_then(|day| day.parse().ok())),
        counts: (count("values"), count("scores")),
        folder: text("folder").unwrap_or_default(),
        hashes: hashes.collect(),
    })
}

fn written(line: &Line) -> Value {
    json!({
        "time": line.time,
        "user": line.user,
        "act": line.act.name(),
        "period": line.period,
        "release": line.release,
        "reason": line.reason,
        "home": line.told.as_ref().map(|(home, _)| home),
        "as_of": line.told.as_ref().map(|(_, as_of)| as_of.to_string()),
        "values": line.counts.0,
        "scores": line.counts.1,
        "folder": line.folder,
        "files": line.hashes,
    })
}

/// The decisions that hold in a night, or now: of each period the last, if it did not open it again. A decision
/// holds for the night of its release and those after, so that an earlier night tells what was known then.
pub fn standing(book: &[Line], night: Option<Date>) -> Vec<&Line> {
    let holds = |line: &&Line| {
        let of = shelf::read(&line.release).map(|(of, _)| of);
        night.is_none_or(|night| of.is_some_and(|of| of <= night))
    };
    let last = book.iter().filter(holds).map(|line| (line.period.as_str(), line));
    let last: BTreeMap<&str, &Line> = last.collect();
    last.into_values().filter(|line| line.act != Act::Reopen).collect()
}

/// The periods that are closed for a night, with their numbers as they were closed.
///
/// # Errors
/// Numbers that are not there or not what they were.
pub fn closed(var: &Path, night: Date) -> Result<Vec<Closed>, PublishError> {
    let book = book(var)?;
    if let Some(folder) = shelf::find(&var.join("release"), None)? {
        let release = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let closed = shelf::closed_in(&folder).into_keys();
        if let Some(period) =
            closed.into_iter().find(|of| book.iter().all(|line| line.period != *of))
        {
            let path = root(var).join(BOOK).display().to_string();
            return Err(PublishError::Unbooked { release, period, path });
        }
    }
    standing(&book, Some(night)).into_iter().map(|line| numbers(var, line)).collect()
}

fn numbers(var: &Path, line: &Line) -> Result<Closed, PublishError> {
    let folder = root(var).join(&line.folder);
    for (file, hash) in &line.hashes {
        let path = folder.join(file);
        let bytes = fs::read(&path).ok().filter(|bytes| sha256(bytes) == *hash);
        bytes.ok_or_else(|| PublishError::Closed {
            period: line.period.clone(),
            path: path.display().to_string(),
        })?;
    }
    let (period, release) = (line.period.clone(), line.release.clone());
    let night = shelf::read(&release).map_or(Date::MIN, |(night, _)| night);
    Ok(Closed { period, release, night, told: line.told.clone(), said: stood(&folder)? })
}

/// The tables of a folder.
fn stood(folder: &Path) -> Result<Said, PublishError> {
    let path = |name: &str| folder.join(format!("{name}.parquet"));
    let read = |name: &str| parquet::read(&path(name));
    let perhaps = |name: &str| path(name).exists().then(|| read(name)).transpose();
    Ok(Said {
        metrics: read("metric_value")?,
        definitions: read("metric_definition")?,
        scores: perhaps("score")?,
        lines: perhaps("score_line")?,
    })
}

/// Writes a decision into the book, its numbers first, which a period that is opened again has none of; the lines that
/// were written. A night scores the year that it tells alone: where what is accepted has no scores, those that were closed
/// stay.
///
/// # Errors
/// The disk's.
pub fn decide(
    var: &Path,
    decision: &Decision<'_>,
    said: Option<&Said>,
) -> Result<Vec<Line>, PublishError> {
    let root = root(var);
    create_folders(&root).map_err(named(&root))?;
    let mut lines = book(var)?;
    let stood = lines.len();
    let told = shelf::home_of(&var.join("release").join(decision.release));
    for period in &decision.periods {
        let mut line = Line {
            time: decision.by.0.to_string(),
            user: decision.by.1.clone(),
            act: decision.act,
            period: period.clone(),
            release: decision.release.to_owned(),
            reason: without_secrets(&quoted(decision.reason)),
            told: told.clone(),
            counts: (0, 0),
            folder: String::new(),
            hashes: BTreeMap::new(),
        };
        if let Some(said) = said {
            let before = lines.iter().filter(|line| line.period == *period).count();
            line.folder = format!("{}.{}", period.replace(':', "-"), before + 1);
            let own = own(var, (decision.act, period), said, &lines)?;
            line.counts = (own.metrics.height() as u64, own.scores.as_ref().map_or(0, height));
            let folder = root.join(&line.folder);
            for file in keep(&folder, &own)? {
                let path = folder.join(&file);
                let bytes = fs::read(&path).map_err(named(&path))?;
                line.hashes.insert(file, sha256(&bytes));
            }
        }
        lines.push(line);
    }
    let text: Vec<String> = lines.iter().map(|line| written(line).to_string()).collect();
    let path = root.join(BOOK);
    write_then_rename(&path, format!("{}\n", text.join("\n")).as_bytes()).map_err(named(&path))?;
    Ok(lines.split_off(stood))
}

/// The numbers of a period. A night that tells another year counted no scores of it: those that stood stay.
fn own(
    var: &Path,
    (act, period): (Act, &str),
    said: &Said,
    lines: &[Line],
) -> Result<Said, PublishError> {
    let own = said.of_period(period)?;
    let stood = standing(lines, None).into_iter().find(|line| line.period == period);
    match stood.filter(|_| act == Act::Accept && !own.has_scores()) {
        Some(stood) => {
            let stood = numbers(var, stood)?.said;
            Ok(Said { scores: stood.scores, lines: stood.lines, ..own })
        }
        None => Ok(own),
    }
}

fn height(table: &DataFrame) -> u64 {
    table.height() as u64
}

/// Writes the tables of a folder, whole or not at all; the names of their files.
fn keep(folder: &Path, said: &Said) -> Result<Vec<String>, PublishError> {
    let beside = beside(folder).map_err(named(folder))?;
    let tables = [
        ("metric_value", Some(&said.metrics)),
        ("metric_definition", Some(&said.definitions)),
        ("score", said.scores.as_ref()),
        ("score_line", said.lines.as_ref()),
    ];
    let mut files = Vec::new();
    for (name, table) in tables {
        let Some(table) = table else { continue };
        files.push(format!("{name}.parquet"));
        parquet::write(&mut table.clone(), &beside.join(format!("{name}.parquet")))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(named(folder))?;
    }
    rename_durably(&beside, folder).map_err(named(folder))?;
    Ok(files)
}

/// Keeps what the night of a release counted of the periods that are closed, as long as there is the release, so that
/// it can be accepted.
///
/// # Errors
/// The disk's.
pub fn keep_counted(
    var: &Path,
    release: &str,
    periods: &[&str],
    said: &Said,
) -> Result<(), PublishError> {
    let root = root(var);
    for entry in fs::read_dir(&root).map_err(named(&root))? {
        let path = entry.map_err(named(&root))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(of) = name.strip_prefix(COUNTED) else { continue };
        if !var.join("release").join(of).is_dir() {
            fs::remove_dir_all(&path).map_err(named(&path))?;
        }
    }
    let is_closed = periods.iter().map(|period| col("period").eq(lit(*period)));
    let own = said.where_it(&is_closed.fold(lit(false), Expr::or))?;
    keep(&root.join(format!("{COUNTED}{release}")), &own).map(drop)
}

/// What the night of a release counted of the periods that were closed for it; none where none was.
///
/// # Errors
/// Tables that can't be read.
pub fn counted(var: &Path, release: &str) -> Result<Option<Said>, PublishError> {
    let folder = root(var).join(format!("{COUNTED}{release}"));
    folder.is_dir().then(|| stood(&folder)).transpose()
}

impl Said {
    /// The periods that some metric is told of.
    ///
    /// # Errors
    /// A table that is not that of metrics.
    pub fn periods(&self) -> Result<BTreeSet<String>, PublishError> {
        Ok(self.told_of("period")?.into_iter().map(|(_, period)| period).collect())
    }

    /// Whether any unit is scored.
    pub(super) fn has_scores(&self) -> bool {
        self.scores.as_ref().is_some_and(|scores| scores.height() > 0)
    }

    /// What is said of one period, by its label.
    pub(super) fn of_period(&self, period: &str) -> Result<Said, FrameError> {
        self.where_it(&col("period").eq(lit(period)))
    }

    fn where_it(&self, holds: &Expr) -> Result<Said, FrameError> {
        let own = |table: &DataFrame| {
            let own = table.clone().lazy().filter(holds.clone());
            own.collect().map_err(FrameError::polars("choosing periods"))
        };
        Ok(Said {
            metrics: own(&self.metrics)?,
            definitions: self.definitions.clone(),
            scores: self.scores.as_ref().map(own).transpose()?,
            lines: self.lines.as_ref().map(own).transpose()?,
        })
    }
}
