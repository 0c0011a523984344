//! How much of a person is each place on each day? Never more than one person over all units.

use std::sync::Arc;

use jiff::civil::Date;
use num_rational::Ratio;

use super::EXTERNAL;
use super::FindingKind;
use super::Findings;
use super::Spell;
use super::Status;
use super::piece::Piece;

/// The spells of a person, each with its share for work and for the quota.
pub(super) fn weigh(person: &Arc<str>, pieces: &[Piece<'_>], found: &mut Findings) -> Vec<Spell> {
    let mut cuts: Vec<Date> = pieces.iter().flat_map(|piece| [piece.from, piece.to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut spells: Vec<Spell> = Vec::new();
    for (from, to) in cuts.iter().copied().zip(cuts.iter().copied().skip(1)) {
        let lasts = |piece: &&Piece<'_>| piece.from <= from && to <= piece.to;
        let here: Vec<&Piece<'_>> = pieces.iter().filter(lasts).collect();
        for mut spell in weigh_days(person, from, &here, found) {
            (spell.from, spell.to) = (from, to);
            spell.open &= here.iter().all(|piece| !piece.open || piece.to == to);
            add(&mut spells, spell);
        }
    }
    spells
}

/// The spells of days on which nothing changes.
fn weigh_days(
    person: &Arc<str>,
    from: Date,
    here: &[&Piece<'_>],
    found: &mut Findings,
) -> Vec<Spell> {
    let states: Vec<Status> = here.iter().map(|piece| state(piece, here)).collect();
    let told: Vec<Option<Ratio<i64>>> = here.iter().map(|piece| piece.row.share).collect();
    let works =
        |place: usize| matches!(states.get(place), Some(Status::Active | Status::SecondedIn));
    let is_on_quota = |place: usize| {
        let is_external = here.get(place).is_some_and(|piece| &*piece.row.post_kind == EXTERNAL);
        !is_external && states.get(place) != Some(&Status::SecondedIn)
    };
    let (work, is_told) = shares(&told, works);
    let (quota, _) = shares(&told, is_on_quota);
    let mut spells: Vec<Spell> = Vec::with_capacity(here.len());
    for (piece, (status, (work, quota))) in
        here.iter().zip(states.into_iter().zip(work.into_iter().zip(quota)))
    {
        if status != piece.row.status {
            found.once(FindingKind::HomeSaysActive, person, from);
        }
        if !is_told {
            found.once(FindingKind::SharesUntold, person, from);
        }
        let spell = Spell {
            person: Arc::clone(person),
            unit: piece.unit.clone(),
            told_of: piece.place.unit.clone(),
            section: piece.place.section.clone(),
            post_kind: Arc::clone(&piece.row.post_kind),
            status,
            from: piece.from,
            to: piece.to,
            open: piece.open,
            work,
            quota,
        };
        // A reform may bring two places of a person together.
        match spells.iter_mut().find(|other| is_same_place(other, &spell)) {
            Some(other) => {
                other.work += work;
                other.quota += quota;
            }
            None => spells.push(spell),
        }
    }
    spells
}

/// The status of a place, where the host is believed before the home.
fn state(piece: &Piece<'_>, here: &[&Piece<'_>]) -> Status {
    let is_host =
        |other: &&Piece<'_>| other.row.status == Status::SecondedIn && other.unit != piece.unit;
    match piece.row.status {
        Status::Active if here.iter().any(is_host) => Status::SecondedOut,
        status => status,
    }
}

/// The share of each place that counts, and whether the rows tell it: given shares are used if they
/// make one person at most, else each place counts the same.
fn shares(told: &[Option<Ratio<i64>>], counts: impl Fn(usize) -> bool) -> (Vec<Ratio<i64>>, bool) {
    let (none, whole) = (Ratio::from_integer(0), Ratio::from_integer(1));
    let places: Vec<usize> = (0..told.len()).filter(|place| counts(*place)).collect();
    let (mut sum, mut is_told) = (none, true);
    for place in &places {
        match told.get(*place).copied().flatten().filter(|share| none < *share && *share <= whole) {
            Some(share) => sum += share,
            None => is_told = false,
        }
    }
    is_told &= sum <= whole;
    let equal = Ratio::new(1, i64::try_from(places.len()).unwrap_or(1).max(1));
    let share = |place: usize, share: Option<Ratio<i64>>| match share {
        _ if !counts(place) => none,
        Some(share) if is_told => share,
        _ => equal,
    };
    let shares = told.iter().enumerate().map(|(place, told)| share(place, *told)).collect();
    (shares, is_told || places.len() < 2)
}

fn is_same_place(one: &Spell, other: &Spell) -> bool {
    one.unit == other.unit && one.section == other.section && one.post_kind == other.post_kind
}

/// Adds a spell, or lengthens the one that it goes on from.
fn add(spells: &mut Vec<Spell>, spell: Spell) {
    let before = spells.iter_mut().rev().find(|before| {
        before.to == spell.from
            && is_same_place(before, &spell)
            && (before.status, before.work, before.quota) == (spell.status, spell.work, spell.quota)
    });
    match before {
        Some(before) => (before.to, before.open) = (spell.to, spell.open),
        None => spells.push(spell),
    }
}
