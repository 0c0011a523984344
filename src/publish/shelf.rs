//! Which releases stand, and which one does `latest.json` name? The newest that nobody withdrew, unless somebody chose
//! an earlier one, which holds until a later night is published.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use super::PublishError;
use super::named;
use super::package;
use super::pretty;
use crate::base::durable::beside;
use crate::base::durable::create;
use crate::base::durable::rename_durably;
use crate::base::durable::share;
use crate::base::pseudonym::sha256;
use crate::base::redact::without_secrets;
use crate::base::text::quoted;

const LATEST: &str = "latest.json";
/// The marks of releases that are not to be read, a line each.
const WITHDRAWN: &str = "withdrawn.jsonl";
/// The marks of releases that are held back, and of those that were let go, a line each.
const HELD: &str = "held.jsonl";
/// The release that somebody chose, and the newest night of then.
const CHOSEN: &str = "chosen.json";
/// What a publication that was killed leaves.
const LEFT: &str = ".tmp";

/// A night and its revision.
pub(super) type Name = (Date, u32);

pub(super) fn told((night, revision): Name) -> String {
    format!("{night}.{revision}")
}

pub(super) fn read(name: &str) -> Option<Name> {
    let (night, revision) = name.split_once('.')?;
    Some((night.parse().ok()?, revision.parse().ok()?))
}

/// The folder of a release below `root`, by its name (`2026-01-05.1`) or by its night, whose last revision
/// it is then; without a name the newest of all. None where there is none.
///
/// # Errors
/// A folder that can't be read.
pub fn find(root: &Path, name: Option<&str>) -> Result<Option<PathBuf>, PublishError> {
    let is_asked =
        |of: &Name| name.is_none_or(|name| name == of.0.to_string() || name == told(*of));
    let last = releases(root)?.into_iter().filter(is_asked).max();
    Ok(last.map(|name| root.join(told(name))))
}

/// The folder of the newest whole release that is to be read; where a night is named, of an earlier one.
///
/// # Errors
/// A folder that can't be read.
pub fn before(root: &Path, night: Option<Date>) -> Result<Option<PathBuf>, PublishError> {
    let end = night.map_or((Date::MAX, u32::MAX), |night| (night, 0));
    let (last, _) = whole_before(root, end)?;
    Ok(last.map(|name| root.join(told(name))))
}

/// The newest whole release before another, and those after it that are damaged.
pub(super) fn whole_before(
    root: &Path,
    name: Name,
) -> Result<(Option<Name>, Vec<String>), PublishError> {
    let mut earlier: Vec<Name> = standing(root)?.into_iter().filter(|of| *of < name).collect();
    earlier.sort_unstable();
    let mut damaged = Vec::new();
    while let Some(of) = earlier.pop() {
        if is_whole(&root.join(told(of))) {
            return Ok((Some(of), damaged));
        }
        damaged.push(told(of));
    }
    Ok((None, damaged))
}

/// Whether what is read of an earlier release is what its manifest says.
fn is_whole(folder: &Path) -> bool {
    let Some(manifest) = package::read(folder) else { return false };
    let tables = package::listed(&manifest).into_iter();
    let mut tables = tables.filter(|(file, ..)| file.ends_with(".parquet"));
    package::is_whole(&manifest)
        && tables.all(|(file, _, hash)| {
            let bytes = fs::read(folder.join(file));
            bytes.is_ok_and(|bytes| format!("sha256:{}", sha256(&bytes)) == hash)
        })
}

/// The releases that there are.
pub(super) fn releases(root: &Path) -> Result<Vec<Name>, PublishError> {
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let names = fs::read_dir(root)
        .map_err(named(root))?
        .map(|entry| Ok(read(&entry.map_err(named(root))?.file_name().to_string_lossy())));
    Ok(names.collect::<Result<Vec<_>, PublishError>>()?.into_iter().flatten().collect())
}

/// The releases that nobody withdrew and that are not held back.
pub(super) fn standing(root: &Path) -> Result<Vec<Name>, PublishError> {
    let (withdrawn, held) = (withdrawn(root)?, held(root)?);
    let mut all = releases(root)?;
    all.retain(|name| ![&withdrawn, &held].iter().any(|marked| marked.contains_key(&told(*name))));
    Ok(all)
}

/// Why each release was withdrawn.
///
/// # Errors
/// A file that can't be read.
pub fn withdrawn(root: &Path) -> Result<BTreeMap<String, String>, PublishError> {
    let marks = marks(root, WITHDRAWN)?.into_iter();
    Ok(marks.map(|(release, reason, _)| (release, reason)).collect())
}

/// Why each release is held back that nobody let go.
///
/// # Errors
/// A file that can't be read.
pub fn held(root: &Path) -> Result<BTreeMap<String, String>, PublishError> {
    let marks = marks(root, HELD)?.into_iter();
    let last: BTreeMap<String, (String, bool)> =
        marks.map(|(release, reason, is_held)| (release, (reason, is_held))).collect();
    let held = last.into_iter().filter(|(_, (_, is_held))| *is_held);
    Ok(held.map(|(release, (reason, _))| (release, reason)).collect())
}

/// The marks of a file: the release, why, and whether it is held back.
fn marks(root: &Path, file: &str) -> Result<Vec<(String, String, bool)>, PublishError> {
    let path = root.join(file);
    let text = text_of(&path)?.unwrap_or_default();
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| Some(line.get(key)?.as_str()?.to_owned());
        let is_held = line.get("held").and_then(Value::as_bool).unwrap_or_default();
        Some((text("release")?, text("reason")?, is_held))
    };
    let broken = |at| PublishError::Line { path: path.display().to_string(), line: at + 1 };
    text.lines().enumerate().map(|(at, line)| read(line).ok_or_else(|| broken(at))).collect()
}

/// Adds a mark to a file.
fn mark(root: &Path, file: &str, mark: &Value) -> Result<(), PublishError> {
    let path = root.join(file);
    let marks = text_of(&path)?.unwrap_or_default();
    write_shared(&path, format!("{marks}{mark}\n").as_bytes())
}

/// Marks a release as one that is not to be read until somebody says so.
pub(super) fn hold(
    root: &Path,
    name: &str,
    reasons: &[String],
    now: Timestamp,
) -> Result<(), PublishError> {
    let reason = reasons.join("; ");
    let said = json!({ "release": name, "time": now.to_string(), "held": true, "reason": reason });
    mark(root, HELD, &said)
}

/// Takes that mark back.
pub(super) fn let_go(
    root: &Path,
    name: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), PublishError> {
    let reason = without_secrets(&quoted(reason));
    let said = json!({ "release": name, "time": now.to_string(), "held": false, "reason": reason });
    mark(root, HELD, &said)
}

/// Lets a release be read that is held back; the release that `latest.json` names then.
///
/// # Errors
/// The disk's.
pub fn publish(
    root: &Path,
    folder: &Path,
    (reason, now): (&str, Timestamp),
) -> Result<Option<String>, PublishError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let_go(root, &name, reason, now)?;
    point(root)
}

/// The night of a release and the day that it tells; none where its manifest does not say.
pub fn told_of(folder: &Path) -> Option<(Date, Date)> {
    let manifest = package::read(folder)?;
    let day = |key: &str| manifest.get(key)?.as_str()?.parse().ok();
    Some((day("x:night")?, day("x:as_of")?))
}

/// The fingerprint of what the home said for a release, and the day that it tells.
pub fn home_of(folder: &Path) -> Option<(String, Date)> {
    let home = package::read(folder)?.get("x:home")?.as_str()?.to_owned();
    Some((home, told_of(folder)?.1))
}

/// The periods that are closed in a release, with the release that each was closed with.
pub fn closed_in(folder: &Path) -> BTreeMap<String, String> {
    let manifest = package::read(folder).unwrap_or_default();
    let closed = manifest.get("x:closed").and_then(Value::as_array).into_iter().flatten();
    let text = |of: &Value, key: &str| Some(of.get(key)?.as_str()?.to_owned());
    closed.filter_map(|of| Some((text(of, "period")?, text(of, "release")?))).collect()
}

/// The release that `latest.json` names.
///
/// # Errors
/// A file that can't be read.
pub fn latest(root: &Path) -> Result<Option<String>, PublishError> {
    let Some(text) = text_of(&root.join(LATEST))? else { return Ok(None) };
    let latest: Value = serde_json::from_str(&text).unwrap_or_default();
    let manifest = latest.get("manifest").and_then(Value::as_str).unwrap_or_default();
    Ok(manifest.split_once('/').map(|(name, _)| name.to_owned()))
}

/// Marks a release as one that is not to be read, and points `latest.json` at what is left; the release
/// that it names then.
///
/// # Errors
/// The disk's; a mark stands before the pointer moves.
pub fn withdraw(
    root: &Path,
    folder: &Path,
    (reason, now): (&str, Timestamp),
) -> Result<Option<String>, PublishError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let reason = without_secrets(&quoted(reason));
    let said = json!({ "release": name, "time": now.to_string(), "reason": reason });
    mark(root, WITHDRAWN, &said)?;
    point(root)
}

/// Points `latest.json` at a release that stands, until a later night than the newest of now is published.
///
/// # Errors
/// The disk's.
pub fn choose(root: &Path, folder: &Path) -> Result<Option<String>, PublishError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let newest = standing(root)?.into_iter().max();
    let path = root.join(CHOSEN);
    match newest {
        Some(newest) if told(newest) != name => {
            let chosen = json!({ "release": name, "newest": newest.0.to_string() });
            write_shared(&path, &pretty(&chosen))?;
        }
        _ => remove(&path)?,
    }
    point(root)
}

/// What `latest.json` is to name; a choice that is over is forgotten, so that it never comes back.
fn chosen(root: &Path) -> Result<Option<Name>, PublishError> {
    let mut standing = standing(root)?;
    // One that has lost its manifest can't be named.
    standing.retain(|name| root.join(told(*name)).join(package::FILE).is_file());
    let Some(newest) = standing.iter().copied().max() else { return Ok(None) };
    let text = text_of(&root.join(CHOSEN))?.unwrap_or_default();
    let chosen: Value = serde_json::from_str(&text).unwrap_or_default();
    let text = |key: &str| chosen.get(key).and_then(Value::as_str);
    let until: Option<Date> = text("newest").and_then(|night| night.parse().ok());
    let holds = until.is_some_and(|until| newest.0 <= until);
    if !holds {
        remove(&root.join(CHOSEN))?;
    }
    let name = text("release").and_then(read).filter(|name| holds && standing.contains(name));
    Ok(Some(name.unwrap_or(newest)))
}

/// Points `latest.json` at the release that is to be read; a past night that is run again moves no reader back.
/// Where none is left, there is no `latest.json`.
pub(super) fn point(root: &Path) -> Result<Option<String>, PublishError> {
    let path = root.join(LATEST);
    let Some(name) = chosen(root)? else {
        remove(&path)?;
        return Ok(None);
    };
    let manifest = format!("{}/{}", told(name), package::FILE);
    let named_file = root.join(&manifest);
    let bytes = fs::read(&named_file).map_err(named(&named_file))?;
    let latest = json!({
        "format": 1,
        "night": name.0.to_string(),
        "revision": name.1,
        "manifest": manifest,
        "sha256": sha256(&bytes),
    });
    write_shared(&path, &pretty(&latest))?;
    Ok(Some(told(name)))
}

/// Removes what publications that were killed left.
pub(super) fn tidy(root: &Path) -> Result<(), PublishError> {
    for entry in fs::read_dir(root).map_err(named(root))? {
        let path = entry.map_err(named(root))?.path();
        let is_left = path.to_string_lossy().ends_with(LEFT);
        if is_left && path.is_dir() {
            fs::remove_dir_all(&path).map_err(named(&path))?;
        } else if is_left {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Deletes releases of nights before `from`, and all but the `most` newest, never what `latest.json` names;
/// how many.
///
/// # Errors
/// The disk's.
pub fn forget(root: &Path, from: Date, most: Option<usize>) -> Result<u64, PublishError> {
    let mut all = releases(root)?;
    all.sort_unstable_by(|x, y| y.cmp(x));
    let latest = latest(root)?;
    let mut deleted = 0;
    for (at, name) in all.into_iter().enumerate() {
        let is_old = name.0 < from || most.is_some_and(|most| at >= most);
        if !is_old || latest.as_ref() == Some(&told(name)) {
            continue;
        }
        let folder = root.join(told(name));
        let away = beside(&folder).map_err(named(&folder))?;
        rename_durably(&folder, &away).map_err(named(&folder))?;
        fs::remove_dir_all(&away).map_err(named(&away))?;
        deleted += 1;
    }
    Ok(deleted)
}

/// A file that everybody may read from its first moment.
fn write_shared(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    let written = beside(path).and_then(|first| {
        create(&first)?.write_all(bytes)?;
        share(&first)?;
        rename_durably(&first, path)
    });
    written.map_err(named(path))
}

pub(super) fn text_of(path: &Path) -> Result<Option<String>, PublishError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(named(path)(fault)),
    }
}

fn remove(path: &Path) -> Result<(), PublishError> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(named(path)(fault)),
        _ => Ok(()),
    }
}
