//! Which definition of a metric holds when? Periods keep the one of their time.

use jiff::civil::Date;

use super::Base;
use super::Metric;
use crate::base::messages::Code;
use crate::base::period::Month;
use crate::spec::formula_sql;
use crate::spec::reader::Found;
use crate::spec::reader::Table;

/// When a definition begins, and when its metric is to end.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// The first month whose end is told by this definition; none is ever.
    pub since: Option<Month>,
    /// The month in which its end was announced.
    pub deprecated: Option<Month>,
    /// The metric to be used instead.
    pub replaced_by: Option<Found<String>>,
}

impl Metric {
    /// The definition of periods that end on a day; before the first one begins, that one, which does not tell them.
    pub fn at(&self, last: Date) -> &Metric {
        let holds = |metric: &&Metric| metric.life.since.is_none_or(|since| since.first() <= last);
        self.versions().find(holds).unwrap_or(self.first())
    }

    /// Its first definition.
    pub fn first(&self) -> &Metric {
        self.earlier.last().unwrap_or(self)
    }

    /// Whether a period that ends on a day is told.
    pub fn has_begun(&self, last: Date) -> bool {
        self.first().life.since.is_none_or(|since| since.first() <= last)
    }

    /// Every definition, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = &Metric> {
        std::iter::once(self).chain(&self.earlier)
    }
}

/// Reads when a definition begins and ends.
pub(super) fn life(table: &Table<'_>) -> Life {
    Life {
        since: month(table, "since"),
        deprecated: month(table, "deprecated"),
        replaced_by: table.found_text("replaced_by"),
    }
}

fn month(table: &Table<'_>, key: &'static str) -> Option<Month> {
    table.parsed(key, "a month, as in \"2026-01\"", |text| text.parse().ok())
}

/// Reads the definitions that a metric had before, the newest first: what they do not say holds on.
pub(super) fn earlier(
    table: &Table<'_>,
    metric: &Metric,
    base: fn(&Table<'_>, &'static str) -> Option<Base>,
) -> Vec<Metric> {
    let mut found: Vec<Metric> = Vec::new();
    for table in table.tables("earlier") {
        let text = table.found_text("value");
        let value = text.as_ref().and_then(|text| formula_sql::read(text, table.faults));
        let version = table.whole("version");
        for (key, example, is_there) in
            [("value", "\"…\"", text.is_some()), ("version", "1", version.is_some())]
        {
            if !is_there {
                table.missing(key, example);
            }
        }
        let own = |key| base(&table, key);
        let or = |text: Option<String>, known: &String| text.unwrap_or_else(|| known.clone());
        found.push(Metric {
            value: value.unwrap_or_else(|| metric.value.clone()),
            text: text.unwrap_or_else(|| metric.text.clone()),
            version: version.unwrap_or(1),
            need: own("need"),
            few: own("min_base"),
            withhold: own("withhold").or_else(|| metric.withhold.clone()),
            basis: or(table.text("basis"), &metric.basis),
            means: or(table.text("means"), &metric.means),
            life: Life { since: month(&table, "since"), ..Life::default() },
            place: table.place,
            ..metric.clone()
        });
    }
    let mut newer = metric;
    for older in &found {
        if older.version >= newer.version {
            let nouns =
                vec![("found", older.version.to_string()), ("than", newer.version.to_string())];
            table.faults.add(older.place, &table.name("earlier"), Code::NotEarlier, nouns);
        }
        if newer.life.since.is_none() {
            let nouns = vec![("found", newer.version.to_string())];
            table.faults.add(newer.place, &table.name("since"), Code::SinceNeeded, nouns);
        } else if older.life.since >= newer.life.since {
            let since = older.life.since.map(|month| month.to_string()).unwrap_or_default();
            table.faults.add(
                older.place,
                &table.name("earlier"),
                Code::NotEarlier,
                vec![
                    ("found", since),
                    ("than", newer.life.since.map(|month| month.to_string()).unwrap_or_default()),
                ],
            );
        }
        newer = older;
    }
    found
}
