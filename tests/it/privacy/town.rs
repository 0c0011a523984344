//! A small town whose roster changes every day, and the metrics of its nights.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::civil::date;
use shuping::measure::evaluate::Told;
use shuping::measure::evaluate::Unit;
use shuping::spec::catalog::Catalog;

use crate::pencil::figures::Model;
use crate::pencil::figures::Row;

pub(super) const UNITS: [&str; 3] = ["U1", "U2", "U3"];

/// One stay of a person.
#[derive(Clone)]
pub(super) struct Stay {
    person: String,
    pub(super) unit: &'static str,
    /// Empty for those above all sections.
    pub(super) section: String,
    pub(super) from: Date,
    pub(super) to: Option<Date>,
    sex: &'static str,
    born: Date,
    education: &'static str,
}

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }
}

const EDUCATION: [&str; 6] = ["doctor", "master", "bachelor", "bachelor", "college", "below"];
const SECTIONS: [&[&str]; 3] =
    [&["", "s1", "s2", "s3", "s4"], &["", "s1", "s2"], &["s1", "s2", "s3"]];

pub(super) struct Town {
    pub(super) stays: Vec<Stay>,
}

impl Town {
    /// Forty-five people, and somebody moves, comes or goes on every day from October on.
    pub(super) fn of(seed: u64) -> Town {
        let mut dice = Dice(seed);
        let mut stays: Vec<Stay> =
            (0..45).map(|at| stay(&mut dice, at, date(2025, 1, 1))).collect();
        let mut day = date(2025, 10, 1);
        let mut known = 45;
        while day < date(2026, 2, 1) {
            let open: Vec<usize> = (0..stays.len()).filter(|at| stays[*at].to.is_none()).collect();
            let at = open[dice.below(open.len())];
            stays[at].to = Some(day);
            let mut next = stay(&mut dice, known, day);
            known += 1;
            if dice.below(2) == 0 {
                // The same person, in another section of the same unit.
                let (unit, section) = (stays[at].unit, next.section.clone());
                let is_of_unit = SECTIONS[UNITS.iter().position(|of| *of == unit).unwrap()]
                    .contains(&section.as_str());
                let section = Some(section).filter(|_| is_of_unit);
                let section = section.unwrap_or_else(|| stays[at].section.clone());
                next = Stay { from: day, to: None, section, ..stays[at].clone() };
            }
            stays.push(next);
            day = day.tomorrow().unwrap();
        }
        Town { stays }
    }

    /// How many people are in a unit, or in a section of it, at the end of a day.
    pub(super) fn present(&self, unit: &str, section: Option<&str>, day: Date) -> usize {
        let is_there = |stay: &&Stay| {
            stay.unit == unit
                && section.is_none_or(|section| stay.section == section)
                && stay.from <= day
                && stay.to.is_none_or(|to| to > day)
        };
        self.stays.iter().filter(is_there).count()
    }

    /// What a night tells.
    pub(super) fn night(&self, catalog: &Catalog, night: Date, see: &mut dyn FnMut(Told<'_>)) {
        let known = self.stays.iter().filter(|stay| stay.from <= night);
        let spells: Vec<Row<'_>> = known.clone().map(|stay| spell(stay, night)).collect();
        let mut logs: Vec<Row<'_>> = Vec::new();
        for stay in known {
            let mut day = stay.from.max(date(2025, 10, 3));
            while day <= night && stay.to.is_none_or(|to| day < to) {
                logs.push(log(stay, day, logs.len()));
                day = day.checked_add(9.days()).unwrap();
            }
        }
        let model = Model::default().with(catalog, "person_spell", &spells);
        let unit = |unit_id: &str| Unit { unit_id: unit_id.to_owned(), from: Date::MIN, to: None };
        let units = UNITS.map(unit);
        model.with(catalog, "work_log", &logs).each(catalog, &units, night, see);
    }
}

fn stay(dice: &mut Dice, at: usize, from: Date) -> Stay {
    let unit = [0, 0, 0, 1, 2][dice.below(5)];
    let sections = SECTIONS[unit];
    let (sex, years) = (["female", "male"][dice.below(2)], dice.below(38));
    Stay {
        person: format!("p{at}"),
        unit: UNITS[unit],
        section: sections[dice.below(sections.len())].to_owned(),
        from,
        to: None,
        sex,
        born: date(1966 + i16::try_from(years).unwrap(), 5, 9),
        education: EDUCATION[dice.below(EDUCATION.len())],
    }
}

fn spell(stay: &Stay, night: Date) -> Row<'static> {
    let to = stay.to.filter(|to| *to <= night);
    let cells = BTreeMap::from([
        ("person_id", stay.person.clone()),
        ("unit_id", stay.unit.to_owned()),
        ("section_id", stay.section.clone()),
        ("from", stay.from.to_string()),
        ("to", to.map(|to| to.to_string()).unwrap_or_default()),
        ("post_kind", "admin".to_owned()),
        ("status", "active".to_owned()),
        ("work_share", "1".to_owned()),
        ("quota_share", "1".to_owned()),
        ("sex", stay.sex.to_owned()),
        ("birth_date", stay.born.to_string()),
        ("education", stay.education.to_owned()),
    ]);
    cells.into_iter().collect()
}

fn log(stay: &Stay, day: Date, at: usize) -> Row<'static> {
    let hours = 3 + (at * 7 + stay.person.len()) % 11;
    vec![
        ("log_id", format!("l{at}")),
        ("person_id", stay.person.clone()),
        ("unit_id", stay.unit.to_owned()),
        ("section_id", stay.section.clone()),
        ("worked_on", day.to_string()),
        ("hours", hours.to_string()),
        ("quantity", (1 + at % 4).to_string()),
    ]
}
