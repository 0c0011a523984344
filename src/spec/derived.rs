//! Which of a fact's own columns does a measure rest on?

use std::collections::BTreeSet;

use super::pipeline::Derived;
use super::pipeline::Fact;
use super::pipeline::Make;
use super::pipeline::Measure;

impl Fact {
    /// The derived columns that measures use, those below them first.
    pub fn made_for(&self, measures: &[&Measure]) -> Vec<&Derived> {
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        // `spell.section_id` is one of the columns that `spell` makes.
        let made_by = |name| str::split(name, '.').next().unwrap_or(name);
        for measure in measures {
            measure.aggregate.each_column(&mut |name| _ = wanted.insert(made_by(name)));
        }
        let mut found = Vec::new();
        for derived in self.derive.iter().rev() {
            if !wanted.contains(derived.name.as_str()) {
                continue;
            }
            if let Make::Sql(_, tree) = &derived.make {
                tree.each_column(&mut |name| _ = wanted.insert(made_by(name)));
            }
            found.push(derived);
        }
        found.reverse();
        found
    }

    /// The lists of the home that the columns of a measure are made from.
    pub fn lists_of(&self, measure: &Measure) -> BTreeSet<String> {
        let list = |derived: &Derived| match &derived.make {
            Make::Listed { list, .. } => Some(list.value.clone()),
            Make::Sql(..) | Make::Spell { .. } | Make::Exists { .. } => None,
        };
        self.made_for(&[measure]).into_iter().filter_map(list).collect()
    }
}
