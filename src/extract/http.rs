//! How is a stream read from a gateway? Slice by slice, page by page; the pages of a slice are held
//! back until they add up.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use super::ExtractError;
use super::Request;
use super::gateway::Gateway;
use super::gateway::Question;
use super::landing::Landing;
use super::ledger::Doubt;
use super::ledger::Ledger;
use super::ledger::Next;
use super::ledger::Seen;
use super::records;
use super::reply::Answer;
use super::window::Slice;
use crate::base::batch::Batch;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Turn;

/// A stream that is being read.
struct Reader<'a> {
    gateway: &'a Gateway,
    ask: &'a HttpStream,
    request: &'a Request<'a>,
    pointers: Vec<String>,
}

/// The pages of a slice that add up.
struct Whole {
    pages: Vec<Batch>,
    total: Option<u64>,
    /// What was asked again on the way.
    asked_again: Vec<String>,
}

/// Why a slice is not whole.
enum Broken {
    /// It may be whole another time.
    Doubt(Doubt),
    /// It will not.
    Final(ExtractError),
}

/// Asks for the slices, as many at once as the gateway bears, and hands each on in its turn when it is
/// whole.
pub(super) async fn pull(
    gateway: &Gateway,
    ask: &HttpStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let (slices, until) = slices(ask, request)?;
    let reader = Reader { gateway, ask, request, pointers: landing.pointers() };
    let asked = stream::iter(slices).map(|slice| reader.slice(slice));
    let mut asked = pin!(asked.buffered(gateway.at_once()));
    let mut number = 0;
    while let Some(whole) = asked.next().await {
        let whole = whole?;
        landing.told(whole.total);
        landing.so_far.asked_again.extend(whole.asked_again);
        for mut page in whole.pages {
            number += 1;
            page.come_from(&Arc::from(format!("page {number}")));
            landing.take(page)?;
        }
    }
    landing.so_far.until = until;
    Ok(())
}

/// Hands on one page: the first of the last slice that has rows.
pub(super) async fn first(
    gateway: &Gateway,
    ask: &HttpStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let (slices, _) = slices(ask, request)?;
    let reader = Reader { gateway, ask, request, pointers: landing.pointers() };
    for slice in slices.iter().rev() {
        let question = reader.question(slice, &Ledger::of(None), &Where::first(&ask.page.turn));
        let page = reader.page(&question, &mut landing.so_far.asked_again).await;
        let (_, mut page) = page.map_err(|broken| match broken {
            Broken::Final(error) => error,
            Broken::Doubt(doubt) => request.setting(&doubt.to_string()),
        })?;
        if !page.rows.is_empty() {
            page.come_from(&Arc::from("page 1"));
            return landing.take(page).map(|_| ());
        }
    }
    Ok(())
}

/// The slices of a pull, and where the next one begins.
fn slices(
    ask: &HttpStream,
    request: &Request<'_>,
) -> Result<(Vec<Slice>, Option<jiff::Timestamp>), ExtractError> {
    let Some(cursor) = &ask.cursor else { return Ok((vec![Slice::default()], None)) };
    let windows = request.windows(cursor)?;
    Ok((windows.slices, Some(windows.until)))
}

impl Reader<'_> {
    /// Asks for one slice until it is whole or patience ends.
    async fn slice(&self, slice: Slice) -> Result<Whole, ExtractError> {
        let what = format!("{}{}", self.request.name(), slice.words());
        let (mut patience, mut asked_again) = (self.gateway.patience(), Vec::new());
        loop {
            let doubt = match self.attempt(&slice, &mut asked_again).await {
                Ok((pages, total)) => return Ok(Whole { pages, total, asked_again }),
                Err(Broken::Final(error)) => return Err(error),
                Err(Broken::Doubt(doubt)) => doubt,
            };
            if let Doubt::Endless { pages } = doubt {
                return Err(ExtractError::Endless { what, pages });
            }
            let (why, attempts) = (doubt.to_string(), patience.made());
            tracing::debug!(what, why, "slice did not add up");
            if !patience.wait(None).await {
                return Err(ExtractError::Unsteady { what, attempts, why });
            }
            asked_again.push(format!("{what}: {why}"));
        }
    }

    /// The pages of one slice and its total.
    async fn attempt(
        &self,
        slice: &Slice,
        asked_again: &mut Vec<String>,
    ) -> Result<(Vec<Batch>, Option<u64>), Broken> {
        let (mut pages, page) = (Vec::new(), &self.ask.page);
        let is_counted = matches!(page.turn, Turn::Number { .. } | Turn::Offset { .. });
        let size = page.size.as_ref().map(|(_, size)| *size);
        let mut ledger = Ledger::of(size.filter(|_| is_counted));
        let (mut place, mut places) = (Where::first(&page.turn), BTreeSet::new());
        loop {
            let question = self.question(slice, &ledger, &place);
            let (answer, batch) = self.page(&question, asked_again).await?;
            if matches!(page.turn, Turn::None) {
                return Ok((vec![batch], None));
            }
            let next = self.next(&answer);
            let seen = self.seen(&answer, &batch, next.is_some(), ledger.due())?;
            match ledger.enter(seen).map_err(Broken::Doubt)? {
                Next::Page => pages.push(batch),
                Next::Done => {
                    pages.push(batch);
                    return Ok((pages, ledger.total()));
                }
                Next::DoneBefore => return Ok((pages, ledger.total())),
            }
            let at = ledger.due() - 1;
            place = match (place, next) {
                (Where::Said(_), None) => return Err(Broken::Doubt(Doubt::Nowhere { page: at })),
                (Where::Said(_), Some(next)) if !places.insert(next.clone()) => {
                    return Err(Broken::Doubt(Doubt::Circle { page: at }));
                }
                (Where::Said(_), Some(next)) => Where::Said(Some(next)),
                // A page without rows is passed by its size.
                (Where::Counted(count), _) => Where::Counted(match page.turn {
                    Turn::Offset { .. } if seen.rows > 0 => count + seen.rows,
                    Turn::Offset { .. } => count + size.unwrap_or(1).max(1),
                    _ => count + 1,
                }),
            };
        }
    }

    /// What a page looked like.
    fn seen(
        &self,
        answer: &Answer,
        batch: &Batch,
        has_next: bool,
        number: u32,
    ) -> Result<Seen, Broken> {
        let page = &self.ask.page;
        let at = |pointer: &Option<String>| answer.body.pointer(pointer.as_ref()?);
        let total = at(&page.total).and_then(count);
        if page.total.is_some() && total.is_none() {
            return Err(Broken::Doubt(Doubt::NoTotal { page: number }));
        }
        let more = at(&page.more).and_then(records::text).and_then(|text| truth(&text));
        if page.more.is_some() && more.is_none() {
            return Err(Broken::Doubt(Doubt::NoMore { page: number }));
        }
        let is_said = !matches!(page.turn, Turn::Number { .. } | Turn::Offset { .. });
        let follows = more.or(is_said.then_some(has_next));
        let rows = batch.rows.len() as u64;
        Ok(Seen { rows, total, follows, print: batch.print() })
    }

    /// Where the page says that the next one is.
    fn next(&self, answer: &Answer) -> Option<String> {
        let next = match &self.ask.page.turn {
            Turn::Cursor { next, .. } | Turn::NextUrl { next } => {
                answer.body.pointer(next).and_then(records::text)
            }
            Turn::LinkHeader => answer.link.clone(),
            Turn::None | Turn::Number { .. } | Turn::Offset { .. } => None,
        };
        next.filter(|next| !next.is_empty())
    }

    fn question(&self, slice: &Slice, ledger: &Ledger, place: &Where) -> Question<'_> {
        let text = |(name, value): &(String, String)| (name.clone(), Value::from(value.as_str()));
        let page = &self.ask.page;
        let fixed = self.ask.parameters.iter().map(text);
        let turned = match (&page.turn, place) {
            (Turn::Number { param, .. } | Turn::Offset { param, .. }, Where::Counted(count)) => {
                Some((param.clone(), Value::from(*count)))
            }
            (Turn::Cursor { param, .. }, Where::Said(Some(next))) => {
                Some((param.clone(), Value::from(next.as_str())))
            }
            _ => None,
        };
        let size = page.size.iter().map(|(name, size)| (name.clone(), Value::from(*size)));
        let next = match (&page.turn, place) {
            (Turn::NextUrl { .. } | Turn::LinkHeader, Where::Said(next)) => next.clone(),
            _ => None,
        };
        let window = slice.parameters.iter().map(text);
        Question {
            what: format!("{}{} page {}", self.request.name(), slice.words(), ledger.due()),
            path: &self.ask.path,
            next,
            method: self.ask.method,
            place: self.ask.place,
            parameters: fixed.chain(turned).chain(size).chain(window).collect(),
            secrets: self.request.secrets,
        }
    }

    /// One page: the whole answer and its rows.
    async fn page(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<(Answer, Batch), Broken> {
        let answer = self.gateway.answer(question, asked_again).await.map_err(Broken::Final)?;
        let unreadable = |why: String| {
            Broken::Final(ExtractError::Unreadable { what: question.what.clone(), why })
        };
        let at = &self.ask.records;
        let records = match answer.body.pointer(at) {
            Some(Value::Array(records)) => records.as_slice(),
            // Some gateways say null where there is nothing.
            Some(Value::Null) => &[],
            Some(_) => return Err(unreadable(format!("`{at}` is no list"))),
            None => return Err(unreadable(format!("the answer has no `{at}`"))),
        };
        let batch = records::batch(records, &self.pointers).map_err(unreadable)?;
        Ok((answer, batch))
    }
}

/// Where the next page is.
enum Where {
    /// So many pages, or rows, came before.
    Counted(u64),
    /// Where the page before said; the first one needs no place.
    Said(Option<String>),
}

impl Where {
    fn first(turn: &Turn) -> Where {
        match turn {
            Turn::Number { first, .. } | Turn::Offset { first, .. } => Where::Counted(*first),
            Turn::None | Turn::Cursor { .. } | Turn::NextUrl { .. } | Turn::LinkHeader => {
                Where::Said(None)
            }
        }
    }
}

/// Whether a text says yes or no.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" => Some(true),
        "false" | "0" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// A count, as a number or as text.
fn count(value: &Value) -> Option<u64> {
    records::text(value)?.parse().ok()
}
