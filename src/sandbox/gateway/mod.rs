//! How do the platform and the hotline answer? Over loopback, signed, page by page, with the mishaps
//! of real gateways.

mod door;
mod mishap;
mod shelf;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::Response;
use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::door::Door;
use self::door::Signing;
use self::mishap::Mishap;
use self::mishap::Mishaps;
use self::shelf::Shelf;
use self::shelf::Stream;
use self::shelf::shown;
use super::City;
use super::Secrets;
use super::days::Days;
use super::days::Moment;

/// The most rows of a page.
const LARGEST: u64 = 1000;

/// Both gateways, running until this is dropped.
pub struct Gateways {
    /// Where the platform answers.
    pub service_url: String,
    /// Where the hotline answers.
    pub hotline_url: String,
    hall: Arc<Hall>,
    stop: Option<oneshot::Sender<()>>,
}

/// Everything that both know at a night's cutoff, a list a stream, as if somebody had exported it.
pub(super) fn lists(city: &City, night: Date) -> BTreeMap<&'static str, Vec<Value>> {
    let shelf = Shelf::new(city, Moment::cutoff(night));
    let list = |stream| {
        let all = shelf.window(stream, Moment(i32::MIN), Moment(i32::MAX));
        all.iter().map(|(_, at)| shown(city, stream, *at, shelf.now)).collect()
    };
    let named = [
        ("items", Stream::Items),
        ("cases", Stream::Cases),
        ("evaluations", Stream::Evaluations),
        ("orders", Stream::Orders),
    ];
    named.into_iter().map(|(name, stream)| (name, list(stream))).collect()
}

/// What all answers share.
struct Hall {
    city: Arc<City>,
    service: Door,
    hotline: Door,
    mishaps: Mishaps,
    shelf: Mutex<Arc<Shelf>>,
    down: Mutex<BTreeMap<String, bool>>,
}

impl Gateways {
    /// Serves a city's gateways on loopback as they are at a night's cutoff; port 0 is any.
    ///
    /// # Errors
    /// A port that is taken.
    pub async fn serve(
        city: Arc<City>,
        night: Date,
        secrets: &Secrets,
        port: u16,
    ) -> io::Result<Gateways> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shelf = Shelf::new(&city, Moment::cutoff(night));
        let hall = Arc::new(Hall {
            service: Door::new(Signing::Sha256, &secrets.service_client, &secrets.service_key),
            hotline: Door::new(Signing::Sm3, &secrets.hotline_app, &secrets.hotline_key),
            mishaps: Mishaps::new(city.seed),
            shelf: Mutex::new(Arc::new(shelf)),
            down: Mutex::default(),
            city,
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&hall));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            // Dropped is stopped as well.
            drop(stopped.await);
        });
        tokio::spawn(async move { serving.await });
        Ok(Gateways { service_url: url.clone(), hotline_url: url, hall, stop: Some(stop) })
    }

    /// Moves the systems on to another night's cutoff.
    pub fn set_night(&self, night: Date) {
        let later = Arc::new(Shelf::new(&self.hall.city, Moment::cutoff(night)));
        *self.hall.shelf.lock().unwrap_or_else(PoisonError::into_inner) = later;
    }

    /// Takes a system down, so that it answers 503 to everything, or brings it back.
    pub fn take_down(&self, system: &str, is_down: bool) {
        let mut down = self.hall.down.lock().unwrap_or_else(PoisonError::into_inner);
        down.insert(system.to_owned(), is_down);
    }
}

impl Drop for Gateways {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens any more if the server is gone already.
            _ = stop.send(());
        }
    }
}

/// One stream's manner of speaking.
struct Manner {
    system: &'static str,
    stream: Stream,
    page: &'static str,
    from: &'static str,
    to: &'static str,
    rows: &'static str,
}

fn manner(path: &str) -> Option<Manner> {
    let (stream, is_service) = match path {
        "/gateway/zwfw/v1/items" => (Stream::Items, true),
        "/gateway/zwfw/v1/cases" => (Stream::Cases, true),
        "/gateway/zwfw/v1/evaluations" => (Stream::Evaluations, true),
        "/api/v1/orders" => (Stream::Orders, false),
        _ => return None,
    };
    Some(if is_service {
        Manner {
            system: "service",
            stream,
            page: "pageNum",
            from: "updateTimeStart",
            to: "updateTimeEnd",
            rows: "list",
        }
    } else {
        Manner {
            system: "hotline",
            stream,
            page: "pageNo",
            from: "updatedAfter",
            to: "updatedBefore",
            rows: "records",
        }
    })
}

async fn answer(
    State(hall): State<Arc<Hall>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(manner) = manner(uri.path()) else {
        return reply(StatusCode::NOT_FOUND, "{}".to_owned());
    };
    let is_down = {
        let down = hall.down.lock().unwrap_or_else(PoisonError::into_inner);
        down.get(manner.system).copied().unwrap_or_default()
    };
    if is_down {
        return reply(StatusCode::SERVICE_UNAVAILABLE, "维护中".to_owned());
    }
    let door = if manner.system == "service" { &hall.service } else { &hall.hotline };
    if let Err(refused) = door.enter(&headers) {
        return reply(StatusCode::OK, manner.error(refused as u32, "鉴权失败"));
    }
    let asked = asked(&uri, &body);
    let shelf = Arc::clone(&hall.shelf.lock().unwrap_or_else(PoisonError::into_inner));
    hall.page(&manner, &asked, &shelf)
}

/// The fields of a question, from its query and its body.
fn asked(uri: &Uri, body: &Bytes) -> BTreeMap<String, String> {
    let query = Query::<BTreeMap<String, String>>::try_from_uri(uri);
    let mut asked = query.map(|Query(fields)| fields).unwrap_or_default();
    if let Ok(Value::Object(fields)) = serde_json::from_slice(body) {
        asked.extend(fields.into_iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name, text)
        }));
    }
    asked
}

impl Manner {
    fn error(&self, code: u32, message: &str) -> String {
        match self.system {
            "service" => json!({ "code": code.to_string(), "msg": message }).to_string(),
            _ => json!({ "code": code, "msg": message }).to_string(),
        }
    }

    fn whole(&self, total: usize, page: u64, rows: Vec<Value>) -> String {
        let mut data = serde_json::Map::new();
        data.insert("total".to_owned(), json!(total));
        data.insert(self.page.to_owned(), json!(page));
        data.insert(self.rows.to_owned(), Value::Array(rows));
        match self.system {
            "service" => json!({ "code": "200", "msg": "success", "data": data }).to_string(),
            _ => json!({ "code": 0, "msg": "ok", "data": data }).to_string(),
        }
    }
}

impl Hall {
    fn page(&self, manner: &Manner, asked: &BTreeMap<String, String>, known: &Shelf) -> Response {
        let number = |name: &str| asked.get(name).and_then(|text| text.parse::<u64>().ok());
        let page = number(manner.page).unwrap_or(1).max(1);
        let size = number("pageSize").unwrap_or(100).clamp(1, LARGEST);
        let time = |name: &str| asked.get(name).and_then(|text| moment(text));
        let from = time(manner.from).unwrap_or(Moment(i32::MIN));
        let to = time(manner.to).unwrap_or(Moment(i32::MAX));
        let found = known.window(manner.stream, from, to);
        let question = format!("{:?} {asked:?}", manner.stream);
        let mishap = self.mishaps.meet(&question, page);
        let (mut page, mut total) = (page, found.len());
        match mishap {
            Some(Mishap::TooMany) if question.len().is_multiple_of(2) => {
                return too_many(manner.error(429_001, "请求过于频繁"), StatusCode::OK);
            }
            Some(Mishap::TooMany) => {
                return too_many(
                    manner.error(429_001, "请求过于频繁"),
                    StatusCode::TOO_MANY_REQUESTS,
                );
            }
            Some(Mishap::Busy) => {
                return reply(StatusCode::OK, manner.error(500_001, "系统繁忙"));
            }
            Some(Mishap::Grown) => total += 1,
            Some(Mishap::Repeated) => page -= 1,
            Some(Mishap::Cut | Mishap::Short) | None => {}
        }
        let first = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
        let rows = found.iter().skip(first).take(usize::try_from(size).unwrap_or_default());
        let mut rows: Vec<Value> =
            rows.map(|(_, at)| shown(&self.city, manner.stream, *at, known.now)).collect();
        if mishap == Some(Mishap::Short) {
            rows.truncate(rows.len() / 2);
        }
        let mut text = manner.whole(total, page, rows);
        if mishap == Some(Mishap::Cut) {
            text = text.chars().take(text.chars().count() / 2).collect();
        }
        reply(StatusCode::OK, text)
    }
}

fn reply(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

fn too_many(text: String, status: StatusCode) -> Response {
    let mut response = reply(status, text);
    let second = axum::http::HeaderValue::from_static("1");
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, second);
    response
}

/// `2026-01-04 00:00:00` as a moment; one that lies far off is the last there is.
fn moment(text: &str) -> Option<Moment> {
    let time: jiff::civil::DateTime = text.parse().ok()?;
    if time.year() > 2050 {
        return Some(Moment(i32::MAX));
    }
    let second = time.time().duration_since(jiff::civil::Time::midnight()).as_secs();
    Some(Moment::at(Days::no(time.date()), second))
}
