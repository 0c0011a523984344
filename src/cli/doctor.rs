//! What would keep a night from going well? One line for each thing that was looked at, and below each bad
//! one what to do. Secrets are told by their age, never by what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::json;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use super::preview::asked_for;
use super::report::table;
use crate::base::checkup::Check;
use crate::base::checkup::State;
use crate::base::clock;
use crate::base::said::Say;
use crate::extract::probe;
use crate::night::Ground;
use crate::night::doctor;
use crate::night::status;
use crate::spec::connector::Connector;
use crate::spec::connector::Source;
use crate::spec::secret::HomeSecrets;
use crate::spec::template;
use crate::spec::template::Secrets as _;

/// A secret that is older, in days, is in doubt.
const OLD: i64 = 365;

/// Free room below which a night may not get through, and below which somebody should look, in MiB.
const ROOM: (u64, u64) = (200, 2_048);

#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// One system [default: every one, and the home itself]
    system: Option<String>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Looks at everything and tells how it stands.
pub(super) async fn doctor(root: &Path, asked: &Doctor, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let is_asked =
        |connector: &&Connector| asked.system.as_ref().is_none_or(|name| *name == connector.name);
    if let Some(system) = &asked.system
        && asked_for(&catalog, (system, None), face)?.is_empty()
    {
        return Ok(USAGE);
    }
    let secrets = HomeSecrets::of(root);
    let var = home.root.join(&catalog.settings.var);
    let ground = Ground { catalog: &catalog, home: &home, var, secrets: &secrets };
    let night = catalog.settings.night_at(clock::now());
    let standing = status::standing(&ground.lake(), &catalog)?;
    let mut all: Vec<(&str, Check)> = Vec::new();
    let kept = |file: &str| {
        let text = home.files.get(file).map_or("", String::as_str);
        kept(&secrets, file, text)
    };
    let key = kept("shuping.toml");
    let has_key = !key.iter().any(Check::is_broken);
    let of_home = key.into_iter().chain([disk(&ground.var, root)]);
    all.extend(of_home.map(|check| ("home", check)));
    for connector in catalog.connectors.iter().filter(is_asked) {
        let mut checks = kept(&connector.file);
        checks.extend(certificates(connector, root));
        // Without the key of the pseudonyms no row may be asked for.
        if has_key && !checks.iter().any(Check::is_broken) {
            checks.extend(doctor::system(&ground, connector, night, &standing).await?);
        } else {
            // What is not set need not be told again where it is looked for.
            let is_told =
                |check: &Check| checks.iter().any(|told| check.says.ends_with(&told.says));
            let way = probe::way(connector, &catalog.connectors, &secrets, root).await.into_iter();
            let way: Vec<Check> = way.filter(|check| !is_told(check)).collect();
            checks.extend(way);
        }
        all.extend(checks.into_iter().map(|check| (connector.name.as_str(), check)));
    }
    if asked.json {
        let told = all.iter().map(|(system, check)| {
            let (state, hint) = (check.state.name(), check.hint(face.lang));
            json!({ "system": system, "check": check.what, "state": state, "found": check.says, "hint": hint })
        });
        let told: Vec<_> = told.collect();
        writeln!(face.out, "{:#}", serde_json::Value::Array(told))?;
    } else {
        show(&all, face)?;
    }
    let is_broken = all.iter().any(|(_, check)| check.is_broken());
    Ok(if is_broken { FAILED } else { DONE })
}

fn show(all: &[(&str, Check)], face: &mut Face<'_>) -> anyhow::Result<()> {
    let lang = face.lang;
    let head = [Say::System, Say::Looked, Say::Stands, Say::Found].map(|say| say.text(lang));
    let rows = all.iter().map(|(system, check)| {
        let hint = check.hint(lang).map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        let state = check.state.say().text(lang).to_owned();
        vec![(*system).to_owned(), check.what.clone(), state, format!("{}{hint}", check.says)]
    });
    let rows = table(&head, head.len(), rows.collect());
    let count = |state| all.iter().filter(|(_, check)| check.state == state).count().to_string();
    let nouns = [
        ("checks", all.len().to_string()),
        ("broken", count(State::Broken)),
        ("doubts", count(State::Doubt)),
    ];
    let line = face.say(Say::DoctorLine, &nouns);
    writeln!(face.out, "{}\n{line}", rows.trim_fmt())?;
    Ok(())
}

/// The secrets and variables that a file names: whether they are there, and since when.
fn kept(secrets: &HomeSecrets, file: &str, text: &str) -> Vec<Check> {
    let of = |(kind, name): &(&str, String)| match *kind {
        "secret" => secret(secrets, name),
        _ => variable(secrets, name),
    };
    template::named(file, text).iter().map(of).collect()
}

fn variable(secrets: &HomeSecrets, name: &str) -> Check {
    let what = format!("variable {name}");
    match secrets.env(name) {
        Ok(_) => Check::well(what, "is set"),
        Err(why) => Check::well(what, why).but(State::Broken, Say::HintVariable, &[]),
    }
}

fn secret(secrets: &HomeSecrets, name: &str) -> Check {
    let (what, nouns) = (format!("secret {name}"), [("name", name.to_owned())]);
    if let Err(why) = secrets.secret(name) {
        return Check::well(what, why).but(State::Broken, Say::HintSecret, &nouns);
    }
    let Some(file) = secrets.file(name) else {
        return Check::well(what, "from the environment");
    };
    let found = fs::metadata(&file);
    let mode = found.as_ref().map_or(0, |found| found.permissions().mode() & 0o777);
    let changed = found.and_then(|found| found.modified()).ok();
    let changed = changed.and_then(|at| Timestamp::try_from(at).ok());
    let days = changed.map_or(0, |at| (clock::now().as_second() - at.as_second()) / 86_400);
    let check = Check::well(what, format!("{days} days old, mode {mode:04o}"));
    if days > OLD { check.but(State::Doubt, Say::HintOld, &nouns) } else { check }
}

/// The certificates that a connector names: who vouches for the other side, and ours.
fn certificates(connector: &Connector, root: &Path) -> Vec<Check> {
    let Source::Http(http) = &connector.source else { return Vec::new() };
    let ours = http.way.client.iter().map(|(certificate, _)| certificate);
    http.way.ca.iter().chain(ours).map(|file| probe::file_held(root, file)).collect()
}

/// The room that is left where nights write.
fn disk(var: &Path, root: &Path) -> Check {
    let place = if var.is_dir() { var } else { root };
    let told = Command::new("df").args(["-P", "-k"]).arg(place).env("LC_ALL", "C").output();
    let told = told.ok().and_then(|told| String::from_utf8(told.stdout).ok());
    let line = told.as_deref().and_then(|told| told.lines().nth(1));
    let cell = |at: usize| line.and_then(|line| line.split_whitespace().nth(at));
    let free: Option<u64> = cell(3).and_then(|cell| cell.parse().ok());
    let Some(free) = free.map(|kib| kib / 1024) else {
        return Check::well("disk", "`df` does not tell");
    };
    let used = cell(4).unwrap_or_default();
    let check = Check::well("disk", format!("{free} MiB free, {used} used"));
    if free < ROOM.0 {
        check.but(State::Broken, Say::HintDisk, &[])
    } else if free < ROOM.1 {
        check.but(State::Doubt, Say::HintDisk, &[])
    } else {
        check
    }
}
