//! How do things stand? Which nights ran, when each stream last went well, and how far back a night can
//! be run again.

use std::path::Path;

use super::DONE;
use super::Face;
use super::home;
use super::report::grouped;
use super::report::table;
use crate::base::said::Say;
use crate::night::status;

/// Prints the nights and streams of a home.
pub(super) fn status(root: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let lake = home.root.join(&catalog.settings.var).join("lake");
    let standing = status::standing(&lake, &catalog)?;
    let lang = face.lang;
    if standing.nights.is_empty() {
        let nouns = [("path", root.display().to_string())];
        let (text, hint) = (face.say(Say::NoNights, &[]), face.say(Say::NoNightsHint, &nouns));
        writeln!(face.out, "{text}\nhint: {hint}")?;
        return Ok(DONE);
    }
    let rows = standing.nights.iter().rev().take(14);
    let rows = rows.map(|night| {
        let counts = [night.received, night.quarantined].map(grouped);
        let failed = night.failed.join(", ");
        let [received, quarantined] = counts;
        vec![night.night.to_string(), received, quarantined, failed]
    });
    let head = [Say::Night, Say::Received, Say::Quarantined, Say::Failed].map(|say| say.text(lang));
    let nights = table(&head, 1, rows.collect());
    writeln!(face.out, "{}\n{}", Say::LastNights.text(lang), nights.trim_fmt())?;
    let rows = standing.streams.iter().map(|stream| {
        let good = stream.last_good.map_or_else(String::new, |night| night.to_string());
        vec![stream.name.clone(), good, stream.note.clone()]
    });
    let head = [Say::Stream, Say::LastGood, Say::Failed].map(|say| say.text(lang));
    let streams = table(&head, 3, rows.collect());
    writeln!(face.out, "\n{}\n{}", Say::StreamsStand.text(lang), streams.trim_fmt())?;
    if let Some(first) = standing.landed_from {
        let text = face.say(Say::Replay, &[("night", first.to_string())]);
        writeln!(face.out, "\n{text}")?;
    }
    Ok(DONE)
}
