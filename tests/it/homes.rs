//! What does a home with faults hear? All of them at once, each with its file, line and what to do.

use std::fs;
use std::path::Path;

use shuping::spec::home::Home;
use shuping::spec::home::write_default;
use tempfile::TempDir;

use crate::library::keyless as shuping;
use crate::library::said;

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    write_default(home.path()).unwrap();
    home
}

/// Every file of a home, relative.
fn files(root: &Path, inside: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(inside)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_str().unwrap().to_owned();
        let path = if inside.is_empty() { name } else { format!("{inside}/{name}") };
        if entry.path().is_dir() {
            found.extend(files(root, &path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Plants a fault that fits the file; the line on which it stands.
fn plant(file: &str, text: &str) -> (String, usize) {
    let ending = file.rsplit('.').next();
    if ending == Some("toml") {
        // The first key of the file gets a neighbour that nobody knows.
        let at = text.lines().position(|line| line.starts_with("format")).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(at + 1, "colour = \"red\"");
        return (lines.join("\n"), at + 2);
    }
    if ending == Some("json") {
        let at = text.lines().position(|line| line.contains("\"title\"")).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(at, "  \"colour\": \"red\",");
        return (lines.join("\n"), at + 1);
    }
    let broken = if file.contains("calendar") { "2026-13-45,maybe,\n" } else { "\"\n" };
    let text = format!("{}\n{broken}", text.trim_end());
    let line = text.lines().count();
    (text, line)
}

#[test]
fn the_default_home_is_without_fault() {
    let home = home();
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(said(&checked).contains("no fault"));
}

#[test]
fn a_fault_in_every_file_is_told_at_once_with_its_line_and_stops_everything() {
    let home = home();
    let mut planted = Vec::new();
    for file in files(home.path(), "") {
        let path = home.path().join(&file);
        let (text, line) = plant(&file, &fs::read_to_string(&path).unwrap());
        fs::write(&path, text).unwrap();
        planted.push((file, line));
    }
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(78));
    let told = said(&checked);
    for (file, line) in &planted {
        let place = format!("{file}:{line}:");
        assert!(told.contains(&place), "{place} is not among\n{told}");
    }
    let run = shuping(home.path(), &["run", "--night", "2026-01-06"]);
    assert_eq!(run.status.code(), Some(78));
    assert!(!home.path().join("var").exists(), "a night began on a home with faults");
}

#[test]
fn a_fault_names_key_message_hint_and_code_in_both_tongues() {
    let home = home();
    let file = home.path().join("connectors/hotline.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("write   = \"upsert\"", "write   = \"upsrt\"")).unwrap();
    let line = text.lines().position(|line| line.starts_with("write ")).unwrap() + 1;
    for (tongue, message) in [("en", "unknown word `upsrt`"), ("zh", "未知的取值 `upsrt`")] {
        let told = said(&shuping(home.path(), &["--lang", tongue, "check"]));
        let place = format!("connectors/hotline.toml:{line}:");
        for part in [&place, "stream", "write", message, "hint:", "upsert", "[H005]"] {
            assert!(told.contains(part), "`{part}` is missing in\n{told}");
        }
    }
}

/// A name that must exist elsewhere, broken: file, text, another text, the code that tells.
const BROKEN_NAMES: &[(&str, &str, &str, &str)] = &[
    ("connectors/hotline.toml", "into    = \"hotline_order\"", "into = \"hotline_ordr\"", "H010"),
    ("connectors/hotline.toml", "order_id     = \"工单编号\"", "ordr_id = \"工单编号\"", "H011"),
    ("connectors/hotline.toml", "order_id     = \"工单编号\"\n", "", "H012"),
    (
        "connectors/service.toml",
        "name              = \"taskName\"",
        "name = \"standardHours\"",
        "H013",
    ),
    ("connectors/staffing.toml", ", identity = \"cn_id\"", "", "H015"),
    (
        "connectors/service.toml",
        "identity = \"opaque\"",
        "identity = \"opaque\", sql = \"handleUserCode\"",
        "H019",
    ),
    ("connectors/hotline.toml", "concurrency = 4", "concurrency = 0", "H007"),
    ("connectors/hotline.toml", "concurrency = 4", "answer_mb = 0", "H007"),
    ("connectors/service.toml", "9rDa9LWY", "9rDa9LWX", "H040"),
    (
        "pipelines/service.toml",
        "table   = \"service_rating\"",
        "table = \"service_ratings\"",
        "H010",
    ),
    ("pipelines/service.toml", "fact = \"open_case\"", "fact = \"open_cases\"", "H020"),
    ("pipelines/service.toml", "time    = \"closed_at\"", "time = \"status\"", "H240"),
    ("pipelines/service.toml", "time = \"accepted_at\"", "time = \"channel\"", "H240"),
    (
        "pipelines/service.toml",
        "fact = \"case_elsewhere\"",
        "fact = \"case_elsewhere\"\nat_quarter_ends = true",
        "H241",
    ),
    (
        "pipelines/service.toml",
        "where     = \"status <> 'rejected'\"",
        "where = \"ON_TIME(accepted_at, due_at, suspended_workdays)\"",
        "H221",
    ),
    (
        "pipelines/service.toml",
        "where = \"genuine\"",
        "where = \"genuine AND IS_WORKDAY(rated_at)\"",
        "H221",
    ),
    (
        "pipelines/service.toml",
        "{ exists = \"rating\", where = \"genuine\" }",
        "{ exists = \"case\" }",
        "H247",
    ),
    ("pipelines/service.toml", "value       = \"cases_open\"", "value = \"cases_opn\"", "H021"),
    ("pipelines/service.toml", "value       = \"cases_in\"", "value = \"cases_accepted\"", "H022"),
    ("pipelines/service.toml", "sql  = \"COUNT(*)\"", "sql = \"7\"", "H033"),
    ("pipelines/service.toml", "COUNT(on_time)", "COUNT(on_tim)", "H031"),
    ("pipelines/service.toml", "MOVED(due_at, suspended_workdays)", "LEAP(due_at)", "H032"),
    ("pipelines/profile.toml", "listed = \"disciplines\"", "listed = \"discipline\"", "H026"),
    ("pipelines/reference/disciplines.csv", "park,,", "parks,,", "H005"),
    ("pipelines/reference/disciplines.csv", ",JN0085,medicine", ",JN0085,medicin", "H005"),
    ("pipelines/reference/disciplines.csv", ",JN0085,medicine", ",JN0085,", "H088"),
    ("schemas/section.json", "\"resource\": \"unit\"", "\"resource\": \"units\"", "H010"),
    (
        "schemas/service_case.json",
        "\"title\": \"办件编号\", \"constraints\": {\"required\": true}",
        "\"title\": \"办件编号\"",
        "H213",
    ),
    (
        "schemas/person_snapshot.json",
        "\"x:codes\": \"education\"",
        "\"x:codes\": \"educatoin\"",
        "H014",
    ),
    ("shuping.toml", "timezone = \"Asia/Shanghai\"", "timezone = \"Asia/Shangai\"", "H007"),
    ("shuping.toml", "calendar = \"cn\"", "calendar = \"xx\"", "H051"),
    ("connectors/aliases.csv", ",市市监局,JN0042", ",市人力社保局,JN0042", "H052"),
    ("connectors/aliases.csv", "JN0042,,,习惯写法", "JN0042,,,习惯写法,undo", "H050"),
    ("connectors/aliases.csv", "JN0042,,,", "JN0042,2025-01-01,2024-12-31,", "H054"),
];

/// What a spreadsheet or an editor saves here.
#[test]
fn files_in_gb18030_are_read_and_one_in_nothing_is_named() {
    let home = home();
    for file in ["connectors/aliases.csv", "pipelines/service.toml"] {
        let path = home.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        let (bytes, _, _) = encoding_rs::GB18030.encode(&text);
        assert!(String::from_utf8(bytes.to_vec()).is_err(), "{file} has letters of its own");
        fs::write(&path, bytes).unwrap();
    }
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    fs::write(home.path().join("pipelines/local.toml"), b"title = \"\xff\xff\"").unwrap();
    let checked = shuping(home.path(), &["check"]);
    let told = said(&checked);
    assert_ne!(checked.status.code(), Some(0));
    assert!(told.contains("pipelines/local.toml`: it is neither UTF-8 nor GB18030"), "{told}");
}

#[test]
fn names_that_must_exist_elsewhere_are_checked_over_all_files() {
    for (file, from, to, code) in BROKEN_NAMES {
        let home = home();
        let path = home.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} no longer says `{from}`");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let checked = shuping(home.path(), &["check"]);
        let told = said(&checked);
        assert_eq!(checked.status.code(), Some(78), "{file}: {to}\n{told}");
        assert!(told.contains(&format!("[{code}]")), "{file}: {to} should be {code}\n{told}");
    }
}

/// Whoever asks for rows of another fact is told where, and how that one asks back.
#[test]
fn facts_that_ask_each_other_are_a_fault_with_the_way_round() {
    let home = home();
    let path = home.path().join("pipelines/service.toml");
    let text = fs::read_to_string(&path).unwrap();
    let asks = "genuine         = ";
    assert!(text.contains(asks), "the fact `rating` derives `genuine` no more");
    let text = text.replace(asks, &format!("is_of_case = {{ exists = \"case\" }}\n{asks}"));
    fs::write(&path, &text).unwrap();
    let checked = shuping(home.path(), &["check"]);
    let told = said(&checked);
    assert_eq!(checked.status.code(), Some(78), "{told}");
    for (asks, fact, way) in [
        ("rated  ", "case", "case → rating → case"),
        ("is_of_case", "rating", "rating → case → rating"),
    ] {
        let line = text.lines().position(|line| line.starts_with(asks)).unwrap() + 1;
        let place = format!("pipelines/service.toml:{line}:");
        let fault = format!("fact `{fact}` asks itself: {way} [H247]");
        let is_told = told.lines().any(|line| line.starts_with(&place) && line.contains(&fault));
        assert!(is_told, "{place} … {fault}\n{told}");
    }
}

/// Foreign keys are not enforced, so a circle of them is no fault: tables of it come before all that points at them.
#[test]
fn tables_that_point_at_each_other_come_before_those_that_point_at_them() {
    let home = home();
    let path = home.path().join("schemas/unit.json");
    let text = fs::read_to_string(&path).unwrap();
    let field = r#"{"name": "office_id", "type": "string", "title": "办公室"},"#;
    let key = r#"{"fields": ["office_id"], "reference": {"resource": "section", "fields": ["section_id"]}},"#;
    let mut circular = text.clone();
    for (list, first) in [("\"fields\": [\n", field), ("\"foreignKeys\": [\n", key)] {
        assert!(text.contains(list), "schemas/unit.json no longer says {list}");
        circular = circular.replacen(list, &format!("{list}    {first}\n"), 1);
    }
    fs::write(&path, circular).unwrap();
    let checked = shuping(home.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));

    let catalog = Home::open(home.path()).unwrap().catalog().unwrap();
    let tables: Vec<&str> =
        catalog.streams().iter().map(|(_, stream)| stream.into.value.as_str()).collect();
    let circle = ["section", "unit"];
    let last = tables.iter().rposition(|table| circle.contains(table)).unwrap();
    let points = |table: &&str| {
        let keys = &catalog.schemas[*table].foreign_keys;
        !circle.contains(table) && keys.iter().any(|key| circle.contains(&&*key.table))
    };
    let pointing: Vec<usize> = (0..tables.len()).filter(|at| points(&tables[*at])).collect();
    assert!(pointing.len() > 3, "{tables:?}");
    assert!(pointing.iter().all(|at| *at > last), "{tables:?}");
}

/// What was frozen for a year, broken: a text, another text, the code that tells. Nobody would ask such a line, and the leaf
/// that it was written for would stay as if there were none.
const BROKEN_REFERENCE: &[(&str, &str, &str)] = &[
    ("township,on_time_rate", "townships,on_time_rate", "H005"),
    ("on_time_rate", "on_time_rat", "H085"),
    ("alpha,38.5", "alfa,38.5", "H087"),
    ("alpha,38.5", "alpha,-38.5", "H087"),
    ("beta,1.5", "beta,0", "H087"),
    ("median,0.97", "median,97%", "H087"),
];

#[test]
fn lines_of_a_reference_that_nobody_would_ask_are_told_with_their_line() {
    let home = home();
    let file = "pipelines/reference/2025.csv";
    let text = "category,metric,statistic,value\n\
        township,satisfied_rate,alpha,38.5\n\
        township,satisfied_rate,beta,1.5\n\
        township,on_time_rate,median,0.97\n";
    for (from, to, code) in [&[("", "", "no fault")], BROKEN_REFERENCE].concat() {
        fs::write(home.path().join(file), text.replacen(from, to, 1)).unwrap();
        let told = said(&shuping(home.path(), &["check"]));
        assert!(told.contains(code), "{to} should be {code}\n{told}");
        let line = text.lines().position(|line| line.contains(from)).unwrap() + 1;
        assert!(to.is_empty() || told.contains(&format!("{file}:{line}:")), "{to}\n{told}");
    }
}

#[test]
fn a_folder_that_is_no_home_says_how_to_make_one() {
    let empty = tempfile::tempdir().unwrap();
    let checked = shuping(empty.path(), &["check"]);
    assert_eq!(checked.status.code(), Some(78));
    assert!(said(&checked).contains("shuping init"));
}

#[test]
fn init_writes_a_home_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new");
    let first = shuping(folder.path(), &["init", dir.to_str().unwrap()]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    // What a city adds to the code tables never ships, so that nothing that ships takes its place.
    assert!(dir.join("schemas/codes/rank.csv").exists());
    assert!(!dir.join("schemas/codes/local").exists());
    fs::write(dir.join("shuping.toml"), "mine").unwrap();
    let second = shuping(folder.path(), &["init", dir.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(74));
    assert!(said(&second).contains("is there already"), "{}", said(&second));
    assert_eq!(fs::read_to_string(dir.join("shuping.toml")).unwrap(), "mine");
}

#[test]
fn a_night_without_the_key_of_pseudonyms_says_how_to_make_one_and_begins_nothing() {
    let home = home();
    let run = shuping(home.path(), &["run", "--night", "2026-01-06"]);
    assert_eq!(run.status.code(), Some(78));
    assert!(said(&run).contains("chmod 600 secrets/pseudonym.key"), "{}", said(&run));
}
