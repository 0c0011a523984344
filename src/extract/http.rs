//! How is a stream read from a gateway? Slice by slice, page by page; the pages of a slice are held
//! back until they add up.

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
use super::window;
use super::window::Slice;
use crate::base::batch::Batch;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Page;

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
    let (slices, until) = match &ask.cursor {
        None => (vec![Slice::default()], None),
        Some(cursor) => {
            let zone = request.zone()?;
            let windows = window::windows(cursor, &zone, request.span());
            let windows =
                windows.map_err(|fault| request.setting(&format!("its cursor: {fault}")))?;
            (windows.slices, Some(windows.until))
        }
    };
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
        let mut pages = Vec::new();
        let Page::Number { param, size, total } = &self.ask.page else {
            let question = self.question(slice, 1, &[]);
            pages.push(self.page(&question, asked_again).await?.1);
            return Ok((pages, None));
        };
        let mut ledger = Ledger::of(size.1);
        loop {
            let number = ledger.due();
            let own = [(param.as_str(), u64::from(number)), (size.0.as_str(), size.1)];
            let question = self.question(slice, number, &own);
            let (answer, batch) = self.page(&question, asked_again).await?;
            let seen = Seen {
                rows: batch.rows.len() as u64,
                total: total.as_ref().and_then(|at| count(answer.pointer(at)?)),
                print: batch.print(),
            };
            if total.is_some() && seen.total.is_none() {
                return Err(Broken::Doubt(Doubt::NoTotal { page: number }));
            }
            pages.push(batch);
            if ledger.enter(seen).map_err(Broken::Doubt)? == Next::Done {
                return Ok((pages, ledger.total()));
            }
        }
    }

    fn question(&self, slice: &Slice, number: u32, own: &[(&str, u64)]) -> Question<'_> {
        let text = |(name, value): &(String, String)| (name.clone(), Value::from(value.as_str()));
        let fixed = self.ask.parameters.iter().map(text);
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        Question {
            what: format!("{}{} page {number}", self.request.name(), slice.words()),
            path: &self.ask.path,
            method: self.ask.method,
            parameters: fixed.chain(own).chain(slice.parameters.iter().map(text)).collect(),
            secrets: self.request.secrets,
        }
    }

    /// One page: the whole answer and its rows.
    async fn page(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<(Value, Batch), Broken> {
        let answer = self.gateway.answer(question, asked_again).await.map_err(Broken::Final)?;
        let unreadable = |why: String| {
            Broken::Final(ExtractError::Unreadable { what: question.what.clone(), why })
        };
        let at = &self.ask.records;
        let records = match answer.pointer(at) {
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

/// A count, as a number or as text.
fn count(value: &Value) -> Option<u64> {
    records::text(value)?.parse().ok()
}
