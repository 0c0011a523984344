//! How does a value become points, in words?

use super::below::Below;
use crate::spec::scoring::Comparison;
use crate::spec::scoring::Condition;
use crate::spec::scoring::Deduct;
use crate::spec::scoring::Gap;
use crate::spec::scoring::Method;
use crate::spec::scoring::Missing;
use crate::spec::scoring::Partial;
use crate::spec::scoring::written;

pub(super) fn method(method: &Method) -> String {
    match method {
        Method::Deduct(deduct) => deducted(deduct),
        Method::Linear(knots) => {
            let knot = |(value, points): &(_, _)| {
                format!("{} 得 {} 分", written(*value), written(*points))
            };
            let knots = knots.iter().map(knot).collect::<Vec<_>>().join(",");
            format!("折线:{knots};其间按直线,两端取平")
        }
        Method::Goalposts { worst, best } => {
            format!("直线:{} 得 0 分,{} 得满分", written(*worst), written(*best))
        }
        Method::Band { ideal, zero } => format!(
            "区间:{} 至 {} 得满分;降至 {} 或升至 {} 为 0 分,其间按直线",
            written(ideal.0),
            written(ideal.1),
            written(zero.0),
            written(zero.1)
        ),
        Method::Steps { steps, otherwise } => {
            let step = |step: &crate::spec::scoring::Step| {
                format!("{} {} 得 {} 分", sign(step.is), written(step.bound), written(step.score))
            };
            let steps = steps.iter().map(step).collect::<Vec<_>>().join(",");
            format!("分档:{steps},其余得 {} 分", written(*otherwise))
        }
        Method::RatioToPlan { cap } => {
            format!("与参照年度同类中位数之比乘以分值,比值以 {} 为限", written(*cap))
        }
        Method::Individual { slot } => format!("自选指标第 {slot} 项"),
    }
}

fn deducted(deduct: &Deduct) -> String {
    let side = match deduct.direction {
        Gap::Above => "高于",
        Gap::Below => "低于",
    };
    let partial = match deduct.partial {
        Partial::Prorate => "按比例扣",
        Partial::Floor => "不扣",
        Partial::Ceil => "按足额扣",
    };
    format!(
        "扣分:{side} {} 的,每 {} 扣 {} 分,不足者{partial},最低 {} 分",
        written(deduct.target),
        written(deduct.per),
        written(deduct.points),
        written(deduct.floor)
    )
}

pub(super) fn condition(below: &Below<'_>, condition: &Condition) -> String {
    format!(
        "{} {} {}",
        below.named(&condition.metric.value),
        sign(condition.is),
        written(condition.bound)
    )
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::AtLeast => "≥",
        Comparison::Above => ">",
        Comparison::AtMost => "≤",
        Comparison::Below => "<",
    }
}

pub(super) fn missing(missing: Missing) -> String {
    match missing {
        Missing::Redistribute => "分值转给同级其他指标".to_owned(),
        Missing::Withhold => "全单位不出分".to_owned(),
        Missing::Zero => "记 0 分".to_owned(),
        Missing::Impute(cap) => format!("按同类中位数所得分的 {}", written(cap)),
    }
}
