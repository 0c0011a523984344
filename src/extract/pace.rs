//! How fast may a system be asked?

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// The pace of a system: its questions follow each other at least this far apart.
pub(super) struct Pace {
    apart: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many questions a second; 0 is no limit.
    pub(super) fn of(per_second: u32) -> Pace {
        let apart = Duration::from_secs(1).checked_div(per_second).unwrap_or_default();
        Pace { apart, next: Mutex::new(Instant::now()) }
    }

    /// Waits for the next turn. Who need not wait does not sleep: a sleep lasts a millisecond at least.
    pub(super) async fn wait(&self) {
        let (now, turn) = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = now.max(*next);
            *next = turn + self.apart;
            (now, turn)
        };
        if turn > now {
            tokio::time::sleep_until(turn).await;
        }
    }
}
