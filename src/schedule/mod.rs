//! Floor 6: when nights run. The next fire time of the home's cron line, and the night that was missed
//! while nobody was there to run it.
//!
//! A line tells times on the clock of the home's zone. Where that clock is set forward, a time that it
//! skips fires at once after the gap, if hour and minute are both told (`30 2 * * *`); a line that
//! repeats (`*/30 * * * *`) goes on with its next time. Where the clock is set back, a time fires when
//! it comes first, and no second time.

pub mod cron;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::tz::TimeZone;

use self::cron::Line;
use crate::base::diagnostic::Diagnostic;
use crate::spec::settings::Settings;

/// What a home knows of its nights.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past {
    /// The last night that noted how it went.
    pub noted: Option<Date>,
    /// The night that was begun last, if it did not end.
    pub interrupted: Option<Date>,
}

/// The home's cron line.
///
/// # Errors
/// What is wrong with it, and where it stands.
pub fn line(settings: &Settings) -> Result<Line, Diagnostic> {
    let found = &settings.cron;
    Line::read(&found.value).map_err(|(code, nouns)| Diagnostic {
        file: "shuping.toml".to_owned(),
        place: found.place,
        key: found.key.clone(),
        code,
        nouns,
    })
}

/// The first instant after `after` at which a line fires in a zone.
pub fn next_after(line: &Line, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut local = zone.to_datetime(after);
    loop {
        // Later times on the clock are never earlier instants, so the first that is late enough wins.
        local = line.after(local)?;
        if let Some(fires) = instant(local, line, zone).filter(|fires| *fires > after) {
            return Some(fires);
        }
    }
}

/// When a time on the clock fires; `None` for one that the clock skips and nobody makes up for.
fn instant(local: DateTime, line: &Line, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(local).ok()
        }
        AmbiguousOffset::Gap { .. } if !line.is_fixed => None,
        AmbiguousOffset::Gap { after, .. } => {
            // With the offset that holds after the gap, a time within it lies before the gap's end.
            let before = after.to_timestamp(local).ok()?;
            Some(zone.following(before).next()?.timestamp())
        }
    }
}

/// The latest night since `last` that a fire time has passed for. A home where no night has run has
/// missed none.
pub fn missed(
    line: &Line,
    settings: &Settings,
    last: Option<Date>,
    now: Timestamp,
) -> Option<Date> {
    let last = last?;
    let mut night = settings.night_at(now);
    while night > last {
        let just_before = settings.cutoff_of(night).ok()? - jiff::SignedDuration::from_nanos(1);
        let fires = next_after(line, just_before, &settings.zone)?;
        if fires <= now && settings.night_at(fires) == night {
            return Some(night);
        }
        night = night.yesterday().ok()?;
    }
    None
}

/// The one night to run at once when the schedule starts: the latest that was missed, or the one that
/// was interrupted if nothing has run since. An interrupted rerun of an older night is the operator's.
pub fn catch_up(line: &Line, settings: &Settings, past: Past, now: Timestamp) -> Option<Date> {
    let interrupted = past.interrupted.filter(|night| Some(*night) >= past.noted);
    missed(line, settings, past.noted, now).max(interrupted)
}
