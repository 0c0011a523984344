//! How is a stream asked for its past?

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::clock;
use crate::base::diagnostic::nearest;
use crate::base::said::Say;
use crate::extract::PastSlice;
use crate::night::Ground;
use crate::night::past;
use crate::night::past::Ended;
use crate::night::past::Planned;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
pub(super) struct Backfill {
    /// The stream, such as `hotline.orders`
    #[arg(value_name = "SYSTEM.STREAM")]
    stream: String,
    /// From when to when: whole months, `2024-01..2024-06`, or whole days, `2024-01-05..2024-02-10`
    #[arg(value_name = "FROM..TO")]
    range: String,
    /// Print the slices and what would be asked, and ask nothing
    #[arg(long)]
    plan: bool,
    /// Ask once more for what landed before today: its source may have mended it since
    #[arg(long)]
    again: bool,
}

/// Asks for the past, or says what would be asked.
pub(super) async fn backfill(
    root: &Path,
    asked: &Backfill,
    face: &mut Face<'_>,
) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let night = catalog.settings.night_at(clock::now());
    let Some((connector, stream)) = stream_of(&catalog, &asked.stream) else {
        return no_stream(&catalog, &asked.stream, face);
    };
    let range = vec![("found", asked.range.clone())];
    let Some(days) = days(&asked.range) else {
        return complain(face, (Say::NoRange, Say::NoRangeHint), &range);
    };
    if days.1 > night.saturating_add(1.day()) {
        return complain(face, (Say::NotPast, Say::NotPastHint), &range);
    }
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let again = asked.again.then_some(night);
    let planned = match past::plan(&ground, (connector, stream), days, again)? {
        Ok(planned) => planned,
        Err(problem) => {
            let nouns = [("stream", asked.stream.clone()), ("problem", problem)];
            return complain(face, (Say::NoPast, Say::NoPastHint), &nouns);
        }
    };
    if asked.plan {
        return print(&planned, &connector.zone, face);
    }
    let lang = face.lang;
    let mut tell = |slice: &PastSlice, rows: u64| {
        let nouns = [("slice", words(slice, &connector.zone)), ("rows", rows.to_string())];
        // A line that can't be written stops nothing.
        let _written = writeln!(face.err, "{}", Say::PastLanded.with(lang, &nouns));
    };
    match past::ask(&ground, (connector, stream), (night, &planned), &mut tell).await? {
        Ended::Done(rows) => {
            let slices = planned.iter().filter(|planned| !planned.has_landed).count();
            let nouns = [("rows", rows.to_string()), ("slices", slices.to_string())];
            let (text, hint) =
                (face.say(Say::PastDone, &nouns), face.say(Say::PastDoneHint, &nouns));
            writeln!(face.out, "{text}\nhint: {hint}")?;
            Ok(DONE)
        }
        Ended::Broken(problem) => {
            let nouns = [("problem", problem)];
            let text = face.say(Say::PastBroken, &nouns);
            let hint = face.say(Say::PastBrokenHint, &nouns);
            face.complain(&text, Some(&hint))?;
            Ok(FAILED)
        }
    }
}

fn print(planned: &[Planned], zone: &str, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let to_ask = planned.iter().filter(|planned| !planned.has_landed).count();
    for planned in planned {
        let slice = &planned.slice;
        let landed = if planned.has_landed { face.say(Say::HasLanded, &[]) } else { String::new() };
        writeln!(face.out, "  {}  {}{landed}", words(slice, zone), slice.question)?;
    }
    let nouns = [("slices", planned.len().to_string()), ("asked", to_ask.to_string())];
    let text = face.say(Say::PastPlan, &nouns);
    writeln!(face.err, "{text}")?;
    Ok(DONE)
}

/// From when to when, as its system says the time.
fn words(slice: &PastSlice, zone: &str) -> String {
    let word = |at: jiff::Timestamp| {
        let time = at.in_tz(zone).map(|time| time.datetime());
        time.map_or_else(
            |_| at.to_string(),
            |time| {
                let day = time.date();
                if time == day.to_datetime(jiff::civil::Time::midnight()) {
                    day.to_string()
                } else {
                    time.to_string()
                }
            },
        )
    };
    format!("{}..{}", word(slice.from), word(slice.to))
}

fn stream_of<'c>(catalog: &'c Catalog, name: &str) -> Option<(&'c Connector, &'c Stream)> {
    let (system, stream) = name.split_once('.')?;
    let mut streams = catalog.streams().into_iter();
    streams.find(|(of, known)| of.name == system && known.name == stream)
}

fn no_stream(catalog: &Catalog, name: &str, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let streams = catalog.streams().into_iter();
    let names: Vec<String> =
        streams.map(|(system, stream)| format!("{}.{}", system.name, stream.name)).collect();
    let guess = nearest(name, names.iter().map(String::as_str));
    let guess = guess.map_or_else(|| names.first().cloned().unwrap_or_default(), str::to_owned);
    let nouns = [("found", name.to_owned()), ("guess", guess)];
    complain(face, (Say::NoStream, Say::NoStreamHint), &nouns)
}

fn complain(
    face: &mut Face<'_>,
    (text, hint): (Say, Say),
    nouns: &[(&'static str, String)],
) -> anyhow::Result<u8> {
    let (text, hint) = (face.say(text, nouns), face.say(hint, nouns));
    face.complain(&text, Some(&hint))?;
    Ok(USAGE)
}

/// The first day of a range and the first one behind it.
fn days(range: &str) -> Option<(Date, Date)> {
    let (from, to) = range.split_once("..")?;
    let month = |text: &str| -> Option<Date> { format!("{text}-01").parse().ok() };
    let day = |text: &str| -> Option<Date> { text.parse().ok() };
    let (from, to) = match (month(from), month(to)) {
        (Some(from), Some(to)) => (from, to.checked_add(1.month()).ok()?),
        _ => (day(from)?, day(to)?.checked_add(1.day()).ok()?),
    };
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_whole_months_or_whole_days() {
        let found = |range| days(range).map(|(from, to)| format!("{from} {to}"));
        assert_eq!(found("2024-01..2024-06").as_deref(), Some("2024-01-01 2024-07-01"));
        assert_eq!(found("2024-01-05..2024-01-05").as_deref(), Some("2024-01-05 2024-01-06"));
        for wrong in ["2024-01", "2024-06..2024-01", "2024-01..2024-02-03", "a..b", "..", ""] {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }
}
