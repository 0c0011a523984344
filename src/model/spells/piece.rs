//! Where was a person during a stay? A stay is cut where its section moves or its unit ends.

use std::sync::Arc;

use jiff::civil::Date;

use super::FindingKind;
use super::Findings;
use super::RosterRow;
use super::SectionLine;
use super::place::Places;
use super::place::holds;
use super::stay::Stay;

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

impl<'a> Places<'a> {
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
