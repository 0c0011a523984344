//! Floor 4: why is a number not what it was on an earlier night? What each night knew is put together again, one thing
//! after the other: the names that were decided, the units, the rows.

mod reach;

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use jiff::civil::Date;

use self::reach::Reach;
use crate::base::cause::Cause;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::measure::fact::Ground;
use crate::measure::groups::Groups;
use crate::measure::groups::Level;
use crate::measure::moves::MovedRow;
use crate::measure::moves::Sent;
use crate::measure::moves::moved;
use crate::measure::placed::month_number;
use crate::model::known::Known;
use crate::model::known::Nights;
use crate::model::known::SENT;
use crate::model::known::UNITS;
use crate::model::lake::Lake;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Make;

/// A night, and what the home said on it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The night.
    pub night: Date,
    /// The day that was told; none where nobody knows.
    pub as_of: Option<Date>,
    /// The fingerprint of the home; none where nobody knows.
    pub home: Option<String>,
}

/// Which number: of a unit or a group of units, of a section or of a part.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The unit; none of a group.
    pub unit: Option<&'p str>,
    /// The section.
    pub section: Option<&'p str>,
    /// The dimension and its value; of a group its level and key.
    pub part: Option<(&'p str, &'p str)>,
}

/// Why a number moved: the cause, and by fact the rows behind it that count otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Why.
    pub cause: Cause,
    /// By fact, how many rows each thing happened to.
    pub rows: BTreeMap<String, BTreeMap<Cause, u64>>,
}

/// What moved between two nights.
pub struct Why<'w> {
    catalog: &'w Catalog,
    /// What the home said then, where it said something else and is kept.
    then: Option<Catalog>,
    days: Days,
    as_of: Date,
    night: Date,
    /// The earlier of the two days that were told, where they differ.
    earlier: Option<Date>,
    is_other_home: bool,
    /// What was known then; the same with the names of now; with its units as well; what is known now.
    known: [Known<'w>; 4],
    groups: [OnceCell<Groups>; 2],
    moved: BTreeMap<String, OnceCell<Moved>>,
    reaches: RefCell<BTreeMap<(String, Period), Rc<Reach>>>,
    stood: RefCell<BTreeMap<(String, String, Period), Rc<Stood>>>,
}

/// The units of a group, then and now, and whether they are the same in every month.
type Stood = (BTreeSet<String>, bool);

/// The rows of a fact that count otherwise, by the unit that they do or did count for.
type Moved = BTreeMap<String, Vec<MovedRow>>;

/// A row with its fact.
type Behind<'m> = (&'m str, &'m MovedRow);

/// The steps from what was known to what is, each with the one cause that it has.
const STEPS: [(usize, Option<Cause>); 3] =
    [(0, Some(Cause::Alias)), (1, Some(Cause::Units)), (2, None)];

impl<'w> Why<'w> {
    /// Between a night and one before it, of a home whose lake is below `var`.
    ///
    /// # Errors
    /// A lake that can't be read.
    pub fn of(
        (catalog, var): (&'w Catalog, &Path),
        (night, as_of): (Date, Date),
        then: &Told,
    ) -> anyhow::Result<Why<'w>> {
        let home = then.home.as_deref().filter(|home| *home != catalog.fingerprint);
        let kept = home.and_then(|home| Home::open(&var.join("homes").join(home)).ok());
        let other = kept.and_then(|home| home.catalog().ok());
        let lake = Lake::at(&var.join("lake"));
        let days = Days::of(catalog);
        let of = |rows, units, aliases| {
            let nights = Nights { rows, units, told: night };
            Known::of((catalog, aliases), &lake, nights, days.clone())
        };
        let before = then.night.min(night);
        let known = [
            of(before, before, other.as_ref().unwrap_or(catalog))?,
            of(before, before, catalog)?,
            of(before, night, catalog)?,
            of(night, night, catalog)?,
        ];
        Ok(Why {
            catalog,
            earlier: then.as_of.filter(|then| *then != as_of).map(|then| then.min(as_of)),
            is_other_home: home.is_some(),
            then: other,
            days,
            as_of,
            night,
            known,
            groups: Default::default(),
            moved: catalog.facts().map(|fact| (fact.name.clone(), OnceCell::new())).collect(),
            reaches: RefCell::default(),
            stood: RefCell::default(),
        })
    }

    /// Why a metric is not what it was at a place and in a period, where it means what it meant.
    ///
    /// # Errors
    /// A lake that can't be read, and an expression that polars refuses.
    pub fn answer(
        &self,
        metric: &str,
        place: &Place<'_>,
        period: Period,
    ) -> anyhow::Result<Answer> {
        let reach = self.reach(metric, period);
        let units = self.units(place, period);
        let of_units = self.rows(&reach, Some(&units.0))?;
        let is_there = |(_, row): &&Behind<'_>| place.holds(row);
        let at_place: Vec<Behind<'_>> = of_units.iter().filter(is_there).copied().collect();
        if !units.1 {
            return Ok(Answer { cause: Cause::Units, rows: counts(&of_units) });
        }
        let others = match () {
            () if at_place.is_empty() && of_units.is_empty() && reach.has_others => {
                self.rows(&reach, None)?
            }
            () => Vec::new(),
        };
        let found = [at_place, of_units, others].into_iter().find(|rows| !rows.is_empty());
        let found = found.unwrap_or_default();
        let was_open = self.earlier.is_some_and(|told| period.last().last() > told);
        let rest = match () {
            () if was_open => Cause::Time,
            () if self.is_other_home => Cause::Definition,
            // Of a period that was over, what looks at the told day or at the night moves as well.
            () => Cause::Time,
        };
        let cause = found.iter().map(|(_, row)| row.cause).min().unwrap_or(rest);
        Ok(Answer { cause, rows: counts(&found) })
    }

    fn reach(&self, metric: &str, period: Period) -> Rc<Reach> {
        let mut reaches = self.reaches.borrow_mut();
        let reach = reaches.entry((metric.to_owned(), period));
        Rc::clone(reach.or_insert_with(|| Rc::new(Reach::of(self.catalog, metric, period))))
    }

    /// The units of a place, then and now, and whether they are the same in every month.
    fn units(&self, place: &Place<'_>, period: Period) -> Rc<Stood> {
        if let Some(unit) = place.unit {
            return Rc::new((BTreeSet::from([unit.to_owned()]), true));
        }
        let (level, key) = place.part.unwrap_or_default();
        let known = (level.to_owned(), key.to_owned(), period);
        let mut stood = self.stood.borrow_mut();
        let all = stood.entry(known).or_insert_with(|| {
            let group = Level::named(level).map(|level| (level, key));
            let (mut units, mut is_same) = (BTreeSet::new(), true);
            for month in period.months() {
                let [was, is] = [0, 1].map(|at| self.standing(at, group, month));
                is_same &= was == is;
                units.extend(was.into_iter().chain(is));
            }
            Rc::new((units, is_same))
        });
        Rc::clone(all)
    }

    /// Who stands in a group in a month, then or now.
    fn standing(&self, at: usize, group: Option<(Level, &str)>, month: Month) -> Vec<String> {
        let known = [0, 3][at];
        let groups = self.groups[at].get_or_init(|| {
            Groups::of(Some(self.known[known].units()), &self.catalog.settings.name)
        });
        let place = group.and_then(|(level, key)| groups.at(level, key));
        place.map(|place| groups.members_at(place, month)).unwrap_or_default()
    }

    /// The rows below a metric that count otherwise in the months that it asks; of some units, or of all.
    fn rows(
        &self,
        reach: &Reach,
        units: Option<&BTreeSet<String>>,
    ) -> anyhow::Result<Vec<Behind<'_>>> {
        let mut rows = Vec::new();
        for (name, periods) in &reach.facts {
            let Some((name, moved)) = self.moved(name)? else { continue };
            let months = periods.iter().map(|of| [of.first(), of.last()].map(month_number));
            let months: Vec<[i64; 2]> = months.map(|span| span.map(i64::from)).collect();
            let is_in = |month: &i64| months.iter().any(|[from, to]| (from..=to).contains(&month));
            let of_units =
                moved.iter().filter(|(unit, _)| units.is_none_or(|all| all.contains(*unit)));
            let of_units = of_units.flat_map(|(_, rows)| rows);
            rows.extend(of_units.filter(|row| row.months.iter().any(is_in)).map(|row| (name, row)));
        }
        Ok(rows)
    }

    /// The rows of a fact that count otherwise.
    fn moved(&self, fact: &str) -> anyhow::Result<Option<(&str, &Moved)>> {
        let Some((name, moved)) = self.moved.get_key_value(fact) else { return Ok(None) };
        let fact = self.catalog.facts().find(|known| known.name == fact);
        if let (None, Some(fact)) = (moved.get(), fact) {
            let mut by_unit = Moved::new();
            for row in self.compared(fact)? {
                by_unit.entry(row.unit.clone()).or_default().push(row);
            }
            return Ok(Some((name, moved.get_or_init(|| by_unit))));
        }
        Ok(moved.get().map(|moved| (name.as_str(), moved)))
    }

    fn compared(&self, fact: &Fact) -> anyhow::Result<Vec<MovedRow>> {
        let names = self.rests_on(fact);
        let mut rows = Vec::new();
        for (step, cause) in STEPS {
            let [before, after] = [&self.known[step], &self.known[step + 1]];
            let is_same = match cause {
                Some(Cause::Alias) => {
                    self.then.as_ref().is_none_or(|then| then.aliases == self.catalog.aliases)
                }
                Some(_) => before.has_same_units(after),
                None => false,
            };
            if is_same {
                continue;
            }
            let tables = [before.tables(&names)?, after.tables(&names)?];
            let [before, after] = tables.each_ref().map(|tables| self.ground(tables));
            let sent = Sent { key: SENT, rest: self.rest(fact) };
            rows.extend(moved(fact, (&before, &after), sent, cause)?);
        }
        Ok(rows)
    }

    /// What is said of rows that are the same and count otherwise: their contract is another, or rows that they point at.
    fn rest(&self, fact: &Fact) -> Cause {
        let contract = |catalog: &Catalog| {
            catalog.schemas.get(&fact.table.value).map(|schema| format!("{schema:?}"))
        };
        match () {
            () if self
                .then
                .as_ref()
                .is_some_and(|then| contract(then) != contract(self.catalog)) =>
            {
                Cause::Definition
            }
            () if fact.table.value == SPELLS => Cause::PersonRows,
            () => Cause::ChangedRows,
        }
    }

    fn ground<'g>(&'g self, tables: &'g BTreeMap<String, DataFrame>) -> Ground<'g> {
        let (as_of, night) = (self.as_of, self.night);
        Ground { catalog: self.catalog, tables, days: self.days.clone(), as_of, night }
    }

    /// The tables that the rows of a fact are made of, and those of the facts that it looks at.
    fn rests_on(&self, fact: &Fact) -> BTreeSet<String> {
        let nothing = BTreeMap::new();
        let ground = self.ground(&nothing);
        let mut names: BTreeSet<String> = UNITS.map(str::to_owned).into();
        names.extend(ground.rests_on(fact));
        for derived in &fact.derive {
            if let Make::Exists { fact: other, .. } = &derived.make {
                let other = self.catalog.facts().find(|fact| fact.name == other.value);
                names.extend(other.map(|other| ground.rests_on(other)).unwrap_or_default());
            }
        }
        if names.contains(SPELLS) {
            names.insert("person_snapshot".to_owned());
        }
        names
    }
}

/// The table of people in time, which is made and not sent.
const SPELLS: &str = "person_spell";

impl Place<'_> {
    /// Whether a row counts for its section and part; the units are known.
    fn holds(&self, row: &MovedRow) -> bool {
        let part = self.part.filter(|_| self.unit.is_some());
        self.section.is_none_or(|section| row.section.as_deref() == Some(section))
            && part.is_none_or(|(by, value)| {
                row.parts.iter().any(|(of, known)| (of.as_str(), known.as_str()) == (by, value))
            })
    }
}

/// How many rows each thing happened to, by fact.
fn counts(rows: &[Behind<'_>]) -> BTreeMap<String, BTreeMap<Cause, u64>> {
    let mut counts: BTreeMap<String, BTreeMap<Cause, u64>> = BTreeMap::new();
    let once: BTreeSet<(&str, Cause, &str)> =
        rows.iter().map(|(fact, row)| (*fact, row.cause, row.key.as_str())).collect();
    for (fact, cause, _) in once {
        *counts.entry(fact.to_owned()).or_default().entry(cause).or_default() += 1;
    }
    counts
}
