//! Is a month that is not counted again what counting it again would give? Random changes night after
//! night: what is kept, of amounts and of rows, and told must be, byte for byte, what counting everything gives.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::civil::date;
use polars::prelude::DataFrame;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::period::Month;
use shuping::frame::functions::Days;
use shuping::frame::mix::Mixed;
use shuping::measure::cube;
use shuping::measure::cube::Amounts;
use shuping::measure::cube::Cube;
use shuping::measure::cube::Keeping;
use shuping::measure::cube::Spot;
use shuping::measure::fact::Ground;
use shuping::measure::fact::Tables;
use shuping::measure::kept::Kept;
use shuping::measure::kept::Ledger;
use shuping::measure::recount::KeptMonths;
use shuping::measure::recount::Recount;
use shuping::measure::recount::Why;
use shuping::spec::catalog::Catalog;
use shuping::spec::pipeline::Fact;
use tempfile::TempDir;

use super::thing;
use crate::world::bytes_below;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("section_id", "string"),
    ("kind", "string"),
    ("opened_on", "date"),
    ("closed_on", "date"),
    ("n", "integer"),
    ("d", "number 2"),
    ("owner", "string"),
];

/// Every kind of fact and of aggregate, two times of one event, dimensions, windows below and in a measure.
const PIPELINE: &str = r#"
format = 1
title = "Things"
[[fact]]
name = "event"
table = "thing"
kind = "event"
time = "closed_on"
section = "section_id"
by = ["kind", "owner"]
derive = { nth = "ORDINAL(opened_on, owner, thing_id)", slow = "WORKDAYS_BETWEEN(opened_on, closed_on) > 9" }
[[fact]]
name = "around"
table = "thing"
kind = "event"
time = "opened_on"
[[fact]]
name = "span"
table = "thing"
kind = "span"
from = "opened_on"
to = "closed_on"
section = "section_id"
[[fact]]
name = "stock"
table = "thing"
kind = "stock"
from = "opened_on"
to = "closed_on"
by = ["kind"]
where = "n > 0"
"#;

const MEASURES: &[(&str, &str, &str)] = &[
    ("event", "COUNT(*)", ""),
    ("event", "COUNT(*) FILTER (WHERE slow)", ""),
    ("event", "SUM(d) FILTER (WHERE nth = 1)", ""),
    ("event", "MEDIAN(n)", ""),
    ("event", "COUNT(DISTINCT owner)", "time = \"opened_on\""),
    ("event", "AVG(d)", "time = \"opened_on\""),
    ("around", "COUNT(*) FILTER (WHERE REPEATS(owner, kind) > 2)", ""),
    ("around", "MAX(d)", ""),
    ("span", "SUM(parts)", "per = 377580"),
    ("span", "STDDEV(days)", ""),
    ("stock", "COUNT(*)", ""),
    ("stock", "SUM(n)", "at_quarter_ends = true"),
    ("stock", "COUNT(*) FILTER (WHERE IS_WORKDAY(period_end))", ""),
];

fn catalog(measures: &[(&str, &str, &str)]) -> Catalog {
    let measure = |(at, (fact, sql, more)): (usize, &(&str, &str, &str))| {
        format!(
            "[[measure]]\nname = \"m{at}\"\nfact = \"{fact}\"\nsql = '''{sql}'''\nmeasured_in = \"1\"\n{more}\n"
        )
    };
    let measures = measures.iter().enumerate().map(measure).collect::<String>();
    thing::read(FIELDS, &(PIPELINE.to_owned() + &measures)).unwrap()
}

/// The same dice every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn one_of(&mut self, words: &[&str]) -> Option<Cell> {
        let word = words[self.roll(words.len())];
        (!word.is_empty()).then(|| Cell::Text(word.to_owned()))
    }

    fn row(&mut self, at: usize) -> CellRow {
        let opened = date(2025, 1, 1).saturating_add(i64::try_from(self.roll(400)).unwrap().days());
        let lasted = i64::try_from(self.roll(70)).unwrap().days();
        let closed = (self.roll(5) > 0).then(|| Cell::Day(opened.saturating_add(lasted)));
        vec![
            Some(Cell::Text(format!("thing{at}"))),
            self.one_of(&["U1", "U2", "a unit whose key is longer than a view", "U3", ""]),
            self.one_of(&["S1", "S2", ""]),
            self.one_of(&["甲", "乙", ""]),
            Some(Cell::Day(opened)),
            closed,
            (self.roll(6) > 0).then(|| Cell::Whole(i64::try_from(self.roll(5)).unwrap() - 1)),
            (self.roll(6) > 0).then(|| Cell::Decimal(i128::try_from(self.roll(900)).unwrap(), 2)),
            self.one_of(&["p", "q", "r", "somebody with a long name", ""]),
        ]
    }

    /// Rows that are new, changed, deleted, and a name that means another unit from now on.
    fn turn(&mut self, rows: &mut Vec<CellRow>, night: usize) {
        for _ in 0..self.roll(4) {
            let at = self.roll(rows.len());
            match self.roll(3) {
                0 => rows[at] = self.row(1000 * night + at),
                1 => drop(rows.swap_remove(at)),
                _ => rows.push(self.row(1000 * night + 500)),
            }
        }
        if self.roll(4) == 0 {
            let (from, to) = (self.one_of(&["U1", "U2", "U3"]), self.one_of(&["U1", "U2", ""]));
            rows.iter_mut().filter(|row| row[1] == from).for_each(|row| row[1].clone_from(&to));
        }
        // The order in which rows stand says nothing.
        rows.rotate_left(night % 7);
    }
}

/// A lake that keeps what was counted.
struct Lake(TempDir);

impl Lake {
    fn new() -> Lake {
        Lake(tempfile::tempdir().unwrap())
    }

    fn count(&self, catalog: &Catalog, tables: &Tables, as_of: Date, is_full: bool) -> Cube {
        let calendar = Arc::new(catalog.calendar.clone());
        let days = Days { calendar, zone: catalog.settings.zone.clone() };
        let (months, kept) = (KeptMonths::at(self.0.path(), is_full), Kept::at(self.0.path()));
        let ground = Ground { catalog, tables, days, as_of, night: as_of };
        kept.begin().unwrap();
        let keep = &mut |fact: &Fact, rows: &DataFrame, mixed: &Mixed| {
            kept.keep(&fact.name, (rows, mixed), is_full)
        };
        let keeping = Keeping { keep, months: Some(&months) };
        let cube = cube::count_and(&ground, Some(keeping)).unwrap();
        kept.finish(&Ledger::of((as_of, as_of), "home", &BTreeSet::new(), &cube)).unwrap();
        cube
    }

    /// The files of the rows of a fact, each with the place of its bytes on the disk.
    fn rows(&self, fact: &str) -> BTreeMap<String, u64> {
        let entries = fs::read_dir(self.0.path().join("fact").join(fact)).unwrap();
        let files = entries.map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().ino())
        });
        files.filter(|(name, _)| name.ends_with(".parquet")).collect()
    }

    fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        bytes_below(self.0.path())
    }

    fn files(&self) -> Vec<PathBuf> {
        self.bytes().into_keys().map(|path| self.0.path().join(path)).collect()
    }
}

/// Everything a cube says, whatever it was made from.
fn said(cube: &Cube) -> String {
    format!("{:?} {:?}", Told(cube), cube.facts)
}

/// The amounts at every spot, by measure and month.
struct Told<'c>(&'c Cube);

impl Told<'_> {
    /// Every spot of a measure that the rows of this test can be at.
    fn spots(amounts: &Amounts) -> Vec<Spot> {
        let mut spots = Vec::new();
        for unit in ["U1", "U2", "U3", "a unit whose key is longer than a view"] {
            let sections = amounts.sections(unit).map(|s| (unit.to_owned(), Some(s.to_owned())));
            let places = [(unit.to_owned(), None)].into_iter().chain(sections);
            spots.extend(places.flat_map(|place| {
                let part = |by: &str, value: &str| Some((by.to_owned(), value.to_owned()));
                let parts = ["kind", "owner"]
                    .into_iter()
                    .flat_map(|by| amounts.values(by, &place).map(move |value| part(by, value)));
                let parts: Vec<_> = [None].into_iter().chain(parts).collect();
                parts.into_iter().map(move |part| (place.clone(), part))
            }));
        }
        spots
    }
}

impl fmt::Debug for Told<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = Month::new(2026, 12).unwrap();
        for (name, amounts) in &self.0.measures {
            for spot in Told::spots(amounts) {
                let periods = ["2025-03", "2025-07", "2025Q4", "2025", "2026-01"];
                let value = |period: &str| amounts.on(&spot).within(period.parse().unwrap(), last);
                let values = periods.map(|period| value(period).unwrap());
                write!(out, "{name} {spot:?} {values:?};")?;
            }
        }
        Ok(())
    }
}

fn counted(recounts: &[Recount], fact: &str) -> (usize, usize, Why) {
    let of = recounts.iter().find(|recount| recount.fact == fact).unwrap();
    (of.counted, of.months, of.why)
}

#[test]
fn whatever_changes_the_months_that_are_kept_are_those_that_would_be_counted() {
    let catalog = catalog(MEASURES);
    let mut dice = Dice(20_260_107);
    let mut rows: Vec<CellRow> = (0..90).map(|at| dice.row(at)).collect();
    let kept = Lake::new();
    let (mut counted, mut months) = (0, 0);
    for night in 1..=12 {
        dice.turn(&mut rows, night);
        let as_of = date(2025, 12, 20).saturating_add(i64::try_from(night).unwrap().days());
        let tables = thing::rows(&catalog, &rows);
        let cube = kept.count(&catalog, &tables, as_of, false);
        let other = Lake::new();
        let whole = other.count(&catalog, &tables, as_of, true);
        assert_eq!(said(&cube), said(&whole), "night {night}");
        assert_eq!(kept.bytes(), other.bytes(), "night {night}");
        let without = thing::count(&catalog, &tables, as_of).0;
        assert_eq!(said(&without), said(&whole), "night {night}");
        if night > 1 {
            counted += cube.recounts.iter().map(|recount| recount.counted).sum::<usize>();
            months += cube.recounts.iter().map(|recount| recount.months).sum::<usize>();
        }
    }
    assert!(counted * 2 < months, "{counted} of {months} months were counted again");
}

#[test]
fn only_the_months_of_the_old_and_the_new_version_are_counted_again() {
    let catalog = catalog(MEASURES);
    let day = |day: &str| Some(Cell::Day(day.parse().unwrap()));
    let text = |text: &str| Some(Cell::Text(text.to_owned()));
    let row = |at: usize, opened: &str, closed: &str| {
        let (number, decimal) = (Some(Cell::Whole(1)), Some(Cell::Decimal(150, 2)));
        let mut row = vec![text(&format!("thing{at}")), text("U1"), text("S1"), text("甲")];
        row.extend([day(opened), day(closed), number, decimal, text(&format!("owner{at}"))]);
        row
    };
    let mut rows: Vec<CellRow> =
        (1..=9).map(|at| row(at, &format!("2025-0{at}-03"), &format!("2025-0{at}-20"))).collect();
    let lake = Lake::new();
    let as_of = date(2025, 12, 31);
    let count = |rows: &[CellRow]| {
        lake.count(&catalog, &thing::rows(&catalog, rows), as_of, false).recounts
    };
    let first = count(&rows);
    assert_eq!(counted(&first, "event"), (9, 9, Why::First));
    assert!(count(&rows).iter().all(|of| of.counted == 0));
    // From one month into another.
    rows[2] = row(3, "2025-06-03", "2025-06-09");
    let moved = count(&rows);
    assert_eq!(counted(&moved, "event"), (1, 8, Why::Rows));
    assert_eq!(counted(&moved, "span"), (1, 8, Why::Rows));
    // What a measure asks of rows around it can't be told month by month.
    assert_eq!(counted(&moved, "around"), (8, 8, Why::Around));
    // What no measure looks at moves nothing: a stock ends within its month and is held nowhere.
    assert_eq!(counted(&moved, "stock").0, 0);
    // A span meets every month that it covers, and an event that is seen at two times both.
    rows[0] = row(1, "2025-01-03", "2025-03-02");
    let longer = count(&rows);
    assert_eq!(counted(&longer, "span"), (3, 9, Why::Rows));
    assert_eq!(counted(&longer, "event"), (2, 9, Why::Rows));
    assert_eq!(counted(&longer, "stock"), (2, 2, Why::Rows));
    // Deleted, and resolved to nobody.
    rows.remove(8);
    rows[4][1] = None;
    let gone = count(&rows);
    assert_eq!(counted(&gone, "event"), (0, 7, Why::Rows));
    let months = bytes_below(&lake.0.path().join("measure/event"));
    assert!(!months.contains_key("202509.parquet"), "{:?}", months.keys());
}

#[test]
fn only_the_months_whose_rows_changed_are_written_again() {
    let catalog = catalog(MEASURES);
    let mut dice = Dice(23);
    let mut rows: Vec<CellRow> = (0..90).map(|at| dice.row(at)).collect();
    rows[7][1] = Some(Cell::Text("U1".to_owned()));
    rows[7][4] = Some(Cell::Day(date(2025, 3, 3)));
    rows[7][5] = Some(Cell::Day(date(2025, 3, 20)));
    let lake = Lake::new();
    let count = |rows: &[CellRow], as_of: Date, is_full: bool| {
        lake.count(&catalog, &thing::rows(&catalog, rows), as_of, is_full);
        ["event", "span", "stock"].map(|fact| lake.rows(fact))
    };
    let changed = |one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>| {
        let files: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        let mut files: Vec<&String> =
            files.into_iter().filter(|file| one.get(*file) != other.get(*file)).collect();
        files.retain(|file| *file != "others.parquet");
        files.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let first = count(&rows, date(2025, 12, 20), false);
    // A day passes: only what lasts knows it, in its last month.
    let passed = count(&rows, date(2025, 12, 21), false);
    assert_eq!(changed(&first[1], &passed[1]), "202512.parquet");
    assert_eq!(changed(&first[2], &passed[2]), "202512.parquet");
    // Also what no measure looks at stands in the rows.
    rows[7][0] = Some(Cell::Text("thing7b".to_owned()));
    let renamed = count(&rows, date(2025, 12, 21), false);
    assert_eq!(changed(&passed[0], &renamed[0]), "202503.parquet");
    assert_eq!(changed(&passed[1], &renamed[1]), "202503.parquet");
    // Everything is everything.
    let again = count(&rows, date(2025, 12, 21), true);
    for (before, after) in renamed.iter().zip(&again) {
        assert!(before.iter().all(|(file, at)| after[file] != *at), "{before:?} {after:?}");
    }
    assert!(first[0].contains_key("others.parquet"), "{:?}", first[0]);
}

#[test]
fn another_meaning_is_counted_again_and_only_where_it_is_meant() {
    let before = catalog(MEASURES);
    let mut changed = MEASURES.to_vec();
    changed[3].1 = "QUANTILE(n, 0.9) FILTER (WHERE slow)";
    let after = catalog(&changed);
    let mut dice = Dice(7);
    let rows: Vec<CellRow> = (0..60).map(|at| dice.row(at)).collect();
    let lake = Lake::new();
    let as_of = date(2025, 12, 31);
    lake.count(&before, &thing::rows(&before, &rows), as_of, false);
    let recounts = lake.count(&after, &thing::rows(&after, &rows), as_of, false).recounts;
    let (counted_of, months, why) = counted(&recounts, "event");
    assert_eq!((counted_of, why), (months, Why::Meaning));
    for fact in ["span", "stock", "around"] {
        assert_eq!(counted(&recounts, fact).0, 0, "{fact}");
    }
    let asked = lake.count(&after, &thing::rows(&after, &rows), as_of, true).recounts;
    assert!(asked.iter().all(|of| of.counted == of.months && of.why == Why::Asked));
}

#[test]
fn whatever_is_lost_or_torn_of_what_is_kept_is_counted_again() {
    let catalog = catalog(MEASURES);
    let mut dice = Dice(11);
    let mut rows: Vec<CellRow> = (0..60).map(|at| dice.row(at)).collect();
    let as_of = date(2025, 12, 31);
    let lake = Lake::new();
    lake.count(&catalog, &thing::rows(&catalog, &rows), as_of, false);
    dice.turn(&mut rows, 3);
    let tables = thing::rows(&catalog, &rows);
    let other = Lake::new();
    let whole = said(&other.count(&catalog, &tables, as_of, true));
    let check = |what: &str| {
        assert_eq!(said(&lake.count(&catalog, &tables, as_of, false)), whole, "{what}");
        assert_eq!(lake.bytes(), other.bytes(), "{what}");
    };
    check("nothing");
    let torn = |path: &Path, how: usize| {
        let bytes = fs::read(path).unwrap();
        match how {
            0 => fs::remove_file(path).unwrap(),
            1 => fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
            2 => fs::write(path, b"").unwrap(),
            // Another month's file, whole: a rename that a crash has lost.
            _ => fs::write(path, [&bytes[..], b"0"].concat()).unwrap(),
        }
    };
    for (at, path) in lake.files().into_iter().enumerate().step_by(5) {
        torn(&path, at % 4);
        check(&format!("{} {}", path.display(), at % 4));
    }
    // A night that was killed between two months: some files are its own, the ledger is the one before.
    let old = Lake::new();
    let before: Vec<CellRow> = (0..60).map(|at| Dice(99).row(at)).collect();
    old.count(&catalog, &thing::rows(&catalog, &before), as_of, false);
    let names: Vec<String> = old.bytes().into_keys().collect();
    for cut in (0..=names.len()).step_by(9) {
        for (at, name) in names.iter().enumerate() {
            let from = if at < cut && !name.ends_with("ledger.json") { &other } else { &old };
            if let Ok(bytes) = fs::read(from.0.path().join(name)) {
                fs::write(lake.0.path().join(name), bytes).unwrap();
            }
        }
        fs::write(lake.0.path().join("measure/event/202501.parquet.tmp"), b"half").unwrap();
        check(&format!("killed after {cut} files"));
    }
}
