//! What is wrong, where, and what to do: one fault of a file of the home.

use super::messages::Code;
use super::messages::Lang;

/// A place in a text file, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// One fault: `file:line:column  key: message`, and a hint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file, relative to the home.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// The key, with the tables around it: `stream.orders.write`.
    pub key: String,
    /// What is wrong, in both tongues.
    pub code: Code,
    /// The nouns of the message.
    pub nouns: Vec<(&'static str, String)>,
}

impl Diagnostic {
    /// The message of this fault.
    pub fn message(&self, lang: Lang) -> String {
        fill(self.code.text(lang), &self.nouns)
    }

    /// What to do about it, if something can be said. A hint whose noun is missing is left out.
    pub fn hint(&self, lang: Lang) -> Option<String> {
        let text = self.code.hint(lang)?;
        let is_known = |noun: &str| self.nouns.iter().any(|(known, _)| *known == noun);
        let mut nouns = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        nouns.all(is_known).then(|| fill(text, &self.nouns))
    }

    /// The fault as `cargo` would print it: one line, and a line for the hint.
    pub fn render(&self, lang: Lang) -> String {
        let Place { line, column } = self.place;
        let mut text = format!("{}:{line}:{column}  ", self.file);
        if !self.key.is_empty() {
            text.push_str(&self.key);
            text.push_str(": ");
        }
        text.push_str(&self.message(lang));
        text.push_str(" [");
        text.push_str(self.code.id());
        text.push(']');
        if let Some(hint) = self.hint(lang) {
            text.push_str("\n    hint: ");
            text.push_str(&hint);
        }
        text
    }
}

/// Puts nouns in the place of `{name}`.
pub fn fill(text: &str, nouns: &[(&'static str, String)]) -> String {
    nouns
        .iter()
        .fold(text.to_owned(), |text, (name, noun)| text.replace(&format!("{{{name}}}"), noun))
}

/// The known name nearest to `found`, if it is near enough to be meant.
pub fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_guessed_and_a_far_one_is_not() {
        assert_eq!(nearest("upsrt", ["append", "upsert", "snapshot"]), Some("upsert"));
        assert_eq!(nearest("banana", ["append", "upsert", "snapshot"]), None);
    }
}
