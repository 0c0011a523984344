//! Which values do the rows of a part tell? They are read a column at a time: a value stands once as long as
//! its text comes again, and of each row is known which one it tells. A row that breaks its contract in one
//! column is read in none behind it.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::ModelError;
use super::candidates::Candidates;
use super::judge::Judge;
use super::judge::Line;
use super::judged::At;
use super::memo::Memo;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::schema::Field;

/// A row that is judged.
pub(super) struct Row {
    pub(super) line: Line,
    pub(super) place: At,
    /// Its key, where it says that this is deleted; nothing else of it is read then.
    pub(super) key: Option<CellRow>,
    /// The column and the reason that quarantine it.
    pub(super) fault: Option<(String, String)>,
}

/// What the rows tell in one of our columns.
pub(super) struct Told {
    pub(super) values: Vec<Cell>,
    /// Which value each row tells.
    pub(super) rows: Vec<Option<IdxSize>>,
}

impl Told {
    fn push(&mut self, value: Option<Cell>) -> Option<IdxSize> {
        let at = IdxSize::try_from(self.values.len()).ok().filter(|_| value.is_some());
        self.values.extend(value);
        self.rows.push(at);
        at
    }

    /// The column, of the rows that stay.
    pub(super) fn column(&self, field: &Field, stays: &[bool]) -> Result<Column, ModelError> {
        let values = table::column(&field.name, field.kind, self.values.iter().map(Some))?;
        let rows = self.rows.iter().zip(stays).filter_map(|(row, stays)| stays.then_some(*row));
        let rows = IdxCa::from_iter_options("_rows".into(), rows);
        if rows.len() == values.len() && rows.null_count() == 0 && rows.len() == stays.len() {
            return Ok(values);
        }
        Ok(values.take(&rows).map_err(FrameError::polars("building a column"))?)
    }
}

impl Judge<'_> {
    /// What the rows tell in each of our columns; a row that breaks its contract says so from then on.
    pub(super) fn told(
        &self,
        candidates: &[Candidates],
        rows: &mut [Row],
        noticed: &mut BTreeMap<(String, String), u64>,
    ) -> Vec<Told> {
        let none = |_| Told { values: Vec::new(), rows: vec![None; rows.len()] };
        let mut all: Vec<Told> = self.schema.fields.iter().map(none).collect();
        for candidate in candidates {
            if let Some(told) = all.get_mut(candidate.field) {
                *told = self.column(candidate, rows, noticed);
            }
        }
        for (field, told) in self.schema.fields.iter().zip(&all) {
            if field.is_required || field.is_expected {
                missing(field, told, rows, noticed);
            }
        }
        all
    }

    fn column(
        &self,
        candidate: &Candidates,
        rows: &mut [Row],
        noticed: &mut BTreeMap<(String, String), u64>,
    ) -> Told {
        let mut told = Told { values: Vec::new(), rows: Vec::with_capacity(rows.len()) };
        let (texts, mut memo) = (candidate.sole(), Memo::default());
        for row in rows {
            if row.fault.is_some() {
                told.rows.push(None);
                continue;
            }
            if let Some(key) = &row.key {
                told.push(key.get(candidate.field).cloned().flatten());
                continue;
            }
            let text = texts.and_then(|texts| texts.get(row.line.at));
            let text = text.map(|text| (text, row.line.day));
            if let Some(known) = text.and_then(|text| memo.known(text)) {
                told.rows.push(Some(known));
                continue;
            }
            let value = self.read(candidate, row.line, noticed).unwrap_or_else(|fault| {
                row.fault = Some(fault);
                None
            });
            // A day may have told its month alone, which is noted of each row.
            let is_day = matches!(value, Some(Cell::Day(_)));
            if let (Some(at), Some(text), false) = (told.push(value), text, is_day) {
                memo.keep(text, at);
            }
        }
        told
    }
}

/// Where a column is empty that a row needs, it breaks its contract; where it is expected, that is noticed.
fn missing(
    field: &Field,
    told: &Told,
    rows: &mut [Row],
    noticed: &mut BTreeMap<(String, String), u64>,
) {
    for (row, told) in rows.iter_mut().zip(&told.rows) {
        if told.is_some() || row.fault.is_some() || row.key.is_some() {
            continue;
        }
        if field.is_required {
            row.fault = Some((field.name.clone(), "missing".to_owned()));
        } else {
            *noticed.entry(("incomplete".to_owned(), field.name.clone())).or_default() += 1;
        }
    }
}
