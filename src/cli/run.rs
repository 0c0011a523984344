//! `run`: a night, its steps on the way, and its report.

use super::Face;
use super::progress::Progress;
use super::report;
use crate::night;
use crate::night::Choice;
use crate::night::Confirmed;
use crate::night::Ground;
use crate::night::report::NightReport;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;
use crate::spec::secret::HomeSecrets;

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
