//! How is a file of `pipelines/` read? With every fault at its place.

use super::Base;
use super::Derived;
use super::Fact;
use super::FactKind;
use super::Grain;
use super::Limit;
use super::Make;
use super::Measure;
use super::Metric;
use super::Only;
use super::Pipeline;
use super::life;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::base::period::PeriodKind;
use crate::spec::connector::format_1;
use crate::spec::example;
use crate::spec::formula;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula_sql;
use crate::spec::parse;
use crate::spec::reader::Faults;
use crate::spec::reader::Found;
use crate::spec::reader::Table;
use crate::spec::reader::text_of;
use crate::spec::reader::texts_of;
use crate::spec::repeat::each;
use crate::spec::schema::is_table;
use crate::spec::scoring::scores;
use crate::spec::sql::Expr;
use crate::spec::tree;
use crate::spec::tree::Entry;
use crate::spec::tree::Node;
use crate::spec::tree::Value;

/// Reads one pipeline.
///
/// # Errors
/// Every fault of the file.
pub fn read_pipeline(file: &str, name: &str, text: &str) -> Result<Pipeline, Vec<Diagnostic>> {
    let root = tree::from_toml(file, text).map_err(|fault| vec![fault])?;
    let faults = Faults::of(file);
    let pipeline = {
        let root = Table::of(&root, "", &faults);
        format_1(&root);
        let only = only(&root);
        let metrics = each(&root, "metric");
        // So are the definitions that it had before.
        let for_whom = |metric: Metric| {
            let earlier = metric.earlier.into_iter();
            let earlier = earlier.map(|it| Metric { only: only.clone(), ..it }).collect();
            Metric { only: only.clone(), earlier, ..metric }
        };
        Pipeline {
            name: name.to_owned(),
            title: root.need_text("title"),
            facts: root.tables("fact").iter().filter_map(fact).collect(),
            measures: each(&root, "measure").iter().filter_map(|m| measure(m, &faults)).collect(),
            metrics: metrics.iter().map(|m| for_whom(metric(m, &faults))).collect(),
            examples: root.tables("example").iter().filter_map(example::example).collect(),
            only,
            file: file.to_owned(),
        }
    };
    if faults.count() == 0 { Ok(pipeline) } else { Err(faults.into_list()) }
}

/// The categories of units (DOMAIN.md 1).
const CATEGORIES: [&str; 6] =
    ["party_department", "government_department", "institution", "park", "township", "subdistrict"];

/// `units` and `category` at the top of a file.
fn only(root: &Table<'_>) -> Option<Only> {
    let is_there = ["units", "category"].map(|key| root.node(key).is_some());
    let known = CATEGORIES.map(|name| (name, name));
    let categories = if is_there[1] { words(root, "category", &known) } else { Vec::new() };
    let categories = categories.into_iter().map(str::to_owned).collect();
    let only = Only { units: root.texts("units"), categories };
    is_there.contains(&true).then_some(only)
}

#[derive(Clone, Copy)]
enum Kind {
    Event,
    Span,
    Stock,
}

fn fact(table: &Table<'_>) -> Option<Fact> {
    let name = table.need_text("name");
    let source = table.found_text("table");
    if source.is_none() {
        table.missing("table", "\"service_case\"");
    }
    let kinds = [("event", Kind::Event), ("span", Kind::Span), ("stock", Kind::Stock)];
    let kind = table.word("kind", &kinds);
    if kind.is_none() && table.node("kind").is_none() {
        table.missing("kind", "\"event\"");
    }
    let kind = match kind? {
        Kind::Event => FactKind::Event { time: needed(table, "time")? },
        Kind::Span => FactKind::Span {
            from: needed(table, "from")?,
            to: needed(table, "to")?,
            share: table.found_text("share"),
        },
        Kind::Stock => FactKind::Stock {
            from: table.found_text("from"),
            to: table.found_text("to"),
            passes_on: table.flag("passes_on"),
        },
    };
    let unit = table.found_text("unit").unwrap_or_else(|| Found {
        value: "unit_id".to_owned(),
        place: table.place,
        key: table.name("unit"),
    });
    Some(Fact {
        name,
        table: source?,
        kind,
        unit,
        section: table.found_text("section"),
        by: table.found_texts("by"),
        keep: condition(table, "where"),
        derive: derived(table),
        file: table.faults.file.clone(),
    })
}

fn needed(table: &Table<'_>, key: &'static str) -> Option<Found<String>> {
    let found = table.found_text(key);
    if found.is_none() {
        table.missing(key, "\"…\"");
    }
    found
}

fn condition(table: &Table<'_>, key: &'static str) -> Option<(Found<String>, Expr)> {
    let text = table.found_text(key)?;
    parse::row(&text, table.faults).map(|expr| (text, expr))
}

fn derived(table: &Table<'_>) -> Vec<Derived> {
    let Some(derive) = table.table("derive") else { return Vec::new() };
    let make = |entry: &Entry| {
        let key = derive.name(&entry.key);
        if is_table(&entry.node) {
            let inner = Table::of(&entry.node, &key, derive.faults);
            if let Some(on) = condition(&inner, "on") {
                return Some(Make::Spell { on });
            }
            if let Some(list) = inner.found_text("listed") {
                return Some(Make::Listed { list, value: needed(&inner, "value")? });
            }
            let fact = needed(&inner, "exists")?;
            return Some(Make::Exists { fact, keep: condition(&inner, "where") });
        }
        let value = text_of(&entry.node, &key, derive.faults)?;
        let text = Found { value, place: entry.node.place, key };
        parse::row(&text, derive.faults).map(|expr| Make::Sql(text, expr))
    };
    let entries = derive.free().into_iter();
    entries.filter_map(|e| Some(Derived { name: e.key.clone(), make: make(e)? })).collect()
}

fn measure(node: &Node, faults: &Faults) -> Option<Measure> {
    let table = &Table::of(node, &path("measure", node), faults);
    let name = table.need_text("name");
    let title = table.text("title").unwrap_or_default();
    let fact = needed(table, "fact");
    let time = table.found_text("time");
    let measured_in = table.need_text("measured_in");
    let at_quarter_ends = table.flag("at_quarter_ends");
    let per = table.count("per").map_or(1, i128::from).max(1);
    let sql = needed(table, "sql")?;
    let aggregate = parse::aggregate(&sql, faults)?;
    let fact = fact?;
    Some(Measure { name, title, fact, time, sql, aggregate, measured_in, per, at_quarter_ends })
}

fn metric(node: &Node, faults: &Faults) -> Metric {
    let table = &Table::of(node, &path("metric", node), faults);
    let text = needed(table, "value");
    let value = text.as_ref().and_then(|text| formula_sql::read(text, faults));
    let grain = grain(table);
    let periods = words(table, "period", &kinds_of_period());
    let finding = limit(table, &periods);
    let name = table.need_text("name");
    let metric = Metric {
        scores: scores(table, &name),
        name,
        title: table.need_text("title"),
        text: text.unwrap_or_else(|| Found {
            value: String::new(),
            place: table.place,
            key: table.name("value"),
        }),
        value: value.unwrap_or_else(|| Formula::Number(Exact::from(0))),
        measured_in: table.need_text("measured_in"),
        decimals: table.count("decimals").map_or(0, |n| u8::try_from(n.min(12)).unwrap_or(12)),
        direction: direction(table),
        periods_of: periods_of(table, (&grain, &periods)),
        grain,
        periods,
        need: base(table, "need"),
        few: base(table, "min_base"),
        withhold: base(table, "withhold"),
        finding,
        evidence: evidence(table),
        is_additive: table.flag("additive"),
        is_rolled_up: table.flag_or("rollup", true),
        only: None,
        basis: table.need_text("basis"),
        version: table.whole("version").unwrap_or(1),
        life: life::life(table),
        earlier: Vec::new(),
        tests: example::tests(table),
        means: table.need_text("means"),
        place: table.place,
        file: faults.file.clone(),
    };
    table.text("means_en");
    Metric { earlier: life::earlier(table, &metric, base), ..metric }
}

fn kinds_of_period() -> [(&'static str, PeriodKind); 5] {
    PeriodKind::ALL.map(|kind| (kind.name(), kind))
}

fn path(key: &str, node: &Node) -> String {
    let Value::Table(entries) = &node.value else { return key.to_owned() };
    let name = entries.iter().find(|entry| entry.key == "name").map(|entry| &entry.node.value);
    match name {
        Some(Value::Text(name)) => format!("{key}.{name}"),
        _ => key.to_owned(),
    }
}

fn evidence(table: &Table<'_>) -> String {
    let words = [("recorded", "recorded"), ("reported", "reported"), ("derived", "derived")];
    table.word("evidence", &words).unwrap_or("recorded").to_owned()
}

fn direction(table: &Table<'_>) -> String {
    match table.node("direction") {
        Some(node) if is_table(node) => {
            let inner = Table::of(node, &table.name("direction"), table.faults);
            if inner.node("range").is_none() {
                inner.missing("range", "[\"0.85\", \"1.10\"]");
            }
            inner.texts("range").join("..")
        }
        Some(_) => {
            let words = [("up", "up"), ("down", "down"), ("none", "none")];
            table.word("direction", &words).unwrap_or("none").to_owned()
        }
        None => "none".to_owned(),
    }
}

fn grain(table: &Table<'_>) -> Vec<Grain> {
    let found = table.texts("grain");
    if found.is_empty() {
        table.missing("grain", "[\"unit\"]");
    }
    found
        .into_iter()
        .map(|word| match word.as_str() {
            "unit" => Grain::Unit,
            "section" => Grain::Section,
            _ => Grain::By(word),
        })
        .collect()
}

/// `period_of = { item = ["year"] }`: a grain that is told less often.
fn periods_of(table: &Table<'_>, told: (&[Grain], &[PeriodKind])) -> Vec<(Grain, Vec<PeriodKind>)> {
    let Some(inner) = table.table("period_of") else { return Vec::new() };
    let (grains, kinds) = told;
    let mut found = Vec::new();
    for entry in inner.free() {
        let name = inner.name(&entry.key);
        let unknown = |word: &str, choices: Vec<&str>| {
            let nouns = vec![("found", word.to_owned()), ("choices", choices.join(", "))];
            inner.faults.add(entry.node.place, &name, Code::NotTold, nouns);
        };
        let Some(grain) = grains.iter().find(|grain| grain.word() == entry.key) else {
            unknown(&entry.key, grains.iter().map(Grain::word).collect());
            continue;
        };
        let mut fewer = Vec::new();
        for word in texts_of(&entry.node, &name, inner.faults) {
            match kinds.iter().find(|kind| kind.name() == word) {
                Some(kind) => fewer.push(*kind),
                None => unknown(&word, kinds.iter().map(|kind| kind.name()).collect()),
            }
        }
        found.push((grain.clone(), fewer));
    }
    found
}

fn words<T: Copy>(table: &Table<'_>, key: &'static str, known: &[(&str, T)]) -> Vec<T> {
    let found = table.texts(key);
    if found.is_empty() {
        table.missing(key, "[\"…\"]");
    }
    let pick = |word: &String| {
        let hit = known.iter().find(|(name, _)| name == word);
        if hit.is_none() {
            let choices = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let nouns = vec![("found", word.clone()), ("choices", choices)];
            table.fault(key, Code::UnknownWord, nouns);
        }
        hit.map(|(_, value)| *value)
    };
    found.iter().filter_map(pick).collect()
}

/// `finding = { above = "0.40", period = "quarter", few = true, kind = "cross_check" }`; `apart` in the place of `above`
/// holds in either direction.
fn limit(table: &Table<'_>, told: &[PeriodKind]) -> Option<Limit> {
    let inner = table.table("finding")?;
    let kinds = [("beyond", "beyond"), ("cross_check", "cross_check")];
    let kind = inner.word("kind", &kinds).unwrap_or("beyond");
    let period = inner.word("period", &kinds_of_period());
    if let Some(strange) = period.filter(|kind| !told.contains(kind)) {
        let choices = told.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        let nouns = vec![("found", strange.name().to_owned()), ("choices", choices)];
        inner.fault("period", Code::NotTold, nouns);
    }
    let with_few = inner.flag("few");
    // One of the two: beside `apart` nobody asks for `above`.
    let is_apart = inner.node("apart").is_some();
    let (key, expected) = if is_apart {
        ("apart", "a decimal of 0 or more, as in \"0.25\"")
    } else {
        ("above", "a decimal, as in \"0.40\"")
    };
    if inner.node(key).is_none() {
        inner.missing(key, "\"0\"");
    }
    let fits = |limit: &Exact| !is_apart || *limit >= Exact::from(0);
    let above = inner.parsed(key, expected, |text| formula::decimal(text).filter(fits))?;
    Some(Limit { above, is_apart, period, with_few, kind })
}

fn base(table: &Table<'_>, key: &'static str) -> Option<Base> {
    let inner = table.table(key)?;
    let name = needed(&inner, "base");
    let at_least = inner.count("at_least").map(|n| Exact::from(i128::from(n)));
    if at_least.is_none() {
        inner.missing("at_least", "3");
    }
    Some(Base { name: name?, at_least: at_least? })
}
