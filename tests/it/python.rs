//! Independent hands: programs in Python that know nothing of the engine judge what a night left.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use shuping::spec::formula::Exact;
use shuping::spec::formula::decimal;

use crate::world::bytes_below;

/// The command of a script of `tests/recompute`, if there is a Python.
pub(crate) fn script(script: &str) -> Option<Command> {
    let mut command = python(script)?;
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recompute").join(script));
    Some(command)
}

/// The command of a tool that is a module, if there is a Python.
pub(crate) fn module(name: &str) -> Option<Command> {
    let mut command = python(name)?;
    command.args(["-m", name]);
    Some(command)
}

/// The command of a tool that is a program beside the Python, if there is one.
pub(crate) fn tool(name: &str) -> Option<Command> {
    let command = python(name)?;
    Some(Command::new(Path::new(command.get_program()).with_file_name(name)))
}

/// Without the Python that `SHUPING_PYTHON` names (with `tests/recompute/requirements.txt`) there is none,
/// and that is said.
#[expect(clippy::print_stdout, reason = "a test that left something out should say so")]
fn python(what: &str) -> Option<Command> {
    let Some(python) = env::var_os("SHUPING_PYTHON") else {
        assert!(
            env::var_os("SHUPING_REQUIRE_SHARED").is_none(),
            "SHUPING_PYTHON must name a Python that has tests/recompute/requirements.txt"
        );
        println!("{what} was not asked: SHUPING_PYTHON names no Python");
        return None;
    };
    Some(Command::new(python))
}

/// What DuckDB answers to statements of one row, one value after the other; `None` where no Python has it. With a folder of
/// working days it knows the functions that count them.
pub(crate) fn answers(
    statements: &[String],
    calendar: Option<&Path>,
) -> Option<Vec<Option<Exact>>> {
    let mut command = script("statements.py")?;
    command.args(calendar);
    Some(asked(command, statements))
}

/// What DuckDB answers to statements of one value; an error where a number leaves its range.
pub(crate) fn answers_or_beyond(statements: &[String]) -> Option<Vec<Result<Option<Exact>, ()>>> {
    let told = lines(script("statements.py")?, statements);
    let answer = |line: &str| if line == BEYOND { Err(()) } else { Ok(answer(line)) };
    Some(told.lines().map(answer).collect())
}

/// The same for counts that explanations print, by the thousand.
pub(crate) fn walked(statements: &[String]) -> Option<Vec<Option<Exact>>> {
    script("walked.py").map(|command| asked(command, statements))
}

/// What a script says of a statement whose numbers leave their range.
const BEYOND: &str = "beyond";

fn asked(command: Command, statements: &[String]) -> Vec<Option<Exact>> {
    let told = lines(command, statements);
    assert!(!told.lines().any(|line| line == BEYOND), "a statement left the range of numbers");
    told.lines().map(answer).collect()
}

fn answer(line: &str) -> Option<Exact> {
    decimal(line).filter(|_| line != "null")
}

fn lines(mut command: Command, statements: &[String]) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: Vec<String> =
        statements.iter().map(|sql| Value::String(sql.clone()).to_string()).collect();
    let writing = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "DuckDB refused a statement");
    writing.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a script found all well, and what it said.
pub(crate) fn judged(name: &str, arguments: &[&Path]) -> Option<(bool, String)> {
    let output = script(name)?.args(arguments).output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    Some((output.status.success(), said.concat()))
}

/// The figures of a release are computed again from the records.
pub(crate) fn recompute(script: &str, records: &Path, release: &Path) {
    let Some((is_well, said)) = judged(script, &[records, release]) else { return };
    assert!(is_well && said.contains("values agree"), "{said}");
}

/// The working days of a folder are those of an independent calendar; so many days.
pub(crate) fn workdays(folder: &Path, days: usize) {
    let Some((is_well, said)) = judged("workdays.py", &[folder]) else { return };
    assert!(is_well && said.starts_with(&format!("{days} days, 0 differ")), "{said}");
}

/// The latest release holds what its manifest promises, and nothing else.
pub(crate) fn validate(release: &Path) {
    let Some((is_well, said)) = judged("release.py", &[release]) else { return };
    assert!(is_well && said.contains("tables are valid"), "{said}");
}

/// What is wrong with a copy of a release's folder in which one file was changed, or written anew.
pub(crate) fn validate_changed(
    release: &Path,
    file: &str,
    change: impl Fn(&str) -> String,
) -> Option<String> {
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in bytes_below(release) {
        let target = copy.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    let path = copy.path().join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, change(&text)).unwrap();
    let (is_well, said) = judged("release.py", &[copy.path()])?;
    assert!(!is_well, "{said}");
    Some(said)
}
