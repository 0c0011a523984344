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
use shuping::night::report::NightReport;
use shuping::sandbox::City;
use shuping::sandbox::Gateways;
use shuping::sandbox::Secrets;
use shuping::sandbox::environment;
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

/// The night that is timed.
pub(crate) const FIRST: Choice = Choice { night: NIGHT, as_of: AS_OF, again: false, full: false };

/// The pretend city, its running systems, and a home that asks them.
pub(crate) struct Town {
    /// The home, with everything that nights write below `var`.
    pub(crate) home: TempDir,
    runtime: Runtime,
    city: Arc<City>,
    gateways: Gateways,
    secrets: HomeSecrets,
}

impl Town {
    /// A city at a scale; of these systems only, where any is named.
    pub(crate) fn of(scale: f64, systems: &[&str]) -> Town {
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
        let keys = Secrets::of(SEED);
        let serving = Gateways::serve(Arc::clone(&city), NIGHT, &keys, 0);
        let gateways = runtime.block_on(serving).unwrap();
        let given = environment(&gateways, Path::new("drop"), &keys);
        let secrets = HomeSecrets::of(home.path()).with(given);
        Town { home, runtime, city, gateways, secrets }
    }

    /// Moves the systems on to the cutoff of a night and runs it.
    pub(crate) fn night(&self, choice: Choice) -> Watched {
        let drop = self.home.path().join("drop");
        self.city.write_drop(&drop, choice.night).unwrap();
        self.runtime.block_on(self.city.write_appraisal(&drop, choice.night)).unwrap();
        self.gateways.set_night(choice.night);
        let opened = Home::open(self.home.path()).unwrap();
        let catalog = opened.catalog().unwrap();
        let var: PathBuf = self.home.path().join(&catalog.settings.var);
        let ground = Ground { catalog: &catalog, home: &opened, var, secrets: &self.secrets };
        let (start, mut steps) = (Instant::now(), Vec::new());
        let mut watch = |step| steps.push((start.elapsed(), step));
        let night = night::run(&ground, (choice, None), &mut watch);
        let report = self.runtime.block_on(night).unwrap();
        Watched { start, steps, took: start.elapsed(), report }
    }
}

/// What a night told, and when.
pub(crate) struct Watched {
    /// When it began.
    pub(crate) start: Instant,
    /// How it went.
    pub(crate) report: NightReport,
    steps: Vec<(Duration, Step)>,
    took: Duration,
}

impl Watched {
    /// How long each of its steps took, and all of them.
    pub(crate) fn steps(&self) -> Vec<(&'static str, Duration)> {
        let mut before = Duration::ZERO;
        let ends = [
            ("asked and landed", self.last(|step| matches!(step, Step::Landed(..)))),
            ("modelled", self.last(|step| matches!(step, Step::Modelled(..)))),
            ("counted and told", self.last(|step| matches!(step, Step::Told(..)))),
            ("loaded", self.last(|step| matches!(step, Step::Loaded))),
            ("published", self.last(|step| matches!(step, Step::Published(..)))),
        ];
        let steps = ends.map(|(what, end)| {
            let took = end.saturating_sub(before);
            before = end;
            (what, took)
        });
        steps.into_iter().chain([("whole night", self.took)]).collect()
    }

    /// The last step of a kind.
    fn last(&self, is: impl Fn(&Step) -> bool) -> Duration {
        let found = self.steps.iter().rev().find(|(_, step)| is(step));
        found.map_or(Duration::ZERO, |(at, _)| *at)
    }

    /// The rows that landed.
    pub(crate) fn rows(&self) -> u64 {
        let rows = self.steps.iter().map(|(_, step)| match step {
            Step::Landed(_, rows) => *rows,
            _ => 0,
        });
        rows.sum()
    }
}

/// From loopback pages to modelled Parquet.
pub(crate) fn extraction(scale: f64) {
    let watched = Town::of(scale, &["service", "hotline"]).night(FIRST);
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
    let watched = Town::of(scale, &[]).night(FIRST);
    heading(&format!("night: five systems at scale {scale}, {} rows", watched.rows()));
    for (what, took) in watched.steps() {
        line(what, took, if what == "whole night" { "aims at 15 s" } else { "" });
    }
}
