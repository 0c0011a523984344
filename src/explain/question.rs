//! Which number is asked about, and what is nearest to a name that nobody knows?

use crate::base::diagnostic::nearest;
use crate::base::period::Period;

/// What cannot be explained, and the nearest that can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {what} is known as `{found}`")]
pub struct Unknown {
    /// What was looked for.
    pub what: What,
    /// The words that were given.
    pub found: String,
    /// Names that are known, the nearest first.
    pub near: Vec<String>,
}

/// What was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum What {
    Metric,
    Unit,
    Group,
    Section,
    Part,
    Period,
}

impl std::fmt::Display for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(match self {
            What::Metric => "metric",
            What::Unit => "unit",
            What::Group => "group",
            What::Section => "section",
            What::Part => "part",
            What::Period => "period",
        })
    }
}

/// Which number is asked about, in the words of whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The metric.
    pub metric: &'q str,
    /// The section.
    pub section: Option<&'q str>,
    /// The value of the metric's dimension, such as one duty.
    pub part: Option<&'q str>,
    /// The period.
    pub period: &'q str,
}

pub(super) fn told_period(told: &[Period], text: &str) -> Result<Period, Unknown> {
    let read = text.parse::<Period>().ok().filter(|period| told.contains(period));
    read.ok_or_else(|| {
        let last = told.iter().rev().take(6).map(ToString::to_string);
        Unknown { what: What::Period, found: text.to_owned(), near: last.collect() }
    })
}

pub(super) fn unknown(what: What, found: &str, known: &[&str]) -> Unknown {
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in known {
        let parts = [found.contains(name), name.contains(found)];
        let is_part = parts.contains(&true);
        let is_near = nearest(found, [*name]).is_some();
        near.push((usize::from(!is_near) + usize::from(!is_part), name));
    }
    near.sort_unstable();
    near.dedup();
    let best = near.first().map_or(2, |(distance, _)| *distance);
    let near = near.into_iter().filter(|(distance, _)| *distance == best).take(6);
    let near = near.map(|(_, name)| name.to_owned()).collect();
    Unknown { what, found: found.to_owned(), near }
}
