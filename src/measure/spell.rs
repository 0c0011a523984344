//! Where was the person of a row on a day? The spell that held then, as columns beside the row.

use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use crate::base::cell::day_of;
use crate::frame::FrameError;
use crate::frame::table;

/// From and to, the unit, and the row of the table.
type Held<'t> = (Option<Date>, Option<Date>, Option<&'t str>, IdxSize);

/// The rows with those columns of `person_spell` as `name.column` that are looked at; empty where nobody knows
/// the person on that day, and `name.known`: whether anybody knows the person on any day. Of two spells, the
/// one in the row's own unit counts.
pub(super) fn beside(
    frame: DataFrame,
    spells: &DataFrame,
    days: &[Option<Date>],
    (name, looked_at): (&str, &BTreeSet<String>),
) -> Result<DataFrame, MeasureError> {
    let doing = || FrameError::polars(format!("the spells of `{name}`"));
    let [of_spells, at_spells] = people(spells).map_err(doing())?;
    let held = by_person(spells, of_spells.iter().zip(at_spells.iter()));
    let [people, units] = people(&frame).map_err(doing())?;
    let spells_of: Vec<_> = people.iter().map(|person| held.get(person?)).collect();
    let found = spells_of.iter().zip(units.iter()).zip(days).map(|((spells, unit), day)| {
        let day = (*day)?;
        let mut holding = (*spells)?.iter().filter(|(from, to, ..)| {
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| to > day)
        });
        let own = holding.clone().find(|(_, _, other, _)| *other == unit);
        own.or_else(|| holding.next()).map(|(.., at)| *at)
    });
    let found = IdxCa::from_iter_options("_at".into(), found);
    let known = spells_of.iter().map(|spells| Some(spells.is_some()));
    let known = BooleanChunked::from_iter_options(format!("{name}.known").into(), known);
    let mut frame = frame;
    frame.with_column(known.into_series().into()).map_err(doing())?;
    for column in spells.columns() {
        let named = format!("{name}.{}", column.name());
        if looked_at.contains(&named) {
            let taken = column.take(&found).map_err(doing())?;
            frame.with_column(taken.with_name(named.into())).map_err(doing())?;
        }
    }
    Ok(frame)
}

/// Whom rows are of, and where; nobody and nowhere in a table that does not tell it.
fn people(table: &DataFrame) -> PolarsResult<[StringChunked; 2]> {
    let texts = |name: &str| match table.column(name) {
        Ok(column) => column.cast(&DataType::String)?.str().cloned(),
        Err(_) => Ok(StringChunked::full_null(name.into(), table.height())),
    };
    Ok([texts("person_id")?, texts("unit_id")?])
}

fn by_person<'t>(
    spells: &DataFrame,
    of: impl Iterator<Item = (Option<&'t str>, Option<&'t str>)>,
) -> HashMap<&'t str, Vec<Held<'t>>> {
    let mut held: HashMap<&str, Vec<Held<'_>>> = HashMap::new();
    let rows = table::to_rows(spells, &["from", "to"]);
    for ((at, row), (person, unit)) in (0..).zip(&rows).zip(of) {
        let Some(person) = person else { continue };
        held.entry(person).or_default().push((day_of(row.first()), day_of(row.get(1)), unit, at));
    }
    held
}
