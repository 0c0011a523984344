//! On what does a metric rest? The measures below its formula and bases, their facts, tables and columns.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::spec::catalog::Catalog;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Derived;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Measure;
use crate::spec::pipeline::Metric;
use crate::spec::schema::Field;
use crate::spec::schema::Schema;

/// Everything that metrics rest on, by name.
pub(super) struct Below<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) metrics: BTreeMap<&'c str, &'c Metric>,
    measures: BTreeMap<&'c str, &'c Measure>,
    facts: BTreeMap<&'c str, &'c Fact>,
    titles: BTreeMap<&'c str, &'c str>,
}

/// A measure with its fact.
pub(super) type Counted<'c> = (&'c Measure, &'c Fact);

/// A column that is looked at: its table, its name there, its title and what is said of it.
pub(super) type Column = [String; 4];

impl<'c> Below<'c> {
    pub(super) fn of(catalog: &'c Catalog) -> Self {
        let mut titles = BTreeMap::new();
        // A metric that is one measure, and nothing else, says what the measure is called.
        for metric in catalog.metrics() {
            if let Formula::Name(measure) = &metric.value {
                titles.entry(measure.as_str()).or_insert(metric.title.as_str());
            }
        }
        let own = catalog.measures().filter(|it| !it.title.is_empty());
        titles.extend(own.map(|it| (it.name.as_str(), it.title.as_str())));
        titles.extend(catalog.metrics().map(|it| (it.name.as_str(), it.title.as_str())));
        titles.insert("months_known", "已知月数");
        Below {
            catalog,
            metrics: catalog.metrics().map(|it| (it.name.as_str(), it)).collect(),
            measures: catalog.measures().map(|it| (it.name.as_str(), it)).collect(),
            facts: catalog.facts().map(|it| (it.name.as_str(), it)).collect(),
            titles,
        }
    }

    /// A formula or expression with titles in the place of the names that have one.
    pub(super) fn titled(&self, text: &str) -> String {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut titled = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_name = is_word(first);
            let end = rest.find(|letter| is_word(letter) != is_name).unwrap_or(rest.len());
            let (word, more) = rest.split_at(end);
            match self.titles.get(word) {
                Some(title) => titled.push_str(title),
                None => titled.push_str(word),
            }
            rest = more;
        }
        titled
    }

    /// A name with its title, where it has one.
    pub(super) fn named(&self, name: &str) -> String {
        self.titles.get(name).map_or_else(|| name.to_owned(), |title| format!("{title}({name})"))
    }

    /// Calls `see` with every piece of a formula and of the metrics below it, each of which is opened once.
    pub(super) fn each(&self, formula: &'c Formula, see: &mut dyn FnMut(&'c Formula)) {
        self.open(formula, &mut BTreeSet::new(), see);
    }

    fn open(
        &self,
        formula: &'c Formula,
        opened: &mut BTreeSet<&'c str>,
        see: &mut dyn FnMut(&'c Formula),
    ) {
        formula.each(&mut |piece| {
            see(piece);
            if let Formula::Name(name) = piece
                && let Some(metric) = self.metrics.get(name.as_str())
                && opened.insert(name)
            {
                self.open(&metric.value, opened, see);
            }
        });
    }

    /// Calls `see` with every name in a formula and in the metrics below it.
    pub(super) fn each_name(&self, formula: &'c Formula, see: &mut dyn FnMut(&'c str)) {
        self.each(formula, &mut |piece| {
            if let Formula::Name(name) = piece {
                see(name);
            }
        });
    }

    /// The measures of a metric in the order of its formula, and then those of its bases only.
    pub(super) fn measures(&self, metric: &'c Metric) -> Vec<Counted<'c>> {
        let mut names: Vec<&str> = Vec::new();
        let mut note = |name: &'c str| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        self.each_name(&metric.value, &mut note);
        for base in [&metric.need, &metric.few, &metric.withhold].into_iter().flatten() {
            let name = base.name.value.as_str();
            note(name);
            if let Some(metric) = self.metrics.get(name) {
                self.each_name(&metric.value, &mut note);
            }
        }
        let measures = names.into_iter().filter_map(|name| self.measures.get(name).copied());
        let with_fact = |it: &'c Measure| Some((it, *self.facts.get(it.fact.value.as_str())?));
        measures.filter_map(with_fact).collect()
    }

    /// The title of a table, with its name.
    pub(super) fn table(&self, name: &str) -> String {
        let schema = self.catalog.schemas.get(name);
        schema.map_or_else(|| name.to_owned(), |schema| format!("{}({name})", schema.title))
    }

    /// Whether a value of a metric rests on working days.
    pub(super) fn asks_calendar(measures: &[Counted<'_>]) -> bool {
        measures.iter().any(|(measure, fact)| fact.asks_calendar(measure))
    }

    /// The columns that measures of a metric look at, tables and derived columns in the order of their use.
    pub(super) fn columns(&self, metric: &Metric, measures: &[Counted<'c>]) -> Vec<Column> {
        let mut found: Vec<Column> = Vec::new();
        for (measure, fact) in measures {
            let mut seen = Seen { below: self, fact, found: &mut found };
            seen.place(measure, metric);
            measure.aggregate.each_column(&mut |name| seen.column(name));
            for derived in fact.made_for(&[measure]) {
                seen.derived(derived);
            }
        }
        found
    }
}

/// Columns of a fact, as they are met.
struct Seen<'s, 'c> {
    below: &'s Below<'c>,
    fact: &'s Fact,
    found: &'s mut Vec<Column>,
}

impl Seen<'_, '_> {
    /// What says whose a row is, when it happened, and whether it counts at all.
    fn place(&mut self, measure: &Measure, metric: &Metric) {
        let fact = self.fact;
        self.column(&fact.unit.value);
        if metric.grain.contains(&Grain::Section) {
            fact.section.iter().for_each(|section| self.column(&section.value));
        }
        let asked = |name: &&str| metric.grain.contains(&Grain::By((*name).to_owned()));
        for by in fact.by.iter().map(|by| by.value.as_str()).filter(asked) {
            let key = format!("{by}_id");
            let schema = self.below.catalog.schemas.get(&fact.table.value);
            let is_own = schema.is_some_and(|schema| schema.field(by).is_some());
            self.column(if is_own { by } else { &key });
        }
        let of_kind = match (&fact.kind, &measure.time) {
            (FactKind::Event { .. }, Some(time)) | (FactKind::Event { time }, None) => vec![time],
            (FactKind::Span { from, to, share }, _) => {
                [Some(from), Some(to), share.as_ref()].into_iter().flatten().collect()
            }
            (FactKind::Stock { from, to, .. }, _) => from.iter().chain(to).collect(),
        };
        for time in of_kind {
            self.column(&time.value);
        }
        if let Some((_, keep)) = &fact.keep {
            keep.each_column(&mut |name| self.column(name));
        }
    }

    fn column(&mut self, name: &str) {
        let is_made = |derived: &Derived| {
            let made = derived.name.as_str();
            made == name || name.strip_prefix(made).is_some_and(|rest| rest.starts_with('.'))
        };
        if self.fact.derive.iter().any(is_made) {
            return;
        }
        let table = &self.fact.table.value;
        let found = field(self.below.catalog, table, name);
        let (title, means) = found
            .map_or_else(|| given(name), |(_, field)| (field.title.as_str(), field.means.as_str()));
        let table = found.map_or(table, |(schema, _)| &schema.name);
        let line = [self.below.table(table), name.to_owned(), title.to_owned(), means.to_owned()];
        self.push(line);
    }

    fn derived(&mut self, derived: &Derived) {
        match &derived.make {
            Make::Sql(_, tree) | Make::Spell { on: (_, tree) } => {
                tree.each_column(&mut |name| self.column(name));
            }
            Make::Listed { value, .. } => self.column(&value.value),
            Make::Exists { fact, keep } => {
                if let (Some(other), Some((_, tree))) =
                    (self.below.facts.get(fact.value.as_str()), keep)
                {
                    let mut seen = Seen { below: self.below, fact: other, found: self.found };
                    tree.each_column(&mut |name| seen.column(name));
                    let used = other.derive.iter().filter(|made| uses(tree, &made.name));
                    used.for_each(|made| seen.derived(made));
                }
            }
        }
        let made = format!("派生:{}", derived.make.text());
        // A column that a fact makes for its table has a title there.
        let own = field(self.below.catalog, &self.fact.table.value, &derived.name);
        let title = own.map(|(_, field)| field.title.clone()).unwrap_or_default();
        let table = self.below.table(&self.fact.table.value);
        self.push([table, derived.name.clone(), title, made]);
    }

    fn push(&mut self, line: Column) {
        if !self.found.contains(&line) {
            self.found.push(line);
        }
    }
}

fn uses(tree: &crate::spec::sql::Expr, name: &str) -> bool {
    let mut is_used = false;
    tree.each_column(&mut |column| is_used |= column == name);
    is_used
}

/// A column of a table; a dotted name follows a foreign key.
fn field<'c>(catalog: &'c Catalog, table: &str, name: &str) -> Option<(&'c Schema, &'c Field)> {
    let schema = catalog.schemas.get(table)?;
    match name.split_once('.') {
        None => Some((schema, schema.field(name)?)),
        Some((part, rest)) => field(catalog, &schema.followed(part)?.table, rest),
    }
}

/// What the program gives rows beside their own columns.
fn given(name: &str) -> (&'static str, &'static str) {
    match name {
        "period_end" => ("期末日", "由程序给出"),
        "first_day" => ("当月首个在册日", "由程序给出"),
        "last_day" => ("当月末个在册日", "由程序给出"),
        "days" => ("当月在册日数", "由程序给出"),
        "workdays" => ("当月在册工作日数", "由程序给出"),
        "month_days" => ("当月日数", "由程序给出"),
        "month_workdays" => ("当月工作日数", "由程序给出"),
        "parts" => ("人月份数", "由程序给出;377,580 份为一人月"),
        _ => ("", ""),
    }
}

/// The tables that measures rest on, those that a condition looks into among them.
pub(super) fn tables<'c>(below: &Below<'c>, measures: &[Counted<'c>]) -> BTreeSet<&'c str> {
    let mut tables = BTreeSet::new();
    for (measure, fact) in measures {
        tables.insert(fact.table.value.as_str());
        for derived in fact.made_for(&[measure]) {
            match &derived.make {
                Make::Exists { fact, .. } => {
                    let other = below.facts.get(fact.value.as_str());
                    tables.extend(other.map(|fact| fact.table.value.as_str()));
                }
                Make::Spell { .. } => _ = tables.insert("person_spell"),
                Make::Sql(..) | Make::Listed { .. } => {}
            }
        }
    }
    tables
}
