//! What is deleted tonight because its time is over? Rules 6.8. Only a night that has modelled every
//! stream deletes, before it counts: what is gone is in no table that it loads.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::civil::Date;

use super::Ground;
use crate::base::access;
use crate::base::access::Access;
use crate::base::clock;
use crate::model::expired::forget_landings;
use crate::model::lake::Lake;
use crate::publish;

/// Deletes what is too old, by name, with how much there was of it; nothing where there was nothing.
pub(super) fn forget(ground: &Ground<'_>, night: Date) -> anyhow::Result<BTreeMap<String, u64>> {
    let (catalog, lake) = (ground.catalog, Lake::at(&ground.lake()));
    let retention = &catalog.settings.retention;
    let mut forgotten = BTreeMap::new();
    for schema in catalog.schemas.values().filter(|schema| schema.is_about_persons) {
        let from = retention.persons_from(&schema.name, night);
        let rows = lake.forget(schema, from).context("deleting rows about persons")?;
        forgotten.insert(schema.name.clone(), rows);
    }
    let landings = forget_landings(&ground.lake(), retention.landing_from(night));
    forgotten.insert("landing".to_owned(), landings.context("deleting landings")?);
    let notes = lake.forget_notes("quarantine", retention.quarantine_from(night));
    forgotten.insert("quarantine".to_owned(), notes.context("deleting quarantine")?);
    let (from, most) = (retention.releases_from(night), retention.releases_most());
    let releases = publish::forget(&ground.var.join("release"), from, most);
    forgotten.insert("releases".to_owned(), releases.context("deleting releases")?);
    // By the clock: the lines of access are not of a night that is told.
    let old = access::forget(&ground.var, retention.access_from(clock::now()));
    forgotten.insert("access".to_owned(), old.context("deleting lines of access")?);
    forgotten.retain(|_, count| *count > 0);
    for (what, rows) in &forgotten {
        let what = vec![("of", what.clone()), ("night", night.to_string())];
        let deleted =
            Access { verb: "delete", what, rows: Some(*rows), purpose: Some("retention") };
        deleted.note(&ground.var)?;
    }
    Ok(forgotten)
}
