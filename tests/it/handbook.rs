//! Does the handbook say all that the definitions say, and nothing that is markup of its own?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use calamine::Data;
use calamine::Reader as _;
use calamine::Xlsx;
use serde_json::Value;
use shuping::handbook;
use shuping::handbook::Handbook;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Formula;
use shuping::spec::home::Home;
use shuping::spec::pipeline::Measure;
use shuping::spec::pipeline::Metric;
use shuping::spec::scoring::written;

use crate::library::PIPELINE;
use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::python;
use crate::world::World;
use crate::world::bytes_below;

fn catalog_of(home: &Path) -> Catalog {
    Home::open(home).unwrap().catalog().unwrap()
}

/// The rows of a sheet: each cell by its header.
type Sheet = Vec<BTreeMap<String, String>>;

fn sheets(bytes: &[u8]) -> BTreeMap<String, Sheet> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    let read = |name: &String| {
        let range = book.worksheet_range(name).unwrap();
        let mut rows = range.rows().map(|row| {
            let cell = |cell: &Data| match cell {
                Data::Empty => String::new(),
                Data::String(text) => text.clone(),
                other => panic!("{name}: {other:?} is no text"),
            };
            row.iter().map(cell).collect::<Vec<_>>()
        });
        let head = rows.next().unwrap();
        let rows = rows.map(|row| head.iter().cloned().zip(row).collect());
        (name.clone(), rows.collect())
    };
    names.iter().map(read).collect()
}

/// The text of every article of a page, with stops as they are in the definitions; none without a Python.
fn articles(page: &Path) -> Option<BTreeMap<String, String>> {
    let output = python::script("page.py")?.arg(page).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let articles = told["articles"].as_object().unwrap().iter();
    Some(articles.map(|(id, text)| (id.clone(), folded(text.as_str().unwrap()))).collect())
}

fn folded(text: &str) -> String {
    let narrow = [
        ('\u{ff0c}', ","),
        ('\u{ff1b}', ";"),
        ('\u{ff1a}', ":"),
        ('\u{ff08}', "("),
        ('\u{ff09}', ")"),
    ];
    narrow.iter().fold(text.to_owned(), |text, (wide, narrow)| text.replace(*wide, narrow))
}

/// The measures below a formula.
fn below<'c>(
    catalog: &'c Catalog,
    formula: &'c Formula,
    into: &mut BTreeMap<&'c str, &'c Measure>,
) {
    formula.each(&mut |piece| {
        let Formula::Name(name) = piece else { return };
        if let Some(metric) = catalog.metrics().find(|metric| metric.name == *name) {
            below(catalog, &metric.value, into);
        }
        let measure = catalog.measures().find(|measure| measure.name == *name);
        into.extend(measure.map(|measure| (name.as_str(), measure)));
    });
}

/// What has to be said of a metric, whatever holds it.
fn claims(metric: &Metric) -> Vec<String> {
    let mut claims = vec![
        metric.name.clone(),
        metric.title.clone(),
        metric.means.clone(),
        metric.version.to_string(),
        metric.text.value.clone(),
        metric.measured_in.clone(),
        metric.decimals.to_string(),
        metric.basis.clone(),
        metric.evidence.clone(),
        format!("{}:{}", metric.file, metric.place.line),
    ];
    for base in [&metric.need, &metric.few, &metric.withhold].into_iter().flatten() {
        claims.push(base.name.value.clone());
        claims.push(format!("≥ {}", written(base.at_least)));
    }
    claims.extend(metric.finding.map(|limit| format!("大于 {}", written(limit.above))));
    claims.extend(metric.life.since.map(|month| month.to_string()));
    claims.extend(metric.life.deprecated.map(|month| month.to_string()));
    claims.extend(metric.life.replaced_by.as_ref().map(|name| name.value.clone()));
    claims
}

/// Which word of the handbook stands for one of the definitions.
const WORDS: [(&str, &str, &str); 11] = [
    ("方向", "up", "越高越好"),
    ("方向", "down", "越低越好"),
    ("方向", "none", "不分优劣"),
    ("期间", "month", "月"),
    ("期间", "quarter", "季"),
    ("期间", "year", "年"),
    ("期间", "ytd", "年初至当月"),
    ("期间", "trailing_12m", "近十二个月"),
    ("可加性", "true", "可跨机构相加"),
    ("可加性", "false", "不可跨机构相加"),
    ("汇总", "false", "不汇总"),
];

fn word(label: &str, of: &str) -> &'static str {
    WORDS.iter().find(|(known, word, _)| *known == label && *word == of).unwrap().2
}

fn fields(metric: &Metric, row: &BTreeMap<String, String>) {
    let told = |label: &str| row.get(label).unwrap_or_else(|| panic!("no {label}")).as_str();
    assert_eq!(told("公式"), metric.text.value);
    assert_eq!(told("说明"), metric.means);
    assert_eq!(told("版本"), metric.version.to_string());
    let direction = match metric.direction.split_once("..") {
        Some((low, high)) => format!("适度:{low} 至 {high} 之间为好"),
        None => word("方向", &metric.direction).to_owned(),
    };
    assert_eq!(told("方向"), direction, "{}", metric.name);
    let periods = metric.periods.iter().map(|kind| word("期间", kind.name()));
    let periods = periods.collect::<Vec<_>>().join("、");
    let fewer = told("期间");
    let (all, fewer) = fewer.split_once(';').unwrap_or((fewer, ""));
    assert_eq!(all, periods);
    assert_eq!(fewer.split(';').filter(|told| !told.is_empty()).count(), metric.periods_of.len());
    assert_eq!(told("层级").split('、').count(), metric.grain.len());
    assert_eq!(told("可加性"), word("可加性", &metric.is_additive.to_string()));
    if !metric.is_rolled_up {
        assert_eq!(told("汇总"), word("汇总", "false"));
    }
}

/// The worked examples of a metric are told, and their statuses; what has to be said of them.
fn examples(
    metric: &Metric,
    cases: &[&BTreeMap<String, String>],
    told: &[&BTreeMap<String, String>],
) -> Vec<String> {
    assert_eq!(told.len(), metric.tests.len());
    for (test, row) in metric.tests.iter().zip(told) {
        assert_eq!(row["数值"], test.value.clone().unwrap_or_default());
        assert_eq!((&row["期间"], &row["状态"]), (&test.period.value, &test.status));
        let reason = test.reason.as_deref().unwrap_or_default();
        let reason = reason.split(' ').next().unwrap();
        let is_case = |row: &&BTreeMap<String, String>| {
            row["状态"] == test.status && (reason.is_empty() || row["原因"] == reason)
        };
        let (name, status) = (&metric.name, &test.status);
        assert!(cases.iter().any(is_case), "{name} is {status} {reason} in an example");
    }
    metric.tests.iter().filter_map(|test| test.value.clone()).collect()
}

#[test]
fn the_handbook_of_the_shipped_home_says_every_field_of_every_metric() {
    let home = World::home();
    let out = tempfile::tempdir().unwrap();
    let folders = ["one", "two"].map(|name| out.path().join(name));
    for folder in &folders {
        let told = shuping(home.path(), &["docs", "--out", folder.to_str().unwrap()]);
        assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    }
    let files = bytes_below(&folders[0]);
    assert_eq!(files, bytes_below(&folders[1]), "a second time it is another");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["handbook.html", "handbook.md", "handbook.xlsx"]);
    let catalog = catalog_of(home.path());
    let sheets = sheets(&files["handbook.xlsx"]);
    let markdown = String::from_utf8(files["handbook.md"].clone()).unwrap();
    let articles = articles(&folders[0].join("handbook.html"));
    assert_eq!(sheets["指标"].len(), catalog.metrics().flat_map(Metric::versions).count());
    let measures = catalog.measures().map(|measure| measure.name.as_str());
    let own: BTreeSet<&str> =
        catalog.metrics().map(|metric| metric.name.as_str()).chain(measures).collect();
    for metric in catalog.metrics() {
        let of = |sheet: &str| -> Vec<&BTreeMap<String, String>> {
            sheets[sheet].iter().filter(|row| row["代码"] == metric.name).collect()
        };
        let [row] = of("指标")[..] else { panic!("{} is not told once", metric.name) };
        fields(metric, row);
        // For people, a formula is told by titles alone.
        let read = row["公式释义"].as_str();
        let mut words = read.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        assert!(words.all(|word| !own.contains(word)), "{}: {read}", metric.name);
        assert!(markdown.contains(&format!("<a id=\"{}\"></a>", metric.name)));
        let told = row.values().cloned().collect::<Vec<_>>().join("\n");
        let mut claims = claims(metric);
        for claim in &claims {
            assert!(told.contains(claim), "the workbook says of {} no {claim}", metric.name);
        }
        let mut measures = BTreeMap::new();
        below(&catalog, &metric.value, &mut measures);
        let counted: BTreeMap<&str, &str> =
            of("度量").iter().map(|row| (row["度量"].as_str(), row["SQL"].as_str())).collect();
        for (name, measure) in measures {
            assert_eq!(counted.get(name), Some(&measure.sql.value.as_str()), "{}", metric.name);
            let fact = catalog.facts().find(|fact| fact.name == measure.fact.value).unwrap();
            let schema = &catalog.schemas[&fact.table.value];
            claims.extend([name.to_owned(), measure.sql.value.clone(), schema.title.clone()]);
            // A column of the table itself is told with its title.
            measure.aggregate.each_column(&mut |column| {
                claims.extend(schema.field(column).map(|field| field.title.clone()));
            });
        }
        let titles: BTreeSet<&str> = of("字段").iter().map(|row| row["中文名"].as_str()).collect();
        assert!(titles.len() > 1, "{} has no columns", metric.name);
        claims.extend(examples(metric, &of("状态"), &of("算例")));
        assert!(!of("算例数据").is_empty(), "{} has an example without rows", metric.name);
        if let Some(articles) = &articles {
            for claim in &claims {
                assert!(
                    articles[&metric.name].contains(&folded(claim)),
                    "the page says of {} no {claim}",
                    metric.name
                );
            }
        }
    }
    points(&catalog, &sheets["评分"]);
}

/// Every leaf of every tree is told, with its points and its metric.
fn points(catalog: &Catalog, told: &Sheet) {
    for tree in &catalog.scoring {
        let of_tree = format!("scoring.{}", tree.category.value);
        let rows: Vec<_> = told.iter().filter(|row| row["代码"] == of_tree).collect();
        let groups = tree.areas.iter().map(|area| 1 + area.groups.len()).sum::<usize>();
        assert_eq!(rows.len(), groups + tree.leaves().count());
        for leaf in tree.leaves() {
            let row = rows.iter().find(|row| row["编号"] == leaf.id.value).unwrap();
            assert_eq!((&row["评分项"], &row["分值"]), (&leaf.title, &written(leaf.points)));
            assert_eq!(row["计分方法"].is_empty(), leaf.rule.is_none(), "{}", leaf.id.value);
            let metric = leaf.rule.as_ref().and_then(|rule| rule.metric.as_ref());
            if let Some(name) = metric {
                assert!(row["指标"].contains(&name.value), "{row:?}");
                let known = catalog.metrics().find(|metric| metric.name == name.value);
                assert_eq!(row["依据"], known.map(|it| it.basis.clone()).unwrap_or_default());
            }
        }
    }
    assert_eq!(catalog.scoring.len(), 6);
}

#[test]
fn markup_in_a_definition_is_text() {
    const MEANS: &str =
        r#"<b id='x'>A & B</b> | "quoted" <script>alert(1)</script> *stars* `ticks`"#;
    let home = library();
    let path = home.path().join(PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    let means = text.lines().find(|line| line.starts_with("means")).unwrap().to_owned();
    fs::write(&path, text.replace(&means, &format!("means = '''{MEANS}'''"))).unwrap();
    let out = home.path().join("told");
    let told = shuping(home.path(), &["docs", "--out", out.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    let page = fs::read_to_string(out.join("handbook.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains("<b "), "markup of a definition is alive");
    assert!(page.contains("&lt;b id=&#39;x&#39;&gt;A &amp; B&lt;/b&gt; | &quot;quoted&quot;"));
    if let Some(articles) = articles(&out.join("handbook.html")) {
        assert!(articles["returned_on_time"].contains(MEANS), "{articles:?}");
    }
    let markdown = fs::read_to_string(out.join("handbook.md")).unwrap();
    assert!(markdown.contains(r"&lt;/b&gt; \| "), "{markdown}");
    assert!(markdown.contains(r"\*stars\* \`ticks\`") && !markdown.contains("<script"));
    let book = sheets(&fs::read(out.join("handbook.xlsx")).unwrap());
    assert_eq!(book["指标"][0]["说明"], MEANS);
}

#[test]
fn an_earlier_definition_is_told_beside_the_one_that_holds() {
    let home = library();
    let path = home.path().join(PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    let (metric, rest) = text.split_once("\n[[metric.test]]").unwrap();
    let lives = "version = 2\nsince = \"2026-01\"\ndeprecated = \"2026-02\"\n";
    let earlier = "\n[[metric.earlier]]\nversion = 1\nvalue = \"loans_back / loans_back\"\n";
    fs::write(&path, format!("{metric}{lives}{earlier}\n[[metric.test]]{rest}")).unwrap();
    let book = Handbook::of(&catalog_of(home.path()));
    let sheets = sheets(&handbook::workbook(&book).unwrap());
    let told: Vec<[&str; 5]> = sheets["指标"]
        .iter()
        .map(|row| ["代码", "版本", "启用", "停用", "公式"].map(|head| row[head].as_str()))
        .collect();
    let formula = "loans_back_on_time / loans_back";
    assert_eq!(
        told,
        [
            ["returned_on_time", "2", "2026-01 起", "2026-02 公告停用", formula],
            ["returned_on_time.1", "1(旧版)", "自始", "", "loans_back / loans_back"],
        ]
    );
    assert!(handbook::html(&book).contains("<article id=\"returned_on_time.1\">"));
}

#[test]
fn a_home_with_a_fault_has_no_handbook() {
    let home =
        crate::library::changed("value       = \"loans_back_on_time", "value       = \"loans_on");
    let out = home.path().join("told");
    let told = shuping(home.path(), &["docs", "--out", out.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(78), "{}", said(&told));
    assert!(!out.exists());
}
