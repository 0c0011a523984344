//! A pretend city and a home that reads it, for tests of whole nights.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::pseudonym::sha256;
use shuping::sandbox::City;
use shuping::sandbox::Gateways;
use shuping::sandbox::Secrets;
use shuping::sandbox::environment;
use shuping::spec::home::write_default;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The night that most tests run, and the day it tells.
pub(crate) const NIGHT: Date = date(2026, 1, 6);
pub(crate) const AS_OF: Date = date(2025, 12, 31);

/// The settings of a small city.
pub(crate) const SETTINGS: &str = r#"
format = 1
[home]
name  = "jianing"
title = "嘉宁市"
[pseudonyms]
key = "${secret:pseudonym.key}"
"#;

/// Puts a file into a home.
pub(crate) fn put(home: &Path, file: &str, text: &str) {
    let path = home.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A running city and where its files are dropped.
pub(crate) struct World {
    pub(crate) city: Arc<City>,
    pub(crate) gateways: Gateways,
    folder: TempDir,
    given: BTreeMap<String, String>,
    runtime: Runtime,
}

impl World {
    /// A city of so many hundredths of the full size.
    pub(crate) fn of(hundredths: u32) -> World {
        let city = Arc::new(City::new(519_900, f64::from(hundredths) / 100.0));
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        write(&runtime, &city, folder.path(), NIGHT);
        let keys = Secrets::of(519_900);
        let serve = Gateways::serve(Arc::clone(&city), NIGHT, &keys, 0);
        let gateways = runtime.block_on(serve).unwrap();
        let given = environment(&gateways, &folder.path().join("drop"), &keys);
        World { city, gateways, folder, given, runtime }
    }

    /// The day after: new files have been dropped and the systems know more.
    pub(crate) fn turn(&self, night: Date) {
        write(&self.runtime, &self.city, self.folder.path(), night);
        self.gateways.set_night(night);
    }

    /// Where its files are dropped.
    pub(crate) fn drop_folder(&self) -> PathBuf {
        self.folder.path().join("drop")
    }

    /// Leaves only the files of the last month in the drop folder, where a test runs many nights.
    pub(crate) fn forget_history(&self) {
        for entry in fs::read_dir(self.drop_folder().join("staffing")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.contains("_2023") || name.contains("_2024") || name.contains("_20250") {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// A default home, new, that reads this city; its releases go without the warehouse, which takes a while, and none waits
    /// for somebody, whatever a test moves.
    pub(crate) fn home() -> TempDir {
        let home = tempfile::tempdir().unwrap();
        write_default(home.path()).unwrap();
        let settings = home.path().join("shuping.toml");
        let text = fs::read_to_string(&settings).unwrap();
        let is_kept = |line: &&str| !line.starts_with("moved_");
        let text: Vec<&str> = text.lines().filter(is_kept).collect();
        let text = text.join("\n").replacen("[release]\n", "[release]\nsqlite = false\n", 1);
        fs::write(settings, text + "\n").unwrap();
        home
    }

    /// The same with fewer values: metrics of whole units and years only. For tests of many nights.
    pub(crate) fn lean_home() -> TempDir {
        let home = World::home();
        for name in ["profile", "service", "workload"] {
            let path = home.path().join(format!("pipelines/{name}.toml"));
            let lean = |line: &str| match line.split_whitespace().next() {
                Some("grain") => Some("grain = [\"unit\"]".to_owned()),
                Some("period") if line.ends_with(']') => Some("period = [\"year\"]".to_owned()),
                Some("period_of") => None,
                Some("finding") => Some(line.replace("period = \"quarter\", ", "")),
                _ => Some(line.to_owned()),
            };
            let text = fs::read_to_string(&path).unwrap();
            let text: Vec<String> = text.lines().filter_map(lean).collect();
            fs::write(&path, text.join("\n")).unwrap();
        }
        home
    }

    /// The program, told where the city is.
    pub(crate) fn shuping(&self, home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(home).envs(&self.given).env("LANG", "C");
        command
    }

    /// The program's `run` of a night.
    pub(crate) fn night(&self, home: &Path, night: Date) -> Command {
        let as_of = if night == NIGHT { AS_OF } else { night };
        let mut command = self.shuping(home);
        let (night, as_of) = (night.to_string(), as_of.to_string());
        command.args(["run", "--night", &night, "--as-of", &as_of]);
        command
    }
}

/// What the city's systems leave in files.
fn write(runtime: &Runtime, city: &City, folder: &Path, night: Date) {
    let drop = folder.join("drop");
    city.write_drop(&drop, night).unwrap();
    runtime.block_on(city.write_appraisal(&drop, night)).unwrap();
}

/// What was done in a home, in order: each verb with the rows that it concerned.
pub(crate) fn accesses(home: &Path) -> Vec<(String, Option<u64>)> {
    let text = fs::read_to_string(home.join("var/access.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| (line["verb"].as_str().unwrap().to_owned(), line["rows"].as_u64())).collect()
}

/// Every file below a folder, relative, with its bytes.
pub(crate) fn bytes_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        for entry in fs::read_dir(folder.join(&inside)).unwrap() {
            let entry = entry.unwrap();
            let path = inside.join(entry.file_name());
            if entry.path().is_dir() {
                open.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// What a night must leave the same: files of the model and the releases by hash, the warehouse row
/// by row. What tells of the run itself is aside: when it ran, and how often a gateway had to be asked.
pub(crate) fn left(home: &Path) -> BTreeMap<String, String> {
    let var = home.join("var");
    let mut left = BTreeMap::new();
    for part in [
        "lake/model",
        "lake/fact",
        "lake/measure",
        "lake/notes/finding",
        "lake/notes/quarantine",
        "release",
    ] {
        for (path, bytes) in bytes_below(&var.join(part)) {
            left.insert(format!("{part}/{path}"), sha256(&bytes));
        }
    }
    left.extend(loaded(&var.join("warehouse.db")));
    left
}

/// What a night must leave the same in a warehouse, by hash.
pub(crate) fn loaded(warehouse: &Path) -> BTreeMap<String, String> {
    let mut left = BTreeMap::new();
    for (table, rows) in dump(warehouse) {
        if !["run", "run_step", "stream_night"].contains(&table.as_str()) {
            left.insert(format!("warehouse {table}"), sha256(rows.join("\n").as_bytes()));
        }
    }
    let equations =
        "select night, system, stream, state, told, received, added, changed, unchanged,
        duplicate, filtered, quarantined, deleted, note from stream_night order by 1, 2, 3";
    left.insert("warehouse stream_night".to_owned(), format!("{:?}", ask(warehouse, equations)));
    left
}

/// The tables of a warehouse, each row as one text, in order.
pub(crate) fn dump(warehouse: &Path) -> BTreeMap<String, Vec<String>> {
    let tables = ask(warehouse, "select name from sqlite_master where type = 'table'");
    let table = |row: Vec<String>| {
        let name = row[0].clone();
        let mut rows: Vec<String> = ask(warehouse, &format!("select * from \"{name}\""))
            .into_iter()
            .map(|row| row.join("|"))
            .collect();
        rows.sort();
        (name, rows)
    };
    tables.into_iter().map(table).collect()
}

/// The answer of a warehouse, every cell as text.
pub(crate) fn ask(warehouse: &Path, question: &str) -> Vec<Vec<String>> {
    use sqlx::Column as _;
    use sqlx::Connection as _;
    use sqlx::Row as _;
    use sqlx::TypeInfo as _;
    use sqlx::ValueRef as _;
    let cell = |row: &sqlx::sqlite::SqliteRow, at: usize| {
        let value = row.try_get_raw(at).unwrap();
        if value.is_null() {
            return String::new();
        }
        match value.type_info().name() {
            "INTEGER" | "BOOLEAN" => row.get_unchecked::<i64, _>(at).to_string(),
            "BLOB" => shuping::base::pseudonym::hex(row.get_unchecked(at)),
            "REAL" | "NUMERIC" => row.get_unchecked::<f64, _>(at).to_string(),
            _ => row.get_unchecked::<String, _>(at),
        }
    };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(warehouse).read_only(true);
    let asked = async {
        let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let question = sqlx::AssertSqlSafe(question.to_owned());
        let rows = sqlx::query(question).fetch_all(&mut open).await.unwrap();
        rows.iter()
            .map(|row| row.columns().iter().map(|c| cell(row, c.ordinal())).collect())
            .collect()
    };
    Runtime::new().unwrap().block_on(asked)
}
