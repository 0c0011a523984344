//! What are units compared with in a year? What a release says of the year before, as `pipelines/reference/<year>.csv` will
//! hold it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::cells::exact;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::base::period::Period;
use crate::frame::parquet;
use crate::frame::table;
use crate::measure::units::members;
use crate::score::frozen;
use crate::score::frozen::Figure;
use crate::score::frozen::Figures;
use crate::score::frozen::Line;
use crate::score::frozen::Question;
use crate::spec::catalog::Catalog;

/// The lines for everything that a home asks, and the questions to which the year has no answer.
///
/// # Errors
/// A release that can't be read.
pub fn reference(
    catalog: &Catalog,
    release: &Path,
    year: Period,
) -> anyhow::Result<(Vec<Line>, Vec<Question>)> {
    let units = parquet::read(&release.join("units.parquet")).context("reading the units")?;
    let members = members(Some(&units), year.last().last());
    let asked = frozen::asked(catalog, &members);
    let lines = frozen::lines(&asked, &figures(release, year)?, &members);
    let answered: BTreeSet<(&str, &str)> =
        lines.iter().map(|(category, metric, ..)| (category.as_str(), metric.as_str())).collect();
    let is_open = |(category, metric, _): &Question| {
        !answered.contains(&(category.as_str(), metric.as_str()))
    };
    let open = asked.iter().filter(|question| is_open(question)).cloned().collect();
    Ok((lines, open))
}

/// What the release tells of whole units in that year, and of categories.
fn figures(release: &Path, year: Period) -> anyhow::Result<Figures> {
    let told = |level: &str| {
        let texts = [("level", level), ("period", &year.to_string())];
        let told = parquet::read_where(&release.join("metrics.parquet"), &texts);
        told.context("reading what was told")
    };
    let names = ["metric", "unit_id", "section_id", "dim", "value", "numerator", "denominator"];
    let mut figures = Figures::default();
    for row in table::to_rows(&told("unit")?, &names) {
        if let (Some((metric, unit)), Some(value)) = (whole(&row), exact(row.get(4))) {
            let figure = Figure { value, parts: exact(row.get(5)).zip(exact(row.get(6))) };
            figures.units.entry(metric).or_default().insert(unit, figure);
        }
    }
    for row in table::to_rows(&told("category")?, &["metric", "dim_value", "value"]) {
        let names = text_of(row.first()).zip(text_of(row.get(1)));
        if let (Some((metric, category)), Some(value)) = (names, exact(row.get(2))) {
            figures.categories.entry(metric).or_default().insert(category, value);
        }
    }
    Ok(figures)
}

/// The metric and the unit of a row that is of neither a section nor a part.
fn whole(row: &CellRow) -> Option<(String, String)> {
    let is_part = [2, 3].iter().any(|at| matches!(row.get(*at), Some(Some(_))));
    Some((text_of(row.first())?, text_of(row.get(1))?)).filter(|_| !is_part)
}
