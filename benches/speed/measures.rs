//! Every measure of cases, counted by unit, section and month from one file of ten million rows: by the
//! engine, and by DuckDB with the SQL that `explain` prints.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use polars::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::Value;
use shuping::base::period::Month;
use shuping::base::period::Period;
use shuping::base::period::PeriodKind;
use shuping::explain;
use shuping::frame::functions::Days;
use shuping::frame::parquet;
use shuping::measure::behind::kinds;
use shuping::measure::cube;
use shuping::measure::cube::Cube;
use shuping::measure::cube::Rows;
use shuping::measure::fact::Ground;
use shuping::measure::kept::Kept;
use shuping::measure::kept::Ledger;
use shuping::measure::placed::month_of_measure;
use shuping::spec::catalog::Catalog;
use shuping::spec::duckdb::Writer;
use shuping::spec::duckdb::literal;
use shuping::spec::home::Home;
use shuping::spec::pipeline::Fact;
use shuping::spec::pipeline::Measure;

use crate::heading;
use crate::line;
use crate::night;

/// What both count from.
struct Setting {
    catalog: Catalog,
    ledger: Ledger,
    file: PathBuf,
}

impl Setting {
    fn fact(&self) -> &Fact {
        self.catalog.facts().find(|fact| fact.name == "case").unwrap()
    }

    fn measures(&self) -> Vec<&Measure> {
        self.catalog.measures().filter(|measure| measure.fact.value == "case").collect()
    }

    /// The measures by the column of the month in which they count.
    fn by_month(&self) -> BTreeMap<String, Vec<&Measure>> {
        let mut by_month: BTreeMap<String, Vec<&Measure>> = BTreeMap::new();
        for measure in self.measures() {
            by_month.entry(month_of_measure(self.fact(), measure)).or_default().push(measure);
        }
        by_month
    }

    /// Counts the rows of the file.
    fn count(&self) -> Cube {
        let rows = BTreeMap::from([("case".to_owned(), Rows::File(&self.file))]);
        let settings = &self.catalog.settings;
        let calendar = Arc::new(self.catalog.calendar.clone());
        let days = Days { calendar, zone: settings.zone.clone() };
        let tables = BTreeMap::new();
        let as_of = self.ledger.as_of;
        let ground = Ground { catalog: &self.catalog, tables: &tables, days, as_of, night: as_of };
        cube::count_again(&ground, self.ledger.facts(), &rows).unwrap()
    }

    /// The measures of each month column as a statement, grouped as the engine groups them; and the same of
    /// whole units and the last year, to compare.
    fn statements(&self) -> Vec<(Vec<&Measure>, String, String)> {
        let zone = self.catalog.settings.zone.iana_name().unwrap();
        let some = parquet::read(&self.file.with_file_name("kinds.parquet")).unwrap();
        let kinds = kinds(&some);
        let writer = Writer { zone, kinds: &kinds };
        let from = format!("from read_parquet({})", literal(&self.file.display().to_string()));
        let mut statements = Vec::new();
        for (month, measures) in self.by_month() {
            let each = measures.iter().map(|measure| writer.aggregate(&measure.aggregate));
            let each = each.collect::<Vec<_>>().join(", ");
            let timed = format!(
                "select _unit, _section, _by_item, {month}, {each} {from} where {month} is not null group by 1, 2, 3, 4"
            );
            let told = format!(
                "select _unit, {each} {from} where {month} between {YEAR}01 and {YEAR}12 group by 1"
            );
            statements.push((measures, timed, told));
        }
        statements
    }
}

/// The year that is compared.
const YEAR: i16 = 2025;

/// What DuckDB answers to statements: how long each took, and its rows.
fn duckdb(python: &OsStr, statements: &[&str]) -> Vec<(Duration, Vec<Vec<Value>>)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/statements.py");
    let mut command = Command::new(python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines: Vec<String> = statements.iter().map(|sql| Value::from(*sql).to_string()).collect();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "DuckDB refused a statement");
    let told = String::from_utf8(output.stdout).unwrap();
    let answer = |line: &str| {
        let (took, rows): (f64, _) = serde_json::from_str(line).unwrap();
        (Duration::from_secs_f64(took), rows)
    };
    told.lines().map(answer).collect()
}

/// A home with a night of a small city.
struct Place {
    path: PathBuf,
    /// Clears it away.
    _town: Option<night::Town>,
}

/// A new home, or the one that is kept with its cases where `SHUPING_BENCH_HOME` says: to make a hundred million
/// of them takes longer than to count them.
fn home() -> Place {
    let kept = env::var_os("SHUPING_BENCH_HOME").map(PathBuf::from);
    if let Some(path) = kept.as_ref().filter(|path| path.exists()) {
        return Place { path: path.clone(), _town: None };
    }
    let town = night::Town::of(0.05, &[]);
    town.night(night::FIRST);
    let path = town.home.path().to_owned();
    let Some(kept) = kept else { return Place { path, _town: Some(town) } };
    fs::rename(town.home.keep(), &kept).unwrap();
    Place { path: kept, _town: None }
}

/// Counts so many cases both ways, and compares every measure of every unit.
pub(crate) fn measures(rows: usize) {
    let home = home();
    let catalog = Home::open(&home.path).unwrap().catalog().unwrap();
    let lake = home.path.join("var/lake");
    let ledger = explain::ledger(&lake).unwrap().unwrap();
    let file = home.path.join(format!("{rows}-cases.parquet"));
    if !file.exists() {
        let kinds = home.path.join("kinds.parquet");
        parquet::write(&mut Kept::at(&lake).rows("case", &[]).unwrap(), &kinds).unwrap();
        cases(&kinds, &file, rows);
    }
    let setting = Setting { catalog, ledger, file };
    let measures = setting.measures().len();
    heading(&format!(
        "measures: {measures} of {rows} cases, {UNITS} units, {MONTHS} months, from one file"
    ));
    forget_peak();
    let start = Instant::now();
    let cube = setting.count();
    line("the engine", start.elapsed(), &format!("{} MB of memory at most", peak()));
    let Some(python) = env::var_os("SHUPING_PYTHON") else {
        line("DuckDB", Duration::ZERO, "left out: SHUPING_PYTHON names no Python that has it");
        return;
    };
    let statements = setting.statements();
    let both = statements.iter().flat_map(|(_, timed, told)| [timed.as_str(), told.as_str()]);
    let answers = duckdb(&python, &both.collect::<Vec<_>>());
    let took: Duration = answers.iter().step_by(2).map(|(took, _)| *took).sum();
    let mut agree = 0;
    for ((measures, ..), (_, rows)) in statements.iter().zip(answers.iter().skip(1).step_by(2)) {
        for row in rows {
            for (measure, value) in measures.iter().zip(row.iter().skip(1)) {
                agrees(&cube, measure, row[0].as_str().unwrap(), value);
                agree += 1;
            }
        }
    }
    line("DuckDB", took, &format!("{agree} values of {YEAR} agree"));
}

/// Writes cases of so many rows in the order of their months: of each kind of the pretend city's, at the units,
/// sections and items of a larger one.
fn cases(from: &Path, to: &Path, rows: usize) {
    let kinds = parquet::read(from).unwrap();
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    let file = File::create(to).unwrap();
    let mut writer = ParquetWriter::new(file)
        .with_compression(ParquetCompression::Zstd(None))
        .batched(kinds.schema())
        .unwrap();
    let mut done = 0;
    while done < rows {
        let height = GROUP.min(rows - done);
        let mut roll = |most: u32| dice.next_u32() % most;
        let kind: Vec<u32> =
            (0..height).map(|_| roll(u32::try_from(kinds.height()).unwrap())).collect();
        let mut table = kinds.take(&IdxCa::from_vec("".into(), kind)).unwrap();
        let [mut units, mut sections, mut items] = [const { Vec::new() }; 3];
        let (mut closed, mut accepted) = (Vec::new(), Vec::new());
        for row in done..done + height {
            let (unit, section) = (roll(UNITS), roll(SECTIONS));
            units.push(format!("U{unit:03}"));
            sections.push(format!("U{unit:03}-{section}"));
            items.push(format!("I{unit:03}-{section}{}", roll(ITEMS)));
            let month = i32::try_from(row * MONTHS / rows).unwrap();
            let number = |month: i32| (FIRST_YEAR + month / 12) * 100 + month % 12 + 1;
            accepted.push(number(month));
            let later = month + i32::from(roll(4) == 0);
            closed.push((roll(20) > 0).then(|| number(later)));
        }
        for (name, texts) in [("_unit", units), ("_section", sections), ("_by_item", items)] {
            table.with_column(Column::new(name.into(), texts)).unwrap();
        }
        table.with_column(Column::new("_month".into(), closed)).unwrap();
        table.with_column(Column::new("_month_accepted_at".into(), accepted)).unwrap();
        writer.write_batch(&table).unwrap();
        done += height;
    }
    writer.finish().unwrap();
}

/// The city that is counted: five years of it.
const UNITS: u32 = 600;
const SECTIONS: u32 = 8;
const ITEMS: u32 = 5;
const MONTHS: usize = 60;
const FIRST_YEAR: i32 = 2021;

/// So many rows stand in a group of the file.
const GROUP: usize = 1 << 18;

const SEED: u64 = 7;

/// The most memory that was in use since it was asked to be forgotten, in megabytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Forgets the most memory that was in use.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[expect(clippy::cast_precision_loss, reason = "compared to nine places")]
fn agrees(cube: &Cube, measure: &Measure, unit: &str, value: &Value) {
    let last = Month::new(YEAR, 12).unwrap();
    let spot = ((unit.to_owned(), None), None);
    let own =
        cube.measures[&measure.name].on(&spot).within(Period::of(PeriodKind::Year, last), last);
    let own = own.unwrap().map(|own| *own.numer() as f64 / *own.denom() as f64);
    let other = match value {
        Value::String(text) => text.parse::<f64>().ok(),
        other => other.as_f64(),
    };
    let other = other.map(|value| value / measure.per as f64);
    let apart = own.unwrap_or(0.0) - other.unwrap_or(0.0);
    assert!(apart.abs() < 1e-9 * own.unwrap_or(1.0).abs().max(1.0), "{} {unit}", measure.name);
}
