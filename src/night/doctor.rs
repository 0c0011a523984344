//! Would a system answer tonight, and when did it deliver last? Every stream is asked for a row, and the
//! notes of the nights are read.

use jiff::civil::Date;

use super::Ground;
use super::preview::preview;
use super::status::Standing;
use crate::base::checkup::Check;
use crate::base::checkup::State;
use crate::base::said::Say;
use crate::extract::ExtractError;
use crate::extract::probe;
use crate::model::lake::Lake;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;

/// Looks at a system: the way to it, a question for each stream, and what it has delivered.
///
/// # Errors
/// A key that is not that of the lake, or notes that can't be read.
pub async fn system(
    ground: &Ground<'_>,
    connector: &Connector,
    night: Date,
    standing: &Standing,
) -> anyhow::Result<Vec<Check>> {
    let (secrets, root) = (ground.secrets, &ground.home.root);
    let mut checks = probe::way(connector, &ground.catalog.connectors, secrets, root).await;
    if let Source::Http(http) = &connector.source
        && let Some(sign) = http.auth.sign.as_ref().filter(|sign| !sign.tests.is_empty())
    {
        // A home whose vectors are wrong is refused before this.
        checks.push(Check::well("vectors", format!("{} proved", sign.tests.len())));
    }
    if !checks.iter().any(Check::is_broken) {
        for stream in &connector.streams {
            checks.push(asked(ground, (connector, stream), night).await?);
        }
    }
    for stream in &connector.streams {
        checks.push(fresh(ground, (connector, stream), standing)?);
    }
    Ok(checks)
}

/// Asks for a row of a stream, with all that proves who asks.
async fn asked(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    night: Date,
) -> anyhow::Result<Check> {
    let what = format!("ask {}", stream.name);
    if matches!(&stream.ask, Ask::Http(ask) if ask.export.is_some()) {
        return Ok(Check::well(what, "not asked: its export would begin a job"));
    }
    Ok(match preview(ground, (connector, stream), night, 1).await? {
        Ok(seen) if seen.came.rows.rows.is_empty() => Check::well(what, "no row, no fault"),
        Ok(_) => Check::well(what, "a row came"),
        Err(error) => {
            let is_closed = matches!(error, ExtractError::OutOfHours { .. });
            let state = if is_closed { State::Doubt } else { State::Broken };
            Check::well(what, error.told()).but(state, Say::HintAsked, &nouns(connector))
        }
    })
}

/// The file of a system and who is to be asked.
fn nouns(connector: &Connector) -> [(&'static str, String); 2] {
    let owner = Some(&connector.owner).filter(|owner| !owner.is_empty());
    let owner = owner.unwrap_or(&connector.title).clone();
    [("file", connector.file.clone()), ("owner", owner)]
}

/// When a stream delivered last, and its newest row.
fn fresh(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    standing: &Standing,
) -> anyhow::Result<Check> {
    let what = format!("fresh {}", stream.name);
    let name = format!("{}.{}", connector.name, stream.name);
    let Some(last) = standing.nights.last() else { return Ok(Check::well(what, "no night yet")) };
    let stands = standing.streams.iter().find(|stands| stands.name == name);
    let good = stands.and_then(|stands| stands.last_good);
    let schema = ground.catalog.schemas.get(&stream.into.value);
    let lake = Lake::at(&ground.lake());
    let newest = schema.map(|schema| lake.newest(schema, (&connector.name, &stream.name)));
    let newest = newest.transpose()?.flatten();
    let newest = newest.map_or_else(String::new, |cell| format!(", newest row {}", cell.written()));
    let is_late = good.is_none_or(|good| good < last.night);
    let good = good.map_or_else(|| "never".to_owned(), |night| night.to_string());
    let note = stands.map_or("", |stands| stands.note.as_str());
    let note = if note.is_empty() || !is_late { String::new() } else { format!("; {note}") };
    let check = Check::well(what, format!("last well {good}{newest}{note}"));
    Ok(if is_late { check.but(State::Broken, Say::HintFresh, &nouns(connector)) } else { check })
}
