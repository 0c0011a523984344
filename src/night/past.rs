//! What of a stream's past has been asked for, and what is still to ask? Each slice lands by itself; the
//! next night merges it, and the night's own bookmark is not touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Ground;
use super::begin;
use super::key;
use super::pull::chain;
use super::pull::landed;
use super::stream::named;
use crate::base::access::Access;
use crate::base::batch::Batch;
use crate::base::pseudonym::Key;
use crate::extract;
use crate::extract::ExtractError;
use crate::extract::PastSlice;
use crate::extract::System;
use crate::extract::moved::row_key;
use crate::model::landed::Landed;
use crate::model::landing::Landing;
use crate::model::landing::Past;
use crate::model::landing::clear;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;

/// A slice of the past, and whether it has landed.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The slice.
    pub slice: PastSlice,
    /// Whether it lies in one that landed.
    pub has_landed: bool,
}

/// How far the asking came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// To its end, with so many rows.
    Done(u64),
    /// Not to its end: why.
    Broken(String),
}

/// The slices between two days, none of them asked for. Those that landed before the day on which all are
/// asked for again have not landed.
///
/// # Errors
/// A folder that can't be read; inside, why the stream can't be asked for a part of its past.
pub fn plan(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    days: (Date, Date),
    again: Option<Date>,
) -> anyhow::Result<Result<Vec<Planned>, String>> {
    let slices = match extract::past(connector, stream, days) {
        Ok(slices) => slices,
        Err(why) => return Ok(Err(why)),
    };
    let landed = Landing::of(&ground.lake(), &connector.name, &stream.name).past()?;
    let planned = |slice: PastSlice| {
        let counts = |past: &Past| again.is_none_or(|day| day <= past.asked);
        let holds = |past: &Past| counts(past) && past.from <= slice.from && slice.to <= past.to;
        Planned { has_landed: landed.iter().any(holds), slice }
    };
    Ok(Ok(slices.into_iter().map(planned).collect()))
}

/// Asks for the slices that have not landed, one after the other, and tells the rows of each.
///
/// # Errors
/// A [`super::Refusal`], or the disk's. A system that fails is no error.
pub async fn ask(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    (night, planned): (Date, &[Planned]),
    tell: &mut (dyn FnMut(&PastSlice, u64) + Send),
) -> anyhow::Result<Ended> {
    let name = named(connector, stream);
    let _lock = begin(ground, &format!("the past of {name}"))?;
    let key = key(ground)?;
    let system = match System::open(connector, ground.secrets, &ground.home.root) {
        Ok(system) => system,
        Err(fault) => return Ok(Ended::Broken(chain(&fault))),
    };
    let (mut rows, mut ended) = (0, None);
    for planned in planned.iter().filter(|planned| !planned.has_landed) {
        let slice = &planned.slice;
        match land(ground, (connector, stream), &system, (night, slice, &key)).await? {
            Ok(received) => {
                rows += received;
                tell(slice, received);
            }
            Err(why) => {
                ended = Some(Ended::Broken(why));
                break;
            }
        }
    }
    let what = vec![("stream", name)];
    Access { verb: "backfill", what, rows: Some(rows), purpose: None }.note(&ground.var)?;
    Ok(ended.unwrap_or(Ended::Done(rows)))
}

/// Asks for one slice and lands it; its rows, or why there are none.
async fn land(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    system: &System,
    (night, slice, key): (Date, &PastSlice, &Key),
) -> anyhow::Result<Result<u64, String>> {
    let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
    let past = Past { asked: night, from: slice.from, to: slice.to };
    let mut attempt = landing.begin_past(&past)?;
    let shelf = landing.shelf_past(&past);
    let schema = ground.catalog.schemas.get(&stream.into.value);
    let row_key = schema.map_or_else(Vec::new, |schema| row_key(stream, schema));
    let request = extract::Request {
        connector,
        stream,
        since: None,
        state: None,
        until: slice.to,
        earliest: None,
        past: Some((slice.from, slice.to)),
        known_files: &extract::KnownFiles::default(),
        held_back: &|| Ok(Vec::new()),
        row_key: &row_key,
        shelf: &shelf,
        parents: &|_, _| Ok(()),
        secrets: ground.secrets,
        key,
        home: &ground.home.root,
    };
    // Slices that are merged in one night each have a page 1.
    let mut places: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    let mut land = |mut batch: Batch| {
        for row in &mut batch.rows {
            let own = || Arc::from(format!("past from {} {}", slice.from, row.source));
            row.source = Arc::clone(places.entry(Arc::clone(&row.source)).or_insert_with(own));
        }
        attempt.land(batch).map_err(std::io::Error::other)
    };
    let delivery = extract::pull(system, &request, &mut land).await;
    let delivery = match delivery {
        Ok(delivery) => delivery,
        Err(fault @ ExtractError::Landing(_)) => return Err(fault.into()),
        Err(fault) => return Ok(Err(chain(&fault))),
    };
    if let Some(told) = delivery.told.filter(|told| *told != delivery.received) {
        return Ok(Err(format!("the source tells {told} rows, {} came", delivery.received)));
    }
    let landed = Landed { until: None, ..landed(delivery, key) };
    attempt.finish(&landed)?;
    clear(&shelf)?;
    Ok(Ok(landed.received))
}
