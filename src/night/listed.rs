//! Which days and codes does the home itself list? The warehouse and a release tell both, for no system sends them.

use super::cells;
use super::cells::schema;
use super::cells::text;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::base::period::PeriodKind;
use crate::spec::catalog::Catalog;

/// Every day of the years whose working days are listed.
pub(super) fn days(catalog: &Catalog) -> anyhow::Result<Vec<CellRow>> {
    let schema = schema(catalog, "calendar_day")?;
    let days = catalog.calendar.days();
    Ok(cells::rows(schema, days.iter(), |day, name| {
        let month = Month::of(day.date);
        match name {
            "date" => Some(Cell::Day(day.date)),
            "year" => Some(Cell::Whole(i64::from(day.date.year()))),
            "quarter" => text(&Period::of(PeriodKind::Quarter, month).to_string()),
            "month" => text(&month.to_string()),
            "weekday" => Some(Cell::Whole(i64::from(day.date.weekday().to_monday_one_offset()))),
            "is_workday" => Some(Cell::Flag(day.is_workday)),
            "name" => text(day.name.as_deref()?),
            _ => None,
        }
    }))
}

/// What the codes of columns are called: a contract lists them, and its description says `code name` of each.
pub(super) fn codes(catalog: &Catalog) -> anyhow::Result<Vec<CellRow>> {
    let fields = catalog
        .schemas
        .values()
        .flat_map(|schema| schema.fields.iter().map(move |field| (schema.name.as_str(), field)));
    let codes = fields.flat_map(|(table, field)| {
        field.limits.choices.iter().map(move |code| (table, field, code))
    });
    let codes: Vec<_> = codes.collect();
    Ok(cells::rows(
        schema(catalog, "code")?,
        codes.iter(),
        |(table, field, code), name| match name {
            "table" => text(table),
            "column" => text(&field.name),
            "code" => text(code),
            "label" => text(label(&field.means, code).unwrap_or(code)),
            _ => None,
        },
    ))
}

fn label<'m>(means: &'m str, code: &str) -> Option<&'m str> {
    let parts = means.split(['·', ';', ':']);
    let mut named = parts.filter_map(|part| part.trim().strip_prefix(code)?.strip_prefix(' '));
    named.next().map(|name| name.split(',').next().unwrap_or(name).trim())
}
