//! Is the one who appears the one who vanished? A corrected identity number makes two people of one.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Corrected;
use super::Finding;
use super::FindingKind;
use super::Findings;
use super::Person;
use super::RosterRow;

/// What both rows must agree in.
type Likeness<'a> =
    (usize, Option<&'a Arc<str>>, Option<&'a Arc<str>>, &'a str, Option<Date>, Option<Date>);

/// Who vanished and who appeared, by place in the list of people.
#[derive(Default)]
struct Candidates {
    vanished: Vec<usize>,
    appeared: Vec<usize>,
}

/// The people, those with a corrected number joined under the new one, and the last number of each that had others.
pub(super) fn joined<'a>(
    mut people: Vec<Person<'a>>,
    days: &[Date],
    found: &mut Findings,
) -> (Vec<Person<'a>>, Corrected) {
    let mut corrected = Corrected::new();
    for (old, new, night) in pairs(&people) {
        let Some(before) = people.get_mut(old).map(|person| std::mem::take(&mut person.nights))
        else {
            continue;
        };
        let Some(person) = people.get_mut(new) else { continue };
        for (rows, earlier) in person.nights.iter_mut().zip(before) {
            rows.extend(earlier);
        }
        let id = Arc::clone(person.id);
        let before = people.get(old).map(|person| Arc::clone(person.id));
        corrected.values_mut().filter(|last| Some(&**last) == before.as_ref()).for_each(|last| {
            *last = Arc::clone(&id);
        });
        corrected.extend(before.clone().map(|before| (before, Arc::clone(&id))));
        if let Some(day) = days.get(night).copied() {
            found.all.push(Finding {
                kind: FindingKind::IdentityCorrected,
                person: id,
                day,
                before,
            });
        }
    }
    people.retain(|person| !person.nights.is_empty());
    (people, corrected)
}

/// Old and new and the night between, in order of time so that a chain of corrections holds.
fn pairs(people: &[Person<'_>]) -> Vec<(usize, usize, usize)> {
    let mut alike: HashMap<Likeness<'_>, Candidates> = HashMap::new();
    for (place, person) in people.iter().enumerate() {
        let known = |rows: &Vec<&RosterRow>| !rows.is_empty();
        let first = person.nights.iter().position(known).unwrap_or(0);
        let last = person.nights.iter().rposition(known).unwrap_or(0);
        if let Some(likeness) = likeness(person, first, first) {
            alike.entry(likeness).or_default().appeared.push(place);
        }
        if let Some(likeness) = likeness(person, last, last + 1) {
            alike.entry(likeness).or_default().vanished.push(place);
        }
    }
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (likeness, candidates) in alike {
        if let ([old], [new]) = (candidates.vanished.as_slice(), candidates.appeared.as_slice()) {
            pairs.push((*old, *new, likeness.0));
        }
    }
    pairs.sort_unstable_by_key(|(old, _, night)| (*night, *old));
    pairs
}

/// What can be compared of a person's only row, if it holds a date and tells of no leaving.
fn likeness<'a>(person: &Person<'a>, night: usize, change: usize) -> Option<Likeness<'a>> {
    let rows = person.nights.get(night).filter(|rows| rows.len() == 1)?;
    let row: &'a RosterRow = rows.first()?;
    let is_dated = row.hired_on.is_some() || row.on_post_on.is_some();
    if !is_dated || row.left_on.is_some() || change == 0 || change >= person.nights.len() {
        return None;
    }
    let (unit, section) = (row.unit.as_ref(), row.section.as_ref());
    Some((change, unit, section, &row.post_kind, row.hired_on, row.on_post_on))
}
