//! How does a value become points, in the words of the people who are judged?

use super::Comparison;
use super::Deduct;
use super::Gap;
use super::Method;
use super::Partial;
use super::Plan;
use super::written;
use crate::spec::formula::Exact;

/// The method of a rule, for a leaf of so many points.
pub fn method(method: &Method, most: Exact) -> String {
    let full = written(most);
    match method {
        Method::Deduct(rule) => deduct(rule),
        Method::Linear(knots) => {
            let knots: Vec<String> = knots
                .iter()
                .map(|(x, points)| format!("{} 得 {} 分", written(*x), written(*points)))
                .collect();
            format!("{},其间按直线计算", knots.join(","))
        }
        Method::Goalposts { worst, best } => {
            format!("{} 得 0 分,{} 得 {full} 分,其间按直线计算", written(*worst), written(*best))
        }
        Method::Band { ideal, zero } => format!(
            "{} 至 {} 得 {full} 分,低至 {} 或高至 {} 得 0 分,其间按直线计算",
            written(ideal.0),
            written(ideal.1),
            written(zero.0),
            written(zero.1)
        ),
        Method::Steps { steps, otherwise } => {
            let rows = steps.iter().map(|step| {
                let is = comparison(step.is);
                format!("{is} {} 得 {} 分", written(step.bound), written(step.score))
            });
            let last = format!("其余得 {} 分", written(*otherwise));
            rows.chain([last]).collect::<Vec<_>>().join(",")
        }
        Method::RatioToPlan { plan, .. } => {
            let plan = match plan {
                Plan::PeerMedian => "上年同类中位数",
                Plan::OwnMean => "本单位前两年均值",
            };
            format!("达到{plan}得 {full} 分,不足按比例")
        }
        Method::Individual { slot } => format!("个性指标之{slot}"),
    }
}

fn deduct(rule: &Deduct) -> String {
    let side = match rule.direction {
        Gap::Above => "高于",
        Gap::Below => "低于",
    };
    let partial = match rule.partial {
        Partial::Prorate => "不足一步按比例",
        Partial::Floor => "不足一步不计",
        Partial::Ceil => "不足一步按一步计",
    };
    let (target, per) = (written(rule.target), written(rule.per));
    let (points, floor) = (written(rule.points), written(rule.floor));
    format!("{side} {target} 每 {per} 扣 {points} 分,{partial},扣至 {floor} 分为止")
}

/// A comparison.
pub fn comparison(is: Comparison) -> &'static str {
    match is {
        Comparison::AtLeast => "不低于",
        Comparison::Above => "高于",
        Comparison::AtMost => "不高于",
        Comparison::Below => "低于",
    }
}
