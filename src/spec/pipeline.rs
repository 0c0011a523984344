//! What do we compute? Facts, measures and metrics: one file of `pipelines/` is one pipeline.

use super::connector::format_1;
use super::example;
use super::example::Example;
use super::example::Test;
use super::formula;
use super::formula::Exact;
use super::formula::Formula;
use super::parse;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::reader::text_of;
use super::repeat::each;
use super::schema::is_table;
use super::sql::Aggregate;
use super::sql::Expr;
use super::tree;
use super::tree::Entry;
use super::tree::Node;
use super::tree::Value;
use super::version;
use super::version::Life;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::period::PeriodKind;

/// One file of definitions.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Its name, the file's.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Rows with a unit and a time.
    pub facts: Vec<Fact>,
    /// Aggregates over facts.
    pub measures: Vec<Measure>,
    /// Formulas over measures.
    pub metrics: Vec<Metric>,
    /// Rows that tests of metrics tell of.
    pub examples: Vec<Example>,
    /// Whom its metrics are for, if not for all units.
    pub only: Option<Only>,
    /// Its file, relative to the home.
    pub file: String,
}

/// The units that individual metrics are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// By their keys.
    pub units: Vec<String>,
    /// All of a category.
    pub categories: Vec<String>,
}

impl Only {
    /// Whether a unit is among them.
    pub fn holds(&self, unit: &str, category: Option<&str>) -> bool {
        let of_category = |category| self.categories.iter().any(|known| known == category);
        self.units.iter().any(|known| known == unit) || category.is_some_and(of_category)
    }
}

/// Rows of a table that belong to a unit and to time.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: Found<String>,
    /// How its rows lie in time.
    pub kind: FactKind,
    /// The column of the unit; may follow a foreign key.
    pub unit: Found<String>,
    /// The column of the section, if the fact has one.
    pub section: Option<Found<String>>,
    /// The dimensions beyond unit and section: `duty` is the column `duty`, or else `duty_id`.
    pub by: Vec<Found<String>>,
    /// Rows where this is not true are left out.
    pub keep: Option<(Found<String>, Expr)>,
    /// Columns made once a row, in this order.
    pub derive: Vec<Derived>,
    /// The file it stands in.
    pub file: String,
}

/// How the rows of a fact lie in time.
#[derive(Clone, Debug)]
pub enum FactKind {
    /// A row belongs to the month of its time.
    Event {
        /// The column.
        time: Found<String>,
    },
    /// A row meets every month that it covers; it gets `first_day`, `last_day`, `days` and `workdays` of
    /// the covered days, `month_days` and `month_workdays` of the month, and `parts`.
    Span {
        /// The first day.
        from: Found<String>,
        /// The first day that is no longer covered; none is open.
        to: Found<String>,
        /// What share of a day counts, a decimal; none is 1.
        share: Option<Found<String>>,
    },
    /// A row counts where it holds at the end of a month; it gets `period_end`.
    Stock {
        /// Since when it holds; none is as far back as the calendar goes.
        from: Option<Found<String>>,
        /// The first moment at which it no longer holds; none is open. Without a column, a row
        /// holds for good: everything that has ever come.
        to: Option<Found<String>>,
    },
}

/// A column made once a row.
#[derive(Clone, Debug)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// How it is made.
    pub make: Make,
}

/// How a column is made.
#[derive(Clone, Debug)]
pub enum Make {
    /// By an expression.
    Sql(Found<String>, Expr),
    /// Several columns, `name.column`: the spell of the row's `person_id` on a day (rules.md 4).
    Spell {
        /// The day.
        on: (Found<String>, Expr),
    },
    /// Whether a list of the home names the value for the row's unit; none without a list or a value.
    Listed {
        /// The list, in `pipelines/reference/`.
        list: Found<String>,
        /// The column of the value.
        value: Found<String>,
    },
    /// True where another fact has a row that points at this one and for which the expression is true.
    Exists {
        /// The other fact.
        fact: Found<String>,
        /// The expression over its columns.
        keep: Option<(Found<String>, Expr)>,
    },
}

/// One aggregate over one fact.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// The fact.
    pub fact: Found<String>,
    /// Which time of an event counts, if not the fact's.
    pub time: Option<Found<String>>,
    /// The text.
    pub sql: Found<String>,
    /// The same, parsed.
    pub aggregate: Aggregate,
    /// What one of it is, such as 件.
    pub measured_in: String,
    /// The aggregate counts in parts of one: 377,580 for person-months.
    pub per: i128,
    /// A stock is told at the end of each quarter of a period, added up, not once at the period's end.
    pub at_quarter_ends: bool,
}

/// A formula with a meaning.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its Chinese title.
    pub title: String,
    /// The text of the formula.
    pub text: Found<String>,
    /// The same, parsed.
    pub value: Formula,
    /// What one of it is, such as 件/人.
    pub measured_in: String,
    /// Decimals that are shown.
    pub decimals: u8,
    /// Which way is better: `up`, `down`, `none`, `[low, high]`.
    pub direction: String,
    /// For whom it is told.
    pub grain: Vec<Grain>,
    /// For which periods it is told.
    pub periods: Vec<PeriodKind>,
    /// Below this base there is `no_data`.
    pub need: Option<Base>,
    /// Below this base it is `few`.
    pub few: Option<Base>,
    /// Below this base it is `withheld`.
    pub withhold: Option<Base>,
    /// Above this value somebody should look.
    pub finding: Option<Limit>,
    /// What kind of record it rests on: recorded, reported, derived.
    pub evidence: String,
    /// Whether its values may be summed over units.
    pub is_additive: bool,
    /// Whether it is told of groups of units as well.
    pub is_rolled_up: bool,
    /// Whom it is for, if not for all units.
    pub only: Option<Only>,
    /// The document the definition rests on.
    pub basis: String,
    /// Which definition this is.
    pub version: i64,
    /// When it begins, and when the metric is to end.
    pub life: Life,
    /// The definitions before it, the newest first.
    pub earlier: Vec<Metric>,
    /// What it is worth on examples.
    pub tests: Vec<Test>,
    /// What it means, in Chinese.
    pub means: String,
    /// Where it stands.
    pub place: Place,
    /// The file it stands in.
    pub file: String,
}

/// A value above which somebody should look.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The value.
    pub above: Exact,
    /// What kind of finding it is: `beyond`, or `cross_check` where the metric counts what two records
    /// contradict each other in.
    pub kind: &'static str,
}

/// The least base of a metric.
#[derive(Clone, Debug)]
pub struct Base {
    /// A measure or metric.
    pub name: Found<String>,
    /// The least value.
    pub at_least: Exact,
}

/// For whom a metric is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// A unit.
    Unit,
    /// A section of a unit.
    Section,
    /// A value of a dimension in a unit, such as one duty.
    By(String),
}

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
        let for_whom = |metric: Metric| Metric { only: only.clone(), ..metric };
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
        Kind::Stock => {
            FactKind::Stock { from: table.found_text("from"), to: table.found_text("to") }
        }
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
        by: dimensions(table),
        keep: condition(table, "where"),
        derive: derived(table),
        file: table.faults.file.clone(),
    })
}

fn dimensions(table: &Table<'_>) -> Vec<Found<String>> {
    let place = table.node("by").map_or(table.place, |node| node.place);
    let found = |value| Found { value, place, key: table.name("by") };
    table.texts("by").into_iter().map(found).collect()
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
    let fact = needed(table, "fact");
    let time = table.found_text("time");
    let measured_in = table.need_text("measured_in");
    let at_quarter_ends = table.flag("at_quarter_ends");
    let per = table.count("per").map_or(1, i128::from).max(1);
    let sql = needed(table, "sql")?;
    let aggregate = parse::aggregate(&sql, faults)?;
    let fact = fact?;
    Some(Measure { name, fact, time, sql, aggregate, measured_in, per, at_quarter_ends })
}

fn metric(node: &Node, faults: &Faults) -> Metric {
    let table = &Table::of(node, &path("metric", node), faults);
    let kinds = [
        ("month", PeriodKind::Month),
        ("quarter", PeriodKind::Quarter),
        ("year", PeriodKind::Year),
        ("ytd", PeriodKind::Ytd),
        ("trailing_12m", PeriodKind::Ttm),
    ];
    let text = needed(table, "value");
    let value = text.as_ref().and_then(|text| formula::read(text, faults));
    let metric = Metric {
        name: table.need_text("name"),
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
        grain: grain(table),
        periods: words(table, "period", &kinds),
        need: base(table, "need"),
        few: base(table, "min_base"),
        withhold: base(table, "withhold"),
        finding: limit(table),
        evidence: evidence(table),
        is_additive: table.flag("additive"),
        is_rolled_up: table.flag_or("rollup", true),
        only: None,
        basis: table.need_text("basis"),
        version: table.whole("version").unwrap_or(1),
        life: version::life(table),
        earlier: Vec::new(),
        tests: example::tests(table),
        means: table.need_text("means"),
        place: table.place,
        file: faults.file.clone(),
    };
    table.text("means_en");
    Metric { earlier: version::earlier(table, &metric, base), ..metric }
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

/// `finding = { above = "0.40", kind = "cross_check" }`
fn limit(table: &Table<'_>) -> Option<Limit> {
    let inner = table.table("finding")?;
    let kinds = [("beyond", "beyond"), ("cross_check", "cross_check")];
    let kind = inner.word("kind", &kinds).unwrap_or("beyond");
    if inner.node("above").is_none() {
        inner.missing("above", "\"0\"");
    }
    let above = inner.parsed("above", "a decimal, as in \"0.40\"", formula::decimal)?;
    Some(Limit { above, kind })
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
