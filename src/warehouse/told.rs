//! What do analysts see of metrics? A view for each level and kind of period, of what adds up and of what does not, and
//! a wide one a pipeline.

use std::collections::BTreeSet;

use super::dialect::quoted;
use super::dialect::text;
use super::sheet::Area;
use super::view::View;
use crate::base::period::PeriodKind;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Pipeline;

/// The levels: their words, and the level whose values theirs add up to.
const LEVELS: [(&str, &str, &str); 6] = [
    ("section", "内设机构", "unit"),
    ("unit", "机构", "city"),
    ("parent", "主管部门", "city"),
    ("category", "机构类别", "city"),
    ("county", "区县", "city"),
    ("city", "全市", ""),
];

fn word(kind: PeriodKind) -> (&'static str, &'static str) {
    match kind {
        PeriodKind::Month => ("month", "月度"),
        PeriodKind::Quarter => ("quarter", "季度"),
        PeriodKind::Year => ("year", "年度"),
        PeriodKind::Ytd => ("ytd", "本年累计"),
        PeriodKind::Ttm => ("trailing", "近十二个月"),
    }
}

/// The views of metrics, for the levels and kinds of periods that some metric has.
pub(super) fn told(catalog: &Catalog) -> Vec<View> {
    let kinds: BTreeSet<PeriodKind> =
        catalog.metrics().flat_map(|metric| metric.periods.iter().copied()).collect();
    let has_sections = catalog.metrics().any(|metric| metric.grain.contains(&Grain::Section));
    let levels = LEVELS.iter().filter(|(level, ..)| *level != "section" || has_sections);
    let mut views = Vec::new();
    for (level, title, total) in levels {
        for kind in &kinds {
            views.push(additive((level, title), total, *kind));
            views.push(ratio((level, title), *kind));
        }
    }
    for kind in &kinds {
        views.push(parts(*kind));
    }
    views
}

/// A column that says whom a value `v` is of: its name, its title, and what is selected for it.
type Whom = (&'static str, &'static str, &'static str);

/// Whom a row of a level is of.
fn whom(level: &str) -> Vec<Whom> {
    match level {
        "section" => vec![
            ("unit_id", "机构编码", "v.unit_id"),
            (
                "unit_name",
                "机构名称",
                "(select n.name from {unit_now} as n where n.unit_id = v.unit_id)",
            ),
            ("section_id", "内设机构编码", "v.section_id"),
        ],
        "unit" => vec![
            ("unit_id", "机构编码", "v.unit_id"),
            (
                "unit_name",
                "机构名称",
                "(select n.name from {unit_now} as n where n.unit_id = v.unit_id)",
            ),
        ],
        _ => vec![("group_id", "合计编码", "v.dim_value")],
    }
}

fn selected(whom: &[Whom]) -> String {
    let columns = whom.iter().map(|(name, _, from)| format!("{from} as {name}"));
    columns.collect::<Vec<_>>().join(", ")
}

fn named(whom: &[Whom], rest: &[(&str, &str)]) -> Vec<(String, String)> {
    let head = [("metric", "指标"), ("title", "指标名称"), ("measured_in", "计量单位")].into_iter();
    let whom = whom.iter().map(|(name, title, _)| (*name, *title));
    let all = head.chain(whom).chain(rest.iter().copied());
    all.map(|(name, title)| (name.to_owned(), title.to_owned())).collect()
}

/// Rows of one level and kind of period; a unit's own, not its parts.
fn rows(level: &str, kind: PeriodKind) -> String {
    let own = if matches!(level, "section" | "unit") { " and v.dim is null" } else { "" };
    let kind = text(kind.name());
    format!("v.level = {} and v.period_kind = {kind}{own}", text(level))
}

const DEFINED: &str =
    "join {metric_definition} as d on d.metric = v.metric and d.version = v.version";

/// Values that add up over the rows of a period. What no row shows, because it is withheld or belongs to none,
/// is a row of its own, so that the sum is what is published above.
fn additive((level, title): (&str, &str), total: &str, kind: PeriodKind) -> View {
    let (name, period) = word(kind);
    let whom = whom(level);
    let mut query = format!(
        "select v.metric, d.title, d.measured_in, {}, v.period, v.value, v.status\n\
         from {{metric_value}} as v {DEFINED}\nwhere {} and d.additive",
        selected(&whom),
        rows(level, kind)
    );
    if !total.is_empty() {
        let unit = if level == "section" { "v.unit_id, " } else { "" };
        let same = if level == "section" { " and s.unit_id = v.unit_id" } else { "" };
        let empty = whom.iter().map(|(name, title, from)| match (level, *name) {
            ("section", "unit_id" | "unit_name") => (*name, *title, *from),
            (_, "unit_name") => (*name, *title, "'其余'"),
            _ => (*name, *title, "cast(null as text)"),
        });
        let empty = selected(&empty.collect::<Vec<_>>());
        query = format!(
            "{query}\nunion all\n\
             select v.metric, d.title, d.measured_in, {empty}, v.period, \
             v.value - coalesce(s.value, 0), 'rest'\n\
             from {{metric_value}} as v {DEFINED}\n\
             left join (select v.metric, {unit}v.period, sum(v.value) as value \
             from {{metric_value}} as v where {} group by v.metric, {unit}v.period) as s \
             on s.metric = v.metric and s.period = v.period{same}\n\
             where {} and d.additive and abs(v.value - coalesce(s.value, 0)) > 0.0000001",
            rows(level, kind),
            rows(total, kind)
        );
    }
    View {
        area: Area::Metric,
        name: format!("{level}_{name}_additive"),
        title: format!("{title}{period}可加指标"),
        means: "未单列的部分(不予公布、无法归属)合为状态 rest 的一行,故各行之和等于公布的合计"
            .to_owned(),
        adds: "同一指标同一周期内可加",
        columns: named(&whom, &[PERIOD, VALUE, STATUS]),
        query,
        is_chinese: false,
    }
}

/// Values that do not add up, ratios with what they are made of.
fn ratio((level, title): (&str, &str), kind: PeriodKind) -> View {
    let (name, period) = word(kind);
    let rest = [PERIOD, VALUE, SHOWN, NUMERATOR, DENOMINATOR, BASE, STATUS, REASON];
    View {
        name: format!("{level}_{name}_ratio"),
        title: format!("{title}{period}不可加指标"),
        means: "比率带分子和分母,合计时分别相加再相除;中位数等没有分子分母".to_owned(),
        adds: "不可加",
        ..listed(&whom(level), &rest, &format!("{} and not d.additive", rows(level, kind)))
    }
}

/// Values of parts of units and sections: duties, kinds of posts.
fn parts(kind: PeriodKind) -> View {
    let (name, period) = word(kind);
    let of = [
        ("level", "层级"),
        ("section_id", "内设机构编码"),
        ("dim", "维度"),
        ("dim_value", "维度取值"),
    ];
    let rest = [PERIOD, VALUE, SHOWN, NUMERATOR, DENOMINATOR, STATUS, REASON];
    let kind = text(kind.name());
    let which =
        format!("v.level in ('section', 'unit') and v.dim is not null and v.period_kind = {kind}");
    View {
        name: format!("part_{name}"),
        title: format!("{period}分项指标"),
        means: "机构和内设机构按职责、编制类别等维度分开的值".to_owned(),
        adds: "不可加:同一数值按机构和内设机构各列一次",
        ..listed(&whom("unit"), &[&of[..], &rest].concat(), &which)
    }
}

const PERIOD: (&str, &str) = ("period", "周期");
const VALUE: (&str, &str) = ("value", "准确值");
const SHOWN: (&str, &str) = ("shown", "显示值");
const NUMERATOR: (&str, &str) = ("numerator", "分子");
const DENOMINATOR: (&str, &str) = ("denominator", "分母");
const BASE: (&str, &str) = ("base", "基数");
const STATUS: (&str, &str) = ("status", "状态");
const REASON: (&str, &str) = ("reason", "无值原因");

/// Some values with these columns of theirs, as they stand; who takes it gives it a name.
fn listed(whom: &[Whom], columns: &[(&str, &str)], which: &str) -> View {
    let told: Vec<String> = columns.iter().map(|(name, _)| format!("v.{name}")).collect();
    View {
        area: Area::Metric,
        name: String::new(),
        title: String::new(),
        means: String::new(),
        adds: "",
        query: format!(
            "select v.metric, d.title, d.measured_in, {}, {}\nfrom {{metric_value}} as v {DEFINED}\nwhere {which}",
            selected(whom),
            told.join(", ")
        ),
        columns: named(whom, columns),
        is_chinese: false,
    }
}

/// A row a unit and period, a column a metric of a pipeline.
pub(super) fn wide(pipeline: &Pipeline) -> Option<View> {
    let of_units = pipeline.metrics.iter().filter(|metric| metric.grain.contains(&Grain::Unit));
    let metrics: Vec<(String, String)> =
        of_units.map(|metric| (metric.name.clone(), metric.title.clone())).collect();
    let head = [
        ("unit_id", "机构编码"),
        ("unit_name", "机构名称"),
        ("category", "机构类别"),
        ("period_kind", "周期类型"),
        ("period", "周期"),
    ];
    let values: Vec<String> = metrics
        .iter()
        .map(|(name, _)| {
            format!("max(v.value) filter (where v.metric = {}) as {}", text(name), quoted(name))
        })
        .collect();
    let names: Vec<String> = metrics.iter().map(|(name, _)| text(name)).collect();
    (!metrics.is_empty()).then(|| View {
        area: Area::Metric,
        name: format!("wide_{}", pipeline.name),
        title: format!("{}·宽表", pipeline.title),
        means: "一行一个机构一个周期,一列一个指标;没有值的为空".to_owned(),
        adds: "不可加:可加与不可加的指标并列,又含各类周期",
        query: format!(
            "select v.unit_id, n.name as unit_name, n.category, v.period_kind, v.period,\n    {}\n\
             from {{metric_value}} as v left join {{unit_now}} as n on n.unit_id = v.unit_id\n\
             where v.level = 'unit' and v.dim is null and v.metric in ({})\n\
             group by v.unit_id, n.name, n.category, v.period_kind, v.period",
            values.join(",\n    "),
            names.join(", ")
        ),
        columns: head
            .iter()
            .map(|(name, title)| ((*name).to_owned(), (*title).to_owned()))
            .chain(metrics)
            .collect(),
        is_chinese: false,
    })
}
