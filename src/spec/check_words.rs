//! Do trees, lists and code tables use words that the contracts know?

use std::collections::BTreeSet;

use super::catalog::Catalog;
use super::pipeline::Make;
use super::reader::Faults;
use super::reader::guess;
use super::scoring;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;

/// Every such fault.
pub(super) fn check(catalog: &Catalog) -> Vec<Diagnostic> {
    let references = check_references(catalog);
    [check_scoring(catalog), references, check_lists(catalog), check_tables(catalog)].concat()
}

/// The only values of a column; none is any.
fn choices<'c>(catalog: &'c Catalog, table: &str, column: &str) -> &'c [String] {
    let field = catalog.schemas.get(table).and_then(|schema| schema.field(column));
    field.map_or(&[], |field| field.limits.choices.as_slice())
}

/// The lists that facts ask, against the values of their columns.
fn check_lists(catalog: &Catalog) -> Vec<Diagnostic> {
    let categories = choices(catalog, "unit", "category");
    let mut faults = Vec::new();
    let made = catalog.facts().flat_map(|fact| fact.derive.iter().map(move |made| (fact, made)));
    for (fact, derived) in made {
        let Make::Listed { list, value } = &derived.make else { continue };
        let Some(list) = catalog.lists.get(&list.value) else { continue };
        let values = choices(catalog, &fact.table.value, &value.value);
        faults.extend(list.check(categories, values));
    }
    faults
}

/// What was frozen for a year, against the categories and metrics of the home.
fn check_references(catalog: &Catalog) -> Vec<Diagnostic> {
    let categories = choices(catalog, "unit", "category");
    let metrics: Vec<&str> = catalog.metrics().map(|metric| metric.name.as_str()).collect();
    let checked = catalog.references.values();
    checked.flat_map(|reference| reference.check(categories, &metrics)).collect()
}

fn check_scoring(catalog: &Catalog) -> Vec<Diagnostic> {
    let categories = choices(catalog, "unit", "category");
    let metrics = catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect();
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for tree in &catalog.scoring {
        let of = Faults::of(&tree.file);
        scoring::check(tree, categories, &metrics, &of);
        let category = &tree.category;
        if !seen.insert(category.value.as_str()) {
            let nouns = vec![("found", category.value.clone())];
            of.add(category.place, &category.key, Code::Duplicate, nouns);
        }
        faults.extend(of.into_list());
    }
    faults.extend(scoring::check_chosen(&catalog.scoring, &catalog.pipelines, &metrics));
    faults
}

fn check_tables(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let streams = catalog.connectors.iter().flat_map(|connector| &connector.streams);
    let filled: BTreeSet<&str> = streams.map(|stream| stream.into.value.as_str()).collect();
    for schema in catalog.schemas.values() {
        let of = Faults::of(&format!("schemas/{}.json", schema.name));
        // What nights write themselves has no sender who could leave a key out.
        let mut key = schema.primary_key.iter().filter_map(|name| schema.field(name));
        if filled.contains(&*schema.name) && !key.any(|field| field.is_required) {
            let found = schema.primary_key.join(", ");
            let nouns = vec![("found", found), ("table", schema.name.clone())];
            of.add(schema.key_place, "primaryKey", Code::KeyMayBeEmpty, nouns);
        }
        for key in &schema.foreign_keys {
            let Some(other) = catalog.schemas.get(&key.table) else {
                let nouns = guess(&key.table, catalog.schemas.keys().map(String::as_str));
                of.add(key.place, "foreignKeys", Code::UnknownTable, nouns);
                continue;
            };
            if other.field(&key.target).is_none() {
                let fields = other.fields.iter().map(|field| field.name.as_str());
                let mut nouns = guess(&key.target, fields);
                nouns.push(("table", key.table.clone()));
                of.add(key.place, "foreignKeys", Code::UnknownColumn, nouns);
            }
        }
        for field in &schema.fields {
            let Some(codes) = &field.codes else { continue };
            if let Some(table) = catalog.codes.get(&codes.value) {
                faults.extend(table.check(&field.limits.choices));
            } else {
                let nouns = guess(&codes.value, catalog.codes.keys().map(String::as_str));
                of.add(codes.place, &codes.key, Code::UnknownCodes, nouns);
            }
        }
        faults.extend(of.into_list());
    }
    faults
}
