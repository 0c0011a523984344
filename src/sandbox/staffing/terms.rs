//! Who sits where, from when to when? Posts are held, left, left empty for a while and filled again.

use std::collections::BTreeSet;

use super::people::Cradle;
use super::people::Person;
use super::posts;
use super::posts::Kind;
use super::posts::Role;
use super::posts::Seat;
use crate::sandbox::days::Days;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;
use crate::sandbox::units::Category;

/// 人员状态 other than 在岗 and 借入.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Away {
    Lent,
    Ill,
    Suspended,
}

/// A time in which somebody is away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absence {
    pub(super) away: Away,
    pub(super) from: i32,
    pub(super) to: i32,
    /// The unit and section inside the city to which somebody is lent.
    pub(super) host: Option<(usize, usize)>,
    /// Whether the home's roster tells of it; half of the homes do not.
    pub(super) is_told: bool,
}

/// Somebody on a post, with days as numbers.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Term {
    pub(in crate::sandbox) person: usize,
    pub(in crate::sandbox) seat: usize,
    pub(in crate::sandbox) from: i32,
    /// The first day away.
    pub(in crate::sandbox) to: Option<i32>,
    /// When the present post began, if later; and the section before it, if that was another.
    pub(super) change: Option<(i32, Option<usize>)>,
    pub(super) absence: Option<Absence>,
    /// Whether the person came from or goes to another unit of the city.
    pub(super) is_move: bool,
}

/// Everybody, with their posts over time.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Staff {
    /// Those who ever held a post, then strangers.
    pub(in crate::sandbox) people: Vec<Person>,
    /// The place of the first stranger: somebody whom no roster knows.
    pub(in crate::sandbox) strangers: usize,
    pub(in crate::sandbox) seats: Vec<Seat>,
    /// In the order of seats, then of time.
    pub(in crate::sandbox) terms: Vec<Term>,
    pub(super) quotas: posts::Quotas,
}

/// The day after the city's last one.
pub(super) const END: jiff::civil::Date = jiff::civil::Date::constant(2026, 4, 1);
const YEARS: std::ops::RangeInclusive<i16> = 2023..=2026;
/// When people leave: mostly in January and from July to September.
const MONTHS: [f64; 12] = [3.0, 0.4, 0.6, 0.5, 0.5, 0.6, 2.0, 2.2, 1.8, 0.5, 0.4, 0.5];

struct Growing<'f> {
    founded: &'f Founded,
    dice: Dice,
    cradle: Cradle,
    staff: Staff,
    /// Units that others lend people to.
    hosts: Vec<usize>,
    /// Openings by day: a post whose holder left.
    openings: BTreeSet<(i32, usize)>,
    /// The last term of each post.
    last: Vec<usize>,
}

impl Staff {
    /// Everybody from the first day of 2023 to the end of the city.
    pub(in crate::sandbox) fn grow(seed: u64, scale: f64, founded: &Founded) -> Staff {
        let seats = posts::seats(founded, scale);
        let quotas = posts::quotas(founded, &seats);
        let takes = |category| {
            matches!(category, Category::PartyDepartment | Category::GovernmentDepartment)
        };
        let hosts = founded.units.iter().enumerate();
        let hosts = hosts.filter(|(_, unit)| takes(unit.category) && unit.people > 0);
        let mut growing = Growing {
            founded,
            dice: Dice::of(seed, "terms"),
            cradle: Cradle::new(seed),
            hosts: hosts.map(|(at, _)| at).collect(),
            openings: BTreeSet::new(),
            last: Vec::new(),
            staff: Staff { seats, quotas, ..Staff::default() },
        };
        growing.settle();
        growing.turn_over();
        let Growing { mut staff, mut cradle, .. } = growing;
        staff.strangers = staff.people.len();
        let some = staff.people.len() / 150 + 3;
        staff.people.extend((0..some).map(|_| cradle.young(Kind::Worker)));
        staff.terms.sort_by_key(|term| (term.seat, term.from));
        staff
    }
}

impl Growing<'_> {
    fn settle(&mut self) {
        let begin = Days::no(jiff::civil::Date::constant(2023, 1, 1));
        for seat in 0..self.staff.seats.len() {
            let Some(known) = self.staff.seats.get(seat).copied() else { continue };
            let category = self.founded.unit_at(known.unit).map(|unit| unit.category);
            let person = self.cradle.settled(category == Some(Category::Township), known.kind);
            let works = Days::no(person.works_since);
            let from = self.dice.between(i64::from(works.min(begin - 60)), i64::from(begin - 30));
            let from = i32::try_from(from).unwrap_or(begin);
            let to = self.leaves(begin);
            self.last.push(self.staff.terms.len());
            self.take(seat, person, (from, to), begin);
            self.open(seat, to);
        }
    }

    /// Fills posts in the order in which they fall empty.
    fn turn_over(&mut self) {
        while let Some((day, seat)) = self.openings.pop_first() {
            let Some(known) = self.staff.seats.get(seat).copied() else { continue };
            if day > Days::no(END) {
                break;
            }
            let moved = if self.dice.chance(0.3) { self.moves_to(day, seat) } else { None };
            let to = self.leaves(day + 200);
            let at = self.staff.terms.len();
            if let Some(person) = moved {
                let term = self.term(seat, person, (day, to), day);
                self.staff.terms.push(Term { is_move: true, absence: None, ..term });
            } else {
                let person = self.cradle.young(known.kind);
                self.take(seat, person, (day, to), day);
            }
            if let Some(last) = self.last.get_mut(seat) {
                *last = at;
            }
            self.open(seat, to);
        }
    }

    /// Somebody of the same kind elsewhere who changes to this post on a day.
    fn moves_to(&mut self, day: i32, seat: usize) -> Option<usize> {
        let kind = self.staff.seats.get(seat)?.kind;
        for _ in 0..40 {
            let other = usize::try_from(self.dice.below(self.staff.seats.len() as u64)).ok()?;
            let known = self.staff.seats.get(other)?;
            let is_fit = known.kind == kind && known.role == Role::Staff && other != seat;
            let term = self.last.get(other).and_then(|last| self.staff.terms.get_mut(*last))?;
            let is_here = term.from < day - 300 && term.to.is_none_or(|to| to > day + 60);
            if !is_fit || !is_here || term.absence.is_some() {
                continue;
            }
            if let Some(to) = term.to {
                self.openings.retain(|(_, place)| *place != other || to <= day);
            }
            term.to = Some(day);
            term.change = term.change.filter(|(on, _)| *on < day);
            term.is_move = true;
            let person = term.person;
            self.open(other, Some(day));
            return Some(person);
        }
        None
    }

    /// The day on which somebody who holds a post on a day leaves it, if that happens in time.
    fn leaves(&mut self, after: i32) -> Option<i32> {
        for year in YEARS {
            if !self.dice.chance(0.06) {
                continue;
            }
            let month = i8::try_from(self.dice.weighted(&MONTHS)).unwrap_or_default() + 1;
            let day = i8::try_from(self.dice.between(1, 28)).unwrap_or(1);
            let left = Days::no(jiff::civil::Date::new(year, month, day).ok()?);
            if left > after {
                return Some(left);
            }
        }
        None
    }

    fn open(&mut self, seat: usize, to: Option<i32>) {
        let Some(to) = to else { return };
        let empty = i32::try_from(self.dice.between(0, 120)).unwrap_or_default();
        self.openings.insert((to + empty, seat));
    }

    fn take(&mut self, seat: usize, person: Person, (from, to): (i32, Option<i32>), known: i32) {
        let place = self.staff.people.len();
        self.staff.people.push(person);
        let term = self.term(seat, place, (from, to), known);
        self.staff.terms.push(term);
    }

    fn term(
        &mut self,
        seat: usize,
        person: usize,
        (from, to): (i32, Option<i32>),
        known: i32,
    ) -> Term {
        let end = to.unwrap_or(Days::no(END));
        let change = if self.dice.chance(0.3) { self.change(seat, (known, end)) } else { None };
        let absence = self.absence(seat, (known.max(from), end));
        Term { person, seat, from, to, change, absence, is_move: false }
    }

    /// A new post in the same unit, half of the times in the section it is in now.
    fn change(&mut self, seat: usize, (from, end): (i32, i32)) -> Option<(i32, Option<usize>)> {
        let on = self.dice.between(i64::from(from) - 900, i64::from(end));
        let on = i32::try_from(on).ok()?;
        let seat = self.staff.seats.get(seat)?;
        let inside = self.founded.inside.get(seat.unit)?;
        let other = self.dice.pick(inside).copied().filter(|other| {
            let is_here = self.founded.sections.get(*other).is_some_and(|it| it.to.is_none());
            *other != seat.section && is_here && on > from + 31
        });
        let is_staff = seat.role == Role::Staff;
        let other = if is_staff && self.dice.chance(0.5) { other } else { None };
        // A change on the last days would never be seen.
        (on < end - 45 && (on > from + 31 || other.is_none())).then_some((on, other))
    }

    fn absence(&mut self, seat: usize, (from, end): (i32, i32)) -> Option<Absence> {
        let kind = self.staff.seats.get(seat).map(|seat| (seat.kind, seat.role))?;
        let (away, low, high) = match self.dice.weighted(&[12.0, 6.0, 1.4, 80.6]) {
            0 if kind.0 != Kind::External && !kind.1.leads() => (Away::Lent, 180, 540),
            1 => (Away::Ill, 60, 300),
            2 => (Away::Suspended, 60, 300),
            _ => return None,
        };
        let length = i32::try_from(self.dice.between(low, high)).ok()?;
        let first = Days::no(jiff::civil::Date::constant(2023, 6, 1)) - length / 2;
        let last = Days::no(jiff::civil::Date::constant(2026, 3, 20));
        let begin = i32::try_from(self.dice.between(i64::from(first), i64::from(last))).ok()?;
        let is_inside = self.dice.chance(0.52);
        let is_told = self.dice.chance(0.5);
        let host = self.dice.pick(&self.hosts).copied()?;
        let section = self.founded.inside.get(host)?.first().copied()?;
        if begin <= from + 31 || begin + length >= end - 31 && end < last {
            return None;
        }
        let is_inside = is_inside && away == Away::Lent && host != self.staff.seats.get(seat)?.unit;
        let host = is_inside.then_some((host, section));
        Some(Absence {
            away,
            from: begin,
            to: begin + length,
            host,
            is_told: is_told || host.is_none(),
        })
    }
}
