//! How many of a leaf's points does a value earn? Exact numbers only: in binary, a gap of 0.98 − 0.95 is
//! more than three hundredths.

use num_traits::One as _;
use num_traits::Zero as _;

use crate::spec::formula::Exact;
use crate::spec::scoring::Deduct;
use crate::spec::scoring::Gap;
use crate::spec::scoring::Method;
use crate::spec::scoring::Partial;

/// The points, of `most`, that a value earns; `plan` is what `ratio_to_plan` divides by. None where
/// the rule cannot be applied.
pub fn earned(method: &Method, most: Exact, value: Exact, plan: Option<Exact>) -> Option<Exact> {
    Some(match method {
        Method::Deduct(rule) => deduct(rule, most, value),
        Method::Linear(knots) => linear(knots, value)?,
        Method::Goalposts { worst, best } => most * share((value - worst) / (best - worst)),
        Method::Band { ideal, zero } => {
            let up = (value - zero.0) / (ideal.0 - zero.0);
            let down = (zero.1 - value) / (zero.1 - ideal.1);
            most * share(up.min(down))
        }
        Method::Steps { steps, otherwise } => {
            let met = steps.iter().find(|step| step.is.holds(value, step.bound));
            met.map_or(*otherwise, |step| step.score)
        }
        Method::RatioToPlan { cap, .. } => {
            let plan = plan.filter(|plan| !plan.is_zero())?;
            most * share((value / plan).min(*cap))
        }
        Method::Individual { .. } => return None,
    })
}

/// Between nothing and all.
fn share(number: Exact) -> Exact {
    number.clamp(Exact::zero(), Exact::one())
}

fn deduct(rule: &Deduct, most: Exact, value: Exact) -> Exact {
    let gap = match rule.direction {
        Gap::Above => value - rule.target,
        Gap::Below => rule.target - value,
    };
    let steps = gap.max(Exact::zero()) / rule.per;
    let steps = match rule.partial {
        Partial::Prorate => steps,
        Partial::Floor => steps.floor(),
        Partial::Ceil => steps.ceil(),
    };
    (most - rule.points * steps).max(rule.floor)
}

/// Between two knots as the crow flies, beyond the last ones as at the last ones.
fn linear(knots: &[(Exact, Exact)], value: Exact) -> Option<Exact> {
    let after = knots.iter().position(|(x, _)| value < *x);
    let Some(after) = after else { return knots.last().map(|(_, points)| *points) };
    let (x, points) = *knots.get(after)?;
    let Some((before_x, before_points)) = after.checked_sub(1).and_then(|at| knots.get(at)) else {
        return Some(points);
    };
    let way = (value - before_x) / (x - before_x);
    Some(before_points + (points - before_points) * way)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::formula::decimal;
    use crate::spec::scoring::Comparison;
    use crate::spec::scoring::Plan;
    use crate::spec::scoring::Step;

    fn number(text: &str) -> Exact {
        decimal(text).unwrap()
    }

    fn assert_points(method: &Method, most: &str, cases: &[(&str, &str)]) {
        for (value, points) in cases {
            let found = earned(method, number(most), number(value), None);
            assert_eq!(found, Some(number(points)), "{method:?} at {value}");
        }
    }

    fn deduct(target: &str, per: &str, points: &str, partial: Partial, direction: Gap) -> Method {
        let [target, per, points] = [target, per, points].map(number);
        Method::Deduct(Deduct { target, per, points, partial, direction, floor: Exact::zero() })
    }

    /// METHOD.md 4.6: 96.6 % is 1.4 points below 98 %, each half a point.
    #[test]
    fn a_part_of_a_step_costs_what_the_rule_says() {
        let rule = |partial| deduct("0.98", "0.01", "0.5", partial, Gap::Below);
        assert_points(&rule(Partial::Prorate), "20", &[("0.966", "19.3"), ("0.99", "20")]);
        assert_points(&rule(Partial::Ceil), "20", &[("0.966", "19"), ("0.95", "18.5")]);
        assert_points(&rule(Partial::Floor), "20", &[("0.966", "19.5"), ("0.95", "18.5")]);
    }

    /// indicators.md: A2.1 超编控制, half of three points a post.
    #[test]
    fn every_post_over_costs_and_the_floor_holds() {
        let rule = deduct("0", "1", "1.5", Partial::Ceil, Gap::Above);
        assert_points(&rule, "3", &[("0", "3"), ("1", "1.5"), ("2", "0"), ("9", "0")]);
    }

    /// indicators.md: A3.1 实名信息完整率.
    #[test]
    fn knots_are_joined_by_lines_and_flat_outside() {
        let knots = [("0.90", "0"), ("0.98", "1.6"), ("1.00", "2")];
        let rule = Method::Linear(knots.map(|(x, p)| (number(x), number(p))).to_vec());
        let cases = [("0.5", "0"), ("0.9", "0"), ("0.94", "0.8"), ("0.98", "1.6"), ("0.99", "1.8")];
        assert_points(&rule, "2", &cases);
        assert_points(&rule, "2", &[("1", "2"), ("1.2", "2")]);
    }

    /// METHOD.md 4.6: 15 × (0.20 − 0.065) / (0.20 − 0.02); lower is better.
    #[test]
    fn goalposts_run_either_way() {
        let rule = Method::Goalposts { worst: number("0.20"), best: number("0.02") };
        assert_points(&rule, "15", &[("0.065", "11.25"), ("0.3", "0"), ("0", "15")]);
        let rule = Method::Goalposts { worst: number("0.4"), best: number("0.8") };
        assert_points(&rule, "3", &[("0.6", "1.5"), ("0.4", "0"), ("0.9", "3")]);
    }

    /// METHOD.md 4.6: 25 × (1.60 − 1.18) / (1.60 − 1.10).
    #[test]
    fn a_band_falls_on_both_sides() {
        let rule = Method::Band {
            ideal: (number("0.85"), number("1.10")),
            zero: (number("0.50"), number("1.60")),
        };
        let cases = [("1.18", "21"), ("0.85", "25"), ("1.1", "25"), ("0.675", "12.5")];
        assert_points(&rule, "25", &cases);
        assert_points(&rule, "25", &[("0.5", "0"), ("0.1", "0"), ("1.6", "0"), ("3", "0")]);
    }

    /// indicators.md: C2.1 领导职数使用 and E3.1 平时考核好等次控制.
    #[test]
    fn the_first_step_that_holds_counts() {
        let step = |is, bound, score| Step { is, bound: number(bound), score: number(score) };
        let rule = Method::Steps {
            steps: vec![
                step(Comparison::Above, "1.00", "0"),
                step(Comparison::AtLeast, "0.70", "2"),
            ],
            otherwise: number("1.4"),
        };
        assert_points(&rule, "2", &[("1.01", "0"), ("1", "2"), ("0.7", "2"), ("0.69", "1.4")]);
        let rule = Method::Steps {
            steps: vec![
                step(Comparison::AtMost, "0.40", "2"),
                step(Comparison::AtMost, "0.45", "1"),
            ],
            otherwise: number("0"),
        };
        assert_points(&rule, "2", &[("0.4", "2"), ("0.41", "1"), ("0.45", "1"), ("0.46", "0")]);
    }

    #[test]
    fn a_plan_is_reached_in_part_or_whole() {
        let rule = Method::RatioToPlan { plan: Plan::PeerMedian, cap: Exact::one() };
        let points =
            |value: &str, plan: &str| earned(&rule, number("4"), number(value), Some(number(plan)));
        assert_eq!(points("90", "120"), Some(number("3")));
        assert_eq!(points("150", "120"), Some(number("4")));
        assert_eq!(points("150", "0"), None);
    }
}
