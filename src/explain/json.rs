//! How does an explanation read for a program?

use serde_json::Value;
use serde_json::json;

use super::Counted;
use super::Explanation;
use super::Published;
use super::Rows;
use super::Since;
use crate::base::cause::Cause;
use crate::base::cell::decimal_text;
use crate::measure::cube::Spot;
use crate::measure::evaluate::rounded;
use crate::measure::worked::Parted;
use crate::measure::worked::Rule;
use crate::measure::worked::Step;
use crate::measure::worked::Worked;
use crate::measure::worked::exact_text;
use crate::spec::formula::Exact;

/// How many files or pages are named before the rest is only counted.
pub const PLACES: usize = 3;

/// An explanation as JSON. Exact numbers are texts, as `numerator/denominator` or a whole number.
pub fn json(explained: &Explanation<'_>) -> Value {
    let worked = &explained.worked;
    let told = &worked.told;
    let metric = told.metric;
    let (part, value) = told.part.clone().unzip();
    json!({
        "metric": metric.name,
        "version": metric.version,
        "title": metric.title,
        "means": metric.means,
        "basis": metric.basis,
        "definition": format!("{}:{}", metric.file, metric.place.line),
        "measured_in": metric.measured_in,
        "level": told.level.name(),
        "unit_id": (!told.level.is_above()).then_some(&told.place.0),
        "unit": explained.unit,
        "section_id": told.place.1,
        "dim": part,
        "dim_value": value,
        "period": told.period.to_string(),
        "night": explained.ledger.night.to_string(),
        "as_of": explained.ledger.as_of.to_string(),
        "home": explained.ledger.home,
        "value": exact(told.value),
        "shown": shown(worked),
        "status": told.status.name(),
        "rule": rule(&worked.rule),
        "is_stale": told.is_stale,
        "stale": explained.stale,
        "formula": metric.text.value,
        "numbers": worked.numbers,
        "steps": worked.steps.iter().map(step).collect::<Vec<_>>(),
        "overs": worked.overs.iter().map(parted).collect::<Vec<_>>(),
        "measures": explained.measures.iter().map(counted).collect::<Vec<_>>(),
        "facts": explained.facts.iter().map(rows).collect::<Vec<_>>(),
        "steps_since": explained.steps_since().iter().map(step_since).collect::<Vec<_>>(),
        "moved": explained.moved.as_ref().map(moved),
        "before": explained.before.as_ref().map(|before| before_json(worked, before)),
        "published": published(&explained.published),
    })
}

/// The value as it is shown, with the decimals of its metric.
fn shown(worked: &Worked<'_>) -> Option<String> {
    let decimals = worked.told.metric.decimals;
    worked.told.value.map(|value| decimal_text(rounded(value, decimals), decimals))
}

fn exact(value: Option<Exact>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn rule(rule: &Rule) -> Value {
    match rule {
        Rule::None => json!({ "kind": "none" }),
        Rule::NotFed => json!({ "kind": "not_fed" }),
        Rule::NotKnown(first) => {
            json!({ "kind": "not_known", "first": first.map(|first| first.to_string()) })
        }
        Rule::NoCalendar(year) => json!({ "kind": "no_calendar", "year": year }),
        Rule::NoValue => json!({ "kind": "no_value" }),
        Rule::ZeroDenominator => json!({ "kind": "zero_denominator" }),
        Rule::NotWhole(period) => json!({ "kind": "not_whole", "period": period.to_string() }),
        Rule::Beside => json!({ "kind": "beside" }),
        Rule::Base(name, found, least) => json!({
            "kind": "base",
            "base": name,
            "found": exact(*found),
            "at_least": exact(Some(*least)),
        }),
    }
}

fn step(step: &Step) -> Value {
    json!({
        "name": step.name,
        "period": step.period.to_string(),
        "formula": step.formula,
        "numbers": step.numbers,
        "value": exact(step.value),
    })
}

fn parted(parted: &Parted) -> Value {
    let parts = parted.parts.iter().map(|part| {
        let mut of_part = place(&part.spot);
        of_part.extend([
            ("above".to_owned(), json!(exact(part.above))),
            ("below".to_owned(), json!(exact(part.below))),
            ("counts".to_owned(), json!(part.counts)),
        ]);
        Value::Object(of_part)
    });
    json!({
        "formula": parted.formula,
        "value": exact(parted.value),
        "limit": exact(parted.limit),
        "parts": parts.collect::<Vec<_>>(),
    })
}

fn place((place, part): &Spot) -> serde_json::Map<String, Value> {
    let (dim, value) = part.clone().unzip();
    let mut object = serde_json::Map::new();
    object.insert("section_id".to_owned(), json!(place.1));
    object.insert("dim".to_owned(), json!(dim));
    object.insert("dim_value".to_owned(), json!(value));
    object
}

fn counted(counted: &Counted<'_>) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("measure".to_owned(), json!(counted.measure.name));
    object.extend(place(&counted.spot));
    object.extend([
        ("period".to_owned(), json!(counted.period.to_string())),
        ("amount".to_owned(), json!(exact(counted.amount))),
        ("shown".to_owned(), json!(counted.amount.map(exact_text))),
        ("measured_in".to_owned(), json!(counted.measure.measured_in)),
        ("rows".to_owned(), json!(counted.rows)),
        ("fact".to_owned(), json!(counted.measure.fact.value)),
        ("text".to_owned(), json!(counted.measure.sql.value)),
        ("sql".to_owned(), json!(counted.sql)),
        ("per".to_owned(), json!(counted.measure.per.to_string())),
        ("runs_in_duckdb".to_owned(), json!(counted.is_runnable)),
    ]);
    Value::Object(object)
}

fn rows(rows: &Rows<'_>) -> Value {
    let derived = rows.derived.iter();
    let derived = derived.map(|(name, text)| json!({ "column": name, "made": text }));
    let sources = rows.sources.iter().map(|source| {
        let first = source.places.iter().take(PLACES);
        let places = first.map(|(place, rows)| json!({ "source": place, "rows": rows }));
        json!({
            "stream": source.stream,
            "nights": [source.nights.0.to_string(), source.nights.1.to_string()],
            "rows": source.rows,
            "places": places.collect::<Vec<_>>(),
            "more": source.places.len().saturating_sub(PLACES),
        })
    });
    json!({
        "fact": rows.fact.name,
        "table": rows.fact.table.value,
        "file": rows.file.display().to_string(),
        "where": rows.fact.keep.as_ref().map(|(text, _)| &text.value),
        "derived": derived.collect::<Vec<_>>(),
        "rows": rows.rows,
        "sources": sources.collect::<Vec<_>>(),
    })
}

fn before_json(now: &Worked<'_>, before: &Worked<'_>) -> Value {
    let difference = now.told.value.zip(before.told.value).map(|(now, before)| now - before);
    json!({
        "period": before.told.period.to_string(),
        "value": exact(before.told.value),
        "shown": shown(before),
        "status": before.told.status.name(),
        "difference": exact(difference),
    })
}

fn step_since((measure, spot, was, is): &super::Step) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("measure".to_owned(), json!(measure));
    object.extend(place(spot));
    object.insert("was".to_owned(), json!(exact(*was)));
    object.insert("is".to_owned(), json!(exact(*is)));
    Value::Object(object)
}

fn moved(since: &Since) -> Value {
    let facts = since.rows.iter().map(|(fact, rows)| {
        let rows = rows.iter().map(|(cause, count)| (cause.name().to_owned(), json!(count)));
        json!({ "fact": fact, "rows": rows.collect::<serde_json::Map<_, _>>() })
    });
    let (status, value) = since.told.clone().unzip();
    json!({
        "release": since.release,
        "status": status,
        "value": value.flatten(),
        "cause": since.cause.map(Cause::name),
        "facts": facts.collect::<Vec<_>>(),
    })
}

fn published(published: &Published) -> Value {
    match published {
        Published::Same(release) => json!({ "release": release, "agrees": true }),
        Published::Nothing => Value::Null,
        Published::Other(release, status, value) => json!({
            "release": release,
            "agrees": false,
            "status": status,
            "value": value,
        }),
        Published::Closed([release, status, value, closed]) => json!({
            "release": release,
            "agrees": false,
            "status": status,
            "value": value,
            "closed": closed,
        }),
    }
}
