//! Under which condition is a rule asked, and what becomes of what is missing?

use super::below::Below;
use crate::spec::scoring::Condition;
use crate::spec::scoring::Missing;
use crate::spec::scoring::words::comparison;
use crate::spec::scoring::written;

pub(super) fn condition(below: &Below<'_>, condition: &Condition) -> String {
    format!(
        "{} {} {}",
        below.named(&condition.metric.value),
        comparison(condition.is),
        written(condition.bound)
    )
}

pub(super) fn missing(missing: Missing) -> String {
    match missing {
        Missing::Redistribute => "分值转给同级其他指标".to_owned(),
        Missing::Withhold => "全单位不出分".to_owned(),
        Missing::Zero => "记 0 分".to_owned(),
        Missing::Impute(cap) => format!("按同类中位数所得分的 {}", written(cap)),
    }
}
