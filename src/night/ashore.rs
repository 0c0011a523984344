//! Who takes what comes ashore? A thread of its own lands it and judges each part that is whole, while the
//! next page is asked for. What was judged of a pull that took anything back counts for nothing: it is judged
//! again from what stands.

use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::base::sheet::Land;
use crate::base::sheet::Sheet;
use crate::model::ModelError;
use crate::model::attempt::Attempt;
use crate::model::early::Early;
use crate::model::pile::Pile;

/// So many sheets wait to be landed; with more, nothing is asked for.
const MOST_SHEETS: usize = 4;

/// Hands rows to the thread that lands them.
pub(super) struct Ashore(SyncSender<Word>);

enum Word {
    Rows(Sheet),
    Mark,
    TakeBack,
}

impl Ashore {
    fn say(&self, word: Word) -> io::Result<()> {
        // Why the thread has ended is told by whoever waits for it.
        self.0.send(word).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Land for Ashore {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self.say(Word::Rows(sheet))
    }

    fn mark(&mut self) -> bool {
        self.say(Word::Mark).is_ok()
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.say(Word::TakeBack)
    }
}

/// Lands what `ask` is handed, in an attempt; what it told, and what was judged on the way.
///
/// # Errors
/// The disk's.
pub(super) fn ashore<'g, R>(
    attempt: &mut Attempt,
    early: Option<Early<'g>>,
    ask: impl FnOnce(Ashore) -> R,
) -> (R, Result<Option<Early<'g>>, ModelError>) {
    thread::scope(|scope| {
        let (give, words) = sync_channel(MOST_SHEETS);
        let landed = scope.spawn(move || landed(attempt, early, words));
        let told = ask(Ashore(give));
        (told, landed.join().unwrap_or_else(|fault| resume_unwind(fault)))
    })
}

fn landed<'g>(
    attempt: &mut Attempt,
    mut early: Option<Early<'g>>,
    words: Receiver<Word>,
) -> Result<Option<Early<'g>>, ModelError> {
    for word in words {
        match word {
            Word::Mark => attempt.mark(),
            Word::TakeBack => {
                attempt.take_back()?;
                early = None;
            }
            Word::Rows(sheet) => {
                if let Some(part) = attempt.land_sheet(sheet)? {
                    early = early.and_then(|early| early.part(part));
                }
            }
        }
    }
    Ok(early)
}

/// The last part has come.
///
/// # Errors
/// The disk's.
pub(super) fn whole<'g>(
    attempt: &mut Attempt,
    early: Option<Early<'g>>,
) -> Result<Option<Pile<'g>>, ModelError> {
    let early = match (attempt.end()?, early) {
        (Some(part), Some(early)) => early.part(part),
        (_, early) => early,
    };
    early.map(Early::whole).transpose().map(Option::flatten)
}
