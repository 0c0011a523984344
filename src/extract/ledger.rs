//! Do these pages make a whole slice? Each page is held against the total, its size and the pages
//! before it; one doubt, and the slice is asked again.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use super::ExtractError;

/// More pages than any source without a total has.
const MOST_PAGES: u32 = 10_000;

/// Search indexes count their rows so far, unless they are asked to count all of them; what they say to a
/// question for more is no rows, or a refusal.
const COUNTED: u64 = 10_000;

/// The account of one slice.
pub(super) struct Ledger {
    /// The size of a page, where pages are counted by us.
    size: Option<u64>,
    rows: u64,
    pages: u32,
    total: Option<u64>,
    seen: BTreeMap<u64, u32>,
    /// The page before was not full, and nothing else says whether it was the last.
    is_short: bool,
    /// As many rows came as were told, and it is asked whether that is all.
    is_behind: bool,
}

/// What a page looked like.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Its rows.
    pub(super) rows: u64,
    /// The total it told.
    pub(super) total: Option<u64>,
    /// Whether it told that more follow, by a word, a cursor or an address.
    pub(super) follows: Option<bool>,
    /// A hash of its content.
    pub(super) print: u64,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another page.
    Page,
    /// Nothing, the slice is whole.
    Done,
    /// Nothing, and the page is the one before, said once more.
    DoneBefore,
}

/// Why pages do not make a slice.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Doubt {
    #[error("page {page} repeats page {like}; is `page` as its owner describes it?")]
    Repeats { page: u32, like: u32 },
    #[error("page {page} leads back to a page that was read; is `next` the right place?")]
    Circle { page: u32 },
    #[error("the total went from {before} to {now} at page {page}")]
    TotalChanged { page: u32, before: u64, now: u64 },
    #[error("page {page} tells no total, or none that is a number, at `total`")]
    NoTotal { page: u32 },
    #[error("page {page} does not tell whether more follow, at `more`")]
    NoMore { page: u32 },
    #[error(
        "page {page} has {rows} rows where {expected} were due; does it give as many as `size` asks, and does `total` count only what it gives?"
    )]
    Short { page: u32, rows: u64, expected: u64 },
    #[error("page {page} has {rows} rows where at most {expected} were due")]
    Long { page: u32, rows: u64, expected: u64 },
    #[error(
        "page {page} has {rows} rows behind all {total} that are told: it counts no further; ask for less at once (`step`)"
    )]
    Behind { page: u32, rows: u64, total: u64 },
    #[error(
        "page {page} has rows, and the one before was not full; ask for smaller pages, or name `total` or `more`"
    )]
    Gap { page: u32 },
    #[error("page {page} is the last one, and {rows} of {total} rows came")]
    Missing { page: u32, rows: u64, total: u64 },
    #[error("page {page} says that more follow, and not where")]
    Nowhere { page: u32 },
    #[error("page {page} is gone, and the one before said that it follows")]
    Lost { page: u32 },
    #[error(
        "page {page} has no rows and nothing follows, right behind a break: was its place forgotten over there?"
    )]
    Forgotten { page: u32 },
    #[error("{rows} keys came on a page before: rows moved while they were read")]
    Moved { rows: u64 },
    #[error("its export ended as `{state}`; ask its owner why")]
    Job { state: String },
    #[error("its export or its file is gone")]
    JobGone,
    #[error("{pages} pages without end")]
    Endless { pages: u32 },
}

/// Why a slice is not whole.
#[derive(Debug, Error)]
pub(super) enum Broken {
    /// It may be whole another time.
    #[error("{0}")]
    Doubt(Doubt),
    /// It will not.
    #[error("{0}")]
    Final(ExtractError),
}

impl Broken {
    /// Whether a place that was said long ago may be known no more over there.
    pub(super) fn is_forgotten(&self) -> bool {
        match self {
            Broken::Doubt(doubt) => matches!(doubt, Doubt::Forgotten { .. }),
            Broken::Final(error) => !error.is_transient(),
        }
    }
}

impl From<ExtractError> for Broken {
    fn from(error: ExtractError) -> Broken {
        Broken::Final(error)
    }
}

impl From<Doubt> for Broken {
    fn from(doubt: Doubt) -> Broken {
        Broken::Doubt(doubt)
    }
}

impl Ledger {
    /// Of a slice; `size` is that of a page, where pages are counted by us.
    pub(super) fn of(size: Option<u64>) -> Ledger {
        let seen = BTreeMap::new();
        Ledger { size, rows: 0, pages: 0, total: None, seen, is_short: false, is_behind: false }
    }

    /// The number of the page that is due.
    pub(super) fn due(&self) -> u32 {
        self.pages + 1
    }

    /// The source's own total.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether every row that was told came, so that the page that is due brings none, unless the source
    /// counted no further.
    pub(super) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether the total is believed where the page that is due does not come.
    pub(super) fn is_enough(&self) -> bool {
        self.is_behind && !self.is_counted_so_far()
    }

    /// Enters a page.
    pub(super) fn enter(&mut self, seen: Seen) -> Result<Next, Doubt> {
        let (page, rows) = (self.due(), seen.rows);
        self.is_steady(seen)?;
        if let Some(like) = (rows > 0).then(|| self.seen.insert(seen.print, page)).flatten() {
            // Some sources answer with their last page whatever comes after it, or with their first one.
            let is_clamped = self.is_behind || self.is_short && like + 1 == page;
            return if is_clamped {
                Ok(Next::DoneBefore)
            } else {
                Err(Doubt::Repeats { page, like })
            };
        }
        self.total = seen.total;
        let left = self.total.map(|total| total.saturating_sub(self.rows));
        if let Some(total) = self.total.filter(|told| rows > 0 && *told == self.rows) {
            return Err(Doubt::Behind { page, rows, total });
        }
        let expected = [left, self.size].into_iter().flatten().min().unwrap_or(u64::MAX);
        if rows > expected {
            return Err(Doubt::Long { page, rows, expected });
        }
        if seen.follows.is_none() && self.total.is_some() && rows < expected {
            return Err(Doubt::Short { page, rows, expected });
        }
        self.rows += rows;
        self.pages = page;
        self.end(seen, rows < expected)
    }

    /// Whether as many were told as are told where nobody counts all.
    fn is_counted_so_far(&self) -> bool {
        self.total.is_some_and(|total| total.is_multiple_of(COUNTED))
    }

    /// Whether a page agrees with those before on how many rows there are.
    fn is_steady(&self, seen: Seen) -> Result<(), Doubt> {
        let page = self.due();
        match (self.total, seen.total) {
            (Some(before), Some(now)) if before != now => {
                Err(Doubt::TotalChanged { page, before, now })
            }
            (Some(_), None) => Err(Doubt::NoTotal { page }),
            (None, Some(now)) if page > 1 => {
                Err(Doubt::TotalChanged { page, before: self.rows, now })
            }
            (Some(_) | None, Some(_)) | (None, None) => Ok(()),
        }
    }

    /// What comes after the page that was entered.
    fn end(&mut self, seen: Seen, is_short: bool) -> Result<Next, Doubt> {
        let (page, rows) = (self.pages, self.rows);
        let is_done = match (seen.follows, self.total) {
            (Some(true), _) => false,
            (Some(false), Some(total)) if rows < total => {
                return Err(Doubt::Missing { page, rows, total });
            }
            (Some(false), _) => true,
            // What is counted so far only has rows behind it: the page before is full, for both are round.
            (None, Some(total)) => {
                let is_full = self.size.is_some_and(|size| seen.rows >= size);
                self.is_behind =
                    rows == total && seen.rows > 0 && (is_full || self.is_counted_so_far());
                rows == total && !self.is_behind
            }
            (None, None) if self.is_short && seen.rows > 0 => return Err(Doubt::Gap { page }),
            // One page that is not full may be a hole; a second one without rows is the end.
            (None, None) => std::mem::replace(&mut self.is_short, is_short),
        };
        if is_done {
            return Ok(Next::Done);
        }
        if (self.total.is_none() || seen.rows == 0) && page >= MOST_PAGES {
            return Err(Doubt::Endless { pages: page });
        }
        Ok(Next::Page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u64, total: Option<u64>, print: u64) -> Seen {
        Seen { rows, total, follows: None, print }
    }

    #[test]
    fn pages_that_add_up_to_the_total_are_a_whole_slice() {
        let mut ledger = Ledger::of(Some(2));
        assert_eq!(ledger.enter(page(2, Some(3), 1)), Ok(Next::Page));
        assert_eq!(ledger.enter(page(1, Some(3), 2)), Ok(Next::Done));
        assert_eq!(ledger.total(), Some(3));
        assert_eq!(Ledger::of(Some(2)).enter(page(0, Some(0), 0)), Ok(Next::Done));
    }

    #[test]
    fn without_a_total_a_page_that_is_not_full_ends_the_slice_if_nothing_follows() {
        let mut ledger = Ledger::of(Some(2));
        for rows in [2, 1] {
            assert_eq!(ledger.enter(page(rows, None, rows)), Ok(Next::Page));
        }
        assert_eq!(ledger.enter(page(0, None, 0)), Ok(Next::Done));
        let mut hole = Ledger::of(Some(2));
        assert_eq!(hole.enter(page(0, None, 1)), Ok(Next::Page));
        assert_eq!(hole.enter(page(2, None, 2)), Err(Doubt::Gap { page: 2 }));
        let mut clamped = Ledger::of(Some(2));
        assert_eq!(clamped.enter(page(1, None, 1)), Ok(Next::Page));
        assert_eq!(clamped.enter(page(1, None, 1)), Ok(Next::DoneBefore));
        assert_eq!(clamped.rows, 1);
    }

    #[test]
    fn a_source_that_says_what_follows_is_believed_and_held_to_its_total() {
        let seen =
            |rows, follows, print| Seen { rows, total: Some(3), follows: Some(follows), print };
        let mut ledger = Ledger::of(None);
        assert_eq!(ledger.enter(seen(2, true, 1)), Ok(Next::Page));
        assert_eq!(ledger.enter(seen(0, true, 2)), Ok(Next::Page));
        assert_eq!(ledger.enter(seen(1, false, 3)), Ok(Next::Done));
        let missing = Doubt::Missing { page: 1, rows: 2, total: 3 };
        assert_eq!(Ledger::of(None).enter(seen(2, false, 1)), Err(missing));
    }

    #[test]
    fn every_doubt_is_told() {
        let second = |seen| {
            let mut ledger = Ledger::of(Some(2));
            assert_eq!(ledger.enter(page(2, Some(5), 1)), Ok(Next::Page));
            ledger.enter(seen)
        };
        assert_eq!(second(page(2, Some(5), 1)), Err(Doubt::Repeats { page: 2, like: 1 }));
        let changed = Doubt::TotalChanged { page: 2, before: 5, now: 6 };
        assert_eq!(second(page(2, Some(6), 2)), Err(changed));
        assert_eq!(second(page(2, None, 2)), Err(Doubt::NoTotal { page: 2 }));
        assert_eq!(
            second(page(1, Some(5), 2)),
            Err(Doubt::Short { page: 2, rows: 1, expected: 2 })
        );
        assert_eq!(second(page(3, Some(5), 2)), Err(Doubt::Long { page: 2, rows: 3, expected: 2 }));
    }

    #[test]
    fn a_total_that_counts_no_further_is_told() {
        let counted = || {
            let mut ledger = Ledger::of(Some(5_000));
            assert_eq!(ledger.enter(page(5_000, Some(10_000), 1)), Ok(Next::Page));
            assert_eq!(ledger.enter(page(5_000, Some(10_000), 2)), Ok(Next::Page));
            ledger
        };
        assert_eq!(counted().enter(page(0, Some(10_000), 3)), Ok(Next::Done));
        assert_eq!(counted().enter(page(5_000, Some(10_000), 2)), Ok(Next::DoneBefore));
        assert_eq!(counted().enter(page(5_000, Some(10_000), 1)), Ok(Next::DoneBefore));
        assert!(counted().is_behind() && !counted().is_enough());
        let behind = Doubt::Behind { page: 3, rows: 7, total: 10_000 };
        assert_eq!(counted().enter(page(7, Some(10_000), 3)), Err(behind));
    }

    #[test]
    fn a_full_page_may_be_where_it_is_not_counted_any_more() {
        let mut full = Ledger::of(Some(2));
        assert_eq!(full.enter(page(2, Some(4), 1)), Ok(Next::Page));
        assert!(!full.is_behind());
        assert_eq!(full.enter(page(2, Some(4), 2)), Ok(Next::Page));
        assert!(full.is_behind() && full.is_enough());
        let behind = Doubt::Behind { page: 3, rows: 2, total: 4 };
        assert_eq!(full.enter(page(2, Some(4), 3)), Err(behind));
        // A search index tells so many, whatever the size of a page.
        let mut odd = Ledger::of(Some(7_000));
        assert_eq!(odd.enter(page(7_000, Some(10_000), 1)), Ok(Next::Page));
        assert_eq!(odd.enter(page(3_000, Some(10_000), 2)), Ok(Next::Page));
        assert!(odd.is_behind() && !odd.is_enough());
    }

    #[test]
    fn pages_without_end_come_to_an_end() {
        let mut ledger = Ledger::of(Some(1));
        for number in 1..MOST_PAGES {
            assert_eq!(ledger.enter(page(1, None, number.into())), Ok(Next::Page));
        }
        assert_eq!(ledger.enter(page(1, None, 0)), Err(Doubt::Endless { pages: MOST_PAGES }));
    }
}
