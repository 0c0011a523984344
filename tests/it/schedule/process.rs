//! Does the real program hold its lock, wait, and end when it is told to?

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use jiff::civil::date;
use tempfile::TempDir;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_mins(1);

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    shuping::spec::home::write_default(home.path()).unwrap();
    home
}

/// The program and what it says.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(home: &Path, verb: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shuping"))
            .args(["--lang", "en", "--home"])
            .arg(home)
            .args(verb)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (say, lines) = channel();
        let told = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            told.lines().map_while(Result::ok).try_for_each(|line| say.send(line))
        });
        Running { child, lines }
    }

    /// Waits for a line with these words; it and all before it.
    fn says(&self, words: &str) -> String {
        let mut told = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => told.push(line),
                Err(fault) => panic!("never said `{words}` ({fault}): {told:#?}"),
            }
            if told.last().is_some_and(|line| line.contains(words)) {
                return told.join("\n");
            }
        }
    }

    fn signal(&self, name: &str) {
        let text = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &text]).status().unwrap().success());
    }

    /// Waits for the end; the exit code and what was said before it.
    fn end(mut self) -> (Option<i32>, String) {
        let told: Vec<String> = self.lines.iter().collect();
        (self.child.wait().unwrap().code(), told.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
    }
}

/// Holds a home's lock as a night of another process would.
fn lock(home: &Path) -> File {
    std::fs::create_dir_all(home.join("var")).unwrap();
    let mut lock = File::create(home.join("var/lock")).unwrap();
    lock.try_lock().unwrap();
    lock.write_all(b"night 2026-01-05, process 4711, since 2026-01-05T02:00:00+08:00").unwrap();
    lock
}

/// A home that fires on the 6th of January alone, and reads one system: an empty drop folder.
fn quiet_home() -> TempDir {
    let home = home();
    for other in ["appraisal", "hotline", "service", "supervision"] {
        std::fs::remove_file(home.path().join(format!("connectors/{other}.toml"))).unwrap();
    }
    std::fs::create_dir(home.path().join("drop")).unwrap();
    fires(home.path(), "0 2 6 1 *");
    home
}

fn fires(home: &Path, line: &str) {
    let settings = home.join("shuping.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let text = text.replace("# [schedule]", &format!("[schedule]\ncron = \"{line}\"\n#"));
    std::fs::write(&settings, text).unwrap();
}

#[test]
fn a_missed_night_is_caught_up_once_and_then_the_next_is_waited_for() {
    let home = quiet_home();
    let drop = home.path().join("drop");
    let environment =
        [("STAFFING_DROP", drop.to_str().unwrap()), ("SHUPING_SECRET_PSEUDONYM_KEY", "a key")];
    let (code, told) =
        Running::start(home.path(), &["run", "--night", "2025-12-31"], &environment).end();
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(shuping::night::interrupted(&home.path().join("var")), None);

    let schedule = Running::start(home.path(), &["schedule"], &environment);
    let told = schedule.says("runs next, at ");
    assert!(told.contains("-01-06 was missed or interrupted; it runs now"), "{told}");
    assert!(told.contains("-01-06 ended with exit code 0"), "{told}");
    schedule.signal("TERM");
    assert_eq!(schedule.end().0, Some(143));
    let latest = home.path().join("var/release/latest.json");
    assert!(std::fs::read_to_string(latest).unwrap().contains("-01-06.1/datapackage.json"));

    let schedule = Running::start(home.path(), &["schedule"], &environment);
    let told = schedule.says("runs next, at ");
    assert!(!told.contains("it runs now"), "{told}");
    schedule.signal("TERM");
    assert_eq!(schedule.end().0, Some(143));
}

#[test]
fn a_second_night_says_who_holds_the_lock_and_exits_75() {
    let home = home();
    let held = lock(home.path());
    let (code, told) = Running::start(home.path(), &["run"], &[]).end();
    assert_eq!(code, Some(75), "{told}");
    assert!(
        told.contains("another night is running here: night 2026-01-05, process 4711"),
        "{told}"
    );
    assert!(told.contains("hint: "), "{told}");
    drop(held);
}

#[test]
fn a_schedule_that_finds_the_lock_held_says_so_and_waits_for_the_next_night() {
    let home = home();
    let held = lock(home.path());
    let schedule = Running::start(home.path(), &["schedule"], &[]);
    schedule.says("night 2026-01-05 was missed or interrupted");
    schedule.says("another night is running here: night 2026-01-05, process 4711");
    schedule.says("night 2026-01-05 ended with exit code 75");
    schedule.says("runs next, at ");
    schedule.signal("TERM");
    assert_eq!(schedule.end().0, Some(143));
    drop(held);
}

#[test]
fn a_waiting_schedule_ends_cleanly_by_sigterm_and_by_ctrl_c() {
    let home = home();
    // A 29th of February that is a Thursday or Sunday: far away, whenever this runs.
    fires(home.path(), "0 2 29 2 */4");
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let schedule = Running::start(home.path(), &["schedule"], &[]);
        let next = schedule.says("runs next, at ");
        assert!(next.contains("-02-29T02:00:00+08:00[Asia/Shanghai]"), "{next}");
        schedule.signal(signal);
        let (ended, told) = schedule.end();
        assert_eq!(ended, Some(code), "{told}");
        assert!(told.contains("the next start runs again what did not end"), "{told}");
    }
}

#[test]
fn a_night_that_is_stopped_is_run_again_by_the_next_schedule() {
    let home = home();
    for other in ["service", "staffing"] {
        std::fs::remove_file(home.path().join(format!("connectors/{other}.toml"))).unwrap();
    }
    // A system that takes calls and never answers: the night hangs on it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let environment = [
        ("HOTLINE_URL", url.as_str()),
        ("HOTLINE_APP_KEY", "app"),
        ("SHUPING_SECRET_HOTLINE_KEY", "a key"),
        ("SHUPING_SECRET_PSEUDONYM_KEY", "a key of people"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let (asked, called) = channel();
    thread::spawn(move || silent.incoming().try_for_each(|call| asked.send(call)));

    let night = Running::start(home.path(), &["run", "--night", "2026-01-05"], &environment);
    let _first = called.recv_timeout(PATIENCE).expect("the night calls the system");
    night.signal("INT");
    let (code, told) = night.end();
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("run the same command again"), "{told}");

    let schedule = Running::start(home.path(), &["schedule"], &environment);
    schedule.says("night 2026-01-05 was missed or interrupted; it runs now");
    let _second = called.recv_timeout(PATIENCE).expect("the same night calls again");
    schedule.signal("TERM");
    let (code, told) = schedule.end();
    assert_eq!(code, Some(143), "{told}");
}

#[test]
fn the_next_fire_times_are_printed_with_their_nights() {
    let home = home();
    let printed = Command::new(env!("CARGO_BIN_EXE_shuping"))
        .args(["schedule", "--next", "3", "--home"])
        .arg(home.path())
        .output()
        .unwrap();
    assert!(printed.status.success());
    let lines = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(lines.lines().count(), 3);
    for line in lines.lines() {
        let (time, night) = line.split_once("  ").unwrap();
        assert_eq!(time, format!("{night}T02:00:00+08:00[Asia/Shanghai]"));
    }
}

#[test]
fn a_verb_that_is_no_night_leaves_the_mark_of_one_that_did_not_end() {
    let var = tempfile::tempdir().unwrap();
    let var = var.path();
    let left = "night 2026-01-05, process 4711, since 2026-01-05T02:00:00+08:00";
    std::fs::write(var.join("lock"), left).unwrap();
    for verb in ["close", "release use"] {
        let lock = shuping::night::lock(var, verb).unwrap();
        let busy = shuping::night::lock(var, "release withdraw").unwrap_err().to_string();
        assert!(busy.starts_with(&format!("another night is running: {verb}, process ")), "{busy}");
        drop(lock);
        assert_eq!(shuping::night::interrupted(var), Some(date(2026, 1, 5)), "{verb}");
    }
    drop(shuping::night::lock(var, "night 2026-01-06").unwrap());
    assert_eq!(shuping::night::interrupted(var), Some(date(2026, 1, 6)));
    drop(shuping::night::lock(var, "close").unwrap());
    assert_eq!(std::fs::read_to_string(var.join("lock")).unwrap().lines().count(), 2);
}
