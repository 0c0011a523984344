//! Every measure of cases, counted by unit, section and month from one file of ten million rows: by the
//! engine, and by DuckDB with the SQL that `explain` prints.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use polars::prelude::*;
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
use shuping::measure::fact::Ground;
use shuping::measure::kept::Ledger;
use shuping::measure::placed::month_of_measure;
use shuping::spec::catalog;
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
    file: String,
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

    /// Reads what the measures need, and counts.
    fn count(&self) -> Cube {
        let mut needed = BTreeSet::from(["_unit".to_owned(), "_section".to_owned()]);
        needed.extend(self.by_month().into_keys().chain(["_month".to_owned()]));
        needed.extend(self.fact().by.iter().map(|by| format!("_by_{}", by.value)));
        for measure in self.measures() {
            measure.aggregate.each_column(&mut |name| {
                needed.insert(name.to_owned());
            });
        }
        let needed: Vec<Expr> = needed.iter().map(col).collect();
        let path = PlRefPath::new(&self.file);
        let file = LazyFrame::scan_parquet(path, ScanArgsParquet::default()).unwrap();
        let rows = BTreeMap::from([("case".to_owned(), file.select(needed).collect().unwrap())]);
        let settings = &self.catalog.settings;
        let calendar = Arc::new(self.catalog.calendar.clone());
        let days = Days { calendar, zone: settings.zone.clone() };
        let tables = BTreeMap::new();
        let as_of = self.ledger.as_of;
        let ground = Ground { catalog: &self.catalog, tables: &tables, days, as_of };
        cube::count_again(&ground, self.ledger.facts(), &rows).unwrap()
    }

    /// The measures of each month column as a statement, grouped as the engine groups them; and the same of
    /// whole units and the last year, to compare.
    fn statements(&self) -> Vec<(Vec<&Measure>, String, String)> {
        let zone = self.catalog.settings.zone.iana_name().unwrap();
        let rows = parquet::read(Path::new(&self.file)).unwrap();
        let kinds = kinds(&rows);
        let writer = Writer { zone, kinds: &kinds };
        let from = format!("from read_parquet({})", literal(&self.file));
        let mut statements = Vec::new();
        for (month, measures) in self.by_month() {
            let each = measures.iter().map(|measure| writer.aggregate(&measure.aggregate));
            let each = each.collect::<Vec<_>>().join(", ");
            let timed = format!(
                "select _unit, _section, {month}, {each} {from} where {month} is not null group by 1, 2, 3"
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

/// Counts so many cases both ways, and compares every measure of every unit.
pub(crate) fn measures(rows: usize) {
    let watched = night::run(1.0, &[]);
    let catalog = catalog::read(&Home::open(watched.home.path()).unwrap()).unwrap();
    let lake = watched.home.path().join("var/lake");
    let ledger = explain::ledger(&lake).unwrap().unwrap();
    let path = watched.home.path().join("cases.parquet");
    let counted = copies(&lake.join("fact/case.parquet"), &path, rows);
    let setting = Setting { catalog, ledger, file: path.display().to_string() };
    heading(&format!("measures: {} of {counted} cases from one file", setting.measures().len()));
    let start = Instant::now();
    let cube = setting.count();
    line("the engine", start.elapsed(), "");
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

/// Writes copies of a file's rows until there are so many.
fn copies(from: &Path, to: &Path, rows: usize) -> usize {
    let once = parquet::read(from).unwrap();
    let mut all = once.clone();
    while all.height() < rows {
        all.vstack_mut(&once).unwrap();
    }
    parquet::write(&mut all, to).unwrap();
    all.height()
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
