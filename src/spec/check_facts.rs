//! Do facts and measures name columns that are there, and of the kinds that they take?

use super::catalog::Catalog;
use super::circle::circle;
use super::kinds;
use super::kinds::Kind;
use super::parse;
use super::parse::Columns;
use super::pipeline::Derived;
use super::pipeline::Fact;
use super::pipeline::FactKind;
use super::pipeline::Make;
use super::pipeline::Measure;
use super::reader::Faults;
use super::reader::Found;
use super::reader::guess;
use super::schema::FieldKind;
use super::schema::Schema;
use super::sql::Expr;
use crate::base::messages::Code;

/// The columns of a table.
pub(super) fn columns_of_table(schema: &Schema) -> Columns {
    schema.fields.iter().map(|field| (field.name.clone(), Some(field.kind))).collect()
}

/// The columns of a fact before any is derived: its table's, those of followed keys, and those that its
/// kind adds.
fn columns_before(catalog: &Catalog, fact: &Fact) -> Columns {
    let Some(schema) = catalog.schemas.get(&fact.table.value) else { return Columns::new() };
    let mut columns = columns_of_table(schema);
    for key in &schema.foreign_keys {
        let part = key.column.strip_suffix("_id");
        let followed = part.zip(catalog.schemas.get(&key.table));
        let of = |(part, table): (&str, &Schema)| {
            let fields = table.fields.iter();
            let named = |name: &str| format!("{part}.{name}");
            fields.map(|field| (named(&field.name), Some(field.kind))).collect::<Vec<_>>()
        };
        columns.extend(followed.into_iter().flat_map(of));
    }
    columns.extend(fact.kind.gives().iter().map(|(name, kind)| ((*name).to_owned(), Some(*kind))));
    for told in ["told_on", "known_on"] {
        columns.insert(told.to_owned(), Some(FieldKind::Day));
    }
    columns
}

/// Adds what a derived column makes; `kind` is that of its expression.
fn derive(catalog: &Catalog, derived: &Derived, kind: Kind, columns: &mut Columns) {
    let name = &derived.name;
    match derived.make {
        Make::Sql(..) => _ = columns.insert(name.clone(), kind),
        Make::Listed { .. } | Make::Exists { .. } => {
            columns.insert(name.clone(), Some(FieldKind::Flag));
        }
        Make::Spell { .. } => {
            columns.insert(format!("{name}.known"), Some(FieldKind::Flag));
            let spells = catalog.schemas.get("person_spell").into_iter();
            let fields = spells.flat_map(|spells| &spells.fields);
            columns.extend(fields.map(|f| (format!("{name}.{}", f.name), Some(f.kind))));
        }
    }
}

/// All columns of a fact.
pub(super) fn columns_of_fact(catalog: &Catalog, fact: &Fact) -> Columns {
    let mut columns = columns_before(catalog, fact);
    for derived in &fact.derive {
        let kind = match &derived.make {
            Make::Sql(text, _) => parse::check_row(text, &columns, &Faults::of(&fact.file)),
            Make::Spell { .. } | Make::Listed { .. } | Make::Exists { .. } => None,
        };
        derive(catalog, derived, kind, &mut columns);
    }
    columns
}

fn known(name: &str, columns: &Columns, found: &Found<String>, faults: &Faults) {
    if !columns.contains_key(name) {
        let nouns = guess(name, columns.keys().map(String::as_str));
        faults.add(found.place, &found.key, Code::NoColumn, nouns);
    }
}

/// A column by whose time rows count is one of days or instants.
fn tells_a_day(columns: &Columns, found: &Found<String>, faults: &Faults) {
    let kind = columns.get(&found.value).copied().flatten();
    let Some(kind) = kind.filter(|kind| !matches!(kind, FieldKind::Day | FieldKind::Instant))
    else {
        return;
    };
    let nouns = vec![("found", found.value.clone()), ("kind", kinds::word(kind).to_owned())];
    faults.add(found.place, &found.key, Code::TellsNoDay, nouns);
}

/// Whether a row of a fact is kept must hang on no year of the calendar that is still to come.
fn kept_by(fact: &Fact, (text, tree): &(Found<String>, Expr), columns: &Columns, faults: &Faults) {
    parse::check_condition(text, columns, faults);
    if fact.is_calendar_asked(tree) {
        faults.add(text.place, &text.key, Code::KeepAsksCalendar, Vec::new());
    }
}

/// What is wrong with a fact.
pub(super) fn fact(catalog: &Catalog, fact: &Fact, faults: &Faults) {
    if !catalog.schemas.contains_key(&fact.table.value) {
        let nouns = guess(&fact.table.value, catalog.schemas.keys().map(String::as_str));
        return faults.add(fact.table.place, &fact.table.key, Code::UnknownTable, nouns);
    }
    let before = columns_before(catalog, fact);
    let mut columns = before.clone();
    for derived in &fact.derive {
        let kind = make(catalog, &derived.make, &columns, faults);
        derive(catalog, derived, kind, &mut columns);
    }
    for other in asked(fact) {
        let back = circle(&fact.name, &other.value, &|name| {
            let facts = catalog.facts().filter(|fact| fact.name == name);
            facts.flat_map(asked).map(|other| other.value.as_str()).collect()
        });
        if let Some(path) = back {
            let nouns = vec![("found", fact.name.clone()), ("path", path)];
            faults.add(other.place, &other.key, Code::FactCircle, nouns);
        }
    }
    if let Some(keep) = &fact.keep {
        kept_by(fact, keep, &columns, faults);
    }
    // Rows are spread over months before a column is made of each.
    let is_event = matches!(fact.kind, FactKind::Event { .. });
    let timed = if is_event { &columns } else { &before };
    for found in fact.kind.times() {
        known(&found.value, timed, found, faults);
    }
    for found in [&fact.unit].into_iter().chain(&fact.section) {
        known(&found.value, &columns, found, faults);
    }
    for found in fact.kind.days() {
        tells_a_day(timed, found, faults);
    }
    for by in &fact.by {
        if !columns.contains_key(&format!("{}_id", by.value)) {
            known(&by.value, &columns, by, faults);
        }
    }
}

/// The facts that a fact asks for rows.
fn asked(fact: &Fact) -> impl Iterator<Item = &Found<String>> {
    fact.derive.iter().filter_map(|derived| match &derived.make {
        Make::Exists { fact, .. } => Some(fact),
        Make::Sql(..) | Make::Spell { .. } | Make::Listed { .. } => None,
    })
}

/// What is wrong with how a column is made; the kind of its expression.
fn make(catalog: &Catalog, make: &Make, columns: &Columns, faults: &Faults) -> Kind {
    match make {
        Make::Sql(text, _) | Make::Spell { on: (text, _) } => {
            return parse::check_row(text, columns, faults);
        }
        Make::Listed { list, value } => {
            known(&value.value, columns, value, faults);
            if !catalog.lists.contains_key(&list.value) {
                let nouns = guess(&list.value, catalog.lists.keys().map(String::as_str));
                faults.add(list.place, &list.key, Code::UnknownList, nouns);
            }
        }
        Make::Exists { fact: other, keep } => {
            let pointing = fact_named(catalog, other, faults);
            if let Some((pointing, keep)) = pointing.zip(keep.as_ref()) {
                kept_by(pointing, keep, &columns_of_fact(catalog, pointing), faults);
            }
        }
    }
    None
}

fn fact_named<'c>(catalog: &'c Catalog, name: &Found<String>, faults: &Faults) -> Option<&'c Fact> {
    let fact = catalog.facts().find(|fact| fact.name == name.value);
    if fact.is_none() {
        let nouns = guess(&name.value, catalog.facts().map(|fact| fact.name.as_str()));
        faults.add(name.place, &name.key, Code::UnknownFact, nouns);
    }
    fact
}

/// What is wrong with a measure.
pub(super) fn measure(catalog: &Catalog, measure: &Measure, faults: &Faults) {
    let Some(fact) = fact_named(catalog, &measure.fact, faults) else { return };
    // A fact of an unknown table is told by itself.
    if !catalog.schemas.contains_key(&fact.table.value) {
        return;
    }
    let columns = columns_of_fact(catalog, fact);
    parse::check_aggregate(&measure.sql, &columns, faults);
    if let Some(time) = &measure.time {
        known(&time.value, &columns, time, faults);
        tells_a_day(&columns, time, faults);
    }
    if measure.at_quarter_ends && !matches!(fact.kind, FactKind::Stock { .. }) {
        let nouns = vec![("found", fact.name.clone())];
        faults.add(measure.fact.place, &measure.fact.key, Code::NoStock, nouns);
    }
}
