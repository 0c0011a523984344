//! How is a table of a file read so that every fault is told at once? Key by key: a wrong value
//! leaves a fault and `None`, and what nobody asked for is an unknown key.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeSet;

use super::tree::Entry;
use super::tree::Node;
use super::tree::Value;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::diagnostic::nearest;
use crate::base::messages::Code;

/// The nouns of a message.
pub type Nouns = Vec<(&'static str, String)>;

/// Where the faults of one file gather.
#[derive(Debug)]
pub struct Faults {
    /// The file, relative to the home.
    pub file: String,
    list: RefCell<Vec<Diagnostic>>,
}

impl Faults {
    /// Of a file, none yet.
    pub fn of(file: &str) -> Faults {
        Faults { file: file.to_owned(), list: RefCell::default() }
    }

    /// Notes a fault.
    pub fn add(&self, place: Place, key: &str, code: Code, nouns: Nouns) {
        let fault = Diagnostic { file: self.file.clone(), place, key: key.to_owned(), code, nouns };
        self.list.borrow_mut().push(fault);
    }

    /// Takes a fault that was made elsewhere.
    pub fn take(&self, fault: Diagnostic) {
        self.list.borrow_mut().push(fault);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.borrow().len()
    }

    /// Everything that was noted.
    pub fn into_list(self) -> Vec<Diagnostic> {
        self.list.into_inner()
    }
}

/// A noun `guess` when a known name is near.
pub fn guess<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Nouns {
    let mut nouns = vec![("found", found.to_owned())];
    if let Some(near) = nearest(found, known) {
        nouns.push(("guess", near.to_owned()));
    }
    nouns
}

/// A value, the name of its key and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
    /// Its key, with the tables around it.
    pub key: String,
}

/// A table that is being read. Dropped, it tells the keys that nobody asked for.
pub struct Table<'t> {
    /// Where its faults go.
    pub faults: &'t Faults,
    /// Its name, with the tables around it.
    pub path: String,
    /// Where it stands.
    pub place: Place,
    entries: Vec<(&'t Entry, Cell<bool>)>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t> Table<'t> {
    /// A node as a table; anything else is a fault and an empty table.
    pub fn of(node: &'t Node, path: &str, faults: &'t Faults) -> Table<'t> {
        let entries = if let Value::Table(entries) = &node.value {
            entries.iter().map(|e| (e, Cell::new(false))).collect()
        } else {
            wrong_type(faults, node, path, "a table");
            Vec::new()
        };
        let asked = RefCell::default();
        Table { faults, path: path.to_owned(), place: node.place, entries, asked }
    }

    /// The full name of a key.
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The node of a key.
    pub fn node(&self, key: &'static str) -> Option<&'t Node> {
        self.asked.borrow_mut().push(key);
        self.peek(key)
    }

    fn peek(&self, key: &str) -> Option<&'t Node> {
        let (entry, seen) = self.entries.iter().find(|(entry, _)| entry.key == key)?;
        seen.set(true);
        Some(&entry.node)
    }

    /// Every entry, for tables whose keys are free.
    pub fn free(&self) -> Vec<&'t Entry> {
        let all = self.entries.iter();
        all.map(|(entry, seen)| {
            seen.set(true);
            *entry
        })
        .collect()
    }

    /// Notes a fault of a key of this table.
    pub fn fault(&self, key: &str, code: Code, nouns: Nouns) {
        let entry = self.entries.iter().find(|(entry, _)| entry.key == key);
        let place = entry.map_or(self.place, |(entry, _)| entry.node.place);
        self.faults.add(place, &self.name(key), code, nouns);
    }

    /// Notes that a key is missing.
    pub fn missing(&self, key: &str, example: &str) {
        let nouns = vec![("key", key.to_owned()), ("example", example.to_owned())];
        self.faults.add(self.place, &self.path, Code::MissingKey, nouns);
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<String> {
        self.found_text(key).map(|found| found.value)
    }

    /// A string with its place.
    pub fn found_text(&self, key: &'static str) -> Option<Found<String>> {
        let node = self.node(key)?;
        let value = text_of(node, &self.name(key), self.faults)?;
        Some(Found { value, place: node.place, key: self.name(key) })
    }

    /// A string that must be there; a missing one is a fault and empty.
    pub fn need_text(&self, key: &'static str) -> String {
        let found = self.text(key);
        if found.is_none() && self.peek(key).is_none() {
            self.missing(key, "\"…\"");
        }
        found.unwrap_or_default()
    }

    /// A whole number.
    pub fn whole(&self, key: &'static str) -> Option<i64> {
        let node = self.node(key)?;
        if let Value::Whole(number) = node.value {
            return Some(number);
        }
        wrong_type(self.faults, node, &self.name(key), "a whole number");
        None
    }

    /// A whole number that is not negative.
    pub fn count(&self, key: &'static str) -> Option<u64> {
        let number = self.whole(key)?;
        let count = u64::try_from(number).ok();
        if count.is_none() {
            let nouns = vec![("found", number.to_string()), ("expected", "0 or more".to_owned())];
            self.fault(key, Code::BadNumber, nouns);
        }
        count
    }

    /// A boolean; absent is false.
    pub fn flag(&self, key: &'static str) -> bool {
        self.flag_or(key, false)
    }

    /// A boolean with another default.
    pub fn flag_or(&self, key: &'static str, default: bool) -> bool {
        match self.node(key).map(|node| (&node.value, node)) {
            None => default,
            Some((Value::Flag(flag), _)) => *flag,
            Some((_, node)) => {
                wrong_type(self.faults, node, &self.name(key), "a boolean");
                default
            }
        }
    }

    /// A table below this one.
    pub fn table(&self, key: &'static str) -> Option<Table<'t>> {
        let node = self.node(key)?;
        Some(Table::of(node, &self.name(key), self.faults))
    }

    /// The tables of `[[key]]`, each with its `name` in its path.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'t>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            wrong_type(self.faults, node, &self.name(key), "an array of tables");
            return Vec::new();
        };
        let path = |at: usize, item: &Node| match named(item) {
            Some(name) => format!("{}.{name}", self.name(key)),
            None => format!("{}[{at}]", self.name(key)),
        };
        let items = items.iter().enumerate();
        items.map(|(at, item)| Table::of(item, &path(at, item), self.faults)).collect()
    }

    /// A list of strings; one string is a list of one.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        self.node(key).map_or_else(Vec::new, |node| texts_of(node, &self.name(key), self.faults))
    }

    /// The same, with where they stand.
    pub fn found_texts(&self, key: &'static str) -> Vec<Found<String>> {
        let place = self.node(key).map_or(self.place, |node| node.place);
        let found = |value| Found { value, place, key: self.name(key) };
        self.texts(key).into_iter().map(found).collect()
    }

    /// A table of strings with free keys.
    pub fn text_map(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let entries = table.free().into_iter();
        entries
            .filter_map(|entry| {
                let name = table.name(&entry.key);
                Some((entry.key.clone(), text_of(&entry.node, &name, self.faults)?))
            })
            .collect()
    }

    /// A word out of a closed set.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let found = self.text(key)?;
        let hit = words.iter().find(|(word, _)| *word == found).map(|(_, value)| *value);
        if hit.is_none() {
            let choices: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let nouns = vec![("found", found), ("choices", choices.join(", "))];
            self.fault(key, Code::UnknownWord, nouns);
        }
        hit
    }

    /// A regular expression.
    pub fn pattern(&self, key: &'static str) -> Option<regex::Regex> {
        self.compiled(key, &self.text(key)?)
    }

    /// A list of regular expressions; a string is a list of one.
    pub fn patterns(&self, key: &'static str) -> Vec<regex::Regex> {
        let texts = self.texts(key).into_iter();
        texts.filter_map(|text| self.compiled(key, &text)).collect()
    }

    fn compiled(&self, key: &'static str, text: &str) -> Option<regex::Regex> {
        let pattern = regex::Regex::new(text);
        let problem = |problem: &regex::Error| problem.to_string().replace('\n', " ");
        pattern
            .map_err(|fault| {
                self.fault(key, Code::BadPattern, vec![("problem", problem(&fault))]);
            })
            .ok()
    }

    /// A text that reads as `T`, such as a span of time or a share.
    pub fn parsed<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = self.text(key)?;
        let value = read(&found);
        if value.is_none() {
            let nouns = vec![("found", found), ("expected", expected.to_owned())];
            self.fault(key, Code::BadNumber, nouns);
        }
        value
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let mut asked = self.asked.take();
        let mut seen = BTreeSet::new();
        asked.retain(|key| seen.insert(*key));
        for (entry, _) in self.entries.iter().filter(|(_, seen)| !seen.get()) {
            let mut nouns = guess(&entry.key, asked.iter().copied());
            // Where none is near, every key that could stand here is a guess.
            if nouns.len() == 1 && !asked.is_empty() {
                nouns.push(("guess", asked.join("`, `")));
            }
            self.faults.add(entry.place, &self.name(&entry.key), Code::UnknownKey, nouns);
        }
    }
}

/// A node as a string.
pub fn text_of(node: &Node, path: &str, faults: &Faults) -> Option<String> {
    if let Value::Text(text) = &node.value {
        return Some(text.clone());
    }
    wrong_type(faults, node, path, "a string");
    None
}

/// A node as a list of strings; one string is a list of one.
pub fn texts_of(node: &Node, path: &str, faults: &Faults) -> Vec<String> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|n| text_of(n, path, faults)).collect(),
        _ => text_of(node, path, faults).into_iter().collect(),
    }
}

/// Notes that a node is of another type.
pub fn wrong_type(faults: &Faults, node: &Node, path: &str, expected: &str) {
    let nouns = vec![("expected", expected.to_owned()), ("found", node.kind().to_owned())];
    faults.add(node.place, path, Code::WrongType, nouns);
}

fn named(node: &Node) -> Option<&str> {
    let Value::Table(entries) = &node.value else { return None };
    let entry = entries.iter().find(|entry| entry.key == "name")?;
    match &entry.node.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}

/// On which line of its file a record of a CSV begins.
pub(super) fn line_of(record: &Result<csv::StringRecord, csv::Error>) -> usize {
    let position = match record {
        Ok(record) => record.position(),
        Err(fault) => fault.position(),
    };
    position.and_then(|position| usize::try_from(position.line()).ok()).unwrap_or(1)
}
