//! What would a stream bring first, and what would the model make of it? Shown, and kept nowhere.

use std::path::Path;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use unicode_width::UnicodeWidthChar as _;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use super::report::table;
use crate::base::access::Access;
use crate::base::cell::Cell;
use crate::base::clock;
use crate::base::durable::create_folders;
use crate::base::durable::share;
use crate::base::finding;
use crate::base::redact::without_people;
use crate::base::said::Say;
use crate::base::text::quoted;
use crate::night::Ground;
use crate::night::preview;
use crate::night::preview::Made;
use crate::night::preview::Previewed;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;
use crate::spec::schema::Schema;
use crate::spec::secret::HomeSecrets;

/// So wide is a cell at most.
const WIDEST: usize = 28;

#[derive(Debug, clap::Args)]
pub(super) struct Preview {
    /// The system
    system: String,
    /// One stream of it [default: every one]
    stream: Option<String>,
    /// How many rows at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rows: u32,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

/// Asks for the first rows of a system's streams and shows them.
pub(super) async fn preview(
    root: &Path,
    asked: &Preview,
    face: &mut Face<'_>,
) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let streams = asked_for(&catalog, (&asked.system, asked.stream.as_deref()), face)?;
    if streams.is_empty() {
        return Ok(USAGE);
    }
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let night = catalog.settings.night_at(clock::now());
    let (mut code, mut all) = (DONE, Vec::new());
    for (connector, stream) in streams {
        let name = format!("{}.{}", connector.name, stream.name);
        let Some(schema) = catalog.schemas.get(&stream.into.value) else { continue };
        let seen = match preview::preview(&ground, (connector, stream), night, asked.rows).await? {
            Ok(seen) => seen,
            Err(error) => {
                code = FAILED;
                let hint = face.say(Say::TryDoctor, &[("system", connector.name.clone())]);
                face.complain(&error.told(), Some(&hint))?;
                continue;
            }
        };
        note(&ground, &name, schema, &seen)?;
        if asked.json {
            all.push(told(&name, schema, &seen));
        } else {
            show(&name, schema, &seen, face)?;
        }
    }
    if asked.json {
        writeln!(face.out, "{:#}", Value::Array(all))?;
    }
    Ok(code)
}

/// A stream of a system, or all; none where no such system or stream is there: that is said, and which ones are.
pub(super) fn asked_for<'c>(
    catalog: &'c Catalog,
    (system, stream): (&str, Option<&str>),
    face: &mut Face<'_>,
) -> anyhow::Result<Vec<(&'c Connector, &'c Stream)>> {
    let all = catalog.streams();
    let is_asked = |(connector, found): &&(&Connector, &Stream)| {
        connector.name == system && stream.is_none_or(|name| name == found.name)
    };
    let asked: Vec<_> = all.iter().filter(is_asked).copied().collect();
    if asked.is_empty() {
        let found = [Some(system), stream].into_iter().flatten().collect::<Vec<_>>().join(".");
        let text = face.say(Say::UnknownStream, &[("found", found)]);
        let names = all.iter().map(|(of, stream)| format!("{}.{}", of.name, stream.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let hint = face.say(Say::Nearest, &[("names", names)]);
        face.complain(&text, Some(&hint))?;
    }
    Ok(asked)
}

/// Notes that rows about persons are looked at, before they are.
fn note(ground: &Ground<'_>, name: &str, schema: &Schema, seen: &Previewed) -> anyhow::Result<()> {
    if !schema.is_about_persons || seen.came.rows.rows.is_empty() {
        return Ok(());
    }
    if !ground.var.is_dir() {
        create_folders(&ground.var).and_then(|()| share(&ground.var))?;
    }
    let rows = Some(seen.came.rows.rows.len() as u64);
    let what = vec![("of", name.to_owned())];
    Ok(Access { verb: "preview", what, rows, purpose: None }.note(&ground.var)?)
}

fn show(name: &str, schema: &Schema, seen: &Previewed, face: &mut Face<'_>) -> anyhow::Result<()> {
    let came = &seen.came.rows;
    let nouns = [
        ("stream", name.to_owned()),
        ("rows", came.rows.len().to_string()),
        ("table", schema.name.clone()),
    ];
    let text = face.say(Say::PreviewTitle, &nouns);
    writeln!(face.out, "{text}")?;
    if came.rows.is_empty() {
        writeln!(face.out, "  {}", Say::PreviewNone.text(face.lang))?;
    } else {
        let head: Vec<&str> = std::iter::once(Say::Source.text(face.lang))
            .chain(came.headers.iter().map(String::as_str))
            .collect();
        let rows = came.rows.iter().map(|row| {
            let cells = row.cells.iter().map(|cell| cell.as_deref().unwrap_or_default());
            let place = without_people(&row.place());
            std::iter::once(place.as_str()).chain(cells).map(cut).collect()
        });
        let rows = table(&head, head.len(), rows.collect());
        writeln!(face.out, "\n{}\n{}", Say::PreviewCame.text(face.lang), rows.trim_fmt())?;
        made(schema, seen, face)?;
    }
    for (place, rows) in &seen.came.below {
        let what = finding::kind("below_end").text(face.lang);
        writeln!(face.out, "  {what}: {} ({rows})", quoted(place))?;
    }
    others(seen, face)?;
    writeln!(face.out)?;
    Ok(())
}

/// The rows as the model reads them; one that would be held back says why instead.
fn made(schema: &Schema, seen: &Previewed, face: &mut Face<'_>) -> anyhow::Result<()> {
    let lang = face.lang;
    let titles: Vec<&str> = [Say::Source.text(lang), Say::Reason.text(lang)]
        .into_iter()
        .chain(seen.columns(schema).map(|(_, name)| name))
        .collect();
    let line = |made: &Made| {
        let broken = made.cells.as_ref().err();
        let reason = broken.map(|(column, why)| format!("{column} {}", finding::reason(why, lang)));
        let reason = reason.unwrap_or_default().trim().to_owned();
        let cells = seen.columns(schema).map(|(at, _)| match &made.cells {
            Ok(cells) => cells.get(at).cloned().flatten().map_or_else(String::new, |c| c.written()),
            Err(_) => String::new(),
        });
        [place(&made.source, made.row), reason]
            .into_iter()
            .chain(cells.map(|cell| cut(&cell)))
            .collect()
    };
    let rows = table(&titles, titles.len(), seen.made.iter().map(line).collect());
    let held = seen.made.iter().filter(|made| made.cells.is_err()).count();
    let nouns = [
        ("table", schema.name.clone()),
        ("held", held.to_string()),
        ("filtered", seen.filtered.to_string()),
    ];
    let text = face.say(Say::PreviewMade, &nouns);
    writeln!(face.out, "\n{text}\n{}", rows.trim_fmt())?;
    for ((kind, subject), rows) in &seen.noticed {
        writeln!(face.out, "  {}: {} ({rows})", finding::kind(kind).text(lang), cut(subject))?;
    }
    Ok(())
}

/// The columns that nobody maps, without a value of them.
fn others(seen: &Previewed, face: &mut Face<'_>) -> anyhow::Result<()> {
    if seen.came.others.is_empty() {
        return Ok(());
    }
    let lang = face.lang;
    let head = [Say::Column, Say::TypeOf, Say::Note, Say::Filled].map(|say| say.text(lang));
    let rows = seen.came.others.iter().map(|other| {
        let note = if other.is_ignored { "ignore" } else { "" };
        let kind = other.kind.to_owned();
        vec![cut(&other.header), kind, note.to_owned(), other.filled.to_string()]
    });
    let rows = table(&head, 3, rows.collect());
    writeln!(face.out, "\n{}\n{}", Say::PreviewOthers.text(lang), rows.trim_fmt())?;
    Ok(())
}

fn told(name: &str, schema: &Schema, seen: &Previewed) -> Value {
    let came = &seen.came.rows;
    let rows = came.rows.iter().map(|row| {
        let cells = came.headers.iter().zip(&row.cells);
        let cells: Map<_, _> = cells.map(|(header, cell)| (header.clone(), json!(cell))).collect();
        json!({ "source": without_people(&row.source), "row": row.row, "cells": cells })
    });
    let made = seen.made.iter().map(|made| {
        let mut object = json!({ "source": without_people(&made.source), "row": made.row });
        match &made.cells {
            Ok(cells) => {
                let cells = seen.columns(schema).map(|(at, name)| {
                    let cell = cells.get(at).cloned().flatten();
                    (name.to_owned(), cell.map_or(Value::Null, value))
                });
                object["cells"] = Value::Object(cells.collect());
            }
            Err((column, reason)) => {
                object["held_back"] = json!({ "column": column, "reason": reason });
            }
        }
        object
    });
    let others = seen.came.others.iter().map(|other| {
        json!({ "header": other.header, "type": other.kind, "filled": other.filled, "ignored": other.is_ignored })
    });
    json!({
        "stream": name,
        "table": schema.name,
        "came": rows.collect::<Vec<_>>(),
        "made": made.collect::<Vec<_>>(),
        "filtered": seen.filtered,
        "below_end": seen.came.below,
        "unmapped": others.collect::<Vec<_>>(),
    })
}

/// A value as JSON writes it; decimals stay texts, which lose nothing.
fn value(cell: Cell) -> Value {
    match cell {
        Cell::Whole(number) => number.into(),
        Cell::Flag(flag) => flag.into(),
        other => other.written().into(),
    }
}

/// Where a row stands; its number is seen, however long the name of its file is.
fn place(source: &str, row: impl std::fmt::Display) -> String {
    format!("{} row {row}", cut(&without_people(source)))
}

/// A text that is not too wide for a table.
fn cut(text: &str) -> String {
    let (mut wide, mut cut) = (0, String::new());
    for letter in text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
        wide += letter.width().unwrap_or(0);
        if wide >= WIDEST {
            cut.push('…');
            break;
        }
        cut.push(letter);
    }
    cut
}
