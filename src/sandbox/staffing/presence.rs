//! Who worked where, from which day to which? What others count people by.

use jiff::civil::Date;

use super::posts::Kind;
use super::posts::Seat;
use super::terms::END;
use super::terms::Staff;
use super::terms::Term;
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
        let terms = self.terms.iter();
        let terms = terms.filter_map(|term| Some((term, self.seats.get(term.seat)?)));
        let terms = terms.filter(|(_, seat)| seat.kind != Kind::External);
        terms.flat_map(|(term, seat)| stretches(term, seat)).collect()
    }
}

/// One term's stretches, cut where the section changes and where an absence begins and ends.
fn stretches(term: &Term, seat: &Seat) -> Vec<Stretch> {
    let (begin, end) = (Days::no(BEGIN), Days::no(END));
    let (from, to) = (term.from.max(begin), term.to.unwrap_or(end).min(end));
    let change = term.change.map(|(on, _)| on);
    let absence = term.absence.map(|absence| [absence.from, absence.to]);
    let mut cuts: Vec<i32> = absence.into_iter().flatten().chain(change).collect();
    cuts.retain(|cut| (from + 1..to).contains(cut));
    cuts.extend([from, to]);
    cuts.sort_unstable();
    let froms = cuts.iter().copied();
    let spans = froms.zip(cuts.iter().copied().skip(1)).filter(|(from, to)| from < to);
    spans.filter_map(|(from, to)| stretch(term, seat, from, to)).collect()
}

/// Where somebody works between two cuts, if anywhere in the city.
fn stretch(term: &Term, seat: &Seat, from: i32, to: i32) -> Option<Stretch> {
    let moved = term.change.and_then(|(on, other)| other.filter(|_| on <= from));
    let section = (!seat.role.leads()).then_some(moved.unwrap_or(seat.section));
    let away = term.absence.filter(|absence| absence.from <= from && from < absence.to);
    let (unit, section) = match away {
        None => (seat.unit, section),
        Some(away) => away.host.map(|(unit, section)| (unit, Some(section)))?,
    };
    let (person, since, kind) = (term.person, term.from, seat.kind);
    Some(Stretch { person, kind, unit, section, from, to, since })
}
