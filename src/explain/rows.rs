//! Which rows of a fact stand behind a number, and how are they told?

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Explanation;
use super::Source;
use crate::frame::DataFrame;
use crate::frame::table;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Make;
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
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    measures.iter().for_each(|measure| {
        measure.aggregate.each_column(&mut |name| {
            wanted.insert(name.split('.').next().unwrap_or(name));
        });
    });
    let mut found = Vec::new();
    for derived in fact.derive.iter().rev() {
        if !wanted.contains(derived.name.as_str()) {
            continue;
        }
        let text = match &derived.make {
            Make::Sql(text, tree) => {
                tree.each_column(&mut |name| {
                    wanted.insert(name.split('.').next().unwrap_or(name));
                });
                text.value.clone()
            }
            Make::Spell { on: (text, _) } => format!("SPELL ON {}", text.value),
            Make::Exists { fact, keep } => {
                let keep = keep.as_ref().map(|(text, _)| format!(" WHERE {}", text.value));
                format!("EXISTS {}{}", fact.value, keep.unwrap_or_default())
            }
        };
        found.push((derived.name.clone(), text));
    }
    found.reverse();
    found
}

impl Explanation<'_> {
    /// The rows behind the number as lines of one table, its head first. Of rows about persons only
    /// their places are told.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let common = ["_unit", "_section", "_month"];
        let lineage = ["_system", "_stream", "_night", "_source", "_row"];
        let mut own: Vec<String> = Vec::new();
        for rows in self.facts.iter() {
            for name in rows.table.get_column_names() {
                let name = name.to_string();
                let is_open = !rows.is_about_persons || name.starts_with('=');
                let is_own = !common.contains(&name.as_str()) && !lineage.contains(&name.as_str());
                if is_open && is_own && !own.contains(&name) {
                    own.push(name);
                }
            }
        }
        let fixed =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let names = [fixed(&common), own, fixed(&lineage)].concat();
        let mut lines = vec![[vec!["fact".to_owned()], names.clone()].concat()];
        for rows in &self.facts {
            let shown = |name: &String| {
                let is_place = common.contains(&name.as_str()) || lineage.contains(&name.as_str());
                !rows.is_about_persons || is_place || name.starts_with('=')
            };
            let asked: Vec<&str> =
                names.iter().map(|name| if shown(name) { name.as_str() } else { "" }).collect();
            for row in table::to_rows(&rows.table, &asked) {
                let cells =
                    row.into_iter().map(|cell| cell.map_or_else(String::new, |c| c.written()));
                lines.push([vec![rows.fact.name.clone()], cells.collect()].concat());
            }
        }
        lines
    }
}
