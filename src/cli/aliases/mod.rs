//! Which names does nobody know, and what do people decide about them? A decision is one more line of
//! `connectors/aliases.csv`.

mod decide;
mod list;

use std::path::Path;

use clap::Subcommand;
use jiff::civil::Date;

use self::decide::Bench;
use self::decide::Refused;
use self::list::json;
use self::list::list;
use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::said::Say;
use crate::night::aliases::Register;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Aliases {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    decision: Option<Decide>,
}

#[derive(Debug, Subcommand)]
enum Decide {
    /// The name means the unit
    Accept(Pair),
    /// The name does not mean the unit: it is not suggested again
    Reject(Pair),
    /// Take back the last decision that was taken here
    Undo {
        /// Only a decision about this name
        name: Option<String>,
        /// Why, and who says so
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
}

#[derive(Debug, clap::Args)]
struct Pair {
    /// The name, as it is written
    name: String,
    /// The unit, by its key or exact name; of a name that means several `ambiguous`, of a body that is
    /// none of ours `outside`
    unit: String,
    /// Only where this system writes it [default: every one]
    #[arg(long, value_name = "SYSTEM", default_value = "")]
    system: String,
    /// The first day on which it holds [default: ever]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The first day on which it no longer holds [default: never]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Why, and who says so
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

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
