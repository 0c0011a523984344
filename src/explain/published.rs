//! Does the release say the same? What is explained is what was published, or the difference is told.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;

use crate::base::cell::Cell;
use crate::base::cell::decimal_text;
use crate::frame::parquet;
use crate::frame::table;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::measure::kept::Ledger;

/// What the release of a night says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// The same.
    Same(String),
    /// The night has no release, or it does not name the number.
    Nothing,
    /// Something else: the release, its status and value.
    Other(String, String, String),
}

/// Decimals of an exact value in a release.
const PLACES: u8 = 12;

pub(super) fn of(var: &Path, ledger: &Ledger, told: &Told<'_>) -> anyhow::Result<Published> {
    let root = var.join("release");
    let Some(release) = newest(&root, ledger.night)? else { return Ok(Published::Nothing) };
    let period = told.period.to_string();
    let texts = [
        ("metric", told.metric.name.as_str()),
        ("unit_id", told.place.0.as_str()),
        ("period", period.as_str()),
    ];
    let rows = parquet::read_where(&root.join(&release).join("metrics.parquet"), &texts)?;
    let columns = ["section_id", "dim_value", "period_kind", "status", "value"];
    let here = [told.place.1.clone(), told.part.as_ref().map(|(_, value)| value.clone())];
    for row in table::to_rows(&rows, &columns) {
        let mut cells = row.into_iter().map(|cell| cell.map(|cell: Cell| cell.written()));
        let place = [cells.next().flatten(), cells.next().flatten()];
        let kind = cells.next().flatten();
        if place != here || kind.as_deref() != Some(told.period.kind().name()) {
            continue;
        }
        let status = cells.next().flatten().unwrap_or_default();
        let value = cells.next().flatten();
        let own = told.value.map(|value| decimal_text(rounded(value, PLACES), PLACES));
        if status == told.status.name() && value == own {
            return Ok(Published::Same(release));
        }
        return Ok(Published::Other(release, status, value.unwrap_or_default()));
    }
    Ok(Published::Nothing)
}

/// The last revision of a night.
fn newest(root: &Path, night: Date) -> anyhow::Result<Option<String>> {
    if !root.is_dir() {
        return Ok(None);
    }
    let mut last: Option<(u32, String)> = None;
    for entry in fs::read_dir(root).context("reading the releases")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let revision = name.strip_prefix(&format!("{night}.")).and_then(|text| text.parse().ok());
        last = last.into_iter().chain(revision.map(|revision| (revision, name))).max();
    }
    Ok(last.map(|(_, name)| name))
}
