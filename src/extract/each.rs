//! For which rows of another stream is a question asked? Each is named by a hash: its key may be a
//! person's.

use std::collections::BTreeSet;

use super::ExtractError;
use super::Request;
use crate::spec::connector::Each;
use crate::spec::connector::row_names;

/// A row of the parent, as far as questions name it.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    values: Vec<(String, String)>,
    /// What it is called where it is told.
    pub(super) hash: String,
}

impl Parent {
    /// Every row of the parent that questions can tell apart, in the order in which it came; a row that
    /// lacks a value is none to ask about.
    pub(super) fn all(each: &Each, request: &Request<'_>) -> Result<Vec<Parent>, ExtractError> {
        let (mut parents, mut seen) = (Vec::new(), BTreeSet::new());
        let mut see = |values: Vec<Option<String>>| {
            let Some(values) = values.into_iter().collect::<Option<Vec<String>>>() else { return };
            if values.iter().any(|value| leads_elsewhere(value)) {
                return;
            }
            let mut hash = request.key.pseudonym(&values.join("\u{1f}"));
            hash.truncate(12);
            if seen.insert(hash.clone()) {
                parents.push(Parent {
                    values: each.names.iter().cloned().zip(values).collect(),
                    hash,
                });
            }
        };
        (request.parents)(&each.names, &mut see).map_err(ExtractError::Landing)?;
        Ok(parents)
    }

    /// Which one it is, in words.
    pub(super) fn words(&self) -> String {
        format!("row {}", self.hash)
    }

    /// A text with the row's values in it.
    pub(super) fn fill(&self, text: &str) -> String {
        self.filled(text, str::to_owned)
    }

    /// A path with the row's values in it, each within one step of the path.
    pub(super) fn fill_path(&self, path: &str) -> String {
        self.filled(path, step)
    }

    /// The headers that every row of the answer gets.
    pub(super) fn made(&self) -> Vec<(String, String)> {
        let made = |(name, value): &(String, String)| (format!("_row.{name}"), value.clone());
        self.values.iter().map(made).collect()
    }

    fn filled(&self, text: &str, written: impl Fn(&str) -> String) -> String {
        let mut filled = text.to_owned();
        for name in row_names(text) {
            if let Some((_, value)) = self.values.iter().find(|(known, _)| *known == name) {
                filled = filled.replace(&format!("${{row.{name}}}"), &written(value));
            }
        }
        filled
    }
}

/// Whether a value, as a step of a path, means another folder, however it is escaped.
pub(super) fn leads_elsewhere(value: &str) -> bool {
    matches!(value, "." | "..")
}

/// A value as a step of a path.
pub(super) fn step(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
    let written = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    value.bytes().map(written).collect()
}
