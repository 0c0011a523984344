//! What stands between a connector and its gateway while it is proven? It hands on questions and answers
//! as they are, counts them, and plants one fault where it is told to.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Response;
use futures_util::stream;
use jiff::Timestamp;
use jiff::ToSpan as _;
use reqwest::Client;
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::oneshot;

use crate::base::clock;
use crate::extract::decode;
use crate::extract::unfold;

/// What goes wrong with an answer.
pub(super) enum Fault {
    /// Another status, perhaps with how long to wait.
    Status(u16, Option<Wait>),
    /// The connection ends in the middle of the answer.
    Reset,
    /// Half an answer, as if it were whole.
    Cut,
    /// The answer before, with another text at a JSON pointer.
    Says(String, String),
    /// The answer before, once more.
    Again,
    /// The answer, changed; the one before stands beside it.
    Edited(Edit),
    /// The source is asked, and nobody hears the answer.
    Silence,
}

/// A change of an answer; the one before stands beside it.
pub(super) type Edit = Box<dyn Fn(&mut Value, &mut Value) + Send + Sync>;

/// How a wait is told.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    Seconds,
    Date,
}

/// Which question of a walk gets the fault: the one after so many others, or every one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    After(usize),
    Each,
}

/// One walk through pages.
#[derive(Default)]
struct Walk {
    planted: Option<(At, Arc<Fault>)>,
    asked: usize,
    first: Option<Bytes>,
    last: Option<(HeaderMap, Bytes)>,
    largest: usize,
    /// Before that moment nobody may ask again.
    not_before: Option<Timestamp>,
    is_hasty: bool,
    is_met: bool,
}

/// What was seen on a walk.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// How many questions were asked, without logins.
    pub(super) asked: usize,
    /// The first answer.
    pub(super) first: Value,
    /// The bytes of the largest answer.
    pub(super) largest: usize,
    /// Whether somebody asked again before the wait was over.
    pub(super) is_hasty: bool,
    /// Whether a question met the fault.
    pub(super) is_met: bool,
}

/// The proxy, running until this is dropped.
pub(super) struct Proxy {
    /// Where it stands, with the path of the source.
    pub(super) url: String,
    hall: Arc<Hall>,
    stop: Option<oneshot::Sender<()>>,
}

/// What the way to a source is made of.
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) url: Url,
    /// The path of a login, which is handed on and not counted.
    pub(super) login: Option<String>,
    /// The JSON pointers at which addresses stand of what is asked for next.
    pub(super) next: Vec<String>,
}

struct Hall {
    source: Source,
    own: String,
    walk: Mutex<Walk>,
    silence: Notify,
}

impl Proxy {
    /// Stands before a source, on loopback.
    ///
    /// # Errors
    /// No port.
    pub(super) async fn serve(source: Source) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let own = format!("http://{}", listener.local_addr()?);
        let url = format!("{own}{}", source.url.path().trim_end_matches('/'));
        let (walk, silence) = (Mutex::default(), Notify::new());
        let hall = Arc::new(Hall { source, own, walk, silence });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&hall));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            // Dropped is stopped as well.
            drop(stopped.await);
        });
        tokio::spawn(async move { serving.await });
        Ok(Proxy { url, hall, stop: Some(stop) })
    }

    /// Begins another walk, with a fault or none.
    pub(super) fn plant(&self, planted: Option<(At, Fault)>) {
        let planted = planted.map(|(at, fault)| (at, Arc::new(fault)));
        *self.hall.walk() = Walk { planted, ..Walk::default() };
    }

    /// What was seen since.
    pub(super) fn seen(&self) -> Seen {
        let walk = self.hall.walk();
        Seen {
            asked: walk.asked,
            first: walk.first.as_ref().map_or(Value::Null, json),
            largest: walk.largest,
            is_hasty: walk.is_hasty,
            is_met: walk.is_met,
        }
    }

    /// Waits until a question was met with silence.
    pub(super) async fn silence(&self) {
        self.hall.silence.notified().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens any more if the server is gone already.
            _ = stop.send(());
        }
    }
}

async fn answer(
    State(hall): State<Arc<Hall>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let forward = hall.forward((method, &uri, headers), body);
    if hall.source.login.as_deref() == Some(uri.path()) {
        let Some((status, headers, body)) = forward.await else { return broken(Bytes::new()) };
        return reply(status, headers, body.into());
    }
    let (fault, before) = hall.enter();
    match fault.as_deref() {
        Some(Fault::Status(code, wait)) => hall.put_off(*code, *wait),
        Some(Fault::Reset) => broken(half(&before.1)),
        Some(Fault::Cut) => reply(StatusCode::OK, before.0, half(&before.1).into()),
        Some(Fault::Says(at, text)) => {
            let mut said = json(&before.1);
            put(&mut said, at, Value::from(text.as_str()));
            reply(StatusCode::OK, before.0, said.to_string().into())
        }
        Some(Fault::Again) => reply(StatusCode::OK, before.0, before.1.into()),
        Some(Fault::Silence) => {
            drop(forward.await);
            hall.silence.notify_one();
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        Some(Fault::Edited(edit)) => {
            let Some((status, headers, body)) = forward.await else { return broken(Bytes::new()) };
            let mut edited = json(&body);
            edit(&mut edited, &mut json(&before.1));
            hall.keep(&headers, &body);
            reply(status, headers, edited.to_string().into())
        }
        None => {
            let Some((status, headers, body)) = forward.await else { return broken(Bytes::new()) };
            if status.is_success() {
                hall.keep(&headers, &body);
            }
            reply(status, headers, body.into())
        }
    }
}

impl Hall {
    fn walk(&self) -> MutexGuard<'_, Walk> {
        self.walk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a question; the fault that it meets, and the answer before it.
    fn enter(&self) -> (Option<Arc<Fault>>, (HeaderMap, Bytes)) {
        let mut walk = self.walk();
        let number = walk.asked;
        walk.asked += 1;
        walk.is_hasty |= walk.not_before.take().is_some_and(|then| clock::now() < then);
        let planted = walk.planted.as_ref();
        let planted = planted.filter(|(at, _)| matches!(at, At::Each) || *at == At::After(number));
        let fault = planted.map(|(_, fault)| Arc::clone(fault));
        walk.is_met |= fault.is_some();
        (fault, walk.last.clone().unwrap_or_default())
    }

    /// Keeps an answer of the source.
    fn keep(&self, headers: &HeaderMap, body: &Bytes) {
        let mut walk = self.walk();
        walk.first.get_or_insert_with(|| body.clone());
        walk.largest = walk.largest.max(body.len());
        walk.last = Some((headers.clone(), body.clone()));
    }

    /// A status, and how long to wait: a second, or until the second after the next.
    fn put_off(&self, code: u16, wait: Option<Wait>) -> Response {
        let now = clock::now();
        let (then, told) = match wait {
            None => (None, None),
            Some(Wait::Seconds) => (now.checked_add(1.second()).ok(), Some("1".to_owned())),
            Some(Wait::Date) => {
                let then = Timestamp::from_second(now.as_second() + 2).ok();
                let told = then.map(|then| then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
                (then, told)
            }
        };
        self.walk().not_before = then;
        let mut headers = HeaderMap::new();
        if let Some(told) = told.and_then(|told| HeaderValue::from_str(&told).ok()) {
            headers.insert(header::RETRY_AFTER, told);
        }
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        reply(status, headers, Body::from("{}"))
    }

    /// Asks the source what was asked here, byte for byte; none where it breaks off.
    async fn forward(
        &self,
        (method, uri, mut headers): (Method, &Uri, HeaderMap),
        body: Bytes,
    ) -> Option<(StatusCode, HeaderMap, Bytes)> {
        let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
        let url = format!("{}{asked}", self.source.url.origin().ascii_serialization());
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(name);
        }
        let request = self.source.client.request(method, url).headers(headers).body(body);
        let asked = async {
            let response = request.send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        };
        let (status, headers, body) = asked.await.ok()?;
        Some((status, self.led(&headers), self.leads(body)))
    }

    /// The headers that a connector reads; the address of the next page leads through here.
    fn led(&self, theirs: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in [header::CONTENT_TYPE, header::DATE, header::RETRY_AFTER, header::LOCATION] {
            headers.extend(theirs.get(&name).map(|value| (name, value.clone())));
        }
        for link in theirs.get_all(header::LINK) {
            let link = link.to_str().ok().map(|link| self.own_address(link));
            if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
                headers.append(header::LINK, link);
            }
        }
        headers
    }

    /// The same of an answer that says the next address itself.
    fn leads(&self, body: Bytes) -> Bytes {
        let mut said = Value::Null;
        for at in &self.source.next {
            if said.is_null() {
                said = json(&body);
            }
            if let Some(Value::String(next)) = found(&mut said, at) {
                *next = self.own_address(next);
            }
        }
        if said.is_null() { body } else { said.to_string().into() }
    }

    fn own_address(&self, text: &str) -> String {
        text.replace(&self.source.url.origin().ascii_serialization(), &self.own)
    }
}

fn reply(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// An answer that breaks off.
fn broken(begun: Bytes) -> Response {
    let ends = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    let body = Body::from_stream(stream::iter([Ok(begun), ends]));
    reply(StatusCode::OK, HeaderMap::new(), body)
}

/// Half an answer; of none, the beginning of one.
fn half(body: &Bytes) -> Bytes {
    if body.len() < 2 { Bytes::from_static(b"{\"") } else { body.slice(..body.len() / 2) }
}

/// What an answer says, in whatever encoding its readers take it.
fn json(body: &Bytes) -> Value {
    serde_json::from_str(&decode(body, None).0).unwrap_or_default()
}

/// What stands at a JSON pointer, within texts that hold JSON too, as its readers find it.
pub(super) fn found<'v>(answer: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    unfold(answer, pointer);
    answer.pointer_mut(pointer)
}

/// Puts a value at a JSON pointer, whatever stood on the way.
pub(super) fn put(at: &mut Value, pointer: &str, value: Value) {
    unfold(at, pointer);
    let mut at = at;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let is_list =
            at.as_array().is_some_and(|list| step.parse::<usize>().is_ok_and(|n| n < list.len()));
        if !is_list && !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        at = match at {
            Value::Array(list) => match step.parse::<usize>().ok().and_then(|n| list.get_mut(n)) {
                Some(inner) => inner,
                None => return,
            },
            Value::Object(object) => object.entry(step).or_insert(Value::Null),
            _ => return,
        };
    }
    *at = value;
}
