//! What does `${…}` stand for? A fixed name, an environment variable or a secret: substitution, not
//! programming.

use std::collections::BTreeSet;

use super::reader::Nouns;
use super::reader::Table;
use super::tree;
use super::tree::Node;
use super::tree::Value;
use crate::base::messages::Code;

/// The variables (`env`) and secrets (`secret`) that a TOML file names outside its comments, each once.
pub fn named(file: &str, text: &str) -> BTreeSet<(&'static str, String)> {
    let mut named = BTreeSet::new();
    if let Ok(root) = tree::from_toml(file, text) {
        gather(&root, &mut named);
    }
    named
}

fn gather(node: &Node, named: &mut BTreeSet<(&'static str, String)>) {
    match &node.value {
        Value::Text(text) => {
            for rest in text.split("${").skip(1) {
                let name = rest.split_once('}').and_then(|(name, _)| name.split_once(':'));
                named.extend(match name {
                    Some(("env", name)) => Some(("env", name.to_owned())),
                    Some(("secret", name)) => Some(("secret", name.to_owned())),
                    _ => None,
                });
            }
        }
        Value::List(nodes) => nodes.iter().for_each(|node| gather(node, named)),
        Value::Table(entries) => entries.iter().for_each(|entry| gather(&entry.node, named)),
        Value::Whole(_) | Value::Other(_) | Value::Flag(_) => {}
    }
}

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
    Env(String),
    Secret(String),
}

/// Why a template has no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// An environment variable or a secret that is not set.
    #[error("{0}")]
    Unset(String),
    /// A name nobody gave a value.
    #[error("`${{{0}}}` has no value here")]
    Unknown(String),
}

/// Where environment variables and secrets come from.
pub trait Secrets {
    /// The value of an environment variable.
    fn env(&self, name: &str) -> Result<String, String>;
    /// The text of a secret.
    fn secret(&self, name: &str) -> Result<String, String>;
}

impl Template {
    /// A template whose only names are `env:`, `secret:` and those given.
    ///
    /// # Errors
    /// A name that is not known here, or a brace that is not closed.
    pub fn parse(text: &str, names: &[&str]) -> Result<Template, (Code, Nouns)> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            let part = match name.split_once(':') {
                Some(("env", variable)) => Part::Env(variable.to_owned()),
                Some(("secret", secret)) => Part::Secret(secret.to_owned()),
                _ if names.contains(&name) => Part::Name(name.to_owned()),
                _ => {
                    let choices = names.iter().copied().chain(["env:…", "secret:…"]);
                    let choices = choices.collect::<Vec<_>>().join(", ");
                    let nouns = vec![("name", name.to_owned()), ("choices", choices)];
                    return Err((Code::Template, nouns));
                }
            };
            parts.push(part);
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { parts })
    }

    /// A text without places.
    pub fn plain(text: &str) -> Template {
        Template { parts: vec![Part::Text(text.to_owned())] }
    }

    /// Whether a name has a place in it.
    pub fn names(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Name(known) if known == name))
    }

    /// The template of a key; a missing key is a fault.
    pub fn read(table: &Table<'_>, key: &'static str, names: &[&str]) -> Option<Template> {
        let text = table.need_text(key);
        let template = Template::parse(&text, names);
        template.map_err(|(code, nouns)| table.fault(key, code, nouns)).ok()
    }

    /// The text with every value in its place.
    ///
    /// # Errors
    /// The first name without a value.
    pub fn fill(
        &self,
        secrets: &dyn Secrets,
        values: &[(&str, String)],
    ) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Env(name) => text.push_str(&secrets.env(name).map_err(TemplateError::Unset)?),
                Part::Secret(name) => {
                    text.push_str(&secrets.secret(name).map_err(TemplateError::Unset)?);
                }
                Part::Name(name) => match values.iter().find(|(known, _)| known == name) {
                    Some((_, value)) => text.push_str(value),
                    None => return Err(TemplateError::Unknown(name.clone())),
                },
            }
        }
        Ok(text)
    }
}
