//! What are units compared with in a year? Written once, from the year before, as a file of the home.

use std::collections::BTreeSet;
use std::path::Path;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use super::latest::Refused;
use super::latest::latest;
use super::report::grouped;
use crate::base::durable::write_then_rename;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::base::said::Say;
use crate::night::reference::reference;
use crate::score::frozen::Line;
use crate::spec::scoring::written;

#[derive(Debug, clap::Args)]
pub(super) struct ReferenceOf {
    /// The year that is to be scored with it; it is made of the one before
    #[arg(value_parser = clap::value_parser!(i16).range(1901..=9998))]
    year: i16,
}

/// Writes the reference of a year and says what it lacks.
pub(super) fn make(root: &Path, asked: &ReferenceOf, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let file = format!("pipelines/reference/{}.csv", asked.year);
    let path = home.root.join(&file);
    let latest = match latest(&home.root.join(&catalog.settings.var))? {
        Ok(latest) => latest,
        Err(refused) => return Ok(refused.told(face)?),
    };
    let before = Month::new(asked.year - 1, 12).map(|last| Period::of(PeriodKind::Year, last));
    let Some(before) = before else { return Ok(USAGE) };
    let mut nouns = vec![
        ("file", file),
        ("year", asked.year.to_string()),
        ("period", before.to_string()),
        ("release", latest.name.clone()),
        ("as_of", latest.as_of.to_string()),
        ("last", before.last().last().to_string()),
    ];
    let refused = match () {
        () if path.exists() => Some((Say::ReferenceStands, Say::ReferenceStandsHint)),
        () if before.last().last() > latest.as_of => {
            Some((Say::PeriodNotOver, Say::ReferenceNotOverHint))
        }
        () => None,
    };
    if let Some((say, hint)) = refused {
        return Ok(Refused { say, hint, nouns, code: USAGE }.told(face)?);
    }
    let (lines, open) = reference(&catalog, &latest.folder, before)?;
    if lines.is_empty() {
        let (say, hint) = (Say::ReferenceEmpty, Say::ReferenceEmptyHint);
        return Ok(Refused { say, hint, nouns, code: USAGE }.told(face)?);
    }
    write_then_rename(&path, &csv(&lines)?)?;
    nouns.push(("count", grouped(lines.len() as u64)));
    writeln!(face.out, "{}", face.say(Say::ReferenceMade, &nouns))?;
    // A metric may be asked for several statistics.
    let open: BTreeSet<_> =
        open.into_iter().map(|(category, metric, _)| (category, metric)).collect();
    for (category, metric) in open {
        let nouns = [("category", category), ("metric", metric), ("period", before.to_string())];
        writeln!(face.out, "  {}", face.say(Say::ReferenceLacks, &nouns))?;
    }
    writeln!(face.out, "hint: {}", face.say(Say::ReferenceMadeHint, &nouns))?;
    Ok(DONE)
}

fn csv(lines: &[Line]) -> anyhow::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["category", "metric", "statistic", "value"])?;
    for (category, metric, statistic, value) in lines {
        csv.write_record([category.as_str(), metric, statistic, &written(*value)])?;
    }
    Ok(csv.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
