//! Does a connector bear the faults of a gateway? Point 9: each is planted once; the same rows come all the
//! same and it is told, or nothing comes and it is told why.

use serde_json::Value;

use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::NotAsked;
use super::Verdict::Passed;
use super::case::Case;
use super::pages::same;
use super::proxy::At;
use super::proxy::Edit;
use super::proxy::Fault;
use super::proxy::Proxy;
use super::proxy::Wait;
use super::proxy::found;
use super::proxy::put;
use crate::spec::connector::Ask;
use crate::spec::connector::Http;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Layout;
use crate::spec::connector::Source;
use crate::spec::connector::Turn;

/// How a fault has to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The same rows, and it is told what was asked again.
    Borne,
    /// The same rows.
    Same,
    /// A refusal.
    Refused,
}

/// What is planted and how it has to end, or why it means nothing here.
type Trial = Result<(Fault, End), String>;

/// Point 9.
pub(super) async fn faults(case: &Case<'_>) -> anyhow::Result<Verdict> {
    let (Source::Http(http), Some(ask), Some(proxy)) =
        (&case.bench.connector.source, case.http(), &case.bench.proxy)
    else {
        return match &case.stream.ask {
            Ask::Files(_) => super::files::cut(case).await,
            _ => Ok(NotAsked("only gateways and files are faulted".to_owned())),
        };
    };
    let (mut borne, mut not_asked) = (Vec::new(), Vec::new());
    for (name, trial) in trials(case, http, ask) {
        let (fault, end) = match trial {
            Ok(trial) => trial,
            Err(why) => {
                not_asked.push(format!("{name} ({why})"));
                continue;
            }
        };
        if let Err(why) = tried(case, proxy, fault, end).await {
            return Ok(Failed(format!("{name}: {why}")));
        }
        borne.push(name);
    }
    let not_asked = match not_asked.join(", ") {
        none if none.is_empty() => none,
        some => format!("; not asked: {some}"),
    };
    Ok(Passed(format!("{}{not_asked}", borne.join(", "))))
}

/// Plants a fault and reads.
async fn tried(case: &Case<'_>, proxy: &Proxy, fault: Fault, end: End) -> Result<(), String> {
    let at = At::After(usize::from(case.paged.is_ok()));
    let of = case.paged.as_ref().map_or_else(|_| case.of(), |paged| case.small(paged));
    case.bench.plant(Some((at, fault)));
    let read = case.bench.go_on(of, &case.question, &case.bench.shelf()).await;
    if end == End::Refused {
        return match read {
            Err(error) if !error.is_transient() => Ok(()),
            Err(error) => Err(format!("it was asked again and again: {}", error.told())),
            Ok(_) => Err("it was taken for an answer".to_owned()),
        };
    }
    same(case, read.as_ref())?;
    let seen = proxy.seen();
    if !seen.is_met {
        return Err("no question met it".to_owned());
    }
    if seen.is_hasty {
        return Err("it was asked again before the wait was over".to_owned());
    }
    let is_told = read.is_ok_and(|reading| !reading.delivery.asked_again.is_empty());
    if is_told || end == End::Same { Ok(()) } else { Err("nobody is told of it".to_owned()) }
}

/// Every fault that means something to a stream; for others, why not.
fn trials(case: &Case<'_>, http: &Http, ask: &HttpStream) -> Vec<(&'static str, Trial)> {
    let number = case.paged.as_ref().map_or(1, |paged| paged.pages);
    let paged = |least: usize, fault: Trial| match &case.paged {
        Err(why) => Err(why.clone()),
        Ok(_) if number < least => Err(format!("there are only {number} pages")),
        Ok(_) => fault,
    };
    let borne = |fault| Ok((fault, End::Borne));
    vec![
        ("429 for a second", borne(Fault::Status(429, Some(Wait::Seconds)))),
        ("429 until a date", borne(Fault::Status(429, Some(Wait::Date)))),
        ("503", borne(Fault::Status(503, None))),
        ("reset", borne(Fault::Reset)),
        ("cut JSON", borne(Fault::Cut)),
        ("busy inside 200", busy(http)),
        ("error inside 200", error(http)),
        ("page once more", paged(2, borne(Fault::Again))),
        ("cursor once more", paged(3, cursor(ask))),
        ("empty page in the middle", paged(3, listed(ask).and_then(|()| empty(ask)))),
        ("pages that overlap", paged(2, listed(ask).map(|()| overlap(ask)))),
    ]
}

/// "Later", in the words that the manifest knows.
fn busy(http: &Http) -> Trial {
    let known = http.retry.body.iter().find_map(|(at, values)| Some((at, values.first()?)));
    let (at, value) = known.ok_or("[http.retry] names no body")?;
    Ok((Fault::Says(at.clone(), value.clone()), End::Borne))
}

/// "No", in the place that the manifest knows.
fn error(http: &Http) -> Trial {
    let known = http.okay.body.first().map(|(at, _)| at.clone());
    let at = known.ok_or("[http.ok] names no body")?;
    Ok((Fault::Says(at, "an error of the proof".to_owned()), End::Refused))
}

/// A page that leads back to itself.
fn cursor(ask: &HttpStream) -> Trial {
    let next = match &ask.page.turn {
        Turn::Cursor { next, .. } | Turn::NextUrl { next } => next.clone(),
        Turn::None | Turn::Number { .. } | Turn::Offset { .. } | Turn::LinkHeader => {
            return Err("no answer says a cursor".to_owned());
        }
    };
    let edit = move |answer: &mut Value, before: &mut Value| {
        let before = found(before, &next).cloned().unwrap_or_default();
        put(answer, &next, before);
    };
    Ok((edited(Box::new(edit)), End::Borne))
}

/// Records can be planted only where they stand in a list.
fn listed(ask: &HttpStream) -> Result<(), String> {
    let is_list = ask.layout == Layout::List;
    is_list.then_some(()).ok_or_else(|| "its records stand in no list".to_owned())
}

/// A page that lost its rows.
fn empty(ask: &HttpStream) -> Trial {
    let page = &ask.page;
    let is_counted = page.turn.is_counted();
    if page.total.is_none() && (!is_counted || page.more.is_some()) {
        return Err("without a `total` nobody can tell it from one that has none".to_owned());
    }
    let records = ask.records.clone();
    let edit = move |answer: &mut Value, _: &mut Value| {
        put(answer, &records, Value::Array(Vec::new()));
    };
    Ok((edited(Box::new(edit)), End::Borne))
}

/// A page that begins with the last row of the one before.
fn overlap(ask: &HttpStream) -> (Fault, End) {
    let records = ask.records.clone();
    let edit = move |answer: &mut Value, before: &mut Value| {
        let last = found(before, &records).and_then(|all| all.as_array()?.last());
        let all = found(answer, &records).and_then(Value::as_array_mut);
        if let (Some(last), Some(all)) = (last, all) {
            all.insert(0, last.clone());
        }
    };
    (edited(Box::new(edit)), End::Same)
}

fn edited(edit: Edit) -> Fault {
    Fault::Edited(edit)
}
