//! What is made of a part that landed? Its rows are judged and stand in the order of their keys; of each a
//! line is remembered.

use std::mem;

use polars::prelude::Column;
use polars::prelude::DataFrame;

use super::ModelError;
use super::delta::delta;
use super::judge::Judge;
use super::judged::Correction;
use super::judged::Judged;
use super::judged::Kept;
use super::judged::Origin;
use super::keyed::UNIT;
use super::keyed::half;
use super::keyed::places;
use super::lines::Line;
use super::slot;
use crate::base::pseudonym::print;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// What one part brings to a pile.
pub(super) struct Part {
    pub(super) judged: Judged,
    /// Of each row its line.
    pub(super) lines: Vec<Line>,
    /// Of a snapshot, the print of the slot of each.
    pub(super) slots: Vec<u128>,
    pub(super) corrections: Vec<(u32, Correction)>,
    pub(super) rows: DataFrame,
}

/// How a part is made.
#[derive(Clone, Copy)]
pub(super) struct Making<'p> {
    pub(super) schema: &'p Schema,
    pub(super) write: &'p Write,
}

impl Making<'_> {
    /// Of rows that landed.
    pub(super) fn judged(
        self,
        judge: &Judge<'_>,
        part: DataFrame,
        is_past: bool,
    ) -> Result<Part, ModelError> {
        let mut own = Judged::default();
        if is_past {
            judge.past(&part, &mut own)?;
        } else {
            judge.part(&part, &mut own)?;
        }
        drop(part);
        self.part(own)
    }

    /// Of what became of rows.
    pub(super) fn part(self, mut judged: Judged) -> Result<Part, ModelError> {
        let (kept, places) =
            (mem::take(&mut judged.kept).by(&self.schema.primary_key)?, places(self.schema));
        let Kept { values, origins } = &kept;
        let columns = |places: &[usize]| {
            places.iter().filter_map(|at| values.columns().get(*at)).collect::<Vec<_>>()
        };
        let height = values.height();
        let all: Vec<&Column> = values.columns().iter().collect();
        let hashes = table::of_each(&all, height, UNIT, |words| half(print(words)));
        let updated = places.updated.and_then(|at| values.columns().get(at)).map(table::cells);
        let mut updated = updated.unwrap_or_default().into_iter();
        let line = |(((key, hash), origin), row): (((u128, &u64), &Origin), u32)| Line {
            key,
            hash: *hash,
            at: (0, row),
            updated: updated.next().flatten().as_ref().into(),
            is_correction: origin.corrects.is_some(),
            is_deleted: origin.is_deleted,
            is_past: origin.is_past,
        };
        let keys = table::of_each(&columns(&places.key), height, UNIT, |words| print(words));
        let lines = keys.into_iter().zip(&hashes).zip(origins).zip(0..).map(line).collect();
        let mut slots = Vec::new();
        if matches!(self.write, Write::Snapshot { .. }) {
            let within = columns(&slot::columns(self.write, self.schema));
            let text = |words: &[u8]| String::from_utf8_lossy(words).into_owned();
            let words = table::of_each(&within, height, UNIT, text);
            slots.extend(words.iter().map(print));
            for (words, origin) in words.into_iter().zip(origins) {
                judged.slots.entry(origin.source.to_string()).or_default().insert(words);
            }
        }
        let corrects = |(origin, row): (&Origin, u32)| Some((row, origin.corrects.clone()?));
        let corrections = origins.iter().zip(0..).filter_map(corrects).collect();
        let rows = delta(&kept, &hashes)?;
        Ok(Part { judged, lines, slots, corrections, rows })
    }
}
