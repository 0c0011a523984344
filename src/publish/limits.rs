//! Does a night move more of what was published than the home lets it, or mean something else by it? Only periods that
//! were over when the release before was told are looked at: what is still running moves every night.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use polars::prelude::*;

use super::PublishError;
use super::moved::Cause;
use super::moved::Moved;
use super::moved::Said;
use super::moved::comparing;
use super::scored::SCORE;
use crate::base::cell::Cell;
use crate::base::cell::text_of;
use crate::base::period::Period;
use crate::frame::table;
use crate::spec::formula::Exact;
use crate::spec::settings::Limits;

/// What holds a release back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Too many values of a pipeline.
    Most {
        /// The pipeline's title.
        pipeline: String,
        /// How many of its values moved, of how many.
        moved: (u64, u64),
        /// How many did so for each cause.
        causes: BTreeMap<Cause, u64>,
    },
    /// A metric of the whole city or the score of a unit, too far.
    Furthest {
        /// Which, and the period in which it moved furthest.
        metric: (String, String),
        /// How it was and is shown.
        shown: (String, String),
        /// Why.
        cause: Cause,
    },
    /// A metric that means something else under its version, or that went without notice.
    Broken {
        /// Which, as the findings call it.
        kind: &'static str,
        /// The metric.
        metric: String,
    },
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Beyond::Most { pipeline, moved: (moved, of), .. } => {
                write!(f, "{pipeline} {moved} / {of}")
            }
            Beyond::Furthest { metric: (metric, period), shown: (before, after), .. } => {
                write!(f, "{metric} {period} {before} → {after}")
            }
            Beyond::Broken { kind, metric } => write!(f, "{kind} {metric}"),
        }
    }
}

/// What moved too far from a release that was told up to a day.
pub(super) fn beyond(
    limits: Limits,
    (before, as_of): (&Said, Date),
    after: &Said,
    moved: &[Moved],
) -> Result<Vec<Beyond>, PublishError> {
    let is_over = |period: &Option<String>| {
        let period = period.as_ref().and_then(|text| text.parse::<Period>().ok());
        period.is_some_and(|period| period.last().last() <= as_of)
    };
    // That there is nothing to tell of something else than before moves no value.
    let has_value = |it: &Moved| {
        [&it.before, &it.after].into_iter().flatten().any(|point| point.value.is_some())
    };
    let moved: Vec<&Moved> =
        moved.iter().filter(|it| has_value(it) && is_over(&it.key[6])).collect();
    let mut beyond = Vec::new();
    if let Some(most) = limits.most {
        let pipelines = pipelines([before, after]);
        let of = |metric: &str| pipelines.get(metric).cloned().unwrap_or_default();
        let mut all: BTreeMap<String, u64> = BTreeMap::new();
        for (metric, period, values) in counts(before)? {
            if is_over(&Some(period)) {
                *all.entry(of(&metric)).or_default() += values;
            }
        }
        let mut by: BTreeMap<String, BTreeMap<Cause, u64>> = BTreeMap::new();
        for it in moved.iter().filter(|it| it.key[0].as_deref() != Some(SCORE)) {
            let causes = by.entry(of(it.key[0].as_deref().unwrap_or_default())).or_default();
            *causes.entry(it.cause).or_default() += 1;
        }
        for (pipeline, causes) in by {
            let (count, of) = (causes.values().sum(), all.get(&pipeline).copied().unwrap_or(0));
            if of > 0 && Exact::new(i128::from(count), i128::from(of)) > most {
                beyond.push(Beyond::Most { pipeline, moved: (count, of), causes });
            }
        }
    }
    if let Some(furthest) = limits.furthest {
        beyond.extend(too_far(&moved, furthest));
    }
    Ok(beyond)
}

/// The metrics of the whole city, and the scores of units, that moved further than they may, each where it moved furthest.
fn too_far(moved: &[&Moved], furthest: Exact) -> Vec<Beyond> {
    let mut worst: BTreeMap<String, (Exact, &Moved)> = BTreeMap::new();
    for it in moved {
        let whose = match &it.key {
            [Some(metric), None, None, Some(dim), ..] if dim == "city" => metric.clone(),
            // A unit that is gone has no score to be held against.
            [Some(metric), Some(unit), ..] if metric == SCORE && it.after.is_some() => {
                format!("{metric} {unit}")
            }
            _ => continue,
        };
        let Some(far) = far(it).filter(|far| *far > furthest) else { continue };
        let known = worst.entry(whose).or_insert((far, it));
        if far > known.0 {
            *known = (far, it);
        }
    }
    let told = worst.into_iter().map(|(metric, (_, it))| {
        let shown = |point: &Option<super::moved::Point>| {
            let shown = point.as_ref().and_then(|point| point.shown.clone());
            shown.unwrap_or_else(|| "–".to_owned())
        };
        Beyond::Furthest {
            metric: (metric, it.key[6].clone().unwrap_or_default()),
            shown: (shown(&it.before), shown(&it.after)),
            cause: it.cause,
        }
    });
    told.collect()
}

/// How far a number moved, as a share of what it was; nowhere, where there was none. What was zero has moved further than
/// any other, and so has what is told no more.
fn far(it: &Moved) -> Option<Exact> {
    let (before, zero) = (exact(it.before.as_ref())?, Exact::from(0));
    let furthest = Exact::from(i128::MAX);
    if it.after.as_ref().is_none_or(|after| after.value.is_none()) {
        return Some(furthest);
    }
    let after = exact(it.after.as_ref())?;
    let apart = if before > after { before - after } else { after - before };
    let size = if before < zero { -before } else { before };
    Some(match (apart == zero, size == zero) {
        (true, _) => zero,
        (_, true) => furthest,
        _ => apart / size,
    })
}

/// A number in millionths, so that what is reckoned with it stays within what a number holds.
fn exact(point: Option<&super::moved::Point>) -> Option<Exact> {
    let Cell::Decimal(digits, scale) = point?.value.as_ref()? else { return None };
    let millionths = match scale.checked_sub(6) {
        Some(down) => digits / 10_i128.checked_pow(u32::from(down))?,
        None => digits.checked_mul(10_i128.checked_pow(u32::from(6 - scale))?)?,
    };
    Some(Exact::from(millionths))
}

/// The pipeline of every metric, by its title.
fn pipelines(sides: [&Said; 2]) -> BTreeMap<String, String> {
    let named = sides.into_iter().flat_map(|said| {
        let rows = table::to_rows(&said.definitions, &["metric", "pipeline"]).into_iter();
        rows.filter_map(|row| Some((text_of(row.first())?, text_of(row.get(1))?)))
    });
    named.collect()
}

/// How many values of each metric and period are told.
fn counts(said: &Said) -> Result<Vec<(String, String, u64)>, PublishError> {
    let counted = said.metrics.clone().lazy().group_by([col("metric"), col("period")]);
    let counted = counted.agg([len().cast(DataType::Int64).alias("values")]);
    let counted = counted.collect().map_err(comparing())?;
    let rows = table::to_rows(&counted, &["metric", "period", "values"]).into_iter();
    let rows = rows.filter_map(|row| {
        let Some(Some(Cell::Whole(values))) = row.get(2) else { return None };
        Some((text_of(row.first())?, text_of(row.get(1))?, u64::try_from(*values).ok()?))
    });
    Ok(rows.collect())
}
