//! Which texts of a column were read before? Most columns tell few different ones, and a text that was read
//! well means the same in every row of its part.

use jiff::civil::Date;
use polars::prelude::StringChunked;

use crate::base::cell::Cell;

/// So many texts are remembered at once.
const SLOTS: usize = 64;

/// After so many rows it is seen whether texts come again.
const TRIED: u32 = 200;

/// The texts of one column that were read well.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// In which row a text stood, the day of that row, and what it means.
    slots: Vec<Option<(usize, Option<Date>, Cell)>>,
    asked: u32,
    found: u32,
}

impl Memo {
    /// What the text of a row means, if it came before.
    pub(super) fn known(
        &mut self,
        texts: &StringChunked,
        (at, day): (usize, Option<Date>),
    ) -> Option<Cell> {
        if !self.is_worth_it() {
            return None;
        }
        self.asked += 1;
        let text = texts.get(at)?;
        let (row, of, cell) = self.slots.get(slot(text))?.as_ref()?;
        let is_same = *of == day && texts.get(*row) == Some(text);
        self.found += u32::from(is_same);
        is_same.then(|| cell.clone())
    }

    /// Remembers what the text of a row means. A day may have told its month alone, which is noted of each row.
    pub(super) fn keep(
        &mut self,
        texts: &StringChunked,
        (at, day): (usize, Option<Date>),
        cell: &Cell,
    ) {
        if !self.is_worth_it() || matches!(cell, Cell::Day(_)) {
            return;
        }
        self.slots.resize(SLOTS, None);
        let place = texts.get(at).and_then(|text| self.slots.get_mut(slot(text)));
        if let Some(place) = place {
            *place = Some((at, day, cell.clone()));
        }
    }

    fn is_worth_it(&self) -> bool {
        self.asked < TRIED || self.found > self.asked / 2
    }
}

/// Where a text is remembered, by its end: codes and numbers of a kind begin alike.
fn slot(text: &str) -> usize {
    let end = text.bytes().rev().take(6).fold(text.len(), |all, byte| all * 31 + usize::from(byte));
    end % SLOTS
}

#[cfg(test)]
mod tests {
    use polars::prelude::NewChunkedArray as _;

    use super::*;

    #[test]
    fn a_text_is_known_on_its_day_and_one_that_is_like_it_is_not() {
        let texts =
            StringChunked::from_iter_values("".into(), ["窗口", "网上", "窗口"].into_iter());
        let day = Some(jiff::civil::date(2026, 1, 6));
        let (mut memo, cell) = (Memo::default(), Cell::Text("window".to_owned()));
        memo.keep(&texts, (0, day), &cell);
        assert_eq!(memo.known(&texts, (2, day)), Some(cell));
        assert_eq!(memo.known(&texts, (2, None)), None);
        assert_eq!(memo.known(&texts, (1, day)), None);
        let alike = (0..1_000).map(|at| format!("{at}"));
        let alike = StringChunked::from_iter_values("".into(), alike);
        let mut memo = Memo::default();
        for at in 0..1_000 {
            assert_eq!(memo.known(&alike, (at, None)), None);
            memo.keep(&alike, (at, None), &Cell::Whole(0));
        }
        assert_eq!((memo.asked, memo.found), (TRIED, 0));
    }
}
