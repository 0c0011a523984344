//! Do these pages make a whole slice? Each page is held against the total, its size and the pages
//! before it; one doubt, and the slice is asked again.

use std::collections::BTreeMap;

use thiserror::Error;

/// More pages than any source without a total has.
const MOST_PAGES: u32 = 10_000;

/// The account of one slice.
pub(super) struct Ledger {
    size: u64,
    rows: u64,
    pages: u32,
    total: Option<u64>,
    seen: BTreeMap<u64, u32>,
}

/// What a page looked like.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// Its rows.
    pub(super) rows: u64,
    /// The total it told.
    pub(super) total: Option<u64>,
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
}

/// Why pages do not make a slice.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum Doubt {
    #[error("page {page} repeats page {like}")]
    Repeats { page: u32, like: u32 },
    #[error("the total went from {before} to {now} at page {page}")]
    TotalChanged { page: u32, before: u64, now: u64 },
    #[error("page {page} tells no total")]
    NoTotal { page: u32 },
    #[error("page {page} has {rows} rows where {expected} were due")]
    Short { page: u32, rows: u64, expected: u64 },
    #[error("page {page} has {rows} rows where at most {expected} were due")]
    Long { page: u32, rows: u64, expected: u64 },
    #[error("{pages} pages without end")]
    Endless { pages: u32 },
}

impl Ledger {
    /// Of a slice whose pages have this size.
    pub(super) fn of(size: u64) -> Ledger {
        Ledger { size, rows: 0, pages: 0, total: None, seen: BTreeMap::new() }
    }

    /// The number of the page that is due.
    pub(super) fn due(&self) -> u32 {
        self.pages + 1
    }

    /// The source's own total.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Enters a page.
    pub(super) fn enter(&mut self, seen: Seen) -> Result<Next, Doubt> {
        let page = self.due();
        match (self.total, seen.total) {
            (Some(before), Some(now)) if before != now => {
                return Err(Doubt::TotalChanged { page, before, now });
            }
            (Some(_), None) => return Err(Doubt::NoTotal { page }),
            (None, Some(now)) if page > 1 => {
                return Err(Doubt::TotalChanged { page, before: self.rows, now });
            }
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
        let (rows, print) = (seen.rows, seen.print);
        if let Some(like) = (rows > 0).then(|| self.seen.insert(print, page)).flatten() {
            return Err(Doubt::Repeats { page, like });
        }
        self.total = seen.total;
        let left = self.total.map_or(self.size, |total| total.saturating_sub(self.rows));
        let expected = left.min(self.size);
        if rows > expected {
            return Err(Doubt::Long { page, rows, expected });
        }
        if self.total.is_some() && rows < expected {
            return Err(Doubt::Short { page, rows, expected });
        }
        self.rows += rows;
        self.pages = page;
        let is_done = self.total.map_or(rows < self.size, |total| self.rows == total);
        if is_done {
            return Ok(Next::Done);
        }
        if self.total.is_none() && page >= MOST_PAGES {
            return Err(Doubt::Endless { pages: page });
        }
        Ok(Next::Page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u64, total: Option<u64>, print: u64) -> Seen {
        Seen { rows, total, print }
    }

    #[test]
    fn pages_that_add_up_to_the_total_are_a_whole_slice() {
        let mut ledger = Ledger::of(2);
        assert_eq!(ledger.enter(page(2, Some(3), 1)), Ok(Next::Page));
        assert_eq!(ledger.enter(page(1, Some(3), 2)), Ok(Next::Done));
        assert_eq!(ledger.total(), Some(3));
        assert_eq!(Ledger::of(2).enter(page(0, Some(0), 0)), Ok(Next::Done));
    }

    #[test]
    fn without_a_total_a_short_page_ends_the_slice() {
        let mut ledger = Ledger::of(2);
        assert_eq!(ledger.enter(page(2, None, 1)), Ok(Next::Page));
        assert_eq!(ledger.enter(page(0, None, 1)), Ok(Next::Done));
        assert_eq!(Ledger::of(2).enter(page(1, None, 1)), Ok(Next::Done));
    }

    #[test]
    fn every_doubt_is_told() {
        let second = |seen| {
            let mut ledger = Ledger::of(2);
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
    fn pages_without_end_come_to_an_end() {
        let mut ledger = Ledger::of(1);
        for number in 1..MOST_PAGES {
            assert_eq!(ledger.enter(page(1, None, number.into())), Ok(Next::Page));
        }
        assert_eq!(ledger.enter(page(1, None, 0)), Err(Doubt::Endless { pages: MOST_PAGES }));
    }
}
