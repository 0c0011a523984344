//! What is asked of the rows of a fact? Where they count, in which months, and for which measures.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::amounts::Way;
use super::fact::Ground;
use super::placed::month_of_measure;
use crate::spec::function::Function;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Measure;
use crate::spec::sql::Aggregate;

/// What rows are counted by.
pub(super) fn keys(fact: &Fact) -> Vec<String> {
    let dimensions = fact.by.iter().map(|by| format!("_by_{}", by.value));
    ["_unit", "_section", "_month"].map(str::to_owned).into_iter().chain(dimensions).collect()
}

/// The column with how many rows of a measure have a value.
pub(super) fn rows_of(measure: &str) -> String {
    format!("{measure}#rows")
}

/// The columns with how many rows of a measure ask for a day before the calendar, and for one after it.
pub(super) fn unanswered_of(measure: &str) -> [String; 2] {
    ["before", "after"].map(|side| format!("{measure}#{side}"))
}

/// Under whose name it is kept how often values come: of measures that tell of the same values, the first.
pub(super) fn kept_by<'m>(measures: &[&'m Measure], of: &'m Measure) -> &'m str {
    let tells = |measure: &'m Measure| {
        let Aggregate { kind, filter } = &measure.aggregate;
        let way = Way::of(kind);
        (way.is_summed(), way == Way::Distinct, kind.argument(), filter.as_ref())
    };
    let same = measures.iter().find(|measure| tells(measure) == tells(of));
    same.map_or(of.name.as_str(), |same| same.name.as_str())
}

/// The measures of a fact by the column of the month in which they count.
pub(super) fn by_month<'g>(ground: &Ground<'g>, fact: &Fact) -> BTreeMap<String, Vec<&'g Measure>> {
    let mut by_month: BTreeMap<String, Vec<&Measure>> = BTreeMap::new();
    for measure in ground.catalog.measures().filter(|measure| measure.fact.value == fact.name) {
        by_month.entry(month_of_measure(fact, measure)).or_default().push(measure);
    }
    by_month
}

/// Whether a month of a time is asked for.
pub(super) type IsAsked<'a> = dyn Fn(&str, i32) -> bool + Sync + 'a;

/// The columns that tell where a row counts and for what.
pub(super) fn asked(fact: &Fact, measures: &[&Measure]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = keys(fact).into_iter().collect();
    names.remove("_month");
    for measure in measures {
        measure.aggregate.each_column(&mut |name| {
            names.insert(name.to_owned());
        });
    }
    names
}

/// Those and the columns by which the calendar is asked.
pub(super) fn asked_with_calendar(fact: &Fact, measures: &[&Measure]) -> BTreeSet<String> {
    let mut names = asked(fact, measures);
    for call in measures.iter().flat_map(|measure| fact.asked_of_calendar(measure)) {
        call.each_column(&mut |name| _ = names.insert(name.to_owned()));
    }
    names
}

/// Whether what a row brings to a measure hangs on other rows.
pub(super) fn looks_around(measure: &Measure) -> bool {
    let mut looks = false;
    let see = &mut |call| looks |= matches!(call, Function::Ordinal | Function::Repeats);
    measure.aggregate.each_call(see);
    looks
}
