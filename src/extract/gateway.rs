//! What does a gateway answer? One question at a time, in its pace and its hours, proved anew at every
//! attempt and asked again where the connector says so.

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use reqwest::Url;
use reqwest::header::CONTENT_LENGTH;
use reqwest::header::CONTENT_TYPE;
use serde_json::Map;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::client;
use super::error::ExtractError;
use super::pace::Pace;
use super::plain;
use super::question::Question;
use super::reply::Answer;
use super::reply::Fault;
use super::reply::Reply;
use super::retry::Patience;
use super::retry::beyond;
use super::sign;
use super::sign::Draft;
use super::sign::Pairs;
use super::ticket::Desk;
use super::ticket::Ticket;
use crate::base::clock;
use crate::base::redact::know_secret;
use crate::spec::connector::Auth;
use crate::spec::connector::Http;
use crate::spec::connector::Login;
use crate::spec::connector::Method;
use crate::spec::connector::Place;
use crate::spec::connector::Script;
use crate::spec::template::Secrets;
use crate::spec::template::TemplateError;

/// A gateway that can be asked.
pub(super) struct Gateway {
    system: String,
    client: Client,
    url: Url,
    http: Http,
    pace: Pace,
    /// As many places as questions may be open at the same time.
    places: Semaphore,
    desk: Desk,
}

/// The most bytes of an answer that says no.
const MOST_SAID: usize = 1_000_000;

/// What a reply is to a question.
type Judge<T> = fn(Reply, &Question<'_>, &Http) -> Result<T, Fault>;

impl Gateway {
    /// Makes ready to ask; nothing is sent.
    pub(super) fn open(
        system: &str,
        http: &Http,
        secrets: &dyn Secrets,
        home: &Path,
    ) -> Result<Gateway, ExtractError> {
        let unset = |source| ExtractError::Unset { system: system.to_owned(), source };
        let setting = |why: String| ExtractError::Setting { system: system.to_owned(), why };
        let url = http.url.fill(secrets, &[]).map_err(unset)?;
        // The address may carry a password, so a wrong one is not repeated.
        let url = Url::parse(url.trim().trim_end_matches('/'))
            .map_err(|fault| setting(format!("its `url` is no address: {fault}")))?;
        // What is not set is told before anything is asked.
        let ticket = http.auth.login.as_ref().map(|_| "");
        let draft = Draft { method: "GET", path: url.path(), ticket, ..Draft::default() };
        sign::prove(&http.auth, secrets, draft).map_err(unset)?;
        if let Some(login) = &http.auth.login {
            for (_, field) in &login.fields {
                field.fill(secrets, &[]).map_err(unset)?;
            }
            sign::prove(&login.proof, secrets, Draft::default()).map_err(unset)?;
        }
        let client = client::ready(http, secrets, home).map_err(setting)?;
        let pace = Pace::of(http.limit.per_second);
        let places = Semaphore::new(http.limit.at_once);
        let (system, http, desk) = (system.to_owned(), http.clone(), Desk::default());
        Ok(Gateway { system, client, url, http, pace, places, desk })
    }

    /// How many questions may be open at the same time.
    pub(super) fn at_once(&self) -> usize {
        self.http.limit.at_once
    }

    /// Whether its answers are in GB18030, as its connector says.
    pub(super) fn is_chinese(&self) -> bool {
        self.http.encoding == Some(Script::Gb18030)
    }

    /// Whether an answer itself says that all is well.
    pub(super) fn says_okay(&self) -> bool {
        !self.http.okay.body.is_empty()
    }

    /// What is asked again, and for how long.
    pub(super) fn patience(&self) -> Patience {
        Patience::of(&self.http.retry)
    }

    /// Asks until there is an answer that reads, or patience ends.
    pub(super) async fn answer(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<Answer, ExtractError> {
        self.told(question, asked_again, Reply::judge).await
    }

    /// The same of a file; none where it is gone.
    pub(super) async fn file(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<Option<Vec<u8>>, ExtractError> {
        self.told(question, asked_again, Reply::file).await
    }

    async fn told<T>(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
        judge: Judge<T>,
    ) -> Result<T, ExtractError> {
        let (mut patience, mut fresh) = (self.patience(), 0);
        loop {
            let (why, wait, advice) = match self.attempt(question, judge, &mut fresh).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Again { why, wait, advice }) => (why, wait, advice),
            };
            tracing::debug!(what = question.what, why, "question was not answered");
            let attempts = patience.made();
            if question.is_once || !patience.wait(wait).await {
                let what = question.what.clone();
                let asks = beyond(&self.http.retry, wait);
                let why = format!("{why}{asks}{advice}");
                return Err(ExtractError::Unavailable { what, attempts, why });
            }
            asked_again.push(format!("{}: {why}", question.what));
        }
    }

    /// Asks once, and once more with another ticket where this one isn't taken; `fresh` is the last one that was
    /// asked for so, and a page that comes with it is none that another one mends.
    async fn attempt<T>(
        &self,
        question: &Question<'_>,
        judge: Judge<T>,
        fresh: &mut u64,
    ) -> Result<T, Fault> {
        let ticket = self.ticket(question, None).await?;
        let mut reply = self.asked(question, ticket.as_ref()).await?;
        if let (Some(login), Some(ticket)) = (&self.http.auth.login, ticket)
            && (reply.asks_for_another_ticket(login) || reply.is_page() && *fresh != ticket.number)
        {
            // Somebody else may have asked for another one meanwhile; it is tried once.
            let other = self.ticket(question, Some(ticket.number)).await?;
            *fresh = other.as_ref().map_or(0, |other| other.number);
            reply = self.asked(question, other.as_ref()).await?;
        }
        judge(reply, question, &self.http)
    }

    async fn asked(
        &self,
        question: &Question<'_>,
        ticket: Option<&Ticket>,
    ) -> Result<Reply, Fault> {
        self.is_open(&question.what)?;
        // The place is free again before anybody waits for another attempt.
        let _place = self.places.acquire().await;
        self.pace.wait().await;
        self.send(question, ticket).await
    }

    /// Whether it may be asked at this hour.
    fn is_open(&self, what: &str) -> Result<(), Fault> {
        let Some(hours) = &self.http.limit.hours else { return Ok(()) };
        let now = clock::now().to_zoned_datetime(hours.zone.clone()).time();
        if hours.hold(now) {
            return Ok(());
        }
        let hour = |time: jiff::civil::Time| format!("{:02}:{:02}", time.hour(), time.minute());
        Err(Fault::Final(ExtractError::OutOfHours {
            what: what.to_owned(),
            hours: format!("{}-{}", hour(hours.from), hour(hours.to)),
            now: hour(now),
        }))
    }

    async fn send(&self, question: &Question<'_>, ticket: Option<&Ticket>) -> Result<Reply, Fault> {
        let address = self.address(question)?;
        let ticket = ticket.map(|ticket| ticket.text.as_str());
        self.sent(question, address, (&self.http.auth, ticket)).await
    }

    async fn sent(
        &self,
        question: &Question<'_>,
        (mut url, mut query): (Url, Pairs),
        (auth, ticket): (&Auth, Option<&str>),
    ) -> Result<Reply, Fault> {
        let method = match question.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let (mut form, mut json) = (Pairs::new(), Map::new());
        let is_json = question.place == Place::Json;
        if is_json {
            json = nested(&question.parameters);
        }
        let text = |(name, value): (&String, &Value)| {
            (name.clone(), plain::text(value).unwrap_or_default())
        };
        let plain: Pairs = if is_json {
            json.iter().map(text).collect()
        } else {
            question.parameters.iter().map(|(name, value)| text((name, value))).collect()
        };
        match question.place {
            Place::Query if question.next.is_none() => query.extend(plain.iter().cloned()),
            Place::Form => form.extend(plain.iter().cloned()),
            Place::Query | Place::Json => {}
        }
        let all: Pairs = query.iter().chain(&plain).cloned().collect();
        let body = |form: &Pairs, json: &Map<String, Value>| {
            if is_json { Value::Object(json.clone()).to_string() } else { encoded(&self.url, form) }
        };
        let draft = Draft {
            method: method.as_str(),
            path: url.path(),
            query: &encoded(&self.url, &query),
            body: &body(&form, &json),
            parameters: if question.place == Place::Query { &query } else { &all },
            ticket,
        };
        let proof = sign::prove(auth, question.secrets, draft);
        let proof = proof.map_err(|fault| self.unset(fault))?;
        query.extend(proof.query);
        let texts =
            proof.body.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
        json.extend(texts.filter(|_| is_json));
        form.extend(proof.body.into_iter().filter(|_| !is_json));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let mut request = self.client.request(method, url);
        for (name, value) in proof.headers {
            request = request.header(name, value);
        }
        if is_json {
            request = request.header(CONTENT_TYPE, "application/json");
        } else if !form.is_empty() || question.place == Place::Form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if is_json || !form.is_empty() {
            request = request.body(body(&form, &json));
        } else if question.method == Method::Post {
            // Some answer 411 to one that does not say that it has no body.
            request = request.header(CONTENT_LENGTH, "0");
        }
        self.reply(request, &question.what).await
    }

    /// The address of a question without what its query says, and that.
    fn address(&self, question: &Question<'_>) -> Result<(Url, Pairs), Fault> {
        let mut url = self.url.clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), question.path);
        url.set_path(&path);
        let Some(next) = &question.next else { return Ok((url, Pairs::new())) };
        // Another host would get our proof, so the next page is asked for where the first one was.
        let next = url.join(next).ok().filter(|next| next.origin() == url.origin());
        let Some(mut next) = next else {
            let what = question.what.clone();
            let why = "what follows is said to be at another address than `url`, and that would get our key: ask its owner".to_owned();
            return Err(Fault::Final(ExtractError::Unreadable { what, why }));
        };
        let own = &self.http.auth.query;
        let pairs = next.query_pairs().into_owned();
        let query = pairs.filter(|(name, _)| !own.iter().any(|(known, _)| known == name)).collect();
        next.set_query(None);
        Ok((next, query))
    }

    /// Where it is.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// An address without what we add to it ourselves, which may be a secret.
    pub(super) fn without_proof(&self, address: &str) -> String {
        let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
        let is_own = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            self.http.auth.query.iter().any(|(known, _)| known == name)
        };
        let query: Vec<&str> = query.split('&').filter(|pair| !is_own(pair)).collect();
        format!("{path}?{}", query.join("&"))
    }

    async fn reply(&self, request: reqwest::RequestBuilder, what: &str) -> Result<Reply, Fault> {
        let timeout = self.http.timeout;
        let fault = |fault: reqwest::Error| {
            let (is_ours, is_untrusted) = (fault.is_builder(), client::is_untrusted(&fault));
            let why = client::spoken(fault, timeout);
            if is_ours {
                Fault::Final(ExtractError::Setting { system: self.system.clone(), why })
            } else if is_untrusted {
                Fault::Final(ExtractError::Refused { what: what.to_owned(), why })
            } else {
                Fault::Again { why, wait: None, advice: "" }
            }
        };
        let mut response = request.send().await.map_err(&fault)?;
        let mut reply = Reply::of(&response, clock::now());
        reply.is_written_in(self.http.encoding);
        let is_okay = self.http.okay.status.contains(&response.status().as_u16());
        let told = response.content_length().unwrap_or_default();
        if is_okay {
            self.fits(told, what)?;
            reply.body.reserve(usize::try_from(told).unwrap_or_default());
        }
        while let Some(some) = response.chunk().await.map_err(&fault)? {
            // What is no answer is read for a sentence of its own, and has none where it is that long.
            if !is_okay && reply.body.len() + some.len() > MOST_SAID {
                reply.body.clear();
                break;
            }
            self.fits((reply.body.len() + some.len()) as u64, what)?;
            reply.body.extend_from_slice(&some);
        }
        let most = self.http.limit.answer.saturating_mul(1_000_000);
        let unpacked =
            reply.unpack(most).map_err(|why| Fault::Again { why, wait: None, advice: "" })?;
        self.fits(unpacked, what)?;
        Ok(reply)
    }

    /// Whether an answer of so many bytes is one that we take.
    fn fits(&self, bytes: u64, what: &str) -> Result<(), Fault> {
        let most = self.http.limit.answer;
        if bytes <= most.saturating_mul(1_000_000) {
            return Ok(());
        }
        let why = format!(
            "the answer is larger than {most} MB: ask for smaller pages, or for less at once, or raise `answer_mb` in [http.limit]"
        );
        Err(Fault::Final(ExtractError::Unreadable { what: what.to_owned(), why }))
    }

    fn unset(&self, source: TemplateError) -> Fault {
        Fault::Final(ExtractError::Unset { system: self.system.clone(), source })
    }

    /// The ticket that holds, where there is a login.
    async fn ticket(
        &self,
        question: &Question<'_>,
        stale: Option<u64>,
    ) -> Result<Option<Ticket>, Fault> {
        let Some(login) = &self.http.auth.login else { return Ok(None) };
        self.desk.ticket(stale, self.login(login, question)).await.map(Some)
    }

    async fn login(
        &self,
        login: &Login,
        question: &Question<'_>,
    ) -> Result<(String, Option<Duration>), Fault> {
        let (what, secrets) = (format!("{} (login)", question.what), question.secrets);
        self.is_open(&what)?;
        let address = login.url.fill(secrets, &[]).map_err(|fault| self.unset(fault))?;
        let mut url = self.url.clone();
        if address.starts_with('/') {
            url.set_path(&format!("{}{address}", self.url.path().trim_end_matches('/')));
        } else {
            let why = |fault| format!("its login's `url` is no address: {fault}");
            let system = || self.system.clone();
            url = Url::parse(address.trim())
                .map_err(|fault| ExtractError::Setting { system: system(), why: why(fault) })
                .map_err(Fault::Final)?;
        }
        let mut parameters = Vec::new();
        for (name, text) in &login.fields {
            let text = text.fill(secrets, &[]).map_err(|fault| self.unset(fault))?;
            parameters.push((name.clone(), Value::from(text)));
        }
        let asked = Question {
            what: what.clone(),
            path: String::new(),
            next: None,
            method: login.method,
            place: login.place,
            parameters,
            records: None,
            gone: &[],
            is_once: false,
            secrets,
        };
        let _place = self.places.acquire().await;
        self.pace.wait().await;
        let reply = self.sent(&asked, (url, Pairs::new()), (&login.proof, None)).await;
        let reply = reply.map_err(Fault::of_login)?;
        let (ticket, told) = reply.ticket(&what, login, &self.http).map_err(Fault::of_login)?;
        know_secret(&ticket);
        Ok((ticket, told.or(login.lifetime)))
    }
}

/// The JSON body of some parameters; one whose name is a pointer stands where that points, such as `/page/number`.
fn nested(parameters: &[(String, Value)]) -> Map<String, Value> {
    let mut body = Map::new();
    for (name, value) in parameters {
        let steps: Vec<String> = match name.strip_prefix('/') {
            Some(way) => {
                way.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
            }
            None => vec![name.clone()],
        };
        put(&mut body, &steps, value);
    }
    body
}

/// Puts a value where some steps lead.
fn put(fields: &mut Map<String, Value>, steps: &[String], value: &Value) {
    let Some((step, below)) = steps.split_first() else { return };
    let place = fields.entry(step.clone()).or_insert(Value::Null);
    if below.is_empty() {
        *place = value.clone();
        return;
    }
    let mut inner = place.as_object_mut().map(std::mem::take).unwrap_or_default();
    put(&mut inner, below, value);
    *place = inner.into();
}

/// Names and values as they stand in a query or a form.
fn encoded(any: &Url, pairs: &Pairs) -> String {
    let mut url = any.clone();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url.query().unwrap_or_default().to_owned()
}
