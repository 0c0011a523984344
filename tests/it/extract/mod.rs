//! What does a source have to do for its rows to stand, and what happens when it does not?

mod auth;
mod behind;
mod books;
mod broken;
pub(crate) mod certificates;
mod clear;
mod database;
mod each;
mod encrypted;
mod export;
mod files;
mod foreign;
mod found;
pub(crate) mod gateway;
mod known;
mod moving;
mod mysql;
mod network;
mod offices;
mod paging;
mod parcels;
mod past;
mod proof;
mod resume;
mod rivals;
mod session;
mod shapes;
mod sheets;
mod strange;
mod turns;
mod unfinished;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use shuping::base::batch::Batch;
use shuping::base::pseudonym::Key;
use shuping::base::pseudonym::sha256;
use shuping::base::sheet::Land;
use shuping::extract::DeliveredFile;
use shuping::extract::Delivery;
use shuping::extract::ExtractError;
use shuping::extract::KnownFile;
use shuping::extract::KnownFiles;
use shuping::extract::Request;
use shuping::extract::System;
use shuping::extract::pull;
use shuping::spec::connector::Connector;
use shuping::spec::connector::read_connector;
use shuping::spec::template::Secrets;

/// The secret of every test; it must not be seen anywhere.
pub(crate) const SECRET: &str = "test-secret";

/// Secrets and variables of a test.
pub(crate) struct Vault {
    pub(crate) url: String,
}

impl Secrets for Vault {
    fn env(&self, name: &str) -> Result<String, String> {
        match name {
            "URL" => Ok(self.url.clone()),
            "CLIENT" => Ok("gov-app-01".to_owned()),
            _ => Err(format!("environment variable `{name}` is not set")),
        }
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        match name {
            "key" => Ok(SECRET.to_owned()),
            _ => Err(format!("secret `{name}` is not set")),
        }
    }
}

/// What a pull starts from.
pub(crate) struct Start {
    pub(crate) url: String,
    pub(crate) home: PathBuf,
    pub(crate) since: Option<Timestamp>,
    pub(crate) known: KnownFiles,
    /// Where pages wait; a folder of the pull's own where it is none.
    pub(crate) shelf: Option<PathBuf>,
    /// The headers that make a row itself.
    pub(crate) row_key: Vec<String>,
    /// Where the earliest slice of the past began.
    pub(crate) earliest: Option<Timestamp>,
    /// The rows of the parent.
    pub(crate) parents: Vec<BTreeMap<String, String>>,
}

impl Start {
    pub(crate) fn at(url: &str) -> Start {
        let (url, home) = (url.to_owned(), PathBuf::from("."));
        let (known, shelf, parents, row_key) =
            (KnownFiles::default(), None, Vec::new(), Vec::new());
        Start { url, home, since: None, known, shelf, row_key, earliest: None, parents }
    }

    pub(crate) fn home(home: &Path) -> Start {
        Start { home: home.to_owned(), ..Start::at("http://127.0.0.1:9") }
    }
}

/// What a night before left: the files that it read, and those that it passed by.
fn known_of<'f>(nights: impl IntoIterator<Item = &'f Delivery>) -> KnownFiles {
    let of = |file: &DeliveredFile, is_read| KnownFile {
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        is_read,
    };
    let of_night = |night: &'f Delivery| {
        let passed = night.outdone.iter().map(move |file| of(file, false));
        passed.chain(night.files.iter().map(move |file| of(file, true)))
    };
    KnownFiles { files: nights.into_iter().flat_map(of_night).collect(), by_name: true }
}

/// Files of such contents, as a night left them that knew them by nothing else.
fn contents(all: &[&[u8]]) -> KnownFiles {
    let of =
        |bytes: &&[u8]| KnownFile { name: String::new(), sha256: sha256(bytes), is_read: true };
    KnownFiles { files: all.iter().map(of).collect(), by_name: false }
}

pub(crate) fn connector(text: &str) -> Connector {
    read_connector("connectors/test.toml", text)
        .unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

/// Pulls the first stream on the night of 6 January 2026.
pub(crate) async fn pulled(
    text: &str,
    start: &Start,
) -> (Result<Delivery, ExtractError>, Vec<Batch>) {
    let connector = connector(text);
    let vault = Vault { url: start.url.clone() };
    match System::open(&connector, &vault, &start.home) {
        Ok(system) => pulled_from(&system, &connector, 0, start).await,
        Err(error) => (Err(error), Vec::new()),
    }
}

/// Pulls a stream of a system that is open.
pub(crate) async fn pulled_from(
    system: &System,
    connector: &Connector,
    stream: usize,
    start: &Start,
) -> (Result<Delivery, ExtractError>, Vec<Batch>) {
    let mut batches = Vec::new();
    let mut land = |batch| {
        batches.push(batch);
        Ok(())
    };
    let delivery = pulled_into(&mut land, (system, connector, stream), start).await;
    (delivery, batches)
}

/// The same, handed to somebody.
async fn pulled_into(
    land: &mut (dyn Land + Send),
    (system, connector, stream): (&System, &Connector, usize),
    start: &Start,
) -> Result<Delivery, ExtractError> {
    let vault = Vault { url: start.url.clone() };
    let key = Key::new("a key of people");
    let own = tempfile::tempdir().unwrap();
    let shelf = start.shelf.clone().unwrap_or_else(|| own.path().join("shelf"));
    let parents = |names: &[String], see: &mut dyn FnMut(Vec<Option<String>>)| {
        for row in &start.parents {
            see(names.iter().map(|name| row.get(name).cloned()).collect());
        }
        Ok(())
    };
    let request = Request {
        connector,
        stream: &connector.streams[stream],
        since: start.since,
        state: None,
        past: None,
        earliest: start.earliest,
        until: "2026-01-06T02:00:00+08:00".parse().unwrap(),
        known_files: &start.known,
        held_back: &|| Ok(Vec::new()),
        row_key: &start.row_key,
        shelf: &shelf,
        parents: &parents,
        secrets: &vault,
        key: &key,
        home: &start.home,
    };
    sent(pull(system, &request, land)).await
}

/// A pull may be spawned on any thread.
fn sent<F: Future + Send>(future: F) -> F {
    future
}

/// Rows as a person reads them: header and value, empty cells left out.
pub(crate) fn rows(batches: &[Batch]) -> Vec<String> {
    let row = |batch: &Batch, at: usize| {
        let row = &batch.rows[at];
        let cells = batch.headers.iter().zip(&row.cells);
        let filled = cells.filter_map(|(name, cell)| Some(format!("{name}={}", cell.as_ref()?)));
        format!("{}: {}", row.place(), filled.collect::<Vec<_>>().join(" "))
    };
    batches.iter().flat_map(|batch| (0..batch.rows.len()).map(move |at| row(batch, at))).collect()
}

/// An error and everything beneath it.
pub(crate) fn told(error: &ExtractError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    assert!(!text.contains(SECRET), "{text}");
    text
}
