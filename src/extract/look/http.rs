//! Where are the records of an answer, and how does it go on? Found in one reply by what its keys are called.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::LINK;
use serde_json::Value;

use super::ROWS;
use crate::base::batch::Batch;
use crate::base::clock;
use crate::extract::client;
use crate::extract::nested;
use crate::extract::records;
use crate::extract::reply::Reply;
use crate::spec::begin::Seen;
use crate::spec::begin::SeenTable;
use crate::spec::begin::text;
use crate::spec::connector::is_secret;
use crate::spec::connector::read_connector;
use crate::spec::secret::HomeSecrets;

/// Parameters of a query that count pages, rows, or say how many are wanted.
const PAGES: [&str; 9] = [
    "page",
    "pagenum",
    "pageno",
    "page_no",
    "page_number",
    "pagenumber",
    "pageindex",
    "current",
    "p",
];
const OFFSETS: [&str; 4] = ["offset", "start", "skip", "from"];
const SIZES: [&str; 9] =
    ["size", "pagesize", "page_size", "limit", "per_page", "perpage", "rows", "num", "count"];

/// Keys of an answer that tell how many there are, or where the next page is.
const TOTALS: [&str; 7] =
    ["total", "totalcount", "total_count", "totalrows", "recordcount", "count", "totalelements"];
const URLS: [&str; 6] =
    ["next", "nexturl", "next_url", "next_page_url", "nextlink", "@odata.nextlink"];
const CURSORS: [&str; 5] = ["next_cursor", "nextcursor", "next_token", "nexttoken", "cursor"];
const MORES: [&str; 5] = ["has_more", "hasmore", "has_next", "hasnext", "more"];

/// Looks at an address; parameters that hold a secret are put aside under `system`.
///
/// # Errors
/// What the answer lacks, in words.
pub async fn address(url: &str, system: &str, home: &Path) -> Result<Seen, String> {
    let url = Url::parse(url).map_err(|fault| format!("that is no address: {fault}"))?;
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().to_owned();
    base.set_path("");
    let root = base.as_str().trim_end_matches('/').to_owned();
    let (body, link) = asked(&url, home).await?;
    let (at, found) = list_of(&body).ok_or("its answer holds no list of records")?;
    let mut batch = records::batch(found, &within(found))?;
    let mut seen =
        Seen { kind: "http", reach: format!("[http]\nurl = {}\n", text(&root)), ..Seen::default() };
    let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    secrets(system, &mut query, &mut seen);
    let page = page(&mut query, &body, (&at, found.len() as u64), link);
    let mut ask = format!("path   = {}\n", text(&path));
    if !at.is_empty() {
        ask.extend([format!("records = {}\n", text(&at))]);
    }
    if !query.is_empty() {
        let pairs = query.iter().map(|(name, value)| format!("{} = {}", text(name), text(value)));
        ask.extend([format!("parameters = {{ {} }}\n", pairs.collect::<Vec<_>>().join(", "))]);
    }
    let mut notes = lists(&mut batch);
    match page {
        Some((page, passed)) => {
            ask.extend([format!("page   = {{ {page} }}\n")]);
            notes.extend(passed.map(|at| {
                format!("`{at}` is the number of rows of this page: if it counts all of them, it is the `total` of `page`.")
            }));
        }
        None => notes.push(match beyond(&body, &at, found.len() as u64) {
            Some(at) => format!(
                "`{at}` tells of more rows than came: put the parameters of its pages into the address, such as `?page=1&size=100`, and look again."
            ),
            None => "Nothing tells of a second page: is this answer whole?".to_owned(),
        }),
    }
    let title = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("records").to_owned();
    seen.tables.push(table(title, ask, notes, batch));
    Ok(seen)
}

fn table(title: String, ask: String, notes: Vec<String>, batch: Batch) -> SeenTable {
    let rows = batch.rows.into_iter().take(ROWS).map(|row| row.cells).collect();
    SeenTable { title, ask, notes, headers: batch.headers, rows, ..SeenTable::default() }
}

/// The answer, and whether a header says where the next page is.
async fn asked(url: &Url, home: &Path) -> Result<(Value, bool), String> {
    // The client of a connector that says nothing but where it is.
    let plain = "format = 1\nsystem = { name = \"x\", title = \"x\", kind = \"http\" }\n[http]\nurl = \"http://x\"\n\
        [[stream]]\nname = \"x\"\ninto = \"x\"\nwrite = \"upsert\"\npath = \"/\"\n";
    let connector = read_connector("x.toml", plain).map_err(|_| "a plain connector".to_owned())?;
    let crate::spec::connector::Source::Http(http) = &connector.source else {
        return Err("a plain connector".to_owned());
    };
    let client = client::ready(http, &HomeSecrets::of(home), home)?;
    let timeout = Duration::from_secs(30);
    let spoken = |fault| client::spoken(fault, timeout);
    let response = client.get(url.clone()).timeout(timeout).send().await.map_err(spoken)?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("it answers HTTP {}: does it want a key?", status.as_u16()));
    }
    let mut links = response.headers().get_all(LINK).iter().filter_map(|text| text.to_str().ok());
    let link = links.any(|text| text.contains("rel=\"next\"") || text.contains("rel=next"));
    let mut reply = Reply::of(&response, clock::now());
    reply.body = response.bytes().await.map_err(spoken)?.into();
    let body = reply.value().ok_or_else(|| "its answer is no JSON".to_owned())?;
    Ok((body, link))
}

/// The longest list of objects in an answer, and where it is; lists within records are none.
fn list_of(body: &Value) -> Option<(String, &Vec<Value>)> {
    let mut open = vec![(String::new(), body)];
    let mut longest: Option<(String, &Vec<Value>)> = None;
    while let Some((at, value)) = open.pop() {
        match value {
            Value::Array(records)
                if records.iter().all(Value::is_object)
                    && records.len() > longest.as_ref().map_or(0, |(_, known)| known.len()) =>
            {
                longest = Some((at, records));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    open.push((format!("{at}/{name}"), value));
                }
            }
            _ => {}
        }
    }
    longest
}

/// Takes the lists of records out, which no column can hold, and says so.
fn lists(batch: &mut Batch) -> Vec<String> {
    let is_list = |header: &String| nested::counted(header).is_some();
    let found = batch.headers.iter().filter(|header| is_list(header)).cloned();
    let found: Vec<String> = found.collect();
    let kept: Vec<bool> = batch.headers.iter().map(|header| !is_list(header)).collect();
    for row in &mut batch.rows {
        let cells = row.cells.drain(..).zip(&kept).filter(|(_, is_kept)| **is_kept);
        row.cells = cells.map(|(cell, _)| cell).collect();
    }
    batch.headers.retain(|header| !is_list(header));
    if found.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "Lists that no column reads: {}. A pointer such as `/list/0/name` reads of one element; `ignore` says that they are known.",
        found.join(", ")
    )]
}

/// Where values stand below the keys of records.
fn within(records: &[Value]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<(String, &Value)> =
        records.iter().map(|record| (String::new(), record)).collect();
    while let Some((at, value)) = open.pop() {
        let Some(fields) = value.as_object() else {
            if at.matches('/').count() > 1 && !value.is_array() {
                found.insert(at);
            }
            continue;
        };
        for (name, value) in fields {
            let name = name.replace('~', "~0").replace('/', "~1");
            open.push((format!("{at}/{name}"), value));
        }
    }
    found.into_iter().collect()
}

/// Parameters that are no secrets, and go with one.
const PROOFS: &[&str] = &["appkey", "app_key", "sig", "sign", "signature"];

/// Takes parameters that hold secrets out of a query and into the proof.
fn secrets(system: &str, query: &mut Vec<(String, String)>, seen: &mut Seen) {
    // Who signs or names a program by hand gives away how to be taken for it.
    let is_proof = |name: &str| is_secret(name) || PROOFS.contains(&name.to_lowercase().as_str());
    let (hidden, plain): (Vec<_>, Vec<_>) = query.drain(..).partition(|(name, _)| is_proof(name));
    *query = plain;
    if hidden.is_empty() {
        return;
    }
    let mut pairs = Vec::new();
    for (at, (name, value)) in hidden.into_iter().enumerate() {
        let secret =
            format!("{system}.key{}", if at == 0 { String::new() } else { at.to_string() });
        pairs.push(format!("{} = \"${{secret:{secret}}}\"", text(&name)));
        seen.secrets.push((secret, value));
    }
    let proof = format!("\n[auth]\nkind  = \"query\"\nquery = {{ {} }}\n", pairs.join(", "));
    seen.reach.push_str(&proof);
}

/// How the next page is asked for, and what may be the total or no more than the number of these rows; its
/// parameters are taken out of the query.
fn page(
    query: &mut Vec<(String, String)>,
    body: &Value,
    (at, rows): (&str, u64),
    link: bool,
) -> Option<(String, Option<String>)> {
    let mut keys = Vec::new();
    let said = |names: &[&str], is_it: &dyn Fn(&Value) -> bool| beside(body, at, names, is_it);
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let is_address = |value: &Value| {
        value.as_str().is_some_and(|text| text.starts_with("http") || text.starts_with('/'))
    };
    let is_truth = |value: &Value| value.is_boolean();
    let is_count = |value: &Value| value.as_u64().is_some_and(|count| count != rows);
    let is_rows = |value: &Value| value.as_u64() == Some(rows);
    let place = |names: &[&str], query: &[(String, String)]| {
        query.iter().position(|(name, value)| {
            names.contains(&name.to_lowercase().as_str()) && value.parse::<u64>().is_ok()
        })
    };
    let counted = [("number", &PAGES[..]), ("offset", &OFFSETS[..])];
    let counted = counted.iter().find_map(|(kind, names)| Some((kind, place(names, query)?)));
    if link {
        keys.push("kind = \"link_header\"".to_owned());
    } else if let Some(next) = said(&URLS, &is_address) {
        keys.push(format!("kind = \"next_url\", next = {}", text(&next)));
    } else if let Some(next) = said(&CURSORS, &is_text) {
        // What it is called when it is sent stands in no answer.
        keys.push(format!("kind = \"cursor\", param = \"cursor\", next = {}", text(&next)));
    } else if let Some((kind, at)) = counted {
        let (param, first) = query.remove(at);
        // Whichever page was looked at, the first one is where they begin.
        let first = first.parse::<u64>().map_or(1, |first| first.min(1));
        keys.push(format!("kind = \"{kind}\", param = {}, first = {first}", text(&param)));
    } else {
        return None;
    }
    if let Some(at) = place(&SIZES, query) {
        let (param, size) = query.remove(at);
        keys.push(format!("size = [{}, {size}]", text(&param)));
    }
    let total = said(&TOTALS, &is_count);
    let passed = said(&TOTALS, &is_rows).filter(|_| total.is_none());
    keys.extend(total.map(|at| format!("total = {}", text(&at))));
    keys.extend(said(&MORES, &is_truth).map(|at| format!("more = {}", text(&at))));
    Some((keys.join(", "), passed))
}

/// What tells of more rows than came.
fn beyond(body: &Value, at: &str, rows: u64) -> Option<String> {
    let is_more = |value: &Value| value.as_u64().is_some_and(|count| count > rows);
    let follows = |value: &Value| value.as_bool() == Some(true);
    beside(body, at, &TOTALS, &is_more).or_else(|| beside(body, at, &MORES, &follows))
}

/// A key beside the records or above them, by its names.
fn beside(
    body: &Value,
    at: &str,
    names: &[&str],
    is_it: &dyn Fn(&Value) -> bool,
) -> Option<String> {
    let in_pointer = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let of = |at: &str| {
        let fields = body.pointer(at).and_then(Value::as_object).into_iter().flatten();
        let mut told = fields
            .filter(|(name, value)| names.contains(&name.to_lowercase().as_str()) && is_it(value));
        told.next().map(|(name, _)| format!("{at}/{}", in_pointer(name)))
    };
    let mut above = Some(at);
    while let Some(place) = above {
        if let Some(found) = of(place) {
            return Some(found);
        }
        above = place.rsplit_once('/').map(|(above, _)| above);
    }
    // Some wrap what they say of pages once more.
    let wraps = body.as_object().into_iter().flatten().filter(|(_, value)| value.is_object());
    let mut wraps = wraps.map(|(name, _)| format!("/{}", in_pointer(name)));
    wraps.find_map(|wrap| of(&wrap))
}
