//! What do analysts see of metrics? A view for each level and kind of period, of what adds up and of what does not, and
//! a wide one a pipeline.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::dialect::quoted;
use super::dialect::text;
use super::sheet::Area;
use super::view::View;
use crate::base::period::PeriodKind;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Pipeline;

/// Whose values a view shows.
struct Level<'l> {
    /// How its view is called, and by its rows.
    name: &'l str,
    title: Cow<'l, str>,
    /// The level whose values theirs add up to.
    total: Option<&'static str>,
    /// Whether it is a dimension, by whose values units are taken apart.
    is_dimension: bool,
}

/// The levels whose rows are called as they are.
const LEVELS: [(&str, &str, Option<&str>); 6] = [
    ("section", "内设机构", Some("unit")),
    ("unit", "机构", Some("city")),
    ("parent", "主管部门", Some("city")),
    ("category", "机构类别", Some("city")),
    ("county", "区县", Some("city")),
    ("city", "全市", None),
];

/// What the dimensions of the catalogue are called; others by their names.
const DIMENSIONS: [(&str, &str); 3] =
    [("item", "分事项"), ("duty", "分职责"), ("post_kind", "分编制类别")];

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
    let mut views = Vec::new();
    for (name, title, total) in
        LEVELS.iter().filter(|(name, ..)| *name != "section" || has_sections)
    {
        let level = Level { name, title: Cow::from(*title), total: *total, is_dimension: false };
        for kind in &kinds {
            views.extend([level.additive(*kind), level.ratio(*kind)]);
        }
    }
    views.extend(by_dimension(catalog));
    views
}

/// Units taken apart by their items, duties, kinds of posts.
fn by_dimension(catalog: &Catalog) -> Vec<View> {
    let mut known: BTreeMap<(&str, PeriodKind), BTreeSet<bool>> = BTreeMap::new();
    for metric in catalog.metrics() {
        let dimensions = metric.grain.iter().filter_map(|grain| match grain {
            Grain::By(name) => Some(name.as_str()),
            Grain::Unit | Grain::Section => None,
        });
        for name in dimensions {
            for kind in metric.periods.iter().filter(|kind| metric.tells(name, **kind)) {
                known.entry((name, *kind)).or_default().insert(metric.is_additive);
            }
        }
    }
    let views = known.into_iter().flat_map(|((name, kind), additive)| {
        let title = DIMENSIONS.iter().find(|(of, _)| *of == name).map(|(_, title)| *title);
        let title = title.map_or_else(|| Cow::from(format!("分 {name} ")), Cow::from);
        let level = Level { name, title, total: Some("city"), is_dimension: true };
        additive
            .into_iter()
            .map(move |is| if is { level.additive(kind) } else { level.ratio(kind) })
    });
    views.collect()
}

/// A column that says whom a value `v` is of: its name, its title, and what is selected for it.
type Whom = (&'static str, &'static str, &'static str);

const UNIT: [Whom; 2] = [
    ("unit_id", "机构编码", "v.unit_id"),
    ("unit_name", "机构名称", "(select n.name from {unit_now} as n where n.unit_id = v.unit_id)"),
];

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

const DEFINED: &str =
    "join {metric_definition} as d on d.metric = v.metric and d.version = v.version";

impl Level<'_> {
    /// Whom a row is of.
    fn whom(&self) -> Vec<Whom> {
        let own = match self.name {
            "unit" => return UNIT.to_vec(),
            "section" => ("section_id", "内设机构编码", "v.section_id"),
            _ if self.is_dimension => ("dim_value", "维度取值", "v.dim_value"),
            _ => return vec![("group_id", "合计编码", "v.dim_value")],
        };
        UNIT.into_iter().chain([own]).collect()
    }

    /// Its rows of a kind of period; a unit's own are not its parts'.
    fn rows(&self, kind: PeriodKind) -> String {
        if self.is_dimension {
            let of = format!(" and v.dim = {}", text(self.name));
            return rows("unit", kind) + &of;
        }
        let own = if matches!(self.name, "section" | "unit") { " and v.dim is null" } else { "" };
        rows(self.name, kind) + own
    }

    /// Values that add up over the rows of a period. What no row shows, because it is withheld or belongs to
    /// none, is a row of its own, so that the sum is what is published above.
    fn additive(&self, kind: PeriodKind) -> View {
        let (name, period) = word(kind);
        let whom = self.whom();
        let mut query = format!(
            "select v.metric, d.title, d.measured_in, {}, v.period, v.value, v.status\n\
             from {{metric_value}} as v {DEFINED}\nwhere {} and d.additive",
            selected(&whom),
            self.rows(kind)
        );
        if let Some(total) = self.total {
            query = format!("{query}\nunion all\n{}", self.rest(&whom, total, kind));
            if total == "unit" {
                // Units that are withheld themselves have no rest of their own.
                let title = Cow::from("");
                let units = Level { name: total, title, total: None, is_dimension: false };
                query = format!("{query}\nunion all\n{}", units.rest(&whom, "city", kind));
            }
        }
        View {
            area: Area::Metric,
            name: format!("{}_{name}_additive", self.name),
            title: format!("{}{period}可加指标", self.title),
            means: "未单列的部分(不予公布、无法归属)合为状态 rest 的一行,故各行之和等于公布的合计"
                .to_owned(),
            adds: "同一指标同一周期内可加",
            columns: named(&whom, &[PERIOD, VALUE, STATUS]),
            query,
            is_chinese: false,
        }
    }

    /// What the rows lack of what is published above.
    fn rest(&self, whom: &[Whom], total: &str, kind: PeriodKind) -> String {
        let is_of_units = total == "unit";
        let (unit, same) =
            if is_of_units { ("v.unit_id, ", " and s.unit_id = v.unit_id") } else { ("", "") };
        let empty = whom.iter().map(|(name, title, from)| match *name {
            "unit_id" | "unit_name" if is_of_units => (*name, *title, *from),
            "unit_name" => (*name, *title, "'其余'"),
            _ => (*name, *title, "cast(null as text)"),
        });
        let own = if is_of_units { " and v.dim is null" } else { "" };
        format!(
            "select v.metric, d.title, d.measured_in, {}, v.period, \
             v.value - coalesce(s.value, 0), 'rest'\n\
             from {{metric_value}} as v {DEFINED}\n\
             {} join (select v.metric, {unit}v.period, sum(v.value) as value \
             from {{metric_value}} as v where {} group by v.metric, {unit}v.period) as s \
             on s.metric = v.metric and s.period = v.period{same}\n\
             where {}{own} and d.additive and v.value is not null \
             and (s.value is null or abs(v.value - s.value) > 0.0000001)",
            selected(&empty.collect::<Vec<_>>()),
            // A metric that no unit is taken apart for has no rows here, and no rest either.
            if self.is_dimension { "inner" } else { "left" },
            self.rows(kind),
            rows(total, kind)
        )
    }

    /// Values that do not add up, ratios with what they are made of.
    fn ratio(&self, kind: PeriodKind) -> View {
        let (name, period) = word(kind);
        let rest = [PERIOD, VALUE, SHOWN, NUMERATOR, DENOMINATOR, BASE, STATUS, REASON];
        View {
            name: format!("{}_{name}_ratio", self.name),
            title: format!("{}{period}不可加指标", self.title),
            means: "比率带分子和分母,合计时分别相加再相除;中位数等没有分子分母".to_owned(),
            adds: "不可加",
            ..listed(&self.whom(), &rest, &format!("{} and not d.additive", self.rows(kind)))
        }
    }
}

/// Rows of a level of `metric_value` and a kind of period.
fn rows(level: &str, kind: PeriodKind) -> String {
    format!("v.level = {} and v.period_kind = {}", text(level), text(kind.name()))
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
    // SQLite divides whole numbers as such, and one sum of these is divided by another.
    let told = columns.iter().map(|(name, _)| match *name {
        "numerator" => "v.numerator * 1.0 as numerator".to_owned(),
        name => format!("v.{name}"),
    });
    let told: Vec<String> = told.collect();
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
