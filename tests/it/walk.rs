//! Is every published number what its explanation says? All of them are walked, of all levels and periods: each
//! stands in the release as it is worked out, each formula is worked out again from the counts it names, and
//! DuckDB counts every one of them by the SQL that is printed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;

use shuping::base::cell::decimal_text;
use shuping::base::period::Period;
use shuping::explain;
use shuping::explain::Counted;
use shuping::explain::Desk;
use shuping::measure::cube::Spot;
use shuping::measure::evaluate::rounded;
use shuping::measure::worked::Worked;
use shuping::spec::catalog;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::home::Home;

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

/// What every number says of itself, and what was said so far.
struct Walked<'c> {
    catalog: &'c Catalog,
    released: HashMap<Key, (String, String)>,
    /// What each statement has to give: how much in parts, and in how many parts of one.
    statements: HashMap<(String, Spot, Period), (String, Option<Exact>)>,
    /// What is told of whole units, for what is summed.
    units: HashMap<(String, String, Period), Exact>,
    levels: BTreeMap<&'static str, usize>,
}

impl<'c> Walked<'c> {
    fn see(&mut self, worked: &Worked<'c>, measures: Vec<Counted<'c>>) {
        let key = key(worked);
        let (status, value) = self.released.remove(&key).unwrap_or_else(|| panic!("{key:?}"));
        let told = &worked.told;
        assert_eq!(status, told.status.name(), "{key:?}");
        let own = told.value.map(|value| decimal_text(rounded(value, 12), 12)).unwrap_or_default();
        assert_eq!(value, own, "{key:?}");
        for counted in measures {
            assert!(counted.is_runnable, "{key:?}");
            let amount = counted.amount.map(|amount| amount * Exact::from(counted.measure.per));
            let name = (counted.measure.name.clone(), counted.spot, counted.period);
            let known = self.statements.entry(name).or_insert((counted.sql, amount));
            assert_eq!(known.1, amount, "{key:?}");
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
        let amount = |used: &shuping::measure::worked::Use| {
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

/// The scale, in hundredths: the largest whose walk ends within a test's time.
const HUNDREDTHS: u32 = 2;

#[test]
fn every_published_number_is_what_its_explanation_says() {
    let (world, home) = (World::of(HUNDREDTHS), World::home());
    let night = world.night(home.path(), NIGHT).output().unwrap();
    assert_eq!(night.status.code(), Some(0));
    let catalog = catalog::read(&Home::open(home.path()).unwrap()).unwrap();
    let var = home.path().join("var");
    let ledger = explain::ledger(&var.join("lake")).unwrap().unwrap();
    let desk = Desk::open(&catalog, &var, ledger).unwrap();
    let everybody = desk.everybody().unwrap();
    let mut walked = Walked {
        catalog: &catalog,
        released: released(home.path()),
        statements: HashMap::new(),
        units: HashMap::new(),
        levels: BTreeMap::new(),
    };
    let published = walked.released.len();
    let begun = std::time::Instant::now();
    everybody.walk(&mut |worked, measures| walked.see(&worked, measures)).unwrap();
    println!("{published} walked in {:?}: {:?}", begun.elapsed(), walked.levels);
    let left: Vec<_> = walked.released.iter().take(5).collect();
    assert!(left.is_empty(), "nobody explains {left:?}");
    let levels: Vec<&str> = walked.levels.keys().copied().collect();
    assert_eq!(levels, ["category", "city", "county", "parent", "section", "unit"]);
    let mut asked = walked.statements.into_iter().collect::<Vec<_>>();
    asked.sort();
    let statements: Vec<String> = asked.iter().map(|(_, (sql, _))| sql.clone()).collect();
    let begun = std::time::Instant::now();
    let Some(answers) = python::walked(&statements) else { return };
    println!("{} counted in {:?}", statements.len(), begun.elapsed());
    assert_eq!(answers.len(), asked.len());
    for (answer, (name, (sql, amount))) in answers.iter().zip(&asked) {
        if sql.contains("quantile_cont") {
            assert_eq!(answer.is_some(), amount.is_some(), "{name:?} {sql}");
            let apart = answer.zip(*amount).map(|(x, y)| (float(x) - float(y)).abs());
            assert!(apart.unwrap_or(0.0) < 1e-9, "{name:?} {sql}");
        } else {
            assert_eq!(answer, amount, "{name:?} {sql}");
        }
    }
}
