//! Do imports only go down? The house is read as text: every room stands on a floor, and names only
//! rooms of lower floors.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use regex::Regex;

/// The floors, from the ground; rooms of one floor are neighbours and do not know each other.
const FLOORS: [&[&str]; 8] = [
    &["base"],
    &["spec"],
    &["frame"],
    &[
        "extract",
        "handbook",
        "measure",
        "model",
        "publish",
        "reconcile",
        "sandbox",
        "score",
        "warehouse",
    ],
    &["why"],
    &["explain", "night", "quarantine"],
    &["prove", "schedule"],
    &["cli"],
];

/// The rooms that may name polars.
const POLARS: [&str; 4] = ["frame", "measure", "model", "publish"];

/// The room that knows no engine: only the ground and the definitions.
const SANDBOX: [&str; 3] = ["base", "sandbox", "spec"];

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("room `{room}` stands on no floor"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with the room it belongs to.
fn house() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let own = |path: PathBuf| {
        let inside = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let room = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        (inside, room, fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(own).collect()
}

/// The rooms that a text names: `crate::room`, wherever it stands outside a comment.
fn named(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn imports_only_go_down() {
    let mut climbs = Vec::new();
    let mut seen = 0;
    for (file, room, text) in house() {
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        for other in named(&text).into_iter().filter(|other| *other != room) {
            seen += 1;
            if floor(&other) >= floor(&room) {
                climbs.push(format!("{file} names {other}"));
            }
        }
    }
    assert!(seen > 100, "only {seen} imports were seen: the test reads the house wrongly");
    assert!(climbs.is_empty(), "{climbs:#?}");
}

#[test]
fn only_the_rooms_of_tables_name_polars() {
    for (file, room, text) in house() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.clone().any(|line| line.contains("polars::")) {
            assert!(POLARS.contains(&room.as_str()), "{file} names polars");
        }
    }
}

#[test]
fn the_pretend_city_knows_no_engine_room() {
    for (file, _, text) in house().into_iter().filter(|(_, room, _)| room == "sandbox") {
        for other in named(&text) {
            assert!(SANDBOX.contains(&other.as_str()), "{file} names {other}");
        }
    }
}

#[test]
fn the_handbook_is_told_from_the_definitions_alone() {
    for (file, _, text) in house().into_iter().filter(|(_, room, _)| room == "handbook") {
        for other in named(&text) {
            assert!(["base", "handbook", "spec"].contains(&other.as_str()), "{file} names {other}");
        }
    }
}

#[test]
fn the_program_knows_only_the_command_line() {
    let main = house().into_iter().find(|(file, ..)| file == "main.rs").unwrap().2;
    let rooms: Vec<&str> = main.split("shuping::").skip(1).collect();
    assert!(rooms.iter().all(|rest| rest.starts_with("cli::")), "{main}");
}

/// A file as the path of its module.
fn module(file: &str) -> Vec<String> {
    let mut path: Vec<String> =
        file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    path.pop_if(|last| last == "mod");
    path
}

/// The file that a name stands in, such as `super::lake::Lake`, as it is named in another.
fn file_of(own: &[String], name: &str, all: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let is_inside = name.starts_with("super");
    let mut at = if is_inside { own[..own.len() - 1].to_vec() } else { Vec::new() };
    let mut steps = name.split("::").skip(1).peekable();
    while steps.next_if_eq(&"super").is_some() {
        at.pop();
    }
    at.extend(steps.map(str::to_owned));
    while !at.is_empty() && !all.contains(&at) {
        at.pop();
    }
    Some(at).filter(|at| !at.is_empty())
}

/// The other files that a file names, but for the room it stands in and what stands in it.
fn beside(own: &[String], text: &str, all: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = Regex::new(r"\b(crate|super)(::\w+)+").unwrap();
    let files = code.flat_map(|line| names.find_iter(line).map(|name| name.as_str()));
    let files = files.filter_map(|name| file_of(own, name, all));
    files.filter(|at| !at.starts_with(own) && !own.starts_with(at)).collect()
}

#[test]
fn files_beside_each_other_name_each_other_one_way() {
    let house = house();
    let all: BTreeSet<Vec<String>> = house.iter().map(|(file, ..)| module(file)).collect();
    let of = |(file, _, text): &(String, String, String)| {
        (module(file), beside(&module(file), text, &all))
    };
    let mut files: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = house.iter().map(of).collect();
    let seen: usize = files.values().map(BTreeSet::len).sum();
    assert!(seen > 1_000, "only {seen} names were seen: the test reads the house wrongly");
    // Who names nobody, or is named by nobody, is taken away, until only circles are left.
    loop {
        let named: BTreeSet<&Vec<String>> = files.values().flatten().collect();
        let free = files.iter().filter(|(file, of)| of.is_empty() || !named.contains(file));
        let free: BTreeSet<Vec<String>> = free.map(|(file, _)| file.clone()).collect();
        if free.is_empty() {
            break;
        }
        files.retain(|file, _| !free.contains(file));
        for of in files.values_mut() {
            of.retain(|file| !free.contains(file));
        }
    }
    let left: Vec<String> = files.keys().map(|file| file.join("/")).collect();
    assert!(left.is_empty(), "in circles, or between them: {left:#?}");
}
