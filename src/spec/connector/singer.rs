//! How is a Singer tap run, and which of its streams is read?

use std::time::Duration;

use serde_json::Map;
use serde_json::Value as Json;

use super::super::reader::Table;
use super::super::reader::texts_of;
use super::super::reader::wrong_type;
use super::super::schema::is_table;
use super::super::template::Template;
use super::super::template::TemplateError;
use super::super::tree::Node;
use super::super::tree::Value;
use super::values::plain;
use super::values::span_or;
use crate::spec::template::Secrets;

/// A tap: a program that writes Singer messages.
#[derive(Clone, Debug)]
pub struct Singer {
    /// The program and its words; a path with a slash starts at the home, as do the paths that the tap reads.
    pub command: Vec<String>,
    /// Its configuration, given to it as the file of `--config`.
    pub config: Option<Config>,
    /// How long one run may take.
    pub timeout: Duration,
}

/// A piece of a tap's configuration.
#[derive(Clone, Debug)]
pub enum Config {
    /// A text.
    Text(Template),
    /// A number or a flag.
    Plain(Json),
    /// Several.
    List(Vec<Config>),
    /// By key.
    Table(Vec<(String, Config)>),
}

/// How one stream is read.
#[derive(Clone, Debug)]
pub struct SingerStream {
    /// What the tap calls it.
    pub tap_stream: String,
}

impl Config {
    /// As JSON, with every value in its place.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn fill(&self, secrets: &dyn Secrets) -> Result<Json, TemplateError> {
        Ok(match self {
            Config::Text(text) => Json::String(text.fill(secrets, &[])?),
            Config::Plain(value) => value.clone(),
            Config::List(all) => {
                let all = all.iter().map(|one| one.fill(secrets));
                Json::Array(all.collect::<Result<_, _>>()?)
            }
            Config::Table(all) => {
                let all = all.iter().map(|(key, one)| Ok((key.clone(), one.fill(secrets)?)));
                Json::Object(all.collect::<Result<Map<_, _>, TemplateError>>()?)
            }
        })
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Singer> {
    let Some(singer) = root.table("singer") else {
        root.missing("singer", "{ command = [\"tap-csv\"] }");
        return None;
    };
    let command = match singer.node("command") {
        Some(node) => texts_of(node, &singer.name("command"), singer.faults),
        None => Vec::new(),
    };
    if command.is_empty() {
        singer.missing("command", "[\"tap-csv\"]");
    }
    let config = singer.node("config").and_then(|node| {
        if !is_table(node) {
            wrong_type(singer.faults, node, &singer.name("config"), "a table");
            return None;
        }
        config(node, &singer)
    });
    let timeout = span_or(&singer, "timeout", Duration::from_mins(30));
    Some(Singer { command, config, timeout })
}

pub(super) fn stream(table: &Table<'_>, name: &str) -> SingerStream {
    SingerStream { tap_stream: table.text("tap_stream").unwrap_or_else(|| name.to_owned()) }
}

fn config(node: &Node, singer: &Table<'_>) -> Option<Config> {
    Some(match &node.value {
        Value::Text(text) => match Template::parse(text, &[]) {
            Ok(template) => Config::Text(template),
            Err((code, nouns)) => {
                singer.faults.add(node.place, &singer.name("config"), code, nouns);
                return None;
            }
        },
        Value::Whole(_) | Value::Flag(_) | Value::Other(_) => {
            Config::Plain(plain(node, &singer.name("config"), singer.faults)?)
        }
        Value::List(all) => {
            Config::List(all.iter().filter_map(|one| config(one, singer)).collect())
        }
        Value::Table(all) => {
            let all = all.iter();
            let all = all.filter_map(|it| Some((it.key.clone(), config(&it.node, singer)?)));
            Config::Table(all.collect())
        }
    })
}
