//! Does a row keep its contract? Texts become values; a row that breaks the contract is quarantined
//! with the column, the reason and its place, and never with its payload.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::*;

use super::ModelError;
use super::candidates::Candidates;
use super::cast::agree;
use super::cast::allowed;
use super::judged::At;
pub use super::judged::Judged;
pub use super::judged::Kept;
pub use super::judged::Quarantined;
use super::reshape::reshaped;
use super::slot;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::day::tells_no_day;
use crate::base::text::clean;
use crate::base::text::quoted;
use crate::frame::FrameError;
use crate::frame::expr;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::spec::codes::CodeTable;
use crate::spec::connector::Column as Mapped;
use crate::spec::connector::Pick;
use crate::spec::connector::Stream;
use crate::spec::reader::Found;
use crate::spec::schema::Field;
use crate::spec::schema::Schema;
use crate::spec::sql::Expr;

/// What a stream is judged by.
#[derive(Debug)]
pub struct Judge<'c> {
    /// The stream.
    pub stream: &'c Stream,
    /// Its contract.
    pub schema: &'c Schema,
    /// The code tables.
    pub codes: &'c BTreeMap<String, CodeTable>,
    /// What a time without an offset means there.
    pub zone: TimeZone,
    /// What days mean here.
    pub days: Days,
    /// The night, whose day it is where a row ends on none.
    pub night: Date,
}

/// The first day on which what a row tells of no longer is.
const ENDS: &str = "valid_to";

/// Why a cell has no value.
type Reason = String;

/// A row of a part, and its own day where the meaning of a text hangs on it.
#[derive(Clone, Copy)]
struct Line {
    at: usize,
    day: Option<Date>,
}

impl Judge<'_> {
    /// Judges one part of a slice of the past; before those of the night, which are newer.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn past(&self, part: &DataFrame, judged: &mut Judged) -> Result<(), ModelError> {
        let before = judged.kept.len();
        self.part(part, judged)?;
        judged.kept.iter_mut().skip(before).for_each(|kept| kept.is_past = true);
        Ok(())
    }

    /// Judges one part of a landing.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn part(&self, part: &DataFrame, judged: &mut Judged) -> Result<(), ModelError> {
        let part = reshaped(part, self.stream, judged)?;
        let filtered = self.filtered(&part)?;
        let deleted = self.claims(&part, self.stream.deleted.as_ref())?;
        let candidates = self.candidates(&part)?;
        let time = self.time(&candidates);
        let (mut kept, mut codes) = (Vec::new(), BTreeMap::new());
        for (at, place) in At::of(&part).enumerate() {
            judged.corrected.extend(place.corrected());
            if filtered.get(at).copied().unwrap_or(false) {
                judged.filtered += 1;
                continue;
            }
            let line = Line { at, day: time.and_then(|time| self.day(time, at)) };
            let is_deleted = deleted.get(at).copied().unwrap_or(false);
            let read = if place.is_malformed {
                Err((String::new(), "malformed".to_owned()))
            } else if is_deleted {
                self.key(&candidates, line)
            } else {
                self.row(&candidates, line, &mut judged.noticed)
            };
            let read = read.and_then(|cells| self.formed(cells, &place, (judged, &mut codes)));
            let At { source, row, is_malformed, corrects } = place;
            match read {
                Ok(cells) => {
                    kept.push(Kept { cells, source, row, is_deleted, corrects, is_past: false });
                }
                Err((column, reason)) => {
                    let source = source.to_string();
                    let key = (!is_malformed).then(|| self.key(&candidates, line).ok()).flatten();
                    let slot = (!is_malformed).then(|| self.slot(&candidates, line)).flatten();
                    judged.spared.extend(key.filter(|_| corrects.is_none()));
                    let held = Quarantined { source, row, column, reason, slot, corrects };
                    judged.quarantined.push(held);
                }
            }
        }
        self.checked(kept, judged)
    }

    fn filtered(&self, part: &DataFrame) -> Result<Vec<bool>, ModelError> {
        let marked = match part.column("_filtered") {
            Ok(column) => table::cells(column).iter().map(Option::is_some).collect(),
            Err(_) => vec![false; part.height()],
        };
        if self.stream.keep.is_none() {
            return Ok(marked);
        }
        let kept = self.claims(part, self.stream.keep.as_ref())?;
        Ok(marked.iter().zip(kept).map(|(marked, keep)| *marked || !keep).collect())
    }

    /// For which rows a claim of the manifest is true; none where it makes no claim.
    fn claims(
        &self,
        part: &DataFrame,
        claim: Option<&(Found<String>, Expr)>,
    ) -> Result<Vec<bool>, ModelError> {
        let Some((text, tree)) = claim else { return Ok(Vec::new()) };
        let claims = table::cells(&self.evaluated(part, tree, &text.key)?);
        Ok(claims.into_iter().map(|claim| claim == Some(Cell::Flag(true))).collect())
    }

    pub(super) fn evaluated(
        &self,
        part: &DataFrame,
        tree: &Expr,
        key: &str,
    ) -> Result<Column, ModelError> {
        let doing = || FrameError::polars(format!("evaluating `{key}`"));
        let built = expr::row(tree, &self.days).map_err(doing())?.alias("_value");
        let frame = part.clone().lazy().select([built]).collect().map_err(doing())?;
        let column = frame.column("_value").map_err(doing())?.clone();
        Ok(if column.len() == part.height() {
            column
        } else {
            column.new_from_index(0, part.height())
        })
    }

    /// The column of the row's own day, where spellings hold on some days only; of what is valid from and
    /// to, the column of its end.
    fn time<'r>(&self, candidates: &'r [Candidates]) -> Option<&'r Candidates> {
        let coded = self.schema.fields.iter().filter_map(|field| field.codes.as_ref());
        let mut tables = coded.filter_map(|name| self.codes.get(&name.value));
        let time = self.schema.time.as_deref().unwrap_or(ENDS);
        let time = Some(time).filter(|_| tables.any(CodeTable::is_dated))?;
        let place = self.schema.fields.iter().position(|field| field.name == *time)?;
        candidates.iter().find(|candidate| candidate.field == place)
    }

    /// The day of a row by that column: of what is valid from and to the last day, which of what still is
    /// is the night's.
    fn day(&self, time: &Candidates, at: usize) -> Option<Date> {
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

    /// The values of one row, or the column and the reason that quarantine it.
    fn row(
        &self,
        candidates: &[Candidates],
        line: Line,
        noticed: &mut BTreeMap<(String, String), u64>,
    ) -> Result<CellRow, (String, Reason)> {
        let mut cells: CellRow = vec![None; self.schema.fields.len()];
        for candidate in candidates {
            let value = self.read(candidate, line, noticed)?;
            if let Some(cell) = cells.get_mut(candidate.field) {
                *cell = value;
            }
        }
        for (field, cell) in self.schema.fields.iter().zip(&cells) {
            if cell.is_none() && field.is_required {
                return Err((field.name.clone(), "missing".to_owned()));
            }
            if cell.is_none() && field.is_expected {
                *noticed.entry(("incomplete".to_owned(), field.name.clone())).or_default() += 1;
            }
        }
        Ok(cells)
    }

    /// The key of one row and the source's own time, and nothing else of it.
    fn key(&self, candidates: &[Candidates], line: Line) -> Result<CellRow, (String, Reason)> {
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
    fn slot(&self, candidates: &[Candidates], line: Line) -> Option<String> {
        let columns = slot::columns(&self.stream.write, self.schema);
        let mut cells: CellRow = vec![None; self.schema.fields.len()];
        for place in &columns {
            let candidate = candidates.iter().find(|candidate| candidate.field == *place)?;
            *cells.get_mut(*place)? = self.read(candidate, line, &mut BTreeMap::new()).ok()?;
        }
        Some(slot::of(&cells, &columns))
    }

    /// The value of one of our columns, or the column and the reason that quarantine its row.
    fn read(
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
        let (sole, at) = (candidate.sole(), (line.at, line.day));
        if let Some(known) = sole.and_then(|texts| candidate.memo.borrow_mut().known(texts, at)) {
            return Ok(Some(known));
        }
        let fault = |reason: Reason| (field.name.clone(), reason);
        if let Some(reason) = candidate.faults.as_ref().and_then(|faults| faults.get(line.at)) {
            return Err(fault(format!("id_{reason}")));
        }
        let value = self.value(field, mapped, candidate, line, noticed).map_err(fault)?;
        if let Some(value) = &value {
            allowed(field, value).map_err(|reason| fault(reason.to_owned()))?;
        }
        if let (Some(texts), Some(value)) = (sole, &value) {
            candidate.memo.borrow_mut().keep(texts, at, value);
        }
        Ok(value)
    }

    #[expect(clippy::too_many_arguments, reason = "a cell is known by its field, line and row")]
    fn value(
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
            if picked.is_none()
                && matches!(cell, Cell::Day(_) | Cell::Instant(_))
                && tells_no_day(&clean(text))
            {
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

    /// The row checks of the manifest, over our typed columns.
    fn checked(&self, kept: Vec<Kept>, judged: &mut Judged) -> Result<(), ModelError> {
        if self.stream.checks.is_empty() || kept.is_empty() {
            judged.kept.extend(kept);
            return Ok(());
        }
        let mut asked = BTreeSet::new();
        for check in &self.stream.checks {
            check.expr.each_column(&mut |name| asked.extend([name.to_owned()]));
        }
        let fields = self.schema.fields.iter().enumerate();
        let columns = fields.filter(|(_, field)| asked.contains(&field.name)).map(|(at, field)| {
            let cells = kept.iter().map(|row| row.cells.get(at).and_then(Option::as_ref));
            table::column(&field.name, field.kind, cells)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let typed = DataFrame::new(kept.len(), columns)
            .map_err(FrameError::polars("building what is checked"))?;
        let mut failed: HashMap<usize, &str> = HashMap::new();
        // Backwards, so that the first check that fails is the reason.
        for check in self.stream.checks.iter().rev() {
            let claims = table::cells(&self.evaluated(&typed, &check.expr, &check.sql.key)?);
            let is_broken = |at: &usize| claims.get(*at) == Some(&Some(Cell::Flag(false)));
            let counts = |at: &usize| kept.get(*at).is_some_and(|row| !row.is_deleted);
            let broken: Vec<usize> = (0..kept.len()).filter(is_broken).filter(counts).collect();
            if check.is_warning && !broken.is_empty() {
                let subject = ("check".to_owned(), check.name.clone());
                *judged.noticed.entry(subject).or_default() += broken.len() as u64;
            } else {
                failed.extend(broken.into_iter().map(|at| (at, check.name.as_str())));
            }
        }
        for (at, row) in kept.into_iter().enumerate() {
            let Some(reason) = failed.get(&at) else {
                judged.kept.push(row);
                continue;
            };
            judged.quarantined.push(Quarantined {
                source: row.source.to_string(),
                row: row.row,
                column: String::new(),
                reason: (*reason).to_owned(),
                slot: Some(slot::of(&row.cells, &slot::columns(&self.stream.write, self.schema))),
                corrects: row.corrects.clone(),
            });
            judged.spared.extend(Some(row.cells).filter(|_| row.corrects.is_none()));
        }
        Ok(())
    }
}
