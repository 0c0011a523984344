//! Where is a connector proven? In a folder that goes when it is done: its files are copies, its gateway is
//! asked through a proxy, and what comes is held and not landed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::Url;

use super::copies;
use super::proxy;
use super::proxy::Proxy;
use crate::base::batch::Batch;
use crate::base::pseudonym::Key;
use crate::base::redact::know_secret;
use crate::extract;
use crate::extract::Delivery;
use crate::extract::ExtractError;
use crate::extract::KnownFiles;
use crate::extract::System;
use crate::extract::preview::Preview;
use crate::extract::preview::impatient;
use crate::night::Ground;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::FileAt;
use crate::spec::connector::Http;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;
use crate::spec::connector::Turn;
use crate::spec::connector::Way;
use crate::spec::template::Secrets;
use crate::spec::template::Template;

/// How often a source is asked for the same thing, at most.
const ATTEMPTS: u32 = 6;

/// Secrets that are all wrong.
pub(super) struct Wrong<'s>(pub(super) &'s (dyn Secrets + Sync));

impl Secrets for Wrong<'_> {
    fn env(&self, name: &str) -> Result<String, String> {
        self.0.env(name)
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        let right = self.0.secret(name)?;
        let wrong: String = right.chars().rev().chain("wrong".chars()).collect();
        know_secret(&wrong);
        Ok(wrong)
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    /// A window that has ended; none is all there is, or what `since` says.
    pub(super) past: Option<(Timestamp, Timestamp)>,
    /// Where a run before came to.
    pub(super) since: Option<Timestamp>,
    pub(super) until: Timestamp,
    /// The files that a run before read.
    pub(super) known: KnownFiles,
    /// The rows of the parent.
    pub(super) parents: Vec<BTreeMap<String, String>>,
}

/// The values of a row of the parent.
type Cells = Vec<Option<String>>;

impl Question {
    /// Tells the rows of the parent, of each the values under some headers.
    fn tell(&self, names: &[String], see: &mut dyn FnMut(Cells)) {
        for row in &self.parents {
            see(names.iter().map(|name| row.get(name).cloned()).collect());
        }
    }
}

/// What came.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) rows: Batch,
    pub(super) delivery: Delivery,
    /// The most rows that were handed on at once.
    pub(super) largest: usize,
}

impl Reading {
    /// Its rows without their places, each once.
    pub(super) fn set(&self) -> BTreeSet<String> {
        lines(&self.rows).into_iter().collect()
    }
}

/// Rows as texts, without their places; empty cells are none.
pub(super) fn lines(rows: &Batch) -> Vec<String> {
    let line = |cells: &[Option<String>]| {
        let cells = rows.headers.iter().zip(cells);
        let mut filled: Vec<String> =
            cells.filter_map(|(name, cell)| Some(format!("{name}={}", cell.as_ref()?))).collect();
        filled.sort_unstable();
        filled.join("\u{1f}")
    };
    rows.rows.iter().map(|row| line(&row.cells)).collect()
}

/// Where a connector is proven.
pub(super) struct Bench<'b> {
    pub(super) ground: &'b Ground<'b>,
    /// What is proven: as the home says it, in more of a hurry, and led through the proxy or to the copies.
    pub(super) connector: Connector,
    pub(super) proxy: Option<Proxy>,
    /// The files of its drop folder, in the order of names.
    pub(super) dropped: Vec<PathBuf>,
    pub(super) night: Date,
    pub(super) until: Timestamp,
    pub(super) key: Key,
    pub(super) folder: PathBuf,
    folders: AtomicU32,
}

impl<'b> Bench<'b> {
    /// For a connector, on a night.
    ///
    /// # Errors
    /// The disk, or no port; inside, why the connector can't be used.
    pub(super) async fn of(
        ground: &'b Ground<'b>,
        connector: &Connector,
        night: Date,
        folder: &Path,
    ) -> anyhow::Result<Result<Bench<'b>, String>> {
        let settings = &ground.catalog.settings;
        let key = settings.key.fill(ground.secrets, &[]);
        let key = Key::new(&key.map_err(|unset| crate::night::Refusal::NoKey(unset.to_string()))?);
        let until = settings.cutoff_of(night).with_context(|| format!("the cutoff of {night}"))?;
        let mut connector = impatient(connector, ATTEMPTS);
        let (mut proxy, mut dropped) = (None, Vec::new());
        match &mut connector.source {
            Source::Http(http) => {
                let source = match source(http, &connector.streams, ground) {
                    Ok(source) => source,
                    Err(why) => return Ok(Err(why)),
                };
                let served = Proxy::serve(source).await.context("standing before the gateway")?;
                lead(http, &served.url);
                proxy = Some(served);
            }
            Source::Files(_) => {
                let laid = copies::last(&connector, ground).and_then(|(all, last)| {
                    dropped = all;
                    copies::laid(&connector, &last, &folder.join("drop"))
                });
                connector = match laid {
                    Ok(laid) => laid,
                    Err(why) => return Ok(Err(why)),
                };
            }
            Source::Sql(_) | Source::Singer(_) => {}
        }
        let (folder, folders) = (folder.to_owned(), AtomicU32::new(0));
        let bench = Bench { ground, connector, proxy, dropped, night, until, key, folder, folders };
        Ok(Ok(bench))
    }

    /// A folder in which no page waits.
    pub(super) fn shelf(&self) -> PathBuf {
        self.new_folder("pages")
    }

    /// The name of a folder that is not there yet.
    pub(super) fn new_folder(&self, what: &str) -> PathBuf {
        let number = self.folders.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{what}-{number}"))
    }

    /// Asks for rows, without a fault.
    pub(super) async fn read(
        &self,
        of: (&Connector, &Stream),
        question: &Question,
    ) -> Result<Reading, ExtractError> {
        self.plant(None);
        self.go_on(of, question, &self.shelf()).await
    }

    /// Begins another walk, with a fault or none.
    pub(super) fn plant(&self, planted: Option<(proxy::At, proxy::Fault)>) {
        if let Some(proxy) = &self.proxy {
            proxy.plant(planted);
        }
    }

    /// Asks for rows, and goes on with the pages that wait.
    pub(super) async fn go_on(
        &self,
        of: (&Connector, &Stream),
        question: &Question,
        waiting: &Path,
    ) -> Result<Reading, ExtractError> {
        let (mut rows, mut largest) = (Batch::default(), 0);
        let mut land = |batch: Batch| {
            largest = largest.max(batch.rows.len());
            rows.append(batch);
            Ok(())
        };
        let delivery = self.pull(of, question, waiting, &mut land).await?;
        Ok(Reading { rows, delivery, largest })
    }

    /// Asks for rows and hands them to `land`.
    pub(super) async fn pull(
        &self,
        of: (&Connector, &Stream),
        question: &Question,
        waiting: &Path,
        land: &mut (dyn FnMut(Batch) -> io::Result<()> + Send),
    ) -> Result<Delivery, ExtractError> {
        let root = &self.ground.home.root;
        let system = System::open(of.0, self.ground.secrets, root)?;
        let parents = |names: &[String], see: &mut dyn FnMut(Cells)| {
            question.tell(names, see);
            Ok(())
        };
        let secrets = self.ground.secrets;
        let request = self.request(of, question, (waiting, &parents, secrets));
        extract::pull(&system, &request, &mut { land }).await
    }

    /// The first rows, as somebody would look at them.
    pub(super) async fn look(
        &self,
        of: (&Connector, &Stream),
        question: &Question,
        secrets: &(dyn Secrets + Sync),
    ) -> Result<Preview, ExtractError> {
        self.plant(None);
        let system = System::open(of.0, secrets, &self.ground.home.root)?;
        let parents = |names: &[String], see: &mut dyn FnMut(Cells)| {
            question.tell(names, see);
            Ok(())
        };
        let request = self.request(of, question, (Path::new(""), &parents, secrets));
        extract::preview::preview(&system, &request, 1_000).await
    }

    fn request<'r>(
        &'r self,
        (connector, stream): (&'r Connector, &'r Stream),
        question: &'r Question,
        (waiting, parents, secrets): (&'r Path, &'r extract::Parents<'r>, &'r (dyn Secrets + Sync)),
    ) -> extract::Request<'r> {
        extract::Request {
            connector,
            stream,
            since: question.since,
            until: question.until,
            earliest: None,
            past: question.past,
            state: None,
            known_files: &question.known,
            held_back: &|| Ok(Vec::new()),
            row_key: &[],
            shelf: waiting,
            parents,
            secrets,
            key: &self.key,
            home: &self.ground.home.root,
        }
    }
}

/// The way to a gateway, as the proxy goes it.
fn source(http: &Http, streams: &[Stream], ground: &Ground<'_>) -> Result<proxy::Source, String> {
    let client = extract::way(http, ground.secrets, &ground.home.root)?;
    let url = http.url.fill(ground.secrets, &[]).map_err(|unset| unset.to_string())?;
    let url = Url::parse(url.trim().trim_end_matches('/'));
    let url = url.map_err(|fault| format!("its `url` is no address: {fault}"))?;
    let login = http.auth.login.as_ref().and_then(|login| login.url.fill(ground.secrets, &[]).ok());
    let login = login.filter(|login| login.starts_with('/'));
    let login = login.map(|login| format!("{}{login}", url.path().trim_end_matches('/')));
    let said = |stream: &Stream| {
        let Ask::Http(ask) = &stream.ask else { return None };
        match (&ask.page.turn, ask.export.as_ref().map(|export| &export.file)) {
            (Turn::NextUrl { next }, _) => Some(next.clone()),
            (_, Some(FileAt::Said(at))) => Some(at.clone()),
            _ => None,
        }
    };
    let next = streams.iter().filter_map(said);
    Ok(proxy::Source { client, url, login, next: next.collect() })
}

/// Leads the questions of a connector to the proxy, one after the other.
fn lead(http: &mut Http, url: &str) {
    http.url = Template::plain(url);
    http.way = Way::default();
    http.limit.at_once = 1;
    http.retry.first = http.retry.first.min(Duration::from_millis(20));
    http.retry.max = http.retry.max.min(Duration::from_millis(200));
}
