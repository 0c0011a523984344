//! Which release is read now, and is it whole?

use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;

use super::FAILED;
use super::Face;
use super::USAGE;
use crate::base::said::Say;
use crate::publish;
use crate::publish::verify::verify;

/// Why nothing was done.
pub(super) struct Refused {
    pub(super) say: Say,
    pub(super) hint: Say,
    pub(super) nouns: Vec<(&'static str, String)>,
    pub(super) code: u8,
}

impl Refused {
    /// Says so; the code to exit with.
    pub(super) fn told(&self, face: &mut Face<'_>) -> std::io::Result<u8> {
        let (text, hint) = (face.say(self.say, &self.nouns), face.say(self.hint, &self.nouns));
        face.complain(&text, Some(&hint))?;
        Ok(self.code)
    }
}

/// The release that is read now.
pub(super) struct Latest {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) night: Date,
    pub(super) as_of: Date,
}

/// The release that `latest.json` names, if it is whole.
pub(super) fn latest(var: &Path) -> anyhow::Result<Result<Latest, Refused>> {
    let releases = var.join("release");
    let named = publish::latest(&releases)?;
    let nouns = |found: String| {
        let path = releases.display().to_string();
        vec![("found", found.clone()), ("release", found), ("path", path)]
    };
    let found = publish::find(&releases, Some(named.as_deref().unwrap_or("latest")))?;
    let Some((folder, name)) = found.zip(named) else {
        let nouns = nouns("latest".to_owned());
        let (say, hint) = (Say::NoRelease, Say::NoNightYetHint);
        return Ok(Err(Refused { say, hint, nouns, code: USAGE }));
    };
    let differences = verify(&folder)?.1;
    let told = publish::told_of(&folder);
    let (Some((night, as_of)), true) = (told, differences.is_empty()) else {
        let mut nouns = nouns(name);
        nouns.push(("count", differences.len().to_string()));
        let (say, hint) = (Say::ReleaseDiffers, Say::ReleaseDiffersHint);
        return Ok(Err(Refused { say, hint, nouns, code: FAILED }));
    };
    Ok(Ok(Latest { folder, name, night, as_of }))
}
