//! Does the file of persons come along again that a kill left a night behind the warehouse beside it? SQLite commits each of
//! the two whole, the warehouse first. And does it go when nobody asks for it any more?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use shuping::spec::catalog::Catalog;
use shuping::warehouse::Place;

use super::FIRST;
use super::SECOND;
use super::catalog;
use super::load;
use super::sample;
use super::told;
use super::with_persons;

/// A contract with a column more, whose rows are found by another key.
fn edited(files: &mut BTreeMap<String, String>) {
    with_persons(files);
    let path = "schemas/work_log.json";
    let text = files[path]
        .replace("\"fields\": [\n", "\"fields\": [\n    {\"name\": \"place\", \"type\": \"string\", \"title\": \"地点\"},\n")
        .replace("\"primaryKey\": [\"log_id\"]", "\"primaryKey\": [\"log_id\", \"person_id\"]");
    assert!(text.contains("\"place\"") && text.contains("[\"log_id\", \"person_id\"]"), "{text}");
    files.insert(path.to_owned(), text);
}

async fn loads(place: &Place, catalog: &Catalog, night: jiff::civil::Date, number: u32) {
    let row = sample(catalog, "work_log", number);
    load(place, catalog, night, &[("work_log", vec![row])]).await.unwrap();
}

/// What the file of persons says of a log, and how the table and its indexes are made.
async fn persons(file: &Path) -> (Vec<String>, Vec<String>) {
    let place = Place::File(file.to_owned());
    let made = "select coalesce(sql, '') from sqlite_master order by name";
    (told(&place, "select log_id from work_log").await, told(&place, made).await)
}

#[tokio::test]
async fn persons_that_were_left_behind_come_along_with_the_next_load() {
    let (first, second) = (catalog(with_persons), catalog(edited));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (place, beside) = (Place::File(file("city.db")), file("city-person.db"));
    // What a night that is not killed leaves, of each home.
    for (name, catalog) in [("first.db", &first), ("second.db", &second)] {
        loads(&Place::File(file(name)), catalog, SECOND, 2).await;
    }
    for (home, whole) in [(&first, "first-person.db"), (&second, "second-person.db")] {
        loads(&place, &first, FIRST, 1).await;
        fs::copy(&beside, file("behind.db")).unwrap();
        loads(&place, home, SECOND, 2).await;
        let whole = persons(&file(whole)).await;
        assert_eq!(persons(&beside).await, whole);
        // Killed between the two: the warehouse has the night, the file of persons the one before.
        for end in ["", "-wal", "-shm"] {
            drop(fs::remove_file(file(&format!("city-person.db{end}"))));
        }
        fs::copy(file("behind.db"), &beside).unwrap();
        assert_eq!(told(&place, "select night from warehouse").await, [SECOND.to_string()]);
        assert_eq!(persons(&beside).await.0, ["log_id1"]);
        loads(&place, home, SECOND, 2).await;
        assert_eq!(persons(&beside).await, whole);
        // And where nobody left a file at all.
        fs::remove_file(&beside).unwrap();
        loads(&place, home, SECOND, 2).await;
        assert_eq!(persons(&beside).await, whole);
    }
}

#[tokio::test]
async fn persons_that_a_home_no_longer_asks_for_are_deleted_and_may_come_back() {
    let (with, without) = (catalog(with_persons), catalog(|_| {}));
    let folder = tempfile::tempdir().unwrap();
    let (place, beside) =
        (Place::File(folder.path().join("city.db")), folder.path().join("city-person.db"));
    for number in 1..3 {
        loads(&place, &with, FIRST, number).await;
        assert_eq!(persons(&beside).await.0, [format!("log_id{number}")]);
        load(&place, &without, FIRST, &[]).await.unwrap();
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<String> = left.map(|name| name.into_string().unwrap()).collect();
        assert!(left.iter().all(|name| !name.contains("person")), "{left:?}");
    }
}
