//! Floor 3: the points of a unit, with one line for each leaf that data judges (数据全程辅评).

mod availability;
mod closure;
pub mod frozen;
mod leaf;
mod method;
pub mod prior;
mod spread;
pub mod words;

use std::collections::BTreeMap;

use num_traits::One as _;
use num_traits::Zero as _;

pub use self::availability::Availability;
use self::closure::closed;
use self::closure::rounded;
use self::closure::to_decimals;
use self::leaf::Outcome;
pub use self::method::earned;
use self::spread::Stake;
use crate::spec::formula::Exact;
use crate::spec::reference::Reference;
use crate::spec::scoring::Leaf;
use crate::spec::scoring::Rule;
use crate::spec::scoring::Tree;

/// Decimals of values and points that are reckoned with; what is published is what was used.
pub const PLACES: u8 = 12;

/// What is known of a metric for a unit and year.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Whether there is a value.
    pub standing: Standing,
    /// The word for it in tables, such as `few`.
    pub status: &'static str,
    /// The value, where it is told.
    pub value: Option<Exact>,
    /// Above the line, where the metric divides.
    pub numerator: Option<Exact>,
    /// Below the line.
    pub denominator: Option<Exact>,
    /// The cases or people it rests on.
    pub base: Option<Exact>,
    /// The mean of the two years before, where it was told of both.
    pub before: Option<Exact>,
    /// Whether a source it rests on did not deliver.
    pub is_stale: bool,
}

/// Whether a metric has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has.
    Told,
    /// It should, and has not.
    NoData,
    /// There is nothing here that it could be a share of.
    Nothing,
    /// No source feeds it here, or nothing that it is compared with.
    NoSource,
    /// It rests on too few people to be told.
    Withheld,
}

/// What is known of a year: for every metric of the home that is told of it, every unit.
pub type Readings = BTreeMap<String, BTreeMap<String, Reading>>;

/// The year that is scored.
#[derive(Clone, Copy, Debug)]
pub struct Year<'y> {
    /// The year.
    pub year: i16,
    /// Whether its last day is told, so that what is known of it is of a whole year.
    pub is_over: bool,
    /// What is known of it.
    pub readings: &'y Readings,
    /// What was frozen for it.
    pub reference: Option<&'y Reference>,
}

/// What became of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It earned what its value is worth.
    Scored,
    /// A value that should be there is not.
    Missing,
    /// Its metric or method is not there yet.
    NotBuilt,
    /// It is not for this unit.
    NotApplicable,
    /// Reported and not scored: too few cases or people, too little known beside it, or of a part of a year what a
    /// whole one is asked for.
    Withheld,
}

impl State {
    /// Every state, in the order of tables.
    pub const ALL: [State; 5] =
        [State::Scored, State::Missing, State::NotBuilt, State::NotApplicable, State::Withheld];

    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            State::Scored => "scored",
            State::Missing => "missing",
            State::NotBuilt => "not_built",
            State::NotApplicable => "not_applicable",
            State::Withheld => "withheld",
        }
    }
}

/// A leaf of a unit.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    /// The leaf.
    pub leaf: &'t Leaf,
    /// How data judge it.
    pub rule: &'t Rule,
    /// The title of its area.
    pub area: &'t str,
    /// The title of its group.
    pub group: &'t str,
    /// The rule in words.
    pub text: String,
    /// What became of it.
    pub state: State,
    /// Why, in words.
    pub reason: String,
    /// What is known of its metric.
    pub reading: Option<Reading>,
    /// The value that the rule saw, where it was drawn towards the peers.
    pub estimate: Option<Exact>,
    /// The points that it can earn: its own and those of leaves that were not scored.
    pub available: Exact,
    /// The points earned.
    pub earned: Exact,
    /// The points earned in hundredths; those of all lines add up to the shown sum.
    pub earned_shown: i128,
    /// What it gives of the score in hundredths; all lines add up to the shown score.
    pub gives_shown: i128,
}

/// The data score of a unit.
#[derive(Clone, Debug)]
pub struct UnitScore<'t> {
    /// The tree that scored it.
    pub tree: &'t Tree,
    /// The unit.
    pub unit_id: String,
    /// Points earned of a hundred; none where a leaf that may not be missing is, too little is known, or
    /// no leaf is scored.
    pub score: Option<Exact>,
    /// The score if what is not known were worth nothing, and if it were worth everything.
    pub bounds: Option<(Exact, Exact)>,
    /// The points earned.
    pub earned: Exact,
    /// The points that could be earned.
    pub available: Exact,
    /// The leaves that may not be missing and are: why there is no score.
    pub withheld_for: Vec<&'t Leaf>,
    /// The points that should be known, and those that are.
    pub availability: Availability,
    /// Every leaf that data judge, in the order of the tree.
    pub lines: Vec<Line<'t>>,
}

impl UnitScore<'_> {
    /// How many leaves have a state.
    pub fn count(&self, state: State) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }

    /// The word in tables for how it ended.
    pub fn state(&self) -> &'static str {
        match (self.score, self.withheld_for.as_slice()) {
            (Some(_), _) => "scored",
            (None, []) if !self.is_scarce() => "no_data",
            (None, _) => "withheld",
        }
    }

    /// Whether too little is known of the whole to score it.
    pub fn is_scarce(&self) -> bool {
        !self.availability.is_enough(self.tree.availability_min)
    }

    /// Why there is no score, in words.
    pub fn reason(&self) -> String {
        let titles: Vec<&str> = self.withheld_for.iter().map(|leaf| leaf.title.as_str()).collect();
        let lacks = (!titles.is_empty()).then(|| format!("缺{}", titles.join("、")));
        let least = self.tree.availability_min;
        let scarce = || words::scarce("", self.availability, least) + ",不出分";
        let scarce = self.is_scarce().then(scarce);
        lacks.into_iter().chain(scarce).collect::<Vec<_>>().join(";")
    }

    /// The score in hundredths.
    pub fn shown(&self) -> Option<i128> {
        self.score.map(|score| rounded(score, 2))
    }

    /// The points earned in hundredths.
    pub fn earned_shown(&self) -> i128 {
        rounded(self.earned, 2)
    }

    /// The sheet's points of the leaves that were scored: how much of the tree the score rests on.
    pub fn rests_on(&self) -> Exact {
        let scored = self.lines.iter().filter(|line| line.state == State::Scored);
        scored.map(|line| line.leaf.points).sum()
    }
}

/// A leaf and where it hangs.
struct Seat<'t> {
    leaf: &'t Leaf,
    rule: &'t Rule,
    area: (usize, &'t str),
    group: (usize, &'t str),
}

/// The leaves of a tree that data judge, as they judge a unit.
fn seats<'t>(tree: &'t Tree, unit_id: &str) -> Vec<Seat<'t>> {
    let category = tree.category.value.as_str();
    let areas = tree.areas.iter().enumerate();
    let groups = areas.flat_map(|(at, area)| area.groups.iter().map(move |g| (at, area, g)));
    let mut seats = Vec::new();
    for (number, (at, area, group)) in groups.enumerate() {
        let (area, hung) = ((at, area.title.as_str()), (number, group.title.as_str()));
        let judged =
            group.leaves.iter().filter_map(|leaf| Some((leaf, leaf.rule_for(unit_id, category)?)));
        seats.extend(judged.map(|(leaf, rule)| Seat { leaf, rule, area, group: hung }));
    }
    seats
}

/// Scores a unit by the tree of its category.
pub fn score<'t>(tree: &'t Tree, unit_id: &str, year: &Year<'_>) -> UnitScore<'t> {
    let seats = seats(tree, unit_id);
    let judge = leaf::Judge { year, unit_id, category: &tree.category.value };
    let mut outcomes: Vec<Outcome> =
        seats.iter().map(|seat| judge.judge(seat.leaf, seat.rule)).collect();
    let least = tree.availability_min;
    let availability = availability::withhold(&seats, &mut outcomes, least);
    let shares = |open: Option<Exact>| -> Vec<Option<Exact>> {
        let filled = |outcome: &Outcome| open.filter(|_| outcome.is_open).or(outcome.share);
        outcomes.iter().map(filled).collect()
    };
    let points = Points::of(&seats, &shares(None));
    let withheld_for: Vec<&Leaf> = seats
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.withholds)
        .map(|(seat, _)| seat.leaf)
        .collect();
    let may_be_told = withheld_for.is_empty() && availability.due > Exact::zero();
    let score = points.score().filter(|_| may_be_told && availability.is_enough(least));
    let bound = |share: Exact| Points::of(&seats, &shares(Some(share))).score();
    let bounds = may_be_told.then(|| bound(Exact::zero()).zip(bound(Exact::one()))).flatten();
    let (earned, available) = (points.earned.iter().sum(), points.available.iter().sum());
    let lines = lines(seats, outcomes, &points, score);
    let unit_id = unit_id.to_owned();
    UnitScore { tree, unit_id, score, bounds, earned, available, withheld_for, availability, lines }
}

/// The points of every leaf.
struct Points {
    available: Vec<Exact>,
    earned: Vec<Exact>,
}

impl Points {
    /// The points when each leaf earns this share of what it can; one without a share gives its
    /// points away.
    fn of(seats: &[Seat<'_>], shares: &[Option<Exact>]) -> Points {
        let stakes: Vec<Stake> = seats
            .iter()
            .zip(shares)
            .map(|(seat, share)| Stake {
                area: seat.area.0,
                group: seat.group.0,
                points: seat.leaf.points,
                keeps: share.is_some(),
            })
            .collect();
        let available = spread::spread(&stakes);
        let earned = available
            .iter()
            .zip(shares)
            .map(|(available, share)| to_decimals(*available * share.unwrap_or_default(), PLACES));
        Points { earned: earned.collect(), available }
    }

    fn score(&self) -> Option<Exact> {
        let available: Exact = self.available.iter().sum();
        let earned: Exact = self.earned.iter().sum();
        (!available.is_zero()).then(|| earned * Exact::from(100) / available)
    }
}

fn lines<'t>(
    seats: Vec<Seat<'t>>,
    outcomes: Vec<Outcome>,
    points: &Points,
    score: Option<Exact>,
) -> Vec<Line<'t>> {
    let earned: Exact = points.earned.iter().sum();
    let available: Exact = points.available.iter().sum();
    let earned_shown = closed(&points.earned, rounded(earned, 2));
    let gives: Vec<Exact> = match score {
        Some(_) => points.earned.iter().map(|e| *e * Exact::from(100) / available).collect(),
        None => vec![Exact::zero(); points.earned.len()],
    };
    let gives_shown = closed(&gives, score.map_or(0, |score| rounded(score, 2)));
    let numbers = points.available.iter().zip(&points.earned);
    let shown = earned_shown.into_iter().zip(gives_shown);
    seats
        .into_iter()
        .zip(outcomes)
        .zip(numbers.zip(shown))
        .map(|((seat, outcome), ((available, earned), (earned_shown, gives_shown)))| Line {
            text: words::rule(seat.rule, seat.leaf.points),
            leaf: seat.leaf,
            rule: seat.rule,
            area: seat.area.1,
            group: seat.group.1,
            state: outcome.state,
            reason: outcome.reason,
            reading: outcome.reading,
            estimate: outcome.estimate,
            available: *available,
            earned: *earned,
            earned_shown,
            gives_shown,
        })
        .collect()
}
