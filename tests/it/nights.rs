//! What does a whole night leave, whatever happens to it? Real gateways, real workbooks, the real
//! program.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use jiff::civil::date;
use serde_json::Value;
use tempfile::TempDir;

use crate::python;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;
use crate::world::bytes_below;
use crate::world::left;

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

/// Runs a night that goes well; its report.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_night_run_twice_leaves_the_same_bytes() {
    let world = World::of(2);
    let home = World::lean_home();
    let first = done(&mut world.night(home.path(), NIGHT));
    let once = left(home.path());
    assert!(once.keys().any(|path| path.starts_with("release/2026-01-06.1/")), "{once:#?}");
    // Instants are texts of one width: they sort as time does.
    let widths = "select count(distinct length(accepted_at)) from service_case";
    assert_eq!(ask(&home.path().join("var/warehouse.db"), widths), [["1"]]);
    let second = done(&mut world.night(home.path(), NIGHT));
    assert_eq!(once, left(home.path()));
    assert!(second.contains("\n  0 of "), "nothing is counted again: {second}");
    // All but how much was counted and written again.
    let report = |text: &str| {
        let parts = text.split("\n\n").skip(1).filter(|part| !part.starts_with("Months"));
        let lines = parts.flat_map(str::lines).filter(|line| !line.contains(" rows written, "));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(report(&first), report(&second));
    // Another home that reads the same city comes to the same.
    let other = World::lean_home();
    done(&mut world.night(other.path(), NIGHT));
    assert_eq!(once, left(other.path()));
    a_stranger_reads(&home.path().join("var/release"));
}

/// A release is what its manifest says, and what is not is found out: a file that stands beside it, a
/// state that no contract knows.
fn a_stranger_reads(release: &Path) {
    python::validate(release);
    let beside = python::validate_changed(release, "2026-01-06.1/notes.txt", |_| "…".to_owned());
    assert!(beside.is_none_or(|said| said.contains("notes.txt is not listed")));
    let guess = |text: &str| text.replacen(",scored,", ",guessed,", 1);
    let guessed = python::validate_changed(release, "2026-01-06.1/score.csv", guess);
    assert!(guessed.is_none_or(|said| said.contains("constraint \"enum\"")));
}

/// A home of one gateway and one drop folder: every kind of step, and nights that are soon over.
fn small_home() -> TempDir {
    let home = World::lean_home();
    for system in ["appraisal", "service", "supervision"] {
        fs::remove_file(home.path().join(format!("connectors/{system}.toml"))).unwrap();
    }
    home
}

/// Runs a night until it has told so many steps, kills it there, and says how many lines came.
fn killed_after(world: &World, home: &Path, steps: usize) -> usize {
    let mut child =
        world.night(home, NIGHT).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines.take(steps).map_while(Result::ok).count();
    child.kill().unwrap();
    child.wait().unwrap();
    told
}

#[test]
fn a_night_killed_at_any_step_and_run_again_ends_as_if_it_had_not_been() {
    let world = World::of(1);
    world.forget_history();
    let whole = small_home();
    let lines = killed_after(&world, whole.path(), usize::MAX);
    let expected = left(whole.path());
    assert!(lines > 12, "only {lines} steps were told");
    for steps in 0..lines {
        let home = small_home();
        assert_eq!(killed_after(&world, home.path(), steps), steps);
        done(&mut world.night(home.path(), NIGHT));
        assert_eq!(left(home.path()), expected, "killed after step {steps}");
    }
}

#[test]
fn a_night_that_knows_no_unit_keeps_every_row_and_lists_the_names() {
    let world = World::of(1);
    let home = World::lean_home();
    for system in ["appraisal", "hotline", "staffing"] {
        fs::remove_file(home.path().join(format!("connectors/{system}.toml"))).unwrap();
    }
    done(&mut world.night(home.path(), NIGHT));
    let warehouse = home.path().join("var/warehouse.db");
    for table in ["service_item", "task"] {
        let told = format!(
            "select count(*) > 40, count(unit_id), count(*) = (
                select sum(rows) from finding where kind = 'unknown_unit' and stream = '{table}'
            ) from {table}"
        );
        assert_eq!(ask(&warehouse, &told), [["1", "0", "1"]], "{table}");
    }
}

/// Every value of a year, by what it is of, and why there is none.
fn values(home: &Path, year: &str) -> BTreeMap<String, (String, String)> {
    let question = format!(
        "select metric || ' ' || coalesce(unit_id, '') || ' ' || coalesce(section_id, '') || ' ' ||
        coalesce(dim_value, ''), status || ' ' || coalesce(shown, ''), reason from metric_value
        where period = '{year}'"
    );
    let rows = ask(&home.join("var/warehouse.db"), &question).into_iter();
    rows.map(|row| (row[0].clone(), (row[1].clone(), row[2].clone()))).collect()
}

#[test]
fn a_year_without_a_calendar_has_no_working_days_and_says_which_file_to_add() {
    let world = World::of(1);
    world.forget_history();
    let (home, known) = (World::lean_home(), World::lean_home());
    done(&mut world.night(known.path(), NIGHT));
    let settings = home.path().join("shuping.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("calendar = \"cn\"", "calendar = \"local\"")).unwrap();
    let folder = home.path().join("schemas/calendar");
    fs::create_dir(folder.join("local")).unwrap();
    let add = |year: i16| {
        let from = folder.join(format!("cn/{year}.csv"));
        fs::copy(from, folder.join(format!("local/{year}.csv"))).unwrap();
    };
    (2020..=2024).for_each(add);
    let said = done(&mut world.night(home.path(), NIGHT));
    assert!(said.contains("add `schemas/calendar/local/2025.csv`"), "{said}");
    let before = values(known.path(), "2024");
    let mut moved = values(home.path(), "2024");
    // How early something was depends on a limit that may end in the year after.
    moved.retain(|of, told| before.get(of) != Some(told) && told.1 != "no_calendar 2025");
    assert!(moved.is_empty(), "{moved:?}");
    let (told, whole) = (values(home.path(), "2025"), values(known.path(), "2025"));
    let mut missing = BTreeSet::new();
    for (of, (value, reason)) in &told {
        if reason == "no_calendar 2025" {
            assert_eq!(value.trim(), "no_data", "{of}");
            missing.insert(of.split(' ').next().unwrap());
        } else {
            assert_eq!(whole.get(of), Some(&(value.clone(), reason.clone())), "{of}");
        }
    }
    assert_eq!(told.len(), whole.len());
    for metric in ["on_time_rate", "overdue_open", "handling_mean"] {
        assert!(missing.contains(metric), "{metric} of {missing:?}");
    }
    for metric in ["cases_per_person", "headcount", "order_satisfied_rate"] {
        assert!(!missing.contains(metric), "{metric} of {missing:?}");
    }
    add(2025);
    add(2026);
    done(world.night(home.path(), NIGHT).arg("--again"));
    assert_eq!(values(home.path(), "2025"), whole);
}

#[test]
fn a_night_whose_hotline_is_down_publishes_the_rest_and_says_what_is_stale() {
    let world = World::of(2);
    let home = World::lean_home();
    let retry = home.path().join("connectors/hotline.toml");
    let text = fs::read_to_string(&retry).unwrap();
    fs::write(&retry, text.replace("attempts = 6", "attempts = 2")).unwrap();
    done(&mut world.night(home.path(), NIGHT));
    let warehouse = home.path().join("var/warehouse.db");
    let orders = "select count(*), max(received_at) from hotline_order";
    let before = ask(&warehouse, orders);

    let next = date(2026, 1, 7);
    world.turn(next);
    world.gateways.take_down("hotline", true);
    let night = world.night(home.path(), next).output().unwrap();
    assert_eq!(night.status.code(), Some(1), "{}", said(&night));
    let told = said(&night);
    assert!(told.contains("hotline.orders failed"), "{told}");
    assert!(told.contains("热线中心数据科 answers for"), "{told}");
    assert_eq!(ask(&warehouse, orders), before, "the last good orders stay");
    let stale = "select distinct metric from metric_value where stale order by metric";
    let stale: Vec<String> = ask(&warehouse, stale).into_iter().flatten().collect();
    assert!(
        stale.contains(&"orders".to_owned()) && stale.contains(&"orders_per_person".to_owned())
    );
    assert!(!stale.contains(&"cases_closed".to_owned()), "{stale:?}");
    let latest = fs::read_to_string(home.path().join("var/release/latest.json")).unwrap();
    let latest: Value = serde_json::from_str(&latest).unwrap();
    assert_eq!(latest["night"], "2026-01-07");

    // It is mended: the same night, run again, asks only for what failed.
    world.gateways.take_down("hotline", false);
    done(&mut world.night(home.path(), next));
    let none = "select count(*) from metric_value where stale";
    assert_eq!(ask(&warehouse, none), [["0"]]);
    let release = bytes_below(&home.path().join("var/release/2026-01-07.2"));
    let manifest: Value = serde_json::from_slice(&release["datapackage.json"]).unwrap();
    let resources = manifest["resources"].as_array().unwrap();
    // What is published is about nobody; each table says so, and its contract.
    assert!(
        resources.iter().all(|it| it["x:class"] == "一般" && it["schema"]["x:class"] == "一般")
    );
    assert_eq!(manifest["x:supersedes"], "2026-01-07.1");
}

#[test]
fn nobody_is_found_in_clear_in_any_file_a_night_wrote() {
    let world = World::of(2);
    let home = World::lean_home();
    let log = world.night(home.path(), NIGHT).arg("-vv").output().unwrap();
    let mut files = bytes_below(&home.path().join("var"));
    files.insert("what was printed".to_owned(), said(&log).into_bytes());
    // Parquet is compressed: its texts are looked at as rows.
    for (path, _) in files.clone() {
        if path.ends_with(".parquet") {
            let table =
                shuping::frame::parquet::read(&home.path().join("var").join(&path)).unwrap();
            let batch = shuping::frame::table::to_batch(&table);
            let cells = batch.rows.iter().flat_map(|row| row.cells.iter().flatten());
            let text = cells.fold(String::new(), |all, cell| all + cell + "\n");
            files.insert(format!("{path} as rows"), text.into_bytes());
        }
    }
    let truth = world.city.truth();
    let people = truth["people"].as_array().unwrap();
    assert!(people.len() > 100);
    let secrets: Vec<&str> = people
        .iter()
        .flat_map(|person| [&person["id"], &person["phone"]])
        .map(|text| text.as_str().unwrap())
        .collect();
    // Names of two characters are words as well (建设): those of three are nobody else's.
    let names = people.iter().map(|person| person["name"].as_str().unwrap());
    let names: Vec<&str> = names.filter(|name| name.chars().count() > 2).collect();
    assert!(names.len() > 50);
    let found = |needles: &[&str]| {
        let finder = regex::bytes::Regex::new(
            &needles.iter().map(|text| regex::escape(text)).collect::<Vec<_>>().join("|"),
        );
        let finder = finder.unwrap();
        let hit = |(path, bytes): (&String, &Vec<u8>)| {
            finder
                .find(bytes)
                .map(|hit| (path.clone(), String::from_utf8_lossy(hit.as_bytes()).into_owned()))
        };
        files.iter().find_map(hit)
    };
    assert_eq!(found(&secrets), None);
    assert_eq!(found(&names), None);
    // The lake is its owner's alone.
    let lake = fs::metadata(home.path().join("var/lake")).unwrap();
    assert_eq!(lake.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_lake_made_with_another_key_is_refused_before_a_row_is_read() {
    let world = World::of(1);
    let home = World::lean_home();
    done(&mut world.night(home.path(), NIGHT));
    let before = left(home.path());
    let mut night = world.night(home.path(), NIGHT);
    let output = night.env("SHUPING_SECRET_PSEUDONYM_KEY", "another").output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    assert_eq!(left(home.path()), before);
}

#[test]
fn every_stream_closes_its_equation_for_many_nights() {
    let world = World::of(1);
    let home = World::lean_home();
    let warehouse = home.path().join("var/warehouse.db");
    let nights = [NIGHT, date(2026, 1, 7), date(2026, 1, 13), date(2026, 2, 10)];
    for night in nights {
        world.turn(night);
        let output = world.night(home.path(), night).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    }
    let open = "select night, system, stream from stream_night
        where state <> 'failed'
          and received + exploded <> added + changed + unchanged + duplicate + filtered + quarantined";
    assert_eq!(ask(&warehouse, open), Vec::<Vec<String>>::new());
    let told = "select count(*) from stream_night where told is not null and told <> received";
    assert_eq!(ask(&warehouse, told), [["0"]]);
    // On 9 February a sheet of the roster is missing: it is held back, the last good one stays.
    let held =
        "select state, note from stream_night where stream = 'roster' and night = '2026-02-10'";
    let held = ask(&warehouse, held);
    assert_eq!(held[0][0], "failed", "{held:?}");
}

/// How many months were counted again, of how many.
fn recounted(report: &str) -> (u32, u32) {
    let line = report.lines().find(|line| line.contains(" facts were counted")).unwrap();
    let numbers = line.split_whitespace().filter_map(|word| word.replace(',', "").parse().ok());
    let numbers: Vec<u32> = numbers.collect();
    (numbers[0], numbers[1])
}

#[test]
fn nights_that_count_what_changed_leave_what_nights_that_count_everything_leave() {
    let world = World::of(1);
    let (home, other) = (small_home(), small_home());
    let nights = [NIGHT, date(2026, 1, 7), date(2026, 1, 7)];
    let mut lasts = (0, 0);
    for (at, night) in nights.into_iter().enumerate() {
        world.turn(night);
        if at == 2 {
            // A name that nobody knew is decided, and rows of long ago are a unit's.
            let warehouse = home.path().join("var/warehouse.db");
            let unknown = "select subject from finding where kind = 'unknown_unit'
                order by rows desc, subject";
            let name = ask(&warehouse, unknown)[0][0].clone();
            let unit = ask(&warehouse, "select min(unit_id) from unit")[0][0].clone();
            done(world.shuping(home.path()).args(["aliases", "accept", &name, &unit]));
            // A decision has its time: both homes have the same.
            let [from, to] = [&home, &other].map(|home| home.path().join("connectors/aliases.csv"));
            fs::copy(from, to).unwrap();
        }
        let said = done(&mut world.night(home.path(), night));
        let whole = done(world.night(other.path(), night).arg("--full"));
        assert_eq!(left(home.path()), left(other.path()), "night {night}");
        if at == 0 {
            assert!(!said.contains(" facts were counted"), "nothing was kept yet: {said}");
            continue;
        }
        let (again, all) = recounted(&said);
        let (again_whole, all_whole) = recounted(&whole);
        assert_eq!((all, all_whole), (all_whole, again_whole), "{whole}");
        assert!(again > 0 && again * 2 < all, "{said}");
        lasts = (again, all);
    }
    assert!(lasts.0 > 0, "{lasts:?}");
    // Whatever is torn is counted again.
    let before = left(home.path());
    let files = bytes_below(&home.path().join("var/lake/measure"));
    for (at, (path, bytes)) in files.iter().enumerate().step_by(17) {
        let path = home.path().join("var/lake/measure").join(path);
        match at % 2 {
            0 => fs::remove_file(path).unwrap(),
            _ => fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
        }
    }
    let said = done(&mut world.night(home.path(), nights[2]));
    assert!(recounted(&said).0 > 0, "{said}");
    assert_eq!(left(home.path()), before);
}
