//! Which of a fact's own columns does a measure rest on?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::function::AsksCalendar;
use super::pipeline::Derived;
use super::pipeline::Fact;
use super::pipeline::FactKind;
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

    /// For which days a measure, its columns or those they are made of ask the calendar.
    pub fn asks_calendar(&self, measure: &Measure) -> AsksCalendar {
        let mut asking: BTreeMap<&str, AsksCalendar> = BTreeMap::new();
        if matches!(self.kind, FactKind::Span { .. }) {
            asking.extend(["workdays", "month_workdays"].map(|name| (name, AsksCalendar::Within)));
        }
        for derived in &self.derive {
            let Make::Sql(_, tree) = &derived.make else { continue };
            let mut asks = AsksCalendar::Never;
            tree.each_call(&mut |function| asks = asks.max(function.asks_calendar()));
            tree.each_column(&mut |name| asks = asking.get(name).map_or(asks, |of| asks.max(*of)));
            asking.insert(&derived.name, asks);
        }
        let (mut asks, aggregate) = (AsksCalendar::Never, &measure.aggregate);
        aggregate.each_call(&mut |function| asks = asks.max(function.asks_calendar()));
        aggregate.each_column(&mut |name| asks = asking.get(name).map_or(asks, |of| asks.max(*of)));
        asks
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
