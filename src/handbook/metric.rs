//! What does the handbook say of a metric?

use super::EXAMPLE_ROWS;
use super::Entry;
use super::Field;
use super::Grid;
use super::Kind;
use super::below::Below;
use super::below::Counted;
use super::below::tables;
use super::cases::cases;
use super::words;
use crate::spec::example::Example;
use crate::spec::example::Test;
use crate::spec::formula::Formula;
use crate::spec::pipeline::Base;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::FactKind;
use crate::spec::pipeline::Grain;
use crate::spec::pipeline::Metric;
use crate::spec::scoring::written;

/// One definition of a metric; `is_newest` is the one that holds.
pub(super) fn entry<'c>(
    below: &Below<'c>,
    metric: &'c Metric,
    is_newest: bool,
    meaning: &str,
) -> Entry {
    let measures = below.measures(metric);
    let mut fields = Vec::from(life(metric, is_newest));
    fields.extend(worth(below, metric));
    fields.extend(bases(below, metric));
    fields.extend([
        text("汇总", roll_up(below, metric, &measures).to_owned()),
        text("依据", metric.basis.clone()),
        code("定义", format!("{}:{}", metric.file, metric.place.line)),
        code("指纹", meaning.to_owned()),
    ]);
    let mut grids = vec![
        counted(below, &measures),
        columns(below, metric, &measures),
        cases(below, metric, &measures),
    ];
    if is_newest && !metric.tests.is_empty() {
        grids.push(tests(metric));
        grids.extend(examples(below, metric, &measures));
    }
    let version = if is_newest { String::new() } else { format!(".{}", metric.version) };
    Entry {
        kind: Kind::Metric,
        id: format!("{}{version}", metric.name),
        title: metric.title.clone(),
        fields,
        grids,
    }
}

fn text(label: &'static str, text: String) -> Field {
    Field { label, text, is_code: false }
}

fn code(label: &'static str, text: String) -> Field {
    Field { label, text, is_code: true }
}

fn life(metric: &Metric, is_newest: bool) -> [Field; 4] {
    let since = metric.life.since.map_or_else(|| "自始".to_owned(), |month| format!("{month} 起"));
    let ends = metric.life.deprecated.map(|month| format!("{month} 公告停用"));
    let other = metric.life.replaced_by.as_ref().map(|name| format!("由 {} 代替", name.value));
    let ends = ends.into_iter().chain(other).collect::<Vec<_>>().join(",");
    let note = if is_newest { "" } else { "(旧版)" };
    [
        text("说明", metric.means.clone()),
        text("版本", format!("{}{note}", metric.version)),
        text("启用", since),
        text("停用", ends),
    ]
}

fn worth(below: &Below<'_>, metric: &Metric) -> Vec<Field> {
    let grain = metric.grain.iter().map(words::grain).collect::<Vec<_>>().join("、");
    let fewer = metric.periods_of.iter();
    let fewer = fewer.map(|(grain, of)| format!("{}仅{}", words::grain(grain), words::periods(of)));
    let periods: Vec<String> =
        std::iter::once(words::periods(&metric.periods)).chain(fewer).collect();
    let periods = periods.join(";");
    vec![
        code("公式", metric.text.value.clone()),
        text("公式释义", below.titled(&metric.text.value)),
        text("计量单位", metric.measured_in.clone()),
        text("小数位", metric.decimals.to_string()),
        text("方向", words::direction(&metric.direction)),
        text("适用机构", only(metric)),
        text("层级", grain),
        text("期间", periods),
    ]
}

fn only(metric: &Metric) -> String {
    let Some(only) = &metric.only else { return "全部机构".to_owned() };
    let categories = only.categories.iter().map(|word| words::category(word));
    categories.chain(only.units.iter().cloned()).collect::<Vec<_>>().join("、")
}

fn bases(below: &Below<'_>, metric: &Metric) -> [Field; 6] {
    let base = |base: &Option<Base>| {
        let base = base.as_ref();
        base.map(|base| format!("{} ≥ {}", below.named(&base.name.value), written(base.at_least)))
    };
    let finding = metric.finding.map(|limit| {
        let kind = if limit.kind == "cross_check" { ",为两份记录不一致的数" } else { "" };
        let what = if limit.is_apart { "与零相差大于" } else { "大于" };
        let of = limit.period.map(|kind| format!("(按{}看最近有数的一期)", words::period(kind)));
        let of = of.unwrap_or_default();
        format!("{what} {} 时列为待查{of}{kind}", written(limit.above))
    });
    let additive = if metric.is_additive { "可跨机构相加" } else { "不可跨机构相加" };
    [
        text("所需基数", base(&metric.need).unwrap_or_default()),
        text("基数规则", base(&metric.few).unwrap_or_default()),
        text("保密基数", base(&metric.withhold).unwrap_or_default()),
        text("待查界限", finding.unwrap_or_default()),
        text("证据", words::evidence(&metric.evidence).to_owned()),
        text("可加性", additive.to_owned()),
    ]
}

/// How a metric is told above the unit.
fn roll_up<'c>(below: &Below<'c>, metric: &'c Metric, measures: &[Counted<'c>]) -> &'static str {
    if !metric.is_rolled_up || metric.only.is_some() || !metric.grain.contains(&Grain::Unit) {
        return "不汇总";
    }
    let mut is_of_unit = false;
    let mut names: Vec<&str> = Vec::new();
    below.each(&metric.value, &mut |piece| match piece {
        Formula::Over(..) | Formula::OfUnit(_) | Formula::Peers(_) => is_of_unit = true,
        Formula::Name(name) => names.push(name),
        _ => {}
    });
    let listed = |(measure, fact): &Counted<'_>| {
        names.contains(&measure.name.as_str()) && !fact.lists_of(measure).is_empty()
    };
    is_of_unit |= measures.iter().any(listed);
    match (is_of_unit, metric.is_additive && metric.withhold.is_none()) {
        (false, _) => "主管部门、类别、区县、全市:度量相加后重算公式",
        (true, true) => "主管部门、类别、区县、全市:各机构数值相加",
        (true, false) => "不汇总",
    }
}

fn counted(below: &Below<'_>, measures: &[Counted<'_>]) -> Grid {
    let head = ["度量", "名称", "计量", "SQL", "事实", "数据表", "归期", "行的条件"];
    let row = |(measure, fact): &Counted<'_>| {
        let named = below.named(&measure.name);
        let title = named.strip_suffix(&format!("({})", measure.name)).unwrap_or_default();
        let per = if measure.per == 1 { String::new() } else { format!(",除以 {}", measure.per) };
        let kept = fact.keep.as_ref().map(|(text, _)| text.value.clone());
        vec![
            measure.name.clone(),
            title.to_owned(),
            format!("{}{per}", measure.measured_in),
            measure.sql.value.clone(),
            fact.name.clone(),
            below.table(&fact.table.value),
            time(fact, measure.time.as_ref().map(|time| time.value.as_str()))
                + if measure.at_quarter_ends { ",各季末相加" } else { "" },
            kept.unwrap_or_default(),
        ]
    };
    Grid::of("度量", &head, &[0, 3, 4, 7], measures.iter().map(row).collect())
}

fn time(fact: &Fact, other: Option<&str>) -> String {
    match &fact.kind {
        FactKind::Event { time } => format!("按 {} 所在月", other.unwrap_or(&time.value)),
        FactKind::Span { from, to, .. } => format!("{} 至 {} 覆盖的各月", from.value, to.value),
        FactKind::Stock { passes_on: true, .. } => "期末时点;机构撤销后计入承接机构".to_owned(),
        FactKind::Stock { .. } => "期末时点".to_owned(),
    }
}

fn columns<'c>(below: &Below<'c>, metric: &Metric, measures: &[Counted<'c>]) -> Grid {
    let rows = below.columns(metric, measures).into_iter().map(Vec::from).collect();
    Grid::of("字段", &["数据表", "字段", "中文名", "说明"], &[1], rows)
}

fn tests(metric: &Metric) -> Grid {
    let row = |test: &Test| {
        let place = [Some(&test.unit), test.section.as_ref(), test.part.as_ref()];
        let place = place.into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
        vec![
            test.example.value.clone(),
            place.join(" "),
            test.period.value.clone(),
            test.value.clone().unwrap_or_default(),
            test.status.clone(),
            test.reason.clone().unwrap_or_default(),
        ]
    };
    let head = ["算例", "对象", "期间", "数值", "状态", "原因"];
    Grid::of("算例", &head, &[4, 5], metric.tests.iter().map(row).collect())
}

/// The rows of the examples of a metric, as far as they are of tables that it rests on.
fn examples<'c>(below: &Below<'c>, metric: &Metric, measures: &[Counted<'c>]) -> Vec<Grid> {
    let told = |example: &&Example| {
        metric.tests.iter().any(|test| test.example.value == example.name.value)
    };
    let own = tables(below, measures);
    let mut grids = Vec::new();
    for example in below.catalog.examples().filter(told) {
        for (table, csv) in example.written().filter(|(table, _)| own.contains(table)) {
            grids.extend(given(below, example, (table, csv)));
        }
    }
    grids
}

fn given(below: &Below<'_>, example: &Example, (table, text): (&str, &str)) -> Option<Grid> {
    let mut lines = records(text).into_iter();
    let head = lines.next()?.into_iter();
    let head = head.map(|name| if name == "*" { "行数".to_owned() } else { name });
    let table = below.table(table);
    let caption = format!("{}(截至 {}):{table}", example.name.value, example.as_of);
    let (head, rows) = (head.collect(), lines.collect());
    Some(Grid { name: EXAMPLE_ROWS, caption, head, code: Vec::new(), rows })
}

/// The lines of CSV that was proved when the home was read.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).trim(csv::Trim::All);
    let lines = reader.from_reader(text.as_bytes()).into_records().filter_map(Result::ok);
    lines.map(|line| line.iter().map(str::to_owned).collect()).collect()
}
