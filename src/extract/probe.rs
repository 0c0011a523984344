//! Where does the way to a system end? Name, connection, certificate and clock, each looked at by itself,
//! before a question is asked. Nothing of ours but a plain request is sent.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::DATE;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::DigitallySignedStruct;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::client;
use super::folder;
use crate::base::checkup::Check;
use crate::base::checkup::State;
use crate::base::clock;
use crate::base::redact::theirs;
use crate::base::said::Say;
use crate::base::text::quoted;
use crate::spec::connector::Connector;
use crate::spec::connector::Http;
use crate::spec::connector::Source;
use crate::spec::template::Secrets;

/// So long is waited for a connection.
const SOON: Duration = Duration::from_secs(5);

/// A clock further off than this is in doubt, in seconds; signatures fail on it.
const CLOCK: i64 = 60;

/// A certificate that ends within so many days is in doubt.
const DAYS: i64 = 30;

/// Looks at the way to a system, up to where it ends; of a folder, whether its files would be read.
pub async fn way(
    connector: &Connector,
    all: &[Connector],
    secrets: &dyn Secrets,
    home: &Path,
) -> Vec<Check> {
    match &connector.source {
        Source::Http(http) => gateway(http, secrets, home).await,
        Source::Files(files) => {
            let mut checks = folder::checks(connector, files, secrets, home);
            checks.extend(folder::strange(connector, all, secrets, home));
            checks
        }
        Source::Sql(sql) => match sql.url.fill(secrets, &[]) {
            Err(unset) => vec![address(&unset.to_string())],
            Ok(url) => match url.strip_prefix("sqlite://") {
                Some(path) => vec![readable(&home.join(path))],
                None => server(&url).await,
            },
        },
        Source::Singer(_) => Vec::new(),
    }
}

/// What is wrong with an address.
fn address(why: &str) -> Check {
    Check::well("url", why).but(State::Broken, Say::HintAddress, &[])
}

/// The way to a database over a network.
async fn server(url: &str) -> Vec<Check> {
    let Ok(url) = Url::parse(url.trim()) else { return vec![address("it is no address")] };
    // A socket on this machine has no name and no port.
    let is_socket = url.query_pairs().any(|(name, value)| name == "host" && value.starts_with('/'));
    let port = if matches!(url.scheme(), "mysql" | "mariadb") { 3306 } else { 5432 };
    match url.host_str().filter(|_| !is_socket) {
        Some(host) => reach(host, url.port().unwrap_or(port)).await.0,
        None => Vec::new(),
    }
}

async fn gateway(http: &Http, secrets: &dyn Secrets, home: &Path) -> Vec<Check> {
    let filled = http.way.proxy.as_ref().unwrap_or(&http.url).fill(secrets, &[]);
    let url = match filled.map(|text| Url::parse(text.trim())) {
        Err(unset) => return vec![address(&unset.to_string())],
        Ok(Err(fault)) => return vec![address(&fault.to_string())],
        Ok(Ok(url)) => url,
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return vec![address("it names no host")];
    };
    let (mut checks, at) = reach(host, port).await;
    let Some(at) = at else { return checks };
    if url.scheme() == "https" && http.way.proxy.is_none() {
        let name = host.trim_matches(['[', ']']).to_owned();
        let seen = tokio::task::spawn_blocking(move || certificates(&name, at)).await;
        let seen = seen.unwrap_or_else(|fault| Err(io::Error::other(fault)));
        checks.push(match seen {
            Ok(chain) => chain.first().map_or_else(
                || Check::well("tls", "no certificate").but(State::Broken, Say::HintTls, &[]),
                |der| held("tls", der, Say::HintTls),
            ),
            Err(fault) => {
                let says = theirs(&fault.to_string());
                Check::well("tls", says).but(State::Broken, Say::HintTls, &[])
            }
        });
    }
    checks.extend(asked(http, secrets, home).await);
    checks
}

/// Whether a host has an address and somebody listens there.
async fn reach(host: &str, port: u16) -> (Vec<Check>, Option<SocketAddr>) {
    let mut checks = Vec::new();
    let plain = host.trim_matches(['[', ']']);
    let looked = tokio::time::timeout(SOON, tokio::net::lookup_host((plain, port))).await;
    let found: Vec<SocketAddr> = match looked {
        Ok(Ok(found)) => found.collect(),
        _ => Vec::new(),
    };
    let Some(first) = found.first().copied() else {
        let says = format!("`{}` has no address", quoted(host));
        checks.push(Check::well("name", says).but(State::Broken, Say::HintName, &[]));
        return (checks, None);
    };
    checks.push(Check::well("name", format!("{host} is {}", first.ip())));
    let mut why = String::new();
    for at in found {
        match tokio::time::timeout(SOON, tokio::net::TcpStream::connect(at)).await {
            Ok(Ok(_)) => {
                checks.push(Check::well("tcp", format!("port {port} answers")));
                return (checks, Some(at));
            }
            Ok(Err(fault)) => why = fault.to_string(),
            Err(_) => why = format!("nothing within {} s", SOON.as_secs()),
        }
    }
    let says = format!("port {port}: {}", theirs(&why));
    checks.push(Check::well("tcp", says).but(State::Broken, Say::HintTcp, &[]));
    (checks, None)
}

/// A plain request without any proof: whether it is trusted, and what its clock says.
async fn asked(http: &Http, secrets: &dyn Secrets, home: &Path) -> Vec<Check> {
    let broken = |what: &str, says: String, hint| {
        vec![Check::well(what, says).but(State::Broken, hint, &[])]
    };
    let client = match client::ready(http, secrets, home) {
        Ok(client) => client,
        Err(why) => return broken("client", why, Say::HintAddress),
    };
    let url = match http.url.fill(secrets, &[]) {
        Ok(url) => url,
        Err(unset) => return broken("url", unset.to_string(), Say::HintAddress),
    };
    let response = match client.get(url.trim()).timeout(SOON * 2).send().await {
        Ok(response) => response,
        Err(fault) => {
            let is_untrusted = client::is_untrusted(&fault);
            let (what, hint) =
                if is_untrusted { ("trust", Say::HintTls) } else { ("http", Say::HintTcp) };
            return broken(what, client::spoken(fault, SOON * 2), hint);
        }
    };
    let date = response.headers().get(DATE).and_then(|text| text.to_str().ok());
    let date = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    let Some(date) = date else { return vec![Check::well("clock", "it tells no time")] };
    let ahead = clock::now().as_second() - date.timestamp().as_second();
    let check = Check::well("clock", format!("{ahead:+} s from its `Date`"));
    let is_off = ahead.abs() > CLOCK;
    vec![if is_off { check.but(State::Broken, Say::HintClock, &[]) } else { check }]
}

fn readable(path: &Path) -> Check {
    match std::fs::File::open(path) {
        Ok(_) => Check::well("file", format!("`{}` can be read", path.display())),
        Err(fault) => Check::well("file", format!("`{}`: {fault}", path.display())).but(
            State::Broken,
            Say::HintFolder,
            &[],
        ),
    }
}

/// How long the certificates of a file still hold; the key beside them is never read.
pub fn file_held(home: &Path, file: &str) -> Check {
    let what = format!("certificate {file}");
    let broken = |says: String| Check::well(&what, says).but(State::Broken, Say::HintOurs, &[]);
    let pem = match std::fs::read(home.join(file)) {
        Ok(pem) => pem,
        Err(fault) => return broken(fault.to_string()),
    };
    let checks = Pem::iter_from_buffer(&pem)
        .filter_map(Result::ok)
        .filter(|pem| pem.label == "CERTIFICATE")
        .map(|pem| held(&what, &pem.contents, Say::HintOurs));
    // Of several the one that stands worst, and of equals the first.
    let worst = checks.reduce(|worst, next| if next.state > worst.state { next } else { worst });
    worst.unwrap_or_else(|| broken("it holds no certificate (PEM)".to_owned()))
}

/// How long a certificate still holds.
fn held(what: &str, der: &[u8], hint: Say) -> Check {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Check::well(what, "its certificate can't be read").but(State::Broken, hint, &[]);
    };
    let day = |seconds: i64| {
        let at = Timestamp::from_second(seconds).unwrap_or_default();
        at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
    };
    let validity = certificate.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let now = clock::now().as_second();
    let days = (until - now).div_euclid(86_400);
    let check = Check::well(what, format!("{} – {}, {days} days left", day(from), day(until)));
    if now < from || now > until {
        check.but(State::Broken, hint, &[])
    } else if days < DAYS {
        check.but(State::Doubt, hint, &[])
    } else {
        check
    }
}

/// The certificates that a server shows. Whether they are to be trusted is not asked here, for the
/// dates of one that is not are what one wants to see; nothing is sent over this connection.
fn certificates(host: &str, at: SocketAddr) -> io::Result<Vec<CertificateDer<'static>>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let anyone = Anyone(Arc::clone(&provider));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(anyone))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&at, SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    let mut ended = Ok(());
    while connection.is_handshaking() && ended.is_ok() {
        ended = connection.complete_io(&mut stream).map(|_| ());
    }
    // One that wants a certificate of ours may hang up, after it has shown its own.
    match connection.peer_certificates() {
        Some(chain) => Ok(chain.iter().map(|der| der.clone().into_owned()).collect()),
        None => ended.map(|()| Vec::new()),
    }
}

/// Looks at every certificate and trusts none with anything.
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
