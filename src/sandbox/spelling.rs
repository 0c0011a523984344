//! How does somebody who fills a form write a unit's name? By its full name, most times.

use jiff::civil::Date;

use super::dice::Lot;
use super::founding::Founded;
use super::founding::lines;

const SPELLINGS: &str = include_str!("lists/spellings.csv");
/// How long an abolished unit's name is written on.
const LIVES_ON: i32 = 9;

/// What is behind a spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The ledger has it, or the resolver's rules take it.
    Ledger,
    /// Somebody has to list it.
    Listed(&'static str),
    /// Nobody knows what it means.
    Unknown,
}

/// One spelling of a unit.
#[derive(Clone, Debug)]
pub(super) struct Spelling {
    pub(super) unit: usize,
    pub(super) text: String,
    pub(super) why: Why,
}

/// A name as it was written, and the flaw that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written<'s> {
    pub(super) name: &'s str,
    pub(super) flaw: Option<&'static str>,
}

/// All spellings of all units.
#[derive(Debug)]
pub(super) struct Spellings {
    pub(super) all: Vec<Spelling>,
    by_unit: Vec<Vec<usize>>,
    lot: Lot,
}

impl Spellings {
    pub(super) fn new(seed: u64, founded: &Founded) -> Spellings {
        let mut by_unit = vec![Vec::new(); founded.units.len()];
        let mut all = Vec::new();
        for line in lines(SPELLINGS) {
            let [unit, text, kind] = line.as_slice() else { continue };
            let unit = founded.place(unit);
            let why = match kind.as_str() {
                "old" => Why::Listed("旧称"),
                "other" => Why::Listed("习惯写法"),
                "misspelt" => Why::Listed("误写"),
                "unknown" => Why::Unknown,
                _ => Why::Ledger,
            };
            if let Some(of) = by_unit.get_mut(unit) {
                of.push(all.len());
            }
            all.push(Spelling { unit, text: text.clone(), why });
        }
        Spellings { all, by_unit, lot: Lot::of(seed, "spellings") }
    }

    /// How a unit is written in one row on a day, when a share of the rows of units with spellings is
    /// spelt otherwise.
    pub(super) fn written<'s>(
        &'s self,
        founded: &'s Founded,
        (unit, day): (usize, Date),
        share: f64,
        key: u64,
    ) -> Written<'s> {
        let full = founded.unit_at(unit).map_or("", |unit| unit.name.as_str());
        if let Some(old) = former(founded, unit, day).filter(|_| self.lot.falls(0.4, key, 1)) {
            return Written { name: old, flaw: Some("F14") };
        }
        let spellings = self.by_unit.get(unit).map_or(&[][..], Vec::as_slice);
        if !spellings.is_empty() && self.lot.falls(share, key, 2) {
            let drawn = self.lot.pick(spellings, key, 3).and_then(|at| self.all.get(*at));
            // What nobody knows is rare: most of it is written rightly after all.
            let rare = |it: &&Spelling| it.why != Why::Unknown || self.lot.falls(0.15, key, 4);
            if let Some(spelling) = drawn.filter(rare) {
                return Written { name: &spelling.text, flaw: Some("F06") };
            }
        }
        Written { name: full, flaw: None }
    }

    /// The lines of the home's alias table that a staffing office would have decided.
    pub(super) fn alias_lines(&self, founded: &Founded) -> String {
        let mut text = "system,alias,unit,valid_from,valid_to,note\n".to_owned();
        for spelling in &self.all {
            let (Why::Listed(note), Some(unit)) = (spelling.why, founded.unit_at(spelling.unit))
            else {
                continue;
            };
            text.extend([",", &spelling.text, ",", &unit.unit_id, ",,,", note, "\n"]);
        }
        text
    }
}

/// The name that a reform ended not long before a day, if this unit is what mainly followed it.
fn former(founded: &Founded, unit: usize, day: Date) -> Option<&str> {
    let id = &founded.unit_at(unit)?.unit_id;
    let ended = founded.units.iter().find(|it| it.successor_id.as_ref() == Some(id))?;
    let to = ended.to?;
    let until = to.checked_add(jiff::Span::new().months(LIVES_ON)).ok()?;
    (to <= day && day < until).then_some(ended.name.as_str())
}
