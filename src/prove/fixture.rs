//! Which rows are expected? Point 14: some rows of a window that has ended, as the model made them, a line
//! each in `fixtures/<system>/<stream>.jsonl` of the home. No fixture is about persons.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::NotAsked;
use super::Verdict::Passed;
use super::bench::Question;
use super::case::Case;
use crate::base::cell::Cell;
use crate::base::durable::write_then_rename;
use crate::model::judge::Judged;
use crate::spec::sniff;

/// So many rows are written.
const ROWS: usize = 10;

/// The first line: where the rows come from.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Of {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    files: BTreeSet<String>,
}

/// Point 14, or the rows that are expected from now on.
pub(super) async fn expected(case: &Case<'_>, writes: bool) -> anyhow::Result<Verdict> {
    if case.schema.is_about_persons {
        return Ok(NotAsked("its rows are about persons, and no fixture keeps such".to_owned()));
    }
    let path = path(case);
    if writes {
        return written(case, &path);
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let how = format!("shuping prove {} --write-fixtures", case.bench.connector.name);
            return Ok(NotAsked(format!("no fixtures; write them with `{how}`")));
        }
        Err(fault) => return Ok(Failed(format!("{}: {fault}", shown(case)))),
    };
    let mut lines = text.lines();
    let Ok(of) = serde_json::from_str::<Of>(lines.next().unwrap_or_default()) else {
        return Ok(Failed(format!("{} line 1 says not where its rows come from", shown(case))));
    };
    if !of.files.is_empty() && of.files != files(case) {
        let files = of.files.into_iter().collect::<Vec<_>>().join(", ");
        return Ok(NotAsked(format!("{files} is not the last file any more")));
    }
    let question = Question {
        past: of.from.zip(of.to),
        until: of.to.unwrap_or(case.question.until),
        ..case.question.clone()
    };
    let made = match case.bench.read(case.of(), &question).await {
        Ok(reading) => objects(case, &case.judge(&reading)?),
        Err(error) => return Ok(Failed(error.told())),
    };
    Ok(held_against(case, lines, &made))
}

fn held_against<'t>(
    case: &Case<'_>,
    lines: impl Iterator<Item = &'t str>,
    made: &[Map<String, Value>],
) -> Verdict {
    let mut rows = 0;
    for (line, number) in lines.zip(2..) {
        let at = format!("{} line {number}", shown(case));
        let Ok(row) = serde_json::from_str::<Map<String, Value>>(line) else {
            return Failed(format!("{at} is no row"));
        };
        rows += 1;
        let fits = |other: &&Map<String, Value>| {
            row.iter().all(|(name, value)| other.get(name).unwrap_or(&Value::Null) == value)
        };
        if made.iter().any(|other| fits(&other)) {
            continue;
        }
        let key = &case.schema.primary_key;
        let is_of_key =
            |other: &&Map<String, Value>| key.iter().all(|name| row.get(name) == other.get(name));
        let Some(other) = made.iter().find(is_of_key) else {
            return Failed(format!("{at}: no row came with its key"));
        };
        let differs =
            row.iter().find(|(name, value)| other.get(*name).unwrap_or(&Value::Null) != *value);
        let name = differs.map_or("", |(name, _)| name.as_str());
        return Failed(format!("{at}: `{name}` of its row is another value now"));
    }
    Passed(format!("{rows} expected rows came"))
}

fn path(case: &Case<'_>) -> PathBuf {
    case.bench.ground.home.root.join(shown(case))
}

fn shown(case: &Case<'_>) -> String {
    format!("fixtures/{}/{}.jsonl", case.bench.connector.name, case.stream.name)
}

fn files(case: &Case<'_>) -> BTreeSet<String> {
    case.reading.delivery.files.iter().map(|file| file.name.clone()).collect()
}

/// The rows as the model made them, under the columns that name nobody.
fn objects(case: &Case<'_>, judged: &Judged) -> Vec<Map<String, Value>> {
    let fields = case.schema.fields.iter().zip(0..);
    let shown: Vec<(&str, usize)> = fields
        .filter(|(field, _)| field.pii.is_none())
        .map(|(field, at)| (field.name.as_str(), at))
        .collect();
    let kept = judged.kept.rows().filter(|(_, origin)| !origin.is_deleted);
    let object = |cells: &[Option<Cell>]| {
        let filled = shown.iter().filter_map(|(name, at)| {
            let text = cells.get(*at)?.as_ref()?.written();
            Some(((*name).to_owned(), Value::from(text)))
        });
        filled.collect()
    };
    kept.map(|(cells, _)| object(&cells)).collect()
}

/// Writes the first rows, without columns that tell of persons.
fn written(case: &Case<'_>, path: &Path) -> anyhow::Result<Verdict> {
    let mut rows = objects(case, &case.judged);
    let texts = |name: &str| {
        let texts = rows.iter().filter_map(|row| Some(row.get(name)?.as_str()?.to_owned()));
        texts.collect::<Vec<_>>()
    };
    let names = case.schema.fields.iter().map(|field| &field.name);
    let tells = |name: &&String| {
        let texts = texts(name);
        sniff::personal(name, &texts).is_some()
            || texts.iter().any(|text| sniff::told(text).is_some())
    };
    let personal: Vec<&String> = names.filter(tells).collect();
    for row in &mut rows {
        row.retain(|name, _| !personal.contains(&name));
    }
    let (from, to) = case.question.past.unzip();
    let of = Of { from, to, files: files(case) };
    let mut lines = vec![serde_json::to_string(&of)?];
    for row in rows.iter().take(ROWS) {
        lines.push(serde_json::to_string(row)?);
    }
    lines.push(String::new());
    write_then_rename(path, lines.join("\n").as_bytes())?;
    Ok(NotAsked(format!("{} rows were written to `{}`", lines.len() - 2, shown(case))))
}
