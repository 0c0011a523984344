//! How does somebody begin? With the default home, or with one that reads a source of their own: it is
//! looked at, and what reads it is written once `check` finds no fault in it.

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::clock;
use crate::base::durable::create_private_folder;
use crate::base::durable::share;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::hex;
use crate::base::redact::theirs;
use crate::base::said::Say;
use crate::extract::look;
use crate::spec::begin;
use crate::spec::begin::Begin;
use crate::spec::begin::Begun;
use crate::spec::begin::Seen;
use crate::spec::begin::text;
use crate::spec::home::Home;
use crate::spec::home::write_default;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Init {
    #[command(subcommand)]
    source: Option<Source>,
    /// The folder of a new default home
    #[arg(required = true)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Look at a JSON address and write a connector into --home
    Http(Place),
    /// Look at a folder of workbooks and texts and write a connector into --home
    Files(Place),
    /// Look at a database and write a connector into --home
    Sql(Place),
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The address or the folder
    place: String,
    /// What the system is called, in small letters [default: by its place]
    #[arg(long)]
    name: Option<String>,
}

/// Writes the default home, or what reads a source.
pub(super) async fn init(root: &Path, asked: &Init, face: &mut Face<'_>) -> anyhow::Result<u8> {
    match (&asked.source, &asked.dir) {
        (Some(source), _) => begin(root, source, face).await,
        (None, Some(dir)) => default(dir, face),
        (None, None) => Ok(USAGE),
    }
}

fn default(dir: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let files = write_default(dir)?;
    let path = dir.display().to_string();
    let nouns = [("files", files.len().to_string()), ("path", path)];
    let (text, hint) = (face.say(Say::Wrote, &nouns), face.say(Say::WroteHint, &nouns));
    writeln!(face.out, "{text}\nhint: {hint}")?;
    Ok(DONE)
}

async fn begin(root: &Path, source: &Source, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (Source::Http(place) | Source::Files(place) | Source::Sql(place)) = source;
    let system = system(source, place);
    let seen = match look_at(root, source, &place.place, &system).await {
        Ok(seen) => seen,
        Err(why) => return nothing(&why, face),
    };
    for (what, why) in &seen.left_out {
        left_out(what, why, face)?;
    }
    if seen.tables.is_empty() {
        return nothing(&theirs(&place.place), face);
    }
    let mut home = Home::open_or_begin(root, &settings(&system))?;
    let is_new = !root.join("shuping.toml").exists();
    // A home with faults is mended before more is added to it.
    let known = match home.catalog() {
        Ok(known) => Some(known),
        Err(_) if is_new || home.under("connectors", ".toml").next().is_none() => None,
        Err(faults) => {
            home::print(&faults, face)?;
            return Ok(super::HOME);
        }
    };
    let zone = known.as_ref().and_then(|known| known.settings.zone.iana_name());
    let zone = zone.unwrap_or("Asia/Shanghai").to_owned();
    let has_units = known
        .is_some_and(|known| known.streams().iter().any(|(_, stream)| stream.into.value == "unit"));
    let today = clock::now().to_zoned_datetime(jiff::tz::TimeZone::get(&zone)?).date();
    let about = Begin { system: &system, title: &system, zone: &zone, today, has_units };
    let mut begun = begin::files(about, &seen);
    for table in &begun.without_key {
        left_out(table, "no one or two columns tell its rows apart, so it has no `key`", face)?;
    }
    if begun.begun.is_empty() {
        return nothing(&theirs(&place.place), face);
    }
    if let Some(there) = begun.files.keys().find(|path| home.files.contains_key(*path)) {
        let text = face.say(Say::BeginThere, &[("path", there.clone())]);
        let hint = face.say(Say::BeginThereHint, &[]);
        face.complain(&text, Some(&hint))?;
        return Ok(USAGE);
    }
    home.files.extend(begun.files.clone());
    if let Err(code) = home::read(&home, face)? {
        return Ok(code);
    }
    if is_new {
        begun.files.insert("shuping.toml".to_owned(), settings(&system));
    }
    for (path, text) in &begun.files {
        let path = root.join(path);
        write_then_rename(&path, text.as_bytes())?;
        share(&path)?;
        path.parent().map_or(Ok(()), share)?;
    }
    let key = root.join("secrets/pseudonym.key");
    let new_key = (is_new && !key.exists()).then(random).transpose()?;
    let new_key = new_key.map(|value| ("pseudonym.key".to_owned(), value));
    for (name, value) in seen.secrets.iter().cloned().chain(new_key) {
        keep_secret(root, &name, &value)?;
    }
    tell(root, &system, (&begun.begun, begun.files.len()), face)?;
    Ok(DONE)
}

fn left_out(what: &str, why: &str, face: &mut Face<'_>) -> anyhow::Result<()> {
    let nouns = [("what", what.to_owned()), ("why", why.to_owned())];
    let line = face.say(Say::BeginLeftOut, &nouns);
    Ok(writeln!(face.err, "{line}")?)
}

/// Says that nothing was found that could be read.
fn nothing(why: &str, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let text = face.say(Say::BeginNothing, &[("why", why.to_owned())]);
    let hint = face.say(Say::BeginNothingHint, &[]);
    face.complain(&text, Some(&hint))?;
    Ok(FAILED)
}

async fn look_at(root: &Path, source: &Source, place: &str, system: &str) -> Result<Seen, String> {
    match source {
        Source::Http(_) => look::address(place, system, root).await,
        Source::Files(_) => {
            let (folder, named) = (Path::new(place), inside(root, Path::new(place)));
            look::folder(folder, &named).map_err(|error| error.told())
        }
        Source::Sql(_) => database(root, place, system).await,
    }
}

async fn database(root: &Path, place: &str, system: &str) -> Result<Seen, String> {
    if let Some(path) = place.strip_prefix("sqlite://") {
        let named = format!("sqlite://{}", inside(root, Path::new(path)));
        return look::database(place, &named, Path::new("")).await;
    }
    // An address on a network may hold a password, so the connector names it as a secret.
    let secret = format!("{system}.url");
    let mut seen = look::database(place, &format!("${{secret:{secret}}}"), root).await?;
    seen.secrets.push((secret, place.to_owned()));
    Ok(seen)
}

/// A path as a connector names it: from the home on where it is inside, else whole.
fn inside(root: &Path, path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let home = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    whole.strip_prefix(&home).unwrap_or(&whole).display().to_string()
}

/// What the system is called: as asked, or by the last name of its place.
fn system(source: &Source, place: &Place) -> String {
    let asked = place.name.as_deref().and_then(begin::slug);
    let plain = place.place.split(['?', '#']).next().unwrap_or_default();
    let last = plain.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = last.strip_suffix(".db").unwrap_or(last);
    let kind = match source {
        Source::Http(_) => "gateway",
        Source::Files(_) => "files",
        Source::Sql(_) => "database",
    };
    asked.or_else(|| begin::slug(last)).unwrap_or_else(|| kind.to_owned())
}

fn settings(system: &str) -> String {
    format!(
        "format = 1\n\n[home]\nname     = {name}\ntitle    = {name}\ntimezone = \"Asia/Shanghai\"\n\n\
         [pseudonyms]\nkey = \"${{secret:pseudonym.key}}\"\n",
        name = text(system),
    )
}

/// A key that nobody can guess.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    let source = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    source.context("making a key of pseudonyms")?;
    Ok(hex(&bytes))
}

/// Writes a secret that only its owner may read; one that is there is left as it is.
fn keep_secret(root: &Path, name: &str, value: &str) -> anyhow::Result<()> {
    let folder = root.join("secrets");
    create_private_folder(&folder)?;
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{value}\n").as_bytes()));
    written.with_context(|| format!("writing `secrets/{name}`"))
}

fn tell(
    root: &Path,
    system: &str,
    (begun, files): (&[Begun], usize),
    face: &mut Face<'_>,
) -> anyhow::Result<()> {
    for one in begun {
        let nouns = [
            ("stream", one.stream.clone()),
            ("title", one.title.clone()),
            ("rows", one.rows.to_string()),
            ("key", one.key.join(" + ")),
            ("time", one.time.clone()),
            ("unit", one.unit.clone()),
            ("metric", one.metric.clone()),
        ];
        let line = face.say(Say::BeginLine, &nouns);
        writeln!(face.out, "{line}")?;
        if !one.personal.is_empty() {
            let line = face.say(Say::BeginPersonal, &[("columns", one.personal.join(", "))]);
            writeln!(face.out, "{line}")?;
        }
    }
    let nouns = [
        ("files", files.to_string()),
        ("path", root.display().to_string()),
        ("system", system.to_owned()),
        ("file", format!("connectors/{system}.toml")),
    ];
    let (line, hint) = (face.say(Say::BeginWrote, &nouns), face.say(Say::BeginHint, &nouns));
    writeln!(face.out, "{line}\nhint: {hint}")?;
    Ok(())
}
