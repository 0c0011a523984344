//! Who worked where, from when to when? Rosters tell the state at the end of some days; from them and
//! the dates on them come spells, and how much of a person each spell is.

mod correction;
mod piece;
mod place;
mod stay;
mod weight;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;
use num_rational::Ratio;

use crate::base::period::Month;

/// The kind of post of people on no quota.
pub const EXTERNAL: &str = "external";

/// Everything that is known of people's places up to a day.
#[derive(Clone, Debug)]
pub struct Rosters {
    /// The days of which a roster was delivered, also those without a row.
    pub delivered: Vec<Date>,
    /// The rows of all rosters.
    pub rows: Vec<RosterRow>,
    /// Which unit a section belonged to, and when.
    pub sections: Vec<SectionLine>,
    /// When a unit existed, and what followed it.
    pub units: Vec<UnitLine>,
    /// The last day to count; later rosters are not read.
    pub as_of: Date,
    /// Whether each unit delivers its own: who is missing on a day on which his unit delivered none is there still.
    pub by_unit: bool,
}

/// One row of a roster: a person in a place at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// The day of the roster.
    pub as_of: Date,
    /// The person.
    pub person: Arc<str>,
    /// The unit; none if its name is not resolved.
    pub unit: Option<Arc<str>>,
    /// The section; leaders have none.
    pub section: Option<Arc<str>>,
    /// The kind of post.
    pub post_kind: Arc<str>,
    /// What the person does there.
    pub status: Status,
    /// The share of the person on this post, where posts are shared.
    pub share: Option<Ratio<i64>>,
    /// The day of entering the unit.
    pub hired_on: Option<Date>,
    /// The day of the present post.
    pub on_post_on: Option<Date>,
    /// The first day away.
    pub left_on: Option<Date>,
    /// The first day of the present status.
    pub status_since: Option<Date>,
}

/// What a person does in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// 在岗
    Active,
    /// 借出
    SecondedOut,
    /// 借入
    SecondedIn,
    /// Away for a long time, for whatever reason.
    Leave,
    /// 停职
    Suspended,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Active, Self::SecondedOut, Self::SecondedIn, Self::Leave, Self::Suspended];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::SecondedOut => "seconded_out",
            Self::SecondedIn => "seconded_in",
            Self::Leave => "leave",
            Self::Suspended => "suspended",
        }
    }

    /// The status of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A section belongs to a unit from a day to before another.
#[derive(Clone, Debug)]
pub struct SectionLine {
    /// The section.
    pub section: Arc<str>,
    /// Its unit.
    pub unit: Arc<str>,
    /// The first day.
    pub valid_from: Date,
    /// The first day no longer; none while it lasts.
    pub valid_to: Option<Date>,
}

/// A unit exists from a day to before another.
#[derive(Clone, Debug)]
pub struct UnitLine {
    /// The unit.
    pub unit: Arc<str>,
    /// The first day.
    pub valid_from: Date,
    /// The first day no longer; none while it lasts.
    pub valid_to: Option<Date>,
    /// The unit that takes its people.
    pub successor: Option<Arc<str>>,
}

/// A person in one place without a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    /// The person.
    pub person: Arc<str>,
    /// The unit; none if its name is not resolved.
    pub unit: Option<Arc<str>>,
    /// The unit that rosters told, where what has followed it holds the place.
    pub told_of: Option<Arc<str>>,
    /// The section; leaders have none.
    pub section: Option<Arc<str>>,
    /// The kind of post.
    pub post_kind: Arc<str>,
    /// What the person does there.
    pub status: Status,
    /// The first day.
    pub from: Date,
    /// The first day no longer; of an open spell the day after the last known one.
    pub to: Date,
    /// Whether it lasts beyond what is known.
    pub open: bool,
    /// The share of the person that works here.
    pub work: Ratio<i64>,
    /// The share of the person that is on the quota here.
    pub quota: Ratio<i64>,
}

/// The parts of a whole month: every number of days of a month divides it.
pub const MONTH_PARTS: i64 = 377_580;

/// A share of a month in parts of [`MONTH_PARTS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthParts {
    /// Of a person at work.
    pub work: i64,
    /// Of a person on the quota.
    pub quota: i64,
}

impl Spell {
    /// How many of its days lie in a month.
    pub fn days_in(&self, month: Month) -> i64 {
        let (from, last) = (self.from.max(month.first()), month.last());
        let days =
            if self.to > last { days_between(from, last) + 1 } else { days_between(from, self.to) };
        days.max(0)
    }
}

/// What a spell adds to a month, in whole parts, rounded half up.
pub fn month_parts(spell: &Spell, month: Month) -> MonthParts {
    let whole = spell.days_in(month) * (MONTH_PARTS / month.days());
    let part = |share: Ratio<i64>| {
        let (above, below) = (i128::from(*share.numer()), i128::from(*share.denom()));
        let doubled = 2 * i128::from(whole) * above + below;
        i64::try_from(doubled.div_euclid(2 * below)).unwrap_or(whole)
    };
    MonthParts { work: part(spell.work), quota: part(spell.quota) }
}

/// Something that rosters tell in a way somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Whom it is about.
    pub person: Arc<str>,
    /// The day it shows.
    pub day: Date,
    /// The number that the person had before, of a corrected one.
    pub before: Option<Arc<str>>,
}

/// What somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Missing on one roster and back unchanged.
    Flicker,
    /// Joined by a date more than 60 days before the roster that first shows it.
    LateJoiner,
    /// Left by a date more than 60 days before the roster that first tells it.
    LateLeaver,
    /// The same place twice on one roster.
    Duplicate,
    /// The same place twice on one roster, with two statuses or shares.
    Contradiction,
    /// The host says lent, the home still says at work.
    HomeSaysActive,
    /// More posts than one without shares that make one person.
    SharesUntold,
    /// A section of another unit.
    SectionElsewhere,
    /// A number that was corrected.
    IdentityCorrected,
}

impl FindingKind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flicker => "flicker",
            Self::LateJoiner => "late_joiner",
            Self::LateLeaver => "late_leaver",
            Self::Duplicate => "duplicate",
            Self::Contradiction => "contradiction",
            Self::HomeSaysActive => "home_says_active",
            Self::SharesUntold => "shares_untold",
            Self::SectionElsewhere => "section_elsewhere",
            Self::IdentityCorrected => "identity_corrected",
        }
    }
}

/// People in time, and what somebody should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonTime {
    /// The spells by person and day; those of one person and place do not overlap.
    pub spells: Vec<Spell>,
    /// The findings by person and day.
    pub findings: Vec<Finding>,
    /// The numbers that were corrected.
    pub corrected: Corrected,
}

/// The last number of everybody who had another, by each that went before.
pub type Corrected = BTreeMap<Arc<str>, Arc<str>>;

/// Reckons the spells of all people up to the last day to count.
pub fn reckon(rosters: &Rosters) -> PersonTime {
    let days = delivered_days(rosters);
    let mut found = Findings::default();
    let people = by_person(rosters, &days, &mut found);
    let (people, corrected) = correction::joined(people, &days, &mut found);
    let places = place::Places::new(&rosters.sections, &rosters.units);
    let mut spells = Vec::new();
    let told = rosters.rows.iter().filter_map(|row| Some((row.as_of, row.unit.as_deref()?)));
    let told: HashSet<(Date, &str)> = if rosters.by_unit { told.collect() } else { HashSet::new() };
    for person in people {
        let (person, days) = if rosters.by_unit {
            person.of_own_days(&days, &told, &places)
        } else {
            (person, days.clone())
        };
        let stays = stay::stays(&person, (&days, rosters.as_of), &places, &mut found);
        let pieces: Vec<piece::Piece<'_>> =
            stays.iter().flat_map(|stay| places.pieces(person.id, stay, &mut found)).collect();
        spells.extend(weight::weigh(person.id, &pieces, &mut found));
    }
    spells.sort_by(|one, other| order(one).cmp(&order(other)));
    PersonTime { spells, findings: found.sorted(), corrected }
}

type Order<'a> = (&'a str, Date, &'a Option<Arc<str>>, &'a Option<Arc<str>>, &'a str);

fn order(spell: &Spell) -> Order<'_> {
    (&spell.person, spell.from, &spell.unit, &spell.section, &spell.post_kind)
}

/// A person's rows, a list for every delivered day.
struct Person<'a> {
    id: &'a Arc<str>,
    nights: Vec<Vec<&'a RosterRow>>,
}

impl<'a> Person<'a> {
    /// The same with those days alone on which the person was told of, or a unit where the person was before or is next.
    fn of_own_days(
        self,
        days: &[Date],
        told: &HashSet<(Date, &str)>,
        places: &place::Places<'_>,
    ) -> (Person<'a>, Vec<Date>) {
        let is_told = |rows: Option<&Vec<&RosterRow>>, day: Date| {
            let units = rows.into_iter().flatten().filter_map(|row| row.unit.as_ref());
            let mut units = units.map(|unit| places.unit_on(unit, day));
            units.any(|unit| told.contains(&(day, unit.as_ref())))
        };
        let is_own = |at: &usize| {
            let there = |rows: &&Vec<&RosterRow>| !rows.is_empty();
            let before = self.nights.iter().take(at + 1).rev().find(there);
            let next = self.nights.iter().skip(at + 1).find(there);
            days.get(*at).is_some_and(|day| is_told(before, *day) || is_told(next, *day))
        };
        let own: Vec<usize> = (0..days.len()).filter(is_own).collect();
        let nights = own.iter().filter_map(|at| self.nights.get(*at).cloned()).collect();
        let days = own.iter().filter_map(|at| days.get(*at).copied()).collect();
        (Person { id: self.id, nights }, days)
    }
}

fn delivered_days(rosters: &Rosters) -> Vec<Date> {
    let mut days = rosters.delivered.clone();
    days.extend(rosters.rows.iter().map(|row| row.as_of));
    days.retain(|day| *day <= rosters.as_of);
    days.sort_unstable();
    days.dedup();
    days
}

fn by_person<'a>(rosters: &'a Rosters, days: &[Date], found: &mut Findings) -> Vec<Person<'a>> {
    let mut people: Vec<Person<'a>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for row in &rosters.rows {
        let Ok(night) = days.binary_search(&row.as_of) else { continue };
        let place = *places.entry(&row.person).or_insert_with(|| {
            people.push(Person { id: &row.person, nights: vec![Vec::new(); days.len()] });
            people.len() - 1
        });
        let Some(rows) = people.get_mut(place).and_then(|person| person.nights.get_mut(night))
        else {
            continue;
        };
        match rows.iter().find(|other| is_same_place(other, row)) {
            None => rows.push(row),
            Some(other) if is_same_state(other, row) => {
                found.once(FindingKind::Duplicate, &row.person, row.as_of);
            }
            Some(_) => found.once(FindingKind::Contradiction, &row.person, row.as_of),
        }
    }
    people
}

fn is_same_place(one: &RosterRow, other: &RosterRow) -> bool {
    one.section == other.section && one.unit == other.unit && one.post_kind == other.post_kind
}

fn is_same_state(one: &RosterRow, other: &RosterRow) -> bool {
    one.status == other.status && one.share == other.share
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

/// Findings as they come up.
#[derive(Default)]
struct Findings {
    all: Vec<Finding>,
    known: HashSet<(FindingKind, Arc<str>)>,
}

impl Findings {
    fn add(&mut self, kind: FindingKind, person: &Arc<str>, day: Date) {
        self.all.push(Finding { kind, person: Arc::clone(person), day, before: None });
    }

    /// Something that lasts is told on the first day only.
    fn once(&mut self, kind: FindingKind, person: &Arc<str>, day: Date) {
        if self.known.insert((kind, Arc::clone(person))) {
            self.add(kind, person, day);
        }
    }

    fn sorted(mut self) -> Vec<Finding> {
        let order = |finding: &Finding| (Arc::clone(&finding.person), finding.day, finding.kind);
        self.all.sort_by_key(order);
        self.all
    }
}
