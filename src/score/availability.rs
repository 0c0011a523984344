//! Is enough known under a parent to score it? Below the least share of its points it is not
//! (METHOD.md 4.4): its leaves are reported, and its points go where those of a leaf without a value go.
//!
//! A parent is judged by the points of its leaves that should have a value, which are those that are
//! `scored` or `missing`. Of them it keeps those that earn something for what they are: a value, or what
//! the policy of a leaf puts in its place (zero, or a part of the median). Aside on both sides stand
//! - `not_applicable`, and what is not yet due: counts such as `tasks_due` hold what fell due, and a
//!   condition on them makes the leaf not applicable;
//! - `withheld`: there is a value, and a unit must not lose its score for being small;
//! - `not_built`: the home lacks it, for every unit of the category alike. It is no part of the tree yet,
//!   and to withhold everyone for it would tell nothing of anyone. How much of the sheet a score rests
//!   on, and within which bounds it lies, are told beside it.
//!
//! Groups come before areas, areas before the whole, and what a group lost is lost to its area: a score
//! rests on that share of all that should be known.

use std::collections::BTreeSet;

use super::Seat;
use super::leaf::Outcome;
use super::words;
use crate::spec::formula::Exact;

/// The points under a parent that data should judge, and do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// The points of its leaves that should have a value.
    pub due: Exact,
    /// Of these the points of leaves that keep them.
    pub kept: Exact,
}

impl Availability {
    /// Whether the share that is kept is so great.
    pub fn is_enough(self, least: Exact) -> bool {
        self.kept >= self.due * least
    }
}

/// Withholds every group, then every area, of which less than `least` is known; what is left of the whole.
pub(super) fn withhold(seats: &[Seat<'_>], outcomes: &mut [Outcome], least: Exact) -> Availability {
    let due: Vec<bool> = outcomes.iter().map(Outcome::is_due).collect();
    withhold_level(seats, &due, outcomes, least, |seat| seat.group);
    withhold_level(seats, &due, outcomes, least, |seat| seat.area);
    available(seats, &due, outcomes, |_| true)
}

/// Withholds every parent on a level of which less than `least` is known.
fn withhold_level<'t>(
    seats: &[Seat<'t>],
    due: &[bool],
    outcomes: &mut [Outcome],
    least: Exact,
    parent_of: impl Fn(&Seat<'t>) -> (usize, &'t str),
) {
    let parents: BTreeSet<(usize, &str)> = seats.iter().map(&parent_of).collect();
    for parent in parents {
        let is_mine = |seat: &Seat<'t>| parent_of(seat) == parent;
        let known = available(seats, due, outcomes, is_mine);
        if known.is_enough(least) {
            continue;
        }
        let why = words::scarce(&format!("“{}”", parent.1), known, least) + ",不评分";
        let mine = seats.iter().zip(outcomes.iter_mut()).filter(|(seat, _)| is_mine(seat));
        for (_, outcome) in mine.filter(|(_, outcome)| outcome.share.is_some()) {
            outcome.withhold(&why);
        }
    }
}

fn available<'t>(
    seats: &[Seat<'t>],
    due: &[bool],
    outcomes: &[Outcome],
    is_mine: impl Fn(&Seat<'t>) -> bool,
) -> Availability {
    let leaves = seats.iter().zip(due).zip(outcomes);
    let mut sum = Availability::default();
    for ((seat, _), outcome) in leaves.filter(|((seat, due), _)| **due && is_mine(seat)) {
        sum.due += seat.leaf.points;
        if outcome.share.is_some() {
            sum.kept += seat.leaf.points;
        }
    }
    sum
}
