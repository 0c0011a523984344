//! How does a value become points?

use crate::base::cell::decimal_text;
use crate::spec::formula::Exact;
use crate::spec::reader::Found;

/// How a leaf is judged by data.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The metric; none where the unit's own choice is not there.
    pub metric: Option<Found<String>>,
    /// How its value becomes points.
    pub method: Method,
    /// Where it does not hold, the leaf is not for this unit.
    pub applies_when: Option<Condition>,
    /// Where it does not hold, the value counts as missing.
    pub requires: Option<Condition>,
    /// Whether the value is drawn towards its peers: `estimate = "posterior_mean"`.
    pub is_shrunk: bool,
    /// Below this base the value is reported and not scored.
    pub min_n: Option<Exact>,
    /// What becomes of the points when the value is missing.
    pub missing: Missing,
}

impl Rule {
    /// The metrics it names.
    pub fn names(&self) -> impl Iterator<Item = &Found<String>> {
        let conditions = self.applies_when.iter().chain(&self.requires);
        self.metric.iter().chain(conditions.map(|condition| &condition.metric))
    }
}

impl Rule {
    /// The rule of a leaf of so many points, of one that speaks of one point.
    pub(super) fn times(&self, points: Exact) -> Rule {
        Rule { method: self.method.times(points), ..self.clone() }
    }
}

impl Method {
    fn times(&self, points: Exact) -> Method {
        let mut method = self.clone();
        match &mut method {
            Method::Deduct(deduct) => {
                deduct.points *= points;
                deduct.floor *= points;
            }
            Method::Linear(knots) => knots.iter_mut().for_each(|(_, worth)| *worth *= points),
            Method::Steps { steps, otherwise } => {
                for step in steps {
                    step.score *= points;
                }
                *otherwise *= points;
            }
            Method::Goalposts { .. }
            | Method::Band { .. }
            | Method::RatioToPlan { .. }
            | Method::Individual { .. } => {}
        }
        method
    }
}

/// How a value becomes points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Points off for every step beyond a target.
    Deduct(Deduct),
    /// Straight lines between knots of value and points, flat outside.
    Linear(Vec<(Exact, Exact)>),
    /// A straight line from no points to all of them.
    Goalposts {
        /// Where nothing is earned.
        worst: Exact,
        /// Where everything is.
        best: Exact,
    },
    /// All points inside, straight lines down to none on both sides.
    Band {
        /// The first and last value with all points.
        ideal: (Exact, Exact),
        /// Where nothing is left, below and above.
        zero: (Exact, Exact),
    },
    /// The first step that holds.
    Steps {
        /// The steps.
        steps: Vec<Step>,
        /// The points where none holds.
        otherwise: Exact,
    },
    /// The share of a plan.
    RatioToPlan {
        /// The plan.
        plan: Plan,
        /// The greatest share that counts.
        cap: Exact,
    },
    /// An indicator that the unit chooses.
    Individual {
        /// Which of them.
        slot: u64,
    },
}

/// What a value is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Last year's median of the category, which the reference of the year keeps.
    PeerMedian,
    /// The mean of the unit's own two years before.
    OwnMean,
}

/// Points off for every step beyond a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deduct {
    /// Up to here nothing is taken.
    pub target: Exact,
    /// One step.
    pub per: Exact,
    /// What one step costs.
    pub points: Exact,
    /// What a part of a step costs.
    pub partial: Partial,
    /// On which side of the target steps are counted.
    pub direction: Gap,
    /// What is left at least.
    pub floor: Exact,
}

/// What a part of a step costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// Its part.
    Prorate,
    /// Nothing.
    Floor,
    /// A whole step.
    Ceil,
}

/// On which side of a target steps are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Where the value is above.
    Above,
    /// Where the value is below.
    Below,
}

/// A row of a table of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How the value is compared.
    pub is: Comparison,
    /// With what.
    pub bound: Exact,
    /// The points where it holds.
    pub score: Exact,
}

/// How a value is compared with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

impl Comparison {
    /// Whether it holds.
    pub fn holds(self, value: Exact, bound: Exact) -> bool {
        match self {
            Comparison::AtLeast => value >= bound,
            Comparison::Above => value > bound,
            Comparison::AtMost => value <= bound,
            Comparison::Below => value < bound,
        }
    }

    /// Whether it holds for everything far below.
    pub(super) fn is_from_below(self) -> bool {
        matches!(self, Comparison::AtMost | Comparison::Below)
    }
}

/// A metric compared with a number: `sections >= 3`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The metric.
    pub metric: Found<String>,
    /// How it is compared.
    pub is: Comparison,
    /// With what.
    pub bound: Exact,
}

/// What becomes of the points when a value that should be there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// They go to the leaves beside it.
    Redistribute,
    /// The unit gets no score.
    Withhold,
    /// None are earned: what had to be reported was not.
    Zero,
    /// So many of those that the median of the category would earn.
    Impute(Exact),
}

/// A number as people write it; what has no end is cut after twelve decimals.
pub fn written(number: Exact) -> String {
    let scale = (0..12_u8).find(|scale| (number * power(*scale)).is_integer()).unwrap_or(12);
    decimal_text((number * power(scale)).round().to_integer(), scale)
}

fn power(scale: u8) -> Exact {
    Exact::from(10_i128.pow(u32::from(scale)))
}
