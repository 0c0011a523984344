//! Whom does a gateway trust, and whom do we? Certificates made by OpenSSL, and its server.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::Start;
use super::gateway::plain;
use super::pulled;
use super::rows;
use super::told;

const ANSWER: &str = r#"{"code":"200","data":{"list":[{"id":1}]}}"#;

/// A home with a CA, a server's certificate, an expired one, and one of ours.
pub(crate) fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    fs::create_dir_all(at.join("gateway/v1")).unwrap();
    fs::write(at.join("gateway/v1/cases"), ANSWER).unwrap();
    fs::write(at.join("name"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    fs::write(at.join("index"), "").unwrap();
    fs::write(
        at.join("ca.conf"),
        "[ca]\ndefault_ca=all\n[all]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n",
    )
    .unwrap();
    openssl(
        at,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=root -addext basicConstraints=critical,CA:TRUE",
    );
    for name in ["right", "old", "us"] {
        let (start, end) = if name == "old" {
            ("20200101000000Z", "20200201000000Z")
        } else {
            ("20200101000000Z", "20490101000000Z")
        };
        openssl(
            at,
            &format!(
                "req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
            ),
        );
        openssl(
            at,
            &format!(
                "ca -batch -notext -config ca.conf -cert ca.pem -keyfile ca.key -in {name}.csr -out {name}.pem -extfile name -startdate {start} -enddate {end}"
            ),
        );
    }
    home
}

fn openssl(at: &Path, words: &str) {
    let output = Command::new("openssl").current_dir(at).args(words.split(' ')).output().unwrap();
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A server of the home's files over TLS, stopped when it is dropped.
pub(crate) struct Server(Child, pub(crate) String);

impl Server {
    pub(crate) fn start(at: &Path, words: &str) -> Server {
        let mut child = Command::new("openssl")
            .current_dir(at)
            .args("s_server -accept 127.0.0.1:0 -WWW".split(' '))
            .args(words.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT ").map(str::to_owned));
        let url = format!("https://{}", address.unwrap());
        std::thread::spawn(move || lines.count());
        Server(child, url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn with(way: &str) -> String {
    let text = plain();
    let page = text.lines().find(|line| line.starts_with("page =")).unwrap().to_owned();
    text.replace(&page, "").replace("[[stream]]", &format!("{way}\n[[stream]]"))
}

async fn asked(way: &str, home: &Path, url: &str) -> Result<Vec<String>, String> {
    let start = Start { home: home.to_owned(), ..Start::at(url) };
    let (delivery, batches) = pulled(&with(way), &start).await;
    delivery.map(|_| rows(&batches)).map_err(|error| told(&error))
}

const CA: &str = "ca = \"ca.pem\"";
const US: &str = "ca = \"ca.pem\"\nclient = { certificate = \"us.pem\", key = \"us.key\" }";

#[tokio::test]
async fn only_those_are_trusted_whom_the_manifest_names() {
    let home = home();
    let at = home.path();
    let server = Server::start(at, "-cert right.pem -key right.key");
    assert_eq!(asked(CA, at, &server.1).await.unwrap(), ["page 1 row 1: id=1"]);
    let error = asked("", at, &server.1).await.unwrap_err();
    assert!(error.starts_with("service.cases page 1 was refused: no connection: "), "{error}");
    assert!(error.contains("ask its owner for a valid one; `ca` names who vouches"), "{error}");
    let old = Server::start(at, "-cert old.pem -key old.key");
    let error = asked(CA, at, &old.1).await.unwrap_err();
    assert!(error.contains("certificate expired") && error.contains("ask its owner"), "{error}");
    fs::write(at.join("ca.pem"), "nothing").unwrap();
    let error = asked(CA, at, &server.1).await.unwrap_err();
    assert!(error.contains("`service` cannot be used: `ca.pem` holds no certificate"), "{error}");
    fs::remove_file(at.join("ca.pem")).unwrap();
    assert!(asked(CA, at, &server.1).await.unwrap_err().contains("`ca.pem`: No such file"));
}

#[tokio::test]
async fn we_show_our_own_certificate_where_one_is_asked_for() {
    let home = home();
    let at = home.path();
    let words = "-cert right.pem -key right.key -CAfile ca.pem -Verify 1 -verify_return_error";
    let server = Server::start(at, words);
    assert_eq!(asked(US, at, &server.1).await.unwrap(), ["page 1 row 1: id=1"]);
    let error = asked(CA, at, &server.1).await.unwrap_err();
    assert!(error.starts_with("service.cases page 1 "), "{error}");
    let key = at.join("us.key");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, mode).unwrap();
    let error = asked(US, at, &server.1).await.unwrap_err();
    assert!(error.contains("run `chmod 600 us.key`"), "{error}");
}
