//! Why is a number what it is? Told to people, to a program, or as the rows themselves.

use std::io;
use std::path::Path;

use super::Above;
use super::DISK;
use super::DONE;
use super::Explain;
use super::Face;
use super::USAGE;
use super::explained::print;
use super::home;
use super::scored;
use crate::base::access::Access;
use crate::base::said::Say;
use crate::explain;
use crate::explain::Desk;
use crate::explain::Explanation;
use crate::explain::Published;
use crate::explain::Question;
use crate::explain::Unknown;
use crate::explain::What;
use crate::measure::groups::Level;
use crate::spec::home::Home;

/// Explains a number of the last night, by the definitions of that night.
pub(super) fn explain(root: &Path, asked: &Explain, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (opened, mut catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let var = opened.root.join(&catalog.settings.var);
    let Some(ledger) = explain::ledger(&var.join("lake"))? else {
        let nouns = [("path", root.display().to_string())];
        let (text, hint) = (face.say(Say::NoNights, &[]), face.say(Say::NoNightsHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    };
    // The home may have changed since: the night's own definitions are kept.
    if ledger.home != catalog.fingerprint
        && let Ok(kept) = Home::open(&var.join("homes").join(&ledger.home))
        && let Ok(kept) = kept.catalog()
    {
        catalog = kept;
    }
    let desk = Desk::open(&catalog, &var, ledger)?;
    match told(&desk, &var, asked, face) {
        Err(fault) => match fault.downcast_ref::<Unknown>() {
            Some(unknown) => {
                complain(unknown, face)?;
                Ok(USAGE)
            }
            None => Err(fault),
        },
        code => code,
    }
}

fn told(desk: &Desk<'_>, var: &Path, asked: &Explain, face: &mut Face<'_>) -> anyhow::Result<u8> {
    if desk.is_scored(&asked.metric) {
        return scored::told(desk, asked, face);
    }
    let metric = desk.metric(&asked.metric)?;
    let place = match (&asked.unit, asked.level) {
        (_, Some(level)) => {
            let level = match level {
                Above::Parent => Level::Parent,
                Above::Category => Level::Category,
                Above::County => Level::County,
                Above::City => Level::City,
            };
            desk.group((level, asked.group.as_deref().unwrap_or_default()), &[metric])?
        }
        (unit, None) => desk.unit(unit.as_deref().unwrap_or_default(), &[metric])?,
    };
    let question = Question {
        metric: &asked.metric,
        section: asked.section.as_deref(),
        part: asked.part.as_deref(),
        period: &asked.period,
    };
    let explained = place.explain(&[question])?;
    let Some(explained) = explained.into_iter().next() else { return Ok(USAGE) };
    if asked.json {
        writeln!(face.out, "{:#}", explain::json(&explained))?;
    } else if asked.rows {
        if let Some(code) = rows(&explained, var, asked, face)? {
            return Ok(code);
        }
    } else {
        print(&explained, face)?;
    }
    if let Published::Other(release, status, value) = &explained.published {
        let nouns = [
            ("release", release.clone()),
            ("status", status.clone()),
            ("value", value.clone()),
            ("night", explained.days().0.to_string()),
        ];
        let text = face.say(Say::PublishedOther, &nouns);
        face.complain(&text, None)?;
        return Ok(DISK);
    }
    Ok(DONE)
}

/// Prints the rows behind a number, and notes who read them; those about persons to nobody who says not
/// what for. The code to exit with, where nothing is printed.
fn rows(
    explained: &Explanation<'_>,
    var: &Path,
    asked: &Explain,
    face: &mut Face<'_>,
) -> anyhow::Result<Option<u8>> {
    let is_about_persons = explained.facts.iter().any(|rows| rows.is_about_persons);
    let purpose = asked.purpose.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if is_about_persons && purpose.is_none() {
        let (text, hint) = (face.say(Say::NoPurpose, &[]), face.say(Say::NoPurposeHint, &[]));
        face.complain(&text, Some(&hint))?;
        return Ok(Some(USAGE));
    }
    let lines = explained.lines();
    let told = &explained.worked.told;
    let (unit, section) = told.place.clone();
    let group = told.part.as_ref().filter(|_| told.level.is_above());
    let unit = group.map_or(unit, |(level, key)| format!("{level}:{key}"));
    let facts = explained.facts.iter().map(|rows| rows.fact.name.as_str()).collect::<Vec<_>>();
    let mut what = vec![
        ("metric", told.metric.name.clone()),
        ("unit", unit),
        ("period", told.period.to_string()),
        ("facts", facts.join(", ")),
    ];
    what.extend(section.map(|section| ("section", section)));
    let rows = Some(lines.len().saturating_sub(1) as u64);
    let access = Access { verb: "explain --rows", what, rows, purpose };
    access.note(var)?;
    let mut csv = csv::Writer::from_writer(&mut *face.out);
    for line in lines {
        csv.write_record(&line)?;
    }
    csv.flush()?;
    Ok(None)
}

fn complain(unknown: &Unknown, face: &mut Face<'_>) -> io::Result<()> {
    let say = match unknown.what {
        What::Metric => Say::UnknownMetric,
        What::Unit => Say::UnknownUnit,
        What::Group => Say::UnknownGroup,
        What::Section => Say::UnknownSection,
        What::Part => Say::UnknownPart,
        What::Period => Say::UnknownPeriod,
    };
    let text = face.say(say, &[("found", unknown.found.clone())]);
    let hint = face.say(Say::Nearest, &[("names", unknown.near.join(", "))]);
    face.complain(&text, (!unknown.near.is_empty()).then_some(hint.as_str()))
}
