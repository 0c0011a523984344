//! When has a metric no value, or a thin one? Each status and reason, in the words of its own definition.

use super::Grid;
use super::below::Below;
use super::below::Counted;
use super::below::tables;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Base;
use crate::spec::pipeline::Make;
use crate::spec::pipeline::Metric;
use crate::spec::scoring::written;
use crate::spec::sql::AggregateKind;

/// What each status means for a metric.
pub(super) fn cases<'c>(below: &Below<'c>, metric: &'c Metric, measures: &[Counted<'c>]) -> Grid {
    let asks = Asks::of(below, metric);
    let tables: Vec<String> =
        tables(below, measures).into_iter().map(|name| below.table(name)).collect();
    let tables = tables.join("、");
    let base = |base: &Base| (below.named(&base.name.value), written(base.at_least));
    let mut rows = vec![case("ok", "", "公式有值,且不属于以下各情形")];
    if let Some((name, least)) = metric.few.as_ref().map(base) {
        rows.push(case("few", "", &format!("{name} 不足 {least}:照常给出数值,标明样本偏少")));
    }
    if let Some((name, least)) = metric.need.as_ref().map(base) {
        rows.push(case("no_data", "below", &format!("{name} 不足 {least}:不计算")));
    }
    if !asks.divisors.is_empty() {
        let divisors = asks.divisors.join("、");
        rows.push(case("no_data", "zero_denominator", &format!("除数为 0:{divisors}")));
    }
    rows.push(case("no_data", "no_value", &no_value(below, measures, asks.is_over)));
    rows.push(case("no_data", "not_known", &format!("期间结束时,{tables}尚无任何记录")));
    if Below::asks_calendar(measures) {
        rows.push(case("no_data", "no_calendar", "以工作日计,而该年的工作日历尚未公布"));
    }
    if asks.is_of_other_period {
        rows.push(case("no_data", "not_whole", "公式所需的另一期间数据不全"));
    }
    rows.push(case("not_applicable", "not_fed", &format!("没有数据流提供{tables}")));
    if !asks.peers.is_empty() {
        let peers = asks.peers.join("、");
        let means = format!("该年没有同类参照可供比较:{peers}");
        rows.push(case("not_applicable", "no_peers", &means));
    }
    let lists = lists(measures);
    if !lists.is_empty() {
        let means = format!("名录 {} 中没有该机构", lists.join("、"));
        rows.push(case("not_applicable", "not_listed", &means));
    }
    if let Some((name, least)) = metric.withhold.as_ref().map(base) {
        let means = format!("{name} 不足 {least},或由其他已公布的数值相减可得:不予公布");
        rows.push(case("withheld", "", &means));
    }
    Grid::of("状态", &["状态", "原因", "何时出现"], &[0, 1], rows)
}

fn case(status: &str, reason: &str, means: &str) -> Vec<String> {
    [status, reason, means].map(str::to_owned).to_vec()
}

/// What a formula asks for that may not be there.
#[derive(Default)]
struct Asks {
    divisors: Vec<String>,
    peers: Vec<String>,
    is_over: bool,
    is_of_other_period: bool,
}

impl Asks {
    fn of<'c>(below: &Below<'c>, metric: &'c Metric) -> Asks {
        let mut asks = Asks::default();
        below.each(&metric.value, &mut |piece| match piece {
            Formula::Divide(_, divisor) if !is_number(divisor) => {
                let mut names = Vec::new();
                divisor.each_name(&mut |name| names.push(below.named(name)));
                push(&mut asks.divisors, names.join(" 与 "));
            }
            Formula::Peers(name) => push(&mut asks.peers, below.named(name)),
            Formula::Over(..) => asks.is_over = true,
            Formula::At(..) => asks.is_of_other_period = true,
            _ => {}
        });
        asks
    }
}

fn push(into: &mut Vec<String>, text: String) {
    if !into.contains(&text) {
        into.push(text);
    }
}

fn is_number(formula: &Formula) -> bool {
    matches!(formula, Formula::Number(number) if *number != Exact::from(0))
}

fn no_value(below: &Below<'_>, measures: &[Counted<'_>], is_over: bool) -> String {
    let of_rows = measures.iter().filter(|(measure, _)| {
        let kind = &measure.aggregate.kind;
        !kind.is_additive() && !matches!(kind, AggregateKind::Distinct(_))
    });
    let of_rows = of_rows.map(|(measure, _)| below.named(&measure.name));
    let of_rows = of_rows.collect::<Vec<_>>().join("、");
    let mut means = Vec::new();
    if !of_rows.is_empty() {
        means.push(format!("没有可计的行:{of_rows}"));
    }
    if is_over {
        means.push("可比较的部分不足两个,或其合计为 0".to_owned());
    }
    if means.is_empty() {
        means.push("公式中某一项在该期间没有值".to_owned());
    }
    means.join(";")
}

fn lists(measures: &[Counted<'_>]) -> Vec<String> {
    let mut lists = Vec::new();
    for (measure, fact) in measures {
        for derived in fact.made_for(&[measure]) {
            if let Make::Listed { list, .. } = &derived.make {
                push(&mut lists, list.value.clone());
            }
        }
    }
    lists
}
