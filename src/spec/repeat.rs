//! What does `each = […]` stand for? A table that is written once and read once for every word.

use super::reader::Table;
use super::reader::text_of;
use super::reader::wrong_type;
use super::tree::Entry;
use super::tree::Node;
use super::tree::Value;

/// The tables of `[[key]]`; one with `each = […]` stands once for every word.
pub(super) fn each(root: &Table<'_>, key: &'static str) -> Vec<Node> {
    let Some(node) = root.node(key) else { return Vec::new() };
    let Value::List(items) = &node.value else {
        wrong_type(root.faults, node, &root.name(key), "an array of tables");
        return Vec::new();
    };
    items.iter().flat_map(|item| repeated(item, root)).collect()
}

fn repeated(item: &Node, root: &Table<'_>) -> Vec<Node> {
    let Value::Table(entries) = &item.value else { return vec![item.clone()] };
    let Some(list) = entries.iter().find(|entry| entry.key == "each") else {
        return vec![item.clone()];
    };
    let Value::List(words) = &list.node.value else { return vec![item.clone()] };
    let rest: Vec<Entry> = entries.iter().filter(|entry| entry.key != "each").cloned().collect();
    let rest = Node { value: Value::Table(rest), place: item.place };
    words.iter().filter_map(|word| said(word, root)).map(|said| filled(&rest, &said)).collect()
}

/// What stands in the place of `{}`, of `{title}` and of `{sql}`.
type Said = [String; 3];

/// A word, which is its own title, or with a title, or with a piece of SQL behind both.
fn said(word: &Node, root: &Table<'_>) -> Option<Said> {
    let text = |node| text_of(node, "each", root.faults);
    let Value::List(parts) = &word.value else {
        return text(word).map(|word| [word.clone(), word.clone(), word]);
    };
    match parts.as_slice() {
        [id, title] => Some([text(id)?, text(title)?, text(id)?]),
        [id, title, sql] => Some([text(id)?, text(title)?, text(sql)?]),
        _ => {
            wrong_type(root.faults, word, "each", "a word with its title, and SQL behind both");
            None
        }
    }
}

/// A copy in every text of which a word has its places.
fn filled(node: &Node, said: &Said) -> Node {
    let [id, title, sql] = said;
    let value = match &node.value {
        Value::Text(text) => {
            Value::Text(text.replace("{title}", title).replace("{sql}", sql).replace("{}", id))
        }
        Value::List(items) => Value::List(items.iter().map(|item| filled(item, said)).collect()),
        Value::Table(entries) => Value::Table(
            entries
                .iter()
                .map(|entry| Entry { node: filled(&entry.node, said), ..entry.clone() })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { value, place: node.place }
}
