//! Is a published number what its explanation says? DuckDB counts every measure again from the lake, by
//! the SQL that is printed, and the formula is worked out again from what it counts.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use shuping::base::period::Period;
use shuping::explain;
use shuping::explain::Desk;
use shuping::explain::Question;
use shuping::measure::groups::Level;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::formula::Formula;
use shuping::spec::formula::Over;
use shuping::spec::formula::Parts;
use shuping::spec::formula::Spread;
use shuping::spec::home::Home;

use crate::python;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;

fn exact(value: &Value) -> Option<Exact> {
    value.as_str().map(|text| text.parse().unwrap())
}

#[expect(clippy::cast_precision_loss, reason = "compared to nine places")]
pub(crate) fn float(value: Exact) -> f64 {
    *value.numer() as f64 / *value.denom() as f64
}

/// The units with the most values that are told, and one for every metric that none of them has.
fn units(warehouse: &Path) -> Vec<String> {
    let most = "with most as (
            select unit_id from metric_value where status in ('ok', 'few') and numerator <> 0 and unit_id is not null
            group by unit_id order by count(*) desc, unit_id limit 10
        )
        select unit_id from most
        union
        select min(unit_id) from metric_value
        where metric not in (select metric from metric_value join most using (unit_id))
        group by metric";
    ask(warehouse, most).into_iter().flatten().collect()
}

/// For every metric and unit the last told value of the unit, a section and a part.
fn questions(warehouse: &Path, unit: &str) -> Vec<[String; 4]> {
    let last = format!(
        "select metric, coalesce(section_id, ''), coalesce(dim_value, ''), max(period)
         from metric_value where unit_id = '{unit}' and period_kind <> 'month'
         group by metric, section_id is null, dim_value is null"
    );
    let rows = ask(warehouse, &last).into_iter();
    rows.map(|row| row.try_into().unwrap()).collect()
}

fn explanations(home: &Path, catalog: &Catalog) -> Vec<Value> {
    let (var, warehouse) = (home.join("var"), home.join("var/warehouse.db"));
    let ledger = explain::ledger(&var.join("lake")).unwrap().unwrap();
    let desk = Desk::open(catalog, &var, ledger).unwrap();
    let metrics: Vec<_> = catalog.metrics().collect();
    let mut found = Vec::new();
    for id in units(&warehouse) {
        let unit = desk.unit(&id, &metrics).unwrap();
        let asked = questions(&warehouse, &id);
        let questions = asked.iter().map(|[metric, section, part, period]| Question {
            metric,
            section: (!section.is_empty()).then_some(section.as_str()),
            part: (!part.is_empty()).then_some(part.as_str()),
            period,
        });
        let explained = unit.explain(&questions.collect::<Vec<_>>()).unwrap();
        found.extend(explained.iter().map(explain::json));
    }
    for (level, key) in groups(&warehouse) {
        let group = desk.group((Level::named(&level).unwrap(), &key), &metrics).unwrap();
        let asked = of_group(&warehouse, &level, &key);
        let (section, part) = (None, None);
        let questions =
            asked.iter().map(|[metric, period]| Question { metric, section, part, period });
        let explained = group.explain(&questions.collect::<Vec<_>>()).unwrap();
        found.extend(explained.iter().map(explain::json));
    }
    found
}

/// Of every level above the unit the group with the most values.
fn groups(warehouse: &Path) -> Vec<(String, String)> {
    let most = "select level, dim_value from (
            select level, dim_value, row_number() over (partition by level order by count(*) desc, dim_value) as place
            from metric_value where unit_id is null and status in ('ok', 'few') group by 1, 2
        ) where place = 1 order by 1";
    let rows = ask(warehouse, most).into_iter().map(|row| <[String; 2]>::try_from(row).unwrap());
    rows.map(|[level, key]| (level, key)).collect()
}

/// For every twelfth metric the last told value of a group; `walk` asks for all.
fn of_group(warehouse: &Path, level: &str, key: &str) -> Vec<[String; 2]> {
    let last = format!(
        "select metric, max(period) from metric_value where level = '{level}' and dim_value = '{key}'
         and unit_id is null and period_kind <> 'month' group by metric"
    );
    let every = ask(warehouse, &last).into_iter().step_by(12);
    every.map(|row| row.try_into().unwrap()).collect()
}

/// A section, and the value of a dimension.
pub(crate) type Place = (Option<String>, Option<String>);

/// What DuckDB counted, by measure and place, and the months that are known.
pub(crate) struct Again<'c> {
    pub(crate) catalog: &'c Catalog,
    pub(crate) amounts: BTreeMap<(String, Place, Period), Option<f64>>,
    pub(crate) months_known: BTreeMap<Period, Option<f64>>,
    /// The period that is asked: a formula may look at another.
    pub(crate) period: Cell<Period>,
    pub(crate) parts: Vec<Place>,
}

impl Again<'_> {
    fn named(&self, name: &str, place: &Place) -> Option<f64> {
        if name == "months_known" {
            return self.months_known.get(&self.period.get()).copied().flatten();
        }
        if let Some(metric) = self.catalog.metrics().find(|metric| metric.name == name) {
            return self.value(&metric.value, place);
        }
        let key = (name.to_owned(), place.clone(), self.period.get());
        *self.amounts.get(&key).unwrap_or_else(|| panic!("{key:?} was not explained"))
    }

    pub(crate) fn value(&self, formula: &Formula, place: &Place) -> Option<f64> {
        let pair = |x, y| Some((self.value(x, place)?, self.value(y, place)?));
        match formula {
            Formula::Name(name) => self.named(name, place),
            Formula::Number(number) => Some(float(*number)),
            Formula::Add(x, y) => pair(x, y).map(|(x, y)| x + y),
            Formula::Subtract(x, y) => pair(x, y).map(|(x, y)| x - y),
            Formula::Multiply(x, y) => pair(x, y).map(|(x, y)| x * y),
            Formula::Divide(x, y) => pair(x, y).filter(|(_, y)| *y != 0.0).map(|(x, y)| x / y),
            Formula::Greatest(x, y) => pair(x, y).map(|(x, y)| x.max(y)),
            // No reference ships, so that nothing is told of peers.
            Formula::Peers(_) => None,
            Formula::OfUnit(x) => self.value(x, &(None, place.1.clone())),
            Formula::At(shift, x) => {
                let told = self.period.get();
                self.period.set(shift.of(told)?);
                let value = self.value(x, place);
                self.period.set(told);
                value
            }
            Formula::Over(kind, over) => self.over(*kind, over, place),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a unit has far fewer than 2^52 parts")]
    fn over(&self, kind: Spread, over: &Over, place: &Place) -> Option<f64> {
        let is_itself = self.parts.iter().all(|part| part == place);
        let is_section = over.parts == Parts::Sections && place.0.is_some();
        if !is_itself && (place.1.is_some() || is_section) {
            return None;
        }
        let limit = over.limit.as_ref().and_then(|limit| self.value(limit, place));
        let least = limit.filter(|_| kind != Spread::CountBelow).unwrap_or(0.0);
        let shares = self.parts.iter().filter_map(|part| {
            Some((self.value(&over.above, part)?, self.value(&over.below, part)?))
        });
        let shares: Vec<(f64, f64)> =
            shares.filter(|(_, below)| *below > 0.0 && *below >= least - 1e-12).collect();
        let [above, below] = [shares.iter().map(|s| s.0).sum(), shares.iter().map(|s| s.1).sum()];
        let (above, below): (f64, f64) = (above, below);
        let ratios: Vec<f64> = shares.iter().map(|(above, below)| above / below).collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        let total: f64 = ratios.iter().sum();
        let hoover = || {
            let apart =
                shares.iter().map(|(x, y)| (x / above - y / below).abs()).sum::<f64>() / 2.0;
            (shares.len() > 1 && above > 0.0).then_some(apart)
        };
        let most = ratios.iter().copied().fold(f64::MIN, f64::max);
        let fewest = ratios.iter().copied().fold(f64::MAX, f64::min);
        match kind {
            Spread::Hoover => hoover(),
            Spread::ToMove => hoover().map(|hoover| hoover * below),
            Spread::Cv => (ratios.len() > 1 && total > 0.0).then(|| {
                let squares = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
                (squares / ratios.len() as f64).sqrt() / mean
            }),
            Spread::MaxMin => (ratios.len() > 1 && fewest > 0.0).then(|| most / fewest),
            // Σ y/Y · r ln r, where r is x/y over X/Y: the same as Σ x/X · ln r.
            Spread::Theil => (ratios.len() > 1 && above > 0.0).then(|| {
                let lively = shares.iter().filter(|(x, _)| *x > 0.0);
                lively.map(|(x, y)| x / above * (x / y * below / above).ln()).sum()
            }),
            Spread::Herfindahl => {
                (total > 0.0).then(|| ratios.iter().map(|r| (r / total).powi(2)).sum())
            }
            Spread::CountNonzero => Some(ratios.iter().filter(|r| **r != 0.0).count() as f64),
            Spread::CountBelow => {
                let limit = limit?;
                Some(ratios.iter().filter(|r| **r < limit - 1e-12).count() as f64)
            }
            Spread::Sum => Some(total),
        }
    }
}

fn place(of: &Value) -> Place {
    let text = |name: &str| of[name].as_str().map(str::to_owned);
    (text("section_id"), text("dim_value"))
}

/// The measures of explanations that DuckDB gives exactly, and the values that their formulas give.
fn check(explained: &[Value], answers: &[Option<Exact>], catalog: &Catalog) -> (usize, usize) {
    let (mut answers, mut measures, mut values) = (answers.iter(), 0, 0);
    for one in explained {
        let named = || {
            format!("{} {} {} {}", one["metric"], one["unit_id"], one["dim_value"], one["period"])
        };
        let period = |of: &Value| of["period"].as_str().unwrap().parse::<Period>().unwrap();
        let mut again = Again {
            catalog,
            amounts: BTreeMap::new(),
            months_known: BTreeMap::new(),
            period: Cell::new(period(one)),
            parts: Vec::new(),
        };
        for measure in one["measures"].as_array().unwrap() {
            let per: i128 = measure["per"].as_str().unwrap().parse().unwrap();
            let counted = answers.next().unwrap().map(|value| value / Exact::from(per));
            let told = exact(&measure["amount"]);
            if measure["sql"].as_str().unwrap().contains("quantile_cont") {
                let apart = counted.zip(told).map(|(x, y)| (float(x) - float(y)).abs());
                assert_eq!(counted.is_some(), told.is_some(), "{} {measure:#}", named());
                assert!(apart.unwrap_or(0.0) < 1e-9, "{} {measure:#}", named());
            } else {
                assert_eq!(counted, told, "{} {measure:#}", named());
            }
            let name = measure["measure"].as_str().unwrap().to_owned();
            let key = (name, place(measure), period(measure));
            again.amounts.insert(key, counted.map(float));
            measures += 1;
        }
        if ["withheld", "not_applicable"].contains(&one["status"].as_str().unwrap()) {
            continue;
        }
        let steps = one["steps"].as_array().unwrap();
        let known = steps.iter().filter(|step| step["name"] == "months_known");
        let known = known.map(|step| (period(step), exact(&step["value"]).map(float)));
        again.months_known = known.collect();
        let parts = one["overs"].as_array().unwrap().iter();
        again.parts = parts.flat_map(|over| over["parts"].as_array().unwrap()).map(place).collect();
        again.parts.sort();
        again.parts.dedup();
        let metric =
            catalog.metrics().find(|metric| one["metric"] == metric.name.as_str()).unwrap();
        let Some(told) = exact(&one["value"]) else { continue };
        let is_group = one["unit_id"].is_null();
        let place = if is_group { (None, None) } else { place(one) };
        let value = match &one["overs"][0]["formula"] {
            // What is only summed is what its units come to.
            Value::String(sum) if is_group && sum.ends_with("OVER units)") => {
                let parts = one["overs"][0]["parts"].as_array().unwrap().iter();
                parts.map(|part| float(exact(&part["above"]).unwrap())).sum()
            }
            _ => again.value(&metric.value, &place).unwrap(),
        };
        let apart = (value - float(told)).abs();
        assert!(apart <= 1e-9 * float(told).abs().max(1.0), "{} {value} {told}", named());
        values += 1;
    }
    assert!(answers.next().is_none());
    (measures, values)
}

/// Metrics that ask other periods than their own, and a spread that no shipped one has.
const DRAFTED: &str = r#"
[[metric]]
name        = "cases_uneven"
title       = "科室办结量差异"
value       = "THEIL(cases_done / people OVER sections)"
measured_in = "1"
decimals    = 3
grain       = ["unit"]
period      = ["quarter", "year"]
basis       = "试"
means       = "科室人均办结量的泰尔指数。"

[[metric]]
name        = "cases_change"
title       = "办结量变化"
value       = "cases_done / YOY(cases_done) - 1"
measured_in = "%"
decimals    = 3
grain       = ["unit", "section"]
period      = ["year"]
basis       = "试"
means       = "办结量比上年同期的变化。"

[[metric]]
name        = "handling_mean_rest"
title       = "办理时长变化"
value       = "YTD(handling_mean) - PREV(handling_mean)"
measured_in = "工作日"
decimals    = 2
grain       = ["unit"]
period      = ["quarter"]
basis       = "试"
means       = "年初至期末的平均办理时长,减去上一季度的。"
"#;

#[test]
fn duckdb_counts_every_metric_again_by_the_sql_that_is_printed() {
    let world = World::of(2);
    let home = World::home();
    let pipeline = home.path().join("pipelines/service.toml");
    let shipped = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, shipped + DRAFTED).unwrap();
    let night = world.night(home.path(), NIGHT).output().unwrap();
    assert_eq!(night.status.code(), Some(0));
    let catalog = Home::open(home.path()).unwrap().catalog().unwrap();
    let explained = explanations(home.path(), &catalog);
    for one in &explained {
        assert_eq!(one["published"]["agrees"], true, "{one:#}");
    }
    let metrics: std::collections::BTreeSet<&str> =
        explained.iter().map(|one| one["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics.len(), catalog.metrics().count());
    let measures = explained.iter().flat_map(|one| one["measures"].as_array().unwrap());
    let statements: Vec<String> = measures
        .map(|measure| {
            assert_eq!(measure["runs_in_duckdb"], true, "{measure:#}");
            measure["sql"].as_str().unwrap().to_owned()
        })
        .collect();
    for (metric, period, other) in
        [("cases_change", "2025", "2024"), ("handling_mean_rest", "2025Q4", "2025Q3")]
    {
        let of = |one: &&Value| one["metric"] == metric && one["period"] == period;
        let of_other = |measure: &&Value| measure["period"] == other;
        let told = explained.iter().filter(of).flat_map(|one| one["measures"].as_array().unwrap());
        assert!(told.filter(of_other).count() > 0, "{metric} says nothing of {other}");
    }
    let uneven = explained.iter().filter(|one| one["metric"] == "cases_uneven");
    assert!(uneven.filter_map(|one| exact(&one["value"])).any(|value| value > Exact::from(0)));
    if let Some(answers) = python::answers(&statements, None) {
        let (measures, values) = check(&explained, &answers, &catalog);
        assert!(measures > 1500 && values > 600, "{measures} measures, {values} values");
    }
    the_command_line(&world, home.path());
    a_group_of_units_is_explained_on_the_command_line(&world, home.path());
}

/// The lake no longer has cases, but all of it still has people.
fn a_group_of_units_is_explained_on_the_command_line(world: &World, home: &Path) {
    let (level, key) = groups(&home.join("var/warehouse.db")).remove(0);
    let asked = ["headcount", "--level", &level, "--group", &key, "--period", "2025"];
    let (code, told, wrong) = said(world, home, &asked);
    assert_eq!(code, Some(0), "{wrong}");
    assert!(told.starts_with("headcount "), "{told}");
    for part in [format!("{level} {key}   2025\n"), "where _unit in ('JN".to_owned()] {
        assert!(told.contains(&part), "{part}\n{told}");
    }
    assert!(told.contains("release 2026-01-06.1 says the same"), "{told}");
    for (arguments, code, near) in [
        (&["headcount", "--level", &level, "--group", "none", "--period", "2025"][..], 2, &key),
        (&["headcount", "--level", &level, "--period", "2025"][..], 2, &"--group".to_owned()),
        (&["headcount", "--period", "2025"][..], 2, &"--unit".to_owned()),
    ] {
        let (found, told, wrong) = said(world, home, arguments);
        assert_eq!((found, told.as_str()), (Some(code), ""), "{wrong}");
        assert!(wrong.contains(near.as_str()), "{near}: {wrong}");
    }
    let (code, told, wrong) =
        said(world, home, &["headcount", "--level", "city", "--period", "2025"]);
    assert_eq!(code, Some(0), "{wrong}");
    assert!(told.contains("嘉宁市") && told.contains("says the same"), "{told}");
}

/// What the program prints to stdout and stderr, and its code.
fn said(world: &World, home: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = world.shuping(home).arg("explain").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn the_command_line(world: &World, home: &Path) {
    let most = "select metric_value.unit_id, unit.name from metric_value
        join unit on unit.unit_id = metric_value.unit_id
        where metric = 'on_time_rate' and period = '2025' and status = 'ok' and section_id is null
        order by denominator desc limit 1";
    let [id, name]: [String; 2] =
        ask(&home.join("var/warehouse.db"), most).remove(0).try_into().unwrap();
    let asked = ["on_time_rate", "--unit", &name, "--period", "2025"];
    let (code, told, wrong) = said(world, home, &asked);
    assert_eq!(code, Some(0), "{wrong}");
    for part in [
        format!("on_time_rate 按时办结率   {name} ({id})   2025\n"),
        "definition 1, pipelines/service.toml:".to_owned(),
        "= cases_done_on_time / cases_done_with_due\n".to_owned(),
        "status ok: cases_done_with_due = ".to_owned(),
        "count(*) filter (where is_closed and on_time)\n".to_owned(),
        format!("where _unit = '{id}' and _month between 202501 and 202512"),
        "on_time = ON_TIME(closed_at, due_at, suspended_workdays)".to_owned(),
        "rows from service.cases, nights 2026-01-06 to 2026-01-06".to_owned(),
        "2024: ".to_owned(),
        "release 2026-01-06.1 says the same; night 2026-01-06, as of 2025-12-31".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}\n{told}");
    }
    let by_id = ["on_time_rate", "--unit", &id, "--period", "2025", "--lang", "zh"];
    let (_, chinese, _) = said(world, home, &by_id);
    assert!(chinese.contains("与发布 2026-01-06.1 一致"), "{chinese}");
    assert!(chinese.contains("状态 ok:cases_done_with_due = "), "{chinese}");

    let (_, rows, _) = said(world, home, &[&asked[..], &["--rows"]].concat());
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let head = reader.headers().unwrap().clone();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let due = (at("=cases_done_with_due"), at("_source"), at("case_id"));
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let counted = lines.iter().filter(|line| &line[due.0] == "1").count();
    assert!(told.contains(&format!("cases_done_with_due = {counted},")), "{counted}\n{told}");
    assert!(lines.iter().all(|line| !line[due.1].is_empty() && !line[due.2].is_empty()));

    rows_about_persons_are_shown_for_a_purpose(world, home, &id);

    for (arguments, near) in [
        (["on_time_rat", "--unit", &id, "--period", "2025"], "on_time_rate"),
        (["on_time_rate", "--unit", "没有这个局", "--period", "2025"], ""),
        (["on_time_rate", "--unit", &id, "--period", "2031"], "2025"),
    ] {
        let (code, told, wrong) = said(world, home, &arguments);
        assert_eq!((code, told.as_str()), (Some(2), ""), "{wrong}");
        assert!(wrong.starts_with("error: no") || wrong.starts_with("error: this"), "{wrong}");
        assert!(wrong.contains(near), "{wrong}");
    }
    a_release_that_says_otherwise(world, home, &asked);
}

/// Of people only the places are told, and only to whoever says what for.
fn rows_about_persons_are_shown_for_a_purpose(world: &World, home: &Path, id: &str) {
    let people = ["headcount", "--unit", id, "--period", "2025", "--rows"];
    let noted = || fs::read_to_string(home.join("var/access.jsonl")).unwrap();
    let before = noted();
    for purpose in [&[][..], &["--purpose", " "]] {
        let (code, rows, wrong) = said(world, home, &[&people[..], purpose].concat());
        assert_eq!((code, rows.as_str()), (Some(2), ""), "{wrong}");
        assert!(wrong.contains("hint: add `--purpose"), "{wrong}");
    }
    assert_eq!(noted(), before, "nobody has read anything");
    let purpose = ["--purpose", "复核 519902198703051234"];
    let (code, rows, wrong) = said(world, home, &[&people[..], &purpose].concat());
    assert_eq!(code, Some(0), "{wrong}");
    let line = noted().lines().last().unwrap().to_owned();
    let line: Value = serde_json::from_str(&line).unwrap();
    let read = (&line["verb"], &line["what"]["metric"], &line["what"]["unit"], &line["purpose"]);
    assert_eq!(read, (&"explain --rows".into(), &"headcount".into(), &id.into(), &"复核 …".into()));
    assert_eq!(line["rows"], rows.lines().count() - 1);
    assert!(line["time"].is_string() && line["user"].is_string(), "{line}");
    let head = rows.lines().next().unwrap();
    let columns = "fact,_unit,_section,_month,=people,_system,_stream,_night,_source,_row";
    assert_eq!(head, columns);
    assert!(rows.contains("staffing,"), "{rows}");
}

/// The lake no longer gives what was published: somebody exchanged the rows of a fact.
fn a_release_that_says_otherwise(world: &World, home: &Path, asked: &[&str]) {
    fs::remove_dir_all(home.join("var/lake/fact/case")).unwrap();
    let (code, _, wrong) = said(world, home, asked);
    assert_eq!(code, Some(74), "{wrong}");
    assert!(wrong.contains("run night 2026-01-06 again"), "{wrong}");
}
