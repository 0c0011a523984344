//! A whole night of the pretend city, and how much of it is extraction.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::night;
use shuping::night::Choice;
use shuping::night::Ground;
use shuping::night::Step;
use shuping::sandbox::City;
use shuping::sandbox::Gateways;
use shuping::sandbox::Secrets;
use shuping::sandbox::environment;
use shuping::spec::catalog;
use shuping::spec::home::Home;
use shuping::spec::home::write_default;
use shuping::spec::secret::HomeSecrets;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::heading;
use crate::line;

const SEED: u64 = 519_900;
const NIGHT: Date = date(2026, 1, 6);
const AS_OF: Date = date(2025, 12, 31);

/// What a night told, and when.
pub(crate) struct Watched {
    /// The home, with everything the night wrote below `var`.
    pub(crate) home: TempDir,
    steps: Vec<(Duration, Step)>,
    took: Duration,
}

/// Runs a night of a city at a scale; of these systems only, where any is named.
pub(crate) fn run(scale: f64, systems: &[&str]) -> Watched {
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    write_default(home.path()).unwrap();
    for entry in fs::read_dir(home.path().join("connectors")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_manifest = path.extension().is_some_and(|ending| ending == "toml");
        if is_manifest && !systems.is_empty() && !systems.contains(&stem) {
            fs::remove_file(path).unwrap();
        }
    }
    let city = Arc::new(City::new(SEED, scale));
    let drop = home.path().join("drop");
    city.write_drop(&drop, NIGHT).unwrap();
    runtime.block_on(city.write_appraisal(&drop, NIGHT)).unwrap();
    let keys = Secrets::of(SEED);
    let gateways = runtime.block_on(Gateways::serve(city, NIGHT, &keys, 0)).unwrap();
    let given = environment(&gateways, Path::new("drop"), &keys);
    let secrets = HomeSecrets::of(home.path()).with(given);
    let opened = Home::open(home.path()).unwrap();
    let catalog = catalog::read(&opened).unwrap();
    let var: PathBuf = home.path().join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &opened, var, secrets: &secrets };
    let choice = Choice { night: NIGHT, as_of: AS_OF, again: false, full: false };
    let (start, mut steps) = (Instant::now(), Vec::new());
    let mut watch = |step| steps.push((start.elapsed(), step));
    runtime.block_on(night::run(&ground, (choice, None), &mut watch)).unwrap();
    let took = start.elapsed();
    Watched { home, steps, took }
}

impl Watched {
    /// The last step of a kind.
    fn last(&self, is: impl Fn(&Step) -> bool) -> Duration {
        let found = self.steps.iter().rev().find(|(_, step)| is(step));
        found.map_or(Duration::ZERO, |(at, _)| *at)
    }

    /// The rows that landed.
    fn rows(&self) -> u64 {
        let rows = self.steps.iter().map(|(_, step)| match step {
            Step::Landed(_, rows) => *rows,
            _ => 0,
        });
        rows.sum()
    }
}

/// From loopback pages to modelled Parquet.
pub(crate) fn extraction(scale: f64) {
    let watched = run(scale, &["service", "hotline"]);
    let modelled = watched.last(|step| matches!(step, Step::Modelled(..)));
    let landed = watched.last(|step| matches!(step, Step::Landed(..)));
    let speed = |took: Duration| {
        #[expect(clippy::cast_precision_loss, reason = "a speed")]
        let speed = watched.rows() as f64 / took.as_secs_f64();
        format!("{} rows, {speed:.0} a second", watched.rows())
    };
    heading(&format!("extraction: cases, ratings and orders at scale {scale}, over HTTP"));
    line("pages to landed Parquet", landed, &speed(landed));
    line("pages to modelled Parquet", modelled, &speed(modelled));
}

/// From the first question to the release.
pub(crate) fn night(scale: f64) {
    let watched = run(scale, &[]);
    heading(&format!("night: five systems at scale {scale}, {} rows", watched.rows()));
    let mut before = Duration::ZERO;
    for (what, at) in [
        ("asked and landed", watched.last(|step| matches!(step, Step::Landed(..)))),
        ("modelled", watched.last(|step| matches!(step, Step::Modelled(..)))),
        ("counted and told", watched.last(|step| matches!(step, Step::Told(..)))),
        ("loaded", watched.last(|step| matches!(step, Step::Loaded))),
        ("published", watched.last(|step| matches!(step, Step::Published(..)))),
    ] {
        line(what, at.saturating_sub(before), "");
        before = at;
    }
    line("whole night", watched.took, "aims at 15 s");
}
