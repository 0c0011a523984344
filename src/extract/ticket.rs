//! Which ticket holds now? One login serves every question of a system; it is asked for anew a little before
//! it ends, and once when the gateway no longer takes it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The longest time before its end at which a ticket is not used any more.
const MARGIN: Duration = Duration::from_secs(30);

/// A ticket.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    /// Its text.
    pub(super) text: String,
    /// The how-many-eth of this process it is.
    pub(super) number: u64,
    until: Option<Instant>,
}

/// Where the ticket lies.
#[derive(Default)]
pub(super) struct Desk {
    held: Mutex<(Option<Ticket>, u64)>,
}

impl Desk {
    /// The ticket that holds: the one that lies here, unless it ends or is the `stale` one; then another.
    pub(super) async fn ticket<E>(
        &self,
        stale: Option<u64>,
        login: impl Future<Output = Result<(String, Option<Duration>), E>>,
    ) -> Result<Ticket, E> {
        let mut held = self.held.lock().await;
        let is_good = |ticket: &&Ticket| {
            ticket.until.is_none_or(|until| Instant::now() < until) && stale != Some(ticket.number)
        };
        if let Some(ticket) = held.0.as_ref().filter(is_good) {
            return Ok(ticket.clone());
        }
        let asked = Instant::now();
        let (text, life) = login.await?;
        let until =
            life.and_then(|life| asked.checked_add(life.saturating_sub(MARGIN.min(life / 10))));
        held.1 += 1;
        let ticket = Ticket { text, number: held.1, until };
        held.0 = Some(ticket.clone());
        Ok(ticket)
    }
}
