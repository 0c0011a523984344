//! From when to when does one row of a person hold? A change shows between two rosters; the dates on
//! the rows tell the day, if they can be believed.

use std::sync::Arc;

use jiff::civil::Date;

use super::FindingKind;
use super::Findings;
use super::Person;
use super::RosterRow;
use super::Status;
use super::days_between;
use super::is_same_state;
use super::place::Places;

/// How many days late a date may be told and still hold.
const LATE_DAYS: i64 = 60;

/// One person in one place and state, as rosters say.
pub(super) struct Stay<'a> {
    pub(super) row: &'a RosterRow,
    /// The row that told the place before a reform, where one has come since the stay began.
    pub(super) former: Option<&'a RosterRow>,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) open: bool,
}

/// The stays of a person up to a day.
pub(super) fn stays<'a>(
    person: &Person<'a>,
    (days, as_of): (&[Date], Date),
    places: &Places<'_>,
    found: &mut Findings,
) -> Vec<Stay<'a>> {
    let nights = mended(person, days, places, found);
    let first = days.first().copied().unwrap_or(as_of);
    let (open, closed) = (Vec::new(), Vec::new());
    let mut line = Line { id: person.id, first, open, closed, places, found };
    let mut before: Option<(Date, &[&'a RosterRow])> = None;
    for (day, rows) in days.iter().copied().zip(&nights) {
        match before {
            None => line.begin(day, rows),
            Some((before, earlier)) => line.go_on(Between { before, day }, earlier, rows),
        }
        before = Some((day, rows));
    }
    line.end(as_of)
}

/// The nights with rows put back that were missing on exactly one of them.
fn mended<'a>(
    person: &Person<'a>,
    days: &[Date],
    places: &Places<'_>,
    found: &mut Findings,
) -> Vec<Vec<&'a RosterRow>> {
    let mut nights = person.nights.clone();
    for night in 1..nights.len().saturating_sub(1) {
        let [earlier, rows, later] = nights.get(night - 1..=night + 1).unwrap_or_default() else {
            continue;
        };
        let is_known =
            |row: &&RosterRow| earlier.iter().any(|earlier| places.is_same(earlier, row));
        if !rows.iter().all(is_known) {
            continue;
        }
        let is_back = |row: &&RosterRow| {
            let is_same = |other: &&RosterRow| {
                places.is_same(row, other)
                    && is_same_state(other, row)
                    && other.hired_on == row.hired_on
            };
            let is_there = rows.iter().any(|other| places.is_same(row, other));
            row.left_on.is_none() && !is_there && later.iter().any(is_same)
        };
        let back: Vec<&RosterRow> = earlier.iter().copied().filter(is_back).collect();
        let (Some(rows), Some(day)) = (nights.get_mut(night), days.get(night)) else { continue };
        if !back.is_empty() {
            found.add(FindingKind::Flicker, person.id, *day);
            rows.extend(back);
        }
    }
    nights
}

/// The time between two rosters, in which a change happened.
#[derive(Clone, Copy)]
struct Between {
    before: Date,
    day: Date,
}

impl Between {
    /// The day of a change: the first told one that lies between the rosters, else that of the later.
    fn dated<const N: usize>(self, told: [Option<Date>; N]) -> Date {
        told.into_iter().flatten().find(|told| self.holds(*told)).unwrap_or(self.day)
    }

    /// Whether a told day lies between the rosters.
    fn holds(self, told: Date) -> bool {
        self.before < told && told <= self.day
    }

    /// Whether a date is late, but not too late to hold.
    fn reaches(self, told: Date) -> bool {
        self.before < told || days_between(told, self.day) <= LATE_DAYS
    }
}

/// Whether a row says that somebody is lent to another place.
fn is_away(row: &RosterRow) -> bool {
    row.status == Status::SecondedOut
}

/// Whether a row is of the place that somebody is lent to.
fn is_host(row: &RosterRow) -> bool {
    row.status == Status::SecondedIn
}

/// The day on which somebody is lent or comes back, as far as a row tells it. Home and host tell of one event: where one
/// of them has no day, that of the other holds.
fn lent_on(
    was: &[Open<'_>],
    rows: &[&RosterRow],
    (between, places): (Between, &Places<'_>),
) -> Option<Date> {
    let at_home = was.iter().find_map(|open| {
        let row = rows.iter().find(|row| places.is_same(open.row, row))?;
        let told = row.status_since.filter(|_| is_away(open.row) != is_away(row));
        told.filter(|told| between.holds(*told))
    });
    let is_new = |row: &&RosterRow| !was.iter().any(|open| places.is_same(open.row, row));
    let begins =
        rows.iter().copied().filter(|row| is_host(row) && is_new(row)).filter_map(entered_on);
    let ends = was.iter().filter(|open| is_host(open.row)).filter_map(|open| left_on(open.row));
    let ends_now = rows.iter().copied().filter(|row| is_host(row)).filter_map(left_on);
    let at_host = begins.chain(ends).chain(ends_now).find(|told| between.holds(*told));
    at_home.or(at_host)
}

/// A stay that has not ended yet; its row is the latest.
#[derive(Clone, Copy)]
struct Open<'a> {
    row: &'a RosterRow,
    /// The row that told the place before a reform.
    former: Option<&'a RosterRow>,
    from: Date,
}

impl<'a> Open<'a> {
    /// The stay goes on, or another state begins in its place, with a later row.
    fn told_by(self, row: &'a RosterRow, from: Date) -> Open<'a> {
        let is_reformed = self.row.unit != row.unit;
        Open { row, former: self.former.or(is_reformed.then_some(self.row)), from }
    }
}

/// A person's stays while the rosters go by.
struct Line<'a, 'f> {
    id: &'f Arc<str>,
    /// The first roster's day; before it nothing is known.
    first: Date,
    open: Vec<Open<'a>>,
    closed: Vec<Stay<'a>>,
    places: &'f Places<'f>,
    found: &'f mut Findings,
}

impl<'a> Line<'a, '_> {
    /// The first roster: what was before is not known, what comes is told.
    fn begin(&mut self, day: Date, rows: &[&'a RosterRow]) {
        let present = rows.iter().filter(|row| left_on(row).is_none_or(|left| left > day));
        let from = |row| entered_on(row).unwrap_or(day).max(day);
        self.open.extend(present.map(|row| Open { row, former: None, from: from(row) }));
    }

    /// The next roster.
    fn go_on(&mut self, between: Between, earlier: &[&'a RosterRow], rows: &[&'a RosterRow]) {
        let has_left = |row: &&&RosterRow| left_on(row).is_some_and(|left| left <= between.day);
        let was = std::mem::take(&mut self.open);
        let places = self.places;
        let seconded = lent_on(&was, rows, (between, places));
        let mut added = Vec::new();
        for row in rows.iter().filter(|row| !has_left(row)) {
            if was.iter().any(|open| places.is_same(open.row, row)) {
                continue;
            }
            let from = if was.is_empty() {
                self.joined_on(row, between)
            } else {
                let told = moved_on(row, was.iter().any(|open| places.is_of_unit(open.row, row)));
                between.dated([told, seconded.filter(|_| is_host(row))])
            };
            added.push(Open { row, former: None, from });
        }
        let is_new = |row: &&&RosterRow| !earlier.iter().any(|other| places.is_same(other, row));
        for row in rows.iter().filter(has_left).filter(is_new) {
            self.come_and_gone(row, between, was.is_empty());
        }
        let mut replaced = vec![false; added.len()];
        for open in was {
            let row = rows.iter().find(|row| places.is_same(open.row, row)).copied();
            match row {
                Some(row) if has_left(&&row) => self.leave(open, left_on(row), between),
                Some(row) => self.keep(open, row, (between, seconded)),
                None => {
                    let told =
                        rows.iter().find(|row| has_left(row) && places.leaves(open.row, row));
                    let told = told.and_then(|row| left_on(row)).or(left_on(open.row));
                    let told = told.filter(|left| *left <= between.day);
                    let next = replacement(&open, (&added, &mut replaced), places);
                    let back = seconded.filter(|_| is_host(open.row));
                    match (told, next) {
                        (Some(left), _) => self.leave(open, Some(left), between),
                        (None, Some(next)) => self.close(open, next),
                        (None, None) => self.close(open, between.dated([back])),
                    }
                }
            }
        }
        self.open.extend(added);
    }

    /// A place that is there still, perhaps in another state.
    fn keep(
        &mut self,
        open: Open<'a>,
        row: &'a RosterRow,
        (between, seconded): (Between, Option<Date>),
    ) {
        if is_same_state(open.row, row) {
            self.open.push(open.told_by(row, open.from));
            return;
        }
        let told = if open.row.status == row.status { row.on_post_on } else { row.status_since };
        let seconded = seconded.filter(|_| is_away(open.row) != is_away(row));
        let from = between.dated([told, seconded]).max(open.from);
        self.close(open, from);
        self.open.push(open.told_by(row, from));
    }

    /// The day on which one begins who was on no roster before.
    fn joined_on(&mut self, row: &RosterRow, between: Between) -> Date {
        let Some(told) = entered_on(row) else { return between.day };
        if self.closed.iter().any(|stay| told < stay.to) {
            // Away from one roster on and new on a later one: a day within the earlier stay ends it,
            // an older one is of that stay and tells nothing.
            let is_new = self.closed.iter().all(|stay| stay.from < told) && between.reaches(told);
            if !is_new {
                return between.day;
            }
            self.closed.iter_mut().for_each(|stay| stay.to = stay.to.min(told));
            return told;
        }
        if told > between.day || between.reaches(told) {
            return told.max(self.first);
        }
        if self.closed.is_empty() {
            self.found.once(FindingKind::LateJoiner, self.id, between.day);
        }
        between.day
    }

    /// One who came and went between two rosters and is only on the list of leavers.
    fn come_and_gone(&mut self, row: &'a RosterRow, between: Between, is_joiner: bool) {
        let (Some(from), Some(left)) = (entered_on(row), left_on(row)) else { return };
        if is_joiner && between.before < from && from < left {
            self.closed.push(Stay { row, former: None, from, to: left, open: false });
        }
    }

    /// Ends a stay on the told first day away, which may be before an earlier roster.
    fn leave(&mut self, open: Open<'a>, left: Option<Date>, between: Between) {
        let told = left.filter(|left| between.reaches(*left));
        let Some(left) = told else {
            self.found.once(FindingKind::LateLeaver, self.id, between.day);
            return self.close(open, between.day);
        };
        let is_of_unit = |stay: &Stay<'_>| self.places.is_of_unit(stay.row, open.row);
        for stay in self.closed.iter_mut().filter(|stay| is_of_unit(stay)) {
            stay.to = stay.to.min(left);
        }
        self.closed.retain(|stay| stay.from < stay.to);
        self.close(open, left);
    }

    fn close(&mut self, open: Open<'a>, to: Date) {
        if open.from < to {
            let Open { row, former, from } = open;
            self.closed.push(Stay { row, former, from, to, open: false });
        }
    }

    /// No further roster: what was last known holds to the last day to count.
    fn end(mut self, as_of: Date) -> Vec<Stay<'a>> {
        let after = as_of.tomorrow().unwrap_or(as_of);
        for open in std::mem::take(&mut self.open) {
            let left = left_on(open.row).filter(|left| *left <= as_of);
            let to = left.unwrap_or(after);
            if open.from < to {
                let Open { row, former, from } = open;
                self.closed.push(Stay { row, former, from, to, open: left.is_none() });
            }
        }
        self.closed
    }
}

/// The day that ends a vanished place because another took over from it: in the unit, or anywhere.
fn replacement(
    open: &Open<'_>,
    (added, replaced): (&[Open<'_>], &mut [bool]),
    reforms: &Places<'_>,
) -> Option<Date> {
    let free = |place: &usize| replaced.get(*place) == Some(&false);
    let is_of_unit =
        |place: &usize| added.get(*place).is_some_and(|new| reforms.is_of_unit(open.row, new.row));
    let mut places = (0..added.len()).filter(free);
    let in_unit = places.clone().find(is_of_unit);
    let place = in_unit.or_else(|| places.next())?;
    if let Some(replaced) = replaced.get_mut(place) {
        *replaced = true;
    }
    added.get(place).map(|new| new.from)
}

/// The first day away; a date from before the day of entering is of an earlier time in the unit.
fn left_on(row: &RosterRow) -> Option<Date> {
    row.left_on.filter(|left| row.hired_on.is_none_or(|hired| hired <= *left))
}

/// The day of entering a unit.
fn entered_on(row: &RosterRow) -> Option<Date> {
    let entered = row.hired_on.or(row.on_post_on);
    match row.status {
        Status::SecondedIn => row.status_since.or(entered),
        Status::Active | Status::SecondedOut | Status::Leave | Status::Suspended => entered,
    }
}

/// The day of taking a new place: inside a unit the day of the post, else that of entering.
fn moved_on(row: &RosterRow, is_same_unit: bool) -> Option<Date> {
    if is_same_unit { row.on_post_on } else { entered_on(row) }
}
