//! How unequal are the parts of a whole? Numbers over sections or dimensions (METHOD.md 2.10).

use num_traits::CheckedAdd as _;
use num_traits::CheckedDiv as _;
use num_traits::CheckedMul as _;
use num_traits::CheckedSub as _;
use num_traits::Signed as _;
use num_traits::ToPrimitive as _;
use num_traits::Zero as _;

use super::MeasureError;
use crate::spec::formula::Exact;
use crate::spec::formula::Spread;

/// Numbers left 128 bits.
#[derive(Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Those of a formula.
    Formula,
    /// Those of a measure.
    Measure(String),
}

impl Overflow {
    /// The same of a metric, as it is told.
    pub(super) fn told(self, metric: &str) -> MeasureError {
        MeasureError::Overflow {
            of: match self {
                Overflow::Formula => format!("metric `{metric}`"),
                Overflow::Measure(name) => format!("measure `{name}`"),
            },
        }
    }
}

/// A part: what stands above the line, and what below; below is more than zero.
pub type Share = (Exact, Exact);

/// A number; none where the parts say nothing.
type Known = Result<Option<Exact>, Overflow>;

/// One number out of all parts; `None` where the parts say nothing.
///
/// # Errors
/// Numbers that leave 128 bits.
pub fn spread(kind: Spread, parts: &[Share], limit: Option<Exact>) -> Known {
    match kind {
        Spread::Hoover => hoover(parts),
        Spread::ToMove => {
            let (Some(hoover), below) = (hoover(parts)?, sum(parts.iter().map(|part| part.1))?)
            else {
                return Ok(None);
            };
            hoover.checked_mul(&below).map(Some).ok_or(Overflow::Formula)
        }
        Spread::Cv => Ok(over_ratios(parts, variation)),
        Spread::MaxMin => max_min(parts),
        Spread::Theil => Ok(over_ratios(parts, theil)),
        Spread::Herfindahl => herfindahl(parts),
        Spread::CountNonzero => Ok(Some(count(parts, |(above, _)| !above.is_zero()))),
        Spread::CountBelow => {
            let Some(limit) = limit else { return Ok(None) };
            let ratios = ratios(parts)?;
            let below = ratios.iter().filter(|ratio| **ratio < limit).count();
            Ok(Some(Exact::from(below as i128)))
        }
        Spread::Sum => sum(ratios(parts)?.into_iter()).map(Some),
    }
}

fn count(parts: &[Share], holds: impl Fn(&Share) -> bool) -> Exact {
    Exact::from(parts.iter().filter(|part| holds(part)).count() as i128)
}

fn sum(mut numbers: impl Iterator<Item = Exact>) -> Result<Exact, Overflow> {
    numbers.try_fold(Exact::zero(), |sum, x| sum.checked_add(&x)).ok_or(Overflow::Formula)
}

fn ratios(parts: &[Share]) -> Result<Vec<Exact>, Overflow> {
    parts.iter().map(|(above, below)| above.checked_div(below).ok_or(Overflow::Formula)).collect()
}

/// ½ Σ |share of what is above − share of what is below|.
fn hoover(parts: &[Share]) -> Known {
    let above = sum(parts.iter().map(|part| part.0))?;
    let below = sum(parts.iter().map(|part| part.1))?;
    if parts.len() < 2 || !above.is_positive() || parts.iter().any(|part| part.0.is_negative()) {
        return Ok(None);
    }
    let distance = |(x, y): &Share| {
        let (x, y) = (x.checked_div(&above)?, y.checked_div(&below)?);
        x.checked_sub(&y).map(|distance| distance.abs())
    };
    let distances = parts.iter().map(|part| distance(part).ok_or(Overflow::Formula));
    let total = sum(distances.collect::<Result<Vec<_>, _>>()?.into_iter())?;
    Ok(Some(total / Exact::from(2)))
}

fn max_min(parts: &[Share]) -> Known {
    let ratios = ratios(parts)?;
    let (Some(most), Some(least)) = (ratios.iter().max(), ratios.iter().min()) else {
        return Ok(None);
    };
    if parts.len() < 2 || !least.is_positive() {
        return Ok(None);
    }
    most.checked_div(least).map(Some).ok_or(Overflow::Formula)
}

fn herfindahl(parts: &[Share]) -> Known {
    let ratios = ratios(parts)?;
    let total = sum(ratios.iter().copied())?;
    if !total.is_positive() || ratios.iter().any(Exact::is_negative) {
        return Ok(None);
    }
    let square = |ratio: &Exact| {
        let share = ratio.checked_div(&total)?;
        share.checked_mul(&share)
    };
    let squares = ratios.iter().map(|ratio| square(ratio).ok_or(Overflow::Formula));
    sum(squares.collect::<Result<Vec<_>, _>>()?.into_iter()).map(Some)
}

/// What two parts or more with a positive mean give, as a floating-point number with twelve decimals.
/// The parts come in the order of their names, so the sums are the same every time.
fn over_ratios(parts: &[Share], work: impl Fn(&[(f64, f64)]) -> f64) -> Option<Exact> {
    let floats = parts.iter().map(|(above, below)| {
        let (above, below) = (float(above)?, float(below)?);
        (above >= 0.0).then_some((above / below, below))
    });
    let floats: Vec<(f64, f64)> = floats.collect::<Option<_>>()?;
    if floats.len() < 2 || floats.iter().all(|(ratio, _)| *ratio == 0.0) {
        return None;
    }
    kept(work(&floats))
}

/// A floating-point number with twelve decimals.
pub(super) fn kept(number: f64) -> Option<Exact> {
    let digits = (number * 1e12).round().to_i128()?;
    Some(Exact::new(digits, 1_000_000_000_000))
}

fn float(number: &Exact) -> Option<f64> {
    Some(number.numer().to_f64()? / number.denom().to_f64()?)
}

#[expect(clippy::cast_precision_loss, reason = "a unit has far fewer than 2^52 parts")]
fn variation(ratios: &[(f64, f64)]) -> f64 {
    let count = ratios.len() as f64;
    let mean = ratios.iter().map(|(ratio, _)| ratio).sum::<f64>() / count;
    let squares = ratios.iter().map(|(ratio, _)| (ratio - mean) * (ratio - mean)).sum::<f64>();
    (squares / count).sqrt() / mean
}

fn theil(ratios: &[(f64, f64)]) -> f64 {
    let below = ratios.iter().map(|(_, weight)| weight).sum::<f64>();
    let mean = ratios.iter().map(|(ratio, weight)| ratio * weight).sum::<f64>() / below;
    let term = |(ratio, weight): &(f64, f64)| {
        let relative = ratio / mean;
        if relative == 0.0 { 0.0 } else { weight / below * relative * relative.ln() }
    };
    ratios.iter().map(term).sum()
}
