//! What do rows hold that nobody maps? Seen before they are shielded, and told as names and counts alone.

use std::collections::BTreeMap;

use super::nested;
use super::shield::Shield;
use crate::base::batch::Batch;
use crate::base::text::quoted;
use crate::spec::kinds::word;
use crate::spec::sniff;

/// A column that nobody maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Its header.
    pub header: String,
    /// What its values look like.
    pub kind: &'static str,
    /// How many rows have one; of a list how many elements there are, of an object how many fields.
    pub filled: u64,
    /// Whether the manifest says that it is known and not read.
    pub is_ignored: bool,
}

/// Looks at rows before they are shielded.
pub(super) struct Glance {
    wanted: usize,
    others: BTreeMap<String, (Vec<String>, bool)>,
}

impl Glance {
    /// At so many rows.
    pub(super) fn of(wanted: usize) -> Glance {
        Glance { wanted, others: BTreeMap::new() }
    }

    /// Sees what nobody maps of the first rows, and cuts the others off; whether enough have come.
    pub(super) fn see(&mut self, batch: &mut Batch, shield: &Shield<'_>) -> bool {
        batch.rows.truncate(self.wanted);
        self.wanted -= batch.rows.len();
        // Where no header is known it was sought in the wrong row: who knows who stands there.
        let is_lost = !batch.headers.iter().any(|header| shield.knows(header));
        let others = batch.headers.iter().enumerate().filter(|(_, header)| !shield.reads(header));
        for (at, header) in others {
            let cells = batch.rows.iter().filter_map(|row| row.cells.get(at)?.clone());
            let name = if is_lost { format!("column {}", at + 1) } else { quoted(header) };
            let other = self.others.entry(name).or_default();
            other.0.extend(cells);
            other.1 |= shield.ignores(header);
        }
        self.wanted == 0
    }

    /// What it saw.
    pub(super) fn others(self) -> Vec<Other> {
        let of = |(header, (texts, is_ignored)): (String, (Vec<String>, bool))| {
            let cells = texts.iter().map(|text| Some(text.as_str())).collect();
            let counted = nested::counted(&header).map(|(kind, _)| kind);
            Other {
                kind: counted.unwrap_or_else(|| word(sniff::kind(&texts))),
                filled: nested::amount(&header, &cells),
                header,
                is_ignored,
            }
        };
        self.others.into_iter().map(of).collect()
    }
}
