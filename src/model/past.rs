//! May a row of the past stand where its key is known? Only if the source itself says that it is as new: it was asked for
//! later, perhaps by a connector that reads more of it. One that was deleted comes back only where it is newer.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use super::keyed::UPDATED;
use super::keyed::key_of;
use super::lines::Line;
use super::lines::When;
use super::pile::Pile;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::pseudonym::print;
use crate::frame::table;

/// What is known of a key.
pub(super) struct Known {
    /// When its source changed it, by its own time.
    updated: When,
    is_deleted: bool,
}

/// Every key that was ever known; nothing where no row is past.
pub(super) fn known(versions: &DataFrame, pile: &Pile<'_>) -> HashMap<u128, Known> {
    if !pile.has_past {
        return HashMap::new();
    }
    let schema = pile.schema;
    let mut names: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
    let places: Vec<usize> = (0..names.len()).collect();
    names.push("_deleted");
    names.extend(schema.fields.iter().map(|f| f.name.as_str()).filter(|name| *name == UPDATED));
    let known = |row: &CellRow| Known {
        updated: row.get(places.len() + 1).and_then(Option::as_ref).into(),
        is_deleted: matches!(row.get(places.len()), Some(Some(Cell::Flag(true)))),
    };
    let rows = table::to_rows(versions, &names).into_iter();
    rows.map(|row| (print(key_of(&row, &places)), known(&row))).collect()
}

/// Whether a row of the past gives way to what is known of its key, if that is known.
pub(super) fn gives_way(line: &Line, known: Option<&Known>) -> bool {
    let Some(Known { updated, is_deleted }) = known.filter(|_| line.is_past) else { return false };
    let is_as_old = line.updated == *updated;
    line.is_deleted
        || *updated == When::Unknown
        || line.updated < *updated
        || is_as_old && *is_deleted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_past_stands_if_it_is_as_new_and_a_deleted_one_if_it_is_newer() {
        let line = |updated: Option<i128>, is_past| Line {
            key: 1,
            hash: 1,
            at: (0, 0),
            updated: updated.map_or(When::Unknown, When::Number),
            is_correction: false,
            is_deleted: false,
            is_past,
        };
        let known = |updated: Option<i128>, is_deleted| Known {
            updated: updated.map_or(When::Unknown, When::Number),
            is_deleted,
        };
        let stands = |came, known: &Known| !gives_way(&line(came, true), Some(known));
        let held_against =
            |known: Known| [Some(4), Some(5), Some(6), None].map(|at| stands(at, &known));
        assert_eq!(held_against(known(Some(5), false)), [false, true, true, false]);
        assert_eq!(held_against(known(Some(5), true)), [false, false, true, false]);
        assert_eq!(held_against(known(None, false)), [false; 4]);
        assert!(!gives_way(&line(Some(4), true), None));
        assert!(!gives_way(&line(Some(4), false), Some(&known(Some(5), false))));
    }
}
