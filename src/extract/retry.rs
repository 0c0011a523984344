//! How long is waited before a question is asked again, and when is it given up? Attempts are counted
//! and the time is limited here; only the growing, jittered waits come from `backoff`.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::spec::connector::Retry;

/// What is left of the attempts and the time for one question.
pub(super) struct Patience {
    waits: ExponentialBackoff,
    attempts: u32,
    made: u32,
    give_up: Duration,
    began: Instant,
}

impl Patience {
    /// All of it; the first attempt is about to be made.
    pub(super) fn of(retry: &Retry) -> Patience {
        let waits = ExponentialBackoff {
            current_interval: retry.first,
            initial_interval: retry.first,
            max_interval: retry.max,
            multiplier: 2.0,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        let (attempts, give_up) = (retry.attempts, retry.give_up);
        Patience { waits, attempts, made: 1, give_up, began: Instant::now() }
    }

    /// How many attempts were made.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// Waits for the next attempt; false when attempts or time are used up. A source that asks for a
    /// longer wait than the budget has is given up at once.
    pub(super) async fn wait(&mut self, asked_for: Option<Duration>) -> bool {
        match self.next(self.began.elapsed(), asked_for) {
            Some(wait) => {
                tokio::time::sleep(wait).await;
                self.made += 1;
                true
            }
            None => false,
        }
    }

    fn next(&mut self, elapsed: Duration, asked_for: Option<Duration>) -> Option<Duration> {
        if self.made >= self.attempts {
            return None;
        }
        let own = self.waits.next_backoff()?;
        let wait = asked_for.map_or(own, |asked| asked.max(own));
        (elapsed.saturating_add(wait) <= self.give_up).then_some(wait)
    }
}

/// What is said of a wait that is longer than all patience; else nothing.
pub(super) fn beyond(retry: &Retry, wait: Option<Duration>) -> String {
    let wait = wait.filter(|wait| *wait > retry.give_up);
    let said =
        |wait: Duration| format!("; it asks to wait {} s, longer than `give_up`", wait.as_secs());
    wait.map_or_else(String::new, said)
}

/// The wait of a `Retry-After` header: seconds, or a date.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(attempts: u32) -> Retry {
        Retry {
            status: Vec::new(),
            body: Vec::new(),
            attempts,
            first: Duration::from_secs(1),
            max: Duration::from_secs(4),
            give_up: Duration::from_mins(1),
        }
    }

    #[test]
    fn waits_grow_to_the_longest_and_end_with_the_attempts() {
        let mut patience = Patience::of(&retry(6));
        for middle in [1.0, 2.0, 4.0, 4.0] {
            let wait = patience.next(Duration::ZERO, None).unwrap().as_secs_f64();
            assert!((middle * 0.49..=middle * 1.51).contains(&wait), "{wait} for {middle}");
        }
        patience.made = 6;
        assert_eq!(patience.next(Duration::ZERO, None), None);
    }

    #[test]
    fn the_wait_a_source_asks_for_is_kept_within_the_budget() {
        let mut patience = Patience::of(&retry(6));
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(patience.next(Duration::ZERO, asked(30)), asked(30));
        assert_eq!(patience.next(Duration::from_secs(31), asked(30)), None);
        assert_eq!(patience.next(Duration::ZERO, asked(3600)), None);
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = "2026-01-06T02:00:00Z".parse().unwrap();
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Tue, 06 Jan 2026 02:01:00 GMT"), Some(60));
        assert_eq!(seconds("Tue, 06 Jan 2026 01:00:00 GMT"), Some(0));
        assert_eq!(seconds("soon"), None);
    }
}
