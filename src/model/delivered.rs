//! What does a delivery bring in the place of rows that are held back?

use std::collections::HashSet;

use super::pile::Pile;
use super::slot::OR;
use crate::base::pseudonym::print;

/// What a delivery holds, corrections aside: the prints of slots.
#[derive(Debug)]
pub struct Delivered(HashSet<u128>);

impl Delivered {
    /// Of the rows that a stream brought.
    pub fn of(pile: &Pile<'_>) -> Delivered {
        let held = pile.judged.quarantined.iter().filter(|held| held.corrects.is_none());
        let held = held.filter_map(|held| held.slot.as_deref().map(print));
        Delivered(pile.delivered_slots().chain(held).collect())
    }

    /// Whether it brings all that may stand in the place of a row.
    pub fn replaces(&self, slot: &str) -> bool {
        slot.split(OR).all(|slot| self.0.contains(&print(slot)))
    }
}
