//! What moved between two nights?

use std::path::Path;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use super::moved::Shown;
use super::report::grouped;
use crate::base::said::Say;
use crate::publish;
use crate::publish::moved::Said;

#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The release before: its night, or with its revision as in 2026-01-05.1
    before: String,
    /// The release after
    after: String,
    #[command(flatten)]
    shown: Shown,
}

/// Prints what moved from one release to another.
pub(super) fn diff(root: &Path, asked: &Diff, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let releases = home.root.join(&catalog.settings.var).join("release");
    let mut said = Vec::new();
    for name in [&asked.before, &asked.after] {
        let Some(folder) = publish::find(&releases, Some(name))? else {
            let nouns = [("found", name.clone()), ("path", releases.display().to_string())];
            let (text, hint) =
                (face.say(Say::NoRelease, &nouns), face.say(Say::NoReleaseHint, &nouns));
            face.complain(&text, Some(&hint))?;
            return Ok(USAGE);
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        said.push((name, Said::of_release(&folder)?));
    }
    let [(before_name, before), (after_name, after)] = said.as_slice() else { return Ok(USAGE) };
    let found = publish::moved::moved(before, after)?;
    if !asked.shown.is_known((&catalog, &found), face)? {
        return Ok(USAGE);
    }
    if !asked.shown.is_csv() {
        let nouns = [
            ("before", before_name.clone()),
            ("after", after_name.clone()),
            ("count", grouped(found.len() as u64)),
        ];
        let title = face.say(Say::DiffTitle, &nouns);
        writeln!(face.out, "{title}")?;
    }
    let scores = publish::scored::moved_scores(before, after)?;
    asked.shown.print((&found, &scores), face)?;
    Ok(DONE)
}
