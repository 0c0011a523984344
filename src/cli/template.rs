//! What does an office send whose system gives nothing yet? A workbook that it fills in, and the connector that
//! reads it.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use super::quarantine::refused;
use crate::base::durable::write_then_rename;
use crate::base::said::Say;
use crate::handbook::form;
use crate::handbook::has_form;
use crate::spec::connector::Source;
use crate::spec::connector::read_connector;
use crate::spec::home::first_day;
use crate::spec::secret::HomeSecrets;

/// Whose workbook is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Template {
    /// The system, by its name
    system: String,
    /// The folder it is written into
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Writes the workbook of a system, and beside it the connector that reads it where the home's own does not.
pub(super) fn template(root: &Path, asked: &Template, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (_, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let system = &asked.system;
    let own = || catalog.connectors.iter().filter(|connector| has_form(connector));
    let shipped = first_day();
    let file = format!("{system}.toml");
    let mut written = Vec::new();
    let connector = if let Some(connector) = own().find(|connector| connector.name == *system) {
        connector.clone()
    } else if let Some(text) = shipped.get(system) {
        written.push((file.clone(), text.clone().into_bytes()));
        match read_connector(&file, text) {
            Ok(connector) => connector,
            Err(faults) => {
                home::print(&faults, face)?;
                return Ok(USAGE);
            }
        }
    } else {
        let known = own().map(|connector| &connector.name).chain(shipped.keys());
        let known: BTreeSet<&str> = known.map(String::as_str).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let nouns = [("found", system.clone()), ("choices", known.join(", "))];
        let (text, hint) = (face.say(Say::NoForm, &nouns), face.say(Say::NoFormHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    };
    written.push((format!("{system}.xlsx"), form(&catalog, &connector)?));
    let paths: Vec<PathBuf> = written.iter().map(|(name, _)| asked.out.join(name)).collect();
    // It may have been filled in since.
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return refused(Say::TargetExists, there.display().to_string(), face);
    }
    for (path, (_, bytes)) in paths.iter().zip(&written) {
        write_then_rename(path, bytes)?;
        writeln!(face.out, "{}", path.display())?;
    }
    let Source::Files(files) = &connector.source else { return Ok(DONE) };
    let Ok(folder) = files.at.fill(&HomeSecrets::of(root), &[]) else { return Ok(DONE) };
    let nouns = [("folder", root.join(folder).display().to_string()), ("file", file)];
    let hint = if written.len() > 1 { Say::FormSwitchHint } else { Say::FormHint };
    let hint = face.say(hint, &nouns);
    writeln!(face.out, "hint: {hint}")?;
    Ok(DONE)
}
