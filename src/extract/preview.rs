//! What would a stream bring first? A page, a file or a few rows of a view, asked as a night asks and
//! shielded as they would land; of what nobody maps, names and counts alone. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Delivery;
use super::ExtractError;
use super::Reached;
use super::Request;
use super::System;
use super::database;
use super::files;
use super::gateway::Gateway;
use super::glance::Glance;
pub use super::glance::Other;
use super::http::Reader;
use super::landing::Landing;
use super::ledger::Broken;
use super::part::parts;
use super::singer;
use crate::base::batch::Batch;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::HttpStream;
use crate::spec::connector::Retry;
use crate::spec::connector::Source;

/// The first rows of a stream.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The rows, as they would land.
    pub rows: Batch,
    /// The columns that nobody maps.
    pub others: Vec<Other>,
    /// Where rows stand below the end of a table, and how many: nobody reads them.
    pub below: BTreeMap<String, u64>,
    /// What was asked again, and why.
    pub asked_again: Vec<String>,
}

/// A system that is asked by somebody who waits: not again and again, and not for long.
pub fn impatient(connector: &Connector, attempts: u32) -> Connector {
    let mut connector = connector.clone();
    let soon = Duration::from_secs(30);
    let hurry = |retry: &mut Retry| {
        retry.attempts = retry.attempts.min(attempts);
        retry.give_up = retry.give_up.min(soon);
    };
    match &mut connector.source {
        Source::Http(http) => {
            hurry(&mut http.retry);
            http.timeout = http.timeout.min(soon);
        }
        Source::Sql(sql) => {
            hurry(&mut sql.retry);
            sql.timeout = sql.timeout.min(soon);
        }
        Source::Singer(tap) => tap.timeout = tap.timeout.min(soon * 4),
        Source::Files(_) => {}
    }
    connector
}

/// Asks for the first `rows` rows of a stream, at least one.
///
/// # Errors
/// See [`ExtractError`].
pub async fn preview(
    system: &System,
    request: &Request<'_>,
    rows: u32,
) -> Result<Preview, ExtractError> {
    let as_of = request.until.to_zoned_datetime(request.zone()?).date();
    let rows = rows.max(1);
    let mut glance = Glance::of(rows as usize);
    let mut came = Batch::default();
    let mut keep = |batch: Batch| {
        came.append(batch);
        Ok(())
    };
    let mut landing = Landing::new(request, as_of, &mut keep).seen_by(&mut glance);
    let asked = match (&request.stream.ask, &system.reached, &request.connector.source) {
        (Ask::Http(ask), Reached::Gateway(gateway), _) => {
            first(gateway, ask, request, &mut landing).await
        }
        (Ask::Files(ask), Reached::Folder, Source::Files(folder)) => {
            files::first(folder, ask, request, &mut landing)
        }
        (Ask::Sql(ask), Reached::Database(database), _) => {
            database::first(database, ask, request, rows, &mut landing).await
        }
        (Ask::Singer(ask), Reached::Tap, Source::Singer(tap)) => {
            singer::pull(tap, ask, request, &mut landing)
        }
        (Ask::Http(_) | Ask::Files(_) | Ask::Sql(_) | Ask::Singer(_), _, _) => {
            Err(request.setting("the stream is of another system"))
        }
    };
    let Delivery { below, asked_again, .. } = landing.delivery();
    match asked {
        Ok(()) | Err(ExtractError::Enough) => {
            Ok(Preview { rows: came, others: glance.others(), below, asked_again })
        }
        Err(error) => Err(error),
    }
}

/// For so many slices, or rows of a parent, somebody waits.
const MOST_PARTS: usize = 20;

/// Hands on one page: the first of the last slice that has rows.
async fn first(
    gateway: &Gateway,
    ask: &HttpStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    if ask.export.is_some() {
        return Err(request.setting("its rows come by an export, and a look would begin a job"));
    }
    let (parts, _) = parts(ask, request)?;
    let reader = Reader::new(gateway, ask, request, landing)?;
    for part in parts.iter().rev().take(MOST_PARTS) {
        let page = reader.first(part, &mut landing.so_far.asked_again).await;
        let mut page = page.map_err(|broken| match broken {
            Broken::Final(error) => error,
            Broken::Doubt(doubt) => request.setting(&doubt.to_string()),
        })?;
        if !page.rows.is_empty() {
            page.come_from(&Arc::from("page 1"));
            return landing.take(page).map(|_| ());
        }
    }
    Ok(())
}
