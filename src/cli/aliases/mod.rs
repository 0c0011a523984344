//! Which names does nobody know, and what do people decide about them? A decision is one more line of
//! `connectors/aliases.csv`.

mod decide;
mod list;

use std::path::Path;

use self::decide::Bench;
use self::decide::Refused;
use self::list::json;
use self::list::list;
use super::Aliases;
use super::DONE;
use super::Decide;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::said::Say;
use crate::night::aliases::Register;

/// The file of the home.
const FILE: &str = "connectors/aliases.csv";

/// Lists the names without a unit, or writes a decision.
pub(super) fn aliases(root: &Path, asked: &Aliases, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let var = home.root.join(&catalog.settings.var);
    let Some(register) = Register::open(&catalog, &var)? else {
        let nouns = [("path", root.display().to_string())];
        let (text, hint) = (face.say(Say::NoNights, &[]), face.say(Say::NoNightsHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    };
    let Some(decision) = &asked.decision else {
        let missed = register.missed();
        if asked.json {
            writeln!(face.out, "{:#}", json(&register, &missed))?;
        } else {
            list(root, &register, &missed, face)?;
        }
        return Ok(DONE);
    };
    let text = home.files.get(FILE).map_or("", String::as_str);
    let systems: Vec<&str> = catalog.connectors.iter().map(|it| it.name.as_str()).collect();
    let mut bench = Bench { root, var: &var, text, register: &register, face };
    let told = match decision {
        Decide::Accept(pair) => bench.accept(pair, &systems),
        Decide::Reject(pair) => bench.reject(pair, &systems),
        Decide::Undo { name, note } => bench.undo(name.as_deref(), note, &catalog.aliases),
    };
    match told? {
        Ok(()) => Ok(DONE),
        Err(Refused(text, hint)) => {
            bench.face.complain(&text, hint.as_deref())?;
            Ok(USAGE)
        }
    }
}
