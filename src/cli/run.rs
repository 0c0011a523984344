//! `run`: a night, its steps on the way, and its report.

use std::path::Path;

use clap::builder::NonEmptyStringValueParser;
use jiff::civil::Date;

use super::Face;
use super::USAGE;
use super::home;
use super::progress::Progress;
use super::report;
use crate::base::clock;
use crate::base::said::Say;
use crate::night;
use crate::night::Choice;
use crate::night::Confirmed;
use crate::night::Ground;
use crate::night::report::NightReport;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The night: what was known at its cutoff [default: the last cutoff that has passed]
    #[arg(long, value_name = "DATE")]
    night: Option<Date>,
    /// The day that is told, that of the night or one before [default: the night]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Run a night whose cutoff has not passed: what it lands stands for it, whatever comes until then
    #[arg(long, requires = "night")]
    early: bool,
    /// Ask again for streams that have landed this night
    #[arg(long)]
    again: bool,
    /// Count every month again, also those whose rows are the same as before
    #[arg(long)]
    full: bool,
    /// Publish the release although it moves more than shuping.toml lets it; why, for the record
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    confirm: Option<String>,
}

/// Runs the night that is asked for.
pub(super) async fn asked(root: &Path, asked: &Run, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let last = catalog.settings.night_at(clock::now());
    let night = asked.night.unwrap_or(last);
    if night > last && !asked.early {
        let nouns = [("night", night.to_string()), ("last", last.to_string())];
        let (text, hint) =
            (face.say(Say::NightToCome, &nouns), face.say(Say::NightToComeHint, &[]));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    }
    let as_of = asked.as_of.unwrap_or(night);
    if as_of > night {
        let nouns = [("night", night.to_string()), ("as_of", as_of.to_string())];
        let (text, hint) = (face.say(Say::DayToCome, &nouns), face.say(Say::DayToComeHint, &[]));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    }
    let Run { again, full, .. } = *asked;
    let choice = Choice { night, as_of, again, full };
    let confirmed = asked.confirm.as_deref();
    run(&home, &catalog, &HomeSecrets::of(root), (choice, confirmed), face).await
}

/// Runs a night and prints its report.
pub(super) async fn run(
    home: &Home,
    catalog: &Catalog,
    secrets: &HomeSecrets,
    asked: (Choice, Confirmed<'_>),
    face: &mut Face<'_>,
) -> anyhow::Result<u8> {
    let report = night(home, catalog, secrets, asked, face).await?;
    report::print(&report, &catalog.settings.title, face)?;
    Ok(report.exit_code())
}

/// Runs a night and tells its steps.
pub(super) async fn night(
    home: &Home,
    catalog: &Catalog,
    secrets: &HomeSecrets,
    asked: (Choice, Confirmed<'_>),
    face: &mut Face<'_>,
) -> anyhow::Result<NightReport> {
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog, home, var, secrets };
    let mut progress = Progress::new(face, catalog.streams().len());
    let report = night::run(&ground, asked, &mut |step| progress.tell(&step)).await;
    progress.end();
    report
}
