//! Nights after one that is run again rest on it: what they called unchanged was so beside what it had brought. What they
//! landed is merged again, so that nothing is lost that no night but the first attempt of this one has brought.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Ground;
use super::brought::Pulled;
use super::held;
use super::model;
use super::status;
use super::stream::named;
use crate::model::landing::Landing;

/// Merges again what good nights after this one have landed, the oldest first. What they noted of themselves stays.
pub(super) fn merge_again(ground: &Ground<'_>, night: Date) -> anyhow::Result<()> {
    let streams = ground.catalog.streams();
    let mut after: BTreeMap<(Date, usize), u32> = BTreeMap::new();
    for (at, (connector, stream)) in streams.iter().enumerate() {
        let attempts = Landing::of(&ground.lake(), &connector.name, &stream.name).attempts()?;
        for (of, attempt) in attempts.into_iter().filter(|(of, _)| *of > night) {
            let last = after.entry((of, at)).or_insert(attempt);
            *last = attempt.max(*last);
        }
    }
    if after.is_empty() {
        return Ok(());
    }
    let well = status::well(&ground.lake(), ground.catalog)?;
    let mut nights: BTreeMap<Date, BTreeMap<usize, u32>> = BTreeMap::new();
    for ((of, at), attempt) in after {
        let (connector, stream) = streams[at];
        let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
        let is_good = well.contains(&(named(connector, stream), of));
        // Once their time is over rows are gone, and what was merged of them stays.
        if is_good && landing.holds((of, attempt), &landing.manifest((of, attempt))?)? {
            nights.entry(of).or_default().insert(at, attempt);
        }
    }
    for (later, attempts) in nights {
        let before = held::standing(ground, later.yesterday()?)?;
        let pulled = |at| -> Pulled {
            let attempt = attempts.get(&at).ok_or("nothing of it is merged again")?;
            Ok((later, *attempt))
        };
        let pulls = (0..streams.len()).map(|at| pulled(at).into()).collect();
        let merged = model::all(ground, (later, &before), pulls, &mut |_| {});
        merged.into_iter().try_for_each(|merged| merged.map(drop))?;
    }
    Ok(())
}
