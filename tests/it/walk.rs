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

use serde_json::Value;
use shuping::base::cell::decimal_text;
use shuping::base::period::Period;
use shuping::explain;
use shuping::explain::Counted;
use shuping::explain::Desk;
use shuping::measure::cube::Spot;
use shuping::measure::evaluate::rounded;
use shuping::measure::worked::Use;
use shuping::measure::worked::Worked;
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
            // What is summed names the counts of every unit, and each value is that of the unit itself.
            let of_unit = |unit: &str| {
                let key = (told.metric.name.clone(), unit.to_owned(), told.period);
                let value = self.of_place(worked, &|spot| spot.0.0 == unit);
                let value = value.value(&told.metric.value, &(None, None)).unwrap();
                let own = float(self.units[&key]);
                assert!((value - own).abs() <= 1e-9 * own.abs().max(1.0), "{key:?} {value} {own}");
                value
            };
            return sum.parts.iter().map(|part| of_unit(&part.spot.0.0)).sum();
        }
        let again = self.of_place(worked, &|_| true);
        let part = told.part.clone().filter(|_| !told.level.is_above());
        let place = place(&((String::new(), told.place.1.clone()), part));
        again.value(&told.metric.value, &place).unwrap()
    }

    /// What is named of some places.
    fn of_place(&self, worked: &Worked<'c>, is_of: &dyn Fn(&Spot) -> bool) -> Again<'c> {
        let amount = |used: &Use| {
            ((used.measure.clone(), place(&used.spot), used.period), used.amount.map(float))
        };
        let known = worked.steps.iter().filter(|step| step.name == "months_known");
        let parts = worked.overs.iter().filter(|over| !over.formula.ends_with("OVER units)"));
        let parts = parts.flat_map(|over| &over.parts).filter(|part| is_of(&part.spot));
        Again {
            catalog: self.catalog,
            amounts: worked.uses.iter().filter(|used| is_of(&used.spot)).map(amount).collect(),
            months_known: known.map(|step| (step.period, step.value.map(float))).collect(),
            period: Cell::new(worked.told.period),
            parts: parts
                .map(|part| place(&part.spot))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        }
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
            let here = released.iter().filter(|([level, metric, ..], (_, value))| {
                let is_asked = metrics.iter().any(|of| of.name == *metric);
                level == "unit" && !value.is_empty() && is_asked
            });
            for ([_, metric, unit, ..], _) in here {
                told.entry(unit).or_default().insert(metric);
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
    let catalog = Home::open(home.path()).unwrap().catalog().unwrap();
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
    every_line_of_a_score_is_worth_what_its_explanation_says(&desk, home.path());
}

/// The points of each line are worked out again from the numbers that its explanation names; what the lines earn is the
/// score, and their values are those of the metrics.
#[expect(clippy::print_stdout, reason = "how much was walked")]
fn every_line_of_a_score_is_worth_what_its_explanation_says(desk: &Desk<'_>, home: &Path) {
    let told = released(home);
    let file = home.join("var/release").join(format!("{NIGHT}.1")).join("score.csv");
    let mut lines = csv::Reader::from_path(file).unwrap();
    let at = lines.headers().unwrap().iter().position(|name| name.ends_with("unit_id")).unwrap();
    let units: Vec<String> = lines.records().map(|line| line.unwrap()[at].to_owned()).collect();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for unit in &units {
        let scored = explain::scored_json(&desk.scored("score", unit, "2025").unwrap());
        let mut earned = 0.0;
        let leaves = scored["leaves"].as_array().unwrap();
        for leaf in leaves {
            let number = |name: &str| number(&leaf[name]);
            let [most, available, own] = ["points", "available", "earned"].map(number);
            let own = own.unwrap();
            earned += own;
            if let Some(value) = leaf["value"].as_str() {
                let word = |name: &str| leaf[name].as_str().unwrap_or_default().to_owned();
                let key = ["unit".to_owned(), word("metric"), unit.clone()];
                let [level, metric, unit] = key;
                let none = String::new;
                let key = [level, metric, unit, none(), none(), "2025".to_owned()];
                assert_eq!(decimal(&told[&key].1), decimal(value), "{leaf:#}");
            }
            let earns = &leaf["earns"];
            if earns.is_null() {
                assert!(own == 0.0 && leaf["state"] != "scored", "{leaf:#}");
                continue;
            }
            let points = points(earns, most.unwrap());
            *kinds.entry(earns["method"]["kind"].as_str().unwrap().to_owned()).or_default() += 1;
            // What can be had is told in hundredths.
            let again = points * available.unwrap() / most.unwrap();
            assert!((again - own).abs() < 0.0051, "{again} {leaf:#}");
            if let Some([alpha, beta, above, below]) = prior(&earns["prior"]) {
                let seen = number_of(&earns["seen"]);
                assert!(((alpha + above) / (alpha + beta + below) - seen).abs() < 1e-9, "{leaf:#}");
            }
        }
        let whole = |name: &str| number(&scored["score"][name]);
        assert!((whole("points_earned").unwrap() - earned).abs() < 1e-6, "{unit}");
        if let Some(score) = whole("data_score") {
            let again = earned * 100.0 / whole("points_available").unwrap();
            assert!((again - score).abs() < 0.01, "{unit} {again} {score}");
        }
        // One leaf is told alone as it is among all.
        let first = leaves[0]["leaf"].as_str().unwrap();
        let alone = explain::scored_json(&desk.scored(first, unit, "2025").unwrap());
        assert_eq!(alone["leaves"], serde_json::json!([leaves[0]]));
    }
    println!("lines of {} scores: {kinds:?}", units.len());
    assert!(units.len() > 10 && kinds.len() >= 4, "{kinds:?}");
    assert!(desk.scored("score", &units[0], "2019").is_err());
}

fn number(value: &Value) -> Option<f64> {
    value.as_str().map(|text| float(decimal(text).unwrap()))
}

fn number_of(value: &Value) -> f64 {
    float(value.as_str().unwrap().parse().unwrap())
}

fn prior(value: &Value) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = value.as_array()?.iter().map(number_of).collect();
    numbers.try_into().ok()
}

/// The points of so many that a rule gives for what it saw.
fn points(earns: &Value, most: f64) -> f64 {
    let (method, part) = (&earns["method"], number_of(&earns["part"]));
    if earns["seen"].is_null() {
        return 0.0;
    }
    let (seen, of) = (number_of(&earns["seen"]), |name: &str| number_of(&method[name]));
    let share = |share: f64| most * share.clamp(0.0, 1.0);
    part * match method["kind"].as_str().unwrap() {
        "deduct" => {
            let gap = seen - of("target");
            let gap = if method["direction"] == "above" { gap } else { -gap };
            let steps = gap.max(0.0) / of("per");
            let steps = match method["partial"].as_str().unwrap() {
                "floor" => (steps + 1e-9).floor(),
                "ceil" => (steps - 1e-9).ceil(),
                _ => steps,
            };
            (most - of("points") * steps).max(of("floor"))
        }
        "linear" => {
            let knots = method["knots"].as_array().unwrap().iter();
            let knots: Vec<[f64; 2]> =
                knots.map(|knot| [0, 1].map(|at| number_of(&knot[at]))).collect();
            let last = knots[knots.len() - 1];
            let on = knots.windows(2).find(|pair| (pair[0][0]..pair[1][0]).contains(&seen));
            match on {
                Some(pair) => {
                    let way = (seen - pair[0][0]) / (pair[1][0] - pair[0][0]);
                    pair[0][1] + way * (pair[1][1] - pair[0][1])
                }
                None if seen < knots[0][0] => knots[0][1],
                None => last[1],
            }
        }
        "goalposts" => share((seen - of("worst")) / (of("best") - of("worst"))),
        "band" => {
            let [ideal, zero] =
                ["ideal", "zero"].map(|name| [0, 1].map(|at| number_of(&method[name][at])));
            let up = (seen - zero[0]) / (ideal[0] - zero[0]);
            share(up.min((zero[1] - seen) / (zero[1] - ideal[1])))
        }
        "steps" => {
            let holds = |step: &&Value| {
                let bound = number_of(&step[1]);
                match step[0].as_str().unwrap() {
                    ">=" => seen >= bound,
                    ">" => seen > bound,
                    "<=" => seen <= bound,
                    _ => seen < bound,
                }
            };
            let step = method["steps"].as_array().unwrap().iter().find(holds);
            step.map_or(of("else"), |step| number_of(&step[2]))
        }
        "ratio_to_plan" => share((seen / of("plan")).min(of("cap"))),
        other => panic!("{other}"),
    }
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
