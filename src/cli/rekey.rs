//! How is the lake given another key?

use std::path::Path;

use super::DONE;
use super::Face;
use super::home;
use super::report::grouped;
use crate::base::said::Say;
use crate::night;
use crate::night::Ground;
use crate::spec::secret::HomeSecrets;

#[derive(Debug, clap::Args)]
pub(super) struct Rekey {
    /// The name of the secret with the key that the lake has, such as `pseudonym.key`
    #[arg(long, value_name = "SECRET")]
    from: String,
    /// The name of the secret with the key that comes on top; both must be kept
    #[arg(long, value_name = "SECRET")]
    to: String,
}

/// Gives the lake another key.
pub(super) fn rekey(root: &Path, asked: &Rekey, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let rekeyed = night::rekey::rekey(&ground, &asked.from, &asked.to)?;
    let identities = rekeyed.identities.map_or_else(|| "0".to_owned(), grouped);
    let nouns = [("identities", identities), ("fingerprint", rekeyed.fingerprint)];
    let text = face.say(Say::Rekeyed, &nouns);
    let hint =
        face.say(Say::RekeyedHint, &[("from", asked.from.clone()), ("to", asked.to.clone())]);
    writeln!(face.out, "{text}\nhint: {hint}")?;
    Ok(DONE)
}
