//! What stands in a lake, for how long, under which key, and who may read it?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use jiff::civil::date;
use shuping::base::pseudonym::Key;
use shuping::frame::parquet;
use shuping::frame::table;
use tempfile::TempDir;

use crate::world::NIGHT;
use crate::world::World;
use crate::world::accesses;
use crate::world::ask;
use crate::world::bytes_below;
use crate::world::left;

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    said(&output)
}

/// A home that reads files only: its nights are soon over.
fn files_home(and: &[&str]) -> TempDir {
    let home = World::lean_home();
    for system in ["appraisal", "hotline", "service", "supervision"] {
        if !and.contains(&system) {
            fs::remove_file(home.path().join(format!("connectors/{system}.toml"))).unwrap();
        }
    }
    home
}

/// The cells of every table below a folder, by path.
fn cells(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let paths = bytes_below(folder).into_keys().filter(|path| path.ends_with(".parquet"));
    let texts = |path: String| {
        let batch = table::to_batch(&parquet::read(&folder.join(&path)).unwrap());
        let cells = batch.rows.into_iter().flat_map(|row| row.cells).flatten();
        (path, cells.collect())
    };
    paths.map(texts).collect()
}

fn is_pseudonym(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

#[test]
fn what_is_too_old_is_deleted_by_the_night_and_what_was_read_is_not_forgotten() {
    let world = World::of(1);
    world.forget_history();
    let home = files_home(&[]);
    let first = done(&mut world.night(home.path(), NIGHT));
    assert!(!first.contains("its time is over"), "{first}");
    let lake = home.path().join("var/lake");
    let landed = |of: &str| {
        let files = bytes_below(&lake.join("landing")).into_keys();
        files.filter(|path| path.contains(of)).count()
    };
    let (parts, manifests) = (landed("part-"), landed("manifest.json"));
    let roster: usize = cells(&lake.join("model/person_snapshot")).values().map(Vec::len).sum();
    assert!(parts > 0 && roster > 0);
    // A year and a half later, what landed is too old, and people are not.
    let later = date(2027, 8, 1);
    let text = done(world.night(home.path(), later).arg("--early"));
    assert!(text.contains("its time is over: landing "), "{text}");
    assert_eq!((landed("part-"), landed("manifest.json")), (0, manifests * 2));
    let noted = accesses(home.path());
    let run = ("run".to_owned(), None);
    assert_eq!(
        noted[..2],
        [run.clone(), run],
        "the line of a night that is over is no older for it"
    );
    assert!(
        noted[2..].iter().all(|(verb, rows)| verb == "delete" && rows.is_some_and(|it| it > 0))
    );
    let access = fs::read_to_string(home.path().join("var/access.jsonl")).unwrap();
    assert!(access.contains("{\"of\":\"landing\",\"night\":\"2027-08-01\"}"), "{access}");
    let kept: usize = cells(&lake.join("model/person_snapshot")).values().map(Vec::len).sum();
    assert_eq!(kept, roster);
    assert!(!lake.join("notes/quarantine/2026-01-06.notes.parquet").exists());
    let once = left(home.path());
    let again = done(world.night(home.path(), later).arg("--early"));
    assert!(!again.contains("its time is over"), "{again}");
    assert_eq!(left(home.path()), once);
    // The first night can't be told again, and says so; the model is as it was.
    let old = world.night(home.path(), NIGHT).output().unwrap();
    assert_eq!(old.status.code(), Some(1));
    assert!(said(&old).contains("deleted when their time was over"), "{}", said(&old));
    // Whole years go: a hundred days before, it was 2027. Nobody is left, and units are.
    let settings = home.path().join("shuping.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}\n[retention]\nperson_snapshot = 100\n")).unwrap();
    let text = done(world.night(home.path(), date(2027, 8, 2)).arg("--early"));
    assert!(text.contains("person_snapshot "), "{text}");
    let kept: usize = cells(&lake.join("model/person_snapshot")).values().map(Vec::len).sum();
    assert_eq!(kept, 0);
    let units = ask(&home.path().join("var/warehouse.db"), "select count(*) > 10 from unit");
    assert_eq!(units, [["1"]]);
}

#[test]
fn a_retention_that_means_nothing_is_a_fault() {
    let home = World::home();
    let settings = home.path().join("shuping.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let lines = "\n[retention]\nlanding = 0\nwork_log = -1\naccess = 183\n";
    fs::write(&settings, format!("{text}{lines}")).unwrap();
    let check = || {
        let program = env!("CARGO_BIN_EXE_shuping");
        Command::new(program).arg("--home").arg(home.path()).arg("check").output().unwrap()
    };
    let told = said(&check());
    assert!(told.contains("`0` is not 1 or more days") && told.contains("`-1` is not"), "{told}");
    assert!(told.contains("`183` is not 184 or more days"), "{told}");
    fs::write(&settings, format!("{text}\n[retention]\nwork_logs = 9\nservice_case = 9\n"))
        .unwrap();
    let told = said(&check());
    assert!(told.contains("`work_logs` is no table about persons"), "{told}");
    assert!(told.contains("`service_case` is no table about persons"), "{told}");
}

/// The mode of every file and folder below one, by path.
fn modes(folder: &Path, into: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        into.insert(path.display().to_string(), mode);
        if path.is_dir() {
            modes(&path, into);
        }
    }
}

#[test]
fn what_a_night_leaves_is_read_by_whom_it_is_for_whatever_the_umask() {
    let world = World::of(1);
    world.forget_history();
    for (umask, warehouse) in [("000", 0o640), ("077", 0o600)] {
        let home = files_home(&[]);
        let night = world.night(home.path(), NIGHT);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("umask {umask}; exec \"$@\"")).arg("sh");
        shell.arg(night.get_program()).args(night.get_args());
        shell.envs(night.get_envs().filter_map(|(name, value)| Some((name, value?))));
        done(&mut shell);
        let var = home.path().join("var");
        let mut found = BTreeMap::new();
        modes(&var, &mut found);
        assert!(found.len() > 40, "{found:#?}");
        for (path, mode) in found {
            let inside = Path::new(&path).strip_prefix(&var).unwrap();
            let is_folder = Path::new(&path).is_dir();
            let first = inside.iter().next().unwrap().to_str().unwrap();
            let due = match (first, is_folder) {
                ("release", true) => 0o755,
                ("release", false) if inside.parent() == Some(Path::new("release")) => 0o644,
                ("release", false) => 0o444,
                (name, false) if name.starts_with("warehouse.db") => warehouse,
                (_, true) => 0o700,
                (_, false) => 0o600,
            };
            assert_eq!(mode, due, "{path} is {mode:o}, umask {umask}");
        }
        let var = fs::metadata(&var).unwrap().permissions().mode() & 0o777;
        assert_eq!(var, 0o755);
    }
}

/// The program's `rekey`.
fn rekey(world: &World, home: &Path, from: &str, to: &str) -> Command {
    let mut command = world.shuping(home);
    command.args(["rekey", "--from", from, "--to", to]);
    command.env("SHUPING_SECRET_PSEUDONYM_2026", "the second key");
    command.env("SHUPING_SECRET_PSEUDONYM_OTHER", "not the key");
    command
}

/// Every text of the form of a pseudonym below a lake.
fn pseudonyms(lake: &Path) -> BTreeSet<String> {
    cells(lake).into_values().flatten().filter(|text| is_pseudonym(text)).collect()
}

/// What analysts see of a night.
fn told(home: &Path) -> Vec<Vec<String>> {
    let told = "select metric, unit_id, period, status, value from metric_value order by 1, 2, 3";
    ask(&home.join("var/warehouse.db"), told)
}

#[test]
fn another_key_is_given_to_a_whole_lake_and_nobody_leaves_or_joins() {
    let world = World::of(1);
    world.forget_history();
    let (home, plain) = (files_home(&["appraisal"]), files_home(&["appraisal"]));
    let next = date(2026, 1, 13);
    done(&mut world.night(home.path(), NIGHT));
    done(&mut world.night(plain.path(), NIGHT));
    // It may stand on another disk.
    let (lake, disk) = (home.path().join("var/lake"), tempfile::tempdir().unwrap());
    fs::rename(&lake, disk.path().join("lake")).unwrap();
    symlink(disk.path().join("lake"), &lake).unwrap();
    let before = left(home.path());
    let old = pseudonyms(&lake);
    assert!(old.len() > 50);

    let wrong = rekey(&world, home.path(), "pseudonym.other", "pseudonym.2026").output().unwrap();
    assert_eq!(wrong.status.code(), Some(78), "{}", said(&wrong));
    assert_eq!(left(home.path()), before);

    // Killed as soon as it has begun to write, and run again: the end is the same.
    let mut child = rekey(&world, home.path(), "pseudonym.key", "pseudonym.2026")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !disk.path().join("lake.rekeyed").exists() && child.try_wait().unwrap().is_none() {}
    child.kill().unwrap();
    child.wait().unwrap();
    done(&mut rekey(&world, home.path(), "pseudonym.key", "pseudonym.2026"));
    let again = done(&mut rekey(&world, home.path(), "pseudonym.key", "pseudonym.2026"));
    assert!(again.contains("0 identities"), "{again}");
    let rekeys = accesses(home.path()).into_iter().filter(|(verb, _)| verb == "rekey").count();
    assert_eq!(rekeys, 4, "also what was refused, and what was cut short");

    let second = Key::new("the second key");
    let expected: BTreeSet<String> = old.iter().map(|text| second.pseudonym(text)).collect();
    let new = pseudonyms(&lake);
    assert!(expected.is_subset(&new), "some have no new pseudonym");
    assert!(old.is_disjoint(&new), "an old pseudonym is left");
    assert!(lake.is_symlink() && fs::read_dir(disk.path()).unwrap().count() == 1);
    for (path, bytes) in bytes_below(&home.path().join("var")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!old.iter().take(40).any(|old| text.contains(old)), "{path}");
    }

    // A night needs the whole chain.
    world.turn(next);
    let mut night = world.night(home.path(), next);
    assert_eq!(night.output().unwrap().status.code(), Some(78));
    done(night.env("SHUPING_SECRET_PSEUDONYM_2026", "the second key"));
    done(&mut world.night(plain.path(), next));
    assert_eq!(told(home.path()), told(plain.path()));
    let went =
        "select stream, received, added, changed, unchanged from stream_night order by night, 1";
    let of = |home: &TempDir| ask(&home.path().join("var/warehouse.db"), went);
    assert_eq!(of(&home), of(&plain), "rows that did not change are not new versions");
    assert!(old.is_disjoint(&pseudonyms(&lake)));
}

#[test]
fn a_change_of_the_key_that_stopped_between_two_lakes_is_ended_by_the_next_night() {
    let world = World::of(1);
    world.forget_history();
    let home = files_home(&[]);
    done(&mut world.night(home.path(), NIGHT));
    done(&mut rekey(&world, home.path(), "pseudonym.key", "pseudonym.2026"));
    let var = home.path().join("var");
    let new = pseudonyms(&var.join("lake"));
    // As if it had been killed after the old lake was set aside.
    fs::rename(var.join("lake"), var.join("lake.rekeyed")).unwrap();
    fs::create_dir(var.join("lake.before")).unwrap();
    let mut night = world.night(home.path(), NIGHT);
    done(night.env("SHUPING_SECRET_PSEUDONYM_2026", "the second key"));
    assert_eq!(pseudonyms(&var.join("lake")), new);
    assert!(!var.join("lake.before").exists() && !var.join("lake.rekeyed").exists());
}
