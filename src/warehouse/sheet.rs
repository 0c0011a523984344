//! How should a table stand? As its contract says, each with a mark by which a row that did not change is
//! known, and with local time beside every instant.

use crate::spec::schema::Field;
use crate::spec::schema::FieldKind;
use crate::spec::schema::ForeignKey;
use crate::spec::schema::Schema;

/// Where a table belongs: a schema of PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Area {
    /// Dimensions and facts.
    Core,
    /// Metrics and scores.
    Metric,
    /// What nights tell of themselves.
    Ops,
    /// Rows about persons, for whom they are named to.
    Person,
}

/// The areas, in the order in which they are looked through.
pub(super) const AREAS: [Area; 4] = [Area::Metric, Area::Core, Area::Ops, Area::Person];

impl Area {
    /// The name of the schema.
    pub(super) fn name(self) -> &'static str {
        match self {
            Area::Core => "core",
            Area::Metric => "metric",
            Area::Ops => "ops",
            Area::Person => "person",
        }
    }

    fn of(schema: &Schema) -> Area {
        match schema.name.as_str() {
            _ if schema.is_about_persons => Area::Person,
            "metric_value" | "metric_definition" | "score" | "score_line" | "correction" => {
                Area::Metric
            }
            "finding" | "run" | "run_step" | "stream_night" | "quarantine" | "freshness"
            | "reconciliation" => Area::Ops,
            _ => Area::Core,
        }
    }
}

/// A table as it should stand.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// Where it belongs.
    pub(super) area: Area,
    /// Its name.
    pub(super) name: String,
    /// Its title.
    pub(super) title: String,
    /// Its columns; the mark is the last.
    pub(super) columns: Vec<Column>,
    /// What makes a row itself.
    pub(super) key: Vec<String>,
    /// Which cell says in which night a row was written, and is no part of what it says.
    pub(super) stamp: Option<usize>,
    /// Columns that point at other tables, and at which column of which.
    pub(super) pointing: Vec<Pointing>,
    /// Whether nights tell its rows themselves, so that what they point at is known.
    pub(super) is_told: bool,
    /// Whether rows of nights before stay, so that the table can't be made anew.
    pub(super) keeps: bool,
}

impl Sheet {
    /// Columns of what is sent that point at another table: they are looked for by it, and are empty where they name what
    /// nobody knows.
    pub(super) fn sent(&self) -> impl Iterator<Item = &str> {
        let pointing = self.pointing.iter().filter(|_| !self.is_told);
        pointing.map(|pointing| pointing.column.as_str())
    }

    /// What a column is among the keys: part of what makes a row itself, or where it points.
    pub(super) fn key_of(&self, column: &str) -> String {
        let own = self.key.iter().any(|name| name == column).then(|| "主键".to_owned());
        let pointing = self.pointing.iter().filter(|pointing| pointing.column == column);
        let pointing = pointing.map(|Pointing { table, target, .. }| format!("→ {table}.{target}"));
        let all = own.into_iter().chain(pointing);
        all.collect::<Vec<_>>().join(" ")
    }
}

/// A column that points at one of another table.
#[derive(Clone, Debug)]
pub(super) struct Pointing {
    pub(super) column: String,
    pub(super) table: String,
    pub(super) target: String,
}

/// A column as it should stand.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Its title.
    pub(super) title: String,
    /// What it means.
    pub(super) means: String,
    /// Its type.
    pub(super) kind: Kind,
    /// Whether it is never empty.
    pub(super) is_required: bool,
    /// Where its values come from.
    pub(super) source: Source,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A type of contracts.
    Field(FieldKind),
    /// A time of the day in the home's zone.
    Local,
    /// The mark of a row.
    Mark,
}

/// Where the values of a column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The row's cell at a place.
    Cell(usize),
    /// The instant at a place, in the home's zone.
    LocalOf(usize),
    /// A part of a local time: the column of that, and the place of its instant.
    Part { of: String, at: usize, part: Part },
    /// It is reckoned over the row.
    Mark,
}

/// What of a local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `2025-07-01`
    Date,
    /// `2025-07`
    Month,
    /// `2025`
    Year,
}

/// The name of the column by which rows that did not change are known.
pub(super) const MARK: &str = "_mark";

/// The table that says who wrote the warehouse.
pub(super) const WAREHOUSE: &str = "warehouse";

/// The columns of a table in the warehouse, in the order in which rows give them: those that identify no
/// person. In a table about persons the pseudonym stays.
pub fn columns(schema: &Schema) -> impl Iterator<Item = &Field> + Clone {
    let keeps = |field: &&Field| match field.pii {
        None => true,
        Some(crate::spec::schema::Pii::Id) => schema.is_about_persons,
        Some(crate::spec::schema::Pii::Drop) => false,
    };
    schema.fields.iter().filter(keeps)
}

/// The column that says in which night a row was written, where it is not what makes the row itself.
const STAMP: &str = "night";

/// Those of [`columns`] that a row is known again by: the night in which it was written is not what it says.
pub fn said(schema: &Schema) -> impl Iterator<Item = &Field> + Clone {
    let is_key = schema.primary_key.iter().any(|name| name == STAMP);
    let is_stamp = move |field: &Field| field.name == STAMP && field.kind == FieldKind::Day;
    columns(schema).filter(move |field| is_key || !is_stamp(field))
}

pub(super) fn sheet(schema: &Schema) -> Sheet {
    let area = Area::of(schema);
    let mut made = Vec::new();
    for (at, field) in columns(schema).enumerate() {
        made.push(Column {
            name: field.name.clone(),
            title: field.title.clone(),
            means: field.means.clone(),
            kind: Kind::Field(field.kind),
            is_required: !schema.may_be_empty(field),
            source: Source::Cell(at),
        });
        if field.kind == FieldKind::Instant {
            made.extend(local(schema, field, at));
        }
    }
    made.push(mark());
    let has = |name: &String| made.iter().any(|column| column.name == *name);
    let pointing = schema.foreign_keys.iter().filter(|key| has(&key.column));
    let pointing = pointing.map(|ForeignKey { column, table, target, .. }| Pointing {
        column: column.clone(),
        table: table.clone(),
        target: target.clone(),
    });
    let pointing = pointing.collect();
    Sheet {
        area,
        name: schema.name.clone(),
        title: schema.title.clone(),
        stamp: columns(schema).position(|field| said(schema).all(|said| said.name != field.name)),
        key: schema.primary_key.iter().filter(|name| has(name)).cloned().collect(),
        pointing,
        is_told: schema.is_told(),
        keeps: matches!(schema.name.as_str(), "run" | "run_step"),
        columns: made,
    }
}

/// Local time beside an instant, with its date, month and year.
fn local(schema: &Schema, field: &Field, at: usize) -> Vec<Column> {
    let stem = field.name.strip_suffix("_at").unwrap_or(&field.name);
    let local = format!("{stem}_local");
    let text = Kind::Field(FieldKind::Text);
    let part = |part| Source::Part { of: local.clone(), at, part };
    let lines = [
        (local.clone(), "当地时间", Kind::Local, Source::LocalOf(at)),
        (format!("{stem}_date"), "日期", Kind::Field(FieldKind::Day), part(Part::Date)),
        (format!("{stem}_month"), "月份", text, part(Part::Month)),
        (format!("{stem}_year"), "年份", Kind::Field(FieldKind::Whole), part(Part::Year)),
    ];
    let free = lines.into_iter().filter(|(name, ..)| schema.field(name).is_none());
    free.map(|(name, word, kind, source)| Column {
        name,
        title: format!("{}·{word}", field.title),
        means: "按本地时区".to_owned(),
        kind,
        is_required: false,
        source,
    })
    .collect()
}

fn mark() -> Column {
    Column {
        name: MARK.to_owned(),
        title: "行标".to_owned(),
        means: "行内容的摘要,供装载时识别未变的行".to_owned(),
        kind: Kind::Mark,
        is_required: true,
        source: Source::Mark,
    }
}

/// A table of ours that no contract describes: every column is a text, the key those that are required.
pub(super) fn own(
    (area, name, title): (Area, &str, &str),
    columns: &[(&str, &str, bool)],
) -> Sheet {
    let column = |(at, (name, title, is_required)): (usize, &(&str, &str, bool))| Column {
        name: (*name).to_owned(),
        title: (*title).to_owned(),
        means: String::new(),
        kind: Kind::Field(FieldKind::Text),
        is_required: *is_required,
        source: Source::Cell(at),
    };
    let key = columns.iter().filter(|(.., is_key)| *is_key).map(|(name, ..)| (*name).to_owned());
    Sheet {
        area,
        name: name.to_owned(),
        title: title.to_owned(),
        key: key.collect(),
        stamp: None,
        pointing: Vec::new(),
        is_told: true,
        keeps: false,
        columns: columns.iter().enumerate().map(column).chain([mark()]).collect(),
    }
}

pub(super) fn warehouse() -> Sheet {
    let columns = [
        ("format", "格式版本", true),
        ("design", "表结构指纹", false),
        ("shuping", "程序版本", false),
        ("night", "数据夜", false),
        ("home", "定义指纹", false),
    ];
    own((Area::Ops, WAREHOUSE, "数据仓库"), &columns)
}
