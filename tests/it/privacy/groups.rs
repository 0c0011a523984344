//! A release tells of units and of groups of units, which cross each other: categories, counties, parents.
//! Can somebody who subtracts units from groups, and groups from each other, have a number that rests on
//! one or two people?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::civil::date;
use num_traits::One as _;
use num_traits::Zero as _;
use shuping::base::period::Month;
use shuping::measure::evaluate::Unit;
use shuping::measure::groups::Groups;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::formula::Formula;

use super::attack::Known;
use crate::pencil::figures::Model;
use crate::pencil::figures::Row;
use crate::pencil::figures::shipped;
use crate::pencil::figures::written;

const NIGHT: Date = date(2025, 12, 31);
const UNITS: [&str; 14] = [
    "U01", "U02", "U03", "U04", "U05", "U06", "U07", "U08", "U09", "U10", "U11", "U12", "U13",
    "U14",
];
const CATEGORIES: [&str; 3] = ["township", "park", "institution"];
const REGIONS: [&str; 3] = ["519902", "519903", "519921"];
const EDUCATION: [&str; 5] = ["doctor", "master", "bachelor", "college", "below"];

/// A city of a few small units.
struct City {
    /// Category, region and parent of each unit.
    places: Vec<(usize, usize, Option<usize>)>,
    /// The unit, year of birth and education of each person.
    people: Vec<(usize, i16, &'static str)>,
}

impl City {
    fn of(seed: u64) -> City {
        let mut state = seed;
        let mut below = |count: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % count
        };
        let mut city = City { places: Vec::new(), people: Vec::new() };
        for unit in 0..UNITS.len() {
            let parent = (below(3) == 0 && unit > 3).then(|| below(3));
            city.places.push((below(3), below(3), parent));
            for _ in 0..[1, 2, 4, 5, 6, 9, 14][below(7)] {
                let born = 1966 + i16::try_from(below(38)).unwrap();
                city.people.push((unit, born, EDUCATION[below(5)]));
            }
        }
        city
    }

    fn units(&self, catalog: &Catalog) -> Groups {
        let row = |(unit, (category, region, parent)): (usize, &(usize, usize, Option<usize>))| {
            let mut row: Row<'_> = vec![
                ("unit_id", UNITS[unit].to_owned()),
                ("valid_from", "2020-01-01".to_owned()),
                ("category", CATEGORIES[*category].to_owned()),
                ("region", REGIONS[*region].to_owned()),
            ];
            row.extend(parent.map(|parent| ("parent_id", UNITS[parent].to_owned())));
            row
        };
        let rows: Vec<Row<'_>> = self.places.iter().enumerate().map(row).collect();
        Groups::of(Some(&written(catalog, "unit", &rows)), "town")
    }

    /// Which units a group has.
    fn members(&self, level: &str, key: &str) -> Vec<&'static str> {
        let is_in = |unit: usize| {
            let (category, region, parent) = self.places[unit];
            match level {
                "category" => CATEGORIES[category] == key,
                "county" => REGIONS[region] == key,
                // Whoever has a parent is below one of the first three, and none of those has one.
                "parent" => UNITS[unit] == key || parent.is_some_and(|parent| UNITS[parent] == key),
                _ => true,
            }
        };
        (0..UNITS.len()).filter(|unit| is_in(*unit)).map(|unit| UNITS[unit]).collect()
    }

    fn people_of(&self, unit: &str) -> usize {
        self.people.iter().filter(|person| UNITS[person.0] == unit).count()
    }

    /// What is told of the year, by the metric and the units it sums: each side of its formula.
    fn told(&self, catalog: &Catalog) -> Vec<(bool, Vec<&'static str>, Formula, Exact)> {
        let spells: Vec<Row<'_>> = self.people.iter().enumerate().map(spell).collect();
        let model = Model::default().with(catalog, "person_spell", &spells);
        let unit = |unit: &str| Unit { unit_id: unit.to_owned(), from: Date::MIN, to: None };
        let mut told = Vec::new();
        let units = UNITS.map(unit);
        model.each_level(catalog, (&units, &self.units(catalog)), NIGHT, &mut |one| {
            let name = one.metric.name.as_str();
            let is_asked = ["age_", "edu_"].iter().any(|start| name.starts_with(start));
            if !is_asked || one.period.to_string() != "2025" || one.place.1.is_some() {
                return;
            }
            let units = match &one.part {
                Some((level, key)) => self.members(level, key),
                None => UNITS.into_iter().filter(|unit| *unit == one.place.0).collect(),
            };
            if let Formula::Divide(above, below) = &one.metric.value {
                let sides = [(above, one.numerator), (below, one.denominator)];
                let sides = sides.into_iter().filter_map(|(of, is)| Some(((**of).clone(), is?)));
                told.extend(sides.map(|(of, is)| (one.level.is_above(), units.clone(), of, is)));
            }
        });
        told
    }
}

fn spell((at, (unit, born, education)): (usize, &(usize, i16, &'static str))) -> Row<'static> {
    let cells = BTreeMap::from([
        ("person_id", format!("p{at}")),
        ("unit_id", UNITS[*unit].to_owned()),
        ("from", "2025-01-01".to_owned()),
        ("post_kind", "admin".to_owned()),
        ("status", "active".to_owned()),
        ("work_share", "1".to_owned()),
        ("quota_share", "1".to_owned()),
        ("sex", "female".to_owned()),
        ("birth_date", format!("{born}-05-09")),
        ("education", (*education).to_owned()),
    ]);
    cells.into_iter().collect()
}

/// Numbers of one or two people that the equations leave no choice.
fn isolated(city: &City, told: &[(bool, Vec<&'static str>, Formula, Exact)]) -> BTreeSet<String> {
    let mut known = Known::default();
    let period = "2025".parse().unwrap();
    let mut measures = BTreeSet::new();
    for (_, units, formula, is) in told {
        let mut names = Vec::new();
        if !Known::names(formula, &mut names) {
            continue;
        }
        let mut sum = BTreeMap::new();
        for (name, unit) in names.iter().flat_map(|name| units.iter().map(move |of| (name, *of))) {
            measures.insert((*name).to_owned());
            sum.insert(known.count(((*name).to_owned(), unit, None, period)), Exact::one());
        }
        known.equations.push((sum, *is));
    }
    // Everybody has one age and one education.
    for (start, total) in
        [("people_aged_", "people_of_known_age"), ("people_edu_", "people_of_known_education")]
    {
        for unit in UNITS {
            let mut sum = BTreeMap::new();
            for name in measures.iter().filter(|name| name.starts_with(start)) {
                sum.insert(known.count((name.clone(), unit, None, period)), Exact::one());
            }
            sum.insert(known.count((total.to_owned(), unit, None, period)), -Exact::one());
            known.equations.push((sum, Exact::zero()));
        }
    }
    let mut found = BTreeSet::new();
    for ((measure, unit, _, _), is) in known.solved() {
        let people = city.people_of(unit);
        let is_part = measure.starts_with("people_aged_") || measure.starts_with("people_edu_");
        let is_few = is_part && is > Exact::zero() && is < Exact::from(3);
        if is_few || (people < 3 && measure == "age_years") {
            found.insert(format!("{measure} {unit} = {is}"));
        }
    }
    found
}

/// The home in the year after, in which ages and educations rest on nobody any more.
fn from_next_year(mut catalog: Catalog) -> Catalog {
    let metrics = catalog.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.metrics);
    let is_asked = |name: &str| ["age_", "edu_"].iter().any(|start| name.starts_with(start));
    for metric in metrics.filter(|metric| is_asked(&metric.name)) {
        let first = metric.clone();
        (metric.withhold, metric.version) = (None, first.version + 1);
        metric.life.since = Some(Month::new(2026, 1).unwrap());
        metric.earlier = vec![first];
    }
    catalog
}

#[test]
fn a_definition_that_withholds_nothing_leaves_the_periods_of_the_one_before_as_they_are() {
    let (shut, open) = (shipped(&[], &[]), shipped(&["withhold"], &[]));
    let later = from_next_year(shipped(&[], &[]));
    let mut withheld = 0;
    for seed in 1..=6 {
        let city = City::of(seed);
        let told = |catalog| {
            let told = city.told(catalog).into_iter();
            let told =
                told.map(|(is_above, units, of, is)| (is_above, units, format!("{of:?}"), is));
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&later), told(&shut), "city {seed}");
        withheld += told(&open).len() - told(&shut).len();
    }
    assert!(withheld > 100, "{withheld}");
}

#[test]
fn nobody_is_had_from_groups_by_subtraction() {
    let (shut, open) = (shipped(&[], &[]), shipped(&["withhold"], &[]));
    let mut naive = BTreeSet::new();
    let mut above = BTreeMap::<bool, usize>::new();
    for seed in 1..=12 {
        let city = City::of(seed);
        let told = city.told(&shut);
        let found = isolated(&city, &told);
        assert!(found.is_empty(), "city {seed}: {found:#?}");
        *above.entry(true).or_default() += told.iter().filter(|line| line.0).count();
        // The same units, beside groups that look at nobody but themselves.
        let units = told.into_iter().filter(|line| !line.0);
        let groups = city.told(&open).into_iter().filter(|line| line.0);
        naive.extend(isolated(&city, &units.chain(groups).collect::<Vec<_>>()));
    }
    for way in ["age_years", "people_edu_", "people_aged_"] {
        assert!(naive.iter().any(|one| one.contains(way)), "{way} is not found: {naive:#?}");
    }
    // What is told of groups is not nothing.
    assert!(above[&true] > 200, "{above:?}");
}
