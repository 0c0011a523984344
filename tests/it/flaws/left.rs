//! What did the nights of the pretend city leave? Three nights of one home, each with its warehouse and
//! the appraisal system's database as they were then, and two nights of a small home beside.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::civil::date;
use serde_json::Value;
use shuping::base::pseudonym::Key;
use shuping::frame::parquet;
use shuping::frame::table;
use shuping::sandbox::Secrets;
use tempfile::TempDir;

use super::reduced;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;

/// The list of tasks is empty, and all grades of the last quarter are there.
pub(super) const JANUARY: Date = date(2026, 1, 27);
/// The first night in February: grades were changed by hand, a sheet of the last roster is missing, and
/// the hotline has renamed two keys.
pub(super) const FEBRUARY: Date = date(2026, 2, 16);
/// The list of tasks is in UTF-8.
const UTF8: Date = date(2026, 1, 20);

/// A row of the lake, its filled cells by column.
pub(super) type Row = BTreeMap<String, String>;

/// Where a row of a file stood.
pub(super) type Seat = (String, u32);

/// What one night left.
pub(super) struct Night {
    pub(super) day: Date,
    pub(super) exit: Option<i32>,
    pub(super) said: String,
    folder: PathBuf,
}

/// What all of them left.
pub(super) struct Left {
    pub(super) truth: Value,
    pub(super) first: Night,
    pub(super) january: Night,
    pub(super) february: Night,
    /// Of the small home: the list of tasks in UTF-8, whether it is, and a manifest that knows the
    /// renamed keys of the hotline by their first names only.
    pub(super) utf8: (Night, bool),
    pub(super) one_name: Night,
    /// The rows of the rosters up to the first night, by file and sheet and row.
    pub(super) roster: BTreeMap<Seat, Row>,
    /// Everybody's number, by pseudonym.
    pub(super) numbers: BTreeMap<String, String>,
    key: Key,
    home: TempDir,
    /// Where the nights' warehouses are kept.
    _kept: TempDir,
}

impl Left {
    /// Runs the nights.
    pub(super) fn of_the_nights() -> Left {
        let (world, home, kept) = (World::of(10), reduced::home(), tempfile::tempdir().unwrap());
        let run = |day| Night::run(&world, home.path(), &kept.path().join("whole"), day);
        let (first, january, february) = (run(NIGHT), run(JANUARY), run(FEBRUARY));
        let truth = world.city.truth();
        let (utf8, one_name) = beside(&kept.path().join("small"));
        let key = Key::new(&Secrets::of(519_900).pseudonym_key);
        let people = truth["people"].as_array().unwrap().iter();
        let numbers = people.map(|person| person["id"].as_str().unwrap());
        let numbers = numbers.map(|id| (key.pseudonym(id), id.to_owned())).collect();
        let mut left = Left {
            truth,
            first,
            january,
            february,
            utf8,
            one_name,
            roster: BTreeMap::new(),
            numbers,
            key,
            home,
            _kept: kept,
        };
        let rows = left.lake("person_snapshot", NIGHT, "staffing.roster").into_iter();
        left.roster = rows.map(|row| (seat_of(&row), row)).collect();
        left
    }

    /// The places of a flaw in a stream, as the truth file has them.
    pub(super) fn planted(&self, flaw: &str, stream: &str) -> Vec<String> {
        let flaws = self.truth["flaws"].as_array().unwrap();
        let flaw = flaws.iter().find(|known| known["flaw"] == flaw).unwrap();
        let planted = flaw["planted"].as_array().unwrap().iter();
        let planted = planted.filter(|place| place[0] == stream);
        let keys: Vec<String> =
            planted.map(|place| place[1].as_str().unwrap().to_owned()).collect();
        assert!(!keys.is_empty(), "{flaw} is not listed in {stream}");
        keys
    }

    /// How often a flaw was planted in a stream, up to the city's last night.
    pub(super) fn count(&self, flaw: &str, stream: &str) -> u64 {
        let flaws = self.truth["flaws"].as_array().unwrap();
        let flaw = flaws.iter().find(|known| known["flaw"] == flaw).unwrap();
        flaw["rows"][stream].as_u64().unwrap()
    }

    /// Where a flaw stands in the rosters that the first night found.
    pub(super) fn seats(&self, flaw: &str) -> BTreeSet<Seat> {
        let planted = self.planted(flaw, "staffing.roster").into_iter();
        let seats = planted.filter(|key| key.as_str() < "实名制人员名册_20260106").map(|key| {
            let parts: Vec<&str> = key.split(' ').collect();
            let [file, sheet, "row", row] = parts.as_slice() else { panic!("{key}") };
            (format!("{file} sheet {sheet}"), row.parse().unwrap())
        });
        let seats: BTreeSet<Seat> = seats.collect();
        assert!(!seats.is_empty(), "{flaw} is in no roster of the first night");
        seats
    }

    /// The row of a seat; of a row that is there twice, the second is kept.
    pub(super) fn row(&self, seat: &Seat) -> &Row {
        let twice = (seat.0.clone(), seat.1 + 1);
        let row = self.roster.get(seat).or_else(|| self.roster.get(&twice));
        row.unwrap_or_else(|| panic!("{seat:?} is not in the lake"))
    }

    /// What a night brought of a stream to a table of the lake.
    pub(super) fn lake(&self, table: &str, night: Date, stream: &str) -> Vec<Row> {
        let lake = self.home.path().join("var/lake/model").join(table);
        rows(&lake.join(format!("{night}.{stream}.parquet")))
    }

    /// The rows of a fact as the last night counted them.
    pub(super) fn fact(&self, name: &str) -> Vec<Row> {
        let folder = self.home.path().join("var/lake/fact").join(name);
        let parts = fs::read_dir(folder).unwrap().map(|part| part.unwrap().path());
        let parts = parts.filter(|path| path.extension().is_some_and(|end| end == "parquet"));
        parts.flat_map(|path| rows(&path)).collect()
    }

    /// What landed on the first night, under the source's own headers.
    pub(super) fn landed(&self, system: &str, stream: &str) -> Vec<Row> {
        let landing = self.home.path().join("var/lake/landing").join(system).join(stream);
        let parts = fs::read_dir(landing.join(format!("{NIGHT}.1"))).unwrap();
        let parts = parts.map(|part| part.unwrap().path());
        let parts = parts.filter(|path| path.extension().is_some_and(|end| end == "parquet"));
        parts.flat_map(|path| rows(&path)).collect()
    }

    /// The pseudonym of somebody's number.
    pub(super) fn pseudonym(&self, number: &str) -> String {
        self.key.pseudonym(number)
    }
}

impl Night {
    fn run(world: &World, home: &Path, kept: &Path, day: Date) -> Night {
        if day != NIGHT {
            world.turn(day);
        }
        let output = world.night(home, day).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        let exit = output.status.code();
        assert!(matches!(exit, Some(0 | 1)), "{day}: {said}");
        let folder = kept.join(day.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::copy(home.join("var/warehouse.db"), folder.join("warehouse.db")).unwrap();
        fs::copy(world.drop_folder().join("appraisal.db"), folder.join("appraisal.db")).unwrap();
        Night { day, exit, said, folder }
    }

    /// The answer of the warehouse.
    pub(super) fn ask(&self, question: &str) -> Vec<Vec<String>> {
        ask(&self.folder.join("warehouse.db"), question)
    }

    /// The answer of the appraisal system's own database.
    pub(super) fn source(&self, question: &str) -> Vec<Vec<String>> {
        ask(&self.folder.join("appraisal.db"), question)
    }

    /// The first column of the warehouse's answer.
    pub(super) fn column(&self, question: &str) -> BTreeSet<String> {
        self.ask(question).into_iter().map(|row| row.into_iter().next().unwrap()).collect()
    }

    /// The rest of each row of the warehouse's answer, by its first cell.
    pub(super) fn by_key(&self, question: &str) -> BTreeMap<String, Vec<String>> {
        let split = |mut row: Vec<String>| (row.remove(0), row);
        self.ask(question).into_iter().map(split).collect()
    }

    /// The one number of the warehouse's answer.
    pub(super) fn number(&self, question: &str) -> f64 {
        let answer = self.ask(question);
        answer[0][0].parse().unwrap_or_else(|_| panic!("{question}: {answer:?}"))
    }

    /// How many rows the warehouse's answer counts.
    pub(super) fn count(&self, question: &str) -> u64 {
        let answer = self.ask(question);
        answer[0][0].parse().unwrap_or_else(|_| panic!("{question}: {answer:?}"))
    }

    /// The rows of this night's findings of a kind in a stream, by subject.
    pub(super) fn findings(&self, stream: &str, kind: &str) -> BTreeMap<String, u64> {
        let question = format!(
            "select coalesce(subject, ''), rows from finding
             where night = '{}' and stream = '{stream}' and kind = '{kind}'",
            self.day
        );
        let rows = self.ask(&question).into_iter();
        rows.map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
    }

    /// How many rows a finding of this night is about.
    pub(super) fn finding(&self, stream: &str, kind: &str, subject: &str) -> u64 {
        let found = self.findings(stream, kind);
        *found.get(subject).unwrap_or_else(|| panic!("{kind} {subject}: {found:?}"))
    }

    /// A count of a stream's equation of this night.
    pub(super) fn equation(&self, stream: &str, part: &str) -> u64 {
        let of = format!("stream = '{stream}' and night = '{}'", self.day);
        self.count(&format!("select {part} from stream_night where {of}"))
    }

    /// How a stream ended this night: its state and why.
    pub(super) fn state(&self, stream: &str) -> [String; 2] {
        let of = format!("stream = '{stream}' and night = '{}'", self.day);
        let mut rows = self.ask(&format!("select state, note from stream_night where {of}"));
        rows.remove(0).try_into().unwrap()
    }

    /// How many rows of a stream were quarantined this night for a reason.
    pub(super) fn quarantined(&self, stream: &str, reason: &str) -> u64 {
        self.count(&format!(
            "select count(*) from quarantine
             where stream = '{stream}' and night = '{}' and reason = '{reason}'",
            self.day
        ))
    }
}

/// Some keys as a list that SQL can look into.
pub(super) fn among<'k>(keys: impl IntoIterator<Item = &'k String>) -> String {
    let keys: Vec<&String> = keys.into_iter().collect();
    format!("(select value from json_each('{}'))", serde_json::to_string(&keys).unwrap())
}

/// Where a row of the lake stood in its file.
pub(super) fn seat_of(row: &Row) -> Seat {
    (row["_source"].clone(), row["_row"].parse().unwrap())
}

fn rows(file: &Path) -> Vec<Row> {
    let table = parquet::read(file).unwrap();
    let names: Vec<String> = table.get_column_names().iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = names.iter().map(String::as_str).collect();
    let filled = |cells: shuping::base::cell::CellRow| {
        let cells = names.iter().zip(cells);
        cells.filter_map(|(name, cell)| Some((name.clone(), cell?.written()))).collect()
    };
    table::to_rows(&table, &texts).into_iter().map(filled).collect()
}

/// Two nights of a small home that reads units, sections, tasks and orders and tells no metric.
fn beside(kept: &Path) -> ((Night, bool), Night) {
    let (world, home) = (World::of(1), World::home());
    let path = |name: &str| home.path().join(name);
    for system in ["appraisal", "service"] {
        fs::remove_file(path(&format!("connectors/{system}.toml"))).unwrap();
    }
    fs::remove_dir_all(path("pipelines")).unwrap();
    let staffing = fs::read_to_string(path("connectors/staffing.toml")).unwrap();
    let two: Vec<&str> = staffing.split("\n[[stream]]").take(3).collect();
    fs::write(path("connectors/staffing.toml"), two.join("\n[[stream]]")).unwrap();
    let utf8 = Night::run(&world, home.path(), kept, UTF8);
    let list = world.drop_folder().join("supervision/mbdc_任务清单_20260120.csv");
    let is_utf8 = fs::read_to_string(list).is_ok();
    let hotline = fs::read_to_string(path("connectors/hotline.toml")).unwrap();
    let one_name = hotline.replace("[\"承办单位\", \"办理单位\"]", "\"承办单位\"");
    assert_ne!(one_name, hotline);
    fs::write(path("connectors/hotline.toml"), one_name).unwrap();
    ((utf8, is_utf8), Night::run(&world, home.path(), kept, FEBRUARY))
}
