//! How does a request prove who sends it?

use std::time::Duration;

use super::super::reader::Table;
use super::super::template::Template;
use super::sign;
use super::sign::Sign;
use super::values::Method;
use super::values::Named;
use super::values::Place;
use super::values::bodies;
use super::values::sent;
use super::values::span_or;
use super::values::statuses;
use super::values::templates;
use crate::base::messages::Code;

/// What every request brings with it, and what it takes to make it.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    /// A user and a password, sent as HTTP Basic.
    pub basic: Option<(Template, Template)>,
    /// What is asked for a ticket, first.
    pub login: Option<Login>,
    /// What is signed.
    pub sign: Option<Sign>,
    /// The headers of a request.
    pub headers: Named,
    /// What is added to its query.
    pub query: Named,
    /// What is added to its form or JSON body.
    pub body: Named,
}

/// A question whose answer is a ticket for others.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its address; one that begins with `/` stands below that of the system.
    pub url: Template,
    /// GET or POST.
    pub method: Method,
    /// Where the fields stand.
    pub place: Place,
    /// What it says.
    pub fields: Named,
    /// What it brings with it: headers, and fields that are signed; it has no login itself.
    pub proof: Box<Auth>,
    /// Where the ticket is.
    pub ticket: TicketAt,
    /// The JSON pointer of the seconds that it lives.
    pub expires: Option<String>,
    /// How long it lives where the answer does not say.
    pub lifetime: Option<Duration>,
    /// The status codes that ask for a new one.
    pub renew_status: Vec<u16>,
    /// JSON pointers and the values that ask for a new one, numbers as text.
    pub renew_body: Vec<(String, Vec<String>)>,
}

/// Where in the answer of a login its ticket is.
#[derive(Clone, Debug)]
pub enum TicketAt {
    /// At a JSON pointer.
    Answer(String),
    /// In the cookie of a name.
    Cookie(String),
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Basic,
    Bearer,
    Header,
    Query,
    OAuth2,
    Login,
    Sign,
    Combined,
}

const KINDS: [(&str, Kind); 9] = [
    ("none", Kind::None),
    ("basic", Kind::Basic),
    ("bearer", Kind::Bearer),
    ("header", Kind::Header),
    ("query", Kind::Query),
    ("oauth2", Kind::OAuth2),
    ("login", Kind::Login),
    ("sign", Kind::Sign),
    ("combined", Kind::Combined),
];

pub(super) fn read(root: &Table<'_>, zone: &str) -> Option<Auth> {
    let Some(auth) = root.table("auth") else { return Some(Auth::default()) };
    let kind = auth.word("kind", &KINDS);
    if kind.is_none() && auth.node("kind").is_none() {
        auth.missing("kind", "\"sign\"");
    }
    match kind? {
        Kind::None => Some(Auth::default()),
        Kind::Basic => basic(&auth),
        Kind::Bearer => {
            let token = auth.need_text("token");
            let headers = bearer(&auth, "token", &token, &[]);
            Some(Auth { headers, ..Auth::default() })
        }
        Kind::Header => Some(Auth { headers: templates(&auth, "headers", &[]), ..Auth::default() }),
        Kind::Query => Some(Auth { query: templates(&auth, "query", &[]), ..Auth::default() }),
        Kind::OAuth2 => oauth2(&auth),
        Kind::Login => {
            let login = below(&auth, None);
            let placed = placed(&auth, &["ticket"]);
            Some(Auth { login: Some(login?), ..placed })
        }
        Kind::Sign => signed(&auth, zone, false).0,
        Kind::Combined => {
            let (signed, names) = signed(&auth, zone, true);
            let sign = signed.as_ref().and_then(|signed| signed.sign.as_ref());
            let login = below(&auth, Some((sign, &names)));
            Some(Auth { login: Some(login?), ..signed? })
        }
    }
}

fn basic(auth: &Table<'_>) -> Option<Auth> {
    let user = Template::read(auth, "user", &[]);
    let password = Template::read(auth, "password", &[]);
    Some(Auth { basic: Some((user?, password?)), ..Auth::default() })
}

/// The header of a bearer token.
fn bearer(auth: &Table<'_>, key: &'static str, token: &str, names: &[&str]) -> Named {
    match Template::parse(&format!("Bearer {token}"), names) {
        Ok(text) => vec![("Authorization".to_owned(), text)],
        Err((code, nouns)) => {
            auth.fault(key, code, nouns);
            Vec::new()
        }
    }
}

/// What is added to a request where the manifest says so.
fn placed(auth: &Table<'_>, names: &[&str]) -> Auth {
    Auth {
        headers: templates(auth, "headers", names),
        query: templates(auth, "query", names),
        body: templates(auth, "body", names),
        ..Auth::default()
    }
}

/// A signature, and where it is added to a request; with the names that stand for something there.
fn signed(auth: &Table<'_>, zone: &str, has_ticket: bool) -> (Option<Auth>, Vec<String>) {
    let (sign, names) = sign::read(auth, zone, has_ticket);
    let placed = placed(auth, &names.iter().map(String::as_str).collect::<Vec<_>>());
    (sign.map(|sign| Auth { sign: Some(sign), ..placed }), names)
}

/// Client credentials (RFC 6749, 4.4).
fn oauth2(auth: &Table<'_>) -> Option<Auth> {
    let url = Template::read(auth, "url", &[]);
    let id = Template::read(auth, "client_id", &[]);
    let secret = Template::read(auth, "client_secret", &[]);
    let scope = auth.node("scope").and_then(|_| Template::read(auth, "scope", &[]));
    let mut fields = vec![
        ("grant_type".to_owned(), Template::plain("client_credentials")),
        ("client_id".to_owned(), id?),
        ("client_secret".to_owned(), secret?),
    ];
    fields.extend(scope.map(|scope| ("scope".to_owned(), scope)));
    let login = Login {
        url: url?,
        method: Method::Post,
        place: Place::Form,
        fields,
        proof: Box::default(),
        ticket: TicketAt::Answer("/access_token".to_owned()),
        expires: Some("/expires_in".to_owned()),
        lifetime: None,
        renew_status: vec![401],
        renew_body: Vec::new(),
    };
    let headers = bearer(auth, "kind", "${ticket}", &["ticket"]);
    Some(Auth { login: Some(login), headers, ..Auth::default() })
}

/// How a login may be signed, if that reads, and the names that stand for something there.
type Signature<'s> = (Option<&'s Sign>, &'s [String]);

/// `[auth.login]`, and what it may be signed with.
fn below(auth: &Table<'_>, signature: Option<Signature<'_>>) -> Option<Login> {
    let Some(login) = auth.table("login") else {
        auth.missing("login", "{ url = \"/login\", fields = { … }, ticket = \"/data/token\" }");
        return None;
    };
    let url = Template::read(&login, "url", &[]);
    let (method, place) = sent(&login, Method::Post);
    let (proof, fields) = proof(&login, place, signature);
    let ticket = ticket(&login);
    let expires = login.text("expires");
    let lifetime = login.node("lifetime").map(|_| span_or(&login, "lifetime", Duration::ZERO));
    let renew = login.table("renew");
    let mut renew_status = renew.as_ref().map_or_else(Vec::new, |renew| statuses(renew, "status"));
    if renew_status.is_empty() {
        renew_status.push(401);
    }
    let renew_body = renew.as_ref().map_or_else(Vec::new, bodies);
    let (url, ticket, proof) = (url?, ticket?, Box::new(proof));
    Some(Login {
        url,
        method,
        place,
        fields,
        proof,
        ticket,
        expires,
        lifetime,
        renew_status,
        renew_body,
    })
}

/// What a login brings with it, and what it says otherwise. Before there is a ticket, nothing can name it.
fn proof(login: &Table<'_>, place: Place, signature: Option<Signature<'_>>) -> (Auth, Named) {
    let names = signature.map_or(&[][..], |(_, names)| names);
    let names = names.iter().map(String::as_str).filter(|name| *name != "ticket");
    let names: Vec<&str> = names.collect();
    let is_made = |(_, text): &(String, Template)| names.iter().any(|name| text.names(name));
    let headers = templates(login, "headers", &names);
    let (made, fields): (Named, Named) =
        templates(login, "fields", &names).into_iter().partition(is_made);
    let is_signed = !made.is_empty() || headers.iter().any(is_made);
    let sign = signature.and_then(|(sign, _)| {
        let before: Vec<&str> = names.iter().copied().filter(|name| *name != "signature").collect();
        let own = login.node("text").and_then(|_| Template::read(login, "text", &before));
        let sign = sign.filter(|_| is_signed)?;
        if sign.text.names("ticket") && login.node("text").is_none() {
            let nouns = vec![("name", "ticket".to_owned()), ("choices", before.join(", "))];
            login.fault("text", Code::Template, nouns);
        }
        Some(Sign { text: own.unwrap_or_else(|| sign.text.clone()), ..sign.clone() })
    });
    let (query, body) = match place {
        Place::Query => (made, Named::new()),
        Place::Form | Place::Json => (Named::new(), made),
    };
    (Auth { sign, headers, query, body, ..Auth::default() }, fields)
}

/// Where the ticket is: exactly one of two places.
fn ticket(login: &Table<'_>) -> Option<TicketAt> {
    match (login.text("ticket"), login.text("cookie")) {
        (Some(at), None) => Some(TicketAt::Answer(at)),
        (None, Some(name)) => Some(TicketAt::Cookie(name)),
        (Some(_), Some(name)) => {
            let expected = "the only one of `ticket` and `cookie`".to_owned();
            login.fault("cookie", Code::BadNumber, vec![("found", name), ("expected", expected)]);
            None
        }
        (None, None) => {
            let is_there = login.node("ticket").is_some() || login.node("cookie").is_some();
            if !is_there {
                login.missing("ticket", "\"/data/token\"` or `cookie = \"JSESSIONID\"");
            }
            None
        }
    }
}
