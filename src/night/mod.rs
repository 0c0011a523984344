//! Floor 5: one night, from systems to metric files. The only room that knows the order.

pub mod aliases;
mod ashore;
mod brought;
mod cells;
mod close;
mod compute;
mod deliver;
pub mod doctor;
pub mod draft;
mod held;
mod later;
mod listed;
mod load;
mod model;
mod notes;
mod parents;
pub mod past;
pub mod preview;
pub mod proof;
mod pull;
pub mod reconcile;
pub mod reference;
pub mod rekey;
pub mod report;
mod retention;
mod score;
mod side_by_side;
pub mod status;
pub mod stream;
mod told;

use std::collections::BTreeMap;
use std::fs::File;
use std::fs::TryLockError;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use futures_util::future::join;
use jiff::Timestamp;
use jiff::civil::Date;

use self::brought::Brought;
use self::report::NightReport;
use self::stream::Noticed;
use self::stream::State;
use self::stream::StreamNight;
use crate::base::access::Access;
use crate::base::clock;
use crate::base::durable::create;
use crate::base::durable::create_folders;
use crate::base::durable::create_private_folder;
use crate::base::durable::rename_durably;
use crate::base::durable::settle;
use crate::base::durable::share;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::Key;
use crate::base::throwaway;
use crate::model::lake::Lake;
use crate::model::landing::key_of;
use crate::publish;
use crate::publish::Release;
use crate::publish::closed;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;
use crate::spec::template::Secrets;
use crate::warehouse;
use crate::warehouse::Design;
use crate::warehouse::Held;

/// Which night is run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The night: what was known at its cutoff.
    pub night: Date,
    /// The day that is told.
    pub as_of: Date,
    /// Ask again for streams that have landed.
    pub again: bool,
    /// Count every month again, also those whose rows are the same as before.
    pub full: bool,
}

/// The warehouse as a file of a release.
const FROZEN: &str = "warehouse.sqlite";

/// How the lock names a night, before its day.
const NIGHT: &str = "night ";

/// Why a release is published that moves more than it may, as whoever says so has it.
pub type Confirmed<'c> = Option<&'c str>;

/// What the night stands on.
pub struct Ground<'g> {
    /// The definitions.
    pub catalog: &'g Catalog,
    /// Their files.
    pub home: &'g Home,
    /// Where everything it writes stands.
    pub var: PathBuf,
    /// Where secrets come from.
    pub secrets: &'g (dyn Secrets + Sync),
}

/// What a night has come to, for whoever watches.
#[derive(Clone, Debug)]
pub enum Step {
    /// A stream is being asked for.
    Asking(String),
    /// A stream has landed, with its rows; or had landed before.
    Landed(String, u64),
    /// A stream failed.
    Failed(String, String),
    /// A table has been modelled, with the rows that changed.
    Modelled(String, u64),
    /// So many deltas that were lost have been made again.
    MadeAgain(u64),
    /// The facts have been counted and the metrics told, with their values.
    Told(u64),
    /// The warehouse holds the night.
    Loaded,
    /// The release stands.
    Published(String),
    /// The release stands, and is not to be read: it is held back, or was withdrawn.
    Held(String),
}

/// Why a night could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another night holds the lock.
    #[error("another night is running: {holder}")]
    Busy {
        /// Who, and since when.
        holder: String,
    },
    /// The key is not that of the lake.
    #[error("the lake's pseudonyms were made with key {lake}, this is key {given}")]
    OtherKey {
        /// The fingerprint that the lake keeps.
        lake: String,
        /// The fingerprint of the given key.
        given: String,
    },
    /// A lake that is empty beside releases that were made of one.
    #[error("`{lake}` is empty, and `{release}` was made of it")]
    NoLake {
        /// The lake.
        lake: String,
        /// The newest release.
        release: String,
    },
    /// A secret that is not there.
    #[error("{0}")]
    NoKey(String),
    /// An address of the warehouse that is not there.
    #[error("{0}")]
    NoWarehouse(String),
}

impl Ground<'_> {
    /// The lake.
    pub fn lake(&self) -> PathBuf {
        self.var.join("lake")
    }

    /// The instant at which a night is taken.
    fn cutoff(&self, night: Date) -> anyhow::Result<Timestamp> {
        let cutoff = self.catalog.settings.cutoff_of(night);
        cutoff.with_context(|| format!("the cutoff of {night}"))
    }
}

/// Runs a night, and tells every step to `watch`.
///
/// # Errors
/// A [`Refusal`], or a disk or database that fails. A system that fails is not an error: it is in the
/// report.
pub async fn run(
    ground: &Ground<'_>,
    (choice, confirmed): (Choice, Confirmed<'_>),
    watch: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<NightReport> {
    let started = clock::now();
    let lock = begin(ground, &format!("night {}", choice.night))?;
    is_there(ground)?;
    let what = vec![("night", choice.night.to_string()), ("as_of", choice.as_of.to_string())];
    let access = Access { verb: "run", what, rows: None, purpose: confirmed };
    access.note(&ground.var)?;
    let key = key(ground)?;
    let warehouse = ground.warehouse()?;
    let closed = closed::closed(&ground.var, choice.night)?;
    keep_home(ground)?;
    let cutoff = ground.cutoff(choice.night)?;
    let left = later::made_again(ground, choice.night, watch)?;
    let noted = notes::before(ground, choice)?;
    let mut steps = vec![("pull", started)];
    let pulls = pull::all(ground, choice, (&key, cutoff), watch)?;
    steps.push(("model", clock::now()));
    let lake = Lake::at(&ground.lake());
    let (streams, mut noticed, later) = modelled(ground, choice.night, pulls, watch)?;
    noticed.extend(left);
    let has_failed = streams.iter().any(|told| told.state == State::Failed);
    let forgotten =
        if has_failed { BTreeMap::new() } else { retention::forget(ground, choice.night)? };
    let stale: Vec<String> = stale_tables(ground.catalog, &streams);
    steps.push(("compute", clock::now()));
    let mut computed = compute::compute(ground, &lake, choice, &stale)?;
    computed.reconcile(ground.catalog, &closed);
    watch(Step::Told(computed.values.len() as u64));
    noticed.extend(computed.noticed.iter().cloned());
    let broken = draft::broken(ground, choice.night)?;
    noticed.extend(draft::noticed(&broken));
    let mut report = NightReport::of(choice, streams, noticed, &computed);
    report.forgotten = forgotten;
    report.later = later;
    notes::keep(&lake, ground.catalog, (&report, &noted))?;
    report.warehouse = warehouse;
    let settled = close::settle(ground, &computed, &closed, choice)?;
    report.closed = settled.told();
    let label = deliver::label(ground, (&computed, &settled, &broken), (choice, cutoff))?;
    let mut draft = deliver::draft(ground, (&computed, &settled), &label)?;
    report.release.held = draft.held(confirmed.is_some())?;
    let release = draft.release(confirmed.is_some())?;
    let run = load::Run { steps, ended: clock::now(), release };
    let tables = load::tables(ground, (&computed, &settled), &report, &run)?;
    let homes = ground.var.join("homes");
    let home = &ground.catalog.fingerprint;
    let held = Held { night: choice.night, home, homes: Some(&homes) };
    let design = Design::of(ground.catalog);
    let path = draft.folder().join(FROZEN);
    let frozen = Design::frozen(ground.catalog);
    let is_frozen = draft.is_new() && ground.catalog.settings.release.has_sqlite;
    // Two files that know nothing of each other are written side by side.
    let freezing = async {
        if is_frozen { warehouse::freeze(&path, &frozen, held, &tables).await } else { Ok(()) }
    };
    let loading = warehouse::load(&report.warehouse, &design, held, &tables);
    let (loaded, has_frozen) = join(loading, freezing).await;
    report.loaded = loaded.with_context(|| format!("loading `{}`", report.warehouse))?;
    watch(Step::Loaded);
    has_frozen.with_context(|| format!("loading `{}`", path.display()))?;
    if is_frozen {
        draft.add(FROZEN)?;
    }
    report.release = draft.publish(confirmed, clock::now())?;
    settled.keep(&ground.var, &report.release.folder)?;
    watch(published(&report.release));
    lock.set_len(0).context("noting that the night has ended")?;
    tracing::info!(night = %choice.night, exit_code = report.exit_code(), "night ended");
    Ok(report)
}

/// Whether the release that stands is to be read.
fn published(release: &Release) -> Step {
    let folder = release.folder.display().to_string();
    let is_read = release.held.is_empty() && release.withdrawn.is_none();
    if is_read { Step::Published(folder) } else { Step::Held(folder) }
}

/// Judges and merges what came, and again what nights after it have brought: how every stream ended, what was noticed, and
/// the last of those nights.
fn modelled(
    ground: &Ground<'_>,
    night: Date,
    pulls: Vec<Brought<'_>>,
    watch: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<(Vec<StreamNight>, Vec<Noticed>, Option<Date>)> {
    later::wait(ground, night)?;
    let (mut streams, mut noticed) = (Vec::new(), Vec::new());
    let before = held::before(ground, night)?;
    for modelled in model::all(ground, (night, &before), pulls, watch) {
        let (told, seen) = modelled?;
        noticed.extend(seen);
        streams.push(told);
    }
    let later = later::merge_again(ground, night)?;
    noticed.extend(later.left);
    if later.newest.is_none() {
        model::keep_bases(ground, night)?;
    }
    Ok((streams, noticed, later.newest))
}

/// Tables that a failed stream fills, and those made from them.
fn stale_tables(catalog: &Catalog, streams: &[StreamNight]) -> Vec<String> {
    let pairs = streams.iter().zip(catalog.streams());
    let failed = pairs.filter(|(told, _)| told.state == State::Failed);
    let mut tables: Vec<String> =
        failed.map(|(_, (_, stream))| stream.into.value.clone()).collect();
    if tables.iter().any(|table| table == "person_snapshot") {
        tables.push("person_spell".to_owned());
    }
    tables
}

/// The night that was begun last below `var`, if it did not end: the lock still names it.
pub fn interrupted(var: &Path) -> Option<Date> {
    let holder = std::fs::read_to_string(var.join("lock")).ok()?;
    holder.strip_prefix(NIGHT)?.split_once(',')?.0.parse().ok()
}

/// Makes what a home needs, holds its lock, and ends what an interrupted change of the key left.
fn begin(ground: &Ground<'_>, what: &str) -> anyhow::Result<File> {
    if !ground.var.is_dir() {
        create_folders(&ground.var).and_then(|()| share(&ground.var)).context("making `var`")?;
    }
    let lock = lock(&ground.var, what)?;
    // A night that was killed may have left what it gave a tap, secrets among it.
    throwaway::clear();
    rekey::settle(&ground.lake())?;
    create_private_folder(&ground.lake()).context("making the lake's folder")?;
    Ok(lock)
}

/// Refuses a lake in which no night has noted anything, where one has been published: its disk may not be there.
fn is_there(ground: &Ground<'_>) -> anyhow::Result<()> {
    let lake = ground.lake();
    if lake.join("notes").is_dir() {
        return Ok(());
    }
    match publish::find(&ground.var.join("release"), None)? {
        None => Ok(()),
        Some(release) => {
            let (lake, release) = (lake.display().to_string(), release.display().to_string());
            Err(Refusal::NoLake { lake, release }.into())
        }
    }
}

/// Holds the home's lock as long as it lives; the operating system drops it with the process. The line of a night that did
/// not end stays before that of what is no night, so that the night is run again.
///
/// # Errors
/// [`Refusal::Busy`], or the disk's.
pub fn lock(var: &Path, what: &str) -> anyhow::Result<File> {
    let path = var.join("lock");
    let named = || format!("`{}`", path.display());
    let options = || {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options
    };
    let mut file = options().open(&path).with_context(named)?;
    match file.try_lock() {
        Ok(()) => {
            let mut before = String::new();
            file.read_to_string(&mut before).with_context(named)?;
            let is_left = before.starts_with(NIGHT) && !what.starts_with(NIGHT);
            let left = before.lines().next().filter(|_| is_left);
            let holder = format!("{what}, process {}, since {}", std::process::id(), clock::now());
            let lines: Vec<&str> = left.into_iter().chain([holder.as_str()]).collect();
            file.set_len(0).and_then(|()| file.rewind()).with_context(named)?;
            file.write_all(lines.join("\n").as_bytes()).with_context(named)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holders = String::new();
            file.read_to_string(&mut holders).with_context(named)?;
            let holder = holders.lines().last().unwrap_or_default().to_owned();
            Err(Refusal::Busy { holder }.into())
        }
        Err(TryLockError::Error(fault)) => Err(fault).with_context(named),
    }
}

/// The key of the pseudonyms; a lake that was made with another is refused before a row is read. A lake
/// whose key was changed names, beside each further fingerprint, the secret that came on top.
fn key(ground: &Ground<'_>) -> anyhow::Result<Key> {
    let (key, path) = (known_key(ground)?, ground.lake().join("key"));
    if !path.exists() {
        let given = key.fingerprint();
        write_then_rename(&path, given.as_bytes()).context("keeping the key's fingerprint")?;
    }
    Ok(key)
}

/// The same, of a lake that is left as it is.
fn known_key(ground: &Ground<'_>) -> anyhow::Result<Key> {
    let secret = ground.catalog.settings.key.fill(ground.secrets, &[]);
    let mut key = Key::new(&secret.map_err(|unset| Refusal::NoKey(unset.to_string()))?);
    let path = ground.lake().join("key");
    let text = match std::fs::read_to_string(&path) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("`{}`", path.display()))?,
    };
    let refused = |lake: &str, key: &Key| {
        let (lake, given) = (lake.to_owned(), key.fingerprint());
        Err(Refusal::OtherKey { lake, given }.into())
    };
    for (at, line) in text.lines().enumerate() {
        let (lake, secret) = line.split_once(' ').unwrap_or((line, ""));
        if at > 0 && secret.is_empty() {
            return refused(lake, &key);
        }
        if at > 0 {
            let secret = ground.secrets.secret(secret).map_err(Refusal::NoKey)?;
            key = key.then(&secret);
        }
        if lake != key.fingerprint() {
            return refused(lake, &key);
        }
    }
    // The file may be lost, or an older one: what landed names its key as well.
    match key_of(&ground.lake())? {
        Some(lake) if lake != key.fingerprint() => refused(&lake, &key),
        _ => Ok(key),
    }
}

/// Keeps what this home says, so that the night can be told again.
///
/// # Errors
/// The disk's.
pub fn keep_home(ground: &Ground<'_>) -> anyhow::Result<()> {
    let folder = ground.var.join("homes").join(&ground.catalog.fingerprint);
    if folder.exists() {
        return Ok(());
    }
    lay_home(&ground.home.files, &folder).context("keeping the home")
}

/// Writes the files of a home, all of them or none.
fn lay_home(files: &BTreeMap<String, String>, folder: &Path) -> std::io::Result<()> {
    let beside = folder.with_extension("tmp");
    let mut written = Vec::new();
    for (path, text) in files {
        let path = beside.join(path);
        path.parent().map_or(Ok(()), create_folders)?;
        create(&path)?.write_all(text.as_bytes())?;
        written.push(path);
    }
    create_folders(&beside)?;
    settle(&written)?;
    rename_durably(&beside, folder)
}
