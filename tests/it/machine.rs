//! Are the ratings that machines made without a mark found, and no others? The rule is that of the shipped
//! pipeline; what a machine made is known to the pretend city.

use std::fs;

use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;

/// The part of a file that stands between two lines of its kind and has a text.
fn block<'t>(text: &'t str, kind: &str, part: &str) -> &'t str {
    let mut blocks = text.split(kind);
    blocks.find(|block| block.contains(part)).unwrap()
}

#[test]
fn ratings_of_machines_are_found_and_no_others() {
    // At a fifth of the size the jobs rate some hundred times in their minute, and people once or twice.
    let (world, home) = (World::of(20), World::home());
    let path = |name: &str| home.path().join(name);
    for system in ["appraisal", "hotline", "staffing", "supervision"] {
        fs::remove_file(path(&format!("connectors/{system}.toml"))).unwrap();
    }
    let service = fs::read_to_string(path("connectors/service.toml")).unwrap();
    let (head, _) = service.split_once("\n[[stream]]").unwrap();
    let ratings = block(&service, "\n[[stream]]", "\"evaluations\"");
    fs::write(path("connectors/service.toml"), format!("{head}\n[[stream]]{ratings}")).unwrap();
    let pipeline = fs::read_to_string(path("pipelines/service.toml")).unwrap();
    let rule = block(&pipeline, "\n[[", "table   = \"service_rating\"");
    fs::remove_dir_all(path("pipelines")).unwrap();
    fs::create_dir(path("pipelines")).unwrap();
    let rule = format!("format = 1\ntitle = \"ratings\"\n[[{rule}");
    fs::write(path("pipelines/ratings.toml"), rule).unwrap();
    let night = world.night(home.path(), NIGHT).output().unwrap();
    assert_eq!(night.status.code(), Some(0), "{}", String::from_utf8_lossy(&night.stderr));

    let known = "select case_id, service_no, machine from service_rating where not automatic";
    let rows = ask(&path("var/warehouse.db"), known).into_iter();
    let made = world.city.machine_ratings();
    let [mut found, mut missed, mut false_] = [0_u32; 3];
    for row in rows {
        let is_made = made.contains(&(row[0].clone(), row[1].parse().unwrap()));
        match (is_made, row[2].as_str()) {
            (true, "1") => found += 1,
            (true, _) => missed += 1,
            (false, "1") => false_ += 1,
            (false, _) => {}
        }
    }
    assert!(found > 1000 && missed * 100 <= found + missed, "{found} found, {missed} missed");
    assert!(false_ * 100 < found, "{found} found, {false_} false");
}
