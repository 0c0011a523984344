//! What does a gateway answer? One question at a time, in its pace, signed anew at every attempt and
//! asked again where the connector says so.

use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::Client;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::error::ExtractError;
use super::records;
use super::retry::Patience;
use super::retry::retry_after;
use super::sign;
use crate::base::clock;
use crate::base::redact::theirs;
use crate::spec::connector::Http;
use crate::spec::connector::Method;
use crate::spec::template::Secrets;

/// TLS without a C++ tool chain is chosen once a process.
static PROVIDER: Once = Once::new();

/// A gateway that can be asked.
pub(super) struct Gateway {
    system: String,
    client: Client,
    url: Url,
    http: Http,
    pace: Pace,
    /// As many places as questions may be open at the same time.
    places: Semaphore,
}

/// A question.
pub(super) struct Question<'a> {
    /// The stream and page, for reports.
    pub(super) what: String,
    /// The path below the gateway's address.
    pub(super) path: &'a str,
    /// GET or POST.
    pub(super) method: Method,
    /// Its parameters.
    pub(super) parameters: Vec<(String, Value)>,
    /// Where secrets come from.
    pub(super) secrets: &'a (dyn Secrets + Sync),
}

/// Why one attempt brought no answer.
enum Fault {
    /// Worth another attempt, after the wait the source asked for.
    Again { why: String, wait: Option<Duration> },
    /// Not worth one.
    Final(ExtractError),
}

/// A status and a body, as they came.
struct Reply {
    status: StatusCode,
    wait: Option<Duration>,
    body: Vec<u8>,
}

impl Gateway {
    /// Makes ready to ask; nothing is sent.
    pub(super) fn open(
        system: &str,
        http: &Http,
        secrets: &dyn Secrets,
    ) -> Result<Gateway, ExtractError> {
        let unset = |source| ExtractError::Unset { system: system.to_owned(), source };
        let setting = |why: String| ExtractError::Setting { system: system.to_owned(), why };
        let url = http.url.fill(secrets, &[]).map_err(unset)?;
        // The address may carry a password, so a wrong one is not repeated.
        let url = Url::parse(url.trim().trim_end_matches('/'))
            .map_err(|fault| setting(format!("its `url` is no address: {fault}")))?;
        sign::headers(&http.auth, secrets, "GET", url.path()).map_err(unset)?;
        PROVIDER.call_once(|| {
            // A provider that somebody else installed before serves as well.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        // A gateway is asked directly: a redirect would carry the signature elsewhere, and a login
        // page behind it is no answer.
        let client = Client::builder()
            .timeout(http.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|fault| setting(spoken(fault, http.timeout)))?;
        let pace = Pace::of(http.limit.per_second);
        let places = Semaphore::new(http.limit.at_once);
        Ok(Gateway { system: system.to_owned(), client, url, http: http.clone(), pace, places })
    }

    /// How many questions may be open at the same time.
    pub(super) fn at_once(&self) -> usize {
        self.http.limit.at_once
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
    ) -> Result<Value, ExtractError> {
        let mut patience = self.patience();
        loop {
            let (why, wait) = match self.attempt(question).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Again { why, wait }) => (why, wait),
            };
            tracing::debug!(what = question.what, why, "question was not answered");
            let attempts = patience.made();
            if !patience.wait(wait).await {
                let what = question.what.clone();
                return Err(ExtractError::Unavailable { what, attempts, why });
            }
            asked_again.push(format!("{}: {why}", question.what));
        }
    }

    async fn attempt(&self, question: &Question<'_>) -> Result<Value, Fault> {
        // The place is free again before anybody waits for another attempt.
        let reply = {
            let _place = self.places.acquire().await;
            self.pace.wait().await;
            self.send(question).await?
        };
        self.judge(&question.what, &reply)
    }

    async fn send(&self, question: &Question<'_>) -> Result<Reply, Fault> {
        let unset = |source| ExtractError::Unset { system: self.system.clone(), source };
        let mut url = self.url.clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), question.path);
        url.set_path(&path);
        let method = match question.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let headers = sign::headers(&self.http.auth, question.secrets, method.as_str(), url.path())
            .map_err(|fault| Fault::Final(unset(fault)))?;
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request = match question.method {
            Method::Get => {
                let plain = question.parameters.iter();
                let query: Vec<(&str, String)> = plain
                    .map(|(name, value)| (name.as_str(), records::text(value).unwrap_or_default()))
                    .collect();
                request.query(&query)
            }
            Method::Post => {
                let fields = question.parameters.iter().cloned();
                request.json(&Value::Object(fields.collect()))
            }
        };
        let again = |fault: reqwest::Error| {
            let (is_ours, why) = (fault.is_builder(), spoken(fault, self.http.timeout));
            if is_ours {
                Fault::Final(ExtractError::Setting { system: self.system.clone(), why })
            } else {
                Fault::Again { why, wait: None }
            }
        };
        let response = request.send().await.map_err(again)?;
        let wait = response.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok());
        let wait = wait.and_then(|text| retry_after(text, clock::now()));
        let status = response.status();
        let body = response.bytes().await.map_err(again)?.to_vec();
        Ok(Reply { status, wait, body })
    }

    /// What a reply is: an answer, a reason to ask again, or a refusal.
    fn judge(&self, what: &str, reply: &Reply) -> Result<Value, Fault> {
        let (okay, retry) = (&self.http.okay, &self.http.retry);
        let status = reply.status.as_u16();
        let is_okay = okay.status.contains(&status);
        let again = |why: String| Fault::Again { why, wait: reply.wait };
        if !is_okay && retry.status.contains(&status) {
            return Err(again(format!("HTTP {status}")));
        }
        let refused =
            |why: String| Fault::Final(ExtractError::Refused { what: what.to_owned(), why });
        let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
            return Err(if is_okay {
                again("the answer is cut short or no JSON".to_owned())
            } else {
                refused(format!("HTTP {status}"))
            });
        };
        let message = okay.message.as_ref().and_then(|at| records::text(body.pointer(at)?));
        let message = message.map_or_else(String::new, |text| format!(": {}", theirs(&text)));
        let found = |at: &str| body.pointer(at).and_then(records::text).unwrap_or_default();
        let later = retry.body.iter().find(|(at, values)| values.contains(&found(at)));
        if let Some((at, _)) = later {
            return Err(again(format!("`{at}` is {}{message}", theirs(&found(at)))));
        }
        if !is_okay {
            return Err(refused(format!("HTTP {status}{message}")));
        }
        match okay.body.iter().find(|(at, values)| !values.contains(&found(at))) {
            None => Ok(body),
            Some((at, _)) if body.pointer(at).is_none() => {
                Err(refused(format!("the answer has no `{at}`{message}")))
            }
            Some((at, _)) => Err(refused(format!("`{at}` is {}{message}", theirs(&found(at))))),
        }
    }
}

/// A fault of the connection without the address it went to.
fn spoken(fault: reqwest::Error, timeout: Duration) -> String {
    let fault = fault.without_url();
    if fault.is_timeout() {
        return format!("no answer within {timeout:?}");
    }
    let mut cause: &dyn std::error::Error = &fault;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = theirs(&cause.to_string());
    if fault.is_connect() {
        format!("no connection: {cause}")
    } else if fault.is_body() || fault.is_decode() {
        format!("the answer was cut short: {cause}")
    } else {
        cause
    }
}

/// The pace of a system: its questions follow each other at least this far apart.
struct Pace {
    apart: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn of(per_second: u32) -> Pace {
        let apart = Duration::from_secs(1).checked_div(per_second).unwrap_or_default();
        Pace { apart, next: Mutex::new(Instant::now()) }
    }

    async fn wait(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = Instant::now().max(*next);
            *next = turn + self.apart;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}
