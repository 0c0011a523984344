//! Does a name that nobody knows get its unit when somebody decides, and lose it when that is taken back?
//! Over whole nights, by the real program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::world::NIGHT;
use crate::world::World;
use crate::world::accesses;
use crate::world::ask;
use crate::world::bytes_below;
use crate::world::left;

/// A home of two systems whose people and cases name units.
fn home() -> TempDir {
    let home = World::lean_home();
    for system in ["appraisal", "hotline", "supervision"] {
        fs::remove_file(home.path().join(format!("connectors/{system}.toml"))).unwrap();
    }
    home
}

/// What `shuping aliases …` prints, and its exit code.
fn aliases(world: &World, home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = world.shuping(home).arg("aliases").args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The names without a unit.
fn listed(world: &World, home: &Path) -> Vec<Value> {
    let (code, text) = aliases(world, home, &["--json"]);
    assert_eq!(code, Some(0), "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["night"], &told["as_of"]), (&"2026-01-06".into(), &"2025-12-31".into()));
    told["names"].as_array().unwrap().clone()
}

fn run(world: &World, home: &Path) {
    let output = world.night(home, NIGHT).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a night says of units, wherever it says it: all of what it leaves but the fingerprint of the home,
/// which has more lines than before, and the revision of its release.
fn told(home: &Path) -> BTreeMap<String, String> {
    let mut told = left(home);
    // The home's fingerprint is another, for decisions have a time.
    let is_of_home = |path: &str| path.ends_with("/ledger.json") || path == "warehouse warehouse";
    told.retain(|path, _| !path.starts_with("release/") && !is_of_home(path));
    let latest = fs::read_to_string(home.join("var/release/latest.json")).unwrap();
    let latest: Value = serde_json::from_str(&latest).unwrap();
    let folder = Path::new(latest["manifest"].as_str().unwrap()).parent().unwrap();
    for (path, bytes) in bytes_below(&home.join("var/release").join(folder)) {
        // What tells the revision or what it follows is another each time.
        let is_of_revision = ["changes.", "metrics.xlsx", "scores.xlsx", "dimensions.xlsx"]
            .iter()
            .any(|name| path.starts_with(name));
        if path != "datapackage.json" && !is_of_revision {
            told.insert(format!("latest/{path}"), shuping::base::pseudonym::sha256(&bytes));
        }
    }
    assert!(told.len() > 20, "{told:#?}");
    told
}

fn of_unit(home: &Path, unit: &str) -> Vec<Vec<String>> {
    let values = format!(
        "select metric, period, value, numerator, denominator from metric_value
         where unit_id = '{unit}' order by 1, 2"
    );
    ask(&home.join("var/warehouse.db"), &values)
}

fn missed_rows(home: &Path) -> BTreeMap<String, u64> {
    let missed = "select subject, sum(rows) from finding where kind = 'unknown_unit' group by 1";
    let rows = ask(&home.join("var/warehouse.db"), missed).into_iter();
    rows.map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

#[test]
fn a_decided_name_gets_its_rows_and_a_decision_taken_back_leaves_the_bytes_of_before() {
    let (world, home) = (World::of(2), home());
    let home = home.path();
    world.forget_history();
    let (code, text) = aliases(&world, home, &[]);
    assert_eq!((code, text.contains("no night has run")), (Some(2), true), "{text}");
    run(&world, home);
    let before = told(home);

    let names = listed(&world, home);
    let rows: Vec<u64> = names.iter().map(|name| name["rows"].as_u64().unwrap()).collect();
    assert!(rows.is_sorted_by(|one, other| one >= other) && !rows.is_empty(), "{rows:?}");
    let by_name = names.iter().map(|name| name["name"].as_str().unwrap().to_owned()).zip(rows);
    assert_eq!(by_name.collect::<BTreeMap<_, _>>(), missed_rows(home));
    the_planted_unit_is_nearest(&world, &names);

    let name = names[0]["name"].as_str().unwrap();
    let unit = names[0]["candidates"][0]["unit"].as_str().unwrap();
    let missed = names[0]["rows"].as_u64().unwrap();
    let was = of_unit(home, unit);
    let file = home.join("connectors/aliases.csv");
    let untouched = fs::read(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    let (code, text) = aliases(&world, home, &["accept", name, unit, "--note", "来函, 张三"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("{missed} of {missed} rows")), "{text}");
    assert!(text.contains("run --night 2026-01-06 --as-of 2025-12-31"), "{text}");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o664, "whoever could read the file still can");
    let written = fs::read_to_string(home.join("connectors/aliases.csv")).unwrap();
    let last = written.lines().last().unwrap();
    assert!(last.starts_with(&format!(",{name},{unit},,,\"来函, 张三\",accept,20")), "{last}");
    assert!(listed(&world, home).iter().all(|other| other["name"] != name));
    run(&world, home);
    assert!(!missed_rows(home).contains_key(name));
    assert_ne!(of_unit(home, unit), was, "no metric of {unit} has moved");
    assert_ne!(told(home), before);

    let (code, text) = aliases(&world, home, &["undo"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("lose their unit"), "{text}");
    run(&world, home);
    assert_eq!(told(home), before, "a decision that was taken back is as if it had not been");
    let written = fs::read(home.join("connectors/aliases.csv")).unwrap();
    // Every line is still there, and so are the two decisions.
    let head = untouched.iter().position(|byte| *byte == b'\n').unwrap();
    let (old, new) = (&untouched[head..], &written[head + ",decision,decided_at".len()..]);
    assert!(new.starts_with(old));
    assert_eq!(new[old.len()..].split(|byte| *byte == b'\n').count(), 3, "two lines and the end");
    let noted: Vec<(String, Option<u64>)> = accesses(home);
    let decided = noted.iter().filter(|(verb, _)| verb != "run").cloned().collect::<Vec<_>>();
    let moved = |verb: &str| (verb.to_owned(), Some(missed));
    assert_eq!(decided, [moved("aliases accept"), moved("aliases undo")]);
    assert_eq!(noted.len() - decided.len(), 3, "three nights");
    what_cannot_be_decided_is_refused(&world, home, name, unit);
}

/// Of the names that nobody knows, the unit that was meant is the first suggestion.
fn the_planted_unit_is_nearest(world: &World, names: &[Value]) {
    let truth = world.city.truth();
    let planted = truth["spellings"].as_array().unwrap();
    for name in names {
        let meant = planted.iter().find(|it| it["spelling"] == name["name"]).unwrap();
        assert_eq!(meant["known"], false, "{name}");
        assert_eq!(name["candidates"][0]["unit"], meant["unit"], "{name}");
        let places = name["places"].as_array().unwrap();
        let rows: u64 = places.iter().map(|place| place["rows"].as_u64().unwrap()).sum();
        assert_eq!((Some(rows), &name["why"][0]), (name["rows"].as_u64(), &"unknown".into()));
    }
}

fn what_cannot_be_decided_is_refused(world: &World, home: &Path, name: &str, unit: &str) {
    let file = home.join("connectors/aliases.csv");
    let untouched = fs::read(&file).unwrap();
    let refused = |arguments: &[&str], why: &str| {
        let before = fs::read(&file).unwrap();
        let (code, text) = aliases(world, home, arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(why), "{arguments:?}: {text}");
        assert_eq!(fs::read(&file).unwrap(), before, "{arguments:?} has written");
    };
    refused(&["undo"], "no decision to take back");
    refused(&["undo", "市市监局"], "no decision to take back");
    refused(&["accept", name, "嘉宁市财攻局"], "did you mean `嘉宁市财政局`?");
    refused(&["accept", name, "outsid"], "did you mean `outside`?");
    refused(&["accept", "市财政局", unit], "`市财政局` means");
    refused(&["accept", "市市监局", "嘉宁市财政局"], "on the same days");
    refused(&["accept", "开发区、市财政局", "outside", "--system", "servic"], "known here");
    refused(&["accept", name, unit, "--from", "2025-02-01", "--to", "2025-01-01"], "no day is");
    refused(&["accept", " ", unit], "a name is needed");
    refused(&["reject", name, "outside"], "no unit that could be suggested");
    refused(&["reject", "市市监局", "JN0042"], "says that `市市监局` means");

    // What is rejected is not suggested again, until that is taken back.
    let of_name = || listed(world, home).into_iter().find(|it| it["name"] == name).unwrap();
    let is_suggested = |of: &Value| {
        of["candidates"].as_array().unwrap().iter().any(|candidate| candidate["unit"] == unit)
    };
    assert!(is_suggested(&of_name()));
    let done = |arguments: &[&str]| {
        let (code, text) = aliases(world, home, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
        text
    };
    done(&["reject", name, unit]);
    assert!(!is_suggested(&of_name()));
    refused(&["reject", name, unit], "rejects");
    refused(&["accept", name, unit], "rejects");
    done(&["undo", name]);
    assert!(is_suggested(&of_name()));
    // A body of somebody else is listed once, and nobody is asked about it again.
    refused(&["accept", name, "outside", "--to", "2001-01-01"], "none of its rows");
    done(&["accept", name, "outside", "--from", "2001-01-01"]);
    assert!(listed(world, home).iter().all(|it| it["name"] != name));
    assert_eq!(world.shuping(home).arg("check").output().unwrap().status.code(), Some(0));
    assert!(fs::read(&file).unwrap().len() > untouched.len());
}
