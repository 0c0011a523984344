//! Where is the next page of a slice? Counted by us, or where the page before said; the same for a page
//! that was kept as for one that has just come.

use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use super::ledger::Doubt;
use super::ledger::Ledger;
use super::ledger::Next;
use super::ledger::Seen;
use crate::spec::connector::Page;
use crate::spec::connector::Turn;

/// A way through the pages of a slice.
pub(super) struct Walk<'p> {
    page: &'p Page,
    pub(super) ledger: Ledger,
    pub(super) place: Where,
    /// The places that were said, as numbers: many pages, little memory.
    places: BTreeSet<u64>,
}

/// Where the next page is.
pub(super) enum Where {
    /// So many pages, or rows, came before.
    Counted(u64),
    /// Where the page before said; the first one needs no place.
    Said(Option<String>),
}

impl<'p> Walk<'p> {
    /// Before the first page.
    pub(super) fn of(page: &'p Page) -> Walk<'p> {
        let place = match &page.turn {
            Turn::Number { first, .. } | Turn::Offset { first, .. } => Where::Counted(*first),
            Turn::None | Turn::Cursor { .. } | Turn::NextUrl { .. } | Turn::LinkHeader => {
                Where::Said(None)
            }
        };
        let size = page.size.as_ref().map(|(_, size)| *size).filter(|_| page.turn.is_counted());
        Walk { page, ledger: Ledger::of(size), place, places: BTreeSet::new() }
    }

    /// Enters a page, and where it says that the next one is.
    pub(super) fn enter(&mut self, seen: Seen, next: Option<&String>) -> Result<Next, Doubt> {
        if matches!(self.page.turn, Turn::None) {
            return Ok(Next::Done);
        }
        // Some sources always say a place: one without rows that leads to itself is the last.
        let is_here = matches!(&self.place, Where::Said(Some(here)) if next == Some(here));
        let is_last = is_here && seen.rows == 0 && self.page.more.is_none();
        let seen = if is_last { Seen { follows: Some(false), ..seen } } else { seen };
        let entered = self.ledger.enter(seen)?;
        if entered != Next::Page {
            return Ok(entered);
        }
        let at = self.ledger.due() - 1;
        self.place = match (&self.place, next) {
            (Where::Said(_), None) => return Err(Doubt::Nowhere { page: at }),
            (Where::Said(_), Some(next)) if !self.places.insert(number(next)) => {
                return Err(Doubt::Circle { page: at });
            }
            (Where::Said(_), Some(next)) => Where::Said(Some(next.clone())),
            // A page without rows is passed by its size.
            (Where::Counted(count), _) => Where::Counted(match self.page.turn {
                Turn::Offset { .. } if seen.rows > 0 => count + seen.rows,
                Turn::Offset { .. } => {
                    count + self.page.size.as_ref().map_or(1, |(_, size)| (*size).max(1))
                }
                _ => count + 1,
            }),
        };
        Ok(Next::Page)
    }
}

fn number(place: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    hasher.finish()
}
