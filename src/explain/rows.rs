//! Which rows of a fact stand behind a number, and how are they told?

use std::path::PathBuf;

use super::Explanation;
use super::Source;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;

/// The rows of a fact behind a number.
#[derive(Debug)]
pub struct Rows<'e> {
    /// The fact.
    pub fact: &'e Fact,
    /// Its file in the lake.
    pub file: PathBuf,
    /// The derived columns that the measures use, as the home writes them.
    pub derived: Vec<(String, String)>,
    /// How many rows were looked at.
    pub rows: u64,
    /// Where they came from, most rows first.
    pub sources: Vec<Source>,
    /// Whether they are about persons, so that only their places are told.
    pub is_about_persons: bool,
    pub(super) table: DataFrame,
}

/// The derived columns that measures use, those below them first, with the text that makes them.
pub(super) fn derived(fact: &Fact, measures: &[&Measure]) -> Vec<(String, String)> {
    let made = fact.made_for(measures).into_iter();
    made.map(|derived| (derived.name.clone(), derived.make.text())).collect()
}

/// Where a row stands among the counted, before its own columns.
const PLACE: [&str; 3] = ["_unit", "_section", "_month"];

/// Where a row came from, after its own columns.
const LINEAGE: [&str; 5] = ["_system", "_stream", "_night", "_source", "_row"];

impl Rows<'_> {
    /// The columns of its own that may be told: of rows about persons only what they count for.
    fn own(&self) -> Vec<&str> {
        let names = self.table.columns().iter().map(|column| column.name().as_str());
        let fixed = [&PLACE[..], &LINEAGE[..]].concat();
        let own = names.filter(|name| !fixed.contains(name));
        own.filter(|name| !self.is_about_persons || name.starts_with('=')).collect()
    }
}

impl Explanation<'_> {
    /// The rows behind the number as lines of one table, its head first. Of rows about persons only
    /// their places are told.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let mut own: Vec<&str> = Vec::new();
        for name in self.facts.iter().flat_map(Rows::own) {
            if !own.contains(&name) {
                own.push(name);
            }
        }
        let names = [&PLACE[..], &own, &LINEAGE[..]].concat();
        let head = std::iter::once("fact").chain(names.iter().copied());
        let mut lines = vec![head.map(str::to_owned).collect()];
        for rows in &self.facts {
            let shown = [&PLACE[..], &rows.own(), &LINEAGE[..]].concat();
            let asked = names.iter().map(|name| if shown.contains(name) { *name } else { "" });
            for row in table::to_rows(&rows.table, &asked.collect::<Vec<_>>()) {
                let cells = row.into_iter();
                let cells = cells.map(|cell| cell.map_or_else(String::new, |cell| cell.written()));
                lines.push(std::iter::once(rows.fact.name.clone()).chain(cells).collect());
            }
        }
        lines
    }
}
