//! What do we promise? One Frictionless Table Schema a table, with a few keys of our own.

use super::reader::Faults;
use super::reader::Table;
use super::tree;
use super::tree::Value;
use crate::base::diagnostic::Diagnostic;
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
    /// What its columns point at.
    pub foreign_keys: Vec<ForeignKey>,
    /// Whether its rows are about persons, so that they never leave the lake.
    pub is_about_persons: bool,
    /// The column that says on which day a row's names hold.
    pub time: Option<String>,
}

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
    /// Its only values; empty is any.
    pub choices: Vec<String>,
    /// What a text must match as a whole.
    pub pattern: Option<regex::Regex>,
    /// The least number.
    pub minimum: Option<i64>,
    /// The greatest number.
    pub maximum: Option<i64>,
    /// Whether it identifies a person.
    pub pii: Option<Pii>,
    /// The code table whose spellings are read, in `schemas/codes/`.
    pub codes: Option<String>,
    /// What it means.
    pub means: String,
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
}

impl Schema {
    /// A column by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
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
    let fields: Vec<Field> = root.tables("fields").iter().filter_map(field).collect();
    if fields.is_empty() {
        root.missing("fields", "[…]");
    }
    let schema = Schema {
        name: name.to_owned(),
        title: root.need_text("title"),
        primary_key: root.texts("primaryKey"),
        foreign_keys: root.tables("foreignKeys").iter().filter_map(foreign_key).collect(),
        is_about_persons: root.flag("x:persons"),
        time: root.text("x:time"),
        fields,
    };
    let pointed = schema.foreign_keys.iter().map(|key| &key.column);
    for column in schema.primary_key.iter().chain(pointed) {
        if schema.field(column).is_none() {
            let nouns = vec![("table", name.to_owned()), ("found", column.clone())];
            root.fault("primaryKey", Code::UnknownColumn, nouns);
        }
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
    let mut kind = table.word("type", &kinds)?;
    let scale = table.count("x:scale").map(|scale| u8::try_from(scale).unwrap_or(u8::MAX));
    if let FieldKind::Decimal(_) = kind {
        if scale.is_none() {
            table.missing("x:scale", "2");
        }
        kind = FieldKind::Decimal(scale.unwrap_or(0).min(12));
    }
    let limits = table.table("constraints");
    let limits = limits.as_ref();
    Some(Field {
        title: table.text("title").unwrap_or_else(|| name.clone()),
        name,
        kind,
        is_required: limits.is_some_and(|limits| limits.flag("required")),
        is_expected: table.flag("x:expected"),
        choices: limits.map_or_else(Vec::new, |limits| limits.texts("enum")),
        pattern: limits.and_then(whole_pattern),
        minimum: limits.and_then(|limits| limits.whole("minimum")),
        maximum: limits.and_then(|limits| limits.whole("maximum")),
        pii: table.word("x:pii", &[("id", Pii::Id), ("drop", Pii::Drop)]),
        codes: table.text("x:codes"),
        means: table.text("description").unwrap_or_default(),
    })
}

fn whole_pattern(limits: &Table<'_>) -> Option<regex::Regex> {
    let pattern = limits.pattern("pattern")?;
    regex::Regex::new(&format!("^(?:{})$", pattern.as_str())).ok()
}

fn foreign_key(table: &Table<'_>) -> Option<ForeignKey> {
    let columns = table.texts("fields");
    let reference = table.table("reference")?;
    let targets = reference.texts("fields");
    let name = reference.need_text("resource");
    if let ([column], [target]) = (columns.as_slice(), targets.as_slice()) {
        return Some(ForeignKey { column: column.clone(), table: name, target: target.clone() });
    }
    table.missing("fields", "[\"one column\"]");
    None
}

/// Whether a node is a table, for readers that accept two shapes.
pub(super) fn is_table(node: &tree::Node) -> bool {
    matches!(node.value, Value::Table(_))
}
