//! What does a night publish of a period that is closed? The numbers that were closed; where it counts another, both
//! stand in a line of corrections until they agree again.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use polars::prelude::*;

use super::PublishError;
use super::closed::Closed;
use super::moved::AFTER;
use super::moved::BEFORE;
use super::moved::KEY;
use super::moved::Key;
use super::moved::POINT;
use super::moved::Point;
use super::moved::Said;
use super::moved::comparing;
use super::moved::joined;
use super::moved::point;
use super::shelf;
use crate::base::cause::Cause;
use crate::base::cell::Cell;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::base::period::PeriodKind;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::schema::FieldKind;

/// The name of its files.
pub const FILE: &str = "corrections";

/// What a line of corrections is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// `metric`, `score` or `score_line`.
    pub of: &'static str,
    /// Metric, unit, section, dimension and its value, kind of period and period; as far as it has them.
    pub key: Key,
    /// The leaf of a tree.
    pub leaf: Option<String>,
}

/// A number that is not what was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which.
    pub about: About,
    /// What was closed and is published; none where nothing was.
    pub closed: Option<Point>,
    /// What the night counts; none where it counts nothing.
    pub counted: Option<Point>,
    /// Why.
    pub cause: Cause,
    /// The release that the closed number is from.
    pub release: String,
    /// Since which night they differ.
    pub first_seen: Date,
}

/// Why a number that means what it meant is not what was closed.
pub type Asked<'k> = dyn Fn(&Closed, &Key) -> Cause + 'k;

/// What else is known of a difference.
pub struct Known<'k> {
    /// The night.
    pub night: Date,
    /// What happened to the rows behind a number.
    pub why: &'k Asked<'k>,
    /// What the nights before have seen: the release that a number was closed with, and the night.
    pub seen: &'k Seen,
}

/// Differences that were there before.
pub type Seen = BTreeMap<About, (String, Date)>;

/// The differences that the newest whole release before a night tells.
///
/// # Errors
/// A folder that can't be read.
pub fn seen(root: &Path, night: Date) -> Result<Seen, PublishError> {
    let Some(folder) = shelf::before(root, Some(night))? else { return Ok(Seen::new()) };
    let path = folder.join(format!("{FILE}.parquet"));
    if !path.exists() {
        return Ok(Seen::new());
    }
    let names = [&["of", "leaf", "release", "first_seen"][..], &KEY].concat();
    let rows = table::to_rows(&parquet::read(&path)?, &names).into_iter().filter_map(|row| {
        let of = text_of(row.first())?;
        let of = ["metric", "score", "score_line"].into_iter().find(|known| **known == of)?;
        let mut key = row.iter().skip(4).map(|cell| text_of(Some(cell)));
        let key: Key = std::array::from_fn(|_| key.next().flatten());
        let about = About { of, key, leaf: text_of(row.get(1)) };
        Some((about, (text_of(row.get(2))?, day_of(row.get(3))?)))
    });
    Ok(rows.collect())
}

/// How many numbers of each period a release corrects.
///
/// # Errors
/// A file that can't be read.
pub fn counts(folder: &Path) -> Result<BTreeMap<String, u64>, PublishError> {
    let path = folder.join(format!("{FILE}.parquet"));
    let mut counts = BTreeMap::new();
    if path.exists() {
        let rows = table::to_rows(&parquet::read(&path)?, &["period"]).into_iter();
        for period in rows.filter_map(|row| text_of(row.first())) {
            *counts.entry(period).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Puts closed numbers into the place of counted ones; every number that is another, in the order of what it is about.
///
/// # Errors
/// Tables that are not those of a night.
pub fn settle(
    closed: &[Closed],
    counted: &mut Said,
    known: &Known<'_>,
) -> Result<Vec<Correction>, PublishError> {
    let mut corrections = Vec::new();
    for closing in closed {
        corrections.extend(differences(closing, counted, known)?);
    }
    for closing in closed {
        let (period, said) = (closing.period.as_str(), &closing.said);
        let put = |counted: &DataFrame, closed: &DataFrame, key: &[&str]| {
            replaced(counted, closed, (key, period, known.night))
        };
        counted.definitions = still_defined(&counted.definitions, said)?;
        counted.metrics = put(&counted.metrics, &said.metrics, &KEY)?;
        // Closed on a night that told another year, it has no scores that could stand in their place.
        if !said.has_scores() {
            continue;
        }
        if let (Some(all), Some(own)) = (&counted.scores, &said.scores) {
            counted.scores = Some(put(all, own, &SCORE)?);
        }
        if let (Some(all), Some(own)) = (&counted.lines, &said.lines) {
            counted.lines = Some(put(all, own, &LINE)?);
        }
    }
    corrections.sort_by(|x, y| x.about.cmp(&y.about));
    Ok(corrections)
}

const SCORE: [&str; 2] = ["unit_id", "period"];
const LINE: [&str; 3] = ["unit_id", "period", "leaf"];

/// The definitions, after them those of closed values that the home has no more.
fn still_defined(definitions: &DataFrame, closed: &Said) -> Result<DataFrame, FrameError> {
    let key = [col("metric"), col("version")];
    let only = |left: LazyFrame, right: &DataFrame, how: JoinType| {
        left.join(right.clone().lazy(), &key, &key, JoinArgs::new(how))
    };
    let gone = only(closed.definitions.clone().lazy(), definitions, JoinType::Anti);
    let gone = only(gone, &closed.metrics, JoinType::Semi);
    let gone = gone.sort(["metric", "version"], SortMultipleOptions::default());
    let gone = gone.collect().map_err(comparing())?;
    let gone = gone.clone().lazy().select(cells_as(definitions, &gone));
    let all = concat([definitions.clone().lazy(), gone], UnionArgs::default());
    all.and_then(LazyFrame::collect).map_err(comparing())
}

/// The columns of a table, of one that was closed: an older program may have closed it without a column that there is now.
fn cells_as(counted: &DataFrame, closed: &DataFrame) -> Vec<Expr> {
    let cells = counted.columns().iter().map(|column| {
        let has = closed.get_column_index(column.name()).is_some();
        let cell = if has { col(column.name().as_str()) } else { lit(NULL) };
        cell.cast(column.dtype().clone()).alias(column.name().as_str())
    });
    cells.collect()
}

/// A table with the closed rows of a period where the counted ones stood; those that were not counted come last.
fn replaced(
    counted: &DataFrame,
    closed: &DataFrame,
    (key, period, night): (&[&str], &str, Date),
) -> Result<DataFrame, FrameError> {
    const AT: &str = "_at";
    let placed = counted.clone().lazy().with_row_index(AT, None);
    let open = placed.clone().filter(col("period").neq(lit(period)));
    let key: Vec<Expr> = key.iter().map(|name| col(*name)).collect();
    let where_it_stood = placed.select([&key[..], &[col(AT)]].concat());
    let how = JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Left) };
    let mut closed = closed.clone();
    let nights = vec![Some(Cell::Day(night)); closed.height()];
    let nights = table::column("night", FieldKind::Day, nights.iter().map(Option::as_ref))?;
    closed.with_column(nights).map_err(comparing())?;
    let last = col(AT).fill_null(lit(IdxSize::MAX));
    let cells = [cells_as(counted, &closed), vec![last]].concat();
    let closed = closed.lazy().join(where_it_stood, &key, &key, how).select(cells);
    let names: Vec<Expr> = counted.columns().iter().map(|it| col(it.name().as_str())).collect();
    let open = open.select([&names[..], &[col(AT)]].concat());
    let all = concat([open, closed], UnionArgs::default()).map_err(comparing())?;
    let order = SortMultipleOptions::default().with_maintain_order(true);
    let all = all.sort([AT], order).select(names);
    all.collect().map_err(comparing())
}

/// Every number of a closed period that the night counts otherwise.
fn differences(
    closing: &Closed,
    counted: &Said,
    known: &Known<'_>,
) -> Result<Vec<Correction>, PublishError> {
    let now = counted.of_period(&closing.period)?;
    let mut found = metrics(closing, &now, known)?;
    // A year is scored on the nights that tell it; on others there is nothing to hold beside it.
    if closing.said.has_scores() && now.has_scores() {
        let was = (&closing.said.scores, &closing.said.lines);
        let causes = causes_of_units(&found);
        for (of, was, is, key, point) in [
            ("score", was.0, &now.scores, &SCORE[..], SCORE_POINT),
            ("score_line", was.1, &now.lines, &LINE[..], LINE_POINT),
        ] {
            let (Some(was), Some(is)) = (was, is) else { continue };
            for pair in pairs((was, is), key, &point)? {
                let text = |at: usize| text_of(pair.key.get(at));
                let (unit, kind) = (text(0), Some(PeriodKind::Year.name().to_owned()));
                let cause = unit.as_ref().and_then(|unit| causes.get(unit).copied());
                let key = [None, unit, None, None, None, kind, text(1)];
                let about = About { of, key, leaf: text(2) };
                let cause = cause.unwrap_or(Cause::Definition);
                found.push(correction(about, &pair, cause, (closing, known)));
            }
        }
    }
    Ok(found)
}

/// As `POINT`, of a score, and of a line of it: the points that it has, of those that there are to be had.
const SCORE_POINT: [&str; 5] =
    ["state", "data_score", "shown", "points_earned", "points_available"];
const LINE_POINT: [&str; 5] = ["state", "earned", "earned_shown", "earned", "available"];

/// A row that stands otherwise on two sides.
struct Pair {
    key: Vec<Option<Cell>>,
    /// What it says, closed and counted; empty, where it is not there.
    sides: [Vec<Option<Cell>>; 2],
}

/// The rows that stand otherwise, by their keys; what is shown is rounded and compared by what it is of.
fn pairs(
    (was, is): (&DataFrame, &DataFrame),
    key: &[&str],
    columns: &[&str],
) -> Result<Vec<Pair>, FrameError> {
    let mut once = columns.to_vec();
    once.sort_unstable();
    once.dedup();
    let both = joined(was, is, key, &once)?;
    let side = |side: &str| columns.iter().map(|name| format!("{name}{side}")).collect::<Vec<_>>();
    let (before, after) = (side(BEFORE), side(AFTER));
    let names = key.iter().copied().chain(before.iter().chain(&after).map(String::as_str));
    let names: Vec<&str> = names.collect();
    let rows = table::to_rows(&both, &names).into_iter().filter_map(|mut key_and_both| {
        let mut was = key_and_both.split_off(key.len());
        let is = was.split_off(columns.len());
        let exact = |row: &[Option<Cell>]| [0, 1, 3, 4].map(|at| row.get(at).cloned().flatten());
        (exact(&was) != exact(&is)).then_some(Pair { key: key_and_both, sides: [was, is] })
    });
    Ok(rows.collect())
}

fn correction(
    about: About,
    pair: &Pair,
    cause: Cause,
    (closing, known): (&Closed, &Known<'_>),
) -> Correction {
    let seen = known.seen.get(&about).filter(|(release, _)| *release == closing.release);
    let first_seen = seen.map_or(known.night, |(_, night)| *night);
    let [closed, counted] = pair.sides.each_ref().map(|row| point(row.get(..5).unwrap_or(row)));
    Correction { about, closed, counted, cause, release: closing.release.clone(), first_seen }
}

/// The cause that comes first among the metrics of each unit as a whole.
fn causes_of_units(found: &[Correction]) -> BTreeMap<String, Cause> {
    let mut causes: BTreeMap<String, Cause> = BTreeMap::new();
    for it in found {
        let [_, Some(unit), None, None, ..] = &it.about.key else { continue };
        let cause = causes.entry(unit.clone()).or_insert(it.cause);
        *cause = it.cause.min(*cause);
    }
    causes
}

fn metrics(
    closing: &Closed,
    now: &Said,
    known: &Known<'_>,
) -> Result<Vec<Correction>, PublishError> {
    let sides = [&closing.said, now];
    let meant = sides.map(Said::meanings);
    let told = [closing.said.told_of("period")?, now.told_of("period")?];
    let columns = [&POINT[..], &["version"]].concat();
    let mut found = Vec::new();
    for pair in pairs((&closing.said.metrics, &now.metrics), &KEY, &columns)? {
        let mut key = pair.key.iter().map(|cell| text_of(Some(cell)));
        let key: Key = std::array::from_fn(|_| key.next().flatten());
        let metric = key[0].clone().unwrap_or_default();
        let said = |at: usize| {
            let Some(Some(Cell::Whole(version))) = pair.sides[at].last() else { return None };
            meant[at].get(&(metric.clone(), *version))
        };
        let is_there =
            pair.sides.each_ref().map(|row| point(row.get(..5).unwrap_or(row)).is_some());
        let is_known = |at: usize| meant[at].keys().any(|(name, _)| *name == metric);
        let is_told = |at: usize| told[at].iter().any(|(name, _)| *name == metric);
        let cause = match is_there {
            [true, true] if said(0) != said(1) => Cause::Definition,
            _ if !is_known(0) || !is_known(1) => Cause::Definition,
            _ if is_told(0) && is_told(1) => (known.why)(closing, &key),
            _ => Cause::Time,
        };
        let about = About { of: "metric", key, leaf: None };
        found.push(correction(about, &pair, cause, (closing, known)));
    }
    Ok(found)
}
