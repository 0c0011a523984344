//! What does one row tell in one of our columns? The value of the first text that is one, or the reason why its row
//! is quarantined.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::candidates::Candidates;
use super::cast::agree;
use super::cast::allowed;
use super::judge::Judge;
use super::judge::Line;
use super::judge::Reason;
use super::slot;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::day::tells_no_day;
use crate::base::text::clean;
use crate::base::text::quoted;
use crate::spec::codes::CodeTable;
use crate::spec::connector::Column as Mapped;
use crate::spec::connector::Pick;
use crate::spec::schema::Field;

/// The first day on which what a row tells of no longer is.
const ENDS: &str = "valid_to";

impl Judge<'_> {
    /// The column of the row's own day, where spellings hold on some days only; of what is valid from and
    /// to, the column of its end.
    pub(super) fn time<'r>(&self, candidates: &'r [Candidates]) -> Option<&'r Candidates> {
        let coded = self.schema.fields.iter().filter_map(|field| field.codes.as_ref());
        let mut tables = coded.filter_map(|name| self.codes.get(&name.value));
        let time = self.schema.time.as_deref().unwrap_or(ENDS);
        let time = Some(time).filter(|_| tables.any(CodeTable::is_dated))?;
        let place = self.schema.fields.iter().position(|field| field.name == *time)?;
        candidates.iter().find(|candidate| candidate.field == place)
    }

    /// The day of a row by that column: of what is valid from and to the last day, which of what still is
    /// is the night's.
    pub(super) fn day(&self, time: &Candidates, at: usize) -> Option<Date> {
        let line = Line { at, day: None };
        let day = match self.read(time, line, &mut BTreeMap::new()).ok()? {
            Some(Cell::Day(day)) => Some(day),
            Some(Cell::Instant(instant)) => Some(self.zone.to_datetime(instant).date()),
            _ => None,
        };
        match (&self.schema.time, day) {
            (Some(_), day) => day,
            (None, Some(end)) => end.yesterday().ok().map(|last| last.min(self.night)),
            (None, None) => Some(self.night),
        }
    }

    /// The key of one row and the source's own time, and nothing else of it.
    pub(super) fn key(
        &self,
        candidates: &[Candidates],
        line: Line,
    ) -> Result<CellRow, (String, Reason)> {
        let mut cells: CellRow = vec![None; self.schema.fields.len()];
        for (place, field) in self.schema.fields.iter().enumerate() {
            let is_key = self.schema.primary_key.contains(&field.name);
            if !is_key && field.name != "updated_at" {
                continue;
            }
            let candidate = candidates.iter().find(|candidate| candidate.field == place);
            let read = candidate.map(|candidate| self.read(candidate, line, &mut BTreeMap::new()));
            let value = match read.transpose() {
                Ok(value) => value.flatten(),
                Err(fault) if is_key => return Err(fault),
                Err(_) => None,
            };
            if value.is_none() && is_key {
                return Err((field.name.clone(), "missing".to_owned()));
            }
            if let Some(cell) = cells.get_mut(place) {
                *cell = value;
            }
        }
        Ok(cells)
    }

    /// What a later delivery brings in the place of a row in order that is held back.
    pub(super) fn slot(&self, candidates: &[Candidates], line: Line) -> Option<String> {
        let columns = slot::columns(&self.stream.write, self.schema);
        self.slot_cells(candidates, line, &columns).map(|cells| slot::of(&cells, &columns))
    }

    /// The slot of a snapshot that has no rows; none where a column of it is not known.
    pub(super) fn emptied(&self, candidates: &[Candidates], line: Line) -> Option<String> {
        let columns = slot::columns(&self.stream.write, self.schema);
        let cells = self.slot_cells(candidates, line, &columns)?;
        let is_known = |at: &usize| cells.get(*at).is_some_and(Option::is_some);
        columns.iter().all(is_known).then(|| slot::of(&cells, &columns))
    }

    fn slot_cells(
        &self,
        candidates: &[Candidates],
        line: Line,
        columns: &[usize],
    ) -> Option<CellRow> {
        let mut cells: CellRow = vec![None; self.schema.fields.len()];
        for place in columns {
            let candidate = candidates.iter().find(|candidate| candidate.field == *place)?;
            *cells.get_mut(*place)? = self.read(candidate, line, &mut BTreeMap::new()).ok()?;
        }
        Some(cells)
    }

    /// The value of one of our columns, or the column and the reason that quarantine its row.
    pub(super) fn read(
        &self,
        candidate: &Candidates,
        line: Line,
        noticed: &mut BTreeMap<(String, String), u64>,
    ) -> Result<Option<Cell>, (String, Reason)> {
        let (Some(field), Some(mapped)) =
            (self.schema.fields.get(candidate.field), self.stream.columns.get(candidate.mapped))
        else {
            return Ok(None);
        };
        let fault = |reason: Reason| (field.name.clone(), reason);
        if let Some(reason) = candidate.faults.as_ref().and_then(|faults| faults.get(line.at)) {
            return Err(fault(format!("id_{reason}")));
        }
        let value = self.value(field, mapped, candidate, line, noticed).map_err(fault)?;
        if let Some(value) = &value {
            allowed(field, value).map_err(|reason| fault(reason.to_owned()))?;
        }
        Ok(value)
    }

    #[expect(clippy::too_many_arguments, reason = "a cell is known by its field, line and row")]
    pub(super) fn value(
        &self,
        field: &Field,
        mapped: &Mapped,
        candidate: &Candidates,
        line: Line,
        noticed: &mut BTreeMap<(String, String), u64>,
    ) -> Result<Option<Cell>, Reason> {
        let texts = candidate.texts.iter().filter_map(|texts| texts.get(line.at));
        let mut picked: Option<Cell> = None;
        for text in texts {
            let cell = match self.cell(field, mapped, text, line.day) {
                Ok(cell) => cell,
                Err(unknown) if unknown.starts_with("unknown_value") && !field.is_required => {
                    let subject = format!("{}={}", field.name, quoted(text));
                    *noticed.entry(("unmapped".to_owned(), subject)).or_default() += 1;
                    None
                }
                Err(reason) => return Err(reason),
            };
            let Some(cell) = cell else { continue };
            if picked.is_none() && matches!(cell, Cell::Day(_)) && tells_no_day(&clean(text)) {
                let subject = ("month_only".to_owned(), field.name.clone());
                *noticed.entry(subject).or_default() += 1;
            }
            match (&picked, mapped.pick) {
                (None, _) => picked = Some(cell),
                (Some(_), Pick::First) => break,
                (Some(first), Pick::FirstCompared) if !agree(first, &cell, text) => {
                    let subject = ("disagrees".to_owned(), field.name.clone());
                    *noticed.entry(subject).or_default() += 1;
                }
                (Some(largest), Pick::Latest) if cell > *largest => picked = Some(cell),
                (Some(_), Pick::FirstCompared | Pick::Latest) => {}
            }
        }
        Ok(picked)
    }
}
