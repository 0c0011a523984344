//! What do units report of themselves, beside what is published? Every figure of `self_report` with the value of
//! its metric – of a closed period the one that was closed – and what the two come to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::civil::Date;

use super::cells;
use super::cells::exact;
use super::cells::text;
use super::stream::Noticed;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::publish::closed::Closed;
use crate::reconcile;
use crate::reconcile::Compared;
use crate::reconcile::Ours;
use crate::reconcile::Report;
use crate::reconcile::Verdict;
use crate::reconcile::scale::Scale;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::schema::Schema;

/// The table, and its file in a release.
pub(super) const TABLE: &str = "reconciliation";

/// Decimals of an exact value in a table, and of a number as it was written.
const PLACES: u8 = 12;
const WRITTEN: u8 = 6;

/// What a table can tell of a fraction: one with more below the line is compared as it is told.
const FINEST: i128 = 10_i128.pow(12);

/// A figure that a unit reported, beside ours.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The unit.
    pub unit_id: String,
    /// The period.
    pub period: String,
    /// The metric that it reports.
    pub metric: String,
    /// What that is called; empty where nobody knows it.
    pub title: String,
    /// The figure as it was written, with its unit of measurement.
    pub written: String,
    /// Ours as it is shown; empty where there is none.
    pub counted: String,
    /// How far the two are apart, as it is shown.
    pub apart: String,
    /// What it comes to, with both numbers.
    pub compared: Compared,
    number: Exact,
    written_in: String,
    ours: Option<Counted>,
}

/// What a metric is called, and how it is written.
#[derive(Clone, Debug)]
struct Meant {
    title: String,
    measured_in: String,
    decimals: u8,
}

/// Our value of a figure.
#[derive(Clone, Debug)]
struct Counted {
    measured_in: String,
    value: Option<Exact>,
    numerator: Option<Exact>,
    denominator: Option<Exact>,
    status: String,
    is_stale: bool,
}

/// Every reported figure, in the order of units, periods and metrics.
pub(super) fn figures(
    catalog: &Catalog,
    reports: Option<&DataFrame>,
    (values, closed): (&[Told<'_>], &[Closed]),
) -> Vec<Figure> {
    let Some(reports) = reports else { return Vec::new() };
    let columns = ["unit_id", "period", "metric", "value", "written", "measured_in"];
    let rows: Vec<Row> = table::to_rows(reports, &columns).iter().filter_map(row).collect();
    let asked: BTreeSet<&str> = rows.iter().map(|row| row.metric.as_str()).collect();
    let mut meant: HashMap<&str, Meant> = HashMap::new();
    for metric in catalog.metrics().filter(|metric| asked.contains(metric.name.as_str())) {
        let (title, measured_in) = (metric.title.clone(), metric.measured_in.clone());
        meant.insert(&metric.name, Meant { title, measured_in, decimals: metric.decimals });
    }
    let mut told: HashMap<(&str, &str, String), &Told<'_>> = HashMap::new();
    let of_units = values.iter().filter(|told| told.place.1.is_none() && told.part.is_none());
    for one in of_units.filter(|told| asked.contains(told.metric.name.as_str())) {
        let key = (one.metric.name.as_str(), one.place.0.as_str(), one.period.to_string());
        told.insert(key, one);
    }
    let closed: BTreeMap<&str, Published> =
        closed.iter().map(|of| (of.period.as_str(), published(of, &asked))).collect();
    let figure = |row: Row| {
        if let Some(published) = closed.get(row.period.as_str()) {
            let of_unit = published.get(&(row.metric.clone(), row.unit_id.clone())).cloned();
            let (meant, counted) = match of_unit {
                Some((meant, counted)) => (Some(meant), Some(counted)),
                None => (meant.get(row.metric.as_str()).cloned(), None),
            };
            return figure(&row, meant, counted);
        }
        let key = (row.metric.as_str(), row.unit_id.as_str(), row.period.clone());
        let meant = meant.get(row.metric.as_str()).cloned();
        let counted = meant.as_ref().zip(told.get(&key)).map(|(meant, told)| Counted {
            measured_in: meant.measured_in.clone(),
            value: told.value.map(fine),
            numerator: told.numerator,
            denominator: told.denominator,
            status: told.status.name().to_owned(),
            is_stale: told.is_stale,
        });
        figure(&row, meant, counted)
    };
    let mut figures: Vec<Figure> = rows.into_iter().map(figure).collect();
    figures.sort_by(|one, other| {
        let key = |of: &Figure| (of.unit_id.clone(), of.period.clone(), of.metric.clone());
        key(one).cmp(&key(other))
    });
    figures
}

/// What was closed of whole units, by metric and unit.
type Published = BTreeMap<(String, String), (Meant, Counted)>;

fn published(closed: &Closed, asked: &BTreeSet<&str>) -> Published {
    let version = |row: &CellRow| Some((text_of(row.first())?, row.get(1)?.clone()?.written()));
    let names = ["metric", "version", "title", "measured_in", "decimals"];
    let meant = table::to_rows(&closed.said.definitions, &names).into_iter().filter_map(|row| {
        let Some(Some(Cell::Whole(decimals))) = row.get(4) else { return None };
        let decimals = u8::try_from(*decimals).ok()?;
        let (title, measured_in) = (text_of(row.get(2))?, text_of(row.get(3))?);
        Some((version(&row)?, Meant { title, measured_in, decimals }))
    });
    let meant: BTreeMap<(String, String), Meant> = meant.collect();
    let names = [
        "metric",
        "version",
        "unit_id",
        "section_id",
        "dim",
        "value",
        "numerator",
        "denominator",
        "status",
        "stale",
    ];
    let value = |row: CellRow| {
        let is_whole = row.get(3..5).is_some_and(|of| of.iter().all(Option::is_none));
        let (key, unit) = (version(&row)?, text_of(row.get(2))?);
        let meant = meant.get(&key).filter(|_| is_whole && asked.contains(key.0.as_str()))?;
        let counted = Counted {
            measured_in: meant.measured_in.clone(),
            value: exact(row.get(5)),
            numerator: exact(row.get(6)),
            denominator: exact(row.get(7)),
            status: text_of(row.get(8))?,
            is_stale: row.get(9) == Some(&Some(Cell::Flag(true))),
        };
        Some(((key.0, unit), (meant.clone(), counted)))
    };
    table::to_rows(&closed.said.metrics, &names).into_iter().filter_map(value).collect()
}

struct Row {
    unit_id: String,
    period: String,
    metric: String,
    number: Exact,
    written_in: String,
}

/// A row of `self_report`. What was converted as it was read, and kept in no other way, is in our unit.
fn row(cells: &CellRow) -> Option<Row> {
    let [unit_id, period, metric] = [0, 1, 2].map(|at| text_of(cells.get(at)));
    let written = exact(cells.get(4));
    Some(Row {
        unit_id: unit_id?,
        period: period?,
        metric: metric?,
        written_in: match written {
            Some(_) => text_of(cells.get(5)).unwrap_or_default(),
            None => String::new(),
        },
        number: written.or_else(|| exact(cells.get(3)))?,
    })
}

fn figure(row: &Row, meant: Option<Meant>, counted: Option<Counted>) -> Figure {
    let counted = meant.as_ref().map(|meant| {
        counted.unwrap_or_else(|| Counted {
            measured_in: meant.measured_in.clone(),
            value: None,
            numerator: None,
            denominator: None,
            status: "no_data".to_owned(),
            is_stale: false,
        })
    });
    let ours = meant.as_ref().zip(counted.as_ref()).map(|(meant, counted)| Ours {
        title: &meant.title,
        value: counted.value,
        denominator: counted.denominator.map(fine),
        measured_in: &meant.measured_in,
        decimals: meant.decimals,
        status: &counted.status,
    });
    let report = Report { number: row.number, measured_in: &row.written_in };
    let compared = reconcile::compare(&row.metric, &report, ours.as_ref());
    let scale = meant.as_ref().and_then(|meant| Scale::read(&meant.measured_in));
    let decimals = meant.as_ref().map_or(0, |meant| meant.decimals);
    let shown = scale.zip(ours.as_ref().and_then(|ours| ours.value)).map(|(scale, value)| {
        let apart = compared.difference.unwrap_or_default();
        (scale.shown(value, decimals), scale.apart(apart, decimals))
    });
    let (counted_text, apart) = shown.unwrap_or_default();
    Figure {
        unit_id: row.unit_id.clone(),
        period: row.period.clone(),
        metric: row.metric.clone(),
        title: meant.map_or(String::new(), |meant| meant.title),
        written: reconcile::written(&report),
        counted: counted_text,
        apart,
        compared,
        number: row.number,
        written_in: row.written_in.clone(),
        ours: counted,
    }
}

/// A value whose fraction a table can tell is exact; any other is what the table tells.
fn fine(value: Exact) -> Exact {
    if *value.denom() <= FINEST { value } else { Exact::new(rounded(value, PLACES), FINEST) }
}

/// How many figures differ, and how many agree only in another unit of measurement, metric by metric.
pub(super) fn noticed(figures: &[Figure]) -> Vec<Noticed> {
    let mut counts: BTreeMap<(Verdict, &str), u64> = BTreeMap::new();
    for figure in figures {
        let verdict = figure.compared.verdict;
        if matches!(verdict, Verdict::Differs | Verdict::UnitOfMeasure | Verdict::UnknownMetric) {
            *counts.entry((verdict, &figure.metric)).or_default() += 1;
        }
    }
    let noticed = |((verdict, metric), rows): ((Verdict, &str), u64)| {
        Noticed::of_table(TABLE, verdict.name(), metric).rows(rows)
    };
    counts.into_iter().map(noticed).collect()
}

/// The rows of the table.
pub(super) fn rows(schema: &Schema, figures: &[Figure], night: Date) -> Vec<CellRow> {
    cells::rows(schema, figures.iter(), |figure, name| match name {
        "night" => Some(Cell::Day(night)),
        _ => cell(figure, name),
    })
}

fn cell(figure: &Figure, column: &str) -> Option<Cell> {
    let compared = &figure.compared;
    let decimal = |number: Option<Exact>| Some(Cell::Decimal(rounded(number?, PLACES), PLACES));
    let ours = figure.ours.as_ref();
    match column {
        "unit_id" => text(&figure.unit_id),
        "period" => text(&figure.period),
        "metric" => text(&figure.metric),
        "title" => text(&figure.title),
        "written" => Some(Cell::Decimal(rounded(figure.number, WRITTEN), WRITTEN)),
        "written_in" => text(&figure.written_in),
        "read_in" => text(&compared.read_in),
        "reported" => decimal(compared.reported),
        "measured_in" => text(&ours?.measured_in),
        "value" => decimal(ours?.value),
        "numerator" => decimal(ours?.numerator),
        "denominator" => decimal(ours?.denominator),
        "status" => text(&ours?.status),
        "difference" => decimal(compared.difference),
        "relative" => decimal(compared.relative),
        "verdict" => text(compared.verdict.name()),
        "sentence" => text(&compared.sentence),
        "stale" => Some(Cell::Flag(ours?.is_stale)),
        _ => None,
    }
}
