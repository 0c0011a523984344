//! From which texts of a part is a column of ours read? Those under its headers, made by an expression, or
//! the same in every row.

use polars::prelude::*;

use super::ModelError;
use super::judge::Judge;
use crate::base::cell::Cell;
use crate::frame::table;
use crate::spec::connector::Identity;

/// One of our columns over a part: the texts of its candidates.
pub(super) struct Candidates {
    pub(super) field: usize,
    pub(super) mapped: usize,
    pub(super) texts: Vec<StringChunked>,
    pub(super) faults: Option<StringChunked>,
}

impl Candidates {
    /// The texts, where there is one alone and nothing else is told of it.
    pub(super) fn sole(&self) -> Option<&StringChunked> {
        match self.texts.as_slice() {
            [texts] if self.faults.is_none() => Some(texts),
            _ => None,
        }
    }
}

/// The texts of a column of a part, whatever its type.
fn texts(column: &Column) -> StringChunked {
    let written = |cell: Option<Cell>| cell.map(|cell| cell.written());
    let of_others = |_| table::cells(column).into_iter().map(written).collect();
    column.str().cloned().unwrap_or_else(of_others)
}

impl Judge<'_> {
    /// The texts from which our columns are read.
    pub(super) fn candidates(&self, part: &DataFrame) -> Result<Vec<Candidates>, ModelError> {
        let mut all = Vec::new();
        for (mapped, column) in self.stream.columns.iter().enumerate() {
            let place = self.schema.fields.iter().position(|field| field.name == column.name);
            let Some(field) = place else { continue };
            let named = |header: &String| part.column(header).ok().map(texts);
            let mut candidates: Vec<_> = column.from.iter().filter_map(named).collect();
            if let Some((text, tree)) = &column.sql {
                candidates.push(texts(&self.evaluated(part, tree, text)?));
            }
            if let Some(constant) = &column.constant {
                candidates.push(StringChunked::full("".into(), constant, part.height()));
            }
            let faults = match (column.identity, column.from.first()) {
                (Some(Identity::CnId), Some(header)) => named(&format!("{header}.fault")),
                _ => None,
            };
            all.push(Candidates { field, mapped, texts: candidates, faults });
        }
        Ok(all)
    }
}
