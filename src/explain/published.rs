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
use crate::spec::version::Defined;

/// What the release of a night says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// The same.
    Same(String),
    /// The night has no release, or it does not name the number.
    Nothing,
    /// Something else: the release, its status and value.
    Other(String, String, String),
    /// Something else, because the period is closed: the same, and the release that it was closed with.
    Closed([String; 4]),
}

/// Decimals of an exact value in a release.
const PLACES: u8 = 12;

/// Where and when: the metric, section, value of the dimension, kind of period and period.
type Key = [Option<String>; 5];

/// What a release says of a unit or of a group.
pub(super) struct Release {
    pub(super) name: String,
    pub(super) definitions: Vec<Defined>,
    /// What the home said for it, and the day that it tells.
    pub(super) home: Option<(String, Date)>,
    /// The periods that are closed, with the release that each was closed with.
    closed: BTreeMap<String, String>,
    /// Its status and value.
    values: BTreeMap<Key, (String, Option<String>)>,
}

impl Release {
    /// What the release of a folder says where its columns have some texts.
    pub(super) fn of(folder: &Path, texts: &[(&str, &str)]) -> anyhow::Result<Release> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rows = parquet::read_where(&folder.join("metrics.parquet"), texts)?;
        let told = ["status", "value"];
        let names = [&KEY[..], &told[..]].concat();
        let values = table::to_rows(&rows, &names).into_iter().filter_map(|row| {
            let mut cells = row.into_iter().map(|cell| cell.map(|cell| cell.written()));
            let key = std::array::from_fn(|_| cells.next().flatten());
            Some((key, (cells.next()??, cells.next()?)))
        });
        let definitions = publish::moved::definitions(folder)?;
        let (closed, home) = (publish::closed_in(folder), publish::home_of(folder));
        Ok(Release { name, definitions, home, closed, values: values.collect() })
    }

    /// Whether it tells a metric of the place at all.
    pub(super) fn tells(&self, metric: &str) -> bool {
        self.values.keys().any(|[name, ..]| name.as_deref() == Some(metric))
    }

    /// The status and value that it tells.
    pub(super) fn told(&self, told: &Told<'_>) -> Option<&(String, Option<String>)> {
        let key = [
            Some(told.metric.name.clone()),
            told.place.1.clone(),
            told.part.as_ref().map(|(_, value)| value.clone()),
            Some(told.period.kind().name().to_owned()),
            Some(told.period.to_string()),
        ];
        self.values.get(&key)
    }

    /// Whether it says the same.
    pub(super) fn says(&self, told: &Told<'_>) -> Published {
        let Some((status, value)) = self.told(told) else { return Published::Nothing };
        let own = told.value.map(|value| decimal_text(rounded(value, PLACES), PLACES));
        if status == told.status.name() && *value == own {
            return Published::Same(self.name.clone());
        }
        let value = value.clone().unwrap_or_default();
        let (name, status) = (self.name.clone(), status.clone());
        match self.closed.get(&told.period.to_string()) {
            Some(from) => Published::Closed([name, status, value, from.clone()]),
            None => Published::Other(name, status, value),
        }
    }
}

const KEY: [&str; 5] = ["metric", "section_id", "dim_value", "period_kind", "period"];
