//! Which months of a fact must be counted again? What was counted stands in `lake/measure/<fact>/`, a file a
//! month, beside a ledger of what it was counted from. A month whose rows are the same, in whatever order,
//! is read, not counted. Nothing here must be believed: a file that is not as the ledger has it is counted
//! again, and a ledger that was lost only costs time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;

use super::MeasureError;
use super::asked::asked_with_calendar;
use super::asked::by_month;
use super::asked::looks_around;
use super::counts::Counts;
use super::fact::Ground;
use super::placed::month_of_measure;
use super::slices::Rows;
use super::tables::Tables;
use super::tables::counted;
use crate::base::durable::create_private_folder;
use crate::base::durable::entries;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;
use crate::frame::FrameError;
use crate::frame::codes::Codes;
use crate::frame::mix::Mixed;
use crate::frame::parquet;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// Goes up whenever the same rows would be counted or kept in another way.
const WAY: u32 = 4;

const LEDGER: &str = "ledger.json";

/// Why months were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing had been kept.
    First,
    /// All were asked for.
    Asked,
    /// What the fact or its measures mean has changed.
    Meaning,
    /// Rows have changed, or a file.
    Rows,
    /// Rows have changed, and a measure looks at rows of other months.
    Around,
}

/// How much of a fact was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The fact.
    pub fact: String,
    /// How many months it has rows in.
    pub months: usize,
    /// How many of them were counted.
    pub counted: usize,
    /// Why these.
    pub why: Why,
}

/// What was counted of each fact and month, below a lake.
#[derive(Clone, Debug)]
pub struct KeptMonths {
    folder: PathBuf,
    is_full: bool,
}

/// What the files of a fact were counted from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ledger {
    /// The fingerprint of what is counted, and how.
    meaning: String,
    months: BTreeMap<i32, Line>,
}

/// One month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// The sums of its rows, for each time that counts.
    rows: String,
    /// The content of its files: sums, and values where there are any.
    files: [String; 2],
}

impl KeptMonths {
    /// Below a lake; where everything `is_full`, nothing that is kept is read.
    pub fn at(lake: &Path, is_full: bool) -> KeptMonths {
        KeptMonths { folder: lake.join("measure"), is_full }
    }

    /// What a fact comes to: its months that are kept, and the others counted from its rows and kept.
    ///
    /// # Errors
    /// The disk's, and an expression that polars refuses.
    pub(super) fn counts(
        &self,
        ground: &Ground<'_>,
        fact: &Fact,
        placed: &DataFrame,
    ) -> Result<(Counts, Option<Recount>), MeasureError> {
        let measures: Vec<&Measure> = by_month(ground, fact).into_values().flatten().collect();
        if measures.is_empty() {
            return Ok((Counts::default(), None));
        }
        let doing = || FrameError::polars(format!("the months of fact `{}`", fact.name));
        let folder = self.folder.join(&fact.name);
        let found = rows_by_month(ground, (fact, &measures), placed).map_err(doing())?;
        let meaning = meaning(ground, (fact, &measures), placed);
        let before = read_ledger(&folder);
        let is_same = before.as_ref().is_some_and(|ledger| ledger.meaning == meaning);
        let mut ledger = Ledger { meaning, months: BTreeMap::new() };
        let mut same_months = Vec::new();
        if is_same && !self.is_full {
            let lines = before.iter().flat_map(|ledger| &ledger.months);
            let same = lines.filter(|(month, line)| found.get(month) == Some(&line.rows));
            let same: Vec<(&i32, &Line)> = same.collect();
            let read = |(month, line): &(&i32, &Line)| {
                let tables = read(&folder, **month, line)?;
                Some(counted(fact, &tables).map(|kept| (**month, (*line).clone(), kept)))
            };
            for kept in same.par_iter().filter_map(read).collect::<Vec<_>>() {
                let (month, line, kept) = kept.map_err(doing())?;
                same_months.extend(kept);
                ledger.months.insert(month, line);
            }
        }
        let is_whole = before.is_some_and(|before| before.months.keys().eq(ledger.months.keys()));
        let is_around = measures.iter().any(|measure| looks_around(measure));
        if is_around && !(is_whole && ledger.months.keys().eq(found.keys())) {
            (same_months, ledger.months) = (Vec::new(), BTreeMap::new());
        }
        let why = match () {
            () if self.is_full => Why::Asked,
            () if !folder.join(LEDGER).exists() => Why::First,
            () if !is_same => Why::Meaning,
            () if is_around => Why::Around,
            () => Why::Rows,
        };
        let dirty: BTreeMap<i32, String> = found
            .iter()
            .filter(|(month, _)| !ledger.months.contains_key(month))
            .map(|(m, r)| (*m, r.clone()))
            .collect();
        let recount =
            Recount { fact: fact.name.clone(), months: found.len(), counted: dirty.len(), why };
        let mut counts = Counts::default();
        if !dirty.is_empty() {
            let rows = if dirty.len() < found.len() {
                touching(ground, fact, placed, &dirty).map_err(doing())?
            } else {
                placed.clone()
            };
            let is_dirty = |_: &str, month: i32| dirty.contains_key(&month);
            counts = Counts::of(ground, fact, Rows::Table(&rows), &is_dirty)?;
            create_private_folder(&folder).map_err(FrameError::file(&folder))?;
            let tables = Tables::of(fact, &counts);
            for (month, rows) in dirty {
                let files = write(&folder, month, tables.of_month(month).map_err(doing())?)?;
                ledger.months.insert(month, Line { rows, files });
            }
        }
        for kept in &same_months {
            counts.add(kept);
        }
        finish(&folder, &ledger)?;
        Ok((counts.settled(), Some(recount)))
    }

    /// Forgets the facts that are no longer told.
    ///
    /// # Errors
    /// The disk's.
    pub fn forget_others(&self, facts: &BTreeSet<&str>) -> Result<(), MeasureError> {
        for path in entries(&self.folder).map_err(FrameError::file(&self.folder))? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !facts.contains(name) {
                fs::remove_dir_all(&path).map_err(FrameError::file(&path))?;
            }
        }
        Ok(())
    }
}

/// For each month what its rows come to: the sum of their mixed columns, for each time that counts.
fn rows_by_month(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    placed: &DataFrame,
) -> PolarsResult<BTreeMap<i32, String>> {
    let mut found: BTreeMap<i32, String> = BTreeMap::new();
    if placed.width() == 0 {
        return Ok(found);
    }
    let names = asked_with_calendar(fact, measures);
    let mixed = Mixed::of(placed, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    for time in by_month(ground, fact).keys() {
        let months = Codes::of_values(placed.column(time)?.i32()?.iter());
        let sums = mixed.sums(&months.of_rows, months.values.len());
        for (month, sum) in months.values.iter().zip(sums) {
            let known = found.entry(*month).or_default();
            let sum = format!("{time}:{sum:032x}");
            *known = if known.is_empty() { sum } else { format!("{known} {sum}") };
        }
    }
    Ok(found)
}

/// The rows that count in any of some months.
fn touching(
    ground: &Ground<'_>,
    fact: &Fact,
    placed: &DataFrame,
    months: &BTreeMap<i32, String>,
) -> PolarsResult<DataFrame> {
    let mut is_in = vec![false; placed.height()];
    for time in by_month(ground, fact).keys() {
        for (is_in, month) in is_in.iter_mut().zip(placed.column(time)?.i32()?.iter()) {
            *is_in |= month.is_some_and(|month| months.contains_key(&month));
        }
    }
    placed.filter(&BooleanChunked::from_slice("".into(), &is_in))
}

/// The fingerprint of what is counted, and how: the measures, the columns and their types, and the calendar
/// where it is asked.
fn meaning(
    ground: &Ground<'_>,
    (fact, measures): (&Fact, &[&Measure]),
    placed: &DataFrame,
) -> String {
    let mut said = vec![format!("{WAY} {:?}", ground.days.zone.iana_name())];
    for measure in measures {
        let time = month_of_measure(fact, measure);
        said.push(format!("{} {time} {:?}", measure.name, measure.aggregate));
    }
    if measures.iter().any(|measure| !fact.asked_of_calendar(measure).is_empty()) {
        said.push(format!("{:?}", ground.days.calendar.days()));
    }
    for name in asked_with_calendar(fact, measures) {
        let kind = placed.column(&name).map(|column| column.dtype().to_string());
        said.push(format!("{name} {}", kind.unwrap_or_default()));
    }
    sha256(said.join("\n").as_bytes())
}

fn paths(folder: &Path, month: i32) -> [PathBuf; 2] {
    ["", "-values"].map(|kind| folder.join(format!("{month}{kind}.parquet")))
}

/// A ledger that can be read.
fn read_ledger(folder: &Path) -> Option<Ledger> {
    let bytes = fs::read(folder.join(LEDGER)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The files of a month, where they are as the ledger has them.
fn read(folder: &Path, month: i32, line: &Line) -> Option<[DataFrame; 2]> {
    let table = |path: &Path, content: &str| {
        if content.is_empty() {
            return Some(DataFrame::empty());
        }
        let bytes = fs::read(path).ok().filter(|bytes| sha256(bytes) == content)?;
        parquet::of_bytes(bytes).ok()
    };
    let [sums, values] = paths(folder, month);
    Some([table(&sums, &line.files[0])?, table(&values, &line.files[1])?])
}

/// Writes the files of a month; their contents.
fn write(folder: &Path, month: i32, tables: [DataFrame; 2]) -> Result<[String; 2], MeasureError> {
    let mut contents = [String::new(), String::new()];
    let tables = tables.into_iter().zip(paths(folder, month));
    for ((mut table, path), content) in tables.zip(&mut contents) {
        if table.height() > 0 {
            let bytes = parquet::bytes(&mut table)?;
            *content = sha256(&bytes);
            write_then_rename(&path, &bytes).map_err(FrameError::file(&path))?;
        }
    }
    Ok(contents)
}

/// Writes the ledger, and then clears what it does not name.
fn finish(folder: &Path, ledger: &Ledger) -> Result<(), MeasureError> {
    let path = folder.join(LEDGER);
    let bytes = serde_json::to_vec_pretty(ledger)
        .map_err(|f| FrameError::file(&path)(io::Error::other(f)))?;
    if fs::read(&path).ok().as_deref() != Some(&bytes) {
        write_then_rename(&path, &bytes).map_err(FrameError::file(&path))?;
    }
    let mut known = BTreeSet::from([path]);
    for (month, line) in &ledger.months {
        let files = paths(folder, *month).into_iter().zip(&line.files);
        known.extend(files.filter(|(_, content)| !content.is_empty()).map(|(path, _)| path));
    }
    let there = entries(folder).map_err(FrameError::file(folder))?;
    for path in there.into_iter().filter(|path| !known.contains(path)) {
        fs::remove_file(&path).map_err(FrameError::file(&path))?;
    }
    Ok(())
}
