//! Which of a fact's own columns does a measure rest on?

use std::collections::BTreeSet;

use super::pipeline::Derived;
use super::pipeline::Fact;
use super::pipeline::FactKind;
use super::pipeline::Make;
use super::pipeline::Measure;
use super::sql::Expr;

impl Fact {
    /// The derived columns that measures use, those below them first.
    pub fn made_for(&self, measures: &[&Measure]) -> Vec<&Derived> {
        self.made_by(&measures.iter().flat_map(|of| of.aggregate.trees()).collect::<Vec<_>>())
    }

    /// The same of expressions.
    fn made_by(&self, trees: &[&Expr]) -> Vec<&Derived> {
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        // `spell.section_id` is one of the columns that `spell` makes.
        let made_by = |name| str::split(name, '.').next().unwrap_or(name);
        for tree in trees {
            tree.each_column(&mut |name| _ = wanted.insert(made_by(name)));
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

    /// The calls by which a measure, or a column that it is made of, asks the calendar.
    pub fn asked_of_calendar<'f>(&'f self, measure: &'f Measure) -> Vec<&'f Expr> {
        self.calls_of(&measure.aggregate.trees().collect::<Vec<_>>())
    }

    /// Whether an expression over its rows asks the calendar.
    pub(super) fn is_calendar_asked(&self, tree: &Expr) -> bool {
        !self.calls_of(&[tree]).is_empty()
    }

    fn calls_of<'f>(&'f self, trees: &[&'f Expr]) -> Vec<&'f Expr> {
        let made = self.made_by(trees).into_iter();
        let made = made.filter_map(|derived| match &derived.make {
            Make::Sql(_, tree) | Make::Spell { on: (_, tree) } => Some(tree),
            Make::Listed { .. } | Make::Exists { .. } => None,
        });
        let mut calls = Vec::new();
        for tree in made.chain(trees.iter().copied()) {
            tree.each(&mut |piece| match piece {
                Expr::Call(function, _) if function.calendar_days() > 0 => calls.push(piece),
                _ => {}
            });
        }
        calls
    }

    /// Whether a measure, or a column that it is made of, counts in working days.
    pub fn asks_calendar(&self, measure: &Measure) -> bool {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for derived in self.made_for(&[measure]) {
            if let Make::Sql(_, tree) = &derived.make {
                tree.each_column(&mut |name| _ = names.insert(name));
            }
        }
        measure.aggregate.each_column(&mut |name| _ = names.insert(name));
        let given = ["workdays", "month_workdays"].iter().any(|name| names.contains(name));
        let is_given = given && matches!(self.kind, FactKind::Span { .. });
        is_given || !self.asked_of_calendar(measure).is_empty()
    }
}

impl Make {
    /// As the home writes it.
    pub fn text(&self) -> String {
        match self {
            Make::Sql(text, _) => text.value.clone(),
            Make::Spell { on: (text, _) } => format!("SPELL ON {}", text.value),
            Make::Listed { list, value } => format!("{} LISTED IN {}", value.value, list.value),
            Make::Exists { fact, keep } => {
                let keep = keep.as_ref().map(|(text, _)| format!(" WHERE {}", text.value));
                format!("EXISTS {}{}", fact.value, keep.unwrap_or_default())
            }
        }
    }
}
