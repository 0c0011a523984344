//! How is a stream read from a gateway? Slice by slice, for each row of its parent where it has one, page
//! by page; pages are kept as they come, and handed on when it is their turn.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::PoisonError;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use super::ExtractError;
use super::Request;
use super::ahead::ahead;
use super::found;
use super::found::Well;
use super::gateway::Gateway;
use super::landing::Landing;
use super::ledger::Broken;
use super::ledger::Doubt;
use super::ledger::Next;
use super::ledger::Seen;
use super::moved::Keys;
use super::part::Part;
use super::part::parts;
use super::plain;
use super::question::Question;
use super::question::each_text;
use super::question::filled;
use super::question::fixed;
use super::reply::Answer;
use super::shelf::Left;
use super::shelf::Page;
use super::shelf::Shelf;
use super::shelf::Slot;
use super::shield::Shield;
use super::shield::fates;
use super::shield::set_apart;
use super::turn::Turns;
use super::turn::Whole;
use super::walk::Walk;
use super::walk::Where;
use super::way::Records;
use crate::base::batch::Batch;
use crate::base::batch::FILTERED;
use crate::base::sheet::Sheet;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Turn;
use crate::spec::connector::Write;
use crate::spec::template::Secrets;
use crate::spec::template::TemplateError;

/// A stream that is being read.
pub(super) struct Reader<'a> {
    gateway: &'a Gateway,
    ask: &'a HttpStream,
    request: &'a Request<'a>,
    /// The path below the gateway's address and the fixed parameters, which still name rows of the parent.
    path: String,
    fixed: Vec<(String, Value)>,
    needed: Vec<String>,
    shield: Mutex<Shield<'a>>,
}

/// A page that was asked for, unless its parent has none, and what was asked again on the way.
type Asked = (Result<Option<(Answer, Sheet)>, Broken>, Vec<String>);

/// Asks for the parts, as many at once as the gateway bears, and hands each on in its turn when it is
/// whole.
pub(super) async fn pull(
    gateway: &Gateway,
    ask: &HttpStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let (parts, until) = parts(ask, request)?;
    let shelf = Shelf::open(request.shelf, &request.print(gateway.url()))?;
    let reader = Reader::new(gateway, ask, request, landing)?;
    landing.so_far.until = until;
    let turns = Turns::of(landing);
    let asked = stream::iter(parts).enumerate();
    let asked = asked.map(|(nth, part)| reader.part((&turns, nth), shelf.slot(&part.name()), part));
    let mut asked = pin!(asked.buffered(gateway.at_once()));
    while let Some(whole) = asked.next().await {
        turns.whole(whole?)?;
    }
    Ok(())
}

impl<'a> Reader<'a> {
    /// Of a stream.
    ///
    /// # Errors
    /// A variable or a secret that is not set.
    pub(super) fn new(
        gateway: &'a Gateway,
        ask: &'a HttpStream,
        request: &'a Request<'a>,
        landing: &Landing<'_>,
    ) -> Result<Reader<'a>, ExtractError> {
        let unset = |source: TemplateError| {
            let system = request.connector.name.clone();
            ExtractError::Unset { system, source }
        };
        let path = filled(&ask.path, request.secrets).map_err(unset)?;
        let parameters = ask.parameters.iter();
        let fixed =
            parameters.map(|(name, value)| Ok((name.clone(), fixed(value, request.secrets)?)));
        let fixed = fixed.collect::<Result<_, TemplateError>>().map_err(unset)?;
        let shield = Shield::new(request.stream, request.key, landing.as_of());
        let needed = landing.needed();
        let shield = Mutex::new(shield);
        Ok(Reader { gateway, ask, request, path, fixed, needed, shield })
    }

    /// Asks for one part until it is whole or patience ends.
    async fn part(
        &self,
        (turns, nth): (&Turns<'_, '_>, usize),
        mut slot: Slot,
        part: Part,
    ) -> Result<Whole, ExtractError> {
        let (what, mut asked_again) = (self.what(&part), Vec::new());
        if let Left::Nothing { total, is_moving } = self.left(&mut slot)? {
            return Ok(Whole { slot, total, asked_again, is_moving });
        }
        let mut is_resumed = slot.pages() > 0 || slot.job().is_some();
        let (mut patience, mut moved) = (self.gateway.patience(), None);
        loop {
            let doubt = match self.attempt(&part, (turns, nth), &mut slot, &mut asked_again).await {
                // Asked once more; what comes twice then is told of the night, and is no reason to have no rows.
                Ok((_, keys))
                    if !keys.is_empty() && moved.is_none() && patience.wait(None).await =>
                {
                    let rows = keys.len() as u64;
                    moved = Some(keys);
                    asked_again.push(format!("{what}: {}", Doubt::Moved { rows }));
                    turns.broke(nth, &mut slot)?;
                    continue;
                }
                Ok((total, keys)) => {
                    // The same keys both times are rows that the source has twice.
                    let is_moving = !keys.is_empty() && moved.as_ref() != Some(&keys);
                    slot.end(total, is_moving)?;
                    return Ok(Whole { slot, total, asked_again, is_moving });
                }
                // Its place in the pages may be forgotten over there: they are asked for from the first on.
                Err(broken) if is_resumed && broken.is_forgotten() => {
                    asked_again.push(format!("{what}: it can't be gone on with: {broken}"));
                    is_resumed = false;
                    turns.broke(nth, &mut slot)?;
                    continue;
                }
                Err(Broken::Final(error)) => return Err(error),
                Err(Broken::Doubt(doubt)) => doubt,
            };
            turns.broke(nth, &mut slot)?;
            is_resumed = false;
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

    /// What is left to ask behind the pages of another run; those that were counted are not gone on with, unless they
    /// are all.
    fn left(&self, pages: &mut Slot) -> Result<Left, ExtractError> {
        let left = pages.each::<ExtractError>(|_| Ok(()))?;
        if left == Left::More && self.ask.page.turn.is_counted() {
            pages.clear()?;
        }
        Ok(left)
    }

    /// Asks for the pages of one part that are not here, and keeps them; its total, and the keys that came on two
    /// pages.
    async fn attempt(
        &self,
        part: &Part,
        (turns, nth): (&Turns<'_, '_>, usize),
        pages: &mut Slot,
        asked_again: &mut Vec<String>,
    ) -> Result<(Option<u64>, Vec<u64>), Broken> {
        if let Some(export) = &self.ask.export {
            self.exported(export, part, (pages, asked_again)).await?;
            return Ok((None, Vec::new()));
        }
        let is_counted = self.ask.page.turn.is_counted();
        let mut keys = Keys::of(self.request.row_key, is_counted, self.request.is_whole());
        let mut walk = Walk::of(&self.ask.page);
        let mut rows = 0;
        pages.each(|page| {
            rows += page.sheet.height();
            if page.sheet.headers.iter().any(|header| header == FILTERED) {
                return Ok(());
            }
            keys.enter(&page.sheet);
            walk.enter(page.seen, page.next.as_ref()).map(|_| ()).map_err(Broken::Doubt)
        })?;
        let mut asked = self.asked(part, &walk).await;
        // A place that a source said before a break may be one that it knows no more, and says so by no rows.
        let mut is_broken_off = walk.ledger.due() > 1;
        loop {
            let (page, again) = asked;
            is_broken_off |= !again.is_empty() && walk.ledger.due() > 1;
            asked_again.extend(again);
            let page = match page {
                Err(_) if walk.ledger.is_enough() => break,
                page => page?,
            };
            let Some((answer, sheet)) = page else {
                self.may_end(walk.ledger.due())?;
                break;
            };
            if walk.ledger.is_behind() && (sheet.height() == 0 || keys.hold(&sheet)) {
                break;
            }
            let next = self.next(&answer);
            let seen = self.seen(&answer, &sheet, next.is_some(), walk.ledger.due())?;
            let entered = walk.enter(seen, next.as_ref())?;
            if entered == Next::DoneBefore {
                break;
            }
            let is_told = is_counted || walk.ledger.total().is_some();
            if is_broken_off && !is_told && seen.rows == 0 && entered == Next::Done {
                return Err(Doubt::Forgotten { page: walk.ledger.due() - 1 }.into());
            }
            is_broken_off = false;
            keys.enter(&sheet);
            rows += sheet.height();
            let keep = || turns.came(nth, pages, self.shielded((seen, next), sheet));
            if entered != Next::Page {
                keep()?;
                break;
            }
            asked = if turns.has_room(nth) {
                ahead(self.asked(part, &walk), keep).await?
            } else {
                keep()?;
                self.asked(part, &walk).await
            };
        }
        // A snapshot within a row of the parent is one without rows, too.
        let is_snapshot = matches!(self.request.stream.write, Write::Snapshot { .. });
        if let Some(none) = part.none().filter(|_| is_snapshot && rows == 0) {
            turns.came(nth, pages, self.shielded((Seen::default(), None), none))?;
        }
        Ok((walk.ledger.total(), keys.moved()))
    }

    /// What is gone behind its first page was there a moment ago; counted pages end so.
    fn may_end(&self, page: u32) -> Result<(), Doubt> {
        if page == 1 || self.ask.page.turn.is_counted() {
            Ok(())
        } else {
            Err(Doubt::Lost { page })
        }
    }

    /// System, stream and part, for reports.
    pub(super) fn what(&self, part: &Part) -> String {
        format!("{}{}", self.request.name(), part.words())
    }

    pub(super) fn gateway(&self) -> &Gateway {
        self.gateway
    }

    pub(super) fn secrets(&self) -> &(dyn Secrets + Sync) {
        self.request.secrets
    }

    /// Where the records are, and which headers are read of them.
    pub(super) fn records(&self) -> Records<'_> {
        Records { at: &self.ask.records, layout: &self.ask.layout, needed: &self.needed }
    }

    /// The rows of the first page of a part.
    pub(super) async fn first(
        &self,
        part: &Part,
        asked_again: &mut Vec<String>,
    ) -> Result<Batch, Broken> {
        let (page, again) = self.asked(part, &Walk::of(&self.ask.page)).await;
        asked_again.extend(again);
        Ok(page?.map_or_else(Batch::default, |(_, sheet)| sheet.into()))
    }

    /// The question that begins a job.
    pub(super) fn beginning(&self, part: &Part) -> Question<'_> {
        let question = self.question(part, &Walk::of(&self.ask.page));
        Question { what: format!("{} begin", self.what(part)), records: None, ..question }
    }

    /// Tells headers of the source from ours.
    pub(super) fn set_apart(&self, headers: &mut [String]) {
        let fates = fates(self.request.stream);
        set_apart(headers, |header| fates.contains_key(header));
    }

    /// Whether the stream reads any of some headers.
    pub(super) fn knows_any(&self, headers: &[String]) -> bool {
        let shield = self.shield.lock().unwrap_or_else(PoisonError::into_inner);
        headers.iter().any(|header| shield.knows(header))
    }

    /// What may be stored of a page.
    pub(super) fn shielded(&self, place: (Seen, Option<String>), sheet: Sheet) -> Page {
        let mut shield = self.shield.lock().unwrap_or_else(PoisonError::into_inner);
        let sheet = shield.pass(sheet);
        Page::new(place, sheet, shield.take_seen())
    }

    /// Whether a place stands in what is null; an answer that says nothing of itself may be an error.
    fn is_null(&self, body: &Value, at: &str) -> bool {
        self.gateway.says_okay() && plain::is_null(body, at)
    }

    /// What a page looked like.
    fn seen(
        &self,
        answer: &Answer,
        sheet: &Sheet,
        has_next: bool,
        number: u32,
    ) -> Result<Seen, Broken> {
        let page = &self.ask.page;
        let (rows, print) = (sheet.height() as u64, sheet.print());
        if matches!(page.turn, Turn::None) {
            return Ok(Seen { rows, total: None, follows: Some(false), print });
        }
        let is_null =
            |at: &Option<String>| at.as_ref().is_some_and(|at| self.is_null(&answer.body, at));
        let total = self.total(&answer.body);
        let total = if is_null(&page.total) { Some(0) } else { total };
        if page.total.is_some() && total.is_none() {
            return Err(Broken::Doubt(Doubt::NoTotal { page: number }));
        }
        let more = self.more(&answer.body);
        let more = if is_null(&page.more) { Some(false) } else { more };
        if page.more.is_some() && more.is_none() {
            return Err(Broken::Doubt(Doubt::NoMore { page: number }));
        }
        let follows = more.or((!page.turn.is_counted()).then_some(has_next));
        Ok(Seen { rows, total, follows, print })
    }

    /// How many rows there are, as an answer says.
    fn total(&self, body: &Value) -> Option<u64> {
        body.pointer(self.ask.page.total.as_ref()?).and_then(plain::count)
    }

    /// Whether more follow, as an answer says.
    fn more(&self, body: &Value) -> Option<bool> {
        let more = body.pointer(self.ask.page.more.as_ref()?).and_then(plain::text);
        more.and_then(|text| plain::truth(&text))
    }

    /// Whether what is empty in an answer is so because there are no rows.
    fn well(&self, body: &Value) -> Well {
        let page = &self.ask.page;
        let others: Vec<&str> = self
            .next_at()
            .into_iter()
            .chain(&page.total)
            .chain(&page.more)
            .map(String::as_str)
            .collect();
        Well {
            is_said: self.gateway.says_okay(),
            is_nothing: self.total(body) == Some(0) || self.more(body) == Some(false),
            is_all: found::is_all(body, &self.ask.records, &others),
        }
    }

    /// The place in an answer that says where the next page is.
    fn next_at(&self) -> Option<&String> {
        match &self.ask.page.turn {
            Turn::Cursor { next, .. } | Turn::NextUrl { next } => Some(next),
            Turn::None | Turn::Number { .. } | Turn::Offset { .. } | Turn::LinkHeader => None,
        }
    }

    /// Where the page says that the next one is; our own proof is no part of that.
    fn next(&self, answer: &Answer) -> Option<String> {
        let next = match &self.ask.page.turn {
            Turn::Cursor { next, last, .. } => {
                let next = answer.body.pointer(next).and_then(plain::text);
                next.filter(|next| !last.contains(next))
            }
            Turn::NextUrl { next } => answer.body.pointer(next).and_then(plain::text),
            Turn::LinkHeader => answer.link.clone(),
            Turn::None | Turn::Number { .. } | Turn::Offset { .. } => None,
        };
        let next = next.filter(|next| !next.is_empty())?;
        let is_address = matches!(self.ask.page.turn, Turn::NextUrl { .. } | Turn::LinkHeader);
        Some(if is_address { self.gateway.without_proof(&next) } else { next })
    }

    fn question(&self, part: &Part, walk: &Walk<'_>) -> Question<'_> {
        let text = |(name, value): &(String, String)| (name.clone(), Value::from(value.as_str()));
        let page = &self.ask.page;
        let own = |(name, value): &(String, Value)| {
            let mut value = value.clone();
            if let Some(row) = &part.parent {
                each_text(&mut value, &mut |text| *text = row.fill(text));
            }
            (name.clone(), value)
        };
        let fixed = self.fixed.iter().map(own);
        let turned = match (&page.turn, &walk.place) {
            (Turn::Number { param, .. } | Turn::Offset { param, .. }, Where::Counted(count)) => {
                Some((param.clone(), Value::from(*count)))
            }
            (Turn::Cursor { param, .. }, Where::Said(Some(next))) => {
                Some((param.clone(), Value::from(next.as_str())))
            }
            _ => None,
        };
        let size = page.size.iter().map(|(name, size)| (name.clone(), Value::from(*size)));
        let next = match (&page.turn, &walk.place) {
            (Turn::NextUrl { .. } | Turn::LinkHeader, Where::Said(next)) => next.clone(),
            _ => None,
        };
        let window = part.slice.parameters.iter().map(text);
        let path = &self.path;
        Question {
            what: format!("{} page {}", self.what(part), walk.ledger.due()),
            path: part.parent.as_ref().map_or_else(|| path.clone(), |row| row.fill_path(path)),
            next,
            method: self.ask.method,
            place: self.ask.place,
            parameters: fixed.chain(turned).chain(size).chain(window).collect(),
            records: self.own_records(),
            gone: self.ask.each.as_ref().map_or(&[], |each| &each.gone),
            is_once: walk.ledger.is_enough(),
            secrets: self.request.secrets,
        }
    }

    /// Where the records are, unless what is said of a page lies among them.
    fn own_records(&self) -> Option<Records<'_>> {
        let page = &self.ask.page;
        let mut said = self.next_at().into_iter().chain(&page.total).chain(&page.more);
        Some(self.records()).filter(|records| !said.any(|at| records.hold(at)))
    }

    /// The page that is due.
    async fn asked(&self, part: &Part, walk: &Walk<'_>) -> Asked {
        let (question, mut again) = (self.question(part, walk), Vec::new());
        (self.page(part, &question, &mut again).await, again)
    }

    /// One page: the answer and its rows; none where the gateway says that its parent has none.
    async fn page(
        &self,
        part: &Part,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<Option<(Answer, Sheet)>, Broken> {
        let mut answer = self.gateway.answer(question, asked_again).await.map_err(Broken::Final)?;
        if answer.is_gone {
            return Ok(None);
        }
        let unreadable = |why: String| {
            Broken::Final(ExtractError::Unreadable { what: question.what.clone(), why })
        };
        let read = answer
            .read
            .take()
            .unwrap_or_else(|| found::sheet(&answer.body, self.records(), self.well(&answer.body)));
        let mut sheet = read.map_err(unreadable)?;
        self.set_apart(&mut sheet.headers);
        part.mark(&mut sheet);
        Ok(Some((answer, sheet)))
    }
}
