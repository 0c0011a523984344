//! Who takes what comes ashore? A thread of its own lands it, and each part that is whole is judged on another
//! core, while the next page is asked for. What was judged of a pull that took anything back counts for nothing: it is judged
//! again from what stands.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::Scope;
use rayon::in_place_scope;

use crate::base::sheet::Land;
use crate::base::sheet::Sheet;
use crate::model::ModelError;
use crate::model::attempt::Attempt;
use crate::model::early::Early;
use crate::model::pile::Pile;

/// So many sheets wait to be landed; with more, nothing is asked for.
const MOST_SHEETS: usize = 4;

/// Hands rows to the thread that lands them.
pub(super) struct Ashore {
    give: SyncSender<Word>,
    /// How many words wait.
    waiting: Arc<AtomicUsize>,
}

enum Word {
    Rows(Sheet),
    Mark,
    TakeBack,
}

impl Ashore {
    fn say(&self, word: Word) -> io::Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Why the thread has ended is told by whoever waits for it.
        self.give.send(word).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Land for Ashore {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self.say(Word::Rows(sheet))
    }

    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < MOST_SHEETS
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
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&waiting);
        let landed = scope.spawn(move || {
            in_place_scope(|cores| landed(attempt, early, (words, &counted), cores))
        });
        let told = ask(Ashore { give, waiting });
        (told, landed.join().unwrap_or_else(|fault| resume_unwind(fault)))
    })
}

fn landed<'s, 'g: 's>(
    attempt: &mut Attempt,
    mut early: Option<Early<'g>>,
    (words, waiting): (Receiver<Word>, &AtomicUsize),
    cores: &Scope<'s>,
) -> Result<Option<Early<'g>>, ModelError> {
    for word in words {
        waiting.fetch_sub(1, Ordering::Relaxed);
        match word {
            Word::Mark => attempt.mark(),
            Word::TakeBack => {
                attempt.take_back()?;
                early = None;
            }
            Word::Rows(sheet) => {
                if let Some(part) = attempt.land_sheet(sheet)? {
                    early = early.and_then(|early| early.part(part, cores));
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
        (Some(part), Some(early)) => in_place_scope(|cores| early.part(part, cores)),
        (_, early) => early,
    };
    early.map(Early::whole).transpose().map(Option::flatten)
}
