//! How do rows of a source take the shape of ours? Columns become rows, then cells with many values
//! do; rows in disorder and subtotals stay as they are. Every row it makes keeps its place.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::ModelError;
use super::judged::Judged;
use crate::frame::FrameError;
use crate::frame::table;
use crate::spec::connector::Explode;
use crate::spec::connector::Stream;
use crate::spec::connector::Unpivot;
use crate::spec::connector::Wide;

/// A part in the shape that its stream's columns expect, with an empty column for every header that
/// it lacks. Rows that were made are counted.
pub(super) fn reshaped(
    part: &DataFrame,
    stream: &Stream,
    judged: &mut Judged,
) -> Result<DataFrame, ModelError> {
    let mut shaped = widened(part, stream)?;
    let height = shaped.height();
    if let Some(unpivot) = &stream.unpivot {
        shaped = unpivoted(&shaped, unpivot)?;
    }
    if let Some(explode) = &stream.explode {
        shaped = exploded(&shaped, explode, &mut judged.noticed)?;
    }
    judged.exploded += (shaped.height() - height) as u64;
    Ok(shaped)
}

fn widened(part: &DataFrame, stream: &Stream) -> Result<DataFrame, ModelError> {
    let mut wide = part.clone();
    for header in headers_of(stream) {
        if wide.column(&header).is_err() {
            let empty = StringChunked::full_null(header.as_str().into(), part.height());
            wide.with_column(empty.into_series().into())
                .map_err(FrameError::polars("adding an absent column"))?;
        }
    }
    Ok(wide)
}

/// Every header that a stream's columns, expressions and shape name.
fn headers_of(stream: &Stream) -> Vec<String> {
    let mut headers: Vec<String> = Vec::new();
    for column in &stream.columns {
        headers.extend(column.from.iter().cloned());
    }
    for expr in stream.expressions() {
        expr.each_column(&mut |name| headers.push(name.to_owned()));
    }
    if let Some(Wide::Named(names)) = stream.unpivot.as_ref().map(|unpivot| &unpivot.columns) {
        headers.extend(names.iter().cloned());
    }
    headers.extend(stream.explode.iter().map(|explode| explode.column.value.clone()));
    headers
}

/// Rows that are taken apart: each says from which row it comes, and what its new cells hold.
#[derive(Default)]
struct Apart {
    rows: Vec<IdxSize>,
    first: Vec<Option<String>>,
    second: Vec<Option<String>>,
}

impl Apart {
    fn push(&mut self, row: usize, first: Option<String>, second: Option<String>) {
        self.rows.push(IdxSize::try_from(row).unwrap_or(IdxSize::MAX));
        self.first.push(first);
        self.second.push(second);
    }

    /// The rows in their new shape; the new cells stand in the named columns.
    fn laid_out(
        self,
        part: &DataFrame,
        first: &str,
        second: Option<&str>,
    ) -> Result<DataFrame, ModelError> {
        let doing = || FrameError::polars("taking rows apart");
        let rows = IdxCa::from_vec("_rows".into(), self.rows);
        let mut laid_out = part.take(&rows).map_err(doing())?;
        let mut set = |name: &str, texts: &[Option<String>]| {
            let texts = texts.iter().map(Option::as_deref);
            let column = StringChunked::from_iter_options(name.into(), texts).into_series();
            laid_out.with_column(column.into()).map(drop_frame).map_err(doing())
        };
        set(first, &self.first)?;
        if let Some(second) = second {
            set(second, &self.second)?;
        }
        Ok(laid_out)
    }
}

fn drop_frame(_: &mut DataFrame) {}

/// Whether each row is whole: in order, and no subtotal.
fn whole_rows(part: &DataFrame) -> Vec<bool> {
    let marks = table::to_rows(part, &["_malformed", "_filtered"]);
    marks.iter().map(|marks| marks.iter().all(Option::is_none)).collect()
}

fn texts_of(part: &DataFrame, name: &str) -> Vec<Option<String>> {
    let Ok(column) = part.column(name) else { return vec![None; part.height()] };
    table::cells(column).into_iter().map(|cell| cell.map(|cell| cell.written())).collect()
}

fn unpivoted(part: &DataFrame, unpivot: &Unpivot) -> Result<DataFrame, ModelError> {
    let names = part.get_column_names().into_iter().map(ToString::to_string);
    let wide: Vec<(String, Vec<Option<String>>)> = names
        .filter(|name| unpivot.columns.holds(name))
        .map(|name| (name.clone(), texts_of(part, &name)))
        .collect();
    let mut apart = Apart::default();
    for (row, is_whole) in whole_rows(part).into_iter().enumerate() {
        if !is_whole || wide.is_empty() {
            apart.push(row, None, None);
            continue;
        }
        for (name, texts) in &wide {
            apart.push(row, Some(name.clone()), texts.get(row).cloned().flatten());
        }
    }
    apart.laid_out(part, &unpivot.name, Some(&unpivot.value))
}

fn exploded(
    part: &DataFrame,
    explode: &Explode,
    noticed: &mut BTreeMap<(String, String), u64>,
) -> Result<DataFrame, ModelError> {
    let texts = texts_of(part, &explode.column.value);
    let mut apart = Apart::default();
    for ((row, is_whole), text) in whole_rows(part).into_iter().enumerate().zip(texts) {
        let values = if is_whole { split(text.as_deref(), &explode.by) } else { Vec::new() };
        if values.len() < 2 {
            apart.push(row, text, is_whole.then(|| "1".to_owned()));
            continue;
        }
        let subject = ("several".to_owned(), explode.column.value.clone());
        *noticed.entry(subject).or_default() += 1;
        for (place, value) in (1..).zip(values) {
            apart.push(row, Some(value), Some(format!("{place}")));
        }
    }
    apart.laid_out(part, &explode.column.value, explode.rank.as_deref())
}

/// The values of a cell, blanks around them and empty ones left away.
fn split(text: Option<&str>, by: &[String]) -> Vec<String> {
    let mut parts: Vec<&str> = text.into_iter().collect();
    for separator in by {
        parts = parts.iter().flat_map(|part| part.split(separator.as_str())).collect();
    }
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_split_at_every_separator_and_empty_values_are_none() {
        let by = ["、".to_owned(), ";".to_owned()];
        assert_eq!(split(Some("甲、乙; 丙、"), &by), ["甲", "乙", "丙"]);
        assert!(split(Some("、"), &by).is_empty());
        assert!(split(None, &by).is_empty());
    }
}
