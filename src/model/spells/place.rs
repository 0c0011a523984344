//! Whose is a section, and what became of a unit? Reforms have a day; rosters follow when they can.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::RosterRow;
use super::SectionLine;
use super::UnitLine;

/// A successor of a successor; more than this is a circle.
const LONGEST_CHAIN: usize = 16;

/// Sections and units by name.
pub(super) struct Places<'a> {
    pub(super) sections: HashMap<&'a str, Vec<&'a SectionLine>>,
    pub(super) units: HashMap<&'a str, Vec<&'a UnitLine>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(sections: &'a [SectionLine], units: &'a [UnitLine]) -> Self {
        let mut places = Self { sections: HashMap::new(), units: HashMap::new() };
        for line in sections {
            places.sections.entry(&line.section).or_default().push(line);
        }
        for line in units {
            places.units.entry(&line.unit).or_default().push(line);
        }
        places
    }

    /// Whether a later row is of the same place: the same post in the same unit, or in what has followed it since.
    pub(super) fn is_same(&self, earlier: &RosterRow, later: &RosterRow) -> bool {
        earlier.post_kind == later.post_kind
            && earlier.section == later.section
            && self.is_of_unit(earlier, later)
    }

    /// Whether a later row is of the same unit, or of what has followed it since.
    pub(super) fn is_of_unit(&self, earlier: &RosterRow, later: &RosterRow) -> bool {
        let unit = earlier.unit.as_ref();
        earlier.unit == later.unit
            || unit.is_some_and(|unit| later.unit.as_ref() == Some(self.unit_on(unit, later.as_of)))
    }

    /// Whether a later row may tell the end of an earlier place: it is of the same unit, or of none where the unit is over by
    /// then and nothing has followed it.
    pub(super) fn leaves(&self, earlier: &RosterRow, later: &RosterRow) -> bool {
        let is_gone = |unit: &Arc<str>| {
            let lines = self.units.get(self.unit_on(unit, later.as_of).as_ref());
            let is_over = |line: &&UnitLine| line.valid_to.is_some_and(|to| to <= later.as_of);
            lines.is_some_and(|lines| lines.iter().all(is_over))
        };
        self.is_of_unit(earlier, later)
            || (later.unit.is_none() && earlier.unit.as_ref().is_some_and(is_gone))
    }

    /// The unit itself, or what followed it by the day.
    pub(super) fn unit_on<'u>(&self, unit: &'u Arc<str>, day: Date) -> &'u Arc<str>
    where
        'a: 'u,
    {
        let mut unit = unit;
        for _ in 0..LONGEST_CHAIN {
            let Some(lines) = self.units.get(unit.as_ref()) else { return unit };
            if lines.iter().any(|line| holds(line.valid_from, line.valid_to, day)) {
                return unit;
            }
            let ended = lines.iter().filter(|line| line.valid_to.is_some_and(|to| to <= day));
            let last = ended.max_by_key(|line| line.valid_to);
            let Some(successor) = last.and_then(|line| line.successor.as_ref()) else {
                return unit;
            };
            unit = successor;
        }
        unit
    }
}

pub(super) fn holds(from: Date, to: Option<Date>, day: Date) -> bool {
    from <= day && to.is_none_or(|to| day < to)
}
