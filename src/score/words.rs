//! What does a rule say, and why was a leaf not scored? In the words of the people who are judged.

use super::Availability;
use crate::spec::formula::Exact;
use crate::spec::scoring::Comparison;
use crate::spec::scoring::Condition;
use crate::spec::scoring::Deduct;
use crate::spec::scoring::Gap;
use crate::spec::scoring::Method;
use crate::spec::scoring::Partial;
use crate::spec::scoring::Rule;
use crate::spec::scoring::written;

/// The rule of a leaf of so many points.
pub(super) fn rule(rule: &Rule, most: Exact) -> String {
    let shrunk = rule.is_shrunk.then(|| "按同类收缩后计分".to_owned());
    let least = rule.min_n.map(|least| format!("样本不足 {} 只报告不评分", written(least)));
    let when = rule.applies_when.as_ref().map(|when| format!("{} 时适用", condition(when)));
    let needed = rule.requires.as_ref().map(|needed| format!("须 {}", condition(needed)));
    let clauses = [Some(method(&rule.method, most)), shrunk, least, when, needed];
    clauses.into_iter().flatten().collect::<Vec<_>>().join(";")
}

fn method(method: &Method, most: Exact) -> String {
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
        Method::RatioToPlan { .. } => format!("达到上年同类中位数得 {full} 分,不足按比例"),
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

/// Too little is known to score what has a title.
pub(super) fn scarce(title: &str, available: Availability, least: Exact) -> String {
    let least = written(least * Exact::from(100));
    let (due, kept) = (written(available.due), written(available.kept));
    format!("{title}应有数据 {due} 分,实有 {kept} 分,不足 {least}%")
}

/// A condition as its file says it.
pub(super) fn condition(condition: &Condition) -> String {
    let is = match condition.is {
        Comparison::AtLeast => ">=",
        Comparison::Above => ">",
        Comparison::AtMost => "<=",
        Comparison::Below => "<",
    };
    format!("{} {is} {}", condition.metric.value, written(condition.bound))
}

fn comparison(is: Comparison) -> &'static str {
    match is {
        Comparison::AtLeast => "不低于",
        Comparison::Above => "高于",
        Comparison::AtMost => "不高于",
        Comparison::Below => "低于",
    }
}
