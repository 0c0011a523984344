//! What do analysts see over the tables? A view for each level and kind of period, of what adds up and of what does
//! not; a wide one a pipeline; a Chinese one of everything; and `数据字典`, which says what all of it is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::design::Area;
use super::design::Design;
use super::design::Kind;
use super::design::Sheet;
use super::design::own;
use super::dialect::Engine;
use super::dialect::quoted;
use super::dialect::said;
use super::dialect::text;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::period::PeriodKind;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Grain;
use crate::spec::schema::FieldKind;

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Where it belongs.
    pub(super) area: Area,
    /// Its name.
    pub(super) name: String,
    /// Its title.
    pub(super) title: String,
    /// What it shows.
    pub(super) means: String,
    /// Whether, and over what, its values add up.
    pub(super) adds: &'static str,
    /// Its columns: names, titles.
    columns: Vec<(String, String)>,
    /// Its query; `{name}` is a table or view.
    query: String,
    /// The Chinese one of a table or view that has an English name.
    is_chinese: bool,
}

/// The table of what everything is.
pub(super) const DICTIONARY: &str = "数据字典";

/// Its columns.
const ENTRY: [(&str, &str, bool); 9] = [
    ("区", "所在模式", true),
    ("对象", "表或视图", true),
    ("名称", "中文名称", false),
    ("种类", "表或视图", false),
    ("列", "列", true),
    ("列名称", "列的中文名称", false),
    ("类型", "列的类型", false),
    ("说明", "含义", false),
    ("可加", "数值可否相加", false),
];

/// The dictionary as a table.
pub(super) fn dictionary() -> Sheet {
    own((Area::Core, DICTIONARY, DICTIONARY), &ENTRY)
}

/// Which tables or views are ours, by what the dictionary says that stands: their areas and names.
pub(super) fn ours(engine: Engine, kind: &str) -> String {
    let dictionary = engine.name(Area::Core, DICTIONARY);
    let (area, name, of) = (quoted("区"), quoted("对象"), quoted("种类"));
    format!("select distinct {area}, {name} from {dictionary} where {of} = {}", text(kind))
}

/// The words of the dictionary for what it names.
pub(super) const TABLE: &str = "表";
pub(super) const VIEW: &str = "视图";

impl View {
    /// How it is made.
    pub(super) fn create(&self, engine: Engine, areas: &BTreeMap<String, Area>) -> String {
        let mut query = String::new();
        let mut rest = self.query.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            query.push_str(before);
            // In SQLite a view sees what stands in its own file, by name alone.
            query.push_str(&match engine {
                Engine::Sqlite => quoted(name),
                Engine::Postgres => {
                    engine.name(areas.get(name).copied().unwrap_or(self.area), name)
                }
            });
            rest = tail;
        }
        query.push_str(rest);
        format!("create view {} as\n{query}", engine.name(self.area, &self.name))
    }

    /// What is said of it in a comment.
    pub(super) fn said(&self) -> String {
        let adds = if self.adds.is_empty() { String::new() } else { format!("。{}", self.adds) };
        format!("{}{adds}", said(&self.title, &self.means))
    }
}

/// Every view over the tables of a home.
pub(super) fn views(catalog: &Catalog, sheets: &BTreeMap<String, Sheet>) -> Vec<View> {
    let mut views = Vec::new();
    if sheets.contains_key("unit") {
        views.push(unit_now(sheets));
    }
    if ["metric_value", "metric_definition", "unit"].iter().all(|name| sheets.contains_key(*name)) {
        views.extend(told(catalog));
        views.extend(catalog.pipelines.iter().filter_map(wide));
    }
    let chinese = chinese(sheets, &views);
    views.extend(chinese);
    views
}

/// Units as they are now, a row each.
fn unit_now(sheets: &BTreeMap<String, Sheet>) -> View {
    let columns: Vec<(String, String)> = sheets.get("unit").map_or_else(Vec::new, shown);
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    View {
        area: Area::Core,
        name: "unit_now".to_owned(),
        title: "现有机构".to_owned(),
        means: "每个机构最近的一行".to_owned(),
        adds: "",
        query: format!(
            "select {} from {{unit}} as u where not exists (select 1 from {{unit}} as later \
             where later.unit_id = u.unit_id and later.valid_from > u.valid_from)",
            names.join(", ")
        ),
        columns,
        is_chinese: false,
    }
}

/// The columns of a table that people look at.
fn shown(sheet: &Sheet) -> Vec<(String, String)> {
    let seen = sheet.columns.iter().filter(|column| column.kind != Kind::Mark);
    seen.map(|column| (column.name.clone(), column.title.clone())).collect()
}

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
fn told(catalog: &Catalog) -> Vec<View> {
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

/// Whom a row of a level is of: names, titles, and what is selected for them from a value `v`.
fn whom(level: &str) -> Vec<(&'static str, &'static str, &'static str)> {
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

fn selected(whom: &[(&str, &str, &str)]) -> String {
    let columns = whom.iter().map(|(name, _, from)| format!("{from} as {name}"));
    columns.collect::<Vec<_>>().join(", ")
}

fn named(
    whom: &[(&'static str, &'static str, &'static str)],
    rest: &[(&str, &str)],
) -> Vec<(String, String)> {
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
        columns: named(&whom, &[("period", "周期"), ("value", "准确值"), ("status", "状态")]),
        query,
        is_chinese: false,
    }
}

/// Values that do not add up, ratios with what they are made of.
fn ratio((level, title): (&str, &str), kind: PeriodKind) -> View {
    let (name, period) = word(kind);
    let whom = whom(level);
    let rest = [
        ("period", "周期"),
        ("value", "准确值"),
        ("shown", "显示值"),
        ("numerator", "分子"),
        ("denominator", "分母"),
        ("base", "基数"),
        ("status", "状态"),
        ("reason", "无值原因"),
    ];
    let columns: Vec<String> = rest.iter().map(|(name, _)| format!("v.{name}")).collect();
    View {
        area: Area::Metric,
        name: format!("{level}_{name}_ratio"),
        title: format!("{title}{period}不可加指标"),
        means: "比率带分子和分母,合计时分别相加再相除;中位数等没有分子分母".to_owned(),
        adds: "不可加",
        query: format!(
            "select v.metric, d.title, d.measured_in, {}, {}\nfrom {{metric_value}} as v {DEFINED}\n\
             where {} and not d.additive",
            selected(&whom),
            columns.join(", "),
            rows(level, kind)
        ),
        columns: named(&whom, &rest),
        is_chinese: false,
    }
}

/// Values of parts of units and sections: duties, kinds of posts.
fn parts(kind: PeriodKind) -> View {
    let (name, period) = word(kind);
    let rest = [
        ("level", "层级"),
        ("section_id", "内设机构编码"),
        ("dim", "维度"),
        ("dim_value", "维度取值"),
        ("period", "周期"),
        ("value", "准确值"),
        ("shown", "显示值"),
        ("numerator", "分子"),
        ("denominator", "分母"),
        ("status", "状态"),
        ("reason", "无值原因"),
    ];
    let whom = whom("unit");
    let columns: Vec<String> = rest.iter().map(|(name, _)| format!("v.{name}")).collect();
    View {
        area: Area::Metric,
        name: format!("part_{name}"),
        title: format!("{period}分项指标"),
        means: "机构和内设机构按职责、编制类别等维度分开的值".to_owned(),
        adds: "不可加:同一数值按机构和内设机构各列一次",
        query: format!(
            "select v.metric, d.title, d.measured_in, {}, {}\nfrom {{metric_value}} as v {DEFINED}\n\
             where v.level in ('section', 'unit') and v.dim is not null and v.period_kind = {}",
            selected(&whom),
            columns.join(", "),
            text(kind.name())
        ),
        columns: named(&whom, &rest),
        is_chinese: false,
    }
}

/// A row a unit and period, a column a metric of a pipeline.
fn wide(pipeline: &crate::spec::pipeline::Pipeline) -> Option<View> {
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

/// The Chinese view of every table and view.
fn chinese(sheets: &BTreeMap<String, Sheet>, views: &[View]) -> Vec<View> {
    let tables = sheets.values().filter(|sheet| sheet.name != DICTIONARY);
    let tables = tables.map(|sheet| (sheet.area, &sheet.name, &sheet.title, "", shown(sheet)));
    let over = views
        .iter()
        .map(|view| (view.area, &view.name, &view.title, view.adds, view.columns.clone()));
    let mut taken: BTreeSet<String> = BTreeSet::from([DICTIONARY.to_owned()]);
    let one = |(area, name, title, adds, columns): (_, &String, &String, _, Vec<_>)| {
        let mut seen = BTreeSet::new();
        let columns: Vec<(String, String)> = columns
            .into_iter()
            .map(|(name, title): (String, String)| (free(&title, &name, &mut seen), name))
            .collect();
        let listed: Vec<String> = columns
            .iter()
            .map(|(title, name)| format!("t.{} as {}", quoted(name), quoted(title)))
            .collect();
        View {
            area,
            name: free(title, name, &mut taken),
            title: title.clone(),
            means: format!("{name} 的中文视图"),
            adds,
            query: format!("select {} from {{{name}}} as t", listed.join(", ")),
            columns: columns.into_iter().map(|(title, _)| (title.clone(), title)).collect(),
            is_chinese: true,
        }
    };
    tables.chain(over).map(one).collect()
}

/// The longest identifier that PostgreSQL keeps whole, in bytes.
const LONGEST: usize = 63;

/// A title as an identifier that nobody else has; one that somebody has gets the English name behind it.
fn free(title: &str, name: &str, taken: &mut BTreeSet<String>) -> String {
    let cut = |text: &str| -> String {
        let mut bytes = 0;
        text.chars()
            .take_while(|c| {
                bytes += c.len_utf8();
                bytes <= LONGEST
            })
            .collect()
    };
    let plain = cut(title);
    if plain == title && taken.insert(plain.clone()) {
        return plain;
    }
    let tail = format!("_{name}");
    let mut head = cut(title);
    while head.len() + tail.len() > LONGEST && head.pop().is_some() {}
    let whole = cut(&format!("{head}{tail}"));
    taken.insert(whole.clone());
    whole
}

/// The rows of the dictionary.
pub(super) fn entries(design: &Design) -> Vec<CellRow> {
    let mut rows = Vec::new();
    let mut row = |cells: [&str; 9]| {
        let cell = |text: &str| (!text.is_empty()).then(|| Cell::Text(text.to_owned()));
        rows.push(cells.into_iter().map(cell).collect());
    };
    for sheet in design.sheets.values() {
        for column in sheet.columns.iter().filter(|column| column.kind != Kind::Mark) {
            row([
                sheet.area.name(),
                &sheet.name,
                &sheet.title,
                TABLE,
                &column.name,
                &column.title,
                kind(column.kind),
                &column.means,
                "",
            ]);
        }
    }
    for view in &design.views {
        for (name, title) in &view.columns {
            let area = view.area.name();
            let (title, means, adds) = if view.is_chinese {
                ("", "", "")
            } else {
                (title.as_str(), view.means.as_str(), view.adds)
            };
            row([area, &view.name, &view.title, VIEW, name, title, "", means, adds]);
        }
    }
    rows
}

/// The Chinese word for a type.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Field(FieldKind::Text) => "文本",
        Kind::Field(FieldKind::Whole) => "整数",
        Kind::Field(FieldKind::Decimal(_)) => "小数",
        Kind::Field(FieldKind::Flag) => "是否",
        Kind::Field(FieldKind::Day) => "日期",
        Kind::Field(FieldKind::Instant) => "时刻(UTC)",
        Kind::Local => "当地时间",
        Kind::Mark => "",
    }
}
