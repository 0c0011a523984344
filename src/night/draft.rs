//! What would another home tell? The lake of the last night, counted by other definitions: nothing is
//! kept, loaded or published.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Choice;
use super::Ground;
use super::cells;
use super::compute;
use super::score;
use super::stream::Noticed;
use super::told;
use crate::base::cause::Cause;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::measure::kept::Kept;
use crate::model::lake::Lake;
use crate::publish;
use crate::publish::Beyond;
use crate::publish::closed;
use crate::publish::closed::Closed;
use crate::publish::correction;
use crate::publish::correction::Known;
use crate::publish::correction::Seen;
use crate::publish::moved::Key;
use crate::publish::moved::Said;
use crate::spec::catalog::Catalog;
use crate::spec::version;

/// What the last night's release says, and what a draft says of the same lake.
pub struct Draft {
    /// The release.
    pub release: String,
    /// The night whose lake it is, and the day that is told.
    pub night: (Date, Date),
    /// Whether the home says something else than on that night, apart from the draft.
    pub is_home_changed: bool,
    /// What the release says.
    pub before: Said,
    /// What the draft says.
    pub after: Said,
}

/// Nothing has been told yet that a draft could be compared with.
#[derive(Debug, thiserror::Error)]
pub struct NoNight;

impl fmt::Display for NoNight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no night has been told here yet")
    }
}

/// Tells the last night once more, by the definitions of `draft`.
///
/// # Errors
/// [`NoNight`], a lake or release that can't be read.
pub fn draft(ground: &Ground<'_>, draft: &Catalog) -> anyhow::Result<Draft> {
    let ledger = Kept::at(&ground.lake()).ledger().context("reading what the night kept")?;
    let ledger = ledger.ok_or(NoNight)?;
    let root = ground.var.join("release");
    let folder = publish::find(&root, Some(&ledger.night.to_string()))?.ok_or(NoNight)?;
    let lake = Lake::at(&ground.lake());
    let choice = Choice { night: ledger.night, as_of: ledger.as_of, again: false, full: false };
    let (computed, _) = compute::counted(draft, &lake, choice, &ledger.stale, None)?;
    let scores = score::table(cells::schema(draft, "score")?, &computed.scores, choice)?;
    let mut after = Said {
        metrics: told::values(draft, &computed, choice)?,
        definitions: told::meaning_table(draft)?,
        scores: Some(scores),
        lines: None,
    };
    // Closed numbers stand in the release, and no draft moves them.
    let closed = closed::closed(&ground.var, choice.night)?;
    let (why, seen) = (|_: &Closed, _: &Key| Cause::ChangedRows, Seen::new());
    let known = Known { night: choice.night, why: &why, seen: &seen };
    correction::settle(&closed, &mut after, &known).context("correcting")?;
    Ok(Draft {
        release: name(&folder),
        night: (choice.night, choice.as_of),
        is_home_changed: ledger.home != ground.catalog.fingerprint,
        before: Said::of_release(&folder)?,
        after,
    })
}

/// What a home says otherwise than the newest release below `var`; `day` is today.
///
/// # Errors
/// A release that can't be read.
pub fn against_release(
    catalog: &Catalog,
    var: &Path,
    day: Date,
) -> anyhow::Result<Vec<Diagnostic>> {
    against(catalog, publish::before(&var.join("release"), None)?, day)
}

/// The same of the release before a night: what holds its own back.
pub(super) fn broken(ground: &Ground<'_>, night: Date) -> anyhow::Result<Vec<Beyond>> {
    let before = publish::before(&ground.var.join("release"), Some(night))?;
    let broken = against(ground.catalog, before, night)?;
    // Several definitions of a metric may mean something else.
    let kinds: BTreeSet<(&str, &str)> = broken
        .iter()
        .map(|fault| {
            let is_gone = fault.code == Code::MetricGone;
            let kind = if is_gone { "metric_gone" } else { "other_meaning" };
            (kind, found(fault).unwrap_or_default())
        })
        .collect();
    let broken = |(kind, metric): (_, &str)| Beyond::Broken { kind, metric: metric.to_owned() };
    Ok(kinds.into_iter().map(broken).collect())
}

/// What is broken, as something to look at.
pub(super) fn noticed(broken: &[Beyond]) -> impl Iterator<Item = Noticed> {
    broken.iter().filter_map(|broken| {
        let Beyond::Broken { kind, metric } = broken else { return None };
        Some(Noticed::of_table("metric_definition", kind, metric))
    })
}

fn against(
    catalog: &Catalog,
    release: Option<PathBuf>,
    day: Date,
) -> anyhow::Result<Vec<Diagnostic>> {
    let Some(folder) = release else { return Ok(Vec::new()) };
    let defined = publish::moved::definitions(&folder)?;
    let mut broken = version::broken(catalog, (&name(&folder), &defined), day);
    if broken.iter().any(|fault| fault.code == Code::MetricGone) {
        // What is told of closed periods alone stays without being defined any more.
        let stays = publish::moved::told_closed(&folder)?;
        broken.retain(|fault| {
            fault.code != Code::MetricGone || !stays.contains(found(fault).unwrap_or_default())
        });
    }
    Ok(broken)
}

/// The metric that a fault is about.
fn found(fault: &Diagnostic) -> Option<&str> {
    let about = fault.nouns.iter().find(|(noun, _)| *noun == "found");
    about.map(|(_, name)| name.as_str())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
