//! Does a row keep its contract? Texts become values; a row that breaks the contract is quarantined
//! with the column, the reason and its place, and never with its payload.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::ModelError;
use super::judge::Judge;
use super::judge::Line;
use super::judged::At;
use super::judged::Judged;
use super::judged::Kept;
use super::judged::Origin;
use super::judged::Quarantined;
use super::reshape::reshaped;
use super::slot;
use super::told::Row;
use crate::base::batch::FILTERED;
use crate::base::batch::NONE;
use crate::base::cell::Cell;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::reader::Found;
use crate::spec::sql::Expr;

impl Judge<'_> {
    /// Judges one part of a slice of the past; before those of the night, which are newer.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn past(&self, part: &DataFrame, judged: &mut Judged) -> Result<(), ModelError> {
        let (before, left) = (judged.kept.origins.len(), judged.left.len());
        self.part(part, judged)?;
        judged.kept.origins.iter_mut().skip(before).for_each(|origin| origin.is_past = true);
        // What was left out then may be meant by now.
        judged.left.truncate(left);
        Ok(())
    }

    /// Judges one part of a landing.
    ///
    /// # Errors
    /// An expression that polars refuses.
    pub fn part(&self, part: &DataFrame, judged: &mut Judged) -> Result<(), ModelError> {
        let part = reshaped(part, self.stream, judged)?;
        let filtered = self.filtered(&part)?;
        let none = none(&part);
        let deleted = self.claims(&part, self.stream.deleted.as_ref())?;
        let candidates = self.candidates(&part)?;
        let time = self.time(&candidates);
        let mut rows = Vec::with_capacity(part.height());
        for (at, place) in At::of(&part).enumerate() {
            judged.corrected.extend(place.corrected());
            let line = Line { at, day: time.and_then(|time| self.day(time, at)) };
            // Fields in disorder say neither that a row is left out nor whose it is.
            let filtered = filtered.get(at).copied().flatten();
            if let Some(is_left) = filtered.filter(|_| !place.is_malformed) {
                judged.filtered += 1;
                let is_none = none.get(at) == Some(&true);
                judged.emptied.extend(is_none.then(|| self.emptied(&candidates, line)));
                let is_left = is_left && place.corrects.is_none();
                judged.left.extend(is_left.then(|| self.key(&candidates, line).ok()).flatten());
                continue;
            }
            let is_deleted = deleted.get(at).copied().unwrap_or(false);
            let (key, fault) = if place.is_malformed {
                (None, Some((String::new(), "malformed".to_owned())))
            } else if is_deleted {
                self.key(&candidates, line)
                    .map_or_else(|fault| (None, Some(fault)), |key| (Some(key), None))
            } else {
                (None, None)
            };
            rows.push(Row { line, place, key, fault });
        }
        let mut told = self.told(&candidates, &mut rows, &mut judged.noticed);
        self.formed(&mut told, &mut rows, judged);
        let stays: Vec<bool> = rows.iter().map(|row| row.fault.is_none()).collect();
        let columns = self.schema.fields.iter().zip(&told);
        let columns = columns.map(|(field, told)| told.column(field, &stays));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        drop(told);
        let mut origins = Vec::with_capacity(rows.len());
        for row in rows {
            let At { source, row: number, is_malformed, corrects } = row.place;
            let Some((column, reason)) = row.fault else {
                let is_deleted = row.key.is_some();
                origins.push(Origin { source, row: number, is_deleted, corrects, is_past: false });
                continue;
            };
            let source = source.to_string();
            let key = (!is_malformed).then(|| self.key(&candidates, row.line).ok()).flatten();
            let slot = (!is_malformed).then(|| self.slot(&candidates, row.line)).flatten();
            judged.spared.extend(key.filter(|_| corrects.is_none()));
            let held = Quarantined { source, row: number, column, reason, slot, corrects };
            judged.quarantined.push(held);
        }
        let doing = FrameError::polars("building what was judged");
        let values = DataFrame::new(origins.len(), columns).map_err(doing)?;
        self.checked(Kept { values, origins }, judged)
    }

    /// Which rows are filtered, and of these which leave: what the manifest says of them is false, and not only unknown.
    fn filtered(&self, part: &DataFrame) -> Result<Vec<Option<bool>>, ModelError> {
        let mut filtered = match part.column(FILTERED) {
            Ok(column) => {
                table::cells(column).iter().map(|mark| mark.as_ref().map(|_| false)).collect()
            }
            Err(_) => vec![None; part.height()],
        };
        if let Some((text, tree)) = &self.stream.keep {
            let claims = table::cells(&self.evaluated(part, tree, text)?);
            let may_leave = !matches!(self.stream.write, Write::Append);
            for (filtered, claim) in filtered.iter_mut().zip(claims) {
                *filtered = match claim {
                    Some(Cell::Flag(true)) => *filtered,
                    Some(Cell::Flag(false)) => filtered.or(Some(may_leave)),
                    _ => filtered.or(Some(false)),
                };
            }
        }
        Ok(filtered)
    }

    /// For which rows a claim of the manifest is true; none where it makes no claim.
    fn claims(
        &self,
        part: &DataFrame,
        claim: Option<&(Found<String>, Expr)>,
    ) -> Result<Vec<bool>, ModelError> {
        let Some((text, tree)) = claim else { return Ok(Vec::new()) };
        let claims = table::cells(&self.evaluated(part, tree, text)?);
        Ok(claims.into_iter().map(|claim| claim == Some(Cell::Flag(true))).collect())
    }

    /// The row checks of the manifest, over our typed columns.
    fn checked(&self, kept: Kept, judged: &mut Judged) -> Result<(), ModelError> {
        let Kept { values, origins } = &kept;
        let mut failed: BTreeMap<usize, &str> = BTreeMap::new();
        // Backwards, so that the first check that fails is the reason.
        for check in self.stream.checks.iter().rev().filter(|_| !origins.is_empty()) {
            let claims = table::cells(&self.evaluated(values, &check.expr, &check.sql)?);
            let is_broken = |at: &usize| claims.get(*at) == Some(&Some(Cell::Flag(false)));
            let counts = |at: &usize| origins.get(*at).is_some_and(|origin| !origin.is_deleted);
            let broken: Vec<usize> = (0..origins.len()).filter(is_broken).filter(counts).collect();
            if check.is_warning && !broken.is_empty() {
                let subject = ("check".to_owned(), check.name.clone());
                *judged.noticed.entry(subject).or_default() += broken.len() as u64;
            } else {
                failed.extend(broken.into_iter().map(|at| (at, check.name.as_str())));
            }
        }
        let (broken, kept) = kept.parted(|at| failed.contains_key(&at))?;
        let columns = slot::columns(&self.stream.write, self.schema);
        for ((cells, origin), reason) in broken.rows().zip(failed.values()) {
            judged.quarantined.push(Quarantined {
                source: origin.source.to_string(),
                row: origin.row,
                column: String::new(),
                reason: (*reason).to_owned(),
                slot: Some(slot::of(&cells, &columns)),
                corrects: origin.corrects.clone(),
            });
            judged.spared.extend(Some(cells).filter(|_| origin.is_delivered()));
        }
        judged.kept.append(kept)
    }
}

/// Which rows of a part say no more than that their parent has none; nothing where none does.
fn none(part: &DataFrame) -> Vec<bool> {
    let Ok(marks) = part.column(FILTERED) else { return Vec::new() };
    let is_none = |mark: Option<Cell>| mark.is_some_and(|mark| mark.written() == NONE);
    table::cells(marks).into_iter().map(is_none).collect()
}
