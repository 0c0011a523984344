//! Do the pages of a gateway bear what happens on the way? Points 7, 9, 10 and 12.

use serde_json::Value;
use tokio::select;

use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::NotAsked;
use super::Verdict::Passed;
use super::bench::Reading;
use super::case::Case;
use super::case::Paged;
use super::case::sized;
use super::proxy::At;
use super::proxy::Fault;
use super::proxy::Proxy;
use super::proxy::found;
use super::proxy::put;
use crate::base::batch::Batch;
use crate::extract::ExtractError;
use crate::spec::connector::Ask;
use crate::spec::connector::Turn;

/// After so many pages a walk is killed, at most.
const MOST_KILLS: usize = 8;

fn proxy<'c>(case: &Case<'c>) -> Option<&'c Proxy> {
    case.bench.proxy.as_ref()
}

/// Point 7: killed after each page, a walk goes on and brings the same.
pub(super) async fn resume(case: &Case<'_>) -> Verdict {
    let (paged, proxy) = match (&case.paged, proxy(case)) {
        (Ok(paged), Some(proxy)) => (paged, proxy),
        (Err(why), _) => return NotAsked(why.clone()),
        (Ok(_), None) => return NotAsked("nothing stands before it".to_owned()),
    };
    let is_said = said(case);
    let kills = (paged.pages - 1).min(MOST_KILLS);
    for page in 1..=kills {
        let shelf = case.bench.shelf();
        case.bench.plant(Some((At::After(page), Fault::Silence)));
        let killed = select! {
            read = case.bench.go_on(case.small(paged), &case.question, &shelf) => Some(read),
            () = proxy.silence() => None,
        };
        if let Some(Err(error)) = killed {
            return Failed(format!("killed after page {page}: {}", error.told()));
        }
        case.bench.plant(None);
        let again = case.bench.go_on(case.small(paged), &case.question, &shelf).await;
        if let Err(why) = same(case, again.as_ref()) {
            return Failed(format!("killed after page {page}: {why}"));
        }
        let spare = again.map_or(0, |again| again.delivery.asked_again.len());
        let (asked, due) = (proxy.seen().asked, paged.pages - page + spare);
        if is_said && asked > due {
            return Failed(format!(
                "killed after page {page}, it asked for {asked} pages where {due} were left"
            ));
        }
    }
    if let Err(why) = landed(case, paged, proxy).await {
        return Failed(why);
    }
    let how = if is_said {
        "no page was asked for twice"
    } else {
        "pages that are counted are asked for from the first of their window"
    };
    Passed(format!("killed after each of {kills} pages, and before it landed: {how}"))
}

/// Whether the source itself says where the next page is.
fn said(case: &Case<'_>) -> bool {
    let turn = case.http().map(|ask| &ask.page.turn);
    matches!(turn, Some(Turn::Cursor { .. } | Turn::NextUrl { .. } | Turn::LinkHeader))
}

/// Killed when all pages are there, it asks for none again.
async fn landed(case: &Case<'_>, paged: &Paged, proxy: &Proxy) -> Result<(), String> {
    let shelf = case.bench.shelf();
    case.bench.plant(None);
    let mut refuse = |_: Batch| Err(std::io::Error::other("killed"));
    let of = case.small(paged);
    let killed = case.bench.pull(of, &case.question, &shelf, &mut refuse).await;
    if killed.is_ok() {
        return Err("no row came to be landed".to_owned());
    }
    case.bench.plant(None);
    let again = case.bench.go_on(of, &case.question, &shelf).await;
    same(case, again.as_ref())?;
    match proxy.seen().asked {
        0 => Ok(()),
        asked => Err(format!("killed before it landed, it asked for {asked} pages again")),
    }
}

/// Whether a reading brought the same rows as the first one.
pub(super) fn same(
    case: &Case<'_>,
    reading: Result<&Reading, &ExtractError>,
) -> Result<(), String> {
    let reading = reading.map_err(ExtractError::told)?;
    let (due, brought) = (case.reading.set(), reading.set());
    if due == brought {
        return Ok(());
    }
    let lost = due.difference(&brought).count();
    let strange = brought.difference(&due).count();
    Err(format!("{lost} rows are lost and {strange} are new, and nobody is told"))
}

/// Point 10: a total that is off by one is told.
pub(super) async fn total(case: &Case<'_>) -> anyhow::Result<Verdict> {
    if let Ask::Files(ask) = &case.stream.ask {
        let has_total = ask.grid.total.is_some();
        return super::files::total(case, has_total).await;
    }
    let Some(ask) = case.http() else {
        return Ok(NotAsked("a kind of source that counts its rows itself".to_owned()));
    };
    if ask.export.is_some() {
        return Ok(NotAsked("its rows come in one file, by an export".to_owned()));
    }
    let Some(at) = ask.page.total.clone() else {
        return Ok(untold(case, &ask.records).await);
    };
    let pages = match &case.paged {
        Ok(paged) => case.small(paged),
        Err(_) => case.of(),
    };
    let grow = move |answer: &mut Value, _: &mut Value| {
        let told = found(answer, &at).map(|told| told.to_string());
        let told = told.and_then(|told| told.trim_matches('"').parse::<u64>().ok());
        put(answer, &at, Value::from(told.unwrap_or_default() + 1));
    };
    case.bench.plant(Some((At::Each, Fault::Edited(Box::new(grow)))));
    let read = case.bench.go_on(pages, &case.question, &case.bench.shelf()).await;
    Ok(match read {
        Err(error) => Passed(format!("one more than there is: {}", error.told())),
        Ok(reading) => {
            let judged = case.judge(&reading)?;
            match case.broken(&reading, &judged) {
                Some(broken) => Passed(format!("one more than there is: {broken}")),
                None => Failed("a total that is one too high was believed".to_owned()),
            }
        }
    })
}

/// Whether the answers tell a total that no line names.
async fn untold(case: &Case<'_>, records: &str) -> Verdict {
    let Some(proxy) = proxy(case) else { return NotAsked("nothing stands before it".to_owned()) };
    let (rows, of) = match &case.paged {
        Ok(paged) => (paged.rows, case.small(paged)),
        Err(_) => (case.reading.rows.rows.len(), case.of()),
    };
    if let Err(error) = case.bench.read(of, &case.question).await {
        return Failed(error.told());
    }
    let mut found = Vec::new();
    numbers(&proxy.seen().first, "", records, &mut found);
    let is_total = |(at, number): &&(String, u64)| {
        let name = at.rsplit('/').next().unwrap_or_default().to_lowercase();
        *number == rows as u64 && ["total", "count", "总"].iter().any(|word| name.contains(word))
    };
    match found.iter().find(is_total) {
        Some((at, _)) => {
            Failed(format!("the source tells its total at `{at}`, and no line names it"))
        }
        None => NotAsked("the source tells no total".to_owned()),
    }
}

/// The numbers of an answer, beside its records.
fn numbers(value: &Value, at: &str, records: &str, found: &mut Vec<(String, u64)>) {
    if at == records && value.is_array() {
        return;
    }
    if let Some(object) = value.as_object() {
        for (name, inner) in object {
            numbers(inner, &format!("{at}/{name}"), records, found);
        }
    }
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    found.extend(number.map(|number| (at.to_owned(), number)));
}

/// Point 12: ten times as many pages are no larger than asked for, and so is what is held of them.
pub(super) async fn memory(case: &Case<'_>) -> Verdict {
    let (Ok(_), Some(proxy), Some(ask)) = (&case.paged, proxy(case), case.http()) else {
        let why = case.paged.as_ref().err();
        return NotAsked(why.map_or_else(String::new, Clone::clone));
    };
    let Some((_, own)) = &ask.page.size else {
        return NotAsked("no `size`: its pages are as large as the source makes them".to_owned());
    };
    let rows = case.reading.largest as u64;
    let size = rows.min(*own).div_ceil(10).max(1);
    let connector = sized(&case.bench.connector, case.stream, size);
    let stream = connector.streams.iter().find(|stream| stream.name == case.stream.name);
    let Some(stream) = stream else { return NotAsked("it is no stream".to_owned()) };
    let reading = match case.bench.read((&connector, stream), &case.question).await {
        Ok(reading) => reading,
        Err(error) => return Failed(error.told()),
    };
    if let Err(why) = same(case, Ok(&reading)) {
        return Failed(why);
    }
    let (seen, largest) = (proxy.seen(), reading.largest);
    if largest as u64 > size {
        return Failed(format!("pages of {size} rows were asked for, and one had {largest}"));
    }
    Passed(format!(
        "{} pages of {size} rows: no more than {largest} rows and {} bytes at once",
        seen.asked, seen.largest
    ))
}
