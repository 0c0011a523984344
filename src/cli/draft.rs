//! What would a changed definition or threshold do? A draft is tried on the lake of the last night.

use std::path::Path;
use std::path::PathBuf;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use super::moved::Shown;
use super::report::grouped;
use crate::base::said::Say;
use crate::night::Ground;
use crate::night::draft;
use crate::night::draft::NoNight;
use crate::publish;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
pub(super) struct Try {
    /// A folder whose files take the place of the home's of the same path, such as
    /// `pipelines/service.toml`, or come on top
    folder: PathBuf,
    #[command(flatten)]
    shown: Shown,
}

/// Prints what a draft would move.
pub(super) fn draft(root: &Path, asked: &Try, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let drafted = home.with(&asked.folder)?;
    if drafted.files == home.files {
        let nouns = [("path", asked.folder.display().to_string())];
        let (text, hint) = (face.say(Say::NoDraft, &nouns), face.say(Say::NoDraftHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    }
    let draft_catalog = match home::read(&drafted, face)? {
        Ok(read) => read,
        Err(code) => return Ok(code),
    };
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let told = match draft::draft(&ground, &draft_catalog) {
        Ok(told) => told,
        Err(fault) if fault.is::<NoNight>() => {
            let (text, hint) = (face.say(Say::NoNightYet, &[]), face.say(Say::NoNightYetHint, &[]));
            face.complain(&text, Some(&hint))?;
            return Ok(USAGE);
        }
        Err(fault) => return Err(fault),
    };
    let found = publish::moved::moved(&told.before, &told.after)?;
    let scores = publish::scored::moved_scores(&told.before, &told.after)?;
    if !asked.shown.is_known((&draft_catalog, &found), face)? {
        return Ok(USAGE);
    }
    if asked.shown.is_csv() {
        asked.shown.print((&found, &scores), face)?;
        return Ok(DONE);
    }
    let nouns = [
        ("release", told.release.clone()),
        ("as_of", told.night.1.to_string()),
        ("count", grouped(found.len() as u64)),
    ];
    let title = face.say(Say::TryTitle, &nouns);
    writeln!(face.out, "{title}")?;
    asked.shown.print((&found, &scores), face)?;
    if told.is_home_changed {
        let hint = face.say(Say::TryHomeChanged, &[("release", told.release)]);
        writeln!(face.out, "hint: {hint}")?;
    }
    Ok(DONE)
}
