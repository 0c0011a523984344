//! What does a login answer? A ticket, in its body or in a cookie, and perhaps how long it lives.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::plain;
use super::reply::Fault;
use super::reply::Reply;
use super::reply::refused;
use crate::base::redact::theirs;
use crate::spec::connector::Http;
use crate::spec::connector::Login;
use crate::spec::connector::TicketAt;

impl Reply {
    /// The ticket, and how long the answer says that it lives.
    pub(super) fn ticket(
        &self,
        what: &str,
        login: &Login,
        http: &Http,
    ) -> Result<(String, Option<Duration>), Fault> {
        let body = self.login(what, login, http)?;
        let (found, lack) = match &login.ticket {
            TicketAt::Answer(at) => {
                (body.pointer(at).and_then(plain::text), format!("has no `{at}`"))
            }
            TicketAt::Cookie(name) => (self.cookie(name), format!("sets no cookie `{name}`")),
        };
        let Some(ticket) = found.filter(|ticket| !ticket.is_empty()) else {
            let said = Reply::message(http, &body);
            return Err(refused(what, format!("its answer {lack}{said}; check [auth]")));
        };
        let told = login.expires.as_ref().and_then(|at| plain::text(body.pointer(at)?));
        let told = told.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        Ok((ticket, told))
    }

    /// What a login answered; null where that is no JSON and need not be.
    fn login(&self, what: &str, login: &Login, http: &Http) -> Result<Value, Fault> {
        let is_cookie = matches!(login.ticket, TicketAt::Cookie(_));
        // Who is let in is sent on to the first page.
        let most = if is_cookie { 400 } else { 300 };
        let is_okay = (200..most).contains(&self.status);
        if !is_okay && http.retry.status.contains(&self.status) {
            return Err(self.again(format!("HTTP {}", self.status)));
        }
        let body = self.value();
        if let Some(later) = body.as_ref().and_then(|body| self.later(http, body)) {
            return Err(later);
        }
        match body {
            Some(body) if is_okay && is_cookie => self.is_let_in(what, http, body),
            Some(body) if is_okay => Ok(body),
            None if is_okay && is_cookie => Ok(Value::Null),
            None if is_okay => Err(self.again(self.unreadable())),
            body => {
                let said = body.map_or_else(String::new, |body| Reply::message(http, &body));
                let is_sent_on = (300..400).contains(&self.status);
                let on = is_sent_on.then(|| format!("{}?", self.elsewhere()));
                let (clock, on) = (self.clock(), on.unwrap_or_default());
                let why = format!("{clock}HTTP {}{said}{on}; check [auth]", self.status);
                Err(refused(what, why))
            }
        }
    }

    /// Who isn't let in often gets a cookie as well, and is told so where every answer tells it.
    fn is_let_in(&self, what: &str, http: &Http, body: Value) -> Result<Value, Fault> {
        let said = |at: &str| body.pointer(at).and_then(plain::text);
        let mut told = http.okay.body.iter().filter_map(|(at, okay)| Some((at, okay, said(at)?)));
        let Some((at, _, found)) = told.find(|(_, okay, found)| !okay.contains(found)) else {
            return Ok(body);
        };
        let (found, said) = (theirs(&found), Reply::message(http, &body));
        Err(refused(what, format!("{}`{at}` is {found}{said}; check [auth]", self.clock())))
    }

    /// The value of a cookie that is set; the last one, for some take an older one away first.
    fn cookie(&self, name: &str) -> Option<String> {
        let mut values = self.cookies.iter().filter_map(|cookie| {
            let (pair, _) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (found, value) = pair.split_once('=')?;
            (found.trim() == name).then(|| value.trim().to_owned())
        });
        values.rfind(|value| !value.is_empty())
    }

    /// Whether the gateway no longer takes a ticket.
    pub(super) fn asks_for_another_ticket(&self, login: &Login) -> bool {
        if login.renew_status.contains(&self.status) {
            return true;
        }
        if login.renew_body.is_empty() {
            return false;
        }
        let body = self.value();
        let is_said = |(at, values): &(String, Vec<String>)| {
            let found = body.as_ref().and_then(|body| plain::text(body.pointer(at)?));
            found.is_some_and(|found| values.contains(&found))
        };
        login.renew_body.iter().any(is_said)
    }

    /// Whether a page for people came as a good answer, as of many gateways when a session has ended.
    pub(super) fn is_page(&self) -> bool {
        let begin = self.body.get(..self.body.len().min(100)).unwrap_or_default();
        let begin: Cow<'_, str> = String::from_utf8_lossy(begin);
        let begin = begin.trim_start_matches('\u{feff}').trim_start();
        (200..300).contains(&self.status) && begin.starts_with('<')
    }
}
