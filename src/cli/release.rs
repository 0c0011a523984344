//! Which release do scoring tools read, and is it what it was?

use std::path::Path;
use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::access::Access;
use crate::base::clock;
use crate::base::said::Say;
use crate::night;
use crate::night::Ground;
use crate::publish;
use crate::publish::verify::Difference;
use crate::spec::secret::HomeSecrets;
use crate::warehouse;

#[derive(Debug, Subcommand)]
pub(super) enum Releases {
    /// Point latest.json at an earlier release, until a later night is published
    Use {
        /// The release: its night, or with its revision as in 2026-01-05.1
        release: String,
    },
    /// Let a release be read that is held back because it moves more than it may
    Publish {
        /// The release: its night, or with its revision as in 2026-01-05.1
        release: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
        confirm: String,
    },
    /// Mark a release as one that is not to be read; latest.json moves to the newest that is left
    Withdraw {
        /// The release: its night, or with its revision as in 2026-01-05.1
        release: String,
        /// Why, for whoever reads it
        #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// Its night, or with its revision as in 2026-01-05.1, or the folder of a copy [default: the one
    /// that latest.json names]
    release: Option<String>,
}

/// Does what is asked. A release is looked up while nobody else may mark one, so that two who act at once act one after
/// the other, each on what it finds then.
pub(super) async fn release(
    root: &Path,
    asked: &Releases,
    face: &mut Face<'_>,
) -> anyhow::Result<u8> {
    let (verb, name) = match asked {
        Releases::Use { release } => ("release use", release),
        Releases::Publish { release, .. } => ("release publish", release),
        Releases::Withdraw { release, .. } => ("release withdraw", release),
    };
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let var = home.root.join(&catalog.settings.var);
    // Where no night has been, there is nothing to hold.
    let _lock = var.is_dir().then(|| night::lock(&var, verb)).transpose()?;
    let folder = match readable(&var, name, face)? {
        Ok(folder) => folder,
        Err(code) => return Ok(code),
    };
    let (code, is_published) = match asked {
        Releases::Use { .. } => return choose(&var, &folder, face),
        Releases::Publish { confirm, .. } => (let_go(&var, (&folder, confirm), face)?, true),
        Releases::Withdraw { reason, .. } => (withdraw(&var, (&folder, reason), face)?, false),
    };
    let secrets = HomeSecrets::of(root);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    tell_analysts(&ground, (&name_of(&folder), is_published), face).await?;
    Ok(code)
}

/// Says in the warehouse whether the release of a night is published; where it can't be said, a night that is run again
/// says it.
async fn tell_analysts(
    ground: &Ground<'_>,
    (release, is_published): (&str, bool),
    face: &mut Face<'_>,
) -> anyhow::Result<()> {
    let place = ground.warehouse()?;
    let Err(fault) = warehouse::tell(&place, release, is_published).await else { return Ok(()) };
    let cause = format!("{:#}", anyhow::Error::new(fault));
    let night = release.split('.').next().unwrap_or_default().to_owned();
    let nouns = [("place", place.to_string()), ("cause", cause), ("night", night)];
    let (text, hint) = (face.say(Say::RunNotTold, &nouns), face.say(Say::RunNotToldHint, &nouns));
    face.complain(&text, Some(&hint))?;
    Ok(())
}

/// The folder that a home writes to; or it has been said why there is none, and the code to exit with.
fn var(root: &Path, face: &mut Face<'_>) -> anyhow::Result<Result<PathBuf, u8>> {
    let opened = home::open(root, face)?;
    Ok(opened.map(|(home, catalog)| home.root.join(&catalog.settings.var)))
}

/// The folder of the release that was named, or of the latest; or it has been said that there is none.
fn found(
    var: &Path,
    name: Option<&str>,
    face: &mut Face<'_>,
) -> anyhow::Result<Result<PathBuf, u8>> {
    let releases = var.join("release");
    let latest = if name.is_none() { publish::latest(&releases)? } else { None };
    if let Some(folder) = publish::find(&releases, name.or(latest.as_deref()))? {
        return Ok(Ok(folder));
    }
    let name = name.unwrap_or("latest").to_owned();
    let nouns = [("found", name), ("path", releases.display().to_string())];
    let (text, hint) = (face.say(Say::NoRelease, &nouns), face.say(Say::NoReleaseHint, &nouns));
    face.complain(&text, Some(&hint))?;
    Ok(Err(USAGE))
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A copy needs no home: a release stands alone.
pub(super) fn verify(root: &Path, asked: &Verify, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let copy = asked.release.as_ref().map(PathBuf::from);
    let copy = copy.filter(|folder| folder.join("datapackage.json").is_file());
    let folder = if let Some(copy) = copy {
        copy.canonicalize()?
    } else {
        let var = match var(root, face)? {
            Ok(var) => var,
            Err(code) => return Ok(code),
        };
        let folder = match found(&var, asked.release.as_deref(), face)? {
            Ok(folder) => folder,
            Err(code) => return Ok(code),
        };
        note(&var, "verify", &folder, None)?;
        folder
    };
    let (files, differences) = publish::verify::verify(&folder)?;
    let release = name_of(&folder);
    if differences.is_empty() {
        let nouns = [("release", release), ("files", files.to_string())];
        let text = face.say(Say::ReleaseHolds, &nouns);
        writeln!(face.out, "{text}")?;
        return Ok(DONE);
    }
    for difference in &differences {
        let (say, path) = match difference {
            Difference::Differs(path) => (Say::FileDiffers, path),
            Difference::Missing(path) => (Say::FileMissing, path),
            Difference::Extra(path) => (Say::FileExtra, path),
        };
        let text = face.say(say, &[("path", path.clone())]);
        writeln!(face.out, "{text}")?;
    }
    differs(release, differences.len(), face)
}

/// Says that a release is not as it was published.
fn differs(release: String, count: usize, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let nouns = [("release", release), ("count", count.to_string())];
    let text = face.say(Say::ReleaseDiffers, &nouns);
    let hint = face.say(Say::ReleaseDiffersHint, &nouns);
    face.complain(&text, Some(&hint))?;
    Ok(FAILED)
}

fn choose(var: &Path, folder: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let releases = var.join("release");
    let name = name_of(folder);
    if let Some(what) = publish::held(&releases)?.remove(&name) {
        let latest = publish::latest(&releases)?.unwrap_or_default();
        let nouns = [("release", name), ("latest", latest), ("what", what)];
        let (text, hint) =
            (face.say(Say::ReleaseHeld, &nouns), face.say(Say::ReleaseHeldHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    }
    let (_, differences) = publish::verify::verify(folder)?;
    if !differences.is_empty() {
        return differs(name, differences.len(), face);
    }
    note(var, "release use", folder, None)?;
    let latest = publish::choose(&releases, folder)?;
    tell_latest(latest, face)?;
    let hint = face.say(Say::UseHint, &[]);
    writeln!(face.out, "hint: {hint}")?;
    Ok(DONE)
}

/// One that is not held back stays as it is.
fn let_go(var: &Path, (folder, why): (&Path, &str), face: &mut Face<'_>) -> anyhow::Result<u8> {
    let releases = var.join("release");
    note(var, "release publish", folder, Some(why))?;
    let latest = if publish::held(&releases)?.contains_key(&name_of(folder)) {
        publish::publish(&releases, folder, (why, clock::now()))?
    } else {
        publish::latest(&releases)?
    };
    tell_latest(latest, face)
}

fn withdraw(var: &Path, (folder, why): (&Path, &str), face: &mut Face<'_>) -> anyhow::Result<u8> {
    let releases = var.join("release");
    note(var, "release withdraw", folder, Some(why))?;
    let latest = publish::withdraw(&releases, folder, (why, clock::now()))?;
    let path = releases.join("withdrawn.jsonl").display().to_string();
    let text = face.say(Say::Withdrew, &[("release", name_of(folder)), ("path", path)]);
    writeln!(face.out, "{text}")?;
    tell_latest(latest, face)
}

/// The same of a release that nobody withdrew.
fn readable(var: &Path, name: &str, face: &mut Face<'_>) -> anyhow::Result<Result<PathBuf, u8>> {
    let folder = match found(var, Some(name), face)? {
        Ok(folder) => folder,
        Err(code) => return Ok(Err(code)),
    };
    let release = name_of(&folder);
    let Some(reason) = publish::withdrawn(&var.join("release"))?.remove(&release) else {
        return Ok(Ok(folder));
    };
    let text = face.say(Say::IsWithdrawn, &[("release", release), ("reason", reason)]);
    let hint = face.say(Say::IsWithdrawnHint, &[]);
    face.complain(&text, Some(&hint))?;
    Ok(Err(USAGE))
}

fn tell_latest(latest: Option<String>, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let text = match latest {
        Some(release) => face.say(Say::LatestIs, &[("release", release)]),
        None => face.say(Say::LatestNone, &[]),
    };
    writeln!(face.out, "{text}")?;
    Ok(DONE)
}

fn note(var: &Path, verb: &str, folder: &Path, purpose: Option<&str>) -> std::io::Result<()> {
    let what = vec![("release", name_of(folder))];
    Access { verb, what, rows: None, purpose }.note(var)
}
