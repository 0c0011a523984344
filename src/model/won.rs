//! Which row of each key wins, and what does it change? The newest one that came, held against what is known. It is told of
//! one share of the keys at a time.

use std::collections::HashMap;
use std::collections::HashSet;

use jiff::civil::Date;
use polars::prelude::IdxSize;

use super::delivery::Equation;
use super::lines::At;
use super::lines::Line;
use super::past;
use super::pile::Pile;
use super::stood::Known;
use super::stood::of_key;

/// What became of the rows of some shares.
#[derive(Default)]
pub(super) struct Won {
    pub(super) equation: Equation,
    /// Where the rows are that make new versions.
    pub(super) rows: Vec<At>,
    /// Which known rows are gone.
    pub(super) gone: Vec<IdxSize>,
    /// Of files, rows that say something else than the one that stands and are as new as it is, each with that one.
    pub(super) rivals: Vec<(At, At)>,
}

impl Won {
    /// Of the lines of a share, what stood of it, and what slices of the past are held against.
    pub(super) fn of(
        pile: &Pile<'_>,
        mut lines: Vec<Line>,
        (stood, told): (&[Known], &HashMap<u128, past::Known>),
    ) -> Won {
        debug_assert!(!pile.schema.primary_key.is_empty());
        let mut won = Won::default();
        let count = lines.len();
        forget_past(pile, &mut lines);
        won.equation.unchanged = (count - lines.len()) as u64;
        won.equation.duplicate = lines.len() as u64;
        // What a delivery itself brings is newer than a correction of an older one.
        lines.retain(|line| !(line.is_correction && pile.is_replaced(line.at)));
        lines.sort_unstable_by_key(|line| (line.key, line.at));
        let brings = |key| lines.binary_search_by_key(&key, |line| line.key).is_ok();
        let absent = stood.iter().filter(|known| known.is_at_stake && !brings(known.key));
        won.gone.extend(absent.map(|known| known.row));
        won.equation.deleted = won.gone.len() as u64;
        won.rows.reserve(lines.len());
        let has_files = !pile.judged.files.is_empty();
        for rows in lines.chunk_by(|one, other| one.key == other.key) {
            let later = |before, line| if is_newer(line, before) { line } else { before };
            let Some(stands) = rows.iter().reduce(later) else { continue };
            if has_files && rows.len() > 1 {
                let against = rows.iter().filter(|line| is_rival(line, stands));
                won.rivals.extend(against.map(|line| (line.at, stands.at)));
            }
            won.equation.duplicate -= 1;
            if past::gives_way(stands, told.get(&stands.key)) {
                won.equation.unchanged += 1;
            } else {
                won.enter(pile, stands, of_key(stood, stands.key));
            }
        }
        won
    }

    /// Enters the row that stands of a key, held against what is known of it.
    fn enter(&mut self, pile: &Pile<'_>, line: &Line, known: Option<&Known>) {
        let equation = &mut self.equation;
        match known {
            None if line.is_deleted => equation.unchanged += 1,
            None => equation.added += 1,
            Some(known) if line.is_deleted => {
                equation.changed += 1;
                self.gone.push(known.row);
            }
            Some(known)
                if known.hash == Some(line.hash) || is_overtaken(pile, line.at, known.told) =>
            {
                equation.unchanged += 1;
                return;
            }
            Some(_) => equation.changed += 1,
        }
        self.rows.extend(Some(line.at).filter(|_| !line.is_deleted));
    }

    /// Puts what became of another share beside it.
    pub(super) fn append(&mut self, other: Won) {
        let (equation, own) = (&mut self.equation, other.equation);
        equation.added += own.added;
        equation.changed += own.changed;
        equation.unchanged += own.unchanged;
        equation.duplicate += own.duplicate;
        equation.deleted += own.deleted;
        self.rows.extend(other.rows);
        self.gone.extend(other.gone);
        self.rivals.extend(other.rivals);
    }
}

/// A slice of the past brings nothing back that the night itself leaves out, or does not bring where it asks for everything.
fn forget_past(pile: &Pile<'_>, lines: &mut Vec<Line>) {
    if !pile.has_past || (pile.left.is_empty() && !pile.delivery.is_full) {
        return;
    }
    let own = lines.iter().filter(|line| !line.is_past).map(|line| line.key);
    let own: HashSet<u128> = own.collect();
    let is_out = |key| pile.delivery.is_full || pile.left.contains(&key);
    lines.retain(|line| !line.is_past || own.contains(&line.key) || !is_out(line.key));
}

/// Whether a row that came back corrected is older than what the lake has been told since.
fn is_overtaken(pile: &Pile<'_>, at: At, told: Option<Date>) -> bool {
    pile.correction(at).is_some_and(|correction| Some(correction.since) < told)
}

/// Whether a row that came behind another of its key takes its place.
fn is_newer(line: &Line, before: &Line) -> bool {
    let is_older = line.is_correction && !before.is_correction;
    // What the night itself brings was asked for after a slice of the past.
    let is_later = before.is_past && !line.is_past;
    is_later || (!is_older && line.updated >= before.updated)
}

/// Whether nothing but the order in which they came says that a row gives way to another one of its key.
fn is_rival(line: &Line, stands: &Line) -> bool {
    let is_own = |line: &Line| !line.is_correction && !line.is_past;
    is_own(line)
        && is_own(stands)
        && line.updated == stands.updated
        && (line.hash, line.is_deleted) != (stands.hash, stands.is_deleted)
}
