//! What is made of rows that land? Their parts are judged as they are full, before anything stands.

use std::mem;

use polars::prelude::DataFrame;

use super::ModelError;
use super::judge::Judge;
use super::pile::Pile;

/// What is judged while a pull goes on.
pub struct Early<'g> {
    judge: Judge<'g>,
    pile: Pile<'g>,
    /// Parts that are judged at once, one a core.
    parts: Vec<DataFrame>,
}

impl<'g> Early<'g> {
    /// Nothing yet.
    pub fn of(judge: Judge<'g>, pile: Pile<'g>) -> Early<'g> {
        Early { judge, pile, parts: Vec::new() }
    }

    /// The same with a part; nothing where it can't be judged: whoever judges it again tells why.
    #[must_use]
    pub fn part(mut self, part: DataFrame) -> Option<Early<'g>> {
        self.parts.push(part);
        if self.parts.len() < rayon::current_num_threads() { Some(self) } else { self.judged() }
    }

    fn judged(mut self) -> Option<Early<'g>> {
        let parts = mem::take(&mut self.parts).into_iter().map(Ok);
        let judged = self.pile.parts(&self.judge, parts, false);
        judged.is_ok().then_some(self)
    }

    /// All parts have come: what they are.
    ///
    /// # Errors
    /// The disk's.
    pub fn whole(self) -> Result<Option<Pile<'g>>, ModelError> {
        let Some(Early { mut pile, .. }) = self.judged() else { return Ok(None) };
        pile.put_away()?;
        Ok(Some(pile))
    }
}
