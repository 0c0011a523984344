//! What does a rule say, and why was a leaf not scored? In the words of the people who are judged.

use super::Availability;
use crate::spec::formula::Exact;
use crate::spec::scoring::Comparison;
use crate::spec::scoring::Condition;
use crate::spec::scoring::Rule;
use crate::spec::scoring::words::method;
use crate::spec::scoring::written;

/// The rule of a leaf of so many points.
pub fn rule(rule: &Rule, most: Exact) -> String {
    let shrunk = rule.is_shrunk.then(|| "按同类收缩后计分".to_owned());
    let least = rule.min_n.map(|least| format!("样本不足 {} 只报告不评分", written(least)));
    let when = rule.applies_when.as_ref().map(|when| format!("{} 时适用", condition(when)));
    let needed = rule.requires.as_ref().map(|needed| format!("须 {}", condition(needed)));
    let clauses = [Some(method(&rule.method, most)), shrunk, least, when, needed];
    clauses.into_iter().flatten().collect::<Vec<_>>().join(";")
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
