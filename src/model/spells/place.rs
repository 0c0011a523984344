//! Whose is a section, and what became of a unit? Reforms have a day; rosters follow when they can.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::FindingKind;
use super::Findings;
use super::RosterRow;
use super::SectionLine;
use super::UnitLine;
use super::stay::Stay;

/// A successor of a successor; more than this is a circle.
const LONGEST_CHAIN: usize = 16;

/// A part of a stay within one unit.
pub(super) struct Piece<'a> {
    pub(super) unit: Option<Arc<str>>,
    /// The row that tells the place.
    pub(super) place: &'a RosterRow,
    /// The row that tells the state.
    pub(super) row: &'a RosterRow,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) open: bool,
}

/// Sections and units by name.
pub(super) struct Places<'a> {
    sections: HashMap<&'a str, Vec<&'a SectionLine>>,
    units: HashMap<&'a str, Vec<&'a UnitLine>>,
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

    /// The stay, cut where its section moves or its unit ends.
    pub(super) fn pieces<'r>(
        &self,
        person: &Arc<str>,
        stay: &Stay<'r>,
        found: &mut Findings,
    ) -> Vec<Piece<'r>> {
        let first = stay.former.unwrap_or(stay.row);
        let lines = self.section_lines(first);
        let lines = if self.is_of(first.unit.as_ref(), lines, stay.from) {
            lines
        } else {
            found.once(FindingKind::SectionElsewhere, person, stay.from);
            &[]
        };
        let mut cuts = self.cuts(first.unit.as_ref(), lines);
        cuts.retain(|cut| stay.from < *cut && *cut < stay.to);
        cuts.push(stay.from);
        cuts.push(stay.to);
        cuts.sort_unstable();
        cuts.dedup();
        let piece = |(from, to): (&Date, &Date)| {
            let is_followed = |row: &RosterRow| {
                row.unit.as_ref().map(|unit| self.unit_on(unit, *from)) == stay.row.unit.as_ref()
            };
            let place = stay.former.filter(|row| !is_followed(row)).unwrap_or(stay.row);
            let own = lines.iter().find(|line| holds(line.valid_from, line.valid_to, *from));
            let unit = own.map(|line| &line.unit).or(place.unit.as_ref());
            let unit = unit.map(|unit| Arc::clone(self.unit_on(unit, *from)));
            let open = stay.open && *to == stay.to;
            Piece { unit, place, row: stay.row, from: *from, to: *to, open }
        };
        cuts.iter().zip(cuts.iter().skip(1)).map(piece).collect()
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

    fn section_lines(&self, row: &RosterRow) -> &[&'a SectionLine] {
        let lines = row.section.as_ref().and_then(|section| self.sections.get(section.as_ref()));
        lines.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a section was ever the unit's; of an unknown unit the section tells it.
    fn is_of(&self, unit: Option<&Arc<str>>, lines: &[&SectionLine], day: Date) -> bool {
        let Some(unit) = unit else { return true };
        let follows =
            |line: &&SectionLine| line.unit == *unit || line.unit == *self.unit_on(unit, day);
        lines.is_empty() || lines.iter().any(follows)
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

    /// Every day on which the section's or the unit's place may change.
    fn cuts(&self, unit: Option<&Arc<str>>, lines: &[&'a SectionLine]) -> Vec<Date> {
        let mut cuts = Vec::new();
        let mut names: Vec<&str> = unit.iter().map(AsRef::as_ref).collect();
        for line in lines {
            cuts.push(line.valid_from);
            cuts.extend(line.valid_to);
            names.push(&line.unit);
        }
        let mut place = 0;
        while let Some(name) = names.get(place).copied() {
            place += 1;
            for line in self.units.get(name).into_iter().flatten() {
                cuts.push(line.valid_from);
                cuts.extend(line.valid_to);
                let next = line.successor.as_deref().filter(|next| !names.contains(next));
                names.extend(next);
            }
        }
        cuts
    }
}

fn holds(from: Date, to: Option<Date>, day: Date) -> bool {
    from <= day && to.is_none_or(|to| day < to)
}
