//! How are nights run by the home's cron line? Wait, run, report; whatever a night came to, the next
//! one is waited for.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::DONE;
use super::Face;
use super::HOME;
use super::home;
use super::run;
use crate::base::clock;
use crate::base::said::Say;
use crate::night;
use crate::night::Choice;
use crate::night::status;
use crate::schedule;
use crate::schedule::Past;
use crate::schedule::cron::Line;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;
use crate::spec::secret::HomeSecrets;

/// The clock may be set while we wait for it, so it is asked again at least this often.
const GLANCE: Duration = Duration::from_secs(30);

/// A home and when its nights run.
struct Plan {
    home: Home,
    catalog: Catalog,
    line: Line,
}

/// Runs nights until it is stopped.
pub(super) async fn run(root: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let mut plan = match open(root, face)? {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let past = plan.past()?;
    let mut last = past.noted;
    let mut due = schedule::catch_up(&plan.line, &plan.catalog.settings, past, clock::now());
    loop {
        let night = match due {
            Some(night) => {
                let text = face.say(Say::CatchUp, &[("night", night.to_string())]);
                writeln!(face.err, "{text}")?;
                night
            }
            None => match wait(&plan, face).await? {
                Some(night) => night,
                None => return Ok(DONE),
            },
        };
        // The home may have been edited since: a night runs what stands there now.
        if let Ok(newer) = open(root, face)? {
            plan = newer;
            plan.run(night, face).await?;
        }
        // A night that was tried was not missed: the report says how it went.
        last = last.max(Some(night));
        due = schedule::missed(&plan.line, &plan.catalog.settings, last, clock::now());
    }
}

/// Prints the next fire times, each with its night.
pub(super) fn print(root: &Path, count: usize, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let plan = match open(root, face)? {
        Ok(plan) => plan,
        Err(code) => return Ok(code),
    };
    let settings = &plan.catalog.settings;
    let mut after = clock::now();
    for _ in 0..count {
        let Some(fires) = schedule::next_after(&plan.line, after, &settings.zone) else { break };
        let local = fires.to_zoned_datetime(settings.zone.clone());
        writeln!(face.out, "{local}  {}", settings.night_at(fires))?;
        after = fires;
    }
    Ok(DONE)
}

fn open(root: &Path, face: &mut Face<'_>) -> anyhow::Result<Result<Plan, u8>> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(Err(code)),
    };
    // A line that does not read has been told with the other faults of the home.
    let line = schedule::line(&catalog.settings);
    Ok(line.map(|line| Plan { home, catalog, line }).map_err(|_| HOME))
}

impl Plan {
    fn past(&self) -> anyhow::Result<Past> {
        let var = self.home.root.join(&self.catalog.settings.var);
        let standing = status::standing(&var.join("lake"), &self.catalog)?;
        let noted = standing.nights.last().map(|night| night.night);
        Ok(Past { noted, interrupted: night::interrupted(&var) })
    }

    /// Runs a night and tells how it ended; only a face that can't be spoken to is an error.
    async fn run(&self, night: Date, face: &mut Face<'_>) -> anyhow::Result<()> {
        let choice = Choice { night, as_of: night, again: false, full: false };
        let secrets = HomeSecrets::of(&self.home.root);
        let told = run::run(&self.home, &self.catalog, &secrets, (choice, None), face).await;
        let code = told.or_else(|fault| super::why::say_why(&fault, face))?;
        let nouns = [("night", night.to_string()), ("code", code.to_string())];
        let text = face.say(Say::NightEnded, &nouns);
        Ok(writeln!(face.err, "{text}")?)
    }
}

/// Waits for the next fire time; its night, or none if there is no further one.
async fn wait(plan: &Plan, face: &mut Face<'_>) -> anyhow::Result<Option<Date>> {
    let settings = &plan.catalog.settings;
    let Some(fires) = schedule::next_after(&plan.line, clock::now(), &settings.zone) else {
        return Ok(None);
    };
    let night = settings.night_at(fires);
    let time = fires.to_zoned_datetime(settings.zone.clone()).to_string();
    let text = face.say(Say::NextNight, &[("night", night.to_string()), ("time", time)]);
    writeln!(face.err, "{text}")?;
    until(fires).await;
    Ok(Some(night))
}

async fn until(instant: Timestamp) {
    while let Ok(left) = Duration::try_from(instant.duration_since(clock::now())) {
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(GLANCE)).await;
    }
}
