//! A database on another machine is spoken to over TLS, and only if somebody whom we trust vouches for it.

use std::path::Path;

use super::Start;
use super::certificates;
use super::database::all_of;
use super::pulled;
use super::rows;
use super::told;
use crate::mariadb::Maria;
use crate::postgres::Cluster;

/// What a stream of one query brings, or why it brings nothing.
async fn read(url: &str, query: &str) -> Result<Vec<String>, String> {
    let start = Start::at(url);
    let text = all_of("x", "\"id\"", &["how"]);
    let text = text.replace("view = \"x\"", &format!("query = \"{query}\""));
    let (delivery, batches) = pulled(&text, &start).await;
    delivery.map(|_| rows(&batches)).map_err(|fault| told(&fault))
}

fn authority(home: &Path) -> String {
    home.join("ca.pem").display().to_string()
}

#[tokio::test]
async fn a_database_of_postgresql_is_read_over_tls() {
    let home = certificates::home();
    let Some(cluster) = Cluster::encrypted(home.path()) else { return };
    let query = "select 1 as id, version as how from pg_stat_ssl where pid = pg_backend_pid()";
    let at = |options: &str| cluster.url_over_tls("postgres", options);
    let known = format!("sslmode=verify-full&sslrootcert={}", authority(home.path()));
    for options in [known.as_str(), "sslmode=require", ""] {
        assert_eq!(read(&at(options), query).await.unwrap(), ["query row 1: how=TLSv1.3"]);
    }
    let why = read(&at("sslmode=verify-full"), query).await.unwrap_err();
    assert!(why.contains("invalid peer certificate: UnknownIssuer"), "{why}");
    assert!(why.contains("`sslrootcert`") && why.contains("refused"), "{why}");
    let why = read(&at("sslmode=disable"), query).await.unwrap_err();
    assert!(why.contains("does not accept this user and password"), "{why}");
    let elsewhere = at(&known).replace("127.0.0.1", "localhost");
    let why = read(&elsewhere, query).await.unwrap_err();
    assert!(why.contains("not valid for name \"localhost\""), "{why}");
    let socket = format!("{}&sslmode=require", cluster.url("postgres"));
    let why = read(&socket, query).await.unwrap_err();
    assert!(why.contains("server does not support TLS"), "{why}");
}

#[tokio::test]
async fn a_database_of_mariadb_is_read_over_tls() {
    let home = certificates::home();
    let Some(maria) = Maria::encrypted(home.path()) else { return };
    let query = "select 1 as id, variable_value as how from information_schema.session_status \
                 where variable_name = 'Ssl_version'";
    let at = |options: &str| maria.url_over_tls("mysql", options);
    let known = format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={}", authority(home.path()));
    for options in [known.as_str(), "ssl-mode=REQUIRED", ""] {
        assert_eq!(read(&at(options), query).await.unwrap(), ["query row 1: how=TLSv1.3"]);
    }
    let why = read(&at("ssl-mode=VERIFY_IDENTITY"), query).await.unwrap_err();
    assert!(why.contains("invalid peer certificate: UnknownIssuer"), "{why}");
    assert!(why.contains("`ssl-ca`") && why.contains("refused"), "{why}");
    let why = read(&at("ssl-mode=DISABLED"), query).await.unwrap_err();
    assert!(why.contains("does not accept this user and password"), "{why}");
}
