//! Nights after one that is run again rest on it: what they called unchanged was so beside what it had brought. What they
//! landed is merged again, so that nothing is lost that no night but the first attempt of this one has brought.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Ground;
use super::Step;
use super::brought::Pulled;
use super::held;
use super::model;
use super::status;
use super::stream::named;
use crate::model::ModelError;
use crate::model::lake::Lake;
use crate::model::landing::Landing;

/// Makes deltas of nights before this one that are lost again, from what landed, and tells how many.
pub(super) fn made_again(
    ground: &Ground<'_>,
    night: Date,
    watch: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<()> {
    let lake = Lake::at(&ground.lake());
    let well = status::well(&ground.lake(), ground.catalog)?;
    let lost = || lake.lost(well.iter().filter(|(_, of)| *of < night));
    let before = lost()?;
    if before.is_empty() {
        return Ok(());
    }
    let is_lost =
        |stream: &str, of: Date| before.iter().any(|lost| (&*lost.0, lost.1) == (stream, of));
    merge(ground, &well, landed(ground, is_lost)?)?;
    if let Some((stream, night)) = lost()?.first() {
        return Err(ModelError::Gone { stream: stream.clone(), night: *night }.into());
    }
    watch(Step::MadeAgain(before.len() as u64));
    Ok(())
}

/// Merges again what good nights after this one have landed, the oldest first; tells the last night that landed anything.
/// What they noted of themselves stays.
pub(super) fn merge_again(ground: &Ground<'_>, night: Date) -> anyhow::Result<Option<Date>> {
    let after = landed(ground, |_, of| of > night)?;
    let newest = after.keys().next_back().map(|(of, _)| *of);
    if newest.is_some() {
        merge(ground, &status::well(&ground.lake(), ground.catalog)?, after)?;
    }
    Ok(newest)
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

/// Merges what went well, the oldest first.
fn merge(
    ground: &Ground<'_>,
    well: &BTreeSet<(String, Date)>,
    landed: Attempts,
) -> anyhow::Result<()> {
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
    for (night, attempts) in nights {
        let before = held::standing(ground, night.yesterday()?)?;
        let pulled = |at| -> Pulled {
            let attempt = attempts.get(&at).ok_or("nothing of it is merged again")?;
            Ok((night, *attempt))
        };
        let pulls = (0..streams.len()).map(|at| pulled(at).into()).collect();
        let merged = model::all(ground, (night, &before), pulls, &mut |_| {});
        merged.into_iter().try_for_each(|merged| merged.map(drop))?;
    }
    Ok(())
}
