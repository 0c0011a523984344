//! Which texts of a column were read before? Most columns tell few different ones, and a text that was read
//! well means the same in every row of its part.

use jiff::civil::Date;
use polars::prelude::IdxSize;

/// So many texts are remembered at once.
const SLOTS: usize = 64;

/// After so many rows it is seen whether texts come again.
const TRIED: u32 = 200;

/// A text, and the day of its row where its meaning hangs on it.
type Text<'t> = (&'t str, Option<Date>);

/// The texts of one column that were read well.
#[derive(Debug, Default)]
pub(super) struct Memo<'t> {
    /// A text, and which value it means.
    slots: Vec<Option<(Text<'t>, IdxSize)>>,
    asked: u32,
    found: u32,
}

impl<'t> Memo<'t> {
    /// Which value a text means, if it came before.
    pub(super) fn known(&mut self, text: Text<'t>) -> Option<IdxSize> {
        if !self.is_worth_it() {
            return None;
        }
        self.asked += 1;
        let (of, value) = self.slots.get(slot(text.0))?.as_ref()?;
        self.found += u32::from(*of == text);
        (*of == text).then_some(*value)
    }

    /// Remembers which value a text means.
    pub(super) fn keep(&mut self, text: Text<'t>, value: IdxSize) {
        if self.is_worth_it() {
            self.slots.resize(SLOTS, None);
            if let Some(place) = self.slots.get_mut(slot(text.0)) {
                *place = Some((text, value));
            }
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
    use super::*;

    #[test]
    fn a_text_is_known_on_its_day_and_one_that_is_like_it_is_not() {
        let day = Some(jiff::civil::date(2026, 1, 6));
        let mut memo = Memo::default();
        memo.keep(("窗口", day), 7);
        assert_eq!(memo.known(("窗口", day)), Some(7));
        assert_eq!(memo.known(("窗口", None)), None);
        assert_eq!(memo.known(("网上", day)), None);
        let alike: Vec<String> = (0..1_000).map(|at| format!("{at}")).collect();
        let mut memo = Memo::default();
        for text in &alike {
            assert_eq!(memo.known((text, None)), None);
            memo.keep((text, None), 0);
        }
        assert_eq!((memo.asked, memo.found), (TRIED, 0));
    }
}
