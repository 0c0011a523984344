//! Where does every key of a file stand? TOML and JSON become one tree whose nodes know their place.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place.
    pub place: Place,
}

/// A value of a file.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number or date, as written.
    Other(String),
    /// A boolean.
    Flag(bool),
    /// An array.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// What kind of value this is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Whole(_) => "a whole number",
            Value::Other(_) => "a number",
            Value::Flag(_) => "a boolean",
            Value::List(_) => "an array",
            Value::Table(_) => "a table",
        }
    }
}

/// Reads TOML.
///
/// # Errors
/// The first fault of its syntax.
pub fn from_toml(file: &str, text: &str) -> Result<Node, Diagnostic> {
    let places = Places::new(text);
    match toml::de::DeTable::parse(text) {
        Ok(table) => Ok(toml_table(table.get_ref(), table.span().start, &places)),
        Err(fault) => {
            let at = fault.span().map_or(0, |span| span.start);
            Err(syntax(file, places.of(at), fault.message()))
        }
    }
}

/// Reads JSON.
///
/// # Errors
/// The first fault of its syntax.
pub fn from_json(file: &str, text: &str) -> Result<Node, Diagnostic> {
    let places = Places::new(text);
    let options = jsonc_parser::ParseOptions::default();
    match jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &options) {
        Ok(parsed) => match parsed.value {
            Some(value) => Ok(json_node(&value, &places)),
            None => Err(syntax(file, Place { line: 1, column: 1 }, "the file is empty")),
        },
        Err(fault) => Err(syntax(file, places.of(fault.range().start), &fault.kind().to_string())),
    }
}

fn syntax(file: &str, place: Place, problem: &str) -> Diagnostic {
    let nouns = vec![("problem", problem.trim().to_owned())];
    Diagnostic { file: file.to_owned(), place, key: String::new(), code: Code::Syntax, nouns }
}

fn toml_table(table: &toml::de::DeTable<'_>, start: usize, places: &Places) -> Node {
    let mut entries: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let at = key.span().start;
            let entry = Entry {
                key: key.get_ref().to_string(),
                place: places.of(at),
                node: toml_node(value, places),
            };
            (at, entry)
        })
        .collect();
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    Node { value: Value::Table(entries), place: places.of(start) }
}

fn toml_node(value: &toml::Spanned<toml::de::DeValue<'_>>, places: &Places) -> Node {
    use toml::de::DeValue;
    let start = value.span().start;
    let read = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Value::Whole(whole),
            Err(_) => Value::Other(number.as_str().to_owned()),
        },
        DeValue::Float(number) => Value::Other(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => Value::Other(moment.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| toml_node(item, places)).collect())
        }
        DeValue::Table(table) => return toml_table(table, start, places),
    };
    Node { value: read, place: places.of(start) }
}

fn json_node(value: &ast::Value<'_>, places: &Places) -> Node {
    let place = places.of(value.range().start);
    let read = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.to_string()),
        ast::Value::NumberLit(number) => match number.value.parse() {
            Ok(whole) => Value::Whole(whole),
            Err(_) => Value::Other(number.value.to_owned()),
        },
        ast::Value::BooleanLit(flag) => Value::Flag(flag.value),
        ast::Value::NullKeyword(_) => Value::Other("null".to_owned()),
        ast::Value::Array(list) => {
            Value::List(list.elements.iter().map(|item| json_node(item, places)).collect())
        }
        ast::Value::Object(object) => Value::Table(
            object
                .properties
                .iter()
                .map(|property| Entry {
                    key: property.name.as_str().to_owned(),
                    place: places.of(property.range.start),
                    node: json_node(&property.value, places),
                })
                .collect(),
        ),
    };
    Node { value: read, place }
}

/// Byte offsets to lines and columns.
pub struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Places<'t> {
    /// Of a text.
    pub fn new(text: &'t str) -> Places<'t> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Places { text, starts }
    }

    /// The place of a byte offset.
    pub fn of(&self, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count()) + 1;
        Place { line, column }
    }
}
