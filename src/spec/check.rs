//! Do the files of a home agree? Tables, columns, facts, measures and names that must exist elsewhere.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::catalog::Catalog;
use super::check_examples;
use super::check_facts;
use super::check_words;
use super::circle::circle;
use super::connector::Ask;
use super::connector::Connector;
use super::connector::Stream;
use super::connector::Write;
use super::formula::Formula;
use super::formula::Parts;
use super::parse;
use super::pipeline::Fact;
use super::pipeline::Grain;
use super::pipeline::Measure;
use super::pipeline::Metric;
use super::reader::Faults;
use super::reader::guess;
use super::schema::Pii;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;
use crate::base::period::Month;

/// Every fault between files.
pub(super) fn check(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for connector in &catalog.connectors {
        let of = Faults::of(&connector.file);
        for stream in &connector.streams {
            check_stream(catalog, connector, stream, &of);
        }
        faults.extend(of.into_list());
    }
    for pipeline in &catalog.pipelines {
        let of = Faults::of(&pipeline.file);
        pipeline.facts.iter().for_each(|fact| check_facts::fact(catalog, fact, &of));
        pipeline.measures.iter().for_each(|measure| check_facts::measure(catalog, measure, &of));
        let versions = pipeline.metrics.iter().flat_map(Metric::versions);
        versions.for_each(|metric| check_metric(catalog, metric, &of));
        faults.extend(of.into_list());
    }
    let persons = catalog.schemas.values().filter(|schema| schema.is_about_persons);
    let persons: Vec<&str> = persons.map(|schema| schema.name.as_str()).collect();
    faults.extend(catalog.settings.retention.check(&persons));
    faults.extend(super::version::check(catalog));
    faults.extend(check_examples::check(catalog));
    faults.extend(check_words::check(catalog));
    faults.extend(check_twice(catalog));
    faults
}

fn check_stream(catalog: &Catalog, connector: &Connector, stream: &Stream, faults: &Faults) {
    let into = &stream.into;
    let Some(schema) = catalog.schemas.get(&into.value) else {
        let nouns = guess(&into.value, catalog.schemas.keys().map(String::as_str));
        return faults.add(into.place, &into.key, Code::UnknownTable, nouns);
    };
    let mut claimed: BTreeMap<&str, &str> = BTreeMap::new();
    let path = |name: &str| format!("stream.{}.columns.{name}", stream.name);
    for column in &stream.columns {
        let key = path(&column.name);
        let Some(field) = schema.field(&column.name) else {
            let mut nouns = guess(&column.name, schema.fields.iter().map(|f| f.name.as_str()));
            nouns.push(("table", schema.name.clone()));
            faults.add(column.place, &key, Code::UnknownColumn, nouns);
            continue;
        };
        let found = || vec![("found", column.name.clone())];
        match field.pii {
            Some(Pii::Drop) => faults.add(column.place, &key, Code::DroppedColumn, found()),
            Some(Pii::Id) if column.identity.is_none() => {
                faults.add(column.place, &key, Code::IdentityNeeded, found());
            }
            _ if column.identity.is_some()
                && (column.sql.is_some() || column.constant.is_some()) =>
            {
                faults.add(column.place, &key, Code::IdentityMade, found());
            }
            _ => {}
        }
        for header in &column.from {
            if let Some(other) = claimed.insert(header, &column.name) {
                let nouns = vec![
                    ("one", other.to_owned()),
                    ("other", column.name.clone()),
                    ("header", header.clone()),
                ];
                faults.add(column.place, &key, Code::SharedHeader, nouns);
            }
        }
    }
    for field in schema.fields.iter().filter(|field| field.is_required) {
        if !stream.columns.iter().any(|column| column.name == field.name) {
            let nouns = vec![("found", field.name.clone()), ("table", schema.name.clone())];
            faults.add(into.place, &into.key, Code::UnmappedRequired, nouns);
        }
    }
    for was in &stream.was {
        let streams = catalog.streams().into_iter();
        let mut names =
            streams.map(|(connector, stream)| format!("{}.{}", connector.name, stream.name));
        if names.any(|name| name == was.value) {
            let nouns = vec![("found", was.value.clone())];
            faults.add(was.place, &was.key, Code::StillThere, nouns);
        }
    }
    check_shape(stream, faults);
    check_each(connector, stream, faults);
    let columns = check_facts::columns_of_table(schema);
    for check in &stream.checks {
        parse::check_condition(&check.sql, &columns, faults);
    }
    debug_assert!(connector.streams.iter().any(|known| known.name == stream.name));
}

/// A child asks with what of its parent's rows is stored as it came.
fn check_each(connector: &Connector, stream: &Stream, faults: &Faults) {
    let Ask::Http(ask) = &stream.ask else { return };
    let Some(each) = &ask.each else { return };
    let of = &each.of;
    let before = connector.streams.iter().take_while(|known| known.name != stream.name);
    let Some(parent) = before.into_iter().find(|known| known.name == of.value) else {
        let found = vec![("found", of.value.clone())];
        return faults.add(of.place, &of.key, Code::NoParent, found);
    };
    let is_whole = matches!(&stream.write, Write::Snapshot { within } if within.is_empty());
    if is_whole || stream.full.is_some() {
        faults.add(of.place, &of.key, Code::EachIsAPart, Vec::new());
    }
    if ask.cursor.is_some() {
        faults.add(of.place, &of.key, Code::EachHasNoCursor, Vec::new());
    }
    for name in &each.names {
        let is_read = parent.columns.iter().any(|column| column.from.contains(name));
        if !is_read || parent.hidden(name).is_some() {
            faults.add(of.place, &of.key, Code::NotLanded, vec![("found", name.clone())]);
        }
    }
}

/// What is hidden as it lands cannot be taken apart afterwards.
fn check_shape(stream: &Stream, faults: &Faults) {
    let found = |header: &str| vec![("found", header.to_owned())];
    if let Some(explode) = &stream.explode
        && stream.hidden(&explode.column.value).is_some()
    {
        let column = &explode.column;
        faults.add(column.place, &column.key, Code::HiddenShape, found(&column.value));
    }
    let Some(unpivot) = &stream.unpivot else { return };
    let hidden = stream.columns.iter().filter(|column| column.is_hidden());
    for header in hidden.flat_map(|column| &column.from) {
        if unpivot.columns.holds(header) {
            let key = format!("stream.{}.unpivot.columns", stream.name);
            faults.add(unpivot.place, &key, Code::HiddenShape, found(header));
        }
    }
}

fn check_metric(catalog: &Catalog, metric: &Metric, faults: &Faults) {
    let known: BTreeSet<&str> = names(catalog);
    let below = names_in(metric);
    let mut named: Vec<_> = below.iter().map(|name| (*name, &metric.text)).collect();
    let bases = [&metric.need, &metric.few, &metric.withhold];
    let bases = bases.into_iter().flatten().map(|base| &base.name);
    named.extend(bases.map(|name| (name.value.as_str(), name)));
    for (name, text) in named {
        if !known.contains(name) {
            let nouns = guess(name, known.iter().copied());
            faults.add(text.place, &text.key, Code::UnknownName, nouns);
        }
    }
    let metrics: BTreeMap<&str, &Metric> =
        catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect();
    // A circle closes where the last of its definitions begins.
    let day = metric.life.since.map_or(Date::MIN, Month::first);
    let back = |next| {
        circle(&metric.name, next, &|name| {
            metrics.get(name).map_or_else(Vec::new, |metric| names_in(metric.at(day)))
        })
    };
    if let Some(path) = below.into_iter().find_map(back) {
        let nouns = vec![("found", metric.name.clone()), ("path", path)];
        return faults.add(metric.text.place, &metric.text.key, Code::Circle, nouns);
    }
    let mut told_by = Vec::new();
    for grain in &metric.grain {
        if let Grain::By(by) = grain {
            told_by.push((by, vec![&metric.value]));
        }
    }
    metric.value.each_over(&mut |over| match &over.parts {
        Parts::By(by) => told_by.push((by, vec![&over.above, &over.below])),
        Parts::Sections => check_sections(catalog, &[&over.above, &over.below], metric, faults),
    });
    for (by, formulas) in told_by {
        check_dimension(catalog, by, &formulas, metric, faults);
    }
    super::dimension::check(catalog, metric, faults);
}

/// Every measure below a formula that is told by a dimension must be counted by it.
fn check_dimension(
    catalog: &Catalog,
    by: &str,
    formulas: &[&Formula],
    metric: &Metric,
    faults: &Faults,
) {
    let text = &metric.text;
    let dimensions = |fact: &Fact| fact.by.iter().any(|known| known.value == by);
    if !catalog.facts().any(dimensions) {
        let known = catalog.facts().flat_map(|fact| &fact.by).map(|by| by.value.as_str());
        let choices = known.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        let nouns = vec![("found", by.to_owned()), ("choices", choices)];
        return faults.add(text.place, &text.key, Code::UnknownDimension, nouns);
    }
    for measure in measures_below(catalog, formulas, |fact| !dimensions(fact)) {
        let nouns = vec![("found", measure.name.clone()), ("by", by.to_owned())];
        faults.add(text.place, &text.key, Code::NotCountedBy, nouns);
    }
}

/// Every measure below a formula that is told over sections must know them.
fn check_sections(catalog: &Catalog, formulas: &[&Formula], metric: &Metric, faults: &Faults) {
    for measure in measures_below(catalog, formulas, |fact| fact.section.is_none()) {
        let nouns = vec![("found", measure.name.clone())];
        faults.add(metric.text.place, &metric.text.key, Code::NoSection, nouns);
    }
}

/// The measures below some formulas whose fact is such a one.
fn measures_below<'c>(
    catalog: &'c Catalog,
    formulas: &[&'c Formula],
    is_such: impl Fn(&Fact) -> bool,
) -> Vec<&'c Measure> {
    let mut below = BTreeSet::new();
    for formula in formulas {
        names_below(catalog, formula, &mut below);
    }
    let measures = catalog.measures().filter(|measure| below.contains(measure.name.as_str()));
    let of_such = |measure: &&Measure| {
        catalog.facts().any(|fact| fact.name == measure.fact.value && is_such(fact))
    };
    measures.filter(of_such).collect()
}

/// Every name below a formula, metrics followed.
fn names_below<'c>(catalog: &'c Catalog, formula: &'c Formula, into: &mut BTreeSet<&'c str>) {
    formula.each_name(&mut |name| {
        if into.insert(name)
            && let Some(metric) = catalog.metrics().find(|metric| metric.name == name)
        {
            names_below(catalog, &metric.value, into);
        }
    });
}

/// What a formula may name.
fn names(catalog: &Catalog) -> BTreeSet<&str> {
    let measures = catalog.measures().map(|measure| measure.name.as_str());
    let metrics = catalog.metrics().map(|metric| metric.name.as_str());
    measures.chain(metrics).chain(["months_known"]).collect()
}

/// The names in the formula of a metric.
fn names_in(metric: &Metric) -> Vec<&str> {
    let mut names = Vec::new();
    metric.value.each_name(&mut |name| names.push(name));
    names
}

/// Names that stand twice over all files.
fn check_twice(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for pipeline in &catalog.pipelines {
        let of = Faults::of(&pipeline.file);
        let facts = pipeline.facts.iter().map(|f| (format!("fact.{}", f.name), f.table.place));
        let measures = pipeline.measures.iter().map(|m| (format!("value.{}", m.name), m.sql.place));
        let metrics = pipeline.metrics.iter().map(|m| (format!("value.{}", m.name), m.place));
        for (name, place) in facts.chain(measures).chain(metrics) {
            if !seen.insert(name.clone()) {
                let plain = name.split('.').next_back().unwrap_or_default().to_owned();
                of.add(place, &name, Code::Duplicate, vec![("found", plain)]);
            }
        }
        faults.extend(of.into_list());
    }
    for connector in &catalog.connectors {
        let of = Faults::of(&connector.file);
        for stream in &connector.streams {
            if !seen.insert(format!("stream.{}.{}", connector.name, stream.name)) {
                let nouns = vec![("found", stream.name.clone())];
                of.add(stream.into.place, "stream.name", Code::Duplicate, nouns);
            }
        }
        faults.extend(of.into_list());
    }
    faults
}
