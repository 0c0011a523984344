//! Thirty nights of releases in the hands of somebody who subtracts: can a number be had that rests on one
//! or two people? What is published is taken as linear equations, with what everybody knows of them (a
//! unit is its sections and those above them, a year is its quarters, a distribution is complete), and
//! solved.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::civil::date;
use num_traits::One as _;
use num_traits::Zero as _;
use shuping::base::period::Month;
use shuping::base::period::Period;
use shuping::measure::evaluate::Status;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::formula::Formula;

use super::town::Town;
use super::town::UNITS;
use crate::pencil::figures::shipped;

/// A count: the measure, the unit, the section (none is the unit, empty are those above all sections), and
/// the period.
pub(super) type Count = (String, &'static str, Option<String>, Period);

/// A sum of counts that is known: each count and how often it stands in it, and what it comes to.
type Equation = (BTreeMap<usize, Exact>, Exact);

/// What a release says of a metric: the formula's two sides, and what they are worth.
struct Line {
    metric: String,
    /// Whether it withholds: what it tells of a day moves once a month, other metrics every night.
    withholds: bool,
    unit: &'static str,
    section: Option<String>,
    period: Period,
    sides: Vec<(Formula, Exact)>,
}

/// What the release of a night says.
fn release(town: &Town, catalog: &Catalog, night: Date) -> Vec<Line> {
    let mut lines = Vec::new();
    town.night(catalog, night, &mut |told| {
        let unit = *UNITS.iter().find(|unit| **unit == told.place.0).unwrap();
        if told.part.is_some() {
            return;
        }
        if told.status == Status::Withheld {
            let hidden = [told.value, told.numerator, told.denominator, told.base];
            assert_eq!(hidden, [None; 4], "{}", told.metric.name);
        }
        let mut sides = Vec::new();
        if let Formula::Divide(above, below) = &told.metric.value {
            let both = [(above, told.numerator), (below, told.denominator)];
            sides.extend(both.into_iter().filter_map(|(of, is)| Some(((**of).clone(), is?))));
        }
        sides.extend(told.value.map(|value| (told.metric.value.clone(), value)));
        let (metric, withholds) = (told.metric.name.clone(), told.metric.withhold.is_some());
        let (section, period) = (told.place.1, told.period);
        lines.push(Line { metric, withholds, unit, section, period, sides });
    });
    lines
}

/// Equations over counts that were given numbers.
#[derive(Default)]
pub(super) struct Known {
    counts: BTreeMap<Count, usize>,
    pub(super) equations: Vec<Equation>,
}

impl Known {
    pub(super) fn count(&mut self, count: Count) -> usize {
        let next = self.counts.len();
        *self.counts.entry(count).or_insert(next)
    }

    /// The names of a sum, if a formula is one.
    pub(super) fn names<'f>(formula: &'f Formula, into: &mut Vec<&'f str>) -> bool {
        match formula {
            Formula::Name(name) => {
                into.push(name);
                true
            }
            Formula::Add(x, y) => Known::names(x, into) && Known::names(y, into),
            _ => false,
        }
    }

    fn read(lines: &[Line]) -> Known {
        let mut known = Known::default();
        let sides = lines.iter().flat_map(|line| line.sides.iter().map(move |side| (line, side)));
        for (line, (formula, is)) in sides {
            let mut names = Vec::new();
            if !Known::names(formula, &mut names) {
                continue;
            }
            let mut sum = BTreeMap::new();
            for name in names {
                let stays = line.withholds || flows(name);
                let of_night = [" tonight", ""][usize::from(stays)];
                let name = format!("{name}{of_night}");
                let count = (name, line.unit, line.section.clone(), line.period);
                sum.insert(known.count(count), Exact::one());
            }
            known.equations.push((sum, *is));
        }
        known.common_knowledge(lines);
        known
    }

    /// What holds whatever was published.
    fn common_knowledge(&mut self, lines: &[Line]) {
        let mut sections: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for line in lines {
            sections.entry(line.unit).or_default().extend(line.section.clone());
        }
        let counts: Vec<Count> = self.counts.keys().cloned().collect();
        let measures: BTreeSet<(String, &str, Period)> =
            counts.iter().map(|(m, unit, _, period)| (m.clone(), *unit, *period)).collect();
        for (measure, unit, period) in &measures {
            let of = |section: Option<&str>| {
                (measure.clone(), *unit, section.map(str::to_owned), *period)
            };
            let parts = sections[unit].iter().map(String::as_str).chain([""]);
            let mut sum: BTreeMap<usize, Exact> =
                parts.map(|part| (self.count(of(Some(part))), Exact::one())).collect();
            sum.insert(self.count(of(None)), -Exact::one());
            self.equations.push((sum, Exact::zero()));
        }
        let all: BTreeSet<Count> = self.counts.keys().cloned().collect();
        let flowing = all.iter().filter(|of| flows(&of.0)).flat_map(|of| [(of, 1), (of, 3)]);
        for ((measure, unit, section, period), step) in flowing {
            let within: Vec<&Count> = all
                .iter()
                .filter(|of| (&of.0, of.1, &of.2) == (measure, *unit, section))
                .filter(|of| of.3 != *period && of.3.months().count() == step)
                .filter(|of| period.contains(of.3.first()) && period.contains(of.3.last()))
                .collect();
            let months: usize = within.iter().map(|of| of.3.months().count()).sum();
            if months != period.months().count() {
                continue;
            }
            let mut sum: BTreeMap<usize, Exact> =
                within.into_iter().map(|of| (self.counts[of], Exact::one())).collect();
            let whole = (measure.clone(), *unit, section.clone(), *period);
            sum.insert(self.counts[&whole], -Exact::one());
            self.equations.push((sum, Exact::zero()));
        }
        for (of, total) in
            [("people_aged_", "people_of_known_age"), ("people_edu_", "people_of_known_education")]
        {
            let whole: Vec<Count> =
                all.iter().filter(|known| known.0 == total && known.2.is_none()).cloned().collect();
            // A part that is withheld is a count as well.
            let names: BTreeSet<String> = all
                .iter()
                .map(|known| known.0.clone())
                .filter(|name| name.starts_with(of))
                .collect();
            for (total, unit, section, period) in whole {
                let parts = names.iter().map(|name| (name.clone(), unit, section.clone(), period));
                let mut sum: BTreeMap<usize, Exact> =
                    parts.map(|part| (self.count(part), Exact::one())).collect();
                sum.insert(self.counts[&(total, unit, section, period)], -Exact::one());
                self.equations.push((sum, Exact::zero()));
            }
        }
    }

    /// Every count that the equations leave no choice.
    pub(super) fn solved(self) -> BTreeMap<Count, Exact> {
        let mut pivots: BTreeMap<usize, Equation> = BTreeMap::new();
        for mut equation in self.equations {
            reduce(&mut equation, &pivots);
            let Some((first, by)) = equation.0.iter().next().map(|(at, by)| (*at, *by)) else {
                assert!(equation.1.is_zero(), "the releases contradict themselves");
                continue;
            };
            for factor in equation.0.values_mut() {
                *factor /= by;
            }
            equation.1 /= by;
            let alone = BTreeMap::from([(first, equation)]);
            for known in pivots.values_mut().filter(|known| known.0.contains_key(&first)) {
                reduce(known, &alone);
            }
            pivots.extend(alone);
        }
        let numbers: BTreeMap<usize, Count> =
            self.counts.into_iter().map(|(count, at)| (at, count)).collect();
        let alone = pivots.into_iter().filter(|(_, equation)| equation.0.len() == 1);
        alone.map(|(at, equation)| (numbers[&at].clone(), equation.1)).collect()
    }
}

/// Takes out of an equation every count that another one tells.
fn reduce(equation: &mut Equation, pivots: &BTreeMap<usize, Equation>) {
    let told: Vec<usize> =
        equation.0.keys().copied().filter(|at| pivots.contains_key(at)).collect();
    for at in told {
        let Some(times) = equation.0.get(&at).copied() else { continue };
        let (sum, is) = &pivots[&at];
        for (other, factor) in sum {
            let left = equation.0.entry(*other).or_insert_with(Exact::zero);
            *left -= times * factor;
            if left.is_zero() {
                equation.0.remove(other);
            }
        }
        equation.1 -= times * is;
    }
}

/// Whether a measure of a year is the sum of those of its months.
fn flows(measure: &str) -> bool {
    ["hours_", "items_", "log_", "person_months", "people_joined", "people_left"]
        .iter()
        .any(|start| measure.starts_with(start))
}

/// Measures that tell something of those who are counted, beyond that they are there.
fn tells_of_people(measure: &str) -> bool {
    measure == "age_years"
        || measure == "hours_logged"
        || measure == "items_logged"
        || measure == "tenure_days"
        || is_part(measure)
}

fn is_part(measure: &str) -> bool {
    measure.starts_with("people_aged_") || measure.starts_with("people_edu_")
}

/// The day at whose end the people of a period are counted.
fn counted_on(period: Period, night: Date) -> Date {
    period.last().min(told_month(night)).last()
}

/// The month that a night tells of what holds on a day.
fn told_month(night: Date) -> Month {
    let month = Month::of(night);
    if night < month.last() { month.previous() } else { month }
}

/// What one release gives away: numbers that rest on one or two people.
fn isolated(town: &Town, lines: &[Line], night: Date) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // The whole less all parts that are told: those who are left are few.
    let mut told: BTreeMap<(&str, &str, Period), (bool, usize)> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.sides.is_empty()) {
        let entry = told.entry((&line.metric, line.unit, line.period)).or_default();
        match &line.section {
            None => entry.0 = true,
            Some(section) => {
                let day = counted_on(line.period, night);
                entry.1 += town.present(line.unit, Some(section), day);
            }
        }
    }
    for ((metric, unit, period), (has_whole, people)) in told {
        let is_told =
            matches!(metric, "age_mean" | "edu_bachelor_plus" | "log_hours" | "work_saturation");
        let left = town.present(unit, None, counted_on(period, night)).saturating_sub(people);
        if is_told && has_whole && people > 0 && (left == 1 || left == 2) {
            found.insert(format!("{metric} {unit} {period}: {left} are left"));
        }
    }
    for ((measure, unit, section, period), is) in Known::read(lines).solved() {
        let people = town.present(unit, section.as_deref(), counted_on(period, night));
        let is_small = |count: Exact| count > Exact::zero() && count < Exact::from(3);
        let is_isolated = match section {
            None => is_part(&measure) && is_small(is),
            Some(_) => tells_of_people(&measure) && (people == 1 || people == 2) && !is.is_zero(),
        };
        if is_isolated {
            found.insert(format!("{measure} {unit} {section:?} {period} = {is}"));
        }
    }
    found
}

/// What two nights give away together: numbers about people that moved with one or two of them.
fn moved(before: &[Line], after: &[Line]) -> BTreeSet<String> {
    let told = |lines: &[Line]| -> BTreeMap<String, (Exact, Exact)> {
        let sides = lines.iter().filter_map(|line| match line.sides.as_slice() {
            [(Formula::Name(above), x), (Formula::Name(below), y), ..]
                if tells_of_people(above) && below.starts_with("people") =>
            {
                let Line { unit, section, period, .. } = line;
                Some((format!("{above} {unit} {section:?} {period}"), (*x, *y)))
            }
            _ => None,
        });
        sides.collect()
    };
    let (before, after) = (told(before), told(after));
    let is_one = |(of, (above, below)): (&String, &(Exact, Exact))| {
        let (was_above, was_below) = before.get(of)?;
        let people = below - was_below;
        let is_few = !people.is_zero() && people < Exact::from(3) && people > Exact::from(-3);
        let tells = format!("{of} moved by {} with {people} people", above - was_above);
        is_few.then_some(tells)
    };
    after.iter().filter_map(is_one).collect()
}

/// What nights give away.
#[derive(Default)]
struct Found {
    /// A night alone, and beside the night before.
    nights: BTreeSet<String>,
    /// A night beside the night before that told the month before.
    months: BTreeSet<String>,
}

/// What so many nights from a day on give away.
fn attacked(catalog: &Catalog, first: Date, nights: i64) -> Found {
    let town = Town::of(519_900);
    let mut found = Found::default();
    let mut before: Option<(Date, Vec<Line>)> = None;
    for night in (0..nights).map(|days| first.checked_add(days.days()).unwrap()) {
        let lines = release(&town, catalog, night);
        found.nights.extend(isolated(&town, &lines, night));
        if let Some((last, before)) = &before {
            let is_same = told_month(*last) == told_month(night);
            let into = if is_same { &mut found.nights } else { &mut found.months };
            into.extend(moved(before, &lines));
        }
        before = Some((night, lines));
    }
    found
}

/// A way in which something is withheld that rests on enough people itself, for what could be had from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// A section beside its unit.
    Sections,
    /// A longer period around a shorter one.
    Periods,
    /// A part of a distribution beside another.
    Distributions,
}

impl Beside {
    fn name(self) -> &'static str {
        match self {
            Beside::Sections => "sections",
            Beside::Periods => "periods",
            Beside::Distributions => "distributions",
        }
    }
}

/// The release of a night as it would be if one way of withholding did nothing: what only that way keeps
/// back is as in the release that withholds nothing. How many lines are told so, and the lines.
fn without(town: &Town, way: Beside, both: &[Vec<Line>; 2], night: Date) -> (usize, Vec<Line>) {
    let [withheld, plain] = both;
    let place = |line: &Line| {
        let Line { metric, unit, section, period, .. } = line;
        (metric.clone(), *unit, section.clone(), *period)
    };
    let is_few = |line: &Line, period: Period| {
        let day = counted_on(period, night);
        (1..3).contains(&town.present(line.unit, line.section.as_deref(), day))
    };
    let whole: BTreeMap<_, &Line> = plain.iter().map(|line| (place(line), line)).collect();
    let shorter: Vec<_> = withheld.iter().map(place).collect();
    let told_mean: BTreeSet<_> = withheld
        .iter()
        .filter(|line| line.metric == "age_mean" && !line.sides.is_empty())
        .map(|line| (line.unit, line.section.clone(), line.period))
        .collect();
    // The place itself is told: it is the part that is not.
    let has_mean =
        |line: &Line| told_mean.contains(&(line.unit, line.section.clone(), line.period));
    let counts_few = |line: &Line| {
        let plain = whole.get(&place(line)).and_then(|plain| plain.sides.first());
        plain.is_none_or(|(_, is)| *is > Exact::zero() && *is < Exact::from(3))
    };
    let is_kept_back = |line: &Line| {
        let is_part = line.metric.contains("_share_");
        let within = |short: &Period| {
            *short != line.period
                && line.period.contains(short.first())
                && line.period.contains(short.last())
        };
        let is_around = shorter.iter().any(|of| {
            (&of.0, of.1, &of.2) == (&line.metric, line.unit, &line.section)
                && within(&of.3)
                && is_few(line, of.3)
        });
        let is_this_way = match way {
            Beside::Sections => !is_part && line.section.is_some() && !is_around,
            Beside::Periods => is_around,
            Beside::Distributions => is_part && has_mean(line) && !counts_few(line),
        };
        line.sides.is_empty() && is_this_way && !is_few(line, line.period)
    };
    let mut told = 0;
    let lines = withheld.iter().map(|line| {
        let mut sides = line.sides.clone();
        if let Some(plain) = whole.get(&place(line)).filter(|_| is_kept_back(line)) {
            told += usize::from(!plain.sides.is_empty());
            sides.clone_from(&plain.sides);
        }
        let (metric, unit, section, period) = place(line);
        Line { metric, withholds: line.withholds, unit, section, period, sides }
    });
    let lines = lines.collect();
    (told, lines)
}

/// Beside each other, the ends of two months show who came or went between them, where it was one: that is
/// known, and said in docs/privacy.md. Nothing else is found, and nothing on any other night.
#[test]
fn thirty_nights_over_the_ends_of_a_month_and_a_year_isolate_nobody() {
    let found = attacked(&shipped(&[], &[]), date(2025, 12, 17), 30);
    assert!(found.nights.is_empty(), "{} found: {:#?}", found.nights.len(), found.nights);
    let months = &found.months;
    assert!(months.iter().all(|one| one.contains(" moved by ")), "{months:#?}");
}

#[test]
fn the_attacker_finds_people_where_nothing_is_withheld() {
    let found = attacked(&shipped(&["withhold"], &[]), date(2026, 1, 1), 2).nights;
    for way in ["are left", "age_years", "people_edu_", "people_aged_", "hours_logged", "moved by"]
    {
        assert!(found.iter().any(|one| one.contains(way)), "{way} is not found: {found:#?}");
    }
}

#[test]
fn the_attacker_finds_people_without_any_one_way_of_withholding() {
    let town = Town::of(519_900);
    // One person is enough: nothing is withheld, and each night still tells the same day as it is shipped.
    let (full, plain) = (shipped(&[], &[]), shipped(&[], &[("at_least = 3 }", "at_least = 1 }")]));
    let ways = [Beside::Sections, Beside::Periods, Beside::Distributions];
    let mut all: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
    for night in [date(2025, 12, 17), date(2025, 12, 31), date(2026, 1, 31)] {
        let both = [release(&town, &full, night), release(&town, &plain, night)];
        assert_eq!(isolated(&town, &both[0], night), BTreeSet::new(), "{night}");
        for way in ways {
            let (told, lines) = without(&town, way, &both, night);
            let (lately, found) = all.entry(way.name()).or_default();
            *lately += told;
            found.extend(isolated(&town, &lines, night));
        }
    }
    let seen: BTreeMap<_, _> =
        all.iter().map(|(way, (told, found))| (*way, (*told, found.len()))).collect();
    assert!(
        seen.len() == 3 && seen.values().all(|(told, found)| *told > 0 && *found > 0),
        "{seen:?}"
    );
}
