//! Does the release say the same? What is explained is what was published, or the difference is told.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use crate::base::cell::decimal_text;
use crate::frame::parquet;
use crate::frame::table;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::publish;

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

/// Where and when: the metric, section, value of the dimension, kind of period and period.
type Key = [Option<String>; 5];

/// What the release of a night says of a unit.
pub(super) struct Release {
    name: String,
    /// Its status and value.
    values: BTreeMap<Key, (String, Option<String>)>,
}

impl Release {
    /// The last revision of a night below `root`; none where there is none.
    pub(super) fn of_unit(root: &Path, night: Date, unit: &str) -> anyhow::Result<Option<Release>> {
        let Some(folder) = publish::find(root, Some(&night.to_string()))? else { return Ok(None) };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rows = parquet::read_where(&folder.join("metrics.parquet"), &[("unit_id", unit)])?;
        let told = ["status", "value"];
        let names = [&KEY[..], &told[..]].concat();
        let values = table::to_rows(&rows, &names).into_iter().filter_map(|row| {
            let mut cells = row.into_iter().map(|cell| cell.map(|cell| cell.written()));
            let key = std::array::from_fn(|_| cells.next().flatten());
            Some((key, (cells.next()??, cells.next()?)))
        });
        Ok(Some(Release { name, values: values.collect() }))
    }

    /// Whether it says the same.
    pub(super) fn says(&self, told: &Told<'_>) -> Published {
        let key = [
            Some(told.metric.name.clone()),
            told.place.1.clone(),
            told.part.as_ref().map(|(_, value)| value.clone()),
            Some(told.period.kind().name().to_owned()),
            Some(told.period.to_string()),
        ];
        let Some((status, value)) = self.values.get(&key) else { return Published::Nothing };
        let own = told.value.map(|value| decimal_text(rounded(value, PLACES), PLACES));
        if status == told.status.name() && *value == own {
            return Published::Same(self.name.clone());
        }
        let value = value.clone().unwrap_or_default();
        Published::Other(self.name.clone(), status.clone(), value)
    }
}

const KEY: [&str; 5] = ["metric", "section_id", "dim_value", "period_kind", "period"];
