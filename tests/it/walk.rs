//! Is a published number what its explanation says? Every sixth metric is walked whole, of all levels, places and
//! periods, and every other one at a unit and its sections, at another unit than its neighbours: each number stands in the release as it is worked out, each formula is worked out again from the counts
//! it names, and DuckDB counts every one of them by the SQL that is printed. `SHUPING_WALK=10` walks all metrics of a
//! city of a tenth.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::env;
use std::path::Path;
use std::time::Instant;

use shuping::base::cell::decimal_text;
use shuping::base::period::Period;
use shuping::explain;
use shuping::explain::Counted;
use shuping::explain::Desk;
use shuping::measure::cube::Spot;
use shuping::measure::evaluate::rounded;
use shuping::measure::worked::Use;
use shuping::measure::worked::Worked;
use shuping::spec::catalog;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::formula::decimal;
use shuping::spec::home::Home;
use shuping::spec::pipeline::Metric;

use crate::explain::Again;
use crate::explain::Place;
use crate::explain::float;
use crate::python;
use crate::world::NIGHT;
use crate::world::World;

/// Level, metric, unit, section, value of the dimension and period.
type Key = [String; 6];

/// The status and value of every number that a release tells.
fn released(home: &Path) -> HashMap<Key, (String, String)> {
    let file = home.join("var/release").join(format!("{NIGHT}.1")).join("metrics.csv");
    let mut lines = csv::Reader::from_path(file).unwrap();
    let head = lines.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let key = ["level", "metric", "unit_id", "section_id", "dim_value", "period"].map(at);
    let told = ["status", "value"].map(at);
    let read = |line: csv::StringRecord| {
        let [status, value] = told.map(|at| line[at].to_owned());
        (key.map(|at| line[at].to_owned()), (status, value))
    };
    lines.records().map(Result::unwrap).map(read).collect()
}

fn key(worked: &Worked<'_>) -> Key {
    let told = &worked.told;
    let section = told.place.1.clone().unwrap_or_default();
    let part = told.part.clone().map(|(_, value)| value).unwrap_or_default();
    let (level, metric) = (told.level.name().to_owned(), told.metric.name.clone());
    [level, metric, told.place.0.clone(), section, part, told.period.to_string()]
}

fn place(spot: &Spot) -> Place {
    (spot.0.1.clone(), spot.1.clone().map(|(_, value)| value))
}

/// The SQL of a measure, place and period, and whether it is of people; what it has to give, and in how many
/// parts of one it counts.
type Statements = HashMap<(String, Spot, Period, bool), (String, Option<Exact>, i128)>;

/// What every number says of itself, and what was said so far.
struct Walked<'c> {
    catalog: &'c Catalog,
    released: HashMap<Key, (String, String)>,
    /// What each statement has to give, and in how many parts of one it counts.
    statements: Statements,
    /// What is told of whole units, for what is summed.
    units: HashMap<(String, String, Period), Exact>,
    levels: BTreeMap<&'static str, usize>,
}

impl<'c> Walked<'c> {
    fn see(&mut self, worked: &Worked<'c>, counted: &dyn Fn(&Metric, &Use) -> Option<Counted<'c>>) {
        let key = key(worked);
        let (status, value) = self.released.remove(&key).unwrap_or_else(|| panic!("{key:?}"));
        let told = &worked.told;
        assert_eq!(status, told.status.name(), "{key:?}");
        let exact = |text: &str| decimal(text).unwrap_or_else(|| panic!("{key:?} {text}"));
        let published = Some(value.as_str()).filter(|text| !text.is_empty()).map(exact);
        let own = told.value.map(|value| decimal_text(rounded(value, 12), 12));
        assert_eq!(published, own.as_deref().map(exact), "{key:?}");
        for used in &worked.uses {
            // Only whole months are told of people, so that one may end before the other.
            let is_withheld = told.metric.withhold.is_some();
            let name = (used.measure.clone(), used.spot.clone(), used.period, is_withheld);
            if let Some((_, known, _)) = self.statements.get(&name) {
                assert_eq!(*known, used.amount, "{key:?}");
                continue;
            }
            let counted = counted(told.metric, used).unwrap();
            assert!(counted.is_runnable, "{key:?}");
            self.statements.insert(name, (counted.sql, used.amount, counted.measure.per));
        }
        let Some(exact) = told.value else { return };
        *self.levels.entry(told.level.name()).or_default() += 1;
        if told.level.name() == "unit" && told.part.is_none() {
            let unit = (told.metric.name.clone(), told.place.0.clone(), told.period);
            self.units.insert(unit, exact);
        }
        let again = self.again(worked);
        let apart = (again - float(exact)).abs();
        assert!(apart <= 1e-9 * float(exact).abs().max(1.0), "{key:?} {again} {exact}");
    }

    /// All that was released of what was walked has been explained.
    fn nobody_is_left(&self) {
        let left: Vec<_> = self.released.iter().take(5).collect();
        assert!(left.is_empty(), "nobody explains {left:?}");
    }

    /// The value that the formula gives for the counts that are named, worked out by other hands.
    fn again(&self, worked: &Worked<'c>) -> f64 {
        let told = &worked.told;
        let sum = worked.overs.first().filter(|over| over.formula.ends_with("OVER units)"));
        if let Some(sum) = sum.filter(|_| told.level.is_above()) {
            let of_unit = |unit: &str| {
                let key = (told.metric.name.clone(), unit.to_owned(), told.period);
                float(self.units[&key])
            };
            return sum.parts.iter().map(|part| of_unit(&part.spot.0.0)).sum();
        }
        let amount = |used: &Use| {
            ((used.measure.clone(), place(&used.spot), used.period), used.amount.map(float))
        };
        let known = worked.steps.iter().filter(|step| step.name == "months_known");
        let parts = worked.overs.iter().flat_map(|over| &over.parts);
        let again = Again {
            catalog: self.catalog,
            amounts: worked.uses.iter().map(amount).collect(),
            months_known: known.map(|step| (step.period, step.value.map(float))).collect(),
            period: Cell::new(told.period),
            parts: parts
                .map(|part| place(&part.spot))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        };
        let part = told.part.clone().filter(|_| !told.level.is_above());
        let place = place(&((String::new(), told.place.1.clone()), part));
        again.value(&told.metric.value, &place).unwrap()
    }
}

/// Every so manyeth metric is walked, whole. `SHUPING_WALK=<hundredths>` walks all of them at another scale.
const SHARE: usize = 6;

/// Of how many hundredths of its size the city is, and which share of the metrics is walked.
fn asked() -> (u32, usize) {
    let all = env::var_os("SHUPING_WALK").map(|text| text.into_string().unwrap());
    all.map_or((2, SHARE), |hundredths| (hundredths.parse().unwrap(), 1))
}

/// Metrics that are not walked whole, and the unit at which they are.
struct Other<'c> {
    unit: String,
    metrics: Vec<&'c Metric>,
}

impl<'c> Other<'c> {
    /// Neighbours go to different units: to those that tell the most, of which each is taken once.
    fn of(
        all: &[&'c Metric],
        share: usize,
        released: &HashMap<Key, (String, String)>,
    ) -> Vec<Other<'c>> {
        let mut others: Vec<Other<'_>> = Vec::new();
        for place in 1..share {
            let metrics: Vec<&Metric> = all.iter().copied().skip(place).step_by(share).collect();
            let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for ([level, metric, unit, ..], (_, value)) in released {
                let is_here = level == "unit" && !value.is_empty();
                if is_here && metrics.iter().any(|of| of.name == *metric) {
                    told.entry(unit).or_default().insert(metric);
                }
            }
            told.retain(|unit, _| !others.iter().any(|other| other.unit == *unit));
            let most = told.into_iter().max_by_key(|(_, metrics)| metrics.len());
            others.extend(most.map(|(unit, _)| Other { unit: unit.to_owned(), metrics }));
        }
        assert_eq!(others.len(), share - 1);
        others
    }

    fn tells(&self, [level, metric, unit, ..]: &Key) -> bool {
        let is_here = ["unit", "section"].contains(&level.as_str()) && *unit == self.unit;
        is_here && self.metrics.iter().any(|of| of.name == *metric)
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was walked")]
fn every_metric_is_published_as_its_explanations_say() {
    let (hundredths, share) = asked();
    let (world, home) = (World::of(hundredths), World::home());
    let begun = Instant::now();
    let night = world.night(home.path(), NIGHT).output().unwrap();
    assert_eq!(night.status.code(), Some(0));
    println!("the night took {:?}", begun.elapsed());
    let catalog = catalog::read(&Home::open(home.path()).unwrap()).unwrap();
    let all: Vec<&Metric> = catalog.metrics().collect();
    let metrics: Vec<&Metric> = all.iter().copied().step_by(share).collect();
    let var = home.path().join("var");
    let ledger = explain::ledger(&var.join("lake")).unwrap().unwrap();
    let desk = Desk::open(&catalog, &var, ledger).unwrap();
    let begun = Instant::now();
    let everybody = desk.everybody(&metrics).unwrap();
    println!("counted again in {:?}", begun.elapsed());
    let mut walked = Walked {
        catalog: &catalog,
        released: released(home.path()),
        statements: HashMap::new(),
        units: HashMap::new(),
        levels: BTreeMap::new(),
    };
    let told = walked.released.len();
    let others = Other::of(&all, share, &walked.released);
    let mut of_others = walked.released.clone();
    of_others.retain(|key, _| others.iter().any(|other| other.tells(key)));
    walked.released.retain(|key, _| metrics.iter().any(|metric| metric.name == key[1]));
    let (part, begun) = (walked.released.len(), Instant::now());
    everybody.walk(&metrics, &mut |worked, counted| walked.see(&worked, counted)).unwrap();
    println!("{part} of {told} walked in {:?}, values: {:?}", begun.elapsed(), walked.levels);
    walked.nobody_is_left();
    let (part, begun) = (of_others.len(), Instant::now());
    walked.released = of_others;
    for Other { unit, metrics } in &others {
        let place = desk.unit(unit, metrics).unwrap();
        place.walk(metrics, &mut |worked, counted| walked.see(&worked, counted)).unwrap();
    }
    println!("{part} of the others walked in {:?}", begun.elapsed());
    walked.nobody_is_left();
    let levels: Vec<&str> = walked.levels.keys().copied().collect();
    assert_eq!(levels, ["category", "city", "county", "parent", "section", "unit"]);
    count_again(walked.statements);
}

/// DuckDB gives for every statement what it has to give.
#[expect(clippy::print_stdout, reason = "how much was counted")]
fn count_again(statements: Statements) {
    let mut asked: Vec<_> = statements.into_iter().collect();
    asked.sort();
    let statements: Vec<String> = asked.iter().map(|(_, (sql, ..))| sql.clone()).collect();
    let begun = Instant::now();
    let Some(answers) = python::walked(&statements) else { return };
    println!("{} counted by DuckDB in {:?}", statements.len(), begun.elapsed());
    assert_eq!(answers.len(), asked.len());
    for (answer, (name, (sql, amount, per))) in answers.iter().zip(&asked) {
        let answer = answer.map(|answer| answer / Exact::from(*per));
        if sql.contains("quantile_cont") {
            assert_eq!(answer.is_some(), amount.is_some(), "{name:?} {sql}");
            let apart = answer.zip(*amount).map(|(x, y)| (float(x) - float(y)).abs());
            assert!(apart.unwrap_or(0.0) < 1e-9, "{name:?} {sql}");
        } else {
            assert_eq!(answer, *amount, "{name:?} {sql}");
        }
    }
}
