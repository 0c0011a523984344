//! Towards what are the rates of peers drawn? A beta distribution, fitted to their good cases of all by maximum likelihood
//! (METHOD.md 2.6).

use libm::exp;
use libm::lgamma;
use libm::log;

/// Good cases, and all of them.
pub type Rate = (f64, f64);

/// A beta distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// Good cases known beforehand.
    pub alpha: f64,
    /// Others.
    pub beta: f64,
}

/// Together more than this: the peers are all alike.
pub(super) const ALIKE: i32 = 100_000;

/// What stands for peers that differ by no more than chance.
const ALL_ALIKE: f64 = 1e6;

/// How near to each other the corners of the triangle come, and after how many steps they are near enough.
const NEAR: f64 = 1e-10;
const STEPS: usize = 4_000;

/// The prior of some rates; none without a case. Rates that differ by no more than chance have one beside which no unit's own
/// cases weigh anything.
pub fn prior(rates: &[Rate]) -> Option<Prior> {
    let rates: Vec<Rate> = rates.iter().copied().filter(|(_, all)| *all > 0.0).collect();
    let all: f64 = rates.iter().map(|(_, all)| all).sum();
    let mean = rates.iter().map(|(good, _)| good).sum::<f64>() / all;
    if rates.is_empty() || !mean.is_finite() {
        return None;
    }
    let kept = mean.clamp(1.0 / ALL_ALIKE, 1.0 - 1.0 / ALL_ALIKE);
    let alike = Prior { alpha: kept * ALL_ALIKE, beta: (1.0 - kept) * ALL_ALIKE };
    let spread = rates.iter().map(|(good, all)| all * (good / all - mean).powi(2)).sum::<f64>();
    let units = f64::from(u32::try_from(rates.len()).unwrap_or(u32::MAX));
    let chance = mean * (1.0 - mean);
    let between = spread / all - chance / (all / units);
    if between <= 0.0 || chance <= 0.0 {
        return Some(alike);
    }
    let together = (chance / between - 1.0).max(0.01);
    let start = [log(kept * together), log((1.0 - kept) * together)];
    let [alpha, beta] = lowest(start, |at| -likelihood(&rates, at)).map(exp);
    let is_alike = !(alpha + beta).is_finite() || alpha + beta > f64::from(ALIKE);
    Some(if is_alike { alike } else { Prior { alpha, beta } })
}

/// The logarithm of the likelihood of rates, but for what hangs on them alone.
fn likelihood(rates: &[Rate], [alpha, beta]: [f64; 2]) -> f64 {
    let (alpha, beta) = (exp(alpha), exp(beta));
    let beta_of = |x: f64, y: f64| lgamma(x) + lgamma(y) - lgamma(x + y);
    let one = |(good, all): &Rate| beta_of(alpha + good, beta + all - good) - beta_of(alpha, beta);
    rates.iter().map(one).sum()
}

/// Where a function of two numbers is lowest, by the walk of Nelder and Mead from a start.
fn lowest(start: [f64; 2], of: impl Fn([f64; 2]) -> f64) -> [f64; 2] {
    let corner = |at: [f64; 2]| (of(at), at);
    let [x, y] = start;
    let mut corners = [corner(start), corner([x + 0.1, y]), corner([x, y + 0.1])];
    // A point on the line through the worst corner and the middle of the others, so far beyond that.
    let beyond = |worst: [f64; 2], middle: [f64; 2], far: f64| {
        [0, 1].map(|at| middle[at] + far * (middle[at] - worst[at]))
    };
    for _ in 0..STEPS {
        corners.sort_by(|one, other| one.0.total_cmp(&other.0));
        let [best, second, worst] = corners;
        let size =
            [second, worst].map(|it| (it.1[0] - best.1[0]).abs().max((it.1[1] - best.1[1]).abs()));
        if size[0].max(size[1]) < NEAR {
            break;
        }
        let middle = [0, 1].map(|at| f64::midpoint(best.1[at], second.1[at]));
        let reflected = corner(beyond(worst.1, middle, 1.0));
        let next = if reflected.0 < best.0 {
            let expanded = corner(beyond(worst.1, middle, 2.0));
            if expanded.0 < reflected.0 { expanded } else { reflected }
        } else if reflected.0 < second.0 {
            reflected
        } else if reflected.0 < worst.0 {
            corner(beyond(worst.1, middle, 0.5))
        } else {
            corner(beyond(worst.1, middle, -0.5))
        };
        if next.0 < worst.0 {
            corners[2] = next;
        } else {
            let nearer = |it: [f64; 2]| corner([0, 1].map(|at| f64::midpoint(it[at], best.1[at])));
            corners = [best, nearer(second.1), nearer(worst.1)];
        }
    }
    corners[0].1
}
