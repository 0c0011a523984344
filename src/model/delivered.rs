//! What does a delivery bring in the place of rows that are held back?

use std::collections::HashSet;

use super::ModelError;
use super::lines::SHARES;
use super::pile::Pile;
use super::slot::OR;
use crate::base::pseudonym::print;
use crate::spec::connector::Write;

/// What a delivery holds of some slots, corrections aside: their prints.
#[derive(Debug)]
pub struct Delivered(HashSet<u128>);

impl Delivered {
    /// Which of some slots a stream brought.
    ///
    /// # Errors
    /// The disk's.
    pub fn of<'s>(
        pile: &Pile<'_>,
        slots: impl Iterator<Item = &'s str>,
    ) -> Result<Delivered, ModelError> {
        let asked: HashSet<u128> = slots.flat_map(|slots| slots.split(OR)).map(print).collect();
        let held = pile.judged.quarantined.iter().filter(|held| held.corrects.is_none());
        let held = held.filter_map(|held| held.slot.as_deref().map(print));
        let mut delivered: HashSet<u128> = held.filter(|slot| asked.contains(slot)).collect();
        if matches!(pile.write, Write::Snapshot { .. }) {
            delivered.extend(asked.intersection(&pile.snapshots));
            return Ok(Delivered(delivered));
        }
        for share in 0..SHARES {
            let own = pile.lines.share(share)?.into_iter().filter(|line| !line.is_correction);
            delivered.extend(own.map(|line| line.key).filter(|key| asked.contains(key)));
        }
        Ok(Delivered(delivered))
    }

    /// Whether it brings all that may stand in the place of a row.
    pub fn replaces(&self, slot: &str) -> bool {
        slot.split(OR).all(|slot| self.0.contains(&print(slot)))
    }
}
