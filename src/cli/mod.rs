//! Floor 7: the verbs, what they print, and with which code they exit.

mod aliases;
mod backfill;
mod begin;
mod close;
mod demo;
mod diff;
mod docs;
mod doctor;
mod draft;
mod explain;
mod explained;
mod heard;
mod home;
mod latest;
mod migrate;
mod moved;
mod preview;
mod progress;
mod prove;
mod quarantine;
mod reference;
mod rekey;
mod release;
mod report;
mod run;
mod schedule;
mod schema;
mod scored;
mod status;
mod template;
mod test;
mod verbs;
mod watch;
mod why;

use std::io;
use std::io::IsTerminal as _;
use std::io::Write;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use tokio::runtime::Handle;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;

use self::heard::Heard;
use self::why::say_why;
use crate::base::messages::Lang;
use crate::base::redact::Redacted;
use crate::base::said::Say;
use crate::base::text::without_words;
use crate::spec::secret::HomeSecrets;
use crate::spec::template::Secrets as _;

/// Done, warnings allowed.
pub const DONE: u8 = 0;
/// Some part failed, the rest stands.
pub const FAILED: u8 = 1;
/// A bad command line: a name that is not known.
pub const USAGE: u8 = 2;
/// A bug of this program.
pub const BUG: u8 = 70;
/// The disk or the database.
pub const DISK: u8 = 74;
/// Another night holds the lock.
pub const BUSY: u8 = 75;
/// The home's files are wrong.
pub const HOME: u8 = 78;
/// Interrupted; the state is safe.
pub const INTERRUPTED: u8 = 130;
/// Told to end; the state is safe.
pub const TERMINATED: u8 = 143;

/// Nightly data integration and metrics for the assessment of public organisations.
#[derive(Debug, Parser)]
#[command(name = "shuping", version, about)]
struct Arguments {
    /// The folder with connectors/, pipelines/ and shuping.toml
    #[arg(long, global = true, default_value = ".", value_name = "DIR")]
    home: PathBuf,
    /// The tongue of reports and messages [default: by LANG]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<Tongue>,
    /// Log every step to stderr; twice for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a night of the pretend city and show what came of it
    Demo {
        /// How large the city is: 1 is 6,000 people, 300,000 cases and 60,000 orders
        #[arg(long, default_value_t = 0.1)]
        scale: f64,
    },
    /// Serve the systems of the pretend city until Ctrl-C
    Sandbox(demo::Sandbox),
    /// Read every file of the home and print every fault at once
    Check,
    /// Run a night: extract, model, measure, load, publish
    Run(run::Run),
    /// Ask a stream for its past, in slices; the next night merges them, and goes on where it had come to
    Backfill(backfill::Backfill),
    /// Ask a system for its first rows and show what the model makes of them; nothing is kept
    Preview(preview::Preview),
    /// Look at the way to each system, its keys and what it delivered, and say what to do
    Doctor(doctor::Doctor),
    /// Prove that a connector keeps what is promised of every one: 14 points, nothing is kept
    Prove(prove::Prove),
    /// Run nights by the cron line of shuping.toml, until Ctrl-C or SIGTERM
    Schedule {
        /// Print the next N fire times and their nights, run none
        #[arg(long, value_name = "N")]
        next: Option<usize>,
    },
    /// Show which nights ran, how each stream stands, and how far back a night can be run again
    Status,
    /// Make the tables and views of the warehouse stand as the home asks; a night does so by itself
    Migrate(migrate::Migrate),
    /// Give the lake another key: every pseudonym is replaced by the new key's pseudonym of it
    Rekey(rekey::Rekey),
    /// Explain a published number: its formula, its counts as SQL, and where its rows came from
    Explain(Explain),
    /// Show which values moved between two releases, and why
    Diff(diff::Diff),
    /// Tell the last night by drafted definitions or thresholds and show what they would move
    Try(draft::Try),
    /// Write the metric handbook: a page, Markdown and a workbook
    Docs(docs::Docs),
    /// Close a period: its published numbers stay, and what is counted otherwise later is a correction
    Close(close::Close),
    /// Write what units are compared with in a year, from the values of the year before
    Reference(reference::ReferenceOf),
    /// Choose, let go or withdraw releases
    #[command(subcommand)]
    Release(release::Releases),
    /// Compute every hash of a release again and name the files that differ
    Verify(release::Verify),
    /// Work out the examples of the home's metrics
    Test(test::Tests),
    /// List the names that no unit answers to, or decide about one
    Aliases(aliases::Aliases),
    /// List what is held back, or export it for the sender to correct
    Quarantine(quarantine::Quarantine),
    /// Write the workbook that an office fills in whose system gives nothing yet
    Template(template::Template),
    /// Print the JSON Schema of a kind of file, for editors and validators
    Schema(schema::SchemaOf),
    /// Write a home to begin with, or look at a source and write what reads it
    Init(begin::Init),
}

/// The levels above the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Above {
    Parent,
    Category,
    County,
    City,
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// The metric, such as `on_time_rate`; `score`, or a leaf of it, such as `G.A1.1`
    metric: String,
    /// The unit, by its key or any of its names
    #[arg(long, required_unless_present = "level")]
    unit: Option<String>,
    /// A group of units instead
    #[arg(long, conflicts_with_all = ["unit", "section", "part"])]
    level: Option<Above>,
    /// Which group: the unit above, a category, a region; the city is one
    #[arg(long, requires = "level", required_if_eq_any = [("level", "parent"), ("level", "category"), ("level", "county")])]
    group: Option<String>,
    /// One section of it, by its key or name
    #[arg(long, conflicts_with = "part")]
    section: Option<String>,
    /// One part of it, such as a duty, by its key
    #[arg(long)]
    part: Option<String>,
    /// The period: 2025, 2025Q3, 2025-07, ytd:2025-07 or ttm:2025-12
    #[arg(long)]
    period: String,
    /// Print the rows behind the number as CSV
    #[arg(long, conflicts_with = "json")]
    rows: bool,
    /// What rows about persons are read for; it is noted
    #[arg(long, value_name = "TEXT", requires = "rows")]
    purpose: Option<String>,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

/// Who is spoken to, and in which tongue.
pub struct Face<'f> {
    /// The tongue.
    pub lang: Lang,
    /// Results.
    pub out: &'f mut (dyn Write + Send),
    /// Everything else.
    pub err: &'f mut (dyn Write + Send),
    /// Whether progress may be drawn.
    pub is_terminal: bool,
}

impl Face<'_> {
    fn say(&self, text: Say, nouns: &[(&'static str, String)]) -> String {
        text.with(self.lang, nouns)
    }

    /// An error and its hint, as `cargo` prints them.
    fn complain(&mut self, error: &str, hint: Option<&str>) -> io::Result<()> {
        writeln!(self.err, "error: {error}")?;
        hint.map_or(Ok(()), |hint| writeln!(self.err, "hint: {hint}"))
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    watch::watch(arguments.verbose);
    let lang = lang(arguments.lang);
    let code = tokio::runtime::Runtime::new().and_then(|runtime| {
        let code = runtime.block_on(until_interrupted(arguments, lang));
        // Looking up a name can't be interrupted, and nobody waits for it any more.
        runtime.shutdown_background();
        code
    });
    let failed = |fault: io::Error| speak(lang, |face| say_why(&fault.into(), face));
    ExitCode::from(code.unwrap_or_else(failed))
}

/// Speaks to whoever called; where nobody can be told any more, the exit code is all that is left.
fn speak(lang: Lang, what: impl FnOnce(&mut Face<'_>) -> io::Result<u8>) -> u8 {
    let is_terminal = io::stderr().is_terminal();
    let (mut out, mut err) = (Redacted::new(Heard(io::stdout())), Redacted::new(io::stderr()));
    what(&mut Face { lang, out: &mut out, err: &mut err, is_terminal }).unwrap_or(DISK)
}

/// Does some work; a panic in it, whose place has been printed by then, is told as the bug that it is.
fn or_bug(
    face: &mut Face<'_>,
    work: impl FnOnce(&mut Face<'_>) -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    let told = panic::catch_unwind(AssertUnwindSafe(|| work(face)));
    told.unwrap_or_else(|panic| {
        let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let problem = literal.or_else(|| panic.downcast_ref::<String>().cloned());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let problem = without_words(&problem.unwrap_or_default());
        let nouns = [("version", version), ("problem", problem)];
        let (text, hint) = (face.say(Say::Bug, &nouns), face.say(Say::BugHint, &[]));
        face.complain(&text, Some(&hint))?;
        Ok(BUG)
    })
}

/// Does what is asked on a thread of its own, so that a signal is heard whatever it is doing: a night may
/// be stopped at any byte.
async fn until_interrupted(arguments: Arguments, lang: Lang) -> io::Result<u8> {
    let is_server = matches!(arguments.verb, Verb::Sandbox(_));
    let is_schedule = matches!(arguments.verb, Verb::Schedule { .. });
    // From here on, so that no signal finds the process unprepared.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (runtime, (end, ended)) = (Handle::current(), oneshot::channel());
    let work = move || {
        let code = speak(lang, |face| {
            let told = or_bug(face, |face| runtime.block_on(verbs::verb(arguments, face)));
            told.or_else(|fault| say_why(&fault, face))
        });
        // Nobody listens any more after a signal.
        let _heard = end.send(code);
    };
    thread::Builder::new().stack_size(STACK).spawn(work)?;
    let code = tokio::select! {
        code = ended => return Ok(code.unwrap_or(BUG)),
        _ = interrupt.recv(), if !is_server => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    };
    Ok(speak(lang, |face| {
        let text = face.say(if is_schedule { Say::Stopped } else { Say::Interrupted }, &[]);
        face.complain(&text, None)?;
        Ok(code)
    }))
}

/// What a process' first thread has, for polars goes deep.
const STACK: usize = 8 << 20;

fn lang(asked: Option<Tongue>) -> Lang {
    match asked {
        Some(Tongue::Zh) => Lang::Zh,
        Some(Tongue::En) => Lang::En,
        None => {
            let environment = HomeSecrets::of(&PathBuf::from("."));
            let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
            let mut set = named.filter_map(|name| environment.env(name).ok());
            Lang::of(&set.find(|text| !text.is_empty()).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of some work, and what it made people read.
    fn told(
        lang: Lang,
        work: impl FnOnce(&mut Face<'_>) -> anyhow::Result<u8>,
    ) -> (anyhow::Result<u8>, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut face = Face { lang, out: &mut out, err: &mut err, is_terminal: false };
        let code = or_bug(&mut face, work);
        assert!(out.is_empty());
        (code, String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_panic_is_told_as_a_bug_and_where_to_report_it() {
        let nights: Vec<u8> = Vec::new();
        let (code, said) = told(Lang::En, |_| Ok(nights[0]));
        assert_eq!(code.unwrap(), 70);
        let version = env!("CARGO_PKG_VERSION");
        let problem = "index out of bounds: the len is 0 but the index is 0";
        assert!(said.starts_with(&format!("error: a bug in shuping {version}: {problem}\nhint: ")));
        assert!(said.contains("report the lines above"), "{said}");
        let (code, said) = told(Lang::Zh, |_| panic!("no night"));
        assert_eq!(code.unwrap(), 70);
        assert!(
            said.starts_with(&format!("error: shuping {version} 程序缺陷:no night\n")),
            "{said}"
        );
    }

    const PLANTED: [&str; 5] =
        ["欧阳慕云", "519902198703051234", "13900519001", "Ouyang", "p@ss-of-panics"];

    /// The variable that makes this test the process that panics.
    const CHILD: &str = "SHUPING_TEST_PANICS";

    fn panics(_: &mut Face<'_>) -> anyhow::Result<u8> {
        let [name, number, phone, latin, secret] = PLANTED;
        let read: Result<u8, String> = Err(format!("{latin} {name}"));
        let read = read.map_err(|text| (text, number, phone));
        panic!("no row {read:?} of {name}{number}, {phone} by {secret}")
    }

    /// What `main` does, as far as a panic goes, and the code to exit with.
    fn panic_over_a_person() -> ! {
        watch::watch(0);
        crate::base::redact::know_secret(PLANTED[4]);
        let code = speak(Lang::En, |face| Ok(or_bug(face, panics).unwrap()));
        // On a thread that nobody waits for the place is all that is said.
        let _panicked = thread::spawn(|| panic!("{PLANTED:?}")).join();
        std::process::exit(i32::from(code))
    }

    /// In a process of its own, whose stderr is read whole.
    #[test]
    fn a_panic_over_a_person_says_nothing_of_the_person() {
        if std::env::var_os(CHILD).is_some() {
            panic_over_a_person();
        }
        let test = "cli::tests::a_panic_over_a_person_says_nothing_of_the_person";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", test, "--nocapture"]).env(CHILD, "1").env("RUST_BACKTRACE", "full");
        let output = child.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(70), "{said}");
        assert_eq!(said.matches("panic at src/cli/mod.rs:").count(), 2, "{said}");
        assert!(
            said.contains("error: a bug in shuping") && said.contains("no row Err((\"…\""),
            "{said}"
        );
        for planted in PLANTED {
            assert!(!said.contains(planted), "{planted} in {said}");
        }
    }

    #[test]
    fn what_is_no_panic_is_no_bug() {
        let (code, said) = told(Lang::En, |_| Ok(BUSY));
        assert_eq!((code.unwrap(), said.as_str()), (75, ""));
        let (code, said) = told(Lang::En, |_| Err(anyhow::anyhow!("the disk is full")));
        assert_eq!(
            (code.unwrap_err().to_string(), said),
            ("the disk is full".to_owned(), String::new())
        );
    }
}
