//! Which windows of time are asked for? From a little before the last pull to a little before the
//! night, in slices; a pure decision.

use jiff::Span;
use jiff::Timestamp;
use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::spec::connector::Cursor;

/// One window, as the source is asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// The parameters of its beginning and its end.
    pub(super) parameters: Vec<(String, String)>,
}

impl Slice {
    /// The window in words: ` from 2026-01-01 00:00:00 to 2026-01-06 01:55:00`.
    pub(super) fn words(&self) -> String {
        let words = ["from", "to"].iter().zip(&self.parameters);
        words.flat_map(|(word, (_, value))| [" ", word, " ", value]).collect()
    }
}

/// Between what a night reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Night {
    /// Where the last complete pull ended; none reads from the start.
    pub(super) since: Option<Timestamp>,
    /// The night's cutoff.
    pub(super) until: Timestamp,
    /// To where is read beyond the cutoff; none stops a little before it.
    pub(super) beyond: Option<Timestamp>,
    /// Before the start, where everything is asked for and more than that was asked for once.
    pub(super) earliest: Option<Timestamp>,
}

/// The windows of one pull and where they end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Windows {
    /// One after the other; none when nothing can have happened yet.
    pub(super) slices: Vec<Slice>,
    /// Where the next pull goes on.
    pub(super) until: Timestamp,
}

/// The windows from the last pull's end to the night's cutoff.
///
/// # Errors
/// A span or a format that makes no time.
pub(super) fn windows(
    cursor: &Cursor,
    zone: &TimeZone,
    night: Night,
) -> Result<Windows, jiff::Error> {
    let Night { since, until, beyond, earliest } = night;
    let start = cursor.start.to_zoned_datetime(zone.clone())?;
    let earliest = earliest.map(|time| time.to_zoned_datetime(zone.clone()));
    let start = earliest.map_or_else(|| start.clone(), |earliest| earliest.min(start.clone()));
    let from = match since {
        Some(since) => {
            since.to_zoned_datetime(zone.clone()).checked_sub(cursor.lookback)?.max(start)
        }
        None => start,
    };
    let to = until.to_zoned_datetime(zone.clone()).checked_sub(cursor.lag)?;
    let end = since.map_or(to.timestamp(), |since| since.max(to.timestamp()));
    let to = beyond.map_or(to, |beyond| beyond.to_zoned_datetime(zone.clone()));
    let mut slices = Vec::new();
    let mut from = from;
    while from < to {
        let next = match (&cursor.until, cursor.step) {
            (Some(_), Some(step)) => step_end(&from, step, &to)?,
            (Some(_) | None, Some(_) | None) => to.clone(),
        };
        let mut parameters = vec![(cursor.param.clone(), written(cursor, &from)?)];
        if let Some(param) = &cursor.until {
            parameters.push((param.clone(), written(cursor, &next)?));
        }
        slices.push(Slice { parameters });
        from = next;
    }
    Ok(Windows { slices, until: end })
}

/// One slice of the past, as it is asked for.
///
/// # Errors
/// A format that makes no time.
pub(super) fn slice(
    cursor: &Cursor,
    zone: &TimeZone,
    (from, to): (Timestamp, Timestamp),
) -> Result<Windows, jiff::Error> {
    let written = |at: Timestamp| written(cursor, &at.to_zoned_datetime(zone.clone()));
    let mut parameters = vec![(cursor.param.clone(), written(from)?)];
    if let Some(param) = &cursor.until {
        parameters.push((param.clone(), written(to)?));
    }
    Ok(Windows { slices: vec![Slice { parameters }], until: to })
}

/// The slices between two days, by the step of a cursor or else by months.
///
/// # Errors
/// A step that makes no time.
pub(super) fn past(
    cursor: &Cursor,
    zone: &TimeZone,
    (from, to): (Date, Date),
) -> Result<Vec<(Timestamp, Timestamp)>, jiff::Error> {
    let step = cursor.step.unwrap_or_else(|| Span::new().months(1));
    let mut from = from.to_zoned_datetime(zone.clone())?;
    let to = to.to_zoned_datetime(zone.clone())?;
    let mut slices = Vec::new();
    while from < to {
        let next = step_end(&from, step, &to)?;
        slices.push((from.timestamp(), next.timestamp()));
        from = next;
    }
    Ok(slices)
}

/// The end of a slice; a step that leads nowhere leads to the end.
fn step_end(
    from: &ZonedDateTime,
    step: Span,
    to: &ZonedDateTime,
) -> Result<ZonedDateTime, jiff::Error> {
    let next = from.checked_add(step)?;
    Ok(if next <= *from || next > *to { to.clone() } else { next })
}

fn written(cursor: &Cursor, time: &ZonedDateTime) -> Result<String, jiff::Error> {
    match cursor.format.as_str() {
        "epoch_ms" => Ok(time.timestamp().as_millisecond().to_string()),
        "epoch_s" => Ok(time.timestamp().as_second().to_string()),
        // Who writes a `Z` behind a time says that it is UTC's.
        format if format.ends_with('Z') && !format.ends_with("%Z") => {
            strtime::format(format, &time.with_time_zone(TimeZone::UTC))
        }
        format => strtime::format(format, time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(lookback: &str, lag: &str, step: Option<&str>) -> Cursor {
        Cursor {
            param: "from".to_owned(),
            until: Some("to".to_owned()),
            format: "%Y-%m-%d %H:%M:%S".to_owned(),
            start: "2025-12-01".parse().unwrap(),
            lookback: lookback.parse().unwrap(),
            lag: lag.parse().unwrap(),
            step: step.map(|step| step.parse().unwrap()),
        }
    }

    fn asked(cursor: &Cursor, since: Option<&str>) -> (Vec<String>, String) {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = time("2026-01-06T02:00:00+08:00");
        let since = since.map(time);
        let night = Night { since, until, beyond: None, earliest: None };
        let windows = windows(cursor, &zone, night).unwrap();
        let words = windows.slices.iter().map(|slice| slice.words().trim().to_owned()).collect();
        (words, windows.until.to_zoned_datetime(zone).datetime().to_string())
    }

    #[test]
    fn the_first_pull_goes_from_the_start_to_the_lag_in_steps() {
        let (slices, until) = asked(&cursor("3d", "5m", Some("31d")), None);
        assert_eq!(
            slices,
            [
                "from 2025-12-01 00:00:00 to 2026-01-01 00:00:00",
                "from 2026-01-01 00:00:00 to 2026-01-06 01:55:00",
            ]
        );
        assert_eq!(until, "2026-01-06T01:55:00");
    }

    #[test]
    fn a_later_pull_looks_back_but_not_before_the_start() {
        let since = Some("2026-01-05T01:55:00+08:00");
        let (slices, _) = asked(&cursor("3d", "5m", Some("31d")), since);
        assert_eq!(slices, ["from 2026-01-02 01:55:00 to 2026-01-06 01:55:00"]);
        let (slices, _) = asked(&cursor("90d", "5m", None), since);
        assert_eq!(slices, ["from 2025-12-01 00:00:00 to 2026-01-06 01:55:00"]);
    }

    #[test]
    fn a_time_with_a_z_behind_it_is_that_of_utc() {
        let utc = Cursor { format: "%Y-%m-%dT%H:%M:%SZ".to_owned(), ..cursor("0d", "5m", None) };
        let (slices, _) = asked(&utc, None);
        assert_eq!(slices, ["from 2025-11-30T16:00:00Z to 2026-01-05T17:55:00Z"]);
        let zoned = Cursor { format: "%F %T%:z".to_owned(), ..utc };
        let (slices, _) = asked(&zoned, None);
        assert_eq!(slices, ["from 2025-12-01 00:00:00+08:00 to 2026-01-06 01:55:00+08:00"]);
    }

    #[test]
    fn a_window_without_an_end_is_not_sliced_and_a_step_of_nothing_does_not_turn_forever() {
        let open = Cursor { until: None, ..cursor("0d", "0m", Some("1d")) };
        assert_eq!(asked(&open, None).0, ["from 2025-12-01 00:00:00"]);
        let (slices, _) = asked(&cursor("0d", "0m", Some("0d")), None);
        assert_eq!(slices.len(), 1);
    }

    #[test]
    fn a_pull_that_finds_what_is_gone_reads_beyond_the_cutoff_and_keeps_its_bookmark() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let until = "2026-01-06T02:00:00+08:00".parse().unwrap();
        let beyond = "2026-01-08T00:00:00+08:00".parse().ok();
        let night = Night { since: None, until, beyond, earliest: None };
        let asked = |earliest: Option<&str>| {
            let earliest = earliest.map(|earliest| earliest.parse().unwrap());
            let night = Night { earliest, ..night };
            windows(&cursor("3d", "5m", None), &zone, night).unwrap()
        };
        let windows = asked(None);
        let words = windows.slices[0].words();
        assert_eq!(words, " from 2025-12-01 00:00:00 to 2026-01-08 00:00:00");
        // What was asked for of the past is no more gone than what came since.
        let early = asked(Some("2025-09-01T00:00:00+08:00"));
        assert_eq!(early.slices[0].words(), " from 2025-09-01 00:00:00 to 2026-01-08 00:00:00");
        assert_eq!(asked(Some("2025-12-31T00:00:00+08:00")), windows);
        assert_eq!(windows.until.to_string(), "2026-01-05T17:55:00Z");
    }

    #[test]
    fn a_pull_with_nothing_to_ask_for_keeps_its_bookmark() {
        let since = "2026-01-06T02:00:00+08:00";
        let (slices, until) = asked(&cursor("0d", "5m", None), Some(since));
        assert!(slices.is_empty());
        assert_eq!(until, "2026-01-06T02:00:00");
    }
}
