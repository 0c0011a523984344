//! Which names does nobody know? As a table for people, or for programs.

use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use crate::base::redact::without_people;
use crate::base::said::Say;
use crate::base::text::typed;
use crate::cli::Face;
use crate::cli::report::grouped;
use crate::cli::report::table;
use crate::model::names::Candidate;
use crate::model::names::Likeness;
use crate::model::written::Place;
use crate::night::aliases::Missed;
use crate::night::aliases::Register;
use crate::night::aliases::Why;

/// Prints the names, that with the most rows first.
pub(super) fn list(
    root: &Path,
    register: &Register<'_>,
    missed: &[Missed],
    face: &mut Face<'_>,
) -> anyhow::Result<()> {
    let night = ("night", register.ledger.night.to_string());
    if missed.is_empty() {
        let line = face.say(Say::NoneMissed, &[night]);
        writeln!(face.out, "{line}")?;
        return Ok(());
    }
    let rows: u64 = missed.iter().map(|missed| missed.rows).sum();
    let nouns = [("names", grouped(missed.len() as u64)), ("rows", grouped(rows)), night];
    let title = face.say(Say::Missed, &nouns);
    let head = [Say::Name, Say::Rows, Say::Days, Say::Where, Say::Why, Say::NearestUnits];
    let head = head.map(|say| say.text(face.lang));
    let lines = missed.iter().map(|missed| line(missed, face)).collect();
    writeln!(face.out, "{title}\n{}", table(&head, head.len(), lines).trim_fmt())?;
    // What is not told as it is written can't be typed again.
    let mut written = missed.iter().filter(|missed| without_people(&missed.name) == missed.name);
    let first = written.find_map(|missed| Some((missed, missed.candidates.first()?)));
    if let Some((missed, candidate)) = first {
        let nouns = [
            ("path", typed(&root.display().to_string())),
            ("name", typed(&missed.name)),
            ("unit", candidate.unit.to_string()),
        ];
        let hint = face.say(Say::TryAccept, &nouns);
        writeln!(face.out, "hint: {hint}")?;
    }
    Ok(())
}

/// A name as a row of the list.
fn line(missed: &Missed, face: &Face<'_>) -> Vec<String> {
    let days = missed.days.map_or_else(String::new, |(first, last)| format!("{first} – {last}"));
    let place = |(place, rows): (&Place, &u64)| {
        format!("{}.{} {} {}", place.system, place.stream, place.column, grouped(*rows))
    };
    let why = |why: &Why| match why {
        Why::Unknown => Say::WhyUnknownName.text(face.lang),
        Why::Ambiguous => Say::WhyAmbiguous.text(face.lang),
        Why::OutOfTime => Say::WhyOutOfTime.text(face.lang),
    };
    let candidate = |it: &Candidate| {
        let like = like(it.likeness).text(face.lang);
        format!("{} {} {:.2} {like}", it.unit, it.name, it.confidence)
    };
    vec![
        without_people(&missed.name),
        grouped(missed.rows),
        days,
        missed.places.iter().map(place).collect::<Vec<_>>().join("\n"),
        missed.why.iter().map(why).collect::<Vec<_>>().join("\n"),
        missed.candidates.iter().map(candidate).collect::<Vec<_>>().join("\n"),
    ]
}

fn like(likeness: Likeness) -> Say {
    match likeness {
        Likeness::Same => Say::LikeSame,
        Likeness::Ending => Say::LikeEnding,
        Likeness::Short => Say::LikeShort,
        Likeness::Slip => Say::LikeSlip,
        Likeness::Common => Say::LikeCommon,
    }
}

/// The list for programs.
pub(super) fn json(register: &Register<'_>, missed: &[Missed]) -> Value {
    let names = missed.iter().map(|missed| {
        let places = missed.places.iter().map(|(place, rows)| {
            json!({
                "system": place.system,
                "stream": place.stream,
                "table": place.table,
                "column": place.column,
                "rows": rows,
            })
        });
        let candidates = missed.candidates.iter().map(|candidate| {
            json!({
                "unit": &*candidate.unit,
                "name": candidate.name,
                "confidence": (candidate.confidence * 1000.0).round() / 1000.0,
                "likeness": candidate.likeness.name(),
            })
        });
        let day = |at: fn((Date, Date)) -> Date| missed.days.map(|days| at(days).to_string());
        json!({
            "name": without_people(&missed.name),
            "rows": missed.rows,
            "first": day(|days| days.0),
            "last": day(|days| days.1),
            "why": missed.why.iter().map(|why| why.name()).collect::<Vec<_>>(),
            "places": places.collect::<Vec<_>>(),
            "candidates": candidates.collect::<Vec<_>>(),
        })
    });
    json!({
        "night": register.ledger.night.to_string(),
        "as_of": register.ledger.as_of.to_string(),
        "names": names.collect::<Vec<_>>(),
    })
}
