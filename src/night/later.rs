//! Nights after one that is run again rest on it: what they called unchanged was so beside what it had brought. What they
//! landed is merged again, so that nothing is lost that no night but the first attempt of this one has brought.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Ground;
use super::Step;
use super::brought::Pulled;
use super::held;
use super::model;
use super::status;
use super::stream::Noticed;
use super::stream::State;
use super::stream::named;
use crate::base::durable::write_then_rename;
use crate::model::ModelError;
use crate::model::lake::Lake;
use crate::model::landing::Landing;

/// Names the oldest night that was run again and whose later nights wait to be merged again.
const WAITING: &str = "merge-from";

/// Ends what a night that was killed has left: nights after one that was run again are merged again, and deltas of nights
/// before this one that are lost are made again from what landed. Tells how many, and what could not be merged.
pub(super) fn made_again(
    ground: &Ground<'_>,
    night: Date,
    watch: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<Vec<Noticed>> {
    let lake = Lake::at(&ground.lake());
    let waiting = fs::read_to_string(ground.lake().join(WAITING)).ok();
    let waiting = waiting.and_then(|text| text.parse::<Date>().ok());
    let mut left = waiting.map_or_else(|| Ok(Later::default()), |of| merge_again(ground, of))?.left;
    let well = status::well(&ground.lake(), ground.catalog)?;
    let lost = || lake.lost(well.iter().filter(|(_, of)| *of < night));
    let before = lost()?;
    if before.is_empty() {
        return Ok(left);
    }
    let is_lost =
        |stream: &str, of: Date| before.iter().any(|lost| (&*lost.0, lost.1) == (stream, of));
    left.extend(merge(ground, &well, landed(ground, is_lost)?)?);
    if let Some((stream, night)) = lost()?.first() {
        return Err(ModelError::Gone { stream: stream.clone(), night: *night }.into());
    }
    watch(Step::MadeAgain(before.len() as u64));
    Ok(left)
}

/// What follows a night that is run again.
#[derive(Default)]
pub(super) struct Later {
    /// The last night after it that landed anything.
    pub(super) newest: Option<Date>,
    /// What of the nights after it breaks its contract by now, and stands as it was merged before.
    pub(super) left: Vec<Noticed>,
}

/// Says on the disk that nights after this one wait, where there are any, before a delta of it is written: whatever
/// interrupts this, the next night merges them again.
pub(super) fn wait(ground: &Ground<'_>, night: Date) -> anyhow::Result<()> {
    let path = ground.lake().join(WAITING);
    if path.exists() || landed(ground, |_, of| of > night)?.is_empty() {
        return Ok(());
    }
    write_then_rename(&path, night.to_string().as_bytes()).context("noting which nights wait")
}

/// Merges again what good nights after this one have landed, the oldest first. What they noted of themselves stays.
pub(super) fn merge_again(ground: &Ground<'_>, night: Date) -> anyhow::Result<Later> {
    let after = landed(ground, |_, of| of > night)?;
    let newest = after.keys().next_back().map(|(of, _)| *of);
    let left = match newest {
        Some(_) => merge(ground, &status::well(&ground.lake(), ground.catalog)?, after)?,
        None => Vec::new(),
    };
    let path = ground.lake().join(WAITING);
    if path.exists() {
        fs::remove_file(&path).context("noting that no night waits")?;
    }
    Ok(Later { newest, left })
}

/// The last attempt of each night and stream, by the place of the stream among all.
type Attempts = BTreeMap<(Date, usize), u32>;

/// What streams have landed in some nights.
fn landed(ground: &Ground<'_>, is_asked: impl Fn(&str, Date) -> bool) -> anyhow::Result<Attempts> {
    let mut found = Attempts::new();
    for (at, (connector, stream)) in ground.catalog.streams().into_iter().enumerate() {
        let name = named(connector, stream);
        let attempts = Landing::of(&ground.lake(), &connector.name, &stream.name).attempts()?;
        for (of, attempt) in attempts.into_iter().filter(|(of, _)| is_asked(&name, *of)) {
            let last = found.entry((of, at)).or_insert(attempt);
            *last = attempt.max(*last);
        }
    }
    Ok(found)
}

/// Merges what went well, the oldest first; tells what breaks its contract by now.
fn merge(
    ground: &Ground<'_>,
    well: &BTreeSet<(String, Date)>,
    landed: Attempts,
) -> anyhow::Result<Vec<Noticed>> {
    let streams = ground.catalog.streams();
    let mut nights: BTreeMap<Date, BTreeMap<usize, u32>> = BTreeMap::new();
    for ((of, at), attempt) in landed {
        let (connector, stream) = streams[at];
        let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
        let is_good = well.contains(&(named(connector, stream), of));
        // Once their time is over rows are gone, and what was merged of them stays.
        if is_good && landing.holds((of, attempt), &landing.manifest((of, attempt))?)? {
            nights.entry(of).or_default().insert(at, attempt);
        }
    }
    let mut left = Vec::new();
    for (night, attempts) in nights {
        let before = held::before(ground, night)?;
        let pulled = |at| -> Pulled {
            let attempt = attempts.get(&at).ok_or("nothing of it is merged again")?;
            Ok((night, *attempt))
        };
        let pulls = (0..streams.len()).map(|at| pulled(at).into()).collect();
        let merged = model::all(ground, (night, &before), pulls, &mut |_| {});
        for (at, merged) in merged.into_iter().enumerate() {
            let (told, _) = merged?;
            if attempts.contains_key(&at) && told.state == State::Failed {
                let (connector, stream) = streams[at];
                let about = format!("{night}: {}", told.note);
                left.push(Noticed::of(connector, stream, "not_merged", &about).rows(told.received));
            }
        }
    }
    Ok(left)
}
