//! What moved between two tellings of the metrics, and why? Of two releases, or of a release and a draft.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use polars::prelude::*;

use super::PublishError;
use super::Resource;
use super::shelf;
use crate::base::cell::Cell;
use crate::base::cell::text_of;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::version::Defined;

/// What a night tells, as its release holds it.
#[derive(Clone, Debug)]
pub struct Said {
    /// The table `metric_value`.
    pub metrics: DataFrame,
    /// The table `metric_definition`.
    pub definitions: DataFrame,
    /// The table `score`; none where no unit has a tree.
    pub scores: Option<DataFrame>,
    /// The table `score_line`; none where no unit has a tree.
    pub lines: Option<DataFrame>,
}

/// Where and when: metric, unit, section, dimension and its value, kind of period and period.
pub type Key = [Option<String>; 7];

/// What is told at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// `ok`, `few`, `no_data`, `not_applicable`, `withheld`.
    pub status: String,
    /// The exact value, where it is told.
    pub value: Option<Cell>,
    /// As it is shown.
    pub shown: Option<String>,
    /// Above the line.
    pub numerator: Option<Cell>,
    /// Below the line.
    pub denominator: Option<Cell>,
}

/// Why something moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The metric means something else.
    Definition,
    /// The metric is told of a unit that was not there, or no longer of one that was.
    Units,
    /// The metric is told of a period that had not begun, or no longer of one before its first month.
    Time,
    /// Rows came, changed or went.
    Rows,
}

/// A value that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where and when.
    pub key: Key,
    /// What was told; none where nothing was.
    pub before: Option<Point>,
    /// What is told; none where nothing is.
    pub after: Option<Point>,
    /// Why.
    pub cause: Cause,
}

impl Cause {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Cause; 4] = [Cause::Definition, Cause::Units, Cause::Time, Cause::Rows];

    /// Its word in files.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Definition => "definition",
            Cause::Units => "units",
            Cause::Time => "time",
            Cause::Rows => "rows",
        }
    }
}

impl Said {
    /// What a release says.
    ///
    /// # Errors
    /// A file that is missing or no Parquet.
    pub fn of_release(folder: &Path) -> Result<Said, PublishError> {
        let read = |file: &str| parquet::read(&folder.join(file));
        let perhaps = |file: &str| folder.join(file).exists().then(|| read(file)).transpose();
        Ok(Said {
            metrics: read("metrics.parquet")?,
            definitions: read("definitions.parquet")?,
            scores: perhaps("score.parquet")?,
            lines: perhaps("score_lines.parquet")?,
        })
    }

    /// What the tables of a release to be say; nothing without metrics.
    pub(super) fn of_resources(resources: &[Resource<'_>]) -> Option<Said> {
        let of = |name: &str| {
            let found = resources.iter().find(|resource| resource.schema.name == name);
            found.map(|resource| resource.table.clone())
        };
        let (metrics, definitions) = (of("metric_value")?, of("metric_definition")?);
        Some(Said { metrics, definitions, scores: of("score"), lines: of("score_line") })
    }

    /// The fingerprint of every version of every metric.
    pub(super) fn meanings(&self) -> BTreeMap<(String, i64), String> {
        let all = defined(&self.definitions).into_iter();
        all.map(|it| ((it.metric, it.version), it.meaning)).collect()
    }

    /// The values of one of its columns, by metric.
    pub(super) fn told_of(&self, column: &str) -> Result<BTreeSet<(String, String)>, FrameError> {
        let of = [col("metric"), col(column)];
        let distinct = self.metrics.clone().lazy().select(of).unique(None, UniqueKeepStrategy::Any);
        let distinct = distinct.collect().map_err(comparing())?;
        let rows = table::to_rows(&distinct, &["metric", column]).into_iter();
        Ok(rows.filter_map(|row| Some((text_of(row.first())?, text_of(row.get(1))?))).collect())
    }
}

/// What a release says that its metrics mean; nothing of one before there were fingerprints.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn definitions(folder: &Path) -> Result<Vec<Defined>, PublishError> {
    Ok(defined(&parquet::read(&folder.join("definitions.parquet"))?))
}

/// The metrics that a release tells of closed periods alone.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn told_closed(folder: &Path) -> Result<BTreeSet<String>, PublishError> {
    let closed = shelf::closed_in(folder);
    let told = Said::of_release(folder)?.told_of("period")?.into_iter();
    let (shut, open): (Vec<_>, Vec<_>) = told.partition(|(_, period)| closed.contains_key(period));
    let open: BTreeSet<String> = open.into_iter().map(|(metric, _)| metric).collect();
    Ok(shut.into_iter().map(|(metric, _)| metric).filter(|metric| !open.contains(metric)).collect())
}

pub(super) fn defined(definitions: &DataFrame) -> Vec<Defined> {
    let names = ["metric", "version", "meaning", "since", "deprecated"];
    let defined = table::to_rows(definitions, &names).into_iter().filter_map(|row| {
        let Some(Some(Cell::Whole(version))) = row.get(1) else { return None };
        Some(Defined {
            metric: text_of(row.first())?,
            version: *version,
            meaning: text_of(row.get(2))?,
            since: text_of(row.get(3)),
            deprecated: text_of(row.get(4)),
        })
    });
    defined.collect()
}

/// Every value that is not what it was, in the order of the keys.
///
/// # Errors
/// Tables that are not those of a release.
pub fn moved(before: &Said, after: &Said) -> Result<Vec<Moved>, PublishError> {
    let columns = [&POINT[..], &["version"]].concat();
    let both = joined(&before.metrics, &after.metrics, &KEY, &columns)?;
    let is_told = |side: &str| col(format!("status{side}")).is_not_null();
    let differs = ["status", "value", "numerator", "denominator"].into_iter();
    let differs = differs
        .map(|name| col(format!("{name}{BEFORE}")).neq_missing(col(format!("{name}{AFTER}"))));
    let differs = differs.fold(lit(false), Expr::or);
    let both = both.lazy().filter(is_told(BEFORE).or(is_told(AFTER)).and(differs));
    let both = both.collect().map_err(comparing())?;
    let mut names: Vec<String> = KEY.map(str::to_owned).to_vec();
    for side in [BEFORE, AFTER] {
        names.extend(columns.iter().map(|name| format!("{name}{side}")));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let causes = Causes::of(before, after)?;
    let mut moved: Vec<Moved> = Vec::with_capacity(both.height());
    for mut cells in table::to_rows(&both, &names) {
        let points = cells.split_off(KEY.len());
        let mut key = cells.iter().map(|cell| text_of(Some(cell)));
        let key: Key = std::array::from_fn(|_| key.next().flatten());
        let sides = points.chunks(columns.len()).map(|side| side.split_at(POINT.len()));
        let (sides, versions): (Vec<_>, Vec<_>) = sides.unzip();
        let mut sides = sides.into_iter().map(point);
        let (before, after) = (sides.next().flatten(), sides.next().flatten());
        let versions = versions.into_iter().filter_map(|side| match side {
            [Some(Cell::Whole(version))] => Some(*version),
            _ => None,
        });
        let cause = causes.of_key(&key, &versions.collect::<Vec<_>>());
        moved.push(Moved { key, before, after, cause });
    }
    moved.sort_by(|x, y| x.key.cmp(&y.key));
    Ok(moved)
}

pub(super) const KEY: [&str; 7] =
    ["metric", "unit_id", "section_id", "dim", "dim_value", "period_kind", "period"];
/// How a value is told: status, exact value, as it is shown, above and below the line.
pub(super) const POINT: [&str; 5] = ["status", "value", "shown", "numerator", "denominator"];
pub(super) const BEFORE: &str = "_before";
pub(super) const AFTER: &str = "_after";

/// Both tables side by side, each row with that of the same key.
pub(super) fn joined(
    before: &DataFrame,
    after: &DataFrame,
    key: &[&str],
    columns: &[&str],
) -> Result<DataFrame, FrameError> {
    let side = |table: &DataFrame, side: &str| {
        let key = key.iter().map(|name| col(*name));
        let columns = columns.iter().map(|name| col(*name).alias(format!("{name}{side}")));
        table.clone().lazy().select(key.chain(columns).collect::<Vec<_>>())
    };
    let on: Vec<Expr> = key.iter().map(|name| col(*name)).collect();
    let how = JoinArgs::new(JoinType::Full).with_coalesce(JoinCoalesce::CoalesceColumns);
    let how = JoinArgs { nulls_equal: true, ..how };
    side(before, BEFORE).join(side(after, AFTER), &on, &on, how).collect().map_err(comparing())
}

pub(super) fn point(cells: &[Option<Cell>]) -> Option<Point> {
    let [status, value, shown, numerator, denominator] = cells else { return None };
    Some(Point {
        status: text_of(Some(status))?,
        value: value.clone(),
        shown: text_of(Some(shown)),
        numerator: numerator.clone(),
        denominator: denominator.clone(),
    })
}

/// What tells the causes apart.
struct Causes {
    /// Versions of metrics that are there on one side only, or mean something else: periods that another version tells
    /// keep their meaning.
    redefined: BTreeSet<(String, i64)>,
    /// Metrics with units, and with periods, that one side tells of and the other does not.
    units: BTreeSet<(String, String)>,
    periods: BTreeSet<(String, String)>,
}

impl Causes {
    fn of(before: &Said, after: &Said) -> Result<Causes, FrameError> {
        let (was, is) = (before.meanings(), after.meanings());
        let is_known = !was.is_empty() && !is.is_empty();
        let redefined = was.keys().chain(is.keys());
        let redefined = redefined.filter(|name| is_known && was.get(*name) != is.get(*name));
        let apart = |column: &str| {
            let (was, is) = (before.told_of(column)?, after.told_of(column)?);
            Ok::<_, FrameError>(was.symmetric_difference(&is).cloned().collect())
        };
        Ok(Causes {
            redefined: redefined.cloned().collect(),
            units: apart("unit_id")?,
            periods: apart("period")?,
        })
    }

    /// The versions are those that tell it: of both sides, or of the one that tells it.
    fn of_key(&self, key: &Key, versions: &[i64]) -> Cause {
        let [Some(metric), unit, .., period] = key else { return Cause::Rows };
        let is_apart = |set: &BTreeSet<(String, String)>, what: &Option<String>| {
            what.as_ref().is_some_and(|what| set.contains(&(metric.clone(), what.clone())))
        };
        let is_redefined = |version: &i64| self.redefined.contains(&(metric.clone(), *version));
        if versions.iter().any(is_redefined) || matches!(versions, [was, is] if was != is) {
            return Cause::Definition;
        }
        if versions.len() > 1 {
            return Cause::Rows;
        }
        match () {
            () if is_apart(&self.units, unit) => Cause::Units,
            () if is_apart(&self.periods, period) => Cause::Time,
            () => Cause::Rows,
        }
    }
}

pub(super) fn comparing() -> impl FnOnce(PolarsError) -> FrameError {
    FrameError::polars("comparing two tellings of the metrics")
}
