//! What do analysts see over the tables? Views of metrics, a Chinese view of everything, and `数据字典`, which says what
//! all of it is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::dialect::Engine;
use super::dialect::quoted;
use super::dialect::text;
use super::sheet::Area;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::Sheet;
use super::sheet::own;
use super::told;
use super::view::NIGHT;
use super::view::View;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::spec::catalog::Catalog;
use crate::spec::schema::FieldKind;

/// The table of what everything is.
pub(super) const DICTIONARY: &str = "数据字典";

/// Its columns.
const ENTRY: [(&str, &str, bool); 10] = [
    ("区", "所在模式", true),
    ("对象", "表或视图", true),
    ("名称", "中文名称", false),
    ("种类", "表或视图", false),
    ("列", "列", true),
    ("列名称", "列的中文名称", false),
    ("类型", "列的类型", false),
    ("键", "主键,或指向哪张表的哪一列", false),
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

/// What of ours others have built on: areas and names, the views of others that stand on it, directly or not, with whose
/// they are, and its columns, a line each.
pub(super) fn held() -> String {
    let dictionary = Engine::Postgres.name(Area::Core, DICTIONARY);
    let (area, name) = (quoted("区"), quoted("对象"));
    // What comes with the database itself has lower numbers.
    format!(
        "with recursive ours as (select distinct c.oid, d.{area} as area, d.{name} as name \
         from {dictionary} d join pg_namespace n on n.nspname = d.{area} \
         join pg_class c on c.relnamespace = n.oid and c.relname = d.{name}), \
         stands as (select r.ev_class as view, d.refobjid as what \
         from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass \
         and d.objid = r.oid and d.refclassid = 'pg_class'::regclass \
         where r.ev_class >= 16384 and d.refobjid <> r.ev_class), \
         held as (select what, view from stands where view not in (select oid from ours) \
         union select s.what, h.view from held h join stands s on s.view = h.what) \
         select o.area, o.name, \
         string_agg(distinct format('%s.%s of %s', n.nspname, c.relname, \
         pg_get_userbyid(c.relowner)), ', '), \
         (select string_agg(a.attname, chr(10) order by a.attnum) from pg_attribute a \
         where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped) \
         from held h join ours o on o.oid = h.what join pg_class c on c.oid = h.view \
         join pg_namespace n on n.oid = c.relnamespace group by 1, 2, o.oid"
    )
}

/// The words of the dictionary for what it names.
pub(super) const TABLE: &str = "表";
pub(super) const VIEW: &str = "视图";

/// Whether it adds up to look at rows of a table: one by one there is nothing to add, and what tells of all levels counts twice.
const LISTED: &str = "明细,一行一条";
const AT_ALL_LEVELS: &str = "不可加:各级合计同在一表";

/// Every view over the tables of a home.
pub(super) fn views(catalog: &Catalog, sheets: &BTreeMap<String, Sheet>) -> Vec<View> {
    let mut views = Vec::new();
    if sheets.contains_key("unit") {
        views.push(unit_now(sheets));
    }
    if ["metric_value", "metric_definition", "unit"].iter().all(|name| sheets.contains_key(*name)) {
        views.extend(told::told(catalog));
        views.extend(catalog.pipelines.iter().filter_map(told::wide));
    }
    let chinese = chinese(sheets, &views);
    views.extend(chinese);
    views
}

/// Units as they are on the night, a row each: a line that is told in advance waits for its day.
fn unit_now(sheets: &BTreeMap<String, Sheet>) -> View {
    let columns: Vec<(String, String)> = sheets.get("unit").map_or_else(Vec::new, shown);
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    View {
        area: Area::Core,
        name: "unit_now".to_owned(),
        title: "现有机构".to_owned(),
        means: "每个机构截至数据夜最近的一行;只有将来才生效的,取其最后一行".to_owned(),
        adds: LISTED,
        query: format!(
            "select {} from {{unit}} as u where u.valid_from = coalesce(\
             (select max(begun.valid_from) from {{unit}} as begun where begun.unit_id = u.unit_id \
             and begun.valid_from <= {{{NIGHT}}}), \
             (select max(told.valid_from) from {{unit}} as told where told.unit_id = u.unit_id))",
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

/// The Chinese view of every table and view.
fn chinese(sheets: &BTreeMap<String, Sheet>, views: &[View]) -> Vec<View> {
    let tables = sheets.values().filter(|sheet| sheet.name != DICTIONARY);
    let tables = tables.map(|sheet| {
        let adds = if sheet.name == "metric_value" { AT_ALL_LEVELS } else { LISTED };
        (sheet.area, &sheet.name, &sheet.title, adds, shown(sheet))
    });
    let over = views
        .iter()
        .map(|view| (view.area, &view.name, &view.title, view.adds, view.columns.clone()));
    // A title may be the name of a table: a home of one's own calls `loan` Loan.
    let named = sheets.keys().chain(views.iter().map(|view| &view.name));
    let mut taken: BTreeSet<String> = named.map(|name| name.to_lowercase()).collect();
    taken.insert(DICTIONARY.to_owned());
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

/// A title as an identifier that nobody else has, in whatever case; one that somebody has gets the English name behind
/// it, and a line where even that is another's.
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
    if plain == title && taken.insert(plain.to_lowercase()) {
        return plain;
    }
    let mut tail = format!("_{name}");
    loop {
        let mut head = cut(title);
        while head.len() + tail.len() > LONGEST && head.pop().is_some() {}
        let whole = cut(&format!("{head}{tail}"));
        if taken.insert(whole.to_lowercase()) || tail.len() > LONGEST {
            return whole;
        }
        tail.push('_');
    }
}

/// The rows of the dictionary.
pub(super) fn entries(sheets: &BTreeMap<String, Sheet>, views: &[View]) -> Vec<CellRow> {
    let mut rows = Vec::new();
    let mut row = |cells: [&str; 10]| {
        let cell = |text: &str| (!text.is_empty()).then(|| Cell::Text(text.to_owned()));
        rows.push(cells.into_iter().map(cell).collect());
    };
    for sheet in sheets.values() {
        for column in sheet.columns.iter().filter(|column| column.kind != Kind::Mark) {
            row([
                sheet.area.name(),
                &sheet.name,
                &sheet.title,
                TABLE,
                &column.name,
                &column.title,
                kind(column.kind),
                &sheet.key_of(&column.name),
                &column.means,
                "",
            ]);
        }
    }
    for view in views {
        for (name, title) in &view.columns {
            let area = view.area.name();
            let (title, means) =
                if view.is_chinese { ("", "") } else { (title.as_str(), view.means.as_str()) };
            row([area, &view.name, &view.title, VIEW, name, title, "", "", means, view.adds]);
        }
    }
    rows
}

/// A table as a section of a page.
pub(super) fn markdown(sheet: &Sheet) -> String {
    let (name, area) = (&sheet.name, sheet.area.name());
    let line = |column: &Column| {
        let key = sheet.key_of(&column.name);
        let cells = [column.title.as_str(), kind(column.kind), &key, &column.means];
        let cells = cells.map(|cell| cell.replace('|', "\\|")).join(" | ");
        format!("| `{}` | {cells} |", column.name)
    };
    let head = format!("### `{name}` {}\n\nPostgreSQL: `{area}.{name}`\n", sheet.title);
    let columns = ["| 列 | 名称 | 类型 | 键 | 说明 |", "|---|---|---|---|---|"].map(str::to_owned);
    let told = sheet.columns.iter().filter(|column| column.kind != Kind::Mark).map(line);
    let lines: Vec<String> = std::iter::once(head).chain(columns).chain(told).collect();
    format!("{}\n", lines.join("\n"))
}

/// The English views as a section of a page: what each shows, and whether it adds up.
pub(super) fn list(views: &[View]) -> String {
    let line = |view: &View| {
        let columns: Vec<String> =
            view.columns.iter().map(|(name, _)| format!("`{name}`")).collect();
        // The columns of a wide view are the metrics of its pipeline.
        let columns = if columns.len() > 20 { String::new() } else { columns.join(" ") };
        let View { area, name, title, means, adds, .. } = view;
        format!("| `{}.{name}` | {title} | {adds} | {means} | {columns} |", area.name())
    };
    let head = "### 视图\n\n| 视图 | 名称 | 可加 | 说明 | 列 |\n|---|---|---|---|---|\n";
    let lines = views.iter().filter(|view| !view.is_chinese).map(line);
    format!("{head}{}\n", lines.collect::<Vec<_>>().join("\n"))
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
