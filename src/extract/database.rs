//! How is a view of a database read? Counted first, then chunk by chunk in the order of its key, all
//! as of one moment, and only the columns that the manifest names.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::ExtractError;
use super::Request;
use super::answer::Fault;
use super::answer::Value;
use super::answer::Values;
use super::dialect;
use super::dialect::Known;
use super::dialect::Selection;
use super::dialect::Window;
use super::landing::Landing;
use super::link::Address;
use super::link::Link;
use super::retry::Patience;
use super::window::Slice;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::spec::connector::Relation;
use crate::spec::connector::Retry;
use crate::spec::connector::Sql;
use crate::spec::connector::SqlStream;
use crate::spec::connector::Stream;
use crate::spec::connector::Wide;
use crate::spec::connector::is_there;
use crate::spec::template::Secrets;

/// A database that can be read.
pub(super) struct Database {
    url: String,
    timeout: Duration,
    retry: Retry,
    /// Whose turn it is: the streams of a database are read one after the other.
    turn: Mutex<()>,
}

impl Database {
    /// Makes ready to read; nothing is opened.
    pub(super) fn ready(
        system: &str,
        sql: &Sql,
        secrets: &dyn Secrets,
    ) -> Result<Database, ExtractError> {
        let url = sql.url.fill(secrets, &[]);
        let url =
            url.map_err(|source| ExtractError::Unset { system: system.to_owned(), source })?;
        Ok(Database { url, timeout: sql.timeout, retry: sql.retry.clone(), turn: Mutex::new(()) })
    }

    /// Opens it, again and again while that may help.
    async fn open(
        &self,
        request: &Request<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<Link, ExtractError> {
        let address = Address::read(&self.url, request.home);
        let address = address.ok_or_else(|| request.setting("its url is no database's"))?;
        let mut patience = Patience::of(&self.retry);
        loop {
            let opened = Link::open(&address, self.timeout, &request.connector.zone).await;
            let fault = match opened {
                Ok(link) => return Ok(link),
                Err(fault) => fault,
            };
            let (what, attempts) = (request.name(), patience.made());
            if !fault.is_transient || !patience.wait(None).await {
                return Err(error(&what, attempts, fault));
            }
            asked_again.push(format!("{what}: {}", fault.why));
        }
    }
}

/// Reads the window of a stream and hands every chunk on.
pub(super) async fn pull(
    database: &Database,
    ask: &SqlStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let (slice, until) = window(ask, request)?;
    let Some(slice) = slice else {
        landing.so_far.until = until;
        return Ok(());
    };
    let _turn = database.turn.lock().await;
    let what = format!("{}{}", request.name(), slice.words());
    let mut patience = Patience::of(&database.retry);
    let mut mark = landing.mark();
    loop {
        let mut link = database.open(request, &mut landing.so_far.asked_again).await?;
        let read = read(&mut link, ask, request.stream, &slice, landing).await;
        link.close().await;
        let fault = match read {
            Ok(()) => break,
            Err(Broken::Fault(fault)) => fault,
            Err(Broken::Landing(fault)) => return Err(fault),
        };
        // What came before it broke off is as of another moment: all of it is read again.
        let Some(before) = mark.filter(|_| fault.is_transient) else {
            return Err(error(&what, patience.made(), fault));
        };
        if !patience.wait(None).await {
            return Err(error(&what, patience.made(), fault));
        }
        landing.take_back(before)?;
        mark = landing.mark();
        landing.so_far.asked_again.push(format!("{what}: {}", fault.why));
    }
    landing.so_far.until = until;
    Ok(())
}

/// Reads the first rows of the window, every column of them.
pub(super) async fn first(
    database: &Database,
    ask: &SqlStream,
    request: &Request<'_>,
    rows: u32,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let (Some(slice), _) = window(ask, request)? else { return Ok(()) };
    let _turn = database.turn.lock().await;
    let mut link = database.open(request, &mut landing.so_far.asked_again).await?;
    let what = format!("{}{}", request.name(), slice.words());
    let read = async {
        let (name, relation) = named(&mut link, ask).await?;
        let known = link.columns(&relation).await?;
        let texts = known.iter().filter(|known| known.kind != dialect::BYTES);
        let every = texts.map(|known| known.name.clone());
        let needed = landing.needed();
        let ignored = request.stream.ignore.clone();
        let all: Vec<String> = needed.iter().cloned().chain(ignored).chain(every).collect();
        let mut asked = vec![needed, all];
        loop {
            let columns = asked.pop().unwrap_or_default();
            let plan = Plan::of(ask, request.stream, &known, &columns).map_err(refused)?;
            let selection = plan.selection(&link, ask, relation.clone(), &slice);
            let statement = Selection { chunk: rows, ..selection }.first();
            let found = link.rows(statement, &bounds(&slice)).await;
            // A column that nobody names may be one that this user may not read.
            if found.as_ref().is_err_and(|fault| !fault.is_transient) && !asked.is_empty() {
                continue;
            }
            let batch = plan.batch(&Arc::from(name.as_str()), found?, 0);
            break landing.take(batch).map_err(Broken::Landing);
        }
    };
    let read = read.await;
    link.close().await;
    match read {
        Ok(_) => Ok(()),
        Err(Broken::Fault(fault)) => Err(error(&what, 1, fault)),
        Err(Broken::Landing(fault)) => Err(fault),
    }
}

/// What is read, under its name and as the database wants to hear it.
async fn named(link: &mut Link, ask: &SqlStream) -> Result<(String, String), Broken> {
    Ok(match &ask.relation {
        Relation::View(view) => (view.clone(), link.view(view).await?),
        Relation::Query(query) => ("query".to_owned(), dialect::query(query)),
    })
}

/// The bounds of a window, as they are bound.
fn bounds(slice: &Slice) -> Vec<Value> {
    slice.parameters.iter().map(|(_, text)| Value::Text(text.clone())).collect()
}

/// Why a reading ended before its end.
enum Broken {
    Fault(Fault),
    Landing(ExtractError),
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Broken {
        Broken::Fault(fault)
    }
}

fn error(what: &str, attempts: u32, fault: Fault) -> ExtractError {
    let (what, why) = (what.to_owned(), fault.why);
    if fault.is_transient {
        ExtractError::Unavailable { what, attempts, why }
    } else {
        ExtractError::Refused { what, why }
    }
}

fn refused(why: String) -> Broken {
    Broken::Fault(Fault { why, is_transient: false })
}

/// The window that is read, and where the next one begins. A window that finds what is gone has no
/// end: a row that changed a moment ago is still there.
fn window(
    ask: &SqlStream,
    request: &Request<'_>,
) -> Result<(Option<Slice>, Option<jiff::Timestamp>), ExtractError> {
    let Some(cursor) = &ask.cursor else { return Ok((Some(Slice::default()), None)) };
    let mut windows = request.windows(cursor)?;
    let mut slice = windows.slices.pop();
    if let Some(slice) = slice.as_mut().filter(|_| request.is_full()) {
        slice.parameters.truncate(1);
    }
    Ok((slice, Some(windows.until)))
}

async fn read(
    link: &mut Link,
    ask: &SqlStream,
    stream: &Stream,
    slice: &Slice,
    landing: &mut Landing<'_>,
) -> Result<(), Broken> {
    let (name, relation) = named(link, ask).await?;
    let known = link.columns(&relation).await?;
    let plan = Plan::of(ask, stream, &known, &landing.needed()).map_err(refused)?;
    let selection = plan.selection(link, ask, relation, slice);
    let window = bounds(slice);
    link.begin().await?;
    let told = counted(&link.rows(selection.count(), &window).await?)?;
    let source: Arc<str> = Arc::from(name.as_str());
    let named_key = ask.key.join("`, `");
    let (mut statement, mut bound, mut rows) = (selection.first(), window.clone(), 0_u64);
    loop {
        let chunk = link.rows(statement, &bound).await?;
        let is_last = chunk.len() < ask.chunk as usize;
        let mut last = None;
        for row in &chunk {
            let key = Some(plan.key_of(row).map_err(refused)?);
            if key == last {
                return Err(refused(format!("`{name}` has two rows of one key `{named_key}`")));
            }
            last = key;
        }
        let batch = plan.batch(&source, chunk, rows);
        rows += landing.take(batch).map_err(Broken::Landing)?;
        // More rows than were counted: its order leads nowhere.
        let Some(last) = last.filter(|_| !is_last && rows <= told) else { break };
        statement = selection.behind();
        bound = window.iter().cloned().chain(last).collect();
    }
    if rows != told {
        return Err(refused(format!(
            "`{name}` counts {told} rows and {rows} came: is its key `{named_key}` empty or twice somewhere?"
        )));
    }
    for header in &plan.others {
        landing.passed_by(header, rows);
    }
    landing.told(Some(told));
    Ok(())
}

fn counted(rows: &[Values]) -> Result<u64, Broken> {
    let count = match rows.first().and_then(|row| row.first()) {
        Some(Some(value)) => value.written().parse().ok(),
        _ => None,
    };
    count.ok_or_else(|| refused("it does not count its rows".to_owned()))
}

/// What is read of a view: its columns under the names that the manifest gives them.
struct Plan<'k> {
    headers: Vec<String>,
    columns: Vec<&'k Known>,
    key: Vec<&'k Known>,
    /// Where the key stands among the columns.
    places: Vec<usize>,
    cursor: Option<(&'k Known, String)>,
    /// Headers that are there and not read.
    others: Vec<String>,
}

impl<'k> Plan<'k> {
    fn of(
        ask: &SqlStream,
        stream: &Stream,
        known: &'k [Known],
        needed: &[String],
    ) -> Result<Plan<'k>, String> {
        let find = |name: &str| {
            let exact = known.iter().find(|known| known.name == name);
            let folded = || known.iter().find(|k| k.name.to_lowercase() == name.to_lowercase());
            exact.or_else(folded)
        };
        let absent = absent(stream, |name| find(name).is_some());
        let owned = ask.key.iter().chain(ask.cursor.iter().map(|cursor| &cursor.param));
        let owned = owned.filter(|name| find(name).is_none()).map(|name| format!("`{name}`"));
        let absent: BTreeSet<String> = absent.into_iter().chain(owned).collect();
        if !absent.is_empty() {
            let absent = absent.into_iter().collect::<Vec<_>>().join(", ");
            return Err(format!("it has no column {absent}"));
        }
        let wide = stream.unpivot.as_ref().map(|unpivot| &unpivot.columns);
        let mut plan = Plan {
            headers: Vec::new(),
            columns: Vec::new(),
            key: ask.key.iter().filter_map(|name| find(name)).collect(),
            places: Vec::new(),
            cursor: ask
                .cursor
                .as_ref()
                .and_then(|cursor| Some((find(&cursor.param)?, cursor.format.clone()))),
            others: Vec::new(),
        };
        for column in known {
            let is_it = |name: &&String| find(name).is_some_and(|found| found.name == column.name);
            let header = needed.iter().chain(&stream.ignore).find(is_it).unwrap_or(&column.name);
            if needed.contains(header) || wide.is_some_and(|wide| wide.holds(header)) {
                plan.headers.push(header.clone());
                plan.columns.push(column);
            } else {
                plan.others.push(header.clone());
            }
        }
        let cursor = plan.cursor.as_ref().map(|(known, _)| known);
        let read = plan.columns.iter().chain(&plan.key).chain(cursor);
        if let Some(bytes) = read.copied().find(|known| known.kind == dialect::BYTES) {
            let name = &bytes.name;
            return Err(format!(
                "`{name}` holds bytes, no text: leave it out, or say in a `query` how they are read, such as convert({name} using gbk)"
            ));
        }
        let uneven = |known: &&&Known| matches!(known.kind.as_str(), "float" | "double");
        if let Some(key) = plan.key.iter().find(uneven) {
            return Err(format!("`{}` of its key is no exact number: choose another", key.name));
        }
        // The rest of the key is read for the order's sake and never handed on.
        for key in &plan.key {
            let place = plan.columns.iter().position(|column| column == key);
            plan.places.push(place.unwrap_or(plan.columns.len()));
            if place.is_none() {
                plan.columns.push(key);
            }
        }
        Ok(plan)
    }

    /// What is selected, of a window.
    fn selection(
        &self,
        link: &Link,
        ask: &SqlStream,
        relation: String,
        slice: &Slice,
    ) -> Selection<'k> {
        let bounds = slice.parameters.len();
        let window = self.cursor.clone().map(|(known, format)| Window { known, bounds, format });
        Selection {
            engine: link.engine(),
            relation,
            columns: self.columns.clone(),
            key: self.key.clone(),
            window,
            chunk: ask.chunk,
        }
    }

    fn key_of(&self, row: &Values) -> Result<Vec<Value>, String> {
        let values = self.places.iter().map(|at| row.get(*at).cloned().flatten());
        values.collect::<Option<_>>().ok_or_else(|| "a row has an empty key".to_owned())
    }

    fn batch(&self, source: &Arc<str>, rows: Vec<Values>, before: u64) -> Batch {
        let rows = (before + 1..).zip(rows).map(|(number, values)| Row {
            source: Arc::clone(source),
            row: u32::try_from(number).unwrap_or(u32::MAX),
            cells: values
                .into_iter()
                .zip(&self.columns)
                .take(self.headers.len())
                .map(|(value, known)| value.map(|value| written(&value, known)))
                .map(|text| text.filter(|text| !text.is_empty()))
                .collect(),
        });
        Batch { headers: self.headers.clone(), rows: rows.collect() }
    }
}

/// A value as text; servers write one of a column of floats as `1e-05` or `1e+06`, which is no decimal.
fn written(value: &Value, known: &Known) -> String {
    let text = value.written();
    let is_float = matches!(known.kind.as_str(), "float4" | "float8" | "float" | "double");
    let has_exponent = is_float && text.contains('e');
    match text.parse::<f64>().ok().filter(|_| has_exponent) {
        Some(number) => number.to_string(),
        None => text,
    }
}

/// What the manifest names and a view has not. What it makes itself begins with `_`.
fn absent(stream: &Stream, has: impl Fn(&str) -> bool) -> Vec<String> {
    let lacking = stream.columns.iter().filter(|column| !column.is_found(&has));
    let mut absent: Vec<String> =
        lacking.map(|column| format!("`{}`", column.from.join("` or `"))).collect();
    let mut named: Vec<&str> = Vec::new();
    stream.expressions().for_each(|expr| expr.each_column(&mut |name| named.push(name)));
    named.extend(stream.explode.iter().map(|explode| explode.column.value.as_str()));
    if let Some(Wide::Named(names)) = stream.unpivot.as_ref().map(|unpivot| &unpivot.columns) {
        named.extend(names.iter().map(String::as_str));
    }
    named.retain(|name| !is_there(name, &has));
    absent.extend(named.into_iter().map(|name| format!("`{name}`")));
    absent
}
