//! What would a night make of rows and of a whole delivery? Judged as a night judges, and kept nowhere.

use anyhow::Context as _;
use jiff::civil::Date;

use super::Ground;
use super::model::broken;
use super::pull::landed;
use crate::base::batch::Batch;
use crate::base::pseudonym::Key;
use crate::extract::Delivery;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::model::judge::Judge;
use crate::model::judge::Judged;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;

/// What the model makes of some rows.
///
/// # Errors
/// A table without a schema, or an expression that polars refuses.
pub fn judged(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    night: Date,
    rows: &Batch,
) -> anyhow::Result<Judged> {
    let schema = ground.catalog.schemas.get(&stream.into.value);
    let judge = Judge {
        stream,
        schema: schema.context("its table has no schema")?,
        codes: &ground.catalog.codes,
        zone: jiff::tz::TimeZone::get(&connector.zone)?,
        days: Days::of(ground.catalog),
        night,
    };
    let mut judged = Judged::default();
    if !rows.rows.is_empty() {
        judge.part(&table::from_batch(rows)?, &mut judged)?;
    }
    Ok(judged)
}

/// The promise of its contract that a delivery breaks, if it breaks one.
pub fn promise(stream: &Stream, delivery: Delivery, key: &Key, judged: &Judged) -> Option<String> {
    broken(stream, &landed(delivery, key), judged, None)
}
