//! How are the warehouse's tables made to stand as the home asks?

use std::path::Path;

use super::DONE;
use super::Face;
use super::home;
use crate::base::said::Say;
use crate::night::Ground;
use crate::night::keep_home;
use crate::spec::secret::HomeSecrets;
use crate::warehouse;
use crate::warehouse::Design;

#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    /// Print the statements and run none
    #[arg(long, conflicts_with = "take_over")]
    plan: bool,
    /// Take a warehouse over that another home has told
    #[arg(long)]
    take_over: bool,
}

/// Changes the warehouse, or says what would be changed.
pub(super) async fn migrate(
    root: &Path,
    asked: &Migrate,
    face: &mut Face<'_>,
) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let place = ground.warehouse()?;
    let design = Design::of(&catalog);
    let homes = ground.var.join("homes");
    let homes = (!asked.take_over).then_some(homes.as_path());
    let statements = if asked.plan {
        warehouse::planned(&place, &design, homes).await?
    } else {
        warehouse::migrate(&place, &design, homes).await?
    };
    if asked.take_over {
        warehouse::take_over(&place, &catalog.fingerprint).await?;
        keep_home(&ground)?;
    }
    let nouns = [("place", place.to_string()), ("count", statements.len().to_string())];
    if statements.is_empty() {
        let text = face.say(Say::NothingToMigrate, &nouns);
        writeln!(face.out, "{text}")?;
        return Ok(DONE);
    }
    if asked.plan {
        for statement in &statements {
            writeln!(face.out, "{statement};")?;
        }
        let text = face.say(Say::ToMigrate, &nouns);
        writeln!(face.err, "{text}")?;
        return Ok(DONE);
    }
    let (text, hint) = (face.say(Say::Migrated, &nouns), face.say(Say::MigratedHint, &[]));
    writeln!(face.out, "{text}\nhint: {hint}")?;
    Ok(DONE)
}
