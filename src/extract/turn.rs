//! When is a page handed on? The slice whose turn it is hands its pages on as they come, so that they are
//! landed while the next one is asked for; the pages of the others wait on the shelf. Whoever can take
//! nothing back is handed a slice when it is whole.

use std::sync::Mutex;
use std::sync::PoisonError;

use super::ExtractError;
use super::landing::Landing;
use super::landing::Mark;
use super::shelf::Page;
use super::shelf::Slot;

/// The pages of a part that add up.
pub(super) struct Whole {
    pub(super) slot: Slot,
    pub(super) total: Option<u64>,
    /// What was asked again on the way.
    pub(super) asked_again: Vec<String>,
    /// Whether its rows moved whenever they were asked for.
    pub(super) is_moving: bool,
}

/// The turns of the slices of one pull.
pub(super) struct Turns<'t, 'a>(Mutex<State<'t, 'a>>);

struct State<'t, 'a> {
    landing: &'t mut Landing<'a>,
    /// The slice whose turn it is.
    slice: usize,
    /// Up to where its pages are taken back if it does not add up; none where they wait for it to be whole.
    mark: Option<Mark>,
    /// How many of its pages were handed on, and how many of those before.
    pages: usize,
    before: usize,
}

impl<'t, 'a> Turns<'t, 'a> {
    /// The first slice has its turn.
    pub(super) fn of(landing: &'t mut Landing<'a>) -> Turns<'t, 'a> {
        let mark = landing.mark();
        Turns(Mutex::new(State { landing, slice: 0, mark, pages: 0, before: 0 }))
    }

    fn with<R>(&self, done: impl FnOnce(&mut State<'t, 'a>) -> R) -> R {
        done(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a page of a slice is kept and handed on without a wait for those before it.
    pub(super) fn has_room(&self, slice: usize) -> bool {
        self.with(|state| state.slice != slice || state.mark.is_none() || state.landing.has_room())
    }

    /// Keeps a page of a slice behind the others, and hands it on if it may be.
    pub(super) fn came(
        &self,
        slice: usize,
        slot: &mut Slot,
        page: Page,
    ) -> Result<(), ExtractError> {
        slot.put(&page)?;
        self.with(|state| {
            if state.slice != slice || state.mark.is_none() {
                return Ok(());
            }
            if state.pages + 1 == slot.pages() { state.hand_on(page) } else { state.catch_up(slot) }
        })
    }

    /// A slice does not add up: what was handed on of it is taken back, and its pages are taken away.
    pub(super) fn broke(&self, slice: usize, slot: &mut Slot) -> Result<(), ExtractError> {
        slot.clear()?;
        self.with(|state| {
            let Some(mark) = state.mark.take_if(|_| state.slice == slice && state.pages > 0) else {
                return Ok(());
            };
            state.landing.take_back(mark)?;
            state.pages = 0;
            state.mark = state.landing.mark();
            Ok(())
        })
    }

    /// A slice is whole: the rest of it is handed on, and the next has its turn.
    pub(super) fn whole(&self, whole: Whole) -> Result<(), ExtractError> {
        let Whole { mut slot, total, asked_again, is_moving } = whole;
        self.with(|state| {
            state.landing.told(total);
            state.landing.so_far.asked_again.extend(asked_again);
            state.landing.so_far.is_moving |= is_moving;
            state.catch_up(&mut slot)?;
            (state.slice, state.before) = (state.slice + 1, state.before + state.pages);
            state.pages = 0;
            state.mark = state.landing.mark();
            Ok(())
        })
    }
}

impl State<'_, '_> {
    /// Hands on what is on the shelf and was not handed on.
    fn catch_up(&mut self, slot: &mut Slot) -> Result<(), ExtractError> {
        if self.pages == slot.pages() {
            return Ok(());
        }
        let mut known = self.pages;
        slot.each(|page| {
            if known > 0 {
                known -= 1;
                return Ok(());
            }
            self.hand_on(page)
        })?;
        Ok(())
    }

    fn hand_on(&mut self, page: Page) -> Result<(), ExtractError> {
        self.pages += 1;
        self.landing.take_page(page, &format!("page {}", self.before + self.pages))
    }
}
