//! What do we promise? One Frictionless Table Schema a table, with a few keys of our own.

use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::tree;
use super::tree::Value;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// The contract of one table.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its name, the file's.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its columns, in order.
    pub fields: Vec<Field>,
    /// What makes a row itself.
    pub primary_key: Vec<String>,
    /// Where that stands.
    pub key_place: Place,
    /// What its columns point at.
    pub foreign_keys: Vec<ForeignKey>,
    /// Whether its rows are about persons, so that they never leave the lake.
    pub is_about_persons: bool,
    /// How far its data are to be guarded, by the law's word.
    pub class: &'static str,
    /// The column that says on which day a row's names hold.
    pub time: Option<String>,
}

/// The classes of data (数据安全法 §21): tables about persons are 重要 until the city says otherwise.
const CLASSES: [(&str, &str); 3] = [("一般", "一般"), ("重要", "重要"), ("核心", "核心")];

/// A column.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its type.
    pub kind: FieldKind,
    /// A row without it is quarantined.
    pub is_required: bool,
    /// A row without it is counted as incomplete.
    pub is_expected: bool,
    /// Rows that share a value are counted.
    pub is_unique: bool,
    /// The values that are allowed.
    pub limits: Limits,
    /// Whether it identifies a person.
    pub pii: Option<Pii>,
    /// The code table whose spellings are read, in `schemas/codes/`.
    pub codes: Option<Found<String>>,
    /// What its texts are, beyond texts.
    pub form: Option<Form>,
    /// What it means.
    pub means: String,
}

/// A kind of text that is judged as it is read; a wrong one is no value, and is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A unified social credit code (GB 32100).
    Uscc,
}

/// Which values of a column are allowed; a row with another is quarantined.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The only texts; empty is any.
    pub choices: Vec<String>,
    /// What a text must match as a whole.
    pub pattern: Option<regex::Regex>,
    /// The fewest characters.
    pub min_length: Option<u64>,
    /// The most characters.
    pub max_length: Option<u64>,
    /// The least number.
    pub minimum: Option<i64>,
    /// The greatest number.
    pub maximum: Option<i64>,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `string`
    Text,
    /// `integer`
    Whole,
    /// `number` with its scale
    Decimal(u8),
    /// `boolean`
    Flag,
    /// `date`
    Day,
    /// `datetime`, kept as UTC microseconds
    Instant,
}

/// How a column identifies a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pii {
    /// It becomes a keyed pseudonym as it is read.
    Id,
    /// It is never stored.
    Drop,
}

/// A column that points at another table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Our column.
    pub column: String,
    /// The table.
    pub table: String,
    /// Its column.
    pub target: String,
    /// Where it stands.
    pub place: Place,
}

/// The tables that point somewhere and that nights tell themselves.
const TOLD: [&str; 5] = ["correction", "metric_value", "reconciliation", "score", "score_line"];

impl Schema {
    /// A column by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether nights tell its rows themselves, so that whatever they point at is known; what is sent may name what nobody
    /// knows.
    pub fn is_told(&self) -> bool {
        TOLD.contains(&self.name.as_str())
    }

    /// Whether a column may be empty in a row that stands: one that must be sent is where it names what nobody knows.
    pub fn may_be_empty(&self, field: &Field) -> bool {
        let points = self.foreign_keys.iter().any(|key| key.column == field.name);
        !field.is_required || (points && !self.is_told())
    }

    /// The table that a dotted name's first part follows: `case` of `case_id`.
    pub fn followed(&self, part: &str) -> Option<&ForeignKey> {
        let column = format!("{part}_id");
        self.foreign_keys.iter().find(|key| key.column == column)
    }
}

/// Reads the contract of one table.
///
/// # Errors
/// Every fault of the file.
pub fn read_schema(file: &str, name: &str, text: &str) -> Result<Schema, Vec<Diagnostic>> {
    let root = tree::from_json(file, text).map_err(|fault| vec![fault])?;
    let faults = Faults::of(file);
    let schema = schema(name, &Table::of(&root, "", &faults));
    if faults.count() == 0 { Ok(schema) } else { Err(faults.into_list()) }
}

fn schema(name: &str, root: &Table<'_>) -> Schema {
    root.text("$schema");
    let mut fields: Vec<Field> = Vec::new();
    for table in root.tables("fields") {
        let Some(field) = field(&table) else { continue };
        // A warehouse tells no letter from its capital.
        if fields.iter().any(|known| known.name.eq_ignore_ascii_case(&field.name)) {
            table.fault("name", Code::Duplicate, vec![("found", field.name.clone())]);
        }
        fields.push(field);
    }
    if fields.is_empty() {
        root.missing("fields", "[…]");
    }
    let is_about_persons = root.flag("x:persons");
    let class = root.word("x:class", &CLASSES);
    let schema = Schema {
        name: name.to_owned(),
        title: root.need_text("title"),
        primary_key: root.texts("primaryKey"),
        key_place: root.node("primaryKey").map_or(root.place, |node| node.place),
        foreign_keys: root.tables("foreignKeys").iter().filter_map(foreign_key).collect(),
        is_about_persons,
        class: class.unwrap_or(if is_about_persons { "重要" } else { "一般" }),
        time: root.text("x:time"),
        fields,
    };
    let unknown = |column: &String| vec![("table", name.to_owned()), ("found", column.clone())];
    let is_unknown = |column: &&String| schema.field(column).is_none();
    for column in schema.primary_key.iter().filter(is_unknown) {
        root.fault("primaryKey", Code::UnknownColumn, unknown(column));
    }
    for column in schema.time.iter().filter(is_unknown) {
        root.fault("x:time", Code::UnknownColumn, unknown(column));
    }
    for key in schema.foreign_keys.iter().filter(|key| is_unknown(&&key.column)) {
        root.faults.add(key.place, "foreignKeys", Code::UnknownColumn, unknown(&key.column));
    }
    if schema.primary_key.is_empty() {
        root.missing("primaryKey", "[\"…\"]");
    }
    schema
}

fn field(table: &Table<'_>) -> Option<Field> {
    let name = table.need_text("name");
    let kinds = [
        ("string", FieldKind::Text),
        ("integer", FieldKind::Whole),
        ("number", FieldKind::Decimal(0)),
        ("boolean", FieldKind::Flag),
        ("date", FieldKind::Day),
        ("datetime", FieldKind::Instant),
    ];
    let mut kind = table.word("type", &kinds);
    if kind.is_none() && table.node("type").is_none() {
        table.missing("type", "\"string\"");
    }
    if let Some(FieldKind::Decimal(scale)) = &mut kind {
        let found = table.count("x:scale");
        if found.is_none() && table.node("x:scale").is_none() {
            table.missing("x:scale", "2");
        }
        *scale = found.map_or(0, |found| u8::try_from(found.min(12)).unwrap_or(12));
    }
    let constraints = table.table("constraints");
    let claims = |key| constraints.as_ref().is_some_and(|constraints| constraints.flag(key));
    let (is_required, is_unique) = (claims("required"), claims("unique"));
    let limits = constraints.as_ref().map(|constraints| limits(constraints, kind));
    let is_text = kind == Some(FieldKind::Text);
    Some(Field {
        title: table.text("title").filter(|it| !it.is_empty()).unwrap_or_else(|| name.clone()),
        name,
        is_required,
        is_expected: table.flag("x:expected"),
        is_unique,
        limits: limits.unwrap_or_default(),
        pii: table.word("x:pii", &[("id", Pii::Id), ("drop", Pii::Drop)]),
        codes: table.found_text("x:codes"),
        form: is_text.then(|| table.word("x:format", &[("uscc", Form::Uscc)])).flatten(),
        means: table.text("description").unwrap_or_default(),
        // Last: what is missing must not hide the keys that are there.
        kind: kind?,
    })
}

/// What a type can be held to; any other constraint is an unknown key.
fn limits(table: &Table<'_>, kind: Option<FieldKind>) -> Limits {
    match kind {
        Some(FieldKind::Text) => Limits {
            choices: table.texts("enum"),
            pattern: whole_pattern(table),
            min_length: table.count("minLength"),
            max_length: table.count("maxLength"),
            ..Limits::default()
        },
        Some(FieldKind::Whole | FieldKind::Decimal(_)) => Limits {
            minimum: table.whole("minimum"),
            maximum: table.whole("maximum"),
            ..Limits::default()
        },
        Some(FieldKind::Flag | FieldKind::Day | FieldKind::Instant) => Limits::default(),
        None => {
            // One fault is enough: what belongs to an unknown type is not known either.
            table.free();
            Limits::default()
        }
    }
}

fn whole_pattern(limits: &Table<'_>) -> Option<regex::Regex> {
    let pattern = limits.pattern("pattern")?;
    regex::Regex::new(&format!("^(?:{})$", pattern.as_str())).ok()
}

fn foreign_key(table: &Table<'_>) -> Option<ForeignKey> {
    let column = one_column(table);
    let Some(reference) = table.table("reference") else {
        table.missing("reference", "{ \"resource\": \"unit\", \"fields\": [\"unit_id\"] }");
        return None;
    };
    let target = one_column(&reference);
    let name = reference.need_text("resource");
    Some(ForeignKey { column: column?, table: name, target: target?, place: table.place })
}

fn one_column(table: &Table<'_>) -> Option<String> {
    match table.texts("fields").as_slice() {
        [column] => Some(column.clone()),
        [] if table.node("fields").is_none() => {
            table.missing("fields", "[\"unit_id\"]");
            None
        }
        columns => {
            let found = columns.join(", ");
            let nouns = vec![("found", found), ("expected", "one column".to_owned())];
            table.fault("fields", Code::BadNumber, nouns);
            None
        }
    }
}

/// Whether a node is a table, for readers that accept two shapes.
pub(super) fn is_table(node: &tree::Node) -> bool {
    matches!(node.value, Value::Table(_))
}
