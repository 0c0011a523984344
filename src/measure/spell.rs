//! Where was the person of a row on a day? The spell that held then, as columns beside the row.

use std::collections::HashMap;

use jiff::civil::Date;
use polars::prelude::*;

use super::MeasureError;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::frame::FrameError;
use crate::frame::table;

/// From and to, the unit, and the row of the table.
type Held = (Option<Date>, Option<Date>, Option<String>, IdxSize);

/// The rows with the columns of `person_spell` as `name.column`; empty where nobody knows the person on
/// that day, and `name.known`: whether anybody knows the person on any day. Of two spells, the one in the
/// row's own unit counts.
pub(super) fn beside(
    frame: DataFrame,
    spells: &DataFrame,
    days: &[Option<Date>],
    name: &str,
) -> Result<DataFrame, MeasureError> {
    let doing = || FrameError::polars(format!("the spells of `{name}`"));
    let held = by_person(spells);
    let rows = table::to_rows(&frame, &["person_id", "unit_id"]);
    let found = rows.iter().zip(days).map(|(row, day)| {
        let (day, unit) = ((*day)?, text_of(row.get(1)));
        let mut holding = held.get(&text_of(row.first())?)?.iter().filter(|(from, to, ..)| {
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| to > day)
        });
        let own = holding.clone().find(|(_, _, other, _)| *other == unit);
        own.or_else(|| holding.next()).map(|(.., at)| *at)
    });
    let found = IdxCa::from_iter_options("_at".into(), found);
    let people = rows.iter().map(|row| text_of(row.first()));
    let known = people.map(|person| Some(person.is_some_and(|person| held.contains_key(&person))));
    let known = BooleanChunked::from_iter_options(format!("{name}.known").into(), known);
    let mut frame = frame;
    frame.with_column(known.into_series().into()).map_err(doing())?;
    for column in spells.columns().iter().filter(|column| !column.name().starts_with('_')) {
        let taken = column.take(&found).map_err(doing())?;
        let named = taken.with_name(format!("{name}.{}", column.name()).into());
        frame.with_column(named).map_err(doing())?;
    }
    Ok(frame)
}

fn by_person(spells: &DataFrame) -> HashMap<String, Vec<Held>> {
    let mut held: HashMap<String, Vec<Held>> = HashMap::new();
    let rows = table::to_rows(spells, &["person_id", "from", "to", "unit_id"]);
    for (at, row) in (0..).zip(&rows) {
        let Some(person) = text_of(row.first()) else { continue };
        held.entry(person).or_default().push((
            day_of(row.get(1)),
            day_of(row.get(2)),
            text_of(row.get(3)),
            at,
        ));
    }
    held
}
