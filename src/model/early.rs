//! What is made of rows that land? Their parts are judged as they are full, before anything stands, one a core
//! while further rows land.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::sync_channel;

use polars::prelude::DataFrame;
use rayon::Scope;

use super::ModelError;
use super::judge::Judge;
use super::part::Part;
use super::pile::Pile;

/// What is judged while a pull goes on.
pub struct Early<'g> {
    judge: Arc<Judge<'g>>,
    pile: Pile<'g>,
    /// Parts that are being judged, in their order.
    parts: VecDeque<Receiver<Result<Part, ModelError>>>,
}

impl<'g> Early<'g> {
    /// Nothing yet.
    pub fn of(judge: Judge<'g>, pile: Pile<'g>) -> Early<'g> {
        Early { judge: Arc::new(judge), pile, parts: VecDeque::new() }
    }

    /// The same with a part; nothing where one can't be judged: whoever judges it again tells why.
    #[must_use]
    pub fn part<'s>(mut self, part: DataFrame, cores: &Scope<'s>) -> Option<Early<'g>>
    where
        'g: 's,
    {
        let (give, judged) = sync_channel(1);
        let (judge, making) = (Arc::clone(&self.judge), self.pile.making());
        // Nobody waits for it where another one can't be judged.
        cores.spawn(move |_| drop(give.send(making.judged(&judge, part, false))));
        self.parts.push_back(judged);
        self.taken(rayon::current_num_threads())
    }

    /// The same when no more than so many parts are being judged.
    fn taken(mut self, most: usize) -> Option<Early<'g>> {
        while self.parts.len() > most {
            let part = self.parts.pop_front()?.recv().ok()?;
            self.pile.take(part.ok()?).ok()?;
        }
        Some(self)
    }

    /// All parts have come: what they are.
    ///
    /// # Errors
    /// The disk's.
    pub fn whole(self) -> Result<Option<Pile<'g>>, ModelError> {
        let Some(Early { mut pile, .. }) = self.taken(0) else { return Ok(None) };
        pile.put_away()?;
        Ok(Some(pile))
    }
}
