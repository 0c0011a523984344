//! What does `each = […]` stand for? A table that is written once and read once for every word.

use super::reader::Table;
use super::reader::text_of;
use super::reader::wrong_type;
use super::tree::Entry;
use super::tree::Node;
use super::tree::Value;

/// The tables of `[[key]]`; one with `each = […]` stands once for every word, in the place of `{}`.
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
    words
        .iter()
        .filter_map(|word| id_and_title(word, root))
        .map(|(id, title)| filled(&rest, &id, &title))
        .collect()
}

/// A word, which is its own title, or a pair of both.
fn id_and_title(word: &Node, root: &Table<'_>) -> Option<(String, String)> {
    let text = |node| text_of(node, "each", root.faults);
    let Value::List(pair) = &word.value else {
        return text(word).map(|word| (word.clone(), word));
    };
    if let [id, title] = pair.as_slice() {
        return Some((text(id)?, text(title)?));
    }
    wrong_type(root.faults, word, "each", "a pair of a word and a title");
    None
}

/// A copy with `{}` and `{title}` replaced in every text.
fn filled(node: &Node, id: &str, title: &str) -> Node {
    let value = match &node.value {
        Value::Text(text) => Value::Text(text.replace("{title}", title).replace("{}", id)),
        Value::List(items) => {
            Value::List(items.iter().map(|item| filled(item, id, title)).collect())
        }
        Value::Table(entries) => Value::Table(
            entries
                .iter()
                .map(|entry| Entry { node: filled(&entry.node, id, title), ..entry.clone() })
                .collect(),
        ),
        other => other.clone(),
    };
    Node { value, place: node.place }
}
