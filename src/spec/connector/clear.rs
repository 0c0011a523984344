//! Does a manifest, or `shuping.toml`, hold a secret in clear? Whoever reads a manifest may know which secrets there are,
//! never what they say.

use super::super::reader::Faults;
use super::super::tree::Node;
use super::super::tree::Value;
use crate::base::messages::Code;

/// What the names of secrets hold, in small letters without `-`, `_` and blanks.
const NAMES: &[&str] = &[
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "token",
];

/// Where a manifest may name a secret; `[[auth.test]]` is a worked example that the vendor published.
const PLACES: &[&str] = &["http", "auth", "sql", "singer", "parameters", "warehouse"];

/// The key of our own certificate is a file, and the cookie of a login has a name; what these say is where a
/// secret is.
const NAMED: &[&str] = &["http.client.key", "auth.login.cookie"];

/// Tells every secret that stands in clear.
pub(in crate::spec) fn find(root: &Node, faults: &Faults) {
    for (key, node) in tables(root) {
        match key {
            "stream" => {
                let streams: &[Node] =
                    if let Value::List(streams) = &node.value { streams } else { &[] };
                for stream in streams {
                    below(stream, "stream", faults);
                }
            }
            _ if PLACES.contains(&key) => walk(node, key, faults),
            _ => {}
        }
    }
}

fn below(stream: &Node, path: &str, faults: &Faults) {
    let asked = tables(stream).filter(|(key, _)| PLACES.contains(key));
    asked.for_each(|(key, node)| walk(node, &format!("{path}.{key}"), faults));
}

fn tables(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = if let Value::Table(entries) = &node.value { entries.as_slice() } else { &[] };
    entries.iter().map(|entry| (entry.key.as_str(), &entry.node))
}

fn walk(node: &Node, path: &str, faults: &Faults) {
    match &node.value {
        Value::Table(_) => {
            let asked = tables(node).filter(|(key, _)| (path, *key) != ("auth", "test"));
            asked.for_each(|(key, node)| walk(node, &format!("{path}.{key}"), faults));
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, path, faults)),
        Value::Text(text) => judge(node, path, text, faults),
        Value::Whole(number) => judge(node, path, &number.to_string(), faults),
        Value::Other(_) | Value::Flag(_) => {}
    }
}

fn judge(node: &Node, path: &str, text: &str, faults: &Faults) {
    let key = path.rsplit('.').next().unwrap_or(path);
    let name = if is_clear(text) && is_secret(key) && !NAMED.contains(&path) {
        Some(key.to_owned())
    } else {
        in_address(text)
    };
    let Some(name) = name else { return };
    let plain = name.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let nouns = vec![("found", name), ("example", format!("${{secret:{plain}}}"))];
    faults.add(node.place, path, Code::SecretInClear, nouns);
}

/// Whether a text says its value itself.
fn is_clear(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains("${")
}

/// Whether a name is that of a secret; the address of a token is none.
pub fn is_secret(name: &str) -> bool {
    let plain: String =
        name.to_lowercase().chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).collect();
    plain == "key" || (NAMES.iter().any(|word| plain.contains(word)) && !plain.ends_with("url"))
}

/// The secret that stands in an address: the password of its user, or a parameter.
fn in_address(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = host.split('/').next().unwrap_or(host);
    let password = host.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    if password.is_some_and(|(_, password)| is_clear(password)) {
        return Some("password".to_owned());
    }
    secret_parameter(query)
}

fn secret_parameter(query: &str) -> Option<String> {
    let mut all = query.split('&').filter_map(|pair| pair.split_once('='));
    all.find(|(name, value)| is_clear(value) && is_secret(name)).map(|(name, _)| name.to_owned())
}
