//! Which units may a name mean that no rule takes? Suggested to a person, never taken.
//!
//! Names are compared as keys ([`fold`]) without their region, so that a region never makes two names
//! alike. The confidence of a pair is the largest of
//!
//! | likeness | confidence |
//! |---|---|
//! | the same name | 1 |
//! | another ending: 卫健局 and 卫健委 | 0.9 |
//! | short for it: its letters stand in the other in order, 场局 in 市场监管局 | 0.5 + 0.35 · letters / letters of the other, + 0.05 for the same first and + 0.05 for the same last letter |
//! | a slip: so many letters to change, add, drop or swap | 0.9 · (1 − slips / letters of the longer) |
//! | some letters in common, in order | 0.8 · 2 · common / letters of both |
//!
//! times 0.95 for a name that the unit no longer bears or that an ended unit had (then its successor is
//! meant), and times 0.6 for a unit of another region than the name says.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::Meaning;
use super::Names;
use super::Origin;
use super::Resolved;
use super::bare_forms;
use super::is_in_force;
use super::region::Reading;
use crate::base::fold::fold;
use crate::base::fold::without_proper;

/// A unit that a name may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The unit, as it is on the day.
    pub unit: Arc<str>,
    /// Its full name.
    pub name: String,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// How they are alike.
    pub likeness: Likeness,
}

/// How a name is like that of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same name, in another region or before a reform.
    Same,
    /// The same but for its ending.
    Ending,
    /// One is short for the other.
    Short,
    /// A slip of the pen, of a scanner or of a keyboard.
    Slip,
    /// Some letters in common.
    Common,
}

impl Likeness {
    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Likeness::Same => "same",
            Likeness::Ending => "ending",
            Likeness::Short => "short",
            Likeness::Slip => "slip",
            Likeness::Common => "common",
        }
    }
}

/// How names end, in the order in which an ending is taken off.
const ENDINGS: [&str; 12] = [
    "管理委员会",
    "委员会",
    "管委会",
    "办公室",
    "管理局",
    "中心",
    "委",
    "办",
    "局",
    "部",
    "处",
    "会",
];

/// What is below is no suggestion.
const LEAST: f64 = 0.5;
/// A name from before a reform.
const FORMER: f64 = 0.95;
/// A unit of another region than the name says.
const ELSEWHERE: f64 = 0.6;

/// A name of a unit in force, without its region.
struct Form {
    unit: Arc<str>,
    region: Arc<str>,
    bare: Vec<char>,
    is_former: bool,
}

impl Form {
    /// How sure it is that a name means this, by the reading that is most like it.
    fn likest(&self, readings: &[(Vec<Arc<str>>, Vec<char>)]) -> Option<(f64, Likeness)> {
        let readings = readings.iter().filter(|(_, bare)| bare.len() > 1);
        let of_reading = readings.map(|(regions, bare)| {
            let (confidence, likeness) = alike(bare, &self.bare);
            let is_there = regions.is_empty() || regions.contains(&self.region);
            let former = if self.is_former { FORMER } else { 1.0 };
            (confidence * former * if is_there { 1.0 } else { ELSEWHERE }, likeness)
        });
        of_reading.max_by(|one, other| one.0.total_cmp(&other.0))
    }
}

impl Names {
    /// Units that a name may mean on a day, the likest first, for a person to choose from. None for a
    /// name of another place: 嘉陵市财政局 is one letter from 嘉宁市财政局 and another city.
    pub fn suggest(&self, name: &str, origin: Origin<'_>, day: Date) -> Vec<Candidate> {
        let key = fold(name);
        let key = without_proper(&key).unwrap_or(&key);
        let mut readings = self.regions.readings(key, origin.region);
        if readings.is_empty() {
            readings.push(Reading { regions: Vec::new(), bare: key });
        }
        if self.is_elsewhere(key, origin) {
            return Vec::new();
        }
        let readings: Vec<(Vec<Arc<str>>, Vec<char>)> =
            readings.into_iter().map(|it| (it.regions, it.bare.chars().collect())).collect();
        let mut likest: BTreeMap<Arc<str>, (f64, Likeness)> = BTreeMap::new();
        for form in self.forms(origin, day) {
            let Some(alike) = form.likest(&readings) else { continue };
            let known = likest.entry(Arc::clone(&form.unit)).or_insert(alike);
            if alike.0 > known.0 {
                *known = alike;
            }
        }
        if let Resolved::OutOfTime(unit) = self.resolve(name, origin, day) {
            self.before(&unit, day).into_iter().for_each(|unit| {
                likest.insert(unit, (FORMER, Likeness::Same));
            });
        }
        let candidate = |(unit, (confidence, likeness)): (Arc<str>, (f64, Likeness))| {
            let name = self.name_on(&unit, day);
            Candidate { unit, name, confidence, likeness }
        };
        let mut candidates: Vec<Candidate> =
            likest.into_iter().filter(|(_, (it, _))| *it >= LEAST).map(candidate).collect();
        candidates.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        candidates
    }

    /// The full name of a unit on a day.
    pub fn name_on(&self, unit: &str, day: Date) -> String {
        let lines = self.lines(self.by_id.get(unit));
        let now = lines.iter().find(|line| is_in_force(line, day)).or(lines.last());
        now.map_or_else(String::new, |line| line.name.clone())
    }

    /// The units that bear exactly this name, ever.
    pub fn named(&self, name: &str) -> Vec<Arc<str>> {
        let lines = self.lines(self.by_name.get(&fold(name)));
        let mut units: Vec<Arc<str>> = lines.iter().map(|line| Arc::clone(&line.unit_id)).collect();
        units.sort();
        units.dedup();
        units
    }

    /// Whether there is a unit of this key.
    pub fn has(&self, unit: &str) -> bool {
        self.by_id.contains_key(unit)
    }

    /// Every key and full name, for "did you mean".
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.units.iter().flat_map(|unit| [&*unit.unit_id, unit.name.as_str()])
    }

    /// Every name that means a unit in force, the ended ones and the listed ones among them.
    fn forms(&self, origin: Origin<'_>, day: Date) -> Vec<Form> {
        let mut forms = Vec::new();
        let mut add = |unit: &Arc<str>, region: &Arc<str>, name: &str, is_former: bool| {
            let Some(now) = self.in_force(unit, day) else { return };
            let key = fold(name);
            let bare = bare_forms(&self.regions, &key, region).into_iter();
            // The whole name stands for itself only where it begins with no region.
            let shorter: Vec<&str> = bare.filter(|bare| *bare != key).collect();
            let bare = if shorter.is_empty() { vec![key.as_str()] } else { shorter };
            let is_former = is_former || now != *unit;
            forms.extend(bare.into_iter().map(|bare| Form {
                unit: Arc::clone(&now),
                region: Arc::clone(region),
                bare: bare.chars().collect(),
                is_former,
            }));
        };
        for line in &self.units {
            for name in line.other_names.iter().chain([&line.name]) {
                add(&line.unit_id, &line.region, name, !is_in_force(line, day));
            }
        }
        for line in &self.aliases {
            let is_of = line.system.is_none() || line.system.as_deref() == origin.system;
            let Meaning::Unit(unit) = &line.means else { continue };
            let of_unit = self.by_id.get(unit).and_then(|units| self.units.get(*units.first()?));
            if let Some(of_unit) = of_unit.filter(|_| is_of) {
                add(unit, &of_unit.region, &line.alias, false);
            }
        }
        forms
    }

    /// The units of a day that a later unit followed.
    fn before(&self, later: &str, day: Date) -> Vec<Arc<str>> {
        let next = |unit: &Arc<str>| {
            let lines = self.lines(self.by_id.get(unit));
            lines.last().and_then(|line| line.successor_id.clone())
        };
        let leads = |line: &&super::UnitName| {
            let mut chain = std::iter::successors(line.successor_id.clone(), next).take(16);
            chain.any(|unit| &*unit == later)
        };
        let now = self.units.iter().filter(|line| is_in_force(line, day));
        now.filter(leads).map(|line| Arc::clone(&line.unit_id)).collect()
    }

    /// Whether a name is that of a known unit behind a region that is not of this home.
    fn is_elsewhere(&self, key: &str, origin: Origin<'_>) -> bool {
        let is_known = |before: &str| {
            self.regions.readings(before, origin.region).iter().any(|it| it.bare.is_empty())
        };
        let places = key.char_indices().map(|(place, letter)| place + letter.len_utf8());
        places.filter_map(|place| key.split_at_checked(place)).any(|(before, after)| {
            before.ends_with(['市', '区', '县'])
                && before.chars().count() > 2
                && self.by_bare.contains_key(after)
                && !is_known(before)
        })
    }
}

/// How sure it is that two names without their regions are one.
fn alike(written: &[char], known: &[char]) -> (f64, Likeness) {
    if written == known {
        return (1.0, Likeness::Same);
    }
    if stem(written).is_some_and(|stem_of| stem(known) == Some(stem_of)) {
        return (0.9, Likeness::Ending);
    }
    let letters = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (short, long) =
        if written.len() < known.len() { (written, known) } else { (known, written) };
    let common = common(written, known);
    let mut best =
        (0.8 * 2.0 * letters(common) / letters(short.len() + long.len()), Likeness::Common);
    let slips = strsim::generic_damerau_levenshtein(written, known);
    let slip = 0.9 * (1.0 - letters(slips) / letters(long.len()));
    if slip > best.0 {
        best = (slip, Likeness::Slip);
    }
    // In words of letters, a few of them in order say nothing unless the first is the same.
    let begins = short.first() == long.first();
    if common == short.len() && short.len() > 1 && (begins || !short.iter().all(char::is_ascii)) {
        let ends = [begins, short.last() == long.last()].into_iter().filter(|it| *it).count();
        let share = letters(short.len()) / letters(long.len());
        let abbreviation = 0.5 + 0.35 * share + 0.05 * letters(ends);
        if abbreviation > best.0 {
            best = (abbreviation, Likeness::Short);
        }
    }
    best
}

/// A name without its ending, if something is left to tell it by.
fn stem(name: &[char]) -> Option<&[char]> {
    let ends = |ending: &&&str| {
        ending.chars().rev().eq(name.iter().rev().copied().take(ending.chars().count()))
    };
    let ending = ENDINGS.iter().find(ends)?;
    name.get(..name.len() - ending.chars().count()).filter(|stem| stem.len() > 1)
}

/// How many letters two names have in common, in order.
fn common(one: &[char], other: &[char]) -> usize {
    let mut above = vec![0; other.len() + 1];
    for letter in one {
        let mut row = vec![0];
        for (at, known) in other.iter().enumerate() {
            let left = row.last().copied().unwrap_or(0);
            let [before, over] = [at, at + 1].map(|at| above.get(at).copied().unwrap_or(0));
            row.push(if letter == known { before + 1 } else { left.max(over) });
        }
        above = row;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_alike_two_names_are_is_what_the_table_says() {
        let told = |written: &str, known: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            let (confidence, likeness) = alike(&letters(written), &letters(known));
            ((confidence * 1000.0).round(), likeness)
        };
        assert_eq!(told("财政局", "财政局"), (1000.0, Likeness::Same));
        assert_eq!(told("卫健局", "卫健委"), (900.0, Likeness::Ending));
        assert_eq!(told("场局", "市场监管局"), (690.0, Likeness::Short));
        assert_eq!(told("市场局", "市场监管局"), (810.0, Likeness::Short));
        assert_eq!(told("民政周", "民政局"), (600.0, Likeness::Slip));
        assert_eq!(told("城管执法局", "综合执法局"), (540.0, Likeness::Slip));
        assert_eq!(told("parks", "public works").1, Likeness::Common);
        assert_eq!(told("局", "委"), (0.0, Likeness::Common));
    }
}
