//! What is held back? Listed for the operator, and exported for those who sent it.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use clap::Subcommand;

use super::DISK;
use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use super::report::grouped;
use super::report::standing;
use super::report::table;
use crate::base::access::Access;
use crate::base::finding;
use crate::base::redact::without_people;
use crate::base::said::Say;
use crate::extract::correction::FOLDER;
use crate::extract::reopen::Lost;
use crate::quarantine;
use crate::quarantine::Refused;
use crate::quarantine::Waiting;
use crate::quarantine::Which;
use crate::quarantine::Why;
use crate::spec::catalog::Catalog;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    pub(super) export: Option<Back>,
    /// One system, or one stream of it, row by row
    #[arg(value_name = "SYSTEM[.STREAM]")]
    pub(super) which: Option<String>,
    /// Rows that are closed too
    #[arg(long)]
    pub(super) all: bool,
    /// Print the rows as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Back {
    /// Write the rows that are held back to a workbook, as the sender wrote them: personal data in clear
    Export(Export),
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The system, or one stream of it
    #[arg(value_name = "SYSTEM[.STREAM]")]
    pub(super) which: String,
    /// The workbook, outside the home; it must not exist
    #[arg(long, value_name = "FILE.xlsx")]
    pub(super) to: PathBuf,
}

/// Lists what is held back: by source and reason, or the rows of a system or stream.
pub(super) fn list(root: &Path, asked: &Quarantine, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let Some(which) = which(asked.which.as_deref(), &catalog, face)? else { return Ok(USAGE) };
    let var = home.root.join(&catalog.settings.var);
    let mut rows = quarantine::list(&var.join("lake"), &catalog, which)?;
    rows.retain(|row| asked.all || row.closed().is_none());
    if !rows.is_empty() {
        let what = vec![("of", asked.which.clone().unwrap_or_default())];
        let count = Some(rows.len() as u64);
        Access { verb: "quarantine", what, rows: count, purpose: None }.note(&var)?;
    }
    if asked.json {
        let rows = serde_json::Value::Array(rows.iter().map(Waiting::json).collect());
        writeln!(face.out, "{rows:#}")?;
        return Ok(DONE);
    }
    if rows.is_empty() {
        writeln!(face.out, "{}", Say::NothingHeld.text(face.lang))?;
        return Ok(DONE);
    }
    let table = if which == Which::Every { summary(&rows, face) } else { single(&rows, face) };
    writeln!(face.out, "{}\n{}", Say::HeldRows.text(face.lang), table.trim_fmt())?;
    if let Some(open) = rows.iter().find(|row| row.closed().is_none()) {
        let stream = asked.which.clone().unwrap_or_else(|| open.stream());
        let hint = face.say(Say::TryExport, &[("which", stream)]);
        writeln!(face.out, "hint: {hint}")?;
    }
    Ok(DONE)
}

/// The rows that a word asks for; what the home has, if it knows no such word.
fn which<'w>(
    asked: Option<&'w str>,
    catalog: &Catalog,
    face: &mut Face<'_>,
) -> anyhow::Result<Option<Which<'w>>> {
    let Some(asked) = asked else { return Ok(Some(Which::Every)) };
    let which = Which::read(asked, catalog);
    if which.is_none() {
        let text = face.say(Say::UnknownStream, &[("found", asked.to_owned())]);
        let streams = catalog.streams().into_iter();
        let names = streams.map(|(of, stream)| format!("{}.{}", of.name, stream.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let hint = face.say(Say::Nearest, &[("names", names)]);
        face.complain(&text, Some(&hint))?;
    }
    Ok(which)
}

/// One line a source and state.
fn summary(rows: &[Waiting], face: &Face<'_>) -> comfy_table::Table {
    let mut lines: BTreeMap<_, Vec<&Waiting>> = BTreeMap::new();
    for row in rows {
        let key = (row.stream(), row.held.source.clone(), row.closed());
        lines.entry(key).or_default().push(row);
    }
    let lines = lines.into_iter().map(|((stream, source, closed), rows)| {
        let since = rows.iter().map(|row| row.since).min();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for row in &rows {
            let why = format!("{} {}", row.held.column, row.held.reason);
            *reasons.entry(why.trim().to_owned()).or_default() += 1;
        }
        let reasons = reasons.into_iter().map(|(why, rows)| match rows {
            1 => why,
            rows => format!("{why} ×{rows}"),
        });
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        let since = since.map_or_else(String::new, |since| since.to_string());
        let state = standing(closed).text(face.lang).to_owned();
        vec![stream, without_people(&source), reasons, since, state, grouped(rows.len() as u64)]
    });
    let head = [Say::Stream, Say::Source, Say::Reason, Say::Since, Say::StateOf, Say::Rows];
    table(&head.map(|say| say.text(face.lang)), 5, lines.collect())
}

/// One line a row.
fn single(rows: &[Waiting], face: &Face<'_>) -> comfy_table::Table {
    let lines = rows.iter().map(|row| {
        let held = &row.held;
        let reason = format!("{} ({})", finding::reason(&held.reason, face.lang), held.reason);
        let state = standing(row.closed()).text(face.lang).to_owned();
        let (source, column) = (without_people(&held.source), held.column.clone());
        vec![
            row.stream(),
            source,
            held.row.to_string(),
            column,
            reason,
            row.since.to_string(),
            state,
        ]
    });
    let head =
        [Say::Stream, Say::Source, Say::Row, Say::Column, Say::Reason, Say::Since, Say::StateOf];
    table(&head.map(|say| say.text(face.lang)), 7, lines.collect())
}

/// Exports what is held back of a system or stream, for the sender to correct.
pub(super) fn export(root: &Path, asked: &Export, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let Some(which) = which(Some(&asked.which), &catalog, face)? else { return Ok(USAGE) };
    let var = home.root.join(&catalog.settings.var);
    let lake = var.join("lake");
    let mut rows = quarantine::list(&lake, &catalog, which)?;
    rows.retain(|row| row.closed().is_none());
    if rows.is_empty() {
        writeln!(face.out, "{}", Say::NothingHeld.text(face.lang))?;
        return Ok(DONE);
    }
    let secrets = HomeSecrets::of(root);
    let export = quarantine::export((&catalog, &home.root), &lake, &secrets, &rows)?;
    let mut is_part = false;
    for missing in &export.missing {
        is_part |= tell(missing, face)?;
    }
    if export.rows() == 0 {
        let text = face.say(Say::NothingExported, &[]);
        face.complain(&text, None)?;
        return Ok(DISK);
    }
    let what = vec![("of", asked.which.clone()), ("to", asked.to.display().to_string())];
    let count = Some(export.rows() as u64);
    let purpose = Some("correction by the sender");
    Access { verb: "quarantine export", what, rows: count, purpose }.note(&var)?;
    match quarantine::write(&asked.to, &export, &[&home.root, &var]) {
        Ok(()) => {}
        Err(Refused::Exists(path)) => return refused(Say::TargetExists, path, face),
        Err(Refused::Inside(path)) => return refused(Say::TargetInside, path, face),
        Err(fault) => return Err(fault.into()),
    }
    let path = asked.to.display().to_string();
    let text = face.say(Say::Exported, &[("rows", export.rows().to_string()), ("path", path)]);
    writeln!(face.out, "{text}")?;
    if let Some(folder) = rows.iter().find_map(|row| drop_folder(row, &catalog, root)) {
        let hint = face.say(Say::ExportedHint, &[("folder", folder)]);
        writeln!(face.out, "hint: {hint}")?;
    }
    Ok(if is_part { FAILED } else { DONE })
}

/// Where the corrected rows of a system are put back.
fn drop_folder(row: &Waiting, catalog: &Catalog, root: &Path) -> Option<String> {
    let connector = catalog.connectors.iter().find(|of| of.name == row.held.system)?;
    let crate::spec::connector::Source::Files(files) = &connector.source else { return None };
    let at = files.at.fill(&HomeSecrets::of(root), &[]).ok()?;
    Some(root.join(at).join(FOLDER).display().to_string())
}

/// Says why nothing is written.
pub(super) fn refused(say: Say, path: String, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let text = face.say(say, &[("path", path)]);
    face.complain(&text, None)?;
    Ok(USAGE)
}

/// Tells which payload is not exported; whether its rows are left out.
fn tell(missing: &quarantine::Missing, face: &mut Face<'_>) -> anyhow::Result<bool> {
    let source = without_people(&missing.source);
    let mut nouns = vec![("source", source.clone()), ("rows", missing.rows.to_string())];
    let say = match &missing.why {
        Why::AtSource => {
            nouns.push(("stream", source));
            let text = face.say(Say::AtSource, &nouns);
            writeln!(face.out, "{text}")?;
            return Ok(false);
        }
        Why::File(Lost::Gone) => Say::LostGone,
        Why::File(Lost::Changed) => Say::LostChanged,
        Why::File(Lost::Unreadable(why)) => {
            nouns.push(("why", why.clone()));
            Say::LostUnread
        }
        Why::Row => Say::LostRow,
    };
    let text = face.say(say, &nouns);
    face.complain(&text, None)?;
    Ok(true)
}
