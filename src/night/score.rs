//! What does each unit score? The metrics of the year that is told, by the tree of the unit's category.

use std::collections::BTreeMap;

use jiff::civil::Date;
use num_traits::ToPrimitive as _;

use super::Choice;
use super::cells;
use super::cells::text;
use super::cells::whole;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::decimal_text;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::measure::evaluate::Reason;
use crate::measure::evaluate::Status;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::rounded;
use crate::measure::units::members;
use crate::score;
use crate::score::Line;
use crate::score::PLACES;
use crate::score::Reading;
use crate::score::Readings;
use crate::score::Standing;
use crate::score::State;
use crate::score::UnitScore;
use crate::score::Year;
use crate::spec::catalog::Catalog;
use crate::spec::formula::Exact;
use crate::spec::pipeline::Grain;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// The tables of scores.
pub(super) const TABLES: [&str; 2] = ["score", "score_line"];

/// Scores every unit whose category has a tree, in the order of categories and units.
pub(super) fn scores<'c>(
    catalog: &'c Catalog,
    units: Option<&DataFrame>,
    values: &[Told<'_>],
    as_of: Date,
) -> Vec<UnitScore<'c>> {
    let told = period(as_of);
    let readings = readings(catalog, values, told);
    let (number, is_over) = (as_of.year(), as_of == told.last().last());
    let reference = catalog.references.get(&number);
    let year = Year { year: number, is_over, readings: &readings, reference };
    let members = members(units, as_of);
    let mut scores = Vec::new();
    for tree in &catalog.scoring {
        let members = members.get(&tree.category.value).into_iter().flatten();
        scores.extend(members.map(|unit_id| score::score(tree, unit_id, &year)));
    }
    scores
}

/// The year that a day lies in.
fn period(as_of: Date) -> Period {
    Period::of(PeriodKind::Year, Month::of(as_of))
}

/// What the metrics say of the year, for whole units; a metric that is told of no year, or not yet, is not there.
fn readings(catalog: &Catalog, values: &[Told<'_>], year: Period) -> Readings {
    let told = catalog.metrics().filter(|metric| {
        metric.grain.contains(&Grain::Unit)
            && metric.tells("unit", PeriodKind::Year)
            && metric.has_begun(year.last().last())
    });
    let mut readings: Readings =
        told.map(|metric| (metric.name.clone(), BTreeMap::new())).collect();
    let of_units = |told: &&Told<'_>| told.place.1.is_none() && told.part.is_none();
    let before = before(values.iter().filter(of_units).filter_map(valued), year);
    for told in values.iter().filter(of_units).filter(|told| told.period == year) {
        if let Some(units) = readings.get_mut(&told.metric.name) {
            let before = before.get(&(told.metric.name.as_str(), told.place.0.as_str()));
            units.insert(told.place.0.clone(), reading(told, before.copied()));
        }
    }
    readings
}

/// A metric, a unit, a period, and what the metric is worth there.
type Valued<'v> = ((&'v str, &'v str), Period, Exact);

fn valued<'v>(told: &'v Told<'v>) -> Option<Valued<'v>> {
    let is_told = matches!(told.status, Status::Ok | Status::Few);
    let value = told.value.filter(|_| is_told)?;
    Some(((&told.metric.name, &told.place.0), told.period, value))
}

/// The means of the two years before, where both are told.
fn before<'v>(
    values: impl Iterator<Item = Valued<'v>>,
    year: Period,
) -> BTreeMap<(&'v str, &'v str), Exact> {
    let years = [1, 2].map(|back| Period::of(PeriodKind::Year, year.last().plus(-12 * back)));
    let mut found: BTreeMap<(&str, &str), Vec<Exact>> = BTreeMap::new();
    for (of, _, value) in values.filter(|(_, period, _)| years.contains(period)) {
        found.entry(of).or_default().push(value);
    }
    let both = found.into_iter().filter(|(_, values)| values.len() == years.len());
    both.map(|(of, values)| (of, values.iter().sum::<Exact>() / Exact::from(2))).collect()
}

fn reading(told: &Told<'_>, before: Option<Exact>) -> Reading {
    let standing = match told.status {
        Status::Ok | Status::Few => Standing::Told,
        Status::NoData if told.reason == Some(Reason::ZeroDenominator) => Standing::Nothing,
        Status::NoData => Standing::NoData,
        Status::NotApplicable => Standing::NoSource,
        Status::Withheld => Standing::Withheld,
    };
    Reading {
        standing,
        status: told.status.name(),
        value: told.value,
        numerator: told.numerator,
        denominator: told.denominator,
        base: told.base,
        before,
        is_stale: told.is_stale,
    }
}

/// One of [`TABLES`].
pub(super) fn table(
    schema: &Schema,
    scores: &[UnitScore<'_>],
    choice: Choice,
) -> anyhow::Result<DataFrame> {
    let columns: Vec<(&str, FieldKind)> =
        schema.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    Ok(table::from_rows(&columns, &rows(schema, scores, (choice.night, choice.as_of)))?)
}

/// The rows of one of [`TABLES`].
pub(super) fn rows(
    schema: &Schema,
    scores: &[UnitScore<'_>],
    (night, as_of): (Date, Date),
) -> Vec<CellRow> {
    let told = period(as_of).to_string();
    let shared = |unit: &UnitScore<'_>, name: &str| match name {
        "unit_id" => text(&unit.unit_id),
        "period" => text(&told),
        "as_of" => Some(Cell::Day(as_of)),
        "night" => Some(Cell::Day(night)),
        _ => None,
    };
    if schema.name == "score" {
        return cells::rows(schema, scores.iter(), |unit, name| {
            shared(unit, name).or_else(|| of_unit(unit, name))
        });
    }
    let of = |unit: &UnitScore<'_>| {
        let cell = |line, name: &str| shared(unit, name).or_else(|| of_line(unit, line, name));
        cells::rows(schema, unit.lines.iter(), cell)
    };
    scores.iter().flat_map(of).collect()
}

fn of_unit(unit: &UnitScore<'_>, column: &str) -> Option<Cell> {
    let leaves = |state| whole(unit.count(state).to_u64()?);
    match column {
        "category" => text(&unit.tree.category.value),
        "state" => text(unit.state()),
        "data_score" => Some(decimal(unit.score?, PLACES)),
        "shown" => Some(hundredths(unit.shown()?)),
        "score_low" => Some(decimal(unit.bounds?.0, 2)),
        "score_high" => Some(decimal(unit.bounds?.1, 2)),
        "points_earned" => Some(decimal(unit.earned, PLACES)),
        "points_earned_shown" => Some(hundredths(unit.earned_shown())),
        "points_available" => Some(decimal(unit.available, 2)),
        "points_scored" => Some(decimal(unit.rests_on(), 2)),
        "points_due" => Some(decimal(unit.availability.due, 2)),
        "points_kept" => Some(decimal(unit.availability.kept, 2)),
        "leaves_scored" => leaves(State::Scored),
        "leaves_missing" => leaves(State::Missing),
        "leaves_not_built" => leaves(State::NotBuilt),
        "leaves_not_applicable" => leaves(State::NotApplicable),
        "leaves_withheld" => leaves(State::Withheld),
        "reason" => text(&unit.reason()),
        "stale" => Some(Cell::Flag(unit.lines.iter().any(is_stale))),
        _ => None,
    }
}

fn of_line(unit: &UnitScore<'_>, line: &Line<'_>, column: &str) -> Option<Cell> {
    let reading = line.reading.as_ref();
    match column {
        "leaf" => text(&line.leaf.id.value),
        "area" => text(line.area),
        "group" => text(line.group),
        "title" => text(&line.leaf.title),
        "points" => Some(decimal(line.leaf.points, 2)),
        "rule" => text(&line.text),
        "metric" => text(&line.rule.metric.as_ref()?.value),
        "value" => Some(decimal(reading?.value?, PLACES)),
        "estimate" => Some(decimal(line.estimate?, PLACES)),
        "base" => Some(decimal(reading?.base?, PLACES)),
        "status" => text(reading?.status),
        "state" => text(line.state.name()),
        "reason" => text(&line.reason),
        "available" => Some(decimal(line.available, 2)),
        "moved" => Some(decimal(line.available - line.leaf.points, 2)),
        "earned" => Some(decimal(line.earned, PLACES)),
        "earned_shown" => Some(hundredths(line.earned_shown)),
        "gives" => unit.score.map(|_| hundredths(line.gives_shown)),
        "stale" => Some(Cell::Flag(is_stale(line))),
        _ => None,
    }
}

fn is_stale(line: &Line<'_>) -> bool {
    line.reading.as_ref().is_some_and(|reading| reading.is_stale)
}

fn decimal(number: Exact, places: u8) -> Cell {
    Cell::Decimal(rounded(number, places), places)
}

fn hundredths(number: i128) -> Cell {
    Cell::Text(decimal_text(number, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_mean_of_two_years_and_none_where_one_of_them_is_not_told() {
        let year = |year| Period::of(PeriodKind::Year, Month::new(year, 12).unwrap());
        let quarter = Period::of(PeriodKind::Quarter, Month::new(2024, 6).unwrap());
        let (both, one) = (("cases", "JN0001"), ("cases", "JN0002"));
        let values = [
            (both, year(2022), Exact::from(1000)),
            (both, year(2023), Exact::from(7)),
            (both, quarter, Exact::from(1000)),
            (both, year(2024), Exact::from(10)),
            (both, year(2025), Exact::from(1000)),
            (one, year(2022), Exact::from(3)),
            (one, year(2024), Exact::from(5)),
        ];
        let means = before(values.into_iter(), year(2025));
        assert_eq!(means, BTreeMap::from([(both, Exact::new(17, 2))]));
    }
}
