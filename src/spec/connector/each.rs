//! For which rows of another stream is a stream asked?

use super::super::reader::Found;
use super::super::reader::Nouns;
use super::super::reader::Table;
use super::super::template::Template;
use super::values::statuses;
use crate::base::messages::Code;

/// The rows for each of which a stream is asked.
#[derive(Clone, Debug)]
pub struct Each {
    /// The stream whose rows they are, of the same system.
    pub of: Found<String>,
    /// Which of its rows.
    pub rows: Rows,
    /// The statuses that say that a row has none, and nothing is wrong.
    pub gone: Vec<u16>,
    /// The headers of the parent that questions name.
    pub names: Vec<String>,
}

/// Which rows of the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those that came tonight.
    Tonight,
    /// Those that came in any night whose rows are still there.
    All,
}

/// The headers that a text names as `${row.…}`, each once.
pub fn row_names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for after in text.split("${row.").skip(1) {
        if let Some((name, _)) = after.split_once('}')
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// A text that may name headers of the parent, variables and secrets, and the names of its headers in it.
///
/// # Errors
/// Another name, or a brace that is not closed.
pub fn row_template(text: &str) -> Result<(Template, Vec<String>), (Code, Nouns)> {
    let rows: Vec<String> = row_names(text).iter().map(|name| format!("row.{name}")).collect();
    let names: Vec<&str> = rows.iter().map(String::as_str).collect();
    Ok((Template::parse(text, &names)?, rows))
}

pub(super) fn read(stream: &Table<'_>, path: &str, parameters: &[&str]) -> Option<Each> {
    let texts = std::iter::once(path).chain(parameters.iter().copied());
    let mut names: Vec<String> = texts.flat_map(row_names).collect();
    names.sort();
    names.dedup();
    let Some(table) = stream.table("each") else {
        if let Some(name) = names.first() {
            stream.fault("path", Code::RowOfNone, vec![("found", format!("${{row.{name}}}"))]);
        }
        return None;
    };
    let of = table.found_text("of");
    if of.is_none() {
        table.missing("of", "\"cases\"");
    }
    if names.is_empty() {
        table.fault("of", Code::NoRowNamed, Vec::new());
    }
    let rows = table.word("rows", &[("tonight", Rows::Tonight), ("all", Rows::All)]);
    let gone = statuses(&table, "gone");
    Some(Each { of: of?, rows: rows.unwrap_or(Rows::Tonight), gone, names })
}
