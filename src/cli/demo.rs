//! The pretend city, run for a night or served for a while.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::civil::Date;

use super::DONE;
use super::Face;
use super::home;
use super::report;
use super::verbs;
use crate::base::durable::write_then_rename;
use crate::base::said::Say;
use crate::night::Choice;
use crate::sandbox::City;
use crate::sandbox::Gateways;
use crate::sandbox::Secrets;
use crate::sandbox::environment;
use crate::spec::home::write_default;
use crate::spec::secret::HomeSecrets;
use crate::warehouse;

/// The city of the README.
const SEED: u64 = 519_900;

/// The night of the README.
const NIGHT: Date = jiff::civil::date(2026, 1, 6);

/// The day that it tells: the last of a whole year.
const AS_OF: Date = jiff::civil::date(2025, 12, 31);

/// The pretend city that is served.
#[derive(Debug, clap::Args)]
pub(super) struct Sandbox {
    /// Where its files are written: what is dropped, the appraisal database and the truth
    #[arg(long, default_value = "sandbox", value_name = "DIR")]
    dir: PathBuf,
    /// The night up to which things have happened
    #[arg(long, default_value = "2026-01-06", value_name = "DATE")]
    night: Date,
    /// How large the city is
    #[arg(long, default_value_t = 0.1)]
    scale: f64,
    /// The same seed makes the same city
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// The port of its gateways; 0 is any
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Who handles most, and how well: what an analyst would ask first.
const QUESTION: &str = "
    select
        unit.name,
        max(shown) filter (where metric = 'person_years'),
        max(shown) filter (where metric = 'cases_closed'),
        max(shown) filter (where metric = 'cases_per_person'),
        max(shown) filter (where metric = 'on_time_rate'),
        max(shown) filter (where metric = 'satisfied_rate'),
        max(shown) filter (where metric = 'backlog_months')
    from metric_value
    join unit on unit.unit_id = metric_value.unit_id and unit.valid_to is null
    where period = '2025' and section_id is null and dim is null
    group by unit.unit_id
    having max(status) filter (where metric = 'cases_per_person') = 'ok'
    order by max(value) filter (where metric = 'cases_per_person') desc
    limit 6";

/// The metrics of the question, whose titles head its columns.
const ASKED: [&str; 6] = [
    "person_years",
    "cases_closed",
    "cases_per_person",
    "on_time_rate",
    "satisfied_rate",
    "backlog_months",
];

/// Runs the fixed night of a city that is made anew, in a folder of its own.
pub(super) async fn demo(root: &Path, scale: f64, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let folder = folder(root);
    let shown = folder.display().to_string();
    let nouns = [("scale", scale.to_string()), ("path", shown.clone())];
    let text = face.say(Say::DemoAt, &nouns);
    writeln!(face.err, "{text}")?;
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("clearing `{shown}`"))?;
    }
    write_default(&folder).with_context(|| format!("writing `{shown}`"))?;
    let city = Arc::new(City::new(SEED, scale));
    write(&city, &folder.join("drop"), NIGHT).await?;
    let keys = Secrets::of(SEED);
    let gateways = Gateways::serve(city, NIGHT, &keys, 0).await?;
    let given = environment(&gateways, Path::new("drop"), &keys);
    let secrets = HomeSecrets::of(&folder).with(given);
    let (home, catalog) = match home::open(&folder, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let choice = Choice { night: NIGHT, as_of: AS_OF, again: false, full: false };
    let report = verbs::night(&home, &catalog, &secrets, (choice, None), face).await?;
    report::print(&report, &catalog.settings.title, face)?;
    let titles = ASKED.map(|name| {
        let metric = catalog.metrics().find(|metric| metric.name == name);
        metric.map_or(name, |metric| metric.title.as_str())
    });
    let rows = warehouse::ask(&report.warehouse, QUESTION).await?;
    let head: Vec<&str> = std::iter::once(Say::Unit.text(face.lang)).chain(titles).collect();
    let heading = face.say(Say::CityTable, &[]);
    writeln!(face.out, "\n{heading}\n{}", report::table(&head, 1, rows).trim_fmt())?;
    let hint = face.say(Say::DemoAgain, &[("path", shown)]);
    writeln!(face.out, "hint: {hint}")?;
    Ok(report.exit_code())
}

/// Writes what the city's systems leave in files.
async fn write(city: &City, drop: &Path, night: Date) -> anyhow::Result<()> {
    city.write_drop(drop, night).context("writing the dropped files")?;
    city.write_appraisal(drop, night).await.context("writing the appraisal database")
}

/// Where a demo works: inside a home's own `var`, or beside where there is no home; never in a lake
/// that is somebody's.
fn folder(root: &Path) -> PathBuf {
    if root.join("shuping.toml").exists() {
        root.join("var/demo")
    } else {
        root.join("shuping-demo")
    }
}

/// Serves the city until it is told to stop.
pub(super) async fn sandbox(asked: &Sandbox, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let city = Arc::new(City::new(asked.seed, asked.scale));
    let drop = asked.dir.join("drop");
    write(&city, &drop, asked.night).await?;
    let truth = serde_json::to_vec_pretty(&city.truth())?;
    write_then_rename(&asked.dir.join("truth.json"), &truth).context("writing the truth")?;
    let keys = Secrets::of(asked.seed);
    let gateways = Gateways::serve(city, asked.night, &keys, asked.port).await?;
    let drop = drop.canonicalize().context("finding the folder of the files")?;
    for (name, value) in environment(&gateways, &drop, &keys) {
        writeln!(face.out, "export {name}='{value}'")?;
    }
    let text = face.say(Say::Serving, &[]);
    let hint = face.say(Say::ServingHint, &[("night", asked.night.to_string())]);
    writeln!(face.err, "{text}\nhint: {hint}")?;
    tokio::signal::ctrl_c().await?;
    Ok(DONE)
}
