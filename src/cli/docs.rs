//! What does the home measure, told to people? The metric handbook, as a page, as Markdown and as a workbook.

use std::path::Path;
use std::path::PathBuf;

use super::DONE;
use super::Face;
use super::home;
use crate::base::durable::write_then_rename;
use crate::base::said::Say;
use crate::handbook;
use crate::handbook::Handbook;

#[derive(Debug, clap::Args)]
pub(super) struct Docs {
    /// The folder it is written into [default: `handbook` beside what nights write]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the handbook and prints its files.
pub(super) fn docs(root: &Path, asked: &Docs, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let own = home.root.join(&catalog.settings.var).join("handbook");
    let folder = asked.out.as_ref().unwrap_or(&own);
    let book = Handbook::of(&catalog);
    let files = [
        ("handbook.html", handbook::html(&book).into_bytes()),
        ("handbook.md", handbook::markdown(&book).into_bytes()),
        ("handbook.xlsx", handbook::workbook(&book)?),
    ];
    for (name, bytes) in &files {
        let path = folder.join(name);
        write_then_rename(&path, bytes)?;
        writeln!(face.out, "{}", path.display())?;
    }
    let metrics = catalog.metrics().count().to_string();
    let nouns = [("metrics", metrics), ("trees", catalog.scoring.len().to_string())];
    let text = face.say(Say::HandbookWritten, &nouns);
    writeln!(face.out, "{text}")?;
    Ok(DONE)
}
