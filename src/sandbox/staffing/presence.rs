//! Who worked where, from which day to which? What others count people by.

use jiff::civil::Date;

use super::posts::Kind;
use super::terms::END;
use super::terms::Staff;
use crate::sandbox::days::Days;

/// The first day that is told.
const BEGIN: Date = Date::constant(2023, 1, 1);

/// A time in which somebody on the establishment works in one place.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Stretch {
    /// The place of the person.
    pub(in crate::sandbox) person: usize,
    pub(in crate::sandbox) kind: Kind,
    /// The place of the unit as it is today.
    pub(in crate::sandbox) unit: usize,
    /// The place of the section as it is today; a leader has none.
    pub(in crate::sandbox) section: Option<usize>,
    pub(in crate::sandbox) from: i32,
    /// The first day away.
    pub(in crate::sandbox) to: i32,
    /// When the person came to the post.
    pub(in crate::sandbox) since: i32,
}

impl Stretch {
    /// How many of the days from one to another it covers.
    pub(in crate::sandbox) fn covers(&self, from: i32, to: i32) -> i32 {
        (self.to.min(to) - self.from.max(from)).max(0)
    }
}

impl Staff {
    /// Everybody's work, at the host while lent, nowhere while ill; without people off the
    /// establishment.
    pub(in crate::sandbox) fn stretches(&self) -> Vec<Stretch> {
        let (begin, end) = (Days::no(BEGIN), Days::no(END));
        let mut stretches = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            let Some(seat) = self.seats.get(term.seat).filter(|it| it.kind != Kind::External)
            else {
                continue;
            };
            let (from, to) = (term.from.max(begin), term.to.unwrap_or(end).min(end));
            let turns = [term.change.map(|(on, _)| on), term.absence.map(|it| it.from)];
            let back = term.absence.map(|it| it.to);
            let mut cuts: Vec<i32> = turns.into_iter().chain([back]).flatten().collect();
            cuts.retain(|cut| (from + 1..to).contains(cut));
            cuts.extend([from, to]);
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                let &[from, to] = pair else { continue };
                let moved = term.change.and_then(|(on, other)| other.filter(|_| on <= from));
                let section = (!seat.role.leads()).then_some(moved.unwrap_or(seat.section));
                let away = term.absence.filter(|it| it.from <= from && from < it.to);
                let place = match away {
                    None => Some((seat.unit, section)),
                    Some(away) => away.host.map(|(unit, section)| (unit, Some(section))),
                };
                if let Some((unit, section)) = place.filter(|_| from < to) {
                    let (person, since, kind) = (term.person, term.from, seat.kind);
                    stretches.push(Stretch { person, kind, unit, section, from, to, since });
                }
            }
        }
        stretches
    }
}
