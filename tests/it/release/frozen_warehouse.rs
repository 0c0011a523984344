//! Has a release the warehouse as a file that whoever copies it can open, and nobody can change?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use shuping::publish::verify::Difference;
use shuping::publish::verify::verify;

use super::closed::done;
use super::limits::settings;
use crate::library::library;
use crate::python;
use crate::world::ask;
use crate::world::dump;

const FILE: &str = "warehouse.sqlite";

fn released(home: &Path, release: &str) -> PathBuf {
    home.join("var/release").join(release)
}

#[test]
fn it_holds_what_the_warehouse_holds_without_persons_and_runs() {
    let home = library();
    let home = home.path();
    let path = home.join("shuping.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[warehouse]\npersons = true\n")).unwrap();
    done(home, &["run", "--night", "2026-02-01"], 0);
    let release = released(home, "2026-02-01.1");
    let file = release.join(FILE);
    // What SQLite writes beside a warehouse that is in use would be missing from a copy.
    let head = fs::read(&file).unwrap();
    assert_eq!(head[18..20], [1, 1], "no write-ahead log");
    let (frozen, own) = (dump(&file), dump(&home.join("var/warehouse.db")));
    assert!(frozen.keys().all(|name| !name.starts_with("person")), "{:?}", frozen.keys());
    assert!(!dump(&home.join("var/warehouse-person.db")).is_empty());
    let missing: Vec<&String> = own.keys().filter(|name| !frozen.contains_key(*name)).collect();
    assert_eq!(missing, ["quarantine", "run", "run_step", "stream_night"]);
    for (name, rows) in
        frozen.iter().filter(|(name, _)| !["warehouse", "数据字典"].contains(&name.as_str()))
    {
        assert_eq!(rows, &own[name], "{name}");
    }
    let question = "select shown from unit_month_ratio \
        where unit_id = 'North Branch' and period = '2026-01'";
    assert_eq!(ask(&file, question), [["0.714"]]);
    // It is a file of the release as any other.
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o444);
    assert!(verify(&release).unwrap().1.is_empty());
    let left = fs::read_dir(&release).unwrap().map(|it| it.unwrap().file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().contains("warehouse")).count(), 1);
    let mut bytes = head;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::remove_file(&file).unwrap();
    fs::write(&file, &bytes).unwrap();
    assert_eq!(verify(&release).unwrap().1, [Difference::Differs(FILE.to_owned())]);
}

#[test]
fn equal_nights_give_equal_bytes_whatever_was_before_and_a_home_may_do_without() {
    let (one, other) = (library(), library());
    done(one.path(), &["run", "--night", "2026-01-31"], 0);
    for home in [&one, &other] {
        done(home.path(), &["run", "--night", "2026-02-01"], 0);
    }
    let [is, was] = [&one, &other].map(|home| released(home.path(), "2026-02-01.1").join(FILE));
    // When rows came is not the same; what metrics say is, and so is the night that they are of.
    for table in ["metric_value", "service_case", "metric_definition", "unit"] {
        assert_eq!(dump(&is)[table], dump(&was)[table], "{table}");
    }
    let third = library();
    done(third.path(), &["run", "--night", "2026-02-01"], 0);
    let again = released(third.path(), "2026-02-01.1").join(FILE);
    assert_eq!(fs::read(&was).unwrap(), fs::read(again).unwrap());
    settings(other.path(), "sqlite = false");
    done(other.path(), &["run", "--night", "2026-02-02"], 0);
    assert!(!released(other.path(), "2026-02-02.1").join(FILE).exists());
}

#[test]
fn a_night_that_is_run_again_over_other_rows_releases_them_though_no_number_moved() {
    let home = library();
    let home = home.path();
    done(home, &["run", "--night", "2026-02-01"], 0);
    let loans = home.join("drop/loans_2026-01.csv");
    let text = fs::read_to_string(&loans).unwrap();
    // No metric asks where a loan began that did not come back.
    let (old, new) = (",,Machine,R1,2026-01-06 15:40", ",,Counter,R1,2026-01-06 15:40");
    assert!(text.contains(old), "{text}");
    fs::write(&loans, text.replace(old, new)).unwrap();
    let channel = |release: &str| {
        let question = "select channel from service_case where case_id = 'L04'";
        ask(&released(home, release).join(FILE), question)
    };
    // Once more, and nothing is another.
    for _ in 0..2 {
        done(home, &["run", "--night", "2026-02-01", "--again"], 0);
        assert_eq!(
            (channel("2026-02-01.1"), channel("2026-02-01.2")),
            (row("kiosk"), row("window"))
        );
        assert!(!released(home, "2026-02-01.3").exists());
    }
    let metrics = ["1", "2"].map(|revision| released(home, &format!("2026-02-01.{revision}")));
    let [was, is] = metrics.map(|release| fs::read(release.join("metrics.csv")).unwrap());
    assert_eq!(was, is);
    // Numbers that were withdrawn do not come back, whatever they are told over.
    done(home, &["release", "withdraw", "2026-02-01.2", "--reason", "重复"], 0);
    let text = fs::read_to_string(&loans).unwrap();
    fs::write(&loans, text.replace(new, old)).unwrap();
    let told = done(home, &["run", "--night", "2026-02-01", "--again"], 0);
    assert!(told.contains("release 2026-02-01.2 says, which is withdrawn"), "{told}");
    assert!(!released(home, "2026-02-01.3").exists());
}

/// One row of an answer.
fn row(cell: &str) -> Vec<Vec<String>> {
    vec![vec![cell.to_owned()]]
}

/// Somebody else, who may write nothing there, opens it.
#[test]
fn it_opens_in_a_folder_that_its_reader_may_not_write() {
    let home = library();
    done(home.path(), &["run", "--night", "2026-02-01"], 0);
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("release");
    fs::create_dir(&folder).unwrap();
    let file = folder.join(FILE);
    fs::copy(released(home.path(), "2026-02-01.1").join(FILE), &file).unwrap();
    for path in [copy.path(), &folder] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let Some(python) = python::module("sqlite3") else { return };
    let mut command = Command::new(python.get_program());
    let script = "import os, sqlite3, sys\n\
        if os.getuid() == 0:\n    os.setgid(65534)\n    os.setuid(65534)\n\
        open = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro&immutable=1', uri=True)\n\
        print(open.execute('select count(*) from unit_now').fetchone()[0])\n\
        try:\n    open.execute('delete from unit')\n\
        except sqlite3.OperationalError as fault:\n    print(fault)";
    let output = command.args(["-c", script]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "2\nattempt to write a readonly database\n");
    for path in [&folder, copy.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
