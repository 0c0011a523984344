//! How is a stream read from a gateway? Slice by slice, page by page; the pages of a slice are held
//! back until they add up.

use std::sync::Arc;

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
use crate::base::pseudonym::sha256;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Page;

/// A stream that is being read.
struct Reader<'a> {
    gateway: &'a Gateway,
    ask: &'a HttpStream,
    request: &'a Request<'a>,
    pointers: Vec<String>,
    /// Pages of slices that stand.
    pages: usize,
}

/// The pages of a slice that add up.
struct Whole {
    pages: Vec<Batch>,
    total: Option<u64>,
}

/// Why a slice is not whole.
enum Broken {
    /// It may be whole another time.
    Doubt(Doubt),
    /// It will not.
    Final(ExtractError),
}

/// Asks for every slice and hands each on when it is whole.
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
    let mut reader = Reader { gateway, ask, request, pointers: landing.pointers(), pages: 0 };
    for slice in &slices {
        let whole = reader.slice(slice, &mut landing.so_far.asked_again).await?;
        reader.pages += whole.pages.len();
        landing.told(whole.total);
        for page in whole.pages {
            landing.take(page)?;
        }
    }
    landing.so_far.until = until;
    Ok(())
}

impl Reader<'_> {
    /// Asks for one slice until it is whole or patience ends.
    async fn slice(
        &self,
        slice: &Slice,
        asked_again: &mut Vec<String>,
    ) -> Result<Whole, ExtractError> {
        let what = format!("{}{}", self.request.name(), slice.words());
        let mut patience = self.gateway.patience();
        loop {
            let doubt = match self.attempt(slice, asked_again).await {
                Ok(whole) => return Ok(whole),
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

    async fn attempt(&self, slice: &Slice, asked_again: &mut Vec<String>) -> Result<Whole, Broken> {
        let mut pages = Vec::new();
        let Page::Number { param, size, total } = &self.ask.page else {
            let question = self.question(slice, 1, &[]);
            pages.push(self.page(&question, 1, asked_again).await?.1);
            return Ok(Whole { pages, total: None });
        };
        let mut ledger = Ledger::of(size.1);
        loop {
            let number = ledger.due();
            let own = [(param.as_str(), u64::from(number)), (size.0.as_str(), size.1)];
            let question = self.question(slice, number, &own);
            let (answer, batch) = self.page(&question, number, asked_again).await?;
            let records = answer.pointer(&self.ask.records).unwrap_or(&Value::Null);
            let seen = Seen {
                rows: batch.rows.len() as u64,
                total: total.as_ref().and_then(|at| count(answer.pointer(at)?)),
                print: sha256(records.to_string().as_bytes()),
            };
            if total.is_some() && seen.total.is_none() {
                return Err(Broken::Doubt(Doubt::NoTotal { page: number }));
            }
            pages.push(batch);
            if ledger.enter(seen).map_err(Broken::Doubt)? == Next::Done {
                return Ok(Whole { pages, total: ledger.total() });
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
        number: u32,
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
        let source = Arc::from(format!("page {}", self.pages + number as usize));
        let batch = records::batch(records, &self.pointers, &source).map_err(unreadable)?;
        Ok((answer, batch))
    }
}

/// A count, as a number or as text.
fn count(value: &Value) -> Option<u64> {
    records::text(value)?.parse().ok()
}
