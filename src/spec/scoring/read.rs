//! Does a rule hold together? It is read and proved before any unit is scored.

use num_traits::One as _;
use num_traits::Zero as _;

use super::rule::Comparison;
use super::rule::Condition;
use super::rule::Deduct;
use super::rule::Gap;
use super::rule::Method;
use super::rule::Missing;
use super::rule::Partial;
use super::rule::Plan;
use super::rule::Rule;
use super::rule::Step;
use super::rule::written;
use crate::base::messages::Code;
use crate::spec::formula::Exact;
use crate::spec::formula::decimal;
use crate::spec::reader::Found;
use crate::spec::reader::Table;
use crate::spec::reader::wrong_type;
use crate::spec::schema::is_table;
use crate::spec::tree::Node;
use crate::spec::tree::Value;

/// The rule of a leaf with so many points, if it has one.
pub(super) fn rule(leaf: &Table<'_>, points: Exact) -> Option<Rule> {
    let table = leaf.table("method")?;
    let individual = [("individual", Kind::Individual)];
    let method = method(&table, points, &[KINDS.as_slice(), &individual].concat());
    drop(table);
    let metric = match method {
        Some(Method::Individual { .. }) => None,
        _ => needed(leaf, "metric"),
    };
    judged(leaf, metric, method)
}

/// The rule of an indicator that units chose, for a leaf of so many points.
pub(super) fn chosen(table: &Table<'_>, metric: Found<String>, points: Exact) -> Option<Rule> {
    if table.node("method").is_none() {
        table.missing("method", "{ type = \"goalposts\", worst = 0, best = 1 }");
    }
    let method = table.table("method").and_then(|inner| method(&inner, points, &KINDS));
    judged(table, Some(metric), method)
}

fn judged(leaf: &Table<'_>, metric: Option<Found<String>>, method: Option<Method>) -> Option<Rule> {
    let shrunk = leaf.word("estimate", &[("raw", false), ("posterior_mean", true)]);
    let rule = Rule {
        metric,
        applies_when: condition(leaf, "applies_when"),
        requires: condition(leaf, "requires"),
        is_shrunk: shrunk.unwrap_or(false),
        min_n: leaf.count("min_n").map(|n| Exact::from(i128::from(n))),
        missing: missing(leaf),
        method: method?,
    };
    Some(rule)
}

fn needed(table: &Table<'_>, key: &'static str) -> Option<Found<String>> {
    let found = table.found_text(key);
    if found.is_none() {
        table.missing(key, "\"…\"");
    }
    found
}

#[derive(Clone, Copy)]
enum Kind {
    Deduct,
    Linear,
    Goalposts,
    Band,
    Steps,
    RatioToPlan,
    Individual,
}

/// How a value becomes points, wherever it is said.
const KINDS: [(&str, Kind); 6] = [
    ("deduct", Kind::Deduct),
    ("linear", Kind::Linear),
    ("goalposts", Kind::Goalposts),
    ("band", Kind::Band),
    ("steps", Kind::Steps),
    ("ratio_to_plan", Kind::RatioToPlan),
];

const PLANS: [(&str, Plan); 2] =
    [("last_year_peer_median", Plan::PeerMedian), ("own_mean_of_two_years", Plan::OwnMean)];

fn method(table: &Table<'_>, points: Exact, kinds: &[(&str, Kind)]) -> Option<Method> {
    let kind = table.word("type", kinds);
    if kind.is_none() && table.node("type").is_none() {
        table.missing("type", "\"goalposts\"");
    }
    match kind {
        Some(Kind::Deduct) => deduct(table, points),
        Some(Kind::Linear) => linear(table, points),
        Some(Kind::Goalposts) => {
            let (worst, best) = number(table, "worst").zip(number(table, "best"))?;
            hold(table, "best", worst != best, "another value than `worst`");
            Some(Method::Goalposts { worst, best })
        }
        Some(Kind::Band) => {
            let (ideal, zero) = span(table, "ideal").zip(span(table, "zero"))?;
            hold(table, "ideal", ideal.0 <= ideal.1, "a span whose first value is not greater");
            let is_around = zero.0 < ideal.0 && ideal.1 < zero.1;
            hold(table, "zero", is_around, "a span around `ideal`");
            Some(Method::Band { ideal, zero })
        }
        Some(Kind::Steps) => steps(table, points),
        Some(Kind::RatioToPlan) => {
            let plan = table.word("plan", &PLANS);
            if plan.is_none() && table.node("plan").is_none() {
                table.missing("plan", "\"last_year_peer_median\"");
            }
            let cap = number(table, "cap")?;
            hold(table, "cap", cap == Exact::from(1), "1, for more than all points is not earned");
            Some(Method::RatioToPlan { plan: plan?, cap })
        }
        Some(Kind::Individual) => {
            let slot = table.count("slot");
            if slot.is_none() {
                table.missing("slot", "1");
            }
            Some(Method::Individual { slot: slot? })
        }
        None => {
            // One fault is enough: what belongs to an unknown type is not known either.
            table.free();
            None
        }
    }
}

fn deduct(table: &Table<'_>, most: Exact) -> Option<Method> {
    let partials =
        [("prorate", Partial::Prorate), ("floor", Partial::Floor), ("ceil", Partial::Ceil)];
    let partial = table.word("partial", &partials);
    if partial.is_none() && table.node("partial").is_none() {
        table.missing("partial", "\"prorate\"");
    }
    let direction = table.word("direction", &[("above", Gap::Above), ("below", Gap::Below)]);
    if direction.is_none() && table.node("direction").is_none() {
        table.missing("direction", "\"below\"");
    }
    let (target, per) = (number(table, "target"), number(table, "per"));
    let (points, floor) = (number(table, "points"), number(table, "floor"));
    let above_0 = "a number above 0";
    hold(table, "per", per.is_none_or(|per| per > Exact::zero()), above_0);
    hold(table, "points", points.is_none_or(|points| points > Exact::zero()), above_0);
    let is_within = floor.is_none_or(|floor| floor >= Exact::zero() && floor < most);
    hold(table, "floor", is_within, "between 0 and the points of the leaf");
    Some(Method::Deduct(Deduct {
        target: target?,
        per: per?,
        points: points?,
        partial: partial?,
        direction: direction?,
        floor: floor?,
    }))
}

fn linear(table: &Table<'_>, points: Exact) -> Option<Method> {
    let knots = pairs(table, "points_at")?;
    let mut neighbours = knots.iter().zip(knots.iter().skip(1));
    let is_rising = knots.len() > 1 && neighbours.all(|((x, _), (next, _))| x < next);
    hold(table, "points_at", is_rising, "two knots or more, each to the right of the one before");
    most(table, "points_at", knots.iter().map(|(_, points)| *points), points);
    Some(Method::Linear(knots))
}

fn steps(table: &Table<'_>, points: Exact) -> Option<Method> {
    let rows = table.tables("table");
    let read: Vec<(Option<Step>, Exact)> = rows.iter().filter_map(step).collect();
    drop(rows);
    let is_complete = matches!(read.split_last(), Some(((None, _), before))
        if before.iter().all(|(step, _)| step.is_some()));
    if !is_complete {
        table.fault("table", Code::StepsElse, Vec::new());
    }
    most(table, "table", read.iter().map(|(_, score)| *score), points);
    let otherwise = read.last().map(|(_, score)| *score);
    let steps: Vec<Step> = read.into_iter().filter_map(|(step, _)| step).collect();
    for (step, next) in steps.iter().zip(steps.iter().skip(1)) {
        if !is_reached(step, next) {
            let nouns = vec![("found", written(next.bound)), ("before", written(step.bound))];
            table.fault("table", Code::StepsOrder, nouns);
        }
    }
    Some(Method::Steps { steps, otherwise: otherwise? })
}

/// A row: its comparison, none for `else`, and its points.
fn step(table: &Table<'_>) -> Option<(Option<Step>, Exact)> {
    let score = number(table, "score");
    let comparisons = [
        ("ge", Comparison::AtLeast),
        ("gt", Comparison::Above),
        ("le", Comparison::AtMost),
        ("lt", Comparison::Below),
    ];
    let given = comparisons.into_iter().filter(|(key, _)| table.node(key).is_some());
    let given: Vec<(&'static str, Comparison)> = given.collect();
    match (table.flag("else"), given.as_slice()) {
        (true, []) => Some((None, score?)),
        (false, [(key, is)]) => {
            let (bound, score) = number(table, key).zip(score)?;
            Some((Some(Step { is: *is, bound, score }), score))
        }
        _ => {
            table.missing("ge", "0.9");
            None
        }
    }
}

/// Whether some value passes a step by and meets the next.
fn is_reached(step: &Step, next: &Step) -> bool {
    let is_at_bound = step.bound == next.bound
        && matches!(
            (step.is, next.is),
            (Comparison::Above, Comparison::AtLeast) | (Comparison::Below, Comparison::AtMost)
        );
    let goes_on = match (step.is.is_from_below(), next.is.is_from_below()) {
        (false, false) => next.bound < step.bound,
        (true, true) => next.bound > step.bound,
        _ => false,
    };
    goes_on || is_at_bound
}

fn missing(leaf: &Table<'_>) -> Missing {
    let policies = [
        ("redistribute_within_parent", Missing::Redistribute),
        ("withhold", Missing::Withhold),
        ("zero", Missing::Zero),
        ("impute_peer_median", Missing::Impute(Exact::from(1))),
    ];
    let found = match leaf.node("missing") {
        Some(node) if is_table(node) => {
            let table = Table::of(node, &leaf.name("missing"), leaf.faults);
            let policy = table.word("policy", &policies);
            if policy.is_none() && table.node("policy").is_none() {
                table.missing("policy", "\"impute_peer_median\"");
            }
            match policy {
                Some(Missing::Impute(_)) => number(&table, "cap").map(|cap| {
                    let is_share = cap >= Exact::zero() && cap <= Exact::from(1);
                    hold(&table, "cap", is_share, "between 0 and 1");
                    Missing::Impute(cap)
                }),
                other => other,
            }
        }
        _ => leaf.word("missing", &policies),
    };
    found.unwrap_or(Missing::Redistribute)
}

fn condition(leaf: &Table<'_>, key: &'static str) -> Option<Condition> {
    let text = leaf.found_text(key)?;
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let read = match words.as_slice() {
        [metric, is, bound] => comparison(is).zip(decimal(bound)).map(|(is, bound)| Condition {
            metric: Found { value: (*metric).to_owned(), ..text.clone() },
            is,
            bound,
        }),
        _ => None,
    };
    if read.is_none() {
        leaf.fault(key, Code::Condition, vec![("found", text.value)]);
    }
    read
}

fn comparison(text: &str) -> Option<Comparison> {
    match text {
        ">=" => Some(Comparison::AtLeast),
        ">" => Some(Comparison::Above),
        "<=" => Some(Comparison::AtMost),
        "<" => Some(Comparison::Below),
        _ => None,
    }
}

/// The least share of a parent's points that must be known; three fifths where a tree does not say
/// (METHOD.md 4.4).
pub(super) fn availability_min(root: &Table<'_>) -> Exact {
    let key = "availability_min";
    let least = root.node(key).and_then(|node| exact(root, node, key));
    let is_share = least.is_none_or(|least| (Exact::zero()..=Exact::one()).contains(&least));
    hold(root, key, is_share, "between 0 and 1");
    least.unwrap_or(Exact::new(3, 5))
}

/// Notes that a number does not hold.
pub(super) fn hold(table: &Table<'_>, key: &'static str, holds: bool, expected: &str) {
    let Some(node) = table.node(key).filter(|_| !holds) else { return };
    let nouns = vec![("found", shown(node)), ("expected", expected.to_owned())];
    table.fault(key, Code::BadNumber, nouns);
}

fn shown(node: &Node) -> String {
    match &node.value {
        Value::Whole(number) => number.to_string(),
        Value::Text(text) | Value::Other(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Table(_) => "{…}".to_owned(),
    }
}

/// Notes that the best case of a rule is not worth the leaf's points, or the worst less than none.
fn most(table: &Table<'_>, key: &'static str, given: impl Iterator<Item = Exact>, points: Exact) {
    let given: Vec<Exact> = given.collect();
    let (least, most) = (given.iter().min(), given.iter().max());
    if least.is_some_and(|least| *least < Exact::zero()) || most.is_some_and(|most| *most != points)
    {
        let most = most.copied().unwrap_or_default();
        let nouns = vec![("found", written(most)), ("points", written(points))];
        table.fault(key, Code::FullPoints, nouns);
    }
}

/// A number that must be there.
pub(super) fn number(table: &Table<'_>, key: &'static str) -> Option<Exact> {
    let Some(node) = table.node(key) else {
        table.missing(key, "…");
        return None;
    };
    exact(table, node, key)
}

fn exact(table: &Table<'_>, node: &Node, key: &str) -> Option<Exact> {
    let number = match &node.value {
        Value::Whole(number) => Some(Exact::from(i128::from(*number))),
        Value::Other(text) => decimal(text),
        Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) => None,
    };
    if number.is_none() {
        wrong_type(table.faults, node, &table.name(key), "a plain decimal");
    }
    number
}

fn span(table: &Table<'_>, key: &'static str) -> Option<(Exact, Exact)> {
    let Some(node) = table.node(key) else {
        table.missing(key, "[0.85, 1.10]");
        return None;
    };
    pair(table, node, key)
}

fn pairs(table: &Table<'_>, key: &'static str) -> Option<Vec<(Exact, Exact)>> {
    let Some(node) = table.node(key) else {
        table.missing(key, "[[0.6, 0], [0.9, 4]]");
        return None;
    };
    let Value::List(items) = &node.value else {
        wrong_type(table.faults, node, &table.name(key), "an array of pairs");
        return None;
    };
    items.iter().map(|item| pair(table, item, key)).collect()
}

fn pair(table: &Table<'_>, node: &Node, key: &str) -> Option<(Exact, Exact)> {
    let Value::List(items) = &node.value else {
        wrong_type(table.faults, node, &table.name(key), "a pair of numbers");
        return None;
    };
    let [first, second] = items.as_slice() else {
        wrong_type(table.faults, node, &table.name(key), "a pair of numbers");
        return None;
    };
    exact(table, first, key).zip(exact(table, second, key))
}
