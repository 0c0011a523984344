//! Which way leads to a gateway? Directly or by a proxy, with whose certificates, and what is said of a way
//! that is closed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::Client;
use reqwest::Identity;
use reqwest::Proxy;

use crate::base::redact::theirs;
use crate::spec::connector::Http;
use crate::spec::connector::Way;
use crate::spec::template::Secrets;

/// TLS without a C++ tool chain is chosen once a process.
static PROVIDER: Once = Once::new();

/// Makes ready to ask.
///
/// # Errors
/// Why not, in words.
pub fn ready(http: &Http, secrets: &dyn Secrets, home: &Path) -> Result<Client, String> {
    PROVIDER.call_once(|| {
        // A provider that somebody else installed before serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    // A redirect would carry the signature elsewhere, and a login page behind it is no answer.
    let mut client =
        Client::builder().timeout(http.timeout).redirect(reqwest::redirect::Policy::none());
    let Way { ca, client: own, proxy } = &http.way;
    client = match proxy {
        None => client.no_proxy(),
        Some(proxy) => {
            let address = proxy.fill(secrets, &[]).map_err(|fault| fault.to_string())?;
            let proxy = Proxy::all(address.trim());
            client.proxy(proxy.map_err(|_| "its `proxy` is no address".to_owned())?)
        }
    };
    if let Some(ca) = ca {
        let pem = read(home, ca)?;
        let all = Certificate::from_pem_bundle(&pem).ok().filter(|all| !all.is_empty());
        client = client.tls_certs_only(all.ok_or(format!("`{ca}` holds no certificate (PEM)"))?);
    } else if is_plain(http, secrets) {
        // Nobody vouches for anything there, and the certificates of a machine are some hundred files.
        client = client.tls_certs_only([]);
    }
    if let Some((certificate, key)) = own {
        let mut pem = read(home, certificate)?;
        let mode = fs::metadata(home.join(key)).map(|found| found.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            return Err(format!("`{key}` can be read by others; run `chmod 600 {key}`"));
        }
        pem.push(b'\n');
        pem.extend(read(home, key)?);
        let identity = Identity::from_pem(&pem);
        let wrong = |_| format!("`{certificate}` and `{key}` are no certificate and key (PEM)");
        client = client.identity(identity.map_err(wrong)?);
    }
    client.build().map_err(|fault| spoken(fault, http.timeout))
}

/// Whether every address that is asked is one without TLS.
fn is_plain(http: &Http, secrets: &dyn Secrets) -> bool {
    let login = http.auth.login.as_ref().map(|login| &login.url);
    let mut addresses = [&http.url].into_iter().chain(login).chain(&http.way.proxy);
    addresses.all(|address| {
        let address = address.fill(secrets, &[]).unwrap_or_default();
        let address = address.trim();
        address.starts_with('/') || address.starts_with("http://")
    })
}

fn read(home: &Path, file: &str) -> Result<Vec<u8>, String> {
    fs::read(home.join(file)).map_err(|fault| format!("`{file}`: {fault}"))
}

/// Whether a fault is one of certificates, which asking again does not mend.
pub(super) fn is_untrusted(fault: &reqwest::Error) -> bool {
    fault.is_connect() && deepest(fault).contains("certificate")
}

fn deepest(fault: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = fault;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A fault of the connection without the address it went to, and what to do.
pub(super) fn spoken(fault: reqwest::Error, timeout: Duration) -> String {
    let fault = fault.without_url();
    if fault.is_timeout() {
        return format!("no answer within {timeout:?}; is it slow, or `timeout` too short?");
    }
    let cause = theirs(&deepest(&fault));
    if fault.is_connect() {
        let ask = if cause.contains("certificate") {
            "ask its owner for a valid one; `ca` names who vouches for it, `client` is ours"
        } else if cause.contains("lookup") || cause.contains("dns") {
            "is the name in `url` right, and does DNS know it?"
        } else {
            "is `url` right, is it up, and does a firewall stand between?"
        };
        format!("no connection: {cause}; {ask}")
    } else if fault.is_body() || fault.is_decode() {
        format!("the answer was cut short: {cause}")
    } else {
        cause
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::connector::Source;
    use crate::spec::connector::read_connector;

    struct Nothing;

    impl Secrets for Nothing {
        fn env(&self, name: &str) -> Result<String, String> {
            Err(name.to_owned())
        }

        fn secret(&self, name: &str) -> Result<String, String> {
            Err(name.to_owned())
        }
    }

    #[test]
    fn nobody_vouches_where_no_address_is_one_of_tls() {
        let login = "[auth]\nkind = \"login\"\nheaders = { X = \"${ticket}\" }\n[auth.login]\n\
            fields = { user = \"me\" }\nticket = \"/t\"\nurl =";
        for (url, more, is) in [
            ("http://h/x", String::new(), true),
            ("https://h/x", String::new(), false),
            ("${env:URL}", String::new(), false),
            ("http://h/x", "proxy = \"http://p:1\"".to_owned(), true),
            ("http://h/x", "proxy = \"https://p:1\"".to_owned(), false),
            ("http://h/x", format!("{login} \"/login\""), true),
            ("http://h/x", format!("{login} \"https://h/login\""), false),
        ] {
            let text = format!(
                "format = 1\n[system]\nname = \"s\"\ntitle = \"统\"\nkind = \"http\"\n[http]\nurl = \"{url}\"\n{more}\n\
                 [[stream]]\nname = \"a\"\ninto = \"b\"\npath = \"/a\"\nrecords = \"/r\"\nwrite = \"append\"\n\
                 [stream.columns]\nid = \"id\"\n"
            );
            let connector = read_connector("connectors/s.toml", &text).unwrap();
            let Source::Http(http) = connector.source else { panic!("{text}") };
            assert_eq!(is_plain(&http, &Nothing), is, "{text}");
        }
    }
}
